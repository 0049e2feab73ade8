"""Lecture 02, linear models: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Iterator

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import linear_models as reference
from course import given, signs
from course.case import Case


def _table(rng: np.random.Generator, N: int, D: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """X (N, D), t (N,), w (D,), b; nothing is zero by chance."""
    X, t = rng.normal(size=(N, D)).round(2), rng.normal(size=N).round(2)
    w, b = (rng.choice([-1, 1], D) * rng.uniform(0.3, 2, D)).round(2), round(rng.uniform(0.5, 2), 2)
    return X, t + 0.01, w, b


# ------------------------------------------------------------------------------------------ squared error


def tables(rng: np.random.Generator) -> Iterator[Case]:
    sizes = {
        "a few examples": (int(rng.integers(4, 8)), 3),
        "more features than examples": (3, 5),
        "20 examples": (20, 6),
    }
    for name, (N, D) in sizes.items():
        yield Case(name, *_table(rng, N, D))
    X, t, w, b = _table(rng, 1, 4)
    yield Case("a single example", X, t, w, b)
    X, t, w, b = _table(rng, 5, 3)
    large = rng.integers(-270_000, 270_001, (5, 3), dtype=np.int32)
    yield Case("large integers", large, rng.integers(-270_000, 270_001, 5, dtype=np.int32), w, b, edge=True)
    X, t, w, b = _table(rng, 6, 6)
    yield Case(
        "every second column of an array in Fortran order",
        given.layout(X, "every second of Fortran"),
        t,
        w[::2].copy(),
        b,
    )
    X, t, w, b = _table(rng, 6, 3)
    yield Case("float32", X.astype(np.float32), t.astype(np.float32), w.astype(np.float32), b)


squared_error_cost = Exercise(reference.squared_error_cost, points=1, cases=tables, outputs=("cost",))


@squared_error_cost.mistake
def no_half(X, t, w, b):
    """Your value is exactly twice the expected one; look again at the constant in front of the sum."""
    return 2 * reference.squared_error_cost(X, t, w, b)


@squared_error_cost.mistake
def sum_not_mean(X, t, w, b):
    """Your value grows with the number of examples; the cost is an average."""
    return len(t) * reference.squared_error_cost(X, t, w, b)


@squared_error_cost.mistake
def sum_not_mean(X, t, w, b):
    return 2 * len(t) * reference.squared_error_cost(X, t, w, b)


@squared_error_cost.mistake
def no_bias(X, t, w, b):
    """Set w = 0: what should be predicted for every example? The bias b must still be there."""
    return reference.squared_error_cost(X, t, w, 0.0)


@squared_error_cost.mistake
def outer_broadcast(X, t, w, b):
    """Print the shape of your residual; it must be (N,). A column minus a row broadcasts to a square."""
    square = (X @ w + b)[:, None] - t
    return (square**2).sum() / (2 * len(t))


@squared_error_cost.mistake
def outer_broadcast(X, t, w, b):
    square = (X @ w + b)[:, None] - t
    return (square**2).mean() / 2


@squared_error_cost.mistake
def divided_by_features(X, t, w, b):
    """Your sum of squares is divided by D, the number of columns; the cost is a mean over the N rows of X."""
    return reference.squared_error_cost(X, t, w, b) * len(t) / X.shape[1]


@squared_error_cost.mistake
def divided_by_features(X, t, w, b):
    return 2 * reference.squared_error_cost(X, t, w, b) * len(t) / X.shape[1]


squared_error_gradient = Exercise(reference.squared_error_gradient, points=2, cases=tables, outputs=("dw", "db"))


@squared_error_gradient.mistake
def factor_two(X, t, w, b):
    """Your gradient is twice a finite-difference estimate; the 1/2 in the cost cancels something."""
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return 2 * dw, 2 * db


@squared_error_gradient.mistake
def sum_not_mean(X, t, w, b):
    """The ratio of your gradient to the expected one equals N; the cost is an average."""
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return len(t) * dw, len(t) * db


@squared_error_gradient.mistake
def sign_flipped(X, t, w, b):
    """A small step along minus your gradient raises the cost; look at the order of y and t."""
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return -dw, -db


@squared_error_gradient.mistake
def bias_gradient_summed(X, t, w, b):
    """dw is right and db is N times too large."""
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return dw, len(t) * db


@squared_error_gradient.mistake
def divided_by_features(X, t, w, b):
    """Your sums are divided by D, the number of columns; the cost is a mean over the N rows of X."""
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return dw * len(t) / X.shape[1], db * len(t) / X.shape[1]


@squared_error_gradient.mistake
def divided_by_features(X, t, w, b):
    dw, db = reference.squared_error_gradient(X, t, w, b)
    return dw * len(t) / X.shape[1], db


# ------------------------------------------------------------------------------------------ ridge regression


def regressions(rng: np.random.Generator) -> Iterator[Case]:
    def table(N: int, D: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
        X, _, w, b = _table(rng, N, D)
        return X + rng.integers(-2, 3, D), (X @ w + b + noise * rng.normal(size=N)).round(2)

    X, t = table(9, 3)
    yield Case("no penalty", X, t, 0.0)
    yield Case("some penalty", X, t, 0.5)
    yield Case("a heavy penalty", *table(7, 2), 4.0)
    yield Case("more features than examples, penalised", *table(4, 6), 0.1)
    X, t = table(8, 3)
    yield Case("targets far from zero", X, t + 1000, 0.2)
    X, t = table(10, 3)
    yield Case("float32", X.astype(np.float32), t.astype(np.float32), 0.3)
    yield Case("more features than examples, no penalty", *table(3, 5), 0.0, edge=True)
    yield Case("a single example, no penalty", *table(1, 3), 0.0, edge=True)
    yield Case("a single example, penalised", *table(1, 3), 0.7, edge=True)
    X, t = table(8, 3)
    yield Case("a repeated column, no penalty", X[:, [0, 1, 2, 1]], t, 0.0, edge=True)
    X, t = table(8, 3)
    X[:, 1] = 3.0
    yield Case("a constant column, no penalty", X, t, 0.0, edge=True)


fit_ridge = Exercise(reference.fit_ridge, points=2, cases=regressions, outputs=("w", "b"), rtol=1e-5, atol=1e-7)


def _normal_equations(X, t, penalty):
    """Least norm solution of (X^T X + penalty) w = X^T t."""
    return np.linalg.pinv(X.T @ X + penalty) @ X.T @ t


@fit_ridge.mistake
def bias_penalised(X, t, lam):
    """Add 1000 to all targets: w must not change at all. The bias is not penalised."""
    N, D = X.shape
    ones = np.column_stack([X, np.ones(N)]).astype(float)
    *w, b = _normal_equations(ones, t, N * lam * np.eye(D + 1))
    return np.array(w), b


@fit_ridge.mistake
def lambda_not_scaled_by_n(X, t, lam):
    """Write the gradient of the whole cost and multiply by N before you solve; where does lam end up?"""
    return reference.fit_ridge(X, t, lam / len(t))


@fit_ridge.mistake(sign=signs.anything)
def inverse_of_singular(X, t, lam):
    """This works until there are many minimisers, for example with fewer examples than features; which one is asked for?"""
    if lam == 0 and np.linalg.matrix_rank(X - X.mean(axis=0)) < X.shape[1]:
        raise np.linalg.LinAlgError("Singular matrix")
    return reference.fit_ridge(X, t, lam)


@fit_ridge.mistake
def no_bias(X, t, lam):
    """Your predictions are off by a constant: what value of b minimises the cost once w is known?"""
    return _normal_equations(X.astype(float), t, len(t) * lam * np.eye(X.shape[1])), 0.0


@fit_ridge.mistake
def no_bias(X, t, lam):
    return reference.fit_ridge(X, t, lam)[0], 0.0


@fit_ridge.mistake
def bias_is_the_mean_of_the_targets(X, t, lam):
    """w is right, but b is the mean of the targets. At the minimum the mean residual is 0; does your b make it so?"""
    return reference.fit_ridge(X, t, lam)[0], np.mean(t)


@fit_ridge.mistake
def not_centred(X, t, lam):
    """b follows rightly from your w, but w was found from columns that still have their means; subtract those first."""
    w = _normal_equations(X.astype(float), t, len(t) * lam * np.eye(X.shape[1]))
    return w, t.mean() - X.mean(axis=0) @ w


@fit_ridge.mistake
def not_centred(X, t, lam):
    w = _normal_equations(X.astype(float), t - t.mean(), len(t) * lam * np.eye(X.shape[1]))
    return w, t.mean() - X.mean(axis=0) @ w


@fit_ridge.mistake
def lambda_doubled(X, t, lam):
    """Your penalty is twice as heavy as it should be: the gradient of lam/2 ||w||^2 is lam w."""
    return reference.fit_ridge(X, t, 2 * lam)


# ------------------------------------------------------------------------------------------ features


def powers(rng: np.random.Generator) -> Iterator[Case]:
    degree = int(rng.integers(3, 6))
    yield Case("numbers between 0 and 1", rng.random(7).round(2) + 0.01, degree)
    yield Case("negative numbers and zero", np.array([-1.5, -0.2, 0.0, *rng.normal(size=2).round(2)]), 4)
    yield Case("float32", rng.uniform(0.5, 1.5, 5).round(2).astype(np.float32), 3)
    yield Case("degree 1", rng.normal(size=4).round(2) + 0.01, 1)
    yield Case("degree 0", rng.normal(size=4).round(2), 0, edge=True)
    yield Case("integers up to 70, degree 13", np.array([70, *rng.integers(40, 70, 3), 2]), 13, edge=True)
    yield Case("no numbers at all", np.zeros(0), 3, edge=True)


polynomial_features = Exercise(reference.polynomial_features, points=1, cases=powers, outputs=("features",))


@polynomial_features.mistake
def no_constant(x, degree):
    """What should the first column be? The powers begin at 0."""
    return np.asarray(x)[:, None] ** np.arange(1, degree + 1)


@polynomial_features.mistake
def no_constant(x, degree):
    return np.asarray(x)[:, None] ** np.arange(1, degree + 2)


@polynomial_features.mistake
def one_power_short(x, degree):
    """Count the columns: from 0 to degree there are degree + 1 powers."""
    return np.asarray(x)[:, None] ** np.arange(degree)


@polynomial_features.mistake
def descending(x, degree):
    """The columns are right but in another order: the lowest power comes first."""
    return np.asarray(x)[:, None] ** np.arange(degree, -1, -1)


@polynomial_features.mistake
def integer_overflow(x, degree):
    """The input is an integer array; print its 13th power and compare it with that of a float. Integers of 64 bits wrap around."""
    return np.asarray(x)[:, None] ** np.arange(degree + 1)


def columns(rng: np.random.Generator) -> Iterator[Case]:
    scales, centres = np.array([0.1, 1.0, 200.0]), np.array([5.0, -3.0, 400.0])

    def rows(N: int) -> np.ndarray:
        return (centres + scales * rng.normal(size=(N, 3))).round(2)

    yield Case("columns of different scale", rows(int(rng.integers(5, 9))), rows(4))
    yield Case("integers", rng.integers(0, 100, (6, 2)), rng.integers(0, 100, (4, 2)))
    yield Case("test data far from the training data", rows(6), rows(5) + 1000)
    few = rng.normal(size=(6, 2)).round(2)
    yield Case("float32", few.astype(np.float32), rng.normal(size=(4, 2)).round(2).astype(np.float32))
    train, test = rows(8), rows(3)
    train[:, 1] = 2.5
    yield Case("a constant column", train, test, edge=True)
    yield Case("a single training example", rows(1), rows(3), edge=True)
    yield Case("a single test example", rows(7), rows(1), edge=True)


standardize = Exercise(reference.standardize, points=1, cases=columns, outputs=("the training data", "the test data"))


@standardize.mistake
def test_uses_own_statistics(X_train, X_test):
    """A single test example would always become zero; which data may the mean come from?"""
    return reference.standardize(X_train, X_train)[0], reference.standardize(X_test, X_test)[0]


@standardize.mistake(sign=signs.not_finite)
def zero_variance_nan(X_train, X_test):
    """One column never changes in the training data, and you divide by its standard deviation."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / std, (X_test - mean) / std


