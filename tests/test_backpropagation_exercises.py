"""Lecture 04: gradients against finite differences, what the probes and views see, half-filled answers, what training reaches."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import backpropagation as reference
from course import data, given, probes, signs, views
from course.case import WRONG, Outcome, Tolerance, value_difference
from course.checks import check_exercise

EXERCISES = lecture("backpropagation")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
SEEDS = [2, 41, 42]


# ------------------------------------------------------------------------------------------ gradients are slopes


def loss_with(arguments, which, layer, step):
    """The loss after a step of one weight matrix (which = 2) or bias vector (which = 3)."""
    changed = [list(a) if isinstance(a, list) else a for a in arguments]
    changed[which][layer] = changed[which][layer] + step
    return reference.mlp_loss_and_gradients(*changed)[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradients_of_a_network_are_slopes_of_its_loss_for_every_parameter(seed):
    for case in EXERCISES["mlp_loss_and_gradients"].cases_for(seed):
        if case.edge:
            continue
        X, labels, *parameters = case.arguments
        arguments = X.astype(float), labels, *([p.astype(float) for p in some] for some in parameters)
        _, *found = reference.mlp_loss_and_gradients(*arguments)
        for which, gradients in zip((2, 3), found, strict=True):
            for layer, gradient in enumerate(gradients):
                for place in np.ndindex(gradient.shape):
                    step = np.zeros(gradient.shape)
                    step[place] = 1e-5
                    above, below = (loss_with(arguments, which, layer, s) for s in (step, -step))
                    assert (above - below) / 2e-5 == pytest.approx(gradient[place], rel=1e-4, abs=1e-8)


def test_no_hidden_unit_of_an_ordinary_case_is_near_its_kink_and_each_layer_has_both_kinds():
    for seed in range(20):
        for case in EXERCISES["mlp_loss_and_gradients"].cases_for(seed):
            if case.edge:
                continue
            X, _, weights, biases = case.arguments
            h = X
            for W, b in zip(weights[:-1], biases[:-1], strict=True):
                z = h @ W.T + b
                assert np.abs(z).min() > 0.01
                assert (z > 0).any()
                assert (z < 0).any()
                h = z.clip(0)


def test_the_case_with_a_pre_activation_of_zero_has_one_exactly_and_its_unit_matters():
    (case,) = (c for c in EXERCISES["mlp_loss_and_gradients"].cases_for(3) if "exactly 0" in c.name)
    X, labels, weights, biases = case.arguments
    z = X @ weights[0].T + biases[0]
    assert (z == 0).sum() >= 1
    _, (with_zero, _), _ = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    nudged = [biases[0] + 1e-9, biases[1]]
    _, (with_one, _), _ = reference.mlp_loss_and_gradients(X, labels, weights, nudged)
    assert np.abs(with_zero - with_one).max() > 1e-3


def test_of_a_network_of_zeros_only_the_last_bias_has_a_gradient():
    (case,) = (c for c in EXERCISES["mlp_loss_and_gradients"].cases_for(3) if "zero" in c.name and "all" in c.name)
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(*case.arguments)
    assert loss == pytest.approx(np.log(2))
    assert not any(g.any() for g in (*dweights, dbiases[0]))
    shares = np.bincount(case.arguments[1]) / len(case.arguments[1])
    np.testing.assert_allclose(dbiases[-1], 0.5 - shares)


def test_the_doubled_chain_has_two_to_the_sixty_paths_and_shuffled_edges_mislead_whoever_trusts_their_order():
    for seed in SEEDS:
        for case in EXERCISES["graph_backward"].cases_for(seed):
            n, edges = case.arguments
            assert all(0 <= i < j < n for i, j, _ in edges)
            if case.name.startswith("a chain"):
                paths = [0] * (n - 1) + [1]
                for i, j, _ in sorted(edges, key=lambda edge: -edge[1]):
                    paths[i] += paths[j]
                assert paths[0] == 2**60
            if case.name == "edges in any order":
                for order in (edges, edges[::-1]):
                    bar = [0.0] * (n - 1) + [1.0]
                    for i, j, d in order:
                        bar[i] += d * bar[j]
                    assert not np.allclose(bar, reference.graph_backward(n, edges))


def test_an_answer_that_walks_all_paths_is_stopped_in_seconds_and_told_why():
    def graph_backward(n, edges):
        def walk(i):
            return 1.0 if i == n - 1 else sum(d * walk(j) for a, j, d in edges if a == i)

        return np.array([walk(i) for i in range(n)])

    report = check_exercise(graph_backward, EXERCISES["graph_backward"].frozen())
    assert report.mistake.id == "all_paths_enumerated"
    assert report.passed == len(report.cases) - 1


# ------------------------------------------------------------------------------------------ probes, views, signs


def seen(answer, x, *rest):
    f = given.function("sum of squares").build()
    output = probes.watched_function(answer, f, x, *rest)
    return views.watched_gradient(output, (f, x), None)[0]


def test_the_points_at_which_a_function_is_called_are_watched():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert seen(lambda f, x: f(x + 1), x) == {WRONG: None}
    assert seen(lambda f, x: f(x.astype(int)), x)["fault"] == f"dtype {np.dtype(int)}"
    assert "shape (4,)" in seen(lambda f, x: f(x.ravel() + 1), x)[WRONG]
    assert "each time" in seen(lambda f, x: f(x) + f(x), x)[WRONG]
    assert "a list of 2" in seen(lambda f, x: f(x.tolist()), x)[WRONG]
    assert seen(lambda f, x: 0.0, x) == {WRONG: None}
    number = np.array(1.5)
    assert seen(lambda f, x: f(x + 1e-5), number) == {WRONG: None}  # arithmetic makes a scalar of it
    assert "number" in seen(lambda f, x: f(float(x)), number)[WRONG]


def test_a_probe_stops_what_computes_for_too_long_and_leaves_no_timer():
    import signal

    def forever(x):
        while True:
            x += 1

    with pytest.raises(TimeoutError, match="after 2 seconds"):
        probes.in_time(forever, 0)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert probes.in_time(lambda x: x + 1, 2) == 3


def test_four_calls_are_enough():
    assert views.few_calls((np.ones(2), 4), (), None)[0] == {WRONG: None}
    assert "5 times" in views.few_calls((np.ones(2), 5), (), None)[0][WRONG]


def test_a_fault_is_found_in_one_of_several_results():
    right = Outcome("returned", ({WRONG: None}, np.ones(2)))
    costly = Outcome("returned", ({WRONG: "many", "fault": "too many calls"}, np.ones(2)))
    wrong = Outcome("returned", ({WRONG: "many", "fault": "too many calls"}, np.zeros(2)))
    assert signs.same_fault(right, costly, wrong)
    assert not signs.same_fault(right, costly, right)
    assert signs.only_fault(right, costly, costly)
    assert not signs.only_fault(right, costly, wrong)


def test_linear_gives_the_product_and_functions_to_a_number_give_floats():
    A = np.array([[1.0, 2.0], [0.0, -1.0]])
    np.testing.assert_allclose(given.linear(A).build()(np.array([1, 1])), [3, -1])
    assert given.function("cubes").build()(np.array([1, 2])) == 9.0
    assert type(given.function("product").build()(np.ones(3))) is float


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if exercise.lean])
def test_the_visible_file_of_a_lean_exercise_leaves_out_only_what_happens_at_edges(name):
    exercise = EXERCISES[name]
    cases, frozen = exercise.cases_for(2), exercise.frozen()
    exactly = Tolerance(0, 0)

    def left_out(way, kept):
        """At how many edge cases the right output stands in place of the way's; None where it is another way."""
        count = 0
        for case, right, outcome, other in zip(cases, frozen.cases, way, kept, strict=True):
            if value_difference(outcome.output, other.output, exactly) is not None:
                if not case.edge or value_difference(right.right.output, other.output, exactly) is not None:
                    return None
                count += 1
        return count

    counts = [
        [left_out(way, kept) for kept in lean.ways]
        for full, lean in zip(replace(exercise, lean=False).mistaken(cases), frozen.mistakes, strict=True)
        for way in full.ways
    ]
    assert all(any(count is not None for count in found) for found in counts)
    assert any(count for found in counts for count in found)


