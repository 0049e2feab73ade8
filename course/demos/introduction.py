"""Lecture 01: what a check says, how shapes are stretched, and the first learners: neighbours, a neuron, centres, an agent."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from course import checks, data, frozen_cases
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    Panel,
    ReaderError,
    Stage,
    button,
    choice,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    point,
    points,
    reader_rule,
    rects,
    slider,
    table,
    text,
    texts,
    toggle,
)

# ------------------------------------------------------------------------------------------ what a check says

WRONG = {
    "np.mean(x, 0)": lambda x: np.mean(x, 0),
    "np.mean(x)": lambda x: np.mean(x),
    "np.mean(x, 1)[:, None]": lambda x: np.mean(x, 1)[:, None],
    "np.sum(x, 1)": lambda x: np.sum(x, 1),
    "np.sum(x, 1) // np.size(x, 1)": lambda x: np.sum(x, 1) // np.size(x, 1),
}
YOURS = "your row_means"


def diagnoses(answer: Callable[..., Any], **settings: Any) -> Stage:
    """Five ways to get the mean of every row wrong, and what the check says to each: read it before you guess.

    answer(x): the reader's row_means
    """
    example = np.array([[1.0, 2.0, 6.0], [4.0, 4.0, 10.0]])
    rule = reader_rule(answer, {"means": None})

    def scene(code: str) -> tuple[list, str]:
        function = rule if code == YOURS else WRONG[code]
        came = np.asarray(function(example.copy()), dtype=float)
        named = lambda x: function(x)  # noqa: E731  a fresh name, so that the check finds its exercise
        named.__name__ = "row_means"
        report = checks.check_exercise(named, frozen_cases.load("row_means"))
        if report.unwritten:
            raise ReaderError("The last entry waits for your row_means.")
        said = f"Hint: {report.mistake.hint}" if report.mistake else report.lines()[0]
        left = panel(
            field(np.zeros((2, 3)), x=(0, 3), y=(0, 2), cells=True, colors=["#9cc3ea"]),
            texts(
                [0.5, 1.5, 2.5] * 2, [1.5] * 3 + [0.5] * 3, [f"{value:g}" for value in example.ravel()], color="#1f2430"
            ),
            xlim=(-0.2, 3.2),
            ylim=(-0.6, 2.6),
            equal=True,
            axes=False,
            title="x",
        )
        cells = [[f"shape {came.shape}", np.array2string(came, precision=3, separator=", ").replace("\n", " ")]]
        passed = [(case.name, "pass" if case.difference is None else "FAIL") for case in report.cases]
        return [
            left,
            table(["came back", ""], cells, title=code),
            table(["visible case", ""], passed, title=f"{report.passed} of {len(report.cases)} passed"),
        ], said

    return Stage(
        scene,
        code=choice([*WRONG, YOURS], label="row_means(x) returns"),
        settings=settings,
        arguments={"answer": answer},
        name="demos.diagnoses",
    )


# ------------------------------------------------------------------------------------------ broadcasting

SHAPES = ("(3, 4)", "(4,)", "(3,)", "(1, 4)", "(3, 1)", "(4, 3)", "()")  # that the fields offer
LONGEST = 8  # of a drawn axis


def shape_of(line: str) -> tuple[int, ...]:
    """A typed shape: "(3, 1)", "(4,)", "3, 1" or "4". Raises ReaderError, with a sentence, for anything else."""
    try:
        found = ast.literal_eval(line.strip() or "()")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        found = None
    found = (found,) if type(found) is int else found
    whole = isinstance(found, tuple) and all(type(length) is int for length in found)
    if not whole or len(found) > 2 or not all(1 <= length <= LONGEST for length in found):
        raise ReaderError(
            f"{line!r} is no shape that can be drawn here: at most two lengths from 1 to {LONGEST}, such as (3, 1) or (4,)."
        )
    return found


def broadcasting(**settings: Any) -> Stage:
    """Axes are aligned from the right; an axis of length 1 is stretched. A column with a row gives a table."""

    def scene(a: str, b: str) -> tuple[list, str]:
        first, second = shape_of(a), shape_of(b)
        a, b = str(first), str(second)
        width = max(len(first), len(second))
        aligned = [["-"] * (width - len(shape)) + [str(n) for n in shape] for shape in (first, second)]
        fits = [one == other or "1" in (one, other) or "-" in (one, other) for one, other in zip(*aligned, strict=True)]
        names = [f"axis {axis - width}" for axis in range(width)] or ["no axis"]
        rows = [["a", *aligned[0]], ["b", *aligned[1]]] if width else [["a", "-"], ["b", "-"]]
        if not all(fits):
            rows.append(["a + b", *("ok" if fit else "clash" for fit in fits)])
            clash = next(axis for axis in reversed(range(width)) if not fits[axis])
            note = (
                f"{a} and {b} don't fit: aligned from the right, axis {clash - width} has {aligned[0][clash]} and "
                f"{aligned[1][clash]}. Lengths must be equal, or one of them 1."
            )
            return [table(["", *names], rows, title="aligned from the right")], note
        shape = np.broadcast_shapes(first, second)
        rows.append(["a + b", *(map(str, shape) if width else ["-"])])
        x = np.arange(int(np.prod(first)), dtype=float).reshape(first)
        y = 10 * np.arange(1, int(np.prod(second)) + 1, dtype=float).reshape(second)
        pictures = [
            _grid(np.broadcast_to(x, shape), np.atleast_2d(x).shape, f"a, {a}"),
            _grid(np.broadcast_to(y, shape), np.atleast_2d(y).shape, f"b, {b}"),
            _grid(x + y, np.atleast_2d(x + y).shape, f"a + b, {shape}"),
        ]
        stretched = [name for name, own in (("a", first), ("b", second)) if own != shape]
        note = f"{a} and {b} give {shape}. "
        note += (
            f"{' and '.join(stretched)} {'is' if len(stretched) == 1 else 'are'} stretched: the faint cells are the same numbers again."
            if stretched
            else "Nothing has to be stretched."
        )
        return [table(["", *names], rows, title="aligned from the right"), *pictures], note

    return Stage(
        scene,
        a=text("(3, 4)", suggestions=SHAPES, label="shape of a"),
        b=text("(4,)", suggestions=SHAPES, label="shape of b"),
        presets={
            "a table and a row": {"a": "(3, 4)", "b": "(4,)"},
            "a column and a row": {"a": "(3, 1)", "b": "(4,)"},
            "why not?": {"a": "(3, 4)", "b": "(3,)"},
            "a table and a column": {"a": "(3, 4)", "b": "(3, 1)"},
            "a number": {"a": "()", "b": "(3, 4)"},
        },
        settings=settings,
        name="demos.broadcasting",
    )


def _grid(values: np.ndarray, own: tuple[int, int], title: str) -> Panel:
    """The stretched array as cells; those that are copies are faint."""
    values = np.atleast_2d(values)
    rows, columns = values.shape
    shade = np.zeros(values.shape)
    shade[: own[0], : own[1]] = 1.0
    places = [(j + 0.5, rows - i - 0.5) for i in range(rows) for j in range(columns)]
    return panel(
        field(shade[::-1], x=(0, columns), y=(0, rows), cells=True, colors=["#eef3f9", "#9cc3ea"], limits=(0, 1)),
        texts(*zip(*places, strict=True), [f"{value:g}" for value in values.ravel()], color="#1f2430"),
        xlim=(-0.2, max(4, columns) + 0.2),
        ylim=(-0.2, max(3, rows) + 0.2),
        equal=True,
        axes=False,
        title=title,
    )


# ------------------------------------------------------------------------------------------ nearest neighbours

COUNTS = (10, 30, 100, 300, 1200)
QUERIES = 200
SHOWN = 24


def nearest_neighbours(predict: Callable[..., Any], **settings: Any) -> Stage:
    """More examples help a nearest neighbour; a shift by one pixel ruins it, for the distance compares pixel with pixel.

    predict(train_x, train_y, x): the reader's nearest_neighbour_predict
    """
    rule = reader_rule(predict, {"labels": None})
    X, labels, X_test, labels_test = data.digits()
    images = X_test[:QUERIES].reshape(-1, 8, 8)
    wanted = labels_test[:QUERIES]

    @lru_cache(maxsize=256)
    def said(n: int, shift: int) -> np.ndarray:
        moved = np.zeros_like(images)
        moved[:, :, shift:] = images[:, :, : 8 - shift]
        return np.asarray(rule(X[:n].copy(), labels[:n].copy(), moved.reshape(QUERIES, 64)))

    def scene(n: float, shift: int) -> tuple[list, str]:
        n = round(n)
        answers = said(n, shift)
        if answers.shape != wanted.shape:
            raise ReaderError(f"Your nearest_neighbour_predict gave shape {answers.shape} for {QUERIES} digits.")
        sheet = np.zeros((3 * 9, 8 * 9))
        layers, words = [], []
        for k in range(SHOWN):
            row, column = divmod(k, 8)
            image = np.zeros((8, 8))
            image[:, shift:] = images[k][:, : 8 - shift]
            sheet[row * 9 : row * 9 + 8, column * 9 : column * 9 + 8] = image
            if answers[k] != wanted[k]:
                left, top = column * 9 - 0.4, 27 - row * 9 + 0.4
                layers.append(rects(left, top - 8.8, 8.8, 8.8, color=ORANGE, filled=False))
                words.append((column * 9 + 7.2, 27 - row * 9 - 1.0, str(answers[k])))
        if words:
            layers.append(texts(*zip(*words, strict=True), color=ORANGE, size=13, bold=True, halo=True))
        left = panel(
            field(1 - sheet[::-1], x=(0, 72), y=(0, 27), cells=True, colors="gray", limits=(0, 1)),
            *layers,
            xlim=(-1, 73),
            ylim=(-1, 28),
            equal=True,
            axes=False,
            title="test digits; framed: read wrongly, as",
            width=1.3,
        )
        curve = [float(np.mean(said(count, shift) == wanted)) for count in COUNTS]
        accuracy = float(np.mean(answers == wanted))
        right = panel(
            line(COUNTS, curve, color=BLUE, marker="o", every=1),
            points([n], [accuracy], color=ORANGE, marker="X", size=10),
            x="training examples",
            y=f"share of {QUERIES} test digits",
            xlog=True,
            xlim=(8, 1500),
            ylim=(0, 1.03),
            title=f"shifted by {shift} pixel{'' if shift == 1 else 's'}",
        )
        return [left, right], f"With {n} examples, {accuracy:.3g} of the test digits are read rightly."

    return Stage(
        scene,
        n=log_slider(10, 1200, 100, label="training examples"),
        shift=int_slider(0, 2, 0, label="pixels to the right"),
        presets={
            "ten examples": {"n": 10, "shift": 0},
            "all of them": {"n": 1200, "shift": 0},
            "all, one pixel off": {"n": 1200, "shift": 1},
            "all, two pixels off": {"n": 1200, "shift": 2},
        },
        settings=settings,
        arguments={"predict": predict},
        budget=6.0,
        name="demos.nearest_neighbours",
    )


# ------------------------------------------------------------------------------------------ one neuron

PLANE = (-4.0, 4.0)
SIDE = 61
HAND, LEARNED = "by hand", "by the rule"
CROSS = np.array([[-1.5, -1.5], [1.5, 1.5], [-1.5, 1.5], [1.5, -1.5]])


@lru_cache(maxsize=8)
def _two_classes(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "XOR":
        x, k = data.blobs(48, CROSS, 0.35, seed=2)
        return x, np.where(k < 2, -1, 1)
    if name == "apart":  # beside the origin and close together, so that the rule needs five passes
        x, k = data.blobs(40, [[-0.6, 0.4], [1.6, 2.0]], 0.6, seed=29)
    else:
        x, k = data.blobs(40, [[-1.4, -0.6], [1.4, 1.2]], 1.4, seed=3)
    return x, 2 * k - 1


def _count(n: float, thing: str) -> str:
    return f"{n:g} {thing}{'' if n == 1 else 's'}"


def neuron(neuron: Callable[..., Any], learn: Callable[..., Any], **settings: Any) -> Stage:
    """One neuron is one line, and XOR has none.

    neuron(x, w, b): the reader's first_neuron, which colours the plane; learn(x, t, epochs): train_first_neuron
    """
    rule, teacher = reader_rule(neuron, {"output": None}), reader_rule(learn, {"w": (2,), "b": (), "mistakes": None})
    ticks = np.linspace(*PLANE, SIDE)
    square = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)

    def scene(which: str, how: str, w1: float, w2: float, b: float, passes: int) -> tuple[list, str]:
        x, t = _two_classes(which)
        history: Sequence[float] = ()
        w = np.array([w1, w2])
        if how == LEARNED:
            w, b, history = teacher(x.copy(), t.copy(), passes)
        output = np.asarray(rule(square, w, b))
        if output.shape != (SIDE * SIDE,):
            raise ReaderError(f"Your first_neuron gave shape {output.shape} for {SIDE * SIDE} points.")
        side = np.sign(x @ w + b) * t
        wrong = side <= 0
        layers = [
            field(0.5 - output.reshape(SIDE, SIDE), x=PLANE, y=PLANE, colors="RdBu_r", limits=(-0.9, 0.9), opacity=0.6)
        ]
        if np.hypot(*w) > 1e-9:
            foot, along = -b * w / (w @ w), np.array([-w[1], w[0]]) / np.hypot(*w)
            layers.append(line(foot + np.outer([-12, 12], along), color=INK, dash="-"))
            layers.append(line(np.stack([foot, foot + w / np.hypot(*w)]), color=PURPLE, label="w"))
        if wrong.any():
            layers.append(points(x[wrong], color=GREY, marker="o", size=13, opacity=0.5))
        layers += [
            points(x[t == 1], color=BLUE, marker="o", size=7),
            points(x[t == -1], color=ORANGE, marker="X", size=8),
        ]
        left = panel(
            *layers, x="x₁", y="x₂", xlim=PLANE, ylim=PLANE, equal=True, title="blue where the output is near 1"
        )
        said = (
            f"w = ({w[0]:.3g}, {w[1]:.3g}), b = {b:.3g}: {int(wrong.sum())} of {len(t)} points are on the wrong side."
        )
        if how == HAND:
            return [left], said
        counts = [float(value) for value in np.atleast_1d(history)]
        right = panel(
            line(range(1, len(counts) + 1), counts, color=ORANGE, marker="o", every=1)
            if counts
            else texts([0], [0], [""]),
            x="pass",
            y="mistakes in it",
            xlim=(0, 21),
            ylim=(-0.5, max(10.0, *counts, 0.0) + 1),
        )
        if not counts:
            return [left, right], said + " No pass was made yet."
        return [left, right], said + f" The last pass made {_count(counts[-1], 'mistake')}."

    return Stage(
        scene,
        which=choice(["apart", "overlapping", "XOR"], label="points"),
        how=choice([HAND, LEARNED], label="weights"),
        w1=slider(-3, 3, 1.0, 0.1, label="weight w₁", when={"how": HAND}),
        w2=slider(-3, 3, -0.5, 0.1, label="weight w₂", when={"how": HAND}),
        b=slider(-4, 4, 0.5, 0.1, label="bias b", when={"how": HAND}),
        passes=int_slider(0, 20, 0, label="passes over the points", when={"how": LEARNED}),
        one=button("one pass", sets=lambda now: {"how": LEARNED, "passes": min(20, now["passes"] + 1)}),
        presets={
            "by hand": {"which": "apart", "how": HAND},
            "let it learn": {"which": "apart", "how": LEARNED, "passes": 0},
            "no line is perfect": {"which": "overlapping", "how": LEARNED, "passes": 10},
            "XOR: try": {"which": "XOR", "how": HAND, "w1": 1.0, "w2": 1.0, "b": 0.0},
        },
        settings=settings,
        arguments={"neuron": neuron, "learn": learn},
        name="demos.neuron",
    )


# ------------------------------------------------------------------------------------------ k-means

BLOBS = [[-2.2, -1.2], [2.2, -1.4], [0.2, 2.1], [3.0, 2.4]]
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
MARKS = ("o", "X", "^", "s", "D")
STARTS = ((-3.0, 2.5), (-2.5, 3.0), (-3.3, 3.3), (3.0, -3.0), (0.0, -3.0))


def kmeans(step: Callable[..., Any], **settings: Any) -> Stage:
    """Points go to the nearest centre, centres to the mean of their points: structure without labels, and without names.

    step(x, centres): the reader's kmeans_step
    """
    x, _ = data.blobs(160, BLOBS, 0.55, seed=4)
    X, labels, _, _ = data.digits()
    on_plane = reader_rule(step, {"assignment": (len(x),), "centres": lambda x, centres: centres.shape})
    on_digits = reader_rule(step, {"assignment": (len(X),), "centres": (10, 64)})

    @lru_cache(maxsize=64)
    def digit_run(start: int) -> list[tuple[np.ndarray, np.ndarray]]:
        centres, found = X[np.random.default_rng(start).choice(len(X), 10, replace=False)], []
        for _ in range(13):
            assignment, moved = on_digits(X, centres)
            found.append((centres, assignment.astype(int)))
            centres = moved
        return found

    def scene(K: int, time: int, start: int, c1: tuple, c2: tuple, c3: tuple, c4: tuple, c5: tuple) -> tuple[list, str]:
        centres = np.array([c1, c2, c3, c4, c5][:K], dtype=float)
        path, costs = [centres], []
        for _ in range(time + 1):
            assignment, moved = on_plane(x, centres)
            costs.append(float(((x - centres[assignment.astype(int)]) ** 2).sum()))
            if len(costs) <= time:
                centres = moved
                path.append(centres)
        assignment = assignment.astype(int)
        layers = []
        for k in range(K):
            own = x[assignment == k]
            if len(own):
                layers.append(points(own, color=COLOURS[k], marker=MARKS[k], size=5.5, opacity=0.75))
            layers.append(line(np.array(path)[:, k], color=COLOURS[k], dash="-", width=2.4))
        layers.append(points(centres, color=INK, marker="*", size=13))
        if time == 0:
            layers += [handle(f"c{k + 1}", point_, label=f"{k + 1}") for k, point_ in enumerate(centres)]
        left = panel(
            *layers, x="x₁", y="x₂", xlim=(-4.5, 5), ylim=(-4, 4.5), equal=True, title=f"after {_count(time, 'step')}"
        )
        middle = panel(
            line(range(len(costs)), costs, color=INK, dash="-", marker="o", every=1),
            x="step",
            y="sum of squared distances",
            xlim=(-0.3, 12.3),
            ylim=(0, 1.1 * max(costs)),
            title="the cost",
        )
        images, groups = digit_run(start)[time]
        sheet = np.zeros((17, 44))
        for k in range(10):
            row, column = divmod(k, 5)
            sheet[row * 9 : row * 9 + 8, column * 9 : column * 9 + 8] = images[k].reshape(8, 8)
        sheet = sheet.repeat(2, axis=0).repeat(2, axis=1)  # cells so small that no lines are drawn between them
        common = [np.bincount(labels[groups == k], minlength=10) for k in range(10)]
        purity = sum(count.max() for count in common) / len(labels)
        right = panel(
            field(1 - sheet[::-1], x=(0, 44), y=(0, 17), cells=True, colors="gray", limits=(0, 1)),
            xlim=(-1, 45),
            ylim=(-1, 18),
            equal=True,
            axes=False,
            title="ten centres of 1200 digits",
        )
        empty = K - len(np.unique(assignment))
        note = f"After {_count(time, 'step')} the cost is {costs[-1]:.0f}"
        note += f"; {_count(empty, 'centre')} without points. " if empty else ". "
        note += f"Of the digits, {purity:.2f} lie in a cluster whose most frequent digit they are."
        return [left, middle, right], note

    return Stage(
        scene,
        time=play(12, value=0, speed=2, label="step"),
        K=int_slider(1, 5, 4, label="centres"),
        start=button("another start for the digits"),
        **{
            f"c{k + 1}": point(*STARTS[k], xlim=(-4.5, 5), ylim=(-4, 4.5), label=f"centre {k + 1}", fields=False)
            for k in range(5)
        },
        presets={
            "all in one corner": {f"c{k + 1}": STARTS[k] for k in range(5)} | {"K": 4, "time": 0},
            "two for one blob": {
                "K": 4,
                "c1": (0.0, 2.4),
                "c2": (0.4, 1.6),
                "c3": (3.0, 2.4),
                "c4": (0.0, -1.3),
                "time": 0,
            },
            "three centres": {"K": 3, "time": 0},
            "and then?": {f"c{k + 1}": STARTS[k] for k in range(5)} | {"K": 4, "time": 12},
        },
        settings=settings,
        arguments={"step": step},
        budget=8.0,
        name="demos.kmeans",
    )


# ------------------------------------------------------------------------------------------ slot machines

MEANS = np.array([0.3, 1.0, 0.6])
ROUNDS = 100


def bandits(update: Callable[..., Any], **settings: Any) -> Stage:
    """An agent that never explores can lock in on the wrong arm.

    update(estimates, counts, arm, reward): the reader's bandit_update
    """
    rule = reader_rule(update, {"estimates": (3,), "counts": (3,)})

    def scene(
        pull_1: int, pull_2: int, pull_3: int, agent: int, explore: float, machines: int, truth: bool
    ) -> tuple[list, str]:
        rng = np.random.default_rng([machines, 1])
        arms = MEANS[np.random.default_rng([machines, 2]).permutation(3)]
        row = data.bandit(arms, np.random.default_rng([machines, 3]))
        estimates, counts, rewards = np.zeros(3), np.zeros(3, dtype=np.int64), []

        def pull(arm: int) -> None:
            nonlocal estimates, counts
            rewards.append(row.pull(arm))
            estimates, counts = rule(estimates, np.asarray(counts).astype(np.int64), arm, rewards[-1])

        for arm, presses in enumerate((pull_1, pull_2, pull_3)):
            for _ in range(presses):
                pull(arm)
        for _ in range(ROUNDS * agent):
            pull(int(rng.integers(3)) if rng.random() < explore else int(np.argmax(estimates)))
        counts = np.asarray(counts).astype(int)
        low = min(-1.0, float(np.min(estimates)) - 0.3)
        layers = [
            rects(np.arange(3) - 0.35, np.minimum(estimates, 0), 0.7, np.abs(estimates), color=BLUE, opacity=0.8),
            texts(np.arange(3), [low + 0.12] * 3, [_count(n, "pull") for n in counts]),
        ]
        if truth:
            for arm in range(3):
                layers.append(line([arm - 0.4, arm + 0.4], [arms[arm]] * 2, color=ORANGE, width=2.4))
        left = panel(
            *layers,
            xticks={arm: f"arm {arm + 1}" for arm in range(3)},
            y="estimated mean reward",
            xlim=(-0.6, 2.6),
            ylim=(low, max(2.0, float(np.max(estimates)) + 0.5)),
            title="orange: the true means" if truth else "what was learned",
        )
        if not rewards:
            return [left], "Nothing was pulled yet. Each pull costs a coin, and shows the reward of that arm alone."
        average = np.cumsum(rewards) / np.arange(1, len(rewards) + 1)
        right = panel(
            line(np.arange(1, len(rewards) + 1), average, color=INK, dash="-"),
            line([1, max(2, len(rewards))], [arms.max()] * 2, color=ORANGE, label="best arm")
            if truth
            else texts([1], [0], [""]),
            x="pull",
            y="mean reward so far",
            xlim=(0, max(10, 1.02 * len(rewards))),
            ylim=(-1.5, 2.5),
        )
        each = ", ".join(f"{n} of arm {arm}" for arm, n in enumerate(counts, 1))
        note = f"{_count(len(rewards), 'pull')} ({each}), {average[-1]:.2f} on average."
        if truth:
            note += f" The best is arm {int(arms.argmax()) + 1}."
        return [left, right], note

    return Stage(
        scene,
        pull_1=button("pull arm 1"),
        pull_2=button("pull arm 2"),
        pull_3=button("pull arm 3"),
        agent=button(f"let the agent play {ROUNDS}"),
        explore=slider(0, 1, 0.1, 0.05, label="exploration rate"),
        machines=button("other machines"),
        truth=toggle(False, label="show the true means"),
        presets={
            "start again": {"pull_1": 0, "pull_2": 0, "pull_3": 0, "agent": 0},
            "never explores": {"pull_1": 0, "pull_2": 0, "pull_3": 0, "agent": 5, "explore": 0.0},
            "explores a little": {"pull_1": 0, "pull_2": 0, "pull_3": 0, "agent": 5, "explore": 0.1},
            "only explores": {"pull_1": 0, "pull_2": 0, "pull_3": 0, "agent": 5, "explore": 1.0},
        },
        settings=settings,
        arguments={"update": update},
        budget=5.0,
        name="demos.bandits",
    )


# ------------------------------------------------------------------------------------------ gallery


def _sklearn_neighbours(train_x: np.ndarray, train_y: np.ndarray, x: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(1, algorithm="brute").fit(train_x, train_y).predict(x)


def _scipy_neuron(x: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    from scipy.special import expit

    return expit(np.einsum("nd,d->n", x, w) + b)


def _sklearn_perceptron(x: np.ndarray, t: np.ndarray, epochs: int) -> tuple[np.ndarray, float, np.ndarray]:
    from sklearn.linear_model import Perceptron

    model, mistakes = Perceptron(shuffle=False, tol=None, max_iter=1), []
    for _ in range(epochs):
        model.partial_fit(x, t, classes=[-1, 1])
        mistakes.append(int((model.predict(x) != t).sum()))
    if not epochs:
        return np.zeros(2), 0.0, np.zeros(0)
    return model.coef_[0], float(model.intercept_[0]), np.array(mistakes)


def _scipy_kmeans(x: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import warnings

    from scipy.cluster.vq import kmeans2, vq

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of clusters that own nothing
        moved, _ = kmeans2(x, centres, iter=1, minit="matrix", missing="warn")
    return vq(x, centres)[0], moved


LECTURE = 1
DEMOS = ("broadcasting", "nearest_neighbours", "neuron", "kmeans")
WITHOUT_STAND_INS = ("diagnoses", "bandits")  # they are about the reader's own function
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "nearest_neighbours": lambda: {"predict": _sklearn_neighbours},
    "neuron": lambda: {"neuron": _scipy_neuron, "learn": _sklearn_perceptron},
    "kmeans": lambda: {"step": _scipy_kmeans},
}
GRIDS = {
    "nearest_neighbours": {"n": [10, 30, 100, 300, 1200], "shift": [0, 1, 2]},
}
