# ---
# jupyter:
#   course:
#     title: Optimization
#     minutes: 300
#     promise: What makes a cost surface hard to descend, and what momentum, adaptive rates, noise and a good start do about it
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
# # Optimization: landscapes, dynamics, noise
#
# You know the gradient of a cost, and you know that one should walk against it. So why do people spend weeks on how?
# Because the same network on the same data learns in a minute, or in a day, or never, and what decides is the shape
# of the ground and the way of walking on it. This lecture takes both apart until you can compute what will happen.
#
# Afterwards you can tell a saddle from a plateau from a ravine by the curve that it leaves; say from two numbers, a
# curvature and a learning rate, whether descent creeps, alternates or explodes; tune momentum by formula; write
# momentum, Nesterov's method and Adam; say what noise costs and what a larger batch buys; and choose first weights
# through which a signal survives. At the end you race an update rule of your own against the classics, on thirteen
# problems.
#
# It is long: 300 minutes, in two halves. The first, about 160 minutes, is about the ground without noise and ends
# with a ball rolling in a valley. The second is about coordinates, noise and first weights. There is a stopping place
# between them.

# %% setup=true
import time

import numpy as np
import torch
from torch import nn

from course import check, data, landscapes
from course.demos import optimization as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written

torch.set_num_threads(1)  # tiny nets and two-dimensional surfaces are fastest on one

# %% [markdown] covers="07.01"
# # First half: the ground
#
# ## Landscapes
#
# A cost is a height over the space of all parameters. That space has a million dimensions or more, and we can draw
# two. So we collect two-dimensional grounds on which everything that happens in a million dimensions happens too,
# one trouble at a time. Here are ten, seen from above: dark is low, a star is a minimum, a ring is a start, and a cross
# is a level place that is no minimum. From which starts would you trust "always go straight downhill", with steps
# proportional to the slope?

# %%
figure, axes = panels(5, 2, width=1.75, height=1.85)
for ax, (name, ground) in zip(axes.flat, landscapes.LANDSCAPES.items(), strict=True):
    x, y = np.meshgrid(np.linspace(*ground.domain[0], 70), np.linspace(*ground.domain[1], 70))
    ax.contourf(x, y, ground.relief(x, y), levels=landscapes.CONTOURS)
    for minimum in ground.minima_for():
        ax.plot(*minimum[:2], MARKER[GREEN], color=GREEN, mec="white", ms=9)
    if ground.saddle:
        ax.plot(*ground.saddle, "+", color="white", ms=8)
    ax.plot(*ground.start, "o", color=ORANGE, mfc="white", ms=6)
    ax.set(title=name.replace("_", " "), xticks=(), yticks=())
show(
    figure,
    alt="Ten grounds: a round bowl, a ravine, a bent valley, two wells, a saddle, a plateau, four minima, a cliff, "
    "a noisy bowl, and a plane.",
)

# %% [markdown]
# The *bowl* is the dream. The *ravine* and *Rosenbrock's* bent valley have one minimum each, but the slope points
# across the valley rather than along it. *Two wells* and *Himmelblau's* ground have several minima. The *saddle* has
# a place that is level and no minimum. The *plateau* has next to no slope where we start, the *cliff* too much of it
# in one place (cliffs will come back in lecture 12, where networks run through time), the *plane* one that never
# ends. The *noisy bowl* is the cost of a line through 64 points, whose slope can be asked of a few points at a time.
#
# Now play. Below is a race on these grounds. Take the presets from the left to the right; each waits at its start, so
# guess first and then press play. On the right you see how high each walker still is, and how long its steps are.
# Then choose a landscape and rules yourself and drag the start; nothing has to be understood yet. We shall come back
# to each of them with a formula.

# %%
demos.landscape_racer(time=0)

# %% [markdown] covers="07.03 07.04 07.06"
# Did you see gradient descent zigzag, momentum overshoot, Adam slow down when the ravine was turned, and Newton's
# method go straight *to* the saddle? To say why, we need a second look at the ground. The gradient says how steep it
# is here. How the steepness changes is said by the second derivatives, collected in the **Hessian**
#
# $$H = \nabla^2 J, \qquad H_{ij} = \frac{\partial^2 J}{\partial\theta_i\,\partial\theta_j} ,$$
#
# a symmetric matrix, because the order of two derivatives doesn't matter for the smooth functions we meet. The
# ravine, $J = \frac12(x^2 + 50\,y^2)$, has slopes $(x,\; 50\,y)$ and so $H = \begin{pmatrix}1&0\\0&50\end{pmatrix}$
# everywhere: a step of 1 in $y$ changes the slope by 50, a step of 1 in $x$ changes it by 1.
#
# Slope and Hessian together predict the height nearby. This is the **second-order Taylor expansion** about a point
# $\theta_0$,
#
# $$J(\theta) \approx J(\theta_0) + \nabla J^\top(\theta - \theta_0)
#   + \tfrac12 (\theta-\theta_0)^\top H\,(\theta-\theta_0) .$$
#
# Walk from $\theta_0$ a distance $s$ in the direction of a unit vector $v$: the height is
# $J + s\,\nabla J^\top v + \frac12 s^2\, v^\top H v$. So $v^\top H v$ is the **curvature** along $v$: positive, and
# the ground curves up in this direction; negative, and it curves down. In the ravine the direction
# $v = (1, 1)/\sqrt2$ has curvature $(1 + 50)/2 = 25.5$. At a critical point, where the gradient vanishes, the
# curvatures are all there is.

# %% [markdown] covers="07.05 07.07 07.08 07.16 E07-sufficient"
# Must we check every direction? The **spectral theorem** says no. A symmetric matrix has the form
#
# $$H = Q \Lambda Q^\top ,$$
#
# with real eigenvalues $\lambda_i$ on the diagonal of $\Lambda$ and the eigenvectors as the orthonormal columns of
# $Q$. In the coordinates $u = Q^\top v$ the curvature is $v^\top H v = \sum_i \lambda_i u_i^2$: a mixture of the
# eigenvalues. If all are positive, every direction curves up, and $H$ is called **positive definite**; if none is
# negative, it is **positive semidefinite**. So a critical point with a positive definite Hessian is a local minimum.
# One with positive *and* negative eigenvalues is a **saddle point**: a valley in one direction, a ridge in another.

# %%
for name, point in (("saddle", (0, 0)), ("saddle", (0, 1)), ("two_wells", (0.101, 0)), ("rosenbrock", (1, 1))):
    eigenvalues = np.linalg.eigvalsh(landscapes.LANDSCAPES[name].hessian(*point))
    print(f"{name:11s} at {point!s:12s} curvatures from {eigenvalues[0]:7.2f} to {eigenvalues[1]:7.2f}")

# %% [markdown]
# A saddle, a minimum with gentle curvatures, another saddle, and the minimum of Rosenbrock's valley, whose curvatures
# differ by a factor of 258. These tests are one-way roads. $x^4$ has a minimum at 0, though its second derivative
# there is 0 and not positive; $x^3 - 3xy^2$ has a saddle at 0, the *monkey saddle*, with two valleys and a third for
# the tail, though its Hessian there is zero altogether. Where an eigenvalue is 0, the second derivatives don't tell.
#
# What is it like to start near a saddle? Close to $(0, 0)$ ours has slopes $(x, -y)$, so a step of descent multiplies
# $x$ by $1 - \alpha$ and $y$ by $1 + \alpha$. Exactly on the ridge, $y = 0$, you slide to the saddle and stay for
# ever. A thousandth beside it, with $\alpha = 0.1$, the distance from the ridge grows as $0.001 \cdot 1.1^k$ at
# first, which would reach 0.5 after $\log 500/\log 1.1 = 65$ steps. (It takes 67, because on the way to the minimum
# at $y = 1$ the ground bends and the growth slows down.) Escape is sure but slow at first, and looks like this:

# %%
figure, ax = panels(width=4.6)
ax.set(xlabel="step", ylabel="cost J", xlim=(0, 160))
for y_0, colour, text, dy in ((0.1, BLUE, "y = 0.1", -9), (1e-3, PURPLE, "y = 0.001", 9), (0.0, GREY, "y = 0", 0)):
    place, heights = np.array([1.5, y_0]), []
    for _ in range(160):
        heights.append(float(landscapes.saddle(*place)))
        place = place - 0.1 * np.array(landscapes.saddle.gradient(*place))
    label_line(ax, ax.plot(heights, color=colour, ls=DASH[colour])[0], f"from {text}", dy=dy)
show(figure, alt="The cost falls, rests at the saddle's height for a time, and falls again, unless y is exactly 0.")

# %% [markdown]
# Falls, rests, falls again: that shelf is a saddle's signature in a training curve, and it is easily taken for the
# end. The rest grows only with the logarithm of how near you passed. A minimum needs *every* curvature to be
# positive; on random surfaces that becomes rarer with each dimension, and most critical points are saddles. For
# networks this is what people find when they look, not a theorem.
#
# With several minima, the start decides, and the rule does too. Take the presets *which well?*, *four basins:
# descent* and *four basins: momentum* in the race above: the colours say to which minimum a rule gets from where.
# Gradient descent divides Himmelblau's ground into four pieces, one around each minimum; momentum, which overshoots,
# cuts pieces out of them at the rim; and with Newton's method (make it the only rule) two starts in five end in no
# minimum at all.
#
# The **cliff** is the opposite of flat. Its gentle slope leads to the foot of a wall with slopes up to 60. Descent
# with $\alpha = 0.5$ comes nearer by ever smaller steps, to 0.95, touches the wall, and is thrown back to $-4$; some
# eighteen steps later it is there again, and so for ever. With $\alpha = 0.1$ it would settle. But there is a cheaper
# cure, in the preset *the same, clipped*: where the gradient is longer than 1, shorten it to length 1 and keep its
# direction. Then a wall is just another slope, and descent stays between 0.44 and 0.95.

# %% [markdown] covers="07.02"
# Does the ground of a real network look like any of these? It has too many dimensions to be seen, but it can be
# sliced: take two random directions $u, v$ in the space of all weights and draw the height over
# $\theta + a u + b v$. Here is a network with 2410 parameters that reads digits (64 inputs, 32 tanh units, 10
# outputs), before and after training. Which of the ten grounds do you recognise?


# %%
images, labels, images_test, labels_test = (torch.tensor(part) for part in data.digits())


def digit_network(seed=0, activation=nn.Tanh):
    """64 inputs, 32 hidden units, 10 outputs; PyTorch chooses the first weights."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 32), activation(), nn.Linear(32, 10)).double()


def cost_of(model, X=images, y=labels):
    return nn.functional.cross_entropy(model(X), y)


def slice_of(model, reach, size=25):
    """Costs over two random directions from the model's weights; each as long as the weights themselves."""
    theta = nn.utils.parameters_to_vector(model.parameters()).detach()
    u, v = (theta.norm() * w / w.norm() for w in torch.randn(2, len(theta), dtype=torch.float64))
    ticks, J = np.linspace(-reach, reach, size), np.empty((size, size))
    with torch.no_grad():
        for (row, column), _ in np.ndenumerate(J):
            nn.utils.vector_to_parameters(theta + ticks[column] * u + ticks[row] * v, model.parameters())
            J[row, column] = cost_of(model, images[::4], labels[::4])
    nn.utils.vector_to_parameters(theta, model.parameters())
    return ticks, J


model = digit_network()
figure, axes = panels(2, height=2.8)
for ax, title in zip(axes, ("before training", "after 200 steps"), strict=True):
    ticks, J = slice_of(model, reach=2.0)
    drawn = ax.contourf(ticks, ticks, J, levels=25)
    ax.plot(0, 0, "o", color=ORANGE, mfc="white")
    ax.set(xlabel="along u", ylabel="along v", aspect="equal", title=title)
    figure.colorbar(drawn, ax=ax, label="cost")
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        cost_of(model).backward()
        optimizer.step()
show(
    figure,
    alt="Random slices through a network's cost: a slope before training, a smooth basin around the trained one.",
)

# %% [markdown]
# A slope, and then a bowl: nothing frightening. But a random direction among 2410 is a poor guide. The few very steep
# and the very flat directions, which make descent hard, hide from it, and so do the other minima that we now show to
# exist.

# %% [markdown] covers="07.09 07.10 07.12"
# **When is there only one bottom?** A set is **convex** if with two points it holds the whole segment between them. A
# function is convex if the chord between two points of its graph never lies below the graph,
#
# $$f\big((1-s)\,\theta_0 + s\,\theta_1\big) \;\le\; (1-s)\, f(\theta_0) + s\, f(\theta_1), \qquad 0 \le s \le 1,$$
#
# or in other words, if the region above the graph is a convex set. (Usually the $s$ is called $\lambda$, a letter we
# need for curvatures.) A function that is twice differentiable is convex exactly when its Hessian is positive
# semidefinite everywhere; in one variable, when the second derivative is never negative.
#
# A convex function has **no false bottom**. Suppose $\theta_0$ is critical and $\theta_1$ were lower. By convexity
# the graph lies below the chord from $\theta_0$ to $\theta_1$, and the chord goes down from its very first bit, so
# $f$ has a negative slope at $\theta_0$ in that direction, which contradicts a zero gradient. Every critical point is
# a global minimum.

