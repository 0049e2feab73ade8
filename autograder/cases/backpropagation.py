"""Lecture 04, backpropagation: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import backpropagation as reference
from course import given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 1.5, shape)).round(2)


def _integers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 4, shape) * rng.choice([-1, 1], shape)


def _as_torch(answer: Callable) -> Callable:
    """The same answer where shapes that don't fit are torch's kind of error."""

    def with_runtime_error(*arguments):
        try:
            return answer(*arguments)
        except ValueError as error:
            raise RuntimeError(str(error)) from None

    with_runtime_error.__name__, with_runtime_error.__doc__ = answer.__name__, answer.__doc__
    return with_runtime_error


# ------------------------------------------------------------------------------------------ one unit


def units(rng: np.random.Generator) -> Iterator[Case]:
    def number(low: float = 0.3, high: float = 2.0) -> float:
        return round(float(rng.uniform(low, high) * rng.choice([-1, 1])), 2)

    def lam() -> float:
        return round(float(rng.uniform(0.1, 0.9)), 2)

    yield Case("a unit", number(), 1.0, number(), number(), lam())
    yield Case("target 0", number(), 0.0, number(), number(), lam())
    yield Case("a target in between", number(), 0.3, number(), number(), lam())
    yield Case("a large weight", number(0.3, 0.6), 1.0, number(2.5, 4), number(), lam())
    yield Case("no bias", number(), 1.0, number(), 0.0, lam())
    x = number()
    w = round(2000 / x, 2)
    for sign, target in ((1, 0.3), (-1, 0.6)):
        yield Case(f"w x + b near {2000 * sign}", x, target, sign * w, number(), 0.01, edge=True)
    yield Case("x = 0", 0.0, 1.0, number(), number(), lam(), edge=True)
    yield Case("lam = 0", number(), 1.0, number(), number(), 0.0, edge=True)
    whole = (int(n) for n in _integers(rng, 3))
    x, w, b = whole
    yield Case("integers", x, 1, w, b, 2, edge=True)


logistic_squares_backward = Exercise(
    reference.logistic_squares_backward, points=1, cases=units, outputs=("loss", "dw", "db")
)


def _logistic(z):
    return (1 + np.tanh(np.asarray(z) / 2)) / 2


def _unit_backward(x, t, w, b, lam, slope=None, dw_penalty=1.0, loss_penalty=0.5, logistic=_logistic):
    """The loss and its derivatives with the parts to choose. slope(z, y): of the logistic"""
    z = w * x + b
    y = logistic(z)
    dz = (y - t) * (y * (1 - y) if slope is None else slope(z, y))
    return (y - t) ** 2 / 2 + loss_penalty * lam * w**2, dz * x + dw_penalty * lam * w, dz


@logistic_squares_backward.mistake
def regulariser_path_missing(x, t, w, b, lam):
    """w is used in two places, in z and in R. What arrives from the second?"""
    return _unit_backward(x, t, w, b, lam, dw_penalty=0.0)


@logistic_squares_backward.mistake
def regulariser_path_missing(x, t, w, b, lam):
    return _unit_backward(x, t, w, b, lam, dw_penalty=0.0, loss_penalty=0.0)


@logistic_squares_backward.mistake
def regulariser_doubled(x, t, w, b, lam):
    """The message to w from R is twice too large: R = 1/2 w^2, and the half cancels the 2 of the derivative."""
    return _unit_backward(x, t, w, b, lam, dw_penalty=2.0)


@logistic_squares_backward.mistake
def regulariser_doubled(x, t, w, b, lam):
    return _unit_backward(x, t, w, b, lam, dw_penalty=2.0, loss_penalty=1.0)


@logistic_squares_backward.mistake
def logistic_derivative_missing(x, t, w, b, lam):
    """Your derivative is that of a linear unit: what does the message pass on its way from y to z?"""
    return _unit_backward(x, t, w, b, lam, slope=lambda z, y: 1.0)


@logistic_squares_backward.mistake
def derivative_at_z(x, t, w, b, lam):
    """The derivative of the logistic is short in terms of y, not of z: it is y(1 - y)."""
    return _unit_backward(x, t, w, b, lam, slope=lambda z, y: z * (1 - z))


@logistic_squares_backward.mistake
def penalty_not_in_loss(x, t, w, b, lam):
    """dw and db are right, the loss is too small: the penalty is a part of it, too."""
    return _unit_backward(x, t, w, b, lam, loss_penalty=0.0)


@logistic_squares_backward.mistake
def loss_penalty_doubled(x, t, w, b, lam):
    """dw and db are right, but the penalty in your loss is twice too large: it has a half in front."""
    return _unit_backward(x, t, w, b, lam, loss_penalty=1.0)


@logistic_squares_backward.mistake
def derivatives_swapped(x, t, w, b, lam):
    """The numbers are right, their order is not: first the loss, then dw, then db."""
    loss, dw, db = reference.logistic_squares_backward(x, t, w, b, lam)
    return loss, db, dw


@logistic_squares_backward.mistake
def derivatives_swapped(x, t, w, b, lam):
    loss, dw, db = reference.logistic_squares_backward(x, t, w, b, lam)
    return dw, db, loss


def _overflowing(exp, form):
    return lambda x, t, w, b, lam: _unit_backward(x, t, w, b, lam, logistic=lambda z: form(exp, z))


@logistic_squares_backward.mistake(sign=signs.not_finite)
def overflows(x, t, w, b, lam):
    """
    Fails for a pre-activation of 2000 or -2000: an exponential there is too large for a float, and what you make of it is
    an error or NaN. In which form of the logistic may the exponential get infinite or 0, and the result still be right?
    """
    return _overflowing(math.exp, lambda exp, z: 1 / (1 + exp(-z)))(x, t, w, b, lam)


@logistic_squares_backward.mistake
def overflows(x, t, w, b, lam):
    return _overflowing(math.exp, lambda exp, z: exp(z) / (1 + exp(z)))(x, t, w, b, lam)


@logistic_squares_backward.mistake
def overflows(x, t, w, b, lam):
    return _overflowing(np.exp, lambda exp, z: exp(z) / (1 + exp(z)))(x, t, w, b, lam)


@logistic_squares_backward.mistake
def overflows(x, t, w, b, lam):
    """The value is right, the slope as it stands in tables is not."""
    return _unit_backward(x, t, w, b, lam, slope=lambda z, y: np.exp(-z) / (1 + np.exp(-z)) ** 2)


# ------------------------------------------------------------------------------------------ a linear layer


def layers(rng: np.random.Generator) -> Iterator[Case]:
    def arrays(N: int, D: int, K: int) -> tuple[np.ndarray, ...]:
        return _numbers(rng, N, D), _numbers(rng, K, D), _numbers(rng, N, K)

    yield Case("five examples, four inputs, three outputs", *arrays(5, 4, 3))
    yield Case("more outputs than inputs", *arrays(int(rng.integers(3, 6)), 2, 6))
    yield Case("a single example", *arrays(1, 4, 3))
    yield Case("N = D = K", *arrays(3, 3, 3))
    yield Case("float32", *(a.astype(np.float32) for a in arrays(4, 3, 2)))
    yield Case("D = K = 1", *arrays(4, 1, 1), edge=True)
    yield Case("integers", _integers(rng, 4, 3), _integers(rng, 2, 3), _integers(rng, 4, 2), edge=True)


linear_backward = Exercise(reference.linear_backward, points=1, cases=layers, outputs=("dX", "dW", "db"))


@linear_backward.mistake
def weight_gradient_transposed(X, W, dY):
    """Look at the shape of your dW: a gradient has the shape of its parameter, here (K, D)."""
    return dY @ W, X.T @ dY, dY.sum(axis=0)


@linear_backward.mistake
def averaged_over_batch(X, W, dY):
    """The 1/N lives in the loss and arrives with dY; here it would be applied twice."""
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dX, dW / len(X), db / len(X)


@linear_backward.mistake
def averaged_over_batch(X, W, dY):
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dX, dW / len(X), db


@linear_backward.mistake
def averaged_over_batch(X, W, dY):
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dX, dW, db / len(X)


@linear_backward.mistake
def averaged_over_batch(X, W, dY):
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dX / len(X), dW / len(X), db / len(X)


@linear_backward.mistake
def bias_gradient_per_example(X, W, dY):
    """One bias serves all examples: what happens to the messages at a fan-out?"""
    return dY @ W, dY.T @ X, dY


@linear_backward.mistake
def bias_gradient_summed_over_outputs(X, W, dY):
    """Your db has a number for each example; it should have one for each output. Over which index do they add?"""
    return dY @ W, dY.T @ X, dY.sum(axis=1)


@linear_backward.mistake
def input_gradient_transposed(X, W, dY):
    """dY and the transposed W fit together only where W is square, and even there the numbers are wrong. Write one entry of
    dX with indices: over which index do you sum?"""
    return dY @ W.T, dY.T @ X, dY.sum(axis=0)


linear_backward.mistake(_as_torch(input_gradient_transposed))


@linear_backward.mistake
def order_of_results(X, W, dY):
    """The arrays are right, their order is not: dX first, then dW, then db."""
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dW, db, dX


@linear_backward.mistake
def order_of_results(X, W, dY):
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dW, dX, db


@linear_backward.mistake
def order_of_results(X, W, dY):
    dX, dW, db = reference.linear_backward(X, W, dY)
    return dX, db, dW


# ------------------------------------------------------------------------------------------ softmax


def softmax_signals(rng: np.random.Generator) -> Iterator[Case]:
    def arrays(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.normal(size=shape).round(2), _numbers(rng, *shape)

    yield Case("a batch, four rows of three", *arrays(4, 3))
    yield Case("a batch, three rows of five", *arrays(3, 5))
    yield Case("one vector", *arrays(int(rng.integers(4, 7))))
    yield Case("two leading axes", *arrays(2, 3, 4))
    yield Case("as many rows as classes", *arrays(4, 4))
    yield Case("float32", *(a.astype(np.float32) for a in arrays(5, 3)))
    yield Case("a single class", *arrays(3, 1), edge=True)
    Z, dY = arrays(3, 4)
    yield Case("logits near 1000", Z + 1000, dY, edge=True)
    Z, dY = arrays(4, 3)
    Z[np.arange(4), rng.integers(0, 3, 4)] += rng.permutation([0.0, 30.0, 60.0, 800.0])
    yield Case("saturated rows", Z, dY, edge=True)
    yield Case("integers", _integers(rng, 4, 3), _integers(rng, 4, 3), edge=True)


softmax_backward = Exercise(reference.softmax_backward, points=2, cases=softmax_signals, outputs=("dZ",))


def _softmax(Z):
    y = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return y / y.sum(axis=-1, keepdims=True)


@softmax_backward.mistake
def diagonal_only(Z, dY):
    """Raising one logit lowers the other probabilities; each row of your result should sum to zero."""
    y = _softmax(Z)
    return y * (1 - y) * dY


@softmax_backward.mistake
def sum_over_batch(Z, dY):
    """The result for one row depends on another row: along which axis do you take the inner product?"""
    y = _softmax(Z)
    return y * (dY - (y * dY).sum(axis=0, keepdims=True))


@softmax_backward.mistake
def sum_over_batch(Z, dY):
    y = _softmax(Z)
    return y * (dY - (y * dY).sum())


@softmax_backward.mistake
def plain_mean(Z, dY):
    """You subtract the plain mean of the message, in which all classes count alike. By what are they weighted in y.T @ dY?"""
    return _softmax(Z) * (dY - dY.mean(axis=-1, keepdims=True))


@softmax_backward.mistake
def inner_product_added(Z, dY):
    """A message that is the same for all classes must give zeros, and yours doesn't: look at the signs of the two terms."""
    y = _softmax(Z)
    return y * (dY + (y * dY).sum(axis=-1, keepdims=True))


