"""`check(answer)`: what a reader is told, whatever their answer does."""

import contextlib
import html
import inspect
import io
import linecache
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from autograder.exercise import lecture
from course import check
from course.checks import check_exercise
from course.frozen_cases import exercises, load

EXERCISES = lecture("linear_models")


def answer(name, source, **names):
    """The function of that name after a cell ran."""
    names = {"np": np, "torch": torch, **names}
    exec(compile(source, "<cell 7>", "exec"), names)
    return names[name]


def cost(body):
    """An answer to squared_error_cost with these lines as its body."""
    return answer("squared_error_cost", "def squared_error_cost(X, t, w, b):\n    " + body.replace("\n", "\n    "))


def features(body):
    return answer("polynomial_features", "def polynomial_features(x, degree):\n    " + body.replace("\n", "\n    "))


RIGHT_COST = "r = X.astype(float) @ w + b - t\nreturn np.mean(r ** 2) / 2"
RIGHT_FEATURES = "return x.astype(float)[:, None] ** np.arange(degree + 1)"


def test_a_right_answer_passes_all_cases_and_hears_that_others_follow():
    report = check(cost(RIGHT_COST))
    assert report.right
    assert report.lines()[0] == "squared_error_cost: visible cases passed: 7 of 7; others are run at grading."
    assert [line.split()[0] for line in report.lines()[1:]] == ["pass"] * 7


@pytest.mark.parametrize("name", EXERCISES)
def test_the_reference_passes_its_visible_cases_and_the_released_stub_gets_a_kind_word(name):
    assert check(EXERCISES[name].reference).right
    head = inspect.getsource(EXERCISES[name].reference).split("    # BEGIN SOLUTION")[0]
    stub = answer(name, head + '    # YOUR CODE HERE\n    raise NotImplementedError("not written yet")\n')
    printed = io.StringIO()
    with contextlib.redirect_stderr(printed), contextlib.redirect_stdout(printed):
        report = check(stub)
    assert str(report) == f"{name} is not written yet. Replace the line that raises NotImplementedError by your code."
    assert not report.right
    assert printed.getvalue() == ""


HALF_FILLED = {
    "returns nothing": ("pass", "squared_error_cost returns nothing. Does it end with `return`?"),
    "prints": (
        "print(np.mean((X @ w + b - t) ** 2) / 2)",
        "squared_error_cost prints its result and returns nothing; end it with `return` instead of `print`.",
    ),
    "returns text": ("return '3'", "A number is asked for; the text '3' came back."),
    "returns true": ("return True", "A number is asked for; the truth value True came back."),
    "returns two results": ("return 1.0, 2.0", "It has shape (2,) where a single number is expected."),
    "returns a dict": ("return {}", "A number is asked for; a dict of 0 came back."),
    "returns a list": ("return [1.0]", "It has shape (1,) where a single number is expected."),
    "returns a column": ("return (X @ w)[:, None]", "It has shape (7, 1) where a single number is expected."),
    "returns a tensor": (
        "return torch.tensor(1.0)",
        "A plain number is asked for; a torch tensor of shape () came back.",
    ),
    "returns a tensor with gradients": (
        "return torch.tensor(1.0, requires_grad=True)",
        "A plain number is asked for; a torch tensor of shape () came back.",
    ),
    "returns itself": (
        "return squared_error_cost",
        "A number is asked for; the function squared_error_cost came back.",
    ),
    "returns a generator": ("yield 1.0", "A number is asked for; a generator came back."),
    "returns NaN": ("return float('nan')", "It is NaN, where a finite number is expected."),
    "returns infinity": ("return -np.inf", "It is infinite, where a finite number is expected."),
    "returns complex": ("return 1j", "A number is asked for; a complex came back."),
    "returns complex of numpy": ("return np.array(1j)", "Real numbers are asked for; complex ones came back."),
    "returns an integer": ("return 1", "The value differs."),
    "returns a huge integer": ("return 10 ** 400", "A number is asked for; a huge integer came back."),
    "returns a gigantic integer": (
        "return 10 ** 5000",
        "A number is asked for; an integer of more than 3900 digits came back.",
    ),
    "returns objects": (
        "return np.array(1.0, dtype=object)",
        "A number is asked for; a numpy array of dtype object came back.",
    ),
    "returns text in an array": (
        "return np.array('1.0')",
        "A number is asked for; a numpy array of dtype <U3 came back.",
    ),
    "returns what agrees with all": (
        "class A(np.ndarray):\n    __eq__ = __ne__ = lambda self, other: np.ones(self.shape, bool)\nreturn np.ones(3).view(A)",
        "It has shape (3,) where a single number is expected.",
    ),
    "returns what pretends to be a tensor": (
        "class A:\n    def __getattr__(self, name): return lambda *a: self\nreturn A()",
        "A number is asked for; ",
    ),
    "returns what can't be looked at": (
        "class A(float):\n    def __float__(self): raise ValueError('no')\nreturn A()",
        "What came back could not be read: no.",
    ),
    "raises": ("return X[0, 99]", "It raised IndexError: index 99 is out of bounds"),
    "misspells a name": ("return np.meen(X)", "It raised AttributeError: module 'numpy' has no attribute 'meen'"),
    "exits": ("raise SystemExit", "It raised SystemExit."),
    "recurses": (
        "return squared_error_cost(X, t, w, b)",
        "It raised RecursionError: maximum recursion depth exceeded",
    ),
    "changes its input": (
        "w -= 1\nw += 1e-3\nreturn 1",
        "The value differs.",
    ),
}


