"""Lecture 03: a line through the XOR points, curves from kinks, and folding."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    Panel,
    ReaderError,
    Stage,
    choice,
    field,
    int_slider,
    line,
    panel,
    points,
    reader_rule,
    slider,
    texts,
)

BITS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
PALE = ["#ffffff", "#cfe3f5"]  # where a unit is off, and where it is on
EDGE = (-0.6, 1.6)


def _unit(x: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """1.0 where w . x + b > 0, else 0.0, for points in rows."""
    return np.heaviside(np.tensordot(x, w, axes=([-1], [-1])) + b, 0.0)


def _square(size: int = 111) -> np.ndarray:
    """(size, size, 2): a grid over the picture of the four points."""
    ticks = np.linspace(*EDGE, size)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1)


def _boundary(w: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of the line w . x + b = 0, many of them in the picture, so that its label finds where it leaves."""
    length = w @ w
    along = np.array([-w[1], w[0]]) / np.sqrt(length)
    foot = -b * w / length
    places = foot + np.outer(np.linspace(-5, 5, 401), along)
    return places[:, 0], places[:, 1]


def _four_points(said: np.ndarray) -> list:
    """The XOR points: filled stars are 1, dots are 0; a cross behind those that come out wrong."""
    wrong = said != XOR
    layers = [points(BITS[wrong], color=ORANGE, marker="X", size=15)] if wrong.any() else []
    return [
        *layers,
        points(BITS[XOR == 1], color=GREEN, marker="*", size=13),
        points(BITS[XOR == 0], color=INK, marker="o", size=7),
        texts(BITS[:, 0], BITS[:, 1] + 0.2, [f"XOR {t}" for t in XOR], halo=True),
    ]


def _region(Z: np.ndarray) -> Any:
    return field(Z, x=EDGE, y=EDGE, cells=True, colors=PALE, limits=(0, 1))


def _axes(title: str, *layers: Any, **names: Any) -> Panel:
    return panel(*layers, **({"x": "x₁", "y": "x₂"} | names), title=title, xlim=EDGE, ylim=EDGE, equal=True)


