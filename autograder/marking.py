"""One submission from file to record: read, restore, run, judge. Used by the fast path and by nbgrader's own autograde."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import nbformat
import numpy as np
from nbformat import NotebookNode

import course as student_package
from autograder import sandbox
from autograder.exercise import lecture as exercises_of
from autograder.judge import Kernel, Sheet, Verdict, judge
from autograder.kernels import Zygote
from autograder.layout import CourseError, Lecture
from autograder.records import Record
from autograder.restore import Restored, Unreadable, read_submission, restore
from autograder.submissions import Submission
from course.program import program


@dataclass
class Marker:
    """Judges submissions of one lecture. All share the seed, the reference's outputs and the warm process."""

    lecture: Lecture
    seed: int
    zygote: Zygote

    @cached_property
    def released(self) -> NotebookNode:
        """Our own release, the shape into which every submission is put."""
        path = self.lecture.released
        if not path.is_file():
            raise CourseError(
                f"release/{self.lecture.name}/{self.lecture.name}.ipynb is not there; run `make release` first."
            )
        return nbformat.read(path, as_version=4)

    @cached_property
    def sheets(self) -> list[Sheet]:
        return [Sheet(exercise, self.seed) for exercise in exercises_of(self.lecture.topic).values()]

    def fork(self) -> Kernel:
        return self.zygote.fork()

    def mark(
        self, submission: Submission, progress: Callable[[str], None] = lambda exercise: None
    ) -> tuple[Record, NotebookNode]:
        """The record of a submission, and its notebook as restored. A submission that can't be read earns nothing and says why."""
        try:
            restored = restore(read_submission(submission.notebook), self.released)
        except Unreadable as error:
            problem = f"{submission.student}: {error}."
            verdicts = tuple(
                Verdict(sheet.id, sheet.exercise.points, 0.0, "missing", f"The notebook could not be judged: {error}.")
                for sheet in self.sheets
            )
            return self.record(submission.student, verdicts, problem), restore([], self.released).notebook
        return self.record(submission.student, self.judge(restored, progress)), restored.notebook

    def judge(self, restored: Restored, progress: Callable[[str], None] = lambda exercise: None) -> tuple[Verdict, ...]:
        """The verdicts on a restored notebook."""
        return tuple(
            judge(lambda only: program(restored.notebook, only), self.sheets, self.fork, restored.notes, progress)
        )

    def record(self, student: str, verdicts: tuple[Verdict, ...], problem: str = "") -> Record:
        return Record(student, self.lecture.name, self.seed, self.zygote.tier, versions(), verdicts, problem)


def versions() -> dict[str, str]:
    """Of what a verdict depends on."""
    return {"course": student_package.__version__, "python": platform.python_version(), "numpy": np.__version__}


@contextmanager
def warm(no_sandbox: bool = False) -> Iterator[Zygote]:
    """A warm process that forks boxed kernels. Raises CourseError where this machine has no sandbox and none was waived."""
    try:
        with Zygote(no_sandbox=no_sandbox) as zygote:
            yield zygote
    except sandbox.SandboxRefused as error:
        raise CourseError(str(error)) from error
