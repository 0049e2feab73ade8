# ---
# jupyter:
#   course:
#     title: Generalization
#     minutes: 160
#     promise: What makes a network do well on data it has not seen, what each remedy assumes, and how to survive wrong labels
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
# # Generalization: doing well on data not seen
#
# A table that stores every training example has a training error of zero and knows nothing. A network with enough
# weights can be such a table. Yet networks with far more weights than examples read handwriting that they have never
# seen. What makes the difference, and what can you do about it?
#
# Afterwards you can split an error into bias, variance and noise, and measure the parts; write weight decay, dropout,
# early stopping, batch normalisation and augmentation, each with the right behaviour in training and at test; say
# what each of them assumes; and explain what averaging promises and what it doesn't. One experiment runs through the
# lecture: 400 digits of which 30 % have a random label. A plain network learns the wrong labels too and gets about 7
# in 10 of the clean test digits right. Every remedy meets this same network on the same data, over the same seeds, and
# at the end you build a classifier that survives. It takes about 160 minutes, 92 of them for eight exercises and two
# questions. A good place for a break is after *Early stopping*.

# %% setup=true
from itertools import pairwise

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from course import check, data
from course.demos import generalization as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written

# %% [markdown] covers="08.01 08.02"
# ## What we want
#
# We minimise the **training error**. What we want is a small **generalisation error**, the expected error on examples
# that were not seen in training. Everything rests on an assumption: training examples and those to come are drawn
# from the same distribution, independently of each other (**i.i.d.**). If the digits of one writer are in both parts,
# or the camera is replaced after the training set was taken, the assumption fails, and no formula of this lecture
# will tell you.
#
# The oldest picture first. Below, polynomials are fitted to 15 noisy points of a sine and tested on 1000 others. Look
# at the gap between the two curves.

# %%
x, t = data.noisy_sine(15, seed=3)
x_new, t_new = data.noisy_sine(1000, seed=4)
degrees, errors = range(12), []
for degree in degrees:
    fit = make_pipeline(PolynomialFeatures(degree), LinearRegression()).fit(x[:, None], t)
    errors.append([np.mean((fit.predict(a[:, None]) - b) ** 2) for a, b in ((x, t), (x_new, t_new))])
