"""Lecture 03, multilayer perceptrons: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import multilayer_perceptrons as reference
from course import given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 1.5, shape)).round(2)


def _network(rng: np.random.Generator, *sizes: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and biases of a network with these numbers of units, inputs first."""
    weights = [_numbers(rng, o, i) for i, o in pairwise(sizes)]
    return weights, [_numbers(rng, o) for o in sizes[1:]]


def _integers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 4, shape) * rng.choice([-1, 1], shape)


# ------------------------------------------------------------------------------------------ XOR and parity


def four_inputs(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("the four inputs")


xor_network = Exercise(
    reference.xor_network, points=1, cases=four_inputs, outputs=("the network",), view=views.threshold_network
)


@xor_network.mistake(sign=signs.same_fault)
def or_gate():
    """Which of the four rows fails? One of your hidden units makes no difference there."""
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([1.0, 0.0]), -0.5


@xor_network.mistake(sign=signs.same_fault)
def on_the_threshold():
    """Right on paper, but one unit sits exactly on its threshold; move its bias half a step."""
    return np.ones((2, 2)), np.array([0.0, -1.0]), np.array([1.0, -2.0]), -0.5


@xor_network.mistake(sign=signs.same_fault)
def on_the_threshold():
    return np.ones((2, 2)), np.array([-0.5, -1.5]), np.array([1.0, -1.0]), 0.0


@xor_network.mistake(sign=signs.same_fault)
def complement():
    """All four rows are inverted: yours is 1 where the bits are equal."""
    W1, b1, w2, b2 = reference.xor_network()
    return W1, b1, -w2, -b2


@xor_network.mistake(sign=signs.same_fault)
def extra_inputs_bias_in_matrix():
    """W1 must be (2, 2), a column for each bit; the biases have their own array."""
    W1, b1, w2, b2 = reference.xor_network()
    return np.column_stack([W1, b1]), b1, w2, b2


def bits(rng: np.random.Generator) -> Iterator[Case]:
    for n in (3, 2, 4, 7, 10):
        yield Case(f"{n} bits", n)
    yield Case("a single bit", 1, edge=True)


parity_network = Exercise(
    reference.parity_network, points=2, cases=bits, outputs=("the network",), view=views.threshold_network
)


@parity_network.mistake(sign=signs.same_fault)
def one_unit_per_pattern(n):
    """Right, but the number of units doubles with every bit; parity depends only on how many bits are on."""
    patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    odd = patterns[patterns.sum(axis=1) % 2 == 1]
    return 2.0 * odd - 1, 0.5 - odd.sum(axis=1), np.ones(len(odd)), -0.5


@parity_network.mistake(sign=signs.same_fault)
def one_unit_per_pattern(n):
    patterns = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return 2.0 * patterns - 1, 0.5 - patterns.sum(axis=1), 1.0 * (patterns.sum(axis=1) % 2), -0.5


@parity_network.mistake(sign=signs.same_fault)
def one_unit_per_pattern(n):
    patterns = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)[1:]
    return 2.0 * patterns - 1, 0.5 - patterns.sum(axis=1), 1.0 * (patterns.sum(axis=1) % 2), -0.5


@parity_network.mistake(sign=signs.same_fault)
def no_alternating_signs(n):
    """Look at what the output receives when the number of ones grows from 0 to n; it must go up and down."""
    W1, b1, w2, b2 = reference.parity_network(n)
    return W1, b1, np.ones_like(w2), b2


@parity_network.mistake(sign=signs.same_fault)
def even_parity(n):
    """All rows are inverted: all zeros must give 0."""
    W1, b1, w2, b2 = reference.parity_network(n)
    return W1, b1, -w2, -b2


@parity_network.mistake(sign=signs.same_fault)
def thresholds_at_integers(n):
    """The sum of bits is an integer; thresholds belong between integers."""
    W1, b1, w2, b2 = reference.parity_network(n)
    return W1, b1 - 0.5, w2, b2


@parity_network.mistake(sign=signs.same_fault)
def output_on_the_threshold(n):
    """Right on paper, but the output unit sits exactly on its threshold; move its bias half a step."""
    W1, b1, w2, _ = reference.parity_network(n)
    return W1, b1, w2, 0.0


