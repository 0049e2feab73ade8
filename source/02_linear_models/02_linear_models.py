# ---
# jupyter:
#   course:
#     title: Linear models
#     minutes: 150
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
# A weighted sum of measurements, plus a constant: that is the whole machine of this lecture. It will predict how a
# disease goes on, follow a wave, tell malignant from benign tissue and read handwritten digits, 19 of 20 of them right.
# A neural network is many such sums with something bent in between, so nearly everything you meet here you will
# meet again in every later lecture, and the most important line of all looks the same each time: the gradient is
# *prediction minus target*, times input.
#
# Afterwards you can write a cost over a whole data set as one line of array arithmetic and derive its gradient; find
# the best weights in one stroke or step by step, and say which way suits; bend a straight model with features, and
# see when it has been bent too far; explain why nobody trains the share of right answers directly; and compute the
# losses of classification without a single overflow. It takes about 150 minutes, of which 100 are yours: eight
# exercises and two questions. After the third section, at half time, is a good place for a break.

# %% setup=true
import time
from functools import cache

import numpy as np

from course import check, data
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, SIGNED
from course.figure import label_line, panels, show, until_written

# %% [markdown] covers="02.01 02.02 02.03"
# ## From rows of numbers to predictions
#
# In a clinic, ten things were measured on each of 442 diabetes patients: age, sex, body-mass index, blood pressure, six
# values from the blood. A year later a doctor put a number on how far the disease had progressed. Could you
# have told that number from the ten others?
#
# This is the problem in general: given $N$ pairs $(x^{(i)}, t^{(i)})$ of an input vector $x \in \mathbb R^D$ and a real
# **target** $t$, find a rule that gives a good $t$ for an $x$ that is not among them. The simplest rule that listens to
# all measurements gives each a **weight** $w_j$, adds up, and starts from a **bias** $b$:
#
# $$y = w_1 x_1 + \dots + w_D x_D + b = w^\top x + b .$$
#
# The number $y$ is the **prediction**. Weights and bias together are the **parameters**; one setting of them is one
# **hypothesis** about the world, for instance "ten more points for each unit of body-mass index, and nothing else counts".

# %%
patients, progression, columns = data.diabetes()  # (442, 10), (442,)
bmi = patients[:, [2]]  # (442, 1): one column, but still a matrix
print(", ".join(columns))
print(f"body-mass index {bmi[:3, 0]} kg/m², progression {progression[:3]}")

# %% [markdown] covers="02.04"
# Take that hypothesis, $y = 10\,x - 120$, and three patients. Their indices 32.1, 21.6 and 30.5 give the predictions 201,
# 96 and 185, but what came was 151, 75 and 141. The differences $y - t$ are called **residuals**: 50, 21 and 44, too high
# each time. How bad is that, in one number? Adding residuals would let a $+50$ and a $-50$ cancel, so we square them:
#
# $$L(y, t) = \tfrac12 (y - t)^2 .$$
#
# Squaring also says that one error of 50 is worse than two of 25. The half is there for the derivative,
# which is then $y - t$ without a stray 2. Adrien-Marie Legendre published this idea in 1805, to
# fit the orbits of comets; Carl Friedrich Gauss, four years later, said that he had used it since 1795, and the two never
# agreed on whose it was.
#
# Below are 50 of the patients with that line. Look at the length of the orange segments, and at where the long ones are.

# %%
few = slice(None, None, 9)
figure, ax = panels(width=4.6, height=3)
x, t = bmi[few, 0], progression[few]
ax.vlines(x, t, 10 * x - 120, color=ORANGE, lw=1)
ax.plot(x, t, MARKER[INK], color=INK)
ends = np.array([17.5, 40.0])
line, = ax.plot(ends, 10 * ends - 120, color=BLUE)
ax.set(xlabel="body-mass index (kg/m²)", ylabel="progression after one year", ylim=(0, 360))
label_line(ax, line, "y = 10 x − 120")
show(figure, alt="The line follows the trend of the patients, but single patients lie up to 150 points off it.")

# %% [markdown] covers="02.05 E02-cost-normalisation"
# The trend is there, and so is a wide scatter that no line through one measurement will remove. The **loss** $L$
# is about one patient; to judge a hypothesis we average it over all of them and call that the **cost**:
#
# $$J(w, b) = \frac1N \sum_{i=1}^N \tfrac12\big(w^\top x^{(i)} + b - t^{(i)}\big)^2 .$$
#
# For the three patients, $(1250 + 220.5 + 968)/3 = 812.8$. Books differ here: some sum instead of averaging, some leave
# out the half. The best line is the same for all of them, but not the size of the gradient: without the half it doubles,
# with a sum it grows by $N$, and a step size that was good becomes far too long. So fix one convention. In this course a
# cost is a **mean over the examples**, and only squared error carries the half.

# %% [markdown] covers="02.06 02.07 02.08"
# How do you say this to a computer? Stack the inputs as the rows of the **design matrix** $X$ of shape $(N, D)$ and
# the targets in a vector $t$ of shape $(N,)$. Row $i$ of the product $Xw$ is $w^\top x^{(i)}$, so all predictions at once, and
# the cost, are
#
# $$y = Xw + b\mathbf 1, \qquad J = \frac{1}{2N}\lVert y - t\rVert^2 .$$
#
# In numpy the left one is a matrix-vector product and a sum, `X @ w + b`. It is worth the trouble: here is the same
# prediction as two Python loops.

# %%
def predict_with_loops(X, w, b):
    y = []
    for row in X:
        total = b
        for x_j, w_j in zip(row, w, strict=True):
            total += w_j * x_j
        y.append(total)
    return np.array(y)


rng = np.random.default_rng(0)
X, w = rng.normal(size=(20_000, 50)), rng.normal(size=50)
start = time.perf_counter()
slow = predict_with_loops(X, w, 1.0)
middle = time.perf_counter()
fast = X @ w + 1.0
end = time.perf_counter()
print(f"loops {1e3 * (middle - start):.1f} ms, matrix product {1e3 * (end - middle):.2f} ms")
print(f"largest difference between the two: {np.abs(slow - fast).max():.0e}")

# %% [markdown]
# The same numbers, to rounding, some hundred times sooner. The cost is one line of the same kind: subtract, square,
# add up, divide by $2N$, each on the whole array.
#
# Two traps lie on the way, and both are silent. A column of shape $(N, 1)$ minus a vector of shape $(N,)$ is not a vector:
# numpy spreads both into an $N \times N$ square, and the mean of *that* looks like a cost. And small integers
# wrap around when they are squared:

# %%
print("a column minus a vector has the shape", (np.ones((4, 1)) - np.ones(4)).shape)
print("270000 squared in 32 bits is", np.array([270_000], dtype=np.int32) ** 2)

# %% [markdown]
# ### Exercise: squared_error_cost (1 point, 8 minutes)
# Write the cost $J = \frac{1}{2N}\sum_i (w^\top x^{(i)} + b - t^{(i)})^2$. `X` has shape (N, D), `t` (N,), `w` (D,), and `b` is a number;
# return a number. There may be more columns than rows, or a single row. `X` may hold integers, also large ones of 32
# bits: they mean the same as the equal floats. As in every exercise, leave the arrays you are given unchanged. To test by hand: the
# three patients above give 812.8.

# %% exercise="squared_error_cost"

# %% [markdown]
# With a cost, every line gets a number. Below on the left are three hypotheses; on the right each is a single *point*, its weight
# and bias, on a map of the cost which your function draws. Before you look: will the valley of this map be
# round? Think of what happens to the bias when the weight goes up by 1 and the line should still pass through the middle
# of the patients, near $x = 26$.

