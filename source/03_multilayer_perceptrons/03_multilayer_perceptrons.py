# ---
# jupyter:
#   course:
#     title: Multilayer perceptrons
#     minutes: 140
#     promise: What layers can express; XOR by hand, any curve from kinks, and how depth folds space
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
# # Multilayer perceptrons
#
# The softmax regression of the last lecture reads 96 of 100 digits, and yet there is a table of four rows that it will
# never learn. In 1969 that table helped to end the first wave of neural networks. One more layer solves it. But what
# exactly does a layer buy, and what does a second one buy that a wider first one doesn't? In this lecture you build
# networks *by hand*, weight by weight, to see what they can express. How they find such weights by themselves is the
# matter of the next lecture.
#
# Afterwards you can prove that no single unit computes XOR, and write down a network that does; run a network of any
# depth on a batch; say when a stack of layers is worth no more than one; build a network through any points on a
# line, and tell what the famous theorem about it does not promise; fold an interval into 256 pieces with 16 units;
# and turn a linear classifier into a strong one with features that nobody trained. It takes about 140 minutes, of
# which 98 are yours: eight exercises and two questions. A good place for a break is after the fourth section.

# %% setup=true
from itertools import pairwise

import numpy as np

from course import check, data
from course.demos import multilayer_perceptrons as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written

# %% [markdown]
# ## One unit is a half-space
#
# Warren McCulloch and Walter Pitts drew the first artificial neuron in 1943: it adds up what comes in and fires when
# the sum passes a threshold. Frank Rosenblatt's *perceptron* (1958) learned the weights of such a unit. In our
# notation a **threshold unit** computes
#
# $$h = \operatorname{step}(w^\top x + b), \qquad \operatorname{step}(z) = 1 \text{ if } z > 0 \text{, else } 0 .$$
#
# The points with $w^\top x + b = 0$ form a line (a plane in three dimensions, a *hyperplane* in more). The vector $w$
# stands at a right angle to it and points to the side where the unit is on; the bias shifts the line. So a unit says
# one thing about its input: on which side of a line it lies. The set where it is on is a **half-space**.
#
# Take two bits as inputs. "At least one is on" is a unit: $w = (1, 1)$, $b = -0.5$. "Both are on" is one too: the
# same weights with $b = -1.5$. And "exactly one is on", the exclusive or, **XOR**?

# %% [markdown]
# Try it. Stars should be 1, dots should be 0, a cross marks a point that comes out wrong, and the shaded side is where
# your unit is on. How many of the four can you get right?

# %%
demos.xor()

# %% [markdown] covers="03.01 03.02 03.03"
# Three come easily, in many ways; the fourth never does. That you found none is no proof, but there is a short one.
# Look at the two segments below: where do they meet?

# %%
figure, ax = panels(width=3.2, height=3)
ones, zeros = np.array([[0, 1], [1, 0]]), np.array([[0, 0], [1, 1]])
line = ax.plot(*ones.T, color=GREEN, ls=DASH[GREEN], marker=MARKER[GREEN], ms=11)[0]
ax.plot(*zeros.T, color=INK, marker="o", ms=7)
ax.plot(0.5, 0.5, MARKER[ORANGE], color=ORANGE, ms=9, zorder=3)
ax.annotate("(½, ½)", (0.5, 0.5), (10, -3), textcoords="offset points", color=ORANGE)
for x in (*ones, *zeros):
    shift = (0, 9) if x[1] else (0, -18)
    ax.annotate(f"XOR = {x.sum() % 2}", x, shift, textcoords="offset points", ha="center")
ax.set(xlabel="x₁", ylabel="x₂", xticks=(0, 1), yticks=(0, 1), xlim=(-0.4, 1.4), ylim=(-0.3, 1.3), aspect="equal")
show(
    figure,
    alt="The segment between the two points of value 1 and the one between those of value 0 cross in the middle.",
)

# %% [markdown]
# A set is **convex** if it holds, with any two points, the whole segment between them. Half-spaces are convex: if
# $w^\top u + b > 0$ and $w^\top v + b > 0$, then for any $r$ between 0 and 1
#
# $$w^\top\big(r u + (1-r) v\big) + b = r\,(w^\top u + b) + (1-r)(w^\top v + b) > 0 ,$$
#
# a weighted mean of two positive numbers, whose weights $r$ and $1 - r$ are not both zero. With $\le$ in place of $>$
# it holds as well, so the side where the unit is off is convex too. Now suppose that some unit computed XOR. It is on
# at $(0,1)$ and $(1,0)$, hence also half way between, at $(\frac12, \frac12)$. It is off at $(0,0)$ and $(1,1)$,
# hence also half way between those, which is the same point. It can't be on and off at once. So XOR is not **linearly
# separable**, and nothing about learning comes into it: no weights exist.
#
# Marvin Minsky and Seymour Papert proved this and much more in their book *Perceptrons* (1969). They knew that
# several layers are stronger, but no way to train them was in common use, and interest faded for over a decade.

# %% [markdown]
# What one unit can't do, a few may do together. "Exactly one" is "at least one, but not both", and both parts are
# units. Let $h_1$ and $h_2$ be these; then $h_1 - 2 h_2 - 0.5$ is positive only where $h_1 = 1$ and $h_2 = 0$. The
# units in between, whose values nobody asked for, are called **hidden**.

# %% [markdown]
# ### Exercise: xor_network (1 point, 6 minutes)
# Return weights `W1` (2, 2), `b1` (2,), `w2` (2,) and a number `b2` such that
# $\operatorname{step}(w_2^\top \operatorname{step}(W_1 x + b_1) + b_2)$ is the XOR of the two bits of $x$. Row $j$ of
# `W1` holds the weights of hidden unit $j$. Keep every number that goes into a step at least 0.1 away from zero, for
# all four inputs, so that no rounding can flip it. Any such weights are right; if you want a challenge, find two
# units that are not the ones above.

# %% exercise="xor_network"

# %% [markdown]
# Here is your network. Left: the two lines of your hidden units, and where the output is on. Right: the same four
# points where the hidden layer has put them, $(h_1, h_2)$, with the output unit's own line. Count the points on the
# right: which of the four have landed on one another?

# %%
demos.xor(xor_network, view="your network")

# %% [markdown]
# The output unit is as limited as before: it draws one line. But its inputs are no longer the corners of a square. If
# your units are the two of the text, both stars sit in one place, which one line cuts off; with other units it may be
# the dots. The hidden layer has **moved the points** until one line is enough. Keep this picture, it is the whole
# lecture: all layers but the last rearrange the data, and the last one draws a line.

