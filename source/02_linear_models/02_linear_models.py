# ---
# jupyter:
#   course:
#     title: Linear models
#     minutes: 170
#     promise: Regression and classification with one layer, trained by gradient descent from vectorised numpy
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
# # Linear models
#
# A weighted sum of measurements, plus a constant: with no more than that you will predict how a disease goes on,
# follow a wave, tell malignant from benign tissue, and read handwritten digits. A neural network is many such sums
# with something bent in between, so what you meet here you will meet in every later lecture, and above all one line:
# the gradient is *prediction minus target*, times input.
#
# Afterwards you can write the cost over a whole data set as one line of array arithmetic and derive its gradient;
# find the best weights in one stroke or step by step, and say which suits; bend a straight model with features, and
# see when it is bent too far; explain why nobody trains the share of right answers directly; and compute the losses
# of classification without overflow. It takes about 170 minutes, 70 to read and try and 100 for eight exercises and
# two questions. A good place for a break is half time, after the third section.

# %% setup=true
import time
from functools import cache
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from course import check, data
from course.demos import linear_models as demos
from course.figure import (
    BLUE,
    DASH,
    GREEN,
    GREY,
    INK,
    MARKER,
    ORANGE,
    PURPLE,
    label_line,
    panels,
    show,
    until_written,
)

# %% [markdown] covers="02.01 02.02 02.03"
# ## From rows of numbers to predictions
#
# In a clinic, ten things were measured on each of 442 diabetes patients: age, sex, body-mass index, blood pressure,
# six values from the blood. A year later a doctor put a number on how far the disease had progressed. Could you have
# told that number from the ten others?
#
# In general: given $N$ pairs $(x^{(i)}, t^{(i)})$ of an input vector $x \in \mathbb R^D$ and a real **target** $t$,
# find a rule that gives a good $t$ for an $x$ that is not among them. The simplest one that listens to all
# measurements gives each a **weight** $w_j$ and starts from a **bias** $b$:
#
# $$y = w_1 x_1 + \dots + w_D x_D + b = w^\top x + b .$$
#
# The number $y$ is the **prediction**. Weights and bias are the **parameters**, and one setting of them is one
# **hypothesis**, for instance "ten points for each unit of body-mass index, less 120, and nothing else counts".

# %%
patients, progression, columns = data.diabetes()  # (442, 10), (442,)
bmi = patients[:, [2]]  # (442, 1): one column, but still a matrix
print(", ".join(columns))
print(f"body-mass index {bmi[:3, 0]} kg/m², progression {progression[:3]}")

# %% [markdown] covers="02.04"
# Take that hypothesis, $y = 10\,x - 120$, and three patients. Their indices 32.1, 21.6 and 30.5 give the predictions
# 201, 96 and 185, but what came was 151, 75 and 141. The differences $y - t$ are called **residuals**: 50, 21 and 44,
# too high each time. How bad is that, in one number? In a sum a $+50$ and a $-50$ would cancel, so we square:
#
# $$L(y, t) = \tfrac12 (y - t)^2 .$$
#
# Squaring also says that one error of 50 is worse than two of 25. The half is there for the derivative, which is then
# just $y - t$. Adrien-Marie Legendre published the idea in 1805, to fit the orbits of comets; Carl Friedrich Gauss
# said in 1809 that he had used it since 1795, and the two never agreed on whose it was.
#
# Below are 50 of the patients with that line. The orange segments are the residuals: is there a pattern in the long
# ones?

# %%
few = slice(None, None, 9)
figure, ax = panels(width=4.6, height=3)
x, t = bmi[few, 0], progression[few]
ax.vlines(x, t, 10 * x - 120, color=ORANGE, lw=1)
ax.plot(x, t, MARKER[INK], color=INK)
ends = np.array([17.5, 40.0])
line = ax.plot(ends, 10 * ends - 120, color=BLUE)[0]
ax.set(xlabel="body-mass index (kg/m²)", ylabel="progression after one year", ylim=(0, 360))
label_line(ax, line, "y = 10 x − 120")
show(figure, alt="The line follows the trend of the patients, but single patients lie more than 150 points off it.")

# %% [markdown] covers="02.05 E02-cost-normalisation"
# The trend is right. The six residuals beyond 100 all lie above an index of 24, three on either side of the line:
# heavier patients differ more, and that scatter no line through one measurement will remove. The **loss** $L$ is
# about one patient; the **cost** of a hypothesis is its average over all of them:
#
# $$J(w, b) = \frac1N \sum_{i=1}^N \tfrac12\big(w^\top x^{(i)} + b - t^{(i)}\big)^2 .$$
#
# For the three patients, $(1250 + 220.5 + 968)/3 = 812.8$. Books differ here: some sum instead of averaging, some
# leave out the half. The best line is the same for all, but without the half the gradient doubles, with a sum it is
# $N$ times as large, and a step size that was good is far too long. So fix one convention. In this course a cost is a
# **mean over the examples**, and only squared error carries the half.

# %% [markdown] covers="02.06 02.07 02.08"
# How do you say this to a computer? Stack the inputs as the rows of the **design matrix** $X$ of shape $(N, D)$ and
# the targets in a vector $t$ of shape $(N,)$. Row $i$ of $Xw$ is $w^\top x^{(i)}$, so
#
# $$y = Xw + b\mathbf 1, \qquad J = \frac{1}{2N}\lVert y - t\rVert^2 ,$$
#
# where $\mathbf 1$ is the vector of $N$ ones. In numpy the left one is `X @ w + b`. Is it worth the trouble? Here is
# the same prediction as two Python loops, timed on one core.


# %%
def predict_with_loops(X, w, b):
    y = []
    for row in X:
        total = b
        for x_j, w_j in zip(row, w, strict=True):
            total += w_j * x_j
        y.append(total)
    return np.array(y)


def timed(run, *arguments):
    """What `run` returns, and the seconds of processor time that one run takes; other programs don't lengthen it."""
    with threadpool_limits(1):
        start, runs, seconds = time.process_time(), 0, 0.0
        while seconds < 0.1:
            result = run(*arguments)
            runs, seconds = runs + 1, time.process_time() - start
    return result, seconds / runs


rng = np.random.default_rng(0)
X, w = rng.normal(size=(20_000, 50)), rng.normal(size=50)
slow, loops = timed(predict_with_loops, X, w, 1.0)
fast, product = timed(lambda X, w, b: X @ w + b, X, w, 1.0)
print(f"loops {1e3 * loops:.0f} ms, matrix product {1e3 * product:.2f} ms, a factor of {loops / product:.0f}")
print(f"largest difference between the two: {np.abs(slow - fast).max():.0e}")

# %% [markdown]
# The same numbers, in a small part of the time. The cost is one line too: subtract, square, add up, divide by $2N$,
# each on the whole array.
#
# Two traps lie on the way, both silent. A column of shape $(N, 1)$ minus a vector of shape $(N,)$ is an $N \times N$
# square, and its mean looks like a cost. And integers of few bits wrap around when they are squared:

# %%
print("a column minus a vector has the shape", (np.ones((4, 1)) - np.ones(4)).shape)
print("270000 squared in 32 bits is", np.array([270_000], dtype=np.int32) ** 2)

# %% [markdown]
# ### Exercise: squared_error_cost (1 point, 8 minutes)
# Write the cost $J = \frac{1}{2N}\sum_i (w^\top x^{(i)} + b - t^{(i)})^2$. `X` has shape (N, D), `t` (N,), `w` (D,),
# and `b` is a number; return a number. There may be more columns than rows, or a single row. `X` may hold integers,
# also large ones of 32 bits: they mean the same as the equal floats. As in every exercise, leave the arrays you are
# given unchanged. To test by hand: the three patients above give 812.8.

# %% exercise="squared_error_cost"

# %% [markdown]
# Below on the left are three hypotheses; on the right each is a single *point*, its weight and bias, on a map of the
# cost which your function draws. Before you look: will the valley of this map be round? If the weight goes up by 1,
# what must the bias do so that the line still passes through the middle of the patients, near $x = 26$? (The long
# cells that draw are folded away. Run them like the others; a click on the dots shows how a figure is made.)

# %%
with until_written(squared_error_cost):
    figure, (left, right) = panels(2)
    left.plot(bmi[few, 0], progression[few], MARKER[INK], color=INK)
    left.set(xlabel="body-mass index (kg/m²)", ylabel="progression after one year", ylim=(0, 480))
    w_axis, b_axis = np.linspace(-8, 28, 45), np.linspace(-600, 400, 45)
    J = [[squared_error_cost(bmi, progression, np.array([w]), b) for w in w_axis] for b in b_axis]
    right.contourf(w_axis, b_axis, np.log10(J), levels=24)
    for w, b, colour in ((10.0, -120.0, BLUE), (2.0, 100.0, PURPLE), (20.0, -330.0, GREY)):
        line = left.plot(ends, w * ends + b, color=colour, ls=DASH[colour])[0]
        label_line(left, line, f"J = {squared_error_cost(bmi, progression, np.array([w]), b):.0f}")
        right.plot(w, b, MARKER[colour], color=colour, ms=8, mec="white")
    right.set(xlabel="weight w (progression per kg/m²)", ylabel="bias b (progression)")
    show(figure, alt="Three lines are three points on the map of the cost; its valley is long, narrow and slanting.")

