# ---
# jupyter:
#   course:
#     title: Backpropagation
#     minutes: 180
#     promise: The chain rule as an algorithm; all gradients of a network for the price of two more forward passes
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
# # Backpropagation
#
# A small network that reads digits, with 64 pixels, 64 hidden units and 10 classes, has 4810 weights and biases. In
# which direction should each of them move so that the loss falls? You could try it out: nudge one weight, run the
# network again, and see. That is one run for each weight, for a single step of gradient descent; a language model
# with a hundred billion weights would never take its first step. Yet such models are trained, because all the
# derivatives together can be had for the price of about *two* more runs. The trick is nothing but the chain rule,
# applied in the right order.
#
# Afterwards you can draw the computation graph of a loss and pass messages backward through it by hand; derive what a
# linear layer, a softmax and a ReLU do to such a message; write the whole backward pass of a network and check it
# against finite differences, knowing how far those can be trusted; say what it costs; multiply a vector by a matrix
# of second derivatives that you never build; and train a network on digits with nothing but your own code. It takes
# about 180 minutes, 126 of them for eight exercises and two questions. A good place for a break is after the section
# on vectors.

# %% setup=true
import time
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from course import check, data
from course.demos import backpropagation as demos
from course.figure import (
    BLUE,
    DASH,
    GREEN,
    GREY,
    INK,
    MARKER,
    ORANGE,
    PURPLE,
    SIGNED,
    label_line,
    panels,
    picture,
    show,
    until_written,
)
from course.graph_figure import draw_graph

# %% [markdown] covers="04.01 04.02 E04-additive"
# ## What a nudge does
#
# Nudge one input of a function and hold the others: how much the value changes for each unit of the nudge, in the
# limit of small nudges, is the **partial derivative**
#
# $$\frac{\partial F}{\partial x_i}(x) = \lim_{h \to 0} \frac{F(x_1, \dots, x_i + h, \dots, x_D) - F(x)}{h} .$$
#
# It is a sensitivity. The vector of all of them is the **gradient** $\nabla F(x)$, and for a small step $\Delta$ in
# any direction
#
# $$F(x + \Delta) \approx F(x) + \langle \nabla F(x), \Delta \rangle :$$
#
# to first order, the effects of the coordinates simply *add*. Only to first order! Take $F = x_1 x_2$ at $(1, 1)$ and
# raise both by 0.1. Each alone would add 0.1, together 0.20. In truth $1.1 \cdot 1.1 = 1.21$, so it is 0.21. The
# missing 0.01 is $\Delta_1\Delta_2$, a product of two small numbers, and it shrinks a hundredfold when the step
# shrinks tenfold. Everything in this lecture is bookkeeping for the part that adds.

# %%
figure, ax = panels(width=3.4, height=3.1)
ticks = np.linspace(-2, 2, 101)
bowl = ticks**2 + ticks[:, None] ** 2
ax.contour(ticks, ticks, bowl, levels=[0.25, 1, 2.25, 4], colors=GREY, linewidths=1)
for angle in np.arange(12) * np.pi / 6 + 0.2:
    for radius in (0.5, 1.0, 1.5):
        at = radius * np.array([np.cos(angle), np.sin(angle)])
        arrow = {"arrowstyle": "-|>", "color": ORANGE, "lw": 1, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
        ax.annotate("", 1.36 * at, at, arrowprops=arrow)
ax.set(
    xlabel="x₁", ylabel="x₂", xlim=(-2.1, 2.1), ylim=(-2.1, 2.1), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2)
)
show(
    figure,
    alt="Gradients of a bowl stand at a right angle to its level curves, and grow with the distance from the middle.",
)

# %% [markdown] covers="04.03 04.04"
# The grey level curves are those of $F = x_1^2 + x_2^2$, the arrows its gradient $(2x_1, 2x_2)$, drawn shorter than it
# is. Along a level curve the value does not change, so $\langle \nabla F, \Delta \rangle = 0$ there: the gradient stands
# at a right angle to the curve and points uphill. Gradient descent goes the opposite way.
#
# The cost that we descend is a mean over examples, $J = \frac1N \sum_n L_n$, and derivatives of sums are sums, so
# $\nabla J = \frac1N \sum_n \nabla L_n$: **the gradient of the cost is the mean of the gradients of the losses.** It is
# enough to know how to do one example; the rest is adding up.

# %% [markdown] covers="04.05 04.06 04.08 E04-lost-inputs"
# ## One unit by hand
#
# The univariate chain rule says how nudges travel: if $x$ moves with $t$ and $f$ moves with $x$,
# $\frac{d}{dt} f(x(t)) = \frac{df}{dx} \frac{dx}{dt}$. Two factors, one for each hop. To use it on anything larger,
# write the computation as a **computation graph**: a directed graph without cycles, in which every node is a variable
# and an arrow from $i$ to $j$ says that $j$ is computed from $i$.
#
# A first one: $f = (x + y)\,z$, with $q = x + y$ on the way, at $x = -2$, $y = 5$, $z = -4$. Forward, in blue:
# $q = 3$, $f = -12$. Backward, in orange: $\partial f/\partial q = z = -4$ and $\partial f/\partial z = q = 3$. And
# $x$ reaches $f$ through $q$ alone: $\partial f/\partial x = -4 \cdot 1$, the same for $y$. Check one: with $x = -1.9$
# the result is $3.1 \cdot (-4) = -12.4$, a change of $-0.4$ for a nudge of 0.1.

# %%
figure, ax = panels(width=3.9, height=2.3)
draw_graph(
    ax,
    {"x": (0, 2), "y": (0, 1), "z": (0, 0), "q": (1.4, 1.5), "f": (2.8, 0.75)},
    [("x", "q"), ("y", "q"), ("q", "f"), ("z", "f")],
    values={"x": "−2", "y": "5", "z": "−4", "q": "x + y = 3", "f": "q z = −12"},
    signals={"x": "−4", "y": "−4", "z": "3", "q": "−4", "f": "1"},
    inputs=("x", "y", "z"),
)
show(figure, alt="The derivative at each node is that of the node behind it, times the derivative of one operation.")

# %% [markdown] covers="04.12 E04-local-gradient"
# Two kinds of derivative stand side by side here, and the whole subject gets easy once they have different names. The
# **local derivative** belongs to an *edge*: how does one operation's result depend on one of its arguments? The
# **error signal** belongs to a *node*: $\bar q$, said "q bar", is the derivative of the *final* result $J$ by $q$ (in
# this picture the final result is $f$),
#
# $$\bar q = \frac{dJ}{dq} .$$
#
# It has the shape of $q$. The local derivative of $f$ by $q$ is $z$ wherever this product may stand in a larger
# computation; the error signal $\bar q$ depends on all that comes behind. (Some texts call the error signal "local
# gradient". It is the one of the two that isn't local.) The chain rule is now one sentence: *error signal here = error
# signal there × local derivative of the edge between.*

