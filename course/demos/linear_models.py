"""Lecture 02: a line and its cost, descent in a bowl, polynomials and ridge, softmax."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.metrics import mean_squared_error  # at the top: a scene has no time to load libraries

from course import data
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    Stage,
    button,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    points,
    reader_rule,
    rects,
    slider,
    texts,
    toggle,
)

DRAWN = slice(None, None, 9)  # every ninth patient: as many as can be told apart in a picture


@lru_cache(maxsize=1)
def _patients() -> tuple[np.ndarray, np.ndarray]:
    """Body-mass index (N,) and progression (N,) of all patients."""
    X, t, _ = data.diabetes()
    return X[:, 2], t


def line_and_cost(cost: Callable[..., float], **settings: Any) -> Stage:
    """One line is one point in parameter space.

    cost(X, t, w, b): the reader's squared_error_cost; it draws the map and gives the number, both for all patients
    """
    all_x, all_t = _patients()
    X = all_x[:, None]
    x, t = all_x[DRAWN], all_t[DRAWN]
    rule = reader_rule(cost, {"cost": ()})
    w_axis, b_axis = np.linspace(-8, 28, 41), np.linspace(-600, 400, 41)

    @lru_cache(maxsize=1)
    def costs() -> np.ndarray:
        return np.array([[rule(X, all_t, np.array([w]), b) for w in w_axis] for b in b_axis])

    def scene(w: float, b: float, squares: bool) -> tuple[list, str]:
        J = rule(X, all_t, np.array([w]), b)
        y = w * x + b
        # a square in the picture: as wide as it is high, in the units of this panel's axes
        side = np.abs(y - t) * (24 / 480)
        residuals = [rects(x, np.minimum(y, t), side, np.abs(y - t), color=ORANGE, opacity=0.12)] if squares else []
        ends = np.array([17.0, 42.0])
        left = panel(
            *residuals,
            line(
                np.ravel(np.column_stack([x, x, np.full_like(x, np.nan)])),
                _segments(y, t),
                color=ORANGE,
                dash="-",
                width=1,
            ),
            points(x, t, color=INK, marker=".", size=5),
            line(ends, w * ends + b, color=BLUE, label="y = w x + b"),
            x="body-mass index (kg/m²)",
            y="progression after one year",
            xlim=(17, 43),
            ylim=(0, 400),
        )
        right = panel(
            field(costs(), x=(-8, 28), y=(-600, 400), bands=True, log=True),
            handle(("w", "b"), (w, b), label="the line on the left", color=BLUE),
            x="weight w",
            y="bias b",
            title="cost J(w, b), logarithmic",
        )
        return [left, right], f"w = {w:.1f}, b = {b:.0f}: the cost is {J:.0f}."

    return Stage(
        scene,
        w=slider(-8, 28, 10.0, 0.1, label="weight w"),
        b=slider(-600, 400, -120.0, 1, label="bias b"),
        squares=toggle(True, label="squares of the residuals"),
        presets={
            "the guess": {"w": 10.0, "b": -120.0},
            "along the valley": {"w": 20.0, "b": -380.0},
            "across it": {"w": 14.0, "b": 100.0},
        },
        settings=settings,
        arguments={"cost": cost},
        name="demos.line_and_cost",
    )


def _segments(y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Ends of the residuals with a gap after each, for one line layer."""
    return np.ravel(np.column_stack([y, t, np.full_like(y, np.nan)]))