@softmax_backward.mistake
def logits_for_probabilities(Z, dY):
    """The y in the formula are probabilities, the softmax of Z; you have put in the logits themselves."""
    return Z * (dY - (Z * dY).sum(axis=-1, keepdims=True))


@softmax_backward.mistake
def second_axis(Z, dY):
    """Right for tables, where axis 1 is the last. For a vector there is no axis 1, and with three axes it is the middle one."""
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=1, keepdims=True))


@softmax_backward.mistake
def second_axis(Z, dY):
    y = _softmax(Z)
    return y * (dY - (y * dY).sum(axis=1, keepdims=True))


@softmax_backward.mistake
def second_axis(Z, dY):
    """Numpy's error is both; with torch, or by indices of the shape, it is an IndexError alone."""
    if Z.ndim == 1:
        raise IndexError("axis 1 is out of bounds")
    return _along_axis_1(Z, dY)


def _along_axis_1(Z, dY):
    e = np.exp(Z - Z.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=1, keepdims=True))


@softmax_backward.mistake
def one_jacobian_for_a_batch(Z, dY):
    """Right for a single vector only. In a batch every row has its own softmax and its own Jacobian; the formula without the
    matrix works along the last axis, for all rows at once."""
    y = _softmax(Z)
    return (np.diag(y) - np.outer(y, y)) @ dY


@softmax_backward.mistake
def one_jacobian_for_a_batch(Z, dY):
    y = np.exp(Z - Z.max())
    y = y / y.sum()
    return y * (dY - y @ dY)


@softmax_backward.mistake(sign=signs.same_gaps)
def keepdims_forgotten(Z, dY):
    """What you subtract from a row must be that row's own inner product. Print its shape: a row of N numbers is not a column."""
    y = _softmax(Z)
    return y * (dY - (y * dY).sum(axis=-1))


@softmax_backward.mistake
def cross_entropy_shortcut(Z, dY):
    """That shortcut belongs to the cross-entropy loss, where dY has a special form; here any dY may arrive."""
    return _softmax(Z) - dY


@softmax_backward.mistake
def cross_entropy_shortcut(Z, dY):
    return (_softmax(Z) - dY) / len(Z)


@softmax_backward.mistake
def own_probability_missing(Z, dY):
    """You subtract the inner product but forget a factor: a class of small probability moves little, whatever its logit does."""
    return dY - (_softmax(Z) * dY).sum(axis=-1, keepdims=True)


