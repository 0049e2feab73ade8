"""Which catalogued mistake explains what an answer did.

A mistake is recognised on the ordinary cases: there the answer's output must be the mistaken one, on every case. Cases made
for a special point (`edge`) may then go wrong in their own way: one who forgets the bias may also overflow, and is told
of the bias first. A mistake that shows only at the edges must be right, or nearly, on all ordinary cases, and mistaken
wherever the catalogue's is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from course import signs
from course.case import Outcome, Tolerance, difference


@dataclass(frozen=True)
class Judged:
    """One case as the diagnosis needs it: what is right, what came, how exactly, and whether it is an edge case."""

    right: Outcome
    got: Outcome
    tolerance: Tolerance
    edge: bool


@dataclass(frozen=True)
class Mistake:
    """ways: for each way to write it, its outcome on every case; sign: the name of a function in `course.signs`, or None."""

    id: str
    hint: str
    ways: tuple[tuple[Outcome, ...], ...]
    sign: str | None = None


def explain(cases: Sequence[Judged], mistakes: Sequence[Mistake]) -> Mistake | None:
    """The first mistake that explains every case; exact ones go before those recognised by a sign. None if none does."""
    if any(case.got.status not in ("returned", "raised") for case in cases if not case.edge):
        return None  # nothing came that could be explained
    if not any(difference(case.right, case.got, case.tolerance) for case in cases):
        return None
    for mistake in sorted(mistakes, key=lambda mistake: mistake.sign is not None):
        if any(_explains(way, mistake.sign, cases) for way in mistake.ways):
            return mistake
    return None


def _explains(way: Sequence[Outcome], sign: str | None, cases: Sequence[Judged]) -> bool:
    wrong = [
        difference(case.right, mistaken, case.tolerance) is not None for case, mistaken in zip(cases, way, strict=True)
    ]
    shows_in_ordinary = any(w and not case.edge for w, case in zip(wrong, cases, strict=True))
    clearly_wrong = False
    for case, mistaken, is_wrong in zip(cases, way, wrong, strict=True):
        if case.edge and shows_in_ordinary:
            continue
        nearly_right = difference(case.right, case.got, _nearly(case.tolerance)) is None
        if not (_fits(sign, case, mistaken) if is_wrong else nearly_right):
            return False
        clearly_wrong |= is_wrong and (sign is None or not nearly_right)
    return clearly_wrong


def _nearly(tolerance: Tolerance) -> Tolerance:
    """Right but for a few digits; where tiny numbers count (a tiny atol), of these too."""
    return tolerance.at_loosest(signs.NEARLY.rtol, signs.NEARLY.atol if tolerance.atol > 1e-20 else 0.0)


def _fits(sign: str | None, case: Judged, mistaken: Outcome) -> bool:
    if sign is not None:
        return getattr(signs, sign)(case.right, mistaken, case.got)
    spoils_alike = bool(mistaken.changed) == bool(case.got.changed)
    return spoils_alike and difference(mistaken, case.got, replace(case.tolerance, at_least=None)) is None
