"""Who is in the class: a CSV of ids, names and addresses, as teachers keep it or as Canvas and Moodle export it.

Understood are
  a list of your own, or nbgrader's        id, name (or first_name, last_name), email, canvas, moodle, lms_user_id
  Canvas, "Export entire gradebook"        Student, ID, SIS User ID, SIS Login ID, Section, ...
  Moodle, "Download grading worksheet"     Identifier, Full name, Email address, Status, ..., Grade, ...
  Moodle, grades or list of participants   First name, Last name (or Surname), ID number, Email address, ...

A student's folder in submitted/ is named by `id` or `student_id` in a list, by SIS Login ID, SIS User ID or ID of Canvas, and
by Username, ID number, Email address or name of Moodle: the first of them that is there.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from autograder.layout import CourseError, is_safe_name

MAX_SIZE = 20 * 2**20  # bytes
WORKSHEET_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")


@dataclass(frozen=True)
class Person:
    """One row. id: the folder's name in submitted/; canvas, moodle: the numbers in file names; row: where in `Roster.rows`.

    late, handed_in: what Moodle's worksheet says of the submission, False and None elsewhere
    """

    id: str
    name: str
    row: int
    email: str = ""
    canvas: str = ""
    sis: str = ""
    login: str = ""
    moodle: str = ""
    section: str = ""
    late: bool = False
    handed_in: datetime | None = None

    def keys(self) -> Iterator[str]:
        """What may stand for the person in a file's name, folded."""
        yield from map(fold, (self.id, self.email, self.login, self.sis))
        for address in (self.email, self.login):
            yield fold(address.partition("@")[0])
        words = self.name.replace(",", " ").split()
        for turn in range(len(words)):  # "Lovelace, Ada" is lovelaceada in Canvas and Ada Lovelace in Moodle
            yield fold("".join(words[turn:] + words[:turn]))


@dataclass
class Roster:
    """kind: "canvas", "worksheet" (Moodle's) or "list"; header, rows: the file as it was; problems: a line each."""

    kind: str
    header: list[str]
    rows: list[list[str]]
    delimiter: str
    people: list[Person] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def find(self, names: tuple[str, ...], canvas: str = "", moodle: str = "") -> list[Person]:
        """Who is meant: nobody, one, or several who could be. A number of the system decides, the names only where there is none.

        names: the first that anybody answers to counts
        """
        for number, known in ((canvas, self._by_number[0]), (moodle, self._by_number[1])):
            if number and number in known:
                return known[number]
        for name in map(fold, names):
            found = [
                person
                for person in self._by_key.get(name, ())
                if not (canvas and person.canvas) and not (moodle and person.moodle)
            ]
            if found:
                exact = [person for person in found if fold(person.id) == name]
                return exact if len(exact) == 1 else found
        return []

    def person(self, student: str) -> Person | None:
        return next(
            (person for person in self._by_key.get(fold(student), ()) if fold(person.id) == fold(student)), None
        )

    @cached_property
    def _by_key(self) -> dict[str, list[Person]]:
        return _index((key, person) for person in self.people for key in {*person.keys()})

    @cached_property
    def _by_number(self) -> tuple[dict[str, list[Person]], dict[str, list[Person]]]:
        """By Canvas's number and by Moodle's."""
        return _index((p.canvas, p) for p in self.people), _index((p.moodle, p) for p in self.people)

    def column(self, *names: str) -> int | None:
        """Where a column of one of these names is, or None."""
        return _column([_heading(title) for title in self.header], *names)


