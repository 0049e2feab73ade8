"""Lecture 07: the exercises that are judged by what they achieve, and the ways of judging that came with them.

What the other references must return is compared with `optimization_authority` in test_exercises.
"""

import inspect
import json

import numpy as np
import pytest
from scipy import stats

from autograder.cases import optimization as cases
from autograder.exercise import Exercise, lecture
from autograder.judge import Sheet, judge, verdict
from autograder.marking import warm
from autograder.reference import optimization as reference
from course import frozen_cases, given, landscapes, probes, views
from course.case import WRONG, Case, Outcome, Tolerance, differences
from course.checks import check_exercise
from course.program import Piece

SEEDS = [2, 31, 32]


# ------------------------------------------------------------------------------------------ init_weights


@pytest.mark.parametrize("seed", SEEDS)
def test_the_weights_of_the_reference_are_normal_by_kolmogorov_and_smirnov(seed):
    variance = {"lecun": 1 / 300, "glorot": 2 / 500, "he": 2 / 300}
    for scheme, expected in variance.items():
        W = reference.init_weights(300, 200, scheme, np.random.default_rng(seed))
        assert W.shape == (200, 300)
        assert stats.kstest(W.ravel() / np.sqrt(expected), "norm").pvalue > 1e-4
        assert abs(np.corrcoef(W[:, :-1].ravel(), W[:, 1:].ravel())[0, 1]) < 0.02


def seen(deviation=1.0, rows=400, columns=250, draw=None, again=None, after=None):
    W = deviation * (draw or np.random.default_rng(0).normal)(size=(rows, columns))
    first = W.ravel()[:50]
    output = W, first if again is None else again, first + 1 if after is None else after
    return views.normal_weights(output, (columns, rows, "he", given.generator(1)), 1.0)


def test_the_spread_may_be_three_hundredths_off_and_not_four():
    assert seen()[WRONG] is None
    assert seen(1.02)[WRONG] is None
    assert "1.04 times" in seen(1.04)[WRONG]
    assert "0.96" in seen(0.96)[WRONG]


def test_each_lack_of_the_weights_is_named():
    rng = np.random.default_rng(0)
    assert "not normal" in seen(draw=lambda size: rng.uniform(-(3**0.5), 3**0.5, size))[WRONG]
    assert "mean" in seen(draw=lambda size: rng.normal(0.1, 1, size) / np.sqrt(1))[WRONG]
    assert "same seed" in seen(again=np.zeros(50))[WRONG]
    assert "once more" in seen(draw=lambda size: np.ones(size), again=np.ones(50), after=np.ones(50))[WRONG]
    assert "all equal" in seen(draw=lambda size: np.ones(size))[WRONG]
    assert "not finite" in seen(draw=lambda size: np.full(size, np.inf), after=np.zeros(50))[WRONG]
    case = (250, 400, "he", given.generator(1))
    assert "shape (250, 400)" in views.normal_weights((np.ones((250, 400)),) * 3, case, 1.0)[WRONG]
    for other in (None, "text", [1.0], np.ones((400, 250), int)):
        assert "array of floats" in views.normal_weights((other, other, other), case, 1.0)[WRONG]


# ------------------------------------------------------------------------------------------ my_optimizer


@pytest.mark.parametrize("seed", range(100, 112))
def test_the_reference_solves_eleven_problems_or_more_by_the_score_card(seed):
    assert sum(landscapes.score_card(reference.my_optimizer, seed).values()) >= 11


