# ---
# jupyter:
#   course:
#     title: Recurrent networks
#     minutes: 170
#     promise: Sequence models with memory, why their gradients vanish or explode, and what gates do about it
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

# %% [markdown] covers="12.01 12.02"
# # Recurrent networks: memory, backpropagation through time, gates
#
# Speech becomes text and text becomes speech; a picture becomes a caption, a sentence in one language a sentence in
# another. In all of these a sequence goes in or comes out, of a length that nobody knows beforehand. Where both are
# sequences, possibly of different lengths, one speaks of a **sequence-to-sequence** task. A network with a fixed number
# of inputs can't do that. A recurrent network can: it reads one element at a time and keeps what it needs in a state.
#
# Afterwards you can unroll such a network and write its forward pass and its backward pass through time; measure how
# fast gradients shrink or grow on their way back, and say what clipping cures and what it doesn't; write the step of an
# LSTM and explain why it remembers; and train a model of characters that writes pages of Python's own documentation,
# or nearly. It takes about 170 minutes, 114 of them for eight exercises and two questions. A good place for a break is
# before *Gates*.

# %% setup=true
import numpy as np
import torch

from course import check, data
from course.demos import recurrent_networks as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written
from course.unrolled import arrow, box, canvas, label

torch.set_num_threads(1)  # tiny nets train fastest on one

# %% [markdown] covers="12.03 E12-autoregressive-memoryless"
# ## Sequences and memory
#
# How much of the past does a prediction need? Lecture 06 wrote the probability of a text as a product, each word given
# all before it, and then looked at the last few words alone: a **Markov assumption**. Here are the help texts of the
# Python interpreter, character by character. A table counts which character followed each context of $n$ characters in
# the first nine tenths of the text, and predicts the rest: an **n-gram model**. (To every count 0.05 is added, so that
# nothing has probability zero.) We measure in **bits per character**, the mean of $-\log_2 p$. What happens as $n$ grows?

# %%
ids, characters = data.python_help()
V, cut = len(characters), int(0.9 * len(ids))


def bits_of_counting(n, smoothing=0.05):
    """Bits per character of the last tenth, and the share of its contexts that the first nine tenths have."""
    keys = sum(
        (ids[j : len(ids) - n + j] * V ** (n - 1 - j) for j in range(n)), torch.zeros(len(ids) - n, dtype=torch.int64)
    )
    pairs = keys * V + ids[n:]  # a context with the character after it
    counts = []
    for values in (pairs, keys):
        known, times = torch.unique(values[: cut - n], return_counts=True)
        place = torch.searchsorted(known, values[cut - n :]).clamp(max=len(known) - 1)
        counts.append(torch.where(known[place] == values[cut - n :], times[place], 0))
    p = (counts[0] + smoothing) / (counts[1] + smoothing * V)
    return -torch.log2(p).mean().item(), (counts[1] > 0).double().mean().item()


contexts = range(8)
counted, met = zip(*(bits_of_counting(n) for n in contexts), strict=True)
figure, ax = panels(width=4.4)
ax.plot(contexts, counted, color=BLUE, marker=MARKER[BLUE])
ax.set(xlabel="characters of context n", ylabel="bits per character", ylim=(0, 5), xticks=contexts)
show(
    figure, alt="Bits per character of count tables against the length of their context, from none to seven characters."
)
print("bits:", [round(b, 2) for b in counted])
print("share of contexts seen before:", [round(share, 2) for share in met])

# %% [markdown] covers="12.03 12.04 12.05"
# The first three characters bring the most: from 4.66 bits to 2.12. Then the table gets worse again. Of all contexts
# of seven characters in the test text nearly three in ten were never seen before. The table does not share anything
# between contexts, and whatever lies more than $n$ characters back does not exist for it.
#
# A neural model of the window, as in lecture 06, shares what it knows. But it still forgets everything outside. The cure
# is to connect the hidden units over time. On the left below is the model with a window of two; on the right the same
# model, but each hidden state also hears from the one before, which has heard from the one before it. How far back can
# $h_4$ look on each side?

# %%
figure, axes = panels(2, width=3.3, height=2.3)
for ax, title in zip(axes, ("a window", "recurrent links"), strict=True):
    canvas(ax, (0.4, 4.6), (-0.4, 2.5), title)
    for t in range(1, 5):
        label(ax, t, 0, f"$x_{t}$")
        box(ax, t, 1, f"$h_{t}$")
        label(ax, t, 2.1, f"$y_{t}$")
        arrow(ax, (t, 0), (t, 1))
        arrow(ax, (t, 1), (t, 2.1))
        if t > 1 and title == "a window":
            arrow(ax, (t - 1, 0), (t, 1))
        elif t > 1:
            arrow(ax, (t - 1, 1), (t, 1), color=ORANGE)
show(figure, alt="Hidden states that see two inputs each, beside hidden states that are linked to the state before.")

# %% [markdown] covers="12.05 12.06"
# In the window $h_4$ sees $x_3$ and $x_4$. With recurrent links every earlier input has a path to it. The state has to
# sum up the past in a fixed number of units, of course; *what* it keeps is learned.
#
# A word on words. One often reads that autoregressive models are memoryless. That is true of those with a fixed
# window. *Autoregressive* only means that each element is predicted from those before it; a recurrent language model
# does so, too, and it has a memory.
#
# A **recurrent neural network** (RNN) is thus a dynamical system, whose hidden units feed into themselves. Drawn with a
# loop it is small; **unrolled**, it is an ordinary deep network with one layer for each time step, and *the same
# weights* in every one of them. (The first step may be an exception: it has no state before it. One starts at zero, or
# at an $h_0$ that is learned like a bias.) So the number of weights does not depend on the length of the sequence.