@softmax_backward.mistake(sign=signs.same_gaps)
def shift_by_global_max(Z, dY):
    """Works until one row is far above another, whose exponentials then all are 0; each row has its own maximum."""
    e = np.exp(Z - Z.max())
    y = e / e.sum(axis=-1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=-1, keepdims=True))


@softmax_backward.mistake(sign=signs.not_finite)
def overflow(Z, dY):
    """Adding 1000 to all logits must change nothing; yours is then no longer a finite number."""
    y = np.exp(Z) / np.exp(Z).sum(axis=-1, keepdims=True)
    return y * (dY - (y * dY).sum(axis=-1, keepdims=True))


# ------------------------------------------------------------------------------------------ graphs

Edges = list[tuple[int, int, float]]


def _in_order_of(edges: Edges, n: int, reverse: bool) -> np.ndarray:
    """Messages passed along the edges in the order of the list, or from its end."""
    bar = np.zeros(n)
    bar[n - 1] = 1.0
    for i, j, d in reversed(edges) if reverse else edges:
        bar[i] += d * bar[j]
    return bar


def graphs(rng: np.random.Generator) -> Iterator[Case]:
    def joined(*pairs: tuple[int, int]) -> Edges:
        return [(i, j, float(_numbers(rng))) for i, j in pairs]

    def shuffled(n: int, edges: Edges) -> tuple[int, Edges]:
        """In an order in which no message is complete, from whichever end one starts."""
        right = reference.graph_backward(n, edges)
        while True:
            order = [edges[k] for k in rng.permutation(len(edges))]
            if not any(np.allclose(_in_order_of(order, n, end), right, atol=1e-3) for end in (True, False)):
                return n, order

    def random_graph(n: int) -> Edges:
        """Every node but the last has one to three children among the next three."""
        pairs = []
        for i in range(n - 1):
            after = np.arange(i + 1, min(i + 4, n))
            pairs += [(i, int(j)) for j in np.sort(rng.choice(after, int(rng.integers(1, len(after) + 1)), False))]
        return joined(*pairs)

    yield Case("a diamond", 4, joined((0, 1), (0, 2), (1, 3), (2, 3)))
    yield Case("fan-out", 6, joined((0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (2, 5), (3, 5), (4, 5)))
    yield Case(
        "edges in any order",
        *shuffled(6, joined((0, 1), (0, 3), (1, 2), (1, 4), (2, 3), (2, 5), (3, 4), (4, 5), (3, 5))),
    )
    yield Case(
        "two edges between the same two nodes", 4, joined((0, 1), (0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 3))
    )
    yield Case(
        "nodes that do not reach the last one",
        *shuffled(7, joined((0, 1), (0, 2), (1, 3), (1, 5), (2, 5), (2, 6), (3, 4), (0, 6), (1, 6))),
    )
    n = int(rng.integers(9, 12))
    edges = random_graph(n)
    yield Case("a larger graph", *shuffled(n, [*edges, *joined((0, 4), (0, n - 1))]))
    yield Case("one node, no edges", 1, [], edge=True)
    halves = [(i, i + 1, round(float(d), 2)) for i in range(60) for d in rng.uniform(0.4, 0.6, 2)]
    yield Case("a chain of 60 doubled edges", 61, [halves[k] for k in rng.permutation(120)], edge=True)


graph_backward = Exercise(
    reference.graph_backward, points=2, cases=graphs, outputs=("bar",), probe=probes.in_time, cpu_limit=3
)


def _last_message(n, edges, children_first):
    """Each node keeps the last of its messages. children_first: the loop runs over receivers j, else over senders i."""
    bar = np.zeros(n)
    bar[-1] = 1.0
    for node in range(n - 1, -1, -1):
        for i, j, d in edges:
            if (j if children_first else i) == node:
                bar[i] = d * bar[j]
    return bar


@graph_backward.mistake
def overwrites_at_fan_out(n, edges):
    """A node with two children keeps only one of its messages; both have to arrive, and they add."""
    return _last_message(n, edges, children_first=True)


@graph_backward.mistake
def overwrites_at_fan_out(n, edges):
    return _last_message(n, edges, children_first=False)


@graph_backward.mistake
def overwrites_at_fan_out(n, edges):
    return _last_message(n, sorted(edges, reverse=True), children_first=False)


@graph_backward.mistake
def overwrites_at_fan_out(n, edges):
    return _last_message(n, edges[::-1], children_first=True)


@graph_backward.mistake
def overwrites_at_fan_out(n, edges):
    return _last_message(n, edges[::-1], children_first=False)


@graph_backward.mistake
def edges_in_given_order(n, edges):
    """A message was sent on before it was complete; the list of edges comes in any order."""
    return _in_order_of(edges, n, reverse=True)


@graph_backward.mistake
def edges_in_given_order(n, edges):
    return _in_order_of(edges, n, reverse=False)


@graph_backward.mistake
def parallel_edges_lost(n, edges):
    """Two edges may join the same two nodes, as in v * v, and both count; in a table or a dict the second replaces the first."""
    return reference.graph_backward(n, [(i, j, d) for (i, j), d in {(i, j): d for i, j, d in edges}.items()])


@graph_backward.mistake
def forward_direction(n, edges):
    """Your last entry should be 1: the derivative of the output by itself. You have those of all nodes by node 0."""
    bar = np.zeros(n)
    bar[0] = 1.0
    for i, j, d in sorted(edges):
        bar[j] += d * bar[i]
    return bar


@graph_backward.mistake
def forward_direction(n, edges):
    bar = np.zeros(n)
    bar[0] = 1.0
    for i, j, d in edges:
        bar[j] += d * bar[i]
    return bar


@graph_backward.mistake
def whole_numbers_only(n, edges):
    """Your array holds integers, so every fraction is cut off when it is stored; make it one of floats."""
    bar = np.zeros(n, dtype=int)
    bar[-1] = 1
    for i, j, d in sorted(edges, key=lambda edge: edge[1], reverse=True):
        bar[i] += int(d * bar[j])
    return bar


@graph_backward.mistake
def whole_numbers_only(n, edges):
    """The sum is cut, not what is added."""
    return _cut(n, sorted(edges, key=lambda edge: edge[1], reverse=True))


@graph_backward.mistake
def whole_numbers_only(n, edges):
    return _cut(n, sorted(edges, reverse=True))


@graph_backward.mistake
def whole_numbers_only(n, edges):
    """Node by node, each with its edges in the order of the list."""
    return _cut(n, sorted(edges, key=lambda edge: edge[0], reverse=True))


@graph_backward.mistake
def whole_numbers_only(n, edges):
    """The messages of a node are added first."""
    bar = np.zeros(n, dtype=int)
    bar[-1] = 1
    for node in range(n - 2, -1, -1):
        bar[node] = sum(d * bar[j] for i, j, d in edges if i == node)
    return bar


def _cut(n: int, edges: Edges) -> np.ndarray:
    bar = np.zeros(n, dtype=int)
    bar[-1] = 1
    for i, j, d in edges:
        bar[i] = bar[i] + d * bar[j]
    return bar


@graph_backward.mistake(sign=signs.takes_too_long)
def all_paths_enumerated(n, edges):
    """
    Right for small graphs, but the number of paths doubles with each doubled edge, and 60 of them make 2^60 paths; visit each
    edge once.
    """
    paths = np.zeros(n)
    paths[-1] = 1
    for i, j, _ in sorted(edges, key=lambda edge: -edge[1]):
        paths[i] += paths[j]
    if paths.sum() > 1e9:
        raise TimeoutError("it was still computing after 2 seconds and was stopped")
    return reference.graph_backward(n, edges)


# ------------------------------------------------------------------------------------------ finite differences


def slopes(rng: np.random.Generator) -> Iterator[Case]:
    f = given.function
    yield Case("a matrix", f("sine times cosine"), _numbers(rng, 2, 3))
    yield Case("a vector", f("product"), _numbers(rng, int(rng.integers(3, 6))))
    yield Case("three axes", f("sum of squares"), _numbers(rng, 2, 2, 2))
    yield Case("a transposed array", f("exponentials"), given.layout(_numbers(rng, 3, 2), "transposed"))
    yield Case("every second column", f("sine times cosine"), given.layout(_numbers(rng, 2, 6), "every second"))
    yield Case("integers", f("exponentials"), _integers(rng, 2, 3))
    yield Case("float32", f("sine times cosine"), _numbers(rng, 3, 2).astype(np.float32))
    yield Case("h = 0.1", f("cubes"), _numbers(rng, 4), 0.1)
    yield Case("a single number, no axes", f("exponentials"), np.array(_numbers(rng)), edge=True)
    x = _numbers(rng, 4)
    x[rng.integers(0, 4)] = 0.0
    yield Case("a zero entry", f("product"), x, edge=True)


numerical_gradient = Exercise(
    reference.numerical_gradient,
    points=2,
    cases=slopes,
    outputs=("the points for f", "the gradient"),
    probe=probes.watched_function,
    view=views.watched_gradient,
    lean=True,
    atol=1e-7,
)


def _differences(f, x, rule):
    """The gradient by rule(at), where at(step) is f with one coordinate moved by step."""
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):

        def at(step, place=place):
            moved = x.copy()
            moved[place] += step
            return f(moved)

        gradient[place] = rule(at)
    return gradient


