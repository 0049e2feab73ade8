"""Lecture 09: kernels on pictures, windows on a strip, what a unit sees, and digits out of place."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from course import data
from course.figure import BLUE, GREY, INK, ORANGE, PURPLE
from course.image_networks import centred_reader, one_thread, seen_by_gradient, share_right
from course.stage import (
    ReaderError,
    Stage,
    choice,
    field,
    int_slider,
    line,
    number,
    panel,
    points,
    reader_rule,
    rects,
    slider,
    texts,
    toggle,
)

# ------------------------------------------------------------------------------------------ kernels on pictures

THREE, FIVE = "3 × 3", "5 × 5"
_edge = np.array([[-1.0, 0, 1]] * 3)
_binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])
KERNELS = {
    "identity": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": np.full((3, 3), 0.11),
    "vertical edges": _edge,
    "horizontal edges": _edge.T,
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "Gaussian, 5 × 5": (_binomial / 256).round(2),
}


@lru_cache(maxsize=4)
def _picture(name: str) -> np.ndarray:
    """Grey levels (rows, columns) from 0 to 1."""
    if name == "a photograph":
        photo = data.photograph("china.jpg")[:, :, 60:420, 60:600]
        return functional.avg_pool2d(photo, 6)[0, 0].numpy().astype(np.float64)
    if name == "a digit":
        X, _, _, _ = data.digits()
        return data.digit_canvas(X[4:5], size=16)[0, 0].numpy().astype(np.float64)
    dot = np.zeros((9, 11))
    dot[4, 5] = 1
    return dot


def kernel_painter(forward: Callable[..., Any], **settings: Any) -> Stage:
    """A kernel is a small template: the response is large where the picture looks like it. Opposite edges cancel without a ReLU.

    forward(x, w, b, stride, padding): the reader's conv2d_forward
    """
    rule = reader_rule(forward, {"out": None})
    names = {side: [f"w{i}{j}" for i in range(1, side + 1) for j in range(1, side + 1)] for side in (3, 5)}

    def scene(
        picture: str, size: str, stride: int, padding: int, flip: bool, relu: bool, average: bool, **cells: float
    ) -> tuple[list, str]:
        side = 3 if size == THREE else 5
        prefix = "" if side == 3 else "v"
        w = np.array([cells[prefix + name] for name in names[side]]).reshape(side, side)
        used = w[::-1, ::-1].copy() if flip else w
        image = _picture(picture)
        out = np.asarray(rule(image[None, None], used[None, None], np.zeros(1), stride, padding), dtype=float)
        expected = tuple((n + 2 * padding - side) // stride + 1 for n in image.shape)
        if out.shape != (1, 1, *expected):
            raise ReaderError(f"conv2d_forward returned shape {out.shape}; here it should be {(1, 1, *expected)}.")
        response = np.maximum(out[0, 0], 0) if relu else out[0, 0]
        up, down = response[response > 0].sum(), -response[response < 0].sum()
        h, v = response.shape
        if average:
            response = np.repeat(response.mean(axis=1, keepdims=True), v, axis=1)
        H, W = image.shape
        left = panel(
            field(image, x=(0, W), y=(H, 0), cells=True, colors="gray", limits=(0, 1)),
            equal=True,
            title=f"{picture}, {H} × {W}",
            axes=False,
        )
        middle = panel(
            field(used, x=(0, side), y=(side, 0), cells=True, colors="RdBu_r", values=True),
            equal=True,
            width=0.5,
            title="kernel, flipped" if flip else "kernel",
            axes=False,
        )
        reach = max(float(np.abs(response).max()), 0.01)
        signed = (response < 0).any()
        right = panel(
            field(
                response,
                x=(0, v),
                y=(h, 0),
                cells=True,
                colors="RdBu_r" if signed else "gray",
                limits=(-reach if signed else 0.0, reach),
                bar="response",
            ),
            equal=True,
            title=f"{'ReLU' if relu else 'response'}{', mean of each row' if average else ''}, {h} × {v}",
            axes=False,
        )
        note = f"The weights add up to {w.sum():.3g}; "
        note += f"responses above zero sum to {_sum(up)}, those below to {f'−{_sum(down)}' if down > 1e-9 else '0'}."
        note += f" The mean response is {out.clip(0).mean() if relu else round(out.mean(), 6) + 0.0:.3g}."
        return [left, middle, right], note

    def preset(name: str, **others: Any) -> dict[str, Any]:
        kernel = KERNELS[name]
        side, prefix = len(kernel), "" if len(kernel) == 3 else "v"
        values = dict(zip([prefix + cell for cell in names[side]], kernel.ravel().tolist(), strict=True))
        return (
            {
                "size": THREE if side == 3 else FIVE,
                "stride": 1,
                "padding": 0,
                "flip": False,
                "relu": False,
                "average": False,
            }
            | values
            | others
        )

    presets = {name: preset(name) for name in KERNELS}
    presets["edges, averaged"] = preset("vertical edges", picture="a digit", padding=1, average=True)
    presets["edges, ReLU, averaged"] = preset("vertical edges", picture="a digit", padding=1, average=True, relu=True)
    presets["one bright pixel"] = preset("vertical edges", picture="one bright pixel") | {"w11": 2.0}
    five = dict(zip(names[5], KERNELS["Gaussian, 5 × 5"].ravel().tolist(), strict=True))
    return Stage(
        scene,
        picture=choice(["a photograph", "a digit", "one bright pixel"], label="input"),
        size=choice([THREE, FIVE], label="kernel"),
        stride=int_slider(1, 4, 1, label="stride"),
        **{
            name: slider(-5, 5, float(value), 0.1, label=f"row {name[1]}, column {name[2]}", when={"size": THREE})
            for name, value in zip(names[3], KERNELS["identity"].ravel(), strict=True)
        },
        **{
            f"v{name}": number(value, -5, 5, 0.1, label=f"{name[1]}, {name[2]}", when={"size": FIVE})
            for name, value in five.items()
        },
        padding=int_slider(0, 4, 0, label="padding"),
        flip=toggle(False, label="flip the kernel"),
        relu=toggle(False, label="ReLU"),
        average=toggle(False, label="average each row"),
        presets=presets,
        settings=settings,
        arguments={"forward": forward},
        name="demos.kernel_painter",
    )


def _sum(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


# ------------------------------------------------------------------------------------------ windows on a strip


def sliding_window(size: Callable[..., Any], **settings: Any) -> Stage:
    """Every position of a window on a strip of cells: strides and floors leave pixels that are never looked at.

    size(n, kernel, stride, padding, dilation): the reader's conv_output_size
    """
    rule = reader_rule(size, {"the number": ()})

    def scene(n: int, kernel: int, stride: int, padding: int, dilation: int) -> tuple[list, str]:
        span = dilation * (kernel - 1) + 1
        fits = span <= n + 2 * padding
        cells = torch.arange(1.0, n + 1)[None, None, None]
        looked = (
            functional.unfold(cells, (1, kernel), (1, dilation), (0, padding), (1, stride))[0].T.numpy()
            if fits
            else np.zeros((0, kernel))
        )  # (windows, taps): the number of the cell from 1, 0 for padding
        said: Any = None
        try:
            said = rule(n, kernel, stride, padding, dilation)
        except ReaderError as error:
            if fits or "ValueError" not in str(error):
                raise
        never = sorted(set(range(n)) - {cell - 1 for cell in looked.astype(int).ravel().tolist()})
        shown = looked[:24]
        total = n + 2 * padding
        left = -padding
        layers = [
            rects(np.arange(n), 0.1, 1, 0.8, color=INK, filled=False),
            texts(np.arange(n) + 0.5, np.full(n, 0.5), [str(i) for i in range(n)], size=10),
        ]
        if padding:
            ends = np.concatenate([np.arange(-padding, 0), np.arange(n, n + padding)])
            layers.insert(0, rects(ends, 0.1, 1, 0.8, color=GREY, opacity=0.35))
        for row, _ in enumerate(shown):
            taps = left + row * stride + dilation * np.arange(kernel)
            layers.append(line([taps[0] + 0.5, taps[-1] + 0.5], [-row - 0.6] * 2, color=BLUE, width=1))
            layers.append(rects(taps + 0.1, -row - 0.95, 0.8, 0.7, color=BLUE))
        if never:
            layers.append(points(np.array(never) + 0.5, np.full(len(never), 1.35), color=ORANGE, marker="X", size=9))
        rows = max(len(shown), 3)
        strip = panel(
            *layers,
            xlim=(-padding - 0.3, n + padding + 0.3),
            ylim=(-rows - 0.3, 1.9),
            axes=False,
            title=f"{total} cells, window {span} long",
        )
        if not fits:
            answer = "raises ValueError" if said is None else f"returns {said:g}"
            return (
                [strip],
                f"The window is {span} cells long and the padded side {total}: it fits nowhere. Your conv_output_size {answer}.",
            )
        note = f"{len(looked)} window{'s' if len(looked) != 1 else ''} fit; your conv_output_size says {said:g}"
        note += "." if said == len(looked) else ", which is not what is drawn."
        if len(looked) > len(shown):
            note += f" (The first {len(shown)} are drawn.)"
        if never:
            cells_said = ", ".join(map(str, never[:8])) + (", ..." if len(never) > 8 else "")
            note += f" Never looked at (orange crosses): {cells_said}."
        else:
            note += " Every cell is looked at."
        return [strip], note

    base = {"n": 10, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1}
    return Stage(
        scene,
        n=int_slider(1, 24, 10, label="cells n"),
        kernel=int_slider(1, 7, 3, label="taps k"),
        stride=int_slider(1, 6, 2, label="stride s"),
        padding=int_slider(0, 4, 0, label="padding p"),
        dilation=int_slider(1, 4, 1, label="dilation d"),
        presets={
            "one by one": base,
            "same size": base | {"padding": 1},
            "stride 2": base | {"stride": 2},
            "gaps": base | {"kernel": 2, "stride": 4, "n": 11},
            "dilated": base | {"dilation": 3},
            "dilated, stride 2": base | {"stride": 2, "dilation": 2, "n": 11},
            "too long": base | {"kernel": 5, "dilation": 3},
        },
        settings=settings,
        arguments={"size": size},
        name="demos.sliding_window",
    )


# ------------------------------------------------------------------------------------------ what a unit sees

DEEPEST = 5


def stack_builder(seen: Callable[..., Any], **settings: Any) -> Stage:
    """What one output unit sees of the input, layer by layer; what moves it most is far less than that.

    seen(layers): the reader's receptive_field
    """
    rule = reader_rule(seen, {"size": (), "jump": ()})

    def connections(layers: list[tuple[int, int, int]], unit: int) -> list[np.ndarray]:
        """The units that are lit, from the output down to the input, whose pixel 0 lies under the first tap of output 0."""
        lit = [np.array([unit])]
        for kernel, stride, dilation in reversed(layers):
            lit.append(np.unique(stride * lit[-1][:, None] + dilation * np.arange(kernel)))
        return lit

    def scene(depth: int, unit: int, trained: bool, **numbers: int) -> tuple[list, str]:
        layers = [tuple(numbers[f"{kind}{k}"] for kind in "ksd") for k in range(1, depth + 1)]
        size, jump = rule(list(layers))
        lit = connections(layers, unit)
        edge = [connections(layers, u)[-1] for u in (0, 4)]
        pixels = int(edge[1].max()) + 1
        jumps = np.cumprod([1] + [stride for _, stride, _ in layers])
        centres = [0.0]  # of unit 0 of each level, in input pixels
        for (kernel, _, dilation), step in zip(layers, jumps, strict=False):
            centres.append(centres[-1] + dilation * (kernel - 1) / 2 * step)
        drawn = []
        for level in range(depth + 1):
            count = 5 if level == depth else int(max(connections(layers[level:], 4)[-1])) + 1
            where = centres[level] + jumps[level] * np.arange(count)
            drawn.append(points(where, np.full(count, level), color=GREY, marker="o", size=3 if pixels > 60 else 5))
        for level in range(depth, 0, -1):
            kernel, stride, dilation = layers[level - 1]
            above = lit[depth - level]
            if len(above) * kernel <= 300:
                x, y = [], []
                for u in above:
                    for tap in range(kernel):
                        x += [
                            centres[level] + jumps[level] * u,
                            centres[level - 1] + jumps[level - 1] * (stride * u + dilation * tap),
                            np.nan,
                        ]
                        y += [level, level - 1, np.nan]
                drawn.append(line(x, y, color=BLUE, width=0.8, dash="-"))
        for level in range(depth + 1):
            units = lit[depth - level]
            drawn.append(
                points(
                    centres[level] + jumps[level] * units,
                    np.full(len(units), level),
                    color=BLUE,
                    marker="o",
                    size=4 if pixels > 60 else 6,
                )
            )
        left = panel(
            *drawn,
            x="input pixel",
            xlim=(-1.5, pixels + 0.5),
            ylim=(-0.4, depth + 0.4),
            yticks={0: "input", **{k: f"layer {k}" for k in range(1, depth + 1)}},
            title=f"what output {unit} sees",
            width=1.2,
        )
        side = int(edge[0].max()) + 1
        panels = [left]
        note = f"Your receptive_field says that a unit sees {size:g} pixels and neighbours are {jump:g} apart"
        note += (
            "." if (size, jump) == (side, int(jumps[-1])) else f"; in the drawing it is {side} and {int(jumps[-1])}."
        )
        if side > 64:
            return panels, note + " (A region of more than 64 pixels is not measured.)"
        places = np.arange(side) - (side - 1) / 2
        profiles = [("random weights", PURPLE, seen_by_gradient(tuple(layers), side, False))]
        if trained:
            profiles.append(("trained", BLUE, seen_by_gradient(tuple(layers), side, True)))
        top = max(0.02, 1.15 * max(float(p.sum(axis=0).max()) for _, _, p in profiles))
        right = panel(
            *[line([end, end], [0, top], color=GREY, width=1) for end in (-side / 2, side / 2)],
            *[line(places, p.sum(axis=0), color=colour, label=name) for name, colour, p in profiles],
            x="pixels from the middle",
            y="share of the gradient",
            xlim=(-side / 2 - 1, side / 2 + 1),
            ylim=(0, top),
            title="where the gradient lies",
            key=True,
        )
        for name, _, p in profiles:
            note += f" {name.capitalize()}: half of the gradient lies in the middle {_middle(p.sum(axis=0))} of {side} columns."
        return [left, right], note

    def layers_as(*layers: tuple[int, int, int], unit: int = 2) -> dict[str, Any]:
        chosen: dict[str, Any] = {"depth": len(layers), "unit": unit}
        for k, layer in enumerate(layers, 1):
            chosen |= {f"{kind}{k}": value for kind, value in zip("ksd", layer, strict=True)}
        return chosen

    controls = {}
    for k in range(1, DEEPEST + 1):
        when = {"depth": list(range(k, DEEPEST + 1))}
        controls[f"k{k}"] = int_slider(1, 7, 7 if k == 1 else 3, label=f"layer {k}: kernel", when=when)
        controls[f"s{k}"] = int_slider(1, 3, 1, label="stride", when=when)
        controls[f"d{k}"] = int_slider(1, 8, 1, label="dilation", when=when)
    return Stage(
        scene,
        depth=int_slider(1, DEEPEST, 1, label="layers"),
        unit=int_slider(0, 4, 2, label="output unit (from 0)"),
        trained=toggle(False, label="train it on digits, too"),
        **controls,
        presets={
            "three 3 × 3": layers_as(*[(3, 1, 1)] * 3),
            "one 7 × 7": layers_as((7, 1, 1)),
            "with strides": layers_as((3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1)),
            "dilated": layers_as((2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)),
            "five 5 × 5": layers_as(*[(5, 1, 1)] * 5),
        },
        settings=settings,
        arguments={"seen": seen},
        name="demos.stack_builder",
        budget=8.0,
    )


def _middle(profile: np.ndarray) -> int:
    """How many columns around the middle hold at least half of the sum."""
    side = len(profile)
    for left in range((side - 1) // 2, -1, -1):
        if profile[left : side - left].sum() >= 0.5 * profile.sum():
            return side - 2 * left
    return side


# ------------------------------------------------------------------------------------------ digits out of place


@lru_cache(maxsize=1)
def _test_digits() -> tuple[np.ndarray, np.ndarray]:
    _, _, X, labels = data.digits(1200, 0)
    return X[:300], labels[:300]


def _moved(images: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """Shifted canvases, black coming in."""
    return torch.nn.functional.pad(images, (3, 3, 3, 3))[:, :, 3 - down : 15 - down, 3 - right : 15 - right]


def shifting(train: Callable[..., Any] | None = None, **settings: Any) -> Stage:
    """A digit is moved by a few pixels: a net with a dense layer on places loses it, one with global pooling keeps it.

    train(images, labels, seed): the reader's train_shift_cnn; without it only two networks are shown
    """

    @lru_cache(maxsize=1)
    def own() -> Any:
        X, labels, _, _ = data.digits(1200, 0)
        try:
            return one_thread(train, data.digit_canvas(X), torch.from_numpy(labels), 0)
        except NotImplementedError:  # the reader's stub, not yet written
            raise ReaderError("This waits for your train_shift_cnn: write it, then run this cell again.") from None

    def readers() -> list[tuple[str, str, Any]]:
        found = [("flattened", PURPLE, centred_reader("convolutional")), ("dense", GREY, centred_reader("dense"))]
        return found if train is None else [("yours", BLUE, own()), *found]

    @lru_cache(maxsize=256)
    def accuracies(down: int, right: int) -> tuple[float, ...]:
        X, labels = _test_digits()
        images = _moved(data.digit_canvas(X), down, right)
        return tuple(one_thread(share_right, net, images, torch.from_numpy(labels)) for _, _, net in readers())

    def scene(digit: int, down: int, right: int) -> tuple[list, str]:
        X, labels = _test_digits()
        image = _moved(data.digit_canvas(X[digit : digit + 1]), down, right)
        nets = readers()
        probabilities = []
        for name, _, net in nets:
            with torch.no_grad():
                logits = net(image)
            if not torch.is_tensor(logits) or tuple(logits.shape) != (1, 10):
                raise ReaderError(f"The network {name!r} should give logits of shape (1, 10) for one image.")
            probabilities.append(logits.softmax(dim=1)[0].double().numpy())
        left = panel(
            field(image[0, 0].numpy(), x=(0, 12), y=(12, 0), cells=True, colors="gray", limits=(0, 1)),
            equal=True,
            axes=False,
            title=f"a {labels[digit]}, moved {_in_words(down, right)}",
            width=0.8,
        )
        middle = panel(
            field(
                np.array(probabilities),
                x=(-0.5, 9.5),
                y=(len(nets), 0),
                cells=True,
                limits=(0, 1),
                values=False,
                bar="probability",
            ),
            points([labels[digit]] * len(nets), np.arange(len(nets)) + 0.5, color=ORANGE, marker="*", size=11),
            x="class (star: the right one)",
            xticks=range(10),
            yticks={len(nets) - k - 0.5: name for k, (name, _, _) in enumerate(nets)},
            title="probabilities",
        )
        shares = accuracies(down, right)
        bars = panel(
            rects(0, np.arange(len(nets)) + 0.15, shares, 0.7, color=[colour for _, colour, _ in nets]),
            texts(
                [share - 0.02 if share > 0.5 else share + 0.14 for share in shares],
                np.arange(len(nets)) + 0.5,
                [f"{share:.2f}" for share in shares],
                color=["#ffffff" if share > 0.5 else INK for share in shares],
                align="right",
                bold=True,
            ),
            line([0.1, 0.1], [0, len(nets)], color=INK, width=1, dash=":"),
            x="share right, so moved (dotted: chance)",
            xlim=(0, 1),
            ylim=(len(nets), 0),
            yticks={k + 0.5: name for k, (name, _, _) in enumerate(nets)},
            title=f"{len(labels)} test digits",
        )
        said = [
            f"{name} says {p.argmax()} ({p.max():.2f})" for (name, _, _), p in zip(nets, probabilities, strict=True)
        ]
        return [left, middle, bars], f"A {labels[digit]}, moved {_in_words(down, right)}: {', '.join(said)}."

    return Stage(
        scene,
        digit=int_slider(0, 99, 0, label="test digit"),
        down=int_slider(-3, 3, 0, label="down", unit="pixels"),
        right=int_slider(-3, 3, 0, label="to the right", unit="pixels"),
        presets={
            "at the centre": {"down": 0, "right": 0},
            "one to the right": {"down": 0, "right": 1},
            "two down": {"down": 2, "right": 0},
            "into the corner": {"down": 2, "right": 2},
            "cut off": {"down": 0, "right": 3},
        },
        settings=settings,
        arguments={} if train is None else {"train": train},
        name="demos.shifting",
        budget=60.0,
    )


def _in_words(down: int, right: int) -> str:
    parts = [
        f"{abs(by)} {word[0] if by > 0 else word[1]}"
        for by, word in ((down, ("down", "up")), (right, ("to the right", "to the left")))
        if by
    ]
    return " and ".join(parts) or "not at all"


# ------------------------------------------------------------------------------------------ gallery


def _torch_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int, padding: int) -> np.ndarray:
    return functional.conv2d(*(torch.from_numpy(a.copy()) for a in (x, w, b)), stride, padding).numpy()


def _torch_size(n: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    try:
        cells = torch.empty(1, 1, n, device="meta")
        layer = torch.nn.Conv1d(1, 1, kernel, stride, padding, dilation, device="meta")
        return layer(cells).shape[-1]
    except RuntimeError as error:
        raise ValueError("the kernel does not fit") from error


def _traced(layers: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Which pixels have a gradient, for two neighbouring outputs of convolutions whose weights are all 1."""
    net = torch.nn.Sequential(*(torch.nn.Conv1d(1, 1, k, s, dilation=d, bias=False) for k, s, d in layers))
    for p in net.parameters():
        torch.nn.init.ones_(p)
    x = torch.zeros(1, 1, 3000, requires_grad=True)
    touched = [torch.autograd.grad(net(x)[0, 0, unit], x)[0][0, 0].nonzero() for unit in (0, 1)]
    return int(touched[0].max() - touched[0].min()) + 1, int(touched[1].min() - touched[0].min())


LECTURE = 9
DEMOS = ("kernel_painter", "sliding_window", "stack_builder", "shifting")
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "kernel_painter": lambda: {"forward": _torch_forward},
    "sliding_window": lambda: {"size": _torch_size},
    "stack_builder": lambda: {"seen": _traced},
}
