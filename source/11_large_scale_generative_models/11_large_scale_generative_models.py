# ---
# jupyter:
#   course:
#     title: Large-scale generative models
#     minutes: 160
#     promise: How captions become labels, how loss falls with size and data, what thinking aloud buys, and how noise becomes a picture
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
# # Large-scale generative models: pairs, scale, thinking time, diffusion
#
# Until about 2018 one trained a network for one task, with labels made for it. Today one network is trained once, at
# great expense, on a task that nobody cares about, and then used for a hundred others. Four ideas carry most of it,
# and each is small enough to run here.
#
# Afterwards you can tie images and texts by a contrastive loss and recognise things that were never labelled; fit the
# law by which loss falls with size, extrapolate it, and split a budget between parameters and data; let a small
# network solve, by writing down steps, what a larger one can't learn at all; estimate without bias how often one of
# $k$ attempts succeeds; see how a choice of metric can make a smooth improvement look sudden; and turn noise into
# samples by a diffusion model. It takes about 160 minutes, 106 of them for eight exercises and two questions. A good
# place for a break is after *Scaling laws*.

# %% setup=true
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from course import check, data
from course.demos import large_scale_generative_models as demos
from course.figure import BLUE, DASH, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, label_line, panels, show, until_written

torch.set_num_threads(1)  # small networks train fastest on one

# %% [markdown] covers="11.01 11.02 11.03 11.06 E11-llm-definitions E11-units"
# ## One model, many tasks
#
# In lecture 06 a network predicted the next word, and its word vectors turned out to be useful for other things. That
# is the whole recipe. **Pre-train** on a proxy task for which data cost nothing, such as the next word of any text.
# Then **use** the network: describe a new task in words and let it go on writing (*prompting*, or *zero-shot* use if
# no example is shown), or train it a little further on a few labelled examples (*fine-tuning*, lecture 16).
#
# The words for such networks are loose. A **pre-trained language model** is any network trained on language modelling
# before it is used for something else. A **large language model** is a large one of these. How large is a habit, not
# a definition: one often reads "more than ten billion parameters", but BERT (Jacob Devlin and others, 2018), with 110
# million in its base version, was called large when it came. So large language models are a kind of pre-trained ones,
# not the other way round. A **foundation model** (a name given at Stanford in 2021) is the umbrella term: pre-trained
# on broad data and adapted to much, be it text, images, speech or the movements of a robot.
#
# GPT-3 (Tom Brown and others, 2020) has 175 billion parameters and was pre-trained on about 300 billion **tokens**.
# Mind the unit: a token is a word or a piece of one. "Trained on 300 billions of text" says nothing, and numbers of
# this kind age within a year. What changed with these models? Not the loss: it is the cross-entropy of lecture 06, to
# the letter. The scale changed, and with it how far what was learned transfers.

# %% [markdown] covers="11.04"
# ## Pairs as supervision
#
# A label is one of ten classes that somebody chose. The web is full of something richer: images with a sentence beside
# them. But there are no two captions alike, so what would a classifier's outputs be?
#
# **CLIP** (Alec Radford and others, 2021; 400 million pairs) turns the question round. Don't ask which caption belongs
# to this image among all sentences of the world; ask which one *among those of this batch*. One encoder makes a vector
# of an image, another makes a vector of a text, in the same space. With $N$ pairs in a batch there are $N^2$
# similarities, of which $N$, those on the diagonal, are between partners. Every row is a classification problem: image
# $i$, which of $N$ texts is yours? Every column is one, too: text $j$, which image? A loss like this one, which sets what
# belongs together against what doesn't, is called **contrastive**.
#
# Let $u_i$ and $v_j$ be the two kinds of vectors, divided by their lengths, so that $u_i^\top v_j$ is a cosine. A
# softmax of numbers between −1 and 1 can't be sharp: with $N = 1000$, a partner with cosine 1 among others with −1
# gets no more than $e/(e + 999/e) = 0.007$. So the cosines are multiplied by a scale $e^{s}$ whose logarithm $s$ is
# learned with everything else ($e^{-s}$ is called the **temperature**):
#
# $$z_{ij} = e^{s}\, u_i^\top v_j, \qquad
#   \mathcal J = \frac12\left(-\frac1N\sum_i \log\frac{e^{z_{ii}}}{\sum_j e^{z_{ij}}}
#   - \frac1N\sum_j \log\frac{e^{z_{jj}}}{\sum_i e^{z_{ij}}}\right).$$
#
# By hand, with two pairs: cosines $\begin{pmatrix}0.9 & 0.1\\ 0.3 & 0.7\end{pmatrix}$ and a scale of 5 give logits
# $\begin{pmatrix}4.5 & 0.5\\ 1.5 & 3.5\end{pmatrix}$. The rows cost $\log(1 + e^{-4}) = 0.018$ and
# $\log(1 + e^{-2}) = 0.127$, the columns $\log(1 + e^{-3}) = 0.049$ each. The loss is
# $\frac12(0.073 + 0.049) = 0.061$. Who knows nothing gives all of $N$ the same share, and pays $\log N$, here 0.693.

# %% [markdown]
# ### Exercise: clip_loss (3 points, 12 minutes)
# Write this loss. Row $i$ of `image_emb` and row $i$ of `text_emb` are partners; divide rows by max(norm, $10^{-12}$),
# which is what `normalize` does. `log_scale` is the $s$ above, a tensor through which gradients flow. It may be 6: a
# scale of 403 must not overflow, in float32 either.

# %% exercise="clip_loss"

# %% [markdown]
# The next picture shows a batch of made-up pairs, with your loss on the right. Two questions before you touch a
# slider: what will the loss be at the far left, where the scale is small? And if one of twelve images prefers a
# stranger's caption, what does a very sharp softmax cost? Then let it draw the whole curve.

# %%
demos.temperature(clip_loss)

# %% [markdown]
# On the left the loss is $\log N$, since all shares are equal, so a larger batch starts higher: it is a harder
# question. On the right it rises without end, for a mistake costs the scale times the difference of two cosines. In
# between lies the best scale, and it is the larger the less noise there is in the embeddings; that is why it is
# learned. If captions are shifted by one, no scale helps. A loss that stays at $\log N$ tells you where to look.
#
# ### A classifier made of words
#
# Once trained, what are the encoders good for? Take the ten words for digits, or any other labels you like, put each
# in a sentence, and encode it. The vectors are the **weights of a classifier**: score an image by its cosine with each
# of them. No image was ever labelled, and tomorrow's classes may be others than today's. One sentence more or less
# shouldn't matter, so one takes several per class, "a photo of a seven", "a drawing of a seven", and averages
# their directions (**prompt ensembling**).

# %% [markdown]
# ### Exercise: zero_shot_scores (2 points, 6 minutes)
# `prompt_emb` is (C, P, D): P prompts for each of C classes. Give every class one vector: normalise each prompt, average
# over the P prompts, normalise again. Return the cosine of every image with every class, (N, C).

