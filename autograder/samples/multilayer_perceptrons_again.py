"""Answers to lecture 03 written in other ways than in `multilayer_perceptrons`, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["xor_network"] = [
    """
def xor_network():
    W1 = np.tile([1.0, 1.0], (2, 1))
    return W1, -np.array([0.3, 1.7]), np.array([0.7, -1.4]), -0.3
""",
    """
def xor_network():
    return (np.array([[1, -1], [-1, 1]]), np.array([-0.1, -0.1]), np.array([5.0, 5.0]), -1)
""",
]

WRONG["xor_network"] = {
    "or_gate": """
def xor_network():
    # x1 and not x2; the second unit was meant to be the other way round
    W1 = np.array([[1.0, -1.0], [1.0, -1.0]])
    return W1, np.array([-0.5, -0.5]), np.array([1.0, 1.0]), -0.5
""",
    "on_the_threshold": """
def xor_network():
    W1 = np.array([[1.0, -1.0], [-1.0, 1.0]])
    return W1, np.zeros(2), np.ones(2), -0.5
""",
    "complement": """
def xor_network():
    W1 = np.array([[1.0, 1.0], [-1.0, -1.0]])
    return W1, np.array([-1.5, 0.5]), np.ones(2), -0.5
""",
    "extra_inputs_bias_in_matrix": """
def xor_network():
    W1 = np.array([[-0.5, 1.0, 1.0], [-1.5, 1.0, 1.0]])
    b1 = np.zeros(2)
    return W1, b1, np.array([1.0, -2.0]), -0.5
""",
    "and_gate_from_two_units": """
def xor_network():
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([1.0, 1.0]), -1.5
""",
    "dict": """
def xor_network():
    return {"W1": np.ones((2, 2)), "b1": np.array([-0.5, -1.5]), "w2": np.array([1.0, -2.0]), "b2": -0.5}
""",
}

RIGHT["parity_network"] = [
    """
def parity_network(n):
    W1 = np.full((n, n), 4)
    b1 = np.array([2 - 4 * k for k in range(1, n + 1)])
    w2 = np.array([2 * (-1) ** (k + 1) for k in range(1, n + 1)])
    return W1, b1, w2, -1
""",
    """
def parity_network(n):
    if n == 1:
        return np.array([[1.0]]), np.array([-0.5]), np.array([1.0]), -0.5
    signs = [1.0, -1.0] * n
    return np.ones((n, n)), np.linspace(-0.5, 0.5 - n, n), np.array(signs[:n]), -0.4
""",
]

WRONG["parity_network"] = {
    "one_bit_late": """
def parity_network(n):
    b1, w2 = [], []
    for k in range(1, n + 1):
        b1.append(-2.0 * k - 1)
        w2.append(3.0 if k % 2 else -3.0)
    return 2 * np.ones((n, n)), np.array(b1), np.array(w2), -1.5
""",
    "does_not_cross": """
def parity_network(n):
    w2 = [1.0, -3.0] * n
    return np.full((n, n), 2), np.array([-2 * k - 1 for k in range(n)]), np.array(w2[:n]), -0.7
""",
    "one_unit_per_pattern": """
def parity_network(n):
    patterns = np.array([[(i >> j) & 1 for j in range(n)] for i in range(2**n)])
    W1 = 2 * patterns - 1
    b1 = 0.5 - patterns.sum(axis=1)
    w2 = patterns.sum(axis=1) % 2
    return W1, b1, w2, -0.5
""",
    "no_alternating_signs": """
def parity_network(n):
    W1, b1 = np.ones((n, n)), np.array([-(k + 0.5) for k in range(n)])
    return W1, b1, np.full(n, 1 / n), -0.5 / n
""",
    "even_parity": """
def parity_network(n):
    w2 = np.array([-1.0 if k % 2 == 0 else 1.0 for k in range(n)])
    return np.ones((n, n)), -np.arange(n) - 0.4, 2 * w2, 1.0
""",
    "thresholds_at_integers": """
def parity_network(n):
    W1 = np.ones((n, n))
    b1 = -np.arange(n)
    w2 = np.array([(-1) ** k for k in range(n)])
    return W1, b1, w2, -0.5
""",
    "output_on_the_threshold": """
