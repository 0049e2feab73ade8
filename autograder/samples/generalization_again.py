"""Lecture 08 once more: two further right answers each, and every catalogued mistake in another form."""

RIGHT = {}
WRONG = {}

RIGHT["decay_step"] = [
    """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    penalised = list(map(lambda W, dW: dW + W * lam, weights, dweights))
    return [W + (-alpha) * g for W, g in zip(weights, penalised)], [np.subtract(b, alpha * db) for b, db in zip(biases, dbiases)]
""",
    """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights, new_biases = [None] * len(weights), [None] * len(biases)
    for i in range(len(weights)):
        new_weights[i] = weights[i] - alpha * dweights[i] - alpha * lam * weights[i]
        new_biases[i] = biases[i] - alpha * dbiases[i]
    return tuple(new_weights), tuple(new_biases)
""",
]

WRONG["decay_step"] = {
    "biases_decayed": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    params, grads = weights + biases, dweights + dbiases
    new = [(1 - alpha * lam) * p - alpha * g for p, g in zip(params, grads)]
    return new[:len(weights)], new[len(weights):]
""",
    "decay_without_learning_rate": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    return [W - alpha * dW - lam * W for W, dW in zip(weights, dweights)], [b - alpha * db for b, db in zip(biases, dbiases)]
""",
    "factor_two": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    shrink = 1 - 2 * alpha * lam
    new_w, new_b = [], []
    for i in range(len(weights)):
        new_w.append(shrink * weights[i] - alpha * dweights[i])
        new_b.append(biases[i] - alpha * dbiases[i])
    return new_w, new_b
""",
    "decay_after_step": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_w = []
    for W, dW in zip(weights, dweights):
        W = W - alpha * dW
        new_w.append(W * (1 - alpha * lam))
    return new_w, [b - alpha * db for b, db in zip(biases, dbiases)]
""",
    "in_place": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights, new_biases = weights, biases
    for i, dW in enumerate(dweights):
        new_weights[i] = (1 - alpha * lam) * weights[i] - alpha * dW
    for i, db in enumerate(dbiases):
        new_biases[i] = biases[i] - alpha * db
    return new_weights, new_biases
""",
    "no_decay": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    weights = [W + (-alpha) * dW for W, dW in zip(weights, dweights)]
    return weights, [b + (-alpha) * db for b, db in zip(biases, dbiases)]
""",
    "weights_grow": """
def decay_step(weights, biases, dweights, dbiases, alpha, lam):
    new_weights, new_biases = [], []
    for l in range(len(weights)):
        new_weights.append((1 + alpha * lam) * weights[l] - alpha * dweights[l])
        new_biases.append(biases[l] - alpha * dbiases[l])
    return new_weights, new_biases
""",
}

RIGHT["inverted_dropout"] = [
    """
def inverted_dropout(h, rho, u, train):
    if rho < 0.0 or rho > 1.0 or rho == 1.0:
        raise ValueError("rho out of range")
    mask = np.full(h.shape, 1.0)
    if train:
        mask = np.greater_equal(u, rho).astype(np.float64) * (1.0 / (1.0 - rho))
    return np.multiply(h, mask), mask
""",
    """
import torch

def inverted_dropout(h, rho, u, train):
    if not (rho >= 0 and rho < 1):
        raise ValueError(rho)
    h, u = torch.tensor(h), torch.tensor(u)
    mask = (u >= rho).double() / (1 - rho) if train else torch.ones(h.shape, dtype=torch.float64)
    return (h * mask).numpy(), mask.numpy()
""",
]

