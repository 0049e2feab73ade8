"""The ten surfaces against autograd and finite differences, and the thirteen problems against their own costs."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from course import data, landscapes
from course.landscapes import LANDSCAPES

NAMES = "bowl ravine rosenbrock two_wells saddle plateau himmelblau cliff noisy plane".split()
VARIANTS = [
    *((name, {}) for name in NAMES),
    ("ravine", {"kappa": 300.0, "phi": 30.0}),
    ("rosenbrock", {"b": 100.0}),
    ("plateau", {"loss": "cross-entropy"}),
    ("noisy", {"data": data.line_data(7, seed=3)}),
]
each = pytest.mark.parametrize(
    ("name", "parameters"), VARIANTS, ids=lambda v: v if isinstance(v, str) else "-".join(v) or "plain"
)


def autograd(surface, x, y, **parameters):
    """Slopes and second derivatives at one point by torch's own functions, of a function of one vector."""
    point = torch.tensor([x, y], dtype=torch.float64)

    def f(v):
        return surface.f(v[0], v[1], **parameters)

    return torch.func.grad(f)(point).numpy(), torch.autograd.functional.hessian(f, point).numpy()


def test_the_ten_are_there_by_name():
    assert list(LANDSCAPES) == NAMES
    for name in NAMES:
        assert getattr(landscapes, name) is LANDSCAPES[name]
        assert LANDSCAPES[name].name == name
        assert LANDSCAPES[name].description


@each
def test_at_the_minima_the_slope_is_zero_and_every_curvature_positive(name, parameters):
    surface = LANDSCAPES[name]
    for x, y, height in surface.minima_for(**parameters):
        slope, curvature = autograd(surface, x, y, **parameters)
        assert np.abs(slope).max() < 1e-8
        assert np.linalg.eigvalsh(curvature).min() > 1e-3
        assert surface(x, y, **parameters) == pytest.approx(height, abs=1e-12)
        assert surface.floor(**parameters) <= height


@each
def test_no_point_of_the_domain_lies_below_the_floor(name, parameters):
    surface = LANDSCAPES[name]
    x, y = np.meshgrid(*(np.linspace(*side, 201) for side in surface.domain))
    heights = surface(x, y, **parameters)
    assert heights.min() >= surface.floor(**parameters) - 1e-12
    relief = surface.relief(x, y, **parameters)
    assert relief.shape == x.shape
    assert relief.min() >= -3 - 1e-12


@pytest.mark.parametrize("name", ["two_wells", "saddle"])
def test_at_the_saddle_the_slope_is_zero_and_the_curvatures_differ_in_sign(name):
    surface = LANDSCAPES[name]
    slope, curvature = autograd(surface, *surface.saddle)
    assert np.abs(slope).max() < 1e-10
    low, high = np.linalg.eigvalsh(curvature)
    assert low < -0.1
    assert high > 0.1


def test_the_numbers_of_the_lecture():
    assert landscapes.two_wells.minima == pytest.approx(
        [pytest.approx((-1.0467, 0, -0.3524), abs=5e-5), pytest.approx((0.9456, 0, -0.1526), abs=5e-5)]
    )
    assert landscapes.cliff.minima[0] == pytest.approx((0.8837, 0, 0.1283), abs=5e-5)
    assert landscapes.plateau.minima_for()[0] == pytest.approx((1.0326, 0, 0.078973), abs=2e-4)
    assert landscapes.plateau.minima_for(loss="cross-entropy")[0] == pytest.approx((1.3511, 0, 0.460701), abs=5e-5)
    flat, steep = (landscapes.plateau.gradient(-7, 0, loss=loss)[0] for loss in ("squared error", "cross-entropy"))
    assert flat == pytest.approx(-0.00016, abs=1e-5)
    assert steep == pytest.approx(-0.995, abs=5e-4)
    assert landscapes.ravine.lr_for(kappa=200.0) == 1 / 200
    assert landscapes.ravine.lr_for() == landscapes.ravine.lr == 1 / 50


def test_the_cliff_throws_gradient_descent_back_again_and_again():
    """At 0.5 it never settles, with the gradient's length held to 1 it stays at the foot, at 0.1 it arrives."""

    def descend(lr, clip=np.inf):
        x, y, path = *landscapes.cliff.start, []
        for _ in range(400):
            gx, gy = (float(g) for g in landscapes.cliff.gradient(x, y))
            shorten = min(1, clip / np.hypot(gx, gy))
            x, y = x - lr * shorten * gx, y - lr * shorten * gy
            path.append(x)
        return np.array(path)

    thrown = descend(0.5)[100:]
    assert thrown.min() < -3.5
    assert thrown.max() > 0.9
    clipped = descend(0.5, clip=1.0)[100:]
    assert 0.4 < clipped.min() < clipped.max() < 1
    assert descend(0.1)[-1] == pytest.approx(landscapes.cliff.minima[0][0], abs=1e-6)


