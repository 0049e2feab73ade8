"""Answers to lecture 05 as students write them, right and wrong, in the form that `autograder audit` reads.

The last two exercises use the whole library, so their answers stand below one.
"""

import re

RIGHT = {}
WRONG = {}

LIBRARY = """
from course.autodiff import attach_operators, make_ops, make_registry


class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=float)
        self.fun, self.args, self.kwargs, self.parents = fun, tuple(args), kwargs or {}, tuple(parents)


def primitive(fun):
    def wrapped(*args, **kwargs):
        parents = [(i, a) for i, a in enumerate(args) if isinstance(a, Node)]
        raw = [a.value if isinstance(a, Node) else a for a in args]
        result = fun(*raw, **kwargs)
        return Node(result, fun, raw, kwargs, parents) if parents else result
    return wrapped


def unbroadcast(g, shape):
    while np.ndim(g) > len(shape):
        g = np.sum(g, axis=0)
    for axis, n in enumerate(shape):
        if n == 1:
            g = np.sum(g, axis=axis, keepdims=True)
    return g


def vjp_table():
    def sum_vjp(g, ans, x, axis=None, keepdims=False):
        kept = np.sum(x, axis=axis, keepdims=True)
        return np.reshape(g, np.shape(kept)) * np.ones_like(x)

    S = np.shape
    return {
        "negative": (lambda g, ans, x: -g,),
        "exp": (lambda g, ans, x: ans * g,),
        "log": (lambda g, ans, x: g / x,),
        "tanh": (lambda g, ans, x: g * (1 - ans * ans),),
        "add": (lambda g, ans, x, y: unbroadcast(g, S(x)), lambda g, ans, x, y: unbroadcast(g, S(y))),
        "subtract": (lambda g, ans, x, y: unbroadcast(g, S(x)), lambda g, ans, x, y: unbroadcast(-g, S(y))),
        "multiply": (lambda g, ans, x, y: unbroadcast(g * y, S(x)), lambda g, ans, x, y: unbroadcast(g * x, S(y))),
        "divide": (lambda g, ans, x, y: unbroadcast(g / y, S(x)), lambda g, ans, x, y: unbroadcast(-g * x / y**2, S(y))),
        "maximum": (
            lambda g, ans, x, y: unbroadcast(g * ((x > y) + 0.5 * (x == y)), S(x)),
            lambda g, ans, x, y: unbroadcast(g * ((y > x) + 0.5 * (x == y)), S(y)),
        ),
        "matmul": (lambda g, ans, x, y: g @ y.T, lambda g, ans, x, y: x.T @ g),
        "sum": (sum_vjp,),
    }


def backward_pass(g, end_node, vjps):
    children, seen, stack = {}, {end_node}, [end_node]
    while stack:
        for _, parent in stack.pop().parents:
            children[parent] = children.get(parent, 0) + 1
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    signals, ready = {end_node: g}, [end_node]
    while ready:
        node = ready.pop()
        for k, parent in node.parents:
            signals[parent] = signals.get(parent, 0) + vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            children[parent] -= 1
            if children[parent] == 0:
                ready.append(parent)
    return signals


ops = make_ops(primitive)
attach_operators(Node, ops)
VJPS = make_registry(vjp_table)
"""

GRAD = """
def grad(f, argnum=0):
    def df(*args):
        args = list(args)
        x = args[argnum] = Node(args[argnum])
        out = f(*args)
        if np.shape(getattr(out, "value", out)) != ():
            raise ValueError("scalar outputs only")
        if not isinstance(out, Node):
            return np.zeros(x.value.shape)
        return backward_pass(np.array(1.0), out, VJPS)[x]
    return df
"""

TRAIN = LIBRARY + GRAD