# %% exercise="zero_shot_scores"

# %% [markdown]
# Now a small world of our own: 1200 handwritten digits, half of them white on black and half black on white. Each
# comes with a caption from one of five templates, over a vocabulary of 25 words.

# %%
(images, tokens, classes), (hidden_images, hidden_tokens, hidden_classes), prompts = data.captioned_digits(0)


def words(ids):
    return " ".join(data.CAPTION_WORDS[i] for i in ids if i)


figure, axes = panels(6, width=1.25, height=1.5)
for ax, image, caption in zip(axes, images, tokens, strict=False):
    ax.imshow(image[0].numpy(), cmap="gray", vmin=0, vmax=1)
    ax.set(xticks=(), yticks=())
    ax.spines[:].set_visible(True)
    text = words(caption).split()
    lines = [" ".join(text[i : i + 3]) for i in range(0, len(text), 3)]
    ax.set_xlabel("\n".join(lines), fontsize=7)
show(figure, alt="Six digits with their captions, which name the digit and the colour of the ink, and sometimes more.")
print("token ids of the first caption:", tokens[0].tolist())
print("prompts:", ", ".join(words(p) for p in prompts[:4]), "...", words(prompts[-1]))

# %% [markdown]
# ### Exercise: train_digit_clip (4 points, 20 minutes)
# Train an image encoder and a text encoder on such pairs with your loss, and return both in eval mode. They are
# judged on hidden images: for each, the most similar of 20 prompts, "a white zero" to "a black nine", should be the
# right one in at least 85 % of cases. These sentences don't occur in training, and no class is ever given to you.
#
# Two linear layers with a ReLU between them are enough for the images. For a text, the mean of learned word vectors will
# do; leave padding (token 0) out of it. Let both vectors have, say, 32 numbers, and start `log_scale` at 2 as one more
# parameter to be learned. Batches of 100 to 200 pairs and twenty epochs of Adam with a learning rate of 0.005 are plenty;
# much longer training makes it worse. What must stay together when you shuffle?

# %% exercise="train_digit_clip"

# %% [markdown]
# Does it hold its promise? One batch of hidden pairs, a pair for each of the twenty classes: the cosines of all images
# with all captions, before training and after. Where should the red squares be? And where might others
# appear that are not mistakes?

# %%
with until_written(clip_loss, zero_shot_scores, train_digit_clip):
    image_encoder, text_encoder = train_digit_clip(images, tokens, len(data.CAPTION_WORDS))
    torch.manual_seed(0)
    untrained = nn.Sequential(nn.Flatten(), nn.Linear(64, 32)), nn.EmbeddingBag(25, 32, padding_idx=0)
    first = [int((hidden_classes == k).nonzero()[0]) for k in range(20)]
    figure, axes = panels(2, width=3.1, height=2.8)
    for ax, (a, b), name in zip(
        axes, (untrained, (image_encoder, text_encoder)), ("before training", "after"), strict=True
    ):
        with torch.no_grad():
            u, v = a(hidden_images[first]), b(hidden_tokens[first])
            loss = clip_loss(u, v, torch.tensor(2.0))
            shown = ax.imshow((normalize(u) @ normalize(v).T).numpy(), cmap="RdBu_r", vmin=-1, vmax=1)
        ticks = range(0, 20, 2)
        ax.set(
            xlabel="caption", ylabel="image", xticks=ticks, yticks=ticks, xticklabels=range(10), yticklabels=range(10)
        )
        ax.set_title(f"{name}: loss {loss:.2f} at scale e²")
    figure.colorbar(shown, ax=axes, label="cosine", shrink=0.8)
    show(
        figure, alt="Cosines of twenty images with twenty captions before training, without order, and after training."
    )
    print(f"log 20 = {np.log(20):.2f}")

# %% [markdown]
# Before training the loss is not $\log 20$ but more: the cosines of untrained encoders differ without a reason, and a
# scale of $e^2$ makes confident guesses of them, most of which are wrong. After training the diagonal stands out, and
# beside it a second pattern: neighbours in the order are white and black ink of one digit, and many of them are similar
# too, since half of their caption is the same. Nobody told the network that a caption has two parts.

