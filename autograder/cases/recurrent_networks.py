"""Lecture 12, recurrent networks: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Callable, Iterator
from functools import wraps

import numpy as np
import torch

from autograder.exercise import Exercise
from autograder.reference import recurrent_networks as reference
from course import data, given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int, size: float = 1.5) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.1 * size, size, shape)).round(2)


def _tensor(array: np.ndarray, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(array).to(dtype)


# ------------------------------------------------------------------------------------------ forward


def _weights(rng: np.random.Generator, D: int, H: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """w_xh, w_hh and b such that no unit is saturated."""
    size = 1.6 / np.sqrt(D + H)
    return _numbers(rng, D, H, size=size), _numbers(rng, H, H, size=size), _numbers(rng, H, size=0.5)


def sequences(rng: np.random.Generator) -> Iterator[Case]:
    def inputs(N: int, T: int, D: int, H: int, size: float = 1.5) -> tuple[np.ndarray, ...]:
        return _numbers(rng, N, T, D, size=size), _numbers(rng, N, H, size=0.9), *_weights(rng, D, H)

    yield Case("two sequences of four steps", *inputs(2, 4, 3, int(rng.integers(5, 7))))
    yield Case("one unit, one input", *inputs(3, 5, 1, 1))
    yield Case("a single sequence", *inputs(1, 5, 2, 3))
    yield Case("N = T = D = H", *inputs(3, 3, 3, 3))
    yield Case("more inputs than units", *inputs(4, 2, 5, 2))
    yield Case("float32", *(a.astype(np.float32) for a in inputs(2, 3, 4, 3)))
    yield Case("one step", *inputs(3, 1, 2, 4), edge=True)
    yield Case("huge inputs: all units saturated", *inputs(2, 3, 2, 4, size=9e4), edge=True)


rnn_forward = Exercise(
    reference.rnn_forward,
    points=2,
    cases=sequences,
    outputs=("the states", "their dtype"),
    view=views.with_dtype,
    rtol=1e-5,
    atol=1e-6,
    lean=True,
)


def _states(x, h0, step: Callable) -> np.ndarray:
    """All states by `step(x_t, h)`, in the dtype of x."""
    h, states = h0, []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        states.append(h)
    return np.stack(states, axis=1)


@rnn_forward.mistake
def state_not_carried(x, h0, w_xh, w_hh, b):
    """Step 1 is right and step 2 does not depend on step 1."""
    return _states(x, h0, lambda x_t, h: np.tanh(x_t @ w_xh + h0 @ w_hh + b))


@rnn_forward.mistake
def time_axis_first(x, h0, w_xh, w_hh, b):
    """The first axis is the batch, and time is the second one, in what you are given and in what you return."""
    return np.swapaxes(reference.rnn_forward(x, h0, w_xh, w_hh, b), 0, 1)


def _over_first_axis(x, h0, w_xh, w_hh, b):
    h, states = h0, []
    for x_t in x:
        h = np.tanh(x_t @ w_xh + h @ w_hh + b)
        states.append(h)
    return states


@rnn_forward.mistake
def time_axis_first(x, h0, w_xh, w_hh, b):
    return np.stack(_over_first_axis(x, h0, w_xh, w_hh, b))


@rnn_forward.mistake
def time_axis_first(x, h0, w_xh, w_hh, b):
    return np.stack(_over_first_axis(x, h0, w_xh, w_hh, b), axis=1)


@rnn_forward.mistake
def time_axis_first(x, h0, w_xh, w_hh, b):
    states = np.zeros((*x.shape[:2], len(b)), dtype=x.dtype)
    h = h0
    for t in range(len(x)):
        h = np.tanh(x[t] @ w_xh + h @ w_hh + b)
        states[t] = h
    return states


@rnn_forward.mistake
def transposed_recurrence(x, h0, w_xh, w_hh, b):
    """Rows of h multiply w_hh from the left."""
    return _states(x, h0, lambda x_t, h: np.tanh(x_t @ w_xh + h @ w_hh.T + b))


@rnn_forward.mistake
def last_state_only(x, h0, w_xh, w_hh, b):
    """All T states are asked for."""
    return reference.rnn_forward(x, h0, w_xh, w_hh, b)[:, -1]


@rnn_forward.mistake(sign=signs.changes_input)
def changes_h0(x, h0, w_xh, w_hh, b):
    """The initial state you were given has changed."""
    h0[...] = reference.rnn_forward(x, h0, w_xh, w_hh, b)[:, -1]
    return


@rnn_forward.mistake
def last_state_everywhere(x, h0, w_xh, w_hh, b):
    """All your states are equal to the last one: is one and the same array stored T times?"""
    h = reference.rnn_forward(x, h0, w_xh, w_hh, b)
    return np.repeat(h[:, -1:], h.shape[1], axis=1)


@rnn_forward.mistake
def starts_at_zero(x, h0, w_xh, w_hh, b):
    """Your first state does not depend on h0."""
    return reference.rnn_forward(x, 0 * h0, w_xh, w_hh, b)


@rnn_forward.mistake
def states_shifted(x, h0, w_xh, w_hh, b):
    """The states asked for are h_1 to h_T: yours begin with h_0."""
    return np.concatenate([h0[:, None], reference.rnn_forward(x, h0, w_xh, w_hh, b)], axis=1)


@rnn_forward.mistake
def states_shifted(x, h0, w_xh, w_hh, b):
    return np.concatenate([h0[:, None], reference.rnn_forward(x, h0, w_xh, w_hh, b)[:, :-1]], axis=1)


@rnn_forward.mistake
def no_bias(x, h0, w_xh, w_hh, b):
    """The bias is part of every step, and yours makes no difference."""
    return reference.rnn_forward(x, h0, w_xh, w_hh, 0 * b)


@rnn_forward.mistake
def no_tanh(x, h0, w_xh, w_hh, b):
    """States lie between -1 and 1. What is missing after the sum?"""
    return _states(x, h0, lambda x_t, h: x_t @ w_xh + h @ w_hh + b)


@rnn_forward.mistake
def tanh_only_in_output(x, h0, w_xh, w_hh, b):
    """What is carried to the next step is the state, not what stood before the tanh."""
    return np.tanh(_states(x, h0, lambda x_t, h: x_t @ w_xh + h @ w_hh + b))


@rnn_forward.mistake
def dtype_lost(x, h0, w_xh, w_hh, b):
    """The states are right, but float32 went in and float64 came out. Which dtype does np.zeros make?"""
    return reference.rnn_forward(x, h0, w_xh, w_hh, b).astype(np.float64)


@rnn_forward.mistake(sign=signs.not_finite)
def own_tanh_overflows(x, h0, w_xh, w_hh, b):
    """Right, but for large inputs: inf/inf is NaN. The library's tanh does without such exponentials."""

    def tanh(z):
        return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))

    return _states(x, h0, lambda x_t, h: tanh(x_t @ w_xh + h @ w_hh + b))


# ------------------------------------------------------------------------------------------ backward


def _digits(a: np.ndarray) -> np.ndarray:
    """Ten of them: enough that states are those of their inputs, and not more."""
    return np.array([float(f"{v:.10g}") for v in a.flat]).reshape(a.shape)