# %% [markdown]
# ### Question: a proof, and where it breaks (3 points, 8 minutes)
# Let $a$, $b$, $c$ and $d$ be four points of the plane such that the segment from $a$ to $b$ crosses the one from $c$
# to $d$, anywhere on the two. Prove, as shortly as you can, that no single threshold unit is on at $a$ and $b$ and
# off at $c$ and $d$. XOR is such a case, and yet your network of two layers computes it: describe the set of all
# points of the plane where *your* network is on, and the set where it is off, and say which step of your proof fails
# for them.

# %% [markdown] written="xor_proof" points=3
# ### BEGIN MARK SCHEME
# - 1 point: half-spaces are convex, the open side (on) as well as the closed one (off).
# - 1 point: the crossing point (for XOR the midpoint of both diagonals) would lie on both sides, a contradiction. (One who proves
#   only XOR, by adding $w_1 + b > 0$ to $w_2 + b > 0$ and $b \le 0$ to $w_1 + w_2 + b \le 0$, earns this point, not the first.)
# - 1 point: the set on which a two-layer network is on, or the one on which it is off, need not be convex, so the step "hence also
#   at the crossing" fails; with the two sets of the student's own network.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The set where a unit is on, $\{x : w^\top x + b > 0\}$, is convex, and so is the set where it is off. If a unit were
# on at $a$ and $b$, it would be on along the whole segment between them, and if it were off at $c$ and $d$, it would
# be off along theirs. Where the two cross it would have to be both.
#
# With "at least one" and "both" as hidden units the network is on in the strip $0.5 < x_1 + x_2 \le 1.5$ and off on
# either side of it. The strip is convex, but where it is off is not: $(0,0)$ and $(1,1)$ belong to it and the point
# half way between them does not. So "off at $c$ and $d$, hence off along their segment" fails. (With "only the first"
# and "only the second" it is the set where the network is on that falls into two pieces.)
# ### END SOLUTION

# %% [markdown]
# With $n$ bits XOR becomes **parity**: 1 if an odd number of them are on. It is as hard as a function of bits can be
# in one sense: flip any single bit, anywhere, and the answer changes. One could spend a hidden unit on each odd
# pattern, but of these there are $2^{n-1}$, 512 for ten bits. Think instead of what parity depends on: only on the
# number of bits that are on, and a unit with all weights 1 sees just that number.

# %% [markdown]
# ### Exercise: parity_network (2 points, 12 minutes)
# The same for the parity of $n \ge 1$ bits, with at most $n$ hidden units and the same margin of 0.1: return `W1` (H,
# n), `b1` (H,), `w2` (H,) and `b2`. Imagine the number of ones growing from 0 to $n$, one after the other. At each
# step one more hidden unit should fire; what must it add to the sum that the output unit receives, so that this
# crosses the threshold every time?

# %% exercise="parity_network"

# %% [markdown]
# This is what your output unit receives for ten bits, against the number of ones. It should cross zero ten times.

# %%
with until_written(parity_network):
    W1, b1, w2, b2 = parity_network(10)
    counts = np.arange(11)
    inputs = (np.arange(10) < counts[:, None]).astype(float)  # one example for each number of ones
    received = np.heaviside(inputs @ W1.T + b1, 0) @ w2 + b2
    figure, ax = panels(width=4.6)
    ax.axhline(0, color=GREY, lw=1, ls=DASH[GREY])
    ax.plot(counts, received, color=BLUE, lw=1)
    odd = counts % 2 == 1
    ax.plot(counts[odd], received[odd], MARKER[GREEN], color=GREEN, ms=10)
    ax.plot(counts[~odd], received[~odd], "o", color=INK, ms=6)
    ax.set(xlabel="how many of the ten bits are on", ylabel="the output unit receives", xticks=counts)
    show(
        figure,
        alt="What the output unit receives jumps above zero for each odd number of ones and below for each even one.",
    )

# %% [markdown]
# Ten units where the list of patterns needs 512. Remember the trick, many small jumps that add up to a shape: after the
# break, with kinks in place of jumps, it will build any continuous curve.

# %% [markdown] covers="03.04 03.05 03.06 03.24"
# ## Layers
#
# Now the general form. A **feed-forward network** is any arrangement of units in which no path leads back to where it
# started, a directed acyclic graph. Nearly always the units are grouped in **layers**, and all units of a layer take
# the same inputs. With $n$ inputs and $m$ units, the weights of a layer form a matrix $W$ of shape $m \times n$, one
# row a unit, and the layer computes
#
# $$z = W x + b, \qquad h = \phi(z) .$$
#
# The **pre-activation** $z$ is a linear model per unit; the **activation function** $\phi$ is applied to each number
# of it alone. A **multilayer perceptron** is a composition of such layers, of which the last, in this course, has no
# activation:
#
# $$\hat y = f^{(L)} \circ \dots \circ f^{(1)}(x), \qquad f^{(l)}(h) = \phi\big(W^{(l)} h + b^{(l)}\big) \text{ for } l < L,
#   \qquad f^{(L)}(h) = W^{(L)} h + b^{(L)} .$$
#
# How many layers, how many units in each, which activation and which operation a layer performs: that is the
# **architecture** of a network. Its weights and biases are the parameters; the architecture is what you choose before
# there are any.

# %% [markdown] covers="03.07 03.08 03.11 E03-missing-bias"
# Left is a network with one hidden layer of four units. Written out, $h_i = \phi(\sum_j w_{ij} x_j + b_i)$ and
# $\hat y = \sum_i v_i h_i + c$, or shortly $\hat y = v^\top \phi(Wx + b) + c$. Some texts leave the biases out to
# save ink. Don't: without them a network with an odd activation such as tanh gives 0 for $x = 0$ whatever its weights
# are, and so does one of ReLUs. (A bias is a weight from an input that is always 1, so a formula without biases may
# also mean that such an input was added.) On the right are the indices of the general case: which weight is the bold
# line?


# %%
def draw_network(ax, sizes, names, colours=None):
    """Units as circles, layer by layer; returns where they are."""
    places = [[(layer, (size - 1) / 2 - unit) for unit in range(size)] for layer, size in enumerate(sizes)]
    for here, there in pairwise(places):
        for a in here:
            for b in there:
                ax.plot(*zip(a, b, strict=True), color=GREY, lw=0.7, zorder=1)
    for layer, units in enumerate(places):
        x, y = zip(*units, strict=True)
        ax.scatter(x, y, s=150, color="white", edgecolor=(colours or [INK] * len(sizes))[layer], lw=1.5, zorder=2)
        ax.text(layer, max(sizes) / 2 + 0.1, names[layer], ha="center", va="bottom", fontsize=8.5)
    ax.set(xlim=(-0.4, len(sizes) - 0.6), ylim=(-max(sizes) / 2 - 0.2, max(sizes) / 2 + 0.7))
    ax.axis("off")
    return places