@pytest.mark.parametrize("seed", [3, 4])
def test_the_view_counts_what_the_score_card_counts(seed):
    for rule in (reference.my_optimizer, *(way for m in cases.my_optimizer.mistakes.values() for way in m.ways)):
        outcome = cases.my_optimizer.run(rule, Case("a run", truth=seed))
        assert outcome.output["number of problems solved"] == sum(landscapes.score_card(rule, seed).values())


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.3, 2.0])
@pytest.mark.parametrize("mu", [0.0, 0.5, 0.99])
def test_a_fixed_rate_is_known_whatever_the_rate(rate, mu):
    def rule(theta, grad, state, step):
        p = mu * (0 if state is None else state) - rate * grad
        return theta + p, p

    seen = cases.my_optimizer.run(rule, Case("a run", truth=1)).output
    assert seen["moves"] == ("with momentum" if mu else "along the gradient")


def adam(rate, decay=lambda step: 1.0):
    def rule(theta, grad, state, step):
        m, s = (0, 0) if state is None else state
        m, s = 0.9 * m + 0.1 * grad, 0.999 * s + 0.001 * grad**2
        size = rate * decay(step)
        return theta - size * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8), (m, s)

    return rule


def torn(theta, grad, state, step):
    """A step along the gradient of a length of its own each time."""
    return theta - (0.01 + 0.01 * (step % 3)) * grad / (1 + np.abs(grad)), None


@pytest.mark.parametrize(
    ("rule", "moves"),
    [
        (adam(1e-3), "short steps"),
        (adam(3e-4), "short steps"),
        (adam(0.5), "otherwise"),
        (adam(0.5, lambda step: (1 - step / 501) ** 2), "otherwise"),
        (adam(0.3, lambda step: 0.9**step), "stops early"),
        (lambda theta, grad, state, step: (theta - 0.3 * np.sign(grad), None), "constant steps"),
        (lambda theta, grad, state, step: (theta - 0.01 * grad / np.linalg.norm(grad), None), "constant steps"),
        (lambda theta, grad, state, step: (theta - 0.5 * 0.9**step * np.sign(grad), None), "stops early"),
        (lambda theta, grad, state, step: (theta, None), "otherwise"),
        (torn, "otherwise"),
        (reference.my_optimizer, "otherwise"),
    ],
)
def test_rules_are_known_by_how_they_move(rule, moves):
    assert cases.my_optimizer.run(rule, Case("a run", truth=7)).output["moves"] == moves


# ------------------------------------------------------------------------------------------ probes and views


def test_calls_are_counted_for_each_function():
    def answer(f, g, x):
        return f(x) + f(x), g(x)

    f, g = (given.function(name).build() for name in ("double well", "coupled cosine"))
    *_, calls_of_f, calls_of_g = probes.counting_calls(answer, f, g, np.ones(2))
    assert (calls_of_f, calls_of_g) == (2, 1)
    assert probes.counting_calls(lambda f: 3.0, f) == (3.0, 0)


@pytest.mark.parametrize("name", given.FUNCTIONS)
def test_a_given_function_takes_numbers_and_integers_and_gives_new_arrays(name):
    f = given.function(name).build()
    x = np.array([1, 2, -1])
    if type(f(x)) is float:  # a function to a number
        assert f(x) == f(x.astype(float))
        return
    assert f(x).dtype == np.float64
    np.testing.assert_array_equal(f(x), f(x.astype(float)))
    assert f(np.float64(2.0)).shape == ()
    y = f(x)
    y += 1
    assert (f(x) != y).all()
    with pytest.raises(ValueError, match="no function 'triple well'; there are"):
        given.function("triple well")


def test_a_given_generator_begins_anew_for_each_call():
    one, other = probes.build_arguments([given.generator(4), given.generator(4)])
    assert one is not other
    assert (one.normal(size=3) == other.normal(size=3)).all()


def test_an_answer_that_gives_no_state_back_is_told_so():
    outcome = cases.adam_step.run(lambda theta, grad, state=None, **options: theta, cases.adam_step.cases_for(0)[0])
    assert outcome.status == "raised"
    assert "theta and the state; an array of shape (3,) came back" in outcome.message


