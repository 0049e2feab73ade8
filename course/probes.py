"""Ways to run an answer on a case so that plain values come out.

A probe is called as `probe(answer, *arguments)`, in the student's kernel with the student's answer and in the judge's
process with the reference; both sides name it by its name in this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course.wire import Given


def values(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Arguments in, output out: the plain call."""
    return answer(*arguments)


def build_arguments(arguments: Sequence[Any]) -> list[Any]:
    """Fresh arguments for one call: arrays are copied, given things are built, so that no call can spoil another."""
    return [_fresh(argument) for argument in arguments]


def _fresh(value: Any) -> Any:
    if isinstance(value, Given):
        return _fresh(value.build()) if value.name != "layout" else value.build()
    if isinstance(value, np.ndarray):
        return value.copy(order="K")
    if isinstance(value, dict):
        return {key: _fresh(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fresh(item) for item in value)
    if hasattr(value, "clone") and hasattr(value, "detach"):
        return value.detach().clone()
    return value
