"""The visible cases of an exercise, as they lie in course/frozen/ID.json: inputs, right outcomes, mistaken outcomes, hints.

They are made by the build from a fixed seed. Grading uses other cases from a fresh seed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np

from course import wire
from course.case import Outcome, Tolerance
from course.diagnosis import Mistake


@dataclass(frozen=True)
class FrozenCase:
    """A case with what the reference did, and for a view its truth, which is another in the cases of grading."""

    name: str
    arguments: tuple[Any, ...]
    right: Outcome
    edge: bool = False
    truth: Any = None


@dataclass(frozen=True)
class FrozenExercise:
    """What a check needs to know of an exercise. parameters and outputs are names, for messages."""

    id: str
    points: float
    probe: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    tolerance: Tolerance
    cases: tuple[FrozenCase, ...]
    mistakes: tuple[Mistake, ...]
    view: str | None = None


def exercises() -> list[str]:
    """The ids of all exercises that have visible cases."""
    return sorted(
        path.name.removesuffix(".json")
        for path in files("course").joinpath("frozen").iterdir()
        if path.name.endswith(".json")
    )


def load(exercise_id: str) -> FrozenExercise:
    """Read the visible cases. Raises KeyError where there is no such exercise."""
    path = files("course").joinpath("frozen", f"{exercise_id}.json")
    if not exercise_id.isidentifier() or not path.is_file():
        raise KeyError(exercise_id)
    return thaw(json.loads(path.read_text(encoding="utf-8")))


def freeze(exercise: FrozenExercise) -> dict[str, Any]:
    """The exercise as data that `json.dumps` takes."""
    tolerance = exercise.tolerance
    viewed = {"view": exercise.view} if exercise.view else {}
    if tolerance.at_least is not None:
        viewed |= {"at_least": [list(bar) for bar in tolerance.at_least], "every_case": tolerance.every_case}
    return viewed | {
        "id": exercise.id,
        "points": exercise.points,
        "probe": exercise.probe,
        "parameters": list(exercise.parameters),
        "outputs": list(exercise.outputs),
        "rtol": tolerance.rtol,
        "atol": tolerance.atol,
        "dtype": tolerance.dtype,
        "cases": [
            {
                "name": case.name,
                "arguments": [wire.pack(argument) for argument in case.arguments],
                "right": _freeze_outcome(case.right),
                "edge": case.edge,
            }
            | ({} if case.truth is None else {"truth": wire.pack(case.truth)})
            for case in exercise.cases
        ],
        "mistakes": [
            {
                "id": mistake.id,
                "hint": mistake.hint,
                "sign": mistake.sign,
                "ways": _freeze_ways(exercise.cases, mistake.ways, tolerance),
            }
            for mistake in exercise.mistakes
        ],
    }


def thaw(data: dict[str, Any]) -> FrozenExercise:
    """The exercise that `freeze` wrote."""
    cases = tuple(
        FrozenCase(
            case["name"],
            tuple(map(wire.unpack, case["arguments"])),
            _thaw_outcome(case["right"]),
            case["edge"],
            wire.unpack(case.get("truth")),
        )
        for case in data["cases"]
    )
    mistakes = tuple(
        Mistake(mistake["id"], mistake["hint"], _thaw_ways(cases, mistake["ways"]), mistake["sign"])
        for mistake in data["mistakes"]
    )
    bars = data.get("at_least")
    at_least = None if bars is None else tuple((name, bar) for name, bar in bars)
    return FrozenExercise(
        data["id"],
        data["points"],
        data["probe"],
        tuple(data["parameters"]),
        tuple(data["outputs"]),
        Tolerance(data["rtol"], data["atol"], data["dtype"], at_least, data.get("every_case", False)),
        cases,
        mistakes,
        data.get("view"),
    )


def _freeze_outcome(outcome: Outcome) -> dict[str, Any]:
    if outcome.status == "raised":
        return {"raises": outcome.error}
    changed = {"changed": list(outcome.changed)} if outcome.changed else {}
    return {"output": wire.pack(outcome.output)} | changed


def _thaw_outcome(data: dict[str, Any]) -> Outcome:
    if "raises" in data:
        return Outcome("raised", error=data["raises"])
    return Outcome("returned", wire.unpack(data["output"]), changed=tuple(data.get("changed", ())))


def _freeze_ways(
    cases: Sequence[FrozenCase], ways: Sequence[Sequence[Outcome]], tolerance: Tolerance
) -> list[list[Any]]:
    """Most mistakes are right on some cases: there the outcome is written as null. Ways that come to the same are written once.

    Large arrays are written in float32, whose error of 6e-8 is nothing to most tolerances.
    """
    right = [_freeze_outcome(case.right) for case in cases]
    frozen = []
    for way in ways:
        outcomes = [_freeze_outcome(outcome) for outcome in way]
        small = map(_freeze_outcome, map(_in_float32, way)) if tolerance.rtol >= 1e-6 else outcomes
        outcomes = [
            None if outcome == same else smaller for outcome, same, smaller in zip(outcomes, right, small, strict=True)
        ]
        if outcomes not in frozen:
            frozen.append(outcomes)
    return frozen


def _in_float32(outcome: Outcome) -> Outcome:
    output = outcome.output
    is_large = isinstance(output, np.ndarray) and output.dtype == np.float64 and output.size > 100
    if not is_large or np.abs(output[np.isfinite(output)]).max(initial=0) > 1e30:
        return outcome
    return replace(outcome, output=output.astype(np.float32))


def _thaw_ways(cases: Sequence[FrozenCase], ways: Sequence[Sequence[Any]]) -> tuple[tuple[Outcome, ...], ...]:
    return tuple(
        tuple(case.right if data is None else _thaw_outcome(data) for case, data in zip(cases, way, strict=True))
        for way in ways
    )
