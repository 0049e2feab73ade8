"""Solutions of lecture 06, distributed representations. Tokens are word numbers 0..V-1; an embedding is a row of its table."""

import numpy as np
import torch


def bayes_posterior(log_likelihood, log_prior):
    """The posterior probabilities of S candidates, proportional to likelihood times prior.

    log_likelihood (S,), log Pr(signal | s); log_prior (S,), log Pr(s), which may be -inf -> (S,), summing to one
    """
    # BEGIN SOLUTION
    score = log_likelihood + log_prior
    weight = np.exp(score - score.max())  # a common factor cancels
    return weight / weight.sum()
    # END SOLUTION


def bigram_probabilities(tokens, vocab_size, alpha):
    """The table of Pr(next word | word), from counts with `alpha` imaginary ones for every pair.

    tokens (T,) integers, T may be 0; vocab_size V; alpha >= 0
    -> P (V, V): P[i, j] = (how often j comes right after i + alpha) / (how often i is the first of a pair + alpha V)
    A row with nothing to go on, 0/0, is uniform.
    """
    # BEGIN SOLUTION
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    counts += alpha
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), 1 / vocab_size)
    # END SOLUTION


def sequence_perplexity(P, tokens):
    """The perplexity of tokens[1:], each given the word before it: exp of the mean of -log P[previous, next].

    P (V, V), a row for each previous word; tokens (T,) integers, T >= 2 -> a float, infinite if one probability is 0
    """
    # BEGIN SOLUTION
    with np.errstate(divide="ignore"):
        return float(np.exp(-np.log(P[tokens[:-1], tokens[1:]]).mean()))
    # END SOLUTION


def cooccurrence_matrix(tokens, vocab_size, window):
    """How often two words stand at most `window` positions apart.

    tokens (T,) integers, T may be 0; vocab_size V; window >= 1
    -> X (V, V) floats: every pair of positions s < t with t - s <= window adds 1 to X[w_s, w_t] and 1 to X[w_t, w_s]
    """
    # BEGIN SOLUTION
    X = np.zeros((vocab_size, vocab_size))
    for distance in range(1, min(window, len(tokens) - 1) + 1):
        np.add.at(X, (tokens[:-distance], tokens[distance:]), 1)
    return X + X.T
    # END SOLUTION


def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """GloVe's cost J = sum of f(X_ij) (R_i . Rt_j + b_i + bt_j - log X_ij)^2 over i, j with X_ij > 0, and its gradients.

    X (V, V) counts, R and Rt (V, D) vectors in rows, b and bt (V,) biases
    x_max and alpha: f(x) is (x/x_max)^alpha below x_max, and 1 from there
    -> J, a float, and dR (V, D), dRt (V, D), db (V,), dbt (V,)
    """
    # BEGIN SOLUTION
    seen = X > 0
    f = np.where(seen, np.minimum(X / x_max, 1) ** alpha, 0)
    error = np.where(seen, R @ Rt.T + b[:, None] + bt - np.log(np.where(seen, X, 1)), 0)
    slope = 2 * f * error  # of J with respect to the error
    return float((f * error**2).sum()), slope @ Rt, slope.T @ R, slope.sum(axis=1), slope.sum(axis=0)
    # END SOLUTION


def solve_analogy(E, a, b, c):
    """a is to b as c is to which word? The one, other than a, b and c, nearest in direction to b - a + c.

    E (V, D) one row a word; a, b, c word numbers -> a word number
    All rows are scaled to length one first (a zero row stays zero); the largest inner product with row b - row a + row c wins,
    at ties the lowest number.
    """
    # BEGIN SOLUTION
    length = np.linalg.norm(E, axis=1, keepdims=True)
    E = E / np.where(length > 0, length, 1)
    similarity = E @ (E[b] - E[a] + E[c])
    similarity[[a, b, c]] = -np.inf
    return int(similarity.argmax())
    # END SOLUTION


class NeuralLM(torch.nn.Module):
    """A neural language model: contexts (N, context) int64, oldest word first -> logits (N, vocab_size).

    NeuralLM(vocab_size, context, embed_dim, hidden): one embedding table for all positions; the embeddings of a context,
    concatenated, oldest word first; a linear layer to `hidden` units with tanh; a linear layer to the logits.
    Parameters, by name: embedding.weight (V, E), hidden.weight (H, context * E), hidden.bias, output.weight (V, H), output.bias
    Methods: __init__(self, vocab_size, context, embed_dim, hidden) and forward(self, contexts)
    """

    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        # BEGIN SOLUTION
        self.embedding = torch.nn.Embedding(vocab_size, embed_dim)
        self.hidden = torch.nn.Linear(context * embed_dim, hidden)
        self.output = torch.nn.Linear(hidden, vocab_size)

    def forward(self, contexts):
        features = self.embedding(contexts).flatten(start_dim=1)  # (N, context * E)
        return self.output(torch.tanh(self.hidden(features)))
        # END SOLUTION


def train_neural_lm(contexts, targets, test_contexts, vocab_size, seed):
    """The log-probabilities of all words after each test context, by a model that learns from contexts and targets.

    contexts (N, 3) and test_contexts (M, 3) int64 arrays, oldest word first; targets (N,) int64; vocab_size V;
    seed an integer, for what is drawn at random -> (M, V) array; the exponentials of each row sum to one
    The words before the last one must make a difference to what is predicted.
    """
    # BEGIN SOLUTION
    torch.set_num_threads(1)  # so small a net trains fastest on one
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Embedding(vocab_size, 8),
        torch.nn.Flatten(),
        torch.nn.Linear(3 * 8, 24),
        torch.nn.Tanh(),
        torch.nn.Linear(24, vocab_size),
        torch.nn.LogSoftmax(dim=1),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    contexts, targets = torch.tensor(contexts), torch.tensor(targets)
    for _ in range(6):
        order = torch.randperm(len(targets))
        for x, t in zip(contexts[order].split(256), targets[order].split(256), strict=True):
            cross_entropy = -net(x).gather(1, t[:, None]).mean()  # nats a word
            cross_entropy.backward()
            optimizer.step()
            optimizer.zero_grad()
    with torch.no_grad():
        return net(torch.tensor(test_contexts)).numpy()
    # END SOLUTION
