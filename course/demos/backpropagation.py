"""Lecture 04: one unit backward, node by node, and messages on a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course.figure import BLUE, GREY, INK, ORANGE, PURPLE
from course.stage import (
    Stage,
    arrows,
    button,
    choice,
    int_slider,
    panel,
    reader_rule,
    rects,
    slider,
    table,
    texts,
)

H = 1e-5  # of finite differences
HALF = 0.21, 0.16  # of a node's box
Place = tuple[float, float]


def _shown(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _waiting(here: Place, there: Place, bend: float) -> Any:
    """An edge that no message has passed: it points forward, from what is used to what uses it."""
    return _arrow(here, there, bend)


def _next(here: Place, there: Place, bend: float) -> Any:
    """The edge on which the next message travels, backward."""
    return _arrow(there, here, -bend, ORANGE, 3.2)


def _passed(here: Place, there: Place, bend: float) -> Any:
    """An edge that its message has passed."""
    return _arrow(there, here, -bend, ORANGE, 1.4, "-.")


def _boxes(places: dict[Any, Place], given: tuple = ()) -> list:
    """The nodes as boxes with their names; what is given has a grey rim."""
    layers = []
    for nodes, color in (([n for n in places if n not in given], INK), (list(given), GREY)):
        if nodes:
            x, y = np.array([places[node] for node in nodes]).T
            size = 2 * HALF[0], 2 * HALF[1]
            layers.append(rects(x - HALF[0], y - HALF[1], *size, color=color, filled=False, rounded=6))
    x, y = np.array(list(places.values())).T
    return [*layers, texts(x, y, list(map(str, places)), size=13)]


def _arrow(here: Place, there: Place, bend: float, color: str = INK, width: float = 1.0, dash: str = "-") -> Any:
    """From box to box; bend moves it sideways, for two edges between the same two."""
    start, end = np.array(here), np.array(there)
    along = end - start
    side = bend * np.array([-along[1], along[0]]) / np.hypot(*along)
    room = min(abs(h / a) if a else np.inf for h, a in zip((HALF[0] + 0.03, HALF[1] + 0.03), along, strict=True))
    start, end = start + room * along + side, end - room * along + side
    return arrows(*start, *(end - start), color=color, width=width, dash=dash)


def _labels(
    places: dict[Any, Place], said: dict[Any, str], up: bool, color: str, aside: dict[Any, float] | None = None
) -> list:
    """Texts above or below some nodes. aside: how far to the right, where an arrow would cross"""
    if not said:
        return []
    shift = HALF[1] + 0.17
    x, y = np.array([places[node] for node in said]).T
    x = x + [(aside or {}).get(node, 0.0) for node in said]
    return [texts(x, y + shift if up else y - shift, list(said.values()), color=color, halo=True)]


# ------------------------------------------------------------------------------------------ one unit

UNIT = {
    "x": (0.0, 2.9),
    "w": (0.0, 1.75),
    "b": (0.0, 0.5),
    "z": (1.6, 1.9),
    "y": (3.1, 1.9),
    "t": (3.1, 3.1),
    "L": (4.6, 1.9),
    "R": (3.1, 0.6),
    "λ": (4.6, -0.1),
    "J": (6.0, 1.3),
}
ABOVE = {"z": 0.25, "L": 0.36, "J": 0.24}
BELOW = {"z": 0.36, "J": 0.16}
UNIT_EDGES = ["xz", "wz", "bz", "zy", "yL", "tL", "wR", "LJ", "RJ", "λJ"]


def _on_top(from_r: float, from_z: float, dw: float) -> str:
    """The second message to w, and the sum of both beside the reader's."""
    both = from_r + from_z
    agrees = abs(both - dw) <= 1e-6 * (1 + abs(both))
    yours = "your dw" if agrees else f"but your dw is {_shown(dw)}"
    return f"R = ½w², so w gets R̄ · w = {_shown(from_r)} on top: in all {_shown(both)}, {yours}."


