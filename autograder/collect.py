"""`autograder collect LECTURE PATH`: what students handed in elsewhere, into submitted/STUDENT/LECTURE as nbgrader lays it out.

Every notebook in the folder or zip ends in one of three places, and the report says in which:

    submitted/STUDENT/LECTURE/LECTURE.ipynb            the newest of a student, with timestamp.txt beside it
    .autograder/attempts/LECTURE/STUDENT/TIME.ipynb    the student's other ones, also what lay in submitted/ before
    .autograder/unclaimed/LECTURE/...                  those that can be given to nobody

Collecting the same download twice changes nothing.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

from autograder.downloads import Download, NotRead, downloads, printable
from autograder.filenames import Claim, claim, common_folders
from autograder.layout import Course, CourseError, Lecture, is_safe_name
from autograder.roster import Person, Roster, fold, read_roster
from autograder.submissions import Submission

STAMP = "%Y-%m-%d %H:%M:%S.%f %Z"  # nbgrader's
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass
class Collected:
    """What came of a download: students by what happened to their submission, and files by what is wrong with them.

    late: those known to be; perhaps_late: where only the hour of the download is known, and that is after the deadline
    attempts, unclaimed, unread, others, twins, problems: a line each
    """

    lecture: str
    deadline: datetime | None = None
    dry_run: bool = False
    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    perhaps_late: list[str] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    twins: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether everything found its place and nothing waits for the teacher to look at it."""
        return not (self.unclaimed or self.unread or self.problems)

    def lines(self) -> Iterator[str]:
        """The report, for the terminal."""
        count = len(self.new) + len(self.replaced) + len(self.unchanged)
        parts = [
            f"{len(students)} {word}"
            for students, word in (
                (self.new, "new"),
                (self.replaced, "newer than before"),
                (self.unchanged, "as before"),
            )
            if students
        ]
        verb = "Would collect" if self.dry_run else "Collected"
        yield f"{verb} {self.lecture} of {count} student{'s' * (count != 1)}{': ' if parts else ''}{', '.join(parts)}."
        if self.deadline is not None:
            yield f"The deadline was {self.deadline.astimezone():%Y-%m-%d %H:%M %Z}."
        perhaps = (
            "After the deadline is the hour of the download, which is all that the names and the zip tell; with Moodle's "
            "grading worksheet as --roster the late ones are known"
        )
        for title, entries in (
            ("Late", self.late),
            (perhaps, self.perhaps_late),
            ("More than one attempt; the newest counts, the others are kept", self.attempts),
            ("The very same file", self.twins),
            (f"Nobody's; kept in .autograder/unclaimed/{self.lecture}/", self.unclaimed),
            ("Not read", self.unread),
            ("No notebooks; they stay where they are", self.others),
            ("On the roster, and handed in nothing", self.absent),
            ("To look at", self.problems),
        ):
            if entries:
                yield f"{title} ({len(entries)}):"
                yield from (f"  {printable(entry) if len(entry) < 200 else entry}" for entry in entries)
        if (self.new or self.replaced) and not self.dry_run:
            again = f" --student {' '.join(map(_quoted, self.replaced))}" if self.replaced and not self.new else ""
            yield f"Next: autograder grade {self.lecture}{again}"


@dataclass(frozen=True)
class Attempt:
    """One notebook of a student. time: when it was handed in, as far as known; stamp: what timestamp.txt will say."""

    file: Download
    claim: Claim
    time: datetime
    stamp: datetime

    @property
    def rank(self) -> tuple[bool, tuple[int, int], datetime]:
        """The highest counts: called like the lecture, then by the system's numbers, then by time."""
        numbered = self.claim.order if self.claim.system == "canvas" else (0, 0)
        return self.claim.fits, numbered, self.time, self.claim.order