@each
def test_gradient_and_hessian_over_a_grid_are_those_of_each_point(name, parameters):
    surface = LANDSCAPES[name]
    rng = np.random.default_rng(4)
    x, y = (rng.uniform(low, high, (2, 3)) for low, high in surface.domain)
    gx, gy = surface.gradient(x, y, **parameters)
    H = surface.hessian(x, y, **parameters)
    assert gx.shape == gy.shape == (2, 3)
    assert H.shape == (2, 3, 2, 2)
    for i in np.ndindex(2, 3):
        slope, curvature = autograd(surface, x[i], y[i], **parameters)
        np.testing.assert_allclose([gx[i], gy[i]], slope, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(H[i], curvature, rtol=1e-9, atol=1e-10)


@each
def test_the_gradient_is_that_of_the_heights(name, parameters):
    surface = LANDSCAPES[name]
    x, y = surface.start[0] + 0.03, surface.start[1] - 0.02
    h = 1e-5
    by_differences = [
        (surface(x + h, y, **parameters) - surface(x - h, y, **parameters)) / (2 * h),
        (surface(x, y + h, **parameters) - surface(x, y - h, **parameters)) / (2 * h),
    ]
    np.testing.assert_allclose(surface.gradient(x, y, **parameters), by_differences, rtol=1e-5, atol=1e-7)


@each
def test_numbers_integers_grids_and_tensors_give_the_same_heights(name, parameters):
    surface = LANDSCAPES[name]
    x, y = np.meshgrid(np.arange(-1, 3), np.arange(0, 2))
    heights = surface(x, y, **parameters)
    assert heights.shape == (2, 4)
    assert heights.dtype == np.float64
    assert surface(2, 1, **parameters) == pytest.approx(heights[1, 3], rel=1e-14)
    assert surface(x[:1], y[:, :1], **parameters).shape == (2, 4)
    tensors = torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64).requires_grad_()
    height = surface(*tensors, **parameters)
    assert height.requires_grad
    np.testing.assert_allclose(height.detach().numpy(), heights, rtol=1e-14)


def test_heights_by_hand():
    x, y = 1.5, -0.5
    assert landscapes.bowl(x, y) == pytest.approx(1.25)
    assert landscapes.ravine(x, y) == pytest.approx((1.5**2 + 50 * 0.25) / 2)
    assert landscapes.ravine(x, y, kappa=10, phi=90) == pytest.approx((0.25 + 10 * 1.5**2) / 2)
    assert landscapes.ravine(1, 1, kappa=10, phi=45) == pytest.approx(1)  # along the valley
    assert landscapes.rosenbrock(x, y) == pytest.approx(0.25 + 10 * 2.75**2)
    assert landscapes.two_wells(x, y) == pytest.approx(1.5**4 / 4 - 1.125 + 0.15 + 0.125)
    assert landscapes.saddle(x, y) == pytest.approx(1.125 - 0.125 + 1 / 64)
    assert landscapes.himmelblau(x, y) == pytest.approx((9.25**2 + 5.25**2) / 100)
    assert landscapes.cliff(1, 2) == pytest.approx(0.1 + 0.2 + 2)
    assert landscapes.plane(x, y) == -1.5
    assert landscapes.noisy(2, -1, data=([0.0, 1.0], [1.0, 1.0])) == pytest.approx((4 + 0) / 4)


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match="'hinge'"):
        landscapes.plateau(1, 1, loss="hinge")


def test_the_batches_of_the_noisy_surface_average_to_the_whole():
    a, t = data.line_data()
    batches = [landscapes.noisy(0.5, 0.5, data=(a[i : i + 16], t[i : i + 16])) for i in range(0, 64, 16)]
    assert np.mean(batches) == pytest.approx(float(landscapes.noisy(0.5, 0.5)), rel=1e-12)


def test_importing_the_surfaces_loads_neither_torch_nor_scikit_learn():
    loaded = "import course.landscapes, sys; print([m for m in ('torch', 'sklearn', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout.strip() == "[]"


