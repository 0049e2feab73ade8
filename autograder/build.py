"""`python -m autograder.build [LECTURE ...] [--check]`: from what authors write to what students open.

For each lecture: source/NN_topic/NN_topic.py -> the instructor's notebook beside it -> release/NN_topic/NN_topic.ipynb, and
the visible cases of its exercises in course/frozen/. At last release/index.md, the start page. Everything comes out byte for
byte the same when repeated. --check writes nothing and fails where what is there is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import math
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import numpy as np
from nbformat import NotebookNode

from autograder.exercise import Exercise, lecture
from autograder.layout import Course, CourseError, Lecture
from autograder.start import start_page
from course import frozen_cases, wire

FROZEN_LIMIT = 50_000  # bytes an exercise
LONGEST_SHOWN = 12  # lines of a cell that draws; longer ones are collapsed
SHOWS = re.compile(r"\s*show\(")
MARK = re.compile(r"(BEGIN|END) (SOLUTION|MARK SCHEME|HIDDEN TESTS)")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def main(arguments: list[str] | None = None) -> int:
    """Build the lectures that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m autograder.build", description=__doc__.splitlines()[0])
    parser.add_argument("lectures", nargs="*", help="names or numbers; all if none is given")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is out of date")
    chosen = parser.parse_args(arguments)
    try:
        course = Course.find()
        lectures = [course.lecture(name) for name in chosen.lectures] or course.lectures()
        files = dict(all_files(course, lectures))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    stale = [
        path for path, text in files.items() if not path.is_file() or not same(path.read_text(encoding="utf-8"), text)
    ]
    for path in stale:
        print(f"{'out of date' if chosen.check else 'wrote'}: {path.relative_to(course.root)}")
        if not chosen.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
    orphans = [] if chosen.lectures else sorted(built(course) - files.keys())
    for path in orphans:
        print(f"nothing builds this any more, delete it: {path.relative_to(course.root)}")
    stale += orphans
    if stale and chosen.check:
        print("Run `make release` and commit what it writes.", file=sys.stderr)
    if not chosen.check:
        for item in lectures:
            nbformat.write(instructor_notebook(item), item.instructor_notebook)
    return int(bool(stale and chosen.check))


def all_files(course: Course, lectures: list[Lecture]) -> Iterator[tuple[Path, str]]:
    """Every file that is built and committed, with its text."""
    for item in lectures:
        notebook = instructor_notebook(item)
        yield item.released, release(item, notebook)
        for exercise in exercises_of(item).values():
            try:
                yield course.root / "course" / "frozen" / f"{exercise.id}.json", frozen_text(exercise)
            except (CourseError, ValueError, RuntimeError) as error:
                raise CourseError(f"autograder/cases/{item.topic}.py: {error}") from error
    described = [describe(item) for item in course.lectures()]
    yield course.root / "release" / "index.md", start_page(described)


def built(course: Course) -> set[Path]:
    """What lies under the names of built files, whether or not a lecture has it still."""
    notebooks = course.root.glob("release/[0-9][0-9]_*/*.ipynb")
    return {path for path in notebooks if path.stem == path.parent.name} | {*course.root.glob("course/frozen/*.json")}


def same(one: str, other: str) -> bool:
    """Are two texts of a built file the same, but for the last digits of numbers, in which processors differ?"""
    if one == other or not one.startswith("{"):
        return one == other
    try:
        return _same_values(json.loads(one), json.loads(other))
    except ValueError:
        return False


