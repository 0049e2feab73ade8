"""Answers to lecture 03 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["xor_network"] = [
    """
def xor_network():
    W1 = np.array([[1, 1], [1, 1]])
    b1 = np.array([-0.5, -1.5])
    w2 = np.array([1, -2])
    return W1, b1, w2, -0.5
""",
    """
def xor_network():
    # one unit for each way to be different
    W1 = np.array([[1.0, -1.0], [-1.0, 1.0]])
    b1 = np.full(2, -0.5)
    return W1, b1, np.ones(2), np.float64(-0.5)
""",
    """
def xor_network():
    # not both, and at least one
    return np.array([[-2, -2], [2, 2]]), np.array([3, -1]), np.array([2, 2]), -3
""",
    """
def xor_network():
    W1 = [[10.0, 10.0], [-10.0, -10.0]]
    return np.array(W1), np.array([-5.0, 15.0]), np.array([10.0, 10.0]), np.array(-15.0)
""",
]

WRONG["xor_network"] = {
    "or_gate": """
def xor_network():
    W1 = np.array([[1.0, 1.0], [0.0, 0.0]])
    b1 = np.array([-0.5, -0.5])
    w2 = np.array([1.0, 1.0])
    return W1, b1, w2, -0.5
""",
    "on_the_threshold": """
def xor_network():
    W1 = np.array([[1.0, 1.0], [1.0, 1.0]])
    b1 = np.array([0.0, -1.0])
    return W1, b1, np.array([1.0, -1.0]), -0.5
""",
    "complement": """
def xor_network():
    W1 = np.array([[1.0, 1.0], [1.0, 1.0]])
    b1 = np.array([-0.5, -1.5])
    return W1, b1, np.array([-1.0, 1.0]), 0.5
""",
    "extra_inputs_bias_in_matrix": """
def xor_network():
    W1 = np.array([[1.0, 1.0, -0.5], [1.0, 1.0, -1.5]])
    w2 = np.array([1.0, -2.0, -0.5])
    return W1, w2
""",
    "small_margin": """
def xor_network():
    return np.ones((2, 2)), np.array([-0.95, -1.5]), np.array([1.0, -2.0]), -0.5
""",
    "returns_none": """
def xor_network():
    W1 = np.ones((2, 2))
""",
    "returns_text": """
def xor_network():
    return "x1 and not x2 or x2 and not x1"
""",
    "torch_tensors": """
import torch

def xor_network():
    return torch.ones(2, 2), torch.tensor([-0.5, -1.5]), torch.tensor([1.0, -2.0]), -0.5
""",
    "bias_in_an_array_of_one": """
def xor_network():
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([1.0, -2.0]), np.array([-0.5])
""",
    "three_units": """
def xor_network():
    return np.ones((3, 2)), np.array([-0.5, -1.5, -2.5]), np.array([1.0, -2.0, 1.0]), -0.5
""",
    "always_one": """
def xor_network():
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([1.0, 1.0]), 0.5
""",
    "infinite": """
def xor_network():
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([np.inf, -np.inf]), -0.5
""",
}

RIGHT["parity_network"] = [
    """
def parity_network(n):
    W1 = np.ones((n, n))
    b1 = -np.arange(1, n + 1) + 0.5
    w2 = (-1.0) ** np.arange(n)
    return W1, b1, w2, -0.5
""",
    """
def parity_network(n):
    W1, b1, w2 = [], [], []
    for k in range(n, 0, -1):
        W1.append([1] * n)
        b1.append(0.5 - k)
        w2.append(1 if k % 2 else -1)
    return np.array(W1), np.array(b1), np.array(w2), -0.5
""",
    """
def parity_network(n):
    # weights of growing size
    k = np.arange(1, n + 1)
    w2 = np.where(k % 2 == 1, 2.0 * k - 1, -(2.0 * k - 1))
    return np.ones((n, n)), 0.5 - k, w2, -0.5
""",
    """
