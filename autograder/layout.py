"""Where the things of a course lie: `Course(root)` knows the folders, `Course.find()` finds the root from anywhere in it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path


class CourseError(Exception):
    """A command can't go on; the message says what was expected, what came, and what to do."""


@dataclass(frozen=True)
class Lecture:
    """One lecture of a course. name: "02_linear_models"; topic: "linear_models"."""

    root: Path
    name: str

    @property
    def topic(self) -> str:
        return self.name[3:]

    @property
    def number(self) -> int:
        return int(self.name[:2])

    @property
    def script(self) -> Path:
        return self.root / "source" / self.name / f"{self.name}.py"

    @property
    def instructor_notebook(self) -> Path:
        return self.script.with_suffix(".ipynb")

    @property
    def released(self) -> Path:
        return self.root / "release" / self.name / f"{self.name}.ipynb"


@dataclass(frozen=True)
class Course:
    """A checkout: source/, release/, and after grading submitted/, autograded/, feedback/ and gradebook.db."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that holds the folder `start` (default: the current one). Raises CourseError where there is none."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "nbgrader_config.py").is_file() and (folder / "source").is_dir():
                return cls(folder)
        raise CourseError(
            f"{start} is not inside a course: no folder above it holds nbgrader_config.py and source/. Change to the course's folder first."
        )

    def lectures(self) -> list[Lecture]:
        """All lectures that have a script in source/, by number."""
        scripts = sorted(self.root.glob("source/[0-9][0-9]_*/[0-9][0-9]_*.py"))
        return [Lecture(self.root, script.stem) for script in scripts if script.stem == script.parent.name]

    def lecture(self, name: str) -> Lecture:
        """The lecture of that name, number or topic. Raises CourseError where there is none."""
        lectures = self.lectures()
        for lecture in lectures:
            if name in (lecture.name, lecture.topic) or (name.isdigit() and int(name) == lecture.number):
                return lecture
        known = ", ".join(lecture.name for lecture in lectures) or "none at all"
        raise CourseError(f"There is no lecture {name!r} in source/; there are: {known}.")

    @property
    def submitted(self) -> Path:
        return self.root / "submitted"

    @property
    def gradebook_url(self) -> str:
        return f"sqlite:///{self.root / 'gradebook.db'}"


def is_safe_name(name: str) -> bool:
    """Whether a student's or a lecture's name may be part of a path: letters of any script, no separators, no leading dot."""
    letters = all(c.isalnum() or c in "_.@+=, -" or unicodedata.category(c).startswith("M") for c in name)
    return letters and bool(name) and not name.startswith((".", " ")) and len(name.encode("utf-8", "replace")) <= 200