figure, ax = panels(width=4.6)
ax.set(yscale="log", ylim=(1e-3, 10), xlabel="degree", ylabel="mean squared error", xticks=degrees)
train_error, test_error = np.array(errors).T
for values, colour, name in ((train_error, BLUE, "training"), (test_error, ORANGE, "test")):
    line = ax.plot(degrees, values, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
    label_line(ax, line, name)
ax.fill_between(degrees, train_error, test_error, color=GREY, alpha=0.2, lw=0)
ax.axhline(0.04, color=GREEN, ls=DASH[GREEN], lw=1)
ax.text(0.1, 0.028, "noise", color=GREEN)
show(
    figure,
    alt="The training error falls with every degree; the test error falls, then rises, and the gap between them grows.",
)
print(f"least test error: {test_error.min():.3f} at degree {test_error.argmin()}")

# %% [markdown]
# The training error can only fall with the degree, since a polynomial of degree 5 may copy one of degree 4. The test
# error falls at first, too, while the model is too stiff for a sine (**underfitting**; a parabola is no better than a
# line, as a sine turns twice). Then the two part, when the model bends to the noise (**overfitting**). On average the
# test error can't go below 0.04, the variance of the noise in the test targets.
#
# So we choose the degree by its error on data that were not used in the fit: the **validation set**. But now look
# what choosing does. Suppose we train fifty models that differ only in their random seed, so that hardly one is
# better than another. Each is scored on the same 100 validation digits, and we keep the best one. How good is it?

# %%
from sklearn.linear_model import RidgeClassifier

X, labels, X_test, labels_test = data.digits(500)
validation, test_scores = [], []
for seed in range(50):
    W = np.random.default_rng(seed).normal(size=(64, 60))
    features = [np.maximum(part @ W, 0) for part in (X[:400], X[400:], X_test)]
    model = RidgeClassifier(alpha=10.0).fit(features[0], labels[:400])
    validation.append(model.score(features[1], labels[400:]))
    test_scores.append(model.score(features[2], labels_test))
validation, test_scores = np.array(validation), np.array(test_scores)
best = validation.argmax()
figure, ax = panels(width=4.2, height=3)
ends = (0.82, 0.98)
ax.plot(ends, ends, color=GREY, lw=1, ls=DASH[GREY])
jitter = np.random.default_rng(0).uniform(-0.002, 0.002, 50)
ax.plot(validation + jitter, test_scores, "o", color=BLUE, ms=4, alpha=0.8)
ax.plot(validation[best], test_scores[best], MARKER[ORANGE], color=ORANGE, ms=9)
ax.annotate(
    "the chosen one", (validation[best], test_scores[best]), (-42, 10), textcoords="offset points", color=ORANGE
)
ax.set(
    xlabel="accuracy on 100 validation digits",
    ylabel=f"accuracy on {len(X_test)} test digits",
    xlim=ends,
    ylim=ends,
    xticks=(0.85, 0.9, 0.95),
    yticks=(0.85, 0.9, 0.95),
    aspect="equal",
)
show(
    figure,
    alt="Validation against test accuracy of fifty models of one kind: a cloud that is wide in one direction and narrow in the other.",
)
p = test_scores.mean()
print(
    f"chosen: {validation[best]:.3f} in validation, {test_scores[best]:.3f} in the test; all fifty: {p:.3f} on average"
)
print(f"spread of the validation scores {validation.std():.3f}, of the test scores {test_scores.std():.3f}")
print(
    f"sqrt(p (1 - p)/M) = {np.sqrt(p * (1 - p) / 100):.3f} for M = 100 and {np.sqrt(p * (1 - p) / len(X_test)):.3f} for M = {len(X_test)}"
)

# %% [markdown]
# The winner looks better than it is: we picked it *for* its luck on these 100 digits. How much luck is there? Each
# digit is right with probability $p$, so the number of right ones among $M$ is binomial with variance $Mp(1-p)$, and
# their share has the standard deviation $\sqrt{p(1-p)/M}$. With $p = 0.9$ and $M = 100$ that is 0.03: differences of
# a percent or two say nothing on so small a set. (The models are not quite equally good. Their test scores spread by
# 0.014, and luck on so many digits explains at most 0.008. So the chosen one is a little better than the average in
# the test, too; the rest of its lead was luck.) That is why there is a third part of the data, the **test set**, and
# why it is used *once*, after every choice has been made. Use it to choose, and it has become a validation set.
#
# If 100 examples are all you can spare, there is a better use for them. **Cross-validation** splits the data into, say,
# ten parts, fits ten times to nine of them and validates on the tenth. Each example is used for both, never at the
# same time, and the ten errors tell how sure the mean is. Here it chooses the penalty of ridge regression for the 442
# diabetes patients of lecture 02.

# %%
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.preprocessing import StandardScaler

patients, progression, _ = data.diabetes()
penalties = np.geomspace(1e-4, 10, 11)  # lambda of lecture 02; scikit-learn's alpha is N times it
means, sure = [], []
for lam in penalties:
    model = make_pipeline(PolynomialFeatures(2), StandardScaler(), Ridge(alpha=lam * len(patients)))
    folds = KFold(10, shuffle=True, random_state=0)
    scores = -cross_val_score(model, patients, progression, cv=folds, scoring="neg_mean_squared_error")
    means.append(scores.mean())
    sure.append(scores.std(ddof=1) / np.sqrt(10))
means, sure = np.array(means), np.array(sure)
figure, ax = panels(width=4.6)
ax.fill_between(penalties, means - sure, means + sure, color=BLUE, alpha=0.2, lw=0)
ax.plot(penalties, means, color=BLUE, marker=MARKER[BLUE], ms=3.5)
ax.plot(penalties[means.argmin()], means.min(), MARKER[GREEN], color=GREEN, ms=11)
ax.set(xscale="log", xlabel="penalty λ", ylabel="cross-validated squared error", ylim=(2600, 4200))
show(
    figure,
    alt="The cross-validated error has a broad valley over the penalty; a band around the curve shows how uncertain it is.",
)
print(f"least {means.min():.0f} ± {sure[means.argmin()]:.0f} at lambda = {penalties[means.argmin()]:.3g}")

# %% [markdown]
# The band is one standard error wide on both sides. Around the best $\lambda$ a factor of ten changes the error by far
# less than that, so search in factors of three or ten, not of 1.1.
#
# With two things to choose, should you try a grid or draw at random? It depends on whether both matter. Below, the
# score depends on the learning rate alone, and nobody told us. Sixteen trials each: how many *different* learning
# rates does each search try?

# %%
rng = np.random.default_rng(1)
grid = np.stack(np.meshgrid((0.125, 0.375, 0.625, 0.875), (0.125, 0.375, 0.625, 0.875)), axis=-1).reshape(-1, 2)
figure, axes = panels(2, width=2.9, height=2.5)
for ax, trials, name in ((axes[0], grid, "grid"), (axes[1], rng.random((16, 2)), "random")):
    score = np.exp(-(((trials[:, 0] - 0.52) / 0.08) ** 2))
    curve = np.linspace(0, 1, 200)
    ax.plot(curve, 1.1 + 0.4 * np.exp(-(((curve - 0.52) / 0.08) ** 2)), color=GREEN, ls=DASH[GREEN])
    ax.plot(*trials.T, "o", color=BLUE, ms=4)
    ax.plot(trials[:, 0], np.full(16, 1.05), "|", color=ORANGE, ms=8)
    ax.set(
        xlabel="log learning rate (scaled)", ylabel="another knob", xticks=(), yticks=(), xlim=(0, 1), ylim=(0, 1.55)
    )
    ax.set_title(f"{name}: {len(np.unique(trials[:, 0]))} rates, best score {score.max():.2f}")
show(
    figure,
    alt="A grid of trials and random trials, below a score that has a narrow peak in the learning rate and ignores the other knob.",
)

# %% [markdown]
# If only one of two knobs matters, a grid wastes its trials (James Bergstra and Yoshua Bengio, 2012). If you know
# that both matter, a grid covers the square more evenly. So advice for either can be right; ask what the score
# depends on.

# %% [markdown]
# ## Bias and variance
#
# Why does the test error have that shape? Imagine drawing many training sets, fitting the same kind of model to each,
# and asking all of them about the same input $x$. The target there is $t = f(x) + \epsilon$, with noise of mean 0 and
# variance $\sigma^2$. Let $y$ be the prediction of the model from a random training set, and $\bar y = \mathbb E[y]$
# the mean over training sets. Split the error in three:
#
# $$y - t = \underbrace{(y - \bar y)}_{\text{this sample's whim}} + \underbrace{(\bar y - f)}_{\text{wrong on average}}
#   - \underbrace{\epsilon}_{\text{noise}} .$$
#
# Square it and take the expectation. Of the three mixed terms each has a factor of mean zero that is independent of
# the other: $\mathbb E[y - \bar y] = 0$ by definition of $\bar y$, and a new example's noise has mean zero and knows
# nothing of the training set. So all of them vanish, and
#
# $$\mathbb E\big[(y - t)^2\big] = \underbrace{(\bar y - f)^2}_{\text{bias}^2}
#   + \underbrace{\mathbb E\big[(y - \bar y)^2\big]}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}} .$$
#
# An example by hand. Three fits predict 1, 2 and 6 where the truth is 4. Their mean is 3, so $\text{bias}^2 = 1$; the
# variance is $(4 + 1 + 9)/3 = 14/3$. The squared errors are 9, 4 and 4, on average $17/3$, and indeed
# $1 + 14/3 = 17/3$. The split is an identity, for any numbers, as long as one divides by the number of fits.

# %% [markdown]
# ### Exercise: bias_variance (2 points, 7 minutes)
# `preds` is (R, N): row $r$ holds the predictions at $N$ inputs of the model that was fitted to sample $r$; `truth`
# (N,) holds the targets without noise. Return two numbers: the mean over inputs of (mean prediction − truth)², and
# the mean over inputs of the variance over the models (the sum of squares divided by R, not by R − 1). Targets may all
# lie near ten million, with differences of 1 between them.

# %% exercise="bias_variance"

# %% [markdown]
# Now measure. We may draw as many samples as we like here, since the data are made by a program. A hundred samples of
# 20 points, and polynomials of three degrees. Which column should fall from row to row, and which one rise?

# %%
with until_written(bias_variance):
    rng = np.random.default_rng(0)
    samples = [data.noisy_sine(20, seed=rng) for _ in range(100)]
    inputs = np.linspace(0.05, 0.95, 50)
    truth = np.sin(2 * np.pi * inputs)
    fresh = truth + 0.2 * rng.normal(size=(100, 50))
    for degree in (1, 3, 9):
        model = make_pipeline(PolynomialFeatures(degree), LinearRegression())
        preds = np.array([model.fit(x[:, None], t).predict(inputs[:, None]) for x, t in samples])
        bias2, variance = bias_variance(preds, truth)
        print(
            f"degree {degree}: bias² {bias2:.4f} + variance {variance:.4f} + noise 0.04 = {bias2 + variance + 0.04:.4f}",
            end=", ",
        )
        print(f"error on fresh targets {np.mean((preds - fresh) ** 2):.4f}")

# %% [markdown]
# The sum agrees with what fresh targets say, within the luck of the draw. Is the bias² of degree 9 a surprise? The mean
# of 100 fits is itself uncertain, by a variance of $9.56/100$, and a squared deviation can't be negative: most of this
# bias² would go away with more samples. And the line varies more than the cubic, though it is stiffer, because the
# inputs are drawn anew as well: where no line fits, the best one depends on where the points happen to lie.
#
# Below you can turn all knobs; your function draws the right panel. Go through the presets, then try for the smallest
# sum, the blue line on the right: with the degree, with the penalty, and with more data. Which of the three lowers
# the variance at no cost in bias?

# %%
demos.bias_and_variance(bias_variance)

# %% [markdown]
# A straight line is wrong in much the same way each time. A polynomial of degree 11 on 20 points is wrong in a different
# way each time. A penalty trades one for the other, and more data lower the variance at no cost in bias. So does
# averaging, as we shall see; but the other remedies of this lecture, which are called **regularisation**, do what the
# penalty does here: they accept some bias to save more variance. What differs is *which* bias. None is free of
# assumptions.

# %% [markdown] covers="08.07 08.08 08.09 E08-strictly"
# ## Smaller models, and the surprise
#
# The best remedy is more data. If there are none, the obvious one is a smaller model: fewer layers, fewer units. One
# way to do it keeps the widths. Put a linear layer of $K$ units between $N$ inputs and $M$ outputs, a **bottleneck**.
# Instead of $NM$ weights there are $(N + M)K$: with $N = M = 1000$ and $K = 50$, a hundred thousand instead of a
# million.

# %%
figure, axes = panels(2, width=2.9, height=2.3)
for ax, sizes, title in ((axes[0], (6, 6), "36 weights"), (axes[1], (6, 2, 6), "24 weights, rank at most 2")):
    columns = [[(layer, unit - (size - 1) / 2) for unit in range(size)] for layer, size in enumerate(sizes)]
    for left, right in pairwise(columns):
        for a in left:
            for b in right:
                ax.plot(*zip(a, b, strict=True), color=GREY, lw=0.8, zorder=1)
    for layer, units in enumerate(columns):
        narrow = len(sizes) == 3 and layer == 1
        ax.scatter(
            *zip(*units, strict=True), s=90, color="white", edgecolor=ORANGE if narrow else BLUE, lw=1.6, zorder=2
        )
    ax.set(xlim=(-0.3, len(sizes) - 0.7), ylim=(-3, 3))
    ax.set_title(title)
    ax.axis("off")
show(
    figure,
    alt="Without a bottleneck six units reach six others by 36 weights; through a bottleneck of two there are 24.",
)

# %% [markdown]
# Two linear layers in a row compute $W_2 W_1$, a matrix whose rank is at most $K$. So the network without the
# bottleneck can do all that the one with it can. It can do strictly more if $K$ is smaller than both $N$ and $M$, for
# then some matrices have a larger rank; if $K$ is at least as large as one of them, every matrix is such a product,
# and nothing is lost (or gained).
#
# "Fewer parameters overfit less" is good advice as long as there are fewer parameters than examples. What if there
# are more? Here are random features again, as in lecture 03: a hidden layer that is never trained, and a linear
# output that is. There are 300 training digits. Without ridge the output weights are those of least squares, and
# where many fit equally well, the shortest. What do you expect at 300 features? And at 3000?

# %%
import torch

torch.set_num_threads(1)  # tiny nets train fastest on one
counts = (10, 20, 40, 80, 140, 200, 250, 280, 300, 320, 360, 450, 600, 1000, 1700, 3000)
curves = {"ridge": [], "no ridge": []}
for seed in range(3):
    X, labels, X_test, labels_test = (torch.from_numpy(part) for part in data.digits(300, seed))
    rng = np.random.default_rng(seed)
    W, b = torch.from_numpy(rng.normal(size=(64, 3000))), torch.from_numpy(rng.normal(size=3000))
    H_all, H_test = (X @ W + b).relu(), (X_test @ W + b).relu()
    targets = torch.nn.functional.one_hot(labels).double()
    found = {name: [] for name in curves}
    for count in counts:
        H = H_all[:, :count]
        eigenvalues, directions = torch.linalg.eigh(H @ H.T)
        along = directions.T @ targets
        kept = eigenvalues > 1e-11 * eigenvalues[-1]
        for name, factor in (("ridge", 1 / (eigenvalues + 100)), ("no ridge", torch.where(kept, 1 / eigenvalues, 0.0))):
            V = H.T @ (directions @ (factor[:, None] * along))
            found[name].append((H_test[:, :count] @ V).argmax(dim=1).ne(labels_test).double().mean().item())
    for name in curves:
        curves[name].append(found[name])
figure, ax = panels(width=4.8)
ax.set(xscale="log", yscale="log", xlabel="random features", ylabel="test error", ylim=(0.02, 1))
ax.set(
    xticks=(10, 100, 300, 1000, 3000),
    xticklabels=(10, 100, 300, 1000, 3000),
    yticks=(0.05, 0.1, 0.3, 1),
    yticklabels=("5 %", "10 %", "30 %", "100 %"),
)
ax.axvline(300, color=GREY, lw=1, ls=DASH[GREY])
for name, colour in (("ridge", BLUE), ("no ridge", ORANGE)):
    values = np.array(curves[name])
    ax.fill_between(counts, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, lw=0)
    line = ax.plot(counts, values.mean(axis=0), color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
    label_line(ax, line, name, dy=5 if name == "no ridge" else -5)
show(
    figure,
    alt="Test error against the number of random features, with ridge and without: only far to the left and far to the right they agree.",
)
for name, values in curves.items():
    print(f"{name}:", {count: round(float(v), 3) for count, v in zip(counts, np.mean(values, axis=0), strict=True)})

# %% [markdown]
# The error falls, climbs to a peak where there are as many features as examples (a few more here, for some units are
# off for every example and don't count), and falls a second time. This is **double descent** (Mikhail Belkin and
# others, 2019; similar curves were drawn for linear models thirty years before). At the peak there is exactly one set
# of weights that fits everything, and it is huge. Far beyond it there are many, and the shortest among them is mild.
# So "more parameters overfit more" is not true in general: what counts is the size of the weights that fit, not how
# many there are. Ridge, which limits their size, has no peak. (The curves are means of three seeds, the bands their
# range.)
#
# Which solution gradient descent picks among all that fit, and why it is so often a good one, is known for linear
# models (from zero weights: the shortest), and for deep networks only in parts.

# %% [markdown] covers="08.10 08.11 E08-adamw"
# ## Weight decay
#
# So let us limit the weights. **L2 regularisation** adds a penalty to the cost,
#
# $$\mathcal J(w) + \frac\lambda2 \sum_j w_j^2 .$$
#
# Its gradient is $\partial\mathcal J/\partial w_j + \lambda w_j$, so a step of gradient descent is
#
# $$w \leftarrow w - \alpha\Big(\frac{\partial\mathcal J}{\partial w} + \lambda w\Big)
#   = (1 - \alpha\lambda)\, w - \alpha\,\frac{\partial\mathcal J}{\partial w} .$$
#
# Each step first shrinks the weights by the factor $1 - \alpha\lambda$; hence the name **weight decay** (Stephen
# Hanson and Lorien Pratt, 1988). With $\alpha = 0.1$, $\lambda = 0.5$, a weight of 2 and a gradient of 1, the new
# weight is $0.95 \cdot 2 - 0.1 = 1.8$. Biases are usually left out: they shift a unit and don't make it steeper.

# %% [markdown]
# ### Exercise: decay_step (1 point, 5 minutes)
# Return new lists of weights and biases after one step of gradient descent on $\mathcal J$ plus
# $\frac\lambda2$ times the sum of the squares of all weights, but not of the biases. `dweights` and `dbiases` are the
# gradients of $\mathcal J$ alone. What you are given must stay as it is.

# %% exercise="decay_step"

# %% [markdown] covers="08.12 08.13"
# What does it do to the solution? Near its minimum $w^*$ a cost is a bowl, $\frac12 (w - w^*)^\top H (w - w^*)$. With
# the eigenvectors of $H$ as axes the coordinates are separate, in the penalty as well, for turning the axes changes
# no length. So take one of them, with curvature $h$. The slope of $\frac h2 (w - w^*)^2 + \frac\lambda2 w^2$ vanishes
# where $h(w - w^*) + \lambda w = 0$:
#
# $$w = \frac{h}{h + \lambda}\, w^* .$$
#
# Directions in which the cost is steep, $h \gg \lambda$, hardly move. Those in which it is flat, $h \ll \lambda$,
# about which the data say little, go nearly to zero. That is what we wanted. There is a second reading. If you
# believe, before you see data, that each weight is normal with mean 0 and variance $1/(\lambda N)$, the most probable
# weights given the data minimise just this sum, with $\mathcal J$ the mean negative log-likelihood of $N$ examples.
#
# A penalty of $\lambda$ times the sum of *absolute values* is called **L1**. Its slope is $\pm\lambda$ however small
# the weight is, so a weight to which the data pull with less force than $\lambda$ ends at exactly zero. L2 keeps
# weights from being large; L1 removes them. Below, the orange curve is the set of weights that cost the same penalty as
# the solution; the white ring is the contour of the cost through it. Turn the valley and move its minimum. When does
# the diamond meet the ring at a corner?

# %%
demos.penalties()

# %% [markdown]
# The minimiser lies where a contour of the cost touches the ball of the penalty. A circle is touched anywhere. A
# diamond sticks out at its corners, so contours tend to meet it there, and on a corner one weight is zero. (In many
# dimensions there are ever more corners and edges, which is why L1 is used to select variables.)
#
# For plain gradient descent the L2 penalty and weight decay are the same thing. For Adam they are not: Adam divides
# the gradient by its own running size, and with a penalty in the gradient the decay is divided, too, so weights with
# large gradients decay *less*. **AdamW** (Ilya Loshchilov and Frank Hutter, 2019) shrinks the weights directly. Watch
# one weight of 3 that is pulled to and fro: its gradients are $g, -g, g, -g, \dots$, so that in the long run only the
# decay moves it. With $\alpha = 0.01$ and $\lambda = 0.1$, how much should 200 steps take from it, and should $g$
# matter?

# %%
for size in (5, 0.5, 0.05):
    ends = {}
    for name, rule in (("with L2 in the gradient", torch.optim.Adam), ("decoupled", torch.optim.AdamW)):
        w = torch.tensor([3.0], requires_grad=True)
        optimizer = rule([w], lr=0.01, weight_decay=0.1)
        for step in range(200):
            w.grad = torch.tensor([size * (-1.0) ** step])
            optimizer.step()
        ends[name] = w.item()
    w = 3.0
    for step in range(200):
        w = w - 0.01 * (size * (-1) ** step + 0.1 * w)
    print(f"gradients ±{size:4g}: plain descent {w:.2f}; Adam", ", ".join(f"{name} {ends[name]:.2f}" for name in ends))

# %% [markdown]
# Plain descent takes 0.1 % in every step, which leaves $3 \cdot 0.999^{200} = 2.46$, whatever $g$ is, and decoupled
# decay comes close to it. With the penalty in the gradient, Adam divides the pull $\lambda w = 0.3$ by the size of
# the whole gradient. Next to 5 it is hardly felt; next to 0.05 it *is* the gradient, and the first steps have
# nearly the full length $\alpha$.
#
# Now the experiment that will accompany us. `train` takes 300 of the 400 digits, wrong labels and all, and trains a
# network of 64 hidden units by AdamW for 60 epochs, with a learning rate of 0.01; the other 100, which have wrong
# labels among them too, are for validation. It does so for eight seeds, each with its own digits, labels and first
# weights. Decay is tried in factors of ten, then of three. (In each step it takes the share of 0.01 times the decay
# from every weight, so a decay of 1 takes 1 %.)

# %%
from course.small_networks import train

SEEDS = range(8)
baseline = train(SEEDS)
results = {"nothing": baseline.test_accuracy[:, -1]}
for decay in (0.001, 0.01, 0.1, 0.3, 1, 3):
    run = train(SEEDS, decay=decay)
    print(
        f"decay {decay:5g}: training {run.train_accuracy[:, -1].mean():.3f}, validation {run.val_accuracy[:, -1].mean():.3f}",
        end=", ",
    )
    print(f"test {run.test_accuracy[:, -1].mean():.3f} ± {run.test_accuracy[:, -1].std(ddof=1) / np.sqrt(8):.3f}")
    if decay == 1:
        results["weight decay 1"] = run.test_accuracy[:, -1]
print(
    f"nothing:     training {baseline.train_accuracy[:, -1].mean():.3f}, validation {baseline.val_accuracy[:, -1].mean():.3f}",
    end=", ",
)
print(f"test {results['nothing'].mean():.3f} ± {results['nothing'].std(ddof=1) / np.sqrt(8):.3f}")

# %% [markdown]
# (The number after ± is the standard error over the seeds.) Read the columns together. The plain network gets nearly
# all *given* training labels right, the wrong ones included, and is poor in the test. Decay must be strong to help;
# then training accuracy comes down towards 0.73, which is just as it should be: that is the share of labels that are
# right, the 70 % that were kept and a tenth of the random ones. The validation scores are low throughout because
# many of their labels are wrong, too. But they are wrong for every decay alike, and so validation still points to the
# right one, a decay of 1.

# %% [markdown] covers="08.14 08.16"
# ## Early stopping
#
# There is a remedy that costs less than nothing: stop. Train, look at the validation loss after each epoch, keep the
# weights of the best one. Here are the plain networks of the experiment, mean and range. The dotted line stands where
# the mean validation loss is least. What happens on its right to the two curves that nobody sees while training?

# %%
figure, (left, right) = panels(2, width=3.5)
epochs = np.arange(baseline.val_loss.shape[1])
left.set(xlabel="epoch", ylabel="cross-entropy", xlim=(0, 60), ylim=(0, 4))
right.set(xlabel="epoch", ylabel="share", xlim=(0, 60), ylim=(0, 1))
for ax, values, colour, name in (
    (left, baseline.train_loss, BLUE, "training"),
    (left, baseline.val_loss, ORANGE, "validation"),
    (right, baseline.test_accuracy, BLUE, "test digits right"),
    (right, baseline.on_wrong, ORANGE, "wrong labels\nrepeated"),
):
    line = ax.plot(epochs, values.mean(axis=0), color=colour, ls=DASH[colour])[0]
    ax.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.15, lw=0)
    label_line(ax, line, name)
best = int(baseline.val_loss.mean(axis=0).argmin())
for ax in (left, right):
    ax.axvline(best, color=GREEN, ls=DASH[GREEN], lw=1.4)
show(
    figure,
    alt=(
        "Training and validation loss over sixty epochs; beside them the share of test digits that are right "
        "and of wrong labels that are repeated."
    ),
)
print(
    f"mean validation loss is least after epoch {best}: test accuracy {baseline.test_accuracy[:, best].mean():.3f}, "
    f"at the end {baseline.test_accuracy[:, -1].mean():.3f}"
)

# %% [markdown]
# Look at the right panel. For the first epochs the network learns what the right labels have in common; the wrong ones
# contradict it. Only later, when little else is left to gain, it learns the exceptions by heart. *Clean examples are
# learned first* (Devansh Arpit and others, 2017, who compared real labels with random ones). Early stopping leaves
# before the second half.
#
# "Stop when the validation error rises" is too simple, since the curve is noisy and rises by chance. One needs
# **patience**: go on until the best loss so far lies a number of epochs back. Losses 5, 4, 4.5, 3, 3.5, 3.2 with
# patience 2: the best is epoch 1, then 3 (epochs count from 0); at epoch 5 it lies two back, so training stops after
# epoch 5 and the weights of epoch 3 are restored. With patience 1 it would have stopped at epoch 2, with those of
# epoch 1.

# %% [markdown]
# ### Exercise: early_stopping (2 points, 10 minutes)
# `val_losses` holds the validation loss after each epoch from 0 on, as a list or an array. Training stops at the
# first epoch at which the best epoch so far (smallest loss, the earliest of equals) lies `patience` or more epochs
# back. Return that best epoch and the epoch of the stop; if it never stops, that is the last one. What comes after
# the stop has never happened. A loss may be NaN, which counts as infinite.

# %% exercise="early_stopping"

# %% [markdown]
# Your rule at work, live on a network like those of the experiment, but with 128 hidden units. It is told only the
# losses up to the present epoch. How little patience can you afford at a small learning rate, and how little at a
# large one?

# %%
demos.stopping(early_stopping)

# %%
with until_written(early_stopping):
    for patience in (1, 3, 10):
        stops = [early_stopping(losses, patience) for losses in baseline.val_loss]
        accuracy = [run[best] for run, (best, _) in zip(baseline.test_accuracy, stops, strict=True)]
        print(
            f"patience {patience:2d}: test {np.mean(accuracy):.3f}, {np.mean([stop + 1 for _, stop in stops]):.1f} epochs of 60"
        )
    results["early stopping"] = np.array(accuracy)

# %% [markdown] covers="08.15"
# Patience 3 does as well as patience 10, in ten epochs instead of seventeen; with patience 1 some networks stop at
# the first bump. At a small learning rate, as you saw, the curve is smooth and impatience costs a percent or two. At a
# large one, patience 1 may stop after the very first epochs, with a network that has learned little, while two or
# three epochs are mostly enough.
#
# Why should stopping act like a penalty? Both keep the weights small, for weights start small and need time to grow.
# On the bowl it can be made exact. Gradient descent from $w = 0$ in a direction of curvature $h$ multiplies the
# distance from $w^*$ by $1 - \alpha h$ in every step, so after $k$ steps
#
# $$w_k = \big(1 - (1 - \alpha h)^k\big)\, w^* .$$
#
# Compare $h/(h + \lambda)$. For small $h$ the first is about $\alpha k h$, the second $h/\lambda$: they agree if
# $\lambda = 1/(\alpha k)$. For large $h$ both come close to 1. How much do they differ in between?

# %%
h = np.geomspace(1e-4, 1, 200)
figure, ax = panels(width=4.8)
ax.set(xscale="log", xlabel="curvature h", ylabel="share of w* that is reached")
for k in (10, 100, 1000):
    stopped, decayed = -np.expm1(k * np.log1p(-0.5 * h)), h / (h + 1 / (0.5 * k))
    ax.plot(h, stopped, color=BLUE)
    ax.plot(h, decayed, color=ORANGE, ls=DASH[ORANGE])
    where = np.searchsorted(stopped, 0.5)
    ax.annotate(f"k = {k}", (h[where], 0.5), (-38, 4), textcoords="offset points", fontsize=8)
ax.plot([], [], color=BLUE, label="k steps, α = 0.5")
ax.plot([], [], color=ORANGE, ls=DASH[ORANGE], label="penalty λ = 1/(αk)")
ax.legend(frameon=False, fontsize=8, loc="upper left")
show(
    figure,
    alt="For three numbers of steps, the share of each direction that stopping and a penalty let through: curves that rise from 0 to 1.",
)

# %% [markdown]
# The curves have the same shape and differ by less than a quarter. Few steps are a strong penalty. (For real networks
# this is a picture and not a theorem, and it needs small first weights.)

# %% [markdown] covers="08.17 E08-ensemble"
# ## Averages
#
# If variance is the trouble, average it away. Train several networks and average what they predict. Is the average
# better than the networks? Let $\mathcal L(y, t)$ be **convex** in the prediction $y$: its graph lies below its
# chords. **Jensen's inequality** (Johan Jensen, 1906) extends this from two points to any weighted mean, one point at
# a time: the mean of $M$ points lies on the chord from the last one to the mean of the others. For predictions
# $y_1, \dots, y_M$ and weights $c_i \ge 0$ with $\sum_i c_i = 1$,
#
# $$\mathcal L\Big(\sum_{i=1}^M c_i y_i,\; t\Big) \;\le\; \sum_{i=1}^M c_i\, \mathcal L(y_i, t) .$$
#
# It holds for each example, hence for their mean. Squared error is convex in $y$, and cross-entropy, $-\log y$ of the
# right class, is convex in the predicted *probability*. Two models say 0.9 and 0.1 for the right class: their losses
# are 0.105 and 2.303, on average 1.204; the averaged probability 0.5 has the loss 0.693.
#
# Read the right-hand side carefully: the ensemble is at least as good as the **mean member**. It is not promised to
# be as good as the best one. Nor is anything promised for a majority vote, because the 0-1 loss is not convex. So
# average probabilities, not votes. And not logits: cross-entropy is convex in them, too, so Jensen would allow it,
# but a mean of logits gives the geometric mean of the probabilities (scaled to the sum 1), in which one model that
# says 0 overrules all the others.

# %% [markdown]
# ### Exercise: ensemble_losses (1 point, 6 minutes)
# `probs` is (M, N, K): what each of $M$ models predicts for $N$ examples and $K$ classes; `labels` (N,). Return the
# mean cross-entropy of single models, over models and examples, and the cross-entropy of the averaged probabilities.
# A model may give the right class no chance at all; then the first number is infinite and the second one need not be.

# %% exercise="ensemble_losses"

# %% [markdown] covers="08.18 E08-bagging"
# The members must differ, or the average is one of them. They may start from different first weights; be trained on
# different **bootstrap samples**, each as many examples as there are, drawn *with replacement* (**bagging**, Leo
# Breiman, 1996; drawing other subsets without replacement is a different method); or have different architectures.
# The price is $M$ times the work, at test as well, and a model that is harder to read. Below are twenty networks of
# the experiment that differ in their first weights and see the same 300 digits. Dots are members. Is the ensemble
# of twenty better than the best of them?

# %%
with until_written(ensemble_losses):
    crowd = train(range(20), data_seed=0)
    labels_crowd, counts = crowd.test_labels[0], np.arange(1, 21)
    both = np.array([ensemble_losses(crowd.test_probs[:m], labels_crowd) for m in counts])
    members = [ensemble_losses(one[None], labels_crowd)[0] for one in crowd.test_probs]
    share = [np.mean(crowd.test_probs[:m].mean(axis=0).argmax(axis=1) == labels_crowd) for m in counts]
    figure, (left, right) = panels(2, width=3.4)
    left.set(xlabel="networks", ylabel="test cross-entropy", ylim=(0.7, 1.1), xlim=(0, 21))
    left.plot(counts, members, "o", color=GREY, ms=4)
    for values, colour, name in ((both[:, 0], ORANGE, "mean member"), (both[:, 1], BLUE, "ensemble")):
        line = left.plot(counts, values, color=colour, ls=DASH[colour])[0]
        label_line(left, line, name)
    right.set(xlabel="networks", ylabel="test digits right", ylim=(0.66, 0.8), xlim=(0, 21))
    right.plot(counts, crowd.test_accuracy[:, -1], "o", color=GREY, ms=4)
    line = right.plot(counts, share, color=BLUE)[0]
    label_line(right, line, "ensemble")
    show(
        figure,
        alt="Test losses and accuracies of twenty networks as dots, and those of the ensemble of the first one, two, up to twenty.",
    )
    print(f"mean member {both[-1, 0]:.3f}, best member {min(members):.3f}, twenty together {both[-1, 1]:.3f}")
    print(f"accuracy: members {crowd.test_accuracy[:, -1].mean():.3f} on average, twenty together {share[-1]:.3f}")

# %% [markdown]
# Here it beats even its best member, which is what usually happens when members are about equally good and err in
# different places; Jensen did not promise it. After half a dozen networks little more is gained: averaging over first
# weights takes away the variance that comes from first weights, not that which comes from the training set, and all
# of them have learned the same wrong labels. A cheap relative averages *weights* instead of predictions: keep a
# moving average of the weights along the path of training. It costs one network at test, and it works as long as the
# averaged weights lie in one valley; averaging two networks that were trained apart gives nonsense, for even units
# that both have learned stand in another order (lecture 03).

# %%
groups = [train(range(100 * s, 100 * s + 5), data_seed=s) for s in SEEDS]
results["ensemble of 5"] = np.array(
    [np.mean(group.test_probs.mean(axis=0).argmax(axis=1) == group.test_labels[0]) for group in groups]
)
print(f"ensembles of five, over the eight data sets: {results['ensemble of 5'].mean():.3f}")

# %% [markdown]
# ### Question: what Jensen promises (3 points, 8 minutes)
# "Under a convex loss an ensemble is never worse." State precisely what Jensen's inequality gives. Construct an
# example in which the ensemble is worse than one of its members, and one in which a majority vote (averaged 0-1
# predictions) is worse than *every* member.

# %% [markdown] written="ensembles_and_jensen" points=3
# ### BEGIN MARK SCHEME
# - 1 point: the loss of the average is at most the average of the losses, for each example (convex in the prediction).
# - 1 point: one good and several bad members, with numbers.
# - 1 point: e.g. three voters, each right on a different 40 % of the examples with little overlap; 0-1 loss is not convex.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# If the loss is convex in the prediction, then for each example, and so on average, the loss of the averaged
# prediction is at most the average of the members' losses. Nothing is said about the best member.
#
# Let one model say 0.9 for the right class and two say 0.1. The average is 0.367 with a loss of 1.00; the first
# model has 0.105 alone. (The mean member has 1.57, so the inequality holds.)
#
# For the vote, take two classes, five examples and three models. The first is right on examples 1 and 2, the second on
# 3 and 4, the third on 5 and 1. Each is right on 40 %. A majority of two is right only on example 1, so the vote has
# 20 %. The 0-1 loss of a vote is not a convex function of the votes: it jumps.
# ### END SOLUTION

# %% [markdown] covers="08.19 08.21 08.22 E08-dropout-bernoulli E08-dropout-scale"
# ## Noise as a teacher
#
# Can one have the ensemble without training it many times? Geoffrey Hinton and his students (2012; the full paper by
# Nitish Srivastava and others is of 2014) proposed **dropout**: in every training step, for every example, switch
# off each hidden unit with probability $\rho$,
#
# $$h_j = m_j\,\phi(z_j), \qquad m_j = 0 \text{ with probability } \rho \text{, else } 1 .$$
#
# The mask is a Bernoulli variable whose parameter is $1 - \rho$, the probability to *keep*. Say always which one you
# mean: our $\rho$, and the `p` of `torch.nn.Dropout(p)`, is the probability to **drop**. With $D$ units there are
# $2^D$ masks, so dropout trains an ensemble of $2^D$ networks that share their weights, most of which never have a
# turn of their own.
#
# At test nobody wants random predictions. The next layer receives $\sum_j w_j m_j \phi(z_j)$, whose mean over the
# masks is $(1-\rho)\sum_j w_j\phi(z_j)$. So either multiply the weights by $1 - \rho$ at test, as the first paper did;
# or divide by $1 - \rho$ in training, and do nothing at test. The second, **inverted dropout**, is what programs do.
# With $\rho = 0.2$ a kept unit of value 2 becomes 2.5 in training, and $0.8 \cdot 2.5 + 0.2 \cdot 0 = 2$.

# %% [markdown]
# ### Exercise: inverted_dropout (2 points, 8 minutes)
# `h` holds hidden values in any shape, `u` uniform random numbers in the same shape. In training keep a unit where
# `u >= rho` and multiply it by $1/(1-\rho)$; the others are 0. At test everything passes unchanged. Return the output
# and the mask, which holds the factors (ones at test), so that `out = h * mask`. A `rho` outside $[0, 1)$ raises
# `ValueError`: which values does that include?

# %% exercise="inverted_dropout"

# %% [markdown] covers="08.20 08.23"
# The mask is a number by which $\phi(z_j)$ was multiplied, so on the way back the error signal (a bar, as in lecture
# 04, no mean this time) is multiplied by the *same* number:
#
# $$\bar z_j = \bar h_j\, m_j\, \phi'(z_j) .$$
#
# A dropped unit learns nothing in this step. Left are a network and one of its $2^5$ thinned copies, right the same
# as a graph: the mask is one more input of a product, and no gradient is wanted for it.

# %%
figure, axes = panels(3, width=2.5, height=2.3)
kept = np.array([True, False, True, True, False])
for ax, dropped, title in ((axes[0], False, "all units"), (axes[1], True, "one mask")):
    layers = [[(0, y) for y in (-1, 0, 1)], [(1, y) for y in (-2, -1, 0, 1, 2)], [(2, 0)]]
    for left, right in pairwise(layers):
        for a in left:
            for b in right:
                gone = dropped and any(place[0] == 1 and not kept[int(place[1] + 2)] for place in (a, b))
                if not gone:
                    ax.plot(*zip(a, b, strict=True), color=GREY, lw=0.9, zorder=1)
    for layer in layers:
        for place in layer:
            off = dropped and place[0] == 1 and not kept[int(place[1] + 2)]
            ax.plot(*place, "o", ms=12, color="white", mec=GREY if off else BLUE, mew=1.5, zorder=2)
            if off:
                ax.plot(*place, "x", color=ORANGE, ms=8, mew=2, zorder=3)
    ax.set(xlim=(-0.3, 2.3), ylim=(-2.5, 2.5), title=title)
    ax.axis("off")
ax = axes[2]
for name, place in (("z", (0, 0.8)), ("φ", (1, 0.8)), ("m", (1, -0.8)), ("×", (2, 0)), ("h", (3, 0))):
    ax.text(
        *place,
        name,
        ha="center",
        va="center",
        fontsize=11,
        bbox={"boxstyle": "circle", "fc": "white", "ec": GREY if name == "m" else BLUE},
    )
for start, end in (((0, 0.8), (1, 0.8)), ((1, 0.8), (2, 0)), ((1, -0.8), (2, 0)), ((2, 0), (3, 0))):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 13, "shrinkB": 13})
ax.set(xlim=(-0.4, 3.4), ylim=(-2.5, 2.5), title="as a graph")
ax.axis("off")
show(
    figure,
    alt="A mask removes two of five hidden units with all their connections; in the graph it is a factor between the activation and h.",
)

