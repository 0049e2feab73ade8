"""Answers to lecture 08 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

# ------------------------------------------------------------------------------------------ weight decay

RIGHT["decay_step"] = [
    """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_w, new_b = [], []
    for W, b, dW, db in zip(weights, biases, dweights, dbiases):
        new_w.append(W - alpha * (dW + lam * W))
        new_b.append(b - alpha * db)
    return new_w, new_b
""",
    """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return ([(1 - alpha * lam) * w - alpha * g for w, g in zip(weights, dweights)],
            [b - alpha * g for b, g in zip(biases, dbiases)])
""",
    """
import copy

def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    W = [np.array(w, dtype=float) for w in copy.deepcopy(weights)]
    B = [np.array(b, dtype=float) for b in copy.deepcopy(biases)]
    for l in range(len(W)):
        W[l] *= 1 - alpha * lam
        W[l] -= alpha * dweights[l]
        B[l] -= alpha * dbiases[l]
    return W, B
""",
    """
import torch

def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    out = []
    for arrays, grads, decay in ((weights, dweights, lam), (biases, dbiases, 0.0)):
        params = [torch.nn.Parameter(torch.tensor(np.asarray(a, dtype=np.float64))) for a in arrays]
        for p, g in zip(params, grads):
            p.grad = torch.tensor(np.asarray(g, dtype=np.float64))
        torch.optim.SGD(params, lr=alpha, weight_decay=decay).step()
        out.append([p.detach().numpy() for p in params])
    return out[0], out[1]
""",
]

WRONG["decay_step"] = {
    "biases_decayed": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    step = lambda p, g: p - alpha * (g + lam * p)
    return [step(p, g) for p, g in zip(weights, dweights)], [step(p, g) for p, g in zip(biases, dbiases)]
""",
    "decay_without_learning_rate": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights = [(1 - lam) * w - alpha * g for w, g in zip(weights, dweights)]
    new_biases = [b - alpha * g for b, g in zip(biases, dbiases)]
    return new_weights, new_biases
""",
    "factor_two": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights = [w - alpha * (g + 2 * lam * w) for w, g in zip(weights, dweights)]
    new_biases = [b - alpha * g for b, g in zip(biases, dbiases)]
    return new_weights, new_biases
""",
    "decay_after_step": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights = [w - alpha * g for w, g in zip(weights, dweights)]
    new_weights = [w - alpha * lam * w for w in new_weights]
    new_biases = [b - alpha * g for b, g in zip(biases, dbiases)]
    return new_weights, new_biases
""",
    "in_place": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    for l in range(len(weights)):
        weights[l] = weights[l] - alpha * (dweights[l] + lam * weights[l])
        biases[l] = biases[l] - alpha * dbiases[l]
    return weights, biases
""",
    "no_decay": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return [w - alpha * g for w, g in zip(weights, dweights)], [b - alpha * g for b, g in zip(biases, dbiases)]
""",
    "uphill": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return [w + alpha * (g + lam * w) for w, g in zip(weights, dweights)], [b + alpha * g for b, g in zip(biases, dbiases)]
""",
    "weights_only": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return [w - alpha * (g + lam * w) for w, g in zip(weights, dweights)]
""",
    "returns_none": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights = [w - alpha * (g + lam * w) for w, g in zip(weights, dweights)]
""",
    "weights_grow": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return ([w - alpha * (g - lam * w) for w, g in zip(weights, dweights)],
            [b - alpha * g for b, g in zip(biases, dbiases)])
""",
}

# ------------------------------------------------------------------------------------------ dropout

RIGHT["inverted_dropout"] = [
    """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    if not train:
        return h, np.ones_like(h)
    mask = np.where(u >= rho, 1 / (1 - rho), 0.0)
    return h * mask, mask
""",
    """
def inverted_dropout(h, rho, u, train):
    if not (0 <= rho < 1):
        raise ValueError(rho)
    mask = np.ones(h.shape, dtype=np.float32)
    if train:
        keep = ~(u < rho)
        mask = keep.astype(np.float32) / np.float32(1 - rho)
    return h * mask, mask
