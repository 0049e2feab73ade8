# ---
# jupyter:
#   course:
#     title: Introduction
#     minutes: 110
#     promise: What it means that a machine learns, how this course works, and one neuron that teaches itself to tell a 0 from a 1
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
# # Introduction: machines that learn, and how this course works
#
# Below are forty small pictures. You read them without effort. Now try to write down *how*: which pixels must be dark
# for a 3? Nobody has found rules that hold for every hand, and yet every phone reads handwriting. This lecture is about
# the way round.
#
# Afterwards you can say what each of three kinds of learning is given and what it may learn from; use this course's
# cells, checks and pictures; move data between arrays and tensors without losing their shape, type or scale; train one
# artificial neuron; and measure what the stages of a deep network are good for. It takes about 110 minutes, 74 of them
# for eight exercises and two questions. A good place for a break is after *Arrays, tensors, devices*.
#
# You need some Python with numpy (loops, functions, `x[:, 0]`), and the mathematics of school with vectors; matrices
# and derivatives are explained when they are used. Run the cells from the top: click a cell and press Shift and
# Enter.

# %% setup=true
from itertools import pairwise

import numpy as np
import torch

from course import check, data
from course.demos import introduction as demos
from course.figure import BLUE, GREY, INK, ORANGE, panels, show, until_written

torch.set_num_threads(1)  # small networks are fastest with one

# %% [markdown] covers="01.01"
# ## Programs that are not written but learned
#
# Thirteen people wrote the digits, which were then reduced to 8 by 8 pixels (a collection of Ethem Alpaydin and Cenk
# Kaynak, 1998). Orange frames stand around those for which the most similar picture in the whole collection bears
# *another* label. Would you have read all of these as they are labelled?

