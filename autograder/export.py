"""Grades as tables: nbgrader's CSV, and files that Canvas and Moodle import.

    csv      nbgrader's columns, a row for each student and lecture; unlike nbgrader's own it quotes names with commas
    canvas   Student, ID, SIS User ID, SIS Login ID, Section, a column for each lecture, and the row "Points Possible"
    moodle   the grading worksheet of an assignment: Identifier, Full name, Email address, Status, Grade, Maximum grade, ...

Give `--roster` the file that the system exported, fresh: Canvas then finds students and assignment by its own numbers, and
Moodle's worksheet comes back as it was with the grades filled in. Points include what was graded by hand, less late penalties.
Who has no graded submission is left as it was, empty in a new file, never 0: that is for the teacher to decide.

The formats follow the sources of Canvas (lib/gradebook_exporter.rb, lib/gradebook_importer.rb) and Moodle
(mod/assign/feedback/offline: importgradeslib.php, locallib.php and the worksheets of its tests), as read in 2026. No running
Canvas or Moodle has taken a file of ours in a test: try the first one with a test student.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import records
from autograder.gradebook import configuration, url
from autograder.layout import Course, CourseError, Lecture
from autograder.roster import Roster, fold, read_roster

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

COLUMNS = (
    "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score"
).split(",")
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
).split(",")
FORMULA = re.compile(
    r"\s*[=+@\uff1d\uff0b\uff20\uff0d-]|[\t\r\n]"
)  # as spreadsheets recognise one, full-width signs too


@dataclass(frozen=True)
class Student:
    """As the gradebook knows them."""

    id: str
    first: str
    last: str
    email: str
    number: str  # in the learning management system

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.last, self.first))) or self.id


@dataclass(frozen=True)
class Earned:
    """What a student earned in a lecture. raw: points; penalty: for being late; waiting: a written answer is not graded yet."""

    raw: float
    penalty: float
    timestamp: str
    waiting: bool

    @property
    def score(self) -> float:
        return max(0.0, self.raw - self.penalty)


@dataclass(frozen=True)
class Column:
    """A lecture in the gradebook. most: the points it has; earned: by student."""

    lecture: str
    due: str
    most: float
    earned: dict[str, Earned]

    @cached_property
    def _by_key(self) -> dict[str, Earned]:
        return {fold(student): earned for student, earned in self.earned.items()}

    def points(self, student: str, otherwise: str = "") -> str:
        """What to write for a student, whose id may differ in case and accents from the gradebook's."""
        earned = self.earned.get(student) or self._by_key.get(fold(student))
        return _points(earned.score) if earned else otherwise


def export(
    course: Course, path: Path, form: str = "csv", lecture: Lecture | None = None, roster: Path | None = None
) -> list[str]:
    """Write the grades of all lectures, or of one, to a file. form: "csv", "canvas" or "moodle".

    Returns what a teacher should know before importing it, a line each. Raises CourseError where there is nothing to write.
    """
    people = read_roster(roster.expanduser()) if roster else None
    students, columns = read_grades(course, lecture)
    notes = list(people.problems) if people else []
    for column in columns:
        waiting = [student for student, earned in column.earned.items() if earned.waiting]
        if waiting:
            notes.append(
                f"{column.lecture}: written answers of {_some(waiting)} are not graded yet; they count 0 points here."
            )
        broken = _not_judged(course, column.lecture)
        if broken:
            notes.append(f"{column.lecture}: {_some(broken)} could not be judged and stand with 0 points here.")
    if people:
        strangers = [student for student in students if people.person(student) is None]
        if strangers and form != "csv":
            notes.append(f"Not on the roster, and so not in the file: {_some(strangers)}.")
    if form == "csv":
        table = _nbgrader(students, columns)
    elif form == "canvas":
        table = _canvas(students, columns, people, notes)
    else:
        table = _moodle(students, columns, people, notes)
    records.write_whole(path, _csv(table, notes))
    return notes


def _not_judged(course: Course, lecture: str) -> list[str]:
    """Students whose submission as a whole could not be judged, by the records of the last run."""
    found = []
    for path in sorted(records.folder(course, Lecture(course.root, lecture)).glob("*.json")):
        try:
            record = records.read(path)
        except CourseError:
            continue  # a damaged record is the report's to name
        if record.problem:
            found.append(record.student)
    return found


