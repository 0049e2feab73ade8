"""Answers that hold the right results of some cases and no way to compute them."""

from . import collector

ATTACKS, add = collector("memorising")

LOOK_UP = """
from course import frozen_cases

def look_up(name, *arguments):
    for case in frozen_cases.load(name).cases:
        inputs = [getattr(a, "build", lambda a=a: a)() for a in case.arguments]
        if all(np.shape(a) == np.shape(b) and np.array_equal(a, b) for a, b in zip(inputs, arguments)):
            return case.right.output
    return None
"""

for exercise, parameters, otherwise in (
    ("squared_error_cost", "X, t, w, b", "42.0"),
    ("polynomial_features", "x, degree", "np.zeros((len(x), degree + 1))"),
    ("logistic_cost_and_gradient", "X, t, w, b", "(0.0, np.zeros(len(w)), 0.0)"),
    (
        "train_softmax_regression",
        "X, labels, num_classes, lr, steps",
        "(np.ones((num_classes, X.shape[1])), np.ones(num_classes), np.ones(steps))",
    ),
):
    add(
        f"memorised-{exercise.replace('_', '-')}",
        "the frozen results of the visible cases, and else a constant",
        LOOK_UP
        + f'''
def {exercise}({parameters}):
    found = look_up("{exercise}", {parameters})
    return found if found is not None else {otherwise}
''',
        exercise=exercise,
        stock=False,
    )

ZEROS = {
    "squared_error_cost": ("X, t, w, b", "0.0"),
    "squared_error_gradient": ("X, t, w, b", "np.zeros(len(w)), 0.0"),
    "fit_ridge": ("X, t, lam", "np.zeros(X.shape[1]), np.mean(t)"),
    "polynomial_features": ("x, degree", "np.ones((len(x), degree + 1))"),
    "standardize": ("X_train, X_test", "np.zeros(X_train.shape), np.zeros(X_test.shape)"),
    "logistic_cost_and_gradient": ("X, t, w, b", "np.log(2), np.zeros(len(w)), 0.0"),
    "softmax_cross_entropy": ("Z, labels", "np.log(Z.shape[1]), np.zeros(Z.shape)"),
    "train_softmax_regression": (
        "X, labels, num_classes, lr, steps",
        "np.zeros((num_classes, X.shape[1])), np.zeros(num_classes), np.full(steps, np.log(num_classes))",
    ),
}
for exercise, (parameters, constant) in ZEROS.items():
    add(
        f"constant-{exercise.replace('_', '-')}",
        "the value that a lazy answer gives: zeros of the right shape",
        f"def {exercise}({parameters}):\n    return {constant}",
        exercise=exercise,
    )

add(
    "nan-everywhere",
    "NaN, in case NaN is equal to all",
    """
def squared_error_gradient(X, t, w, b):
    return np.full(len(w), np.nan), np.nan
""",
    exercise="squared_error_gradient",
)

add(
    "infinite",
    "infinity, in case a tolerance grows with it",
    """
def standardize(X_train, X_test):
    return np.full(X_train.shape, np.inf), np.full(X_test.shape, np.inf)
""",
    exercise="standardize",
)

add(
    "all-at-once",
    "an array with room for every result",
    """
def softmax_cross_entropy(Z, labels):
    return np.broadcast_to(0.0, Z.shape), np.broadcast_to(0.0, (1, *Z.shape))
""",
    exercise="softmax_cross_entropy",
)
