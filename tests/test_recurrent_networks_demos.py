"""The demos of lecture 12, without a browser: their pictures against closed forms and the answers they are driven by."""

import numpy as np
import pytest
import torch

from autograder.reference import recurrent_networks as reference
from course.demos import recurrent_networks as demos
from course.figure import BLUE, panels
from course.stage import ReaderError
from course.unrolled import arrow, box, canvas, label


class Parrot(torch.nn.Module):
    """Sure that the next character is the one after the last in the alphabet."""

    def forward(self, characters):
        return 20 * torch.eye(96)[(characters + 1) % 96]


STAGES = {
    "through_time": lambda: demos.through_time(reference.rnn_backward),
    "gradient_norms": lambda: demos.gradient_norms(reference.jacobian_norms),
    "cliff": lambda: demos.cliff(reference.clip_by_global_norm),
    "gates": lambda: demos.gates(reference.lstm_step),
    "writer": lambda: demos.writer(reference.sample_token, Parrot()),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def named(panels, name):
    (found,) = [layer for layer in layers(panels, "line") if layer.style.get("label") == name]
    return found.arrays["x"], found.arrays["y"]


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
        elif control.kind == "choice":
            drawn[name] = control.options["options"][rng.integers(len(control.options["options"]))]
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_finite_numbers(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(12))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        assert "nan" not in note
        for kind in ("field", "points", "rects", "line"):
            for layer in layers(panels, kind):
                assert all(np.isfinite(array).all() for array in layer.arrays.values())
    assert len(stage.figure().axes) == 2


def test_a_gradient_reaches_the_steps_up_to_its_own_and_no_later_one():
    for step in range(1, 7):
        panels, note = STAGES["through_time"]().picture(where="one step", step=step, radius=1.0)
        (bars,) = layers(panels[1:], "rects")
        parts = bars.arrays["height"] if "height" in bars.arrays else bars.arrays["h"]
        assert (parts[1:step] > 1e-4).all()
        assert (parts[step:] < 1e-6).all()
        assert f"{step - 1} of 6 steps" in note


def test_the_norms_are_those_of_the_readers_function_and_a_small_radius_lets_nothing_through():
    panels, _ = STAGES["gradient_norms"]().picture(radius=0.5, size=0.1, kind="random")
    distance, norm = named(panels, "norm of the Jacobian")
    assert norm[distance == 0] == 1
    assert norm[distance == 39] < 1e-9
    panels, _ = STAGES["gradient_norms"]().picture(radius=1.0, size=0.0, kind="orthogonal")
    distance, norm = named(panels, "norm of the Jacobian")
    assert norm.min() > 0.5


def test_clipping_keeps_the_path_near_the_cliff_and_plain_steps_leave_the_picture():
    _, note = STAGES["cliff"]().picture()
    plain = note.split("ends at")[0]
    assert "e+0" in plain
    seen = []

    def zero(grads, max_norm):
        seen.append(max_norm)
        return [0 * g for g in grads], 0.0

    _, note = demos.cliff(zero).picture(start=(5.0, -2.0), max_norm=1.0)
    assert seen
    assert "Clipped ones end at (5, -2)" in note


@pytest.mark.parametrize(("i", "f", "end"), [(0.0, 1.0, 5), (1.0, 1.0, 25), (0.0, 0.0, 0), (1.0, 0.0, 0.5)])
def test_the_four_corners_of_the_gates_remember_add_erase_and_overwrite(i, f, end):
    panels, _ = STAGES["gates"]().picture(i=i, f=f, o=1.0, change=10, signal="step")
    _, cells = named(panels, "cell c")
    assert cells[-1] == pytest.approx(end * 2 * np.tanh(0.5), rel=1e-6, abs=1e-9)


def test_the_writer_writes_what_the_model_says_and_shows_how_likely_it_was():
    _, note = STAGES["writer"]().picture(prompt="a", temperature=0.0, top_k=96, seed=0)
    assert "It begins 'bcdefgh" in note
    assert "0.00 bits" in note
    with pytest.raises(ReaderError, match="train_char_lm"):
        demos.writer(reference.sample_token, None).picture()
    with pytest.raises(ReaderError, match="from 0 to 95"):
        demos.writer(lambda *a: 96, Parrot()).picture()


def test_the_stand_ins_give_what_the_reference_gives():
    for name, make in demos.STAND_INS.items():
        stand_in = getattr(demos, name)(**make())
        own = STAGES[name]() if name != "writer" else demos.writer(reference.sample_token, demos._Pairs())
        for settings in own.presets.values():
            assert stand_in.picture(**settings)[1] == own.picture(**settings)[1]


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (demos.through_time, "rnn_backward"),
        (demos.gradient_norms, "jacobian_norms"),
        (demos.cliff, "clip_by_global_norm"),
        (demos.gates, "lstm_step"),
        (lambda answer: demos.writer(answer, Parrot()), "sample_token"),
    ],
)
def test_a_demo_of_an_unwritten_answer_says_what_it_waits_for(make, waits_for):
    def stub(*arguments):
        raise NotImplementedError("not written yet")

    stub.__name__ = waits_for
    with pytest.raises(ReaderError, match=waits_for):
        make(stub).picture()


@pytest.mark.parametrize("wrong", [lambda *a: None, lambda *a: (1.0, float("nan")), lambda *a: "two", lambda *a: 3.0])
def test_a_wrong_answer_gives_a_sentence_and_no_crash(wrong):
    for make in (
        demos.through_time,
        demos.gradient_norms,
        demos.cliff,
        demos.gates,
        lambda answer: demos.writer(answer, Parrot()),
    ):
        try:
            _, note = make(wrong).picture()
        except ReaderError as error:
            note = str(error)
        assert len(note) > 20


def test_networks_over_time_are_drawn_with_boxes_words_and_arrows():
    _, ax = panels()
    canvas(ax, (0, 3), (0, 2), "two steps")
    box(ax, 1, 1, "a", color=BLUE)
    box(ax, 2, 1, "b")
    label(ax, 1, 0.2, "x")
    arrow(ax, (1, 1), (2, 1), text="w")
    arrow(ax, (1, 0.2), (1, 1), text="u")
    assert [text.get_text() for text in ax.texts] == ["a", "b", "x", "w", "u"]
    assert len(ax.patches) == 4