figure, (left, right) = panels(2, width=3.6, height=2.7)
places = draw_network(left, (3, 4, 1), ("x", "h = φ(Wx + b)", "ŷ"), (INK, BLUE, BLUE))
for j, place in enumerate(places[0], 1):
    left.text(*place, f"$x_{j}$", ha="center", va="center", fontsize=8, zorder=3)
for i, place in enumerate(places[1], 1):
    left.text(*place, f"$h_{i}$", ha="center", va="center", fontsize=8, zorder=3)
names = ("$n_0 = D$", "$n_1$", "$n_2$", "$n_3$, $L = 3$")
places = draw_network(right, (3, 4, 3, 2), names, (INK, BLUE, BLUE, BLUE))
right.plot(*zip(places[1][0], places[2][1], strict=True), color=ORANGE, lw=2.2, zorder=1.5)
for place, name in ((places[1][0], "1"), (places[2][1], "2")):
    right.text(*place, name, ha="center", va="center", fontsize=8, zorder=3)
show(figure, alt="In a fully connected network every unit of a layer is joined to every unit of the next.")

# %% [markdown] covers="03.09 03.10 E03-symbols E03-layer-index"
# The bold line is $w^{(2)}_{21}$: to unit 2 of layer 2, *from* unit 1 of layer 1. The target comes first, as the row
# does in a matrix; that is what makes $W h$ come out right.
#
# Books disagree about nearly every letter here. We number the layers of weights $1, \dots, L$, so that $W^{(l)}$
# leads from layer $l-1$, with $n_{l-1}$ units, to layer $l$, with $n_l$; layer 0 is the input, layers 1 to $L-1$ are
# hidden, and a network "with three layers" has two hidden ones. Elsewhere $L$ counts the hidden layers, or the
# numbers start at 0. This course writes
#
# | | |
# |---|---|
# | $z^{(l)} = W^{(l)} h^{(l-1)} + b^{(l)}$ | before the nonlinearity (others: $a$, $s$) |
# | $h^{(l)} = \phi(z^{(l)})$, $h^{(0)} = x$ | after it (others: $a$, $x$, even $z$) |
# | $\hat y = z^{(L)}$ | the output: the last layer has no activation |
# | $\alpha$, $\mu$, $\gamma$ | learning rate, momentum, discount: nothing else |
#
# Whenever you open a book or a paper, look these up first. That the last layer is linear is also a convention, and a
# handy one: for regression $\hat y$ is the prediction itself,
# $W^{(L)}\phi(\cdots\phi(W^{(1)}x + b^{(1)})\cdots) + b^{(L)}$, and for classification it holds the logits, which the
# loss takes as they are.
#
# For a batch, examples lie in rows as before. A row $h^\top$ becomes $(W h + b)^\top = h^\top W^\top + b^\top$, so a
# layer is `h @ W.T + b` on the whole batch at once, with shapes $(N, n_{l-1}) \to (N, n_l)$.

# %% [markdown] covers="03.13 03.14 03.15 03.16 E03-relu-differentiable"
# Which $\phi$? It must not be linear, for a reason that has a section of its own below. The step won't do for
# learning: its slope is zero wherever it has one. Three others carried the field:
#
# | | $\phi(z)$ | $\phi'(z)$ | range |
# |---|---|---|---|
# | logistic | $\sigma(z) = 1/(1 + e^{-z})$ | $\sigma(z)(1 - \sigma(z))$, at most $\frac14$ | $(0, 1)$ |
# | tanh | $(e^z - e^{-z})/(e^z + e^{-z})$ | $1 - \tanh^2 z$, at most 1 | $(-1, 1)$ |
# | ReLU | $\max(z, 0)$ | 1 for $z > 0$, 0 for $z < 0$ | $[0, \infty)$ |
#
# The first two are one curve. Multiply numerator and denominator of tanh by $e^{-z}$:
# $\tanh z = (1 - e^{-2z})/(1 + e^{-2z}) = 2/(1 + e^{-2z}) - 1 = 2\sigma(2z) - 1$. The **rectified linear unit** has
# no derivative at 0, though texts often demand that an activation be differentiable. *Almost* everywhere is enough:
# most values of $z$ are not exactly 0, and where one is, as for an input of zeros while the biases are still 0, the
# program uses some fixed number between the two slopes. PyTorch takes 0. In the figure, compare how far from zero the
# three slopes on the right reach.

# %%
figure, (left, right) = panels(2, width=3.3)
z = np.linspace(-5, 5, 401)
logistic = 0.5 + 0.5 * np.tanh(z / 2)
for name, phi, slope, colour, dy in (
    ("logistic", logistic, logistic * (1 - logistic), PURPLE, -5),
    ("tanh", np.tanh(z), 1 - np.tanh(z) ** 2, BLUE, 4),
    ("ReLU", np.where(z > 0, z, 0), np.where(z == 0, np.nan, z > 0), ORANGE, 0),
):
    for ax, values in ((left, phi), (right, slope)):
        ax.set(ylim=(-1.1, 2.2) if ax is left else (-0.1, 1.3))
        line = ax.plot(z, values, color=colour, ls=DASH[colour])[0]
        if ax is left or name == "ReLU":
            label_line(ax, line, name, dy=dy)
left.set(xlabel="z", ylabel="φ(z)")
right.set(xlabel="z", ylabel="slope φ′(z)")
for text, curve, place, colour in (
    ("logistic, at most ¼", (1.2, 0.18), (1.9, 0.42), PURPLE),
    ("tanh", (-0.9, 0.5), (-2.6, 0.62), BLUE),
):
    leader = {"arrowstyle": "-", "color": colour, "lw": 0.8}
    right.annotate(text, curve, place, color=colour, fontsize=8, arrowprops=leader)
show(
    figure,
    alt="Logistic and tanh go flat on both sides, so their slopes vanish; the ReLU keeps slope 1 for all positive z.",
)