def one_unit(backward: Callable[..., Any], **settings: Any) -> Stage:
    """Each message is local: what arrives from behind, times the derivative of one operation.

    backward(x, t, w, b, lam) -> loss, dw, db: the reader's logistic_squares_backward
    """
    rule = reader_rule(backward, {"loss": (), "dw": (), "db": ()})

    def rest(y: float, t: float) -> float:
        """The part of the graph behind y."""
        return 0.5 * (y - t) ** 2

    def squash(z: float) -> float:
        return float(np.exp(-np.logaddexp(0.0, -z)))

    def scene(x: float, t: float, w: float, b: float, lam: float, step: int) -> tuple[list, str]:
        loss, dw, db = rule(x, t, w, b, lam)
        z = w * x + b
        y = squash(z)
        value = {"x": x, "w": w, "b": b, "z": z, "y": y, "t": t, "λ": lam, "L": rest(y, t), "R": 0.5 * w**2, "J": loss}
        y_bar, from_z = y - t, db * x
        # of the message: along which edge, what arrives, times what, and what the node then holds
        told = [
            (None, "J", 1.0, "It begins at the end: J̄ = dJ/dJ = 1."),
            ("LJ", "L", 1.0, "J = L + λR, so L gets J̄ · 1 = 1."),
            ("RJ", "R", lam, f"J = L + λR, so R gets J̄ · λ = {_shown(lam)}."),
            ("yL", "y", y_bar, f"L = ½(y − t)², so y gets L̄ · (y − t) = {_shown(y_bar)}."),
            ("zy", "z", db, f"The slope of the logistic is y(1 − y) = {_shown(y - y * y)}: z gets {_shown(db)}."),
            ("bz", "b", db, f"z = wx + b, so b gets z̄ · 1 = {_shown(db)}, your db."),
            (
                "wz",
                "w",
                from_z,
                f"z = wx + b, so w gets z̄ · x = {_shown(from_z)}. One more message is on its way to w.",
            ),
            ("wR", "w", dw, _on_top(lam * w, from_z, dw)),
        ]
        signal: dict[str, float] = {}
        for _, node, bar, _ in told[:step]:
            signal[node] = bar
        passed, coming = [pair for pair, *_ in told[:step]], [pair for pair, *_ in told[step : step + 1]]
        slopes = {
            "J": 1.0,
            "L": 1.0,
            "R": lam,
            "y": (rest(y + H, t) - rest(y - H, t)) / (2 * H),
            "z": (rest(squash(z + H), t) - rest(squash(z - H), t)) / (2 * H),
            "w": (rule(x, t, w + H, b, lam)[0] - rule(x, t, w - H, b, lam)[0]) / (2 * H),
            "b": (rule(x, t, w, b + H, lam)[0] - rule(x, t, w, b - H, lam)[0]) / (2 * H),
        }
        drawn = []
        for pair in UNIT_EDGES:
            arrow = _next if pair in coming else _passed if pair in passed else _waiting
            drawn.append(arrow(UNIT[pair[0]], UNIT[pair[1]], 0.0))
        graph = panel(
            *drawn,
            *_boxes(UNIT, ("x", "w", "b", "t", "λ")),
            *_labels(UNIT, {node: _shown(v) for node, v in value.items()}, True, BLUE, ABOVE),
            *_labels(UNIT, {node: _shown(v) for node, v in signal.items()}, False, ORANGE, BELOW),
            axes=False,
            equal=True,
            xlim=(-0.5, 6.5),
            ylim=(-0.6, 3.5),
            width=1.6,
            title="values above (blue), error signals below (orange)",
        )
        rows = []
        for node, name in zip("JLRyzbw", ("J = L + λR", "L", "R", "y", "z", "b", "w"), strict=True):
            bar = _shown(signal[node]) if node in signal else "not yet"
            rows.append((name, value[node], bar, _shown(slopes[node]) if node in signal else ""))
        beside = table(("node", "value", "error signal", "finite difference"), rows, title="checked by nudging")
        note = (
            "Forward: every node has its value. Now back: J first, then each time along the bold arrow."
            if not step
            else told[step - 1][3]
        )
        if step == len(told):
            off = max(abs(dw - slopes["w"]), abs(db - slopes["b"]), abs(db - slopes["z"]))
            agrees = off < 1e-6 * (1 + abs(dw) + abs(db))
            note += (
                " Finite differences agree."
                if agrees
                else " The finite differences say otherwise: which row differs first, from the top?"
            )
        return [graph, beside], note

    usual = {"x": 2.0, "t": 0.0, "w": 0.8, "b": -0.6, "lam": 0.1}
    return Stage(
        scene,
        x=slider(-3, 3, usual["x"], 0.1, label="input x"),
        t=slider(0, 1, usual["t"], 0.05, label="target t"),
        w=slider(-3, 3, usual["w"], 0.1, label="weight w"),
        b=slider(-3, 3, usual["b"], 0.1, label="bias b"),
        lam=slider(0, 1, usual["lam"], 0.05, label="penalty λ"),
        step=int_slider(0, 8, 0, label="steps back"),
        back=button("one node back", sets=lambda now: {"step": (now["step"] + 1) % 9}),
        presets={
            "forward": {**usual, "step": 0},
            "all the way back": {**usual, "step": 8},
            "no penalty": {**usual, "lam": 0.0, "step": 8},
            "x = 0: why does w still move?": {**usual, "x": 0.0, "step": 8},
            "very wrong, and stuck": {"x": 3.0, "t": 0.0, "w": 2.0, "b": 2.0, "lam": 0.0, "step": 8},
        },
        settings=settings,
        arguments={"backward": backward},
        name="demos.one_unit",
    )


