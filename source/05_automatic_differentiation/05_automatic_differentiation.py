# ---
# jupyter:
#   course:
#     title: Automatic differentiation
#     minutes: 180
#     promise: Build a library that differentiates any program written with it, and train a network that agrees with PyTorch
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Automatic differentiation: build a small Autograd
#
# In lecture 04 you derived the backward pass of a network by hand, and then typed it. Change one layer, and you
# derive and type again. But the chain rule is mechanical. Can a program do it, for *any* program that you write?
#
# It can, in about a hundred lines, and you are going to write them: what a value must remember about its making, how
# functions record themselves, one small rule for each of eleven operations, the order in which messages travel, and
# `grad`, which ties it together. At the end your library trains a network, with the same numbers as PyTorch. It takes
# about 180 minutes, 128 of them for eight exercises and two questions. A good place for a break is after *One rule
# for each primitive*.

# %% setup=true
import time

import numpy as np
import torch

from course import check, data
from course.autodiff import attach_operators, make_ops, make_registry
from course.demos import automatic_differentiation as demos
from course.figure import BLUE, DASH, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written
from course.graph_figure import draw_graph

torch.set_num_threads(1)

# %% [markdown] covers="05.01 05.02 05.20 05.21 05.22 05.23 E05-reverse-mode E05-step-size"
# ## Four ways to a derivative
#
# Take $f(x) = e^x$ at $x = 1$, where the slope is $e$. What could a program do to find it?
#
# It could **nudge**. The one-sided difference $\frac{f(x + h) - f(x)}{h}$ has an error of order $h$: by Taylor,
# $f(x + h) = f(x) + h f'(x) + \frac{h^2}{2} f''(x) + \dots$, and after subtracting and dividing, $\frac h2 f''(x)$ is
# left. The two-sided one, $\frac{f(x + h) - f(x - h)}{2h}$, cancels that term too; its error is of order $h^2$. So
# the smaller $h$ the better? Look.

# %%
steps = 10.0 ** -np.arange(1, 13)
one = np.abs((np.exp(1 + steps) - np.exp(1)) / steps - np.e)
two = np.abs((np.exp(1 + steps) - np.exp(1 - steps)) / (2 * steps) - np.e)
figure, ax = panels(width=4.6)
ax.set(xscale="log", yscale="log", xlabel="step h", ylabel="error of the slope", xlim=(1e-12, 2), ylim=(1e-12, 1))
for errors, colour, name in ((one, BLUE, "one-sided"), (two, ORANGE, "two-sided")):
    ax.plot(steps, errors, color=colour, ls=DASH[colour], marker=MARKER[colour], label=name)
ax.legend(frameon=False, loc="upper center", fontsize=8)
show(
    figure,
    alt=(
        "The errors of one-sided and two-sided differences over the step: two curves shaped like a V, the "
        "second one lower and with its lowest point at a larger step."
    ),
)
for h, error in zip(steps[3::2], two[3::2], strict=True):
    print(f"two-sided, step {h:.0e}: error {error:.0e}")

# %% [markdown]
# From right to left both curves fall, with slopes 1 and 2, and then *rise*: both terms of the difference carry a
# rounding error of about $10^{-16}$, and dividing by $h$ blows it up. In double precision a step of $10^{-5}$ or
# $10^{-6}$ is best for the two-sided difference (that $10^{-7}$ does as well in the picture is luck: there the
# rounding errors happen to cancel). Such a step gives ten digits, which is enough to *check* a gradient; do so before
# you blame the optimiser. But for a function of $n$ inputs one needs $n + 1$ evaluations, or $2n$ for two-sided
# differences. A network with a million weights would need a million passes for one step.
#
# A program could also work on **formulas**, as you did at school. Take a product of $n$ numbers,
# $x_1 x_2 \cdots x_n$. Each of its $n$ derivatives is a product of the $n - 1$ others. Written out, they hold
# $n (n - 1)$ factors: a million for a thousand numbers, where the product itself had a thousand. The expression
# *swells*, since what the formulas have in common is written out in each of them. And what is the formula of a program
# with loops?
#
# The third and the fourth way apply the chain rule to *numbers*. A program, whatever it says, runs as a sequence of
# simple steps: additions, products, exponentials. Each has a derivative that is known. **Forward mode** carries along
# with each number its derivative with respect to *one* input; it costs about one more pass for every input. **Reverse
# mode** first runs the program, and then goes back through it with the derivative of *one output* with respect to
# each intermediate value. It costs about one more pass for every output. A loss is a single output, however many
# inputs there are. That is why reverse mode is what trains networks, and *backpropagation* is its name there. It has
# a price: on the way back it needs the numbers that the program computed, so it must keep them all, while forward
# mode can forget each as soon as nothing more is computed from it. Robert Wengert described forward mode in 1964, Seppo
# Linnainmaa reverse mode in 1970, in his master's thesis on rounding errors.
#
# **Automatic differentiation** is turning a program that computes a value into a procedure that computes its
# derivatives. It is no approximation: it is exact up to rounding. (At a kink, such as that of $\max(x, 0)$ at 0,
# there is no derivative, and a convention takes its place.)
#
# Here is the gradient of $f(x) = \sum_i \tanh(A x)_i$, with a matrix $A$ of 50 rows, for more and more inputs: once
# by two-sided differences, once by PyTorch's reverse mode. Before you look: how should the time of each grow with the
# number of inputs?