# %%
with until_written(zero_shot_scores, train_digit_clip):

    def encoded(sentences):
        with torch.no_grad():
            return text_encoder(torch.tensor([data.caption_ids(sentence) for sentence in sentences]))

    digits, inks = data.CAPTION_WORDS[9:19], ("white", "black")
    templates = ("a {} {}", "handwritten {} {}", "a drawing of a {} {}")
    by_template = torch.stack([encoded([t.format(k, d) for d in digits for k in inks]) for t in templates], dim=1)
    with torch.no_grad():
        seen = image_encoder(hidden_images)
    for name, emb, truth in (
        ("20 classes, one prompt each", by_template[:, :1], hidden_classes),
        ("20 classes, three prompts each", by_template, hidden_classes),
        ("10 digits, one word each", encoded(digits)[:, None], hidden_classes // 2),
        ("2 colours, one word each", encoded(inks)[:, None], hidden_classes % 2),
    ):
        accuracy = (zero_shot_scores(seen, emb).argmax(dim=1) == truth).float().mean()
        print(f"{name}: {accuracy:.3f} of {len(truth)} hidden images")

# %% [markdown]
# One pair of encoders, three classifiers, and the label sets were chosen after training. (The prompts agree so well here
# that averaging them changes little. With the captions of the web it gains some percent.)
#
# Is that understanding? Here is a fair test. Suppose we leave every black three out of training. The network still sees
# white threes, and black ink on all other digits. It knows "black", and it knows "three". Guess before you switch: of
# the hidden black threes, how many will be recognised among the 20 prompts? Then search for other things: type a
# caption of your own, or ask for sevens rather than nines. (Your training runs once for each position of the switch.)

# %%
demos.search(train_digit_clip, zero_shot_scores)

# %% [markdown]
# Hardly any of them; for most answers to the exercise it is none at all. The last sentence under the picture says what
# they are taken for. The ink is read right and the digit is not: black threes go to other black digits, whose prompts
# have been paired with such pixels. Learning a combination from its parts is not what the loss asks for, and with 19 of
# 20 combinations seen, nothing pushed the network to do it. Real models see hundreds of millions of pairs, so that few
# combinations are missing, which makes it hard to say when they combine and when they remember.

# %% [markdown] covers="11.05"
# A word on what CLIP is not: it draws nothing. The image generator **Stable Diffusion** (Robin Rombach and others,
# 2022) uses the *text encoder* of a trained CLIP to turn your sentence into vectors, and these guide a diffusion
# process in the space of an autoencoder (lecture 18), which finally turns the result into pixels. Its core is the last
# section of this lecture.

# %% [markdown] covers="11.08 E11-power-law"
# ## Scaling laws
#
# If more parameters and more data help, by how much? That must be known *before* one spends the money. It is often
# said that the loss falls like $1/x$. Then ten times the parameters would cut it by 90 %. It doesn't. Jared Kaplan and
# others (2020) trained hundreds of language models and found, over many orders of magnitude, a power law
#
# $$L \approx \left(\frac{x_c}{x}\right)^{\alpha}$$
#
# with exponents of about 0.08 for parameters and 0.10 for data. With $\alpha = 0.076$ ten times the parameters leave
# $10^{-0.076} = 0.84$ of the loss: it falls by 16 %. Cutting it in half takes $2^{1/0.076}$, some nine thousand times
# as many. The law holds for each of the two while the other is plentiful; then the other becomes the bottleneck.
#
# (In this section $L$ is the test loss in nats per token, $\alpha$ and $\beta$ are exponents, and $n$ and $d$ count
# parameters and tokens; the papers write $N$ and $D$, which are examples and features here.)
#
# There is a catch. A power law goes to zero, and no language model can: the next word is not determined by what was
# said before. What remains is the entropy of the text, a floor $E$ that no size removes:
#
# $$L(n) = E + A\, n^{-\alpha} .$$
#
# On a log-log plot $A n^{-\alpha}$ is a straight line, $\log A - \alpha\log n$. With the floor it isn't, and over a few
# orders of magnitude the eye may not notice. Below are 25 simulated training runs, and a straight line through their
# logarithms. Where does it lie above the points, and where below? What does that say about a model a thousand times
# as large as the last one?

# %%
n, losses = data.scaling_runs(0)
slope, offset = np.polyfit(np.log(n), np.log(losses), 1)
far = np.geomspace(1e3, 1e11, 100)
figure, ax = panels(width=4.4)
ax.plot(n, losses, MARKER[INK], color=INK)
line = ax.plot(far, np.exp(offset) * far**slope, color=ORANGE, ls=DASH[ORANGE])[0]
ax.set(xscale="log", yscale="log", xlabel="parameters n", ylabel="loss", ylim=(0.45, 6), xlim=(600, 1e11))
ax.set(yticks=(0.5, 1, 2, 4), yticklabels=(0.5, 1, 2, 4))
ax.minorticks_off()
label_line(ax, line, "best line", dx=-50, dy=38)
show(figure, alt="Losses of 25 runs on log-log axes with the best straight line, which is extended to larger models.")
print(f"slope {slope:.3f}; the line predicts {np.exp(offset) * 1e11**slope:.2f} at n = 1e11")

# %% [markdown]
# The points are curved: above the line at both ends, below it in the middle. Extended, the line promises a loss of
# 0.5, and its slope is far too flat for the left half. Now subtract a floor from every loss before you take the
# logarithm. For the right $E$ the points are straight, with the right slope. So one could search over $E$; or search
# over $\alpha$, for then $E$ and $A$ enter linearly and least squares finds them.

# %% [markdown]
# ### Exercise: fit_scaling_law (3 points, 15 minutes)
# Fit loss $= E + A n^{-\alpha}$ with $E \ge 0$, $A > 0$ and $\alpha > 0$, by least squares of the log of the loss, and
# return $E$, $A$, $\alpha$. Any method will do: a search over one of them, an optimiser, `scipy`. You are judged by the
# exponent, by the given points, and by the prediction at ten times the largest $n$: without noise within 0.01 of the
# exponent and 0.5 % of the loss, with 0.3 % noise within 0.05 and 2 %. The points may come in any order, and $n$ may be
# as large as $10^{10}$, or integer.

# %% exercise="fit_scaling_law"

# %% [markdown]
# Your fit is the blue line. The orange one comes from the floor you choose, by a straight line in the left panel. Is the
# left panel straight at the floor that your fit has found? What do the points do when you choose 0.1 more? And how far
# off is the prediction for $10^{11}$ parameters when $E$ is 0.6?

# %%
demos.floor(fit_scaling_law)

# %% [markdown] covers="11.09"
# With $E = 0.6$, half of the true floor, the prediction is off by a third; with a floor that is only 0.1 too high the
# points bend downwards at the right end, and the exponent comes out as 0.4 in place of 0.3. Noise of 0.3 % is little,
# and still one needs several orders of magnitude to pin down both. Published exponents differ between papers for
# reasons like these.
#
# ### How to spend a budget
#
# Two things can be made larger, and both cost compute. A forward pass takes about two operations, a multiplication and
# an addition, for each parameter and token; the backward pass takes twice as many. So training costs
# $C = 6\,n\,d$ operations. Jordan Hoffmann and others (2022) fitted to more than 400 runs the law
#
# $$L(n, d) = E + \frac{A}{n^{\alpha}} + \frac{B}{d^{\beta}}, \qquad E = 1.69,\ A = 406.4,\ B = 410.7,\ \alpha = 0.34,\ \beta = 0.28 .$$
#
# Here is what it says, in the three views in which such curves are usually shown. In each, look for where a curve
# leaves the others and goes flat, and ask which term of the law it has run into.

# %%
E, A, B, alpha, beta = 1.69, 406.4, 410.7, 0.34, 0.28


def law(n, d):
    return E + A / n**alpha + B / d**beta


figure, axes = panels(3, width=2.6, height=2.6, sharey=True)
x = np.geomspace(1e6, 1e13, 100)
for (ax, curves, name), colour in zip(
    (
        (axes[0], [(x, law(x, d), f"d = {d:.0e}") for d in (1e9, 1e11, 1e13)], "parameters n"),
        (axes[1], [(x, law(size, x), f"n = {size:.0e}") for size in (1e7, 1e9, 1e11)], "tokens d"),
        (
            axes[2],
            [(6 * size * x, law(size, x), f"n = {size:.0e}") for size in (1e7, 1e9, 1e11)],
            "compute 6nd",
        ),
    ),
    (BLUE, PURPLE, ORANGE),
    strict=True,
):
    ax.set(xscale="log", yscale="log", xlabel=name, ylim=(1.6, 12))
    for (where, values, text), width in zip(curves, (1, 1.6, 2.4), strict=True):
        inside = (where > 1e17) if name.startswith("compute") else slice(None)
        curve = ax.plot(where[inside], values[inside], color=colour, lw=width)[0]
        text = text.replace("e+0", "e").replace("e+", "e")
        label_line(ax, curve, text, dx=2, dy=6 if name.startswith("compute") else 0)
    ax.minorticks_off()
axes[0].set(ylabel="loss", yticks=(2, 4, 8), yticklabels=(2, 4, 8))
axes[2].set(xlim=(1e17, 1e25))
show(
    figure,
    alt="Loss against parameters, tokens and compute on log-log axes: every curve falls and then goes flat at its own level.",
)

# %% [markdown]
# A curve in $n$ goes flat when $B/d^\beta$ takes over, one in $d$ when $A/n^\alpha$ does. One often reads that the law
# holds until parameters or data "plateau". Nothing in it ends: a flat curve has met the *other* term, and falls again
# when the other thing grows. On the right each curve is one model that is trained ever longer. Small models fall first,
# for they see many tokens for little compute, and are then overtaken. For every budget another size is best, and their
# common lower edge is what a lab can buy.
#
# Where does it touch? Put $d = C/(6n)$ into the law, so that only $n$ is free, and set the slope to zero:
#
# $$-\alpha A\, n^{-\alpha-1} + \beta B \left(\tfrac C6\right)^{-\beta} n^{\beta - 1} = 0
#   \quad\Longrightarrow\quad
#   n = G \left(\tfrac C6\right)^{\beta/(\alpha+\beta)}, \quad G = \left(\frac{\alpha A}{\beta B}\right)^{1/(\alpha+\beta)},$$
#
# and $d = C/(6n)$. With $\alpha = \beta = \frac12$ and $A = B$, $G = 1$ and $n = d = \sqrt{C/6}$: an even split. If data
# help little, with a small $\beta$, the exponent of $n$ is small, and most of a larger budget should go into
# *tokens*. (Surprised? A small $\beta$ means that it takes many more of them to bring their term down.)

# %% [markdown]
# ### Exercise: chinchilla_optimum (2 points, 8 minutes)
# Return parameters, tokens and the loss there, for a budget `compute` that may be a number or an array. Constants as
# above, in the order of the signature.

# %% exercise="chinchilla_optimum"

# %% [markdown] covers="11.10"
# Look at the two models on the right. GPT-3 of 2020 has 175 billion parameters and 300 billion tokens; Chinchilla of
# 2022 has 70 billion and 1.4 trillion. Which one was **undertrained**, with too few tokens for its size? Then serve
# users: answering takes $2n$ operations a token, and if a trillion tokens must be written from the same budget, how
# does the best size move?

# %%
demos.budget(chinchilla_optimum)

# %% [markdown]
# By this law GPT-3 is seven times too large for its budget and has a seventh of the tokens. (Chinchilla itself is not
# on the line either. The authors estimated the split in three ways, the two others gave larger models than this fit,
# and later work found the published constants imprecise. Extrapolation is delicate, as you have seen.) Whoever pays for
# answers, too, takes a smaller model and trains it longer than the optimum: such **overtrained** models are cheaper to
# run.
#
# Compute is the expensive resource. So what is not in the law matters as well: a better learning algorithm shifts the
# whole curve. Here one network learns the parity of 8 bits, on the same data with the same number of steps, by plain
# gradient descent at its best of five learning rates and by Adam (lecture 07).


# %%
def parity_network(length):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(length, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))


