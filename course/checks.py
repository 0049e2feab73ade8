"""`check(answer)`: run the visible cases in the reader's own notebook and say what went wrong.

A check is a help, not a grade: it runs where the answer runs. Grading uses other inputs, outside the student's process.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

from course import frozen_cases, probes, views, wire
from course.attempt import attempt
from course.case import Difference, Outcome, describe, differences
from course.diagnosis import Judged, Mistake, explain
from course.frozen_cases import FrozenCase, FrozenExercise
from course.show_values import compare_values, describe_arguments


@dataclass(frozen=True)
class CaseReport:
    """One visible case: its name, None or what is wrong, and lines that help to see it."""

    name: str
    difference: Difference | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What `check` found. It shows itself, as text and in a notebook.

    unwritten: the answer is still the stub; mistake: the catalogued mistake that explains all, or None
    """

    exercise: str
    cases: tuple[CaseReport, ...] = ()
    unwritten: bool = False
    mistake: Mistake | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> int:
        return sum(case.difference is None for case in self.cases)

    @property
    def right(self) -> bool:
        return bool(self.cases) and self.passed == len(self.cases) and not self.unwritten

    def lines(self) -> list[str]:
        """The report as plain text, a line each."""
        if self.unwritten:
            # what the stub's line looks like to the reader
            return [
                f"{self.exercise} is not written yet. Replace the line that raises NotImplementedError by your code."
            ]
        if not self.cases:
            return list(self.notes)
        said = [
            f"{self.exercise}: visible cases passed: {self.passed} of {len(self.cases)}; others are run at grading."
        ]
        if self.mistake:
            said.append(f"Hint: {self.mistake.hint}")
        said += self.notes
        told: set[str] = set()
        for case in self.cases:
            said.append(f"  {'pass' if case.difference is None else 'FAIL'}  {case.name}")
            if case.difference and not told:  # one case in full is enough to think about
                said += [f"        {line}" for line in case.lines]
            elif case.difference and case.lines[0] not in told:
                said.append(f"        {case.lines[0]}")
            told.update(case.lines[:1])
        return said

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same lines; colour only underlines what the words say."""
        rows = []
        for line in self.lines():
            word = line.split()[0] if line.strip() else ""
            colour = {"pass": "#0f7a43", "FAIL": "#c2540a", "Hint:": "#c2540a"}.get(word)
            weight = "font-weight:600;" if word == "Hint:" or line is self.lines()[0] else ""
            style = f"white-space:pre-wrap;{weight}" + (
                f"border-left:3px solid {colour};padding-left:6px" if colour else "padding-left:9px"
            )
            rows.append(f'<div style="{style}">{html.escape(line)}</div>')
        return f'<div style="font-family:monospace;line-height:1.5">{"".join(rows)}</div>'


def check(answer: Callable[..., Any]) -> Report:
    """Run your answer on its visible cases. answer: the function or class itself, not its name and not a call of it.

    Returns a report that shows itself. Nothing is raised for a wrong answer; a wrong argument gets a sentence.
    """
    exercise_id = getattr(answer, "__name__", None)
    if exercise_id is None or not callable(answer):
        return Report("check", unwritten=False, notes=(_not_an_answer(answer),))
    try:
        exercise = frozen_cases.load(exercise_id)
    except KeyError:
        known = ", ".join(frozen_cases.exercises())
        return Report(
            exercise_id,
            notes=(f"There is no exercise {exercise_id!r}. The function must keep its name; there are: {known}.",),
        )
    report = check_exercise(answer, exercise)
    return report if report.right else _with_earlier_answers(report, answer)


def _with_earlier_answers(report: Report, answer: Callable[..., Any]) -> Report:
    """The report, and which of the earlier answers that this one calls must be mended or written first."""
    for name, earlier in _earlier_answers(answer):
        found = check_exercise(earlier, frozen_cases.load(name))
        if found.unwritten:
            return Report(
                report.exercise, notes=(f"{report.exercise} calls {name}, which is not written yet; write that first.",)
            )
        if not found.right:
            note = f"{report.exercise} calls {name}, whose own check does not pass yet; mend that first."
            return replace(report, notes=(note, *report.notes))
    return report


def _earlier_answers(answer: Callable[..., Any]) -> list[tuple[str, Callable[..., Any]]]:
    """The other exercises that a function, or a class in its methods, calls by name."""
    functions = vars(answer).values() if isinstance(answer, type) else [answer]
    found: dict[str, Callable[..., Any]] = {}
    for function in functions:
        if isinstance(function, FunctionType):
            called = {name: function.__globals__.get(name) for name in function.__code__.co_names}
            found |= {name: value for name, value in called.items() if callable(value) and value is not answer}
    return [(name, found[name]) for name in frozen_cases.exercises() if name in found]


def check_exercise(answer: Callable[..., Any], exercise: FrozenExercise) -> Report:
    """The report of an answer on the cases of an exercise."""
    probe = getattr(probes, exercise.probe)
    view = getattr(views, exercise.view) if exercise.view else None
    outcomes = []
    for case in exercise.cases:
        outcome = attempt(answer, case.arguments, probe, view, case.truth)
        if outcome.status == "unwritten":
            return Report(exercise.id, unwritten=True)
        outcomes.append(_as_sent(outcome))
    cases = judged(exercise, outcomes)
    found = differences(
        [case.right for case in cases],
        outcomes,
        [case.tolerance for case in cases],
        exercise.outputs,
        exercise.parameters,
    )
    reports = [_case_report(exercise, *of_case) for of_case in zip(exercise.cases, outcomes, found, strict=True)]
    # a score may be low in one case and high enough on average: then nothing is wrong
    mistake = explain(cases, exercise.mistakes) if any(found) else None
    return Report(exercise.id, tuple(reports), mistake=mistake, notes=_notes(exercise, outcomes, mistake))


def _as_sent(outcome: Outcome) -> Outcome:
    """The outcome with its output as it would reach the judge: what can't travel there is not accepted here either."""
    try:
        return replace(outcome, output=wire.unpack(wire.pack(outcome.output)))
    except Exception as error:  # an object of the reader's own class that can't even be looked at
        return Outcome("bad data", message=f"What came back could not be read: {error}.", printed=outcome.printed)