# %%
with until_written(squared_error_cost):
    figure, (left, right) = panels(2)
    left.plot(bmi[few, 0], progression[few], MARKER[INK], color=INK)
    left.set(xlabel="body-mass index (kg/m²)", ylabel="progression after one year", ylim=(0, 480))
    w_axis, b_axis = np.linspace(-8, 28, 45), np.linspace(-600, 400, 45)
    J = [[squared_error_cost(bmi, progression, np.array([w]), b) for w in w_axis] for b in b_axis]
    right.contourf(w_axis, b_axis, np.log10(J), levels=24)
    for w, b, colour in ((10, -120, BLUE), (2, 100, PURPLE), (20, -330, ORANGE)):
        line, = left.plot(ends, w * ends + b, color=colour, dashes=() if colour == BLUE else DASH[colour][1])
        cost = squared_error_cost(bmi, progression, np.array([float(w)]), float(b))
        label_line(left, line, f"J = {cost:.0f}")
        right.plot(w, b, MARKER[colour], color=colour, ms=8, mec="white")
    right.set(xlabel="weight w (progression per kg/m²)", ylabel="bias b (progression)")
    show(figure, alt="Three lines through the data are three points on the map of the cost, whose valley is long and "
                     "narrow and runs from upper left to lower right.")

# %% [markdown]
# One line is one point in parameter space. The valley (dark) is narrow and slanting: raise the weight by 1, and you must
# lower the bias by about 26 to stay in it, because that keeps the line on the middle of the patients. Remember that
# valley; it will soon cost us thousands of steps.

# %% [markdown] covers="02.09"
# ## Two ways to the minimum
#
# Which point of the map is lowest? At the bottom of a smooth valley the ground is level in every direction. So
# the minimum, if there is one, is a **critical point**: all partial derivatives are zero there. (The reverse fails in general, a pass
# between two mountains is level too. Here it holds, as you will see in a moment.) So we need the derivatives.
#
# One patient first. The residual is $r = w^\top x + b - t$, the loss $\frac12 r^2$, and by the chain rule
#
# $$\frac{\partial L}{\partial w_j} = r \frac{\partial r}{\partial w_j} = r\, x_j, \qquad
#   \frac{\partial L}{\partial b} = r .$$
#
# Read it aloud: the slope is the error times what the weight was multiplied by. Now the mean over all patients. For the three
# above, with residuals 50, 21, 44, the slope in $b$ is $(50 + 21 + 44)/3 = 38.3$ and the slope in $w$ is
# $(50 \cdot 32.1 + 21\cdot 21.6 + 44\cdot 30.5)/3 = 1133.5$. In general the sum $\sum_i r_i x^{(i)}_j$ runs down column $j$ of $X$, that is, it
# is row $j$ of $X^\top r$:
#
# $$\nabla_w J = \frac1N X^\top r, \qquad \frac{\partial J}{\partial b} = \frac1N \sum_i r_i,
#   \qquad r = Xw + b\mathbf 1 - t .$$

# %% [markdown]
# ### Exercise: squared_error_gradient (2 points, 10 minutes)
# Return the partial derivatives of the cost with respect to `w`, an array of shape (D,), and to `b`, a number, in this order.
# Shapes and conventions are those of `squared_error_cost`: both derivatives are those of the *mean*; integers count as the equal
# floats; N may be 1.

# %% exercise="squared_error_gradient"

# %% [markdown]
# A derivative that you wrote should be distrusted until it has been compared with the thing it is the derivative *of*. Nudge
# one parameter by $\pm h$, and divide the change of the cost by $2h$: for a quadratic this is exact but for rounding.

# %%
with until_written(squared_error_cost, squared_error_gradient):
    w, b, h = np.array([10.0]), -120.0, 1e-3
    dw, db = squared_error_gradient(bmi, progression, w, b)
    slope_w = (
        squared_error_cost(bmi, progression, w + h, b) - squared_error_cost(bmi, progression, w - h, b)
    ) / (2 * h)
    slope_b = (
        squared_error_cost(bmi, progression, w, b + h) - squared_error_cost(bmi, progression, w, b - h)
    ) / (2 * h)
    print(f"in w: yours {dw[0]:.6f}, by nudging {slope_w:.6f}")
    print(f"in b: yours {db:.6f}, by nudging {slope_b:.6f}")

# %% [markdown] covers="02.10 E02-normal-equations-missing"
# **The first way: set the gradient to zero and solve.** To save writing, append a column of ones to $X$, call the result $A$, and put
# $b$ at the end of the weights as $\theta = (w, b)$. Then $r = A\theta - t$, both derivatives together are
# $\frac1N A^\top r$, and they vanish where
#
# $$A^\top A\,\theta = A^\top t ,$$
#
# the **normal equations**: $D + 1$ linear equations for as many unknowns. If $A^\top A$ can be inverted there is one solution,
# $\theta = (A^\top A)^{-1}A^\top t$. And it is the minimum: put $\theta + \delta$ into the cost, and what is left beside $J(\theta)$ is
# $\frac{1}{2N}\lVert A\delta\rVert^2$, never negative. The formula has an inverse in it, the program should not: `solve` is quicker and loses fewer digits.

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
# Our guess of $10x - 120$ was close. One measurement takes the cost from 2965 to 1945, all ten to 1430: half of what a
# constant leaves. What the other half hangs on, this data set doesn't say.

# %% [markdown] covers="02.11 02.12 02.13 02.14"
# **The second way: walk downhill.** Most models have no formula for their minimum, and then you do what Augustin-Louis Cauchy proposed in 1847
# for the orbits of planets: start somewhere, and make the solution a little better, again and again. The gradient points
# steepest uphill, so **gradient descent** goes a bit the other way. Starting for example at $w = 0$, repeat
#
# $$w_j \leftarrow w_j - \frac{\alpha}{N} \sum_i \big(y^{(i)} - t^{(i)}\big)\, x^{(i)}_j
#   \qquad\text{or, all at once,}\qquad w \leftarrow w - \alpha \nabla_w J ,$$
#
# and likewise for $b$. The **learning rate** $\alpha > 0$ is the length of the step in units of the gradient. Larger is faster, up
# to a point. Where is that point? Along one direction of curvature $h$ the cost is $J = \frac h2 e^2$, with $e$ the distance from the minimum. Its
# slope is $he$, so a step makes $e - \alpha h e = (1 - \alpha h)\,e$ of it. For $\alpha < 1/h$ the error shrinks smoothly;
# beyond, it changes sign at each step; at $\alpha = 2/h$ it no longer shrinks; beyond that it grows without limit. The **steepest** direction
# decides how large $\alpha$ may be, and the **flattest** then has to make do with it.
#
# For our patients this is bad news. The curvature in $w$ is the mean of $x^2$, about 715; in $b$ it is 1.

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
# At 0.0025 the walk is stuck far from the best line; at 0.0029, just over $2/716$, it explodes. Between too slow and too
# fast there is nothing, because the valley is steep across and almost flat along. The remedy is not a better learning rate but a
# better bowl. Measure the index from its mean and in units of its own standard deviation, $(x - \bar x)/s$. A change of the weight
# then no longer moves the middle of the line, so the slant is gone, and all curvatures are 1.
#
# One thing needs care. The model will be used on patients who were not there when it was made; we imitate that by
# keeping some aside as a **test set**. They too must be shifted and scaled, by exactly the same numbers as the training data. Give
# each set its own mean, and the same patient would mean two different things to the model; besides, it isn't honest to let the
# test set have a say in anything.

# %% [markdown]
# ### Exercise: standardize (1 point, 8 minutes)
# Given `X_train` (N, D) and `X_test` (M, D), shift and scale *both* with the mean and the standard deviation of each column of
# `X_train`, and return both, in this order and as floats. The standard deviation divides by $N$, not $N - 1$. A column that never changes in
# `X_train` has deviation 0: only shift it, in both arrays. N may be 1; inputs may be integers and must stay as they are.

# %% exercise="standardize"

# %% [markdown]
# Now the same walk on both maps, drawn by your functions. On the left are 200 steps with the learning rate that just doesn't explode, on the
# right 12 steps. Look at where each is at its end.

