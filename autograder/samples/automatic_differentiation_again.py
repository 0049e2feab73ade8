"""Answers to lecture 05 written in other ways than in `automatic_differentiation`, in the form that `autograder audit` reads."""

RIGHT = {}
WRONG = {}

# The engine of somebody who keeps the table in a list of rules and walks in post-order.
ENGINE = """
from course.autodiff import attach_operators, make_ops, make_registry


class Node(object):
    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value = np.float64(1) * np.asarray(value)
        self.value = np.asarray(self.value)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = kwargs if kwargs is not None else {}
        self.parents = tuple(parents)

    __array_ufunc__ = None


def primitive(fun):
    def f(*args, **kwargs):
        parents = []
        values = []
        for argnum, arg in enumerate(args):
            if isinstance(arg, Node):
                parents.append((argnum, arg))
                values.append(arg.value)
            else:
                values.append(arg)
        result = fun(*values, **kwargs)
        return Node(result, fun, values, kwargs, parents) if len(parents) > 0 else result
    return f


def unbroadcast(g, shape):
    g = np.asarray(g)
    lead = g.ndim - len(shape)
    return g.sum(axis=tuple(k for k in range(g.ndim) if k < lead or shape[k - lead] == 1)).reshape(shape)


def vjp_table():
    def undo(k, rule):
        return lambda g, ans, *args: unbroadcast(rule(g, ans, *args), np.shape(args[k]))

    def half(x, y):
        return np.heaviside(np.subtract(x, y), 0.5)

    def sum_rule(g, ans, x, axis=None, keepdims=False):
        if axis is not None and not keepdims:
            for one in sorted(a % np.ndim(x) for a in np.atleast_1d(axis)):
                g = np.expand_dims(g, one)
        return g + np.zeros(np.shape(x))

    rules = [
        ("negative", lambda g, ans, x: -1.0 * g),
        ("exp", lambda g, ans, x: ans * g),
        ("log", lambda g, ans, x: g * (1.0 / x)),
        ("tanh", lambda g, ans, x: (1.0 - np.tanh(x) ** 2) * g),
        ("add", lambda g, ans, x, y: g, lambda g, ans, x, y: g),
        ("subtract", lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
        ("multiply", lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
        ("divide", lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * ans / y),
        ("maximum", lambda g, ans, x, y: g * half(x, y), lambda g, ans, x, y: g * half(y, x)),
        ("matmul", lambda g, ans, x, y: (y @ g.T).T, lambda g, ans, x, y: (g.T @ x).T),
    ]
    table = {name: tuple(undo(k, rule) if len(both) > 1 and name != "matmul" else rule for k, rule in enumerate(both))
             for name, *both in rules}
    table["sum"] = (sum_rule,)
    return table


def toposort(end_node):
    order, seen, stack = [], set(), [(end_node, False)]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
            continue
        if node in seen:
            continue
        seen.add(node)
        stack.append((node, True))
        stack.extend((parent, False) for _, parent in node.parents)
    return order[::-1]


def backward_pass(g, end_node, vjps):
    mail = {end_node: [g]}
    for node in toposort(end_node):
        total = mail[node][0]
        for more in mail[node][1:]:
            total = total + more
        mail[node] = total
        for argnum, parent in node.parents:
            mail.setdefault(parent, []).append(vjps[node.fun][argnum](total, node.value, *node.args, **node.kwargs))
    return mail


def grad(f, argnum=0):
    def derivative(*inputs):
        inputs = list(inputs)
        leaf = inputs[argnum] = Node(inputs[argnum])
        result = f(*inputs)
        is_node = isinstance(result, Node)
        if np.ndim(result.value if is_node else result) != 0:
            raise ValueError("the result is no number")
        signals = backward_pass(np.ones(()), result, VJPS) if is_node else {}
        return signals[leaf] if leaf in signals else 0 * leaf.value
    return derivative


ops = make_ops(primitive)
attach_operators(Node, ops)
VJPS = make_registry(vjp_table)
"""

