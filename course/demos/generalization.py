"""Lecture 08: bias and variance, circles and diamonds, patience, and what a batch does to one example."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import lasso_path, ridge_regression
from sklearn.metrics import mean_squared_error
from sklearn.preprocessing import PolynomialFeatures

from course import data
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.small_networks import Curves, train
from course.stage import (
    Stage,
    button,
    choice,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    point,
    points,
    reader_rule,
    rects,
    slider,
    texts,
)
from course.stage.layers import Layer

# ------------------------------------------------------------------------------------------ bias and variance

DEGREES = range(16)
REFITS = 30
NOISE = 0.2
GRID = np.linspace(0, 1, 81)


@lru_cache(maxsize=64)
def _refits(lam: float, n: int, seed: int) -> np.ndarray:
    """(degrees, refits, grid): what polynomials say that were fitted to as many samples of n points each."""
    rng = np.random.default_rng([seed, n])
    samples = [data.noisy_sine(n, NOISE, rng) for _ in range(REFITS)]
    largest = PolynomialFeatures(max(DEGREES), include_bias=False)
    grid = largest.fit_transform(2 * GRID[:, None] - 1)
    said = np.empty((len(DEGREES), REFITS, len(GRID)))
    for r, (x, t) in enumerate(samples):
        features = largest.transform(2 * x[:, None] - 1)
        for degree in DEGREES:
            A, middle = features[:, :degree], features[:, :degree].mean(axis=0)
            w = ridge_regression(A - middle, t - t.mean(), n * lam, solver="svd") if degree else np.zeros(0)
            said[degree, r] = t.mean() + (grid[:, :degree] - middle) @ w
    return said


def bias_and_variance(measure: Callable[..., Any], **settings: Any) -> Stage:
    """A stiff model is wrong in the same way each time, a free one in a different way each time.

    measure(preds, truth): the reader's bias_variance, which gives both parts of the error for every degree
    """
    rule = reader_rule(measure, {"bias2": (), "variance": ()})
    truth = np.sin(2 * np.pi * GRID)

    @lru_cache(maxsize=64)
    def parts(lam: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(degrees, 2): squared bias and variance; (degrees,): the error on fresh, noisy targets."""
        said = _refits(lam, n, seed)
        fresh = truth + NOISE * np.random.default_rng([seed, n, 1]).normal(size=said.shape[1:])
        errors = [mean_squared_error(fresh, one) for one in said]
        return np.array([rule(one, truth) for one in said]), np.array(errors)

    def scene(degree: int, lam: float, n: int, sample: int) -> tuple[list, str]:
        said = _refits(lam, n, sample)[degree]
        measured, errors = parts(lam, n, sample)
        every = np.vstack([said, np.full((1, len(GRID)), np.nan)])
        left = panel(
            line(
                np.tile(np.append(GRID, np.nan), REFITS),
                np.column_stack([np.clip(said, -4, 4), np.full(REFITS, np.nan)]).ravel(),
                color=GREY,
                dash="-",
                width=0.7,
            ),
            line(GRID, truth, color=GREEN, label="truth"),
            line(GRID, np.clip(every[:-1].mean(axis=0), -4, 4), color=BLUE, width=2.2),
            x="x",
            y="prediction",
            xlim=(0, 1),
            ylim=(-2, 2),
            title=f"{REFITS} fits (grey) and their mean (blue)",
        )
        degrees, (bias2, variance) = np.array(DEGREES), measured.T.clip(1e-5, 1e5)
        total = bias2 + variance + NOISE**2
        right = panel(
            line(degrees, bias2, color=PURPLE, label="bias²"),
            line(degrees, variance, color=ORANGE, label="variance"),
            line(degrees, total, color=BLUE, label="sum, with the noise"),
            points(degrees, errors.clip(1e-5, 1e5), color=INK, marker="o", size=5, label="test error"),
            line([degree, degree], [1e-5, 1e2], color=GREY, width=1),
            x="degree",
            y="mean squared error",
            ylog=True,
            xlim=(-0.5, 15.5),
            ylim=(1e-3, 100),
            key=True,
        )
        best = int(total.argmin())
        return [left, right], (
            f"Degree {degree}: bias² {bias2[degree]:.3g} + variance {variance[degree]:.3g} + noise {NOISE**2:.3g} = "
            f"{total[degree]:.3g}; fresh points give {errors[degree]:.3g}. Degree {best} is best here, with {total[best]:.3g}."
        )

    return Stage(
        scene,
        degree=int_slider(0, 15, 3, label="degree"),
        lam=log_slider(1e-8, 1.0, 1e-8, label="penalty λ"),
        n=int_slider(10, 100, 20, label="points a sample"),
        sample=button("other samples"),
        presets={
            "too stiff": {"degree": 1, "lam": 1e-8, "n": 20},
            "about right": {"degree": 3, "lam": 1e-8, "n": 20},
            "too free": {"degree": 11, "lam": 1e-8, "n": 20},
            "free, but penalised": {"degree": 11, "lam": 1e-3, "n": 20},
            "free, with more data": {"degree": 11, "lam": 1e-8, "n": 100},
        },
        settings=settings,
        arguments={"measure": measure},
        name="demos.bias_and_variance",
    )