# %%
def by_differences(A, x, h=1e-6):
    f = lambda x: np.tanh(A @ x).sum()  # noqa: E731
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def by_reverse_mode(A, x):
    leaf = torch.tensor(x, requires_grad=True)
    (torch.from_numpy(A) @ leaf).tanh().sum().backward()
    return leaf.grad.numpy()


sizes, ways = (1, 3, 10, 30, 100, 300, 1000), {"differences": by_differences, "reverse mode": by_reverse_mode}
rng = np.random.default_rng(0)
seconds, errors = {name: [] for name in ways}, {name: [] for name in ways}
for n in sizes:
    A, x = rng.normal(size=(50, n)) / np.sqrt(n), rng.normal(size=n)
    exact = (1 - np.tanh(A @ x) ** 2) @ A
    for name, way in ways.items():
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            found = way(A, x)
            taken.append(time.perf_counter() - began)
        seconds[name].append(min(taken))
        errors[name].append(np.abs(found - exact).max())
figure, (left, right) = panels(2, width=3.1)
for ax, shown, ylabel in ((left, seconds, "seconds for the gradient"), (right, errors, "largest error")):
    ax.set(xscale="log", yscale="log", xlabel="inputs", ylabel=ylabel, xlim=(0.8, 1300))
    for (name, values), colour in zip(shown.items(), (ORANGE, BLUE), strict=True):
        ax.plot(sizes, np.maximum(values, 1e-17), color=colour, ls=DASH[colour], marker=MARKER[colour], label=name)
left.legend(frameon=False, fontsize=8)
show(
    figure,
    alt=(
        "Two pictures over the number of inputs, for differences and for reverse mode: the seconds that a gradient "
        "takes, and its largest error."
    ),
)

# %% [markdown]
# Ten times as many inputs take the differences about ten times as long, and from a hundred inputs on, when a single
# evaluation gets longer, even more. Reverse mode hardly notices: one pass forth, one pass back, for ten inputs or a
# thousand. It only has a start-up time, which is why differences win for very few inputs. The right picture shows
# that nothing is paid for this in accuracy. On the contrary: only rounding is left, where differences lose six digits
# more.

# %% [markdown] covers="05.04 05.05 05.17"
# ## Recording a program
#
# To go back through a program one must know what it did. So it is run with special numbers that remember where they
# come from. Each result becomes a **node** of a graph that is built while the program runs; this is called
# **tracing**. The steps that record themselves are the **primitives**. Which ones are needed is a matter of taste:
# even sine and cosine are computed from additions and products inside, but it is simpler to take them as primitives
# and give them a rule. We take eleven.
#
# Python's own control flow leaves no trace. In the program below the loop and the `if` are gone after tracing; what
# `program(3.0, 2)` leaves are four operations, in the order in which they ran. Each arrow leads from an argument to
# the operation that used it. Another call may leave others: for `n = 7` there are seven sums, and no minus.


# %%
def program(x, n):
    y = x * x
    for _ in range(n):
        y = y + x
    return -y if n < 5 else y


