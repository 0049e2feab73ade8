"""Call functions that a reader wrote, so that whatever they do ends in a picture or in one sentence.

rule = reader_rule(momentum_step, returns={"theta": 0, "p": 1})
theta, p = rule(theta, p, grad, 0.1, 0.9)   # arrays of float64, or ReaderError with a sentence to show

with time_limit(3.0), silenced():
    scene(**settings)
"""

import contextlib
import functools
import io
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Shape = int | tuple[int, ...] | Callable[..., tuple[int, ...]] | None
"""What an output should look like: as argument number so-and-so, this shape (`()` a number), a function of the
arguments that says the shape, or None: anything."""


class ReaderError(Exception):
    """Something went wrong in a reader's function; the message is the sentence that the reader sees."""


class OutOfTime(BaseException):
    """Raised inside code that has used up its time. Not an Exception, so that `except Exception` lets it through."""


_running: list[str] = []  # the readers' functions that are being called, innermost last


def reader_rule(
    function: Callable[..., Any], returns: Mapping[str, Shape], *, framework: str = "numpy", finite: bool = False
) -> Callable[..., Any]:
    """A reader's function, made safe to call from a scene.

    returns: the outputs by name and what each should look like; one output is returned as it is, several as a tuple
    framework: "numpy" hands back float64 arrays (a float where the shape is ()), "torch" wants tensors
    finite: True also objects to infinite values; otherwise only to NaN that comes from finite arguments

    The function that comes back has the same arguments and raises ReaderError, with one sentence, where the reader's
    raises, returns something else, or changes an array it was given. What it prints is swallowed.
    NotImplementedError, as answers raise that are not yet written, becomes a sentence that waits for the answer.
    """
    name = name_of(function)
    wanted = dict(returns)

    @functools.wraps(function, assigned=("__name__", "__doc__"), updated=())
    def safe(*arguments: Any, **keywords: Any) -> Any:
        before = [_copy(argument) for argument in arguments]
        _running.append(name)
        try:
            with silenced():
                output = function(*arguments, **keywords)
        except ReaderError:
            raise
        except Exception as error:
            raise ReaderError(describe(error, name)) from error
        finally:
            if sys.exc_info()[0] is not OutOfTime:  # `time_limit` reads whose function it was
                _running.pop()
        for position, (kept, argument) in enumerate(zip(before, arguments, strict=True)):
            if kept is not None and not _same(kept, argument):
                raise ReaderError(
                    f"{name} changed the {_kind(argument)} it was given as argument {position + 1}; "
                    "work on a copy, the caller still needs the old one."
                )
        outputs = _split(name, output, wanted)
        known = all(bool(_isfinite(argument).all()) for argument in arguments if _is_numeric(argument))
        checked = tuple(
            _check(name, key, value, shape, arguments, keywords, framework, finite, known)
            for (key, shape), value in zip(wanted.items(), outputs, strict=True)
        )
        return checked[0] if len(checked) == 1 else checked

    return safe


def name_of(function: Callable[..., Any]) -> str:
    """What a function is called in a sentence."""
    return getattr(function, "__name__", type(function).__name__)


