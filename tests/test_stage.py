"""Scenes, layers, controls, what goes to the front end, and the matplotlib renderer."""

import json
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from racer import RULES, STEPS, many_controls, racer

from course.figure import BLUE, ORANGE
from course.stage import (
    Stage,
    arrows,
    button,
    choice,
    choices,
    draw,
    field,
    freeze,
    handle,
    int_slider,
    line,
    log_slider,
    number,
    panel,
    play,
    point,
    points,
    rects,
    slider,
    surface,
    table,
    text,
    texts,
    toggle,
)
from course.stage.freezing import record
from course.stage.packing import pack, select

Z = np.arange(12.0).reshape(3, 4)
SPACE = {"x": (0, 3), "y": (0, 2)}


def stage(**options):
    def scene(lr, steps):
        return [panel(line([0, 1], [0, lr]), field(Z, **SPACE))], f"{steps} steps at {lr:g}."

    return Stage(scene, lr=log_slider(1e-3, 10, value=0.1, label="learning rate"), steps=int_slider(1, 9, 3), **options)


def question(settings, number, holds):
    return {"kind": "ask", "settings": settings, "number": number, "holds": holds}


# Layers


def test_a_path_may_be_one_array_or_two():
    path = np.array([[0.0, 1.0], [2.0, 3.0]])
    for layer in (line(path), line(path[:, 0], path[:, 1]), points(path)):
        assert layer.arrays["x"].tolist() == [0, 2]
        assert layer.arrays["y"].tolist() == [1, 3]