def judged(exercise: FrozenExercise, outcomes: list[Outcome]) -> list[Judged]:
    """Each case with what came, as `explain` takes it."""
    return [
        Judged(case.right, outcome, exercise.tolerance.for_arguments(case.arguments), case.edge)
        for case, outcome in zip(exercise.cases, outcomes, strict=True)
    ]


def _case_report(exercise: FrozenExercise, case: FrozenCase, outcome: Outcome, found: Difference | None) -> CaseReport:
    if found is None:
        return CaseReport(case.name, None)
    lines = [f"{found.where}: {found.summary}" if found.where else found.summary]
    lines += [f"in line {number}: {source}" for number, source in outcome.trace[-3:]]
    if given := describe_arguments(exercise.parameters, case.arguments):
        lines.append(f"input: {given}")
    lines += compare_values(found)
    if outcome.printed:
        lines.append(f"it printed: {outcome.printed.strip().splitlines()[0][:100] if outcome.printed.strip() else ''}")
    return CaseReport(case.name, found, tuple(lines))


def _notes(exercise: FrozenExercise, outcomes: list[Outcome], mistake: Mistake | None) -> tuple[str, ...]:
    """What can be said of an answer that no catalogued mistake explains."""
    if mistake:
        return ()
    nothing = [outcome for outcome in outcomes if outcome.status == "returned" and outcome.output is None]
    if nothing and len(nothing) == len(outcomes):
        if any(outcome.printed for outcome in nothing):
            return (f"{exercise.id} prints its result and returns nothing; end it with `return` instead of `print`.",)
        return (f"{exercise.id} returns nothing. Does it end with `return`?",)
    return ()


def _not_an_answer(answer: Any) -> str:
    return f"check takes the function itself: check(squared_error_cost), without quotes or brackets; {describe(answer)} came."