# ------------------------------------------------------------------------------------------ messages on a graph

Edges = list[tuple[int, int, float]]


def _ladder(rungs: int) -> tuple[list[Place], Edges]:
    """Diamonds in a row: the ends are nodes 0, 3, 6, ..., between them two ways."""
    places: list[Place] = [(0.0, 1.0)]
    edges: Edges = []
    for k in range(rungs):
        x, first = 2.2 * k, 3 * k
        places += [(x + 1.1, 1.8), (x + 1.1, 0.2), (x + 2.2, 1.0)]
        edges += [(first, first + 1, 1.0), (first, first + 2, 2.0), (first + 1, first + 3, 1.0)]
        edges += [(first + 2, first + 3, 0.5)]
    return places, edges


GRAPHS: dict[str, tuple[list[Place], Edges]] = {
    "a chain": ([(1.3 * k, 1.0) for k in range(5)], [(0, 1, 2.0), (1, 2, -1.0), (2, 3, 0.5), (3, 4, 3.0)]),
    "a fan-out": (
        [(0.0, 1.0), (1.5, 2.0), (1.5, 1.0), (1.5, 0.0), (3.0, 1.6), (4.5, 1.0)],
        [(0, 1, 1.0), (0, 2, -2.0), (0, 3, 3.0), (1, 4, 2.0), (2, 4, 1.0), (3, 5, -1.0), (4, 5, 0.5)],
    ),
    "v · v": ([(0.0, 1.0), (2.0, 1.0), (4.0, 1.0)], [(0, 1, 3.0), (0, 1, 3.0), (1, 2, -1.0)]),
    "three diamonds": _ladder(3),
    "a shortcut and a dead end": (
        [(0.0, 0.7), (1.1, 1.9), (2.3, -0.1), (2.8, 1.9), (3.6, -0.1), (4.4, 0.7)],
        [(0, 1, 2.0), (0, 2, -1.0), (1, 2, 3.0), (1, 3, 1.5), (2, 4, 4.0), (0, 5, 0.5), (3, 5, -2.0)],
    ),
}
MOST = max(len(edges) for _, edges in GRAPHS.values())
NONE = "none"


def _edge_names(edges: Edges) -> list[str]:
    """Two edges between the same two nodes have one name."""
    return [NONE, *dict.fromkeys(f"{i} → {j}" for i, j, _ in edges)]


