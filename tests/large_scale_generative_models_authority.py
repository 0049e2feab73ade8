"""Lecture 11 done otherwise: by plain Python, exact fractions, search, and the posterior mean of a diffusion."""

import math
from fractions import Fraction

import numpy as np
import torch
from scipy.optimize import minimize_scalar


def clip_loss(image_emb, text_emb, log_scale):
    """Pair by pair; gradients by torch, through rows that are divided by their length one at a time."""
    leaves = [tensor.double().requires_grad_() for tensor in (image_emb, text_emb, log_scale)]
    images, texts, log_scale = leaves
    N = len(images)

    def unit(row):
        return row / torch.linalg.vector_norm(row) if row.any() else row / 1e-12

    cosines = torch.stack([torch.stack([unit(a) @ unit(b) for b in texts]) for a in images])
    logits = log_scale.exp() * cosines
    shares = [torch.log_softmax(rows, dim=0)[i] for rows_of in (logits, logits.T) for i, rows in enumerate(rows_of)]
    loss = -sum(shares) / (2 * N)
    gradients = list(torch.autograd.grad(loss, leaves))
    for i, leaf in enumerate(leaves[:2]):
        gradients[i][(leaf == 0).all(dim=1)] = 0  # no direction, no gradient that could be compared
    return loss, torch.stack(gradients[:2]), gradients[2]


def zero_shot_scores(image_emb, prompt_emb):
    """By angles: the class vector is the direction in which its unit prompts lie on average."""
    scores = torch.empty(len(image_emb), len(prompt_emb), dtype=torch.float64)
    for i, image in enumerate(image_emb.double().tolist()):
        for j, prompts in enumerate(prompt_emb.double().tolist()):
            units = [[v / math.hypot(*prompt) for v in prompt] for prompt in prompts]
            middle = [math.fsum(column) for column in zip(*units, strict=True)]
            product = math.fsum(a * b for a, b in zip(image, middle, strict=True))
            scores[i, j] = product / (math.hypot(*image) * math.hypot(*middle))
    return scores


def chinchilla_optimum(compute, E, A, B, alpha, beta):
    """By Brent's search for the root of the slope along the constraint, budget by budget."""

    def slope_squared(log_n, log_nd):
        return (math.log(alpha * A) - alpha * log_n - math.log(beta * B) + beta * (log_nd - log_n)) ** 2

    found = []
    for budget in np.ravel(compute):
        log_nd = math.log(float(budget) / 6)
        n = math.exp(minimize_scalar(slope_squared, args=(log_nd,), tol=1e-14).x)
        d = float(budget) / 6 / n
        found.append((n, d, E + A * n**-alpha + B * d**-beta))
    results = (np.array(column).reshape(np.shape(compute)) for column in zip(*found, strict=True))
    return tuple(result if result.ndim else float(result) for result in results)


def scratchpad_decode(step, prompt, stop, max_new):
    """Recursively, one token and then the rest; the calls are noted."""
    calls = []

    def rest(sequence, left):
        if not left:
            return [], False
        calls.append(list(sequence))
        logits = step(sequence).tolist()
        token = logits.index(max(logits))
        if token == stop:
            return [], True
        tokens, finished = rest([*sequence, token], left - 1)
        return [token, *tokens], finished

    return rest(list(prompt), max_new), calls


def pass_at_k(n, c, k):
    """Exact fractions of exact binomials."""
    return np.array(
        [float(1 - Fraction(math.comb(int(a) - int(b), k), math.comb(int(a), k))) for a, b in zip(n, c, strict=True)]
    )


def ddpm_sample(eps_model, x_T, betas, noises):
    """In the other form: predict x_0, then take the posterior mean between it and x."""
    betas = betas.double()
    x = x_T.double()
    for t in reversed(range(len(betas))):
        left = (1 - betas[: t + 1]).prod()
        before = (1 - betas[:t]).prod()
        with torch.no_grad():
            x0 = (x - (1 - left).sqrt() * eps_model(x, t)) / left.sqrt()
        x = (before.sqrt() * betas[t] * x0 + (1 - betas[t]).sqrt() * (1 - before) * x) / (1 - left)
        x = x + betas[t].sqrt() * noises[t] if t else x
    return x, "no graph"
