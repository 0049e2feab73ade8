"""Steps, losses, samples and models of sequences, of lecture 12: the probes that run them and their views."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor

BITS = 2.75  # a character, from which on no fault is named
WINDOW = 240  # characters of hidden text at a time
BLOCK = 5  # windows sent at a time


# ------------------------------------------------------------------------------------------ values with gradients


def cell_with_gradients(answer: Callable[..., Any], x: Any, h: Any, c: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """One step of a cell: its new states, and the gradients of a weighted sum of them for all that went in.

    Of each gradient a weighted sum of its entries, by name: a single number, to ten digits, that any wrong entry changes.
    """
    leaves = {"x": x, "h": h, "c": c, "weight": weight, "bias": bias}
    for leaf in leaves.values():
        leaf.requires_grad_()
    output = answer(x, h, c, weight, bias)
    states = output if isinstance(output, (list, tuple)) else [output]
    if not states or not all(is_tensor(state) and state.is_floating_point() for state in states):
        return output, None
    slopes = _slopes(states, list(leaves.values()))
    return output, {
        name: float(f"{_weighted(g.flatten()).item():.10g}") for name, g in zip(leaves, slopes, strict=True)
    }


def loss_with_gradient(answer: Callable[..., Any], logits: Any, *rest: Any) -> tuple[Any, Any]:
    """A loss of logits (N, T, V), and its gradient at each place, (N, T): a weighted sum over the classes.

    Zeros where the loss does not depend on a place.
    """
    logits.requires_grad_()
    loss = answer(logits, *rest)
    if not is_tensor(loss) or loss.ndim or not loss.is_floating_point():
        return loss, None
    return loss, _weighted(_slopes([loss], [logits])[0])


def _slopes(outputs: Sequence[Any], leaves: Sequence[Any]) -> list[Any]:
    """Gradients of a weighted sum of all numbers of the outputs; zeros where none flows back."""
    import torch

    total = sum(_weighted(output.flatten(), number) for number, output in enumerate(outputs))
    if not total.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, found, strict=True)]


def _weighted(values: Any, start: int = 0) -> Any:
    """The sum over the last axis, in which each place has its own weight."""
    import torch

    places = torch.arange(start, start + values.shape[-1], dtype=values.dtype, device=values.device)
    return (torch.cos(places) * values).sum(dim=-1)


def masked_loss(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Of `loss_with_gradient` on (logits, targets, lengths): loss, gradient, and whether that is exactly 0 at padding."""
    loss, gradient = output
    _, targets, lengths = arguments
    if not is_tensor(gradient):
        return loss, gradient, {WRONG: None}
    places = np.arange(targets.shape[1]) >= lengths.numpy()[:, None]
    at_padding = gradient.detach().cpu().numpy()[places]
    said = "The gradient is not exactly 0 where there is padding."
    return loss, gradient, {WRONG: said if (at_padding != 0).any() else None}


# ------------------------------------------------------------------------------------------ lists and draws