# %% [markdown]
# "Nothing at test" makes the *mean input of the next layer* right, exactly. Through a nonlinearity the mean does not
# pass: the mean of tanh is not tanh of the mean. Here is one unit that reads ten others, over a hundred thousand
# masks. How far apart do you expect the two means to be after tanh?

# %%
with until_written(inverted_dropout):
    rng = np.random.default_rng(0)
    w, hidden = rng.normal(size=10), rng.uniform(0.2, 1.5, 10)
    received, _ = inverted_dropout(np.tile(hidden, (100_000, 1)), 0.5, rng.random((100_000, 10)), True)
    received = received @ w
    print(f"before tanh: {received.mean():.3f} on average over masks, {hidden @ w:.3f} at test")
    print(f"after tanh:  {np.tanh(received).mean():.3f} on average over masks, {np.tanh(hidden @ w):.3f} at test")

# %% [markdown]
# So the rule for the test is an approximation, but for one case: dropped inputs of a single linear layer with a
# softmax. There the logarithm of a probability is a logit, less a number that all classes share. So the *geometric*
# mean of all $2^D$ thinned networks, each weighted with the probability of its mask, is the softmax of the mean logits,
# once it is scaled to the sum 1, and the mean logits are just what the rule gives. For deep networks it just works
# well.
#
# Now the experiment, with your masks. Training and validation on noisy digits, four drop probabilities; both are
# measured after each epoch, with all units on. Where do you expect training accuracy to end, if dropout keeps the
# network from learning the wrong labels?

