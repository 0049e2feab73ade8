"""Solutions of lecture 08, generalization. What behaves differently at test takes `train`; random numbers come in as arguments."""

import numpy as np


def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    """One step of gradient descent on J + lam/2 times the sum of the squares of all weights, but not of the biases.

    weights and biases: two lists of arrays; dweights and dbiases: the gradients of J, in the same shapes;
    alpha: the learning rate -> new lists weights and biases. The given lists and their arrays stay as they are.
    """
    # BEGIN SOLUTION
    shrink = 1 - alpha * lam
    weights = [shrink * W - alpha * dW for W, dW in zip(weights, dweights, strict=True)]
    biases = [b - alpha * db for b, db in zip(biases, dbiases, strict=True)]
    return weights, biases
    # END SOLUTION


def inverted_dropout(h, rho, u, train):
    """Hidden values h with units dropped where u < rho, and the factors by which each was multiplied.

    h any shape; rho in [0, 1): the probability to drop; u like h, uniform in [0, 1); train: a bool
    In training a unit with u >= rho is kept and multiplied by 1/(1 - rho), others are 0; at test all pass unchanged.
    Returns out = h * mask and mask, which is all ones at test. Raises ValueError for rho outside [0, 1).
    """
    # BEGIN SOLUTION
    if not 0 <= rho < 1:
        raise ValueError(f"rho must lie in [0, 1), but is {rho}")
    mask = (u >= rho) / (1 - rho) if train else np.ones(np.shape(h))
    return h * mask, mask
    # END SOLUTION


def early_stopping(val_losses, patience):
    """The epoch whose weights to keep, and the one after which training stops.

    val_losses: the validation loss after each epoch from 0 on, a list or an array of at least one; NaN counts as infinite
    patience: an int >= 1. Training stops at the first epoch at which the best so far lies patience or more epochs back.
    Returns best_epoch (the earliest of equals, among epochs up to the stop) and stop_epoch (the last one if it never stops).
    """
    # BEGIN SOLUTION
    best, best_epoch = np.inf, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best:  # never true for NaN
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return best_epoch, epoch
    # END SOLUTION


def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """Batch normalisation of each column: gamma * (x - mean) / sqrt(var + eps) + beta.

    x (N, D); gamma, beta, running_mean and running_var (D,); train: a bool; momentum: the share of the new value
    In training mean and var (divided by N) are those of the batch, and the running values move towards the batch's,
    running <- (1 - momentum) running + momentum batch, with the variance divided by N - 1. At test mean and var are the
    running values, which stay as they are.
    Returns out (N, D), running_mean and running_var. Changes nothing in place. Raises ValueError in training with N = 1.
    """
    # BEGIN SOLUTION
    if not train:
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, running_mean, running_var
    N = len(x)
    if N == 1:
        raise ValueError("one example has no variance: training needs N of at least 2")
    mean, var = x.mean(axis=0), x.var(axis=0)
    out = gamma * (x - mean) / np.sqrt(var + eps) + beta
    running_mean = (1 - momentum) * running_mean + momentum * mean
    running_var = (1 - momentum) * running_var + momentum * var * N / (N - 1)
    return out, running_mean, running_var
    # END SOLUTION


def ensemble_losses(probs, labels):
    """The mean cross-entropy of single models, and the cross-entropy of their averaged probabilities.

    probs (M, N, K): what each of M models predicts for N examples; labels (N,) int
    Returns mean_member, a mean over models and examples, and ensemble, a mean over examples.
    """
    # BEGIN SOLUTION
    right = probs[:, np.arange(len(labels)), labels]  # (M, N)
    with np.errstate(divide="ignore"):
        return -np.log(right).mean(), -np.log(right.mean(axis=0)).mean()
    # END SOLUTION


def bias_variance(preds, truth):
    """Squared bias and variance of a way to learn, from models that were fitted to R samples.

    preds (R, N): model r's prediction at input n; truth (N,): the targets without noise
    Returns bias2, the mean over inputs of (mean prediction - truth)^2, and variance, the mean over inputs of the
    variance over models, divided by R.
    """
    # BEGIN SOLUTION
    mean = preds.mean(axis=0)
    return ((mean - truth) ** 2).mean(), ((preds - mean) ** 2).mean()
    # END SOLUTION


def shift_images(images, dy, dx):
    """Each image moved down by dy and to the right by dx pixels; what comes in from outside is 0.

    images (N, H, W); dy and dx: ints for all images, or (N,) ints, one an image; negative: up, left
    Returns (N, H, W) of the same dtype.
    """
    # BEGIN SOLUTION
    N, H, W = images.shape
    row = np.arange(H)[:, None] - np.broadcast_to(dy, N)[:, None, None]  # where each pixel comes from
    column = np.arange(W) - np.broadcast_to(dx, N)[:, None, None]
    inside = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    moved = images[np.arange(N)[:, None, None], row % H, column % W]
    return np.where(inside, moved, 0).astype(images.dtype)
    # END SOLUTION


def robust_classifier(X_train, labels, X_test, seed):
    """The true labels of X_test, learned from labels of which 30 % are random.

    X_train (400, 64), labels (400,) integers 0..9 with errors, X_test (M, 64), seed an integer -> (M,) integers
    """
    # BEGIN SOLUTION
    chance = np.random.default_rng(seed)
    W, b = chance.normal(size=(600, 64)), chance.normal(size=600)
    H, H_test = (np.maximum(X @ W.T + b, 0) for X in (X_train, X_test))
    gram, targets = H @ H.T, np.eye(10)[labels]

    def predicted(fit, products, lam):
        """Ridge on random features, fitted to some rows, in the form that needs inner products alone."""
        K = gram[np.ix_(fit, fit)] + lam * np.eye(len(fit))
        return (products[:, fit] @ np.linalg.solve(K, targets[fit])).argmax(axis=1)

    order = chance.permutation(len(X_train))
    right = dict.fromkeys(10.0 ** np.arange(1, 5), 0)  # penalty -> how many held-out labels it predicts
    for held_out in np.array_split(order, 4):
        fit = np.setdiff1d(order, held_out)
        for lam in right:
            right[lam] += np.sum(predicted(fit, gram[held_out], lam) == labels[held_out])
    return predicted(order, H_test @ H.T, max(right, key=right.get))
    # END SOLUTION