def _index(pairs: Iterable[tuple[str, Person]]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for key, person in pairs:
        if key:
            found.setdefault(key, []).append(person)
    return found


def fold(text: str) -> str:
    """Letters and digits alone, without case and accents: Müller, MÜLLER and Mu\u0308ller are muller."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if c.isalnum())


def read_roster(path: Path) -> Roster:
    """Read a roster. Raises CourseError where the file is not there, is no CSV, or names nobody."""
    text = _text(path)
    first = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise CourseError(f"{path.name} is no CSV that can be read ({error}); save it again as CSV in UTF-8.") from None
    if len(table) < 2:
        raise CourseError(f"{path.name} names nobody: a row of titles and a row for each student are expected.")
    header = [title.strip() for title in table[0]]
    rows = [row + [""] * (len(header) - len(row)) for row in table[1:]]
    titles = [_heading(title) for title in header]
    roster = Roster(_kind(titles), header, rows, delimiter)
    for number, row in enumerate(rows):
        person = _person(roster.kind, titles, row, number)
        if person is None:
            continue
        if not is_safe_name(person.id):
            roster.problems.append(
                f"{path.name}, row {number + 2}: {person.id!r} can't be the name of a folder; give the student another id."
            )
            continue
        roster.people.append(person)
    _complain_of_twins(roster, path.name)
    if not roster.people:
        raise CourseError(
            f"{path.name} names nobody. Its titles are {', '.join(header)[:300]}; expected are id and name, or those of a "
            "grade book that Canvas or Moodle exported in English."
        )
    return roster


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_SIZE:
            raise CourseError(f"{path.name} has more than {MAX_SIZE // 2**20} MB; that is no roster.")
        data = path.read_bytes()
    except OSError as error:
        raise CourseError(f"The roster {path} can't be read: {error.strerror}.") from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what Excel in western Europe calls CSV


def _heading(title: str) -> str:
    return re.sub(r"[\s_-]+", " ", title).strip().lower()


def _column(titles: list[str], *names: str) -> int | None:
    return next((titles.index(name) for name in names if name in titles), None)


def _kind(titles: list[str]) -> str:
    if {"student", "id", "section"} <= set(titles) or {"lastname", "firstname", "id", "section"} <= set(titles):
        return "canvas"
    return "worksheet" if "identifier" in titles and "grade" in titles else "list"


def _person(kind: str, titles: list[str], row: list[str], number: int) -> Person | None:
    """The person of a row, or None: Canvas puts rows of points and of posting policies among its students."""

    def cell(*names: str) -> str:
        index = _column(titles, *names)
        text = "" if index is None else unicodedata.normalize("NFC", row[index]).strip()
        return text[1:] if re.match(r"'[=+@-]", text) else text  # as `export` writes what a spreadsheet would run

    name = cell("name", "full name", "student name") or (cell("student") if kind == "canvas" or "id" in titles else "")
    last, first = cell("last name", "lastname", "surname"), cell("first name", "firstname")
    name = name or (f"{last}, {first}" if last and first else last or first)
    if "points possible" in name.lower() or not any(map(str.strip, row)):
        return None
    email = cell("email address", "email", "e mail", "mail")
    login, sis = cell("sis login id", "login id", "login"), cell("sis user id", "sis id")
    digits = re.search(r"(\d+)$", cell("identifier", "moodle", "moodle id", "participant"))
    common = {"name": name, "row": number, "email": email, "sis": sis, "login": login, "section": cell("section")}
    if kind == "canvas":
        canvas = cell("id")
        chosen = login or sis or canvas
        return Person(chosen, canvas=canvas, **common) if chosen else None
    common["moodle"] = digits[1] if digits else ""
    if kind == "worksheet":
        chosen = cell("username") or cell("id number") or email or name.replace(" ", "_") or common["moodle"]
        late = bool(re.search(r"\blate\b", cell("status")))
        time = _worksheet_time(cell("last modified (submission)"))
        return Person(chosen, late=late, handed_in=time, **common) if chosen else None
    chosen = cell("student id", "id", "username", "id number") or (cell("student") if name != cell("student") else "")
    chosen = chosen or email or name.replace(" ", "_")
    canvas = cell("canvas", "canvas id", "lms user id")
    return Person(chosen, canvas=canvas, **common) if chosen else None


def _worksheet_time(text: str) -> datetime | None:
    """Moodle writes times for people, in the clock of whoever downloads."""
    for form in WORKSHEET_TIMES:
        try:
            return datetime.strptime(text, form).astimezone(UTC)
        except ValueError:
            continue
    return None


def _complain_of_twins(roster: Roster, name: str) -> None:
    counts = Counter(fold(person.id) for person in roster.people)
    for key in [key for key, count in counts.items() if count > 1]:
        twins = [person for person in roster.people if fold(person.id) == key]
        roster.problems.append(
            f"{name}: {', '.join(person.name or person.id for person in twins)} have the same id {twins[0].id}; "
            "only the first is believed."
        )
        roster.people = [person for person in roster.people if person not in twins[1:]]
