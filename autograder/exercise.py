"""An exercise as its author writes it: the solution, its cases, and the wrong answers that are to be named.

    squared_error_cost = Exercise(reference.squared_error_cost, points=1, cases=tables)

    @squared_error_cost.mistake
    def no_half(X, t, w, b):
        '''Your value is exactly twice the expected one; look again at the constant in front of the sum.'''
        return 2 * reference.squared_error_cost(X, t, w, b)

The docstring of a mistake is its hint. A second function under the same name is another way to write the same mistake.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np

from course import devices, probes, signs, views
from course.attempt import attempt
from course.case import Case, Outcome, Tolerance, difference, differences
from course.diagnosis import Mistake
from course.frozen_cases import FrozenCase, FrozenExercise

VISIBLE_SEED = 2  # of the cases that students see


@dataclass(frozen=True)
class WrongAnswer:
    """A catalogued mistake: one function for each way to write it; sign: how to know it when its numbers vary."""

    id: str
    hint: str
    ways: tuple[Callable[..., Any], ...]
    sign: Callable[..., bool] | None = None


@dataclass
class Exercise:
    """reference: the solution, a function or a class; its name is the exercise's id.

    points: what it is worth
    cases: a generator function of a `numpy.random.Generator` that yields the cases
    outputs: names of the results, for messages; probe: how an answer is run
    view: what of the output counts, one of `course.views`; at_least: the score that the view must reach, or several by name,
        on average over the cases or, with every_case, in each
    rtol, atol, dtype: when two outputs agree (see `course.case.Tolerance`); cpu_limit: CPU seconds for one case
    lean: leave out of the visible cases' file what the diagnosis never asks, for outputs that take much room
    """

    reference: Callable[..., Any]
    points: float
    cases: Callable[[np.random.Generator], Iterable[Case]]
    outputs: tuple[str, ...] = ()
    probe: Callable[..., Any] = probes.values
    view: views.View | None = None
    at_least: float | dict[str, float] | None = None
    every_case: bool = False
    rtol: float = 1e-6
    atol: float = 1e-8
    dtype: str | None = None
    cpu_limit: float = 10.0
    lean: bool = False
    mistakes: dict[str, WrongAnswer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.view is not None and getattr(views, self.view.__name__, None) is not self.view:
            raise ValueError(f"{self.id}: its view must be one of course.views, which students have too")
        if self.view is None and (self.at_least is not None or probes.talks(self.probe)):
            raise ValueError(f"{self.id}: a score, and a probe that is a conversation, need a view")

    @property
    def id(self) -> str:
        return self.reference.__name__

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def tolerance(self) -> Tolerance:
        bars = {"": self.at_least} if isinstance(self.at_least, (int, float)) else self.at_least
        at_least = None if bars is None else tuple(bars.items())
        return Tolerance(self.rtol, self.atol, self.dtype, at_least, self.every_case)

    def mistake(self, answer: Callable[..., Any] | None = None, *, sign: Callable[..., bool] | None = None) -> Any:
        """Decorator: add a wrong answer, or another way to write one that is there."""
        if answer is None:
            return lambda function: self.mistake(function, sign=sign)
        name = mistake_id(answer)
        known = self.mistakes.get(name)
        if known is None and not answer.__doc__:
            raise ValueError(f"{self.id}: the mistake {name} needs a docstring, which is its hint")
        if sign is not None and getattr(signs, sign.__name__, None) is not sign:
            raise ValueError(f"{self.id}: the sign of {name} must be one of course.signs, which students have too")
        self.mistakes[name] = WrongAnswer(
            name,
            known.hint if known else " ".join(answer.__doc__.split()),
            (*(known.ways if known else ()), answer),
            sign or (known.sign if known else None),
        )
        return answer

    def cases_for(self, seed: int | np.random.Generator) -> list[Case]:
        """The cases of a seed; names are unique."""
        cases = list(self.cases(np.random.default_rng(seed)))
        names = [case.name for case in cases]
        if len(set(names)) < len(names):
            raise ValueError(
                f"{self.id}: two cases have the same name: {sorted(n for n in names if names.count(n) > 1)[0]!r}"
            )
        return cases

    def run(
        self,
        answer: Callable[..., Any],
        case: Case,
        arguments: tuple[Any, ...] | None = None,
        device: str = "cpu",
    ) -> Outcome:
        """What an answer does on a case, in this process, as it is judged. arguments: instead of those of the case"""
        arguments = case.arguments if arguments is None else arguments
        return attempt(answer, arguments, self.probe, self.view, case.truth, device)

    def right_outcome(self, case: Case, device: str = "cpu") -> Outcome:
        """What the reference does. Raises RuntimeError where it does not do what the case says.

        device: where its tensors are. What it can't do there, for want of memory or of an operation, it does on the CPU.
        """
        outcome = self.run(self.reference, case, device=device)
        expected = "raised" if case.raises else "returned"
        if outcome.status != expected or (case.raises and outcome.error != case.raises.__name__):
            if device != "cpu":
                return self.right_outcome(case)
            raise RuntimeError(
                f"{self.id}, {case.name!r}: the reference {outcome.status} {outcome.error} {outcome.message}"
            )
        return outcome

    def has_tensors(self, case: Case) -> bool:
        """Whether torch computes on what the case hands over, so that the reference may do it on a GPU. A conversation
        goes on while the student's process waits, and stays on the CPU."""
        return not probes.talks(self.probe) and devices.has_tensors(probes.build_arguments(case.arguments))

    def mistaken(self, cases: Sequence[Case]) -> list[Mistake]:
        """Every mistake with its outcomes on these cases; ways that come out right on all of them are left out.

        Integer inputs mean the same as the equal floats, and a wrong answer may convert them or not: both are ways to
        write it.
        """
        right = [self.right_outcome(case) for case in cases]
        tolerances = [self.tolerance.for_arguments(case.arguments) for case in cases]

        def wrong_somewhere(way: tuple[Outcome, ...]) -> bool:
            return any(differences(right, way, tolerances))

        return [
            Mistake(
                wrong.id,
                wrong.hint,
                tuple(filter(wrong_somewhere, self._ways(wrong, cases, right, tolerances))),
                wrong.sign.__name__ if wrong.sign else None,
            )
            for wrong in self.mistakes.values()
        ]

    def _ways(
        self, wrong: WrongAnswer, cases: Sequence[Case], right: Sequence[Outcome], tolerances: Sequence[Tolerance]
    ) -> Iterator[tuple[Outcome, ...]]:
        exactly = Tolerance(rtol=0, atol=0)  # an int is the equal float
        as_floats = [in_floats(case.arguments) for case in cases]
        converted = any(changed is not case.arguments for changed, case in zip(as_floats, cases, strict=True))
        for way in wrong.ways:
            plain = self._outcomes(way, cases, [case.arguments for case in cases], right, tolerances)
            yield plain
            if converted:
                floats = self._outcomes(way, cases, as_floats, right, tolerances)
                if any(difference(one, other, exactly) for one, other in zip(plain, floats, strict=True)):
                    yield floats

    def _outcomes(
        self,
        way: Callable[..., Any],
        cases: Sequence[Case],
        arguments: Sequence[tuple[Any, ...]],
        right: Sequence[Outcome],
        tolerances: Sequence[Tolerance],
    ) -> tuple[Outcome, ...]:
        """What a way does, case by case. With `lean`, a way that shows on an ordinary case is not run at the edges, where
        the diagnosis doesn't ask for it: what is right stands there."""
        found = {k: self.run(way, cases[k], arguments[k]) for k in range(len(cases)) if not cases[k].edge}
        shows = self.lean and any(difference(right[k], found[k], tolerances[k]) for k in found)
        return tuple(
            found[k] if k in found else right[k] if shows else self.run(way, cases[k], arguments[k])
            for k in range(len(cases))
        )

    def frozen(self) -> FrozenExercise:
        """The visible cases with everything that a check needs."""
        cases = self.cases_for(VISIBLE_SEED)
        right = [self.right_outcome(case) for case in cases]
        mistakes = self.mistaken(cases)
        if self.lean:
            mistakes = [self._as_far_as_asked(mistake, cases, right) for mistake in mistakes]
        return FrozenExercise(
            self.id,
            self.points,
            self.probe.__name__,
            self.parameters,
            self.outputs,
            self.tolerance,
            tuple(
                FrozenCase(case.name, case.arguments, outcome, case.edge, case.truth)
                for case, outcome in zip(cases, right, strict=True)
            ),
            tuple(mistakes),
            self.view.__name__ if self.view else None,
        )

    def _as_far_as_asked(self, mistake: Mistake, cases: Sequence[Case], right: Sequence[Outcome]) -> Mistake:
        """The mistake with what is right in place of what it does at edges, where it shows on ordinary cases already."""
        tolerances = [self.tolerance.for_arguments(case.arguments) for case in cases]

        def kept(way: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
            wrong = differences(right, way, tolerances)
            if mistake.sign in signs.OF_THE_ANSWER_ALONE:  # then it counts where the mistake shows, and not by what
                way = tuple(
                    Outcome("returned") if found else outcome for found, outcome in zip(wrong, way, strict=True)
                )
            if not any(found and not case.edge for found, case in zip(wrong, cases, strict=True)):
                return way
            return tuple(one if case.edge else other for one, other, case in zip(right, way, cases, strict=True))

        return replace(mistake, ways=tuple(map(kept, mistake.ways)))


def mistake_id(answer: Callable[..., Any]) -> str:
    """The name of a function; of a class in CamelCase, the same in snake_case.

    An underscore at the end is dropped: it tells a mistake from an exercise of the same name.
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", answer.__name__).lower().rstrip("_")


def in_floats(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with integer arrays as floats; labels beside a table of floats stay as they are.

    Returns the same object where nothing is to be converted.
    """
    tables = [a for a in arguments if isinstance(a, np.ndarray) and a.ndim >= 2]
    integer = [a for a in arguments if isinstance(a, np.ndarray) and a.dtype.kind in "iu"]
    if not integer or any(table.dtype.kind == "f" for table in tables):
        return arguments
    return tuple(a.astype(float) if isinstance(a, np.ndarray) and a.dtype.kind in "iu" else a for a in arguments)


def topics() -> list[str]:
    """The topics that have exercises, whether or not their lectures are written yet."""
    return sorted(module.name for module in pkgutil.iter_modules(import_module("autograder.cases").__path__))


def lecture(topic: str) -> dict[str, Exercise]:
    """The exercises of a topic by id, in the order in which its cases module defines them.

    Raises ModuleNotFoundError where there is no `autograder.cases.TOPIC`.
    """
    module = import_module(f"autograder.cases.{topic}")
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    return {exercise.id: exercise for exercise in found}