@standardize.mistake
def ddof_one(X_train, X_test):
    """Your standard deviation is too large by the factor sqrt(N/(N-1)); by what is the sum of squares divided?"""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0) * np.sqrt(len(X_train) / max(len(X_train) - 1, 1))
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std


@standardize.mistake
def divides_by_variance(X_train, X_test):
    """Check that each column of the result has standard deviation one; the variance is its square."""
    mean, variance = X_train.mean(axis=0), X_train.var(axis=0)
    variance = np.where(variance == 0, 1, variance)
    return (X_train - mean) / variance, (X_test - mean) / variance


@standardize.mistake
def statistics_of_both_sets(X_train, X_test):
    """Your mean and deviation are those of both arrays together; take them from X_train alone."""
    both = np.concatenate([X_train, X_test])
    return _scaled(X_train, X_test, both.mean(axis=0), both.std(axis=0))


@standardize.mistake
def not_per_column(X_train, X_test):
    """Every column has a mean and a standard deviation of its own; which axis do you take them along?"""
    return _scaled(X_train, X_test, X_train.mean(axis=0), X_train.std())


@standardize.mistake
def not_per_column(X_train, X_test):
    return _scaled(X_train, X_test, X_train.mean(), X_train.std())


@standardize.mistake
def not_per_column(X_train, X_test):
    return _scaled(X_train, X_test, X_train.mean(), X_train.std(axis=0))


