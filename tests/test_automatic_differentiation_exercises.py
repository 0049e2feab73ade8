"""Lecture 05: the library as a whole against torch and finite differences, and the probes and views that judge its parts alone."""

import re

import numpy as np
import pytest
import torch

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import automatic_differentiation as reference
from course import graph_probes, graph_views
from course.autodiff import NAMES, attach_operators, make_ops, make_registry
from course.case import WRONG
from course.checks import check_exercise
from course.frozen_cases import load

EXERCISES = lecture("automatic_differentiation")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ the library as a whole


def test_gradients_of_random_programs_are_those_of_torch_and_slopes_of_the_program():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        A, B, choices = rng.normal(size=(3, 4)), rng.normal(size=4), rng.integers(0, 5, 8)

        def program(A, B, lib, choices=choices):
            value = A * B
            for which in choices:
                value = (
                    lib.tanh(value),
                    value * B - A,
                    lib.exp(-value * value),
                    lib.maximum(value, 0.5 * A) + B,
                    value / (lib.exp(A) + 1.0),
                )[which]
            return lib.sum(value * value)

        tensors = [torch.tensor(one, requires_grad=True) for one in (A, B)]
        program(*tensors, torch).backward()
        for argnum, tensor in enumerate(tensors):
            ours = reference.grad(lambda A, B: program(A, B, reference.ops), argnum)(A, B)
            np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-11, atol=1e-12)
        step = 1e-6 * rng.normal(size=4)
        slope = (program(A, B + step, np) - program(A, B - step, np)) / 2
        np.testing.assert_allclose(ours @ step, slope, rtol=1e-4, atol=1e-11)


def test_a_trained_network_is_that_of_torch_to_rounding():
    from course import data

    X, t = data.two_moons(40, seed=3)
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(2, 5)), np.zeros(5), rng.normal(size=(5, 1)), np.zeros(1)]
    params, losses = reference.train_two_moons(X, t, start, 1.0, 50)
    tensors = [torch.tensor(p, requires_grad=True) for p in start]
    optimizer = torch.optim.SGD(tensors, lr=1.0)
    for loss in losses:
        W1, b1, W2, b2 = tensors
        z = (torch.tanh(torch.tensor(X) @ W1 + b1) @ W2 + b2)[:, 0]
        cost = torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(t).double())
        np.testing.assert_allclose(loss, cost.item(), rtol=1e-11)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    for ours, theirs in zip(params, tensors, strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_twenty_units_and_three_hundred_steps_wind_between_the_moons():
    from course import data

    X, t = data.two_moons(300, seed=0)
    X_test, t_test = data.two_moons(300, seed=1)
    shares = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        start = [rng.normal(size=(2, 20)), np.zeros(20), 0.3 * rng.normal(size=(20, 1)), np.zeros(1)]
        (W1, b1, W2, b2), _ = reference.train_two_moons(X, t, start, 1.0, 300)
        shares.append(np.mean(((np.tanh(X_test @ W1 + b1) @ W2 + b2)[:, 0] > 0) == t_test))
    assert min(shares) > 0.95


# ------------------------------------------------------------------------------------------ the glue


def stub(*arguments):
    raise NotImplementedError


def test_operators_reach_the_functions_from_both_sides():
    class Node:
        __array_ufunc__ = None

    ops = make_ops(lambda fun: lambda *args: (fun.__name__, *args))
    attach_operators(Node, ops)
    node = Node()
    for operation, name in (
        (lambda a, b: a + b, "add"),
        (lambda a, b: a - b, "subtract"),
        (lambda a, b: a * b, "multiply"),
        (lambda a, b: a / b, "divide"),
        (lambda a, b: a @ b, "matmul"),
    ):
        assert operation(node, 2.0) == (name, node, 2.0)
        assert operation(2.0, node) == (name, 2.0, node)
        said, left, right = operation(np.ones(2), node)
        assert (said, left.shape, right) == (name, (2,), node)
    assert -node == ("negative", node)
    assert sorted(vars(ops)) == sorted(NAMES)


def test_what_is_not_written_says_so_when_it_is_used():
    ops, registry = make_ops(stub), make_registry(stub)
    with pytest.raises(NotImplementedError):
        ops.exp(1.0)
    with pytest.raises(NotImplementedError):
        registry[np.exp]
    assert make_registry(lambda: {"exp": (abs,)}) == {np.exp: (abs,)}


# ------------------------------------------------------------------------------------------ one wrong part spoils no other


class Unwritten:
    def __init__(self, *arguments):
        raise NotImplementedError


class Forgetful:
    """Keeps nothing of how it was made."""

    def __init__(self, value, *rest):
        self.value, self.fun, self.args, self.kwargs, self.parents = value, None, (), {}, ()


@pytest.mark.parametrize("node", [Unwritten, Forgetful, "no class"])
def test_a_node_that_does_not_serve_spoils_neither_primitive_nor_toposort_nor_the_backward_pass(node):
    for name in ("primitive", "toposort", "backward_pass"):
        own = {"Node": node}
        with graph_probes.standing_in(vars(reference), **own):
            for case in EXERCISES[name].cases_for(5)[:5]:
                outcome = EXERCISES[name].run(getattr(reference, name), case)
                assert outcome.status == "returned", (case.name, outcome.message)
    assert vars(reference)["Node"].__name__ == "Node"  # and all is as before


@pytest.mark.parametrize(
    "toposort", [stub, lambda end: [end], lambda end: 3, lambda end: 1 / 0], ids=["stub", "short", "no list", "raises"]
)
def test_a_toposort_that_does_not_serve_spoils_no_backward_pass(toposort):
    right = EXERCISES["backward_pass"]
    for case in right.cases_for(5):
        wanted = right.right_outcome(case)
        with graph_probes.standing_in(vars(reference), toposort=toposort):
            outcome = right.run(reference.backward_pass, case)
        assert outcome.status == "returned", outcome.message
        assert outcome.output[1:] == wanted.output[1:]


@pytest.mark.parametrize("unbroadcast", [stub, lambda g, shape: g, lambda g, shape: np.mean(g)])
def test_an_unbroadcast_that_does_not_serve_spoils_no_table(unbroadcast):
    sheet = Sheet(EXERCISES["vjp_table"], 5)
    with graph_probes.standing_in(vars(reference), unbroadcast=unbroadcast):
        outcomes = [EXERCISES["vjp_table"].run(reference.vjp_table, case) for case in sheet.cases]
    assert verdict(sheet, outcomes).status == "right"


def test_the_large_logits_have_both_signs_whatever_the_seed():
    for seed in range(60):
        case = next(c for c in EXERCISES["train_two_moons"].cases_for(seed) if "thousands" in c.name)
        X, _, (W1, b1, W2, b2), *_ = case.arguments
        z = np.tanh(X @ W1 + b1) @ W2 + b2
        assert z.max() > 1000
        assert z.min() < -1000


def test_an_unwritten_primitive_is_named_by_grad_which_needs_it():
    with graph_probes.standing_in(vars(reference), primitive=stub):
        outcome = EXERCISES["grad"].run(reference.grad, EXERCISES["grad"].cases_for(5)[0])
    assert (outcome.status, outcome.error) == ("raised", "RuntimeError")
    assert "grad needs primitive" in outcome.message


# ------------------------------------------------------------------------------------------ graphs as text


def test_a_program_is_read_with_its_turns_its_numbers_its_keywords_and_its_end():
    steps, end = graph_probes.read_graph("x; 2 times: x = add(x, x); s = sum(x, axis=1); b = multiply(s, 3.0) -> s")
    assert [step.name for step in steps] == ["x", "x in turn 1", "x in turn 2", "s", "b"]
    assert [step.args for step in steps] == [(), (0, 0), (1, 1), (2,), (3, 3.0)]
    assert (end, steps[3].kwargs) == (3, {"axis": 1})
    assert graph_probes.needed(steps, end) == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        ([3, 2, 1, 0], None),
        ([3, 2, 1, 0, 0], "duplicates"),
        ([3, 2, 1], "missing"),
        ([3, 2, 1, 0, -1], "foreign"),
        ([0, 1, 2, 3], "reversed"),
        ([3, 2, 0, 1], "breadth first"),
        ([3, 0, 2, 1], "breadth first"),
    ],
)
def test_the_order_of_a_graph_is_said_to_be_right_or_what_is_wrong_with_it(order, fault):
    seen = graph_views.sorted_nodes({"order": np.array(order)}, ("x; a = tanh(x); b = tanh(a); z = add(b, x)",), None)
    assert seen["fault"] == fault
    assert (seen[WRONG] is None) == (fault is None)


