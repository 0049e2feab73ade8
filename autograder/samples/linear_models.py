"""Answers to lecture 02 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["squared_error_cost"] = [
    """
def squared_error_cost(X, t, w, b):
    return np.mean((X @ w + b - t) ** 2) / 2
""",
    """
def squared_error_cost(X, t, w, b):
    N = len(X)
    total = 0.0
    for i in range(N):
        y = float(b)
        for j in range(len(w)):
            y += float(X[i, j]) * float(w[j])
        total += (y - float(t[i])) ** 2
    return total / (2 * N)
""",
    """
def squared_error_cost(X, t, w, b):
    X = np.asarray(X, dtype=float)
    A = np.hstack([X, np.ones((X.shape[0], 1))])
    theta = np.append(w, b)
    r = A @ theta - t
    return 0.5 * (r @ r) / len(r)
""",
    """
import torch

def squared_error_cost(X, t, w, b):
    X, t, w = (torch.tensor(np.array(a), dtype=torch.float64) for a in (X, t, w))
    return (0.5 * torch.nn.functional.mse_loss(X @ w + b, t)).item()
""",
    """
def squared_error_cost(X, t, w, b):
    rows = X.tolist()
    residuals = [sum(xj * wj for xj, wj in zip(row, w.tolist())) + b - ti for row, ti in zip(rows, t.tolist())]
    return np.array(sum(r * r for r in residuals) / (2 * len(residuals)))
""",
    """
def squared_error_cost(X, t, w, b):
    y = np.einsum("nd,d->n", X.astype(np.float64), w) + b
    return np.linalg.norm(y - t) ** 2 / (2 * t.size)
""",
]

WRONG["squared_error_cost"] = {
    "no_half": """
def squared_error_cost(X, t, w, b):
    y = X @ w + b
    return np.mean((y - t) ** 2)
""",
    "sum_not_mean": """
def squared_error_cost(X, t, w, b):
    y = X @ w + b
    return 0.5 * np.sum((y - t) ** 2)
""",
    "no_bias": """
def squared_error_cost(X, t, w, b):
    y = X @ w
    return np.mean((y - t) ** 2) / 2
""",
    "outer_broadcast": """
def squared_error_cost(X, t, w, b):
    N = X.shape[0]
    y = X @ w.reshape(-1, 1) + b
    return np.sum((y - t) ** 2) / (2 * N)
""",
    "returns_none": """
def squared_error_cost(X, t, w, b):
    y = X @ w + b
    cost = np.mean((y - t) ** 2) / 2
""",
    "prints_instead": """
def squared_error_cost(X, t, w, b):
    print(np.mean((X @ w + b - t) ** 2) / 2)
""",
    "returns_text": """
def squared_error_cost(X, t, w, b):
    return f"{np.mean((X @ w + b - t) ** 2) / 2:.6f}"
""",
    "root_of_the_cost": """
def squared_error_cost(X, t, w, b):
    return np.sqrt(np.mean((X @ w + b - t) ** 2) / 2)
""",
    "absolute_residuals": """
def squared_error_cost(X, t, w, b):
    return np.mean(np.abs(X @ w + b - t)) / 2
""",
    "one_cost_per_example": """
def squared_error_cost(X, t, w, b):
    return (X @ w + b - t) ** 2 / 2
""",
    "value_in_an_array_of_one": """
def squared_error_cost(X, t, w, b):
    r = X @ w + b - t
    return np.array([np.sum(r ** 2) / (2 * len(t))])
""",
    "skips_the_last_example": """
def squared_error_cost(X, t, w, b):
    total = 0
    for i in range(len(t) - 1):
        total += (X[i] @ w + b - t[i]) ** 2
    return total / (2 * len(t))
""",
    "returns_inside_the_loop": """
def squared_error_cost(X, t, w, b):
    total = 0.0
    for i in range(len(t)):
        total += (X[i] @ w + b - t[i]) ** 2
        return total / (2 * (i + 1))
""",
    "bias_subtracted": """
def squared_error_cost(X, t, w, b):
    return np.mean((X @ w - b - t) ** 2) / 2
""",
    "square_of_the_mean": """
def squared_error_cost(X, t, w, b):
    return np.mean(X @ w + b - t) ** 2 / 2
""",
    "target_changed_in_place": """
def squared_error_cost(X, t, w, b):
    t = np.asarray(t, dtype=float)
    t -= X @ w + b
    return np.mean(t ** 2) / 2
""",
    "torch_tensor": """
import torch

def squared_error_cost(X, t, w, b):
    X, t, w = (torch.tensor(np.array(a), dtype=torch.float64) for a in (X, t, w))
    return ((X @ w + b - t) ** 2).mean() / 2
""",
    "truncated_to_integers": """
def squared_error_cost(X, t, w, b):
    r = np.zeros(len(t), dtype=int)
    for i in range(len(t)):
        r[i] = X[i] @ w + b - t[i]
    return np.sum(r ** 2) / (2 * len(t))
""",
    "divided_by_features": """
def squared_error_cost(X, t, w, b):
    return np.sum((X @ w + b - t) ** 2) / (2 * X.shape[1])
""",
    "always_zero": """
def squared_error_cost(X, t, w, b):
    return 0.0
""",
}

RIGHT["squared_error_gradient"] = [
    """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / len(t), r.mean()
""",
    """
def squared_error_gradient(X, t, w, b):
    N, D = X.shape
    dw = np.zeros(D)
    db = 0.0
    for n in range(N):
        r = b - t[n]
        for d in range(D):
            r = r + X[n, d] * w[d]
        for d in range(D):
            dw[d] += r * X[n, d]
        db += r
    return dw / N, db / N