def parity_network(n):
    # steps that open when there are few ones
    k = np.arange(1, n + 1)
    w2 = np.where(k % 2 == 1, -1.0, 1.0)
    return -np.ones((n, n)), k - 0.5, w2, -0.5 - w2.sum()
""",
]

WRONG["parity_network"] = {
    "output_on_the_threshold": """
def parity_network(n):
    k = np.arange(1, n + 1)
    return np.ones((n, n)), 0.5 - k, -((-1.0) ** k), 0.0
""",
    "one_bit_late": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), -(k + 1.5), (-1.0) ** k, -0.5
""",
    "does_not_cross": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), -(k + 0.5), np.where(k % 2 == 0, 1.0, -2.0), -0.5
""",
    "one_unit_per_pattern": """
from itertools import product

def parity_network(n):
    W1, b1 = [], []
    for pattern in product([0, 1], repeat=n):
        if sum(pattern) % 2 == 1:
            W1.append([1.0 if bit else -1.0 for bit in pattern])
            b1.append(0.5 - sum(pattern))
    return np.array(W1), np.array(b1), np.ones(len(W1)), -0.5
""",
    "no_alternating_signs": """
def parity_network(n):
    return np.ones((n, n)), 0.5 - np.arange(1, n + 1), np.ones(n), -0.5
""",
    "even_parity": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), -0.5 - k, (-1.0) ** (k + 1), 0.5
""",
    "thresholds_at_integers": """
def parity_network(n):
    k = np.arange(1, n + 1)
    return np.ones((n, n)), -1.0 * k, (-1.0) ** (k + 1), -0.5
""",
    "one_unit_more": """
def parity_network(n):
    k = np.arange(n + 1)
    return np.ones((n + 1, n)), -0.5 - k, (-1.0) ** k, -0.5
""",
    "only_up_to_three": """
def parity_network(n):
    H = min(n, 3)
    k = np.arange(H)
    return np.ones((H, n)), -0.5 - k, (-1.0) ** k, -0.5
""",
    "fading_weights": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), -0.5 - k, (-0.5) ** k, -0.6
""",
    "returns_a_function": """
def parity_network(n):
    return lambda x: sum(x) % 2
""",
    "prints_instead": """
def parity_network(n):
    print(np.ones((n, n)), 0.5 - np.arange(1, n + 1), (-1.0) ** np.arange(n), -0.5)
""",
    "column_of_weights": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), (-0.5 - k)[:, None], (-1.0) ** k, -0.5
""",
}

RIGHT["mlp_forward"] = [
    """
def mlp_forward(X, weights, biases, activation):
    def phi(z):
        if activation == "relu":
            return np.maximum(z, 0)
        if activation == "tanh":
            return np.tanh(z)
        if activation == "logistic":
            return 1 / (1 + np.exp(-z))
        return z
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T + b)
    return h @ weights[-1].T + biases[-1]
""",
    """
import math

def unit(z, activation):
    if activation == "identity":
        return z
    if activation == "tanh":
        return math.tanh(z)
    if activation == "relu":
        return z if z > 0 else 0.0
    return 0.5 * (1 + math.tanh(z / 2))

def mlp_forward(X, weights, biases, activation):
    out = np.zeros((len(X), len(biases[-1])))
    for n in range(len(X)):
        h = [float(v) for v in X[n]]
        for l, (W, b) in enumerate(zip(weights, biases)):
            z = [float(b[o]) + sum(float(W[o, i]) * h[i] for i in range(len(h))) for o in range(len(b))]
            h = z if l == len(weights) - 1 else [unit(v, activation) for v in z]
        out[n] = h
    return out
""",
    """
import torch
import torch.nn.functional as F

def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu}[activation]
    h = torch.tensor(X, dtype=torch.float64)
    for l, (W, b) in enumerate(zip(weights, biases)):
        h = F.linear(h, torch.tensor(W, dtype=torch.float64), torch.tensor(b, dtype=torch.float64))
        if l < len(weights) - 1:
            h = phi(h)
    return h.numpy()
""",
    """
from scipy.special import expit

def mlp_forward(X, weights, biases, activation):
    h = np.array(X, dtype=float).T
    for l in range(len(weights)):
        z = weights[l] @ h + biases[l][:, None]
        if l == len(weights) - 1:
            h = z
        elif activation == "relu":
            z[z < 0] = 0
            h = z
        elif activation == "logistic":
            h = expit(z)
        else:
            h = np.tanh(z) if activation == "tanh" else z
    return h.T
""",
    """
def mlp_forward(X, weights, biases, activation):
    if len(weights) == 1:
        return X @ weights[0].T + biases[0]
    z = X @ weights[0].T + biases[0]
    if activation == "relu":
        h = z * (z > 0)
    elif activation == "tanh":
        h = 2 / (1 + np.exp(-2 * z)) - 1
    elif activation == "logistic":
        h = np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
    else:
        h = z
    return mlp_forward(h, weights[1:], biases[1:], activation)
""",
]