TRAIN = """
def train_two_moons(X, t, params, lr, steps):
    N = X.shape[0]
    T = np.reshape(t, (N, 1))

    def cost(*p):
        z = ops.add(ops.matmul(ops.tanh(ops.add(ops.matmul(X, p[0]), p[1])), p[2]), p[3])
        s = (1.0 - 2.0 * T) * z  # softplus of this
        positive = ops.maximum(s, 0.0)
        away = ops.maximum(s, ops.negative(s))
        return ops.sum(positive + ops.log(ops.exp(-away) + 1.0)) * (1.0 / N)

    history = []
    theta = [np.array(p, dtype=float) for p in params]
    for _ in range(steps):
        history += [cost(*theta)]
        slopes = tuple(grad(cost, k)(*theta) for k in (0, 1, 2, 3))
        theta = [p - lr * s for p, s in zip(theta, slopes)]
    return theta, np.array(history, dtype=float)
"""


def other(old: str, new: str, source: str = ENGINE) -> str:
    """A source in which a piece stands otherwise."""
    assert old in source
    return source.replace(old, new)


RIGHT["Node"] = [
    ENGINE,
    """
class Node:
    __array_priority__ = 1000.0

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        attributes = dict(value=np.array(value, "d"), fun=fun, args=tuple(args), kwargs=dict(kwargs or {}), parents=tuple(parents))
        for name in attributes:
            setattr(self, name, attributes[name])

    __array_ufunc__ = None
""",
]
WRONG["Node"] = {
    "integer_value_kept": """
class Node:
    __array_ufunc__ = None
    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value, self.fun = value, fun
        self.args, self.parents = tuple(args), tuple(parents)
        self.kwargs = {} if kwargs is None else dict(kwargs)
""",
    "shared_kwargs": """
NO_KEYWORDS = {}

class Node:
    __array_ufunc__ = None
    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value, self.fun = np.asarray(value, dtype=float), fun
        self.args, self.parents = tuple(args), tuple(parents)
        self.kwargs = NO_KEYWORDS if kwargs is None else kwargs
""",
    "numpy_takes_over": """
from dataclasses import dataclass

@dataclass(eq=False)
class Node:
    value: object
    fun: object = None
    args: tuple = ()
    kwargs: dict = None
    parents: tuple = ()

    def __post_init__(self):
        self.value = np.asarray(self.value, dtype=np.float64)
        self.args, self.kwargs, self.parents = tuple(self.args), dict(self.kwargs or {}), tuple(self.parents)
""",
    "equality_by_value": """
from dataclasses import dataclass

@dataclass
class Node:
    value: object
    fun: object = None
    args: tuple = ()
    kwargs: dict = None
    parents: tuple = ()
    __array_ufunc__ = None

    def __post_init__(self):
        self.value = np.asarray(self.value, dtype=np.float64)
        self.args, self.kwargs, self.parents = tuple(self.args), dict(self.kwargs or {}), tuple(self.parents)
""",
    "float32": """
class Node:
    __array_ufunc__ = None
    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        self.value, self.fun = np.asarray(value, dtype=np.float32), fun
        self.args, self.parents, self.kwargs = tuple(args), tuple(parents), kwargs or {}
""",
}

