"""The course's data sets: offline, from a seed, as numpy arrays.

A `seed` is an int, which gives the same data at every call, or a `numpy.random.Generator`, which gives fresh data
at every call. Labels are int64, classes 0..K-1.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

Seed = int | np.random.Generator


def digits(num_train: int = 1200, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The 1797 handwritten digits of scikit-learn, shuffled, then split.

    The package keeps them in the order of their writers, so a split without shuffling would test on other hands
    than it trained on.

    num_train: how many are for training, 1 to 1796; the rest is for testing
    Returns X_train (num_train, 64), labels_train (num_train,), X_test (rest, 64), labels_test (rest,). Pixels run
    row by row from 0, paper, to 1, ink: `X.reshape(-1, 8, 8)` gives images.
    """
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    if not 0 < num_train < len(X):
        raise ValueError(f"num_train must leave something on both sides, from 1 to {len(X) - 1}, not {num_train}")
    order = np.random.default_rng(seed).permutation(len(X))
    X, labels = X[order] / 16, labels[order].astype(np.int64)
    return X[:num_train], labels[:num_train], X[num_train:], labels[num_train:]


def digits_in_file_order() -> tuple[np.ndarray, np.ndarray]:
    """The same digits as the package keeps them, sorted by who wrote them: for showing what that does to a split.

    Returns X (1797, 64) and labels (1797,), pixels as in `digits`.
    """
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    return X / 16, labels.astype(np.int64)


def digit_bytes() -> np.ndarray:
    """The same digits, in file order, as files hold images: (1797, 8, 8) uint8 from 0, paper, to 255, ink."""
    from sklearn.datasets import load_digits

    return np.round(15.9375 * load_digits().images).astype(np.uint8)


def digit_canvas(X: np.ndarray, size: int = 12, max_shift: int = 0, seed: Seed = 0) -> "torch.Tensor":
    """Digits on larger black canvases, each moved by a random whole number of pixels: float32 (N, 1, size, size).

    X (N, 64), pixels as in `digits`; max_shift: a digit lies at the centre plus a shift from -max_shift to max_shift, both included,
    drawn for each axis
    """
    import torch

    X = np.asarray(X)
    middle = (size - 8) // 2
    if max_shift < 0 or middle < max_shift or size - 8 - middle < max_shift:
        raise ValueError(
            f"on a canvas of {size} pixels a digit can move by {middle} from the centre, not by {max_shift}"
        )
    rng = np.random.default_rng(seed)
    images = np.zeros((len(X), 1, size, size), np.float32)
    for image, x in zip(images, X, strict=True):
        row, column = middle + rng.integers(-max_shift, max_shift + 1, 2)
        image[0, row : row + 8, column : column + 8] = x.reshape(8, 8)
    return torch.from_numpy(images)


def tagged_digits(
    X: np.ndarray, labels: np.ndarray, tag: str = "label", noise: float = 0.3, seed: Seed = 0
) -> "torch.Tensor":
    """Faint digits below a bright pixel that may give the answer away: float32 (N, 1, 10, 10).

    X (N, 64), pixels as in `digits`, and labels (N,). Rows 2-9, columns 1-8 hold the digit plus normal noise of that standard
    deviation, clipped to [0, 1]; row 0 holds a 1 in one column.
    tag: which column: "label" the label, "random" a random digit, "wrong" (label + 3) mod 10. Raises ValueError for another word.
    """
    import torch

    labels = np.asarray(labels)
    rng = np.random.default_rng(seed)
    columns = {
        "label": lambda: labels,
        "random": lambda: rng.integers(0, 10, len(labels)),
        "wrong": lambda: (labels + 3) % 10,
    }
    if tag not in columns:
        raise ValueError(f"no tag {tag!r}; there are {', '.join(columns)}")
    column = columns[tag]()
    images = np.zeros((len(labels), 1, 10, 10), np.float32)
    faint = np.asarray(X).reshape(-1, 8, 8) + noise * rng.normal(size=(len(labels), 8, 8))
    images[:, 0, 2:, 1:9] = faint.clip(0, 1)
    images[np.arange(len(labels)), 0, 0, column] = 1
    return torch.from_numpy(images)


def photograph(name: str = "china.jpg") -> "torch.Tensor":
    """One of scikit-learn's two photographs, "china.jpg" or "flower.jpg", as grey levels from 0 to 1: float32 (1, 1, 427, 640)."""
    import torch
    from sklearn.datasets import load_sample_image

    grey = load_sample_image(name).astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32) / 255
    return torch.from_numpy(grey)[None, None]