# %%
X, labels, X_test, labels_test = data.digits()
everything, names = np.concatenate([X, X_test]), np.concatenate([labels, labels_test])
apart = torch.cdist(torch.from_numpy(everything), torch.from_numpy(everything)).fill_diagonal_(np.inf).numpy()
doubtful = np.flatnonzero(names[apart.argmin(axis=1)] != names)
plain = np.setdiff1d(np.arange(50), doubtful)[:34]
shown = np.random.default_rng(5).permutation(np.concatenate([doubtful[:6], plain]))
figure, axes = panels(10, 4, width=0.62, height=0.78)
for ax, n in zip(axes.flat, shown, strict=True):
    ax.imshow(everything[n].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    ax.set(xticks=(), yticks=())
    ax.set_title(names[n], fontsize=8, pad=2)
    for spine in ax.spines.values():
        spine.set(visible=bool(n in doubtful), color=ORANGE, linewidth=2)
show(figure, alt="Forty handwritten digits with their labels; those that resemble another digit most are framed.")
print(f"{len(names)} pictures in all; {len(doubtful)} of them would get a frame")

# %% [markdown]
# A rule such as "a 0 has no ink in the middle" is true of many zeros and false for some. One could add exceptions,
# and exceptions to these. Programmers have tried for decades. The way round is to write another kind of program: one
# that is given examples, pictures with the right answers, and that *adjusts itself* until its answers fit. That is
# **machine learning**: instead of the behaviour, we write a program that fits its behaviour to data or to experience.
# A learning algorithm is a function whose argument is data and whose result is a program.
#
# Each lecture of this course asks a question, answers it with formulas that are derived and pictures that you can
# move, and lets you write the parts that matter. There are eight exercises and two questions in each. The exercises
# are checked while you work; a person reads your answers to the questions. If you are stuck, read the check's hint,
# then the exercise again, then the section before it; and ask the people who study with you. Explaining a thought that
# doesn't work is a very good way to find out why.

# %% [markdown]
# ## How the checks work
#
# An exercise has a text, a function with its signature and a docstring, and a place that says `# YOUR CODE HERE`. You
# replace the line with `raise`, run the cell, and run the cell below it, which says `check(...)`. The check calls
# your function on a few fixed inputs, compares, shows one difference in full, and if it recognises a common mistake
# it says which thought to look at again. Try it on a wrong answer first. The function below should return the mean of
# every *row* of a table.


# %%
def first_try(x):
    return x.mean(axis=0)  # wrong, to see what the check says


first_try.__name__ = "row_means"  # check goes by the name of a function: this one tries the exercise row_means
check(first_try)

# %% [markdown]
# There is a hint, and a list of the cases that says what came and what was expected; of the first failure also what was
# put in. A table of shape (3, 5) gave 5 numbers. `axis` names the axis that *disappears*. In a table of shape (3, 5),
# rows first, axis 0 counts the rows, and averaging over it leaves 5 numbers, one a column. Now you.

# %% [markdown]
# ### Exercise: row_means (1 point, 5 minutes)
# `x` is a table of shape (N, D) with numbers of any kind. Return the mean of every row, N numbers in a vector. The
# table may hold small integers (`uint8`, from 0 to 255), whose sum may be larger than 255.

# %% exercise="row_means"

# %% [markdown]
# The points are not given by this check. For the grade your function is called with *other* inputs, in a place that
# you don't see, and what it returns is compared with what ours returns. So there is no use in a function that knows
# the visible cases by heart, and each exercise earns the share of the hidden cases that it gets right. Here are five
# wrong ways. Predict what the check says to each, before you look: it is worth more to learn to read a diagnosis than
# to avoid one.

# %%
demos.diagnoses(row_means)

# %% [markdown]
# Three things go wrong on every first day. A function that *prints* its result returns `None`; write `return`. The
# cells with `check` are ours: what you change there is put back before grading. And the notebook keeps what you ran,
# in the order in which you ran it, even if the cell is gone since: a notebook that works may rest on a variable that
# no cell defines any more. So before you hand in, choose *Restart Kernel and Run All Cells*.

# %% [markdown]
# ## Arrays, tensors, devices
#
# Everything a network sees is an array of numbers. Of an array you should know three things: its **shape**, the
# length of each axis; its **dtype**, the kind of its numbers; and whether it is a **view** of another array's memory
# or a copy.

# %%
small = np.arange(6).reshape(2, 3)
column = small[:, 1]
column[:] = 9  # `column` is a view: it is the same memory
print(small, small.shape, small.dtype)
print("strides:", small.strides, "- bytes from one row to the next, and from one column to the next")
print("backwards:", small[:, ::-1].strides)
pixels = np.array([255, 3], dtype=np.uint8)
print("uint8:", pixels + np.array([1, 0], dtype=np.uint8), "and 3 - 5 =", (pixels - np.uint8(5))[1])

# %% [markdown]
# Slicing makes views, and a view may walk through memory backwards, with a negative **stride**. `uint8` is what
# images are stored in. It holds 0 to 255 and nothing else: 255 + 1 is 0 and 3 − 5 is 254, without a warning. Convert
# such arrays before you calculate.
#
# When two arrays of different shapes are added, numpy **broadcasts** them. Line up the shapes from the right. Two
# lengths fit if they are equal or if one of them is 1 (or missing), and an axis of length 1 is repeated as often as
# is needed. What does a column of shape (3, 1) with a row of shape (4,) give? And why can't (3, 4) be added to (3,)?
# Guess first, then type the two shapes.

# %%
demos.broadcasting()

# %% [markdown]
# A column with a row gives a table of all sums. With (3, 4) and (3,) a 4 meets a 3. Where the vector is meant as a
# column, say so: the index `None` makes an axis of length 1, so `v[:, None]` has shape (3, 1), and that fits. In the
# same way, if `x` has shape (M, D) and `y` has shape (N, D), then `x[:, None] - y` lines up (M, 1, D) with (N, D) and
# has shape (M, N, D): all differences of a row of one and a row of the other, without a loop. The price is that a
# forgotten axis is often not an error but a table where a vector was meant.
#
# PyTorch's arrays are called **tensors**. They do what numpy's do, and two things more: they keep track of
# derivatives (lecture 05), and they can live on another **device**, such as a graphics card. A device can only
# calculate with tensors that are on it, so `tensor.to(device)` copies them there. Code that takes the device from its
# inputs, instead of naming one, runs on both. The device `meta` is a dry run: its tensors have a shape and a dtype
# and no numbers at all.

# %%
shared = np.zeros(3)
view, copy = torch.from_numpy(shared), torch.tensor(shared)
shared[0] = 7
print("from_numpy shares its memory:", view, "- tensor copies:", copy)
try:
    torch.from_numpy(shared[::-1])
except ValueError as error:
    print("backwards:", str(error).split(".")[0])
large = torch.empty(10**6, 10**6, device="meta")
print("meta:", (large @ large[:, :5]).shape, "- a product whose left factor would fill 4 terabytes")
for kind in (torch.float64, torch.float32, torch.bfloat16):
    about = torch.finfo(kind)
    print(f"{kind!s:15} {about.bits} bits, largest {about.max:.1e}, next number after 1 is 1 + {about.eps:.1e}")

# %% [markdown]
# numpy calculates in `float64` if you don't say otherwise, networks mostly in `float32`: half the memory, seven
# digits. `bfloat16` has the range of `float32` with two or three digits, and large networks are trained in it.

# %% [markdown]
# ### Exercise: images_to_batch (2 points, 8 minutes)
# `images` is a stack of N images of H by W pixels, `uint8` from 0 to 255. Return what a network is fed: a tensor of
# shape (N, H·W), one row for each image (its rows of pixels one after the other), `float32`, on the given device,
# with values from 0 to 1: divide by 255. The stack may be a view of any kind, also one that walks backwards.

# %% exercise="images_to_batch"

# %% [markdown]
# (Dividing by the brightest pixel of the stack instead would make the same image look different in different
# company.)

# %%
with until_written(images_to_batch):
    batch = images_to_batch(data.digit_bytes(), torch.device("cpu"))
    print(batch.shape, batch.dtype, "from", batch.min().item(), "to", batch.max().item())

# %% [markdown] covers="01.02"
# ## Learning with a teacher: supervised
#
# In **supervised learning** every training example is a pair: an input $x$ and the right output $t$, which is to be
# imitated. What is wanted is a program that is right about inputs that it has *not* seen. So the examples are split:
# one part, the **training set**, is for learning; the other, the **test set**, is for measuring.
#
# The simplest learner learns nothing. It keeps all training examples, and when asked it looks for the one that is
# most like the question and gives its label: the **nearest neighbour** (Evelyn Fix and Joseph Hodges, 1951). "Like"
# is measured by the squared distance $\sum_d (x_d - x'_d)^2$ over all pixels $d$. Of (1, 2) and (3, 1), which is
# nearer to (2, 2)? The distances are 1 and 1 + 1 = 2, so the first.

# %% [markdown]
# ### Exercise: nearest_neighbour_predict (2 points, 8 minutes)
# Give every row of `x` (M, D) the label of the nearest row of `train_x` (N, D); of equally near ones the first
# counts. The rows may be `uint8`, and labels may be any integers.

# %% exercise="nearest_neighbour_predict"

# %%
with until_written(nearest_neighbour_predict):
    answers = nearest_neighbour_predict(X, labels, X_test)
    print(f"{len(X)} training examples, {len(X_test)} test digits, {np.mean(answers == labels_test):.3f} right")
    wrong = np.flatnonzero(answers != labels_test)[:7]
    shown = np.concatenate([np.flatnonzero(answers == labels_test)[:4], wrong])
    near = torch.cdist(torch.from_numpy(X_test[shown]), torch.from_numpy(X)).argmin(dim=1).numpy()
    figure, axes = panels(len(shown), 2, width=0.66, height=0.84)
    for (above, below), test, train in zip(axes.T, shown, near, strict=True):
        for ax, image, label in ((above, X_test[test], labels_test[test]), (below, X[train], labels[train])):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=(), yticks=())
            ax.set_title(label, fontsize=8, pad=2)
            ax.spines[:].set(visible=test in wrong, color=ORANGE, linewidth=2)
    show(figure, alt="Above, test digits; below each its nearest training digit. Pairs of different labels are framed.")