figure, ax = panels(width=5.4, height=1.7)
places = {"x": (0, 0.5), "·": (1.2, 0.5), "+": (2.4, 0.5), "+ ": (3.6, 0.5), "−": (4.8, 0.5)}
edges = [
    ("x", "·", "", 0.25),
    ("x", "·", "", -0.25),
    ("·", "+"),
    ("+", "+ "),
    ("+ ", "−"),
    ("x", "+", "", -0.35),
    ("x", "+ ", "", -0.45),
]
values = {"x": "3", "·": "9", "+": "12", "+ ": "15", "−": "-15"}
draw_graph(ax, places, edges, values=values, inputs=("x",))
show(
    figure,
    alt=(
        "The graph that program(3.0, 2) leaves behind: x goes twice into a product and once into each of two sums, "
        "and a minus ends it."
    ),
)

# %% [markdown] covers="05.03 05.06 05.07 E05-autograd-version E05-node-fields E05-module-name E05-typos"
# What must a node remember? The derivative of $x \cdot y$ with respect to $x$ is $y$, so: *which function* made the
# value, and *with what arguments*. And to send messages back: *which nodes* the arguments were, and at which position
# each of them stood. For the product $2 \cdot x$ with $x = 3$ that is
#
# | attribute | holds | here |
# |---|---|---|
# | `value` | the result, always a float64 array | 6.0 |
# | `fun` | the raw numpy function, `None` for an input | `np.multiply` |
# | `args` | the raw values it was called with, a tuple | (2.0, 3.0) |
# | `kwargs` | the keyword arguments, such as `axis`, a dict | {} |
# | `parents` | pairs (argnum, node), one for each argument that was a node, a tuple | ((1, x),) |
#
# This is how the teaching version of *Autograd* does it (Dougal Maclaurin, David Duvenaud and Matt Johnson wrote the
# library in 2015; the real one keeps a ready-made function in place of the arguments). Autograd's module
# `autograd.numpy` looks like numpy, and each of its functions, `sum` for example, records itself. PyTorch and JAX
# have taken its place; the ideas are the same.
#
# Two nodes may hold the same number and still be two different inputs. So nodes must be compared by *identity*, as
# Python does if you don't define `__eq__`. One more trap: in `np.ones(2) + node` it is numpy's turn first, and it
# would try to add each of its elements to the node. A class that sets `__array_ufunc__ = None` tells numpy to leave
# it alone.

# %% [markdown]
# ### Exercise: Node (1 point, 8 minutes)
# Write the class. `args` and `parents` may be given as lists and are kept as tuples; each node has a `kwargs` dict of
# its own, empty where `None` is given. The operators come later.

# %% exercise="Node"

# %% [markdown]
# Now a function that records itself. `primitive(np.exp)` shall be a function that works on plain arrays as `np.exp`
# does, and when at least one of its positional arguments is a node, calls `np.exp` on the raw values and returns the
# node of the call. Note that in `x * x` the same node comes twice and must be in `parents` twice: two messages have
# to reach it.

# %% [markdown]
# ### Exercise: primitive (2 points, 10 minutes)
# Return a function that takes `*args` and `**kwargs`. With no `Node` among `args` it returns `fun(*args, **kwargs)`
# as it is. Otherwise it calls `fun` exactly once, on raw values, and returns the `Node` that records the call.
# Keyword arguments are never nodes.

# %% exercise="primitive"

# %% [markdown]
# The rest of the glue is ours, in `course.autodiff`, and short: `ops` holds your `primitive` of eleven numpy
# functions, and the operators `+ - * / @` of a node call them, also when the node stands on the right. From now on a
# program is written with these. `np.exp(node)` raises a TypeError, since numpy was told to leave nodes alone; it is
# `ops.exp(node)` that records itself. Below, `program` from above is run on a node, and then followed back from its
# end: the graph of the picture is now in your nodes.

# %%
ops = make_ops(primitive)
attach_operators(Node, ops)
with until_written(Node, primitive):
    x = Node(3.0)
    y = 2.0 * ops.exp(x) + x
    print(y.value, "by", y.fun.__name__, "of", [(k, round(float(parent.value), 3)) for k, parent in y.parents])
    y = program(x, 2)
    while y.parents:
        print(y.value, "by", y.fun.__name__, end=" <- ")
        y = y.parents[0][1]
    print(y.value, "the input")

