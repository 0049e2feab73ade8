"""Lecture 12: what the cases and views of its exercises rest on, half-filled answers, and models that are judged by what they say."""

import math

import half_filled
import numpy as np
import pytest
import torch

from autograder.exercise import lecture
from autograder.reference import recurrent_networks as reference
from course import data, frozen_cases, given, probes, views
from course.case import WRONG, describe
from course.checks import check_exercise

EXERCISES = lecture("recurrent_networks")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ properties of the references


def test_the_backward_pass_gives_the_slopes_of_the_forward_pass():
    """Central differences of a weighted sum of all states, for all that goes in."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        N, T, D, H = 2, 4, 3, 2
        values = [rng.normal(size=shape) for shape in ((N, T, D), (N, H), (D, H), (H, H), (H,))]
        dh = rng.normal(size=(N, T, H))
        h = reference.rnn_forward(*values)
        x, h0, w_xh, w_hh, _ = values
        found = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
        for position, gradient in enumerate(found):
            for place in np.ndindex(gradient.shape):
                sums = []
                for step in (1e-6, -1e-6):
                    moved = [v.copy() for v in values]
                    moved[position][place] += step
                    sums.append((dh * reference.rnn_forward(*moved)).sum())
                assert gradient[place] == pytest.approx((sums[0] - sums[1]) / 2e-6, abs=1e-7)


def test_clipping_keeps_the_direction_and_the_norm_is_that_of_all_entries():
    rng = np.random.default_rng(1)
    for limit in (0.5, 3.0, 100.0):
        grads = [rng.normal(size=shape) for shape in ((3, 2), (4,), ())]
        grads = [np.asarray(g) for g in grads]
        clipped, norm = reference.clip_by_global_norm(grads, limit)
        before, after = (np.concatenate([g.ravel() for g in one]) for one in (grads, clipped))
        assert norm == pytest.approx(np.linalg.norm(before))
        assert np.linalg.norm(after) == pytest.approx(min(limit, np.linalg.norm(before)))
        np.testing.assert_allclose(after * np.linalg.norm(before), before * np.linalg.norm(after))


def test_the_norms_bound_how_far_a_small_change_of_a_state_grows():
    rng = np.random.default_rng(2)
    w, drive = rng.normal(size=(3, 3)), rng.normal(size=(6, 3))

    def states(start):
        found = [start]
        for z in drive[1:]:
            found.append(np.tanh(z + found[-1] @ w))
        return np.array(found)

    h = states(np.tanh(drive[0]))
    norms = reference.jacobian_norms(h, w)
    grown = [np.linalg.norm(states(h[0] + 1e-7 * d)[-1] - h[-1]) / 1e-7 for d in _directions(rng, 300)]
    assert max(grown) <= norms[0] * 1.001
    assert max(grown) >= 0.9 * norms[0]


def _directions(rng, count):
    d = rng.normal(size=(count, 3))
    return d / np.linalg.norm(d, axis=1, keepdims=True)


def test_a_gated_cell_can_remember_for_ever_and_forget_at_once():
    D, H = 1, 2
    x, h, c = torch.zeros(1, D), torch.zeros(1, H), torch.tensor([[3.0, -2.0]])
    weight, bias = torch.zeros(4 * H, D + H), torch.zeros(4 * H)
    bias[:H], bias[H : 2 * H] = -100, 100
    for _ in range(50):
        h, c = reference.lstm_step(x, h, c, weight, bias)
    torch.testing.assert_close(c, torch.tensor([[3.0, -2.0]]))
    bias[H : 2 * H] = -100
    assert reference.lstm_step(x, h, c, weight, bias)[1].abs().max() == 0


def test_samples_have_the_frequencies_of_the_softmax():
    logits, u = np.array([1.0, -0.5, 2.0, 0.3]), (np.arange(4000) + 0.5) / 4000
    for temperature, top_k, kept in ((0.7, None, [0, 1, 2, 3]), (1.5, 2, [0, 2])):
        shares = np.bincount([reference.sample_token(logits, temperature, top_k, v) for v in u], minlength=4) / 4000
        p = np.zeros(4)
        p[kept] = np.exp(logits[kept] / temperature)
        np.testing.assert_allclose(shares, p / p.sum(), atol=1e-3)


# ------------------------------------------------------------------------------------------ a text and its models


def test_the_help_texts_lose_what_is_hidden_and_nothing_else():
    ids, characters = data.python_help()
    text, hidden = given.help_text(1000).build(), given.hidden_text(1000)
    assert len(hidden) == 24_000
    torch.testing.assert_close(torch.cat([text[:1000], hidden, text[1000:]]), ids)
    assert len(characters) == 96


class Says(torch.nn.Module):
    """A model that says what a function of the characters says."""

    def __init__(self, say):
        super().__init__()
        self.say = say

    def forward(self, characters):
        return self.say(characters)


class Talk:
    """The probe's side of a conversation, in this process."""

    def __init__(self, say):
        self.side = probes.character_model(lambda *_: Says(say) if callable(say) else say, None, 96, 0)
        next(self.side)

    def send(self, message):
        return self.side.send(message)


