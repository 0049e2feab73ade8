"""Solutions of lecture 05, automatic differentiation: a small reverse-mode library, and a network trained with it."""

import numpy as np

from course.autodiff import attach_operators, make_ops, make_registry


class Node:
    """One value of a traced program, and how it came about.

    Node(value, fun=None, args=(), kwargs=None, parents=()) has these five as attributes:
    value: a float64 array, of no dimensions for a number
    fun: the raw numpy function that made it, None for an input; args: a tuple of the raw values it was called with;
    kwargs: a dict of this node alone, empty where None is given
    parents: a tuple of pairs (argnum, Node), one for each positional argument that was a Node, in order

    Nodes are equal, and hash, by identity. numpy leaves the operators between an array and a node to the node.
    """

    def __init__(self, value, fun=None, args=(), kwargs=None, parents=()):
        # BEGIN SOLUTION
        self.value = np.asarray(value, dtype=np.float64)
        self.fun = fun
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        self.parents = tuple(parents)

    __array_ufunc__ = None
    # END SOLUTION


def primitive(fun):
    """A function that computes what fun computes, and records the call if one of its positional arguments is a Node.

    fun: a numpy function -> a function of the same arguments, *args and **kwargs
    Without a Node among args it returns fun(*args, **kwargs) as it is. Else it calls fun once, on raw values, and
    returns the Node of the result, with fun, the raw args, the kwargs and its parents.
    """

    # BEGIN SOLUTION
    def traced(*args, **kwargs):
        parents = [(argnum, arg) for argnum, arg in enumerate(args) if isinstance(arg, Node)]
        if not parents:
            return fun(*args, **kwargs)
        raw = [arg.value if isinstance(arg, Node) else arg for arg in args]
        return Node(fun(*raw, **kwargs), fun, raw, kwargs, parents)

    return traced
    # END SOLUTION


def unbroadcast(g, shape):
    """The sum of g over all axes along which an array of `shape` was broadcast to the shape of g.

    g an array, shape a tuple of integers -> an array of exactly that shape
    """
    # BEGIN SOLUTION
    added = np.ndim(g) - len(shape)
    g = np.sum(g, axis=tuple(range(added)))
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return np.sum(g, axis=stretched, keepdims=True)
    # END SOLUTION


