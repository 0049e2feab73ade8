"""Answers to lecture 02 written in other ways than in `linear_models`, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["squared_error_cost"] = [
    """
from sklearn.metrics import mean_squared_error

def squared_error_cost(X, t, w, b):
    return mean_squared_error(t, X.dot(w) + b) / 2
""",
    """
def squared_error_cost(X, t, w, b):
    X, t = np.asarray(X, float), np.asarray(t, float)
    X1 = np.c_[np.ones(len(t)), X]
    r = X1 @ np.r_[b, w] - t
    return float(r.T @ r) / 2 / X.shape[0]
""",
    """
def squared_error_cost(X, t, w, b):
    y = (X @ w.reshape(-1, 1)).ravel() + b
    return sum(0.5 * (yi - ti) ** 2 for yi, ti in zip(y, t)) / len(t)
""",
]

WRONG["squared_error_cost"] = {
    "no_half": """
from sklearn.metrics import mean_squared_error

def squared_error_cost(X, t, w, b):
    A = np.c_[X, np.ones(len(X))]
    return mean_squared_error(t, A @ np.r_[w, b])
""",
    "sum_not_mean": """
def squared_error_cost(X, t, w, b):
    cost = 0
    for x_n, t_n in zip(X, t):
        cost += 0.5 * (np.dot(w, x_n) + b - t_n) ** 2
    return cost
""",
    "no_bias": """
def squared_error_cost(X, t, w, b):
    r = np.asarray(X, float).dot(w) - t
    return r.dot(r) / (2 * len(r))
""",
    "outer_broadcast": """
def squared_error_cost(X, t, w, b):
    t = np.asarray(t, float)[:, np.newaxis]
    y = X @ w + b
    return 0.5 * np.mean((y - t) ** 2)
""",
    "outer_broadcast_and_no_half": """
def squared_error_cost(X, t, w, b):
    return np.mean((X @ w[:, None] + b - t) ** 2)
""",
    "neither_half_nor_mean": """
def squared_error_cost(X, t, w, b):
    return np.linalg.norm(X @ w + b - t) ** 2
""",
    "divided_by_n_minus_one": """
def squared_error_cost(X, t, w, b):
    r = X @ w + b - t
    return r @ r / (2 * (len(r) - 1))
""",
    "half_of_the_variance": """
def squared_error_cost(X, t, w, b):
    return np.var(X @ w + b - t) / 2
""",
    "integer_division": """
def squared_error_cost(X, t, w, b):
    r = X @ w + b - t
    return (r @ r) // (2 * len(r))
""",
    "small_integers": """
def squared_error_cost(X, t, w, b):
    X, t, w = X.astype(np.int32), t.astype(np.int32), w.astype(np.int32)
    r = X @ w + np.int32(b) - t
    return np.sum(r * r) / (2 * len(t))
""",
    "shape_one_by_one": """
def squared_error_cost(X, t, w, b):
    r = (X @ w + b - t).reshape(-1, 1)
    return r.T @ r / (2 * len(t))
""",
    "no_return_in_a_branch": """
def squared_error_cost(X, t, w, b):
    if len(t) == 1:
        return (X[0] @ w + b - t[0]) ** 2 / 2
""",
}

RIGHT["squared_error_gradient"] = [
    """
def squared_error_gradient(X, t, w, b):
    N = X.shape[0]
    dw = np.zeros(X.shape[1])
    db = 0.0
    for x_n, t_n in zip(X, t):
        error = np.dot(w, x_n) + b - t_n
        dw += error * x_n
        db += error
    return dw / N, db / N
""",
    """
def squared_error_gradient(X, t, w, b):
    # the cost is quadratic, so central differences with any step are exact; the derivative is taken in closed form
    X, t, w = np.array(X, float), np.array(t, float), np.array(w, float)
    N = len(t)
    G = X.T @ X / N
    m = X.mean(axis=0)
    dw = G @ w + b * m - X.T @ t / N
    db = m @ w + b - t.mean()
    return dw, db
""",
]

WRONG["squared_error_gradient"] = {
    "factor_two": """
import torch