# %% [markdown] covers="07.11"
# Which costs are convex? As functions of the output $z$, squared error has second derivative 1, and the logistic
# cross-entropy has $y(1 - y) > 0$; that of the softmax has the Hessian $\operatorname{diag}(y) - yy^\top$, and
# $v^\top(\operatorname{diag}(y) - yy^\top)v = \sum_k y_k v_k^2 - (\sum_k y_k v_k)^2$ is a variance, so never
# negative. A linear model puts $z = w^\top x + b$ into them, and a convex function of a linear one is convex: a
# segment in $(w, b)$ is mapped onto a segment in $z$. A mean of convex functions is convex too. So all of lecture 02
# happened on convex ground. (Squared error *after* a logistic function isn't convex even in $z$; it is flat far out
# on both sides. We come to that.)

# %% [markdown] covers="07.13 07.14 E07-K-factorial"
# A network with a hidden layer is *not* convex in its weights, and here is a proof with hardly a formula. Number the
# $K$ hidden units otherwise, taking their weights along: the network computes the same function. This is its
# **permutation symmetry**. So each solution has $K!$ copies, 720 for six units, all equally low and in different
# places. If the cost were convex, their mean would be no higher. But in the mean of all $K!$ copies each unit has the
# *average* weights of all units, so all units are alike, and such a network can do no more than one with a single
# hidden unit. Try it on the exclusive or, $t = 1$ if exactly one of two inputs is 1:

# %%
X = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float64)
t = torch.tensor([[0], [1], [1], [0]], dtype=torch.float64)
torch.manual_seed(1)
xor = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1)).double()
optimizer = torch.optim.LBFGS(xor.parameters(), max_iter=300, line_search_fn="strong_wolfe")


def xor_cost():
    optimizer.zero_grad()
    J = ((xor(X) - t) ** 2).mean() / 2
    J.backward()
    return J


optimizer.step(xor_cost)
print(f"trained: cost {xor_cost().item():.0e}")
with torch.no_grad():
    into, out = xor[0], xor[2]
    for part in (into.weight, into.bias, out.weight):
        units = 1 if part is out.weight else 0  # the axis that counts hidden units
        part.copy_(part.mean(dim=units, keepdim=True).expand_as(part))
print(f"mean of its 720 copies: cost {xor_cost().item():.3f}")

# %% [markdown]
# The mean of 720 perfect networks is a bad one. Note what $K$ is: the number of hidden units, not of parameters. And
# note what the argument still lacks: if the identical units had happened to be just as good, there would be no
# contradiction.

# %% [markdown]
# ### Question: not convex (2 points, 6 minutes)
# The permutation argument says that averaging all $K!$ relabelled copies of a solution gives a network with identical
# units. Complete it to a proof that the cost is not convex, and say which extra assumption on data and network you
# need.

# %% [markdown] written="not_convex" points=2
# ### BEGIN MARK SCHEME
# - 1 point: convexity would make the average at least as good as the solution (Jensen's inequality, or: the cost of
#   the mean is at most the mean of the costs, which are all equal).
# - 1 point: this is a contradiction only if no network with identical units does as well, so the data must need at
#   least two different units.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Let $\theta^*$ be a global minimum with cost $J^*$ and let $\theta_\pi$ be its copy under a permutation $\pi$ of the
# hidden units. All $K!$ copies compute the same function, so $J(\theta_\pi) = J^*$. If $J$ were convex, then by
# Jensen's inequality $J(\bar\theta) \le \frac{1}{K!}\sum_\pi J(\theta_\pi) = J^*$ for their mean $\bar\theta$. In
# $\bar\theta$ every hidden unit has the mean of all units' weights, so all units are identical.
#
# That is a contradiction if every network with identical hidden units costs more than $J^*$. So we must assume that
# data and network are such that the minimum can't be reached with all units alike, that is, by a network with one
# hidden unit (its output weight multiplied by $K$). For XOR with tanh units this holds; for data that a linear
# function fits exactly with linear units it doesn't, and the argument says nothing.
# ### END SOLUTION

# %% [markdown] covers="07.15 E07-zero-critical E07-stuck"
# There is a second proof, by a single point. Set all weights to zero. Hidden units that answer 0 to 0 (tanh, ReLU)
# are then silent, so the output weights get no gradient; the output weights are zero, so nothing comes back to the
# hidden layer. Is this a critical point, then, whatever the data? Not quite:

# %%
torch.manual_seed(0)
inputs = torch.randn(20, 3, dtype=torch.float64)
targets = torch.sin(inputs.sum(dim=1)) + 2


def small_cost(theta, hidden=torch.tanh):
    """Five hidden units; theta holds 15 + 5 weights and biases into them, 5 + 1 out of them."""
    h = hidden(inputs @ theta[:15].reshape(5, 3).T + theta[15:20])
    return ((h @ theta[20:25] + theta[25] - targets) ** 2).mean() / 2


theta = torch.zeros(26, dtype=torch.float64, requires_grad=True)
for hidden in (torch.tanh, torch.sigmoid):
    slope = torch.autograd.grad(small_cost(theta, hidden), theta)[0]
    print(
        f"{hidden.__name__}: slope of the output bias {slope[25]:.2f}, largest of the others {slope[:25].abs().max():.2f}"
    )
theta = torch.zeros(26, dtype=torch.float64)
theta[25] = targets.mean()
slope = torch.func.grad(small_cost)(theta)
curvatures = torch.linalg.eigvalsh(torch.autograd.functional.hessian(small_cost, theta))
print(f"bias at the mean target: largest slope {slope.abs().max():.0e}, ", end="")
print(f"curvatures from {curvatures[0]:.2f} to {curvatures[-1]:.2f}")

# %% [markdown]
# The output bias does have a slope, the mean of prediction minus target, unless the targets happen to have mean 0.
# (And a logistic unit answers ½ to 0, so with it the output weights move as well.) But put the bias at the mean
# target, and the gradient is zero: a critical point that is certainly no global minimum, so the cost isn't convex. It
# isn't a *local minimum* either, as the negative curvatures say: it is a saddle. Descent that starts exactly there
# stays for want of a slope, not because it sits in a hole.

# %% [markdown] covers="07.17 07.18 07.19 E07-vanishing-name"
# **Flat ground.** A **plateau** is a region where the gradient is nearly zero although the minimum is far. You have
# met the extreme cases, the 0/1 loss and hard thresholds, which are level almost everywhere. Milder ones come from
# units that no longer answer. A unit is **saturated** when its input lies in a flat part of its activation: a tanh at
# 10 gives 1, and at 11 still 1. A ReLU is **dead** when its input is negative for *all* examples: then the
# derivatives of its weights are not small but exactly zero, and it will hardly ever come back.
#
# Take the six examples of our plateau landscape, with one weight and one bias, and a first weight of $-7$: the model
# is quite sure, and wrong. Compare the slopes under two losses, along $x$ at $y = 0$:

# %%
w = np.linspace(-8, 8, 321)
figure, (left, right) = panels(2)
for loss, colour in (("squared error", PURPLE), ("cross-entropy", BLUE)):
    J = landscapes.plateau(w, 0 * w, loss=loss)
    slope = landscapes.plateau.gradient(w, 0 * w, loss=loss)[0]
    left.plot(w, J / J.max(), color=colour, ls=DASH[colour])
    right.plot(w, np.abs(slope), color=colour, ls=DASH[colour])
    print(f"{loss}: slope at −7 is {np.interp(-7, w, slope):.5f}")
left.text(-1.6, 0.9, "squared error", color=PURPLE)
left.text(-7.9, 0.4, "cross-entropy", color=BLUE)
left.set(xlabel="weight", ylabel="cost, as a share of its largest")
right.set(xlabel="weight", ylabel="size of the slope", yscale="log", ylim=(1e-5, 3))
show(figure, alt="At a weight of −7 squared error has a slope of 0.00016 and cross-entropy of 1, with the same model.")

# %% [markdown] covers="07.20 E07-loss-ranking E07-momentum-flatness"
# The same data, the same model, the same wrong answer, and slopes that differ by 6000. It is the *loss* that makes
# this plateau: squared error behind a logistic function carries the factor $y(1 - y)$, cross-entropy doesn't. (Binary
# and many-class cross-entropy behave alike: by the output $z$ the gradient is $y - t$ in both.)
#
# Three choices of yours shape the flatness of the ground you walk on:
#
# | choice | flat | less flat |
# |---|---|---|
# | loss | squared error after a saturating output | cross-entropy on logits |
# | hidden activation | logistic, in many layers | ReLU (and tanh rather than logistic) |
# | where you start | large weights, saturated units | weights of the right size (second half) |
#
# Take the third row with a grain of salt. The cost is a function of the parameters and of nothing else; neither the
# first weights nor momentum change its shape. A good start *avoids* the flat parts, and momentum *crosses* them
# sooner.

# %% [markdown] covers="07.21 07.22 E07-sigma-large"
# Flatness also comes from depth, and only this kind do we call a **vanishing gradient**. Through $L$ layers
# $a^{(l)} = g(W_l\, a^{(l-1)})$ the chain rule multiplies,
#
# $$\frac{\partial \ell}{\partial a^{(1)}} = W_2^\top \operatorname{diag}(g'_2)\; W_3^\top \operatorname{diag}(g'_3)
#   \cdots W_L^\top \operatorname{diag}(g'_L)\; \frac{\partial \ell}{\partial a^{(L)}} ,$$
#
# and a product of many factors is exponentially small or exponentially large. How small, is bounded by the largest
# stretch of each factor, its largest singular value $\sigma_{\max}$:
#
# $$\Big\lVert \frac{\partial \ell}{\partial a^{(1)}} \Big\rVert \le
#   \prod_{l=2}^L \sigma_{\max}(W_l)\,\max_j |g'_{l,j}| \;\cdot\; \Big\lVert\frac{\partial \ell}{\partial a^{(L)}}\Big\rVert .$$
#
# The slope $g'$ is at most ¼ for the logistic function, so ten such layers cost a factor of a million unless large
# weights make up for it. For tanh and ReLU it is at most 1, and for a ReLU layer in which any unit is on, exactly 1:
# such a layer *need* not shrink the gradient. But if every $W_l$ has a norm below 1, the gradient decays
# exponentially with ReLU as well, and weight decay (lecture 08) pushes that way.

# %% [markdown] covers="07.23"
# ## Ravines: the eigenvalue story
#
# Saddles are left, plateaux are avoided. What remains, in nearly every problem, is the **ravine**: curvature that is
# large in some directions and near zero in others. One calls such a problem *ill-conditioned*. Two numbers tell the
# whole story. In $J = \frac12(x^2 + 50\,y^2)$ a step of descent does
#
# $$x \leftarrow x - \alpha x = (1 - \alpha)\,x, \qquad y \leftarrow y - 50\,\alpha\, y = (1 - 50\,\alpha)\,y .$$
#
# Take $\alpha = 0.038$: $x$ is multiplied by 0.962, so it takes 18 steps to halve, while $y$ is multiplied by
# $-0.9$: it jumps to the other side every time. Take $\alpha = 0.041$, and $y$ is multiplied by $-1.05$ and explodes.
# The steep direction sets the speed limit, the flat one has to live with it.

# %% [markdown] covers="07.24"
# Look at the arrows: each is the negative gradient's direction, perpendicular to the contour that it starts on. Does
# one of them ever point at the minimum?

# %%
figure, ax = panels(width=6.4, height=2.5)
x, y = np.meshgrid(np.linspace(-2.9, 0.5, 120), np.linspace(-0.62, 0.62, 120))
ax.contour(x, y, np.sqrt(landscapes.ravine(x, y)), levels=14, linewidths=0.8)
place, path = np.array([-2.6, 0.5]), []
for _ in range(40):
    path.append(place)
    place = place - 0.038 * np.array(landscapes.ravine.gradient(*place))
path = np.array(path)
ax.plot(*path.T, "-o", color=BLUE, ms=3, lw=1.2)
for k in (0, 1, 4, 9):
    slope = np.array(landscapes.ravine.gradient(*path[k]))
    tip = path[k] - 0.3 * slope / np.linalg.norm(slope)
    ax.annotate("", tip, path[k], arrowprops={"arrowstyle": "-|>", "color": ORANGE, "lw": 2})
ax.plot(0, 0, MARKER[GREEN], color=GREEN, ms=12)
ax.set(xlabel="x, curvature 1", ylabel="y, curvature 50", aspect="equal")
show(figure, alt="In a ravine the negative gradient points across the valley, so descent zigzags and creeps along it.")

