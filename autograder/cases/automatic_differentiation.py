"""Lecture 05, automatic differentiation: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by
hand.

The exercises have names of their own here, since mistakes call the parts of the library by theirs.
"""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from autograder.exercise import Exercise
from autograder.reference import automatic_differentiation as reference
from autograder.reference.automatic_differentiation import VJPS, Node, grad, ops, primitive, toposort, unbroadcast
from course import probes, signs, views
from course.case import Case

assert primitive  # the probes look for it among the names of this module


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 1.5, shape)).round(2)


def _number(rng: np.random.Generator) -> float:
    return float(_numbers(rng).item())


def _another_way(exercise: Exercise, mistake, *settings) -> None:
    """Register a mistake once more, with other settings behind its arguments."""

    def way(*arguments):
        return mistake(*arguments, *settings)

    way.__name__, way.__doc__ = mistake.__name__, mistake.__doc__
    exercise.mistake(way)


# ------------------------------------------------------------------------------------------ Node


def nodes_to_make(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, truth: str, value, fun: str = "tanh", args=None, kwargs=None) -> Case:
        return Case(name, value, fun, [_numbers(rng, 2)] if args is None else args, kwargs, truth=truth)

    x, y = _numbers(rng, 2, 3), _numbers(rng, 2, 3)
    yield case("args and parents given as lists become tuples", "record", (x * y).round(4), "multiply", [x, y])
    x = _numbers(rng, 2, 3)
    yield case("a call with keywords", "record", x.sum(axis=1).round(4), "sum", [x], {"axis": 1})
    yield case("a whole number as value", "value", int(rng.integers(2, 9)))
    yield case("a list as value", "value", [_number(rng), int(rng.integers(2, 9)), _number(rng)])
    yield case("a matrix of integers as value", "value", rng.integers(1, 9, (2, 3)))
    yield case("float32 as value", "value", _numbers(rng, 3).astype(np.float32))
    yield case("kwargs of two nodes are different dicts", "kwargs", _numbers(rng, 3))
    yield case("two nodes of the same value are two keys of a dict", "identity", _numbers(rng, 3))
    yield case("two nodes of the same number are two keys of a dict", "identity", _number(rng))
    yield case("an array or a number of numpy on the left of an operator", "operators", _numbers(rng, 2))


the_node = Exercise(
    reference.Node,
    points=1,
    cases=nodes_to_make,
    outputs=("the node",),
    probe=probes.node_attributes,
    view=views.node_attributes,
)


def _keep(node, value, fun, args, kwargs, parents):
    node.value, node.fun, node.args, node.kwargs, node.parents = value, fun, tuple(args), kwargs, tuple(parents)


@the_node.mistake(sign=signs.same_fault)
class IntegerValueKept:
    """Derivatives of integers round; store floats."""

    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        _keep(self, np.asarray(value), fun, args, kwargs or {}, parents)


@the_node.mistake(sign=signs.same_fault)
class IntegerValueKept:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        _keep(self, value, fun, args, kwargs or {}, parents)


@the_node.mistake(sign=signs.same_fault)
class SharedKwargs:
    """Changing kwargs of one node changes those of another."""

    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs={}, parents=()):  # noqa: B006
        _keep(self, np.asarray(value, dtype=float), fun, args, kwargs, parents)


@the_node.mistake(sign=signs.same_fault)
class NumpyTakesOver:
    """np.ones(2) + node gives an object array with two sums in it instead of one node."""

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        _keep(self, np.asarray(value, dtype=float), fun, args, kwargs or {}, parents)


@the_node.mistake(sign=signs.same_fault)
class EqualityByValue(Node):
    """Two different inputs with equal values would share one gradient."""

    def __eq__(self, other):
        return np.array_equal(self.value, other.value)

    __hash__ = None


# ------------------------------------------------------------------------------------------ primitive


