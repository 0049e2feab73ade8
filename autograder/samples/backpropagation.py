"""Answers to lecture 04 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["logistic_squares_backward"] = [
    """
def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    y = 1 / (1 + np.exp(-z))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2
    y_bar = y - t
    z_bar = y_bar * y * (1 - y)
    w_bar = z_bar * x + lam * w
    b_bar = z_bar
    return loss, w_bar, b_bar
""",
    """
import math

def sigmoid(z):
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    e = math.exp(z)
    return e / (1 + e)

def logistic_squares_backward(x, t, w, b, lam):
    y = sigmoid(w * x + b)
    R = w * w / 2
    total = (y - t) ** 2 / 2 + lam * R
    total_bar = 1.0
    L_bar, R_bar = total_bar, total_bar * lam
    z_bar = L_bar * (y - t) * y * (1 - y)
    return [total, z_bar * x + R_bar * w, z_bar]
""",
    """
import torch

def logistic_squares_backward(x, t, w, b, lam):
    w = torch.tensor(float(w), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    loss = 0.5 * (torch.sigmoid(w * x + b) - t) ** 2 + 0.5 * lam * w ** 2
    loss.backward()
    return loss.item(), w.grad.item(), b.grad.item()
""",
    """
def logistic_squares_backward(x, t, w, b, lam):
    # tanh form
    a = np.tanh(0.5 * (w * x + b))
    y = 0.5 * (a + 1)
    slope = 0.25 * (1 - a ** 2)
    db = (y - t) * slope
    return np.float64((y - t) ** 2 / 2 + lam / 2 * w ** 2), np.array(x * db + lam * w), np.array(db)
""",
    """
from scipy.special import expit

def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    y, one_minus_y = expit(z), expit(-z)
    dz = (y - t) * y * one_minus_y
    return (y - t) ** 2 / 2 + lam * w ** 2 / 2, dz * x + lam * w, dz
""",
]

WRONG["logistic_squares_backward"] = {
    "regulariser_path_missing": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2
    dz = (y - t) * y * (1 - y)
    return loss, dz * x, dz
""",
    "logistic_derivative_missing": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2
    return loss, (y - t) * x + lam * w, y - t
""",
    "derivative_at_z": """
def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    y = 1 / (1 + np.exp(-z))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2
    dz = (y - t) * z * (1 - z)
    return loss, dz * x + lam * w, dz
""",
    "overflows": """
import math

def logistic_squares_backward(x, t, w, b, lam):
    z = w * x + b
    y = 1 / (1 + math.exp(-z))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2
    dz = (y - t) * y * (1 - y)
    return loss, dz * x + lam * w, dz
""",
    "regulariser_doubled": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    loss = 0.5 * (y - t) ** 2 + lam * w ** 2
    dz = (y - t) * y * (1 - y)
    return loss, dz * x + 2 * lam * w, dz
""",
    "bias_regularised": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    loss = 0.5 * (y - t) ** 2 + 0.5 * lam * (w ** 2 + b ** 2)
    dz = (y - t) * y * (1 - y)
    return loss, dz * x + lam * w, dz + lam * b
""",
    "clipped_pre_activation": """
def logistic_squares_backward(x, t, w, b, lam):
    z = min(max(w * x + b, -2), 2)
    y = 1 / (1 + np.exp(-z))
    dz = (y - t) * y * (1 - y)
    return 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2, dz * x + lam * w, dz
""",
    "two_results": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    dz = (y - t) * y * (1 - y)
    return dz * x + lam * w, dz
""",
    "tensors": """
import torch

def logistic_squares_backward(x, t, w, b, lam):
    w = torch.tensor(float(w), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    loss = 0.5 * (torch.sigmoid(w * x + b) - t) ** 2 + 0.5 * lam * w ** 2
    loss.backward()
    return loss, w.grad, b.grad
""",
    "penalty_not_in_loss": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    dz = (y - t) * y * (1 - y)
    return 0.5 * (y - t) ** 2, dz * x + lam * w, dz
""",
    "loss_penalty_doubled": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    dz = (y - t) * y * (1 - y)
    return 0.5 * (y - t) ** 2 + lam * w ** 2, dz * x + lam * w, dz
""",
    "derivatives_swapped": """
def logistic_squares_backward(x, t, w, b, lam):
    y = 1 / (1 + np.exp(-(w * x + b)))
    db = (y - t) * y * (1 - y)
    dw = db * x + lam * w
    return 0.5 * (y - t) ** 2 + 0.5 * lam * w ** 2, db, dw
""",
}

