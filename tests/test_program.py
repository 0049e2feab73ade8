"""What of a notebook is run to get its answers."""

import warnings

import nbformat
import pytest

from course.program import MAX_SOURCE, defines, program, program_by_names, python_of, uses

EXERCISES = ("cost", "train")


def answer(exercise, source):
    return nbformat.v4.new_code_cell(source, metadata={"exercise": exercise, "nbgrader": {"grade_id": exercise}})


def added(source):
    """A cell of the student's own, as `autograder.restore` marks it."""
    return nbformat.v4.new_code_cell(source, metadata={"added": True})


def demo(source):
    """A cell of the lecture's own."""
    return nbformat.v4.new_code_cell(source)


def check(exercise):
    return nbformat.v4.new_code_cell(f"check({exercise})", metadata={"nbgrader": {"grade_id": f"check_{exercise}"}})


def setup(source="import numpy as np"):
    return nbformat.v4.new_code_cell(source, metadata={"setup": True, "nbgrader": {"grade_id": "setup"}})


def sources(*cells, only=None):
    return [piece.source for piece in program(nbformat.v4.new_notebook(cells=list(cells)), only)]


def run(*cells, only=None, **names):
    """The names after all pieces ran; a piece that fails is passed over, as the judge does."""
    for source in sources(*cells, only=only):
        try:
            exec(source, names)
        except Exception as error:
            names.setdefault("errors", []).append(error)
    return names


def test_imports_and_answers_run_in_their_order_and_demos_checks_and_text_do_not():
    cells = (
        nbformat.v4.new_markdown_cell("def cost(): text"),
        setup(),
        demo("plot(1 / 0)"),
        answer("cost", "def cost(X): return np.sum(X)"),
        check("cost"),
        demo("W, b = train_for_hours()"),
        answer("train", "def train(X): return cost(X)"),
        added("print(train(5))"),
    )
    assert sources(*cells) == ["import numpy as np", "def cost(X): return np.sum(X)", "def train(X): return cost(X)"]
    names = [piece.name for piece in program(nbformat.v4.new_notebook(cells=list(cells)))]
    assert names == ["cell 2", "cell 4", "cell 7"]


def test_a_long_training_runs_only_where_an_answer_uses_what_it_makes():
    training = demo("weights = train_for_hours()")
    assert sources(training, answer("cost", "def cost(X): return X")) == ["def cost(X): return X"]
    assert sources(training, answer("cost", "def cost(X): return weights"))[0] == "weights = train_for_hours()"
    loop = demo("weights = 0\nfor step in range(10**9):\n    weights += 1")
    assert sources(loop, answer("cost", "def cost(X): return weights"))[0] == "weights = 0"