WRONG["mlp_forward"] = {
    "activation_on_output": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W, b in zip(weights, biases):
        h = phi(h @ W.T + b)
    return h
""",
    "weights_transposed": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for l in range(len(weights)):
        z = np.dot(h, weights[l]) + biases[l]
        h = phi(z) if l < len(weights) - 1 else z
    return h
""",
    "logistic_overflows": """
def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": lambda z: np.exp(z) / (1 + np.exp(z)), "tanh": np.tanh,
           "relu": lambda z: np.maximum(0, z)}[activation]
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T + b)
    return h @ weights[-1].T + biases[-1]
""",
    "bias_after_activation": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T) + b
    return h @ weights[-1].T + biases[-1]
""",
    "relu_in_place": """
def relu(h):
    h[h < 0] = 0
    return h

def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "relu": relu}[activation]
    h = X
    for l, (W, b) in enumerate(zip(weights, biases)):
        if activation == "relu":
            h = relu(h)
        elif l:
            h = phi(h)
        h = h @ W.T + b
    return h
""",
    "activation_on_input": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W, b in zip(weights, biases):
        h = phi(h) @ W.T + b
    return h
""",
    "no_biases": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W in weights[:-1]:
        h = phi(h @ W.T)
    return h @ weights[-1].T
""",
    "torch_tensor": """
import torch

def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}[activation]
    h = torch.tensor(X, dtype=torch.float64)
    for l, (W, b) in enumerate(zip(weights, biases)):
        h = h @ torch.tensor(W, dtype=torch.float64).T + torch.tensor(b, dtype=torch.float64)
        h = phi(h) if l < len(weights) - 1 else h
    return h
""",
    "returns_none": """
def mlp_forward(X, weights, biases, activation):
    for W, b in zip(weights, biases):
        X = X @ W.T + b
""",
    "no_activation": """
def mlp_forward(X, weights, biases, activation):
    for W, b in zip(weights, biases):
        X = X @ W.T + b
    return X
""",
    "absolute_value_for_relu": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": np.abs,
    }[activation]
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T + b)
    return h @ weights[-1].T + biases[-1]
""",
}

RIGHT["collapse_linear"] = [
    """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0]
    for V, c in zip(weights[1:], biases[1:]):
        W = V @ W
        b = V @ b + c
    return W, b
""",
    """
def collapse_linear(weights, biases):
    # what comes out for x = 0, and for each unit vector
    D = weights[0].shape[1]
    def net(x):
        for W, b in zip(weights, biases):
            x = W @ x + b
        return x
    b = net(np.zeros(D))
    W = np.stack([net(e) - b for e in np.eye(D)], axis=1)
    return W, b
""",
    """
def collapse_linear(weights, biases):
    M = np.eye(weights[0].shape[1] + 1)
    for W, b in zip(weights, biases):
        A = np.zeros((len(b) + 1, W.shape[1] + 1))
        A[:-1, :-1], A[:-1, -1], A[-1, -1] = W, b, 1
        M = A @ M
    return M[:-1, :-1], M[:-1, -1]
""",
    """
def collapse_linear(weights, biases):
    if len(weights) == 1:
        return weights[0].copy(), biases[0].copy()
    W, b = collapse_linear(weights[:-1], biases[:-1])
    return np.dot(weights[-1], W), np.dot(weights[-1], b) + biases[-1]
""",
]