def test_a_graph_walked_through_too_often_is_an_error_at_once():
    case = next(case for case in EXERCISES["toposort"].cases_for(2) if "60 doubled" in case.name)

    def toposort(end_node):
        return [end_node, *(node for _, parent in end_node.parents for node in toposort(parent))]

    outcome = EXERCISES["toposort"].run(toposort, case)
    assert (outcome.status, outcome.error) == ("raised", "WalkedTooOften")


# ------------------------------------------------------------------------------------------ half-filled answers

HALF_FILLED = {
    "nothing": lambda *arguments, **keywords: None,
    "text": lambda *arguments, **keywords: "x * y",
    "a number": lambda *arguments, **keywords: 0.0,
    "two numbers": lambda *arguments, **keywords: (1.0, 2.0),
    "an empty list": lambda *arguments, **keywords: [],
    "a tensor": lambda *arguments, **keywords: torch.zeros(3),
}


@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_points(exercise):
    sheet = Sheet(exercise, 3)
    for answer in HALF_FILLED.values():
        found = verdict(sheet, [exercise.run(answer, case) for case in sheet.cases])
        assert found.status != "right"
        assert found.score == 0
        assert len(found.message) > 20


def test_the_check_in_the_notebook_says_what_is_missing():
    assert "a dict" in str(check_exercise(HALF_FILLED["nothing"], load("vjp_table")))
    assert "A list of Nodes" in str(check_exercise(HALF_FILLED["text"], load("toposort")))
    assert "A dict is asked for" in str(check_exercise(HALF_FILLED["nothing"], load("backward_pass")))
    assert re.search("grad returns a function", str(check_exercise(HALF_FILLED["a number"], load("grad"))))


def test_an_output_that_is_no_number_is_refused_also_where_it_holds_a_single_one():
    for f in (lambda x: 2.0 * x, lambda x: reference.ops.sum(x, axis=0, keepdims=True), lambda x: np.ones(2)):
        with pytest.raises(ValueError, match="shape"):
            reference.grad(f)(np.ones(3))