# %%
figure, (left, right) = panels(2, width=3.3, height=2.3, width_ratios=(1, 3))
canvas(left, (0.2, 1.9), (-0.4, 2.5), "with a loop")
label(left, 1, 0, "$x_t$")
box(left, 1, 1, "$h_t$")
label(left, 1, 2.1, "$y_t$")
arrow(left, (1, 0), (1, 1), text="$u$")
arrow(left, (1, 1), (1, 2.1), text="$v$")
left.annotate(
    "",
    (1.27, 0.85),
    (1.27, 1.15),
    arrowprops={"arrowstyle": "-|>", "color": ORANGE, "connectionstyle": "arc3,rad=-2.2"},
)
left.text(1.68, 1, "$w$", color=ORANGE, va="center", fontsize=8)
canvas(right, (-0.4, 4.6), (-0.4, 2.5), "unrolled")
box(right, 0, 1, "$h_0$", color=GREY)
for t in range(1, 5):
    label(right, t, 0, f"$x_{t}$")
    box(right, t, 1, f"$h_{t}$")
    label(right, t, 2.1, f"$y_{t}$")
    arrow(right, (t, 0), (t, 1), text="$u$")
    arrow(right, (t, 1), (t, 2.1), text="$v$")
    arrow(right, (t - 1, 1), (t, 1), color=ORANGE, text="$w$")
show(
    figure,
    alt="A unit with a loop, and the same network unrolled over four steps: every step has the same three weights.",
)

# %% [markdown] covers="12.07 12.10"
# What goes in and out depends on the task. A **language model** is fed indicator vectors (which word?), and puts out a
# distribution over the next word. To write, one samples from it and feeds the sample back in as the next input. Many
# outputs for many inputs, one output at the end, one input at the start and then many outputs: the same step serves all.
#
# For translation the order of words differs, so the first output can't wait for only the first input. The
# **encoder-decoder** (Ilya Sutskever, Oriol Vinyals and Quoc Le, 2014; Kyunghyun Cho and others in the same year) reads
# the whole sentence until its end token. Its last state is a code for everything that was said. From it a second
# network, with weights of its own, emits the translation word by word, until it emits an end token itself.

# %% [markdown] covers="12.11"
# Which arrows in this picture have the same weights?

# %%
figure, ax = panels(width=7.2, height=2.5)
canvas(ax, (0.3, 8.7), (-0.5, 2.6))
source, target = ("the", "cat", "sleeps", "<end>"), ("die", "Katze", "schläft", "<end>")
for t, word in enumerate(source, 1):
    label(ax, t, 0, word)
    box(ax, t, 1, f"$e_{t}$")
    arrow(ax, (t, 0), (t, 1))
    if t > 1:
        arrow(ax, (t - 1, 1), (t, 1))
for t, word in enumerate(target, 1):
    box(ax, t + 4, 1, f"$d_{t}$", color=PURPLE)
    label(ax, t + 4, 2.2, word)
    arrow(ax, (t + 4, 1), (t + 4, 2.2), color=PURPLE)
    arrow(ax, (t + 3, 1), (t + 4, 1), color=ORANGE if t == 1 else PURPLE)
    if t > 1:
        label(ax, t + 4, 0, target[t - 2])
        arrow(ax, (t + 4, 0), (t + 4, 1), color=PURPLE)
ax.text(4.5, 0.55, "code", color=ORANGE, ha="center", fontsize=8)
show(
    figure,
    alt="An encoder reads four tokens; its last state goes to a decoder, which emits four tokens and reads its own output.",
)

# %% [markdown]
# Those of one colour and one direction: two sets of weights in the encoder, for what comes in and for what is carried
# on, and three in the decoder, which also puts out; whatever the lengths. (The orange arrow is one of the decoder's
# links from state to state and has the weights of those: it takes $e_4$ for the state before the first word.) All
# that the decoder ever knows of the sentence must pass through it. That is a bottleneck for long sentences, and lecture 13
# is about what was done against it.

# %% [markdown] covers="12.13 E12-bptt-forward"
# ## Forward through time
#
# Now the step itself. For one input, one unit and one output, with weights $u$, $w$ and $v$ and a nonlinearity $\phi$,
#
# $$z_t = u x_t + w h_{t-1}, \qquad h_t = \phi(z_t), \qquad r_t = v h_t, \qquad y_t = \phi(r_t) .$$
#
# With $\phi = \tanh$, $u = 1$, $w = \frac12$, $h_0 = 0$ and the inputs 1, 0, 0 the states are $\tanh(1) = 0.762$, then
# $\tanh(0.381) = 0.363$, then $\tanh(0.182) = 0.180$: an echo that fades. For $H$ units and $N$ sequences at once the
# states are rows of a matrix, and weights multiply from the right:
#
# $$h_t = \tanh(x_t W_{xh} + h_{t-1} W_{hh} + b),$$
#
# with $x_t$ of shape (N, D), $W_{xh}$ (D, H), $W_{hh}$ (H, H) and $h_t$ (N, H). The first axis of the data is the batch,
# the second is time: $x$ is (N, T, D).

# %% [markdown]
# ### Exercise: rnn_forward (2 points, 8 minutes)
# Return all states $h_1, \dots, h_T$ as an array (N, T, H), in the dtype of `x`. `h0` is (N, H), it is not part of what
# you return, and it stays as it is.

# %% exercise="rnn_forward"

# %% [markdown]
# Sixteen units in a ring, below. Each listens to the one before it, unit 0 also to the input, which is a single 1 in the
# first step. The weight from unit to unit is 1.5 in the left panel and 0.8 in the right one. Where will the pulse be at
# step $t$, and will it last?