RIGHT["primitive"] = [
    ENGINE,
    """
def primitive(fun):
    class Traced:
        def __call__(self, *args, **kwargs):
            where = [i for i in range(len(args)) if isinstance(args[i], Node)]
            if not where:
                return fun(*args, **kwargs)
            raw = list(args)
            for i in where:
                raw[i] = args[i].value
            return Node(fun(*raw, **kwargs), fun, tuple(raw), kwargs, tuple((i, args[i]) for i in where))
    return Traced()
""",
]
WRONG["primitive"] = {
    "only_first_argument": """
def primitive(fun):
    def call(x, *others, **kwargs):
        if type(x) in (float, int) or not hasattr(x, "parents"):
            return fun(x, *others, **kwargs)
        raw = [x.value] + [o.value if isinstance(o, Node) else o for o in others]
        parents = [(i, a) for i, a in enumerate((x, *others)) if isinstance(a, Node)]
        return Node(fun(*raw, **kwargs), fun, raw, kwargs, parents)
    return call
""",
    "always_a_node": """
def primitive(fun):
    def call(*args, **kwargs):
        args = [a if isinstance(a, Node) else Node(a) for a in args]
        raw = [a.value for a in args]
        return Node(fun(*raw, **kwargs), fun, raw, kwargs, list(enumerate(args)))
    return call
""",
    "same_node_counted_once": """
def primitive(fun):
    def call(*args, **kwargs):
        parents = {a: i for i, a in enumerate(args) if isinstance(a, Node)}
        if not parents:
            return fun(*args, **kwargs)
        raw = [a.value if isinstance(a, Node) else a for a in args]
        return Node(fun(*raw, **kwargs), fun, raw, kwargs, [(i, a) for a, i in parents.items()])
    return call
""",
    "argnum_among_nodes": """
def primitive(fun):
    def call(*args, **kwargs):
        raw, parents, count = [], [], 0
        for a in args:
            if isinstance(a, Node):
                parents.append((count, a))
                count += 1
                a = a.value
            raw.append(a)
        result = fun(*raw, **kwargs)
        return Node(result, fun, raw, kwargs, parents) if count else result
    return call
""",
    "nodes_left_in_args": """
def primitive(fun):
    def call(*args, **kwargs):
        if not any(isinstance(a, Node) for a in args):
            return fun(*args, **kwargs)
        result = fun(*[a.value if isinstance(a, Node) else a for a in args], **kwargs)
        return Node(result, fun=fun, args=args, kwargs=kwargs, parents=[p for p in enumerate(args) if isinstance(p[1], Node)])
    return call
""",
    "wrapped_function_recorded": """
def primitive(fun):
    def call(*args, **kwargs):
        parents = [(i, a) for i, a in enumerate(args) if isinstance(a, Node)]
        raw = [a.value if isinstance(a, Node) else a for a in args]
        result = fun(*raw, **kwargs)
        return Node(result, call, raw, kwargs, parents) if parents else result
    return call
""",
}

RIGHT["unbroadcast"] = [
    ENGINE,
    """
def unbroadcast(g, shape):
    if len(shape) < np.ndim(g):
        return unbroadcast(np.add.reduce(g, axis=0), shape)
    for axis in range(len(shape)):
        if shape[axis] == 1 and g.shape[axis] != 1:
            g = np.add.reduce(g, axis=axis, keepdims=True)
    return g
""",
]
WRONG["unbroadcast"] = {
    "keeps_leading_axes": """
def unbroadcast(g, shape):
    extra = g.ndim - len(shape)
    g = g[(0,) * extra]
    ones = tuple(i for i in range(len(shape)) if shape[i] == 1)
    return g.sum(axis=ones, keepdims=True)
""",
    "size_one_axes_dropped": """
def unbroadcast(g, shape):
    padded = [1] * (g.ndim - len(shape)) + list(shape)
    for axis in reversed(range(g.ndim)):
        if padded[axis] == 1:
            g = g.sum(axis=axis)
    return g
""",
    "mean_instead_of_sum": """
def unbroadcast(g, shape):
    padded = (1,) * (np.ndim(g) - len(shape)) + tuple(shape)
    return np.mean(g, axis=tuple(i for i, n in enumerate(padded) if n == 1), keepdims=True).reshape(shape)
""",
    "aligned_from_the_left": """
def unbroadcast(g, shape):
    axes = []
    for i in range(g.ndim):
        if i >= len(shape) or g.shape[i] != shape[i]:
            axes.append(i)
    return np.sum(g, axis=tuple(axes), keepdims=True).reshape(shape)
""",
    "leading_axes_only": """
def unbroadcast(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))
""",
}