RIGHT["linear_backward"] = [
    """
def linear_backward(X, W, dY):
    dX = np.matmul(dY, W)
    dW = np.dot(dY.T, X)
    db = np.sum(dY, 0)
    return dX, dW, db
""",
    """
def linear_backward(X, W, dY):
    return np.einsum("nk,kd->nd", dY, W), np.einsum("nk,nd->kd", dY, X), np.einsum("nk->k", dY)
""",
    """
def linear_backward(X, W, dY):
    N, D = X.shape
    K = W.shape[0]
    dX, dW, db = np.zeros((N, D)), np.zeros((K, D)), np.zeros(K)
    for n in range(N):
        for k in range(K):
            db[k] += dY[n, k]
            for d in range(D):
                dX[n, d] += dY[n, k] * W[k, d]
                dW[k, d] += dY[n, k] * X[n, d]
    return dX, dW, db
""",
    """
import torch

def linear_backward(X, W, dY):
    X, W, dY = (torch.tensor(np.asarray(a, dtype=np.float64)) for a in (X, W, dY))
    X.requires_grad_()
    W.requires_grad_()
    b = torch.zeros(len(W), dtype=torch.float64, requires_grad=True)
    (X @ W.T + b).backward(dY)
    return X.grad.numpy(), W.grad.numpy(), b.grad.numpy()
""",
    """
def linear_backward(X, W, dY):
    # one example at a time, outer products
    dW = sum(np.outer(dy, x) for x, dy in zip(X, dY))
    return np.array([W.T @ dy for dy in dY]), dW, dY.T @ np.ones(len(dY))
""",
]

WRONG["linear_backward"] = {
    "weight_gradient_transposed": """
def linear_backward(X, W, dY):
    return dY @ W, X.T @ dY, dY.sum(0)
""",
    "averaged_over_batch": """
def linear_backward(X, W, dY):
    N = X.shape[0]
    return dY @ W, dY.T @ X / N, dY.mean(axis=0)
""",
    "bias_gradient_per_example": """
def linear_backward(X, W, dY):
    db = dY
    return dY @ W, dY.T @ X, db
""",
    "input_gradient_transposed": """
def linear_backward(X, W, dY):
    dX = np.dot(dY, W.T)
    dW = dY.T @ X
    return dX, dW, dY.sum(axis=0)
""",
    "bias_gradient_summed_over_outputs": """
def linear_backward(X, W, dY):
    return dY @ W, dY.T @ X, np.sum(dY, axis=1)
""",
    "bias_gradient_keeps_its_axis": """
def linear_backward(X, W, dY):
    return dY @ W, dY.T @ X, dY.sum(axis=0, keepdims=True)
""",
    "order_of_results": """
def linear_backward(X, W, dY):
    return dY.T @ X, dY.sum(axis=0), dY @ W
""",
    "first_example_only": """
def linear_backward(X, W, dY):
    return dY @ W, np.outer(dY[0], X[0]), dY[0]
""",
}

RIGHT["softmax_backward"] = [
    """
def softmax_backward(Z, dY):
    Z = Z - np.max(Z, axis=-1, keepdims=True)
    E = np.exp(Z)
    Y = E / np.sum(E, axis=-1, keepdims=True)
    inner = np.sum(Y * dY, axis=-1, keepdims=True)
    return Y * dY - Y * inner
""",
    """
def one(z, dy):
    e = np.exp(z - z.max())
    y = e / e.sum()
    J = np.diag(y) - np.outer(y, y)
    return J.T @ dy

def softmax_backward(Z, dY):
    rows = [one(z, dy) for z, dy in zip(Z.reshape(-1, Z.shape[-1]), dY.reshape(-1, Z.shape[-1]))]
    return np.array(rows).reshape(Z.shape)
""",
    """
import torch

def softmax_backward(Z, dY):
    Z = torch.tensor(np.asarray(Z), dtype=torch.float64, requires_grad=True)
    torch.softmax(Z, -1).backward(torch.tensor(np.asarray(dY), dtype=torch.float64))
    return Z.grad.numpy()
""",
    """
from scipy.special import softmax

def softmax_backward(Z, dY):
    Y = softmax(Z, axis=-1)
    return Y * (dY - np.einsum("...k,...k->...", Y, dY)[..., None])
""",
    """
def softmax_backward(Z, dY):
    if Z.ndim > 1:
        return np.stack([softmax_backward(z, dy) for z, dy in zip(Z, dY)])
    p = [1 / sum(np.exp(np.clip(other - z, None, 700)) for other in Z) for z in Z]
    mean = sum(a * b for a, b in zip(p, dY))
    return np.array([a * (b - mean) for a, b in zip(p, dY)])
""",
]

