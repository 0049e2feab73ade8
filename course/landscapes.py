"""Ten surfaces to descend, and the thirteen problems on which an update rule of one's own is tried.

A landscape is called by its name, as a function of x and y:

    landscapes.ravine(x, y, kappa=100.0)            heights, of the shape that x and y broadcast to
    landscapes.ravine.gradient(x, y)                df/dx and df/dy, in the same shape
    landscapes.ravine.hessian(x, y)                 (..., 2, 2)

Numbers and arrays in, numpy out; float64 tensors in, tensors out, ready for `torch.autograd`. It knows its `domain`
((x_min, x_max), (y_min, y_max)), a `start` (x, y), a learning rate `lr`, its `minima` as (x, y, height), its `saddle` (x, y)
or None, and its `parameters` with their defaults. What depends on parameters: `lr_for`, `minima_for`.

Torch is loaded when a height is asked for, not when this module is imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from course import data

Minimum = tuple[float, float, float]  # x, y, height
CONTOURS = 25  # levels of `Landscape.relief`, in even steps


@dataclass(frozen=True)
class Landscape:
    """A surface; see the module. f: its height by torch operations; domain, start, lr: for its default parameters."""

    f: Callable[..., Any]
    domain: tuple[tuple[float, float], tuple[float, float]]
    start: tuple[float, float]
    lr: float
    minima: tuple[Minimum, ...] = ()
    saddle: tuple[float, float] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    rates: Callable[..., float] | None = None
    lowest_points: Callable[..., tuple[Minimum, ...]] | None = None

    @property
    def name(self) -> str:
        return self.f.__name__

    @property
    def description(self) -> str:
        """What is special about it, in a sentence."""
        return self.f.__doc__ or ""

    def __call__(self, x: Any, y: Any, **parameters: Any) -> Any:
        """The height at x, y: arrays (or numbers) that broadcast against each other -> float64 array of their shape."""
        if _is_tensor(x) or _is_tensor(y):
            return self.f(x, y, **parameters)
        return self.f(*_tensors(x, y), **parameters).numpy()

    def gradient(self, x: Any, y: Any, **parameters: Any) -> tuple[np.ndarray, np.ndarray]:
        """The slopes df/dx and df/dy, each of the shape that x and y broadcast to."""
        x, y = (z.requires_grad_() for z in _tensors(x, y))
        slopes = _torch().autograd.grad(self.f(x, y, **parameters).sum(), (x, y))
        return slopes[0].numpy(), slopes[1].numpy()

    def hessian(self, x: Any, y: Any, **parameters: Any) -> np.ndarray:
        """The second derivatives, (..., 2, 2): [[xx, xy], [yx, yy]]."""
        x, y = (z.requires_grad_() for z in _tensors(x, y))
        grad = _torch().autograd.grad
        slopes = grad(self.f(x, y, **parameters).sum(), (x, y), create_graph=True)
        rows = []
        for slope in slopes:
            if slope.requires_grad:
                row = grad(slope.sum(), (x, y), retain_graph=True, allow_unused=True, materialize_grads=True)
            else:  # a constant slope, as that of the plane
                row = (_torch().zeros_like(x), _torch().zeros_like(y))
            rows.append(np.stack([second.numpy() for second in row], axis=-1))
        return np.stack(rows, axis=-2)

    def lr_for(self, **parameters: Any) -> float:
        """A learning rate with which gradient descent gets along under these parameters."""
        return self.rates(**(self.parameters | parameters)) if self.rates else self.lr

    def minima_for(self, **parameters: Any) -> tuple[Minimum, ...]:
        """The minima (x, y, height) under these parameters; none for a plane."""
        return self.lowest_points(**(self.parameters | parameters)) if self.lowest_points else self.minima

    def floor(self, **parameters: Any) -> float:
        """The lowest height: of the minima, or where there are none, of the domain's corners."""
        minima = self.minima_for(**parameters)
        if minima:
            return min(height for _, _, height in minima)
        x, y = np.meshgrid(*self.domain)
        return float(self(x, y, **parameters).min())

    def relief(self, x: Any, y: Any, **parameters: Any) -> np.ndarray:
        """log10 of the height above the floor (and 0.001 more), on which contours are drawn in even steps."""
        above = self(x, y, **parameters) - self.floor(**parameters)
        return np.log10(np.maximum(above, 0) + 1e-3)