# %% [markdown]
# One line is one point in parameter space. The valley (dark) is narrow and slanting: raise the weight by 1, and you
# must lower the bias by about 26 to stay in it. Remember that valley; it will soon cost us thousands of steps.
#
# Now move it yourself: drag the point on the map, or take the sliders, and watch the line. The orange squares are
# those that the cost adds up, of every ninth patient. Find the bottom with the line before you, then only with the
# number below the picture.

# %%
demos.line_and_cost(squared_error_cost)

# %% [markdown]
# Walking along the valley hardly changes the number, a step across it does. What the eye calls a good line and what
# the cost calls one is nearly the same, except for far-off patients: a square grows faster than its side, so they
# pull hardest.

# %% [markdown] covers="02.09"
# ## Two ways to the minimum
#
# Which point of the map is lowest? At the bottom of a smooth valley the ground is level in every direction: the
# minimum, if there is one, is a **critical point**, where all partial derivatives are zero. (Not every critical point
# is a minimum, a mountain pass is level too; here it will be.) So we need the derivatives.
#
# One patient first. The residual is $r = w^\top x + b - t$, the loss $\frac12 r^2$, and by the chain rule
#
# $$\frac{\partial L}{\partial w_j} = r \frac{\partial r}{\partial w_j} = r\, x_j, \qquad
#   \frac{\partial L}{\partial b} = r .$$
#
# Read it aloud: the slope is the error times what the weight was multiplied by. Now the mean over all patients. For
# the three above, with residuals 50, 21, 44, the slope in $b$ is $(50 + 21 + 44)/3 = 38.3$ and the slope in $w$ is
# $(50 \cdot 32.1 + 21\cdot 21.6 + 44\cdot 30.5)/3 = 1133.5$. In general $\sum_i r_i x^{(i)}_j$ runs down column $j$
# of $X$ and is entry $j$ of the vector $X^\top r$:
#
# $$\nabla_w J = \frac1N X^\top r, \qquad \frac{\partial J}{\partial b} = \frac1N \sum_i r_i,
#   \qquad r = Xw + b\mathbf 1 - t .$$

# %% [markdown]
# ### Exercise: squared_error_gradient (2 points, 10 minutes)
# Return the partial derivatives of the cost with respect to `w`, an array of shape (D,), and to `b`, a number, in
# this order. Shapes and conventions are those of `squared_error_cost`: both derivatives are those of the *mean*;
# integers count as the equal floats; N may be 1.

# %% exercise="squared_error_gradient"

# %% [markdown]
# Distrust a derivative until you have compared it with what it is the derivative *of*. Nudge one parameter by $\pm h$
# and divide the change of the cost by $2h$: for a quadratic this is exact but for rounding.

# %%
with until_written(squared_error_cost, squared_error_gradient):
    w, b, h = np.array([10.0]), -120.0, 1e-3
    dw, db = squared_error_gradient(bmi, progression, w, b)
    up, down = squared_error_cost(bmi, progression, w + h, b), squared_error_cost(bmi, progression, w - h, b)
    print(f"in w: yours {dw[0]:.6f}, by nudging {(up - down) / (2 * h):.6f}")
    up, down = squared_error_cost(bmi, progression, w, b + h), squared_error_cost(bmi, progression, w, b - h)
    print(f"in b: yours {db:.6f}, by nudging {(up - down) / (2 * h):.6f}")

# %% [markdown] covers="02.10 E02-normal-equations-missing"
# **The first way: set the gradient to zero and solve.** Append a column of ones to $X$, call the result $A$, and let
# $\theta = (w, b)$. Then $r = A\theta - t$, all derivatives together are $\frac1N A^\top r$, and they vanish where
#
# $$A^\top A\,\theta = A^\top t ,$$
#
# the **normal equations**: $D + 1$ linear equations for as many unknowns. If $A^\top A$ can be inverted there is one
# solution, $\theta = (A^\top A)^{-1}A^\top t$. And it is the minimum: at $\theta + \delta$ the cost is larger by
# $\frac{1}{2N}\lVert A\delta\rVert^2$, which is never negative. The formula has an inverse in it, the program should
# not: `solve` is quicker and loses fewer digits. (`lstsq` minimises $\lVert A\theta - t\rVert$ from $A$ itself and
# loses fewer still.)

# %%
A = np.c_[bmi, np.ones(len(bmi))]
best_line = np.linalg.solve(A.T @ A, A.T @ progression)
print(f"best line: w = {best_line[0]:.2f}, b = {best_line[1]:.1f}")
print(f"its cost {np.mean((A @ best_line - progression) ** 2) / 2:.0f}")
A = np.c_[patients, np.ones(len(patients))]
best = np.linalg.lstsq(A, progression)[0]
print(f"cost with all ten measurements {np.mean((A @ best - progression) ** 2) / 2:.0f}")
print(f"cost of always predicting the mean {np.var(progression) / 2:.0f}")

# %% [markdown]
# Our guess was close. One measurement takes the cost from 2965 to 1945, all ten to 1430, half of what a constant
# leaves. What the other half hangs on, these data don't say.

# %% [markdown] covers="02.11 02.12 02.13 02.14"
# **The second way: walk downhill.** Most models have no formula for their minimum. Then an *iterative* method starts
# somewhere and makes the solution a little better, again and again. The gradient points steepest uphill, so
# **gradient descent** (Augustin-Louis Cauchy, 1847) goes a bit the other way. Starting for example at $w = 0$, repeat
#
# $$w_j \leftarrow w_j - \frac{\alpha}{N} \sum_i \big(y^{(i)} - t^{(i)}\big)\, x^{(i)}_j
#   \qquad\text{or, all at once,}\qquad w \leftarrow w - \alpha \nabla_w J ,$$
#
# and likewise for $b$. The **learning rate** $\alpha > 0$ is the length of the step in units of the gradient. Larger
# is faster, up to a point: which? Cut the bowl in a straight line through its minimum. The cut is a parabola,
# $\frac c2 e^2$ above the minimum, with $e$ the distance; its second derivative $c$ is the **curvature** in that
# direction. The slope is $ce$, so a step makes $e - \alpha c e = (1 - \alpha c)\,e$ of the distance. For
# $\alpha < 1/c$ it shrinks smoothly; beyond, it changes sign at each step; beyond $2/c$ it grows without limit. The
# **steepest** direction decides how large $\alpha$ may be, and the **flattest** has to make do with it.
#
# For our patients this is bad news. Straight across the valley the curvature is 716. Straight along its floor, where
# the bias falls by 27 for each unit that the weight rises, it is 0.027. (These are the eigenvalues of
# $\frac1N A^\top A$. In the directions between, the gradient doesn't point along the cut, and a step mixes the two.)


# %%
def descend(X, t, lr, steps):
    """Gradient descent from zero with your gradient; returns the weights (steps + 1, D) and biases (steps + 1,)."""
    w, b = np.zeros(X.shape[1]), 0.0
    path = [(w, b)]
    for _ in range(steps):
        dw, db = squared_error_gradient(X, t, w, b)
        w, b = w - lr * dw, b - lr * db
        path.append((w, b))
    return np.array([w for w, _ in path]), np.array([b for _, b in path])


with until_written(squared_error_gradient):
    for lr in (0.0025, 0.0029):
        w, b = descend(bmi, progression, lr, steps=200)
        print(f"learning rate {lr}: after 200 steps w = {w[-1, 0]:.4g}, b = {b[-1]:.4g}")
print(f"the best line has w = {best_line[0]:.2f}, b = {best_line[1]:.1f}")

# %% [markdown]
# At 0.0029, just over $2/716$, the walk explodes. At 0.0025 it is stuck far from the best line: along the floor a
# step takes off $0.0025 \cdot 0.027$, one part in 15 000, of what is left. The remedy is not a better learning rate
# but a better bowl. Measure the index from its mean, in units of its standard deviation: $(x - \bar x)/s$. Then the
# weight no longer moves the middle of the line, so the slant is gone, and all curvatures are 1.
#
# One thing needs care. The model will meet patients who were not there when it was made, which we imitate by keeping
# some aside as a **test set**. They must be shifted and scaled by the *training* data's numbers: otherwise the same
# patient would mean two different things to the model, and the test set would have had a say in what it is there to
# judge.

# %% [markdown]
# ### Exercise: standardize (1 point, 8 minutes)
# Given `X_train` (N, D) and `X_test` (M, D), shift and scale *both* with the mean and the standard deviation of each
# column of `X_train`, and return both, in this order and as floats. The standard deviation divides by $N$, not
# $N - 1$. A column that never changes in `X_train` is only shifted, in both arrays. (Its deviation should be 0, but for
# a column that holds 0.1 seven times rounding makes it $10^{-17}$; comparing the numbers themselves is safe.) N may be
# 1; inputs may be integers and must stay as they are.

# %% exercise="standardize"

# %% [markdown]
# Now the same walk on both maps, drawn by your functions: on the left 200 steps at a rate that just doesn't explode,
# on the right 12 steps. Where does each end?

