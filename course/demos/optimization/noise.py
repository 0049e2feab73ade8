"""Stochastic gradient descent on a line through 64 points: how far noise carries it, and what batches buy."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from course import data
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import Stage, button, choice, field, line, log_slider, panel, points, reader_rule, toggle

N = 64
EPOCHS = 100
CLOUD = 200  # of the last iterates
SIZES = (1, 2, 4, 8, 16, 32, 64)
TARGET = 0.01  # of excess loss
SCHEDULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "constant": lambda epoch: np.ones_like(epoch),
    "halve every 20 epochs": lambda epoch: 0.5 ** (epoch // 20),
    "a tenth after 50 epochs": lambda epoch: np.where(epoch < 50, 1.0, 0.1),
    "1/(1 + kt), k = 0.1 an epoch": lambda epoch: 1 / (1 + 0.1 * epoch),
    "cosine": lambda epoch: (1 + np.cos(np.pi * epoch / EPOCHS)) / 2,
}
"""Epoch, from 0 to EPOCHS -> what the learning rate is multiplied by."""
CUTS = {"halve every 20 epochs": (20, 40, 60, 80), "a tenth after 50 epochs": (50,)}
START = (4.5, 1.5)


def noise_and_batch_size(minibatch_noise: Callable[..., Any], **settings: Any) -> Stage:
    """The cloud around the minimum, its predicted ellipse, and the updates that each batch size needs.

    minibatch_noise(G, S): the reader's; the ellipse and the right-hand curve are drawn from its numbers
    """
    noise = reader_rule(minibatch_noise, {"variance": ()})

    @lru_cache(maxsize=16)
    def world(seed: int) -> Line:
        return Line(seed)

    @lru_cache(maxsize=32)
    def walk(S: int, alpha: float, schedule: str, seed: int) -> np.ndarray:
        updates = EPOCHS * N // S
        rates = alpha * SCHEDULES[schedule](np.arange(updates) * S / N)
        return world(seed).walk(S, rates, np.random.default_rng([seed, S]))

    @lru_cache(maxsize=16)
    def needed(seed: int) -> np.ndarray:
        line_ = world(seed)
        at_minimum = line_.gradients(line_.best)
        one = noise(at_minimum, 1)
        return line_.updates_needed(np.array([noise(at_minimum, S) / one for S in SIZES]))

    def scene(S: int, alpha: float, schedule: str, average: bool, examples: bool, seed: int) -> tuple[list, str]:
        line_ = world(seed)
        path = walk(S, alpha, schedule, seed)
        cloud = path[-min(CLOUD, len(path) // 2) :]
        rate = alpha * SCHEDULES[schedule](np.array([EPOCHS - EPOCHS * len(cloud) / len(path) / 2]))[0]
        total = noise(line_.gradients(line_.best), S)
        predicted = line_.stationary(rate, total)
        plane = _plane(line_, path, cloud, predicted, average)
        losses = _losses(line_, path, S, average, examples, CUTS.get(schedule, ()))
        counts = _needed(needed(seed), S)
        spread = np.sqrt(np.trace(np.cov(cloud.T)))
        said = (
            f"Batches of {S}, α = {alpha:.2g}: the last {len(cloud)} iterates scatter by {spread:.2g} about their mean; "
            + (
                f"the formula says {np.sqrt(np.trace(predicted)):.2g}."
                if predicted is not None
                else "there is no stationary cloud at this learning rate."
            )
        )
        if schedule != "constant":
            said += " The rate has fallen, and the cloud with it."
        if average:
            away = np.linalg.norm(path[len(path) // 2 :].mean(axis=0) - line_.best)
            said += f" The average of the second half is {away:.1g} from the minimum."
        return [plane, losses, counts], said

    return Stage(
        scene,
        S=choice(list(SIZES), 1, label="batch size S"),
        alpha=log_slider(0.005, 1.5, 0.1, label="learning rate α"),
        schedule=choice(list(SCHEDULES), "constant", label="schedule"),
        average=toggle(False, label="average of iterates"),
        examples=toggle(False, label="count examples, not updates"),
        seed=button("new data"),
        presets={
            "one example at a time": {"S": 1, "alpha": 0.1, "schedule": "constant", "average": False},
            "half the rate": {"S": 1, "alpha": 0.05, "schedule": "constant", "average": False},
            "twice the batch: why the same?": {"S": 2, "alpha": 0.1, "schedule": "constant", "average": False},
            "all 64: no noise": {"S": 64, "alpha": 0.1, "schedule": "constant", "average": False},
            "sudden drops": {"S": 1, "alpha": 0.2, "schedule": "a tenth after 50 epochs", "average": False},
            "averaged instead": {"S": 1, "alpha": 0.2, "schedule": "constant", "average": True},
            "too fast for one example": {"S": 1, "alpha": 1.0, "schedule": "constant", "average": False},
        },
        settings=settings,
        arguments={"minibatch_noise": minibatch_noise},
        name="demos.noise_and_batch_size",
    )


class Line:
    """A line through N points, its cost in (slope, intercept), and what noise does to descent on it."""

    def __init__(self, seed: int) -> None:
        x, self.t = data.line_data(N, seed)
        self.X = np.column_stack([x, np.ones(N)])  # (N, 2)
        self.best = np.linalg.lstsq(self.X, self.t, rcond=None)[0]
        self.curvatures, self.axes = np.linalg.eigh(self.X.T @ self.X / N)
        self.least = float(self.loss(self.best))

    def gradients(self, theta: np.ndarray) -> np.ndarray:
        """Of each example's half squared error, (N, 2)."""
        return (self.X @ theta - self.t)[:, None] * self.X

    def loss(self, theta: np.ndarray) -> np.ndarray:
        """Half the mean squared error; theta (2,) or (n, 2)."""
        return np.mean((np.atleast_2d(theta) @ self.X.T - self.t) ** 2, axis=1).squeeze() / 2

    def walk(self, S: int, rates: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One update for each rate, each with a fresh set of S different examples: (updates + 1, 2)."""
        theta, path = np.array(START), np.full((len(rates) + 1, 2), np.nan)
        path[0] = theta
        orders = rng.permuted(np.tile(np.arange(N), (len(rates), 1)), axis=1)[:, :S]
        for step, (rate, batch) in enumerate(zip(rates, orders, strict=True)):
            X = self.X[batch]
            theta = theta - rate / S * ((X @ theta - self.t[batch]) @ X)
            if not np.abs(theta).max() < 1e6:
                break
            path[step + 1] = theta
        return path[np.isfinite(path).all(axis=1)]

    def stationary(self, alpha: float, total: float) -> np.ndarray | None:
        """Covariance (2, 2) of the iterates far out in time: alpha s² / (lambda (2 - alpha lambda)) along each axis.

        total: s² of both axes together; None where a direction is not stable
        """
        along = (self.gradients(self.best) @ self.axes).var(axis=0)
        if alpha * self.curvatures.max() >= 2:
            return None
        variances = alpha * total * along / along.sum() / (self.curvatures * (2 - alpha * self.curvatures))
        return self.axes * variances @ self.axes.T

    def updates_needed(self, shares: np.ndarray, limit: int = 400) -> np.ndarray:
        """For each batch size: the fewest updates to an expected excess loss of TARGET, over learning rates.

        shares: a batch's noise as a share of a single example's. Mean and second moment of theta - best, averaged
        over batches, follow exactly from step to step, because the gradient of each example is linear.
        """
        H, residual = self.X.T @ self.X / N, self.X @ self.best - self.t
        outer = self.X[:, :, None] * self.X[:, None, :]  # (N, 2, 2)
        alphas = np.geomspace(0.003, 1.5, 60)
        shares, alphas = np.broadcast_arrays(shares[:, None], alphas[None])
        away = np.array(START) - self.best
        m = np.broadcast_to(away, (*alphas.shape, 2)).copy()
        M = np.broadcast_to(np.outer(away, away), (*alphas.shape, 2, 2)).copy()
        needed = np.full(alphas.shape, np.nan)
        a = alphas[..., None, None]
        with np.errstate(all="ignore"):
            for update in range(limit + 1):
                excess = np.einsum("...ij,ij->...", M, H) / 2
                needed = np.where(np.isnan(needed) & (excess <= TARGET), update, needed)
                # the expected square of an example's gradient x (x' d - r), with d = theta - best
                size = np.einsum("nij,...ij->...n", outer, M) - 2 * m @ (self.X * residual[:, None]).T + residual**2
                single = np.einsum("...n,nij->...ij", size, outer) / N
                HMH = H @ M @ H
                M = M - a * (H @ M + M @ H) + a**2 * (HMH + shares[..., None, None] * (single - HMH))
                m = m - alphas[..., None] * (m @ H)
        return np.nanmin(np.where(np.isnan(needed), limit, needed), axis=1)


def _ellipse(centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Two standard deviations around the centre, (61, 2)."""
    values, axes = np.linalg.eigh(covariance)
    angle = np.linspace(0, 2 * np.pi, 61)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return centre + 2 * (circle * np.sqrt(np.maximum(values, 0))) @ axes.T


def _plane(line_: Line, path: np.ndarray, cloud: np.ndarray, predicted: np.ndarray | None, average: bool) -> Any:
    x, y = (0.8, 3.2), (-2.1, 0.3)  # the start lies beyond the upper right corner
    grid = np.stack(np.meshgrid(np.linspace(*x, 61), np.linspace(*y, 61)), axis=-1)
    J = line_.loss(grid.reshape(-1, 2)).reshape(61, 61)
    early = path[: min(len(path), 400)]
    layers = [
        field(J, x=x, y=y, bands=True, log=True, floor=0.02, opacity=0.5),
        line(early, color=GREY, width=0.8, dash="-"),
        points(cloud, color=BLUE, marker="o", size=3.5, opacity=0.6),
        line(_ellipse(cloud.mean(axis=0), np.cov(cloud.T)), color=INK, width=1.6, label=""),
    ]
    if predicted is not None:
        layers.append(line(_ellipse(line_.best, predicted), color=ORANGE, width=2.2))
    layers.append(points([line_.best[0]], [line_.best[1]], color=GREEN, size=11))
    if average:
        mean = path[len(path) // 2 :].mean(axis=0)
        layers.append(points([mean[0]], [mean[1]], color=PURPLE, size=9))
    return panel(
        *layers,
        x="slope",
        y="intercept",
        xlim=x,
        ylim=y,
        title="solid ring: the cloud, dashed: formula (2σ)",
        width=1.2,
    )


def _losses(
    line_: Line, path: np.ndarray, S: int, average: bool, examples: bool, cuts: tuple[int, ...]
) -> Any:  # fmt: skip
    """The loss above the least; a vertical line at each epoch of cuts."""
    few = np.unique(np.linspace(0, len(path) - 1, 500).astype(int))
    unit = S if examples else 1
    layers = [line(few * unit, np.maximum(line_.loss(path[few]) - line_.least, 1e-8), color=BLUE, width=1.2)]
    layers += [line([cut * N * unit / S] * 2, [1e-6, 30], color=ORANGE, width=1.2) for cut in cuts]
    if average:
        sums = np.cumsum(path, axis=0)
        half = few // 2
        tails = (sums[few] - sums[half] + path[half]) / (few - half + 1)[:, None]  # of the second half so far
        layers.append(
            line(few * unit, np.maximum(line_.loss(tails) - line_.least, 1e-8), color=PURPLE, label="average")
        )
    return panel(
        *layers,
        x="examples seen" if examples else "updates",
        y="loss above the minimum",
        ylog=True,
        ylim=(1e-6, 30),
        title=f"{EPOCHS} epochs of {N} examples",
    )


def _needed(updates: np.ndarray, S: int) -> Any:
    sizes = np.array(SIZES, dtype=float)
    ideal = updates[0] / sizes
    k = SIZES.index(S)
    return panel(
        line(sizes, ideal, color=GREY, width=1.2, label="∝ 1/S"),
        line(sizes, updates, color=BLUE, marker="o", every=1),
        points([sizes[k]], [updates[k]], color=ORANGE, size=10),
        x="batch size S",
        y="updates to the target",
        xlog=True,
        ylog=True,
        xticks={size: f"{size:.0f}" for size in sizes},
        ylim=(1, 2 * updates[0]),
        title=f"to {TARGET} above the least, best α each",
    )
