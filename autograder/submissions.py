"""Who handed in what: submitted/STUDENT/LECTURE/LECTURE.ipynb, as nbgrader collects it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from autograder.layout import Course, CourseError, Lecture, is_safe_name

MAX_TIMESTAMP = 1000  # bytes


@dataclass(frozen=True)
class Submission:
    """A student's folder for one lecture. notebook: where the notebook should be; whether it is one is seen when it's read."""

    student: str
    lecture: Lecture
    notebook: Path

    @property
    def timestamp(self) -> str | None:
        """What nbgrader noted when it was collected, or None."""
        path = self.notebook.parent / "timestamp.txt"
        try:
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_TIMESTAMP:
                return None
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None


def find(course: Course, lecture: Lecture, students: list[str] | None = None) -> list[Submission]:
    """The submissions of a lecture by student, or those of the students named.

    Raises CourseError where nothing was handed in and for a student who handed in nothing.
    """
    folders = sorted(course.submitted.glob(f"*/{lecture.name}")) if course.submitted.is_dir() else []
    found = {
        folder.parent.name: Submission(folder.parent.name, lecture, folder / f"{lecture.name}.ipynb")
        for folder in folders
        if is_safe_name(folder.parent.name) and _is_own_folder(folder)
    }
    if students:
        unknown = [student for student in students if student not in found]
        if unknown:
            known = ", ".join(found) or "nobody"
            raise CourseError(
                f"No submission of {lecture.name} by {', '.join(unknown)}. Handed in: {known[:2000]}. "
                f"A submission lies in submitted/STUDENT/{lecture.name}/{lecture.name}.ipynb."
            )
        return [found[student] for student in dict.fromkeys(students)]
    if not found:
        raise CourseError(
            f"Nobody has handed in {lecture.name}: no folder submitted/STUDENT/{lecture.name}. "
            f"Collect first: `autograder collect {lecture.name} DOWNLOAD`."
        )
    return list(found.values())


def passed_over(course: Course, lecture: Lecture) -> list[str]:
    """Of each submission that `find` leaves out, a line that says why and what to do; names with their odd signs spelled out."""
    lines = []
    for folder in sorted(course.submitted.glob(f"*/{lecture.name}")) if course.submitted.is_dir() else []:
        name = ascii(folder.parent.name)[1:-1][:100]
        if not is_safe_name(folder.parent.name):
            lines.append(f"{name}: not judged: the folder's name is no name of a student here; rename it.")
        elif not _is_own_folder(folder):
            lines.append(f"{name}: not judged: it is a link or no folder; ask for the notebook itself.")
    return lines


def _is_own_folder(folder: Path) -> bool:
    """Real folders: a link in a student's tree could point anywhere."""
    return folder.is_dir() and not folder.is_symlink() and not folder.parent.is_symlink()
