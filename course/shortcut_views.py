"""Networks that should read a digit although a bright pixel gave the answer away in training: the probe and its view."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor
from course.image_views import what_it_says

BARS = {"accuracy with random tags": 0.78, "accuracy with wrong tags": 0.78}
LEAKING = "accuracy with leaking tags"
NUM_TRAIN = 600


def tagged_net(answer: Callable[..., Any], images: Any, labels: Any, seed: int) -> Generator[Any, Any, None]:
    """Conversation with the network that `answer(images, labels, seed)` returns, put in eval mode.

    Told nothing it says what can be seen of its training, for a hint: see `_Watch.seen`. Told images, an array, it says its output
    in float32. What is no network, or no tensor, it describes.
    """
    import torch

    device = images.device
    watch = _Watch()
    with watch:
        net = answer(images, labels, seed)
    yield None
    if not isinstance(net, torch.nn.Module):
        while True:
            yield {"instead": describe(net)}
    net.eval()
    told = yield watch.seen(net)
    yield from what_it_says(net, told, device)


class _Watch(ExitStack):
    """Looks at what goes through modules and optimisers while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.decay = 0.0
        self.brightest: Any = None  # (10, 10): a mask inside the network shows in what its later modules are given
        self.in_gap: list[float] = []  # share of pixels between tag and digit that are not 0, step by step
        self.is_first = True  # of the modules that are given images since the last step

    def __enter__(self) -> _Watch:
        from torch.nn.modules.module import register_module_forward_pre_hook
        from torch.optim.optimizer import register_optimizer_step_pre_hook

        self.callback(register_module_forward_pre_hook(self._see_input).remove)
        self.callback(register_optimizer_step_pre_hook(self._see_step).remove)
        return super().__enter__()

    def _see_step(self, optimizer: Any, *rest: Any) -> None:
        self.is_first = True
        by_itself = inspect.signature(type(optimizer)).parameters.get("weight_decay")
        unasked = 0.0 if by_itself is None else by_itself.default  # AdamW decays a little unless told otherwise
        decays = [float(group.get("weight_decay", 0)) for group in optimizer.param_groups]
        self.decay = max(self.decay, *(decay for decay in decays if decay != unasked), 0.0)

    def _see_input(self, module: Any, inputs: tuple[Any, ...]) -> None:
        x = inputs[0] if inputs else None
        if not is_tensor(x) or not x.numel() or tuple(x.shape[1:]) not in ((1, 10, 10), (10, 10), (100,)):
            return
        pixels = x.detach().reshape(-1, 10, 10).abs()
        top = pixels.amax(dim=0)
        self.brightest = top if self.brightest is None else self.brightest.minimum(top)
        if self.is_first:
            self.in_gap.append(float((pixels[:, 1] != 0).float().mean()))
            self.is_first = False

    def seen(self, net: Any) -> dict[str, Any]:
        """What was seen, by name.

        "decay": the strongest weight decay that was asked for; "dropout": its largest probability; "noise": the share of pixels
        between tag and digit, 0 in all data, that were not; "hidden": rows and columns of the digit that were 0 for the network
        """
        import torch

        dropout = [part.p for part in net.modules() if isinstance(part, torch.nn.modules.dropout._DropoutNd)]
        hidden = []
        if self.brightest is not None:
            dark = self.brightest.cpu() == 0
            hidden = [f"row {i}" for i in range(2, 10) if dark[i].all()]
            hidden += [f"column {j}" for j in range(1, 9) if dark[2:, j].all()]
        return {
            "decay": self.decay,
            "dropout": float(max(dropout, default=0.0)),
            "noise": float(np.mean(self.in_gap)) if self.in_gap else 0.0,
            "hidden": hidden,
        }


def reads_digit(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `tagged_net`: its accuracy on hidden digits whose tag leaks, is random or is wrong.

    truth: the seed of `data.digits(900)`. Faults of a network that misses a bar: "follows the tag", or where something was seen
    that was meant to help, "follows the tag, with " and "another border hidden", "dropout", "noise" or "weight decay";
    "reads badly" where the tag is no matter and the digit is read poorly.
    """
    images, labels = _hidden(truth)
    seen = talk.send(None)
    if not isinstance(seen, dict) or "instead" in seen or "decay" not in seen:
        instead = seen.get("instead") if isinstance(seen, dict) else None
        came = instead[:200] if isinstance(instead, str) else describe(seen)
        return {WRONG: f"A torch.nn.Module is asked for; {came} came back."}
    shares = {}
    for name, shown in images.items():
        z = talk.send(shown)
        wanted = (len(shown), 10)
        if not isinstance(z, np.ndarray) or z.shape != wanted or z.dtype != np.float32:
            instead = z.get("instead") if isinstance(z, dict) else None
            came = instead[:200] if isinstance(instead, str) else describe(z)
            return {WRONG: f"For {wanted[0]} images a tensor of shape {wanted} is asked for; {came} came back."}
        if not np.isfinite(z).all():
            return {WRONG: "Some of the logits are not finite."}
        shares[name] = float(np.mean(z.argmax(axis=1) == labels))
    passed = all(shares[name] >= bar for name, bar in BARS.items())
    return {WRONG: None, "fault": None if passed else _fault(talk, images[LEAKING], shares, seen)} | shares


@lru_cache(maxsize=4)
def _hidden(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Images by the name of their score, and labels; nobody writes into them."""
    from course import data

    _, _, X, labels = data.digits(900, seed)
    tags = zip((LEAKING, *BARS), ("label", "random", "wrong"), strict=True)
    return {
        name: data.tagged_digits(X, labels, tag, seed=np.random.default_rng([seed, k])).numpy()
        for k, (name, tag) in enumerate(tags)
    }, labels


def _fault(talk: Any, shown: np.ndarray, shares: dict[str, float], seen: dict[str, Any]) -> str | None:
    lowest = min(shares[name] for name in BARS)
    if max(shares.values()) - min(shares.values()) < 0.08:
        return "reads badly" if max(shares.values()) > 0.2 else None
    if shares[LEAKING] < lowest + 0.1:
        return None
    said = "follows the tag"
    if _hides_another_border(talk, shown) or (isinstance(seen["hidden"], list) and seen["hidden"]):
        return f"{said}, with another border hidden"
    for name, least, word in (
        ("dropout", 0.0, "dropout"),
        ("noise", 0.3, "noise"),
        ("decay", 0.0, "weight decay"),
    ):
        if isinstance(seen.get(name), float) and seen[name] > least:
            return f"{said}, with {word}"
    return said


def _hides_another_border(talk: Any, shown: np.ndarray) -> bool:
    """Does it say the same when a row or column at the edge, other than the tag's, is all ink?"""
    before = talk.send(shown[:20])
    for place in (np.s_[:, :, 9], np.s_[:, :, 1:, 0], np.s_[:, :, 1:, 9]):
        inked = shown[:20].copy()
        inked[place] = 1
        if np.array_equal(talk.send(inked), before):
            return True
    return False