""",
    """
def inverted_dropout(h, rho, u, train):
    if rho >= 1 or rho < 0:
        raise ValueError("no probability to drop")
    flat_h, flat_u = h.reshape(-1), u.reshape(-1)
    mask = np.zeros(len(flat_h))
    out = np.zeros(len(flat_h))
    for i in range(len(flat_h)):
        if not train:
            mask[i] = 1
        elif flat_u[i] >= rho:
            mask[i] = 1 / (1 - rho)
        out[i] = flat_h[i] * mask[i]
    return out.reshape(h.shape), mask.reshape(h.shape)
""",
    """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.ones(h.shape)
    if train:
        mask[u < rho] = 0
        mask /= 1 - rho
    out = h.copy() * mask
    return out, mask
""",
]

WRONG["inverted_dropout"] = {
    "no_scaling": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u >= rho).astype(float) if train else np.ones_like(h, dtype=float)
    return h * mask, mask
""",
    "drops_the_kept": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = np.where(u < rho, 1 / (1 - rho), 0) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "active_at_test": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u >= rho) / (1 - rho)
    return h * mask, mask
""",
    "scaled_at_test": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    if train:
        mask = (u >= rho) / (1 - rho)
        return h * mask, mask
    return h * (1 - rho), np.ones(h.shape)
""",
    "scaled_at_test_only": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u >= rho) * 1.0 if train else np.ones(h.shape) * (1 - rho)
    return h * mask, mask
""",
    "kept_below": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    keep = 1 - rho
    mask = (u < keep) / keep if train else np.ones(h.shape)
    return h * mask, mask
""",
    "rho_one_accepted": """
def inverted_dropout(h, rho, u, train):
    if train:
        mask = (u >= rho) / (1 - rho)
    else:
        mask = np.ones_like(h)
    return h * mask, mask
""",
    "drops_at_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u > rho) / (1 - rho) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "scaled_by_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u >= rho) * (1 - rho) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "whole_columns": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = np.broadcast_to((u[:1] >= rho) / (1 - rho), h.shape) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "own_randomness": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (np.random.default_rng(0).random(h.shape) >= rho) / (1 - rho) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "only_out": """
def inverted_dropout(h, rho, u, train):
    return h * (u >= rho) / (1 - rho) if train else h
""",
    "mask_without_factor": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    if not train:
        return h, np.ones(h.shape)
    mask = (u >= rho).astype(float)
    return h * mask / (1 - rho), mask
""",
    "divided_by_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u >= rho) / rho if train else np.ones(h.shape)
    return h * mask, mask
""",
    "keeps_with_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    mask = (u < rho) / rho if train else np.ones(h.shape)
    return h * mask, mask
""",
}

# ------------------------------------------------------------------------------------------ early stopping

RIGHT["early_stopping"] = [
    """
def early_stopping(val_losses, patience):
    best_epoch, best, waited = 0, float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch, waited = loss, e, 0
        elif e > 0:
            waited += 1
        if waited >= patience:
            return best_epoch, e
    return best_epoch, len(val_losses) - 1
""",
    """
def early_stopping(val_losses, patience):
    losses = np.array(val_losses, dtype=float)
    losses[np.isnan(losses)] = np.inf
    for e in range(len(losses)):
        best = np.argmin(losses[: e + 1])
        if e - best >= patience:
            return best, e
    return np.argmin(losses), len(losses) - 1
""",
    """
import math

def early_stopping(val_losses, patience):
    clean = [math.inf if math.isnan(v) else float(v) for v in val_losses]
    e = 0
    best = 0
    while True:
        if clean[e] < clean[best]:
            best = e
        if best + patience <= e or e + 1 == len(clean):
            return best, e
        e += 1
""",
    """