# %% [markdown] covers="07.25 07.26"
# Hardly. The zigzag is not clumsiness: each step follows the steepest way down exactly. Now in general. Any quadratic
# bowl is $J = \frac12 \theta^\top A\,\theta$ with a symmetric $A$, and $\nabla J = A\theta$. A step is
# $\theta_{k+1} = \theta_k - \alpha A\theta_k = (I - \alpha A)\,\theta_k$, so $\theta_k = (I - \alpha A)^k\theta_0$.
# Put in $A = Q\Lambda Q^\top$ and $I = QQ^\top$:
#
# $$I - \alpha A = Q\,(I - \alpha\Lambda)\,Q^\top, \qquad
#   (I - \alpha A)^k = Q\,(I - \alpha\Lambda)\,Q^\top Q\,(I - \alpha\Lambda)\,Q^\top \cdots
#   = Q\,(I - \alpha\Lambda)^k\,Q^\top ,$$
#
# since $Q^\top Q = I$ between any two factors. So
#
# $$\theta_k = Q\,(I - \alpha\Lambda)^k\,Q^\top\theta_0 .$$
#
# Read it from the right: turn into the coordinates of the eigenvectors; there each coordinate minds its own business
# and is multiplied by $1 - \alpha\lambda_i$ at every step; turn back. A problem with a million parameters is a
# million problems with one.

# %% [markdown] covers="07.27 E07-oscillates"
# So look at one of them. What does a factor of $1 - \alpha\lambda$ do? Before you look at the figure: for which of
# the six values 0.3, 1, 1.5, 1.9, 2 and 2.1 of $\alpha\lambda$ does the *cost* go up at some step?

# %%
figure, (left, right) = panels(2)
k = np.arange(13)
settings = ((0.3, GREY, 0), (1.0, GREEN, 0), (1.5, BLUE, 0), (1.9, PURPLE, 2), (2.0, INK, 7), (2.1, ORANGE, 3))
left.set(xlabel="step", ylabel="coordinate", ylim=(-2.2, 2.2))
right.set(xlabel="step", ylabel="cost, as a share of the first", yscale="log", ylim=(1e-4, 12), xlim=(0, 12))
for c, colour, dy in settings:
    theta = (1 - c) ** k
    left.plot(k, theta, color=colour, ls=DASH[colour], lw=1.4)
    line = right.plot(k, np.maximum(theta**2, 1e-9), color=colour, ls=DASH[colour])[0]
    if c == 1:
        right.text(0.5, 2e-4, "αλ = 1", color=colour)
    else:
        label_line(right, line, f"αλ = {c}", dy=dy)
show(figure, alt="Above αλ = 1 the coordinate changes sign at each step, yet the cost falls as long as αλ is below 2.")

# %% [markdown]
# For $0 < \alpha\lambda < 1$ the coordinate decays. At exactly 1 it lands on the minimum in a single step. Between 1
# and 2 it *changes sign at every step*, and still the cost falls at every step, by the factor
# $(1 - \alpha\lambda)^2 < 1$: an oscillating parameter is not an oscillating cost. At exactly 2 it jumps to and fro
# for ever, at the same height. Above 2 it diverges. And where $\lambda = 0$, nothing ever moves.

# %% [markdown] covers="07.28"
# All directions share one $\alpha$. The steepest demands
#
# $$\alpha < \frac{2}{\lambda_{\max}} ,$$
#
# and then $\alpha\lambda_i < 2\lambda_i/\lambda_{\max}$ in every other direction. What counts is the ratio
# $\kappa = \lambda_{\max}/\lambda_{\min}$, the **condition number**. The best that can be done is to make the two
# worst factors equally bad, $1 - \alpha\lambda_{\min} = -(1 - \alpha\lambda_{\max})$:
#
# $$\alpha = \frac{2}{\lambda_{\max} + \lambda_{\min}}, \qquad
#   \text{factor a step} = \frac{\kappa - 1}{\kappa + 1} \approx 1 - \frac2\kappa .$$
#
# To shrink the distance by $\varepsilon$ takes about $\frac\kappa2\log\frac1\varepsilon$ steps: for $\kappa = 100$
# and a thousandth, 345.
#
# See it move. On the left are two directions, each with its own eigenvalue; on the right, for each $\alpha$, the
# factor that each of them shrinks by, and the thick line is the worse one. Find the bottom of the V by hand; then
# press *best α*. (The diagram in the middle and the slider $\mu$ belong to the next section; leave $\mu$ at 0.)

# %%
demos.eigen_dynamics()

# %% [markdown] covers="07.29 E07-shifted-quadratic"
# Is the story only about bowls that sit at zero? A linear term moves the bowl: if $b = A\,c$ for some $c$, then
# $\frac12\theta^\top A\,\theta - b^\top\theta$ is the same bowl with its bottom at $c$, a mere translation. If there
# is no such $c$ it is a different thing. For $A = \operatorname{diag}(1, 0)$ and $b = (0, 1)$ the ground tilts for
# ever in a direction without curvature, and a thousand steps of 0.5 walk 500 down a slope that has no end. With that
# exception, quadratics are all alike, and near a minimum with positive curvatures every smooth cost is nearly
# quadratic: that is what its Taylor expansion says. Hence this story is about the last part of every descent.

# %% [markdown] covers="07.30 07.31"
# The cheapest cure is to change the ground before walking. For a linear model under squared error the Hessian is
# $\frac1N X^\top X$ (with a column of ones for the bias), so the inputs decide the curvatures. Normalise each column,
#
# $$\tilde x_j = \frac{x_j - \mu_j}{\sigma_j} ,$$
#
# with mean and standard deviation of the training data. What does it do to the thirty measurements of lecture 02's
# tissue samples, whose scales differ by 200 000?

# %%
samples, malignant, names = data.breast_cancer()
centred, scaled = samples - samples.mean(axis=0), samples / samples.std(axis=0)
both = centred / samples.std(axis=0)
for text, X in (("raw", samples), ("centred", centred), ("scaled", scaled), ("centred and scaled", both)):
    A = np.c_[X, np.ones(len(X))]
    curvatures = np.linalg.eigvalsh(A.T @ A / len(A))
    print(f"{text:18s}: largest curvature {curvatures[-1]:9.3g}, condition number {curvatures[-1] / curvatures[0]:.1e}")

# %% [markdown]
# From $10^{12}$ to $10^5$, seven powers of ten for one line of code. Scaling does nearly all of it, down to
# $3\cdot10^6$; centring the scaled columns adds a factor of 30. What is left comes from columns that nearly repeat
# each other (radius, perimeter and area of the same cells).
#
# Hidden layers have inputs too: the activations of the layer before. That is a reason to prefer tanh, which is
# centred on zero, over the logistic function, whose outputs have mean ½ and so push all weights of a unit the same
# way. For images one subtracts the mean image, or the mean of each colour channel. And why not normalise the hidden
# activations as well, at every step? We shall, near the end.

# %% [markdown] covers="07.32 07.34 E07-damping-word"
# ## Momentum
#
# You can't make every bowl round. In a ravine, look at what a walker is told: across the valley "left", "right",
# "left", "right", and along it "on", "on", "on". Boris Polyak (1964) gave the walker a mass. It keeps a velocity $p$,
# and the slope changes the velocity instead of the position:
#
# $$p \leftarrow \mu\,p - \alpha\,\nabla J(\theta), \qquad \theta \leftarrow \theta + p .$$
#
# Follow it on a slope that is always 1, with $\alpha = 0.1$ and $\mu = 0.9$: the velocity is $-0.1$, then
# $-0.09 - 0.1 = -0.19$, then $-0.271$, and so on. Slopes that agree add up, to something we shall compute. Slopes
# that alternate, $+1, -1, +1, \dots$, give $-0.1,\; +0.01,\; -0.091,\; +0.018, \dots$: they largely cancel. So
# momentum speeds up the flat directions and calms the steep ones. With $\mu = 0$ it is gradient descent; usual values
# are 0.9 and 0.99. Some texts call $\mu$ a damping parameter, but a larger $\mu$ means *less* damping: what is lost
# in each step is the share $1 - \mu$. At $\mu = 1$ nothing is ever lost, and the walker never settles.

# %% [markdown]
# ### Exercise: momentum_step (1 point, 5 minutes)
# Write one step of both rules: first the new velocity, then the point moves by the *new* velocity. `theta`, `p` and
# `grad` are arrays of the same shape, any shape (0-d included), `alpha` and `mu` are numbers. Return the new `theta`
# and the new `p`; the arrays you are given stay as they are, and may hold integers, which mean the same as the equal
# floats. To test by hand: from `theta` = 2, `p` = 1 with `grad` = 3, `alpha` = 0.1, `mu` = 0.5 you get 2.2 and 0.2.

# %% exercise="momentum_step"

# %% [markdown] covers="07.36"
# Let your rule run in the ravine beside plain descent, with the same learning rate. How often will it cross the
# valley's floor, and which one is nearer to the star after 40 steps?

# %%
with until_written(momentum_step):
    figure, ax = panels(width=6.4, height=2.9)
    x, y = np.meshgrid(np.linspace(-2.9, 1.3, 120), np.linspace(-0.9, 0.9, 120))
    ax.contour(x, y, np.sqrt(landscapes.ravine(x, y)), levels=14, linewidths=0.8)
    for mu, colour, text in ((0.0, GREY, "gradient descent"), (0.75, BLUE, "μ = 0.75")):
        theta, p, path = np.array([-2.6, 0.5]), np.zeros(2), []
        for _ in range(41):
            path.append(theta)
            theta, p = momentum_step(theta, p, np.array(landscapes.ravine.gradient(*theta)), 0.03, mu)
        ax.plot(*np.array(path).T, ls=DASH[colour], marker=MARKER[colour], color=colour, ms=3, lw=1.2)
        cost = float(landscapes.ravine(*path[-1]))
        print(f"{text}: cost after 40 steps {cost:.1e}")
    ax.plot(0, 0, MARKER[GREEN], color=GREEN, ms=12)
    ax.text(-1.75, 0.62, "momentum swings", color=BLUE)
    ax.text(-1.75, -0.72, "gradient descent creeps", color=GREY)
    ax.set(xlabel="x, curvature 1", ylabel="y, curvature 50", aspect="equal")
    show(
        figure, alt="Momentum swings across the ravine, overshoots the minimum, and still is far nearer after 40 steps."
    )

# %% [markdown]
# Momentum crosses the floor in 18 of the 40 steps, and plain descent, with its factor of $-0.5$, in every one, though
# soon by hairs. Momentum overshoots, and arrives. Both effects come from one formula, which we now find.

# %% [markdown]
# **One direction, two numbers.** In a direction with curvature $\lambda$ the slope is $\lambda\theta$, and a step
# maps the pair $(\theta, p)$ to a new pair, linearly. A worked case: $\lambda = 1$, $\alpha = 0.25$, $\mu = 0.64$.
# The new velocity is $0.64\,p - 0.25\,\theta$; the new position is $\theta$ plus that, $0.75\,\theta + 0.64\,p$. As a
# matrix,
#
# $$\begin{pmatrix}\theta\\p\end{pmatrix} \leftarrow
#   \begin{pmatrix}0.75 & 0.64\\ -0.25 & 0.64\end{pmatrix}\begin{pmatrix}\theta\\p\end{pmatrix} .$$
#
# Applied $k$ times, the matrix grows or shrinks like the $k$-th power of its eigenvalues, so the one of largest
# modulus decides; that modulus is the **spectral radius**. The eigenvalues $r$ of a 2 by 2 matrix solve
# $r^2 - (\text{trace})\,r + (\text{determinant}) = 0$. Here the trace is 1.39 and the determinant
# $0.75\cdot0.64 + 0.25\cdot0.64 = 0.64$: the roots $0.695 \pm 0.396\,i$ are complex, both with modulus 0.8. So the
# coordinate swings, and its swings shrink by 0.8 a step.

# %% [markdown]
# ### Exercise: momentum_spectral_radius (3 points, 20 minutes)
# On $J = \frac12\lambda\theta^2$ a momentum step is a linear map of $(\theta, p)$. Return the largest modulus of its
# two eigenvalues. `lam`, `alpha` and `mu` are numbers or arrays that broadcast against each other, and so does the
# result; the demo below calls your function with whole grids, so no `if` on an array. The roots may be real or
# complex, of either sign, or equal. `lam` may be 0 or negative (a ridge, where the radius is above 1), and `mu`
# from 0 to 1.
#
# The way there: write both new values through the *old* ones, as in the worked case but with letters, and read off
# trace and determinant. Test: the case above gives 0.8; with `mu` = 0 you must get $|1 - \alpha\lambda|$.

# %% exercise="momentum_spectral_radius"

# %% [markdown]
# Distrust it first: run the step itself many times and see by how much the path really grows.

# %%
with until_written(momentum_step, momentum_spectral_radius):
    for c, mu in ((0.25, 0.64), (0.05, 0.5), (2.5, 0.5), (3.1, 0.5)):
        theta, p = np.array(1.0), np.array(0.0)
        for _ in range(300):
            theta, p = momentum_step(theta, p, c * theta, 1.0, mu)
        grown = np.hypot(theta, p) ** (1 / 300)
        print(
            f"αλ = {c}, μ = {mu}: {grown:.3f} a step over 300 steps, yours {float(momentum_spectral_radius(c, 1.0, mu)):.3f}"
        )

