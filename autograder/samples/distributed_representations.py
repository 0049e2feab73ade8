"""Answers to lecture 06 as students write them, right and wrong, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["bayes_posterior"] = [
    """
def bayes_posterior(log_likelihood, log_prior):
    log_joint = log_likelihood + log_prior
    log_joint = log_joint - np.max(log_joint)
    joint = np.exp(log_joint)
    return joint / np.sum(joint)
""",
    """
from scipy.special import softmax

def bayes_posterior(log_likelihood, log_prior):
    return softmax(log_likelihood + log_prior)
""",
    """
import math

def bayes_posterior(log_likelihood, log_prior):
    joint = [float(l) + float(p) for l, p in zip(log_likelihood, log_prior)]
    top = max(joint)
    log_evidence = top + math.log(sum(math.exp(j - top) for j in joint))
    return np.array([math.exp(j - log_evidence) for j in joint])
""",
    """
def bayes_posterior(log_likelihood, log_prior):
    # one over the sum of ratios
    s = np.asarray(log_likelihood, float) + np.asarray(log_prior, float)
    out = np.zeros(len(s))
    for i in range(len(s)):
        if np.isfinite(s[i]):
            out[i] = 1 / np.exp(s - s[i]).sum()
    return out
""",
]

WRONG["bayes_posterior"] = {
    "underflow": """
def bayes_posterior(log_likelihood, log_prior):
    joint = np.exp(log_likelihood) * np.exp(log_prior)
    return joint / joint.sum()
""",
    "prior_forgotten": """
def bayes_posterior(log_likelihood, log_prior):
    p = np.exp(log_likelihood - log_likelihood.max())
    return p / p.sum()
""",
    "product_of_logs": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood * log_prior
    joint = np.exp(joint - joint.max())
    return joint / joint.sum()
""",
    "epsilon_added": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood + log_prior
    joint = np.exp(joint - joint.max()) + 1e-8
    return joint / joint.sum()
""",
    "infinity_spread": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood + log_prior
    joint = np.exp(joint - np.mean(joint))
    return joint / np.sum(joint)
""",
    "logs_not_exponentiated": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood + log_prior
    return joint - np.log(np.sum(np.exp(joint - joint.max()))) - joint.max()
""",
    "not_normalised": """
def bayes_posterior(log_likelihood, log_prior):
    return np.exp(log_likelihood + log_prior)
""",
    "base_two": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood + log_prior
    p = 2.0 ** (joint - joint.max())
    return p / p.sum()
""",
    "rounded": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood + log_prior
    p = np.exp(joint - joint.max())
    return (p / p.sum()).round(4)
""",
    "winner_only": """
def bayes_posterior(log_likelihood, log_prior):
    return np.argmax(log_likelihood + log_prior)
""",
    "in_place": """
def bayes_posterior(log_likelihood, log_prior):
    log_likelihood += log_prior
    p = np.exp(log_likelihood - log_likelihood.max())
    return p / p.sum()
""",
}

RIGHT["bigram_probabilities"] = [
    """
def bigram_probabilities(tokens, vocab_size, alpha):
    P = np.zeros((vocab_size, vocab_size))
    for first, second in zip(tokens[:-1], tokens[1:]):
        P[first, second] += 1
    for i in range(vocab_size):
        total = P[i].sum() + alpha * vocab_size
        if total == 0:
            P[i] = 1 / vocab_size
        else:
            P[i] = (P[i] + alpha) / total
    return P
""",
    """
def bigram_probabilities(tokens, vocab_size, alpha):
    pairs = tokens[:-1] * vocab_size + tokens[1:]
    counts = np.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, vocab_size) + alpha
    totals = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        P = counts / totals
    P[totals[:, 0] == 0] = 1 / vocab_size
    return P
""",
    """
from collections import Counter

def bigram_probabilities(tokens, vocab_size, alpha):
    words = [int(t) for t in tokens]
    pairs = Counter(zip(words, words[1:]))
    firsts = Counter(words[:-1])
    def p(i, j):
        below = firsts[i] + alpha * vocab_size
        return (pairs[i, j] + alpha) / below if below else 1 / vocab_size
    return np.array([[p(i, j) for j in range(vocab_size)] for i in range(vocab_size)])
""",
    """