@numerical_gradient.mistake
def one_sided(f, x, h=1e-5):
    """Your error shrinks like h, not like h squared: step to both sides."""
    return _differences(f, x, lambda at: (at(h) - at(0)) / h)


@numerical_gradient.mistake
def one_sided(f, x, h=1e-5):
    return _differences(f, x, lambda at: (at(0) - at(-h)) / h)


@numerical_gradient.mistake
def divides_by_h(f, x, h=1e-5):
    """Twice too large: how far apart are the two points?"""
    return _differences(f, x, lambda at: (at(h) - at(-h)) / h)


@numerical_gradient.mistake
def half_a_step(f, x, h=1e-5):
    """You step by h/2 to either side; h is the step to each side, which shows where h is large."""
    return _differences(f, x, lambda at: (at(h / 2) - at(-h / 2)) / h)


def _stepping(x, h, f, flat, out):
    """Steps made in `flat`, which may be a view of x, or a copy."""
    for k in range(flat.size):
        old = flat[k]
        flat[k] = old + h
        above = f(x)
        flat[k] = old - h
        below = f(x)
        flat[k] = old
        out[k] = (above - below) / (2 * h)
    return out.reshape(x.shape)


@numerical_gradient.mistake(sign=signs.same_fault)
def ravel_copy(f, x, h=1e-5):
    """All zeros for an array that doesn't lie plainly in memory, such as a transposed one: there ravel gives a copy, and your
    step changed the copy, not what f sees."""
    return _stepping(x, h, f, x.ravel(), np.zeros(x.size))


@numerical_gradient.mistake
def ravel_copy(f, x, h=1e-5):
    x = np.array(x, dtype=np.float64)  # keeps the order of a transposed array
    return _stepping(x, h, f, x.ravel(), np.zeros(x.size))


@numerical_gradient.mistake
def ravel_copy(f, x, h=1e-5):
    x = np.array(x, dtype=np.float64)
    return _stepping(x, h, f, x.flatten(), np.zeros(x.size))


@numerical_gradient.mistake
def ravel_copy(f, x, h=1e-5):
    return _stepping(x, h, f, x.flatten(), np.zeros(x.size))


@numerical_gradient.mistake(sign=signs.same_fault)
def narrow_step(f, x, h=1e-5):
    """A float32 holds seven digits, so 1.23 + 1e-5 in it keeps two digits of the step; make x float64 before you step."""
    x = x.copy() if x.dtype.kind == "f" else x.astype(np.float64)
    return _by_index(f, x, h)


@numerical_gradient.mistake(sign=signs.same_fault)
def integer_step_lost(f, x, h=1e-5):
    """What is int 3 plus 1e-5, stored back in the same array? Make x a float64 array first."""
    x = x.copy()
    return _by_index(f, x, h)


@numerical_gradient.mistake
def integer_step_lost(f, x, h=1e-5):
    """Narrow floats are made wide, integers are not."""
    x = x.astype(np.float64) if x.dtype.kind == "f" else x.copy()
    return _by_index(f, x, h)


def _by_index(f, x, h):
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        old = x[place]
        x[place] = old + h
        above = f(x)
        x[place] = old - h
        below = f(x)
        x[place] = old
        gradient[place] = (above - below) / (2 * h)
    return gradient


def _not_set_back(f, x, h, steps):
    """steps: how far a coordinate is moved before each of the two calls, +1 first or -1 first"""
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):
        values = {}
        for step in steps:
            x[place] = x[place] + step * h
            values[np.sign(step)] = f(x)
        gradient[place] = (values[1] - values[-1]) / (2 * h)
    return gradient


@numerical_gradient.mistake
def not_restored(f, x, h=1e-5):
    """The first entry is right, later ones are not: set each coordinate back before you move the next."""
    return _not_set_back(f, np.array(x, dtype=np.float64), h, (1, -2))


@numerical_gradient.mistake
def not_restored(f, x, h=1e-5):
    return _not_set_back(f, np.array(x, dtype=np.float64), h, (-1, 2))


@numerical_gradient.mistake
def not_restored(f, x, h=1e-5):
    return _not_set_back(f, x, h, (1, -2))


@numerical_gradient.mistake
def not_restored(f, x, h=1e-5):
    return _not_set_back(f, x.copy(), h, (1, -2))


@numerical_gradient.mistake
def not_restored(f, x, h=1e-5):
    """Two copies, both moved on and on."""
    above, below = np.array(x, dtype=np.float64), np.array(x, dtype=np.float64)
    gradient = np.zeros(above.shape)
    for place in np.ndindex(above.shape):
        above[place] += h
        below[place] -= h
        gradient[place] = (f(above) - f(below)) / (2 * h)
    return gradient


@numerical_gradient.mistake
def step_hard_coded(f, x, h=1e-5):
    """Right at the usual step only: with h = 0.1 your result is still that of a tiny one. Use the argument h."""
    return reference.numerical_gradient(f, x)


@numerical_gradient.mistake
def rows_move_together(f, x, h=1e-5):
    """Right for vectors; of a matrix you move a whole row at once, and every number in it needs a step of its own.
    np.ndindex(x.shape) runs over all of them."""
    return _rowwise(f, x, h, lambda row: row.copy())


