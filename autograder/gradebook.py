"""Verdicts into nbgrader's gradebook, through nbgrader's own converter.

The converter reads a staging folder in which every notebook is already restored and holds its verdicts, so it runs no student
code and meets no damaged file. It is the single writer of the data base.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets.config import Config, PyFileConfigLoader

from autograder.build import instructor_notebook
from autograder.layout import Course, CourseError, Lecture

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


def ensure_assignment(course: Course, lecture: Lecture) -> None:
    """Make sure that the gradebook knows the lecture's cells and points. Raises CourseError where it refuses them."""
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory

    notebook = instructor_notebook(lecture)
    wanted = {
        cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    config = configuration(course)
    with Gradebook(url(course), config.CourseDirectory.course_id) as gradebook:
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


def store(
    course: Course, lecture: Lecture, notebooks: Iterable[tuple[str, NotebookNode, str | None]]
) -> dict[str, str]:
    """Hand notebooks with verdicts to nbgrader: (student, notebook, timestamp or None). Returns what it refused: by student, a line."""
    from nbgrader.coursedir import CourseDirectory

    from autograder.single_pass import SinglePass

    refused = {}
    with tempfile.TemporaryDirectory() as staging:
        students = []
        for student, notebook, timestamp in notebooks:
            folder = Path(staging, student, lecture.name)
            folder.mkdir(parents=True)
            nbformat.write(notebook, folder / f"{lecture.name}.ipynb")
            if timestamp:
                (folder / "timestamp.txt").write_text(timestamp, encoding="utf-8")
            students.append(student)
        config = configuration(course)
        config.CourseDirectory.submitted_directory = staging
        config.CourseDirectory.db_url = url(course)
        config.Autograde.autograde_preprocessors = [
            "nbgrader.preprocessors.SaveAutoGrades",
            "nbgrader.preprocessors.AssignLatePenalties",
        ]
        for student in students:
            directory = CourseDirectory(
                root=str(course.root), assignment_id=lecture.name, student_id=student, config=config
            )
            problem = convert(SinglePass(coursedir=directory, config=config, force=True))
            if problem:
                refused[student] = f"{student}: the gradebook did not take the verdicts: {problem}"
    return refused


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