def describe(error: BaseException, name: str) -> str:
    """An error in one sentence: whose it is, what it says, and in which line."""
    if isinstance(error, ReaderError):
        return str(error)
    if isinstance(error, NotImplementedError):
        return f"This waits for your {name}: write it, then run this cell again."
    said = " ".join(str(error).split())
    said = said[:197] + "..." if len(said) > 200 else said
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.name == name]
    where = f" in its line {frames[-1].lineno}" if own and frames[-1].filename == own[-1].filename else ""
    return f"{name} raised {type(error).__name__}{where}{': ' + said if said else ''}."


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Swallow what is printed and warned about, and numpy's complaints about overflow."""
    out, err = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = _Nowhere()
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.stdout, sys.stderr = out, err


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Turn a body that runs longer than this into a ReaderError that says whose function it was.

    By an interval timer's signal on the main thread; where there is none (Windows, another thread) by a watchdog that
    raises in this thread. Neither can interrupt one long call into compiled code: it ends first. The signal comes
    again and again, for loops that hold on to `except:`. A KeyboardInterrupt passes through.
    """
    del _running[:]
    arm, disarm = _by_signal(seconds) if _has_timer() else _by_watchdog(seconds)
    try:
        try:
            arm()
            yield
        finally:
            disarm()
    except OutOfTime:
        disarm()
        whose = _running[-1] if _running else "the scene"
        hint = "does its loop end?" if _running else "ask for less at once."
        raise ReaderError(f"{whose} was still running after {seconds:g} seconds and was stopped; {hint}") from None
    finally:
        del _running[:]


def _has_timer() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _by_signal(seconds: float) -> tuple[Callable[[], None], Callable[[], None]]:
    def ring(number: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.getsignal(signal.SIGALRM)

    def arm() -> None:
        signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)

    def disarm() -> None:
        # A last signal may arrive in here: whatever happens, the timer is off at the end.
        for _ in range(3):
            with contextlib.suppress(OutOfTime):
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)
                return

    return arm, disarm


def _by_watchdog(seconds: float) -> tuple[Callable[[], None], Callable[[], None]]:
    import ctypes

    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    thread = ctypes.c_ulong(threading.get_ident())
    done = threading.Event()

    def watch() -> None:
        if not done.wait(seconds):
            while not done.is_set():
                raise_in(thread, ctypes.py_object(OutOfTime))
                done.wait(0.2)

    watchdog = threading.Thread(target=watch, daemon=True)

    def disarm() -> None:
        for _ in range(3):
            with contextlib.suppress(OutOfTime):
                done.set()
                if watchdog.is_alive():
                    watchdog.join()
                raise_in(thread, None)  # one that is still under way
                return

    return watchdog.start, disarm


class _Nowhere(io.TextIOBase):
    """Where printed lines go to be forgotten."""

    def write(self, text: str) -> int:
        return len(text)

    def writable(self) -> bool:
        return True


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _is_numeric(value: Any) -> bool:
    return isinstance(value, (float, int, np.ndarray, np.number)) and np.asarray(value).dtype.kind in "fiub"


def _isfinite(value: Any) -> np.ndarray:
    return np.isfinite(np.asarray(value))


def _copy(argument: Any) -> Any:
    """A copy to compare with afterwards; None for what isn't looked at."""
    if isinstance(argument, np.ndarray):
        return argument.copy()
    return argument.detach().clone() if _is_tensor(argument) else None


def _same(kept: Any, argument: Any) -> bool:
    if isinstance(kept, np.ndarray):
        return kept.shape == argument.shape and np.array_equal(kept, argument, equal_nan=kept.dtype.kind in "fc")
    return kept.shape == argument.shape and bool(((kept == argument) | (kept != kept)).all())


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return "torch tensor" if _is_tensor(value) else "array" if isinstance(value, np.ndarray) else type(value).__name__


def _split(name: str, output: Any, wanted: dict[str, Shape]) -> list[Any]:
    """The outputs one by one."""
    if output is None:
        raise ReaderError(f"{name} returned None; does it end in `return {', '.join(wanted)}`?")
    if len(wanted) == 1:
        return [output]
    if not isinstance(output, (tuple, list)):
        raise ReaderError(
            f"{name} should return {len(wanted)} things, {', '.join(wanted)}, but returned one {_kind(output)}."
        )
    if len(output) != len(wanted):
        raise ReaderError(
            f"{name} should return {len(wanted)} things, {', '.join(wanted)}, but returned {len(output)}."
        )
    return list(output)


def _check(
    name: str,
    key: str,
    value: Any,
    shape: Shape,
    arguments: tuple,
    keywords: dict[str, Any],
    framework: str,
    finite: bool,
    known: bool,
) -> Any:
    if shape is None:
        return value
    if value is None:
        raise ReaderError(f"{name} returned None for {key}.")
    if isinstance(shape, int):
        expected = tuple(np.shape(arguments[shape]))
    else:
        expected = tuple(shape(*arguments, **keywords)) if callable(shape) else tuple(shape)
    if framework == "torch":
        if not _is_tensor(value):
            raise ReaderError(f"{name} returned {_a(_kind(value))} for {key} where a torch tensor belongs.")
        found, plain = tuple(value.shape), value.detach().cpu().numpy()
    else:
        if _is_tensor(value):
            raise ReaderError(
                f"{name} returned a torch tensor for {key} where a numpy array belongs; its .numpy() may do."
            )
        plain = _as_array(name, key, value)
        found, value = plain.shape, plain
    if found != expected:
        if expected == () and plain.size == 1 and framework == "numpy":
            value = plain = plain.reshape(())
        else:
            raise ReaderError(f"{name} returned {key} of shape {found}, but it should have shape {expected}.")
    if (known or finite) and np.isnan(plain).any():
        raise ReaderError(
            f"{name} returned NaN in {key}; where does it divide by zero or take a root of a negative number?"
        )
    if finite and not np.isfinite(plain).all():
        raise ReaderError(f"{name} returned an infinite value in {key}.")
    return float(plain) if framework == "numpy" and expected == () else value


def _as_array(name: str, key: str, value: Any) -> np.ndarray:
    try:
        plain = np.array(value)
    except (TypeError, ValueError):
        plain = np.array(None)
    if plain.dtype.kind not in "fiub":
        raise ReaderError(f"{name} returned {_a(_kind(value))} for {key} where numbers belong.")
    return plain.astype(float)


def _a(kind: str) -> str:
    return kind if kind == "None" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