WRONG["collapse_linear"] = {
    "product_on_the_bias": """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0]
    for l in range(1, len(weights)):
        W = weights[l] @ W
        b = W @ b + biases[l]
    return W, b
""",
    "biases_added": """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0]
    for V, c in zip(weights[1:], biases[1:]):
        W = V @ W
        b = b + c
    return W, b
""",
    "wrong_order": """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0]
    for V, c in zip(weights[1:], biases[1:]):
        b = V @ b + c
        W = W @ V
    return W, b
""",
    "last_bias_only": """
def collapse_linear(weights, biases):
    W = weights[0]
    for V in weights[1:]:
        W = V @ W
    return W, biases[-1]
""",
    "transposed": """
def collapse_linear(weights, biases):
    W, b = weights[0].T, biases[0]
    for V, c in zip(weights[1:], biases[1:]):
        W = W @ V.T
        b = b @ V.T + c
    return W, b
""",
    "only_two_layers": """
def collapse_linear(weights, biases):
    if len(weights) == 1:
        return weights[0], biases[0]
    return weights[1] @ weights[0], weights[1] @ biases[0] + biases[1]
""",
    "bias_as_a_column": """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0][:, None]
    for V, c in zip(weights[1:], biases[1:]):
        W, b = V @ W, V @ b + c[:, None]
    return W, b
""",
    "only_the_matrix": """
def collapse_linear(weights, biases):
    W = weights[0]
    for V in weights[1:]:
        W = V @ W
    return W
""",
    "input_changed": """
def collapse_linear(weights, biases):
    for l in range(1, len(weights)):
        biases[l] += weights[l] @ biases[l - 1]
        weights[l] = weights[l] @ weights[l - 1]
    return weights[-1], biases[-1]
""",
    "new_W_used_for_the_bias": """
def collapse_linear(weights, biases):
    W, b = weights[0], biases[0]
    for V, c in zip(weights[1:], biases[1:]):
        W = V @ W
        b = W @ np.resize(b, W.shape[1]) + c
    return W, b
""",
}

RIGHT["permute_hidden"] = [
    """
def permute_hidden(weights, biases, layer, perm):
    W = [w.copy() for w in weights]
    b = [v.copy() for v in biases]
    W[layer] = W[layer][perm]
    b[layer] = b[layer][perm]
    W[layer + 1] = W[layer + 1][:, perm]
    return W, b
""",
    """
def permute_hidden(weights, biases, layer, perm):
    P = np.eye(len(perm))[perm]
    new_w, new_b = list(weights), list(biases)
    new_w[layer] = P @ weights[layer]
    new_b[layer] = P @ biases[layer]
    new_w[layer + 1] = weights[layer + 1] @ P.T
    return new_w, new_b
""",
    """
import copy

def permute_hidden(weights, biases, layer, perm):
    weights, biases = copy.deepcopy(weights), copy.deepcopy(biases)
    old_in, old_b, old_out = weights[layer].copy(), biases[layer].copy(), weights[layer + 1].copy()
    for j, old in enumerate(perm):
        weights[layer][j] = old_in[old]
        biases[layer][j] = old_b[old]
        weights[layer + 1][:, j] = old_out[:, old]
    return weights, biases
""",
    """
def permute_hidden(weights, biases, layer, perm):
    return (
        [W[perm] if l == layer else W[:, perm] if l == layer + 1 else W for l, W in enumerate(weights)],
        [b[perm] if l == layer else b for l, b in enumerate(biases)],
    )
""",
]

