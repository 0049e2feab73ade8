"""The judge: points for what an answer does on fresh cases, whatever the answer says or does besides.

Most tests use a kernel that runs in this process and can be told to lie or to die; the last ones use the real box.
"""

import json
from dataclasses import asdict, replace

import nbformat
import numpy as np
import pytest

from autograder import judge as judge_module
from autograder.exercise import Exercise, lecture
from autograder.judge import CaseVerdict, Sheet, Verdict, error_outcome, judge, verdict
from autograder.kernels import KernelLost, Zygote
from course import probes, wire
from course.attempt import attempt
from course.case import Case, Outcome
from course.program import Piece, program


def area(width, height):
    """The area of a rectangle. width, height numbers -> a number"""
    return width * height


def rectangles(rng):
    yield Case("small", *rng.integers(1, 9, 2).astype(float), weight=2)
    yield Case("large", *rng.integers(1000, 9000, 2).astype(float))
    yield Case("array", rng.normal(size=3), rng.normal(size=3))
    yield Case("zero", 0.0, 3.0, edge=True)
    yield Case("none", np.zeros(0), np.zeros(0), edge=True)


AREA = Exercise(area, points=6, cases=rectangles, outputs=("area",))


@AREA.mistake
def half(width, height):
    """Is it a triangle?"""
    return width * height / 2


def double(x):
    """Twice x. x a number -> a number"""
    return x + x


DOUBLE = Exercise(double, points=2, cases=lambda rng: iter([Case(n, float(rng.integers(1, 99))) for n in "abc"]))

RIGHT = "def area(width, height):\n    return width * height"
RIGHT_DOUBLE = "def double(x):\n    return 2 * x"


class FakeKernel:
    """Runs requests in this process. lie: (request, honest reply) -> the reply, or raises KernelLost."""

    def __init__(self, lie=lambda request, reply: reply):
        self.names, self.lie = {"np": np}, lie
        self.cpu_seconds, self.waited, self.peak_memory, self.killed, self.asked = 0.25, 0.0, 2**20, 0, []

    def ask(self, request, cpu_limit):
        assert not self.killed
        json.dumps(request)  # what is asked can be sent
        self.asked.append((request, cpu_limit))
        reply = self.run(request["source"]) if request["do"] == "run" else self.probe(request)
        return json.loads(json.dumps(self.lie(request, reply)))

    def run(self, source):
        try:
            exec(compile(source, "<cell>", "exec"), self.names)
        except Exception as error:
            return {"error": described(error), "output": ""}
        return {"ok": True, "output": ""}

    def probe(self, request):
        if request["answer"] not in self.names:
            return {"missing": True}
        arguments = probes.build_arguments([wire.unpack(a) for a in request["arguments"]])
        try:
            output = getattr(probes, request["probe"])(self.names[request["answer"]], *arguments)
        except Exception as error:
            return {"error": described(error)}
        return {"output": wire.pack(output), "after": [wire.pack(a) for a in arguments]}

    def kill(self):
        self.killed += 1


def described(error):
    kinds = [kind.__name__ for kind in type(error).__mro__[:-1]]
    return {"kind": kinds[0], "kinds": kinds, "message": str(error), "trace": [[2, "return 1 / 0"]]}


def pieces(**answers):
    """As `course.program` gives them: an answer's own for `only`, all otherwise."""
    found = {name: Piece(source, f"cell of {name}", name) for name, source in answers.items()}
    return lambda only: [piece for name, piece in found.items() if only in (None, name)]


def judged(exercises=(AREA,), lie=lambda request, reply: reply, seed=3, notes=None, **answers):
    """Verdicts on these answers by exercise, and the kernels that were forked for them."""
    kernels = []

    def fork():
        kernels.append(FakeKernel(lie))
        return kernels[-1]

    verdicts = judge(pieces(**answers), [Sheet(exercise, seed) for exercise in exercises], fork, notes)
    assert [v.exercise for v in verdicts] == [exercise.id for exercise in exercises]
    assert all(kernel.killed for kernel in kernels)
    for found in verdicts:
        assert found.status == "right" or found.score < found.points
        json.dumps(asdict(found))
    return {v.exercise: v for v in verdicts}, kernels