@pytest.mark.parametrize(("body", "said"), HALF_FILLED.values(), ids=HALF_FILLED)
def test_a_half_filled_answer_gets_a_sentence(body, said):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check(cost(body))
    text = str(report)
    assert not report.right
    assert report.passed == 0
    assert said in text
    assert "Traceback" not in text
    assert "course/" not in text
    assert report._repr_html_().count("<div") == len(report.lines()) + 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [[1.0] * (degree + 1)] * len(x)", "numbers differ."),
        ("return x.astype(float) ** degree", "It has shape (7,) where shape {shape} is expected."),
        (
            "return torch.ones(len(x), degree + 1)",
            "A numpy array is asked for; a torch tensor of shape {shape} came back.",
        ),
        (
            "return np.full((len(x), degree + 1), np.nan)",
            "{size} of {size} numbers are NaN, where a finite number is expected.",
        ),
        ("return [[1], [1, 2]]", "An array of shape {shape} is asked for; a list of 2 came back."),
        ("return None", "polynomial_features returns nothing."),
    ],
)
def test_a_wrong_array_gets_a_sentence(body, said):
    x, degree = load("polynomial_features").cases[0].arguments
    said = said.format(shape=(len(x), degree + 1), size=len(x) * (degree + 1))
    assert said in str(check(features(body)))


def test_an_answer_that_fails_in_one_case_is_not_right():
    report = check(features("return x[:, None] ** np.arange(degree + 1)"))
    assert (report.passed, len(report.cases), report.right) == (6, 7, False)
    assert report.lines()[0].startswith("polynomial_features: visible cases passed: 6 of 7;")
    assert report.mistake.id == "integer_overflow"


def test_a_list_of_lists_is_as_good_as_the_array():
    assert check(
        features("return [[float(v) ** d for d in range(degree + 1)] for v in x] or np.zeros((0, degree + 1))")
    ).right


def test_an_answer_that_changes_its_input_fails_and_is_told_which():
    report = check(cost("keep = t.copy()\nr = X.astype(float) @ w + b - t\nt[:] = 0\nreturn np.mean(r ** 2) / 2"))
    assert report.passed == 0
    assert "The output is right, but the call changed its input t; work on a copy." in str(report)


def test_changing_an_input_in_one_case_spoils_no_other_check():
    spoiling = cost("X[:] = 0\nreturn 1.0")
    check(spoiling)
    assert check(cost(RIGHT_COST)).right


def test_a_failure_shows_inputs_what_was_expected_and_what_came():
    text = str(check(cost("return 1.0")))
    (case, *_) = load("squared_error_cost").cases
    assert f"input: X {case.arguments[0].shape}, t {case.arguments[1].shape}, w (3,), b = {case.arguments[3]}" in text
    expected = float(re.search(r"expected: (\S+)", text)[1])
    X, t, w, b = case.arguments
    assert expected == pytest.approx(sum((X[i] @ w + b - t[i]) ** 2 for i in range(len(t))) / 2 / len(t), rel=1e-6)
    assert re.search(r"came: +1\b", text)


def test_a_large_array_shows_the_largest_difference_and_where_it_is():
    body = "F = x.astype(float)[:, None] ** np.arange(degree + 1)\nif F.size > 12: F[2, 3] += 5; F[1, 1] += 1\nreturn F"
    text = str(check(features(body)))
    x, degree = load("polynomial_features").cases[0].arguments
    assert f"2 of {len(x) * (degree + 1)} numbers differ." in text
    assert f"the largest difference is at [2, 3]: expected {x[2] ** 3:.6g}, came {x[2] ** 3 + 5:.6g}" in text


def test_an_error_shows_the_readers_own_lines_and_no_others():
    source = (
        "def halve(v):\n    return np.linalg.inv(v) / 2\n\ndef squared_error_cost(X, t, w, b):\n    return halve(X)\n"
    )
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(keepends=True), "<cell 7>")
    lines = str(check(answer("squared_error_cost", source))).splitlines()
    shown = [line.strip() for line in lines if "in line" in line]
    assert shown == ["in line 5: return halve(X)", "in line 2: return np.linalg.inv(v) / 2"]
    assert "LinAlgError" in "".join(lines)
    assert "linalg.py" not in "".join(lines)
    del linecache.cache["<cell 7>"]