def xor(network: Callable[..., Any] | None = None, **settings: Any) -> Stage:
    """One unit gets at most three of the XOR points; a hidden layer moves them until one line is enough.

    network(): the reader's xor_network, for the second view; without it there is only the first
    """
    rule = None if network is None else reader_rule(network, {"W1": (2, 2), "b1": (2,), "w2": (2,), "b2": ()})
    views = ["one unit"] if rule is None else ["one unit", "your network"]

    def one_unit(w1: float, w2: float, b: float) -> tuple[list, str]:
        w = np.array([w1, w2])
        said = _unit(BITS, w, b)
        right = int((said == XOR).sum())
        layers = [_region(_unit(_square(), w, b))]
        if w.any():
            layers.append(line(*_boundary(w, b), color=BLUE))
        note = f"{right} of the 4 points are right."
        if right == 3:
            note += " The fourth, with the cross, is on the wrong side; try to bring it over without losing another."
        return [_axes("where the unit is on (shaded)", *layers, *_four_points(said))], note

    def two_layers() -> tuple[list, str]:
        W1, b1, w2, b2 = rule()
        square = _square()
        hidden = np.stack([_unit(square, w, b) for w, b in zip(W1, b1, strict=True)], axis=-1)
        at_bits = np.stack([_unit(BITS, w, b) for w, b in zip(W1, b1, strict=True)], axis=-1)
        said = _unit(at_bits, w2, b2)
        cuts = [
            line(*_boundary(w, b), color=color, label=f"h{'₁₂'[unit]}")
            for unit, (w, b, color) in enumerate(zip(W1, b1, (BLUE, PURPLE), strict=True))
            if w.any()
        ]
        left = _axes("the inputs, cut by two hidden units", _region(_unit(hidden, w2, b2)), *cuts, *_four_points(said))
        places: dict[tuple, list[str]] = {}
        for bits, place in zip(BITS, at_bits, strict=True):
            places.setdefault(tuple(place), []).append("".join(map(str, bits)))
        where = np.array(list(places))
        names = [" and ".join(together) for together in places.values()]
        wanted = [XOR[[f"{a}{c}" for a, c in BITS].index(together[0])] for together in places.values()]
        moved = [
            points(place[None], color=GREEN if t else INK, marker="*" if t else "o", size=13 if t else 8)
            for place, t in zip(where, wanted, strict=True)
        ]
        middle = [line(*_boundary(w2, b2), color=BLUE, label="output")] if w2.any() else []
        right = _axes(
            "what the output unit sees",
            _region(_unit(square, w2, b2)),
            *middle,
            *moved,
            texts(where[:, 0], where[:, 1] + np.where(wanted, -0.28, 0.2), names, halo=True),
            x="h₁",
            y="h₂",
        )
        return [left, right], (
            f"{int((said == XOR).sum())} of the 4 points are right. The hidden layer sends the four inputs to {len(where)} places, "
            + "; ".join(f"{name} to ({p[0]:.0f}, {p[1]:.0f})" for name, p in zip(names, where, strict=True))
            + "."
        )

    def scene(view: str, w1: float, w2: float, b: float) -> tuple[list, str]:
        return one_unit(w1, w2, b) if view == "one unit" else two_layers()

    lonely = {"view": "one unit"}
    presets = {
        "at least one bit": {**lonely, "w1": 1.0, "w2": 1.0, "b": -0.5},
        "both bits": {**lonely, "w1": 1.0, "w2": 1.0, "b": -1.5},
        "not both": {**lonely, "w1": -1.0, "w2": -1.0, "b": 1.5},
        "only the first": {**lonely, "w1": 1.0, "w2": -1.0, "b": -0.5},
    }
    if rule is not None:
        presets["your network"] = {"view": "your network"}
    return Stage(
        scene,
        view=choice(views, label="show"),
        w1=slider(-2, 2, 1.0, 0.1, label="weight w₁", when=lonely),
        w2=slider(-2, 2, 0.6, 0.1, label="weight w₂", when=lonely),
        b=slider(-2, 2, 0.4, 0.1, label="bias b", when=lonely),
        presets=presets,
        settings=settings,
        arguments={} if network is None else {"network": network},
        name="demos.xor",
    )


# ------------------------------------------------------------------------------------------ curves from kinks

INTERVAL = (-2.0, 2.0)
FLOOR = 1e-4  # the smallest error that the picture shows
COUNTS = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 60)


