"""Optimisers race down a landscape, the reader's own rule among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from course.demos.optimization.rules import (
    LOOK,
    MINE,
    TORCH_RULES,
    YOURS,
    Course,
    basins,
    guarded,
    race,
    torch_rule,
)
from course.figure import GREEN, INK, ORANGE
from course.landscapes import LANDSCAPES
from course.stage import (
    Stage,
    button,
    choice,
    choices,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    point,
    points,
    slider,
    surface,
    table,
    texts,
    toggle,
)

KEPT = 256  # paths
WHERE = {
    "ravine": "In the ravine",
    "rosenbrock": "In Rosenbrock's valley",
    "two_wells": "Over the two wells",
    "himmelblau": "On Himmelblau's ground",
    "noisy": "In the noisy bowl",
    "bowl": "In the bowl",
}
BASINS = ("himmelblau", "two_wells", "saddle")
BASIN_COLORS = ["#ffffff", "#a9cdee", "#c9a6d3", "#f6c39c", "#a3c7b3"]  # none, then blue, purple, orange, green, pale


def landscape_racer(
    my_rule: Callable[..., Any] | None = None,
    momentum: Callable[..., Any] | None = None,
    nesterov: Callable[..., Any] | None = None,
    adam: Callable[..., Any] | None = None,
    **settings: Any,
) -> Stage:
    """Rules race down a landscape. Those of torch run at once; the reader's are drawn over them.

    my_rule: update(theta, grad, state, step) -> theta, state, such as my_optimizer; it is told nothing else
    momentum, nesterov, adam: the reader's momentum_step, nesterov_step, adam_step, drawn dashed over torch's
    """
    functions = dict(zip([*YOURS.values(), MINE], (momentum, nesterov, adam, my_rule), strict=True))
    readers = guarded(functions)
    kept: dict[tuple, np.ndarray] = {}
    first = Course("bowl", (), (0.0, 0.0), 0.1, 0.9, 0.999, 0.0, False, 0.0, 64, 0)
    torch_rule("Adam", np.zeros(2), first)  # torch loads the rest of itself with its first optimizer

    def paths_of(rules: list[str], course: Course, steps: int) -> tuple[dict[str, np.ndarray], list[str]]:
        """From what was computed before, and the rest in one race."""
        missing = [rule for rule in rules if len(kept.get(course.key(rule), ())) <= steps]
        waiting: list[str] = []
        if missing:
            found, waiting = race(missing, course, steps, readers)
            kept.update((course.key(rule), path) for rule, path in found.items())
            while len(kept) > KEPT:
                kept.pop(next(iter(kept)))
        there = [rule for rule in rules if rule not in waiting]
        return {rule: kept[course.key(rule)][: steps + 1] for rule in there}, waiting

    basins_of = lru_cache(maxsize=16)(basins)

    def scene(
        landscape: str,
        view: str,
        rules: list[str],
        start: tuple[float, float],
        lr: float,
        mu: float,
        beta2: float,
        damping: float,
        kappa: float,
        phi: float,
        b: float,
        loss: str,
        batch: int,
        clip: bool,
        sigma: float,
        noise: int,
        show_basins: bool,
        steps: int,
        time: int,
    ) -> tuple[list, str]:
        named = {"ravine": {"kappa": kappa, "phi": phi}, "rosenbrock": {"b": b}, "plateau": {"loss": loss}}
        parameters = named.get(landscape, {})
        ground = LANDSCAPES[landscape]
        (left, right), (low, high) = ground.domain
        begin = float(np.clip(start[0], left, right)), float(np.clip(start[1], low, high))
        course = Course(
            landscape, tuple(parameters.items()), begin, lr, mu, beta2, damping, clip, sigma, batch, noise
        )  # fmt: skip
        running = [rule for rule in rules if rule != MINE or MINE in readers]
        yours = [YOURS[rule] for rule in running if YOURS.get(rule) in readers]
        paths, waiting = paths_of(running + yours, course, steps)
        time = min(time, steps)
        colored = None
        if show_basins and landscape in BASINS and view == "map":
            by = next((rule for rule in running if rule in (*TORCH_RULES, "Newton")), "gradient descent")
            colored = by, basins_of(by, _without(course, sigma=0.0, start=(0.0, 0.0)))
        heights = {
            rule: ground(path[:, 0], path[:, 1], **parameters) - _zero(landscape, parameters)
            for rule, path in paths.items()
        }
        pictures = [
            _ground(course, parameters, view, paths, time, begin, colored and colored[1]),
            _heights(landscape, heights, time, steps),
            _speeds(paths, time, steps),
            _results(course, parameters, paths, heights, time),
        ]
        note = _note(landscape, parameters, heights, time, colored and colored[0])
        if MINE in rules and MINE not in readers:
            note += " MY RULE waits for a function: demos.landscape_racer(my_optimizer)."
        note += "".join(f" {name[0].upper() + name[1:]} is not written yet." for name in waiting)
        return pictures, note

    own = {"sets": lambda now: {"start": LANDSCAPES[now["landscape"]].start, "lr": _rate(now)}}
    return Stage(
        scene,
        landscape=choice(list(LANDSCAPES), "ravine", label="landscape"),
        view=choice(["map", "surface"], label="view"),
        kappa=log_slider(1, 1000, 50.0, label="condition number κ", when={"landscape": "ravine"}),
        phi=slider(0, 90, 0.0, 1, label="turned by φ", unit="°", when={"landscape": "ravine"}),
        b=log_slider(1, 100, 10.0, label="steepness b", when={"landscape": "rosenbrock"}),
        loss=choice(["squared error", "cross-entropy"], label="loss", when={"landscape": "plateau"}),
        batch=choice([1, 4, 16, 64], 4, label="batch size S", when={"landscape": "noisy"}),
        show_basins=toggle(False, label="basins of attraction", when={"landscape": list(BASINS)}),
        rules=choices(list(LOOK), ["gradient descent", "momentum"], label="rules"),
        start=point(-2.5, 1.0, xlim=(-8, 40), ylim=(-8, 8), label="start"),
        own_start=button("start and α of this landscape", **own),
        lr=log_slider(1e-4, 10, 0.03, label="learning rate α"),
        mu=slider(0, 0.999, 0.9, 0.001, label="μ (Adam's β₁)"),
        beta2=slider(0.5, 0.9999, 0.999, 0.0001, label="β₂"),
        damping=slider(0, 5, 0.0, 0.05, label="Newton's damping"),
        clip=toggle(False, label="clip the gradient at norm 1"),
        sigma=slider(0, 2, 0.0, 0.05, label="gradient noise σ"),
        noise=button("new noise"),
        steps=int_slider(1, 500, 150, label="steps"),
        time=play("steps", label="time"),
        presets=PRESETS,
        settings=settings,
        arguments={"my_rule": my_rule, "momentum": momentum, "nesterov": nesterov, "adam": adam},
        budget=5.0,
        name="demos.landscape_racer",
    )


_QUIET = {"clip": False, "sigma": 0.0, "mu": 0.9, "beta2": 0.999, "damping": 0.0, "view": "map", "show_basins": False}
_RAVINE = {**_QUIET, "landscape": "ravine", "kappa": 50.0, "phi": 0.0, "start": (-2.5, 1.0), "steps": 150, "time": 0}
PRESETS: dict[str, dict[str, Any]] = {  # each waits at its start, so that one can guess
    "zigzag": {**_RAVINE, "rules": ["gradient descent"], "lr": 0.038},
    "with momentum": {**_RAVINE, "rules": ["gradient descent", "momentum"], "lr": 0.03, "mu": 0.75},
    "one third faster": {**_RAVINE, "rules": ["gradient descent", "momentum"], "lr": 0.0405, "mu": 0.75},
    "Adam on the axes": {**_RAVINE, "rules": ["momentum", "RMSProp", "Adam"], "lr": 0.05},
    "turned by 45°: why?": {**_RAVINE, "rules": ["momentum", "RMSProp", "Adam"], "lr": 0.05, "phi": 45.0},
    "start on the ridge": {
        **_QUIET,
        "landscape": "saddle",
        "rules": ["gradient descent", "momentum", "Adam"],
        "start": (1.5, 0.0),
        "lr": 0.1,
        "steps": 100,
        "time": 0,
    },
    "a thousandth beside it": {
        **_QUIET,
        "landscape": "saddle",
        "rules": ["gradient descent", "momentum", "Newton"],
        "start": (1.5, 0.001),
        "lr": 0.1,
        "steps": 100,
        "time": 0,
    },
    "plateau, squared error": {
        **_QUIET,
        "landscape": "plateau",
        "loss": "squared error",
        "rules": ["gradient descent", "momentum", "Adam"],
        "start": (-7.0, 0.0),
        "lr": 1.0,
        "steps": 200,
        "time": 0,
    },
    "plateau, cross-entropy": {
        **_QUIET,
        "landscape": "plateau",
        "loss": "cross-entropy",
        "rules": ["gradient descent", "momentum", "Adam"],
        "start": (-7.0, 0.0),
        "lr": 1.0,
        "steps": 200,
        "time": 0,
    },
    "at the foot of the cliff": {
        **_QUIET,
        "landscape": "cliff",
        "rules": ["gradient descent"],
        "start": (-2.5, 1.5),
        "lr": 0.5,
        "steps": 150,
        "time": 0,
    },
    "the same, clipped": {
        **_QUIET,
        "landscape": "cliff",
        "rules": ["gradient descent"],
        "start": (-2.5, 1.5),
        "lr": 0.5,
        "steps": 150,
        "time": 0,
        "clip": True,
    },
    "which well?": {
        **_QUIET,
        "landscape": "two_wells",
        "rules": ["gradient descent", "momentum"],
        "start": (1.8, 1.5),
        "lr": 0.1,
        "steps": 150,
        "time": 0,
        "show_basins": True,
    },
    "four basins: descent": {
        **_QUIET,
        "landscape": "himmelblau",
        "rules": ["gradient descent"],
        "start": (0.0, 0.0),
        "lr": 0.1,
        "steps": 150,
        "time": 0,
        "show_basins": True,
    },
    "four basins: momentum": {
        **_QUIET,
        "landscape": "himmelblau",
        "rules": ["momentum"],
        "start": (0.0, 0.0),
        "lr": 0.1,
        "steps": 150,
        "time": 0,
        "show_basins": True,
    },
    "terminal velocity": {
        **_QUIET,
        "landscape": "plane",
        "rules": ["gradient descent", "momentum", "Nesterov", "Adagrad", "Adam"],
        "start": (0.0, 0.0),
        "lr": 0.1,
        "steps": 60,
        "time": 0,
    },
    "all in a bent valley": {
        **_QUIET,
        "landscape": "rosenbrock",
        "b": 10.0,
        "rules": list(LOOK),
        "start": (-1.5, 2.0),
        "lr": 0.01,
        "steps": 500,
        "time": 0,
    },
    "noise of four examples": {
        **_QUIET,
        "landscape": "noisy",
        "rules": ["gradient descent", "momentum"],
        "start": (4.5, 1.5),
        "lr": 0.1,
        "batch": 4,
        "steps": 200,
        "time": 0,
    },
}


def _rate(now: dict[str, Any]) -> float:
    """The landscape's own learning rate under its present parameters."""
    ground = LANDSCAPES[now["landscape"]]
    return float(ground.lr_for(**{name: now[name] for name in ground.parameters if name in now}))