# %%
with until_written(squared_error_cost, squared_error_gradient, standardize):
    scaled, _ = standardize(bmi, bmi)
    settings = (
        (bmi, 0.0025, 200, (-1.5, 13.5), (-170, 60), "raw: w per kg/m²"),
        (scaled, 0.3, 12, (-10, 100), (0, 230), "standardised: w per standard deviation"),
    )
    figure, axes = panels(2)
    for ax, (X, lr, steps, w_range, b_range, title) in zip(axes, settings, strict=True):
        w_axis, b_axis = np.linspace(*w_range, 40), np.linspace(*b_range, 40)
        J = [[squared_error_cost(X, progression, np.array([w]), b) for w in w_axis] for b in b_axis]
        ax.contour(w_axis, b_axis, np.log10(J), levels=16, linewidths=0.8)
        w, b = descend(X, progression, lr, steps)
        ax.plot(w[:, 0], b, "-o", color=BLUE, ms=3, lw=1.2)
        optimum = np.linalg.lstsq(np.c_[X, np.ones(len(X))], progression)[0]
        ax.plot(*optimum, MARKER[GREEN], color=GREEN, ms=12)
        ax.set(xlabel="weight w", title=title)
    axes[0].set_ylabel("bias b (progression)")
    show(figure, alt="On raw columns the path falls into a narrow valley and is still far from the optimum after 200 steps; "
                     "on standardised columns it goes straight to it in 12.")

# %% [markdown]
# Left, the first steps leap into the valley and the other 190 crawl along it: there the path needs 15 000 steps to come three times
# closer to the star. Right, the bowl is round, the gradient points at the minimum, and a dozen steps are enough. The model is the same,
# and so is its best fit; the coordinates are not. Lecture 07 makes a whole art of this.
#
# With ten columns standardising doesn't make the bowl quite round, because columns resemble each other; the
# curvatures now lie between 0.009 and 4.02. So the largest learning rate is $2/4.02 = 0.497$. Look for three things below: which
# rate is slow, which arrives, and what 0.51 does.

# %%
with until_written(squared_error_cost, squared_error_gradient, standardize):
    scaled, _ = standardize(patients, patients)
    figure, ax = panels(width=4.8, height=3)
    ax.set(xlabel="step", ylabel="cost J", yscale="log", xlim=(0, 150), ylim=(1e3, 2e4))
    for lr, colour, dy in ((0.003, GREY, 0), (0.03, PURPLE, 6), (0.3, BLUE, -1), (0.51, ORANGE, 0)):
        w, b = descend(scaled, progression, lr, steps=150)
        cost = [squared_error_cost(scaled, progression, w[k], b[k]) for k in range(len(b))]
        line, = ax.plot(cost, color=colour, ls=DASH[colour])
        label_line(ax, line, f"α = {lr}", dy=dy)
    optimum = np.mean((A @ best - progression) ** 2) / 2
    line, = ax.plot([0, 150], [optimum, optimum], color=GREEN, ls=DASH[GREEN])
    label_line(ax, line, "closed form", dy=-9)
    show(figure, alt="The cost falls slowly with 0.003, reaches the closed-form optimum with 0.3, and grows without limit "
                     "with 0.51, just beyond the largest allowed learning rate.")

# %% [markdown] covers="02.15"
# A cost that first falls and then takes off is the mark of a rate just over the limit: one direction of ten is growing, and it takes a while until
# it outweighs the nine that shrink.
#
# **Which way is the better one?** Count multiplications. Forming $X^\top X$ takes about $N D^2$ and solving about $D^3$, once. A step of descent takes
# about $2 N D$, so it wins where $D$ is large and few steps are enough. You can often read that descent is simply "more efficient". Is it? Measure. Below,
# $N = 2D$ random examples, a well-shaped bowl, a learning rate that we know to be good, and both go to the same cost, to a part in a million.

# %%
with until_written(squared_error_cost, squared_error_gradient):
    sizes, direct, descent, steps_taken = [], [], [], []
    for D in (10, 30, 100, 300, 1000, 2000):
        X = rng.normal(size=(2 * D, D))
        t = X @ rng.normal(size=D) / np.sqrt(D) + rng.normal(size=2 * D)
        start = time.perf_counter()
        solution = np.linalg.solve(X.T @ X, X.T @ t)
        middle = time.perf_counter()
        goal = squared_error_cost(X, t, solution, 0.0)
        begin, w, k = time.perf_counter(), np.zeros(D), 0
        while k < 1000 and (k % 10 or squared_error_cost(X, t, w, 0.0) > (1 + 1e-6) * goal):
            w = w - 0.6 * squared_error_gradient(X, t, w, 0.0)[0]
            k += 1
        end = time.perf_counter()
        sizes.append(D), direct.append(middle - start), descent.append(end - begin), steps_taken.append(k)
        if end - start > 2:  # a gradient written with loops is right too, but slow
            break
    print("steps of descent:", dict(zip(sizes, steps_taken, strict=True)))
    figure, ax = panels(width=4.6)
    ax.set(xlabel="number of weights D", ylabel="wall time (s)", xscale="log", yscale="log")
    for seconds, colour, text in ((direct, PURPLE, "direct"), (descent, BLUE, "descent")):
        line, = ax.plot(sizes, seconds, marker=MARKER[colour], color=colour, ls=DASH[colour])
        label_line(ax, line, text, dy=5 if seconds[-1] == max(direct[-1], descent[-1]) else -5)
    show(figure, alt="The direct solution is several times faster for up to some hundred weights; its curve is steeper, and the two "
                     "meet at a few thousand.")

# %% [markdown]
# For a small $D$ the direct solution wins several times over; its curve is steeper, and where the two meet, near two thousand here, depends on your
# machine. And this bowl was kind to descent. The ten standardised columns of the patients, with curvatures from 0.009 to 4.02, would ask for some
# thousand steps. So: **for linear regression with less than a few thousand columns, solve.** Descent is for the
# millions of weights to come, and for every model whose normal equations nobody can solve.

# %% [markdown]
# **When the minimum is not one point.** The direct way has a hole in it: $A^\top A$ may have no inverse. This happens when a column is a
# combination of others (a height in centimetres and again in inches), and always when, beside the bias, there are at least as many columns as
# examples: $D \ge N$. Then the data leave a direction undecided. Look at what the computer does with one column given twice:

# %%
twice = np.c_[bmi, bmi, np.ones(len(bmi))]
try:
    print("solve gives", np.linalg.solve(twice.T @ twice, twice.T @ progression))
except np.linalg.LinAlgError as error:
    print("solve refuses:", error)
print("inv gives  ", np.linalg.inv(twice.T @ twice + 1e-9 * np.diag([1, 2, 0])) @ twice.T @ progression)

# %% [markdown]
# Refusal is the good outcome. With a rounding error's worth of difference it answers, with a number that means nothing.
#
# To see what should be answered, take the smallest case: a single example $x = (1, 2)$ with $t = 5$, two weights and no bias. Every $w$ with $w_1 + 2 w_2 = 5$ has
# cost 0: a whole line of minima. Here are two ways to single one out. The first is to ask for the **smallest $\lVert w\rVert$**: the point of the line that is
# closest to zero, where no weight is spent on what the data can't see. The second changes the cost. **Ridge regression**
# (Arthur Hoerl and Robert Kennard, 1970) adds a price on large weights,
#
# $$J_\lambda(w, b) = \frac{1}{2N}\lVert Xw + b\mathbf 1 - t\rVert^2 + \frac{\lambda}{2}\lVert w\rVert^2 , \qquad \lambda > 0,$$
#
# and then there is always exactly one minimum, since $\frac\lambda2\lVert w\rVert^2$ curves upwards in *every* direction. The bias pays nothing: it only says where the targets lie, and if
# all of them were higher by 1000, $w$ should not change. In our small case the gradient $(w_1 + 2w_2 - 5)\,x + \lambda w$ vanishes only for a multiple of $x$,
# namely $w = \frac{5}{5 + \lambda}\,(1, 2)$.
#
# And gradient descent? Its steps are multiples of $x$ too, since $\nabla J = r\,x$. Say where it ends, from $(0, 0)$ and from $(3, -1)$, before you look.

# %%
figure, ax = panels(width=4.4, height=3.2)
x, t = np.array([1.0, 2.0]), 5.0
ax.set(xlabel="weight $w_1$", ylabel="weight $w_2$", xlim=(-1, 5), ylim=(-1.5, 3), aspect="equal")
line, = ax.plot([-1, 5], [3, 0], color=GREEN, ls=DASH[GREEN])
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
show(figure, alt="Descent from zero and ridge with a falling penalty both end at the minimum of smallest norm; descent from "
                 "elsewhere ends at another minimum.")