WRONG["softmax_backward"] = {
    "diagonal_only": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return dY * Y * (1 - Y)
""",
    "sum_over_batch": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return Y * (dY - np.sum(dY * Y))
""",
    "cross_entropy_shortcut": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return Y - dY
""",
    "overflow": """
def softmax_backward(Z, dY):
    Y = np.exp(Z) / np.exp(Z).sum(axis=-1, keepdims=True)
    return Y * (dY - (Y * dY).sum(axis=-1, keepdims=True))
""",
    "keepdims_forgotten": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    inner = (Y * dY).sum(-1)
    return Y * (dY - inner)
""",
    "shift_by_global_max": """
def softmax_backward(Z, dY):
    Y = np.exp(Z - np.max(Z))
    Y /= np.sum(Y, axis=-1, keepdims=True)
    return Y * (dY - np.sum(Y * dY, axis=-1, keepdims=True))
""",
    "own_probability_missing": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return dY - (Y * dY).sum(axis=-1, keepdims=True)
""",
    "softmax_over_the_first_axis": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=0))
    Y = E / E.sum(axis=0)
    return Y * (dY - (Y * dY).sum(axis=0))
""",
    "one_jacobian_for_a_batch": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max())
    Y = E / E.sum()
    return Y * (dY - Y @ dY)
""",
    "returns_the_softmax": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)
""",
    "plain_mean": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return Y * (dY - dY.mean(axis=-1, keepdims=True))
""",
    "inner_product_added": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    return Y * dY + Y * (Y * dY).sum(axis=-1, keepdims=True)
""",
    "logits_for_probabilities": """
def softmax_backward(Z, dY):
    inner = np.sum(Z * dY, axis=-1, keepdims=True)
    return Z * (dY - inner)
""",
    "second_axis": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    Y = E / E.sum(axis=1, keepdims=True)
    return Y * (dY - (Y * dY).sum(axis=1, keepdims=True))
""",
    "one jacobian, by np.diag": """
def softmax_backward(Z, dY):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    Y = E / E.sum(axis=-1, keepdims=True)
    J = np.diag(Y) - np.outer(Y, Y)
    return J.T @ dY
""",
}

RIGHT["graph_backward"] = [
    """
def graph_backward(n, edges):
    bar = [0.0] * n
    bar[n - 1] = 1.0
    for j in range(n - 1, -1, -1):
        for i, k, d in edges:
            if k == j:
                bar[i] += d * bar[j]
    return bar
""",
    """
def graph_backward(n, edges):
    J = np.zeros((n, n))
    for i, j, d in edges:
        J[j, i] += d
    e = np.zeros(n)
    e[-1] = 1
    return np.linalg.solve(np.eye(n) - J.T, e)
""",
    """
from collections import defaultdict

def graph_backward(n, edges):
    children = defaultdict(list)
    for i, j, d in edges:
        children[i].append((j, d))
    bar = np.zeros(n)
    bar[n - 1] = 1
    for i in reversed(range(n - 1)):
        bar[i] = sum(bar[j] * d for j, d in children[i])
    return bar
""",
    """
from functools import lru_cache

def graph_backward(n, edges):
    @lru_cache(None)
    def bar(i):
        if i == n - 1:
            return 1.0
        return sum(d * bar(j) for a, j, d in edges if a == i)
    return np.array([bar(i) for i in range(n)], dtype=float)
""",
    """
def graph_backward(n, edges):
    # forward mode, a run for each node
    order = sorted(edges)
    result = np.zeros(n)
    for start in range(n):
        v = np.zeros(n)
        v[start] = 1.0
        for i, j, d in order:
            if i >= start:
                v[j] += d * v[i]
        result[start] = v[n - 1]
    return result
""",
]

WRONG["graph_backward"] = {
    "overwrites_at_fan_out": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    bar[-1] = 1
    for j in range(n - 1, -1, -1):
        for i, k, d in edges:
            if k == j:
                bar[i] = d * bar[j]
    return bar
""",
    "edges_in_given_order": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    bar[-1] = 1
    for i, j, d in reversed(edges):
        bar[i] += d * bar[j]
    return bar
""",
    "forward_direction": """
def graph_backward(n, edges):
    grad = [0.0] * n
    grad[0] = 1.0
    for i in range(n):
        for a, j, d in edges:
            if a == i:
                grad[j] += grad[i] * d
    return grad
""",
    "all_paths_enumerated": """
def graph_backward(n, edges):
    def walk(i):
        if i == n - 1:
            return 1.0
        return sum(d * walk(j) for a, j, d in edges if a == i)
    return np.array([walk(i) for i in range(n)], dtype=float)
""",
    "parallel_edges_lost": """
def graph_backward(n, edges):
    J = np.zeros((n, n))
    for i, j, d in edges:
        J[j, i] = d
    bar = np.zeros(n)
    bar[-1] = 1
    for j in range(n - 1, -1, -1):
        bar += J[j] * bar[j]
    return bar
""",
    "ones_everywhere": """
def graph_backward(n, edges):
    return np.ones(n)
