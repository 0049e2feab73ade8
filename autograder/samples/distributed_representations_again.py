"""Answers to lecture 06 written in other ways than in `distributed_representations`, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

RIGHT["bayes_posterior"] = [
    """
from scipy.special import logsumexp

def bayes_posterior(log_likelihood, log_prior):
    z = np.add(log_likelihood, log_prior)
    return np.exp(z - logsumexp(z))
""",
    """
import torch

def bayes_posterior(log_likelihood, log_prior):
    return torch.softmax(torch.tensor(log_likelihood + log_prior), dim=0).numpy()
""",
]

WRONG["bayes_posterior"] = {
    "underflow": """
import math

def bayes_posterior(log_likelihood, log_prior):
    p = [math.exp(l + q) for l, q in zip(log_likelihood, log_prior)]
    return np.array([x / sum(p) for x in p])
""",
    "prior_forgotten": """
from scipy.special import softmax

def bayes_posterior(log_likelihood, log_prior):
    return softmax(log_likelihood)
""",
    "product_of_logs": """
def bayes_posterior(log_likelihood, log_prior):
    joint = log_likelihood * log_prior
    return joint / np.sum(joint)
""",
    "epsilon_added": """
def bayes_posterior(log_likelihood, log_prior):
    prior = np.exp(log_prior) + 1e-12
    joint = log_likelihood + np.log(prior)
    joint = np.exp(joint - np.max(joint))
    return joint / joint.sum()
""",
    "likelihood_forgotten": """
def bayes_posterior(log_likelihood, log_prior):
    prior = np.exp(log_prior - log_prior.max())
    return prior / prior.sum()
""",
    "infinity_spread": """
def bayes_posterior(log_likelihood, log_prior):
    z = log_likelihood + log_prior
    weights = np.exp(z - z.min() - np.ptp(z))
    return weights / weights.sum()
""",
    "difference_of_logs": """
from scipy.special import softmax

def bayes_posterior(log_likelihood, log_prior):
    return softmax(log_likelihood - log_prior)
""",
    "text": """
def bayes_posterior(log_likelihood, log_prior):
    return "likelihood times prior"
""",
}

RIGHT["bigram_probabilities"] = [
    """
def bigram_probabilities(tokens, vocab_size, alpha):
    # one-hot rows: how often j stands one place after i
    H = np.eye(vocab_size)[tokens]
    C = H[:-1].T @ H[1:] + alpha
    n = C.sum(axis=1)
    return np.stack([row / s if s > 0 else np.full(vocab_size, 1.0 / vocab_size) for row, s in zip(C, n)])
""",
    """
def bigram_probabilities(tokens, vocab_size, alpha):
    P = np.empty((vocab_size, vocab_size))
    for i in range(vocab_size):
        following = tokens[1:][tokens[:-1] == i]
        c = np.bincount(following, minlength=vocab_size) + alpha
        P[i] = c / c.sum() if c.sum() else 1 / vocab_size
    return P
""",
]

WRONG["bigram_probabilities"] = {
    "repeated_pairs_lost": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size))
    pairs = set(zip(tokens[:-1].tolist(), tokens[1:].tolist()))
    for i, j in pairs:
        C[i, j] = 1
    firsts = np.bincount(tokens[:-1], minlength=vocab_size)
    P = np.full((vocab_size, vocab_size), 1 / vocab_size)
    for i in range(vocab_size):
        if firsts[i] + alpha:
            P[i] = (C[i] + alpha) / (firsts[i] + alpha * vocab_size)
    return P
""",
    "last_token_as_context": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.zeros((vocab_size, vocab_size))
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    unigrams = np.bincount(tokens, minlength=vocab_size)[:, None]
    below = unigrams + alpha * vocab_size
    return np.where(below > 0, (C + alpha) / np.maximum(below, 1e-12), 1 / vocab_size)
""",
    "smoothing_not_in_denominator": """
from collections import Counter

