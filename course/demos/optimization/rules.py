"""The rules that race: torch.optim, Newton, and whatever the reader wrote, all in step on one landscape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course.figure import BLUE, GREEN, INK, ORANGE, PURPLE
from course.landscapes import LANDSCAPES, Landscape
from course.stage import ReaderError, reader_rule

MINE = "MY RULE"
LOOK = {
    "gradient descent": (INK, "-", "."),
    "momentum": (BLUE, "-", "o"),
    "Nesterov": (BLUE, "--", "^"),
    "Adagrad": (PURPLE, ":", "v"),
    "RMSProp": (PURPLE, "--", "D"),
    "Adam": (PURPLE, "-", "s"),
    "Newton": (GREEN, ":", "*"),
    MINE: (ORANGE, "-", "X"),
}
"""Colour, dash and marker: blue remembers its velocity, purple measures each coordinate, orange is the reader's."""
YOURS = {"momentum": "your momentum_step", "Nesterov": "your nesterov_step", "Adam": "your adam_step"}
LOST = 1e6  # as far away as this, a rule has diverged


@dataclass(frozen=True)
class Course:
    """Where the rules race and what each of them is told; hashable, so that paths can be kept."""

    landscape: str
    parameters: tuple[tuple[str, Any], ...]
    start: tuple[float, float]
    lr: float
    mu: float
    beta2: float
    damping: float
    clip: bool
    sigma: float
    batch: int
    seed: int

    @property
    def surface(self) -> Landscape:
        return LANDSCAPES[self.landscape]

    def key(self, rule: str) -> tuple:
        """What a rule's path depends on: not on the settings of others."""
        used = {
            "gradient descent": (self.lr,),
            "momentum": (self.lr, self.mu),
            "Nesterov": (self.lr, self.mu),
            "Adagrad": (self.lr,),
            "RMSProp": (self.lr, self.beta2),
            "Adam": (self.lr, self.mu, self.beta2),
            "Newton": (self.damping,),
            MINE: (),
        }
        by_name = {text: used[rule] for rule, text in YOURS.items()} | used
        noise = (self.sigma, self.batch, self.seed)
        return (rule, self.landscape, self.parameters, self.start, self.clip, *noise, *by_name[rule])


class Slopes:
    """Gradients and Hessians as the rules are given them: of a batch, clipped, with noise; the same for all."""

    def __init__(self, course: Course, steps: int) -> None:
        rng = np.random.default_rng(course.seed)
        self.course, self.noise = course, course.sigma * rng.normal(size=(steps, 2))
        self.batches: list[dict[str, Any]] = [dict(course.parameters)] * steps
        if course.landscape == "noisy" and course.batch < 64:
            from course import data

            a, t = data.line_data()
            chosen = (rng.choice(len(a), course.batch, replace=False) for _ in range(steps))
            self.batches = [{"data": (a[batch], t[batch])} for batch in chosen]

    def at(self, points: np.ndarray, step: int) -> np.ndarray:
        """Points (n, 2) -> gradients (n, 2)."""
        slopes = self.course.surface.gradient(points[:, 0], points[:, 1], **self.batches[step])
        found = np.stack(slopes, axis=-1) + self.noise[step]
        if self.course.clip:
            found = found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), 1)
        return found

    def bends(self, points: np.ndarray, step: int) -> np.ndarray:
        """Points (n, 2) -> Hessians (n, 2, 2)."""
        return self.course.surface.hessian(points[:, 0], points[:, 1], **self.batches[step])


def torch_rule(rule: str, start: np.ndarray, course: Course) -> tuple[torch.Tensor, torch.optim.Optimizer]:
    """The parameter and its optimizer from torch.optim, one at a time (fast for tiny tensors)."""
    theta = torch.tensor(start, dtype=torch.float64)
    plain = {"lr": course.lr, "foreach": False}
    make = {
        "gradient descent": lambda: torch.optim.SGD([theta], **plain),
        "momentum": lambda: torch.optim.SGD([theta], momentum=course.mu, **plain),
        "Nesterov": lambda: torch.optim.SGD([theta], momentum=course.mu, nesterov=course.mu > 0, **plain),
        "Adagrad": lambda: torch.optim.Adagrad([theta], **plain),
        "RMSProp": lambda: torch.optim.RMSprop([theta], alpha=course.beta2, **plain),
        "Adam": lambda: torch.optim.Adam([theta], betas=(course.mu, course.beta2), **plain),
    }
    return theta, make[rule]()


TORCH_RULES = ("gradient descent", "momentum", "Nesterov", "Adagrad", "RMSProp", "Adam")

Step = Callable[[np.ndarray, np.ndarray, int], np.ndarray]  # position, gradient, step from 0 -> position