def test_a_view_that_stumbles_says_that_the_form_is_wrong():
    assert "not the form" in views.view_output(views.normal_weights, 3, (), 1.0)[WRONG]
    assert "not the form" in views.view_output(views.steps, (1, 2), (), None)[WRONG]


@pytest.mark.parametrize(
    "said", [None, "down", 3, [1, 2], [None] * 13, ["x"] * 13, [np.zeros(3)] * 13, {}, [[1, [2]]] * 13]
)
def test_whatever_a_rule_says_is_refused_in_a_sentence(said):
    class Talk:
        def send(self, message):
            return said

    assert "The new theta must be an array of shape (10,)" in views.problems_solved(Talk(), (), 1)[WRONG]


# ------------------------------------------------------------------------------------------ scores with bars


def share(x):
    """Give the share back."""
    return x


def of_shares(rng):
    for name, shares in {"a": [0.9, 0.7], "b": [0.6, 0.5]}.items():
        for run, value in enumerate(shares):
            yield Case(f"{name} {run}", {name: value})


def toy(**keywords):
    return Exercise(share, points=4, cases=of_shares, **keywords)


def scores_of(exercise, answer):
    sheet = Sheet(exercise, 0)
    found = verdict(sheet, [exercise.run(answer, case) for case in sheet.cases])
    return found.status, found.score, found.message


@pytest.fixture
def as_it_is(monkeypatch):
    """A view for these tests, at a place where students have views."""

    def as_it_is(output, arguments, truth):
        return output

    monkeypatch.setattr(views, "as_it_is", as_it_is, raising=False)
    return as_it_is


def test_scores_of_one_name_are_averaged_over_the_cases_that_give_it(as_it_is):
    assert scores_of(toy(view=as_it_is, at_least={"a": 0.8, "b": 0.55}), share)[:2] == ("right", 4)
    status, score, message = scores_of(toy(view=as_it_is, at_least={"a": 0.8, "b": 0.56}), share)
    assert (status, score) == ("differs", 2)
    assert message == "b 0: The b is 0.55 on average over 2 cases (0.6 in this one); at least 0.56 is asked for."
    assert scores_of(toy(view=as_it_is, at_least={"a": 0.8}, every_case=True), share)[1] == 3


def test_a_case_without_a_score_counts_as_nothing(as_it_is):
    exercise = toy(view=as_it_is, at_least={"a": 0.4, "b": 0.5})

    def fails_once(x):
        if x == {"a": 0.7}:
            raise KeyError("a")
        return x

    status, score, _ = scores_of(exercise, fails_once)
    assert (status, score) == ("raised", 3)  # 0.45 on average in a; the case that failed earns nothing
    assert scores_of(exercise, lambda x: {"a": np.nan, "b": 0.9})[1] == 2
    assert scores_of(exercise, lambda x: None)[1] == 0
    assert scores_of(exercise, lambda x: {"a": "1.0", "b": [1.0]})[1] == 0


def test_the_check_applies_the_same_bars(as_it_is):
    exercise = toy(view=as_it_is, at_least={"a": 0.8, "b": 0.56})
    frozen = frozen_cases.thaw(json.loads(json.dumps(frozen_cases.freeze(exercise.frozen()))))
    assert frozen == exercise.frozen()
    report = check_exercise(share, frozen)
    assert [case.difference is None for case in report.cases] == [True, True, False, False]
    assert "at least 0.56 is asked for" in str(report)


def test_a_plain_score_needs_no_name(as_it_is):
    exercise = Exercise(share, points=1, cases=lambda rng: iter([Case("x", 0.5)]), view=as_it_is, at_least=0.6)
    assert scores_of(exercise, share)[2] == "The score is 0.5; at least 0.6 is asked for."
    assert scores_of(exercise, lambda x: 0.6)[0] == "right"


