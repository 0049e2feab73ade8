# ---
# jupyter:
#   course:
#     title: Convolutional networks
#     minutes: 170
#     promise: What a layer may assume about images, the gradients of convolution and pooling, and a digit reader that bears shifts
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
# # Convolutional networks: locality, shared weights, translation
#
# The MLP of lecture 04 reads 96 of 100 digits. Move them by up to two pixels, and it reads 20. Nothing in a dense
# layer knows that pixels have neighbours, or that a stroke is the same stroke wherever it lies. This lecture builds a
# layer that knows both, and asks what this knowledge is worth, what it costs, and when it is wrong.
#
# Afterwards you can say what a convolution layer assumes and how many weights that saves; tell convolution from
# cross-correlation; compute sizes under stride, padding and dilation; write the forward and the backward pass of a
# convolution and of max-pooling; say what a unit sees; tell equivariance from invariance, show where each is lost,
# and build a digit reader that is not confused by a shift. It takes about 170 minutes, 110 of them for eight
# exercises and two questions. A good place for a break is before *Back through a convolution*.

# %% setup=true
import numpy as np
import torch
from torch import nn

from course import check, data
from course.demos import convolutional_networks as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written
from course.image_networks import convolutional, dense, fit, share_right

torch.set_num_threads(1)  # the fastest way for tiny nets

# %% [markdown] covers="09.01 09.02 09.03"
# ## Why not simply a bigger MLP?
#
# To see is to ignore nearly everything: the same cat comes in other poses, in another light, bent, half hidden behind
# a chair, and no two cats look alike. A dense layer would have to learn each of these variations for each place in
# the picture. And it is large. A colour photograph of 200 by 200 pixels has $200 \cdot 200 \cdot 3 = 120000$ numbers,
# so *one* hidden unit has 120000 weights, and a thousand of them 120 million.
#
# Worse, it starts from a picture torn apart. To feed an image to a dense layer, we write its rows one after another,
# and an image becomes a list. Here it is done with two small ones:
#
# $$\begin{pmatrix} 2 & 0 & 0 \\ 0 & 1 & 0 \\ 3 & 0 & 0\end{pmatrix} \;\to\; (2, 0, 0, 0, 1, 0, 3, 0, 0), \qquad
#   \begin{pmatrix} 12 & 0 & 129 \\ 212 & 182 & 247 \\ 38 & 255 & 81\end{pmatrix} \;\to\;
#   (12, 0, 129, 212, 182, 247, 38, 255, 81) .$$
#
# The first, the fourth and the seventh number of a list are a column of its image, each the neighbour of the next,
# and nothing in the list says so. Does the network care? Take all digits and shuffle their 64 pixels, all by the same
# permutation. To you they become noise. Which of two networks will mind, an MLP or one made of the layers of this
# lecture, a **convolutional network**, and will it be more or less of a matter when there are many training images?
# Decide before you run the cell; it trains 64 small networks, which takes some ten seconds.

# %%
X, labels, X_test, labels_test = data.digits()
shuffle = np.random.default_rng(0).permutation(64)
sizes = (25, 100, 400, 1200)


def as_images(X, places=None):
    X = X if places is None else X[:, places]
    return torch.from_numpy(X.reshape(-1, 1, 8, 8)).float()


labels, labels_test = torch.from_numpy(labels), torch.from_numpy(labels_test)
errors = {}
for name, make in (("CNN", convolutional), ("MLP", dense)):
    for order in (None, shuffle):
        train_images, test_images = as_images(X, order), as_images(X_test, order)
        runs = [
            [
                share_right(
                    fit(make(8, seed), train_images[:n], labels[:n], steps=200, seed=seed), test_images, labels_test
                )
                for n in sizes
            ]
            for seed in range(4)
        ]
        errors[name if order is None else f"{name}, shuffled"] = 1 - np.mean(runs, axis=0)

figure, ax = panels(width=5.2, height=2.9)
ax.set(
    xscale="log", yscale="log", xlabel="training images", ylabel="share of errors", xlim=(22, 1300), ylim=(0.02, 0.45)
)
ax.set_xticks(sizes, [str(n) for n in sizes])
ax.set_yticks((0.02, 0.05, 0.1, 0.2, 0.4), ("0.02", "0.05", "0.1", "0.2", "0.4"))
ax.minorticks_off()
for name, colour in (("CNN", BLUE), ("CNN, shuffled", ORANGE), ("MLP", PURPLE), ("MLP, shuffled", GREY)):
    ax.plot(sizes, errors[name], color=colour, ls=DASH[colour], marker=MARKER[colour], label=name)
ax.legend(frameon=False, fontsize=8)
show(
    figure,
    alt="Test errors against the number of training images, for two kinds of network on whole and on shuffled digits.",
)
for name, values in errors.items():
    print(f"{name:14s}", "  ".join(f"{value:.3f}" for value in values))

# %% [markdown]
# The MLP learns as well from noise as from digits. It must: permute the columns of its first weight matrix as the
# pixels were permuted, and it computes the same function, so every network that was possible before still is, and
# equally likely at the start. (The small differences between its two curves are the luck of other starting weights.)
# The convolutional network makes the fewest errors on digits, clearly so with 400 and with 1200 images; on shuffled
# ones its lead is gone, and up to 400 images it does worse than the MLP. So its advantage is no greater power. It is
# an assumption, right for images and wrong for shuffled ones: **what belongs together lies together, and what is
# useful here is useful there.** If your data are a table of ages and incomes, whose columns could be in any order,
# use dense layers. Match the architecture to the structure of the input.

# %% [markdown] covers="09.04 09.05 09.11 E09-support-and E09-kernel-prob"
# ## Convolution, and what libraries call convolution
#
# Begin with one dimension and an old idea: smooth a noisy measurement by replacing each value by the mean of itself
# and its neighbour. From 1, 2, 3, 4, 5, 6 we get $\frac32, \frac52, \frac72, \frac92, \frac{11}2$. At the ends it is
# unclear what to do. If we imagine zeros outside, two more values come out, $\frac12$ before the others and 3 behind
# them.
#
# Write it as a formula. A **signal** $a$ is a number $a_t$ for every integer $t$, and only finitely many of them are
# not zero: it has *finite support*. (It is enough that $\sum_t |a_t|$ is finite. For images, numbers $x_{ij}$, finite
# support means that $x_{ij} = 0$ as soon as $|i|$ *or* $|j|$ exceeds some $M$. With "and" in place of "or" an
# infinite cross would pass.) A **kernel** is a short signal that we use as weights. The **convolution** of two
# signals is
#
# $$(a * b)_t = \sum_\tau a_\tau\, b_{t - \tau} .$$
#
# With $a_0 = a_1 = \frac12$ it is $\frac12 b_t + \frac12 b_{t-1}$, the moving average, and with
# $a_0 = \dots = a_{M-1} = 1/M$ one of width $M$. These weights are not negative and sum to 1. Other kernels needn't
# be like that: $(1, -1)$ takes the difference of neighbours, is zero wherever the signal is constant, and finds
# edges. What a network learns has any sign and any sum.

# %%
y = np.arange(1, 7)
print("moving average, zeros outside: ", np.convolve(y, (0.5, 0.5)))
print("where both values are inside:  ", np.convolve(y, (0.5, 0.5), mode="valid"))
print("difference of neighbours:      ", np.convolve(y, (1, -1), mode="valid"))

