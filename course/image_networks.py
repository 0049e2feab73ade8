"""Small networks for small images, trained for the figures and demos of lecture 09."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from course import data


def fit(
    net: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    steps: int = 300,
    lr: float = 5e-3,
    batch: int = 50,
    seed: int = 0,
) -> nn.Module:
    """Train by Adam on random batches; parameters that need no gradient stay as they are. Returns the net, in eval mode."""
    rng = torch.Generator().manual_seed(seed)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr)
    net.train()
    order = torch.empty(0, dtype=torch.int64)
    for _ in range(steps):
        if not len(order):
            order = torch.randperm(len(images), generator=rng)
        rows, order = order[:batch], order[batch:]
        criterion(net(images[rows]), labels[rows]).backward()
        optimizer.step()
        optimizer.zero_grad()
    return net.eval()


@torch.no_grad()
def share_right(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of images for which the largest logit is that of the label."""
    return float((net(images).argmax(dim=1) == labels).double().mean())


def convolutional(side: int, seed: int = 0) -> nn.Sequential:
    """Two convolutions with max-pooling, flattened into one dense layer: for images (N, 1, side, side), side a multiple of 4."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * side * side, 10),
    )


def dense(side: int, seed: int = 0) -> nn.Sequential:
    """An MLP with one hidden layer, for images (N, 1, side, side)."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(side * side, 64), nn.ReLU(), nn.Linear(64, 10))


@lru_cache(maxsize=4)
def centred_reader(kind: str) -> nn.Module:
    """A network, "convolutional" or "dense", that has learned to read digits at the centre of canvases of 12 x 12 pixels."""
    X, labels, _, _ = data.digits(1200, 0)
    make = {"convolutional": convolutional, "dense": dense}[kind]
    return one_thread(fit, make(12), data.digit_canvas(X), torch.from_numpy(labels), steps=250)


def one_thread(function: Any, *arguments: Any, **keywords: Any) -> Any:
    """Call it with torch on one thread, which is the fastest way for tiny nets."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return function(*arguments, **keywords)
    finally:
        torch.set_num_threads(before)


# ------------------------------------------------------------------------------------------ stacks of layers


def stack(layers: tuple[tuple[int, int, int], ...], maps: int = 8, seed: int = 0) -> nn.Sequential:
    """Convolutions (kernel, stride, dilation), each with a ReLU, on one channel; no padding."""
    torch.manual_seed(seed)
    parts: list[nn.Module] = []
    for number, (kernel, stride, dilation) in enumerate(layers):
        conv = nn.Conv2d(1 if number == 0 else maps, maps, kernel, stride, dilation=dilation)
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
        parts += [conv, nn.ReLU()]
    return nn.Sequential(*parts)


@lru_cache(maxsize=64)
def seen_by_gradient(layers: tuple[tuple[int, int, int], ...], side: int, trained: bool) -> np.ndarray:
    """(side, side): the mean absolute gradient of an output unit of such a stack with respect to its input region.

    side: of the region that one unit sees. Random stacks are averaged over 10 sets of weights; a trained one has learned to
    read digits, its units followed by global max-pooling and a dense layer. Images are digits on a canvas, at random places.
    """
    return one_thread(_mean_gradient, layers, side, trained)


def _mean_gradient(layers: tuple[tuple[int, int, int], ...], side: int, trained: bool) -> np.ndarray:
    X, _, _, _ = data.digits(1200, 0)
    room = 2 * max(0, (side - 8 + 1) // 2) // 2
    size = max(8 + 2 * room, side, 9)
    images = data.digit_canvas(X[:40], size=size, max_shift=min(room, 4, (size - 8) // 2), seed=1)
    start = (size - side) // 2
    images = images[:, :, start : start + side, start : start + side] + 0.05 * torch.rand(40, 1, side, side)
    nets = [_reading_stack(layers, side)] if trained else [stack(layers, seed=seed) for seed in range(10)]
    total = torch.zeros(side, side)
    for net in nets:
        leaf = images.clone().requires_grad_()
        (grad,) = torch.autograd.grad(net(leaf).sum(), leaf)
        total += grad.abs().mean(dim=(0, 1))
    return (total / total.sum().clamp_min(1e-12)).numpy().astype(np.float64)


def _reading_stack(layers: tuple[tuple[int, int, int], ...], side: int) -> nn.Module:
    X, labels, _, _ = data.digits(600, 0)
    size = max(12, side + 3)
    size += size % 2
    images = data.digit_canvas(X, size=size, max_shift=min(2, (size - 8) // 2))
    net = stack(layers)
    head = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    fit(nn.Sequential(net, head), images, torch.from_numpy(labels), steps=120, lr=0.01)
    return net
