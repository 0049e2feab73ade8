"""The demos of lecture 07, without a browser: their pictures against closed forms, torch and numpy."""

import time

import numpy as np
import pytest
import torch

from autograder.reference import optimization as reference
from course import landscapes
from course.demos import optimization as demos
from course.demos.optimization import ball, edge, eigen, noise, problems, rules, signals
from course.demos.optimization.rules import Course
from course.stage import ReaderError
from course.stage.layers import Panel, Table

STAGES = {
    "landscape_racer": lambda: demos.landscape_racer(
        reference.my_optimizer, reference.momentum_step, reference.nesterov_step, reference.adam_step
    ),
    "eigen_dynamics": lambda: demos.eigen_dynamics(reference.momentum_spectral_radius),
    "ball_with_friction": lambda: demos.ball_with_friction(reference.momentum_ode),
    "noise_and_batch_size": lambda: demos.noise_and_batch_size(reference.minibatch_noise),
    "signal_sizes": lambda: demos.signal_sizes(reference.init_weights),
    "score_card": lambda: demos.score_card(reference.my_optimizer),
    "edge_of_stability": lambda: demos.edge_of_stability(),
}
TRIALS = {"landscape_racer": 12, "signal_sizes": 5, "score_card": 3, "edge_of_stability": 0}  # of random settings


def random_value(control, rng):
    low, high = control.options.get("low"), control.options.get("high")
    if control.kind == "log_slider":
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    if control.kind == "slider":
        return float(rng.uniform(low, high))
    if control.kind == "int_slider":
        return int(rng.integers(low, high + 1))
    if control.kind == "toggle":
        return bool(rng.integers(2))
    if control.kind == "choice":
        return control.options["options"][rng.integers(len(control.options["options"]))]
    if control.kind == "choices":
        return [option for option in control.options["options"] if rng.random() < 0.5]
    if control.kind == "point":
        return float(rng.uniform(*control.options["xlim"])), float(rng.uniform(*control.options["ylim"]))
    return int(rng.integers(20))


def random_settings(stage, rng):
    return {name: random_value(control, rng) for name, control in stage.controls.items() if control.is_setting}


def layers(panels, kind):
    return [layer for panel in panels if isinstance(panel, Panel) for layer in panel.layers if layer.kind == kind]


def of_color(panel, color, kind="line"):
    return [layer.arrays for layer in panel.layers if layer.kind == kind and layer.style["color"] == color]


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_nothing_that_is_no_number(name):
    stage, rng = STAGES[name](), np.random.default_rng(0)
    stage.budget = 60  # this machine may be busy
    anything = [random_settings(stage, rng) for _ in range(TRIALS.get(name, 10))]
    for settings in [*stage.presets.values(), *anything]:
        panels, note = stage.picture(**settings)
        assert len(note) > 30
        for kind in ("field", "surface", "points", "rects", "handle"):
            for layer in layers(panels, kind):
                assert all(np.isfinite(array).all() for array in layer.arrays.values()), (settings, kind)
        for layer in layers(panels, "line"):
            assert not any(np.isinf(array).any() for array in layer.arrays.values()), settings
    assert len(stage.figure().axes) >= 2


@pytest.mark.parametrize(
    "make",
    [demos.eigen_dynamics, demos.ball_with_friction, demos.noise_and_batch_size, demos.signal_sizes, demos.score_card],
)
def test_a_demo_says_which_answer_it_waits_for(make):
    def my_answer(*arguments):
        raise NotImplementedError

    with pytest.raises(ReaderError, match="waits for your my_answer"):
        make(my_answer).picture()


# ---------------------------------------------------------------------------------------------------------- the racer


def course(landscape="ravine", start=(-2.5, 1.0), **changes):
    settings = {"lr": 0.02, "mu": 0.9, "beta2": 0.99, "damping": 0.0, "clip": False, "sigma": 0.0, "batch": 64}
    parameters = changes.pop("parameters", ())
    return Course(landscape, parameters, start, **(settings | changes), seed=0)


