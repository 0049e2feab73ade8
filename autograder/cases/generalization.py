"""Lecture 08, generalization: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import generalization as reference
from course import given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 2.5, shape)).round(2)


def _integers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 9, shape) * rng.choice([-1, 1], shape)


# ------------------------------------------------------------------------------------------ weight decay


def networks(rng: np.random.Generator) -> Iterator[Case]:
    def lists(*sizes: int, make=_numbers) -> tuple[list, list, list, list]:
        weights, biases, dweights, dbiases = ([], [], [], [])
        for inputs, outputs in pairwise(sizes):
            for where, shape in ((weights, (outputs, inputs)), (biases, (outputs,))):
                where.append(make(rng, *shape))
            for where, shape in ((dweights, (outputs, inputs)), (dbiases, (outputs,))):
                where.append(make(rng, *shape))
        return weights, biases, dweights, dbiases

    alpha = round(float(rng.uniform(0.05, 0.3)), 2)
    yield Case("several layers", *lists(3, int(rng.integers(4, 6)), 2), alpha, 0.5)
    yield Case("a single layer", *lists(4, 2), 0.3, 0.02)
    yield Case("square layers", *lists(3, 3, 3, 3), 0.2, 2.0)
    yield Case("lam = 0", *lists(2, 3, 2), 0.4, 0.0)
    yield Case("alpha lam = 1: the weights are forgotten", *lists(3, 2, 4), 0.25, 4.0)
    floats = [[a.astype(np.float32) for a in arrays] for arrays in lists(2, 4, 3)]
    yield Case("float32", *floats, 0.1, 0.75)
    yield Case("integers", *lists(2, 3, make=_integers), 0.5, 0.3, edge=True)


decay_step = Exercise(reference.decay_step, points=1, cases=networks, outputs=("weights", "biases"))


@decay_step.mistake
def biases_decayed(weights, biases, dweights, dbiases, alpha, lam):
    """Only weights are in the penalty: what does it say about your biases?"""
    biases = [(1 - alpha * lam) * b - alpha * db for b, db in zip(biases, dbiases, strict=True)]
    return reference.decay_step(weights, biases, dweights, dbiases, alpha, lam)[0], biases


@decay_step.mistake
def decay_without_learning_rate(weights, biases, dweights, dbiases, alpha, lam):
    """The penalty is part of the cost, so its gradient is multiplied by alpha as well."""
    return _shrunk(weights, biases, dweights, dbiases, alpha, 1 - lam)


@decay_step.mistake
def factor_two(weights, biases, dweights, dbiases, alpha, lam):
    """The penalty carries a factor one half, so that its derivative has none."""
    return _shrunk(weights, biases, dweights, dbiases, alpha, 1 - 2 * alpha * lam)


@decay_step.mistake
def decay_after_step(weights, biases, dweights, dbiases, alpha, lam):
    """Both gradients belong to the same point: the decay takes its share of the old weights, not of those after the step."""
    weights = [(1 - alpha * lam) * (W - alpha * dW) for W, dW in zip(weights, dweights, strict=True)]
    return weights, [b - alpha * db for b, db in zip(biases, dbiases, strict=True)]


@decay_step.mistake
def no_decay(weights, biases, dweights, dbiases, alpha, lam):
    """That is a step on J alone. The penalty has a gradient, too: what is the derivative of lam/2 times w squared?"""
    return _shrunk(weights, biases, dweights, dbiases, alpha, 1)


@decay_step.mistake
def weights_grow(weights, biases, dweights, dbiases, alpha, lam):
    """Your penalty makes weights larger. Its gradient is subtracted like that of J."""
    return _shrunk(weights, biases, dweights, dbiases, alpha, 1 + alpha * lam)


@decay_step.mistake(sign=signs.changes_input)
def in_place(weights, biases, dweights, dbiases, alpha, lam):
    """The lists you were given have changed, or arrays in them; the caller still needs the old ones. Where does -= write?"""
    for W, dW in zip(weights, dweights, strict=True):
        W -= alpha * (dW + lam * W)
    for b, db in zip(biases, dbiases, strict=True):
        b -= alpha * db
    return weights, biases


def _shrunk(weights, biases, dweights, dbiases, alpha, factor):
    weights = [factor * W - alpha * dW for W, dW in zip(weights, dweights, strict=True)]
    return weights, [b - alpha * db for b, db in zip(biases, dbiases, strict=True)]


# ------------------------------------------------------------------------------------------ dropout


def layers(rng: np.random.Generator) -> Iterator[Case]:
    """Drop probabilities whose factors 1/(1 - rho) any type of float holds exactly; no u equals one unless it says so."""

    def uniform(*shape: int) -> np.ndarray:
        """A digit 3 or 7 at the end, so that neither rho nor 1 - rho is met; kept and dropped units are both there."""
        u = (rng.integers(0, 10, shape) + rng.choice([0.3, 0.7], shape)) / 10
        u.flat[:4] = rng.permutation([0.03, 0.97, 0.07, 0.93])
        return u.round(2)

    N = int(rng.integers(4, 7))
    yield Case("a batch", _numbers(rng, N, 3), 0.5, uniform(N, 3), True)
    yield Case("a single layer's values", _numbers(rng, N + 2), 0.2, uniform(N + 2), True)
    yield Case("most are dropped", _numbers(rng, 3, 5), 0.75, uniform(3, 5), True)
    yield Case("rho = 0", _numbers(rng, 2, 4), 0.0, uniform(2, 4), True)
    yield Case("at test", _numbers(rng, 4, 3), 0.5, uniform(4, 3), False)
    yield Case("at test, one row of values", _numbers(rng, 5), 0.2, uniform(5), False)
    yield Case("float32", _numbers(rng, 3, 4).astype(np.float32), 0.2, uniform(3, 4).astype(np.float32), True)
    u = uniform(7)
    u[rng.permutation(7)[:2]] = 0.5
    yield Case("u exactly equal to rho", _numbers(rng, 7), 0.5, u, True, edge=True)
    yield Case("integer h", _integers(rng, 2, 4), 0.5, uniform(2, 4), True, edge=True)
    for rho in (1.0, -0.1, 1.5):
        yield Case(
            f"rho = {rho:g} is no probability to drop",
            _numbers(rng, 3),
            rho,
            uniform(4)[:3],
            True,
            raises=ValueError,
            edge=True,
        )


inverted_dropout = Exercise(reference.inverted_dropout, points=2, cases=layers, outputs=("out", "mask"))


def _dropout(h, rho, u, train, training, at_test=None):
    """Masks made by `training()` and, unless None, `at_test()`; the right refusal of a bad rho."""
    reference.inverted_dropout(h, rho, u, train)
    mask = training() if train else np.ones(np.shape(h)) if at_test is None else at_test()
    return h * mask, mask


@inverted_dropout.mistake
def no_scaling(h, rho, u, train):
    """The mean activation in training is smaller than at test: what must the kept units make up for?"""
    return _dropout(h, rho, u, train, lambda: 1.0 * (u >= rho))


@inverted_dropout.mistake
def drops_the_kept(h, rho, u, train):
    """With rho = 0.2 you lose 80% of the units: which side of rho is kept?"""
    return _dropout(h, rho, u, train, lambda: (u < rho) / (1 - rho))


@inverted_dropout.mistake
def active_at_test(h, rho, u, train):
    """Predictions should not be random: look at what `train` says."""
    return reference.inverted_dropout(h, rho, u, True)


@inverted_dropout.mistake
def scaled_at_test(h, rho, u, train):
    """The scaling has already been done in training; doing it at test as well is once too much."""
    return _dropout(h, rho, u, train, lambda: (u >= rho) / (1 - rho), lambda: np.full(np.shape(h), 1 - rho))


@inverted_dropout.mistake
def scaled_at_test(h, rho, u, train):
    out, mask = reference.inverted_dropout(h, rho, u, train)
    return (out if train else (1 - rho) * h), mask


@inverted_dropout.mistake
def scaled_at_test_only(h, rho, u, train):
    """That is dropout as it was first published, with the factor 1 - rho at test. Inverted dropout scales in training instead,
    so that at test nothing is left to do."""
    return _dropout(h, rho, u, train, lambda: 1.0 * (u >= rho), lambda: np.full(np.shape(h), 1 - rho))


@inverted_dropout.mistake
def scaled_at_test_only(h, rho, u, train):
    out, mask = _dropout(h, rho, u, train, lambda: 1.0 * (u >= rho))
    return (out if train else (1 - rho) * h), mask


@inverted_dropout.mistake
def kept_below(h, rho, u, train):
    """As many units survive as should, but not the same ones: a unit is kept where u >= rho."""
    return _dropout(h, rho, u, train, lambda: (u < 1 - rho) / (1 - rho))


@inverted_dropout.mistake
def mask_without_factor(h, rho, u, train):
    """The output is right, but the mask should hold the factors, so that out = h * mask: the backward pass needs the same ones."""
    out, mask = reference.inverted_dropout(h, rho, u, train)
    return out, 1.0 * (mask > 0)


@inverted_dropout.mistake
def divided_by_rho(h, rho, u, train):
    """A kept unit is divided by the probability to KEEP it, and rho is the one to drop it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _dropout(h, rho, u, train, lambda: np.divide(u >= rho, rho))