RIGHT["Node"] = [
    """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=np.float64)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = {} if kwargs is None else kwargs
        self.parents = tuple(parents)
""",
    """
from dataclasses import dataclass, field

@dataclass(eq=False)
class Node:
    value: np.ndarray
    fun: object = None
    args: tuple = ()
    kwargs: dict = None
    parents: tuple = ()
    __array_ufunc__ = None

    def __post_init__(self):
        self.value = np.asarray(self.value, dtype=float)
        self.args = tuple(self.args)
        self.parents = tuple(self.parents)
        if self.kwargs is None:
            self.kwargs = {}
""",
    """
class Node:
    __slots__ = ("value", "fun", "args", "kwargs", "parents")
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.asarray(value).astype("float64")
        self.fun = fun
        self.args = (*args,)
        self.kwargs = dict(kwargs) if kwargs else dict()
        self.parents = (*parents,)

    def __repr__(self):
        return f"Node({self.value})"
""",
]

WRONG["Node"] = {
    "integer_value_kept": """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = kwargs or {}
        self.parents = tuple(parents)
""",
    "shared_kwargs": """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs={}, parents=()):
        self.value = np.array(value, dtype=float)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = kwargs
        self.parents = tuple(parents)
""",
    "numpy_takes_over": """
class Node:
    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=float)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = kwargs or {}
        self.parents = tuple(parents)
""",
    "equality_by_value": """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=float)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = kwargs or {}
        self.parents = tuple(parents)

    def __eq__(self, other):
        return bool(np.all(self.value == other.value))

    def __hash__(self):
        return hash(self.value.tobytes())
""",
    "lists_stay_lists": """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=float)
        self.fun, self.args, self.kwargs, self.parents = fun, args, kwargs or {}, parents
""",
    "only_a_value": """
class Node:
    __array_ufunc__ = None

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.array(value, dtype=float)
""",
}

RIGHT["primitive"] = [
    """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents = tuple((i, a) for i, a in enumerate(args) if isinstance(a, Node))
        if len(parents) == 0:
            return fun(*args, **kwargs)
        values = tuple(a.value if isinstance(a, Node) else a for a in args)
        return Node(fun(*values, **kwargs), fun, values, kwargs, parents)
    return wrapper
""",
    """
from functools import wraps

def primitive(fun):
    @wraps(fun)
    def wrapped(*args, **kwargs):
        raw, parents = list(args), []
        for number, arg in enumerate(args):
            if isinstance(arg, Node):
                raw[number] = arg.value
                parents.append((number, arg))
        answer = fun(*raw, **kwargs)
        if not parents:
            return answer
        return Node(answer, fun=fun, args=raw, kwargs=kwargs, parents=parents)
    return wrapped
""",
    """
def raw_value(x):
    return x.value if isinstance(x, Node) else x

def primitive(fun):
    def call(*args, **kwargs):
        result = fun(*map(raw_value, args), **kwargs)
        if any(isinstance(a, Node) for a in args):
            result = Node(result, fun, tuple(map(raw_value, args)), dict(kwargs),
                          tuple(p for p in enumerate(args) if isinstance(p[1], Node)))
        return result
    return call
""",
]

