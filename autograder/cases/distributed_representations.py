"""Lecture 06, distributed representations: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Callable, Iterator
from functools import lru_cache, wraps
from itertools import pairwise

import numpy as np
import torch

from autograder.exercise import Exercise
from autograder.reference import distributed_representations as reference
from course import given, probes, signs, views
from course.case import Case

# ------------------------------------------------------------------------------------------ Bayes


def candidates(rng: np.random.Generator) -> Iterator[Case]:
    def scores(S: int, base: float = -20.0) -> tuple[np.ndarray, np.ndarray]:
        """No posterior is so small that a number added to it would show."""
        return (base + rng.uniform(-0.5, 0.5, S)).round(2), rng.uniform(-9.0, -8.2, S).round(2)

    yield Case("four sentences", *scores(4))
    yield Case("seven sentences", *scores(7, -12.0))
    yield Case("two sentences", *scores(2, -3.0))
    yield Case("float32", *(a.astype(np.float32) for a in scores(5)))
    yield Case("a single sentence", *scores(1))
    yield Case("a long signal, all logs near -100000", *scores(4, -100_000.0), edge=True)
    yield Case("densities, log-likelihoods of 800", *scores(3, 800.0), edge=True)
    likelihood, prior = scores(4)
    prior[int(rng.integers(4))] = -np.inf
    yield Case("an impossible sentence", likelihood, prior, edge=True)
    likelihood, prior = scores(4)
    likelihood[int(rng.integers(4))] -= 60
    yield Case("a posterior of about 1e-26", likelihood.round(2), prior, edge=True)


bayes_posterior = Exercise(
    reference.bayes_posterior, points=1, cases=candidates, outputs=("the posterior",), rtol=1e-6, atol=1e-30
)


def _softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@bayes_posterior.mistake(sign=signs.no_weights)
def underflow(log_likelihood, log_prior):
    """Not finite, or all zero, for long signals: there every exponential is 0 in floating point, and 0/0 is no number (with
    densities it is infinite). Subtract something from all scores first; what does not change the result?"""
    p = np.exp(log_likelihood + log_prior)
    return p / p.sum()


@bayes_posterior.mistake(sign=signs.no_weights)
def underflow(log_likelihood, log_prior):
    p = np.exp(log_likelihood) * np.exp(log_prior)
    return p / p.sum() if p.sum() > 0 else np.zeros(len(p))


@bayes_posterior.mistake(sign=signs.no_weights)
def underflow(log_likelihood, log_prior):
    score = log_likelihood + log_prior
    return np.exp(score - np.log(np.exp(score).sum()))


@bayes_posterior.mistake
def prior_forgotten(log_likelihood, log_prior):
    """Change the prior: nothing happens."""
    return _softmax(log_likelihood)


@bayes_posterior.mistake
def likelihood_forgotten(log_likelihood, log_prior):
    """Change the likelihood: nothing happens."""
    return _softmax(log_prior)


@bayes_posterior.mistake
def product_of_logs(log_likelihood, log_prior):
    """Products of probabilities are sums of logs."""
    return _softmax(log_likelihood * log_prior)


@bayes_posterior.mistake
def product_of_logs(log_likelihood, log_prior):
    product = log_likelihood * log_prior
    return product / product.sum()


@bayes_posterior.mistake
def logs_not_exponentiated(log_likelihood, log_prior):
    """Your numbers are scores on the log scale; the posterior is their exponential."""
    return log_likelihood + log_prior


@bayes_posterior.mistake
def logs_not_exponentiated(log_likelihood, log_prior):
    return np.log(reference.bayes_posterior(log_likelihood, log_prior))


@bayes_posterior.mistake
def logs_not_exponentiated(log_likelihood, log_prior):
    score = log_likelihood + log_prior
    return score / score.sum()


@bayes_posterior.mistake
def not_normalised(log_likelihood, log_prior):
    """Probabilities sum to one; what do yours sum to?"""
    score = log_likelihood + log_prior
    return np.exp(score - score.max())


@bayes_posterior.mistake
def not_normalised(log_likelihood, log_prior):
    return np.exp(log_likelihood + log_prior)


@bayes_posterior.mistake(sign=signs.lifted)
def epsilon_added(log_likelihood, log_prior):
    """An impossible candidate has probability exactly zero, and a tiny one must keep its value: nothing may be added to them."""
    return reference.bayes_posterior(log_likelihood, log_prior) + 1e-8


@bayes_posterior.mistake(sign=signs.lifted)
def epsilon_added(log_likelihood, log_prior):
    return reference.bayes_posterior(log_likelihood, np.log(np.exp(log_prior) + 1e-8))


@bayes_posterior.mistake(sign=signs.lifted)
def epsilon_added(log_likelihood, log_prior):
    return reference.bayes_posterior(log_likelihood, np.maximum(log_prior, -30.0))


@bayes_posterior.mistake(sign=signs.first_not_finite)
def infinity_spread(log_likelihood, log_prior):
    """One impossible sentence makes your numbers NaN: its minus infinity gets into a mean or a minimum of the scores, say, and
    minus infinity less minus infinity is no number. What do you subtract?"""
    score = log_likelihood + log_prior
    e = np.exp(score - score.mean())
    return e / e.sum()


# ------------------------------------------------------------------------------------------ counting pairs


def _text(rng: np.random.Generator, T: int, vocab_size: int, unlike: Callable[[np.ndarray], bool]) -> np.ndarray:
    """A text in which every word is followed by another at least once, some pairs come again, and the last word is frequent."""
    while True:
        tokens = rng.choice(vocab_size, T, p=rng.permutation(np.linspace(1, 3, vocab_size)) / (2 * vocab_size))
        pairs = tokens[:-1] * vocab_size + tokens[1:]
        repeats = len(np.unique(pairs)) < len(pairs) - 2
        if len(np.unique(tokens[:-1])) == vocab_size and repeats and unlike(tokens):
            return tokens


def _asymmetric(tokens: np.ndarray) -> bool:
    """Some pairs come more often in one order than in the other."""
    return sorted(pairwise(tokens)) != sorted(pairwise(tokens[::-1]))


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("alpha 0.1", _text(rng, 32, 5, _asymmetric), 5, 0.1)
    yield Case("alpha 0, every word has a successor", _text(rng, 26, 4, _asymmetric), 4, 0.0)
    yield Case("alpha 1", _text(rng, 25, 4, _asymmetric), 4, 1.0)
    yield Case("alpha 0.5, seven words", _text(rng, 60, 7, _asymmetric), 7, 0.5)
    again = np.tile(_text(rng, 9, 3, _asymmetric), 4)
    yield Case("the same pairs many times", again, 3, 0.1)
    few = _text(rng, 20, 4, _asymmetric)
    yield Case("words never seen, alpha 1", few + 1, 7, 1.0, edge=True)
    yield Case("words never seen, alpha 0", few + 1, 7, 0.0, edge=True)
    yield Case("a word seen only at the very end, alpha 0", np.append(few, 4), 5, 0.0, edge=True)
    yield Case("a single word, alpha 0.1", rng.integers(0, 4, 1), 4, 0.1, edge=True)
    yield Case("no word at all, alpha 0", np.zeros(0, dtype=np.int64), int(rng.integers(2, 9)), 0.0, edge=True)


bigram_probabilities = Exercise(
    reference.bigram_probabilities, points=2, cases=pairs, outputs=("the table of probabilities",)
)


def _whole(tokens):
    """Word numbers as indices."""
    return np.asarray(tokens).astype(np.int64)


def _count(tokens, vocab_size):
    tokens = _whole(tokens)
    return np.bincount(tokens[:-1] * vocab_size + tokens[1:], minlength=vocab_size**2).reshape(vocab_size, vocab_size)


def _rows(counts, total):
    """Counts by their totals; 0/0 is uniform."""
    total = np.broadcast_to(np.reshape(total, (-1, 1)), counts.shape)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), 1 / counts.shape[1])


def _once(tokens, vocab_size):
    return np.minimum(_count(tokens, vocab_size), 1)


@bigram_probabilities.mistake
def repeated_pairs_lost(tokens, vocab_size, alpha):
    """A pair that occurs five times is counted once: numpy's fancy assignment does not accumulate."""
    counts = _once(tokens, vocab_size) + alpha
    return _rows(counts, counts.sum(axis=1))