def one(source, **keywords):
    return judged(area=source, **keywords)[0]["area"]


def test_a_right_answer_earns_all_points():
    found = one(RIGHT)
    assert (found.status, found.score, found.points, found.hint, found.message) == ("right", 6, 6, None, "")
    assert [(case.name, case.passed) for case in found.cases] == [
        (name, True) for name in ("small", "large", "array", "zero", "none")
    ]


def test_partial_credit_is_the_share_of_the_weights_passed():
    found = one("def area(w, h):\n    return w * h if np.ndim(w) == 0 else 7")
    assert [case.passed for case in found.cases] == [True, True, False, True, False]
    assert found.score == 6 * (2 + 1 + 1) / 6
    assert found.status == "differs"
    assert one("def area(w, h):\n    return w * h if np.max(w, initial=0) < 99 else 7").score == 6 * 5 / 6


def test_cases_made_for_a_special_point_earn_nothing_alone():
    found = one("def area(w, h):\n    return 0 * w")
    assert [case.passed for case in found.cases] == [False, False, False, True, True]
    assert found.score == 0


def test_a_catalogued_mistake_is_named_with_its_advice():
    found = one("def area(w, h):\n    return w * h * 0.5")
    assert (found.status, found.hint, found.advice) == ("differs", "half", "Is it a triangle?")


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("def area(w, h):\n    raise NotImplementedError", "missing", "The answer is not written yet."),
        ("def square(w, h):\n    return w * h", "missing", "There is no function of that name."),
        ("area = = 3", "raised", "It raised SyntaxError"),
        ("raise KeyError('a')", "raised", "It raised KeyError: 'a'"),
        ("def area(w, h):\n    return 1 / 0", "raised", "small: It raised ZeroDivisionError: division by zero (in line 2: return 1 / 0)"),
        ("area = 3", "raised", "'int' object is not callable"),
        ("def area(w):\n    return w", "raised", "takes 1 positional argument but 2 were given"),
        ("def area(w, h):\n    print(w * h)", "differs", "small: A number is asked for; nothing (None) came back."),
        ("def area(w, h):\n    return str(w * h)", "differs", "small: A number is asked for; the text "),
        ("def area(w, h):\n    return w * h, 1", "differs", "small: It has shape (2,) where a single number is expected."),
        ("def area(w, h):\n    return [w * h]", "differs", "small: It has shape (1,)"),
        ("def area(w, h):\n    return float('nan')", "differs", "small: It is NaN, where a finite number is expected."),
        ("def area(w, h):\n    return w * h + 0j", "differs", "small: Real numbers are asked for; complex ones came back."),
        ("def area(w, h):\n    return np.array(w * h, dtype=object)", "differs", "a numpy array of dtype object"),
        ("def area(w, h):\n    return 10 ** 5000", "differs", "an integer of more than 3900 digits came back"),
        ("def area(w, h):\n    return area", "differs", "the function area came back"),
        ("def area(w, h):\n    yield w * h", "differs", "a generator came back"),
        ("def area(w, h):\n    raise MemoryError", "out of memory", "It asked for more memory"),
        ("class Mine(MemoryError): pass\ndef area(w, h):\n    raise Mine", "out of memory", "It asked for more memory"),
    ],
)  # fmt: skip
def test_what_is_not_an_answer_earns_nothing_and_is_named(source, status, said):
    found = one(source)
    assert (found.status, found.score) == (status, 0)
    assert said in found.message


def test_changing_an_input_is_seen_from_outside():
    found = one("def area(w, h):\n    result = w * h\n    if np.ndim(w): w[:] = 0\n    return result")
    assert [case.passed for case in found.cases] == [True, True, False, True, True]
    assert "the call changed its input width" in found.cases[2].message