def early_stopping(val_losses, patience):
    losses = np.where(np.isnan(val_losses), np.inf, val_losses)
    running = np.minimum.accumulate(losses)
    better = np.r_[True, running[1:] < running[:-1]]
    epochs = np.arange(len(losses))
    best = np.maximum.accumulate(np.where(better, epochs, 0))
    stop = np.flatnonzero(epochs - best >= patience)
    e = int(stop[0]) if len(stop) else len(losses) - 1
    return int(best[e]), e
""",
]

WRONG["early_stopping"] = {
    "best_of_all": """
def early_stopping(val_losses, patience):
    losses = np.nan_to_num(np.array(val_losses, dtype=float), nan=np.inf)
    best, best_epoch = np.inf, 0
    for e, loss in enumerate(losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return int(np.argmin(losses)), e
""",
    "first_rise": """
def early_stopping(val_losses, patience):
    for e in range(1, len(val_losses)):
        if val_losses[e] > val_losses[e - 1]:
            return e - 1, e
    return len(val_losses) - 1, len(val_losses) - 1
""",
    "ties_count_as_better": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss <= best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return best_epoch, e
""",
    "one_epoch_late": """
def early_stopping(val_losses, patience):
    best, best_epoch, waited = float("inf"), 0, 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch, waited = loss, e, 0
        else:
            waited = e - best_epoch
        if waited > patience:
            return best_epoch, e
    return best_epoch, len(val_losses) - 1
""",
    "nan_wins": """
def early_stopping(val_losses, patience):
    best, best_epoch = val_losses[0], 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return best_epoch, e
""",
    "rises_in_a_row": """
def early_stopping(val_losses, patience):
    best_epoch, rises = 0, 0
    for e in range(1, len(val_losses)):
        if val_losses[e] > val_losses[e - 1]:
            rises += 1
        else:
            rises = 0
        if val_losses[e] < val_losses[best_epoch]:
            best_epoch = e
        if rises == patience:
            return best_epoch, e
    return best_epoch, len(val_losses) - 1
""",
    "stops_at_the_best": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return best_epoch, best_epoch
""",
    "returns_losses": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return best, loss
""",
    "counts_from_one": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 1
    for e, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return best_epoch, e
""",
    "prints_instead": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    print(best_epoch, e)
""",
    "compared_with_yesterday": """
def early_stopping(val_losses, patience):
    best_epoch, bad = 0, 0
    for e in range(1, len(val_losses)):
        if val_losses[e] < val_losses[e - 1]:
            best_epoch, bad = e, 0
        else:
            bad += 1
        if bad >= patience:
            return best_epoch, e
    return best_epoch, len(val_losses) - 1
""",
    "never_starts_anew": """
def early_stopping(val_losses, patience):
    best, best_epoch, bad = float("inf"), 0, 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        else:
            bad += 1
        if bad >= patience:
            break
    return best_epoch, e
""",
    "other_way_round": """
def early_stopping(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for e, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, e
        if e - best_epoch >= patience:
            break
    return e, best_epoch
""",
}

# ------------------------------------------------------------------------------------------ batch normalisation