@numerical_gradient.mistake
def rows_move_together(f, x, h=1e-5):
    """What was to be kept of a row is a view, which moves with it."""
    return _rowwise(f, x, h, lambda row: row)


def _rowwise(f, x, h, kept):
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros(x.shape)
    for k in range(len(x)):
        old = kept(x[k])
        x[k] = old + h
        above = f(x)
        x[k] = old - h
        below = f(x)
        x[k] = old
        gradient[k] = (above - below) / (2 * h)
    return gradient


@numerical_gradient.mistake
def all_coordinates_at_once(f, x, h=1e-5):
    """You move all coordinates together, which gives their sum; the effect of each needs a step of its own."""
    x = np.array(x, dtype=np.float64)
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


@numerical_gradient.mistake
def all_coordinates_at_once(f, x, h=1e-5):
    x = np.array(x, dtype=np.float64)
    return (f(x + h) - f(x - h)) / (2 * h)


# ------------------------------------------------------------------------------------------ a network, backward

Network = tuple[list[np.ndarray], list[np.ndarray]]


def _network(rng: np.random.Generator, *sizes: int) -> Network:
    """Weights and biases of a network with these numbers of units, inputs first."""
    weights = [_numbers(rng, o, i) for i, o in pairwise(sizes)]
    return weights, [_numbers(rng, o) for o in sizes[1:]]


def _hidden(X: np.ndarray, weights: list[np.ndarray], biases: list[np.ndarray]) -> list[np.ndarray]:
    """The pre-activations of all layers."""
    zs, h = [], X
    for W, b in zip(weights, biases, strict=True):
        zs.append(h @ W.T + b)
        h = np.maximum(zs[-1], 0)
    return zs


def _example_of_each_kind(zs: list[np.ndarray]) -> bool:
    """No hidden unit near its kink, some on and some off in each layer, and a logit below zero."""
    hidden = all(np.abs(z).min() > 0.02 and (z > 0).any() and (z < 0).any() for z in zs[:-1])
    return hidden and zs[-1].min() < -0.1


def _labelled(rng: np.random.Generator, N: int, *sizes: int) -> tuple[np.ndarray, np.ndarray, list, list]:
    """X, labels, weights and biases of which nothing depends on how a kink is rounded."""
    while True:
        X, (weights, biases) = _numbers(rng, N, sizes[0]), _network(rng, *sizes)
        zs = _hidden(X, weights, biases)
        alive = N > 1 or all(
            np.sum(z > 0) > 1 for z in zs[:-1]
        )  # so that the only example sends a message to the input
        if _example_of_each_kind(zs) and alive:
            return X, rng.permutation(np.arange(N) % sizes[-1]), weights, biases


def _narrow(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [a.astype(np.float32) for a in arrays]


def networks(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("two hidden layers", *_labelled(rng, int(rng.integers(5, 8)), 2, 4, 3, 2))
    yield Case("three square hidden layers, a single example", *_labelled(rng, 1, 3, 3, 3, 3, 3))
    X, labels, weights, biases = _labelled(rng, 5, 4, 3)
    yield Case("no hidden layer, float32", X.astype(np.float32), labels, _narrow(weights), _narrow(biases))
    zeros = [np.zeros((3, 2)), np.zeros((2, 3))], [np.zeros(3), np.zeros(2)]
    yield Case("all parameters zero", _numbers(rng, 5, 2), np.array([0, 0, 1, 0, 1]), *zeros, edge=True)
    hidden, logits = np.zeros(1), np.zeros(1)
    # until an exponential of a logit is too large for a float, and a probability too small
    while (
        np.abs(hidden).min() < 1
        or logits.max() < 1500
        or np.ptp(logits, axis=-1).max() < 1500
        or np.ptp(logits.max(axis=-1)) < 1500
    ):
        X, _, weights, biases = _labelled(rng, 4, 2, 3, 2)
        hidden, logits = _hidden(1000 * X, weights, biases)
    yield Case("inputs of size 1000", (1000 * X).round(), logits.argmin(axis=1), weights, biases, edge=True)
    X, labels = np.array([[1, 2], [1, -1], [2, 1]]), np.array([1, 0, 1])
    first, last = np.array([[2, -1], [1, 1], [-1, 1]]), _integers(rng, 2, 3)
    last[1, 0] = -last[0, 0]
    biases = [np.array([0, 0.5, 0.5]), np.array([0.5, -0.5])]
    # so that the unit at 0 gets a message, not a tiny one
    labels[0] = _hidden(X, [first, last], biases)[-1][0].argmin()
    yield Case("integers, and a pre-activation that is exactly 0", X, labels, [first, last], biases, edge=True)


mlp_loss_and_gradients = Exercise(
    reference.mlp_loss_and_gradients, points=4, cases=networks, outputs=("loss", "dweights", "dbiases"), lean=True
)


def _backward(
    X,
    labels,
    weights,
    biases,
    pass_relu=lambda dh, z: dh * (z > 0),
    relu_on_logits=None,
    log_softmax=None,
    scale=1.0,
    bias_scale=1.0,
    hidden=lambda z: np.maximum(z, 0),
):
    """Loss and gradients with the parts to choose.

    pass_relu(dh, z): the message behind the nonlinearity; relu_on_logits: None, "forward" or "both"
    log_softmax(logits) -> probabilities, log-probabilities; hidden: the nonlinearity
    """
    zs, hs = [], [X]
    for W, b in zip(weights, biases, strict=True):
        zs.append(hs[-1] @ W.T + b)
        hs.append(hidden(zs[-1]))
    p, log_p = (log_softmax or _log_softmax)(hs[-1] if relu_on_logits else zs[-1])
    right = np.arange(len(X)), labels
    dz = np.array(p)
    dz[right] -= 1
    dz = scale * dz / len(X)
    if relu_on_logits == "both":
        dz = dz * (zs[-1] > 0)
    dweights, dbiases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        dweights.insert(0, dz.T @ hs[layer])
        dbiases.insert(0, bias_scale * dz.sum(axis=0))
        if layer:
            dz = pass_relu(dz @ weights[layer], zs[layer - 1])
    return -log_p[right].mean(), dweights, dbiases


def _log_softmax(logits):
    log_p = logits - logits.max(axis=1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    return np.exp(log_p), log_p


@mlp_loss_and_gradients.mistake
def relu_derivative_missing(X, labels, weights, biases):
    """The last layer is right; earlier ones are not. Which units were off, and what should pass through them?"""
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: dh)


@mlp_loss_and_gradients.mistake
def relu_mask_of_message(X, labels, weights, biases):
    """The mask comes from the forward pass, from the sign of z; messages may be negative."""
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: np.maximum(dh, 0))


@mlp_loss_and_gradients.mistake
def relu_mask_of_message(X, labels, weights, biases):
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: np.maximum(dh, 0) * (z > 0))


@mlp_loss_and_gradients.mistake
def before_the_nonlinearity(X, labels, weights, biases):
    """The first layer's gradients and all dbiases are right, other dweights are not: the message is to be multiplied by what the
    weight met in the forward pass. Is that z or h?"""
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    zs, later = _hidden(X, weights, biases), _messages(X, labels, weights, biases)
    return loss, [dweights[0], *(dz.T @ z for dz, z in zip(later[1:], zs[:-1], strict=True))], dbiases