""",
    "adds_the_derivatives": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    bar[-1] = 1
    for i, j, d in sorted(edges, key=lambda e: -e[1]):
        bar[i] += d + bar[j]
    return bar
""",
    "empty_edges_break_it": """
def graph_backward(n, edges):
    table = np.array(sorted(edges, key=lambda e: -e[1]))
    bar = np.zeros(n)
    bar[-1] = 1
    for i, j, d in zip(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]):
        bar[i] += d * bar[j]
    return bar
""",
    "returns_none": """
def graph_backward(n, edges):
    bar = np.zeros(n)
    bar[-1] = 1
    for i, j, d in sorted(edges, key=lambda e: -e[1]):
        bar[i] += d * bar[j]
""",
    "whole_numbers_only": """
def graph_backward(n, edges):
    bar = np.zeros(n, dtype=int)
    bar[n - 1] = 1
    for i, j, d in sorted(edges, key=lambda e: -e[1]):
        bar[i] += d * bar[j]
    return bar
""",
}

RIGHT["numerical_gradient"] = [
    """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        i = it.multi_index
        xp, xm = x.copy(), x.copy()
        xp[i] += h
        xm[i] -= h
        grad[i] = (f(xp) - f(xm)) / (2 * h)
        it.iternext()
    return grad
""",
    """
def numerical_gradient(f, x, h=1e-5):
    x = np.asarray(x).astype(np.float64)
    slopes = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        slopes.append((f(x + e) - f(x - e)) / h / 2)
    return np.array(slopes).reshape(x.shape)
""",
    """
def numerical_gradient(f, x, h=1e-5):
    base = np.array(x, dtype=np.float64, order="C")
    flat = base.reshape(-1)
    out = np.empty(flat.size)
    for k in range(flat.size):
        keep = flat[k]
        flat[k] = keep + h
        up = f(base)
        flat[k] = keep - h
        down = f(base)
        flat[k] = keep
        out[k] = (up - down) / (2.0 * h)
    return out.reshape(np.shape(x))
""",
    """
def numerical_gradient(f, x, h=1e-5):
    def slope(index):
        step = np.zeros(x.shape)
        step[index] = h
        return (f(np.float64(x) + step) - f(np.float64(x) - step)) / (2 * h)
    g = np.empty(x.shape)
    for index in np.ndindex(*x.shape):
        g[index] = slope(index)
    return g
""",
    """
def numerical_gradient(f, x, h=1e-5):
    z = x.astype("float64").copy()
    g = np.zeros(z.shape)
    for k in range(z.size):
        old = z.flat[k]
        z.flat[k] = old + h
        g.flat[k] = f(z)
        z.flat[k] = old - h
        g.flat[k] -= f(z)
        z.flat[k] = old
    return g / (2 * h)
""",
]

WRONG["numerical_gradient"] = {
    "one_sided": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    fx = f(x)
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        grad[i] = (f(x) - fx) / h
        x[i] = old
    return grad
""",
    "divides_by_h": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = h
        grad[i] = (f(x + e) - f(x - e)) / h
    return grad
""",
    "ravel_copy": """
def numerical_gradient(f, x, h=1e-5):
    x = x.astype(float)
    flat = x.ravel()
    grad = np.zeros(flat.size)
    for k in range(flat.size):
        old = flat[k]
        flat[k] = old + h
        a = f(x)
        flat[k] = old - h
        b = f(x)
        flat[k] = old
        grad[k] = (a - b) / (2 * h)
    return grad.reshape(x.shape)
""",
    "integer_step_lost": """
def numerical_gradient(f, x, h=1e-5):
    x = x.copy()
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += h
        a = f(x)
        x[i] -= 2 * h
        b = f(x)
        x[i] += h
        grad[i] = (a - b) / (2 * h)
    return grad
""",
    "not_restored": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += h
        a = f(x)
        x[i] -= 2 * h
        b = f(x)
        grad[i] = (a - b) / (2 * h)
    return grad
""",
    "narrow_step": """
def numerical_gradient(f, x, h=1e-5):
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = 1
        grad[i] = (f(x + h * e) - f(x - h * e)) / (2 * h)
    return grad
""",
    "half_a_step": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = h / 2
        grad[i] = (f(x + e) - f(x - e)) / h
    return grad
""",
    "all_coordinates_at_once": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    return (f(x + h) - f(x - h)) / (2 * h)
""",
    "writes_into_x": """
def numerical_gradient(f, x, h=1e-5):
    if x.dtype != np.float64:
        x = x.astype(np.float64)
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        a = f(x)
        x[i] = old - h
        b = f(x)
        x[i] = 0
        grad[i] = (a - b) / (2 * h)
        x[i] = old
    x[...] = 0
    return grad
""",
    "vectors_only": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros(len(x))
    for i in range(len(x)):
        e = np.zeros(len(x))
        e[i] = h
        grad[i] = (f(x + e) - f(x - e)) / (2 * h)
    return grad
""",
    "calls_f_with_a_flat_array": """
def numerical_gradient(f, x, h=1e-5):
    flat = np.array(x, dtype=float).flatten()
    grad = np.zeros(flat.size)
    for k in range(flat.size):
        e = np.zeros(flat.size)
        e[k] = h
        grad[k] = (f(flat + e) - f(flat - e)) / (2 * h)
    return grad.reshape(x.shape)
""",
    "step_hard_coded": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    g = np.zeros(x.shape)
    eps = 1e-5
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (f(up) - f(down)) / (2 * eps)
    return g
""",
    "rows_move_together": """
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    g = np.zeros(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        g[i] = (f(up) - f(down)) / (2 * h)
    return g
""",
}

RIGHT["mlp_loss_and_gradients"] = [
    """
def mlp_loss_and_gradients(X, labels, weights, biases):
    N, L = len(X), len(weights)
    h, z = [np.asarray(X, dtype=float)], []
    for l in range(L):
        z.append(h[l] @ weights[l].T + biases[l])
        h.append(np.maximum(0, z[l]) if l < L - 1 else z[l])
    logits = z[-1] - z[-1].max(axis=1, keepdims=True)
    P = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(N), labels])
    dz = P.copy()
    dz[np.arange(N), labels] -= 1
    dz = dz / N
    dW, db = [None] * L, [None] * L
    for l in reversed(range(L)):
        dW[l] = dz.T @ h[l]
        db[l] = dz.sum(axis=0)
        if l > 0:
            dz = (dz @ weights[l]) * (z[l - 1] > 0)
    return loss, dW, db