# %% [markdown] covers="03.17 03.18"
# On both sides the first two **saturate**: their slope is practically zero, and with it every gradient that must pass
# through. The ReLU doesn't for positive $z$, which is a main reason why deep networks have used it since about 2010.
# The price: its outputs are never negative, and so not centred around zero. Centred variables make gradient descent
# faster (Yann LeCun and others, 1998): you saw it when you standardised columns. That is why tanh is preferred to the
# logistic where one of the two is wanted at all. Saturating units still have their places: where a value must stay
# within bounds however often it is fed back, as in recurrent networks; where it is a probability or the strength of a
# gate; and in some autoencoders.

# %% [markdown]
# ### Exercise: mlp_forward (2 points, 10 minutes)
# `X` is (N, D), an example a row; `weights` is a list of arrays (outputs, inputs) and `biases` a list of arrays
# (outputs,). Return the outputs of the network, (N, K). The activation, `"identity"`, `"logistic"`, `"tanh"` or
# `"relu"`, follows every layer *except the last*; a list of one layer has no hidden one. N may be 1 or 0, all arrays
# may hold integers, and the logistic must give finite numbers, not NaN, for pre-activations of $\pm 10^4$. What you
# are given must stay as it is.

# %% exercise="mlp_forward"

# %% [markdown]
# What does a layer *do* to the plane? Below, a square grid goes through three random layers of two tanh units each.
# Your function computes where its points are after one, two and three of them. Before you look: will straight lines
# stay straight? Can two lines that don't meet come to meet?

# %%
with until_written(mlp_forward):
    rng = np.random.default_rng(4)
    weights = [1.6 * np.linalg.qr(rng.normal(size=(2, 2)))[0] for _ in range(3)]
    biases = [0.4 * rng.normal(size=2) for _ in range(3)]
    ticks, fine = np.linspace(-1, 1, 9), np.linspace(-1, 1, 60)
    figure, axes = panels(4, width=1.9, height=2.2)
    for depth, ax in enumerate(axes):
        for tick in ticks:
            for row, colour in ((np.c_[fine, np.full(60, tick)], BLUE), (np.c_[np.full(60, tick), fine], PURPLE)):
                # a last layer that changes nothing shows what stands before it
                layers = [*weights[:depth], np.eye(2)], [*biases[:depth], np.zeros(2)]
                ax.plot(*mlp_forward(row, *layers, "tanh").T, color=colour, lw=0.8)
        ax.set(
            title=f"after {depth} layer{'' if depth == 1 else 's'}",
            xticks=(-1, 0, 1),
            yticks=(-1, 0, 1),
            aspect="equal",
        )
        ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    show(
        figure,
        alt="Each layer turns, shifts and squashes the grid a little more; its lines bend, and those of one family still don't meet.",
    )

# %% [markdown] covers="03.19 E03-feature"
# Lines bend, a little more each time, but what lay apart stays apart: each of these matrices can be inverted, and tanh
# never sends two values to one. The plane is bent like rubber. (ReLUs, or fewer units than inputs, may also crush
# parts of it.) A *trained* network chooses its bends. Here scikit-learn trains one with hidden layers of 12 and 2
# units on two moons. Your `mlp_forward` says where its last hidden layer puts the points. In which of the two panels
# would one straight line do?

# %%
with until_written(mlp_forward):
    from sklearn.neural_network import MLPClassifier

    X, t = data.two_moons(400, seed=1)
    net = MLPClassifier((12, 2), activation="tanh", solver="lbfgs", alpha=0.1, max_iter=4000, random_state=2).fit(X, t)
    weights, biases = [W.T for W in net.coefs_], net.intercepts_  # scikit-learn keeps (inputs, outputs)

    def last_hidden(X):
        return np.tanh(mlp_forward(X, weights[:2], biases[:2], "tanh"))

    figure, axes = panels(2, height=2.9)
    for ax, transform, low, high in (
        (axes[0], None, (-1.6, -1.1), (2.6, 1.6)),
        (axes[1], last_hidden, (-1.15,) * 2, (1.15,) * 2),
    ):
        grid = np.stack(np.meshgrid(*np.linspace(low, high, 120).T), axis=-1)
        logit = (
            mlp_forward(grid.reshape(-1, 2), weights, biases, "tanh")
            if transform is None
            else grid.reshape(-1, 2) @ weights[2].T + biases[2]
        )
        ax.contour(*np.moveaxis(grid, -1, 0), logit.reshape(120, 120), levels=[0], colors=BLUE, linewidths=1.5)
        places = X if transform is None else transform(X)
        for label, colour in ((0, INK), (1, PURPLE)):
            ax.plot(*places[t == label].T, MARKER[colour], color=colour, ms=3.5)
    axes[0].set(xlabel="x₁", ylabel="x₂", title="the inputs")
    axes[1].set(xlabel="h₁", ylabel="h₂", title="the last hidden layer")
    show(
        figure,
        alt="In the plane of the inputs the boundary winds between the moons; in that of the last hidden layer it is straight.",
    )
    print(f"correct: {net.score(X, t):.1%} of the training points")

# %% [markdown]
# It is the XOR picture again, with learned weights: the boundary that winds on the left is a straight line on the
# right. Nearly all points lie along one diagonal there, so one of the two units would have done. All layers but the
# last are a **learned feature map**, and the last one is the linear model of the lecture before. A **feature** is the
# function that a hidden unit computes, or its value for an example. Some authors call the unit's incoming weight
# vector a feature. Better call that its *template*: the pattern to which the unit responds most, as in the pictures
# of the digits' weights.

# %% [markdown] covers="03.25"
# In these **dense** or **fully connected** layers every unit sees every output of the layer before. They are one kind
# among others: in lecture 09 a unit sees a small patch only, and a layer may also receive the output of a much
# earlier one over a *skip connection*, which is added to or put beside its own input. Everything here still holds
# layer by layer.

# %% [markdown] covers="03.12"
# ## Linear layers collapse
#
# Leave the nonlinearity out, and see what remains of two layers:
#
# $$W_2(W_1 x + b_1) + b_2 = (W_2 W_1)\,x + (W_2 b_1 + b_2) .$$
#
# One layer, with matrix $W_2W_1$ and bias $W_2b_1 + b_2$. In numbers: $y = 3(2x + 1) + 4$ is $6x + 7$. The same goes
# for any number of layers: a stack of linear layers computes what one can, and no more. It has more parameters for
# it, which changes how it learns but not what it can say. The nonlinearity does all the work.
#
# Often it is *less* than one layer. If $D = 5$ inputs go through a single unit to $K = 5$ outputs, the product of a
# $5\times1$ and a $1\times5$ matrix has rank 1: all outputs move together along one direction, while a plain
# $5\times5$ matrix can have rank 5. "As expressive as one layer" holds only if no layer in between is narrower than
# both ends.