def upstream_gradients(rng: np.random.Generator) -> Iterator[Case]:
    def run(N: int, T: int, D: int, H: int) -> list[np.ndarray]:
        """dh, x, h, h0, w_xh, w_hh, of a network whose states are those of its inputs."""
        x, h0 = _numbers(rng, N, T, D, size=1.2), _numbers(rng, N, H, size=0.9)
        w_xh, w_hh, b = _weights(rng, D, H)
        h = _digits(reference.rnn_forward(x, h0, w_xh, w_hh, b))
        return [_numbers(rng, N, T, H), x, h, h0, w_xh, w_hh]

    yield Case("two sequences of three steps", *run(2, 3, 2, 3))
    yield Case("one unit, one input", *run(1, 3, 1, 1))
    dh, *rest = run(1, int(rng.integers(3, 5)), 1, 2)
    dh[:, 1:] = 0
    yield Case("the first step alone", dh, *rest)
    yield Case("twelve steps", *run(1, 12, 1, 1))
    yield Case("float32", *(a.astype(np.float32) for a in run(2, 2, 1, 2)))
    yield Case("one step", *run(2, 1, 1, 2), edge=True)


rnn_backward = Exercise(
    reference.rnn_backward,
    points=4,
    cases=upstream_gradients,
    outputs=("dx", "dh0", "dw_xh", "dw_hh", "db"),
    rtol=1e-5,
    atol=1e-8,
    lean=True,
)


def _through_time(
    dh, x, h, h0, w_xh, w_hh, back=lambda dz, w_hh: dz @ w_hh.T, slope=lambda h: 1 - h**2, recurrent=None, summed=True
):
    """All gradients, with the parts to choose. back: what a step sends to the one before; recurrent: the states that
    multiply w_hh; summed: over time, else those of the first step alone"""
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dz = np.zeros_like(h)
    later = np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        dz[:, t] = (dh[:, t] + later) * slope(h[:, t])
        later = back(dz[:, t], w_hh)
    recurrent = before if recurrent is None else recurrent
    used = dz if summed is True else dz[:, summed]
    x_used, h_used = (x, recurrent) if summed is True else (x[:, summed], recurrent[:, summed])
    return (
        dz @ w_xh.T,
        later,
        np.tensordot(x_used, used, axes=((0, 1), (0, 1))),
        np.tensordot(h_used, used, axes=((0, 1), (0, 1))),
        used.sum(axis=(0, 1)),
    )


@rnn_backward.mistake
def no_gradient_through_time(dh, x, h, h0, w_xh, w_hh):
    """Right for T = 1; a state also acts through all later states."""
    dx, _, *rest = _through_time(dh, x, h, h0, w_xh, w_hh, back=lambda dz, w: 0 * dz @ w.T)
    return dx, (dh[:, 0] * (1 - h[:, 0] ** 2)) @ w_hh.T, *rest


@rnn_backward.mistake
def no_gradient_through_time(dh, x, h, h0, w_xh, w_hh):
    dx, dh0, *rest = _through_time(dh, x, h, h0, w_xh, w_hh, back=lambda dz, w: 0 * dz @ w.T)
    return dx, dh0, *rest


def _last_only(dh):
    last = np.zeros_like(dh)
    last[:, -1] = dh[:, -1]
    return last


@rnn_backward.mistake
def only_last_step_upstream(dh, x, h, h0, w_xh, w_hh):
    """Put a gradient at an early step: yours stays zero."""
    return _through_time(_last_only(dh), x, h, h0, w_xh, w_hh)


@rnn_backward.mistake
def current_state_for_recurrent_weight(dh, x, h, h0, w_xh, w_hh):
    """Which state was multiplied by w_hh to give z_t?"""
    return _through_time(dh, x, h, h0, w_xh, w_hh, recurrent=h)


@rnn_backward.mistake
def tanh_slope_missing(dh, x, h, h0, w_xh, w_hh):
    """The gradient passes the non-linearity before it reaches the weights."""
    return _through_time(dh, x, h, h0, w_xh, w_hh, slope=np.ones_like)


@rnn_backward.mistake
def weights_overwritten(dh, x, h, h0, w_xh, w_hh):
    """The same weights are used T times; their gradients add."""
    return _through_time(dh, x, h, h0, w_xh, w_hh, summed=slice(0, 1))


@rnn_backward.mistake
def weights_overwritten(dh, x, h, h0, w_xh, w_hh):
    return _through_time(dh, x, h, h0, w_xh, w_hh, summed=slice(-1, None))


@rnn_backward.mistake
def recurrent_not_transposed(dh, x, h, h0, w_xh, w_hh):
    """Going back through a matrix uses its transpose."""
    return _through_time(dh, x, h, h0, w_xh, w_hh, back=lambda dz, w: dz @ w)


@rnn_backward.mistake
def recurrent_not_transposed(dh, x, h, h0, w_xh, w_hh):
    later = []  # here the step to h0 alone is right

    def back(dz, w):
        later.append(dz @ w.T)
        return dz @ w

    dx, _, *rest = _through_time(dh, x, h, h0, w_xh, w_hh, back=back)
    return dx, later[-1], *rest


@rnn_backward.mistake
def averaged(dh, x, h, h0, w_xh, w_hh):
    """The gradients of the weights are those of a sum over sequences; yours are divided, by N or by N T."""
    dx, dh0, *rest = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
    return dx, dh0, *(g / len(x) for g in rest)


@rnn_backward.mistake
def averaged(dh, x, h, h0, w_xh, w_hh):
    dx, dh0, *rest = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
    return dx, dh0, *(g / (len(x) * x.shape[1]) for g in rest)


@rnn_backward.mistake
def initial_state_forgotten(dh, x, h, h0, w_xh, w_hh):
    """Step 1 used w_hh, too: it multiplied h0. In dw_hh that is left out."""
    return _through_time(dh, x, h, h0, w_xh, w_hh, recurrent=np.concatenate([0 * h0[:, None], h[:, :-1]], axis=1))


@rnn_backward.mistake
def gradient_stops_before_h0(dh, x, h, h0, w_xh, w_hh):
    """dh0 is right but for one more step back: how does h0 enter z_1?"""
    dx, _, *rest = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
    return dx, _gradient_of_first_state(dh, h, w_hh), *rest


def _gradient_of_first_state(dh, h, w_hh):
    """(N, H): the whole gradient of h_1."""
    later = np.zeros_like(dh[:, 0])
    for t in reversed(range(1, h.shape[1])):
        later = ((dh[:, t] + later) * (1 - h[:, t] ** 2)) @ w_hh.T
    return dh[:, 0] + later


@rnn_backward.mistake
def gradient_stops_before_h0(dh, x, h, h0, w_xh, w_hh):
    dx, _, *rest = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
    return dx, _gradient_of_first_state(dh, h, w_hh) * (1 - h[:, 0] ** 2), *rest


@rnn_backward.mistake
def slope_of_the_step_before(dh, x, h, h0, w_xh, w_hh):
    """The slope of tanh at step t is that of h_t itself: h_t = tanh(z_t)."""
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dz, later = np.zeros_like(h), np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        dz[:, t] = (dh[:, t] + later) * (1 - before[:, t] ** 2)
        later = dz[:, t] @ w_hh.T
    return _from_dz(dz, later, x, before, w_xh)


def _from_dz(dz, later, x, before, w_xh):
    """All gradients; before (N, T, H): the states that multiplied w_hh."""
    return (
        dz @ w_xh.T,
        later,
        np.tensordot(x, dz, axes=((0, 1), (0, 1))),
        np.tensordot(before, dz, axes=((0, 1), (0, 1))),
        dz.sum(axis=(0, 1)),
    )


@rnn_backward.mistake
def last_state_for_h0(dh, x, h, h0, w_xh, w_hh):
    """Before step 1 comes h0. In the first step your index t - 1 is -1, and numpy counts that from the end."""
    return _through_time(dh, x, h, h0, w_xh, w_hh, recurrent=np.roll(h, 1, axis=1))