def parity_network(n):
    k = np.arange(n)
    return np.ones((n, n)), -0.5 - k, (-1.0) ** k, 0.0
""",
    "two_outputs": """
def parity_network(n):
    return np.ones((n, n)), 0.5 - np.arange(1, n + 1)
""",
}

RIGHT["mlp_forward"] = [
    """
from functools import reduce

def mlp_forward(X, weights, biases, activation):
    phi = dict(identity=lambda z: z,
               logistic=lambda z: 0.5 + 0.5 * np.tanh(0.5 * z), tanh=np.tanh, relu=lambda z: z.clip(0))[activation]
    first = X.dot(weights[0].T) + biases[0]
    return reduce(lambda z, layer: phi(z).dot(layer[0].T) + layer[1], zip(weights[1:], biases[1:]), first)
""",
    """
import torch
from torch import nn

def mlp_forward(X, weights, biases, activation):
    kinds = {"identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
    layers = []
    for W, b in zip(weights, biases):
        linear = nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(W).double(), torch.tensor(b).double()
        layers += [linear, kinds[activation]()]
    with torch.no_grad():
        return nn.Sequential(*layers[:-1])(torch.tensor(X).double()).numpy()
""",
]

WRONG["mlp_forward"] = {
    "no_biases": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T + b)
    return h @ weights[-1].T
""",
    "no_activation": """
def mlp_forward(X, weights, biases, activation):
    h = X
    for l in range(len(weights)):
        h = (weights[l] @ h.T + biases[l][:, None]).T
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
    for l in range(len(weights)):
        X = phi(X)
        X = X @ weights[l].T + biases[l]
    return X
""",
    "activation_on_output": """
import torch

def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}[activation]
    h = torch.tensor(X).double()
    for W, b in zip(weights, biases):
        h = phi(torch.nn.functional.linear(h, torch.tensor(W).double(), torch.tensor(b).double()))
    return h.numpy()
""",
    "weights_transposed": """
import torch

def mlp_forward(X, weights, biases, activation):
    phi = {"identity": lambda z: z, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}[activation]
    h = torch.tensor(X).double()
    for l, (W, b) in enumerate(zip(weights, biases)):
        h = h @ torch.tensor(W).double() + torch.tensor(b).double()
        if l < len(weights) - 1:
            h = phi(h)
    return h.numpy()
""",
    "logistic_overflows": """
import math

def sigmoid(z):
    return 1 / (1 + math.exp(-z))

def mlp_forward(X, weights, biases, activation):
    h = X
    for l, (W, b) in enumerate(zip(weights, biases)):
        h = h @ W.T + b
        if l < len(weights) - 1:
            if activation == "logistic":
                h = np.vectorize(sigmoid)(h)
            elif activation == "tanh":
                h = np.tanh(h)
            elif activation == "relu":
                h = np.where(h > 0, h, 0)
    return h
""",
    "bias_after_activation": """
def mlp_forward(X, weights, biases, activation):
    h = np.asarray(X, float)
    for l in range(len(weights)):
        h = h @ weights[l].T
        if l + 1 < len(weights):
            if activation == "relu":
                h = np.maximum(h, 0)
            if activation == "tanh":
                h = np.tanh(h)
            if activation == "logistic":
                h = 1 / (1 + np.exp(-h))
        h = h + biases[l]
    return h
""",
    "relu_in_place": """
def mlp_forward(X, weights, biases, activation):
    h = X
    for W, b in zip(weights, biases):
        if activation == "relu":
            np.maximum(h, 0, out=h)
        elif activation == "tanh":
            np.tanh(h, out=h)
        elif activation == "logistic":
            h[...] = 1 / (1 + np.exp(-h))
        h = h @ W.T + b
    return h
""",
    "one_layer_too_few": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(h @ W.T + b)
    return h
""",
    "examples_in_columns": """
def mlp_forward(X, weights, biases, activation):
    phi = {
        "identity": lambda z: z,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(0, z),
    }[activation]
    h = X.T
    for W, b in zip(weights[:-1], biases[:-1]):
        h = phi(W @ h + b[:, None])
    return weights[-1] @ h + biases[-1][:, None]
""",
}

RIGHT["collapse_linear"] = [
    """
def collapse_linear(weights, biases):
    W = np.linalg.multi_dot(weights[::-1]) if len(weights) > 1 else weights[0]
    b = np.zeros(weights[0].shape[1])
    for V, c in zip(weights, biases):
        b = V @ b + c
    return W, b
""",
    """
def collapse_linear(weights, biases):
    W, b = np.eye(len(biases[-1])), np.zeros(len(biases[-1]))
    for V, c in zip(reversed(weights), reversed(biases)):
        b = b + W @ c
        W = W @ V
    return W, b
""",
]

WRONG["collapse_linear"] = {
    "product_on_the_bias": """
import torch

def collapse_linear(weights, biases):
    W, b = torch.tensor(weights[0]), torch.tensor(biases[0])
    for V, c in zip(weights[1:], biases[1:]):
        W = torch.matmul(torch.tensor(V), W)
        b = torch.matmul(W, b) + torch.tensor(c)
    return W.numpy(), b.numpy()
""",
    "biases_added": """
import torch

def collapse_linear(weights, biases):
    W, b = torch.tensor(weights[0]), torch.tensor(biases[0])
    for V, c in zip(weights[1:], biases[1:]):
        W, b = torch.tensor(V) @ W, b + torch.tensor(c)
    return W.numpy(), b.numpy()
""",
    "wrong_order": """
def collapse_linear(weights, biases):
    W = np.eye(weights[0].shape[0])
    W = weights[0]
    b = biases[0]
    for l in range(1, len(weights)):
        W, b = W @ weights[l], W @ biases[l] + b
    return W, b
""",
    "last_bias_only": """
from functools import reduce

def collapse_linear(weights, biases):
    return reduce(lambda W, V: V @ W, weights), biases[-1].copy()
""",
    "transposed": """
def collapse_linear(weights, biases):
    def net(X):
        for W, b in zip(weights, biases):
            X = X @ W.T + b
        return X
    D = weights[0].shape[1]
    b = net(np.zeros((1, D)))[0]
    return net(np.eye(D)) - b, b
""",
    "bias_of_the_probe_not_removed": """
def collapse_linear(weights, biases):
    def net(X):
        for W, b in zip(weights, biases):
            X = X @ W.T + b
        return X
    D = weights[0].shape[1]
    return net(np.eye(D)).T, net(np.zeros((1, D)))[0]
""",
    "lists_of_layers": """
def collapse_linear(weights, biases):
    return [weights[-1] @ weights[0]], [biases[-1]]
""",
}

RIGHT["permute_hidden"] = [
    """
def permute_hidden(weights, biases, layer, perm):
    moved = [np.take(weights[layer], perm, axis=0), np.take(weights[layer + 1], perm, axis=1)]
    new_weights = weights[:layer] + moved + weights[layer + 2:]
    new_biases = biases[:layer] + [np.take(biases[layer], perm)] + biases[layer + 1:]
    return new_weights, new_biases
""",
    """
def permute_hidden(weights, biases, layer, perm):
    perm = [int(p) for p in perm]
    W, b = tuple(weights), tuple(biases)
    W = W[:layer] + (np.array([W[layer][p] for p in perm]), np.array([W[layer + 1][:, p] for p in perm]).T) + W[layer + 2:]
    b = b[:layer] + (np.array([b[layer][p] for p in perm]),) + b[layer + 1:]
    return W, b
""",
]

WRONG["permute_hidden"] = {
    "rows_of_the_next_layer": """
def permute_hidden(weights, biases, layer, perm):
    W, b = [w.copy() for w in weights], [v.copy() for v in biases]
    for j, old in enumerate(perm):
        W[layer][j], b[layer][j] = weights[layer][old], biases[layer][old]
    W[layer + 1] = np.array([weights[layer + 1][old] for old in perm])
    return W, b
""",
    "outgoing_forgotten": """
def permute_hidden(weights, biases, layer, perm):
    P = np.eye(len(perm))[perm]
    new_w, new_b = [w.copy() for w in weights], [v.copy() for v in biases]
    new_w[layer], new_b[layer] = P @ new_w[layer], P @ new_b[layer]
    return new_w, new_b
""",
    "bias_forgotten": """
def permute_hidden(weights, biases, layer, perm):
    return [W[perm] if l == layer else W[:, perm] if l == layer + 1 else W for l, W in enumerate(weights)], biases
""",
    "inverse_on_outgoing": """
def permute_hidden(weights, biases, layer, perm):
    P = np.eye(len(perm))[perm]
    new_w, new_b = list(weights), list(biases)
    new_w[layer], new_b[layer] = P @ weights[layer], P @ biases[layer]
    new_w[layer + 1] = weights[layer + 1] @ P
    return new_w, new_b
""",
    "inverse_everywhere": """
def permute_hidden(weights, biases, layer, perm):
    P = np.eye(len(perm))[:, perm]
    new_w, new_b = list(weights), list(biases)
    new_w[layer], new_b[layer] = P @ weights[layer], P @ biases[layer]
    new_w[layer + 1] = weights[layer + 1] @ P.T
    return new_w, new_b
""",
    "changes_input": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    W[layer][:] = W[layer][perm]
    b[layer][:] = b[layer][perm]
    W[layer + 1][:] = W[layer + 1][:, perm]
    return W, b
""",
    "only_the_moved_layers": """
def permute_hidden(weights, biases, layer, perm):
    return [weights[layer][perm], weights[layer + 1][:, perm]], [biases[layer][perm]]
""",
    "sorted_by_bias": """
def permute_hidden(weights, biases, layer, perm):
    W, b = list(weights), list(biases)
    order = np.argsort(b[layer])
    W[layer], b[layer], W[layer + 1] = W[layer][order], b[layer][order], W[layer + 1][:, order]
    return W, b
""",
}