def squared_error_gradient(X, t, w, b):
    X, t = torch.tensor(np.array(X, float)), torch.tensor(np.array(t, float))
    w = torch.tensor(np.array(w, float), requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    torch.nn.functional.mse_loss(X @ w + b, t).backward()
    return w.grad.numpy(), b.grad.item()
""",
    "sum_not_mean": """
def squared_error_gradient(X, t, w, b):
    dw, db = np.zeros(len(w)), 0.0
    for n in range(len(t)):
        r = np.dot(X[n], w) + b - t[n]
        dw += r * X[n]
        db += r
    return dw, db
""",
    "sign_flipped": """
def squared_error_gradient(X, t, w, b):
    A = np.c_[np.asarray(X, float), np.ones(len(X))]
    g = np.mean((t - A @ np.r_[w, b])[:, None] * A, axis=0)
    return g[:-1], g[-1]
""",
    "bias_gradient_summed": """
def squared_error_gradient(X, t, w, b):
    e = np.asarray(X, float).dot(w) + b - t
    dw = np.array([np.mean(e * X[:, d]) for d in range(X.shape[1])])
    return dw, float(np.ones(len(e)) @ e)
""",
    "factor_two_and_sign": """
def squared_error_gradient(X, t, w, b):
    N = len(t)
    e = t - (X @ w + b)
    return 2 / N * (X.T @ e), 2 / N * e.sum()
""",
    "factor_two_and_sum": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return 2 * X.T @ r, 2 * r.sum()
""",
    "factor_two_only_in_the_weights": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return 2 * X.T @ r / len(t), r.mean()
""",
    "halved": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / (2 * len(t)), r.mean() / 2
""",
    "outer_broadcast": """
def squared_error_gradient(X, t, w, b):
    r = X @ w[:, None] + b - t
    return (X.T @ r).mean(axis=1), r.mean()
""",
    "bias_gradient_is_one": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return X.T @ r / len(t), 1.0
""",
    "weights_and_bias_after_a_step": """
def squared_error_gradient(X, t, w, b):
    r = X @ w + b - t
    return w - X.T @ r / len(t), b - r.mean()
""",
    "bias_gradient_in_an_array": """
def squared_error_gradient(X, t, w, b):
    r = (X @ w + b - t)[:, None]
    return (X * r).mean(axis=0), r.mean(axis=0)
""",
}

RIGHT["fit_ridge"] = [
    """
def fit_ridge(X, t, lam):
    # every row scaled: the bias is an unknown as well, its penalty zero; lam = 0 is done on centred columns
    X, t = np.asarray(X, float), np.asarray(t, float)
    N, D = X.shape
    if lam == 0:
        m = X.mean(0)
        w, *_ = np.linalg.lstsq(X - m, t - t.mean(), rcond=1e-10)
        return w, t.mean() - m @ w
    top = np.hstack([X, np.ones((N, 1))])
    low = np.hstack([np.sqrt(N * lam) * np.eye(D), np.zeros((D, 1))])
    theta, *_ = np.linalg.lstsq(np.vstack([top, low]), np.r_[t, np.zeros(D)], rcond=None)
    return theta[:D], theta[D]
""",
    """
def fit_ridge(X, t, lam):
    X, t = np.asarray(X, float), np.asarray(t, float)
    N, D = X.shape
    Xc = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(Xc.T @ Xc / N)
    c = vectors.T @ (Xc.T @ (t - t.mean()) / N)
    good = values > 1e-11 * max(values.max(), 1e-300)
    w = np.zeros(D)
    for value, vector, coefficient, is_good in zip(values, vectors.T, c, good):
        if is_good:
            w += coefficient / (value + lam) * vector
    return w, float(np.mean(t - X @ w))
""",
    """
from sklearn.linear_model import Ridge

def fit_ridge(X, t, lam):
    N = len(t)
    X = np.asarray(X, float)
    if lam > 0:
        model = Ridge(alpha=N * lam).fit(X, t)
        return model.coef_, model.intercept_
    m = X.mean(axis=0)
    w = np.linalg.pinv(X - m, rcond=1e-10) @ (t - t.mean())
    return w, t.mean() - m @ w
""",
]

WRONG["fit_ridge"] = {
    "bias_penalised": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    A = np.c_[np.ones(N), X]
    A = np.r_[A, np.sqrt(N * lam) * np.eye(D + 1)]
    theta = np.linalg.lstsq(A, np.r_[t, np.zeros(D + 1)], rcond=None)[0]
    return theta[1:], theta[0]
""",
    "lambda_not_scaled_by_n": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    m = X.mean(axis=0)
    A = np.vstack([X - m, np.sqrt(lam) * np.eye(D)])
    w = np.linalg.lstsq(A, np.concatenate([t - t.mean(), np.zeros(D)]), rcond=1e-10)[0]
    return w, t.mean() - m @ w
""",
    "inverse_of_singular": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    A = np.hstack([X, np.ones((N, 1))])
    R = np.diag(np.r_[np.ones(D), 0])
    theta = np.linalg.solve(A.T @ A + N * lam * R, A.T @ t)
    return theta[:D], theta[D]
""",
    "no_bias": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    A = np.vstack([X, np.sqrt(lam * N) * np.eye(D)])
    w, *_ = np.linalg.lstsq(A, np.append(t, np.zeros(D)), rcond=None)
    return w, 0
""",
    "bias_penalised_with_a_plain_solve": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    A = np.hstack([X, np.ones((N, 1))])
    theta = np.linalg.solve(A.T @ A + N * lam * np.eye(D + 1), A.T @ t)
    return theta[:-1], theta[-1]
""",
    "lambda_not_scaled_with_a_plain_inverse": """
def fit_ridge(X, t, lam):
    D = X.shape[1]
    Xc = X - X.mean(0)
    w = np.linalg.inv(Xc.T @ Xc + lam * np.eye(D)) @ Xc.T @ (t - t.mean())
    return w, t.mean() - X.mean(0) @ w
""",
    "no_bias_with_a_plain_solve": """
def fit_ridge(X, t, lam):
    N, D = X.shape
    w = np.linalg.solve(X.T @ X + N * lam * np.eye(D), X.T @ t)
    return w, 0.0
""",
    "sklearn_ridge_with_lambda_as_alpha": """
from sklearn.linear_model import Ridge

def fit_ridge(X, t, lam):
    model = Ridge(alpha=lam, solver="svd").fit(X, t)
    return model.coef_, model.intercept_
""",
    "lambda_over_n": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    m = X.mean(axis=0)
    A = np.vstack([X - m, np.sqrt(lam / N) * np.eye(D)])
    w = np.linalg.lstsq(A, np.concatenate([t - t.mean(), np.zeros(D)]), rcond=1e-10)[0]
    return w, t.mean() - m @ w
""",
    "penalised_and_not_scaled": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    A = np.hstack([X, np.ones((N, 1))])
    A = np.vstack([A, np.sqrt(lam) * np.eye(D + 1)])
    theta = np.linalg.lstsq(A, np.append(t, np.zeros(D + 1)), rcond=None)[0]
    return theta[:-1], theta[-1]
""",
    "bias_of_the_uncentred_fit": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    A = np.vstack([X, np.sqrt(lam * N) * np.eye(D)])
    w = np.linalg.lstsq(A, np.append(t, np.zeros(D)), rcond=None)[0]
    return w, np.mean(t - X @ w)
""",
    "sign_of_the_bias": """
def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    m = X.mean(axis=0)
    A = np.vstack([X - m, np.sqrt(N * lam) * np.eye(D)])
    w = np.linalg.lstsq(A, np.concatenate([t - t.mean(), np.zeros(D)]), rcond=1e-10)[0]
    return w, m @ w - t.mean()
""",
    "lasso": """
from sklearn.linear_model import Lasso, LinearRegression

def fit_ridge(X, t, lam):
    model = Lasso(alpha=lam) if lam > 0 else LinearRegression()
    model.fit(X, t)
    return model.coef_, model.intercept_
""",
    "basic_solution_instead_of_least_norm": """
import scipy.linalg

def fit_ridge(X, t, lam):
    X = np.asarray(X, float)
    N, D = X.shape
    m = X.mean(axis=0)
    A = np.vstack([X - m, np.sqrt(N * lam) * np.eye(D)])
    y = np.append(t - t.mean(), np.zeros(D))
    Q, R, p = scipy.linalg.qr(A, mode="economic", pivoting=True)
    d = np.abs(np.diag(R))
    rank = int(np.sum(d > 1e-10 * max(d.max(), 1e-300)))
    w = np.zeros(D)
    w[p[:rank]] = scipy.linalg.solve_triangular(R[:rank, :rank], (Q.T @ y)[:rank])
    return w, t.mean() - m @ w
""",
}

RIGHT["polynomial_features"] = [
    """
from numpy.polynomial.polynomial import polyvander

def polynomial_features(x, degree):
    return polyvander(np.array(x, dtype=np.float64), degree)
""",
    """
def polynomial_features(x, degree):
    columns = [np.ones(len(x))]
    while len(columns) <= degree:
        columns.append(columns[-1] * x)
    return np.array(columns).T
""",
    """
def polynomial_features(x, degree):
    out = np.empty((x.size, degree + 1))
    for n in range(x.size):
        for d in range(degree + 1):
            out[n, d] = float(x[n]) ** d
    return out
""",
]

WRONG["polynomial_features"] = {
    "no_constant": """
def polynomial_features(x, degree):
    out = np.zeros((len(x), degree + 1))
    power = np.ones(len(x))
    for d in range(degree + 1):
        power = power * x
        out[:, d] = power
    return out
""",
    "one_power_short": """
def polynomial_features(x, degree):
    return np.vander(np.asarray(x, float), degree, increasing=True)
""",
    "descending": """
def polynomial_features(x, degree):
    x = np.asarray(x, dtype=float).reshape(-1, 1)
    return x ** np.arange(degree, -1, -1)
""",
    "integer_overflow": """
def polynomial_features(x, degree):
    return np.vander(x, degree + 1, increasing=True).astype(float)
""",
    "integer_overflow_in_a_running_product": """
def polynomial_features(x, degree):
    columns = [np.ones_like(x)]
    for d in range(degree):
        columns.append(columns[-1] * x)
    return np.stack(columns, axis=1)
""",
    "sklearn_without_the_constant": """
from sklearn.preprocessing import PolynomialFeatures

def polynomial_features(x, degree):
    x = np.asarray(x, float).reshape(-1, 1)
    return PolynomialFeatures(degree, include_bias=False).fit_transform(x)
""",
    "constant_last": """
def polynomial_features(x, degree):
    x = np.asarray(x, float)
    return np.stack([x ** d for d in range(1, degree + 1)] + [np.ones_like(x)], axis=1)
""",
    "descending_and_overflowing": """
def polynomial_features(x, degree):
    return np.vander(x, degree + 1)
""",
    "repeated_squaring": """
def polynomial_features(x, degree):
    columns = [np.ones(len(x)), np.asarray(x, float)]
    while len(columns) < degree + 1:
        columns.append(columns[-1] ** 2)
    return np.stack(columns[:degree + 1], axis=1)
""",
    "flat": """
def polynomial_features(x, degree):
    return (np.asarray(x, float)[:, None] ** np.arange(degree + 1)).ravel()
""",
    "only_the_last_power": """
def polynomial_features(x, degree):
    return np.asarray(x, float) ** degree
""",
    "rounded_to_three_decimals": """
def polynomial_features(x, degree):
    return np.round(np.asarray(x, float)[:, None] ** np.arange(degree + 1), 3)
""",
}

RIGHT["standardize"] = [
    """
def standardize(X_train, X_test):
    X_train, X_test = np.array(X_train, float), np.array(X_test, float)
    mu = X_train.sum(axis=0) / len(X_train)
    sigma = np.sqrt(((X_train - mu) ** 2).sum(axis=0) / len(X_train))
    sigma = [s if np.unique(c).size > 1 else 1.0 for s, c in zip(sigma, X_train.T)]
    return (X_train - mu) / sigma, (X_test - mu) / sigma
""",
    """
def standardize(X_train, X_test):
    out_train, out_test = [], []
    for train, test in zip(X_train.T.astype(float), X_test.T.astype(float)):
        m, s = np.mean(train), np.std(train)
        if np.all(train == train[0]):
            m, s = train[0], 1.0
        out_train.append((train - m) / s)
        out_test.append((test - m) / s)
    return np.array(out_train).T, np.array(out_test).T
""",
    """
def standardize(X_train, X_test):
    mean = np.mean(X_train, axis=0)
    std = np.std(X_train, axis=0)
    std = np.where(std < 1e-12, 1.0, std)
    return (X_train - mean) / std, (X_test - mean) / std
""",
]

WRONG["standardize"] = {
    "test_uses_own_statistics": """
from sklearn.preprocessing import StandardScaler

def standardize(X_train, X_test):
    scaler = StandardScaler()
    return scaler.fit_transform(X_train), scaler.fit_transform(X_test)
""",
    "zero_variance_nan": """
from scipy.stats import zmap

def standardize(X_train, X_test):
    return zmap(X_train, X_train, axis=0), zmap(X_test, X_train, axis=0)
""",
    "ddof_one": """
import torch

def standardize(X_train, X_test):
    A, B = torch.tensor(np.array(X_train, float)), torch.tensor(np.array(X_test, float))
    mean, std = A.mean(dim=0), A.std(dim=0)
    std = torch.where(std > 0, std, torch.ones_like(std))
    return ((A - mean) / std).numpy(), ((B - mean) / std).numpy()
""",
    "divides_by_variance": """
def standardize(X_train, X_test):
    X_train, X_test = np.array(X_train, float), np.array(X_test, float)
    N, D = X_train.shape
    for d in range(D):
        mu = np.mean(X_train[:, d])
        var = np.sum((X_train[:, d] - mu) ** 2) / N
        if var == 0:
            var = 1
        X_train[:, d] = (X_train[:, d] - mu) / var
        X_test[:, d] = (X_test[:, d] - mu) / var
    return X_train, X_test
""",
    "own_statistics_by_zscore": """
from scipy.stats import zscore

def standardize(X_train, X_test):
    return zscore(X_train, axis=0), zscore(X_test, axis=0)
""",
    "ddof_one_and_nan": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(0), X_train.std(0, ddof=1)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "ddof_one_by_hand": """
def standardize(X_train, X_test):
    N = len(X_train)
    mean = X_train.mean(axis=0)
    std = np.sqrt(np.sum((X_train - mean) ** 2, axis=0) / max(N - 1, 1))
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "nan_replaced_by_zero": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(0), X_train.std(0)
    return np.nan_to_num((X_train - mean) / std), np.nan_to_num((X_test - mean) / std)
""",
    "not_shifted": """
def standardize(X_train, X_test):
    std = X_train.std(axis=0)
    std = np.where(std == 0, 1, std)
    return X_train / std, X_test / std
""",
    "scaled_by_the_root_mean_square": """
def standardize(X_train, X_test):
    X_train, X_test = np.asarray(X_train, float), np.asarray(X_test, float)
    mean = X_train.mean(axis=0)
    scale = np.sqrt(np.mean(X_train ** 2, axis=0))
    scale = np.where(X_train.std(axis=0) == 0, 1, scale)
    return (X_train - mean) / scale, (X_test - mean) / scale
""",
    "median_and_deviation": """
def standardize(X_train, X_test):
    middle, std = np.median(X_train, axis=0), X_train.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (X_train - middle) / std, (X_test - middle) / std
""",
    "test_statistics_for_both": """
def standardize(X_train, X_test):
    mean, std = X_test.mean(axis=0), X_test.std(axis=0)
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std
""",
    "returns_the_statistics": """
def standardize(X_train, X_test):
    return X_train.mean(axis=0), X_train.std(axis=0)
""",
    "test_left_alone": """
def standardize(X_train, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / np.where(std == 0, 1, std), X_test
""",
}

RIGHT["logistic_cost_and_gradient"] = [
    """
import torch

def logistic_cost_and_gradient(X, t, w, b):
    X, t = torch.tensor(np.array(X, float)), torch.tensor(np.array(t, float))
    w = torch.tensor(np.array(w, float)).requires_grad_()
    b = torch.tensor(float(b), dtype=torch.float64).requires_grad_()
    cost = torch.nn.BCEWithLogitsLoss()(X @ w + b, t)
    cost.backward()
    return float(cost), w.grad.numpy(), float(b.grad)
""",
    """
def logistic_cost_and_gradient(X, t, w, b):
    X, t = np.asarray(X, float), np.asarray(t, float)
    s = 2 * t - 1
    margin = s * (X @ w + b)
    cost = np.logaddexp(0, -margin).mean()
    dz = -s * np.exp(-np.logaddexp(0, margin)) / len(t)
    return cost, dz @ X, dz.sum()
""",
    """
def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))