# %% [markdown] covers="09.12 09.25 E09-toeplitz-ocr"
# Every output is a weighted sum of inputs, so the whole thing is a matrix. Six values in and five out:
#
# $$F = \begin{pmatrix} \frac12 & \frac12 & & & & \\ & \frac12 & \frac12 & & & \\ & & \frac12 & \frac12 & & \\
#   & & & \frac12 & \frac12 & \\ & & & & \frac12 & \frac12 \end{pmatrix}, \qquad
#   F' = \begin{pmatrix} \frac12 & \frac12 & & & & \\ & & \frac12 & \frac12 & & \\ & & & & \frac12 & \frac12 \end{pmatrix} .$$
#
# Each row of $F$ is the one above, moved by one: a *banded* matrix with constant diagonals, which is called
# *Toeplitz*. In $F'$ the window moves by two at a time, a **stride** of 2; of the five outputs
# $\frac32, \frac72, \frac{11}2$ remain. So a convolution layer *is* a dense layer, $z = Wx + b$, with two
# restrictions: most weights are zero, and the others are the same numbers in each row. The same holds for images,
# once they are unrolled, for many channels, and for every stride. The restrictions are what makes it good, and here
# is what each of them saves.


# %%
from matplotlib.patches import Rectangle


def box(corner, width, height, color, face="none", lw=1.2):
    return Rectangle(corner, width, height, edgecolor=color, facecolor=face, linewidth=lw)


figure, axes = panels(3, width=2.3, height=2.1)
for ax, name in zip(axes, ("dense", "locally connected", "convolution"), strict=True):
    for out in range(5):
        for source in range(7) if name == "dense" else range(out, out + 3):
            if name == "convolution":
                colour = (BLUE, ORANGE, GREEN)[source - out]
                dash = DASH[colour]
            else:
                colour, dash = GREY, "-"
            ax.plot((source, out + 1), (0, 1), color=colour, ls=dash, lw=1.3)
    ax.plot(range(7), [0] * 7, "o", color=INK, ms=6)
    ax.plot(range(1, 6), [1] * 5, "o", color=BLUE, ms=6)
    count = {"dense": 35, "locally connected": 15, "convolution": 3}[name]
    ax.set_title(f"{name}: {count} weights")
    ax.set(xlim=(-0.4, 6.4), ylim=(-0.2, 1.2))
    ax.axis("off")
show(
    figure,
    alt="Five units over seven inputs: all connections, three a unit with own weights, three a unit with the same weights.",
)

# %% [markdown] covers="09.19"
# *Local* connections save the factor 7/3 here, and for a photograph far more; *sharing* the weights makes their
# number independent of the size of the image. In the right panel equal colours are equal weights.

# %% [markdown] covers="09.06 09.08 09.09 09.10"
# For images there are two indices in place of one, and one sum for each:
#
# $$(A * B)_{ij} = \sum_u \sum_v A_{uv}\, B_{i-u,\,j-v} .$$
#
# In words: put a copy of $B$ at each place $(u, v)$ of $A$, multiply it by $A_{uv}$, and add all copies up. From
# this, three facts. It is *linear* in each of its arguments. It is *commutative*, $A * B = B * A$: with $u' = i - u$
# and $v' = j - v$ the sum is the same one, written from the other end. And it is *associative*, so blurring twice is
# the same as blurring once with the blurred kernel.
#
# There is a second way to read the sum. Fix $(i, j)$ and let $A$ be the image. The numbers of $B$ are met in reverse
# order: as $u$ grows, $i - u$ falls. So *flip* $B$ along both axes, lay it over the image, multiply what lies on top
# of each other, and add up: **flip and filter**. For
# $A = \begin{pmatrix} 1 & 3 & 1 \\ 0 & -1 & 1 \\ 2 & 2 & -1 \end{pmatrix}$ and
# $B = \begin{pmatrix} 1 & 2 \\ 0 & -1 \end{pmatrix}$ the flipped kernel is
# $\begin{pmatrix} -1 & 0 \\ 2 & 1 \end{pmatrix}$. It starts over the upper left corner, where only its last number,
# 1, lies on the image: $1 \cdot 1 = 1$. One step to the right it is $2 \cdot 1 + 1 \cdot 3 = 5$. There are as many
# places as the two overlap at all, so the result is larger than both.

# %% [markdown]
# ### Exercise: convolve_full (2 points, 10 minutes)
# `a` is (H1, W1) and `b` is (H2, W2). Return the full convolution, (H1 + H2 − 1, W1 + W2 − 1), in which cells outside
# the arrays count as zero. Write it with loops, sums of shifted copies, windows, or the Fourier transform, as you
# like; one of the arrays may hold whole numbers and the other not.

# %% exercise="convolve_full"

# %% [markdown]
# Here is the example, an output at a time: the orange frame is the flipped kernel, and what it gets from the image,
# with zeros around it, is your number above.

# %%
with until_written(convolve_full):
    a, b = np.array([[1, 3, 1], [0, -1, 1], [2, 2, -1]]), np.array([[1, 2], [0, -1]])
    out, flipped = convolve_full(a, b), b[::-1, ::-1]
    around = np.pad(a, 1)
    figure, axes = panels(4, 4, width=1.75, height=1.75)
    for (i, j), ax in np.ndenumerate(axes):
        ax.set_title(f"out[{i}, {j}] = {out[i, j]:g}", fontsize=8.5)
        for (row, column), value in np.ndenumerate(around):
            inside = 1 <= row <= 3 and 1 <= column <= 3
            ax.text(column - 0.1, row - 0.1, value, ha="center", va="center", color=INK if inside else GREY, fontsize=9)
        ax.add_patch(box((j - 0.5, i - 0.5), 2, 2, color=ORANGE))
        for (row, column), value in np.ndenumerate(flipped):
            ax.text(
                j + column + 0.3,
                i + row + 0.3,
                value,
                ha="center",
                va="center",
                color=ORANGE,
                fontsize=7,
                weight="bold",
            )
        ax.set(xlim=(-0.6, 4.6), ylim=(4.6, -0.6), aspect="equal")
        ax.axis("off")
    show(
        figure,
        alt="Sixteen places of a flipped 2 by 2 kernel on a 3 by 3 image with zeros around it, and the output at each.",
    )
    print("swapped, the result is the same:", np.array_equal(out, convolve_full(b, a)))

# %% [markdown] covers="09.07 09.13 E09-xcorr E09-index-base E09-2d-sum-typo"
# Now leave out the flip. What remains is **cross-correlation**,
#
# $$z_t = \sum_\tau x_{t+\tau}\, w_\tau, \qquad z_{ij} = \sum_u \sum_v x_{i+u,\,j+v}\, w_{uv} ,$$
#
# the window of the image at $(i, j)$ times the kernel as it is. (All indices count from 0, as in the programs;
# whoever counts from 1 must subtract 1 once.) For the image
# $\begin{pmatrix} 1 & 2 & 1 \\ 3 & 4 & 0 \\ 2 & 6 & 1 \end{pmatrix}$ and the kernel
# $\begin{pmatrix} -1 & 2 \\ 1 & 0 \end{pmatrix}$ the first output is $-1 + 4 + 3 + 0 = 6$. This is what PyTorch and
# all other libraries compute under the name of convolution. It is linear, too, but it is not commutative: swap signal
# and kernel, and the result comes out mirrored.

# %%
image, kernel = np.array([[1, 2, 1], [3, 4, 0], [2, 6, 1]]), np.array([[-1, 2], [1, 0]])
layer = nn.functional.conv2d(torch.tensor(image)[None, None], torch.tensor(kernel)[None, None])
print("torch's conv2d:", layer[0, 0].tolist())
print(
    "(1, 2) against (3, 5, 7):",
    np.correlate((3, 5, 7), (1, 2), "full"),
    "and swapped:",
    np.correlate((1, 2), (3, 5, 7), "full"),
)