# %% [markdown]
# From zero, descent only ever adds multiples of the example, so it stays on the ray through $x$ and ends at $(1, 2)$, the minimum of smallest norm: with several
# examples, it stays among their combinations, the *row space* of $X$. From $(3, -1)$ it ends elsewhere, since what the data can't see it never corrects. Ridge
# comes along the same ray and tends to the same point as $\lambda \to 0$. Three recipes, one answer.

# %% [markdown]
# ### Exercise: fit_ridge (2 points, 15 minutes)
# Return the `w` (D,) and `b` that minimise $J_\lambda$ above; the bias is not penalised. `X` is (N, D), `t` (N,), and `lam` $\ge 0$. For `lam` $= 0$ the minimum may not be unique
# (a repeated column, a constant one, fewer examples than columns, a single example): return the one with the smallest $\lVert w\rVert$.
#
# The way there: the derivative by $b$ doesn't know of $\lambda$ and says that the mean residual is zero; so what is $b$, once you have $w$? Put it in, and see that from every column, and from $t$,
# only its mean is subtracted. Now write the gradient by $w$, set it to zero, and watch what becomes of $\lambda$ when you multiply by $N$. (`np.linalg.lstsq` and `np.linalg.pinv`
# return least-norm solutions.)

# %% exercise="fit_ridge"

# %% [markdown]
# Hoerl and Kennard drew the weights against $\lambda$ and called it a *ridge trace*. Here it is for the ten measurements, by your function. Look at s1 and s2, two kinds of cholesterol that
# go together closely in these patients (their correlation is 0.90), and so are almost one column given twice.

# %%
with until_written(fit_ridge, standardize):
    scaled, _ = standardize(patients, patients)
    penalties = np.logspace(-4, 2, 40)
    fits = [fit_ridge(scaled, progression, lam) for lam in penalties]
    trace = np.array([w for w, _ in fits])
    figure, ax = panels(width=4.8, height=3)
    for name, weights in zip(columns, trace.T, strict=True):
        colour = ORANGE if name in ("s1", "s2") else BLUE if name in ("bmi", "s5") else GREY
        ax.semilogx(penalties, weights, color=colour, lw=1.8 if colour != GREY else 1, ls=DASH[colour])
        if colour != GREY:
            ax.annotate(name, (penalties[0], weights[0]), (-4, 0), textcoords="offset points", color=colour, ha="right", va="center")
    ax.axhline(0, color=GREY, lw=0.6)
    ax.set(xlabel="penalty λ", ylabel="weight (progression per std. deviation)", xlim=(2e-5, None))
    show(figure, alt="With a growing penalty all weights shrink to zero; those of the two twin columns s1 and s2, large and of opposite "
                     "sign, collapse first.")
    print(f"bias at the smallest and the largest penalty: {fits[0][1]:.2f}, {fits[-1][1]:.2f}")

# %% [markdown]
# Almost free, s1 pulls down by 38 and s2 up by 23: the data know their difference poorly and their sum well. A small penalty is enough to end that quarrel, long before it touches bmi and s5.
# With a huge one every weight is zero, but the bias stays at 152.13, the mean of the targets.

# %% [markdown]
# ### Question: a feature given twice (3 points, 8 minutes)
# Two features of the design matrix are identical. What happens to the closed-form solution, to gradient descent from zero, and to ridge regression? Which solution does each return, and how is
# the weight divided between the two? Give reasons.

# %% [markdown] written="repeated_feature" points=3
# ### BEGIN MARK SCHEME
# - 1 point: $X^\top X$ is singular (two equal columns), so the normal equations have infinitely many solutions; all have the same predictions and the same cost.
# - 1 point: gradient descent from zero stays in the row space of $X$ (or: the two partial derivatives are equal at each step), hence it ends at the least-norm solution, with the weight shared equally.
# - 1 point: ridge has a unique solution for every $\lambda > 0$, equal weights by symmetry, and it tends to the same least-norm solution as $\lambda \to 0$.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Call the weights of the two equal columns $u$ and $v$. Predictions depend on $u + v$ alone, so along $(u + c,\, v - c)$ the cost doesn't change. $X^\top X$ has two equal rows and is singular;
# the normal equations have infinitely many solutions, all with the same predictions, and $(X^\top X)^{-1}$ doesn't exist (rounding may hide that and return
# huge weights of opposite sign).
#
# For gradient descent the derivatives by $u$ and by $v$ are the same number, $\frac1N \sum_i r_i x_i$. Starting at $u = v = 0$ they stay equal for ever. Every step is a combination
# of the rows of $X$, so the limit is the minimiser in the row space: the one of smallest norm, which shares the weight, $u = v$.
#
# Ridge adds $\frac\lambda2(u^2 + v^2)$, which for a given $u + v$ is smallest at $u = v$. The cost is now strictly convex, so for each $\lambda > 0$ there is one solution, with
# equal weights, and for $\lambda \to 0$ it tends to the same least-norm solution.
# ### END SOLUTION

# %% [markdown] covers="02.16 02.17"
# ## Feature maps
#
# The world is not straight. Must the model be thrown away? No: only what is fed to it must be changed. Let $\psi(x)$ be any list of numbers computed from $x$, and take
#
# $$y = w^\top \psi(x) .$$
#
# As a function of $x$ this can be as bent as you like; as a function of $w$, and that is what the minimum is about, it is as linear as before. Nothing in the algorithm changes:
# row $i$ of the design matrix is now $\psi(x^{(i)})$. Such a $\psi$ is called a **feature map**. The classic one, for a single number $x$, is
# $\psi(x) = (1, x, x^2, \dots, x^D)$, and the model is then a polynomial; the first feature, always 1, has taken the place of the bias. (If there is a bias too, ones do no harm: least norm gives that column the weight 0.)

# %% [markdown]
# ### Exercise: polynomial_features (1 point, 5 minutes)
# For `x` of shape (N,) and an integer `degree` $\ge 0$ return the matrix of shape (N, degree + 1) whose column $d$ is $x^d$, lowest power first, as floats. $x^0$ is 1, also for $x = 0$. `x` may be empty, and then the
# result has shape (0, degree + 1). It may hold integers, and those meet their limit: 70 to the power 13 doesn't fit into 64 bits.

# %% exercise="polynomial_features"

# %% [markdown] covers="02.19 02.20 E02-over-hyper"
# Here are 15 noisy measurements of one period of a sine wave, and polynomials of degree 1, 4 and 14 which your functions fit to them without any penalty. (We take powers of $2x - 1$, which lies between $-1$ and 1: the same polynomials, with
# less rounding.) A polynomial of degree 14 has 15 coefficients, one for each point. Before you look: what will its cost be, and which of the three would you trust at a new $x$?

# %%
def powers(x, degree):
    return polynomial_features(2 * x - 1, degree)


def error(w, b, x, t, degree):
    """Root of the mean squared error, in the units of t."""
    return np.sqrt(np.mean((powers(x, degree) @ w + b - t) ** 2))


x_train, t_train = data.noisy_sine(15, seed=0)
x_valid, t_valid = data.noisy_sine(30, seed=1)
x_test, t_test = data.noisy_sine(1000, seed=2)
grid = np.linspace(0, 1, 300)

with until_written(polynomial_features, fit_ridge):
    figure, axes = panels(3, width=2.7, sharey=True)
    for ax, degree in zip(axes, (1, 4, 14), strict=True):
        w, b = fit_ridge(powers(x_train, degree), t_train, 0.0)
        ax.plot(grid, np.sin(2 * np.pi * grid), color=GREEN, ls=DASH[GREEN])
        ax.plot(grid, powers(grid, degree) @ w + b, color=BLUE)
        ax.plot(x_train, t_train, MARKER[INK], color=INK, ms=6)
        ax.set(xlabel="x", ylim=(-2.2, 2.2), title=f"degree {degree}, error {error(w, b, x_train, t_train, degree):.2f}")
    axes[0].set_ylabel("t")
    show(figure, alt="Degree 1 misses the wave, degree 4 follows it, degree 14 passes through all points and swings wildly between them.")

# %% [markdown]
# The straight line is too simple even for the points it was given: it **underfits**. Degree 14 hits all of them and has learned the noise along with the wave: it **overfits**. Overfitting doesn't mean
# that the fit is perfect; it means that the error on new data is much larger than on the data used for fitting, and that can happen long before anything is perfect.

