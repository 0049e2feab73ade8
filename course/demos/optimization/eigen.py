"""Momentum on a quadratic, one eigenvalue at a time: paths, the phase diagram, and the V of the best learning rate."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import Stage, button, field, line, log_slider, panel, points, reader_rule, slider, texts

STEPS = 60
SIMULATED = 300
GRID = 200
WIDEST = 4.0  # of the diagram, in alpha lambda


def eigen_dynamics(radius: Callable[..., Any] | None = None, **settings: Any) -> Stage:
    """Each direction of a quadratic is a point of one diagram; the slowest one sets the pace.

    radius(lam, alpha, mu): the reader's momentum_spectral_radius; until it is given, radii come from simulated paths
    """
    rate = simulated_radius if radius is None else reader_rule(radius, {"radius": _broadcast})

    @lru_cache(maxsize=1)
    def diagram() -> np.ndarray:
        # the same at alpha = 1 for every lambda: only the product counts
        return np.minimum(rate(np.linspace(0, WIDEST, GRID)[None], 1.0, np.linspace(0, 1, GRID)[:, None]), 1.5)

    @lru_cache(maxsize=64)
    def v_curves(lam_1: float, lam_2: float, mu: float) -> tuple[np.ndarray, np.ndarray]:
        # to where the steeper direction is far beyond its limit 2 (1 + mu)
        alphas = np.linspace(0, 2.6 * (1 + mu) / max(lam_1, lam_2), 161)[1:]
        return alphas, rate(np.array([[lam_1], [lam_2]]), alphas[None], mu)

    def scene(alpha: float, mu: float, lam_1: float, lam_2: float) -> tuple[list, str]:
        lam = np.array([lam_1, lam_2])
        theta = path(alpha * lam, mu)
        radii = rate(lam, alpha, mu)
        return [
            _coordinates(theta, radii),
            _phases(diagram(), alpha * lam, mu),
            _rates(*v_curves(lam_1, lam_2, mu), alpha, radii, best_alpha(lam_1, lam_2, mu)),
        ], _note(alpha * lam, mu, radii)

    lam = {"low": 0.1, "high": 10.0}
    return Stage(
        scene,
        alpha=log_slider(1e-3, 10, 0.1, label="learning rate α"),
        mu=slider(0, 0.99, 0.0, 0.01, label="momentum μ"),
        lam_1=log_slider(**lam, value=0.5, label="eigenvalue λ₁"),
        lam_2=log_slider(**lam, value=10.0, label="eigenvalue λ₂"),
        best_alpha=button("best α", sets=lambda now: {"alpha": best_alpha(now["lam_1"], now["lam_2"], now["mu"])}),
        best_both=button("best α and μ", sets=lambda now: best_both(now["lam_1"], now["lam_2"])),
        presets={
            "slow": {"alpha": 0.05, "mu": 0.0, "lam_1": 0.5, "lam_2": 10.0},
            "changes sign, still falls": {"alpha": 0.18, "mu": 0.0, "lam_1": 0.5, "lam_2": 10.0},
            "too fast": {"alpha": 0.205, "mu": 0.0, "lam_1": 0.5, "lam_2": 10.0},
            "the same, saved by momentum": {"alpha": 0.205, "mu": 0.5, "lam_1": 0.5, "lam_2": 10.0},
            "both alike: why?": {"alpha": 0.2, "mu": 0.7, "lam_1": 0.5, "lam_2": 10.0},
            "too much momentum": {"alpha": 0.2, "mu": 0.97, "lam_1": 0.5, "lam_2": 10.0},
        },
        settings=settings,
        arguments={"radius": radius},
        name="demos.eigen_dynamics",
    )


def path(c: np.ndarray, mu: float, steps: int = STEPS) -> np.ndarray:
    """Momentum from 1, at rest, where alpha lambda is c (n,): (steps + 1, n).

    Without velocities: two positions in a row say the same as one position and its velocity.
    """
    positions = [np.ones_like(c), 1 - c]
    while len(positions) <= steps:
        positions.append((1 + mu - c) * positions[-1] - mu * positions[-2])
    return np.array(positions[: steps + 1])


def simulated_radius(lam: Any, alpha: Any, mu: Any) -> np.ndarray:
    """By how much a path grows a step in the long run, from SIMULATED steps; arguments broadcast."""
    c, mu = np.broadcast_arrays(np.multiply(alpha, lam).astype(float), np.asarray(mu, dtype=float))
    before, now, grown = np.full(c.shape, 0.7), np.ones(c.shape), np.zeros(c.shape)
    for step in range(SIMULATED):
        before, now = now, (1 + mu - c) * now - mu * before
        size = np.maximum(np.hypot(before, now), 1e-300)
        before, now = before / size, now / size  # so that nothing overflows
        if step >= SIMULATED // 3:  # what the start had of the faster mode has died out
            grown += np.log(size)
    return np.exp(grown / (SIMULATED - SIMULATED // 3))


def best_alpha(lam_1: float, lam_2: float, mu: float) -> float:
    """The radius is symmetric about alpha lambda = 1 + mu, so the best alpha has the two at equal distance from it."""
    return 2 * (1 + mu) / (lam_1 + lam_2)


def best_both(lam_1: float, lam_2: float) -> dict[str, float]:
    """Boris Polyak's choice (1964): both eigenvalues on the border of the complex region."""
    small, large = np.sqrt(sorted((lam_1, lam_2)))
    return {"alpha": 4 / (large + small) ** 2, "mu": float(((large - small) / (large + small)) ** 2)}