""",
    """
def squared_error_gradient(X, t, w, b):
    A = np.column_stack([np.asarray(X, float), np.ones(len(X))])
    g = A.T @ (A @ np.append(w, b) - t) / len(A)
    return g[:-1], g[-1]
""",
    """
import torch

def squared_error_gradient(X, t, w, b):
    X = torch.tensor(np.array(X), dtype=torch.float64)
    t = torch.tensor(np.array(t), dtype=torch.float64)
    w = torch.tensor(np.array(w), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    cost = 0.5 * ((X @ w + b - t) ** 2).mean()
    cost.backward()
    return w.grad.numpy(), b.grad.item()
""",
    """
def squared_error_gradient(X, t, w, b):
    X = X.astype(float)
    r = (X * w).sum(axis=1) + b - t
    dw = (X * r[:, None]).mean(axis=0)
    return dw, np.average(r)
""",
]

WRONG["squared_error_gradient"] = {
    "factor_two": """
def squared_error_gradient(X, t, w, b):
    N = len(t)
    r = X @ w + b - t
    dw = 2 / N * X.T @ r
    db = 2 / N * np.sum(r)
    return dw, db
""",
    "sum_not_mean": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r, np.sum(r)
""",
    "sign_flipped": """
def squared_error_gradient(X, t, w, b):
    N = len(t)
    r = t - (X @ w + b)
    return X.T @ r / N, np.mean(r)
""",
    "bias_gradient_summed": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    dw = X.T @ r / len(t)
    db = r.sum()
    return dw, db
""",
    "swapped_outputs": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return r.mean(), X.T @ r / len(t)
""",
    "column_of_weights": """
def squared_error_gradient(X, t, w, b):
    r = (X @ w + b - t).reshape(-1, 1)
    return X.T @ r / len(t), r.mean()
""",
    "bias_gradient_per_example": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / len(t), r
""",
    "weight_gradient_summed": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r, r.mean()
""",
    "bias_left_out": """
def squared_error_gradient(X, t, w, b):
    r = X @ w - t
    return X.T @ r / len(t), r.mean()
""",
    "only_the_weights": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / len(t)
""",
    "one_long_vector": """
def squared_error_gradient(X, t, w, b):
    A = np.hstack([X, np.ones((len(X), 1))])
    return A.T @ (A @ np.append(w, b) - t) / len(t)
""",
    "returns_none": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    dw = X.T @ r / len(t)
    db = r.mean()
""",
    "mean_over_the_wrong_axis": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return (X * r[:, None]).mean(axis=1), r.mean()
""",
    "gradient_of_the_first_example": """
def squared_error_gradient(X, t, w, b):
    r = X[0] @ w + b - t[0]
    return X[0] * r, r
""",
    "divided_by_features": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / X.shape[1], r.mean()
""",
    "integer_accumulator": """
def squared_error_gradient(X, t, w, b):
    N, D = X.shape
    dw = np.zeros(D, dtype=int)
    db = 0
    for n in range(N):
        r = X[n] @ w + b - t[n]
        dw = dw + (r * X[n]).astype(int)
        db += int(r)
    return dw / N, db / N
""",
    "targets_changed_in_place": """
def squared_error_gradient(X, t, w, b):
    r = np.asarray(t, dtype=float)
    r *= -1
    r += X @ w + b
    return X.T @ r / len(r), r.mean()
""",
    "torch_tensors": """
import torch

def squared_error_gradient(X, t, w, b):
    X, t, w = (torch.tensor(np.array(a), dtype=torch.float64) for a in (X, t, w))
    r = X @ w + b - t
    return X.T @ r / len(t), r.mean()
""",
    "forward_difference_with_a_large_step": """
def squared_error_gradient(X, t, w, b):
    def cost(w, b):
        return np.mean((X @ w + b - t) ** 2) / 2
    h = 0.01
    dw = np.zeros(len(w))
    for d in range(len(w)):
        e = np.zeros(len(w))
        e[d] = h
        dw[d] = (cost(w + e, b) - cost(w, b)) / h
    return dw, (cost(w, b + h) - cost(w, b)) / h
""",
}

