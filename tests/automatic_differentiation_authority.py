"""What the answers of lecture 05 must return, said by torch's autograd and by graphs that are walked in another way."""

import numpy as np
import torch

from course.graph_probes import needed, read_graph


def _tensor(value):
    return torch.tensor(np.asarray(value, dtype=np.float64), requires_grad=True)


def _call(name, args, kwargs):
    """One of the eleven operations, by torch."""
    if name == "sum":
        axis = kwargs.get("axis")
        axis = tuple(range(args[0].dim())) if axis is None else axis
        return torch.sum(args[0], dim=axis, keepdim=kwargs.get("keepdims", False)) if args[0].dim() else args[0] * 1.0
    return getattr(torch, {"negative": "neg", "divide": "div"}.get(name, name))(*args)


def unbroadcast(g, shape):
    x = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    x.expand(np.shape(g)).backward(torch.tensor(np.asarray(g, dtype=np.float64)))
    return x.grad.numpy()


def vjp_table(name, g, args, kwargs):
    """As `probes.vjp_outputs` reports it."""

    def signals(factor):
        tensors = [_tensor(arg) for arg in args]
        _call(name, tensors, kwargs).backward(torch.tensor(np.asarray(factor * np.asarray(g, dtype=np.float64))))
        return {f"argument {k}": tensor.grad.numpy() for k, tensor in enumerate(tensors)}

    return signals(1.0), {name: float(signal.sum()) for name, signal in signals(-2.0).items()}


def backward_pass(g, graph, inputs):
    """As `probes.messages` reports it."""
    steps, end = read_graph(graph)
    left, tensors = iter(inputs), []
    for step in steps:
        if step.fun is None:
            tensors.append(_tensor(next(left)))
            continue
        args = [tensors[arg] if type(arg) is int else torch.tensor(arg, dtype=torch.float64) for arg in step.args]
        tensors.append(_call(step.fun, args, step.kwargs))
    for tensor in tensors:
        tensor.retain_grad()
    tensors[end].backward(torch.tensor(np.asarray(g, dtype=np.float64)))
    leading = needed(steps, end)
    shown = range(len(steps)) if len(steps) <= 40 else [0, 1, 2, *range(len(steps) - 3, len(steps))]
    told = {steps[n].name: tensors[n].grad.numpy() for n in shown if n in set(leading)}
    return told, len(leading), sum(type(arg) is int for n in leading for arg in steps[n].args)


class _Torch:
    """torch's functions by numpy's names, for programs in `ops`."""

    exp, log, tanh, add, subtract, multiply, divide, matmul, negative = (
        torch.exp, torch.log, torch.tanh, torch.add, torch.sub, torch.mul, torch.div, torch.matmul, torch.neg,
    )  # fmt: skip

    @staticmethod
    def maximum(x, y):
        return torch.maximum(*(v if torch.is_tensor(v) else torch.tensor(v, dtype=torch.float64) for v in (x, y)))

    @staticmethod
    def sum(x, axis=None, keepdims=False):
        return torch.sum(x, dim=tuple(range(x.dim())) if axis is None else axis, keepdim=keepdims)


class _Constants:
    """np.array in a program: a constant tensor."""

    @staticmethod
    def array(value):
        return torch.tensor(value, dtype=torch.float64)


def grad(source, argnum, calls):
    f = eval(source, {"np": _Constants, "ops": _Torch})
    found = []
    for arguments in calls:
        tensors = [
            torch.tensor(np.asarray(a, dtype=np.float64), requires_grad=k == argnum) for k, a in enumerate(arguments)
        ]
        value = f(*tensors)
        if torch.is_tensor(value) and value.requires_grad:
            value.backward()
        gradient = tensors[argnum].grad
        found.append(np.zeros(tensors[argnum].shape) if gradient is None else gradient.numpy())
    return found[0] if len(found) == 1 else tuple(found)


def train_two_moons(X, t, params, lr, steps):
    parameters = [_tensor(p) for p in params]
    optimizer = torch.optim.SGD(parameters, lr=lr)
    inputs, targets, losses = torch.tensor(X).double(), torch.tensor(t).double(), []
    for _ in range(steps):
        W1, b1, W2, b2 = parameters
        z = torch.addmm(b2, torch.tanh(torch.addmm(b1, inputs, W1)), W2).squeeze(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, targets)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [p.detach().numpy() for p in parameters], np.array(losses)