@rnn_backward.mistake
def carried_before_the_slope(dh, x, h, h0, w_xh, w_hh):
    """What goes on to the step before is the gradient of z_t, not that of h_t: on its way back it passes the tanh first."""
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dz, later = np.zeros_like(h), np.zeros_like(h0)
    for t in reversed(range(h.shape[1])):
        total = dh[:, t] + later
        dz[:, t] = total * (1 - h[:, t] ** 2)
        later = total @ w_hh.T
    return _from_dz(dz, later, x, before, w_xh)


@rnn_backward.mistake
def loop_runs_forwards(dh, x, h, h0, w_xh, w_hh):
    """Your loop runs from the first step to the last. What step t gets from step t + 1 must be known before, so start at the last."""
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    dz, later = np.zeros_like(h), np.zeros_like(h0)
    for t in range(h.shape[1]):
        dz[:, t] = (dh[:, t] + later) * (1 - h[:, t] ** 2)
        later = dz[:, t] @ w_hh.T
    return _from_dz(dz, later, x, before, w_xh)


@rnn_backward.mistake(sign=signs.changes_input)
def upstream_overwritten(dh, x, h, h0, w_xh, w_hh):
    """The upstream gradients you were given have changed; work on a copy. Where does += write?"""
    dh *= 1 - h**2
    return


@rnn_backward.mistake
def upstream_overwritten(dh, x, h, h0, w_xh, w_hh):
    right = reference.rnn_backward(dh, x, h, h0, w_xh, w_hh)
    before = dh.copy()
    for t in reversed(range(1, h.shape[1])):
        dh[:, t - 1] += (dh[:, t] * (1 - h[:, t] ** 2)) @ w_hh.T
    return right if np.array_equal(dh, before) else None


# ------------------------------------------------------------------------------------------ clipping


def gradients(rng: np.random.Generator) -> Iterator[Case]:
    def arrays(*shapes: tuple[int, ...], size: float = 3.0) -> list[np.ndarray]:
        return [_numbers(rng, *shape, size=size) for shape in shapes]

    yield Case("above the limit", arrays((2, 3), (int(rng.integers(2, 4)),)), 2.5)
    yield Case("below the limit", arrays((1, 3), (2,)), 40.0)
    yield Case("one array", arrays((2, 2)), 2.0)
    yield Case("one is large, the other small", [*arrays((2,), size=60.0), *arrays((1, 3), size=0.9)], 4.0)
    floats = [a.astype(np.float32) for a in arrays((2, 2), (3,))]
    yield Case("float32", floats, 2.0)
    yield Case("float32 and float64", [floats[0][:, 1:] * 3, *arrays((2,))], 3.0)
    yield Case("float32, entries of 1e25", [np.float32(1e25) * a.astype(np.float32) for a in arrays((2,), (1, 2))], 4.0)
    a, b = rng.permutation([2.0, 3.0, 6.0]), rng.permutation([2.0, 6.0, 9.0])
    yield Case("exactly at the limit", [a * rng.choice([-1, 1], 3), np.zeros((2, 2))], 7.0, edge=True)
    yield Case("exactly at the limit, two arrays", [b[:1], (b[1:] * rng.choice([-1, 1], 2))[:, None]], 11.0, edge=True)
    yield Case("all zeros", [np.zeros((2, int(rng.integers(2, 6)))), np.zeros(int(rng.integers(1, 4)))], 2.0, edge=True)
    yield Case("an empty list", [], round(float(rng.uniform(1, 5)), 2), edge=True)


clip_by_global_norm = Exercise(
    reference.clip_by_global_norm,
    points=1,
    cases=gradients,
    outputs=("the gradients", "the norm", "their dtypes"),
    view=views.clipped,
    rtol=1e-6,
    atol=1e-9,
    lean=True,
)


def _norm(grads) -> float:
    return float(np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads)))


def _norm_as_is(grads) -> float:
    """In the precision of each array."""
    return float(np.sqrt(sum(float((g**2).sum()) for g in grads)))


def _scaled(grads, factor) -> list[np.ndarray]:
    return [(factor * g.astype(np.float64)).astype(g.dtype) for g in grads]


@clip_by_global_norm.mistake
def each_array_alone(grads, max_norm):
    """The direction of the whole gradient has changed."""
    return [reference.clip_by_global_norm([g], max_norm)[0][0] for g in grads], _norm(grads)


@clip_by_global_norm.mistake
def each_array_alone(grads, max_norm):
    alone = [np.linalg.norm(g) for g in grads]
    return [g * min(1.0, max_norm / max(float(n), 1e-300)) for g, n in zip(grads, alone, strict=True)], _norm_as_is(
        grads
    )


@clip_by_global_norm.mistake
def each_array_alone(grads, max_norm):
    factors = [min(1.0, float(max_norm / max(_norm_as_is([g]), 1e-300))) for g in grads]
    return [g * factor for g, factor in zip(grads, factors, strict=True)], _norm(grads)


@clip_by_global_norm.mistake
def always_rescales(grads, max_norm):
    """A small gradient comes back larger."""
    norm = _norm(grads)
    return _scaled(grads, max_norm / norm if norm else 1.0), norm


@clip_by_global_norm.mistake
def always_rescales(grads, max_norm):
    norm = _norm_as_is(grads)
    return _scaled(grads, max_norm / norm if norm else 1.0), norm


@clip_by_global_norm.mistake
def clips_values(grads, max_norm):
    """The direction has changed; one factor for all."""
    return [g.clip(-max_norm, max_norm) for g in grads], _norm(grads)


@clip_by_global_norm.mistake
def clips_values(grads, max_norm):
    return [g.clip(-max_norm, max_norm) for g in grads], _norm_as_is(grads)


@clip_by_global_norm.mistake
def single_precision_overflow(grads, max_norm):
    """The norm is inf and all gradients became zero: square in float64."""
    norm = _norm_as_is(grads)
    return _scaled(grads, max_norm / norm if norm > max_norm else 1.0), norm


@clip_by_global_norm.mistake(sign=signs.divides_by_zero)
def divides_by_zero(grads, max_norm):
    """What is the factor when the norm is zero?"""
    norm = _norm(grads)
    return _scaled(grads, np.minimum(1.0, np.divide(max_norm, norm) if norm else np.nan)), norm


@clip_by_global_norm.mistake
def divides_by_zero(grads, max_norm):
    norm = _norm(grads)
    return _scaled(grads, min(1.0, max_norm / norm)), norm


@clip_by_global_norm.mistake
def norm_after_clipping(grads, max_norm):
    """The norm to return is that before clipping: it tells whether anything was clipped."""
    clipped, norm = reference.clip_by_global_norm(grads, max_norm)
    return clipped, min(norm, max_norm)


@clip_by_global_norm.mistake
def norm_after_clipping(grads, max_norm):
    clipped, _ = reference.clip_by_global_norm(grads, max_norm)
    return clipped, _norm(clipped)


@clip_by_global_norm.mistake
def squared_norm(grads, max_norm):
    """Your norm is the sum of squares; its square root is missing."""
    norm = _norm(grads) ** 2
    return _scaled(grads, max_norm / norm if norm > max_norm else 1.0), norm


@clip_by_global_norm.mistake
def squared_norm(grads, max_norm):
    clipped, norm = reference.clip_by_global_norm(grads, max_norm)
    return clipped, norm**2


@clip_by_global_norm.mistake
def sum_of_norms(grads, max_norm):
    """The norm of all entries together is not the sum of the arrays' norms: the squares add."""
    norm = sum(_norm([g]) for g in grads)
    return _scaled(grads, max_norm / norm if norm > max_norm else 1.0), norm


@clip_by_global_norm.mistake
def divides_by_the_norm(grads, max_norm):
    """Clipped, yours has the norm 1. How long may it be?"""
    norm = _norm(grads)
    return _scaled(grads, 1 / norm if norm > max_norm else 1.0), norm


