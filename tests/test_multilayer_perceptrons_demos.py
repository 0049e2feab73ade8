"""The demos of lecture 03, without a browser: their pictures against what can be counted and computed otherwise."""

import numpy as np
import pytest

from autograder.reference import multilayer_perceptrons as reference
from course.demos import multilayer_perceptrons as demos
from course.stage import ReaderError

STAGES = {
    "xor, alone": lambda: demos.xor(),
    "xor": lambda: demos.xor(reference.xor_network),
    "interpolation": lambda: demos.interpolation(reference.relu_interpolant),
    "interpolation, own formula": lambda: demos.interpolation(reference.relu_interpolant, formula=np.cos),
    "folding": lambda: demos.folding(reference.tent_network, reference.mlp_forward),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


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
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for layer in layers(panels, "field") + layers(panels, "points") + layers(panels, "line"):
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    assert stage.figure().axes


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (lambda stub: demos.xor(stub("xor_network"), view="your network"), "xor_network"),
        (lambda stub: demos.interpolation(stub("relu_interpolant")), "relu_interpolant"),
        (lambda stub: demos.folding(stub("tent_network"), reference.mlp_forward), "tent_network"),
        (lambda stub: demos.folding(reference.tent_network, stub("mlp_forward")), "mlp_forward"),
    ],
)
def test_a_demo_says_which_answer_it_waits_for(make, waits_for):
    def stub(name):
        def answer(*arguments):
            raise NotImplementedError("not written yet")

        answer.__name__ = name
        return answer

    with pytest.raises(ReaderError, match=f"waits for your {waits_for}"):
        make(stub).picture()


def test_one_unit_never_gets_all_four_points_whatever_the_sliders_say():
    stage = demos.xor()
    best = 0
    for w1 in (-2.0, -0.7, 0.0, 1.0, 2.0):
        for w2 in (-2.0, -1.0, 0.0, 0.4, 1.5):
            for b in (-1.7, -0.5, 0.1, 0.5, 1.5):
                _, note = stage.picture(w1=w1, w2=w2, b=b)
                best = max(best, int(note[0]))
    assert best == 3


def test_the_second_view_says_where_the_hidden_layer_puts_the_inputs():
    _, note = demos.xor(reference.xor_network).picture(view="your network")
    assert note.startswith("4 of the 4")
    assert "01 and 10 to (1, 0)" in note


def test_the_error_of_a_smooth_target_falls_with_the_square_of_the_number_of_knots():
    stage = demos.interpolation(reference.relu_interpolant)
    panels, _ = stage.picture(target="sin 3s", count=30, spacing="even")
    curve = panels[2].layers[1]
    x, y = np.log(curve.arrays["x"]), np.log(curve.arrays["y"])
    slope = np.polyfit(x[-6:], y[-6:], 1)[0]
    assert slope == pytest.approx(-2, abs=0.15)
    d = 4 / 59
    assert np.exp(y[-1]) == pytest.approx(9 * d**2 / 8, rel=0.02)  # 1/8 d^2 max |f''|


def test_adapted_knots_beat_even_ones_where_the_target_is_steep():
    stage = demos.interpolation(reference.relu_interpolant)

    def error(count, spacing):
        panels, _ = stage.picture(target="a step of width w", width=0.05, count=count, spacing=spacing)
        return panels[2].layers[-1].arrays["y"][0]

    assert error(16, "adapted") < error(60, "even")


def test_an_interpolant_of_another_form_gets_a_sentence():
    def relu_interpolant(x, y):
        return np.ones(3), np.ones(2), np.ones(3), 0.0

    with pytest.raises(ReaderError, match="all should be"):
        demos.interpolation(relu_interpolant).picture()


@pytest.mark.parametrize("depth", range(1, 9))
def test_folding_counts_units_and_pieces(depth):
    panels, note = demos.folding(reference.tent_network, reference.mlp_forward).picture(depth=depth)
    assert f"{2 * depth} units in all, and {2**depth} pieces" in note
    y = panels[0].layers[0].arrays["y"]
    assert np.sum(y > 1 - 1e-9) == 2 ** (depth - 1)  # a peak for every fold