RIGHT["fit_ridge"] = [
    """
def fit_ridge(X, t, lam):
    X = np.asarray(X, dtype=float)
    t = np.asarray(t, dtype=float)
    N, D = X.shape
    mx, mt = X.mean(axis=0), t.mean()
    A = np.vstack([X - mx, np.sqrt(N * lam) * np.eye(D)])
    y = np.concatenate([t - mt, np.zeros(D)])
    w = np.linalg.lstsq(A, y, rcond=1e-12)[0]
    return w, mt - mx @ w
""",
    """
def fit_ridge(X, t, lam):
    X = np.array(X, float)
    N = X.shape[0]
    Xc = X - X.mean(0)
    tc = t - np.mean(t)
    U, s, Vt = np.linalg.svd(Xc, full_matrices=False)
    if s.max() == 0:
        w = np.zeros(X.shape[1])
    else:
        keep = s > 1e-10 * s.max()
        f = np.zeros_like(s)
        f[keep] = s[keep] / (s[keep] ** 2 + N * lam)
        w = Vt.T @ (f * (U.T @ tc))
    b = np.mean(t) - X.mean(0) @ w
    return w, b
""",
    """
import scipy.linalg

def fit_ridge(X, t, lam):
    X = X.astype(np.float64)
    t = t.astype(np.float64)
    n, d = X.shape
    Xm = X.mean(axis=0)
    Xc, tc = X - Xm, t - t.mean()
    if lam > 0:
        w = scipy.linalg.cho_solve(scipy.linalg.cho_factor(Xc.T @ Xc + n * lam * np.eye(d)), Xc.T @ tc)
    else:
        w = np.linalg.pinv(Xc, rcond=1e-10) @ tc
    return w, float(t.mean() - Xm @ w)
""",
    """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    H = np.eye(N) - np.ones((N, N)) / N
    G = X.T @ H @ X + N * lam * np.eye(D)
    w = np.linalg.pinv(G, rcond=1e-11, hermitian=True) @ (X.T @ H @ t)
    b = np.mean(t - X @ w)
    return w, b
""",
    """
def fit_ridge(X, t, lam):
    # the dual form: w is a combination of the centred examples
    X = np.asarray(X, float)
    N = len(X)
    Xc = X - np.mean(X, axis=0)
    K = Xc @ Xc.T
    if lam > 0:
        alpha = np.linalg.solve(K + N * lam * np.eye(N), t - np.mean(t))
    else:
        alpha = np.linalg.pinv(K, rcond=1e-12) @ (t - np.mean(t))
    w = Xc.T @ alpha
    return w, np.mean(t) - np.mean(X, axis=0) @ w
""",
]

WRONG["fit_ridge"] = {
    "bias_penalised": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    A = np.hstack([X, np.ones((N, 1))])
    theta = np.linalg.pinv(A.T @ A + N * lam * np.eye(D + 1)) @ A.T @ t
    return theta[:-1], theta[-1]
""",
    "lambda_not_scaled_by_n": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    D = X.shape[1]
    Xc = X - X.mean(axis=0)
    tc = t - t.mean()
    w = np.linalg.pinv(Xc.T @ Xc + lam * np.eye(D), rcond=1e-11) @ Xc.T @ tc
    b = t.mean() - X.mean(axis=0) @ w
    return w, b
""",
    "inverse_of_singular": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    Xc = X - X.mean(axis=0)
    tc = t - t.mean()
    w = np.linalg.inv(Xc.T @ Xc + N * lam * np.eye(D)) @ Xc.T @ tc
    b = t.mean() - X.mean(axis=0) @ w
    return w, b
""",
    "no_bias": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    w = np.linalg.pinv(X.T @ X + N * lam * np.eye(D)) @ X.T @ t
    b = 0.0
    return w, b
""",
    "least_norm_with_the_bias": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    A = np.hstack([X, np.ones((N, 1))])
    R = np.eye(D + 1)
    R[-1, -1] = 0
    theta = np.linalg.pinv(A.T @ A + N * lam * R, rcond=1e-12) @ (A.T @ t)
    return theta[:-1], theta[-1]
""",
    "bias_is_the_mean_of_the_targets": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    Xc = X - X.mean(0)
    A = np.vstack([Xc, np.sqrt(N * lam) * np.eye(D)])
    w = np.linalg.lstsq(A, np.append(t - t.mean(), np.zeros(D)), rcond=1e-12)[0]
    return w, t.mean()
""",
    "ignores_lambda": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    Xc = X - X.mean(0)
    w = np.linalg.pinv(Xc, rcond=1e-10) @ (t - t.mean())
    return w, t.mean() - X.mean(0) @ w
""",
    "lambda_doubled": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    Xc = X - X.mean(0)
    w = np.linalg.pinv(Xc.T @ Xc + 2 * N * lam * np.eye(D), rcond=1e-11) @ Xc.T @ (t - t.mean())
    return w, t.mean() - X.mean(0) @ w
""",
    "a_little_ridge_always": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    lam = max(lam, 1e-3)
    Xc = X - X.mean(0)
    w = np.linalg.solve(Xc.T @ Xc + N * lam * np.eye(D), Xc.T @ (t - t.mean()))
    return w, t.mean() - X.mean(0) @ w
""",
    "zero_where_singular": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    Xc = X - X.mean(0)
    M = Xc.T @ Xc + N * lam * np.eye(D)
    if np.linalg.matrix_rank(M) < D:
        return np.zeros(D), t.mean()
    w = np.linalg.solve(M, Xc.T @ (t - t.mean()))
    return w, t.mean() - X.mean(0) @ w
""",
    "swapped_outputs": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    Xc = X - X.mean(0)
    w = np.linalg.pinv(Xc.T @ Xc + N * lam * np.eye(D), rcond=1e-11) @ Xc.T @ (t - t.mean())
    return t.mean() - X.mean(0) @ w, w
""",
    "weights_as_a_column": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    t = t.reshape(-1, 1)
    N, D = X.shape
    Xc = X - X.mean(0)
    w = np.linalg.pinv(Xc.T @ Xc + N * lam * np.eye(D), rcond=1e-11) @ Xc.T @ (t - t.mean())
    return w, (t.mean() - X.mean(0) @ w).item()
""",
    "one_vector_with_the_bias_last": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    Xc = X - X.mean(0)
    w = np.linalg.pinv(Xc.T @ Xc + N * lam * np.eye(D), rcond=1e-11) @ Xc.T @ (t - t.mean())
    return np.append(w, t.mean() - X.mean(0) @ w)
""",
    "returns_none": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    Xc = X - X.mean(0)
    w = np.linalg.solve(Xc.T @ Xc + (N * lam + 1e-12) * np.eye(D), Xc.T @ (t - t.mean()))
    b = t.mean() - X.mean(0) @ w
""",
    "inputs_centred_in_place": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    t = np.asarray(t, float)
    N, D = X.shape
    mx, mt = X.mean(0), t.mean()
    X -= mx
    t -= mt
    A = np.vstack([X, np.sqrt(N * lam) * np.eye(D)])
    w = np.linalg.lstsq(A, np.append(t, np.zeros(D)), rcond=1e-12)[0]
    return w, mt - mx @ w
""",
    "few_steps_of_gradient_descent": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    w, b = np.zeros(D), 0.0
    for _ in range(100):
        r = X @ w + b - t
        w = w - 0.01 * (X.T @ r / N + lam * w)
        b = b - 0.01 * r.mean()
    return w, b
""",
}

