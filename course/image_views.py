"""Networks that read images which the answer must not see while it trains: the probe that asks them and its view."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe, is_tensor

MOST_PARAMETERS = 20_000
BARS = {"accuracy on centred digits": 0.95, "accuracy on shifted digits": 0.90}
BLOCK = 200  # images sent at a time


def image_net(answer: Callable[..., Any], images: Any, labels: Any, seed: int) -> Generator[Any, Any, None]:
    """Conversation with the network that `answer(images, labels, seed)` returns, on the device of images.

    Told nothing it says about itself: the number of its parameters, whether it is in training mode, and whether it has kernels
    smaller than an image. Told images, an array, it says its output in float32. What is no network, or no tensor, it describes.
    """
    import torch

    device, side = images.device, images.shape[-1]
    net = answer(images, labels, seed)
    yield None
    if not isinstance(net, torch.nn.Module):
        while True:
            yield {"instead": describe(net)}
    parameters = list(net.parameters())
    told = yield {
        "parameters": sum(p.numel() for p in parameters),
        "training": any(part.training for part in net.modules()),
        "kernels": any(p.ndim == 4 and 1 < max(p.shape[2:]) < side for p in parameters),
    }
    yield from what_it_says(net, told, device)


def what_it_says(net: Any, told: np.ndarray, device: Any) -> Generator[Any, np.ndarray, None]:
    """The rest of a conversation with a network: told images, it says its outputs for them, without an end."""
    import torch

    while True:
        with torch.no_grad():
            output = net(torch.from_numpy(told).to(device))
        if is_tensor(output):
            told = yield output.detach().cpu().float().numpy()
        else:
            told = yield {"instead": describe(output)}


def reads_shifted(talk: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `image_net`: its accuracy on hidden digits, at the centre and moved by up to two pixels, and what is wrong.

    truth: the seed of `data.digits`. Faults: "large", "training mode" ("..., random" where two calls differ), and of what misses
    a bar "tied to its place" and "dense" (without kernels), both at chance when shifted; "partly tied"; "probabilities";
    "place is no matter" (equally bad in both); "chance".
    """
    from course import data

    _, _, X, labels = data.digits(1200, truth)
    centred, shifted = (
        data.digit_canvas(X, max_shift=far, seed=np.random.default_rng([truth, far])).numpy() for far in (0, 2)
    )
    said = talk.send(None)
    if not isinstance(said, dict) or not isinstance(said.get("parameters"), int):
        instead = said.get("instead") if isinstance(said, dict) else None
        came = instead[:200] if isinstance(instead, str) else describe(said)
        return {WRONG: f"A torch.nn.Module is asked for; {came} came back."}
    if said["parameters"] > MOST_PARAMETERS:
        return {
            WRONG: f"It has {said['parameters']} parameters; at most {MOST_PARAMETERS} are allowed.",
            "fault": "large",
        }
    if said.get("training"):
        one, other = (talk.send(shifted[:BLOCK]) for _ in range(2))
        alike = isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.array_equal(one, other)
        fault = "training mode" if alike else "training mode, random"
        return {WRONG: "The network that came back is in training mode.", "fault": fault}
    logits = []
    for images in (centred, shifted):
        blocks = []
        for start in range(0, len(images), BLOCK):
            block = talk.send(images[start : start + BLOCK])
            wanted = (len(images[start : start + BLOCK]), 10)
            if not isinstance(block, np.ndarray) or block.shape != wanted or block.dtype != np.float32:
                instead = block.get("instead") if isinstance(block, dict) else None
                came = instead[:200] if isinstance(instead, str) else describe(block)
                return {WRONG: f"For {wanted[0]} images a tensor of shape {wanted} is asked for; {came} came back."}
            blocks.append(block)
        logits.append(np.concatenate(blocks))
    if not np.isfinite(logits).all():
        return {WRONG: "Some of the logits are not finite."}
    shares = [float(np.mean(z.argmax(axis=1) == labels)) for z in logits]
    fault = None if np.greater_equal(shares, list(BARS.values())).all() else _fault(*shares, *logits, said)
    return {WRONG: None, "fault": fault} | dict(zip(BARS, shares, strict=True))


def _fault(centred: float, shifted: float, z: np.ndarray, z_shifted: np.ndarray, said: dict[str, Any]) -> str | None:
    """What a network that misses a bar shows, as far as it can be told."""
    if centred >= 0.85 and shifted < 0.5:
        return "tied to its place" if said.get("kernels") else "dense"
    rows = np.concatenate([z, z_shifted])
    if rows.min() >= 0 and np.abs(rows.sum(axis=1) - 1).max() < 1e-3:
        return "probabilities"
    if max(centred, shifted) < 0.2:
        return "chance"
    if said.get("kernels") and centred >= 0.9 and shifted < min(0.9, centred - 0.05):
        return "partly tied"
    return "place is no matter" if said.get("kernels") and abs(centred - shifted) < 0.1 else None
