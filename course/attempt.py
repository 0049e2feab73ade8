"""Run an answer once, in this process, and say what it did."""

from __future__ import annotations

import contextlib
import io
import linecache
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from course import devices, probes
from course.case import Outcome, changed_arguments
from course.views import View, view_output

PRINTED = 2000  # characters of what an answer prints that are kept


def attempt(
    answer: Callable[..., Any],
    arguments: Sequence[Any],
    probe: Callable[..., Any] = probes.values,
    view: View | None = None,
    truth: Any = None,
    device: str = "cpu",
) -> Outcome:
    """The outcome of `probe(answer, *arguments)` on fresh copies of the arguments, as `view` shows it, if there is one.

    Warnings cost nothing. truth: what the case gives to the view. device: where tensors and modules are put before the call; what
    is returned, and the arguments afterwards, are looked at on the CPU.

    KeyboardInterrupt goes through, so that an endless loop can be stopped by hand; every other error is an outcome.
    """
    before, given = probes.build_arguments(arguments), probes.build_arguments(arguments)
    printed = _Beginning()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed), _quiet_numpy():
            warnings.simplefilter("ignore")
            if device != "cpu":
                given = devices.moved(given, device)
            output = probe(answer, *given)
            if probes.talks(probe):
                next(output)
            elif device != "cpu":
                output, given = devices.moved((output, given), "cpu")
            output = view_output(view, output, arguments, truth)
    except KeyboardInterrupt:
        raise
    except NotImplementedError as error:  # what a released stub raises
        return Outcome("unwritten", message=_message(error), trace=student_lines(error), printed=printed.getvalue())
    except BaseException as error:
        return Outcome(
            "raised",
            error=type(error).__name__,
            kinds=tuple(kind.__name__ for kind in type(error).__mro__[1:-1]),
            message=_message(error),
            trace=student_lines(error),
            printed=printed.getvalue(),
        )
    return Outcome("returned", output, changed=changed_arguments(before, given), printed=printed.getvalue())


def _quiet_numpy() -> Any:
    import numpy as np

    return np.errstate(all="ignore")


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:  # the reader's own class of error, and its __str__ fails
        return ""


def student_lines(error: BaseException) -> tuple[tuple[int, str], ...]:
    """(line number, source line) of the frames that lie in notebook cells: neither libraries nor this course."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if _is_cell(frame.filename):
            source = frame.line or linecache.getline(frame.filename, frame.lineno or 0)
            lines.append((frame.lineno or 0, source.strip()))
    return tuple(lines[-6:])


def _is_cell(filename: str) -> bool:
    """IPython keeps cells under names like <ipython-input-3-...> or ipykernel_123/456.py; plain exec says <string>."""
    return (filename.startswith("<") and not filename.startswith("<frozen ")) or "ipykernel_" in filename


class _Beginning(io.StringIO):
    """Keeps the beginning of what is written and drops the rest."""

    def write(self, text: str) -> int:
        room = PRINTED - self.tell()
        if room > 0:
            super().write(text[:room])
        return len(text)
