"""Every lecture's notebooks run from top to bottom: the instructor's with all solved, the released one with nothing solved."""

import inspect
import re
import resource
import tomllib
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from autograder import build
from autograder.exercise import lecture
from autograder.layout import Course

ROOT = Path(__file__).parents[1]
LECTURES = Course(ROOT).lectures()
POINTS = tomllib.loads((ROOT / "tests" / "points.toml").read_text())
every_lecture = pytest.mark.parametrize("item", LECTURES, ids=[item.name for item in LECTURES])

# In cells of their own, since a kernel that starts or ends may warn of things that nobody here can mend.
STRICT = "import sys, warnings\nwarnings.simplefilter('error')\nsys.stderr.write = lambda text: 1 / 0"
LENIENT = "warnings.simplefilter('ignore')\ndel sys.stderr.write"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a notebook in a fresh kernel in which a warning and a word on stderr are errors; gives its cells with outputs."""
    monkeypatch.delenv("MPLBACKEND", raising=False)  # figures are shown as in JupyterLab

    def execute(notebook):
        first, last = (
            nbformat.v4.new_code_cell(source, id=name) for source, name in ((STRICT, "first"), (LENIENT, "last"))
        )
        notebook.cells = [first, *notebook.cells, last]
        resources = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
        return notebook.cells[1:-1]

    return execute


def of_children():
    """Seconds of processor time, which a busy machine doesn't lengthen."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def texts(cell):
    """What a cell shows, as plain text."""
    shown = []
    for output in cell.get("outputs", []):
        shown.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(shown)


@every_lecture
def test_the_solved_notebook_runs_within_a_minute_and_all_its_checks_pass(item, run, tmp_path):
    before = of_children()
    cells = run(build.instructor_notebook(item))
    assert of_children() - before < 60
    by_id = {cell.metadata["nbgrader"]["grade_id"]: texts(cell) for cell in cells if "nbgrader" in cell.metadata}
    for name in lecture(item.topic):
        first = by_id[f"check_{name}"].splitlines()[0]
        passed, of = first.removeprefix(f"{name}: visible cases passed: ").split(";")[0].split(" of ")
        assert passed == of, first
    assert list(tmp_path.iterdir()) == []  # a lecture leaves no files behind
    figures = [cell for cell in cells if cell.cell_type == "code" and re.search(r"show\(\s*figure", cell.source)]
    assert figures
    for cell in figures:
        assert any('<img alt="' in output.get("data", {}).get("text/html", "") for output in cell.outputs), cell.source
    assert "not written yet" not in "".join(map(texts, cells))


@every_lecture
def test_the_released_notebook_runs_with_nothing_solved_and_says_what_is_to_be_written(item, run):
    cells = run(nbformat.read(item.released, as_version=4))
    for name in lecture(item.topic):
        check = next(cell for cell in cells if cell.source == f"check({name})")
        assert texts(check).startswith(f"{name} is not written yet.")


@every_lecture
def test_ids_and_points_are_those_of_the_table(item):
    """In the notebook that authors see and in the one that students get."""
    table = POINTS[item.topic]
    for notebook in (build.instructor_notebook(item), nbformat.read(item.released, as_version=4)):
        marks = [cell.metadata["nbgrader"] for cell in notebook.cells if "nbgrader" in cell.metadata]
        checks = {m["grade_id"]: m["points"] for m in marks if m["grade"] and not m["solution"]}
        assert checks == {f"check_{name}": points for name, points in table["exercises"].items()}
        assert [m["grade_id"] for m in marks if m["solution"] and not m["grade"]] == [
            cell.metadata["exercise"] for cell in notebook.cells if "exercise" in cell.metadata
        ]
        assert {m["grade_id"]: m["points"] for m in marks if m["grade"] and m["solution"]} == table["written"]
        assert [m["grade_id"] for m in marks if m["locked"]] == [m["grade_id"] for m in marks if not m["solution"]]


@every_lecture
def test_the_text_says_the_points_of_each_exercise(item):
    """The heading above an answer cell names the exercise and what it is worth."""
    notebook = nbformat.read(item.released, as_version=4)
    for position, cell in enumerate(notebook.cells):
        marks = cell.metadata.get("nbgrader", {})
        if not marks.get("solution"):
            continue
        points = POINTS[item.topic]["exercises" if "exercise" in cell.metadata else "written"][marks["grade_id"]]
        above = notebook.cells[position - 1].source
        assert f"({points} point{'s' if points > 1 else ''}" in above, marks["grade_id"]


@every_lecture
def test_the_check_stands_right_below_its_answer(item):
    cells = nbformat.read(item.released, as_version=4).cells
    for cell, below in pairwise(cells):
        if "exercise" in cell.metadata:
            assert below.source == f"check({cell.metadata['exercise']})"


@every_lecture
def test_the_released_stub_keeps_the_signature_and_the_docstring(item):
    cells = nbformat.read(item.released, as_version=4).cells
    stubs = {cell.metadata["exercise"]: cell.source for cell in cells if "exercise" in cell.metadata}
    for name, exercise in lecture(item.topic).items():
        names = {"np": np, "torch": torch}  # as the lecture's first cell has them
        exec(compile(stubs[name], "<cell>", "exec"), names)
        assert names[name].__doc__ == exercise.reference.__doc__
        assert tuple(inspect.signature(names[name]).parameters) == exercise.parameters
        with pytest.raises(NotImplementedError):
            names[name](*exercise.parameters)


@every_lecture
def test_cells_are_in_the_form_that_git_and_nbgrader_keep(item):
    notebook = nbformat.read(item.released, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