# %% [markdown] covers="04.13"
# Now a real unit. Its input is $x$, its target $t$, and its weight is kept small by a penalty:
#
# $$z = wx + b, \qquad y = \sigma(z), \qquad L = \tfrac12 (y - t)^2, \qquad R = \tfrac12 w^2, \qquad J = L + \lambda R .$$
#
# One thing is new: $w$ is used *twice*, in $z$ and in $R$. Such a **fan-out** needs the multivariate chain rule: if
# $s$ acts on $f$ in two ways, through $u$ and through $v$,
#
# $$\frac{d}{ds} f\big(u(s), v(s)\big) = \frac{\partial f}{\partial u} \frac{du}{ds} + \frac{\partial f}{\partial v} \frac{dv}{ds},
#   \qquad \text{in error signals} \quad \bar s = \bar u\, \frac{du}{ds} + \bar v\, \frac{dv}{ds} .$$
#
# That is the additivity from above: to first order, effects add. So what comes back to a node by different ways is
# *summed*.
#
# Let's go through it with numbers: $x = 2$, $t = 0$, $w = 0.8$, $b = -0.6$, $\lambda = 0.1$. Forward: $z = 1$,
# $y = 0.731$, $L = 0.267$, $R = 0.32$, $J = 0.299$. Backward, from the end: $\bar J = 1$; $\bar L = 1$ and
# $\bar R = \lambda = 0.1$; $\bar y = \bar L\,(y - t) = 0.731$; the logistic has the slope $y(1-y) = 0.197$, so
# $\bar z = 0.731 \cdot 0.1966 = 0.1437$. To $b$ goes $\bar z \cdot 1$. To $w$ come two messages, $\bar z\,x = 0.287$
# from $z$ and $\bar R\,w = 0.08$ from $R$: $\bar w = 0.367$.
#
# (The slope of the logistic: $\sigma' = e^{-z}/(1 + e^{-z})^2$, and this is $y$ times $1 - y = e^{-z}/(1+e^{-z})$.)

# %% [markdown] covers="04.07 04.09"
# In the picture the local derivatives stand on the edges that messages pass. Find the node with two arrows out of it,
# and see that its orange number is the sum of what comes back along both.

# %%
unit = {
    "x": (0, 2.6),
    "w": (0, 1.5),
    "b": (0, 0.3),
    "z": (1.6, 1.6),
    "y": (2.9, 1.6),
    "t": (2.9, 2.8),
    "L": (4.3, 1.6),
    "R": (2.9, 0.3),
    "λ": (4.3, -0.3),
    "J": (5.6, 1.0),
}
edges = [
    ("x", "z"),
    ("w", "z", "x = 2"),
    ("b", "z", "1"),
    ("z", "y", "0.197"),
    ("y", "L", "0.731"),
    ("t", "L"),
    ("w", "R", "w = 0.8"),
    ("L", "J", "1"),
    ("R", "J", "λ = 0.1"),
    ("λ", "J"),
]
figure, ax = panels(width=6.2, height=3.6)
draw_graph(
    ax,
    unit,
    edges,
    values=dict(
        zip("xwbzytLRλJ", ("2", "0.8", "−0.6", "1", "0.731", "0", "0.267", "0.32", "0.1", "0.299"), strict=True)
    ),
    signals={
        "w": "0.287 + 0.08\n= 0.367",
        "b": "0.144",
        "z": "0.144",
        "y": "0.731",
        "L": "1",
        "R": "0.1",
        "J": "1",
    },
    inputs=("x", "w", "b", "t", "λ"),
)
show(
    figure,
    alt="Values flow from the inputs to the cost, error signals back; at the weight, which is used twice, two of them add.",
)

# %% [markdown]
# ### Exercise: logistic_squares_backward (1 point, 8 minutes)
# Return the loss $\frac12(\sigma(wx + b) - t)^2 + \frac\lambda2 w^2$ and its derivatives with respect to $w$ and $b$,
# three numbers. Pre-activations may be of any size, 2000 and $-2000$ too: the results must be finite and right there
# (a warning of numpy's about an overflow is allowed, an error or NaN isn't).

# %% exercise="logistic_squares_backward"

# %% [markdown]
# Now step back through the graph with your own numbers. Every step uses one arriving message and one local
# derivative, nothing else: **each message is local**. Compute the next one before you press. The table then checks it
# by actually nudging the node. Then try the preset "very wrong, and stuck": the target is 0 and $y$ is nearly 1. What
# has become of $\bar z$, and at which edge did it get so small?

# %%
demos.one_unit(logistic_squares_backward)

# %% [markdown]
# At the edge from $y$ to $z$: the slope $y(1 - y)$ of a saturated logistic is close to 0, and what has been
# multiplied by 0 never comes back. The unit could hardly be more wrong, and hardly learns. You met the remedy in
# lecture 02, the cross-entropy: its message is $\bar y = (y - t)/(y(1 - y))$, and the denominator cancels the slope.

# %% [markdown] covers="04.10 04.11"
# ## The algorithm
#
# What you did by hand works for every graph. Look at a chain first, $f_1 = F_1(w_1, x)$,
# $f_2 = F_2(w_2, f_1)$, ..., each with a weight of its own.

# %%
figure, ax = panels(width=6.2, height=2.0)
chain = (
    {"x": (0, 0)}
    | {f"$f_{k}$": (1.4 * k, 0) for k in (1, 2, 3, 4)}
    | {f"$w_{k}$": (1.4 * k - 0.7, 0.9) for k in (1, 2, 3, 4)}
)
along = ["x", *(f"$f_{k}$" for k in (1, 2, 3, 4))]
draw_graph(
    ax,
    chain,
    [*pairwise(along), *((f"$w_{k}$", f"$f_{k}$") for k in (1, 2, 3, 4))],
    signals={"$f_4$": "1", "$f_3$": "first", "$f_2$": "second", "$f_1$": "third"},
    inputs=("x", *(f"$w_{k}$" for k in (1, 2, 3, 4))),
)
show(
    figure,
    alt="A chain of four functions with a weight each; derivatives are computed from the last function to the first.",
)

# %% [markdown]
# By the chain rule
#
# $$\frac{\partial f_4}{\partial w_1} = \frac{\partial f_4}{\partial f_3} \cdot \frac{\partial f_3}{\partial f_2} \cdot
#   \frac{\partial f_2}{\partial f_1} \cdot \frac{\partial f_1}{\partial w_1}, \qquad
#   \frac{\partial f_4}{\partial w_2} = \frac{\partial f_4}{\partial f_3} \cdot \frac{\partial f_3}{\partial f_2} \cdot
#   \frac{\partial f_2}{\partial w_2} .$$
#
# The first two factors are the same. So go from the *end*: $\partial f_4/\partial f_3$, then
# $\partial f_4/\partial f_2$, then $\partial f_4/\partial f_1$, each one multiplication away from the one before, and
# each weight costs one more. Going from the start instead, you would begin anew for each weight.

# %% [markdown] covers="04.14 04.15 04.16 04.17 E04-n-N"
# Now any graph without cycles. Number the nodes so that everyone comes after those it uses, a **topological order**
# $v_1, \dots, v_M$; the order in which a program computes them is one. The last must be a single number, the loss.
# Then
#
# $$\bar v_M = 1, \qquad \bar v_i = \sum_{j \in \mathrm{Ch}(i)} \bar v_j \, \frac{\partial v_j}{\partial v_i}
#   \qquad \text{for } i = M-1, \dots, 1 ,$$
#
# where the children $\mathrm{Ch}(i)$ are the nodes that use $v_i$. That is **backpropagation**. Why is it right? Any
# effect of $v_i$ on the loss passes through one of its children; a nudge of $v_i$ moves child $j$ by
# $\partial v_j / \partial v_i$, and a nudge of child $j$ moves the loss by $\bar v_j$; effects add. In reverse order
# every $\bar v_j$ is complete before it is used. Seppo Linnainmaa published it in 1970 as a way to follow rounding
# errors, Paul Werbos proposed it for learning in 1974, and David Rumelhart, Geoffrey Hinton and Ronald Williams made
# it famous in 1986, when they showed that hidden units trained so find useful features by themselves.
#
# Beware of one thing. $\partial v_j/\partial v_i$ is the derivative of the *operation* at $j$ by that argument, with
# its other arguments held, even if they depend on $v_i$ too. Take $s = v^2$ and $u = v + s$, at $v = 3$. The edge
# from $v$ to $u$ carries 1, though the total derivative of $u$ by $v$ is $1 + 2v = 7$. The other 6 comes by way of
# $s$. Writing 7 on the edge would count it twice.

