"""Cases, outcomes, and when an outcome is right.

A `Case` is what an answer is given. An `Outcome` is what it did: returned something, raised, or never came back.
`difference` compares two outcomes; the judge and the checks in the notebook use the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from course.wire import Other

LOOSE = {"rtol": 1e-4, "atol": 1e-5}  # where an argument is float32
WRONG = "what is wrong"  # a view that names it returns {WRONG: a sentence, or None where nothing is, ...}


@dataclass(frozen=True)
class Case:
    """A name and the arguments of one call.

    raises: the class of error that must be raised (only the kind counts)
    truth: what a score is computed against; stays with the judge
    weight: its share in the exercise's points, before it is divided by the sum of all
    edge: True for a case made for one special point (an extreme value, a single example, an empty array): answers that are
        wrong for another reason may go wrong here in their own way, see `course.diagnosis`
    """

    name: str
    arguments: tuple[Any, ...]
    raises: type[BaseException] | None = None
    truth: Any = None
    weight: float = 1.0
    edge: bool = False

    def __init__(
        self,
        name: str,
        *arguments: Any,
        raises: type[BaseException] | None = None,
        truth: Any = None,
        weight: float = 1.0,
        edge: bool = False,
    ) -> None:
        values = locals()
        for key in ("name", "arguments", "raises", "truth", "weight", "edge"):
            object.__setattr__(self, key, values[key])


@dataclass(frozen=True)
class Outcome:
    """What an answer did on a case.

    status: "returned", "raised", "unwritten" (the stub is not filled in), "missing" (no such function), "timed out",
        "out of memory", "crashed" or "bad data"
    output: what was returned; error, message, trace: the kind of error, its text, and the student's lines it passed through
    kinds: of what else the error is an instance: the names of the classes above its own
    changed: the positions of the arguments that the call changed
    printed: the beginning of what the call printed
    """

    status: str
    output: Any = None
    error: str = ""
    kinds: tuple[str, ...] = ()
    message: str = ""
    trace: tuple[tuple[int, str], ...] = ()
    changed: tuple[int, ...] = ()
    printed: str = ""


@dataclass(frozen=True)
class Tolerance:
    """|got - right| <= atol + rtol |right|, element by element. dtype: None, or the name that the output must have.

    at_least: None, or instead of a comparison the bars that scores must reach, (name, bar) each; the name is "" where the
    output is the score itself, else a key of it. every_case: each case must reach them, not their average.
    """

    rtol: float = 1e-6
    atol: float = 1e-8
    dtype: str | None = None
    at_least: tuple[tuple[str, float], ...] | None = None
    every_case: bool = False

    def for_arguments(self, arguments: Any) -> Tolerance:
        """Wider where a float32 array went in: the answer may compute in that precision."""
        if not _holds_float32(arguments):
            return self
        return self.at_loosest(**LOOSE)

    def at_loosest(self, rtol: float, atol: float) -> Tolerance:
        """The same, but no tighter than this."""
        return replace(self, rtol=max(self.rtol, rtol), atol=max(self.atol, atol))


@dataclass(frozen=True)
class Difference:
    """Why an outcome is not right.

    kind: "kind", "count", "shape", "dtype", "values", "nan", "changed", "property", "score", "raised", "not raised" or the
        outcome's status
    summary: a sentence that gives away no expected value; where: which output it is about, "" for a single one
    expected, got: the two values, where they are worth showing
    """

    kind: str
    summary: str
    where: str = ""
    expected: Any = field(default=None, repr=False)
    got: Any = field(default=None, repr=False)


def difference(
    right: Outcome, got: Outcome, tolerance: Tolerance, names: tuple[str, ...] = (), parameters: tuple[str, ...] = ()
) -> Difference | None:
    """None where `got` is right, else what is wrong. names: of the outputs; parameters: of the arguments."""
    if right.status == "raised":
        return _error_difference(right, got)
    if got.status == "raised":
        return Difference(
            "raised", f"It raised {got.error}: {got.message}" if got.message else f"It raised {got.error}."
        )
    if got.status != "returned":
        return Difference(got.status, got.message or got.status)
    if tolerance.at_least is not None:
        found = _low_score(tolerance.at_least, right.output, [got.output])
    else:
        found = value_difference(right.output, got.output, tolerance, names)
    extra = [i for i in got.changed if i not in right.changed]
    if found is None and extra:
        changed = " and ".join(parameters[i] if i < len(parameters) else f"argument {i + 1}" for i in extra)
        found = Difference("changed", f"The output is right, but the call changed its input {changed}; work on a copy.")
    return found


def differences(
    right: Sequence[Outcome],
    got: Sequence[Outcome],
    tolerances: Sequence[Tolerance],
    names: tuple[str, ...] = (),
    parameters: tuple[str, ...] = (),
) -> list[Difference | None]:
    """The `difference` of every case; scores are averaged over the cases that give them, unless every case must pass."""
    found = [difference(one, other, t, names, parameters) for one, other, t in zip(right, got, tolerances, strict=True)]
    for i, tolerance in enumerate(tolerances):
        if tolerance.at_least is None or tolerance.every_case or (found[i] and found[i].kind != "score"):
            continue
        outputs = [other.output if other.status == "returned" else None for other in got]
        found[i] = _low_score(tolerance.at_least, right[i].output, outputs, [one.output for one in right], outputs[i])
    return found


def _low_score(
    bars: tuple[tuple[str, float], ...],
    right: Any,
    outputs: Sequence[Any],
    givers: Sequence[Any] | None = None,
    here: Any = None,
) -> Difference | None:
    """The first bar of this case that the mean score misses.

    givers: the right outputs of all cases, which tell who gives it; here: this case's own output
    """
    for output in outputs:
        if givers is None and isinstance(output, dict) and output.get(WRONG):
            return Difference("property", output[WRONG])
    for name, bar in bars:
        if _score(right, name) is None:
            continue
        giving = (
            range(len(outputs)) if givers is None else [i for i, g in enumerate(givers) if _score(g, name) is not None]
        )
        score = sum(_score(outputs[i], name) or 0.0 for i in giving) / len(giving)
        if not score >= bar:
            own = _score(here, name)
            this = "" if own is None else f" ({own:.4g} in this one)"
            of = f" on average over {len(giving)} cases{this}" if len(giving) > 1 else ""
            return Difference("score", f"The {name or 'score'} is {score:.4g}{of}; at least {bar:g} is asked for.")
    return None


def _score(output: Any, name: str) -> float | None:
    value = output.get(name) if isinstance(output, dict) else None if name else output
    return float(value) if isinstance(value, (int, float, np.number)) else None


def _error_difference(right: Outcome, got: Outcome) -> Difference | None:
    if got.status == "raised":
        if right.error in (got.error, *got.kinds):
            return None
        return Difference("raised", f"It raised {got.error} where {right.error} is asked for.")
    if got.status == "returned":
        return Difference(
            "not raised", f"The input is not valid: {right.error} should be raised, but a value came back."
        )
    return Difference(got.status, got.message or got.status)


def value_difference(right: Any, got: Any, tolerance: Tolerance, names: tuple[str, ...] = ()) -> Difference | None:
    """Compare two plain values: structure and shape first, then numbers."""
    if isinstance(right, tuple):
        return _tuple_difference(right, got, tolerance, names)
    if isinstance(right, dict) and WRONG in right:
        said = got.get(WRONG, "") if isinstance(got, dict) else ""
        return None if said == right[WRONG] else Difference("property", said or "It is not what is asked for.")
    if isinstance(right, dict):
        return _dict_difference(right, got, tolerance)
    if isinstance(right, list):
        items = tuple(f"entry {i} of the list" for i in range(1, len(right) + 1))
        return _tuple_difference(tuple(right), got, tolerance, items)
    if right is None or isinstance(right, (str, bool, np.bool_)):
        right, got = _plain(right), _plain(got)
        same = type(got) is type(right) and got == right
        return None if same else Difference("values", f"It is {describe(got)}.", expected=right, got=got)
    return _number_difference(right, got, tolerance)


def _plain(value: Any) -> Any:
    """A truth value as Python's, also one that is an array of no dimensions."""
    is_truth = isinstance(value, (np.bool_, np.ndarray)) and value.dtype == bool and value.ndim == 0
    return bool(value) if is_truth else value


