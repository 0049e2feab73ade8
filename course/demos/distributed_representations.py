"""Lecture 06: text from a table of pairs, a map of embeddings while they are learned, cosines in many dimensions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.sparse import coo_array  # at the top: a scene has no time to load libraries
from scipy.stats import norm

from course import data
from course.figure import BLUE, GREEN, GREY, ORANGE, PURPLE
from course.stage import (
    ReaderError,
    Stage,
    button,
    choice,
    line,
    log_slider,
    panel,
    play,
    points,
    reader_rule,
    rects,
    slider,
    texts,
    toggle,
)
from course.stage.guard import describe, name_of

NO_ALPHA = -4.0  # of the slider's logarithm: no smoothing at all
WORDS = 30  # that are drawn after the first


# ------------------------------------------------------------------------------------------ text from a table of pairs


@lru_cache(maxsize=2)
def _corpus(name: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Tokens to count, tokens to test on, and the vocabulary."""
    if name == "toy language":
        return data.toy_language(1500, 0)[0], *data.toy_language(400, 1)
    tokens, vocabulary = data.topics_corpus(500)
    cut = len(tokens) * 9 // 10
    return tokens[:cut], tokens[cut:], vocabulary


def babble(bigram: Callable[..., Any], **settings: Any) -> Stage:
    """Large alpha turns text into noise; without it a pair that was never seen makes the perplexity infinite.

    bigram(tokens, vocab_size, alpha): the reader's bigram_probabilities; its table draws the words and rates the unseen text
    """
    rule = reader_rule(bigram, {"P": lambda tokens, vocab_size, alpha: (vocab_size, vocab_size)})

    @lru_cache(maxsize=16)
    def table(text: str, alpha: float) -> tuple[np.ndarray, float]:
        tokens, unseen, vocabulary = _corpus(text)
        P = rule(tokens, len(vocabulary), alpha)
        after = unseen[1:]
        with np.errstate(divide="ignore"):  # a pair that was never seen, without smoothing
            surprise = -np.log2([P[word, n] for word, n in zip(unseen, after, strict=False)])  # in bits
        return P, float(np.exp2(surprise.mean()))

    def scene(text: str, log_alpha: float, word: int, sample: int) -> tuple[list, str]:
        alpha = 10.0**log_alpha if log_alpha > NO_ALPHA else 0.0
        tokens, _, vocabulary = _corpus(text)
        P, perplexity = table(text, alpha)
        drawn = [int(tokens[0])]
        for luck in np.random.default_rng(sample).random(WORDS):  # the same luck for every alpha
            reached = np.cumsum(P[drawn[-1]])
            if not reached[-1] > 0:
                raise ReaderError(f"Row {drawn[-1]} of the table has no probability to draw a word from.")
            drawn.append(int(np.searchsorted(reached, luck * reached[-1], side="right").clip(0, len(vocabulary) - 1)))
        row, follows = P[drawn[word]], tokens[1:][tokens[:-1] == drawn[word]]
        likeliest = np.argsort(-row, kind="stable")[:9][::-1]
        left = panel(
            *_written([vocabulary[n] for n in drawn], word),
            axes=False,
            xlim=(0, 62),
            ylim=(9.5, -0.5),
            title="text drawn from the table",
            width=1.25,
        )
        right = panel(
            rects(0, np.arange(9) - 0.4, row[likeliest], 0.8, color=BLUE),
            x="probability",
            yticks={i: vocabulary[n] for i, n in enumerate(likeliest)},
            xlim=(0, max(0.05, 1.15 * float(row.max()))),
            ylim=(-0.6, 8.6),
            title=f"the row of “{vocabulary[drawn[word]]}”, its nine largest",
        )
        rated = f"{perplexity:.1f}" if np.isfinite(perplexity) else "infinite"
        return [left, right], (
            f"{f'α = {alpha:.2g}' if alpha else 'No smoothing'}: the perplexity on unseen text is {rated}. "
            f"“{vocabulary[drawn[word]]}” was followed {len(follows)} times by {len(np.unique(follows))} different words; the other "
            f"{len(vocabulary) - len(np.unique(follows))} of {len(vocabulary)} share "
            f"{1 - row[np.unique(follows)].sum():.0%} of its row."
        )

    return Stage(
        scene,
        text=choice(["toy language", "Python's help"], label="text"),
        log_alpha=slider(NO_ALPHA, 1.0, -1.5, 0.25, label="log₁₀ α (at −4: none)"),
        word=play(WORDS, 0, label="current word", speed=2),
        sample=button("other luck"),
        presets={
            "no smoothing": {"log_alpha": NO_ALPHA},
            "about right": {"log_alpha": -1.5},
            "far too much": {"log_alpha": 1.0},
            "a real text": {"text": "Python's help", "log_alpha": -1.0},
        },
        settings=settings,
        arguments={"bigram": bigram},
        name="demos.babble",
    )


