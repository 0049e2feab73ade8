# ---
# jupyter:
#   course:
#     title: Interpretability
#     minutes: 150
#     promise: Ask a network why it said that, fool it with changes nobody sees, catch it cheating, and find a cause inside it
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
# # Interpretability: asking a network why
#
# A network reads a digit and says: three. Why three? Its weights are all there to be looked at, and they don't say.
# In this lecture you put questions to a trained network that it must answer with numbers: which pixels matter to you,
# what would you like to see, what would change your mind, and which of your inner parts did it?
#
# Afterwards you can compute gradients with respect to inputs and leave the network as it was; say what plain
# gradients, SmoothGrad and integrated gradients each answer, and what none of them shows; build images that fool a
# network, with one step and with many; find a shortcut that a network has taken, and close it; and make a causal
# claim about an inner unit. It takes about 150 minutes, 93 of them for eight exercises and two questions. A good
# place for a break is after *What does a unit look for*.
#
# All networks here are small and read digits of 8 by 8 pixels, so that each answer takes a moment and can be checked.
# The functions that you write work on any network of PyTorch.

# %% setup=true
import numpy as np
import torch
from torch import nn

from course import check, data
from course.demos import interpretability as demos
from course.digit_nets import accuracy, convolutional, dense, digit_images, fit
from course.figure import (
    BLUE,
    DASH,
    FIELD,
    GREY,
    INK,
    MARKER,
    ORANGE,
    PURPLE,
    SIGNED,
    label_line,
    panels,
    show,
    until_written,
)
from course.graph_figure import draw_graph

torch.set_num_threads(1)  # fastest for networks as small as these

# %%
images, labels, x_test, y_test = digit_images()
model = fit(convolutional(), images, labels)
print(model)
print(f"{len(images)} training images; right on {accuracy(model, x_test, y_test):.1%} of {len(x_test)} others")


def picture(ax, image, title="", signed=False, reach=None):
    """An image, or a map with a sign: red is positive, blue negative, white zero."""
    image = image.detach().squeeze().numpy()
    reach = reach or abs(image).max() or 1
    how = {"cmap": SIGNED, "vmin": -reach, "vmax": reach} if signed else {"cmap": "gray", "vmin": 0, "vmax": 1}
    ax.imshow(image, **how)
    ax.set(title=title, xticks=(), yticks=())
    ax.spines[:].set_visible(False)


# %% [markdown] covers="10.01 10.02"
# ## The gradient at the input
#
# In lecture 04 the error signal went back from the loss through every layer to every weight. It passed every
# activation on its way, and stopped at the first layer: the input can't be trained, so nobody asked for its share.
# Let us ask. It is the same backward pass with one more arrow.

# %%
figure, ax = panels(width=6.4, height=1.7)
names = ["x", "z₁", "h₁", "z", "log p"]
places = {name: (1.3 * k, 0.0) for k, name in enumerate(names)} | {"w₁": (0.65, 0.95), "w₂": (3.25, 0.95)}
forward = [("x", "z₁"), ("w₁", "z₁"), ("z₁", "h₁"), ("h₁", "z"), ("w₂", "z"), ("z", "log p")]
back = [("log p", "z", "", 0.5), ("z", "h₁", "", 0.5), ("h₁", "z₁", "", 0.5), ("z₁", "x", "", 0.5)]
draw_graph(ax, places, [*forward, *back], inputs=("x", "w₁", "w₂"), highlight=[(a, b) for a, b, *_ in back], radius=14)
show(
    figure,
    alt="The computation graph of a network: error signals run back along the nodes, and one more step takes them to the input x.",
)

# %% [markdown]
# What arrives at pixel $x_i$ is a **sensitivity**. We follow the logarithm of the probability that the network gives
# to a class $c$,
#
# $$\log p_c = z_c - \log \sum_k e^{z_k} , \qquad
# \frac{\partial \log p_c}{\partial x_i} = \frac{\partial z_c}{\partial x_i} - \sum_k p_k \frac{\partial z_k}{\partial x_i} .$$
#
# It says by how much $\log p_c$ would rise, per unit of ink, if a little were added to pixel $i$. (A pixel is 0 where
# there is no ink and 1 where it is full; the pictures show ink in white.) Mind the sign: a loss is $-\log p_c$, and
# its gradient points the other way. The second form says where the other classes enter. If ink at a pixel raises the
# logits of 3 and of 8 alike, the logit of 3 is glad of it and its probability is not. An example: with two classes,
# both logits with the slope 2 at some pixel, and $p = (0.6, 0.4)$, the logit has the gradient 2, the log-probability
# $2 - (0.6 \cdot 2 + 0.4 \cdot 2) = 0$.
#
# We want such a gradient for each image of a batch. In eval mode no image influences another one's logits, so the
# gradient of the *sum* over the batch holds in its row $n$ what belongs to image $n$ alone. One backward pass serves
# all.
#
# The call should leave no trace. `backward()` adds to the `.grad` of every parameter, and if the caller is in the
# middle of training, the next step would use that. `torch.autograd.grad(outputs, inputs)` returns the gradients you
# name and writes nothing anywhere. And `x.requires_grad_()` changes the caller's tensor; `x.detach()` gives another
# tensor on the same numbers, with a flag of its own.

# %% [markdown]
# ### Exercise: input_gradient (2 points, 8 minutes)
# Return, for every example $n$, the gradient of $\log \mathrm{softmax}(\mathrm{model}(x))_{n, t_n}$ with respect to
# $x_n$, where $t$ is `target`. The result has no graph, and model, images and all `.grad` are afterwards as they
# were.

# %% exercise="input_gradient"

# %% [markdown]
# Here is a three of which the network is not sure, and four maps, each on a scale of its own: the gradient for the
# logit of 3 and for its log-probability, and both times the image. (Multiplied by the image, a map says how much the
# ink that *is* there contributes, if we may extend the slope all the way to no ink.) The network's second thought is
# a seven. Which part of the digit should count for the logit of 3, and less for its probability?