def clipped(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Of arrays and a norm, from (arrays, ...): both, and what is wrong where an array has another dtype than it had."""
    if not isinstance(output, (tuple, list)) or len(output) != 2 or not isinstance(output[0], (list, tuple)):
        came = f"{len(output)} results" if isinstance(output, (list, tuple)) else describe(output)
        return output, None, {WRONG: f"A list of arrays and their norm are asked for; {came} came back."}
    arrays, norm = output
    said = None
    for number, (one, other) in enumerate(zip(arguments[0], arrays, strict=False), 1):
        came = getattr(other, "dtype", None)
        if said is None and came != one.dtype:
            said = f"Array {number} has dtype {came} where {one.dtype} is expected."
    return list(arrays), norm, {WRONG: said}


def tokens(answer: Callable[..., Any], logits: Any, temperature: float, top_k: int | None, u: np.ndarray) -> tuple:
    """What `answer(logits, temperature, top_k, u)` picks for each of several numbers u, one call each."""
    return tuple(answer(logits, temperature, top_k, float(number)) for number in u)


# ------------------------------------------------------------------------------------------ a model of characters


def character_model(answer: Callable[..., Any], *arguments: Any) -> Generator[Any, Any, None]:
    """Conversation with the model that an answer returns: told texts (N, T), it says logits (N, T, V) in float32.

    What is no model, and what a model says that are no logits, are described, "instead"; of logits in another shape that is said.
    """
    import torch

    model = answer(*arguments)
    if not isinstance(model, torch.nn.Module):
        yield None
        while True:
            yield {"instead": describe(model)}
    texts = yield None
    while True:
        with torch.no_grad():
            logits = model(torch.from_numpy(np.array(texts)))
        if not is_tensor(logits):
            texts = yield {"instead": describe(logits)}
        elif tuple(logits.shape[:2]) != texts.shape or logits.ndim != 3:
            texts = yield {"shape": tuple(logits.shape)}
        else:
            texts = yield logits.detach().float().cpu().numpy()


class _Unfit(Exception):
    """The model said something that are no logits."""


def characters_predicted(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `character_model`: how well hidden text is predicted, as the mean base-2 logarithm of the probability of a character.

    arguments: (ids, V, seed); truth: where in `data.python_help()` the hidden text begins (`course.given.help_text`)
    Faults: "not repeatable"; "mixes texts", where the other texts of a batch make a difference; "sees the future", where later
    characters do; and below the bar "copies" (predicts the character it reads), "probabilities", "diverged" (sure of what is
    wrong, or not finite), "no memory" (the last character alone counts), "undertrained" (knows how little it knows)
    """
    from course.given import hidden_text

    V = arguments[1]
    windows = hidden_text(truth).numpy().reshape(-1, WINDOW)

    def logits(texts: np.ndarray) -> np.ndarray:
        said = talk.send(np.ascontiguousarray(texts))
        shape = (*texts.shape, V)
        if isinstance(said, np.ndarray) and said.shape == shape and said.dtype == np.float32:
            return said
        came = "something else"
        if isinstance(said, np.ndarray):
            came = f"shape {said.shape}"
        elif isinstance(said, dict) and isinstance(said.get("shape"), tuple):
            came = f"shape {said['shape'][:5]}"
        elif isinstance(said, dict) and isinstance(said.get("instead"), str):
            raise _Unfit(f"A module that returns a tensor of logits is asked for; {said['instead'][:200]} came back.")
        raise _Unfit(f"For characters of shape {texts.shape} logits of shape {shape} are asked for; {came} came back.")

    try:
        wrong = _dependence(logits, windows)
        if wrong:
            return wrong
        said = [logits(block[:, :-1]) for block in np.array_split(windows, len(windows) // BLOCK)]
        return _score(np.concatenate(said), windows, logits)
    except _Unfit as problem:
        return {WRONG: str(problem)}


def _dependence(logits: Callable[[np.ndarray], np.ndarray], windows: np.ndarray) -> dict[str, Any] | None:
    """On what the logits depend that they must not depend on: chance, other texts, later characters. None if nothing is wrong."""
    texts = windows[:BLOCK]
    said = logits(texts)
    if not np.isfinite(said).all():
        return {WRONG: "Some of the logits are not finite.", "fault": "diverged"}
    if _far(said, logits(texts)):
        return {WRONG: "The same texts, given twice, get different logits.", "fault": "not repeatable"}
    alone = logits(texts[2:3])
    if _far(said[2:3], alone):
        return {
            WRONG: "A text gets other logits when other texts stand beside it in the batch.",
            "fault": "mixes texts",
        }
    cut = WINDOW // 2
    other = texts.copy()
    other[:, cut:] = windows[-BLOCK:, cut:][:, ::-1]
    for changed in (logits(other)[:, :cut], logits(texts[:, :cut])):
        if _far(said[:, :cut], changed):
            return {WRONG: "Later characters change earlier logits.", "fault": "sees the future"}
    logits(texts[:, :1])
    return None


def _far(one: np.ndarray, other: np.ndarray) -> bool:
    """Further apart than 1e-4, or where numbers are beyond 100, than float32 can be blamed for."""
    largest = np.abs(one).max()
    return not np.abs(one - other).max() < (1e-4 if largest < 100 else 1e-5 * largest)


def _score(said: np.ndarray, windows: np.ndarray, logits: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    if not np.isfinite(said).all():
        return {WRONG: "Some of the logits are not finite.", "fault": "diverged"}
    read, targets = windows[:, :-1], windows[:, 1:]
    shifted = said - said.max(axis=2, keepdims=True)
    log_p = (shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))) / np.log(2)
    score = float(np.take_along_axis(log_p, targets[..., None], axis=2).mean())
    fault = None if score >= -BITS else _fault(said, log_p, score, read, logits)
    return {WRONG: None, "mean log2-probability": score, "fault": fault}


def _fault(
    said: np.ndarray, log_p: np.ndarray, score: float, read: np.ndarray, logits: Callable[[np.ndarray], np.ndarray]
) -> str | None:
    if said.min() >= 0 and np.abs(said.sum(axis=2) - 1).max() < 1e-3:
        return "probabilities"
    if np.mean(log_p.argmax(axis=2) == read) > 0.6:
        return "copies"
    surprise = (
        -score + np.where(log_p > -60, np.exp2(log_p) * log_p, 0).sum(axis=2).mean()
    )  # bits beyond those that it expects itself
    if surprise > 2:
        return "diverged"
    contexts = read[:60, :8].copy()
    contexts[:, -1] = contexts[0, -1]
    last = logits(contexts)[:, -1]
    if not _far(last, last[:1]):
        return "no memory"
    if surprise > 0.8 and score < -3.4:
        return "diverged"
    return "undertrained" if surprise < 0.3 else None
