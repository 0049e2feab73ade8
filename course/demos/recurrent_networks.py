"""Lecture 12: gradients on their way back through time, how far they get, a cliff, a gated cell, and a writer of help texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from course import data
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    ReaderError,
    Stage,
    arrows,
    button,
    choice,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    point,
    points,
    reader_rule,
    rects,
    slider,
    text,
    texts,
)


def _layer(w_xh: np.ndarray, w_hh: np.ndarray) -> torch.nn.RNN:
    """torch's recurrent layer with these weights (inputs, units), (units, units) and no bias."""
    with torch.no_grad():
        layer = torch.nn.RNN(*w_xh.shape, bias=False, batch_first=True, dtype=torch.float64)
        layer.weight_ih_l0.copy_(torch.from_numpy(w_xh.T.copy()))
        layer.weight_hh_l0.copy_(torch.from_numpy(w_hh.T.copy()))
    return layer


def _states(x: np.ndarray, w_xh: np.ndarray, w_hh: np.ndarray) -> np.ndarray:
    """(T, H) from inputs (T, D), the first state being zero."""
    with torch.no_grad():
        return _layer(w_xh, w_hh)(torch.from_numpy(x[None]))[0][0].numpy()


def _of_radius(w: np.ndarray, radius: float) -> np.ndarray:
    return radius * w / np.abs(np.linalg.eigvals(w)).max()


# ------------------------------------------------------------------------------------------ back through six steps

STEPS, UNITS = 6, 4


def through_time(backward: Callable[..., Any], **settings: Any) -> Stage:
    """A gradient that arrives at one step goes back to all earlier ones, and each leaves its part at the same weights.

    backward(dh, x, h, h0, w_xh, w_hh): the reader's rnn_backward, with inputs that enter the units one by one
    """
    rule = reader_rule(backward, {"dx": 1, "dh0": 3, "dw_xh": 4, "dw_hh": 5, "db": (UNITS,)})
    rng = np.random.default_rng(3)
    x, w = 0.6 * rng.normal(size=(1, STEPS, UNITS)), rng.normal(size=(UNITS, UNITS))
    identity, start, upstream = np.eye(UNITS), np.zeros((1, UNITS)), rng.normal(size=UNITS)
    upstream /= np.linalg.norm(upstream)

    def scene(where: str, step: int, radius: float) -> tuple[list, str]:
        w_hh = _of_radius(w, radius)
        h = _states(x[0], identity, w_hh)[None]
        dh = np.zeros_like(h)
        dh[0, slice(None) if where == "every step" else step - 1] = upstream
        arriving = rule(dh, x, h, start, identity, w_hh)[0][0]  # (T, H): inputs enter by the identity
        sizes = np.linalg.norm(arriving, axis=1)
        before = np.linalg.norm(np.vstack([start, h[0, :-1]]), axis=1)
        times = np.arange(1, STEPS + 1)
        reached = sizes > 1e-12
        layers = [
            arrows(times[:-1] + 0.28, 1.0, 0.44, 0.0, color=GREY, width=1.4),
            arrows(times, 0.33, 0.0, 0.35, color=GREY, width=1.4),
            rects(times - 0.27, 0.72, 0.54, 0.56, color=BLUE, filled=False, rounded=0.1),
            texts(times, np.ones(STEPS), [f"h{t}" for t in times], color=INK),
            texts(times, np.full(STEPS, 0.15), [f"x{t}" for t in times], color=INK),
        ]
        largest = max(float(sizes.max()), 1e-9)
        shown = reached & (sizes > 1e-3 * largest)
        if shown.any():
            heights = 0.75 * sizes[shown] / largest
            layers.append(rects(times[shown] - 0.15, 1.45, 0.3, heights, color=ORANGE))
        if reached.any():
            said = [f"{size:.2g}" for size in sizes[reached]]
            layers.append(texts(times[reached], np.full(int(reached.sum()), 2.4), said, color=ORANGE, size=11))
        if where == "one step":
            layers.append(handle(("step", None), (step, 2.75), label="arrives", marker="X"))
        else:
            layers.append(points(times, np.full(STEPS, 2.75), color=ORANGE, marker="X", size=8))
        left = panel(
            *layers,
            xlim=(0.5, STEPS + 1.1),
            ylim=(0, 3),
            axes=False,
            title="size of the gradient before each tanh",
        )
        parts = sizes * before
        right = panel(
            rects(times - 0.3, 0.0, 0.6, np.maximum(parts, 1e-9), color=ORANGE),
            x="step t",
            y="size of its part",
            xlim=(0.5, STEPS + 0.5),
            ylim=(0, max(1.15 * float(parts.max()), 1e-3)),
            xticks=list(range(1, STEPS + 1)),
            title="each step's part of the gradient of w_hh",
        )
        last = int(np.flatnonzero(reached).max()) if reached.any() else 0
        ratio = sizes[0] / max(sizes[last], 1e-300)
        note = "No step has a gradient."
        if reached.any():
            came = (
                "gradients of size 1 arrive at every step"
                if where == "every step"
                else f"size 1 arrives at step {step}"
            )
            note = f"With spectral radius {radius:.3g}, {came}; step 1 has {sizes[0]:.2g}"
            note += f", {ratio:.2g} times what step {last + 1} has." if last else "."
            note += f" {int(np.sum(parts > 1e-12))} of {STEPS} steps leave a part at w_hh; step 1 used the initial state, which is 0."
        return [left, right], note

    return Stage(
        scene,
        where=choice(["one step", "every step"], label="gradient arrives at"),
        step=int_slider(1, STEPS, 4, label="which step", when={"where": "one step"}),
        radius=slider(0.2, 2.5, 1.0, 0.05, label="spectral radius of w_hh"),
        presets={
            "at step 4": {"where": "one step", "step": 4, "radius": 1.0},
            "at the last": {"where": "one step", "step": 6, "radius": 1.0},
            "at the last, small weights": {"where": "one step", "step": 6, "radius": 0.4},
            "everywhere": {"where": "every step", "radius": 1.0},
        },
        settings=settings,
        arguments={"backward": backward},
        name="demos.through_time",
    )