@inverted_dropout.mistake
def divided_by_rho(h, rho, u, train):
    return _dropout(h, rho, u, train, lambda: (u >= rho) * (1 / rho))


@inverted_dropout.mistake
def keeps_with_rho(h, rho, u, train):
    """rho is the probability to DROP a unit; you use it as the one to keep it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _dropout(h, rho, u, train, lambda: np.divide(u < rho, rho))


@inverted_dropout.mistake
def keeps_with_rho(h, rho, u, train):
    return _dropout(h, rho, u, train, lambda: (u < rho) * (1 / rho))


@inverted_dropout.mistake(sign=signs.anything)
def rho_one_accepted(h, rho, u, train):
    """rho must lie in [0, 1), else ValueError is asked for. What is left if everything is dropped? And what would a probability
    below 0 or above 1 be?"""
    mask = (u >= rho) / (1 - rho + 1e-300) if train else np.ones(np.shape(h))
    return h * mask, mask


# ------------------------------------------------------------------------------------------ early stopping


def curves(rng: np.random.Generator) -> Iterator[Case]:
    """Validation losses in steps of a twentieth, so that equal ones are equal."""

    def loss(low: float, high: float) -> float:
        return round(int(rng.integers(round(20 * low), round(20 * high) + 1)) / 20, 2)

    def falling(n: int) -> list[float]:
        """n losses, each lower than the one before, the last one 1.0."""
        steps = [loss(0.05, 0.3) for _ in range(n - 1)]
        return [round(1 + sum(steps[k:]), 2) for k in range(n)]

    def above(n: int) -> list[float]:
        """n losses that do not beat 1.0, up and down."""
        return [round(1 + (0.1 if k % 2 else 0.4) + loss(0.05, 0.2), 2) for k in range(n)]

    def some(low: int = 2, high: int = 9) -> list[float]:
        return falling(int(rng.integers(low, high)))

    def few(high: int = 5) -> list[float]:
        return above(int(rng.integers(1, high)))

    patience = int(rng.integers(3, 6))
    yield Case("a better loss after the stop", [*some(), *above(patience), 1.3, 0.5, 0.3, 0.4, *few()], patience)
    patience = int(rng.integers(3, 6))
    lower = [round(0.95 - 0.05 * k, 2) for k in range(int(rng.integers(2, 9)))]
    yield Case("a short rise on the way", [*some(), *above(patience - 1), *lower, *above(patience), *few()], patience)
    saw = [1.5, 1.2, 1.4, 1.3, 1.6, 1.05, 1.5, 1.1]  # down after each rise, and never below the best
    yield Case("improvements that do not beat the best", [*some(), *saw, 0.7, *few()], int(rng.integers(4, 7)))
    patience = int(rng.integers(4, 7))
    yield Case("ties", [*some(), *above(2), 1.0, *above(patience - 2), 0.9, *few()], patience)
    yield Case("a level stretch", [*some(), 1.0, 1.0, 1.0, 1.0, 0.5, *few()], int(rng.integers(2, 4)))
    fluctuating = few(4)
    yield Case("never stops", [*some(3, 10), *fluctuating], len(fluctuating) + int(rng.integers(1, 4)))
    yield Case("patience 1", [*some(3, 10), *above(2), 0.5, *few()], 1)
    patience = int(rng.integers(3, 5))
    yield Case("an array", np.array([*some(3), *above(patience), 0.6, *few()]), patience)
    yield Case("float32", np.array([*some(3), *above(patience), 0.2, *few()], dtype=np.float32), patience)
    yield Case("one epoch", [loss(0.5, 2.0)], int(rng.integers(1, 4)), edge=True)
    nan = float("nan")
    yield Case("NaN first", [nan, *some(), *above(3), 0.5, *few()], 3, edge=True)
    yield Case("NaN in between", [*some(), nan, 1.3, nan, nan, 0.5, *few()], 4, edge=True)
    yield Case("a better loss after a NaN", [*some(), nan, 0.6, *few()], 5, edge=True)
    yield Case("nothing but NaN", [nan] * int(rng.integers(5, 9)), int(rng.integers(2, 5)), edge=True)


early_stopping = Exercise(
    reference.early_stopping, points=2, cases=curves, outputs=("best_epoch", "stop_epoch"), rtol=0, atol=0
)


def _without_nan(val_losses):
    losses = np.asarray(val_losses, dtype=float)
    return np.where(np.isnan(losses), np.inf, losses)


def _stopped(val_losses, patience, better=lambda loss, best: loss < best, late=0):
    """Going through the epochs with the comparison to choose."""
    losses = _without_nan(val_losses)
    best, best_epoch = np.inf, 0
    for epoch, loss in enumerate(losses):
        if better(loss, best):
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience + late:
            break
    return best_epoch, epoch


@early_stopping.mistake
def best_of_all(val_losses, patience):
    """You used losses from after the stop - epochs which never happened."""
    return int(_without_nan(val_losses).argmin()), reference.early_stopping(val_losses, patience)[1]


@early_stopping.mistake
def best_of_all(val_losses, patience):
    losses, stop = _without_nan(val_losses), reference.early_stopping(val_losses, patience)[1]
    return int(losses.argmin()), stop if losses.argmin() <= stop else min(losses.argmin() + patience, len(losses) - 1)


@early_stopping.mistake
def best_of_all(val_losses, patience):
    best = int(_without_nan(val_losses).argmin())
    return best, min(best + patience, len(val_losses) - 1)


@early_stopping.mistake
def best_of_all(val_losses, patience):
    return int(_without_nan(val_losses).argmin()), len(val_losses) - 1


def _first_rise(val_losses, rises, back=0):
    losses = _without_nan(val_losses)
    for epoch in range(1, len(losses)):
        if rises(losses[epoch], losses[epoch - 1]):
            return int(losses[: epoch + 1].argmin()), epoch - back
    return int(losses.argmin()), len(losses) - 1


@early_stopping.mistake
def first_rise(val_losses, patience):
    """Yours stops at the first rise. Losses fluctuate; that is what patience is for."""
    return _first_rise(val_losses, lambda loss, before: loss > before)


@early_stopping.mistake
def first_rise(val_losses, patience):
    return _first_rise(val_losses, lambda loss, before: loss >= before)


@early_stopping.mistake
def first_rise(val_losses, patience):
    return _first_rise(val_losses, lambda loss, before: loss > before, back=1)


@early_stopping.mistake
def first_rise(val_losses, patience):
    return _first_rise(val_losses, lambda loss, before: loss >= before, back=1)


@early_stopping.mistake
def ties_count_as_better(val_losses, patience):
    """An equal loss is no improvement: the earliest of equals is the best."""
    return _stopped(val_losses, patience, lambda loss, best: loss <= best)


@early_stopping.mistake
def one_epoch_late(val_losses, patience):
    """Yours stops one epoch late. Count on paper with patience 1: how far back may the best epoch lie?"""
    return _stopped(val_losses, patience, late=1)


def _rises_in_a_row(val_losses, patience, rises):
    losses = _without_nan(val_losses)
    in_a_row, best_epoch, epoch = 0, 0, 0
    for epoch in range(1, len(losses)):
        in_a_row = in_a_row + 1 if rises(losses[epoch], losses[epoch - 1]) else 0
        if losses[epoch] < losses[best_epoch]:
            best_epoch = epoch
        if in_a_row >= patience:
            break
    return best_epoch, epoch


@early_stopping.mistake
def rises_in_a_row(val_losses, patience):
    """You count rises in a row. A loss may fall compared with yesterday and still not beat the best."""
    return _rises_in_a_row(val_losses, patience, lambda loss, before: loss > before)


@early_stopping.mistake
def rises_in_a_row(val_losses, patience):
    return _rises_in_a_row(val_losses, patience, lambda loss, before: loss >= before)


def _last_fall(val_losses, patience, rises):
    """Yesterday's loss takes the place of the best one."""
    losses = _without_nan(val_losses)
    in_a_row, best_epoch, epoch = 0, 0, 0
    for epoch in range(1, len(losses)):
        if rises(losses[epoch], losses[epoch - 1]):
            in_a_row += 1
        else:
            in_a_row, best_epoch = 0, epoch
        if in_a_row >= patience:
            break
    return best_epoch, epoch