# %%
with until_written(rnn_forward):
    pulse = np.zeros((1, 40, 1))
    pulse[0, 0] = 1
    into_first = 1.0 * (np.arange(16) == 0)[None]
    figure, axes = panels(2, width=3.3, height=2.3)
    for ax, weight in zip(axes, (1.5, 0.8), strict=True):
        ring = weight * np.roll(np.eye(16), 1, axis=1)  # unit k to unit k + 1, and the last one to the first
        h = rnn_forward(pulse, np.zeros((1, 16)), into_first, ring, np.zeros(16))
        shown = ax.imshow(
            h[0].T, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto", origin="lower", extent=(0.5, 40.5, -0.5, 15.5)
        )
        ax.set(xlabel="step t", ylabel="unit", yticks=(0, 5, 10, 15), title=f"weights of {weight}")
    figure.colorbar(shown, ax=axes, label="state")
    show(
        figure,
        alt="The states of sixteen units in a ring over forty steps, for weights of 1.5 and of 0.8, after a pulse in the first step.",
    )

# %% [markdown] covers="12.12 12.14 12.15 E12-bptt-forward"
# With weights of 1.5 it travels round the ring for ever: $\tanh$ limits it, and 1.5 makes up for what $\tanh$ takes.
# With 0.8 it dies. A state can remember, if the weights are right. So how do they become right?
#
# ## Backward through time
#
# Unrolled, the network is an ordinary graph, so lecture 04 says it all: this is **backpropagation through time**
# (Paul Werbos, 1990, and others before him). Write $\bar q$ for the derivative of the loss with respect to $q$. In
# the scalar network $h_t$ acts on the loss in two ways, through $r_t$ and through $z_{t+1}$, so
#
# $$\bar r_t = \bar y_t\, \phi'(r_t), \qquad \bar h_t = \bar r_t\, v + \bar z_{t+1}\, w, \qquad
#   \bar z_t = \bar h_t\, \phi'(z_t),$$
#
# from the last step to the first, where $\bar z_{T+1} = 0$ as there is no step $T + 1$. Each weight is used in all
# steps, so its gradient is a sum of as many parts:
#
# $$\bar u = \sum_{t=1}^T \bar z_t\, x_t, \qquad \bar v = \sum_{t=1}^T \bar r_t\, h_t, \qquad
#   \bar w = \sum_{t=1}^{T} \bar z_t\, h_{t-1} = \sum_{t=0}^{T-1} \bar z_{t+1}\, h_t .$$
#
# Both forms of the last sum are common. They are the same sum with its index shifted; what counts is that a
# $\bar z$ meets the state that was *multiplied by $w$* to give its $z$. If $h_0 = 0$, the second may start at $t = 1$.
#
# An example: two steps, $u = 1$, $w = \frac12$, inputs 1 and 0 as before, and a loss of which $h_2$ alone gets a
# gradient, of 1. Then $\bar z_2 = 1 - 0.363^2 = 0.868$, $\bar h_1 = 0.868 \cdot \frac12 = 0.434$ and $\bar z_1 = 0.434\,
# (1 - 0.762^2) = 0.182$. So $\bar u = 0.868 \cdot 0 + 0.182 \cdot 1 = 0.182$ and $\bar w = 0.868 \cdot 0.762 + 0.182
# \cdot 0 = 0.661$.
#
# With rows of units the products become matrix products, and matrices are transposed on the way back:
# $\bar h_t = \text{upstream}_t + \bar z_{t+1} W_{hh}^\top$, $\bar z_t = \bar h_t \odot (1 - h_t^2)$ and
# $\overline{W}_{hh} = \sum_t h_{t-1}^\top \bar z_t$, where *upstream* is what reaches $h_t$ directly, through its own output.

# %% [markdown]
# ### Exercise: rnn_backward (4 points, 18 minutes)
# `dh` (N, T, H) is the gradient of the loss that reaches every $h_t$ directly, not through later steps; `h` holds the
# states that `rnn_forward` returned. Return the gradients with respect to `x`, `h0`, `w_xh`, `w_hh` and `b`, in this
# order; those of the weights are sums over sequences and steps.

# %% exercise="rnn_backward"

# %% [markdown]
# Check yourself on the example above, then see your function at work in the demo. A gradient of size 1 arrives at step 4.
# Which steps will get a share if it arrives at step 2 instead, which if at the last, and which of them will contribute to
# the gradient of $W_{hh}$? Drag the mark above the steps, or take the slider. Then make the spectral radius (the largest
# absolute value of an eigenvalue of $W_{hh}$) 0.4, and 2.5: what does it do to the shares?

# %%
with until_written(rnn_forward, rnn_backward):
    x, h0, u, w = np.array([[[1.0], [0.0]]]), np.zeros((1, 1)), np.array([[1.0]]), np.array([[0.5]])
    h = rnn_forward(x, h0, u, w, np.zeros(1))
    dh = np.array([[[0.0], [1.0]]])
    for name, gradient in zip(("dx", "dh0", "dw_xh", "dw_hh", "db"), rnn_backward(dh, x, h, h0, u, w), strict=True):
        print(f"{name:6s}", gradient.ravel().round(3))

# %%
demos.through_time(rnn_backward)

# %% [markdown]
# Steps after the mark get nothing, since the future doesn't act on the past. All steps up to it get something, and all
# of them add their part to the gradient of the one matrix. (The first adds nothing here because $h_0 = 0$.) With a radius
# of 0.4 the shares shrink fast on their way back. With one of 2.5 they shrink and grow again, as each step has slopes of
# its own. A gradient that arrives everywhere is a sum of such trains.
#
# For a text of a million characters one doesn't go back to the first. **Truncated** backpropagation cuts the text into
# pieces of, say, 64 steps, carries the state from piece to piece, and stops the gradient at the seams. It costs memory
# for 64 steps only, and no gradient knows of anything further back.