# %% [markdown] covers="02.21 02.22"
# Who chooses the degree? Not the fit: asked which degree has the lowest cost *on the training data*, it would name the largest every time, because each polynomial of degree 4 is also one of degree 5. This is what makes a
# **hyperparameter**. It isn't something that can't be optimised; it is something which, optimised on the same data as the weights, would always choose the most flexible model. So it is chosen outside the
# training, on other data: fit on the **training set**, compare on a **validation set**, and keep a **test set** that takes part in neither, to be looked at once, at the end. By then the validation error is no longer honest, since you took its minimum.
#
# Look for where the two curves on the left part, and for the only one that ever turns up. On the right the degree stays at 14 and the penalty $\lambda$ moves instead.

# %%
with until_written(polynomial_features, fit_ridge):
    degrees, penalties = np.arange(15), np.logspace(-8, 1, 28)
    by_degree = [(fit_ridge(powers(x_train, d), t_train, 0.0), d) for d in degrees]
    by_penalty = [(fit_ridge(powers(x_train, 14), t_train, lam), 14) for lam in penalties]
    figure, axes = panels(2, sharey=True)
    axes[0].set(xlabel="degree", ylabel="error (units of t)", yscale="log", ylim=(0.03, 20))
    axes[1].set(xlabel="penalty λ, at degree 14", xscale="log")
    for ax, axis, models in ((axes[0], degrees, by_degree), (axes[1], penalties, by_penalty)):
        train = [error(*fit, x_train, t_train, d) for fit, d in models]
        valid = [error(*fit, x_valid, t_valid, d) for fit, d in models]
        for values, colour, text in ((train, BLUE, "training"), (valid, PURPLE, "validation")):
            line, = ax.plot(axis, values, color=colour, ls=DASH[colour])
            label_line(ax, line, text, dy=(5 if colour == PURPLE else -5) * (ax is axes[1]))
        ax.plot(axis[np.argmin(valid)], min(valid), MARKER[ORANGE], color=ORANGE, ms=8)
    show(figure, alt="The training error only falls with the degree and only rises with the penalty; the validation error has its "
                     "minimum between too stiff and too flexible, in both.")
    for name, axis, models in (("degree", degrees, by_degree), ("penalty", penalties, by_penalty)):
        best_fit, d = models[np.argmin([error(*fit, x_valid, t_valid, d) for fit, d in models])]
        chosen = axis[np.argmin([error(*fit, x_valid, t_valid, d) for fit, d in models])]
        print(f"chosen {name} {chosen:.2g}: test error {error(*best_fit, x_test, t_test, d):.3f} (the noise alone is 0.2)")

# %% [markdown] covers="02.18"
# The training curve never turns up; the validation curve does, and its minimum (the cross) is your choice. A penalty does the same service as a small degree, more smoothly: the stiff end of the right picture is on the right. With other random points both crosses move;
# thirty validation points say roughly where the minimum is, not exactly. There are better ways to spend few data (cross-validation, lecture 08), but no rule that gives the right degree from the data's size alone.
#
# Why do we need more than this? Because somebody had to think of $x^d$. For one number, powers are easy to propose. For the 64 pixels of an image, those of degree up to 4 would be 814 385 features, and hardly one of them says what makes a seven a seven. Good features are hard to
# invent by hand. From lecture 03 on, the network learns $\psi$ as well.
#
# This is half time.

# %% [markdown] covers="02.23 02.24"
# ## Deciding yes or no
#
# Fluid from a lump in the breast, under a microscope: thirty numbers describe size, outline and texture of the cell nuclei. Malignant or benign? The target is now an answer, $t \in \{0, 1\}$: this is **classification** with two classes. The examples with $t = 1$ are called **positive**; positive
# is what one looks for, here the malignant ones, and not what one hopes for.
#
# A weighted sum can decide: compute $z = w^\top x + b$, and say 1 if $z \ge 0$, otherwise 0. The set $z = 0$ is a line, a plane, in general a hyperplane, with yes on one side and no on the other. With answers $\pm1$
# instead of 1 and 0 and a one among the inputs this is $\mathrm{sign}(w^\top x)$, Frank Rosenblatt's *perceptron* of 1958.
#
# How should we choose $w$? We want few mistakes, so minimise their share. Try it: decide by the mean radius of the nuclei alone, and move the threshold a little.

# %%
samples, malignant, names = data.breast_cancer()  # (569, 30), (569,)
radius = samples[:, 0]
for threshold in (15.0, 15.0001, 15.001, 15.1, 15.5):
    wrong = np.mean((radius >= threshold) != malignant)
    print(f"malignant from {threshold:.4f} µm: share of mistakes {wrong:.6f}")

# %% [markdown] covers="02.25 E02-accuracy-gradient"
# Nothing, nothing, and then a jump. The share of mistakes is a staircase. You can read that it can't be descended because it jumps, but the jumps are not the worst of it: between them it is *level*. **Its gradient is zero
# almost everywhere**, at good parameters and at bad ones, so it never says where to go. We need a **surrogate loss**: smooth, with a slope wherever something is wrong, and small where the decisions are right.

# %% [markdown] covers="02.26 02.27 E02-open-interval"
# An idea: let the model say how sure it is. Make a *probability* of $z$ with the **logistic function**
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} , \qquad \sigma(0) = \tfrac12, \quad \sigma(2) = 0.88, \quad \sigma(-2) = 0.12 ,$$
#
# an S-shaped curve (*sigmoidal*) that Pierre-François Verhulst introduced in 1838 for growing populations. Its values lie in the **open** interval $(0, 1)$: $e^{-z}$ is positive for every $z$, so no finite $z$ makes it certain. (In floating point it does round to 0 and 1. Wait for it.) The model
# $y = \sigma(w^\top x + b)$, read as the probability of $t = 1$, is **logistic regression** (David Cox, 1958). Solve for $z$,
#
# $$z = \log\frac{y}{1 - y} ,$$
#
# and you see what the weighted sum means: it is the logarithm of the odds, the **logit**. An input that raises $z$ by 1 multiplies the odds by $e$, whatever they were. Because a logarithm is linear in $x$, the model is called *log-linear*.

# %% [markdown] covers="02.28"
# Which loss? Ask how probable the model held what really happened, and make that large. The probability of $t = 1$ is $\sigma(z)$, that of $t = 0$ is $1 - \sigma(z) = \sigma(-z)$. For $N$ independent examples the probabilities multiply; this product is the **likelihood** of the
# parameters. Its logarithm is a sum, and we minimise, so the loss of one example is
#
# $$L = -\log\sigma(z) = \log(1 + e^{-z}) \;\text{ for } t = 1, \qquad L = -\log\sigma(-z) = \log(1 + e^{z}) \;\text{ for } t = 0 .$$
#
# Since $\log(1 + e^{-z}) = \log(1 + e^z) - z$, one formula serves both,
#
# $$L(z, t) = \log(1 + e^z) - t z , \qquad\text{or in terms of } y:\quad L = -t\log y - (1 - t)\log(1 - y) .$$
#
# This is the **cross-entropy**. If the truth is 1, saying 0.88 costs 0.13, saying 0.5 costs $\log 2 = 0.69$, saying 0.12 costs 2.1, and each further unit of $z$ in the wrong direction costs about 1 more. Being wrong and sure is expensive, without limit.

# %% [markdown]
# Its derivative is worth doing by hand. That of $\log(1 + e^z)$ is $e^z/(1 + e^z) = \sigma(z) = y$, that of $tz$ is $t$, so
#
# $$\frac{\partial L}{\partial z} = y - t .$$
#
# Prediction minus target, again. Squared error after the logistic function, $\frac12(\sigma(z) - t)^2$, looks just as sensible. Compare the two for a positive example, $t = 1$; the top row shows the losses and the bottom row their slopes, which is all that descent gets to see. Look at the far left,
# where the answer is quite wrong.

