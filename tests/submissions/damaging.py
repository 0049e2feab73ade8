"""Notebooks whose cells and metadata are not what was released.

The answer to one exercise is wrong; whatever else is done to the notebook, the other answers are right and must count.
"""

import json

import nbformat

from . import Attack

WRONG = "def squared_error_cost(X, t, w, b):\n    return 42.0\n"
OUTPUT = {"output_type": "execute_result", "data": {"text/plain": "16.0"}, "metadata": {}, "execution_count": 1}
ATTACKS = []


def damage(name, says, statuses=("differs",), **keywords):
    """Declares an attack: the function changes a notebook in which one answer is WRONG, or gives the text to hand in."""

    def declare(function):
        ATTACKS.append(Attack(name, "damaging", says, WRONG, function, statuses=statuses, **keywords))
        return function

    return declare


def cell(notebook, grade_id):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def in_front_of(notebook, grade_id, new):
    notebook.cells.insert(notebook.cells.index(cell(notebook, grade_id)), new)


@damage("points-raised", "the metadata give the check of the wrong answer a thousand points")
def _(notebook):
    cell(notebook, "check_squared_error_cost").metadata.nbgrader.points = 1000


@damage("everything-graded", "all cells are called tests and solutions, with points")
def _(notebook):
    for number, one in enumerate(notebook.cells):
        marks = one.metadata.setdefault("nbgrader", {})
        marks.update({"grade": True, "solution": True, "locked": False, "points": 100, "schema_version": 3})
        marks.setdefault("grade_id", f"mine-{number}")
        marks.setdefault("cell_type", one.cell_type)


@damage("negative-points", "points that are negative, NaN and text")
def _(notebook):
    for points, name in zip(
        (-5, float("nan"), "many", [16]),
        ("squared_error_cost", "standardize", "fit_ridge", "polynomial_features"),
        strict=True,
    ):
        cell(notebook, f"check_{name}").metadata.nbgrader.points = points


@damage("check-replaced", "the check is a cell that says 1.0, and holds an output that says 16.0")
def _(notebook):
    check = cell(notebook, "check_squared_error_cost")
    check.source, check.outputs = "1.0", [nbformat.from_dict(OUTPUT)]


@damage("check-emptied", "the check is empty: stock nbgrader gives full points where a test says nothing")
def _(notebook):
    check = cell(notebook, "check_squared_error_cost")
    check.source, check.metadata.nbgrader.locked = "", False


@damage("check-disarmed", "a cell before the check makes its name agree")
def _(notebook):
    in_front_of(
        notebook, "check_squared_error_cost", code("def check(*arguments):\n    return None\nassert_allclose = check")
    )


@damage("checks-deleted", "all checks are gone")
def _(notebook):
    notebook.cells = [
        one for one in notebook.cells if not one.metadata.get("nbgrader", {}).get("grade_id", "").startswith("check_")
    ]


@damage("outputs-forged", "all cells carry outputs with full points")
def _(notebook):
    for one in notebook.cells:
        if one.cell_type == "code":
            one.outputs, one.execution_count = [nbformat.from_dict(OUTPUT)], 7


@damage("ids-doubled", "each graded cell is there twice, the second time with a wrong answer's check")
def _(notebook):
    notebook.cells += [one.copy() for one in notebook.cells if one.metadata.get("nbgrader")]


@damage("ids-exchanged", "the wrong answer carries the id of another exercise, which is handed in right as well")
def _(notebook):
    wrong = cell(notebook, "squared_error_cost")
    notebook.cells.append(code(wrong.source, nbgrader=dict(wrong.metadata.nbgrader) | {"grade_id": "standardize"}))


@damage("ids-renamed", "all ids are renamed")
def _(notebook):
    for number, one in enumerate(notebook.cells):
        if "nbgrader" in one.metadata:
            one.metadata.nbgrader.grade_id = f"x{number}"
        one.id = f"renamed-{number}"


@damage("ids-colliding", "all cells have the same id, that of a check")
def _(notebook):
    for one in notebook.cells:
        one.id = "check-squared-error-cost"


@damage("ids-of-strange-types", "ids are lists, numbers, dicts and very long")
def _(notebook):
    data = json.loads(nbformat.writes(notebook))
    for number, one in enumerate(data["cells"]):
        one["id"] = [[], {}, 7, None, "x" * 10**5][number % 5]
        if "nbgrader" in one["metadata"] and one["metadata"]["nbgrader"]["grade_id"].startswith("check"):
            one["metadata"]["nbgrader"]["grade_id"] = [{"a": []}, 7, None][number % 3]
    return json.dumps(data)