# %% [markdown]
# Above are four digits that were read rightly, and then, framed, the mistakes; below each is its neighbour. Some of
# these mistakes you would have made too. More than 98 % without any training: is handwriting that easy? Look how the
# test set was drawn. Our loader *shuffles* before it splits. The file itself is sorted by writer. If we split it as
# it is, the test digits come from other hands than the training digits:

# %%
with until_written(nearest_neighbour_predict):
    X_file, labels_file = data.digits_in_file_order()
    answers = nearest_neighbour_predict(X_file[:1200], labels_file[:1200], X_file[1200:])
    print(f"split in the order of the file: {np.mean(answers == labels_file[1200:]):.3f} right")

# %% [markdown]
# Three times as many mistakes. Neither number is wrong; they answer different questions. The first says how well we
# read *these* writers, the second how well we read strangers. A test set must be drawn like the cases you will meet.
#
# The picture below shows another weakness. Try ten examples and then more of them; then take all, and move the test
# images to the right by a single pixel. Guess first: how much can one pixel matter?

# %%
demos.nearest_neighbours(nearest_neighbour_predict)

# %% [markdown]
# From 0.99 to 0.66, and with two pixels to 0.16. A pixel is compared with the pixel at the same place. Move the ink of
# a test digit by one, and in 99 of 100 cases the image is *farther* from what it was than from some training digit with
# another label, though no person would notice. The distance is blind to what the picture shows. What we want is a
# description of images in which such changes don't matter: a better **representation**. Keep this word in mind; finding
# one is what networks are for.

# %% [markdown] covers="01.05 01.06 01.07 01.08 E01-sizes"
# ## A first neuron
#
# A nerve cell collects signals from thousands of others through its branches, the dendrites, and when enough has come
# together it sends one itself, along the axon. In 1943 Warren McCulloch and Walter Pitts made a piece of mathematics
# of that. An **artificial neuron**, or **unit**, multiplies each input by a **weight**, adds everything and a
# **bias**, and passes the sum through a function $\phi$, its nonlinearity:
#
# $$y = \phi\Big(\sum_d w_d x_d + b\Big) = \phi(w^\top x + b), \qquad w^\top x = \sum_d w_d x_d.$$