# ------------------------------------------------------------------------------------------ circles and diamonds

PENALTIES = np.geomspace(1e-3, 30, 91)
SPAN = (-1.2, 2.8)


def penalties(**settings: Any) -> Stage:
    """The circle of L2 shrinks both weights; the diamond of L1 meets the valley at a corner, where one weight is zero."""

    @lru_cache(maxsize=128)
    def valley(angle: float, steepness: float) -> np.ndarray:
        """The Hessian: curvature 1 along a direction, `steepness` across it."""
        along = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
        return steepness * np.eye(2) + (1 - steepness) * np.outer(along, along)

    def minimisers(kind: str, H: np.ndarray, best: np.ndarray, lams: np.ndarray) -> np.ndarray:
        """(len(lams), 2)"""
        if kind == "circle, L2":
            return np.array([np.linalg.solve(H + lam * np.eye(2), H @ best) for lam in lams])
        A = np.sqrt(2) * np.linalg.cholesky(H).T  # scikit-learn divides the squares by twice the number of rows
        _, found, _ = lasso_path(A, A @ best, alphas=lams[::-1], tol=1e-9, max_iter=20_000)
        return found.T[::-1]

    def scene(kind: str, lam: float, best: tuple, angle: float, steepness: float) -> tuple[list, str]:
        centre = np.array(best)
        H = valley(angle, steepness)
        path = minimisers(kind, H, centre, PENALTIES)
        w = minimisers(kind, H, centre, np.array([lam, lam * 1.0001]))[0]
        ticks = np.linspace(*SPAN, 61)
        offset = np.stack(np.meshgrid(ticks, ticks), axis=-1) - centre
        J = np.einsum("...i,ij,...j->...", offset, H, offset) / 2
        if kind == "circle, L2":
            turn = np.linspace(0, 2 * np.pi, 121)
            ball = np.hypot(*w) * np.column_stack([np.cos(turn), np.sin(turn)])
        else:
            ball = np.abs(w).sum() * np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]])
        turn = np.linspace(0, 2 * np.pi, 181)
        eigenvalues, axes = np.linalg.eigh(H)
        level = np.sqrt((w - centre) @ H @ (w - centre))
        ring = centre + level * np.column_stack([np.cos(turn), np.sin(turn)]) / np.sqrt(eigenvalues) @ axes.T
        left = panel(
            field(J, x=SPAN, y=SPAN, bands=True, log=True, levels=14, floor=0.05),
            line([SPAN[0], SPAN[1], np.nan, 0, 0], [0, 0, np.nan, SPAN[0], SPAN[1]], color=GREY, dash="-", width=1),
            line(ring, color="#ffffff", dash="-", width=1.4),
            line(ball, color=ORANGE, dash="-", width=1.8, fill="closed"),
            line(path, color="#ffffff", dash="--", width=1.6),
            points([w[0]], [w[1]], color=ORANGE, marker="o", size=9),
            handle("best", best, label="w*", color="#ffffff", marker="*"),
            x="w₁",
            y="w₂",
            xlim=SPAN,
            ylim=SPAN,
            equal=True,
            title="cost, and penalty (orange)",
        )
        right = panel(
            line([PENALTIES[0], PENALTIES[-1]], [0, 0], color=GREY, width=1),
            line(PENALTIES, path[:, 0], color=BLUE, label="w₁"),
            line(PENALTIES, path[:, 1], color=PURPLE, label="w₂"),
            points([lam, lam], w, color=ORANGE, marker="o", size=7),
            x="penalty λ",
            y="weights along the path",
            key=True,
            xlog=True,
            ylim=(min(-0.5, path.min() - 0.1), max(2.5, path.max() + 0.1)),
            xlim=(1e-3, 30),
        )
        zero = [name for name, value in zip(("w₁", "w₂"), w, strict=True) if abs(value) < 1e-7]
        said = f"λ = {lam:.3g}: w = ({w[0]:.3g}, {w[1]:.3g})."
        if zero:
            said += f" {' and '.join(zero)} {'is' if len(zero) == 1 else 'are'} exactly 0."
        elif kind == "circle, L2":
            said += " Both are smaller than without the penalty in the valley's own directions, and neither is 0."
        return [left, right], said

    return Stage(
        scene,
        kind=choice(["circle, L2", "diamond, L1"], label="penalty"),
        lam=log_slider(1e-3, 30, 0.5, label="penalty λ"),
        best=point(1.8, 0.9, xlim=SPAN, ylim=SPAN, label="minimum of the cost"),
        angle=slider(0, 180, 30.0, 5, label="direction of the valley", unit="°"),
        steepness=slider(1, 12, 6.0, 0.5, label="curvature across it"),
        presets={
            "circle": {"kind": "circle, L2", "lam": 0.5, "best": (1.8, 0.9), "angle": 30.0, "steepness": 6.0},
            "diamond": {"kind": "diamond, L1", "lam": 0.5, "best": (1.8, 0.9), "angle": 30.0, "steepness": 6.0},
            "diamond, at a corner": {
                "kind": "diamond, L1",
                "lam": 1.2,
                "best": (1.8, 0.4),
                "angle": 10.0,
                "steepness": 6.0,
            },
            "round bowl, diamond": {
                "kind": "diamond, L1",
                "lam": 1.0,
                "best": (1.8, 0.9),
                "angle": 0.0,
                "steepness": 1.0,
            },
        },
        settings=settings,
        name="demos.penalties",
    )