# %%
z = np.linspace(-7, 7, 281)
y = 1 / (1 + np.exp(-z))
curves = (
    ((z < 0) * 1.0, np.zeros_like(z), GREY, "0/1 loss"),
    ((y - 1) ** 2 / 2, None, PURPLE, "squared error"),
    (-np.log(y), None, BLUE, "cross-entropy"),
)
figure, (top, bottom) = panels(1, 2, width=5, height=2.2, sharex=True)
for loss, slope, colour, text in curves:
    line, = top.plot(z, loss, color=colour, ls=DASH[colour])
    at = {"0/1 loss": (-6.8, 1.25), "squared error": (-3.3, 0.1), "cross-entropy": (-4.1, 4.5)}[text]
    top.text(*at, text, color=colour)
    bottom.plot(z, np.gradient(loss, z) if slope is None else slope, color=colour, ls=DASH[colour])
top.set(ylabel="loss", ylim=(-0.2, 6))
bottom.set(ylabel="slope", xlabel="logit z, for a positive example (t = 1)")
show(figure, alt="Far on the wrong side, cross-entropy has slope −1, while squared error after the logistic function and the 0/1 loss "
                 "are flat.")

# %% [markdown]
# On the far left the cross-entropy pulls with its full slope of $-1$. The squared error is as flat there as the 0/1 loss: an example on which the model is sure and wrong hardly moves it. Why that is you will say yourself, with a formula, in a question below. (The derivative of the 0/1 loss
# is drawn as 0; at $z = 0$ it has none.)

# %% [markdown] covers="02.29 E02-label-conventions E02-yhat-label"
# A word on labels. Much of the literature codes the two classes as $-1$ and $+1$ and writes the loss as $\log(1 + e^{-s f})$, with the label $s$ and the score $f = w^\top x + b$, our $z$. It is the same loss with $t = (s + 1)/2$: for $f = 1.7$ both give 0.168 if the example is positive and
# 1.868 if it is negative. Some write $y$ for the label and $\hat y$ for the prediction; then it is the label $y$ that is $\pm1$, while the score may be any real number. Feed labels of one kind to a loss for the other, and no error is raised: so each function should say which it takes. Ours take 0 and 1.

# %%
f = 1.7
for s in (+1, -1):
    t = (s + 1) / 2
    print(f"label {s:+d}: {np.log(1 + np.exp(-s * f)):.6f}   target {t:.0f}: {np.log(1 + np.exp(f)) - t * f:.6f}")

# %% [markdown] covers="E02-ce-overflow"
# On paper the two forms of the cross-entropy are the same. In a computer, the one with $\log y$ is broken. Take an example with $t = 1$ and a logit of $-800$, so the loss is 800; and one with $t = 0$ and $z = 40$, so it is 40.

# %%
with np.errstate(all="ignore"):  # numpy would warn, and rightly
    for z, t in ((-800.0, 1), (40.0, 0)):
        y = 1 / (1 + np.exp(np.float64(-z)))
        right = y if t == 1 else 1 - y
        print(f"z = {z:4.0f}, t = {t}: y = {y}, -log = {-np.log(right)}, clipped {-np.log(max(right, 1e-12)):.1f}")
    print(f"and log(1 + exp(z)) - t z for z = 1000, t = 1: {np.log(1 + np.exp(np.float64(1000.0))) - 1000.0}")

# %% [markdown]
# The probability has rounded to 0, or to 1, and the logarithm of what is left is infinite. Clipping the probability hides it: then every hopeless example costs 27.6, wrong, and with slope 0. The form with $z$ is better, but $e^{1000}$ is too large for any float. One step more does it: for $z > 0$, take $e^z$ out of the
# logarithm, $\log(1 + e^z) = z + \log(1 + e^{-z})$, and both cases together are
#
# $$L(z, t) = \max(z, 0) - t z + \log\big(1 + e^{-|z|}\big) .$$
#
# Now the exponential is of a number that is never positive. It may vanish, which is harmless, but it can't overflow. (For a tiny $u$, `np.log1p(u)` computes $\log(1 + u)$ with all its digits, where `np.log(1 + u)` returns 0.)
#
# For all examples, with $z = Xw + b\mathbf 1$, the chain rule does what it did for regression, since $z$ depends on $w$ just as the prediction did there:
#
# $$\nabla_w J = \frac1N X^\top (y - t), \qquad \frac{\partial J}{\partial b} = \frac1N\sum_i \big(y^{(i)} - t^{(i)}\big) .$$

# %% [markdown]
# ### Exercise: logistic_cost_and_gradient (3 points, 15 minutes)
# Return the mean cross-entropy (natural logarithm) of $y = \sigma(Xw + b)$, a number, and its gradient, `dw` of shape (D,) and `db`, a number: three things in this order. `X` is (N, D), `t` (N,) of 0 and 1, `w` (D,). Both `X` and `t` may be integers. It must be right for logits of any
# size: a logit of $-1000$ with target 1 costs 1000, never inf or NaN and without clipping; one of 35 with target 1 costs $6\cdot 10^{-16}$. Mind the $\sigma$ in the gradient as well: it must be a number for $z = \pm 1000$.

# %% exercise="logistic_cost_and_gradient"

# %% [markdown] covers="02.37"
# Now decide. Nothing new is needed: 400 samples for training, 169 for testing, your standardising (the columns differ in scale by a factor of 200 000), your gradient, and 300 steps of descent from zero. On the right each of the 169 test samples stands at its logit, above if it is
# malignant. Look for the crosses: how sure is the model where it is wrong?

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
    for mask, marker, colour in ((~wrong, "o", GREY), (wrong, MARKER[ORANGE], ORANGE)):
        right.plot(z[mask].clip(-15, 15), (t + jitter)[mask], marker, color=colour, ms=4 if colour == GREY else 7, alpha=0.8)
    right.set(xlabel="logit z", ylabel="probability of malignant", yticks=(0, 0.5, 1))
    show(figure, alt="The cost starts at log 2 and falls; nearly all test samples lie on the right side of the S-curve, and the mistakes "
                     "have logits near zero.")
    print(f"right on {np.mean(~wrong):.1%} of the test samples; logits of the mistakes: {np.sort(z[wrong]).round(1)}")

# %% [markdown]
# The first cost is $\log 2 = 0.693$: with $w = 0$ every answer is one half. At the end 96 % of the unseen samples are right, and the six mistakes are mostly near $z = 0$, where the model says itself that it isn't sure.
# Remember that these are 169 samples from one hospital; how well it would do in another is not known from this.
#
# Had the classes been separable by a plane, there would be no minimum at all: doubling $w$ would make every right answer surer and the cost smaller, for ever. (Where descent goes then was found out only in 2018: towards the plane with the widest margin.)

# %% [markdown]
# ### Question: a classifier that does not move (2 points, 6 minutes)
# A colleague trains a classifier with squared error on the logistic output, $\frac12(\sigma(z) - t)^2$, and starts from large random weights. The cost hardly changes. Explain with a formula why, and say what cross-entropy changes.

# %% [markdown] written="squared_error_on_logistic" points=2
# ### BEGIN MARK SCHEME
# - 1 point: the gradient contains the factor $y(1 - y)$, which vanishes when the logistic function is saturated, even if the answer is wrong; large random weights make it so.
# - 1 point: for cross-entropy that factor cancels and leaves $y - t$, which is close to $\pm1$ for a confident mistake.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# With $y = \sigma(z)$ and $\sigma'(z) = y(1 - y)$ the chain rule gives $\frac{\partial}{\partial z}\frac12(y - t)^2 = (y - t)\,y\,(1 - y)$. Large random weights make $|z|$ large, so $y$ is close to 0 or 1 and $y(1 - y)$ is close to 0:
# about $e^{-|z|}$. The gradient vanishes also where $y - t = \pm1$, on the examples that are confidently wrong, so the weights stay where they are.
#
# The cross-entropy has $\frac{\partial L}{\partial y} = \frac{y - t}{y(1 - y)}$. Times $y(1 - y)$ that is $y - t$: the factor cancels, and a confident mistake pulls with a slope of almost $\pm1$.
# ### END SOLUTION