# %%
figure, (left, right) = panels(2, width=3.2, height=2.1)
rng = np.random.default_rng(3)
for angle in np.linspace(2.0, 4.3, 6):
    start, bend = np.array([np.cos(angle), np.sin(angle)]), rng.uniform(-0.4, 0.4, 3)
    ends = [1.6 * start + [0, 0], *(2.3 * np.array([np.cos(angle + b), np.sin(angle + b)]) for b in bend)]
    left.plot(*zip(0.3 * start, ends[0], strict=True), color=INK, lw=2)
    for end in ends[1:]:
        left.plot(*zip(ends[0], end, strict=True), color=INK, lw=1)
left.plot([0.3, 1.5, 2.4, 3.2], [0, 0.12, -0.05, 0.05], color=BLUE, lw=2.5)
for lift in (-0.5, 0, 0.5):
    left.plot([3.2, 3.9], [0.05, lift], color=BLUE, lw=1.2)
left.scatter([0], [0], s=600, color="white", edgecolor=INK, lw=2, zorder=3)
left.text(-2.2, -2.5, "dendrites", color=INK)
left.text(1.2, 0.35, "axon", color=BLUE)
left.set(xlim=(-2.8, 4.2), ylim=(-2.7, 2.4), title="a nerve cell, much simplified")
for y, name in ((1.2, "$x_1$"), (0, "$x_2$"), (-1.2, "$x_3$")):
    right.annotate("", (-0.3, 0.2 * y), (-1.8, y), arrowprops={"arrowstyle": "->", "color": INK})
    right.text(-2.3, y - 0.1, name)
    right.text(-1.1, 0.63 * y + (0.2 if y >= 0 else -0.42), f"$w{name[2:]}", color=ORANGE)
right.annotate("", (0.05, -0.3), (0.05, -1.7), arrowprops={"arrowstyle": "->", "color": INK})
right.text(0.2, -1.6, "$b$", color=ORANGE)
for x, name in ((0.05, "$\\Sigma$"), (1.5, "$\\phi$")):
    right.scatter([x], [0], s=500, color="white", edgecolor=BLUE, lw=2, zorder=3)
    right.text(x, -0.09, name, ha="center", zorder=4, fontsize=12, color="black")
right.annotate("", (1.2, 0), (0.4, 0), arrowprops={"arrowstyle": "->", "color": INK})
right.annotate("", (2.6, 0), (1.85, 0), arrowprops={"arrowstyle": "->", "color": INK})
right.text(2.7, -0.1, "$y$")
right.set(xlim=(-2.6, 3.2), ylim=(-2, 1.8), title="an artificial neuron")
for ax in (left, right):
    ax.axis("off")
show(
    figure,
    alt=(
        "A nerve cell with branches that collect and a fibre that sends; beside it a unit: inputs times "
        "weights, a sum with a bias, a nonlinearity."
    ),
)

# %% [markdown]
# The likeness ends there. Nerve cells send pulses in time, adapt in many ways at once, and nobody has found in them the
# learning rule of later lectures. The inspiration is loose, and it is not why networks are used. They are used because
# a large collection of such simple units, combined, computes useful things: reads, recognises speech, translates, folds
# proteins, plays Go, writes text. Count units and weights separately: a large network of 2012 had 650 000 units and 60
# million weights; GPT-3 (2020) has 175 billion weights.
#
# A positive weight says that the input speaks *for* the answer, a negative one *against* it, and the bias how much is
# needed. For $\phi$ take the **logistic function** $\sigma(z) = 1/(1 + e^{-z})$, which squashes any sum into $(0, 1)$:
# $\sigma(0) = \tfrac12$, $\sigma(2) = 0.88$, $\sigma(-2) = 0.12$. The output is $\tfrac12$ where $w^\top x + b = 0$.
# In the plane that is a straight line, and $w$ stands at right angles to it: moving along the line doesn't change
# $w^\top x$.

# %% [markdown]
# ### Exercise: first_neuron (1 point, 5 minutes)
# Return $\sigma(w^\top x_n + b)$ for every row $x_n$ of `x` (N, D); `w` is (D,) and `b` a number. The sums may be as
# large as a few thousand in both directions, where $e^z$ overflows: no result may be NaN. (A warning is allowed.)

# %% exercise="first_neuron"

