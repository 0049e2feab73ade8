"""Ways to run an answer on a case so that plain values come out.

A probe is called as `probe(answer, *arguments)`, in the student's kernel with the student's answer and in the judge's
process with the reference; both sides name it by its name in this module.

A probe that is a generator function is a conversation: it runs beside the answer, is told something by each `yield`, and says
what the answer makes of it. Its partner is the exercise's view (`course.views`), in the process of the one who judges.
Nothing that the answer must not see in advance is ever told to it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from course.case import describe
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