""",
    """
import torch
import torch.nn.functional as F

def mlp_loss_and_gradients(X, labels, weights, biases):
    W = [torch.tensor(np.asarray(w, dtype=np.float64), requires_grad=True) for w in weights]
    B = [torch.tensor(np.asarray(b, dtype=np.float64), requires_grad=True) for b in biases]
    h = torch.tensor(np.asarray(X, dtype=np.float64))
    for i, (w, b) in enumerate(zip(W, B)):
        h = h @ w.T + b
        if i < len(W) - 1:
            h = torch.relu(h)
    loss = F.cross_entropy(h, torch.tensor(labels))
    loss.backward()
    return loss.item(), [w.grad.numpy() for w in W], [b.grad.numpy() for b in B]
""",
    """
from scipy.special import logsumexp

def mlp_loss_and_gradients(X, labels, weights, biases):
    # one example after the other
    dweights = [np.zeros(W.shape) for W in weights]
    dbiases = [np.zeros(b.shape) for b in biases]
    loss = 0.0
    for x, label in zip(X, labels):
        hs = [x]
        for W, b in zip(weights[:-1], biases[:-1]):
            hs.append(np.maximum(W @ hs[-1] + b, 0))
        logits = weights[-1] @ hs[-1] + biases[-1]
        loss += logsumexp(logits) - logits[label]
        d = np.exp(logits - logsumexp(logits))
        d[label] -= 1
        for l in range(len(weights) - 1, -1, -1):
            dweights[l] += np.outer(d, hs[l])
            dbiases[l] += d
            d = (weights[l].T @ d) * (hs[l] > 0)
    N = len(X)
    return loss / N, [g / N for g in dweights], [g / N for g in dbiases]
""",
    """
def mlp_loss_and_gradients(X, labels, weights, biases):
    def run(h, l):
        # returns the loss, the gradients of layers l and later, and the message to h
        z = h @ weights[l].T + biases[l]
        if l == len(weights) - 1:
            z = z - z.max(1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
            T = np.eye(z.shape[1])[labels]
            loss, dws, dbs, dz = -(T * log_p).sum() / len(h), [], [], (np.exp(log_p) - T) / len(h)
        else:
            loss, dws, dbs, dh = run(np.where(z > 0, z, 0), l + 1)
            dz = np.where(z > 0, dh, 0)
        return loss, [np.einsum("nk,nd->kd", dz, h)] + dws, [dz.sum(0)] + dbs, dz @ weights[l]
    return run(X, 0)[:3]
""",
]

_FORWARD = """
def forward(X, weights, biases):
    zs, hs = [], [X]
    for W, b in zip(weights, biases):
        zs.append(hs[-1] @ W.T + b)
        hs.append(np.maximum(zs[-1], 0))
    return zs, hs
"""

_HEAD = """
def head(logits, labels):
    N = len(labels)
    logits = logits - logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    dz = np.exp(log_p)
    dz[np.arange(N), labels] -= 1
    return -log_p[np.arange(N), labels].mean(), dz / N
"""

WRONG["mlp_loss_and_gradients"] = {
    "relu_derivative_missing": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l]
    return loss, dW[::-1], db[::-1]
""",
    "relu_mask_of_message": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l]
        dz[dz < 0] = 0
    return loss, dW[::-1], db[::-1]
