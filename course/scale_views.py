"""Probes and views of lecture 11: pairs of images and texts, laws of scale, decoding, sampling."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor

BLOCK = 100  # rows of embeddings sent at a time
PAIRS = 300  # training pairs that the view looks at
ENCODERS = ("image encoder", "text encoder")

# ------------------------------------------------------------------------------------------ the loss of pairs


def finite_at_zero_rows(output: Any, arguments: Sequence[Any], truth: Any) -> Any:
    """Of `probes.with_gradients` for (image_emb, text_emb, log_scale): the output, the gradients of both embeddings in one tensor
    (2, N, D), and that of log_scale. None stands for a gradient that is missing.

    A row of zeros has no direction, and what its gradient is depends on how the division by zero is kept away: if it is finite,
    it counts as zero. Gradients come in float32, which takes half the room and is exact enough.
    """
    loss, gradients = output
    if not is_tensor(loss) or not isinstance(gradients, list) or len(gradients) != 3:
        return loss, None, None
    *of_rows, of_scale = gradients
    both = None
    if all(map(is_tensor, of_rows)):
        import torch

        rows, both = torch.stack(arguments[:2]), torch.stack(of_rows)
        empty = (rows == 0).all(dim=2, keepdim=True) & both.isfinite()
        both = both.masked_fill(empty, 0.0).float()
    return loss, both, of_scale.float() if is_tensor(of_scale) else None


# ------------------------------------------------------------------------------------------ two encoders


def encoders(answer: Callable[..., Any], *arguments: Any) -> Generator[Any, Any, None]:
    """Conversation about two encoders: told nothing it says what came back, told (which, inputs) their embeddings, an array.

    which: 0 for images, 1 for texts. "idle" lists the encoders of which no optimiser has ever stepped a parameter, where one has
    stepped others. An encoder that takes the other's inputs, and not its own, is said to be "swapped".
    """
    import torch

    with _watched_optimizers() as stepped:
        output = answer(*arguments)
    nets = output if isinstance(output, (tuple, list)) else ()
    yield None
    if len(nets) != 2 or not all(isinstance(net, torch.nn.Module) for net in nets):
        came = " and ".join(map(describe, nets)) if len(nets) == 2 else describe(output)
        yield {"instead": came}
        return
    idle = [
        name
        for name, net in zip(ENCODERS, nets, strict=True)
        if stepped and not any(parameter in stepped for parameter in net.parameters())
    ]
    training = [name for name, net in zip(ENCODERS, nets, strict=True) if net.training]
    which, inputs = yield {"idle": idle, "training": training, "stepped": bool(stepped)}
    while True:
        inputs = torch.from_numpy(inputs.copy())
        try:
            with torch.no_grad():
                came = nets[which](inputs)
        except Exception:
            if not _takes(nets[1 - which], inputs):
                raise
            came = "swapped"
        if is_tensor(came) and came.ndim == 2 and came.is_floating_point():
            came = came.detach().float().cpu().numpy()
        elif came != "swapped":
            came = describe(came)
        which, inputs = yield came


@contextmanager
def _watched_optimizers() -> Iterator[set[Any]]:
    """The parameters that torch's optimisers have stepped meanwhile, with a gradient."""
    from torch.optim.optimizer import register_optimizer_step_post_hook

    stepped: set[Any] = set()

    def note(optimizer: Any, *_: Any) -> None:
        for group in optimizer.param_groups:
            stepped.update(p for p in group["params"] if p.grad is not None)

    handle = register_optimizer_step_post_hook(note)
    try:
        yield stepped
    finally:
        handle.remove()


def _takes(net: Any, inputs: Any) -> bool:
    import torch

    try:
        with torch.no_grad():
            return is_tensor(net(inputs))
    except Exception:
        return False