PICKED = {graph: f"edge{k}" for k, graph in enumerate(GRAPHS, 1)}
"""The setting that picks an edge of this graph."""


def graph_messages(backward: Callable[..., Any], **settings: Any) -> Stage:
    """A node sends its message on only when all of its own have arrived, so each edge is passed once.

    backward(n, edges) -> bar (n,): the reader's graph_backward
    """
    rule = reader_rule(backward, {"bar": lambda n, edges: (n,)})

    def scene(graph: str, step: int, d: float, **picked: str) -> tuple[list, str]:
        spots, edges = GRAPHS[graph]
        n = len(spots)
        edited = picked[PICKED[graph]]
        edges = [(i, j, d if f"{i} → {j}" == edited else old) for i, j, old in edges]
        bar = rule(n, list(edges))
        order = sorted(range(len(edges)), key=lambda k: edges[k][:2][::-1], reverse=True)
        sent, coming = order[:step], order[step : step + 1]
        places = dict(enumerate(spots))
        arrived = [float(k == n - 1) for k in range(n)]
        waits = [sum(i == k for i, _, _ in edges) for k in range(n)]
        for k in sent:
            i, j, slope = edges[k]
            arrived[i] += bar[j] * slope
            waits[i] -= 1
        drawn, numbers = [], []
        for k, (i, j, slope) in enumerate(edges):
            twins = [m for m, other in enumerate(edges) if other[:2] == (i, j)]
            bend = 0.0 if len(twins) == 1 else 0.14 * (2 * twins.index(k) - 1)
            here, there = places[i], places[j]
            arrow = _next if k in coming else _passed if k in sent else _waiting
            drawn.append(arrow(here, there, bend))
            along = np.subtract(there, here)
            side = (bend + (0.16 if bend >= 0 else -0.16)) * np.array([-along[1], along[0]]) / np.hypot(*along)
            numbers.append(
                (*(np.add(here, there) / 2 + side), _shown(slope), PURPLE if f"{i} → {j}" == edited else INK)
            )
        complete = {k: _shown(arrived[k]) for k in range(n) if waits[k] == 0}
        partly = {k: f"{_shown(arrived[k])} …" for k in range(n) if waits[k] and k in {edges[m][0] for m in sent}}
        x, y, said, colors = map(list, zip(*numbers, strict=True))
        width = max(spot[0] for spot in spots)
        picture = panel(
            *drawn,
            texts(x, y, said, color=colors, size=12, halo=True),
            *_boxes(places),
            *_labels(places, complete, False, ORANGE),
            *_labels(places, partly, False, GREY),
            axes=False,
            equal=True,
            xlim=(-0.6, width + 0.6),
            ylim=(-0.7, 2.5),
            width=1.6,
            title="local derivatives on the edges, error signals below the nodes",
        )
        rows = []
        for k in reversed(range(n)):
            state = "complete" if waits[k] == 0 else f"waits for {waits[k]}"
            sums = (arrived[k], bar[k]) if waits[k] == 0 else (arrived[k] if k in partly else "", "")
            rows.append((k, state, *sums))
        beside = table(("node", "messages", "sum so far", "graph_backward"), rows)
        return [picture, beside], _note(n, edges, sent, bar, arrived, waits)

    return Stage(
        scene,
        graph=choice(list(GRAPHS), "a fan-out", label="graph"),
        step=int_slider(0, MOST, 0, label="messages sent"),
        next=button("next message", sets=lambda now: {"step": (now["step"] + 1) % (len(GRAPHS[now["graph"]][1]) + 1)}),
        **{
            key: choice(_edge_names(GRAPHS[graph][1]), label="edge to change", when={"graph": graph})
            for graph, key in PICKED.items()
        },
        d=slider(-4, 4, 1.0, 0.5, label="its local derivative"),
        presets={
            "a chain": {"graph": "a chain", "step": 2, PICKED["a chain"]: NONE},
            "messages add": {"graph": "a fan-out", "step": 5, PICKED["a fan-out"]: NONE},
            "used twice by one node": {"graph": "v · v", "step": 2, PICKED["v · v"]: NONE},
            "8 paths, 12 messages": {"graph": "three diamonds", "step": 12, PICKED["three diamonds"]: NONE},
            "who hears nothing?": {
                "graph": "a shortcut and a dead end",
                "step": 7,
                PICKED["a shortcut and a dead end"]: NONE,
            },
            "one edge at 0": {"graph": "three diamonds", "step": 12, PICKED["three diamonds"]: "1 → 3", "d": 0.0},
        },
        settings=settings,
        arguments={"backward": backward},
        name="demos.graph_messages",
    )