@bigram_probabilities.mistake
def repeated_pairs_lost(tokens, vocab_size, alpha):
    return _rows(
        _once(tokens, vocab_size) + alpha, np.bincount(_whole(tokens)[:-1], minlength=vocab_size) + alpha * vocab_size
    )


@bigram_probabilities.mistake
def repeated_pairs_lost(tokens, vocab_size, alpha):
    seen = np.bincount(_whole(tokens)[:-1], minlength=vocab_size) > 0
    return _rows(_once(tokens, vocab_size) + alpha, seen + alpha * vocab_size)


@bigram_probabilities.mistake
def last_token_as_context(tokens, vocab_size, alpha):
    """The last token has no successor, so it starts no pair; one row of yours does not sum to one."""
    return _rows(
        _count(tokens, vocab_size) + alpha, np.bincount(_whole(tokens), minlength=vocab_size) + alpha * vocab_size
    )


@bigram_probabilities.mistake
def last_followed_by_first(tokens, vocab_size, alpha):
    """The text does not go round: you count the last word as if the first came after it."""
    around = np.append(_whole(tokens), _whole(tokens)[:1])
    counts = _count(around, vocab_size) + alpha
    return _rows(counts, counts.sum(axis=1))


@bigram_probabilities.mistake
def smoothing_not_in_denominator(tokens, vocab_size, alpha):
    """Rows must sum to one: with alpha imaginary counts for each of V words, how many are there in a row?"""
    counts = _count(tokens, vocab_size)
    return _rows(counts + alpha, counts.sum(axis=1))


@bigram_probabilities.mistake
def smoothing_not_in_denominator(tokens, vocab_size, alpha):
    counts = _count(tokens, vocab_size)
    return _rows(counts + alpha, counts.sum(axis=1) + alpha)


@bigram_probabilities.mistake
def smoothing_not_in_denominator(tokens, vocab_size, alpha):
    counts = _count(tokens, vocab_size)
    return _rows(counts + alpha, counts.sum(axis=1) + vocab_size)


@bigram_probabilities.mistake
def smoothing_not_in_numerator(tokens, vocab_size, alpha):
    """Rows must sum to one: the imaginary counts belong to the pairs, too."""
    counts = _count(tokens, vocab_size)
    return _rows(counts, counts.sum(axis=1) + alpha * vocab_size)


@bigram_probabilities.mistake
def transposed(tokens, vocab_size, alpha):
    """The columns of your table sum to one. Row i should hold what comes after word i."""
    return reference.bigram_probabilities(_whole(tokens), vocab_size, alpha).T


@bigram_probabilities.mistake
def wrong_direction(tokens, vocab_size, alpha):
    """Row i of yours holds the words before word i; it should hold those after it."""
    counts = _count(tokens, vocab_size).T + alpha
    return _rows(counts, counts.sum(axis=1))


@bigram_probabilities.mistake
def share_of_all_pairs(tokens, vocab_size, alpha):
    """Your whole table sums to one; each row should, since the word before is given."""
    counts = _count(tokens, vocab_size) + alpha
    return counts / max(counts.sum(), 1e-300)


@bigram_probabilities.mistake(sign=signs.not_finite)
def empty_rows_nan(tokens, vocab_size, alpha):
    """A word that never occurred, with alpha = 0: its row is 0/0, and should be uniform."""
    counts = _count(tokens, vocab_size) + alpha
    return counts / counts.sum(axis=1, keepdims=True)