def test_a_try_out_that_fails_below_the_function_does_not_spoil_it():
    assert one(RIGHT + "\nprint(undefined)").status == "right"
    assert one("print(undefined)\n" + RIGHT).status == "raised"


def test_no_message_gives_away_an_expected_value():
    wrong = [
        "return 1",
        "return None",
        "return 'a'",
        "return [1]",
        "raise ValueError('why')",
        "return np.ones(3)",
        "return {}",
        "return 1e99",
    ]
    for body in wrong:
        sheet = Sheet(AREA, 3)
        found = one(f"def area(w, h):\n    {body}")
        texts = [found.message, found.advice, *(case.message for case in found.cases)]
        for right in sheet.right:
            for number in np.atleast_1d(right.output):
                shown = (
                    [f"{number:.4g}", repr(float(number))[:6]]
                    if abs(number) > 10
                    else [repr(float(number))[:6]]
                    if number % 1
                    else []
                )
                assert not any(text in said for text in shown for said in texts), (body, texts)


def test_the_same_seed_gives_the_same_verdicts_and_another_seed_other_cases():
    source = "def area(w, h):\n    return 1"
    assert one(source, seed=5) == one(source, seed=5)
    assert one(source, seed=5).cases != one(source, seed=6).cases


def test_notes_reach_the_verdict():
    verdicts, _ = judged(notes={"area": ["defined twice"]}, area=RIGHT)
    assert verdicts["area"].notes == ("defined twice",)


# ------------------------------------------------------------------------------------------ lies

FORGED = [
    {"output": 1.0},
    {"output": 1.0, "after": "all as before"},
    {"after": []},
    {"output": {"pickle": "x"}, "after": []},
    {"output": {"array": ["float64", [10**9], ""]}, "after": []},
    {"output": 1.0, "after": [{"array": 3}]},
    {"output": {"dict": [[[], 1]]}, "after": []},
    {},
    {"ok": True},
    {"missing": False},
    {"missing": "yes"},
    {"error": "none"},
    {"error": None},
    {"passed": True, "score": 6, "points": 6, "status": "right"},
]


@pytest.mark.parametrize("reply", FORGED, ids=map(str, range(len(FORGED))))
def test_a_reply_that_is_none_is_bad_data_and_earns_nothing(reply):
    found = one(RIGHT, lie=lambda request, honest: reply if request["do"] == "probe" else honest)
    assert (found.status, found.score) == ("bad data", 0)
    assert "What came back could not be read" in found.message


@pytest.mark.parametrize(
    "error",
    [
        {},
        {"kind": 3, "message": [], "trace": 7},
        {
            "kind": None,
            "message": {"a": 1},
            "trace": [None, [1], ["a", "b"], [1, 2], [10**300, "x"], [True, "y"], [-1, "z"]],
        },
        {"kind": "x" * 10**6, "message": "y" * 10**6, "trace": [[1, "z" * 10**4]] * 100},
        {"kind": "KernelLost", "message": "timed out", "kinds": 3},
        {"kind": "ValueError", "kinds": ["right"], "message": "", "trace": []},
    ],
)
def test_a_forged_error_is_an_error_and_its_words_are_cut(error):
    found = one(RIGHT, lie=lambda request, honest: {"error": error} if request["do"] == "probe" else honest)
    assert (found.status, found.score) == ("raised", 0)
    assert len(found.message) < 2000


def test_an_error_beside_an_output_is_an_error():
    found = one(
        RIGHT,
        lie=lambda request, honest: honest | {"error": {"kind": "KeyError"}} if request["do"] == "probe" else honest,
    )
    assert (found.status, found.score) == ("raised", 0)


