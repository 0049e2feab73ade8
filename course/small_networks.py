"""Many small networks trained side by side on digits with wrong labels, each with its own data and first weights.

Every remedy of lecture 08 is measured by `train` against the same network without it, on the same data and seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import batch_norm, cross_entropy

from course import data

VALIDATION = 100  # of the 400 labelled digits, with their wrong labels


@dataclass(frozen=True)
class Curves:
    """What S networks did, after each of E epochs; losses are mean cross-entropies.

    train_loss, val_loss, test_loss (S, E); train_accuracy and val_accuracy: shares of given labels, wrong ones included;
    test_accuracy: of right ones; on_wrong (S, E): of training examples with a wrong label, the share that repeats it
    test_probs (S, 1397, 10) and test_labels (S, 1397): at the end
    """

    train_loss: np.ndarray
    train_accuracy: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray
    on_wrong: np.ndarray
    test_probs: np.ndarray
    test_labels: np.ndarray


def train(
    seeds: Sequence[int],
    *,
    data_seed: int | None = None,
    epochs: int = 60,
    hidden: int = 64,
    batch: int = 50,
    lr: float = 0.01,
    decay: float = 0.0,
    smoothing: float = 0.0,
    normalise: bool = False,
    mask: Callable[[np.ndarray], np.ndarray] | None = None,
    copies: Callable[[np.ndarray], Sequence[np.ndarray]] | None = None,
) -> Curves:
    """Train one network 64-hidden-10 for each seed, by Adam on 300 digits of `data.noisy_digits`; 100 are for validation.

    seeds: of the data and of the first weights; data_seed: one data set for all
    decay: decoupled weight decay, as in AdamW, of the weights, not of the biases; smoothing: of the labels
    normalise: batch normalisation before the ReLU
    mask: u -> factors for the hidden values in training, from uniform numbers u (S * batch, hidden), for dropout
    copies: images (S * N, 8, 8) -> several arrays like it, of which each epoch takes one for each image
    """
    sets = [_task(seed if data_seed is None else data_seed) for seed in seeds]
    X, labels, X_val, val_labels, X_test, test_labels, truth = (torch.stack(parts) for parts in zip(*sets, strict=True))
    variants = [X] if copies is None else [_as_rows(images, X) for images in copies(_as_images(X))]
    S, N, _ = X.shape
    generator = torch.Generator().manual_seed(1000 + int(seeds[0]))
    W1, b1, W2, b2 = _first_weights(seeds, hidden)
    scale, shift = torch.ones(S * hidden, requires_grad=True), torch.zeros(S * hidden, requires_grad=True)
    running = torch.zeros(S * hidden), torch.ones(S * hidden)
    groups = [
        {"params": [W1, W2], "weight_decay": decay},
        {"params": [b1, b2, *([scale, shift] if normalise else [])], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=lr)
    rng = np.random.default_rng([2, *map(int, seeds)])

    def logits(inputs: torch.Tensor, training: bool) -> torch.Tensor:
        z = torch.baddbmm(b1[:, None], inputs, W1)
        if normalise:  # each unit of each network is a column of one big batch
            columns = z.transpose(0, 1).reshape(z.shape[1], -1)
            z = batch_norm(columns, *running, scale, shift, training).reshape(-1, S, hidden).transpose(0, 1)
        h = z.relu()
        if training and mask is not None:
            factors = mask(rng.random((S * inputs.shape[1], hidden)))
            h = h * torch.from_numpy(np.asarray(factors)).float().reshape(h.shape)
        return torch.baddbmm(b2[:, None], h, W2)

    said: dict[str, list[torch.Tensor]] = {name: [] for name in Curves.__dataclass_fields__ if "test_" not in name}
    said |= {"test_loss": [], "test_accuracy": []}
    wrong = labels != truth
    for _ in range(epochs):
        order = torch.randperm(N, generator=generator)
        pick = torch.randint(len(variants), (S, N, 1), generator=generator)
        inputs = X if len(variants) == 1 else torch.stack(variants).gather(0, pick.expand(1, S, N, 64))[0]
        for part in order.split(batch):
            if len(part) < 2:
                continue
            optimizer.zero_grad()
            out = logits(inputs[:, part], True)
            loss = cross_entropy(out.flatten(0, 1), labels[:, part].flatten(), label_smoothing=smoothing)
            (S * loss).backward()
            optimizer.step()
        with torch.no_grad():
            for name, examples, wanted in (
                ("train", X, labels),
                ("val", X_val, val_labels),
                ("test", X_test, test_labels),
            ):
                out = logits(examples, False)
                said[f"{name}_loss"].append(cross_entropy(out.transpose(1, 2), wanted, reduction="none").mean(dim=1))
                hits = out.argmax(dim=2) == wanted
                said[f"{name}_accuracy"].append(hits.float().mean(dim=1))
                if name == "train":
                    said["on_wrong"].append((hits & wrong).sum(dim=1) / wrong.sum(dim=1))
    curves = {name: torch.stack(values, dim=1).numpy().astype(float) for name, values in said.items()}
    return Curves(**curves, test_probs=out.softmax(dim=2).numpy().astype(float), test_labels=test_labels.numpy())


def _task(seed: int) -> tuple[torch.Tensor, ...]:
    """Training, validation and test parts, and the true labels of the training part."""
    X, labels, X_test, test_labels = data.noisy_digits(seed)
    _, truth, _, _ = data.digits(400, seed)  # the same digits with the labels they had
    arrays = X[VALIDATION:], labels[VALIDATION:], X[:VALIDATION], labels[:VALIDATION], X_test, test_labels
    return tuple(
        torch.from_numpy(array).float() if array.ndim == 2 else torch.from_numpy(array)
        for array in (*arrays, truth[VALIDATION:])
    )


def _first_weights(seeds: Sequence[int], hidden: int) -> list[torch.Tensor]:
    """He's, for ReLUs: W1 (S, 64, hidden), b1 (S, hidden), W2 (S, hidden, 10), b2 (S, 10)."""
    S, rngs = len(seeds), [np.random.default_rng([1, int(seed)]) for seed in seeds]
    made = []
    for inputs, outputs in ((64, hidden), (hidden, 10)):
        weights = [np.sqrt(2 / inputs) * rng.normal(size=(inputs, outputs)) for rng in rngs]
        made += [torch.tensor(np.array(weights), dtype=torch.float32), torch.zeros(S, outputs)]
    return [parameter.requires_grad_() for parameter in made]


def _as_images(X: torch.Tensor) -> np.ndarray:
    return X.numpy().reshape(-1, 8, 8)


def _as_rows(images: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(np.asarray(images)).float().reshape(like.shape)