@bigram_probabilities.mistake
def empty_rows_zero(tokens, vocab_size, alpha):
    """A word that starts no pair, with alpha = 0: your row sums to zero, and should be uniform."""
    counts = _count(tokens, vocab_size) + alpha
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)


# ------------------------------------------------------------------------------------------ perplexity


def texts(rng: np.random.Generator) -> Iterator[Case]:
    def table(V: int) -> np.ndarray:
        """Rows that sum to one, of multiples of a thousandth; no two entries of a column are alike by design."""
        weights = rng.uniform(0.2, 1.0, (V, V))
        P = (weights / weights.sum(axis=1, keepdims=True)).round(3)
        P[:, -1] += 1 - P.sum(axis=1)
        return P.round(3)

    yield Case("twelve words", table(5), rng.integers(0, 5, 12))
    yield Case("fifty words", table(8), rng.integers(0, 8, 50))
    yield Case("two words", table(4), rng.choice(4, 2, replace=False))
    yield Case("float32", table(6).astype(np.float32), rng.integers(0, 6, 20))
    yield Case("5000 words", table(12), rng.integers(0, 12, 5000).astype(np.int32), edge=True)
    P, tokens = table(4), rng.integers(0, 4, 9)
    place = int(rng.integers(0, 8))
    P[tokens[place], tokens[place + 1]] = 0.0
    yield Case("a probability of zero: the perplexity is infinite", P, tokens, edge=True)


sequence_perplexity = Exercise(reference.sequence_perplexity, points=1, cases=texts, outputs=("the perplexity",))


def _read(P, tokens):
    tokens = _whole(tokens)
    return P[tokens[:-1], tokens[1:]].astype(float)


@sequence_perplexity.mistake(sign=signs.not_finite)
def product_underflows(P, tokens):
    """Infinite for long texts, since the product of thousands of probabilities rounds to 0; add logs instead."""
    p = _read(P, tokens)
    return float(np.prod(p) ** (-1 / len(p)))


@sequence_perplexity.mistake(sign=signs.not_finite)
def product_underflows(P, tokens):
    p = _read(P, tokens)
    return float(np.prod(p)) ** (-1 / len(p))


@sequence_perplexity.mistake
def divides_by_all_tokens(P, tokens):
    """How many words were predicted? The first has none before it."""
    return float(np.exp(-np.log(_read(P, tokens)).sum() / len(tokens)))


@sequence_perplexity.mistake
def cross_entropy_only(P, tokens):
    """That is the cross-entropy. A uniform model over V words has perplexity V."""
    return float(-np.log(_read(P, tokens)).mean())


@sequence_perplexity.mistake
def cross_entropy_only(P, tokens):
    return float(-np.log2(_read(P, tokens)).mean())


@sequence_perplexity.mistake
def arithmetic_mean(P, tokens):
    """You average the probabilities, or their inverses; what is averaged is the logarithm, and exp comes last."""
    with np.errstate(divide="ignore"):
        return float(np.mean(1 / _read(P, tokens)))


@sequence_perplexity.mistake
def arithmetic_mean(P, tokens):
    return float(1 / np.mean(_read(P, tokens)))


@sequence_perplexity.mistake
def sign_lost(P, tokens):
    """A perplexity is at least 1: yours is its inverse. Where is the minus sign?"""
    return float(np.exp(np.log(_read(P, tokens)).mean()))


@sequence_perplexity.mistake
def not_averaged(P, tokens):
    """Your number grows with the length of the text; the perplexity is about one word."""
    return float(np.exp(-np.log(_read(P, tokens)).sum()))


@sequence_perplexity.mistake
def mixed_bases(P, tokens):
    """Use the same base both ways: exp undoes the natural logarithm, 2 to the power undoes log2."""
    return float(np.exp(-np.log2(_read(P, tokens)).mean()))


@sequence_perplexity.mistake
def mixed_bases(P, tokens):
    return float(2 ** -np.log(_read(P, tokens)).mean())


@sequence_perplexity.mistake
def mixed_bases(P, tokens):
    return float(np.exp(-np.log10(_read(P, tokens)).mean()))


@sequence_perplexity.mistake
def indices_swapped(P, tokens):
    """A row of P belongs to the word before, and a column to the word after it; yours has them the other way round."""
    return reference.sequence_perplexity(P.T, _whole(tokens))


@sequence_perplexity.mistake(sign=signs.raises)
def zero_probability_raises(P, tokens):
    """A word that the model gives probability 0 makes the perplexity infinite; there is a logarithm in yours that fails instead."""
    if not _read(P, tokens).all():
        raise ValueError("math domain error")
    return reference.sequence_perplexity(P, _whole(tokens))


# ------------------------------------------------------------------------------------------ co-occurrence


def windows(rng: np.random.Generator) -> Iterator[Case]:
    def open_ended(tokens: np.ndarray) -> bool:
        """Its ends, joined together, would change the counts, and the order of words matters."""
        return _asymmetric(tokens) and tokens[0] != tokens[-1]

    yield Case("window 2", _text(rng, 14, 5, open_ended), 5, 2)
    yield Case("window 1", _text(rng, 16, 4, open_ended), 4, 1)
    yield Case("window 4, many repeated pairs", _text(rng, 40, 4, open_ended), 4, 4)
    runs = np.repeat(rng.permutation(4), rng.integers(2, 5, 4))
    yield Case("runs of the same word", runs, 4, 3)
    yield Case("window 3, a word never seen", _text(rng, 20, 5, open_ended), 6, 3)
    yield Case("a window longer than the text", rng.integers(0, 3, 5), 3, 9, edge=True)
    yield Case("two words, window 4", rng.choice(3, 2, replace=False), 3, 4, edge=True)
    yield Case("a single word", rng.integers(0, 4, 1), 4, 2, edge=True)
    yield Case("no word at all", np.zeros(0, dtype=np.int64), int(rng.integers(2, 9)), 2, edge=True)