def interpolation(
    interpolant: Callable[..., Any], formula: Callable[[np.ndarray], Any] | None = None, **settings: Any
) -> Stage:
    """Curves from kinks: the error falls like the square of the number of knots where the target is smooth.

    interpolant(x, y): the reader's relu_interpolant; formula(s): a target of the reader's, array to array
    """
    anything = {"w1": None, "b1": None, "w2": None, "b2": ()}
    rule = reader_rule(interpolant, anything)
    names = ["sin 3s", "|s|", "a step of width w"] + ([] if formula is None else ["your formula"])
    own = None if formula is None else reader_rule(formula, {"values": 0})
    fine = np.linspace(*INTERVAL, 2001)

    def value(target: str, width: float, s: np.ndarray) -> np.ndarray:
        if target == "sin 3s":
            return np.sin(3 * s)
        if target == "|s|":
            return np.abs(s)
        return np.tanh(s / width) if target == "a step of width w" else own(s)

    def knots(target: str, width: float, count: int, spacing: str) -> np.ndarray:
        if spacing == "even":
            return np.linspace(*INTERVAL, count)
        bend = np.abs(np.gradient(np.gradient(value(target, width, fine), fine), fine))
        density = np.sqrt(bend) + 0.02 * np.sqrt(bend).max() + 1e-9
        reached = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
        return np.interp(np.linspace(0, reached[-1], count), reached, fine)

    @lru_cache(maxsize=256)
    def built(target: str, width: float, count: int, spacing: str) -> tuple[np.ndarray, ...]:
        x = knots(target, width, count, spacing)
        w1, b1, w2, b2 = rule(x, value(target, width, x))
        w1, b1, w2 = (np.asarray(a, dtype=float) for a in (w1, b1, w2))
        if not w1.shape == b1.shape == w2.shape or w1.ndim != 1:
            raise ReaderError(
                f"relu_interpolant returned w1 {w1.shape}, b1 {b1.shape}, w2 {w2.shape}; all should be (H,)."
            )
        return x, w1, b1, w2, b2

    def units(s: np.ndarray, w1: np.ndarray, b1: np.ndarray, w2: np.ndarray) -> np.ndarray:
        """(len(s), H): what each hidden unit adds to the output."""
        return w2 * np.clip(np.multiply.outer(s, w1) + b1, 0, None)

    def error(target: str, width: float, count: int, spacing: str) -> float:
        _, w1, b1, w2, b2 = built(target, width, count, spacing)
        return float(np.abs(units(fine, w1, b1, w2).sum(axis=1) + b2 - value(target, width, fine)).max())

    def scene(target: str, width: float, count: int, spacing: str) -> tuple[list, str]:
        x, w1, b1, w2, b2 = built(target, width, count, spacing)
        s = np.linspace(-2.6, 2.6, 521)
        added = units(s, w1, b1, w2)
        truth = value(target, width, s)
        low, high = min(truth.min(), -1.0), max(truth.max(), 1.0)
        room = 0.25 * (high - low)
        fit = panel(
            line([INTERVAL[0]] * 2, [low - room, high + room], color=GREY, width=1),
            line([INTERVAL[1]] * 2, [low - room, high + room], color=GREY, width=1),
            line(s, truth, color=GREEN, label="target"),
            line(s, np.clip(added.sum(axis=1) + b2, low - 9, high + 9), color=BLUE),
            points(x, value(target, width, x), color=INK, marker="o", size=4.5),
            x="s",
            y="f(s)",
            xlim=(-2.6, 2.6),
            ylim=(low - room, high + room),
            title="the network",
        )
        reach = max(1.0, float(np.abs(added[(s >= -2) & (s <= 2)]).max()))
        parts = panel(
            *[line(s, added[:, unit], color=PURPLE, width=1, dash="-") for unit in range(added.shape[1])],
            x="s",
            y="w₂ relu(w₁ s + b₁)",
            xlim=(-2.6, 2.6),
            ylim=(-reach, reach),
            title=f"what each of {added.shape[1]} hidden units adds",
        )
        errors = np.array([error(target, width, n, spacing) for n in COUNTS]).clip(1e-16)
        now = max(error(target, width, count, spacing), 1e-16)
        guide = (errors[7] if errors[7] > 1e-12 else errors[6:9].max()) * (np.array(COUNTS) / COUNTS[7]) ** -2.0
        shown = errors > 1e-12
        curve = panel(
            line(COUNTS, guide, color=GREY, width=1, label="slope −2"),
            *([line(np.array(COUNTS)[shown], errors[shown], color=ORANGE, marker="X")] if shown.any() else []),
            points([count], [1.6 * FLOOR if now < 1e-12 else max(now, FLOOR)], color=ORANGE, marker="o", size=9),
            *([texts([count], [3.5 * FLOOR], ["0"], halo=True)] if now < 1e-12 else []),
            x="knots",
            xlog=True,
            ylog=True,
            xlim=(1, 100),
            ylim=(FLOOR, 10),
            title="largest error on [−2, 2]",
        )
        said = f"largest error on [−2, 2] is {now:.3g}"
        if now < 1e-6:
            said = "fit on [−2, 2] is exact, but for " + ("rounding" if now < 1e-12 else "less than a millionth")
        half = error(target, width, max(2, round(count / 2)), spacing)
        ratio = (
            f", {half / now:.3g} times less than with half as many" if now > 1e-6 and half > now and count >= 4 else ""
        )
        return [fit, parts, curve], f"{count} knots, {spacing}: the {said}{ratio}."

    presets = {
        "a wave": {"target": "sin 3s", "count": 8, "spacing": "even"},
        "a wave, twice the knots": {"target": "sin 3s", "count": 16, "spacing": "even"},
        "a kink between the knots": {"target": "|s|", "count": 10, "spacing": "even"},
        "a kink on a knot": {"target": "|s|", "count": 11, "spacing": "even"},
        "a steep step": {"target": "a step of width w", "width": 0.05, "count": 16, "spacing": "even"},
        "a steep step, adapted": {"target": "a step of width w", "width": 0.05, "count": 16, "spacing": "adapted"},
    }
    return Stage(
        scene,
        target=choice(names, label="target"),
        width=slider(0.02, 1.0, 0.2, 0.01, label="width w", when={"target": "a step of width w"}),
        count=int_slider(2, 60, 8, label="knots"),
        spacing=choice(["even", "adapted"], label="spacing"),
        presets=presets,
        settings=settings,
        arguments={"interpolant": interpolant} | ({} if formula is None else {"formula": formula}),
        name="demos.interpolation",
    )


