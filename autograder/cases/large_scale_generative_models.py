"""Lecture 11, large-scale generative models: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, normalize

from autograder.exercise import Exercise
from autograder.reference import large_scale_generative_models as reference
from course import given, probes, signs, views
from course.case import Case


def _tensor(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> torch.Tensor:
    """Rounded to two digits."""
    return torch.from_numpy((scale * rng.normal(size=shape)).round(2))


# ------------------------------------------------------------------------------------------ the loss of pairs


def embeddings(rng: np.random.Generator) -> Iterator[Case]:
    def pairs(name: str, N: int, D: int, log_scale: float, lengths: float = 0.0, **options) -> Case:
        """lengths: how far the logarithms of the rows' lengths spread"""
        both = []
        for _ in range(2):
            rows = _tensor(rng, N, D) * torch.from_numpy(np.exp((lengths * rng.normal(size=(N, 1))).clip(-2, 3)))
            both.append(rows.mul(1000).round().div(1000))
        return Case(name, *both, torch.tensor(log_scale, dtype=torch.float64), **options)

    def sharp(name: str, N: int, log_scale: float) -> Case:
        """Clear-cut pairs, of which the first two have changed partners: every softmax is all or nothing, in any precision."""
        places = torch.eye(N)[torch.from_numpy(rng.permutation(N))]
        both = [(places + 0.05 * _tensor(rng, N, N).clamp(-1, 1)).float() for _ in range(2)]
        both[1] = both[1][[1, 0, *range(2, N)]]
        both = [rows.mul(1000).round().div(1000) * torch.tensor([[10.0], [20.0], *[[5.0]] * (N - 2)]) for rows in both]
        return Case(name, *both, torch.tensor(log_scale, dtype=torch.float32))

    yield pairs("four pairs", 4, 3, 1.0)
    yield pairs("log_scale = 0: the cosines themselves", 3, 4, 0.0)
    yield pairs("embeddings of very different length", 3, 2, 1.5, lengths=2.0)
    yield pairs("more pairs than features", 5, 2, 2.0)
    yield sharp("a sharp temperature, log_scale = 4.6, in float32", 3, 4.6)
    yield sharp("a very sharp temperature, log_scale = 6, in float32", 4, 6.0)
    yield pairs("a single pair", 1, 3, 1.0, edge=True)
    image_emb, text_emb, log_scale = pairs("", 4, 3, 1.0).arguments
    image_emb[int(rng.integers(4))] = 0
    yield Case("a row of zeros", image_emb, text_emb, log_scale, edge=True)


clip_loss = Exercise(
    reference.clip_loss,
    points=3,
    cases=embeddings,
    outputs=("the loss", "the gradients of image_emb and text_emb", "the gradient of log_scale"),
    probe=probes.with_gradients,
    view=views.finite_at_zero_rows,
    rtol=1e-5,
    atol=1e-6,
    lean=True,
)


def _logits(image_emb, text_emb, log_scale):
    return log_scale.exp() * normalize(image_emb, dim=1) @ normalize(text_emb, dim=1).T


def _two_directions(logits, **options):
    pairs = torch.arange(len(logits))
    return (cross_entropy(logits, pairs, **options) + cross_entropy(logits.T, pairs, **options)) / 2


@clip_loss.mistake
def one_direction(image_emb, text_emb, log_scale):
    """Exchange images and texts: the loss must not change. Yours takes the softmax in one direction only."""
    logits = _logits(image_emb, text_emb, log_scale)
    return cross_entropy(logits, torch.arange(len(logits)))


@clip_loss.mistake
def one_direction(image_emb, text_emb, log_scale):
    logits = _logits(image_emb, text_emb, log_scale)
    return cross_entropy(logits.T, torch.arange(len(logits)))


@clip_loss.mistake
def not_normalised(image_emb, text_emb, log_scale):
    """Doubling an embedding changes your loss; only directions should count."""
    return _two_directions(log_scale.exp() * image_emb @ text_emb.T)


@clip_loss.mistake
def one_side_not_normalised(image_emb, text_emb, log_scale):
    """One of the two sides keeps its lengths: doubling an embedding there changes your loss. What is a cosine divided by?"""
    return _two_directions(log_scale.exp() * normalize(image_emb, dim=1) @ text_emb.T)


@clip_loss.mistake
def one_side_not_normalised(image_emb, text_emb, log_scale):
    return _two_directions(log_scale.exp() * image_emb @ normalize(text_emb, dim=1).T)


@clip_loss.mistake
def normalises_columns(image_emb, text_emb, log_scale):
    """An example is a row, and a row is what must get the length 1. Along which axis do you take your norms?"""
    return _two_directions(log_scale.exp() * normalize(image_emb, dim=0) @ normalize(text_emb, dim=0).T)


@clip_loss.mistake
def divides_by_scale(image_emb, text_emb, log_scale):
    """A larger log_scale must sharpen the softmax. Yours makes it flatter: it is a scale, the inverse of a temperature."""
    return _two_directions(_logits(image_emb, text_emb, -log_scale))


@clip_loss.mistake
def scale_not_exponentiated(image_emb, text_emb, log_scale):
    """At log_scale = 0 the cosines should be unchanged. What is the scale whose logarithm you were given?"""
    return _two_directions(log_scale * normalize(image_emb, dim=1) @ normalize(text_emb, dim=1).T)


@clip_loss.mistake
def scale_forgotten(image_emb, text_emb, log_scale):
    """Your loss doesn't depend on log_scale. Cosines alone lie between -1 and 1, and a softmax of such numbers is never sharp."""
    return _two_directions(normalize(image_emb, dim=1) @ normalize(text_emb, dim=1).T)


@clip_loss.mistake(sign=signs.not_finite)
def naive_softmax_overflow(image_emb, text_emb, log_scale):
    """Your loss is NaN or infinite for a sharp temperature: an exponential overflows, or a probability becomes 0 before its
    logarithm is taken. Use a log-softmax."""
    raised = _logits(image_emb, text_emb, log_scale).exp()
    rows, columns = raised / raised.sum(dim=1, keepdim=True), raised / raised.sum(dim=0, keepdim=True)
    return -(rows.diagonal().log().mean() + columns.diagonal().log().mean()) / 2


@clip_loss.mistake(sign=signs.not_finite)
def naive_softmax_overflow(image_emb, text_emb, log_scale):
    logits = _logits(image_emb, text_emb, log_scale)
    return -(logits.softmax(dim=1).diagonal().log().mean() + logits.softmax(dim=0).diagonal().log().mean()) / 2


@clip_loss.mistake
def no_half(image_emb, text_emb, log_scale):
    """At chance the loss is log N; yours is twice that."""
    return 2 * _two_directions(_logits(image_emb, text_emb, log_scale))