@early_stopping.mistake
def compared_with_yesterday(val_losses, patience):
    """You compare each loss with the one before. It may fall compared with yesterday and still not beat the best so far."""
    return _last_fall(val_losses, patience, lambda loss, before: loss > before)


@early_stopping.mistake
def compared_with_yesterday(val_losses, patience):
    return _last_fall(val_losses, patience, lambda loss, before: loss >= before)


def _worse_altogether(val_losses, patience, first):
    losses = _without_nan(val_losses)
    best, best_epoch, waited = np.inf, 0, 0
    for epoch, loss in enumerate(losses):
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch >= first:
            waited += 1
        if waited >= patience:
            break
    return best_epoch, epoch


@early_stopping.mistake
def never_starts_anew(val_losses, patience):
    """You count all epochs without a new best. Patience is counted from the best epoch, so a new best starts it anew."""
    return _worse_altogether(val_losses, patience, 1)


@early_stopping.mistake
def never_starts_anew(val_losses, patience):
    return _worse_altogether(val_losses, patience, 0)


@early_stopping.mistake
def other_way_round(val_losses, patience):
    """The right two epochs in the wrong order: first the one whose weights to keep, then the one of the stop."""
    return reference.early_stopping(val_losses, patience)[::-1]


@early_stopping.mistake(sign=signs.anything)
def nan_wins(val_losses, patience):
    """Right but where there are NaN. Every comparison with NaN is False - also "not better"."""
    if np.isnan(np.asarray(val_losses, dtype=float)).any():
        return -1, -1
    return reference.early_stopping(val_losses, patience)