# %% [markdown] covers="07.34"
# In letters, the matrix has trace $1 + \mu - \alpha\lambda$ and determinant
# $(1 - \alpha\lambda)\mu + \alpha\lambda\mu = \mu$, so
#
# $$r^2 - (1 + \mu - \alpha\lambda)\,r + \mu = 0 .$$
#
# The product of the roots is $\mu$. When they are complex they are conjugates, so each has modulus $\sqrt\mu$,
# *whatever* $\lambda$ *is*. This happens where $(1 + \mu - \alpha\lambda)^2 < 4\mu$, that is for
#
# $$(1 - \sqrt\mu)^2 < \alpha\lambda < (1 + \sqrt\mu)^2 .$$
#
# That is the secret of momentum. Plain descent gives each direction its own rate; in the complex region all
# directions shrink at the same rate $\sqrt\mu$, the steep ones and the flat ones. And the region is wide: for
# $\mu = 0.81$ it reaches from 0.01 to 3.61, a condition number of 361 under one roof. Stability is gained too. A root
# passes $-1$ where $1 + (1 + \mu - \alpha\lambda) + \mu = 0$, so a step is stable for
# $\alpha\lambda < 2\,(1 + \mu)$, nearly twice as far as before.
#
# All this is one picture, the **phase diagram** in the middle of the demo; now your function paints it. Each
# direction is a dot at $(\alpha\lambda, \mu)$, so both lie on one horizontal line, and $\alpha$ moves them together.
# First put both dots into the complex region (one of them is still outside) and compare the two envelopes on the
# left. Then raise $\mu$ to 0.97: why is it slower again? Then find the best $\mu$ by hand, and press *best α and μ*.

# %%
demos.eigen_dynamics(momentum_spectral_radius, mu=0.3, alpha=0.05)

# %% [markdown]
# Inside the region a larger $\mu$ only slows you down, since the rate is $\sqrt\mu$. So take the smallest $\mu$ that
# still has both dots inside: both on the border, $\sqrt{\alpha\lambda_{\min}} = 1 - \sqrt\mu$ and
# $\sqrt{\alpha\lambda_{\max}} = 1 + \sqrt\mu$. Add and divide these two equations:
#
# $$\alpha = \frac{4}{(\sqrt{\lambda_{\max}} + \sqrt{\lambda_{\min}})^2}, \qquad
#   \sqrt\mu = \frac{\sqrt\kappa - 1}{\sqrt\kappa + 1} \approx 1 - \frac{2}{\sqrt\kappa} .$$
#
# It is the formula of plain descent with $\sqrt\kappa$ in place of $\kappa$. For $\kappa = 100$ the factor is
# $9/11 = 0.82$ in place of $99/101 = 0.98$, and a thousandth takes 35 steps in place of 345. In general it takes
# about $\frac{\sqrt\kappa}2\log\frac1\varepsilon$ steps. (On the border the two roots are equal, which costs a factor
# that grows like $k$ on top of the power, and some extra steps.)

# %%
kappa = np.logspace(0.3, 5, 60)
figure, ax = panels(width=4.6)
ax.set(xlabel="condition number κ", ylabel="steps to a thousandth", xscale="log", yscale="log")
for root, colour, text in ((kappa, GREY, "gradient descent"), (np.sqrt(kappa), BLUE, "momentum")):
    steps = np.log(1e-3) / np.log((root - 1) / (root + 1))
    label_line(ax, ax.plot(kappa, steps, color=colour, ls=DASH[colour])[0], text)
show(figure, alt="At their best, gradient descent needs steps in proportion to κ, momentum to its square root.")

# %% [markdown]
# For $\kappa = 10^4$ that is a hundred minutes against one. No method that sees only gradients can beat the
# square root on every quadratic, as Arkadi Nemirovski and David Yudin showed. And where is the catch? You must know
# $\lambda_{\max}$ and $\lambda_{\min}$. For a network nobody does, so one takes $\mu = 0.9$ and searches for
# $\alpha$.

# %% [markdown] covers="07.33 E07-momentum-conventions"
# **Two conventions** are in use, and they are mixed up daily. The other one *averages* the gradient,
#
# $$v \leftarrow \beta\,v + (1 - \beta)\,\nabla J, \qquad \theta \leftarrow \theta - \alpha\,v .$$
#
# With $\beta = \mu$ it is the same method, but its steps are smaller by the factor $1 - \mu$: to walk alike it needs
# the learning rate $\alpha/(1 - \mu)$. On a constant slope of 1 with $\alpha = 0.1$, the first form goes at the speed
# 1 for $\mu = 0.9$ and 10 for $\mu = 0.99$, the averaging form at 0.1 for both. So the advice "raise $\mu$, then
# lower $\alpha$" is right for the first form and wrong for the second. A third variant is PyTorch's: it keeps the
# velocity without the learning rate, $p \leftarrow \mu p + \nabla J$ and $\theta \leftarrow \theta - \alpha p$, which
# is the first form as long as $\alpha$ is constant. When you read a value of $\mu$ somewhere, ask which form it
# belongs to.

# %% [markdown] covers="07.39 E07-nesterov"
# **Nesterov's look-ahead.** Most of the next step is known before the slope is asked: the velocity will carry you by
# $\mu p$ in any case. Then why measure the slope where you are, and not where you will be after coasting? That is
# Yurii Nesterov's idea (1983), in the form that Ilya Sutskever gave it:
#
# $$p \leftarrow \mu\,p - \alpha\,\nabla J(\theta + \mu\,p), \qquad \theta \leftarrow \theta + p .$$
#
# Try the numbers on $J = \frac12\cdot 4\,\theta^2$ at $\theta = 1$, $p = -1$, with $\alpha = 0.1$ and $\mu = 0.9$.
# The coasting point is $1 - 0.9 = 0.1$, where the slope is 0.4, so the new velocity is $-0.9 - 0.04 = -0.94$ and the
# new position 0.06. Plain momentum would have used the slope 4 at $\theta = 1$, and gone to $-0.3$: it sees the far
# wall one step too late.

# %% [markdown]
# ### Exercise: nesterov_step (2 points, 8 minutes)
# One step of Nesterov momentum. `theta` and `p` are arrays of the same shape; `grad_fn` is a function that takes a
# point and returns the gradient there. Call it *exactly once*: gradients are the expensive part. Return the new
# `theta` and the new `p`, and leave the given ones as they are.

# %% exercise="nesterov_step"

# %% [markdown]
# For convex costs with the full gradient, and with a $\mu$ that rises towards 1 from step to step, Nesterov proved a
# rate that can't be improved: the distance in height falls like $1/k^2$, against $1/k$ for gradient descent. With a
# fixed $\mu$, with noise, or on the ground of a network, that proof says nothing, though the method often helps a
# little.
#
# Race your two rules. They are drawn dashed over PyTorch's, so if you are right you see one line, not two. (PyTorch
# stores not $\theta$ but the look-ahead point $\theta + \mu p$, which is a good point to stop at too; the demo
# compares with that one of yours.) On Rosenbrock's valley watch who overshoots less.

# %%
demos.landscape_racer(
    momentum=momentum_step,
    nesterov=nesterov_step,
    landscape="rosenbrock",
    rules=["gradient descent", "momentum", "Nesterov"],
    start=(-1.5, 2.0),
    lr=0.006,
)

# %% [markdown] covers="07.37"
# ## The physics
#
# We said "mass" and "velocity". Is that a figure of speech? Picture a cost curve with a flat stretch, as a hill of
# height $J$ in the real world. Descent's steps are proportional to the slope, so on the stretch it all but stops. A
# ball would come with the speed it has and roll across. Its potential energy is $m g$ times the height; drop the
# units and call it $J$.

# %%
with until_written(momentum_step):

    def height(x):
        return 0.5 * np.exp(-x) - 1.2 / (1 + np.exp(-3 * (x - 5)))

    def slope(x):
        e = np.exp(-3 * (x - 5))
        return -0.5 * np.exp(-x) - 3.6 * e / (1 + e) ** 2

    figure, ax = panels(width=5.4, height=2.8)
    x = np.linspace(-0.8, 8, 200)
    ax.plot(x, height(x), color=INK)
    for mu, colour, lift, text in ((0.0, GREY, 0.06, "gradient descent"), (0.95, BLUE, 0.16, "with momentum")):
        theta, p, path = np.array(-0.6), np.array(0.0), []
        for _ in range(70):
            path.append(theta)
            theta, p = momentum_step(theta, p, slope(theta), 0.15, mu)
        path = np.array([float(theta) for theta in path])
        seen = path[path < 8]
        ax.plot(seen, height(seen) + lift, MARKER[colour], color=colour, ms=5, alpha=0.6)
        print(f"{text}: after {len(seen) - 1} steps at {seen[-1]:.2f}")
    ax.text(1.6, -0.25, "a flat stretch", color=ORANGE)
    ax.set(xlabel="parameter θ", ylabel="height J")
    show(figure, alt="On a flat stretch gradient descent all but stops; a ball with momentum rolls across and falls.")

# %% [markdown] covers="07.38 E07-003-momentum E07-duplicate-pages"
# Let us take it seriously. A ball of mass 1 at $\theta(t)$ feels the force $-\nabla J$ and a friction $-\rho\,v$
# against its velocity, with $\rho \ge 0$. Newton's law says
#
# $$\ddot\theta = -\rho\,\dot\theta - \nabla J(\theta), \qquad\text{or as two equations}\qquad
#   \dot v = -\rho\,v - \nabla J(\theta), \quad \dot\theta = v .$$
#
# A computer can't do the continuous motion, so advance in small time steps $dt$: velocity first, then the position
# with the *new* velocity,
#
# $$v \leftarrow v + dt\,\big(-\rho\,v - \nabla J(\theta)\big), \qquad \theta \leftarrow \theta + dt\; v .$$
#
# This is the *semi-implicit* Euler method. Now measure velocity in distance per step, $p = v\,dt$, by multiplying the
# first equation by $dt$:
#
# $$p \leftarrow (1 - \rho\,dt)\,p - dt^2\,\nabla J(\theta), \qquad \theta \leftarrow \theta + p .$$
#
# That is momentum, exactly, with
#
# $$\mu = 1 - \rho\,dt, \qquad \alpha = dt^2 .$$
#
# Three letters, three meanings: $\rho$ is the friction, $\mu$ what is left of the velocity after a step, $\alpha$ the
# square of the time step. So $\mu = 0.9$ isn't an arbitrary number; with $\alpha = 0.01$ it says $dt = 0.1$ and
# $\rho = 1$. Gradient descent is $\mu = 0$, a friction so strong that the ball forgets its velocity in one step.

# %% [markdown]
# ### Exercise: momentum_ode (2 points, 10 minutes)
# Integrate the motion by the two rules for $v$ and $\theta$ above. `theta0` and `v0` have shape (D,) and may hold
# integers, `grad_fn` gives the gradient at a point, `rho` and `dt` are numbers. Return all positions, an array of
# shape (steps + 1, D) whose first row is `theta0`; with `steps` = 0 that is the only row. To test by hand: from 1 at
# rest, with gradient $4\theta$, $\rho = 3$ and $dt = 0.05$, the first positions are 1, 0.99, 0.9716, and the last of
# 20 steps is 0.27366.

# %% exercise="momentum_ode"

# %% [markdown]
# Your dots on the true motion (the line, by a method of much higher order). The middle picture is the *phase
# portrait*, position against velocity: there a swinging ball draws a spiral. The right one is the energy
# $\frac12v^2 + J$; can it ever rise in the true motion? Take the presets, play them, then lengthen the time step at
# strong friction until your ball gains energy. Switch on *show μ and α* on the way. (Without friction the energy of
# the dots goes up and down a little in every swing, an error of the order of $dt$ that cancels; gaining means that it
# grows from swing to swing.)

# %%
demos.ball_with_friction(momentum_ode)

# %% [markdown]
# The energy changes by $\dot v v + \nabla J\,\dot\theta = -\rho v^2$, so it never rises. In a bowl of curvature
# $\lambda$, weak friction lets the ball swing; at $\rho = 2\sqrt\lambda$, the *critical* friction, it comes back as
# fast as it can without swinging; stronger friction makes it creep. That is the phase diagram again: the complex
# region is the swinging ball, and its left border $\alpha\lambda = (1 - \sqrt\mu)^2$ is critical friction, up to
# terms of the order of $dt$. The right part of the diagram has no counterpart in physics: there the time step is too
# long for the motion. Without friction, $\mu = 1$, the ball never settles. And of two wells it chooses the deeper or
# the shallower one, by how much friction it has. Neither is guaranteed.

# %% [markdown]
# ### Question: terminal velocity (3 points, 8 minutes)
# On a plane of slope $g$ the velocity of momentum tends to a limit, the **terminal velocity**. Derive it, and how
# many steps it takes to get within 1 % of it. If you raise $\mu$ from 0.9 to 0.99, how should $\alpha$ change, and
# what is the price?