# %%
with until_written(squared_error_cost, squared_error_gradient, standardize):
    scaled, _ = standardize(bmi, bmi)
    settings = (
        (bmi, 0.0025, 200, (-1.5, 13.5), (-170, 60), "raw: w per kg/m²"),
        (scaled, 0.3, 12, (-75, 165), (-10, 190), "standardised: w per standard deviation"),
    )
    figure, axes = panels(2, height=3)
    for ax, (X, lr, steps, w_range, b_range, title) in zip(axes, settings, strict=True):
        w_axis, b_axis = np.linspace(*w_range, 50), np.linspace(*b_range, 50)
        J = [[squared_error_cost(X, progression, np.array([w]), b) for w in w_axis] for b in b_axis]
        ax.contour(w_axis, b_axis, np.sqrt(J - np.min(J)), levels=16, linewidths=0.8)
        w, b = descend(X, progression, lr, steps)
        ax.plot(w[:, 0], b, "-o", color=BLUE, ms=3, lw=1.2)
        optimum = np.linalg.lstsq(np.c_[X, np.ones(len(X))], progression)[0]
        ax.plot(*optimum, MARKER[GREEN], color=GREEN, ms=12)
        ax.set(xlabel="weight w", title=title)
    axes[0].set_ylabel("bias b (progression)")
    axes[1].set_aspect("equal")
    show(
        figure, alt="On a raw column 200 steps end in a narrow valley, far from the optimum; standardised, 12 reach it."
    )

# %% [markdown]
# Left, the first steps leap into the valley and the others crawl along it: 15 000 steps bring them three times closer
# to the star. Right, the bowl is round, the gradient points at the minimum, and a dozen steps are enough. The best
# fit is the same; only the coordinates differ.
#
# With ten columns the bowl isn't quite round even when standardised, because columns resemble each other: the
# curvatures lie between 0.009 and 4.02. So the learning rate must stay below $2/4.02 = 0.497$. Which rate below is
# slow, which arrives, and what does 0.51 do?

# %%
with until_written(squared_error_cost, squared_error_gradient, standardize):
    scaled, _ = standardize(patients, patients)
    figure, ax = panels(width=4.8, height=3)
    ax.set(xlabel="step", ylabel="cost J", yscale="log", xlim=(0, 150), ylim=(1e3, 2e4))
    for lr, colour, dy in ((0.003, GREY, 0), (0.03, PURPLE, 12), (0.3, BLUE, 1), (0.51, ORANGE, -4)):
        w, b = descend(scaled, progression, lr, steps=150)
        cost = [squared_error_cost(scaled, progression, w[k], b[k]) for k in range(len(b))]
        line = ax.plot(cost, color=colour, ls=DASH[colour])[0]
        label_line(ax, line, f"α = {lr}", dy=dy)
    optimum = np.mean((A @ best - progression) ** 2) / 2
    line = ax.plot([0, 150], [optimum, optimum], color=GREEN, ls=DASH[GREEN])[0]
    label_line(ax, line, "closed form", dy=-10)
    show(figure, alt="Rate 0.003 is slow, 0.03 and 0.3 arrive at the closed-form optimum, 0.51 turns up and runs away.")

# %% [markdown]
# A cost that first falls and then takes off is the mark of a rate just over the limit: one direction grows, and it
# takes a while until it outweighs those that shrink.
#
# See the walk on the map of the cost, one column only, with your gradient taking the steps. Begin with the raw column
# and push the learning rate up until the path leaves the valley. Then standardise, and find the rate that arrives in a
# single step.

# %%
demos.descent(squared_error_gradient)

# %% [markdown] covers="02.15"
# On the raw column the path drops into the valley at once and then stays where it fell: the rate that the steep
# direction allows moves the flat one by nothing to speak of. Standardised, the bowl is round, both curvatures are 1,
# and $\alpha = 1 = 1/c$ is there in one step. With ten columns that hang together no single rate is right for all
# directions; lecture 07 is about that.
#
# **Which way is the better one?** Count multiplications. Forming $X^\top X$ takes about $N D^2$ and solving about
# $D^3/3$, once. A step of descent takes about $2 N D$, so it wins where $D$ is large and few steps are enough. Often
# you read that descent is simply "more efficient". Measure: $N = 2D$ random examples, a well-shaped bowl, a learning
# rate known to be good, and both go to the same cost, to a part in a million. By the count, when should descent, with
# its 90 steps, overtake?


# %%
def descend_to(goal, X, t):
    """Steps of descent, at most 300, until the cost is within a millionth of the goal; looks every ten steps."""
    w = np.zeros(X.shape[1])
    for step in range(300):
        if step % 10 == 0 and squared_error_cost(X, t, w, 0.0) < (1 + 1e-6) * goal:
            break
        w = w - 0.6 * squared_error_gradient(X, t, w, 0.0)[0]
    return step


with until_written(squared_error_cost, squared_error_gradient):
    rows = []
    for D in (10, 30, 100, 300, 1000, 2000):
        X = rng.normal(size=(2 * D, D))
        t = X @ rng.normal(size=D) / np.sqrt(D) + rng.normal(size=2 * D)
        solution, direct = timed(lambda X, t: np.linalg.solve(X.T @ X, X.T @ t), X, t)
        steps, descent = timed(descend_to, squared_error_cost(X, t, solution, 0.0), X, t)
        rows.append((D, direct, descent))
        print(f"D = {D:4d}: direct {1e3 * direct:8.2f} ms, {steps} steps of descent {1e3 * descent:8.2f} ms")
        if descent > 100 * direct and descent > 1:  # a gradient written with loops is right too, but slow
            break
    sizes, direct, descent = zip(*rows, strict=True)
    figure, ax = panels(width=4.6)
    ax.set(xlabel="number of weights D", ylabel="processor time (s)", xscale="log", yscale="log")
    for seconds, colour, text in ((direct, PURPLE, "direct"), (descent, BLUE, "descent")):
        line = ax.plot(sizes, seconds, marker=MARKER[colour], color=colour, ls=DASH[colour])[0]
        label_line(ax, line, text, dx=7, dy=5 if seconds[-1] == max(direct[-1], descent[-1]) else -5)
    show(
        figure,
        alt="The direct solution is faster for small D; its curve is steeper, so descent gains on it as D grows.",
    )

# %% [markdown]
# By the count it is $\frac73 D^3$ against $90 \cdot 4D^2$, so at about $D = 150$. Measured, the direct solution holds
# out much longer. (Below 100 you mostly time Python.) Multiplications aren't everything: the product of two matrices
# uses each number that it fetches from memory many times, a matrix times a vector only once. But the direct curve is
# steeper, and in the end, perhaps beyond the edge of the figure, it loses. And this bowl was kind to descent: to come
# as close with the ten standardised columns of the patients takes not 90 steps but 1162, at a rate of 0.45. So:
# **for linear regression with less than a few thousand columns, solve.** Descent is for the millions of weights to
# come, and for every model whose normal equations nobody can solve.

# %% [markdown]
# **When the minimum is not one point.** The direct way has a hole in it: $A^\top A$ may have no inverse. This happens
# when a column is a combination of others, and always when, beside the bias, there are at least as many columns as
# examples, $D \ge N$: the data then leave a direction undecided. Give the computer the body-mass index twice, the
# second time in other units:

# %%
for factor in (1.0, 2.54, 0.1):
    twice = np.c_[bmi, factor * bmi, np.ones(len(bmi))]
    try:
        w_1, w_2, b = np.linalg.solve(twice.T @ twice, twice.T @ progression)
        cost = np.mean((twice @ (w_1, w_2, b) - progression) ** 2) / 2
        print(f"factor {factor}: weights {w_1:.4g} and {w_2:.4g}, together {w_1 + factor * w_2:.4g}, cost {cost:.0f}")
    except np.linalg.LinAlgError as error:
        print(f"factor {factor}: refused, {error}")

# %% [markdown]
# Refusal is the good outcome. Otherwise rounding errors decide, on each machine in their own way: while this was
# written, once for a harmless answer out of infinitely many, and once for weights of fifteen digits that nearly
# cancel and leave a cost of 2055 where 1945 was to be had.
#
# What should be answered? Take the smallest case: a single example $x = (1, 2)$ with $t = 5$, two weights and no
# bias. Every $w$ with $w_1 + 2 w_2 = 5$ has cost 0: a whole line of minima. One way to single one out is to ask for
# the **smallest $\lVert w\rVert$**, where no weight is spent on what the data can't see. Another is to change the
# cost. **Ridge regression** (Arthur Hoerl and Robert Kennard, 1970) adds a price on large weights,
#
# $$J_\lambda(w, b) = \frac{1}{2N}\lVert Xw + b\mathbf 1 - t\rVert^2 + \frac{\lambda}{2}\lVert w\rVert^2 ,
#   \qquad \lambda > 0,$$
#
# and then there is always exactly one minimum, since $\frac\lambda2\lVert w\rVert^2$ curves upwards in *every*
# direction. The bias pays nothing: if all targets were higher by 1000, $w$ should not change. In our small case the
# gradient $(w_1 + 2w_2 - 5)\,x + \lambda w$ vanishes only for a multiple of $x$, namely
# $w = \frac{5}{5 + \lambda}\,(1, 2)$.
#
# And gradient descent? Its steps are multiples of $x$ too, since $\nabla J = r\,x$. Say where it ends, from $(0, 0)$
# and from $(3, -1)$, before you look.