# %%
figure, ax = panels(width=3.7, height=2.1)
draw_graph(
    ax,
    {"v": (0, 0), "s": (1.3, 1.0), "u": (2.6, 0)},
    [("v", "s", "2v = 6"), ("s", "u", "1"), ("v", "u", "1")],
    values={"v": "3", "s": "v² = 9"},
    signals={"v": "6 + 1 = 7", "s": "1", "u": "1"},
    inputs=("v",),
)
ax.text(2.85, 0, "v + s = 12", color=BLUE, fontsize=8, va="center")
show(
    figure,
    alt="A node is reached by two ways; local derivatives stand on the edges, and the total of 7 is the sum over both.",
)

# %% [markdown]
# What have we saved? Multiply out the sums, and $\bar v_i$ is a sum over all *paths* from $i$ to the end of the
# product of their local derivatives. That is true, and useless as an algorithm: in a row of $n$ diamonds each one
# doubles the number of paths. Compare both lines below at $n = 20$.

# %%
figure, (left, right) = panels(2, width=3.6, height=2.4)
ladder, steps = {0: (0, 1)}, []
for k in range(3):
    a, b, c, d = 3 * k, 3 * k + 1, 3 * k + 2, 3 * k + 3
    ladder |= {b: (1.6 * k + 0.8, 1.7), c: (1.6 * k + 0.8, 0.3), d: (1.6 * k + 1.6, 1)}
    steps += [(a, b), (a, c), (b, d), (c, d)]
draw_graph(left, ladder, steps, radius=8, inputs=(0,))
left.set_title("three diamonds: 8 paths, 12 edges")
n = np.arange(1, 31)
right.set(yscale="log", xlabel="diamonds n", xlim=(0, 31), xticks=(0, 10, 20, 30), ylabel="how many", ylim=(1, 2e9))
for values, colour, text, dx, dy in ((2.0**n, ORANGE, "paths $2^n$", -62, 4), (4.0 * n, BLUE, "edges $4n$", -50, -12)):
    line = right.plot(n, values, color=colour, ls=DASH[colour])[0]
    label_line(right, line, text, dx=dx, dy=dy)
right.axvline(20, color=GREY, lw=1, ls=DASH[GREY])
for value, said, colour in ((2**20, "1 048 576", ORANGE), (80, "80", BLUE)):
    right.plot(20, value, MARKER[colour], color=colour, ms=5)
    right.annotate(said, (20, value), (5, -11), textcoords="offset points", color=colour, fontsize=8)
show(figure, alt="The number of paths through n diamonds doubles with each; the number of edges grows by four.")

# %% [markdown]
# Eighty edges, a million paths. Backpropagation passes each *edge* once, because a node first collects everything and
# then sends *one* message along each of its edges. (Pushing nudges forward from the inputs, **forward mode**, also
# passes each edge once, but it needs a run for every input, where backward needs a run for every output. We have
# thousands of weights and one loss.)

# %% [markdown]
# ### Exercise: graph_backward (2 points, 15 minutes)
# Nodes are numbered $0, \dots, n-1$ in topological order. An edge `(i, j, d)`, with `i < j`, says that node $j$ uses
# node $i$, with local derivative $d$. Return $\bar v_i = d v_{n-1}/d v_i$ for all nodes, an array of $n$ numbers. The
# edges come in *any* order; two of them may join the same two nodes (as in $v \cdot v$), and both count; a node that
# doesn't reach the last one has 0. One visible case has $2^{60}$ paths, and the check gives up on it after two
# seconds.

# %% exercise="graph_backward"

# %% [markdown]
# Here is your function at work, one message at a time. The bold arrow is the message that travels next, and what has
# travelled is dash-dotted. In each graph, before you press the button: what number will arrive, and will its node then
# be complete or must it still wait? You may also pick an edge and change its local derivative. What becomes of node 0 in
# the graph of three diamonds if the edge from 1 to 3 carries 0?

# %%
demos.graph_messages(graph_backward)

# %% [markdown]
# Its 8 paths carry 1 each. An edge with 0 cuts the four that pass it, so node 0 falls from 8 to 4, and node 1, which has
# no other way, to 0. A ReLU that is off does just this.

# %% [markdown] covers="04.18 04.19 04.20 E04-jacobian-print E04-row-column"
# ## Vectors
#
# Nodes are rarely single numbers. Let $y \in \mathbb R^K$ be computed from $z \in \mathbb R^D$. All their local
# derivatives form the **Jacobian**, with a row for each output and a column for each input:
#
# $$\frac{\partial y}{\partial z} = \begin{pmatrix} \partial y_1/\partial z_1 & \cdots & \partial y_1/\partial z_D \\
#   \vdots & & \vdots \\ \partial y_K/\partial z_1 & \cdots & \partial y_K/\partial z_D \end{pmatrix}
#   \in \mathbb R^{K \times D} .$$
#
# Every $y_k$ is a child of $z_d$, so the algorithm says $\bar z_d = \sum_k \bar y_k\, \partial y_k/\partial z_d$. The
# sum runs over the *rows* of the Jacobian: it is the transposed Jacobian times the message,
#
# $$\bar z = \Big(\frac{\partial y}{\partial z}\Big)^{\!\top} \bar y .$$
#
# That is with error signals as columns, in the shape of what they belong to, and so it is in this course.
#
# Other texts write derivatives as rows, $\bar y^\top \frac{\partial y}{\partial z}$. Take $u = B(Aw)$, with matrices $A$
# and $B$. As rows the message passes $B$ first and then $A$: $\bar u^\top B A$, so that the product of the Jacobians stands
# in the order in which one writes the functions, $\partial u/\partial w = BA$. As columns the same numbers are
# $\bar w = A^\top B^\top \bar u$. Either is fine, but mixing the two is not, and where all matrices are square the shapes
# don't tell. A layer that adds its input to its output is such a place: $u = w + f(w)$, where $f$ has the Jacobian $J$, so
# that $u$ has $I + J$. The message is $(I + J)^\top \bar u$, and $(I + J)\,\bar u$ has the right shape and is wrong.

# %% [markdown] covers="04.21 04.23"
# But nobody builds Jacobians. A layer from 1000 units to 1000 has a Jacobian of a million numbers by its inputs, and
# of a *billion* by its weights, nearly all of them 0. What is needed is only the product with one vector, the
# **vector-Jacobian product**, and for each operation it has a short formula. The vector form of the algorithm,
#
# $$\bar{\mathbf v}_M = 1, \qquad \bar{\mathbf v}_i = \sum_{j \in \mathrm{Ch}(i)}
#   \Big(\frac{\partial \mathbf v_j}{\partial \mathbf v_i}\Big)^{\!\top} \bar{\mathbf v}_j ,$$
#
# asks of every operation just one thing: a function that takes the message of its output to that of its input.
#
# *Elementwise*, $h = \phi(z)$: $h_i$ depends on $z_i$ alone, the Jacobian is diagonal, and
# $\bar z = \bar h \odot \phi'(z)$, number by number. For a ReLU this is a mask: the message passes where $z > 0$ and
# is stopped elsewhere.
#
# *Linear*, $y = Wx + b$, that is $y_k = \sum_d w_{kd} x_d + b_k$. Read off what uses what. Input $x_d$ is used by every
# $y_k$, with local derivative $w_{kd}$: $\bar x_d = \sum_k \bar y_k w_{kd}$. Weight $w_{kd}$ is used by $y_k$ only,
# with local derivative $x_d$: $\bar w_{kd} = \bar y_k x_d$. And $\bar b_k = \bar y_k$.
#
# A batch is $N$ such computations side by side, in rows. Each row of $\bar X$ comes from its own row of $\bar Y$; but
# $W$ and $b$ are used by *all* rows, a fan-out, so their messages are summed over the examples. Two matrix products
# and a sum do it. Which ones? **Let the shapes proof-read**: $\bar X$ must be $(N, D)$, $\bar W$ must be $(K, D)$, and
# from $\bar Y$ $(N, K)$, $W$ $(K, D)$ and $X$ $(N, D)$ there is only one way to get each, unless some of $N$, $D$ and $K$
# are equal. Then the indices decide.