def bigram_probabilities(tokens, vocab_size, alpha):
    counts, _, _ = np.histogram2d(tokens[:-1], tokens[1:], bins=np.arange(vocab_size + 1) - 0.5)
    counts += alpha
    empty = counts.sum(axis=1) == 0
    counts[empty] = 1
    return counts / counts.sum(axis=1)[:, None]
""",
]

WRONG["bigram_probabilities"] = {
    "repeated_pairs_lost": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size))
    C[tokens[:-1], tokens[1:]] += 1
    C += alpha
    totals = C.sum(axis=1, keepdims=True)
    return np.where(totals > 0, C / np.where(totals > 0, totals, 1), 1 / vocab_size)
""",
    "last_token_as_context": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size))
    N = np.zeros(vocab_size)
    for t in range(len(tokens)):
        N[tokens[t]] += 1
        if t + 1 < len(tokens):
            C[tokens[t], tokens[t + 1]] += 1
    P = np.full((vocab_size, vocab_size), 1 / vocab_size)
    for i in range(vocab_size):
        if N[i] + alpha > 0:
            P[i] = (C[i] + alpha) / (N[i] + alpha * vocab_size)
    return P
""",
    "smoothing_not_in_denominator": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size))
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    return (C + alpha) / C.sum(axis=1, keepdims=True)
""",
    "empty_rows_nan": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), alpha, dtype=float)
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    return C / C.sum(axis=1, keepdims=True)
""",
    "empty_rows_zero": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), alpha, dtype=float)
    for a, b in zip(tokens[:-1], tokens[1:]):
        C[a, b] += 1
    for i in range(vocab_size):
        if C[i].sum() > 0:
            C[i] /= C[i].sum()
    return C
""",
    "transposed": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), alpha, dtype=float)
    np.add.at(C, (tokens[1:], tokens[:-1]), 1)
    totals = C.sum(axis=0)
    return np.where(totals > 0, C / np.where(totals > 0, totals, 1), 1 / vocab_size)
""",
    "wrong_direction": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), alpha, dtype=float)
    np.add.at(C, (tokens[1:], tokens[:-1]), 1)
    totals = C.sum(axis=1, keepdims=True)
    return np.where(totals > 0, C / np.where(totals > 0, totals, 1), 1 / vocab_size)
""",
    "integer_counts": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size), dtype=int)
    for a, b in zip(tokens[:-1], tokens[1:]):
        C[a, b] += 1
    C[:] = C + alpha
    totals = C.sum(axis=1, keepdims=True)
    return np.where(totals > 0, C / np.where(totals > 0, totals, 1), 1 / vocab_size)
""",
    "only_words_that_occur": """
def bigram_probabilities(tokens, vocab_size, alpha):
    V = tokens.max() + 1 if len(tokens) else 1
    C = np.full((V, V), alpha, dtype=float)
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    totals = C.sum(axis=1, keepdims=True)
    return np.where(totals > 0, C / np.where(totals > 0, totals, 1), 1 / V)
""",
    "returns_none": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), alpha)
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    print(C / C.sum(axis=1, keepdims=True))
""",
}

RIGHT["sequence_perplexity"] = [
    """
def sequence_perplexity(P, tokens):
    total = 0.0
    for previous, following in zip(tokens[:-1], tokens[1:]):
        if P[previous, following] == 0:
            return np.inf
        total -= np.log(P[previous, following])
    return np.exp(total / (len(tokens) - 1))
""",
    """
def sequence_perplexity(P, tokens):
    bits = -np.log2(P[tokens[:-1], tokens[1:]]).mean()
    return 2**bits
""",
    """
import math

def sequence_perplexity(P, tokens):
    perplexity = 1.0
    n = len(tokens) - 1
    for t in range(n):
        p = float(P[tokens[t], tokens[t + 1]])
        if p == 0.0:
            return math.inf
        perplexity *= (1 / p) ** (1 / n)
    return perplexity
""",
    """
from scipy.stats import gmean

def sequence_perplexity(P, tokens):
    return 1 / gmean(P[tokens[:-1], tokens[1:]])
""",
]

WRONG["sequence_perplexity"] = {
    "product_underflows": """
def sequence_perplexity(P, tokens):
    product = 1.0
    for t in range(1, len(tokens)):
        product *= P[tokens[t - 1], tokens[t]]
    return product ** (-1 / (len(tokens) - 1))
""",
    "divides_by_all_tokens": """
def sequence_perplexity(P, tokens):
    loss = 0
    for t in range(1, len(tokens)):
        loss -= np.log(P[tokens[t - 1], tokens[t]])
    return np.exp(loss / len(tokens))
""",
    "cross_entropy_only": """
def sequence_perplexity(P, tokens):
    return -np.mean(np.log(P[tokens[:-1], tokens[1:]]))
""",
    "mixed_bases": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.log2(P[tokens[:-1], tokens[1:]]).mean())