# %% [markdown] covers="12.16 12.17 E12-product-order"
# ## Exploding and vanishing
#
# At a radius of 0.4 a gradient that arrives at the last step shrinks from 0.84 to 0.001 on its way to the first. Is that
# an accident? Follow a small change of $h_t$ to the end. By the
# chain rule its effect is a product of Jacobians,
#
# $$\frac{\partial h_T}{\partial h_t} = \frac{\partial h_T}{\partial h_{T-1}}\,
#   \frac{\partial h_{T-1}}{\partial h_{T-2}} \cdots \frac{\partial h_{t+1}}{\partial h_t},$$
#
# *the latest step leftmost*, since it is applied last. The order counts; matrices don't commute. With rows of units,
# $z_t = x_t W_{xh} + h_{t-1} W_{hh} + b$ says $\partial z_{t,i}/\partial h_{t-1,j} = (W_{hh})_{ji}$, so
#
# $$\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2)\, W_{hh}^\top .$$
#
# With one unit this is a product of numbers, each a slope of $\tanh$ times $w$. A product of forty numbers near 0.9 is
# about 0.015; of forty near 1.1, about 45. Matrices do the same along their directions: the product **vanishes** or
# **explodes** like the power of a number (Sepp Hochreiter, 1991; Yoshua Bengio, Patrice Simard and Paolo Frasconi, 1994).
#
# A habit of speech needs care. "The forward pass is squashed, while the backward pass is linear": yes, $\tanh$
# keeps states within $\pm 1$ and nothing limits gradients. But the *factors* of the backward pass are fixed by
# the states of the forward pass. Where units are saturated, $1 - h_t^2$ is nearly 0, so large weights do not simply make
# gradients explode. They may as well make them vanish.

# %% [markdown]
# ### Exercise: jacobian_norms (3 points, 14 minutes)
# `h` (T, H) holds the states $h_1, \dots, h_T$ of one sequence, `w_hh` is (H, H), all in the row convention of above.
# Return for every $t$ the spectral norm of $\partial h_T/\partial h_t$, the largest factor by which a small change can
# grow; `np.linalg.norm(J, 2)` computes it. The last entry is 1.

# %% exercise="jacobian_norms"

# %% [markdown]
# Sixteen units, forty steps. The purple line is the spectral radius to the power of the distance, which would be the
# law of growth without $\tanh$. Before you try them: what will the orange line do at a radius of 0.6? At 2, with small
# inputs? And at 2 with large ones?

# %%
demos.gradient_norms(jacobian_norms)

# %% [markdown] covers="12.18 12.19"
# At 0.6 both vanish together. At 2 the purple line explodes, but the orange one soon leaves it and stays near a hundred
# or below: the states are so large that the mean slope of $\tanh$ is about one half, which nearly undoes the 2. Large
# inputs saturate the units still more, and now the gradient vanishes although the radius is 2. With an **orthogonal** matrix,
# which changes no length, and small states the gradient survives best; initialising $W_{hh}$ so is a simple remedy.
#
# What does an exploding gradient look like in the loss? With $S$ for one step, the last state is an iterated function,
# $h_4 = S(S(S(h_1, x_2), x_3), x_4)$. Take one unit without inputs, $S(h) = \tanh(w h)$, and apply it again and again. The
# derivative of the $n$-fold $S(S(\dots S(h)))$ is a product of $n$ slopes. Predict its value at $h = 0$ for $w = 1.8$ and
# $n = 6$.

# %%
grid = np.linspace(-1, 1, 801)
figure, axes = panels(2, width=3.3)
for times, colour in ((1, GREY), (2, PURPLE), (6, BLUE)):
    values, slopes = grid, np.ones_like(grid)
    for _ in range(times):
        values = np.tanh(1.8 * values)
        slopes = 1.8 * (1 - values**2) * slopes
    for ax, curve in zip(axes, (values, slopes), strict=True):
        ax.plot(grid, curve, color=colour, ls=DASH[colour], label=f"{times} time{'s' if times > 1 else ''}")
axes[0].axhline(0, color=GREY, lw=0.6)
axes[0].set(xlabel="h", ylabel="S applied n times", ylim=(-1.05, 1.05), title="w = 1.8")
axes[1].set(xlabel="h", ylabel="derivative", ylim=(0, 36))
axes[1].legend(frameon=False, fontsize=8)
show(
    figure,
    alt="A map applied once, twice and six times to its own output, and the derivative of each.",
)
fixed = 0.5
for _ in range(100):
    fixed = np.tanh(1.8 * fixed)
print(
    f"at 0 after six times: {1.8**6:.1f}; fixed points 0 and ±{fixed:.3f}, where the slope is {1.8 * (1 - fixed**2):.2f}"
)

# %% [markdown]
# At 0 the slope is $1.8^6 = 34$. Everywhere else it is nearly nothing: the map has three fixed points, 0 and
# $\pm 0.933$, and at the outer two its slope is 0.23, so every start but 0 is drawn to one of them. Such a unit
# remembers one bit, and a flip of the bit is a cliff. The same happens in weight space. Moving a weight across the
# place where a fixed point is born or changes sides changes the end of a long sequence abruptly. On both sides of the
# cliff the gradient is small; on it, huge, and one step from there throws the weights far away.

# %% [markdown] covers="12.20 E12-clip-symbol"
# ## Clipping
#
# The remedy against cliffs is crude and works: don't take longer steps. **Gradient clipping** (Tomas Mikolov; analysed by
# Razvan Pascanu and others, 2013) replaces the gradient $\nabla\mathcal J$, if it is longer than some $M$, by
#
# $$\frac{M}{\lVert\nabla\mathcal J\rVert}\, \nabla\mathcal J ,$$
#
# where $\lVert\nabla\mathcal J\rVert$ is the norm of *all* entries of all parameters' gradients together. One common factor leaves
# the direction as it is. Two arrays, (3, 0) and (4), have the norm 5; clipped to $M = 1$ they are (0.6, 0) and (0.8). Had
# each array been clipped by itself, or every entry been cut to $\pm 1$, they would be (1, 0) and (1): another direction,
# and no longer that of steepest descent.

