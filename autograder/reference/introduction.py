"""Solutions of lecture 01, introduction. Examples are rows; in `stage_outputs` weights are (inputs, outputs)."""

import numpy as np
import torch


def row_means(x):
    """The mean of every row of a table.

    x (N, D) numbers of any kind -> (N,) floats
    """
    # BEGIN SOLUTION
    columns = x.shape[1]
    return x.sum(axis=1) / columns
    # END SOLUTION


def images_to_batch(images, device):
    """A stack of images as a batch for a network: one row per image, values from 0 to 1.

    images (N, H, W) uint8, however they lie in memory; device: a torch.device
    -> tensor (N, H * W), float32, on that device: the rows of pixels one after the other, each value divided by 255
    """
    # BEGIN SOLUTION
    rows = np.ascontiguousarray(images).reshape(len(images), -1)
    return torch.from_numpy(rows).to(device=device, dtype=torch.float32) / 255
    # END SOLUTION


def first_neuron(x, w, b):
    """What one neuron says to every example: sigma(w . x + b), with sigma(z) = 1 / (1 + exp(-z)).

    x (N, D) examples in rows, w (D,) weights, b a number -> (N,)
    """
    # BEGIN SOLUTION
    z = x @ w + b
    return (1 + np.tanh(z / 2)) / 2  # the same function, and it never overflows
    # END SOLUTION


def train_first_neuron(x, t, epochs):
    """The learning rule of 1958: whenever t (w . x + b) <= 0, w grows by t x and b by t, at once.

    x (N, D) examples in rows, visited in this order in every epoch; t (N,) targets, -1 or +1; epochs an integer >= 0
    -> w (D,), b a number, and mistakes (epochs,): how many examples were mistaken in each epoch. Starts from w = 0, b = 0.
    """
    # BEGIN SOLUTION
    w = np.zeros(x.shape[1])
    b = 0.0
    mistakes = np.zeros(epochs, dtype=np.int64)
    for epoch in range(epochs):
        for example, target in zip(x, t, strict=True):
            if target * (w @ example + b) <= 0:
                w = w + target * example
                b = b + target
                mistakes[epoch] += 1
    return w, b, mistakes
    # END SOLUTION


def nearest_neighbour_predict(train_x, train_y, x):
    """The label of the nearest training example, by squared Euclidean distance; of equally near ones the first.

    train_x (N, D), train_y (N,) integer labels, x (M, D) -> (M,) labels
    """
    # BEGIN SOLUTION
    known = train_x.astype(float)  # small integers would wrap around
    nearest = []
    for query in x:
        distances = ((known - query) ** 2).sum(axis=1)
        nearest.append(distances.argmin())
    return train_y[nearest]
    # END SOLUTION


def kmeans_step(x, centres):
    """One step of k-means: every point goes to its nearest centre, then every centre to the mean of its points.

    x (N, D), centres (K, D) -> assignment (N,), the index of the nearest of the given centres, of equally near ones the
    first, and the new centres (K, D), floats. A centre without points stays where it is; `centres` itself is not changed.
    """
    # BEGIN SOLUTION
    moved = np.array(centres, dtype=float)
    distances = np.stack([((x - centre) ** 2).sum(axis=1) for centre in moved], axis=1)  # (N, K)
    assignment = distances.argmin(axis=1)
    for k in range(len(moved)):
        members = x[assignment == k]
        if len(members) > 0:
            moved[k] = members.mean(axis=0)
    return assignment, moved
    # END SOLUTION


def bandit_update(estimates, counts, arm, reward):
    """The mean reward of every arm, after one more reward of one of them.

    estimates (K,): the mean of the rewards seen from each arm; counts (K,): how many these were; arm: which one was
    pulled; reward: what it gave -> new estimates (K,), floats, and new counts (K,). The given arrays stay as they are.
    """
    # BEGIN SOLUTION
    means, counts = np.array(estimates, dtype=float), counts.copy()
    counts[arm] += 1
    means[arm] += (reward - means[arm]) / counts[arm]
    return means, counts
    # END SOLUTION


def stage_outputs(x, weights, biases):
    """What every stage of a network makes of the examples: [h_0, ..., h_L], with h_0 = x.

    x tensor (N, d_0), weights a list of L tensors (d_{i-1}, d_i), biases a list of L tensors (d_i,)
    -> a list of L + 1 tensors: h_i = relu(h_{i-1} @ W_i + b_i), the last without relu
    """
    # BEGIN SOLUTION
    stages = [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = stages[-1] @ W + b
        stages.append(z if i == len(weights) else z.relu())
    return stages
    # END SOLUTION