""",
    "sign_lost": """
def sequence_perplexity(P, tokens):
    return np.exp(np.mean(np.log(P[tokens[:-1], tokens[1:]])))
""",
    "indices_swapped": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.mean(np.log(P[tokens[1:], tokens[:-1]])))
""",
    "zero_probability_raises": """
import math

def sequence_perplexity(P, tokens):
    return math.exp(-sum(math.log(P[a, b]) for a, b in zip(tokens, tokens[1:])) / (len(tokens) - 1))
""",
    "epsilon": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.log(P[tokens[:-1], tokens[1:]] + 1e-9).mean())
""",
    "arithmetic_mean": """
def sequence_perplexity(P, tokens):
    return 1 / np.mean(P[tokens[:-1], tokens[1:]])
""",
    "one_for_each_word": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.log(P[tokens[:-1], tokens[1:]]))
""",
    "all_pairs_of_rows": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.log(P[tokens[:-1]][:, tokens[1:]]).mean())
""",
}

RIGHT["cooccurrence_matrix"] = [
    """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(s + 1, min(s + window + 1, len(tokens))):
            X[tokens[s], tokens[t]] += 1
            X[tokens[t], tokens[s]] += 1
    return X
""",
    """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros(vocab_size * vocab_size)
    for d in range(1, window + 1):
        left, right = tokens[:-d], tokens[d:]
        X += np.bincount(left * vocab_size + right, minlength=vocab_size**2)
        X += np.bincount(right * vocab_size + left, minlength=vocab_size**2)
    return X.reshape(vocab_size, vocab_size)
""",
    """
def cooccurrence_matrix(tokens, vocab_size, window):
    # from one-hot rows and a band of ones
    onehot = np.eye(vocab_size)[tokens]
    place = np.arange(len(tokens))
    distance = np.abs(place[:, None] - place)
    near = ((distance > 0) & (distance <= window)).astype(float)
    return onehot.T @ near @ onehot
""",
    """
from collections import deque

def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    recent = deque(maxlen=window)
    for word in tokens:
        for earlier in recent:
            X[word, earlier] += 1
            X[earlier, word] += 1
        recent.append(word)
    return X
""",
]

WRONG["cooccurrence_matrix"] = {
    "window_one_short": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(s + 1, len(tokens)):
            if t - s < window:
                X[tokens[s], tokens[t]] += 1
                X[tokens[t], tokens[s]] += 1
    return X
""",
    "one_direction": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for word in tokens[s + 1 : s + 1 + window]:
            X[tokens[s], word] += 1
    return X
""",
    "counts_itself": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(max(0, s - window), min(len(tokens), s + window + 1)):
            X[tokens[s], tokens[t]] += 1
    return X
""",
    "wraps_around": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(1, window + 1):
        for s in range(len(tokens)):
            X[tokens[s], tokens[s - d]] += 1
            X[tokens[s - d], tokens[s]] += 1
    return X
""",
    "negative_slice": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for t in range(len(tokens)):
        for word in tokens[t - window : t]:
            X[tokens[t], word] += 1
            X[word, tokens[t]] += 1
    return X
""",
    "counted_twice": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(len(tokens)):
            if s != t and abs(s - t) <= window:
                X[tokens[s], tokens[t]] += 1
                X[tokens[t], tokens[s]] += 1
    return X
""",
    "repeated_pairs_lost": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(1, window + 1):
        X[tokens[:-d], tokens[d:]] += 1
        X[tokens[d:], tokens[:-d]] += 1
    return X
""",
    "diagonal_once": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(s + 1, min(s + window + 1, len(tokens))):
            X[tokens[s], tokens[t]] += 1
            if tokens[s] != tokens[t]:
                X[tokens[t], tokens[s]] += 1
    return X
""",
    "weighted_by_distance": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(1, window + 1):
        for s in range(len(tokens) - d):
            X[tokens[s], tokens[s + d]] += 1 / d
            X[tokens[s + d], tokens[s]] += 1 / d
    return X
""",
    "only_at_the_distance": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens) - window):
        X[tokens[s], tokens[s + window]] += 1
        X[tokens[s + window], tokens[s]] += 1
    return X