def logistic_cost_and_gradient(X, t, w, b):
    N = X.shape[0]
    z = np.dot(X, w) + b
    losses = np.empty(N)
    positive = z > 0
    losses[positive] = (1 - t[positive]) * z[positive] + np.log1p(np.exp(-z[positive]))
    losses[~positive] = -t[~positive] * z[~positive] + np.log1p(np.exp(z[~positive]))
    r = sigmoid(z) - t
    return losses.sum() / N, np.dot(X.T, r) / N, r.sum() / N
""",
]

WRONG["logistic_cost_and_gradient"] = {
    "log_of_zero": """
from scipy.special import expit

def logistic_cost_and_gradient(X, t, w, b):
    X = np.asarray(X, float)
    y = expit(X @ w + b)
    cost = np.mean(np.where(t == 1, -np.log(y), -np.log(1 - y)))
    return cost, np.mean((y - t)[:, None] * X, axis=0), np.mean(y - t)
""",
    "clipped_probabilities": """
from scipy.special import expit

def logistic_cost_and_gradient(X, t, w, b):
    eps = 1e-15
    y = expit(X @ w + b)
    y = np.maximum(eps, np.minimum(1 - eps, y))
    cost = -(t @ np.log(y) + (1 - t) @ np.log(1 - y)) / len(t)
    return cost, (y - t) @ X / len(t), (y - t).mean()