@damage(
    "metadata-of-strange-types", "metadata are lists and numbers, sources are lists of numbers", costs=("standardize",)
)
def _(notebook):
    data = json.loads(nbformat.writes(notebook))
    for number, one in enumerate(data["cells"]):
        if one["cell_type"] == "markdown":
            one["metadata"] = [[], 7, None, "x"][number % 4]
        elif one["metadata"].get("exercise") == "standardize":
            one["source"] = [1, 2, {"a": 3}]
    data["metadata"] = [1, 2, 3]
    return json.dumps(data)


@damage("types-changed", "answers are markdown, checks are raw, text is code")
def _(notebook):
    for one in notebook.cells:
        if one.metadata.get("nbgrader", {}).get("grade_id", "").startswith("check_"):
            one.cell_type = "raw"
        elif "exercise" in one.metadata and one.metadata.exercise != "squared_error_cost":
            one.cell_type = "markdown"


@damage("own-setup", "a set-up cell of its own marks itself as the course's, and spoils numpy")
def _(notebook):
    notebook.cells.insert(0, code("np = None\nimport os\nos._exit(0)", setup=True))
    notebook.cells.insert(0, code("np = None", setup=True, exercise="squared_error_cost", added=False, written="x"))


@damage("setup-spoiled", "the course's set-up cell ends the kernel")
def _(notebook):
    setup = next(one for one in notebook.cells if one.metadata.get("setup"))
    setup.source = "import os\nos._exit(0)"


@damage("wrong-then-right-names", "the answer's name is bound to an object that answers with the check's points")
def _(notebook):
    notebook.cells.append(
        code("class squared_error_cost(float):\n    def __new__(cls, *arguments):\n        return 16.0")
    )


@damage("kernel-chosen", "the notebook asks for another kernel, in another language")
def _(notebook):
    notebook.metadata.kernelspec = {"name": "bash", "display_name": "bash", "language": "sh"}
    notebook.metadata.language_info = {"name": "../../../../etc/passwd"}


@damage("five-thousand-cells", "five thousand cells that each define the answer", statuses=("differs", "missing"))
def _(notebook):
    notebook.cells += [code(WRONG + f"# {number}") for number in range(5000)]


@damage("ten-megabytes", "a cell of ten megabytes", statuses=("differs", "missing", "raised"))
def _(notebook):
    cell(notebook, "squared_error_cost").source = WRONG + "# x\n" * 2_500_000
    notebook.cells.append(nbformat.v4.new_markdown_cell("[x](" * 10**6))


@damage("megabytes-of-metadata", "metadata of ten megabytes, thirty levels deep")
def _(notebook):
    deep = "x" * 10**7
    for _ in range(30):
        deep = {"a": [deep]}
    notebook.metadata.deep = deep
    notebook.cells[0].metadata.deep = deep


@damage(
    "null-bytes", "null bytes, a BOM and a carriage return in the answer", statuses=("raised", "missing", "differs")
)
def _(notebook):
    cell(notebook, "squared_error_cost").source = "\ufeff" + WRONG + "\0\r\x0c\x1a"


@damage("bidirectional", "characters that turn the direction of reading, so that the source looks like another")
def _(notebook):
    cell(notebook, "squared_error_cost").source = WRONG + "# \u202e\u2066 right answer \u2069\u2066\n"


@damage("lone-halves", "halves of characters in sources and ids")
def _(notebook):
    text = nbformat.writes(notebook)
    return text.replace("return 42.0", "return 42.0 # \\ud800\\udfff\\ud800").replace(
        '"metadata": {}', '"metadata": {"\\ud800": "\\udc00"}', 3
    )


@damage(
    "added-cells",
    "cells between the answers end the kernel, loop, and redefine all answers",
    statuses=("differs", "raised"),
)
def _(notebook):
    for source in (
        "import os\nos._exit(0)",
        "while True:\n    pass",
        "%run /etc/passwd",
        "!kill -9 -1",
        "raise SystemExit",
        "%reset -f",
    ):
        in_front_of(notebook, "check_squared_error_cost", code(source))


@damage(
    "helper-that-loops",
    "the wrong answer needs a helper in a cell of its own, which never ends",
    statuses=("timed out", "raised", "differs"),
)
def _(notebook):
    cell(notebook, "squared_error_cost").source = "def squared_error_cost(X, t, w, b):\n    return helper_of_mine\n"
    in_front_of(notebook, "squared_error_cost", code("helper_of_mine = sum(1 for _ in iter(int, 1))"))


@damage("other-format", "the notebook says that it has format 99")
def _(notebook):
    notebook.nbformat, notebook.nbformat_minor = 99, 99
    return json.dumps(notebook)
