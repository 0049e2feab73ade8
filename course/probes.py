"""Ways to run an answer on a case so that plain values come out.

A probe is called as `probe(answer, *arguments)`, in the student's kernel with the student's answer and in the judge's
process with the reference; both sides name it by its name in this module.

A probe that is a generator function is a conversation: it runs beside the answer, is told something by each `yield`, and says
what the answer makes of it. Its partner is the exercise's view (`course.views`), in the process of the one who judges.
Nothing that the answer must not see in advance is ever told to it.
"""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from course.case import describe, is_tensor
from course.graph_probes import (  # noqa: F401 (probes, too)
    gradients,
    messages,
    node_attributes,
    recorded,
    sorted_nodes,
    vjp_outputs,
    with_operators,
)
from course.image_views import image_net  # noqa: F401 (a probe, too)
from course.language_views import table  # noqa: F401 (a probe, too)
from course.module_views import module  # noqa: F401 (a probe, too)
from course.scale_views import asked_in_turn, encoders, with_or_without_graph  # noqa: F401 (probes, too)
from course.sequence_views import (  # noqa: F401 (probes, too)
    cell_with_gradients,
    character_model,
    loss_with_gradient,
    tokens,
)
from course.shortcut_views import tagged_net  # noqa: F401 (a probe, too)
from course.trace_views import leaving_no_trace  # noqa: F401 (a probe, too)
from course.wire import Given


def values(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Arguments in, output out: the plain call."""
    return answer(*arguments)


def counting_calls(answer: Callable[..., Any], *arguments: Any) -> tuple:
    """The output, and after it how often the answer called each function that it was given."""
    counts = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        counts.append(0)
        place = len(counts) - 1

        def call(*inputs: Any, **keywords: Any) -> Any:
            counts[place] += 1
            return function(*inputs, **keywords)

        return call

    output = answer(*[counted(argument) if callable(argument) else argument for argument in arguments])
    return (*(output if isinstance(output, tuple) else (output,)), *counts)


def watched_function(answer: Callable[..., Any], f: Callable[..., Any], x: Any, *rest: Any) -> tuple[Any, str]:
    """The output of `answer(f, x, *rest)`, and what was wrong with the points at which it called f.

    "dtype int64", "shape (6,)" or "a list" for a point that is no float64 array of the shape of x; "x itself" where all points
    were equal to x; "" where nothing was wrong.
    """
    wrong: list[str] = []
    moved: list[bool] = []
    start = np.array(x, dtype=np.float64)

    def watched(point: Any) -> Any:
        if not isinstance(point, (np.ndarray, np.float64)):
            wrong.append(f"dtype {point.dtype}" if isinstance(point, np.generic) else describe(point))
        elif point.shape != start.shape:
            wrong.append(f"shape {point.shape}")
        elif point.dtype != np.float64:
            wrong.append(f"dtype {point.dtype}")
        else:
            moved.append(not np.array_equal(point, start))
        return f(point)

    output = answer(watched, x, *rest)
    return output, wrong[0] if wrong else "x itself" if moved and not any(moved) else ""


def in_time(answer: Callable[..., Any], *arguments: Any) -> Any:
    """The plain call, stopped with a TimeoutError when it has computed for two seconds, so that a check comes back.

    Only on the main thread and where the system has such a timer.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return answer(*arguments)

    def stop(number: int, frame: Any) -> None:
        raise TimeoutError("it was still computing after 2 seconds and was stopped")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 2.0)
    try:
        return answer(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before if before is not None else signal.SIG_DFL)


