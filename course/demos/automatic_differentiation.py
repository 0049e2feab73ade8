"""Lecture 05: messages that arrive at the nodes of a traced program, and a network that is trained by the reader's library."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from course import data
from course.figure import BLUE, GREY, INK, ORANGE
from course.stage import (
    ReaderError,
    Stage,
    arrows,
    field,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    points,
    reader_rule,
    rects,
    slider,
    table,
    text,
    texts,
    toggle,
)
from course.stage.guard import describe

# ------------------------------------------------------------------------------------------ messages

EXPRESSIONS = (
    "x * tanh(x * y)",
    "x * y + x",
    "tanh(x * y) + x",
    "x * x * x",
    "exp(x) / (exp(x) + exp(y))",
    "log(x * x + y * y)",
    "maximum(x * y, x + y)",
    "(x + y) * (x + y) - x",
)
SIGNS = {"add": "+", "subtract": "−", "multiply": "∗", "divide": "/", "negative": "−()", "maximum": "max"}
FEET = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
HALF = 0.28  # of a box
MOST = 20  # messages that fit into a picture
FUNCTIONS = ("exp", "log", "tanh", "maximum", "negative")
PARTS = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant, ast.Load,
         ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub)  # fmt: skip


def messages(
    Node: type, ops: SimpleNamespace, backward: Callable[..., Any], vjps: Mapping[Any, Any], **settings: Any
) -> Stage:
    """Messages add up at each node, and a node may pass its sum on only when all have come.

    Node, ops, backward(g, end_node, vjps), vjps: the reader's. Any expression in x and y may be typed, written with + - * / and exp,
    log, tanh, maximum, negative.
    """
    allowed = {name: getattr(ops, name) for name in FUNCTIONS}

    def scene(expression: str, x: float, y: float, sent: int) -> tuple[list, str]:
        leaves = {"x": Node(x), "y": Node(y)}
        try:
            end = eval(_compiled(expression), {"__builtins__": {}}, {**allowed, **leaves})
        except ReaderError:
            raise
        except Exception as error:
            raise ReaderError(f"{expression} can't be traced: {type(error).__name__}: {error}") from error
        if not isinstance(end, Node):
            raise ReaderError(f"{expression} gives {type(end).__name__}, not a Node: nothing was recorded.")
        nodes = _reached(end)
        log: list[tuple[Any, int, Any]] = []
        try:
            signals = backward(np.ones(()), end, _listening(vjps, nodes, log))
        except ReaderError:
            raise
        except Exception as error:
            raise ReaderError(describe(error, "backward_pass")) from error
        if not isinstance(signals, dict):
            raise ReaderError(
                f"Your backward_pass returned {type(signals).__name__}; a dict from nodes to signals is asked for."
            )
        if len(log) > MOST:
            raise ReaderError(
                f"That makes {len(log)} messages, more than fit into a picture; try a shorter expression."
            )
        sent = min(sent, len(log))
        return _drawn(nodes, leaves, end, log, sent, signals, Node)

    return Stage(
        scene,
        sent=play(MOST, value=0, speed=2, label="messages sent"),
        expression=text(EXPRESSIONS[0], suggestions=EXPRESSIONS, label="program"),
        x=slider(-2, 2, 1.0, 0.1, label="x"),
        y=slider(-2, 2, 0.5, 0.1, label="y"),
        presets={
            "two uses of x": {"expression": "x * y + x", "sent": 0},
            "one node, twice": {"expression": "x * x * x", "sent": 0},
            "who waits?": {"expression": "exp(x) / (exp(x) + exp(y))", "sent": 0},
            "only one side": {"expression": "maximum(x * y, x + y)", "sent": 12},
        },
        settings=settings,
        arguments={"backward": backward},
        name="demos.messages",
    )


def _compiled(expression: str) -> Any:
    """The code of a typed expression. Raises ReaderError, with a sentence, for what isn't one of the kind that is asked for."""
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ReaderError(f"{expression!r} is not an expression; one is x * tanh(x * y).") from None
    for part in ast.walk(tree):
        named = isinstance(part, ast.Name) and part.id not in (*FUNCTIONS, "x", "y")
        if (
            named
            or not isinstance(part, PARTS)
            or (isinstance(part, ast.Constant) and type(part.value) not in (int, float))
        ):
            raise ReaderError(
                f"{ast.unparse(part) or type(part).__name__!r} can't be used here: "
                f"x, y and numbers may be joined by + - * / and {', '.join(FUNCTIONS)}."
            )
        if isinstance(part, ast.Call) and len(part.args) != (2 if ast.unparse(part.func) == "maximum" else 1):
            raise ReaderError(
                f"{ast.unparse(part)!r} can't be used here: maximum takes two things, the others take one."
            )
    return compile(tree, "<program>", "eval")