WRONG["inverted_dropout"] = {
    "no_scaling": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.ones(h.shape)
    if train:
        mask[u < rho] = 0
    return mask * h, mask
""",
    "drops_the_kept": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.ones(h.shape)
    if train:
        mask[u >= rho] = 0
        mask = mask / (1 - rho)
    return mask * h, mask
""",
    "active_at_test": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.zeros(h.shape)
    mask[u >= rho] = 1 / (1 - rho)
    out = np.where(u >= rho, h / (1 - rho), 0)
    return out, mask
""",
    "scaled_at_test": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    p_keep = 1 - rho
    if train:
        mask = (u >= rho).astype(float) / p_keep
    else:
        mask = np.ones(h.shape) * p_keep
    return h * mask, mask
""",
    "rho_one_accepted": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho > 1:
        raise ValueError("rho must be a probability")
    mask = (u >= rho) * np.float64(1) / (1 - rho) if train else np.ones(h.shape)
    return h * mask, mask
""",
    "scaled_at_test_only": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.where(u >= rho, 1.0, 0.0) if train else np.ones(h.shape)
    out = h * mask if train else h * (1 - rho)
    return out, mask
""",
    "kept_below": """
def inverted_dropout(h, rho, u, train):
    if not 0 <= rho < 1:
        raise ValueError("rho")
    mask = np.ones(h.shape)
    if train:
        mask = (1 - u > rho).astype(float)
        mask /= 1 - rho
    return h * mask, mask
""",
    "mask_without_factor": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    keep = u >= rho if train else np.ones(h.shape, dtype=bool)
    out = np.where(keep, h, 0.0)
    return out / (1 - rho) if train else out, keep.astype(int)
""",
    "divided_by_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    if not train:
        return h, np.ones(h.shape)
    scale = 1 / rho
    mask = np.where(u >= rho, scale, 0)
    return h * mask, mask
""",
    "keeps_with_rho": """
def inverted_dropout(h, rho, u, train):
    if rho < 0 or rho >= 1:
        raise ValueError("rho must be in [0, 1)")
    if not train:
        return h, np.ones(h.shape)
    scale = 1 / rho
    mask = np.where(u < rho, scale, 0)
    return h * mask, mask
""",
}

RIGHT["early_stopping"] = [
    """
def early_stopping(val_losses, patience):
    def key(e):
        v = val_losses[e]
        return (float("inf") if v != v else v, e)
    for e in range(len(val_losses)):
        best = min(range(e + 1), key=key)
        if e - best >= patience:
            return best, e
    return best, e
""",
    """
def early_stopping(val_losses, patience):
    best_epoch = 0
    best_loss = np.inf
    epoch = -1
    for loss in list(val_losses):
        epoch += 1
        if not np.isnan(loss) and loss < best_loss:
            best_loss = loss
            best_epoch = epoch
            continue
        if epoch >= best_epoch + patience:
            break
    return np.int64(best_epoch), np.int64(epoch)
""",
]

WRONG["early_stopping"] = {
    "best_of_all": """
def early_stopping(val_losses, patience):
    losses = [float("inf") if v != v else v for v in val_losses]
    best = losses.index(min(losses))
    stop = len(losses) - 1
    for e in range(len(losses)):
        if e - losses.index(min(losses[: e + 1])) >= patience:
            stop = e
            break
    return best, stop
""",
    "first_rise": """
def early_stopping(val_losses, patience):
    best = 0
    for e, loss in enumerate(val_losses):
        if loss < val_losses[best]:
            best = e
        elif e > 0:
            return best, e
    return best, e
""",
    "ties_count_as_better": """
def early_stopping(val_losses, patience):
    best, waited = 0, 0
    for e in range(1, len(val_losses)):
        if val_losses[e] > val_losses[best]:
            waited += 1
        else:
            best, waited = e, 0
        if waited == patience:
            return best, e
    return best, len(val_losses) - 1
""",
    "one_epoch_late": """
def early_stopping(val_losses, patience):
    losses = np.where(np.isnan(val_losses), np.inf, val_losses)
    for e in range(len(losses)):
        best = int(np.argmin(losses[: e + 1]))
        if e > best + patience:
            return best, e
    return best, e
""",
    "nan_wins": """
def early_stopping(val_losses, patience):
    for e in range(len(val_losses)):
        best = int(np.argmin(val_losses[: e + 1]))
        if e - best >= patience:
            return best, e
    return best, e
""",
    "rises_in_a_row": """
def early_stopping(val_losses, patience):
    losses = np.where(np.isnan(val_losses), np.inf, val_losses)
    count = 0
    for e in range(len(losses)):
        count = count + 1 if e > 0 and losses[e] >= losses[e - 1] else 0
        if count >= patience:
            break
    return int(np.argmin(losses[: e + 1])), e
""",
    "compared_with_yesterday": """
def early_stopping(val_losses, patience):
    previous, best, bad = float("inf"), 0, 0
    for e, loss in enumerate(val_losses):
        if loss > previous:
            bad = bad + 1
        else:
            best = e
            bad = 0
        previous = loss
        if bad == patience:
            break
    return best, e
""",
    "never_starts_anew": """
def early_stopping(val_losses, patience):
    losses = np.where(np.isnan(val_losses), np.inf, val_losses)
    best, bad = 0, 0
    for e in range(1, len(losses)):
        if losses[e] < losses[best]:
            best = e
            continue
        bad += 1
        if bad == patience:
            return best, e
    return best, len(losses) - 1
""",
    "other_way_round": """
def early_stopping(val_losses, patience):
    losses = np.nan_to_num(np.array(val_losses, dtype=float), nan=np.inf)
    for e in range(len(losses)):
        best = int(losses[: e + 1].argmin())
        if e - best >= patience:
            return e, best
    return len(losses) - 1, best
""",
}