LANDSCAPES: dict[str, Landscape] = {}


def _landscape(**facts: Any) -> Callable[[Callable[..., Any]], Landscape]:
    """Decorator: the landscape whose height is this function, entered in LANDSCAPES."""

    def make(f: Callable[..., Any]) -> Landscape:
        defaults = dict(zip(f.__code__.co_varnames[2 : f.__code__.co_argcount], f.__defaults__ or (), strict=True))
        LANDSCAPES[f.__name__] = found = Landscape(f, parameters=defaults, **facts)
        return found

    return make


@_landscape(domain=((-3, 3), (-3, 3)), start=(-2.5, 2.0), lr=0.1, minima=((0.0, 0.0, 0.0),))
def bowl(x: Any, y: Any) -> Any:
    """The same curvature, 1, in every direction."""
    return (x**2 + y**2) / 2


@_landscape(
    domain=((-3, 3), (-3, 3)),
    start=(-2.5, 1.0),
    lr=0.02,
    minima=((0.0, 0.0, 0.0),),
    rates=lambda kappa, phi: 1 / kappa,
)
def ravine(x: Any, y: Any, kappa: float = 50.0, phi: float = 0.0) -> Any:
    """A valley with curvature 1 along and kappa across, turned by phi degrees."""
    c, s = math.cos(math.radians(phi)), math.sin(math.radians(phi))
    return ((x * c + y * s) ** 2 + kappa * (-x * s + y * c) ** 2) / 2


@_landscape(domain=((-2, 2), (-1, 3)), start=(-1.5, 2.0), lr=0.01, minima=((1.0, 1.0, 0.0),))
def rosenbrock(x: Any, y: Any, b: float = 10.0) -> Any:
    """Rosenbrock's bent valley (1960): easy to find, slow to follow. b is the steepness of its walls."""
    return (1 - x) ** 2 + b * (y - x**2) ** 2


@_landscape(
    domain=((-2, 2), (-2, 2)),
    start=(1.8, 1.5),
    lr=0.1,
    minima=((-1.0466805318046022, 0.0, -0.35238607380003645), (0.9456492739235914, 0.0, -0.15263944177378452)),
    saddle=(0.10103125788101081, 0.0),
)
def two_wells(x: Any, y: Any) -> Any:
    """A shallow well on the right, a deeper one on the left, and a pass between them."""
    return x**4 / 4 - x**2 / 2 + 0.1 * x + y**2 / 2


@_landscape(
    domain=((-2, 2), (-2, 2)),
    start=(1.5, 0.001),
    lr=0.1,
    minima=((0.0, 1.0, -0.25), (0.0, -1.0, -0.25)),
    saddle=(0.0, 0.0),
)
def saddle(x: Any, y: Any) -> Any:
    """A pass that is a valley in x and a ridge in y, between two minima."""
    return x**2 / 2 - y**2 / 2 + y**4 / 4


_PLATEAU_MINIMA = {
    "squared error": ((1.0327901146368748, 0.0, 0.07897329771276841),),
    "cross-entropy": ((1.3511121596805635, 0.0, 0.4607008948664368),),
}


@_landscape(
    domain=((-8, 8), (-8, 8)),
    start=(-7.0, 0.0),
    lr=1.0,
    minima=_PLATEAU_MINIMA["squared error"],
    lowest_points=lambda loss: _PLATEAU_MINIMA[loss],
)
def plateau(x: Any, y: Any, loss: str = "squared error") -> Any:
    """Six examples under logistic(x a + y); loss: "squared error", flat far out, or "cross-entropy", which is not."""
    if loss not in _PLATEAU_MINIMA:
        raise ValueError(f'loss must be "squared error" or "cross-entropy", not {loss!r}')
    torch = _torch()
    a = torch.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 2.0], dtype=x.dtype)
    t = torch.tensor([0.0, 0.0, 1.0, 0.0, 1.0, 1.0], dtype=x.dtype)
    z = x[..., None] * a + y[..., None]
    if loss == "squared error":
        return ((torch.sigmoid(z) - t) ** 2).mean(-1) / 2
    return torch.nn.functional.binary_cross_entropy_with_logits(z, t.expand_as(z), reduction="none").mean(-1)


