"""`autograder audit FILE`: try right and wrong answers of one's own on the real judge.

FILE is Python that defines RIGHT = {exercise id: [source, ...]} and WRONG = {exercise id: {name: source}}. Each source is
run as a student's answer in the sandbox, on a fresh seed. A right one must be accepted; a wrong one must be refused, and one
named like a catalogued mistake should be recognised as that.
"""

from __future__ import annotations

import runpy
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from autograder.exercise import lecture as exercises_of
from autograder.exercise import topics
from autograder.judge import Sheet, Verdict, judge
from autograder.kernels import Zygote
from autograder.layout import Course, CourseError
from course.program import Piece

UNWRITTEN = [Piece("import numpy as np", "imports")]  # of a lecture that has exercises and no text yet


@dataclass
class Audit:
    """What the judge said, an entry an exercise: verdicts on the right sources in order, and on the wrong ones by name."""

    right: dict[str, list[Verdict]] = field(default_factory=dict)
    wrong: dict[str, dict[str, Verdict]] = field(default_factory=dict)
    known: dict[str, set[str]] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Every right source accepted, every wrong one refused."""
        return all(map(accepted, self._all(self.right.values()))) and not any(
            accepted(verdict) for named in self.wrong.values() for verdict in named.values()
        )

    @staticmethod
    def _all(lists: Any) -> Iterator[Verdict]:
        return (verdict for verdicts in lists for verdict in verdicts)

    def data(self) -> dict[str, Any]:
        """As `--json` writes it."""
        return {
            exercise: {
                "right": [accepted(verdict) for verdict in self.right.get(exercise, [])],
                "wrong": {
                    name: {"refused": not accepted(verdict), "hint": verdict.hint}
                    for name, verdict in self.wrong.get(exercise, {}).items()
                },
            }
            for exercise in self.exercises
        }

    @property
    def exercises(self) -> list[str]:
        return list(dict.fromkeys([*self.right, *self.wrong]))

    def lines(self) -> Iterator[str]:
        """For people: a line an exercise, and one for each source that came out otherwise than it should."""
        for exercise in self.exercises:
            right, wrong = self.right.get(exercise, []), self.wrong.get(exercise, {})
            catalogued = {name: verdict for name, verdict in wrong.items() if name in self.known[exercise]}
            named = sum(verdict.hint == name for name, verdict in catalogued.items())
            refused = sum(not accepted(verdict) for verdict in wrong.values())
            yield (
                f"{exercise}: {sum(map(accepted, right))} of {len(right)} right ones accepted, {refused} of {len(wrong)} wrong ones "
                f"refused, {named} of {len(catalogued)} named with their own hint"
            )
            for number, verdict in enumerate(right, 1):
                if not accepted(verdict):
                    yield f"    right source {number} was refused: {verdict.message}"
            for name, verdict in wrong.items():
                if accepted(verdict):
                    yield f"    wrong source {name!r} was accepted"
                elif name in catalogued and verdict.hint != name:
                    yield f"    wrong source {name!r} got {'the hint of ' + verdict.hint if verdict.hint else 'no hint'}: {verdict.message}"


def accepted(verdict: Verdict) -> bool:
    return verdict.status == "right"


def read_sources(path: Path) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """RIGHT and WRONG of a file. Raises CourseError where it doesn't define them in that form."""
    if not path.is_file():
        raise CourseError(f"There is no file {path}.")
    try:
        found = runpy.run_path(str(path))
    except BaseException as error:
        raise CourseError(f"{path} can't be run: {type(error).__name__}: {error}") from error
    right, wrong = found.get("RIGHT"), found.get("WRONG")
    if right is None and wrong is None:
        raise CourseError(
            f"{path} defines neither RIGHT = {{exercise: [source, ...]}} nor WRONG = {{exercise: {{name: source}}}}."
        )
    right, wrong = right or {}, wrong or {}
    fits = isinstance(right, dict) and all(isinstance(v, (list, tuple)) and _texts(v) for v in right.values())
    fits = fits and isinstance(wrong, dict) and all(isinstance(v, dict) and _texts(v.values()) for v in wrong.values())
    if not fits:
        raise CourseError(
            f"{path}: RIGHT must map ids to lists of sources, WRONG ids to dicts from names to sources; sources are text."
        )
    return right, wrong


def _texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def audit(
    course: Course,
    right: dict[str, list[str]],
    wrong: dict[str, dict[str, str]],
    zygote: Zygote,
    only: str | None = None,
    seed: int | None = None,
) -> Audit:
    """Run every source through the judge. only: one exercise id. Raises CourseError for an exercise that isn't there."""
    seed = secrets.randbits(31) if seed is None else seed
    sheets, setups = {}, {}
    released = {lecture.topic: lecture.released for lecture in course.lectures()}
    for topic in topics():
        setup = _setup(released[topic]) if topic in released else UNWRITTEN
        for exercise in exercises_of(topic).values():
            sheets[exercise.id], setups[exercise.id] = Sheet(exercise, seed), setup
    wanted = [only] if only else list(dict.fromkeys([*right, *wrong]))
    unknown = [exercise for exercise in wanted if exercise not in sheets]
    if unknown:
        raise CourseError(f"There is no exercise {', '.join(map(repr, unknown))}; there are: {', '.join(sheets)}.")
    result = Audit()

    def verdict(exercise: str, source: str) -> Verdict:
        pieces = [*setups[exercise], Piece(source, "the answer", exercise)]
        return judge(lambda only: pieces, [sheets[exercise]], zygote.fork)[0]

    for exercise in wanted:
        result.known[exercise] = set(sheets[exercise].exercise.mistakes)
        result.right[exercise] = [verdict(exercise, source) for source in right.get(exercise, [])]
        result.wrong[exercise] = {name: verdict(exercise, source) for name, source in wrong.get(exercise, {}).items()}
    return result


def _setup(released: Path) -> list[Piece]:
    """The imports of a lecture, as its notebook has them."""
    if not released.is_file():
        raise CourseError(f"{released.name} is not released; run `make release` first.")
    cells = nbformat.read(released, as_version=4).cells
    return [Piece(cell.source, "imports") for cell in cells if cell.metadata.get("setup")]
