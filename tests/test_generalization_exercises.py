"""Lecture 08: what the cases and views of its exercises rest on, half-filled answers, and the networks that are compared."""

import half_filled
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from autograder.exercise import lecture
from autograder.reference import generalization as reference
from course import data, given, probes, views
from course.case import WRONG, describe
from course.checks import check_exercise
from course.small_networks import train

EXERCISES = lecture("generalization")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ properties of the references


def test_a_decayed_step_descends_the_cost_with_the_penalty():
    """By torch's gradient of the penalised cost, of which the biases have no part."""
    rng = np.random.default_rng(0)
    W, b, X, t = (rng.normal(size=shape) for shape in ((2, 3), (2,), (5, 3), (5, 2)))

    def cost(W, b, lam):
        return ((torch.tensor(X) @ W.T + b - torch.tensor(t)) ** 2).mean() + lam / 2 * (W**2).sum()

    def gradients(lam):
        parameters = [torch.tensor(a, requires_grad=True) for a in (W, b)]
        return [g.numpy() for g in torch.autograd.grad(cost(*parameters, lam), parameters)]

    plain, penalised = gradients(0.0), gradients(0.7)
    weights, biases = reference.decay_step([W], [b], [plain[0]], [plain[1]], 0.1, 0.7)
    np.testing.assert_allclose(weights[0], W - 0.1 * penalised[0])
    np.testing.assert_allclose(biases[0], b - 0.1 * penalised[1])


@pytest.mark.parametrize("rho", [0.0, 0.2, 0.5, 0.8])
def test_dropout_keeps_the_mean_and_drops_as_many_as_it_says(rho):
    u = np.random.default_rng(1).random((200_000,))
    out, mask = reference.inverted_dropout(np.full(u.shape, 3.0), rho, u, True)
    assert np.mean(mask == 0) == pytest.approx(rho, abs=0.005)
    assert out.mean() == pytest.approx(3, rel=0.02)


def test_bias_and_variance_add_up_to_the_mean_squared_error_and_the_ensemble_obeys_jensen():
    rng = np.random.default_rng(2)
    preds, truth = rng.normal(size=(6, 9)), rng.normal(size=9)
    assert sum(reference.bias_variance(preds, truth)) == pytest.approx(np.mean((preds - truth) ** 2))
    for _ in range(20):
        mean_member, ensemble = reference.ensemble_losses(rng.dirichlet(np.ones(4), (5, 7)), rng.integers(0, 4, 7))
        assert ensemble <= mean_member


@pytest.mark.parametrize("rho", [-1e-9, 1.0, 2.0, float("nan")])
def test_no_probability_to_drop_is_refused_in_training_and_at_test(rho):
    for train_ in (True, False):
        with pytest.raises(ValueError, match="rho"):
            reference.inverted_dropout(np.ones(3), rho, np.zeros(3), train_)


def test_one_example_is_refused_in_training_alone():
    arguments = np.ones((1, 2)), *(np.ones(2) for _ in range(4))
    with pytest.raises(ValueError, match="one example"):
        reference.batch_norm_1d(*arguments, True)
    assert reference.batch_norm_1d(*arguments, False)[0].shape == (1, 2)


# ------------------------------------------------------------------------------------------ wrong labels


def test_noisy_digits_are_digits_of_which_three_in_ten_training_labels_were_drawn_anew():
    wrong = []
    for seed in range(20):
        X, labels, X_test, labels_test = data.noisy_digits(seed)
        X_clean, truth, X_rest, labels_rest = data.digits(400, seed)
        np.testing.assert_array_equal(X, X_clean)
        np.testing.assert_array_equal(X_test, X_rest)
        np.testing.assert_array_equal(labels_test, labels_rest)
        assert labels.dtype == np.int64
        wrong.append(np.mean(labels != truth))
    assert np.mean(wrong) == pytest.approx(0.3 * 0.9, abs=0.02)
    one, other = (data.noisy_digits(np.random.default_rng(3)) for _ in range(2))
    assert all(map(np.array_equal, one, other))


def test_three_unlike_classifiers_pass_the_bar_with_room_and_one_that_interpolates_is_far_below():
    shares = {"reference": [], "neighbours": [], "logistic": [], "one neighbour": []}
    for case in EXERCISES["robust_classifier"].cases_for(77):
        X, seen, X_test, labels = (given.sample(part, case.truth, "noisy digits").build() for part in given.PARTS)
        shares["reference"].append(np.mean(reference.robust_classifier(X, seen, X_test, 1) == labels))
        shares["neighbours"].append(KNeighborsClassifier(15).fit(X, seen).score(X_test, labels))
        shares["logistic"].append(LogisticRegression(C=0.05, max_iter=300).fit(X, seen).score(X_test, labels))
        shares["one neighbour"].append(KNeighborsClassifier(1).fit(X, seen).score(X_test, labels))
    mean = {name: np.mean(values) for name, values in shares.items()}
    assert min(mean["reference"], mean["neighbours"], mean["logistic"]) > 0.86
    assert mean["one neighbour"] < 0.76


def noisy(seed=5):
    return [given.sample(part, seed, "noisy digits").build() for part in given.PARTS]