# %%
with until_written(inverted_dropout):
    figure, (left, right) = panels(2, width=3.4)
    left.set(xlabel="epoch", ylabel="training: given labels repeated", xlim=(0, 60), ylim=(0.3, 1))
    right.set(xlabel="epoch", ylabel="validation loss", xlim=(0, 60), ylim=(1.2, 4))
    for rho, colour in ((0.0, GREY), (0.2, PURPLE), (0.5, BLUE), (0.8, ORANGE)):
        run = train(SEEDS, mask=lambda u, rho=rho: inverted_dropout(np.ones(u.shape), rho, u, True)[1])
        for ax, values in ((left, run.train_accuracy), (right, run.val_loss)):
            line = ax.plot(np.arange(60), values.mean(axis=0), color=colour, ls=DASH[colour])[0]
            label_line(ax, line, f"ρ = {rho}")
        print(
            f"rho {rho}: training {run.train_accuracy[:, -1].mean():.3f}, validation {run.val_accuracy[:, -1].mean():.3f}",
            end=", ",
        )
        print(f"test {run.test_accuracy[:, -1].mean():.3f}")
        if rho == 0.5:
            results["dropout 0.5"] = run.test_accuracy[:, -1]
    show(
        figure,
        alt="Without dropout the validation loss climbs after a few epochs; the more units are dropped, the flatter it stays.",
    )