def descent(gradient: Callable[..., Any], **settings: Any) -> Stage:
    """The scaling of the columns shapes the bowl.

    gradient(X, t, w, b): the reader's squared_error_gradient, which takes every step
    """
    x, t = _patients()
    rule = reader_rule(gradient, {"dw": 2, "db": ()})

    @lru_cache(maxsize=2)
    def bowl(standardised: bool) -> tuple[np.ndarray, np.ndarray, tuple, tuple, np.ndarray]:
        """A = (X, 1) and its best weight and bias; the ranges of weight and bias on the map, and the costs there."""
        A = np.column_stack([_column(x, standardised), np.ones(len(t))])
        best = np.linalg.lstsq(A, t, rcond=None)[0]
        w_range, b_range = ((-175, 265), (-10, 320)) if standardised else ((-8, 28), (-600, 400))
        W, B = np.meshgrid(np.linspace(*w_range, 61), np.linspace(*b_range, 61))
        J = half_errors(A @ np.array([W.ravel(), B.ravel()]), t).reshape(W.shape)
        return A, best, w_range, b_range, J

    @lru_cache(maxsize=64)
    def path(lr: float, steps: int, standardised: bool) -> np.ndarray:
        X = _column(x, standardised)
        w, b, found = np.zeros(1), 0.0, []
        for _ in range(steps + 1):
            found.append((w[0], b))
            if not np.isfinite(found[-1]).all() or abs(w[0]) + abs(b) > 1e12:
                break
            dw, db = rule(X, t, w, b)
            w, b = w - lr * dw, b - lr * db
        return np.array(found)

    def scene(lr: float, steps: int, standardised: bool, time: int) -> tuple[list, str]:
        A, best, w_range, b_range, J = bowl(standardised)
        walked = path(lr, steps, standardised)
        time = min(time, len(walked) - 1)
        costs, least = half_errors(A @ walked.T, t), half_errors(A @ best, t)
        shown = slice(0, time + 1)
        left = panel(
            field(J, x=w_range, y=b_range, bands=True, log=True),
            points([best[0]], [best[1]], color=GREEN, size=9),
            line(walked[shown], color=ORANGE, marker="o" if steps <= 60 else "", width=1.5),
            x="weight w (per standard deviation)" if standardised else "weight w (per kg/m²)",
            y="bias b",
            xlim=w_range,
            ylim=b_range,
            equal=standardised,
        )
        right = panel(
            line(np.arange(len(costs))[shown], costs[shown], color=BLUE),
            line([0, steps], [least, least], color=GREEN, label="least"),
            x="step",
            y="cost J",
            xlim=(0, steps),
            ylim=(1e3, 1e5),  # what explodes leaves the panel
            ylog=True,
        )
        curvatures = np.linalg.eigvalsh(A.T @ A / len(t))
        said = f"The curvatures of the bowl are {curvatures[0]:.3g} and {curvatures[1]:.4g}, so steps above {2 / curvatures[1]:.3g} grow. "
        if len(walked) <= steps:
            return [left, right], said + f"At {lr:.3g} the path explodes after {len(walked) - 1} steps."
        return [
            left,
            right,
        ], said + f"At {lr:.3g} the cost after {time} steps is {costs[time]:.0f}; the least is {least:.0f}."

    return Stage(
        scene,
        lr=log_slider(1e-4, 10, 0.0025, label="learning rate α"),
        steps=int_slider(10, 400, 100, 10, label="steps"),
        standardised=toggle(False, label="standardise the column"),
        time=play("steps"),
        presets={
            "raw, as fast as it goes": {"lr": 0.0025, "standardised": False},
            "raw, too fast": {"lr": 0.0032, "standardised": False},
            "standardised": {"lr": 0.5, "standardised": True},
            "standardised, one step": {"lr": 1.0, "standardised": True},
        },
        settings=settings,
        arguments={"gradient": gradient},
        name="demos.descent",
    )