def readers(**functions):
    return rules.guarded(functions)


YOURS = {
    "your momentum_step": reference.momentum_step,
    "your nesterov_step": reference.nesterov_step,
    "your adam_step": reference.adam_step,
}


@pytest.mark.parametrize("landscape", ["ravine", "rosenbrock", "plateau", "cliff"])
@pytest.mark.parametrize("changes", [{}, {"sigma": 0.3, "clip": True}])
def test_right_answers_lie_on_the_lines_of_torch(landscape, changes):
    ground = landscapes.LANDSCAPES[landscape]
    where = course(landscape, ground.start, lr=0.2 * ground.lr, **changes)
    paths, waiting = rules.race([*rules.YOURS, *YOURS], where, 200, rules.guarded(YOURS))
    assert waiting == []
    for classic, yours in rules.YOURS.items():
        np.testing.assert_allclose(paths[yours], paths[classic], rtol=1e-6, atol=1e-6)  # the cliff is chaotic


def test_gradient_descent_in_a_turned_ravine_is_the_power_of_a_matrix():
    phi, kappa, alpha = np.radians(30), 20.0, 0.03
    Q = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
    A = Q @ np.diag([1, kappa]) @ Q.T
    where = course(lr=alpha, parameters=(("kappa", kappa), ("phi", 30.0)))
    path = rules.race(["gradient descent"], where, 50, {})[0]["gradient descent"]
    for k in (1, 7, 50):
        expected = np.linalg.matrix_power(np.eye(2) - alpha * A, k) @ where.start
        np.testing.assert_allclose(path[k], expected, atol=1e-12)


def test_newton_arrives_in_one_step_on_any_quadratic_and_goes_to_a_saddle_unless_damped():
    where = course(parameters=(("kappa", 300.0), ("phi", 17.0)))
    np.testing.assert_allclose(rules.race(["Newton"], where, 1, {})[0]["Newton"][1], 0, atol=1e-12)
    straight = rules.race(["Newton"], course("saddle", (1.5, 0.05)), 20, {})[0]["Newton"]
    np.testing.assert_allclose(straight[-1], 0, atol=1e-9)
    little = rules.race(["Newton"], course("saddle", (1.5, 0.05), damping=0.2), 20, {})[0]["Newton"]
    np.testing.assert_allclose(little[-1], 0, atol=1e-9)
    damped = rules.race(["Newton"], course("saddle", (1.5, 0.05), damping=1.5), 60, {})[0]["Newton"]
    np.testing.assert_allclose(damped[-1], (0, 1), atol=1e-6)


def test_the_speed_on_a_plane_is_the_geometric_series_and_adam_goes_alpha_a_step():
    alpha, mu, k = 0.1, 0.9, np.arange(1, 61)
    where = course("plane", (0.0, 0.0), lr=alpha, mu=mu)
    paths, _ = rules.race(["momentum", "Nesterov", "Adam", "Adagrad", *YOURS], where, 60, rules.guarded(YOURS))
    speed = {rule: np.diff(path[:, 0]) for rule, path in paths.items()}
    for rule in ("momentum", "your momentum_step"):
        np.testing.assert_allclose(speed[rule], alpha * (1 - mu**k) / (1 - mu), rtol=1e-9)
    assert speed["Nesterov"][-1] == pytest.approx(alpha / (1 - mu), rel=0.01)
    np.testing.assert_allclose(speed["Adam"], alpha, rtol=1e-6)
    np.testing.assert_allclose(speed["Adagrad"], alpha / np.sqrt(k), rtol=1e-6)