# %% [markdown]
# For a layer it makes no difference, since its kernels are learned: what one learns, the other learns flipped. It
# does make one for kernels that you type in, and for every theorem that says *convolution*. We keep two names in
# formulas, and call layers what the world calls them. In layers nothing is flipped.

# %% [markdown] covers="09.14 09.22 09.23 09.24 E09-floor E09-same-padding-example E09-stride2-result"
# ## Stride, padding, dilation, channels
#
# A layer has a few numbers that nobody learns. How large are its kernels, and how many are there? By how many pixels
# does the window move, the **stride** $s$? How many zeros are put on each side of the image, the **padding** $p$? And
# how far are the pixels apart that neighbouring weights look at, the **dilation** $d$? Together they decide how large
# the output is. Let a side of the image have $n$ pixels and the kernel $k$ taps. Its first and last tap are $d(k-1)$
# pixels apart, so it covers $d(k-1) + 1$ pixels. On the padded side, of $n + 2p$ pixels, it can move by
# $n + 2p - d(k-1) - 1$ and stops at every $s$-th place:
#
# $$\hat n = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1 .$$
#
# With $d = 1$ that is $\lfloor (n - k + 2p)/s \rfloor + 1$. The brackets round down, and they are not decoration: for
# $n = 7$, $k = 2$, $s = 2$ there is room for three windows, not for three and a half; the last pixel is never looked
# at. Width and height each have their own such number, and the number of channels that come out is the number of
# kernels.
#
# To keep the size with stride 1, let $2p = k - 1$: "same" padding is $p = (k-1)/2$, which needs an odd $k$. A
# $4 \times 4$ image with a $2 \times 2$ kernel gives $3 \times 3$ without padding, and with $p = 1$ it gives
# $5 \times 5$: no padding that is equal on both sides makes it 4. With stride 2 and the kernel
# $\begin{pmatrix} -1 & 4 \\ 1 & 5 \end{pmatrix}$ four windows fit:
#
# $$\left(\begin{array}{rr|rr} 1 & 2 & 3 & 2 \\ 4 & 0 & -1 & 3 \\ \hline 0 & 1 & 2 & 1 \\ 6 & 2 & -1 & 4 \end{array}\right) \;\to\;
#   \begin{pmatrix} 11 & 19 \\ 20 & 21 \end{pmatrix}, \qquad \text{the first from } -1 + 8 + 4 + 0 = 11 .$$

# %% [markdown]
# ### Exercise: conv_output_size (1 point, 6 minutes)
# Return the number of window positions along a side of `n` cells, as an int, for a kernel of `kernel` taps and the
# given `stride`, `padding` on both ends, and `dilation`. If the dilated kernel is longer than the padded side, raise
# a `ValueError`.

# %% exercise="conv_output_size"

# %% [markdown]
# Below, every window that fits is drawn under a strip of cells, and your number is compared with their count. Before
# you go through the presets: with ten cells, three taps and stride 2, is there a padding at which every cell is
# looked at? And at which strides can a cell in the *middle* be missed?

# %%
demos.sliding_window(conv_output_size)

# %% [markdown] covers="09.18 09.20 09.21 E09-depthwise E09-bias-shape"
# Without dilation, cells are missed in the middle when the stride is larger than the window. A dilated window has
# gaps inside, and long as it is it can miss some, too: with a stride of 2 and a dilation of 2, as in the preset
# *dilated, stride 2*, all taps of all windows fall on every second cell. (With a padding of 1 the right end is
# reached.)
#
# A grey image is one matrix, a colour image three, for red, green and blue: a tensor $x_{cij}$ with a **channel**
# index $c$. Inside a network there are more of them, one for each feature, and they are also called **feature maps**.
# A layer with $C$ channels in and $F$ out has $F$ kernels, and each of them looks at all channels at once:
#
# $$z_{fij} = \sum_{c=1}^{C} \sum_{u,v} x_{c,\,i+u,\,j+v}\; w_{fcuv} + b_f, \qquad h_{fij} = \operatorname{relu}(z_{fij}) .$$
#
# Mark what is *not* in the formula. The channels are summed over: from 3 channels and 4 kernels come 4 maps, not 12.
# (With 12 and no sum it is called *depthwise*.) And $b_f$ has no $i$ and $j$: one bias for each kernel, for the same
# reason for which the weights are shared.

# %%
figure, ax = panels(width=5.6, height=2.6)


def draw_stack(x, y, count, side, colour, gap=0.16):
    for k in reversed(range(count)):
        corner = (x + gap * k, y + gap * k)
        ax.add_patch(box(corner, side, side, color=colour, face="white"))


draw_stack(0, 0, 3, 2.4, INK)
ax.add_patch(box((0.5, 0.9), 0.8, 0.8, color=ORANGE, lw=2))
for y, colour in ((2.7, BLUE), (1.7, PURPLE), (0.7, GREEN), (-0.3, GREY)):
    draw_stack(4.2, y, 3, 0.6, colour, 0.1)
    ax.annotate("", (4.1, y + 0.4), (1.4, 1.3), arrowprops={"arrowstyle": "->", "color": ORANGE, "lw": 1.2})
    ax.annotate("", (7.3, y + 0.4), (5.2, y + 0.4), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.2})
    ax.add_patch(box((7.4, y), 0.8, 0.8, color=colour, face="white"))
for x, text in ((1.4, "3 channels in"), (4.7, "4 kernels, each\nfor all 3 channels"), (7.8, "4 maps out")):
    ax.text(x, -0.5, text, ha="center", va="top", fontsize=9)
ax.set(xlim=(-0.3, 9.5), ylim=(-1.4, 3.7), aspect="equal")
ax.axis("off")
show(
    figure,
    alt="A window through all channels of the input meets each kernel in turn, and every kernel fills one map of the output.",
)

# %% [markdown] covers="09.34 09.35 09.36 E09-size-table-ocr E09-same-size-table"
# What does such a layer cost? There are three measures. **Units** are the numbers that come out; they need memory,
# also for the way back. **Weights** are the numbers that are learned; they need memory, too, and are what a network
# can adapt. **Connections** are the products that a forward pass forms, and with them goes the time: about three
# multiply-adds each, one forward, one for the gradient of the input and one for that of the weights. With $C$
# channels of $W \times H$ pixels in, $F$ channels of $\hat W \times \hat H$ out and kernels of $K \times K$:
#
# | without biases | units | weights | connections |
# |---|---|---|---|
# | dense | $\hat W \hat H F$ | $W H \hat W \hat H C F$ | $W H \hat W \hat H C F$ |
# | convolution | $\hat W \hat H F$ | $K^2 C F$ | $\hat W \hat H K^2 C F$ |
#
# A bias adds $\hat W \hat H F$ weights to the dense layer and only $F$ to the convolution; to both it adds
# $\hat W \hat H F$ connections, one for each unit. Where the output is as large as the input, put $\hat W = W$ and
# $\hat H = H$. By hand: $6 \times 6$ pixels with 2 channels become $4 \times 4$ with 4. Dense that takes
# $72 \cdot 64 = 4608$ weights, and as many connections. With $3 \times 3$ kernels each of the 64 units looks at 18
# numbers only, so locality leaves $64 \cdot 18 = 1152$ connections. Sharing makes them from $9 \cdot 2 \cdot 4 = 72$
# weights, each of which is *used* 16 times, once at each place.

# %% [markdown]
# ### Exercise: conv_layer_cost (2 points, 8 minutes)
# Return a dict with `"units"`, `"weights"` and `"connections"` of a convolution layer with square kernels, for one
# image of `height` by `width` pixels. With `bias=True` each output channel has a bias, which counts as one weight,
# and as one connection of each of its units. Products with padded zeros count like others.