# %% [markdown] covers="05.08 05.09 E05-defvjp-signature"
# ## One rule for each primitive
#
# In lecture 04 a node received its error signal $\bar v$, the derivative of the loss with respect to its value, and
# sent to each of its parents the product with a local derivative. Now values are arrays. Let $y$ be computed from $x$,
# both written as vectors. Each $x_i$ may take part in every $y_j$, so the chain rule sums over all of them:
#
# $$\bar x_i = \sum_j \bar y_j \frac{\partial y_j}{\partial x_i}, \quad\text{that is,}\quad \bar x = J^\top \bar y,
#   \qquad J_{ji} = \frac{\partial y_j}{\partial x_i}.$$
#
# The matrix $J$ of all local derivatives is the *Jacobian*, and the message is a **vector-Jacobian product**, VJP:
# written as rows, $\bar x^\top = \bar y^\top J$. The matrix itself is hardly ever formed. For $y = e^x$ on a million
# numbers it would have $10^{12}$ entries, all zero but those on the diagonal, and the product is just
# $\bar x = e^x \bar y$, elementwise. So for each argument of each primitive we write one function that gives the
# message:
#
# `vjp(g, ans, *args, **kwargs)`, with `g` the signal of the answer `ans`,
#
# in the shape of that argument. (Autograd's teaching version has this signature too; the real library writes
# `lambda ans, x: lambda g: ...`.) For example `negative` has $-g$; `exp` has $g \cdot \text{ans}$, for which nothing
# has to be computed again; `log` has $g / x$; and `tanh` has $g\,(1 - \text{ans}^2)$.
#
# The sum of a vector, $s = \sum_i x_i$, has the slope 1 in every $x_i$: its VJP *copies* $g$ to all places. And what
# is the VJP of copying? Suppose a number $b$ is used in $n$ places. It receives $n$ messages, and they add. So the
# VJP of copying *sums*. (As matrices: the Jacobian of summing three numbers is the row $(1\;1\;1)$, that of copying a
# number three times is the same as a column. Each is the transpose, or *adjoint*, of the other, and a VJP multiplies
# by the transpose.)
#
# That matters, because copying happens where nobody wrote it: in **broadcasting**. When a bias of shape (3,) is added
# to a table of shape (2, 3), it is copied into both rows. The signal that comes back has shape (2, 3). If we handed it
# on as it is, the update $b - \alpha \bar b$ would turn the bias into a table, by broadcasting once more, without any
# complaint. What the bias must get is the sum over the rows. Check each number below:

# %%
from matplotlib.patches import Rectangle

g = np.array([[1, 2, 3], [10, 20, 30]])
sums = {
    "g, (2, 3)": g,
    "for (3,)": g.sum(axis=0)[None],
    "for (2, 1)": g.sum(axis=1)[:, None],
    "for ()": g.sum()[None, None],
}
figure, axes = panels(4, width=1.55, height=1.3)
for ax, (title, said) in zip(axes, sums.items(), strict=True):
    for (i, j), value in np.ndenumerate(said):
        ax.add_patch(Rectangle((j, -i), 1, 1, fill=False, ec=BLUE if said is g else ORANGE))
        ax.text(j + 0.5, -i + 0.5, str(value), ha="center", va="center")
    ax.set(xlim=(-0.1, 3.1), ylim=(-1.1, 1.1), title=title)
    ax.axis("off")
show(
    figure, alt="A signal of shape (2, 3), and beside it the sums that arguments of shapes (3,), (2, 1) and () receive."
)

# %% [markdown]
# Broadcasting lines shapes up from the right. So first sum over the leading axes that the argument doesn't have, then
# over those in which it has length 1, keeping them.

# %% [markdown]
# ### Exercise: unbroadcast (2 points, 10 minutes)
# `g` has a shape to which an array of `shape` was broadcast. Return the sum of `g` over the axes along which it was
# copied, with exactly the given shape. A broadcast axis may have the length 0; the sum over it is 0.

# %% exercise="unbroadcast"

# %% [markdown]
# Three more rules need a thought. For $C = XY$ with matrices, an entry is $c_{ij} = \sum_k x_{ik} y_{kj}$, so $x_{ik}$
# takes part in all entries of row $i$ of $C$, with the factor $y_{kj}$:
#
# $$\bar x_{ik} = \sum_j \bar c_{ij}\, y_{kj}, \quad\text{that is,}\quad \bar X = \bar C\, Y^\top, \qquad
#   \text{and in the same way}\quad \bar Y = X^\top \bar C .$$
#
# The shapes alone tell where the transposes must be, unless the matrices are square. And `maximum(x, y)` passes its
# signal to the larger argument. Where both are equal there is no derivative; our convention is one half for each.
# `sum` has the keywords `axis` (`None`, an integer or a tuple) and `keepdims`: before `g` can be copied back, the
# axes that the sum removed must be put in again (`np.expand_dims` does it, for one axis or several).

