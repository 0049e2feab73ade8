"""Small networks that read digits, trained in a second: the ones that lecture 10 asks why."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from course import data


def digit_images(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """`data.digits(900)` as tensors: images (900, 1, 8, 8) float32 and labels (900,), and those of the 897 for testing."""
    X, labels, X_test, labels_test = data.digits(900, seed)
    images, images_test = (torch.from_numpy(part).float().reshape(-1, 1, 8, 8) for part in (X, X_test))
    return images, torch.from_numpy(labels), images_test, torch.from_numpy(labels_test)


def convolutional(seed: int = 0) -> nn.Sequential:
    """Two convolutions with 8 and 16 channels, each with ReLU and pooling, and a linear layer: (N, 1, 8, 8) -> (N, 10)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64, 10)),
        )


def dense(side: int = 8, seed: int = 0) -> nn.Sequential:
    """Two hidden layers of 64 units: (N, 1, side, side) -> (N, 10)."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            *(nn.Flatten(), nn.Linear(side * side, 64), nn.ReLU()),
            *(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)),
        )


def fit(
    net: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    epochs: int = 20,
    seed: int = 0,
    prepare: Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
) -> Any:
    """Train by Adam on batches of 50 and return the same network in eval mode.

    prepare(net, images, labels): what a batch of images is replaced by before the step, for example attacked ones
    """
    order = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=order).split(50):
            x, y = images[batch], labels[batch]
            if prepare is not None:
                x = prepare(net, x, y)
            loss = cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


def accuracy(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """The share of images whose largest logit is that of the label."""
    with torch.no_grad():
        return (net(images).argmax(dim=1) == labels).float().mean().item()


@lru_cache(maxsize=4)
def trained(kind: str) -> nn.Sequential:
    """The "convolutional" or the "dense" network, trained once on the 900 digits; nobody changes it."""
    images, labels, _, _ = digit_images()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # fastest for networks as small as these
    try:
        with torch.enable_grad():
            return fit({"convolutional": convolutional, "dense": dense}[kind](), images, labels)
    finally:
        torch.set_num_threads(threads)