RIGHT["vjp_table"] = [
    ENGINE,
    """
from functools import partial

def unbroadcast(g, shape):
    g = np.asarray(g)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)

def fit(g, x):
    return unbroadcast(g, np.shape(x))

class Table(dict):
    def rule(self, name):
        def add(vjp):
            self[name] = self.get(name, ()) + (vjp,)
            return vjp
        return add

def vjp_table():
    table = Table()
    rule = table.rule
    rule("negative")(lambda g, ans, x: -g)
    rule("exp")(lambda g, ans, x: g * ans)
    rule("log")(lambda g, ans, x: np.divide(g, x))
    rule("tanh")(lambda g, ans, x: g / np.cosh(x) ** 2)
    rule("add")(lambda g, ans, x, y: fit(g, x))
    rule("add")(lambda g, ans, x, y: fit(g, y))
    rule("subtract")(lambda g, ans, x, y: fit(g, x))
    rule("subtract")(lambda g, ans, x, y: -fit(g, y))
    rule("multiply")(lambda g, ans, x, y: fit(g * y, x))
    rule("multiply")(lambda g, ans, x, y: fit(g * x, y))
    rule("divide")(lambda g, ans, x, y: fit(g / y, x))
    rule("divide")(lambda g, ans, x, y: fit(g * -np.multiply(x, np.power(y, -2.0)), y))
    for one in (0, 1):
        def larger(g, ans, *xy, one=one):
            wins = [xy[0] == ans, xy[1] == ans]
            return fit(g * wins[one] / (wins[0] * 1.0 + wins[1]), xy[one])
        rule("maximum")(larger)
    rule("matmul")(lambda g, ans, x, y: np.einsum("ik,jk->ij", g, y))
    rule("matmul")(lambda g, ans, x, y: np.einsum("ij,ik->jk", x, g))

    @rule("sum")
    def sum_vjp(g, ans, x, axis=None, keepdims=False):
        x = np.asarray(x)
        if axis is None:
            return np.full(x.shape, np.ravel(g)[0])
        if not keepdims:
            g = np.expand_dims(g, axis)
        return np.multiply(np.ones(x.shape), g)
    return table
""",
]
WRONG["vjp_table"] = {
    "no_unbroadcast": """
def vjp_table():
    def sum_vjp(g, ans, x, axis=None, keepdims=False):
        return np.zeros(np.shape(x)) + (g if keepdims or axis is None else np.expand_dims(g, axis))
    return {
        "negative": (lambda g, ans, x: -g,),
        "exp": (lambda g, ans, x: ans * g,),
        "log": (lambda g, ans, x: g / x,),
        "tanh": (lambda g, ans, x: g * (1 - ans**2),),
        "add": (lambda g, ans, x, y: g, lambda g, ans, x, y: g),
        "subtract": (lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
        "multiply": (lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
        "divide": (lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * x / y**2),
        "maximum": (lambda g, ans, x, y: g * np.where(x == y, 0.5, x > y), lambda g, ans, x, y: g * np.where(x == y, 0.5, y > x)),
        "matmul": (lambda g, ans, x, y: g @ y.T, lambda g, ans, x, y: x.T @ g),
        "sum": (sum_vjp,),
    }
""",
    "divide_sign": other("-g * ans / y", "g * ans / y"),
    "matmul_not_transposed": other(
        "(y @ g.T).T, lambda g, ans, x, y: (g.T @ x).T", "g @ y, lambda g, ans, x, y: x.T @ g"
    ),
    "sum_without_expand": other(
        """        if axis is not None and not keepdims:
            for one in sorted(a % np.ndim(x) for a in np.atleast_1d(axis)):
                g = np.expand_dims(g, one)
""",
        "",
    ),
    "maximum_ties": other("np.heaviside(np.subtract(x, y), 0.5)", "np.heaviside(np.subtract(x, y), 1.0)"),
    "local_derivative_only": other("-1.0 * g", "-1.0")
    .replace("ans * g)", "ans)")
    .replace("g * (1.0 / x)", "1.0 / x")
    .replace("(1.0 - np.tanh(x) ** 2) * g", "1.0 - np.tanh(x) ** 2"),
    "ties_not_shared": other("np.heaviside(np.subtract(x, y), 0.5)", "np.heaviside(np.subtract(x, y), 0.0)"),
    "divide_without_x": other("-g * ans / y", "-g * np.sign(ans) ** 2 / y / y"),
    "log_upside_down": other("g * (1.0 / x)", "g * x"),
}