RIGHT["batch_norm_1d"] = [
    """
class Norm:
    def __init__(self, mean, var, eps):
        self.mean, self.var, self.eps = mean, var, eps

    def __call__(self, x):
        return (x - self.mean) / np.sqrt(self.var + self.eps)

def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if not train:
        return Norm(running_mean, running_var, eps)(x) * gamma + beta, running_mean, running_var
    N = x.shape[0]
    if N == 1:
        raise ValueError("a batch of one")
    batch_mean, batch_var = x.mean(axis=0), x.var(axis=0)
    out = Norm(batch_mean, batch_var, eps)(x) * gamma + beta
    return (out, running_mean + momentum * (batch_mean - running_mean),
            running_var + momentum * (batch_var * N / (N - 1) - running_var))
""",
    """
import torch

def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    layer = torch.nn.BatchNorm1d(x.shape[1], eps=eps, momentum=momentum).double()
    with torch.no_grad():
        layer.weight[:] = torch.tensor(gamma)
        layer.bias[:] = torch.tensor(beta)
        layer.running_mean[:] = torch.tensor(running_mean)
        layer.running_var[:] = torch.tensor(running_var)
        layer.train(train)
        out = layer(torch.tensor(x, dtype=torch.float64))
    return out.numpy(), layer.running_mean.numpy(), layer.running_var.numpy()
""",
]