""",
    "squared_error_gradient": """
from scipy.special import expit, log_expit

def logistic_cost_and_gradient(X, t, w, b):
    N = len(t)
    A = np.c_[np.asarray(X, float), np.ones(N)]
    z = A @ np.r_[w, b]
    y = expit(z)
    cost = -np.sum(t * log_expit(z) + (1 - t) * log_expit(-z)) / N
    g = A.T @ ((y - t) * y * (1 - y)) / N
    return cost, g[:-1], g[-1]
""",
    "sum_not_mean": """
import torch

def logistic_cost_and_gradient(X, t, w, b):
    X, t = torch.tensor(np.array(X, float)), torch.tensor(np.array(t, float))
    w = torch.tensor(np.array(w, float), requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    cost = torch.nn.functional.binary_cross_entropy_with_logits(X @ w + b, t, reduction="sum")
    cost.backward()
    return cost.item(), w.grad.numpy(), b.grad.item()
""",
    "bias_forgotten": """
from scipy.special import expit

def logistic_cost_and_gradient(X, t, w, b):
    z = np.asarray(X, float) @ w
    cost = np.mean(np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z))))
    return cost, (expit(z) - t) @ X / len(t), 0.0
""",
    "clipped_probabilities_coarse": """
def logistic_cost_and_gradient(X, t, w, b):
    y = np.clip(1 / (1 + np.exp(-(X @ w + b))), 1e-7, 1 - 1e-7)
    cost = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "sklearn_log_loss": """
from scipy.special import expit
from sklearn.metrics import log_loss

def logistic_cost_and_gradient(X, t, w, b):
    y = expit(X @ w + b)
    return log_loss(t, y, labels=[0, 1]), X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "torch_binary_cross_entropy": """
