"""`autograder class`: a whole class in one command, on real notebooks, each submission with the score it should get.

It is played in a folder of its own with the commands that teachers use: the lectures are released, invented students hand in,
their work is collected, graded and reported. Nothing of it touches the course's own submissions and gradebook.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.table import Table

from autograder import pages
from autograder.exercise import Exercise, lecture
from autograder.grade import grade
from autograder.layout import Course, CourseError, Lecture
from autograder.records import Record
from autograder.report_page import write_page

MARK = ".a-class-is-played-here"


@dataclass(frozen=True)
class Student:
    """One invented submission: who, what it shows, the text of the notebook, and what each exercise should come to.

    expected: by exercise, the status (None where only the hint counts) and the hint's id or None; exercises that are not
    named should be right
    """

    name: str
    shows: str
    text: str
    expected: dict[str, tuple[str | None, str | None]]


def play(course: Course, folder: Path | None = None) -> int:
    """Play every lecture that has samples. Prints what came of each student; returns 1 where it is not what it should be."""
    console = Console()
    ground = _ground(course, folder or course.root / "build" / "class")
    wrong = 0
    for item in ground.lectures():
        students = list(_students(item))
        _hand_in(ground, item, students)
        run = grade(ground, item, console=Console(stderr=True))
        for problem in (*run.problems, *pages.feedback(ground, item)):
            console.print(problem, style="yellow")
        wrong += _compare(console, item, students, run.records)
        console.print(f"Report: {write_page(ground, item)}")
    console.print(f"Gradebook, feedback and submissions: {ground.root}")
    return int(wrong > 0)


def _ground(course: Course, folder: Path) -> Course:
    """An empty copy of the course to play in. Raises CourseError rather than clear a folder that is not one of ours."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise CourseError(f"{folder} is not empty and no class was played there; name another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    for part in ("source", "release"):
        shutil.copytree(course.root / part, folder / part)
    shutil.copy(course.root / "nbgrader_config.py", folder)
    return Course(folder.resolve())


def _hand_in(course: Course, item: Lecture, students: list[Student]) -> None:
    for student in students:
        path = course.submitted / student.name / item.name / f"{item.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(student.text, encoding="utf-8")