# %% [markdown]
# ### Exercise: linear_backward (1 point, 6 minutes)
# For $Y = XW^\top + b$, with `X` (N, D) and `W` (K, D), you are given `dY` (N, K), the error signal of $Y$. Return
# those of `X`, `W` and `b`. Nothing is averaged here: if the cost is a mean over examples, its $1/N$ is in `dY`
# already. (Extra: for $K = 1$ and squared error this gave you the gradient of lecture 02. Find it in your result.)

# %% exercise="linear_backward"

# %% [markdown]
# *Softmax*, $y_i = e^{z_i} / \sum_k e^{z_k}$. Here every output depends on every input. By the quotient rule
# $\partial y_i / \partial z_j$ is $y_i - y_i y_j$ for $i = j$, since the numerator moves too, and $-y_i y_j$
# otherwise:
#
# $$\frac{\partial y}{\partial z} = \operatorname{diag}(y) - y\,y^\top .$$
#
# Below it is as a picture, for the logits $(2, 1, 0)/T$ at three temperatures. Where is it large, where is it nearly
# zero, and what does each row sum to?

# %%
figure, axes = panels(3, width=2.3, height=2.3)
for ax, T in zip(axes, (2.0, 1.0, 0.2), strict=True):
    y = np.exp(np.array([2.0, 1.0, 0.0]) / T)
    y /= y.sum()
    jacobian = np.diag(y) - np.outer(y, y)
    ax.imshow(jacobian, cmap=SIGNED, vmin=-0.25, vmax=0.25)
    for (i, j), value in np.ndenumerate(jacobian):
        colour = "white" if abs(value) > 0.15 else INK
        ax.text(
            j,
            i,
            f"{value:.3f}".replace("-0.000", "0.000").replace("-", "−"),
            ha="center",
            va="center",
            fontsize=7,
            color=colour,
        )
    names = [f"{share:.2f}" for share in y]
    ax.set(title=f"T = {T:g}", xticks=range(3), yticks=range(3), xlabel="by logit", ylabel="of probability")
    ax.set_xticklabels(("z₁", "z₂", "z₃"))
    ax.set_yticklabels([f"y₁ = {names[0]}", f"y₂ = {names[1]}", f"y₃ = {names[2]}"], fontsize=7)
show(
    figure,
    alt="Raising a logit raises its own probability and lowers the others; at the lowest temperature hardly anything moves.",
)

# %% [markdown]
# Positive on the diagonal, negative beside it: what one class gains the others lose, so every row sums to 0 (the
# printed digits up to rounding), and every column too. On the right the softmax is saturated, and so little is left
# that messages hardly pass. The product with a message, $\bar z = (\operatorname{diag}(y) - y\,y^\top)^\top \bar y$, needs no
# matrix. Multiply it out on paper: what is $\operatorname{diag}(y)\,\bar y$, and in $y\,y^\top \bar y$, which product is a
# single number?

# %% [markdown]
# ### Exercise: softmax_backward (2 points, 12 minutes)
# `Z` holds logits of any size; the softmax runs along its *last* axis, however many others there are. `dY`, of the
# same shape, is the error signal of the probabilities. Return that of `Z`.

# %% exercise="softmax_backward"

# %% [markdown]
# On paper it comes to
#
# $$\bar z = y \odot \big(\bar y - (y^\top \bar y)\, \mathbf 1\big) .$$
#
# In words: take the mean of the message, weighted by the probabilities; what a logit gets is positive if its own message
# is above this mean.
#
# A test that you can do in your head. The cross-entropy of one example is $-\log y_k$ for the right class $k$, so its
# message to the softmax is $-1/y_k$ at $k$ and 0 elsewhere. Put it into the formula:
# $\bar z_i = y_i(0 - y_k \cdot (-1/y_k)) = y_i$, and at $k$ one less. *Prediction minus target*, as in lecture 02. Your
# function should say so too:

# %%
with until_written(softmax_backward):
    Z, right = np.array([[2.0, 1.0, 0.0]]), 2
    y = np.exp(Z) / np.exp(Z).sum()
    message = np.zeros((1, 3))
    message[0, right] = -1 / y[0, right]
    print("probabilities            ", y.round(3))
    print("message from the loss    ", message.round(3))
    print("your message to the logits", softmax_backward(Z, message).round(3))

# %% [markdown]
# The huge message and the tiny slope cancel. That is why the two are always written as one step, with logits going
# in: a probability of 0 never gets into a denominator.

# %% [markdown] covers="04.24"
# ## An MLP
#
# All parts are there. Drawn as a graph whose nodes are whole matrices, a network is a chain with side inputs, like the
# one above. Blue goes forward, orange comes back; a node's error signal has the shape that is written below the node.

# %%
figure, ax = panels(width=7.4, height=2.7)
boxes = ["X", "Z₁", "H₁", "Z₂", "H₂", "logits", "J"]
shapes = ["(N, D)", "(N, n₁)", "(N, n₁)", "(N, n₂)", "(N, n₂)", "(N, K)", "()"]
words = ["W₁, b₁", "ReLU", "W₂, b₂", "ReLU", "W₃, b₃", "softmax, loss"]
for k, (name, shape) in enumerate(zip(boxes, shapes, strict=True)):
    ax.text(k, 1, name, ha="center", va="center", bbox={"boxstyle": "round,pad=0.5", "fc": "white", "ec": INK})
    ax.text(k, 0.62, shape, ha="center", va="center", fontsize=7.5, color=GREY)
for k, word in enumerate(words):
    for y, start, end, colour in ((1.1, k + 0.27, k + 0.73, BLUE), (0.9, k + 0.73, k + 0.27, ORANGE)):
        ax.annotate(
            "", (end, y), (start, y), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6, "ls": DASH[colour]}
        )
    ax.text(k + 0.5, 1.24, word, ha="center", fontsize=8, color=BLUE)
    if "W" in word:
        ax.annotate("", (k + 0.5, 0.3), (k + 0.5, 0.86), arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 1.2})
        out, into = shapes[k + 1][4:-1], shapes[k][4:-1]
        ax.text(k + 0.5, 0.2, f"dW ({out}, {into})\ndb ({out},)", ha="center", va="top", fontsize=8, color=ORANGE)
ax.set(xlim=(-0.4, 6.4), ylim=(-0.15, 1.45))
ax.axis("off")
show(
    figure,
    alt="Each layer takes the message of its output, gives one to its input, and on the way one to each of its weights.",
)

# %% [markdown] covers="04.25 04.26 04.27 04.28 04.29 E04-missing-last-layer E04-forward-first-layer"
# From here on $L$ is the number of layers, as in lecture 03, and the cost is $J$. Forward, with $H_0 = X$: for
# $l = 1, \dots, L$ let $Z_l = H_{l-1} W_l^\top + b_l$, and $H_l = \operatorname{relu}(Z_l)$ for all but the last. *Keep*
# what you compute; the way back needs it. Backward, the first message for the mean cross-entropy of $N$ examples is
#
# $$\bar Z_L = \frac1N \big(\operatorname{softmax}(Z_L) - \text{one-hot}\big) .$$
#
# (With the mean of $\frac12(\hat y - t)^2$ and a linear output it would be $\frac1N(\hat y - t)$, and nothing else would
# change.) Then for $l = L, \dots, 1$:
#
# $$\bar W_l = \bar Z_l^\top H_{l-1}, \qquad \bar b_l = \sum_n \bar Z_l[n], \qquad
#   \bar H_{l-1} = \bar Z_l W_l, \qquad \bar Z_{l-1} = \bar H_{l-1} \odot [Z_{l-1} > 0] ,$$
#
# the last two only while $l > 1$. For a single weight, $\bar w_{ki} = \bar z_k h_i$: *message at its output times
# activation at its input*. Both ends of the loops are where printed summaries go wrong: the forward loop must begin
# with the *first* layer, from $x$, and the backward loop with the *last* one, whose weights get a gradient too. And fix
# what $z$ means. Here it is before the nonlinearity, $h$ after it; some books have it the other way round.
#
# The mask $[z > 0]$ is that of the *forward* pass: a unit that was off did not act on the loss, so no message passes it.
# At exactly 0 we take 0, as PyTorch does. The message itself has either sign, and no mask of its own.