# %% exercise="conv_layer_cost"

# %% [markdown] covers="09.37 09.42 E09-rule-of-thumb"
# Where is the cost in a whole network? Here is AlexNet, with which Alex Krizhevsky, Ilya Sutskever and Geoffrey
# Hinton won the ImageNet competition of 2012 by a wide margin: five convolutions and three dense layers. (The
# original split some of its layers over two GPUs; this is the undivided version.) Which kind of layer has most of the
# units, the weights, the connections?

# %%
with until_written(conv_layer_cost):
    convolutions = [
        conv_layer_cost(227, 227, 3, 96, 11, 4),
        conv_layer_cost(27, 27, 96, 256, 5, 1, 2),
        conv_layer_cost(13, 13, 256, 384, 3, 1, 1),
        conv_layer_cost(13, 13, 384, 384, 3, 1, 1),
        conv_layer_cost(13, 13, 384, 256, 3, 1, 1),
    ]
    densely = [
        {"units": n_out, "weights": (n_in + 1) * n_out, "connections": (n_in + 1) * n_out}
        for n_in, n_out in ((6 * 6 * 256, 4096), (4096, 4096), (4096, 1000))
    ]
    names = [f"conv {k}" for k in range(1, 6)] + [f"dense {k}" for k in range(1, 4)]
    figure, axes = panels(3, width=2.5, height=2.5, sharey=True)
    for ax, measure in zip(axes, ("units", "weights", "connections"), strict=True):
        counts = [layer[measure] for layer in (*convolutions, *densely)]
        ax.barh(names, counts, color=[BLUE] * 5 + [PURPLE] * 3, hatch=None)
        ax.invert_yaxis()
        ax.set_title(f"{measure}: {sum(counts):.3g}")
        ax.set(xticks=(0, max(counts)), xticklabels=("0", f"{max(counts):.2g}"))
        print(f"{measure}: {sum(counts[:5]) / sum(counts):.0%} in convolutions")
    show(figure, alt="Units, weights and connections of the eight layers of AlexNet, a bar each.")

# %% [markdown]
# Units and connections sit in the convolutions, weights in the dense layers, above all in the first one, for which
# all maps were flattened. That was the rule of its time. Networks since then end in one number for each map instead
# (you will build one), have hardly any dense weights, and it no longer holds for them. Nor does the number of weights
# alone decide whether a network overfits, as lecture 08 has shown.

# %% [markdown]
# ### Exercise: conv2d_forward (3 points, 12 minutes)
# `x` is (N, C, H, W), `w` (F, C, kh, kw) and `b` (F,). Return the layer's output, (N, F, Ho, Wo), in the dtype of
# `x`: the cross-correlation of `x`, with `padding` zeros on all four sides, with every kernel, plus its bias, at
# every `stride`-th place in both directions. Kernels need not be square. Loops over positions are fine; so are
# windows and one `einsum`.

# %% exercise="conv2d_forward"

# %% [markdown] covers="09.26"
# Now paint. Your function computes the response of a kernel on the right, at each place of the picture. Blue is
# negative and red positive; where nothing is negative, you see grey levels. Before you look: where on the pagoda will
# the kernel for vertical edges be red, where blue? And what will its response look like once *each row is averaged*,
# on the digit, without and with a ReLU before?

# %%
demos.kernel_painter(conv2d_forward)

# %% [markdown]
# A kernel is a small template: its response is the dot product of a window with it, so it is largest where the
# picture looks like the kernel. The one for vertical edges is red where it gets brighter to the right, and blue where
# it gets darker. On the digit the left edge of each stroke is followed by its right edge, and without a ReLU the
# average of a row is exactly 0: the two cancel, and all that is known after averaging is that nothing is known. The
# ReLU keeps one kind of edge. That is one reason why a nonlinearity follows each convolution. The other one is that
# of lecture 03: two linear layers are no more than one, here since convolution is associative. (The bright pixel
# shows the flip: a dot makes the layer print its kernel upside down, and with *flip* as it is.)

# %% [markdown]
# ### Question: two small kernels (5 points, 8 minutes)
# Your colleague replaces the $5 \times 5$ convolution of a network by two $3 \times 3$ ones, one after the other.
# Compare receptive field (which part of the input an output depends on), weights, connections and nonlinearities for
# $C$ channels in and out, and name one reason for and one against the change.

# %% [markdown] written="two_small_kernels" points=5
# ### BEGIN MARK SCHEME
# - 1 point: an output depends on 5 x 5 pixels in both cases.
# - 2 points: 25 C^2 against 18 C^2 weights (without biases), and connections likewise for each output unit at full resolution: 25 C^2
#   against 18 C^2 for each place.
# - 1 point: one more nonlinearity (a reason for it, as are the fewer weights).
# - 1 point: a reason against: more activations to keep for the way back, or two steps that can't be done at the same time. (Also: not every
#   5 x 5 kernel can be written as such a pair.)
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# An output of the second $3 \times 3$ layer depends on $3 \times 3$ units of the first, and these together on
# $5 \times 5$ pixels: the same region as before. A $5 \times 5$ layer has $25 C^2$ weights and the two small ones
# have $2 \cdot 9 C^2 = 18 C^2$, 28 % fewer. With padding, so that sizes stay, each place takes $25 C^2$ connections
# against $18 C^2$. And there is a nonlinearity between the two, so their composition is no longer a linear filter and
# can say more.
#
# For the change: fewer weights and products, one nonlinearity more. Against it: the maps in between must be computed,
# and kept for the backward pass, and the second layer has to wait for the first.
# ### END SOLUTION

# %% [markdown]
# ## Back through a convolution
#
# The layer is a dense layer with many equal weights, so its gradient holds no surprise: it is that of lecture 04,
# with the rule that a weight that is used often adds up what it gets from each use. Let us still find it by looking,
# in one dimension. Let $x$ have five pixels, $w$ three taps, stride 1, and let $\bar z$ be the gradient of the cost
# with respect to the three outputs
#
# $$z_0 = x_0 w_0 + x_1 w_1 + x_2 w_2, \qquad z_1 = x_1 w_0 + x_2 w_1 + x_3 w_2, \qquad z_2 = x_2 w_0 + x_3 w_1 + x_4 w_2 .$$
#
# Each output is a dot product of a window and the kernel. So what comes back to it, $\bar z_t$, goes to its kernel,
# multiplied by the window, and to its window, multiplied by the kernel. Collect by receiver:
#
# $$\bar w_u = \sum_t \bar z_t\, x_{t+u}, \qquad \bar x_i = \sum_u \bar z_{i-u}\, w_u, \qquad \bar b = \sum_t \bar z_t .$$
#
# For instance $x_2$ was used three times, and $\bar x_2 = \bar z_0 w_2 + \bar z_1 w_1 + \bar z_2 w_0$. Look at the
# indices: $\bar w$ is a cross-correlation, of $x$ with $\bar z$, and $\bar x = \bar z * w$ is a true convolution, the
# full one. Here the flip returns: a layer without it has a backward pass with it, and the other way round. With a
# number: $w = (1, 2, 3)$ and $\bar z = (1, 0, 0)$ give $\bar x = (1, 2, 3, 0, 0)$, the kernel itself, at its window;
# with $\bar z = (0, 1, 0)$ it is moved by one; and if both arrive, the sum of both.
#
# With strides, channels and a batch the formulas grow indices, but the program stays that sentence, with $\bar z$
# under the name `dout`: at each position the window gets `dout` times the kernel *added*, and the kernel gets `dout`
# times the window added. The sum for $\bar b_f$ runs over all images and places. Padding is undone at the end: the
# gradient of the zeros is thrown away.
#
# A pixel gets a share of gradient from each window that covers it. Before you run the cell: how many windows of
# $3 \times 3$ is that in the middle of an image and in its corners, with stride 1? And is it the same number for
# neighbouring pixels when the stride is 2?