def vjp_table():
    """The VJPs of eleven operations: a dict from the name to a tuple with one function for each positional array argument.

    The names are negative, exp, log, tanh, add, subtract, multiply, divide, maximum, matmul and sum.
    Each function is called as vjp(g, ans, *args, **kwargs), with g the error signal of the answer `ans`, in its shape,
    and returns the error signal of its argument, in the shape of that argument, which may be a Python number.
    matmul is of two matrices; sum has the keywords axis (None, an int or a tuple) and keepdims;
    where the arguments of maximum are equal, each gets half.
    """

    # BEGIN SOLUTION
    def both(left, right):
        return (
            lambda g, ans, x, y: unbroadcast(left(g, ans, x, y), np.shape(x)),
            lambda g, ans, x, y: unbroadcast(right(g, ans, x, y), np.shape(y)),
        )

    def larger(x, y):
        return np.where(np.equal(x, y), 0.5, np.greater(x, y))

    def spread(g, ans, x, axis=None, keepdims=False):
        if axis is not None and not keepdims:
            g = np.expand_dims(g, axis)
        return np.broadcast_to(g, np.shape(x))

    return {
        "negative": (lambda g, ans, x: -g,),
        "exp": (lambda g, ans, x: g * ans,),
        "log": (lambda g, ans, x: g / x,),
        "tanh": (lambda g, ans, x: g * (1 - ans**2),),
        "add": both(lambda g, ans, x, y: g, lambda g, ans, x, y: g),
        "subtract": both(lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
        "multiply": both(lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
        "divide": both(lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * ans / y),
        "maximum": both(lambda g, ans, x, y: g * larger(x, y), lambda g, ans, x, y: g * larger(y, x)),
        "matmul": (lambda g, ans, x, y: g @ y.T, lambda g, ans, x, y: x.T @ g),
        "sum": (spread,),
    }
    # END SOLUTION


def toposort(end_node):
    """All nodes from which end_node was computed, each once, every node before all of its parents.

    end_node: a Node -> a list of Nodes, end_node first; any such order is right
    Graphs may be deep, thousands of nodes in a chain, and may hold a node on very many paths.
    """
    # BEGIN SOLUTION
    waiting = {end_node: 0}  # how many messages each node is still to get
    stack = [end_node]
    while stack:
        for _, parent in stack.pop().parents:
            if parent not in waiting:
                waiting[parent] = 0
                stack.append(parent)
            waiting[parent] += 1
    order, ready = [], [end_node]
    while ready:
        order.append(ready.pop())
        for _, parent in order[-1].parents:
            waiting[parent] -= 1
            if waiting[parent] == 0:
                ready.append(parent)
    return order
    # END SOLUTION


def backward_pass(g, end_node, vjps):
    """The error signals of all nodes from which end_node was computed, itself included.

    g: the error signal of end_node, in its shape
    vjps: a dict from a raw numpy function to its tuple of VJPs, each called as vjp(g, ans, *args, **kwargs)
    -> a dict from Node to an array in the shape of its value. Each VJP is called exactly once for each pair of a node
    and an argument that is a Node. No array that a VJP returned is changed: it may be the signal of another node too.
    """
    # BEGIN SOLUTION
    signals = {end_node: g}
    for node in toposort(end_node):
        for argnum, parent in node.parents:
            message = vjps[node.fun][argnum](signals[node], node.value, *node.args, **node.kwargs)
            signals[parent] = signals[parent] + message if parent in signals else message
    return signals
    # END SOLUTION


def grad(f, argnum=0):
    """A function of the arguments of f that returns the derivative of f with respect to one of them.

    f: a function written with operators and ops, whose result is a number; argnum: which argument
    -> a function whose result is an array in the shape of that argument. The other arguments reach f as they are. Where
    the result does not depend on the argument, the derivative is zeros.
    Raises ValueError (when called) where f returns something of a shape other than ().
    """

    # BEGIN SOLUTION
    def gradient(*args):
        leaf = Node(args[argnum])
        end = f(*args[:argnum], leaf, *args[argnum + 1 :])
        value = end.value if isinstance(end, Node) else end
        if np.shape(value) != ():
            raise ValueError(f"grad needs a function whose result is a number, not an array of shape {np.shape(value)}")
        if not isinstance(end, Node):
            return np.zeros_like(leaf.value)
        return backward_pass(np.ones(()), end, VJPS).get(leaf, np.zeros_like(leaf.value))

    return gradient
    # END SOLUTION


def train_two_moons(X, t, params, lr, steps):
    """Gradient descent on the mean logistic cross-entropy of a network with one hidden layer of tanh units.

    X (N, 2); t (N,) of 0 and 1; params: the list [W1 (2, H), b1 (H,), W2 (H, 1), b2 (1,)] to start from, which stays as
    it is; lr: the learning rate; steps: how many, each on all examples
    The logits are z = tanh(X W1 + b1) W2 + b2. All four gradients of a step belong to the same parameters.
    -> params, a new list of four arrays, and losses (steps,): losses[k] is the loss before step k + 1
    The loss and its gradient are finite however large the logits are.
    """

    # BEGIN SOLUTION
    def loss(W1, b1, W2, b2):
        z = ops.tanh(X @ W1 + b1) @ W2 + b2
        size = ops.maximum(z, -z)
        return ops.sum(ops.maximum(z, 0.0) - t[:, None] * z + ops.log(1.0 + ops.exp(-size))) / len(t)

    slopes = [grad(loss, argnum) for argnum in range(4)]
    params, losses = list(params), []
    for _ in range(steps):
        losses.append(float(loss(*params)))
        gradients = [slope(*params) for slope in slopes]
        params = [p - lr * dp for p, dp in zip(params, gradients, strict=True)]
    return params, np.array(losses)
    # END SOLUTION


# What the notebook runs between the exercises, so that the last two have all they need.
ops = make_ops(primitive)
attach_operators(Node, ops)
VJPS = make_registry(vjp_table)