# %%
figure, ax = panels(width=4.4, height=2.9)
x, t = np.array([1.0, 2.0]), 5.0
ax.set(xlabel="weight $w_1$", ylabel="weight $w_2$", xlim=(-1, 5), ylim=(-1.3, 3.1), aspect="equal")
line = ax.plot([-1, 5], [3, 0], color=GREEN, ls=DASH[GREEN])[0]
label_line(ax, line, "all minima")
for start, text in (((0.0, 0.0), "from (0, 0)"), ((3.0, -1.0), "from (3, −1)")):
    path = [np.array(start)]
    for _ in range(12):
        path.append(path[-1] - 0.08 * (path[-1] @ x - t) * x)
    ax.plot(*np.array(path).T, "-o", color=BLUE, ms=4, lw=1.2)
    ax.annotate(text, start, (8, -3), textcoords="offset points", color=BLUE)
for lam in (20, 5, 1):
    ax.plot(*(5 / (5 + lam) * x), MARKER[PURPLE], color=PURPLE, ms=7)
    ax.annotate(f"λ = {lam}", 5 / (5 + lam) * x, (-9, 2), textcoords="offset points", color=PURPLE, ha="right")
ax.plot(1, 2, MARKER[GREEN], color=GREEN, ms=12)
ax.annotate("smallest norm", (1, 2), (8, 4), textcoords="offset points", color=GREEN)
show(
    figure,
    alt="Descent from zero and ridge both lead to the minimum of smallest norm; descent from elsewhere does not.",
)

# %% [markdown]
# From zero, descent only ever adds multiples of the example, so it ends at $(1, 2)$, the minimum of smallest norm.
# With several examples it stays among their combinations, the *row space* of $X$. From $(3, -1)$ it ends elsewhere:
# what the data can't see it never corrects. Ridge tends to the same point as $\lambda \to 0$. Three recipes, one
# answer.

# %% [markdown]
# ### Exercise: fit_ridge (2 points, 15 minutes)
# Return the `w` (D,) and `b` that minimise $J_\lambda$ above; the bias is not penalised. `X` is (N, D), `t` (N,), and
# `lam` $\ge 0$. For `lam` $= 0$ the minimum may not be unique (a repeated column, a constant one, fewer examples than
# columns, a single example): return the one with the smallest $\lVert w\rVert$.
#
# The way there: the derivative by $b$ doesn't know of $\lambda$ and says that the mean residual is zero; so what is
# $b$, once you have $w$? Put it in: of the columns and of $t$, only the distances from their means are left. Now
# write the gradient by $w$, set it to zero, and watch what becomes of $\lambda$ when you multiply by $N$. (For the
# least norm there is `np.linalg.lstsq`. Give it the centred $X$ itself, where you can, rather than $X^\top X$:
# squaring a matrix doubles the number of digits that rounding may cost, and the polynomials of degree 15 further on
# have none to spare.)

# %% exercise="fit_ridge"

# %% [markdown]
# Hoerl and Kennard drew the weights against $\lambda$ and called it a *ridge trace*. Here it is by your function.
# Look at s1 and s2, two measures of cholesterol with a correlation of 0.90: almost one column given twice.

# %%
with until_written(fit_ridge, standardize):
    scaled, _ = standardize(patients, patients)
    penalties = np.logspace(-4, 2, 40)
    fits = [fit_ridge(scaled, progression, lam) for lam in penalties]
    trace = np.array([w for w, _ in fits])
    figure, ax = panels(width=4.8, height=3)
    for name, weights in zip(columns, trace.T, strict=True):
        colour = {"s1": ORANGE, "s2": ORANGE, "bmi": BLUE, "s5": BLUE}.get(name, GREY)
        ax.semilogx(penalties, weights, color=colour, lw=1 if colour == GREY else 1.8, ls=DASH[colour])
        if colour != GREY:
            place = (-18, {"bmi": 5, "s2": -5}.get(name, 0))
            ax.annotate(name, (penalties[0], weights[0]), place, textcoords="offset points", color=colour, va="center")
    ax.axhline(0, color=GREY, lw=0.6)
    ax.set(xlabel="penalty λ", ylabel="weight (progression per deviation)", xlim=(2e-5, None))
    show(
        figure,
        alt="A growing penalty shrinks all weights; those of s1 and s2, large and of opposite sign, collapse first.",
    )
    print(f"bias at the smallest and the largest penalty: {fits[0][1]:.2f}, {fits[-1][1]:.2f}")

# %% [markdown]
# With hardly any penalty s1 pulls down by 37 and s2 up by 22: the data know their sum well and their difference
# poorly. A small penalty ends that quarrel: at 0.01 only 18 and 7 are left of it, while bmi has not moved from 25,
# and s5, which also goes along with s1, has come down from 36 to 28. A huge one leaves no weight at all, but the bias
# stays at 152.13, the mean of the targets.

# %% [markdown]
# ### Question: a feature given twice (3 points, 8 minutes)
# Two features of the design matrix are identical. What happens to the closed-form solution, to gradient descent from
# zero, and to ridge regression? Which solution does each return, and how is the weight divided between the two? Give
# reasons.

# %% [markdown] written="repeated_feature" points=3
# ### BEGIN MARK SCHEME
# - 1 point: $X^\top X$ is singular (two equal columns), so the normal equations have infinitely many solutions; all
#   have the same predictions and the same cost.
# - 1 point: gradient descent from zero stays in the row space of $X$ (or: the two partial derivatives are equal at
#   each step), hence it ends at the least-norm solution, with the weight shared equally.
# - 1 point: ridge has a unique solution for every $\lambda > 0$, equal weights by symmetry, and it tends to the same
#   least-norm solution as $\lambda \to 0$.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Call the weights of the two equal columns $u$ and $v$. Predictions depend on $u + v$ alone, so along
# $(u + c,\, v - c)$ the cost doesn't change. $X^\top X$ has two equal rows and is singular; the normal equations have
# infinitely many solutions, all with the same predictions, and $(X^\top X)^{-1}$ doesn't exist (rounding may hide
# that and return huge weights of opposite sign).
#
# For gradient descent the derivatives by $u$ and by $v$ are the same number, $\frac1N \sum_i r_i x_i$. Starting at
# $u = v = 0$ they stay equal for ever. Every step is a combination of the rows of $X$, so the limit is the minimiser
# in the row space: the one of smallest norm, which shares the weight, $u = v$.
#
# Ridge adds $\frac\lambda2(u^2 + v^2)$, which for a given $u + v$ is smallest at $u = v$. The cost is now strictly
# convex, so for each $\lambda > 0$ there is one solution, with equal weights, and for $\lambda \to 0$ it tends to the
# same least-norm solution.
# ### END SOLUTION

# %% [markdown] covers="02.16 02.17"
# ## Feature maps
#
# The world is not straight. Must the model be thrown away? No, only what is fed to it must change. Let $\psi(x)$ be
# any list of numbers computed from $x$, and take
#
# $$y = w^\top \psi(x) .$$
#
# As a function of $x$ this can be as bent as you like; as a function of $w$ it is as linear as before. Nothing in the
# algorithm changes: row $i$ of the design matrix is now $\psi(x^{(i)})$. Such a $\psi$ is a **feature map**. The
# classic one, for a single number $x$, is $\psi(x) = (1, x, x^2, \dots, x^D)$, which makes $y$ a polynomial; the
# first feature, always 1, takes the place of the bias. (Beside a bias it does no harm: least norm gives it the weight
# 0.)

# %% [markdown]
# ### Exercise: polynomial_features (1 point, 5 minutes)
# For `x` of shape (N,) and an integer `degree` $\ge 0$ return the matrix of shape (N, degree + 1) whose column $d$ is
# $x^d$, lowest power first, as floats. $x^0$ is 1, also for $x = 0$. `x` may be empty, and then the result has shape
# (0, degree + 1). It may hold integers, and those meet their limit: 70 to the power 13 doesn't fit into 64 bits.

# %% exercise="polynomial_features"

# %% [markdown] covers="02.19 02.20 E02-over-hyper"
# Here are 12 noisy measurements of one period of a sine wave, and polynomials of degree 1, 3 and 11 which your
# functions fit to them without any penalty. (Powers of $2x - 1$, between $-1$ and 1, give the same polynomials with
# less rounding.) Degree 11 has 12 coefficients, one for each point: what will its error be? And which of the three
# would you trust at a new $x$?


# %%
def powers(x, degree):
    return polynomial_features(2 * x - 1, degree)


def error(w, b, x, t, degree):
    """Half the mean squared error, as in the cost."""
    return np.mean((powers(x, degree) @ w + b - t) ** 2) / 2


x_train, t_train = data.noisy_sine(12, seed=31)
x_valid, t_valid = data.noisy_sine(30, seed=100)
x_test, t_test = data.noisy_sine(1000, seed=200)
grid = np.linspace(0, 1, 300)

