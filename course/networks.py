"""Networks from plain data: how `given.network` builds what a case describes.

A description is a list of layers, each a list [kind, ...]; the arrays decide shapes and dtype:

    linear W b | conv2d W b stride padding | conv1d W b dilation left right | batchnorm mean var gamma beta | dropout p
    relu | tanh | softplus | logistic | flatten | maxpool2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def build_network(layers: Sequence[Sequence[Any]], grads: float | None = None) -> Any:
    """An `nn.Sequential` in eval mode, whose submodules are "0", "1", ...

    grads: None, or the number that stands in the .grad of every parameter, as after somebody's backward pass
    Raises ValueError for a kind that is not there.
    """
    import torch

    kinds = _kinds()
    for kind, *_ in layers:
        if kind not in kinds:
            raise ValueError(f"no layer {kind!r}; there are {', '.join(kinds)}")
    net = torch.nn.Sequential(*(kinds[kind](*rest) for kind, *rest in layers)).eval()
    if grads is not None:
        for parameter in net.parameters():
            parameter.grad = torch.full_like(parameter, grads)
    return net


def _kinds() -> dict[str, Any]:
    from torch import nn

    return {
        "linear": lambda W, b: _filled(nn.Linear(W.shape[1], W.shape[0]), weight=W, bias=b),
        "conv2d": _conv2d,
        "conv1d": _conv1d,
        "batchnorm": lambda mean, var, gamma, beta: _filled(
            nn.BatchNorm2d(len(mean)), running_mean=mean, running_var=var, weight=gamma, bias=beta
        ),
        "dropout": nn.Dropout,
        "relu": nn.ReLU,
        "tanh": nn.Tanh,
        "softplus": nn.Softplus,
        "logistic": nn.Sigmoid,
        "flatten": nn.Flatten,
        "maxpool2": lambda: nn.MaxPool2d(2),
    }


def _filled(module: Any, **values: Any) -> Any:
    """The module with copies of these numbers as its parameters and buffers."""
    import torch

    for name, value in values.items():
        new = torch.as_tensor(value).clone()
        is_parameter = isinstance(getattr(module, name), torch.nn.Parameter)
        setattr(module, name, torch.nn.Parameter(new) if is_parameter else new)
    return module


def _conv2d(W: Any, b: Any, stride: int, padding: int) -> Any:
    """W (F, C, height, width)"""
    from torch import nn

    filters, channels, *size = W.shape
    return _filled(nn.Conv2d(channels, filters, tuple(size), stride=stride, padding=padding), weight=W, bias=b)


def _conv1d(W: Any, b: Any, dilation: int, left: int, right: int) -> Any:
    """W (F, C, taps); as many zeros on the left and on the right of a signal."""
    from torch import nn

    filters, channels, taps = W.shape
    conv = _filled(nn.Conv1d(channels, filters, taps, dilation=dilation), weight=W, bias=b)
    return nn.Sequential(nn.ConstantPad1d((left, right), 0.0), conv)