def blobs(n: int, centres: Sequence[Sequence[float]], noise: float, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around centres, each around a random one of them.

    n: how many points; centres (K, D); noise: the standard deviation in every coordinate
    Returns X (n, D) and labels (n,), the centre that each point was drawn around.
    """
    _check_count(n, noise)
    rng = np.random.default_rng(seed)
    centres = np.asarray(centres, dtype=float)
    labels = rng.integers(0, len(centres), n)
    return centres[labels] + noise * rng.normal(size=(n, centres.shape[1])), labels


class Bandit:
    """A row of slot machines. `pull(arm)` gives that arm's mean plus standard normal noise; `arms` says how many there are."""

    def __init__(self, means: Sequence[float], seed: Seed) -> None:
        self._means = [float(mean) for mean in means]
        self._rng = np.random.default_rng(seed)
        self.arms = len(self._means)

    def pull(self, arm: int) -> float:
        """The reward of one pull. Raises IndexError where there is no such arm."""
        if not 0 <= arm < self.arms:
            raise IndexError(f"there is no arm {arm}; there are arms 0 to {self.arms - 1}")
        return self._means[arm] + float(self._rng.normal())


def bandit(means: Sequence[float], seed: Seed = 0) -> Bandit:
    """Slot machines with these mean rewards, see `Bandit`."""
    return Bandit(means, seed)


def noisy_digits(seed: Seed) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """400 digits of which 30 % have a random label (one in ten of those is right by luck), and 1397 clean ones to test.

    Returns X_train (400, 64), labels (400,) with errors, X_test (1397, 64), labels_test (1397,), all right; pixels as in
    `digits`
    """
    rng = np.random.default_rng(seed)
    X_train, labels, X_test, labels_test = digits(400, rng)
    wrong = rng.random(400) < 0.3
    labels[wrong] = rng.integers(0, 10, wrong.sum())
    return X_train, labels, X_test, labels_test


def noisy_sine(
    n: int, noise: float = 0.2, seed: Seed = 0, gap: tuple[float, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One period of a sine, measured at random places with normal noise.

    n: how many points; noise: its standard deviation
    gap: (low, high), an interval within [0, 1] in which there are no points
    Returns x (n,), uniform on [0, 1] and sorted, and t (n,) = sin(2 pi x) + noise * normal.
    """
    if n < 0:
        raise ValueError(f"n counts points and can't be negative, but is {n}")
    if noise < 0:
        raise ValueError(f"noise is a standard deviation and can't be negative, but is {noise}")
    if gap is not None and not 0 <= gap[0] <= gap[1] <= 1:
        raise ValueError(f"gap must be (low, high) with 0 <= low <= high <= 1, not {gap}")
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    if gap is not None:
        low, high = gap
        x = x * (1 - (high - low))
        x = np.where(x < low, x, x + (high - low))
    x = np.sort(x)
    return x, np.sin(2 * np.pi * x) + noise * rng.normal(size=n)


def line_data(n: int = 64, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points about the line t = 2x - 1.

    Returns x (n,), standard normal, and t (n,) = 2x - 1 + 0.5 * normal.
    """
    if n < 0:
        raise ValueError(f"n counts points and can't be negative, but is {n}")
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 2 * x - 1 + 0.5 * rng.normal(size=n)


def rings(n: int, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three concentric circles in the plane: class k has the radius (k + 1)/3 + 0.05 * normal, the angle is uniform.

    Returns X (n, 2) and labels (n,), 0 for the innermost.
    """
    _check_count(n)
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    radius = (labels + 1) / 3 + 0.05 * rng.normal(size=n)
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), labels


def two_moons(n: int, noise: float = 0.15, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles of radius 1 that reach into each other.

    n: how many points; noise: the standard deviation of what is added to both coordinates
    Returns X (n, 2) and t (n,), 0 for the upper moon, 1 for the lower one.
    """
    _check_count(n, noise)
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 2, n)
    angle = np.pi * rng.random(n)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.where(t[:, None] == 0, upper, lower) + noise * rng.normal(size=(n, 2)), t


def spirals(n: int, turns: float = 1.5, noise: float = 0.05, seed: Seed = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two spiral arms of radius up to 1, the second turned by half a turn against the first.

    n: how many points; turns: of each arm; noise: the standard deviation of what is added to both coordinates
    Returns X (n, 2) and t (n,), which arm.
    """
    _check_count(n, noise)
    rng = np.random.default_rng(seed)
    t = rng.integers(0, 2, n)
    s = np.sqrt(rng.random(n))
    angle = 2 * np.pi * turns * s + np.pi * t
    return np.column_stack([s * np.cos(angle), s * np.sin(angle)]) + noise * rng.normal(size=(n, 2)), t


def _check_count(n: int, noise: float = 0.0) -> None:
    if n < 0:
        raise ValueError(f"n counts points and can't be negative, but is {n}")
    if noise < 0:
        raise ValueError(f"noise is a standard deviation and can't be negative, but is {noise}")


def diabetes() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Ten measurements of 442 diabetes patients and how far the disease had progressed a year later.

    From Efron, Hastie, Johnstone and Tibshirani, "Least Angle Regression" (2004), in the units of measurement.
    Returns X (442, 10), the target t (442,) from 25 to 346, and the ten columns' names: age (years), sex (coded 1
    and 2), bmi (kg/m²), bp (mean blood pressure, mm Hg), and s1 to s6, from the blood serum.
    """
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    return bunch.data.astype(np.float64), bunch.target.astype(np.float64), list(bunch.feature_names)


def breast_cancer() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Thirty measurements of the cell nuclei in 569 tissue samples, and which samples were malignant.

    The Wisconsin diagnostic data of Street, Wolberg and Mangasarian (1993). The columns differ in scale by a factor
    of 200,000. scikit-learn calls benign 1; here, as doctors do, *positive* is what the test looks for.
    Returns X (569, 30), t (569,) int64 with 1 for malignant and 0 for benign, and the thirty columns' names.
    """
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    return bunch.data.astype(np.float64), 1 - bunch.target.astype(np.int64), [str(name) for name in bunch.feature_names]


def toy_language(
    num_sentences: int, seed: Seed = 0, topics: int = 4, nouns: int = 40, verbs: int = 20, adjectives: int = 20
) -> tuple[np.ndarray, list[str]]:
    """Sentences of seven words in a language whose entropy is known.

    Every sentence draws a topic, then: the|a, adjective, noun, verb, adjective, noun, "."; content words are uniform within
    the topic. With three words of context its entropy is (ln 2 + ln 80 + 2 ln 40 + 2 ln 20)/7 = 2.635 nats a word.

    nouns, verbs, adjectives: how many a topic has
    Returns tokens (7 num_sentences,) int64 and the vocabulary, a list: word 0 is ".", 1 "the", 2 "a", then all adjectives,
    nouns and verbs, each topic after topic (323 words by default).
    """
    _check_count(num_sentences)
    rng = np.random.default_rng(seed)
    topic = rng.integers(topics, size=num_sentences)
    first = {"adjective": 3}
    first["noun"] = first["adjective"] + topics * adjectives
    first["verb"] = first["noun"] + topics * nouns

    def draw(kind: str, count: int) -> np.ndarray:
        return first[kind] + topic * count + rng.integers(count, size=num_sentences)

    words = [
        1 + rng.integers(2, size=num_sentences),
        draw("adjective", adjectives),
        draw("noun", nouns),
        draw("verb", verbs),
        draw("adjective", adjectives),
        draw("noun", nouns),
        np.zeros(num_sentences, dtype=np.int64),
    ]
    vocabulary = [".", "the", "a"]
    for kind, count in (("adjective", adjectives), ("noun", nouns), ("verb", verbs)):
        vocabulary += [f"{kind}-{chr(ord('A') + k)}{i}" for k in range(topics) for i in range(count)]
    return np.stack(words, axis=1).ravel().astype(np.int64), vocabulary


def contexts_and_targets(tokens: np.ndarray, context: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """All windows of a text: contexts (T - context, context), oldest word first, and the words after them (T - context,)."""
    tokens = np.asarray(tokens)
    if not 0 < context < len(tokens):
        raise ValueError(f"a text of {len(tokens)} words has no word with {context} before it")
    windows = np.lib.stride_tricks.sliding_window_view(tokens, context + 1)
    return windows[:, :-1].copy(), windows[:, -1].copy()


def topics_corpus(vocab_size: int | None = 500) -> tuple[np.ndarray, list[str]]:
    """The help texts of the Python interpreter as words ([a-z]+, lower case): a small real text that needs no download.

    The texts differ a little between Python versions, so they are for show.
    vocab_size: the vocab_size - 1 most frequent words keep a number, 1, 2, ... by falling frequency; all others become 0,
    "<rare>". None keeps every word (64,285 tokens of 3118 types on Python 3.11).
    Returns tokens (T,) int64 and the vocabulary, a list.
    """
    import re
    from collections import Counter
    from pydoc_data.topics import topics

    text = "\n".join(topics[key] for key in sorted(topics))
    words = re.findall("[a-z]+", text.lower())
    ranked = sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))
    kept = [word for word, _ in (ranked if vocab_size is None else ranked[: vocab_size - 1])]
    number = {word: i for i, word in enumerate(kept, start=1)}
    return np.array([number.get(word, 0) for word in words], dtype=np.int64), ["<rare>", *kept]


CAPTION_WORDS = (
    *("<pad>", "a", "the", "photo", "of", "digit", "number", "drawing", "handwritten"),
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("white", "black", "on", "in", "ink", "paper"),
)
"""The 25 words of the captions; a word's id is its place, 0 is padding."""

CAPTIONS = (
    "a {ink} {digit} on {paper} paper",
    "the digit {digit} in {ink} ink",
    "a photo of the number {digit} in {ink} on {paper}",
    "handwritten {ink} {digit}",
    "a drawing of a {ink} {digit}",
)


def caption_ids(sentence: str, length: int = 10) -> list[int]:
    """A sentence over the CAPTION_WORDS as `length` ids, padded with 0. Raises ValueError for other words or too many."""
    words = sentence.split()
    unknown = [word for word in words if word not in CAPTION_WORDS[1:]]
    if unknown:
        raise ValueError(f"no caption has the word {unknown[0]!r}; there are {', '.join(CAPTION_WORDS[1:])}")
    if len(words) > length:
        raise ValueError(f"{len(words)} words are too many for {length} places")
    return [CAPTION_WORDS.index(word) for word in words] + [0] * (length - len(words))


def captioned_digits(seed: Seed = 0) -> tuple[tuple, tuple, "torch.Tensor"]:
    """The 1797 digits as images, white on black or inverted with equal chance, each with a caption from one of five templates.

    Returns train and test, each (images (N, 1, 8, 8) float32, tokens (N, 10) int64, classes (N,) int64) with 1200 and 597
    pairs, and prompts (20, 10): "a white zero", "a black zero", "a white one", ... All are torch tensors; a class is
    2 * digit + (1 if the ink is black). Black ink is 0 on paper of 1.
    """
    import torch
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    black, template = rng.integers(0, 2, len(images)), rng.integers(0, len(CAPTIONS), len(images))
    names = CAPTION_WORDS[9:19]

    def pairs(part: np.ndarray) -> tuple:
        tokens = []
        for i in part:
            ink, paper = ("black", "white") if black[i] else ("white", "black")
            tokens.append(caption_ids(CAPTIONS[template[i]].format(ink=ink, paper=paper, digit=names[digits[i]])))
        shown = np.where(black[part, None, None, None], 1 - images[part], images[part])
        return torch.from_numpy(shown), torch.tensor(tokens), torch.from_numpy(2 * digits[part] + black[part])

    prompts = torch.tensor([caption_ids(f"a {ink} {name}") for name in names for ink in ("white", "black")])
    return pairs(order[:1200]), pairs(order[1200:]), prompts


def scaling_runs(
    seed: Seed = 0,
    floor: float = 1.2,
    scale: float = 30.0,
    exponent: float = 0.3,
    smallest: float = 1e3,
    largest: float = 1e8,
    count: int = 25,
    noise: float = 0.003,
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of models and the losses that they reach, by a power law with a floor.

    noise: the standard deviation of the losses' logarithms
    Returns n (count,), evenly spaced in log n, and losses (count,) = (floor + scale * n**-exponent) * exp(noise * normal).
    """
    rng = np.random.default_rng(seed)
    n = np.logspace(np.log10(smallest), np.log10(largest), count)
    return n, (floor + scale * n**-exponent) * np.exp(noise * rng.normal(size=count))


def parity_strings(n: int, length: int, seed: Seed = 0) -> tuple["torch.Tensor", "torch.Tensor"]:
    """Random strings of bits. Returns bits (n, length) and their parity (n,), 1 for an odd number of ones; int64 tensors."""
    import torch

    _check_count(n)
    bits = torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (n, length)))
    return bits, bits.sum(dim=1) % 2


def ring_of_gaussians(
    n: int, modes: int = 8, radius: float = 2.0, std: float = 0.15, phase: float = 0.0, seed: Seed = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Equal round blobs on a circle.

    n: how many points; modes: how many blobs; std: of each in every coordinate; phase: by how much the ring is turned, in radians
    Returns points (n, 2) float32 and the blobs' centres (modes, 2) float64.
    """
    _check_count(n, std)
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(modes) / modes + phase
    centres = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = centres[rng.integers(modes, size=n)] + std * rng.standard_normal((n, 2))
    return points.astype(np.float32), centres


def python_help() -> tuple["torch.Tensor", list[str]]:
    """The help texts of the Python interpreter as characters: some 465,000 on Python 3.11, a little different in each version.

    They are sorted by key and joined with newlines; other characters than the 96 are dropped.
    Returns ids (L,), an int64 tensor, and the list of 96 characters, newline and ASCII 32 to 126, of which 94 occur.
    """
    from pydoc_data.topics import topics

    import torch

    characters = ["\n", *map(chr, range(32, 127))]
    number = {character: i for i, character in enumerate(characters)}
    text = "\n".join(topics[key] for key in sorted(topics))
    return torch.tensor([number[c] for c in text if c in number]), characters