# %% [markdown]
# ### Exercise: clip_by_global_norm (1 point, 6 minutes)
# `grads` is a list of arrays, `max_norm` a positive number. Return a list of new arrays, scaled by one factor so that the
# norm of all entries together is at most `max_norm` (smaller gradients stay as they are), each with the dtype it
# had; and the norm before clipping. Compute that in float64: entries of $10^{25}$ in float32 are among the cases, and
# so are zeros and an empty list.

# %% exercise="clip_by_global_norm"

# %% [markdown]
# The loss below is $(h_{30} - 0.9)^2$ for one logistic unit, $h_t = \sigma(w h_{t-1} + b)$ from $h_0 = 0.5$ on, over its weight
# $w$ and its bias $b$. A cliff runs across it. Gradient descent starts close to it, plain and with your clipping. Compare the first preset
# with the third, which starts a little further away: who gets into trouble, and when? And what does clipping do for
# the start on the plateau?

# %%
demos.cliff(clip_by_global_norm)

# %% [markdown]
# Near the cliff the plain path creeps along for some twenty steps and is then thrown out of the picture by a single
# gradient. The clipped path takes a step in the same direction, of bounded length, and goes on. A little away from
# the cliff nothing happens to either. On the plateau clipping does nothing at all, since the gradient is small there.

# %% [markdown] covers="12.21 12.24 E12-lstm-input"
# ## Gates
#
# Clipping cures the symptom of exploding. Against vanishing one has to change the network. What would a memory need?
# A state that *stays* unless there is a reason to change it, so a factor of 1 on the way back. The plain RNN rewrites its
# whole state in every step. The **long short-term memory** (LSTM; Sepp Hochreiter and Jürgen Schmidhuber, 1997; the forget
# gate came in 2000, from Felix Gers and others) gives each unit a **cell** $c$ and three **gates**, numbers between 0
# and 1 that are computed anew in each step: what to write, what to keep, what to show.
#
# $$\begin{aligned} (i, f, o) &= \sigma(\dots), \quad g = \tanh(\dots) \quad\text{of}\quad [x_t, h_{t-1}]\, W^\top + b,\\
#   c_t &= f \odot c_{t-1} + i \odot g, \\ h_t &= o \odot \tanh(c_t) . \end{aligned}$$
#
# $x_t$ is the input, or the state of the layer below. $W$ is $(4H, D + H)$, with a block of $H$ rows for each of $i, f, o$ and
# $g$. The order of the blocks is a convention. Here it is $i, f, o, g$; PyTorch has $i, f, g, o$, and weights from one
# program misread by the other give no error, only nonsense. The name comes from a picture: activations are a short-term
# memory, weights a long-term one, and this is a short-term memory that lasts long. More exactly, it is the cell $c$ that
# lasts, and the hidden state $h$ is what it shows.

# %% [markdown] covers="12.22"
# In the picture follow the path from $c_{t-1}$ to $c_t$. What does it meet?

# %%
figure, ax = panels(width=6.4, height=2.9)
canvas(ax, (-0.2, 7.4), (-0.5, 3.0))
for x_place, y_place, name in ((1.2, 0.9, "$f$"), (2.4, 0.9, "$i$"), (3.4, 0.9, "$g$"), (4.8, 0.9, "$o$")):
    box(ax, x_place, y_place, name, color=PURPLE if name == "$g$" else BLUE)
    arrow(ax, (x_place, -0.15), (x_place, 0.9), color=GREY)
for x_place, y_place, name in ((1.2, 2.3, "×"), (2.9, 2.3, "+"), (2.9, 1.6, "×"), (4.8, 1.6, "×")):
    ax.plot(x_place, y_place, "o", ms=14, color="white", mec=INK, zorder=2)
    label(ax, x_place, y_place, name)
for start, end, colour in (
    ((0.1, 2.3), (1.2, 2.3), ORANGE),
    ((1.2, 2.3), (2.9, 2.3), ORANGE),
    ((2.9, 2.3), (6.9, 2.3), ORANGE),
    ((1.2, 1.05), (1.2, 2.3), BLUE),
    ((2.5, 1.05), (2.9, 1.6), BLUE),
    ((3.3, 1.05), (2.9, 1.6), PURPLE),
    ((2.9, 1.6), (2.9, 2.3), INK),
    ((4.8, 1.05), (4.8, 1.6), BLUE),
    ((4.8, 2.3), (4.8, 1.6), INK),
    ((4.8, 1.6), (6.9, 1.6), INK),
):
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "shrinkA": 9, "shrinkB": 9, "lw": 1.3}
    )
label(ax, -0.05, 2.3, "$c_{t-1}$", color=ORANGE)
label(ax, 7.1, 2.3, "$c_t$", color=ORANGE)
label(ax, 7.1, 1.6, "$h_t$")
ax.text(4.9, 1.95, "tanh", fontsize=8)
label(ax, 3.0, -0.35, "each of $f, i, g, o$ sees $x_t$ and $h_{t-1}$", color=INK)
show(
    figure,
    alt="An LSTM cell: the gates f, i and o, the candidate g, and the paths from the old cell to the new one and to the output.",
)

# %% [markdown]
# A factor $f$ and an addition; no matrix, no $\tanh$. So along this path (there are others, through the gates, which read
# $h_{t-1}$) the derivative of $c_T$ with respect to $c_t$ is the product of the forget gates in between. The network can
# choose them. An $f$ of 0.99 leaves two thirds of a gradient after forty steps, and an $f$ of 0.5 nothing.

# %% [markdown]
# ### Exercise: lstm_step (2 points, 8 minutes)
# Write the step with torch. `x` (N, D), `h` and `c` (N, H); `weight` (4H, D + H), of which the first D columns belong to
# `x`, and `bias` (4H,), blocks in the order $i, f, o, g$. Return the new `h` and the new `c`. Gradients must flow to all
# five arguments, and pre-activations may be as large as 1000.

# %% exercise="lstm_step"

