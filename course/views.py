"""What of an output counts: ways to view it before it is judged.

A view is called as `view(output, arguments, truth)` in the process of the one who judges, never in the student's: with what
the answer's probe returned, the arguments of the case, and the case's truth. It returns

    any value                      which is compared with the view of the reference's output, or
    {WRONG: sentence or None}      what is wrong with the output, None where nothing is, or
    a score, or {name: score}      which must reach the exercise's `at_least`.

A dict may hold more: what was noticed, from which a sign (`course.signs`) knows a mistake. Outputs come from anywhere and may
be anything; what a view makes of them must not raise, and if it does, the output has not the form that is asked for.

Where the probe is a conversation (see `course.probes`), a view gets it in place of the output: `talk.send(message)` tells the
answer's side the message, and gives what that says to it. So data that the answer must not have in advance stays here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor
from course.graph_views import node_attributes, recorded, sorted_nodes  # noqa: F401 (views, too)
from course.image_views import reads_shifted  # noqa: F401 (a view, too)
from course.language_views import next_words  # noqa: F401 (a view, too)
from course.module_views import module_as_asked  # noqa: F401 (a view, too)
from course.network_views import (  # noqa: F401 (views, too)
    classified,
    interpolant,
    survived_noise,
    tents,
    threshold_network,
)
from course.scale_views import finite_at_zero_rows, scaling_law, zero_shot_recognition  # noqa: F401 (views, too)
from course.sequence_views import characters_predicted, clipped, masked_loss  # noqa: F401 (views, too)
from course.shortcut_views import reads_digit  # noqa: F401 (a view, too)
from course.trace_views import without_trace  # noqa: F401 (a view, too)
from course.wire import Given

View = Callable[[Any, Sequence[Any], Any], Any]


class AnswerFailed(BaseException):
    """The answer's side of a conversation came to an end by itself; carries the `Outcome`."""


def view_output(view: View | None, output: Any, arguments: Sequence[Any], truth: Any) -> Any:
    """The output as the view shows it, or itself where there is none."""
    if view is None:
        return output
    if hasattr(output, "send"):
        return view(output, arguments, truth)  # here an error may be the answer's
    try:
        with np.errstate(all="ignore"):
            return view(output, arguments, truth)
    except Exception as error:
        return {WRONG: f"What came back has not the form that is asked for ({type(error).__name__}: {error})."}


