"""Lecture 08 done otherwise: by torch, scikit-learn and plain Python."""

import itertools
import math

import numpy as np
import torch
from sklearn.metrics import log_loss

from course.case import WRONG


def tensor(array, **options):
    return torch.tensor(np.array(array, dtype=np.float64), **options)


def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    """torch's SGD, with its weight decay for the weights alone."""
    groups = [[tensor(a, requires_grad=True) for a in arrays] for arrays in (weights, biases)]
    for group, grads in zip(groups, (dweights, dbiases), strict=True):
        for parameter, grad in zip(group, grads, strict=True):
            parameter.grad = tensor(grad)
    decayed, free = ({"params": group, "weight_decay": w} for group, w in zip(groups, (lam, 0.0), strict=True))
    torch.optim.SGD([decayed, free], lr=alpha).step()
    return tuple([parameter.detach().numpy() for parameter in group] for group in groups)


def inverted_dropout(h, rho, u, train):
    """Unit by unit, each as a Python number."""
    if rho < 0 or rho >= 1:
        raise ValueError
    mask = np.empty(np.shape(h))
    for place in np.ndindex(mask.shape):
        mask[place] = 1.0 if not train else 1 / (1 - rho) if float(u[place]) >= rho else 0.0
    return np.array([float(a) * float(b) for a, b in zip(h.flat, mask.flat, strict=True)]).reshape(mask.shape), mask


def early_stopping(val_losses, patience):
    """By the definition: for each epoch the earliest smallest loss so far, looked up anew."""
    losses = [math.inf if math.isnan(loss) else float(loss) for loss in val_losses]
    for epoch in range(len(losses)):
        so_far = losses[: epoch + 1]
        if epoch - so_far.index(min(so_far)) >= patience:
            break
    return so_far.index(min(so_far)), epoch


def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    mean, var = tensor(running_mean), tensor(running_var)
    out = torch.nn.functional.batch_norm(
        tensor(x), mean, var, tensor(gamma), tensor(beta), train, momentum=momentum, eps=eps
    )
    return out.numpy(), mean.numpy(), var.numpy()


def ensemble_losses(probs, labels):
    """scikit-learn's logarithmic loss, or where it would clip a 0 the infinite one."""
    every = np.arange(probs.shape[2])
    probs = probs.astype(np.float64)
    if (probs[:, np.arange(len(labels)), labels] == 0).any():
        mean_member = np.inf
    else:
        mean_member = np.mean([log_loss(labels, one / one.sum(axis=1, keepdims=True), labels=every) for one in probs])
    mean = probs.mean(axis=0)
    return mean_member, log_loss(labels, mean / mean.sum(axis=1, keepdims=True), labels=every)


def bias_variance(preds, truth):
    """Sums of exact products, input by input."""
    R, N = preds.shape
    bias2 = variance = 0.0
    for n in range(N):
        values = [float(v) - float(truth[n]) for v in preds[:, n]]
        mean = math.fsum(values) / R
        bias2 += mean**2 / N
        variance += math.fsum((v - mean) ** 2 for v in values) / R / N
    return bias2, variance


def shift_images(images, dy, dx):
    """Pixel by pixel."""
    out = np.zeros(images.shape, images.dtype)
    N, H, W = images.shape
    down, right = (d if np.ndim(d) else [d] * N for d in (dy, dx))
    for n, row, column in itertools.product(range(N), range(H), range(W)):
        if 0 <= row + down[n] < H and 0 <= column + right[n] < W:
            out[n, row + down[n], column + right[n]] = images[n, row, column]
    return out, {WRONG: None}
