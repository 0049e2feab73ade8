"""The demos of lecture 01, without a browser: their pictures against numpy, scikit-learn and what the check says."""

import ast
from itertools import pairwise

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from autograder.reference import introduction as reference
from course import data
from course.demos import introduction as demos
from course.stage import ReaderError
from course.stage.layers import Panel

STAGES = {
    "diagnoses": lambda: demos.diagnoses(reference.row_means),
    "broadcasting": lambda: demos.broadcasting(),
    "nearest_neighbours": lambda: demos.nearest_neighbours(reference.nearest_neighbour_predict),
    "neuron": lambda: demos.neuron(reference.first_neuron, reference.train_first_neuron),
    "kmeans": lambda: demos.kmeans(reference.kmeans_step),
    "bandits": lambda: demos.bandits(reference.bandit_update),
}


def layers(panels, kind):
    return [layer for panel in panels if isinstance(panel, Panel) for layer in panel.layers if layer.kind == kind]


def random_settings(stage, rng):
    """Any value of each control."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind == "log_slider":
            drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind == "int_slider":
            drawn[name] = int(rng.integers(low, high + 1))
        elif control.kind == "toggle":
            drawn[name] = bool(rng.integers(2))
        elif control.kind == "choice":
            drawn[name] = control.options["options"][rng.integers(len(control.options["options"]))]
        elif control.kind == "play" or (control.kind == "button" and control.is_setting):
            drawn[name] = int(rng.integers(0, 5))
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_no_nan(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(12))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for kind in ("field", "points", "rects", "line"):
            for layer in layers(panels, kind):
                for array in layer.arrays.values():
                    assert np.isfinite(array).all()
    assert stage.figure().axes


@pytest.mark.parametrize(
    ("code", "word"),
    [("np.mean(x, 0)", "per column"), ("np.mean(x)", "single number"), ("np.sum(x, 1)", "too large")],
)
def test_the_diagnosis_shown_is_that_of_the_check(code, word):
    _, note = STAGES["diagnoses"]().picture(code=code)
    assert word in note
    _, note = STAGES["diagnoses"]().picture(code=demos.YOURS)
    assert "9 of 9" in note


def test_shapes_fit_where_numpy_says_so():
    stage = STAGES["broadcasting"]()
    typed = (*demos.SHAPES, "8, 1", "( 2,3 )", "5", "")
    for a in typed:
        for b in typed:
            _, note = stage.picture(a=a, b=b)
            try:
                shape = np.broadcast_shapes(demos.shape_of(a), demos.shape_of(b))
            except ValueError:
                assert "don't fit" in note
            else:
                assert f"give {shape}." in note


def test_a_typed_shape_is_read_as_python_reads_it():
    for line in demos.SHAPES:
        assert demos.shape_of(line) == ast.literal_eval(line)
    assert (demos.shape_of(" 3, 1 "), demos.shape_of("4"), demos.shape_of("")) == ((3, 1), (4,), ())


@pytest.mark.parametrize(
    "line", ["(3", "three", "(0, 2)", "(-1,)", "(9,)", "(2, 2, 2)", "(2.0, 1)", "True", "[1]", "__import__"]
)
def test_a_line_that_is_no_shape_gets_a_sentence_and_costs_nothing(line):
    with pytest.raises(ReaderError, match="no shape that can be drawn here"):
        STAGES["broadcasting"]().picture(a=line)


def test_neighbours_read_as_many_digits_as_scikit_learns_and_a_shift_ruins_them():
    X, labels, X_test, labels_test = data.digits()
    stage = STAGES["nearest_neighbours"]()
    for n in (30, 1200):
        wanted = (
            KNeighborsClassifier(1).fit(X[:n], labels[:n]).score(X_test[: demos.QUERIES], labels_test[: demos.QUERIES])
        )
        assert f" {wanted:.3g} of the test digits" in stage.picture(n=n, shift=0)[1]
    shares = [
        float(stage.picture(n=1200, shift=shift)[1].split("examples, ")[1].split(" of")[0]) for shift in (0, 1, 2)
    ]
    assert shares[0] > 0.97
    assert 0.55 < shares[1] < 0.75
    assert shares[2] < 0.25


def test_one_line_parts_two_blobs_and_never_xor():
    stage = STAGES["neuron"]()
    assert " 0 of 40 points" in stage.picture(which="apart", how=demos.LEARNED, passes=10)[1]
    rng = np.random.default_rng(1)
    for _ in range(30):
        w1, w2, b = rng.uniform(-3, 3, 3)
        wrong = int(stage.picture(which="XOR", how=demos.HAND, w1=w1, w2=w2, b=b)[1].split(": ")[1].split(" of")[0])
        assert wrong >= 5


def test_one_pass_more_is_what_the_button_asks_for():
    stage = STAGES["neuron"]()
    settings = stage.press("one", {**stage.settings, "how": demos.HAND, "passes": 3})
    assert (settings["how"], settings["passes"]) == (demos.LEARNED, 4)


def test_the_cost_of_kmeans_never_rises_and_depends_on_the_start():
    stage = STAGES["kmeans"]()
    ends = []
    for preset in ("and then?", "two for one blob"):
        costs = [
            float(
                stage.picture(**{**stage.presets[preset], "time": time})[1]
                .split("cost is ")[1]
                .split(".")[0]
                .split(";")[0]
            )
            for time in range(13)
        ]
        assert all(later <= sooner for sooner, later in pairwise(costs))
        ends.append(costs[-1])
    assert ends[1] > 3 * ends[0]


def test_the_estimates_are_means_and_an_agent_that_never_explores_stays_with_one_arm():
    panels, note = STAGES["bandits"]().picture(pull_1=4, pull_2=0, pull_3=2)
    (bars,) = layers(panels, "rects")
    assert note.startswith("6 pulls")
    assert [bool(height) for height in bars.arrays["height"]] == [True, False, True]  # nobody knows of the second arm
    stage = STAGES["bandits"]()
    _, never = stage.picture(agent=5, explore=0.0, truth=True)
    _, some = stage.picture(agent=5, explore=0.1, truth=True)
    assert "500 of arm 1, 0 of arm 2, 0 of arm 3" in never
    average = lambda note: float(note.split("), ")[1].split()[0])  # noqa: E731
    assert average(some) > average(never) + 0.2
    fair = dict.fromkeys(("pull_1", "pull_2", "pull_3"), 3)
    assert "of arm 2, 3 of arm 3" in stage.picture(**fair, agent=5, explore=0.0)[1]  # so the text says to start again


def test_the_rule_needs_five_passes_for_the_points_that_lie_apart():
    stage = STAGES["neuron"]()
    made = [stage.picture(how=demos.LEARNED, passes=n)[1].split("The last pass made ")[1] for n in range(1, 7)]
    assert made == ["6 mistakes.", "5 mistakes.", "2 mistakes.", "5 mistakes.", "2 mistakes.", "0 mistakes."]


def test_the_stand_ins_give_what_the_reference_gives():
    for name, make in demos.STAND_INS.items():
        assert getattr(demos, name)(**make()).picture()[1] == STAGES[name]().picture()[1]
    ours, theirs = STAGES["neuron"](), demos.neuron(**demos.STAND_INS["neuron"]())
    said = [stage.picture(how=demos.LEARNED, passes=6)[1].split(" The last")[0] for stage in (ours, theirs)]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (demos.nearest_neighbours, "nearest_neighbour_predict"),
        (lambda stub: demos.neuron(stub, reference.train_first_neuron), "first_neuron"),
        (demos.kmeans, "kmeans_step"),
        (lambda stub: demos.bandits(stub), "bandit_update"),
        (demos.diagnoses, "row_means"),
    ],
)
def test_a_demo_of_an_unwritten_answer_says_what_it_waits_for(make, waits_for):
    def stub(*arguments):
        raise NotImplementedError("not written yet")

    stub.__name__ = waits_for
    stage = make(stub)
    with pytest.raises(ReaderError, match=waits_for):
        stage.picture(
            **({"code": demos.YOURS} if waits_for == "row_means" else {"pull_1": 1} if "bandit" in waits_for else {})
        )


@pytest.mark.parametrize("wrong", [lambda *a: None, lambda *a: "two", lambda *a: 3.0, lambda *a: np.array([np.nan])])
def test_a_wrong_answer_gives_a_sentence_and_no_crash(wrong):
    pairs = (
        (demos.nearest_neighbours, {}),
        (lambda f: demos.neuron(f, f), {"how": demos.LEARNED}),
        (demos.kmeans, {}),
        (demos.bandits, {"pull_1": 2}),
        (demos.diagnoses, {"code": demos.YOURS}),
    )
    for make, settings in pairs:
        try:
            _, note = make(wrong).picture(**settings)
        except ReaderError as error:
            note = str(error)
        assert len(note) > 20