def _scaled(X_train, X_test, mean, std):
    std = np.where(std == 0, 1, std)
    return (X_train - mean) / std, (X_test - mean) / std


# ------------------------------------------------------------------------------------------ logistic regression


def decisions(rng: np.random.Generator) -> Iterator[Case]:
    def table(N: int, D: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        X, _, w, b = _table(rng, N, D)
        t = np.arange(N) % 2  # both classes, in any order
        return X, rng.permutation(t).astype(float), w, b

    def logits(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """A table of two columns with these logits."""
        other = rng.integers(-3, 4, len(z)).astype(float)
        return np.column_stack([z - 2 * other, other]), t, np.array([1.0, 2.0]), 0.0

    yield Case("ordinary", *table(int(rng.integers(5, 9)), 3))
    yield Case("more features than examples", *table(3, 5))
    X, t, w, b = table(6, 2)
    yield Case("integers", rng.integers(-2, 3, (6, 2)), t.astype(int), w, b)
    yield Case("a single example", *table(1, 3))
    X, t, w, b = table(6, 3)
    yield Case("float32", *(a.astype(np.float32) for a in (X, t, w)), b)
    z = np.array([1000.0, -1000.0, 1000.0, -1000.0])
    yield Case("logits of 1000 and -1000", *logits(z, np.array([1.0, 0.0, 0.0, 1.0])), edge=True)
    yield Case("confidently wrong", *logits(np.array([-1000.0, 800.0]), np.array([1.0, 0.0])), edge=True)
    z = np.array([40.0, -40.0, 35.0, -35.0, *rng.uniform(30, 40, 2).round(1)])
    yield Case("logits between 30 and 40", *logits(z, np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])), edge=True)