# ------------------------------------------------------------------------------------------ batch normalisation


def batches(rng: np.random.Generator) -> Iterator[Case]:
    def columns(D: int) -> tuple[np.ndarray, ...]:
        """gamma, beta, running_mean, running_var"""
        return _numbers(rng, D), _numbers(rng, D), _numbers(rng, D), rng.uniform(0.3, 3, D).round(2)

    N = int(rng.integers(5, 8))
    yield Case("training", _numbers(rng, N, 3), *columns(3), True)
    yield Case("at test", _numbers(rng, N - 1, 3), *columns(3), False)
    yield Case("another momentum", _numbers(rng, 4, 2), *columns(2), True, 0.3)
    yield Case("two examples", _numbers(rng, 2, 4), *columns(4), True)
    small = (0.01 * _numbers(rng, 6, 2)).round(4) + np.array([1.0, -2.0])
    yield Case("small variances, large eps", small.round(4), *columns(2), True, 0.1, 0.01)
    gamma, beta, mean, var = columns(3)
    yield Case(
        "at test, small variances, large eps", _numbers(rng, 4, 3), gamma, beta, mean, 0.01 * var, False, 0.1, 0.02
    )
    yield Case("float32", *(a.astype(np.float32) for a in (_numbers(rng, 5, 3), *columns(3))), True)
    x = _numbers(rng, 4, 3)
    x[:, 1] = 0.75
    yield Case("a constant column", x, *columns(3), True, edge=True)
    yield Case("at test, a single example", _numbers(rng, 1, 3), *columns(3), False, edge=True)
    yield Case("integers", *(_integers(rng, 4, 2), *columns(2)), True, edge=True)
    yield Case("training on one example", _numbers(rng, 1, 3), *columns(3), True, raises=ValueError, edge=True)