WRONG["permute_hidden"] = {
    "rows_of_the_next_layer": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer], b[layer], W[layer + 1] = W[layer][perm], b[layer][perm], W[layer + 1][perm]
    return W, b
""",
    "outgoing_forgotten": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer] = weights[layer][perm]
    b[layer] = biases[layer][perm]
    return W, b
""",
    "bias_forgotten": """
def permute_hidden(weights, biases, layer, perm):
    W = list(weights)
    W[layer] = W[layer][perm]
    W[layer + 1] = W[layer + 1][:, perm]
    return W, list(biases)
""",
    "inverse_on_outgoing": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer], b[layer] = W[layer][perm], b[layer][perm]
    inverse = np.empty_like(perm)
    inverse[perm] = np.arange(len(perm))
    W[layer + 1] = W[layer + 1][:, inverse]
    return W, b
""",
    "inverse_everywhere": """
def permute_hidden(weights, biases, layer, perm):
    W, b = [w.copy() for w in weights], [v.copy() for v in biases]
    W[layer][perm] = weights[layer]
    b[layer][perm] = biases[layer]
    W[layer + 1][:, perm] = weights[layer + 1]
    return W, b
""",
    "changes_input": """
def permute_hidden(weights, biases, layer, perm):
    weights[layer] = weights[layer][perm]
    biases[layer] = biases[layer][perm]
    weights[layer + 1] = weights[layer + 1][:, perm]
    return weights, biases
""",
    "next_layer_transposed": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer], b[layer] = W[layer][perm], b[layer][perm]
    W[layer + 1] = W[layer + 1].T[perm]
    return W, b
""",
    "columns_instead_of_rows": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer] = W[layer].T[perm].T if W[layer].shape[1] == len(perm) else W[layer]
    b[layer] = b[layer][perm]
    return W, b
""",
    "one_list": """
def permute_hidden(weights, biases, layer, perm):
    return [(W[perm] if l == layer else W, b) for l, (W, b) in enumerate(zip(weights, biases))]
""",
    "nothing_moves": """
def permute_hidden(weights, biases, layer, perm):
    return list(weights), list(biases)
""",
    "layer_before": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer - 1], b[layer - 1] = W[layer - 1][perm], b[layer - 1][perm]
    W[layer] = W[layer][:, perm]
    return W, b
""",
}

RIGHT["relu_interpolant"] = [
    """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.concatenate([slopes[:1], np.diff(slopes)])
    return np.ones(len(w2)), -x[:-1].astype(float), w2, y[0]
""",
    """
def relu_interpolant(x, y):
    n = len(x)
    w1, b1, w2 = np.ones(n - 1), np.zeros(n - 1), np.zeros(n - 1)
    slope = 0.0
    for i in range(n - 1):
        new = (y[i + 1] - y[i]) / (x[i + 1] - x[i])
        b1[i] = -x[i]
        w2[i] = new - slope
        slope = new
    return w1, b1, w2, float(y[0])
""",
    """
def relu_interpolant(x, y):
    # units that open to the left, counted from the right end
    x, y = np.asarray(x, float), np.asarray(y, float)
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[:-1] - slopes[1:], slopes[-1])
    return -np.ones(len(w2)), x[1:], -w2, y[-1]
""",
    """
def relu_interpolant(x, y):
    # a linear system for the output weights, one equation a point
    x, y = np.asarray(x, float), np.asarray(y, float)
    A = np.maximum(x[1:, None] - x[None, :-1], 0)
    w2 = np.linalg.solve(A, y[1:] - y[0])
    return np.ones(len(x) - 1), -x[:-1], w2, y[0]
""",
    """
def relu_interpolant(x, y):
    # a spare unit that is on everywhere makes the first line
    x, y = np.array(x, float), np.array(y, float)
    s = np.diff(y) / np.diff(x)
    w1 = np.ones(len(x) - 1)
    b1 = -x[:-1].copy()
    b1[0] = 5 - x[0]
    w2 = np.r_[s[0], np.diff(s)]
    return np.r_[w1, 0.0], np.r_[b1, 0.0], np.r_[w2, 0.0], y[0] - 5 * s[0]
""",
]