RIGHT["batch_norm_1d"] = [
    """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train:
        if x.shape[0] == 1:
            raise ValueError("needs more than one example")
        mean = np.mean(x, axis=0)
        var = np.var(x, axis=0)
        new_mean = (1 - momentum) * running_mean + momentum * mean
        new_var = (1 - momentum) * running_var + momentum * np.var(x, axis=0, ddof=1)
    else:
        mean, var = running_mean, running_var
        new_mean, new_var = running_mean, running_var
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, new_mean, new_var
""",
    """
import torch
import torch.nn.functional as F

def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    x, gamma, beta, m, v = (torch.tensor(np.array(a, dtype=np.float64)) for a in (x, gamma, beta, running_mean, running_var))
    out = F.batch_norm(x, m, v, gamma, beta, training=train, momentum=momentum, eps=eps)
    return out.numpy(), m.numpy(), v.numpy()
""",
    """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    N, D = x.shape
    out = np.zeros((N, D))
    new_mean = np.array(running_mean, dtype=float)
    new_var = np.array(running_var, dtype=float)
    if train and N < 2:
        raise ValueError("N = 1")
    for d in range(D):
        mean, var = running_mean[d], running_var[d]
        if train:
            mean = sum(float(v) for v in x[:, d]) / N
            squares = sum((float(v) - mean) ** 2 for v in x[:, d])
            var = squares / N
            new_mean[d] += momentum * (mean - new_mean[d])
            new_var[d] += momentum * (squares / (N - 1) - new_var[d])
        for n in range(N):
            out[n, d] = (x[n, d] - mean) * (var + eps) ** -0.5 * gamma[d] + beta[d]
    return out, new_mean, new_var
""",
    """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    rm, rv = running_mean.copy(), running_var.copy()
    if not train:
        scale = gamma / np.sqrt(rv + eps)
        return x * scale + (beta - rm * scale), rm, rv
    n = len(x)
    if n <= 1:
        raise ValueError
    mu = x.mean(0)
    centred = x - mu
    var = (centred**2).sum(0)
    rm = rm - momentum * rm + momentum * mu
    rv = rv - momentum * rv + momentum * var / (n - 1)
    return centred / np.sqrt(var / n + eps) * gamma + beta, rm, rv
""",
]

_BN = """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train:
        if len(x) == 1:
            raise ValueError("N = 1")
        mean, var = x.mean(axis=0), x.var(axis=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
    else:
        mean, var = running_mean, running_var
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, running_mean, running_var
"""