def test_nothing_that_claims_to_be_unwritten_or_missing_earns_points():
    for lie in ({"missing": True}, {"error": {"kind": "NotImplementedError"}}):
        found = one(RIGHT, lie=lambda request, honest, lie=lie: lie if request["do"] == "probe" else honest)
        assert (found.status, found.score) == ("missing", 0)


@pytest.mark.parametrize(
    "after", [[], [{"other": "x"}] * 2, [{"given": ["layout", [1, "plain"], {}]}] * 2, [1.0], [1.0] * 3]
)
def test_lying_about_the_inputs_makes_them_changed(after):
    found = one(RIGHT, lie=lambda request, honest: honest | {"after": after} if request["do"] == "probe" else honest)
    assert found.score == 0
    assert "changed its input" in found.message


def test_what_the_students_side_calls_given_is_built_by_nobody(monkeypatch):
    monkeypatch.setattr(wire.Given, "build", lambda self: pytest.fail("built"))
    found = one(
        RIGHT,
        lie=lambda request, honest: (
            honest | {"output": {"given": ["layout", [], {}]}} if request["do"] == "probe" else honest
        ),
    )
    assert (found.status, found.score) == ("differs", 0)


def test_forged_replies_to_a_cell_change_nothing():
    for reply in ({}, {"error": "none"}, {"error": None}, {"ok": False}, {"output": [1]}):
        assert (
            one(RIGHT, lie=lambda request, honest, reply=reply: reply if request["do"] == "run" else honest).status
            == "right"
        )


# ------------------------------------------------------------------------------------------ losses


def dies(status, when):
    """Loses the kernel where `when` says so of a request."""

    def lie(request, reply):
        if when(request):
            raise KernelLost(status, f"it {status}")
        return reply

    return lie


@pytest.mark.parametrize("status", ["timed out", "out of memory", "crashed", "bad data"])
def test_a_kernel_lost_in_one_exercise_leaves_the_points_of_the_others(status):
    lie = dies(status, lambda request: request.get("answer") == "area")
    verdicts, _ = judged((DOUBLE, AREA, replace(DOUBLE)), lie, area=RIGHT, double=RIGHT_DOUBLE)
    assert (verdicts["area"].status, verdicts["area"].score) == (status, 0)
    assert verdicts["area"].message.endswith(f"It {status}.")
    assert verdicts["double"].score == 2


@pytest.mark.parametrize(("status", "most"), [("timed out", 1), ("crashed", 2), ("out of memory", 2), ("bad data", 2)])
def test_an_exercise_that_loses_its_kernel_is_soon_given_up(status, most):
    lie = dies(status, lambda request: request["do"] == "probe")
    _, kernels = judged(lie=lie, area=RIGHT)
    assert sum(request["do"] == "probe" for kernel in kernels for request, _ in kernel.asked) == most


def test_one_case_that_crashes_costs_its_own_weight():
    large = Sheet(AREA, 3).packed[1]
    found = one(RIGHT, lie=dies("crashed", lambda request: request.get("arguments") == large))
    assert [case.passed for case in found.cases] == [True, False, True, True, True]
    assert (found.status, found.score) == ("crashed", 5)


@pytest.mark.parametrize("status", ["timed out", "out of memory", "crashed", "bad data"])
def test_a_cell_that_loses_the_kernel_costs_its_own_exercise_alone(status):
    lie = dies(status, lambda request: request.get("source") == RIGHT)
    verdicts, kernels = judged((AREA, DOUBLE), lie, area=RIGHT, double=RIGHT_DOUBLE)
    assert (verdicts["area"].status, verdicts["area"].score) == (status, 0)
    assert verdicts["area"].message == f"In cell of area, it {status}."
    assert verdicts["double"].score == 2
    assert len(kernels) <= 4


def test_every_cell_that_loses_the_kernel_comes_to_an_end():
    verdicts, kernels = judged((AREA, DOUBLE), dies("crashed", lambda request: True), area=RIGHT, double=RIGHT_DOUBLE)
    assert {found.status for found in verdicts.values()} == {"crashed"}
    assert len(kernels) <= 8