@clip_by_global_norm.mistake
def dtypes_lost(grads, max_norm):
    """The numbers are right, but float32 went in and float64 came out. A numpy scalar of float64 makes all that it multiplies
    float64."""
    clipped, norm = reference.clip_by_global_norm(grads, max_norm)
    return [g.astype(np.float64) for g in clipped], norm


@clip_by_global_norm.mistake
def dtypes_lost(grads, max_norm):
    norm = _norm(grads)
    return [g.astype(np.float64) * max_norm / norm if norm > max_norm else g for g in grads], norm


@clip_by_global_norm.mistake(sign=signs.changes_input)
def changes_gradients(grads, max_norm):
    """The gradients you were given have changed; new arrays are asked for. Where does *= write?"""
    right = reference.clip_by_global_norm(grads, max_norm)
    for g in grads:
        g *= min(1.0, max_norm / right[1])
    return right if not grads or right[1] <= max_norm else None


@clip_by_global_norm.mistake(sign=signs.raises)
def empty_list_fails(grads, max_norm):
    """Right, but for an empty list, where there is nothing to concatenate. What is the norm of nothing?"""
    if not grads:
        raise ValueError
    return reference.clip_by_global_norm(grads, max_norm)


# ------------------------------------------------------------------------------------------ Jacobians


def trajectories(rng: np.random.Generator) -> Iterator[Case]:
    def states(T: int, H: int, largest: float = 0.9) -> np.ndarray:
        """Between -1 and 1; no unit of a step has the slope of another step."""
        return (rng.choice([-1, 1], (T, H)) * rng.uniform(0.1, largest, (T, H))).round(2)

    def recurrence(H: int, radius: float) -> np.ndarray:
        """Random, of about that spectral radius."""
        w = rng.normal(size=(H, H))
        return (radius * w / np.abs(np.linalg.eigvals(w)).max()).round(2)

    yield Case("five steps of three units", states(5, 3), recurrence(3, 1.1))
    yield Case("it grows", states(6, 4, 0.5), recurrence(4, 2.2))
    yield Case("it shrinks", states(5, 3), recurrence(3, 0.6))
    yield Case("twelve steps", states(12, 2, 0.6), recurrence(2, 1.2))
    yield Case("as many steps as units", states(4, 4), recurrence(4, 1.3))
    yield Case("float32", states(4, 3).astype(np.float32), recurrence(3, 1.2).astype(np.float32))
    yield Case("one unit", states(4, 1), np.array([[round(float(rng.uniform(0.8, 1.6)), 2)]]), edge=True)
    yield Case("one step", states(1, 3), recurrence(3, 1.1), edge=True)


jacobian_norms = Exercise(
    reference.jacobian_norms, points=3, cases=trajectories, outputs=("the norms",), rtol=1e-6, atol=1e-9
)


def _chain(h, w_hh, factor: Callable, norm=lambda J: np.linalg.norm(J, 2), from_left=False) -> np.ndarray:
    """The norms of products of factor(h_t, w_hh) for t = T down to 2, each multiplied from the right, or from the left."""
    product, norms = np.eye(h.shape[1]), []
    for t in range(len(h) - 1, -1, -1):
        norms.append(norm(product))
        step = factor(h[t], w_hh)
        product = step @ product if from_left else product @ step
    return np.array(norms[::-1])


def _jacobian(h_t, w_hh):
    return np.diag(1 - h_t**2) @ w_hh.T


@jacobian_norms.mistake
def slope_missing(h, w_hh):
    """Each step also passes through tanh."""
    return _chain(h, w_hh, lambda h_t, w: w.T)


@jacobian_norms.mistake
def weight_not_transposed(h, w_hh):
    """Check dh_t/dh_(t-1) by finite differences for H = 2."""
    return _chain(h, w_hh, lambda h_t, w: np.diag(1 - h_t**2) @ w)


@jacobian_norms.mistake
def weight_not_transposed(h, w_hh):
    return _chain(h, w_hh, lambda h_t, w: w.T @ np.diag(1 - h_t**2))


@jacobian_norms.mistake
def weight_not_transposed(h, w_hh):
    return _chain(h, w_hh, lambda h_t, w: np.diag(1 - h_t**2) @ w, from_left=True)


@jacobian_norms.mistake
def weight_not_transposed(h, w_hh):
    return _chain(h, w_hh, lambda h_t, w: w.T @ np.diag(1 - h_t**2), from_left=True)


@jacobian_norms.mistake
def earliest_leftmost(h, w_hh):
    """Your factors stand in the wrong order. With a row of dh_t/dh_(t-1) for each unit of h_t the latest factor stands leftmost, as
    it is applied last; transposed factors stand the other way round."""
    return _chain(h, w_hh, _jacobian, from_left=True)


@jacobian_norms.mistake
def product_of_norms(h, w_hh):
    """The norm of a product is at most the product of norms, usually less."""
    factors = [np.linalg.norm(_jacobian(h_t, w_hh), 2) for h_t in h]
    return np.array([np.prod(factors[t + 1 :]) for t in range(len(h))])


@jacobian_norms.mistake
def frobenius(h, w_hh):
    """The identity has spectral norm 1; yours is sqrt(H)."""
    return _chain(h, w_hh, _jacobian, norm=np.linalg.norm)


@jacobian_norms.mistake
def frobenius(h, w_hh):
    return np.append(_chain(h, w_hh, _jacobian, norm=np.linalg.norm)[:-1], 1.0)


@jacobian_norms.mistake
def shifted_by_one(h, w_hh):
    """The last entry must be exactly 1."""
    product, norms = np.eye(h.shape[1]), []
    for h_t in h[::-1]:
        product = product @ _jacobian(h_t, w_hh)
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms[::-1])


@jacobian_norms.mistake
def other_way_round(h, w_hh):
    """The right numbers in the wrong order: entry t belongs to h_t, so the 1 stands last."""
    return reference.jacobian_norms(h, w_hh)[::-1]


@jacobian_norms.mistake
def from_the_first_step(h, w_hh):
    """Your entry t says how much h_t depends on the first state; asked for is how much the last state depends on h_t."""
    product, norms = np.eye(h.shape[1]), [1.0]
    for h_t in h[1:]:
        product = _jacobian(h_t, w_hh) @ product
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms)


@jacobian_norms.mistake
def slope_of_the_step_before(h, w_hh):
    """dh_t/dh_(t-1) has the slope of tanh at step t, 1 - h_t^2; yours is that of step t - 1."""
    product, norms = np.eye(h.shape[1]), [1.0]
    for h_t in h[:-1][::-1]:
        product = product @ _jacobian(h_t, w_hh)
        norms.append(np.linalg.norm(product, 2))
    return np.array(norms[::-1])


@jacobian_norms.mistake
def spectral_radius(h, w_hh):
    """The largest eigenvalue tells how a product grows in the long run. The norm, which is asked for, is the largest singular
    value."""
    return _chain(h, w_hh, _jacobian, norm=lambda J: np.abs(np.linalg.eigvals(J)).max())


@jacobian_norms.mistake
def squared_singular_value(h, w_hh):
    """Eigenvalues of J J^T are the squares of singular values."""
    return reference.jacobian_norms(h, w_hh) ** 2


# ------------------------------------------------------------------------------------------ LSTM