# %% [markdown] covers="08.24"
# With $\rho = 0.5$ far fewer wrong labels are learned; with $0.8$ training ends near the 0.73 that are right, but the
# test is no better, for now right ones are missed as well. Dropout slows the learning of exceptions, because memorising
# one example takes a conspiracy of units, and in every step some conspirators are missing. Precise, overfitted
# computations dislike noise. That is why other noise regularises as well: small batches (lecture 07), batch
# normalisation (next), noise on inputs. **Label smoothing** spreads a part of each target, say 0.2, evenly over all
# ten classes, so that the given one should get 0.82 and each other 0.02, and no logit has to run away to please a
# wrong label.

# %%
smoothed = train(SEEDS, smoothing=0.2)
results["label smoothing 0.2"] = smoothed.test_accuracy[:, -1]
print(
    f"label smoothing 0.2: training {smoothed.train_accuracy[:, -1].mean():.3f}, test {smoothed.test_accuracy[:, -1].mean():.3f}"
)

# %% [markdown]
# The wrong labels are repeated nearly as often as without. Smoothing limits how sure the network gets of a label, not
# whether it believes it, and the test gains little.

# %% [markdown]
# ## Batch normalisation
#
# You standardised the inputs in lecture 02, because it makes the bowl rounder. Why not the hidden values? They move
# while the network learns, so it has to be done anew in every step: Sergey Ioffe and Christian Szegedy (2015) did it
# with the mean and variance of the current batch,
#
# $$\hat z = \frac{z - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}, \qquad \text{output } \gamma\,\hat z + \beta ,$$
#
# for each unit by itself. The network may undo it by the learned $\gamma$ and $\beta$, if that is better. At test
# there may be no batch, so one keeps **running values** of mean and variance along the way and uses those.
#
# Three conventions are there to trip over. In training the variance is divided by $N$, as the batch *is* all there
# is; the running variance estimates that of the population and is fed with the one divided by $N - 1$. PyTorch's
# `momentum` of 0.1 is the share of the *new* value, elsewhere it is that of the old one. And some programs replace
# the running values by a final pass over all training data. With a running mean of 0, a batch mean of 2 and momentum
# 0.1 the new running mean is 0.2.

