"""Functions that are given a network and must leave it, and their inputs, as they were: the probe that looks, and its view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from course.case import WRONG, is_tensor

# what can be left behind -> what is said of it
TRACES = {
    "hooks": "A hook is still on the network after the call.",
    "parameter grads": "After the call the .grad of the network's parameters is another.",
    "input flag": "After the call the tensor that was given has another requires_grad.",
    "input grad": "After the call the .grad of the tensor that was given is filled.",
    "parameter flags": "After the call the requires_grad of the network's parameters is another.",
    "parameters": "After the call the network has other parameters or buffers.",
    "mode": "After the call the network, or a part of it, is in another mode than before (train or eval).",
    "parts": "After the call the network has other parts than before.",
    "another function": "After the call the network computes something else than before.",
    "second call": "A second call with the same arguments gives something else.",
    "graph": "What came back still hangs on its graph (requires_grad is True); give a tensor without one.",
}


def leaving_no_trace(answer: Callable[..., Any], model: Any, *rest: Any) -> tuple[Any, dict[str, Any]]:
    """The output of `answer(model, *rest)`, and what it left behind.

    "traces": of a first call, and whether a second one gave something else, a list of the keys of TRACES; "dtype" of the output
    """
    import torch

    inputs = [value for value in rest if is_tensor(value) and value.is_floating_point()]
    again = [value.clone() if is_tensor(value) else value for value in rest]
    before = _state(model, inputs)
    with torch.no_grad():
        said = model(inputs[0].clone())
    output = answer(model, *rest)
    if not is_tensor(output):
        return output, {"traces": [], "dtype": None}
    after = _state(model, inputs)
    traces = [name for name in before if not _same(before[name], after[name])]
    if not traces:  # else it is said already
        with torch.no_grad():
            if not torch.equal(model(again[_first_float(again)].clone()), said):
                traces.append("another function")
        second = answer(model, *again)
        if not is_tensor(second) or not _close(second, output):
            traces.append("second call")
    if output.requires_grad:
        traces.append("graph")
    return output.detach().clone(), {"traces": traces, "dtype": str(output.dtype).removeprefix("torch.")}


def _first_float(values: Sequence[Any]) -> int:
    return next(i for i, value in enumerate(values) if is_tensor(value) and value.is_floating_point())


def _state(model: Any, inputs: Sequence[Any]) -> dict[str, list[Any]]:
    """What a call could change, but for the numbers in the inputs, which are compared for every exercise."""
    parameters, parts = list(model.parameters()), list(model.modules())
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return {
        "hooks": [len(getattr(part, name)) for part in parts for name in hooks],
        "parameter grads": [None if p.grad is None else p.grad.clone() for p in parameters],
        "input flag": [x.requires_grad for x in inputs],
        "input grad": [None if x.grad is None else x.grad.clone() for x in inputs if x.is_leaf],
        "parameter flags": [p.requires_grad for p in parameters],
        "parameters": [value.detach().clone() for value in (*parameters, *model.buffers())],
        "mode": [part.training for part in parts],
        "parts": [id(part) for part in parts],
    }


def _same(one: list[Any], other: list[Any]) -> bool:
    import torch

    return len(one) == len(other) and all(
        torch.equal(a, b) if is_tensor(a) and is_tensor(b) else type(a) is type(b) and a == b
        for a, b in zip(one, other, strict=True)
    )


def _close(one: Any, other: Any) -> bool:
    import torch

    return one.shape == other.shape and torch.allclose(one.detach(), other.detach(), 1e-4, 1e-6, equal_nan=True)


def without_trace(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[Any, dict[str, Any]]:
    """Of `leaving_no_trace`: the output, and what is wrong with its dtype or, where truth is "traces", with what was left behind.

    Only such cases ask for traces, so that one who leaves some and errs besides is told of the error first.
    "traces": all that was found there
    """
    result, seen = output
    dtype = seen.get("dtype")
    wanted = next(str(value.dtype).removeprefix("torch.") for value in arguments if is_float_tensor(value))
    traces = [name for name in seen["traces"] if name in TRACES] if truth == "traces" else []
    said = None
    if dtype not in (None, wanted):
        said = f"It has dtype {str(dtype)[:20]} where {wanted}, the dtype of the images, is expected."
    elif traces:
        said = TRACES[traces[0]]
    return result, {WRONG: said, "traces": traces}


def is_float_tensor(value: Any) -> bool:
    return is_tensor(value) and value.is_floating_point()