RIGHT["toposort"] = [
    ENGINE,
    """
from collections import Counter, deque

def toposort(end_node):
    uses, found = Counter(), [end_node]
    known = {id(end_node)}
    for node in found:
        for _, parent in node.parents:
            uses[id(parent)] += 1
            if id(parent) not in known:
                known.add(id(parent))
                found.append(parent)
    ready, order = deque([end_node]), []
    while ready:
        node = ready.popleft()
        order.append(node)
        for _, parent in node.parents:
            uses[id(parent)] -= 1
            if not uses[id(parent)]:
                ready.append(parent)
    return order
""",
]
WRONG["toposort"] = {
    "recursion_limit": """
def toposort(end_node, seen=None):
    seen = set() if seen is None else seen
    seen.add(end_node)
    below = []
    for _, parent in end_node.parents:
        if parent not in seen:
            below = toposort(parent, seen) + below
    return [end_node] + below
""",
    "breadth_first": """
from collections import deque

def toposort(end_node):
    order, queue = [], deque([end_node])
    listed = set()
    while queue:
        node = queue.popleft()
        if node in listed:
            continue
        listed.add(node)
        order.append(node)
        queue.extend(parent for _, parent in node.parents)
    return order
""",
    "duplicates": """
def toposort(end_node):
    order = [end_node]
    for node in order:
        order.extend(parent for _, parent in node.parents)
    return order
""",
    "pre_order": """
def toposort(end_node):
    order, stack, seen = [], [end_node], {end_node}
    while stack:
        node = stack.pop()
        order.append(node)
        for _, parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return order
""",
    "exponential": """
def toposort(end_node):
    order, stack = [], [end_node]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(parent for _, parent in node.parents)
    level = {}
    def measure(node, d):
        level[node] = max(level.get(node, 0), d)
        for _, parent in node.parents:
            measure(parent, d + 1)
    measure(end_node, 0)
    return sorted(level, key=level.get)
""",
    "two_uses_counted_as_one": """
from collections import Counter, deque

def toposort(end_node):
    found, stack = {end_node}, [end_node]
    children = Counter()
    while stack:
        for parent in {parent for _, parent in stack.pop().parents}:
            children[parent] += 1
            if parent not in found:
                found.add(parent)
                stack.append(parent)
    order, queue = [], deque([end_node])
    while queue:
        order.append(queue.popleft())
        for _, parent in order[-1].parents:
            children[parent] -= 1
            if not children[parent]:
                queue.append(parent)
    return order
""",
    "a_set": """
def toposort(end_node):
    return {end_node}
""",
    "only_the_first_parents": """
def toposort(end_node):
    order = [end_node]
    while order[-1].parents:
        order.append(order[-1].parents[0][1])
    return order
""",
}

RIGHT["backward_pass"] = [
    ENGINE,
    """
def backward_pass(g, end_node, vjps):
    signals = {}
    signals[end_node] = np.copy(g)
    for node in toposort(end_node):
        if node.fun is None:
            continue
        for argnum, parent in node.parents:
            m = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            if parent in signals:
                signals[parent] = np.add(signals[parent], m)
            else:
                signals[parent] = np.copy(m)
    return signals
""",
]
WRONG["backward_pass"] = {
    "overwrites_messages": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: np.array(g)}
    for node in toposort(end_node):
        signals.update({parent: vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
                        for k, parent in node.parents})
    return signals
""",
    "in_place_alias": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g.copy()}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            try:
                signals[parent] += m
            except KeyError:
                signals[parent] = m
    return signals
""",
    "starts_from_one": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: 1.0}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals[parent] + m if parent in signals else m
    return signals