def steps(
    answer: Callable[..., Any], theta: np.ndarray, grads: np.ndarray, options: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """An update `answer(theta, grad, state=None, **options) -> theta, state`, fed with grads (T, *theta.shape) in turn.

    Returns theta after every step (T, *theta.shape) of three runs: alone; with every call made twice, of which the second
    counts; and with a second parameter vector, which has its own state, in between.
    """

    def step(theta: Any, grad: np.ndarray, *state: Any) -> tuple[Any, Any]:
        return _pair(answer, answer(theta, grad, *state, **options))

    point, state = (theta,), ()
    alone = []
    for grad in grads:
        *point, new = step(*point, grad, *state)
        state = (new,)
        alone.append(np.array(point[0]))
    point, state, again = theta, None, []
    for grad in grads:
        step(point, grad, state)
        point, state = step(point, grad, state)
        again.append(np.array(point))
    point, state, other, others = theta, None, -theta, None
    between = []
    for grad, back in zip(grads, grads[::-1], strict=True):
        point, state = step(point, grad, state)
        between.append(np.array(point))
        other, others = step(other, back, others)
    return _stack(alone), _stack(again), _stack(between)


def _pair(answer: Callable[..., Any], output: Any) -> tuple[Any, Any]:
    if not isinstance(output, (tuple, list)) or len(output) != 2:
        name = getattr(answer, "__name__", "the function")
        raise TypeError(f"{name} returns the new theta and the state; {describe(output)} came back")
    return output[0], output[1]


def _stack(arrays: list[np.ndarray]) -> Any:
    """One array where all have one shape, else the list."""
    return np.stack(arrays) if arrays and len({array.shape for array in arrays}) == 1 else arrays


def draws(answer: Callable[..., Any], *arguments: Any) -> tuple[Any, Any, Any]:
    """A random array by `answer(..., rng)`: the array, its first numbers again from an equal generator, and those of a
    second call with that generator."""
    *rest, rng = arguments
    first = answer(*rest, rng)
    state = np.random.default_rng(0)
    state.bit_generator.state = _seeded(rng)
    again = answer(*rest, state)
    after = answer(*rest, state)
    return _single(first), _beginning(again), _beginning(after)


def _seeded(rng: np.random.Generator) -> dict[str, Any]:
    """The state in which a generator began."""
    return type(rng.bit_generator)(rng.bit_generator.seed_seq).state


def _single(value: Any) -> Any:
    """Half the bytes on the way where the last digits don't matter."""
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def _beginning(value: Any) -> Any:
    return _single(np.ravel(value)[:50]) if isinstance(value, np.ndarray) else value


def twice(answer: Callable[..., Any], *arguments: Any) -> tuple[Any, Any]:
    """The outputs of two equal calls; each has arguments of its own."""
    first = answer(*build_arguments(arguments))
    return first, answer(*arguments)


def placed(answer: Callable[..., Any], *arguments: Any) -> tuple[Any, str, str]:
    """A tensor from an answer whose last argument is the device to put it on: its values, its dtype, and where it is.

    The values are sent in float32, whatever they are in. On the meta device there are none; the shape, as text, stands for them.
    """
    device = arguments[-1]
    try:
        output = answer(*arguments)
    except NotImplementedError as error:
        if device.type != "meta":
            raise
        # so torch says that there is nothing to copy; an answer that is not written has said it on other devices
        raise RuntimeError(str(error)).with_traceback(error.__traceback__) from None
    if not is_tensor(output):
        return output, "none", "nowhere"
    on_device = output.device.type == device.type and device.index in (None, output.device.index)
    has_values = "meta" not in (device.type, output.device.type)
    return (
        output.detach().float() if has_values else f"shape {tuple(output.shape)}",
        str(output.dtype).removeprefix("torch."),
        "the device asked for" if on_device else str(output.device),
    )


def with_gradients(answer: Callable[..., Any], *arguments: Any) -> tuple[Any, Any]:
    """The output, a tensor or a list of them, and the gradients of the sum of its last one, for every tensor that went in.

    A gradient is None where nothing flows back. Where the output holds no tensor there are no gradients, but None.
    """
    import torch

    leaves = list(_tensors(arguments))
    for leaf in leaves:
        leaf.requires_grad_()
    output = answer(*arguments)
    last = output[-1] if isinstance(output, (list, tuple)) and output else output
    if not is_tensor(last):
        return output, None
    if not last.requires_grad:
        return output, [None] * len(leaves)
    return output, list(torch.autograd.grad(last.sum(), leaves, allow_unused=True))


def _tensors(values: Any) -> Any:
    """Every tensor of floats in lists and tuples."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _tensors(value)
        elif is_tensor(value) and value.is_floating_point():
            yield value


def with_training_inputs(
    answer: Callable[..., Any], X_train: np.ndarray, labels: np.ndarray, X_test: np.ndarray, *rest: Any
) -> tuple[Any, Any]:
    """The labels of a classifier `answer(X_train, labels, X_test, ...)` for X_test and, asked in the same call, for X_train."""
    output = answer(X_train.copy(), labels, np.concatenate([X_test, X_train]), *rest)
    if np.ndim(output) != 1 or len(output) != len(X_test) + len(X_train):
        return output, None
    return output[: len(X_test)], output[len(X_test) :]


def rule(answer: Callable[..., Any]) -> Generator[Any, Any, None]:
    """Conversation with an update rule `answer(theta, grad, state, step) -> theta, state` on several problems at once.

    The rule may write into its arrays, which are copies. The probe is told (thetas, grads, step), lists with None for
    problems that are over, and says the list of new thetas. The states stay here.
    """
    thetas, grads, step = yield None
    states: list[Any] = [None] * len(thetas)
    while True:
        new: list[Any] = [None] * len(thetas)
        for i, theta in enumerate(thetas):
            if theta is not None:
                new[i], states[i] = _pair(answer, answer(theta.copy(), grads[i].copy(), states[i], step))
        thetas, grads, step = yield new


def talks(probe: Callable[..., Any]) -> bool:
    """Is the probe a conversation?"""
    return inspect.isgeneratorfunction(probe)


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
