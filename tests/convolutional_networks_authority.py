"""Lecture 09 done otherwise: by torch, by listing positions, and by following single pixels."""

import itertools

import numpy as np
import torch
from torch.nn import functional

from course.case import WRONG


def tensor(array, **options):
    return torch.tensor(np.array(array, dtype=np.float64), **options)


def conv_output_size(n, kernel, stride=1, padding=0, dilation=1):
    """Every place at which all taps lie inside the padded side, of which each stride-th counts."""
    total = n + 2 * padding
    fits = [start for start in range(total) if all(start + tap * dilation < total for tap in range(kernel))]
    if not fits:
        raise ValueError
    return len(fits[::stride]), {WRONG: None}


def conv_layer_cost(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
    """torch's layer, on a device that holds no numbers; its connections are the products of the unrolled image."""
    layer = torch.nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=bias, device="meta")
    image = torch.empty(1, in_channels, height, width, device="meta")
    units = layer(image).numel()
    columns = functional.unfold(image, kernel, padding=padding, stride=stride).shape  # (1, taps, positions)
    products = columns[1] * columns[2] * out_channels + (units if bias else 0)
    return {"units": units, "weights": sum(p.numel() for p in layer.parameters()), "connections": products}


def convolve_full(a, b):
    """The product of two polynomials in two unknowns, whose coefficients they are."""
    out = np.zeros((a.shape[0] + b.shape[0] - 1, a.shape[1] + b.shape[1] - 1))
    for (s, t), (u, v) in itertools.product(np.ndindex(a.shape), np.ndindex(b.shape)):
        out[s + u, t + v] += float(a[s, t]) * float(b[u, v])
    return out


def conv2d_forward(x, w, b, stride=1, padding=0):
    out = functional.conv2d(tensor(x), tensor(w), tensor(b), stride, padding).numpy().astype(x.dtype)
    return out, {WRONG: None}


def conv2d_backward(dout, x, w, stride=1, padding=0):
    leaves = [tensor(array, requires_grad=True) for array in (x, w, np.zeros(len(w)))]
    out = functional.conv2d(*leaves, stride, padding)
    return tuple(grad.numpy() for grad in torch.autograd.grad(out, leaves, tensor(dout)))


def maxpool2d_backward(dout, x, size, stride):
    """torch's, which lets the first of equals win."""
    leaf = tensor(x, requires_grad=True)
    (grad,) = torch.autograd.grad(functional.max_pool2d(leaf, size, stride), leaf, tensor(dout))
    return grad.numpy()


def receptive_field(layers):
    """The pixels under unit 0 and under unit 1, layer by layer."""

    def seen(unit):
        places = {unit}
        for kernel, stride, dilation in reversed(layers):
            places = {place * stride + tap * dilation for place in places for tap in range(kernel)}
        return places

    return max(seen(0)) - min(seen(0)) + 1, min(seen(1)) - min(seen(0))