def test_a_property_is_right_where_nothing_is_named():
    right = [Outcome("returned", {WRONG: None, "width": 3.0})]
    tolerance = [Tolerance()]

    def found(output):
        return differences(right, [Outcome("returned", output)], tolerance)[0]

    assert found({WRONG: None, "width": 7.0}) is None
    assert found({WRONG: "Too wide."}).summary == "Too wide."
    for output in (None, {}, 3.0, "fine", {"width": 3.0}):
        assert found(output) is not None


def test_views_that_students_do_not_have_and_talks_without_a_view_are_refused():
    with pytest.raises(ValueError, match=r"must be one of course\.views"):
        toy(view=lambda output, arguments, truth: output)
    for keywords in ({"at_least": 0.5}, {"probe": probes.rule}):
        with pytest.raises(ValueError, match="need a view"):
            toy(**keywords)


# ------------------------------------------------------------------------------------------ in the box


@pytest.fixture(scope="module")
def zygote():
    with warm(False) as zygote:
        yield zygote


def judged(zygote, source, exercise=cases.my_optimizer, seed=9):
    pieces = [Piece("import numpy as np", "imports"), Piece(source, "the answer", exercise.id)]
    return judge(lambda only: pieces, [Sheet(exercise, seed)], zygote.fork)[0]


@pytest.mark.sandbox
def test_the_references_are_right_in_the_box_and_quick(zygote):
    exercises = lecture("optimization").values()
    sources = [Piece(inspect.getsource(exercise.reference), exercise.id, exercise.id) for exercise in exercises]
    pieces = [Piece("import numpy as np", "imports"), *sources]
    found = judge(lambda only: pieces, [Sheet(exercise, 9) for exercise in exercises], zygote.fork)
    assert [v.status for v in found] == ["right"] * 8
    assert sum(v.score for v in found) == 17
    assert sum(v.seconds for v in found) < 15


@pytest.mark.sandbox
def test_neither_costs_nor_minima_are_in_the_process_of_the_rule(zygote):
    """A rule that searches its own process for the problems finds none; it would need one object with a minimum."""
    source = """
import gc, sys

def my_optimizer(theta, grad, state, step):
    found = [o for o in gc.get_objects() if type(o).__name__ == "Problem"] if step == 1 else []
    frame = sys._getframe()
    while frame:
        found += [v for v in frame.f_locals.values() if type(v).__name__ in ("Problem", "Landscape")]
        frame = frame.f_back
    if found:
        raise RuntimeError("found it")
    size, last = (np.full(theta.shape, 0.1), 0 * theta) if state is None else state
    size = size * np.where(grad * last > 0, 1.2, np.where(grad * last < 0, 0.5, 1))
    return theta - size * np.sign(grad), (size, grad)
"""
    assert judged(zygote, source).status == "right"


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("if step == 40:\n        raise ValueError('tired')\n    return theta - 0.1 * grad, None", "raised"),
        ("if step == 40:\n        import os\n        os._exit(0)\n    return theta, None", "crashed"),
        ("return theta[:1], None", "differs"),
        ("raise NotImplementedError", "missing"),
    ],
)
def test_a_rule_that_gives_up_loses_its_own_points_and_says_why(zygote, body, status):
    found = judged(zygote, f"def my_optimizer(theta, grad, state, step):\n    {body}")
    assert (found.status, found.score) == (status, 0)
    assert found.message


@pytest.mark.sandbox
def test_the_limit_holds_for_a_conversation_as_a_whole(zygote):
    exercise = Exercise(
        cases.my_optimizer.reference,
        points=3,
        cases=cases.seasons,
        probe=probes.rule,
        view=views.problems_solved,
        at_least={"number of problems solved": 10},
        every_case=True,
        cpu_limit=1.0,
    )
    slow = """
import time

def my_optimizer(theta, grad, state, step):
    end = time.process_time() + 0.001
    while time.process_time() < end:
        pass
    return theta, None
"""
    found = judged(zygote, slow, exercise)
    assert found.status == "timed out"
    assert found.seconds < 5