RIGHT["relu_interpolant"] = [
    """
def relu_interpolant(x, y):
    m = np.diff(np.asarray(y, float)) / np.diff(np.asarray(x, float))
    scale = np.abs(np.r_[m[0], m[1:] - m[:-1]])
    sign = np.sign(np.r_[m[0], m[1:] - m[:-1]])
    return scale, -scale * np.asarray(x, float)[:-1], sign, np.array(float(y[0]))
""",
    """
def relu_interpolant(x, y):
    w2, so_far = [], 0
    for i in range(len(x) - 1):
        m = (float(y[i + 1]) - float(y[i])) / (float(x[i + 1]) - float(x[i]))
        w2.append(m - so_far)
        so_far += w2[-1]
    return [1] * len(w2), [-float(v) for v in x[:-1]], w2, float(y[0])
""",
]

WRONG["relu_interpolant"] = {
    "run_over_rise": """
def relu_interpolant(x, y):
    w2, before = [], 0
    for i in range(len(x) - 1):
        with np.errstate(all="ignore"):
            m = (x[i + 1] - x[i]) / (y[i + 1] - y[i])
        w2.append(m - before)
        before = m
    return np.ones(len(w2)), -1.0 * x[:-1], np.array(w2), y[0]
""",
    "bias_not_negated": """
def relu_interpolant(x, y):
    m = np.diff(y) / np.diff(x)
    return 2 * np.ones(len(m)), 2.0 * x[:-1], np.diff(m, prepend=0) / 2, y[0]
""",
    "cut_to_integers": """
def relu_interpolant(x, y):
    slopes = np.empty_like(x[:-1])
    slopes[:] = np.diff(y) / np.diff(x)
    return np.ones(len(slopes)), -x[:-1], np.diff(slopes, prepend=slopes[:1] * 0), float(y[0])
""",
    "slopes_not_differences": """
def relu_interpolant(x, y):
    w1 = np.ones(len(x) - 1)
    w2 = np.array([(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)])
    return 2 * w1, -2.0 * x[:-1], w2 / 2, y[0]
""",
    "uneven_spacing_ignored": """
def relu_interpolant(x, y):
    h = (x[-1] - x[0]) / (len(x) - 1)
    w2 = np.zeros(len(x) - 1)
    w2[0] = (y[1] - y[0]) / h
    for i in range(1, len(x) - 1):
        w2[i] = (y[i + 1] - 2 * y[i] + y[i - 1]) / h
    return np.ones(len(w2)), -x[:-1], w2, y[0]
""",
    "offset_missing": """
def relu_interpolant(x, y):
    x, y = np.asarray(x, float), np.asarray(y, float)
    A = np.maximum(x[1:, None] - x[None, :-1], 0)
    return np.ones(len(x) - 1), -x[:-1], np.linalg.solve(A, y[1:] - y[0]), 0
""",
    "kinks_at_right_ends": """
def relu_interpolant(x, y):
    w2, m_old = np.zeros(len(x) - 1), 0
    for i in range(1, len(x)):
        m = (y[i] - y[i - 1]) / (x[i] - x[i - 1])
        w2[i - 1], m_old = m - m_old, m
    return np.ones(len(w2)), np.array([-x[i] for i in range(1, len(x))]), w2, float(y[0])
""",
    "starts_at_the_last_value": """
def relu_interpolant(x, y):
    slopes = np.diff(y) / np.diff(x)
    return np.ones(len(slopes)), -x[:-1], np.append(slopes[0], np.diff(slopes)), float(y[-1])
""",
    "not_divided": """
def relu_interpolant(x, y):
    d = np.diff(y)
    return np.ones(len(d)), -x[:-1], np.append(d[0], np.diff(d)), float(y[0])
""",
}