# ------------------------------------------------------------------------------------------ patience

EPOCHS = 60


@lru_cache(maxsize=16)
def _run(seed: int, lr: float) -> Curves:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return train([seed], epochs=EPOCHS, lr=lr, hidden=128)
    finally:
        torch.set_num_threads(before)


def stopping(stop: Callable[..., Any], **settings: Any) -> Stage:
    """Patience is the price of a noisy validation curve: too little stops at the first bump, too much only costs time.

    stop(val_losses, patience): the reader's early_stopping, which sees the losses up to the present epoch
    """
    rule = reader_rule(stop, {"best_epoch": (), "stop_epoch": ()})

    def scene(patience: int, lr: float, network: int, epoch: int) -> tuple[list, str]:
        run = _run(network, lr)
        train_loss, val_loss, test = run.train_loss[0], run.val_loss[0], run.test_accuracy[0]
        seen = slice(0, epoch + 1)
        best, last = (int(value) for value in rule(list(val_loss[seen]), patience))
        stopped = last - best >= patience
        epochs = np.arange(EPOCHS)
        known, later = slice(0, last + 1), slice(last, epoch + 1)

        def curve(values: np.ndarray, color: str, label: str) -> list[Layer]:
            """Dotted where training is over; the name stands at the end of what is drawn."""
            if last >= epoch:
                return [line(epochs[known], values[known], color=color, label=label)]
            ghost = line(epochs[later], values[later], color=color, dash=":", width=1.2, label=label)
            return [line(epochs[known], values[known], color=color), ghost]

        marks = [points([best], [val_loss[best]], color=GREEN, size=11)]
        if stopped:
            marks.append(line([last, last], [0, 4], color=GREY, width=1.2))
        left = panel(
            *curve(train_loss, BLUE, "training"),
            *curve(val_loss, ORANGE, "validation"),
            *marks,
            x="epoch",
            y="cross-entropy",
            xlim=(0, EPOCHS),
            ylim=(0, max(3.0, float(np.ceil(val_loss.max())))),
            title="star: best so far; grey line: the stop",
        )
        right = panel(
            *curve(test, BLUE, "test digits right"),
            *curve(run.on_wrong[0], PURPLE, "errors repeated"),
            points([best], [test[best]], color=GREEN, size=11),
            x="epoch",
            y="share",
            xlim=(0, EPOCHS),
            ylim=(0, 1),
            title="what nobody sees while training",
        )
        said = f"Best epoch {best}, with {test[best]:.1%} of the test digits right. "
        if stopped:
            said += f"Training stops after epoch {last}"
            said += f"; going on to epoch {epoch} would have given {test[epoch]:.1%}." if epoch > last else "."
        else:
            said += f"Not stopped by epoch {epoch}, where the network has {test[epoch]:.1%}."
        return [left, right], said

    return Stage(
        scene,
        patience=int_slider(1, 50, 5, label="patience", unit="epochs"),
        lr=log_slider(1e-3, 3e-2, 3e-3, label="learning rate"),
        network=button("another network"),
        epoch=play(EPOCHS - 1, speed=12, label="epoch"),
        presets={
            "patience 5": {"patience": 5, "lr": 3e-3},
            "patience 1": {"patience": 1, "lr": 3e-3},
            "patience 1, bumpy": {"patience": 1, "lr": 2e-2},
            "never stops": {"patience": 45, "lr": 1e-3},
        },
        settings=settings,
        arguments={"stop": stop},
        name="demos.stopping",
    )