logistic_cost_and_gradient = Exercise(
    reference.logistic_cost_and_gradient,
    points=3,
    cases=decisions,
    outputs=("cost", "dw", "db"),
    atol=1e-12,
)


def _logistic(z):
    return 1 / (1 + np.exp(-np.asarray(z, float)))


def _from_probabilities(X, t, y):
    """Cost and gradient as they stand on paper."""
    cost = np.mean(-t * np.log(y) - (1 - t) * np.log(1 - y))
    return cost, X.T @ (y - t) / len(t), np.mean(y - t)


@logistic_cost_and_gradient.mistake(sign=signs.first_not_finite)
def log_of_zero(X, t, w, b):
    """Your cost is inf or NaN for a logit of 1000, and for one of 40 too; work with z, not with y."""
    return _from_probabilities(X, t, _logistic(X @ w + b))


@logistic_cost_and_gradient.mistake(sign=signs.first_not_finite)
def exponential_overflows(X, t, w, b):
    """
    Your cost is right for a logit of 40, but inf or NaN for 1000 or -1000: an exponential there is too large for a float, or
    a probability has rounded to 0. The exponential of -|z| is never above 1.
    """
    z = X @ w + b
    return np.mean(np.log(1 + np.exp(z)) - t * z), *reference.logistic_cost_and_gradient(X, t, w, b)[1:]