cooccurrence_matrix = Exercise(reference.cooccurrence_matrix, points=2, cases=windows, outputs=("the counts",))


def _onward(tokens, vocab_size, window):
    """X[w_s, w_t] for s < t alone."""
    tokens, X = _whole(tokens), np.zeros((vocab_size, vocab_size))
    for s in range(len(tokens)):
        for t in range(s + 1, min(s + window, len(tokens) - 1) + 1):
            X[tokens[s], tokens[t]] += 1
    return X


@cooccurrence_matrix.mistake
def window_one_short(tokens, vocab_size, window):
    """Positions exactly `window` apart count."""
    X = _onward(tokens, vocab_size, window - 1)
    return X + X.T


@cooccurrence_matrix.mistake
def window_one_long(tokens, vocab_size, window):
    """Positions `window` + 1 apart are too far."""
    X = _onward(tokens, vocab_size, window + 1)
    return X + X.T


@cooccurrence_matrix.mistake
def last_word_left_out(tokens, vocab_size, window):
    """The last word of the text has neighbours too."""
    X = _onward(_whole(tokens)[:-1], vocab_size, window)
    return X + X.T


@cooccurrence_matrix.mistake
def one_direction(tokens, vocab_size, window):
    """Compare with the transpose: a pair adds to X[i, j] and to X[j, i]."""
    return _onward(tokens, vocab_size, window)


@cooccurrence_matrix.mistake
def one_direction(tokens, vocab_size, window):
    return _onward(tokens, vocab_size, window).T


@cooccurrence_matrix.mistake
def counted_twice(tokens, vocab_size, window):
    """All counts are twice too large: each pair of positions is met from both of its ends."""
    X = _onward(tokens, vocab_size, window)
    return 2 * (X + X.T)


@cooccurrence_matrix.mistake
def diagonal_once(tokens, vocab_size, window):
    """Only your diagonal is wrong: two equal words add 1 twice to the same place."""
    X = _onward(tokens, vocab_size, window)
    return X + X.T - np.diag(np.diag(X))


@cooccurrence_matrix.mistake
def diagonal_left_out(tokens, vocab_size, window):
    """Only your diagonal is wrong: a word may stand near itself."""
    X = _onward(tokens, vocab_size, window)
    return X + X.T - 2 * np.diag(np.diag(X))


@cooccurrence_matrix.mistake
def counts_itself(tokens, vocab_size, window):
    """Your diagonal contains the word counts: a position is no neighbour of itself."""
    X = _onward(tokens, vocab_size, window)
    return X + X.T + np.diag(np.bincount(_whole(tokens), minlength=vocab_size))


@cooccurrence_matrix.mistake
def counts_itself(tokens, vocab_size, window):
    X = _onward(tokens, vocab_size, window)
    return X + X.T + 2 * np.diag(np.bincount(_whole(tokens), minlength=vocab_size))


@cooccurrence_matrix.mistake
def wraps_around(tokens, vocab_size, window):
    """The first word is not a neighbour of the last; Python accepts negative positions silently."""
    tokens, X = _whole(tokens), np.zeros((vocab_size, vocab_size))
    for distance in range(1, window + 1):
        for s in range(len(tokens)):
            X[tokens[s], tokens[(s - distance) % len(tokens)]] += 1
    return X + X.T


@cooccurrence_matrix.mistake
def wraps_around(tokens, vocab_size, window):
    X, tokens = _onward(tokens, vocab_size, window), _whole(tokens)
    X = X + X.T
    for s in range(min(window, len(tokens))):
        for before in range(s - window, 0):
            X[tokens[s], tokens[before % len(tokens)]] += 1
    return X


@cooccurrence_matrix.mistake
def negative_slice(tokens, vocab_size, window):
    """Some pairs near the beginning are lost: a slice that begins at a negative position begins at the other end."""
    tokens, X = _whole(tokens), np.zeros((vocab_size, vocab_size))
    for t in range(len(tokens)):
        for word in tokens[t - window : t]:
            X[word, tokens[t]] += 1
    return X + X.T


@cooccurrence_matrix.mistake
def negative_slice(tokens, vocab_size, window):
    X, tokens = _onward(tokens, vocab_size, window), _whole(tokens)
    for t in range(len(tokens)):
        for word in tokens[t - window : t]:
            X[tokens[t], word] += 1
    return X


@cooccurrence_matrix.mistake
def repeated_pairs_lost_(tokens, vocab_size, window):
    """A pair that occurs five times at one distance is counted once: numpy's fancy assignment does not accumulate."""
    tokens, X = _whole(tokens), np.zeros((vocab_size, vocab_size))
    for distance in range(1, min(window, len(tokens) - 1) + 1):
        X[tokens[:-distance], tokens[distance:]] += 1
    return X + X.T


@cooccurrence_matrix.mistake
def repeated_pairs_lost_(tokens, vocab_size, window):
    tokens, X = _whole(tokens), np.zeros((vocab_size, vocab_size))
    for distance in range(1, min(window, len(tokens) - 1) + 1):
        X[tokens[:-distance], tokens[distance:]] += 1
        X[tokens[distance:], tokens[:-distance]] += 1
    return X


# ------------------------------------------------------------------------------------------ GloVe