import torch

def logistic_cost_and_gradient(X, t, w, b):
    X, t = torch.tensor(np.array(X, float)), torch.tensor(np.array(t, float))
    w = torch.tensor(np.array(w, float), requires_grad=True)
    b = torch.tensor(float(b), dtype=torch.float64, requires_grad=True)
    cost = torch.nn.functional.binary_cross_entropy(torch.sigmoid(X @ w + b), t)
    cost.backward()
    return cost.item(), w.grad.numpy(), b.grad.item()
""",
    "summed_and_naive": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    cost = -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))
    return cost, X.T @ (y - t), np.sum(y - t)
""",
    "bias_forgotten_and_naive": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-X @ w))
    cost = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "squared_error_gradient_and_naive": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    cost = -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))
    r = (y - t) * y * (1 - y)
    return cost, X.T @ r / len(t), np.mean(r)
""",
    "squared_error_cost_as_well": """
def logistic_cost_and_gradient(X, t, w, b):
    y = 1 / (1 + np.exp(-(X @ w + b)))
    r = (y - t) * y * (1 - y)
    return np.mean((y - t) ** 2) / 2, X.T @ r / len(t), np.mean(r)
""",
    "softplus_of_the_wrong_sign": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, (2 * t - 1) * z))
    y = 1 / (1 + np.exp(-z))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "probabilities_rounded": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    y = np.round(1 / (1 + np.exp(-z)), 3)
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
""",
    "cost_of_each_example": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.logaddexp(0, z) - t * z
    r = 1 / (1 + np.exp(-z)) - t
    return cost, X.T @ r / len(t), r.mean()