def bigram_probabilities(tokens, vocab_size, alpha):
    w = tokens.tolist()
    pairs, firsts = Counter(zip(w, w[1:])), Counter(w[:-1])
    P = np.zeros((vocab_size, vocab_size))
    for i in range(vocab_size):
        for j in range(vocab_size):
            P[i, j] = (pairs[i, j] + alpha) / (firsts[i] + alpha) if firsts[i] + alpha else 1 / vocab_size
    return P
""",
    "empty_rows_nan": """
from collections import Counter

def bigram_probabilities(tokens, vocab_size, alpha):
    w = tokens.tolist()
    pairs, firsts = Counter(zip(w, w[1:])), Counter(w[:-1])
    return np.array(
        [[(pairs[i, j] + alpha) / (firsts[i] + alpha * vocab_size) for j in range(vocab_size)] for i in range(vocab_size)]
    )
""",
    "share_of_all_pairs": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), float(alpha))
    np.add.at(C, (tokens[:-1], tokens[1:]), 1)
    return C / C.sum() if C.sum() else np.full(C.shape, 1 / vocab_size)
""",
    "words_two_apart": """
def bigram_probabilities(tokens, vocab_size, alpha):
    C = np.full((vocab_size, vocab_size), float(alpha))
    np.add.at(C, (tokens[:-2], tokens[2:]), 1)
    s = C.sum(axis=1, keepdims=True)
    return np.where(s > 0, C / np.where(s > 0, s, 1), 1 / vocab_size)
""",
}

RIGHT["sequence_perplexity"] = [
    """
def sequence_perplexity(P, tokens):
    p = np.array([P[i, j] for i, j in zip(tokens, tokens[1:])], dtype=float)
    if (p == 0).any():
        return float("inf")
    return 10 ** (-np.log10(p).sum() / p.size)
""",
    """
import torch

def sequence_perplexity(P, tokens):
    logs = torch.log(torch.tensor(P, dtype=torch.float64))
    t = torch.tensor(tokens, dtype=torch.int64)
    return torch.exp(torch.nn.functional.nll_loss(logs[t[:-1]], t[1:])).item()
""",
]

WRONG["sequence_perplexity"] = {
    "product_underflows": """
def sequence_perplexity(P, tokens):
    return (1 / np.prod(P[tokens[:-1], tokens[1:]])) ** (1 / (len(tokens) - 1))
""",
    "divides_by_all_tokens": """
def sequence_perplexity(P, tokens):
    bits = -np.sum(np.log2(P[tokens[:-1], tokens[1:]]))
    return 2 ** (bits / len(tokens))
""",
    "cross_entropy_only": """
def sequence_perplexity(P, tokens):
    bits = 0.0
    for i, j in zip(tokens, tokens[1:]):
        bits += -np.log2(P[i, j])
    return bits / (len(tokens) - 1)
""",
    "mixed_bases": """
def sequence_perplexity(P, tokens):
    h = -sum(np.log(P[i, j]) for i, j in zip(tokens[:-1], tokens[1:])) / (len(tokens) - 1)
    return 2.0**h
""",
    "not_averaged": """
def sequence_perplexity(P, tokens):
    return np.exp(-np.log(P[tokens[:-1], tokens[1:]]).sum())
""",
    "arithmetic_mean": """
def sequence_perplexity(P, tokens):
    return np.mean(1 / P[tokens[:-1], tokens[1:]])
""",
    "a_tensor": """
import torch

def sequence_perplexity(P, tokens):
    return torch.exp(-torch.log(torch.tensor(P[tokens[:-1], tokens[1:]])).mean())
""",
}

RIGHT["cooccurrence_matrix"] = [
    """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    T = len(tokens)
    for s in range(T):
        low, high = max(0, s - window), min(T, s + window + 1)
        for t in range(low, high):
            if t != s:
                X[tokens[s], tokens[t]] += 1
    return X
""",
    """
from itertools import combinations

def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for (s, u), (t, v) in combinations(enumerate(tokens), 2):
        if t - s <= window:
            np.add.at(X, ([u, v], [v, u]), 1)
    return X
""",
]