def test_escape_from_the_ridge_takes_the_logarithm_of_the_distance():
    path = rules.race(["gradient descent"], course("saddle", (1.5, 1e-3), lr=0.1), 200, {})[0]["gradient descent"]
    early = path[:40, 1]
    np.testing.assert_allclose(early, 1e-3 * 1.1 ** np.arange(40), rtol=2e-3)
    stuck = rules.race(["gradient descent"], course("saddle", (1.5, 0.0), lr=0.1), 200, {})[0]["gradient descent"]
    assert (stuck[:, 1] == 0).all()


def test_the_cliff_throws_descent_back_again_and_again_unless_the_gradient_is_clipped():
    thrown = rules.race(["gradient descent"], course("cliff", (-2.5, 1.5), lr=0.5), 400, {})[0]["gradient descent"]
    jumps = np.diff(thrown[:, 0])
    assert (jumps < -4).sum() >= 3
    clipped = course("cliff", (-2.5, 1.5), lr=0.5, clip=True)
    path = rules.race(["gradient descent"], clipped, 400, {})[0]["gradient descent"]
    assert path[100:, 0].min() > 0.4
    assert path[100:, 0].max() < 1.0


def test_a_rule_that_diverges_is_flagged_and_drawn_no_further():
    stage = demos.landscape_racer(landscape="ravine", rules=["gradient descent", "momentum"], lr=0.06)
    panels, note = stage.picture()
    assert "gradient descent diverged" in note
    (results,) = [panel for panel in panels if isinstance(panel, Table)]
    assert results.rows[0][0] == "gradient descent"
    assert results.rows[0][3].startswith("diverged at")
    assert results.rows[1][3] == ""


def test_a_moved_time_redraws_from_what_was_computed():
    calls = []

    def my_rule(theta, grad, state, step):
        calls.append(step)
        return theta - 0.01 * grad, state

    stage = demos.landscape_racer(my_rule, rules=["MY RULE"], steps=100)
    first, _ = stage.picture(time=100)
    assert calls == list(range(1, 101))
    second, _ = stage.picture(time=40)
    assert len(calls) == 100
    lines = [layers(panels, "line")[0].arrays["x"] for panels in (first, second)]
    np.testing.assert_array_equal(lines[1], lines[0][:41])
    stage.picture(lr=0.5)  # no business of this rule
    assert len(calls) == 100


def test_eight_rules_and_500_steps_take_half_a_second_of_the_processor():
    stage = demos.landscape_racer(reference.my_optimizer, rules=list(rules.LOOK), landscape="rosenbrock", lr=0.005)
    stage.budget = 60
    stage.picture(steps=2)
    spent = []
    for x in (-1.0, -1.2, -1.4):
        before = time.process_time()
        stage.picture(start=(x, 2.0), steps=500, time=500)
        spent.append(time.process_time() - before)
    assert min(spent) <= 0.5
    before = time.process_time()
    stage.picture(start=(-1.4, 2.0), steps=500, time=250)
    assert time.process_time() - before < 0.1


def test_my_rule_gets_arrays_of_two_the_gradient_and_steps_from_one():
    seen = []

    def my_rule(theta, grad, state, step):
        seen.append((theta.copy(), grad.copy(), state, step))
        return theta - 0.1 * grad, step

    path = rules.race(["MY RULE"], course("bowl", (1.0, -2.0)), 5, readers(**{"MY RULE": my_rule}))[0]["MY RULE"]
    np.testing.assert_allclose(path[-1], 0.9**5 * np.array([1.0, -2.0]))
    assert [step for *_, step in seen] == [1, 2, 3, 4, 5]
    assert [state for _, _, state, _ in seen] == [None, 1, 2, 3, 4]
    np.testing.assert_allclose(seen[2][1], path[2])  # in the bowl the gradient is the place