# %% [markdown] written="terminal_velocity" points=3
# ### BEGIN MARK SCHEME
# - 1 point: the fixed point $p = \mu p - \alpha g$ gives $p = -\alpha g/(1-\mu)$; or the sum of a geometric series.
# - 1 point: $\mu^k = 0.01$, so $k = \ln 0.01/\ln\mu$, about 44 steps for 0.9 and 458 for 0.99.
# - 1 point: $\alpha$ ten times smaller for the same speed; the price is that the velocity reacts ten times more slowly.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# From rest $p_1 = -\alpha g$ and $p_{k+1} = \mu p_k - \alpha g$, so
# $p_k = -\alpha g(1 + \mu + \dots + \mu^{k-1}) = -\alpha g\,\frac{1 - \mu^k}{1 - \mu}$. For $0 \le \mu < 1$ this
# tends to $-\alpha g/(1 - \mu)$, which is also what the fixed point $p = \mu p - \alpha g$ gives.
#
# The missing share is $\mu^k$. It is 1 % when $k = \ln 0.01/\ln\mu$: 43.7, so 44 steps for $\mu = 0.9$, and 458.2, so
# 459 steps for $\mu = 0.99$.
#
# From 0.9 to 0.99 the factor $1/(1-\mu)$ goes from 10 to 100. To keep the speed, $\alpha$ must be ten times smaller.
# The price: the velocity takes about $1/(1 - \mu)$ steps to follow a change of the slope, now 100 in place of 10, so
# the walker starts later, turns later, and overshoots further (a minimum, or a bend in the valley).
# ### END SOLUTION

# %% [markdown] covers="07.35"
# **Terminal velocity**, when you have written your answer: on a plane of slope $g$ the ball gains speed until
# friction balances the slope, $\rho\,v = g$. In steps, the velocity no longer changes when $p = \mu\,p - \alpha\,g$,
# so
#
# $$p = -\frac{\alpha}{1 - \mu}\,g .$$
#
# With $\mu = 0.9$ momentum walks ten times as far as plain descent, with 0.99 a hundred times. It takes time to get
# up to speed: from rest, $p_k = -\alpha g\,(1 + \mu + \dots + \mu^{k-1}) = -\frac{\alpha g}{1-\mu}(1 - \mu^k)$, so
# about $1/(1-\mu)$ steps. Whoever raises $\mu$ should therefore lower $\alpha$. The race below opens on the plane;
# read the speeds on the right:

# %%
demos.landscape_racer(
    momentum=momentum_step,
    nesterov=nesterov_step,
    landscape="plane",
    rules=["gradient descent", "momentum", "Nesterov", "Adagrad", "Adam"],
    start=(0.0, 0.0),
    lr=0.1,
    steps=60,
)

# %% [markdown]
# Momentum and Nesterov end at the speed $0.1/(1 - 0.9) = 1$. Adam goes 0.1 a step from the first step to the last,
# and Adagrad slows down for ever. Why? That is the first question of the second half.

# %% [markdown]
# **Half time.** You have the ground, the eigenvalues, and momentum in three languages: a recurrence, a diagram, a
# ball. This is a good place to stop; the second half needs from the first only the Hessian, the picture of the ravine,
# the factor $1 - \alpha\lambda$, and the two forms of momentum.

# %% [markdown]
# # Second half: coordinates, noise, and a good start
#
# ## One learning rate for each coordinate
#
# In a network the derivative by one weight may be a thousand times that by another. With one $\alpha$ for all, the
# large one sets the speed limit, as in the ravine. If the axes of the ravine are the axes of the coordinates, there
# is a simple cure: give each coordinate its own learning rate, and let it find it by itself. How?

# %% [markdown] covers="07.41 E07-rprop"
# **Only the sign.** The boldest answer throws the size of the derivative away. Rprop (Martin Riedmiller and Heinrich
# Braun, 1993) keeps a step size for each weight, uses the *sign* of its derivative for the direction, multiplies the
# size by 1.2 while the sign stays and by 0.5 when it flips. It doesn't divide the gradient by anything; it doesn't
# look at its length at all. With the full gradient this works very well. With mini-batches it fails: say that nine
# batches tell a weight $+0.1$ and the tenth $-0.9$. The mean is 0 and the weight should stay, but the signs add up to
# $+8$. Dividing each batch's gradient by its own size destroys the average over batches. So one should divide by a
# number that *neighbouring batches share*.

# %% [markdown] covers="07.40 E07-adagrad-words E07-eps-place"
# **Adagrad** (John Duchi, Elad Hazan and Yoram Singer, 2011) divides by the root of the sum of all squares so far,
#
# $$s_j \leftarrow s_j + g_j^2, \qquad \theta_j \leftarrow \theta_j - \alpha\,\frac{g_j}{\sqrt{s_j} + \epsilon} .$$
#
# On a constant slope the steps are $\alpha$ times $1, 0.316, 0.1, 0.032$ after $1, 10, 100, 1000$ steps, as
# $1/\sqrt t$. Mind the reason: the gradient is as large as ever, it is the *effective rate* that shrinks, because the
# sum never forgets. That is right for a convex problem with noise and fatal on a long walk.
#
# The small $\epsilon$ only saves a division by zero. Papers often put it inside the root, $\sqrt{s_j + \epsilon}$,
# programs (PyTorch's too) outside, as here, and that isn't the same: for $g = 10^{-4}$ and $\epsilon = 10^{-7}$ the
# first step is 0.30 times $\alpha$ with it inside and 0.999 times $\alpha$ outside.

# %% [markdown] covers="07.42 E07-rmsprop-gamma"
# **RMSProp** (Tijmen Tieleman and Geoffrey Hinton, in a lecture of 2012) forgets: it takes a running *average* of the
# squares,
#
# $$s_j \leftarrow (1 - \gamma)\,s_j + \gamma\,g_j^2, \qquad
#   \theta_j \leftarrow \theta_j - \alpha\,\frac{g_j}{\sqrt{s_j} + \epsilon} ,$$
#
# with weights such as 0.9 for the old average and 0.1 for the new square. Then each coordinate is divided by its own
# root mean square, so once the average has filled its steps have root mean square about $\alpha$, whatever its scale.
# Beware of the letter: some call the weight of the new square $\gamma$, as here, others that of the old average
# $\rho$; PyTorch's `RMSprop` calls the *old* weight `alpha`, 0.99 unless given. Where it matters, say which one you
# mean.

# %% [markdown] covers="07.44 E07-eps-10e-8 E07-range-loop"
# **Adam** (Diederik Kingma and Jimmy Ba, 2014) averages the gradient as well as its square, so it is momentum in the
# averaging form over RMSProp:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\,g, \qquad s \leftarrow \beta_2 s + (1 - \beta_2)\,g^2,$$
#
# each coordinate for itself, with $\beta_1 = 0.9$ and $\beta_2 = 0.999$. There is a flaw to mend first. Both averages
# start at zero. After the first gradient $m = 0.1\,g$ and $s = 0.001\,g^2$, so $m/\sqrt s = 0.1/\sqrt{0.001} = 3.2$:
# the very first step, taken when least is known, would be three times too long. (RMSProp has the same flaw and no $m$
# to soften it. In the race, where $\beta_2 = 0.999$ for both, its first step is $\alpha/\sqrt{0.001} = 32\,\alpha$ in
# each coordinate, which is why it leaps in *Adam on the axes*.) How far off is an average that started at zero?
# Unroll it,
#
# $$m_t = (1 - \beta)\sum_{i=1}^t \beta^{t-i} g_i .$$
#
# If all $g_i$ have the same mean $\bar g$, the mean of $m_t$ is $\bar g\,(1 - \beta)(1 + \beta + \dots + \beta^{t-1})
# = (1 - \beta^t)\,\bar g$. So dividing by $1 - \beta^t$ makes it right from the first step on:
#
# $$\hat m = \frac{m}{1 - \beta_1^t}, \qquad \hat s = \frac{s}{1 - \beta_2^t}, \qquad
#   \theta \leftarrow \theta - \alpha\,\frac{\hat m}{\sqrt{\hat s} + \epsilon}, \qquad \epsilon = 10^{-8} .$$
#
# The counter $t$ is 1 at the first step (a loop over $n$ steps runs over `range(1, n + 1)`; `range(1, n)` does one
# too few). And $10^{-8}$ is `1e-8` in Python; `10e-8` is ten times as much.
#
# Below, gradients with mean 1 and much noise come in, and an average with $\beta = 0.99$ is taken. Where does the raw
# average stand after 50 steps?

# %%
from scipy.signal import lfilter

beta, t = 0.99, np.arange(1, 501)
gradients = 1 + 0.8 * np.random.default_rng(0).normal(size=len(t))
raw = lfilter([1 - beta], [1, -beta], gradients)  # the exponential average, started at zero
figure, ax = panels(width=5)
ax.plot(t, gradients, ".", color=GREY, ms=2, alpha=0.5)
ax.set(xlabel="step t", ylabel="average of the gradient", ylim=(-0.6, 2.6), xlim=(0, 500))
for values, colour, text, dy in (
    (np.ones(500), GREEN, "the mean", -8),
    (raw, PURPLE, "raw", -17),
    (raw / (1 - beta**t), BLUE, "corrected", 9),
):
    label_line(ax, ax.plot(t, values, color=colour, ls=DASH[colour])[0], text, dy=dy)
show(figure, alt="The raw average creeps up from zero for 300 steps; divided by 1 − βᵗ it is right from the start.")

# %% [markdown]
# It stands at 0.45 in this draw, and at $1 - 0.99^{50} = 0.395$ in the mean, instead of 1. The corrected one is noisy
# at first, since it has seen little, but not biased. With the correction, the first Adam step has length $\alpha$ in
# *every* coordinate: $\hat m = g$, $\hat s = g^2$, and $g/\sqrt{g^2}$ is the sign.

# %% [markdown]
# ### Exercise: adam_step (3 points, 15 minutes)
# One step of Adam with bias correction, by the formulas above, for `theta` and `grad` of the same shape. `state` is
# `None` at the first call and afterwards whatever your last call returned beside the new `theta`: what it holds is up
# to you. A call must not change the arrays or the state it was given: it is called twice with the same arguments and
# must give the same answer twice, and several parameter vectors with states of their own are updated in turn, so
# nothing may be kept outside `state`. Integers may come in, gradients may be exactly 0 in some coordinates, or as
# small as $10^{-9}$ or as large as $10^6$; $\epsilon$ stands outside the root. To test by hand: from 1, with
# gradients 2 and then 1 and `alpha` = 0.1, you come to 0.9 and then 0.80678.

# %% exercise="adam_step"

# %% [markdown] covers="07.43 E07-rmsprop-better"
# Does it cure the ravine? It must, when the axes of the ravine are the coordinates: dividing by the root mean square
# takes $\kappa$ out. But what are the coordinates to a ravine that lies askew? On the right it is turned by 45°, and
# both coordinates see the same mixture of steep and flat.


# %%
def walk(ground, make, steps, start=None, **parameters):
    """The path (steps + 1, 2) of an optimizer of PyTorch, make(list of parameters), on a landscape."""
    theta = torch.tensor(ground.start if start is None else start, dtype=torch.float64)
    optimizer, path = make([theta]), [theta.numpy().copy()]
    for _ in range(steps):
        theta.grad = torch.tensor(np.array(ground.gradient(*path[-1], **parameters)))
        optimizer.step()
        path.append(theta.numpy().copy())
    return np.array(path)


rules = (
    ("momentum", lambda theta: torch.optim.SGD(theta, lr=0.02, momentum=0.75), BLUE),
    ("Adam", lambda theta: torch.optim.Adam(theta, lr=0.05), PURPLE),
)
figure, axes = panels(2, height=3)
for ax, phi in zip(axes, (0.0, 45.0), strict=True):
    x, y = np.meshgrid(np.linspace(-3, 3, 90), np.linspace(-3, 3, 90))
    ax.contour(x, y, landscapes.ravine.relief(x, y, phi=phi), levels=16, linewidths=0.7)
    for text, make, colour in rules:
        path = walk(landscapes.ravine, make, 150, phi=phi)
        ax.plot(*path.T, color=colour, ls=DASH[colour], lw=1.5)
        ax.plot(*path[-1], MARKER[colour], color=colour, ms=7, mec="white")
        cost = float(landscapes.ravine(*path[-1], phi=phi))
        print(f"turned by {phi:2.0f}°, {text:8s}: cost after 150 steps {cost:.0e}")
    ax.set(xlabel="x", ylabel="y", aspect="equal", title=f"turned by {phi:.0f}°", xlim=(-3, 3), ylim=(-3, 3))
show(figure, alt="In a ravine along the axes Adam arrives as momentum does; turned by 45° it creeps along the valley.")

# %% [markdown]
# Turned, Adam creeps. A rule that works coordinate by coordinate repairs curvature only as far as the Hessian is
# about diagonal. Momentum and Newton's method don't care how the axes lie: a turned problem gives a turned path. Why
# adaptive methods do so well on networks all the same is not fully understood. It helps that layers differ in the
# scale of their gradients, and that some inputs (rare words, say) have large gradients seldom.
#
# Race your Adam, dashed over PyTorch's, and turn the ravine slowly from 0° to 45°. The slider called μ is Adam's
# $\beta_1$. Then try the plateau, where the gradient is tiny and Adam's steps are not.

# %%
demos.landscape_racer(
    momentum=momentum_step,
    adam=adam_step,
    rules=["momentum", "RMSProp", "Adam"],
    landscape="ravine",
    lr=0.05,
    phi=20.0,
)