def half_errors(y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Half the mean squared error of predictions y (N,) -> a number, or of each column of y (N, M) -> (M,)."""
    if y.ndim == 1:
        return mean_squared_error(t, y) / 2
    return mean_squared_error(np.broadcast_to(t[:, None], y.shape), y, multioutput="raw_values") / 2


def _column(x: np.ndarray, standardised: bool) -> np.ndarray:
    """(N,) -> (N, 1), raw or from its mean in standard deviations."""
    return ((x - x.mean()) / x.std() if standardised else x)[:, None]


MOST_DEGREES = 15


def polynomials(features: Callable[..., Any], fit: Callable[..., Any], **settings: Any) -> Stage:
    """The training curve never turns up; the validation curve does.

    features(x, degree) and fit(X, t, lam): the reader's polynomial_features and fit_ridge
    """
    make = reader_rule(features, {"features": lambda x, degree: (len(x), degree + 1)})
    solve = reader_rule(fit, {"w": lambda X, t, lam: (X.shape[1],), "b": ()})
    grid = np.linspace(0, 1, 200)

    def columns(x: np.ndarray, degree: int) -> np.ndarray:
        return make(2 * x - 1, degree)[:, 1:]  # on [-1, 1] high powers stay apart; the bias is fit_ridge's

    @lru_cache(maxsize=256)
    def fits(lam: float, n: int, sample: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, t = data.noisy_sine(n, seed=sample)
        x_valid, t_valid = data.noisy_sine(200, seed=10_000 + sample)
        curves, train, valid = [], [], []
        for degree in range(MOST_DEGREES + 1):
            if degree:
                w, b = solve(columns(x, degree), t, lam)
            else:
                w, b = np.zeros(0), t.mean()
            curve, on_x, on_valid = (columns(points_, degree) @ w + b for points_ in (grid, x, x_valid))
            curves.append(curve)
            train.append(half_errors(on_x, t))
            valid.append(half_errors(on_valid, t_valid))
        return np.array(curves), np.array(train), np.array(valid)

    def scene(degree: int, log_lam: float, n: int, sample: int) -> tuple[list, str]:
        lam = 10.0**log_lam if log_lam > -8 else 0.0
        x, t = data.noisy_sine(n, seed=sample)
        curves, train, valid = fits(lam, n, sample)
        left = panel(
            line(grid, np.sin(2 * np.pi * grid), color=GREEN, label="truth"),
            points(x, t, color=INK, marker=".", size=6),
            line(grid, np.clip(curves[degree], -9, 9), color=BLUE, label=f"degree {degree}"),
            x="x",
            y="t",
            xlim=(0, 1),
            ylim=(-1.8, 1.8),
        )
        degrees = np.arange(MOST_DEGREES + 1)
        right = panel(
            line(degrees, np.maximum(train, 1e-8), color=BLUE, marker="o", label="training"),
            line(degrees, np.minimum(valid, 1e4), color=ORANGE, marker="X", label="validation"),
            line([degree, degree], [1e-8, 1e4], color=GREY, width=1),
            x="degree",
            y="half mean squared error",
            ylog=True,
            ylim=(1e-5, 30),
            xlim=(-0.4, MOST_DEGREES + 0.4),
            xticks=range(0, MOST_DEGREES + 1, 3),
        )
        best = int(valid.argmin())
        penalty = f"λ = {lam:.1g}" if lam else "no penalty"
        return [left, right], (
            f"Degree {degree}, {penalty}, {n} points: training error {train[degree]:.3g}, validation error {valid[degree]:.3g}. "
            f"Validation would choose degree {best}, training always the largest."
        )

    return Stage(
        scene,
        degree=int_slider(0, MOST_DEGREES, 3, label="degree"),
        log_lam=slider(-8, 1, -8.0, 0.25, label="log₁₀ λ (at −8: none)"),
        n=int_slider(8, 100, 16, label="points N"),
        sample=button("new sample"),
        presets={
            "too simple": {"degree": 1, "log_lam": -8.0, "n": 16},
            "about right": {"degree": 4, "log_lam": -8.0, "n": 16},
            "it has learned the noise": {"degree": 15, "log_lam": -8.0, "n": 16},
            "the same, held back": {"degree": 15, "log_lam": -3.0, "n": 16},
        },
        settings=settings,
        arguments={"features": features, "fit": fit},
        name="demos.polynomials",
    )


CORNERS = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])  # of the triangle of all (y0, y1, y2)


def softmax_triangle(**settings: Any) -> Stage:
    """Only differences of logits count, and temperature stretches them. Softmax is scipy's."""
    from scipy.special import softmax

    def scene(z0: float, z1: float, z2: float, T: float) -> tuple[list, str]:
        z = np.array([z0, z1, z2])
        y = softmax(z / T)
        path = softmax(z / np.logspace(2, -1.5, 60)[:, None], axis=1) @ CORNERS
        bars = panel(
            rects(np.arange(3) - 0.35, 0, 0.7, y, color=BLUE),
            texts(np.arange(3), y + 0.04, [f"{value:.3f}" for value in y]),
            y="probability",
            xticks={k: f"z{'₀₁₂'[k]} = {value:g}" for k, value in enumerate(z)},
            xlim=(-0.6, 2.6),
            ylim=(0, 1.12),
        )
        triangle = panel(
            line(CORNERS[[0, 1, 2, 0]], color=INK, width=1),
            line(path, color=GREY, width=1.5),
            points([y @ CORNERS[:, 0]], [y @ CORNERS[:, 1]], color=ORANGE, marker="o", size=8),
            texts(
                CORNERS[:, 0] + [-0.07, 0.07, 0],
                CORNERS[:, 1] + [-0.06, -0.06, 0.06],
                ["0", "1", "2"],
                color=PURPLE,
                bold=True,
            ),
            equal=True,
            axes=False,
            xlim=(-0.15, 1.15),
            ylim=(-0.15, 1.0),
        )
        winners = np.flatnonzero(z == z.max())
        end = f"class {winners[0]} alone" if len(winners) == 1 else f"classes {' and '.join(map(str, winners))} alike"
        return [bars, triangle], (
            f"Logits {z0:g}, {z1:g}, {z2:g} at temperature {T:.2g} give the probabilities {y[0]:.3f}, {y[1]:.3f}, {y[2]:.3f}. "
            f"As T falls to 0 they go to {end}."
        )

    logit = {"low": -4, "high": 4, "step": 0.1}
    return Stage(
        scene,
        z0=slider(**logit, value=2.0, label="logit z₀"),
        z1=slider(**logit, value=1.0, label="logit z₁"),
        z2=slider(**logit, value=0.0, label="logit z₂"),
        T=log_slider(0.1, 10, 1.0, label="temperature T"),
        presets={
            "2, 1, 0": {"z0": 2.0, "z1": 1.0, "z2": 0.0, "T": 1.0},
            "the same, one lower": {"z0": 1.0, "z1": 0.0, "z2": -1.0, "T": 1.0},
            "cold": {"z0": 2.0, "z1": 1.0, "z2": 0.0, "T": 0.2},
            "a tie": {"z0": 1.0, "z1": 1.0, "z2": 0.0, "T": 0.1},
        },
        settings=settings,
        name="demos.softmax_triangle",
    )


def _sklearn_cost(X: np.ndarray, t: np.ndarray, w: np.ndarray, b: float) -> float:
    return float(half_errors(X @ w + b, t))


def _torch_gradient(X: np.ndarray, t: np.ndarray, w: np.ndarray, b: float) -> tuple[np.ndarray, float]:
    """By torch's autograd."""
    import torch  # loaded by then, see STAND_INS

    parameters = [torch.tensor(w, requires_grad=True), torch.tensor(float(b), dtype=torch.float64, requires_grad=True)]
    y = torch.nn.functional.linear(torch.tensor(X), parameters[0]) + parameters[1]
    dw, db = torch.autograd.grad(torch.nn.functional.mse_loss(y, torch.tensor(t)) / 2, parameters)
    return dw.numpy(), float(db)


def _sklearn_features(x: np.ndarray, degree: int) -> np.ndarray:
    from sklearn.preprocessing import PolynomialFeatures

    return PolynomialFeatures(degree).fit_transform(x[:, None])


def _sklearn_ridge(X: np.ndarray, t: np.ndarray, lam: float) -> tuple[np.ndarray, float]:
    """scikit-learn leaves out the 1/(2N) of our cost."""
    from sklearn.linear_model import LinearRegression, Ridge

    fitted = (Ridge(alpha=lam * len(t), solver="svd") if lam else LinearRegression()).fit(X, t)
    return fitted.coef_, fitted.intercept_


def _by_torch() -> dict[str, Any]:
    import torch  # noqa: F401  a scene has no time to load it

    return {"gradient": _torch_gradient}


def _by_sklearn() -> dict[str, Any]:
    import sklearn.linear_model
    import sklearn.preprocessing  # noqa: F401  a scene has no time to load them

    return {"features": _sklearn_features, "fit": _sklearn_ridge}


LECTURE = 2
DEMOS = ("line_and_cost", "descent", "polynomials", "softmax_triangle")  # in the gallery's order

# what the gallery hands the demos in place of the reader's answers
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "line_and_cost": lambda: {"cost": _sklearn_cost},
    "descent": _by_torch,
    "polynomials": _by_sklearn,
}

# the settings that stay movable in the frozen gallery, and their values
GRIDS: dict[str, dict[str, list[Any]]] = {
    "line_and_cost": {"w": list(range(-8, 29, 3)), "b": list(range(-600, 401, 100))},
    "descent": {"lr": [0.0005, 0.0025, 0.0028, 0.05, 0.5, 1.0, 1.9, 2.1], "standardised": [False, True]},
    "polynomials": {"degree": list(range(16)), "log_lam": [-8, -6, -4, -3, -2, -1, 0, 1], "n": [8, 16, 50]},
    "softmax_triangle": {"z0": [-2, 0, 1, 2, 4], "z1": [-2, 0, 1, 2, 4], "T": [0.1, 0.3, 1, 3, 10]},
}