WRONG["batch_norm_1d"] = {
    "batch_statistics_at_test": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    N = len(x)
    if N == 1:
        raise ValueError("one example")
    mean = x.sum(axis=0) / N
    var = ((x - mean) ** 2).sum(axis=0) / N
    out = (x - mean) / (var + eps) ** 0.5 * gamma + beta
    new_mean = running_mean * (1 - momentum) + mean * momentum
    new_var = running_var * (1 - momentum) + var * N / (N - 1) * momentum
    return out, new_mean, new_var
""",
    "unbiased_for_normalising": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train and len(x) == 1:
        raise ValueError("one example")
    if train:
        mean, var = np.mean(x, 0), np.var(x, 0, ddof=1)
        rm = running_mean + momentum * (mean - running_mean)
        rv = running_var + momentum * (var - running_var)
    else:
        mean, var, rm, rv = running_mean, running_var, running_mean, running_var
    return (x - mean) / np.sqrt(var + eps) * gamma + beta, rm, rv
""",
    "biased_running_variance": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train and len(x) == 1:
        raise ValueError("one example")
    if train:
        mean, var = np.mean(x, 0), np.var(x, 0)
        rm = running_mean + momentum * (mean - running_mean)
        rv = running_var + momentum * (var - running_var)
    else:
        mean, var, rm, rv = running_mean, running_var, running_mean, running_var
    return (x - mean) / np.sqrt(var + eps) * gamma + beta, rm, rv
""",
    "momentum_reversed": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train and len(x) == 1:
        raise ValueError("one example")
    if train:
        mean, var = np.mean(x, 0), np.var(x, 0)
        rm = mean + momentum * (running_mean - mean)
        unbiased = np.var(x, 0, ddof=1)
        rv = unbiased + momentum * (running_var - unbiased)
    else:
        mean, var, rm, rv = running_mean, running_var, running_mean, running_var
    return (x - mean) / np.sqrt(var + eps) * gamma + beta, rm, rv
""",
    "eps_outside_root": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train and len(x) == 1:
        raise ValueError("one example")
    if train:
        mean, std = np.mean(x, 0), np.std(x, 0)
        rm = running_mean + momentum * (mean - running_mean)
        rv = running_var + momentum * (np.var(x, 0, ddof=1) - running_var)
    else:
        mean, std, rm, rv = running_mean, np.sqrt(running_var), running_mean, running_var
    return (x - mean) / (std + eps) * gamma + beta, rm, rv
""",
    "running_updated_in_place": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if train and len(x) == 1:
        raise ValueError("one example")
    mean, var = running_mean, running_var
    if train:
        mean, var = np.mean(x, 0), np.var(x, 0)
        running_mean[:] = (1 - momentum) * running_mean + momentum * mean
        running_var[:] = (1 - momentum) * running_var + momentum * np.var(x, 0, ddof=1)
    return (x - mean) / np.sqrt(var + eps) * gamma + beta, running_mean, running_var
""",
    "running_values_in_training": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    out = (x - running_mean) * gamma / (running_var + eps) ** 0.5 + beta
    if train:
        if len(x) == 1:
            raise ValueError("one example")
        running_mean = running_mean + momentum * (x.mean(axis=0) - running_mean)
        running_var = running_var + momentum * (x.var(axis=0, ddof=1) - running_var)
    return out, running_mean, running_var
""",
    "divides_by_variance": """
def batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    if not train:
        return (x - running_mean) / (running_var + eps) * gamma + beta, running_mean, running_var
    N = len(x)
    if N < 2:
        raise ValueError("one example")
    mean = x.sum(axis=0) / N
    squares = ((x - mean) ** 2).sum(axis=0)
    out = (x - mean) / (squares / N + eps) * gamma + beta
    return out, running_mean * (1 - momentum) + momentum * mean, running_var * (1 - momentum) + momentum * squares / (N - 1)
""",
}

RIGHT["ensemble_losses"] = [
    """
import torch
import torch.nn.functional as F

def ensemble_losses(probs, labels):
    p, t = torch.tensor(probs, dtype=torch.float64), torch.tensor(labels)
    M, N, K = p.shape
    member = F.nll_loss(p.log().reshape(M * N, K), t.repeat(M))
    return member.item(), F.nll_loss(p.mean(dim=0).log(), t).item()
""",
    """
def ensemble_losses(probs, labels):
    one_hot = np.eye(probs.shape[2])[labels]
    right = np.einsum("mnk,nk->mn", probs, one_hot)
    return -np.mean(np.log(right)), -np.mean(np.log(np.mean(right, axis=0)))
""",
]

WRONG["ensemble_losses"] = {
    "averages_log_probabilities": """
def ensemble_losses(probs, labels):
    losses = [np.mean([-np.log(p[n, k]) for n, k in enumerate(labels)]) for p in probs]
    per_example = [np.mean([-np.log(p[n, k]) for p in probs]) for n, k in enumerate(labels)]
    return np.mean(losses), np.mean(per_example)
""",
    "geometric_mean": """
def ensemble_losses(probs, labels):
    M, N, K = probs.shape
    rows = np.arange(N)
    g = np.prod(probs.astype(float), axis=0) ** (1 / M)
    g = g / g.sum(axis=1)[:, None]
    return -np.log(probs[:, rows, labels]).mean(), -np.log(g[rows, labels]).mean()
""",
    "majority_vote": """
def ensemble_losses(probs, labels):
    M, N, K = probs.shape
    members = np.mean([-np.log(probs[m, np.arange(N), labels]).mean() for m in range(M)])
    wrong = 0
    for n in range(N):
        votes = np.bincount(probs[:, n].argmax(axis=1), minlength=K)
        wrong += votes.argmax() != labels[n]
    return members, wrong / N
""",
    "best_member": """
def ensemble_losses(probs, labels):
    rows = np.arange(len(labels))
    losses = -np.mean(np.log(probs[:, rows, labels]), axis=1)
    return losses[np.argmin(losses)], -np.mean(np.log(np.mean(probs, axis=0)[rows, labels]))
""",
    "examples_averaged_too_early": """
def ensemble_losses(probs, labels):
    M, N, K = probs.shape
    chances = [np.mean([probs[m, n, labels[n]] for n in range(N)]) for m in range(M)]
    mean = probs.mean(axis=0)
    return np.mean(-np.log(chances)), -np.mean(np.log([mean[n, labels[n]] for n in range(N)]))
""",
    "every_label_for_every_example": """
def ensemble_losses(probs, labels):
    right = np.take(probs, labels, axis=-1)
    return np.mean(-np.log(right)), np.mean(-np.log(np.mean(right, axis=0)))
""",
    "clipped": """
def ensemble_losses(probs, labels):
    rows = np.arange(len(labels))
    probs = np.clip(probs, 1e-9, 1.0)
    member = np.mean([-np.log(p[rows, labels]).mean() for p in probs])
    return member, -np.log(probs.mean(axis=0)[rows, labels]).mean()
""",
}

RIGHT["bias_variance"] = [
    """
def bias_variance(preds, truth):
    shifted = preds - truth
    mean = np.einsum("rn->n", shifted) / len(shifted)
    return (mean * mean).sum() / mean.size, np.square(shifted - mean).mean()
""",
    """
import torch

def bias_variance(preds, truth):
    p, t = torch.tensor(preds, dtype=torch.float64), torch.tensor(truth, dtype=torch.float64)
    return ((p.mean(0) - t) ** 2).mean().item(), p.var(0, unbiased=False).mean().item()
""",
]

WRONG["bias_variance"] = {
    "mean_squared_error_as_bias": """
def bias_variance(preds, truth):
    R = len(preds)
    bias2 = sum(((preds[r] - truth) ** 2).mean() for r in range(R)) / R
    return bias2, ((preds - preds.mean(axis=0)) ** 2).mean()
""",
    "ddof_one": """
import statistics

def bias_variance(preds, truth):
    columns = [[float(v) for v in column] for column in preds.T]
    bias2 = np.mean([(statistics.fmean(c) - float(t)) ** 2 for c, t in zip(columns, truth)])
    return bias2, np.mean([statistics.variance(c) for c in columns])
""",
    "variance_over_inputs": """
def bias_variance(preds, truth):
    m = preds.mean(axis=0)
    return ((m - truth) ** 2).mean(), ((preds - preds.mean(axis=1, keepdims=True)) ** 2).mean()
""",
    "square_of_mean_bias": """
def bias_variance(preds, truth):
    bias = np.mean(preds - truth)
    return bias**2, np.var(preds, axis=0).mean()
""",
    "cancellation": """
def bias_variance(preds, truth):
    second = np.einsum("rn,rn->n", preds.astype(float), preds.astype(float)) / len(preds)
    m = preds.mean(axis=0)
    return np.mean((m - truth) ** 2), np.mean(second - m * m)
""",
    "variance_of_all": """
def bias_variance(preds, truth):
    return ((preds.mean(axis=0) - truth) ** 2).mean(), np.mean((preds - np.mean(preds)) ** 2)
""",
    "other_way_round": """
def bias_variance(preds, truth):
    return np.var(preds - truth, axis=0).mean(), np.square((preds - truth).mean(axis=0)).mean()
""",
}

RIGHT["shift_images"] = [
    """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy = np.asarray(dy).reshape(-1, 1) + np.zeros((N, 1), dtype=int)
    dx = np.asarray(dx).reshape(-1, 1) + np.zeros((N, 1), dtype=int)
    source_y = np.arange(H)[None] - dy
    source_x = np.arange(W)[None] - dx
    good_y = (source_y >= 0) & (source_y < H)
    good_x = (source_x >= 0) & (source_x < W)
    taken = images[np.arange(N)[:, None, None], np.clip(source_y, 0, H - 1)[:, :, None], np.clip(source_x, 0, W - 1)[:, None, :]]
    return taken * (good_y[:, :, None] & good_x[:, None, :]).astype(images.dtype)
""",
    """
def shift_images(images, dy, dx):
    out = images.copy()
    N, H, W = images.shape
    for n in range(N):
        y = int(dy) if np.isscalar(dy) else int(dy[n])
        x = int(dx) if np.isscalar(dx) else int(dx[n])
        moved = np.roll(images[n], (y, x), axis=(0, 1))
        if y >= 0:
            moved[:min(y, H)] = 0
        else:
            moved[max(H + y, 0):] = 0
        if x >= 0:
            moved[:, :min(x, W)] = 0
        else:
            moved[:, max(W + x, 0):] = 0
        out[n] = moved
    return out
""",
]

WRONG["shift_images"] = {
    "wraps_around": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    out = np.zeros_like(images)
    for n in range(N):
        y = dy if np.isscalar(dy) else dy[n]
        x = dx if np.isscalar(dx) else dx[n]
        for i in range(H):
            for j in range(W):
                out[n, (i + y) % H, (j + x) % W] = images[n, i, j]
    return out
""",
    "axes_swapped": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    P = max(H, W) + 10
    padded = np.pad(images, ((0, 0), (P, P), (P, P)))
    return np.stack([padded[n, P - dx[n]:P - dx[n] + H, P - dy[n]:P - dy[n] + W] for n in range(N)])
""",
    "wrong_direction": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    P = max(H, W) + 10
    padded = np.pad(images, ((0, 0), (P, P), (P, P)))
    return np.stack([padded[n, P + dy[n]:P + dy[n] + H, P + dx[n]:P + dx[n] + W] for n in range(N)])
""",
    "first_shift_for_all": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    y = np.broadcast_to(dy, N)[0]
    x = np.broadcast_to(dx, N)[0]
    P = max(H, W) + 10
    padded = np.pad(images, ((0, 0), (P, P), (P, P)))
    return padded[:, P - y:P - y + H, P - x:P - x + W]
""",
    "dtype_lost": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, N), np.broadcast_to(dx, N)
    P = max(H, W) + 10
    padded = np.zeros((N, H + 2 * P, W + 2 * P))
    padded[:, P:P + H, P:P + W] = images
    return np.stack([padded[n, P - dy[n]:P - dy[n] + H, P - dx[n]:P - dx[n] + W] for n in range(N)])
""",
    "slices_past_the_edge": """
def shift_images(images, dy, dx):
    N, H, W = images.shape
    dy, dx = np.broadcast_to(dy, (N,)), np.broadcast_to(dx, (N,))
    moved = np.zeros(images.shape, dtype=images.dtype)
    for n in range(N):
        image, y, x = images[n], int(dy[n]), int(dx[n])
        from_row, to_row = (slice(0, H - y), slice(y, H)) if y >= 0 else (slice(-y, H), slice(0, H + y))
        from_column, to_column = (slice(0, W - x), slice(x, W)) if x >= 0 else (slice(-x, W), slice(0, W + x))
        moved[n][to_row, to_column] = image[from_row, from_column]
    return moved
""",
}