# %% [markdown]
# ### Exercise: vjp_table (3 points, 20 minutes)
# Return a dict from each of the names `negative`, `exp`, `log`, `tanh`, `add`, `subtract`, `multiply`, `divide`,
# `maximum`, `matmul` (of two matrices) and `sum` to a tuple of VJPs, one for each positional array argument.
# Arguments may be Python numbers. The operations of two arguments broadcast, all but `matmul`; use your `unbroadcast`.

# %% exercise="vjp_table"

# %%
VJPS = make_registry(vjp_table)  # the same with numpy's functions in place of their names
with until_written(vjp_table, unbroadcast):
    a, b, g = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([10.0, 20.0, 30.0]), np.ones((2, 3))
    print(
        "a * b: to a", VJPS[np.multiply][0](g, a * b, a, b).tolist(), "and to b", VJPS[np.multiply][1](g, a * b, a, b)
    )

# %% [markdown] covers="05.10 05.11"
# ## The right order
#
# The messages of a node add up, and when the sum is complete the node sends one message for each pair in its
# `parents`. It need not know where its own signal came from, nor what the rest of the graph looks like. That is all of
# backpropagation. One thing can go wrong: a node must not send before all messages have come. So the nodes must be
# visited in an order in which every node comes *before its parents* (a reverse topological order). Isn't that the
# order of distance from the end, nearest first? Look at this graph of four nodes: $a = 3x$, $b = 2a$ and $z = a + b$.
# Since $z = 9x$, the signal of $x$ must come out as 9.

# %%
figure, ax = panels(width=4.6, height=1.7)
places = {"x": (0, 0), "a": (1.3, 0), "b": (2.6, 0.8), "z": (3.9, 0)}
draw_graph(ax, places, [("x", "a", "3"), ("a", "b", "2"), ("b", "z", "1"), ("a", "z", "1")], inputs=("x",))
show(
    figure,
    alt="The graph of z = a + b with b = 2 a and a = 3 x: a short path and a longer one lead from z to a.",
)

# %% [markdown]
# From the end $z$ both parents, $a$ and $b$, are one step away, and $x$ is two. So the order of distance may well be
# $z, a, b, x$. Follow it: $z$ sends 1 to $a$ and 1 to $b$. It is the turn of $a$, which holds 1 and sends $3 \cdot 1$
# to $x$. Now $b$ sends $2 \cdot 1$ to $a$, which has spoken already. In the end $x$ holds 3 instead of 9: all that
# came along the longer path is lost. Here one could have been lucky and taken $b$ before $a$; with a detour of one
# more node no luck would help. Nor does it help to follow one path to its very end before the next is begun: as long
# as a node is listed when it is *first met*, one may meet $a$, and $x$ behind it, by the short way, with $b$ still to
# come.
#
# And no path may be walked by itself: sixty nodes that are each used twice by the next have $2^{60}$ paths.
#
# Two methods work. *Count*: for each node, how many messages it will get (one for each use); send from the end, lower
# the counts, and take a node when its count is zero. Or go *depth first*, and list a node not when it is met but
# when all of its parents are listed; then reverse the list. The second is often written with a function that calls
# itself, and Python allows about a thousand nested calls. A recurrent network that runs for twenty thousand steps is
# a chain of at least twenty thousand nodes. So use a loop with a stack of your own; it must show whether a node on it
# waits for its parents or has just been met.

# %% [markdown]
# ### Exercise: toposort (2 points, 15 minutes)
# Return a list of all nodes from which `end_node` was computed, `end_node` first, each exactly once, and every node
# before all of its parents. Any such order is right. Chains may be thousands of nodes long, and a node may be reached
# on very many paths.

# %% exercise="toposort"

# %% [markdown] covers="05.12 05.13 05.14"
# ## Backward pass and grad
#
# Now it comes together. Keep a dict from nodes to signals, with that of the end to begin with. Visit the nodes in
# order. For each pair (argnum, parent) call the VJP of that argument, once, and add the message to the parent's
# signal.
#
# *Add* how? `signals[parent] += message` looks harmless. But the VJP of `add` may return the array `g` itself, the
# very object that is also the signal of the node that sent it, and perhaps that of the other parent too. `+=` on an
# array changes it in place, for everybody who holds it. Write `signals[parent] = signals[parent] + message`, which
# makes a new array.

