"""The demos of lecture 06, without a browser: their pictures against known entropies, closed forms and the stand-ins."""

import re
from functools import cache

import numpy as np
import pytest

from autograder.reference import distributed_representations as reference
from course.demos import distributed_representations as demos
from course.stage import ReaderError
from course.stage.layers import Panel

ENTROPY = (np.log(2) + np.log(80) + 2 * np.log(40) + 2 * np.log(20)) / 7  # nats a word of the toy language

STAGES = {
    "babble": cache(lambda: demos.babble(reference.bigram_probabilities)),
    "embedding_map": cache(lambda: demos.embedding_map(**demos.STAND_INS["embedding_map"]())),
    "directions": cache(lambda: demos.directions()),
}


def random_settings(stage, rng):
    """Any value of each control."""
    drawn = {}
    for name, control in stage.controls.items():
        low, high = control.options.get("low"), control.options.get("high")
        if control.kind == "log_slider":
            drawn[name] = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        elif control.kind == "slider":
            drawn[name] = float(rng.uniform(low, high))
        elif control.kind == "toggle":
            drawn[name] = bool(rng.integers(2))
        elif control.kind == "choice":
            drawn[name] = control.options["options"][rng.integers(len(control.options["options"]))]
        elif control.kind in ("play", "button"):
            drawn[name] = int(rng.integers(0, 8))
    return drawn


@pytest.mark.parametrize("name", STAGES)
def test_every_preset_and_any_settings_give_a_picture_with_a_note_and_no_nan_but_in_gaps(name):
    stage = STAGES[name]()
    rng = np.random.default_rng(0)
    for settings in [*stage.presets.values(), *(random_settings(stage, rng) for _ in range(6))]:
        panels, note = stage.picture(**settings)
        assert len(note) > 20
        for panel in panels:
            for layer in panel.layers if isinstance(panel, Panel) else ():
                if layer.kind in ("field", "points", "rects"):
                    assert all(np.isfinite(array).all() for array in layer.arrays.values())
    assert stage.figure().axes


def test_one_word_of_context_never_beats_the_entropy_of_the_language():
    stage = STAGES["babble"]()
    for log_alpha in (-3.0, -1.5, 0.0):
        note = stage.picture(text="toy language", log_alpha=log_alpha)[1]
        perplexity = float(re.search(r"unseen text is ([\d.]+)", note)[1].rstrip("."))
        assert perplexity > np.exp(ENTROPY)


def test_the_embedding_models_loss_falls_towards_the_entropy():
    stage = STAGES["embedding_map"]()
    notes = [stage.picture(time=0)[1], stage.picture(time=stage.defaults["time"])[1]]  # it opens at the end
    losses = [float(re.search(r"loss is ([\d.]+) nats", note)[1]) for note in notes]
    assert losses[0] == pytest.approx(np.log(323), abs=0.3)
    assert ENTROPY - 0.02 < losses[1] < 3.1


def test_random_directions_have_cosines_of_spread_one_over_the_root_of_their_number():
    stage = STAGES["directions"]()
    for D in (10, 100, 1000):
        note = stage.picture(dimension=D, shared=0.0, centred=False)[1]
        assert float(re.search(r"deviation ([\d.]+)", note)[1].rstrip(".")) == pytest.approx(1 / np.sqrt(D), rel=0.1)
    with_shared = stage.picture(dimension=100, shared=1.0, centred=False)[1]
    assert float(re.search(r"mean (−?-?[\d.]+)", with_shared)[1].replace("−", "-")) > 0.3


def test_a_demo_of_an_unwritten_answer_says_what_it_waits_for():
    def bigram_probabilities(*arguments):
        raise NotImplementedError("not written yet")

    with pytest.raises(ReaderError, match="bigram_probabilities"):
        demos.babble(bigram_probabilities).picture()


@pytest.mark.parametrize("wrong", [lambda *a: None, lambda *a: "two", lambda *a: np.zeros((3, 3))])
def test_a_wrong_answer_gives_a_sentence_and_no_crash(wrong):
    try:
        _, note = demos.babble(wrong).picture()
    except ReaderError as error:
        note = str(error)
    assert len(note) > 20