def _tuple_difference(right: tuple, got: Any, tolerance: Tolerance, names: tuple[str, ...]) -> Difference | None:
    if not isinstance(got, (tuple, list)):
        return Difference("count", f"{len(right)} results are asked for; {describe(got)} came back.", got=got)
    if len(got) != len(right):
        return Difference("count", f"{len(right)} results are asked for; {len(got)} came back.", got=got)
    for i, (one, other) in enumerate(zip(right, got, strict=True)):
        found = value_difference(one, other, tolerance)
        if found:
            name = names[i] if i < len(names) else f"result {i + 1}"
            where = f"{name}, {found.where}" if found.where else name
            return Difference(found.kind, found.summary, where, found.expected, found.got)
    return None


def _dict_difference(right: dict, got: Any, tolerance: Tolerance) -> Difference | None:
    if not isinstance(got, dict):
        return Difference("kind", f"A dict is asked for; {describe(got)} came back.", got=got)
    missing, extra = [key for key in right if key not in got], [key for key in got if key not in right]
    if missing or extra:
        said = [
            f"{word} {', '.join(repr(key)[:40] for key in keys[:5])}{', ...' if len(keys) > 5 else ''}"
            for word, keys in (("lacks", missing), ("has too much:", extra))
            if keys
        ]
        return Difference("count", f"The dict {' and '.join(said)}.", got=got)
    for key, value in right.items():
        found = value_difference(value, got[key], tolerance)
        if found:
            return Difference(found.kind, found.summary, f"{key!r} {found.where}".strip(), found.expected, found.got)
    return None