# %% [markdown] covers="07.45 E07-adam-claims"
# How good is Adam, then? With its default settings it works well on most networks, and it forgives a learning rate
# that is off by a few times, because its steps don't depend on the scale of the gradient. That is why it is the usual
# first choice. The theory is less friendly. Sashank Reddi, Satyen Kale and Sanjiv Kumar (2018) found an error in the
# convergence proof, and convex problems, online and stochastic ones, on which Adam walks to the *worst* point: a rare
# large gradient is forgotten too soon. Ashia Wilson and others (2017) found carefully tuned gradient descent with
# momentum no worse, and often better on test data. For transformers Adam stayed ahead. Which rule is better depends
# on the problem and on the effort in tuning. How Adam and weight decay get along (AdamW) is told in lecture 08.

# %% [markdown] covers="07.47 07.48 07.49 E07-sampling-range E07-epoch-loop"
# ## Noise
#
# So far the walker knew the true slope. It is a mean over all examples,
#
# $$J = \frac1N\sum_{i=1}^N J^{(i)}, \qquad \nabla J = \frac1N\sum_{i=1}^N \nabla J^{(i)} ,$$
#
# and for a million examples a single step of such **batch gradient descent** costs a million gradients. Do we need
# all of them to know where downhill is? Ask one example, drawn at random from the $N$ *examples*: the mean of
# $\nabla J^{(i)}$ over this draw is exactly $\nabla J$. It is an **unbiased** estimate, a million times cheaper, and
# walking by it is **stochastic gradient descent**, after Herbert Robbins and Sutton Monro (1951). In between lies the
# **mini-batch**, the mean over $S$ examples. An **epoch** is one pass over the data: $N/S$ updates, not one.
#
# Here is the cost of a line through 64 points. Where do the two paths differ, on the way and at the end?

# %%
a, t = data.line_data()
rng = np.random.default_rng(1)
figure, ax = panels(width=4.6, height=3.2)
x, y = np.meshgrid(np.linspace(0.6, 4.8, 90), np.linspace(-2.1, 1.9, 90))
ax.contour(x, y, landscapes.noisy.relief(x, y), levels=18, linewidths=0.7)
for S, colour, text in ((1, ORANGE, "one example"), (64, BLUE, "all 64")):
    place, path = np.array(landscapes.noisy.start), []
    for _ in range(120):
        path.append(place)
        batch = rng.choice(64, S, replace=False)
        place = place - 0.1 * np.array(landscapes.noisy.gradient(*place, data=(a[batch], t[batch])))
    ax.plot(*np.array(path).T, color=colour, ls="-", lw=1.2, marker=MARKER[colour], ms=3)
    ax.text(*{1: (2.1, -1.95), 64: (3.1, -0.75)}[S], text, color=colour)
ax.plot(*landscapes.noisy.minima_for(data=None)[0][:2], MARKER[GREEN], color=GREEN, ms=12, mec="white")
ax.set(xlabel="slope", ylabel="intercept")
show(figure, alt="One example at a time goes the same way with detours, and at the end jitters around the minimum.")

# %% [markdown] covers="07.50"
# The way is the same, in the mean, and 64 times cheaper. At the end the two part: the exact path stops at the
# minimum, the noisy one jitters about it for ever. How large is the noise? A worked case: three examples have the
# gradients 1, 2 and 6, mean 3. A batch of one is off by $-2$, $-1$ or $3$: the mean square is $(4 + 1 + 9)/3 = 4.67$.
# A batch of two different examples has mean 1.5, 3.5 or 4, is off by $-1.5, 0.5, 1$, and its mean square is $1.17$. A
# batch of three is never off.

# %% [markdown] covers="07.51"
# Drawn *with* replacement, errors are independent, so the variance of a mean of $S$ is $\sigma^2/S$, where $\sigma^2$
# is that of a single example. Here that would be $4.67/2 = 2.33$; different examples do better, 1.17, and a full
# batch has no error. How much better follows from one thought. Write the batch's error as a sum of $S$ errors,
# divided by $S$. Its mean square is
#
# $$\frac{1}{S^2}\big(S\,\sigma^2 + S(S-1)\,c\big) ,$$
#
# with $c$ the covariance of two *different* examples' errors in a batch. It is negative: the errors of all $N$ add up
# to zero, so if one is too high, the others are on average too low. What must $c$ be? The batch with $S = N$ knows.

# %% [markdown]
# ### Exercise: minibatch_noise (2 points, 12 minutes)
# `G` of shape (N, D) holds the gradient of each of the N examples. A mini-batch is a set of `S` *different* examples,
# all sets equally likely. Return the expected squared distance between the mean gradient of the batch and the mean of
# all, a number, exactly: no sampling. The squared distance of two vectors is the sum over their D coordinates. It
# must be 0 for `S` = N, also for N = 1; and right when all gradients share an offset of $10^7$, so subtract before
# you square. `G` may hold integers. The case above, `G` = [[1], [2], [6]], gives 4.667, 1.167 and 0.

# %% exercise="minibatch_noise"

# %% [markdown]
# In *variance* the noise falls as $1/S$, as long as $S$ is small beside $N$; four times the batch halves its root.
# Now what does it do to the walker? Near the minimum, in a direction with curvature $\lambda$, a step with an error
# $\xi$ of variance $s^2$ is $e \leftarrow (1 - \alpha\lambda)\,e - \alpha\,\xi$. If the variance $V$ of $e$ has
# settled, $V = (1 - \alpha\lambda)^2\,V + \alpha^2 s^2$, hence
#
# $$V = \frac{\alpha\,s^2}{\lambda\,(2 - \alpha\lambda)} \approx \frac{\alpha\,s^2}{2\lambda} .$$
#
# Halve $\alpha$ or double $S$: the cloud shrinks about equally. Look whether it does; the dashed ellipse is the
# formula with your $s^2$, the solid one is measured. (Each update draws a fresh batch, as the formula assumes; the
# common practice, shuffling once an epoch, is a little less noisy.) On the right: how many updates to a good cost,
# with the best $\alpha$ for each $S$? Look for the place where the curve leaves the line $1/S$.

# %%
demos.noise_and_batch_size(minibatch_noise)

# %% [markdown] covers="07.58 07.59 E07-halve-epoch"
# With the preset *sudden drops* the rate is divided by ten after 50 epochs, at the vertical line, and the loss drops
# to about a tenth. It looks as if learning had just discovered something. It has only stopped jittering: what falls
# is the fluctuation. So there is a tension. A large rate travels, a small one settles; a **schedule** does first the
# one, then the other. **Step decay** halves the rate every few epochs, or divides it by ten when the validation error
# stops falling (halving after *every* epoch would leave a thousandth after ten, too little for most walks).
# **Exponential** decay is $\alpha_0 e^{-kt}$, **hyperbolic** decay $\alpha_0/(1 + kt)$, and the **cosine** falls from
# $\alpha_0$ to 0 along half a wave. The preset *averaged instead* shows another way: leave the rate, and *average the
# iterates* of the second half (David Ruppert, and Boris Polyak, around 1990).

# %% [markdown] covers="07.54 E07-unused-lambda"
# Time to train something. Here is the complete loop of stochastic gradient descent with momentum for a network with
# one hidden layer, nothing hidden but the chain rule, which is PyTorch's. Weight decay $\lambda$ (lecture 08) adds
# $\lambda W$ to the gradient of $W$: a setting that is chosen must also be used. And $\mu$ lies in $0 \le \mu < 1$.


# %%
def train(model, alpha, mu=0.0, lam=0.0, S=50, steps=480, schedule=lambda epoch: 1.0, X=images, y=labels, seed=0):
    """Trains the model in place; returns its cost on 300 fixed examples, before training and every 4 updates."""
    rng = np.random.default_rng(seed)
    velocity = [torch.zeros_like(w) for w in model.parameters()]
    record = []
    for step in range(steps + 1):
        if step % 4 == 0:
            with torch.no_grad():
                record.append(cost_of(model, X[:300], y[:300]).item())
        if step == steps:  # only the record was left to do
            break
        batch = rng.choice(len(X), S, replace=False)  # S of the N examples
        J = cost_of(model, X[batch], y[batch])  # forward
        slopes = torch.autograd.grad(J, list(model.parameters()))  # backward: error signals and gradients
        with torch.no_grad():
            for w, p, g in zip(model.parameters(), velocity, slopes, strict=True):
                decay = lam if w.ndim == 2 else 0.0  # weights, not biases
                p.mul_(mu).sub_(alpha * schedule(step * S / len(X)) * (g + decay * w))
                w.add_(p)
    return 4 * np.arange(len(record)), np.array(record)


def accuracy(model):
    with torch.no_grad():
        return (model(images_test).argmax(dim=1) == labels_test).double().mean().item()


model = digit_network()
steps, record = train(model, alpha=0.1, mu=0.9)
print(f"cost {record[0]:.2f} -> {record[-1]:.3f}; right on {accuracy(model):.1%} of 597 unseen digits")

# %% [markdown] covers="07.55"
# Of an epoch's 24 updates each sees 50 examples. What we recorded is a **training curve**: the cost on a *fixed* set
# of examples against the number of updates. On the batches themselves it would be noisier, and each point would speak
# of other examples. It is the stethoscope of the trade, so learn its sounds. Four learning rates, plain gradient
# descent in mini-batches. Which one would you stop, which one let run?

# %%
figure, (left, right) = panels(2, width=3.7, height=2.9)
left.set(xlabel="update", ylabel="cost on fixed examples", yscale="log", ylim=(0.03, 400), xlim=(0, 480))
for alpha, colour in ((0.003, GREY), (0.3, BLUE), (2.0, PURPLE), (8.0, ORANGE)):
    steps, record = train(digit_network(), alpha)
    label_line(left, left.plot(steps, record, color=colour, ls=DASH[colour], lw=1.3)[0], f"α = {alpha:g}")
right.set(xlabel="update", ylabel="cost on fixed examples", xlim=(0, 480), ylim=(0, 2.4))
for schedule, colour, text in (
    (lambda epoch: 1.0, BLUE, "rate kept"),
    (lambda epoch: 1.0 if epoch < 2.5 else 0.01, ORANGE, "cut too early"),
):
    steps, record = train(digit_network(), 0.1, schedule=schedule)
    label_line(right, right.plot(steps, record, color=colour, ls=DASH[colour])[0], text)
show(
    figure,
    alt="Too small is slow, good falls, too large jumps, far too large is lost; a rate cut early looks converged.",
)

# %% [markdown] covers="07.56"
# At 0.003 progress is steady and slow: raise the rate. 0.3 is good. At 2 the curve leaps up, swings, and comes back
# in the end; at 8 it is lost: lower it. On the right the orange curve looks as if it had arrived, flat and calm; but
# the rate was cut to a hundredth after 60 updates, and the blue one shows what was still to be had. A flat curve
# means that *this* walker no longer moves. No training curve proves that a minimum was reached.
#
# Now the opposite experiment: at which moment does cutting the rate pay? Batches of 5 examples, so much noise; the
# rate divided by ten after 480 of 960 updates, and after 100.

# %%
figure, ax = panels(width=5.6, height=2.9)
ax.set(xlabel="update", ylabel="cost on fixed examples", yscale="log", xlim=(0, 960), ylim=(0.02, 3))
for cut, colour, text, dy in (
    (960, GREY, "never cut", 4),
    (480, BLUE, "cut at 480", 0),
    (100, ORANGE, "cut at 100", 0),
):
    steps, record = train(
        digit_network(), 0.5, S=5, steps=960, schedule=lambda epoch, cut=cut: 1.0 if epoch * 240 < cut else 0.1
    )
    label_line(ax, ax.plot(steps, record, color=colour, ls=DASH[colour], lw=1.2)[0], text, dy=dy)
show(
    figure, alt="When the rate is cut, the cost drops at once; cut after 100 updates, it stays higher in the long run."
)

# %% [markdown] covers="07.60"
# At the cut the cost drops within a few updates: the end of the jitter. The early cut is ahead, most of the time,
# until about update 300, and loses in the end, since a walker with a tenth of the rate makes a tenth of the way. Cut
# when the curve has stopped falling, not as soon as it looks noisy.

# %% [markdown] covers="07.57 E07-tune-last"
# Rates between 0.001 and 0.1 are typical for gradient descent on networks of usual size (ours is small and took
# more), and a few times $10^{-4}$ to $10^{-2}$ for Adam. Search on a *logarithmic* grid, $0.001, 0.003, 0.01, \dots$:
# what counts is the factor. If progress is steady but slow, go up; at jumps or divergence, down. And tune the rate
# *first*: no other setting matters as much. Tune it again after changing the batch size, for the two belong together.

# %% [markdown] covers="07.52"
# **How large a batch?** An epoch costs the same number of gradients at any $S$. Counting multiplications alone, small
# batches look best, since an update from one example costs a sixty-fourth of one from 64. But a processor computes 64
# examples in hardly more time than one, until it is busy. And the noisier the gradient, the smaller the rate must be.
# So measure both factors: the time of an update, and the updates needed (to a cost of 0.4, with the best of four
# rates for each $S$).