# %% [markdown]
# ### Exercise: batch_norm_1d (3 points, 12 minutes)
# Do as `torch.nn.functional.batch_norm` does. `x` is (N, D); `gamma`, `beta`, `running_mean`, `running_var` are (D,).
# In training, normalise each column with the batch's mean and its variance divided by N, and return new running
# values, $(1 - \text{momentum})\cdot$ running $+$ momentum $\cdot$ batch, with the variance divided by N − 1. At test
# use the running values and return them unchanged. `eps` stands inside the root. Change nothing in place. In training
# a batch of one example has no variance: raise `ValueError`.

# %% exercise="batch_norm_1d"

# %% [markdown]
# In training the output for an example depends on who else is in its batch. Below is one example, one unit, and 400
# batches that your function has normalised. Before you go to a batch of two: which outputs are possible at all?

# %%
demos.batches(batch_norm_1d)

# %% [markdown]
# With two examples the output is ±1, but for $\varepsilon$, and only the order is left. With larger batches the spread
# falls with the square root of their size, as that of means does. An outlier comes out too small in a small batch,
# because it is itself a part of the mean and of the variance. So training and test are different functions, the more so
# the smaller the batch: this is the bite of batch normalisation. When batches must be small, **layer normalisation**
# (Jimmy Ba and others, 2016) standardises over the units of one example instead. It does not depend on other examples
# at all, is the same in training and at test, and will be back in lecture 14.
#
# Why does it help? The paper's own reason, less drift in the distributions that later layers see, did not survive
# experiments; Shibani Santurkar and others (2018) found that it makes the cost smoother, which allows larger steps.
# The scale of the weights before it no longer matters, so a large step can't blow up the output. And the noise of the
# batch regularises a little. Is that enough against wrong labels?