# %% [markdown]
# ### Exercise: collapse_linear (1 point, 6 minutes)
# Given the lists `weights` and `biases` of a network without activations, return `W` (K, D) and `b` (K,) of the one
# layer that computes the same. The lists have one layer or more.

# %% exercise="collapse_linear"

# %% [markdown]
# Three layers and your single one on the same random inputs, and the singular values of the result: how many of the
# five are not zero if the narrowest layer has two units?

# %%
with until_written(collapse_linear, mlp_forward):
    rng = np.random.default_rng(0)
    sizes = (5, 4, 2, 5)
    weights = [rng.normal(size=(o, i)) for i, o in pairwise(sizes)]
    biases = [rng.normal(size=o) for o in sizes[1:]]
    W, b = collapse_linear(weights, biases)
    X = rng.normal(size=(100, 5))
    print("largest difference:", f"{np.abs(mlp_forward(X, weights, biases, 'identity') - (X @ W.T + b)).max():.0e}")
    print("singular values of W:", np.linalg.svd(W, compute_uv=False).round(6))

# %% [markdown]
# Two, the width of the bottleneck: whatever the other layers are, only two numbers pass. That can be wanted. To
# squeeze data through a narrow layer is the idea of principal component analysis and of the autoencoders in lecture
# 18.

# %% [markdown]
# ## Symmetries of the parameters
#
# Do the outputs of a network tell its weights? No: swap two hidden units, with everything that belongs to them, and
# nobody outside can tell. A unit is a row of $W^{(l)}$, an entry of $b^{(l)}$ and a *column* of $W^{(l+1)}$, which
# says who listens to it. Put all three in a new order, and the sum over hidden units has the same terms in another
# order. A layer of $m$ units has $m!$ such orders, for ten units 3.6 million, all of which compute the same function.
#
# ReLU networks have still more: multiply a unit's incoming weights and bias by $c > 0$ and divide its outgoing
# weights by $c$, and since $\operatorname{relu}(cz) = c\operatorname{relu}(z)$ nothing changes. For tanh, which is
# odd, the same works with $c = -1$.

# %% [markdown]
# ### Exercise: permute_hidden (1 point, 6 minutes)
# Return new lists `weights` and `biases` in which unit $j$ of hidden layer `layer` is the old unit `perm[j]`, such
# that the network computes the same function. Here layers are counted as the lists are, from 0: the units of `layer`
# are the outputs of `weights[layer]`. The lists that you were given, and the arrays in them, stay as they are.

# %% exercise="permute_hidden"

# %% [markdown]
# Two sets of weights that compute the same: should their *average* not compute the same too? For a linear model it
# would. Guess, then run the cell.

# %%
with until_written(permute_hidden, mlp_forward):
    rng = np.random.default_rng(1)
    weights, biases = [rng.normal(size=(8, 2)), rng.normal(size=(1, 8))], [rng.normal(size=8), rng.normal(size=1)]
    other = permute_hidden(weights, biases, 0, np.roll(np.arange(8), 3))
    halfway = [(weights[i] + other[0][i]) / 2 for i in range(2)], [(biases[i] + other[1][i]) / 2 for i in range(2)]
    X = rng.normal(size=(5, 2))
    for name, net in (("yours", (weights, biases)), ("permuted", other), ("half way", halfway)):
        print(f"{name:9s}", mlp_forward(X, *net, "tanh")[:, 0].round(3))

# %% [markdown]
# Half way between two equal networks lies a different one. So the cost of a network can't be convex in its weights,
# as that of a linear model is: take the outputs of this network as the targets, and the squared error is 0 at both
# ends, but positive half way. What this means for training is taken up in lecture 07. It also says that networks
# which were trained apart shouldn't be averaged as they are; whoever wants to merge them first looks for the order of
# units that makes them alike (Samuel Ainsworth and others, 2022).

# %% [markdown] covers="03.20"
# ## Any continuous curve, from kinks
#
# What can *one* hidden layer express? Take one input $s$ and ReLU units. A unit $\operatorname{relu}(s - x_i)$ is
# zero up to $x_i$ and then rises with slope 1: a single kink. Times $c$ and added to a curve, it leaves everything to
# the left of $x_i$ alone and changes the slope to the right of it by $c$. So you can draw any chain of straight
# segments from left to right, as with the jumps of parity.
#
# Say it shall pass through $(0, 1)$, $(1, 3)$ and $(3, 2)$. It starts at height 1, that is the output's bias. The
# first slope is $(3-1)/(1-0) = 2$: a unit that opens at 0, with output weight 2. The second slope is
# $(2-3)/(3-1) = -0.5$. At $s = 1$ the first unit is still on and goes on adding its 2, so the next one must
# contribute the *difference*, $-0.5 - 2 = -2.5$:
#
# $$f(s) = 1 + 2\operatorname{relu}(s) - 2.5\operatorname{relu}(s - 1), \qquad f(3) = 1 + 6 - 5 = 2 .$$

# %% [markdown]
# ### Exercise: relu_interpolant (3 points, 15 minutes)
# For points with strictly increasing `x` (n,) and any `y` (n,), $n \ge 2$, return `w1` (H,), `b1` (H,), `w2` (H,) and
# a number `b2` such that $f(s) = w_2^\top\operatorname{relu}(w_1 s + b_1) + b_2$ connects the points by straight
# lines on $[x_0, x_{n-1}]$. At most $n$ hidden units; what $f$ does outside doesn't matter. The spacing may be
# uneven, two neighbours may have the same `y`, and the arrays may hold integers.

# %% exercise="relu_interpolant"

# %% [markdown]
# Your function builds the network below. Left is its fit, in the middle what each hidden unit adds, on the right the
# largest error against the number of knots. "Your formula" is the function in the cell, which you may change; it takes
# and returns an array. Before you run the cell: with twice as many knots on a smooth curve, how much smaller will the
# error be? And what will the network do outside the two grey lines, where there are no knots?

# %%
demos.interpolation(relu_interpolant, formula=lambda s: np.exp(s) * np.cos(5 * s))