def _without(course: Course, **changes: Any) -> Course:
    from dataclasses import replace

    return replace(course, **changes)


def _zero(landscape: str, parameters: dict[str, Any]) -> float:
    """From where heights are measured: the lowest minimum; the plane has none."""
    return 0.0 if landscape == "plane" else LANDSCAPES[landscape].floor(**parameters)


@lru_cache(maxsize=32)
def _grid(landscape: str, parameters: tuple[tuple[str, Any], ...]) -> np.ndarray:
    ground = LANDSCAPES[landscape]
    x, y = np.meshgrid(np.linspace(*ground.domain[0], 81), np.linspace(*ground.domain[1], 81))
    return ground.relief(x, y, **dict(parameters))


def _look(rule: str) -> dict[str, Any]:
    """Colour, dash and width of a rule's line; what the reader wrote of a classic lies dashed upon it."""
    if rule in YOURS.values():
        return {"color": ORANGE, "dash": "--", "width": 1.3}
    color, dash, _ = LOOK[rule]
    return {"color": color, "dash": dash, "width": 2.0}


def _ground(
    course: Course,
    parameters: dict[str, Any],
    view: str,
    paths: dict[str, np.ndarray],
    time: int,
    begin: tuple[float, float],
    colored: np.ndarray | None,
) -> Any:
    ground = course.surface
    x, y = ground.domain
    relief = _grid(course.landscape, course.parameters)
    minima = ground.minima_for(**parameters)
    walked = {rule: path[: time + 1] for rule, path in paths.items()}
    walked = {rule: path[np.isfinite(path).all(axis=1)] for rule, path in walked.items()}
    if view == "surface":
        lines = []
        for rule, path in walked.items():
            inside = (x[0] <= path[:, 0]) & (path[:, 0] <= x[1]) & (y[0] <= path[:, 1]) & (path[:, 1] <= y[1])
            z = np.where(inside, ground.relief(path[:, 0], path[:, 1], **parameters) + 0.03, np.nan)
            lines.append(line(path[:, 0], path[:, 1], z, label=rule, **_look(rule)))
        return panel(
            surface(relief, x=x, y=y, z="log height"), *lines, x="x", y="y", key=True, width=1.5
        )  # fmt: skip
    if colored is None:
        below = [field(relief, x=x, y=y, bands=True, limits=_ends(relief), opacity=0.55)]
    else:
        numbers = [str(k + 1) for k in range(len(minima))]
        below = [field(colored, x=x, y=y, cells=True, colors=BASIN_COLORS[: len(minima) + 1])]
        below.append(texts([m[0] for m in minima], [m[1] - 0.06 * (y[1] - y[0]) for m in minima], numbers, halo=True))
    stars = [points([m[0] for m in minima], [m[1] for m in minima], color=GREEN, size=11)] if minima else []
    if ground.saddle:
        stars.append(points([ground.saddle[0]], [ground.saddle[1]], color=INK, marker="+", size=10))
    lines = []
    for rule, path in walked.items():
        marker = "" if rule in YOURS.values() else LOOK[rule][2]
        every = 1 if time <= 40 and len(walked) <= 3 else 0
        lines.append(line(path, marker=marker, every=every, label=rule, **_look(rule)))
    return panel(
        *below, *stars, *lines, handle("start", begin, color=ORANGE),
        x="x", y="y", xlim=x, ylim=y, key=True, width=1.3, equal=course.landscape != "plane",
    )  # fmt: skip