@clip_loss.mistake
def sum_not_mean(image_emb, text_emb, log_scale):
    """Your loss grows with the number of pairs: each cross-entropy is a mean over them, not a sum."""
    return _two_directions(_logits(image_emb, text_emb, log_scale), reduction="sum")


@clip_loss.mistake
def sum_not_mean(image_emb, text_emb, log_scale):
    return 2 * _two_directions(_logits(image_emb, text_emb, log_scale), reduction="sum")


@clip_loss.mistake
def softmax_twice(image_emb, text_emb, log_scale):
    """cross_entropy takes logits and does the softmax itself; what you hand to it has been through one already."""
    logits = _logits(image_emb, text_emb, log_scale)
    pairs = torch.arange(len(logits))
    rows, columns = logits.softmax(dim=1), logits.T.softmax(dim=1)
    return (cross_entropy(rows, pairs) + cross_entropy(columns, pairs)) / 2


@clip_loss.mistake
def only_pulls(image_emb, text_emb, log_scale):
    """Your loss looks at matching pairs alone, so it is least when all embeddings are equal. What of the N - 1 other captions of an
    image?"""
    return -_logits(image_emb, text_emb, log_scale).diagonal().mean()


@clip_loss.mistake
def scale_clamped(image_emb, text_emb, log_scale):
    """Right as long as the scale is at most 100. CLIP held its learned scale below that while training; the loss of this exercise
    takes log_scale as it is."""
    return _two_directions(_logits(image_emb, text_emb, log_scale.clamp(max=math.log(100))))


@clip_loss.mistake
def scale_without_gradient(image_emb, text_emb, log_scale):
    """The loss is right, but no gradient reaches log_scale, which is learned as well. A plain number has no gradient: keep it a
    tensor."""
    return _two_directions(_logits(image_emb, text_emb, log_scale.detach()))


@clip_loss.mistake
def embeddings_without_gradient(image_emb, text_emb, log_scale):
    """The loss is right, but no gradient reaches the embeddings, so nothing would be learned. Where is the graph cut?"""
    return _two_directions(_logits(image_emb.detach(), text_emb.detach(), log_scale))


@clip_loss.mistake(sign=signs.not_finite)
def zero_row_unguarded(image_emb, text_emb, log_scale):
    """A row of zeros makes your loss or its gradients NaN. Divide by max(norm, 1e-12), as normalize does."""
    image_emb, text_emb = (rows / (rows**2).sum(dim=1, keepdim=True).sqrt() for rows in (image_emb, text_emb))
    return _two_directions(log_scale.exp() * image_emb @ text_emb.T)


# ------------------------------------------------------------------------------------------ prompts as a classifier


def prompts(rng: np.random.Generator) -> Iterator[Case]:
    def described(name: str, N: int, C: int, P: int, D: int, lengths: float = 0.5, **options) -> Case:
        image_emb = _tensor(rng, N, D, scale=2.0)
        common = 0.7 * rng.normal(size=(C, 1, D))  # so that the prompts of a class don't cancel
        prompt_emb = (common + rng.normal(size=(C, P, D))) * np.exp((lengths * rng.normal(size=(C, P, 1))).clip(-2, 3))
        return Case(name, image_emb, torch.from_numpy(prompt_emb.round(3)), **options)

    yield described("three prompts a class", 5, 4, 3, 6)
    yield described("one prompt a class", 4, 3, 1, 5)
    yield described("prompts of very different length", 3, 2, 4, 5, lengths=2.0)
    yield described("all sizes equal", 4, 4, 4, 4)
    yield described("two classes, many prompts", 7, 2, 9, 3)
    one = described("", 3, 5, 2, 4)
    yield Case("float32", *(a.float() for a in one.arguments))
    yield described("a single image", 1, 3, 2, 4, edge=True)


zero_shot_scores = Exercise(
    reference.zero_shot_scores, points=2, cases=prompts, outputs=("scores",), rtol=1e-6, atol=1e-8
)


@zero_shot_scores.mistake
def averages_raw_prompts(image_emb, prompt_emb):
    """One prompt with a long vector should count no more than the others."""
    return normalize(image_emb, dim=1) @ normalize(prompt_emb.mean(dim=1), dim=1).T


@zero_shot_scores.mistake
def class_vector_not_renormalised(image_emb, prompt_emb):
    """An average of unit vectors is shorter than 1; classes with varied prompts get smaller scores."""
    return normalize(image_emb, dim=1) @ normalize(prompt_emb, dim=2).mean(dim=1).T


@zero_shot_scores.mistake
def class_vector_not_renormalised(image_emb, prompt_emb):
    return normalize(image_emb, dim=1) @ normalize(prompt_emb, dim=2).sum(dim=1).T


@zero_shot_scores.mistake
def image_not_normalised(image_emb, prompt_emb):
    """Your scores can exceed 1: a long image vector makes all of them larger."""
    return image_emb @ normalize(normalize(prompt_emb, dim=2).mean(dim=1), dim=1).T


@zero_shot_scores.mistake
def averages_over_classes(image_emb, prompt_emb):
    """Average over the prompts of a class, not over the classes."""
    return normalize(image_emb, dim=1) @ normalize(normalize(prompt_emb, dim=2).mean(dim=0), dim=1).T


@zero_shot_scores.mistake
def norms_along_the_prompts(image_emb, prompt_emb):
    """A prompt's vector lies along the last axis of (C, P, D). Along which axis do you take its norm? normalize takes that of axis 1
    unless told otherwise, and here that runs over the prompts of a class."""
    return normalize(image_emb, dim=1) @ normalize(normalize(prompt_emb, dim=1).mean(dim=1), dim=1).T


@zero_shot_scores.mistake
def best_prompt_only(image_emb, prompt_emb):
    """The task asks for one vector per class; you let each image choose the prompt that it likes best."""
    return torch.einsum("nd,cpd->ncp", normalize(image_emb, dim=1), normalize(prompt_emb, dim=2)).amax(dim=2)


@zero_shot_scores.mistake
def first_prompt_only(image_emb, prompt_emb):
    """Your scores don't change when a class gets other prompts after its first one. All P of them count."""
    return normalize(image_emb, dim=1) @ normalize(prompt_emb[:, 0], dim=1).T


@zero_shot_scores.mistake
def nothing_normalised(image_emb, prompt_emb):
    """These are dot products of means: long vectors get large scores, and a cosine has no lengths in it."""
    return image_emb @ prompt_emb.mean(dim=1).T


@zero_shot_scores.mistake
def softmax_of_scores(image_emb, prompt_emb):
    """Your rows sum to 1: these are probabilities, and the cosines themselves are asked for."""
    return reference.zero_shot_scores(image_emb, prompt_emb).softmax(dim=1)


@zero_shot_scores.mistake
def softmax_of_scores(image_emb, prompt_emb):
    return (100 * reference.zero_shot_scores(image_emb, prompt_emb)).softmax(dim=1)