# %% [markdown]
# How can a neuron *learn* its weights? In 1958 Frank Rosenblatt had the first answer. Code the two classes as $t = -1$
# and $t = +1$. A point is on its right side if $w^\top x + b$ has the sign of $t$, that is, if
# $t\,(w^\top x + b) > 0$. Go through the examples one by one. When one is right, do nothing. When it is a mistake, add
# $t\,x$ to $w$ and $t$ to $b$. Why does that help? For the same example the value $t\,(w^\top x + b)$ changes by
#
# $$t\,\big((t x)^\top x + t\big) = t^2\,(x^\top x + 1) = \lVert x \rVert^2 + 1 > 0,$$
#
# so this example moves towards its right side. Others may suffer. But if *any* line separates the two classes, the
# number of mistakes is bounded, and the rule comes to an end. To see why, put the bias among the weights and a 1 into
# each input, $v = (w, b)$ and $a = (x, 1)$. Let $u$ be a vector of length 1 that separates all examples,
# $t\,u^\top a \ge \gamma > 0$, and let no $a$ be longer than $R$. Each mistake adds $t\,a$ to $v$. Then $u^\top v$
# grows by at least $\gamma$, and $\lVert v \rVert^2$ grows by $2t\,v^\top a + \lVert a \rVert^2 \le R^2$, since
# $t\,v^\top a \le 0$ at a mistake. As $u$ has length 1, $u^\top v$ is at most $\lVert v \rVert$, so after $k$ mistakes
# $k\gamma \le \lVert v \rVert \le \sqrt k\,R$, and $k \le R^2/\gamma^2$ (Albert Novikoff, 1962).
#
# An example: from $w = (0, 0)$, $b = 0$, the point $x = (1, 2)$ with $t = -1$ is a mistake, since $0 \le 0$. Then
# $w = (-1, -2)$ and $b = -1$. The next point, $x = (2, 0)$ with $t = +1$, gives $1 \cdot (-2 - 1) = -3$: a mistake
# again, and $w = (1, -2)$, $b = 0$.

# %% [markdown]
# ### Exercise: train_first_neuron (3 points, 12 minutes)
# Start with `w` = 0 and `b` = 0. In every epoch (one pass over all examples, in the given order) test each example;
# if $t\,(w^\top x + b) \le 0$ it is a mistake, and `w` and `b` change at once, before the next example is tested.
# Return `w` (D,), `b` and the number of mistakes in every epoch, an array of `epochs` integers.

# %% exercise="train_first_neuron"

# %%
with until_written(train_first_neuron):
    figure, axes = panels(2, width=2.4, height=2.2)
    for ax, (minus, plus) in zip(axes, ((0, 1), (3, 8)), strict=True):
        mine, held_out = np.isin(labels, (minus, plus)), np.isin(labels_test, (minus, plus))
        w, b, mistakes = train_first_neuron(X[mine], np.where(labels[mine] == plus, 1, -1), 10)
        says_plus = X_test[held_out] @ w + b > 0
        share = np.mean(says_plus == (labels_test[held_out] == plus))
        print(f"{minus} against {plus}: mistakes in each pass {mistakes}, {share:.3f} of the test digits right")
        largest = max(np.abs(w).max(), 1e-9)
        ax.imshow(w.reshape(8, 8), cmap="RdBu_r", vmin=-largest, vmax=largest)
        ax.set(xticks=(), yticks=(), title=f"red speaks for {plus}, blue for {minus}")
        ax.spines[:].set_visible(False)
    show(
        figure,
        alt=(
            "The weights of a neuron that tells two digits apart, as an image: red pixels speak for one of them, "
            "blue ones for the other."
        ),
    )

# %% [markdown]
# The first neuron has taught itself to tell a 0 from a 1, in two passes. Look at its weights as an image: ink in the
# middle speaks for a 1, ink at the sides for a 0, and nobody told it. The second has a harder task. Its red pixels lie
# at the left, where an 8 closes its loops and a 3 is open. Its fifth pass makes more mistakes than its fourth, 13 after
# 4: what repairs one example may spoil others. After six passes it is done; the bound promises an end, not a steady way
# there. And the way depends on the order. Shown all the threes and eights in the order of the file, the same rule makes
# 31, 12, 8, 5, 3, 7, 4, 3, 4 and 1 mistakes and is not done after ten passes. (And no mistake in training is no promise
# for the test: of the 107 threes and eights that it has not seen, one is read wrongly.)
#
# Set the weights by hand below, then let the rule do it, pass by pass. Then try XOR, where opposite corners belong
# together. Can you find a line?

# %%
demos.neuron(first_neuron, train_first_neuron)

