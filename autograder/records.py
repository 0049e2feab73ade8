"""Verdicts on disk, one JSON file a submission, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.judge import LOST, CaseVerdict, Verdict
from autograder.layout import Course, CourseError, Lecture


@dataclass(frozen=True)
class Record:
    """What judging one submission came to.

    seed: of the cases; tier: of the sandbox; versions: of the course and of what it computes with
    devices: what the reference computed with and what students' code had, "reference" and "students": "cpu" or a GPU's name
    problem: "" or why the submission as a whole could not be judged
    digest: of the notebook that was judged; timestamp: when it was handed in, as nbgrader noted it
    stored: whether the gradebook has it
    """

    student: str
    lecture: str
    seed: int
    tier: str
    versions: dict[str, str]
    verdicts: tuple[Verdict, ...]
    problem: str = ""
    digest: str = ""
    timestamp: str | None = None
    stored: bool = False
    devices: dict[str, str] = field(default_factory=lambda: {"reference": "cpu", "students": "cpu"})

    @property
    def lost(self) -> bool:
        """Whether something could not be judged that might be judged another time."""
        return bool(self.problem) or any(verdict.status in LOST for verdict in self.verdicts)

    @property
    def score(self) -> float:
        return sum(verdict.score for verdict in self.verdicts)

    def rows(self) -> list[dict[str, Any]]:
        """One row an exercise, as `--json` writes them."""
        return [
            {
                "student": self.student,
                "lecture": self.lecture,
                "exercise": verdict.exercise,
                "points": verdict.points,
                "score": verdict.score,
                "status": verdict.status,
                "hint": verdict.hint,
                "message": verdict.message,
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in self.verdicts
        ]


def folder(course: Course, lecture: Lecture) -> Path:
    return course.root / ".autograder" / lecture.name


def write(course: Course, lecture: Lecture, record: Record) -> None:
    """Write a record in place of an earlier one. Raises CourseError where the disk does not take it; the earlier stays."""
    write_whole(folder(course, lecture) / f"{record.student}.json", json.dumps(asdict(record)))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader, a power cut or a full disk meets the old one or the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise CourseError(
            f"Could not write {path.name}: {error.strerror}. What was written before is untouched."
        ) from error


def read(path: Path) -> Record:
    """Read what `write` wrote. Raises CourseError for anything else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        verdicts = tuple(
            Verdict(
                **{
                    **verdict,
                    "notes": tuple(verdict["notes"]),
                    "cases": tuple(CaseVerdict(**c) for c in verdict["cases"]),
                }
            )
            for verdict in data["verdicts"]
        )
        return Record(**{**data, "verdicts": verdicts})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path.name} is no record of verdicts ({error}); delete it and grade again.") from error


def read_all(course: Course, lecture: Lecture) -> Iterator[Record]:
    """The records of a lecture, by student."""
    for path in sorted(folder(course, lecture).glob("*.json")):
        yield read(path)
