"""One submission from its cells to its record: restore, run, judge. The same for threads, other machines and nbgrader."""

from __future__ import annotations

import hashlib
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

import course as student_package
from autograder import gpu, sandbox, warm_process
from autograder.exercise import lecture as exercises_of
from autograder.judge import Kernel, Sheet, Verdict, judge
from autograder.kernels import ColdStarts, Zygote
from autograder.layout import CourseError, Lecture
from autograder.records import Record
from autograder.restore import Restored, restore
from course.program import program


@dataclass
class Marker:
    """Judges submissions of one lecture. All share the seed, the reference's outputs and the warm process.

    released: our own release, the shape into which every submission is put
    """

    name: str
    released: NotebookNode
    seed: int
    zygote: Zygote | ColdStarts
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def sheets(self) -> list[Sheet]:
        """The exercises with their cases and right outcomes, worked out once."""
        with self._lock:
            sheets = [Sheet(exercise, self.seed) for exercise in exercises_of(self.name[3:]).values()]
            for sheet in sheets:
                sheet.prepare()
            return sheets

    @property
    def devices(self) -> dict[str, str]:
        """By name, what the reference computed with and what students' code could have."""
        on_gpu = any(device != "cpu" for sheet in self.sheets for device in sheet.devices)
        return {
            "reference": gpu.name() if on_gpu else "cpu",
            "students": students_device(isinstance(self.zygote, ColdStarts)),
        }

    def fork(self) -> Kernel:
        return self.zygote.fork()

    def mark(self, job: Job, progress: Callable[[str], None] = lambda exercise: None) -> Marked:
        """What became of a submission. One that can't be read earns nothing and says why."""
        if job.cells is None:
            verdicts = tuple(
                Verdict(
                    sheet.id, sheet.exercise.points, 0.0, "missing", f"The notebook could not be judged: {job.problem}."
                )
                for sheet in self.sheets
            )
            return self._marked(job, verdicts, restore([], self.released), f"{job.student}: {job.problem}.")
        restored = restore(job.cells, self.released)
        return self._marked(job, self.judge(restored, progress), restored)

    def judge(self, restored: Restored, progress: Callable[[str], None] = lambda exercise: None) -> tuple[Verdict, ...]:
        """The verdicts on a restored notebook."""
        return tuple(
            judge(lambda only: program(restored.notebook, only), self.sheets, self.fork, restored.notes, progress)
        )

    def _marked(self, job: Job, verdicts: tuple[Verdict, ...], restored: Restored, problem: str = "") -> Marked:
        record = Record(
            job.student,
            self.name,
            self.seed,
            self.zygote.tier,
            versions(),
            verdicts,
            problem,
            job.digest,
            job.timestamp,
            devices=self.devices,
        )
        return Marked(record, restored.notebook)


@dataclass(frozen=True)
class Job:
    """A submission as it travels to whoever judges it: plain data, nothing of it trusted.

    cells: of the notebook (see `autograder.restore.read_submission`), or None with a problem
    """

    student: str
    cells: list[dict[str, Any]] | None
    problem: str = ""
    digest: str = ""
    timestamp: str | None = None


@dataclass(frozen=True)
class Marked:
    """A record, and the notebook in the shape that graders and students see."""

    record: Record
    notebook: NotebookNode


@dataclass(frozen=True)
class Terms:
    """What all jobs of a run share. released: the text of our release; versions: of the machine that asks.

    no_sandbox, student_gpu: see `autograder.grade.Options`
    """

    lecture: str
    released: str
    seed: int
    versions: dict[str, str]
    no_sandbox: bool = False
    student_gpu: bool = False


_markers: dict[tuple, Marker] = {}
_lock = threading.Lock()


def mark(terms: Terms, job: Job, progress: Callable[[str], None] = lambda exercise: None) -> Marked:
    """Judge one submission, here. Each process that does so has its own warm process, started with the first.

    Raises CourseError where this machine has another version of the course than the one that asks, or no sandbox.
    """
    return marker(terms).mark(job, progress)


def marker(terms: Terms) -> Marker:
    """The marker for these terms, one a process."""
    if terms.versions["course"] != versions()["course"]:
        here, there = versions()["course"], terms.versions["course"]
        raise CourseError(
            f"{platform.node()} has version {here} of the course, the grading machine {there}. "
            "Install the same version on both; nothing was judged there."
        )
    key = (
        terms.lecture,
        hashlib.sha256(terms.released.encode()).hexdigest(),
        terms.seed,
        terms.no_sandbox,
        terms.student_gpu,
    )
    with _lock:
        if key not in _markers:
            zygote = warm_process.start(terms.released, terms.no_sandbox, terms.student_gpu)
            _markers[key] = Marker(terms.lecture, nbformat.reads(terms.released, as_version=4), terms.seed, zygote)
        return _markers[key]


def released_text(lecture: Lecture) -> str:
    """The text of a lecture's release. Raises CourseError where there is none."""
    if not lecture.released.is_file():
        raise CourseError(f"release/{lecture.name}/{lecture.name}.ipynb is not there; run `make release` first.")
    return lecture.released.read_text(encoding="utf-8")


def students_device(student_gpu: bool) -> str:
    """What students' code can compute with, by name."""
    return gpu.name() if student_gpu else "cpu"


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