def _same_values(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        if one.keys() in ({"array"}, {"scalar"}):
            a, b = (np.asarray(wire.unpack(data)) for data in (one, other))
            return a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b, 1e-9, 1e-12, equal_nan=True)
        return all(_same_values(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(_same_values, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return type(one) is type(other) and one == other


def describe(item: Lecture) -> dict[str, Any]:
    """What the start page says of a lecture: number, slug, title, minutes and promise, from the head of its script."""
    notebook = read_script(item)
    said = notebook.metadata.get("course", {})
    missing = [key for key in ("title", "minutes", "promise") if key not in said]
    if missing:
        raise CourseError(f"{item.script.name}: the head lacks {', '.join(missing)} under `course:`")
    return {"number": item.number, "slug": item.name, **{key: said[key] for key in ("title", "minutes", "promise")}}


def read_script(item: Lecture) -> NotebookNode:
    """The script as a notebook. Raises CourseError where its head is no YAML."""
    try:
        return jupytext.read(item.script)
    except Exception as error:  # whatever jupytext and its YAML reader raise
        raise CourseError(f"{item.script.name} can't be read as a percent script: {error}") from error


def exercises_of(item: Lecture) -> dict[str, Exercise]:
    """The exercises of a lecture. Raises CourseError where it has no module of cases."""
    try:
        return lecture(item.topic)
    except ModuleNotFoundError as error:
        if error.name != f"autograder.cases.{item.topic}":
            raise
        raise CourseError(
            f"{item.script.name} has no exercises: there is no autograder/cases/{item.topic}.py"
        ) from None


def instructor_notebook(item: Lecture) -> NotebookNode:
    """The lecture with its solutions and mark schemes, and nbgrader's metadata in its cells."""
    exercises = exercises_of(item)
    script = read_script(item)
    cells: list[NotebookNode] = []
    for position, cell in enumerate(script.cells):
        cell.id = f"cell-{position:03d}"
        if "exercise" in cell.metadata:
            cells += exercise_cells(item, cell, exercises)
        elif "written" in cell.metadata:
            cells.append(written_cell(item, cell))
        else:
            if MARK.search(cell.source):
                raise CourseError(
                    f"{item.script.name}: {MARK.search(cell.source)[0]!r} outside a written answer: {cell.source[:60]!r}"
                )
            if cell.metadata.get("setup"):
                cell.metadata["nbgrader"] = marks("setup", locked=True)
            if draws_at_length(cell):
                cell.metadata["jupyter"] = {"source_hidden": True}
            cells.append(cell)
    found = [cell.metadata["exercise"] for cell in cells if "exercise" in cell.metadata]
    if sorted(found) != sorted(exercises):
        differ = sorted(set(found) ^ set(exercises)) or sorted({id for id in found if found.count(id) > 1})
        raise CourseError(
            f"{item.script.name}: the exercises of the script and of its cases differ: {', '.join(differ)}"
        )
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in cells if "nbgrader" in cell.metadata]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise CourseError(f"{item.script.name}: two cells have the id {', '.join(twice)}")
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's own note on the script's layout
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    metadata = {"kernelspec": KERNEL, "course": script.metadata.get("course", {})}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def draws_at_length(cell: NotebookNode) -> bool:
    """Is it a long cell that draws? It is shown collapsed: its code is beside the point, and its alt text tells what is seen."""
    lines = cell.source.splitlines()
    return cell.cell_type == "code" and len(lines) > LONGEST_SHOWN and any(SHOWS.match(line) for line in lines)


def exercise_cells(item: Lecture, cell: NotebookNode, exercises: dict[str, Exercise]) -> list[NotebookNode]:
    """The answer cell, with the solution between its marks, and below it the check."""
    exercise_id = cell.metadata["exercise"]
    if exercise_id not in exercises:
        raise CourseError(f"{item.script.name}: no exercise {exercise_id!r} in autograder/cases/{item.topic}.py")
    if cell.cell_type != "code" or cell.source.strip():
        raise CourseError(
            f"{item.script.name}: the cell of {exercise_id} must be an empty code cell; the build puts the solution there"
        )
    exercise = exercises[exercise_id]
    source = inspect.getsource(exercise.reference).rstrip()
    if MARK.findall(source) != [("BEGIN", "SOLUTION"), ("END", "SOLUTION")]:
        raise CourseError(
            f"autograder/reference/{item.topic}.py: {exercise_id} needs one # BEGIN SOLUTION and below it one # END SOLUTION"
        )
    answer = nbformat.v4.new_code_cell(source, id=exercise_id.replace("_", "-"))
    answer.metadata = nbformat.from_dict({"exercise": exercise_id, "nbgrader": marks(exercise_id, solution=True)})
    check = nbformat.v4.new_code_cell(f"check({exercise_id})", id=f"check-{exercise_id}".replace("_", "-"))
    check.metadata["nbgrader"] = marks(f"check_{exercise_id}", grade=True, locked=True, points=exercise.points)
    return [answer, check]


def written_cell(item: Lecture, cell: NotebookNode) -> NotebookNode:
    """A written answer, graded by hand: model answer and mark scheme between their marks."""
    where = f"{item.script.name}: the written answer {cell.metadata['written']}"
    if cell.cell_type != "markdown":
        raise CourseError(f"{where} must be a [markdown] cell")
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "BEGIN MARK SCHEME", "END MARK SCHEME"):
        if mark not in cell.source:
            raise CourseError(f"{where} lacks its {mark}")
    points = cell.metadata.get("points")
    if not isinstance(points, (int, float)) or points <= 0:
        raise CourseError(f"{where} needs points=N, a number above 0; it has {points!r}")
    cell.id = cell.metadata["written"].replace("_", "-")
    cell.metadata["nbgrader"] = marks(cell.metadata["written"], grade=True, solution=True, points=points)
    return cell


def marks(
    grade_id: str, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    """nbgrader's metadata of a cell, schema 3."""
    found = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return found if points is None else found | {"points": float(points)}


def release(item: Lecture, notebook: NotebookNode) -> str:
    """The student's notebook, made by nbgrader's own release step from the instructor's; needs no gradebook."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(item.root)).load_config()
    config.SaveCells.enabled = False
    with tempfile.TemporaryDirectory() as root:
        source = Path(root, "source", item.name, f"{item.name}.ipynb")
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
        folder = CourseDirectory(root=root, assignment_id=item.name, config=config)
        converter = GenerateAssignment(coursedir=folder, config=config, no_database=True)
        converter.log = logging.getLogger("autograder.build")
        try:
            converter.start()
        except NbGraderException as error:
            raise CourseError(
                f"{item.script.name}: nbgrader made no release of it; its own words stand above"
            ) from error
        released = Path(root, "release", item.name, f"{item.name}.ipynb")
        if not released.is_file():
            raise CourseError(f"nbgrader made no release of {item.name}")
        return tidy(nbformat.read(released, as_version=4))


def tidy(notebook: NotebookNode) -> str:
    """The text of a released notebook: nothing in it depends on when, where or by whom it was built."""
    for cell in notebook.cells:
        cell.source = cell.source.rstrip()
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
        if mark := MARK.search(cell.source):
            raise CourseError(f"{mark[0]!r} is left in the released cell {cell.id}")
    notebook.metadata.pop("language_info", None)
    return nbformat.writes(notebook) + "\n"


def _laid_out(data: Any, indent: str = "") -> str:
    """JSON in which whatever fits stands on one line: a changed case changes few lines, and blanks take little room."""
    line = json.dumps(data, sort_keys=True)
    is_array = isinstance(data, dict) and data.keys() <= {"array", "scalar", "tensor"}
    if len(indent) + len(line) <= 120 or is_array or not isinstance(data, (dict, list)):
        return line
    inner = indent + " "
    if isinstance(data, dict):
        parts = [f"{json.dumps(key)}: {_laid_out(data[key], inner)}" for key in sorted(data)]
    else:
        parts = [_laid_out(item, inner) for item in data]
    opening, closing = "{}" if isinstance(data, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def frozen_text(exercise: Exercise) -> str:
    """The visible cases as JSON. Raises CourseError above the size that the student's install allows."""
    text = _laid_out(frozen_cases.freeze(exercise.frozen())) + "\n"
    if len(text) > FROZEN_LIMIT:
        raise CourseError(
            f"the visible cases of {exercise.id} have {len(text)} bytes; at most {FROZEN_LIMIT} are allowed"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