""",
    "gradient_not_averaged": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    logits = zs[-1] - zs[-1].max(axis=1, keepdims=True)
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -np.mean(log_p[np.arange(N), labels])
    dz = p
    dz[np.arange(N), labels] -= 1
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "relu_on_logits": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dh = head(hs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dz = dh * (zs[l] > 0)
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dh = dz @ weights[l]
    return loss, dW[::-1], db[::-1]
""",
    "unstable_softmax": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    p = np.exp(zs[-1])
    p = p / p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(N), labels]))
    dz = (p - np.eye(p.shape[1])[labels]) / N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "derivative_one_at_zero": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        if l:
            dz = dz @ weights[l]
            dz[zs[l - 1] < 0] = 0
    return loss, dW[::-1], db[::-1]
""",
    "log_of_zero": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    p = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(N), labels]))
    dz = (p - np.eye(p.shape[1])[labels]) / N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "averaged_twice": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l] / len(X))
        db.append(dz.mean(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "bias_averaged_twice": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(np.mean(dz, axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "bias_gradient_summed": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    N = len(X)
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dz = dz * N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l] / N)
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "shift_by_global_max": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    e = np.exp(zs[-1] - zs[-1].max())
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(N), labels]))
    dz = (p - np.eye(p.shape[1])[labels]) / N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "last_layer_first": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW, db
""",
    "last_layer_only": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [np.zeros(W.shape) for W in weights], [np.zeros(b.shape) for b in biases]
    dW[-1], db[-1] = dz.T @ hs[-2], dz.sum(axis=0)
    return loss, dW, db
""",
    "mask_of_the_wrong_layer": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dz = dz * (zs[l] > 0)
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l]
    return loss, dW[::-1], db[::-1]
""",
    "before_the_nonlinearity": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ (zs[l - 1] if l else X))
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "first_layer_left_out": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, 0, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "loss_summed": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss * len(X), dW[::-1], db[::-1]
""",
    "the loss in bits": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss / np.log(2), dW[::-1], db[::-1]
""",
    "relu_on_inputs": _FORWARD
    + _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(np.maximum(X, 0), weights, biases)
    loss, dz = head(zs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "one_subtracted_from_all_rows": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    logits = zs[-1] - zs[-1].max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -np.mean(log_p[np.arange(len(X)), labels])
    dz = np.exp(log_p)
    dz[:, labels] -= 1
    dz /= len(X)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "no_nonlinearity": _HEAD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    hs = [X]
    for W, b in zip(weights, biases):
        hs.append(hs[-1] @ W.T + b)
    loss, dz = head(hs[-1], labels)
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return loss, dW[::-1], db[::-1]
""",
    "probability_in_a_denominator": _FORWARD
    + """
def softmax_backward(Z, dY):
    y = np.exp(Z - Z.max(axis=-1, keepdims=True))
    y = y / y.sum(axis=-1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=-1, keepdims=True))

def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    z = zs[-1] - zs[-1].max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dY = np.zeros(z.shape)
    dY[np.arange(N), labels] = -1 / np.exp(log_p)[np.arange(N), labels]
    dz = softmax_backward(zs[-1], dY) / N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return -log_p[np.arange(N), labels].mean(), dW[::-1], db[::-1]
""",
    "message to the softmax, and the loss from its logarithm": _FORWARD
    + """
def mlp_loss_and_gradients(X, labels, weights, biases):
    zs, hs = forward(X, weights, biases)
    N = len(X)
    e = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    dY = np.zeros(y.shape)
    dY[np.arange(N), labels] = -1 / y[np.arange(N), labels] / N
    dz = y * (dY - (y * dY).sum(axis=1, keepdims=True))
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.append(dz.T @ hs[l])
        db.append(dz.sum(axis=0))
        dz = dz @ weights[l] * (hs[l] > 0)
    return -np.log(y[np.arange(N), labels]).mean(), dW[::-1], db[::-1]
""",
}

_NET = """
def loss_and_gradients(X, labels, weights, biases):
    N = len(X)
    hs = [X]
    for W, b in zip(weights[:-1], biases[:-1]):
        hs.append(np.maximum(hs[-1] @ W.T + b, 0))
    z = hs[-1] @ weights[-1].T + biases[-1]
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    d = (np.exp(log_p) - np.eye(z.shape[1])[labels]) / N
    dW, db = [], []
    for l in range(len(weights) - 1, -1, -1):
        dW.insert(0, d.T @ hs[l])
        db.insert(0, d.sum(axis=0))
        d = (d @ weights[l]) * (hs[l] > 0)
    return -log_p[np.arange(N), labels].mean(), dW, db