# %% [markdown] covers="02.30 02.31 E02-weight-layout"
# ## Many classes
#
# Ten digits instead of yes or no. A label $k$ is not a quantity, a 9 is not three times a 3, so regression on the label would be nonsense. Write it as a **one-hot** vector of length $K$: zeros, and a single 1 at the place of the class. Mathematics counts classes from 1 to $K$ (the formulas below don't mind); in code they
# run **from 0 to $K - 1$**, so that a label is an index.
#
# And take one weighted sum for each class: $z_k = \sum_j w_{kj} x_j + b_k$, in short $z = Wx + b$, where row $k$ of $W \in \mathbb R^{K\times D}$ holds the weights of class $k$. For a batch, with the examples in rows, the transposed form is
#
# $$Z = X W^\top + b , \qquad (N, K) = (N, D)\,(D, K) + (K,) .$$
#
# You will also find code that stores the transpose, (inputs, outputs), and even texts that use one layout for the theory and the other in the program. This course keeps $W$ as (outputs, inputs), as PyTorch does: its `Linear(3, 5)` holds a matrix of shape (5, 3).

# %% [markdown] covers="02.32 02.33 E02-softmax-C-K E02-softargmax"
# How do $K$ numbers become $K$ probabilities? Make them positive, then divide by their sum: the **softmax**, a name John Bridle gave it in 1990,
#
# $$y_k = \frac{e^{z_k}}{\sum_{k'=1}^K e^{z_{k'}}} .$$
#
# For $z = (2, 1, 0)$ the exponentials are 7.39, 2.72 and 1, their sum is 11.11, and $y = (0.665, 0.245, 0.090)$. All are positive and the sum is 1. Add 100 to each logit, and numerator and denominator are both multiplied by $e^{100}$: nothing changes. **Only differences of logits count.** So one of the $K$ weight
# vectors is redundant; you could subtract it from all and keep every probability.
#
# Now divide all logits by a **temperature** $T$ first. As $T \to 0$ the differences grow beyond all bounds and the largest logit takes everything: softmax approaches the *one-hot vector* of the arg max (not the arg max, which is a number, whatever its name suggests). Where two logits are tied for the largest, it
# approaches one half for each. Look at the ends of the paths on the right: where does the tie go?

# %%
from scipy.special import softmax

logits = np.array([2.0, 1.0, 0.0])
corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])  # of the triangle of all (y0, y1, y2)
figure, (left, right) = panels(2, height=2.8)
for shift, T, colour in ((-0.27, 4.0, GREY), (0, 1.0, BLUE), (0.27, 0.25, PURPLE)):
    left.bar(np.arange(3) + shift, softmax(logits / T), 0.25, color=colour, hatch={GREY: "..", PURPLE: "//"}.get(colour), ec="white")
    left.text(-0.27 + shift + 0.27, softmax(logits / T)[0] + 0.02, f"T = {T:g}", color=colour, ha="center", fontsize=7)
left.set(xticks=(0, 1, 2), xticklabels=("class 0\nz = 2", "class 1\nz = 1", "class 2\nz = 0"), ylabel="probability", ylim=(0, 1.1))
right.plot(*corners[[0, 1, 2, 0]].T, color=INK, lw=0.8)
temperatures = np.logspace(2, -1.5, 80)
for z, colour in ((logits, BLUE), (np.array([0.0, 1.0, 1.0]), ORANGE), (np.array([1.0, 2.5, 2.0]), PURPLE)):
    path = softmax(z / temperatures[:, None], axis=1) @ corners
    right.plot(*path.T, color=colour, ls=DASH[colour])
    right.plot(*path[-1], MARKER[colour], color=colour, ms=7, clip_on=False)
right.annotate("T → ∞", corners.mean(axis=0), (-8, 8), textcoords="offset points", ha="right")
for corner, text, place in zip(corners, ("class 0", "class 1", "class 2"), ((-4, -12), (4, -12), (0, 5)), strict=True):
    right.annotate(text, corner, place, textcoords="offset points", ha="center")
right.annotate("a tie", (0.75, np.sqrt(0.75) / 2), (8, 0), textcoords="offset points", color=ORANGE)
right.set(aspect="equal", xlim=(-0.15, 1.15), ylim=(-0.12, 0.98))
right.axis("off")
show(figure, alt="As the temperature falls, the probabilities move from all equal, the centre of the triangle, to a corner, the one-hot vector of "
                 "the largest logit; a tie ends in the middle of an edge.")

# %% [markdown] covers="02.36"
# All paths start in the centre, where $T$ is so high that all classes are equal, and end in a corner: except the tie, which ends in the middle of an edge.
#
# For $K = 2$ this must be something you know. Shift the logits so that the second is zero, $z = (f, 0)$: then $y_1 = e^f/(e^f + 1) = \sigma(f)$, and the loss of the first class is $-\log\sigma(f) = \log(1 + e^{-f})$. Two classes, one of them fixed at zero, are logistic regression.

# %% [markdown] covers="02.34 E02-logistic-name"
# The loss is found as before: minus the logarithm of the probability that was given to what happened. With the one-hot target $t$,
#
# $$L = -\sum_k t_k \log y_k = -t^\top \log y = -\log y_{\text{label}} ,$$
#
# the **cross-entropy** for many classes, also called negative log-likelihood. It is cross-entropy *of* softmax, one applied to the other, and libraries differ in how much of that a function does: PyTorch's `CrossEntropyLoss` takes logits and does both, its `NLLLoss` takes log-probabilities, and giving one what is meant for the other
# raises no error, only a model that learns badly.
#
# Will it compute? Three logits that differ by 1, a perfectly ordinary case but for their height:

# %%
with np.errstate(all="ignore"):
    for z in (np.array([2.0, 1.0, 0.0]), np.array([1002.0, 1001.0, 1000.0]), np.array([-998.0, -999.0, -1000.0])):
        print(z, "->", np.exp(z) / np.exp(z).sum())

# %% [markdown] covers="02.35"
# Infinity by infinity, or zero by zero. But only differences count, so nothing forbids to subtract the largest logit of the example, $m = \max_k z_k$, first. Then the largest exponential is $e^0 = 1$; none overflows, and the sum is at least 1. Written for the logarithm, which is what the loss needs,
#
# $$\log y_k = z_k - m - \log\sum_{k'} e^{z_{k'} - m} .$$
#
# The last two terms are minus the **log-sum-exp**, $\operatorname{lse}(z) = \log\sum_k e^{z_k}$. Notice that no probability is computed on the way and then put into a logarithm: $\log y_k$ is right even where $y_k$ itself would round to 0. That is why softmax and cross-entropy belong in *one* function.
#
# And its gradient? The loss is $L = \operatorname{lse}(z) - z_{\text{label}}$. The derivative of $\operatorname{lse}$ by $z_k$ is $e^{z_k}/\sum_{k'} e^{z_{k'}}$, softmax itself; the other term gives 1 at the label and 0 elsewhere. So
#
# $$\frac{\partial L}{\partial z_k} = y_k - t_k ,$$
#
# prediction minus target, a third time. For $z = (2, 1, 0)$ and label 1 it is $(0.665, -0.755, 0.090)$: push the right logit up, the others down, each by the probability it wrongly has. The sum is always 0. For the mean over $N$ examples each row is divided by $N$.

# %% [markdown]
# ### Exercise: softmax_cross_entropy (3 points, 15 minutes)
# `Z` of shape (N, K) holds logits, an example a row, and `labels` (N,) integers from 0 to $K - 1$. Return the mean over the examples of $-\log \operatorname{softmax}(z)_{\text{label}}$, a number, and its gradient with respect to `Z`, of shape (N, K).
# It must hold for logits of any size, also when all are near $+900$ or $-900$, and when one row has $\pm 10^4$ beside ordinary rows; nothing may be added to a probability to save a logarithm. N or K may be 1 (with one class, loss and gradient are 0). Leave `Z` as it is.

# %% exercise="softmax_cross_entropy"

# %% [markdown]
# What does a gradient of this kind do? Take it alone, without any inputs or weights, and let one row of logits go down it. It starts at $(0, 0, 0)$ with label 1.

# %%
with until_written(softmax_cross_entropy):
    Z, label = np.zeros((1, 3)), np.array([1])
    for step in range(4):
        loss, dZ = softmax_cross_entropy(Z, label)
        print(f"step {step}: logits {Z[0].round(2)}, loss {loss:.3f}, gradient {dZ[0].round(2)}")
        Z = Z - dZ