with until_written(polynomial_features, fit_ridge):
    figure, axes = panels(3, width=2.7, sharey=True)
    for ax, degree in zip(axes, (1, 3, 11), strict=True):
        w, b = fit_ridge(powers(x_train, degree), t_train, 0.0)
        ax.plot(grid, np.sin(2 * np.pi * grid), color=GREEN, ls=DASH[GREEN])
        ax.plot(grid, powers(grid, degree) @ w + b, color=BLUE)
        ax.plot(x_train, t_train, MARKER[INK], color=INK, ms=6)
        ax.set(xlabel="x", ylim=(-2, 2), title=f"degree {degree}, error {error(w, b, x_train, t_train, degree):.3f}")
    axes[0].set_ylabel("t")
    axes[0].text(0.42, 0.75, "truth", color=GREEN)
    show(
        figure, alt="Degree 1 misses the wave, degree 3 follows it, degree 11 hits every point and swings between them."
    )

# %% [markdown]
# The straight line is too simple even for the points it was given: it **underfits**. Degree 11 hits all of them and
# has learned the noise along with the wave: it **overfits**. The fit need not be perfect for that: overfitting means
# that the error on new data is much larger than on the data used for fitting.

# %% [markdown] covers="02.21 02.22"
# Who chooses the degree? One could optimise it like a weight, but the training data would name the largest every time,
# because each polynomial of degree 3 is also one of degree 4. A setting that has to be chosen outside the training, on
# other data, is a **hyperparameter**. So fit on the **training set**, compare on a **validation set**, and keep a
# **test set** that takes part in neither, to be looked at once, at the end; the validation error is no longer honest by
# then, since you took its minimum.
#
# Where do the two curves on the left part, and which one turns up? On the right the degree stays at 11 and $\lambda$
# moves instead; there the flexible end is on the left, since a penalty makes the curve stiff.

# %%
with until_written(polynomial_features, fit_ridge):
    degrees, penalties = np.arange(12), np.logspace(-8, 1, 28)
    figure, axes = panels(2, sharey=True)
    axes[0].set(xlabel="degree", ylabel="half mean squared error", yscale="log", ylim=(1e-4, 10), xticks=degrees)
    axes[1].set(xlabel="penalty λ, at degree 11", xscale="log")
    for ax, axis, settings in (
        (axes[0], degrees, [(d, 0.0) for d in degrees]),
        (axes[1], penalties, [(11, lam) for lam in penalties]),
    ):
        fits = [(*fit_ridge(powers(x_train, d), t_train, lam), d) for d, lam in settings]
        train = [error(w, b, x_train, t_train, d) for w, b, d in fits]
        valid = [error(w, b, x_valid, t_valid, d) for w, b, d in fits]
        label_line(ax, ax.plot(axis, train, color=BLUE, ls=DASH[BLUE])[0], "training", dy=-5)
        label_line(ax, ax.plot(axis, valid, color=ORANGE, ls=DASH[ORANGE])[0], "validation", dy=5)
        k = np.argmin(valid)
        ax.plot(axis[k], valid[k], MARKER[ORANGE], color=ORANGE, ms=8)
        w, b, d = fits[k]
        print(f"chosen: degree {d}, λ = {settings[k][1]:.2g}; test error {error(w, b, x_test, t_test, d):.3f}")
    show(figure, alt="The training error never rises with the degree; the validation error falls, then rises again.")

# %% [markdown] covers="02.18"
# Towards the flexible end the training curve only falls, in both panels; the validation curve turns up, and its
# minimum (the cross) is your choice. The noise alone makes an error of $\frac12 \cdot 0.2^2 = 0.02$, so little is
# left to gain. A penalty does the same service as a small degree, more smoothly. With other random points both
# crosses move: thirty validation points say roughly where the minimum is. There are better ways to spend few data
# (cross-validation, lecture 08), but no rule gives the right degree from the size of the data alone.
#
# Try it: degree 15 on 16 points, then more points, then a penalty. Press *new sample* a few times and watch the two
# curves on the right: what of them stays, and what moves?

# %%
demos.polynomials(polynomial_features, fit_ridge)

# %% [markdown]
# With a hundred points even degree 15 has little room for nonsense: how much is too much depends on the data. In
# every sample the training curve falls and the validation curve turns; only where it turns moves.
#
# Then why isn't this the whole course? Because somebody had to think of $x^d$. For one number, powers are easy to
# propose. For the 64 pixels of an image, those up to degree 4 are 814 385 features, and hardly one says what makes a
# seven a seven. Good features are hard to invent by hand; from lecture 03 on, the network learns $\psi$ as well. This
# is half time.

# %% [markdown] covers="02.23 02.24"
# ## Deciding yes or no
#
# Fluid from a lump in the breast, under a microscope: thirty numbers describe size, outline and texture of the cell
# nuclei. Malignant or benign? The target is now an answer, $t \in \{0, 1\}$: this is **classification** with two
# classes. Examples with $t = 1$ are **positive**, the others **negative**; positive is what one looks for, here
# malignant, not what one hopes for.
#
# A weighted sum can decide: compute $z = w^\top x + b$, and say 1 if $z \ge 0$, otherwise 0. With answers $\pm1$
# instead of 1 and 0 and a one among the inputs this is $\mathrm{sign}(w^\top x)$, Frank Rosenblatt's *perceptron*
# of 1958.
#
# We want few mistakes, so why not minimise their share? Decide by the mean radius of the nuclei alone, and move the
# threshold a little:

# %%
samples, malignant, names = data.breast_cancer()  # (569, 30), (569,)
radius = samples[:, 0]
for threshold in (15.0001, 15.001, 15.01, 15.1, 15.5):
    wrong = np.mean((radius >= threshold) != malignant)
    print(f"malignant from a radius of {threshold:.4f}: share of mistakes {wrong:.6f}")

# %% [markdown] covers="02.25 E02-accuracy-gradient"
# Nothing, nothing, and then a jump. The share of mistakes is a staircase, and the jumps are not the worst of it:
# between them it is *level*. **Its gradient is zero almost everywhere**, at good parameters and at bad ones, so it
# never says where to go. We need a **surrogate loss**: smooth, with a slope wherever something is wrong, and small
# where the decisions are right.

# %% [markdown] covers="02.26 02.27 E02-open-interval"
# An idea: let the model say how sure it is. Make a *probability* of $z$ with the **logistic function**
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} , \qquad \sigma(0) = \tfrac12, \quad \sigma(2) = 0.88, \quad \sigma(-2) = 0.12 ,$$
#
# an S-shaped curve (*sigmoidal*) that Pierre-François Verhulst introduced in 1838 for growing populations. Its values
# lie in the **open** interval $(0, 1)$: $e^{-z}$ is positive for every $z$, so no finite $z$ makes it certain. (In
# floating point it rounds to 1 from about $z = 17$ in 32 bits and 37 in 64, with consequences.) The model
# $y = \sigma(w^\top x + b)$, read as the probability of $t = 1$, is **logistic regression** (David Cox, 1958). Solve
# for $z$,
#
# $$z = \log\frac{y}{1 - y} ,$$
#
# and you see what the weighted sum means: it is the logarithm of the odds, the **logit**. To raise $z$ by 1 is to
# multiply the odds by $e$. Because this logarithm is linear in $x$, the model is called *log-linear*.

# %% [markdown] covers="02.28"
# Which loss? Make what really happened as probable as you can. The probability of $t = 1$ is $\sigma(z)$, that of
# $t = 0$ is $1 - \sigma(z) = \sigma(-z)$. For independent examples the probabilities multiply; the product is the
# **likelihood** of the parameters. Its logarithm is a sum, and we minimise, so the loss of one example is
#
# $$L = -\log\sigma(z) = \log(1 + e^{-z}) \;\text{ for } t = 1, \qquad
#   L = -\log\sigma(-z) = \log(1 + e^{z}) \;\text{ for } t = 0 .$$
#
# Since $\log(1 + e^{-z}) = \log(1 + e^z) - z$, one formula serves both,
#
# $$L(z, t) = \log(1 + e^z) - t z , \qquad\text{or in terms of } y:\quad L = -t\log y - (1 - t)\log(1 - y) .$$
#
# This is the **cross-entropy**. If the truth is 1, saying 0.88 costs 0.13, saying 0.5 costs $\log 2 = 0.69$, saying
# 0.12 costs 2.1, and each further unit of $z$ in the wrong direction costs about 1 more. Being wrong and sure is
# expensive, without limit.

# %% [markdown]
# Its derivative is worth doing by hand. That of $\log(1 + e^z)$ is $e^z/(1 + e^z) = \sigma(z) = y$, that of $tz$ is
# $t$, so
#
# $$\frac{\partial L}{\partial z} = y - t .$$
#
# Prediction minus target, again. Squared error after the logistic function, $\frac12(\sigma(z) - t)^2$, looks just as
# sensible. Compare the losses (above) and their slopes (below), which are all that descent gets to see, on the far
# left, where the answer is quite wrong.

