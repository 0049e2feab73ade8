"""Lecture 12 done otherwise: by torch's modules and autograd, singular values of Jacobians by autograd, and exact fractions."""

import math
from fractions import Fraction

import numpy as np
import torch

from course.case import WRONG


def tensor(array, **options):
    return torch.tensor(np.array(array, dtype=np.float64), **options)


def rnn_forward(x, h0, w_xh, w_hh, b):
    """torch's own recurrent layer, with these weights."""
    rnn = torch.nn.RNN(*w_xh.shape, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for name, value in (
            ("weight_ih_l0", w_xh.T),
            ("weight_hh_l0", w_hh.T),
            ("bias_ih_l0", b),
            ("bias_hh_l0", 0 * b),
        ):
            getattr(rnn, name).copy_(tensor(value))
        return rnn(tensor(x), tensor(h0)[None])[0].numpy(), {WRONG: None}


def rnn_backward(dh, x, h, h0, w_xh, w_hh):
    """Reverse mode by torch; the pre-activations that gave the states h are undone where they enter, so that no bias is needed."""
    leaves = [tensor(a, requires_grad=True) for a in (x, h0, w_xh, w_hh, np.zeros(len(w_hh)))]
    X, state, W, U, b = leaves
    total = 0.0
    for t in range(x.shape[1]):
        z = X[:, t] @ W + state @ U + b
        state = torch.tanh(torch.atanh(tensor(h[:, t])) + z - z.detach())
        total = total + (state * tensor(dh[:, t])).sum()
    return tuple(g.numpy() for g in torch.autograd.grad(total, leaves))


def clip_by_global_norm(grads, max_norm):
    """torch's clipping in double precision, which makes a norm larger by a millionth, of the norm as an exact sum."""
    norm = math.sqrt(sum(Fraction(float(v)) ** 2 for g in grads for v in g.flat))
    clipped = [np.array([float(v) if norm <= max_norm else float(v) * max_norm / norm for v in g.flat]) for g in grads]
    shaped = [c.reshape(g.shape).astype(g.dtype) for c, g in zip(clipped, grads, strict=True)]
    return shaped, norm, {WRONG: None}


def jacobian_norms(h, w_hh):
    """The Jacobian of the whole map from h_t to h_T, by torch."""
    h, w = tensor(h), tensor(w_hh)
    drive = torch.atanh(h[1:]) - h[:-1] @ w  # what inputs and bias contributed

    def last(state, t):
        for z in drive[t:]:
            state = torch.tanh(z + state @ w)
        return state

    jacobians = [torch.autograd.functional.jacobian(lambda s, t=t: last(s, t), h[t]) for t in range(len(h))]
    return np.array([np.linalg.svd(J.numpy(), compute_uv=False)[0] for J in jacobians])


def lstm_step(x, h, c, weight, bias):
    """torch's cell, its blocks in another order, with the gradients of the same weighted sum."""
    leaves = {"x": x, "h": h, "c": c, "weight": weight, "bias": bias}
    leaves = {name: value.detach().double().requires_grad_() for name, value in leaves.items()}
    x, h, c, weight, bias = leaves.values()
    i, f, o, g = weight.chunk(4)
    weight = torch.cat([i, f, g, o])
    i, f, o, g = bias.chunk(4)
    D = x.shape[1]
    parameters = {
        "weight_ih": weight[:, :D],
        "weight_hh": weight[:, D:],
        "bias_ih": torch.cat([i, f, g, o]),
        "bias_hh": torch.zeros_like(bias),
    }
    cell = torch.nn.LSTMCell(D, h.shape[1], dtype=torch.float64)
    states = torch.func.functional_call(cell, parameters, (x, (h, c)))
    total = sum((cosines(state.numel(), number) * state.flatten()).sum() for number, state in enumerate(states))
    gradients = torch.autograd.grad(total, list(leaves.values()))
    seen = {name: (cosines(g.numel()) * g.flatten()).sum().item() for name, g in zip(leaves, gradients, strict=True)}
    return tuple(s.detach() for s in states), seen


def cosines(count, start=0):
    return torch.tensor(np.cos(np.arange(start, start + count)))


def masked_nll(logits, targets, lengths):
    """Token by token, with its softmax as the gradient."""
    logits = logits.detach().double()
    gradient, losses = torch.zeros_like(logits), []
    count = int(lengths.sum())
    for n, length in enumerate(lengths.tolist()):
        for t in range(length):
            log_p = logits[n, t] - torch.logsumexp(logits[n, t], dim=0)
            losses.append(-log_p[targets[n, t]].item())
            gradient[n, t] = log_p.exp() / count
            gradient[n, t, targets[n, t]] -= 1 / count
    return (
        torch.tensor(math.fsum(losses) / max(1, count), dtype=torch.float64),
        gradient @ cosines(logits.shape[2]),
        {WRONG: None},
    )


def sample_token(logits, temperature, top_k, u):
    """Exact fractions of the floating-point weights; each number of u in turn."""
    values = [float(v) for v in logits]
    ranked = sorted(range(len(values)), key=lambda j: (-values[j], j))
    if temperature == 0:
        return (ranked[0],) * len(u)
    kept = sorted(ranked[:top_k])
    weights = {j: Fraction(math.exp((values[j] - values[ranked[0]]) / temperature)) for j in kept}
    total, picked = sum(weights.values()), []
    for number in u:
        running = Fraction(0)
        for j in kept:
            running += weights[j]
            if running > Fraction(float(number)) * total:
                picked.append(j)
                break
    return tuple(picked)
