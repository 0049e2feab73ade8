"""The demos of lecture 08, without a browser: their pictures against closed forms, torch and scikit-learn."""

import numpy as np
import pytest

from autograder.reference import generalization as reference
from course.demos import generalization as demos
from course.stage import ReaderError

STAGES = {
    "bias_and_variance": lambda: demos.bias_and_variance(reference.bias_variance),
    "penalties": lambda: demos.penalties(),
    "stopping": lambda: demos.stopping(reference.early_stopping),
    "batches": lambda: demos.batches(reference.batch_norm_1d),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def named(panels, label):
    (found,) = [
        layer for layer in layers(panels, "line") + layers(panels, "points") if layer.style.get("label") == label
    ]
    return found.arrays["x"], found.arrays["y"]


def random_settings(stage, rng):
    """Any value of each control, for runs that are not too long to train."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind == "log_slider":
            drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind == "int_slider":
            drawn[name] = int(rng.integers(low, high + 1))
        elif control.kind == "play":
            drawn[name] = int(rng.integers(0, 60))
    if "lr" in drawn:
        drawn["lr"] = 3e-3
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_no_nan_but_in_gaps(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(8))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for layer in layers(panels, "field") + layers(panels, "points") + layers(panels, "rects"):
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    assert len(stage.figure().axes) == 2


def test_bias_variance_and_noise_add_up_to_the_error_on_fresh_targets():
    for degree, n in ((1, 20), (3, 40), (5, 100)):
        panels, _ = STAGES["bias_and_variance"]().picture(degree=degree, lam=1e-8, n=n)
        total, measured = (named(panels, label)[1][degree] for label in ("sum, with the noise", "test error"))
        assert measured == pytest.approx(total, rel=0.1)


def test_the_circle_shrinks_each_direction_of_the_valley_by_h_over_h_plus_lambda():
    panels, note = demos.penalties().picture(kind="circle, L2", lam=0.5, best=(1.8, 0.9), angle=30.0, steepness=6.0)
    along = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    across = np.array([-along[1], along[0]])
    best = np.array([1.8, 0.9])
    expected = along * (along @ best) / 1.5 + across * (across @ best) * 6 / 6.5
    assert f"({expected[0]:.3g}, {expected[1]:.3g})" in note
    # and the minimiser lies on the orange circle and on the white ring
    (dot,) = [layer for layer in layers(panels[:1], "points") if layer.style["marker"] == "o"]
    assert np.allclose([dot.arrays["x"][0], dot.arrays["y"][0]], expected, atol=1e-5)


def test_in_a_round_bowl_the_diamond_takes_the_same_amount_from_each_weight():
    _, note = demos.penalties().picture(kind="diamond, L1", lam=1.0, best=(1.8, 0.9), angle=0.0, steepness=1.0)
    assert "(0.8, 0)" in note
    assert "w₂ is exactly 0" in note
    _, note = demos.penalties().picture(kind="diamond, L1", lam=0.5, best=(1.8, 0.9), angle=0.0, steepness=1.0)
    assert "(1.3, 0.4)" in note


def test_stopping_obeys_the_readers_rule_and_sees_no_future():
    seen = []

    def never(val_losses, patience):
        seen.append(len(val_losses))
        return int(np.argmin(val_losses)), len(val_losses) - 1

    _, note = demos.stopping(never).picture(patience=60 // 2, lr=3e-3, epoch=20)
    assert seen[-1] == 21
    assert "Not stopped" in note
    _, note = STAGES["stopping"]().picture(patience=1, lr=3e-3, epoch=59)
    assert "stops after epoch" in note


def test_in_batches_of_two_the_output_says_only_which_is_larger():
    panels, note = STAGES["batches"]().picture(size=2, value=1.0)
    (bars,) = layers(panels, "rects")
    heights = bars.arrays["height"] if "height" in bars.arrays else bars.arrays["h"]
    edges = bars.arrays["x"]
    assert heights[(np.abs(edges) < 0.8)].sum() < 0.15  # close values: eps keeps them from ±1
    assert "larger becomes 1" in note


def test_the_spread_falls_as_the_root_of_the_batch_size():
    stage = STAGES["batches"]()
    spread = [float(stage.picture(size=size, value=1.0)[1].split("± ")[1].split(";")[0]) for size in (16, 64, 256)]
    assert spread[0] / spread[1] == pytest.approx(2, rel=0.25)
    assert spread[1] / spread[2] == pytest.approx(2, rel=0.25)


def test_the_stand_ins_give_what_the_reference_gives():
    for name, make in demos.STAND_INS.items():
        assert getattr(demos, name)(**make()).picture()[1] == STAGES[name]().picture()[1]


@pytest.mark.parametrize(
    ("make", "waits_for"),
    [
        (demos.bias_and_variance, "bias_variance"),
        (demos.stopping, "early_stopping"),
        (demos.batches, "batch_norm_1d"),
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
    for make in (demos.bias_and_variance, demos.batches):
        try:
            _, note = make(wrong).picture()
        except ReaderError as error:
            note = str(error)
        assert len(note) > 20