@logistic_cost_and_gradient.mistake
def exponential_overflows(X, t, w, b):
    cost = np.mean(np.log1p(np.exp((1 - 2 * t) * (X @ w + b))))
    return cost, *reference.logistic_cost_and_gradient(X, t, w, b)[1:]


@logistic_cost_and_gradient.mistake(sign=signs.only_first_finite)
def gradient_overflows(X, t, w, b):
    """Your cost is right, but your gradient is inf or NaN for a logit of 1000 or -1000; look at the exponentials in its sigma."""
    cost, *_ = reference.logistic_cost_and_gradient(X, t, w, b)
    z = X @ w + b
    error = np.exp(z) / (1 + np.exp(z)) - t
    return cost, X.T @ error / len(t), np.mean(error)


@logistic_cost_and_gradient.mistake(sign=signs.falls_short)
def clipped_probabilities(X, t, w, b):
    """For a very wrong example the cost must keep growing in proportion to |z|; yours stops growing."""
    cost, *_ = _from_probabilities(X, t, np.clip(_logistic(X @ w + b), 1e-12, 1 - 1e-12))
    return cost, *reference.logistic_cost_and_gradient(X, t, w, b)[1:]


@logistic_cost_and_gradient.mistake
def squared_error_gradient_(X, t, w, b):
    """Your gradient vanishes when the model is confidently wrong; recompute d cost/dz: the factor y(1-y) cancels."""
    return reference.logistic_cost_and_gradient(X, t, w, b)[0], *_squared_error_gradient(X, t, w, b)


@logistic_cost_and_gradient.mistake
def squared_error_gradient_(X, t, w, b):
    return np.mean((_logistic(X @ w + b) - t) ** 2) / 2, *_squared_error_gradient(X, t, w, b)


def _squared_error_gradient(X, t, w, b):
    y = _logistic(X @ w + b)
    dz = (y - t) * y * (1 - y)
    return X.T @ dz / len(t), np.mean(dz)


@logistic_cost_and_gradient.mistake
def sum_not_mean(X, t, w, b):
    """Cost and gradient are N times too large."""
    cost, dw, db = reference.logistic_cost_and_gradient(X, t, w, b)
    return len(t) * cost, len(t) * dw, len(t) * db


@logistic_cost_and_gradient.mistake
def gradient_not_averaged(X, t, w, b):
    """The cost is right; a finite difference of it gives your gradient divided by N."""
    cost, dw, db = reference.logistic_cost_and_gradient(X, t, w, b)
    return cost, len(t) * dw, len(t) * db


@logistic_cost_and_gradient.mistake
def bias_gradient_summed(X, t, w, b):
    """Cost and dw are right, and db is N times too large."""
    cost, dw, db = reference.logistic_cost_and_gradient(X, t, w, b)
    return cost, dw, len(t) * db


@logistic_cost_and_gradient.mistake
def bias_forgotten(X, t, w, b):
    """Changing b does not change your cost."""
    return reference.logistic_cost_and_gradient(X, t, w, 0.0)


@logistic_cost_and_gradient.mistake
def bias_forgotten(X, t, w, b):
    cost, dw, _ = reference.logistic_cost_and_gradient(X, t, w, 0.0)
    return cost, dw, 0.0


# ------------------------------------------------------------------------------------------ softmax