# %% [markdown]
# About four times, once there are enough knots (try 16 and more): between knots at distance $\delta$ a curve with
# second derivative $f''$ departs from its chord by at most $\frac18 \delta^2 \max|f''|$, so the error falls on a line
# of slope $-2$. For $|s|$, with equal distances, it is zero for 3, 5, 7, ... knots, since one of them sits on the
# kink; for 4, 6, 8, ... the kink lies between two, and twice as many knots only about halve it. A steep step needs
# many knots unless they are put where it is steep: at width 0.05, 16 adapted knots do better than 60 even ones. To
# put the kinks where they are needed is what training a network could give you, if it succeeds. Outside the grey
# lines the network goes straight on, wherever its last slope takes it; and the units in the middle are often much
# larger than their sum.

# %% [markdown] covers="E03-universal"
# Now let the knots get closer. A continuous function on a closed, bounded interval is *uniformly* continuous: for any
# $\varepsilon$ there is a spacing below which it varies by less than $\varepsilon$ between neighbouring knots, and
# then the chord is within $\varepsilon$ of it too. So for one input you have just proved, by construction, the
# **universal approximation theorem**: for every continuous function on a compact set (in $\mathbb R^D$: closed and
# bounded) and every $\varepsilon > 0$ there is a network with one hidden layer that stays within $\varepsilon$ of it
# everywhere on the set. George Cybenko, Ken-ichi Funahashi, and Kurt Hornik with Maxwell Stinchcombe and Halbert
# White showed it in 1989, for several inputs and sigmoid units; Moshe Leshno and others in 1993 for every continuous
# $\phi$ that is not a polynomial.
#
# Each word is needed. *Continuous*: a step from 0 to 1 is at least $\frac12$ away, somewhere, from every continuous
# function, and networks of continuous units are continuous. *Closed*: on the open interval $(-\frac\pi2, \frac\pi2)$
# the tangent is continuous, but it grows without limit, while a network with one hidden layer of finitely many ReLU or
# sigmoid units is bounded on any bounded interval. *Bounded*: a ReLU network goes straight on after its last kink, so
# over the whole line it can't follow even a sine.

# %% [markdown] covers="03.21"
# And much is not promised. *How many units?* Even ones on a grid of spacing $\delta$ in $D$ dimensions are of the
# order of $(1/\delta)^D$: with ten ticks along each of 64 pixels that is $10^{64}$, more than the Sun has atoms. For
# some functions no arrangement of one hidden layer does better than exponential. *Will training find it?* The theorem
# speaks of weights that exist, not of an algorithm that gets there. *Will it be right where there are no data?* A
# network that can go through any points can also go through noisy ones: the power to express everything is the power
# to overfit. So the theorem is no reason to use a network. A better one is that for many real problems a *compact*
# network exists; to find architectures for which that is so is the art.

# %% [markdown]
# ### Question: "a neural network can learn anything" (3 points, 8 minutes)
# A company sells a fraud detector with these words: "By the universal approximation theorem our network, which has one
# hidden layer of 100 units, learns any rule that tells fraud from honest payments, and once it makes no error on last
# year's payments it will make none on next year's." Find three separate places where the theorem does not say this.
# For each, name the words of the theorem that are missing or bent, and an example in which the promise fails.

# %% [markdown] written="universal_claims" points=3
# ### BEGIN MARK SCHEME
# One point for each of three of these, with its example; half a point without one.
# - Representation is not learning ("learns"): the theorem says that weights exist. Training may not find them, and finite data do
#   not determine the rule: two networks may agree on all of last year's payments and differ on others.
# - Only continuous functions, on a compact set, with the error measured there ("any rule", "next year's"): a rule with a jump is
#   half a jump away somewhere; next year's payments may lie outside the set (higher amounts), where nothing is said.
# - The number of units ("100 units"): the theorem gives some number for each $\varepsilon$, with no useful bound; it may grow
#   exponentially with the number of inputs. Parity of 200 bits or a curve with 200 kinks serves as an example.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# *Learns.* The theorem says "there is a network", and nothing of how to find it. No error on last year's payments does
# not single out the right rule either: the interpolant through noisy points makes no error at the points and follows
# the noise between them.
#
# *Any rule, next year's payments.* It speaks of continuous functions on a closed and bounded set, and of the error on
# that set. A rule that jumps at a limit, fraud above 10 000 and honest below, is missed by a half somewhere near the
# limit. And if next year brings amounts that never occurred, they lie outside: there a ReLU network goes straight on,
# whatever is true.
#
# *100 units.* The number depends on the function and on $\varepsilon$, and may be astronomical. With one input, 100
# ReLU units have at most 101 straight pieces and can't follow a curve with a thousand zigzags; with many inputs a grid
# of units grows exponentially.
# ### END SOLUTION

# %% [markdown]
# ## Depth
#
# If one hidden layer is enough, why do people stack ten? Because for some functions depth is exponentially cheaper.
# Here is the simplest such case. The **tent map** $t(x) = \min(2x, 2 - 2x)$ takes $[0, 1]$, stretches it to twice its
# length and folds it back onto itself. Two ReLU units make it:
# $t(x) = \operatorname{relu}(2x) - \operatorname{relu}(4x - 2)$ on $[0, 1]$.
#
# Fold twice, $t(t(x))$: on the way up, as $t$ runs from 0 to 1, the second tent goes up and down once, and on the way
# back a second time. Each further fold doubles the number of straight pieces, so $d$ folds make $2^d$ pieces; and
# each costs two units, $2d$ in all. One fold has its peak at $\frac12$, two have theirs at $\frac14$ and $\frac34$.
#
# And with one hidden layer? On a line, each ReLU unit has one kink, so $m$ units make at most $m + 1$ pieces, and
# $2^d$ pieces take at least $2^d - 1$ units. For $d = 20$ that is a million, against the 40 of twenty folds.

# %% [markdown]
# ### Exercise: tent_network (2 points, 12 minutes)
# Return `weights` and `biases`, the two lists of a ReLU network with one input, one output, and exactly `depth`
# hidden layers of at most two units, which on $[0, 1]$ equals $t$ composed `depth` times. There are `depth + 1`
# matrices; the last one, to the output, has no ReLU after it. A hidden layer receives the two units of the layer
# before, not $t$ itself: which combination of these two *is* $t$?

# %% exercise="tent_network"

# %% [markdown]
# Left is what your network computes, on the right how many hidden units it has, and how many a single hidden layer
# would need for as many pieces. Before you run the cell: from which depth on is the deep one smaller?

# %%
demos.folding(tent_network, mlp_forward)

