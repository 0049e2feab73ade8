"""`autograder grade LECTURE`: judge what was handed in, write each verdict as it comes, then fill the gradebook."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder import gradebook, records, submissions
from autograder.build import instructor_notebook
from autograder.cells import add_mark_schemes, write_verdicts
from autograder.layout import Course, CourseError, Lecture
from autograder.marking import Marker, warm
from autograder.records import Record

GRADEBOOK_BATCH = 20  # submissions that are judged before their verdicts go to the gradebook


@dataclass
class Run:
    """What grading a lecture came to. problems: a line each, naming the submission and what to do."""

    records: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def grade(
    course: Course,
    lecture: Lecture,
    students: list[str] | None = None,
    seed: int | None = None,
    no_sandbox: bool = False,
    console: Console | None = None,
) -> Run:
    """Judge the submissions of a lecture (of all students, or those named) and enter the scores in the gradebook.

    seed: of the cases; None draws one that nobody can know before. The same seed gives the same scores.
    Raises CourseError where nothing can be graded at all; a problem with one submission is a line in the result.
    """
    console = console or Console(stderr=True)
    found = submissions.find(course, lecture, students)
    seed = secrets.randbits(31) if seed is None else seed
    run = Run()
    with only_run(course), warm(no_sandbox) as zygote, _bar(console) as bar:
        marker = Marker(lecture, seed, zygote)
        marker.released  # noqa: B018  fails here, before anything is judged, where there is no release
        gradebook.ensure_assignment(course, lecture)
        schemes = instructor_notebook(lecture)
        task = bar.add_task("", total=len(found))
        waiting: list[tuple[str, NotebookNode, str | None]] = []
        for submission in found:

            def tell(exercise: str, student: str = submission.student) -> None:
                bar.update(task, description=f"{student}: {exercise}")

            record, notebook = marker.mark(submission, tell)
            records.write(course, lecture, record)
            run.records.append(record)
            if record.problem:
                run.problems.append(record.problem)
            write_verdicts(notebook, record.verdicts)
            add_mark_schemes(notebook, schemes)
            waiting.append((submission.student, notebook, submission.timestamp))
            if len(waiting) == GRADEBOOK_BATCH:
                run.problems += gradebook.store(course, lecture, waiting)
                waiting = []
            bar.advance(task)
        run.problems += gradebook.store(course, lecture, waiting)
    return run


def _bar(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True)


@contextmanager
def only_run(course: Course) -> Iterator[None]:
    """Hold the course's lock. Raises CourseError at once where another grading run holds it."""
    path = course.root / ".autograder" / "lock"
    path.parent.mkdir(exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                "Another grading run is going in this course; wait for it to end, or stop it, and try again."
            ) from None
        yield
