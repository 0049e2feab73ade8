"""The score card: thirteen problems, the reader's rule, and a rival from torch with one learning rate for all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from course.demos.optimization.rules import LOOK, MINE
from course.figure import GREEN, ORANGE
from course.landscapes import Problem, optimizer_problems
from course.stage import Stage, button, choice, line, log_slider, panel, reader_rule, table

STEPS = 500
SOLVED = 1e-3
RIVALS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "gradient descent": lambda theta, lr: torch.optim.SGD([theta], lr=lr, foreach=False),
    "momentum": lambda theta, lr: torch.optim.SGD([theta], lr=lr, momentum=0.9, foreach=False),
    "Adam": lambda theta, lr: torch.optim.Adam([theta], lr=lr, foreach=False),
}
NAMES = [
    *(f"quadratic κ = {kappa}, λ ≤ {largest}" for kappa in (10, 100, 1000) for largest in (0.1, 1, 100)),
    "Rosenbrock b = 10",
    "Rosenbrock b = 100",
    "saddle",
    "badly scaled classifier",
]


def score_card(my_optimizer: Callable[..., Any] | None = None, **settings: Any) -> Stage:
    """Thirteen problems under one rule without tuning; a rival from torch has one learning rate for all of them.

    my_optimizer: the reader's update(theta, grad, state, step) -> theta, state
    """
    rule = None if my_optimizer is None else reader_rule(my_optimizer, {"theta": 0, "state": None})
    RIVALS["Adam"](torch.zeros(1), 0.1)  # torch loads the rest of itself with its first optimizer

    @lru_cache(maxsize=8)
    def problems(seed: int) -> list[Problem]:
        return optimizer_problems(seed)

    @lru_cache(maxsize=8)
    def mine(seed: int) -> list[np.ndarray]:
        return [] if rule is None else [progress(problem, _walker(rule)) for problem in problems(seed)]

    @lru_cache(maxsize=64)
    def rivals(rival: str, lr: float, seed: int) -> list[np.ndarray]:
        return [progress(problem, _torch_walker(RIVALS[rival], lr, problem)) for problem in problems(seed)]

    def scene(problem: str, rival: str, lr: float, seed: int) -> tuple[list, str]:
        own, other = mine(seed), rivals(rival, lr, seed)
        k = NAMES.index(problem)
        lines = [_curve(other[k], rival)] + ([_curve(own[k], MINE)] if own else [])
        curves = panel(
            *lines,
            line([0, STEPS], [SOLVED, SOLVED], color=GREEN, label="solved"),
            x="step",
            y="share of the start's height left",
            xlim=(0, STEPS),
            ylim=(1e-9, 1e2),
            ylog=True,
            title=problem,
            width=1.2,
        )
        rows = [
            (name, *(_cell(curves_[i]) for curves_ in ([own, other] if own else [other])))
            for i, name in enumerate(NAMES)
        ]
        header = ["problem", *(["yours"] if own else []), rival]
        counts = [sum(curve[-1] <= SOLVED for curve in found) for found in ([own, other] if own else [other])]
        rows.append(("solved", *(f"{count} of 13" for count in counts)))
        said = f"{rival} with α = {lr:.2g} for all solves {counts[-1]} of the 13 problems."
        said = f"Your rule solves {counts[0]} of the 13 problems; {said}" if own else said[0].upper() + said[1:]
        return [curves, table(header, rows, title="share left after 500 steps")], said

    return Stage(
        scene,
        problem=choice(NAMES, NAMES[5], label="problem shown"),
        rival=choice(list(RIVALS), "gradient descent", label="rival"),
        lr=log_slider(1e-4, 10, 0.01, label="its learning rate α"),
        seed=button("fresh problems"),
        presets={
            "safe for the steepest": {"rival": "gradient descent", "lr": 0.015},
            "good for the flattest": {"rival": "gradient descent", "lr": 10.0, "problem": NAMES[0]},
            "Adam by default": {"rival": "Adam", "lr": 0.001},
            "Adam in long steps": {"rival": "Adam", "lr": 0.1},
        },
        settings=settings,
        arguments={"my_optimizer": my_optimizer},
        budget=8.0,
        name="demos.score_card",
    )


def progress(problem: Problem, walk: Callable[[np.ndarray, np.ndarray, int], np.ndarray]) -> np.ndarray:
    """The share of the start's height that is left after each step, (STEPS + 1,); infinite from where it diverged."""
    theta, start = problem.start.copy(), problem.f(problem.start) - problem.minimum
    left = np.full(STEPS + 1, np.inf)
    left[0] = 1
    with np.errstate(all="ignore"):
        for step in range(1, STEPS + 1):
            theta = walk(theta, problem.grad(theta), step)
            share = (problem.f(theta) - problem.minimum) / start
            if not (np.isfinite(share) and np.abs(theta).max() < 1e8):
                break
            left[step] = share
    return left


def _walker(rule: Callable[..., Any]) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    memory: list[Any] = [None]

    def walk(theta: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        theta, memory[0] = rule(theta, gradient, memory[0], step)
        return theta

    return walk


def _torch_walker(
    make: Callable[..., torch.optim.Optimizer], lr: float, problem: Problem
) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray]:
    theta = torch.tensor(problem.start)
    optimizer = make(theta, lr)

    def walk(_: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        theta.grad = torch.from_numpy(np.ascontiguousarray(gradient))
        optimizer.step()
        return theta.numpy().copy()

    return walk


def _curve(left: np.ndarray, rule: str) -> Any:
    color, dash, _ = LOOK[rule]
    shown = np.where(np.isfinite(left), np.clip(left, 1e-9, 1e3), np.nan)
    return line(np.arange(len(left)), shown, color=color, dash=dash, label=rule if color != ORANGE else "yours")


def _cell(left: np.ndarray) -> str:
    if not np.isfinite(left[-1]):
        return "diverged"
    if left[-1] < 1e-12:
        return "< 1e-12 ✓"
    return f"{left[-1]:.0e}" + (" ✓" if left[-1] <= SOLVED else "")