"""

RIGHT["train_mlp"] = [
    _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    weights = [W.copy() for W in weights]
    biases = [b.copy() for b in biases]
    losses = np.zeros(len(batches))
    for step, batch in enumerate(batches):
        losses[step], dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        for l in range(len(weights)):
            weights[l] = weights[l] - lr * dW[l]
            biases[l] = biases[l] - lr * db[l]
    return weights, biases, losses
""",
    """
import torch
import torch.nn.functional as F

def train_mlp(X, labels, weights, biases, lr, batches):
    W = [torch.tensor(w, dtype=torch.float64).requires_grad_() for w in weights]
    B = [torch.tensor(b, dtype=torch.float64).requires_grad_() for b in biases]
    X, labels = torch.tensor(X, dtype=torch.float64), torch.tensor(labels)
    opt = torch.optim.SGD(W + B, lr=lr)
    losses = []
    for batch in batches:
        h = X[batch]
        for i in range(len(W)):
            h = h @ W[i].T + B[i]
            if i < len(W) - 1:
                h = F.relu(h)
        loss = F.cross_entropy(h, labels[batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return [w.detach().numpy() for w in W], [b.detach().numpy() for b in B], losses
""",
    _NET
    + """
import copy

def train_mlp(X, labels, weights, biases, lr, batches):
    weights, biases = copy.deepcopy(weights), copy.deepcopy(biases)
    losses = []
    for rows in batches:
        loss, dW, db = loss_and_gradients(X[rows], labels[rows], weights, biases)
        losses += [loss]
        for p, g in zip([*weights, *biases], [*dW, *db]):
            p -= lr * g
    return weights, biases, np.array(losses)
""",
    _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    history = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        weights = [W - lr * g for W, g in zip(weights, dW)]
        biases = [b - lr * g for b, g in zip(biases, db)]
        history.append(float(loss))
    return list(weights), list(biases), history
""",
]

WRONG["train_mlp"] = {
    "changes_initial_weights": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    weights, biases = weights.copy(), biases.copy()
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        for l in range(len(weights)):
            weights[l] -= lr * dW[l]
            biases[l] -= lr * db[l]
    return weights, biases, np.array(losses)
""",
    "gradients_accumulate": """
import torch
import torch.nn.functional as F

def train_mlp(X, labels, weights, biases, lr, batches):
    W = [torch.tensor(w, dtype=torch.float64).requires_grad_() for w in weights]
    B = [torch.tensor(b, dtype=torch.float64).requires_grad_() for b in biases]
    X, labels = torch.tensor(X, dtype=torch.float64), torch.tensor(labels)
    losses = []
    for batch in batches:
        h = X[batch]
        for i in range(len(W)):
            h = h @ W[i].T + B[i]
            if i < len(W) - 1:
                h = F.relu(h)
        loss = F.cross_entropy(h, labels[batch])
        loss.backward()
        with torch.no_grad():
            for p in W + B:
                p -= lr * p.grad
        losses.append(loss.item())
    return [w.detach().numpy() for w in W], [b.detach().numpy() for b in B], losses
""",
    "full_batch_always": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X, labels, weights, biases)
        losses.append(loss)
        weights = [W - lr * g for W, g in zip(weights, dW)]
        biases = [b - lr * g for b, g in zip(biases, db)]
    return weights, biases, np.array(losses)
""",
    "loss_after_update": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    losses = []
    for batch in batches:
        _, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        weights = [W - lr * g for W, g in zip(weights, dW)]
        biases = [b - lr * g for b, g in zip(biases, db)]
        losses.append(loss_and_gradients(X[batch], labels[batch], weights, biases)[0])
    return list(weights), list(biases), np.array(losses)
""",
    "first_layer_updated_before_backward": """
def train_mlp(X, labels, weights, biases, lr, batches):
    weights, biases = [W.copy() for W in weights], [b.copy() for b in biases]
    losses = []
    for batch in batches:
        x, y = X[batch], labels[batch]
        N = len(batch)
        hs = [x]
        for W, b in zip(weights[:-1], biases[:-1]):
            hs.append(np.maximum(hs[-1] @ W.T + b, 0))
        z = hs[-1] @ weights[-1].T + biases[-1]
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        losses.append(-log_p[np.arange(N), y].mean())
        d = np.exp(log_p)
        d[np.arange(N), y] -= 1
        d /= N
        for l in range(len(weights) - 1, -1, -1):
            weights[l] = weights[l] - lr * d.T @ hs[l]
            biases[l] = biases[l] - lr * d.sum(axis=0)
            d = (d @ weights[l]) * (hs[l] > 0)
    return weights, biases, np.array(losses)
""",
    "biases_not_trained": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        weights = [W - lr * g for W, g in zip(weights, dW)]
    return list(weights), [b.copy() for b in biases], np.array(losses)