# %%
def updates_to(goal, S, rates, limit=600):
    """The fewest updates to this cost on the 300 fixed examples, over learning rates."""
    needed = []
    for alpha in rates:
        steps, record = train(digit_network(), alpha, S=S, steps=limit if not needed else min(needed))
        arrived = np.flatnonzero(record < goal)
        if len(arrived):
            needed.append(int(steps[arrived[0]]))
    return min(needed, default=limit)


def seconds_an_update(S):
    model, best = digit_network(), np.inf
    for _ in range(7):
        start = time.perf_counter()
        torch.autograd.grad(cost_of(model, images[:S], labels[:S]), list(model.parameters()))
        best = min(best, time.perf_counter() - start)
    return best


sizes = (2, 4, 8, 16, 32, 128, 512, 1200)
figure, (left, right) = panels(2)
milliseconds = [1e3 * seconds_an_update(S) for S in sizes]
left.loglog(sizes, milliseconds, "-o", color=BLUE)
left.set(xlabel="batch size S", ylabel="time of an update (ms)", ylim=(min(milliseconds) / 2, 2 * max(milliseconds)))
needed = [updates_to(0.4, S, (0.2, 0.6, 2.0, 4.0)) for S in sizes]
for S, ms, updates in zip(sizes, milliseconds, needed, strict=True):
    print(f"S = {S:4d}: {ms:5.2f} ms an update, {updates:3d} updates, {S * updates:5d} examples")
right.loglog(sizes, needed, "-o", color=BLUE)
right.loglog(sizes, needed[0] * sizes[0] / np.array(sizes), color=GREY, ls=DASH[GREY], lw=1)
right.text(3.2, needed[0] / 5.5, "∝ 1/S", color=GREY)
right.set(xlabel="batch size S", ylabel="updates to a cost of 0.4", ylim=(0.5 * min(needed), 2 * max(needed)))
show(
    figure,
    alt="An update's time is flat, then grows; the updates needed fall, then stay: beyond some S nothing is gained.",
)

# %% [markdown] covers="07.53"
# Two regimes each, with their bends in different places. Left: as long as the machine isn't busy, a larger batch is
# nearly free; then an update takes longer. Right: at first a larger batch allows a larger rate and needs fewer
# updates; beyond the **critical batch size** the noise is no longer what limits the walk, and a larger batch buys
# nothing. Here the bend lies at about 8 to 16. Up to 8 all sizes cost about the same number of *examples*, 500 to
# 700, so there is no "best $S = 1$" either; 16 costs 1088, and 128 costs 5632. In practice try 32, 64, 128, 256:
# large enough for the machine, and for a problem harder than these digits often still below the critical size.

# %% [markdown] covers="07.61"
# ## A good start
#
# Where should the walk begin? The first thought, all weights zero, you have seen to be a saddle. The second, all
# weights equal, is no better. Two hidden units with the same weights, in and out, compute the same value for each
# input, get the same error signal, and hence the same gradient: they stay equal for ever. A layer of a hundred such
# units is one unit. Only chance breaks this **symmetry**, so the first weights are random. The biases may be zero;
# once the weights differ, nothing else has to.

# %% [markdown] covers="07.62 07.63 E07-xavier E07-003-index E07-fan-in-words E07-fan-sum-index"
# How large? Follow a signal. A unit adds up $z = \sum_{j=1}^{n} w_j x_j$ over its $n$ inputs, the **fan-in**. Let the
# weights be independent of each other and of the inputs, with mean 0 and variance $v$. The terms are uncorrelated,
# each has mean square $v\,\overline{x^2}$, so
#
# $$\overline{z^2} = n\,v\;\overline{x^2} .$$
#
# With a thousand inputs and $v = 1$ the signal is 32 times as large after one layer, after ten $10^{15}$ times. To
# keep its size, take $v = 1/n$: the standard deviation of the weights is *inversely* proportional to the square root
# of the fan-in. More inputs make the sum larger, so each weight must be smaller. This is Yann LeCun's choice (1998).
#
# Going back, the error signal of a unit is a sum over the units it feeds, its **fan-out**, so the message keeps its
# size for $v = 1/\text{fan-out}$. Both can't hold unless the layer is square. Xavier Glorot and Yoshua Bengio (2010)
# proposed the compromise
#
# $$v = \frac{2}{\text{fan-in} + \text{fan-out}} .$$
#
# For 400 inputs and 100 outputs it gives 0.004 where $1/\text{fan-in}$ is 0.0025. "Xavier initialisation" is said of
# both, and of uniform variants of the same variance; look at the formula, not at the name. In terms of layers, fan-in
# and fan-out are the sizes of the layers on the two sides of the weight matrix, however one numbers them.

# %% [markdown] covers="07.64"
# A ReLU changes the account. If $z$ is symmetric about 0, half of it is set to zero, and with it half of the mean
# square: $\overline{h^2} = \frac12\overline{z^2}$. To make up for it, Kaiming He and others (2015) double the
# variance,
#
# $$v = \frac{2}{\text{fan-in}}, \qquad\text{standard deviation}\quad \sqrt{2/\text{fan-in}} .$$
#
# Is a factor of 2 worth a name? Through thirty layers it is $2^{30}$ in the mean square, a billion.

# %% [markdown]
# ### Exercise: init_weights (1 point, 6 minutes)
# Return an array of shape (fan_out, fan_in) of normal random weights with mean 0 and variance $1/\text{fan-in}$ for
# the scheme "lecun", $2/(\text{fan-in} + \text{fan-out})$ for "glorot", $2/\text{fan-in}$ for "he". Draw only from
# `rng`, a `np.random.Generator`, so that equal generators give equal weights and a second call with the same
# generator gives others. An unknown scheme raises a ValueError. (`rng.normal` takes a *standard deviation*.)

# %% exercise="init_weights"

# %% [markdown]
# Send a signal through many layers, and a message back. On the left, each column is a histogram of a layer's
# activations; in the middle the same for the messages; on the right their sizes. Go through the presets. Then take
# "lecun" with ReLU and find the factor on the slider at which the signal keeps its size. Is it what you expect?

# %%
demos.signal_sizes(init_weights)

# %% [markdown]
# Half the right size, and after 20 layers the signal is gone, with the message back; three times, and more than half
# of the tanh activations are beyond $\pm0.9$, saturated. ReLU with $1/n$ loses a factor $\sqrt2$ a layer; with $2/n$
# it keeps its size, so the factor is $\sqrt2 = 1.41$. With *all equal*, look at the green line, *between units*: what
# differs between the units of a layer drops to nothing at the first. And even "good" isn't perfect. With tanh the
# signal shrinks from 1 to about 0.15 in 20 layers, at every width, because $|\tanh z| < |z|$ and our account was of
# the sums $z$ alone; that is slow, and systematic. ReLU with $2/n$ is right on average, but there each layer is a
# throw of dice: *new weights* gives another drift, the larger the narrower the layers.

# %% [markdown] covers="07.65 E07-bn-notation E07-bn-variance"
# **Normalise all the way.** A good start holds at the start. Sergey Ioffe and Christian Szegedy (2015) keep the
# signal's size *during* training: **batch normalisation**. For each unit take mean and variance of its input over the
# mini-batch $B$, normalise, then let the network undo it as far as it likes,
#
# $$\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}}, \qquad y_i = \gamma\,\hat x_i + \beta ,$$
#
# with a scale $\gamma$ and a shift $\beta$ that are learned; with $\gamma = \sigma_B$ and $\beta = \mu_B$ the layer
# is the identity. The gradient flows through $\mu_B$ and $\sigma_B$ too. At test time there may be no batch, so
# running averages from training take their place. A detail that has cost people days:

# %%
norm = nn.BatchNorm1d(1, momentum=1.0)  # PyTorch's momentum here is the weight of the new value
batch = torch.tensor([[1.0], [2.0], [3.0], [6.0]])
out = norm(batch)
print(f"variance divided by 4: {batch.var(correction=0):.3f}, by 3: {batch.var():.3f}")
print(
    f"used in training: {((batch - 3)[0, 0] / out[0, 0]).item() ** 2:.3f}; kept for testing: {norm.running_var.item():.3f}"
)

# %% [markdown] covers="07.66 07.67 E07-bn-why"
# The batch of $S$ examples is normalised with the variance divided by $S$, here 4, but the running average stores the
# one divided by $S - 1$. And forgetting `model.eval()` at test time makes each answer depend on its neighbours in the
# batch. In practice batch normalisation usually stands before the activation. It allows higher learning rates, forgives
# a careless start, and leaves fewer units dead. It needs batches that are not tiny; the residual networks of 2015
# used 256.
#
# *Why* it helps is an open question. Its inventors said that it stops the inputs of a layer from shifting while the
# layers below change, *internal covariate shift*. Shibani Santurkar and others (2018) added such shifts on purpose,
# after the normalisation, and it helped just as well; they hold that it makes the ground smoother. Neither is the
# last word.

# %% [markdown]
# ## Newton and curvature
#
# We began with the Hessian, and then spent the lecture avoiding it. Why not use it? The Taylor expansion about
# $\theta$ is a quadratic in the step $d$, $J + g^\top d + \frac12 d^\top H d$, and its critical point is where
# $g + Hd = 0$. So step there at once:
#
# $$\theta \leftarrow \theta - H^{-1} g .$$
#
# On a quadratic bowl, however narrow, this arrives in *one* step, and it doesn't matter how the ravine is turned.
# (Don't invert, solve.) And on other ground? The formula goes to the *critical point* of the model, whatever kind it
# is. At $(1.5,\,0.001)$ on our saddle, $H$ is nearly $\operatorname{diag}(1, -1)$ and the slope $(1.5, -0.001)$, so
# the step is $(-1.5, -0.001)$: straight onto the saddle. Newton's method is attracted to saddles, and a network's
# ground has plenty.
#
# The usual repair is **damping**: solve with $H + \delta I$. With $\delta$ above the *size* of the most negative
# curvature all directions go downhill; a huge $\delta$ makes short steps of gradient descent. Try $\delta = 0$, 0.2,
# 1.5 and 4 on the saddle (the slider *Newton's damping*), then go to Rosenbrock's valley, where Newton needs a
# handful of steps.

# %%
demos.landscape_racer(
    landscape="saddle", rules=["gradient descent", "Newton"], start=(1.5, 0.05), lr=0.1, damping=0.2, steps=60
)

# %% [markdown] covers="07.46 E07-newton-cost"
# A step multiplies the distance from the ridge, near the saddle, by $\delta/(\delta + \lambda)$ with $\lambda = -1$.
# With $\delta = 0.2$ that is $-0.25$: the ridge is still bent the wrong way, and Newton goes to the saddle. With 1.5
# it is 3, and the walk ends in a minimum. Then why does nobody train networks so? Count, for $N$ examples and $d$
# parameters:
#
# | method | steps it needs | cost of a step |
# |---|---|---|
# | Newton | very few | $N d^2$ to build $H$, and $d^3/3$ to solve |
# | L-BFGS, which remembers $m$ earlier steps | few | $N d$ for the gradient, and $m d$ |
# | gradient descent | many | $N d$ |
# | mini-batches of $S$ | very many | $S d$ |
# | one example | very many | $d$ |
#
# For $N = 1000$ and $d = 50$ that is 2.5 million to build the Hessian and some 40 000 to solve: cheap. For $d = 10^6$
# the Hessian alone has $10^{12}$ entries. And with mini-batches it is noisy, as the gradient is, but harder to
# average. Methods of second order stay at home on problems of moderate size, with exact gradients; there, L-BFGS is
# often the best there is.

# %% [markdown]
# ## A rule of your own
#
# You know all the ideas now: the sign, the average, the velocity, the look-ahead, the scale of each coordinate, the
# falling rate, the curvature. Make a rule.
#
# It will meet thirteen problems and is told nothing about them. Nine are bowls in ten dimensions, turned at random,
# with condition numbers 10, 100 and 1000 and largest curvatures 0.1, 1 and 100, started about 6 from the minimum. Two
# are Rosenbrock's valley, with $b = 10$ and 100; one is the saddle, entered a thousandth beside the ridge; the last
# is a logistic regression whose columns differ in scale by 200. A problem counts as solved if after 500 steps at most
# a thousandth of the start's height above the minimum is left. Here is the trouble with a fixed rate:

# %%
for alpha in (0.015, 0.15, 1.5, 15.0):

    def fixed(theta, grad, state, step, alpha=alpha):
        return theta - alpha * grad, None

    card = landscapes.score_card(fixed, seed=0)
    print(f"gradient descent, α = {alpha:5g}: {sum(card.values()):2d} of 13 solved")

# %% [markdown]
# No single rate serves a largest curvature of 100 and one of 0.1. Adam with its default settings does no better, for
# another reason: 500 steps of 0.001 can't walk a distance of 6.