def test_layers_keep_what_they_were_given_when_the_scene_goes_on_to_change_its_arrays():
    x = np.zeros(3)
    drawn = line(x, x)
    x += 1
    assert drawn.arrays["x"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: line([1, 2, 3], [1, 2]), "3 x, 2 y"),
        (lambda: line([1, 2, 3]), "shape \\(3,\\)"),
        (lambda: line([[1, 2]], marker="heart"), "no marker 'heart'"),
        (lambda: line([[1, 2]], dash="~"), "no dash '~'"),
        (lambda: line([[1, 2]], fill="above"), '"below" or "closed"'),
        (lambda: field([1, 2], **SPACE), "2 axes"),
        (lambda: field(Z, x=(0, 1, 2), y=(0, 1)), "two numbers"),
        (lambda: field(Z, **SPACE, bands=True, cells=True), "not both"),
        (lambda: field(Z, **SPACE, colors="jet"), "no colour map 'jet'"),
        (lambda: surface(np.zeros((0, 2)), **SPACE), "empty"),
        (lambda: points([[1, 2]], values=[1, 2]), "don't fit"),
        (lambda: rects([1, 2], [1, 2, 3], 1, 1), "don't fit"),
        (lambda: rects([1, 2], 0, 1, 1, color=[BLUE]), "1 colours"),
        (lambda: texts([1], [1], ["a", "b"]), "2 strings but 1"),
        (lambda: texts(1, 1, "a", align="top"), "not 'top'"),
        (lambda: handle((None, None), (0, 0)), "moves a point setting"),
        (lambda: panel(xlim=(1, 1)), "two different"),
        (lambda: table(["a"], [["b", "c"]]), "2 cells but the header 1"),
    ],
)
def test_a_layer_says_what_does_not_fit(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_list_among_the_layers_is_told_of_the_missing_star():
    with pytest.raises(TypeError, match="star missing"):
        panel([line([[0, 1]])])


def test_a_signed_field_is_centred_on_zero_and_a_logarithmic_one_starts_at_its_floor():
    assert field([[-1.0, 4.0]], **SPACE, colors="RdBu_r").style["limits"] == [-4, 4]
    drawn = field(Z, **SPACE, log=True, floor=1e-3)
    np.testing.assert_allclose(drawn.arrays["Z"], np.log10(Z - Z.min() + 1e-3))


def test_a_line_on_a_logarithmic_surface_is_lifted_like_it():
    drawn = pack([panel(surface(Z, **SPACE, log=True), line([0.0], [0.0], [Z.max()]))])
    highest, lifted = (
        drawn.arrays[layer["arrays"][name]] for layer, name in zip(drawn.panels[0]["layers"], "Zz", strict=True)
    )
    assert lifted[0] == pytest.approx(highest.max())


# Controls


@given(st.floats(-1e6, 1e6))
def test_a_slider_gives_a_value_between_its_ends(value):
    fitted, change = slider(-2, 3).fit(value, {})
    assert -2 <= fitted <= 3
    assert (fitted == value) == (not change)


@pytest.mark.parametrize(
    ("control", "value"),
    [
        (slider(0, 1), "much"),
        (slider(0, 1), float("nan")),
        (choice(["a", "b"]), "c"),
        (choices(["a", "b"]), ["a", "c"]),
        (text("a"), 3),
        (text("a"), "a\nb"),
        (text("a"), 201 * "a"),
        (point(0, 0), (1,)),
        (point(0, 0), (1, float("inf"))),
    ],
)
def test_a_value_that_fits_nowhere_is_refused(control, value):
    with pytest.raises(ValueError, match=r"number|none of|a line of at most 200"):
        control.fit(value, {})


def test_each_control_begins_where_it_says():
    assert slider(0, 4).value == 2
    assert log_slider(0.01, 100).value == pytest.approx(1)
    assert int_slider(3, 9).value == 3
    assert choice(["a", "b"]).value == "a"
    assert choices(["a", "b"]).value == ["a", "b"]
    assert toggle().value is False
    assert button().value == 0
    assert number(3).value == 3
    assert text("x * y").value == "x * y"
    for wrong in (lambda: slider(0, 1, value=2), lambda: log_slider(0, 1), lambda: slider(1, 0)):
        with pytest.raises(ValueError, match=r"does not fit|above 0|low to high"):
            wrong()


def test_choices_come_in_the_order_of_the_options():
    assert choices(["a", "b", "c"]).fit(["c", "a"], {}) == (["a", "c"], "")


def test_time_ends_where_another_setting_says():
    made = many_controls()
    assert made.settings["time"] == 12
    made.settings = {"count": 5}
    assert made.settings["time"] == 5


# Stage


def test_scene_and_controls_have_to_fit():
    def scene(lr):
        return [panel()], "A note."

    with pytest.raises(TypeError, match="takes lr, but there is no control"):
        Stage(scene)
    with pytest.raises(TypeError, match="does not take mu"):
        Stage(scene, lr=slider(0, 1), mu=slider(0, 1))
    with pytest.raises(TypeError, match="should be a control"):
        Stage(scene, lr=0.1)
    with pytest.raises(ValueError, match="preset 'fast'"):
        Stage(scene, lr=slider(0, 1), presets={"fast": {"lr": 3}})
    with pytest.raises(ValueError, match="no setting 'mu'"):
        Stage(scene, lr=slider(0, 1), presets={"fast": {"mu": 3}})


def test_a_setting_out_of_range_is_drawn_at_the_nearest_end_and_the_note_says_so():
    _, note = stage(settings={"lr": 99}).picture()
    assert note == "learning rate: 99 is above 10, so the nearest value is drawn. 3 steps at 10."


def test_the_code_holds_what_differs_and_opens_the_same_picture():
    made = racer(lr=0.25, start=(1, -0.5), rules_shown=["momentum"])
    assert made.code() == "racer(rules_shown=['momentum'], lr=0.25, start=[1, -0.5])"
    again = eval(made.code(), {"racer": racer})
    assert again.settings == made.settings
    assert racer().code() == "racer()"


def test_a_button_may_set_others_and_is_no_setting():
    made = racer()
    assert "best" not in made.settings
    assert made.press("best", made.settings)["lr"] == pytest.approx(2 / 51)


@pytest.mark.parametrize("preset", racer().presets)
def test_every_preset_of_the_race_is_drawn(preset):
    made = racer()
    panels, note = made.panels(**made.presets[preset])
    assert note
    assert len(panels[0].layers) == 2 + len(RULES)
    assert len(panels[1].layers[0].arrays["x"]) == STEPS + 1


@pytest.mark.parametrize("output", [None, [panel()], ([panel()], ""), ([3], "A note."), ([panel()], None)])
def test_what_is_no_panels_and_note_is_said_so(output):
    with pytest.raises((TypeError, ValueError), match="scene"):
        Stage(lambda: output).panels()


# The way to the front end


def test_only_arrays_that_changed_are_sent():
    widget = stage().widget
    first, whole = widget.answer(question({"lr": 0.1, "steps": 3}, 1, -1))
    second, changed = widget.answer(question({"lr": 0.2, "steps": 3}, 2, 1))
    third, nothing = widget.answer(question({"lr": 0.2, "steps": 4}, 3, 2))
    assert [len(message["arrays"]) for message in (first, second, third)] == [3, 1, 0]
    assert len(whole) == 4 * (Z.size + 4)
    assert np.frombuffer(changed, "<f4").tolist() == [0, np.float32(0.2)]
    assert nothing == b""
    assert third["note"] == "4 steps at 0.2."


def test_a_front_end_that_lost_the_last_picture_is_sent_everything():
    widget = stage().widget
    widget.answer(question({"lr": 0.1, "steps": 3}, 1, -1))
    message, _ = widget.answer(question({"lr": 0.1, "steps": 3}, 2, 0))
    assert len(message["arrays"]) == 3


def test_the_same_numbers_in_another_shape_are_another_array():
    wide, tall = (field(np.zeros(shape), **SPACE) for shape in ((2, 6), (6, 2)))
    assert len(pack([panel(wide, tall)]).arrays) == 2
    entries, buffer = select(pack([panel(wide, wide)]))
    assert len(entries) == 1
    assert len(buffer) == 48


def test_a_failing_scene_leaves_the_last_picture_and_one_sentence():
    def scene(x):
        if x > 0.5:
            raise ZeroDivisionError("division by zero")
        return [panel(line([0, 1], [0, x]))], "All is well."

    widget = Stage(scene, x=slider(0, 1, value=0)).widget
    message, buffer = widget.answer(question({"x": 1.0}, 1, 0))
    assert message["error"].startswith("scene raised ZeroDivisionError")
    assert "division by zero" in message["error"]
    assert "panels" not in message
    assert buffer == b""
    message, _ = widget.answer(question({"x": 0.2}, 2, 0))
    assert message["note"] == "All is well."


def test_a_question_with_settings_that_do_not_exist_is_answered_in_a_sentence():
    message, _ = stage().widget.answer(question({"warp": 9}, 1, 0))
    assert "no setting 'warp'" in message["error"]


def test_a_page_that_is_loaded_anew_gets_the_picture_of_now():
    widget = stage().widget
    widget.answer(question({"lr": 0.5, "steps": 7}, 1, 0))
    opening = widget.get_state()["opening"]
    assert opening["note"] == "7 steps at 0.5."
    assert opening["settings"] == {"lr": 0.5, "steps": 7}
    assert len(opening["arrays"]) == 3


def test_the_specification_is_plain_json():
    spec = many_controls().widget.spec
    assert json.loads(json.dumps(spec)) == spec
    assert [control["kind"] for control in spec["controls"]][:3] == ["slider", "int_slider", "choice"]


def test_a_notebook_keeps_a_picture_and_the_note_for_viewers_without_widgets():
    data, _ = stage()._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "3 steps at 0.1."
    assert 'alt="3 steps at 0.1."' in data["text/html"]
    assert "data:image/png;base64," in data["text/html"]


def test_importing_the_course_or_the_stage_loads_no_widgets_and_no_matplotlib():
    code = "import course, course.stage, sys; print([n for n in ('ipywidgets', 'anywidget', 'matplotlib') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# matplotlib


def test_every_layer_is_drawn_by_matplotlib(tmp_path):
    t = np.linspace(0, 1, 9)
    every = [
        panel(field(Z, **SPACE, bands=True, bar="height"), line(t, t, label="line", every=2, marker="o"), equal=True, key=True),
        panel(field(Z, **SPACE, cells=True, values=True), texts(1, 1, "$\\alpha$", halo=True), axes=False),
        panel(field(Z % 3, **SPACE, cells=True, colors=[BLUE, ORANGE, "#000000"]), points(t, t, values=t)),
        panel(surface(Z, **SPACE, log=True, z="J"), line(t, t, t), points(t, t, t)),
        panel(rects([0, 1], 0, 1, [1, 2], color=[BLUE, ORANGE]), arrows(0, 0, 1, 1, dash="--"), handle("spot", (1, 1), label="spot")),
        panel(line(t, np.exp(t), fill="below", label="loss"), ylog=True, xticks={0: "start", 1: "end"}),
        table(["rule", "loss"], [["a", 1.0]], colors=[BLUE]),
    ]  # fmt: skip
    figure = draw(every)
    figure.savefig(tmp_path / "figure.png")
    visible = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    assert len(visible) == len(every)
    assert figure.axes[0].get_legend() is not None
    assert plt.get_fignums() == []


def test_the_race_is_drawn_without_nan_and_with_its_notes():
    made = racer()
    for settings in ({}, {"lr": 10.0}, {"view": "surface"}, {"rules_shown": []}, {"time": 0}):
        assert made.figure(**settings).axes
        assert made.picture(**settings)[1]


# Frozen pages


def test_a_frozen_page_holds_each_array_once_and_nothing_from_outside(tmp_path):
    grid = {"time": [0, 75, 150], "lr": [0.01, 0.03]}
    frozen = record(racer(), grid)
    assert len(frozen["pictures"]) == 6
    fields = {
        layer["arrays"]["Z"]
        for picture in frozen["pictures"]
        for layer in picture["panels"][0]["layers"]
        if layer["kind"] == "field"
    }
    assert len(fields) == 1
    assert [control["name"] for control in frozen["spec"]["controls"]] == ["lr", "time"]
    freeze(racer(), tmp_path / "race.html", grid)
    page = (tmp_path / "race.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_a_frozen_picture_that_fails_is_a_sentence():
    def scene(x):
        return [panel(line([0, 1], [0, 1 / x]))], "All is well."

    frozen = record(Stage(scene, x=int_slider(0, 2, value=1)), {"x": [0, 1]})
    assert "ZeroDivisionError" in frozen["pictures"][0]["error"]
    assert frozen["pictures"][1]["note"] == "All is well."


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"lr": np.geomspace(1e-4, 10, 100), "time": range(100)}, "10000 pictures"),
        ({"warp": [1]}, "no setting"),
        ({"lr": [100]}, "above"),
        ({"lr": []}, "no value"),
        ({"rules_shown": [["momentum"]]}, "can't be frozen"),
    ],
)
def test_a_grid_that_cannot_be_frozen_is_refused(grid, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        freeze(racer(), tmp_path / "never.html", grid)


def test_without_a_grid_choices_and_time_stay_movable():
    frozen = record(many_controls())
    assert [name for name, _ in frozen["axes"]] == ["mode", "grid", "caption", "time"]
    play_control = next(control for control in frozen["spec"]["controls"] if control["kind"] == "play")
    assert play_control["stops"][-1] == 12
    assert play(10).value == 10