def factorisations(rng: np.random.Generator) -> Iterator[Case]:
    def tables(V: int, D: int, x_max: float = 100.0) -> tuple[np.ndarray, ...]:
        """Counts from far below x_max to far above; the largest and the one at x_max are there for certain."""
        X = np.ceil(x_max * rng.uniform(0.02, 0.8, (V, V)))
        flat = rng.choice(V * V, 3, replace=False)
        X.flat[flat] = [x_max, 3 * x_max, 7 * x_max]
        R, Rt = (rng.normal(size=(V, D)).round(2) for _ in range(2))
        return X, R, Rt, rng.normal(size=V).round(2), rng.normal(size=V).round(2)

    def with_zeros(parts: tuple[np.ndarray, ...], share: float) -> tuple[np.ndarray, ...]:
        X = parts[0]
        keep = rng.random(X.shape) > share
        keep.flat[X.argmax()], keep.flat[X.argmin()] = True, False
        return np.where(keep, X, 0), *parts[1:]

    yield Case("four words, three dimensions", *tables(4, 3))
    yield Case("x_max 10, alpha 0.5", *tables(3, 2, 10.0), 10.0, 0.5)
    X, *others = tables(4, 2)
    yield Case("integer counts", X.astype(np.int64), *others)
    X, *others = tables(3, 4)
    yield Case("float32, more dimensions than words", *(a.astype(np.float32) for a in (X, *others)))
    yield Case("some pairs never meet", *with_zeros(tables(4, 3), 0.3), edge=True)
    yield Case("most pairs never meet, integer counts", *with_zeros(tables(5, 2, 50.0), 0.7), 50.0, 0.75, edge=True)
    X, *others = tables(3, 2)
    yield Case("no pair ever meets", np.zeros((3, 3)), *others, edge=True)
    one = rng.normal(size=(1, 1)).round(2), rng.normal(size=(1, 1)).round(2)
    biases = rng.normal(size=1).round(2), rng.normal(size=1).round(2)
    yield Case("one word, one dimension", np.array([[float(rng.integers(5, 90))]]), *one, *biases, edge=True)


glove_loss_and_gradients = Exercise(
    reference.glove_loss_and_gradients, points=4, cases=factorisations, outputs=("J", "dR", "dRt", "db", "dbt")
)


def _glove(X, R, Rt, b, bt, x_max, alpha, log=None, weight=None, error=None):
    """J and its gradients with the parts to choose; never NaN."""
    seen = X > 0
    f = np.where(seen, np.minimum(X / x_max, 1) ** alpha, 0) if weight is None else weight
    logs = np.log(np.where(seen, X, 1)) if log is None else log
    e = np.where(seen, R @ Rt.T + b[:, None] + bt - logs, 0) if error is None else error
    g = 2 * f * e
    return float((f * e**2).sum()), g @ Rt, g.T @ R, g.sum(axis=1), g.sum(axis=0)