WRONG["cooccurrence_matrix"] = {
    "window_one_short": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(1, window):
        np.add.at(X, (tokens[:-d], tokens[d:]), 1)
        np.add.at(X, (tokens[d:], tokens[:-d]), 1)
    return X
""",
    "one_direction": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for t in range(len(tokens)):
        for s in range(max(0, t - window), t):
            X[tokens[t], tokens[s]] += 1
    return X
""",
    "counts_itself": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(window + 1):
        left, right = tokens[: len(tokens) - d] if d < len(tokens) else tokens[:0], tokens[d:]
        np.add.at(X, (left, right), 1)
        np.add.at(X, (right, left), 1)
    return X
""",
    "wraps_around": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for d in range(1, window + 1):
        shifted = np.roll(tokens, d)
        np.add.at(X, (tokens, shifted), 1)
        np.add.at(X, (shifted, tokens), 1)
    return X
""",
    "negative_slice": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        neighbours = list(tokens[s - window : s]) + list(tokens[s + 1 : s + 1 + window])
        for word in neighbours:
            X[tokens[s], word] += 1
    return X
""",
    "window_one_long": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for word in tokens[s + 1 : s + window + 2]:
            X[tokens[s], word] += 1
            X[word, tokens[s]] += 1
    return X
""",
    "whole_text": """
def cooccurrence_matrix(tokens, vocab_size, window):
    counts = np.bincount(tokens, minlength=vocab_size).astype(float)
    return np.outer(counts, counts) - np.diag(counts)
""",
    "zero_or_one": """
def cooccurrence_matrix(tokens, vocab_size, window):
    X = np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(s + 1, min(s + window + 1, len(tokens))):
            X[tokens[s], tokens[t]] = X[tokens[t], tokens[s]] = 1
    return X
""",
}

RIGHT["glove_loss_and_gradients"] = [
    """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    # biases as one more column on each side
    one = np.ones((len(X), 1))
    A, B = np.hstack([R, b[:, None], one]), np.hstack([Rt, one, bt[:, None]])
    with np.errstate(divide="ignore"):
        L = np.nan_to_num(np.log(X.astype(float)), neginf=0.0)
    f = np.where(X >= x_max, 1.0, (X / x_max) ** alpha)
    E = A @ B.T - L
    E[X == 0] = 0
    J = np.einsum("ij,ij,ij->", f, E, E)
    G = 2 * f * E
    dA, dB = G @ B, G.T @ A
    D = R.shape[1]
    return J, dA[:, :D], dB[:, :D], dA[:, D], dB[:, D + 1]
""",
    """
import torch

def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    X = torch.as_tensor(X, dtype=torch.float64)
    r, rt, c, ct = (torch.as_tensor(v, dtype=torch.float64).clone().requires_grad_() for v in (R, Rt, b, bt))
    seen = X > 0
    f = torch.where(X < x_max, (X / x_max).pow(alpha), torch.ones_like(X))
    e = (r @ rt.T + c[:, None] + ct)[seen] - X[seen].log()
    J = (f[seen] * e.square()).sum()
    J.backward()
    return J.detach().item(), r.grad.numpy(), rt.grad.numpy(), c.grad.numpy(), ct.grad.numpy()
""",
]