""",
    "returns_none": """
def logistic_cost_and_gradient(X, t, w, b):
    z = X @ w + b
    cost = np.mean(np.logaddexp(0, z) - t * z)
    r = 1 / (1 + np.exp(-z)) - t
    print(cost, X.T @ r / len(t), r.mean())
""",
}

RIGHT["softmax_cross_entropy"] = [
    """
import torch

def softmax_cross_entropy(Z, labels):
    z = torch.tensor(np.array(Z, float))
    target = torch.nn.functional.one_hot(torch.tensor(np.array(labels, np.int64)), z.shape[1])
    logp = torch.log_softmax(z, dim=1)
    loss = -(target * logp).sum(dim=1).mean()
    return float(loss), ((logp.exp() - target) / len(z)).numpy()
""",
    """
def softmax_cross_entropy(Z, labels):
    losses, gradients = [], []
    for z, k in zip(Z.astype(float), labels):
        e = np.exp(z - np.max(z))
        g = e / np.sum(e)
        g[k] -= 1
        losses.append(np.max(z) - z[k] + np.log(np.sum(e)))
        gradients.append(g)
    return np.mean(losses), np.array(gradients) / len(labels)
""",
]

WRONG["softmax_cross_entropy"] = {
    "overflow": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    Z = np.asarray(Z, float)
    lse = np.log(np.exp(Z).sum(axis=1))
    loss = np.mean(lse - Z[range(N), labels])
    P = np.exp(Z - lse[:, None])
    return loss, (P - np.eye(K)[labels]) / N
""",
    "shift_by_global_max": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    E = np.exp(Z - Z.max())
    P = E / np.sum(E, axis=1).reshape(N, 1)
    loss = 0
    for n in range(N):
        loss -= np.log(P[n, labels[n]]) / N
    return loss, (P - np.eye(K)[labels]) / N
""",
    "sum_not_mean": """
import torch

def softmax_cross_entropy(Z, labels):
    Z = torch.tensor(np.array(Z, float), requires_grad=True)
    loss = torch.nn.functional.cross_entropy(Z, torch.tensor(np.array(labels, np.int64)), reduction="sum")
    loss.backward()
    return loss.item(), Z.grad.numpy()
""",
    "gradient_not_averaged": """
from scipy.special import logsumexp, softmax

def softmax_cross_entropy(Z, labels):
    loss, dZ = 0.0, softmax(np.asarray(Z, float), axis=1)
    for n, k in enumerate(labels):
        loss += logsumexp(Z[n]) - Z[n, k]
        dZ[n, k] -= 1.0
    return loss / len(labels), dZ
""",
    "softmax_over_examples": """
from scipy.special import log_softmax

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    L = log_softmax(np.asarray(Z, float), axis=0)
    T = np.eye(K)[labels]
    return -(T * L).sum() / N, (np.exp(L) - T) / N
""",
    "epsilon_in_log": """
from scipy.special import softmax

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    p = softmax(np.asarray(Z, float), axis=1)
    T = np.eye(K)[labels]
    return -np.sum(T * np.log(p + 1e-8)) / N, (p - T) / N
""",
    "epsilon_in_log_too_small_to_see": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(P[np.arange(N), labels] + 1e-300))
    P[np.arange(N), labels] -= 1
    return loss, P / N
""",
    "probabilities_clipped": """
def softmax_cross_entropy(Z, labels):
    N = len(Z)
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(np.clip(P[np.arange(N), labels], 1e-12, 1.0)))
    P[np.arange(N), labels] -= 1
    return loss, P / N
""",
    "overflow_and_epsilon": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    E = np.exp(Z)
    P = E / (E.sum(axis=1, keepdims=True) + 1e-12)
    T = np.eye(K)[labels]
    return -np.mean(np.log(np.sum(P * T, axis=1) + 1e-12)), (P - T) / N