def _ends(relief: np.ndarray) -> tuple[float, float]:
    return float(relief.min()), float(max(relief.max(), relief.min() + 1e-6))


def _heights(landscape: str, heights: dict[str, np.ndarray], time: int, steps: int) -> Any:
    """f above its minimum, on a logarithmic axis down to a millionth of a millionth."""
    lines = []
    for rule, f in heights.items():
        f = f[: time + 1]
        if landscape != "plane":
            f = np.where(f < 1e12, np.maximum(f, 1e-12), np.nan)
        lines.append(line(np.arange(len(f)), f, **_look(rule)))
    name = "height f" if landscape == "plane" else "f − min f"
    return panel(*lines, x="step", y=name, xlim=(0, steps), ylog=landscape != "plane", title="how high")


def _speeds(paths: dict[str, np.ndarray], time: int, steps: int) -> Any:
    lines = []
    for rule, path in paths.items():
        moved = np.linalg.norm(np.diff(path[: time + 1], axis=0), axis=1)
        if len(moved):
            lines.append(line(np.arange(1, len(moved) + 1), np.where(moved > 1e-12, moved, np.nan), **_look(rule)))
    return panel(*lines, x="step", y="length of the step", xlim=(0, steps), ylog=True, title="how fast")


def _results(
    course: Course,
    parameters: dict[str, Any],
    paths: dict[str, np.ndarray],
    heights: dict[str, np.ndarray],
    time: int,
) -> Any:
    minima = course.surface.minima_for(**parameters)
    rows, colors = [], []
    for rule, path in paths.items():
        end, height = path[time], heights[rule][time]
        if np.isfinite(end).all():
            away = min((np.hypot(end[0] - m[0], end[1] - m[1]) for m in minima), default=np.nan)
            rows.append((rule, f"{height:.2g}", f"{away:.2g}" if minima else "–", ""))
        else:
            rows.append((rule, "–", "–", f"diverged at {np.isfinite(path).all(axis=1).argmin()}"))
        colors.append(_look(rule)["color"])
    name = "f" if course.landscape == "plane" else "f − min f"
    return table(["rule", name, "to a minimum", ""], rows, title=f"after {time} steps", colors=colors)


def _note(landscape: str, parameters: dict[str, Any], heights: dict[str, np.ndarray], time: int, by: str | None) -> str:
    there = {rule: f[time] for rule, f in heights.items() if rule not in YOURS.values()}
    lost = [rule for rule, f in there.items() if not np.isfinite(f)]
    there = {rule: f for rule, f in there.items() if np.isfinite(f)}
    where = WHERE.get(landscape, f"On the {landscape}")
    colours = f" The colours say which minimum {by} reaches from there; white: none of them in 300 steps." if by else ""
    if not time:
        return f"{where}, at the start: guess, then press play.{colours}"
    said = f"{where}, {time} steps from the start"
    if there:
        best = min(there, key=there.__getitem__)
        height = f"f = {there[best]:.3g}" if landscape == "plane" else f"{there[best]:.2g} above the minimum"
        alone = len(there) == 1
        said += f", {best} is {height}" if alone else f", {best} is lowest, {height}"
    said += "." if not lost else f"; {' and '.join(lost)} diverged."
    return said + colours