# %% [markdown] covers="12.23"
# Take the gates at their extremes. There are four combinations of $i$ and $f$: which of them remembers, which adds up what
# comes in, which erases, and which overwrites? Decide before you open the demo. Its candidate is $g = \tanh(2 x_t)$. Until
# the vertical line all gates are 1, then they are what your sliders say.

# %%
demos.gates(lstm_step)

# %% [markdown]
# | $i$ | $f$ | the cell |
# |---|---|---|
# | 0 | 1 | remembers |
# | 1 | 1 | adds the input to what it has |
# | 0 | 0 | erases |
# | 1 | 0 | overwrites what it has with the input |
#
# Memory is a choice of $f = 1$ and $i = 0$. Note how fast an $f$ of 0.9 forgets, and that a closed output gate hides what
# is still there.
#
# Now the test. A sequence of forty numbers begins with $+1$ or $-1$; the rest is noise. At the end the network shall
# say which it was; an accuracy of 0.5 is chance. With 16 units and 120 steps of Adam, over five seeds: who will
# manage? The forget gates start at $\sigma(b_f)$, and $\sigma(0) = 0.5$, $\sigma(1) = 0.73$, $\sigma(3) = 0.95$.
# Multiply each with itself forty times in your head, roughly.


# %%
def first_number(n, seed, length=40):
    """n sequences (n, length, 1), and whether each began with +1."""
    chance = torch.Generator().manual_seed(seed)
    began = torch.randint(0, 2, (n,), generator=chance)
    sequences = 0.3 * torch.randn(n, length, 1, generator=chance)
    sequences[:, 0, 0] = 2.0 * began - 1
    return sequences, began


def radius(memory):
    return torch.linalg.eigvals(memory.weight_hh_l0.detach()).abs().max().item()


def accuracy(kind, forget_bias, run):
    """Of a network that was trained to say how its sequence began."""
    torch.manual_seed(run)
    memory, output = kind(1, 16, batch_first=True), torch.nn.Linear(16, 2)
    if kind is torch.nn.LSTM:
        with torch.no_grad():
            memory.bias_ih_l0[16:32] = forget_bias  # torch's order: i, f, g, o
            memory.bias_hh_l0[16:32] = 0
    at_first = radius(memory) if kind is torch.nn.RNN else None
    parameters = [*memory.parameters(), *output.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.01)
    for step in range(120):
        sequences, began = first_number(32, 1000 * run + step)
        loss = torch.nn.functional.cross_entropy(output(memory(sequences)[0][:, -1]), began)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    if kind is torch.nn.RNN:
        print(f"run {run}: the spectral radius of W_hh went from {at_first:.2f} to {radius(memory):.2f}")
    sequences, began = first_number(400, 10**6)
    with torch.no_grad():
        return (output(memory(sequences)[0][:, -1]).argmax(dim=1) == began).double().mean().item()


for name, kind, forget_bias in (
    ("RNN", torch.nn.RNN, 0),
    ("LSTM, b_f = 0", torch.nn.LSTM, 0),
    ("LSTM, b_f = 1", torch.nn.LSTM, 1),
    ("LSTM, b_f = 3", torch.nn.LSTM, 3),
):
    print(f"{name:14s}", [round(accuracy(kind, forget_bias, run), 2) for run in range(5)])

# %% [markdown]
# $0.5^{40} \approx 10^{-12}$, $0.73^{40} \approx 4\cdot 10^{-6}$ and $0.95^{40} \approx 0.14$ (with $\sigma(3) = 0.953$). Only the last
# leaves a gradient to learn from, and it learns for every seed, in the same 120 steps. A gate that *could* stay open is not
# enough; it must be open at the start, or the network never finds out. That is why forget biases are initialised at 1 or
# more (Rafal Jozefowicz and others, 2015, found 1 to matter).
#
# The plain RNN is a lottery. In all five runs its radius begins near 0.6, where it can't remember anything either. But
# Adam divides by the size of the gradient, so even a gradient that says nothing moves the weights. Where the radius has
# wandered beyond 1, units can hold a bit, like the map with $w = 1.8$; then there is something to learn from, and the
# radius grows on. In the other runs it did not get there in 120 steps.
#
# A slimmer relative is the **gated recurrent unit** (GRU; Cho and others, 2014): one gate $s$ for both, $h_t = (1 - s)
# \odot h_{t-1} + s \odot g$, and a second one that decides how much of the old state $g$ may see.

# %% [markdown]
# ### Question: clipping and vanishing (4 points, 8 minutes)
# Clipping cures exploding but not vanishing gradients. Explain why no rescaling after the fact can cure vanishing, and
# what in the LSTM does.

# %% [markdown] written="clipping_and_vanishing" points=4
# ### BEGIN MARK SCHEME
# - 2 points: vanished long-range parts are lost relative to the short-range ones in the same sum; a factor multiplies both.
# - 2 points: the cell path: its derivative is the product of the forget gates, which can stay near 1.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The gradient of a weight is one sum over all steps, of parts that travelled one step back and parts that travelled forty.
# If every step takes a factor of one half, the latter are smaller by $2^{-39}$. A factor for the whole sum makes short-range
# and long-range parts larger alike, so their ratio stays, and with it the direction: the step is still the one that
# the last few time steps ask for. (In floating point the far parts may have been rounded away altogether.) The same
# holds for a larger learning rate, or for Adam.
#
# The LSTM changes the factors themselves. On the way from $c_T$ to $c_t$ the derivative is the product of the forget
# gates. The network can hold these near 1, and does so from the start with a large forget bias. Then the parts from forty
# steps back arrive about as large as they were.
# ### END SOLUTION

