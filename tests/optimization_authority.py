"""What is right in lecture 07, by other programs than the reference: torch's optimisers, numpy's eigenvalues, all batches."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import torch

from course.case import WRONG


def _parameter(values):
    return torch.tensor(np.array(values, dtype=np.float64), requires_grad=True)


def _array(tensor):
    return tensor.detach().numpy().copy()


def _sgd(theta, p, alpha, mu, **options):
    """torch's descent, under way with the velocity p: torch keeps it as buffer = -p / alpha."""
    parameter = _parameter(theta)
    optimizer = torch.optim.SGD([parameter], lr=alpha, momentum=mu, **options)
    if mu:  # without momentum torch keeps no buffer
        optimizer.state[parameter]["momentum_buffer"] = torch.tensor(-np.array(p, dtype=np.float64) / alpha)
    return parameter, optimizer


def momentum_step(theta, p, grad, alpha, mu):
    parameter, optimizer = _sgd(theta, p, alpha, mu)
    parameter.grad = torch.tensor(np.array(grad, dtype=np.float64))
    optimizer.step()
    p_new = -alpha * _array(optimizer.state[parameter]["momentum_buffer"]) if mu else -alpha * np.asarray(grad)
    return _array(parameter), p_new


def nesterov_step(theta, p, grad_fn, alpha, mu):
    """torch keeps the points theta + mu p in place of theta."""
    if not mu:  # torch's nesterov wants some
        grad = np.array(grad_fn(theta))
        return np.asarray(theta) - alpha * grad, -alpha * grad, 1
    ahead = np.asarray(theta, float) + mu * np.asarray(p, float)
    parameter, optimizer = _sgd(ahead, p, alpha, mu, nesterov=True)
    parameter.grad = torch.tensor(np.array(grad_fn(ahead)))
    optimizer.step()
    p_new = -alpha * _array(optimizer.state[parameter]["momentum_buffer"])
    return _array(parameter) - mu * p_new, p_new, 1


def adam_step(theta, grads, options):
    parameter = _parameter(theta)
    betas = options.get("beta1", 0.9), options.get("beta2", 0.999)
    optimizer = torch.optim.Adam([parameter], options.get("alpha", 1e-3), betas, options.get("eps", 1e-8))
    path = []
    for grad in grads:
        parameter.grad = torch.tensor(np.array(grad, dtype=np.float64))
        optimizer.step()
        path.append(_array(parameter))
    return np.array(path), {WRONG: None}


def momentum_spectral_radius(lam, alpha, mu):
    """The matrix by finite differences of a step of momentum, its eigenvalues by numpy, point by point."""
    lam, alpha, mu = np.broadcast_arrays(*(np.asarray(a, float) for a in (lam, alpha, mu)))
    radius = np.zeros(lam.shape)
    for i in np.ndindex(lam.shape):
        columns = [momentum_step(th, p, lam[i] * th, alpha[i], mu[i]) for th, p in ((1.0, 0.0), (0.0, 1.0))]
        if not mu[i]:  # torch forgets the old velocity then, as it should
            columns = [(1 - alpha[i] * lam[i], -alpha[i] * lam[i]), (0.0, 0.0)]
        radius[i] = np.abs(np.linalg.eigvals(np.array(columns, dtype=float).T)).max()
    return radius


def momentum_ode(theta0, v0, grad_fn, rho, dt, steps):
    """It is momentum with mu = 1 - rho dt, alpha = dt^2 and p = dt v, so torch's descent rolls the ball."""
    parameter, optimizer = _sgd(theta0, dt * np.asarray(v0, float), dt**2, 1 - rho * dt)
    path = [_array(parameter)]
    for _ in range(steps):
        parameter.grad = torch.tensor(np.array(grad_fn(_array(parameter))))
        optimizer.step()
        path.append(_array(parameter))
    return np.array(path)


def minibatch_noise(G, S):
    """All batches, in exact fractions."""
    rows = [[Fraction(float(g)) for g in row] for row in G]
    N, D = len(rows), len(rows[0])

    def mean(chosen):
        return [sum(rows[i][d] for i in chosen) / len(chosen) for d in range(D)]

    full = mean(range(N))
    distances = [
        sum((one - other) ** 2 for one, other in zip(mean(chosen), full, strict=True))
        for chosen in combinations(range(N), S)
    ]
    return float(sum(distances) / len(distances))
