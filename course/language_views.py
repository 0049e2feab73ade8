"""Tables of log-probabilities of the next word, too large to send in one piece: the probe that shows them and their view."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe

BLOCK = 400  # rows sent at a time
BAR = -3.15  # mean log-likelihood, in nats a word, from which no fault is named


def table(answer: Callable[..., Any], *arguments: Any) -> Generator[Any, Any, None]:
    """Conversation about an answer's table, an array of two axes: told nothing it says the shape, told (start, stop) those rows.

    Rows are sent in float32. Of what is no such array it says what it is, "instead".
    """
    output = answer(*arguments)
    is_table = isinstance(output, np.ndarray) and output.ndim == 2 and output.dtype.kind in "fiu"
    yield None
    rows = yield {"shape": output.shape} if is_table else {"instead": describe(output)}
    while True:
        start, stop = rows
        rows = yield output[start:stop].astype(np.float32)


def next_words(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `table`: how well the hidden test words are predicted, the mean of their log-probabilities, and what is wrong.

    arguments: (contexts, targets, test contexts, V, ...); truth: the seed of the sample "toy language"
    Faults of a normalised table below the bar: "counts" (few different numbers in a row), "last word" (the others make no
    difference), "softmax twice" (flat, or sure of a few words), "too sure" and "too soon" (of what it says). One is wrong
    above the bar too: a network of the last word alone, well trained, gets there (2.83 nats would be its limit).
    """
    from course.given import sample

    targets = sample("labels_test", truth, "toy language").build()
    last = sample("X_test", truth, "toy language").build()[:, -1]
    shape = (len(targets), arguments[3])
    said = talk.send(None)
    if not isinstance(said, dict) or said.get("shape") != shape:
        came = describe_shape(said)
        return {WRONG: f"An array of shape {shape} is asked for; {came} came back."}
    blocks = []
    for start in range(0, len(targets), BLOCK):
        stop = min(start + BLOCK, len(targets))
        block = talk.send((start, stop))
        if not isinstance(block, np.ndarray) or block.shape != (stop - start, shape[1]) or block.dtype != np.float32:
            return {WRONG: f"An array of shape {shape} is asked for; its rows are something else."}
        blocks.append(block.astype(np.float64))
    with np.errstate(all="ignore"):
        return _judged(np.concatenate(blocks), targets, last)


def describe_shape(said: Any) -> str:
    """What came in place of a table, in words."""
    if isinstance(said, dict) and isinstance(said.get("instead"), str):
        return said["instead"][:200]
    if isinstance(said, dict) and isinstance(said.get("shape"), tuple):
        return f"an array of shape {said['shape'][:5]}"
    return describe(said)


def _judged(log_p: np.ndarray, targets: np.ndarray, last: np.ndarray) -> dict[str, Any]:
    if np.isnan(log_p).any():
        return {WRONG: "Some of the log-probabilities are NaN."}
    p = np.exp(log_p)
    sums = p.sum(axis=1)
    off = int(np.abs(sums - 1).argmax())
    if not np.abs(sums - 1).max() <= 1e-3:
        plain = log_p.min() >= 0 and np.abs(log_p.sum(axis=1) - 1).max() <= 1e-3
        return {
            WRONG: f"The exponentials of row {off} sum to {sums[off]:.4g}; those of each row should sum to one.",
            "fault": "probabilities" if plain else None,
        }
    score = float(log_p[np.arange(len(targets)), targets].mean())
    if score >= BAR and _of_last_word(p, last):
        return {
            WRONG: "All contexts that end in the same word get the same prediction: the words before it make no difference.",
            "fault": "last word",
        }
    return {
        WRONG: None,
        "mean log-likelihood": score,
        "fault": None if score >= BAR else _fault(log_p, p, targets, last, score),
    }


def _fault(log_p: np.ndarray, p: np.ndarray, targets: np.ndarray, last: np.ndarray, score: float) -> str | None:
    """What a bad prediction looks like, as far as it can be told."""
    spread = np.ptp(log_p, axis=1)
    if 1e-6 < spread.max() <= 1.001:
        return "softmax twice"  # logits between 0 and 1
    few = np.median([len(np.unique(row)) for row in log_p[:: max(1, len(log_p) // 100)]])
    if few < log_p.shape[1] / 2:
        return "counts" if spread.max() > 1e-6 else None
    if _of_last_word(p, last):
        return "last word"
    too_sure = -score + np.where(p > 0, p * log_p, 0).sum(axis=1).mean()  # its loss beyond what it expects itself
    if too_sure > 0.6:
        first = log_p.argmax(axis=1)
        if np.mean(first == targets) < 0.1:  # not even the full stops: it has learned something else, or nothing
            return None
        tops = len(np.unique(first)) / log_p.shape[1]
        return "too sure" if tops > 0.4 else "softmax twice" if tops < 0.25 else None
    return "too soon" if too_sure < 0.4 else None


def _of_last_word(p: np.ndarray, last: np.ndarray) -> bool:
    """Do contexts that end in the same word all get the same prediction?"""
    order = np.argsort(last, kind="stable")
    same = last[order][1:] == last[order][:-1]
    return bool(np.abs(np.diff(p[order], axis=0))[same].max(initial=0) < 1e-5)