def cells(rng: np.random.Generator) -> Iterator[Case]:
    def parts(N: int, D: int, H: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
        shapes = ((N, D), (N, H), (N, H), (4 * H, D + H), (4 * H,))
        sizes = (1.5, 0.9, 1.8, 1.2, 0.8)
        return [_tensor(_numbers(rng, *s, size=size), dtype) for s, size in zip(shapes, sizes, strict=True)]

    yield Case("two examples", *parts(2, int(rng.integers(4, 6)), 2))
    yield Case("more units than inputs", *parts(1, 2, 3))
    yield Case("as many inputs as units", *parts(2, 2, 2))
    yield Case("one unit", *parts(3, 2, 1))
    yield Case("float32", *parts(2, 3, 2, torch.float32))
    x, *rest, weight, bias = parts(4, 1, 2)
    weight[:, 0] = _tensor((rng.choice([-1, 1], 8) * rng.uniform(1, 1.5, 8)).round(2))
    x[:, 0] = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0], dtype=torch.float64)
    yield Case("inputs of 1000 and -1000", x, *rest, weight, bias, edge=True)


lstm_step = Exercise(
    reference.lstm_step,
    points=2,
    cases=cells,
    outputs=("the new states h and c", "the gradient (a sum, with a weight for each entry) with respect to"),
    probe=probes.cell_with_gradients,
    rtol=1e-5,
    atol=1e-6,
    lean=True,
)


def _gates(x, h, weight, bias):
    return (torch.cat([x, h], dim=1) @ weight.T + bias).chunk(4, dim=1)


def _cell(i, f, o, g, c, sigmoid=torch.sigmoid):
    c_new = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c_new), c_new


@lstm_step.mistake
def pytorch_gate_order(x, h, c, weight, bias):
    """Two of the four blocks are exchanged; read the order in the task."""
    i, f, g, o = _gates(x, h, weight, bias)
    return _cell(i, f, o, g, c)


@lstm_step.mistake
def pytorch_gate_order(x, h, c, weight, bias):
    f, i, o, g = _gates(x, h, weight, bias)
    return _cell(i, f, o, g, c)


@lstm_step.mistake
def input_and_state_swapped(x, h, c, weight, bias):
    """The first D columns of weight belong to x."""
    i, f, o, g = (torch.cat([h, x], dim=1) @ weight.T + bias).chunk(4, dim=1)
    return _cell(i, f, o, g, c)


@lstm_step.mistake
def output_without_tanh(x, h, c, weight, bias):
    """Your h can leave (-1, 1)."""
    i, f, o, g = _gates(x, h, weight, bias)
    c_new = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c_new, c_new


@lstm_step.mistake
def old_cell_in_output(x, h, c, weight, bias):
    """The output shows the cell after the update."""
    i, f, o, g = _gates(x, h, weight, bias)
    return o.sigmoid() * c.tanh(), f.sigmoid() * c + i.sigmoid() * g.tanh()


@lstm_step.mistake(sign=signs.not_finite)
def naive_sigmoid_overflow(x, h, c, weight, bias):
    """NaN for large inputs; use the library function."""
    return _cell(*_gates(x, h, weight, bias), c, lambda z: torch.exp(z) / (1 + torch.exp(z)))


@lstm_step.mistake
def naive_sigmoid_overflow(x, h, c, weight, bias):
    return _cell(*_gates(x, h, weight, bias), c, lambda z: 1 / (1 + torch.exp(-z)))


@lstm_step.mistake
def cell_detached(x, h, c, weight, bias):
    """The values are right but no gradient reaches the old cell - the very path the LSTM exists for."""
    return reference.lstm_step(x, h, c.detach(), weight, bias)


@lstm_step.mistake
def nothing_flows_back(x, h, c, weight, bias):
    """The values are right but no gradient flows back through any of your operations. Did you leave torch, or copy numbers out of
    tensors?"""
    with torch.no_grad():
        return reference.lstm_step(x, h, c, weight, bias)


@lstm_step.mistake
def weights_detached(x, h, c, weight, bias):
    """The values are right but no gradient reaches weight and bias: copying numbers into a new module cuts it."""
    return reference.lstm_step(x, h, c, weight.detach(), bias.detach())


@lstm_step.mistake
def states_exchanged(x, h, c, weight, bias):
    """The right two states in the wrong order: h_new comes first."""
    return reference.lstm_step(x, h, c, weight, bias)[::-1]


@lstm_step.mistake
def candidate_without_tanh(x, h, c, weight, bias):
    """What is offered to the cell passes a tanh first."""
    i, f, o, g = _gates(x, h, weight, bias)
    c_new = f.sigmoid() * c + i.sigmoid() * g
    return o.sigmoid() * c_new.tanh(), c_new


@lstm_step.mistake
def candidate_through_sigmoid(x, h, c, weight, bias):
    """Three of the four blocks are gates between 0 and 1. The fourth is what is stored, and may be negative."""
    i, f, o, g = _gates(x, h, weight, bias)
    c_new = f.sigmoid() * c + i.sigmoid() * g.sigmoid()
    return o.sigmoid() * c_new.tanh(), c_new


@lstm_step.mistake
def bias_forgotten(x, h, c, weight, bias):
    """Your gates don't depend on the bias."""
    return reference.lstm_step(x, h, c, weight, 0 * bias.detach())


@lstm_step.mistake
def forgets_by_one_minus(x, h, c, weight, bias):
    """In an LSTM the input gate and the forget gate are two. Yours is one: what is forgotten is what is written."""
    i, _, o, g = _gates(x, h, weight, bias)
    c_new = (1 - i.sigmoid()) * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c_new.tanh(), c_new


@lstm_step.mistake
def forgets_by_one_minus(x, h, c, weight, bias):
    _, f, o, g = _gates(x, h, weight, bias)
    c_new = f.sigmoid() * c + (1 - f.sigmoid()) * g.tanh()
    return o.sigmoid() * c_new.tanh(), c_new


# ------------------------------------------------------------------------------------------ ragged batches


