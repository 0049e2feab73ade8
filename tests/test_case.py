"""When two outputs agree, and what is said where they don't."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course import wire
from course.case import (
    Case,
    Outcome,
    Tolerance,
    changed_arguments,
    describe,
    difference,
    identical,
    value_difference,
)

TIGHT = Tolerance(1e-6, 1e-8)


def kind(right, got, tolerance=TIGHT, **keywords):
    """None where they agree, else the kind of difference."""
    found = value_difference(right, got, tolerance, **keywords)
    return found and found.kind


@pytest.mark.parametrize("got", [2.5, np.float64(2.5), np.float32(2.5), np.array(2.5), np.array(2.5, "f2")])
def test_a_scalar_is_a_scalar_in_every_type(got):
    assert kind(2.5, got) is None
    assert kind(np.array(2.5), got) is None


@pytest.mark.parametrize("got", [2, np.int64(2), np.array(2), np.uint8(2), 2.0])
def test_an_integer_is_as_good_as_the_equal_float(got):
    assert kind(2.0, got) is None
    assert kind(2, got) is None


@pytest.mark.parametrize(
    ("right", "got", "what"),
    [
        (2.5, None, "kind"),
        (2.5, "2.5", "kind"),
        (2.5, True, "kind"),
        (1.0, True, "kind"),
        (2.5, [2.5], "shape"),
        (2.5, np.array([2.5]), "shape"),
        (2.5, (2.5, 1), "shape"),
        (2.5, 2.5 + 0j, "kind"),
        (2.5, np.array(2.5 + 1j), "kind"),
        (2.5, 10**400, "kind"),
        (2.5, 10**30, "values"),
        (2.5, float("nan"), "nan"),
        (2.5, float("inf"), "nan"),
        (2.5, {}, "kind"),
        (2.5, np.array(2.5, dtype=object), "kind"),
        (2.5, wire.Other("a generator"), "kind"),
        (2.5, torch.tensor(2.5), "kind"),
        (2.5, lambda: 2.5, "kind"),
        (np.zeros(3), np.zeros((3, 1)), "shape"),
        (np.zeros(3), np.zeros((1, 3)), "shape"),
        (np.zeros((0, 3)), np.zeros((3, 0)), "shape"),
        (np.zeros(3), 0.0, "shape"),
        (np.zeros(3), [0, 0], "shape"),
        (np.zeros(2), [[0], [0, 0]], "kind"),
        (np.zeros(2), ["0", "0"], "kind"),
        (np.zeros(2), np.array(["0", "0"]), "kind"),
        (np.zeros(2), np.zeros(2, "datetime64[s]"), "kind"),
        (np.zeros(2), np.array([0, 0], dtype=object), "kind"),
        (np.zeros(2), np.zeros(2, bool), "kind"),
        (np.zeros(2), torch.zeros(2), "kind"),
        (torch.zeros(2), np.zeros(2), "kind"),
        (np.zeros(2), (np.zeros(2), np.zeros(2)), "shape"),
        ((1.0, 2.0), 1.0, "count"),
        ((1.0, 2.0), np.array([1.0, 2.0]), "count"),
        ((1.0, 2.0), (1.0, 2.0, 3.0), "count"),
        ((1.0, 2.0), (1.0,), "count"),
        ((1.0, 2.0), {0: 1.0, 1: 2.0}, "count"),
        ((1.0, 2.0), (1.0, None), "kind"),
        ((1.0, 2.0), None, "count"),
        ({"a": 1.0}, [1.0], "kind"),
        ({"a": 1.0}, {}, "count"),
        ({"a": 1.0}, {"a": 1.0, "b": 1.0}, "count"),
        ({"a": 1.0}, {"a": 2.0}, "values"),
        ("text", "Text", "values"),
        ("text", np.array(["text", "text"]), "values"),
        (None, np.zeros(3), "values"),
        (None, 0, "values"),
        (True, 1, "values"),
        (True, np.array([True, True]), "values"),
        (True, np.False_, "values"),
    ],
)
def test_what_is_not_right_is_named(right, got, what):
    assert kind(right, got) == what


def test_a_list_of_numbers_counts_as_the_array_and_a_list_of_results_as_the_tuple():
    assert kind(np.array([[1.0, 2.0]]), [[1, 2.0]]) is None
    assert kind(np.array([1.0, 2.0]), (1.0, np.float32(2.0))) is None
    assert kind((1.0, np.zeros(2)), [1.0, [0, 0]]) is None
    assert kind(np.zeros((2, 0)), [[], []]) is None


@pytest.mark.parametrize("got", [True, np.True_, np.array(True)])
def test_a_truth_value_is_one_in_every_type(got):
    assert kind(True, got) is None
    assert kind(np.True_, got) is None


def test_an_array_whose_comparison_always_agrees_is_compared_by_its_numbers():
    class Agreeing(np.ndarray):
        def __eq__(self, other):
            return np.ones(np.shape(self), bool)

        __ne__ = __sub__ = __array_ufunc__ = __eq__

    assert kind(np.zeros(3), np.ones(3).view(Agreeing)) == "values"
    assert kind(np.zeros(3), np.zeros(3).view(Agreeing)) is None


def test_an_object_that_equals_everything_equals_nothing_here():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

    for right in (1.0, np.zeros(2), (1.0, 2.0), {"a": 1}, None, "text", True, [1.0]):
        assert kind(right, Equal()) in ("kind", "count", "values")


@settings(max_examples=200, deadline=None)
@given(
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.sampled_from([0.0, 1e-9, 1e-6, 1e-3]),
    st.sampled_from([0.0, 1e-12, 1e-6, 1.0]),
)
def test_numbers_agree_when_the_rule_of_the_house_says_so(right, got, rtol, atol):
    agree = abs(got - right) <= atol + rtol * abs(right)
    assert (kind(np.array([right]), np.array([got]), Tolerance(rtol, atol)) is None) == agree


def test_the_tolerance_is_taken_of_the_right_number_not_of_what_came():
    loose = Tolerance(rtol=0.5, atol=0)
    assert kind(1.0, 1.5, loose) is None
    assert kind(1.5, 1.0, loose) is None
    assert kind(1.0, 1.9, loose) == "values"
    assert kind(1.9, 0.9, loose) == "values"


def test_nan_is_right_only_where_the_reference_has_it():
    right = np.array([np.nan, 1.0, np.inf])
    assert kind(right, np.array([np.nan, 1.0, np.inf])) is None
    assert kind(right, np.array([0.0, 1.0, np.inf])) == "values"
    assert kind(right, np.array([np.nan, np.nan, np.inf])) == "nan"
    assert kind(right, np.array([np.nan, 1.0, -np.inf])) is not None


def test_integers_that_no_float_tells_apart_are_compared_exactly():
    assert kind(np.array([2**53]), np.array([2**53 + 1])) == "values"
    assert kind(np.array([2**63], "u8"), np.array([2**63 + 1], "u8")) == "values"
    assert kind(np.array([2**63], "u8"), np.array([-(2**63)])) == "values"


def test_extreme_numbers_are_compared_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert kind(np.array([1e308, 1.0]), np.array([-1e308, np.inf])) is not None
        assert kind(np.array([1e308]), np.array([1e308]), Tolerance(10.0)) is None


def test_a_dtype_counts_only_where_one_is_asked_for():
    assert kind(np.zeros(2), np.zeros(2, "f4")) is None
    assert kind(np.zeros(2), np.zeros(2, "f4"), Tolerance(dtype="float64")) == "dtype"
    assert kind(np.zeros(2), np.zeros(2), Tolerance(dtype="float64")) is None


def test_float32_arguments_widen_the_tolerance_and_nothing_else_does():
    strict = Tolerance(1e-6, 1e-12)
    for arguments in (
        [np.zeros(2, "f4")],
        [{"a": [np.float32(1)]}],
        [torch.zeros(2)],
        [wire.Given("layout", (np.zeros(2, "f4"), "plain"))],
    ):
        assert strict.for_arguments(arguments) == Tolerance(1e-4, 1e-5)
    for arguments in ([np.zeros(2)], [1.0], ["float32"], [np.zeros(2, "i4")], [torch.zeros(2).double()]):
        assert strict.for_arguments(arguments) == strict
    assert Tolerance(1e-2, 1e-1).for_arguments([np.zeros(2, "f4")]) == Tolerance(1e-2, 1e-1)


def test_the_first_wrong_result_is_named():
    found = value_difference((1.0, np.zeros(2), 3.0), (1.0, np.ones(2), 4.0), TIGHT, ("cost", "dw", "db"))
    assert (found.where, found.kind) == ("dw", "values")
    found = value_difference({"a": (1.0, 2.0)}, {"a": (1.0, 3.0)}, TIGHT)
    assert found.where == "'a' result 2"
    found = value_difference((1.0, [1.0, 2.0]), (1.0, [1.0, 3.0]), TIGHT, ("loss", "dweights"))
    assert found.where == "dweights, entry 2 of the list"


def test_a_sentence_about_a_difference_gives_away_no_expected_number():
    secret = 0.7351
    wrong = [1.0, np.full(3, 2.0), None, "text", float("nan"), [1.0], (1.0, 2.0, 3.0), {}, np.full(3, np.nan)]
    for right in (secret, np.full(3, secret), (secret, secret), {"a": secret}, [secret, secret]):
        for got in wrong:
            found = value_difference(right, got, TIGHT)
            assert found is not None
            assert "0.73" not in found.summary
            assert found.summary.endswith(".")


def test_outcomes_that_never_returned_are_wrong_and_say_why():
    right = Outcome("returned", 1.0)
    assert (
        difference(right, Outcome("raised", error="KeyError", message="'a'"), TIGHT).summary
        == "It raised KeyError: 'a'"
    )
    for status in ("unwritten", "missing", "timed out", "out of memory", "crashed", "bad data"):
        assert difference(right, Outcome(status, output=1.0), TIGHT).kind == status


def test_where_an_error_is_asked_for_only_its_kind_counts():
    right = Outcome("raised", error="ValueError", message="N must be positive")
    assert difference(right, Outcome("raised", error="ValueError", message="other"), TIGHT) is None
    assert difference(right, Outcome("raised", error="KeyError"), TIGHT).kind == "raised"
    assert difference(right, Outcome("returned", None), TIGHT).kind == "not raised"
    assert difference(right, Outcome("crashed"), TIGHT).kind == "crashed"


def test_a_right_output_with_a_changed_input_is_not_right_and_the_input_is_named():
    found = difference(Outcome("returned", 1.0), Outcome("returned", 1.0, changed=(1,)), TIGHT, (), ("X", "t"))
    assert found.kind == "changed"
    assert "input t;" in found.summary


def test_every_change_of_an_input_is_seen_and_nothing_else():
    before = [np.zeros(2), 1.0, [np.ones(2)], {"a": np.ones(2)}, np.array([np.nan]), "text", None, torch.ones(2)]
    again = [np.zeros(2), 1.0, [np.ones(2)], {"a": np.ones(2)}, np.array([np.nan]), "text", None, torch.ones(2)]
    assert changed_arguments(before, again) == ()
    other = [np.array([0, 1e-300]), 2.0, [np.zeros(2)], {"b": np.ones(2)}, np.array([0.0]), "Text", 0, torch.zeros(2)]
    assert changed_arguments(before, other) == tuple(range(8))
    assert changed_arguments(before, again[:3]) == tuple(range(8))
    assert not identical(np.zeros(2), np.zeros(2, "f4"))
    assert not identical(np.zeros(2), np.zeros((1, 2)))
    assert not identical(np.zeros(2), [0.0, 0.0])


def test_a_case_keeps_its_arguments_in_order():
    case = Case("a name", 1, 2, raises=ValueError, weight=3, edge=True)
    assert (case.name, case.arguments, case.raises, case.weight, case.edge, case.truth) == (
        "a name",
        (1, 2),
        ValueError,
        3,
        True,
        None,
    )
    assert (Case("b").arguments, Case("b").weight, Case("b").edge) == ((), 1.0, False)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing (None)"),
        ("3", "the text '3'"),
        (np.zeros((2, 3)), "an array of shape (2, 3)"),
        (np.zeros(2, bool), "an array of shape (2,) and dtype bool"),
        (torch.zeros(2), "a torch tensor of shape (2,)"),
        (np.float32("inf"), "the number inf"),
        (10**400, "a huge integer"),
        (np.complex128(1j), "the number 0+1j"),
        (True, "the truth value True"),
        ((1, 2), "a tuple of 2"),
        ({}, "a dict of 0"),
        (wire.Other("a generator"), "a generator"),
    ],
)
def test_a_value_is_described_in_words(value, said):
    assert describe(value) == said
