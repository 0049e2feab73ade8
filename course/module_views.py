"""Modules of torch, judged by what they compute once their parameters are copied in by name: the probe and its view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from course.case import WRONG, describe, is_tensor


def module(answer: Callable[..., Any], *arguments: Any) -> Any:
    """`answer(*sizes)` in float64 with given parameters: its output, and the gradients of sum(weights * output) by name.

    arguments: the sizes that the constructor takes, and after them parameters, a dict of tensors by name; inputs, a tensor;
    weights, a tensor of the shape of the output
    What is no module with just these parameters comes back as a dict: "not a module", or its own "parameters" (name -> shape)
    and whether it "ignores order", that of the inputs along their second axis.
    """
    import torch

    *sizes, parameters, inputs, weights = arguments
    net = answer(*sizes)
    if not isinstance(net, torch.nn.Module):
        return {"not a module": describe(net)}
    if type(net).forward is torch.nn.Module.forward:
        return {"not a module": "a module without a forward method"}
    net = net.double()
    if any(map(torch.nn.parameter.is_lazy, net.parameters())):
        net(inputs)
    own = dict(net.named_parameters(remove_duplicate=False))
    asked = [own[name] for name in parameters if name in own and own[name].shape == parameters[name].shape]
    others = {name: tuple(p.shape) for name, p in own.items() if not any(p is one for one in asked)}
    if others or len(asked) < len(parameters):
        kept = {name: tuple(own[name].shape) for name in parameters if name in own and name not in others}
        return {"parameters": kept | others, "ignores order": _ignores_order(net, inputs)}
    with torch.no_grad():
        for name, value in parameters.items():
            own[name].copy_(value)
    output = net(inputs)
    if not is_tensor(output) or output.shape != weights.shape:
        return output, {}
    if not output.requires_grad:
        return output, dict.fromkeys(parameters)
    gradients = torch.autograd.grad((weights * output).sum(), [own[name] for name in parameters], allow_unused=True)
    return output.detach(), {
        name: torch.zeros_like(own[name]) if grad is None else grad.to_dense()
        for name, grad in zip(parameters, gradients, strict=True)
    }


def _ignores_order(net: Any, inputs: Any) -> bool:
    """Whether an untouched module says the same when the second axis of its inputs is turned round."""
    import torch

    if inputs.ndim < 2 or torch.equal(inputs, inputs.flip(1)):
        return False
    try:
        with torch.no_grad():
            return bool(torch.allclose(net(inputs), net(inputs.flip(1))))
    except Exception:  # it may be half written; then there is nothing to say about it
        return False


def module_as_asked(output: Any, arguments: Sequence[Any], truth: Any) -> tuple[dict[str, Any], Any, Any]:
    """Of `module`: what is wrong with its parameters, the output, and the gradients."""
    parameters = arguments[-3]
    if isinstance(output, tuple) and len(output) == 2:
        gradients = output[1] if output[1] != {} else dict.fromkeys(parameters)
        return {WRONG: None}, output[0], gradients
    if "not a module" in output:
        return {WRONG: f"A torch.nn.Module is asked for; {output['not a module']} came back."}, None, None
    found = output["parameters"]
    wanted = {name: tuple(value.shape) for name, value in parameters.items()}
    first, table = next(iter(wanted.items()))
    tables = _tables(found, wanted, table)
    if tables > 1:
        return (
            {WRONG: f"Its parameters hold {tables} tables of shape {table} where one is asked for, {first}."},
            None,
            None,
        )
    said = _unlike(found, wanted)
    if output["ignores order"]:
        said += " And its output stays the same when a context is turned round."
    return {WRONG: said}, None, None


def _tables(found: dict[str, Any], wanted: dict[str, Any], table: tuple[int, ...]) -> int:
    """How many times a table's numbers are there, in one parameter or in several; 0 where they don't fit."""
    others = [name for name in list(wanted)[1:] if found.get(name) == wanted[name]]
    sizes = [_size(shape) for name, shape in found.items() if name not in others and tuple(shape[-1:]) == table[-1:]]
    sizes = [size for size in sizes if size >= _size(table)]
    return 0 if any(size % _size(table) for size in sizes) else sum(sizes) // _size(table)


def _size(shape: Sequence[int]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _unlike(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    for name, shape in wanted.items():
        if name not in found:
            own = ", ".join(f"{key} {value}" for key, value in list(found.items())[:8]) or "none"
            return f"It has no parameter of the name {name}; its own are: {own}."
        if found[name] != shape:
            return f"{name} has shape {found[name]} where {shape} is expected."
    extra = [name for name in found if name not in wanted]
    return f"It has parameters that are not asked for: {', '.join(extra[:8])}."