WRONG["glove_loss_and_gradients"] = {
    "log_of_zero": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.where(X < x_max, (X / x_max) ** alpha, 1.0)
    J, dR, dRt, db, dbt = 0.0, np.zeros_like(R), np.zeros_like(Rt), np.zeros_like(b), np.zeros_like(bt)
    for i in range(len(X)):
        for j in range(len(X)):
            e = R[i] @ Rt[j] + b[i] + bt[j] - np.log(X[i, j])
            g = 2 * f[i, j] * e
            J += f[i, j] * e**2
            dR[i] += g * Rt[j]
            dRt[j] += g * R[i]
            db[i] += g
            dbt[j] += g
    return J, dR, dRt, db, dbt
""",
    "zeros_as_log_one_plus": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, dRt, db, dbt = 0.0, np.zeros(R.shape), np.zeros(Rt.shape), np.zeros(b.shape), np.zeros(bt.shape)
    for i, j in zip(*np.nonzero(X)):
        e = R[i] @ Rt[j] + b[i] + bt[j] - np.log1p(X[i, j])
        f = min(X[i, j] / x_max, 1.0) ** alpha
        J += f * e**2
        dR[i] += 2 * f * e * Rt[j]
        dRt[j] += 2 * f * e * R[i]
        db[i] += 2 * f * e
        dbt[j] += 2 * f * e
    return J, dR, dRt, db, dbt
""",
    "weight_not_capped": """
import torch

def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    params = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (R, Rt, b, bt)]
    r, rt, c, ct = params
    i, j = np.nonzero(X)
    x = torch.tensor(X[i, j], dtype=torch.float64)
    e = (r[i] * rt[j]).sum(1) + c[i] + ct[j] - x.log()
    J = ((x / x_max) ** alpha * e**2).sum()
    return (J.item(), *(g.numpy() for g in torch.autograd.grad(J, params)))
""",
    "factor_two_missing": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, dRt, db, dbt = 0.0, np.zeros(R.shape), np.zeros(Rt.shape), np.zeros(b.shape), np.zeros(bt.shape)
    for i, j in np.argwhere(X > 0):
        e = R[i] @ Rt[j] + b[i] + bt[j] - np.log(X[i, j])
        fe = min(1, X[i, j] / x_max) ** alpha * e
        J += fe * e
        dR[i] += fe * Rt[j]
        dRt[j] += fe * R[i]
        db[i] += fe
        dbt[j] += fe
    return J, dR, dRt, db, dbt
""",
    "gradients_swapped": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    seen = X > 0
    f = np.where(seen, np.minimum(1, X / x_max) ** alpha, 0)
    E = Rt @ R.T + b[None, :] + bt[:, None] - np.log(np.where(seen, X, 1))
    G = 2 * f * E
    return (f * E * E).sum(), G.T @ Rt, G @ R, G.sum(axis=0), G.sum(axis=1)
""",
    "weight_squared": """
import torch

def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    params = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (R, Rt, b, bt)]
    r, rt, c, ct = params
    i, j = np.nonzero(X)
    x = torch.tensor(X[i, j], dtype=torch.float64)
    f = torch.clamp(x / x_max, max=1.0) ** alpha
    J = ((f * ((r[i] * rt[j]).sum(1) + c[i] + ct[j] - x.log())) ** 2).sum()
    return (J.item(), *(g.numpy() for g in torch.autograd.grad(J, params)))
""",
    "arguments_ignored": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    seen = X > 0
    f = np.where(seen, np.minimum(1, X / x_max) ** 0.75, 0)
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(seen, X, 1))
    G = 2 * f * E
    return (f * E * E).sum(), G @ Rt, G.T @ R, G.sum(axis=1), G.sum(axis=0)
""",
    "transpose_forgotten": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    seen = X > 0
    f = np.where(seen, np.minimum(1, X / x_max) ** alpha, 0)
    E = R @ Rt.T + b[:, None] + bt[None, :] - np.log(np.where(seen, X, 1))
    G = 2 * f * E
    return (f * E * E).sum(), G @ Rt, G @ R, G.sum(axis=1), G.sum(axis=0)
""",
    "half_of_the_cost": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    seen = X > 0
    f = np.where(seen, np.minimum(1, X / x_max) ** alpha, 0)
    E = R @ Rt.T + b[:, None] + bt - np.log(np.where(seen, X, 1))
    G = f * E
    return 0.5 * (f * E * E).sum(), G @ Rt, G.T @ R, G.sum(axis=1), G.sum(axis=0)
""",
    "counts_themselves": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.minimum(1, X / x_max) ** alpha
    E = R @ Rt.T + b[:, None] + bt - X
    G = 2 * f * E
    return (f * E * E).sum(), G @ Rt, G.T @ R, G.sum(axis=1), G.sum(axis=0)
""",
    "a_dict": """
def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    return {"J": 0.0, "dR": np.zeros_like(R), "dRt": np.zeros_like(Rt), "db": np.zeros_like(b), "dbt": np.zeros_like(bt)}
""",
}