# %% [markdown] covers="03.22 03.23 E03-layer-count-words"
# The dashed line, soon straight on the logarithmic axis, grows exponentially; from depth 3 on the blue one, $2d$, is
# below it. Turn the argument around: a deep network *reuses* what a layer has made, since all that comes later acts
# on each of the folded copies at once. A shallow one must draw every piece anew.
#
# Such theorems are called **depth separations**. Matus Telgarsky (2016) proved one along these lines: for every $k$
# there are networks of about $k^3$ layers, all of the same small width, which shallower ones, of about $k$ layers,
# can't come near without about $2^k$ units. Ronen Eldan and Ohad Shamir (2016) found one for the first step of depth:
# there is a function of (nearly) $\lVert x\rVert$ alone which a small network with *two* hidden layers computes,
# while one with a *single* hidden layer needs a width exponential in $D$ just to come close. (They say "three-layer"
# and "two-layer", counting the output. Always ask what is counted; hidden layers leave no doubt.)
#
# What is not known is how much of this matters for the functions of practice. Nature seldom asks for 256 zigzags. Why
# depth helps so much with images and language is answered, so far, by experiments more than by theorems.

# %% [markdown] covers="03.26 03.27 E03-kernels"
# ## Features matter more than the classifier
#
# All layers but the last are features. How good must they be? Let's take the extreme: draw the hidden layer *at
# random*, never train it, and fit only the linear output layer, which is a problem of lecture 02 with a formula for
# its solution. The idea is old (Wouter Schmidt and others tried it in 1992) and became famous as *random features*
# (Ali Rahimi and Benjamin Recht, 2007), as a cheap stand-in for a kernel machine.
#
# A **kernel machine** is, in our words, a network with a *fixed* feature layer $\psi$, often of infinitely many
# units, and a trained output. For two classes it says which side of a hyperplane $\psi(x)$ lies on:
#
# $$\hat y(x) = \langle w, \psi(x)\rangle + b
#   = \sum_i c_i\, k(x^{(i)}, x) + b, \qquad k(x, x') = \langle\psi(x), \psi(x')\rangle ,$$
#
# one class where $\hat y > 0$, the other elsewhere. The second form is possible because the best $w$ is a weighted sum
# $\sum_i c_i \psi(x^{(i)})$ of the training examples' features: a part of $w$ at right angles to all of these changes
# no output on the training data, and only makes $w$ longer, which ridge punishes. So only inner products are ever
# needed, and $k$ may be cheap where $\psi$ is infinite. What a neural network adds is not the form: it is that $\psi$
# is learned.

# %%
figure, (left, right) = panels(2, width=3.4, height=2.5)
for ax, names, colours, note in (
    (left, ("x", "ψ(x), fixed", "output, trained"), (INK, GREY, BLUE), "a kernel machine"),
    (right, ("x", "ψ(x), trained", "output, trained"), (INK, BLUE, BLUE), "a neural network"),
):
    draw_network(ax, (3, 5, 1), names, colours)
    ax.set_title(note, pad=12)
show(
    figure,
    alt="A kernel machine and a network have the same form; in the one the feature layer is fixed, in the other it is trained.",
)

# %% [markdown]
# Least squares with one-hot targets, one output for each class, reads about 94 % of the digits from the pixels, a
# little less than softmax regression. On the three concentric rings of `data.rings` any linear classifier is near
# chance, a third. With one random layer in between?
#
# One warning before you write it. With as many features as examples the linear output can fit *every* training target
# exactly, as the polynomial of degree 15 fitted 16 points in lecture 02, and you saw at what price. The remedy is the
# same: ridge.

# %% [markdown]
# ### Exercise: random_feature_classifier (3 points, 15 minutes)
# `X_train` is (N, D), `labels` (N,) integers from 0 to $K-1$, `X_test` (M, D). Draw the weights and biases of one
# hidden layer of `num_features` ReLU units from `seed`, never change them, train a linear output layer on the hidden
# values of the training data, and return the predicted labels of `X_test`, (M,) integers. The same seed must give the
# same predictions. Asked for: on average at least 0.96 on digits, with 500, 1199 and 1200 features for 1200 examples,
# and 0.93 on rings with 500. Standard normal weights do well; how you train the output layer is up to you. The normal
# equations of ridge take two lines, with `np.linalg.solve`; `np.linalg.lstsq` is far slower. If you add $\lambda N$
# to the diagonal of $\Phi^\top\Phi$, where $\Phi$ holds the hidden values of the training data in rows, try powers of
# ten for this number.

# %% exercise="random_feature_classifier"

# %%
with until_written(random_feature_classifier):
    from sklearn.linear_model import RidgeClassifier

    X, labels = data.rings(1800, seed=0)
    for name, parts in (("digits", data.digits()), ("rings", (X[:1200], labels[:1200], X[1200:], labels[1200:]))):
        X_train, labels_train, X_test, labels_test = parts
        linear = RidgeClassifier(alpha=1e-3).fit(X_train, labels_train).score(X_test, labels_test)
        yours = np.mean(random_feature_classifier(X_train, labels_train, X_test, 500, seed=0) == labels_test)
        print(f"{name}: {linear:.3f} from the inputs, {yours:.3f} from 500 random features")

# %% [markdown]
# Not a single hidden weight was trained. Below are two spirals and what your classifier says all over the plane, with
# ever more features; in the titles stands the share of the training points that it gets right. (The points are
# stretched five times first, so that the biases don't outweigh them.) How many features does it take to follow the
# arms?

# %%
with until_written(random_feature_classifier):
    X, t = data.spirals(400, seed=0)
    ticks = np.linspace(-1.15, 1.15, 90)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    figure, axes = panels(4, width=1.9, height=2.2)
    for ax, num_features in zip(axes, (5, 30, 150, 1000), strict=True):
        said = random_feature_classifier(5 * X, t, 5 * grid, num_features, seed=1).reshape(90, 90)
        ax.contourf(ticks, ticks, said, levels=[-0.5, 0.5, 1.5], colors=["white", "#cfe3f5"])
        for label, colour in ((0, INK), (1, PURPLE)):
            ax.plot(*X[t == label].T, MARKER[colour], color=colour, ms=2)
        right = np.mean(random_feature_classifier(5 * X, t, 5 * X, num_features, seed=1) == t)
        ax.set(title=f"{num_features} features: {right:.0%}", xticks=(), yticks=(), aspect="equal")
    show(
        figure,
        alt="With five random features the regions are wedges; with hundreds they follow both arms of the spirals.",
    )