# %% [markdown] covers="01.11 01.12 01.13 01.14 01.15 E01-pdp-authors"
# One neuron is one line, and for XOR there is none. Put one class at the corners (0, 0) and (1, 1), the other at (0, 1)
# and (1, 0). The sums $w^\top x + b$ of the first two add up to $w_1 + w_2 + 2b$, and those of the other two add up to
# the same. If a line parted the classes, one of these totals would be negative and the other positive.
#
# That had consequences. Early enthusiasm in the 1960s ended when Marvin Minsky and Seymour Papert (1969) showed what
# one layer of such units can't compute. It was known that a second layer helps (you will build it in lecture 03);
# nobody knew how to train it. The method, *backpropagation*, was found several times, by Seppo Linnainmaa in 1970 and
# Paul Werbos in 1974 among others, and not taken up. In 1986 David Rumelhart, Geoffrey Hinton and Ronald Williams
# showed in *Nature* what it can do, and the two volumes on parallel distributed processing that Rumelhart and James
# McClelland edited in the same year made networks popular again. The next rise began around 2010, with graphics cards
# that were fast enough, large collections of labelled data, and free programs in which anyone can write a network:
# Torch, TensorFlow, Keras, PyTorch.
#
# Seen soberly, a network is one way among others to fit a nonlinear function to data. Kernel machines, which you will
# meet in lecture 03, and trees of questions are others, and each of them has been ahead for a time.

# %% [markdown] covers="01.04"
# ## Learning without a teacher: unsupervised
#
# Labels are expensive, inputs are everywhere. **Unsupervised learning** is given inputs alone and looks for structure
# in them. An example is to find groups: **k-means** (Stuart Lloyd, 1957, published in 1982). Choose $K$ centres
# somewhere. Then alternate two steps: give every point to its nearest centre; move every centre to the mean of its
# points. The cost is the sum of the squared distances from each point to its own centre. The first step can't raise it,
# because each point chooses the nearest one. Nor can the second. In each coordinate $\sum_n (c - x_n)^2$ is a parabola
# in $c$ that opens upwards, and its derivative, $2\sum_n (c - x_n)$, is zero where $c$ is the mean and nowhere else. So
# a step that moves a centre with points *lowers* the cost. After it the cost depends on the assignment alone, so no
# assignment comes back; there are finitely many, and the alternation ends.
#
# On a line: points 0, 1, 5 and centres 0 and 2. The nearest centres are the first, the first (1 is as far from 0 as
# from 2; the first counts) and the second. The new centres are 0.5 and 5.

# %% [markdown]
# ### Exercise: kmeans_step (2 points, 8 minutes)
# Assign every row of `x` (N, D) to its nearest centre, by squared distance, of equally near ones to the first. Return
# the assignment (N,) and the new centres (K, D): the mean of each centre's points. A centre without points stays
# where it is, and the array `centres` that you were given must not change.

# %% exercise="kmeans_step"

# %% [markdown]
# Step through it. Three of the four centres start in one corner. Drag them elsewhere, at step 0, and look whether the
# end is the same. On the right, ten centres among 1200 digits do the same in 64 dimensions. What will they look like
# after ten steps?

# %%
demos.kmeans(kmeans_step)

# %% [markdown]
# The blobs are found, if the start is lucky. From *two for one blob* they are not: two centres share a blob for ever
# and one has two, for each step only goes downhill, and the cost has many valleys. The ten digit centres look like
# digits, though no label was used. From most starts about three quarters of the pictures lie in a cluster in which
# their own digit is the most frequent. Yet nothing tells you which cluster is the "3", and some digits share one.
# Structure is there without labels; names are not.
#
# There is a third way between the two. Hide a part of the input and let the rest predict it: the next word of a text,
# a covered patch of an image. Then the data make their own labels. This is **self-supervised learning**; by its
# mathematics it is supervised, by what it needs it is not, and today's language models begin with it (lectures 06, 11
# and 14).

# %% [markdown] covers="01.03"
# ## Learning from reward: reinforcement
#
# Nobody tells a child the angle of each joint when it learns to walk. It tries, and falls or doesn't. In
# **reinforcement learning** the learner gets a single number, a **reward**, for what it did, and tries to make it
# large over time. It is never told what would have been right.
#
# The smallest case is a row of slot machines (one-armed bandits). You pull an arm and see its reward, which differs
# from pull to pull; of the others you see nothing. Which arm has the largest mean? Keep for each arm the mean $Q$ of
# its rewards so far. One need not store them all. After $n$ rewards $Q_n = \frac1n(r_1 + \dots + r_n)$, so
#
# $$Q_n = \frac{(n-1)\,Q_{n-1} + r_n}{n} = Q_{n-1} + \frac{1}{n}\big(r_n - Q_{n-1}\big).$$
#
# The estimate moves towards the new reward by a share that shrinks. With rewards 4, 2 and 6: $Q$ is 4, then
# $4 + \frac12(2 - 4) = 3$, then $3 + \frac13(6 - 3) = 4$. Old estimate plus a step times an error: you will meet this
# form again.

# %% [markdown]
# ### Exercise: bandit_update (1 point, 5 minutes)
# `estimates[k]` is the mean of the `counts[k]` rewards that came from arm `k`. Return both arrays, new ones, after
# one more `reward` of `arm`. An arm that was never pulled may hold any estimate; it must not count.