def calls_to_record(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("the second of two is a Node", "multiply", [_numbers(rng, 2, 3), _numbers(rng, 3)], [None, "y"], {})
    yield Case("the first of two is a Node", "divide", [_numbers(rng, 2, 3), _number(rng)], ["x", None], {})
    yield Case("a number times a Node", "multiply", [_number(rng), _numbers(rng, 4)], [None, "y"], {})
    yield Case("both are Nodes", "subtract", [_numbers(rng, 2, 3), _numbers(rng, 2, 1)], ["x", "y"], {})
    x = _numbers(rng, 3)
    yield Case("the same Node twice", "multiply", [x, x], ["x", "x"], {})
    yield Case("no Node", "add", [_numbers(rng, 2), _numbers(rng, 2)], [None, None], {})
    yield Case("keyword arguments", "sum", [_numbers(rng, 2, 3)], ["x"], {"axis": 1, "keepdims": True})
    yield Case("keyword arguments and no Node", "sum", [_numbers(rng, 3, 2)], [None], {"axis": 0})
    yield Case("a Node of float32 numbers", "tanh", [_numbers(rng, 3).astype(np.float32)], ["x"], {})


the_primitive = Exercise(
    reference.primitive,
    points=2,
    cases=calls_to_record,
    outputs=("the record",),
    probe=probes.recorded,
    view=views.recorded,
)


def _recorder(fun, args, kwargs, places, numbers=None, raw_args=True):
    """The Node of a call, with its parts to choose. places: which arguments are unwrapped; numbers: for the pairs"""
    raw = [arg.value if place in places else arg for place, arg in enumerate(args)]
    pairs = [(place if numbers is None else numbers[k], args[place]) for k, place in enumerate(places)]
    return Node(fun(*raw, **kwargs), fun, raw if raw_args else args, kwargs, pairs)


def _places(args):
    return [place for place, arg in enumerate(args) if isinstance(arg, Node)]


@the_primitive.mistake(sign=signs.same_fault)
def only_first_argument(fun):
    """Try 2.0 * node."""

    def traced(*args, **kwargs):
        if not isinstance(args[0], Node):
            return fun(*args, **kwargs)
        return _recorder(fun, args, kwargs, _places(args))

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def only_first_argument(fun):
    def traced(*args, **kwargs):
        if not isinstance(args[0], Node):
            return fun(*args, **kwargs)
        return _recorder(fun, args, kwargs, [0])

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def only_first_argument(fun):
    def traced(first, *rest, **kwargs):
        value = fun(first.value, *rest, **kwargs)
        return Node(value, fun, (first.value, *rest), kwargs, ((0, first),))

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def always_a_node(fun):
    """Without any Node there is nothing to record."""
    return lambda *args, **kwargs: _recorder(fun, args, kwargs, _places(args))


@the_primitive.mistake(sign=signs.same_fault)
def always_a_node(fun):
    def traced(*args, **kwargs):
        nodes = [arg if isinstance(arg, Node) else Node(arg) for arg in args]
        return _recorder(fun, nodes, kwargs, range(len(nodes)))

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def same_node_counted_once(fun):
    """x * x uses x twice; how many messages must reach x?"""

    def traced(*args, **kwargs):
        places = _places(args)
        if not places:
            return fun(*args, **kwargs)
        node = _recorder(fun, args, kwargs, places)
        node.parents = tuple({arg: (place, arg) for place, arg in reversed(node.parents)}.values())[::-1]
        return node

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def argnum_among_nodes(fun):
    """In 2.0 * node the node is argument 1."""

    def traced(*args, **kwargs):
        places = _places(args)
        return _recorder(fun, args, kwargs, places, range(len(places))) if places else fun(*args, **kwargs)

    return traced


@the_primitive.mistake(sign=signs.same_fault)
def nodes_left_in_args(fun):
    """VJPs compute with args; they need plain arrays."""

    def traced(*args, **kwargs):
        places = _places(args)
        return _recorder(fun, args, kwargs, places, raw_args=False) if places else fun(*args, **kwargs)

    return traced


# ------------------------------------------------------------------------------------------ unbroadcast


def broadcast_shapes(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, from_shape: tuple[int, ...], shape: tuple[int, ...], edge: bool = False) -> Case:
        return Case(name, _numbers(rng, *from_shape), shape, edge=edge)

    yield case("a row that became a matrix", (4, 3), (3,))
    yield case("the same shape", (2, 3), (2, 3))
    yield case("two leading axes added", (2, 4, 3), (3,))
    yield case("a column that was stretched", (4, 3), (4, 1))
    yield case("a row of a matrix that was stretched", (4, 3), (1, 3))
    yield case("a column that became a stack of matrices", (2, 4, 3), (4, 1))
    yield case("a matrix of one row, stretched and stacked", (5, 2, 3), (1, 3))
    yield case("a number that became a matrix", (2, 3), ())
    yield case("an array of one number that became a matrix", (2, 3), (1,))
    yield case("an array of one number, stretched", (4,), (1,))
    yield case("a row that became a square", (3, 3), (3,))
    yield case("a column that became a square", (3, 3), (3, 1))
    yield case("a cube from a matrix with a stretched axis", (3, 3, 3), (3, 1, 3))
    yield Case("float32", _numbers(rng, 4, 3).astype(np.float32), (3,))
    yield case("a number that stayed one", (), (), edge=True)
    yield case("a row that was stacked no times", (0, 3), (3,), edge=True)
    yield case("an axis stretched to length 0", (2, 0), (2, 1), edge=True)


the_unbroadcast = Exercise(reference.unbroadcast, points=2, cases=broadcast_shapes, outputs=("the summed signal",))


def _stretched(shape):
    return tuple(axis for axis, length in enumerate(shape) if length == 1)


@the_unbroadcast.mistake
def keeps_leading_axes(g, shape):
    """All copies contribute."""
    while g.ndim > len(shape):
        g = g[0]
    return g.sum(axis=_stretched(shape), keepdims=True)


@the_unbroadcast.mistake
def keeps_leading_axes(g, shape):
    while g.ndim > len(shape):
        g = g[-1]
    return g.sum(axis=_stretched(shape), keepdims=True)


@the_unbroadcast.mistake
def keeps_leading_axes(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for axis in _stretched(shape):
        g = np.take(g, [0], axis=axis)
    return g


@the_unbroadcast.mistake
def keeps_leading_axes(g, shape):
    return g.sum(axis=tuple(axis + g.ndim - len(shape) for axis in _stretched(shape)), keepdims=True)


@the_unbroadcast.mistake
def size_one_axes_dropped(g, shape):
    """The values are right, the shape is (3,) instead of (1, 3)."""
    added = g.ndim - len(shape)
    return g.sum(axis=tuple(range(added)) + tuple(added + axis for axis in _stretched(shape)))


@the_unbroadcast.mistake
def mean_instead_of_sum(g, shape):
    """An input that was copied n times receives n messages - they add."""
    g = g.mean(axis=tuple(range(g.ndim - len(shape))))
    return g.mean(axis=_stretched(shape), keepdims=True)


@the_unbroadcast.mistake
def aligned_from_the_left(g, shape):
    """Broadcasting lines up shapes from the right."""
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    return g.sum(axis=_stretched(shape), keepdims=True)


@the_unbroadcast.mistake
def aligned_from_the_left(g, shape):
    axes = [axis for axis in range(g.ndim) if axis >= len(shape) or shape[axis] != g.shape[axis]]
    return g.sum(axis=tuple(axes)).reshape(shape)


@the_unbroadcast.mistake
def aligned_from_the_left(g, shape):
    axes = [axis for axis in range(g.ndim) if axis >= len(shape) or shape[axis] == 1]
    return g.sum(axis=tuple(axes), keepdims=True).reshape(shape)


# ------------------------------------------------------------------------------------------ the table of VJPs


def calls_of_vjps(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, fun: str, *args, edge: bool = False, **kwargs) -> Case:
        shape = np.shape(getattr(np, fun)(*args, **kwargs))
        return Case(f"{fun}, {name}", fun, _numbers(rng, *shape), list(args), kwargs, edge=edge)

    def m(*shape: int) -> np.ndarray:
        return _numbers(rng, *shape)

    yield case("a matrix and a row", "add", m(2, 3), m(3))
    yield case("a number on the left", "add", _number(rng), m(3), edge=True)
    yield case("a column and a row", "subtract", m(2, 1), m(1, 3))
    yield case("a number on the right", "subtract", m(3), _number(rng), edge=True)
    yield case("a matrix and a column", "multiply", m(2, 3), m(2, 1))
    yield case("a number on the right", "multiply", m(3), _number(rng), edge=True)
    yield case("a matrix by a row", "divide", m(2, 3), m(3))
    yield case("a number on the left", "divide", _number(rng), m(3), edge=True)
    yield case("a row and a matrix", "maximum", m(3), m(2, 3))
    x = m(4)
    yield case("two ties", "maximum", x, np.where([True, False, True, False], x, x + m(4)).round(2))
    x = m(2, 2)
    x[int(rng.integers(2)), int(rng.integers(2))] = 0.0
    yield case("against 0.0, with a tie", "maximum", x, 0.0)
    yield case("a matrix", "negative", m(2, 3))
    yield case("a matrix", "exp", m(2, 3))
    yield case("positive numbers", "log", np.abs(m(2, 3)))
    yield case("a matrix", "tanh", m(2, 3))
    yield case("2 x 3 by 3 x 2", "matmul", m(2, 3), m(3, 2))
    yield case("square matrices", "matmul", m(2, 2), m(2, 2))
    yield case("all of a matrix", "sum", m(2, 3))
    yield case("axis 0", "sum", m(2, 3), axis=0)
    yield case("axis 1", "sum", m(2, 3), axis=1)
    yield case("axis 1 of a square matrix", "sum", m(2, 2), axis=1)
    yield case("axis -1, kept", "sum", m(2, 3), axis=-1, keepdims=True)
    yield case("axes 0 and 2", "sum", m(2, 3, 2), axis=(0, 2))
    yield case("axes 0 and 2, kept", "sum", m(2, 3, 2), axis=(0, 2), keepdims=True, edge=True)
    yield case("all of it, kept", "sum", m(2, 2), keepdims=True, edge=True)
    yield case("float32", "multiply", m(2, 3).astype(np.float32), m(3).astype(np.float32))
    yield case("a number", "sum", m(), edge=True)
    yield case("50 and -50", "tanh", np.array([50.0, -50.0, _number(rng)]), edge=True)


the_table = Exercise(
    reference.vjp_table,
    points=3,
    cases=calls_of_vjps,
    outputs=("the VJPs", "their sums for -2 g"),
    probe=probes.vjp_outputs,
    lean=True,
)
BINARY = ("add", "subtract", "multiply", "divide", "maximum")


def _table(**changed):
    """The right table with other entries."""
    return {**reference.vjp_table(), **changed}


def _larger(x, y):
    return np.where(np.equal(x, y), 0.5, np.greater(x, y))


_STRAIGHT = {
    "add": (lambda g, ans, x, y: g, lambda g, ans, x, y: g),
    "subtract": (lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
    "multiply": (lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
    "divide": (lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * x / y**2),
    "maximum": (lambda g, ans, x, y: g * _larger(x, y), lambda g, ans, x, y: g * _larger(y, x)),
}


def no_unbroadcast(names=BINARY):
    """The gradient of an argument has the shape of the argument."""
    return _table(**{name: _STRAIGHT[name] for name in names})


the_table.mistake(no_unbroadcast)


for name in (*((one,) for one in BINARY), BINARY[:4]):
    _another_way(the_table, no_unbroadcast, name)


@the_table.mistake
def divide_sign():
    """A larger denominator makes the quotient smaller."""
    right, left = reference.vjp_table()["divide"]
    return _table(divide=(right, lambda *arguments: -left(*arguments)))


@the_table.mistake
def subtract_sign():
    """The more is subtracted, the smaller is the difference."""
    right, left = reference.vjp_table()["subtract"]
    return _table(subtract=(right, lambda *arguments: -left(*arguments)))


@the_table.mistake
def divide_without_x():
    """x / y is x times 1 / y: x is a factor of the derivative with respect to y, too."""
    left, _ = reference.vjp_table()["divide"]
    return _table(divide=(left, lambda g, ans, x, y: unbroadcast(-g / np.square(y) * np.ones_like(ans), np.shape(y))))


def matmul_not_transposed(left=lambda g, x, y: g @ y, right=lambda g, x, y: x @ g):
    """Check with two square matrices against finite differences."""
    return _table(matmul=(lambda g, ans, x, y: left(g, x, y), lambda g, ans, x, y: right(g, x, y)))


the_table.mistake(matmul_not_transposed)
_LEFT = (lambda g, x, y: g @ y.T, lambda g, x, y: g @ y, lambda g, x, y: y @ g, lambda g, x, y: y.T @ g)
_RIGHT = (lambda g, x, y: x.T @ g, lambda g, x, y: x @ g, lambda g, x, y: g @ x, lambda g, x, y: g @ x.T)
for left, right in ((0, 1), (1, 0), (2, 2), (0, 2), (2, 0), (3, 3)):
    _another_way(the_table, matmul_not_transposed, _LEFT[left], _RIGHT[right])


@the_table.mistake
def sum_without_expand():
    """Right for axis 0 and None; for axis 1 the numbers land in the wrong places."""
    return _table(sum=(lambda g, ans, x, axis=None, keepdims=False: g * np.ones(np.shape(x)),))


@the_table.mistake
def maximum_ties():
    """At ties your two shares add up to twice the message."""
    return _table(
        maximum=(
            lambda g, ans, x, y: unbroadcast(g * np.greater_equal(x, y), np.shape(x)),
            lambda g, ans, x, y: unbroadcast(g * np.greater_equal(y, x), np.shape(y)),
        )
    )


@the_table.mistake(sign=signs.differs)
def ties_not_shared():
    """Where both arguments are equal, each gets half of the message."""
    return _table(
        maximum=(
            lambda g, ans, x, y: unbroadcast(g * np.greater(x, y), np.shape(x)),
            lambda g, ans, x, y: unbroadcast(g * np.greater(y, x), np.shape(y)),
        )
    )


def local_derivative_only(names=(*BINARY, "negative", "exp", "log", "tanh", "matmul", "sum")):
    """A VJP multiplies the local derivative with the incoming message."""
    table = reference.vjp_table()

    def ignoring(vjp):
        return lambda g, ans, *args, **kwargs: vjp(np.ones(np.shape(ans)), ans, *args, **kwargs)

    return table | {name: tuple(map(ignoring, table[name])) for name in names}


the_table.mistake(local_derivative_only, sign=signs.deaf)
UNARY = ("negative", "exp", "log", "tanh")
for names in (
    UNARY,
    UNARY[1:],
    ("exp",),
    ("tanh",),
    ("exp", "tanh"),
    ("exp", "log"),
    ("maximum",),
    ("sum",),
    (*UNARY, "sum"),
):
    _another_way(the_table, local_derivative_only, names)
for names in (
    (*UNARY, "multiply", "divide"),
    (*UNARY[1:], "multiply", "divide"),
    ("multiply", "divide"),
    ("multiply",),
):
    _another_way(the_table, local_derivative_only, names)
for names in ((*UNARY, *BINARY), (*UNARY, *BINARY, "sum"), (*UNARY, "multiply", "divide", "maximum", "matmul", "sum")):
    _another_way(the_table, local_derivative_only, names)


# ------------------------------------------------------------------------------------------ toposort


def _chain(rng: np.random.Generator, start: str, letter: str) -> tuple[str, str]:
    """Statements of two to four steps from a name, and the last one's name."""
    length, funs = int(rng.integers(2, 5)), ("negative", "tanh")
    names = [start, *(f"{letter}{k}" for k in range(1, length + 1))]
    steps = [f"{new} = {funs[int(rng.integers(2))]}({old})" for old, new in pairwise(names)]
    return "; ".join(steps), names[-1]


def graphs(rng: np.random.Generator) -> Iterator[Case]:
    letters = [str(letter) for letter in rng.permutation(list("pqrstuvwxyz"))]
    x, y, z = letters[:3]
    long, last = _chain(rng, x, "a")
    yield Case("a long path, then a short one, to the same node", f"{x}; {long}; {z} = multiply({last}, {x})")
    long, last = _chain(rng, x, "b")
    yield Case("a short path, then a long one, to the same node", f"{x}; {long}; {z} = add({x}, {last})")
    one, left = _chain(rng, x, "a")
    two, right = _chain(rng, x, "b")
    yield Case("two paths to the same node", f"{x}; {one}; {two}; {z} = add({left}, {right})")
    yield Case("the same parent twice", f"{x}; {y} = multiply({x}, {x}); {z} = add({y}, {y})")
    long, last = _chain(rng, x, "a")
    more, other = _chain(rng, last, "c")
    text = f"{x}; {y}; {long}; {z} = add({last}, {x}); {more}; d = multiply({other}, {y}); e = add({z}, d) -> {z}"
    yield Case("nodes that do not lead to the end", text)
    yield Case("60 nodes at random", f"60 nodes at random, seed {int(rng.integers(1000))}")
    one, left = _chain(rng, x, "a")
    two, right = _chain(rng, y, "b")
    text = f"{x}; c = multiply({x}, {x}); {one}; d = add(c, {left})"
    more = f"{y}; e = multiply({y}, {y}); {two}; f = add({right}, e)"
    yield Case("squares beside longer paths", f"{text}; {more}; {z} = multiply(d, f)")
    yield Case("a single node", x, edge=True)
    yield Case(
        "60 doubled edges, with more than a million of a million paths",
        f"{y}; 60 times: {y} = add({y}, {y})",
        edge=True,
    )
    yield Case("a chain of 20000 nodes", f"{z}; 20000 times: {z} = negative({z})", edge=True)


the_toposort = Exercise(
    reference.toposort,
    points=2,
    cases=graphs,
    outputs=("the order",),
    probe=probes.sorted_nodes,
    view=views.sorted_nodes,
    cpu_limit=2,
    lean=True,
)


def _parents(node, turned=False):
    parents = [parent for _, parent in node.parents]
    return parents[::-1] if turned else parents


def _in_depth(node, turned, order, seen):
    """Post-order, parents first, by recursion."""
    if node not in seen:
        seen.add(node)
        for parent in _parents(node, turned):
            _in_depth(parent, turned, order, seen)
        order.append(node)
    return order


@the_toposort.mistake
def recursion_limit(end_node):
    """Works for small graphs; a recurrent network unrolled over thousands of steps is a long chain."""
    return _in_depth(end_node, False, [], set())[::-1]


@the_toposort.mistake(sign=signs.same_fault)
def breadth_first(end_node, turned=False):
    """A node reached by a short path was listed before a child on the long path."""
    order, seen = [end_node], {end_node}
    for node in order:
        for parent in _parents(node, turned):
            if parent not in seen:
                seen.add(parent)
                order.append(parent)
    return order


@the_toposort.mistake(sign=signs.same_fault)
def breadth_first(end_node, turned=False):
    """A node is seen when it is taken from the queue, not when it is put there."""
    order, queue = {}, deque([end_node])
    while queue:
        node = queue.popleft()
        if node not in order:
            order[node] = None
            queue.extend(_parents(node, turned))
    return list(order)


@the_toposort.mistake(sign=signs.same_fault)
def duplicates(end_node, turned=False):
    """A node appears more than once."""
    order = []

    def visit(node):
        for parent in _parents(node, turned):
            visit(parent)
        order.append(node)

    visit(end_node)
    return order[::-1]


@the_toposort.mistake(sign=signs.same_fault)
def duplicates(end_node, turned=False):
    order, queue = [], deque([end_node])
    while queue:
        order.append(queue.popleft())
        queue.extend(_parents(order[-1], turned))
    return order


@the_toposort.mistake(sign=signs.same_fault)
def duplicates(end_node, turned=False):
    """Nodes on the stack are not known yet."""
    order, seen, stack = [], set(), [end_node]
    while stack:
        node = stack.pop()
        order.append(node)
        seen.add(node)
        stack.extend(parent for parent in _parents(node, turned) if parent not in seen)
    return order


@the_toposort.mistake(sign=signs.same_fault)
def pre_order(end_node, turned=False):
    """Correct for trees; look for a node that is listed before one of the nodes which use it."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            order.append(node)
            for parent in _parents(node, turned):
                visit(parent)

    visit(end_node)
    return order


@the_toposort.mistake(sign=signs.same_fault)
def pre_order(end_node, turned=False):
    order, seen, stack = [], {end_node}, [end_node]
    while stack:
        order.append(stack.pop())
        for parent in _parents(order[-1], turned):
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return order


for name in ("breadth_first", "duplicates", "pre_order"):
    for way in the_toposort.mistakes[name].ways:
        _another_way(the_toposort, way, True)


def _counted(end_node, last_first=True, counted_once=True):
    """By the numbers of uses, of which several by one node count once here, and several there: before, or afterwards."""
    counts, known = {}, {end_node: None}
    for node in (walk := [end_node]):
        for parent in dict.fromkeys(_parents(node)) if counted_once else _parents(node):
            counts[parent] = counts.get(parent, 0) + 1
            if parent not in known:
                known[parent] = None
                walk.append(parent)
    order, ready = [], deque([end_node])
    while ready:
        node = ready.pop() if last_first else ready.popleft()
        order.append(node)
        for parent in _parents(node) if counted_once else dict.fromkeys(_parents(node)):
            counts[parent] -= 1
            if counts[parent] == 0:
                ready.append(parent)
    return order


@the_toposort.mistake(sign=signs.same_fault)
def two_uses_counted_as_one(end_node):
    """x * x uses x twice: what is subtracted from its count must be what was added."""
    return _counted(end_node)


@the_toposort.mistake(sign=signs.same_fault)
def two_uses_counted_as_one(end_node):
    return _counted(end_node, last_first=False)


@the_toposort.mistake(sign=signs.same_fault)
def two_uses_counted_as_one(end_node):
    return _counted(end_node, counted_once=False)


@the_toposort.mistake
def exponential(end_node):
    """The time doubles with each diamond."""
    order = []

    def visit(node):
        for parent in _parents(node):
            visit(parent)
        order.append(node)

    visit(end_node)
    return list(dict.fromkeys(order))[::-1]


@the_toposort.mistake
def exponential(end_node):
    longest, stack = {}, [(end_node, 0)]
    while stack:
        node, length = stack.pop()
        longest[node] = max(length, longest.get(node, 0))
        stack.extend((parent, length + 1) for parent in _parents(node))
    return sorted(longest, key=longest.get)


# ------------------------------------------------------------------------------------------ the backward pass


def signals_to_send(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, graph: str, *inputs: np.ndarray, shape: tuple[int, ...] = (2, 3), edge: bool = False) -> Case:
        return Case(name, _numbers(rng, *shape), graph, list(inputs), edge=edge)

    def m(*shape: int) -> np.ndarray:
        return _numbers(rng, *shape)

    yield case("a product", "x; y; a = multiply(x, y); b = negative(a)", m(2, 2), m(2, 2), shape=(2, 2))
    yield case("a sum, and one of its terms again", "x; y; a = add(x, y); b = add(a, x)", m(3), m(3), shape=(3,))
    yield case("a square", "x; a = negative(x); b = multiply(a, a)", m(3), shape=(3,))
    x = m(3)
    text = "x; y; a = multiply(2.0, x); b = multiply(a, y); c = add(b, x)"
    yield case("two inputs of the same value", text, x, x, shape=(3,))
    text = "x; y; a = multiply(x, y); s = sum(a, axis=1); b = multiply(s, 3.0)"
    yield case("the sum over axis 1 of a square matrix", text, m(3, 3), m(3, 3), shape=(3,))
    text = "x; a = negative(x); b = multiply(a, x); c = multiply(b, 2.0); d = add(c, a); e = negative(d)"
    yield case("a long path, then a short one", text, m(3), shape=(3,))
    text = "x; a = negative(x); b = multiply(a, x); c = multiply(b, 2.0); d = add(a, c); e = negative(d)"
    yield case("a short path, then a long one", text, m(3), shape=(3,))
    yield case("a number", "x; y; a = multiply(x, y); b = add(a, y)", m(), m(), shape=(), edge=True)
    x, y = (m(3).astype(np.float32) for _ in "xy")
    yield Case("float32", m(3).astype(np.float32), "x; y; a = multiply(x, y); b = add(y, a)", [x, y])
    yield case("a single node", "x", m(2, 3), edge=True)
    yield case("60 doublings", "x; 60 times: x = add(x, x)", m(2), shape=(2,), edge=True)
    yield case("a chain of 5000 nodes", "x; 5000 times: x = negative(x)", m(2), shape=(2,), edge=True)


the_backward_pass = Exercise(
    reference.backward_pass,
    points=3,
    cases=signals_to_send,
    outputs=("the error signals", "the number of nodes with one", "the number of calls of VJPs"),
    probe=probes.messages,
    lean=True,
)


def _send(node, signals, vjps, argnum, which=None):
    return vjps[node.fun][argnum if which is None else which](signals[node], node.value, *node.args, **node.kwargs)


@the_backward_pass.mistake
def overwrites_messages(g, end_node, vjps):
    """A node used twice keeps only one message."""
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            signals[parent] = _send(node, signals, vjps, argnum)
    return signals


@the_backward_pass.mistake
def overwrites_messages(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            signals.setdefault(parent, _send(node, signals, vjps, argnum))
    return signals


def in_place_alias(g, end_node, vjps, copied=False):
    """Two nodes hold the very same array; adding in place changes both."""
    signals = {end_node: g.copy() if copied else g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = _send(node, signals, vjps, argnum)
            if parent in signals:
                signals[parent] += message
            else:
                signals[parent] = message
    return signals


the_backward_pass.mistake(in_place_alias)
_another_way(the_backward_pass, in_place_alias, True)


def starts_from_one(g, end_node, vjps, one=np.ones_like):
    """Double g - everything must double."""
    return reference.backward_pass(one(end_node.value), end_node, vjps)


the_backward_pass.mistake(starts_from_one)
for one in (lambda value: 1.0, lambda value: np.array(1.0)):
    _another_way(the_backward_pass, starts_from_one, one)


@the_backward_pass.mistake
def first_argument_only(g, end_node, vjps):
    """Look at what the second factor of a product receives."""
    signals = {end_node: g}
    for node in toposort(end_node):
        for _, parent in node.parents:
            message = _send(node, signals, vjps, 0)
            signals[parent] = signals[parent] + message if parent in signals else message
    return signals


@the_backward_pass.mistake
def first_argument_only(g, end_node, vjps):
    """Only the first parent gets a message at all."""
    signals = {end_node: g}
    for node in toposort(end_node):
        if node in signals and node.parents:
            parent = node.parents[0][1]
            message = _send(node, signals, vjps, 0)
            signals[parent] = signals[parent] + message if parent in signals else message
    return signals


def _sending(g, end_node, call):
    """The right pass but for how a VJP is called: call(node, signals, position in parents, argnum)"""
    signals = {end_node: g}
    for node in toposort(end_node):
        for position, (argnum, parent) in enumerate(node.parents):
            message = call(node, signals, position, argnum)
            signals[parent] = signals[parent] + message if parent in signals else message
    return signals


@the_backward_pass.mistake
def numbered_among_parents(g, end_node, vjps):
    """In 2.0 * node the only parent is argument 1: the pair says which VJP is asked."""
    return _sending(g, end_node, lambda node, signals, position, argnum: _send(node, signals, vjps, position))


@the_backward_pass.mistake
def answer_left_out(g, end_node, vjps):
    """A VJP is called as vjp(g, ans, *args, **kwargs): the value of the node comes second."""

    def call(node, signals, position, argnum):
        return vjps[node.fun][argnum](signals[node], *node.args, **node.kwargs)

    return _sending(g, end_node, call)


@the_backward_pass.mistake
def keywords_left_out(g, end_node, vjps):
    """A VJP of sum must be told over which axis was summed: hand the keywords on."""

    def call(node, signals, position, argnum):
        return vjps[node.fun][argnum](signals[node], node.value, *node.args)

    return _sending(g, end_node, call)


def _in_order(g, end_node, vjps, order):
    signals = {end_node: g}
    for node in order:
        for argnum, parent in node.parents:
            message = _send(node, signals, vjps, argnum)
            signals[parent] = signals[parent] + message if parent in signals else message
    return signals


def messages_sent_early(g, end_node, vjps, walk=breadth_first, turned=False):
    """One message arrived after the node had already passed its signal on."""
    return _in_order(g, end_node, vjps, walk(end_node, turned))


the_backward_pass.mistake(messages_sent_early)
for settings in (
    *((way, turned) for way in the_toposort.mistakes["pre_order"].ways[:2] for turned in (False, True)),
    (breadth_first, True),
):
    _another_way(the_backward_pass, messages_sent_early, *settings)


@the_backward_pass.mistake
def messages_sent_early(g, end_node, vjps):
    """Each time a message arrives, the whole signal is passed on."""
    signals, queue = {end_node: g}, deque([end_node])
    while queue:
        node = queue.popleft()
        for argnum, parent in node.parents:
            message = _send(node, signals, vjps, argnum)
            signals[parent] = signals[parent] + message if parent in signals else message
            queue.append(parent)
    return signals


@the_backward_pass.mistake
def messages_sent_early(g, end_node, vjps):
    signals = {end_node: g}

    def visit(node):
        for argnum, parent in node.parents:
            message = _send(node, signals, vjps, argnum)
            signals[parent] = signals[parent] + message if parent in signals else message
            visit(parent)

    visit(end_node)
    return signals


# ------------------------------------------------------------------------------------------ grad


def programs(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, source: str, *args, argnum: int = 0, edge: bool = False, raises=None) -> Case:
        return Case(name, source, argnum, [list(args)], edge=edge, raises=raises)

    def m(*shape: int) -> np.ndarray:
        return _numbers(rng, *shape)

    yield case("the weights of a layer", "lambda W, X: ops.sum(ops.tanh(X @ W))", m(3, 2), m(4, 3))
    yield case("its bias", "lambda W, b, X: ops.sum(ops.tanh(X @ W + b))", m(3, 2), m(2), m(4, 3), argnum=1)
    text = "lambda W, X, t: ops.sum((X @ W - t) * (X @ W - t)) / 8.0"
    yield case("squared errors", text, m(3, 1), m(4, 3), m(4, 1))
    yield case("log-sum-exp of rows", "lambda z: ops.sum(ops.log(ops.sum(ops.exp(z), axis=1)))", m(3, 4))
    text = "lambda z, w: ops.sum(w * ops.exp(z) / ops.sum(ops.exp(z), axis=1, keepdims=True))"
    yield case("softmax", text, m(2, 3), m(3))
    yield case("ReLU units", "lambda W, X: ops.sum(ops.maximum(X @ W, 0.0))", m(3, 2), m(4, 3))
    yield case("a number", "lambda x: x * x * x - 2.0 / x", _number(rng))
    yield case(
        "a number used many times",
        "lambda x, y: ops.tanh(x * ops.tanh(x * ops.exp(-x) + y))",
        _number(rng),
        _number(rng),
    )
    yield case("a large constant added", "lambda x: 1e12 + ops.sum(ops.tanh(x) / x)", m(3))
    yield case(
        "a large constant taken away", "lambda X, w: ops.sum(ops.tanh(X @ w)) - 1e12", m(4, 3), m(3, 1), argnum=1
    )
    yield case("a numpy constant on the left", "lambda x: ops.sum(np.array([[1.0], [-2.0]]) * x)", m(3))
    yield case("integers", "lambda x: ops.sum(x * x / 3.0)", rng.integers(1, 9, 4))
    text = "lambda x, y: ops.sum(ops.maximum(x, y) - y * x)"
    yield Case("called twice with other arguments", text, 0, [[m(3), m(2, 3)], [m(2), m(2)]])
    text = "lambda w, x: ops.sum(ops.tanh(w * x))"
    yield case("float32", text, m(3).astype(np.float32), m(2, 3).astype(np.float32))
    yield case("an argument that is not used", "lambda x, y: ops.sum(y * y)", m(2, 3), m(3), edge=True)
    yield case("a constant", "lambda x: 3.0", m(3), edge=True)
    yield case("the argument itself", "lambda x: x", _number(rng), edge=True)
    yield case("an output of shape (3,)", "lambda x: 2.0 * x", m(3), edge=True, raises=ValueError)
    text = "lambda x: ops.sum(x, axis=(0, 1), keepdims=True)"
    yield case("an output of shape (1, 1)", text, m(2, 3), edge=True, raises=ValueError)


the_grad = Exercise(
    reference.grad,
    points=2,
    cases=programs,
    outputs=("the gradient",),
    probe=probes.gradients,
    rtol=1e-7,
    atol=1e-9,
)


@the_grad.mistake
def argnum_ignored(f, argnum=0):
    """The shape is that of the first argument."""
    return grad(f)


@the_grad.mistake(sign=signs.raises)
def unused_argument_fails(f, argnum=0):
    """How much does the output change if an argument is not used?"""

    def gradient(*args):
        leaf = Node(args[argnum])
        end = f(*args[:argnum], leaf, *args[argnum + 1 :])
        if end.value.shape != ():
            raise ValueError("not a number")
        return reference.backward_pass(np.ones(()), end, VJPS)[leaf]

    return gradient


@the_grad.mistake(sign=signs.anything)
def vector_output_summed(f, argnum=0):
    """For a vector output there is no single gradient; refuse it."""
    return grad(lambda *args: ops.sum(f(*args)), argnum)


@the_grad.mistake(sign=signs.anything)
def vector_output_summed(f, argnum=0):
    """Refuses all outputs but those of one number."""

    def gradient(*args):
        if np.size(f(*args)) != 1:
            raise ValueError("not a number")
        return grad(lambda *args: ops.sum(f(*args)), argnum)(*args)

    return gradient


@the_grad.mistake
def returns_node(f, argnum=0):
    """Return the array."""
    return lambda *args: Node(grad(f, argnum)(*args))


@the_grad.mistake
def returns_node(f, argnum=0):
    def gradient(*args):
        leaf = Node(args[argnum])
        f(*args[:argnum], leaf, *args[argnum + 1 :])
        return leaf

    return gradient


def numerical_differences(f, argnum=0, h=1e-5, two_sided=True, as_given=False):
    """Errors of 1e-6 and above - use the recorded graph."""

    def gradient(*args):
        x = np.array(args[argnum], dtype=float)
        if np.shape(f(*args)) != ():
            raise ValueError("not a number")

        def value(shift):
            return f(*args[:argnum], x + shift, *args[argnum + 1 :])

        slopes = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            step = np.zeros(x.shape)
            step[place] = h
            back = value(-step) if two_sided else f(*args) if as_given else value(0.0)
            slopes[place] = (value(step) - back) / (2 * h if two_sided else h)
        return slopes

    return gradient


the_grad.mistake(numerical_differences, sign=signs.rounds_off)
for settings in (
    (1e-5, False),
    (1e-6, True),
    (1e-6, False),
    (1e-4, False),
    (1e-3, True),
    (1e-8, False),
    (1e-6, False, True),
):
    _another_way(the_grad, numerical_differences, *settings)


# ------------------------------------------------------------------------------------------ two moons


def runs(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, N: int, H: int, lr: float, steps: int, scale: float = 1.0, edge: bool = False) -> Case:
        X = rng.normal(size=(N, 2)).round(2)
        t = rng.permutation(np.arange(N) % 2)
        params = [_numbers(rng, 2, H), _numbers(rng, H), scale * _numbers(rng, H, 1), scale * _numbers(rng, 1)]
        return Case(name, X, t, params, lr, steps, edge=edge)

    yield case("six steps", 7, 3, 0.5, 6)
    yield case("four steps", 5, 4, 0.2, 4)
    yield case("output weights and bias zero", 6, 3, 0.5, 3, scale=0.0)
    X, t, params, lr, steps = case("float32", 6, 2, 0.3, 3).arguments
    yield Case("float32", X.astype(np.float32), t, [p.astype(np.float32) for p in params], lr, steps)
    while True:  # until exp overflows for some logits, and exp of minus them for others
        large = case("output weights and bias in the thousands", 6, 3, 0.01, 2, scale=5000.0, edge=True)
        X, _, (W1, b1, W2, b2), *_ = large.arguments
        z = np.tanh(X @ W1 + b1) @ W2 + b2
        if z.max() > 1000 and z.min() < -1000:
            break
    yield large
    yield case("no steps", 4, 2, 0.5, 0, edge=True)
    yield case("a single example", 1, 3, 0.5, 3, edge=True)


the_training = Exercise(
    reference.train_two_moons,
    points=3,
    cases=runs,
    outputs=("params", "losses"),
    probe=probes.with_operators,
    lean=True,
    rtol=1e-5,
    atol=1e-7,
)


def _train(X, t, params, lr, steps, loss=None, step=None):
    """The training with its parts to choose. loss(z, t): of logits (N, 1) and targets (N, 1)"""
    loss = _stable if loss is None else loss

    def cost(W1, b1, W2, b2):
        return loss(ops.tanh(X @ W1 + b1) @ W2 + b2, t[:, None])

    slopes, params, losses = [grad(cost, argnum) for argnum in range(4)], list(params), []
    for _ in range(steps):
        losses.append(float(cost(*params)))
        if step is None:
            gradients = [slope(*params) for slope in slopes]
            params = [p - lr * dp for p, dp in zip(params, gradients, strict=True)]
        else:
            step(params, slopes)
    return params, np.array(losses)


def _each(z, t):
    return ops.maximum(z, 0.0) - t * z + ops.log(1.0 + ops.exp(-ops.maximum(z, -z)))


def _stable(z, t):
    return ops.sum(_each(z, t)) / len(t)


def unstable_loss(X, t, params, lr, steps, loss=lambda z, t: ops.sum(ops.log(1.0 + ops.exp(z)) - t * z) / len(t)):
    """Overflows for large logits; write it with max(z, 0) and exp(-|z|), where |z| = max(z, -z)."""
    return _train(X, t, params, lr, steps, loss)


def _from_probabilities(z, t):
    p = 1.0 / (1.0 + ops.exp(-z))
    return -ops.sum(t * ops.log(p) + (1 - t) * ops.log(1.0 - p)) / len(t)


the_training.mistake(unstable_loss, sign=signs.not_finite)
_another_way(the_training, unstable_loss, _from_probabilities)


@the_training.mistake
def targets_broadcast_to_square(X, t, params, lr, steps):
    """Your loss averages over N x N numbers."""
    return _train(X, t, params, lr, steps, lambda z, _: ops.sum(_each(z, t)) / len(t) ** 2)


@the_training.mistake
def targets_broadcast_to_square(X, t, params, lr, steps):
    return _train(X, t, params, lr, steps, lambda z, _: ops.sum(_each(z, t)) / len(t))


@the_training.mistake
def sum_not_mean(X, t, params, lr, steps):
    """Steps are N times too long."""
    return _train(X, t, params, lr, steps, lambda z, t: ops.sum(_each(z, t)))


@the_training.mistake
def sum_not_mean(X, t, params, lr, steps):
    params, losses = _train(X, t, params, lr, steps, lambda z, t: ops.sum(_each(z, t)))
    return params, losses / len(t)


@the_training.mistake
def loss_after_the_step(X, t, params, lr, steps):
    """The first loss is that of the parameters that were given, before any step."""
    _, losses = reference.train_two_moons(X, t, params, lr, steps + 1)
    return reference.train_two_moons(X, t, params, lr, steps)[0], losses[1:]


@the_training.mistake
def uphill(X, t, params, lr, steps):
    """The loss grows: a step goes against the gradient."""
    return reference.train_two_moons(X, t, params, -lr, steps)


@the_training.mistake
def sign_of_the_target(X, t, params, lr, steps):
    """The larger z is, the less an example of class 1 may cost: t z is subtracted."""
    return _train(X, t, params, lr, steps, lambda z, t: _stable(z, t) + 2 * ops.sum(t * z) / len(t))


@the_training.mistake
def positive_exponents(X, t, params, lr, steps):
    """For negative z the exponent -z is positive; -|z| never is, with |z| = max(z, -z)."""

    def loss(z, t):
        return ops.sum(ops.maximum(z, 0.0) - t * z + ops.log(1.0 + ops.exp(-z))) / len(t)

    return _train(X, t, params, lr, steps, loss)


def updates_one_after_another(X, t, params, lr, steps, backwards=False):
    """The second gradient was taken at already changed parameters."""

    def step(params, slopes):
        for argnum in range(4)[:: -1 if backwards else 1]:
            params[argnum] = params[argnum] - lr * slopes[argnum](*params)

    return _train(X, t, params, lr, steps, step=step)


the_training.mistake(updates_one_after_another)
_another_way(the_training, updates_one_after_another, True)


@the_training.mistake(sign=signs.changes_input)
def changes_initial_parameters(X, t, params, lr, steps):
    """The parameters you were given have changed."""

    def step(params, slopes):
        for p, dp in zip(params, [slope(*params) for slope in slopes], strict=True):
            p -= lr * dp

    return _train(X, t, params, lr, steps, step=step)


@the_training.mistake(sign=signs.changes_input)
def changes_initial_parameters(X, t, params, lr, steps):
    """Into the list."""
    new, losses = reference.train_two_moons(X, t, params, lr, steps)
    params[:] = new
    return params, losses