def test_an_answer_that_is_not_written_is_left_out_and_named_while_the_classics_race():
    def momentum_step(theta, p, grad, alpha, mu):
        raise NotImplementedError

    panels, note = demos.landscape_racer(momentum=momentum_step).picture()
    assert "Your momentum_step is not written yet." in note
    (results,) = [panel for panel in panels if isinstance(panel, Table)]
    assert [row[0] for row in results.rows] == ["gradient descent", "momentum"]
    _, note = demos.landscape_racer(rules=["Adam", "MY RULE"]).picture()
    assert "MY RULE waits for a function" in note


def returns_none(theta, grad, state, step):
    pass


def returns_one_thing(theta, grad, state, step):
    return theta


def returns_another_shape(theta, grad, state, step):
    return np.zeros(3), state


def returns_nan(theta, grad, state, step):
    return np.log(theta - 100), state


def returns_a_tensor(theta, grad, state, step):
    return torch.zeros(2), state


def changes_its_arguments(theta, grad, state, step):
    theta -= grad
    return theta, state


def never_ends(theta, grad, state, step):
    while True:
        pass


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (returns_none, "returned None"),
        (returns_one_thing, "2 things"),
        (returns_another_shape, r"shape \(3,\)"),
        (returns_nan, "NaN"),
        (returns_a_tensor, "torch tensor"),
        (changes_its_arguments, "changed the array"),
        (never_ends, "still running"),
    ],
)
def test_whatever_my_rule_does_ends_in_one_sentence(rule, said):
    stage = demos.landscape_racer(rule, rules=["gradient descent", "MY RULE"])
    stage.budget = 1.0
    with pytest.raises(ReaderError, match=said):
        stage.picture()
    panels, _ = stage.picture(rules=["gradient descent"])
    assert panels


def test_every_preset_of_the_race_waits_at_its_start():
    stage = demos.landscape_racer()
    assert all(preset["time"] == 0 for preset in stage.presets.values())
    _, note = stage.picture(**stage.presets["zigzag"])
    assert "press play" in note
    assert "press play" not in stage.picture(**stage.presets["zigzag"] | {"time": 10})[1]


def test_basins_are_where_single_walks_end():
    where = course("himmelblau", (0.0, 0.0), lr=0.1, mu=0.8)
    reached = rules.basins("momentum", where, size=12)
    minima = np.array(landscapes.himmelblau.minima_for())[:, :2]
    edges = -5 + 10 * (np.arange(12) + 0.5) / 12
    for row, column in ((0, 0), (3, 9), (11, 2), (7, 7)):
        start = (float(edges[column]), float(edges[row]))
        walked = course("himmelblau", start, lr=0.1, mu=0.8)
        end = rules.race(["momentum"], walked, 300, {})[0]["momentum"][-1]
        assert np.linalg.norm(minima - end, axis=1).argmin() + 1 == reached[row, column]


@pytest.mark.parametrize("name", list(landscapes.LANDSCAPES))
def test_the_button_takes_each_landscape_to_its_own_start_and_rate(name):
    stage = demos.landscape_racer()
    settings = stage.press("own_start", {**stage.settings, "landscape": name})
    assert tuple(settings["start"]) == tuple(landscapes.LANDSCAPES[name].start)
    assert settings["lr"] == pytest.approx(landscapes.LANDSCAPES[name].lr)


# -------------------------------------------------------------------------------------------------------- eigenvalues


def step_matrix(c, mu):
    return np.array([[1 - c, mu], [-c, mu]])


def test_paths_in_the_eigenbasis_are_powers_of_the_step_matrix():
    for c, mu in ((0.1, 0.0), (1.7, 0.0), (0.3, 0.9), (3.5, 0.8), (2.3, 0.1)):
        path = eigen.path(np.array([c]), mu)[:, 0]
        for k in (0, 1, 2, 17, 60):
            expected = (np.linalg.matrix_power(step_matrix(c, mu), k) @ (1, 0))[0]
            assert path[k] == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_simulated_radii_are_the_eigenvalues_of_numpy_within_what_300_steps_can_tell():
    c, mu = np.meshgrid(np.linspace(0.05, 3.95, 14), np.linspace(0.05, 0.95, 10))
    exact = np.array(
        [np.abs(np.linalg.eigvals(step_matrix(*pair))).max() for pair in zip(c.flat, mu.flat, strict=True)]
    )
    found = eigen.simulated_radius(c, 1.0, mu).ravel()
    np.testing.assert_allclose(found, exact, atol=0.02)