# %% exercise="bandit_update"

# %% [markdown]
# Now play. Pull the arms a few times and decide which is the best. Then press *start again* and let an agent play. The
# exploration rate is the probability with which it pulls any arm at random; otherwise it takes the one that looks best,
# of equals the first. Set the rate to 0, let it play several times, and then show the true means. What went wrong, and
# why does it not get better with more pulls? Start again with the rate at 0.1.

# %%
demos.bandits(bandit_update)

# %% [markdown]
# All estimates began at 0, so the first pull was of arm 1. It brought more than 0, and the other arms were never tried:
# their estimates are wrong and stay so. Nor is it enough to pull each arm once before: one bad draw from the best arm,
# and it may never be pulled again. An agent that never explores is a prisoner of its first pulls; with a rate of 0.1 it
# soon finds the best arm and gives it most of its pulls. An agent that only explores never uses what it knows. How much
# of each is right is a deep question, and lecture 20 answers a part of it.
#
# Here are the kinds of learning side by side. What tells them apart is not the algorithm but what each learns from:
#
# | | what is given | what it learns from | for example |
# |---|---|---|---|
# | supervised | inputs with the right outputs | the right outputs, which it imitates | nearest neighbour, the neuron |
# | unsupervised | inputs alone | structure among the inputs | k-means |
# | self-supervised | inputs alone | a hidden part of the input itself | the next word of a text |
# | reinforcement | a world to act in | a reward for what it did | the slot machines |

# %% [markdown]
# ### Question: three signals (3 points, 10 minutes)
# Take one task of your own life (not digits). Describe how it would look as a supervised, as an unsupervised and as a
# reinforcement learning problem: what is given, what signal is used, and what could go wrong.

# %% [markdown] written="three_signals" points=3
# ### BEGIN MARK SCHEME
# - 1 point for each of the three: data and signal are named and fit. A label is not called a reward, nor the reverse.
# - Half a point off where no failure is named.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Cooking rice. Supervised: from a hundred evenings I have amount, water and minutes, and a note "too hard", "right"
# or "too soft"; the signal is this note for each evening, and a program is to give the note for new numbers. It may
# fail because all evenings were with the same pot. Unsupervised: the same numbers without notes; the program finds
# that they form two groups (perhaps two sorts of rice). It may find groups that mean nothing, such as weekdays and
# weekends. Reinforcement: the program chooses water and minutes tonight and is told only how many of us asked for
# more. It may settle on a mediocre recipe because it stopped trying others.
# ### END SOLUTION

# %% [markdown]
# ### Question: why not neighbours (2 points, 5 minutes)
# The nearest neighbour reads nearly 99 % of the digits. Why is this not how one reads photographs of street signs?

# %% [markdown] written="why_not_rules" points=2
# ### BEGIN MARK SCHEME
# - 1 point: the pixel distance changes with shift, light, size or angle, although the meaning doesn't.
# - 1 point: cost or amount of data at prediction time, or growth with the number of pixels.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# Our digits are centred and of one size; a sign in a photograph is anywhere, in any light, at any distance, and the
# distance between pixels then says little about the sign (one pixel of shift took a third of the digits). One would
# need an example for every combination of place, size and light. And every prediction compares with all of them, each
# with a million pixels.
# ### END SOLUTION

# %% [markdown] covers="01.09 01.10"
# ## Deep: many stages
#
# What would a better representation be? One in which things that mean the same lie close together. **Deep learning**
# builds it in stages: $h_0 = x$ is the input, and each stage computes units from the units before it,
#
# $$h_i = \mathrm{relu}(h_{i-1} W_i + b_i), \qquad \mathrm{relu}(z) = \max(0, z),$$
#
# with a matrix $W_i$ in which each column holds the weights of one unit: entry $j$ of the product $h W$ is
# $\sum_d h_d W_{dj}$, the weighted sum of unit $j$. The last stage has no relu; its units are the answers. *Deep* means
# no more than that there are many stages. Without the relu two of them would be one:
# $(x W_1 + b_1) W_2 + b_2 = x (W_1 W_2) + (b_1 W_2 + b_2)$ has a single matrix and a single bias.

# %% [markdown]
# ### Exercise: stage_outputs (2 points, 8 minutes)
# `x` is a tensor (N, d₀), `weights` and `biases` are lists of L tensors each, (dᵢ₋₁, dᵢ) and (dᵢ,). Return the list
# of all stages, $h_0$ to $h_L$, L + 1 tensors, with a relu in all but the last one. Use torch's operations
# throughout, so that derivatives can flow back and everything stays on its device.

# %% exercise="stage_outputs"