def _written(words: list[str], current: int) -> list:
    """Words in lines, the current one in orange and bold."""
    x, y, places = 0.0, 0, []
    for word in words:
        width = 1.15 * len(word) + 1.5
        if x + width > 62:
            x, y = 0.0, y + 1
        places.append((x, y))
        x += width
    xs, ys = np.array(places, dtype=float).T
    others = [n for n in range(len(words)) if n != current]
    return [
        texts(xs[others], ys[others], [words[n] for n in others], align="left", size=11),
        texts(xs[[current]], ys[[current]], [words[current]], align="left", size=11, color=ORANGE, bold=True),
    ]


# ------------------------------------------------------------------------------------------ a map of embeddings

CLASSES = {"adjectives": (BLUE, "o", "●"), "nouns": (PURPLE, "s", "■"), "verbs": (GREEN, "^", "▲")}
TOPICS = {"A": (BLUE, "o", "●"), "B": (PURPLE, "s", "■"), "C": (GREEN, "^", "▲"), "D": (ORANGE, "D", "◆")}
SIZES = (20, 40, 20)  # adjectives, nouns and verbs of a topic
EPOCHS, LOOKS = 8, 3  # how often an epoch is looked at


def _kinds() -> tuple[np.ndarray, np.ndarray]:
    """The word class and the topic of each word of the toy language, -1 for ".", "the" and "a"."""
    kind = np.repeat(np.arange(3), 4 * np.array(SIZES))
    topic = np.concatenate([np.repeat(np.arange(4), count) for count in SIZES])
    nothing = np.full(3, -1)
    return np.append(nothing, kind), np.append(nothing, topic)