def train_directly(length, optimizer, epochs=25, **options):
    """Held-out and training accuracy of a network that is given all bits at once, trained on 4000 strings."""
    bits, parity = data.parity_strings(4000, length, 0)
    new_bits, new_parity = data.parity_strings(2000, length, 1)
    net = parity_network(length)
    steps = optimizer(net.parameters(), **options)
    for _ in range(epochs):
        for batch in torch.randperm(4000).split(200):
            steps.zero_grad()
            J = cross_entropy(net(2.0 * bits[batch] - 1), parity[batch])
            J.backward()
            steps.step()
    with torch.no_grad():
        return tuple(
            float((net(2.0 * b - 1).argmax(dim=1) == t).float().mean())
            for b, t in ((new_bits, new_parity), (bits, parity))
        )


for epochs in (5, 10, 20):
    by_rate = {lr: train_directly(8, torch.optim.SGD, epochs, lr=lr)[0] for lr in (0.03, 0.1, 0.3, 1.0, 3.0)}
    best = max(by_rate, key=by_rate.get)
    adam = train_directly(8, torch.optim.Adam, epochs, lr=3e-3)[0]
    print(f"{20 * epochs:3d} steps: SGD {by_rate[best]:.3f} (learning rate {best}), Adam {adam:.3f} (0.003)")

# %% [markdown]
# Descent needs 400 steps to get where Adam is after 100 or less: at least four times the compute. So the learning
# algorithm can be the bottleneck, and a law measured with one optimiser is a law *of that optimiser*.

# %% [markdown] covers="11.07"
# ## Buying computation with tokens
#
# A network has a fixed number of layers. Whatever you ask, it does the same amount of work before it gives its answer.
# That is strange: some questions need more work than others. Take the parity of a string of bits, 1 if the number of
# ones is odd. You would go along the string and keep a running parity in mind. Now let a network answer at once.

# %%
lengths = (4, 8, 12, 16, 24, 40)
direct = [train_directly(length, torch.optim.Adam, lr=3e-3) for length in lengths]
for length, (held_out, on_training) in zip(lengths, direct, strict=True):
    print(f"{length:2d} bits: {on_training:.3f} of the training strings, {held_out:.3f} of new ones")

# %% [markdown]
# With 8 bits there are only 256 strings, and all of them occur among the 4000. At 16 bits the network still learns its
# training strings, but gets only about seven in ten new ones right; from 24 on it knows the former by heart and
# guesses the latter. Similar strings tell it nothing, for flipping *any* bit flips the answer.
#
# Give it paper. A language model that may write intermediate results before its answer reads them as part of its input
# for the next token. Each token it writes is another pass through all layers, so computation grows with what is written;
# and what is written is memory. Maxwell Nye and others (2021) called it a *scratchpad*, and Jason Wei and others (2022)
# found that large models do it when they are merely shown examples or asked to think step by step: **chain of thought**.
# It decouples the compute from the length of the answer, and often makes answers better.
#
# All that is needed is a loop.

# %% [markdown]
# ### Exercise: scratchpad_decode (2 points, 8 minutes)
# Decode greedily: call `step` on all tokens so far, those of the prompt and your own; append the token with the largest
# logit (of equal ones the lowest); until it is the stop token, which is not part of the answer, or until there are
# `max_new` tokens. Return the new tokens and whether the stop token came. Call `step` once for each token, and leave
# `prompt` as it is.

# %% exercise="scratchpad_decode"

# %% [markdown]
# Our language has four words: the bits 0 and 1, `=` (2) and the stop token (3). Asked `1 1 0 1 =`, the model should write
# the running parities `1 0 0 1` and stop; the last of them is the answer. The step network gets two tokens looked up
# for it, the next bit that has not been dealt with and the last thing written. (Here the look-up is given. The
# **transformer**, the network inside most language models, learns such look-ups; that is what attention is for, lecture
# 13.) It has 16 hidden units, and is trained for 200 steps on strings of 8 bits. How well will it do at 40?


