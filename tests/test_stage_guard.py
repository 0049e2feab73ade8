"""Whatever a reader's function does ends in a picture or in one sentence."""

import io
import signal
import sys
import threading
import time

import numpy as np
import pytest
import torch
from racer import racer

from course.stage import ReaderError, Stage, line, panel, reader_rule, silenced, slider, time_limit

THETA, P = np.array([1.0, 2.0]), np.zeros(2)


def guarded(function, **options):
    return reader_rule(function, returns={"theta": 0, "p": 1}, **options)


def good(theta, p):
    return theta - 0.1, p


def test_a_good_rule_gives_arrays_of_floats():
    theta, p = guarded(lambda theta, p: (list(theta), np.float32(p)))(THETA, P)
    assert theta.dtype == p.dtype == float
    assert theta.tolist() == [1, 2]


def forgets(theta, p):
    theta - p


def stacks(theta, p):
    return np.stack([theta, p]), p


def one_thing(theta, p):
    return theta


def three_things(theta, p):
    return theta, p, p


def none_inside(theta, p):
    return theta, None


def nan(theta, p):
    return np.sqrt(-theta), p


def tensors(theta, p):
    return torch.tensor(theta), p


def words(theta, p):
    return "theta", p


def ragged(theta, p):
    return [[1], [1, 2]], p


def changes(theta, p):
    theta -= 0.1
    return theta, p


def divides(theta, p):
    return theta / int(p[0]), 1 // 0


def unwritten(theta, p):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (forgets, "forgets returned None; does it end in `return theta, p`?"),
        (stacks, "stacks returned theta of shape (2, 2), but it should have shape (2,)."),
        (one_thing, "one_thing should return 2 things, theta, p, but returned one array."),
        (three_things, "three_things should return 2 things, theta, p, but returned 3."),
        (none_inside, "none_inside returned None for p."),
        (nan, "nan returned NaN in theta; where does it divide by zero or take a root of a negative number?"),
        (tensors, "tensors returned a torch tensor for theta where a numpy array belongs; its .numpy() may do."),
        (words, "words returned a str for theta where numbers belong."),
        (ragged, "ragged returned a list for theta where numbers belong."),
        (
            changes,
            "changes changed the array it was given as argument 1; work on a copy, the caller still needs the old one.",
        ),
        (unwritten, "This waits for your unwritten: write it, then run this cell again."),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence(rule, sentence):
    with pytest.raises(ReaderError) as caught:
        guarded(rule)(THETA.copy(), P)
    assert str(caught.value) == sentence


def test_an_error_is_told_with_its_line():
    with pytest.raises(ReaderError, match=r"^divides raised ZeroDivisionError in its line \d+: .+\.$"):
        guarded(divides)(THETA, P)


def test_a_number_may_come_as_anything_that_holds_one():
    cost = reader_rule(lambda x: np.array([[2.5]]), returns={"cost": ()})
    assert cost(THETA) == 2.5
    assert isinstance(cost(THETA), float)


def test_a_shape_may_follow_from_the_arguments():
    features = reader_rule(
        lambda x, degree: np.vander(x, degree), returns={"features": lambda x, degree: (len(x), degree + 1)}
    )
    with pytest.raises(ReaderError, match=r"shape \(2, 3\), but it should have shape \(2, 4\)"):
        features(THETA, 3)


def test_nan_from_infinite_arguments_is_no_fault_of_the_rule():
    theta, _ = guarded(lambda theta, p: (theta - theta, p))(np.array([np.inf, 1.0]), P)
    assert np.isnan(theta[0])


def test_a_rule_may_be_held_to_finite_values():
    assert np.isinf(guarded(lambda theta, p: (theta / 0, p))(THETA, P)[0]).all()
    with pytest.raises(ReaderError, match="infinite value in theta"):
        guarded(lambda theta, p: (theta / 0, p), finite=True)(THETA, P)


def test_torch_rules_want_tensors_and_may_not_change_theirs():
    x = torch.ones(2)
    double = reader_rule(lambda x: 2 * x, returns={"y": 0}, framework="torch")
    assert torch.equal(double(x), 2 * x)
    with pytest.raises(ReaderError, match="an array for y where a torch tensor belongs"):
        reader_rule(lambda x: x.numpy(), returns={"y": 0}, framework="torch")(x)
    with pytest.raises(ReaderError, match="changed the torch tensor"):
        reader_rule(lambda x: x.mul_(2), returns={"y": 0}, framework="torch")(x)


def test_ten_thousand_lines_are_swallowed(capfd):
    def chatty(theta, p):
        for number in range(10_000):
            print(number)
            print(number, file=sys.stderr)
        return theta, p

    guarded(chatty)(THETA, P)
    with silenced():
        print("nothing")
    assert capfd.readouterr() == ("", "")


def endless(theta, p):
    while True:
        try:
            while True:
                pass
        except Exception:
            continue


def stubborn(theta, p):
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        try:
            while time.monotonic() < until:
                pass
        except:  # noqa: E722 (what a reader may write)
            pass
    return theta, p


def stage_with(rule, budget=0.3):
    safe = guarded(rule)

    def scene(x):
        theta, _ = safe(THETA * x, P)
        return [panel(line(theta, theta))], "All is well."

    return Stage(scene, x=slider(0, 1), budget=budget)


def test_an_endless_loop_is_stopped_and_named():
    began = time.monotonic()
    with pytest.raises(ReaderError, match=r"^endless was still running after 0\.3 seconds and was stopped"):
        stage_with(endless).picture()
    assert time.monotonic() - began < 3
    assert stage_with(good).picture()[1] == "All is well."


def test_a_loop_that_catches_everything_comes_to_an_end_and_leaves_no_timer():
    before = signal.getsignal(signal.SIGALRM)
    try:
        stage_with(stubborn).picture()
    except ReaderError as error:
        assert "stubborn" in str(error) or "the scene" in str(error)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_without_the_timer_a_watchdog_stops_the_loop():
    said = []

    def run():
        try:
            with time_limit(0.2):
                guarded(endless)(THETA, P)
        except ReaderError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert said[0].startswith("endless was still running after 0.2 seconds")


def test_what_is_in_time_is_left_alone():
    with time_limit(5):
        assert guarded(good)(THETA, P)[0].tolist() == [0.9, 1.9]
    assert threading.active_count() >= 1
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_interrupt_by_the_reader_passes_through():
    with pytest.raises(KeyboardInterrupt), time_limit(5):
        raise KeyboardInterrupt


def test_stdout_is_back_after_an_error():
    out = sys.stdout
    with pytest.raises(ReaderError):
        guarded(divides)(THETA, P)
    assert sys.stdout is out
    assert isinstance(out, io.TextIOBase) or hasattr(out, "write")


@pytest.mark.parametrize("mine", [forgets, changes, tensors, unwritten])
def test_the_race_tells_of_a_readers_rule_in_one_sentence(mine):
    def rule(theta, g, state, lr, mu):
        return mine(theta, g)

    rule.__name__ = mine.__name__
    with pytest.raises(ReaderError) as caught:
        racer(rule).picture()
    assert mine.__name__ in str(caught.value)