# %%
figure, axes = panels(4, width=1.9, height=2)
for ax, (k, stride) in zip(axes, ((3, 1), (3, 2), (2, 2), (2, 3)), strict=True):
    count = np.zeros((9, 9))
    for i in range(0, 9 - k + 1, stride):
        for j in range(0, 9 - k + 1, stride):
            count[i : i + k, j : j + k] += 1
    ax.imshow(count, vmin=0, vmax=9)
    for (row, column), value in np.ndenumerate(count):
        ax.text(
            column, row, f"{value:.0f}", ha="center", va="center", fontsize=6, color="black" if value > 5 else "white"
        )
    ax.set(title=f"k = {k}, s = {stride}", xticks=(), yticks=())
show(figure, alt="How many windows cover each pixel of a 9 by 9 image, for four kernels and strides.")

# %% [markdown]
# So many windows cover each pixel, and from as many it gets a share of gradient. Nine in the middle and one in the
# corners at stride 1; a chessboard pattern when the stride doesn't divide the kernel; exactly one when windows lie
# side by side, except at a border that they don't reach; and none between windows that leave gaps. A pixel with a 0
# has gradient 0.

# %% [markdown]
# ### Exercise: conv2d_backward (4 points, 20 minutes)
# `dout` (N, F, Ho, Wo) is the gradient of a loss with respect to the output of `conv2d_forward`, for the same `x`,
# `w`, `stride` and `padding`. Return its gradients with respect to `x`, `w` and `b`, in their shapes. The averaging
# over the batch, if there is any, is already in `dout`.

# %% exercise="conv2d_backward"

# %% [markdown]
# Trust, but measure: a gradient is a slope. Each number of yours against a central difference of a loss, for a
# setting with everything in it.

# %%
with until_written(conv2d_forward, conv2d_backward):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 2, 6, 5)), rng.normal(size=(3, 2, 3, 2)), rng.normal(size=3)
    dout = rng.normal(size=conv2d_forward(x, w, b, 2, 1).shape)

    def slopes(array, eps=1e-6):
        found = []
        for step in eps * np.eye(array.size).reshape(-1, *array.shape):  # one number at a time
            array += step
            above = np.sum(dout * conv2d_forward(x, w, b, 2, 1))
            array -= 2 * step
            below = np.sum(dout * conv2d_forward(x, w, b, 2, 1))
            array += step
            found.append((above - below) / (2 * eps))
        return np.reshape(found, array.shape)

    for name, yours, array in zip(("dx", "dw", "db"), conv2d_backward(dout, x, w, 2, 1), (x, w, b), strict=True):
        print(f"{name}: largest deviation from the slopes {np.abs(yours - slopes(array)).max():.1e}")

# %% [markdown] covers="09.27 09.28 09.29 09.30 09.31 09.32"
# ## Pooling, and what a unit sees
#
# Where exactly an edge lies is often of no interest, that it is there is enough. A **pooling** layer puts
# neighbouring units into groups and passes one number on for each, with no weights: the largest (**max-pooling**, the
# most common kind), the mean, rarely the smallest,
#
# $$y_g = \max_{i \in \text{group } g} z_i .$$
#
# The groups may be of any sizes: from $(2, 4, 3 \mid 7, 6 \mid 4, 1 \mid 0, 2, 9)$ comes $(4, 7, 4, 9)$. For images
# they are windows, mostly of $2 \times 2$ pixels with stride 2, and the size is that of a convolution without
# padding, $\lfloor (n - k)/s \rfloor + 1$. Each channel is pooled by itself, so their number stays. **Global**
# pooling takes the whole map as one group and leaves one number for each channel.