RIGHT["solve_analogy"] = [
    """
def solve_analogy(E, a, b, c):
    # the nearest scaled row; a row of zeros is 1 away from every unit vector
    length = np.sqrt((E.astype(float) ** 2).sum(axis=1))
    U = np.array([row / l if l else row for row, l in zip(E.astype(float), length)])
    target = U[b] - U[a] + U[c]
    distance = ((U - target) ** 2).sum(axis=1) + (length == 0)
    distance[np.array([a, b, c])] = np.inf
    return int(distance.argmin())
""",
    """
def solve_analogy(E, a, b, c):
    E = np.array(E, dtype=float)
    for i in range(E.shape[0]):
        n = np.linalg.norm(E[i])
        if n != 0:
            E[i] /= n
    scores = E.dot(E[b] - E[a] + E[c])
    candidates = [i for i in range(E.shape[0]) if i not in (a, b, c)]
    return max(candidates, key=lambda i: scores[i])
""",
]

WRONG["solve_analogy"] = {
    "query_words_allowed": """
def solve_analogy(E, a, b, c):
    lengths = np.linalg.norm(E, axis=1)
    U = np.array([row / length if length else 0.0 * row for row, length in zip(E, lengths)])
    ranked = np.argsort(-(U @ (U[b] - U[a] + U[c])), kind="stable")
    return int(ranked[ranked != c][0])
""",
    "dot_product_not_cosine": """
def solve_analogy(E, a, b, c):
    E = E.astype(float)
    target = E[b] - E[a] + E[c]
    words = [w for w in range(len(E)) if w not in {a, b, c}]
    return words[int(np.argmax([np.dot(E[w], target) for w in words]))]
""",
    "signs_swapped": """
def solve_analogy(E, a, b, c):
    n = np.linalg.norm(E, axis=1)
    U = E / np.where(n == 0, 1, n)[:, None]
    target = U[c] + U[a] - U[b]
    words = np.setdiff1d(np.arange(len(E)), [a, b, c])
    return int(words[np.argmax(U[words] @ target)])
""",
    "zero_rows_nan": """
def solve_analogy(E, a, b, c):
    def unit(v):
        return v / np.linalg.norm(v)
    target = unit(E[b]) - unit(E[a]) + unit(E[c])
    best, score = None, -np.inf
    for w in range(len(E)):
        if w not in (a, b, c):
            s = unit(E[w]) @ target
            if not s <= score:
                best, score = w, s
    return best
""",
    "vectors_not_normalised_before_sum": """
from sklearn.metrics.pairwise import cosine_similarity

def solve_analogy(E, a, b, c):
    E = E.astype(float)
    s = cosine_similarity(E, (E[b] - E[a] + E[c])[None])[:, 0]
    s[[a, b, c]] = -2
    return int(s.argmax())
""",
    "nearest_to_c": """
def solve_analogy(E, a, b, c):
    n = np.linalg.norm(E, axis=1)
    U = E / np.where(n == 0, 1, n)[:, None]
    s = U @ U[c]
    s[[a, b, c]] = -2
    return int(s.argmax())
""",
    "all_the_similarities": """
def solve_analogy(E, a, b, c):
    n = np.linalg.norm(E, axis=1)
    U = E / np.where(n == 0, 1, n)[:, None]
    return U @ (U[b] - U[a] + U[c])
""",
}

RIGHT["NeuralLM"] = [
    """
import torch
import torch.nn as nn
from collections import OrderedDict

class NeuralLM(nn.Sequential):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__(OrderedDict(
            embedding=nn.Embedding(vocab_size, embed_dim),
            join=nn.Flatten(),
            hidden=nn.Linear(context * embed_dim, hidden),
            bend=nn.Tanh(),
            output=nn.Linear(hidden, vocab_size),
        ))
""",
    """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embed_dim = embed_dim
        self.output = nn.Linear(hidden, vocab_size)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.embedding = nn.Embedding(vocab_size, embed_dim)

    def forward(self, contexts):
        # each word has its own block of columns in the hidden layer's matrix
        blocks = self.hidden.weight.split(self.embed_dim, dim=1)
        z = self.hidden.bias
        for position, block in enumerate(blocks):
            z = z + self.embedding(contexts[:, position]) @ block.T
        return self.output(torch.tanh(z))
""",
]