# %%
z = np.linspace(-7, 7, 281)
y = 1 / (1 + np.exp(-z))
curves = (
    (np.where(z == 0, np.nan, z < 0), 0 * z, GREY, "0/1 loss", (-6.9, 1.12)),
    ((y - 1) ** 2 / 2, None, PURPLE, "squared error", (-6.9, 0.16)),
    (-np.log(y), None, BLUE, "cross-entropy", (-2.2, 2.7)),
)
figure, (top, bottom) = panels(1, 2, width=5, height=2.2, sharex=True)
for loss, slope, colour, text, place in curves:
    top.plot(z, loss, color=colour, ls=DASH[colour])
    top.text(*place, text, color=colour)
    bottom.plot(z, np.gradient(loss, z) if slope is None else slope, color=colour, ls=DASH[colour])
top.set(ylabel="loss", ylim=(-0.15, 3.5))
bottom.set(ylabel="slope", xlabel="logit z of a positive example (t = 1)")
show(figure, alt="Far on the wrong side cross-entropy has slope −1, while squared error and the 0/1 loss are flat.")

# %% [markdown]
# There the cross-entropy pulls with its full slope of $-1$, while the squared error is as flat as the 0/1 loss: an
# example on which the model is sure and wrong hardly moves it. Why, you will say yourself, with a formula, in a
# question below. (At $z = 0$ the 0/1 loss has no derivative.)

# %% [markdown] covers="02.29 E02-label-conventions E02-yhat-label"
# Other books give the two classes the labels $s = \pm1$ and write the loss as $\log(1 + e^{-s z})$. It is the same
# number, with $t = (s + 1)/2$. Where $y$ is written for the label and $\hat y$ for the prediction, it is the label
# that is $\pm1$; the score may be any real number. Labels of one kind in a loss for the other raise no error, so each
# function should say which it takes. Ours take 0 and 1.

# %%
z = 1.7
for s in (+1, -1):
    t = (s + 1) / 2
    print(f"label {s:+d}: {np.log(1 + np.exp(-s * z)):.6f}   target {t:.0f}: {np.log(1 + np.exp(z)) - t * z:.6f}")

# %% [markdown] covers="E02-ce-overflow"
# On paper the two forms of the cross-entropy are the same. In a computer, the one with $\log y$ is broken. Take an
# example with $t = 1$ and a logit of $-800$, so the loss is 800; and one with $t = 0$ and $z = 40$, so it is 40.

# %%
with np.errstate(all="ignore"):  # numpy would warn, and rightly
    for z, t in ((-800.0, 1), (40.0, 0)):
        y = 1 / (1 + np.exp(np.float64(-z)))
        right = y if t == 1 else 1 - y
        print(f"z = {z:4.0f}, t = {t}: y = {y}, -log = {-np.log(right)}, clipped {-np.log(max(right, 1e-12)):.1f}")
    print(f"and log(1 + exp(z)) - t z for z = 1000, t = 1: {np.log(1 + np.exp(np.float64(1000.0))) - 1000.0}")

# %% [markdown] covers="02.37"
# The probability has rounded to 0, or to 1, and the logarithm of what is left is infinite. Clipping the probability
# hides it: then every hopeless example costs 27.6, wrong, and with slope 0. The form with $z$ is better, but
# $e^{1000}$ is too large for any float. One step more does it: for $z > 0$, take $e^z$ out of the logarithm,
# $\log(1 + e^z) = z + \log(1 + e^{-z})$, and both cases together are
#
# $$L(z, t) = \max(z, 0) - t z + \log\big(1 + e^{-|z|}\big) .$$
#
# Its exponential may vanish, which is harmless, but it can't overflow. (`np.log1p(u)` computes $\log(1 + u)$ with all
# its digits even for a tiny $u$, where `np.log(1 + u)` returns 0.)
#
# For all examples, $z = Xw + b\mathbf 1$ depends on $w$ just as the prediction did in regression, so the chain rule
# gives the same:
#
# $$\nabla_w J = \frac1N X^\top (y - t), \qquad
#   \frac{\partial J}{\partial b} = \frac1N\sum_i \big(y^{(i)} - t^{(i)}\big) .$$

# %% [markdown]
# ### Exercise: logistic_cost_and_gradient (3 points, 15 minutes)
# Return the mean cross-entropy (natural logarithm) of $y = \sigma(Xw + b)$, a number, and its gradient, `dw` of shape
# (D,) and `db`, a number: three things in this order. `X` is (N, D), `t` (N,) of 0 and 1, `w` (D,). Both `X` and `t`
# may be integers. It must be right for logits of any size: a logit of $-1000$ with target 1 costs 1000, never inf or
# NaN and without clipping; one of 35 with target 1 costs $6\cdot 10^{-16}$. Mind the $\sigma$ in the gradient as
# well: it must be a number for $z = \pm 1000$.

# %% exercise="logistic_cost_and_gradient"

# %% [markdown]
# Now decide: 400 samples for training, 169 for testing, your standardising (the columns differ in scale by a factor
# of 200 000), your gradient, and 300 steps of descent from zero. On the right each of the 169 test samples stands at
# its logit, above if it is malignant. (Logits beyond $\pm15$ are drawn at the edge.) Look for the crosses: how sure
# is the model where it is wrong?

# %%
with until_written(standardize, logistic_cost_and_gradient):
    order = np.random.default_rng(0).permutation(len(samples))
    train, test = order[:400], order[400:]
    X_train, X_test = standardize(samples[train], samples[test])
    w, b, costs = np.zeros(30), 0.0, []
    for _ in range(300):
        cost, dw, db = logistic_cost_and_gradient(X_train, malignant[train], w, b)
        w, b = w - 0.5 * dw, b - 0.5 * db
        costs.append(cost)
    z, t = X_test @ w + b, malignant[test]
    wrong = (z >= 0) != t
    figure, (left, right) = panels(2)
    left.plot(costs, color=BLUE)
    left.set(xlabel="step", ylabel="training cost", ylim=(0, None))
    grid = np.linspace(-15, 15, 200)
    right.plot(grid, 1 / (1 + np.exp(-grid)), color=BLUE)
    jitter = np.random.default_rng(1).uniform(-0.04, 0.04, len(z))
    jitter[wrong] = np.linspace(-0.09, 0.09, wrong.sum())  # so that they can be counted
    right.plot(z[~wrong].clip(-15, 15), (t + jitter)[~wrong], "o", color=INK, ms=4, alpha=0.3, mec="none")
    right.plot(z[wrong].clip(-15, 15), (t + jitter)[wrong], MARKER[ORANGE], color=ORANGE, ms=6, mfc="none")
    right.set(xlabel="logit z", ylabel="probability of malignant", yticks=(0, 0.5, 1))
    show(
        figure, alt="The cost falls from log 2; three of six mistakes lie near logit 0, three are malignant near −2.5."
    )
    print(f"right on {np.mean(~wrong):.1%} of the test samples; logits of the mistakes: {np.sort(z[wrong]).round(1)}")

# %% [markdown]
# The first cost is $\log 2 = 0.693$: with $w = 0$ every answer is one half. At the end 96 % of the unseen samples are
# right. Three of the six mistakes lie near $z = 0$, where the model says itself that it isn't sure. The other three
# are malignant, and it calls them benign with 90 % confidence and more: the costly kind of mistake, and a reason to
# put the threshold elsewhere when the two kinds don't cost the same. How well the model would do in another hospital
# is not known from these data.
#
# With thirty columns some plane separates all 569 samples without a mistake. Then the cost has no minimum: once every
# answer is right, doubling $w$ makes each one surer and the cost smaller, for ever. Descent goes on, ever more
# slowly, and turns towards the plane with the widest margin (Daniel Soudry and others, 2018); when to stop is one
# more hyperparameter.

# %% [markdown]
# ### Question: a classifier that does not move (2 points, 6 minutes)
# A colleague trains a classifier with squared error on the logistic output, $\frac12(\sigma(z) - t)^2$, and starts
# from large random weights. The cost hardly changes. Explain with a formula why, and say what cross-entropy changes.

# %% [markdown] written="squared_error_on_logistic" points=2
# ### BEGIN MARK SCHEME
# - 1 point: the gradient contains the factor $y(1 - y)$, which vanishes when the logistic function is saturated, even
#   if the answer is wrong; large random weights make it so.
# - 1 point: for cross-entropy that factor cancels and leaves $y - t$, which is close to $\pm1$ for a confident
#   mistake.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# With $y = \sigma(z)$ and $\sigma'(z) = y(1 - y)$ the chain rule gives
# $\frac{\partial}{\partial z}\frac12(y - t)^2 = (y - t)\,y\,(1 - y)$. Large random weights make $|z|$ large, so $y$
# is close to 0 or 1 and $y(1 - y)$ is close to 0: about $e^{-|z|}$. The gradient vanishes also where $y - t = \pm1$,
# on the examples that are confidently wrong, so the weights stay where they are.
#
# The cross-entropy has $\frac{\partial L}{\partial y} = \frac{y - t}{y(1 - y)}$. Times $y(1 - y)$ that is $y - t$:
# the factor cancels, and a confident mistake pulls with a slope of almost $\pm1$.
# ### END SOLUTION