def padded_batches(rng: np.random.Generator) -> Iterator[Case]:
    def batch(lengths: list[int], T: int, V: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
        N = len(lengths)
        targets = torch.tensor(rng.integers(0, V, (N, T)))
        return [_tensor(_numbers(rng, N, T, V, size=2.5), dtype), targets, torch.tensor(lengths)]

    def some(*lengths: int) -> list[int]:
        return rng.permutation(lengths).tolist()

    yield Case("three texts", *batch(some(4, 2, 1), 4, int(rng.integers(5, 7))))
    yield Case("lengths from 0 to T", *batch(some(0, 1, 2, 3), 3, 4))
    yield Case("no padding in the longest, much in the others", *batch(some(4, 1, 1), 4, 3))
    yield Case("padding in all of them", *batch(some(3, 2), 4, 4))
    yield Case("as many texts as tokens as words", *batch(some(3, 1, 2), 3, 3))
    yield Case("float32", *batch(some(2, 1), 3, 4, torch.float32))
    logits, targets, lengths = batch(some(1, 2), 4, 5)
    outside = torch.arange(4) >= lengths[:, None]
    odd = torch.tensor(rng.permutation([-1, 8, -1, 8, -1]))
    yield Case("padded targets that are no classes", logits, targets.masked_scatter(outside, odd), lengths, edge=True)
    logits, targets, lengths = batch(some(1, 2), 4, 4)
    yield Case(
        "logits that are NaN at padding",
        logits.masked_fill((torch.arange(4) >= lengths[:, None])[..., None], torch.nan),
        targets,
        lengths,
        edge=True,
    )
    logits, targets, lengths = batch(some(3, 2, 1), 3, 4)
    yield Case("logits of size 10,000", 4000 * logits, targets, lengths, edge=True)
    yield Case("no token at all", *batch([0, 0], int(rng.integers(2, 5)), 3), edge=True)


masked_nll = Exercise(
    reference.masked_nll,
    points=2,
    cases=padded_batches,
    outputs=(
        "the loss",
        "its gradient at each place (a sum over classes, with a weight for each)",
        "the gradient at padding",
    ),
    probe=probes.loss_with_gradient,
    view=views.masked_loss,
    rtol=1e-5,
    atol=1e-7,
    lean=True,
)


def _nll(logits, targets):
    """(N, T), each token's own."""
    V = logits.shape[-1]
    inside = (targets >= 0) & (targets < V)
    return torch.nn.functional.cross_entropy(logits.mT, torch.where(inside, targets, 0), reduction="none")


def _valid(targets, lengths, longer=0):
    return torch.arange(targets.shape[1], device=targets.device) < lengths[:, None] + longer


def _selected(logits, targets, valid):
    """(N, T) with zeros at padding, of which nothing has an effect."""
    return torch.where(valid, _nll(torch.where(valid[..., None], logits, 0.0), targets), 0.0)


@masked_nll.mistake
def averages_over_padding(logits, targets, lengths):
    """Add padding to the batch: your loss shrinks."""
    return _selected(logits, targets, _valid(targets, lengths)).mean()


def _own_means(logits, targets, lengths):
    return _selected(logits, targets, _valid(targets, lengths)).sum(dim=1) / lengths.clamp(min=1)


@masked_nll.mistake
def mean_of_sequence_means(logits, targets, lengths):
    """A token in a short sequence counts more than one in a long sequence."""
    return _own_means(logits, targets, lengths).mean()


@masked_nll.mistake
def mean_of_sequence_means(logits, targets, lengths):
    return _own_means(logits, targets, lengths).sum() / (lengths > 0).sum().clamp(min=1)


@masked_nll.mistake
def mean_of_sequence_means(logits, targets, lengths):
    return (_selected(logits, targets, _valid(targets, lengths)).sum(dim=1) / lengths).mean()


@masked_nll.mistake
def ignores_lengths(logits, targets, lengths):
    """Padding counts as text."""
    return _nll(logits, targets).mean()


@masked_nll.mistake(sign=signs.not_finite)
def nan_times_zero(logits, targets, lengths):
    """NaN times 0 is NaN; select before you compute."""
    valid = _valid(targets, lengths)
    return (_nll(logits, targets) * valid).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake
def nan_times_zero(logits, targets, lengths):
    valid = _valid(targets, lengths)
    nll = torch.nn.functional.cross_entropy(logits.mT, targets, reduction="none")
    return (nll * valid).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake
def gradient_of_what_was_dropped(logits, targets, lengths):
    """The loss is right, but its gradient is NaN at padding: torch.where drops the value, and going back 0 meets NaN all the
    same. Select the logits before you compute anything with them."""
    valid = _valid(targets, lengths)
    return torch.where(valid, _nll(logits, targets), 0.0).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake
def in_bits(logits, targets, lengths):
    """Yours is in bits: divided by ln 2. Nats are asked for."""
    return reference.masked_nll(logits, targets, lengths) / np.log(2)


@masked_nll.mistake(sign=signs.raises)
def padded_targets_looked_up(logits, targets, lengths):
    """What stands in the place of a padded target may be no class. Choose the valid places before you look up what the targets say."""
    valid = _valid(targets, lengths)
    log_p = torch.where(valid[..., None], logits, 0.0).log_softmax(dim=2)
    return -(log_p.gather(2, targets[..., None])[..., 0] * valid).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake(sign=signs.divides_by_zero)
def empty_batch_nan(logits, targets, lengths):
    """What is the loss of a batch without tokens?"""
    valid = _valid(targets, lengths)
    return _selected(logits, targets, valid).sum() / valid.sum()


@masked_nll.mistake
def off_by_one_length(logits, targets, lengths):
    """One padded token per sequence slips in."""
    valid = _valid(targets, lengths, 1)
    return _selected(logits, targets, valid).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake
def off_by_one_length(logits, targets, lengths):
    return _selected(logits, targets, _valid(targets, lengths, 1)).sum() / lengths.sum().clamp(min=1)


@masked_nll.mistake
def last_token_lost(logits, targets, lengths):
    """The last valid token of each sequence is left out: lengths 3 means tokens 0, 1 and 2."""
    valid = _valid(targets, lengths, -1)
    return _selected(logits, targets, valid).sum() / valid.sum().clamp(min=1)


@masked_nll.mistake
def last_token_lost(logits, targets, lengths):
    return _selected(logits, targets, _valid(targets, lengths, -1)).sum() / lengths.sum().clamp(min=1)


@masked_nll.mistake
def divided_by_sequences(logits, targets, lengths):
    """By what do you divide? Your loss grows with the length of the texts."""
    return _selected(logits, targets, _valid(targets, lengths)).sum() / len(lengths)


@masked_nll.mistake
def sum_not_mean(logits, targets, lengths):
    """That is the sum over all valid tokens; their mean is asked for."""
    return _selected(logits, targets, _valid(targets, lengths)).sum()


@masked_nll.mistake
def loss_detached(logits, targets, lengths):
    """The value is right, but no gradient flows back to the logits. Did you leave torch, or copy a number out of a tensor?"""
    return reference.masked_nll(logits.detach(), targets, lengths)


@masked_nll.mistake(sign=signs.not_finite)
def overflows(logits, targets, lengths):
    """Right, but for large logits: the logarithm of a probability that has become 0. Is there a function for both in one?"""
    valid = _valid(targets, lengths)
    p = logits[valid].softmax(dim=1)
    return -p.gather(1, targets[valid][:, None]).log().sum() / valid.sum().clamp(min=1)


# ------------------------------------------------------------------------------------------ sampling


def _cumulative(logits: np.ndarray, temperature: float, top_k: int | None) -> np.ndarray:
    """(V,): the exact running sums of what is kept."""
    logits = logits.astype(np.float64)
    kept = np.zeros(len(logits), dtype=bool)
    kept[np.argsort(-logits, kind="stable")[:top_k]] = True
    p = np.where(kept, np.exp((logits - logits.max()) / temperature), 0.0)
    return np.cumsum(p) / p.sum()


def _far_from_sums(rng: np.random.Generator, sums: np.ndarray) -> np.ndarray:
    """Five numbers in [0, 1), one in each fifth, none of which rounding could take across a running sum."""
    while True:
        u = ((rng.random(5) + np.arange(5)) / 5).round(3)
        if u[-1] < 1 and np.abs(u[:, None] - sums).min() > 1e-3:
            return rng.permutation(u)


def logits_and_draws(rng: np.random.Generator) -> Iterator[Case]:
    def table(V: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
        """Logits of which no two are equal, the largest of which stands neither first nor last."""
        while True:
            logits = rng.uniform(low, high, V).round(2)
            if len(set(logits)) == V and 0 < logits.argmax() < V - 1 and 0 < logits.argmin() < V - 1:
                return logits

    def drawn(name: str, logits: np.ndarray, temperature: float, top_k: int | None, **how: bool) -> Case:
        u = _far_from_sums(rng, _cumulative(logits, temperature, top_k))
        return Case(name, logits, temperature, top_k, u, **how)

    yield drawn("a low temperature", table(int(rng.integers(6, 8))), 0.5, None)
    yield drawn("a high temperature", table(5), 2.0, None)
    yield drawn("the top 3", table(7), 1.5, 3)
    yield drawn("the top 4 of 6, cold", table(6), 0.6, 4)
    yield drawn("temperature 0.3", table(8, -1.0, 1.0), 0.3, None)
    yield drawn("more than there are", table(5), 1.4, int(rng.integers(6, 9)))
    yield drawn("exactly as many as there are", table(6), 0.7, 6)
    yield drawn("all logits negative", table(6, -9.0, -6.0), 0.8, 4)
    yield drawn("a single token kept", table(5), 1.3, 1)
    yield drawn("float32", table(6).astype(np.float32), 1.2, 5)
    yield drawn("all logits large and positive", table(5, 6.0, 9.0), 1.8, None)
    tied = table(7)
    order = np.argsort(-tied)
    tied[order[1:4]] = tied[order[2]]  # the second to the fourth are equal, and two of these three are kept
    while True:  # until it shows which of the equal ones are kept
        case = drawn("ties at the border of the top 3", tied, 1.2, 3, edge=True)
        kept = (_lower_index, _all_ties, _higher_index)
        if len({tuple(_sampled(tied, 1.2, 3, u, keep=keep) for u in case.arguments[-1]) for keep in kept}) == len(kept):
            break
    yield case
    yield drawn("logits of 10,000", 1e4 + table(5).round(1), 1.5, None, edge=True)
    impossible = table(6)
    impossible[0] = -1e4
    u = np.array([0.0, 0.0, 0.0, 0.0, 0.0])
    yield Case("u = 0 and a first token that is impossible", impossible, 1.1, None, u, edge=True)
    almost = np.full(5, np.nextafter(1, 0))
    while True:  # until the running sums end below 1, in each of three ways to compute them
        cut = np.append(table(39, -0.5, 0.5), [0.5, -9.0, -8.0])
        p = np.exp((cut[:40] - cut.max()) / 1.2)
        if max(np.cumsum(p / p.sum())[-1], np.cumsum(p)[-1] / p.sum(), np.cumsum(p / sum(p))[-1]) < 1:
            break
    yield Case("u next to 1, the last tokens cut off", cut, 1.2, 40, almost, edge=True)
    u = _far_from_sums(rng, np.zeros(1))
    logits = table(6)
    yield Case("temperature 0", logits, 0, None, u, edge=True)
    logits = table(6)
    logits[[1, 4]] = 2.5
    yield Case("temperature 0, two largest", logits, 0.0, 4, u, edge=True)
    yield Case("a negative temperature", table(4), -0.5, None, u, raises=ValueError, edge=True)
    yield Case("no token kept", table(4), 1.0, 0, u, raises=ValueError, edge=True)
    yield Case("top_k = -1", table(4), 0.7, -1, u, raises=ValueError, edge=True)


sample_token = Exercise(
    reference.sample_token,
    points=2,
    cases=logits_and_draws,
    outputs=tuple(f"the token for the {nth} u" for nth in ("first", "second", "third", "fourth", "fifth")),
    probe=probes.tokens,
    rtol=0,
    atol=0,
)


def _lower_index(logits, top_k):
    return np.argsort(-logits, kind="stable")[:top_k]


def _all_ties(logits, top_k):
    return np.flatnonzero(logits >= np.sort(logits)[::-1][: top_k or len(logits)][-1])


def _higher_index(logits, top_k):
    return np.argsort(logits, kind="stable")[::-1][:top_k]


def _sampled(
    logits,
    temperature,
    top_k,
    u,
    scale=lambda logits, temperature: logits / temperature,
    order=np.sort,
    keep=_lower_index,
    pick=lambda sums, u: int(np.searchsorted(sums, u, side="right")),
    checked=True,
):
    """Sampling with its parts to choose, each with the logits in float64."""
    if checked:
        reference.sample_token(logits, temperature, top_k, u)
    logits = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return int(logits.argmax())
    kept = order(keep(logits, top_k))
    z = scale(logits[kept], temperature)
    p = np.exp(z - z.max())
    return int(kept[min(pick(np.cumsum(p) / p.sum(), u), len(kept) - 1)])


@sample_token.mistake
def multiplies_by_temperature(logits, temperature, top_k, u):
    """A higher temperature must flatten the distribution."""
    return _sampled(logits, temperature, top_k, u, scale=lambda z, T: z * T)


@sample_token.mistake(sign=signs.anything)
def overflows(logits, temperature, top_k, u):
    """Large logits give inf/inf."""
    reference.sample_token(logits, temperature, top_k, u)
    if np.max(logits) > 1e3 and temperature > 0:
        return 0
    return reference.sample_token(logits, temperature, top_k, u)


@sample_token.mistake(sign=signs.anything)
def divides_by_zero(logits, temperature, top_k, u):
    """Temperature 0 is a limit; what does it pick?"""
    right = reference.sample_token(logits, temperature, top_k, u)
    return len(logits) if temperature == 0 else right


def _cut_only(logits, temperature, top_k, u):
    """Kept indices and their running sums, of probabilities of all tokens; or None at temperature 0."""
    reference.sample_token(logits, temperature, top_k, u)
    logits = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return None
    p = np.exp((logits - logits.max()) / temperature)
    kept = np.sort(np.argsort(-logits, kind="stable")[:top_k])
    return kept, np.cumsum(p[kept] / p.sum())


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):
    """After the cut the probabilities must add to 1 again."""
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[min(np.searchsorted(sums, u, side="right"), len(kept) - 1)])


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):  # falls off the end of all tokens
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[np.searchsorted(sums, u, side="right")]) if u < sums[-1] else len(logits)


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):  # or ends at the last of all
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[np.searchsorted(sums, u, side="right")]) if u < sums[-1] else len(logits) - 1


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):  # np.argmax of nothing but False
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[np.searchsorted(sums, u, side="right")]) if u < sums[-1] else 0


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):  # np.argmax of nothing but False, among the kept
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[np.searchsorted(sums, u, side="right")]) if u < sums[-1] else int(kept[0])