def with_dtype(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[Any, dict[str, Any]]:
    """The output, and what is wrong where its dtype is not that of the first argument."""
    first = arguments[0].build() if isinstance(arguments[0], Given) else arguments[0]
    wanted, came = first.dtype, getattr(output, "dtype", None)
    if not isinstance(output, np.ndarray):
        return output, {WRONG: f"It has no dtype; an array of {wanted} is asked for."}
    return output, {WRONG: None if came == wanted else f"It has dtype {came} where {wanted} is expected."}


def whole_number(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[Any, dict[str, Any]]:
    """The output, and what is wrong where it is a number but no int."""
    if not isinstance(output, (float, np.floating, np.ndarray)) or np.asarray(output).dtype.kind != "f":
        return output, {WRONG: None}
    return output, {WRONG: "It is a float; a number of positions is an int."}


def steps(output: Any, arguments: Sequence[Any], truth: Any) -> Any:
    """Of `probes.steps`: the path, and what is wrong where a repeated call, or another one in between, leads elsewhere."""
    alone, again, between = output
    repeated, disturbed = _first_unlike(alone, again), _first_unlike(alone, between)
    said = None
    if repeated:
        said = (
            f"A second call with the same arguments gives another theta in step {repeated}. What has the first changed?"
        )
    elif disturbed:
        said = f"With another parameter vector in between, theta comes out otherwise in step {disturbed}."
    return alone, {WRONG: said, "repeated": repeated, "disturbed": disturbed}


def watched_gradient(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[dict[str, Any], Any]:
    """Of `probes.watched_function`: what is wrong with the points at which f was called, and the output.

    Faults: "dtype" with its name, "shape", "x itself" (f was never called anywhere else), "not an array"
    """
    gradient, seen = output
    if not seen:
        return {WRONG: None}, gradient
    if seen == "x itself":
        return {WRONG: "f was called at x itself each time: the steps have not reached it.", "fault": seen}, gradient
    asked = "f takes a float64 array of the shape of x"
    if seen.startswith(("dtype ", "shape ")):
        fault = "shape" if seen.startswith("shape ") else seen
        return {WRONG: f"{asked}, but was called with an array of {seen}.", "fault": fault}, gradient
    return {WRONG: f"{asked}, but was called with {seen}.", "fault": "not an array"}, gradient


def few_calls(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[dict[str, Any], Any]:
    """Of `probes.counting_calls` with one function: what is wrong where it was called more than 4 times, and the output."""
    *results, calls = output
    result = results[0] if len(results) == 1 else tuple(results)
    if calls <= 4:
        return {WRONG: None}, result
    return {WRONG: f"The function was called {calls} times; 4 calls are enough.", "fault": "too many calls"}, result


def _first_unlike(one: Any, other: Any) -> int | None:
    """The number of the first row, from 1, that is not the same to the last bit.

    Paths of different shapes are not compared: then the first is wrong by itself.
    """
    if not _same_shape(one, other):
        return None
    same = ((one == other) | (np.isnan(one) & np.isnan(other))).reshape(len(one), -1).all(axis=1)
    return None if same.all() else int(same.argmin()) + 1


def _same_shape(one: Any, other: Any) -> bool:
    return all(isinstance(a, np.ndarray) and a.dtype.kind in "iuf" for a in (one, other)) and one.shape == other.shape


def normal_weights(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.draws`: are these normal numbers of mean 0 and the standard deviation `truth`, drawn from the generator?

    arguments: (columns, rows, ...). The deviation must be right within 3 %, the fourth moment within 10 % of a normal one.
    """
    first, again, after = output
    asked = tuple(arguments[1::-1])
    if not isinstance(first, np.ndarray) or first.dtype.kind != "f":
        return {WRONG: f"An array of floats is asked for; {describe(first)} came back."}
    if first.shape != asked:
        return {WRONG: f"The weights have shape {first.shape} where {asked} is expected."}
    if not np.array_equal(first.ravel()[: np.size(again)], np.ravel(again)):
        return {WRONG: "Two generators with the same seed gave different weights.", "repeats": False}
    if np.array_equal(again, after):
        return {WRONG: "A second call with the same generator gave the same weights once more."}
    if not np.isfinite(first).all():
        return {WRONG: "Some of the weights are not finite."}
    first = first.astype(np.float64)
    deviation = float(first.std())
    if deviation == 0:
        return {WRONG: "The weights are all equal."}
    seen = {
        "deviation": deviation / truth,
        "mean": float(first.mean()) / truth,
        "fourth moment": float(np.mean((first - first.mean()) ** 4)) / deviation**4 / 3,
    }
    return {WRONG: _wrong_with_weights(**{name.replace(" ", "_"): value for name, value in seen.items()}), **seen}


def _wrong_with_weights(deviation: float, mean: float, fourth_moment: float) -> str | None:
    if abs(deviation - 1) > 0.03:
        return f"The standard deviation is {deviation:.3g} times what it should be."
    if abs(mean) > 0.03:
        return f"The mean is {mean:.2g} standard deviations away from 0."
    if abs(fourth_moment - 1) > 0.1:
        return "The weights are not normal: their fourth moment is another."
    return None


# ------------------------------------------------------------------------------------------ an update rule on 13 problems


def problems_solved(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.rule`: how many of the problems of the seed `truth` the rule solves in 500 steps, and how it moves.

    The costs and their gradients stay here; the rule sees nothing but points and gradients.
    """
    from course.landscapes import optimizer_problems

    problems = optimizer_problems(truth)
    thetas: list[np.ndarray | None] = [problem.start for problem in problems]
    paths = [[problem.start] for problem in problems]
    slopes: list[list[np.ndarray]] = [[] for _ in problems]
    with np.errstate(all="ignore"):
        for step in range(1, 501):
            grads = [None if t is None else p.grad(t) for p, t in zip(problems, thetas, strict=True)]
            said = talk.send((thetas, grads, step))
            for i, problem in enumerate(problems):
                if thetas[i] is None:
                    continue
                theta = _point(said[i] if isinstance(said, (list, tuple)) and len(said) == len(problems) else None)
                if theta is None or theta.shape != problem.start.shape:
                    asked = f"an array of shape {problem.start.shape} of numbers"
                    came = describe(said[i]) if isinstance(said, (list, tuple)) and len(said) > i else describe(said)
                    return {WRONG: f"The new theta must be {asked}; {came} came back in step {step}."}
                slopes[i].append(grads[i])
                paths[i].append(theta)
                thetas[i] = theta if np.isfinite(theta).all() else None
        solved = sum(t is not None and p.solved(t) for p, t in zip(problems, thetas, strict=True))
        return {"number of problems solved": int(solved), "moves": manner(paths, slopes)}


def _point(value: Any) -> np.ndarray | None:
    if is_tensor(value) or not isinstance(value, (np.ndarray, list, tuple)):
        return None
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array.astype(np.float64) if array.dtype.kind in "iuf" else None


def manner(paths: Sequence[Sequence[np.ndarray]], slopes: Sequence[Sequence[np.ndarray]]) -> str:
    """How a rule moves, whatever its constants: "along the gradient", "with momentum", "short steps", "constant steps",
    "stops early", or "otherwise".

    paths: of each problem the points, one more than slopes, the gradients there
    """
    points, grads = [np.array(path) for path in paths], [np.array(slope) for slope in slopes]
    moves = [np.diff(path, axis=0) for path in points]
    if _is_linear(points, grads, memory=False):
        return "along the gradient"
    if _is_linear(points, grads, memory=True):
        return "with momentum"
    whole = [(m, g) for m, g in zip(moves, grads, strict=True) if len(m) == 500 and np.isfinite(m).all()]
    if not whole:
        return "otherwise"
    if all(_constant(m, g) for m, g in whole):
        return "constant steps"
    if all(np.abs(m).sum(axis=0).max() <= 4 for m, _ in whole) and all(_first_like_adam(m, g) for m, g in whole):
        lengths = [np.abs(m).max(axis=1) for m, _ in whole]
        if np.median([length[250:].mean() / length[:5].mean() for length in lengths]) > 0.02:
            return "short steps"
    late = [np.linalg.norm(m[100:], axis=1).sum() / np.linalg.norm(m, axis=1).sum() for m, _ in whole]
    still_steep = [np.linalg.norm(g[-1]) > 1e-3 * np.linalg.norm(g[0]) for _, g in whole]
    stopped = [share < 0.01 for share, steep in zip(late, still_steep, strict=True) if steep]
    return "stops early" if stopped and all(stopped) else "otherwise"


def _is_linear(paths: Sequence[np.ndarray], grads: Sequence[np.ndarray], memory: bool) -> bool:
    """Is every move the same linear function of the gradient, with memory also of the last move and the gradient before?"""
    rows, aims = [], []
    for path, g in zip(paths, grads, strict=True):
        m = np.diff(path, axis=0)
        finite = np.isfinite(m).all(axis=1) & np.isfinite(g).all(axis=1)
        count = min(30, len(m) if finite.all() else int(finite.argmin()))
        if count < 3:
            continue
        size = np.abs(m[1:count]).max(axis=1, keepdims=True)  # each step counts alike, but for those lost in rounding
        told = size[:, 0] > 1e-8 * np.abs(path[1:count]).max(axis=1)
        columns = [g[1:count], m[: count - 1], g[: count - 1]] if memory else [g[1:count]]
        rows.append(np.stack([(column[told] / size[told]).ravel() for column in columns], axis=1))
        aims.append((m[1:count][told] / size[told]).ravel())
    if not any(map(len, rows)):
        return False
    A, aim = np.concatenate(rows), np.concatenate(aims)
    used = np.isfinite(A).all(axis=1)
    A, aim = A[used] / np.abs(A[used]).max(axis=0, initial=1e-300), aim[used]
    return bool(len(A) and np.abs(A @ np.linalg.lstsq(A, aim, rcond=None)[0] - aim).max() <= 1e-6)


def _constant(m: np.ndarray, g: np.ndarray) -> bool:
    """Is every coordinate's step of one length, or every step as a whole?"""
    moving = np.abs(g).max(axis=1) > 1e-12
    lengths = np.linalg.norm(m[moving], axis=1)
    each = np.abs(m[moving & (np.abs(g) > 1e-12).all(axis=1)])
    return any(len(v) > 0 and v.max() > 0 and np.ptp(v) <= 1e-5 * v.max() for v in (lengths, each))


def _first_like_adam(m: np.ndarray, g: np.ndarray) -> bool:
    """Does the first step go against the signs of the gradient, equally far in every coordinate?"""
    sized = np.abs(m[0][np.abs(g[0]) > 1e-4])
    return len(sized) > 0 and sized.max() > 0 and np.ptp(sized) <= 1e-2 * sized.max()