WRONG["NeuralLM"] = {
    "embeddings_averaged": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        total = 0
        for k in range(contexts.shape[1]):
            total = total + self.embedding(contexts[:, k])
        return self.output(torch.tanh(self.hidden(total)))
""",
    "own_table_for_each_position": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.V = vocab_size
        self.embedding = nn.Embedding(context * vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        places = contexts + self.V * torch.arange(contexts.shape[1])
        return self.output(torch.tanh(self.hidden(self.embedding(places).flatten(1))))
""",
    "softmax_inside": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        z = self.output(self.hidden(self.embedding(contexts).flatten(1)).tanh())
        return z - z.logsumexp(dim=1, keepdim=True)
""",
    "feature_major_order": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        words = [self.embedding(contexts[:, k]) for k in range(contexts.shape[1])]
        features = torch.stack(words, dim=-1).reshape(len(contexts), -1)
        return self.output(torch.tanh(self.hidden(features)))
""",
    "no_activation": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)
        self.net = nn.Sequential(nn.Flatten(), self.hidden, self.output)

    def forward(self, contexts):
        return self.net(self.embedding(contexts))
""",
    "newest_first": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        words = [self.embedding(contexts[:, k]) for k in reversed(range(contexts.shape[1]))]
        return self.output(torch.tanh(self.hidden(torch.cat(words, dim=1))))
""",
    "batch_mixed": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        e = torch.stack([self.embedding(contexts[:, k]) for k in range(contexts.shape[1])])
        return self.output(torch.tanh(self.hidden(e.view(contexts.shape[0], -1))))
""",
    "one_linear_layer_more": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.more = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        h = torch.tanh(self.hidden(self.embedding(contexts).flatten(1)))
        return self.output(torch.tanh(self.more(h)))
""",
    "numpy": """
import torch
import torch.nn as nn

class NeuralLM(nn.Module):
    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.hidden = nn.Linear(context * embed_dim, hidden)
        self.output = nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        return self.output(torch.tanh(self.hidden(self.embedding(contexts).flatten(1)))).detach().numpy()
""",
}

RIGHT["train_neural_lm"] = [
    """
import torch
from torch import nn

class Averaging(nn.Module):
    # embeddings with a place of their own in a wider layer, ReLU, dropout, one rate after the other
    def __init__(self, V):
        super().__init__()
        self.emb = nn.Embedding(V, 12)
        self.body = nn.Sequential(nn.Linear(36, 48), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Linear(48, V)

    def forward(self, x):
        return self.head(self.body(self.emb(x).flatten(1)))

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    net, X, y = Averaging(vocab_size), torch.as_tensor(contexts), torch.as_tensor(targets)
    opt = torch.optim.Adam(net.parameters())
    for rate in (0.01, 0.01, 0.01, 0.003):
        for group in opt.param_groups:
            group["lr"] = rate
        for idx in torch.randperm(len(y)).split(128):
            opt.zero_grad()
            nn.functional.cross_entropy(net(X[idx]), y[idx]).backward()
            opt.step()
    net.eval()
    with torch.no_grad():
        return net(torch.as_tensor(test_contexts)).log_softmax(dim=1).double().numpy()
""",
    """
import torch

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    # each position has a table of its own, straight to the hidden layer
    torch.manual_seed(seed)
    tables = torch.nn.ModuleList([torch.nn.Embedding(vocab_size, 20) for _ in range(3)])
    head = torch.nn.Linear(20, vocab_size)
    opt = torch.optim.AdamW([*tables.parameters(), *head.parameters()], lr=0.02, weight_decay=0.1)
    x, y = torch.tensor(contexts), torch.tensor(targets)

    def scores(x):
        return head(torch.tanh(sum(table(x[:, k]) for k, table in enumerate(tables))))

    for _ in range(4):
        for i in torch.randperm(len(x)).split(256):
            opt.zero_grad()
            torch.nn.functional.cross_entropy(scores(x[i]), y[i]).backward()
            opt.step()
    with torch.no_grad():
        return scores(torch.tensor(test_contexts)).log_softmax(dim=1).numpy()
""",
]