""",
    "first_argument_only": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        if node.parents:
            vjp, *_ = vjps[node.fun]
            for _, parent in node.parents:
                m = vjp(signals[node], node.value, *node.args, **node.kwargs)
                signals[parent] = signals[parent] + m if parent in signals else m
    return signals
""",
    "messages_sent_early": """
def backward_pass(g, end_node, vjps):
    signals, done = {end_node: g}, set()
    def visit(node):
        if node in done:
            return
        done.add(node)
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals[parent] + m if parent in signals else m
        for _, parent in node.parents:
            visit(parent)
    visit(end_node)
    return signals
""",
    "numbered_among_parents": """
def backward_pass(g, end_node, vjps):
    mail = {end_node: [g]}
    for node in toposort(end_node):
        total = sum(mail[node])
        mail[node] = total
        number = 0
        for _, parent in node.parents:
            mail.setdefault(parent, []).append(vjps[node.fun][number](total, node.value, *node.args, **node.kwargs))
            number += 1
    return mail
""",
    "keywords_left_out": """
def backward_pass(g, end_node, vjps):
    mail = {end_node: [g]}
    for node in toposort(end_node):
        total = sum(mail[node])
        mail[node] = total
        for k, parent in node.parents:
            mail.setdefault(parent, []).append(vjps[node.fun][k](total, node.value, *node.args))
    return mail
""",
    "the_signal_of_the_end": """
def backward_pass(g, end_node, vjps):
    mail = {end_node: [g]}
    for node in toposort(end_node):
        total = sum(mail[node])
        mail[node] = total
        for k, parent in node.parents:
            mail.setdefault(parent, []).append(vjps[node.fun][k](g, node.value, *node.args, **node.kwargs))
    return mail
""",
    "answer_left_out": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], *node.args, **node.kwargs)
            signals[parent] = signals[parent] + m if parent in signals else m
    return signals
""",
    "inputs_only": """