WRONG["relu_interpolant"] = {
    "not_divided": """
def relu_interpolant(x, y):
    rises = y[1:] - y[:-1]
    w2 = np.append(rises[0], rises[1:] - rises[:-1])
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "run_over_rise": """
def relu_interpolant(x, y):
    slopes = np.diff(x) / np.diff(y)
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "cut_to_integers": """
def relu_interpolant(x, y):
    w2 = np.zeros_like(y[:-1])
    slopes = np.diff(y) / np.diff(x)
    w2[0] = slopes[0]
    w2[1:] = slopes[1:] - slopes[:-1]
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "slopes_not_differences": """
def relu_interpolant(x, y):
    w2 = np.diff(y) / np.diff(x)
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "uneven_spacing_ignored": """
def relu_interpolant(x, y):
    h = x[1] - x[0]
    slopes = np.diff(y) / h
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "offset_missing": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones(len(w2)), -x[:-1], w2, 0.0
""",
    "kinks_at_right_ends": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones(len(w2)), -x[1:], w2, float(y[0])
""",
    "bias_not_negated": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones(len(w2)), x[:-1], w2, float(y[0])
""",
    "too_many_units": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[0], np.diff(slopes))
    zeros = np.zeros(len(x))
    return np.r_[np.ones(len(w2)), zeros], np.r_[-x[:-1], zeros], np.r_[w2, zeros], float(y[0])
""",
    "returns_the_function": """
def relu_interpolant(x, y):
    return lambda s: np.interp(s, x, y)
""",
    "passes_through_the_points_only": """
def relu_interpolant(x, y):
    # a random layer that hits all points, but not by straight lines
    rng = np.random.default_rng(0)
    w1, b1 = rng.normal(size=len(x)), rng.normal(size=len(x))
    H = np.maximum(np.outer(x, w1) + b1, 0)
    return w1, b1, np.linalg.lstsq(H, y - y[0], rcond=None)[0], float(y[0])
""",
    "first_slope_lost": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(0.0, np.diff(slopes))
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "integer_weights": """
def relu_interpolant(x, y):
    w2 = np.zeros(len(x) - 1, dtype=int)
    slopes = np.diff(y) / np.diff(x)
    w2[0] = slopes[0]
    w2[1:] = np.diff(slopes)
    return np.ones(len(w2)), -x[:-1], w2, float(y[0])
""",
    "weights_in_columns": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    w2 = np.append(slopes[0], np.diff(slopes))
    return np.ones((len(w2), 1)), -x[:-1], w2, float(y[0])
""",
}

RIGHT["tent_network"] = [
    """
def tent_network(depth):
    weights = [np.array([[2.0], [4.0]])]
    biases = [np.array([0.0, -2.0])]
    for _ in range(depth - 1):
        weights.append(np.array([[2.0, -2.0], [4.0, -4.0]]))
        biases.append(np.array([0.0, -2.0]))
    weights.append(np.array([[1.0, -1.0]]))
    biases.append(np.array([0.0]))
    return weights, biases
""",
    """
def tent_network(depth):
    # 1 - relu(2x - 1) - relu(1 - 2x) as building block
    weights = [np.array([[2.0], [-2.0]])] + [np.array([[-2.0, -2.0], [2.0, 2.0]])] * (depth - 1) + [np.array([[-1.0, -1.0]])]
    biases = [np.array([-1.0, 1.0])] + [np.array([1.0, -1.0])] * (depth - 1) + [np.array([1.0])]
    return weights, biases
""",
    """
def tent_network(depth):
    # relu(x) and relu(x - 1/2), integers where possible
    out = np.array([[2, -4]])
    W = np.array([[1], [1]])
    weights, biases = [W], [np.array([0, -0.5])]
    for i in range(depth - 1):
        weights += [W @ out]
        biases += [np.array([0, -0.5])]
    return weights + [out], biases + [np.zeros(1)]
""",
]

