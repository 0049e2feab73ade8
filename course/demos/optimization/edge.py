"""Full-batch descent on a small network: where does its sharpness go?"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from course.figure import BLUE, ORANGE, PURPLE
from course.stage import Stage, line, log_slider, panel

WIDTH = 24
STEPS = 2400
EVERY = 12  # steps between two looks at the sharpness
RATES = np.geomspace(0.02, 0.3, 28)


def edge_of_stability(**settings: Any) -> Stage:
    """The largest eigenvalue of the Hessian during training, and the limit 2/alpha. The code is given."""
    training(float(RATES[0]), steps=1)  # torch loads the rest of itself

    def scene(lr: float) -> tuple[list, str]:
        lr = float(RATES[np.abs(np.log(RATES / lr)).argmin()])  # one of few, so that they are kept
        losses, sharpness = training(lr)
        steps = EVERY * np.arange(len(sharpness))
        top = 1.25 * max(2 / lr, sharpness.max())
        return [
            panel(
                line([0, STEPS], [2 / lr, 2 / lr], color=ORANGE, label="2/α"),
                line(steps, sharpness, color=PURPLE, dash="-", label="largest eigenvalue"),
                x="step",
                y="curvature",
                key=True,
                xlim=(0, STEPS),
                ylim=(0, top),
            ),
            panel(
                line(np.arange(len(losses)), np.maximum(losses, 1e-9), color=BLUE),
                x="step",
                y="training cost",
                xlim=(0, STEPS),
                ylog=True,
            ),
        ], _note(lr, losses, sharpness)

    return Stage(
        scene,
        lr=log_slider(float(RATES[0]), float(RATES[-1]), 0.2, label="learning rate α"),
        presets={
            "slow: below the edge": {"lr": 0.03},
            "it rises to the edge": {"lr": 0.1},
            "a lower edge: why?": {"lr": 0.2},
        },
        settings=settings,
        budget=10.0,
        name="demos.edge_of_stability",
    )


def network(seed: int = 0) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    """Weights of a tanh network 1-WIDTH-WIDTH-1, and the wave it has to learn: inputs (20, 1), targets (20, 1)."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 20)[:, None]
    t = 8 * x**4 - 8 * x**2 + 1  # Chebyshev's polynomial of degree 4
    sizes = (1, WIDTH, WIDTH, 1)
    weights = []
    for i in range(len(sizes) - 1):
        weights.append(torch.tensor(rng.normal(size=(sizes[i + 1], sizes[i])) / np.sqrt(sizes[i])))
        weights.append(torch.zeros(sizes[i + 1], dtype=torch.float64))
    return [w.requires_grad_() for w in weights], torch.tensor(x), torch.tensor(t)


def cost(weights: list[torch.Tensor], x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Mean of half the squared error."""
    h = x
    for W, b in zip(weights[::2], weights[1::2], strict=True):
        z = h @ W.T + b
        h = torch.tanh(z)
    return ((z - t) ** 2).mean() / 2


def largest_eigenvalue(
    weights: list[torch.Tensor], x: torch.Tensor, t: torch.Tensor, v: torch.Tensor, turns: int = 12
) -> tuple[float, torch.Tensor]:
    """Power iteration on the Hessian from v (all parameters in one row): eigenvalue and vector.

    Each turn is one product of the Hessian with a vector: the gradient of (gradient · v).
    """
    slopes = torch.autograd.grad(cost(weights, x, t), weights, create_graph=True)
    row = torch.cat([slope.reshape(-1) for slope in slopes])
    value = 0.0
    for _ in range(turns):
        product = torch.autograd.grad(row @ v, weights, retain_graph=True)
        Hv = torch.cat([part.reshape(-1) for part in product])
        value = (v @ Hv).item()
        v = Hv / Hv.norm()
    return value, v


@lru_cache(maxsize=64)
def training(lr: float, steps: int = STEPS) -> tuple[np.ndarray, np.ndarray]:
    """Costs (steps + 1,) of plain descent with all examples, and the largest eigenvalue every EVERY steps."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        weights, x, t = network()
        v = torch.ones(sum(w.numel() for w in weights), dtype=torch.float64)
        v = v / v.norm()
        losses, sharpness = [], []
        for step in range(steps + 1):
            if step % EVERY == 0:
                value, v = largest_eigenvalue(weights, x, t, v, 40 if step == 0 else 4)
                sharpness.append(value)
            loss = cost(weights, x, t)
            losses.append(loss.item())
            if not np.isfinite(losses[-1]):
                break
            with torch.no_grad():
                for w, slope in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                    w -= lr * slope
        return np.array(losses), np.array(sharpness)
    finally:
        torch.set_num_threads(threads)


def _note(lr: float, losses: np.ndarray, sharpness: np.ndarray) -> str:
    end = float(np.median(sharpness[-20:]))
    rises = int((np.diff(losses) > 0).sum())
    said = f"At α = {lr:.3g} the limit is 2/α = {2 / lr:.3g}; the largest eigenvalue goes from {sharpness[0]:.2g} to {end:.3g}. "
    if end > 0.85 * 2 / lr:
        return (
            said
            + f"It stays at the edge, the cost rises in {rises} of {len(losses) - 1} steps and falls in the long run."
        )
    return said + f"It is below the edge, and the cost rises in {rises} steps."