# ------------------------------------------------------------------------------------------ what training reaches


def test_the_network_of_the_text_reads_more_than_96_percent_of_unseen_digits_for_several_seeds():
    torch.set_num_threads(1)
    shares = []
    for seed in range(2):
        X, labels, X_test, truth = data.digits(1200, seed)
        rng = np.random.default_rng(seed)
        weights = [rng.normal(size=(64, 64)) * np.sqrt(2 / 64), rng.normal(size=(10, 64)) * np.sqrt(2 / 64)]
        biases = [np.zeros(64), np.zeros(10)]
        batches = [part for _ in range(40) for part in np.array_split(rng.permutation(1200), 37)]
        weights, biases, losses = reference.train_mlp(X, labels, weights, biases, 0.2, batches)
        logits = np.maximum(X_test @ weights[0].T + biases[0], 0) @ weights[1].T + biases[1]
        shares.append(np.mean(logits.argmax(axis=1) == truth))
        assert losses[-37:].mean() < 0.05
    assert min(shares) > 0.95
    assert np.mean(shares) > 0.96


# ------------------------------------------------------------------------------------------ half-filled answers


HALF_FILLED = {
    "nothing": lambda *arguments: None,
    "text": lambda *arguments: "dz.T @ h",
    "two numbers": lambda *arguments: (1.0, 2.0),
    "an empty list": lambda *arguments: [],
    "a tensor": lambda *arguments: torch.zeros(3),
    "prints": lambda *arguments: print("0.5"),
}


@pytest.mark.parametrize("kind", HALF_FILLED)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    sheet = _sheets.setdefault(exercise.id, Sheet(exercise, 3))
    found = verdict(sheet, [exercise.run(HALF_FILLED[kind], case) for case in sheet.cases])
    assert found.status != "right"
    assert found.score == 0
    assert found.hint is None
    assert len(found.message) > 20
    assert "Error" not in found.message


_sheets = {}


@every_exercise
def test_the_check_says_that_nothing_came_back(exercise):
    frozen = exercise.frozen()
    if exercise.view is None:
        assert "returns nothing" in str(check_exercise(HALF_FILLED["nothing"], frozen))
        assert "prints its result" in str(check_exercise(HALF_FILLED["prints"], frozen))
    else:
        assert "nothing (None) came back" in str(check_exercise(HALF_FILLED["nothing"], frozen))


def test_tensors_are_refused_where_arrays_are_asked():
    def linear_backward(X, W, dY):
        return tuple(torch.tensor(a) for a in reference.linear_backward(X, W, dY))

    assert "torch tensor" in str(check_exercise(linear_backward, EXERCISES["linear_backward"].frozen()))