# %% [markdown] covers="02.30 02.31 E02-weight-layout"
# ## Many classes
#
# Ten digits instead of yes or no. A label is not a quantity, a 9 is not three times a 3, so don't regress on it.
# Write it as a **one-hot** vector of length $K$: zeros, and a single 1 at the place of the class. Mathematics counts
# classes from 1 to $K$ (the formulas below don't mind); in code they run **from 0 to $K - 1$**, so that a label is an
# index.
#
# And take one weighted sum for each class: $z_k = \sum_j w_{kj} x_j + b_k$, in short $z = Wx + b$, where row $k$ of
# $W \in \mathbb R^{K\times D}$ holds the weights of class $k$. For a batch, with the examples in rows, the transposed
# form is
#
# $$Z = X W^\top + b , \qquad (N, K) = (N, D)\,(D, K) + (K,) .$$
#
# Some code stores the transpose, and some texts use one layout in theory and the other in the program. This course
# keeps $W$ as (outputs, inputs), as PyTorch does: its `Linear(3, 5)` holds a matrix of shape (5, 3).

# %% [markdown] covers="02.32 02.33 E02-softmax-C-K E02-softargmax"
# How do $K$ numbers become $K$ probabilities? Make them positive, then divide by their sum, over the same $K$
# classes: the **softmax**, so named by John Bridle in 1990,
#
# $$y_k = \frac{e^{z_k}}{\sum_{k'=1}^K e^{z_{k'}}} .$$
#
# For $z = (2, 1, 0)$ the exponentials are 7.39, 2.72 and 1, their sum is 11.11, and $y = (0.665, 0.245, 0.090)$. All
# are positive and the sum is 1. Add 100 to each logit, and numerator and denominator are both multiplied by
# $e^{100}$: nothing changes. **Only differences of logits count.** So one of the $K$ weight vectors is redundant; you
# could subtract it from all and keep every probability.
#
# Now divide all logits by a **temperature** $T$ first. As $T \to 0$ the differences grow beyond all bounds and the
# largest logit takes everything: softmax approaches the *one-hot vector* of the arg max (not the arg max, which is a
# number, whatever its name suggests). On the left are the probabilities of $z = (2, 1, 0)$ at three temperatures. On
# the right each point of the triangle is a distribution over three classes: a corner is certain of one, in the
# centre all are alike, and a path is what becomes of three logits as $T$ falls. Where will the path of a tie end, with
# two logits equal and largest?

# %%
from scipy.special import softmax

logits = np.array([2.0, 1.0, 0.0])
corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])  # of the triangle of all (y0, y1, y2)
figure, (left, right) = panels(2, height=2.8)
for shift, T, colour in ((-0.27, 4.0, GREY), (0, 1.0, BLUE), (0.27, 0.25, PURPLE)):
    y = softmax(logits / T)
    left.bar(np.arange(3) + shift, y, 0.25, color=colour, hatch={GREY: "..", PURPLE: "//"}.get(colour), ec="white")
    left.text(shift, y[0] + 0.02, f"T = {T:g}", color=colour, ha="center", fontsize=7)
    right.plot(*(y @ corners), MARKER[colour], color=colour, ms=6, zorder=3)
left.set(xticks=(0, 1, 2), xticklabels=("z = 2", "z = 1", "z = 0"), ylabel="probability", ylim=(0, 1.1))
right.plot(*corners[[0, 1, 2, 0]].T, color=INK, lw=0.8)
temperatures = np.logspace(2, -1.5, 80)
for z, colour in ((logits, BLUE), (np.array([0.0, 1.0, 1.0]), ORANGE), (np.array([1.0, 2.5, 2.0]), INK)):
    path = softmax(z / temperatures[:, None], axis=1) @ corners
    right.plot(*path.T, color=colour, ls=DASH[colour])
    right.plot(*path[-1], MARKER[colour], color=colour, ms=7, clip_on=False)
right.annotate("T → ∞", corners.mean(axis=0), (-8, 8), textcoords="offset points", ha="right")
for corner, text, place in zip(corners, ("class 0", "class 1", "class 2"), ((-4, -12), (4, -12), (0, 5)), strict=True):
    right.annotate(text, corner, place, textcoords="offset points", ha="center")
right.text(0.37, 0.05, "z = (2, 1, 0)", color=BLUE)
right.annotate("(1, 2.5, 2)", (0.9, 0.12), (12, 4), textcoords="offset points", color=INK)
right.annotate("(0, 1, 1)", (0.75, np.sqrt(0.75) / 2), (8, 0), textcoords="offset points", color=ORANGE)
right.set(aspect="equal", xlim=(-0.15, 1.15), ylim=(-0.12, 0.98))
right.axis("off")
show(
    figure,
    alt="As T falls, the probabilities move from all equal to a corner, a one-hot vector; a tie ends between two.",
)

# %% [markdown]
# All paths start in the centre and end in a corner, except the tie: with two logits alike, softmax gives each one
# half at every low temperature. (The softmax here is scipy's. You may use scipy in the exercises too.) Choose your
# own logits; then add the same number to all three, and see what doesn't move.

# %%
demos.softmax_triangle()

# %% [markdown] covers="02.36"
# For $K = 2$ this must be something you know. Shift the logits so that the second is zero, $z = (f, 0)$: then
# $y_1 = e^f/(e^f + 1) = \sigma(f)$, and the loss of the first class is $-\log\sigma(f) = \log(1 + e^{-f})$. Two
# classes, one of them fixed at zero, are logistic regression.

# %% [markdown] covers="02.34 E02-logistic-name"
# The loss is found as before: minus the logarithm of the probability that was given to what happened. With the
# one-hot target $t$,
#
# $$L = -\sum_k t_k \log y_k = -t^\top \log y = -\log y_{\text{label}} ,$$
#
# the **cross-entropy** for many classes, also called negative log-likelihood. It is cross-entropy *of* softmax, not a
# sum of the two, and library functions differ in how much they do: PyTorch's `CrossEntropyLoss` takes logits and does
# both, its `NLLLoss` takes log-probabilities. Logits handed to the latter raise no error; the model only learns
# badly.
#
# Will it compute? Three logits that differ by 1, a perfectly ordinary case but for their height:

# %%
with np.errstate(all="ignore"):
    for z in (np.array([2.0, 1.0, 0.0]), np.array([1002.0, 1001.0, 1000.0]), np.array([-998.0, -999.0, -1000.0])):
        print(z, "->", np.exp(z) / np.exp(z).sum())

# %% [markdown] covers="02.35"
# Infinity by infinity, or zero by zero. But only differences count, so first subtract the example's largest logit,
# $m = \max_k z_k$. Then the largest exponential is $e^0 = 1$; none overflows, and the sum is at least 1. Written for
# the logarithm, which is what the loss needs,
#
# $$\log y_k = z_k - m - \log\sum_{k'} e^{z_{k'} - m} .$$
#
# The last two terms are minus the **log-sum-exp**, $\operatorname{lse}(z) = \log\sum_k e^{z_k}$. No probability is
# put into a logarithm on the way, so $\log y_k$ is right even where $y_k$ rounds to 0. That is why softmax and
# cross-entropy belong in *one* function.
#
# And its gradient? The loss is $L = \operatorname{lse}(z) - z_{\text{label}}$. The derivative of $\operatorname{lse}$
# by $z_k$ is $e^{z_k}/\sum_{k'} e^{z_{k'}}$, softmax itself; the other term gives 1 at the label and 0 elsewhere. So
#
# $$\frac{\partial L}{\partial z_k} = y_k - t_k ,$$
#
# prediction minus target, a third time. For $z = (2, 1, 0)$ and label 1 it is $(0.665, -0.755, 0.090)$: push the
# right logit up, the others down, each by the probability it wrongly has. The sum is always 0. For the mean over $N$
# examples each row is divided by $N$.

# %% [markdown]
# ### Exercise: softmax_cross_entropy (3 points, 15 minutes)
# `Z` of shape (N, K) holds logits, an example a row, and `labels` (N,) integers from 0 to $K - 1$. Return the mean
# over the examples of $-\log \operatorname{softmax}(z)_{\text{label}}$, a number, and its gradient with respect to
# `Z`, of shape (N, K). It must hold for logits of any size, also when all are near $+900$ or $-900$, and when one row
# has $\pm 10^4$ beside ordinary rows; nothing may be added to a probability to save a logarithm. N or K may be 1
# (with one class, loss and gradient are 0). Leave `Z` as it is.

# %% exercise="softmax_cross_entropy"

# %% [markdown]
# Watch this gradient alone, without inputs or weights: one row of logits goes down it, from $(0, 0, 0)$, with
# label 1.

# %%
with until_written(softmax_cross_entropy):
    Z, label = np.zeros((1, 3)), np.array([1])
    for step in range(4):
        loss, dZ = softmax_cross_entropy(Z, label)
        print(f"step {step}: logits {Z[0].round(2)}, loss {loss:.3f}, gradient {dZ[0].round(2)}")
        Z = Z - dZ

# %% [markdown]
# The first loss is $\log 3 = 1.099$, that of a blind guess. The logits separate, their sum stays 0, and the gradient
# fades: it asks for less, the less is wrong.

