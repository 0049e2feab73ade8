"""Views of networks that an answer builds: what they compute counts, not which weights do it.

Each says in a sentence what is wrong, and where it can tell, names the "fault", from which `signs.same_fault` knows a mistake.
Only what can be recognised for sure is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor

MARGIN = 0.1  # that a threshold unit keeps from its threshold
ROUNDING = 1e-9


class NotThis(Exception):
    """What came back has another form than is asked for; fault: its name, if it has one."""

    def __init__(self, sentence: str, fault: str | None = None) -> None:
        super().__init__(sentence)
        self.fault = fault


def _array(value: Any, name: str) -> np.ndarray:
    """In float64. Raises NotThis for what is no array of finite real numbers."""
    if is_tensor(value):
        raise NotThis(f"{name} is a torch tensor; a numpy array is asked for.")
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise NotThis(f"{name} is {describe(value)}; an array of numbers is asked for.")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise NotThis(f"{name} holds numbers that are not finite.")
    return array


def _shaped(value: Any, name: str, *shapes: tuple[int, ...]) -> np.ndarray:
    array = _array(value, name)
    if array.shape not in shapes:
        has = "is a single number" if array.ndim == 0 else f"has shape {array.shape}"
        asked = "a single number" if shapes[0] == () else f"shape {shapes[0]}"
        raise NotThis(f"{name} {has} where {asked} is expected.")
    return array


def _four(output: Any, names: Sequence[str]) -> Sequence[Any]:
    if not isinstance(output, (tuple, list)) or len(output) != 4:
        came = f"{len(output)}" if isinstance(output, (tuple, list)) else describe(output)
        raise NotThis(f"Four results are asked for, {', '.join(names)}; {came} came back.")
    return output


# ------------------------------------------------------------------------------------------ threshold units


def threshold_network(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Does step(w2 . step(W1 x + b1) + b2) compute the parity of all inputs of n bits, with a margin?

    arguments: (n,), at most n hidden units; or none, for the parity of two bits with exactly two.
    Faults: "bias column", "inverted", "on the threshold", "output on the threshold", "units double", "idle unit" (a unit makes
    no difference on the one wrong row), "one direction" (all output weights of one sign), "one bit late" and "does not cross"
    (what the output unit receives goes up and down by turns with the number of ones, in the one case only from the second
    one on, in the other without crossing zero each time)
    """
    n = arguments[0] if arguments else 2
    try:
        W1, b1, w2, b2 = _threshold_layers(output, n, None if arguments else 2)
    except NotThis as problem:
        return {WRONG: str(problem), "fault": problem.fault}
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    wanted = bits.sum(axis=1) % 2 == 1
    z = bits @ W1.T + b1  # (2^n, H)
    total = (z > 0) @ w2 + b2
    said = total > 0
    late = (z >= 0) @ w2 + b2 >= 0  # with a step that is 1 at 0
    wrong = np.flatnonzero(said != wanted)
    seen = {"units": len(b1)}
    on_threshold = (np.abs(z) < ROUNDING).any()
    if on_threshold and (not len(wrong) or (late == wanted).all()):
        row, unit = np.argwhere(np.abs(z) < ROUNDING)[0]
        return seen | {
            WRONG: f"Unit {unit + 1} of the hidden layer has the pre-activation 0 for the input {_bits(bits[row])}.",
            "fault": "on the threshold",
        }
    if (np.abs(total) < ROUNDING).any() and (not len(wrong) or (late == wanted).all()):
        row = np.flatnonzero(np.abs(total) < ROUNDING)[0]
        return seen | {
            WRONG: f"The output unit has the pre-activation 0 for the input {_bits(bits[row])}.",
            "fault": "output on the threshold",
        }
    if len(wrong):
        return seen | _wrong_rows(bits, z, w2, b2, said, wrong)
    if len(b1) > n:
        doubles = len(b1) in (2 ** (n - 1), 2**n - 1, 2**n)
        return seen | {
            WRONG: f"It has {len(b1)} hidden units; at most {n} are allowed.",
            "fault": "units double" if doubles else None,
        }
    least = min(np.abs(z).min(), np.abs(total).min())
    if least < MARGIN - ROUNDING:
        return seen | {
            WRONG: f"All rows are right, but a pre-activation comes as near to 0 as {least:.2g}; at least {MARGIN} is asked for."
        }
    return seen | {WRONG: None}