def at_ordinary_counts(way):
    """The way on ordinary cases. Where a pair never meets and for a single word, edge cases that tell nothing more of it, the
    right answer stands in, and is written once."""

    @wraps(way)
    def mistaken(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
        is_edge = (X == 0).any() or len(X) == 1
        return (reference.glove_loss_and_gradients if is_edge else way)(X, R, Rt, b, bt, x_max, alpha)

    return glove_loss_and_gradients.mistake(mistaken)


@glove_loss_and_gradients.mistake(sign=signs.not_finite)
def log_of_zero(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """0 times minus infinity is NaN; leave pairs with a count of 0 out instead of multiplying them by zero."""
    f = np.minimum(X / x_max, 1) ** alpha
    return _glove(X, R, Rt, b, bt, x_max, alpha, weight=f, error=R @ Rt.T + b[:, None] + bt - np.log(X))


@at_ordinary_counts
def zeros_as_log_one_plus(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """Small counts give another value than log x: log(1 + x) is not what is asked for."""
    return _glove(X, R, Rt, b, bt, x_max, alpha, log=np.log1p(X))


@at_ordinary_counts
def weight_not_capped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """Look at a pair with a count above x_max: its weight is 1."""
    return _glove(X, R, Rt, b, bt, x_max, alpha, weight=np.where(X > 0, (X / x_max) ** alpha, 0))


@at_ordinary_counts
def weight_forgotten(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """All pairs count the same in yours; where is f?"""
    return _glove(X, R, Rt, b, bt, x_max, alpha, weight=np.where(X > 0, 1.0, 0.0))


@at_ordinary_counts
def factor_two_missing(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """Finite differences give twice your gradient."""
    J, *gradients = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return J, *(g / 2 for g in gradients)


@at_ordinary_counts
def half_of_the_cost(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """All five are half of what they should be: there is no 1/2 in front of this sum."""
    return tuple(part / 2 for part in reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha))


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """Right only for a symmetric X and the same vectors and biases on both sides; which index of the error matrix belongs to R
    and b, and which to Rt and bt?"""
    J, *_ = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    g = _slopes(X, R, Rt, b, bt, x_max, alpha)
    return J, g.T @ Rt, g @ R, g.sum(axis=0), g.sum(axis=1)


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, _, _, db, dbt = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    g = _slopes(X, R, Rt, b, bt, x_max, alpha)
    return J, g.T @ Rt, g @ R, db, dbt


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, dRt, db, dbt = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return J, dR, dRt, dbt, db


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, dRt, db, dbt = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return J, dRt, dR, db, dbt


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, dRt, db, dbt = reference.glove_loss_and_gradients(X.T, R, Rt, b, bt, x_max, alpha)
    return J, dR, dRt, db, dbt


@at_ordinary_counts
def gradients_swapped(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, dR, _, db, dbt = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return J, dR, _slopes(X, R, Rt, b, bt, x_max, alpha) @ R, db, dbt


def _slopes(X, R, Rt, b, bt, x_max, alpha):
    """2 f e, from the gradients for unit vectors: those of R by each word on the other side."""
    V = len(X)
    wide = np.column_stack([R, np.zeros((V, V))]), np.column_stack([Rt, np.eye(V)])
    return reference.glove_loss_and_gradients(X, *wide, b, bt, x_max, alpha)[1][:, R.shape[1] :]


@at_ordinary_counts
def weight_squared(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """f multiplies the square, it is not inside."""
    f = np.where(X > 0, np.minimum(X / x_max, 1) ** alpha, 0)
    return _glove(X, R, Rt, b, bt, x_max, alpha, weight=f**2)


@at_ordinary_counts
def weight_squared(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    f = np.where(X > 0, np.minimum(X / x_max, 1) ** alpha, 0)
    J = _glove(X, R, Rt, b, bt, x_max, alpha, weight=f**2)[0]
    return J, *reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)[1:]


@at_ordinary_counts
def bias_on_the_wrong_side(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """b belongs to the rows and bt to the columns: a plain `+ b` adds along the last axis."""
    J, dR, dRt, dbt, db = reference.glove_loss_and_gradients(X, R, Rt, bt, b, x_max, alpha)
    return J, dR, dRt, db, dbt


@at_ordinary_counts
def bias_on_the_wrong_side(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    return reference.glove_loss_and_gradients(X, R, Rt, bt, b, x_max, alpha)


@at_ordinary_counts
def arguments_ignored(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """Right for the usual values alone: x_max and alpha are arguments, and both count."""
    return reference.glove_loss_and_gradients(X, R, Rt, b, bt)


@at_ordinary_counts
def arguments_ignored(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    return reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max)


@at_ordinary_counts
def mean_not_sum(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    """J is a sum over the pairs, not their mean."""
    parts = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return tuple(part / X.size for part in parts)


@at_ordinary_counts
def mean_not_sum(X, R, Rt, b, bt, x_max=100.0, alpha=0.75):
    J, *gradients = reference.glove_loss_and_gradients(X, R, Rt, b, bt, x_max, alpha)
    return J / X.size, *gradients


# ------------------------------------------------------------------------------------------ analogies


def questions(rng: np.random.Generator) -> Iterator[Case]:
    def lengths(V: int) -> np.ndarray:
        return rng.permutation(np.geomspace(0.3, 5, V))[:, None]

    def asked(
        name: str, V: int, D: int, change: Callable[[np.ndarray, tuple], np.ndarray] = lambda E, query: E
    ) -> Case:
        """Rows and a question on which each way to go wrong gives another answer, and none hinges on a few digits."""
        for _ in range(2000):
            E = (rng.normal(size=(V, D)) * lengths(V)).round(2)
            query = tuple(int(i) for i in rng.choice(V, 3, replace=False))
            E = change(E, query)
            if _tells_apart(E, *query):
                return Case(name, E, *query)
        raise RuntimeError(f"no table for {name!r} in 2000 draws")

    yield asked("rows of very different length", 11, 3)
    yield asked(
        "as many dimensions as words", 9, 9, lambda E, query: (E + 0.6 * E.mean(axis=1, keepdims=True)).round(2)
    )
    yield asked("twenty words", 20, 4)
    yield asked("integers", 12, 3, lambda E, query: np.rint(2 * E + np.sign(E)).astype(np.int64))
    whole = asked("float32", 12, 3)
    yield Case("float32", whole.arguments[0].astype(np.float32), *whole.arguments[1:])
    same = asked("", 10, 3)
    E, a, _, c = same.arguments
    yield Case("a = b", E, a, a, c, edge=True)
    E, a, b, c = asked("", 10, 3).arguments
    nought = next(i for i in range(10) if i not in (a, b, c, reference.solve_analogy(E, a, b, c)))
    yield Case("a zero row", np.where(np.arange(10)[:, None] == nought, 0.0, E), a, b, c, edge=True)
    yield _clear("a zero row in the question", rng, lambda E, a, b, c: np.where(np.arange(9)[:, None] == a, 0.0, E))
    yield _clear("all remaining similarities negative", rng, _turned_away)


def _tells_apart(E, a, b, c) -> bool:
    """Whether the right answer and those of the wrong ways differ, all with a margin."""
    right, clear = _winner(_unit(E), _unit(E), a, b, c)
    raw, raw_clear = _winner(E, E, a, b, c)
    late, late_clear = _winner(_unit(E), E, a, b, c)
    turned, turned_clear = _winner(_unit(E), _unit(E), b, a, c)
    nearest, near_clear = _winner(_unit(E), _unit(E), a, b, c, leave_out=())
    others = (raw, late, turned, nearest)
    return (
        min(clear, raw_clear, late_clear, turned_clear, near_clear) > 1e-3
        and right not in others
        and len({*others}) == 4
    )


def _clear(name: str, rng: np.random.Generator, change: Callable[..., np.ndarray]) -> Case:
    """A question about nine words with one clear answer after the change, neither the first nor the last that is allowed."""
    while True:
        E = rng.normal(size=(9, 3)).round(2)
        a, b, c = (int(i) for i in rng.choice(9, 3, replace=False))
        E = change(E, a, b, c).round(2)
        right, margin = _winner(_unit(E), _unit(E), a, b, c)
        others = [word for word in range(9) if word not in (a, b, c)]
        if margin > 1e-3 and right not in (others[0], others[-1]):
            return Case(name, E, a, b, c, edge=True)


def _turned_away(E, a, b, c):
    """All other rows on the far side of the question's direction."""
    U = _unit(E)
    toward = U[b] - U[a] + U[c]
    toward = toward / np.linalg.norm(toward)
    others = np.setdiff1d(np.arange(len(E)), (a, b, c))
    along = E[others] @ toward
    E = E.copy()
    E[others] -= np.outer(along + np.abs(along) + 0.3, toward)
    return E


solve_analogy = Exercise(
    reference.solve_analogy, points=2, cases=questions, outputs=("the word's number",), rtol=0.0, atol=0.0
)


def _unit(E):
    length = np.sqrt((np.asarray(E, float) ** 2).sum(axis=1, keepdims=True))
    return np.asarray(E, float) / np.where(length > 0, length, 1)


def _winner(rows, vectors, a, b, c, leave_out=None):
    """The word of the largest inner product of its row with b - a + c of the vectors, and by how much it wins."""
    target = np.asarray(vectors, float)[[b, a, c]]
    score = np.asarray(rows, float) @ (target[0] - target[1] + target[2])
    score[list((a, b, c) if leave_out is None else leave_out)] = -np.inf
    first, second = np.sort(score)[::-1][:2]
    return int(score.argmax()), first - second


@solve_analogy.mistake
def query_words_allowed(E, a, b, c):
    """The nearest word is often one of the question itself; leave all three out."""
    return _winner(_unit(E), _unit(E), a, b, c, leave_out=())[0]


@solve_analogy.mistake
def query_words_allowed(E, a, b, c):
    return _winner(_unit(E), _unit(E), a, b, c, leave_out=(c,))[0]


@solve_analogy.mistake
def dot_product_not_cosine(E, a, b, c):
    """A long vector wins every query; only directions should count."""
    return _winner(E, E, a, b, c)[0]


@solve_analogy.mistake
def dot_product_not_cosine(E, a, b, c):
    return _winner(E, _unit(E), a, b, c)[0]


@solve_analogy.mistake
def signs_swapped(E, a, b, c):
    """The step leads from a to b."""
    return _winner(_unit(E), _unit(E), b, a, c)[0]


@solve_analogy.mistake
def vectors_not_normalised_before_sum(E, a, b, c):
    """A long query vector dominates the sum: scale the rows first, then add."""
    return _winner(_unit(E), E, a, b, c)[0]


@solve_analogy.mistake(sign=signs.anything)
def zero_rows_nan(E, a, b, c):
    """One row of the table is zero, and 0/0 is no number. It stays zero."""
    E = np.asarray(E, float)
    U = E / np.sqrt((E**2).sum(axis=1, keepdims=True))
    score = U @ (U[b] - U[a] + U[c])
    score[[a, b, c]] = -np.inf
    return int(score.argmax())


@solve_analogy.mistake(sign=signs.anything)
def starts_from_zero(E, a, b, c):
    """All remaining similarities may be negative: the words of the question need something smaller than every similarity, and
    so does the best one so far."""
    U = _unit(E)
    score = U @ (U[b] - U[a] + U[c])
    score[[a, b, c]] = 0
    return int(score.argmax())


# ------------------------------------------------------------------------------------------ the neural language model


def models(rng: np.random.Generator) -> Iterator[Case]:
    def model(name: str, sizes: tuple[int, int, int, int], N: int, edge: bool = False) -> Case:
        V, context, E, H = sizes
        shapes = {
            "embedding.weight": (V, E),
            "hidden.weight": (H, context * E),
            "hidden.bias": (H,),
            "output.weight": (V, H),
            "output.bias": (V,),
        }
        parameters = {key: torch.tensor(rng.normal(size=shape).round(2)) for key, shape in shapes.items()}
        contexts = rng.integers(0, V, (N, context))
        contexts[0] = rng.permutation(V)[:context]  # not the same turned round
        weights = torch.tensor(rng.choice([-3, -2, -1, 1, 2, 3], (N, V)))
        return Case(name, *sizes, parameters, torch.tensor(contexts), weights, edge=edge)

    yield model("three words", (5, 3, 2, 3), 3)
    yield model("as many words as features", (4, 3, 3, 2), 2)
    twice = model("the same word twice in a context", (4, 3, 2, 3), 2)
    twice.arguments[-2][:, 2] = twice.arguments[-2][:, 0]
    twice.arguments[-2][0, 1] = (twice.arguments[-2][0, 0] + 1) % 4
    yield twice
    yield model("a single context", (6, 2, 3, 4), 1, edge=True)
    yield model("a context of one word", (6, 1, 3, 4), 3, edge=True)


NeuralLM = Exercise(
    reference.NeuralLM,
    points=3,
    cases=models,
    outputs=("the parameters", "logits", "gradient of"),
    probe=probes.module,
    view=views.module_as_asked,
    rtol=1e-5,
    atol=1e-7,
)


class _Network(torch.nn.Module):
    """The network with its parts to choose: what stands between the embeddings and the hidden layer, and at its ends.

    For a single context and for contexts of one word, edge cases that tell nothing more of a mistake, they are the right ones.
    """

    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__()
        self.sizes = vocab_size, context, embed_dim
        self.embedding = torch.nn.Embedding(vocab_size, embed_dim)
        self.hidden = torch.nn.Linear(context * embed_dim, hidden)
        self.output = torch.nn.Linear(hidden, vocab_size)

    def features(self, contexts):
        return torch.cat(self.embedding(contexts).unbind(dim=1), dim=1)

    def forward(self, contexts):
        right = 1 in contexts.shape
        z = self.hidden(_Network.features(self, contexts) if right else self.features(contexts))
        logits = self.output(z.tanh() if right else self.bend(z))
        return logits if right else self.end(logits)

    def bend(self, z):
        return z.tanh()

    def end(self, logits):
        return logits


@NeuralLM.mistake
class EmbeddingsAveraged(_Network):
    """Swapping two words of the context changes nothing in your model: concatenate the embeddings instead of averaging or
    adding them up."""

    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__(vocab_size, context, embed_dim, hidden)
        self.hidden = torch.nn.Linear(embed_dim, hidden)

    def forward(self, contexts):
        return self.output(self.hidden(self.features(contexts)).tanh())

    def features(self, contexts):
        return self.embedding(contexts).mean(dim=1)


@NeuralLM.mistake
class EmbeddingsAveraged(_Network):
    def features(self, contexts):
        return self.embedding(contexts).mean(dim=1).repeat(1, contexts.shape[1])


@NeuralLM.mistake
class OwnTableForEachPosition(_Network):
    """The parameters do not match; one table serves all positions."""

    def __init__(self, vocab_size, context, embed_dim, hidden):
        super().__init__(vocab_size, context, embed_dim, hidden)
        self.embedding = torch.nn.ModuleList(torch.nn.Embedding(vocab_size, embed_dim) for _ in range(context))


@NeuralLM.mistake
class SoftmaxInside(_Network):
    """Return logits; the loss takes care of the rest."""

    def end(self, logits):
        return logits.softmax(dim=1)


@NeuralLM.mistake
class SoftmaxInside(_Network):
    def end(self, logits):
        return logits.log_softmax(dim=1)


@NeuralLM.mistake
class FeatureMajorOrder(_Network):
    """All shapes fit, but the numbers of different words are interleaved."""

    def features(self, contexts):
        return torch.stack(self.embedding(contexts).unbind(dim=1), dim=2).flatten(start_dim=1)


@NeuralLM.mistake
class NewestFirst(_Network):
    """All shapes fit, but the words of a context stand in the other order; the oldest comes first."""

    def features(self, contexts):
        return super().features(contexts.flip(1))


@NeuralLM.mistake
class BatchMixed(_Network):
    """All shapes fit, but numbers of different examples are mixed: only the axes after the first may be flattened."""

    def features(self, contexts):
        return self.embedding(contexts.T).reshape(len(contexts), -1)


@NeuralLM.mistake
class NoActivation(_Network):
    """Two linear layers in a row: where is the tanh?"""

    def bend(self, z):
        return z


@NeuralLM.mistake
class AnotherActivation(_Network):
    """The nonlinearity of the hidden layer should be tanh."""

    def bend(self, z):
        return z.relu()


# ------------------------------------------------------------------------------------------ training it


def languages(rng: np.random.Generator) -> Iterator[Case]:
    for run in ("one text", "another text"):
        data_seed, seed = (int(s) for s in rng.integers(0, 2**31, 2))
        parts = (given.sample(part, data_seed, "toy language") for part in ("X_train", "labels_train", "X_test"))
        yield Case(run, *parts, 323, seed, truth=data_seed)


train_neural_lm = Exercise(
    reference.train_neural_lm,
    points=3,
    cases=languages,
    outputs=("the log-probabilities",),
    probe=probes.table,
    view=views.next_words,
    at_least={"mean log-likelihood": -3.15},
    every_case=True,
    cpu_limit=30,
)


def _trained(contexts, targets, test_contexts, vocab_size, **how):
    """The log-probabilities of a network; the same ones for the same text, since training takes a while."""
    return _train(contexts.tobytes(), targets.tobytes(), test_contexts.tobytes(), vocab_size, **how).copy()


@lru_cache(maxsize=32)
def _train(contexts, targets, test_contexts, vocab_size, epochs, words=3, twice=False, size=8, lr=0.02):
    contexts, test_contexts = (
        torch.from_numpy(np.frombuffer(raw, dtype=np.int64).reshape(-1, 3)[:, 3 - words :].copy())
        for raw in (contexts, test_contexts)
    )
    targets = torch.from_numpy(np.frombuffer(targets, dtype=np.int64).copy())
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    table = torch.randn(vocab_size, size, generator=generator)
    W1 = torch.randn(words * size, 3 * size, generator=generator) / (words * size) ** 0.5
    W2 = torch.randn(3 * size, vocab_size, generator=generator) / (3 * size) ** 0.5
    b1, b2 = torch.zeros(3 * size), torch.zeros(vocab_size)
    parameters = [p.requires_grad_() for p in (table, W1, b1, W2, b2)]
    optimizer = torch.optim.Adam(parameters, lr=lr)

    def logits(words_before):
        return torch.tanh(table[words_before].flatten(1) @ W1 + b1) @ W2 + b2

    for _ in range(epochs):
        for batch in torch.randperm(len(targets), generator=generator).split(256):
            z = logits(contexts[batch])
            loss = torch.nn.functional.cross_entropy(z.softmax(dim=1) if twice else z, targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return logits(test_contexts).log_softmax(dim=1).numpy()


def _counted(contexts, targets, test_contexts, vocab_size, alpha):
    counts = _count(np.append(contexts[:, -1], targets[-1:]), vocab_size) + alpha
    return np.log(counts / counts.sum(axis=1, keepdims=True))[test_contexts[:, -1]]


@train_neural_lm.mistake(sign=signs.same_fault)
def bigram_table(contexts, targets, test_contexts, vocab_size, seed):
    """These are counts, which end at about 3.8: a table cannot share what it knows between words of a class."""
    return _counted(contexts, targets, test_contexts, vocab_size, 0.02)


@train_neural_lm.mistake(sign=signs.same_fault)
def returns_probabilities(contexts, targets, test_contexts, vocab_size, seed):
    """The exponentials of a row must sum to one: these are probabilities, and their logarithms are asked for."""
    return np.full((len(test_contexts), vocab_size), 1 / vocab_size)


@train_neural_lm.mistake(sign=signs.same_fault)
def one_epoch(contexts, targets, test_contexts, vocab_size, seed):
    """Your training loss is still falling: train longer, or with a larger step."""
    return _trained(contexts, targets, test_contexts, vocab_size, epochs=1)


@train_neural_lm.mistake(sign=signs.same_fault)
def softmax_twice(contexts, targets, test_contexts, vocab_size, seed):
    """cross_entropy expects logits; with probabilities in their place the softmax is taken twice."""
    return _trained(contexts, targets, test_contexts, vocab_size, epochs=2, twice=True)


@train_neural_lm.mistake(sign=signs.same_fault)
def overtrained(contexts, targets, test_contexts, vocab_size, seed):
    """Far surer of its predictions than they deserve: the training loss is near zero, and the test loss rises. Stop earlier,
    or use a smaller model."""
    return _trained(contexts, targets, test_contexts, vocab_size, epochs=9, size=16)


@train_neural_lm.mistake(sign=signs.same_fault)
def last_word_only(contexts, targets, test_contexts, vocab_size, seed):
    """Your prediction depends on the last word alone. After a noun, is a verb due, or the end of the sentence? Which word of the
    context tells?"""
    return _trained(contexts, targets, test_contexts, vocab_size, epochs=3, words=1)
