"""Lecture 10: maps of what a network reacts to, pictures that a unit likes, and images that fool it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from course.digit_nets import accuracy, digit_images, trained
from course.figure import BLUE, GREY, ORANGE, PURPLE
from course.stage import (
    Stage,
    button,
    choice,
    field,
    int_slider,
    line,
    panel,
    reader_rule,
    rects,
    slider,
    texts,
)
from course.stage.layers import Panel


def _rule(function: Callable[..., Any], **returns: Any) -> Callable[..., Any]:
    """A reader's function, safe to call, on one thread: fastest for networks as small as these."""
    safe = reader_rule(function, returns, framework="torch")

    def call(*arguments: Any) -> Any:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return safe(*arguments)
        finally:
            torch.set_num_threads(threads)

    return call


def _ink(image: torch.Tensor) -> tuple[torch.Tensor, dict[str, Any]]:
    """An image from black to white."""
    return image, {"colors": "gray", "limits": (0, 1)}


def _signed(image: torch.Tensor, reach: float | None = None) -> tuple[torch.Tensor, dict[str, Any]]:
    """A map that is red where positive, blue where negative, white at zero."""
    reach = max(image.abs().max().item(), 1e-12) if reach is None else reach
    return image, {"colors": "RdBu_r", "limits": (-reach, reach)}