def _changed(source: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


WRONG["batch_norm_1d"] = {
    "batch_statistics_at_test": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    mean, var = x.mean(axis=0), x.var(axis=0)
    if train:
        if len(x) == 1:
            raise ValueError("N = 1")
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, running_mean, running_var
""",
    "unbiased_for_normalising": _changed(
        _BN, ("x.mean(axis=0), x.var(axis=0)", "x.mean(axis=0), x.var(axis=0, ddof=1)")
    ),
    "biased_running_variance": _changed(_BN, ("momentum * x.var(axis=0, ddof=1)", "momentum * var")),
    "momentum_reversed": _changed(
        _BN,
        ("(1 - momentum) * running_mean + momentum * mean", "momentum * running_mean + (1 - momentum) * mean"),
        ("(1 - momentum) * running_var + momentum * x.var", "momentum * running_var + (1 - momentum) * x.var"),
    ),
    "eps_outside_root": _changed(_BN, ("np.sqrt(var + eps)", "(np.sqrt(var) + eps)")),
    "running_updated_in_place": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train:
        if len(x) == 1:
            raise ValueError("N = 1")
        mean, var = x.mean(axis=0), x.var(axis=0)
        running_mean *= 1 - momentum
        running_mean += momentum * mean
        running_var *= 1 - momentum
        running_var += momentum * x.var(axis=0, ddof=1)
    else:
        mean, var = running_mean, running_var
    return gamma * (x - mean) / np.sqrt(var + eps) + beta, running_mean, running_var
""",
    "over_rows": _changed(
        _BN, ("x.mean(axis=0), x.var(axis=0)", "x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)")
    ),
    "no_gamma_and_beta": _changed(
        _BN, ("gamma * (x - mean) / np.sqrt(var + eps) + beta", "(x - mean) / np.sqrt(var + eps)")
    ),
    "accepts_one_example": _changed(_BN, ('        if len(x) == 1:\n            raise ValueError("N = 1")\n', "")),
    "divides_by_variance": _changed(_BN, ("np.sqrt(var + eps)", "(var + eps)")),
    "only_out": _changed(_BN, (" + beta, running_mean, running_var", " + beta")),
    "constants_ignored": _changed(_BN, ("np.sqrt(var + eps)", "np.sqrt(var + 1e-5)")),
    "running_values_in_training": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train:
        if len(x) == 1:
            raise ValueError("one example")
        running_mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
        running_var = (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)
    out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    return out, running_mean, running_var
""",
}

# ------------------------------------------------------------------------------------------ ensembles

RIGHT["ensemble_losses"] = [
    """
def ensemble_losses(probs, labels):
    M, N, K = probs.shape
    p = probs[:, np.arange(N), labels]
    return np.mean(-np.log(p)), np.mean(-np.log(p.mean(axis=0)))
""",
    """
import math

def ensemble_losses(probs, labels):
    M, N, K = probs.shape
    total, together = 0.0, 0.0
    for n in range(N):
        ps = [float(probs[m, n, labels[n]]) for m in range(M)]
        for p in ps:
            total += math.inf if p == 0 else -math.log(p)
        together -= math.log(sum(ps) / M)
    return total / (M * N), together / N
""",
    """
def ensemble_losses(probs, labels):
    def cross_entropy(p):
        one_hot = np.arange(p.shape[-1]) == labels[:, None]
        return -np.log(p[one_hot]).mean()
    return np.mean([cross_entropy(p) for p in probs]), cross_entropy(np.mean(probs, axis=0))
""",
    """
def ensemble_losses(probs, labels):
    picked = np.take_along_axis(probs, np.broadcast_to(labels[None, :, None], probs.shape[:2] + (1,)), axis=2)[..., 0]
    return float(-np.log(picked).mean()), float(-np.log(picked.sum(axis=0) / len(picked)).mean())
""",
]

WRONG["ensemble_losses"] = {
    "averages_log_probabilities": """
def ensemble_losses(probs, labels):
    logs = -np.log(probs[:, np.arange(len(labels)), labels])
    return logs.mean(), logs.mean(axis=0).mean()
""",
    "geometric_mean": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    member = -np.log(probs[:, n, labels]).mean()
    logits = np.log(probs).mean(axis=0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return member, -np.log(p[n, labels]).mean()
""",
    "majority_vote": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    member = -np.log(probs[:, n, labels]).mean()
    votes = np.argmax(probs, axis=-1)
    share = (votes == labels).mean(axis=0)
    return member, -np.log(share).mean()
""",
    "best_member": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    members = [-np.log(p[n, labels]).mean() for p in probs]
    return min(members), -np.log(probs.mean(axis=0)[n, labels]).mean()
""",
    "sums": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    return -np.log(probs[:, n, labels]).sum(), -np.log(probs.mean(axis=0)[n, labels]).sum()
""",
    "two_logarithms": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    return -np.log2(probs[:, n, labels]).mean(), -np.log2(probs.mean(axis=0)[n, labels]).mean()
""",
    "clipped": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    probs = np.clip(probs, 1e-12, 1)
    return -np.log(probs[:, n, labels]).mean(), -np.log(probs.mean(axis=0)[n, labels]).mean()
""",
    "one_per_member": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    return -np.log(probs[:, n, labels]).mean(axis=1), -np.log(probs.mean(axis=0)[n, labels]).mean()
""",
    "other_order": """
def ensemble_losses(probs, labels):
    n = np.arange(len(labels))
    return -np.log(probs.mean(axis=0)[n, labels]).mean(), -np.log(probs[:, n, labels]).mean()
""",
    "examples_averaged_too_early": """
def ensemble_losses(probs, labels):
    right = probs[:, np.arange(len(labels)), labels]
    return np.mean([-np.log(p) for p in right]), -np.log(np.mean(right))
""",
    "every_label_for_every_example": """
def ensemble_losses(probs, labels):
    member = -np.log(probs[:, :, labels]).mean()
    return member, -np.log(probs.mean(axis=0)[:, labels]).mean()
""",
}

# ------------------------------------------------------------------------------------------ bias and variance

RIGHT["bias_variance"] = [
    """
def bias_variance(preds, truth):
    mean = np.mean(preds, axis=0)
    return np.mean((mean - truth) ** 2), np.mean(np.var(preds, axis=0))
""",
    """
def bias_variance(preds, truth):
    R, N = preds.shape
    bias2, variance = 0.0, 0.0
    for n in range(N):
        m = sum(float(p) for p in preds[:, n]) / R
        bias2 += (m - float(truth[n])) ** 2
        variance += sum((float(p) - m) ** 2 for p in preds[:, n]) / R
    return bias2 / N, variance / N
""",
    """
def bias_variance(preds, truth):
    errors = preds - truth
    bias = errors.mean(axis=0)
    spread = errors - bias
    return float(bias @ bias) / len(truth), float(np.sum(spread * spread)) / spread.size
""",
    """
def bias_variance(preds, truth):
    # the total error less the bias, from errors that are small
    errors = preds - truth[None, :]
    bias2 = np.mean(errors.mean(axis=0) ** 2)
    return bias2, np.std(errors, axis=0).__pow__(2).mean()
""",
]

WRONG["bias_variance"] = {
    "mean_squared_error_as_bias": """
def bias_variance(preds, truth):
    return np.mean((preds - truth) ** 2), preds.var(axis=0).mean()
""",
    "ddof_one": """
def bias_variance(preds, truth):
    mean = preds.mean(axis=0)
    return np.mean((mean - truth) ** 2), np.sum((preds - mean) ** 2) / (len(preds) - 1) / preds.shape[1]
""",
    "variance_over_inputs": """
def bias_variance(preds, truth):
    return np.mean((preds.mean(axis=0) - truth) ** 2), np.var(preds, axis=1).mean()
""",
    "square_of_mean_bias": """
def bias_variance(preds, truth):
    return (preds.mean() - truth.mean()) ** 2, np.var(preds, axis=0).mean()
""",
    "cancellation": """
def bias_variance(preds, truth):
    mean = preds.mean(axis=0)
    return np.mean((mean - truth) ** 2), np.mean((preds**2).mean(axis=0) - mean**2)
""",
    "variance_of_all": """
def bias_variance(preds, truth):
    return np.mean((preds.mean(axis=0) - truth) ** 2), np.var(preds)
""",
    "bias_not_squared": """
def bias_variance(preds, truth):
    return np.mean(np.abs(preds.mean(axis=0) - truth)), np.var(preds, axis=0).mean()
""",
    "per_input": """
def bias_variance(preds, truth):
    return (preds.mean(axis=0) - truth) ** 2, np.var(preds, axis=0)
""",
    "sums": """
def bias_variance(preds, truth):
    return np.sum((preds.mean(axis=0) - truth) ** 2), np.var(preds, axis=0).sum()
""",
    "deviation": """
def bias_variance(preds, truth):
    return np.mean((preds.mean(axis=0) - truth) ** 2), np.std(preds, axis=0).mean()
""",
    "other_way_round": """
def bias_variance(preds, truth):
    mean = preds.mean(axis=0)
    variance = ((preds - mean) ** 2).mean()
    return variance, ((mean - truth) ** 2).mean()
""",
}

# ------------------------------------------------------------------------------------------ shifts

RIGHT["shift_images"] = [
    """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.zeros_like(images)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                if 0 <= i + dy[n] < H and 0 <= j + dx[n] < W:
                    out[n, i + dy[n], j + dx[n]] = images[n, i, j]
    return out
""",
    """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dys = [int(dy)] * N if np.ndim(dy) == 0 else dy
    dxs = [int(dx)] * N if np.ndim(dx) == 0 else dx
    out = np.zeros_like(images)
    for n, (y, x) in enumerate(zip(dys, dxs)):
        if abs(y) >= H or abs(x) >= W:
            continue
        out[n, max(0, y):H + min(0, y), max(0, x):W + min(0, x)] = images[n, max(0, -y):H - max(0, y), max(0, -x):W - max(0, x)]
    return out
""",
    """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy = np.clip(np.zeros(N, dtype=int) + dy, -H, H)
    dx = np.clip(np.zeros(N, dtype=int) + dx, -W, W)
    padded = np.pad(images, ((0, 0), (H, H), (W, W)))
    return np.stack([padded[n, H - dy[n]:2 * H - dy[n], W - dx[n]:2 * W - dx[n]] for n in range(N)])
""",
    """
from scipy.ndimage import shift

def shift_images(images, dy, dx):
    N = len(images)
    dy, dx = np.broadcast_to(dy, (N,)), np.broadcast_to(dx, (N,))
    return np.array([shift(im, (y, x), order=0, cval=0, prefilter=False) for im, y, x in zip(images, dy, dx)], dtype=images.dtype)
""",
]

WRONG["shift_images"] = {
    "wraps_around": """
def shift_images(images, dy, dx):
    N = len(images)
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.empty_like(images)
    for n in range(N):
        out[n] = np.roll(np.roll(images[n], dy[n], axis=0), dx[n], axis=1)
    return out
""",
    "axes_swapped": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.zeros_like(images)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                if 0 <= i + dx[n] < H and 0 <= j + dy[n] < W:
                    out[n, i + dx[n], j + dy[n]] = images[n, i, j]
    return out
""",
    "wrong_direction": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.zeros_like(images)
    for n in range(N):
        for i in range(H):
            for j in range(W):
                if 0 <= i + dy[n] < H and 0 <= j + dx[n] < W:
                    out[n, i, j] = images[n, i + dy[n], j + dx[n]]
    return out
""",
    "first_shift_for_all": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    y, x = int(np.atleast_1d(dy)[0]), int(np.atleast_1d(dx)[0])
    out = np.zeros_like(images)
    for i in range(H):
        for j in range(W):
            if 0 <= i + y < H and 0 <= j + x < W:
                out[:, i + y, j + x] = images[:, i, j]
    return out
""",
    "dtype_lost": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.zeros((N, H, W))
    for n in range(N):
        for i in range(H):
            for j in range(W):
                if 0 <= i + dy[n] < H and 0 <= j + dx[n] < W:
                    out[n, i + dy[n], j + dx[n]] = images[n, i, j]
    return out
""",
    "edge_repeated": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    rows = np.clip(np.arange(H) - dy[:, None], 0, H - 1)
    cols = np.clip(np.arange(W) - dx[:, None], 0, W - 1)
    return images[np.arange(N)[:, None, None], rows[:, :, None], cols[:, None, :]]
""",
    "numbers_only": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    out = np.zeros_like(images)
    out[:, max(0, dy):H + min(0, dy), max(0, dx):W + min(0, dx)] = images[:, max(0, -dy):H - max(0, dy), max(0, -dx):W - max(0, dx)]
    return out
""",
    "in_place": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    for n in range(N):
        old = images[n].copy()
        images[n] = 0
        for i in range(H):
            for j in range(W):
                if 0 <= i + dy[n] < H and 0 <= j + dx[n] < W:
                    images[n, i + dy[n], j + dx[n]] = old[i, j]
    return images
""",
    "nested_list": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    return [[[images[n, i - dy[n], j - dx[n]].item() if 0 <= i - dy[n] < H and 0 <= j - dx[n] < W else 0
              for j in range(W)] for i in range(H)] for n in range(N)]
""",
    "returns_text": """
def shift_images(images, dy, dx):
    return "np.roll"
""",
    "slices_past_the_edge": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    out = np.zeros_like(images)
    for n in range(N):
        y, x = dy[n], dx[n]
        out[n, max(y, 0):H + min(y, 0), max(x, 0):W + min(x, 0)] = images[n, max(-y, 0):H + min(-y, 0), max(-x, 0):W + min(-x, 0)]
    return out
""",
}

# ------------------------------------------------------------------------------------------ wrong labels

RIGHT["robust_classifier"] = [
    """
from sklearn.neighbors import KNeighborsClassifier

def robust_classifier(X_train, labels, X_test, seed):
    return KNeighborsClassifier(15).fit(X_train, labels).predict(X_test)
""",
    """
def robust_classifier(X_train, labels, X_test, seed):
    # a vote of the 10 nearest, by hand
    d = (X_test**2).sum(1)[:, None] - 2 * X_test @ X_train.T + (X_train**2).sum(1)
    nearest = np.argpartition(d, 10, axis=1)[:, :10]
    votes = np.zeros((len(X_test), 10))
    for k in range(10):
        votes[:, k] = (labels[nearest] == k).sum(axis=1)
    return votes.argmax(axis=1)
""",
    """
import torch
from torch import nn

def robust_classifier(X_train, labels, X_test, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    X, t = torch.tensor(X_train, dtype=torch.float32), torch.tensor(labels)
    net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10))
    opt = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.1)
    best, kept = float("inf"), None
    for epoch in range(60):
        net.train()
        opt.zero_grad()
        nn.functional.cross_entropy(net(X[:320]), t[:320], label_smoothing=0.1).backward()
        opt.step()
        net.eval()
        with torch.no_grad():
            loss = nn.functional.cross_entropy(net(X[320:]), t[320:]).item()
        if loss < best:
            best, kept = loss, {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    with torch.no_grad():
        return net(torch.tensor(X_test, dtype=torch.float32)).argmax(dim=1).numpy()
""",
    """
from sklearn.linear_model import LogisticRegression

def robust_classifier(X_train, labels, X_test, seed):
    model = LogisticRegression(C=0.05, max_iter=300).fit(X_train, labels)
    return model.predict(X_test).tolist()
""",
]

WRONG["robust_classifier"] = {
    "unregularised": """
from sklearn.neural_network import MLPClassifier

def robust_classifier(X_train, labels, X_test, seed):
    net = MLPClassifier((30,), alpha=0, solver="lbfgs", max_iter=200, random_state=seed % 1000)
    return net.fit(X_train, labels).predict(X_test)
""",
    "nearest_neighbour": """
from sklearn.neighbors import KNeighborsClassifier

def robust_classifier(X_train, labels, X_test, seed):
    return KNeighborsClassifier(1).fit(X_train, labels).predict(X_test)
""",
    "least_squares_features": """
def robust_classifier(X_train, labels, X_test, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(64, 400))
    H = np.maximum(X_train @ W, 0)
    V = np.linalg.lstsq(H, np.eye(10)[labels], rcond=None)[0]
    return np.argmax(np.maximum(X_test @ W, 0) @ V, axis=1)
""",
    "l2_too_small": """
def robust_classifier(X_train, labels, X_test, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(64, 200)), rng.normal(size=200)
    H = np.maximum(X_train @ W + b, 0)
    V = np.linalg.solve(H.T @ H + 1e-5 * len(H) * np.eye(200), H.T @ np.eye(10)[labels])
    return np.argmax(np.maximum(X_test @ W + b, 0) @ V, axis=1)
""",
    "stopped_far_too_early": """
def robust_classifier(X_train, labels, X_test, seed):
    W, b = np.zeros((10, 64)), np.zeros(10)
    targets = np.eye(10)[labels]
    for step in range(6):
        Z = X_train @ W.T + b
        P = np.exp(Z - Z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        W -= 0.1 * (P - targets).T @ X_train / len(labels)
        b -= 0.1 * (P - targets).mean(axis=0)
    return (X_test @ W.T + b).argmax(axis=1)
""",
    "a_tree": """
from sklearn.tree import DecisionTreeClassifier

def robust_classifier(X_train, labels, X_test, seed):
    return DecisionTreeClassifier(max_depth=6, random_state=0).fit(X_train, labels).predict(X_test)
""",
    "guesses": """
def robust_classifier(X_train, labels, X_test, seed):
    return np.random.default_rng(seed).integers(0, 10, len(X_test))
""",
    "scores": """
from sklearn.linear_model import LogisticRegression

def robust_classifier(X_train, labels, X_test, seed):
    return LogisticRegression(C=0.05, max_iter=200).fit(X_train, labels).predict_proba(X_test)
""",
    "labels_of_training": """
def robust_classifier(X_train, labels, X_test, seed):
    return labels
""",
    "returns_none": """
def robust_classifier(X_train, labels, X_test, seed):
    pass
""",
}