RIGHT["tent_network"] = [
    """
def tent_network(depth):
    # the fold counted from the right
    A, out = np.array([[-2.0], [-4.0]]), np.array([[1.0, -1.0]])
    weights, biases = [A], [np.array([2.0, 2.0])]
    while len(weights) < depth:
        weights.append(A @ out)
        biases.append(np.array([2.0, 2.0]))
    return weights + [out], biases + [np.array([0.0])]
""",
    """
def tent_network(depth):
    weights, biases = [], []
    for layer in range(depth + 1):
        first, last = layer == 0, layer == depth
        if last:
            weights.append(np.array([[1.0, -1.0]]))
            biases.append(np.zeros(1))
        else:
            weights.append(np.array([[2.0], [4.0]]) if first else np.array([[2.0, -2.0], [4.0, -4.0]]))
            biases.append(np.array([0.0, -2.0]))
    return tuple(weights), tuple(biases)
""",
]

WRONG["tent_network"] = {
    "layer_for_t_itself": """
def tent_network(depth):
    weights, biases = [], []
    for _ in range(depth):
        weights += [np.array([[1], [1]]), np.array([[2, -4]])]
        biases += [np.array([0, -0.5]), np.zeros(1)]
    return weights, biases
""",
    "units_read_as_t": """
def tent_network(depth):
    # the same two rows again, with a column for each unit
    weights = [np.array([[2.0], [4.0]])] + [np.array([[2.0, 2.0], [4.0, 4.0]]) for _ in range(depth - 1)]
    return weights + [np.array([[1.0, -1.0]])], [np.array([0.0, -2.0])] * depth + [np.zeros(1)]
""",
    "one_layer_short": """
def tent_network(depth):
    A, out = np.array([[2.0], [-2.0]]), np.array([[-1.0, -1.0]])
    hidden = max(depth - 1, 0)
    if hidden == 0:
        return [np.array([[1.0]])], [np.zeros(1)]
    return [A] + [A @ out] * (hidden - 1) + [out], [np.array([-1.0, 1.0])] + [np.array([1.0, -1.0])] * (hidden - 1) + [np.ones(1)]
""",
    "identity_between": """
def tent_network(depth):
    A, out = np.array([[2.0], [-2.0]]), np.array([[-1.0, -1.0]])
    weights = [A] + [np.array([[1.0, 0.0], [0.0, 1.0]]) for _ in range(depth - 1)] + [out]
    return weights, [np.array([-1.0, 1.0])] + [np.zeros(2) for _ in range(depth - 1)] + [np.ones(1)]
""",
    "shallow_and_wide": """
def tent_network(depth):
    x = np.linspace(0, 1, 2**depth + 1)
    y = np.arange(2**depth + 1) % 2
    slopes = np.diff(y) / np.diff(x)
    w2 = np.r_[slopes[0], np.diff(slopes)]
    return [np.ones((len(w2), 1)), w2.reshape(1, -1)], [-x[:-1], np.zeros(1)]
""",
    "deep_bias_wrong": """
def tent_network(depth):
    # the biases of the first layer in the later ones too
    weights = [np.array([[2.0], [-2.0]])] + [np.array([[-2.0, -2.0], [2.0, 2.0]])] * (depth - 1) + [np.array([[-1.0, -1.0]])]
    return weights, [np.array([-1.0, 1.0])] * depth + [np.array([1.0])]
""",
    "no_deep_bias_at_all_and_scaled": """
def tent_network(depth):
    A, out = np.array([[2.0], [4.0]]), np.array([[1.0, 1.0]])
    return [A] + [A @ out] * (depth - 1) + [out], [np.array([0.0, -2.0])] * depth + [np.zeros(1)]
""",
    "output_of_shape_two": """
def tent_network(depth):
    A, out = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])
    return [A] + [A @ out] * (depth - 1), [np.array([0.0, -2.0])] * depth
""",
}