def _number_difference(right: Any, got: Any, tolerance: Tolerance) -> Difference | None:
    wanted = _array(right)
    came = _array(got)
    if is_tensor(right) != is_tensor(got) and came is not None and (is_tensor(right) or is_tensor(got)):
        asked = "A torch tensor" if is_tensor(right) else "A numpy array" if wanted.ndim else "A plain number"
        return Difference("kind", f"{asked} is asked for; {describe(got)} came back.", got=got)
    if came is None or (came.dtype == bool and wanted.dtype != bool):
        asked = "A number" if wanted.ndim == 0 else f"An array of shape {wanted.shape}"
        return Difference("kind", f"{asked} is asked for; {describe(got)} came back.", got=got)
    if came.shape != wanted.shape:
        asked = "a single number" if wanted.ndim == 0 else f"shape {wanted.shape}"
        has = "is a single number" if came.ndim == 0 else f"has shape {came.shape}"
        return Difference("shape", f"It {has} where {asked} is expected.", expected=right, got=got)
    if tolerance.dtype and came.dtype.name != tolerance.dtype:
        return Difference("dtype", f"It has dtype {came.dtype} where {tolerance.dtype} is expected.", got=got)
    return _element_difference(right, got, wanted, came, tolerance)


def _element_difference(
    right: Any, got: Any, wanted: np.ndarray, came: np.ndarray, tolerance: Tolerance
) -> Difference | None:
    if came.dtype.kind == "c" and wanted.dtype.kind != "c":
        return Difference("kind", "Real numbers are asked for; complex ones came back.", got=got)
    if wanted.dtype.kind in "iub" and came.dtype.kind in "iub":
        wrong = wanted != came
    else:
        exact = np.complex128 if wanted.dtype.kind == "c" else np.float64
        wrong = ~_close(came.astype(exact), wanted.astype(exact), tolerance)
    if not wrong.any():
        return None
    if not np.isfinite(came[wrong]).all() and np.isfinite(wanted[wrong]).all():
        kind = "NaN" if np.isnan(came[wrong]).any() else "infinite"
        said = (
            f"It is {kind}"
            if came.ndim == 0
            else f"{np.sum(~np.isfinite(came[wrong]))} of {came.size} numbers are {kind}"
        )
        return Difference("nan", f"{said}, where a finite number is expected.", expected=right, got=got)
    said = "The value differs" if came.ndim == 0 else f"{wrong.sum()} of {came.size} numbers differ"
    return Difference("values", f"{said}.", expected=right, got=got)