@parity_network.mistake(sign=signs.same_fault)
def one_bit_late(n):
    """The first bit that is on changes nothing in yours. At which number of ones does the first unit have to fire?"""
    W1, b1, w2, b2 = reference.parity_network(n)
    return W1, b1 - 1, w2, b2


@parity_network.mistake(sign=signs.same_fault)
def does_not_cross(n):
    """Your jumps go up and down by turns, but the sum doesn't cross zero with each of them: write it down after 0, 1, 2, 3,
    ... ones. Does it come back?"""
    W1, b1, w2, b2 = reference.parity_network(n)
    return W1, b1, np.where(w2 > 0, 1.0, -2.0), b2


# ------------------------------------------------------------------------------------------ the forward pass


def networks(rng: np.random.Generator) -> Iterator[Case]:
    N = int(rng.integers(5, 8))
    yield Case("one hidden layer, tanh", _numbers(rng, N, 3), *_network(rng, 3, 4, 2), "tanh")
    yield Case("two hidden layers, relu", _numbers(rng, 4, 3), *_network(rng, 3, 5, 4, 2), "relu")
    yield Case("logistic", _numbers(rng, 6, 2), *_network(rng, 2, 3, 1), "logistic")
    yield Case("identity", _numbers(rng, 4, 3), *_network(rng, 3, 2, 4), "identity")
    yield Case("one layer only, no hidden one", _numbers(rng, 5, 4), *_network(rng, 4, 3), "tanh")
    yield Case("five square layers", _numbers(rng, 4, 3), *_network(rng, 3, 3, 3, 3, 3, 3), "relu")
    yield Case("a single example", _numbers(rng, 1, 3), *_network(rng, 3, 4, 2), "logistic")
    weights, biases = _network(rng, 3, 4, 2)
    floats = [[a.astype(np.float32) for a in arrays] for arrays in (weights, biases)]
    yield Case("float32", _numbers(rng, 5, 3).astype(np.float32), *floats, "tanh")
    yield Case("no example at all", np.zeros((0, 3)), *_network(rng, 3, 4, 2), "relu", edge=True)
    weights, biases = (
        [np.array([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]), _numbers(rng, 2, 3)],
        list(_network(rng, 2, 3, 2)[1]),
    )
    X = np.array([[1e4, 0.0], [-1e4, 1e4], [0.5, -0.3]])
    yield Case("logistic with pre-activations of 10000 and -10000", X, weights, biases, "logistic", edge=True)
    whole = [_integers(rng, 4, 3), _integers(rng, 2, 4)], [_integers(rng, 4), _integers(rng, 2)]
    yield Case("integers", _integers(rng, 5, 3), *whole, "tanh", edge=True)
    whole = [_integers(rng, 4, 3), _integers(rng, 2, 4)], [_integers(rng, 4), _integers(rng, 2)]
    yield Case("integers, logistic", _integers(rng, 3, 3), *whole, "logistic", edge=True)


mlp_forward = Exercise(reference.mlp_forward, points=2, cases=networks, outputs=("the outputs",))


def _phi(z, activation):
    if activation == "relu":
        return np.maximum(z, 0)
    if activation == "tanh":
        return np.tanh(z)
    return (1 + np.tanh(z / 2)) / 2 if activation == "logistic" else z


def _forward(X, weights, biases, activation, layer=lambda h, W, b: h @ W.T + b, phi=_phi):
    """The forward pass with its parts to choose."""
    h = X
    for number, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = layer(h, W, b)
        h = z if number == len(weights) else phi(z, activation)
    return h


@mlp_forward.mistake
def activation_on_output(X, weights, biases, activation):
    """Your outputs never leave the range of the activation; the last layer is linear."""
    return _phi(_forward(X, weights, biases, activation), activation)


@mlp_forward.mistake
def weights_transposed(X, weights, biases, activation):
    """Your shapes fit only where a layer is square; W is (outputs, inputs), and an example is a row of X."""
    return _forward(X, weights, biases, activation, lambda h, W, b: h @ W + b)


@mlp_forward.mistake
def weights_transposed(X, weights, biases, activation):
    return _forward(X, weights, biases, activation, lambda h, W, b: _torch_product(h, W) + b)


def _torch_product(h, W):
    """As torch does it: another kind of error where shapes don't fit."""
    if h.shape[1] != W.shape[0]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    return h @ W