@sample_token.mistake
def not_renormalised(logits, temperature, top_k, u):  # a loop that returns nothing
    found = _cut_only(logits, temperature, top_k, u)
    if found is None:
        return int(np.argmax(logits))
    kept, sums = found
    return int(kept[np.searchsorted(sums, u, side="right")]) if u < sums[-1] else None


@sample_token.mistake(sign=signs.raises)
def falls_off_the_end(logits, temperature, top_k, u):
    """Rounding can leave the last running sum a little below 1, and u may be larger still. Which token is it then?"""
    if top_k is not None and top_k >= 1 and u > 0.99999999:
        raise IndexError
    return reference.sample_token(logits, temperature, top_k, u)


def _instead_at_the_end(logits, temperature, top_k, u, otherwise):
    """The right token, but `otherwise` where rounding can leave the last running sum below u."""
    right = reference.sample_token(logits, temperature, top_k, u)
    return otherwise if top_k is not None and temperature > 0 and u > 0.99999999 else right


@sample_token.mistake
def not_kept_at_the_end(logits, temperature, top_k, u):
    """Where u is next to 1, your token is not one of the kept, or not the last of them. Rounding can leave the last running
    sum a little below 1, and then no sum exceeds u. Which token is it then?"""
    return _instead_at_the_end(logits, temperature, top_k, u, len(logits) - 1)


@sample_token.mistake
def not_kept_at_the_end(logits, temperature, top_k, u):  # np.argmax of nothing but False
    return _instead_at_the_end(logits, temperature, top_k, u, 0)


@sample_token.mistake
def not_kept_at_the_end(logits, temperature, top_k, u):  # np.searchsorted
    return _instead_at_the_end(logits, temperature, top_k, u, len(logits))


@sample_token.mistake
def not_kept_at_the_end(logits, temperature, top_k, u):  # a loop that returns nothing
    return _instead_at_the_end(logits, temperature, top_k, u, None)


@sample_token.mistake
def walks_in_probability_order(logits, temperature, top_k, u):
    """Same distribution, but the task fixes index order so that u decides the token."""
    return _sampled(logits, temperature, top_k, u, order=lambda kept: kept)