def score_tables(rng: np.random.Generator) -> Iterator[Case]:
    def table(name: str, N: int, K: int, offset: float | np.ndarray = 0.0, edge: bool = False) -> Case:
        return Case(name, rng.normal(size=(N, K)).round(2) + offset, rng.integers(0, K, N), edge=edge)

    yield table("four rows of three", 4, 3)
    yield table("more classes than rows", 3, 6)
    yield table("a single row", 1, 5)
    ordinary = table("", 5, 4)
    yield Case("float32", ordinary.arguments[0].astype(np.float32), ordinary.arguments[1])
    yield table("a single class", 3, 1, edge=True)
    yield table("all scores near 900", 4, 3, 900.0, edge=True)
    yield table("all scores near -900", 4, 3, -900.0, edge=True)
    Z = rng.normal(size=(4, 3)).round(2)
    far = int(rng.integers(0, 4))
    Z[far] = rng.permutation([1e4, -1e4, 0.0])
    labels = rng.integers(0, 3, 4)
    labels[far] = Z[far].argmin()
    yield Case("one row far above and below the others", Z, labels, edge=True)


softmax_cross_entropy = Exercise(reference.softmax_cross_entropy, points=3, cases=score_tables, outputs=("loss", "dZ"))


def _loss_and_gradient(p, labels, log_p=None):
    right = np.arange(len(p)), labels
    dZ = p.copy()
    dZ[right] -= 1
    return -(np.log(p) if log_p is None else log_p)[right].mean(), dZ / len(p)


def _softmax(Z, axis=1, shift=None):
    e = np.exp(Z - (Z.max(axis=axis, keepdims=True) if shift is None else shift))
    return e / e.sum(axis=axis, keepdims=True)


@softmax_cross_entropy.mistake(sign=signs.not_finite)
def overflow(Z, labels):
    """Add 900 to every logit: nothing should change. Yours is no longer a finite number."""
    return _loss_and_gradient(_softmax(Z, shift=0.0), labels)


@softmax_cross_entropy.mistake(sign=signs.same_gaps)
def shift_by_global_max(Z, labels):
    """Works until one row is far above the others; each row has its own maximum."""
    return _loss_and_gradient(_softmax(Z, shift=Z.max()), labels)


@softmax_cross_entropy.mistake
def sum_not_mean(Z, labels):
    """Loss and gradient are N times too large."""
    loss, dZ = reference.softmax_cross_entropy(Z, labels)
    return len(Z) * loss, len(Z) * dZ


@softmax_cross_entropy.mistake
def gradient_not_averaged(Z, labels):
    """The loss is right; a finite difference of it gives your gradient divided by N."""
    loss, dZ = reference.softmax_cross_entropy(Z, labels)
    return loss, len(Z) * dZ


@softmax_cross_entropy.mistake
def one_taken_from_whole_columns(Z, labels):
    """The loss is right, but you take 1 from whole columns of dZ; each row has one label. What does dZ[:, labels] pick out?"""
    loss, _ = reference.softmax_cross_entropy(Z, labels)
    dZ = _softmax(Z)
    dZ[:, labels] -= 1
    return loss, dZ / len(Z)


@softmax_cross_entropy.mistake
def mean_over_all_entries(Z, labels):
    """Your loss is K times too small: it is a mean over the N rows, not over all N times K entries."""
    loss, dZ = reference.softmax_cross_entropy(Z, labels)
    return loss / Z.shape[1], dZ


@softmax_cross_entropy.mistake
def mean_over_all_entries(Z, labels):
    loss, dZ = reference.softmax_cross_entropy(Z, labels)
    return loss / Z.shape[1], dZ / Z.shape[1]


@softmax_cross_entropy.mistake
def softmax_over_examples(Z, labels):
    """Every row of softmax(Z) must sum to one; yours sums over the examples."""
    return _loss_and_gradient(_softmax(Z, axis=0), labels)


@softmax_cross_entropy.mistake(sign=signs.falls_short)
def epsilon_in_log(Z, labels):
    """Your loss stops growing for very wrong predictions; take the logarithm analytically."""
    p = _softmax(Z)
    return _loss_and_gradient(p, labels, np.log(p + 1e-12))


@softmax_cross_entropy.mistake(sign=signs.same_gaps)
def log_of_zero(Z, labels):
    """Your loss is infinite where the probability of the right class has rounded to 0; take the logarithm analytically."""
    return _loss_and_gradient(_softmax(Z), labels)


