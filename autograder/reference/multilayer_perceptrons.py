"""Solutions of lecture 03, multilayer perceptrons. Weight matrices are (outputs, inputs); a network is two lists."""

import numpy as np


def xor_network():
    """Weights such that step(w2 . step(W1 x + b1) + b2) is the XOR of the two bits of x; step(z) is 1 where z > 0, else 0.

    Returns W1 (2, 2), b1 (2,), w2 (2,) and b2, a number. Every pre-activation is at least 0.1 away from 0 on all four inputs.
    """
    # BEGIN SOLUTION
    # one unit for "at least one bit", one for "both", which vetoes
    return np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([-0.5, -1.5]), np.array([1.0, -2.0]), -0.5
    # END SOLUTION


def parity_network(n):
    """Weights such that step(w2 . step(W1 x + b1) + b2) is 1 where an odd number of the n bits of x are on, else 0.

    n an integer >= 1 -> W1 (H, n), b1 (H,), w2 (H,) and b2, a number, with 1 <= H <= n
    Every pre-activation is at least 0.1 away from 0 on all 2^n inputs; step(z) is 1 where z > 0, else 0.
    """
    # BEGIN SOLUTION
    k = np.arange(n)  # unit k is on where more than k bits are
    return np.ones((n, n)), -(k + 0.5), np.where(k % 2 == 0, 1.0, -1.0), -0.5
    # END SOLUTION


def mlp_forward(X, weights, biases, activation):
    """The outputs of a fully connected network; the activation follows every layer but the last.

    X (N, D) examples in rows, weights a list of arrays (outputs, inputs), biases a list of arrays (outputs,),
    activation "identity", "logistic", "tanh" or "relu" -> (N, K)
    """
    # BEGIN SOLUTION
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: (1 + np.tanh(z / 2)) / 2,
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
    }[activation]
    h = X
    for layer, (W, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = h @ W.T + b
        h = z if layer == len(weights) else phi(z)
    return h
    # END SOLUTION


def collapse_linear(weights, biases):
    """The single layer that equals the given layers, one after the other, without activations.

    weights a list of arrays (outputs, inputs), biases a list of arrays (outputs,) -> W (K, D) and b (K,)
    """
    # BEGIN SOLUTION
    W, b = weights[0], biases[0]
    for next_W, next_b in zip(weights[1:], biases[1:], strict=True):
        W, b = next_W @ W, next_W @ b + next_b
    return W, b
    # END SOLUTION


def permute_hidden(weights, biases, layer, perm):
    """The same function, with the units of one hidden layer in another order.

    weights and biases: the network, two lists; layer: which hidden layer, the outputs of weights[layer]
    perm (H,) integers -> new lists weights and biases, in which unit j of that layer is the old unit perm[j]
    The given lists and their arrays stay as they are.
    """
    # BEGIN SOLUTION
    weights, biases = list(weights), list(biases)
    weights[layer] = weights[layer][perm]
    biases[layer] = biases[layer][perm]
    weights[layer + 1] = weights[layer + 1][:, perm]
    return weights, biases
    # END SOLUTION


def relu_interpolant(x, y):
    """The network f(s) = w2 . relu(w1 s + b1) + b2 that connects the points by straight lines.

    x (n,) strictly increasing, y (n,), n >= 2 -> w1 (H,), b1 (H,), w2 (H,) and b2, a number, with H <= n
    On [x[0], x[-1]], f is the straight-line interpolation of the points; outside, nothing is asked.
    """
    # BEGIN SOLUTION
    slopes = np.diff(y) / np.diff(x)
    w2 = np.diff(slopes, prepend=0)  # each unit adds to the slope when it opens
    return np.ones(len(w2)), -1.0 * x[:-1], w2, float(y[0])
    # END SOLUTION


def tent_network(depth):
    """A ReLU network that on [0, 1] equals the tent map t(x) = min(2x, 2 - 2x), composed `depth` times.

    depth an integer >= 1 -> weights and biases, two lists of depth + 1 arrays, (outputs, inputs) and (outputs,):
    exactly `depth` hidden layers of at most 2 units, one input, one output, linear
    """
    # BEGIN SOLUTION
    up_and_down = np.array([1.0, -1.0])  # t = relu(2x) - relu(4x - 2)
    steep = np.array([[2.0], [4.0]])
    weights = [steep] + [steep * up_and_down for _ in range(depth - 1)] + [up_and_down[None, :]]
    biases = [np.array([0.0, -2.0]) for _ in range(depth)] + [np.zeros(1)]
    return weights, biases
    # END SOLUTION


def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    """Labels for X_test by a random hidden layer of ReLU units, of which only the linear output layer is trained.

    X_train (N, D), labels (N,) integers from 0, X_test (M, D), num_features: hidden units, seed an integer -> (M,) integers
    The same seed gives the same predictions.
    """
    # BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)

    def features(X):
        return np.maximum(X @ W.T + b, 0)

    H, targets = features(X_train), np.eye(labels.max() + 1)[labels]
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ targets)  # ridge, lambda N = 1
    return (features(X_test) @ V).argmax(axis=1)
    # END SOLUTION