""",
    "returns_a_dict": """
from collections import Counter

def cooccurrence_matrix(tokens, vocab_size, window):
    X = Counter()
    for s in range(len(tokens)):
        for t in range(s + 1, min(s + window + 1, len(tokens))):
            X[int(tokens[s]), int(tokens[t])] += 1
    return dict(X)
""",
}

RIGHT["glove_loss_and_gradients"] = [
    """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    logX = np.zeros(X.shape)
    logX[mask] = np.log(X[mask])
    f = np.where(X < x_max, (X / x_max) ** alpha, 1.0) * mask
    E = R @ Rt.T + b[:, None] + bt[None, :] - logX
    J = np.sum(f * E**2)
    G = 2 * f * E
    return J, G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J = 0.0
    dR, dRt = np.zeros(R.shape), np.zeros(Rt.shape)
    db, dbt = np.zeros(b.shape), np.zeros(bt.shape)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if X[i, j] > 0:
                f = min(1.0, (X[i, j] / x_max) ** alpha)
                e = R[i] @ Rt[j] + b[i] + bt[j] - np.log(X[i, j])
                J += f * e * e
                dR[i] += 2 * f * e * Rt[j]
                dRt[j] += 2 * f * e * R[i]
                db[i] += 2 * f * e
                dbt[j] += 2 * f * e
    return J, dR, dRt, db, dbt
""",
    """
import torch

def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    params = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in (R, Rt, b, bt)]
    r, rt, c, ct = params
    i, j = np.nonzero(X)
    x = torch.tensor(X[i, j], dtype=torch.float64)
    f = torch.clamp(x / x_max, max=1) ** alpha
    e = (r[i] * rt[j]).sum(1) + c[i] + ct[j] - torch.log(x)
    J = (f * e**2).sum()
    grads = torch.autograd.grad(J, params)
    return (J.item(), *(g.numpy() for g in grads))
""",
    """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    i, j = X.nonzero()
    x = X[i, j].astype(float)
    f = np.minimum(x / x_max, 1) ** alpha
    e = np.einsum("nd,nd->n", R[i], Rt[j]) + b[i] + bt[j] - np.log(x)
    g = (2 * f * e)[:, None]
    dR, dRt = np.zeros_like(R), np.zeros_like(Rt)
    np.add.at(dR, i, g * Rt[j])
    np.add.at(dRt, j, g * R[i])
    V = len(b)
    return float(f @ e**2), dR, dRt, np.bincount(i, g[:, 0], V), np.bincount(j, g[:, 0], V)
""",
]

WRONG["glove_loss_and_gradients"] = {
    "log_of_zero": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.minimum((X / x_max) ** alpha, 1.0)
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(X)
    J = np.sum(f * E**2)
    G = 2 * f * E
    return J, G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "zeros_as_log_one_plus": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.minimum((X / x_max) ** alpha, 1.0)
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(1 + X)
    J = np.sum(f * E**2)
    G = 2 * f * E
    return J, G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "weight_not_capped": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = (X / x_max) ** alpha
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1))
    E = E * mask
    J = np.sum(f * E**2)
    G = 2 * f * E
    return J, G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "factor_two_missing": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1))
    G = f * E
    return np.sum(f * E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "gradients_swapped": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1))
    G = 2 * f * E
    return np.sum(f * E**2), G.T @ Rt, G @ R, G.sum(1), G.sum(0)
""",
    "weight_squared": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = f * (R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1)))
    G = 2 * f * E
    return np.sum(E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "weight_forgotten": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    E = np.where(mask, R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1)), 0)
    return np.sum(E**2), 2 * E @ Rt, 2 * E.T @ R, 2 * E.sum(1), 2 * E.sum(0)
""",
    "bias_on_the_wrong_side": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = R @ Rt.T + b + bt[:, None] - np.log(np.where(mask, X, 1))
    G = 2 * f * E
    return np.sum(f * E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "biases_left_out": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = R @ Rt.T - np.log(np.where(mask, X, 1))
    G = 2 * f * E
    return np.sum(f * E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "arguments_ignored": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / 100.0, 1) ** 0.75 * mask
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1))
    G = 2 * f * E
    return np.sum(f * E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
    "cost_only": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    mask = X > 0
    f = np.minimum(X / x_max, 1) ** alpha * mask
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(mask, X, 1))
    return np.sum(f * E**2)
""",
    "small_number_in_the_log_and_no_weight_at_zero_forgotten": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.minimum((X + 1) / x_max, 1) ** alpha
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(X + 1e-8)
    G = 2 * f * E
    return np.sum(f * E**2), G @ Rt, G.T @ R, G.sum(1), G.sum(0)