@zero_shot_scores.mistake
def classes_in_rows(image_emb, prompt_emb):
    """Images in rows, classes in columns: yours is the other way round."""
    return reference.zero_shot_scores(image_emb, prompt_emb).T


@zero_shot_scores.mistake
def labels_instead_of_scores(image_emb, prompt_emb):
    """These are the best classes; the cosines with all classes are asked for."""
    return reference.zero_shot_scores(image_emb, prompt_emb).argmax(dim=1)


# ------------------------------------------------------------------------------------------ two encoders from pairs


def captions(rng: np.random.Generator) -> Iterator[Case]:
    for seed in (0, 1):
        data_seed = int(rng.integers(0, 2**31))
        pairs = (given.captioned(part, data_seed) for part in ("images", "tokens"))
        yield Case(f"1200 digits with captions, seed {seed}", *pairs, 25, seed, truth=data_seed)


train_digit_clip = Exercise(
    reference.train_digit_clip,
    points=4,
    cases=captions,
    outputs=("the encoders",),
    probe=probes.encoders,
    view=views.zero_shot_recognition,
    at_least={"zero-shot accuracy": 0.85},
    cpu_limit=60.0,
)


def _trained(images, tokens, loss, seed=0, *, epochs=3, text=None, freeze_image=False, lr=1e-2):
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    image_encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16))
    text_encoder = text or nn.EmbeddingBag(25, 16, mode="mean", padding_idx=0)
    log_scale = nn.Parameter(torch.tensor(2.0))
    parameters = [*([] if freeze_image else image_encoder.parameters()), *text_encoder.parameters(), log_scale]
    optimizer = torch.optim.Adam(parameters, lr=lr)
    for _ in range(epochs):  # of half of the pairs: what is wrong shows soon
        for batch in torch.randperm(len(images) // 2).split(100):
            J = loss(image_encoder(images[batch]), text_encoder(tokens[batch]), log_scale)
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
    return image_encoder.eval(), text_encoder.eval()


@train_digit_clip.mistake(sign=signs.same_fault)
def pairs_shuffled_apart(images, tokens, vocab_size, seed=0):
    """Not even the training images find their captions, as if the loss had stayed at log N: do image i and caption i still belong
    together after your shuffle?"""

    def shuffled(image_emb, text_emb, log_scale):
        return reference.clip_loss(image_emb, text_emb[torch.randperm(len(text_emb))], log_scale)

    return _trained(images, tokens, shuffled, seed, epochs=2)


@train_digit_clip.mistake(sign=signs.same_fault)
def no_negatives(images, tokens, vocab_size, seed=0):
    """All embeddings became equal, or nearly so; what pushes different pairs apart?"""
    return _trained(images, tokens, lambda i, t, s: -cosine_similarity(i, t).mean(), seed, epochs=6, lr=3e-2)


class _FirstWord(nn.Embedding):
    def forward(self, tokens):
        return super().forward(tokens[:, 0])


@train_digit_clip.mistake(sign=signs.same_fault)
def text_encoder_frozen_to_first_word(images, tokens, vocab_size, seed=0):
    """All your captions starting with "a" have the same embedding: your text encoder reads the first word alone."""
    return _trained(images, tokens, reference.clip_loss, seed, epochs=1, text=_FirstWord(vocab_size, 16))


@train_digit_clip.mistake(sign=signs.same_fault)
def never_trains_image_encoder(images, tokens, vocab_size, seed=0):
    """No optimiser ever moved a parameter of your image encoder. Print the gradient norm of each encoder, and look at what you
    handed to the optimiser."""
    return _trained(images, tokens, reference.clip_loss, seed, epochs=1, freeze_image=True)


@train_digit_clip.mistake(sign=signs.same_fault)
def encoders_returned_swapped(images, tokens, vocab_size, seed=0):
    """First the image encoder, then the text encoder."""
    return _trained(images, tokens, reference.clip_loss, seed, epochs=1)[::-1]


@train_digit_clip.mistake(sign=signs.same_fault)
def left_in_training_mode(images, tokens, vocab_size, seed=0):
    """Both encoders should come back in eval mode, so that dropout and batch normalisation, if there are any, do what they do at
    test. Which method of a module does that?"""
    return tuple(net.train() for net in _trained(images, tokens, reference.clip_loss, seed, epochs=1))


# ------------------------------------------------------------------------------------------ laws of scale


def runs(rng: np.random.Generator) -> Iterator[Case]:
    def law(name: str, E: float, alpha: float, smallest: float, largest: float, count: int, **options) -> Case:
        """The scale A is chosen so that the smallest model loses 1 to 2 more than the floor."""
        A = float(f"{rng.uniform(1, 2) * smallest**alpha:.3g}")
        n, losses = data_of(E, A, alpha, smallest, largest, count)
        if options.get("unsorted"):
            order = rng.permutation(count)
            n, losses = n[order], losses[order]
        return Case(name, n, losses, truth=(E, A, alpha, 0.0))

    def data_of(E, A, alpha, smallest, largest, count):
        n = np.array([float(f"{size:.3g}") for size in np.logspace(np.log10(smallest), np.log10(largest), count)])
        return n, np.array([float(f"{loss:.10g}") for loss in E + A * n**-alpha])

    def noisy(name: str) -> Case:
        from course import data

        n, losses = data.scaling_runs(rng)
        n = np.array([float(f"{size:.6g}") for size in n])
        return Case(name, n, losses.round(6), truth=(1.2, 30.0, 0.3, 0.003))

    E = round(float(rng.uniform(0.8, 1.6)), 2)
    yield law("twelve models without noise", E, round(float(rng.uniform(0.25, 0.4)), 2), 1e3, 1e8, 12)
    yield noisy("25 models, 0.3 % noise")
    yield noisy("other 25 models, 0.3 % noise")
    yield law("a small exponent, n up to 1e10", 0.5, 0.08, 1e3, 1e10, 15)
    yield law("a large exponent", 0.6, 0.95, 1, 1e3, 10)
    yield law("unsorted points", round(float(rng.uniform(0.8, 1.6)), 2), 0.5, 1e2, 1e6, 20, unsorted=True)
    one = law("", 1.1, 0.4, 1e2, 1e6, 8)
    n = np.array([int(size) for size in one.arguments[0]])
    E, A, alpha, _ = one.truth
    yield Case(
        "eight models, integer n",
        n,
        np.array([float(f"{v:.10g}") for v in E + A * n.astype(float) ** -alpha]),
        truth=one.truth,
    )
    one = law("", 0.9, 0.35, 1e3, 1e8, 12)
    yield Case("float32", *(a.astype(np.float32) for a in one.arguments), truth=(*one.truth[:3], 1e-3))
    yield law("no floor, E = 0", 0.0, round(float(rng.uniform(0.08, 0.3)), 2), 1e3, 1e9, 12)


fit_scaling_law = Exercise(
    reference.fit_scaling_law, points=3, cases=runs, outputs=("the law",), view=views.scaling_law
)


def _line(n, loss):
    """Slope and offset of a straight line through the logarithms."""
    return np.polyfit(np.log(n), np.log(loss), 1)


@fit_scaling_law.mistake(sign=signs.same_fault)
def ignores_floor(n, loss):
    """Your curve keeps falling where the data flatten out; what loss remains at infinite n?"""
    slope, offset = _line(n, loss)
    return 0.0, np.exp(offset), -slope


@fit_scaling_law.mistake(sign=signs.same_fault)
def negative_exponent(n, loss):
    """The exponent in the formula already has a minus sign."""
    E, A, alpha = reference.fit_scaling_law(n, loss)
    return E, A, -alpha


@fit_scaling_law.mistake(sign=signs.same_fault)
def assumes_inverse_law(n, loss):
    """Fit the exponent too; on the log-log plot the slope is not -1."""
    A, E = np.polyfit(1 / np.asarray(n, dtype=float), loss, 1)
    return max(E, 0.0), max(A, 1e-6), 1.0


@fit_scaling_law.mistake(sign=signs.same_fault)
def floor_is_smallest_loss(n, loss):
    """Even the largest run is above the floor: your E is the least loss that was measured."""
    E = loss.min()
    above = loss > E
    slope, offset = _line(n[above], loss[above] - E)
    return E, np.exp(offset), -slope


@fit_scaling_law.mistake(sign=signs.same_fault)
def floor_is_smallest_loss(n, loss):
    E = 0.9999 * loss.min()
    slope, offset = _line(n, loss - E)
    return E, np.exp(offset), -slope


@fit_scaling_law.mistake(sign=signs.same_fault)
def returns_log_of_a(n, loss):
    """Predict a point you have been given: the offset is in the log."""
    E, A, alpha = reference.fit_scaling_law(n, loss)
    return E, np.log(A), alpha


@fit_scaling_law.mistake(sign=signs.same_fault)
def results_in_another_order(n, loss):
    """The right numbers, in another order: E first, then A, then alpha."""
    E, A, alpha = reference.fit_scaling_law(n, loss)
    return A, alpha, E


# ------------------------------------------------------------------------------------------ a budget to split


def budgets(rng: np.random.Generator) -> Iterator[Case]:
    published = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}  # Hoffmann and others, 2022
    few = np.array([float(f"{c:.2g}") for c in 10 ** np.sort(rng.uniform(18, 23.8, 5))])
    yield Case("published constants, five budgets", few, *published.values())
    yield Case("published constants, a single budget", float(f"{10 ** rng.uniform(19, 23):.2g}"), *published.values())

    def constants(alpha: float, beta: float) -> tuple[float, ...]:
        E, A, B = rng.uniform(0.5, 2), rng.uniform(100, 900), rng.uniform(100, 900)
        return round(float(E), 2), round(float(A), 1), round(float(B), 1), alpha, beta

    table = np.array([[float(f"{c:.2g}") for c in 10 ** rng.uniform(18, 23, 3)] for _ in range(2)])
    yield Case("a table of budgets", table, *constants(0.3, 0.36))
    yield Case("exponents far apart", few[:3], *constants(0.6, 0.12))
    yield Case("exponents far apart, the other way round", few[1:], *constants(0.15, 0.7))
    yield Case("float32 budgets", few[:2].astype(np.float32), *constants(0.28, 0.4))
    yield Case("alpha = beta", few, *constants(0.35, 0.35), edge=True)
    yield Case("a small budget", 6e6, *constants(0.4, 0.3), edge=True)