HELPERS = {
    "a function": "def helper(): return 42",
    "a function of a function": "def inner(): return 42\ndef helper(): return inner()",
    "a class": "class helper:\n    def __new__(cls): return 42",
    "a lambda": "helper = lambda: 42",
    "an import": "from functools import partial as p\nhelper = p(int, 42)",
    "an import that is tried": "try:\n    from nowhere import helper\nexcept ImportError:\n    def helper(): return 42",
    "a star import": "from fractions import *\ndef helper(): return int(Fraction(42))",
    "a decorator": "def decorate(f): return lambda: 42\n@decorate\ndef helper(): pass",
    "a default argument": "VALUE = 42\ndef helper(x=VALUE): return x",
    "a class body": "VALUE = 42\nclass Box:\n    value = VALUE\ndef helper(): return Box.value",
    "a base class": "class Base:\n    value = 42\nclass Box(Base): pass\ndef helper(): return Box.value",
    "a method": "VALUE = 42\nclass Box:\n    def get(self): return VALUE\ndef helper(): return Box().get()",
    "a comprehension": "VALUES = [40, 2]\ndef helper(): return sum(v for v in VALUES)",
    "a nested comprehension": "VALUES = [40, 2]\ndef helper(): return sum([[v for v in VALUES][i] for i in range(2)])",
    "a nested function": "VALUE = 42\ndef helper():\n    def inner():\n        return VALUE\n    return inner()",
    "a global statement": "COUNT = 41\ndef helper():\n    global COUNT\n    COUNT += 1\n    return COUNT",
    "an f-string": "VALUE = 42\ndef helper(): return int(f'{VALUE}')",
    "a walrus": "VALUE = 42\ndef helper(): return (v := VALUE)",
    "a match": "VALUE = 42\ndef helper():\n    match VALUE:\n        case int(v): return v",
    "an annotation": "VALUE: int = 42\ndef helper() -> int: return VALUE",
    "several targets": "first, (helper, *rest) = 1, (lambda: 42, 2, 3)",
    "a definition in two steps": "def helper(): return 40\nhelper = (lambda old: lambda: old() + 2)(helper)",
    "a definition replaced": "def helper(): return 1\ndef helper(): return 42",
    "an async function": "import asyncio\nasync def later(): return 42\ndef helper(): return asyncio.run(later())",
    "a line of magic before": "%matplotlib inline\ndef helper(): return 42",
    "a timed cell": "%%time\ndef helper(): return 42",
    "a table filled in a loop": "T = {}\nfor v in range(43):\n    T = {**T, v: v}\ndef helper(): return T[42]",
    "a table filled in place": "T = [0, 0]\nfor i in range(2):\n    T[i] = 21 * i\nT[0] = 21\ndef helper(): return sum(T)",
    "a number raised": "VALUE = 40\nVALUE += 2\ndef helper(): return VALUE",
    "a choice": "if 1 > 2:\n    def helper(): return 1\nelse:\n    def helper(): return 42",
    "a while loop": "VALUE = 0\nwhile VALUE < 42:\n    VALUE += 1\ndef helper(): return VALUE",
    "a with block": "import contextlib\nwith contextlib.nullcontext(42) as VALUE:\n    pass\ndef helper(): return VALUE",
    "calls between": "print(1 / 0)\nplt.show()\ndef helper(): return 42\nassert False",
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("helper", HELPERS.values(), ids=HELPERS)
def test_a_helper_of_the_students_own_is_found(helper, place):
    own = answer("cost", "def cost(): return helper()")
    cells = (added(helper), own) if place == "before" else (own, added(helper))
    names = run(*cells)
    assert "errors" not in names
    assert names["cost"]() == 42


@pytest.mark.parametrize(
    "body",
    [
        "return helper()",
        "return [helper() for _ in range(1)][0]",
        "return (lambda: helper())()",
        "def inner(): return helper()\n    return inner()",
        "class Inner:\n        value = helper()\n    return Inner.value",
        "global kept\n    kept = helper()\n    return kept",
    ],
)
def test_a_helper_is_found_wherever_the_answer_uses_it(body):
    assert run(added("def helper(): return 42"), answer("cost", f"def cost():\n    {body}"))["cost"]() == 42


def test_a_helper_used_as_decorator_or_default_or_base_is_found():
    helpers = added("def decorate(f): return lambda: 2 * f()\nVALUE = 21")
    assert run(helpers, answer("cost", "@decorate\ndef cost(x=VALUE): return x"))["cost"]() == 42
    base = added("class Base:\n    value = 42")
    assert run(base, answer("cost", "class cost(Base): pass"))["cost"].value == 42


def test_a_local_name_brings_in_no_demo_of_the_same_name():
    cells = (demo("W = train_for_hours()"), answer("cost", "def cost(X):\n    W = X\n    return W"))
    assert sources(*cells) == ["def cost(X):\n    W = X\n    return W"]
    cells = (demo("X = load()"), answer("cost", "def cost(X): return [x for x in X]"))
    assert len(sources(*cells)) == 1


def test_what_the_answers_cell_defines_itself_is_not_replaced_by_a_demos_import():
    own = answer("cost", "def softmax(): return 'mine'\ndef cost(): return softmax()")
    assert run(own, demo("softmax = lambda: 'theirs'"))["cost"]() == "mine"


def test_what_a_student_defines_is_not_replaced_by_a_demos_variable_of_the_same_name():
    cells = (added("def softmax(): return 'mine'"), answer("cost", "def cost(): return softmax()"))
    assert run(*cells, demo("softmax = lambda: 'theirs'"))["cost"]() == "mine"
    uses_the_lectures = (demo("scale = 40"), added("scale = scale + 2"), answer("cost", "def cost(): return scale"))
    assert run(*uses_the_lectures)["cost"]() == 42


def test_an_answer_brings_the_earlier_answers_that_it_calls():
    cells = (
        answer("cost", "def cost(): return 40"),
        answer("other", "def other(): return 0"),
        added("def helper(): return cost() + 2"),
        answer("train", "def train(): return helper()"),
    )
    assert len(sources(*cells)) == 4
    assert sources(*cells, only="cost") == ["def cost(): return 40"]
    alone = sources(*cells, only="train")
    assert "def other(): return 0" not in alone
    assert run(*cells, only="train")["train"]() == 42
    assert sources(*cells, only="unknown") == []


def test_two_answers_that_call_each_other_come_to_an_end():
    cells = (answer("cost", "def cost(n): return train(n)"), answer("train", "def train(n): return n and cost(n - 1)"))
    assert run(*cells, only="cost")["cost"](3) == 0


def test_no_helper_cell_may_stand_in_for_an_answer():
    cells = (answer("cost", "def cost(): return 1"), added("def cost(): return 2\nVALUE = 3"))
    assert run(*cells)["cost"]() == 1


BROKEN = ["def (:", "x = = 3", "if True", "\0", "(" * 3000, "x = " + "-" * 100_000 + "1", "'" * 7, "\\", "\ud800"]


@pytest.mark.parametrize("source", BROKEN, ids=[repr(source[:10]) for source in BROKEN])
def test_a_cell_that_cannot_be_parsed_spoils_nothing_else(source):
    cells = (
        added(source),
        answer("train", source),
        added("def helper(): return 42"),
        answer("cost", "def cost(): return helper()"),
    )
    names = run(*cells)
    assert names["cost"]() == 42
    assert source in sources(*cells)  # it is run, so that its error is told


def test_expressions_of_any_depth_are_taken_apart_or_left():
    deep = "x = " + " + ".join(["y"] * 1500)
    assert run(added(deep), answer("cost", "def cost(): return 42"))["cost"]() == 42
    assert run(answer("cost", deep + "\ndef cost(): return 42"), y=1)["cost"]() == 42
    assert uses("x" * (MAX_SOURCE + 1)) == frozenset()


def test_a_students_backslashes_warn_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cells = (added('PATTERN = "\\d"\nis_it = 3 is 3'), answer("cost", 'def cost(): return "\\w" + PATTERN'))
        assert len(sources(*cells)) == 2


@pytest.mark.parametrize(
    "source",
    [
        "def cost(): pass",
        "async def cost(): pass",
        "class cost: pass",
        "cost = lambda: 1",
        "cost: object = len",
        "a, (cost, *b) = 1, (2, 3)",
        "a = cost = len",
        "from math import sqrt as cost",
        "if True:\n    def cost(): pass",
        "try:\n    import cost\nexcept ImportError:\n    cost = None",
        "with open('x'):\n    def cost(): pass",
        "%%time\ndef cost(): pass",
        "%%capture out\ncost = 1",
        "%matplotlib inline\n!ls\ndef cost(): pass",
        "def cost(:\n    pass",
        "x = (\ndef cost(): pass",
    ],
)
def test_a_cell_defines_what_it_binds_at_the_top(source):
    assert defines(source, "cost")


@pytest.mark.parametrize(
    "source",
    [
        "",
        "cost(3)",
        "check(cost)",
        "# def cost(): pass",
        "'''\ndef cost(): pass\n'''",
        "def other():\n    def cost(): pass",
        "def costs(): pass",
        "x = cost",
        "cost.calls = 0",
        "table[cost] = 0",
        "cost = cache(cost)",
        "cost += 1",
        "cost: int",
        "lambda cost: cost",
        "[cost for cost in range(3)]",
        "%%writefile mine.py\ndef cost(): pass",
        "%%bash\ncost=1",
        "  def cost(:",
    ],
)
def test_a_cell_does_not_define_what_it_only_mentions(source):
    assert not defines(source, "cost")


def test_builtins_are_not_looked_for():
    assert uses("def cost(X): return sum(len(x) for x in X) + helper(print)") == {"helper"}


def test_magics_become_calls():
    assert python_of("%time x = 1").startswith("get_ipython().run_line_magic")
    assert python_of("x = 1") == "x = 1\n"


def test_by_names_the_last_definition_counts_and_tests_below_it_are_left_out():
    cells = [
        "import numpy as np",
        "def cost(): return 1",
        "HELP = 40",
        "def cost(): return HELP + 2",
        "cost(1 / 0)",
        "raise SystemExit",
    ]
    pieces = program_by_names(cells, EXERCISES)
    assert [(piece.source, piece.exercise) for piece in pieces] == [
        ("HELP = 40", None),
        ("def cost(): return HELP + 2", "cost"),
    ]


def test_by_names_a_cell_may_define_two_exercises():
    both = "def cost(): return 1\ndef train(): return 2"
    names = {}
    for piece in program_by_names([both], EXERCISES):
        exec(piece.source, names)
    assert (names["cost"](), names["train"]()) == (1, 2)
