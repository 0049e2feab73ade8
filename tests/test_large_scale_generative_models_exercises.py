"""Lecture 11: what the cases and views of its exercises rest on, properties of the references, and half-filled answers."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import large_scale_generative_models as reference
from course import data, given, probes, views
from course.attempt import attempt
from course.case import WRONG, describe
from course.checks import check_exercise

EXERCISES = lecture("large_scale_generative_models")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ data


def test_captions_say_what_the_images_show_and_classes_count_both():
    train, test, prompts = data.captioned_digits(3)
    assert [len(part) for part in (*train, *test)] == [1200] * 3 + [597] * 3
    assert (train[0].dtype, train[1].dtype) == (torch.float32, torch.int64)
    assert train[0].shape[1:] == (1, 8, 8)
    assert prompts.shape == (20, 10)
    seen = set()
    for (image,), ids, k in zip(*train, strict=True):
        words = [data.CAPTION_WORDS[i] for i in ids if i]
        assert data.CAPTION_WORDS[9 + int(k) // 2] in words
        ink = "black" if k % 2 else "white"
        assert ink in words
        corner = 1.0 if k % 2 else 0.0  # the paper
        assert image[0, 0] == pytest.approx(corner, abs=0.7)
        seen.add(tuple(w for w in words if w not in data.CAPTION_WORDS[9:21]))
    assert len(seen) == 5
    asked = [" ".join(data.CAPTION_WORDS[i] for i in row if i) for row in prompts]
    assert (asked[0], asked[7], asked[19]) == ("a white zero", "a black three", "a black nine")
    assert not {tuple(row) for row in prompts.tolist()} & {tuple(row) for row in train[1].tolist()}
    again = data.captioned_digits(np.random.default_rng(3))
    assert all(map(torch.equal, again[0], train))
    with pytest.raises(ValueError, match="purple"):
        data.caption_ids("a purple one")


def test_scaling_runs_parity_strings_and_rings_are_what_they_say():
    n, losses = data.scaling_runs(0, noise=0.0)
    np.testing.assert_allclose(losses, 1.2 + 30 * n**-0.3)
    assert (len(n), n[0], n[-1]) == (25, pytest.approx(1e3), pytest.approx(1e8))
    off = [np.log(data.scaling_runs(seed)[1] / losses) for seed in range(40)]
    assert np.std(off) == pytest.approx(0.003, rel=0.1)
    bits, parity = data.parity_strings(500, 9, 1)
    assert bits.shape == (500, 9)
    assert all(int(p) == sum(row) % 2 for row, p in zip(bits.tolist(), parity, strict=True))
    assert 0.4 < bits.double().mean() < 0.6
    points, centres = data.ring_of_gaussians(8000, std=0.1, radius=2.0, phase=0.3, seed=2)
    np.testing.assert_allclose(np.hypot(*centres.T), 2)
    nearest = np.linalg.norm(points[:, None] - centres, axis=2)
    assert np.sqrt(np.mean(nearest.min(axis=1) ** 2) / 2) == pytest.approx(0.1, rel=0.05)
    assert np.bincount(nearest.argmin(axis=1)).min() > 850


# ------------------------------------------------------------------------------------------ properties of the references


def test_the_loss_is_symmetric_blind_to_lengths_and_log_n_at_chance():
    rng = np.random.default_rng(0)
    u, v = (torch.from_numpy(rng.normal(size=(6, 4))) for _ in range(2))
    scale = torch.tensor(1.3, dtype=torch.float64)
    loss = reference.clip_loss(u, v, scale)
    assert reference.clip_loss(v, u, scale) == pytest.approx(loss.item())
    assert reference.clip_loss(3 * u, v / 7, scale) == pytest.approx(loss.item())
    alike = torch.ones(6, 4, dtype=torch.float64)
    assert reference.clip_loss(alike, alike, scale) == pytest.approx(np.log(6))


def test_its_gradient_is_its_slope():
    rng = np.random.default_rng(1)
    arguments = [torch.from_numpy(rng.normal(size=shape)).requires_grad_() for shape in ((5, 3), (5, 3), ())]
    assert torch.autograd.gradcheck(reference.clip_loss, arguments)


def test_no_split_of_the_budget_near_the_optimum_has_a_smaller_loss():
    rng = np.random.default_rng(2)
    for _ in range(20):
        constants = (*rng.uniform((0.5, 100, 100), (2, 900, 900)), *rng.uniform(0.1, 0.7, 2))
        E, A, B, alpha, beta = constants
        n, d, loss = reference.chinchilla_optimum(1e21, *constants)
        assert 6 * n * d == pytest.approx(1e21)
        for factor in (0.99, 1.01):
            assert E + A * (factor * n) ** -alpha + B * (d / factor) ** -beta > loss


def test_a_law_is_found_through_noise():
    for seed in range(12):
        n, losses = data.scaling_runs(seed)
        E, A, alpha = reference.fit_scaling_law(n, losses)
        assert alpha == pytest.approx(0.3, abs=0.02)
        assert E + A * 1e9**-alpha == pytest.approx(1.2 + 30 * 1e9**-0.3, rel=0.01)


def test_pass_at_k_is_unbiased():
    """By enumeration: the estimate's mean over all outcomes of n samples is the true chance."""
    from math import comb

    for n, k, p in itertools.product((5, 8), (1, 3, 5), (0.1, 0.6)):
        c = np.arange(n + 1)
        weights = np.array([comb(n, i) * p**i * (1 - p) ** (n - i) for i in c])
        assert weights @ reference.pass_at_k(np.full(n + 1, n), c, k) == pytest.approx(1 - (1 - p) ** k)