def test_the_diagram_and_the_dots_are_drawn_by_the_answer_that_was_given():
    stage = demos.eigen_dynamics(reference.momentum_spectral_radius, alpha=0.2, mu=0.7, lam_1=0.5, lam_2=10.0)
    panels, note = stage.picture()
    Z = layers(panels, "field")[0].arrays["Z"]
    assert Z.shape == (200, 200)
    row, column = 123, 45
    exact = np.abs(np.linalg.eigvals(step_matrix(4 * column / 199, row / 199))).max()
    assert Z[row, column] == pytest.approx(min(exact, 1.5))
    dots = layers([panels[1]], "points")
    assert [(d.arrays["x"][0], d.arrays["y"][0]) for d in dots] == [(0.1, 0.7), (2.0, 0.7)]
    assert f"√μ = {np.sqrt(0.7):.3f}" in note


def test_the_buttons_find_the_best_there_is():
    lam = np.array([0.4, 7.0])

    def slowest(alpha, mu):
        return max(np.abs(np.linalg.eigvals(step_matrix(alpha * value, mu))).max() for value in lam)

    stage = demos.eigen_dynamics(lam_1=lam[0], lam_2=lam[1])
    for mu in (0.0, 0.3):
        best = stage.press("best_alpha", {**stage.settings, "mu": mu})["alpha"]
        least = min(slowest(alpha, mu) for alpha in np.linspace(0.01, 0.6, 300))
        assert slowest(best, mu) <= least + 1e-3
    both = stage.press("best_both", stage.settings)
    kappa = lam[1] / lam[0]
    rate = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
    assert slowest(both["alpha"], both["mu"]) == pytest.approx(rate, abs=1e-4)  # the slider's own precision
    tried = [slowest(a, m) for a in np.linspace(0.05, 1, 40) for m in np.linspace(0, 0.95, 40)]
    assert min(tried) >= rate - 1e-6


# ---------------------------------------------------------------------------------------------------------- the ball


def test_the_exact_motion_in_a_bowl_is_the_damped_cosine():
    rho, start = 0.5, 1.6
    t, theta, v = ball.motion(rho, start, "bowl")
    omega = np.sqrt(1 - rho**2 / 4)
    expected = start * np.exp(-rho * t / 2) * (np.cos(omega * t) + rho / (2 * omega) * np.sin(omega * t))
    np.testing.assert_allclose(theta, expected, atol=1e-7)
    assert (np.diff(v**2 / 2 + theta**2 / 2) <= 1e-9).all()


def test_the_readers_steps_are_drawn_and_follow_the_motion_the_closer_the_shorter_they_are():
    stage = demos.ball_with_friction(reference.momentum_ode, rho=0.5, start=1.6)
    off = []
    for dt in (0.1, 0.05):
        panels, _ = stage.picture(dt=dt)
        dots = layers([panels[1]], "points")[0].arrays
        t, theta, _ = ball.motion(0.5, 1.6, "bowl")
        k = np.arange(len(dots["x"]))
        off.append(np.abs(dots["x"] - np.interp(k * dt, t, theta)).max())
    assert off[0] < 0.1
    assert off[1] < 0.6 * off[0]


def test_terminal_velocity_on_the_plane_is_slope_over_friction_and_reached_as_a_power_of_mu():
    rho, dt = 0.5, 0.2
    panels, note = demos.ball_with_friction(reference.momentum_ode).picture(rho=rho, dt=dt, well="plane", start=0.0)
    speeds = layers([panels[1]], "points")[0].arrays["y"]
    k = np.arange(len(speeds))
    np.testing.assert_allclose(speeds, (1 - (1 - rho * dt) ** k) / rho, atol=1e-9)
    assert "tends to g/ρ = 2" in note