@mlp_forward.mistake
def no_biases(X, weights, biases, activation):
    """Where are the biases? Each layer adds its own, the last one too."""
    return _forward(X, weights, biases, activation, lambda h, W, b: h @ W.T)


@mlp_forward.mistake
def no_biases(X, weights, biases, activation):
    h = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        h = _phi(h @ W.T + b, activation)
    return h @ weights[-1].T


@mlp_forward.mistake
def no_activation(X, weights, biases, activation):
    """Your outputs are those of linear layers alone: the activation changes nothing in them."""
    return _forward(X, weights, biases, "identity")


@mlp_forward.mistake
def activation_on_input(X, weights, biases, activation):
    """In yours the inputs pass through the activation too, before the first layer; it comes after each hidden layer."""
    return _forward(_phi(X, activation), weights, biases, activation)


@mlp_forward.mistake(sign=signs.not_finite)
def logistic_overflows(X, weights, biases, activation):
    """A pre-activation of 10000 or -10000 gives NaN in yours, or an error, since an exponential overflows. Which form of
    the logistic never takes an exponential of a large number?"""

    def phi(z, activation):
        return np.exp(z) / (1 + np.exp(z)) if activation == "logistic" else _phi(z, activation)

    return _forward(X, weights, biases, activation, phi=phi)


@mlp_forward.mistake
def bias_after_activation(X, weights, biases, activation):
    """The bias shifts the input of the activation, so it is added before."""

    def hidden(h, W, b):
        return _phi(h @ W.T, activation) + b

    h = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        h = hidden(h, W, b)
    return h @ weights[-1].T + biases[-1]


@mlp_forward.mistake(sign=signs.changes_input)
def relu_in_place(X, weights, biases, activation):
    """Your function changed one of its inputs. Assigning to parts of an array changes it for the caller too; build a new one."""
    h = X
    if activation == "relu":
        h[h < 0] = 0
    return reference.mlp_forward(h, weights, biases, activation)


@mlp_forward.mistake(sign=signs.changes_input)
def relu_in_place(X, weights, biases, activation):
    right = reference.mlp_forward(X, weights, biases, activation)
    if activation == "relu":
        X[...] = np.maximum(X, 0)
    return right


@mlp_forward.mistake(sign=signs.changes_input)
def relu_in_place(X, weights, biases, activation):
    X[...] = _phi(X, activation) if activation != "identity" else X
    return reference.mlp_forward(X, weights, biases, activation)


@mlp_forward.mistake(sign=signs.changes_input)
def relu_in_place(X, weights, biases, activation):
    right = reference.mlp_forward(X, weights, biases, activation)
    if len(weights) > 1:
        biases[0][...] += 1
    return right


@mlp_forward.mistake(sign=signs.changes_input)
def relu_in_place(X, weights, biases, activation):
    right = reference.mlp_forward(X, weights, biases, activation)
    biases[-1][...] += 1
    return right


# ------------------------------------------------------------------------------------------ linear layers