RIGHT["polynomial_features"] = [
    """
def polynomial_features(x, degree):
    return np.vander(np.asarray(x, dtype=float), degree + 1, increasing=True)
""",
    """
def polynomial_features(x, degree):
    return x.astype(float)[:, None] ** np.arange(degree + 1)
""",
    """
def polynomial_features(x, degree):
    out = np.ones((len(x), degree + 1))
    for d in range(1, degree + 1):
        out[:, d] = out[:, d - 1] * x
    return out
""",
    """
def polynomial_features(x, degree):
    rows = []
    for value in x:
        rows.append([float(value) ** d for d in range(degree + 1)])
    return np.array(rows, dtype=float).reshape(len(x), degree + 1)
""",
    """
def polynomial_features(x, degree):
    x = np.asarray(x, float)
    return np.stack([np.power(x, d) for d in range(degree + 1)], axis=1)
""",
    """
def polynomial_features(x, degree):
    factors = np.repeat(np.asarray(x, float)[:, np.newaxis], degree + 1, axis=1)
    factors[:, 0] = 1
    return np.cumprod(factors, axis=1)
""",
]

WRONG["polynomial_features"] = {
    "no_constant": """
def polynomial_features(x, degree):
    x = np.asarray(x, float)
    return np.column_stack([x ** d for d in range(1, degree + 1)])
""",
    "one_power_short": """
def polynomial_features(x, degree):
    out = np.zeros((len(x), degree))
    for d in range(degree):
        out[:, d] = x.astype(float) ** d
    return out
""",
    "descending": """
def polynomial_features(x, degree):
    return np.vander(x.astype(float), degree + 1)
""",
    "integer_overflow": """
def polynomial_features(x, degree):
    return x[:, None] ** np.arange(degree + 1)
""",
    "transposed": """
def polynomial_features(x, degree):
    return np.array([np.asarray(x, float) ** d for d in range(degree + 1)])
""",
    "one_power_too_many": """
def polynomial_features(x, degree):
    return np.asarray(x, float)[:, None] ** np.arange(degree + 2)
""",
    "last_power_left_at_zero": """
def polynomial_features(x, degree):
    out = np.zeros((len(x), degree + 1))
    for d in range(degree):
        out[:, d] = np.asarray(x, float) ** d
    return out
""",
    "multiples_not_powers": """
def polynomial_features(x, degree):
    return np.asarray(x, float)[:, None] * np.arange(degree + 1)
""",
    "constant_column_of_zeros": """
def polynomial_features(x, degree):
    out = np.zeros((len(x), degree + 1))
    for d in range(1, degree + 1):
        out[:, d] = np.asarray(x, float) ** d
    return out
""",
    "powers_of_the_absolute_value": """
def polynomial_features(x, degree):
    x = np.asarray(x, float)
    return np.exp(np.log(np.abs(x) + 1e-300)[:, None] * np.arange(degree + 1))
""",
    "fails_for_an_empty_input": """
def polynomial_features(x, degree):
    return np.array([[float(v) ** d for d in range(degree + 1)] for v in x])
""",
    "standardised_columns": """
def polynomial_features(x, degree):
    A = np.asarray(x, float)[:, None] ** np.arange(degree + 1)
    return A / np.maximum(np.abs(A).max(axis=0, initial=0), 1e-12)
""",
    "returns_none": """
def polynomial_features(x, degree):
    A = np.vander(x, degree + 1, increasing=True)
    A.astype(float)
""",
    "nested_list_of_text": """
def polynomial_features(x, degree):
    return str(np.asarray(x, float)[:, None] ** np.arange(degree + 1))
""",
    "input_becomes_the_last_power": """
def polynomial_features(x, degree):
    base = np.array(x, float)
    x = np.asarray(x, float)
    out = np.ones((len(x), degree + 1))
    for d in range(1, degree + 1):
        out[:, d] = x
        x *= base
    return out
""",
    "torch_tensor": """
import torch

def polynomial_features(x, degree):
    x = torch.tensor(np.array(x), dtype=torch.float64)
    return torch.stack([x ** d for d in range(degree + 1)], dim=1)
""",
    "powers_of_the_truncated_input": """
def polynomial_features(x, degree):
    x = x.astype(int).astype(float)
    return x[:, None] ** np.arange(degree + 1)
""",
}