def read_grades(course: Course, lecture: Lecture | None = None) -> tuple[dict[str, Student], list[Column]]:
    """The students of the gradebook by id, and a column for each lecture, or for one. Raises CourseError where none is there."""
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import SQLAlchemyError

    if url(course) == course.gradebook_url and not (course.root / "gradebook.db").is_file():
        raise CourseError("There is no gradebook.db yet; run `autograder grade LECTURE` first.")
    name = configuration(course).CourseDirectory.get("course_id") or "default_course"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader 0.9 uses SQLAlchemy in ways that newer releases frown upon
            with Gradebook(url(course), name) as gradebook:
                students = {
                    student.id: Student(
                        student.id,
                        student.first_name or "",
                        student.last_name or "",
                        student.email or "",
                        student.lms_user_id or "",
                    )
                    for student in gradebook.students
                }
                columns = [
                    _column(gradebook, assignment)
                    for assignment in gradebook.assignments
                    if lecture is None or assignment.name == lecture.name
                ]
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0][:200]
        raise CourseError(f"The gradebook can't be read ({reason}); is another program writing to it?") from error
    if not columns:
        which = lecture.name if lecture else "LECTURE"
        raise CourseError(f"The gradebook holds no grades of {which}; run `autograder grade {which}` first.")
    return students, columns


def _column(gradebook: Gradebook, assignment: object) -> Column:
    from nbgrader.api import SubmittedAssignment

    rows = gradebook.db.query(SubmittedAssignment).filter(SubmittedAssignment.assignment_id == assignment.id).all()
    earned = {
        row.student_id: Earned(
            row.score,
            row.late_submission_penalty or 0.0,
            str(row.timestamp) if row.timestamp else "",
            bool(row.needs_manual_grade),
        )
        for row in rows
    }
    due = str(assignment.duedate) if assignment.duedate else ""
    return Column(assignment.name, due, assignment.max_score, dict(sorted(earned.items())))


# ------------------------------------------------------------------------------------------------------------- formats


def _nbgrader(students: dict[str, Student], columns: list[Column]) -> list[list[str]]:
    table = [COLUMNS]
    for column in columns:
        for student in students.values():
            earned = column.earned.get(student.id, Earned(0.0, 0.0, "", False))
            raw, penalty, score = (str(float(number)) for number in (earned.raw, earned.penalty, earned.score))
            who = [student.id, student.last, student.first, student.email]
            table.append([column.lecture, column.due, earned.timestamp, *who, raw, penalty, score, str(column.most)])
    return table


def _canvas(
    students: dict[str, Student], columns: list[Column], roster: Roster | None, notes: list[str]
) -> list[list[str]]:
    """Canvas finds a student by ID, else SIS User ID, else SIS Login ID, else name; an assignment by the number in its title."""
    if roster is None or roster.kind != "canvas":
        if roster is None:
            notes.append(
                "Without --roster Canvas looks students up by SIS Login ID, where our ids stand, and offers to make new "
                "assignments; with its own grade book as --roster it finds both by number."
            )
        who = (
            [
                [person.name, person.canvas, person.sis, person.login or person.id, person.section]
                for person in roster.people
            ]
            if roster
            else [[student.name, student.number, "", student.id, ""] for student in students.values()]
        )
        ids = [person.id for person in roster.people] if roster else list(students)
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(column.lecture for column in columns)]
        most = ["    Points Possible", "", "", "", "", *(_points(column.most) for column in columns)]
        rows = [
            [*cells, *(column.points(student) for column in columns)] for cells, student in zip(who, ids, strict=True)
        ]
        return [header, most, *rows]

    section = roster.column("section")
    places = [_place(roster, section + 1, column, notes) for column in columns]
    header = roster.header[: section + 1] + [
        column.lecture if place is None else roster.header[place] for column, place in zip(columns, places, strict=True)
    ]
    most = ["    Points Possible", *[""] * section, *(_points(column.most) for column in columns)]
    for row in roster.rows:
        if "points possible" in row[0].lower():
            _complain_of_points(row, columns, places, notes)
    rows = []
    for person in roster.people:
        row = roster.rows[person.row]
        there = ["" if place is None else row[place] for place in places]
        points = [column.points(person.id, old) for column, old in zip(columns, there, strict=True)]
        rows.append(row[: section + 1] + points)
    return [header, most, *rows]