def test_with_the_exact_noise_of_a_gaussian_samples_have_its_mean_and_spread():
    """Data N(2, 0.5^2): the mean of the noise given x is linear, and the end of the process is known in closed form."""
    betas = torch.linspace(1e-3, 0.2, 100, dtype=torch.float64)
    abar = torch.cumprod(1 - betas, dim=0)

    def eps_model(x, t):
        return (1 - abar[t]).sqrt() * (x - abar[t].sqrt() * 2) / (abar[t] * 0.25 + 1 - abar[t])

    generator = torch.Generator().manual_seed(0)
    x_T = torch.randn(20_000, 1, generator=generator, dtype=torch.float64)
    noises = torch.randn(100, 20_000, 1, generator=generator, dtype=torch.float64)
    x = reference.ddpm_sample(eps_model, x_T, betas, noises)
    assert x.mean() == pytest.approx(2, abs=0.03)
    assert x.std() == pytest.approx(0.5, abs=0.03)


# ------------------------------------------------------------------------------------------ encoders


def recognised(answer, seed=0):
    pairs = (given.captioned(part, seed) for part in ("images", "tokens"))
    return attempt(answer, (*pairs, 25, 0), probes.encoders, views.zero_shot_recognition, seed)


def test_the_reference_passes_the_bar_with_room_on_fresh_seeds():
    scores = [recognised(reference.train_digit_clip, seed).output["zero-shot accuracy"] for seed in range(4)]
    assert np.mean(scores) > 0.9
    assert min(scores) > 0.87


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "nothing (None) came back"),
        ((nn.Linear(2, 2), "text"), "Two modules are asked for"),
        ((nn.Flatten().eval(), nn.Flatten().eval()), "text encoder should map"),
        ((nn.Sequential(nn.Flatten(), nn.Linear(64, 4)).eval(), nn.EmbeddingBag(25, 5).eval()), "4 and 5 columns"),
        ((nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), nn.EmbeddingBag(25, 4)), "still in training mode"),
    ],
)
def test_encoders_of_another_form_get_a_sentence(output, said):
    outcome = recognised(lambda *arguments: output)
    assert said in outcome.output[WRONG]


def test_untrained_encoders_get_no_fault_and_equal_embeddings_earn_chance():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 3)

    outcome = recognised(lambda *arguments: (Constant().eval(), Constant().eval()))
    assert outcome.output["zero-shot accuracy"] == pytest.approx(0.05)
    torch.manual_seed(0)
    encoders = nn.Sequential(nn.Flatten(), nn.Linear(64, 8)).eval(), nn.EmbeddingBag(25, 8).eval()
    outcome = recognised(lambda *arguments: encoders)
    assert outcome.output["fault"] is None
    assert outcome.output["zero-shot accuracy"] < 0.2