# %% [markdown]
# It is often said that later stages represent the data better, in a more abstract way. That is something to *measure*.
# The cell below trains a small network on the digits; lectures 02 to 05 explain how. Then we take the 597 held-out
# digits, send them through each stage, and ask your nearest neighbour to read them with *one* labelled example of each
# digit. In a good representation one is enough. The pictures show each stage squeezed into two dimensions, by the
# directions in which its points vary most. Before you run it: where will the number be largest?

# %%
sizes = (64, 64, 64, 32, 10)
torch.manual_seed(0)
network = torch.nn.Sequential()
for number, (inputs, outputs) in enumerate(pairwise(sizes)):
    network.append(torch.nn.Linear(inputs, outputs))
    if number < len(sizes) - 2:
        network.append(torch.nn.ReLU())
inputs, targets = torch.from_numpy(X).float(), torch.from_numpy(labels)
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
for _ in range(40):
    for chosen in torch.randperm(len(inputs)).split(32):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs[chosen]), targets[chosen]).backward()
        optimizer.step()
with torch.no_grad():
    share = (network(torch.from_numpy(X_test).float()).argmax(dim=1).numpy() == labels_test).mean()
print(f"the network reads {share:.3f} of the test digits")

# %%
with until_written(stage_outputs, nearest_neighbour_predict):
    layers = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        stages = stage_outputs(
            torch.from_numpy(X_test).float(), [layer.weight.T for layer in layers], [layer.bias for layer in layers]
        )
    rng, measured = np.random.default_rng(0), []
    examples = [[rng.choice(np.flatnonzero(labels_test == digit)) for digit in range(10)] for _ in range(20)]
    figure, axes = panels(len(stages), width=2.0, height=2.3)
    for number, (ax, stage) in enumerate(zip(axes, stages, strict=True)):
        points = stage.double().numpy()
        scores = []
        for chosen in examples:
            rest = np.setdiff1d(np.arange(len(points)), chosen)
            said = nearest_neighbour_predict(points[chosen], labels_test[chosen], points[rest])
            scores.append(np.mean(said == labels_test[rest]))
        measured.append(np.mean(scores))
        centred = points - points.mean(axis=0)
        directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
        for digit in range(10):  # each drawn as itself, so that colour doesn't speak alone
            place = (centred @ directions.T)[labels_test == digit]
            ax.scatter(*place.T, color=f"C{digit}", marker=f"${digit}$", s=14, linewidths=0.2)
        ax.set(xticks=(), yticks=(), title="pixels" if number == 0 else "answers" if number == 4 else f"stage {number}")
        ax.set_xlabel(f"{measured[-1]:.2f} right")
    show(
        figure,
        alt=(
            "The held-out digits at each stage of the network in two dimensions, coloured by label, and below "
            "each the share that one example a class reads rightly."
        ),
    )

# %% [markdown] covers="01.16 E01-dead-links"
# It rises from 0.66 for the pixels to 0.86 in the hidden stages and no further; the answers are no better than the
# stage before, for they keep only what the labels asked for. (Other first weights change the second digit.) You can't
# see this in the pictures: two directions out of 10 to 64 show a part of each stage. And remember the split. For digits
# of strangers, after training on the first 1200 of the file, the number rises from 0.67 only to 0.75 or so, and at the
# answers a part of that is lost again. Nor is the network a better reader: it has 0.966 of the test digits right, where
# your neighbours, with all 1200 examples, had 0.988. Where examples are many and the pictures lie still, comparing is
# hard to beat. What the network has learned shows in how little it takes afterwards: one example of each digit. That a
# representation is *learned* is the strength of networks. Where the inputs are raw, as in images, sound and language,
# it decides. Where a person has already chosen good features, as in many tables of numbers, networks are only on a par
# with other methods. Whether a stage is also more *understandable* is another matter; lecture 10 shows how easily one
# is deceived.
#
# If you like to read along: Ian Goodfellow, Yoshua Bengio and Aaron Courville, *Deep Learning* (2016); Christopher
# Bishop and Hugh Bishop, *Deep Learning: Foundations and Concepts* (2024); Simon Prince, *Understanding Deep
# Learning* (2023); the notes of Stanford's course CS231n; and the tutorials of PyTorch. Nothing in this course needs
# them, nor the internet.

# %% [markdown]
# ## What to remember
#
# A learning algorithm turns data into a program. Supervised learning imitates given outputs, unsupervised learning
# looks for structure, reinforcement learning has only a reward, and self-supervised learning makes labels from the
# data. A test set must be drawn like the cases that will come. Know the shape, the dtype and the device of every
# array. A neuron is a weighted sum with a bias and a nonlinearity; in the plane it is a line, and it can learn that
# line from its mistakes. A deep network computes representations in stages, and how good one is can be measured. And
# before you hand in: restart, and run all cells.