def _reached(end: Any) -> list[Any]:
    """The nodes of a program, inputs first, in the order of their depth."""
    depth: dict[int, int] = {}
    found: dict[int, Any] = {}

    def measure(node: Any) -> int:
        if id(node) not in depth:
            depth[id(node)] = 1 + max((measure(parent) for _, parent in node.parents), default=-1)
            found[id(node)] = node
        return depth[id(node)]

    measure(end)
    return [found[key] for key in sorted(found, key=lambda key: depth[key])]


def _listening(vjps: Mapping[Any, Any], nodes: list[Any], log: list) -> dict[Any, Any]:
    """The reader's table, with a note of each message that is made: (node, argument, message)."""
    of = {id(node.value): node for node in nodes}

    def heard(fun: Any, argnum: int, vjp: Callable[..., Any]) -> Callable[..., Any]:
        def call(g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
            message = vjp(g, ans, *args, **kwargs)
            log.append((of.get(id(ans)), argnum, message))
            return message

        return call

    used = {node.fun for node in nodes if node.fun is not None}
    return {fun: tuple(heard(fun, k, vjp) for k, vjp in enumerate(vjps[fun])) for fun in used}


def _places(columns: dict[int, list[Any]]) -> dict[int, np.ndarray]:
    """Where the nodes stand: a column for each depth, moved up or down until no arrow runs through a node between its ends."""
    edges = [(id(parent), id(node)) for members in columns.values() for node in members for _, parent in node.parents]
    shifts = dict.fromkeys(columns, 0.0)

    def placed() -> dict[int, np.ndarray]:
        return {
            id(node): np.array([1.5 * column, 1.4 * (row - (len(members) - 1) / 2) + shifts[column]])
            for column, members in columns.items()
            for row, node in enumerate(members)
        }

    def room() -> float:
        """The smallest distance of an arrow from a node that it passes, as far as it matters."""
        at = placed()
        least = 0.8
        for start, end in edges:
            along = at[end] - at[start]
            for key, spot in at.items():
                part = (spot - at[start]) @ along / (along @ along)
                if key not in (start, end) and 0 < part < 1:
                    least = min(least, float(np.hypot(*(at[start] + part * along - spot))))
        return least

    for _ in range(2):
        for column in columns:
            tried = []
            for shift in (0.0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2):
                shifts[column] = shift
                tried.append((room() - 0.01 * abs(shift), shift))
            shifts[column] = max(tried, key=lambda pair: pair[0])[1]
    return placed()


def _number_namesakes(names: dict[int, str]) -> None:
    """Nodes of the same name get a number at the foot, inputs' side first."""
    counts = Counter(names.values())
    met: Counter[str] = Counter()
    for key, name in names.items():
        if counts[name] > 1:
            met[name] += 1
            names[key] = name + str(met[name]).translate(FEET)


def _drawn(
    nodes: list[Any], leaves: dict[str, Any], end: Any, log: list, sent: int, signals: Mapping[Any, Any], Node: type
) -> tuple[list, str]:
    names = {id(leaf): name for name, leaf in leaves.items()}
    depth: dict[int, int] = {}
    for node in nodes:
        depth[id(node)] = 1 + max((depth[id(parent)] for _, parent in node.parents), default=-1)
        names.setdefault(
            id(node), SIGNS.get(node.fun.__name__, node.fun.__name__) if node.fun else f"{float(node.value):g}"
        )
    _number_namesakes(names)
    columns: dict[int, list[Any]] = {}
    for node in nodes:
        columns.setdefault(depth[id(node)], []).append(node)
    place = _places(columns)
    taken: dict[int, list[float]] = {id(end): [1.0]}
    gone = set()
    for node, argnum, message in log[:sent]:
        if node is None:
            continue
        parent = next((parent for k, parent in node.parents if k == argnum), None)
        if parent is not None:
            taken.setdefault(id(parent), []).append(float(np.sum(message)))
            gone.add((id(node), argnum))
    layers, seen = [], {}
    for node in nodes:
        for argnum, parent in node.parents:
            count = seen[id(node), id(parent)] = seen.get((id(node), id(parent)), -1) + 1
            uses = sum(other is parent for _, other in node.parents)
            start, stop = place[id(parent)], place[id(node)]
            along = (stop - start) / max(np.hypot(*(stop - start)), 1e-9)
            side = 0.26 * (count - (uses - 1) / 2) * np.array([-along[1], along[0]])
            start, stop = start + 0.42 * along + side, stop - 0.42 * along + side
            if (id(node), argnum) in gone:
                layers.append(arrows(*stop, *(start - stop), color=ORANGE, width=2.0))
            else:
                layers.append(arrows(*start, *(stop - start), color=INK, width=1.0))
    where = np.array([place[id(node)] for node in nodes])
    layers.append(
        rects(where[:, 0] - HALF, where[:, 1] - HALF, 2 * HALF, 2 * HALF, color=GREY, filled=False, rounded=0.1)
    )
    for size, fits in ((14, lambda name: len(name) < 4), (11, lambda name: len(name) >= 4)):
        some = [node for node in nodes if fits(names[id(node)])]
        if some:
            at = np.array([place[id(node)] for node in some])
            layers.append(texts(at[:, 0], at[:, 1], [names[id(node)] for node in some], size=size, halo=True))
    layers.append(
        texts(where[:, 0], where[:, 1] + 0.46, [f"{float(node.value):.3g}" for node in nodes], color=BLUE, halo=True)
    )
    sums = [(node, sum(taken[id(node)])) for node in nodes if id(node) in taken]
    spots = np.array([place[id(node)] for node, _ in sums])
    layers.append(
        texts(spots[:, 0], spots[:, 1] - 0.46, [f"{total:.3g}" for _, total in sums], color=ORANGE, halo=True)
    )
    low, high = where.min(axis=0) - 0.9, where.max(axis=0) + 0.9
    graph = panel(
        *layers, xlim=(low[0], high[0]), ylim=(low[1], high[1]), equal=True, axes=False, width=1.6,
        title="values above (blue), what has arrived below (orange)",
    )  # fmt: skip
    total = len(log)
    rows = []
    for node in reversed(nodes):
        said = signals.get(node)
        rows.append(
            [
                names[id(node)],
                f"{float(node.value):.4g}",
                " + ".join(f"{one:.3g}" for one in taken.get(id(node), [])) or "-",
                "" if sent < total else "none" if said is None else f"{float(np.sum(said)):.4g}",
            ]
        )
    parts = table(["node", "value", "arrived", "your backward_pass"], rows)
    note = f"No message of {total} is sent yet; the end holds the signal 1."
    if sent:
        node, argnum, message = log[sent - 1]
        to = None if node is None else next((names[id(parent)] for k, parent in node.parents if k == argnum), None)
        if to is not None:
            note = f"Message {sent} of {total}: {names[id(node)]} has sent {float(np.sum(message)):.3g} to {to}."
    if sent == total:
        found = [(name, leaf) for name, leaf in leaves.items() if id(leaf) in place]
        ends = ", ".join(f"∂/∂{name} = {float(np.sum(signals.get(leaf, 0.0))):.4g}" for name, leaf in found)
        note = f"All {total} messages are sent: {ends}."
    return [graph, parts], note


# ------------------------------------------------------------------------------------------ two moons

RUN = 300
SHOWN = (-1.8, 2.8, -1.4, 1.9)


def two_moons(train: Callable[..., Any], **settings: Any) -> Stage:
    """A network whose every gradient is the reader's own, and agrees with torch's to rounding.

    train(X, t, params, lr, steps): the reader's train_two_moons
    """
    X, t = data.two_moons(300, seed=0)
    X_test, t_test = data.two_moons(300, seed=1)
    rule = reader_rule(train, {"params": None, "losses": lambda *arguments: (arguments[-1],)})

    def answer(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray, b2: np.ndarray, x: np.ndarray) -> np.ndarray:
        return (np.tanh(x @ W1 + b1) @ W2 + b2)[:, 0]

    def trained(params: list[np.ndarray], lr: float, steps: int) -> tuple[list[np.ndarray], list[float]]:
        new, losses = rule(X, t, params, lr, steps)
        new = [np.asarray(one, dtype=float) for one in new]
        if [one.shape for one in new] != [one.shape for one in params]:
            raise ReaderError("Your train_two_moons returned parameters of other shapes than it was given.")
        return new, list(losses)

    @lru_cache(maxsize=12)
    def run(hidden: int, lr: float) -> tuple[list, np.ndarray]:
        rng = np.random.default_rng(0)
        params = [rng.normal(size=(2, hidden)), np.zeros(hidden), 0.3 * rng.normal(size=(hidden, 1)), np.zeros(1)]
        kept, losses = [params], []
        while len(kept) <= RUN // 10 and all(np.isfinite(one).all() for one in params):
            params, more = trained(params, lr, 10)
            kept.append(params)
            losses += more
        return kept, np.array([*losses, *trained(params, lr, 1)[1]])

    def by_torch(params: list[np.ndarray]) -> list[np.ndarray]:
        import torch

        tensors = [torch.tensor(p, requires_grad=True) for p in params]
        W1, b1, W2, b2 = tensors
        z = (torch.tensor(X) @ W1 + b1).tanh() @ W2 + b2
        torch.nn.functional.binary_cross_entropy_with_logits(z[:, 0], torch.tensor(t).double()).backward()
        return [tensor.grad.numpy() for tensor in tensors]

    def scene(hidden: int, lr: float, step: int, compare: bool) -> tuple[list, str]:
        kept, losses = run(hidden, lr)
        at = min(step, len(kept) - 1)
        params = kept[at]
        left, right, bottom, top = SHOWN
        grid = np.stack(np.meshgrid(np.linspace(left, right, 61), np.linspace(bottom, top, 61)), axis=-1).reshape(-1, 2)
        with np.errstate(all="ignore"):
            z = answer(*params, grid).reshape(61, 61)
        plane = panel(
            field(np.tanh(z / 2), x=(left, right), y=(bottom, top), colors="RdBu_r", limits=(-1.6, 1.6), opacity=0.7),
            points(X[t == 0], color=BLUE, marker="o", size=4.5),
            points(X[t == 1], color=ORANGE, marker="X", size=5.5),
            x="x₁",
            y="x₂",
            xlim=(left, right),
            ylim=(bottom, top),
            title=f"after {10 * at} steps",
        )
        shown = losses[: 10 * at + 1]
        curve = panel(
            line(range(len(shown)), np.clip(shown, 1e-3, 1e3), color=INK, dash="-"),
            x="step",
            y="loss",
            ylog=True,
            xlim=(0, RUN),
            ylim=(0.01, max(3.0, 1.2 * float(np.nanmax(np.clip(shown, 0, 1e3))))),
        )
        share = float(np.mean((answer(*params, X_test) > 0) == t_test))
        note = f"After {10 * at} steps the loss is {shown[-1]:.3g}, and {share:.3g} of 300 test points are right."
        if len(kept) <= RUN // 10:
            note += " Then the parameters became infinite: the learning rate is too large."
        if compare:
            moved, _ = trained(params, 1.0, 1)
            pairs = zip(params, moved, by_torch(params), strict=True)
            gap = max(np.abs(here - there - slope).max() for here, there, slope in pairs)
            note += f" The largest difference between your gradient and that of torch.autograd is {gap:.1e}."
        return [plane, curve], note

    return Stage(
        scene,
        step=play(RUN // 10, value=RUN // 10, speed=6, label="ten steps each"),
        hidden=int_slider(1, 24, 20, label="hidden units"),
        lr=log_slider(0.01, 30, 1.0, label="learning rate"),
        compare=toggle(False, label="compare with torch.autograd"),
        presets={
            "from the start": {"hidden": 20, "lr": 1.0, "step": 0},
            "two hidden units": {"hidden": 2, "lr": 1.0, "step": 30},
            "too slow": {"hidden": 20, "lr": 0.03, "step": 30},
            "twenty times as fast": {"hidden": 20, "lr": 20.0, "step": 30},
        },
        settings=settings,
        arguments={"train": train},
        budget=12.0,
        name="demos.two_moons",
    )


LECTURE = 5
DEMOS = ()  # both are about the reader's own library
WITHOUT_STAND_INS = ("messages", "two_moons")
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {}