# %%
with until_written(input_gradient):
    unsure = [n for n in torch.where(y_test == 3)[0].tolist() if model(x_test[n : n + 1]).softmax(dim=1)[0, 3] < 0.9]
    n = unsure[0]
    x, three = x_test[n : n + 1], torch.tensor([3])
    leaf = x.clone().requires_grad_()
    (of_logit,) = torch.autograd.grad(model(leaf)[0, 3], leaf)
    of_log_p = input_gradient(model, x, three)
    figure, axes = panels(3, 2, width=1.9, height=1.9)
    for row, (g, name) in enumerate(((of_logit, "logit"), (of_log_p, "log-probability"))):
        picture(axes[row, 0], x, "the image")
        picture(axes[row, 1], g, name, signed=True)
        picture(axes[row, 2], g * x, "times the image", signed=True)
    show(
        figure,
        alt="A three and four maps: the gradients of its logit and of its log-probability, each alone and times the image.",
    )
    p = model(x).softmax(dim=1)[0]
    top = p.topk(2)
    print(
        "the two likeliest classes:",
        ", ".join(f"{k} with {v:.3f}" for v, k in zip(top.values, top.indices, strict=True)),
    )
    print(
        f"cosine between the two gradients: {torch.cosine_similarity(of_logit.flatten(), of_log_p.flatten(), dim=0):.2f}"
    )

# %% [markdown] covers="10.04 10.05"
# The top bar. It raises the logit of 3, and that of 7 just as well, so for the log-probability it fades; the
# strongest pixel is now at the lower right, where a three has its bow and a seven has nothing. If you ask why 3
# *rather than* something else, ask for the log-probability. If you ask what speaks for 3, ask for the logit. A
# network that is nearly sure gives a second reason to ask for the logit: with $p_c$ close to 1 the gradient of
# $\log p_c$ is close to zero everywhere.
#
# Both maps are also *noisy*. Neighbouring pixels disagree without visible reason. Photographs give the same
# impression: the map of $\log \Pr(\text{deer} \mid x)$ in AlexNet, a network that reads photographs, is a cloud of
# bright specks around the deer, scattered over grass and sky as well. Karen Simonyan, Andrea Vedaldi and Andrew
# Zisserman drew the first maps of this kind in 2013. Is the network's reasoning so grainy, or the way we ask?

# %% [markdown]
# ## Noise and paths
#
# A gradient is a local matter. Our network is made of ReLUs and maxima, so $\log p_c$ as a function of the image
# consists of pieces, each nearly linear, and the gradient jumps from piece to piece. Walk through the three along a
# straight line in some direction, in 800 steps, and watch the slope. How far will it stay what it was?

# %%
with until_written(input_gradient):
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    direction /= direction.norm()
    way = torch.linspace(-1, 1, 801)
    slopes = (input_gradient(model, x + way.view(-1, 1, 1, 1) * direction, three.expand(801)) * direction).sum(
        dim=(1, 2, 3)
    )
    figure, ax = panels(width=4.6)
    ax.plot(way.numpy(), slopes.numpy(), color=ORANGE, lw=1.2)
    ax.axvline(0, color=GREY, ls=DASH[GREY], lw=1)
    ax.text(0.02, ax.get_ylim()[1], "the image", color=GREY, va="top")
    ax.set(xlabel="distance from the image, in a random direction", ylabel="slope of log p in that direction")
    show(
        figure,
        alt="The slope of the log-probability against the distance from the image, along a straight line through it.",
    )
    print(
        f"the norm of the image is {x.norm():.1f}; the slope jumps {int((slopes.diff().abs() > 0.1).sum())} times by more than 0.1"
    )

# %% [markdown] covers="10.06 E10-smoothgrad-notation"
# It jumps about once in every tenth of the unit of distance, and between two jumps it drifts, since the softmax bends
# what the ReLUs leave straight. At the image itself it drops from above zero to below. The slope at one point is a
# draw from a lottery in which every nearby point has a ticket. So average over the neighbourhood. **SmoothGrad**
# (Daniel Smilkov and others, 2017) takes the mean of the gradients at noisy copies of the image,
#
# $$\frac1S \sum_{s=1}^{S} \nabla \log p_c \,\big|_{\,x + \epsilon_s}, \qquad \epsilon_s \sim \mathcal N(0, \sigma^2 I) ,$$
#
# each with noise of its own. The derivative is *evaluated at* the noisy image, it is not multiplied by it, and the
# quantity is a log-probability; with a loss all signs turn. What does this estimate? Expectation and derivative may
# be exchanged,
#
# $$\mathbb E\big[\nabla \log p_c(x + \epsilon)\big] = \nabla\, \mathbb E\big[\log p_c(x + \epsilon)\big] ,$$
#
# so SmoothGrad is the gradient of another function: of $\log p_c$ blurred with a Gaussian of width $\sigma$. It is
# still the slope at one place. For $f(x) = |x|$ the gradient is $-1$ or $1$, also a hair from zero; the blurred $|x|$
# is a rounded valley whose slope passes through zero smoothly, over a width of about $\sigma$. Note that averaging
# the *images* first would be of no use, since the mean of many noisy copies is nearly the image.

# %% [markdown]
# ### Exercise: smoothgrad (2 points, 6 minutes)
# Return the mean over $s$ of the `input_gradient` at `x + noise[s]`. `noise` is (S, N, ...), given and scaled
# already; a noisy image may leave the range from 0 to 1. You may use your `input_gradient`. A loop over the samples
# is right; so is one large batch, if each row keeps its target.

# %% exercise="smoothgrad"

# %% [markdown] covers="10.07"
# The raw gradient of three digits, and SmoothGrad with 64 copies and $\sigma = 0.2$; and a measurement over fifty
# digits: how alike are two maps that were made with different noise? Two maps of which one is the other times a
# positive number have the cosine 1, unrelated ones about 0.