def collect(
    course: Course,
    lecture: Lecture,
    path: Path,
    roster: Path | None = None,
    deadline: str | None = None,
    dry_run: bool = False,
) -> Collected:
    """Collect a lecture from a folder or zip. deadline: ISO 8601, in the clock of this machine if it names no zone.

    Raises CourseError where nothing can be collected at all; what is wrong with one file is a line in the result.
    """
    path = path.expanduser()
    here, there = course.submitted.resolve(), path.resolve()
    if there == here or here in there.parents or there in here.parents:
        raise CourseError(
            f"{path} holds submitted/ or lies in it, where submissions are collected to. Name the folder or zip they come from."
        )
    people = read_roster(roster.expanduser()) if roster else None
    due = _deadline(deadline) if deadline else None
    result = Collected(lecture.name, due, dry_run, problems=list(people.problems) if people else [])
    with downloads(path) as files:
        desk = _Desk(course, lecture, people, due, result)
        for student, attempts in sorted(desk.sorted_out(files).items()):
            desk.hand_over(student, attempts)
        desk.say_who_is_twin()
        desk.remember_who_was_late()
    if people:
        handed = {fold(student) for student in (*result.new, *result.replaced, *result.unchanged)}
        result.absent = [
            f"{person.id} ({person.name})" if person.name else person.id
            for person in people.people
            if fold(person.id) not in handed and not (course.submitted / person.id / lecture.name).is_dir()
        ]
    return result


def _deadline(text: str) -> datetime:
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        raise CourseError(
            f"{text!r} is no time; write a deadline like 2026-03-01T23:59 or 2026-03-01T23:59+01:00."
        ) from None
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text.strip()):
        due = datetime.combine(due.date(), time.max)  # a day ends at midnight
    return due.astimezone(UTC)


def _quoted(student: str) -> str:
    return student if re.fullmatch(r"[\w.@+=,-]+", student) else f"'{student}'"


class _Nobodys(Exception):
    """A file that can be given to no student; the message says why."""


