"""What the gallery hands the demos of lecture 07 in place of the reader's answers: scipy's, torch's, or a trial of many draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.integrate import solve_ivp


def momentum_ode(
    theta0: np.ndarray, v0: np.ndarray, grad_fn: Callable, rho: float, dt: float, steps: int
) -> np.ndarray:
    """The motion by scipy's solver with its own step sizes, at the asked times: (steps + 1, D)."""
    D = len(theta0)

    def motion(time: float, state: np.ndarray) -> np.ndarray:
        return np.concatenate([state[D:], -rho * state[D:] - grad_fn(state[:D])])

    times = dt * np.arange(steps + 1)
    solved = solve_ivp(motion, (0, times[-1] + 1e-9), np.concatenate([theta0, v0]), t_eval=times, rtol=1e-6)
    return solved.y[:D].T


def minibatch_noise(G: np.ndarray, S: int) -> float:
    """Mean squared distance of 2000 drawn mini-batch means from the full mean."""
    rng = np.random.default_rng(0)
    batches = np.array([rng.choice(len(G), S, replace=False) for _ in range(2000)])
    return float(((G[batches].mean(axis=1) - G.mean(axis=0)) ** 2).sum(axis=1).mean())


def init_weights(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    """(fan_out, fan_in) by torch.nn.init."""
    W = torch.empty(fan_out, fan_in, dtype=torch.float64)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    if scheme == "glorot":
        torch.nn.init.xavier_normal_(W, generator=generator)
    else:
        torch.nn.init.kaiming_normal_(W, nonlinearity="relu" if scheme == "he" else "linear", generator=generator)
    return W.numpy()


STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "ball_with_friction": lambda: {"momentum_ode": momentum_ode},
    "noise_and_batch_size": lambda: {"minibatch_noise": minibatch_noise},
    "signal_sizes": lambda: {"init_weights": init_weights},
}

# the settings that stay movable in the frozen gallery, and their values
GRIDS: dict[str, dict[str, list[Any]]] = {
    "landscape_racer": {
        "landscape": ["bowl", "ravine", "rosenbrock", "two_wells", "saddle", "himmelblau", "cliff"],
        "lr": [0.001, 0.01, 0.03, 0.1],
        "mu": [0.0, 0.9],
        "time": list(range(0, 151, 30)),
    },
    "eigen_dynamics": {
        "alpha": [0.01, 0.03, 0.1, 0.19, 0.25, 0.35],
        "mu": [0.0, 0.3, 0.6, 0.9, 0.99],
        "lam_2": [1.0, 3.0, 10.0],
    },
    "ball_with_friction": {
        "rho": [0.0, 0.2, 0.5, 1.0, 2.0, 5.0],
        "dt": [0.05, 0.2, 0.5, 1.0],
        "well": ["bowl", "two_wells", "plane"],
        "time": list(range(0, 201, 50)),
    },
    "noise_and_batch_size": {"S": [1, 4, 16, 64], "alpha": [0.01, 0.1, 0.5], "average": [False, True]},
    "signal_sizes": {
        "scheme": ["lecun", "glorot", "he"],
        "factor": [0.5, 1.0, 2.0],
        "activation": ["tanh", "ReLU"],
        "depth": [5, 20],
    },
    "edge_of_stability": {"lr": [0.02, 0.05, 0.1, 0.2, 0.3]},
    "score_card": {"rival": ["gradient descent", "momentum", "Adam"], "lr": [0.001, 0.01, 0.1]},
}
