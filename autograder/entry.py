"""What nbgrader's autograde step leaves behind, for notebooks that are restored and judged already.

nbgrader's own objects and rules, without its detours: the stock step opens the gradebook ten times a notebook and commits cell
by cell, which takes 0.13 s. Here the gradebook is open once for all, a submission is one transaction, and a reader sees
all of it or nothing.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import InvalidEntry, MissingEntry, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from autograder import gradebook
from autograder.layout import Course, CourseError, Lecture
from autograder.records import write_whole

log = logging.getLogger("autograder.entry")
log.addHandler(logging.NullHandler())
log.propagate = False


class Entry:
    """The open gradebook, for the submissions of one lecture."""

    def __init__(self, course: Course, lecture: Lecture, config: Config, url: str) -> None:
        self.lecture, self.root = lecture, course.root
        self.directory = CourseDirectory(root=str(course.root), config=config)
        self.book = gradebook.opened(url, self.directory.course_id)
        self.book.db().expire_on_commit = False  # the lecture's cells stay as they are from one submission to the next
        self.late = AssignLatePenalties(config=config)
        self.late.log = log
        self.late.init_plugin()

    def __enter__(self) -> Entry:
        return self

    def __exit__(self, *exception: object) -> None:
        self.book.close()

    def enter(self, student: str, notebook: NotebookNode, timestamp: str | None) -> str:
        """Enter the scores and write the notebook to autograded/; "" or, in a sentence, why not.

        Manual scores, comments and extra credit stay as they are. Raises sqlalchemy's OperationalError.
        """
        try:
            when = utils.parse_utc(timestamp) if timestamp else None
        except ValueError:
            return f"timestamp.txt holds {timestamp[:40]!r}, which is no time."
        try:
            self._score(student, notebook, when)
            self._write(student, notebook, timestamp)
        except (InvalidEntry, MissingEntry, CourseError) as error:
            self.book.db.rollback()
            return str(error)
        self.book.db.commit()
        return ""

    def _score(self, student: str, notebook: NotebookNode, when: datetime | None) -> None:
        name = self.lecture.name
        self.book.update_or_create_student(student)
        self.book.update_or_create_submission(name, student, **({"timestamp": when} if when else {}))
        submitted = self.book.find_submission_notebook(name, name, student)
        grades = {grade.name: grade for grade in submitted.grades}
        comments = {comment.name: comment for comment in submitted.comments}
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if utils.is_grade(cell):
                grade = grades[name]
                grade.auto_score, _ = utils.determine_grade(cell, log)
                # a person looks again at what a person has scored
                grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
            if utils.is_solution(cell):
                untouched = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
                comments[name].auto_comment = "No response." if untouched else None
        self._penalise(student, submitted)

    def _penalise(self, student: str, submitted: SubmittedNotebook) -> None:
        """What the course's plugin takes off for being late."""
        submitted.late_submission_penalty = None
        seconds = submitted.assignment.total_seconds_late
        if seconds > 0:
            self.book.db.flush()
            self.book.db.refresh(submitted, ["score"])
            penalty = self.late.plugin_inst.late_submission_penalty(student, submitted.score, seconds)
            if penalty is not None:
                submitted.late_submission_penalty = self.late._check_late_penalty(submitted, penalty)

    def _write(self, student: str, notebook: NotebookNode, timestamp: str | None) -> None:
        """autograded/STUDENT/LECTURE/ as nbgrader leaves it: the notebook, when it came, and what lies beside the source."""
        folder = Path(self._folder(self.directory.autograded_directory, student))
        source = self._folder(self.directory.source_directory, ".")
        for path in utils.find_all_files(source, [*self.directory.ignore, "*.ipynb"]):
            copy = folder / Path(path).relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        files = {f"{self.lecture.name}.ipynb": f"{text}\n", "timestamp.txt": timestamp}
        for name, content in files.items():
            if content is None:
                (folder / name).unlink(missing_ok=True)
                continue
            write_whole(folder / name, content)
            os.chmod(folder / name, 0o664 if self.directory.groupshared else 0o444)
        if self.directory.groupshared:
            for place in (folder, folder.parent):
                os.chmod(place, place.stat().st_mode & 0o777 | 0o2770)

    def _folder(self, kind: str, student: str) -> str:
        return os.path.normpath(self.directory.format_path(kind, student, self.lecture.name))