class _Desk:
    """Where files are given to students and put into their folders."""

    def __init__(
        self, course: Course, lecture: Lecture, roster: Roster | None, deadline: datetime | None, result: Collected
    ) -> None:
        self.course, self.lecture, self.roster, self.deadline, self.result = course, lecture, roster, deadline, result
        self.kept = course.root / ".autograder" / "attempts" / lecture.name
        self.unclaimed = course.root / ".autograder" / "unclaimed" / lecture.name
        self.spelling = {_same_folder(folder.name): folder.name for folder in _folders(course.submitted)}
        self.by_content: dict[str, list[str]] = defaultdict(list)
        self.planned: set[Path] = set()

    # ---- whose is it

    def sorted_out(self, files: list[Download]) -> dict[str, list[Attempt]]:
        """The attempts by student. Files that are nobody's, no notebooks or not readable are put on the result."""
        notebooks = []
        for file in files:
            if not file.is_notebook:
                self.result.others.append(f"{file.shown}: {file.problem or 'is no notebook (.ipynb)'}")
            elif file.problem:
                self.result.unread.append(f"{file.shown} {file.problem}.")
            else:
                notebooks.append(file)
        depth = common_folders([file.parts for file in notebooks], self.lecture.name)
        others = [lecture.name for lecture in self.course.lectures() if lecture.name != self.lecture.name]
        claims = [(file, claim(file.parts[depth:], self.lecture.name, others)) for file in notebooks]
        numbers = defaultdict(set)
        for _, said in claims:
            if said.names:
                numbers[said.system, fold(said.names[0])].add(said.number)
        found: dict[str, list[Attempt]] = defaultdict(list)
        for file, said in claims:
            twins = bool(said.names) and len(numbers[said.system, fold(said.names[0])]) > 1
            try:
                student, person = self._student(said, twins)
            except _Nobodys as why:
                self._set_aside(file, str(why))
                continue
            known = self.spelling.setdefault(_same_folder(student), student)
            if unicodedata.normalize("NFC", known) != student:
                self._once(f"{student} and {known} are taken as one student, {known}.")
            found[known].append(self._attempt(file, said, person, known))
        return found

    def _student(self, said: Claim, twins: bool) -> tuple[str, Person | None]:
        """The name of the student's folder, and who that is on the roster. twins: two people of that name are in the download.

        Raises _Nobodys
        """
        if said.other:
            raise _Nobodys(f"it is called like {said.other}; collect that lecture from it")
        if self.roster is None:
            name = re.sub(r"\s+", "_", said.names[0] if said.names else said.number)
            name = f"{name}-{said.number}" if twins and said.number else name
            if not name:
                raise _Nobodys("its name names no student")
            if not is_safe_name(name):
                raise _Nobodys(f"{name!r} can't be the name of a folder; give a --roster with an id for the student")
            return name, None
        people = self.roster.find(said.names, **({said.system: said.number} if said.system else {}))
        if len(people) == 1:
            return people[0].id, people[0]
        who = " or ".join(map(repr, said.names)) or "it"
        who += f", number {said.number}," if said.number else ""
        if people:
            raise _Nobodys(f"{who} may be {', '.join(person.id for person in people)}")
        raise _Nobodys(f"{who} is not on the roster" if said.names or said.number else "its name names no student")

    def _attempt(self, file: Download, said: Claim, person: Person | None, student: str) -> Attempt:
        """When it was handed in, and whether that was late."""
        when = person.handed_in if person and person.handed_in else file.time
        stamp, exact = when, not said.system or bool(person and person.handed_in)
        after = self.deadline is not None and when > self.deadline
        worksheet = self.roster is not None and self.roster.kind == "worksheet"
        late = said.late or bool(person and person.late) or (exact and after)
        if late and student not in self.result.late:
            self.result.late.append(student)
        elif not late and after:
            stamp = self.deadline  # the system's mark is missing, and then its zip holds the hour of the download
            if said.system == "moodle" and not worksheet and student not in self.result.perhaps_late:
                self.result.perhaps_late.append(student)
        return Attempt(file, said, when, stamp)

    # ---- into the folders

    def hand_over(self, student: str, attempts: list[Attempt]) -> None:
        """Put a student's newest attempt into submitted/ and keep the others, also the one that lay there before."""
        read = []
        for attempt in attempts:
            try:
                read.append((attempt, attempt.file.read()))
            except NotRead as problem:
                self.result.unread.append(f"{attempt.file.shown} {problem}.")
        if not read:
            return
        read.sort(key=lambda pair: pair[0].rank)
        newest, data = read.pop()
        try:
            self._place(student, newest, data, read)
        except OSError as error:
            if error.errno in FULL:
                raise CourseError(
                    f"Stopped at {student}: {error.strerror}. What was collected before is complete; collect again."
                ) from error
            self.result.problems.append(f"{student}: could not be written ({error.strerror}); nothing of it was lost.")

    def _place(self, student: str, newest: Attempt, data: bytes, older: list[tuple[Attempt, bytes]]) -> None:
        folder = self.course.submitted / student / self.lecture.name
        notebook = folder / f"{self.lecture.name}.ipynb"
        crooked = next((path for path in (folder.parent, folder, notebook) if path.is_symlink()), None)
        if crooked is None and notebook.exists() and not notebook.is_file():
            crooked = notebook
        if crooked is not None:
            for attempt, _ in (*older, (newest, data)):
                self._set_aside(attempt.file, f"{crooked.relative_to(self.course.root)} is a link or no ordinary file")
            return
        for attempt, other in older:
            if other != data:
                self._keep(student, other, attempt.time, f"{attempt.file.shown} of {_clock(attempt.time)}")
            else:
                self.result.attempts.append(f"{student}: {attempt.file.shown} is the same file")
        if not data.strip():
            self.result.problems.append(f"{student}: {newest.file.shown} is empty; ask for it again.")
        self.by_content[hashlib.sha256(data).hexdigest()].append(student)
        if not notebook.is_file():
            self.result.new.append(student)
        else:
            there = notebook.read_bytes()
            stamp, changed = _handed_in(Submission(student, self.lecture, notebook))
            if there == data:
                self.result.unchanged.append(student)
                return
            if (stamp, changed) > (newest.stamp, newest.time):
                self.result.unchanged.append(student)
                self._keep(
                    student,
                    data,
                    newest.time,
                    f"{newest.file.shown} of {_clock(newest.time)} is older than what is there",
                )
                return
            self.result.replaced.append(student)
            self._keep(student, there, changed, f"the one collected before, of {_clock(stamp)}")
        if not self.result.dry_run:
            _write(folder / "timestamp.txt", newest.stamp.strftime(STAMP).encode(), newest.time)
            _write(notebook, data, newest.time)

    def _keep(self, student: str, data: bytes, when: datetime, what: str) -> None:
        """Keep an attempt that does not count."""
        folder = self.kept / student
        name = self._put(folder, f"{when:%Y-%m-%dT%H-%M-%SZ}", ".ipynb", data, when)
        self.result.attempts.append(f"{student}: {what}, in {name.relative_to(self.course.root)}")

    def _set_aside(self, file: Download, why: str) -> None:
        """Keep a file that is nobody's."""
        try:
            data = file.read()
            stem = "__".join(map(_tame, (*file.parts[-3:-1], file.parts[-1].rpartition(".")[0])))[-150:]
            path = self._put(self.unclaimed, stem or "file", ".ipynb", data, file.time)
        except NotRead as problem:
            self.result.unread.append(f"{file.shown} {problem}.")
        except OSError as error:
            raise CourseError(f"{file.shown} could not be kept: {error.strerror}.") from error
        else:
            self.result.unclaimed.append(f"{file.shown}: {why}" + (f"; as {path.name}" * (path.name != file.parts[-1])))

    def _put(self, folder: Path, stem: str, suffix: str, data: bytes, when: datetime) -> Path:
        """Write under the first name that is free, or that holds the same already."""
        number = 1
        while True:
            path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
            number += 1
            if path in self.planned:
                continue
            if not os.path.lexists(path):
                break
            if path.is_file() and not path.is_symlink() and path.read_bytes() == data:
                return path
        if self.result.dry_run:
            self.planned.add(path)
        else:
            _write(path, data, when)
        return path

    def _once(self, line: str) -> None:
        if line not in self.result.problems:
            self.result.problems.append(line)

    def remember_who_was_late(self) -> None:
        """For the report: nbgrader's timestamp can't say it where the system only gave a mark."""
        known = set(collected_late(self.course, self.lecture))
        if self.deadline is not None:  # then we know better
            known -= {*self.result.new, *self.result.replaced, *self.result.unchanged}
        late = sorted(known | set(self.result.late))
        path = _late_file(self.course, self.lecture)
        if not self.result.dry_run and (late or path.exists()):
            _write(path, json.dumps(late, ensure_ascii=False).encode(), datetime.now(UTC))

    def say_who_is_twin(self) -> None:
        """Who handed in the very same bytes, unless they are those of the release."""
        try:
            released = hashlib.sha256(self.lecture.released.read_bytes()).hexdigest()
        except OSError:
            released = ""
        for content, students in self.by_content.items():
            if len(students) > 1:
                what = " (the notebook as it was released)" if content == released else ""
                self.result.twins.append(", ".join(students) + what)