# ------------------------------------------------------------------------------------------ folding


def folding(network: Callable[..., Any], forward: Callable[..., Any], **settings: Any) -> Stage:
    """Each layer of two units doubles the pieces; a single hidden layer must pay one unit a kink.

    network(depth), forward(X, weights, biases, activation): the reader's tent_network and mlp_forward
    """
    build = reader_rule(network, {"weights": None, "biases": None})
    run = reader_rule(forward, {"outputs": None})
    depths = np.arange(1, 9)

    def scene(depth: int) -> tuple[list, str]:
        weights, biases = build(depth)
        s = np.linspace(0, 1, 2**11 + 1)
        y = np.asarray(run(s[:, None], list(weights), list(biases), "relu"), dtype=float)
        if y.shape != (len(s), 1):
            raise ReaderError(f"mlp_forward returned shape {y.shape} where {(len(s), 1)} is expected.")
        y = y[:, 0]
        slopes = np.sign(np.diff(y))
        pieces = 1 + int((slopes[1:] != slopes[:-1]).sum())
        units = sum(len(b) for b in biases[:-1])
        left = panel(
            line(s, y, color=BLUE, width={6: 1.2, 7: 0.8, 8: 0.5}.get(depth, 1.8)),
            x="x",
            y=f"the tent, folded {depth} time{'s' if depth > 1 else ''}",
            xlim=(0, 1),
            ylim=(-0.05, 1.05),
        )
        right = panel(
            line(depths, 2.0 * depths, color=BLUE, marker="o", label="deep"),
            line(depths, 2.0**depths - 1, color=PURPLE, marker="s", label="shallow"),
            points([depth, depth], [units, 2**depth - 1], color=ORANGE, marker="X", size=9),
            x="depth",
            y="hidden units",
            ylog=True,
            xlim=(0.6, 8.4),
            xticks=depths,
            ylim=(0.9, 300),
            yticks=(1, 10, 100),
        )
        return [left, right], (
            f"Your network has {depth} hidden layer{'s' if depth > 1 else ''} with {units} units in all, and {pieces} pieces. "
            f"One hidden layer needs at least {2**depth - 1} unit{'s' if depth > 1 else ''} for {2**depth} pieces."
        )

    return Stage(
        scene,
        depth=int_slider(1, 8, 5, label="depth"),
        presets={"one fold": {"depth": 1}, "two": {"depth": 2}, "four": {"depth": 4}, "eight": {"depth": 8}},
        settings=settings,
        arguments={"network": network, "forward": forward},
        name="demos.folding",
    )


LECTURE = 3
DEMOS = ("xor",)  # in the gallery
# Only an answer to their exercises could drive these, and there are none here: they wait for the reader's.
WITHOUT_STAND_INS = ("interpolation", "folding")
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {}