def test_too_long_a_step_gains_energy_and_the_note_says_so():
    _, note = demos.ball_with_friction(reference.momentum_ode).picture(rho=5.0, dt=0.42, start=0.4)
    assert "more energy" in note
    _, note = demos.ball_with_friction(reference.momentum_ode).picture(rho=5.0, dt=1.0, start=0.4)
    assert "gone after" in note


# -------------------------------------------------------------------------------------------------------------- noise


@pytest.mark.parametrize(("S", "alpha"), [(4, 0.05), (16, 0.2)])
def test_the_cloud_of_a_long_walk_has_the_predicted_size(S, alpha):
    line = noise.Line(0)
    updates = 30_000
    path = line.walk(S, np.full(updates, alpha), np.random.default_rng(0))[2_000:]
    total = reference.minibatch_noise(line.gradients(line.best), S)
    predicted = line.stationary(alpha, total)
    independent = updates * alpha * line.curvatures.min() / 2  # iterates hang together over 1 / (alpha lambda)
    assert np.trace(np.cov(path.T)) == pytest.approx(np.trace(predicted), rel=4 * np.sqrt(2 / independent))


def test_without_noise_the_updates_needed_are_those_of_plain_descent():
    line = noise.Line(0)
    fewest = 400
    for alpha in np.geomspace(0.003, 1.5, 60):
        theta = np.array(noise.START)
        for update in range(fewest):
            if line.loss(theta) - line.least <= noise.TARGET:
                fewest = update
                break
            theta = theta - alpha * line.gradients(theta).mean(axis=0)
    assert line.updates_needed(np.array([0.0]))[0] == fewest


def test_the_expected_loss_that_the_updates_are_counted_by_is_the_mean_of_many_walks():
    line = noise.Line(0)
    G = line.gradients(line.best)
    share = reference.minibatch_noise(G, 2) / reference.minibatch_noise(G, 1)
    needed = int(line.updates_needed(np.array([share]))[0])
    rng, means = np.random.default_rng(0), []
    for alpha in np.geomspace(0.05, 0.5, 12):
        walks = [line.walk(2, np.full(needed, alpha), rng)[-1] for _ in range(150)]
        means.append(np.mean([line.loss(theta) for theta in walks]) - line.least)
    assert min(means) == pytest.approx(noise.TARGET, rel=0.35)


def test_updates_fall_like_one_over_the_batch_and_then_stay():
    panels, _ = demos.noise_and_batch_size(reference.minibatch_noise).picture()
    updates = next(layer.arrays["y"] for layer in panels[2].layers if layer.style.get("every") == 1)
    assert updates[2] == pytest.approx(updates[0] / 4, rel=0.15)
    assert updates[-1] > 1.5 * updates[0] / 64
    assert (np.diff(updates) <= 0).all()


def test_the_loss_drops_to_about_a_tenth_where_the_rate_is_divided_by_ten():
    stage = demos.noise_and_batch_size(reference.minibatch_noise)
    losses = stage.picture(**stage.presets["sudden drops"])[0][1]
    (cut,) = of_color(losses, noise.ORANGE)
    assert (cut["x"] == 50 * noise.N).all()
    (loss,) = of_color(losses, noise.BLUE)
    before = loss["y"][(loss["x"] > 20 * noise.N) & (loss["x"] < 50 * noise.N)].mean()
    after = loss["y"][loss["x"] > 55 * noise.N].mean()
    assert 0.05 < after / before < 0.2


# ------------------------------------------------------------------------------------------------------------ signals


