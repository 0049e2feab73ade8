"""Values in a few words: what went into a call, and where two outputs differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course.case import Difference, describe, is_tensor
from course.wire import Given

SMALL = 12  # numbers; arrays up to this size are shown whole


def describe_arguments(parameters: Sequence[str], arguments: Sequence[Any]) -> str:
    """'X (4, 3), t (4,), b = 0.5': names with shapes, small numbers themselves."""
    return ", ".join(_argument(name, value) for name, value in zip(parameters, arguments, strict=False))


def _argument(name: str, value: Any) -> str:
    if isinstance(value, Given):
        said = f"seed {value.arguments[-1]}" if value.name == "generator" else value.arguments[-1]
        if value.name == "network":
            return f"{name} ({', '.join(kind for kind, *_ in value.arguments[0])})"
        built = value.build()
        if not hasattr(built, "dtype"):
            return f"{name} ({said})"
        return _array(name, built) + ("" if said == "plain" else f" ({said})")
    if isinstance(value, np.ndarray) or is_tensor(value):
        return _array(name, value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (int, float, str)):
        return f"{name} = {value!r}"
    return f"{name} {describe(value)}"


def _array(name: str, value: Any) -> str:
    kind = str(value.dtype).removeprefix("torch.")
    return f"{name} {tuple(value.shape)}" + ("" if kind == "float64" else f" {kind}")


def compare_values(found: Difference) -> list[str]:
    """Lines that set what was expected beside what came; for large arrays the largest difference and where it is."""
    if found.kind == "shape" or found.expected is None:
        return []
    if isinstance(found.expected, str) != isinstance(found.got, str):
        return []  # a text and numbers: the summary has said it
    if not _is_small(found.expected) or not _is_small(found.got):
        return [_largest(found.expected, found.got)]
    return [f"expected: {_short(found.expected)}", f"came:     {_short(found.got)}"]


def _is_small(value: Any) -> bool:
    return (not isinstance(value, (np.ndarray, list)) and not is_tensor(value)) or np.size(np.asarray(value)) <= SMALL


def _short(value: Any) -> str:
    if is_tensor(value):
        value = value.detach().numpy()
    if isinstance(value, (np.ndarray, list)):
        return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=SMALL).replace("\n", " ")
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value:.8g}" if isinstance(value, float) else repr(value)


def _largest(expected: Any, got: Any) -> str:
    one = np.asarray(expected, float)
    other = np.asarray(got, float)
    with np.errstate(all="ignore"):
        gap = np.abs(other - one)
    gap = np.where(np.isnan(gap), np.where(np.isnan(one) & np.isnan(other), 0, np.inf), gap)
    where = np.unravel_index(gap.argmax(), gap.shape)
    place = "[" + ", ".join(map(str, map(int, where))) + "]"
    return f"the largest difference is at {place}: expected {one[where]:.6g}, came {other[where]:.6g}"