def embedding_map(model: Callable[..., Any], **settings: Any) -> Stage:
    """Word classes and topics separate while a network learns to predict the next word, though nobody names them.

    model(vocab_size, context, embed_dim, hidden): the reader's NeuralLM, which is trained here on the toy language. Its
    embeddings start small and are drawn to zero a little, so that what stands out has been learned.
    """
    kind, topic = _kinds()
    group = np.where(kind >= 0, 4 * kind + topic, -1)

    @lru_cache(maxsize=1)
    def trained() -> tuple[np.ndarray, np.ndarray]:
        """Embeddings (looks, V, E) and test losses (looks,)."""
        try:
            return _train(model)
        except NotImplementedError as error:  # the reader's stub, not yet written
            raise ReaderError(describe(error, name_of(model))) from error

    def scene(time: int, words: str, axes: str) -> tuple[list, str]:
        tables, losses = trained()
        shown = np.arange(len(kind)) if words == "all words" else np.flatnonzero(kind == list(CLASSES).index(words))
        first = 2 if axes == "3 and 4" and words == "all words" else 0
        last = tables[-1][shown]
        plane = np.linalg.svd(last - last.mean(axis=0), full_matrices=False)[2][first : first + 2].T
        reach = 1.1 * np.abs((last - last.mean(axis=0)) @ plane).max()
        places = (tables[time][shown] - last.mean(axis=0)) @ plane

        def picture(title: str, looks: dict, belongs: np.ndarray) -> Any:
            layers = [
                points(places[belongs[shown] == k], color=color, marker=marker, size=5, opacity=0.8)
                for k, (color, marker, _) in enumerate(looks.values())
                if (belongs[shown] == k).any()
            ]
            if words == "all words":
                # "the" and "a" lie together: one is written to the left of its point, the other to the right
                for word, (name, align) in enumerate((("“.”", "center"), ("the\u00a0", "right"), ("\u00a0a", "left"))):
                    layers.append(texts(*places[word], name, align=align, bold=True, halo=True))
            named = ", ".join(f"{sign} {name}" for name, (_, _, sign) in looks.items())
            names = {"x": f"component {first + 1}", "y": f"component {first + 2}", "title": f"{title}: {named}"}
            return panel(*layers, **names, xlim=(-reach, reach), ylim=(-reach, reach))

        at = np.arange(len(losses)) / LOOKS
        curve = panel(
            line([0, EPOCHS], [2.635, 2.635], color=GREEN, label="entropy"),
            line(at, losses, color=BLUE),
            points([at[time]], [losses[time]], color=ORANGE, marker="o", size=9),
            x="epoch",
            y="loss on unseen text (nats)",
            xlim=(0, EPOCHS),
            ylim=(2.4, 6.2),
            title="what it is trained for",
            width=0.8,
        )
        return [picture("classes", CLASSES, kind), picture("topics", TOPICS, topic), curve], (
            f"After {at[time]:.2g} epochs the loss is {losses[time]:.2f} nats. In all {tables.shape[2]} dimensions, the nearest of the "
            f"twelve groups' centres is the word's own for {_apart(tables[time], group, shown):.0%} of the {words.split()[-1]}."
        )

    last = EPOCHS * LOOKS
    return Stage(
        scene,
        time=play(last, label="third of an epoch", speed=6),
        words=choice(["all words", *CLASSES], label="words"),
        axes=choice(["1 and 2", "3 and 4"], label="principal components", when={"words": "all words"}),
        presets={
            "before training": {"time": 0, "words": "all words", "axes": "1 and 2"},
            "after one epoch": {"time": LOOKS, "words": "all words", "axes": "1 and 2"},
            "at the end": {"time": last, "words": "all words", "axes": "1 and 2"},
            "the same, from another side": {"time": last, "words": "all words", "axes": "3 and 4"},
            "adjectives alone": {"time": last, "words": "adjectives"},
            "verbs alone": {"time": last, "words": "verbs"},
            "nouns alone": {"time": last, "words": "nouns"},
        },
        settings=settings,
        arguments={"model": model},
        budget=10.0,  # it trains when first drawn
        name="demos.embedding_map",
    )


def _train(model: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    contexts, words = map(torch.from_numpy, data.contexts_and_targets(data.toy_language(1500, 0)[0]))
    unseen = [torch.from_numpy(part) for part in data.contexts_and_targets(data.toy_language(200, 1)[0])]
    loss_of = torch.nn.CrossEntropyLoss()
    tables, losses = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = model(323, 3, 8, 24)
        with torch.no_grad():
            net.embedding.weight.mul_(0.1)
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.5)

        def look() -> None:
            with torch.no_grad():
                tables.append(net.embedding.weight.numpy().astype(float))  # a copy
                losses.append(loss_of(net(unseen[0]), unseen[1]).item())

        look()
        for _ in range(EPOCHS):
            for part in torch.randperm(len(words)).chunk(LOOKS):
                for some in part.split(256):
                    optimizer.zero_grad()
                    loss_of(net(contexts[some]), words[some]).backward()
                    optimizer.step()
                look()
    torch.set_num_threads(threads)
    return np.stack(tables), np.array(losses)


def _apart(places: np.ndarray, group: np.ndarray, shown: np.ndarray) -> float:
    """The share of the words `shown`, of those with a group, that lie nearest to the centre of their own group."""
    centres = np.stack([places[group == k].mean(axis=0) for k in range(group.max() + 1)])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)
    grouped = shown[group[shown] >= 0]
    return float(np.mean(nearest[grouped] == group[grouped]))


# ------------------------------------------------------------------------------------------ cosines in many dimensions

PAIRS = 4000


