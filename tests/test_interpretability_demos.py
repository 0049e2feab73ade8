"""The demos of lecture 10, without a browser: what they draw is what the reader's functions say."""

import numpy as np
import pytest
import torch

from autograder.reference import interpretability as reference
from course.demos import interpretability as demos
from course.digit_nets import accuracy, digit_images, trained
from course.stage import ReaderError

STAGES = {
    "saliency": lambda: demos.saliency(reference.input_gradient, reference.smoothgrad, reference.integrated_gradients),
    "units": lambda: demos.units(reference.maximize_unit),
    "attacks": lambda: demos.attacks(reference.fgsm_attack, reference.pgd_attack),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def random_settings(stage, rng):
    drawn = {}
    for name, control in stage.controls.items():
        options = control.options
        if control.kind == "choice":
            drawn[name] = options["options"][rng.integers(len(options["options"]))]
        elif control.kind == "int_slider":
            drawn[name] = int(rng.integers(options["low"], options["high"] + 1))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(options["low"], options["high"]))
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(6))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 30
        for layer in (layer for panel in panels for layer in panel.layers):
            assert all(np.isfinite(array).all() for array in layer.arrays.values())
    assert stage.figure().axes


def test_the_networks_read_digits_and_are_the_same_each_time():
    _, _, images, labels = digit_images()
    for kind in ("convolutional", "dense"):
        assert accuracy(trained(kind), images, labels) > 0.95
        assert not trained(kind).training
    one = trained.__wrapped__("dense")
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), trained("dense").parameters(), strict=True))


def test_the_map_is_the_readers_gradient_and_the_gap_is_that_of_their_sum():
    stage = STAGES["saliency"]()
    panels, _ = stage.picture(method="gradient", digit=7, layers="none")
    x, target = (part[7:8] for part in demos._gallery_digits())
    shown = layers(panels, "field")[1].arrays["Z"]
    np.testing.assert_allclose(shown, reference.input_gradient(trained("convolutional"), x, target)[0, 0], rtol=1e-5)
    _, coarse = stage.picture(method="integrated gradients", steps=2, baseline="black", layers="none")
    _, fine = stage.picture(method="integrated gradients", steps=128, baseline="black", layers="none")
    gaps = [float(note.split("a gap of ")[1].split()[0].rstrip(".")) for note in (coarse, fine)]
    assert gaps[1] < gaps[0]


def test_averaging_steadies_the_map_and_random_weights_stand_beside_it():
    stage = STAGES["saliency"]()
    alike = []
    for samples in (1, 64):
        _, note = stage.picture(method="SmoothGrad", sigma=0.2, samples=samples, layers="none")
        alike.append(float(note.split("correlates by ")[1].split()[0]))
    assert alike[1] > alike[0] + 0.1
    panels, note = stage.picture(method="integrated gradients", baseline="black", steps=64, layers="all")
    image, _, random = (layer.arrays["Z"] for layer in layers(panels, "field"))
    assert np.abs(random[image == 0]).max() == 0  # the image shows through
    assert "random weights" in note


def test_the_climb_ends_above_the_best_training_image():
    panels, note = STAGES["units"]().picture(layer="output", unit=3, start="grey", steps=30, lr=0.2)
    first, last = (float(note.split(word)[1].split()[0].rstrip(";")) for word in ("from ", " to "))
    best = float(note.split("training image has ")[1].split(". ")[0])
    assert first < best < last
    assert len(panels) == 2


def test_more_steps_do_more_harm_and_no_pixel_moves_too_far():
    panels, note = STAGES["attacks"]().picture(eps=0.15, steps=40, digit=8)
    once, often = (layer.arrays["y"] for layer in layers(panels, "line")[:2])
    assert (often <= once + 1e-9).all()
    assert often[4] < once[4]
    assert float(note.split("more than ")[1].split()[0]) <= 0.15 + 1e-6


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (lambda stub: demos.saliency(stub, reference.smoothgrad, reference.integrated_gradients), "input_gradient"),
        (demos.units, "maximize_unit"),
        (lambda stub: demos.attacks(reference.fgsm_attack, stub), "pgd_attack"),
    ],
)
def test_a_demo_of_an_unwritten_answer_says_what_it_waits_for(make, waits_for):
    def stub(*arguments):
        raise NotImplementedError("not written yet")

    stub.__name__ = waits_for
    with pytest.raises(ReaderError, match=waits_for):
        make(stub).picture()


@pytest.mark.parametrize(
    "wrong", [lambda *a: None, lambda *a: torch.zeros(2), lambda *a: "three", lambda model, x, *a: x * np.nan]
)
def test_a_wrong_answer_gives_a_sentence_and_no_crash(wrong):
    for make in (lambda f: demos.saliency(f, f, f), demos.units, lambda f: demos.attacks(f, f)):
        with pytest.raises(ReaderError) as error:
            make(wrong).picture()
        assert len(str(error.value)) > 20