chinchilla_optimum = Exercise(
    reference.chinchilla_optimum,
    points=2,
    cases=budgets,
    outputs=("n_opt", "d_opt", "the loss"),
    rtol=1e-4,
    atol=1e-8,
)


def _split(compute, E, A, B, alpha, beta, pairs, n_opt):
    d_opt = pairs / n_opt
    return n_opt, d_opt, E + A * n_opt**-alpha + B * d_opt**-beta


def _balance(A, B, alpha, beta):
    return (alpha * A / (beta * B)) ** (1 / (alpha + beta))


@chinchilla_optimum.mistake
def forgets_six(compute, E, A, B, alpha, beta):
    """Multiply your n and d: is it the budget divided by 6?"""
    n_opt = _balance(A, B, alpha, beta) * compute ** (beta / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute, n_opt)


@chinchilla_optimum.mistake
def six_in_one_place_only(compute, E, A, B, alpha, beta):
    """Your n and d are on different sides of the factor 6: one of them is computed from compute / 6, the other from compute itself."""
    n_opt = _balance(A, B, alpha, beta) * compute ** (beta / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def six_in_one_place_only(compute, E, A, B, alpha, beta):
    n_opt = _balance(A, B, alpha, beta) * (compute / 6) ** (beta / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute, n_opt)


@chinchilla_optimum.mistake
def six_in_one_place_only(compute, E, A, B, alpha, beta):
    n_opt = _balance(A, B, alpha, beta) * (compute / 6) ** (beta / (alpha + beta))
    d_opt = compute ** (alpha / (alpha + beta)) / _balance(A, B, alpha, beta)
    return n_opt, d_opt, E + A * n_opt**-alpha + B * d_opt**-beta


@chinchilla_optimum.mistake
def exponents_swapped(compute, E, A, B, alpha, beta):
    """If data help little (small beta), where should the compute go? Your exponents of the budget are exchanged."""
    n_opt = _balance(A, B, alpha, beta) * (compute / 6) ** (alpha / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def exponents_swapped(compute, E, A, B, alpha, beta):
    n_opt = _balance(A, B, beta, alpha) * (compute / 6) ** (alpha / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def exponents_swapped(compute, E, A, B, alpha, beta):
    n_opt = _balance(A, B, alpha, beta) * (compute / 6) ** (alpha / (alpha + beta))
    d_opt = (compute / 6) ** (beta / (alpha + beta)) / _balance(A, B, alpha, beta)
    return n_opt, d_opt, E + A * n_opt**-alpha + B * d_opt**-beta


@chinchilla_optimum.mistake
def even_split(compute, E, A, B, alpha, beta):
    """Move a little along the constraint: your loss still falls. n and d are equal only by coincidence."""
    return _split(compute, E, A, B, alpha, beta, compute / 6, np.sqrt(compute / 6))


@chinchilla_optimum.mistake
def prefactor_dropped(compute, E, A, B, alpha, beta):
    """The exponent is right, A and B have no effect on your n and d. What does the balance of the two slopes say about them?"""
    return _split(compute, E, A, B, alpha, beta, compute / 6, (compute / 6) ** (beta / (alpha + beta)))


@chinchilla_optimum.mistake
def prefactor_upside_down(compute, E, A, B, alpha, beta):
    """A larger A says that a small model costs more, and should make n larger. Yours becomes smaller: the factor G stands in the
    wrong place."""
    n_opt = (compute / 6) ** (beta / (alpha + beta)) / _balance(A, B, alpha, beta)
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def prefactor_without_root(compute, E, A, B, alpha, beta):
    """The exponent of the budget is right; the factor before it needs the power 1/(alpha + beta)."""
    n_opt = alpha * A / (beta * B) * (compute / 6) ** (beta / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def terms_made_equal(compute, E, A, B, alpha, beta):
    """You make the two terms of the loss equally large. At the minimum their slopes along the constraint balance, and a slope
    brings its exponent with it."""
    n_opt = (A / B) ** (1 / (alpha + beta)) * (compute / 6) ** (beta / (alpha + beta))
    return _split(compute, E, A, B, alpha, beta, compute / 6, n_opt)


@chinchilla_optimum.mistake
def model_and_data_swapped(compute, E, A, B, alpha, beta):
    """Parameters first, tokens second."""
    n_opt, d_opt, loss = reference.chinchilla_optimum(compute, E, A, B, alpha, beta)
    return d_opt, n_opt, loss


@chinchilla_optimum.mistake
def floor_forgotten(compute, E, A, B, alpha, beta):
    """n and d are right, and the loss is smaller than any model's: E is part of it."""
    n_opt, d_opt, loss = reference.chinchilla_optimum(compute, E, A, B, alpha, beta)
    return n_opt, d_opt, loss - E


# ------------------------------------------------------------------------------------------ decoding


def texts(rng: np.random.Generator) -> Iterator[Case]:
    def drawn(fits, memory=None, V=5, ties=False, dtype=np.float64):
        """A table and a prompt such that what is decoded from it fits, drawn until it does."""
        while True:
            shape = (17, V)
            table = rng.integers(0, 3, shape).astype(float) if ties else (2 * rng.normal(size=shape)).round(1)
            table = table.astype(dtype)
            prompt = [int(token) for token in rng.integers(0, V, int(rng.integers(3, 6)))]
            step = given.token_table(table, memory).build()
            tokens, finished = reference.scratchpad_decode(step, prompt, 0, 12)
            last = _decoded(step, prompt, 0, 12, choose=_last_of_equals)
            if fits(tokens, finished) and (last != (tokens, finished) if ties else _no_ties(table)):
                return table, prompt

    def case(name: str, fits, max_new: int = 12, stop: int = 0, edge: bool = False, **options) -> Case:
        table, prompt = drawn(fits, **options)
        return Case(name, given.token_table(table, options.get("memory")), prompt, stop, max_new, edge=edge)

    def some(tokens, finished):
        return finished and 4 <= len(tokens) <= 8 and len(set(tokens)) >= 3

    def endless(tokens, finished):
        return not finished and len(set(tokens)) >= 3

    yield case("a text of some tokens", some)
    yield case("never stops", endless, max_new=7)
    yield case("another text", some, V=7)
    yield case("a model that sees two tokens", some, memory=2)
    yield case("logits with ties", lambda t, f: f and len(t) >= 3 and len(set(t)) >= 2, V=4, ties=True)
    yield case("the last token allowed is not the stop", lambda t, f: f and len(t) == 6, max_new=6)
    yield case("the stop comes just in time", lambda t, f: f and len(t) == 5, max_new=6)
    yield case("float32 logits", some, dtype=np.float32)
    yield case("stop as first token", lambda t, f: f and not t, edge=True)
    yield case("max_new = 0", some, max_new=0, edge=True)


def _no_ties(table: np.ndarray) -> bool:
    ordered = np.sort(table, axis=1)
    return bool((ordered[:, -1] > ordered[:, -2]).all())


def _last_of_equals(logits: np.ndarray) -> int:
    return len(logits) - 1 - int(np.argmax(logits[::-1]))


scratchpad_decode = Exercise(
    reference.scratchpad_decode,
    points=2,
    cases=texts,
    outputs=("tokens and finished", "the sequences with which step was called"),
    probe=probes.asked_in_turn,
    rtol=0,
    atol=0,
    lean=True,
)


def _decoded(step, prompt, stop, max_new, seen=None, choose=np.argmax):
    """Greedy decoding where step sees `seen(prompt, tokens)`."""
    tokens = []
    while len(tokens) < max_new:
        token = int(choose(step(seen(prompt, tokens) if seen else prompt + tokens)))
        if token == stop:
            return tokens, True
        tokens.append(token)
    return tokens, False


@scratchpad_decode.mistake
def forgets_its_own_tokens(step, prompt, stop, max_new):
    """The same token repeats for ever; does the model see what it wrote?"""
    return _decoded(step, prompt, stop, max_new, lambda prompt, tokens: prompt)


@scratchpad_decode.mistake
def sees_last_token_only(step, prompt, stop, max_new):
    """The question is no longer visible to the model: it gets one token, and everything so far is asked for."""
    return _decoded(step, prompt, stop, max_new, lambda prompt, tokens: tokens[-1:] or prompt)


@scratchpad_decode.mistake
def sees_last_token_only(step, prompt, stop, max_new):
    return _decoded(step, prompt, stop, max_new, lambda prompt, tokens: (prompt + tokens)[-1:])


@scratchpad_decode.mistake
def sees_own_tokens_only(step, prompt, stop, max_new):
    """After its first token the model sees what it wrote, and no longer what was asked. Everything so far includes the prompt."""
    return _decoded(step, prompt, stop, max_new, lambda prompt, tokens: tokens or prompt)


@scratchpad_decode.mistake
def sees_own_tokens_only(step, prompt, stop, max_new):
    return _decoded(step, prompt, stop, max_new, lambda prompt, tokens: tokens)


@scratchpad_decode.mistake
def keeps_stop_token(step, prompt, stop, max_new):
    """The stop token is a signal, not part of the answer."""
    tokens, finished = reference.scratchpad_decode(step, prompt, stop, max_new)
    return (tokens + [stop] if finished else tokens), finished


@scratchpad_decode.mistake
def returns_prompt_as_well(step, prompt, stop, max_new):
    """The new tokens are asked for; yours begin with the prompt."""
    tokens, finished = reference.scratchpad_decode(step, prompt, stop, max_new)
    return prompt + tokens, finished


@scratchpad_decode.mistake(sign=signs.changes_input)
def changes_prompt(step, prompt, stop, max_new):
    """Call your function twice with the same list: the second answer is another, since the prompt has grown. Work on a copy."""
    start = len(prompt)
    while len(prompt) - start < max_new:
        token = int(np.argmax(step(prompt)))
        if token == stop:
            return prompt[start:], True
        prompt.append(token)
    return prompt[start:], False


@scratchpad_decode.mistake
def one_token_too_many(step, prompt, stop, max_new):
    """Count the tokens when the model never stops: there is one more than max_new."""
    return reference.scratchpad_decode(step, prompt, stop, max_new + 1)


@scratchpad_decode.mistake
def counts_the_prompt(step, prompt, stop, max_new):
    """max_new says how many tokens may be written; you count those of the prompt as well, and stop too early."""
    return reference.scratchpad_decode(step, prompt, stop, max(0, max_new - len(prompt)))


@scratchpad_decode.mistake
def one_call_too_many(step, prompt, stop, max_new):
    """Your tokens are right, but the model is asked once more after the last of them. Each call is expensive: ask only for a token
    that you want."""
    tokens, finished = reference.scratchpad_decode(step, prompt, stop, max_new)
    if not finished:
        step(prompt + tokens)
    return tokens, finished


@scratchpad_decode.mistake
def one_call_too_many(step, prompt, stop, max_new):
    tokens, finished = reference.scratchpad_decode(step, prompt, stop, max_new)
    return tokens, finished or bool(np.argmax(step(prompt + tokens)) == stop)


@scratchpad_decode.mistake
def asks_twice(step, prompt, stop, max_new):
    """Every token costs two calls of step: one will do. Keep its logits in a variable."""

    def asked(sequence):
        step(sequence)
        return step(sequence)

    return reference.scratchpad_decode(asked, prompt, stop, max_new)


@scratchpad_decode.mistake
def one_token_too_few(step, prompt, stop, max_new):
    """Where the model never stops, max_new tokens are asked for; yours end one earlier."""
    return reference.scratchpad_decode(step, prompt, stop, max(max_new - 1, 0))


@scratchpad_decode.mistake
def last_of_equals(step, prompt, stop, max_new):
    """Of equal logits the one with the lowest index wins; yours takes the highest."""
    return _decoded(step, prompt, stop, max_new, choose=_last_of_equals)


@scratchpad_decode.mistake
def ignores_stop(step, prompt, stop, max_new):
    """The text goes on after the stop token: when it comes, decoding is over."""
    return _decoded(step, prompt, None, max_new)


@scratchpad_decode.mistake
def finished_the_wrong_way_round(step, prompt, stop, max_new):
    """The tokens are right. finished is True when the stop token came, and False when max_new cut the text off."""
    tokens, finished = reference.scratchpad_decode(step, prompt, stop, max_new)
    return tokens, not finished


@scratchpad_decode.mistake
def always_finished(step, prompt, stop, max_new):
    """The tokens are right, but finished doesn't depend on how the text came to its end. What if max_new cut it off?"""
    return reference.scratchpad_decode(step, prompt, stop, max_new)[0], True


@scratchpad_decode.mistake
def always_finished(step, prompt, stop, max_new):
    return reference.scratchpad_decode(step, prompt, stop, max_new)[0], False


# ------------------------------------------------------------------------------------------ k attempts


def problems(rng: np.random.Generator) -> Iterator[Case]:
    def some(name: str, low: int, high: int, k: int, M: int, **options) -> Case:
        """So many wrong ones that k of them can be chosen, and always some that are right."""
        n = rng.integers(low, high, M)
        c = np.array([int(rng.integers(1, total - k)) for total in n])
        return Case(name, n, c, k, **options)

    yield some("five problems", 12, 20, 3, 5)
    yield some("k = 1", 5, 15, 1, 4)
    yield some("sixty samples and more", 60, 81, 10, 6)
    n = rng.integers(15, 20, 6)
    c = rng.integers(1, 8, 6)
    c[rng.permutation(6)[:2]] = 0
    yield Case("some problems were never solved, c = 0", n, c, 5)
    yield some("a single problem", 10, 20, 4, 1)
    n = rng.integers(6, 12, 4)
    yield Case("every sample is right, c = n", n, n.copy(), 3, edge=True)
    n = rng.integers(8, 14, 4)
    yield Case("fewer than k samples failed", n, n - rng.integers(1, 4, 4), 5, edge=True)
    yield Case("k = n", np.full(4, 9), np.array([0, 1, int(rng.integers(2, 8)), 9]), 9, edge=True)
    yield some("up to ten thousand samples", 9000, 10001, 100, 3, edge=True)
    yield Case("too few samples", np.array([10, 4, 12]), np.array([3, 1, 2]), 5, raises=ValueError, edge=True)


pass_at_k = Exercise(reference.pass_at_k, points=2, cases=problems, outputs=("the estimates",), rtol=1e-6, atol=1e-9)


def _refused(n, k):
    if (np.asarray(n) < k).any():
        raise ValueError("too few samples")


def _binomial(n, k):
    return math.comb(int(n), int(k))


@pass_at_k.mistake
def plug_in_estimate(n, c, k):
    """With k = n and one correct sample the answer must be exactly 1. You draw with replacement: the share c/n stands in for the true
    chance, and its k-th power is biased."""
    _refused(n, k)
    return 1 - (1 - c / n) ** k


@pass_at_k.mistake
def all_must_pass(n, c, k):
    """That is the chance that all k are correct; one of them is enough."""
    _refused(n, k)
    return np.array([_binomial(right, k) / _binomial(total, k) for total, right in zip(n, c, strict=True)])


@pass_at_k.mistake
def none_passes(n, c, k):
    """That is the chance that all k samples fail; the opposite is asked for."""
    return 1 - reference.pass_at_k(n, c, k)


@pass_at_k.mistake(sign=signs.not_finite)
def overflow(n, c, k):
    """Factorials beyond 170 do not fit; cancel before you multiply."""
    _refused(n, k)

    def factorial(values):
        with np.errstate(all="ignore"):
            return np.array([np.prod(np.arange(1.0, max(v, 0) + 1)) for v in np.asarray(values, dtype=float)])

    n, c = np.asarray(n, dtype=float), np.asarray(c, dtype=float)
    some = n - c >= k
    with np.errstate(all="ignore"):
        share = factorial(n - c) * factorial(n - k) / (factorial(n - c - k) * factorial(n))
    return np.where(some, 1 - share, 1.0)


@pass_at_k.mistake
def integers_wrap(n, c, k):
    """Integers of 64 bits hold factorials up to 20!, and beyond that they wrap round without a word. Cancel before you multiply."""
    _refused(n, k)

    def factorial(v):
        return np.prod(np.arange(1, int(v) + 1, dtype=np.int64))

    found = []
    with np.errstate(all="ignore"):
        for total, right in zip(n, c, strict=True):
            wrong = total - right
            if wrong < k:
                found.append(1.0)
                continue
            chosen = factorial(wrong) / (factorial(k) * factorial(wrong - k))
            found.append(1 - chosen / (factorial(total) / (factorial(k) * factorial(total - k))))
    return np.array(found)


@pass_at_k.mistake(sign=signs.not_finite)
def too_few_failures_not_handled(n, c, k):
    """What if fewer than k samples failed? Then k samples can't all be wrong, and your formula takes the logarithm or the factorial of
    something negative."""
    _refused(n, k)

    def log_binomial(total):
        with np.errstate(all="ignore"):
            return math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)

    return np.array([1 - math.exp(log_binomial(t - r) - log_binomial(t)) for t, r in zip(n, c, strict=True)])


@pass_at_k.mistake
def returns_mean(n, c, k):
    """One number per problem is wanted; the mean over problems comes later."""
    return reference.pass_at_k(n, c, k).mean()


@pass_at_k.mistake
def ignores_k(n, c, k):
    """That is c/n, the chance of a single sample. How does it grow with k?"""
    _refused(n, k)
    return c / n


@pass_at_k.mistake
def k_times_the_share(n, c, k):
    """Chances of events that can happen together don't add up: of 10 samples with a chance of 0.2 each, the sum would be 2."""
    _refused(n, k)
    return np.minimum(k * c / n, 1.0)


@pass_at_k.mistake
def k_times_the_share(n, c, k):
    _refused(n, k)
    return k * c / n


def _all_wrong(n, c, places):
    """The product of (n - c - i)/(n - i) over these i."""
    chance = np.ones(np.shape(n))
    for i in places:
        chance *= np.maximum(n - c - i, 0) / np.maximum(n - i, 1)
    return chance


@pass_at_k.mistake
def one_factor_short(n, c, k):
    """That is the chance for k - 1 samples. The product has k factors: i runs from 0 to k - 1."""
    _refused(n, k)
    return 1 - _all_wrong(n, c, range(k - 1))


@pass_at_k.mistake
def one_factor_too_many(n, c, k):
    """That is the chance for k + 1 samples. The product has k factors: i runs from 0 to k - 1."""
    _refused(n, k)
    return 1 - _all_wrong(n, c, range(k + 1))


@pass_at_k.mistake
def counts_from_one(n, c, k):
    """Your product leaves out i = 0: the first sample is drawn from all n, and n - c of them are wrong."""
    _refused(n, k)
    return 1 - _all_wrong(n, c, range(1, k + 1))


@pass_at_k.mistake
def counts_from_one(n, c, k):
    _refused(n, k)
    return 1 - _all_wrong(n, c, range(1, k))


@pass_at_k.mistake
def too_few_samples_accepted(n, c, k):
    """Right, except that a problem with fewer than k samples should raise a ValueError: from 4 samples nobody can choose 5."""
    n, c = np.asarray(n), np.asarray(c)
    return np.where(n < k, 1.0, reference.pass_at_k(np.maximum(n, k), c, k))


# ------------------------------------------------------------------------------------------ from noise to samples


def noises(rng: np.random.Generator) -> Iterator[Case]:
    def process(name: str, T: int, *shape: int, top: float = 0.2, **options) -> Case:
        """betas rise from 0.01 to `top` and no two are equal; D, the last axis, is what the noise model mixes."""
        betas = torch.from_numpy(np.linspace(0.01, top, T).round(4) if T > 1 else np.array([0.3]))
        D = shape[-1]
        model = given.noise_model(_tensor(rng, D, D, scale=0.7), T)
        return Case(name, model, _tensor(rng, *shape), betas, _tensor(rng, T, *shape), **options)

    yield process("points, T = 5", 5, 3, 2, top=0.4)
    yield process("points, T = 20", 20, 3, 3)
    yield process("images, T = 5", 5, 2, 1, 2, 3, top=0.5)
    yield process("points, T = 50", 50, 3, 2)
    case = process("", 6, 3, 3, top=0.4)
    model, *tensors = case.arguments
    floats = given.noise_model(model.arguments[0].float(), 6)
    yield Case("float32", floats, *(tensor.float() for tensor in tensors))
    yield process("a single step, T = 1", 1, 3, 2, edge=True)
    yield process("a single point", 4, 1, 2, edge=True)


ddpm_sample = Exercise(
    reference.ddpm_sample,
    points=3,
    cases=noises,
    outputs=("x", "whether it still has a graph"),
    probe=probes.with_or_without_graph,
    rtol=1e-5,
    atol=1e-8,
)


@torch.no_grad()
def _reverse(
    eps_model, x, betas, noises, *, taken=None, rescale=None, spread=None, times=None, last=0, abar=None, noise=None
):
    """The reverse process with one of its parts exchanged."""
    abar = torch.cumprod(1 - betas, dim=0) if abar is None else abar
    for t in times if times is not None else reversed(range(len(betas))):
        share = betas[t] / (1 - abar[t]).sqrt() if taken is None else taken(t, betas, abar)
        x = (x - share * eps_model(x, t)) / ((1 - betas[t]).sqrt() if rescale is None else rescale(t, betas, abar))
        if t > last:
            drawn = noises[t] if noise is None else noises[noise(t)]
            x = x + (betas[t].sqrt() if spread is None else spread(t, betas, abar)) * drawn
    return x


@ddpm_sample.mistake
def noise_at_last_step(eps_model, x_T, betas, noises):
    """Your samples are right but blurred by the last noise: after the step of time 0 nothing is added."""
    return _reverse(eps_model, x_T, betas, noises, last=-1)


@ddpm_sample.mistake
def noise_ends_too_early(eps_model, x_T, betas, noises):
    """The step of time 1 adds noise, too; only that of time 0 adds none."""
    return _reverse(eps_model, x_T, betas, noises, last=1)


@ddpm_sample.mistake
def beta_not_root(eps_model, x_T, betas, noises):
    """beta is a variance. What is added is scaled by a standard deviation."""
    return _reverse(eps_model, x_T, betas, noises, spread=lambda t, betas, abar: betas[t])


@ddpm_sample.mistake
def runs_forwards(eps_model, x_T, betas, noises):
    """Sampling starts from the noisiest step: t runs from T - 1 down to 0."""
    return _reverse(eps_model, x_T, betas, noises, times=range(len(betas)))


@ddpm_sample.mistake
def removes_all_noise(eps_model, x_T, betas, noises):
    """Only the noise of this one step is removed, not all of it."""
    return _reverse(eps_model, x_T, betas, noises, taken=lambda t, betas, abar: (1 - abar[t]).sqrt())


@ddpm_sample.mistake
def removes_all_noise(eps_model, x_T, betas, noises):
    return _reverse(
        eps_model,
        x_T,
        betas,
        noises,
        taken=lambda t, betas, abar: (1 - abar[t]).sqrt(),
        rescale=lambda t, betas, abar: abar[t].sqrt(),
    )


@ddpm_sample.mistake
def forgets_rescale(eps_model, x_T, betas, noises):
    """The samples shrink; the forward step scaled by sqrt(1-beta), and that has to be undone."""
    return _reverse(eps_model, x_T, betas, noises, rescale=lambda t, betas, abar: 1.0)


@ddpm_sample.mistake
def rescale_without_root(eps_model, x_T, betas, noises):
    """You divide by 1 - beta; the forward step multiplied by its root."""
    return _reverse(eps_model, x_T, betas, noises, rescale=lambda t, betas, abar: 1 - betas[t])


@ddpm_sample.mistake
def rescale_by_abar(eps_model, x_T, betas, noises):
    """One step back undoes one step forward: divide by sqrt(1 - betas[t]). Your sqrt(abar[t]) would undo all of them at once."""
    return _reverse(eps_model, x_T, betas, noises, rescale=lambda t, betas, abar: abar[t].sqrt())


@ddpm_sample.mistake
def abar_is_cumsum(eps_model, x_T, betas, noises):
    """abar is a running product of the 1 - betas, not a sum: it must stay between 0 and 1, and falls."""
    return _reverse(eps_model, x_T, betas, noises, abar=torch.cumsum(1 - betas, dim=0))


@ddpm_sample.mistake
def abar_is_cumsum(eps_model, x_T, betas, noises):
    return _reverse(eps_model, x_T, betas, noises, abar=1 - torch.cumsum(betas, dim=0))


@ddpm_sample.mistake
def abar_of_betas(eps_model, x_T, betas, noises):
    """Your abar is the product of the betas, which is almost nothing; what survives of a step is 1 - beta."""
    return _reverse(eps_model, x_T, betas, noises, abar=torch.cumprod(betas, dim=0))


@ddpm_sample.mistake
def abar_not_accumulated(eps_model, x_T, betas, noises):
    """sqrt(1 - abar) is the size of all noise since the beginning. With 1 - betas[t] in its place you have that of a single step."""
    return _reverse(eps_model, x_T, betas, noises, abar=1 - betas)


@ddpm_sample.mistake
def abar_one_step_early(eps_model, x_T, betas, noises):
    """The noise in x at time t is that of all steps up to t, step t among them. Your abar lacks the last factor, 1 - betas[t]."""
    abar = torch.cumprod(1 - betas, dim=0)
    return _reverse(eps_model, x_T, betas, noises, abar=torch.cat([abar[-1:], abar[:-1]]))  # abar[t - 1]


@ddpm_sample.mistake
def abar_one_step_early(eps_model, x_T, betas, noises):
    abar = torch.cumprod(1 - betas, dim=0)
    return _reverse(eps_model, x_T, betas, noises, abar=torch.cat([abar[:1], abar[:-1]]))


@ddpm_sample.mistake
def share_without_root(eps_model, x_T, betas, noises):
    """eps_model gives noise of variance 1, and in x it is sqrt(1 - abar[t]) times as large. You divide by 1 - abar[t] without the
    root."""
    return _reverse(eps_model, x_T, betas, noises, taken=lambda t, betas, abar: betas[t] / (1 - abar[t]))


@ddpm_sample.mistake
def share_with_root_of_beta(eps_model, x_T, betas, noises):
    """You take sqrt(betas[t]) of the predicted noise away. The root belongs to the fresh noise alone; what is taken away is
    betas[t]/sqrt(1 - abar[t])."""
    return _reverse(eps_model, x_T, betas, noises, taken=lambda t, betas, abar: (betas[t] / (1 - abar[t])).sqrt())


@ddpm_sample.mistake
def one_step_short(eps_model, x_T, betas, noises):
    """One step is missing: the last one is that of time 0. It adds no noise, but what it takes away has to go."""
    return _reverse(eps_model, x_T, betas, noises, times=range(len(betas) - 1, 0, -1))


@ddpm_sample.mistake
def asks_about_the_start(eps_model, x_T, betas, noises):
    """The network is asked again and again about the noise in x_T. What it should look at is the x that you have by now."""
    return _reverse(lambda x, t: eps_model(x_T, t), x_T, betas, noises)


@ddpm_sample.mistake
def times_from_one(eps_model, x_T, betas, noises):
    """eps_model is told t + 1. Here times count from 0, for the network as for betas: the last step back is that of time 0."""
    return _reverse(lambda x, t: eps_model(x, t + 1), x_T, betas, noises)


@ddpm_sample.mistake
def noise_rescaled_too(eps_model, x_T, betas, noises):
    """The fresh noise comes after the division by sqrt(1 - betas[t]). Yours is divided by it, too, and gets too large."""
    return _reverse(
        eps_model, x_T, betas, noises, spread=lambda t, betas, abar: betas[t].sqrt() / (1 - betas[t]).sqrt()
    )


@ddpm_sample.mistake
def no_noise_added(eps_model, x_T, betas, noises):
    """You remove noise and add none. A step back leads to a distribution, and its spread belongs to it: without it samples collapse
    towards means."""
    return _reverse(eps_model, x_T, betas, noises, last=len(betas))


@ddpm_sample.mistake
def posterior_spread(eps_model, x_T, betas, noises):
    """That is the other choice of the paper of 2020, the variance of the step back for a known x_0. This exercise asks for
    sqrt(betas[t])."""
    return _reverse(
        eps_model,
        x_T,
        betas,
        noises,
        spread=lambda t, betas, abar: (betas[t] * (1 - abar[t - 1]) / (1 - abar[t])).sqrt(),
    )


@ddpm_sample.mistake
def noises_in_reverse(eps_model, x_T, betas, noises):
    """The noise for time t is noises[t]; you take them in the order in which you need them."""
    return _reverse(eps_model, x_T, betas, noises, noise=lambda t: len(betas) - 1 - t)


@ddpm_sample.mistake
def noises_in_reverse(eps_model, x_T, betas, noises):
    return _reverse(eps_model, x_T, betas, noises, noise=lambda t: t - 1)


@ddpm_sample.mistake
def keeps_graph(eps_model, x_T, betas, noises):
    """The samples are right, but they still hang on the graph of all T calls of the network, which fills the memory. What tells torch
    not to record?"""
    x = x_T
    abar = torch.cumprod(1 - betas, dim=0)
    for t in reversed(range(len(betas))):
        x = (x - betas[t] / (1 - abar[t]).sqrt() * eps_model(x, t)) / (1 - betas[t]).sqrt()
        if t > 0:
            x = x + betas[t].sqrt() * noises[t]
    return x


@ddpm_sample.mistake(sign=signs.changes_input)
def writes_into_x_t(eps_model, x_T, betas, noises):
    """x_T has changed: an operation in place writes into what you were given. Begin with a copy."""
    x_T.copy_(reference.ddpm_sample(eps_model, x_T.clone(), betas, noises))
    return x_T