# ------------------------------------------------------------------------------------------ batches

SIZES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
BATCHES = 400


def batches(norm: Callable[..., Any], **settings: Any) -> Stage:
    """Batch normalisation makes one example's output depend on its batch, the more the smaller the batch.

    norm(x, gamma, beta, running_mean, running_var, train): the reader's batch_norm_1d
    """
    rule = reader_rule(norm, {"out": 0, "running_mean": 1, "running_var": 1})

    @lru_cache(maxsize=1)
    def pool() -> np.ndarray:
        """Pre-activations of a random unit for all training digits, in standard deviations from their mean."""
        X, _, _, _ = data.digits()
        z = X @ np.random.default_rng(0).normal(size=64)
        return (z - z.mean()) / z.std()

    @lru_cache(maxsize=256)
    def outputs(size: int, value: float) -> np.ndarray:
        """(BATCHES,): the example's output in as many batches, each a column of one array."""
        x = np.random.default_rng([3, size]).choice(pool(), (size, BATCHES))
        x[0] = value
        one, zero = np.ones(BATCHES), np.zeros(BATCHES)
        return rule(x, one, zero, zero, one, True)[0][0]

    def scene(size: int, value: float) -> tuple[list, str]:
        said = outputs(size, value)
        mean, var = np.array([pool().mean()]), np.array([pool().var()])
        at_test = float(rule(np.array([[value]]), np.ones(1), np.zeros(1), mean, var, False)[0][0, 0])
        counts, edges = np.histogram(said.clip(-4, 4), bins=np.linspace(-4, 4, 65))
        top = max(0.3, 1.15 * counts.max() / BATCHES)
        left = panel(
            rects(edges[:-1], 0, np.diff(edges), counts / BATCHES, color=BLUE),
            line([at_test, at_test], [0, top], color=GREEN),
            texts([at_test - 0.1], [0.95 * top], ["at test"], color=GREEN, size=11, align="right"),
            x="output for the one example",
            y=f"share of {BATCHES} batches",
            xlim=(-4, 4),
            ylim=(0, top),
            title=f"the same example in batches of {size}",
        )
        spreads = np.array([outputs(other, value).std() for other in SIZES])
        now = said.std()
        anchor = spreads[SIZES.index(64)] * np.sqrt(64 / np.array(SIZES))
        right = panel(
            line(SIZES, anchor, color=GREY, width=1, label="slope −½"),
            line(SIZES, spreads.clip(1e-3), color=ORANGE, marker="o", every=1),
            points([size], [max(now, 1e-3)], color=ORANGE, marker="X", size=10),
            x="batch size",
            y="standard deviation of the output",
            xlog=True,
            ylog=True,
            xlim=(1.8, 300),
            ylim=(0.01, 3),
            title="how much the batch decides",
        )
        note = f"Batches of {size}: the output is {said.mean():.3g} ± {now:.2g}; at test it is "
        note += f"{round(at_test, 3) + 0.0:.3g}, whatever else comes."
        if size == 2:
            note += " With two examples the larger becomes 1 and the smaller −1; how far they are apart is lost."
        return [left, right], note

    return Stage(
        scene,
        size=int_slider(2, 256, 8, label="batch size"),
        value=slider(-3, 3, 1.0, 0.1, label="the example, before", unit="σ"),
        presets={
            "two": {"size": 2, "value": 1.0},
            "eight": {"size": 8, "value": 1.0},
            "sixty-four": {"size": 64, "value": 1.0},
            "256": {"size": 256, "value": 1.0},
            "an average example, in eights": {"size": 8, "value": 0.0},
            "an outlier, in eights": {"size": 8, "value": 3.0},
        },
        settings=settings,
        arguments={"norm": norm},
        name="demos.batches",
    )


# ------------------------------------------------------------------------------------------ gallery


def _moments(preds: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """By torch."""
    spread, mean = torch.var_mean(torch.from_numpy(preds), dim=0, correction=0)
    return torch.nn.functional.mse_loss(mean, torch.from_numpy(truth)).item(), spread.mean().item()


def _torch_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, train: bool
) -> tuple[np.ndarray, ...]:
    x, gamma, beta, mean, var = (torch.tensor(array) for array in (x, gamma, beta, mean, var))
    return torch.nn.functional.batch_norm(x, mean, var, gamma, beta, train).numpy(), mean.numpy(), var.numpy()


LECTURE = 8
DEMOS = ("bias_and_variance", "penalties", "batches")
WITHOUT_STAND_INS = ("stopping",)  # no library here stops training by a rule that could be called
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "bias_and_variance": lambda: {"measure": _moments},
    "batches": lambda: {"norm": _torch_norm},
}