def _note(n: int, edges: Edges, sent: list[int], bar: np.ndarray, arrived: list[float], waits: list[int]) -> str:
    """The message that has travelled last; when all have arrived, whether they agree with the reader's function."""
    if not sent:
        return f"Node {n - 1} is the result, and its error signal is 1. The bold arrow is the first message."
    if len(sent) < len(edges):
        i, j, slope = edges[sent[-1]]
        message = f"Node {j} has sent {_shown(bar[j])} · {_shown(slope)} = {_shown(bar[j] * slope)} to node {i}"
        more = "which is now complete" if not waits[i] else f"which still waits for {waits[i]} more"
        return f"{message}, {more}."
    paths = [0.0] * n
    paths[-1] = 1.0
    for i in reversed(range(n - 1)):
        paths[i] = sum(paths[j] for start, j, _ in edges if start == i)
    ways = f"{len(edges)} messages, one an edge, for {paths[0]:.0f} paths from node 0 to the last node."
    wrong = [k for k in range(n) if abs(arrived[k] - bar[k]) > 1e-9 * (1 + abs(bar[k]))]
    if wrong:
        k = wrong[-1]
        return f"{ways} What arrives at node {k} adds up to {_shown(arrived[k])}, but graph_backward says {_shown(bar[k])}."
    return f"{ways} All sums are those of graph_backward."


# ------------------------------------------------------------------------------------------ the gallery


def _torch_unit(x: float, t: float, w: float, b: float, lam: float) -> tuple[float, float, float]:
    """By torch's autograd."""
    import torch  # loaded by then, see STAND_INS

    parameters = [torch.tensor(float(p), dtype=torch.float64, requires_grad=True) for p in (w, b)]
    y = torch.sigmoid(parameters[0] * x + parameters[1])
    cost = torch.nn.functional.mse_loss(y, y.new_tensor(t)) / 2 + lam / 2 * parameters[0] ** 2
    slopes = torch.autograd.grad(cost, parameters)
    return float(cost), float(slopes[0]), float(slopes[1])


def _torch_graph(n: int, edges: Edges) -> np.ndarray:
    """By torch's autograd: each node is the sum of what it uses, plus a number of its own."""
    import torch

    own = torch.zeros(n, dtype=torch.float64, requires_grad=True)
    nodes: list[Any] = []
    for node in range(n):
        nodes.append(own[node] + sum(nodes[i] * slope for i, j, slope in edges if j == node))
    return torch.autograd.grad(nodes[-1], own)[0].numpy()


def _by_torch(rule: Callable[..., Any]) -> Callable[[], dict[str, Any]]:
    def stand_in() -> dict[str, Any]:
        import torch  # noqa: F401  a scene has no time to load it

        return {"backward": rule}

    return stand_in


LECTURE = 4
DEMOS = ("one_unit", "graph_messages")  # in the gallery's order
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "one_unit": _by_torch(_torch_unit),
    "graph_messages": _by_torch(_torch_graph),
}
GRIDS: dict[str, dict[str, list[Any]]] = {
    "one_unit": {"x": [-2, 0, 2], "w": [-1.5, 0.8, 2.0], "lam": [0.0, 0.1, 0.5], "step": list(range(9))},
    "graph_messages": {"graph": list(GRAPHS), "step": list(range(13))},
}