# %% [markdown]
# ### Exercise: backward_pass (3 points, 15 minutes)
# `g` is the error signal of `end_node`, in its shape, and `vjps` a dict from raw functions to tuples of VJPs. Return
# a dict with the signals of all nodes from which `end_node` was computed, itself included. Call each VJP exactly once
# for each pair of a node and an argument that is a node, and change no array that a VJP returned.

# %% exercise="backward_pass"

# %% [markdown]
# Watch your own code at work. Each message is noted when your `backward_pass` asks for it. Before you send the next
# one: which node is complete, and how much will it send? Then type a program of your own over the one in the field, and
# press Enter. It may use `x`, `y`, numbers, `+ - * /`, `exp`, `log`, `tanh`, `maximum` and `negative`.

# %%
demos.messages(Node, ops, backward_pass, VJPS)

# %% [markdown]
# In `x * x * x` the input gets three messages, one for each use, two of them from the same product. And in the
# quotient of exponentials, the `exp(x)` above the line is complete after the very first message, while the one below
# the line has to wait until the sum has sent.
#
# What we really want is a function that gives us derivatives. `grad(f)` makes a node of one argument, runs `f` on it
# (this traces the program), starts the backward pass with the signal 1, since
# $\partial \mathcal L/\partial\mathcal L = 1$ (an array of shape (), as the VJPs expect arrays), and returns the signal
# of that node. (Autograd splits this in two: `make_vjp` traces and returns a function that sends any signal back, and
# `grad` calls it with 1.) If `f` doesn't use the argument, no message ever reaches it, and the derivative is zero.
#
# And if the output is an array? Then there is no single gradient, but one for each entry; what one *could* compute is
# the VJP with some vector. So `grad` refuses such an output, even one of shape (1, 1): a number has the shape ().

# %% [markdown]
# ### Exercise: grad (2 points, 12 minutes)
# Return a function with the arguments of `f` that returns the derivative of its result with respect to argument
# number `argnum`, an array of that argument's shape. The other arguments are handed to `f` as they are. `f` may
# return a plain number, if it doesn't depend on the argument at all. An output of another shape than () raises
# `ValueError`. Use the notebook's `VJPS`.

# %% exercise="grad"

# %% [markdown] covers="05.18 05.19 E05-leaf"
# Is it right? Compare with PyTorch: first on the mean of $3 (x + 2)^2$ over four numbers, where you can follow by
# hand ($6 (x + 2) / 4$), then on ten programs that are put together at random.