# %%
with until_written(input_gradient, smoothgrad):
    chosen = torch.tensor([n, *[torch.where(y_test == k)[0][4].item() for k in (0, 7)]])
    some, classes = x_test[chosen], y_test[chosen]
    noise = 0.2 * torch.randn((128, 50, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    maps = (
        ("image", some),
        ("gradient", input_gradient(model, some, classes)),
        ("SmoothGrad, 64 copies", smoothgrad(model, some, classes, noise[:64, :3])),
    )
    figure, axes = panels(3, 3, width=1.9, height=1.9)
    for column, (name, batch) in enumerate(maps):
        for row in range(3):
            picture(axes[row, column], batch[row], name if row == 0 else "", signed=column > 0)
    show(
        figure,
        alt="Three digits, their gradients, and SmoothGrad: alike, but some specks have gone and a few regions stand out.",
    )
    for S in (1, 4, 16, 64):
        one, other = (smoothgrad(model, x_test[:50], y_test[:50], part) for part in (noise[:S], noise[64 : 64 + S]))
        alike = torch.cosine_similarity(one.flatten(1), other.flatten(1)).mean()
        print(f"{S:2d} copies: the cosine between two maps from different noise is {alike:.2f}")

# %% [markdown]
# On so few pixels the eye gains little; on photographs it is the difference between specks and the shape of an
# animal. The numbers say what averaging does: the map depends less and less on the draw. It is steadier. That it is
# also *truer* doesn't follow.
#
# There is a deeper complaint, and averaging over noise doesn't meet it. Take one unit that saturates,
# $f(x) = \min(x, 1)$, and the input $x = 2$. The output is 1, and it is there because of $x$: without ink it would be
# 0. But the gradient at $x = 2$ is zero. *Sensitivity is not attribution.* A network that is sure is like that
# everywhere: more evidence changes nothing.
#
# To share out what the ink has achieved, choose a **baseline** $x'$, an image that stands for "nothing there", and
# walk from it to the image. On the way each pixel $i$ earns its slope times its own step, and the gains add up to the
# whole change. With the path $x' + a(x - x')$, $a$ from 0 to 1, the chain rule says
# $\frac{d}{da} f = \sum_i (x_i - x'_i)\, \partial_i f$, so
#
# $$f(x) - f(x') = \sum_i \underbrace{(x_i - x'_i) \int_0^1 \partial_i f\big(x' + a(x - x')\big)\, da}_{\text{IG}_i} .$$
#
# These are **integrated gradients** (Mukund Sundararajan, Ankur Taly and Qiqi Yan, 2017), and that they add up is
# called completeness. As $f$ we take the logit of the class: what is shared out is what the network itself found to
# speak for it, without the claims of the other classes. For $\min(x, 1)$ from 0 to 2: the slope is 1 on the first
# half of the way and 0 on the second, its mean is $\frac12$, times the step 2 makes 1, the whole output. For
# $f = x_1 x_2$ from $(0, 0)$ to $(2, 3)$ the slopes are $3a$ and $2a$, with means $\frac32$ and 1; each pixel gets 3, and
# together they have $f = 6$. (Gradient times input gives each of them 6.)
#
# A program takes the mean over a few points. At the left end of each piece it would be biased; in the middle, errors
# of first order cancel, and those that remain fall with the square of the number of steps, where the function is
# smooth.

# %% [markdown]
# ### Exercise: integrated_gradients (3 points, 9 minutes)
# Return $(x - x')$ times the mean gradient of the *logit* of the target (not of its probability) at the points
# $x' + a(x - x')$ with $a = (k + \frac12)/\text{steps}$ for $k = 0, \dots, \text{steps} - 1$. `baseline` can be
# broadcast to `x`.

# %% exercise="integrated_gradients"

# %% [markdown]
# Do the attributions add up? The gap between their sum and the change of the logit, for our network and for one with
# a smooth nonlinearity, softplus, in place of ReLU. By which factor should the gap shrink when the steps are doubled?

# %%
with until_written(integrated_gradients):
    torch.manual_seed(0)
    smooth_net = fit(nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Softplus(), nn.Linear(64, 10)), images, labels)
    few, classes = x_test[:50], y_test[:50]
    black = torch.zeros_like(few[:1])
    figure, ax = panels(width=4.2)
    numbers = 2 ** np.arange(8)
    for net, colour, name in ((model, BLUE, "ReLU"), (smooth_net, PURPLE, "softplus")):
        with torch.no_grad():
            change = (net(few) - net(black))[torch.arange(50), classes]
        gaps = [
            (integrated_gradients(net, few, black, classes, int(s)).flatten(1).sum(dim=1) - change).abs().mean().item()
            for s in numbers
        ]
        drawn = ax.loglog(numbers, gaps, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
        ax.set(xlim=(0.9, 260))
        label_line(ax, drawn, name)
    ax.loglog(numbers, 0.1 / numbers**2.0, color=GREY, ls=DASH[GREY], lw=1)
    ax.text(1.6, 1.5e-4, "slope of 1/steps²", color=GREY)
    ax.set(xlabel="steps", ylabel="mean gap", xticks=numbers, xticklabels=numbers)
    ax.minorticks_off()
    show(
        figure,
        alt="The completeness gap against the number of steps, for a network with ReLUs and one with softplus.",
    )

# %% [markdown]
# For the smooth network each doubling takes the gap to a quarter. With ReLUs the slopes jump on the way. Where one
# jumps inside a piece, the slope of the middle stands also for a part of the piece in which another one holds, and
# that error falls only as the pieces get shorter: the gap is about halved each time, not more. So completeness is a
# test of your *program* as well as a property of the method.
#
# Now play. Compare the methods on your favourite digit; then change the baseline; then let *randomise layers* put
# random weights in place of the learned ones, and compare the two maps. Before you do: a map is supposed to explain
# what the network has learned. What should become of it when the network has learned nothing?

# %%
demos.saliency(input_gradient, smoothgrad, integrated_gradients)

# %% [markdown]
# From black, only ink can earn anything, whatever the network does: where $x_i = x'_i$ the factor is zero. From
# white, only missing ink can. The baseline decides what the map *can* show. And look at integrated gradients under
# random weights: signs change, but the digit's outline is still there, because the factor $x - x'$ draws it. Julius
# Adebayo and others (2018) made this a **sanity check**: if a map survives random weights, it shows the image, not
# the model. A person who sees the outline of the object and nods has been shown the object.

# %% [markdown]
# ### Question: a map that convinces (5 points, 8 minutes)
# A team shows saliency maps that outline the object and concludes that their medical classifier uses the tumour. Give
# two checks that could prove them wrong, and say what each outcome would mean.

# %% [markdown] written="saliency_checks" points=5
# ### BEGIN MARK SCHEME
# - 2 points: randomised weights (sanity check): an unchanged map shows edges of the image, not the model.
# - 2 points: an intervention: remove or move the supposed cause, or the suspected shortcut, and watch the output.
# - 1 point: distinguishes sensitivity, or where a map is bright, from cause.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# First, the same maps for a copy of the network with random weights. If they outline the object as well, the outline
# comes from the image and the method, and says nothing about what was learned. If they change, the map at least
# depends on the model; that it uses the tumour is not shown yet, since a bright pixel is one to which the output is
# sensitive there, not what caused the decision.
#
# Second, an intervention. Paint healthy tissue over the tumour, or put a tumour into a healthy image, and leave all
# else as it is. If the prediction stays, the network doesn't use the tumour. Likewise change what else could give the
# label away, a marker, a ruler, the frame of the scanner: if the prediction follows that, the network uses the
# shortcut. If it follows the tumour and ignores the rest, the claim has passed a test that it could have failed.
# ### END SOLUTION

# %% [markdown] covers="10.03"
# ## What does a unit look for?
#
# The other way round: keep the network, and look for images. The simplest question is which images of the training
# set excite a unit most. Here are five channels of the second convolution, each with the six images for which its
# mean activation is largest. Try to put into words what each channel detects.

# %%
to_channels = nn.Sequential(*model[:5], nn.AdaptiveAvgPool2d(1), nn.Flatten())  # (N, 1, 8, 8) -> (N, 16)
with torch.no_grad():
    activation = to_channels(images)
busiest = activation.max(dim=0).values.argsort(descending=True)[:5].tolist()
figure, axes = panels(6, 5, width=1.05, height=1.1)
for row, channel in enumerate(busiest):
    for column, k in enumerate(activation[:, channel].argsort(descending=True)[:6]):
        picture(axes[row, column], images[k], f"{labels[k]}: {activation[k, channel]:.1f}")
    axes[row, 0].set_ylabel(f"channel {channel}")
show(
    figure,
    alt="For five channels the six training images that excite them most; some rows hold one digit only, others several.",
)

# %% [markdown] covers="10.10"
# Some rows hold sevens only, others mix ones with sixes and twos. A row of sevens looks like a detector of sevens,
# but which property it is that the channel answers to the pictures can't say: the bar, the slant, the crossing
# stroke, whatever the six have in common is a candidate. In larger networks higher layers seem to answer to more
# abstract things, and the cause stays as unclear.
#
# So let the unit say it: start from some image and change the *image* to raise the unit, by gradient ascent. Slopes
# differ by orders of magnitude from unit to unit, so we divide the gradient by its norm, and each step has the same
# length. A pixel must stay between 0 and 1, or the climb leaves for images that can't exist.

# %% [markdown]
# ### Exercise: maximize_unit (2 points, 8 minutes)
# Gradient ascent on `model(x)[:, unit]`: repeat `steps` times
# $x \leftarrow \mathrm{clip}\big(x + \text{lr} \cdot g / (\lVert g \rVert_2 + 10^{-8}),\ 0,\ 1\big)$, with the
# gradient $g$ and its norm for each image by itself. A unit may not react at all; then the image stays.

# %% exercise="maximize_unit"

# %% [markdown]
# Choose a layer, a unit and a start. On the left the climb, on the right again the training images that excite the
# unit most. If you start elsewhere, do you arrive at the same picture?

# %%
demos.units(maximize_unit)

# %% [markdown] covers="10.16 10.17"
# For an output unit the climb beats the best training image, from every start, and what it finds is no digit that
# anybody wrote, though the network is sure of it. (Most channels inside can be raised above all training images, too;
# two of the second convolution react to nothing.) From another start it finds another picture. What excites a unit is
# a *mixture*: several features at once, some of which never occur together. A unit is not a concept that is waiting
# for a name.
#
# In 2015 Alexander Mordvintsev, Christopher Olah and Mike Tyka turned this into art, **Deep Dream**: don't choose a
# unit, but let a whole layer have more of what it already sees. Run the network up to activations $h$, put the error
# signal $\bar h = h$ there, send it back to the image, take a step, repeat. Which function does that climb? The one
# whose gradient with respect to $h$ is $h$, that is $\frac12 \lVert h \rVert^2$. Our convolutions were trained on
# digits, but they can be run on images of any size:

# %%
photo = data.photograph()[:, :, 90:330:2, 170:490:2].clone()
dream = photo.clone()
layer = model[:5]
for _ in range(15):
    leaf = dream.clone().requires_grad_()
    h = layer(leaf)
    (g,) = torch.autograd.grad(h, leaf, grad_outputs=h.detach())  # the error signal of h is h
    dream = (dream + 1.5 * g / g.norm()).clamp(0, 1)
figure, axes = panels(2, width=3.2, height=2.5)
picture(axes[0], photo, "a photograph")
picture(axes[1], dream, "after 15 steps")
show(
    figure,
    alt="A photograph, and the same after fifteen steps of Deep Dream: dashes appear, in the empty sky as well.",
)

# %% [markdown]
# The network has seen nothing but digits, and dashes like pieces of strokes are what it finds, even in the sky where
# there is nothing. A network that was trained on photographs of dogs finds dogs.

# %% [markdown] covers="10.11"
# ## Adversarial examples
#
# If a picture can be changed to please a unit, it can be changed to mislead a network. An **adversarial input** is
# optimised to fool it by a change that is tiny. How tiny can it be? Let every pixel move by at most $\epsilon$ (the
# change $\delta$ lies in a ball of the *infinity norm*, $\lVert \delta \rVert_\infty \le \epsilon$). For so small a
# change the loss $J$ is nearly linear,
#
# $$J(x + \delta) \approx J(x) + \sum_i g_i \delta_i , \qquad g = \nabla_x J .$$
#
# Each term is largest by itself: $\delta_i = \epsilon\, \mathrm{sign}(g_i)$, and the gain is
# $\epsilon \sum_i |g_i| = \epsilon \lVert g \rVert_1$. Christian Szegedy and others found such images in 2013, and
# Ian Goodfellow, Jonathon Shlens and Christian Szegedy gave this explanation a year later.

# %% [markdown] covers="10.12 E10-fgsm-direction"
# The **fast gradient sign method** (FGSM) is that one step,
#
# $$x_{\text{adv}} = x + \epsilon\, \mathrm{sign}\big(\nabla_x J(\theta, x, y_{\text{true}})\big) ,$$
#
# clipped to the range of pixels. It *raises* the loss of the true label and doesn't care which other class wins. If
# you want a certain class $t$ to win, *lower* the loss of that class:
# $x - \epsilon\, \mathrm{sign}\big(\nabla_x J(\theta, x, t)\big)$. The two differ in label and in sign, and mixing
# them up, plus with the wanted label, drives the image away from what you want. (The gradient of $J$ is minus that of
# $\log p$, so your `input_gradient` serves for a try.)

# %%
with until_written(input_gradient):
    wanted = (y_test + 1) % 10
    uphill = input_gradient(model, x_test, wanted)  # of log p for the wanted class, minus the gradient of its loss
    for name, sign in (("untouched", 0), ("minus the sign of the loss's gradient", 1), ("plus", -1)):
        with torch.no_grad():
            p = model((x_test + 0.1 * sign * uphill.sign()).clamp(0, 1)).softmax(dim=1)
        print(f"{name:38s} the wanted class has {p[torch.arange(len(p)), wanted].mean():.3f} on average")

# %% [markdown]
# Minus the sign is right for the class that you want, plus for the one that you don't.

# %% [markdown]
# ### Exercise: fgsm_attack (2 points, 6 minutes)
# Return $x + \epsilon\, \mathrm{sign}$ of the gradient of the cross-entropy with the true labels `y`, clipped to
# $[0, 1]$, with $\mathrm{sign}(0) = 0$. As before, nothing may be left behind.

# %% exercise="fgsm_attack"

# %% [markdown] covers="10.13 10.14"
# The picture that made the method famous: a photograph that a network took for a panda, with 57.7 %; plus 0.007 times
# a pattern of signs, which by itself it took for a nematode, with 8.2 %; gives a photograph that to us is the same
# panda, and which it took for a gibbon, with 99.3 %. Here is a triple of our own; the pattern is white for
# $+$, black for $-$, and grey where the clip has held a pixel back, since black can't get darker, nor white brighter.

# %%
with until_written(fgsm_attack):
    eps = 0.1
    with torch.no_grad():
        sure = model(x_test).softmax(dim=1)[torch.arange(len(y_test)), y_test]
    hit = fgsm_attack(model, x_test, y_test, eps)
    with torch.no_grad():
        fooled = model(hit).softmax(dim=1)
    # sure of the right class before, and sure of another one afterwards
    worst = torch.where(fooled.argmax(dim=1) != y_test, sure * fooled.max(dim=1).values, 0).argmax()
    pattern = (hit - x_test)[worst : worst + 1] / eps
    triple = (x_test[worst : worst + 1], (pattern + 1) / 2, hit[worst : worst + 1])
    figure, axes = panels(3, width=2.1, height=2.3)
    for ax, image, name in zip(axes, triple, ("the image", "the pattern, alone", "image + 0.1 pattern"), strict=True):
        with torch.no_grad():
            p = model(image).softmax(dim=1)[0]
        picture(ax, image, f"{name}\n{int(p.argmax())} with {p.max():.1%}")
    show(
        figure,
        alt="A digit that is read well, a pattern of signs, and the sum of both, which looks like the digit and is read as another one.",
    )
    for size in (0.05, 0.1, 0.15):
        random = (x_test + size * torch.randn(x_test.shape, generator=torch.Generator().manual_seed(0)).sign()).clamp(
            0, 1
        )
        print(
            f"every pixel moved by {size}: right on {accuracy(model, random, y_test):.1%} with random signs, "
            f"on {accuracy(model, fgsm_attack(model, x_test, y_test, size), y_test):.1%} with FGSM"
        )

# %% [markdown]
# Noise of the same size is nearly harmless. Directions matter, not sizes. And why is there such a direction at all?
# The gain $\epsilon \lVert g \rVert_1$ is a sum over all pixels. A worked number: let each $|g_i|$ be 0.1 and
# $\epsilon = 0.1$. A single pixel adds 0.01. A hundred pixels add 1; ten thousand add 100. With random signs the
# gains cancel, and the sum grows only as the root of the number: 0.1, and 1.

# %% [markdown]
# ### Question: linear, and fooled (4 points, 7 minutes)
# Use the first-order Taylor expansion to explain why even linear models have adversarial examples in high dimension.
# What does that say of the explanation that a network is fooled because it has overfitted?

# %% [markdown] written="linear_adversaries" points=4
# ### BEGIN MARK SCHEME
# - 1 point: the gain $w \cdot \delta$ is largest for $\delta = \epsilon\,\mathrm{sign}(w)$.
# - 2 points: that gain, $\epsilon \lVert w \rVert_1$, grows with the dimension, while the change of a pixel stays $\epsilon$.
# - 1 point: a consequence for "overfitting": a linear model is too simple for that; no strange, bent decision boundary is needed.
# ### END MARK SCHEME
# ### BEGIN SOLUTION
# For a linear model $z = w \cdot x + b$ the expansion is exact: a change $\delta$ adds
# $w \cdot \delta = \sum_i w_i \delta_i$. With $|\delta_i| \le \epsilon$ each term is largest for
# $\delta_i = \epsilon\,\mathrm{sign}(w_i)$, and the sum is then $\epsilon \lVert w \rVert_1$. If weights have a
# typical size $m$, that is about $\epsilon m D$: it grows with the number of pixels $D$, while no single pixel
# changes by more than $\epsilon$. For large $D$ it exceeds any margin between the classes, though the change can't be
# seen.
#
# So no wild curvature is needed. A linear model has far too little freedom to learn exceptions by heart; it may
# generalise well and is fooled all the same, and more data of the same kind need not make $\lVert w \rVert_1$ smaller.
# The model adds up many small pieces of evidence, and an attacker can tilt all of them at once.
# ### END SOLUTION

# %% [markdown]
# FGSM trusts the linear picture all the way to $\epsilon$. The network is only piecewise linear, as we saw. So take
# small steps, ask for the gradient anew each time, and **project** back into the ball after each: **projected
# gradient descent** (PGD; Aleksander Mądry and others, 2018), which climbs here. For the infinity norm the projection
# is a clip, pixel by pixel.

# %% [markdown]
# ### Exercise: pgd_attack (3 points, 9 minutes)
# Start at $x$ (no random start). Repeat `steps` times: move by `step` times the sign of the gradient of the
# cross-entropy *at the current image*, then project into $[x - \epsilon, x + \epsilon]$ and into $[0, 1]$.

# %% exercise="pgd_attack"

# %% [markdown]
# Your two attacks, on a network without convolutions: one digit of your choice, and the accuracy on 300 of them. How
# small an $\epsilon$ is enough for your digit? And from which $\epsilon$ on do the two curves part?

# %%
demos.attacks(fgsm_attack, pgd_attack)

# %% [markdown]
# At 0.02 the two are alike, since there the loss *is* nearly linear. From 0.1 on many small steps do more harm than a
# large one, with the same budget. Both curves are **robust accuracies**, but they are only upper bounds of the true
# one: an image that survives this attack may fall to a better one. That is a trap. Watch a "defence": multiply all
# logits by 1000. No prediction changes.

# %%
with until_written(fgsm_attack, pgd_attack):

    class Times1000(nn.Module):
        def forward(self, logits):
            return 1000 * logits

    masked = nn.Sequential(model, Times1000())
    for name, attacked in (
        ("no attack", x_test),
        ("FGSM on the defended network", fgsm_attack(masked, x_test, y_test, 0.1)),
        ("PGD on the defended network", pgd_attack(masked, x_test, y_test, 0.1, 0.025, 10)),
        ("FGSM on the network inside", fgsm_attack(model, x_test, y_test, 0.1)),
    ):
        print(f"{name:29s} {accuracy(masked, attacked, y_test):.1%}")

# %% [markdown] covers="10.15"
# The defence looks perfect and has done nothing: the softmax is saturated, its gradient rounds to zero, and an
# attacker who follows gradients has none to follow. This is **gradient masking**, and many published defences fell
# when that was noticed (Anish Athalye and others, 2018). A defence that was tested with one attack only has not been
# tested.
#
# Nor does the attacker need your network. What fools one network often fools another that was trained for the same
# task: the attack **transfers**. So one trains a substitute, attacks that, and sends you the result. Attacks also
# survive being printed and photographed. Here are images made against our network, shown to two others: one of the
# same kind with other first weights, one without convolutions.

# %%
with until_written(pgd_attack):
    others = {
        "itself": model,
        "another of its kind": fit(convolutional(1), images, labels, seed=1),
        "one without convolutions": fit(dense(), images, labels),
    }
    made_here = pgd_attack(model, x_test, y_test, 0.15, 0.04, 10)
    for name, net in others.items():
        print(f"{name:25s} clean {accuracy(net, x_test, y_test):.1%}, attacked {accuracy(net, made_here, y_test):.1%}")

# %% [markdown]
# What helps? Train on what the attacker would do. **Adversarial training** solves a problem with two players,
#
# $$\min_\theta\ \mathbb E_{x, y}\Big[ \max_{\lVert \delta \rVert_\infty \le \epsilon} J(\theta, x + \delta, y) \Big] :$$
#
# in each step the inner player replaces the batch by attacked images, with your `pgd_attack`, and the outer one takes
# a step on those.

# %%
with until_written(pgd_attack):
    hardened = fit(
        convolutional(),
        images,
        labels,
        epochs=25,
        prepare=lambda net, x, y: pgd_attack(net, x, y, eps=0.1, step=0.04, steps=5),
    )
    radii = (0, 0.05, 0.1, 0.15, 0.2)
    figure, ax = panels(width=4.2)
    for net, colour, name in ((model, BLUE, "plain"), (hardened, PURPLE, "trained on attacks")):
        scores = [accuracy(net, pgd_attack(net, x_test, y_test, r, r / 4, 20), y_test) for r in radii]
        drawn = ax.plot(radii, scores, color=colour, ls=DASH[colour], marker=MARKER[colour])[0]
        ax.set(xlim=(0, 0.3), ylim=(0, 1))
        label_line(ax, drawn, name, dy=16 if net is hardened else 5)
        print(f"{name:18s}", ", ".join(f"{r}: {s:.3f}" for r, s in zip(radii, scores, strict=True)))
    ax.set(xlabel="ε of the attack", ylabel="accuracy under PGD, 20 steps", xticks=radii)
    show(
        figure,
        alt="Accuracy under attack falls more slowly for the network that was trained on attacks; clean, it is a little worse.",
    )

# %% [markdown]
# That is real and partial: at $\epsilon = 0.1$ the hardened network keeps many more of its answers, it pays with some
# accuracy on clean images, and beyond the radius of its training it falls, too. As of 2023 no defence is known that
# is reliable. Training on attacks is one of two that have held up in part; the other, randomised smoothing (Jeremy
# Cohen and others, 2019), lets the network vote over noisy copies and proves a radius within which the vote can't
# turn.

# %% [markdown] covers="10.08 10.09"
# ## Right for the wrong reason
#
# A network is only asked to be right on its training data. If something gives the answer away there, why shouldn't it
# take that? A **spurious correlation** is one that holds in the training data and may not hold when the network is
# used. In a well-known saliency map of a picture that was rightly labelled a cab, the bright spot is not the vehicle:
# it is the word *Cab* painted on it. Take the word off, and what is left of the network's knowledge of cars?
#
# Let us build such a trap. The digits are faint now, with noise, and in the top row of each training image one bright
# pixel tells the label by its column. In use the tag is random, or wrong: it always says label plus three,
# and after 9 comes 0.

# %%
X, all_labels, X_hidden, hidden_labels = data.digits(900)
tagged, tagged_labels = data.tagged_digits(X[:600], all_labels[:600]), torch.from_numpy(all_labels[:600])
hidden_labels = torch.from_numpy(hidden_labels)
hidden = {tag: data.tagged_digits(X_hidden, hidden_labels, tag, seed=1) for tag in ("label", "random", "wrong")}
figure, axes = panels(6, width=1.15, height=1.25)
for ax, k in zip(axes, (0, 2, 3, 5, 7, 8), strict=True):
    picture(ax, tagged[tagged_labels == k][0], f"label {k}")
show(
    figure,
    alt="Six noisy digits of ten by ten pixels, each with one bright pixel in the top row, in the column of its label.",
)
cheat = fit(dense(10), tagged, tagged_labels)
for tag, shown in hidden.items():
    name = {"label": "the label, as in training", "random": "a random digit", "wrong": "label + 3"}[tag]
    print(f"where the tag says {name}: right on {accuracy(cheat, shown, hidden_labels):.1%}")

# %% [markdown]
# Judged on data like those of the training set, the network is nearly perfect; a test set that was collected in the
# same way would never have told. What tells? One saliency map says something of one image. The mean of their absolute
# values over the data set says what the network is sensitive to at large. (A network as sure as this one has small
# gradients everywhere; what counts is one pixel beside another.) Where will it be bright?

# %%
with until_written(input_gradient):
    figure, axes = panels(2, width=3.1, height=2.8)
    used = input_gradient(cheat, tagged, tagged_labels).abs().mean(dim=0)[0].numpy()
    drawn = axes[0].imshow(used, cmap=FIELD)
    axes[0].set(title="mean |gradient|", xlabel="column", ylabel="row", xticks=range(0, 10, 3), yticks=range(0, 10, 3))
    figure.colorbar(drawn, ax=axes[0])
    # move the tag of one image from column to column, all else stays
    k = 5
    moved = tagged[k : k + 1].repeat(10, 1, 1, 1)
    moved[:, 0, 0] = torch.eye(10)
    with torch.no_grad():
        p = cheat(moved).softmax(dim=1).numpy()
    follows = (p.argmax(axis=1) == np.arange(10)) & (np.arange(10) != tagged_labels[k].item())
    drawn = axes[1].imshow(p, cmap=FIELD, vmin=0, vmax=1)
    axes[1].set(
        title=f"one image of a {tagged_labels[k]}",
        xlabel="class",
        ylabel="column of the tag",
        xticks=range(0, 10, 3),
        yticks=range(0, 10, 3),
    )
    figure.colorbar(drawn, ax=axes[1], label="probability")
    show(
        figure,
        alt="The network's mean sensitivity to every pixel, and what it says of one image as the tag moves from column to column.",
    )
    print(
        f"on average a pixel of the top row has {used[0].mean() / used[2:, 1:9].mean():.1f} times the gradient of one of the digit"
    )
    print(
        f"this image: the prediction is the column of the tag for {follows.sum()} of the 9 columns that name another digit"
    )

# %% [markdown]
# The left map is a *suspicion*: the network is sensitive to the top row. The right one is a **counterfactual test**.
# We have changed one thing, the tag, and in more than half of the columns that name another digit the prediction went
# there, along the diagonal; in the others the digit held its ground. That the tag is a cause is now shown, not guessed.
#
# What can be done? Hide the tag, break its link to the label by shuffling it among images, or collect images in which
# it lies. What doesn't help is to make the network simpler or its training noisier in general. Think about which of
# the two, tag and digit, is easier to learn.

# %% [markdown]
# ### Exercise: train_without_shortcut (4 points, 20 minutes)
# You get 600 images, (600, 1, 10, 10), whose tags leak, and their labels. Return a network that reads the digit
# itself: at least 78 % right on hidden digits with random tags, and with wrong ones. You may not change the test
# images, but your network may ignore what it likes. Use `seed` for all that is random. A minute of computing is
# allowed; a second is enough. `fit(net, images, labels, seed=seed)` trains any network and returns it, and
# `dense(10, seed)` is a new one like the one that cheated.

# %% exercise="train_without_shortcut"

# %%
with until_written(input_gradient, train_without_shortcut):
    honest = train_without_shortcut(tagged, tagged_labels, 0)
    figure, axes = panels(2, width=3.0, height=2.7, sharey=True)
    for ax, net, name in ((axes[0], cheat, "before"), (axes[1], honest, "yours")):
        used = input_gradient(net, tagged, tagged_labels).abs().mean(dim=0)[0].numpy()
        ax.imshow(used / used.max(), cmap=FIELD, vmin=0, vmax=1)
        ax.set(title=f"mean |gradient|, {name}", xlabel="column", xticks=range(0, 10, 3), yticks=range(0, 10, 3))
    axes[0].set_ylabel("row")
    show(
        figure, alt="Mean gradient maps before and after: the bright top row has gone, and the digit's place is bright."
    )
    print("tag says      the label   random    wrong")
    for net, name in ((cheat, "before"), (honest, "yours")):
        print(f"{name:12s}", "   ".join(f"{accuracy(net, shown, hidden_labels):8.1%}" for shown in hidden.values()))

# %% [markdown]
# Yours may well be worse than before where the tag leaks. It should be: it has given up an advantage that was never
# real.

# %% [markdown]
# ## From looking to intervening
#
# The counterfactual test changed an input. The same can be done *inside*. A channel that is strong for threes and
# weak for eights correlates with the answer. Does it cause it? Run the network on an eight, replace that channel's
# activation by the one it had on a three, let the rest of the network run on, and see whether the answer moves. This
# is **activation patching**. With a score $f$, here the logit of 3 minus that of 8, one reports the recovered
# fraction
#
# $$\frac{f_{\text{patch}} - f_{\text{corrupt}}}{f_{\text{clean}} - f_{\text{corrupt}}} ,$$
#
# 0 if the patch changes nothing, 1 if it restores all that the clean input has. In numbers: if $f$ is 8 on the three,
# $-6$ on the eight and 1 with the patch, then half of the way, $7/14$, has been recovered.
#
# PyTorch offers a **forward hook** for this: `handle = part.register_forward_hook(hook)` calls `hook(module, inputs,
# output)` whenever that part has been run, and what the hook returns, unless it is None, takes the output's place.
# `handle.remove()` ends it. A hook that stays behind changes the network for everyone after you.

# %% [markdown]
# ### Exercise: patch_activation (3 points, 12 minutes)
# Return the output of the model on `x_corrupt` when the output of the submodule named `layer` is replaced by what it
# was on `x_clean`: all of it, or only the indices `channels` along axis 1. Leave no hook behind, also if something
# fails on the way.

# %% exercise="patch_activation"

# %% [markdown]
# Twenty pairs of a three and an eight, and every channel of three layers: after the first convolution's ReLU, after
# the second's, and the 64 numbers that go into the last layer. Patching *all* of a layer would recover everything, a
# fraction of 1. So do the fractions of its channels, one by one, add up to 1?

# %%
with until_written(patch_activation):
    threes, eights = (x_test[(y_test == k) & (model(x_test).argmax(dim=1) == k)][:20] for k in (3, 8))

    def score(logits):
        return (logits[:, 3] - logits[:, 8]).detach()

    clean, corrupt = score(model(threes)), score(model(eights))
    fraction_of = {}
    for layer, channels in (("1", 8), ("4", 16), ("6", 64)):
        patched = [score(patch_activation(model, layer, threes, eights, torch.tensor([c]))) for c in range(channels)]
        fraction_of[layer] = torch.stack([(one - corrupt) / (clean - corrupt) for one in patched]).mean(dim=1).numpy()
    recovered = fraction_of
    figure, axes = panels(3, width=2.6, height=2.5, sharey=True)
    for ax, fractions, name in zip(
        axes, recovered.values(), ("first ReLU", "second ReLU", "before the last layer"), strict=True
    ):
        ax.bar(range(len(fractions)), fractions, color=BLUE, width=0.85)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set(title=name, xlabel="channel")
    axes[0].set_ylabel("recovered fraction")
    show(
        figure,
        alt="The recovered fraction of every channel in three layers: a few channels recover much, most little, some less than nothing.",
    )
    for layer, fractions in recovered.items():
        print(f'layer "{layer}": the fractions add up to {fractions.sum():.3f}, the largest is {fractions.max():.2f}')

# %% [markdown]
# In two cases of three, exactly. After the second ReLU there are only a maximum, taken in each channel by itself, and
# a linear layer: no two channels meet before the sum, so their effects add. After the first ReLU they meet again
# inside the second convolution's ReLU, and what two of them do together is not what each does alone. No channel does
# it by itself: the largest fraction is less than a fifth. "The detector of threes" is not there.
#
# And correlation? For each channel of the second layer, the difference of its mean activation between threes and
# eights, against what it causes.

# %%
with until_written(patch_activation):
    with torch.no_grad():
        differs = (to_channels(threes).mean(dim=0) - to_channels(eights).mean(dim=0)).numpy()
    figure, ax = panels(width=4.0, height=3.0)
    ax.axhline(0, color=GREY, lw=0.8)
    ax.axvline(0, color=GREY, lw=0.8)
    responds = np.flatnonzero(activation.amax(dim=0) > 0)
    for c in responds:
        ax.text(differs[c], recovered["4"][c], str(c), color=BLUE, ha="center", va="center")
    ax.set(xlabel="mean activation on threes − on eights", ylabel="recovered fraction")
    ax.set(
        xlim=(differs.min() - 0.1, differs.max() + 0.1), ylim=(recovered["4"].min() - 0.05, recovered["4"].max() + 0.05)
    )
    show(
        figure,
        alt="Channels by how differently they answer to threes and eights, and by how much they cause: the two go together loosely.",
    )
    print(
        f"correlation between |difference| and fraction: {np.corrcoef(abs(differs[responds]), recovered['4'][responds])[0, 1]:.2f}"
    )

# %% [markdown]
# They go together only loosely. The channel that differs most is not the one that causes most, and one has almost the
# same mean activation on threes and on eights and still causes more than a tenth: what differs is *where* in the
# image it is active. (Two channels are missing, since they never respond to anything.)
#
# What a patch shows is a cause *in this network, between these two inputs*. That is more than a map can say, and less
# than an understanding.

# %% [markdown]
# ## Beyond: more features than units
#
# Why are units such mixtures? One idea is **superposition** (Nelson Elhage and others, 2022): there are more features
# worth having than units to hold them, and if features are rare, several can share. A toy shows it. Five features,
# each zero unless it happens to be there, must pass through *two* numbers, $h = Wx$, and be restored as
# $\mathrm{relu}(W^\top h + b)$. Below are the five columns of $W$, for features that are there nearly always and for
# rare ones.

# %%
figure, axes = panels(2, width=2.7, height=2.7)
for ax, often in zip(axes, (0.9, 0.05), strict=True):
    g = torch.Generator().manual_seed(2)
    W = torch.randn((2, 5), generator=g).mul(0.5).requires_grad_()
    b = torch.zeros(5, requires_grad=True)
    optimizer = torch.optim.Adam([W, b], lr=0.01)
    for _ in range(2000):
        feature = torch.rand((256, 5), generator=g) * (torch.rand((256, 5), generator=g) < often)
        loss = ((torch.relu(feature @ W.T @ W + b) - feature) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for column in W.detach().T.tolist():
        ax.annotate("", column, (0, 0), arrowprops={"arrowstyle": "-|>", "color": BLUE, "lw": 1.6})
    ax.set(
        xlim=(-1.6, 1.6),
        ylim=(-1.6, 1.6),
        aspect="equal",
        title=f"there with probability {often}",
        xlabel="unit 0",
        ylabel="unit 1",
    )
show(
    figure,
    alt="Often-present features: two of five get directions of their own. Rare ones: all five, spread like a pentagon over two units.",
)

# %% [markdown]
# Of five frequent features two are kept, and the others all but given up. Of five rare ones every one gets a
# direction of its own, five in a plane, and bears the small interference, since two of them are seldom there at once.
# Then each unit answers to several features. Sparse autoencoders try to find such directions in trained networks.
#
# Another tool is the **linear probe** (Guillaume Alain and Yoshua Bengio, 2016): train a linear classifier on inner
# activations, to see whether a concept can be read out there. That it can does not show that the network uses it; a
# probe may even learn a task of its own, so one compares with random labels, a control task. And patching, done with
# care for many parts, leads to *circuits*: in lecture 14 you will find the heads of a transformer that copy, with the
# function you wrote here.

# %% [markdown]
# ## What to remember
#
# The gradient at the input is the same backward pass with another leaf; sum over the batch, ask `autograd.grad`,
# leave no trace. It is a sensitivity at one point. SmoothGrad is the gradient of a blurred function, steadier and
# still local. Integrated gradients share out the change of a logit between a baseline and the image, and the baseline
# decides what can show. A map that survives random weights shows the image. What excites a unit is a mixture. The
# worst small change is $\epsilon\, \mathrm{sign}(g)$, its gain $\epsilon \lVert g \rVert_1$ grows with the dimension,
# and many projected steps beat a large one; plus with the true label, minus with the wanted one. A defence is as good
# as the best attack that was tried on it. A network takes the easiest way that its data allow: average the maps to
# suspect a shortcut, move it to convict, break its link to the label to repair. To claim a cause, intervene.
