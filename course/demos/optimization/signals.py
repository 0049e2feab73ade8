"""Signals through many layers, forward and back: what the size of the first weights does to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from course.figure import BLUE, GREEN, GREY, ORANGE
from course.stage import Stage, button, choice, field, int_slider, line, log_slider, panel, reader_rule

EXAMPLES = 60
BINS = 41
MESSAGES = (-8.0, 4.0)  # powers of ten that are told apart
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "ReLU": (lambda z: np.maximum(z, 0), lambda h: (h > 0) * 1.0),
}
"""Name -> activation of z, and its slope as a function of what came out."""
EQUAL = "all equal"


def signal_sizes(init_weights: Callable[..., Any], **settings: Any) -> Stage:
    """The sizes of activations and of backward messages, layer by layer, with the reader's first weights.

    init_weights(fan_in, fan_out, scheme, rng): the reader's
    """
    draw = reader_rule(init_weights, {"weights": lambda fan_in, fan_out, scheme, rng: (fan_out, fan_in)})

    @lru_cache(maxsize=2)
    def weights(depth: int, width: int, scheme: str, seed: int) -> list[np.ndarray]:
        if scheme == EQUAL:  # of the size that a random weight has
            return [np.full((width, width), 1 / width)] * depth
        rng = np.random.default_rng(seed)
        return [draw(width, width, scheme, rng).astype(np.float32) for _ in range(depth)]

    @lru_cache(maxsize=16)
    def sizes(depth: int, width: int, activation: str, scheme: str, factor: float, seed: int) -> tuple[np.ndarray, ...]:
        forward, backward = signals(weights(depth, width, scheme, seed), activation, factor, seed)
        low, high = (-1.0, 1.0) if activation == "tanh" else (0.0, 3.0)
        bins = np.linspace(low, high, BINS + 1)
        shares = np.array([np.histogram(np.clip(h, low, high), bins)[0] / h.size for h in forward[1:]])
        bins = np.linspace(*MESSAGES, BINS + 1)
        messages = (np.clip(np.log10(np.abs(b) + 1e-30), *MESSAGES) for b in backward)
        told = np.array([np.histogram(message, bins)[0] / message.size for message in messages])
        between = [h - h.mean(axis=1, keepdims=True) for h in forward]
        of_layer = (np.array([_root_mean_square(s) for s in some]) for some in (forward, backward, between))
        return shares.T, told.T, *of_layer

    def scene(scheme: str, factor: float, activation: str, depth: int, width: int, seed: int) -> tuple[list, str]:
        shares, told, forward, backward, between = sizes(depth, width, activation, scheme, factor, seed)
        layer = np.arange(depth + 1)
        low, high = (-1, 1) if activation == "tanh" else (0, 3)
        histograms = panel(
            field(
                np.log10(shares + 1e-4), x=(0.5, depth + 0.5), y=(low, high), cells=True, limits=(-3, 0)
            ),
            x="layer",
            y="activation" if activation == "tanh" else "activation (above 3: at 3)",
            xlim=(0.5, depth + 0.5),
            ylim=(low, high),
            title="forward: a histogram in each column",
        )  # fmt: skip
        messages = panel(
            field(np.log10(told + 1e-4), x=(-0.5, depth + 0.5), y=MESSAGES, cells=True, limits=(-3, 0)),
            x="layer",
            y="log₁₀ |message|",
            xlim=(-0.5, depth + 0.5),
            ylim=MESSAGES,
            title="backward: the same",
        )
        curves = panel(
            line([0, depth], [1, 1], color=GREY, width=1),
            line(layer, _shown(forward), color=BLUE, marker="o", label="forward"),
            line(layer, _shown(backward), color=ORANGE, marker="X", label="backward"),
            *([line(layer, _shown(between), color=GREEN, label="between units")] if scheme == EQUAL else []),
            x="layer",
            y="root mean square",
            xlim=(0, depth),
            ylim=(1e-8, 1e8),
            ylog=True,
            title="size of the signals",
        )
        return [histograms, messages, curves], _note(scheme, activation, depth, forward, backward)

    return Stage(
        scene,
        scheme=choice(["lecun", "glorot", "he", EQUAL], "lecun", label="first weights"),
        factor=log_slider(0.2, 3, 1.0, label="times this factor"),
        activation=choice(list(ACTIVATIONS), "tanh", label="activation"),
        depth=int_slider(1, 30, 20, label="layers"),
        width=int_slider(10, 500, 100, 10, label="units a layer"),
        seed=button("new weights"),
        presets={
            "good": {"scheme": "lecun", "factor": 1.0, "activation": "tanh"},
            "too small": {"scheme": "lecun", "factor": 0.5, "activation": "tanh"},
            "too large: saturated": {"scheme": "lecun", "factor": 3.0, "activation": "tanh"},
            "ReLU forgets half: why?": {"scheme": "lecun", "factor": 1.0, "activation": "ReLU"},
            "ReLU with its factor 2": {"scheme": "he", "factor": 1.0, "activation": "ReLU"},
            "ReLU explodes": {"scheme": "he", "factor": 2.0, "activation": "ReLU"},
            "all equal": {"scheme": EQUAL, "factor": 1.0, "activation": "tanh"},
        },
        settings=settings,
        arguments={"init_weights": init_weights},
        name="demos.signal_sizes",
    )


def signals(
    weights: list[np.ndarray], activation: str, factor: float, seed: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Standard normal inputs through the layers, and standard normal messages back from the last.

    Returns forward: inputs and the activations of each layer (EXAMPLES, width), and backward: the derivatives by the
    same quantities, in the same order.
    """
    squash, slope = ACTIVATIONS[activation]
    rng = np.random.default_rng([seed, 1])
    width = weights[0].shape[1]
    forward = [rng.normal(size=(EXAMPLES, width)).astype(np.float32)]
    with np.errstate(all="ignore"):
        for W in weights:
            forward.append(squash(forward[-1] @ (factor * W).T))
        message = rng.normal(size=(EXAMPLES, width)).astype(np.float32)
        backward = [message]
        for W, h in zip(reversed(weights), reversed(forward[1:]), strict=True):
            backward.append((backward[-1] * slope(h)) @ (factor * W))
    return forward, backward[::-1]


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _shown(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 1e-8, 1e8)


def _note(scheme: str, activation: str, depth: int, forward: np.ndarray, backward: np.ndarray) -> str:
    if scheme == EQUAL:
        return (
            "All weights are equal, so all units of a layer say the same, and are told the same on the way back: "
            f"their difference is 0 after the first layer and stays 0. After {depth} layers the signal has the size "
            f"{forward[-1]:.2g}."
        )
    said = f"Through {depth} layers of {activation} the signal goes from 1 to {forward[-1]:.2g}, "
    said += f"the message back from 1 to {backward[0]:.2g}: "
    if forward[-1] < 0.03 or backward[0] < 0.03:
        return said + "it vanishes."
    if forward[-1] > 30 or backward[0] > 30:
        return said + "it explodes."
    if min(forward[-1], backward[0]) < 0.5:
        return said + "smaller, but far from gone."
    return said + "both keep their size, roughly."
