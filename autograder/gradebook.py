"""nbgrader's gradebook: where it is, the lecture's cells in it, and verdicts on their way there (see `autograder.entry`)."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config, PyFileConfigLoader

from autograder.layout import Course, CourseError, Lecture

if TYPE_CHECKING:
    from nbgrader.api import Gradebook


class GradebookAway(CourseError):
    """The data base does not answer, or another program has locked it; another time it may."""


log = logging.getLogger("autograder.gradebook")
log.addHandler(logging.NullHandler())
log.propagate = False


def configuration(course: Course) -> Config:
    """nbgrader's configuration of this course, with its root made explicit."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.root = str(course.root)
    return config


def url(course: Course) -> str:
    """Where the gradebook is: `CourseDirectory.db_url` of nbgrader_config.py, or gradebook.db in the course's folder."""
    return configuration(course).CourseDirectory.get("db_url") or course.gradebook_url


def ensure_assignment(course: Course, lecture: Lecture, notebook: NotebookNode) -> None:
    """Make sure that the gradebook knows the lecture's cells and points, from its instructor's notebook.

    Raises CourseError where it refuses them, GradebookAway.
    """
    from nbgrader.api import MissingEntry
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    wanted = {
        cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    config = configuration(course)
    with _answering(), opened(url(course), config.CourseDirectory.course_id) as gradebook:
        try:
            known = {
                cell.name: cell.max_score for cell in gradebook.find_notebook(lecture.name, lecture.name).grade_cells
            }
        except MissingEntry:
            known = {}
    if known == wanted:
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source", lecture.name, f"{lecture.name}.ipynb")
        source.parent.mkdir(parents=True)
        nbformat.write(notebook, source)
        config.CourseDirectory.root = folder
        config.CourseDirectory.db_url = url(course)
        directory = CourseDirectory(root=folder, assignment_id=lecture.name, config=config)
        problem = convert(GenerateAssignment(coursedir=directory, config=config))
    if problem:
        raise CourseError(
            f"The gradebook does not take the cells of {lecture.name}: {problem} nbgrader refuses to change a lecture's graded cells "
            "once submissions are in the gradebook. Grade with the version that was released, or remove its submissions first."
        )


def opened(address: str, course_id: str) -> Gradebook:
    """nbgrader's Gradebook, with its tables made where there are none.

    For their version nbgrader starts a program that takes seconds; the library behind that program knows it at once.
    """
    from alembic.script import ScriptDirectory
    from nbgrader import api, dbutil

    api.get_alembic_version = ScriptDirectory(dbutil.ALEMBIC_DIR).get_current_head
    return api.Gradebook(address, course_id)


def store(
    course: Course, lecture: Lecture, notebooks: Iterable[tuple[str, NotebookNode, str | None]]
) -> dict[str, str]:
    """Enter notebooks with verdicts: (student, notebook, timestamp or None). Returns what was refused: by student, a line.

    Raises GradebookAway where nothing can be entered now.
    """
    from autograder.entry import Entry

    refused = {}
    with _answering(), Entry(course, lecture, configuration(course), url(course)) as entry:
        for student, notebook, timestamp in notebooks:
            problem = entry.enter(student, notebook, timestamp)
            if problem:
                refused[student] = f"{student}: the gradebook did not take the verdicts: {problem}"
    return refused


@contextmanager
def _answering() -> Iterator[None]:
    """Raise GradebookAway, with the reason, where the data base does not answer."""
    from sqlalchemy.exc import OperationalError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader 0.9 uses SQLAlchemy in ways that newer releases frown upon
            yield
    except OperationalError as error:
        reason = (str(error.orig).strip().splitlines() or ["no reason given"])[0]
        if "locked" in reason:
            reason += "; another program is writing to it and does not let go"
        raise GradebookAway(f"The gradebook takes nothing now ({reason}).") from error


def convert(converter: object) -> str:
    """Run a converter of nbgrader; "" or, in a sentence, what went wrong."""
    heard = _Heard()
    log.addHandler(heard)
    converter.log = log
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader 0.9 uses SQLAlchemy in ways that newer releases frown upon
            converter.start()
    except SystemExit:
        return heard.text
    except Exception as error:
        return heard.text or f"{type(error).__name__}: {error}"
    finally:
        log.removeHandler(heard)
    return heard.text if heard.failed else ""


class _Heard(logging.Handler):
    """Keeps the last thing that nbgrader complained about."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.failed, self.text = False, "nbgrader gave no reason."

    def emit(self, record: logging.LogRecord) -> None:
        self.failed = True
        self.text = record.getMessage().strip().splitlines()[-1][:300]
