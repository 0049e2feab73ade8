"""What the references of lecture 03 must return, by other programs than theirs: torch's layers, matrices of permutations.

The networks that are judged by what they compute have their tests in test_multilayer_perceptrons_exercises.
"""

import numpy as np
import torch

from course.case import WRONG

ACTIVATIONS = {
    "identity": torch.nn.Identity,
    "logistic": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
}


def sequential(weights, biases, activation):
    """The network as torch's own modules, in float64."""
    modules = []
    for W, b in zip(weights, biases, strict=True):
        linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        linear.weight.data = torch.tensor(np.asarray(W, dtype=np.float64))
        linear.bias.data = torch.tensor(np.asarray(b, dtype=np.float64))
        modules += [linear, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*modules[:-1])


def mlp_forward(X, weights, biases, activation):
    with torch.no_grad():
        return sequential(weights, biases, activation)(torch.tensor(np.asarray(X, dtype=np.float64))).numpy()


def collapse_linear(weights, biases):
    """The Jacobian of the network, and its value at 0."""
    net, zero = sequential(weights, biases, "identity"), torch.zeros(weights[0].shape[1], dtype=torch.float64)
    return torch.autograd.functional.jacobian(net, zero).numpy(), net(zero).detach().numpy()


def permute_hidden(weights, biases, layer, perm):
    """By the matrix of the permutation, from the left and its inverse from the right."""
    P = np.zeros((len(perm), len(perm)))
    P[np.arange(len(perm)), perm] = 1
    weights, biases = list(weights), list(biases)
    weights[layer], biases[layer] = P @ weights[layer], P @ biases[layer]
    weights[layer + 1] = weights[layer + 1] @ np.linalg.inv(P)
    return weights, biases


def relu_interpolant(x, y):
    """As `views.interpolant` shows it: at the points, and half way between."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return {WRONG: None}, y, (y[1:] + y[:-1]) / 2, {WRONG: None}