# %%
for lr in (0.01, 0.1):
    for normalise in (False, True):
        run = train(SEEDS, normalise=normalise, lr=lr)
        name = "batch normalisation" if normalise else "without"
        print(
            f"learning rate {lr}: {name:20s} training loss {run.train_loss[:, 9].mean():.2f} after 10 epochs", end=", "
        )
        print(f"{run.train_loss[:, -1].mean():.3f} after 60; test {run.test_accuracy[:, -1].mean():.3f}")
        if normalise and lr == 0.01:
            results["batch normalisation"] = run.test_accuracy[:, -1]

# %% [markdown]
# It is a remedy for slow training, not for wrong labels, which it learns all the faster: compare the losses after ten
# epochs. At ten times the learning rate the network without it crawls, and the one with it goes on.

# %% [markdown]
# ### Question: the larger batch (2 points, 6 minutes)
# You double the batch size, and your network with batch normalisation gets *worse* on the validation set. Give two
# different explanations, and an experiment that tells them apart.

# %% [markdown] written="larger_batch" points=2
# ### BEGIN MARK SCHEME
# - 1 point: less gradient noise with an unchanged learning rate (or: fewer updates an epoch); and less noise in the batch statistics,
#   which regularised.
# - 1 point: an experiment that changes one and not the other, e.g. statistics on sub-batches of the old size ("ghost batches") with
#   the large batch for the gradient. (Or: large batch with the learning rate and number of updates adapted.)
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# First, the gradient. In a batch twice as large the gradient has half the variance, and an epoch has half as many
# updates; with the same learning rate and number of epochs the network gets less far and explores less. Second, the
# normalisation. Means and variances of a larger batch fluctuate less, so a regulariser got weaker.
#
# To tell them apart, use the large batch for the gradient, but compute the statistics on halves of it, each
# normalised by itself (ghost batches). If validation is as good as before, it was the noise of the statistics. If it
# stays bad, it was the gradient, and a larger learning rate or more epochs should mend it.
# ### END SOLUTION

# %% [markdown] covers="08.03 08.04 08.05 E08-augment"
# ## More data from the data you have
#
# The best remedy was more data, and some can be made. **Augmentation** changes training examples in ways that keep
# their label: a photograph of a dog that is mirrored, cropped, rotated by a few degrees, scaled, bent a little,
# darkened, or covered with noise is still one of a dog; even a network that repaints it in another style may be used.
# Which changes keep the label depends on the task: a mirrored dog is a dog, a mirrored b is a d. One augments only the
# training data; the test data stay as the world delivers them. (It is the pixels that are flipped, never the labels.)
# Here are a photograph, a digit and a pulse, each as it is and under three changes. Which of the nine changes keep the
# meaning?

# %%
from scipy.ndimage import rotate, zoom
from sklearn.datasets import load_sample_image

flower = load_sample_image("flower.jpg")[40:400:3, 130:490:3] / 255
X, labels, _, _ = data.digits()
six = X[np.flatnonzero(labels == 6)[0]].reshape(8, 8)
time = np.linspace(0, 4, 400)
pulse = np.exp(-(((time % 1) - 0.4) ** 2) / 0.001) - 0.25 * np.exp(-(((time % 1) - 0.5) ** 2) / 0.003)
rng = np.random.default_rng(0)
rows = (
    (
        ("a flower", flower),
        ("mirrored", flower[:, ::-1]),
        ("cropped", flower[15:85, 15:85]),
        ("rotated by 20°", rotate(flower, 20, reshape=False).clip(0, 1)),
    ),
    (
        ("a six", six),
        ("mirrored", six[:, ::-1]),
        ("cropped", zoom(six[:, 1:], (1, 8 / 7), order=1)),
        ("rotated by 180°", six[::-1, ::-1]),
    ),
    (
        ("a pulse", pulse),
        ("weaker, with noise", 0.8 * pulse + 0.05 * rng.normal(size=400)),
        ("slower", np.interp(0.8 * time, time, pulse)),
        ("backwards", pulse[::-1]),
    ),
)
figure, axes = panels(4, 3, width=1.75, height=1.4)
for row, places in zip(rows, axes, strict=True):
    for (name, shown), ax in zip(row, places, strict=True):
        ax.set(title=name, xticks=(), yticks=())
        if shown.ndim > 1:
            ax.imshow(shown, cmap="gray_r", vmin=0, vmax=1)
        else:
            ax.plot(time, shown, color=BLUE, lw=1)
            ax.set(ylim=(-0.5, 1.2))
show(figure, alt="A photograph of a flower, a six and a pulse, each as it is and under three changes.")

# %% [markdown] covers="08.06"
# The flower keeps its meaning under all three. The six survives a small crop; mirrored it is no digit, and turned by
# 180° it is a nine. A pulse may be weaker, noisy or slower, but a heart doesn't beat backwards. For text one swaps
# words for synonyms, inserts or exchanges words at random, or translates to another language and back. Each assumes
# something about the task: that the text still means the same *here*.
#
# For digits we shift.

# %% [markdown]
# ### Exercise: shift_images (2 points, 10 minutes)
# `images` is (N, H, W). Move image $n$ down by `dy[n]` and to the right by `dx[n]` pixels (negative: up, left); both
# may also be single numbers, for all images alike. Pixels that come in from outside are 0, and what leaves is lost. A
# shift may be larger than the image. The dtype is kept.

# %% exercise="shift_images"

# %%
with until_written(shift_images):
    images = X[:9].reshape(-1, 8, 8)
    steps = np.array([-1, 0, 1])
    moved = shift_images(images, np.repeat(steps, 3), np.tile(steps, 3))
    figure, axes = panels(9, 2, width=0.85, height=0.9)
    for column in range(9):
        for row, image in ((0, images[column]), (1, moved[column])):
            axes[row, column].imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axes[row, column].set(xticks=(), yticks=())
    axes[0, 0].set_ylabel("before")
    axes[1, 0].set_ylabel("after")
    show(figure, alt="Nine digits before and after a shift by up to one pixel: the same digits, in other places.")

# %% [markdown]
# The first three have moved up, the last three down; in each group they go left, stay, and go right. Now the test of
# the idea: only 100 training digits (with right labels, this time), a support vector machine from scikit-learn, and
# test digits that are shifted by up to one pixel in a random direction. How much do the shifted copies bring, on
# shifted test digits and on those in the middle?

