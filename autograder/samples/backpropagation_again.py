"""More answers to lecture 04, in other styles: two right ones an exercise and every catalogued mistake once more."""

RIGHT = {}
WRONG = {}

RIGHT["logistic_squares_backward"] = [
    """
def logistic_squares_backward(x, t, w, b, lam):
    z = float(w) * float(x) + float(b)
    y = np.exp(-np.logaddexp(0.0, -z))
    slope = np.exp(-np.logaddexp(0.0, -z) - np.logaddexp(0.0, z))
    e = y - t
    return e * e / 2 + lam * w * w / 2, e * slope * x + lam * w, e * slope
""",
    """
class Unit:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        z = np.array([self.w * x + self.b], dtype=float)
        self.y = np.where(z > 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))[0]
        return self.y

    def backward(self, y_bar):
        z_bar = y_bar * self.y * (1 - self.y)
        return z_bar * self.x, z_bar

def logistic_squares_backward(x, t, w, b, lam):
    unit = Unit(w, b)
    y = unit.forward(x)
    dw, db = unit.backward(y - t)
    return (y - t) ** 2 / 2 + lam * w ** 2 / 2, dw + lam * w, db
""",
]

WRONG["logistic_squares_backward"] = {
    "regulariser_path_missing": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 0.5 * (1 + np.tanh((w * x + b) / 2))
    L = (y - t) ** 2 / 2
    db = (y - t) * y * (1 - y)
    dw = x * db
    return L, dw, db
""",
    "logistic_derivative_missing": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 0.5 * (1 + np.tanh((w * x + b) / 2))
    error = y - t
    return 0.5 * error ** 2 + lam / 2 * w ** 2, error * x + lam * w, error
""",
    "derivative_at_z": """
def dsigmoid(z):
    return z * (1 - z)

def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    y = 0.5 * (1 + np.tanh(z / 2))
    return (y - t) ** 2 / 2 + lam * w ** 2 / 2, (y - t) * dsigmoid(z) * x + lam * w, (y - t) * dsigmoid(z)
""",
    "overflows": """
def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    e = np.exp(z)
    y = e / (e + 1)
    g = (y - t) * y * (1 - y)
    return (y - t) ** 2 / 2 + lam * w ** 2 / 2, g * x + lam * w, g
""",
    "penalty_not_in_loss": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 0.5 * (1 + np.tanh((w * x + b) / 2))
    L = (y - t) ** 2 / 2
    db = (y - t) * y * (1 - y)
    dw = x * db
    dw += lam * w
    return L, dw, db
""",
    "loss_penalty_doubled": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 0.5 * (1 + np.tanh((w * x + b) / 2))
    R = w * w
    error = y - t
    return error ** 2 / 2 + lam * R, error * y * (1 - y) * x + lam * w, error * y * (1 - y)
""",
    "derivatives_swapped": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 0.5 * (1 + np.tanh((w * x + b) / 2))
    error = y - t
    slope = y * (1 - y)
    return [error * slope * x + lam * w, error * slope, 0.5 * error ** 2 + lam / 2 * w ** 2]
""",
}

RIGHT["linear_backward"] = [
    """
def linear_backward(X, W, dY):
    db = np.ones((1, len(dY))) @ dY
    return (W.T @ dY.T).T, (X.T @ dY).T, db[0]
""",
    """
def linear_backward(X, W, dY):
    dX = (dY[:, :, None] * W[None]).sum(axis=1)
    dW = (dY[:, :, None] * X[:, None, :]).sum(axis=0)
    db = np.add.reduce(dY)
    return [dX, dW, db]
""",
]

WRONG["linear_backward"] = {
    "weight_gradient_transposed": """
def linear_backward(X, W, dY):
    dW = np.einsum("nd,nk->dk", X, dY)
    return dY.dot(W), dW, dY.sum(axis=0)
""",
    "averaged_over_batch": """
def linear_backward(X, W, dY):
    dY = dY / X.shape[0]
    return dY @ W, dY.T @ X, dY.sum(axis=0)
""",
    "bias_gradient_per_example": """
def linear_backward(X, W, dY):
    return np.matmul(dY, W), np.matmul(dY.T, X), dY.copy()
""",
    "input_gradient_transposed": """
def linear_backward(X, W, dY):
    N, K = dY.shape
    dX = np.einsum("nk,dk->nd", dY, W)
    return dX, dY.T @ X, dY.sum(0)
""",
    "order_of_results": """
def linear_backward(X, W, dY):
    dW = np.einsum("nk,nd->kd", dY, X)
    db = np.einsum("nk->k", dY)
    return dW, db, dY @ W
""",
}

RIGHT["softmax_backward"] = [
    """
def softmax_backward(Z, dY):
    Z = np.asarray(Z, dtype=float)
    log_y = Z - np.max(Z, axis=-1, keepdims=True)
    log_y = log_y - np.log(np.exp(log_y).sum(axis=-1, keepdims=True))
    Y = np.exp(log_y)
    J = Y[..., :, None] * (np.eye(Z.shape[-1]) - Y[..., None, :])
    return np.einsum("...ij,...i->...j", J, dY)
""",
    """
def softmax_backward(Z, dY):
    dZ = np.zeros(Z.shape)
    for place in np.ndindex(Z.shape[:-1]):
        z, dy = Z[place], dY[place]
        y = np.exp(z - max(z))
        y = y / sum(y)
        dZ[place] = y * (dy - np.dot(y, dy))
    return dZ
""",
]

WRONG["softmax_backward"] = {
    "diagonal_only": """
from scipy.special import softmax

def softmax_backward(Z, dY):
    Y = softmax(Z, axis=-1)
    return (Y - Y ** 2) * dY
""",
    "sum_over_batch": """
from scipy.special import softmax

def softmax_backward(Z, dY):
    Y = softmax(Z, axis=-1)
    return Y * dY - Y * np.sum(Y * dY, axis=0)
""",
    "cross_entropy_shortcut": """
import torch

def softmax_backward(Z, dY):
    p = torch.softmax(torch.tensor(np.asarray(Z, dtype=float)), dim=-1).numpy()
    return p - dY
""",
    "overflow": """
def softmax_backward(Z, dY):
    E = np.exp(Z)
    S = E.sum(axis=-1, keepdims=True)
    return E / S * dY - E * (E * dY).sum(axis=-1, keepdims=True) / S ** 2
""",
    "plain_mean": """
def softmax_backward(Z, dY):
    Y = np.exp(Z - Z.max(-1, keepdims=True))
    Y /= Y.sum(-1, keepdims=True)
    K = Z.shape[-1]
    return Y * dY - Y * dY.sum(-1, keepdims=True) / K
""",
    "inner_product_added": """
def softmax_backward(Z, dY):
    Y = np.exp(Z - Z.max(-1, keepdims=True))
    Y /= Y.sum(-1, keepdims=True)
    inner = np.einsum("...k,...k->...", Y, dY)[..., None]
    return Y * (inner + dY)
""",
    "logits_for_probabilities": """
def softmax_backward(Z, dY):
    Z = np.array(Z, dtype=float)
    return Z * dY - Z * np.einsum("...k,...k->...", Z, dY)[..., None]
""",
    "second_axis": """
from scipy.special import softmax

def softmax_backward(Z, dY):
    Y = softmax(Z, axis=-1)
    return Y * (dY - np.sum(Y * dY, axis=1, keepdims=True))
""",
    "one_jacobian_for_a_batch": """
def softmax_backward(Z, dY):
    e = np.exp(Z - np.max(Z))
    y = e / np.sum(e)
    return (np.diag(y) - np.outer(y, y)) @ dY
""",
}

RIGHT["graph_backward"] = [
    """
def graph_backward(n, edges):
    incoming = {j: [] for j in range(n)}
    for i, j, d in edges:
        incoming[j].append((i, d))
    bar = {n - 1: 1.0}
    for j in sorted(incoming, reverse=True):
        for i, d in incoming[j]:
            bar[i] = bar.get(i, 0.0) + d * bar.get(j, 0.0)
    return np.array([bar.get(i, 0.0) for i in range(n)])
""",
    """
def graph_backward(n, edges):
    # the Neumann series, one power for each length of a path
    A = np.zeros((n, n))
    for i, j, d in edges:
        A[i, j] += d
    message = np.zeros(n)
    message[n - 1] = 1.0
    total = message.copy()
    for _ in range(n):
        message = A @ message
        total += message
    return total
""",
]

WRONG["graph_backward"] = {
    "overwrites_at_fan_out": """
def graph_backward(n, edges):
    bar = {i: 0.0 for i in range(n)}
    bar[n - 1] = 1.0
    for i, j, d in sorted(edges, key=lambda e: e[0], reverse=True):
        bar[i] = bar[j] * d
    return np.array([bar[i] for i in range(n)])
""",
    "edges_in_given_order": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    bar[n - 1] = 1.0
    for k in range(len(edges) - 1, -1, -1):
        i, j, d = edges[k]
        bar[i] = bar[i] + bar[j] * d
    return list(bar)
""",
    "forward_direction": """
def graph_backward(n, edges):
    J = np.zeros((n, n))
    for i, j, d in edges:
        J[j, i] += d
    e = np.zeros(n)
    e[0] = 1
    return np.linalg.solve(np.eye(n) - J, e)
""",
    "all_paths_enumerated": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    stack = [(n - 1, 1.0)]
    while stack:
        node, value = stack.pop()
        bar[node] += value
        for i, j, d in edges:
            if j == node:
                stack.append((i, value * d))
    return bar
""",
    "whole_numbers_only": """
def graph_backward(n, edges):
    bar = np.array([0] * n)
    bar[-1] = 1
    for node in reversed(range(n)):
        for i, j, d in edges:
            if j == node:
                bar[i] = bar[i] + d * bar[j]
    return bar
""",
}

RIGHT["numerical_gradient"] = [
    """
def numerical_gradient(f, x, h=1e-5):
    x = np.asarray(x, dtype=np.float64)
    gradient = np.full(x.shape, np.nan)
    for index, _ in np.ndenumerate(x):
        def shifted(s):
            y = np.array(x)
            y[index] = y[index] + s
            return f(y)
        gradient[index] = (shifted(+h) - shifted(-h)) / (h + h)
    return gradient
""",
    """
def numerical_gradient(f, x, h=1e-5):
    shape, n = np.shape(x), np.size(x)
    start = np.reshape(x, n).astype(np.float64)
    ahead, behind = start + h * np.eye(n), start - h * np.eye(n)
    values = [f(a.reshape(shape)) - f(b.reshape(shape)) for a, b in zip(ahead, behind)]
    return np.reshape(values, shape) / (2 * h)
""",
]

WRONG["numerical_gradient"] = {
    "one_sided": """
def numerical_gradient(f, x, h=1e-5):
    shape, n = np.shape(x), np.size(x)
    start = np.reshape(x, n).astype(np.float64)
    here = f(start.reshape(shape))
    return np.reshape([(f((start + h * e).reshape(shape)) - here) / h for e in np.eye(n)], shape)
""",
    "divides_by_h": """
def numerical_gradient(f, x, h=1e-5):
    shape, n = np.shape(x), np.size(x)
    start = np.reshape(x, n).astype(np.float64)
    slopes = [(f((start + h * e).reshape(shape)) - f((start - h * e).reshape(shape))) / h for e in np.eye(n)]
    return np.reshape(slopes, shape)
""",
    "ravel_copy": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=np.float64)
    view = x.flatten()
    grad = np.zeros(len(view))
    for k in range(len(view)):
        view[k] += h
        up = f(x)
        view[k] -= 2 * h
        down = f(x)
        view[k] += h
        grad[k] = (up - down) / (2 * h)
    return grad.reshape(x.shape)
""",
    "integer_step_lost": """
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] = above[i] + h
        below[i] = below[i] - h
        grad[i] = (f(above) - f(below)) / (2 * h)
    return grad
""",
    "not_restored": """
def numerical_gradient(f, x, h=1e-5):
    up, down = x.astype(float), x.astype(float)
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad
""",
    "step_hard_coded": """
def numerical_gradient(f, x, h=1e-5):
    h = 1e-6
    x = np.asarray(x, dtype=float)
    g = np.empty(x.shape)
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        g.flat[k] = (f(x + e) - f(x - e)) / (2 * h)
    return g
""",
    "rows_move_together": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    g = np.zeros_like(x)
    for i in range(x.shape[0]):
        old = x[i]
        x[i] = old + h
        above = f(x)
        x[i] = old - h
        below = f(x)
        x[i] = old
        g[i] = (above - below) / (2 * h)
    return g
""",
}

RIGHT["mlp_loss_and_gradients"] = [
    """
class Linear:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W.T + self.b

    def backward(self, d):
        self.dW, self.db = d.T @ self.x, d.sum(axis=0)
        return d @ self.W

class ReLU:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on

def mlp_loss_and_gradients(X, labels, weights, biases):
    stack = []
    for W, b in zip(weights, biases):
        stack += [Linear(W, b), ReLU()]
    stack.pop()
    h = X
    for part in stack:
        h = part.forward(h)
    h = h - h.max(axis=1)[:, None]
    log_sum = np.log(np.exp(h).sum(axis=1))[:, None]
    rows = np.arange(len(X))
    loss = (log_sum[:, 0] - h[rows, labels]).mean()
    d = np.exp(h - log_sum)
    d[rows, labels] -= 1
    d /= len(X)
    for part in reversed(stack):
        d = part.backward(d)
    return loss, [p.dW for p in stack[::2]], [p.db for p in stack[::2]]
""",
    """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    h = np.asarray(X, dtype=float).T  # examples in columns
    hs = []
    for l in range(len(weights)):
        hs.append(h)
        z = weights[l] @ h + biases[l].reshape(-1, 1)
        h = z if l == len(weights) - 1 else np.clip(z, 0, None)
    log_p = log_softmax(z, axis=0)
    T = (np.arange(len(z))[:, None] == labels).astype(float)
    d = (np.exp(log_p) - T) / T.shape[1]
    dW, db = {}, {}
    for l in range(len(weights))[::-1]:
        dW[l], db[l] = d @ hs[l].T, d.sum(axis=1)
        d = np.where(hs[l] > 0, weights[l].T @ d, 0.0)
    L = range(len(weights))
    return -np.sum(T * log_p) / T.shape[1], [dW[l] for l in L], [db[l] for l in L]
""",
]

WRONG["mlp_loss_and_gradients"] = {
    "relu_derivative_missing": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "relu_mask_of_message": """
from scipy.special import log_softmax

def relu(z):
    return np.maximum(z, 0)

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [relu(hs[-1] @ W.T + b)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = relu(d @ W) * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "gradient_not_averaged": """
import torch
import torch.nn.functional as F

def mlp_loss_and_gradients(X, labels, weights, biases):
    W = [torch.tensor(np.asarray(w, dtype=np.float64), requires_grad=True) for w in weights]
    B = [torch.tensor(np.asarray(b, dtype=np.float64), requires_grad=True) for b in biases]
    h = torch.tensor(np.asarray(X, dtype=np.float64))
    for i, (w, b) in enumerate(zip(W, B)):
        h = F.linear(h, w, b)
        h = F.relu(h) if i < len(W) - 1 else h
    loss = F.cross_entropy(h, torch.tensor(labels), reduction="sum")
    loss.backward()
    return loss.item() / len(X), [w.grad.numpy() for w in W], [b.grad.numpy() for b in B]
""",
    "relu_on_logits": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    h = [X]
    for W, b in zip(weights, biases):
        h.append(np.maximum(h[-1] @ W.T + b, 0))
    log_p = log_softmax(h[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.insert(0, d.T @ h[l])
        db.insert(0, d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "unstable_softmax": """
def mlp_loss_and_gradients(X, labels, weights, biases):
    h = [X]
    for W, b in zip(weights, biases):
        z = h[-1] @ W.T + b
        h.append(np.maximum(z, 0))
    rows = np.arange(len(X))
    loss = np.mean(np.log(np.exp(z).sum(axis=1)) - z[rows, labels])
    d = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    d[rows, labels] -= 1
    d = d / len(X)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.insert(0, d.T @ h[l])
        db.insert(0, d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return loss, dW, db
""",
    "derivative_one_at_zero": """
import torch
import torch.nn.functional as F

def mlp_loss_and_gradients(X, labels, weights, biases):
    W = [torch.tensor(np.asarray(w, dtype=np.float64), requires_grad=True) for w in weights]
    B = [torch.tensor(np.asarray(b, dtype=np.float64), requires_grad=True) for b in biases]
    h = torch.tensor(np.asarray(X, dtype=np.float64))
    for i, (w, b) in enumerate(zip(W, B)):
        h = h @ w.T + b
        if i < len(W) - 1:
            h = h * (h >= 0)
    loss = F.cross_entropy(h, torch.tensor(labels))
    loss.backward()
    return loss.item(), [w.grad.numpy() for w in W], [b.grad.numpy() for b in B]
""",
    "before_the_nonlinearity": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs, zs = [X], [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        zs += [hs[-1] @ W.T + b]
        hs += [np.maximum(zs[-1], 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for z, h, W in zip(zs[::-1], hs[::-1], weights[::-1]):
        dW, db = [d.T @ z] + dW, [d.sum(0)] + db
        d = d @ W * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "one_subtracted_from_all_rows": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = np.exp(log_p)
    for label in set(labels.tolist()):
        d[:, label] -= 1
    d = d / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "first_layer_left_out": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [np.zeros(W.shape) for W in weights], [np.zeros(b.shape) for b in biases]
    for l in range(len(weights) - 1, 0, -1):
        dW[l], db[l] = d.T @ hs[l], d.sum(0)
        d = d @ weights[l] * (hs[l] > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "last_layer_first": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = dW + [d.T @ h], db + [d.sum(0)]
        d = d @ W * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "loss_summed": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = np.exp(log_p) - T
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W * (h > 0)
    return -np.sum(T * log_p), dW, db
""",
    "relu_on_inputs": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [np.where(X > 0, X, 0)]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "no_nonlinearity": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [hs[-1] @ W.T + b]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W
    return -np.sum(T * log_p) / len(X), dW, db
""",
    "probability_in_a_denominator": """
from scipy.special import log_softmax

def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs += [np.maximum(hs[-1] @ W.T + b, 0)]
    log_p = log_softmax(hs[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    p = np.exp(log_p)
    dp = -T / p / len(X)
    d = np.array([(np.diag(q) - np.outer(q, q)) @ g for q, g in zip(p, dp)])
    dW, db = [], []
    for h, W in zip(hs[::-1], weights[::-1]):
        dW, db = [d.T @ h] + dW, [d.sum(0)] + db
        d = d @ W * (h > 0)
    return -np.sum(T * log_p) / len(X), dW, db
""",
}

_TORCH = """
import torch
import torch.nn.functional as F

def loss_of(X, labels, parameters):
    h = X
    for i in range(0, len(parameters), 2):
        h = F.linear(h if i == 0 else h.relu(), parameters[i], parameters[i + 1])
    return F.cross_entropy(h, labels)
"""

RIGHT["train_mlp"] = [
    _TORCH
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    X, labels = torch.tensor(X).double(), torch.tensor(labels)
    parameters = [torch.tensor(p).double() for pair in zip(weights, biases) for p in pair]
    losses = []
    for batch in batches:
        parameters = [p.detach().requires_grad_() for p in parameters]
        loss = loss_of(X[batch], labels[batch], parameters)
        losses.append(float(loss))
        gradients = torch.autograd.grad(loss, parameters)
        parameters = [p - lr * g for p, g in zip(parameters, gradients)]
    plain = [p.detach().numpy() for p in parameters]
    return plain[::2], plain[1::2], np.array(losses)
""",
    """
from scipy.special import log_softmax

def one_step(X, labels, weights, biases, lr):
    h = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        h.append(np.maximum(h[-1] @ W.T + b, 0))
    log_p = log_softmax(h[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    new_w, new_b = [], []
    for l in range(len(weights) - 1, -1, -1):
        new_w.insert(0, weights[l] - lr * d.T @ h[l])
        new_b.insert(0, biases[l] - lr * d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return new_w, new_b, -np.sum(T * log_p) / len(X)

def train_mlp(X, labels, weights, biases, lr, batches):
    losses = np.empty(len(batches))
    for k, batch in enumerate(batches):
        weights, biases, losses[k] = one_step(X[batch], labels[batch], weights, biases, lr)
    return weights, biases, losses
""",
]

WRONG["train_mlp"] = {
    "changes_initial_weights": _TORCH
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    parameters = [torch.from_numpy(p).requires_grad_() for pair in zip(weights, biases) for p in pair]
    opt = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for batch in batches:
        opt.zero_grad()
        loss = loss_of(torch.tensor(X[batch]), torch.tensor(labels[batch]), parameters)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    plain = [p.detach().numpy() for p in parameters]
    return plain[::2], plain[1::2], np.array(losses)
""",
    "gradients_accumulate": """
from scipy.special import log_softmax

def train_mlp(X, labels, weights, biases, lr, batches):
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    dW, db = [0 * W for W in weights], [0 * b for b in biases]
    losses = []
    for batch in batches:
        h = [X[batch]]
        for W, b in zip(weights[:-1], biases[:-1]):
            h.append(np.maximum(h[-1] @ W.T + b, 0))
        log_p = log_softmax(h[-1] @ weights[-1].T + biases[-1], axis=1)
        T = np.eye(log_p.shape[1])[labels[batch]]
        losses.append(-np.sum(T * log_p) / len(batch))
        d = (np.exp(log_p) - T) / len(batch)
        for l in range(len(weights) - 1, -1, -1):
            dW[l] += d.T @ h[l]
            db[l] += d.sum(axis=0)
            d = d @ weights[l] * (h[l] > 0)
        for l in range(len(weights)):
            weights[l] -= lr * dW[l]
            biases[l] -= lr * db[l]
    return weights, biases, np.array(losses)
""",
    "full_batch_always": _TORCH
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    X, labels = torch.tensor(X).double(), torch.tensor(labels)
    parameters = [torch.tensor(p).double().requires_grad_() for pair in zip(weights, biases) for p in pair]
    opt = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for _ in range(len(batches)):
        opt.zero_grad()
        loss = loss_of(X, labels, parameters)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    plain = [p.detach().numpy() for p in parameters]
    return plain[::2], plain[1::2], np.array(losses)
""",
    "loss_after_update": _TORCH
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    X, labels = torch.tensor(X).double(), torch.tensor(labels)
    parameters = [torch.tensor(p).double().requires_grad_() for pair in zip(weights, biases) for p in pair]
    opt = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for batch in batches:
        opt.zero_grad()
        loss_of(X[batch], labels[batch], parameters).backward()
        opt.step()
        losses.append(loss_of(X[batch], labels[batch], parameters).item())
    plain = [p.detach().numpy() for p in parameters]
    return plain[::2], plain[1::2], losses
""",
    "first_layer_updated_before_backward": """
from scipy.special import log_softmax

def train_mlp(X, labels, weights, biases, lr, batches):
    W, B = [w.astype(float) for w in weights], [b.astype(float) for b in biases]
    losses = []
    for rows in batches:
        zs, hs = [], [X[rows]]
        for w, b in zip(W, B):
            zs.append(hs[-1] @ w.T + b)
            hs.append(zs[-1].clip(0))
        log_p = log_softmax(zs[-1], axis=1)
        T = np.eye(log_p.shape[1])[labels[rows]]
        losses.append(-(T * log_p).sum(axis=1).mean())
        message = (np.exp(log_p) - T) / len(rows)
        for l in reversed(range(len(W))):
            W[l] -= lr * (message.T @ hs[l])
            B[l] -= lr * message.sum(axis=0)
            if l > 0:
                message = (message @ W[l]) * (zs[l - 1] > 0)
    return W, B, np.array(losses)
""",
    "climbs": """
from scipy.special import log_softmax

def one_step(X, labels, weights, biases, lr):
    h = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        h.append(np.maximum(h[-1] @ W.T + b, 0))
    log_p = log_softmax(h[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    new_w, new_b = [], []
    for l in range(len(weights) - 1, -1, -1):
        new_w.insert(0, weights[l] + lr * d.T @ h[l])
        new_b.insert(0, biases[l] + lr * d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return new_w, new_b, -np.sum(T * log_p) / len(X)

def train_mlp(X, labels, weights, biases, lr, batches):
    losses = np.empty(len(batches))
    for k, batch in enumerate(batches):
        weights, biases, losses[k] = one_step(X[batch], labels[batch], weights, biases, lr)
    return weights, biases, losses
""",
    "divided_by_batch_size": """
from scipy.special import log_softmax

def one_step(X, labels, weights, biases, lr):
    h = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        h.append(np.maximum(h[-1] @ W.T + b, 0))
    log_p = log_softmax(h[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    new_w, new_b = [], []
    for l in range(len(weights) - 1, -1, -1):
        new_w.insert(0, weights[l] - lr * d.T @ h[l])
        new_b.insert(0, biases[l] - lr * d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return new_w, new_b, -np.sum(T * log_p) / len(X)

def train_mlp(X, labels, weights, biases, lr, batches):
    losses = np.empty(len(batches))
    for k, batch in enumerate(batches):
        weights, biases, losses[k] = one_step(X[batch], labels[batch], weights, biases, lr / len(batch))
    return weights, biases, losses
""",
    "gradients_at_the_start": """
from scipy.special import log_softmax

def one_step(X, labels, weights, biases, lr):
    h = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        h.append(np.maximum(h[-1] @ W.T + b, 0))
    log_p = log_softmax(h[-1] @ weights[-1].T + biases[-1], axis=1)
    T = np.eye(log_p.shape[1])[labels]
    d = (np.exp(log_p) - T) / len(X)
    new_w, new_b = [], []
    for l in range(len(weights) - 1, -1, -1):
        new_w.insert(0, weights[l] - lr * d.T @ h[l])
        new_b.insert(0, biases[l] - lr * d.sum(axis=0))
        d = d @ weights[l] * (h[l] > 0)
    return new_w, new_b, -np.sum(T * log_p) / len(X)

def train_mlp(X, labels, weights, biases, lr, batches):
    losses = np.empty(len(batches))
    reached = weights + biases
    for k, batch in enumerate(batches):
        losses[k] = one_step(X[batch], labels[batch], reached[: len(weights)], reached[len(weights) :], lr)[2]
        new_w, new_b, _ = one_step(X[batch], labels[batch], weights, biases, lr)
        reached = [p + (new - old) for p, new, old in zip(reached, new_w + new_b, weights + biases)]
    return reached[: len(weights)], reached[len(weights) :], losses
""",
}

RIGHT["hessian_vector_product"] = [
    """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    r = np.sqrt(np.dot(1.0 * v, 1.0 * v))
    if r == 0.0:
        return np.zeros_like(x, dtype=float)
    ends = [grad_fn(x + s * eps * (v / r)) for s in (1, -1)]
    return np.subtract(*ends) * r / (2 * eps)
""",
    """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    scale = np.linalg.norm(v) / eps
    w = v / scale if scale else np.zeros(len(v))
    return scale * (0.5 * grad_fn(x + w) - 0.5 * grad_fn(x - w))
""",
]

WRONG["hessian_vector_product"] = {
    "one_sided": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    return (grad_fn(x + eps * v) - grad_fn(x)) / eps
""",
    "direction_not_normalised": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    plus, minus = grad_fn(x + v * eps), grad_fn(x - v * eps)
    return 0.5 * (plus - minus) / eps
""",
    "zero_direction_nan": """
import math

def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    r = math.sqrt(sum(float(a) * float(a) for a in v))
    u = np.array([float(a) / r for a in v])
    return (grad_fn(x + eps * u) - grad_fn(x - eps * u)) * r / (2 * eps)
""",
    "length_lost": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    if not v.any():
        return np.zeros(x.shape)
    v = v / np.linalg.norm(v)
    return (grad_fn(x + eps * v) - grad_fn(x - eps * v)) / (2 * eps)
""",
    "whole_hessian_is_too_slow": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    here = grad_fn(x)
    H = np.array([(grad_fn(x + eps * e) - here) / eps for e in np.eye(len(x))])
    return v @ H
""",
    "length_squared": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    x, v = np.asarray(x, dtype=float), np.asarray(v, dtype=float)
    if not np.any(v):
        return 0 * x
    step = eps * v / np.sqrt(v @ v)
    return (v @ v) * (grad_fn(x + step) - grad_fn(x - step)) / (2 * eps)
""",
    "length_divided": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    x, v = np.asarray(x, dtype=float), np.asarray(v, dtype=float)
    if not np.any(v):
        return 0 * x
    step = eps * v / np.sqrt(v @ v)
    return (grad_fn(x + step) - grad_fn(x - step)) / (2 * eps) / np.sqrt(v @ v)
""",
    "distance_hard_coded": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    x, v = np.asarray(x, dtype=float), np.asarray(v, dtype=float)
    if not np.any(v):
        return 0 * x
    u = v / np.sqrt(v @ v)
    return (grad_fn(x + 1e-4 * u) - grad_fn(x - 1e-4 * u)) / 2e-4 * np.sqrt(v @ v)
""",
}