def test_only_the_first_of_many_failures_is_told_at_length():
    lines = check(cost("return 1.0")).lines()
    assert sum("expected:" in line for line in lines) == 1
    assert sum(line.strip().startswith("FAIL") for line in lines) == 7


def test_what_an_answer_prints_is_shown_with_its_failure():
    assert "it printed: here I am" in str(check(cost("print('here I am')\nreturn 1.0")))
    assert "it printed" not in str(check(cost("print('here I am')\n" + RIGHT_COST)))


@pytest.mark.parametrize("thing", ["squared_error_cost", 3.5, None, np.zeros(2), np, [len]])
def test_what_is_not_a_function_gets_a_sentence(thing):
    report = check(thing)
    assert not report.right
    assert report.lines() == [str(report)]
    assert str(report).startswith(
        "check takes the function itself: check(squared_error_cost), without quotes or brackets; "
    )


@pytest.mark.parametrize("function", [lambda X: X, np.linalg.solve, int])
def test_a_function_of_another_name_hears_which_names_there_are(function):
    report = check(function)
    assert not report.right
    known = ", ".join(exercises())
    said = f"There is no exercise {function.__name__!r}. The function must keep its name; there are: {known}."
    assert str(report) == said
    assert len(report.lines()) == 1


def test_the_hint_is_the_first_thing_after_the_count():
    lines = check(cost("return np.mean((X.astype(float) @ w + b - t) ** 2)")).lines()
    assert lines[1] == f"Hint: {EXERCISES['squared_error_cost'].mistakes['no_half'].hint}"


def test_the_report_shows_the_same_words_in_a_notebook_and_escapes_them():
    report = check(cost("raise ValueError('<b>1 & 2</b>')"))
    assert repr(report) == str(report)
    assert "<b>" not in report._repr_html_()
    plain = re.sub(r"<[^>]*>", "", report._repr_html_())
    assert html.unescape(plain) == "".join(report.lines())


TRAINS = """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    W, b, losses = np.zeros((num_classes, X.shape[1])), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        losses[k], dZ = softmax_cross_entropy(X @ W.T + b, labels)
        W, b = W - lr * dZ.T @ X, b - lr * dZ.sum(axis=0)
    return W, b, losses
"""


def test_an_answer_that_calls_a_wrong_one_hears_which_to_mend_first():
    def softmax_cross_entropy(Z, labels):
        loss, dZ = EXERCISES["softmax_cross_entropy"].reference(Z, labels)
        return loss + 1, dZ

    report = check(answer("train_softmax_regression", TRAINS, softmax_cross_entropy=softmax_cross_entropy))
    assert not report.right
    assert report.notes == (
        "train_softmax_regression calls softmax_cross_entropy, whose own check does not pass yet; mend that first.",
    )
    assert report.notes[0] in report.lines()


def test_an_answer_that_calls_a_stub_is_not_said_to_be_unwritten():
    def softmax_cross_entropy(Z, labels):
        raise NotImplementedError("not written yet")

    report = check(answer("train_softmax_regression", TRAINS, softmax_cross_entropy=softmax_cross_entropy))
    assert report.lines() == [
        "train_softmax_regression calls softmax_cross_entropy, which is not written yet; write that first."
    ]
    assert not report.right


def test_an_answer_that_calls_a_right_one_hears_only_of_itself():
    right = EXERCISES["softmax_cross_entropy"].reference
    assert check(answer("train_softmax_regression", TRAINS, softmax_cross_entropy=right)).right
    report = check(answer("train_softmax_regression", TRAINS.replace("W - lr", "W + lr"), softmax_cross_entropy=right))
    assert not report.right
    assert report.notes == ()


def test_the_name_check_can_be_called_in_whatever_order_things_are_imported():
    for program in (
        "from course import check; from course import check; print(check(3))",
        "import course.checks; from course import check; print(check(3))",
        "from course.checks import Report; import course; print(course.check(3))",
        "from course.checks import check; print(check(3))",
    ):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert "the number 3 came." in done.stdout, done.stderr


def test_what_passes_the_check_in_the_notebook_is_what_can_travel_to_the_judge():
    halves = features(RIGHT_FEATURES.replace("float", "np.longdouble"))
    report = check_exercise(halves, load("polynomial_features"))
    assert not report.right
    assert "float128" in str(report) or "longdouble" in str(report) or np.dtype(np.longdouble) == np.dtype(float)


def test_an_answer_that_passes_on_average_gets_no_hint():
    def random_feature_classifier(X_train, labels, X_test, num_features, seed):  # a ridge weaker than most choose
        rng = np.random.default_rng(seed)
        W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
        H, H_test = (np.maximum(X @ W.T + b, 0) for X in (X_train, X_test))
        V = np.linalg.solve(H.T @ H + 0.1 * np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
        return (H_test @ V).argmax(axis=1)

    report = check_exercise(random_feature_classifier, load("random_feature_classifier"))
    assert report.right
    assert report.mistake is None