# %%
with until_written(shift_images):
    from sklearn.svm import SVC

    ways = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    scores = {name: [] for name in ("plain, centred", "plain, shifted", "augmented, centred", "augmented, shifted")}
    for seed in range(5):
        few, few_labels, many, many_labels = data.digits(100, seed)
        rng = np.random.default_rng(seed)
        many = many.reshape(-1, 8, 8)
        shifted = shift_images(many, rng.integers(-1, 2, len(many)), rng.integers(-1, 2, len(many)))
        copies = np.concatenate([shift_images(few.reshape(-1, 8, 8), dy, dx) for dy, dx in ways])
        for name, inputs, wanted in (
            ("plain", few, few_labels),
            ("augmented", copies.reshape(-1, 64), np.tile(few_labels, 9)),
        ):
            model = SVC(C=10).fit(inputs, wanted)
            for where, test_images in (("centred", many), ("shifted", shifted)):
                scores[f"{name}, {where}"].append(model.score(test_images.reshape(-1, 64), many_labels))
    for name, values in scores.items():
        print(f"{name:19s} {np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(5):.3f}")

# %% [markdown]
# Shifts bring most where the test data are shifted. Against wrong labels they help in another way: nine copies of a
# digit with a wrong label are harder to remember than one. In each epoch every training digit comes in one of its
# nine places, drawn at random; training accuracy is that of the digits as they were.

# %%
with until_written(shift_images):
    augmented = train(SEEDS, copies=lambda images: [shift_images(images, dy, dx) for dy, dx in ways])
    results["shifted copies"] = augmented.test_accuracy[:, -1]
    print(f"training {augmented.train_accuracy[:, -1].mean():.3f}, test {augmented.test_accuracy[:, -1].mean():.3f}")

# %% [markdown]
# ## Wrong labels
#
# Time to compare. Every remedy so far was measured on the same eight data sets against the same network without it,
# from the same first weights (but for the ensembles, whose members start elsewhere). Each dot is one data set, the
# orange line their mean, and the dashed line the mean of the plain network.

# %%
order = sorted(results, key=lambda name: results[name].mean())
figure, ax = panels(width=5.6, height=3.2)
ax.axvline(results["nothing"].mean(), color=GREY, ls=DASH[GREY], lw=1)
for row, name in enumerate(order):
    ax.plot(results[name], np.full(8, row), "o", color=BLUE, ms=4, alpha=0.6)
    ax.plot([results[name].mean()] * 2, [row - 0.3, row + 0.3], color=ORANGE, lw=2.5)
ax.set(
    xlabel="share of clean test digits that are right", yticks=range(len(order)), yticklabels=order, xlim=(0.6, 0.95)
)
show(
    figure,
    alt=(
        "The share of right test digits for eight data sets and each remedy: some gain more than a tenth, "
        "batch normalisation loses a little."
    ),
)
for name in order[::-1]:
    gain = results[name] - results["nothing"]
    print(
        f"{name:20s} {results[name].mean():.3f}   {gain.mean():+.3f} ± {gain.std(ddof=1) / np.sqrt(8):.3f} against nothing"
    )

# %% [markdown]
# The differences are taken data set by data set, so the luck of a data set cancels, and their standard errors are
# small. Don't read a ranking of methods from it, though: each has a strength that must be chosen, we tried few values,
# and another task may order them otherwise. What it shows is what they share. Whatever keeps the network from learning
# exceptions by heart, a penalty, a stop, noise, copies, helps here, because wrong labels *are* exceptions. And they may
# be combined.

# %% [markdown]
# ### Exercise: robust_classifier (3 points, 20 minutes)
# Now yours. `X_train` is (400, 64) with `labels` (400,), of which 30 % were replaced by random ones; predict the true
# labels of `X_test`, (M, 64), as (M,) integers. Everything goes: any method of the course, any library that came with
# it. Asked for is a mean accuracy of at least 0.83 on clean test digits, over three data sets that neither of us has
# seen. The 0.83 is a floor; methods of this course go beyond 0.9. Nobody tells you the true labels, so choose by
# validation. (The check also puts the training digits among those to predict, to see whether the wrong labels were
# learned.)

# %% exercise="robust_classifier"

# %%
with until_written(robust_classifier):
    yours = []
    for seed in SEEDS:
        X_train, noisy, X_test, clean = data.noisy_digits(seed)
        yours.append(np.mean(robust_classifier(X_train, noisy, X_test, seed) == clean))
    print(
        f"yours, on the same eight data sets: {np.mean(yours):.3f}; the plain network: {results['nothing'].mean():.3f}"
    )

# %% [markdown]
# Nobody told your program which labels were wrong. What has changed is how much it trusts a single example.
#
# ## Beyond: how sure should it be?
#
# Collect the test digits to which the plain network gave its answer with a probability of about 0.85. Are 85 % of them
# right? A **reliability diagram** shows it for all levels. The simplest cure is **temperature scaling** (Chuan Guo
# and others, 2017): divide all logits by one number $T$, chosen on data that were held out. No answer changes, only
# how sure it is. (The logits are known up to a constant as logarithms of the probabilities. Here half of the test
# digits serve to choose $T$.)

# %%
probs, wanted = baseline.test_probs.reshape(-1, 10), baseline.test_labels.reshape(-1)
held_out = np.arange(len(wanted)) % 2 == 0
logits, answer = np.log(probs.clip(1e-12)), probs.argmax(axis=1)


def softened(temperature):
    return torch.from_numpy(logits / temperature).softmax(dim=1).numpy()


def loss_at(temperature):
    return -np.log(softened(temperature)[held_out, wanted[held_out]]).mean()


temperature = min(np.arange(1, 10, 0.25), key=loss_at)
figure, ax = panels(width=3.6, height=2.9)
ax.plot((0, 1), (0, 1), color=GREY, lw=1, ls=DASH[GREY])
edges = np.linspace(0, 1, 11)
for p, colour, name in ((probs, ORANGE, "as trained"), (softened(temperature), BLUE, f"T = {temperature:g}")):
    sure = p.max(axis=1)[~held_out]
    right = (answer == wanted)[~held_out]
    bins = np.digitize(sure, edges[1:-1])
    used = [k for k in range(10) if np.sum(bins == k) >= 30]
    line = ax.plot(
        [sure[bins == k].mean() for k in used],
        [right[bins == k].mean() for k in used],
        color=colour,
        ls=DASH[colour],
        marker=MARKER[colour],
    )[0]
    line.set_label(name)
ax.legend(frameon=False, fontsize=8, loc="upper left")
ax.set(xlabel="probability of the answer", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
show(
    figure,
    alt=(
        "The share of right answers against the probability they were given with, as trained and after "
        "temperature scaling, which follows the diagonal."
    ),
)

# %% [markdown]
# The network that learned wrong labels by heart is too sure, at nearly all levels; with its logits divided by $T$, it
# knows how often it errs.
#
# Another line of thought asks where in weight space a solution lies. In a *flat* valley the loss changes little when
# the weights do, and such solutions often generalise better (Sepp Hochreiter and Jürgen Schmidhuber, 1997).
# Sharpness-aware minimisation (Pierre Foret and others, 2021) seeks such valleys by following the gradient at the worst
# nearby point, and averaging weights along the path lands in the middle of one. It is not a complete theory: rescaling
# ReLU layers makes any minimum as sharp as you like without changing its function (Laurent Dinh and others, 2017).
# Why networks generalise as well as they do is still an open question.

# %% [markdown]
# ## What to remember
#
# The training error is not what we want, and the best of fifty validation scores isn't either; the test set is used
# once. Squared error is bias², variance and noise. A regulariser accepts some bias to save more variance, and each
# assumes something: weight decay that small weights are likely, early stopping that what is learned first is true,
# dropout and noise that a good computation is robust, augmentation that a change keeps the label. Decay acts on
# weights, not biases, and in Adam it must be decoupled. Stop with patience and keep the best weights. An ensemble of
# averaged probabilities is at least as good as its mean member, not as its best one. Dropout scales in training and
# does nothing at test; batch normalisation uses the batch in training and running values at test. More parameters
# don't always overfit more. And whatever you use, choose its strength by validation, in factors of ten, and compare
# on the same data over several seeds.