WRONG["tent_network"] = {
    "layer_for_t_itself": """
def tent_network(depth):
    weights, biases = [], []
    for _ in range(depth):
        weights += [np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])]
        biases += [np.array([0.0, -2.0]), np.array([0.0])]
    return weights, biases
""",
    "units_read_as_t": """
def tent_network(depth):
    weights, biases = [np.array([[2.0], [4.0]])], [np.array([0.0, -2.0])]
    for _ in range(depth - 1):
        weights.append(np.array([[2.0, 0.0], [0.0, 4.0]]))
        biases.append(np.array([0.0, -2.0]))
    return weights + [np.array([[1.0, -1.0]])], biases + [np.zeros(1)]
""",
    "one_layer_short": """
def tent_network(depth):
    weights, biases = [np.array([[2.0], [4.0]])], [np.array([0.0, -2.0])]
    for _ in range(depth - 2):
        weights.append(np.array([[2.0, -2.0], [4.0, -4.0]]))
        biases.append(np.array([0.0, -2.0]))
    if depth == 1:
        weights, biases = [], []
    weights.append(np.array([[1.0, -1.0]]) if depth > 1 else np.array([[1.0]]))
    biases.append(np.zeros(1))
    return weights, biases
""",
    "identity_between": """
def tent_network(depth):
    weights, biases = [np.array([[2.0], [4.0]])], [np.array([0.0, -2.0])]
    for _ in range(depth - 1):
        weights.append(np.eye(2))
        biases.append(np.zeros(2))
    return weights + [np.array([[1.0, -1.0]])], biases + [np.zeros(1)]
""",
    "shallow_and_wide": """
def tent_network(depth):
    n = 2**depth
    knots = np.arange(n) / n
    slopes = np.array([n if i % 2 == 0 else -n for i in range(n)], float)
    w2 = np.append(slopes[0], np.diff(slopes))
    return [np.ones((n, 1)), w2[None]], [-knots, np.zeros(1)]
""",
    "deep_bias_wrong": """
def tent_network(depth):
    weights, biases = [np.array([[2.0], [4.0]])], [np.array([0.0, -2.0])]
    for _ in range(depth - 1):
        weights.append(np.array([[2.0, -2.0], [4.0, -4.0]]))
        biases.append(np.array([0.0, -1.0]))
    return weights + [np.array([[1.0, -1.0]])], biases + [np.zeros(1)]
""",
    "one_layer_more": """
def tent_network(depth):
    weights, biases = [np.array([[2.0], [4.0]])], [np.array([0.0, -2.0])]
    for _ in range(depth):
        weights.append(np.array([[2.0, -2.0], [4.0, -4.0]]))
        biases.append(np.array([0.0, -2.0]))
    return weights + [np.array([[1.0, -1.0]])], biases + [np.zeros(1)]
""",
    "wrong_first_fold": """
def tent_network(depth):
    weights = [np.array([[2.0], [4.0]])] + [np.array([[2.0, -2.0], [4.0, -4.0]])] * (depth - 1) + [np.array([[1.0, -1.0]])]
    return weights, [np.array([0.0, -1.0])] * depth + [np.zeros(1)]
""",
    "three_units": """
def tent_network(depth):
    A = np.array([[2.0], [4.0], [0.0]])
    out = np.array([[1.0, -1.0, 0.0]])
    return [A] + [A @ out] * (depth - 1) + [out], [np.array([0.0, -2.0, 0.0])] * depth + [np.zeros(1)]
""",
    "returns_none": """
def tent_network(depth):
    weights = [np.array([[2.0], [4.0]])]
""",
    "inputs_first": """
def tent_network(depth):
    A, out = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])
    weights = [A] + [A @ out] * (depth - 1) + [out]
    return [W.T for W in weights], [np.array([0.0, -2.0])] * depth + [np.zeros(1)]
""",
    "a_list_of_pairs": """
def tent_network(depth):
    A, out = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])
    return [(A, np.array([0.0, -2.0]))] + [(A @ out, np.array([0.0, -2.0]))] * (depth - 1) + [(out, np.zeros(1))]
""",
    "not_scaled": """
def tent_network(depth):
    A, out = np.array([[1.0], [1.0]]), np.array([[1.0, -2.0]])
    return [A] + [A @ out] * (depth - 1) + [out], [np.array([0.0, -0.5])] * depth + [np.zeros(1)]
""",
}

