"""The demos of lecture 09, without a browser: their pictures against torch and against what is drawn."""

import numpy as np
import pytest
import torch

from autograder.reference import convolutional_networks as reference
from course.demos import convolutional_networks as demos
from course.image_networks import centred_reader
from course.stage import ReaderError

STAGES = {
    "kernel_painter": lambda: demos.kernel_painter(reference.conv2d_forward),
    "sliding_window": lambda: demos.sliding_window(reference.conv_output_size),
    "stack_builder": lambda: demos.stack_builder(reference.receptive_field),
    "shifting": lambda: demos.shifting(),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def random_settings(stage, rng):
    """Any value of each control; stacks that are not too large to be traced."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind in ("slider", "number"):
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind == "int_slider":
            drawn[name] = int(rng.integers(low, high + 1))
        elif control.kind == "choice":
            drawn[name] = str(rng.choice(control.options["options"]))
        elif control.kind == "toggle" and name != "trained":
            drawn[name] = bool(rng.integers(2))
    if "depth" in drawn:
        drawn["depth"] = min(drawn["depth"], 3)
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(8))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for layer in layers(panels, "field") + layers(panels, "points") + layers(panels, "rects"):
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    assert stage.figure().axes


def test_the_response_is_torchs_and_a_flip_prints_the_kernel_as_it_is():
    stage = STAGES["kernel_painter"]()
    settings = stage.presets["one bright pixel"]
    (_, _, response), _ = stage.picture(**settings)
    kernel = np.array([[settings[f"w{i}{j}"] for j in (1, 2, 3)] for i in (1, 2, 3)])
    np.testing.assert_allclose(response.layers[0].arrays["Z"][2:5, 3:6], kernel[::-1, ::-1])
    (_, _, response), _ = stage.picture(**settings | {"flip": True})
    np.testing.assert_allclose(response.layers[0].arrays["Z"][2:5, 3:6], kernel)


def test_opposite_edges_cancel_in_the_mean_of_a_row_unless_a_relu_comes_first():
    stage = STAGES["kernel_painter"]()
    (_, _, response), note = stage.picture(**stage.presets["edges, averaged"])
    np.testing.assert_allclose(response.layers[0].arrays["Z"], 0, atol=1e-12)
    assert "The mean response is 0." in note
    (_, _, response), _ = stage.picture(**stage.presets["edges, ReLU, averaged"])
    assert response.layers[0].arrays["Z"].max() > 0.1


def test_as_many_windows_are_drawn_as_torch_has_outputs_and_missed_cells_are_marked():
    stage = STAGES["sliding_window"]()
    rng = np.random.default_rng(1)
    for _ in range(20):
        n, k, s, p, d = (int(rng.integers(low, high)) for low, high in ((6, 20), (1, 5), (1, 5), (0, 3), (1, 3)))
        if d * (k - 1) + 1 > n + 2 * p:
            continue
        _, note = stage.picture(n=n, kernel=k, stride=s, padding=p, dilation=d)
        x = torch.ones(1, 1, n, requires_grad=True)
        out = torch.nn.functional.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
        assert note.startswith(f"{out.shape[-1]} window")
        (grad,) = torch.autograd.grad(out.sum(), x)
        assert ("Every cell" in note) == bool((grad > 0).all())


def test_a_number_that_is_not_the_count_is_said_and_so_is_a_window_that_does_not_fit():
    _, note = demos.sliding_window(lambda *a: 5).picture(n=10, kernel=3, stride=2, padding=0, dilation=1)
    assert "not what is drawn" in note
    _, note = STAGES["sliding_window"]().picture(n=3, kernel=5, stride=1, padding=0, dilation=1)
    assert "raises ValueError" in note


def test_three_layers_of_three_see_seven_pixels_of_which_the_middle_ones_count_most():
    stage = STAGES["stack_builder"]()
    panels, note = stage.picture(**stage.presets["three 3 × 3"])
    assert "sees 7 pixels and neighbours are 1 apart." in note
    profile = layers(panels[1:], "line")[-1].arrays["y"]
    assert profile.sum() == pytest.approx(1)
    assert profile[3] > 1.5 * max(profile[0], profile[-1])
    _, note = demos.stack_builder(lambda layers: (8, 1)).picture(**stage.presets["three 3 × 3"])
    assert "in the drawing it is 7 and 1." in note


def test_a_stack_can_be_trained_too():
    stage = STAGES["stack_builder"]()
    _, note = stage.picture(**stage.presets["three 3 × 3"], trained=True)
    assert "Trained: half" in note


def test_shifts_confuse_the_networks_that_learned_from_centred_digits_and_not_a_constant_one():
    panels, _ = STAGES["shifting"]().picture(down=0, right=0)
    centred = layers(panels, "rects")[0].arrays["width"]
    panels, _ = STAGES["shifting"]().picture(down=2, right=2)
    moved = layers(panels, "rects")[0].arrays["width"]
    assert centred.min() > 0.9
    assert moved.max() < 0.45
    net = centred_reader("dense")
    panels, note = demos.shifting(lambda images, labels, seed: net).picture(down=1, right=0)
    assert "yours says" in note
    assert len(layers(panels, "rects")[0].arrays["width"]) == 3


def test_the_stand_ins_give_what_the_reference_gives():
    for name, make in demos.STAND_INS.items():
        for settings in STAGES[name]().presets.values():
            assert (
                getattr(demos, name)(**make()).picture(**settings)[1].split(";")[0]
                == (STAGES[name]().picture(**settings)[1].split(";")[0])
            )


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (demos.kernel_painter, "conv2d_forward"),
        (demos.sliding_window, "conv_output_size"),
        (demos.stack_builder, "receptive_field"),
        (demos.shifting, "train_shift_cnn"),
    ],
)
def test_a_demo_of_an_unwritten_answer_says_what_it_waits_for(make, waits_for):
    def stub(*arguments):
        raise NotImplementedError("not written yet")

    stub.__name__ = waits_for
    with pytest.raises(ReaderError, match=waits_for):
        make(stub).picture()


@pytest.mark.parametrize(
    "wrong", [lambda *a: None, lambda *a: np.zeros((1, 1, 2, 2)), lambda *a: "two", lambda *a: 3.0]
)
def test_a_wrong_answer_gives_a_sentence_and_no_crash(wrong):
    for make in (demos.kernel_painter, demos.sliding_window, demos.stack_builder, demos.shifting):
        try:
            _, note = make(wrong).picture()
        except ReaderError as error:
            note = str(error)
        assert len(note) > 20