def directions(**settings: Any) -> Stage:
    """In many dimensions random directions are nearly at right angles; a part that all share hides it."""
    edges = np.linspace(-1, 1, 81)

    def scene(dimension: float, shared: float, centred: bool, sample: int) -> tuple[list, str]:
        D = round(dimension)
        rng = np.random.default_rng(sample)
        vectors = rng.normal(size=(2, PAIRS, D)) / np.sqrt(D)
        vectors[..., 0] += shared
        if centred:
            vectors -= vectors.mean(axis=(0, 1))
        lengths = np.linalg.norm(vectors, axis=2)
        cosines = np.einsum("ni,ni->n", *vectors) / lengths.prod(axis=0)
        share = np.histogram(cosines, edges)[0] / PAIRS
        curve = norm.pdf(fine := np.linspace(-1, 1, 801), scale=1 / np.sqrt(D)) * (edges[1] - edges[0])
        top = 1.15 * max(share.max(), min(curve.max(), 1))
        picture = panel(
            rects(edges[:-1], 0, edges[1] - edges[0], share, color=BLUE),
            line(fine, curve, color=ORANGE, dash="-", label="normal, deviation 1/√D"),
            line([0, 0], [0, top], color=GREY, width=1),
            x="cosine of two vectors",
            y="share of pairs",
            xlim=(-1, 1),
            ylim=(0, top),
            xticks=(-1, -0.5, 0, 0.5, 1),
            key=True,
        )
        angle = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
        return [picture], (
            f"D = {D}: the cosines have mean {cosines.mean():.3f} and deviation {cosines.std():.3f}; 1/√D is {D**-0.5:.3f}. "
            f"Nine of ten pairs lie between {np.quantile(angle, 0.05):.0f}° and {np.quantile(angle, 0.95):.0f}°. "
            f"The mean of |cos| is {np.abs(cosines).mean():.3f}; √(2/(πD)) is {np.sqrt(2 / (np.pi * D)):.3f}."
        )

    return Stage(
        scene,
        dimension=log_slider(2, 1000, 30, label="dimension D"),
        shared=slider(0, 2, 0.0, 0.05, label="a part that all share"),
        centred=toggle(False, label="subtract the mean of all"),
        sample=button("new vectors"),
        presets={
            "the plane": {"dimension": 2, "shared": 0.0, "centred": False},
            "30 dimensions": {"dimension": 30, "shared": 0.0, "centred": False},
            "1000 dimensions": {"dimension": 1000, "shared": 0.0, "centred": False},
            "a shared part": {"dimension": 100, "shared": 1.0, "centred": False},
            "a shared part, subtracted": {"dimension": 100, "shared": 1.0, "centred": True},
        },
        settings=settings,
        name="demos.directions",
    )


# ------------------------------------------------------------------------------------------ the gallery


def _scipy_bigrams(tokens: np.ndarray, vocab_size: int, alpha: float) -> np.ndarray:
    """By a sparse matrix, which adds up what falls on one place, and scikit-learn's rows of sum one."""
    from sklearn.preprocessing import normalize

    ones = np.ones(len(tokens) - 1)
    table = coo_array((ones, (tokens[:-1], tokens[1:])), shape=(vocab_size, vocab_size)).toarray() + alpha
    table[~table.any(axis=1)] = 1
    return normalize(table, norm="l1")


def _torch_model(*sizes: int) -> Any:
    from torch import nn

    words, places, width, units = sizes
    layers = {
        "embedding": nn.Embedding(words, width),
        "join": nn.Flatten(),
        "hidden": nn.Linear(places * width, units),
        "bend": nn.Tanh(),
        "output": nn.Linear(units, words),
    }
    return nn.Sequential(OrderedDict(layers))


def _model() -> dict[str, Any]:
    import torch  # noqa: F401 (a scene has no time to load it)

    return {"model": _torch_model}


LECTURE = 6
DEMOS = ("babble", "embedding_map", "directions")  # in the gallery
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "babble": lambda: {"bigram": _scipy_bigrams},
    "embedding_map": _model,
}
GRIDS = {
    "babble": {
        "text": ["toy language", "Python's help"],
        "log_alpha": [-4.0, -2.5, -1.5, -0.5, 1.0],
        "word": [0, 1, 2, 3, 4, 5],
    },
    "directions": {"dimension": [2, 3, 10, 30, 100, 300, 1000], "shared": [0.0, 1.0], "centred": [False, True]},
}