RIGHT["standardize"] = [
    """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0)
    std[std == 0] = 1
    return (X_train - mean) / std, (X_test - mean) / std
""",
    """
from sklearn.preprocessing import StandardScaler

def standardize(X_train, X_test):
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)
""",
    """
def standardize(X_train, X_test):
    A = np.array(X_train, dtype=float)
    B = np.array(X_test, dtype=float)
    N, D = A.shape
    for d in range(D):
        column = A[:, d].copy()
        if column.max() == column.min():
            A[:, d] -= column[0]
            B[:, d] -= column[0]
        else:
            m = sum(column) / N
            s = (sum((v - m) ** 2 for v in column) / N) ** 0.5
            A[:, d] = (A[:, d] - m) / s
            B[:, d] = (B[:, d] - m) / s
    return A, B
""",
    """
def standardize(X_train, X_test):
    X_train = np.asarray(X_train, float)
    X_test = np.asarray(X_test, float)
    mu = np.mean(X_train, axis=0)
    centred = X_train - mu
    sigma = np.sqrt(np.mean(centred ** 2, axis=0))
    scale = np.where(np.ptp(X_train, axis=0) > 0, sigma, 1.0)
    return centred / scale, (X_test - mu) / scale
""",
    """
import torch

def standardize(X_train, X_test):
    a = torch.tensor(np.array(X_train), dtype=torch.float64)
    b = torch.tensor(np.array(X_test), dtype=torch.float64)
    m = a.mean(dim=0)
    s = a.std(dim=0, correction=0)
    s = torch.where((a == a[0]).all(dim=0), torch.ones_like(s), s)
    return ((a - m) / s).numpy(), ((b - m) / s).numpy()
""",
]

WRONG["standardize"] = {
    "test_uses_own_statistics": """
def standardize(X_train, X_test):
    def scale(X):
        s = X.std(axis=0)
        s[s == 0] = 1
        return (X - X.mean(axis=0)) / s
    return scale(X_train), scale(X_test)
""",
    "zero_variance_nan": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "ddof_one": """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0, ddof=1)
    std[std == 0] = 1
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "divides_by_variance": """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    var = X_train.var(axis=0)
    var[var == 0] = 1
    return (X_train - mean) / var, (X_test - mean) / var
""",
    "statistics_of_both_sets": """
def standardize(X_train, X_test):
    X = np.vstack([X_train, X_test])
    mean, std = X.mean(axis=0), X.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "test_mean_with_training_deviation": """
def standardize(X_train, X_test):
    std = X_train.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (X_train - X_train.mean(axis=0)) / std, (X_test - X_test.mean(axis=0)) / std
""",
    "not_per_column": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(), X_train.std()
    if std == 0:
        std = 1
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "rows_instead_of_columns": """
def standardize(X_train, X_test):
    def scale(X):
        m = X.mean(axis=1, keepdims=True)
        s = X.std(axis=1, keepdims=True)
        return (X - m) / np.where(s == 0, 1, s)
    return scale(X_train), scale(X_test)
""",
    "epsilon_in_the_deviation": """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1e-3
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "tiny_epsilon_in_the_deviation": """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0) + 1e-8
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "constant_column_set_to_zero": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    A, B = X_train - mean, X_test - mean
    with np.errstate(all="ignore"):
        A, B = A / std, B / std
    A[:, std == 0] = 0
    B[:, std == 0] = 0
    return A, B
""",
    "constant_column_untouched": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    mean = np.where(std == 0, 0, mean)
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "constant_column_dropped": """
def standardize(X_train, X_test):
    keep = X_train.std(axis=0) > 0
    A, B = X_train[:, keep], X_test[:, keep]
    return (A - A.mean(axis=0)) / A.std(axis=0), (B - A.mean(axis=0)) / A.std(axis=0)
""",
    "only_shifted": """
def standardize(X_train, X_test):
    mean = X_train.mean(axis=0)
    return X_train - mean, X_test - mean
""",
    "minimum_to_maximum": """
def standardize(X_train, X_test):
    low, high = X_train.min(axis=0), X_train.max(axis=0)
    width = np.where(high > low, high - low, 1)
    return (X_train - low) / width, (X_test - low) / width
""",
    "swapped_outputs": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (X_test - mean) / std, (X_train - mean) / std
""",
    "only_the_training_set": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / np.where(std == 0, 1, std)
""",
    "inputs_changed_in_place": """
def standardize(X_train, X_test):
    X_train = np.asarray(X_train, dtype=float)
    X_test = np.asarray(X_test, dtype=float)
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std[std == 0] = 1
    X_train -= mean
    X_train /= std
    X_test -= mean
    X_test /= std
    return X_train, X_test
""",
    "written_into_integer_arrays": """
def standardize(X_train, X_test):
    A, B = X_train.copy(), X_test.copy()
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std[std == 0] = 1
    A[:] = (X_train - mean) / std
    B[:] = (X_test - mean) / std
    return A, B
""",
    "test_clipped_to_three_deviations": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    std[std == 0] = 1
    return (X_train - mean) / std, np.clip((X_test - mean) / std, -3, 3)
""",
}