def _threshold_layers(output: Any, n: int, units: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    first = output[0] if isinstance(output, (tuple, list)) and output else None
    if units and isinstance(first, np.ndarray) and first.shape == (n, n + 1):
        raise NotThis(f"W1 has shape {first.shape} where {(units, n)} is expected.", "bias column")
    W1, b1, w2, b2 = _four(output, ("W1", "b1", "w2", "b2"))
    W1 = _array(W1, "W1")
    H = units or (len(W1) if W1.ndim == 2 else 0)
    if W1.shape != (H, n) or not H:
        raise NotThis(f"W1 has shape {W1.shape} where ({units or 'H'}, {n}) is expected.")
    return W1, _shaped(b1, "b1", (H,)), _shaped(w2, "w2", (H,)), float(_shaped(b2, "b2", ()))


def _wrong_rows(
    bits: np.ndarray, z: np.ndarray, w2: np.ndarray, b2: float, said: np.ndarray, wrong: np.ndarray
) -> dict[str, Any]:
    first = wrong[0]
    if len(wrong) == len(bits):
        return {WRONG: "Every row comes out inverted: 0 where 1 is right, and 1 where 0 is.", "fault": "inverted"}
    sentence = (
        f"{len(wrong)} of {len(bits)} rows come out wrong, first the input {_bits(bits[first])}, "
        f"for which the network says {int(said[first])}."
    )
    without = [((z[first] > 0) @ np.where(np.arange(len(w2)) == unit, 0, w2) + b2) > 0 for unit in range(len(w2))]
    if len(bits) == 4 and len(wrong) == 1 and said[first] in without:
        return {WRONG: sentence, "fault": "idle unit"}
    if len(w2) > 1 and ((w2 > 0).all() or (w2 < 0).all()) and (np.abs(w2 - w2[0]) < ROUNDING).all():
        return {WRONG: sentence, "fault": "one direction"}
    return {WRONG: sentence, "fault": _fault_of_jumps(bits, (z > 0) @ w2 + b2)}


def _fault_of_jumps(bits: np.ndarray, total: np.ndarray) -> str | None:
    """total: what the output unit receives, one a row of bits."""
    ones = bits.sum(axis=1)
    by_count = np.array([total[ones == count][0] for count in range(bits.shape[1] + 1)])
    if np.abs(total - by_count[ones]).max() > ROUNDING or by_count[0] > -ROUNDING:
        return None
    jumps = np.diff(by_count)
    late = abs(jumps[0]) < ROUNDING
    jumps = jumps[1:] if late else jumps
    by_turns = (jumps[::2] > ROUNDING).all() and (jumps[1::2] < -ROUNDING).all()
    if not by_turns or not len(jumps):
        return None
    return "one bit late" if late else "does not cross"


def _bits(row: np.ndarray) -> str:
    return f"({', '.join(str(int(bit)) for bit in row)})"


# ------------------------------------------------------------------------------------------ one hidden layer on a line


def interpolant(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[dict[str, Any], Any, Any, dict[str, Any]]:
    """Of a network f(s) = w2 . relu(w1 s + b1) + b2: its form, f at the points, f half way between, and its form elsewhere.

    arguments: x (n,) and y (n,) of the points. A mistake is known by its curve, whatever the weights.
    """
    x = np.asarray(arguments[0], dtype=np.float64)
    try:
        w1, b1, w2, b2 = _four(output, ("w1", "b1", "w2", "b2"))
        w1 = _array(w1, "w1")
        if w1.ndim != 1:
            raise NotThis(f"w1 has shape {w1.shape} where (H,) is expected.")
        b1, w2 = _shaped(b1, "b1", w1.shape), _shaped(w2, "w2", w1.shape)
        b2 = float(_shaped(b2, "b2", ()))
        if len(w1) > len(x):
            raise NotThis(f"It has {len(w1)} hidden units; at most {len(x)} are allowed, one a point.")
    except NotThis as problem:
        return {WRONG: str(problem)}, None, None, {WRONG: None}

    def f(s: np.ndarray) -> np.ndarray:
        return np.clip(np.outer(s, w1) + b1, 0, None) @ w2 + b2

    middles = (x[1:] + x[:-1]) / 2
    known = np.sort(np.concatenate([x, middles]))
    s = np.linspace(x[0], x[-1], 301)
    rough = np.abs(f(s) - np.interp(s, known, f(known))).max() > 1e-6 * (1 + np.abs(f(known)).max())
    if any(np.asarray(a).dtype == np.float32 for a in arguments):
        rough = False
    return {WRONG: None}, f(x), f(middles), {WRONG: "Between the points it is not straight." if rough else None}


# ------------------------------------------------------------------------------------------ folding


def tents(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Does a ReLU network (weights, biases) of `depth` hidden layers of at most two units fold [0, 1] `depth` times?

    arguments: (depth,). Faults: "number of layers", "layers between" (right, with a layer of one unit after each fold), "wide",
    "folds once", "later fold" (the first fold is right and everything after sees nothing but it, but the output is another),
    "reads the units" (the first fold is right, but what comes after sees something else)
    """
    (depth,) = arguments
    try:
        weights, biases = _layers(output)
    except NotThis as problem:
        return {WRONG: str(problem), "fault": None}
    s = np.sort(np.concatenate([np.arange(2**depth + 1) / 2**depth, np.random.default_rng(depth).random(50)]))
    hidden, got = _run(weights, biases, s)
    wanted = _folded(s, depth)
    widths = [len(b) for b in biases[:-1]]
    error = np.abs(got - wanted)
    seen = {"hidden layers": len(widths), "widest": max(widths, default=0)}
    if len(widths) != depth:
        wide = len(widths) == 1 and widths[0] > 2 and error.max() < 1e-5
        said = f"It has {_count(len(widths), 'hidden layer')}; {depth} are asked for."
        between = widths[1::2] == [1] * (depth - 1) and len(widths) == 2 * depth - 1 and error.max() < 1e-5
        return seen | {WRONG: said, "fault": "wide" if wide else "layers between" if between else "number of layers"}
    if max(widths) > 2:
        fault = "wide" if depth == 1 and error.max() < 1e-5 else None
        return seen | {WRONG: f"A hidden layer has {max(widths)} units; at most 2 are allowed.", "fault": fault}
    if error.max() <= 1e-8:
        return seen | {WRONG: None}
    worst = int(error.argmax())
    said = f"At x = {s[worst]:.6g} it gives {got[worst]:.6g}, where the tent folded {_count(depth, 'time')} is {wanted[worst]:.6g}."
    if depth > 1 and np.abs(got - _folded(s, 1)).max() <= 1e-8:
        return seen | {WRONG: said, "fault": "folds once"}
    basis = np.column_stack([hidden[0], np.ones_like(s)])
    first = basis @ np.linalg.lstsq(basis, _folded(s, 1), rcond=None)[0]
    mirrored = np.interp(1 - s, s, got)
    grid = s * 2**depth == np.round(s * 2**depth)  # where the mirror image of a point is a point
    if depth == 1 or np.abs(first - _folded(s, 1)).max() >= 1e-8:
        return seen | {WRONG: said, "fault": None}
    sees_fold = np.abs(mirrored - got)[grid].max() < 1e-8
    return seen | {WRONG: said, "fault": "later fold" if sees_fold else "reads the units"}


def _layers(output: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if not isinstance(output, (tuple, list)) or len(output) != 2:
        came = f"{len(output)} results" if isinstance(output, (tuple, list)) else describe(output)
        raise NotThis(f"Two lists are asked for, weights and biases; {came} came back.")
    weights, biases = output
    for name, one in (("weights", weights), ("biases", biases)):
        if not isinstance(one, (list, tuple)):
            raise NotThis(f"The {name} should be a list of arrays, one a layer; {describe(one)} came back.")
    if len(weights) != len(biases) or not weights:
        raise NotThis(f"There are {_count(len(weights), 'weight matrix', 'weight matrices')} for {len(biases)} biases.")
    inputs, W, b = 1, [], []
    for number, (matrix, bias) in enumerate(zip(weights, biases, strict=True)):
        matrix = _array(matrix, f"weights[{number}]")
        outputs = 1 if number == len(weights) - 1 else (len(matrix) if matrix.ndim == 2 else 0)
        if matrix.shape != (outputs, inputs) or not outputs:
            asked = f"({outputs or 'units'}, {inputs})"
            raise NotThis(f"weights[{number}] has shape {matrix.shape} where {asked} is expected.")
        W.append(matrix)
        b.append(_shaped(bias, f"biases[{number}]", (outputs,)))
        inputs = outputs
    return W, b


def _run(weights: list[np.ndarray], biases: list[np.ndarray], s: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The hidden layers' outputs, an array (len(s), units) each, and the output (len(s),)."""
    hidden = [s[:, None]]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        hidden.append(np.clip(np.einsum("ni,oi->no", hidden[-1], W) + b, 0, None))
    return hidden[1:], np.einsum("ni,oi->no", hidden[-1], weights[-1])[:, 0] + biases[-1][0]


def _folded(s: np.ndarray, depth: int) -> np.ndarray:
    """The tent map composed `depth` times: the distance to the nearest even number, from 2^depth s."""
    return np.abs((2.0**depth * s + 1) % 2 - 1)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


# ------------------------------------------------------------------------------------------ labels


def classified(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.twice`: the share of right labels, as "accuracy on" the data set, and whether both calls say the same.

    truth: (seed, name) of a sample (`course.given.sample`), whose test labels the answer is not given
    """
    from course.given import sample

    seed, name = truth
    labels = sample("labels_test", seed, name).build()
    came = []
    for one in output:
        if is_tensor(one) or not isinstance(one, (np.ndarray, list, tuple)):
            return {WRONG: f"An array of labels is asked for; {describe(one)} came back."}
        array = np.asarray(one)
        if array.shape != labels.shape or array.dtype.kind not in "iuf":
            return {WRONG: f"Labels of shape {labels.shape} are asked for; {describe(array)} came back."}
        came.append(array)
    share = float(np.mean(came[0] == labels))
    repeats = np.array_equal(*came)
    return {
        WRONG: None if repeats else "A second call with the same seed gave other labels.",
        f"accuracy on {name}": share,
    }


def survived_noise(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.with_training_inputs`: the share of right test labels, and what became of the wrong training labels.

    truth: the seed of a sample of noisy digits (`course.given.sample`). A "fault" is named where the labels show one.
    """
    from course.given import sample

    X_train, seen, X_test, labels = (
        sample(part, truth, "noisy digits").build() for part in ("X_train", "labels_train", "X_test", "labels_test")
    )
    came, trained = output
    if is_tensor(came) or not isinstance(came, (np.ndarray, list, tuple)):
        return {WRONG: f"An array of labels is asked for; {describe(came)} came back."}
    if trained is None:
        asked = f"({len(X_test) + len(X_train)},)"
        said = f"Labels of shape {asked} are asked for, one for each test and then for each training image"
        return {WRONG: f"{said}; {describe(np.asarray(came))} came back."}
    came, trained = np.asarray(came), np.asarray(trained)
    if came.dtype.kind not in "iuf":
        return {WRONG: f"Labels are whole numbers from 0 to 9; {describe(came)} came back."}
    share, learned = float(np.mean(came == labels)), float(np.mean(trained == seen))
    nearest = seen[((X_train**2).sum(axis=1) - 2 * X_test @ X_train.T).argmin(axis=1)]
    return {
        WRONG: None,
        "share of right labels": share,
        "share of training labels repeated": learned,
        "fault": _fault_of_labels(share, learned, float(np.mean(came == nearest))),
    }


def _fault_of_labels(share: float, learned: float, like_nearest: float) -> str | None:
    """share: of right test labels; learned: of training labels repeated; like_nearest: of labels as of the nearest neighbour"""
    if share >= 0.83 or learned < 0.14:
        return None
    if like_nearest > 0.95:
        return "one neighbour"
    if learned >= 0.98:
        return "interpolates badly" if share < 0.4 else "interpolates"
    if learned < 0.6:
        return "underfits"
    return "nearly interpolates" if learned > 0.8 and share > 0.4 else None