""",
}

RIGHT["solve_analogy"] = [
    """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1)
    norms[norms == 0] = 1
    U = E / norms[:, None]
    q = U[b] - U[a] + U[c]
    sims = U @ q
    for word in (a, b, c):
        sims[word] = -np.inf
    return np.argmax(sims)
""",
    """
def solve_analogy(E, a, b, c):
    def unit(v):
        v = np.asarray(v, float)
        n = np.sqrt(np.sum(v * v))
        return v / n if n > 0 else v
    target = unit(E[b]) - unit(E[a]) + unit(E[c])
    best, best_score = None, None
    for w in range(len(E)):
        if w in (a, b, c):
            continue
        score = float(unit(E[w]) @ target)
        if best is None or score > best_score:
            best, best_score = w, score
    return best
""",
    """
from sklearn.preprocessing import normalize

def solve_analogy(E, a, b, c):
    U = normalize(E.astype(float))
    order = np.argsort(-(U @ (U[b] - U[a] + U[c])), kind="stable")
    return int([w for w in order if w not in (a, b, c)][0])
""",
    """
import torch

def solve_analogy(E, a, b, c):
    U = torch.nn.functional.normalize(torch.tensor(E, dtype=torch.float64), dim=1)
    s = U @ (U[b] - U[a] + U[c])
    s[torch.tensor([a, b, c])] = -10.0
    return s.argmax().item()
""",
]

WRONG["solve_analogy"] = {
    "query_words_allowed": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    return int(np.argmax(U @ (U[b] - U[a] + U[c])))
""",
    "dot_product_not_cosine": """
def solve_analogy(E, a, b, c):
    sims = (E @ (E[b] - E[a] + E[c])).astype(float)
    sims[[a, b, c]] = -np.inf
    return int(np.argmax(sims))
""",
    "signs_swapped": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    sims = U @ (U[a] - U[b] + U[c])
    sims[[a, b, c]] = -np.inf
    return int(np.argmax(sims))
""",
    "zero_rows_nan": """
def solve_analogy(E, a, b, c):
    U = E / np.linalg.norm(E, axis=1, keepdims=True)
    sims = U @ (U[b] - U[a] + U[c])
    sims[[a, b, c]] = -np.inf
    return int(np.argmax(sims))
""",
    "vectors_not_normalised_before_sum": """
def solve_analogy(E, a, b, c):
    q = E[b] - E[a] + E[c]
    norms = np.linalg.norm(E, axis=1) * np.linalg.norm(q)
    sims = (E @ q) / np.where(norms == 0, 1, norms)
    sims[[a, b, c]] = -np.inf
    return int(np.argmax(sims))
""",
    "starts_from_zero": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    q = U[b] - U[a] + U[c]
    best, answer = 0.0, 0
    for w in range(len(E)):
        if w not in (a, b, c) and U[w] @ q > best:
            best, answer = U[w] @ q, w
    return answer
""",
    "only_c_left_out": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    sims = U @ (U[b] - U[a] + U[c])
    sims[c] = -np.inf
    return int(np.argmax(sims))
""",
    "farthest": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    sims = U @ (U[b] - U[a] + U[c])
    sims[[a, b, c]] = np.inf
    return int(np.argmin(sims))
""",
    "the_row_itself": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=1, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    sims = U @ (U[b] - U[a] + U[c])
    sims[[a, b, c]] = -np.inf
    return E[np.argmax(sims)]
""",
    "columns_scaled": """
def solve_analogy(E, a, b, c):
    norms = np.linalg.norm(E, axis=0, keepdims=True)
    U = E / np.where(norms == 0, 1, norms)
    sims = U @ (U[b] - U[a] + U[c])
    sims[[a, b, c]] = -np.inf
    return int(np.argmax(sims))
""",
}

RIGHT["NeuralLM"] = [
    """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = self.embedding(contexts)
        e = e.view(e.shape[0], -1)
        return self.output(torch.tanh(self.hidden(e)))
""",
    """
import torch

