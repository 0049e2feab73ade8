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
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from course import probes, signs
from course.attempt import attempt
from course.case import Case, Outcome, Tolerance, difference
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
    rtol, atol, dtype: when two outputs agree (see `course.case.Tolerance`); cpu_limit: CPU seconds for one case
    """

    reference: Callable[..., Any]
    points: float
    cases: Callable[[np.random.Generator], Iterable[Case]]
    outputs: tuple[str, ...] = ()
    probe: Callable[..., Any] = probes.values
    rtol: float = 1e-6
    atol: float = 1e-8
    dtype: str | None = None
    cpu_limit: float = 10.0
    mistakes: dict[str, WrongAnswer] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.reference.__name__

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def tolerance(self) -> Tolerance:
        return Tolerance(self.rtol, self.atol, self.dtype)

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

    def right_outcome(self, case: Case) -> Outcome:
        """What the reference does. Raises RuntimeError where it does not do what the case says."""
        outcome = attempt(self.reference, case.arguments, self.probe)
        expected = "raised" if case.raises else "returned"
        if outcome.status != expected or (case.raises and outcome.error != case.raises.__name__):
            raise RuntimeError(
                f"{self.id}, {case.name!r}: the reference {outcome.status} {outcome.error} {outcome.message}"
            )
        return outcome

    def mistaken(self, cases: Sequence[Case]) -> list[Mistake]:
        """Every mistake with its outcomes on these cases; ways that come out right on all of them are left out.

        Integer inputs mean the same as the equal floats, and a wrong answer may convert them or not: both are ways to
        write it.
        """
        right = [self.right_outcome(case) for case in cases]
        tolerances = [self.tolerance.for_arguments(case.arguments) for case in cases]

        def wrong_somewhere(way: tuple[Outcome, ...]) -> bool:
            return any(map(difference, right, way, tolerances))

        return [
            Mistake(
                wrong.id,
                wrong.hint,
                tuple(filter(wrong_somewhere, self._ways(wrong, cases))),
                wrong.sign.__name__ if wrong.sign else None,
            )
            for wrong in self.mistakes.values()
        ]

    def _ways(self, wrong: WrongAnswer, cases: Sequence[Case]) -> Iterator[tuple[Outcome, ...]]:
        for way in wrong.ways:
            plain = tuple(attempt(way, case.arguments, self.probe) for case in cases)
            yield plain
            as_floats = [in_floats(case.arguments) for case in cases]
            if any(changed is not case.arguments for changed, case in zip(as_floats, cases, strict=True)):
                yield tuple(
                    attempt(way, changed, self.probe) if changed is not case.arguments else outcome
                    for changed, case, outcome in zip(as_floats, cases, plain, strict=True)
                )

    def frozen(self) -> FrozenExercise:
        """The visible cases with everything that a check needs."""
        cases = self.cases_for(VISIBLE_SEED)
        return FrozenExercise(
            self.id,
            self.points,
            self.probe.__name__,
            self.parameters,
            self.outputs,
            self.tolerance,
            tuple(FrozenCase(case.name, case.arguments, self.right_outcome(case), case.edge) for case in cases),
            tuple(self.mistaken(cases)),
        )


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


def lecture(topic: str) -> dict[str, Exercise]:
    """The exercises of a topic by id, in the order in which its cases module defines them.

    Raises ModuleNotFoundError where there is no `autograder.cases.TOPIC`.
    """
    module = import_module(f"autograder.cases.{topic}")
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    return {exercise.id: exercise for exercise in found}