# %%
def looked_up(sequence):
    """The next bit (or none) and the last parity (0 before the first), as five numbers."""
    sequence = [int(token) for token in sequence]
    start = sequence.index(2)
    bits, written = sequence[:start], sequence[start + 1 :]
    features = torch.zeros(5)
    features[bits[len(written)] if len(written) < len(bits) else 2] = 1
    features[3 + (written[-1] if written else 0)] = 1
    return features


torch.manual_seed(0)
step_network = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 4))
steps = torch.optim.Adam(step_network.parameters(), lr=0.02)
examples, next_tokens = [], []
for bits in data.parity_strings(60, 8, 0)[0].tolist():
    running = np.cumsum(bits) % 2
    for i, target in enumerate([*running, 3]):
        examples.append(looked_up([*bits, 2, *running[:i]]))
        next_tokens.append(int(target))
examples, next_tokens = torch.stack(examples), torch.tensor(next_tokens)
for _ in range(200):
    steps.zero_grad()
    J = cross_entropy(step_network(examples), next_tokens)
    J.backward()
    steps.step()
print(f"{sum(p.numel() for p in step_network.parameters())} parameters, loss {J:.4f} after 200 steps")


def step(sequence):
    with torch.no_grad():
        return step_network(looked_up(sequence)).numpy()