def _strip(
    pictures: Sequence[tuple[torch.Tensor, dict[str, Any]]], words: Sequence[str], title: str, width: float = 1.0
) -> Panel:
    """Pictures (8, 8) in rows of three, each with words below, row 0 of a picture on top."""
    places = [(10 * (k // 3), 9 * (k % 3)) for k in range(len(pictures))]
    drawn = [
        field(image.detach().double().numpy(), x=(left, left + 8), y=(top, top + 8), cells=True, **how)
        for (top, left), (image, how) in zip(places, pictures, strict=True)
    ]
    return panel(
        *drawn,
        texts([left + 4 for _, left in places], [top + 8.8 for top, _ in places], list(words), size=11),
        equal=True,
        axes=False,
        xlim=(0, 9 * min(3, len(pictures)) - 1),
        ylim=(places[-1][0] + 9.5, 0),
        title=title,
        width=width,
    )


@lru_cache(maxsize=1)
def _gallery_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten test digits, one of each class, that the convolutional network reads well."""
    _, _, images, labels = digit_images()
    with torch.no_grad():
        right = trained("convolutional")(images).argmax(dim=1) == labels
    chosen = [int(torch.nonzero((labels == k) & right)[1]) for k in range(10)]
    return images[chosen], labels[chosen]


# ------------------------------------------------------------------------------------------ maps

METHODS = ("gradient", "gradient × input", "SmoothGrad", "integrated gradients")
BASELINES = {"black": 0.0, "white": 1.0, "mean image": None}
LAYERS = {"none": (), "the last": (7,), "the last two": (3, 7), "all": (0, 3, 7)}
RANDOM = {"the last": "its last layer", "the last two": "its last two layers", "all": "all its layers"}


@lru_cache(maxsize=8)
def _randomised(which: str, seed: int) -> nn.Sequential:
    net = copy.deepcopy(trained("convolutional"))
    with torch.random.fork_rng():
        torch.manual_seed(100 + seed)
        for place in LAYERS[which]:
            net[place].reset_parameters()
    return net


def saliency(
    gradient: Callable[..., Any], smooth: Callable[..., Any], integrate: Callable[..., Any], **settings: Any
) -> Stage:
    """Maps sharpen with averaging, the baseline decides what white means, and a map that survives random weights shows the image.

    gradient(model, x, target), smooth(model, x, target, noise), integrate(model, x, baseline, target, steps): the reader's
    input_gradient, smoothgrad and integrated_gradients
    """
    plain = _rule(gradient, gradient=1)
    smoothed = _rule(smooth, average=1)
    integrated = _rule(integrate, attributions=1)
    trained("convolutional")  # before the clock of a scene runs
    noise, other_noise = torch.randn((2, 64, 1, 1, 8, 8), generator=torch.Generator().manual_seed(0))

    def attribution(
        net: nn.Module,
        x: torch.Tensor,
        target: torch.Tensor,
        method: str,
        sigma: float,
        samples: int,
        steps: int,
        start: torch.Tensor,
    ) -> torch.Tensor:
        if method == "SmoothGrad":
            return smoothed(net, x, target, sigma * noise[:samples])
        if method == "integrated gradients":
            return integrated(net, x, start, target, steps)
        g = plain(net, x, target)
        return g if method == "gradient" else g * x

    def scene(
        digit: int, method: str, sigma: float, samples: int, steps: int, baseline: str, layers: str, weights: int
    ) -> tuple[list, str]:
        images, labels = _gallery_digits()
        x, target = images[digit : digit + 1], labels[digit : digit + 1]
        value = BASELINES[baseline]
        start = images.mean(dim=0, keepdim=True) if value is None else torch.full_like(x, value)
        ways = {"trained": trained("convolutional")}
        if layers != "none":
            ways["random weights"] = _randomised(layers, weights)
        maps = {name: attribution(net, x, target, method, sigma, samples, steps, start) for name, net in ways.items()}
        pictures = [_ink(x[0, 0]), *(_signed(m[0, 0]) for m in maps.values())]
        panels = [_strip(pictures, [f"a {digit}", *maps], method)]
        shown = maps["trained"]
        with torch.no_grad():
            ends = [ways["trained"](point)[0, target].item() for point in (x, start)]
            p = ways["trained"](x).softmax(dim=1)[0, target].item()
        note = f"The network gives this {digit} a probability of {p:.3f}. "
        if method == "integrated gradients":
            note += (
                f"The attributions sum to {shown.sum().item():.4f}; from the {baseline} baseline to the image the logit "
                f"changes by {ends[0] - ends[1]:.4f}: a gap of {abs(shown.sum().item() - ends[0] + ends[1]):.2g}."
            )
        elif method == "SmoothGrad":
            again = smoothed(ways["trained"], x, target, sigma * other_noise[:samples])
            alike = torch.cosine_similarity(shown.flatten(), again.flatten(), dim=0).item()
            note += f"Averaged over {samples} noisy {'copy' if samples == 1 else 'copies'}; with other noise the map correlates by "
            note += f"{alike:.2f} with this one."
        else:
            note += (
                f"Red: more ink here speaks for the {digit}; blue: against it."
                if method == "gradient"
                else "Pixels without ink are white: their input is 0."
            )
        if len(maps) > 1:
            one, other = (m.flatten().abs() for m in maps.values())
            note += f" Beside it the map of a network with random weights in {RANDOM[layers]}; sizes correlate by "
            note += f"{np.corrcoef(one, other)[0, 1]:.2f}."
        return panels, note

    return Stage(
        scene,
        digit=int_slider(0, 9, 3, label="digit"),
        method=choice(METHODS, label="method"),
        sigma=slider(0, 1, 0.2, 0.02, label="noise σ", when={"method": "SmoothGrad"}),
        samples=int_slider(1, 64, 16, label="samples", when={"method": "SmoothGrad"}),
        steps=int_slider(1, 128, 16, label="steps", when={"method": "integrated gradients"}),
        baseline=choice(BASELINES, label="baseline", when={"method": "integrated gradients"}),
        layers=choice(LAYERS, label="randomise layers"),
        weights=button("other random weights"),
        presets={
            "plain gradient": {"method": "gradient", "layers": "none"},
            "one noisy copy": {"method": "SmoothGrad", "sigma": 0.2, "samples": 1, "layers": "none"},
            "64 noisy copies": {"method": "SmoothGrad", "sigma": 0.2, "samples": 64, "layers": "none"},
            "from black": {"method": "integrated gradients", "steps": 64, "baseline": "black", "layers": "none"},
            "from white": {"method": "integrated gradients", "steps": 64, "baseline": "white", "layers": "none"},
            "random weights": {"method": "integrated gradients", "steps": 64, "baseline": "black", "layers": "all"},
            "random weights, gradient": {"method": "gradient", "layers": "all"},
        },
        settings=settings,
        arguments={"gradient": gradient, "smooth": smooth, "integrate": integrate},
        name="demos.saliency",
    )


# ------------------------------------------------------------------------------------------ what a unit looks for

PLACES = {"convolution 1": 2, "convolution 2": 5, "output": 8}  # how many layers of the network come before
STARTS = ("grey", "noise", "a three")
FRAMES = 6


@lru_cache(maxsize=3)
def _up_to(place: str) -> nn.Sequential:
    """The network up to a layer, a channel's value its mean over all places: (N, 1, 8, 8) -> (N, channels)"""
    layers = list(trained("convolutional"))[: PLACES[place]]
    return (
        nn.Sequential(*layers) if place == "output" else nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    )


@lru_cache(maxsize=3)
def _activations(place: str) -> torch.Tensor:
    """(900, channels) of the training images"""
    with torch.no_grad():
        return _up_to(place)(digit_images()[0])


def units(maximize: Callable[..., Any], **settings: Any) -> Stage:
    """What excites a unit most is a mixture, and another one from each start: a unit is not a concept.

    maximize(model, unit, x0, steps, lr): the reader's maximize_unit
    """
    rule = _rule(maximize, images=2)
    starts = torch.stack(
        [
            torch.full((1, 8, 8), 0.5),
            torch.rand((1, 8, 8), generator=torch.Generator().manual_seed(3)),
            _start_digit(),
        ]
    )

    def scene(layer: str, unit: int, start: str, steps: int, lr: float) -> tuple[list, str]:
        net, known = _up_to(layer), _activations(layer)
        unit = min(unit, known.shape[1] - 1)
        x = starts[STARTS.index(start)][None]
        stops = np.unique(np.linspace(0, steps, FRAMES).round().astype(int))
        frames, done = [x], 0
        for stop in stops[1:]:
            frames.append(rule(net, unit, frames[-1], int(stop - done), lr))
            done = stop
        with torch.no_grad():
            values = [net(frame)[0, unit].item() for frame in frames]
        best = known[:, unit].argsort(descending=True)[:FRAMES]
        images, labels, _, _ = digit_images()
        panels = [
            _strip(
                [_ink(frame[0, 0]) for frame in frames],
                [f"{stop}: {value:.2g}" for stop, value in zip(stops, values, strict=True)],
                "after so many steps: activation",
            ),
            _strip(
                [_ink(images[i, 0]) for i in best],
                [f"a {labels[i]}: {known[i, unit]:.2g}" for i in best],
                "training images that excite it most",
            ),
        ]
        read = trained("convolutional")(frames[-1]).softmax(dim=1)[0].detach()
        note = f"Unit {unit} of {layer}: from {values[0]:.3g} to {values[-1]:.3g}; the strongest training image has "
        note += f"{known[:, unit].max():.3g}. "
        note += f"The network reads the last picture as {int(read.argmax())}, with a probability of {read.max():.2f}."
        return panels, note

    return Stage(
        scene,
        layer=choice(PLACES, "output", label="layer"),
        unit=int_slider(0, 15, 3, label="unit"),
        start=choice(STARTS, label="start"),
        steps=int_slider(1, 60, 30, label="steps"),
        lr=slider(0.05, 1, 0.2, 0.05, label="step size"),
        presets={
            "output 3 from grey": {"layer": "output", "unit": 3, "start": "grey", "steps": 30, "lr": 0.2},
            "output 3 from noise": {"layer": "output", "unit": 3, "start": "noise", "steps": 30, "lr": 0.2},
            "output 8 from a three": {"layer": "output", "unit": 8, "start": "a three", "steps": 10, "lr": 0.2},
            "a channel of convolution 2": {
                "layer": "convolution 2",
                "unit": 5,
                "start": "grey",
                "steps": 30,
                "lr": 0.2,
            },
            "a channel of convolution 1": {
                "layer": "convolution 1",
                "unit": 2,
                "start": "grey",
                "steps": 30,
                "lr": 0.2,
            },
        },
        settings=settings,
        arguments={"maximize": maximize},
        name="demos.units",
    )


@lru_cache(maxsize=1)
def _start_digit() -> torch.Tensor:
    images, labels = _gallery_digits()
    return images[labels == 3][0]


# ------------------------------------------------------------------------------------------ attacks

RADII = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
MANY = 300


def attacks(fgsm: Callable[..., Any], pgd: Callable[..., Any], **settings: Any) -> Stage:
    """Many small projected steps beat one large one, and both are tiny beside noise that does as much harm.

    fgsm(model, x, y, eps), pgd(model, x, y, eps, step, steps): the reader's fgsm_attack and pgd_attack
    """
    once = _rule(fgsm, images=1)
    often = _rule(pgd, images=1)

    trained("dense")  # before the clock of a scene runs

    def crowd() -> tuple[torch.Tensor, torch.Tensor]:
        _, _, images, labels = digit_images()
        return images[:MANY], labels[:MANY]

    @lru_cache(maxsize=1)
    def fgsm_curve() -> np.ndarray:
        x, y = crowd()
        net = trained("dense")
        return np.array([accuracy(net, x, y), *(accuracy(net, once(net, x, y, float(eps)), y) for eps in RADII)])

    @lru_cache(maxsize=64)
    def pgd_curve(steps: int) -> np.ndarray:
        x, y = crowd()
        net = trained("dense")
        hit = [accuracy(net, often(net, x, y, float(eps), _step(float(eps), steps), steps), y) for eps in RADII]
        return np.array([accuracy(net, x, y), *hit])

    def scene(digit: int, eps: float, steps: int) -> tuple[list, str]:
        net = trained("dense")
        images, labels = _gallery_digits()
        x, y = images[digit : digit + 1], labels[digit : digit + 1]
        attacked = often(net, x, y, eps, _step(eps, steps), steps)
        with torch.no_grad():
            before, after = (net(image).softmax(dim=1)[0].numpy() for image in (x, attacked))
        k = np.arange(10)
        radii = np.concatenate([[0], RADII])
        panels = [
            _strip(
                [_ink(x[0, 0]), _signed(10 * (attacked - x)[0, 0], reach=3.0), _ink(attacked[0, 0])],
                ["clean", "change × 10", "attacked"],
                f"a {digit}",
                width=2.0,
            ),
            panel(
                rects(k - 0.4, 0, 0.4, before, color=GREY, label="clean"),
                rects(k, 0, 0.4, after, color=ORANGE, label="attacked"),
                x="class",
                y="probability",
                xticks=range(10),
                xlim=(-0.6, 9.6),
                ylim=(0, 1),
                title="grey: clean, orange: attacked",
            ),
            panel(
                line(radii, fgsm_curve(), color=PURPLE, label="FGSM"),
                line(
                    radii,
                    pgd_curve(steps),
                    color=BLUE,
                    marker="o",
                    every=1,
                    label=f"PGD, {steps} step{'s' if steps > 1 else ''}",
                ),
                line([eps, eps], [0, 1], color=GREY, width=1),
                x="ε",
                y=f"accuracy on {MANY} digits",
                xlim=(0, 0.31),
                ylim=(0, 1),
                key=True,
            ),
        ]
        said = int(after.argmax())
        note = f"No pixel moves by more than {(attacked - x).abs().max().item():.3g} of 1. The network read "
        note += f"{int(before.argmax())} ({before.max():.2f}) and "
        note += f"{'still does' if said == int(before.argmax()) else f'now reads {said}'} ({after[said]:.2f})."
        return panels, note

    return Stage(
        scene,
        digit=int_slider(0, 9, 8, label="digit"),
        eps=slider(0, 0.5, 0.1, 0.01, label="ε"),
        steps=choice([1, 2, 5, 10, 20, 40], 10, label="steps"),
        presets={
            "harmless": {"eps": 0.02, "steps": 10},
            "one step": {"eps": 0.1, "steps": 1},
            "ten steps": {"eps": 0.1, "steps": 10},
            "forty steps": {"eps": 0.15, "steps": 40},
            "far too much": {"eps": 0.5, "steps": 40},
        },
        settings=settings,
        arguments={"fgsm": fgsm, "pgd": pgd},
        budget=8.0,  # a curve of 40 steps on a busy machine
        name="demos.attacks",
    )


def _step(eps: float, steps: int) -> float:
    """Far enough to cross the ball two and a half times; for a single step to its end."""
    return eps if steps == 1 else 2.5 * eps / steps


# ------------------------------------------------------------------------------------------ gallery

LECTURE = 10
DEMOS: tuple[str, ...] = ()
WITHOUT_STAND_INS = ("saliency", "units", "attacks")  # no library here explains or attacks a network
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {}