RIGHT["random_feature_classifier"] = [
    """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(num_features, X_train.shape[1]))
    b = rng.uniform(-1, 1, num_features)
    H = np.maximum(X_train @ W.T + b, 0)
    T = np.eye(labels.max() + 1)[labels]
    V = np.linalg.solve(H.T @ H + 2.0 * np.eye(num_features), H.T @ T)
    return np.argmax(np.maximum(X_test @ W.T + b, 0) @ V, axis=1)
""",
    """
from sklearn.linear_model import RidgeClassifier

def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.RandomState(seed % 2**32)
    W, b = rng.randn(X_train.shape[1], num_features), rng.randn(num_features)
    return RidgeClassifier(alpha=3.0).fit(np.maximum(X_train @ W + b, 0), labels).predict(np.maximum(X_test @ W + b, 0))
""",
    """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H = np.maximum(X_train @ W.T + b, 0)
    mean, std = H.mean(axis=0), H.std(axis=0) + 1e-6
    H, G = (H - mean) / std, (np.maximum(X_test @ W.T + b, 0) - mean) / std
    N, K = len(H), labels.max() + 1
    V, c, T = np.zeros((num_features, K)), np.zeros(K), np.eye(K)[labels]
    velocity = np.zeros_like(V)
    for _ in range(150):
        Z = H @ V + c
        Y = np.exp(Z - Z.max(axis=1, keepdims=True))
        Y /= Y.sum(axis=1, keepdims=True)
        velocity = 0.9 * velocity - 0.01 * (H.T @ (Y - T) / N)
        V += velocity
        c -= 0.1 * (Y - T).mean(axis=0)
    return (G @ V + c).argmax(axis=1)
""",
]

WRONG["random_feature_classifier"] = {
    "no_hidden_bias": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(num_features, X_train.shape[1]))
    H, G = np.maximum(X_train @ W.T, 0), np.maximum(X_test @ W.T, 0)
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)
""",
    "too_much_ridge": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = np.linalg.solve(H.T @ H / len(H) + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels] / len(H))
    return (G @ V).argmax(axis=1)
""",
    "no_nonlinearity": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = X_train @ W.T + b, X_test @ W.T + b
    V = np.linalg.solve(H.T @ H + 0.1 * np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)
""",
    "new_features_for_test": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    def features(X):
        W, b = rng.normal(size=(num_features, X.shape[1])), rng.normal(size=num_features)
        return np.maximum(X @ W.T + b, 0)
    H = features(X_train)
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (features(X_test) @ V).argmax(axis=1)
""",
    "no_regularisation": """
import scipy.linalg

def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = scipy.linalg.lstsq(H, np.eye(labels.max() + 1)[labels], lapack_driver="gelsy")[0]
    return (G @ V).argmax(axis=1)
""",
    "regresses_the_label_number": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    v = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ labels)
    return np.clip(np.round(G @ v), 0, labels.max()).astype(int)
""",
    "singular_normal_equations": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features) - 6
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = np.linalg.inv(H.T @ H) @ H.T @ np.eye(labels.max() + 1)[labels]
    return (G @ V).argmax(axis=1)
""",
    "ignores_the_seed": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    W, b = np.random.randn(num_features, X_train.shape[1]), np.random.randn(num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)
""",
    "returns_scores": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    return G @ np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
""",
    "nearest_mean": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    means = np.array([X_train[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    return ((X_test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
""",
    "returns_none": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
""",
}