# %% [markdown]
# ### Exercise: mlp_loss_and_gradients (4 points, 30 minutes)
# `weights` is a list of arrays (outputs, inputs), `biases` a list of arrays (outputs,), as in lecture 03. Return the
# mean softmax cross-entropy of the ReLU network, and two lists, `dweights` and `dbiases`, in the order and shapes of
# the parameters. No hidden layer at all is a network too. Inputs may be of size 1000, so logits as well.
# Don't take the logarithm of a probability that may be zero; as in lecture 02,
# $\log\operatorname{softmax}(z)_k = z_k - m - \log\sum_i e^{z_i - m}$ with $m = \max_i z_i$.

# %% exercise="mlp_loss_and_gradients"

# %% [markdown] covers="04.32 E04-bias-column"
# You may also meet the whole backward pass as *one* formula. Put each bias into its matrix, as a last column that meets
# a constant unit of value 1: $V_l = (W_l \; b_l)$, $z_{l} = V_l \binom{h_{l-1}}{1}$. The constant unit passes no
# message back, so the Jacobian of $z_l \mapsto (\phi(z_l), 1)$ gets a last row of zeros, and its transpose, which takes
# the message back, a column: $D_l = (\operatorname{diag}\phi'(z_l) \;\; 0)$,
# and the error signal of the first layer of a network with three is
#
# $$\bar z_1 = D_1 V_2^\top D_2 V_3^\top \, \bar z_3 .$$
#
# Without that zero column the shapes don't fit. Let's see whether it agrees with your function:

# %%
with until_written(mlp_loss_and_gradients):
    rng = np.random.default_rng(0)
    sizes = (3, 5, 4, 3)
    weights = [rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    biases = [rng.normal(size=o) for o in sizes[1:]]
    x, label = rng.normal(size=3), 1
    V = [np.column_stack(pair) for pair in zip(weights, biases, strict=True)]
    z1 = V[0] @ [*x, 1]
    z2 = V[1] @ [*np.maximum(z1, 0), 1]
    z3 = V[2] @ [*np.maximum(z2, 0), 1]
    D1, D2 = (np.column_stack([np.diag(z > 0), np.zeros(len(z))]) for z in (z1, z2))
    first = np.exp(z3) / np.exp(z3).sum() - np.eye(3)[label]
    product = D1 @ V[1].T @ D2 @ V[2].T @ first
    _, dweights, dbiases = mlp_loss_and_gradients(x[None], np.array([label]), weights, biases)
    print("shapes:", " · ".join(str(m.shape) for m in (D1, V[1].T, D2, V[2].T, first)))
    print(
        f"largest difference: {np.abs(np.outer(product, [*x, 1]) - np.column_stack([dweights[0], dbiases[0]])).max():.0e}"
    )

# %% [markdown]
# The formula is right, but as a program it is half of one: it says nothing of the other layers, and from left to right
# it would multiply matrices by matrices. Backward, from right to left, every product is a matrix by a vector.

# %% [markdown]
# ## Trust, but check
#
# A wrong gradient rarely crashes. The loss still falls, only slower, or to a worse place, and you would blame the data.
# So before you train, compare with the definition: nudge every parameter. How small should the nudge be? By Taylor's
# formula
#
# $$\frac{f(x + h) - f(x)}{h} = f'(x) + \frac h2 f''(x) + \dots, \qquad
#   \frac{f(x + h) - f(x - h)}{2h} = f'(x) + \frac{h^2}6 f'''(x) + \dots$$
#
# In the **central difference** the terms with $f''$ cancel, and its error falls with $h^2$ instead of $h$. So far,
# smaller is better. But the computer keeps about 16 digits of $f$. It makes a relative error of about
# $\epsilon = 2.2 \cdot 10^{-16}$, and dividing by $h$ magnifies it to about $\epsilon/h$. The one falls with $h$, the
# other grows; the sum has a minimum, about where both are equally large, since on either side of it one of the two
# takes over. With values and derivatives of size 1 that means $h^2 = \epsilon/h$ for the central difference, so
# $h = \sqrt[3]\epsilon = 6 \cdot 10^{-6}$, and $h = \epsilon/h$ for the one-sided, so
# $h = \sqrt\epsilon = 1.5 \cdot 10^{-8}$.

# %% [markdown]
# ### Exercise: numerical_gradient (2 points, 15 minutes)
# Return the central-difference estimate of the gradient of `f` at `x`, an array of *any* shape, also of shape (), a
# single number. `f` takes a float64 array of the shape of `x`, and nothing else will do. `x` may hold integers or
# float32, and may be a transposed array or every second column of one; it must be unchanged afterwards. Three traps:
# what is the integer 3 plus $10^{-5}$, stored in an integer array? Does `x.ravel()` give you a view or a copy? And is
# the coordinate back at its old value before you nudge the next?

# %% exercise="numerical_gradient"

# %% [markdown]
# Your function draws the next figure: its error for the derivative of $\sin$, averaged over 40 points, for steps from
# $10^{-1}$ down to $10^{-15}$, and that of the one-sided difference.
# Find the slopes on the right side, and the two minima. By how many digits is the central difference better?

# %%
with until_written(numerical_gradient):
    steps = 10.0 ** np.arange(-1, -15.1, -0.25)
    places = np.random.default_rng(0).uniform(0.3, 1.2, 40)

    def error(h, shift):
        """Mean error at x of the difference about x + shift h; shift 1/2 and step h/2 make it one-sided, from x to x + h."""
        slopes = [numerical_gradient(np.sin, np.array(x + shift * h), h if shift == 0 else h / 2) for x in places]
        return np.mean(np.abs(np.array(slopes) - np.cos(places)))

    figure, ax = panels(width=4.8, height=3)
    ax.set(
        xscale="log", yscale="log", xlabel="step h", ylabel="error of the estimate", xlim=(1e-15, 3e-1), ylim=(1e-13, 3)
    )
    for shift, colour, text, at in ((0.5, PURPLE, "one-sided", (2e-5, 8e-3)), (0, BLUE, "central", (2e-3, 8e-9))):
        errors = [error(h, shift) for h in steps]
        ax.plot(steps, errors, color=colour, ls=DASH[colour], marker=MARKER[colour], ms=3)
        ax.text(*at, text, color=colour)
        best = int(np.argmin(errors))
        print(f"{text}: the least error is {errors[best]:.0e}, at h = {steps[best]:.0e}")
    ax.axvline(6e-6, color=GREY, lw=1, ls=DASH[GREY])
    ax.text(8e-6, 0.6, "6e-6", color=GREY, fontsize=8)
    show(
        figure,
        alt="With smaller steps both errors first fall, the central one twice as steeply, then rise again by rounding.",
    )

# %% [markdown]
# From the right, the one-sided error falls by one power of ten for each of $h$, the central one by two. On the left
# both climb along the same line, like $1/h$: there it is rounding, and no formula helps. At the best step the central
# difference has about eleven right digits, the one-sided eight. The default $h = 10^{-5}$ is close to the best.
#
# Now check your network, the moment of truth. As a measure take
# $\lVert a - b\rVert / (\lVert a\rVert + \lVert b\rVert)$, which doesn't depend on the size of the gradient: below
# $10^{-7}$ is fine, above $10^{-4}$ there is a bug, and in between look for a float32, or for a kink, of which more below.

# %%
with until_written(mlp_loss_and_gradients, numerical_gradient):
    rng = np.random.default_rng(1)
    sizes = (5, 7, 6, 3)
    weights = [rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    biases = [rng.normal(size=o) for o in sizes[1:]]
    X, labels = rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
    _, dweights, dbiases = mlp_loss_and_gradients(X, labels, weights, biases)
    for kind, lists, found in (("weights", weights, dweights), ("biases", biases, dbiases)):
        for layer in range(3):

            def loss_at(value, lists=lists, layer=layer):
                old, lists[layer] = lists[layer], value
                loss, *_ = mlp_loss_and_gradients(X, labels, weights, biases)
                lists[layer] = old
                return loss

            nudged = numerical_gradient(loss_at, lists[layer])
            off = np.linalg.norm(nudged - found[layer]) / (np.linalg.norm(nudged) + np.linalg.norm(found[layer]))
            print(f"{kind} of layer {layer + 1}, shape {found[layer].shape!s:7} differ by {off:.0e}")

# %% [markdown]
# Six gradients, all right to eight digits or better. From here on you may believe your gradients.
#
# Not everything that differs is a bug, though. A ReLU has a kink, and if a nudge steps across it, the difference sees a
# bit of both slopes. At $x = 10^{-6}$ the slope of a ReLU is 1, but with $h = 10^{-5}$ the estimate is
# $(1.1 \cdot 10^{-5} - 0)/(2 \cdot 10^{-5}) = 0.55$:

# %%
with until_written(numerical_gradient):
    for x in (1e-4, 1e-6, -1e-6):
        print(f"relu at {x:8.0e}: {numerical_gradient(lambda x: float(x * (x > 0)), np.array(x)):.2f}")

# %% [markdown]
# In a big network some unit is always near its kink. So check small ones, a few parameters at a time, and before you
# mistrust a single bad number, take another example or a smaller step.

# %% [markdown] covers="04.30 04.31 E04-twice"
# ## What it costs
#
# Count multiply-adds. Forward, each weight is used once for each example: $z_k \mathrel{+}= w_{ki} h_i$. Backward, it
# is used in the message, $\bar h_i \mathrel{+}= \bar z_k w_{ki}$, and receives its gradient,
# $\bar w_{ki} \mathrel{+}= \bar z_k h_i$: two. So **the backward pass costs about two forward passes**, three in all;
# slightly less, since the first layer needs no message to its input. A layer of $n$ units on top of $n$ others has
# $n^2$ weights, so for an MLP the cost grows linearly with depth and with the *square* of the width. And all
# activations of the forward pass are kept until the message comes by: the price in memory.
#
# That is a count of the products in linear layers. Masks, exponentials and moving memory about are not in it, so let's
# measure: five hidden layers of width $n$, a batch of 128. The weights of the output are few, and the first hidden layer
# spares the message, so the count is $1 + 9/5 = 2.8$ times a forward pass. See how far the measured ratio on the right
# stays from the dashed line. (If yours computes the message to the input all the same, count 3.0.)


# %%
def run_forward(X, labels, weights, biases):
    h = X
    for layer, W in enumerate(weights):
        z = h @ W.T + biases[layer]
        h = np.maximum(z, 0)
    return z


def least_time(run, *arguments):
    """Of a few runs, in milliseconds; the others were disturbed."""
    times = []
    for _ in range(8):
        start = time.perf_counter()
        run(*arguments)
        times.append(1e3 * (time.perf_counter() - start))
    return min(times)


with until_written(mlp_loss_and_gradients), threadpool_limits(1):
    rng = np.random.default_rng(0)
    widths, forward, both = (32, 64, 128, 256, 512, 1024), [], []
    for width in widths:
        sizes = (*[width] * 6, 10)
        weights = [rng.normal(size=(o, i)) / np.sqrt(i) for i, o in pairwise(sizes)]
        biases = [np.zeros(o) for o in sizes[1:]]
        network = rng.normal(size=(128, width)), rng.integers(0, 10, 128), weights, biases
        forward.append(least_time(run_forward, *network))
        both.append(least_time(mlp_loss_and_gradients, *network))
    figure, (left, right) = panels(2, width=3.4)
    for values, colour, text in ((both, ORANGE, "both"), (forward, BLUE, "forward")):
        left.set(xscale="log", yscale="log", xlabel="width", ylabel="time [ms]", xlim=(25, 2500))
        left.set_yticks((0.1, 1, 10, 100), ("0.1", "1", "10", "100"))
        line = left.plot(widths, values, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
        label_line(left, line, text)
    right.axhline(2.8, color=GREY, lw=1, ls=DASH[GREY])
    right.plot(widths, np.divide(both, forward), color=INK, marker=".")
    right.set(xscale="log", ylim=(0, None), xlabel="width", ylabel="both / forward")
    for ax in (left, right):
        ax.set_xticks(widths, widths)
        ax.set_xticks([], minor=True)
    show(
        figure,
        alt="The time of a forward pass, and of forward and backward together, over the width; beside it their ratio.",
    )
    print("both / forward:", {width: round(b / f, 1) for width, b, f in zip(widths, both, forward, strict=True)})

# %% [markdown]
# At most widths it isn't far: between 2.5 and 4 on a machine with nothing else to do. It depends on the machine, and
# single widths can stand out by a factor of two or three. Multiplications are not all there is: memory has to be
# fetched and handed out for all the arrays of the way back, and how long that takes depends on what fits into which
# cache. What counts is that the ratio doesn't *grow* with the number of weights.
#
# And the other way, a nudge for each weight? For the digit network's 4810 parameters it takes 9620 forward passes to get
# one gradient, where backpropagation takes about three. In time, for all 1200 digits:

# %%
with until_written(mlp_loss_and_gradients), threadpool_limits(1):
    X, labels, *_ = data.digits()
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(64, 64)) / 8, rng.normal(size=(10, 64)) / 8]
    network = X, labels, weights, [np.zeros(64), np.zeros(10)]
    print(f"backpropagation: {least_time(mlp_loss_and_gradients, *network) / 1000:.4f} s")
    print(f"9620 forward passes: {9620 * least_time(run_forward, *network) / 1000:.1f} s")

# %% [markdown]
# Thousands of times longer, and the gap grows with the number of weights. That is the difference between a network that
# can be trained and one that can't.

# %% [markdown]
# ### Question: what the backward pass costs (2 points, 7 minutes)
# A network with 1000 inputs, 1000 hidden units and 10 outputs has about a million weights. For one example, how many
# multiply-adds take its forward and its backward pass, and why is their ratio not the usual two? Then say what finite
# differences cost for the same gradient, weight by weight, and what they compute over and over that the reverse order
# computes once.

# %% [markdown] written="backward_cost" points=2
# ### BEGIN MARK SCHEME
# - 1 point: each weight takes one multiply-add forward and, as a rule, two backward, for the message to its input and for its
#   own gradient; the first layer needs no message, and here it has nearly all weights. So 1.01 million forward, 1.02 million
#   backward, a ratio near 1. (No point is lost if the answer adds that with the message to the input it would be about 2.02
#   million.)
# - 1 point: finite differences need two forward passes (or one more than the number of weights in all) for every weight, here
#   two million; in reverse order the message behind a layer is computed once and shared by all weights in front of it.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Forward, each weight takes part in one multiply-add: $1000 \cdot 1000 + 1000 \cdot 10 = 1.01$ million. Backward a weight
# takes part in two, its own gradient and the message to its layer's input, which makes twice the forward pass. But nobody
# needs the message to the inputs, so the first layer has only the gradients, a million; the last has both,
# $2 \cdot 10\,000$. Together 1.02 million, about *one* forward pass. It comes to two only where the first layer is a
# small part of the network.
#
# Finite differences take two forward passes for each weight, about two million passes for one gradient. Each of them runs
# through everything behind the weight again, though all weights in front of a node act through this one node. In reverse
# order a node's error signal is computed once, when it is complete, and then serves all of them.
# ### END SOLUTION

# %% [markdown] covers="04.22 E04-vhp"
# ## Second derivatives by products
#
# The gradient itself changes from place to place. How, is told by the matrix of second derivatives, the **Hessian**
# $H_{ij} = \partial^2 J/\partial\theta_i\,\partial\theta_j$: the Jacobian of the gradient. For 4810 parameters it has 23
# million entries, for a billion parameters it can't be stored anywhere. But as with every Jacobian, a product may be
# cheap where the matrix is not. $Hv$ is the change of the gradient in the direction $v$,
#
# $$Hv = \frac{d}{ds} \nabla J(\theta + s v) \Big|_{s=0} \approx
#   \lVert v\rVert \; \frac{\nabla J(\theta + \varepsilon u) - \nabla J(\theta - \varepsilon u)}{2\varepsilon},
#   \qquad u = \frac{v}{\lVert v\rVert} ,$$
#
# two gradients, whatever the number of parameters. Why the detour by the unit vector $u$? So that $\varepsilon$ is the
# distance that we really go, however long or short $v$ is. Some call this a vector-Hessian product; since $H$ is
# symmetric, $v^\top H$ and $Hv$ are the same numbers. (Carrying the derivative by $s$ through the two passes that compute
# $\nabla J$ gives $Hv$ exactly, at a similar price: Barak Pearlmutter, 1994. So does backpropagation through
# $\nabla J^\top v$.)

# %% [markdown]
# ### Exercise: hessian_vector_product (2 points, 10 minutes)
# `grad_fn` takes a point (D,) and returns the gradient there, (D,). Return the central difference of the formula, with
# `eps` the distance to either side of `x`. For $v = 0$ the result is zero. At most four calls of `grad_fn`. (Extra, on
# paper: if the entries of $v$ are random signs, each $+1$ or $-1$, what is the mean of $v \odot Hv$?)

# %% exercise="hessian_vector_product"

# %% [markdown]
# What for? If you multiply by $H$ again and again, the vector turns into the direction in which the cost bends most
# (power iteration), and the factor by which it grows is the curvature of the largest size, here $\lambda_{\max}$. On a
# quadratic, gradient descent is stable only while $\alpha < 2/\lambda_{\max}$, as you saw for linear models in
# lecture 02. Here is that limit for the digit network, before any training, from 2 × 20 gradients instead of 23
# million entries:


# %%
def new_network(seed):
    """Lists of weights and biases, 64 to 64 to 10, of a size that keeps signals alive (lecture 07 says why)."""
    rng = np.random.default_rng(seed)
    sizes = (64, 64, 10)
    weights = [rng.normal(size=(o, i)) * np.sqrt(2 / i) for i, o in pairwise(sizes)]
    return weights, [np.zeros(o) for o in sizes[1:]]


X_train, labels_train, X_test, labels_test = data.digits()
with until_written(mlp_loss_and_gradients, hessian_vector_product):
    weights, biases = new_network(0)
    cuts = np.cumsum([p.size for p in weights + biases])[:-1]

    def gradient_at(theta):
        """All parameters in one vector, there and back."""
        parts = [a.reshape(p.shape) for a, p in zip(np.split(theta, cuts), weights + biases, strict=True)]
        _, dweights, dbiases = mlp_loss_and_gradients(X_train, labels_train, parts[:2], parts[2:])
        return np.concatenate([g.ravel() for g in dweights + dbiases])

    theta = np.concatenate([p.ravel() for p in weights + biases])
    v = np.random.default_rng(0).normal(size=theta.size)
    for _ in range(20):
        v = hessian_vector_product(gradient_at, theta, v / np.linalg.norm(v))
    sharpness = np.linalg.norm(v)
    print(f"{theta.size} parameters, largest curvature {sharpness:.1f}, 2 / curvature = {2 / sharpness:.2f}")

# %% [markdown]
# (The extra: $v_i (Hv)_i = \sum_j H_{ij} v_i v_j$, and $v_i v_j$ is 1 for $j = i$ and 0 in the mean otherwise. So it is the
# diagonal of $H$, from products alone.)
#
# We are going to train with 0.2. But the cost of a network is no quadratic: its curvature changes as soon as you move,
# and larger steps than this number allows may get through. Try 0.5 later. Lecture 07 watches the curvature while a
# network learns.

# %% [markdown]
# ## Train on digits
#
# Twelve hundred digits, and each step sees 32 of them, a **minibatch**: the mean gradient of 32 is a noisy guess of
# that of all 1200, at a fortieth of the price. Shuffle all indices, cut them into batches, take one step for each; a
# round through all examples is an **epoch**.

# %% [markdown]
# ### Exercise: train_mlp (3 points, 15 minutes)
# `batches` is a list of integer arrays. For each in turn, take one gradient step, with learning rate `lr`, on the mean
# loss of these examples alone, and record that loss *before* the step. Return the trained `weights` and `biases`, two
# lists, and `losses`, an array with one number for each batch. Start from *copies*: what you were given must stay as it
# is. You may call your `mlp_loss_and_gradients`.

# %% exercise="train_mlp"

# %% [markdown]
# Everything in the next cell that learns is yours. What share of 597 unseen digits will it read, after forty epochs?
# (The linear model of lecture 02 reads 96 of 100.) In grey you see the loss of single minibatches, in blue its mean over
# each epoch, while it trains; below, its errors, the surest first, with what it said. What do you read? The right
# answers are printed at the end.

# %%
from IPython.display import HTML, display

with until_written(train_mlp, mlp_loss_and_gradients):
    weights, biases = new_network(0)
    rng = np.random.default_rng(0)
    losses = []
    live = display(HTML(""), display_id=True)
    for epoch in range(1, 41):
        order = rng.permutation(len(X_train))
        batches = [order[k : k + 32] for k in range(0, len(order), 32)]
        weights, biases, of_epoch = train_mlp(X_train, labels_train, weights, biases, 0.2, batches)
        losses.extend(of_epoch)
        if epoch % 8 == 0:
            figure, ax = panels(width=4.8, height=2.5)
            ax.plot(np.arange(len(losses)) / len(batches), losses, color=GREY, lw=0.6)
            mean = np.mean(np.reshape(losses, (epoch, -1)), axis=1)
            line = ax.plot(np.arange(epoch) + 0.5, mean, color=BLUE)[0]
            ax.set(yscale="log", xlim=(0, 46), ylim=(1e-3, 4), xlabel="epoch", ylabel="training loss")
            ax.set_yticks((0.001, 0.01, 0.1, 1), ("0.001", "0.01", "0.1", "1"))
            label_line(ax, line, "mean")
            live.update(HTML(picture(figure, f"The loss of minibatches falls, noisily, over {epoch} epochs.")))
    h = np.maximum(X_test @ weights[0].T + biases[0], 0)
    logits = h @ weights[1].T + biases[1]
    said = logits.argmax(axis=1)
    loss, *_ = mlp_loss_and_gradients(X_test, labels_test, weights, biases)
    print(f"right: {np.mean(said == labels_test):.3f} of the unseen digits, their loss is {loss:.3f}")
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    sure = np.where(said == labels_test, 0, p.max(axis=1))
    worst = [n for n in np.argsort(-sure)[:25] if sure[n] > 0]
    figure, axes = panels(9, -(-len(worst) // 9), width=0.8, height=1.05, squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for n, ax in zip(worst, axes.flat, strict=False):
        ax.imshow(X_test[n].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(f"says {said[n]}\n{p[n, said[n]]:.0%} sure", fontsize=6.5, loc="center", pad=2)
    show(
        figure,
        alt="The test digits that it reads wrongly, the surest first; about some of them a person would hesitate too.",
    )
    print(f"{np.sum(said != labels_test)} errors in all; right for the {len(worst)} shown:", *labels_test[worst])

# %% [markdown]
# The single losses jump about, since every batch holds other digits, yet their mean falls, but for small bumps. Some of
# the errors anyone might make, others are the network's own. And you have not used a line of anybody's library for
# learning: a graph, a rule for messages, and a loop.
#
# ## The special point zero
#
# Why start from random weights? Zero is neater. So let's start there: all weights and all biases 0. Before you run the
# cell: which of the four gradients below will be zero?

# %%
with until_written(mlp_loss_and_gradients):
    weights, biases = new_network(0)
    zeros = [0 * W for W in weights], [0 * b for b in biases]
    loss, dweights, dbiases = mlp_loss_and_gradients(X_train, labels_train, *zeros)
    names = [f"{kind} of layer {layer}" for kind in ("weights", "biases") for layer in (1, 2)]
    for name, gradient in zip(names, dweights + dbiases, strict=True):
        print(f"{name}: largest entry of the gradient {np.abs(gradient).max():.4f}")
    shares = np.bincount(labels_train) / len(labels_train)
    print("biases of layer 2     ", np.array2string(dbiases[-1].round(4) + 0.0, max_line_width=100))
    print("0.1 minus class shares", np.array2string((0.1 - shares).round(4) + 0.0, max_line_width=100))

# %% [markdown]
# All but one, if the hidden units are ReLUs or any others with $\phi(0) = 0$. The hidden activations are 0, so
# $\bar W_2 = \bar Z_2^\top H_1 = 0$. The outgoing weights are 0, so no message gets to the hidden layer,
# $\bar H_1 = \bar Z_2 W_2 = 0$, and nothing in front of it moves. But between the output bias and the loss there is no
# weight: $\bar b_2$ is the mean of softmax minus one-hot, and at zero the softmax gives every class a tenth. So it is a
# tenth minus the share of each class in the data, and is not zero unless all are equally frequent.
#
# You may read that the all-zero point is a critical point of every network, whatever the data and the loss. With an
# output bias it isn't, in general, nor with units such as the logistic one, for which $\phi(0) \ne 0$. For our network
# it is if the output bias happens to be at its best already. What is true is nearly as bad: the output bias goes to
# the class frequencies and everything else stays at 0 for ever. *There*, with $b_2$ at its best, is a critical point,
# and it is no global minimum: networks with smaller loss exist, you just trained one. A convex function has no critical
# point besides its global minima, so the cost of this network isn't convex. (That zero is a critical point would not
# have been enough for this.)

# %% [markdown]
# ### Question: a network of zeros (3 points, 8 minutes)
# Now a network with *two* hidden layers, all weights and biases zero. Which of the six gradients vanish, which do not, and
# why? Answer for ReLU and for logistic hidden units. And when you take a step of gradient descent and ask again, which
# of them are still zero?

# %% [markdown] written="all_zero_network" points=3
# ### BEGIN MARK SCHEME
# - 1 point: the weights and biases of both hidden layers get no message, because the weights behind them are zero (both
#   kinds of unit).
# - 1 point: the output bias gets the mean of softmax minus one-hot, the uniform distribution minus the class frequencies, which
#   is not zero in general.
# - 1 point: with ReLU the hidden activations are 0, so the output weights get none, and after the step all is as before but
#   for the output bias; with logistic units they are 1/2, so the output weights get a gradient, equal for all hidden units,
#   and after the step the second hidden layer gets one, too. (That the first must wait for another step is not asked for
#   the point.)
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The message to the second hidden layer is $\bar H_2 = \bar Z_3 W_3$, and $W_3 = 0$; that to the first comes through it,
# and through $W_2 = 0$. So the gradients of both hidden layers' weights and biases vanish, for both kinds of unit. The
# output bias gets $\sum_n \bar Z_3[n]$, the uniform distribution minus the frequencies of the classes, which is zero
# only if all classes are equally frequent.
#
# The output weights get $\bar Z_3^\top H_2$. With ReLU $H_2 = 0$, so it vanishes, and a step changes nothing but the
# output bias: five of six stay zero for ever. With logistic units every activation is $\sigma(0) = \frac12$, so each
# output weight gets half of what its output's bias gets: not zero, and the same for all hidden units. After the step
# $W_3$ is not zero, and the second hidden layer gets a message; the first still doesn't, as $W_2$ was zero, and comes one
# step later. But all units of a layer get equal messages and stay copies of each other: as good as a single unit. Random
# starting weights are there to make them different.
# ### END SOLUTION

# %% [markdown]
# ## Beyond: memory, and a message to the input
#
# Backpropagation keeps every activation, and in deep networks this, not the weights, fills the memory. **Activation
# checkpointing** (Tianqi Chen and others, 2016) keeps only those of every $k$-th layer, and when the message arrives
# there, computes the ones between once more. That is $L/k$ layers kept all the time, and $k$ of one stretch while the
# message passes it; with $k \approx \sqrt L$ the memory falls from $L$ to about $2\sqrt L$ layers, for one extra
# forward pass: four units of work in place of three.
#
# And the message need not stop at the first layer. Nobody trains the pixels, but $\bar x$ says how the loss would change
# if a pixel got darker. For a single example, $\bar z_1$ is the gradient of the first bias, so your function already has
# all that is needed: $\bar x = W_1^\top \bar b_1$. Below are five digits, and $-\bar x$ for the loss of the digit's own
# class; red pixels should be darker to make the network more sure, blue ones lighter. Each picture has its own scale: the
# deepest colour is its largest entry. Compare the 0 and the 9 with what is below them.

# %%
with until_written(train_mlp, mlp_loss_and_gradients):
    batches = np.array_split(np.random.default_rng(1).permutation(12_000) % 1200, 375)
    weights, biases, _ = train_mlp(X_train, labels_train, *new_network(1), 0.2, batches)
    figure, axes = panels(5, 2, width=1.1, height=1.15)
    for column, n in enumerate(np.flatnonzero(labels_test == k)[0] for k in (0, 3, 4, 7, 9)):
        _, _, dbiases = mlp_loss_and_gradients(X_test[n : n + 1], labels_test[n : n + 1], weights, biases)
        signal = -(weights[0].T @ dbiases[0]).reshape(8, 8)
        axes[0, column].imshow(X_test[n].reshape(8, 8), cmap="gray_r")
        axes[1, column].imshow(signal, cmap=SIGNED, vmin=-np.abs(signal).max(), vmax=np.abs(signal).max())
        axes[0, column].set_title(f"a {labels_test[n]}", loc="center")
    for ax in axes.flat:
        ax.axis("off")
    show(
        figure,
        alt="The message that reaches the pixels is a picture itself: the sides of the 0 and of the loop of the 9 stand out, in noise.",
    )

# %% [markdown]
# The sides of the 0 should be darker, its hole lighter; in the 9 both sides of the loop should be darker, and the place
# below it lighter. These are pixels that tell the digit from its rivals. Much of the rest looks like noise. Lecture 10
# makes more of such pictures, and also makes mischief with them.

# %% [markdown]
# ## What to remember
#
# Edges have local derivatives, nodes have error signals. In reverse order each node adds up the messages of its children,
# times the local derivatives, and sends one on: each edge is passed once, though the paths are exponentially many. For
# vectors a message is multiplied by the transposed Jacobian, which nobody builds, and has the shape of what it belongs to.
#
# It costs about two forward passes and the memory of all activations. Central differences with $h$ near $10^{-5}$ tell
# whether it is right, away from kinks, and the difference of two gradients is a Hessian times a vector.
#
# What you wrote fits one architecture. Change a layer, and you derive and debug anew; but every operation needs only its
# own small rule, and the order of the messages can be read off the graph. So let the program build the graph and do the
# rest by itself. That is the next lecture.