@mlp_loss_and_gradients.mistake
def one_subtracted_from_all_rows(X, labels, weights, biases):
    """The 1 belongs to each example's own class; [:, labels] takes these columns from every row. Which indices pick one number
    from each row?"""
    p, log_p = _log_softmax(_hidden(X, weights, biases)[-1])
    dz = np.array(p)
    dz[:, labels] -= 1
    dweights, dbiases = _from_first_message(dz / len(X), X, weights, biases)
    return -log_p[np.arange(len(X)), labels].mean(), dweights, dbiases


@mlp_loss_and_gradients.mistake
def first_layer_left_out(X, labels, weights, biases):
    """The gradients of the first layer are missing: your loop ends one layer too early. Only the message to the input may be
    spared."""
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    return loss, dweights[1:], dbiases[1:]


@mlp_loss_and_gradients.mistake
def first_layer_left_out(X, labels, weights, biases):
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    return loss, [0 * dweights[0], *dweights[1:]], [0 * dbiases[0], *dbiases[1:]]


@mlp_loss_and_gradients.mistake
def last_layer_first(X, labels, weights, biases):
    """Your lists begin with the last layer, the order in which the gradients are found; the parameters begin with the first."""
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    return loss, dweights[::-1], dbiases[::-1]


@mlp_loss_and_gradients.mistake
def loss_summed(X, labels, weights, biases):
    """Your loss is N times too large: the cost is the mean over the examples, and so are its gradients."""
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    return len(X) * loss, dweights, dbiases


@mlp_loss_and_gradients.mistake
def loss_summed(X, labels, weights, biases):
    loss, *_ = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    _, dweights, dbiases = _backward(X, labels, weights, biases, scale=len(X))
    return len(X) * loss, dweights, dbiases


@mlp_loss_and_gradients.mistake
def relu_on_inputs(X, labels, weights, biases):
    """Negative inputs are lost: the first layer takes X as it is, and ReLU comes after a layer, not before it."""
    return reference.mlp_loss_and_gradients(np.maximum(X, 0), labels, weights, biases)


@mlp_loss_and_gradients.mistake
def no_nonlinearity(X, labels, weights, biases):
    """Right without hidden layers only; with them your loss is that of a linear network: ReLU follows every layer but the last."""
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: dh, hidden=lambda z: z)


@mlp_loss_and_gradients.mistake
def no_nonlinearity(X, labels, weights, biases):
    """The mask is there."""
    return _backward(X, labels, weights, biases, hidden=lambda z: z)


def _messages(X, labels, weights, biases):
    """The right error signals of the pre-activations of all layers."""
    zs = _hidden(X, weights, biases)
    dz, _ = _log_softmax(zs[-1])
    dz[np.arange(len(X)), labels] -= 1
    found = [dz / len(X)]
    for W, z in zip(weights[:0:-1], zs[-2::-1], strict=True):
        found.insert(0, found[0] @ W * (z > 0))
    return found


def _from_first_message(dz, X, weights, biases):
    """The gradients, given the message to the logits."""
    zs = _hidden(X, weights, biases)
    hs = [X, *(np.maximum(z, 0) for z in zs[:-1])]
    dweights, dbiases = [], []
    for layer in range(len(weights) - 1, -1, -1):
        dweights.insert(0, dz.T @ hs[layer])
        dbiases.insert(0, dz.sum(axis=0))
        if layer:
            dz = dz @ weights[layer] * (zs[layer - 1] > 0)
    return dweights, dbiases


@mlp_loss_and_gradients.mistake
def gradient_not_averaged(X, labels, weights, biases):
    """Your gradients are N times a finite difference of your own loss: the 1/N belongs in the first message."""
    return _backward(X, labels, weights, biases, scale=len(X))


@mlp_loss_and_gradients.mistake
def averaged_twice(X, labels, weights, biases):
    """Your gradients are N times too small: 1/N is already in the first message, so nothing more is divided later."""
    return _backward(X, labels, weights, biases, scale=1 / len(X))


@mlp_loss_and_gradients.mistake
def bias_averaged_twice(X, labels, weights, biases):
    """dweights are right, dbiases are N times too small: the 1/N is in the first message already, so sum over the examples."""
    return _backward(X, labels, weights, biases, bias_scale=1 / len(X))


@mlp_loss_and_gradients.mistake
def bias_gradient_summed(X, labels, weights, biases):
    """dweights are right, dbiases are N times too large: the cost is a mean over the examples for the biases too."""
    return _backward(X, labels, weights, biases, bias_scale=len(X))


@mlp_loss_and_gradients.mistake
def relu_on_logits(X, labels, weights, biases):
    """Your logits are never negative: ReLU follows every layer but the last."""
    return _backward(X, labels, weights, biases, relu_on_logits="forward")


@mlp_loss_and_gradients.mistake
def relu_on_logits(X, labels, weights, biases):
    return _backward(X, labels, weights, biases, relu_on_logits="both")


@mlp_loss_and_gradients.mistake(sign=signs.same_gaps)
def log_of_zero(X, labels, weights, biases):
    """Your loss is infinite where the probability of the right class has rounded to 0, the gradients are right; take the
    logarithm of the softmax on paper first."""

    def log_softmax(logits):
        p, _ = _log_softmax(logits)
        return p, np.log(p)

    found = _backward(X, labels, weights, biases, log_softmax=log_softmax)
    return reference.mlp_loss_and_gradients(X, labels, weights, biases) if np.isfinite(found[0]) else found


@mlp_loss_and_gradients.mistake(sign=signs.only_first_finite)
def probability_in_a_denominator(X, labels, weights, biases):
    """Your loss is right for inputs of size 1000, your gradients are not finite: an exponential was too large for a float, or a
    probability that has rounded to 0 got into a denominator. With prediction minus target as the first message neither happens."""
    loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
    p, _ = _log_softmax(_hidden(X, weights, biases)[-1])
    if p[np.arange(len(X)), labels].min() == 0:
        dweights, dbiases = ([np.full(g.shape, np.nan) for g in gradients] for gradients in (dweights, dbiases))
    return loss, dweights, dbiases


def _raw_softmax(logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p, np.log(p)


def _shifted_softmax(logits):
    p = np.exp(logits - logits.max())
    p = p / p.sum(axis=1, keepdims=True)
    return p, np.log(p)


@mlp_loss_and_gradients.mistake(sign=signs.not_finite)
def unstable_softmax(X, labels, weights, biases):
    """NaN or infinite for inputs of size 1000: the exponentials of some example's logits are too large for a float, or all 0,
    or a probability of 0 stands in a denominator. What may you subtract from the logits of each example without changing its
    softmax, and what is the message to the logits on paper?"""
    found = _backward(X, labels, weights, biases, log_softmax=_raw_softmax)
    return reference.mlp_loss_and_gradients(X, labels, weights, biases) if np.isfinite(found[0]) else found


@mlp_loss_and_gradients.mistake
def unstable_softmax(X, labels, weights, biases):
    found = _backward(X, labels, weights, biases, log_softmax=_shifted_softmax)
    return reference.mlp_loss_and_gradients(X, labels, weights, biases) if np.isfinite(found[0]) else found


@mlp_loss_and_gradients.mistake
def derivative_one_at_zero(X, labels, weights, biases):
    """A pre-activation is exactly zero there, and by our convention the derivative of ReLU at 0 is 0."""
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: dh * (z >= 0))