def collected_late(course: Course, lecture: Lecture) -> list[str]:
    """Who was late when the lecture was collected, by Canvas's marks, Moodle's worksheet or the deadline given then."""
    try:
        late = json.loads(_late_file(course, lecture).read_bytes())
    except (OSError, ValueError):
        return []
    return [student for student in late if isinstance(student, str)] if isinstance(late, list) else []


def _late_file(course: Course, lecture: Lecture) -> Path:
    return course.root / ".autograder" / "late" / f"{lecture.name}.json"


def _folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.iterdir() if folder.is_dir()) if path.is_dir() else []


def _same_folder(name: str) -> str:
    """Names that are one folder on macOS or Windows are one student: case, and composed or decomposed letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).rstrip(". ")


def _tame(name: str) -> str:
    return re.sub(r"[^\w.@+=,() -]", "_", name).lstrip(". ").encode()[:80].decode(errors="ignore")


def _clock(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M}"


def _handed_in(submission: Submission) -> tuple[datetime, datetime]:
    """What timestamp.txt says of a submission that is there, and when its file was changed; the latter twice without a stamp."""
    changed = datetime.fromtimestamp(submission.notebook.stat().st_mtime, UTC)
    for form in (STAMP, "%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.strptime(submission.timestamp or "", form).replace(tzinfo=UTC), changed
        except ValueError:
            continue
    return changed, changed


def _write(path: Path, data: bytes, when: datetime) -> None:
    """Write a file whole or not at all, dated by when it was handed in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".collecting-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.utime(name, (when.timestamp(), when.timestamp()))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
