"""Move what an answer is given, and what it returns, between devices. Does not import torch: where nothing did, nothing moves."""

from __future__ import annotations

import sys
from typing import Any


def moved(value: Any, device: str) -> Any:
    """The value with every tensor and module in it on the device ("cpu", "cuda", ...), in lists, tuples and dicts too.

    A tensor that is there already comes back as it is, else as a copy; a module moves itself. Tensors on the meta device hold
    nothing that could be moved and stay there. Everything else is passed through.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return value
    if isinstance(value, torch.Tensor):
        return value if value.device.type == "meta" else value.to(device)
    if isinstance(value, torch.nn.Module):
        return value.to(device)
    if isinstance(value, dict):
        return {key: moved(item, device) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(moved(item, device) for item in value)
    return value


def has_tensors(value: Any) -> bool:
    """Whether a tensor or a module is in it, so that it matters on which device it is computed with."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    if isinstance(value, (torch.Tensor, torch.nn.Module)):
        return True
    if isinstance(value, dict):
        value = value.values()
    return isinstance(value, (list, tuple, type({}.values()))) and any(map(has_tensors, value))