def stepper(rule: str, course: Course, slopes: Slopes, readers: dict[str, Callable]) -> Step:
    """One rule from the course's start, as a function that walks a step."""
    start = np.array(course.start)
    if rule in TORCH_RULES:
        theta, optimizer = torch_rule(rule, start, course)

        def by_torch(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
            theta.grad = torch.from_numpy(gradient.copy())
            optimizer.step()
            return theta.numpy().copy()

        return by_torch
    if rule == "Newton":

        def by_newton(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
            if np.abs(gradient).max() < 1e-13:  # it has arrived: don't pay for more Hessians
                return position.copy()
            return newton(position, gradient, slopes.bends(position[None], step)[0], course)

        return by_newton
    return _by_reader(rule, course, slopes, readers[rule])


def newton(position: np.ndarray, gradient: np.ndarray, bend: np.ndarray, course: Course) -> np.ndarray:
    """A whole step of Newton's, with `damping` added to every curvature; none where that can't be solved."""
    bend = bend + course.damping * np.eye(2)
    if abs(np.linalg.det(bend)) < 1e-12:
        return position.copy()
    return position - np.linalg.solve(bend, gradient)


def _by_reader(rule: str, course: Course, slopes: Slopes, function: Callable) -> Step:
    memory: dict[str, Any] = {"state": None, "theta": np.array(course.start), "p": np.zeros(2)}

    def momentum(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        position, memory["p"] = function(position, memory["p"], gradient, course.lr, course.mu)
        return position

    def nesterov(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        # torch keeps the look-ahead point, so that is what is compared and drawn
        memory["theta"], memory["p"] = function(
            memory["theta"], memory["p"], lambda theta: slopes.at(theta[None], step)[0], course.lr, course.mu
        )
        return memory["theta"] + course.mu * memory["p"]

    def adam(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        position, memory["state"] = function(
            position, gradient, memory["state"], alpha=course.lr, beta1=course.mu, beta2=course.beta2
        )
        return position

    def mine(position: np.ndarray, gradient: np.ndarray, step: int) -> np.ndarray:
        position, memory["state"] = function(position, gradient, memory["state"], step + 1)
        return position

    return {"your momentum_step": momentum, "your nesterov_step": nesterov, "your adam_step": adam, MINE: mine}[rule]


def guarded(functions: dict[str, Callable | None]) -> dict[str, Callable]:
    """The reader's functions by the name of their line, safe to call; those that are None are left out."""
    returns: dict[str, dict[str, Any]] = {
        "your momentum_step": {"theta": 0, "p": 1},
        "your nesterov_step": {"theta": 0, "p": 1},
        "your adam_step": {"theta": 0, "state": None},
        MINE: {"theta": 0, "state": None},
    }
    return {name: reader_rule(f, returns[name]) for name, f in functions.items() if f is not None}


def race(
    rules: list[str], course: Course, steps: int, readers: dict[str, Callable]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Paths (steps + 1, 2) of rules from one start, NaN from where one is lost; and those that aren't written yet."""
    slopes = Slopes(course, steps)
    walkers = {rule: stepper(rule, course, slopes, readers) for rule in rules}
    paths = {rule: np.full((steps + 1, 2), np.nan) for rule in rules}
    waiting: list[str] = []
    for found in paths.values():
        found[0] = course.start
    with np.errstate(all="ignore"):
        for step in range(steps):
            if not walkers:
                break
            names = list(walkers)
            here = np.array([paths[rule][step] for rule in names])
            for rule, position, gradient in zip(names, here, slopes.at(here, step), strict=True):
                try:
                    there = walkers[rule](position, gradient, step)
                except ReaderError as error:
                    if not isinstance(error.__cause__, NotImplementedError):  # a stub waits, all else is shown
                        raise
                    waiting.append(rule)
                    del walkers[rule]
                    continue
                paths[rule][step + 1] = there
                if not (np.abs(there) < LOST).all():
                    paths[rule][step + 1] = np.nan
                    del walkers[rule]
    return {rule: found for rule, found in paths.items() if rule not in waiting}, waiting


def basins(rule: str, course: Course, size: int = 60, steps: int = 300) -> np.ndarray:
    """From which of size by size starts a rule gets to which minimum: its number from 1, or 0 for none; row 0 lowest."""
    (left, right), (low, high) = course.surface.domain
    half_x, half_y = (right - left) / size / 2, (high - low) / size / 2
    x, y = np.linspace(left + half_x, right - half_x, size), np.linspace(low + half_y, high - half_y, size)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    slopes = Slopes(course, steps)
    theta, optimizer = torch_rule(rule, points, course) if rule in TORCH_RULES else (torch.tensor(points), None)
    with np.errstate(all="ignore"):
        for step in range(steps if optimizer else 50):
            gradient = slopes.at(points, step)
            if optimizer is None:
                bend = slopes.bends(points, step) + course.damping * np.eye(2)
                points = points - (np.linalg.pinv(bend, hermitian=True) @ gradient[..., None])[..., 0]
                points = np.where(np.abs(points) < LOST, points, 0.9 * LOST)
                continue
            theta.grad = torch.from_numpy(gradient)
            optimizer.step()
            points = theta.numpy()
    minima = np.array(course.surface.minima_for(**dict(course.parameters)))[:, :2]
    away = np.nan_to_num(np.linalg.norm(points[:, None] - minima, axis=-1), nan=np.inf)
    reached = np.where(away.min(axis=1) < 0.2, away.argmin(axis=1) + 1, 0)
    return reached.reshape(size, size)
