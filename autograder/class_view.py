"""What a class did in a lecture, as numbers and lists: from the records of the judge and the grades in the gradebook."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from autograder.export import Column
from autograder.judge import LOST, Verdict
from autograder.records import Record

SHOWN = 3  # of the cases and messages of an exercise that no catalogued mistake explains


@dataclass(frozen=True)
class ExerciseView:
    """An exercise over all submissions. right + partly + wrong + missing: their number; mean: points; statuses: of those not right.

    seconds, most_seconds: CPU, the median and the largest; slowest: whose that is
    """

    id: str
    points: float
    right: int
    partly: int
    wrong: int
    missing: int
    mean: float
    statuses: tuple[tuple[str, int], ...]
    seconds: float
    most_seconds: float
    slowest: str

    @property
    def count(self) -> int:
        return self.right + self.partly + self.wrong + self.missing


@dataclass(frozen=True)
class MistakeView:
    """A catalogued mistake, what students are told of it, and who made it."""

    exercise: str
    id: str
    hint: str
    students: tuple[str, ...]

    @property
    def common(self) -> bool:
        """Whether more than one student made it."""
        return len(self.students) > 1


@dataclass(frozen=True)
class PuzzleView:
    """Wrong answers to an exercise that no catalogued mistake explains: who, on which cases, with which messages, how often."""

    exercise: str
    students: tuple[str, ...]
    cases: tuple[tuple[str, int], ...]
    messages: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class LookView:
    """A student whose submission a person should look at, and why."""

    student: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class StudentView:
    """A submission. points: all that it earned so far, by hand too; verdicts: in the order of the exercises, None where none is.

    waiting: a written answer is not graded yet; seconds, memory: CPU, and the peak in MB
    """

    name: str
    points: float
    verdicts: tuple[Verdict | None, ...]
    late: bool
    waiting: bool
    seconds: float
    memory: float


@dataclass
class ClassView:
    """Everything that the page for teachers shows. most: points there are; judged: how many of them the judge gives."""

    lecture: str
    most: float
    judged: float
    students: list[StudentView]
    order: list[str]  # the exercises as in the lecture
    exercises: list[ExerciseView]  # the hardest first
    mistakes: list[MistakeView]  # the most common first
    puzzles: list[PuzzleView]
    looks: list[LookView]  # the gravest first
    seeds: list[str]
    tiers: list[str]
    devices: list[str]
    versions: list[str]
    warnings: list[str] = field(default_factory=list)

    @property
    def points(self) -> list[float]:
        return [student.points for student in self.students]

    @property
    def median(self) -> float:
        return median(self.points)

    @property
    def waiting(self) -> list[str]:
        return [student.name for student in self.students if student.waiting]


def class_view(records: Sequence[Record], column: Column | None = None, late: Collection[str] = ()) -> ClassView:
    """What a class did. records: at least one; column: the lecture in the gradebook, None where it is not there; late: students."""
    names = list(dict.fromkeys(verdict.exercise for record in records for verdict in record.verdicts))
    judged = max(sum(verdict.points for verdict in record.verdicts) for record in records)
    late = set(late) | _late_in_gradebook(column)
    students = [_student(record, names, column, record.student in late) for record in records]
    return ClassView(
        lecture=records[0].lecture,
        most=column.most if column else judged,
        judged=judged,
        students=students,
        order=names,
        exercises=sorted((_exercise(name, records) for name in names), key=lambda view: view.mean / (view.points or 1)),
        mistakes=_mistakes(records),
        puzzles=_puzzles(records),
        looks=_looks(records, late),
        seeds=_counted(str(record.seed) for record in records),
        tiers=_counted(record.tier for record in records),
        devices=_counted(_computed_by(record.devices) for record in records),
        versions=_counted(
            ", ".join(f"{name} {version}" for name, version in record.versions.items()) for record in records
        ),
    )


def _late_in_gradebook(column: Column | None) -> set[str]:
    """Who was late by the due date that the gradebook has. Both times are written alike, so they compare as text."""
    if column is None:
        return set()
    return {
        student
        for student, earned in column.earned.items()
        if earned.penalty > 0 or (column.due and earned.timestamp > column.due)
    }


def _student(record: Record, names: list[str], column: Column | None, late: bool) -> StudentView:
    earned = column.earned.get(record.student) if column else None
    by_name = {verdict.exercise: verdict for verdict in record.verdicts}
    return StudentView(
        record.student,
        earned.score if earned else record.score,
        tuple(map(by_name.get, names)),
        late,
        bool(earned and earned.waiting),
        sum(verdict.seconds for verdict in record.verdicts),
        max((verdict.memory for verdict in record.verdicts), default=0.0),
    )


def _exercise(name: str, records: Sequence[Record]) -> ExerciseView:
    found = [(record.student, v) for record in records for v in record.verdicts if v.exercise == name]
    verdicts = [verdict for _, verdict in found]
    right = sum(verdict.status == "right" for verdict in verdicts)
    missing = sum(verdict.status == "missing" for verdict in verdicts)
    partly = sum(verdict.score > 0 and verdict.status not in ("right", "missing") for verdict in verdicts)
    slowest, longest = max(found, key=lambda pair: pair[1].seconds)
    statuses = Counter(verdict.status for verdict in verdicts if verdict.status not in ("right", "missing"))
    return ExerciseView(
        name,
        max(verdict.points for verdict in verdicts),
        right,
        partly,
        len(verdicts) - right - missing - partly,
        missing,
        sum(verdict.score for verdict in verdicts) / len(verdicts),
        tuple(statuses.most_common()),
        median(verdict.seconds for verdict in verdicts),
        longest.seconds,
        slowest,
    )


def _mistakes(records: Sequence[Record]) -> list[MistakeView]:
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    hints: dict[tuple[str, str], str] = {}
    for record in records:
        for verdict in record.verdicts:
            if verdict.hint:
                who[verdict.exercise, verdict.hint].append(record.student)
                hints[verdict.exercise, verdict.hint] = verdict.advice
    found = [MistakeView(*key, hints[key], tuple(students)) for key, students in who.items()]
    return sorted(found, key=lambda mistake: (-len(mistake.students), mistake.exercise, mistake.id))


def _puzzles(records: Sequence[Record]) -> list[PuzzleView]:
    who: dict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    for record in records:
        for verdict in record.verdicts:
            if not verdict.hint and verdict.status in ("differs", "raised"):
                who[verdict.exercise].append((record.student, verdict))
    found = []
    for exercise, pairs in who.items():
        cases = Counter(case.name for _, verdict in pairs for case in verdict.cases if not case.passed)
        messages = Counter(_without_case(verdict) for _, verdict in pairs if verdict.message)
        students = tuple(student for student, _ in pairs)
        found.append(
            PuzzleView(exercise, students, tuple(cases.most_common(SHOWN)), tuple(messages.most_common(SHOWN)))
        )
    return sorted(found, key=lambda puzzle: (-len(puzzle.students), puzzle.exercise))


def _without_case(verdict: Verdict) -> str:
    """The message without the name of the case it is about, so that equal ones count together."""
    for case in verdict.cases:
        if verdict.message.startswith(f"{case.name}: "):
            return verdict.message.removeprefix(f"{case.name}: ")
    return verdict.message


def _looks(records: Sequence[Record], late: Collection[str]) -> list[LookView]:
    ranked = []
    for record in records:
        lost = [verdict for verdict in record.verdicts if verdict.status in LOST]
        blank = record.verdicts and all(verdict.status == "missing" for verdict in record.verdicts)
        notes = dict.fromkeys(f"{verdict.exercise}: {note}" for verdict in record.verdicts for note in verdict.notes)
        reasons = [
            *([f"Not judged. {record.problem.removeprefix(f'{record.student}: ')}"] if record.problem else []),
            *(f"{verdict.exercise} {verdict.status}. {verdict.message}".strip() for verdict in lost),
            *notes,
            *(["Nothing is written yet."] if blank and not record.problem else []),
            *(["Late."] if record.student in late else []),
        ]
        if reasons:
            gravity = (bool(record.problem), bool(lost), bool(notes), bool(blank))
            ranked.append((tuple(not grave for grave in gravity), LookView(record.student, tuple(reasons))))
    return [look for _, look in sorted(ranked, key=lambda pair: (pair[0], pair[1].student))]


def _computed_by(devices: dict[str, str]) -> str:
    return f"{devices['reference']} (reference), {devices['students']} (students' code)"


def _counted(values: Iterable[str]) -> list[str]:
    """The different values, the most common first; with how often where there is more than one."""
    counts = Counter(values).most_common()
    if len(counts) == 1:
        return [value for value, _ in counts]
    return [f"{value} ({count} submission{'s' * (count != 1)})" for value, count in counts]