with until_written(scratchpad_decode):
    print("1 1 0 1 = ", *scratchpad_decode(step, [1, 1, 0, 1, 2], 3, 50))
    thinking = []
    for length in lengths:
        bits, parity = data.parity_strings(100, length, 1)
        answers = [scratchpad_decode(step, [*row, 2], 3, 100) for row in bits.tolist()]
        right = [finished and written[-1:] == [t] for (written, finished), t in zip(answers, parity, strict=True)]
        thinking.append(np.mean(right))
    figure, ax = panels(width=4.2)
    ax.set(xlabel="length of the string", ylabel="new strings right", xlim=(0, 42), ylim=(0.4, 1.05))
    ax.axhline(0.5, color=GREY, lw=1, ls=DASH[GREY])
    for values, colour, name in ((thinking, BLUE, "writes steps"), ([a for a, _ in direct], ORANGE, "answers at once")):
        curve = ax.plot(lengths, values, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
        label_line(ax, curve, name, dy=9 if colour == ORANGE else -9, dx=-60)
    show(
        figure,
        alt="Accuracy on new strings against their length, for a network that answers at once and one that writes.",
    )
    direct_size = sum(p.numel() for p in parity_network(40).parameters())
    print(f"the network that answers at once has {direct_size:,} parameters at 40 bits")

# %% [markdown]
# A network with 164 parameters, called 41 times, beats one with 22,000 that is called once, at five times the length that
# it was trained on. It solves another problem: not "which of $2^{40}$ strings is this", but "the next bit, or none left,
# and one parity", of which there are six.
#
# Two warnings. Steps buy computation; they don't make an answer correct. And nothing says that the reasons a model writes
# are those that caused its answer; that has to be tested, as in lecture 10.

# %% [markdown]
# ### Question: steps_help (5 points, 8 minutes)
# Why can writing intermediate steps help a transformer with a fixed number of layers? And name a case in which it can't.

# %% [markdown] written="steps_help" points=5
# ### BEGIN MARK SCHEME
# - 2 points: each generated token adds another pass of fixed depth, so computation grows with the length of what is written.
# - 1 point: written results become inputs: they are memory.
# - 2 points: a case: knowledge that is missing (steps can't look up what was never learned), or an unreliable step that is repeated
#   (errors multiply).
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# One pass through the layers does a fixed amount of work. Every token that is generated is another pass, so a model that
# writes $m$ tokens before its answer does $m$ times as much, and in sequence: the depth of the computation grows with
# what is written. And since written tokens are inputs of the next pass, they hold intermediate results. A long problem
# becomes a chain of short ones, each within reach of the fixed depth.
#
# It can't help where the answer doesn't follow from computation: if the model has never seen the year of a battle, no
# number of steps produces it. Nor where a step is unreliable and repeated: with an error of 1 % a step, a hundred steps
# are all right with probability $0.99^{100} = 0.37$.
# ### END SOLUTION

# %% [markdown]
# ### Many attempts
#
# One can spend computation in another way: sample $k$ answers, and be content if one is right, which is fair where
# answers can be checked, such as programs with tests. **pass@k** is the chance that at least one of $k$ samples is
# right. To estimate it, draw $n \ge k$ samples for a problem ($n$ and $c$ count samples here) of which $c$ are right.
# The naive estimate puts the share $c/n$ in place of the chance: $1 - (1 - c/n)^k$. On average $c/n$ is right, but the
# $k$-th power is not: good luck and bad luck with the share don't cancel in a function that is curved. With $k = n$ and
# one right sample the naive value is $1 - (1 - 1/n)^n$, some 63 % for large $n$, although one of these $k$ samples
# *was* right.
#
# Instead, count. Of all $\binom nk$ ways to choose $k$ of the $n$ samples, $\binom{n-c}k$ contain wrong ones only:
#
# $$\text{pass@}k = 1 - \binom{n-c}{k}\Big/\binom nk = 1 - \prod_{i=0}^{k-1}\frac{n-c-i}{n-i} .$$
#
# Any $k$ of $n$ independent samples are $k$ independent samples, so each choice by itself has the right expectation,
# and so has their mean: the estimate is unbiased (Mark Chen and others, 2021). For $n = 5$, $c = 2$, $k = 2$:
# $1 - \frac35\cdot\frac24 = 0.7$; the naive value is $1 - 0.6^2 = 0.64$.

# %% [markdown]
# ### Exercise: pass_at_k (2 points, 10 minutes)
# `n` and `c` hold counts for M problems. Return one estimate a problem, as (M,) floats. $n$ may be 10,000, where
# factorials overflow. If fewer than $k$ samples are wrong, the answer is 1; if a problem has fewer than $k$ samples in
# all, raise a ValueError.

# %% exercise="pass_at_k"

# %% [markdown]
# A check by simulation: 20,000 problems of equal difficulty, each solved by a sample with a chance of 0.1, and ten samples
# each. The true value is known. Which of the two estimates errs, and to which side?

# %%
with until_written(pass_at_k):
    rng = np.random.default_rng(4)
    c = rng.binomial(10, 0.1, 20_000)
    n = np.full_like(c, 10)
    print(" k   truth   yours   naive")
    for k in (1, 2, 5, 10):
        naive = 1 - (1 - c / n) ** k
        print(f"{k:2d}   {1 - 0.9**k:.3f}   {pass_at_k(n, c, k).mean():.3f}   {naive.mean():.3f}")

# %% [markdown]
# The naive estimate is too low, and the more so the larger $k$ is. For $(1 - s)^k$ is a convex function of the share $s$:
# its mean over lucky and unlucky shares lies above its value at the mean share, so that too many failures are expected.
#
# What if nobody can check the answers? Then one can still take the answer that comes most often (**self-consistency**,
# Xuezhi Wang and others, 2022). Compare the two on simulated problems: a right answer has a chance $p$ that differs
# from problem to problem, and wrong ones are spread over three others, unevenly. With how many samples does the
# majority stop getting better?

# %%
rng = np.random.default_rng(1)
shares = rng.dirichlet((1.5, 1.0, 0.7, 0.5), 2000)  # of the right answer and three wrong ones, for each problem
samples = np.array([rng.choice(4, 200, p=p) for p in shares])  # 0 is right
print("samples   any right   majority right")
for k in (1, 3, 10, 30, 200):
    votes = np.array([np.bincount(row[:k], minlength=4) for row in samples])
    tied = votes == votes.max(axis=1, keepdims=True)
    majority = np.mean(tied[:, 0] / tied.sum(axis=1))
    print(f"{k:6d}      {np.mean((samples[:, :k] == 0).any(axis=1)):.3f}       {majority:.3f}")
print(f"problems whose most likely answer is right: {np.mean(shares.argmax(axis=1) == 0):.3f}")

# %% [markdown]
# With a perfect check more samples keep helping. The vote gains little after thirty: it converges to the most likely
# answer, and on problems where that is wrong, it makes the error certain. How good the check is decides what samples
# are worth: test-time compute is a second axis of scale, with laws of its own.

# %% [markdown] covers="11.11"
# ### Sudden abilities?
#
# Some abilities seem to appear suddenly: small models score zero, and from some size on the score shoots up. They were
# called **emergent** (Jason Wei and others, 2022). Suppose the score is that of five-digit sums, right only if all
# digits are. Suppose further that the chance $p$ to get one digit right grows smoothly with size. Try to picture the
# score of the whole answer before you look, and that of an answer of twenty digits.

# %%
sizes = np.geomspace(1e7, 1e12, 200)
p = 0.6 + 0.395 / (1 + (2e10 / sizes) ** 0.9)
figure, axes = panels(2, width=3.1)
for ax in axes:
    for digits_asked, colour, name in ((1, BLUE, "one digit"), (5, PURPLE, "5 digits"), (20, ORANGE, "20 digits")):
        curve = ax.plot(sizes, p**digits_asked, color=colour, ls=DASH[colour])[0]
        if ax is axes[1]:
            ax.text(1.4e7, 1.5 * p[0] ** digits_asked, name, color=colour)
    ax.set(xscale="log", xlabel="parameters", xlim=(1e7, 1e12), xticks=(1e8, 1e10, 1e12))
    ax.minorticks_off()
axes[0].set(ylabel="share right", ylim=(0, 1))
axes[1].set(yscale="log", ylim=(1e-5, 3))
axes[0].set_title("as it is usually drawn")
axes[1].set_title("the same numbers, log scale")
show(
    figure,
    alt=(
        "One smooth curve of digit accuracy, and the accuracy of answers of 5 and 20 digits that follow from it, "
        "on a linear and on a logarithmic axis."
    ),
)
for size in (1e8, 1e10, 1e12):
    value = float(np.interp(np.log(size), np.log(sizes), p))
    print(f"n = {size:.0e}: a digit {value:.3f}, five digits {value**5:.3f}, twenty digits {value**20:.5f}")

# %% [markdown]
# ### Question: sudden_addition (5 points, 8 minutes)
# A headline says a model suddenly learned 5-digit addition at $10^{10}$ parameters. Per-digit accuracy rose smoothly from
# 0.6 to 0.99. Explain the headline, and design a plot that would show whether something sudden happened.

# %% [markdown] written="sudden_addition" points=5
# ### BEGIN MARK SCHEME
# - 2 points: exact match of five digits is about p^5, which is steep for smooth p (0.6^5 = 0.08, 0.99^5 = 0.95).
# - 2 points: plot a continuous metric (per-digit accuracy, or the log-likelihood of the right answer) against scale, with confidence
#   intervals.
# - 1 point: notes resolution: few model sizes and small test sets exaggerate jumps.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# The headline counts answers in which all digits are right. If errors are about independent, that share is $p^5$ (or $p^6$
# with a carry). While $p$ rises from 0.6 to 0.99, it goes from 0.08 to 0.95, and most of the rise comes late: at
# $p = 0.8$ it is still 0.33. So the metric is steep, not the ability.
#
# I would plot the log-likelihood of the right answer per digit, and the accuracy per digit, against the logarithm of the
# size, with many sizes around $10^{10}$, several seeds each, and confidence intervals from a test set so large that the
# smallest expected share is still counted in dozens. If something sudden happened, these curves have a kink at $10^{10}$
# that is larger than the intervals; if not, they pass it smoothly, and $p^5$ reproduces the headline. With three sizes and
# a hundred sums nobody could tell.
# ### END SOLUTION

# %% [markdown] covers="E11-emergent"
# If all $\ell$ tokens must be right, the score is about $p^\ell$, and that is flat near zero for a long time and then
# steep, though nothing sudden happened to $p$. In the left panel answers of twenty digits seem to wake up at $10^{11}$
# parameters; on the right one sees that they begin to rise where single digits do. Rylan Schaeffer and others (2023)
# showed this for many of the published cases: with a metric that gives partial credit, the jump is gone. Add few model
# sizes and small test sets, on which a share of 0.001 reads as zero, and every curve looks like a step. It remains a
# matter of debate whether all of them are artefacts. What one can do is to ask of every sharp rise which metric it was
# drawn in.

# %% [markdown]
# ## Diffusion: from noise to samples
#
# The last idea makes pictures. Destroying one is easy: add a little noise, again and again, until nothing else is left.
# Could one learn to undo a *little* noise, and then go all the way back, from pure noise to a picture that never existed?
# (Jascha Sohl-Dickstein and others, 2015; in the form used today, Jonathan Ho and others, 2020.)
#
# **The way down is fixed.** Each of $T$ steps shrinks what is there a little and adds fresh noise of variance $\beta_t$:
#
# $$x_t = \sqrt{1 - \beta_t}\; x_{t-1} + \sqrt{\beta_t}\; \epsilon_t .$$
#
# (In this section $\beta_t$ is a variance, $t$ is the time of this process, and $\epsilon$ standard normal noise.) Why
# shrink? So that the variance stays bounded: if $x_{t-1}$ has variance 1, then so has $x_t$, since
# $(1 - \beta_t) + \beta_t = 1$. All the steps together are again a single one. Let $\bar a_t$ be the product of all
# $1 - \beta$ up to $t$. Then
#
# $$x_t = \sqrt{\bar a_t}\; x_0 + \sqrt{1 - \bar a_t}\; \epsilon .$$
#
# For if it holds for $t - 1$, the next step multiplies the signal by $\sqrt{1 - \beta_t}$, which gives $\sqrt{\bar a_t}$.
# The old noise and the fresh one are independent and normal, so they add up to one normal noise, and their variances add:
# $(1 - \beta_t)(1 - \bar a_{t-1}) + \beta_t = 1 - \bar a_t$. So one can jump to any time at once. After enough steps
# $\bar a_T \approx 0$, and $x_T$ is noise, whatever $x_0$ was.
#
# Here are eight blobs on a ring, and what 60 steps make of them. When do the blobs run together, and when is the ring
# gone?

# %%
T = 60
betas = torch.linspace(0.001, 0.2, T)
abar = torch.cumprod(1 - betas, dim=0)
ring, centres = (torch.as_tensor(part) for part in data.ring_of_gaussians(4000, std=0.1, seed=0))
noise = torch.randn(ring.shape, generator=torch.Generator().manual_seed(0))
figure, axes = panels(5, width=1.7, height=2.0)
for ax, t in zip(axes, (0, 10, 20, 35, 59), strict=True):
    x = abar[t].sqrt() * ring + (1 - abar[t]).sqrt() * noise
    ax.plot(*x[:800].T.numpy(), ".", color=GREY, ms=1.5)
    ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xticks=(), yticks=())
    ax.set_title(f"t = {t}, ā = {abar[t]:.3f}")
