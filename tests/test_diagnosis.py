"""Which catalogued mistake is said to explain what an answer did."""

import numpy as np
import pytest

from course import signs
from course.case import Outcome, Tolerance
from course.diagnosis import Judged, Mistake, explain

TIGHT = Tolerance(1e-6, 1e-8)


def outcomes(*values):
    """A text is the name of an error; everything else was returned."""
    return tuple(Outcome("raised", error=v) if isinstance(v, str) else Outcome("returned", v) for v in values)


def named(got, *mistakes, right=(1.0, 2.0, 3.0), edges=(False, False, True)):
    """The id of the mistake that explains these outputs, or None."""
    cases = [
        Judged(one, other, TIGHT, edge)
        for one, other, edge in zip(outcomes(*right), outcomes(*got), edges, strict=True)
    ]
    found = explain(cases, mistakes)
    return found and found.id


def mistake(name, *ways, sign=None):
    return Mistake(name, f"the hint of {name}", tuple(outcomes(*way) for way in ways), sign)


DOUBLE = mistake("double", (2.0, 4.0, 6.0))
ZERO_AT_THE_EDGE = mistake("zero at the edge", (1.0, 2.0, 0.0))


def test_a_mistake_is_named_when_it_explains_every_case():
    assert named((2.0, 4.0, 6.0), DOUBLE) == "double"
    assert named((2.0, 4.0 + 1e-7, 6.0), DOUBLE) == "double"


def test_a_mistake_is_not_named_when_one_ordinary_case_came_out_otherwise():
    assert named((2.0, 2.0, 6.0), DOUBLE) is None
    assert named((2.0, 4.5, 6.0), DOUBLE) is None
    assert named((2.0, "ValueError", 6.0), DOUBLE) is None


def test_a_right_answer_has_no_mistake():
    always = mistake("always", (9.0, 9.0, 9.0), sign="anything")
    assert named((1.0, 2.0, 3.0), DOUBLE, always) is None


def test_an_edge_may_go_wrong_in_its_own_way_when_the_mistake_shows_in_ordinary_cases():
    assert named((2.0, 4.0, "OverflowError"), DOUBLE) == "double"
    assert named((2.0, 4.0, 3.0), DOUBLE) == "double"


def test_a_mistake_that_shows_only_at_the_edge_asks_for_right_answers_elsewhere():
    assert named((1.0, 2.0, 0.0), ZERO_AT_THE_EDGE) == "zero at the edge"
    assert named((1.0, 2.0002, 0.0), ZERO_AT_THE_EDGE) == "zero at the edge"
    assert named((1.0, 2.1, 0.0), ZERO_AT_THE_EDGE) is None
    assert named((1.0, 2.0, 0.5), ZERO_AT_THE_EDGE) is None


def test_any_of_the_ways_to_write_a_mistake_is_enough_but_they_are_not_mixed():
    two = mistake("two ways", (2.0, 4.0, 6.0), (3.0, 6.0, 9.0))
    assert named((3.0, 6.0, 9.0), two) == "two ways"
    assert named((2.0, 6.0, 9.0), two) is None


def test_exact_mistakes_go_before_those_known_by_a_sign():
    vague = mistake("vague", (7.0, 7.0, 7.0), sign="differs")
    assert named((2.0, 4.0, 6.0), vague, DOUBLE) == "double"
    assert named((2.0, 4.0, 7.0), vague) == "vague"


def test_the_first_of_two_that_fit_is_named():
    assert named((2.0, 4.0, 6.0), mistake("first", (2.0, 4.0, 6.0)), DOUBLE) == "first"


@pytest.mark.parametrize("status", ["unwritten", "missing", "timed out", "out of memory", "crashed", "bad data"])
def test_where_nothing_came_there_is_nothing_to_explain(status):
    anything = Mistake("anything", "", (outcomes(0.0, 0.0, 0.0),), "anything")
    right = outcomes(1.0, 2.0, 3.0)
    got = (Outcome(status), *outcomes(0.0, 0.0))
    cases = [Judged(one, other, TIGHT, edge) for one, other, edge in zip(right, got, (False, False, True), strict=True)]
    assert explain(cases, [anything]) is None
    at_the_edge = [Judged(case.right, other, TIGHT, True) for case, other in zip(cases, got, strict=True)]
    assert explain(at_the_edge, [anything]).id == "anything"


def test_a_mistake_without_ways_explains_nothing():
    assert named((2.0, 4.0, 6.0), Mistake("none", "", (), None), Mistake("none", "", (), "anything")) is None


def test_raising_the_same_error_is_the_same_mistake():
    raises = mistake("raises", (1.0, 2.0, "LinAlgError"))
    assert named((1.0, 2.0, "LinAlgError"), raises) == "raises"
    assert named((1.0, 2.0, "ValueError"), raises) is None


NAN, ONE, LESS, MORE = outcomes(np.nan, 1.0, 0.5, 2.0)
RAISED, LOST = Outcome("raised", error="ValueError"), Outcome("crashed")
PAIR = outcomes((1.0, np.ones(2)))[0]


@pytest.mark.parametrize(
    ("sign", "mistaken", "got", "fits"),
    [
        (signs.not_finite, NAN, NAN, True),
        (signs.not_finite, NAN, RAISED, True),
        (signs.not_finite, NAN, outcomes((1.0, np.array([1, np.inf])))[0], True),
        (signs.not_finite, NAN, outcomes({"a": [np.nan]})[0], True),
        (signs.not_finite, NAN, ONE, False),
        (signs.not_finite, NAN, LESS, False),
        (signs.not_finite, LESS, MORE, True),
        (signs.falls_short, LESS, LESS, True),
        (signs.falls_short, LESS, ONE, True),
        (signs.falls_short, LESS, MORE, False),
        (signs.falls_short, LESS, NAN, False),
        (signs.falls_short, LESS, RAISED, False),
        (signs.falls_short, LESS, LOST, False),
        (signs.falls_short, LESS, outcomes(None)[0], False),
        (signs.falls_short, LESS, outcomes(np.complex128(0.5))[0], False),
        (signs.falls_short, LESS, outcomes(np.array([0.5, 0.5]))[0], False),
        (signs.differs, LESS, MORE, True),
        (signs.differs, LESS, NAN, True),
        (signs.differs, LESS, ONE, False),
        (signs.differs, LESS, outcomes(np.zeros(2))[0], False),
        (signs.differs, LESS, RAISED, False),
        (signs.near_score, *outcomes({"a": 0.9}, {"a": 0.8}), True),
        (signs.near_score, *outcomes({"a": 0.9}, {"a": 0.75}), False),
        (signs.near_score, *outcomes({"a": 0.54}, {"a": 0.28}), True),  # both are chance, for three classes
        (signs.near_score, *outcomes({"a": 0.15}, {"a": 0.47}), False),
        (signs.near_score, *outcomes({"a": 0.62}, {"a": 0.45}), False),
        (signs.near_score, *outcomes({"a": 0.3}, {"b": 0.3}), False),
        (signs.anything, LESS, RAISED, True),
    ],
)
def test_a_sign_fits_what_it_describes(sign, mistaken, got, fits):
    assert sign(ONE, mistaken, got) is fits


def test_falling_short_is_about_the_first_number_of_several():
    short, other = outcomes((0.5, np.ones(2)), (1.0, np.zeros(2)))
    assert signs.falls_short(PAIR, short, short)
    assert not signs.falls_short(PAIR, short, other)