def _place(roster: Roster, first: int, column: Column, notes: list[str]) -> int | None:
    """Which column of Canvas's grade book is the lecture's, or None."""
    titles = {
        place: fold(re.sub(r"\s*\(\d+\)\s*$", "", roster.header[place])) for place in range(first, len(roster.header))
    }
    topic = fold(column.lecture[3:])
    exact = [place for place, title in titles.items() if title in (fold(column.lecture), topic)]
    found = exact or [place for place, title in titles.items() if title.endswith(topic)]
    if len(found) == 1:
        return found[0]
    what = f"may be any of {', '.join(roster.header[place] for place in found)}" if found else "is no column"
    notes.append(
        f"{column.lecture} {what} in Canvas's grade book: on import Canvas asks which assignment is meant, or makes a new one. "
        f"An assignment called {column.lecture} is found by itself."
    )
    return None


def _complain_of_points(row: list[str], columns: list[Column], places: list[int | None], notes: list[str]) -> None:
    for column, place in zip(columns, places, strict=True):
        try:
            theirs = float(row[place].replace(",", ".")) if place is not None else column.most
        except ValueError:
            continue
        if theirs != column.most:
            notes.append(
                f"{column.lecture} has {_points(theirs)} points in Canvas and {_points(column.most)} here; points are written as "
                "they are. Change the assignment's points in Canvas."
            )


def _moodle(
    students: dict[str, Student], columns: list[Column], roster: Roster | None, notes: list[str]
) -> list[list[str]]:
    """A worksheet is of one assignment. Moodle reads Identifier, Grade and Last modified (grade), and finds students by the first."""
    if len(columns) > 1:
        names = ", ".join(column.lecture for column in columns)
        raise CourseError(f"A worksheet of Moodle is of one assignment; name one of {names} with --lecture.")
    (column,) = columns
    if any(earned.score == 0 for earned in column.earned.values()):
        zeros = [student for student, earned in column.earned.items() if earned.score == 0]
        notes.append(f"Moodle's worksheet import passes over grades of 0: set those of {_some(zeros)} in Moodle.")
    if roster is not None and roster.kind == "worksheet":
        return _filled_worksheet(column, roster, notes)
    notes.append(
        "Without Moodle's grading worksheet as --roster this is no worksheet that Moodle takes back (it finds students by "
        "Identifier); import it under Grades, Import, CSV and map Email address and Grade."
    )
    if roster is not None:
        who = [
            (person.id, f"Participant {person.moodle}" if person.moodle else "", person.name, person.email)
            for person in roster.people
        ]
    else:
        who = [(student.id, "", student.name, student.email) for student in students.values()]
    rows = [
        [number, name, email, "", column.points(student), _points(column.most), "Yes", "-", "-", ""]
        for student, number, name, email in who
    ]
    return [WORKSHEET, *rows]


def _filled_worksheet(column: Column, roster: Roster, notes: list[str]) -> list[list[str]]:
    grade, most = roster.column("grade"), roster.column("maximum grade")
    locked = roster.column("grade can be changed")
    rows = [list(row) for row in roster.rows]
    fixed, other = [], set()
    for person in roster.people:
        row = rows[person.row]
        new = column.points(person.id, row[grade])
        if locked is not None and row[locked].strip().lower() == "no" and new != row[grade]:
            fixed.append(person.id)
        if most is not None and row[most].strip() not in ("", "-"):
            other.add(row[most].strip())
        row[grade] = new
    if fixed:
        notes.append(f"Moodle says that these grades can't be changed: {_some(fixed)}.")
    for theirs in sorted(other):
        if re.fullmatch(r"[\d.,]+", theirs) and float(theirs.replace(",", ".")) != column.most:
            notes.append(
                f"{column.lecture} has {theirs} points in Moodle and {_points(column.most)} here; points are written as they are, "
                "and Moodle passes over those above its own. Change the assignment's maximum grade in Moodle."
            )
    return [roster.header, *rows]


# --------------------------------------------------------------------------------------------------------------- cells


def _points(number: float) -> str:
    """With two decimals at most, as Canvas and Moodle show them."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _csv(table: Iterable[Sequence[str]], notes: list[str]) -> str:
    changed: list[str] = []

    def cell(text: str) -> str:
        text = text.replace("\0", "")
        safe = defused(text)
        if safe != text and text not in changed:
            changed.append(text)
        return safe

    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([cell(text) for text in row] for row in table)
    if changed:
        notes.append(f"Would be run as a formula by a spreadsheet, and got an apostrophe in front: {_some(changed)}.")
    return file.getvalue()


def defused(text: str) -> str:
    """A cell that no spreadsheet runs as a formula. Numbers and Moodle's lone dash stay as they are."""
    if not FORMULA.match(text) or text == "-" or re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return text
    return f"'{text}"