def test_an_unreadable_reply_gets_a_fresh_kernel():
    zero = Sheet(AREA, 3).packed[3]
    verdicts, kernels = judged(
        lie=lambda request, honest: {} if request.get("arguments") == zero else honest, area=RIGHT
    )
    assert verdicts["area"].score == 5
    assert len(kernels) == 2


def test_the_limits_of_the_exercise_are_those_that_are_asked_for():
    _, (kernel,) = judged((replace(AREA, cpu_limit=3.5),), area=RIGHT)
    limits = {request["do"]: limit for request, limit in kernel.asked}
    assert limits == {"run": judge_module.DEFINITION_LIMIT, "probe": 3.5}


def test_seconds_and_memory_are_those_that_were_measured_outside():
    found = one(RIGHT)
    assert found.seconds == 0.25 * 6  # one cell and five cases
    assert found.memory == 1


# ------------------------------------------------------------------------------------------ one answer and another


def test_what_one_answer_spoils_does_not_cost_another():
    """The second cell replaces what the first one needs; alone the first is right."""
    needs = "def area(w, h):\n    return np.multiply(w, h)"
    spoils = RIGHT_DOUBLE + "\nnp = None"
    verdicts, _ = judged((AREA, DOUBLE), area=needs, double=spoils)
    assert (verdicts["area"].score, verdicts["double"].score) == (6, 2)


def test_an_answer_that_is_wrong_alone_stays_wrong():
    verdicts, kernels = judged((AREA, DOUBLE), area="def area(w, h):\n    return 1", double=RIGHT_DOUBLE)
    assert verdicts["area"].score == 0
    probed = [sum(request.get("answer") == "area" for request, _ in kernel.asked) for kernel in kernels]
    assert sorted(probed) == [1, 5]  # one more look, not five


def test_a_stub_is_not_asked_twice():
    _, kernels = judged((AREA, DOUBLE), area="def area(w, h):\n    raise NotImplementedError", double=RIGHT_DOUBLE)
    assert sum(request.get("answer") == "area" for kernel in kernels for request, _ in kernel.asked) == 1


def test_a_name_that_another_answers_cell_takes_away_is_found_alone():
    verdicts, _ = judged((AREA, DOUBLE), area=RIGHT, double=RIGHT_DOUBLE + "\ndel area")
    assert (verdicts["area"].score, verdicts["double"].score) == (6, 2)


# ------------------------------------------------------------------------------------------ plain functions


def test_an_error_outcome_keeps_what_a_student_can_use():
    found = error_outcome({"kind": "ValueError", "message": "no", "trace": [[3, "a"], [5, "b"]]})
    assert found == Outcome("raised", error="ValueError", message="no", trace=((3, "a"), (5, "b")))
    assert error_outcome({"kind": "NotImplementedError"}).status == "unwritten"
    assert (
        error_outcome({"kind": "_ArrayMemoryError", "kinds": ["_ArrayMemoryError", "MemoryError"]}).status
        == "out of memory"
    )


def test_a_verdict_is_plain_data():
    found = one("def area(w, h):\n    return 1")
    again = json.loads(json.dumps(asdict(found)))
    cases = tuple(CaseVerdict(**case) for case in again["cases"])
    assert Verdict(**again | {"cases": cases, "notes": tuple(again["notes"])}) == found


def test_points_are_rounded_where_people_read_them():
    thirds = Exercise(
        double, points=1, cases=lambda rng: iter([Case(n, v) for n, v in zip("abc", (1.0, 2.0, 3.0), strict=True)])
    )
    sheet = Sheet(thirds, 0)
    outcomes = [attempt(lambda x: 2 * x if x < 2 else 0, case.arguments) for case in sheet.cases]
    assert verdict(sheet, outcomes).score == 0.3333