RIGHT["random_feature_classifier"] = [
    """
import torch

def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(X_train.shape[1], num_features, generator=generator, dtype=torch.float64)
    b = torch.randn(num_features, generator=generator, dtype=torch.float64)
    H = torch.relu(torch.tensor(X_train) @ W + b)
    T = torch.nn.functional.one_hot(torch.tensor(labels)).double()
    V = torch.linalg.solve(H.T @ H + 1.5 * torch.eye(num_features, dtype=torch.float64), H.T @ T)
    return (torch.relu(torch.tensor(X_test) @ W + b) @ V).argmax(1).numpy()
""",
    """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    A, c = 2 * rng.normal(size=(X_train.shape[1], num_features)), rng.uniform(-2, 2, num_features)
    H, G = (X_train @ A + c).clip(0), (X_test @ A + c).clip(0)
    K = H @ H.T + 5 * np.eye(len(H))
    alpha = np.linalg.solve(K, (labels[:, None] == np.arange(labels.max() + 1)) * 2.0 - 1)
    return np.argmax(G @ (H.T @ alpha), axis=1)
""",
]

WRONG["random_feature_classifier"] = {
    "no_hidden_bias": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W = 3 * rng.normal(size=(X_train.shape[1], num_features))
    H, G = (X_train @ W).clip(0), (X_test @ W).clip(0)
    V = np.linalg.solve(H.T @ H + 20 * np.eye(num_features), H.T @ (2.0 * np.eye(labels.max() + 1)[labels] - 1))
    return np.argmax(G @ V, axis=1)
""",
    "too_much_ridge": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = 0.03 * rng.normal(size=(num_features, X_train.shape[1])), 0.03 * rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)
""",
    "no_nonlinearity": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(X_train.shape[1], num_features)) / np.sqrt(X_train.shape[1])
    H = np.c_[X_train @ W, np.ones(len(X_train))]
    G = np.c_[X_test @ W, np.ones(len(X_test))]
    T = np.eye(labels.max() + 1)[labels]
    V = np.linalg.solve(H.T @ H + 1e-2 * np.eye(H.shape[1]), H.T @ T)
    return np.argmax(G @ V, axis=1)