# %%
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = x + 2
z = 3 * y * y
z.retain_grad()  # else torch drops it: by default it keeps the gradients of leaves alone
z.mean().backward()
print("torch, signal of z:", z.grad.tolist())
print("torch, gradient:   ", x.grad.tolist())
with until_written(Node, primitive, unbroadcast, vjp_table, toposort, backward_pass, grad):
    f = lambda x: ops.sum(3.0 * (x + 2.0) * (x + 2.0)) / 4.0  # noqa: E731
    print("your gradient:     ", grad(f)(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist())
    differences = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        A, B = rng.normal(size=(3, 4)), rng.normal(size=4)
        choices = rng.integers(0, 4, 8)

        def random_program(A, B, lib, choices=choices):
            value = A * B
            for which in choices:
                value = (lib.tanh(value), value * B - A, lib.exp(-value * value), lib.maximum(value, 0.5 * A) + B)[
                    which
                ]
            return lib.sum(value * value)

        leaf = torch.tensor(A, requires_grad=True)
        random_program(leaf, torch.tensor(B), torch).backward()
        ours = grad(lambda A, B: random_program(A, B, ops))(A, B)
        differences.append(np.abs(ours - leaf.grad.numpy()).max() / max(1, np.abs(ours).max()))
    figure, ax = panels(width=4.2, height=1.9)
    ax.plot(range(10), np.maximum(differences, 1e-17), MARKER[BLUE], color=BLUE, clip_on=False)
    ax.axhline(2.2e-16, color=GREY, ls=DASH[GREY], lw=1)
    ax.set(yscale="log", ylim=(1e-17, 1e-11), xticks=range(10), xlabel="random program", ylabel="relative difference")
    show(
        figure,
        alt=(
            "The relative difference of two gradients for ten random programs, all close to the spacing of "
            "float64, a dashed line."
        ),
    )

# %% [markdown]
# The dashed line is the distance of neighbouring numbers in float64, relative to their size; dots on the lower edge
# are smaller still, or zero. The gradients don't agree *approximately*: what differs is the rounding of the last digit.
# In torch the gradient of `z` is there because of `retain_grad`. Otherwise it would be `None`: torch keeps gradients of
# **leaves** that ask for them, inputs and parameters, and frees the rest on its way. Your `backward_pass` returns all
# of them.

# %% [markdown]
# ### Question: which mode? (3 points, 10 minutes)
# For a function from $\mathbb R^n$ to $\mathbb R^m$ that is built of $k$ elementary operations, compare forward mode,
# reverse mode and finite differences: how many passes for the whole Jacobian, how much memory, how accurate? For
# which $n$ and $m$ is each the best choice?

# %% [markdown] written="forward_or_reverse" points=3
# ### BEGIN MARK SCHEME
# - 1 point: forward n passes, reverse m passes, differences n + 1 or 2n evaluations; forward for few inputs, reverse for few outputs.
# - 1 point: reverse keeps all intermediate values (memory of order k), forward does not.
# - 1 point: accuracy. Both modes are exact up to rounding; finite differences trade truncation against rounding.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Forward mode gives one column of the Jacobian a pass, so it needs $n$ passes, each a small multiple of the cost of
# $f$, and keeps nothing but the present values and their derivatives. Reverse mode gives one row a pass, $m$ in all,
# after a forward pass whose $k$ intermediate values it must keep. Both are exact up to rounding. Finite differences
# need $n + 1$ evaluations (two-sided: $2n$), no extra memory and no knowledge of the program, and lose half of the
# digits or a third, since a smaller step makes the neglected terms smaller, but the rounding error larger. So: reverse
# for a loss, $m = 1$ and $n$ large; forward for a curve in space, $n = 1$ and $m$ large, or when memory is short;
# differences to check, or when the program is a black box.
# ### END SOLUTION

# %% [markdown]
# ### Question: the VJP of add (2 points, 8 minutes)
# Why must the VJP of `add` not be "just `g`" when the shapes of its arguments differ? And why may a backward pass not
# add messages in place when it *is* just `g`?

# %% [markdown] written="vjp_of_add" points=2
# ### BEGIN MARK SCHEME
# - 1 point: broadcasting copies the smaller argument; the adjoint of copying is summing.
# - 1 point: the same array object may be the message to two parents and the signal of the child.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The smaller argument is copied to the shape of the answer. Each copy has an influence of its own, and the influence
# of the one number behind them is the sum of these. So `g` must be summed over the axes along which the argument was
# copied, which also gives it the argument's shape.
#
# When no copying happened, the message is the object `g`: the signal of the sum itself, sent to both parents. Adding
# in place to one parent's signal would change the other's, and that of the sum, which may still be needed.
# ### END SOLUTION

# %% [markdown]
# ## Use it
#
# A network needs a loss. For two classes, $t = 0$ or $1$, with the logit $z$, the logistic cross-entropy of lecture
# 02 is $\log(1 + e^z) - t z$. For $z = 1000$ the exponential overflows, though the result is harmless: about
# $1000 - 1000\,t$. Pull the large part out,
#
# $$\log(1 + e^z) = \max(z, 0) + \log\big(1 + e^{-|z|}\big),$$
#
# and no exponent is ever positive. (Check both cases: for $z > 0$, $\log(e^z(e^{-z} + 1)) = z + \log(1 + e^{-z})$.)
# With our operations, $|z| = \max(z, -z)$. At $z = 0$ both maxima are ties. With halves for both sides the slope of
# $\max(z, 0)$ is $\tfrac12$ there and that of $|z|$ is 0, so the loss has the slope $\tfrac12 - t$, as it should.

# %% [markdown]
# ### Exercise: train_two_moons (3 points, 20 minutes)
# Train a network with one hidden layer of tanh units, $z = \tanh(X W_1 + b_1)\, W_2 + b_2$, by gradient descent on
# the *mean* logistic cross-entropy, with your own `grad` and `ops`. `params` is the list [W1, b1, W2, b2]; `t` (N,)
# is 0 or 1, and $z$ has shape (N, 1): mind what broadcasting would do to them. All four gradients of a step belong to
# the same parameters. Return the new list and the losses, `losses[k]` before step `k + 1`. The given arrays stay as
# they are.

# %% exercise="train_two_moons"

# %%
with until_written(Node, primitive, unbroadcast, vjp_table, toposort, backward_pass, grad, train_two_moons):
    X, t = data.two_moons(300, seed=0)
    X_test, t_test = data.two_moons(300, seed=1)
    rng = np.random.default_rng(0)
    start = [rng.normal(size=(2, 20)), np.zeros(20), 0.3 * rng.normal(size=(20, 1)), np.zeros(1)]
    began = time.perf_counter()
    (W1, b1, W2, b2), losses = train_two_moons(X, t, start, 1.0, 300)
    share = np.mean(((np.tanh(X_test @ W1 + b1) @ W2 + b2)[:, 0] > 0) == t_test)
    print(
        f"loss {losses[0]:.3f} -> {losses[-1]:.3f}, {share:.3f} of the test points right, {time.perf_counter() - began:.1f} s"
    )

# %% [markdown]
# Your library has trained a network. Move the settings below; every step is one of your `train_two_moons`, so every
# gradient comes from your `grad`. Switch on the comparison, and see how far it is from torch's. How few hidden units
# are enough to wind between the moons?

# %%
demos.two_moons(train_two_moons)

# %% [markdown]
# With two hidden units the boundary stays nearly straight, and hardly more than 0.84 of the test points come out
# right, whatever the learning rate. Three units can wind it between the moons. At a learning rate of 1 three hundred
# steps are too few for them; at 3 they reach 0.97, as twenty units do. The comparison says some $10^{-16}$: only
# rounding differs.

# %% [markdown] covers="05.15 05.16"
# ## What real systems add
#
# Much of PyTorch and JAX is what you have written, for hundreds of primitives. Some things are new. Values have a
# dtype and a device, and VJPs must keep both. Operations may change an array in place; then a value that a VJP needs
# may be gone, so torch counts *versions* and complains when one has changed. Memory is freed during the backward
# pass. Programs can be traced once, compiled, and run many times.
#
# One addition is close. The backward pass is itself a computation, of products and sums. If the VJPs are written with
# `ops` instead of raw numpy, it is recorded, too, and can be differentiated again: the gradient of a gradient. The
# graph of the backward pass stands beside that of the forward pass, and takes values from it. With it one gets, for
# example, the product of the second-derivative matrix with a vector $v$, as the gradient of $\nabla f(x)^\top v$,
# without ever forming the matrix.

# %%
figure, ax = panels(width=5.6, height=2.2)
square, power, slope, times = "$x^2$", "$e^{x^2}$", "$\\cdot 2x$", "$\\cdot e^{x^2}$"
places = {"x": (0, 1.2), square: (1.6, 1.2), power: (3.2, 1.2)}
places |= {"$\\bar x$": (0, 0), slope: (1.6, 0), times: (3.2, 0), "1": (4.8, 0)}
back = [("1", times), (times, slope), (slope, "$\\bar x$")]
draw_graph(
    ax, places, [("x", square), (square, power), *back, (power, times), ("x", slope)],
    inputs=("x", "1"), radius=14, highlight=back,
)  # fmt: skip
show(
    figure,
    alt=(
        "Above, the forward graph from x over its square to the exponential of that; below, running the other "
        "way, the backward graph from 1 to the signal of x, which takes values from the forward graph."
    ),
)
x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
(first,) = torch.autograd.grad((x * x).exp(), x, create_graph=True)
(second,) = torch.autograd.grad(first, x)
print(
    f"torch: f' = {first.item():.4f}, f'' = {second.item():.4f}; "
    f"by formula {2 * 0.5 * np.exp(0.25):.4f}, {(2 + 4 * 0.25) * np.exp(0.25):.4f}"
)

# %% [markdown]
# And forward mode? It needs no graph at all. Replace each number by a pair, its value and its derivative, a **dual
# number**, and teach the operations to work on pairs: $(a, a')(b, b') = (ab, a'b + ab')$. Twenty lines, one pass for
# each input. Try it, if you like.

# %% [markdown]
# ## What to remember
#
# A program that runs is a sequence of primitives with known derivatives. Tracing records, for each result, the
# function, its raw arguments and its parents. A VJP turns the signal of an answer into the message for one argument,
# in the argument's shape; copying and summing are each other's adjoint, which is why broadcast arguments get sums.
# Messages add, never in place, and a node sends when all of its own have come: every node before its parents. `grad`
# starts with 1 and reads off the signal of a leaf. Reverse mode costs about one pass for each output, forward mode
# one for each input, and differences, which only approximate, are for checking.
