"""Lecture 10 done otherwise: gradients as rows of Jacobians by torch.func, attacks and patches step by step on single examples."""

from itertools import pairwise

import torch
from torch.func import functional_call, jacrev

from course.case import WRONG


def jacobian(model, image, output=lambda z: z):
    """(K, *image.shape): of a function of the logits of one image."""
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return jacrev(lambda one: output(functional_call(model, parameters, (one[None],))[0]))(image)


def log_p(z):
    return z - z.logsumexp(dim=0)


def judged(rows):
    return torch.stack(list(rows)), {WRONG: None}


def input_gradient(model, x, target):
    return judged(jacobian(model, image, log_p)[k] for image, k in zip(x, target, strict=True))


def smoothgrad(model, x, target, noise):
    return judged(
        sum(jacobian(model, x[n] + noise[s, n], log_p)[target[n]] for s in range(len(noise))) / len(noise)
        for n in range(len(x))
    )


def integrated_gradients(model, x, baseline, target, steps):
    """As a sum over pieces of the way: the gradient in a piece's middle times the piece."""
    start = torch.zeros_like(x) + baseline
    rows = []
    for n in range(len(x)):
        ends = [start[n] + (x[n] - start[n]) * (k / steps) for k in range(steps + 1)]
        rows.append(sum(jacobian(model, (a + b) / 2)[target[n]] * (b - a) for a, b in pairwise(ends)))
    return judged(rows)


def fgsm_attack(model, x, y, eps):
    return pgd_attack(model, x, y, eps, eps, 1)


def pgd_attack(model, x, y, eps, step, steps):
    rows = []
    for image, k in zip(x, y, strict=True):
        delta = torch.zeros_like(image)
        for _ in range(steps):
            against = -jacobian(model, image + delta, log_p)[k]
            delta = delta + step * ((against > 0).to(x.dtype) - (against < 0).to(x.dtype))
            delta = torch.maximum(torch.minimum(delta, torch.full_like(delta, eps)), torch.full_like(delta, -eps))
            delta = torch.where(image + delta < 0, -image, torch.where(image + delta > 1, 1 - image, delta))
        rows.append(image + delta)
    return judged(rows)


def maximize_unit(model, unit, x0, steps, lr):
    rows = []
    for image in x0:
        for _ in range(steps):
            g = jacobian(model, image)[unit]
            length = float((g.double() ** 2).sum()) ** 0.5
            image = (image + lr * g / (length + 1e-8)).clip(0, 1)
        rows.append(image)
    return judged(rows)


def patch_activation(model, layer, x_clean, x_corrupt, channels=None):
    """Layer by layer: both runs side by side, and the exchange where the layer's number comes up."""
    clean, corrupt = x_clean, x_corrupt
    for name, part in model.named_children():
        clean, corrupt = part(clean).detach(), part(corrupt).detach()
        if name == layer:
            for channel in range(corrupt.shape[1]) if channels is None else channels.tolist():
                corrupt[:, channel] = clean[:, channel]
    return corrupt, {WRONG: None}