def test_a_case_that_asks_for_an_error_is_passed_by_that_error_alone():
    def root(x):
        if x < 0:
            raise ValueError("negative")
        return x**0.5

    cases = [Case("four", 4.0), Case("negative", -1.0, raises=ValueError)]
    exercise = Exercise(root, points=2, cases=lambda rng: iter(cases))
    source = "def root(x):\n    if x < 0: raise {}('no')\n    return x ** 0.5"
    errors = ("ValueError", "TypeError", "np.linalg.LinAlgError", "Exception")  # the third is a ValueError
    scores = [judged((exercise,), root=source.format(error))[0]["root"].score for error in errors]
    assert scores == [2, 1, 2, 1]
    assert (
        judged((exercise,), root="def root(x):\n    return abs(x) ** 0.5")[0]["root"]
        .cases[1]
        .message.startswith("The input is not valid")
    )


# ------------------------------------------------------------------------------------------ the real box

LINEAR = lecture("linear_models")
COST = "def squared_error_cost(X, t, w, b):\n    r = X.astype(float) @ w + b - t\n    return np.mean(r ** 2) / 2"
FEATURES = "def polynomial_features(x, degree):\n    return x.astype(float)[:, None] ** np.arange(degree + 1)"
STANDARD = (
    "def standardize(a, b):\n    s = a.std(axis=0)\n    s[s == 0] = 1\n"
    "    return (a - a.mean(axis=0)) / s, (b - a.mean(axis=0)) / s"
)


@pytest.fixture(scope="module")
def zygote():
    with Zygote() as zygote:
        yield zygote


def boxed(zygote, *cells, cpu_limit=1.0, seed=4, **answers):
    """The verdicts of the real judge on a notebook with these answers and cells of the student's own."""
    exercises = [replace(LINEAR[name], cpu_limit=cpu_limit) for name in answers]
    found = [nbformat.v4.new_code_cell("import numpy as np", metadata={"setup": True})]
    found += [nbformat.v4.new_code_cell(source, metadata={"added": True}) for source in cells]
    found += [nbformat.v4.new_code_cell(source, metadata={"exercise": name}) for name, source in answers.items()]
    notebook = nbformat.v4.new_notebook(cells=found)
    sheets = [Sheet(exercise, seed) for exercise in exercises]
    return {v.exercise: v for v in judge(lambda only: program(notebook, only), sheets, zygote.fork)}


@pytest.mark.sandbox
def test_in_the_box_right_answers_earn_their_points_and_mistakes_their_hints(zygote):
    found = boxed(
        zygote,
        "def residual(X, t, w, b):\n    return X.astype(float) @ w + b - t",
        "assert False, 'a try-out that fails'",
        squared_error_cost="def squared_error_cost(X, t, w, b):\n    return np.mean(residual(X, t, w, b) ** 2) / 2",
        polynomial_features=FEATURES.replace("degree + 1", "degree"),
        standardize=STANDARD,
        fit_ridge="def fit_ridge(X, t, lam):\n    raise NotImplementedError('not written yet')",
        softmax_cross_entropy="def softmax_cross_entropy(Z, labels:\n    return 0",
    )
    assert {name: (v.status, v.score, v.hint) for name, v in found.items()} == {
        "squared_error_cost": ("right", 1, None),
        "polynomial_features": ("differs", 0, "one_power_short"),
        "standardize": ("right", 1, None),
        "fit_ridge": ("missing", 0, None),
        "softmax_cross_entropy": ("raised", 0, None),
    }
    assert "SyntaxError" in found["softmax_cross_entropy"].message
    assert 0 < found["squared_error_cost"].seconds < 5


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("while True: pass", "timed out"),
        ("import os; os._exit(0)", "crashed"),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("raise SystemExit", "raised"),
        ("squared_error_cost(X, t, w, b)", "raised"),
    ],
)
def test_in_the_box_a_hang_or_a_crash_leaves_the_points_of_the_others(zygote, body, status):
    found = boxed(
        zygote,
        polynomial_features=FEATURES,
        squared_error_cost=f"def squared_error_cost(X, t, w, b):\n    {body}",
        standardize=STANDARD,
        cpu_limit=0.5,
    )
    assert (found["squared_error_cost"].status, found["squared_error_cost"].score) == (status, 0)
    assert (found["polynomial_features"].score, found["standardize"].score) == (1, 1)


