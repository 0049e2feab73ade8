"""What a mistake leaves behind when its exact numbers depend on how it was written.

A logarithm of zero gives inf in one program and NaN in another; random starting weights give any number. A sign is a
function `sign(right, mistaken, got) -> bool` of three outcomes on one case, called only where the mistaken one is wrong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from course.case import Outcome, Tolerance, difference, is_tensor

NEARLY = Tolerance(rtol=1e-3, atol=1e-6)
OF_THE_ANSWER_ALONE = ("deaf", "differs")
"""Signs that don't look at what the mistake itself gives."""


def not_finite(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """NaN, inf or an error where the mistake gives such; anything where it merely loses digits."""
    return finite(mistaken) or not finite(got)


def first_not_finite(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """The first number is NaN or infinite."""
    return got.status == "returned" and not np.isfinite(_first(got.output))


def only_first_finite(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """The first number is nearly right, and a later one NaN or infinite."""
    if got.status != "returned" or finite(got):
        return False
    return bool(np.isclose(_first(got.output), _first(right.output), NEARLY.rtol, NEARLY.atol))


def same_gaps(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """NaN or inf just where the mistake gives such, and nearly its numbers elsewhere."""
    return difference(_without_gaps(mistaken), _without_gaps(got), NEARLY) is None


def falls_short(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Finite, and the first number is smaller than it should be; or nearly right."""
    found = difference(right, got, NEARLY)
    if found is None or found.kind not in ("values", "nan"):
        return found is None
    return finite(got) and got.status == "returned" and _first(got.output) < _first(right.output)


def differs(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """The right number of results in the right shapes, with other numbers."""
    found = difference(right, got, NEARLY)
    return found is not None and found.kind in ("values", "nan")


def divides_by_zero(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """NaN or inf, or the error that Python raises instead."""
    return got.error == "ZeroDivisionError" if got.status == "raised" else not finite(got)


def no_weights(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of numbers that should sum to one: not finite, an error, or all zero."""
    return not finite(got) or all(not number.any() for number in _numbers(got.output))


def lifted(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Nearly right, but the smallest of the right numbers has come out larger."""
    if difference(right, got, Tolerance(rtol=1e-2, atol=1e-4)) is not None:
        return False
    (one,), (other,) = _numbers(right.output), _numbers(got.output)
    return bool(other.ravel()[one.argmin()] > 1.001 * one.min())


def raises(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """An error, of whatever kind, where the mistake raises one."""
    return got.status == "raised"


def returns(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Something came back, whatever it is, where the mistake gives such in place of an error."""
    return got.status == "returned"


def depends_on_other_calls(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `views.steps`: another parameter vector in between, or an earlier run, makes a difference; inputs stay as they are."""
    _, seen = _path_and_view(got)
    return not got.changed and (seen.get("disturbed") is not None or seen.get("repeated") == 1)


def differs_when_repeated(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `views.steps`: right alone and beside another parameter vector, but not when a call is made twice."""
    path, seen = _path_and_view(got)
    wanted, _ = _path_and_view(right)
    alike = difference(replace(right, output=wanted), replace(got, output=path), NEARLY) is None
    return alike and not got.changed and bool(seen.get("repeated")) and not seen.get("disturbed")


def _path_and_view(outcome: Outcome) -> tuple[Any, dict[str, Any]]:
    return outcome.output if isinstance(outcome.output, tuple) else (None, {})


def same_spread(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `views.normal_weights`: as wide as the mistaken weights within 6 %, or like them not to be repeated."""
    one, other = mistaken.output, got.output
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    if "deviation" not in one:
        return other.get("repeats") == one["repeats"]
    return "deviation" in other and abs(other["deviation"] / one["deviation"] - 1) < 0.06


def moves_alike(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `views.problems_solved`: the rule moves in the manner of the mistaken one."""
    manners = [seen.output.get("moves") if isinstance(seen.output, dict) else None for seen in (mistaken, got)]
    return manners[0] is not None and manners[0] == manners[1]


def same_fault(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of a view that names a "fault", or one of whose results does: the mistaken one; or the same kind of error."""
    if mistaken.status == "raised":
        return got.status == "raised" and got.error == mistaken.error
    faults = [_fault(seen.output) for seen in (mistaken, got)]
    return faults[0] is not None and faults[0] == faults[1]


def only_fault(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """The mistaken fault, and all other results roughly right."""
    plain = (replace(seen, output=_besides_fault(seen.output)) for seen in (right, got))
    return same_fault(right, mistaken, got) and difference(*plain, Tolerance(rtol=0.03, atol=0.01)) is None


def _fault(output: Any) -> Any:
    results = output if isinstance(output, tuple) else (output,)
    return next((result["fault"] for result in results if isinstance(result, dict) and result.get("fault")), None)


def _besides_fault(output: Any) -> Any:
    return tuple(r for r in output if not isinstance(r, dict)) if isinstance(output, tuple) else None


def leaves_trace(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `views.without_trace`: what the mistake leaves behind first is among what was left behind, and the result is nearly right."""
    results = [seen.output if isinstance(seen.output, tuple) else (None, {}) for seen in (right, mistaken, got)]
    (wanted, _), (_, left), (came, found) = results
    if not left.get("traces") or left["traces"][0] not in found.get("traces", ()):
        return False
    return difference(replace(right, output=wanted), replace(got, output=came, changed=()), NEARLY) is None


def takes_too_long(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """It didn't come to an end within its time, its memory or its depth of calls."""
    lost = ("timed out", "out of memory", "crashed")
    return got.status in lost or got.error in ("TimeoutError", "MemoryError", "RecursionError")


def deaf(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of `probes.vjp_outputs`: some VJP says the same for g and for -2 g, where it should not."""
    try:
        (_, wanted), (first, second) = right.output, got.output
        return any(np.isclose(np.sum(first[k]), second[k]) and not np.isclose(wanted[k], second[k]) for k in wanted)
    except Exception:  # an output of another form
        return False


def rounds_off(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Nearly right where the mistake is; where that has lost all digits, other numbers of the right shape."""
    if difference(right, mistaken, NEARLY) is None:
        return difference(right, got, NEARLY) is None
    return differs(right, mistaken, got)


def near_score(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of a view that gives scores by name, between 0 and 1: nearly the mistaken ones, or as far down towards chance."""
    one, other = (_scores(seen.output) for seen in (mistaken, got))
    if not one or one.keys() != other.keys():
        return False
    low = max(*one.values(), *other.values()) < 0.6
    return all(abs(one[name] - other[name]) < (0.3 if low else 0.12) for name in one)


def lower_score(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Of such a view: clearly below the right scores, but well above chance."""
    one, other = (_scores(seen.output) for seen in (right, got))
    return bool(one) and one.keys() == other.keys() and all(0.2 < other[name] < one[name] - 0.01 for name in one)


def _scores(output: Any) -> dict[str, float]:
    return {key: value for key, value in output.items() if isinstance(value, float)} if isinstance(output, dict) else {}


def changes_input(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """What was given has changed, whatever the output."""
    return bool(got.changed)


def anything(right: Outcome, mistaken: Outcome, got: Outcome) -> bool:
    """Wrong in whatever way."""
    return True


def finite(outcome: Outcome) -> bool:
    """It returned, and no number in what it returned is NaN or infinite."""
    return outcome.status == "returned" and all(np.isfinite(number).all() for number in _numbers(outcome.output))


def _without_gaps(outcome: Outcome) -> Outcome:
    return replace(outcome, output=_mark_gaps(outcome.output), changed=())


def _mark_gaps(value: Any) -> Any:
    """The value with one and the same NaN for all that is not finite."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_mark_gaps, value))
    if isinstance(value, (float, np.floating, np.ndarray)) and np.asarray(value).dtype.kind == "f":
        return np.where(np.isfinite(value), value, np.nan)
    return value


def _numbers(value: Any) -> list[np.ndarray]:
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, dict):
        return _numbers(list(value.values()))
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    if isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool):
        return [np.asarray(value)] if np.asarray(value).dtype.kind in "iufc" else []
    return []


def _first(value: Any) -> float:
    numbers = [number for number in _numbers(value) if number.size]
    return float(numbers[0].ravel()[0]) if numbers else np.inf
