"""The demos of lecture 05, without a browser: messages against torch, and the reader's training."""

import numpy as np
import pytest
import torch

from autograder.reference import automatic_differentiation as reference
from course.demos import automatic_differentiation as demos
from course.stage import ReaderError


def messages(backward=reference.backward_pass):
    return demos.messages(reference.Node, reference.ops, backward, reference.VJPS)


@pytest.fixture(scope="module")
def moons():
    return demos.two_moons(reference.train_two_moons)


@pytest.mark.parametrize("expression", [*demos.EXPRESSIONS, "-x - 2 / y", "negative(y) + 0 * x"])
def test_the_derivatives_at_the_end_are_those_of_torch(expression):
    stage = messages()
    x, y = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.7, -1.2))
    allowed = {name: getattr(torch, name) for name in ("exp", "log", "tanh", "maximum", "negative")}
    eval(expression, {"__builtins__": {}}, {**allowed, "x": x, "y": y}).backward()
    _, note = stage.picture(expression=expression, x=0.7, y=-1.2, sent=12)
    slopes = [f"∂/∂{name} = {leaf.grad.item():.4g}" for name, leaf in (("x", x), ("y", y)) if leaf.grad is not None]
    assert note.endswith(f"are sent: {', '.join(slopes)}.")


def test_messages_arrive_one_by_one_and_the_table_shows_them():
    stage = messages()
    for sent in range(5):
        (_, parts), note = stage.picture(expression="x * y + x", x=2.0, y=0.5, sent=sent)
        arrived = {row[0]: row[2] for row in parts.rows}
        assert arrived["+"] == "1"
        assert f"{sent} of 4:" in note or sent in (0, 4)
        assert ("0.5" in note or "= 1.5" in note) <= (sent > 1)  # nothing is said before it is sent
        assert [row[3] == "" for row in parts.rows] == [sent < 4] * len(parts.rows)
        assert arrived["∗"] == ("1" if sent else "-")
    assert sorted(arrived["x"].split(" + ")) == ["0.5", "1"]


def test_nodes_of_one_name_are_told_apart_by_numbers():
    (_, parts), note = messages().picture(expression="exp(x) / (exp(x) + exp(y))", sent=12)
    assert [row[0] for row in parts.rows if row[0].startswith("exp")] == ["exp₃", "exp₂", "exp₁"]
    (_, parts), note = messages().picture(expression="x * x * x", sent=1)
    assert "Message 1 of 4: ∗₂ has sent 1 to" in note
    assert [row[0] for row in parts.rows] == ["∗₂", "∗₁", "x"]


def test_every_preset_gives_a_picture(moons):
    for stage in (messages(), moons):
        for settings in stage.presets.values():
            panels, note = stage.picture(**settings)
            assert panels
            assert len(note) > 20
        assert stage.figure().axes


def test_no_arrow_runs_through_a_node():
    (graph, _), _ = messages().picture(expression="x * x * x", sent=0)
    boxes = next(layer for layer in graph.layers if layer.kind == "rects").arrays
    centres = np.column_stack([boxes["x"], boxes["y"]]) + demos.HALF
    for layer in (layer for layer in graph.layers if layer.kind == "arrows"):
        start = np.array([layer.arrays["x"][0], layer.arrays["y"][0]])
        along = np.array([layer.arrays["dx"][0], layer.arrays["dy"][0]])
        parts = np.clip((centres - start) @ along / (along @ along), 0, 1)
        assert np.hypot(*(start + parts[:, None] * along - centres).T).min() > demos.HALF - 0.02


def test_programs_that_are_none_and_answers_that_are_not_written_get_a_sentence(moons):
    for line in ("x +* y", "", "x = 2", "x y", "(" * 150):
        with pytest.raises(ReaderError, match="not an expression"):
            messages().picture(expression=line)
    for line in (
        "x ** 2",
        "z + x",
        "sin(x)",
        "x.value",
        "x < y",
        "[x]",
        "x * 'a'",
        "exp(x) if x else y",
        "exp(x, y)",
        "maximum(x)",
        "__import__('os')",
    ):
        with pytest.raises(ReaderError, match="can't be used here"):
            messages().picture(expression=line)
    with pytest.raises(ReaderError, match="can't be traced"):
        messages().picture(expression="x(y)")
    with pytest.raises(ReaderError, match="more than fit"):
        messages().picture(expression=" + ".join(["x * y"] * 12))
    with pytest.raises(ReaderError, match="nothing was recorded"):
        messages().picture(expression="1 + 2")

    def backward_pass(g, end_node, vjps):
        raise NotImplementedError

    with pytest.raises(ReaderError, match="waits for your backward_pass"):
        messages(backward=backward_pass).picture()

    def train_two_moons(X, t, params, lr, steps):
        raise NotImplementedError

    with pytest.raises(ReaderError, match="waits for your train_two_moons"):
        demos.two_moons(train_two_moons).picture()
    with pytest.raises(ReaderError, match="other shapes"):
        demos.two_moons(lambda X, t, params, lr, steps: (params[:2], np.zeros(steps))).picture()


def test_the_comparison_with_torch_is_at_rounding_and_finds_a_wrong_step(moons):
    _, note = moons.picture(hidden=5, step=3, compare=True)
    assert float(note.split()[-1].rstrip(".")) < 1e-13

    def twice(X, t, params, lr, steps):
        return reference.train_two_moons(X, t, params, 2 * lr, steps)

    _, note = demos.two_moons(twice).picture(hidden=5, step=3, compare=True)
    assert float(note.split()[-1].rstrip(".")) > 1e-3


def test_the_boundary_winds_between_the_moons(moons):
    _, note = moons.picture(hidden=20, lr=1.0, step=30)
    assert "After 300 steps" in note
    assert float(note.split(", and ")[1].split()[0]) > 0.95
