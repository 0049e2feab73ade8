"""What the references of lecture 06 must return, by other programs than theirs: scipy, exact fractions, torch with autograd, loops."""

import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch
from scipy.special import logsumexp

from course.case import WRONG


def bayes_posterior(log_likelihood, log_prior):
    joint = np.asarray(log_likelihood, float) + np.asarray(log_prior, float)
    return np.exp(joint - logsumexp(joint))


def bigram_probabilities(tokens, vocab_size, alpha):
    """By exact fractions."""
    words = tokens.tolist()
    pairs, firsts, alpha = Counter(pairwise(words)), Counter(words[:-1]), Fraction(str(alpha))
    P = np.full((vocab_size, vocab_size), 1 / vocab_size)
    for i, j in np.ndindex(P.shape):
        if below := firsts[i] + alpha * vocab_size:
            P[i, j] = float((pairs[i, j] + alpha) / below)
    return P


def sequence_perplexity(P, tokens):
    """By exact products of numerators and of denominators, whole numbers of which Python takes logarithms at any size."""
    ratios = [float(P[i, j]).as_integer_ratio() for i, j in pairwise(tokens)]
    above, below = (math.prod(numbers) for numbers in zip(*ratios, strict=True))
    return math.exp((math.log(below) - math.log(above)) / len(ratios)) if above else math.inf


def cooccurrence_matrix(tokens, vocab_size, window):
    """All pairs of positions, one by one."""
    X = np.zeros((vocab_size, vocab_size))
    for s, one in enumerate(tokens):
        for t, other in enumerate(tokens):
            if s != t and abs(s - t) <= window:
                X[one, other] += 1
    return X


def glove_loss_and_gradients(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """The pairs that occur, one by one, and autograd."""
    parts = [torch.tensor(np.asarray(part, dtype=np.float64), requires_grad=True) for part in (R, Rt, b, bt)]
    rows, contexts, row_bias, context_bias = parts
    J = sum(part.sum() for part in parts) * 0
    for i, j in np.argwhere(X > 0):
        x = float(X[i, j])
        weight = (x / x_max) ** alpha if x < x_max else 1.0
        J = J + weight * (rows[i] @ contexts[j] + row_bias[i] + context_bias[j] - math.log(x)) ** 2
    J.backward()
    return J.item(), *(part.grad.numpy() for part in parts)


def solve_analogy(E, a, b, c):
    """Cosines by torch, one word after the other."""
    rows = torch.nn.functional.normalize(torch.tensor(np.asarray(E, dtype=np.float64)), eps=1e-300)
    target = rows[b] - rows[a] + rows[c]
    return max((n for n in range(len(E)) if n not in (a, b, c)), key=lambda n: (float((rows[n] * target).sum()), -n))


def NeuralLM(vocab_size, context, embed_dim, hidden, parameters, contexts, weights):
    """By one-hot vectors and matrix products; as `views.module_as_asked` shows it."""
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    one_hot = torch.nn.functional.one_hot(contexts, vocab_size).double()
    features = [one_hot[:, place] @ leaves["embedding.weight"] for place in range(context)]
    z = torch.cat(features, dim=1) @ leaves["hidden.weight"].T + leaves["hidden.bias"]
    logits = z.tanh() @ leaves["output.weight"].T + leaves["output.bias"]
    (logits * weights).sum().backward()
    return {WRONG: None}, logits.detach(), {name: leaf.grad for name, leaf in leaves.items()}