def trainings(rng: np.random.Generator) -> Iterator[Case]:
    def examples(N: int, D: int, K: int) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.permutation(np.arange(N) % K)
        return (rng.normal(size=(N, D)) + rng.normal(size=(K, D))[labels]).round(2), labels

    yield Case("12 steps", *examples(7, 4, 3), 3, 0.5, 12)
    yield Case("a single step", *examples(6, 4, 3), 3, 0.3, 1)
    yield Case("no step at all", *examples(5, 2, 4), 4, 0.1, 0, edge=True)
    X, labels = examples(8, 2, 3)
    yield Case("a class that never occurs", X, np.minimum(labels, 1), 3, 0.4, 5)
    X, labels = examples(6, 3, 2)
    yield Case("float32", X.astype(np.float32), labels, 2, 0.5, 4)
    X, labels = examples(7, 4, 3)
    X[1], labels[:2] = X[0], (0, 1)  # no weights are right on both, so the loss is large for certain
    yield Case("a huge learning rate", X, labels, 3, 5e4, 3, edge=True)


train_softmax_regression = Exercise(
    reference.train_softmax_regression,
    points=3,
    cases=trainings,
    outputs=("W", "b", "losses"),
    rtol=1e-5,
    atol=1e-7,
)


def _descend(X, labels, num_classes, lr, steps, W=None, bias_lr=None):
    """The reference with its start and the learning rate of its bias to choose."""
    X = np.asarray(X, float)
    W = np.zeros((num_classes, X.shape[1])) if W is None else W
    b = np.zeros(num_classes)
    bias_lr = lr if bias_lr is None else bias_lr
    losses = []
    for _ in range(steps):
        loss, dZ = reference.softmax_cross_entropy(X @ W.T + b, labels)
        losses.append(loss)
        W = W - lr * dZ.T @ X
        b = b - bias_lr * dZ.sum(axis=0)
    return W, b, np.array(losses)


@train_softmax_regression.mistake
def loss_after_update(X, labels, num_classes, lr, steps):
    """With W = 0 the first recorded loss must be log(num_classes); yours is recorded after the update."""
    W, b, losses = _descend(X, labels, num_classes, lr, steps + 1)
    W, b, _ = _descend(X, labels, num_classes, lr, steps)
    return W, b, losses[1:]


@train_softmax_regression.mistake
def gradient_not_averaged(X, labels, num_classes, lr, steps):
    """Your first step is N times too long: the gradient is that of the mean."""
    return _descend(X, labels, num_classes, len(X) * lr, steps)


@train_softmax_regression.mistake
def bias_not_trained(X, labels, num_classes, lr, steps):
    """W agrees after one step, b does not: it must be trained too."""
    return _descend(X, labels, num_classes, lr, steps, bias_lr=0.0)


@train_softmax_regression.mistake
def bias_averaged_twice(X, labels, num_classes, lr, steps):
    """After one step W is right and b is N times too small: sum over the examples where the 1/N is already in dZ."""
    return _descend(X, labels, num_classes, lr, steps, bias_lr=lr / len(X))


@train_softmax_regression.mistake
def bias_gradient_summed(X, labels, num_classes, lr, steps):
    """After one step W is right and b is N times too large: its gradient is that of the mean too."""
    return _descend(X, labels, num_classes, lr, steps, bias_lr=lr * len(X))


@train_softmax_regression.mistake
def averaged_twice(X, labels, num_classes, lr, steps):
    """Your first step is N times too short: the gradient of the mean is divided by N once, not twice."""
    return _descend(X, labels, num_classes, lr / len(X), steps)


@train_softmax_regression.mistake
def weights_transposed(X, labels, num_classes, lr, steps):
    """Your W has a row for each feature; turned round it is right. It should have a row for each class, (num_classes, D)."""
    W, b, losses = _descend(X, labels, num_classes, lr, steps)
    return W.T, b, losses


@train_softmax_regression.mistake(sign=signs.differs)
def random_init(X, labels, num_classes, lr, steps):
    """The first loss should be log(num_classes), the same at every call; where do W and b start?"""
    W = np.random.default_rng(0).normal(size=(num_classes, X.shape[1]))
    return _descend(X, labels, num_classes, lr, steps, W=W)