def stacks(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("two layers, 4 to 3 to 2", *_network(rng, 4, 3, 2))
    yield Case("three layers, 2 to 5 to 3 to 4", *_network(rng, 2, 5, 3, 4))
    yield Case("three square layers", *_network(rng, 3, 3, 3, 3))
    yield Case("a bottleneck, 5 to 1 to 5", *_network(rng, 5, 1, 5))
    weights, biases = _network(rng, 3, 4, 2)
    yield Case("float32", [W.astype(np.float32) for W in weights], [b.astype(np.float32) for b in biases])
    yield Case("one layer", *_network(rng, 4, 3), edge=True)
    whole = [_integers(rng, 4, 3), _integers(rng, 2, 4)], [_integers(rng, 4), _integers(rng, 2)]
    yield Case("integers", *whole, edge=True)


collapse_linear = Exercise(reference.collapse_linear, points=1, cases=stacks, outputs=("W", "b"))


def _as_torch(answer):
    """The same answer where shapes that don't fit are torch's kind of error."""

    def with_runtime_error(*arguments):
        try:
            return answer(*arguments)
        except ValueError as error:
            raise RuntimeError(str(error)) from None

    with_runtime_error.__name__, with_runtime_error.__doc__ = answer.__name__, answer.__doc__
    return with_runtime_error


@collapse_linear.mistake
def biases_added(weights, biases):
    """The first bias passes through the second matrix, like everything that comes out of the first layer."""
    return reference.collapse_linear(weights, biases)[0], sum(biases[1:], biases[0])


collapse_linear.mistake(_as_torch(biases_added))


@collapse_linear.mistake
def wrong_order(weights, biases):
    """The layer that acts last stands on the left."""
    W = weights[0]
    for next_W in weights[1:]:
        W = W @ next_W
    return W, reference.collapse_linear(weights, biases)[1]


@collapse_linear.mistake
def wrong_order(weights, biases):
    W, b = weights[0], biases[0]
    for next_W, next_b in zip(weights[1:], biases[1:], strict=True):
        W, b = W @ next_W, b @ next_W + next_b
    return W, b


@collapse_linear.mistake
def wrong_order(weights, biases):
    W, b = weights[0], biases[0]
    for next_W, next_b in zip(weights[1:], biases[1:], strict=True):
        W, b = W @ next_W, W @ next_b + b
    return W, b


for way in (wrong_order, collapse_linear.mistakes["wrong_order"].ways[0]):
    collapse_linear.mistake(_as_torch(way))


@collapse_linear.mistake
def product_on_the_bias(weights, biases):
    """Your bias meets the product of the matrices, which has just been made. It must go through the next layer's own
    matrix: compute the new bias first, or both in one line."""
    W, b = weights[0], biases[0]
    for next_W, next_b in zip(weights[1:], biases[1:], strict=True):
        W = next_W @ W
        b = W @ b + next_b
    return W, b


collapse_linear.mistake(_as_torch(product_on_the_bias))


@collapse_linear.mistake
def last_bias_only(weights, biases):
    """What is the output for x = 0? The earlier biases reach it too."""
    return reference.collapse_linear(weights, biases)[0], biases[-1]


@collapse_linear.mistake
def transposed(weights, biases):
    """Check the shape of W: outputs first, as in the layers that you are given."""
    W, b = reference.collapse_linear(weights, biases)
    return W.T, b


# ------------------------------------------------------------------------------------------ the order of hidden units


def _order(rng: np.random.Generator, H: int) -> np.ndarray:
    """A permutation that is not its own inverse."""
    while True:
        perm = rng.permutation(H)
        if (perm[perm] != np.arange(H)).any():
            return perm


def shuffles(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("the only hidden layer", *_network(rng, 3, 4, 2), 0, _order(rng, 4))
    yield Case("the first of two", *_network(rng, 2, 5, 3, 2), 0, _order(rng, 5))
    yield Case("a middle layer", *_network(rng, 3, 4, 5, 3, 2), 1, _order(rng, 5))
    yield Case("the last of two, all layers square", *_network(rng, 3, 3, 3, 3), 1, _order(rng, 3))
    weights, biases = _network(rng, 2, 4, 3)
    yield Case(
        "float32", [W.astype(np.float32) for W in weights], [b.astype(np.float32) for b in biases], 0, _order(rng, 4)
    )
    yield Case("one unit", *_network(rng, 3, 1, 2), 0, np.array([0]), edge=True)
    whole = [_integers(rng, 3, 2), _integers(rng, 2, 3)], [_integers(rng, 3), _integers(rng, 2)]
    yield Case("integers", *whole, 0, _order(rng, 3), edge=True)


permute_hidden = Exercise(reference.permute_hidden, points=1, cases=shuffles, outputs=("weights", "biases"))


def _permuted(weights, biases, layer, rows, bias, columns):
    weights, biases = list(weights), list(biases)
    weights[layer], biases[layer] = weights[layer][rows], biases[layer][bias]
    weights[layer + 1] = weights[layer + 1][:, columns]
    return weights, biases


@permute_hidden.mistake
def outgoing_forgotten(weights, biases, layer, perm):
    """The function has changed; who reads the units you moved?"""
    return _permuted(weights, biases, layer, perm, perm, np.arange(len(perm)))


@permute_hidden.mistake
def rows_of_the_next_layer(weights, biases, layer, perm):
    """To the next layer the units that you moved are inputs: their weights stand in its columns, not in its rows."""
    weights, biases = list(weights), list(biases)
    weights[layer], biases[layer] = weights[layer][perm], biases[layer][perm]
    weights[layer + 1] = weights[layer + 1][perm]
    return weights, biases


@permute_hidden.mistake
def bias_forgotten(weights, biases, layer, perm):
    """A unit takes its bias along."""
    return _permuted(weights, biases, layer, perm, np.arange(len(perm)), perm)


@permute_hidden.mistake
def inverse_on_outgoing(weights, biases, layer, perm):
    """Column j of the next layer must belong to the same unit as row j here."""
    return _permuted(weights, biases, layer, perm, perm, np.argsort(perm))


@permute_hidden.mistake
def inverse_everywhere(weights, biases, layer, perm):
    """The function is the same, but in another order: unit j should be the old unit perm[j], and in yours the old unit j
    has become unit perm[j]."""
    back = np.argsort(perm)
    return _permuted(weights, biases, layer, back, back, back)


@permute_hidden.mistake(sign=signs.changes_input)
def changes_input(weights, biases, layer, perm):
    """The lists you were given have changed, or arrays in them; the caller still needs the old network."""
    weights[layer] = weights[layer][perm]
    biases[layer] = biases[layer][perm]
    weights[layer + 1] = weights[layer + 1][:, perm]
    return weights, biases


# ------------------------------------------------------------------------------------------ straight lines from kinks


def curves(rng: np.random.Generator) -> Iterator[Case]:
    def points(n: int, spread: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
        """Uneven steps, different slopes, nothing zero."""
        steps = rng.uniform(0.2, 0.2 + spread, n - 1) * np.linspace(1, 1.8, n - 1)
        x = np.concatenate([[0.0], np.cumsum(steps)]) - rng.uniform(0.5, 1.5)
        return x.round(2), (rng.permutation(np.linspace(-2, 2, n)) + 3 * rng.choice([-1, 1])).round(2)

    yield Case("uneven spacing", *points(int(rng.integers(5, 8))))
    yield Case("twelve points", *points(12))
    yield Case("three points", *points(3))
    x, y = points(6)
    y[3] = y[2]
    yield Case("equal neighbouring y", x, y)
    x, y = points(5)
    yield Case("float32", x.astype(np.float32), y.astype(np.float32))
    yield Case("two points", *points(2), edge=True)
    x, y = points(5)
    x[3:] += x[2] + 0.001 - x[3]
    yield Case("a segment of width 0.001", x.round(3), y, edge=True)
    x = np.cumsum(rng.integers(1, 4, 5) + np.array([0, 0, 1, 2, 0]))
    yield Case("integers", x, rng.permutation(np.arange(2, 7)) * np.array([1, -1, 1, 2, 1]), edge=True)


relu_interpolant = Exercise(
    reference.relu_interpolant,
    points=3,
    cases=curves,
    outputs=("the network", "f at the points", "f half way between", "f elsewhere"),
    view=views.interpolant,
    atol=1e-6,
)


def _kinks(x, y, slopes=None, at=None, w2=None, b2=None):
    """Units that open to the right, with the parts to choose."""
    slopes = np.diff(y) / np.diff(x) if slopes is None else slopes
    w2 = np.diff(slopes, prepend=0) if w2 is None else w2
    at = x[:-1] if at is None else at
    return np.ones(len(w2)), -1.0 * at, w2, float(y[0]) if b2 is None else b2


@relu_interpolant.mistake
def slopes_not_differences(x, y):
    """Right up to the second point; after it the earlier units are still on and add up."""
    return _kinks(x, y, w2=np.diff(y) / np.diff(x))


@relu_interpolant.mistake
def uneven_spacing_ignored(x, y):
    """This works only if the points are evenly spaced; each slope has its own width."""
    return _kinks(x, y, slopes=np.diff(y) / (x[1] - x[0]))


@relu_interpolant.mistake
def uneven_spacing_ignored(x, y):
    return _kinks(x, y, slopes=np.diff(y) / ((x[-1] - x[0]) / (len(x) - 1)))


@relu_interpolant.mistake
def offset_missing(x, y):
    """Your curve has the right shape but starts at 0."""
    return _kinks(x, y, b2=0.0)


@relu_interpolant.mistake
def kinks_at_right_ends(x, y):
    """Each kink is one point too late: where does a segment's unit have to open?"""
    return _kinks(x, y, at=x[1:])


@relu_interpolant.mistake
def not_divided(x, y):
    """A slope is rise over run: divide each difference of the y by that of its x."""
    return _kinks(x, y, slopes=np.diff(y))


@relu_interpolant.mistake
def run_over_rise(x, y):
    """A slope is rise over run; yours is run over rise."""
    with np.errstate(all="ignore"):
        return _kinks(x, y, slopes=np.diff(x) / np.diff(y))


@relu_interpolant.mistake
def bias_not_negated(x, y):
    """relu(s + x_i) opens at -x_i, not at x_i: look at the sign of b1."""
    return _kinks(x, y, at=-1.0 * x[:-1])


@relu_interpolant.mistake(sign=signs.differs)
def cut_to_integers(x, y):
    """Only where x and y hold whole numbers does yours go wrong. An array that is made like one of them, as by zeros_like,
    holds whole numbers as well, and cuts off what you write into it."""
    w1, b1, w2, b2 = _kinks(x, y)
    return (w1, b1, w2.astype(int), b2) if x.dtype.kind == "i" else (w1, b1, w2, b2)


# ------------------------------------------------------------------------------------------ tents


def foldings(rng: np.random.Generator) -> Iterator[Case]:
    for depth in (3, 2, 8, 12):
        yield Case(f"depth {depth}", depth)
    yield Case("depth 1", 1, edge=True)


tent_network = Exercise(reference.tent_network, points=2, cases=foldings, outputs=("the network",), view=views.tents)


@tent_network.mistake(sign=signs.same_fault)
def one_layer_short(depth):
    """Count the hidden layers of your network; the output layer is none of them."""
    if depth == 1:
        return [np.ones((1, 1))], [np.zeros(1)]
    return reference.tent_network(depth - 1)


@tent_network.mistake(sign=signs.same_fault)
def layer_for_t_itself(depth):
    """The function is right, but a layer of one unit that makes t stands between every two folds. Multiply it into the layer after it,
    as in collapse_linear."""
    steep, fold = np.array([[2.0], [4.0]]), np.array([[1.0, -1.0]])
    return [steep, fold] * depth, [np.array([0.0, -2.0]), np.zeros(1)] * depth


@tent_network.mistake(sign=signs.same_fault)
def units_read_as_t(depth):
    """The first layer is right, but your output at x differs from that at 1 - x: the second layer sees something other than t. In
    each of its rows the two units must be combined as they are in t."""
    weights, biases = reference.tent_network(depth)
    return [weights[0], *[np.diag([2.0, 4.0])] * (depth - 1), weights[-1]], biases


@tent_network.mistake(sign=signs.same_fault)
def units_read_as_t(depth):
    weights, biases = reference.tent_network(depth)
    return [weights[0], *[np.array([[2.0, 2.0], [4.0, 4.0]])] * (depth - 1), weights[-1]], biases


@tent_network.mistake(sign=signs.same_fault)
def identity_between(depth):
    """Your function has only two pieces whatever the depth: the deeper layers copy instead of folding again."""
    weights, biases = reference.tent_network(depth)
    return [weights[0], *[np.eye(2)] * (depth - 1), weights[-1]], [biases[0], *[np.zeros(2)] * (depth - 1), biases[-1]]


@tent_network.mistake(sign=signs.same_fault)
def shallow_and_wide(depth):
    """The right function, but the point is to need only two units a layer."""
    knots = np.arange(2**depth) / 2**depth
    changes = 2.0 ** (depth + 1) * np.where(np.arange(2**depth) % 2, -1, 1)
    changes[0] = 2.0**depth
    return [np.ones((2**depth, 1)), changes[None, :]], [-knots, np.zeros(1)]


@tent_network.mistake(sign=signs.same_fault)
def deep_bias_wrong(depth):
    """The first fold is right, a later one is not. What does its layer receive, and at which value of it must a unit open?"""
    weights, biases = reference.tent_network(depth)
    return weights, [biases[0], *[np.array([0.0, -1.0])] * (depth - 1), biases[-1]]


# ------------------------------------------------------------------------------------------ random features


def shelves(rng: np.random.Generator) -> Iterator[Case]:
    def run(label: str, name: str, num_features: int, edge: bool = False) -> Case:
        data_seed, seed = (int(s) for s in rng.integers(0, 2**31, 2))
        parts = (given.sample(part, data_seed, name) for part in ("X_train", "labels_train", "X_test"))
        return Case(label, *parts, num_features, seed, truth=(data_seed, name), edge=edge)

    yield run("digits, 500 features", "digits", 500)
    yield run("digits, 500 features, once more", "digits", 500)
    yield run("digits, 500 features, a third time", "digits", 500)
    yield run("rings, 500 features", "rings", 500)
    yield run("rings, 500 features, once more", "rings", 500)
    yield run("digits, as many features as examples", "digits", 1200, edge=True)
    yield run("digits, one feature less than examples", "digits", 1199, edge=True)


random_feature_classifier = Exercise(
    reference.random_feature_classifier,
    points=3,
    cases=shelves,
    outputs=("labels",),
    probe=probes.twice,
    view=views.classified,
    at_least={"accuracy on digits": 0.96, "accuracy on rings": 0.93},
)


def _fit(X_train, targets, X_test, num_features, seed, lam=1.0, phi=lambda z: np.maximum(z, 0), test_seed=None, bias=1):
    """Scores of the test data by ridge regression on random features, with the parts to choose."""

    def features(X, seed):
        rng = np.random.default_rng(seed)
        W, b = rng.normal(size=(num_features, X.shape[1])), rng.normal(size=num_features)
        return phi(X @ W.T + bias * b)

    H = features(X_train, seed)
    V = np.linalg.solve(H.T @ H + lam * np.eye(num_features), H.T @ targets)
    return features(X_test, seed if test_seed is None else test_seed) @ V


def _one_hot(labels):
    return np.eye(labels.max() + 1)[labels]


@random_feature_classifier.mistake(sign=signs.near_score)
def no_hidden_bias(X_train, labels, X_test, num_features, seed):
    """Digits are fine, but on the rings you are near chance. The rings differ in their distance from 0 alone: can your hidden units
    tell x from 2x? A unit without a bias only becomes twice as large."""
    return _fit(X_train, _one_hot(labels), X_test, num_features, seed, bias=0).argmax(axis=1)


@random_feature_classifier.mistake(sign=signs.near_score)
def too_much_ridge(X_train, labels, X_test, num_features, seed):
    """Digits are fine, and the rings are far above chance, yet below the bar: the fit follows the circles too stiffly. Is the
    ridge too strong, or are the random weights too small? Try a tenth of the one, or ten times the other."""
    return _fit(X_train, _one_hot(labels), X_test, num_features, seed, lam=3000.0).argmax(axis=1)


@random_feature_classifier.mistake(sign=signs.near_score)
def no_nonlinearity(X_train, labels, X_test, num_features, seed):
    """On the rings you are near chance, like any linear classifier; what is missing between the two layers?"""
    return _fit(X_train, _one_hot(labels), X_test, num_features, seed, phi=lambda z: z).argmax(axis=1)


@random_feature_classifier.mistake(sign=signs.near_score)
def new_features_for_test(X_train, labels, X_test, num_features, seed):
    """You are at chance level on test data, though training works; both must pass the same hidden layer."""
    return _fit(X_train, _one_hot(labels), X_test, num_features, seed, test_seed=seed + 1).argmax(axis=1)


@random_feature_classifier.mistake(sign=signs.lower_score)
def no_regularisation(X_train, labels, X_test, num_features, seed):
    """Good with 500 features, bad with 1200, as many as examples. What happens to the norm of the output weights?"""
    return _fit(X_train, _one_hot(labels), X_test, num_features, seed, lam=1e-7).argmax(axis=1)


@random_feature_classifier.mistake(sign=signs.near_score)
def regresses_the_label_number(X_train, labels, X_test, num_features, seed):
    """A 3 is not between a 2 and a 4; use one output for each class."""
    return np.rint(_fit(X_train, labels, X_test, num_features, seed)).astype(int)


@random_feature_classifier.mistake
def singular_normal_equations(X_train, labels, X_test, num_features, seed):
    """Some hidden units are off for every example, so H.T @ H can't be inverted. What could you add to its diagonal, and what
    would that do to the output weights?"""
    raise np.linalg.LinAlgError("Singular matrix")
