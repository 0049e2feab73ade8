"""The demos of lecture 04, without a browser: their messages against sums over paths and nudges."""

import numpy as np
import pytest

from autograder.reference import backpropagation as reference
from course.demos import backpropagation as demos
from course.stage import ReaderError

STAGES = {
    "one unit": lambda: demos.one_unit(reference.logistic_squares_backward),
    "one unit, by torch": lambda: demos.one_unit(**demos.STAND_INS["one_unit"]()),
    "graph": lambda: demos.graph_messages(reference.graph_backward),
    "graph, by torch": lambda: demos.graph_messages(**demos.STAND_INS["graph_messages"]()),
}


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_many_settings_give_a_picture_with_a_note(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(8):
        settings = {}
        for key, control in stage.controls.items():
            low, high = control.options.get("low"), control.options.get("high")
            if control.kind == "slider":
                settings[key] = float(rng.uniform(low, high))
            elif control.kind == "int_slider":
                settings[key] = int(rng.integers(low, high + 1))
            elif control.kind == "choice":
                settings[key] = control.options["options"][rng.integers(len(control.options["options"]))]
        drawn.append(settings)
    for settings in [*stage.presets.values(), *drawn]:
        (graph, _), note = stage.picture(**settings)
        assert len(note) > 20
        assert "otherwise" not in note
        for layer in graph.layers:
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    assert stage.figure().axes


@pytest.mark.parametrize("make", [demos.one_unit, demos.graph_messages])
def test_a_demo_says_which_answer_it_waits_for(make):
    def my_answer(*arguments):
        raise NotImplementedError("not written yet")

    with pytest.raises(ReaderError, match="waits for your my_answer"):
        make(my_answer).picture()


def rows(stage, **settings):
    (_, beside), note = stage.picture(**settings)
    return {row[0]: row for row in beside.rows}, note


def test_one_node_after_the_other_gets_its_error_signal_and_it_is_that_of_the_nudge():
    stage = demos.one_unit(reference.logistic_squares_backward)
    known = []
    for step in range(9):
        found, _ = rows(stage, step=step)
        assert all((row[2] == "not yet") == (row[3] == "") for row in found.values())  # one has to guess first
        known.append([name for name, row in found.items() if row[2] != "not yet"])
    assert [len(names) for names in known] == [0, 1, 2, 3, 4, 5, 6, 7, 7]
    assert all(row[2] == row[3] for row in found.values())


def test_the_button_goes_one_node_back_and_begins_anew_at_the_end():
    stage = demos.one_unit(reference.logistic_squares_backward)
    settings = stage.settings
    for wanted in (1, 2, 3, 4, 5, 6, 7, 8, 0):
        settings = stage.press("back", settings)
        assert settings["step"] == wanted
    graph = demos.graph_messages(reference.graph_backward)
    settings = {**graph.settings, "graph": "v · v", "step": 3}
    assert graph.press("next", settings)["step"] == 0


def test_a_wrong_derivative_differs_from_its_nudge_and_the_note_says_so():
    def no_penalty(x, t, w, b, lam):
        loss, dw, db = reference.logistic_squares_backward(x, t, w, b, lam)
        return loss, dw - lam * w, db

    _, note = rows(demos.one_unit(no_penalty), step=8)
    assert "say otherwise" in note
    assert "in all 0.367, but your dw is 0.287" in note


def paths(n, edges, start):
    """The derivative as the sum over all paths of the products along them."""
    if start == n - 1:
        return 1.0
    return sum(d * paths(n, edges, j) for i, j, d in edges if i == start)


@pytest.mark.parametrize("graph", demos.GRAPHS)
def test_what_arrives_is_the_sum_over_all_paths(graph):
    spots, edges = demos.GRAPHS[graph]
    n = len(spots)
    assert all(i < j for i, j, _ in edges)
    stage = demos.graph_messages(reference.graph_backward)
    found, note = rows(stage, graph=graph, step=len(edges))
    for node in range(n):
        assert float(found[str(node)][2].replace("−", "-")) == pytest.approx(paths(n, edges, node), rel=1e-3)
    assert f"{len(edges)} messages" in note
    assert "All sums" in note


@pytest.mark.parametrize("graph", demos.GRAPHS)
def test_no_sum_is_shown_before_its_node_is_complete(graph):
    stage = demos.graph_messages(reference.graph_backward)
    for step in range(len(demos.GRAPHS[graph][1])):
        found, note = rows(stage, graph=graph, step=step)
        assert all((row[3] == "") == (row[1] != "complete") for row in found.values())
        assert "Next" not in note


def test_both_edges_of_v_times_v_are_changed_together():
    found, _ = rows(demos.graph_messages(reference.graph_backward), graph="v · v", step=3, d=2.0, edge3="0 → 1")
    assert found["0"][2] == "-4"


def test_an_edited_edge_changes_what_arrives_and_a_wrong_answer_is_named():
    stage = demos.graph_messages(reference.graph_backward)
    before, _ = rows(stage, graph="three diamonds", step=12)
    after, _ = rows(stage, graph="three diamonds", step=12, d=0.0, **{demos.PICKED["three diamonds"]: "1 → 3"})
    assert float(after["0"][2]) == float(before["0"][2]) / 2

    def overwrites(n, edges):
        bar = np.zeros(n)
        bar[-1] = 1
        for i, j, d in sorted(edges, key=lambda edge: -edge[1]):
            bar[i] = d * bar[j]
        return bar

    _, note = rows(demos.graph_messages(overwrites), graph="a fan-out", step=7)
    assert "adds up to" in note