def _broadcast(lam: Any, alpha: Any, mu: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(np.shape(lam), np.shape(alpha), np.shape(mu))


def _coordinates(theta: np.ndarray, radii: np.ndarray) -> Any:
    steps = np.arange(len(theta))
    lines = []
    for k, color in enumerate((BLUE, PURPLE)):
        shown = np.where(np.abs(theta[:, k]) < 20, theta[:, k], np.nan)
        envelope = np.minimum(radii[k] ** steps, 20)
        name = f"$\\theta_{k + 1}$"
        lines += [line(steps, sign * envelope, color=GREY, width=1) for sign in (1, -1)]
        lines.append(line(steps, shown, color=color, label=name))
    return panel(*lines, x="step k", y="coordinate", xlim=(0, STEPS), ylim=(-1.6, 1.6), key=True)


def _phases(radius: np.ndarray, c: np.ndarray, mu: float) -> Any:
    root = np.sqrt(np.linspace(0, 1, 101))
    return panel(
        field(radius, x=(0, WIDEST), y=(0, 1), limits=(0, 1.2), bands=True, levels=24, opacity=0.75),
        line((1 - root) ** 2, root**2, color=INK, width=1.4),
        line((1 + root) ** 2, root**2, color=INK, width=1.4),
        line(2 * (1 + root**2), root**2, color=ORANGE, width=2.2),
        texts(
            [0.24, 1.2, 2.05, 3.4],
            [0.06, 0.45, 0.06, 0.3],
            ["real", "complex: radius $\\sqrt{\\mu}$", "real", "diverges"],
            halo=True,
            size=11,
        ),
        line([0, WIDEST], [mu, mu], color=GREY, width=1),
        points([min(c[0], WIDEST)], [mu], color=BLUE, size=11),
        points([min(c[1], WIDEST)], [mu], color=PURPLE, size=10),
        x="$\\alpha\\lambda$",
        y="momentum $\\mu$",
        xlim=(0, WIDEST),
        ylim=(0, 1),
        title="spectral radius",
    )


def _rates(alphas: np.ndarray, curves: np.ndarray, alpha: float, radii: np.ndarray, best: float) -> Any:
    worst = curves.max(axis=0)
    here = [min(alpha, alphas[-1])]
    return panel(
        line(alphas, worst, color=GREEN, dash="-", width=5, opacity=0.25),
        line(alphas, curves[0], color=BLUE, label="λ₁"),
        line(alphas, curves[1], color=PURPLE, label="λ₂"),
        line([0, alphas[-1]], [1, 1], color=ORANGE, width=1.2),
        points([best], [np.interp(best, alphas, worst)], color=GREEN, size=11),
        points(here, [min(radii.max(), 1.4)], color=ORANGE, size=8),
        x="learning rate $\\alpha$",
        y="factor a step",
        xlim=(0, alphas[-1]),
        ylim=(0, 1.4),
        title="the slower one counts",
    )


def _note(c: np.ndarray, mu: float, radii: np.ndarray) -> str:
    said = []
    for name, value, radius in zip(("λ₁", "λ₂"), c, radii, strict=True):
        low, high = (1 - np.sqrt(mu)) ** 2, (1 + np.sqrt(mu)) ** 2
        if radius > 1 + 1e-9:
            how = "diverges"
        elif low < value < high and mu > 0:
            how = f"swings and shrinks by √μ = {radius:.3f} a step"
        elif value > 1 + mu:
            how = f"changes sign at every step and shrinks by {radius:.3f}"
        else:
            how = f"shrinks by {radius:.3f} a step"
        said.append(f"The direction of {name}, at αλ = {value:.3g}, {how}.")
    worst = radii.max()
    if worst < 1 - 1e-6:
        said.append(f"A thousandth of the distance is left after {int(np.ceil(np.log(1e-3) / np.log(worst)))} steps.")
    return " ".join(said)