def seen_by_view(test_labels, train_labels):
    return views.survived_noise((test_labels, train_labels), (), 5)


def test_the_view_names_what_the_labels_show():
    X, seen, X_test, labels = noisy()
    rng = np.random.default_rng(0)

    def blurred(values, share):
        return np.where(rng.random(len(values)) < share, values, (values + 1) % 10)

    assert seen_by_view(labels, seen)["fault"] is None
    assert seen_by_view(labels, seen)["share of right labels"] == 1
    one = KNeighborsClassifier(1).fit(X, seen)
    assert seen_by_view(one.predict(X_test), one.predict(X))["fault"] == "one neighbour"
    assert seen_by_view(blurred(labels, 0.7), seen)["fault"] == "interpolates"
    assert seen_by_view(blurred(labels, 0.2), seen)["fault"] == "interpolates badly"
    assert seen_by_view(blurred(labels, 0.7), blurred(seen, 0.9))["fault"] == "nearly interpolates"
    assert seen_by_view(blurred(labels, 0.4), blurred(seen, 0.3))["fault"] == "underfits"
    assert seen_by_view(blurred(labels, 0.1), blurred(seen, 0.1))["fault"] is None  # guessed


@pytest.mark.parametrize("output", [None, "labels", torch.zeros(1797), np.zeros((1797, 10)), np.zeros(5), [0] * 3])
def test_what_is_no_array_of_labels_gets_a_sentence(output):
    X, seen, X_test, _ = noisy()
    got = probes.with_training_inputs(lambda *arguments: output, X, seen, X_test, 0)
    said = views.survived_noise(got, (), 5)[WRONG]
    assert ("asked for" in said) or ("whole numbers" in said)


def test_the_probe_asks_for_test_and_training_inputs_in_one_call():
    X, seen, X_test, _ = noisy()
    calls = []

    def answer(X_train, labels, inputs, seed):
        calls.append(inputs)
        return np.arange(len(inputs))

    on_test, on_train = probes.with_training_inputs(answer, X, seen, X_test, 0)
    assert len(calls) == 1
    np.testing.assert_array_equal(calls[0][on_test], X_test)
    np.testing.assert_array_equal(calls[0][on_train], X)


def test_the_dtype_of_the_images_counts():
    images = np.ones((1, 2, 2), dtype=np.uint8)
    assert views.with_dtype(images, (images,), None)[1] == {WRONG: None}
    assert "float64 where uint8" in views.with_dtype(images.astype(float), (images,), None)[1][WRONG]
    assert "array of uint8" in views.with_dtype([[[1, 1], [1, 1]]], (images,), None)[1][WRONG]


# ------------------------------------------------------------------------------------------ half-filled answers


@pytest.mark.parametrize("kind", half_filled.ANSWERS)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    half_filled.assert_told_what_came(exercise, kind)


@every_exercise
def test_the_check_in_the_notebook_says_that_nothing_came(exercise):
    report = str(check_exercise(half_filled.ANSWERS["nothing"], exercise.frozen()))
    assert describe(None) in report


# ------------------------------------------------------------------------------------------ networks side by side


def test_a_plain_network_learns_the_wrong_labels_late_and_pays_for_it():
    curves = train([11, 12])
    assert curves.train_accuracy[:, -1].min() > 0.95
    assert curves.on_wrong[:, -1].min() > 0.8
    assert curves.on_wrong[:, 5].max() < 0.25
    assert (curves.test_accuracy.max(axis=1) - curves.test_accuracy[:, -1]).min() > 0.08
    np.testing.assert_allclose(curves.test_probs.sum(axis=2), 1, atol=1e-5)
    right = (curves.test_probs.argmax(axis=2) == curves.test_labels).mean(axis=1)
    np.testing.assert_allclose(right, curves.test_accuracy[:, -1], atol=1e-6)
    again = train([11, 12])
    np.testing.assert_array_equal(again.val_loss, curves.val_loss)


def test_each_remedy_does_what_it_says():
    plain = train([13], epochs=30)
    assert train([13], epochs=30, decay=1.0).on_wrong[0, -1] < plain.on_wrong[0, -1] - 0.2
    # dropped altogether, hidden values leave nothing but the output's biases
    nothing = train([13], epochs=3, mask=lambda u: np.zeros(u.shape))
    assert nothing.train_accuracy[0, -1] < 0.35
    ones = train([13], epochs=3, mask=lambda u: np.ones(u.shape))
    np.testing.assert_allclose(ones.train_loss, plain.train_loss[:, :3], rtol=1e-4)
    same = train([13], epochs=3, copies=lambda images: [images])
    np.testing.assert_allclose(same.train_loss, ones.train_loss, rtol=1e-4)
    assert train([13], epochs=10, normalise=True).train_loss[0, -1] < plain.train_loss[0, 9]


def test_networks_of_one_data_set_differ_in_their_first_weights_alone():
    curves = train([21, 22], data_seed=3, epochs=2)
    np.testing.assert_array_equal(curves.test_labels[0], curves.test_labels[1])
    assert not np.array_equal(curves.train_loss[0], curves.train_loss[1])