""",
    "overflow_and_sum": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    T = np.eye(K)[labels]
    return -np.sum(T * np.log(P)), P - T
""",
    "overflow_over_examples": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    P = np.exp(Z) / np.exp(Z).sum(axis=0)
    T = np.eye(K)[labels]
    return -np.sum(T * np.log(P)) / N, (P - T) / N
""",
    "gradient_not_averaged_and_global_max": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - np.max(Z)
    L = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    T = np.eye(K)[labels]
    return -np.sum(T * L) / N, np.exp(L) - T
""",
    "loss_summed_but_gradient_averaged": """
from scipy.special import log_softmax

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    L = log_softmax(np.asarray(Z, float), axis=1)
    T = np.eye(K)[labels]
    return -np.sum(T * L), (np.exp(L) - T) / N
""",
    "softmax_twice": """
from scipy.special import softmax, log_softmax

def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    L = log_softmax(softmax(np.asarray(Z, float), axis=1), axis=1)
    T = np.eye(K)[labels]
    return -np.sum(T * L) / N, (np.exp(L) - T) / N
""",
    "shift_by_the_row_mean": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    S = Z - Z.mean(axis=1, keepdims=True)
    L = S - np.log(np.exp(S).sum(axis=1, keepdims=True))
    T = np.eye(K)[labels]
    return -np.sum(T * L) / N, (np.exp(L) - T) / N
""",
    "nan_replaced_by_zero": """
def softmax_cross_entropy(Z, labels):
    N, K = Z.shape
    P = np.nan_to_num(np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))
    T = np.eye(K)[labels]
    return -np.mean(np.nan_to_num(np.log(np.sum(P * T, axis=1)))), (P - T) / N
""",
}

RIGHT["train_softmax_regression"] = [
    """
import torch