@mlp_loss_and_gradients.mistake
def derivative_one_at_zero(X, labels, weights, biases):
    return _backward(X, labels, weights, biases, pass_relu=lambda dh, z: dh * np.heaviside(z, 0.5))


# ------------------------------------------------------------------------------------------ training


def trainings(rng: np.random.Generator) -> Iterator[Case]:
    def course(N: int, sizes: tuple[int, ...], lr: float, batch_sizes: tuple[int, ...], narrow: bool = False) -> tuple:
        """A run during which no unit comes near its kink, so that rounding decides nothing."""
        while True:
            X, labels, weights, biases = _labelled(rng, N, *sizes)
            batches = [rng.choice(N, size, replace=False) for size in batch_sizes]
            if narrow:
                X, weights, biases = X.astype(np.float32), _narrow(weights), _narrow(biases)
            if _keeps_clear(X, labels, weights, biases, lr, batches):
                return X, labels, weights, biases, lr, batches

    yield Case("one hidden layer", *course(8, (3, 4, 2), 0.3, (4, 4, 4, 4, 4)))
    yield Case("batches of different size", *course(9, (3, 4, 3), 0.2, (5, 2, 7, 1)))
    yield Case("two hidden layers", *course(7, (2, 4, 3, 2), 0.1, (3, 3, 3)))
    yield Case("no hidden layer", *course(6, (4, 3), 0.5, (2, 4, 2)), edge=True)
    yield Case("float32", *course(6, (3, 4, 2), 0.2, (3, 2), narrow=True))
    yield Case("a single step", *course(6, (3, 4, 2), 0.3, (3,)), edge=True)
    yield Case("no batches", *_labelled(rng, 5, 3, 4, 2), 0.1, [], edge=True)


def _keeps_clear(X, labels, weights, biases, lr, batches) -> bool:
    for step in range(len(batches) + 1):
        reached = reference.train_mlp(X, labels, weights, biases, lr, batches[:step])[:2]
        if any(np.abs(z).min() < 0.003 for z in _hidden(X, *reached)[:-1]):
            return False
    return True


train_mlp = Exercise(
    reference.train_mlp, points=3, cases=trainings, outputs=("weights", "biases", "losses"), rtol=1e-5, lean=True
)


def _train(X, labels, weights, biases, lr, batches, step):
    """Training with a step of one's own: step(parameters, X of the batch, labels of the batch) -> loss."""
    weights, biases = [1.0 * W for W in weights], [1.0 * b for b in biases]
    losses = [step(weights, biases, X[batch], labels[batch]) for batch in batches]
    return weights, biases, np.array(losses)


def _move(parameters, gradients, lr):
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter -= (lr * gradient).astype(parameter.dtype)


def _step(lr):
    def step(weights, biases, X, labels):
        loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
        _move(weights + biases, dweights + dbiases, lr)
        return loss

    return step


@train_mlp.mistake(sign=signs.changes_input)
def changes_initial_weights(X, labels, weights, biases, lr, batches):
    """The parameters you were given have changed; a second call would start from the trained ones. A copy of the list is not
    yet a copy of its arrays."""
    step = _step(lr)
    losses = [step(weights, biases, X[batch], labels[batch]) for batch in batches]
    return weights, biases, np.array(losses)


@train_mlp.mistake
def gradients_accumulate(X, labels, weights, biases, lr, batches):
    """The first step is right, the second is too large: the gradients of the step before are still in it."""
    total = [np.zeros(p.shape) for p in weights + biases]

    def step(weights, biases, X, labels):
        loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
        for all_so_far, gradient in zip(total, dweights + dbiases, strict=True):
            all_so_far += gradient
        _move(weights + biases, total, lr)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def full_batch_always(X, labels, weights, biases, lr, batches):
    """A gradient or a loss is that of all data; each step, and the loss recorded before it, sees only the examples of its batch."""
    return reference.train_mlp(X, labels, weights, biases, lr, [np.arange(len(X))] * len(batches))


@train_mlp.mistake
def full_batch_always(X, labels, weights, biases, lr, batches):
    """The loss alone is that of all data."""

    def step(weights, biases, X_batch, labels_batch):
        loss, *_ = reference.mlp_loss_and_gradients(X, labels, weights, biases)
        _step(lr)(weights, biases, X_batch, labels_batch)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def full_batch_always(X, labels, weights, biases, lr, batches):
    """The step alone is made on all data."""

    def step(weights, biases, X_batch, labels_batch):
        loss, *_ = reference.mlp_loss_and_gradients(X_batch, labels_batch, weights, biases)
        _step(lr)(weights, biases, X, labels)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def climbs(X, labels, weights, biases, lr, batches):
    """The first loss is right, but then you walk uphill: the gradient points to larger losses, so it is to be subtracted."""
    return reference.train_mlp(X, labels, weights, biases, -lr, batches)


@train_mlp.mistake
def divided_by_batch_size(X, labels, weights, biases, lr, batches):
    """Your steps are too small by the size of the batch: the gradient that you take is that of a mean already."""

    def step(weights, biases, X, labels):
        return _step(lr / len(X))(weights, biases, X, labels)

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def gradients_at_the_start(X, labels, weights, biases, lr, batches):
    """The first step is right; later gradients are still those at the network you were given, not at the one you have reached."""
    start = weights, biases

    def step(weights, biases, X, labels):
        loss, *_ = reference.mlp_loss_and_gradients(X, labels, weights, biases)
        _, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, *start)
        _move(weights + biases, dweights + dbiases, lr)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def gradients_at_the_start(X, labels, weights, biases, lr, batches):
    """The losses too."""
    start = weights, biases

    def step(weights, biases, X, labels):
        loss, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, *start)
        _move(weights + biases, dweights + dbiases, lr)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def loss_after_update(X, labels, weights, biases, lr, batches):
    """The first loss should be that of the untouched network on its first minibatch; yours is recorded after the step."""

    def step(weights, biases, X, labels):
        _step(lr)(weights, biases, X, labels)
        return reference.mlp_loss_and_gradients(X, labels, weights, biases)[0]

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def first_layer_updated_before_backward(X, labels, weights, biases, lr, batches):
    """A layer is changed while gradients are still being computed; all gradients of one step belong to the same parameters."""

    def step(weights, biases, X, labels):
        loss = None
        for layer in range(len(weights)):
            now, dweights, dbiases = reference.mlp_loss_and_gradients(X, labels, weights, biases)
            loss = now if loss is None else loss
            _move([weights[layer], biases[layer]], [dweights[layer], dbiases[layer]], lr)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def first_layer_updated_before_backward(X, labels, weights, biases, lr, batches):
    """From the last layer on: the message passes through weights that are new already."""

    def step(weights, biases, X, labels):
        zs = _hidden(X, weights, biases)
        hs = [X, *(np.maximum(z, 0) for z in zs[:-1])]
        dz, log_p = _log_softmax(zs[-1])
        right = np.arange(len(X)), labels
        dz[right] -= 1
        dz = dz / len(X)
        for layer in range(len(weights) - 1, -1, -1):
            _move([weights[layer], biases[layer]], [dz.T @ hs[layer], dz.sum(axis=0)], lr)
            if layer:
                dz = (dz @ weights[layer]) * (zs[layer - 1] > 0)
        return -log_p[right].mean()

    return _train(X, labels, weights, biases, lr, batches, step)