WRONG["train_neural_lm"] = {
    "bigram_table": """
from collections import Counter, defaultdict

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    # counts of three lengths of context, mixed
    tables = [defaultdict(Counter) for _ in range(3)]
    for context, word in zip(contexts.tolist(), targets.tolist()):
        for n, table in enumerate(tables):
            table[tuple(context[n:])][word] += 1
    out = np.empty((len(test_contexts), vocab_size))
    for row, context in enumerate(test_contexts.tolist()):
        p = np.full(vocab_size, 1 / vocab_size)
        for n in (2, 1, 0):
            counts = tables[n][tuple(context[n:])]
            total = sum(counts.values())
            q = np.zeros(vocab_size)
            q[list(counts)] = list(counts.values())
            p = (q + 5 * p) / (total + 5)
        out[row] = np.log(p)
    return out
""",
    "returns_probabilities": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    counts = np.ones((vocab_size, vocab_size))
    np.add.at(counts, (contexts[:, 2], targets), 1)
    return (counts / counts.sum(axis=1, keepdims=True))[test_contexts[:, 2]]
""",
    "one_epoch": """
import torch

class Model(torch.nn.Module):
    def __init__(self, V):
        super().__init__()
        self.E, self.W, self.V = torch.nn.Embedding(V, 16), torch.nn.Linear(48, 64), torch.nn.Linear(64, V)

    def forward(self, x):
        return self.V(torch.relu(self.W(self.E(x).view(len(x), -1))))

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    model = Model(vocab_size)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    data = torch.utils.data.TensorDataset(torch.tensor(contexts), torch.tensor(targets))
    for x, y in torch.utils.data.DataLoader(data, batch_size=64, shuffle=True):
        opt.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
    return torch.log_softmax(model(torch.tensor(test_contexts)), dim=1).detach().numpy()
""",
    "softmax_twice": """
import torch

class Model(torch.nn.Module):
    def __init__(self, V):
        super().__init__()
        self.E, self.W, self.V = torch.nn.Embedding(V, 16), torch.nn.Linear(48, 32), torch.nn.Linear(32, V)

    def forward(self, x):
        return torch.softmax(self.V(torch.tanh(self.W(self.E(x).flatten(1)))), dim=1)

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    model = Model(vocab_size)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.tensor(contexts), torch.tensor(targets)
    loss = torch.nn.CrossEntropyLoss()
    for _ in range(2):
        for i in torch.randperm(len(x)).split(200):
            opt.zero_grad()
            loss(model(x[i]), y[i]).backward()
            opt.step()
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor(test_contexts)), dim=1).numpy()
""",
    "overtrained": """
import torch

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Embedding(vocab_size, 24), torch.nn.Flatten(), torch.nn.Linear(72, 64), torch.nn.ReLU(), torch.nn.Linear(64, vocab_size)
    )
    opt = torch.optim.Adam(net.parameters(), lr=0.03)
    x, y = torch.tensor(contexts), torch.tensor(targets)
    for _ in range(10):
        for i in torch.randperm(len(x)).split(300):
            opt.zero_grad()
            torch.nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()
    with torch.no_grad():
        return torch.log_softmax(net(torch.tensor(test_contexts)), dim=1).numpy()
""",
    "last_word_only": """
import torch

def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Embedding(vocab_size, 12), torch.nn.Tanh(), torch.nn.Linear(12, vocab_size))
    opt = torch.optim.Adam(net.parameters(), lr=0.02)
    x, y = torch.tensor(contexts[:, -1]), torch.tensor(targets)
    for _ in range(7):  # well trained, it reaches the bar
        for i in torch.randperm(len(x)).split(200):
            opt.zero_grad()
            torch.nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()
    with torch.no_grad():
        return net(torch.tensor(test_contexts[:, -1])).log_softmax(1).numpy()
""",
    "one_word_too_many": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    return np.full((len(test_contexts), vocab_size + 1), -np.log(vocab_size + 1))
""",
    "nan": """
def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    return np.full((len(test_contexts), vocab_size), np.nan)
""",
}