RIGHT["logistic_cost_and_gradient"] = [
    """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z))))
    e = np.exp(-np.abs(z))
    y = np.where(z >= 0, 1 / (1 + e), e / (1 + e))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    """
from scipy.special import expit, log_expit

def logistic_cost_and_gradient(X, t, w, b):
    z = np.asarray(X, float) @ w + b
    cost = -np.mean(np.where(t == 1, log_expit(z), log_expit(-z)))
    r = expit(z) - t
    return cost, r @ X / len(r), r.mean()
""",
    """
def logistic_cost_and_gradient(X, t, w, b):
    N = len(t)
    z = X @ w + b
    cost = np.logaddexp(0, (1 - 2 * t) * z).sum() / N
    with np.errstate(over="ignore"):
        y = 1 / (1 + np.exp(-z))
    A = np.column_stack([X, np.ones(N)])
    g = A.T @ (y - t) / N
    return cost, g[:-1], g[-1]
""",
    """
import math

def logistic_cost_and_gradient(X, t, w, b):
    N, D = X.shape
    cost, dw, db = 0.0, [0.0] * D, 0.0
    for n in range(N):
        z = float(b) + sum(float(X[n, d]) * float(w[d]) for d in range(D))
        if z >= 0:
            y = 1 / (1 + math.exp(-z))
            loss = math.log1p(math.exp(-z)) + (0 if t[n] else z)
        else:
            y = math.exp(z) / (1 + math.exp(z))
            loss = math.log1p(math.exp(z)) - (z if t[n] else 0)
        r = y - float(t[n])
        cost += loss / N
        for d in range(D):
            dw[d] += r * float(X[n, d]) / N
        db += r / N
    return cost, np.array(dw), db
""",
    """
import torch
import torch.nn.functional as F

def logistic_cost_and_gradient(X, t, w, b):
    X = torch.tensor(np.array(X), dtype=torch.float64)
    t = torch.tensor(np.array(t), dtype=torch.float64)
    w = torch.tensor(np.array(w), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    z = X @ w + b
    cost = F.softplus((1 - 2 * t) * z).mean()
    dw, db = torch.autograd.grad(cost, (w, b))
    return cost.item(), dw.numpy(), db.item()
""",
]

WRONG["logistic_cost_and_gradient"] = {
    "log_of_zero": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    cost = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    dw = X.T @ (y - t) / len(t)
    db = np.mean(y - t)
    return cost, dw, db
""",
    "clipped_probabilities": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    p = np.clip(y, 1e-12, 1 - 1e-12)
    cost = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "squared_error_gradient": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z))))
    y = 1 / (1 + np.exp(-z))
    delta = (y - t) * y * (1 - y)
    return cost, X.T @ delta / len(t), np.mean(delta)
""",
    "sum_not_mean": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.sum(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t), np.sum(y - t)
""",
    "bias_forgotten": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "sign_of_the_gradient": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (t - y) / len(t), np.mean(t - y)
""",
    "gradient_not_averaged": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t), np.sum(y - t)
""",
    "bias_gradient_summed": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.sum(y - t)
""",
    "logarithm_to_base_two": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z) / np.log(2)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "epsilon_inside_the_log": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    cost = -np.mean(t * np.log(y + 1e-9) + (1 - t) * np.log(1 - y + 1e-9))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "clipped_logits": """
def logistic_cost_and_gradient(X, t, w, b):
    z = np.clip(X @ w + b, -500, 500)
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "exponential_overflows": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.log(1 + np.exp(z)) - t * z)
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "gradient_overflows": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = np.exp(z) / (1 + np.exp(z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "only_the_positive_examples": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(t * np.logaddexp(0, -z))
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "labels_minus_one_and_one": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, -t * z))
    y = 1 / (1 + np.exp(t * z))
    return cost, -X.T @ (t * y) / len(t), -np.mean(t * y)
""",
    "only_the_cost": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    return np.mean(np.logaddexp(0, z) - t * z)
""",
    "cost_last": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = 1 / (1 + np.exp(-z))
    return X.T @ (y - t) / len(t), np.mean(y - t), cost
""",
    "column_of_weights": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    r = (1 / (1 + np.exp(-z)) - t)[:, None]
    return cost, X.T @ r / len(t), np.mean(r)
""",
    "hard_threshold": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = (z > 0).astype(float)
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "targets_changed_in_place": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    t = np.asarray(t, float)
    cost = np.mean(np.logaddexp(0, z) - t * z)
    t -= 1 / (1 + np.exp(-z))
    return cost, -X.T @ t / len(t), -np.mean(t)
""",
    "infinities_replaced": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    losses = -(t * np.log(y) + (1 - t) * np.log(1 - y))
    cost = np.mean(np.nan_to_num(losses, nan=0.0, posinf=0.0))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
}

RIGHT["softmax_cross_entropy"] = [
    """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(N), labels].mean()
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    """
from scipy.special import logsumexp, softmax

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    onehot = np.eye(K)[labels]
    loss = np.mean(logsumexp(Z, axis=1) - np.sum(Z * onehot, axis=1))
    return loss, (softmax(Z, axis=1) - onehot) / N
""",
    """
import torch

def softmax_cross_entropy(Z, labels):
    Z = torch.tensor(np.array(Z), dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(Z, torch.tensor(np.array(labels), dtype=torch.long))
    loss.backward()
    return loss.item(), Z.grad.numpy()
""",
    """
import math

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    loss = 0.0
    dZ = [[0.0] * K for _ in range(N)]
    for n in range(N):
        row = [float(v) for v in Z[n]]
        top = max(row)
        total = sum(math.exp(v - top) for v in row)
        loss += top + math.log(total) - row[labels[n]]
        for k in range(K):
            dZ[n][k] = (math.exp(row[k] - top) / total - (1 if k == labels[n] else 0)) / N
    return loss / N, np.array(dZ)
""",
    """
def softmax_cross_entropy(Z, labels):
    Z = np.asarray(Z, float)
    N, K = Z.shape
    lse = np.logaddexp.reduce(Z, axis=1)
    loss = np.average(lse - np.take_along_axis(Z, labels[:, None], axis=1)[:, 0])
    T = (labels[:, None] == np.arange(K)).astype(float)
    return float(loss), (np.exp(Z - lse[:, None]) - T) / N
""",
]