class NeuralLM(torch.nn.Module):
    # one-hot rows times the table
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.V = vocab_size
        self.embedding = torch.nn.Embedding(vocab_size, embed_dim)
        self.hidden = torch.nn.Linear(context * embed_dim, hidden)
        self.output = torch.nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        table = self.embedding.weight
        onehot = torch.nn.functional.one_hot(contexts, self.V).to(table.dtype)
        e = torch.cat([onehot[:, k] @ table for k in range(contexts.shape[1])], dim=1)
        return self.output(self.hidden(e).tanh())
""",
    """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)
        self.net = nn.Sequential(self.embedding, nn.Flatten(), self.hidden, nn.Tanh(), self.output)

    def forward(self, contexts):
        return self.net(contexts)
""",
    """
import torch
from torch import nn
import torch.nn.functional as F

class Table(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n, d))

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = Table(vocab_size, embed_dim)
        self.hidden = nn.LazyLinear(hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        h = self.hidden(F.embedding(contexts, self.embedding.weight).reshape(len(contexts), -1))
        return self.output(2 * torch.sigmoid(2 * h) - 1)
""",
]

WRONG["NeuralLM"] = {
    "embeddings_averaged": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        return self.output(torch.tanh(self.hidden(self.embedding(contexts).mean(dim=1))))
""",
    "own_table_for_each_position": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.ModuleList([nn.Embedding(vocab_size, embed_dim) for _ in range(context)])
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = torch.cat([table(contexts[:, k]) for k, table in enumerate(self.embedding)], dim=1)
        return self.output(torch.tanh(self.hidden(e)))
""",
    "softmax_inside": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        h = torch.tanh(self.hidden(self.embedding(contexts).flatten(1)))
        return torch.softmax(self.output(h), dim=-1)
""",
    "feature_major_order": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = self.embedding(contexts).transpose(1, 2)
        return self.output(torch.tanh(self.hidden(e.reshape(len(contexts), -1))))
""",
    "no_activation": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        return self.output(self.hidden(self.embedding(contexts).flatten(1)))
""",
    "another_activation": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        return self.output(torch.relu(self.hidden(self.embedding(contexts).flatten(1))))
""",
    "own_names": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.emb = nn.Embedding(vocab_size, embed_dim)
        self.fc1 = nn.Linear(context * embed_dim, hidden)
        self.fc2 = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        return self.fc2(torch.tanh(self.fc1(self.emb(contexts).flatten(1))))
""",
    "no_output_bias": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size, bias=False)

    def forward(self, contexts):
        return self.output(torch.tanh(self.hidden(self.embedding(contexts).flatten(1))))
""",
    "forced_single_precision": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.V = vocab_size
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = nn.functional.one_hot(contexts, self.V).float() @ self.embedding.weight
        return self.output(torch.tanh(self.hidden(e.flatten(1))))
""",
    "no_forward": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)
""",
    "gradients_cut": """
import torch
from torch import nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = self.embedding(contexts).detach().flatten(1)
        return self.output(torch.tanh(self.hidden(e)))
""",
    "a_function": """
import torch

def NeuralLM(vocab_size, context, embed_dim, hidden):
    return lambda contexts: torch.zeros(len(contexts), vocab_size)
""",
}

RIGHT["train_neural_lm"] = [
    """