def backward_pass(g, end_node, vjps):
    signals = {end_node: g}
    for node in toposort(end_node):
        for k, parent in node.parents:
            m = vjps[node.fun][k](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals[parent] + m if parent in signals else m
    return {node: signal for node, signal in signals.items() if node.fun is None}
""",
}

RIGHT["grad"] = [
    ENGINE,
    ENGINE
    + """
from functools import wraps

def grad(f, argnum=0):
    @wraps(f)
    def df(*args):
        node = Node(args[argnum])
        out = f(*(node if i == argnum else a for i, a in enumerate(args)))
        if not isinstance(out, Node):
            out = Node(out)
        if out.value.shape:
            raise ValueError("grad is for functions to a number")
        return backward_pass(np.ones_like(out.value), out, VJPS).get(node, np.zeros_like(node.value))
    return df
""",
]
WRONG["grad"] = {
    "argnum_ignored": ENGINE
    + """
def grad(f, argnum=0):
    def df(x, *rest):
        node = Node(x)
        out = f(node, *rest)
        out = out if isinstance(out, Node) else Node(out)
        if out.value.shape:
            raise ValueError("grad is for functions to a number")
        return backward_pass(np.ones(()), out, VJPS).get(node, np.zeros_like(node.value))
    return df
""",
    "unused_argument_fails": ENGINE
    + """
def grad(f, argnum=0):
    def df(*args):
        args = list(args)
        args[argnum] = Node(args[argnum])
        out = f(*args)
        signals = backward_pass(np.ones(()), out, VJPS)
        if np.shape(out.value) != ():
            raise ValueError("grad is for functions to a number")
        return signals[args[argnum]]
    return df
""",
    "vector_output_summed": other("if np.ndim(result.value if is_node else result) != 0:", "if False:").replace(
        "np.ones(()), result", "np.ones(result.value.shape), result"
    ),
    "returns_node": other(
        "return signals[leaf] if leaf in signals else 0 * leaf.value", "return Node(signals.get(leaf, 0 * leaf.value))"
    ),
    "numerical_differences": """
def grad(f, argnum=0):
    def df(*args):
        h = 1e-7
        x = np.asarray(args[argnum], dtype=float)
        here = f(*args)
        if np.ndim(here):
            raise ValueError("grad is for functions to a number")
        out = np.empty(x.size)
        for i in range(x.size):
            moved = x.ravel().copy()
            moved[i] += h
            out[i] = (f(*args[:argnum], moved.reshape(x.shape), *args[argnum + 1:]) - here) / h
        return out.reshape(x.shape)
    return df
""",
    "a_matrix_of_one": other("np.ones(()), result", "np.ones((1, 1)), result"),
    "dict_of_signals": other(
        "return signals[leaf] if leaf in signals else 0 * leaf.value", "return {argnum: signals.get(leaf)}"
    ),
}

RIGHT["train_two_moons"] = [
    ENGINE + TRAIN,
    ENGINE
    + """
def train_two_moons(X, t, params, lr, steps):
    def loss_of(k, theta):
        def f(p):
            W1, b1, W2, b2 = [p if i == k else q for i, q in enumerate(theta)]
            z = ops.sum(ops.tanh(X @ W1 + b1) @ W2 + b2, axis=1)
            size = ops.maximum(z, -z)
            return ops.sum(ops.maximum(z, 0) - t * z + ops.log(1 + ops.exp(-size))) / X.shape[0]
        return f
    theta, losses = params[:], []
    for _ in range(steps):
        losses.append(loss_of(0, theta)(theta[0]))
        theta = [p - lr * grad(loss_of(k, theta))(p) for k, p in enumerate(theta)]
    return theta, np.array(losses)
""",
]
WRONG["train_two_moons"] = {
    "unstable_loss": ENGINE
    + """
def train_two_moons(X, t, params, lr, steps):
    T = t[:, None]
    def loss(W1, b1, W2, b2):
        z = ops.tanh(X @ W1 + b1) @ W2 + b2
        p = 1.0 / (1.0 + ops.exp(-z))
        return -ops.sum(T * ops.log(p) + (1.0 - T) * ops.log(1.0 - p)) / len(T)
    losses = []
    for _ in range(steps):
        losses.append(loss(*params))
        grads = [grad(loss, k)(*params) for k in range(4)]
        params = [p - lr * g for p, g in zip(params, grads)]
    return list(params), np.array(losses)
""",
    "targets_broadcast_to_square": ENGINE
    + """
def train_two_moons(X, t, params, lr, steps):
    def loss(W1, b1, W2, b2):
        z = ops.tanh(X @ W1 + b1) @ W2 + b2
        each = ops.maximum(z, 0.0) - t * z + ops.log(1.0 + ops.exp(-ops.maximum(z, -z)))
        return ops.sum(each) / each.value.size if isinstance(each, Node) else np.mean(each)
    losses = []
    for _ in range(steps):
        losses.append(loss(*params))
        grads = [grad(loss, k)(*params) for k in range(4)]
        params = [p - lr * g for p, g in zip(params, grads)]
    return list(params), np.array(losses)
""",
    "sum_not_mean": ENGINE + other(" * (1.0 / N)", "", TRAIN),
    "updates_one_after_another": ENGINE
    + other(
        """        slopes = tuple(grad(cost, k)(*theta) for k in (0, 1, 2, 3))
        theta = [p - lr * s for p, s in zip(theta, slopes)]
""",
        """        for k in range(4):
            theta = theta[:k] + [theta[k] - lr * grad(cost, k)(*theta)] + theta[k + 1:]
""",
        TRAIN,
    ),
    "changes_initial_parameters": ENGINE
    + other("theta = [np.array(p, dtype=float) for p in params]", "theta = params", TRAIN).replace(
        "theta = [p - lr * s for p, s in zip(theta, slopes)]",
        "for k in range(4):\n            theta[k] = theta[k] - lr * slopes[k]",
    ),
    "output_bias_not_trained": ENGINE + other("in (0, 1, 2, 3))", "in (0, 1, 2)) + (0.0,)", TRAIN),
    "loss_after_the_step": ENGINE
    + other("        history += [cost(*theta)]\n", "", TRAIN).replace(
        "zip(theta, slopes)]", "zip(theta, slopes)]\n        history.append(cost(*theta))"
    ),
    "uphill": ENGINE + other("p - lr * s", "p + lr * s", TRAIN),
    "one_step_more": ENGINE + other("range(steps)", "range(steps + 1)", TRAIN),
}
