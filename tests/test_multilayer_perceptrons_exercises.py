"""Lecture 03: the networks that are judged by what they compute, and the views that judge them."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch
from multilayer_perceptrons_authority import mlp_forward, sequential

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import multilayer_perceptrons as reference
from course import data, given, views
from course.case import WRONG, describe
from course.checks import check_exercise

EXERCISES = lecture("multilayer_perceptrons")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
SEEDS = [2, 31, 32]


# ------------------------------------------------------------------------------------------ independent authorities


def threshold_output(W1, b1, w2, b2, bits):
    """One unit after the other, in plain Python; also the smallest distance from a threshold."""
    margin, hidden = np.inf, []
    for row, bias in zip(W1, b1, strict=True):
        z = sum(float(w) * bit for w, bit in zip(row, bits, strict=True)) + float(bias)
        margin = min(margin, abs(z))
        hidden.append(1 if z > 0 else 0)
    z = sum(float(w) * h for w, h in zip(w2, hidden, strict=True)) + float(b2)
    return int(z > 0), min(margin, abs(z))


def test_xor_of_the_reference_is_that_of_python_with_a_margin():
    for bits in itertools.product([0, 1], repeat=2):
        said, margin = threshold_output(*reference.xor_network(), bits)
        assert said == bits[0] ^ bits[1]
        assert margin >= 0.1


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10])
def test_parity_of_the_reference_is_that_of_python_with_a_margin_and_few_units(n):
    W1, b1, w2, b2 = reference.parity_network(n)
    assert 1 <= len(b1) <= n
    for bits in itertools.product([0, 1], repeat=n):
        said, margin = threshold_output(W1, b1, w2, b2, bits)
        assert said == sum(bits) % 2
        assert margin >= 0.1


@pytest.mark.parametrize("depth", [1, 2, 3, 8, 12])
def test_the_tents_of_the_reference_are_folded_as_often_as_asked_by_torch(depth):
    weights, biases = reference.tent_network(depth)
    assert len(weights) == len(biases) == depth + 1
    assert max(len(b) for b in biases[:-1]) <= 2
    x = np.concatenate([np.arange(2**depth + 1) / 2**depth, np.random.default_rng(0).random(50)])
    y = x
    for _ in range(depth):
        y = np.minimum(2 * y, 2 - 2 * y)
    with torch.no_grad():
        got = sequential(weights, biases, "relu")(torch.tensor(x[:, None])).numpy()[:, 0]
    np.testing.assert_allclose(got, y, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_interpolant_of_the_reference_is_numpys_everywhere_between_the_points(seed):
    for case in EXERCISES["relu_interpolant"].cases_for(seed):
        x, y = (np.asarray(a, float) for a in case.arguments)
        w1, b1, w2, b2 = reference.relu_interpolant(x, y)
        assert len(w1) <= len(x)
        s = np.concatenate([x, np.linspace(x[0], x[-1], 301)])
        got = mlp_forward(s[:, None], [w1[:, None], w2[None]], [b1, np.array([b2])], "relu")[:, 0]
        np.testing.assert_allclose(got, np.interp(s, x, y), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_permuted_network_computes_the_same_by_torch(seed):
    rng = np.random.default_rng(seed)
    for case in EXERCISES["permute_hidden"].cases_for(seed):
        weights, biases, layer, perm = case.arguments
        moved = reference.permute_hidden(weights, biases, layer, perm)
        X = rng.normal(size=(6, weights[0].shape[1]))
        np.testing.assert_allclose(
            mlp_forward(X, *moved, "tanh"), mlp_forward(X, weights, biases, "tanh"), rtol=1e-6, atol=1e-6
        )


def test_two_ways_to_train_on_random_features_pass_the_bars_with_room_and_a_linear_classifier_is_far_below():
    from sklearn.linear_model import RidgeClassifier

    shares = {"digits": [], "rings": [], "digits, linear": [], "rings, linear": []}
    for case in EXERCISES["random_feature_classifier"].cases_for(5):
        seed, name = case.truth
        X, labels, X_test, truth = (given.sample(part, seed, name).build() for part in given.PARTS)
        rng = np.random.default_rng(1)
        W, b = 2 * rng.normal(size=(X.shape[1], case.arguments[3])), rng.uniform(-2, 2, case.arguments[3])
        model = RidgeClassifier(alpha=3.0).fit((X @ W + b).clip(0), labels)
        shares[name].append(model.score((X_test @ W + b).clip(0), truth))
        shares[f"{name}, linear"].append(RidgeClassifier().fit(X, labels).score(X_test, truth))
    mean = {name: np.mean(values) for name, values in shares.items()}
    assert mean["digits"] > 0.97
    assert mean["rings"] > 0.97
    assert mean["digits, linear"] < 0.95
    assert mean["rings, linear"] < 0.5


# ------------------------------------------------------------------------------------------ the views


def xor_seen(W1=((1, 1), (1, 1)), b1=(-0.5, -1.5), w2=(1, -2), b2=-0.5):
    return views.threshold_network((np.array(W1), np.array(b1), np.array(w2), b2), (), None)


def test_the_margin_of_a_threshold_unit_counts_from_a_tenth():
    assert xor_seen(b1=(-0.1, -1.5))[WRONG] is None
    assert xor_seen(b1=(-0.9, -1.9))[WRONG] is None  # 1 - 0.9 is a little less than 0.1 in floats
    assert "as near to 0 as 0.05" in xor_seen(b1=(-0.05, -1.5))[WRONG]
    assert xor_seen(b1=(0.0, -1.5))["fault"] == "on the threshold"
    assert xor_seen(w2=(1, -1), b2=0)["fault"] == "output on the threshold"


def test_a_wrong_row_is_named_and_an_idle_unit_only_where_it_is_idle():
    seen = xor_seen(w2=(1, 0))
    assert "the input (1, 1)" in seen[WRONG]
    assert seen["fault"] == "idle unit"
    both_matter = xor_seen(W1=((1, 1), (-1, -1)), b1=(-1.5, 0.5), w2=(1, 1.2), b2=-2.5)
    assert both_matter[WRONG]
    assert both_matter["fault"] is None


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "nothing (None)"),
        ("0110", "the text"),
        (np.ones((2, 2)), "an array"),
        ((np.ones((2, 2)),), "1 came back"),
        ((torch.ones(2, 2), np.ones(2), np.ones(2), 0.0), "torch tensor"),
        ((np.ones((2, 2)), np.ones((2, 1)), np.ones(2), 0.0), "b1 has shape (2, 1)"),
        ((np.ones((2, 2)), np.ones(2), np.ones(2), np.ones(1)), "b2 has shape (1,)"),
        ((np.ones((2, 2)), np.ones(2), np.array([1, np.nan]), 0.0), "not finite"),
        (([[1, 1], [1]], np.ones(2), np.ones(2), 0.0), "W1 is"),
        ((np.ones((3, 2)), np.ones(3), np.ones(3), 0.0), "W1 has shape (3, 2)"),
    ],
)
def test_what_is_no_threshold_network_gets_a_sentence(output, said):
    assert said in views.view_output(views.threshold_network, output, (), None)[WRONG]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "Two lists"),
        ([np.ones((1, 1))], "1 results"),
        ((np.ones((2, 1)), [np.ones(2)]), "a list of arrays"),
        (([np.ones((2, 1))], []), "1 weight matrix for 0 biases"),
        (([np.ones((2, 2)), np.ones((1, 2))], [np.ones(2), np.ones(1)]), "weights[0] has shape (2, 2)"),
        (([np.ones((2, 1)), np.ones((2, 2))], [np.ones(2), np.ones(2)]), "weights[1] has shape (2, 2)"),
        (([np.ones((2, 1)), np.ones((1, 2))], [np.ones(1), np.ones(1)]), "biases[0] has shape (1,)"),
        (([np.ones((2, 1)), "w"], [np.ones(2), np.ones(1)]), "weights[1] is the text"),
        (([np.ones((3, 1)), np.ones((1, 3))], [np.ones(3), np.ones(1)]), "3 units"),
    ],
)
def test_what_is_no_tent_network_gets_a_sentence(output, said):
    assert said in views.view_output(views.tents, output, (1,), None)[WRONG]


def test_what_the_output_unit_receives_tells_a_late_parity_from_one_that_drifts():
    def fault(b1, w2, n=3):
        seen = views.threshold_network((np.ones((n, n)), np.array(b1), np.array(w2), -0.5), (n,), None)
        assert seen[WRONG]
        return seen["fault"]

    assert fault([-1.5, -2.5, -3.5], [1.0, -1.0, 1.0]) == "one bit late"
    assert fault([-0.5, -1.5, -2.5], [1.0, -2.0, 1.0]) == "does not cross"
    assert fault([-0.5, -1.5, -2.5], [1.0, 1.0, -1.0]) is None
    unlike = views.threshold_network(
        (np.diag([1.0, 1, 2]), -0.5 * np.ones(3), np.array([1.0, -2, 1]), -0.5), (3,), None
    )
    assert unlike["fault"] is None  # the same number of ones, but not the same sum


def test_a_tent_whose_second_layer_reads_the_units_is_not_taken_for_a_late_fold():
    steep, fold, open_at = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]]), np.array([0.0, -2.0])
    biases = [open_at, open_at, np.zeros(1)]
    assert views.tents(([steep, np.diag([2.0, 4.0]), fold], biases), (2,), None)["fault"] == "reads the units"
    late = [open_at, np.array([0.0, -1.0]), np.zeros(1)]
    assert views.tents(([steep, steep @ fold, fold], late), (2,), None)["fault"] == "later fold"
    between = [open_at, np.zeros(1), open_at, np.zeros(1)]
    assert views.tents(([steep, fold, steep, fold], between), (2,), None)["fault"] == "layers between"
    assert views.tents(([steep, 2 * fold, steep, fold], between), (2,), None)["fault"] == "number of layers"


def test_an_interpolant_that_bends_between_the_points_is_refused_though_it_is_right_at_them_and_half_way():
    x, y = np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.0, 0.0])
    quarter = np.ones(3), np.array([-0.0, -0.25, -0.5]), np.array([1.0, -2.0, 1.0]), 0.0
    network, at, between, elsewhere = views.interpolant(quarter, (x, y), None)
    assert network[WRONG] is None
    np.testing.assert_allclose((*at, *between), 0, atol=1e-12)
    assert elsewhere[WRONG]


def test_labels_must_repeat_have_the_right_shape_and_be_numpys():
    truth = (7, "rings")
    labels = given.sample("labels_test", 7, "rings").build()
    assert views.classified((labels, labels), (), truth) == {WRONG: None, "accuracy on rings": 1.0}
    assert "A second call" in views.classified((labels, 2 - labels), (), truth)[WRONG]
    assert "shape (600,)" in views.classified((labels[:, None],) * 2, (), truth)[WRONG]
    assert describe(None) in views.classified((None, None), (), truth)[WRONG]
    assert "tensor" in views.classified((torch.tensor(labels),) * 2, (), truth)[WRONG]


def test_a_sample_is_the_data_set_of_its_name_split_in_four():
    X, labels = data.rings(1800, 3)
    parts = [given.sample(part, 3, "rings").build() for part in given.PARTS]
    for part, expected in zip(parts, (X[:1200], labels[:1200], X[1200:], labels[1200:]), strict=True):
        np.testing.assert_array_equal(part, expected)
    parts[0][:] = 0  # each is an array of its own
    np.testing.assert_array_equal(given.sample("X_train", 3, "rings").build(), X[:1200])
    with pytest.raises(ValueError, match="no 'X' of 'rings'"):
        given.sample("X", 0, "rings")


# ------------------------------------------------------------------------------------------ data


def test_rings_lie_at_a_third_two_thirds_and_one():
    X, labels = data.rings(6000, 0)
    for k in range(3):
        radius = np.hypot(*X[labels == k].T)
        assert radius.mean() == pytest.approx((k + 1) / 3, abs=0.01)
        assert radius.std() == pytest.approx(0.05, abs=0.005)
        assert (labels == k).mean() == pytest.approx(1 / 3, abs=0.03)


def test_moons_and_spirals_without_noise_lie_on_their_curves():
    X, t = data.two_moons(500, noise=0.0, seed=0)
    centres = np.array([[0.0, 0.0], [1.0, 0.5]])[t]
    np.testing.assert_allclose(np.hypot(*(X - centres).T), 1)
    X, t = data.spirals(500, turns=1.0, noise=0.0, seed=0)
    radius = np.hypot(*X.T)
    turned = np.exp(1j * (2 * np.pi * radius + np.pi * t)) * radius
    np.testing.assert_allclose(X[:, 0] + 1j * X[:, 1], turned, atol=1e-12)
    for make in (data.rings, data.two_moons, data.spirals):
        with pytest.raises(ValueError, match="can't be negative"):
            make(-1, seed=0)


# ------------------------------------------------------------------------------------------ half-filled answers


HALF_FILLED = {
    "nothing": lambda *arguments: None,
    "text": lambda *arguments: "W @ x + b",
    "a number": lambda *arguments: 0.0,
    "two numbers": lambda *arguments: (1.0, 2.0),
    "an empty list": lambda *arguments: [],
    "a tensor": lambda *arguments: torch.zeros(3),
}


@cache
def sheet_of(name):
    """One for all kinds: what the mistakes of the random features give takes seconds."""
    return Sheet(EXERCISES[name], 3)


@pytest.mark.parametrize("kind", HALF_FILLED)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    sheet = sheet_of(exercise.id)
    found = verdict(sheet, [exercise.run(HALF_FILLED[kind], case) for case in sheet.cases[:1]] * len(sheet.cases))
    assert found.status != "right"
    assert found.score == 0
    assert found.hint is None
    assert len(found.message) > 20
    assert "Error" not in found.message


def test_the_check_in_the_notebook_says_what_is_missing():
    report = check_exercise(HALF_FILLED["nothing"], EXERCISES["tent_network"].frozen())
    assert "Two lists are asked for" in str(report)