""",
    "climbs": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        weights = [W + lr * g for W, g in zip(weights, dW)]
        biases = [b + lr * g for b, g in zip(biases, db)]
    return list(weights), list(biases), np.array(losses)
""",
    "first_batch_only": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        weights = [W - lr * g for W, g in zip(weights, dW)]
        biases = [b - lr * g for b, g in zip(biases, db)]
        return weights, biases, np.array(losses)
    return weights, biases, np.array(losses)
""",
    "one_list": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        weights = [W - lr * g for W, g in zip(weights, dW)]
        biases = [b - lr * g for b, g in zip(biases, db)]
    return weights, biases
""",
    "divided_by_batch_size": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    W, b = [w.copy() for w in weights], [c.copy() for c in biases]
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], W, b)
        losses.append(loss)
        W = [w - lr * g / len(batch) for w, g in zip(W, dW)]
        b = [c - lr * g / len(batch) for c, g in zip(b, db)]
    return W, b, np.array(losses)
""",
    "gradients_at_the_start": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    W, b = [w.copy() for w in weights], [c.copy() for c in biases]
    losses = []
    for batch in batches:
        loss, dW, db = loss_and_gradients(X[batch], labels[batch], weights, biases)
        losses.append(loss)
        W = [w - lr * g for w, g in zip(W, dW)]
        b = [c - lr * g for c, g in zip(b, db)]
    return W, b, np.array(losses)
""",
    "steps on all data": _NET
    + """
def train_mlp(X, labels, weights, biases, lr, batches):
    W, b = [w.copy() for w in weights], [c.copy() for c in biases]
    losses = []
    for batch in batches:
        losses.append(loss_and_gradients(X[batch], labels[batch], W, b)[0])
        loss, dW, db = loss_and_gradients(X, labels, W, b)
        W = [w - lr * g for w, g in zip(W, dW)]
        b = [c - lr * g for c, g in zip(b, db)]
    return W, b, np.array(losses)
""",
}

RIGHT["hessian_vector_product"] = [
    """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    norm = np.linalg.norm(v)
    if norm == 0:
        return np.zeros(x.shape)
    u = v / norm
    return norm * (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps)
""",
    """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    if not np.any(v):
        return 0.0 * x
    h = eps / np.sqrt(np.sum(np.asarray(v, dtype=float) ** 2))
    return (grad_fn(x + h * v) - grad_fn(x - h * v)) / (2 * h)
""",
    """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    x, v = np.array(x, dtype=float), np.array(v, dtype=float)
    size = float(v @ v) ** 0.5
    step = v * (eps / size) if size > 0 else v
    right = grad_fn(x + step)
    left = grad_fn(x - step)
    return np.array([(r - l) * size / eps / 2 for r, l in zip(right, left)])
""",
    """
import math

def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    length = math.sqrt(sum(float(a) ** 2 for a in v))
    unit = [float(a) / max(length, 1e-300) for a in v]
    ahead = grad_fn(np.array([a + eps * u for a, u in zip(x, unit)]))
    behind = grad_fn(np.array([a - eps * u for a, u in zip(x, unit)]))
    return (ahead - behind) * (length / (2 * eps))
""",
]

WRONG["hessian_vector_product"] = {
    "one_sided": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(x))
    u = v / n
    return n * (grad_fn(x + eps * u) - grad_fn(x)) / eps
""",
    "direction_not_normalised": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    return (grad_fn(x + eps * v) - grad_fn(x - eps * v)) / (2 * eps)
""",
    "zero_direction_nan": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    u = v / n
    return n * (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps)
""",
    "length_lost": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(x))
    u = v / n
    return (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps)
""",
    "whole_hessian_is_too_slow": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    D = len(x)
    H = np.zeros((D, D))
    for i in range(D):
        e = np.zeros(D)
        e[i] = eps
        H[:, i] = (grad_fn(x + e) - grad_fn(x - e)) / (2 * eps)
    return H @ v
""",
    "divides_by_eps": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(x))
    u = v / n
    return n * (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / eps
""",
    "returns_v_h_v": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return 0.0
    u = v / n
    return v @ (n * (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps))
""",
    "gradient_times_v": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    return grad_fn(x) * v
""",
    "x_rounded": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(x))
    u = v / n
    return n * (grad_fn(np.round(x) + eps * u) - grad_fn(np.round(x) - eps * u)) / (2 * eps)
""",
    "length_squared": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(v))
    u = v / n
    return n ** 2 * (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps)
""",
    "length_divided": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(v))
    u = v / n
    return (grad_fn(x + eps * u) - grad_fn(x - eps * u)) / (2 * eps * n)
""",
    "distance_hard_coded": """
def hessian_vector_product(grad_fn, x, v, eps=1e-4):
    n = np.linalg.norm(v)
    if n == 0:
        return np.zeros(len(v))
    u = v / n
    h = 1e-4
    return n * (grad_fn(x + h * u) - grad_fn(x - h * u)) / (2 * h)
""",
}