# %% [markdown]
# The first loss is $\log 3 = 1.099$, that of a blind guess among three. The logits separate, their sum stays 0, and the gradient fades as the probability of the right class approaches 1: it asks for less, the less is wrong.
#
# ## Reading digits with one matrix
#
# Now everything is there to read handwriting. The digits are 1797 images of 8 by 8 pixels, written by 13 people, collected by Ethem Alpaydin and Cevdet Kaynak in the nineties. We show the model a row of 64 numbers between 0 (paper) and 1 (ink), so it doesn't know which pixels are neighbours. The model is $Z = XW^\top + b$
# with $W$ of shape (10, 64): 650 numbers in all, that start at zero.
#
# What is missing is the way from `dZ` to the weights, once more by the chain rule. Logit $z_k$ of example $i$ depends on $w_{kj}$ through $w_{kj} x^{(i)}_j$, so
#
# $$\frac{\partial J}{\partial w_{kj}} = \sum_i \frac{\partial J}{\partial z^{(i)}_k}\, x^{(i)}_j , \qquad
#   \frac{\partial J}{\partial b_k} = \sum_i \frac{\partial J}{\partial z^{(i)}_k} .$$
#
# The $1/N$ of the mean is already in $\partial J/\partial z$. As a matrix product the left one must come out in the shape of $W$; there is only one way to multiply that fits.

# %% [markdown]
# ### Exercise: train_softmax_regression (3 points, 12 minutes)
# Gradient descent with all examples in every step on the mean softmax cross-entropy, from `W` $= 0$ and `b` $= 0$. `X` is (N, D), `labels` (N,) integers below `num_classes`, `lr` the learning rate. Return `W` (num_classes, D), `b` (num_classes,) and `losses` (steps,), where `losses[k]` is the loss *before* update $k + 1$, so
# that the first is $\log K$. With 0 steps `losses` has shape (0,). A class may never occur in `labels`; a learning rate of 50 000 throws the logits into the thousands, and the losses must still be right. You may call your `softmax_cross_entropy`.

# %% exercise="train_softmax_regression"

# %% [markdown]
# 1200 digits for training, 597 for testing, shuffled, learning rate 1, 300 steps. The loss starts at $\log 10 = 2.30$. Guess how many of the 597 one matrix reads, and which digits it will confuse, before you run the cell.

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
    left.semilogy(losses, color=BLUE)
    left.set(xlabel="step", ylabel="training loss")
    for (true, said), count in np.ndenumerate(confusion):
        if count:
            right.text(said, true, count, ha="center", va="center", fontsize=8, color=GREY if true == said else ORANGE)
    right.set(xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10), xlim=(-0.5, 9.5), ylim=(9.5, -0.5), aspect="equal")
    show(figure, alt="The loss falls from log 10 to below 0.2; in the table of digits against readings nearly all of the 597 stand on the "
                     "diagonal.")
    print(f"right: {np.mean(guess == labels_test):.1%} of {len(guess)} unseen digits")

# %% [markdown]
# About 96 of 100 are right, with a model you could write on a page. Most of its mistakes involve the 8, which has something of every digit.
#
# What has it learned? The logit of class $k$ is the sum of pixels times weights, so row $k$ of $W$ can be drawn as an image: red where ink speaks *for* the digit, blue where ink speaks *against*. Look for the hole of the 0, and find out how the 4 is told from the 9.

# %%
with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, losses = digit_model(train_softmax_regression)
    figure, axes = panels(5, 2, width=1.35, height=1.5)
    for k, ax in enumerate(axes.flat):
        image = ax.imshow(W[k].reshape(8, 8), cmap=SIGNED, vmin=-np.abs(W).max(), vmax=np.abs(W).max())
        ax.set(title=k, xticks=(), yticks=())
        ax.spines[:].set_visible(False)
    figure.colorbar(image, ax=axes, label="weight", shrink=0.8)
    show(figure, alt="Each row of the weight matrix, drawn as an image, is a template of its digit: the 0 has a ring of positive weights and a "
                     "negative hole.")
    print(f"largest entry in the sum of the ten templates: {np.abs(W.sum(axis=0)).max():.1e}")

# %% [markdown]
# These are templates, and they are not pictures of digits: they show what sets a digit *apart*. The blue middle of the 0 matters more than its ring. And the ten add up to zero in every pixel. One weight vector is redundant, remember; each row of `dZ` sums to zero, so descent from zero never moves in the direction that doesn't matter,
# just as it didn't for the patients.
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
        ax.set(title=f"{labels_test[i]}, read as {guess[i]}\nwith {sure[i]:.0%}", xticks=(), yticks=())
        ax.title.set_fontsize(8)
    show(figure, alt="The six surest mistakes: misshapen digits that people would hesitate over too.")

# %% [markdown]
# Some of these you would have misread too; others are plain to you, because you see strokes and the model sees 64 separate numbers. Strokes are features, and to learn them is what the next lectures are about.
#
# ## Beyond: when it says 80 %, is it right in 80 %?
#
# A probability should keep its promise: of all digits read with 80 % confidence, 80 of 100 should be right. A model that does so is called *calibrated*. To test it, sort the test digits by confidence into groups and compare each group's mean confidence with its share of right answers: the *reliability diagram*. If it is off,
# the cheapest mend is a temperature: divide all logits by one number $T$, chosen so that the loss on a validation set is smallest (Chuan Guo and others, 2017). No answer changes, since the order of the logits stays, only how sure they sound. We train on 800 digits, choose $T$ on the other 400, and look at the test set.

# %%
with until_written(train_softmax_regression, softmax_cross_entropy):
    W, b, _ = train_softmax_regression(digits_train[:800], labels_train[:800], num_classes=10, lr=1.0, steps=300)
    Z_valid, Z_test = digits_train[800:] @ W.T + b, digits_test @ W.T + b
    temperatures = np.logspace(-1, 1, 81)
    T = temperatures[np.argmin([softmax_cross_entropy(Z_valid / T, labels_train[800:])[0] for T in temperatures])]
    figure, ax = panels(width=3.8, height=3.2)
    ax.plot([0.3, 1], [0.3, 1], color=GREEN, ls=DASH[GREEN])
    for Z, colour, text in ((Z_test, PURPLE, "as trained"), (Z_test / T, BLUE, f"T = {T:.2f}")):
        sure, right = softmax(Z, axis=1).max(axis=1), Z.argmax(axis=1) == labels_test
        groups = np.array_split(np.argsort(sure), 8)
        ax.plot([sure[g].mean() for g in groups], [right[g].mean() for g in groups], marker=MARKER[colour], color=colour, ls=DASH[colour], lw=1)
        print(f"{text}: mean confidence {sure.mean():.3f}, right {right.mean():.3f}, loss {softmax_cross_entropy(Z, labels_test)[0]:.3f}")
    ax.text(0.5, 0.88, "as trained", color=PURPLE, ha="right")
    ax.text(0.73, 0.72, f"T = {T:.2f}", color=BLUE)
    ax.set(xlabel="mean confidence of a group", ylabel="share that is right", xlim=(0.3, 1.02), ylim=(0.3, 1.03))
    show(figure, alt="As trained, the classifier is right more often than it claims; divided by a temperature below one its confidence lies near the "
                     "diagonal.")

# %% [markdown]
# Our model is too modest: it was stopped after 300 steps, while its weights were still growing, and is right more often than it says. A temperature of about one half brings it close to the diagonal. Large networks usually err the other way. That one number is often enough is an observation; nobody has shown that it must be.
#
# ## What to remember
#
# A linear model is $Xw + b$; stack examples in rows, and everything is one matrix product. Its cost is a mean over the examples, and for all three losses of this lecture, squared error, logistic and softmax cross-entropy, the gradient at the output is **prediction minus target**, to be multiplied by the input.
# For up to a few thousand weights, linear regression is solved, not descended. Descent is limited by the steepest direction and slowed by the flattest, so standardise, with the training set's numbers. Where data leave a direction open, descent from zero and ridge both choose small weights.
#
# Features bend a linear model; how far is for a validation set to say, since the training set always votes for more. The share of mistakes has no slope, so train a surrogate: the negative log-likelihood, computed from logits and never from probabilities that have rounded. And what one matrix can read, it reads by templates.