# %%
image = np.array([[1, 2, 3, 1], [1, 5, 2, 7], [10, 1, 2, 4], [8, 9, 1, 8]])
pooled = image.reshape(2, 2, 2, 2).max(axis=(1, 3))
figure, axes = panels(2, width=2, height=2)
for ax, values, size in zip(axes, (image, pooled), (1, 2), strict=True):
    for (row, column), value in np.ndenumerate(values):
        colour = (BLUE, PURPLE, ORANGE, GREEN)[2 * (row * size // 2) + column * size // 2]
        corner = (column * size, row * size)
        is_winner = size == 2 or value == pooled[row // 2, column // 2]
        ax.add_patch(box(corner, size, size, color=colour, face=colour if is_winner else "white"))
        ax.text(
            corner[0] + size / 2,
            corner[1] + size / 2,
            value,
            ha="center",
            va="center",
            color="white" if is_winner else INK,
        )
    ax.set(xlim=(-0.1, 4.1), ylim=(4.1, -0.1), aspect="equal")
    ax.axis("off")
show(figure, alt="Of each block of four numbers the largest is kept: 5, 7, 10 and 8.")

# %% [markdown]
# And back? Move a pixel that isn't the largest of its window by a little: the output stays. Move the winner by
# $\epsilon$: the output moves by $\epsilon$. So the derivative is 1 for the winner and 0 for all others, and what
# comes back goes to the winner alone. If there are several of equal size (and after a ReLU there are many zeros), the
# function has a kink and no derivative. One has to choose, and nearly every library gives all to the first one, row
# by row.

# %% [markdown]
# ### Exercise: maxpool2d_backward (3 points, 12 minutes)
# `x` (N, C, H, W) was max-pooled with windows of `size` by `size` pixels and the given `stride`, without padding, and
# `dout` (N, C, Ho, Wo) is what comes back to the outputs. Return the gradient with respect to `x`. Where a window has
# several maxima, its gradient goes to the first one in row-major order. Windows may overlap, and then a pixel may win
# more than once.

# %% exercise="maxpool2d_backward"

# %% [markdown]
# What does a unit deep in a network see of the image? Its **receptive field** is the region of the input on which it
# depends. It grows from layer to layer. A kernel of 3 sees 3 pixels. A second one on top sees 3 units of the first
# layer, each of which sees 3 pixels, and neighbours overlap, so it sees 5, and a third one 7. If there was a stride
# of 2 in between, neighbours of the next layer are *two* input pixels apart, so each step of its kernel reaches twice
# as far. Keep two numbers: $r$, the size of the region, and $\Delta$, how many input pixels two neighbouring units
# are apart, the *jump*. The image has $r = \Delta = 1$. A layer with kernel $k$, stride $s$ and dilation $d$ takes
# its $k$ taps from units that are $\Delta$ apart, so the region grows by $d(k-1)$ of these steps, and only then is
# the jump multiplied by $s$.

# %% [markdown]
# ### Exercise: receptive_field (2 points, 8 minutes)
# `layers` is a list of `(kernel, stride, dilation)`, the first one next to the input; pooling layers count like
# convolutions. Return the size and the jump of the units on top. Without any layer, a unit is a pixel: `(1, 1)`.

# %% exercise="receptive_field"

# %% [markdown]
# Build stacks below; the lit pixels are what one output sees. The right panel asks *how much* it sees there: the mean
# absolute gradient of the output with respect to each column of pixels. Before you look: will the outermost pixels of
# three $3 \times 3$ layers count as much as the middle ones? Count the ways that lead from each pixel to the output.

# %%
demos.stack_builder(receptive_field)

# %% [markdown]
# Through three layers of three taps, one way leads from an outermost pixel to the output and seven from the middle
# one: $1, 3, 6, 7, 6, 3, 1$. With many layers these counts form a bell (they are convolutions of the kernel of ones
# with itself), whose width grows like the root of the depth while the region grows like the depth. So the
# **effective** receptive field is much smaller than the one that you computed, in random networks and in trained ones
# (Wenjie Luo and others, 2016). A single large kernel has no such bell; nor have the dilated layers of the preset, in
# which exactly one way leads from each pixel to the output.

# %% [markdown] covers="09.15 09.16 09.17 E09-equivariance-limits"
# ## Equivariant, invariant, and when neither
#
# Let $T$ shift an image, $(Tx)_{ij} = x_{i-a,\,j-b}$. What should a network do when its input moves? Two answers must
# be told apart. A function is **equivariant** if its output moves along, $f(Tx) = T f(x)$, as a map should that says
# where the eyes are. It is **invariant** if its output stays, $f(Tx) = f(x)$, as it should if it says *that* there is
# a face. (If invariant is all you want: a constant is. It takes more to be useful.)
#
# Cross-correlation is equivariant, and the proof is one line, a shift of the index:
#
# $$f(Tx)_{ij} = \sum_{u,v} (Tx)_{i+u,\,j+v}\, w_{uv} = \sum_{u,v} x_{(i-a)+u,\,(j-b)+v}\, w_{uv} = \big(T f(x)\big)_{ij} .$$
#
# It needs no property of $w$, only that it is the same everywhere; and it goes through layers, since a ReLU acts on
# each number alone, and if $f$ and $g$ are equivariant then $f(g(Tx)) = f(T g(x)) = T f(g(x))$. But read what it
# silently uses. The image must go on beyond its border, or be surrounded by zeros, so that nothing gets lost or comes
# in. And every place must be computed. Which of these layers commutes with a shift by one pixel? (What `moved` pushes
# out at the right comes in at the left. With zeros around the image that is of no matter; of the image up to the
# border it is.)

# %%
rng = torch.Generator().manual_seed(0)
image = nn.functional.pad(torch.randn(1, 1, 8, 8, generator=rng), (4, 4, 4, 4))
kernel = torch.randn(1, 1, 3, 3, generator=rng)
crop = image[..., 4:12, 4:12]


def moved(x, by):
    return torch.roll(x, by, dims=3)


def gap(f, x, by, out=None):
    """The largest difference between f of the moved image and the moved output."""
    return (f(moved(x, by)) - moved(f(x), by if out is None else out)).abs().max().item()


def same(x):
    return nn.functional.conv2d(x, kernel, padding=1)


def strided(x):
    return nn.functional.conv2d(x, kernel, stride=2, padding=1)


def pool(x):
    return nn.functional.max_pool2d(x, 2)


print(f"convolution, surrounded by zeros, by 1:  {gap(same, image, 1):.2f}")
print(f"convolution, image up to the border, by 1: {gap(same, crop, 1):.2f}")
print(f"stride 2, by 2 (the output by 1):        {gap(strided, image, 2, 1):.2f}")
print(f"stride 2, by 1 (the output by 0 or 1):   {min(gap(strided, image, 1, 0), gap(strided, image, 1, 1)):.2f}")
print(f"max-pooling, by 2 (the output by 1):     {gap(pool, image, 2, 1):.2f}")
print(f"max-pooling, by 1 (the output stays):    {gap(pool, image, 1, 0):.2f}")

# %% [markdown] covers="09.33 E09-pool-invariance"
# Zeros around, and it is exact. At the border it isn't. A stride of 2 commutes with shifts by multiples of 2 and with
# no others: a shift by one makes it look at other pixels altogether. Max-pooling is a layer with a stride, too.
# People say that it gives invariance to small shifts, and often the maximum does stay in its window. But see
# $(0, 1, 0, 0, 0, 3, 0, 0)$: pooled by twos it is $(1, 0, 3, 0)$, and moved by one $(0, 1, 0, 3)$: not one of the
# four outputs is the same. *Approximately* invariant, for *small* shifts, is what one can say. What pooling gives for
# sure is a larger region for all layers above.
#
# What of a whole network? Flatten the last maps and put a dense layer on them, and each of its weights belongs to one
# absolute place: neither equivariant nor invariant. The sliders below move a digit. "Flattened" is such a
# convolutional network, "dense" an MLP; both learned from digits at the centre. Try to guess how far each can be
# moved.

# %%
demos.shifting()

# %% [markdown]
# Two pixels down, and of the 300 digits in the right panel the convolutional network reads a fifth and the MLP a
# seventh, where guessing gets a tenth. To the right the former bears more, about two fifths are left, but that is far
# from the 98 of 100 it had. All its convolutions were equivariant, and it helped little: the last layer was not.
# There are two ways out. Show the network shifted digits in training, so that it *learns* what each place looks like
# (lecture 08). Or build it such that it *can't* be confused: a maximum over the whole map asks whether a feature is
# there at all, wherever it is. Global pooling behind equivariant layers is invariant by construction, up to what
# strides and borders spoil.

# %% [markdown]
# ### Exercise: train_shift_cnn (4 points, 20 minutes)
# `images` (N, 1, 12, 12) float32 hold digits at the centre and `labels` (N,) their classes. Train a network and
# return it in eval mode: (M, 1, 12, 12) in, logits (M, 10) out, on the device of `images`, with at most 20000
# parameters. Asked for is an accuracy of at least 0.95 on hidden digits at the centre *and* of at least 0.90 on
# digits moved by up to two pixels in each direction, on average over two runs. You may train with `fit` of the first
# cell, `fit(net, images, labels, steps=300, lr=0.005, batch=50, seed=seed)`: it takes so many steps of Adam on random
# batches and returns the net in eval mode. The first weights are drawn when you make the net, so set torch's seed
# before. You have a minute of computing time for each run, and need a few seconds. How large a part of a digit must a
# unit see before you take its maximum? And where can you afford a stride?

# %% exercise="train_shift_cnn"

# %% [markdown]
# Your network beside the flattened one, on all hidden digits moved by up to two pixels: each row a class, each column
# what it is taken for. Is there a column that stands out?

# %%
with until_written(train_shift_cnn):
    from course.image_networks import centred_reader

    yours = train_shift_cnn(data.digit_canvas(X), labels, 0)
    shifted = data.digit_canvas(X_test, max_shift=2, seed=1)
    figure, axes = panels(2, width=2.6, height=2.6)
    for ax, name, net in zip(axes, ("flattened", "yours"), (centred_reader("convolutional"), yours), strict=True):
        with torch.no_grad():
            said = net(shifted).argmax(dim=1)
        confusion = np.zeros((10, 10))
        np.add.at(confusion, (labels_test.numpy(), said.numpy()), 1)
        ax.imshow(confusion / confusion.sum(axis=1, keepdims=True), vmin=0, vmax=1)
        right = share_right(net, shifted, labels_test)
        ax.set(
            title=f"{name}: {right:.2f} right", xlabel="taken for", ylabel="digit", xticks=range(10), yticks=range(10)
        )
        print(f"{name}: centred {share_right(net, data.digit_canvas(X_test), labels_test):.3f}, shifted {right:.3f}")
    show(figure, alt="Confusion of shifted digits by a network with a dense layer on places, and by yours.")

# %%
demos.shifting(train_shift_cnn)

# %% [markdown]
# On the left the column of the 7 stands out: the flattened network takes more than a quarter of all shifted digits
# for one. If yours reads digits in the corner, and was trained on centred ones alone, then it has never seen one
# there. It didn't have to: what it may assume was built in.

# %% [markdown]
# ### Question: harmful invariance (4 points, 6 minutes)
# Global max pooling made your network nearly invariant to shifts. Give two image tasks for which exactly this
# invariance is harmful, and say what you would change.

# %% [markdown] written="harmful_invariance" points=4
# ### BEGIN MARK SCHEME
# - 2 points: two tasks in which position carries meaning, 1 point each: segmentation, reading order of words or of the digits of a
#   number, board games, "is the cup left of the plate", counting (a maximum doesn't count).
# - 2 points: a remedy that keeps position: no global pooling (flatten, or a dense layer on places), coordinates as additional channels,
#   a map as output (fully convolutional, U-shaped).
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# To find a tumour's outline, the answer *is* the place: each pixel needs a class, and one number a map has thrown the
# places away. To read 12 or 21, the network must know which digit stands on the left; after a global maximum both
# images have the same features. (A chess position is another case.)
#
# For the first, leave out the pooling and let $1 \times 1$ convolutions turn the features at each place into classes,
# with skip connections from early layers for sharp outlines. For the second, keep the places, by flattening or by two
# additional input channels that hold each pixel's row and column; then equal strokes at different places are
# different features.
# ### END SOLUTION

# %% [markdown] covers="09.38 09.39 09.40 09.41 09.43 E09-empty-section"
# ## Recognition, segmentation, transfer
#
# **Object recognition** asks which category a picture shows. It is hard for the reasons of the first section:
# position, size, shape, light and occlusion vary, and a category such as *chair* is held together by use, not by
# looks. Data sets have shaped the field as much as networks have. Whoever makes one chooses the categories, where the
# pictures come from, how many there are, and how they are normalised in size and light, and each choice decides what
# will be learned. MNIST, 70000 digits at the centre of $28 \times 28$ pixels, and ImageNet, whose competition has 1.2
# million photographs in 1000 categories, are the two best known.
#
# The first network of this kind that was trained by backpropagation read postcodes (Yann LeCun and others, 1989); its
# descendant LeNet-5 (1998) read cheques. (Kunihiko Fukushima's neocognitron, 1980, had the layers, but another way of
# learning.) The plan has stayed: convolution, ReLU and pooling in turn; the maps get smaller and more numerous; at
# the end they are flattened and classified. Here it is with the numbers of LeNet-5. AlexNet (2012) was the same idea
# with ReLUs, dropout, many more images, and GPUs. GoogLeNet (Christian Szegedy and others, 2014) ran kernels of
# several sizes side by side, used $1 \times 1$ convolutions to keep the number of channels small, pooled globally,
# and had about a tenth of AlexNet's weights.

# %%
figure, ax = panels(width=7, height=2.5)
place = 0.0
for maps, side, name in (
    (1, 32, "input\n32 × 32"),
    (6, 28, "5 × 5\n6 × 28 × 28"),
    (6, 14, "pool\n6 × 14 × 14"),
    (16, 10, "5 × 5\n16 × 10 × 10"),
    (16, 5, "pool\n16 × 5 × 5"),
):
    for k in reversed(range(maps)):
        corner = (place + 1.3 * k, -side / 2 + 1.3 * k - 0.65 * maps)
        ax.add_patch(box(corner, side, side, color=BLUE if maps > 1 else INK, face="white", lw=0.9))
    ax.text(place + (side + 1.3 * maps) / 2, -30, name, ha="center", va="top", fontsize=8)
    place += side + 1.3 * maps + 9
for units, name in ((120, "flat,\ndense"), (84, "dense"), (10, "dense")):
    ax.add_patch(box((place, -units / 6), 2.5, units / 3, color=PURPLE, face=PURPLE))
    ax.text(place + 1.2, -30, f"{name}\n{units}", ha="center", va="top", fontsize=8)
    place += 14
ax.set(xlim=(-3, place), ylim=(-48, 26), aspect="equal")
ax.axis("off")
show(
    figure,
    alt="From layer to layer of LeNet-5 the maps get smaller and more numerous; three dense layers end in ten classes.",
)

# %% [markdown] covers="09.44 09.45"
# A $1 \times 1$ convolution is a small dense layer that is applied at each pixel by itself, to its channels. Put one
# with a class for each channel on top of a stack that keeps its size, and the classifier of images becomes a
# classifier of pixels: **semantic segmentation**, used from street scenes to medical images, mostly starting from a
# network that was trained to classify. The gradient needs nothing new, the loss is the mean cross-entropy over
# pixels. Below a network with three dilated layers learns to colour each pixel of ink by the digit that it belongs
# to. Why dilated? Its receptive field is $1 + 2 + 4 + 8 = 15$ pixels without a single stride, so no place is lost.


# %%
def scenes(count, seed, size=24):
    """Canvases with four digits each, and the class of every pixel: 10 is paper."""
    rng = np.random.default_rng(seed)
    images, classes = np.zeros((count, 1, size, size), np.float32), np.full((count, size, size), 10)
    pool, names = (X, labels.numpy()) if seed == 0 else (X_test, labels_test.numpy())
    for image, known in zip(images, classes, strict=True):
        for row in (2, 14):
            for column in (2, 14):
                k = rng.integers(len(pool))
                here = np.s_[row + rng.integers(-2, 3) :, column + rng.integers(-2, 3) :]
                digit = pool[k].reshape(8, 8)
                image[0][here][:8, :8] = digit
                known[here][:8, :8][digit > 0.3] = names[k]
    return torch.from_numpy(images), torch.from_numpy(classes)


torch.manual_seed(0)


def dilated(channels, maps, d):
    """Keeps the size."""
    return nn.Conv2d(channels, maps, 3, padding=d, dilation=d), nn.BatchNorm2d(maps), nn.ReLU()


segmenter = nn.Sequential(*dilated(1, 8, 1), *dilated(8, 24, 2), *dilated(24, 32, 4), nn.Conv2d(32, 11, 1))
fit(segmenter, *scenes(400, 0), steps=350, lr=0.01, batch=8)
fresh, known = scenes(50, 1)
with torch.no_grad():
    said = segmenter(fresh).argmax(dim=1)
ink = known < 10
print(f"pixels of ink that get the right digit: {(said == known)[ink].double().mean():.2f}")
from matplotlib import colormaps
from matplotlib.colors import ListedColormap

palette = ListedColormap([*colormaps["tab10"].colors, (1, 1, 1)])
figure, axes = panels(3, width=2.1, height=2.2)
for ax, values, name in zip(axes, (fresh[0, 0], known[0], said[0]), ("image", "truth", "the network"), strict=True):
    values = values.numpy()
    ax.imshow(values, **({"cmap": "gray_r"} if name == "image" else {"cmap": palette, "vmin": 0, "vmax": 10}))
    ax.set(title=name, xticks=(), yticks=())
    if name != "image":
        for row in (2, 14):
            for column in (2, 14):
                part = values[row - 2 : row + 10, column - 2 : column + 10]
                digit = np.bincount(part[part < 10]).argmax()
                ax.text(column + 9, row - 1, digit, fontsize=9, ha="center", va="center")
show(
    figure,
    alt="Four digits on a canvas, the true class of each pixel, and the classes that a fully convolutional network gives.",
)

# %% [markdown]
# (Colours stand for classes, and the number in each quarter is the class that most of its ink got.) For large
# photographs a stack that keeps its size is too expensive and sees too little. The **U-Net** (Olaf Ronneberger and
# others, 2015) goes down and up again: pooling halves the maps while their number grows, and then they are enlarged
# step by step. What the way down has lost in sharpness is brought back by *skip connections*, which lay the maps of
# the way down, still with all their detail, beside those of the way up.

# %%
figure, ax = panels(width=6, height=2.5)
levels = ((64, 0), (32, 1), (16, 2))
for side, level in levels:
    height = side / 40
    for x, colour in ((level, BLUE), (6 - level, PURPLE)) if level < 2 else ((3, BLUE),):
        ax.add_patch(box((x, -1.4 * level - height / 2), 0.18 + 0.12 * level, height, color=colour, face=colour))
    if level < 2:
        ax.annotate(
            "",
            (5.9 - level, -1.4 * level),
            (level + 0.5, -1.4 * level),
            arrowprops={"arrowstyle": "->", "color": ORANGE, "lw": 1.5},
        )
        ax.text(3.1, -1.4 * level + 0.1, "beside each other (skip)", ha="center", color=ORANGE, fontsize=8.5)
for x, y, dx, dy in (
    (0.35, -0.85, 0.55, -0.4),
    (1.5, -1.95, 1.4, -0.75),
    (3.6, -2.7, 1.3, 0.75),
    (5.35, -1.3, 0.55, 0.4),
):
    ax.annotate("", (x + dx, y + dy), (x, y), arrowprops={"arrowstyle": "->", "color": INK})
ax.text(0.6, -2.6, "convolve,\nhalve", ha="center", fontsize=8.5)
ax.text(5.7, -2.6, "enlarge,\nconvolve", ha="center", fontsize=8.5)
ax.set(xlim=(-0.4, 6.7), ylim=(-3.4, 1))
ax.axis("off")
show(
    figure,
    alt="A U-Net goes down to small maps and up to large ones; skip connections bring the sharp maps of the way down to the way up.",
)

# %% [markdown] covers="09.46 E09-from-scratch"
# A last use of what convolutions learn. Edges and strokes are useful for nearly every task on images, so one need not
# learn them anew: **transfer learning**. Take a network that was trained on a large set of data, replace its last
# layer, and train on your own small one, either the new layer alone, with all others *frozen*, or everything,
# **fine-tuned** with a small learning rate. It is not that training from scratch would be impossible; with enough
# data it is as good or better. The point is what to do when you have few. We train on the digits 0 to 4, at random
# places on their canvases, and then learn 5 to 9 from a few images of each. Which of the three ways will win with 3
# images, and which with 100?


# %%
def split(classes, images, labels):
    rows = torch.isin(labels, classes)
    return images[rows], labels[rows] % 5


old, new = torch.arange(5), torch.arange(5, 10)
train_images, test_images = (data.digit_canvas(part, max_shift=2, seed=1) for part in (X, X_test))
pretrained = fit(convolutional(12), *split(old, train_images, labels), steps=250, lr=0.01)
new_images, new_labels = split(new, train_images, labels)
new_test = split(new, test_images, labels_test)
counts = (1, 3, 10, 30, 100)
results = {name: np.zeros((4, len(counts))) for name in ("frozen", "fine-tuned", "from scratch")}
for seed in range(4):
    order = torch.randperm(len(new_labels), generator=torch.Generator().manual_seed(seed))
    for column, count in enumerate(counts):
        chosen = torch.cat([order[new_labels[order] == k][:count] for k in range(5)])
        for name, lr in (("frozen", 0.02), ("fine-tuned", 0.002), ("from scratch", 0.01)):
            net = convolutional(12, seed + 1)
            if name != "from scratch":
                net.load_state_dict(pretrained.state_dict())
                net[-1] = nn.Linear(net[-1].in_features, 10)
            if name == "frozen":
                for layer in net[:-1]:
                    layer.requires_grad_(False)
            fit(net, new_images[chosen], new_labels[chosen], steps=80, lr=lr, seed=seed)
            results[name][seed, column] = share_right(net, *new_test)
figure, ax = panels(width=4.8, height=2.8)
ax.set(xscale="log", xlabel="labelled images of each new digit", ylabel="test accuracy", xlim=(0.9, 120))
ax.set_xticks(counts, [str(count) for count in counts])
ax.minorticks_off()
for (name, rates), colour in zip(results.items(), (BLUE, PURPLE, GREY), strict=True):
    ax.plot(counts, rates.mean(axis=0), color=colour, ls=DASH[colour], marker=MARKER[colour], label=name)
ax.legend(frameon=False, fontsize=8.5, loc="lower right")
show(
    figure,
    alt="Test accuracy on new digits against the number of labelled images, for frozen, fine-tuned and new networks.",
)
for name, rates in results.items():
    print(f"{name:13s}", "  ".join(f"{value:.3f}" for value in rates.mean(axis=0)))

# %% [markdown]
# With three images the frozen network is first and the fine-tuned one close behind, both ahead of the new one by
# about a tenth. With 30 images that has caught up, and with 100 it and the frozen one are equal, as far as four runs
# can tell; the fine-tuned one is a little behind, since 80 steps at its small rate are too few. (With 300 steps it
# draws level with the frozen one, and the new network is ahead of both.) So this experiment shows one half of a rule
# of thumb: with few images of a similar task, freeze, for there is little to learn from, and less that can be
# spoiled. The other half needs more images than we have, or a task that is less alike: then tune everything, with a
# small learning rate and some patience, so that what was learned is bent and not wiped out.

# %% [markdown] covers="E09-best-recognisers"
# ## Beyond
#
# Strides destroy equivariance since they look at every second pixel of a signal that changes from pixel to pixel.
# Engineers of sound have long known the cure: blur before you leave samples out. One more kernel in front of the
# stride restores most of it (Richard Zhang, 2019). How to measure it? When the input moves by one pixel, an output
# with a stride of 2 should move by half a place. There is none, but the mean of the output and of the output moved by
# one place comes near. The cell compares with that mean.

# %%
blur = torch.tensor([1.0, 4, 6, 4, 1])
blur = (blur[:, None] * blur / 256)[None, None]


def blurred(x):
    return nn.functional.conv2d(same(x), blur, stride=2, padding=2)


def plain(x):
    return same(x)[..., ::2, ::2]


for name, f in (("plain stride 2", plain), ("blurred first", blurred)):
    whole = f(image).abs().mean()
    change = (f(moved(image, 1)) - (f(image) + moved(f(image), 1)) / 2).abs().mean()
    print(f"{name}: moved by 1 it differs from half way between its neighbours by {change / whole:.0%} of its size")

# %% [markdown]
# *Depthwise-separable* layers (MobileNet, 2017) split a convolution in two: one kernel for each channel alone, and a
# $1 \times 1$ convolution that mixes channels, with $K^2 C + C^2$ weights in place of $K^2 C^2$. For $C = 128$ and
# $K = 3$ that is 17536 in place of 147456. And a *vision transformer* begins with a convolution whose stride is as
# large as its kernel, so that windows lie side by side; each becomes a token, and from there on all tokens may look
# at all others (lecture 14). It gives up most of the assumption that this lecture is about. With few images that
# costs accuracy. With hundreds of millions it can be learned from data, and such networks match or exceed
# convolutional ones on photographs; so "the best recognisers" is a question of how much data there is.

# %% [markdown]
# ## What to remember
#
# A convolution layer is a dense layer with two restrictions, local windows and shared weights; its strength is that
# they are right for images. Libraries compute a cross-correlation; convolution has the flip, and with it commutes.
# The size is $\lfloor (n + 2p - d(k-1) - 1)/s \rfloor + 1$. A kernel sums over all channels and has one bias. On the
# way back each output sends its gradient to its window and to its kernel, and where windows overlap, gradients are
# added; max-pooling sends it to the winner alone. A region grows by $d(k-1)$ jumps, and a stride multiplies the jump.
# Convolutions are equivariant, up to borders and strides; flattening destroys it, global pooling turns it into
# invariance, and pooling alone is invariant only roughly. Want positions? Then don't pool them away. With few images,
# begin with a network that has seen many.