@pytest.mark.sandbox
def test_in_the_box_a_cell_that_hangs_costs_its_own_exercise(zygote, monkeypatch):
    monkeypatch.setattr(judge_module, "DEFINITION_LIMIT", 0.5)
    found = boxed(zygote, polynomial_features=FEATURES + "\nwhile True: pass", standardize=STANDARD)
    assert (found["polynomial_features"].status, found["standardize"].status) == ("timed out", "right")
    assert found["polynomial_features"].message.startswith("In cell 2, it used more than 0.5 s")


@pytest.mark.sandbox
@pytest.mark.parametrize(
    "vandalism",
    [
        "np.asarray = np.array = np.mean = None",
        "import builtins; builtins.len = builtins.sum = builtins.isinstance = None",
        "import json, course.wire as wire; wire.pack = lambda *a: 1.0; json.dumps = None",
        "np.arange = lambda *a: (_ for _ in ()).throw(ValueError('spoiled'))",
        "import sys; sys.modules.clear()",
    ],
)
def test_in_the_box_a_patched_library_costs_nobody_else(zygote, vandalism):
    found = boxed(
        zygote, squared_error_cost=COST + "\n" + vandalism, polynomial_features=FEATURES, standardize=STANDARD
    )
    assert (found["polynomial_features"].score, found["standardize"].score) == (1, 1)


@pytest.mark.sandbox
def test_in_the_box_objects_that_equal_everything_and_forged_verdicts_earn_nothing(zygote):
    equal = (
        "class E(np.ndarray):\n    __eq__ = __ne__ = lambda s, o: True\ndef {}(*a):\n    return np.zeros({}).view(E)"
    )
    found = boxed(
        zygote,
        squared_error_cost=equal.format("squared_error_cost", "()"),
        polynomial_features=(
            "import course.case, course.attempt, course.wire\ncourse.case.difference = lambda *a, **k: None\n"
            "course.wire.pack = lambda *a: {'passed': True}\ndef polynomial_features(x, degree):\n    return 7"
        ),
        standardize="def standardize(a, b):\n    class T(tuple):\n        __eq__ = lambda s, o: True\n    return T((a, b))",
    )
    assert {name: v.score for name, v in found.items()} == dict.fromkeys(found, 0)
    assert {v.status for v in found.values()} <= {"differs", "bad data"}


@pytest.mark.sandbox
def test_in_the_box_reference_cases_and_grades_are_out_of_sight(zygote):
    found = boxed(
        zygote,
        squared_error_cost=(
            "import autograder.reference.linear_models as reference\nsquared_error_cost = reference.squared_error_cost"
        ),
        standardize=STANDARD,
    )
    assert found["squared_error_cost"].status == "raised"
    assert "ModuleNotFoundError" in found["squared_error_cost"].message
    assert found["standardize"].status == "right"


@pytest.mark.sandbox
def test_in_the_box_the_same_seed_gives_the_same_verdicts(zygote):
    answers = {"squared_error_cost": COST.replace("/ 2", ""), "standardize": STANDARD.replace("s[s == 0] = 1", "pass")}
    one, other = (boxed(zygote, seed=9, **answers) for _ in range(2))
    for name in answers:
        assert replace(one[name], seconds=0, memory=0) == replace(other[name], seconds=0, memory=0)
    assert one["squared_error_cost"].hint == "no_half"
    assert one["standardize"].hint == "zero_variance_nan"
    assert one["standardize"].score == pytest.approx(5 / 7, abs=1e-3)