WRONG["softmax_cross_entropy"] = {
    "overflow": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    E = np.exp(Z)
    P = E / E.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(P[np.arange(N), labels]))
    dZ = P.copy()
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    "shift_by_global_max": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - np.max(Z)
    logp = S - np.log(np.sum(np.exp(S), axis=1, keepdims=True))
    loss = -np.mean(logp[np.arange(N), labels])
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    "sum_not_mean": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    loss = -np.sum(logp[np.arange(N), labels])
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return loss, dZ
""",
    "gradient_not_averaged": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    onehot = np.eye(K)[labels]
    return -np.mean(np.sum(onehot * logp, axis=1)), np.exp(logp) - onehot
""",
    "softmax_over_examples": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=0)
    logp = S - np.log(np.exp(S).sum(axis=0))
    loss = -np.mean(logp[np.arange(N), labels])
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    "epsilon_in_log": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(P[np.arange(N), labels] + 1e-12))
    dZ = P.copy()
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    "log_of_zero": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(P[np.arange(N), labels]))
    dZ = P.copy()
    dZ[np.arange(N), labels] -= 1
    return loss, dZ / N
""",
    "softmax_of_the_whole_matrix": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max()
    logp = S - np.log(np.exp(S).sum())
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return -np.mean(logp[np.arange(N), labels]), dZ / N
""",
    "gradient_is_the_softmax": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(N), labels]), np.exp(logp) / N
""",
    "sign_of_the_gradient": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(N), labels]), (np.eye(K)[labels] - np.exp(logp)) / N
""",
    "sign_of_the_loss": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return np.mean(logp[np.arange(N), labels]), (np.exp(logp) - np.eye(K)[labels]) / N
""",
    "one_taken_from_whole_columns": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[:, labels] -= 1
    return -np.mean(logp[np.arange(N), labels]), dZ / N
""",
    "mean_over_all_entries": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    onehot = np.eye(K)[labels]
    return -np.mean(onehot * logp), (np.exp(logp) - onehot) / (N * K)
""",
    "labels_from_one": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(N), labels - 1] -= 1
    return -np.mean(logp[np.arange(N), labels - 1]), dZ / N
""",
    "swapped_outputs": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return dZ / N, -np.mean(logp[np.arange(N), labels])
""",
    "logits_shifted_in_place": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    Z -= Z.max(axis=1, keepdims=True)
    logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return -np.mean(logp[np.arange(N), labels]), dZ / N
""",
    "only_the_loss": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    return -np.mean(logp[np.arange(N), labels])
""",
    "one_loss_per_example": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return -logp[np.arange(N), labels], dZ / N
""",
    "torch_tensors": """
import torch

def softmax_cross_entropy(Z, labels):
    Z = torch.tensor(np.array(Z), dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(Z, torch.tensor(np.array(labels), dtype=torch.long))
    loss.backward()
    return loss, Z.grad
""",
    "float32_halfway": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    Z = Z.astype(np.float32)
    S = Z - Z.max(axis=1, keepdims=True)
    logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    dZ = np.exp(logp)
    dZ[np.arange(N), labels] -= 1
    return -np.mean(logp[np.arange(N), labels]), dZ / N
""",
}

RIGHT["train_softmax_regression"] = [
    """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W = np.zeros((num_classes, D))
    b = np.zeros(num_classes)
    losses = np.zeros(steps)
    for k in range(steps):
        Z = X @ W.T + b
        Z = Z - Z.max(axis=1, keepdims=True)
        logp = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
        losses[k] = -logp[np.arange(N), labels].mean()
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        G /= N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, losses
""",
    """
from scipy.special import log_softmax, softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    A = np.column_stack([np.asarray(X, float), np.ones(len(X))])
    T = np.eye(num_classes)[labels]
    V = np.zeros((num_classes, A.shape[1]))
    losses = []
    for _ in range(steps):
        Z = A @ V.T
        losses.append(-np.sum(T * log_softmax(Z, axis=1)) / len(A))
        V = V - lr * (softmax(Z, axis=1) - T).T @ A / len(A)
    return V[:, :-1], V[:, -1], np.array(losses, dtype=float)
""",
    """
import torch

def train_softmax_regression(X, labels, num_classes, lr, steps):
    X = torch.tensor(np.array(X), dtype=torch.float64)
    y = torch.tensor(np.array(labels), dtype=torch.long)
    W = torch.zeros(num_classes, X.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    losses = np.empty(steps)
    for k in range(steps):
        loss = torch.nn.functional.cross_entropy(X @ W.T + b, y)
        gW, gb = torch.autograd.grad(loss, [W, b])
        losses[k] = loss.item()
        with torch.no_grad():
            W -= lr * gW
            b -= lr * gb
    return W.detach().numpy(), b.detach().numpy(), losses
""",
    """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    X = X.astype(float)
    N, D = X.shape
    W = np.zeros((num_classes, D))
    b = np.zeros(num_classes)
    losses = np.zeros((steps,))
    for step in range(steps):
        Z = np.zeros((N, num_classes))
        for c in range(num_classes):
            Z[:, c] = X @ W[c] + b[c]
        lse = np.logaddexp.reduce(Z, axis=1)
        losses[step] = np.mean([lse[n] - Z[n, labels[n]] for n in range(N)])
        for c in range(num_classes):
            r = np.exp(Z[:, c] - lse) - (labels == c)
            W[c] = W[c] - lr * (r @ X) / N
            b[c] = b[c] - lr * r.mean()
    return W, b, losses
""",
]

WRONG["train_softmax_regression"] = {
    "loss_after_update": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]

    def log_softmax(Z):
        S = Z - Z.max(axis=1, keepdims=True)
        return S - np.log(np.exp(S).sum(axis=1, keepdims=True))

    for k in range(steps):
        G = (np.exp(log_softmax(X @ W.T + b)) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
        losses[k] = -np.sum(T * log_softmax(X @ W.T + b)) / N
    return W, b, losses
""",
    "gradient_not_averaged": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, losses
""",
    "bias_not_trained": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
    return W, b, losses
""",
    "random_init": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    rng = np.random.default_rng(0)
    W = 0.01 * rng.normal(size=(num_classes, D))
    b = np.zeros(num_classes)
    losses = np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
    "naive_softmax": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]
    for k in range(steps):
        E = np.exp(X @ W.T + b)
        P = E / E.sum(axis=1, keepdims=True)
        losses[k] = -np.mean(np.log(P[np.arange(N), labels]))
        W -= lr * (P - T).T @ X / N
        b -= lr * (P - T).mean(axis=0)
    return W, b, losses