# %% [markdown]
# ### Exercise: my_optimizer (3 points, 25 minutes)
# Design one update rule that works on all problems without tuning. `theta` and `grad` have shape (D,). `state` is
# `None` first and then whatever you returned; `step` counts from 1 to 500. Return the new `theta` and the new state.
# The rule sees only the gradient, never the cost. You pass with at least 10 of 13 solved on *each* of three fresh
# seeds. Adam with a rate of 0.1 gets 12; beat it. (NumPy is there, and so is all that you have written. If your state
# holds arrays, return new ones and leave those alone that you were given.)
#
# Three questions to start from. What could make the length of your step independent of the scale of the gradient?
# What lets it walk far at first, and settle at the end? And what could tell it that it has stepped over a valley?

# %% exercise="my_optimizer"

# %% [markdown]
# Your score card, beside a rival from PyTorch that has one learning rate for all problems. Pick a problem that you
# don't solve yet and look at its curve: did you stop too early, dance around the minimum, or fly away?

# %%
demos.score_card(my_optimizer)

# %% [markdown]
# And now the race that this lecture was for: your rule against all the others, on every ground. Choose the landscape,
# switch the others on and off, drag the start. Turn the ravine: does your rule mind? Put it on the cliff. Add
# gradient noise: rules that trust a single sign, or a difference of two gradients, now pay for it.

# %%
demos.landscape_racer(
    my_optimizer,
    rules=["gradient descent", "momentum", "Adam", "MY RULE"],
    landscape="rosenbrock",
    start=(-1.5, 2.0),
    lr=0.01,
    steps=300,
    time=300,
)

# %% [markdown] covers="07.68 E07-table-rows"
# ## A table for the practitioner
#
# When training goes wrong you see a curve, and want a cause. Nine troubles, what they look like, how to make sure,
# and what helps:
#
# | trouble | symptom | how to make sure | what helps |
# |---|---|---|---|
# | wrong gradients | learns badly or not at all, at any rate | finite differences (lecture 04) | mend the code |
# | local optima, saddles | a shelf in the curve | several starts | momentum, noise, other starts |
# | symmetry | as if it had one hidden unit | compare the units' weights | random first weights |
# | too slow | falls steadily, slowly | try three times the rate | larger rate, momentum, Adam |
# | unstable | turns up, to far too high or infinity | try a third of the rate | smaller rate, clipping, warm-up |
# | oscillating | up and down, regularly | a smaller rate calms it | smaller rate, less or more momentum |
# | noisy | rough, and in the end no lower | a larger batch smooths it | let the rate fall, average, larger batch |
# | dead or saturated units | flat from the start or from a jump on | histogram of activations | smaller rate, better start, cross-entropy |
# | ill-conditioning | falls fast, then crawls | scales of inputs, curvatures | normalise, momentum, adaptive rates |
#
# Now diagnose. Below are eight training curves of the digit network, costs on fixed examples; the grey one is healthy
# and drawn behind all others. Each of the other seven has one cause. Write down seven causes before you open the
# answers.


# %%
def spoiled(layer, change):
    """The digit network after changing something in one of its layers."""
    model = digit_network(activation=nn.ReLU)
    with torch.no_grad():
        change(model[layer])
    return model


def with_wrong_sign(model, alpha, steps=480):
    """Trains with the gradient of the first layer turned round, as a slip of a sign would do."""
    model[0].weight.register_hook(lambda g: -g)
    return train(model, alpha, steps=steps)


def equal(layer):
    layer.weight.fill_(0.1)
    layer.bias.zero_()


def equal_everywhere():
    model = digit_network(activation=nn.ReLU)
    with torch.no_grad():
        equal(model[0])
        model[2].weight.copy_(model[2].weight[:, :1].expand(-1, 32))
    return model


stretched = images.clone()
stretched[:, 28] *= 60  # one pixel of 64 in other units
healthy = train(digit_network(activation=nn.ReLU), 0.3)
curves = {
    "A": train(digit_network(activation=nn.ReLU), 0.015),
    "B": train(equal_everywhere(), 0.3),
    "C": train(digit_network(activation=nn.ReLU), 0.15, S=1),
    "D": with_wrong_sign(digit_network(activation=nn.ReLU), 0.3),
    "E": train(spoiled(0, lambda layer: layer.bias.fill_(-12.0)), 0.3),
    "F": train(digit_network(activation=nn.ReLU), 0.02, X=stretched),
    "G": train(digit_network(activation=nn.ReLU), 0.3, mu=0.99),
}
figure, axes = panels(4, 2, width=1.9, height=1.8, sharex=True, sharey=True)
for ax, (name, (steps, record)) in zip(axes.flat, curves.items(), strict=False):
    ax.plot(*healthy, color=GREY, ls=DASH[GREY], lw=1)
    ax.plot(steps, np.minimum(record, 4), color=ORANGE, ls="-", lw=1.2)
    ax.set(title=name, ylim=(0, 3.6))
axes[1, 3].plot(*healthy, color=GREY, ls=DASH[GREY])
axes[1, 3].set(title="healthy")
axes[0, 0].set_ylabel("cost")
axes[1, 0].set(ylabel="cost", xlabel="update")
show(
    figure,
    alt="Seven sick training curves beside a healthy one: slow, high shelf, rough, rising, level, crawling, turning up.",
)

# %% [markdown]
# <details>
# <summary>The seven answers</summary>
#
# **A**: the learning rate is too small; a steady, slow fall without a bend. Raise it.
#
# **B**: all hidden units started equal. The curve falls to what a single hidden unit can do, and goes on along a high
# shelf. No learning rate helps; random weights do.
#
# **C**: one example at a time. The curve is rough, each spike is one unlucky example: noise. It still falls here,
# because it has seen fifty times fewer examples than the others; at this rate it will never calm down. Let the rate
# fall, or take larger batches. (With the healthy rate of 0.3 it would hardly have come down at all, so the rate is
# 0.15.)
#
# **D**: the gradient of the first layer has the wrong sign. The output layer goes down while the first layer climbs;
# for a while they are even, then the climber wins. No learning rate helps, and only finite differences tell for sure.
#
# **E**: dead units. With biases of $-12$ no ReLU is ever on, their gradients are exactly zero, and only the output
# biases learn, down to the cost of guessing, $\log 10 = 2.30$. A level line at that height is the mark of a network
# that ignores its inputs.
#
# **F**: one input column in other units, sixty times too large: ill-conditioning. A quick fall, then a crawl. The
# rate had to be lowered to 0.02 for the sake of one direction, and all others crawl. Normalise the inputs.
#
# **G**: too much momentum. With $\mu = 0.99$ the healthy rate acts like one a hundred times as large. The curve falls
# faster than the healthy one, turns up, and swings about far too high. Less momentum, or a smaller rate.
#
# </details>

# %% [markdown] covers="07.69"
# **Searching for settings.** Two settings to choose and nine trials to spend: a three by three grid, or nine random
# points? Usually one of them matters much more than the other, and you don't know which: the result is nearly
# $f(x, y) = g(x) + h(y)$ with an $h$ that is almost flat. How many different values of $x$ does each layout try?

# %%
rng = np.random.default_rng(5)
figure, axes = panels(2, width=2.9, height=2.9)
grid = np.array([(x, y) for x in (0.17, 0.5, 0.83) for y in (0.17, 0.5, 0.83)])
x = np.linspace(0, 1, 200)
g = np.exp(-(((x - 0.67) / 0.09) ** 2))
for ax, trials, title in zip(axes, (grid, rng.random((9, 2))), ("grid", "random"), strict=True):
    ax.plot(*trials.T, "o", color=BLUE, ms=6)
    ax.plot(x, 1.08 + 0.3 * g, color=GREEN, ls="-")
    tried = np.unique(trials[:, 0])
    heights = np.exp(-(((tried - 0.67) / 0.09) ** 2))
    ax.vlines(tried, 1.08, 1.08 + 0.3 * heights, color=ORANGE, lw=1.5)
    ax.axhline(1.04, color=INK, lw=0.8)
    ax.set(xlabel="setting that matters", xlim=(0, 1), ylim=(0, 1.42), xticks=(), yticks=(), title=title)
    print(f"{title}: {len(tried)} values of x tried, best result {heights.max():.2f} of 1")
axes[0].set_ylabel("setting that doesn't")
axes[0].text(0.05, 1.25, "g(x)", color=GREEN)
show(
    figure,
    alt="Nine grid points try three values of the setting that matters and miss the peak; nine random ones try nine.",
)

# %% [markdown] covers="07.70"
# Three, against nine: the grid spends two thirds of its trials on repeating itself (James Bergstra and Yoshua Bengio,
# 2012). This draw of nine also came near the peak; another may not. What random search buys is nine looks.

# %% [markdown] covers="07.71"
# In practice, then: normalise the inputs; take first weights of the right size; begin with Adam, or with gradient
# descent and a momentum of 0.9; a batch size that the machine likes. Search the learning rate first, by factors of
# three, on short runs, and look at the training *and* the validation curve. Let the rate fall when the curve has
# stopped falling. Change one thing at a time, and search the rate again when you change the batch.

# %% [markdown]
# ## Beyond: the edge of stability
#
# The quadratic analysis says: stay below $\alpha = 2/\lambda_{\max}$, and all is well. Real networks don't sit still
# for the analysis, since their Hessian changes as they learn. Here a network with 24 and 24 tanh units learns a wave
# by plain descent with all examples; purple is the largest eigenvalue of its Hessian, orange the limit. (It is found
# by power iteration: multiply a vector by the Hessian again and again. Lecture 04 explains how without ever building
# it.) What will happen when the purple curve reaches the line?

# %%
demos.edge_of_stability()

# %% [markdown]
# It rises to the limit, passes it, the cost begins to jump as the quadratic says, and then the curvature *falls
# back*: it stays at $2/\alpha$, while the cost goes down in the long run though not at every step. Jeremy Cohen and
# others described this *edge of stability* in 2021. Take another $\alpha$, and the same network settles at another
# curvature. So the learning rate doesn't only decide how fast you walk, but also which ground you end on. A full
# explanation is not known.

# %% [markdown]
# ## Beyond: what large models add
#
# *Warm-up*: the rate rises from zero over the first hundreds or thousands of steps, while averages fill and the first
# violent curvature goes by; then it falls along a *cosine*. *Decoupled weight decay* shrinks the weights beside
# Adam's step, not through its denominators (lecture 08). *Muon* (Keller Jordan and others, 2024) treats a weight
# matrix as a matrix: it takes its momentum and replaces it by the nearest orthogonal matrix, so that all its
# directions are of the same length, where Adam makes all *entries* alike.

# %% [markdown]
# ## Beyond: measuring the critical batch size
#
# Can one know the critical batch size without trying all? For a batch of $S$ the mean square of the gradient is
# $\lVert\nabla J\rVert^2 + \operatorname{tr}\Sigma/S$, where $\operatorname{tr}\Sigma$ is the noise of one example:
# two equations from two batch sizes, for two unknowns. Their ratio $\operatorname{tr}\Sigma/\lVert\nabla J\rVert^2$,
# the *gradient noise scale* (Sam McCandlish and others, 2018), is the size at which signal and noise are equal.


# %%
def mean_square(model, S, draws=150):
    rng, total = np.random.default_rng(0), 0.0
    for _ in range(draws):
        batch = rng.choice(len(images), S)
        slopes = torch.autograd.grad(cost_of(model, images[batch], labels[batch]), list(model.parameters()))
        total += sum((g**2).sum().item() for g in slopes) / draws
    return total


model, done = digit_network(), 0
for steps in (0, 60, 240, 320):
    train(model, 0.3, steps=steps, seed=done)
    done += steps
    small, large = mean_square(model, 4), mean_square(model, 256)
    noise = (small - large) / (1 / 4 - 1 / 256)
    print(f"after {done:3d} updates: noise scale about {noise / (large - noise / 256):.0f} examples")

# %% [markdown]
# It grows as training goes on: before training some 65 examples are enough to tell downhill from noise, at the end it
# takes ten times as many. (The bend at 8 to 16 in the figure of batch sizes is lower. One reason is that there the
# largest rate is limited by the steepest directions too, while this ratio weighs all directions alike; it gives an
# order of magnitude.) That is a reason for batches that grow, or, which shrinks the cloud alike, for rates that fall.

# %% [markdown]
# ## What to remember
#
# A quadratic falls apart into directions, and each is multiplied by $1 - \alpha\lambda$ a step. The steepest limits
# $\alpha$ to $2/\lambda_{\max}$, the flattest then needs about $\kappa$ steps; normalising the inputs lowers
# $\kappa$, and momentum takes its root, because in the complex region all directions shrink by $\sqrt\mu$. Momentum
# is a ball with friction, $\mu = 1 - \rho\,dt$ and $\alpha = dt^2$, with the top speed $\alpha/(1-\mu)$.
#
# Adaptive methods give each coordinate its own scale, which helps as far as the ravines lie along the axes. Noise
# falls as $1/S$ in variance and leaves a cloud of variance $\alpha s^2/(2\lambda)$; what drops when the rate is cut
# is that cloud. Start with random weights of variance $1/\text{fan-in}$, doubled for ReLU. At a saddle the curve
# rests and goes on; a plateau comes from saturation; a flat curve proves nothing. And when in doubt, look at the
# curve and change the learning rate.
