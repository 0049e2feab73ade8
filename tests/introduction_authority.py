"""What the answers of lecture 01 must return, said by other programs: exact fractions, torch, scipy and scikit-learn."""

import statistics
from fractions import Fraction

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import expit
from sklearn.linear_model import Perceptron


def row_means(x):
    return np.array([float(statistics.mean(Fraction(v.item()) for v in row)) for row in x])


def images_to_batch(images, device):
    """As `probes.placed` shows it; pixel by pixel in Python."""
    N, H, W = images.shape
    rows = [[images[n, i, j].item() / 255 for i in range(H) for j in range(W)] for n in range(N)]
    batch = torch.tensor(rows, dtype=torch.float32)
    return f"shape {(N, H * W)}" if device.type == "meta" else batch, "float32", "the device asked for"


def first_neuron(x, w, b):
    return expit(np.einsum("nd,d->n", x.astype(np.float64), w.astype(np.float64)) + b)


def train_first_neuron(x, t, epochs):
    """The same weights from the dual form, in fractions: an example that was mistaken a times stands in w a times."""
    N, D = x.shape
    x, t = [[Fraction(v.item()) for v in row] for row in x], [int(v) for v in t]
    products = [[sum(a * b for a, b in zip(one, other, strict=True)) + 1 for other in x] for one in x]
    times, mistakes = [0] * N, []
    for _ in range(epochs):
        before = sum(times)
        for n in range(N):
            if t[n] * sum(times[m] * t[m] * products[m][n] for m in range(N)) <= 0:
                times[n] += 1
        mistakes.append(sum(times) - before)
    w = [float(sum(times[n] * t[n] * x[n][d] for n in range(N))) for d in range(D)]
    return np.array(w), float(sum(times[n] * t[n] for n in range(N))), np.array(mistakes, dtype=np.int64)


def sklearn_perceptron(x, t, epochs):
    """scikit-learn's, which makes the same updates in the given order: w and b."""
    model = Perceptron(shuffle=False, tol=None, max_iter=1)
    for _ in range(epochs):
        model.partial_fit(x.astype(float), t, classes=[-1, 1])
    return model.coef_[0], model.intercept_[0]


def nearest_neighbour_predict(train_x, train_y, x):
    return np.array([train_y[row.argmin()] for row in cdist(x.astype(float), train_x.astype(float), "sqeuclidean")])


def kmeans_step(x, centres):
    assignment = cdist(x.astype(float), centres.astype(float), "sqeuclidean").argmin(axis=1)
    own = [np.flatnonzero(assignment == k) for k in range(len(centres))]
    moved = [
        [statistics.fmean(x[n, d] for n in own[k]) if len(own[k]) else centres[k, d] for d in range(x.shape[1])]
        for k in range(len(centres))
    ]
    return assignment, np.array(moved, dtype=float)


def bandit_update(estimates, counts, arm, reward):
    """From the sum of all rewards, in fractions; what an arm without pulls was believed to give counts for nothing."""
    counts = counts.copy()
    total = Fraction(estimates[arm].item()) * int(counts[arm]) + Fraction(reward)
    counts[arm] += 1
    means = [float(v) for v in estimates]
    means[arm] = float(total / int(counts[arm]))
    return np.array(means), counts


def stage_outputs(x, weights, biases):
    """As `probes.with_gradients` shows it: layers of torch.nn, and their gradients back from the sum of the outputs."""
    x = x.detach().clone().requires_grad_()
    stages, layers = [x], []
    for W, b in zip(weights, biases, strict=True):
        if layers:
            stages[-1] = torch.nn.functional.relu(stages[-1])
        layer = torch.nn.Linear(*W.shape, device=W.device, dtype=W.dtype)
        layer.load_state_dict({"weight": W.mT, "bias": b})
        stages.append(layer(stages[-1]))
        layers.append(layer)
    stages[-1].sum().backward()
    gradients = [x.grad, *(layer.weight.grad.mT for layer in layers), *(layer.bias.grad for layer in layers)]
    return [stage.detach() for stage in stages], gradients