# %% [markdown]
# With 5 or 30 features the regions cut across the arms; with 150 they follow nearly all the way. Each random unit is a
# kink along a random line, and the output layer picks a combination of them. Enough random kinks come near any
# continuous function, in the plane as on the line.
#
# Now the warning. Here is the accuracy on unseen digits against the number of random features, with ridge and
# without, for 600 training examples (half as many as before, to save your time). The computation uses the kernel
# form. With $\Phi$ the hidden values of the training data and $T$ the targets, ridge gives
# $(\Phi^\top\Phi + \lambda N I)^{-1}\Phi^\top T$; and since
# $(\Phi^\top\Phi + \lambda N I)\,\Phi^\top = \Phi^\top(\Phi\Phi^\top + \lambda N I)$, this is the same as
# $\Phi^\top(\Phi\Phi^\top + \lambda N I)^{-1}T$, where $\Phi\Phi^\top$ holds the inner products of the examples. The
# cell takes $\lambda N = 1$; without ridge $\lambda$ goes to 0. What do you expect at 600 features, as many as
# examples? And beyond?

# %%
import torch

torch.set_num_threads(2)
X_train, labels_train, X_test, labels_test = (torch.from_numpy(part) for part in data.digits(num_train=600))
targets = torch.nn.functional.one_hot(labels_train).double()
counts = (10, 30, 100, 200, 300, 450, 550, 600, 615, 630, 660, 800, 1500, 3000)
layer = torch.nn.Linear(64, max(counts), dtype=torch.float64)
torch.manual_seed(0)
torch.nn.init.normal_(layer.weight)
torch.nn.init.normal_(layer.bias)
with torch.no_grad():
    all_train, all_test = layer(X_train).relu(), layer(X_test).relu()
accuracy, size = {"ridge": [], "no ridge": []}, {"ridge": [], "no ridge": []}
for count in counts:
    Phi, Phi_test = all_train[:, :count], all_test[:, :count]
    eigenvalues, directions = torch.linalg.eigh(Phi @ Phi.T)
    along = directions.T @ targets
    for name, shrunk in (
        ("ridge", along / (eigenvalues + 1)[:, None]),
        ("no ridge", torch.where(eigenvalues > 1e-11 * eigenvalues[-1], 1 / eigenvalues, 0.0)[:, None] * along),
    ):
        V = Phi.T @ (directions @ shrunk)
        accuracy[name].append((Phi_test @ V).argmax(dim=1).eq(labels_test).double().mean().item())
        size[name].append(V.norm().item())
figure, (left, right) = panels(2, width=3.4)
for name, colour in (("ridge", BLUE), ("no ridge", ORANGE)):
    for ax, values in ((left, accuracy[name]), (right, size[name])):
        ax.set(xscale="log", xlim=(8, 3500), xlabel="random features")
        line = ax.plot(counts, values, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
        if ax is right:
            ax.set(yscale="log")
        label_line(ax, line, name, dy=4 if name == "ridge" else -6)
for ax in (left, right):
    ax.axvline(600, color=GREY, lw=1, ls=DASH[GREY])
left.set(ylabel="share of right test digits")
right.set(ylabel="norm of the output weights")
show(
    figure,
    alt="With ridge more features hardly ever hurt; without it accuracy collapses near 600, where weights explode, and recovers.",
)
for name in accuracy:
    print(f"{name}:", {count: round(value, 3) for count, value in zip(counts, accuracy[name], strict=True)})

# %% [markdown]
# With ridge, more features hardly ever hurt. Without it the accuracy collapses where there are about as many features
# as examples: here with 630, since 27 of those are off for every example and don't count. This is the
# **interpolation threshold**: there is then just one way to fit all targets, noise and all, and it needs huge
# weights, as you see on the right. With still more features there are many ways, the smallest weights among them are
# mild again, and the accuracy recovers. The whole curve is called **double descent** (Mikhail Belkin and
# others, 2019), after the test error, which descends twice. Lecture 08 comes back to it.
#
# If random features are that good, why train them? The digits are small and centred, and 500 guesses at what might be
# useful are enough. In general the number that is needed grows fast with the number of inputs: a *single* ReLU unit
# in $D$ dimensions, which a network with one hidden unit computes exactly, takes exponentially many random ones to
# come near, unless their output weights are huge (Gilad Yehudai and Ohad Shamir, 2019).

# %% [markdown]
# ## Beyond: how many pieces does a random network have?
#
# The tent network has $2^d$ pieces. Is that typical of depth? Take random ReLU networks with layers of 8 units and
# count the kinks along a line through the inputs. Guess whether eight layers have more like 64 or more like
# thousands.

# %%
with until_written(mlp_forward):
    rng = np.random.default_rng(0)
    s = np.linspace(-3, 3, 20_001)
    for depth in (1, 2, 4, 8):
        pieces = []
        for _ in range(20):
            sizes = (2, *[8] * depth, 1)
            weights = [rng.normal(size=(o, i)) * np.sqrt(2 / i) for i, o in pairwise(sizes)]
            biases = [0.5 * rng.normal(size=o) for o in sizes[1:]]
            y = mlp_forward(np.outer(s, rng.normal(size=2)), weights, biases, "relu")[:, 0]
            bends = np.abs(np.diff(y, 2)) > 1e-9 * np.abs(y).max()
            pieces.append(1 + np.sum(bends[1:] & ~bends[:-1]))
        print(
            f"{depth} hidden layer{'' if depth == 1 else 's'}, {8 * depth} units: {np.mean(pieces):.1f} pieces on average"
        )

# %% [markdown]
# About as many as there are units, or fewer: far from a power of two. Boris Hanin and David Rolnick (2019) proved
# that this is what to expect of random networks, and saw that training hardly raises the number. What depth can do in
# a construction, and what it does in practice, are two questions.

# %% [markdown]
# ## What to remember
#
# One unit is a half-space, and half-spaces are convex, so XOR is beyond it. A hidden layer moves the points until one
# line is enough: all layers but the last are a feature map, the last one is a linear model. A layer is `h @ W.T + b`
# and a nonlinearity, and it is the nonlinearity that counts, for linear layers collapse into one, or less than one.
# Hidden units may be permuted, so the same function has many sets of weights.
#
# One hidden layer of ReLUs draws any chain of segments, hence comes near any continuous function on a closed bounded
# set. That is a statement about what exists, silent about how many units it takes, whether training finds them, and
# what happens elsewhere. Depth can save exponentially many units, because layers fold space and later ones act on all
# copies at once. And even random features make a linear classifier strong, if you keep its weights small. Better than
# random is learned, and for that we need the gradient of a cost with respect to every weight of every layer: the next
# lecture.