# ------------------------------------------------------------------------------------------ how far a gradient gets

LENGTH, WIDTH = 40, 16


@lru_cache(maxsize=8)
def _matrix(kind: str) -> np.ndarray:
    w = np.random.default_rng(1).normal(size=(WIDTH, WIDTH))
    return np.linalg.qr(w)[0] if kind == "orthogonal" else w


def gradient_norms(norms: Callable[..., Any], **settings: Any) -> Stage:
    """A radius below 1 kills the gradient; above 1 it does not simply explode, since saturated units fight back.

    norms(h, w_hh): the reader's jacobian_norms
    """
    rule = reader_rule(norms, {"norms": lambda h, w_hh: (len(h),)})
    rng = np.random.default_rng(2)
    x, w_xh = rng.normal(size=(LENGTH, 4)), rng.normal(size=(4, WIDTH)) / 2

    def scene(radius: float, size: float, kind: str) -> tuple[list, str]:
        w_hh = _of_radius(_matrix(kind), radius)
        inputs = size * x
        inputs[0] += 0.1  # so that something happens without inputs, too
        h = _states(inputs, w_xh, w_hh)
        found = rule(h, w_hh)
        times = np.arange(1, LENGTH + 1)
        left = panel(
            *(line(times, h[:, unit], color=BLUE, width=1.0, opacity=0.8) for unit in range(8)),
            x="time t",
            y="8 of 16 states",
            xlim=(1, LENGTH),
            ylim=(-1.05, 1.05),
        )
        far = LENGTH - times
        right = panel(
            line([0, LENGTH], [1, 1], color=GREY, width=1),
            line(
                far[::-1],
                np.clip(radius ** far[::-1].astype(float), 1e-12, 1e12),
                color=PURPLE,
                label="radius to that power",
            ),
            line(far[::-1], np.clip(found[::-1], 1e-12, 1e12), color=ORANGE, label="norm of the Jacobian"),
            x="distance T − t",
            y="norm of dh_T/dh_t",
            ylog=True,
            xlim=(0, LENGTH),
            ylim=(1e-9, 1e9),
            key=True,
        )
        saturated = float(np.mean(np.abs(h[5:]) > 0.9))
        slope = float(np.mean(1 - h[5:] ** 2))
        note = f"Over {LENGTH - 1} steps the norm is {found[0]:.2g}; radius {radius:.3g} to that power is {radius ** (LENGTH - 1):.2g}. "
        note += f"{saturated:.0%} of the states are beyond ±0.9, and the mean slope of tanh is {slope:.2f}."
        return [left, right], note

    return Stage(
        scene,
        radius=slider(0.2, 2.5, 0.9, 0.05, label="spectral radius"),
        size=slider(0.0, 3.0, 0.2, 0.05, label="size of the inputs"),
        kind=choice(["random", "orthogonal"], label="recurrent matrix"),
        presets={
            "radius 0.6": {"radius": 0.6, "size": 0.2, "kind": "random"},
            "radius 1.1": {"radius": 1.1, "size": 0.2, "kind": "random"},
            "radius 2": {"radius": 2.0, "size": 0.2, "kind": "random"},
            "radius 2, large inputs": {"radius": 2.0, "size": 3.0, "kind": "random"},
            "orthogonal, no inputs": {"radius": 1.0, "size": 0.0, "kind": "orthogonal"},
        },
        settings=settings,
        arguments={"norms": norms},
        name="demos.gradient_norms",
    )