RIGHT["robust_classifier"] = [
    """
from sklearn.svm import SVC

def robust_classifier(X_train, labels, X_test, seed):
    return SVC(C=1.0, gamma="scale").fit(X_train, labels).predict(X_test)
""",
    """
def robust_classifier(X_train, labels, X_test, seed):
    # smoothed votes of all examples, near ones count more
    d = (X_test**2).sum(1)[:, None] - 2 * X_test @ X_train.T + (X_train**2).sum(1)
    weights = np.exp(-d / 0.5)
    return (weights @ np.eye(10)[labels]).argmax(axis=1)
""",
]

WRONG["robust_classifier"] = {
    "unregularised": """
import torch
from torch import nn

def robust_classifier(X_train, labels, X_test, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    X, t = torch.tensor(X_train, dtype=torch.float32), torch.tensor(labels)
    net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
    opt = torch.optim.Adam(net.parameters(), lr=0.02)
    for epoch in range(150):
        opt.zero_grad()
        nn.functional.cross_entropy(net(X), t).backward()
        opt.step()
    with torch.no_grad():
        return net(torch.tensor(X_test, dtype=torch.float32)).argmax(dim=1).numpy()
""",
    "nearest_neighbour": """
def robust_classifier(X_train, labels, X_test, seed):
    answers = []
    for x in X_test:
        answers.append(labels[np.argmin(np.linalg.norm(X_train - x, axis=1))])
    return np.array(answers)
""",
    "least_squares_features": """
def robust_classifier(X_train, labels, X_test, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(64, 400)), rng.normal(size=400)
    H = np.tanh(0.5 * (X_train @ W + b))
    V = np.linalg.pinv(H) @ np.eye(10)[labels]
    return np.argmax(np.tanh(0.5 * (X_test @ W + b)) @ V, axis=1)
""",
    "l2_too_small": """
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def robust_classifier(X_train, labels, X_test, seed):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(64, 200))
    hidden = FunctionTransformer(lambda X: np.tanh(X @ W / 2))
    model = make_pipeline(hidden, Ridge(alpha=1e-5)).fit(X_train, np.eye(10)[labels])
    return model.predict(X_test).argmax(axis=1)
""",
    "stopped_far_too_early": """
import torch
from torch import nn

def robust_classifier(X_train, labels, X_test, seed):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    X, t = torch.tensor(X_train, dtype=torch.float32), torch.tensor(labels)
    net = nn.Sequential(nn.Linear(64, 50), nn.ReLU(), nn.Linear(50, 10))
    opt = torch.optim.SGD(net.parameters(), lr=0.5)
    for epoch in range(8):
        opt.zero_grad()
        nn.functional.cross_entropy(net(X), t).backward()
        opt.step()
    with torch.no_grad():
        return net(torch.tensor(X_test, dtype=torch.float32)).argmax(dim=1).numpy()
""",
}