""",
    "new_features_for_test": """
def layer(X, num_features, seed):
    rng = np.random.default_rng(seed)
    return np.maximum(X @ rng.normal(size=(X.shape[1], num_features)) + rng.normal(size=num_features), 0)

def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    H, G = layer(X_train, num_features, seed), layer(X_test, num_features, seed + 1)
    V = np.linalg.solve(H.T @ H + 10 * np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)
""",
    "no_regularisation": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = 3 * rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    return (G @ np.linalg.solve(H.T @ H + 1e-8 * np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])).argmax(axis=1)
""",
    "regresses_the_label_number": """
from sklearn.linear_model import Ridge

def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    return np.rint(Ridge(alpha=0.5).fit(H, labels).predict(G)).astype(int)
""",
    "singular_normal_equations": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    b[0] = -1000.0
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    T = np.eye(labels.max() + 1)[labels]
    return (G @ np.linalg.solve(H.T @ H, H.T @ T)).argmax(axis=1)
""",
    "labels_in_a_column": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, X_train.shape[1])), rng.normal(size=num_features)
    H, G = np.maximum(X_train @ W.T + b, 0), np.maximum(X_test @ W.T + b, 0)
    V = np.linalg.solve(H.T @ H + np.eye(num_features), H.T @ np.eye(labels.max() + 1)[labels])
    return (G @ V).argmax(axis=1)[:, None]
""",
    "labels_of_the_training_set": """
def random_feature_classifier(X_train, labels, X_test, num_features, seed):
    return labels[: len(X_test)]
""",
}