import torch
from torch import nn
import torch.nn.functional as F

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Embedding(vocab_size, 10), nn.Flatten(), nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, vocab_size))
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    X, y = torch.from_numpy(contexts), torch.from_numpy(targets)
    for epoch in range(4):
        order = torch.randperm(len(X))
        for i in range(0, len(X), 128):
            idx = order[i : i + 128]
            opt.zero_grad()
            F.cross_entropy(model(X[idx]), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        return F.log_softmax(model(torch.from_numpy(test_contexts)), dim=1).numpy()
""",
    """
import torch

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    # plain tensors, in double precision
    g = torch.Generator().manual_seed(seed)
    D, H = 8, 16
    def init(*shape, scale):
        return (scale * torch.randn(*shape, generator=g, dtype=torch.float64)).requires_grad_()
    E, W, V = init(vocab_size, D, scale=1.0), init(3 * D, H, scale=0.2), init(H, vocab_size, scale=0.2)
    b, c = init(H, scale=0.0), init(vocab_size, scale=0.0)
    params = [E, W, V, b, c]
    opt = torch.optim.Adam(params, lr=0.02)
    X, y = torch.tensor(contexts), torch.tensor(targets)
    def log_probs(X):
        return torch.log_softmax(torch.tanh(E[X].reshape(len(X), -1) @ W + b) @ V + c, dim=-1)
    for _ in range(6):
        for batch in torch.randperm(len(X), generator=g).split(256):
            loss = -log_probs(X[batch])[range(len(batch)), y[batch]].mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
    return log_probs(torch.tensor(test_contexts)).detach().numpy()
""",
    """
import torch
from torch import nn

class Net(nn.Module):
    # a small recurrent network, which has room for early stopping
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, 12)
        self.rnn = nn.RNN(12, 24, batch_first=True)
        self.out = nn.Linear(24, V)

    def forward(self, x):
        h, _ = self.rnn(self.emb(x))
        return self.out(h[:, -1])

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    net = Net(vocab_size)
    opt = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.01)
    loss_fn = nn.CrossEntropyLoss()
    order = np.random.default_rng(seed).permutation(len(targets))
    held, train = order[:1000], order[1000:]
    X, y = torch.tensor(contexts), torch.tensor(targets)
    best, kept = float("inf"), None
    for epoch in range(6):
        np.random.default_rng(seed + epoch).shuffle(train)
        for i in range(0, len(train), 256):
            opt.zero_grad()
            loss_fn(net(X[train[i : i + 256]]), y[train[i : i + 256]]).backward()
            opt.step()
        with torch.no_grad():
            loss = loss_fn(net(X[held]), y[held]).item()
            if loss < best:
                best, kept = loss, torch.log_softmax(net(torch.tensor(test_contexts)), 1).numpy()
    return kept
""",
]

_TRAINING = """
import torch
from torch import nn
import torch.nn.functional as F

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    layers = nn.Linear({K} * {E}, {H}), nn.Tanh(), nn.Linear({H}, vocab_size){last}
    model = nn.Sequential(nn.Embedding(vocab_size, {E}), nn.Flatten(), *layers)
    opt = torch.optim.{optimiser}
    X, y, Z = torch.from_numpy(contexts){part}, torch.from_numpy(targets), torch.from_numpy(test_contexts){part}
    for epoch in range({epochs}):
        for idx in torch.randperm(len(X)).split({batch}):
            opt.zero_grad()
            F.cross_entropy(model(X[idx]), y[idx]).backward()
            opt.step()
    with torch.no_grad():
        return {returned}
"""
_USUAL = {
    "E": 8,
    "K": 3,
    "H": 24,
    "last": "",
    "optimiser": "Adam(model.parameters(), lr=0.02)",
    "part": "",
    "epochs": 6,
    "batch": 256,
    "returned": "F.log_softmax(model(Z), dim=1).numpy()",
}


def training(**changes: object) -> str:
    """A usual answer with some parts changed."""
    return _TRAINING.format(**(_USUAL | changes))


WRONG["train_neural_lm"] = {
    "bigram_table": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    C = np.full((vocab_size, vocab_size), 0.03)
    for before, word in zip(contexts[:, 2], targets):
        C[before, word] += 1
    P = C / C.sum(axis=1, keepdims=True)
    return np.log(P[test_contexts[:, 2]])
""",
    "returns_probabilities": training(epochs=1, returned="F.softmax(model(Z), dim=1).numpy()"),
    "one_epoch": training(epochs=1),
    "softmax_twice": training(
        epochs=2, last=", nn.Softmax(dim=1)", returned="torch.log(model(Z)).clamp(min=-80).numpy()"
    ),
    "overtrained": training(E=20, H=60, epochs=10),
    "last_word_only": training(K=1, part="[:, 2:]", epochs=3),
    "logits_returned": training(epochs=1, returned="model(Z).numpy()"),
    "a_tensor": training(epochs=1, returned="F.log_softmax(model(Z), dim=1)"),
    "normalised_over_the_test_set": training(epochs=1, returned="F.log_softmax(model(Z), dim=0).numpy()"),
    "untrained": training(epochs=0),
    "uniform": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    return np.full((len(test_contexts), vocab_size), -np.log(vocab_size))
""",
    "likeliest_word_only": training(epochs=1, returned="model(Z).argmax(dim=1).numpy()"),
    "word_frequencies": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    p = (np.bincount(targets, minlength=vocab_size) + 1.0) / (len(targets) + vocab_size)
    return np.tile(np.log(p), (len(test_contexts), 1))
""",
}