@_landscape(
    domain=((-5, 5), (-5, 5)),
    start=(0.0, 0.0),
    lr=0.5,
    minima=(
        (3.0, 2.0, 0.0),
        (-2.805118086952745, 3.131312518250573, 0.0),
        (-3.779310253377747, -3.283185991286170, 0.0),
        (3.584428340330492, -1.848126526964404, 0.0),
    ),
)
def himmelblau(x: Any, y: Any) -> Any:
    """Himmelblau's function (1972), a hundredth of it: four equally deep minima, so that the start decides."""
    return ((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2) / 100


@_landscape(
    domain=((-5, 3), (-2, 2)), start=(-2.5, 1.5), lr=0.5, minima=((0.8836968128526582, 0.0, 0.12833775912248985),)
)
def cliff(x: Any, y: Any) -> Any:
    """A gentle slope that leads to the foot of a wall; the wall throws a long step far back."""
    return (x - 2) ** 2 / 10 + y**2 / 20 + 4 * _torch().sigmoid(60 * (x - 1))


@_landscape(
    domain=((-1, 5), (-4, 2)),
    start=(4.5, 1.5),
    lr=0.1,
    lowest_points=lambda data: (_least_squares(*_line()) if data is None else _least_squares(*data),),
)
def noisy(x: Any, y: Any, data: tuple[Any, Any] | None = None) -> Any:
    """Mean of half the squared error of the line x a + y on `data.line_data()`; data: (a, t), for instance of a batch."""
    torch = _torch()
    a, t = (torch.as_tensor(values, dtype=x.dtype) for values in (_line() if data is None else data))
    return ((x[..., None] * a + y[..., None] - t) ** 2).mean(-1) / 2


@_landscape(domain=((0, 40), (-2, 2)), start=(0.0, 0.0), lr=0.1)
def plane(x: Any, y: Any) -> Any:
    """Slope 1 down towards x, for ever: here a rule shows its top speed."""
    return -x + 0 * y


@cache
def _line() -> tuple[np.ndarray, np.ndarray]:
    return data.line_data()


def _least_squares(a: np.ndarray, t: np.ndarray) -> Minimum:
    """The line through points (a, t) with the smallest mean squared error, as a minimum of `noisy`."""
    slope, intercept = np.linalg.lstsq(np.column_stack([a, np.ones(len(a))]), t, rcond=None)[0]
    return float(slope), float(intercept), float(np.mean((slope * a + intercept - t) ** 2) / 2)


def _torch() -> Any:
    import torch

    return torch


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach")


def _tensors(x: Any, y: Any) -> tuple[Any, Any]:
    """x and y as float64 tensors of the same shape, cut off from what they came from."""
    x, y = (z.detach() if _is_tensor(z) else z for z in (x, y))
    x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    return _torch().tensor(x), _torch().tensor(y)


# ------------------------------------------------------------------------------------------ the thirteen problems


@dataclass(frozen=True)
class Problem:
    """A cost to bring down. f (D,) -> number, grad (D,) -> (D,), start (D,), minimum: the lowest cost."""

    name: str
    f: Callable[[np.ndarray], float]
    grad: Callable[[np.ndarray], np.ndarray]
    start: np.ndarray
    minimum: float

    def solved(self, theta: np.ndarray) -> bool:
        """Whether theta has at most a thousandth of the start's cost above the minimum."""
        if not np.isfinite(theta).all():
            return False
        with np.errstate(all="ignore"):
            return bool(self.f(theta) - self.minimum <= 1e-3 * (self.f(self.start) - self.minimum))


def optimizer_problems(seed: data.Seed) -> list[Problem]:
    """The thirteen problems of `my_optimizer`.

    Nine rotated quadratics in ten dimensions (condition number 10, 100, 1000; largest curvature 0.1, 1, 100), Rosenbrock's
    valley with b = 10 and 100, the saddle, entered a thousandth beside its ridge, and a logistic regression whose columns
    differ in scale by 200.
    """
    rng = np.random.default_rng(seed)
    quadratics = [_quadratic(rng, condition, largest) for condition in (10, 100, 1000) for largest in (0.1, 1, 100)]
    valleys = [_rosenbrock_problem(rng, b) for b in (10, 100)]
    return [*quadratics, *valleys, _saddle_problem(rng), _badly_scaled_classifier(rng)]


def score_card(
    rule: Callable[[np.ndarray, np.ndarray, Any, int], tuple[np.ndarray, Any]], seed: data.Seed, steps: int = 500
) -> dict[str, bool]:
    """Which of the thirteen problems a rule solves in so many steps: name -> whether it does.

    rule: (theta, grad, state, step) -> (theta, state); state is None first, step counts from 1
    """
    card = {}
    for problem in optimizer_problems(seed):
        theta, state = problem.start.copy(), None
        with np.errstate(all="ignore"):
            for step in range(1, steps + 1):
                theta, state = rule(theta.copy(), problem.grad(theta), state, step)
                if not np.isfinite(theta).all():
                    break
        card[problem.name] = problem.solved(theta)
    return card


def _quadratic(rng: np.random.Generator, condition: float, largest: float) -> Problem:
    """Curvatures in even ratios from largest / condition to largest, in random directions, about a random centre."""
    Q = np.linalg.qr(rng.normal(size=(10, 10)))[0]
    A = Q * np.geomspace(largest / condition, largest, 10) @ Q.T
    centre = rng.normal(size=10)
    return Problem(
        f"quadratic, condition {condition}, largest curvature {largest}",
        lambda theta: float((theta - centre) @ A @ (theta - centre) / 2),
        lambda theta: A @ (theta - centre),
        centre + 2 * rng.normal(size=10),
        0.0,
    )


def _rosenbrock_problem(rng: np.random.Generator, b: float) -> Problem:
    def grad(theta: np.ndarray) -> np.ndarray:
        x, y = theta
        return np.array([-2 * (1 - x) - 4 * b * x * (y - x**2), 2 * b * (y - x**2)])

    start = np.array([-1.5, 2.0]) + 0.1 * rng.normal(size=2)
    return Problem(f"Rosenbrock {b}", lambda theta: float(rosenbrock.f(*theta, b)), grad, start, 0.0)


def _saddle_problem(rng: np.random.Generator) -> Problem:
    return Problem(
        "saddle",
        lambda theta: float(saddle.f(*theta)),
        lambda theta: np.array([theta[0], theta[1] ** 3 - theta[1]]),
        np.array([1.5, 1e-3 * rng.choice([-1, 1])]),
        -0.25,
    )


def _badly_scaled_classifier(rng: np.random.Generator) -> Problem:
    """80 examples, 5 columns of scale 0.1 to 20, a tenth of the labels flipped, weight decay 0.001."""
    scale = np.array([0.1, 0.5, 1, 5, 20])
    X = rng.normal(size=(80, 5)) * scale
    t = (X @ (rng.normal(size=5) / scale) > 0) * 1.0
    t = np.where(rng.random(80) < 0.1, 1 - t, t)

    def f(w: np.ndarray) -> float:
        z = X @ w
        return float(np.mean(np.logaddexp(0, z) - t * z) + 5e-4 * (w @ w))

    def probability(w: np.ndarray) -> np.ndarray:
        return (1 + np.tanh(X @ w / 2)) / 2  # the logistic function, without overflow

    def grad(w: np.ndarray) -> np.ndarray:
        return X.T @ (probability(w) - t) / len(t) + 1e-3 * w

    w = np.zeros(5)
    for _ in range(100):  # Newton's steps, shortened
        y = probability(w)
        w = w - 0.7 * np.linalg.solve((X.T * (y * (1 - y))) @ X / len(t) + 1e-3 * np.eye(5), grad(w))
    return Problem("badly scaled classifier", f, grad, np.zeros(5), f(w))