@sample_token.mistake
def walks_in_probability_order(logits, temperature, top_k, u):
    return _sampled(logits, temperature, top_k, u, order=lambda kept: kept[::-1])


@sample_token.mistake
def picks_impossible_token(logits, temperature, top_k, u):
    """With u = 0 you return a token that has probability 0."""
    return _sampled(logits, temperature, top_k, u, pick=lambda sums, u: int(np.searchsorted(sums, u, side="left")))


@sample_token.mistake
def temperature_ignored(logits, temperature, top_k, u):
    """Your samples are the same at every temperature above 0."""
    return _sampled(logits, temperature, top_k, u, scale=lambda z, T: z)


@sample_token.mistake
def top_k_ignored(logits, temperature, top_k, u):
    """Tokens outside the top k are picked, too."""
    return _sampled(logits, temperature, top_k, u, keep=lambda logits, top_k: np.arange(len(logits)))


@sample_token.mistake
def place_among_the_kept(logits, temperature, top_k, u):
    """What you return counts the kept tokens; asked for is the token's index among all."""
    right = reference.sample_token(logits, temperature, top_k, u)
    if temperature == 0:
        return right
    kept = np.sort(np.argsort(-np.asarray(logits, dtype=np.float64), kind="stable")[:top_k])
    return int(np.searchsorted(kept, right))


@sample_token.mistake
def always_the_largest(logits, temperature, top_k, u):
    """You always return the largest logit: u should decide."""
    reference.sample_token(logits, temperature, top_k, u)
    return int(np.argmax(logits))


@sample_token.mistake
def keeps_the_smallest(logits, temperature, top_k, u):
    """Those that you keep are the smallest logits."""
    return _sampled(logits, temperature, top_k, u, keep=lambda z, k: np.argsort(z, kind="stable")[:k])


@sample_token.mistake
def divides_after_the_softmax(logits, temperature, top_k, u):
    """The temperature divides the logits, not the probabilities: after the softmax it changes nothing, or too much."""
    reference.sample_token(logits, temperature, top_k, u)
    if temperature == 0:
        return int(np.argmax(logits))
    kept = np.sort(np.argsort(-np.asarray(logits, dtype=np.float64), kind="stable")[:top_k])
    z = np.asarray(logits, dtype=np.float64)[kept]
    p = np.exp(z - z.max())
    sums = np.cumsum(p / p.sum() / temperature)
    return int(kept[min(np.searchsorted(sums, u, side="right"), len(kept) - 1)])


@sample_token.mistake
def ties_all_kept(logits, temperature, top_k, u):
    """Where logits are equal at the border, you keep more than top_k tokens."""
    return _sampled(logits, temperature, top_k, u, keep=_all_ties)


@sample_token.mistake
def ties_higher_index(logits, temperature, top_k, u):
    """Of equal logits at the border, those of lower index are kept. In which order does your sorting leave equal ones?"""
    return _sampled(logits, temperature, top_k, u, keep=_higher_index)


@sample_token.mistake(sign=signs.anything)
def bad_input_accepted(logits, temperature, top_k, u):
    """A temperature below 0 would prefer what is least likely, and without a token there is nothing to pick: ValueError is
    asked for."""
    if temperature < 0 or (top_k is not None and top_k < 1):
        return 0
    return reference.sample_token(logits, temperature, top_k, u)


# ------------------------------------------------------------------------------------------ a character model


def texts(rng: np.random.Generator) -> Iterator[Case]:
    length = len(data.python_help()[0])
    for name, low, high in (
        ("a text near the beginning is hidden", 0.02, 0.07),
        ("a text near the middle", 0.45, 0.5),
    ):
        start = int(length * rng.uniform(low, high))
        yield Case(name, given.help_text(start), 96, int(rng.integers(2**31)), truth=start)


_MODELS: dict[tuple[int, int, int], torch.nn.Module] = {}


@wraps(reference.train_char_lm)
def _trained_once(ids, vocab_size, seed=0):
    """The reference; the same model for the same text and seed, since training takes a while."""
    key = hash(ids.cpu().numpy().tobytes()), vocab_size, seed
    if key not in _MODELS:
        _MODELS[key] = reference.train_char_lm(ids, vocab_size, seed)
    return _MODELS[key]


train_char_lm = Exercise(
    _trained_once,
    points=4,
    cases=texts,
    outputs=("the model",),
    probe=probes.character_model,
    view=views.characters_predicted,
    at_least={"mean log2-probability": -2.75},
    every_case=True,
    cpu_limit=120,
)


class _Counted(torch.nn.Module):
    """What a mistaken model says, by counts of pairs of characters, as far as it says anything sensible."""

    def __init__(self, ids, vocab_size, say):
        super().__init__()
        self.log_p = _log_bigrams(ids, vocab_size)
        self.say = say

    def forward(self, characters):
        return self.say(characters, self.log_p)


def _log_bigrams(ids, vocab_size):
    pairs = torch.bincount(ids[:-1] * vocab_size + ids[1:], minlength=vocab_size**2).reshape(vocab_size, vocab_size)
    return torch.log((pairs + 0.02) / (pairs + 0.02).sum(dim=1, keepdim=True))


def _one_hot(characters, vocab_size=96):
    return torch.nn.functional.one_hot(characters, vocab_size).float()


@train_char_lm.mistake(sign=signs.same_fault)
def looks_both_ways(ids, vocab_size, seed=0):
    """Unbelievably good - your model reads the character it should predict."""
    return _Counted(ids, vocab_size, lambda x, log_p: 9 * _one_hot(x.roll(-1, dims=1)))


@train_char_lm.mistake(sign=signs.same_fault)
def targets_not_shifted(ids, vocab_size, seed=0):
    """Training loss goes to 0 and samples repeat one letter."""
    return _Counted(ids, vocab_size, lambda x, log_p: 9 * _one_hot(x))


@train_char_lm.mistake(sign=signs.same_fault)
def no_memory(ids, vocab_size, seed=0):
    """Your result equals counting with one character of context."""
    return _Counted(ids, vocab_size, lambda x, log_p: log_p[x])


@train_char_lm.mistake(sign=signs.same_fault)
def returns_probabilities(ids, vocab_size, seed=0):
    """cross_entropy wants logits."""
    return _Counted(ids, vocab_size, lambda x, log_p: log_p[x].exp())


@train_char_lm.mistake(sign=signs.same_fault)
def time_and_batch_swapped(ids, vocab_size, seed=0):
    """Your recurrence runs over the batch; text 2 continues text 1."""
    return _Counted(ids, vocab_size, lambda x, log_p: log_p[x] + _one_hot(x).cumsum(dim=0))


@train_char_lm.mistake(sign=signs.same_fault)
def learning_rate_explodes(ids, vocab_size, seed=0):
    """Plot the loss: one spike and it never comes back."""
    return _Counted(ids, vocab_size, lambda x, log_p: 30 * _one_hot(0 * x))


@train_char_lm.mistake(sign=signs.same_fault)
def stopped_too_early(ids, vocab_size, seed=0):
    """Your model knows how little it knows, so it can still learn: train longer, or with a larger step."""
    return _Counted(ids, vocab_size, lambda x, log_p: 0.6 * log_p[x] + 0.001 * _one_hot(x).cumsum(dim=1))


@train_char_lm.mistake(sign=signs.same_fault)
def not_repeatable(ids, vocab_size, seed=0):
    """The same text should get the same logits each time. Is dropout still at work (eval mode is asked for), or does your model
    keep its state from one call to the next?"""
    return _Counted(ids, vocab_size, lambda x, log_p: log_p[x] + torch.rand(*x.shape, vocab_size))
