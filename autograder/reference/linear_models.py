"""Solutions of lecture 02, linear models. Examples lie in rows; weight matrices are (outputs, inputs)."""

import numpy as np


def squared_error_cost(X, t, w, b):
    """The cost of a linear model: 1/(2N) times the sum over the examples of (w.x + b - t)^2.

    X (N, D) examples in rows, t (N,) targets, w (D,) weights, b a number -> the cost, one number
    """
    # BEGIN SOLUTION
    residual = np.asarray(X, float) @ w + b - np.asarray(t, float)
    return residual @ residual / (2 * len(residual))
    # END SOLUTION


def squared_error_gradient(X, t, w, b):
    """The partial derivatives of `squared_error_cost` with respect to the weights and the bias.

    X (N, D), t (N,), w (D,), b a number -> dw (D,) and db, a number
    """
    # BEGIN SOLUTION
    X = np.asarray(X, float)
    residual = X @ w + b - np.asarray(t, float)
    return X.T @ residual / len(X), residual.mean()
    # END SOLUTION


def fit_ridge(X, t, lam):
    """The minimiser of 1/(2N) ||Xw + b1 - t||^2 + lam/2 ||w||^2; the bias is not penalised.

    X (N, D), t (N,), lam a number >= 0 -> w (D,) and b, a number
    Where lam is 0 and there are many minimisers, the one with the smallest ||w||.
    """
    # BEGIN SOLUTION
    X, t = np.asarray(X, float), np.asarray(t, float)
    N, D = X.shape
    x_mean, t_mean = X.mean(axis=0), t.mean()  # at the minimum, b = mean(t) - mean(x).w whatever w is
    stacked = np.vstack([X - x_mean, np.sqrt(N * lam) * np.eye(D)])
    w = np.linalg.lstsq(stacked, np.concatenate([t - t_mean, np.zeros(D)]), rcond=None)[0]
    return w, t_mean - x_mean @ w
    # END SOLUTION


def polynomial_features(x, degree):
    """The matrix whose column d is x to the power d, for d from 0 to degree.

    x (N,), degree an integer >= 0 -> (N, degree + 1), floats
    """
    # BEGIN SOLUTION
    return np.asarray(x, float)[:, None] ** np.arange(degree + 1)
    # END SOLUTION


def standardize(X_train, X_test):
    """Shift and scale both arrays with the column means and standard deviations (dividing by N) of X_train.

    X_train (N, D), X_test (M, D) -> (N, D) and (M, D)
    A column that is constant in X_train is only shifted.
    """
    # BEGIN SOLUTION
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    constant = X_train.max(axis=0) == X_train.min(axis=0)  # rounding may leave such a column a std of 1e-17
    std = np.where(constant, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std
    # END SOLUTION


def logistic_cost_and_gradient(X, t, w, b):
    """The mean cross-entropy (natural logarithm) of y = logistic(Xw + b), and its gradient; right for logits of any size.

    X (N, D), t (N,) of 0 and 1, w (D,), b a number -> the cost, a number, dw (D,) and db, a number
    """
    # BEGIN SOLUTION
    z = X @ w + b
    cost = np.mean(np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z))))
    small = np.exp(-np.abs(z))
    y = np.where(z >= 0, 1, small) / (1 + small)
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)
    # END SOLUTION


def softmax_cross_entropy(Z, labels):
    """Mean over the examples of -log softmax(Z)[label], and its gradient with respect to Z.

    Z (N, K) scores, labels (N,) integers from 0 to K-1 -> the loss, a number, and dZ (N, K)
    """
    # BEGIN SOLUTION
    Z = Z - Z.max(axis=1, keepdims=True)
    log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    right = np.arange(len(Z)), labels
    dZ = np.exp(log_p)
    dZ[right] -= 1
    return -log_p[right].mean(), dZ / len(Z)
    # END SOLUTION


def train_softmax_regression(X, labels, num_classes, lr, steps):
    """Gradient descent on the mean softmax cross-entropy of all examples, from W = 0 and b = 0.

    X (N, D), labels (N,) integers from 0 to num_classes-1, lr the learning rate, steps the number of updates
    -> W (num_classes, D), b (num_classes,) and losses (steps,); losses[k] is the loss before update k+1
    """
    # BEGIN SOLUTION
    W, b = np.zeros((num_classes, X.shape[1])), np.zeros(num_classes)
    right = np.arange(len(X)), labels
    losses = np.zeros(steps)
    for step in range(steps):
        Z = X @ W.T + b
        Z -= Z.max(axis=1, keepdims=True)
        log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
        losses[step] = -log_p[right].mean()
        dZ = np.exp(log_p)
        dZ[right] -= 1
        W -= lr * dZ.T @ X / len(X)
        b -= lr * dZ.mean(axis=0)
    return W, b, losses
    # END SOLUTION