def zero_shot_recognition(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `encoders`: the share of hidden images whose most similar prompt is the right one of 20, and what is wrong.

    truth: the seed of `data.captioned_digits`
    Faults: "swapped", "training mode"; of a low score "first word" (captions with the same first word have one embedding),
    "all equal" (images and texts), "idle image encoder", and "apart" (trained, but not even training images are recognised)
    """
    from course.given import captioned_pairs

    train, (images, captions, classes), prompts = captioned_pairs(truth)
    said = talk.send(None)
    if not isinstance(said, dict) or "instead" in said:
        came = said["instead"][:200] if isinstance(said, dict) and isinstance(said["instead"], str) else describe(said)
        return {WRONG: f"Two modules are asked for, an image encoder and a text encoder; {came} came back."}
    try:
        shown = {
            "hidden images": (0, images),
            "prompts": (1, prompts),
            "captions": (1, captions[:PAIRS]),
            "training images": (0, train[0][:PAIRS]),
        }
        shown = {name: _embedded(talk, which, inputs.numpy()) for name, (which, inputs) in shown.items()}
        widths = {array.shape[1] for array in shown.values()}
        if len(widths) > 1:
            raise _NotThis(
                f"The embeddings have {min(widths)} and {max(widths)} columns; images and texts need as many."
            )
    except _NotThis as problem:
        return {WRONG: problem.sentence, "fault": problem.fault}
    for name in ENCODERS:
        if isinstance(said.get("training"), list) and name in said["training"]:
            return {WRONG: f"The {name} is still in training mode.", "fault": "training mode"}
    score = _recognised(shown["hidden images"], shown["prompts"], classes)
    fault = None
    if score < 0.85:
        known = _recognised(shown["training images"], shown["prompts"], train[2][:PAIRS])
        fault = _fault_of_encoders(shown, captions[:PAIRS, 0].numpy(), said, known)
    return {WRONG: None, "zero-shot accuracy": score, "fault": fault}


class _NotThis(Exception):
    def __init__(self, sentence: str, fault: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.fault = sentence, fault


def _embedded(talk: Any, which: int, inputs: np.ndarray) -> np.ndarray:
    """Directions (N, D)."""
    blocks = []
    for start in range(0, len(inputs), BLOCK):
        part = inputs[start : start + BLOCK]
        came = talk.send((which, part))
        if isinstance(came, str) and came == "swapped":
            raise _NotThis(
                f"The {ENCODERS[which]} doesn't take {('images', 'texts')[which]}; the other one does.", "swapped"
            )
        if not isinstance(came, np.ndarray) or came.ndim != 2 or len(came) != len(part) or came.dtype.kind != "f":
            came = came if isinstance(came, str) else describe(came)
            raise _NotThis(
                f"The {ENCODERS[which]} should map {len(part)} inputs to ({len(part)}, D); {came[:200]} came back."
            )
        if blocks and came.shape[1] != blocks[0].shape[1]:
            raise _NotThis(f"The {ENCODERS[which]} gives embeddings of different widths.")
        blocks.append(came.astype(np.float64))
    rows = np.concatenate(blocks)
    if not np.isfinite(rows).all():
        raise _NotThis(f"The {ENCODERS[which]} gives embeddings that are not finite.")
    return rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12)


def _recognised(images: np.ndarray, prompts: np.ndarray, classes: Any) -> float:
    """The share of images nearest to their own prompt; where several prompts are equally near, each has its part of it."""
    similar = images @ prompts.T
    near = similar >= similar.max(axis=1, keepdims=True) - 1e-9
    return float(np.mean(near[np.arange(len(near)), classes.numpy()] / near.sum(axis=1)))


def _fault_of_encoders(
    shown: dict[str, np.ndarray], first: np.ndarray, said: dict[str, Any], known: float
) -> str | None:
    """first: the first word of each caption; known: the share of training images that are recognised"""
    captions, images, prompts = shown["captions"], shown["training images"], shown["prompts"]
    by_word = [captions[first == word] for word in np.unique(first)]
    same_within = max(np.ptp(rows, axis=0).max() for rows in by_word) < 1e-4
    if same_within and np.ptp(prompts, axis=0).max() < 1e-4 and np.ptp(captions, axis=0).max() > 1e-3:
        return "first word"
    if (images @ captions.T).mean() > 0.8:  # about 0 where pairs that don't belong together are pushed apart
        return "all equal"
    if said.get("idle") == ["image encoder"]:
        return "idle image encoder"
    return "apart" if known < 0.15 and said.get("stepped") is True and not said.get("idle") else None


# ------------------------------------------------------------------------------------------ laws of scale


def scaling_law(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Is (E, A, alpha) the law that made the losses: its exponent, its points, and its prediction at ten times the largest size?

    arguments: n (M,) and loss (M,); truth: (E, A, alpha, noise)
    Faults: "negative exponent", "inverse law" (alpha = 1), "no floor" (E = 0), "floor at the least loss", "log of A",
    "order" (the right numbers in another order)
    """
    n, losses = (np.asarray(a, dtype=np.float64) for a in arguments)
    E, A, alpha, noise = truth
    if not isinstance(output, (tuple, list, np.ndarray)) or len(output) != 3:
        came = f"{len(output)} results" if isinstance(output, (tuple, list)) else describe(output)
        return {WRONG: f"Three results are asked for, E, A and alpha; {came} came back."}
    numbers = [number.item() if is_tensor(number) and number.ndim == 0 else number for number in output]
    if not all(np.ndim(number) == 0 and isinstance(number, (int, float, np.number)) for number in numbers):
        return {WRONG: f"E, A and alpha are three numbers; {', '.join(map(describe, numbers))} came back."}
    e, a, power = map(float, numbers)
    if not np.isfinite([e, a, power]).all():
        return {WRONG: f"E = {e:.4g}, A = {a:.4g}, alpha = {power:.4g}: not all of them are finite."}
    fault = _fault_of_law((e, a, power), (E, A, alpha), losses.min(), noise)
    about = f"E = {e:.4g}, A = {a:.4g}, alpha = {power:.4g}"
    if power <= 0 or a <= 0 or e < -1e-6 * losses.min():
        name = "alpha" if power <= 0 else "A" if a <= 0 else "E"
        asked = "0 or more" if name == "E" else "positive"
        return {WRONG: f"{name} should be {asked}; {about} came back.", "fault": fault}
    off, far = (0.05, 0.02) if noise else (0.01, 0.005)
    largest = 10 * n.max()
    right, said = E + A * largest**-alpha, e + a * largest**-power
    if not abs(power - alpha) <= off + 1e-9:
        return {
            WRONG: f"The exponent is not within {off} of the law that made the losses; {about} came back.",
            "fault": fault,
        }
    fit = e + a * n**-power
    worst = int(np.abs(fit / losses - 1).argmax())
    if not abs(fit[worst] / losses[worst] - 1) <= 0.03:
        point = f"n = {n[worst]:.3g} the law says {fit[worst]:.4g}, and {losses[worst]:.4g} was measured"
        return {WRONG: f"It misses points that it was fitted to: at {point}; {about} came back.", "fault": fault}
    if not abs(said / right - 1) <= far + 1e-9:
        percent = f"{100 * (said / right - 1):+.3g} %"
        return {
            WRONG: f"At ten times the largest n the prediction is off by {percent}; {about} came back.",
            "fault": fault,
        }
    return {WRONG: None}


def _fault_of_law(
    said: tuple[float, float, float], right: tuple[float, float, float], least: float, noise: float
) -> str | None:
    (e, a, power), (E, A, alpha) = said, right
    near = 0.1 if noise else 0.02

    def alike(one: float, other: float, within: float = near) -> bool:
        return abs(one - other) <= within * abs(other) + 1e-6

    def is_law(e: float, a: float, power: float) -> bool:
        return alike(power, alpha) and alike(a, A, 4 * near) and abs(e - E) <= near * least

    if power < 0:
        return "negative exponent"
    if is_law(e, np.exp(min(a, 700.0)), power) or is_law(e, 10 ** min(a, 300.0), power):
        return "log of A"
    if not is_law(e, a, power) and any(
        is_law(*order) for order in ((e, power, a), (a, e, power), (a, power, e), (power, e, a), (power, a, e))
    ):
        return "order"
    if alike(power, 1.0, 1e-6):
        return "inverse law"
    if abs(e) <= 1e-6 * least and E > 0:
        return "no floor"
    return "floor at the least loss" if alike(e, least, 2e-3) else None


# ------------------------------------------------------------------------------------------ decoding and sampling


def asked_in_turn(answer: Callable[..., Any], step: Callable[..., Any], *rest: Any) -> tuple[Any, list[Any]]:
    """The output of `answer(step, ...)`, and the sequences with which step was called, as lists of ints.

    An array of tokens in the output counts as the list of them.
    """
    calls: list[Any] = []

    def watched(sequence: Any) -> Any:
        try:
            calls.append([int(token) for token in sequence])
        except (TypeError, ValueError):
            calls.append(describe(sequence))
        return step(sequence)

    output = answer(watched, *rest)
    if isinstance(output, (tuple, list)) and len(output) == 2 and hasattr(output[0], "tolist"):
        output = (output[0].tolist(), output[1])
    return output, calls


def with_or_without_graph(answer: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """The output, and whether it still hangs on a graph."""
    output = answer(*arguments)
    return output, "a graph" if is_tensor(output) and output.requires_grad else "no graph"
