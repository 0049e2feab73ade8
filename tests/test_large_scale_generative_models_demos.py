"""The demos of lecture 11, without a browser: their pictures against closed forms, and what each is there to show."""

import numpy as np
import pytest
import torch

from autograder.reference import large_scale_generative_models as reference
from course.demos import large_scale_generative_models as demos
from course.stage import ReaderError

STAGES = {
    "search": demos.search(reference.train_digit_clip, reference.zero_shot_scores),
    "temperature": demos.temperature(reference.clip_loss),
    "floor": demos.floor(reference.fit_scaling_law),
    "budget": demos.budget(reference.chinchilla_optimum),
    "reverse": demos.reverse(reference.ddpm_sample),
}


def layers(panels, kind):
    return [layer for panel in panels for layer in panel.layers if layer.kind == kind]


def random_settings(stage, rng):
    """Any value of each slider."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind == "log_slider":
            drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind in ("int_slider", "play"):
            drawn[name] = int(rng.integers(low, high + 1))
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_finite_points(name):
    stage = STAGES[name]
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(8))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for layer in layers(panels, "points") + layers(panels, "rects"):
            for array in layer.arrays.values():
                assert np.isfinite(array).all()
    assert len(stage.figure().axes) >= 2


def test_a_search_finds_what_it_is_asked_for_and_never_seen_combinations_are_not_recognised():
    stage = STAGES["search"]
    panels, _ = stage.picture(caption="black ink", blind=False)
    sheet, _ = layers(panels, "field")
    tiles = [
        sheet.arrays["Z"][r : r + 8, c : c + 8]
        for r, c in ((0, 0), (0, 9), (0, 18), (0, 27), (0, 36), (10, 0), (10, 9))
    ]
    assert all(tile[[0, -1]].mean() > 0.5 for tile in tiles)  # black ink on white paper, at the rim mostly paper
    shares, blind = (layers(stage.picture(blind=b)[0], "field")[-1].arrays["Z"].T.ravel() for b in (False, True))
    assert shares.mean() > 0.85
    assert shares[demos.HELD_OUT] > 0.6
    assert blind[demos.HELD_OUT] < 0.2
    assert np.delete(blind, demos.HELD_OUT).mean() > 0.85


@pytest.mark.parametrize(
    ("caption", "said"), [("a purple seven", "purple"), ("  ", "one word"), ("a " * 11, "too many")]
)
def test_captions_that_make_no_sense_get_a_sentence(caption, said):
    with pytest.raises(ReaderError, match=said):
        STAGES["search"].picture(caption=caption)


def test_at_a_scale_of_nearly_zero_the_loss_is_that_of_guessing_and_wrong_pairs_never_do_better():
    stage = STAGES["temperature"]
    for size in (2, 12, 64):
        panels, _ = stage.picture(log_scale=-2.0, size=size, whole=True)
        curve = next(one for one in layers(panels, "line") if one.style["label"] == "your loss")
        assert curve.arrays["y"][0] == pytest.approx(np.log(size), abs=0.15)
    panels, note = stage.picture(size=12, shuffled=True, whole=True)
    curve = next(one for one in layers(panels, "line") if one.style["label"] == "your loss")
    assert curve.arrays["y"].min() > 0.98 * np.log(12)
    assert "no scale does better" in note
    assert "log N" not in stage.picture(whole=False)[1]  # what is asked for is not said before


def test_the_line_is_straight_at_the_right_floor_alone():
    misfits = {}
    for E in (0.0, 0.6, 1.2, 1.3):
        title = STAGES["floor"].picture(E=E)[0][0].axes["title"]
        misfits[E] = float(title.split("off by ")[1].split("%")[0])
    assert misfits[1.2] < 0.5
    assert min(misfits[0.0], misfits[0.6], misfits[1.3]) > 3


def test_the_marked_split_lies_at_the_bottom_of_its_budget_and_serving_makes_models_smaller():
    for compute in (1e19, 1e22, 1e25):
        panels, _ = STAGES["budget"].picture(compute=compute, served=1e8)
        curve = next(one for one in layers(panels[:1], "line") if one.style["color"] == demos.BLUE)
        (mark,) = layers(panels[:1], "points")
        assert mark.arrays["y"][0] == pytest.approx(curve.arrays["y"].min(), rel=1e-3)
        assert mark.arrays["x"][0] == pytest.approx(curve.arrays["x"][curve.arrays["y"].argmin()], rel=0.1)
    panels, note = STAGES["budget"].picture(compute=6e23, served=1e13)
    served, own = layers(panels[:1], "points")
    assert served.arrays["x"][0] < 0.8 * own.arrays["x"][0]
    assert "served" in note


def test_samples_end_where_the_data_are_draw_together_without_noise_and_explode_if_nothing_is_taken_away():
    def spread(**settings):
        note = STAGES["reverse"].picture(**settings)[1]
        return float(note.split("lie ")[1].split(" from")[0])

    assert spread(T=60, noise=True, taken=1.0) == pytest.approx(0.1, rel=0.3)
    assert spread(T=200, noise=True, taken=1.0) == pytest.approx(0.1, rel=0.15)
    assert spread(T=60, noise=False, taken=1.0) < 0.05
    assert spread(T=60, noise=True, taken=0.0) > 10


def test_a_sampler_that_calls_the_model_too_often_is_told_so():
    def twice(eps_model, x_T, betas, noises):
        eps_model(x_T, 0)
        return reference.ddpm_sample(eps_model, x_T, betas, noises)

    with pytest.raises(ReaderError, match="one a step; there were 61"):
        demos.reverse(twice).picture(T=60)


def test_the_stand_ins_give_what_the_reference_gives():
    for name, make in demos.STAND_INS.items():
        assert getattr(demos, name)(**make()).picture()[1] == STAGES[name].picture()[1]


def test_demos_put_the_number_of_threads_back():
    before = torch.get_num_threads()
    STAGES["reverse"].picture(T=7)
    assert torch.get_num_threads() == before