@pytest.mark.parametrize("activation", ["tanh", "ReLU"])
def test_messages_back_are_the_gradients_of_autograd(activation):
    rng = np.random.default_rng(3)
    weights = [rng.normal(size=(12, 12)).astype(np.float32) / 3 for _ in range(4)]
    forward, backward = signals.signals(weights, activation, 1.3, seed=5)
    x = torch.tensor(forward[0], requires_grad=True)
    h = x
    for W in weights:
        h = {"tanh": torch.tanh, "ReLU": torch.relu}[activation](h @ (1.3 * torch.tensor(W)).T)
    np.testing.assert_allclose(forward[-1], h.detach().numpy(), rtol=1e-4, atol=1e-6)
    (slope,) = torch.autograd.grad((h * torch.tensor(backward[-1])).sum(), x)
    np.testing.assert_allclose(backward[0], slope.numpy(), rtol=1e-4, atol=1e-5)


def sizes(**settings):
    stage = demos.signal_sizes(reference.init_weights)
    stage.budget = 60
    curves = [layer for layer in stage.picture(**settings)[0][2].layers if layer.style["label"]]
    return {layer.style["label"]: layer.arrays["y"] for layer in curves}


def test_relu_keeps_its_size_with_he_and_halves_its_square_each_layer_without_the_two():
    he = sizes(scheme="he", activation="ReLU", depth=10, width=500)
    assert 0.7 < he["forward"][-1] < 1.4
    lecun = sizes(scheme="lecun", activation="ReLU", depth=10, width=500)
    np.testing.assert_allclose(lecun["forward"] / he["forward"], 2 ** (-np.arange(11) / 2), rtol=1e-4)


def test_small_weights_shrink_a_tanh_signal_by_their_factor_once_it_is_small():
    small = sizes(scheme="lecun", factor=0.3, activation="tanh", depth=12, width=500)["forward"]
    np.testing.assert_allclose(small[6:] / small[5:-1], 0.3, rtol=0.1)


def test_units_that_start_equal_are_equal():
    between = sizes(scheme="all equal", activation="tanh", depth=6)["between units"]
    assert (between[1:] <= 1e-6).all()


# ------------------------------------------------------------------------------------------- the edge and the score card


def test_power_iteration_finds_the_largest_eigenvalue():
    weights, x, t = edge.network()
    shapes = [w.shape for w in weights]

    def flat(theta):
        parts = theta.split([shape.numel() for shape in shapes])
        return edge.cost([part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)], x, t)

    theta = torch.cat([w.detach().reshape(-1) for w in weights])
    exact = torch.linalg.eigvalsh(torch.autograd.functional.hessian(flat, theta))[-1].item()
    v = torch.ones(len(theta), dtype=torch.float64)
    assert edge.largest_eigenvalue(weights, x, t, v / v.norm(), turns=60)[0] == pytest.approx(exact, rel=1e-3)


def test_sharpness_rises_to_two_over_alpha_and_stays_there():
    lr = float(edge.RATES[np.abs(edge.RATES - 0.2).argmin()])
    losses, sharpness = edge.training(lr)
    assert sharpness[0] < 0.7 * 2 / lr
    assert np.median(sharpness[-50:]) == pytest.approx(2 / lr, rel=0.1)
    assert losses[-1] < 0.02 * losses[0]
    assert (np.diff(losses) > 0).any()


def test_the_score_card_counts_as_the_judge_does():
    stage = demos.score_card(reference.my_optimizer, rival="Adam", lr=0.05)
    stage.budget = 60
    panels, note = stage.picture(seed=4)
    card = landscapes.score_card(reference.my_optimizer, 4)
    rows = next(panel for panel in panels if isinstance(panel, Table)).rows
    assert ["✓" in row[1] for row in rows[:-1]] == list(card.values())
    assert f"Your rule solves {sum(card.values())} of the 13" in note
    assert len(problems.NAMES) == len(card)
    for short, long in zip(problems.NAMES, card, strict=True):
        assert short.split()[0].lower() == long.replace(",", "").split()[0].lower()