def _students(item: Lecture) -> Iterator[Student]:
    """Right in two ways, every catalogued mistake, and what else comes in real classes."""
    samples = import_module(f"autograder.samples.{item.topic}")
    exercises = lecture(item.topic)
    released = nbformat.read(item.released, as_version=4)

    def student(
        name: str,
        shows: str,
        answers: dict[str, str],
        expected: dict[str, tuple[str, str | None]] | None = None,
        change: Callable[[NotebookNode], None] = lambda notebook: None,
    ) -> Student:
        notebook = _filled(released, answers)
        change(notebook)
        return Student(name, shows, nbformat.writes(notebook), expected or {})

    first = {exercise: samples.RIGHT[exercise][0] for exercise in exercises}
    second = {exercise: samples.RIGHT[exercise][1] for exercise in exercises}
    some = dict(list(first.items())[: len(first) // 2])
    missing = dict.fromkeys(exercises, ("missing", None))
    yield student("right", "all right", first)
    yield student("right-too", "all right, in another style", second)
    yield student("half", "half of it written", some, {e: missing[e] for e in exercises if e not in some})
    yield student("blank", "nothing written", {}, missing)
    yield from _mistaken(student, samples.WRONG, exercises, first)
    victim, other, *_ = exercises
    for name, shows, source, status in _accidents(victim):
        yield student(name, shows, first | {victim: source}, {victim: (status, None)})
    yield student("copied", "an answer cell pasted twice", first, change=lambda nb: _duplicate(nb, other))
    yield student("renamed", "answer cells without their ids", first, change=_rename)
    yield student("colab", "all metadata lost", first, change=_strip)
    yield Student("damaged", "a file that broke off", student("", "", first).text[:5000], missing)


def _mistaken(
    student: Callable[..., Student],
    wrong: dict[str, dict[str, str]],
    exercises: dict[str, Exercise],
    right: dict[str, str],
) -> Iterator[Student]:
    """As many students as the longest catalogue has mistakes; each makes one in every exercise that has so many."""
    for number in range(max(len(exercise.mistakes) for exercise in exercises.values())):
        made = {
            exercise.id: list(exercise.mistakes)[number]
            for exercise in exercises.values()
            if number < len(exercise.mistakes)
        }
        answers = right | {exercise: wrong[exercise][mistake] for exercise, mistake in made.items()}
        expected = {exercise: (None, mistake) for exercise, mistake in made.items()}
        yield student(f"mistaken-{number + 1}", "catalogued mistakes", answers, expected)


def _accidents(name: str) -> Iterator[tuple[str, str, str, str]]:
    """(student, what it shows, source of the answer, status) for answers that go wrong in other ways."""
    yield "syntax", "a syntax error", f"def {name}(X, t, w, b)\n    return 0", "raised"
    yield "endless", "a loop that never ends", f"def {name}(*a):\n    while True:\n        pass", "timed out"
    yield "crash", "the kernel is ended", f"import os\n\ndef {name}(*a):\n    os._exit(0)", "crashed"
    thief = f"""
        def {name}(*a):
            import pathlib, sqlite3
            found = list(pathlib.Path("/").rglob("gradebook.db"))
            return sqlite3.connect(found[0]).execute("select max_score from grade_cells").fetchone()[0]
    """
    yield "thief", "looks for the gradebook", _outdent(thief), "raised"
    agreeable = f"""
        class Agreeable(float):
            __eq__ = __ge__ = __le__ = lambda self, other: True
            __array_ufunc__ = lambda self, *a, **k: True

        def {name}(*a):
            return Agreeable(0)
    """
    yield "agreeable", "an object equal to everything", _outdent(agreeable), "differs"


def _outdent(text: str) -> str:
    from textwrap import dedent

    return dedent(text).strip()


def _filled(released: NotebookNode, answers: dict[str, str]) -> NotebookNode:
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        exercise = cell.metadata.get("exercise")
        if exercise in answers:
            cell.source = answers[exercise].strip()
        if "written" in cell.metadata and answers:
            cell.source = "Both columns share the weight, since nothing tells them apart."
    return notebook


def _duplicate(notebook: NotebookNode, exercise: str) -> None:
    index = next(i for i, cell in enumerate(notebook.cells) if cell.metadata.get("exercise") == exercise)
    notebook.cells.insert(index + 1, copy.deepcopy(notebook.cells[index]))
    notebook.cells[index + 1].id += "-2"


def _rename(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        if "exercise" in cell.metadata:
            cell.metadata["nbgrader"]["grade_id"] = f"renamed-{number}"
            cell.id = f"renamed-{number}"
            del cell.metadata["exercise"]


def _strip(notebook: NotebookNode) -> None:
    for number, cell in enumerate(notebook.cells):
        cell.metadata = nbformat.from_dict({})
        cell.id = f"colab-{number}"


def _compare(console: Console, item: Lecture, students: list[Student], records: list[Record]) -> int:
    """Print what came of each student beside what should have; the number of those that differ."""
    by_name = {record.student: record for record in records}
    table = Table(
        "student", "shows", "points", "as it should be", title=f"A class of {len(students)} hands in {item.name}"
    )
    wrong = 0
    for student in students:
        record = by_name[student.name]
        differ = list(_differences(student, record))
        wrong += bool(differ)
        most = sum(verdict.points for verdict in record.verdicts)
        table.add_row(student.name, student.shows, f"{record.score:g} of {most:g}", "; ".join(differ) or "yes")
    console.print(table)
    return wrong


def _differences(student: Student, record: Record) -> Iterator[str]:
    for verdict in record.verdicts:
        due = student.expected.get(verdict.exercise, ("right", None))
        came: tuple[Any, Any] = (verdict.status if due[0] else None, verdict.hint)
        full = verdict.score == verdict.points
        if came != due or full != (due[0] == "right"):
            yield f"{verdict.exercise}: {json.dumps(came)} and {verdict.score:g} points instead of {json.dumps(due)}"