""",
    "log_of_an_underflown_probability": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]
    for k in range(steps):
        Z = X @ W.T + b
        E = np.exp(Z - Z.max(axis=1, keepdims=True))
        P = E / E.sum(axis=1, keepdims=True)
        losses[k] = -np.mean(np.log(P[np.arange(N), labels]))
        W -= lr * (P - T).T @ X / N
        b -= lr * (P - T).mean(axis=0)
    return W, b, losses
""",
    "weights_transposed": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((D, num_classes)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * X.T @ G / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
    "one_step_too_few": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), []
    for k in range(1, steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses.append(-np.mean(logp[np.arange(N), labels]))
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, np.array(losses)
""",
    "one_loss_too_many": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), []
    for k in range(steps + 1):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses.append(-np.mean(logp[np.arange(N), labels]))
        if k < steps:
            G = np.exp(logp)
            G[np.arange(N), labels] -= 1
            W -= lr * G.T @ X / N
            b -= lr * G.mean(axis=0)
    return W, b, np.array(losses)
""",
    "uphill": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W += lr * G.T @ X / N
        b += lr * G.mean(axis=0)
    return W, b, losses
""",
    "summed_losses": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.sum(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
    "one_example_a_step": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        i = k % N
        g = np.exp(logp[i])
        g[labels[i]] -= 1
        W -= lr * np.outer(g, X[i])
        b -= lr * g
    return W, b, losses
""",
    "classes_counted_in_the_labels": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    classes, y = np.unique(labels, return_inverse=True)
    W, b, losses = np.zeros((len(classes), D)), np.zeros(len(classes)), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), y])
        G = np.exp(logp)
        G[np.arange(N), y] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
    "bias_sees_the_new_weights": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]

    def forward():
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        return S - np.log(np.exp(S).sum(axis=1, keepdims=True))

    for k in range(steps):
        logp = forward()
        losses[k] = -np.mean(logp[np.arange(N), labels])
        W -= lr * (np.exp(logp) - T).T @ X / N
        b -= lr * (np.exp(forward()) - T).mean(axis=0)
    return W, b, losses
""",
    "losses_as_a_column": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros((steps, 1))
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
    "losses_left_out": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b = np.zeros((num_classes, D)), np.zeros(num_classes)
    T = np.eye(num_classes)[labels]
    for k in range(steps):
        S = X @ W.T + b
        E = np.exp(S - S.max(axis=1, keepdims=True))
        G = (E / E.sum(axis=1, keepdims=True) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b
""",
    "nothing_trained": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    W = np.zeros((num_classes, X.shape[1]))
    b = np.zeros(num_classes)
    return W, b, np.full(steps, np.log(num_classes))
""",
    "returns_in_the_loop": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
        return W, b, losses
""",
    "features_changed_in_place": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    X = np.asarray(X, float)
    N, D = X.shape
    X -= X.mean(axis=0)
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        G = np.exp(logp)
        G[np.arange(N), labels] -= 1
        W -= lr * G.T @ X / N
        b -= lr * G.mean(axis=0)
    return W, b, losses
""",
}

WRONG["logistic_cost_and_gradient"]["exponential_overflows_in_log1p"] = """
def logistic_cost_and_gradient(X, t, w, b):
    s = 2 * t - 1
    z = X @ w + b
    y = np.where(z > 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))
    return np.mean(np.log1p(np.exp(-s * z))), X.T @ (y - t) / len(t), np.mean(y - t)
"""

WRONG["train_softmax_regression"] |= {
    "bias_averaged_twice": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        dZ = np.exp(logp)
        dZ[np.arange(N), labels] -= 1
        dZ /= N
        W -= lr * dZ.T @ X
        b -= lr * dZ.mean(axis=0)
    return W, b, losses
""",
    "bias_gradient_summed": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        dZ = np.exp(logp)
        dZ[np.arange(N), labels] -= 1
        W -= lr * dZ.T @ X / N
        b -= lr * dZ.sum(axis=0)
    return W, b, losses
""",
    "averaged_twice": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        S = X @ W.T + b
        S = S - S.max(axis=1, keepdims=True)
        logp = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
        losses[k] = -np.mean(logp[np.arange(N), labels])
        dZ = np.exp(logp)
        dZ[np.arange(N), labels] -= 1
        dZ /= N
        W -= lr * dZ.T @ X / N
        b -= lr * dZ.mean(axis=0)
    return W, b, losses
""",
}

WRONG["fit_ridge"]["not_centred"] = """
def fit_ridge(X, t, lam):
    N, D = X.shape
    w = np.linalg.pinv(X.T @ X + N * lam * np.eye(D)) @ (X.T @ t)
    return w, np.mean(t - X @ w)
"""