def seen(say):
    return views.characters_predicted(Talk(say), (None, 96, 0), 1000)


ONE = torch.eye(96)


def test_the_view_measures_bits_of_hidden_text_and_names_what_is_wrong():
    ids, _ = data.python_help()
    common = torch.bincount(ids, minlength=96).add(1).div(len(ids) + 96).log()
    windows = given.hidden_text(1000).reshape(-1, 240)
    found = seen(lambda x: common.expand(*x.shape, 96))
    bits = -common[windows[:, 1:]].mean().item() / math.log(2)
    assert found["mean log2-probability"] == pytest.approx(-bits, abs=1e-5)
    assert found["fault"] == "no memory"
    assert seen(lambda x: ONE[x.roll(-1, dims=1)])["fault"] == "sees the future"
    assert seen(lambda x: 9 * ONE[x])["fault"] == "copies"
    assert seen(lambda x: ONE[x].cumsum(dim=0))["fault"] == "mixes texts"
    assert seen(lambda x: ONE[x] + torch.rand(*x.shape, 96))["fault"] == "not repeatable"
    assert seen(lambda x: torch.full((*x.shape, 96), 1 / 96))["fault"] == "probabilities"
    assert seen(lambda x: torch.full((*x.shape, 96), torch.nan))["fault"] == "diverged"
    assert seen(lambda x: 40 * ONE[0 * x + 7] + 0.01 * ONE[x])["fault"] == "diverged"
    assert seen(lambda x: common + 0.01 * ONE[x].cumsum(dim=1))["fault"] == "undertrained"


@pytest.mark.parametrize(
    "say", [None, "a model", lambda x: x, lambda x: ONE[x][:, -1], lambda x: ONE[x][:, :3], lambda x: (ONE[x], 1)]
)
def test_what_is_no_model_of_characters_gets_a_sentence(say):
    assert "asked for" in seen(say)[WRONG]


def test_a_model_that_looks_back_three_characters_is_causal_whatever_the_length():

    def forgetful(x):  # the last three characters, mixed
        before = torch.nn.functional.pad(x, (2, 0))
        return ONE[(x + 1) % 96] + 0.5 * ONE[before[:, 1:-1]] + 0.2 * ONE[before[:, :-2]]

    found = seen(forgetful)
    assert found[WRONG] is None
    assert found["fault"] in (None, "undertrained")


# ------------------------------------------------------------------------------------------ half-filled answers


@pytest.mark.parametrize("kind", half_filled.ANSWERS)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    half_filled.assert_told_what_came(exercise, kind, seed=11)


@every_exercise
def test_the_check_in_the_notebook_says_that_nothing_came(exercise):
    report = str(check_exercise(half_filled.ANSWERS["nothing"], frozen_cases.load(exercise.id)))
    assert describe(None) in report