# ------------------------------------------------------------------------------------------ the thirteen problems


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_gradients_of_the_problems_are_those_of_their_costs(seed):
    rng = np.random.default_rng(seed)
    for problem in landscapes.optimizer_problems(seed):
        theta = problem.start + 0.1 * rng.normal(size=problem.start.shape)
        h = 1e-5 * np.eye(len(theta))
        by_differences = [(problem.f(theta + step) - problem.f(theta - step)) / 2e-5 for step in h]
        np.testing.assert_allclose(problem.grad(theta), by_differences, rtol=1e-4, atol=1e-6, err_msg=problem.name)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_minimum_of_each_problem_is_what_a_quasi_newton_method_finds(seed):
    optimize = pytest.importorskip("scipy.optimize", reason="the authority for minima")
    problems = landscapes.optimizer_problems(seed)
    assert len(problems) == len({problem.name for problem in problems}) == 13
    for problem in problems:
        found = optimize.minimize(
            problem.f, problem.start, jac=problem.grad, method="BFGS", options={"maxiter": 5000, "gtol": 1e-9}
        )
        assert found.fun >= problem.minimum - 1e-9, problem.name
        assert found.fun - problem.minimum <= 1e-6 * (problem.f(problem.start) - problem.minimum), problem.name


def curvature(problem):
    """The Hessian of a quadratic, from differences of its gradient."""
    return np.array([problem.grad(problem.start + e) - problem.grad(problem.start) for e in np.eye(10)])


def test_the_quadratics_have_the_curvatures_that_their_names_say():
    for problem in landscapes.optimizer_problems(5)[:9]:
        A = curvature(problem)
        curvatures = np.linalg.eigvalsh(A)
        condition, largest = (float(word.split()[-1]) for word in problem.name.split(",")[1:])
        assert curvatures[-1] == pytest.approx(largest, rel=1e-6)
        assert curvatures[-1] / curvatures[0] == pytest.approx(condition, rel=1e-6)
        np.testing.assert_allclose(np.diff(np.log(curvatures)), np.log(condition) / 9, rtol=1e-5)


def test_starts_are_about_six_away():
    distances = [
        np.linalg.norm(np.linalg.solve(curvature(problem), problem.grad(problem.start)))
        for seed in range(10)
        for problem in landscapes.optimizer_problems(seed)[:9]
    ]
    assert 5.7 < np.mean(distances) < 6.7


def test_the_same_seed_gives_the_same_problems_and_a_generator_fresh_ones():
    one, same, other = (landscapes.optimizer_problems(seed) for seed in (3, 3, 4))
    for a, b in zip(one, same, strict=True):
        assert (a.start == b.start).all()
        assert (a.grad(a.start) == b.grad(a.start)).all()
    assert (one[0].start != other[0].start).any()
    rng = np.random.default_rng(0)
    first, second = landscapes.optimizer_problems(rng), landscapes.optimizer_problems(rng)
    assert (first[0].start != second[0].start).any()


def newton_like(theta, grad, state, step):
    """Barzilai and Borwein's step (1988), from two gradients."""
    if state is None:
        return theta - 1e-3 * grad / (np.linalg.norm(grad) + 1e-300), (theta, grad)
    s, y = theta - state[0], grad - state[1]
    size = abs(s @ y) / (y @ y) if y @ y > 0 else 0
    return theta - size * grad, (theta, grad)


def test_the_score_card_tells_good_rules_from_weak_ones():
    def gradient_descent(theta, grad, state, step):
        return theta - 0.01 * grad, None

    for seed in range(3):
        weak = landscapes.score_card(gradient_descent, seed)
        assert 1 <= sum(weak.values()) <= 5
        assert sum(landscapes.score_card(newton_like, seed).values()) > sum(weak.values())


def test_a_rule_that_runs_away_or_stands_still_solves_nothing():
    def runs_away(theta, grad, state, step):
        return theta + 1e200 * grad, None

    def stands_still(theta, grad, state, step):
        return theta, None

    for rule in (runs_away, stands_still):
        assert sum(landscapes.score_card(rule, 0).values()) == 0


def test_the_score_card_is_safe_from_rules_that_write_into_what_they_are_given():
    def in_place(theta, grad, state, step):
        theta -= 0.5 * grad
        grad *= 0
        return theta, state

    def plain(theta, grad, state, step):
        return theta - 0.5 * grad, state

    assert landscapes.score_card(in_place, 1) == landscapes.score_card(plain, 1)


def test_line_data_lies_about_its_line():
    x, t = data.line_data(20_000, seed=1)
    slope, intercept = np.polyfit(x, t, 1)
    assert slope == pytest.approx(2, abs=0.02)
    assert intercept == pytest.approx(-1, abs=0.02)
    assert np.std(t - 2 * x + 1) == pytest.approx(0.5, abs=0.01)
    assert [len(a) for a in data.line_data()] == [64, 64]
    with pytest.raises(ValueError, match="-1"):
        data.line_data(-1)