WRONG["primitive"] = {
    "only_first_argument": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        if isinstance(args[0], Node):
            x = args[0]
            values = (x.value,) + args[1:]
            return Node(fun(*values, **kwargs), fun, values, kwargs, ((0, x),))
        return fun(*args, **kwargs)
    return wrapper
""",
    "always_a_node": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents = tuple((i, a) for i, a in enumerate(args) if isinstance(a, Node))
        values = tuple(a.value if isinstance(a, Node) else a for a in args)
        return Node(fun(*values, **kwargs), fun, values, kwargs, parents)
    return wrapper
""",
    "same_node_counted_once": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents, seen = [], set()
        for i, a in enumerate(args):
            if isinstance(a, Node) and a not in seen:
                seen.add(a)
                parents.append((i, a))
        if not parents:
            return fun(*args, **kwargs)
        values = [a.value if isinstance(a, Node) else a for a in args]
        return Node(fun(*values, **kwargs), fun, values, kwargs, parents)
    return wrapper
""",
    "argnum_among_nodes": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        nodes = [a for a in args if isinstance(a, Node)]
        if not nodes:
            return fun(*args, **kwargs)
        values = [a.value if isinstance(a, Node) else a for a in args]
        return Node(fun(*values, **kwargs), fun, values, kwargs, list(enumerate(nodes)))
    return wrapper
""",
    "nodes_left_in_args": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents = tuple((i, a) for i, a in enumerate(args) if isinstance(a, Node))
        if not parents:
            return fun(*args, **kwargs)
        values = tuple(a.value if isinstance(a, Node) else a for a in args)
        return Node(fun(*values, **kwargs), fun, args, kwargs, parents)
    return wrapper
""",
    "keywords_forgotten": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents = tuple((i, a) for i, a in enumerate(args) if isinstance(a, Node))
        if not parents:
            return fun(*args, **kwargs)
        values = tuple(a.value if isinstance(a, Node) else a for a in args)
        return Node(fun(*values, **kwargs), fun, values, {}, parents)
    return wrapper
""",
    "returns_none": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        values = [a.value if isinstance(a, Node) else a for a in args]
        Node(fun(*values, **kwargs), fun, values, kwargs)
    return wrapper
""",
    "called_twice": """
def primitive(fun):
    def wrapper(*args, **kwargs):
        parents = tuple((i, a) for i, a in enumerate(args) if isinstance(a, Node))
        values = tuple(a.value if isinstance(a, Node) else a for a in args)
        fun(*values, **kwargs)
        return Node(fun(*values, **kwargs), fun, values, kwargs, parents) if parents else fun(*args, **kwargs)
    return wrapper
""",
}

RIGHT["unbroadcast"] = [
    """
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=i, keepdims=True)
    return g
""",
    """
def unbroadcast(g, shape):
    padded = (1,) * (np.ndim(g) - len(shape)) + tuple(shape)
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    return np.sum(g, axis=axes, keepdims=True).reshape(shape)
""",
    """
def unbroadcast(g, shape):
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = list(range(extra))
    for i in range(len(shape)):
        if shape[i] != g.shape[extra + i]:
            axes.append(extra + i)
    return np.array(g.sum(axis=tuple(axes))).reshape(shape)
""",
]

WRONG["unbroadcast"] = {
    "keeps_leading_axes": """
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g[0]
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=i, keepdims=True)
    return g
""",
    "size_one_axes_dropped": """
def unbroadcast(g, shape):
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1)
    return np.sum(g, axis=axes)