def test_an_encoder_that_fails_fails_by_its_own_error():
    outcome = recognised(lambda *arguments: (nn.Linear(3, 3).eval(), nn.Linear(3, 3).eval()))
    assert outcome.status == "raised"
    assert outcome.error == "RuntimeError"


# ------------------------------------------------------------------------------------------ laws and sequences


def test_a_law_is_judged_by_its_exponent_its_points_and_its_prediction():
    n, losses = data.scaling_runs(0, noise=0.0)

    def judged(*law):
        return views.scaling_law(law, (n, losses), (1.2, 30.0, 0.3, 0.0))

    assert judged(1.2, 30.0, 0.3) == {WRONG: None}
    assert "exponent" in judged(1.2, 30.0, 0.32)[WRONG]
    assert "misses points" in judged(1.2, 27.0, 0.3)[WRONG]
    assert "At ten times" in judged(1.21, 30.0, 0.3)[WRONG]
    assert "E should be 0 or more" in judged(-0.1, 30.0, 0.3)[WRONG]
    assert judged(1.2, 30.0, -0.3)["fault"] == "negative exponent"
    assert judged(30.0, 0.3, 1.2)["fault"] == "order"
    assert "not all of them are finite" in judged(np.nan, 30.0, 0.3)[WRONG]
    assert "three numbers" in judged("E", 30.0, 0.3)[WRONG]


def test_sequences_are_noted_as_they_were_when_step_was_called():
    def answer(step, prompt):
        sequence = list(prompt)
        step(sequence)
        sequence.append(7)
        step(np.array(sequence))
        step(None)
        return np.array([7]), True

    output, calls = probes.asked_in_turn(answer, lambda sequence: np.zeros(3), [1, 2])
    assert output == ([7], True)
    assert calls == [[1, 2], [1, 2, 7], describe(None)]


def test_the_given_models_depend_on_all_that_they_are_told():
    step = given.token_table(np.arange(34.0).reshape(17, 2)).build()
    assert step([1, 2, 3])[0] != step([3, 2, 1])[0]
    assert step([5, 2, 3])[0] != step([2, 3])[0]
    short = given.token_table(np.arange(34.0).reshape(17, 2), 2).build()
    np.testing.assert_array_equal(short([5, 2, 3]), short([2, 3]))
    eps = given.noise_model(torch.eye(2), 10).build()
    x = torch.ones(3, 2)
    assert eps(x, 0).requires_grad
    assert torch.allclose(eps(x, 5), 2 * eps(x, 0))


# ------------------------------------------------------------------------------------------ half-filled answers


HALF_FILLED = {
    "nothing": lambda *arguments: None,
    "text": lambda *arguments: "0.5",
    "five numbers": lambda *arguments: (1.0, 2.0, 3.0, 4.0, 5.0),
    "an empty list": lambda *arguments: [],
    "an array of another shape": lambda *arguments: np.zeros((7, 7, 7)),
    "a tensor of another shape": lambda *arguments: torch.zeros(7, 7, 7),
    "printed": lambda *arguments: print(0.5),
}


def test_half_filled_answers_get_a_sentence_and_no_hint():
    for exercise in EXERCISES.values():
        sheet = Sheet(exercise, 3)
        for kind, answer in HALF_FILLED.items():
            found = verdict(sheet, [exercise.run(answer, case) for case in sheet.cases[:1]] * len(sheet.cases))
            assert found.status != "right", (exercise.id, kind)
            assert found.score == 0
            assert found.hint is None, (exercise.id, kind, found.hint)
            assert len(found.message) > 20
            assert "Error" not in found.message, (exercise.id, kind, found.message)


@every_exercise
def test_the_check_in_the_notebook_says_that_nothing_came(exercise):
    assert describe(None) in str(check_exercise(HALF_FILLED["nothing"], exercise.frozen()))
