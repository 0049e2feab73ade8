"""What a case hands over besides arrays, and how an answer is run on it."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from course import given, probes, wire
from course.attempt import attempt

PLAIN = {  # the same elements picked one by one
    "plain": lambda a: [[a[i, j] for j in range(4)] for i in range(6)],
    "transposed": lambda a: [[a[i, j] for i in range(6)] for j in range(4)],
    "flipped": lambda a: [[a[i, j] for j in (3, 2, 1, 0)] for i in range(6)],
    "reversed": lambda a: [[a[i, j] for j in range(4)] for i in (5, 4, 3, 2, 1, 0)],
    "every second": lambda a: [[a[i, j] for j in (0, 2)] for i in range(6)],
    "every second of Fortran": lambda a: [[a[i, j] for j in (0, 2)] for i in range(6)],
    "strided": lambda a: [[a[i, j] for j in (0, 2)] for i in (0, 2, 4)],
    "reversed and strided": lambda a: [[a[i, j] for j in (0, 2)] for i in (5, 3, 1)],
    "Fortran": lambda a: [[a[i, j] for j in range(4)] for i in range(6)],
}
BASE = np.arange(24.0).reshape(6, 4)


@pytest.mark.parametrize("name", given.LAYOUTS)
def test_a_layout_holds_the_elements_that_its_name_says(name):
    assert given.layout(BASE, name).build().tolist() == PLAIN[name](BASE)


@pytest.mark.parametrize("name", sorted(set(given.LAYOUTS) - {"plain"}))
def test_a_layout_does_not_lie_plainly_in_memory_not_even_after_a_journey(name):
    there = wire.unpack(wire.pack(given.layout(BASE, name)))
    (built,) = probes.build_arguments([there])
    assert not built.flags.c_contiguous
    assert built.tolist() == PLAIN[name](BASE)


@pytest.mark.parametrize("name", given.LAYOUTS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_writing_into_a_layout_reaches_neither_its_base_nor_the_next_call(name, order):
    base = np.array(BASE, order=order)
    argument = given.layout(base, name)

    def spoil(X):
        X += 1
        return X.sum()

    outcome = attempt(spoil, [argument])
    assert outcome.changed == (0,)
    assert attempt(spoil, [argument]).output == outcome.output
    assert (base == BASE).all()


def test_unknown_names_are_refused_with_a_list_of_the_known_ones():
    with pytest.raises(ValueError, match="no layout 'sideways'; there are plain, transposed"):
        given.layout(BASE, "sideways")
    with pytest.raises(ValueError, match="nothing is given under the name 'unheard'; there are layout"):
        given.build("unheard")


def test_every_call_gets_arguments_of_its_own():
    arguments = [np.zeros(2), [np.zeros(2)], {"a": (np.zeros(2), 3)}, torch.zeros(2), "text", None]
    fresh = probes.build_arguments(arguments)
    for array in (fresh[0], fresh[1][0], fresh[2]["a"][0], fresh[3]):
        array += 1
    for array in (arguments[0], arguments[1][0], arguments[2]["a"][0], arguments[3]):
        assert not array.any()
    assert fresh[4:] == ["text", None]
    assert fresh[2]["a"][1] == 3


def test_an_array_in_fortran_order_keeps_it():
    (fresh,) = probes.build_arguments([np.asfortranarray(BASE)])
    assert fresh.flags.f_contiguous
    assert not fresh.flags.c_contiguous


def test_an_attempt_says_what_was_returned_printed_and_changed():
    def answer(a, b):
        print("so far so good")
        b[0] = 9
        return a + 1

    outcome = attempt(answer, [1, np.zeros(2)])
    assert (outcome.status, outcome.output, outcome.changed, outcome.printed) == (
        "returned",
        2,
        (1,),
        "so far so good\n",
    )


def test_an_answer_that_prints_without_end_costs_no_memory():
    outcome = attempt(lambda: [print("x" * 1000) for _ in range(1000)], [])
    assert outcome.status == "returned"
    assert len(outcome.printed) <= 2000


def test_warnings_cost_nothing_and_leave_no_trace():
    def answer(x):
        warnings.warn("careful", stacklevel=1)
        return np.log(x) + np.float64(1) / np.array(0.0)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = attempt(answer, [np.zeros(1)])
    assert outcome.status == "returned"
    assert np.geterr()["divide"] == "warn"


class SilentError(Exception):
    def __str__(self):
        raise RuntimeError("not even this")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), GeneratorExit(), RecursionError(), SilentError()])
def test_every_error_is_an_outcome(error):
    def answer():
        raise error

    outcome = attempt(answer, [])
    assert (outcome.status, outcome.error) == ("raised", type(error).__name__)


def test_an_endless_loop_can_be_stopped_by_hand():
    def answer():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(answer, [])


def test_a_stub_is_told_from_an_error():
    names = {}
    exec(compile("def answer(x):\n    raise NotImplementedError('not written yet')", "<cell 1>", "exec"), names)
    assert attempt(names["answer"], [1]).status == "unwritten"


def test_the_trace_holds_the_lines_of_cells_and_none_of_libraries():
    source = "import numpy as np, json\ndef helper(x):\n    return json.loads(x)\ndef answer(x):\n    return helper(x)"
    names = {}
    exec(compile(source, "<cell 1>", "exec"), names)
    outcome = attempt(names["answer"], ["{"])
    assert [number for number, _ in outcome.trace] == [5, 3]
    assert attempt(lambda: __import__("no_such_module"), []).trace == ()


def test_importing_the_course_loads_neither_torch_nor_widgets():
    program = (
        "import course, course.checks, sys; print(sorted({'torch', 'ipywidgets', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