# %% [markdown]
# ## Ragged batches, honest averages
#
# Texts differ in length, but a tensor is rectangular. So one **pads**: short texts are filled up with some number, and
# their true `lengths` are kept. The padding must not count, and averaging is where it usually sneaks in. Take two texts,
# one of 1 token with a loss of 4 and one of 3 tokens with losses 1, 1 and 1, padded to 3 places. The mean over tokens is
# $7/4 = 1.75$. Divided by all six places it would be 1.17, and with more padding less, as if the model had improved.
# The mean of the two texts' means is $(4 + 1)/2 = 2.5$: now the one token of the short text weighs as much as the
# three others together. Each of these is somebody's idea of "the loss"; only the first is the cross-entropy per token.
#
# Cross-entropy comes in nats, from the natural logarithm. Divided by $\ln 2$ it is in **bits**, and $2^{\text{bits}} =
# e^{\text{nats}}$ is the **perplexity**, the number of equally likely characters that would be as surprising.

# %% [markdown]
# ### Exercise: masked_nll (2 points, 12 minutes)
# `logits` (N, T, V), `targets` (N, T) and `lengths` (N,) are tensors; token $t$ (from 0) of sequence $n$ is valid if
# $t$ < `lengths[n]`. Return the cross-entropy in nats, averaged over all valid tokens of the batch, as a tensor of
# no dimensions; 0 if there is none. What stands at padded places, be it a target that is no class or logits that are NaN,
# must have no effect on the value or on the gradient, which is exactly 0 there.

# %% exercise="masked_nll"