def _close(came: np.ndarray, wanted: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    """`np.isclose` with NaN equal to NaN; what is close and finite throughout is known in a third of the time."""
    with np.errstate(all="ignore"):
        off = np.abs(came - wanted)
        close = (off <= tolerance.atol + tolerance.rtol * np.abs(wanted)) & (off < np.inf)
        return close if close.all() else np.isclose(came, wanted, tolerance.rtol, tolerance.atol, equal_nan=True)


def _array(value: Any) -> np.ndarray | None:
    """The numbers as an array; None for what holds no numbers. A list of numbers counts as the array of them."""
    if is_tensor(value):
        return value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        value = [_array(item) for item in value]
        if any(item is None for item in value) or len({item.shape for item in value}) > 1:
            return None
        return np.array(value, dtype=None if value else float)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return np.asarray(float(value)) if value.bit_length() < 1000 else None
    if isinstance(value, (bool, int, float, complex, np.generic, np.ndarray)):
        array = np.asarray(value)
        return array if array.dtype.kind in "biufc" else None  # neither text nor objects, even if they hold numbers
    return None


def is_tensor(value: Any) -> bool:
    """Is it a torch tensor? Without importing torch."""
    return hasattr(value, "detach") and hasattr(value, "numpy")


def describe(value: Any) -> str:
    """'nothing (None)', 'the text "3"', 'an array of shape (2, 3)': what a value is, for a sentence."""
    if value is None:
        return "nothing (None)"
    if isinstance(value, Other):
        return value.description
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if is_tensor(value):
        return f"a torch tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" + ("" if value.dtype.kind in "fiu" else f" and dtype {value.dtype}")
    if isinstance(value, (bool, np.bool_)):
        return f"the truth value {bool(value)}"
    if isinstance(value, (int, float, np.number)):
        is_short = not isinstance(value, (int, np.integer)) or abs(value) < 1e15
        return f"the number {value:.6g}" if is_short else "a huge integer"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {len(value)}"
    return f"a {type(value).__name__}"


def changed_arguments(before: Any, after: Any) -> tuple[int, ...]:
    """The positions at which two lists of arguments differ, to the last bit; NaN is the same as NaN."""
    if len(before) != len(after):
        return tuple(range(len(before)))
    return tuple(i for i, (one, other) in enumerate(zip(before, after, strict=True)) if not identical(one, other))


def identical(one: Any, other: Any) -> bool:
    """The same kind, shape, dtype and numbers. What can't be compared counts as the same."""
    if is_tensor(one) and is_tensor(other):
        one, other = one.detach().cpu().numpy(), other.detach().cpu().numpy()
    if isinstance(one, (np.ndarray, np.generic)) and isinstance(other, (np.ndarray, np.generic)):
        inexact = one.dtype.kind in "fc"
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other, equal_nan=inexact)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(identical, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(identical(one[key], other[key]) for key in one)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (one != one and other != other)
    if isinstance(other, Other):  # what can't travel: a function, a random generator
        return not isinstance(
            one, (str, bytes, bool, type(None), int, float, list, tuple, dict, np.ndarray, np.generic)
        )
    if type(one) is not type(other):
        return False
    return one == other if isinstance(one, (str, bool, type(None))) else True


def _holds_float32(value: Any) -> bool:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.dtype == np.float32
    if is_tensor(value):
        return str(value.dtype) == "torch.float32"
    if isinstance(value, dict):
        return any(map(_holds_float32, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_holds_float32, value))
    return any(map(_holds_float32, value.arguments)) if hasattr(value, "arguments") else False