def train_softmax_regression(X, labels, num_classes, lr, steps):
    torch.set_default_dtype(torch.float64)
    try:
        layer = torch.nn.Linear(X.shape[1], num_classes)
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
        inputs, targets = torch.tensor(np.array(X, float)), torch.tensor(np.array(labels, np.int64))
        losses = []
        for _ in range(steps):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(layer(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return layer.weight.detach().numpy(), layer.bias.detach().numpy(), np.array(losses, dtype=float)
    finally:
        torch.set_default_dtype(torch.float32)
""",
    """
def loss_and_gradient(Z, labels):
    N = len(Z)
    top = Z.max(axis=1)
    E = np.exp(Z - top[:, None])
    total = E.sum(axis=1)
    loss = np.mean(top + np.log(total) - Z[np.arange(N), labels])
    G = E / total[:, None]
    G[np.arange(N), labels] -= 1
    return loss, G / N

def train_softmax_regression(X, labels, num_classes, lr, steps):
    X = np.array(X, dtype=float)
    W, b = np.zeros((num_classes, X.shape[1])), np.zeros(num_classes)
    losses = np.full(steps, np.nan)
    for i in range(steps):
        losses[i], G = loss_and_gradient(np.einsum("nd,kd->nk", X, W) + b, labels)
        W = W - lr * np.einsum("nk,nd->kd", G, X)
        b = b - lr * np.sum(G, axis=0)
    return W, b, losses
""",
]

WRONG["train_softmax_regression"] = {
    "loss_after_update": """
import torch

def train_softmax_regression(X, labels, num_classes, lr, steps):
    X, y = torch.tensor(np.array(X, float)), torch.tensor(np.array(labels, np.int64))
    W = torch.zeros((num_classes, X.shape[1]), dtype=torch.float64, requires_grad=True)
    b = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([W, b], lr=lr)
    cross_entropy = torch.nn.CrossEntropyLoss()
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(X @ W.T + b, y).backward()
        optimizer.step()
        with torch.no_grad():
            losses.append(cross_entropy(X @ W.T + b, y).item())
    return W.detach().numpy(), b.detach().numpy(), np.array(losses)
""",
    "gradient_not_averaged": """
from scipy.special import logsumexp

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), []
    for step in range(steps):
        Z = X @ W.T + b
        lse = logsumexp(Z, axis=1)
        losses.append(np.mean(lse - Z[np.arange(N), labels]))
        dW, db = np.zeros_like(W), np.zeros_like(b)
        for n in range(N):
            p = np.exp(Z[n] - lse[n])
            p[labels[n]] -= 1
            dW += np.outer(p, X[n])
            db += p
        W = W - lr * dW
        b = b - lr * db
    return W, b, np.array(losses)
""",
    "bias_not_trained": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    T = np.eye(num_classes)[labels]
    W = np.zeros((num_classes, X.shape[1]))
    losses = np.zeros(steps)
    for i in range(steps):
        L = log_softmax(X @ W.T, axis=1)
        losses[i] = -(T * L).sum() / len(X)
        W = W - lr * (np.exp(L) - T).T @ X / len(X)
    return W, np.zeros(num_classes), losses
""",
    "random_init": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W = np.random.randn(num_classes, D)
    b = np.random.randn(num_classes)
    losses = []
    for _ in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses.append(-np.sum(T * L) / N)
        G = (np.exp(L) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, np.array(losses)
""",
    "torch_layer_with_its_own_start": """
import torch

def train_softmax_regression(X, labels, num_classes, lr, steps):
    X, y = torch.tensor(np.array(X, np.float32)), torch.tensor(np.array(labels, np.int64))
    layer = torch.nn.Linear(X.shape[1], num_classes)
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(layer(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return layer.weight.detach().numpy(), layer.bias.detach().numpy(), np.array(losses)
""",
    "gradients_add_up": """
import torch

def train_softmax_regression(X, labels, num_classes, lr, steps):
    X, y = torch.tensor(np.array(X, float)), torch.tensor(np.array(labels, np.int64))
    W = torch.zeros((num_classes, X.shape[1]), dtype=torch.float64, requires_grad=True)
    b = torch.zeros(num_classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([W, b], lr=lr)
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(X @ W.T + b, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return W.detach().numpy(), b.detach().numpy(), np.array(losses)
""",
    "loss_after_update_and_naive": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]

    def softmax(Z):
        E = np.exp(Z)
        return E / E.sum(axis=1, keepdims=True)

    for k in range(steps):
        P = softmax(X @ W.T + b)
        W -= lr * (P - T).T @ X / N
        b -= lr * (P - T).mean(axis=0)
        losses[k] = -np.mean(np.log(softmax(X @ W.T + b)[np.arange(N), labels]))
    return W, b, losses
""",
    "bias_not_trained_and_naive": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]
    for k in range(steps):
        E = np.exp(X @ W.T + b)
        P = E / E.sum(axis=1, keepdims=True)
        losses[k] = -np.sum(T * np.log(P)) / N
        W -= lr * (P - T).T @ X / N
    return W, b, losses
""",
    "gradient_summed_and_naive": """
def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    T = np.eye(num_classes)[labels]
    for k in range(steps):
        E = np.exp(X @ W.T + b)
        P = E / E.sum(axis=1, keepdims=True)
        losses[k] = -np.sum(T * np.log(P)) / N
        W -= lr * (P - T).T @ X
        b -= lr * (P - T).sum(axis=0)
    return W, b, losses
""",
    "bias_gradient_summed": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses[k] = -np.sum(T * L) / N
        W -= lr * (np.exp(L) - T).T @ X / N
        b -= lr * (np.exp(L) - T).sum(axis=0)
    return W, b, losses
""",
    "learning_rate_decays": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses[k] = -np.sum(T * L) / N
        G = (np.exp(L) - T) / N
        W -= lr / (k + 1) * G.T @ X
        b -= lr / (k + 1) * G.sum(axis=0)
    return W, b, losses
""",
    "with_momentum": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    A = np.c_[X, np.ones(N)]
    T = np.eye(num_classes)[labels]
    V, step, losses = np.zeros((num_classes, D + 1)), 0, np.zeros(steps)
    for k in range(steps):
        L = log_softmax(A @ V.T, axis=1)
        losses[k] = -np.sum(T * L) / N
        step = 0.9 * step - lr * (np.exp(L) - T).T @ A / N
        V = V + step
    return V[:, :-1], V[:, -1], losses
""",
    "gradient_clipped": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses[k] = -np.sum(T * L) / N
        G = (np.exp(L) - T) / N
        W -= np.clip(lr * G.T @ X, -1, 1)
        b -= np.clip(lr * G.sum(axis=0), -1, 1)
    return W, b, losses
""",
    "largest_label_counts_the_classes": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    K = labels.max() + 1
    T = np.eye(K)[labels]
    W, b, losses = np.zeros((K, D)), np.zeros(K), np.zeros(steps)
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses[k] = -np.sum(T * L) / N
        G = (np.exp(L) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, losses
""",
    "epsilon_in_the_loss": """
from scipy.special import softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), np.zeros(steps)
    for k in range(steps):
        P = softmax(X @ W.T + b, axis=1)
        losses[k] = -np.mean(np.sum(T * np.log(P + 1e-12), axis=1))
        W -= lr * (P - T).T @ X / N
        b -= lr * (P - T).mean(axis=0)
    return W, b, losses
""",
    "only_the_last_loss": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, loss = np.zeros((num_classes, D)), np.zeros(num_classes), np.log(num_classes)
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        loss = -np.sum(T * L) / N
        G = (np.exp(L) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, loss
""",
    "stops_when_it_no_longer_improves": """
from scipy.special import log_softmax

def train_softmax_regression(X, labels, num_classes, lr, steps):
    N, D = X.shape
    T = np.eye(num_classes)[labels]
    W, b, losses = np.zeros((num_classes, D)), np.zeros(num_classes), []
    for k in range(steps):
        L = log_softmax(X @ W.T + b, axis=1)
        losses.append(-np.sum(T * L) / N)
        if k > 0 and losses[-1] > losses[-2]:
            break
        G = (np.exp(L) - T) / N
        W -= lr * G.T @ X
        b -= lr * G.sum(axis=0)
    return W, b, np.array(losses)
""",
}