show(figure, alt="Eight blobs on a ring dissolve into noise in five pictures.")

# %% [markdown]
# At $t = 10$ the blobs have run together, and after 20 steps the hole in the middle is nearly closed. At the end it is
# the same cloud that any other data would have become.
#
# **What to learn.** Show a network $x_t$ and $t$, and let it guess the noise $\epsilon$ that was mixed in. That is a
# regression like those of lecture 02: draw an example, a time and a noise, mix, and minimise
# $\lVert\hat\epsilon(x_t, t) - \epsilon\rVert^2$. It can't be guessed exactly, for many pairs of $x_0$ and $\epsilon$ give
# the same $x_t$. The best answer in squared error is the mean of the noise given $x_t$, and that is all we need.

# %%
torch.manual_seed(0)


class NoiseNet(nn.Module):
    """x (N, 2) and a time, a number or (N,) -> the noise in it (N, 2)."""

    def __init__(self, width=128):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            *(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2)),
        )

    def forward(self, x, t):
        left = abar[torch.as_tensor(t).expand(len(x))][:, None]
        return self.layers(torch.cat([x, left.sqrt(), (1 - left).sqrt()], dim=1))


net = NoiseNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3000)
costs = []
for _ in range(3000):
    x_0, t, noise = ring[torch.randint(4000, (256,))], torch.randint(T, (256,)), torch.randn(256, 2)
    x_t = abar[t].sqrt()[:, None] * x_0 + (1 - abar[t]).sqrt()[:, None] * noise
    optimizer.zero_grad()
    J = ((net(x_t, t) - noise) ** 2).mean()
    J.backward()
    optimizer.step()
    schedule.step()
    costs.append(J.item())
print(
    f"squared error: {np.mean(costs[:50]):.2f} at first, {np.mean(costs[-300:]):.2f} in the end; guessing 0 would give 1"
)

# %% [markdown]
# **The way back.** Suppose we knew $x_0$. What is then the distribution of $x_{t-1}$, given $x_t$? Two things are known
# of it: from above, $x_{t-1}$ is normal about $\sqrt{\bar a_{t-1}}\,x_0$ with variance $1 - \bar a_{t-1}$; from below,
# $x_t$ is $\sqrt{1-\beta_t}\,x_{t-1}$ up to noise of variance $\beta_t$. By Bayes' rule its density is the product of
# these two but for a constant, so that the exponents add:
#
# $$-\frac{(x_{t-1} - \sqrt{\bar a_{t-1}}\,x_0)^2}{2(1 - \bar a_{t-1})}
#   - \frac{(x_t - \sqrt{1-\beta_t}\,x_{t-1})^2}{2\beta_t} .$$
#
# This is a parabola in $x_{t-1}$, and the distribution is normal again. The factor of $-\frac12 x_{t-1}^2$ is its
# **precision**, one over its variance:
#
# $$\frac1{1 - \bar a_{t-1}} + \frac{1 - \beta_t}{\beta_t} = \frac{1 - \bar a_t}{\beta_t (1 - \bar a_{t-1})} .$$
#
# The factor of $x_{t-1}$ is $\sqrt{\bar a_{t-1}}\,x_0/(1 - \bar a_{t-1}) + \sqrt{1-\beta_t}\,x_t/\beta_t$, and the mean,
# where the parabola has its top, is this divided by the precision:
#
# $$m = \frac{\sqrt{\bar a_{t-1}}\,\beta_t\; x_0 + \sqrt{1 - \beta_t}\,(1 - \bar a_{t-1})\; x_t}{1 - \bar a_t} .$$
#
# We don't know $x_0$. But $m$ is linear in it, so its mean over all $x_0$ that $x_t$ may come from is what it gives for
# the *mean* of these $x_0$; and from the mean of the noise follows that of $x_0$,
# $(x_t - \sqrt{1 - \bar a_t}\,\hat\epsilon)/\sqrt{\bar a_t}$.
# Put it in. The terms with $x_t$ collect to $1/\sqrt{1-\beta_t}$, since
# $\beta_t + (1 - \beta_t)(1 - \bar a_{t-1}) = 1 - \bar a_t$, and
#
# $$m = \frac{1}{\sqrt{1-\beta_t}}\left(x_t - \frac{\beta_t}{\sqrt{1 - \bar a_t}}\,\hat\epsilon(x_t, t)\right).$$
#
# Read it: take away *a little* of the noise, the share that came with this one step, and undo the shrinking. By hand:
# with $\beta_t = 0.19$, $\bar a_t = 0.64$, $x_t = 1$ and $\hat\epsilon = 0.5$ we get
# $(1 - \frac{0.19}{0.6}\cdot 0.5)/0.9 = 0.935$.
#
# But $x_{t-1}$ is not its mean; it is *spread* about it. So fresh noise is added, of variance $\beta_t$ (the precision
# above says $\beta_t (1 - \bar a_{t-1})/(1 - \bar a_t)$, nearly the same but for the first times; both are in use). Only
# in the very last step, where $\bar a_{t-1} = 1$ and $x_0$ itself comes out, there is no spread left: what one added
# there would only blur the result.

# %% [markdown]
# ### Exercise: ddpm_sample (3 points, 11 minutes)
# For $t$ from $T - 1$ down to 0 (times count from 0 as Python does):
# `x <- (x - betas[t]/sqrt(1 - abar[t]) * eps_model(x, t)) / sqrt(1 - betas[t])`, and then, except at $t = 0$, add
# `sqrt(betas[t]) * noises[t]`. `abar` is the running product of `1 - betas`. Return the final x without a graph, and
# leave `x_T` as it is.

# %% exercise="ddpm_sample"