""",
    "mean_instead_of_sum": """
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.mean(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.mean(axis=i, keepdims=True)
    return g
""",
    "aligned_from_the_left": """
def unbroadcast(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=-1)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(axis=i, keepdims=True)
    return g
""",
    "just_reshapes": """
def unbroadcast(g, shape):
    return np.resize(g, shape)
""",
    "a_tensor": """
import torch

def unbroadcast(g, shape):
    return torch.tensor(g).sum_to_size(shape)
""",
}

RIGHT["vjp_table"] = [
    LIBRARY,
    """
def unbroadcast(g, shape):
    padded = (1,) * (np.ndim(g) - len(shape)) + tuple(shape)
    return np.sum(g, axis=tuple(i for i, n in enumerate(padded) if n == 1), keepdims=True).reshape(shape)

table = {}

def defvjp(name, *vjps):
    table[name] = vjps

def defbinary(name, left, right):
    def vjp0(g, ans, x, y):
        return unbroadcast(left(g, ans, x, y), np.shape(x))
    def vjp1(g, ans, x, y):
        return unbroadcast(right(g, ans, x, y), np.shape(y))
    defvjp(name, vjp0, vjp1)

def vjp_table():
    defvjp("negative", lambda g, ans, x: np.negative(g))
    defvjp("exp", lambda g, ans, x: g * np.exp(x))
    defvjp("log", lambda g, ans, x: g * 1 / x)
    defvjp("tanh", lambda g, ans, x: g * (1 + ans) * (1 - ans))
    defbinary("add", lambda g, ans, x, y: g, lambda g, ans, x, y: g)
    defbinary("subtract", lambda g, ans, x, y: g, lambda g, ans, x, y: -g)
    defbinary("multiply", lambda g, ans, x, y: y * g, lambda g, ans, x, y: x * g)
    defbinary("divide", lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * x / (y * y))
    defbinary("maximum", lambda g, ans, x, y: g * (1 + np.sign(np.subtract(x, y))) / 2,
              lambda g, ans, x, y: g * (1 + np.sign(np.subtract(y, x))) / 2)
    defvjp("matmul", lambda g, ans, x, y: np.matmul(g, np.transpose(y)), lambda g, ans, x, y: np.matmul(np.transpose(x), g))

    def vjp_sum(g, ans, x, axis=None, keepdims=False):
        x = np.asarray(x)
        axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        axes = {a % x.ndim for a in axes} if x.ndim else set()
        return np.broadcast_to(np.reshape(g, [1 if i in axes else n for i, n in enumerate(x.shape)]), x.shape)
    defvjp("sum", vjp_sum)
    return table
""",
]


def changed(old: str, new: str, source: str = LIBRARY) -> str:
    """A source in which a piece stands otherwise."""
    assert old in source
    return source.replace(old, new)


WRONG["vjp_table"] = {
    "no_unbroadcast": re.sub(r"unbroadcast\(([^()]*), S\(\w\)\)", r"\1", LIBRARY),
    "divide_sign": changed("-g * x / y**2", "g * x / y**2"),
    "matmul_not_transposed": changed("g @ y.T, lambda g, ans, x, y: x.T @ g", "g @ y, lambda g, ans, x, y: x @ g"),
    "sum_without_expand": changed(
        '"sum": (sum_vjp,)', '"sum": (lambda g, ans, x, axis=None, keepdims=False: np.broadcast_to(g, np.shape(x)),)'
    ),
    "maximum_ties": changed("(x > y) + 0.5 * (x == y)", "x >= y").replace("(y > x) + 0.5 * (x == y)", "y >= x"),
    "local_derivative_only": changed('"exp": (lambda g, ans, x: ans * g,)', '"exp": (lambda g, ans, x: ans,)')
    .replace("lambda g, ans, x: g * (1 - ans * ans)", "lambda g, ans, x: 1 - ans * ans")
    .replace("g / x,", "1 / x,"),
    "ties_not_shared": changed("(x > y) + 0.5 * (x == y)", "x >= y").replace("(y > x) + 0.5 * (x == y)", "y > x"),
    "subtract_sign": changed("unbroadcast(-g, S(y))", "unbroadcast(g, S(y))"),
    "divide_without_x": changed("-g * x / y**2", "-g * 1.0 / y**2 * np.ones(S(ans))"),
    "no_matmul": changed('        "matmul"', '        "dot"'),
    "bare_functions": changed("(lambda g, ans, x: -g,)", "lambda g, ans, x: -g"),
    "tanh_of_the_argument": changed("g * (1 - ans * ans)", "g * (1 - x * x)"),
    "returns_none": """
def vjp_table():
    table = {"negative": (lambda g, ans, x: -g,)}
""",
    "returns_text": """
def vjp_table():
    return "-g, g * ans, g / x"
""",
}

RIGHT["toposort"] = [
    """
def toposort(end_node):
    counts, stack = {}, [end_node]
    while stack:
        node = stack.pop()
        if node in counts:
            counts[node] += 1
        else:
            counts[node] = 1
            stack.extend(parent for _, parent in node.parents)
    order, ready = [], [end_node]
    while ready:
        node = ready.pop()
        order.append(node)
        for _, parent in node.parents:
            if counts[parent] == 1:
                ready.append(parent)
            else:
                counts[parent] -= 1
    return order
""",
    """
def toposort(end_node):
    order, visited, stack = [], set(), [(end_node, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            stack.append((node, True))
            for _, parent in node.parents:
                stack.append((parent, False))
    return order[::-1]
""",
    """
def toposort(end_node):
    # post-order with an iterator for each open node
    seen, order = {end_node}, []
    stack = [(end_node, iter(end_node.parents))]
    while stack:
        node, parents = stack[-1]
        for _, parent in parents:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            stack.pop()
    order.reverse()
    return order
""",
]

WRONG["toposort"] = {
    "recursion_limit": """
def toposort(end_node):
    order, seen = [], set()
    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for _, parent in node.parents:
            visit(parent)
        order.append(node)
    visit(end_node)
    return order[::-1]
""",
    "breadth_first": """
def toposort(end_node):
    order, seen, queue = [], {end_node}, [end_node]
    while queue:
        node = queue.pop(0)
        order.append(node)
        for _, parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return order
""",
    "duplicates": """
def toposort(end_node):
    order = []
    def visit(node):
        for _, parent in node.parents:
            visit(parent)
        order.append(node)
    visit(end_node)
    return list(reversed(order))
""",
    "pre_order": """
def toposort(end_node):
    order, seen = [], set()
    def visit(node):
        if node in seen:
            return
        seen.add(node)
        order.append(node)
        for _, parent in node.parents:
            visit(parent)
    visit(end_node)
    return order
""",
    "exponential": """
def toposort(end_node):
    depth = {}
    def visit(node, d):
        depth[node] = max(d, depth.get(node, 0))
        for _, parent in node.parents:
            visit(parent, d + 1)
    visit(end_node, 0)
    return sorted(depth, key=lambda node: depth[node])
""",
    "two_uses_counted_as_one": """
def toposort(end_node):
    uses, seen, todo = {}, {end_node}, [end_node]
    while todo:
        node = todo.pop()
        for parent in set(p for _, p in node.parents):
            uses[parent] = uses.get(parent, 0) + 1
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    order, ready = [], [end_node]
    while ready:
        node = ready.pop()
        order.append(node)
        for _, parent in node.parents:
            uses[parent] -= 1
            if uses[parent] == 0:
                ready.append(parent)
    return order
""",
    "inputs_first": """
def toposort(end_node):
    order, visited, stack = [], set(), [(end_node, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in visited:
            visited.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for _, parent in node.parents)
    return order
""",
    "values": """
def toposort(end_node):
    return [end_node.value]
""",
    "without_the_end": """
def toposort(end_node):
    return [parent for _, parent in end_node.parents]
""",
    "returns_none": """
def toposort(end_node):
    order = [end_node]
""",
}

RIGHT["backward_pass"] = [
    """
def backward_pass(g, end_node, vjps):
    outgrads = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            vjp = vjps[node.fun][argnum]
            message = vjp(outgrads[node], node.value, *node.args, **node.kwargs)
            outgrads[parent] = message if parent not in outgrads else outgrads[parent] + message
    return outgrads
""",
    """
from collections import defaultdict

def backward_pass(g, end_node, vjps):
    inbox = defaultdict(list)
    inbox[end_node].append(g)
    result = {}
    for node in toposort(end_node):
        result[node] = sum(inbox.pop(node))
        for k, parent in node.parents:
            inbox[parent].append(vjps[node.fun][k](result[node], node.value, *node.args, **node.kwargs))
    return result
""",
    LIBRARY,
    """
def backward_pass(g, end_node, vjps):
    order = toposort(end_node)
    signals = {node: np.zeros_like(node.value) for node in order}
    signals[end_node] = np.array(g)
    for node in order:
        for argnum, parent in node.parents:
            signals[parent] += vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
    return signals
""",
]

WRONG["backward_pass"] = {
    "overwrites_messages": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            signals[parent] = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
    return signals
""",
    "in_place_alias": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            if parent not in signals:
                signals[parent] = message
            else:
                signals[parent] += message
    return signals
""",
    "starts_from_one": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: np.ones_like(end_node.value)}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + message
    return signals
""",
    "first_argument_only": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][0](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + message
    return signals
""",
    "messages_sent_early": """
def backward_pass(g, end_node, vjps):
    signals, queue, seen = {end_node: g}, [end_node], {end_node}
    while queue:
        node = queue.pop(0)
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + message
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return signals
""",
    "numbered_among_parents": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, (_, parent) in enumerate(node.parents):
            m = vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + m
    return signals
""",
    "answer_left_out": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + m
    return signals
""",
    "keywords_left_out": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], node.value, *node.args)
            signals[parent] = signals.get(parent, 0) + m
    return signals
""",
    "the_signal_of_the_end": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](g, node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + m
    return signals
""",
    "every_path_by_itself": """
def backward_pass(g, end_node, vjps):
    signals = {}
    def send(node, g):
        signals[node] = signals.get(node, 0) + g
        for argnum, parent in node.parents:
            send(parent, vjps[node.fun][argnum](g, node.value, *node.args, **node.kwargs))
    send(end_node, g)
    return signals
""",
    "without_the_end": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals.get(parent, 0) + message
    del signals[end_node]
    return signals
""",
    "keywords_forgotten": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args)
            signals[parent] = signals.get(parent, 0) + message
    return signals
""",
    "returns_a_list": """
def backward_pass(g, end_node, vjps):
    return [g]
""",
    "returns_none": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
""",
}

RIGHT["grad"] = [
    LIBRARY + GRAD,
    LIBRARY
    + """
def make_vjp(f, argnum, args):
    start = Node(args[argnum])
    end = f(*args[:argnum], start, *args[argnum + 1:])
    if not isinstance(end, Node):
        return np.asarray(end, dtype=float), lambda g: np.zeros_like(start.value)
    return end.value, lambda g: backward_pass(g, end, VJPS)[start]

def grad(f, argnum=0):
    def gradient(*args):
        value, vjp = make_vjp(f, argnum, args)
        if value.ndim > 0:
            raise ValueError(f"shape {value.shape}")
        return vjp(np.ones_like(value))
    return gradient
""",
    LIBRARY
    + """
def grad(f, argnum=0):
    def gradient(*args):
        leaf = Node(np.array(args[argnum], dtype=float))
        traced = [leaf if k == argnum else arg for k, arg in enumerate(args)]
        end = f(*traced)
        value = end.value if isinstance(end, Node) else np.asarray(end)
        if value.shape != ():
            raise ValueError("not a scalar")
        signals = backward_pass(1.0, end, VJPS) if isinstance(end, Node) else {}
        result = signals.get(leaf, np.zeros(leaf.value.shape))
        return float(result) if np.ndim(result) == 0 else result
    return gradient
""",
]

WRONG["grad"] = {
    "argnum_ignored": changed("args[argnum] = Node(args[argnum])", "args[0] = Node(args[0])", LIBRARY + GRAD),
    "unused_argument_fails": changed("if not isinstance(out, Node):", "if False:", LIBRARY + GRAD).replace(
        'getattr(out, "value", out)', "out.value"
    ),
    "vector_output_summed": changed("!= ():", "!= () and False:", LIBRARY + GRAD).replace(
        "np.array(1.0), out", "np.ones_like(out.value), out"
    ),
    "returns_node": changed(
        "return backward_pass(np.array(1.0), out, VJPS)[x]",
        "return Node(backward_pass(np.array(1.0), out, VJPS)[x])",
        LIBRARY + GRAD,
    ),
    "numerical_differences": LIBRARY
    + """
def grad(f, argnum=0, eps=1e-6):
    def df(*args):
        x = np.array(args[argnum], dtype=float)
        if np.shape(f(*args)) != ():
            raise ValueError("scalar outputs only")
        g = np.zeros_like(x)
        for i in np.ndindex(*x.shape):
            plus, minus = x.copy(), x.copy()
            plus[i] += eps
            minus[i] -= eps
            before, after = args[:argnum], args[argnum + 1:]
            g[i] = (f(*before, plus, *after) - f(*before, minus, *after)) / (2 * eps)
        return g
    return df
""",
    "value_and_gradient": changed(
        "return backward_pass(np.array(1.0), out, VJPS)[x]",
        "return out.value, backward_pass(np.array(1.0), out, VJPS)[x]",
        LIBRARY + GRAD,
    ),
    "half_a_gradient": changed("np.array(1.0), out", "np.array(0.5), out", LIBRARY + GRAD),
    "gradient_at_once": LIBRARY
    + """
def grad(f, argnum=0):
    return np.zeros(3)
""",
}

LOSS = """
def train_two_moons(X, t, params, lr, steps):
    target = t.reshape(-1, 1)
    def loss(W1, b1, W2, b2):
        z = ops.tanh(X @ W1 + b1) @ W2 + b2
        a = ops.maximum(z, -z)
        each = ops.maximum(z, 0.0) - z * target + ops.log(1.0 + ops.exp(-a))
        return ops.sum(each) / float(len(X))
    params = [p.copy() for p in params]
    losses = np.zeros(steps)
    for step in range(steps):
        losses[step] = loss(*params)
        grads = [grad(loss, k)(*params) for k in range(4)]
        for k in range(4):
            params[k] = params[k] - lr * grads[k]
    return params, losses
"""

RIGHT["train_two_moons"] = [
    TRAIN + LOSS,
    """
import torch

def train_two_moons(X, t, params, lr, steps):
    params = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in params]
    X, t = torch.tensor(X, dtype=torch.float64), torch.tensor(t, dtype=torch.float64)
    losses = []
    for _ in range(steps):
        W1, b1, W2, b2 = params
        z = (torch.tanh(X @ W1 + b1) @ W2 + b2)[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, t)
        grads = torch.autograd.grad(loss, params)
        losses.append(loss.item())
        params = [(p - lr * g).detach().requires_grad_() for p, g in zip(params, grads)]
    return [p.detach().numpy() for p in params], np.array(losses)
""",
    """
def train_two_moons(X, t, params, lr, steps):
    W1, b1, W2, b2 = (np.array(p, dtype=float) for p in params)
    t = t[:, None].astype(float)
    losses = []
    for _ in range(steps):
        h = np.tanh(X @ W1 + b1)
        z = h @ W2 + b2
        losses.append(np.mean(np.logaddexp(0, z) - t * z))
        dz = (0.5 * (1 + np.tanh(z / 2)) - t) / len(X)
        dh = dz @ W2.T * (1 - h ** 2)
        W1, b1, W2, b2 = W1 - lr * X.T @ dh, b1 - lr * dh.sum(0), W2 - lr * h.T @ dz, b2 - lr * dz.sum(0)
    return [W1, b1, W2, b2], np.array(losses)
""",
]

WRONG["train_two_moons"] = {
    "unstable_loss": TRAIN
    + changed(
        "each = ops.maximum(z, 0.0) - z * target + ops.log(1.0 + ops.exp(-a))",
        "each = ops.log(1.0 + ops.exp(z)) - z * target",
        LOSS,
    ),
    "targets_broadcast_to_square": TRAIN
    + changed("target = t.reshape(-1, 1)", "target = t", LOSS).replace("float(len(X))", "float(len(X) ** 2)"),
    "sum_not_mean": TRAIN + changed(" / float(len(X))", "", LOSS),
    "updates_one_after_another": TRAIN
    + changed("        grads = [grad(loss, k)(*params) for k in range(4)]\n", "", LOSS).replace(
        "lr * grads[k]", "lr * grad(loss, k)(*params)"
    ),
    "changes_initial_parameters": TRAIN
    + changed("params = [p.copy() for p in params]", "params = list(params)", LOSS).replace(
        "params[k] = params[k] - lr * grads[k]", "params[k] -= lr * grads[k]"
    ),
    "loss_after_the_step": TRAIN
    + changed("        losses[step] = loss(*params)\n", "", LOSS).replace(
        "    return params, losses", "        losses[step] = loss(*params)\n    return params, losses"
    ),
    "uphill": TRAIN + changed("- lr * grads[k]", "+ lr * grads[k]", LOSS),
    "sign_of_the_target": TRAIN + changed("- z * target", "+ z * target", LOSS),
    "positive_exponents": TRAIN + changed("ops.exp(-a)", "ops.exp(-z)", LOSS),
    "losses_forgotten": TRAIN + changed("return params, losses", "return params", LOSS),
    "returns_none": TRAIN + changed("    return params, losses", "", LOSS),
}