@train_mlp.mistake
def biases_not_trained(X, labels, weights, biases, lr, batches):
    """Your biases stay where they were; they are parameters like the weights."""

    def step(weights, biases, X, labels):
        loss, dweights, _ = reference.mlp_loss_and_gradients(X, labels, weights, biases)
        _move(weights, dweights, lr)
        return loss

    return _train(X, labels, weights, biases, lr, batches, step)


# ------------------------------------------------------------------------------------------ Hessian times vector


def curvatures(rng: np.random.Generator) -> Iterator[Case]:
    f = given.function

    def arrays(D: int) -> tuple[np.ndarray, np.ndarray]:
        return _numbers(rng, D), _numbers(rng, D)

    def symmetric(D: int) -> np.ndarray:
        A = _numbers(rng, D, D)
        return (A + A.T).round(2)

    def pointing(D: int, length: float) -> np.ndarray:
        v = _numbers(rng, D)
        return np.array([float(f"{number:.3g}") for number in length * v / np.linalg.norm(v)])

    quartics = f("chain of quartics")
    yield Case("chain of quartics", quartics, *arrays(5))
    yield Case("coupled cosine", f("coupled cosine"), *arrays(int(rng.integers(4, 8))))
    yield Case("fifth powers", f("fifth powers"), *arrays(4))
    yield Case("a quadratic: the gradient is linear", given.linear(symmetric(4)), *arrays(4))
    yield Case("chain of quartics, v of length 3", quartics, _numbers(rng, 6), pointing(6, 3.0))
    narrow = (a.astype(np.float32) for a in arrays(4))
    yield Case("float32, a linear gradient", given.linear(symmetric(4)), *narrow, 0.5)
    yield Case("200 coordinates", f("coupled cosine"), *arrays(200), edge=True)
    yield Case("v of length 100000", quartics, _numbers(rng, 4), pointing(4, 1e5), edge=True)
    yield Case("v of length 1e-7", quartics, _numbers(rng, 4), pointing(4, 1e-7), edge=True)
    yield Case("v = 0", quartics, _numbers(rng, 4), np.zeros(4), edge=True)
    yield Case("integers", quartics, _integers(rng, 4), _integers(rng, 4), edge=True)
    yield Case("eps = 0.5", f("fifth powers"), *arrays(4), 0.5, edge=True)


hessian_vector_product = Exercise(
    reference.hessian_vector_product,
    points=2,
    cases=curvatures,
    outputs=("the calls of grad_fn", "Hv"),
    probe=probes.counting_calls,
    view=views.few_calls,
    lean=True,
    rtol=1e-5,
    atol=1e-9,
)


def _along(grad_fn, x, v, eps, rule=lambda at, eps: (at(eps) - at(-eps)) / (2 * eps), unit=True, times_length=True):
    """The change of the gradient along v with the parts to choose."""
    length = np.linalg.norm(v)
    if length == 0:
        return np.zeros(len(x))
    direction = v / length if unit else v
    change = rule(lambda step: grad_fn(x + step * direction), eps)
    return change * length if unit and times_length else change


@hessian_vector_product.mistake
def one_sided(grad_fn, x, v, eps=1e-4):
    """Two gradients, one on each side of x: the difference to one side has an error like eps, not eps squared."""
    return _along(grad_fn, x, v, eps, lambda at, eps: (at(eps) - at(0)) / eps)


@hessian_vector_product.mistake
def one_sided(grad_fn, x, v, eps=1e-4):
    return _along(grad_fn, x, v, eps, lambda at, eps: (at(0) - at(-eps)) / eps)


@hessian_vector_product.mistake
def one_sided(grad_fn, x, v, eps=1e-4):
    return _along(grad_fn, x, v, eps, lambda at, eps: (at(eps) - at(0)) / eps, unit=False)


@hessian_vector_product.mistake
def direction_not_normalised(grad_fn, x, v, eps=1e-4):
    """Fine for short v; for a vector of length 1e5 you leave the neighbourhood of x. Step along v/||v||."""
    return _along(grad_fn, x, v, eps, unit=False)


@hessian_vector_product.mistake(sign=signs.not_finite)
def zero_direction_nan(grad_fn, x, v, eps=1e-4):
    """For v = 0 you divide zero by zero. What is H times zero?"""
    if not v.any():
        return np.full(len(x), np.nan)
    return _along(grad_fn, x, v, eps)


@hessian_vector_product.mistake
def length_lost(grad_fn, x, v, eps=1e-4):
    """Your result does not double when v doubles: the length of v must come back in."""
    return _along(grad_fn, x, v, eps, times_length=False)


@hessian_vector_product.mistake
def divides_by_eps(grad_fn, x, v, eps=1e-4):
    """Twice too large: the two points are 2 eps apart."""
    return _along(grad_fn, x, v, eps, lambda at, eps: (at(eps) - at(-eps)) / eps)


def _whole_hessian(grad_fn, x, v, eps, rule):
    columns = [rule(lambda step, e=e: grad_fn(x + step * e), eps) for e in np.eye(len(x))]
    return np.column_stack(columns) @ v


@hessian_vector_product.mistake(sign=signs.only_fault)
def whole_hessian_is_too_slow(grad_fn, x, v, eps=1e-4):
    """Right, or nearly so, but you called the gradient once or twice for each of the D coordinates; two calls are enough."""
    return _whole_hessian(grad_fn, x, v, eps, lambda at, eps: (at(eps) - at(-eps)) / (2 * eps))


@hessian_vector_product.mistake
def whole_hessian_is_too_slow(grad_fn, x, v, eps=1e-4):
    return _whole_hessian(grad_fn, x, v, eps, lambda at, eps: (at(eps) - at(0)) / eps)


@hessian_vector_product.mistake
def length_squared(grad_fn, x, v, eps=1e-4):
    """Your result is four times as large when v doubles; H times v should double. The length of v comes back in once."""
    return np.linalg.norm(v) * reference.hessian_vector_product(grad_fn, x, v, eps)


@hessian_vector_product.mistake
def length_divided(grad_fn, x, v, eps=1e-4):
    """Your result does not double when v doubles, it halves: the difference is to be multiplied by the length of v."""
    length = np.linalg.norm(v)
    return reference.hessian_vector_product(grad_fn, x, v, eps) / (length**2 or 1)


@hessian_vector_product.mistake(sign=signs.rounds_off)
def distance_hard_coded(grad_fn, x, v, eps=1e-4):
    """Right at the usual distance only: where eps is 0.5 your result is not the difference over that distance. Do you use the
    argument?"""
    return reference.hessian_vector_product(grad_fn, np.asarray(x, float), np.asarray(v, float))


@hessian_vector_product.mistake
def distance_hard_coded(grad_fn, x, v, eps=1e-4):
    """In float32 a small distance leaves few digits, and which, depends on how it is written."""
    found = reference.hessian_vector_product(grad_fn, np.asarray(x, float), np.asarray(v, float))
    return 1.1 * found + 0.1 if x.dtype == np.float32 else found