# ------------------------------------------------------------------------------------------ a cliff

REACH = 30  # steps of the recurrence
W_SPAN, B_SPAN = (3.0, 7.0), (-4.0, -1.0)
TARGET = 0.9


def _end(w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The last state of h <- logistic(w h + b), from 0.5 on."""
    h = torch.full_like(w, 0.5)
    for _ in range(REACH):
        h = torch.sigmoid(w * h + b)
    return h


@lru_cache(maxsize=1)
def _cliff() -> np.ndarray:
    w, b = (torch.linspace(*span, 81, dtype=torch.float64) for span in (W_SPAN, B_SPAN))
    with torch.no_grad():
        return ((_end(*torch.meshgrid(w, b, indexing="xy")) - TARGET) ** 2).numpy()


def cliff(clip: Callable[..., Any], **settings: Any) -> Stage:
    """At a cliff one gradient is thousands of times larger than its neighbours; clipping keeps its direction and shortens it.

    clip(grads, max_norm): the reader's clip_by_global_norm
    """
    rule = reader_rule(clip, {"grads": None, "norm": ()})

    def gradient(w: float, b: float) -> np.ndarray:
        point = torch.tensor([w, b], dtype=torch.float64, requires_grad=True)
        loss = (_end(point[0], point[1]) - TARGET) ** 2
        return torch.autograd.grad(loss, point)[0].numpy()

    def descend(start: np.ndarray, lr: float, max_norm: float | None, steps: int) -> tuple[np.ndarray, list[float]]:
        path, sizes = [start], []
        for _ in range(steps):
            if not np.isfinite(path[-1]).all() or np.abs(path[-1]).max() > 1e3:
                break
            grad = gradient(*path[-1])
            sizes.append(float(np.linalg.norm(grad)))
            if max_norm is not None:
                clipped, sizes[-1] = rule([grad[:1], grad[1:]], max_norm)
                grad = np.concatenate([np.asarray(part, dtype=float).ravel() for part in clipped])
                if grad.shape != (2,):
                    raise ReaderError("clip_by_global_norm should return a list of arrays in the shapes that they had.")
            path.append(path[-1] - lr * grad)
        return np.array(path), sizes

    def scene(start: tuple, lr: float, max_norm: float, steps: int) -> tuple[list, str]:
        plain, sizes = descend(np.array(start), lr, None, steps)
        clipped, clipped_sizes = descend(np.array(start), lr, max_norm, steps)
        near = [
            np.clip(path, (W_SPAN[0] - 9, B_SPAN[0] - 9), (W_SPAN[1] + 9, B_SPAN[1] + 9)) for path in (plain, clipped)
        ]
        left = panel(
            field(-_cliff(), x=W_SPAN, y=B_SPAN, bands=True, levels=16),
            line(near[0], color=PURPLE, marker="s"),
            line(near[1], color=ORANGE, marker="o"),
            handle("start", start, label="start", color=INK),
            x="w",
            y="b",
            xlim=W_SPAN,
            ylim=B_SPAN,
            title="loss: low is yellow, high is dark",
        )
        right = panel(
            line([0, steps], [max_norm, max_norm], color=GREY, width=1),
            line(range(len(sizes)), np.maximum(sizes, 1e-6), color=PURPLE, marker="s", label="plain"),
            line(
                range(len(clipped_sizes)),
                np.maximum(clipped_sizes, 1e-6),
                color=ORANGE,
                marker="o",
                label="before clipping",
            ),
            x="step",
            y="norm of the gradient",
            ylog=True,
            xlim=(0, steps),
            ylim=(1e-4, 1e3),
            key=True,
        )

        def loss(path: np.ndarray) -> float:
            with torch.no_grad():
                return float((_end(*torch.tensor(path[-1])) - TARGET) ** 2)

        jump = np.linalg.norm(np.diff(plain, axis=0), axis=1).max()
        note = (
            f"Plain steps end at (w, b) = ({plain[-1, 0]:.3g}, {plain[-1, 1]:.3g}), with a loss of {loss(plain):.2g}; "
            f"the longest is {jump:.2g} long. Clipped ones end at ({clipped[-1, 0]:.3g}, {clipped[-1, 1]:.3g}), with "
            f"{loss(clipped):.2g}; none is longer than {lr * max_norm:.2g}."
        )
        return [left, right], note

    return Stage(
        scene,
        start=point(5.7, -2.88, xlim=W_SPAN, ylim=B_SPAN, label="start"),
        lr=log_slider(0.01, 3, 0.3, label="learning rate"),
        max_norm=log_slider(0.01, 100, 1.0, label="largest norm"),
        steps=int_slider(1, 60, 30, label="steps"),
        presets={
            "at the cliff": {"start": (5.7, -2.88), "lr": 0.3, "max_norm": 1.0, "steps": 30},
            "at the cliff, large norm": {"start": (5.7, -2.88), "lr": 0.3, "max_norm": 30.0, "steps": 30},
            "a little beside it": {"start": (5.7, -2.75), "lr": 0.3, "max_norm": 1.0, "steps": 30},
            "on the plateau": {"start": (4.0, -3.6), "lr": 0.3, "max_norm": 1.0, "steps": 30},
        },
        settings=settings,
        arguments={"clip": clip},
        name="demos.cliff",
    )


# ------------------------------------------------------------------------------------------ gates

SPAN = 50


def gates(step: Callable[..., Any], **settings: Any) -> Stage:
    """Memory is a choice: with the forget gate at 1 and the input gate at 0 a cell keeps what it has, step after step.

    step(x, h, c, weight, bias): the reader's lstm_step, called with one input and one unit
    """
    rule = reader_rule(step, {"h_new": 1, "c_new": 2}, framework="torch")

    def parameters(i: float, f: float, o: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Gates that are these numbers whatever comes, by their biases alone; the candidate is tanh of twice the input."""
        bias = torch.logit(torch.tensor([i, f, o, 0.5], dtype=torch.float64), eps=1e-15)
        weight = torch.zeros(4, 2, dtype=torch.float64)
        weight[3, 0] = 2.0
        return weight, bias

    def scene(i: float, f: float, o: float, change: int, signal: str) -> tuple[list, str]:
        times = np.arange(1, SPAN + 1)
        x = np.full(SPAN, 0.25) if signal == "step" else np.where(times <= 8, 0.25, 0.0)
        if signal == "up and down":
            x = 0.25 * np.sign(np.sin(2 * np.pi * (times - 0.5) / 16))
        h = c = torch.zeros(1, 1, dtype=torch.float64)
        opened, now = parameters(1.0, 1.0, 1.0), parameters(i, f, o)
        cells, states = [], []
        for t in times:
            weight, bias = opened if t <= change else now
            h, c = rule(torch.tensor([[x[t - 1]]]), h, c, weight, bias)
            cells.append(c.item())
            states.append(h.item())
        top = max(1.5, 1.1 * max(map(abs, cells)))
        left = panel(
            line([0, SPAN], [0, 0], color=GREY, width=1),
            line([change + 0.5, change + 0.5], [-0.1 * top, top], color=GREY, width=1),
            line(times, x, color=INK, width=1.2, label="input x"),
            line(times, cells, color=ORANGE, label="cell c"),
            line(times, states, color=BLUE, label="output h"),
            x="time t",
            y="value",
            xlim=(1, SPAN),
            ylim=(min(1.2 * min(*cells, *x), -0.1 * top), top),
            key=True,
            title="gates at the vertical line: from i = f = o = 1 to yours",
        )
        middle = cells[change - 1]
        kinds = {(0, 1): "remember", (1, 1): "add", (0, 0): "erase", (1, 0): "overwrite"}
        here = [(corner, said) for corner, said in kinds.items() if np.hypot(i - corner[0], f - corner[1]) < 0.06]
        right = panel(
            rects([0.02, 0.02, 0.52, 0.52], [0.02, 0.52, 0.02, 0.52], 0.46, 0.46, color=GREY, filled=False),
            *(texts(0.25 + 0.5 * a, 0.25 + 0.5 * b, said) for (a, b), said in here),
            points([i], [f], color=ORANGE, marker="o", size=10),
            x="input gate i",
            y="forget gate f",
            xlim=(-0.05, 1.05),
            ylim=(-0.05, 1.05),
            xticks=[0, 0.5, 1],
            yticks=[0, 0.5, 1],
            equal=True,
            title="what the two gates do at a corner",
        )
        note = f"At step {change} the cell holds {middle:.3g}; at step {SPAN}, {SPAN - change} steps later, {cells[-1]:.3g}. "
        kept = f ** (SPAN - change)
        note += f"Of what it held, the forget gates leave {f:.3g} to the power {SPAN - change}, {kept:.2g}; "
        note += f"the output shows {states[-1]:.3g}."
        return [left, right], note

    return Stage(
        scene,
        i=slider(0, 1, 1.0, 0.01, label="input gate i"),
        f=slider(0, 1, 0.8, 0.01, label="forget gate f"),
        o=slider(0, 1, 1.0, 0.01, label="output gate o"),
        change=int_slider(1, SPAN - 5, 10, label="gates change after step"),
        signal=choice(["step", "pulse", "up and down"], label="input"),
        presets={
            "i = 0, f = 1": {"i": 0.0, "f": 1.0, "o": 1.0, "change": 10, "signal": "up and down"},
            "i = 1, f = 1": {"i": 1.0, "f": 1.0, "o": 1.0, "change": 10, "signal": "step"},
            "i = 0, f = 0": {"i": 0.0, "f": 0.0, "o": 1.0, "change": 10, "signal": "step"},
            "i = 1, f = 0": {"i": 1.0, "f": 0.0, "o": 1.0, "change": 10, "signal": "up and down"},
            "i = 0, f = 0.9": {"i": 0.0, "f": 0.9, "o": 1.0, "change": 10, "signal": "pulse"},
            "kept, not shown": {"i": 0.0, "f": 1.0, "o": 0.0, "change": 10, "signal": "pulse"},
        },
        settings=settings,
        arguments={"step": step},
        name="demos.gates",
    )


# ------------------------------------------------------------------------------------------ help texts

COLUMNS, ROWS, CONTEXT = 40, 5, 40
CHARACTERS = ["\n", *map(chr, range(32, 127))]
SHADES = (GREEN, BLUE, PURPLE, ORANGE)  # of probabilities above 0.5, 0.1, 0.02, and below


def writer(sample: Callable[..., Any], model: Callable[..., Any] | None, **settings: Any) -> Stage:
    """At temperature 0 the model goes round in circles, at 2 it raves; the text worth reading lies between.

    sample(logits, temperature, top_k, u): the reader's sample_token; model: what their train_char_lm returned, None before
    that; it sees the last 40 characters
    """
    rule = reader_rule(sample, {"the token": ()})

    @lru_cache(maxsize=64)
    def written(prompt: str, temperature: float, top_k: int, seed: int) -> tuple[str, tuple[float, ...]]:
        """What is written after the prompt, and the probability at temperature 1 of each character."""
        if model is None:
            raise ReaderError("This waits for a model: train_char_lm is not written yet.")
        ids = [CHARACTERS.index(c) for c in prompt if c in CHARACTERS] or [0]
        draws = np.random.default_rng(seed).random(COLUMNS * ROWS)
        shares = []
        for u in draws:
            with torch.no_grad():
                logits = model(torch.tensor([ids[-CONTEXT:]]))[0, -1].double()
            token = int(rule(logits.numpy(), temperature, None if top_k == len(CHARACTERS) else top_k, float(u)))
            if not 0 <= token < len(CHARACTERS):
                raise ReaderError(
                    f"sample_token returned {token}; a token is a number from 0 to {len(CHARACTERS) - 1}."
                )
            shares.append(float(logits.softmax(dim=0)[token]))
            ids.append(token)
        return "".join(CHARACTERS[token] for token in ids[-len(draws) :]), tuple(shares)

    def scene(prompt: str, temperature: float, top_k: int, seed: int) -> tuple[list, str]:
        said, shares = written(prompt, round(temperature, 3), top_k, seed)
        place = np.arange(len(said))
        p = np.array(shares)
        shade = [SHADES[int(np.sum(share < np.array([0.5, 0.1, 0.02])))] for share in p]
        left = panel(
            texts(
                place % COLUMNS,
                -(place // COLUMNS).astype(float),
                ["↵" if c == "\n" else "·" if c == " " else c for c in said],
                color=shade,
                size=11,
            ),
            xlim=(-1, COLUMNS),
            ylim=(-ROWS + 0.2, 0.8),
            axes=False,
            title="written after the prompt (· space, ↵ new line)",
        )
        bits = -np.log2(p.clip(1e-9))
        groups = [np.array([one == color for one in shade]) for color in SHADES]
        dots = [
            points(place[group], bits[group], color=color, size=5)
            for color, group in zip(SHADES, groups, strict=True)
            if group.any()
        ]
        right = panel(
            line([0, len(p)], [1, 1], color=SHADES[0], width=0.8, dash=":"),
            line([0, len(p)], [np.log2(10)] * 2, color=SHADES[1], width=0.8, dash=":"),
            line([0, len(p)], [np.log2(50)] * 2, color=SHADES[2], width=0.8, dash=":"),
            *dots,
            x="character",
            y="surprise in bits",
            xlim=(-2, len(p)),
            ylim=(-0.5, 14),
            title="probability ½, ⅒ and 1/50 dotted",
        )
        pieces = {said[k : k + 12] for k in range(len(said) - 12)}
        note = f"Temperature {temperature:.2g}, top {top_k}: {bits.mean():.2f} bits a character on average. "
        note += f"Of {len(said) - 12} pieces of twelve characters {len(pieces)} are different. It begins {said[:40]!r}."
        return [left, right], note

    return Stage(
        scene,
        prompt=text("The function ", label="prompt"),
        temperature=slider(0.0, 2.0, 0.7, 0.05, label="temperature"),
        top_k=int_slider(1, 96, 96, label="top k"),
        seed=button("another text"),
        presets={
            "0.7": {"temperature": 0.7, "top_k": 96},
            "0": {"temperature": 0.0, "top_k": 96},
            "2": {"temperature": 2.0, "top_k": 96},
            "2, top 3": {"temperature": 2.0, "top_k": 3},
        },
        settings=settings,
        arguments={"sample": sample, "model": model},
        name="demos.writer",
    )


# ------------------------------------------------------------------------------------------ gallery


def _torch_backward(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """By torch's recurrent layer and autograd."""
    dh, x, _, h0, w_xh, w_hh = (torch.from_numpy(array) for array in arrays)
    layer = _layer(w_xh.numpy(), w_hh.numpy())
    x, h0 = x.clone().requires_grad_(), h0[None].clone().requires_grad_()
    weights = layer.weight_ih_l0, layer.weight_hh_l0
    found = torch.autograd.grad((layer(x, h0)[0] * dh).sum(), (x, h0, *weights))
    dx, dh0, dw_xh, dw_hh = (g.numpy() for g in found)
    return dx, dh0[0], dw_xh.T, dw_hh.T, np.zeros(len(dw_hh))


def _torch_norms(h: np.ndarray, w_hh: np.ndarray) -> np.ndarray:
    """By one backward pass for each unit of the last state, then singular values."""
    T = len(h)
    w = torch.from_numpy(w_hh)
    with torch.no_grad():
        drive = torch.atanh(torch.from_numpy(h).clamp(-1 + 1e-12, 1 - 1e-12))
        drive[1:] -= torch.from_numpy(h[:-1]) @ w
    nudges = torch.zeros(T, len(w), dtype=torch.float64, requires_grad=True)
    state = torch.tanh(drive[0]) + nudges[0]
    for t in range(1, T):
        state = torch.tanh(drive[t] + state @ w) + nudges[t]
    rows = [torch.autograd.grad(unit, nudges, retain_graph=True)[0] for unit in state]
    return torch.linalg.matrix_norm(torch.stack(rows, dim=1), ord=2).numpy()


def _torch_clip(grads: list[np.ndarray], max_norm: float) -> tuple[list[np.ndarray], float]:
    parameters = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        parameter.grad = torch.from_numpy(g.copy())
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad.numpy() for parameter in parameters], norm.item()


def _torch_step(
    x: torch.Tensor, h: torch.Tensor, c: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """By torch's cell, whose blocks stand in another order."""
    cell = torch.nn.LSTMCell(1, 1, dtype=torch.float64)
    order = [0, 1, 3, 2]
    with torch.no_grad():
        cell.weight_ih.copy_(weight[order, :1])
        cell.weight_hh.copy_(weight[order, 1:])
        cell.bias_ih.copy_(bias[order])
        cell.bias_hh.zero_()
        return cell(x, (h, c))


def _by_quantile(logits: np.ndarray, temperature: float, top_k: int | None, u: float) -> int:
    """A quantile of the tokens' numbers, weighted by their probabilities."""
    values, tokens = torch.from_numpy(logits).topk(top_k or len(logits))
    if temperature == 0:
        return int(tokens[0])
    weights = (values / temperature).softmax(dim=0).numpy()
    return int(np.quantile(tokens.numpy(), u, weights=weights, method="inverted_cdf"))


class _Pairs(torch.nn.Module):
    """Counts after two characters, with a little of those after one: a stand-in for a trained network."""

    def __init__(self) -> None:
        super().__init__()
        ids, _ = data.python_help()
        V = len(CHARACTERS)
        self.one = torch.bincount(ids[:-1] * V + ids[1:], minlength=V**2).reshape(V, V) + 0.01
        self.two = torch.bincount((ids[:-2] * V + ids[1:-1]) * V + ids[2:], minlength=V**3).reshape(V, V, V)

    def forward(self, characters: torch.Tensor) -> torch.Tensor:
        before = torch.nn.functional.pad(characters, (1, 0))[:, :-1]
        one = self.one[characters]
        return (self.two[before, characters] + 3 * one / one.sum(dim=-1, keepdim=True)).log()


LECTURE = 12
DEMOS = ("through_time", "gradient_norms", "cliff", "gates", "writer")
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "through_time": lambda: {"backward": _torch_backward},
    "gradient_norms": lambda: {"norms": _torch_norms},
    "cliff": lambda: {"clip": _torch_clip},
    "gates": lambda: {"step": _torch_step},
    "writer": lambda: {"sample": _by_quantile, "model": _Pairs()},
}