# %%
with until_written(masked_nll):
    losses = torch.tensor([[4.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    p = torch.exp(-losses)
    two_classes = torch.stack([p, 1 - p], dim=2).clamp(min=1e-30).log()  # class 0 has the losses above
    for name, lengths in (("three tokens and one", [1, 3]), ("as if nothing were padding", [3, 3]), ("none", [0, 0])):
        value = masked_nll(two_classes, torch.zeros(2, 3, dtype=torch.int64), torch.tensor(lengths)).item()
        print(f"{name}: {value:.3f} nats, {value / np.log(2):.3f} bits, perplexity {np.exp(value):.2f}")

# %% [markdown] covers="12.08 12.09"
# ## A character model
#
# Why characters? A model of words needs a vocabulary, and a large one has hundreds of thousands of entries, each with its
# own weights. It can't say anything about a word that it never saw, and in languages such as Finnish or Turkish, where a
# word may carry the sense of a whole English clause, or Chinese, which writes no spaces, it isn't even clear what a word
# is. Characters have none of these troubles. The price is length: a word that was two words back is now a dozen steps
# away, so a longer memory is needed. Between the two lie pieces of words, found by byte-pair encoding, which lecture 16
# builds.
#
# In training the network reads the true text and is asked at each position for the next character: the input is always the
# *true* previous character, never the model's own guess. This is **teacher forcing** (Ronald Williams and David Zipser,
# 1989). It makes all positions of a window trainable at once, and the loss is exactly the cross-entropy that we want. But
# the model never sees what its own mistakes lead to. When it writes, it reads its own text, which drifts away from what
# it was trained on (**exposure bias**).
#
# Writing means drawing from the softmax of the logits $\ell_k$. A **temperature** $\tau$ makes the draw bolder or
# more careful, $p_k \propto e^{\ell_k/\tau}$, and **top-$k$** keeps only the $k$ largest logits. With probabilities 0.5,
# 0.3 and 0.2, a temperature of $\frac12$ squares them: 0.25, 0.09 and 0.04, divided by their sum 0.38, are 0.66, 0.24 and
# 0.11. As $\tau \to 0$ the largest gets everything, and as $\tau \to \infty$ all become equal.
#
# To draw, take a uniform number $u$ (not the weight of that name) and walk along the cumulative sums: here 0.5, 0.8 and
# 1. The first that *exceeds* $u$ tells the token, so $u = 0.6$ gives the second. A token of probability zero is never
# picked, not even by $u = 0$.

# %% [markdown]
# ### Exercise: sample_token (2 points, 10 minutes)
# Keep the `top_k` largest of `logits` (V,) (of equal ones those of lower index; `None` or more than V keeps all), take
# the softmax of `logits / temperature` over them, and return the smallest index whose cumulative probability, in the order
# of the index, exceeds `u`. Temperature 0 means the largest logit (of equal ones the one of lower index). Raise
# `ValueError` for a temperature below 0 or a `top_k` below 1. Logits may be as large as 10,000, and `u` as near to 1
# as a float can be. (The check calls your function with five numbers `u` in turn.)

# %% exercise="sample_token"

# %%
with until_written(sample_token):
    logits = np.log([0.5, 0.3, 0.2])
    for temperature, top_k in ((1, None), (0.5, None), (1, 2), (0, None)):
        drawn = [sample_token(logits, temperature, top_k, u) for u in (np.arange(1000) + 0.5) / 1000]
        print(f"temperature {temperature}, top {top_k}: shares {np.bincount(drawn, minlength=3) / 1000}")

# %% [markdown]
# ### Exercise: train_char_lm (4 points, 22 minutes)
# `ids` (L,) is a text as numbers from 0 to `vocab_size` − 1. Train a causal model of its characters and return it, a
# `torch.nn.Module` in eval mode that takes int64 (N, T) for any N and T and returns logits (N, T, V): those at position
# $t$ are for character $t + 1$ and depend on characters up to $t$ alone. How is up to you: RNN, GRU, LSTM, cells of your own, even
# a causal convolution. `torch.nn.Embedding` before it and `torch.nn.Linear` after it, windows of 32 to 64 characters
# from random places, Adam and clipping are a good start; a few hundred steps suffice.
#
# The check hides 24,000 characters of the help texts, trains on the rest, twice, and asks for at most 2.75 bits per
# hidden character in windows of 240, about what counting with two characters of context reaches there. It reports the
# mean base-2 logarithm of the probability, which is minus that number. It also changes later characters, to see that
# earlier logits stay the same.

# %% exercise="train_char_lm"

# %% [markdown]
# Train on nine tenths, as the tables of the beginning did, and measure on the last tenth, in windows of 240 characters.
# How will the bits depend on how much of the window the model has read? (Each point in the figure is a mean, from its
# number of characters up to the next.)

# %%
model = None
with until_written(train_char_lm, masked_nll):
    model = train_char_lm(ids[:cut], V)
    last = ids[cut:]
    windows = last[: len(last) // 240 * 240].view(-1, 240)
    with torch.no_grad():
        logits = torch.cat([model(some[:, :-1]) for some in windows.split(32)])
    full = torch.full((len(windows),), 239)
    yours = masked_nll(logits, windows[:, 1:], full).item() / np.log(2)
    print(
        f"your model: {yours:.2f} bits per character; counting with 2 and 3 characters: {counted[2]:.2f} and {counted[3]:.2f}"
    )
    by_place = torch.nn.functional.cross_entropy(logits.mT, windows[:, 1:], reduction="none").mean(dim=0) / np.log(2)
    figure, ax = panels(width=4.4)
    starts = [1, 2, 3, 5, 9, 17, 33, 65, 129]  # each point is a mean from here to the next
    means = [by_place[low - 1 : high - 1].mean() for low, high in zip(starts, [*starts[1:], 240], strict=True)]
    ax.plot(starts, means, color=BLUE, marker=MARKER[BLUE])
    ax.set(xlabel="characters read so far", ylabel="bits per character", ylim=(0, None), xscale="log")
    ax.set_xticks(starts, starts)
    ax.minorticks_off()
    show(
        figure,
        alt="The model's bits per character against how many characters of the window it has read.",
    )

# %% [markdown]
# The first characters of a window are hard, for the model knows nothing yet; then the curve levels off. Where it does so
# tells how far back the model makes use of what it has read. After a few seconds of training that is three or four
# characters: what lies close by helps most and is learned first. Tables of counts do well on this text, which repeats
# itself a lot; to beat the one with three characters, a network must train for longer.
#
# Now let it write. The prompt is yours, and the model reads the last 40 characters. Each character is coloured by its
# probability under the model, from green for more than one half to orange for less than one in fifty. Try temperature
# 0, then 2. What will go wrong in either?

# %%
demos.writer(sample_token, model)

# %% [markdown]
# At temperature 0 the same phrase comes again and again: the likeliest next character of the likeliest context leads in a
# circle. At 2 rare characters are picked so often that the text leaves everything the model knows, and does not come back.
# In between it has the look of the help texts, words included, and no thought in it.

# %% [markdown]
# ### Question: derailing samples (4 points, 8 minutes)
# A model reports 1.1 bits per character on text whose characters it saw with teacher forcing, but its own texts soon
# derail. Which two explanations would you test, and how?

# %% [markdown] written="derailing_samples" points=4
# ### BEGIN MARK SCHEME
# - 2 points: exposure bias; score the model's own samples (does its loss, or a judge's, get worse with their length?), or train with
#   scheduled sampling and see whether samples improve.
# - 2 points: the 1.1 is an illusion, by a leak or by test text in training: change later characters and see whether earlier logits
#   change; check the split, or score text that certainly is new.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# First, exposure bias. In training it only ever read true text; when it writes, an early slip puts it into a state that it
# never met, and slips add up. Test: start it on true text of growing length and let it write on. If the continuation
# is good near the true text and decays with the distance, it fits. Also, train a copy that sometimes reads its own
# samples (scheduled sampling): if its texts hold longer at the same 1.1 bits, that was it.
#
# Second, 1.1 bits may not be true. Perhaps it sees the character that it should predict (a bidirectional layer, targets that
# are shifted the wrong way, a normalisation over time). Test: change all characters after position $t$; if logits up to $t$
# change, there is a leak. Or the test text, or a near copy, was part of the training text. Test: check the split for long
# common pieces, and score a text written after the training data were collected.
# ### END SOLUTION

# %% [markdown]
# ## Beyond: recurrences without a nonlinearity
#
# A recurrence has to be computed step by step, and that is slow on machines that do thousands of things at once. But if
# the step is *linear*, $h_t = a_t h_{t-1} + x_t$, there is a short cut. Two steps in a row are again a step of this kind:
# first $(a, x)$, then $(a', x')$ make $(a'a,\; a'x + x')$. Putting steps together is associative, so pairs can be joined at
# the same time, then pairs of pairs. After $\log_2 T$ rounds all states are there. This is an **associative scan**, and it
# is why state-space models, recurrent networks whose cell path is linear in the state, train fast on long sequences.

# %%
rng = np.random.default_rng(0)
T = 4096
a, x = rng.uniform(0.9, 1.0, T), rng.normal(size=T)
states, h = [], 0.0
for t in range(T):
    h = a[t] * h + x[t]
    states.append(h)
A, X, reach, rounds = a.copy(), x.copy(), 1, 0
while reach < T:  # (A, X)[t] sums up the last `reach` steps before and with t
    X[reach:] = A[reach:] * X[:-reach] + X[reach:]
    A[reach:] = A[reach:] * A[:-reach]
    reach, rounds = 2 * reach, rounds + 1
print(f"{T} steps in {rounds} rounds; largest difference {np.abs(X - states).max():.1e}")

# %% [markdown]
# ## What to remember
#
# A recurrent network keeps a state and uses the same weights in every step; unrolled, it is a deep network, and
# backpropagation through time is backpropagation on it. Weights collect a part of their gradient from each step. The
# influence of a state on a later one is a product of Jacobians, the latest leftmost, and shrinks or grows like a power;
# saturation makes gradients vanish even where weights are large. Clip by the norm of all gradients together: it keeps the
# direction, and it does nothing against vanishing. An LSTM's cell is a gated sum whose derivative is the product of the
# forget gates, so let these start open. Average over tokens, not over padding, nor over texts first, and choose valid
# places before you compute. Teacher forcing trains on true prefixes; writing goes on from the model's own, at a
# temperature that you choose.