# %% [markdown] covers="02.37"
# ## Reading digits with one matrix
#
# Can one matrix read handwriting? The digits are 1797 images of 8 by 8 pixels, written by 13 people, collected by
# Ethem Alpaydin and Cevdet Kaynak in the nineties. The model sees a row of 64 numbers between 0 (paper) and 1 (ink)
# and doesn't know which pixels are neighbours. It is $Z = XW^\top + b$ with $W$ of shape (10, 64): 650 parameters in
# all, which start at zero.
#
# What is missing is the way from `dZ` to the weights, once more by the chain rule. Logit $z_k$ of example $i$ depends
# on $w_{kj}$ through $w_{kj} x^{(i)}_j$, so
#
# $$\frac{\partial J}{\partial w_{kj}} = \sum_i \frac{\partial J}{\partial z^{(i)}_k}\, x^{(i)}_j , \qquad
#   \frac{\partial J}{\partial b_k} = \sum_i \frac{\partial J}{\partial z^{(i)}_k} .$$
#
# The $1/N$ of the mean is already in $\partial J/\partial z$. As a matrix product the left one must come out in the
# shape of $W$; there is only one way to multiply that fits.

# %% [markdown]
# ### Exercise: train_softmax_regression (3 points, 12 minutes)
# Gradient descent with all examples in every step on the mean softmax cross-entropy, from `W` $= 0$ and `b` $= 0$.
# `X` is (N, D), `labels` (N,) integers below `num_classes`, `lr` the learning rate. Return `W` (num_classes, D), `b`
# (num_classes,) and `losses` (steps,), where `losses[k]` is the loss *before* update $k + 1$, so that the first is
# $\log K$. With 0 steps `losses` has shape (0,). A class may never occur in `labels`; a learning rate of 50 000
# throws the logits into the thousands, and the losses must still be right. You may call your `softmax_cross_entropy`.

# %% exercise="train_softmax_regression"

# %% [markdown]
# 1200 digits for training, 597 for testing, learning rate 1, 300 steps. Guess how many of the 597 one matrix reads,
# and which digits it will confuse, before you run the cell.

# %%
digits_train, labels_train, digits_test, labels_test = data.digits()


@cache
def digit_model(train):
    """W, b and losses by the given training function; kept, so that the cells below don't train again."""
    return train(digits_train, labels_train, num_classes=10, lr=1.0, steps=300)


with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, losses = digit_model(train_softmax_regression)
    guess = np.argmax(digits_test @ W.T + b, axis=1)
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (labels_test, guess), 1)
    figure, (left, right) = panels(2, height=3)
    left.plot(losses, color=BLUE)
    left.set(xlabel="step", ylabel="training loss", ylim=(0, None))
    for (true, said), count in np.ndenumerate(confusion):
        if count:
            colour = INK if true == said else ORANGE
            right.text(said, true, count, ha="center", va="center", fontsize=8, color=colour)
    right.set(xlabel="read as", ylabel="true digit", xticks=range(10), yticks=range(10), aspect="equal")
    right.set(xlim=(-0.5, 9.5), ylim=(9.5, -0.5))
    show(figure, alt="The loss falls from log 10 to below 0.2; 576 of the 597 test digits stand on the diagonal.")
    print(f"right: {np.mean(guess == labels_test):.1%} of {len(guess)} unseen digits")

# %% [markdown]
# Of 100 digits, 96 are right, with a model that fits on a page. The 8, which has something of every digit, has a part
# in nine of its 21 mistakes.
#
# What has it learned? Row $k$ of $W$ has a weight for each pixel, so it is an image: red where ink speaks *for* the
# digit, blue where it speaks *against*. Look for the hole of the 0, and for how the 4 is told from the 9.

# %%
with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, losses = digit_model(train_softmax_regression)
    figure, axes = panels(5, 2, width=1.35, height=1.5)
    for k, ax in enumerate(axes.flat):
        image = ax.imshow(W[k].reshape(8, 8), cmap="RdBu_r", vmin=-np.abs(W).max(), vmax=np.abs(W).max())
        ax.set(title=k, xticks=(), yticks=())
        ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="weight", shrink=0.8)
    show(
        figure,
        alt="Each row of W is a template: weights for ink and against it, which set one digit apart from the rest.",
    )
    print(f"largest entry in the sum of the ten templates: {np.abs(W.sum(axis=0)).max():.1e}")

# %% [markdown]
# These templates are not pictures of digits: they show what sets a digit *apart*. The blue middle of the 0 matters
# more than its ring. The 4 asks for ink in its bar, below the middle, and for paper at the top and the upper right,
# where a 9 closes its loop. And the ten add up to zero in every pixel. One weight vector is redundant, remember; each
# row of `dZ` sums to zero, so descent from zero never moves in the direction that doesn't matter, as in the case of
# the two weights.
#
# Where is the model surest and still wrong?

# %%
with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, losses = digit_model(train_softmax_regression)
    probability = softmax(digits_test @ W.T + b, axis=1)
    guess, sure = probability.argmax(axis=1), probability.max(axis=1)
    worst = np.argsort(np.where(guess != labels_test, -sure, 0))[:6]
    figure, axes = panels(6, width=1.25, height=1.6)
    for i, ax in zip(worst, axes, strict=True):
        ax.imshow(digits_test[i].reshape(8, 8), cmap="gray_r")
        ax.spines[:].set_visible(False)
        ax.set(title=f"{labels_test[i]}, read as {guess[i]}\nwith {sure[i]:.0%}", xticks=(), yticks=())
        ax.title.set_fontsize(8)
    show(figure, alt="The six surest mistakes: some are misshapen, others plain to a person.")

# %% [markdown]
# Some of these you would misread too; others are plain to you, because you see strokes where the model sees 64
# separate numbers. Strokes are features, and to learn them is what the next lectures are about.

# %% [markdown]
# ## Beyond: when it says 80 %, is it right in 80 %?
#
# A probability should keep its promise: of all digits read with 80 % confidence, 80 of 100 should be right. A model
# that does so is called *calibrated*. To test it, group the test digits by confidence and draw each group's share of
# right answers against its mean confidence: the *reliability diagram*. The cheapest mend is a temperature: divide all
# logits by the $T$ that makes the loss on a validation set smallest (Chuan Guo and others, 2017). No answer changes,
# only how sure it sounds. We train on 800 digits and choose $T$ on the other 400. The grey bars show how far a group
# of a calibrated model strays from the diagonal by chance: one standard error.

# %%
with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, _ = train_softmax_regression(digits_train[:800], labels_train[:800], num_classes=10, lr=1.0, steps=300)
    Z_valid, Z_test = digits_train[800:] @ W.T + b, digits_test @ W.T + b
    temperatures = np.logspace(-1, 1, 81)
    T = temperatures[np.argmin([softmax_cross_entropy(Z_valid / T, labels_train[800:])[0] for T in temperatures])]
    figure, ax = panels(width=3.8, height=3.2)
    ax.plot([0.3, 1], [0.3, 1], color=GREEN, ls=DASH[GREEN])
    ax.text(0.34, 0.31, "calibrated", color=GREEN)
    edges = (0, 0.6, 0.75, 0.9, 0.97, 1.01)
    for Z, colour, text, place in (
        (Z_test, PURPLE, "as trained", (0.5, 0.9)),
        (Z_test / T, BLUE, f"T = {T:.2f}", (0.74, 0.66)),
    ):
        loss, _ = softmax_cross_entropy(Z, labels_test)
        sure, right = softmax(Z, axis=1).max(axis=1), Z.argmax(axis=1) == labels_test
        groups = [(low <= sure) & (sure < high) for low, high in pairwise(edges)]
        share = np.array([right[group].mean() for group in groups])
        confidence = np.array([sure[group].mean() for group in groups])
        chance = np.sqrt(confidence * (1 - confidence) / [group.sum() for group in groups])
        ax.errorbar(confidence, confidence, chance, color=GREY, ls="none", capsize=2, lw=1)
        ax.plot(confidence, share, marker=MARKER[colour], color=colour, ls=DASH[colour], lw=1)
        ax.text(*place, text, color=colour)
        print(f"{text}: mean confidence {sure.mean():.3f}, right {right.mean():.3f}, loss {loss:.3f}")
    ax.set(xlabel="mean confidence of a group", ylabel="share that is right", xlim=(0.3, 1.02), ylim=(0.3, 1.05))
    show(figure, alt="As trained, it is right more often than it claims; with T about 0.6 it comes much closer.")

# %% [markdown]
# Our model is too modest: stopped while its weights were still growing, it is right more often than it says. A
# temperature of 0.6 brings it much closer to the diagonal. Large networks usually err the other way. That one number
# is often enough is an observation; why is not known.

# %% [markdown]
# ## What to remember
#
# A linear model is $Xw + b$, one matrix product for all examples. Its cost is a mean over them, and for squared
# error, logistic and softmax cross-entropy alike the gradient at the output is **prediction minus target**, to be
# multiplied by the input. For up to a few thousand weights, linear regression is solved, not descended. Descent is
# limited by the steepest direction and slowed by the flattest, so standardise, with the training set's numbers. Where
# data leave a direction open, descent from zero and ridge both choose small weights.
#
# Features bend a linear model; how far is for a validation set to say, since the training set always votes for more.
# The share of mistakes has no slope, so train a surrogate: the negative log-likelihood, computed from logits and
# never from probabilities that have rounded. And what one matrix can read, it reads by templates.