# %% [markdown]
# The samples flow from noise to blobs. Above, the noise is predicted by the network that was trained a moment ago; below,
# by the *exact* mean of the noise, which has a closed form for eight Gaussian blobs and needs no training. To see
# the way and not only its end, we note what the model is asked.


# %%
def exact_noise(x, t):
    """The mean of the noise given x: over the blobs that x may come from, weighted by how likely each is."""
    middle, variance = abar[t].sqrt() * centres.float(), abar[t] * 0.1**2 + 1 - abar[t]
    weights = torch.softmax(-(torch.cdist(x, middle) ** 2) / (2 * variance), dim=1)
    return (x - weights @ middle) * (1 - abar[t]).sqrt() / variance


def near_a_centre(x):
    distance, blob = torch.cdist(x, centres.float()).min(dim=1)
    shares = torch.bincount(blob, minlength=8) / len(x)
    return (
        f"{(distance < 0.35).float().mean():.0%} within 0.35 of a centre, "
        f"{shares.min():.0%} to {shares.max():.0%} in each blob, rms distance {distance.square().mean().sqrt():.3f}"
    )


def squared_error(model):
    generator, errors = torch.Generator().manual_seed(2), []
    for t in range(T):
        noise = torch.randn(ring.shape, generator=generator)
        with torch.no_grad():
            guess = model(abar[t].sqrt() * ring.float() + (1 - abar[t]).sqrt() * noise, t)
        errors.append(((guess - noise) ** 2).mean().item())
    return np.mean(errors)


print(f"squared error: network {squared_error(net):.3f}, exact mean {squared_error(exact_noise):.3f}")
with until_written(ddpm_sample):
    generator = torch.Generator().manual_seed(1)
    x_T = torch.randn(1000, 2, generator=generator)
    noises = torch.randn(T, 1000, 2, generator=generator)
    figure, axes = panels(6, 2, width=1.6, height=1.8)
    for row, model, name in ((0, net, "network"), (1, exact_noise, "exact")):
        way = {}

        def noted(x, t, model=model, way=way):
            way[t] = x
            return model(x, t)

        way[-1] = ddpm_sample(noted, x_T, betas, noises)
        for ax, t in zip(axes[row], (59, 40, 25, 12, 5, -1), strict=True):
            ax.plot(*way[t].T.numpy(), ".", color=BLUE if model is net else GREEN, ms=1.5)
            ax.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal", xticks=(), yticks=())
            if row == 0:
                ax.set_title("the end" if t < 0 else f"t = {t}")
        axes[row][0].set_ylabel(name)
        print(f"{name}: {near_a_centre(way[-1])}")
    show(
        figure,
        alt="Two filmstrips, of the trained network and of the exact noise: a cloud of noise becomes eight blobs.",
    )
    print(f"data:    {near_a_centre(ring[:1000])}")
    print(f"exact, no fresh noise: {near_a_centre(ddpm_sample(exact_noise, x_T, betas, torch.zeros_like(noises)))}")

# %% [markdown]
# Both reach all eight blobs in fair shares. (Methods that learn to fool a critic often forget some; you'll see it in
# lecture 17.) The network leaves a few points between the blobs, the exact noise hardly any. The last line shows what
# the fresh noise is for: without it, samples end nearer to the centres than data do. With it, even those of the exact
# noise end a little farther away than data: for steps as large as ours $\beta_t$ is a little too much, and the smaller
# variance would be a little too little (0.11). With 1000 small steps both give the 0.14 of the data.
#
# The network's squared error is hardly above that of the exact mean. What is left of it can't be learned: nobody can know
# which noise it was.
#
# The demo runs your function with the exact denoiser. Which of its settings makes samples draw together, which makes
# them fly apart? How few steps will do? (It measures distances in each direction, which divides those above by
# $\sqrt 2$: data lie 0.1 from their centre.)

# %%
demos.reverse(ddpm_sample)

# %% [markdown]
# Without noise every step goes to a mean, and the samples collapse towards means. With too little of the predicted noise
# taken away the division by $\sqrt{1 - \beta}$ wins, and they drift outwards; with none they explode. With few steps
# one step has to undo too much, and the posterior isn't Gaussian any more: samples are left between the blobs.
#
# There is another way to read all this. The slope of the log-density of $x_t$ is called its **score**. Given $x_0$,
# this log-density is a parabola, and its slope is the noise but for a factor:
#
# $$\nabla \log q(x_t \mid x_0) = -\frac{x_t - \sqrt{\bar a_t}\,x_0}{1 - \bar a_t} = -\frac{\epsilon}{\sqrt{1 - \bar a_t}} .$$
#
# Without knowing $x_0$, the density $q(x_t)$ is the mean of all $q(x_t \mid x_0)$. Each of them has the slope
# $\nabla q(x_t \mid x_0) = q(x_t \mid x_0)\,\nabla \log q(x_t \mid x_0)$. So $\nabla q(x_t)/q(x_t)$, the score, is a mean
# of the slopes above with the weights $q(x_t \mid x_0)/q(x_t)$: the likelier $x_t$ came from an $x_0$, the more that one
# counts. In place of the noise stands its mean given $x_t$,
#
# $$\nabla \log q(x_t) = -\frac{\hat\epsilon(x_t, t)}{\sqrt{1 - \bar a_t}} ,$$
#
# where $\hat\epsilon$ is the best guess. So the step back is $(x_t + \beta_t \nabla\log q)/\sqrt{1-\beta_t}$: uphill in
# probability, plus noise. Predicting noise *is* learning the score (Pascal Vincent, 2011, for a single noise; Yang Song
# and Stefano Ermon, 2019, for many).
#
# Replace the two coordinates by the pixels of an image and the network by a convolutional one, and this is how images
# are generated. To make them obey a sentence, its vectors become another input of the network; taking the difference
# between the prediction with and without the sentence, and exaggerating it, makes them obey more (classifier-free
# guidance, Jonathan Ho and Tim Salimans, 2021). **Flow matching** keeps the loop and replaces the random path from
# noise to data by a straight line, along which a network learns the velocity.

# %% [markdown]
# ## What to remember
#
# A foundation model is trained once on a proxy task and used for many; the words are loose and the numbers dated. Pairs
# are labels: each row and each column of the similarity matrix is a classification problem, $\log N$ is chance, and a
# class is a sentence; combinations that were never seen may still fail. Loss falls as a power law with a small
# exponent, above a floor, and the floor must be in the fit. For a budget $C = 6nd$ the two slopes must balance, and
# whoever serves many tokens takes a smaller model. A token written is another pass through all layers, which buys
# computation but not truth. Estimate pass@k by counting, not by plugging in. If an ability seems to jump, look at the
# metric first. A diffusion model predicts noise by regression; one step back removes a little of it, undoes the
# shrinking and adds fresh noise, except at the end.
#
# What is open: how exponents depend on the quality of data and on repeating them, now that texts run out; when models
# combine what they know and when they remember; and whether anything about scale is ever truly sudden.