batch_norm_1d = Exercise(
    reference.batch_norm_1d, points=3, cases=batches, outputs=("out", "running_mean", "running_var")
)


def _normalised(x, gamma, beta, mean, var, eps, root=lambda var, eps: np.sqrt(var + eps)):
    return gamma * (x - mean) / root(var, eps) + beta


@batch_norm_1d.mistake
def batch_statistics_at_test(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """At test the output for one example must not depend on the others."""
    if train:
        return reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    return _normalised(x, gamma, beta, x.mean(axis=0), x.var(axis=0), eps), running_mean, running_var


@batch_norm_1d.mistake
def batch_statistics_at_test(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    return reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, True, momentum, eps)


@batch_norm_1d.mistake
def unbiased_for_normalising(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """Compare the standard deviation of your output, before gamma and beta, with one: by what is the batch's variance divided?"""
    out, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    return (_normalised(x, gamma, beta, x.mean(axis=0), x.var(axis=0, ddof=1), eps) if train else out), mean, var


@batch_norm_1d.mistake
def biased_running_variance(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """The output is right; the running variance moves towards a value that is a little too small, by the factor (N - 1)/N."""
    out, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    return out, mean, (1 - momentum) * running_var + momentum * x.var(axis=0) if train else var


@batch_norm_1d.mistake
def momentum_reversed(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """Here momentum is the share of the NEW value."""
    return reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, 1 - momentum, eps)


@batch_norm_1d.mistake
def running_values_in_training(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """In training the batch is normalised by its own mean and variance. The running values are only kept for the test."""
    _, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    return _normalised(x, gamma, beta, mean, var, eps), mean, var


@batch_norm_1d.mistake
def running_values_in_training(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    _, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    return _normalised(x, gamma, beta, running_mean, running_var, eps), mean, var


@batch_norm_1d.mistake
def divides_by_variance(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """You divide by the variance; the standard deviation is its root."""
    _, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    used = (x.mean(axis=0), x.var(axis=0)) if train else (running_mean, running_var)
    return _normalised(x, gamma, beta, *used, eps, lambda var, eps: var + eps), mean, var


@batch_norm_1d.mistake
def eps_outside_root(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """Where the variance is tiny, it shows: eps is added to the variance, inside the root."""
    _, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    used = (x.mean(axis=0), x.var(axis=0)) if train else (running_mean, running_var)
    return _normalised(x, gamma, beta, *used, eps, lambda var, eps: np.sqrt(var) + eps), mean, var


@batch_norm_1d.mistake(sign=signs.changes_input)
def running_updated_in_place(x, gamma, beta, running_mean, running_var, train, momentum=0.1, eps=1e-5):
    """The arrays you were given have changed; the caller still needs the old ones. Where do += and *= write?"""
    out, mean, var = reference.batch_norm_1d(x, gamma, beta, running_mean, running_var, train, momentum, eps)
    running_mean[...], running_var[...] = mean, var
    return out, running_mean, running_var


# ------------------------------------------------------------------------------------------ ensembles


def committees(rng: np.random.Generator) -> Iterator[Case]:
    def predictions(M: int, N: int, K: int) -> tuple[np.ndarray, np.ndarray]:
        """Whole percents, none below 4; each example has a model that favours the right class."""
        labels = rng.integers(0, K, N)
        percents = np.array([4 + rng.multinomial(100 - 4 * K, rng.dirichlet(np.ones(K)), N) for _ in range(M)])
        for n, label in enumerate(labels):
            row = percents[rng.integers(M), n]
            top = row.argmax()
            row[top], row[label] = row[label], row[top]
        return percents / 100, labels

    yield Case("three models", *predictions(3, int(rng.integers(4, 7)), 4))
    yield Case("five models, two classes", *predictions(5, 4, 2))
    yield Case("as many models as examples and classes", *predictions(3, 3, 3))
    yield Case("twelve models", *predictions(12, 5, 6))
    probs, labels = predictions(4, 5, 3)
    yield Case("float32", probs.astype(np.float32), labels)
    yield Case("a single model", *predictions(1, 6, 3), edge=True)
    probs, labels = predictions(3, 4, 3)
    probs[1, 2] = 0.5
    probs[1, 2, labels[2]] = 0
    yield Case("a model gives the right class no chance: its loss is infinite", probs, labels, edge=True)


ensemble_losses = Exercise(reference.ensemble_losses, points=1, cases=committees, outputs=("mean_member", "ensemble"))


def _right(probs, labels):
    return probs[:, np.arange(len(labels)), labels]


@ensemble_losses.mistake
def averages_log_probabilities(probs, labels):
    """Both your numbers are always equal; average the probabilities before the logarithm."""
    mean, _ = reference.ensemble_losses(probs, labels)
    return mean, mean


@ensemble_losses.mistake
def geometric_mean(probs, labels):
    """One model that says 0 should not veto the others: the probabilities themselves are averaged, not their logarithms."""
    mean, _ = reference.ensemble_losses(probs, labels)
    product = np.exp(np.log(probs).mean(axis=0))
    product /= product.sum(axis=1, keepdims=True)
    return mean, -np.log(product[np.arange(len(labels)), labels]).mean()


def _votes(probs):
    """(N, K): the share of models whose largest probability is that of the class."""
    return np.eye(probs.shape[2])[probs.argmax(axis=2)].mean(axis=0)


@ensemble_losses.mistake
def majority_vote(probs, labels):
    """How sure each model is should count, not only what it would choose."""
    mean, _ = reference.ensemble_losses(probs, labels)
    return mean, -np.log(_votes(probs)[np.arange(len(labels)), labels]).mean()


@ensemble_losses.mistake
def majority_vote(probs, labels):
    mean, _ = reference.ensemble_losses(probs, labels)
    return mean, (_votes(probs).argmax(axis=1) != labels).mean()


@ensemble_losses.mistake
def majority_vote(probs, labels):
    mean, _ = reference.ensemble_losses(probs, labels)
    return mean, -np.log(_votes(probs)[np.arange(len(labels)), labels] + 1e-12).mean()


@ensemble_losses.mistake
def best_member(probs, labels):
    """The mean over the members is asked, and yours is the loss of the best one. Who knows beforehand which that is?"""
    _, ensemble = reference.ensemble_losses(probs, labels)
    return (-np.log(_right(probs, labels))).mean(axis=1).min(), ensemble


@ensemble_losses.mistake
def examples_averaged_too_early(probs, labels):
    """You average probabilities over the examples before the logarithm. Each example has a loss of its own; average those last."""
    right = _right(probs, labels)
    return -np.log(right).mean(), -np.log(right.mean())


@ensemble_losses.mistake
def examples_averaged_too_early(probs, labels):
    right = _right(probs, labels)
    return -np.log(right.mean(axis=1)).mean(), -np.log(right.mean(axis=0)).mean()


@ensemble_losses.mistake
def examples_averaged_too_early(probs, labels):
    right = _right(probs, labels)
    return -np.log(right.mean(axis=1)).mean(), -np.log(right.mean())


@ensemble_losses.mistake
def every_label_for_every_example(probs, labels):
    """probs[:, :, labels] takes the labels of all examples for each of them: (M, N, N). Example n should be met by labels[n] only."""
    right = probs[:, :, labels]
    return -np.log(right).mean(), -np.log(right.mean(axis=0)).mean()


@ensemble_losses.mistake(sign=signs.falls_short)
def clipped(probs, labels):
    """Right, but where a model gives the right class no chance. Its loss is infinite, and a clip or a small number added to the
    probability hides that."""
    right = _right(probs, labels).clip(1e-12)
    return -np.log(right).mean(), -np.log(right.mean(axis=0)).mean()


# ------------------------------------------------------------------------------------------ bias and variance


def refits(rng: np.random.Generator) -> Iterator[Case]:
    def samples(R: int, N: int, make=_numbers) -> tuple[np.ndarray, np.ndarray]:
        return make(rng, R, N), make(rng, N)

    yield Case("four models", *samples(4, int(rng.integers(5, 8))))
    yield Case("many models, few inputs", *samples(9, 3))
    yield Case("as many models as inputs", *samples(4, 4))
    yield Case("one input", *samples(5, 1))
    yield Case("float32", *(a.astype(np.float32) for a in samples(3, 5)))
    preds, truth = (0.1 * a for a in samples(6, 4))
    yield Case("all near 10,000,000", (preds + 1e7).round(2), (truth + 1e7).round(2), edge=True)
    yield Case("a single model", *samples(1, 4), edge=True)
    yield Case("integers", *samples(3, 5, _integers), edge=True)


bias_variance = Exercise(reference.bias_variance, points=2, cases=refits, outputs=("bias2", "variance"), atol=1e-9)


@bias_variance.mistake
def mean_squared_error_as_bias(preds, truth):
    """Your first number already contains the variance: average the predictions before you compare them with the truth."""
    return ((preds - truth) ** 2).mean(), reference.bias_variance(preds, truth)[1]


@bias_variance.mistake
def ddof_one(preds, truth):
    """bias2 + variance should equal the mean squared error of all predictions exactly; by what is your variance divided?"""
    return reference.bias_variance(preds, truth)[0], preds.var(axis=0, ddof=1).mean()


@bias_variance.mistake
def variance_over_inputs(preds, truth):
    """How much do different models disagree at the same input? Yours says how much one model varies over the inputs."""
    return reference.bias_variance(preds, truth)[0], preds.var(axis=1).mean()


@bias_variance.mistake
def variance_of_all(preds, truth):
    """Your variance holds how much predictions differ from input to input, too. Ask at each input how much the models disagree, then
    average."""
    return reference.bias_variance(preds, truth)[0], preds.var()


@bias_variance.mistake
def other_way_round(preds, truth):
    """The right two numbers in the wrong order: the squared bias comes first."""
    return reference.bias_variance(preds, truth)[::-1]


@bias_variance.mistake
def square_of_mean_bias(preds, truth):
    """Errors of opposite sign at different inputs cancel in your bias: square first, then average over the inputs."""
    return (preds.mean(axis=0) - truth).mean() ** 2, reference.bias_variance(preds, truth)[1]


@bias_variance.mistake(sign=signs.anything)
def cancellation(preds, truth):
    """Right, but not for large numbers: the mean of squares and the square of the mean agree in all digits that a float has.
    Subtract first, then square."""
    mean = preds.mean(axis=0)
    return ((mean - truth) ** 2).mean(), (preds**2).mean(axis=0).mean() - (mean**2).mean()


# ------------------------------------------------------------------------------------------ shifts


def pictures(rng: np.random.Generator) -> Iterator[Case]:
    def images(N: int, H: int, W: int, dtype: type = np.float64) -> np.ndarray:
        """Numbers that differ, none of them 0."""
        numbers = rng.permutation(np.arange(1, N * H * W + 1)).reshape(N, H, W)
        return (numbers / 100).round(2) if dtype is np.float64 else numbers.astype(dtype)

    def moves(N: int, furthest: int) -> np.ndarray:
        """Of all signs, not all alike."""
        moves = rng.integers(1, furthest + 1, N) * rng.choice([-1, 1], N)
        moves[:2] = rng.choice([1, furthest]), -rng.choice([1, furthest])
        return moves

    sign = int(rng.choice([-1, 1]))
    yield Case("each image its own way", images(3, 4, 5), moves(3, 2), moves(3, 3))
    yield Case("all alike", images(2, int(rng.integers(3, 5)), 3), sign, -sign)
    yield Case("down alike, across each its own way", images(2, 2, 3), int(rng.choice([-1, 1])), moves(2, 2))
    yield Case("across alike, down each its own way", images(2, 3, 4), moves(2, 1), int(rng.choice([-2, -1])))
    yield Case("bytes", images(2, 3, 3, np.uint8), moves(2, 2), moves(2, 1))
    yield Case("whole numbers", images(2, 2, 4, np.int64), -sign, 2 * sign)
    yield Case("float32", images(2, 3, 2, np.float32), moves(2, 1), moves(2, 1))
    far = np.array([4, -6, 1, 5]), np.array([0, 1, -5, 2])
    yield Case("as far as an image is large, and further", images(4, 4, 3), *far, edge=True)
    yield Case("all out of sight", images(2, 2, 3), int(rng.integers(2, 5)), 0, edge=True)
    yield Case("nowhere", images(2, 2, 3), 0, np.zeros(2, dtype=int), edge=True)


shift_images = Exercise(
    reference.shift_images,
    points=2,
    cases=pictures,
    outputs=("the images", "their dtype"),
    view=views.with_dtype,
    rtol=0,
    atol=0,
)


@shift_images.mistake
def wraps_around(images, dy, dx):
    """What leaves on the right comes back on the left: pixels from outside should be 0."""
    dy, dx = (np.broadcast_to(d, len(images)) for d in (dy, dx))
    return np.array([np.roll(image, (y, x), (0, 1)) for image, y, x in zip(images, dy, dx, strict=True)])


@shift_images.mistake
def wraps_around(images, dy, dx):
    return np.roll(images, (dy, dx), axis=(1, 2))


@shift_images.mistake
def wraps_around(images, dy, dx):
    return np.roll(np.roll(images, dy, axis=1), dx, axis=2)


@shift_images.mistake
def axes_swapped(images, dy, dx):
    """Rows first: dy moves an image down, dx to the right."""
    return reference.shift_images(images, dx, dy)


@shift_images.mistake
def wrong_direction(images, dy, dx):
    """Row 0 of the input should land in row dy, and column 0 in column dx."""
    return reference.shift_images(images, -dy, -dx)


@shift_images.mistake
def wrong_direction(images, dy, dx):
    return reference.shift_images(images, -dy, dx)


@shift_images.mistake
def wrong_direction(images, dy, dx):
    return reference.shift_images(images, dy, -dx)


@shift_images.mistake
def first_shift_for_all(images, dy, dx):
    """All images moved alike, though each may have its own shift."""
    return reference.shift_images(images, np.ravel(dy)[0], np.ravel(dx)[0])


@shift_images.mistake
def dtype_lost(images, dy, dx):
    """The pixels are right, but bytes went in and floats came out: the dtype should be kept. Which one does np.zeros make?"""
    return reference.shift_images(images, dy, dx).astype(float)


@shift_images.mistake(sign=signs.raises)
def slices_past_the_edge(images, dy, dx):
    """Right, as long as something stays in sight. A shift by more than the image's size makes an end of a slice negative, and that
    counts from the other side: what should be left then?"""
    N, H, W = images.shape
    moved = np.zeros_like(images)
    for n, (y, x) in enumerate(zip(np.broadcast_to(dy, N), np.broadcast_to(dx, N), strict=True)):
        seen = images[n, max(0, -y) : H - max(0, y), max(0, -x) : W - max(0, x)]
        moved[n, max(0, y) : H - max(0, -y), max(0, x) : W - max(0, -x)] = seen
    return moved


# ------------------------------------------------------------------------------------------ wrong labels


def wrong_labels(rng: np.random.Generator) -> Iterator[Case]:
    for run in (1, 2, 3):
        data_seed, seed = (int(s) for s in rng.integers(0, 2**31, 2))
        parts = (given.sample(part, data_seed, "noisy digits") for part in ("X_train", "labels_train", "X_test"))
        yield Case(f"400 digits, 30 % of the labels random, run {run}", *parts, seed, truth=data_seed)


robust_classifier = Exercise(
    reference.robust_classifier,
    points=3,
    cases=wrong_labels,
    outputs=("labels",),
    probe=probes.with_training_inputs,
    view=views.survived_noise,
    at_least={"share of right labels": 0.83},
    cpu_limit=20.0,
)


def _scores(X_train, labels, X_test, seed, num_features, lam):
    """Ridge on random features, the penalty lam to choose."""
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(num_features, 64)), rng.normal(size=num_features)
    H, H_test = (np.maximum(X @ W.T + b, 0) for X in (X_train, X_test))
    gram = H @ H.T
    return H_test @ H.T @ np.linalg.solve(gram + lam * np.eye(len(H)), np.eye(10)[labels])


@robust_classifier.mistake(sign=signs.same_fault)
def unregularised(X_train, labels, X_test, seed):
    """Training accuracy near 1 means that you have learned the wrong labels as well. If there is a penalty in your program, it
    is far too small to be felt."""
    return _scores(X_train, labels, X_test, seed, 1500, 1e-3).argmax(axis=1)


@robust_classifier.mistake(sign=signs.same_fault)
def nearest_neighbour(X_train, labels, X_test, seed):
    """One wrong label decides alone; ask more of them."""
    return labels[((X_train**2).sum(axis=1) - 2 * X_test @ X_train.T).argmin(axis=1)]


@robust_classifier.mistake(sign=signs.same_fault)
def least_squares_features(X_train, labels, X_test, seed):
    """You fit every wrong label, and at a price that others don't pay. As many features as examples and no penalty - that is
    the worst place to be."""
    return _scores(X_train, labels, X_test, seed, 400, 1e-6).argmax(axis=1)


@robust_classifier.mistake(sign=signs.same_fault)
def l2_too_small(X_train, labels, X_test, seed):
    """The right idea, too little of it: many of the wrong labels are still learned. Choose the strength of your penalty on a
    validation part, in factors of ten."""
    return _scores(X_train, labels, X_test, seed, 200, 1e-3).argmax(axis=1)


@robust_classifier.mistake(sign=signs.same_fault)
def stopped_far_too_early(X_train, labels, X_test, seed):
    """Now you underfit: not even the right labels of the training set are learned. Watch the validation curve."""
    upper = slice(0, 24)  # of the mean images of the classes
    means = np.array([X_train[labels == k, upper].sum(axis=0) / max(1, sum(labels == k)) for k in range(10)])
    return (X_test[:, upper] @ means.T).argmax(axis=1)
