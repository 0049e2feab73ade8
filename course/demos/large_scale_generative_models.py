"""Lecture 11: images found by words, temperatures, the floor of a law, a budget to split, and noise that turns into samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from scipy.optimize import curve_fit, minimize_scalar
from scipy.spatial.distance import cdist

from course import data
from course.figure import BLUE, GREEN, GREY, INK, ORANGE, PURPLE
from course.stage import (
    ReaderError,
    Stage,
    button,
    choice,
    field,
    handle,
    int_slider,
    line,
    log_slider,
    panel,
    play,
    points,
    reader_rule,
    rects,
    slider,
    text,
    texts,
    toggle,
)


@contextmanager
def _one_thread() -> Iterator[None]:
    """On small tensors more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# ------------------------------------------------------------------------------------------ search by words

HELD_OUT = 7  # the black threes
SHOWN = 10
DIGITS = data.CAPTION_WORDS[9:19]


def search(train: Callable[..., Any], scores: Callable[..., Any], **settings: Any) -> Stage:
    """A description finds images, and any words make a classifier; a combination that was never seen is not found.

    train(images, tokens, vocab_size, seed): the reader's train_digit_clip; scores(image_emb, prompt_emb): zero_shot_scores
    """
    trainer = reader_rule(train, {"image_encoder": None, "text_encoder": None})
    rule = reader_rule(scores, {"scores": lambda images, prompts: (len(images), len(prompts))}, framework="torch")

    @lru_cache(maxsize=1)
    def digits() -> tuple:
        return data.captioned_digits(0)

    @lru_cache(maxsize=2)
    def trained(blind: bool) -> tuple:
        """The text encoder, the embeddings of the hidden images, for each of 20 prompts the share that is recognised, and how many
        black threes get each of the prompts."""
        (images, tokens, classes), (hidden, _, truth), prompts = digits()
        kept = classes != HELD_OUT if blind else classes >= 0
        with _one_thread():
            image_encoder, text_encoder = trainer(images[kept], tokens[kept], len(data.CAPTION_WORDS), 0)
        with torch.no_grad():
            embedded = image_encoder(hidden)
            said = rule(embedded, text_encoder(prompts)[:, None]).argmax(dim=1)
        shares = [float((said[truth == k] == k).double().mean()) for k in range(20)]
        return text_encoder, embedded, np.array(shares), np.bincount(said[truth == HELD_OUT], minlength=20)

    def cosines(caption: str, blind: bool) -> np.ndarray:
        text_encoder, embedded, *_ = trained(blind)
        try:
            ids = data.caption_ids(caption)
        except ValueError as error:
            raise ReaderError(f"{error}.") from None
        if not any(ids):
            raise ReaderError("Type a caption of one word or more, for example: a black seven.")
        with torch.no_grad():
            return rule(embedded, text_encoder(torch.tensor([ids]))[:, None])[:, 0].numpy()

    def scene(caption: str, other: str, blind: bool) -> tuple[list, str]:
        hidden = digits()[1][0][:, 0].numpy()
        first = cosines(caption, blind)
        second = cosines(other, blind) if other.strip() else None
        best = np.argsort(-(first if second is None else first - second), kind="stable")[:SHOWN]
        sheet = np.full((2 * 10, 5 * 9), np.nan)
        for place, i in enumerate(best):
            row, column = 10 * (place // 5), 9 * (place % 5)
            sheet[row : row + 8, column : column + 8] = hidden[i]
        left = panel(
            field(sheet, x=(0, 45), y=(20, 0), cells=True, colors="gray", limits=(0, 1)),
            texts(
                [9 * (place % 5) + 4 for place in range(SHOWN)],
                [20 - 10 * (place // 5) - 9 for place in range(SHOWN)],
                [f"{place + 1}" for place in range(SHOWN)],
                color=GREY,
                size=11,
            ),
            axes=False,
            equal=True,
            xlim=(-0.5, 45),
            ylim=(-0.5, 20.5),
            title=f"found: “{caption.strip()}”",
        )
        ranks = np.arange(SHOWN)
        bars = [rects(0, ranks + 0.1, first[best], 0.35 if other.strip() else 0.8, color=BLUE, label="caption")]
        if second is not None:
            bars.append(rects(0, ranks + 0.5, second[best], 0.35, color=PURPLE, label="the other"))
        middle = panel(
            *bars,
            line([0, 0], [0, SHOWN], color=INK, dash="-", width=0.8),
            x="cosine with the caption" if second is None else "cosine (below each: with the other)",
            xlim=(-1, 1),
            ylim=(SHOWN, 0),
            yticks={rank + 0.5: f"{rank + 1}" for rank in ranks},
            width=0.6,
        )
        shares, taken = trained(blind)[2:]
        marked = [rects(HELD_OUT // 2, 0, 1, 1, color=ORANGE, filled=False)] if blind else []
        right = panel(
            field(
                shares.reshape(10, 2).T, x=(0, 10), y=(2, 0), cells=True, colors="gray", limits=(-0.5, 1), values=".2f"
            ),
            *marked,
            x="digit",
            xticks={k + 0.5: f"{k}" for k in range(10)},
            yticks={1.5: "white", 0.5: "black"},
            xlim=(0, 10),
            ylim=(0, 2),
            equal=True,
            title="share recognised" + (" (orange: never seen)" if blind else ", of 20 prompts"),
        )
        said = f"Best match: cosine {first[best[0]]:.2f}. "
        said += f"Of the hidden images, {shares[HELD_OUT]:.0%} of the black threes are recognised, "
        said += f"{np.delete(shares, HELD_OUT).mean():.0%} of the others (mean over 19 prompts)."
        if blind:
            said += " No black three was seen in training; white threes and other black digits were."
            most = [k for k in np.argsort(-taken, kind="stable")[:3] if taken[k]]
            names = [f"{('white', 'black')[k % 2]} {DIGITS[k // 2]} ({taken[k] / taken.sum():.0%})" for k in most]
            said += f" Hidden black threes are most often taken for: {', '.join(names)}."
        return [left, middle, right], said

    return Stage(
        scene,
        caption=text(
            "a black seven", suggestions=["a white zero", "handwritten black three", "black", "five"], label="caption"
        ),
        other=text("", suggestions=["a white seven", "a black one"], label="rather than"),
        blind=toggle(False, label="trained without black threes"),
        presets={
            "by words": {"caption": "a black seven", "other": "", "blind": False},
            "rather than": {"caption": "seven", "other": "nine", "blind": False},
            "colour alone": {"caption": "white ink", "other": "", "blind": False},
            "black three": {"caption": "a black three", "other": "", "blind": False},
            "never seen": {"caption": "a black three", "other": "", "blind": True},
        },
        settings=settings,
        arguments={"train": train, "scores": scores},
        name="demos.search",
        budget=90.0,
    )


# ------------------------------------------------------------------------------------------ temperature and batch


def temperature(loss: Callable[..., Any], **settings: Any) -> Stage:
    """At chance the loss is log N; a scale that is too small can't say what it knows, one that is too large pays for every error.

    loss(image_emb, text_emb, log_scale): the reader's clip_loss
    """
    rule = reader_rule(loss, {"loss": ()}, framework="torch")
    scales = np.linspace(-2, 6, 41)

    @lru_cache(maxsize=64)
    def batch(size: int, noise: float, shuffled: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Directions that pairs have in common, and what each side adds to them."""
        rng = np.random.default_rng([size, 4])
        common = rng.normal(size=(size, 16))
        images, captions = (common + noise * rng.normal(size=common.shape) for _ in range(2))
        if shuffled:
            captions = np.roll(captions, 1, axis=0)
        return torch.from_numpy(images), torch.from_numpy(captions)

    @lru_cache(maxsize=64)
    def curve(size: int, noise: float, shuffled: bool) -> np.ndarray:
        images, captions = batch(size, noise, shuffled)
        with _one_thread():
            return np.array([rule(images, captions, torch.tensor(scale)).item() for scale in scales])

    def scene(log_scale: float, size: int, noise: float, shuffled: bool, whole: bool) -> tuple[list, str]:
        images, captions = batch(size, noise, shuffled)
        similar = torch.from_numpy(1 - cdist(images, captions, "cosine"))
        shares = torch.softmax(float(np.exp(log_scale)) * similar, dim=1).numpy()
        left = panel(
            field(shares, x=(0, size), y=(size, 0), cells=True, limits=(0, 1), bar="share"),
            x="caption",
            y="image",
            equal=True,
            xticks=(),
            yticks=(),
            title="softmax of each row",
        )
        now = rule(images, captions, torch.tensor(log_scale, dtype=torch.float64)).item()
        losses = curve(size, noise, shuffled)
        top = max(2 * np.log(size), 1.5)
        near = whole | (np.abs(scales - log_scale) < 0.7)
        right = panel(
            *([line([-2, 6], [np.log(size)] * 2, color=GREY, label="log N")] if whole else []),
            line(scales[near], losses[near].clip(0, 1e6), color=BLUE, label="your loss"),
            points([log_scale], [min(now, 0.98 * top)], color=ORANGE, size=10),
            x="log_scale",
            y="loss of this batch",
            xlim=(-2, 6),
            ylim=(0, top),
            key=True,
        )
        least = scales[losses.argmin()]
        said = f"N = {size}: your loss is {now:.3g}."
        if whole:
            said += f" log N = {np.log(size):.3g}. It is least, {losses.min():.3g}, near log_scale = {least:.2g}."
        if shuffled and whole:
            said += " Every caption belongs to the next image: no scale does better than guessing."
        return [left, right], said

    return Stage(
        scene,
        log_scale=slider(-2, 6, 2.0, 0.1, label="log_scale"),
        size=int_slider(2, 64, 12, label="batch size N"),
        noise=slider(0, 2, 0.7, 0.05, label="noise in the embeddings"),
        shuffled=toggle(False, label="captions shifted by one"),
        whole=toggle(False, label="show the whole curve"),
        presets={
            "good": {"log_scale": 2.0, "size": 12, "noise": 0.7, "shuffled": False},
            "too flat": {"log_scale": -1.0, "size": 12, "noise": 0.7, "shuffled": False},
            "too sharp": {"log_scale": 4.0, "size": 12, "noise": 1.2, "shuffled": False},
            "a larger batch": {"log_scale": 2.0, "size": 64, "noise": 0.7, "shuffled": False},
            "wrong pairs": {"log_scale": 2.0, "size": 12, "noise": 0.7, "shuffled": True},
        },
        settings=settings,
        arguments={"loss": loss},
        name="demos.temperature",
    )


# ------------------------------------------------------------------------------------------ the floor of a law


def floor(fit: Callable[..., Any], **settings: Any) -> Stage:
    """A power law with a floor is straight in log-log only after the floor is taken away; forgetting it bends the extrapolation.

    fit(n, loss): the reader's fit_scaling_law
    """
    rule = reader_rule(fit, {"E": (), "A": (), "alpha": ()})

    @lru_cache(maxsize=16)
    def measured(seed: int) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
        n, losses = data.scaling_runs(seed)
        return n, losses, rule(n, losses)

    def scene(E: float, size: float, runs: int) -> tuple[list, str]:
        n, losses, (own_E, own_A, own_alpha) = measured(runs)
        slope, offset = np.polyfit(np.log(n), np.log(losses - E), 1)
        straight = np.exp(offset) * n**slope
        misfit = np.sqrt(np.mean(np.log((E + straight) / losses) ** 2))
        top, bottom = 3 * (losses - E).max(), 0.4 * (losses - E).min()
        left = panel(
            points(n, losses - E, color=INK, marker="o", size=4.5),
            line(n, straight, color=ORANGE),
            x="parameters n",
            y="loss − E",
            xlog=True,
            ylog=True,
            ylim=(bottom, top),
            title=f"best line: off by {misfit:.2%} of the loss (rms)",
        )
        far = np.geomspace(n[0], 1e13, 61)
        truth = 1.2 + 30 * far**-0.3
        by_line = E + np.exp(offset) * far**slope
        right = panel(
            points(n, losses, color=INK, marker="o", size=4.5),
            line(far, truth, color=GREEN, label="truth"),
            line(far, by_line, color=ORANGE, label="line with this E"),
            line(far, own_E + own_A * far**-own_alpha, color=BLUE, label="your fit"),
            handle(
                ("size", None), (size, float(np.interp(np.log(size), np.log(far), by_line))), label="extrapolate to"
            ),
            x="parameters n",
            y="loss",
            xlog=True,
            xlim=(1e3, 1e13),
            ylim=(0, 5.5),
            key=True,
        )
        said = 1.2 + 30 * size**-0.3
        guess, own = E + np.exp(offset) * size**slope, own_E + own_A * size**-own_alpha
        note = f"E = {E:.2f}: the line has alpha = {-slope:.3f} and predicts {guess:.3f} at n = {size:.1e}; your fit, with "
        note += f"E = {own_E:.3f} and alpha = {own_alpha:.3f}, predicts {own:.3f}. The truth is {said:.3f}."
        return [left, right], note

    return Stage(
        scene,
        E=slider(0, 1.3, 0.0, 0.01, label="floor E"),
        size=log_slider(1e8, 1e13, 1e11, label="extrapolate to n"),
        runs=button("other runs"),
        presets={
            "no floor": {"E": 0.0, "size": 1e11},
            "half of it": {"E": 0.6, "size": 1e11},
            "about right": {"E": 1.2, "size": 1e11},
            "too high": {"E": 1.3, "size": 1e11},
        },
        settings=settings,
        arguments={"fit": fit},
        name="demos.floor",
    )


# ------------------------------------------------------------------------------------------ a budget to split

PUBLISHED = {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28}  # Hoffmann and others, 2022
MODELS = {"GPT-3": (175e9, 300e9), "Chinchilla": (70e9, 1.4e12)}


def _loss(n: Any, d: Any) -> Any:
    """What the published law says of n parameters and d tokens."""
    c = PUBLISHED
    return c["E"] + c["A"] / np.power(n, c["alpha"]) + c["B"] / np.power(d, c["beta"])


def budget(optimum: Callable[..., Any], **settings: Any) -> Stage:
    """Each budget has a best size: smaller models are too weak, larger ones see too few tokens. Serving many tokens favours smaller ones.

    optimum(compute, E, A, B, alpha, beta): the reader's chinchilla_optimum
    """
    rule = reader_rule(optimum, {"n_opt": 0, "d_opt": 0, "loss": 0})
    budgets = np.logspace(18, 26, 33)

    @lru_cache(maxsize=1)
    def along() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return rule(budgets, *PUBLISHED.values())

    def scene(compute: float, served: float) -> tuple[list, str]:
        n = np.logspace(7, 13, 241)
        curves = [
            line(n, _loss(n, c / 6 / n), color=GREY, dash="-", width=0.9) for c in (1e19, 1e20, 1e21, 1e22, 1e23, 1e24)
        ]
        n_opt, d_opt, loss = (float(value[0]) for value in rule(np.array([compute]), *PUBLISHED.values()))
        tokens = (compute - 2 * n * served) / (6 * n)
        total = np.where(tokens > 0, _loss(n, np.maximum(tokens, 1.0)), np.nan)
        marks = []
        note = f"6nd = {compute:.1e}: your optimum is n = {n_opt:.2e} parameters and d = {d_opt:.2e} tokens, "
        note += f"{d_opt / n_opt:.0f} for each parameter, with a loss of {loss:.3f}."
        if served >= 1e9:
            best = int(np.nanargmin(total)) if np.isfinite(total).any() else None
            marks.append(line(n, total, color=PURPLE))
            if best is not None:
                marks.append(points([n[best]], [total[best]], color=PURPLE, size=9))
                note += (
                    f" If {served:.0e} tokens must be served from the same budget, n = {n[best]:.2e} is best (purple)."
                )
        left = panel(
            *curves,
            line(n, _loss(n, compute / 6 / n), color=BLUE),
            *marks,
            points([n_opt], [loss], color=ORANGE, size=11),
            x="parameters n",
            y="loss at this budget",
            xlog=True,
            xlim=(1e7, 1e13),
            ylim=(1.7, 3.8),
            title="equal budgets: 10¹⁹ (top) to 10²⁴, and yours",
        )
        best_n, best_d, _ = along()
        right = panel(
            line(budgets, best_n, color=BLUE, label="n"),
            line(budgets, best_d, color=PURPLE, label="d"),
            points([compute, compute], [n_opt, d_opt], color=ORANGE, size=9),
            *[
                layer
                for name, (params, seen) in MODELS.items()
                for layer in (
                    points([6 * params * seen], [params], color=BLUE, marker="o", size=7),
                    points([6 * params * seen], [seen], color=PURPLE, marker="s", size=7),
                    texts(
                        [6 * params * seen * (0.5 if name == "GPT-3" else 2)],
                        [np.sqrt(params * seen)],
                        [name],
                        size=11,
                        align="right" if name == "GPT-3" else "left",
                        halo=True,
                    ),
                )
            ],
            x="compute [operations]",
            y="parameters n, tokens d",
            xlog=True,
            ylog=True,
            xlim=(1e18, 1e26),
            ylim=(1e8, 1e14),
            title="your split, and two real models",
        )
        return [left, right], note

    return Stage(
        scene,
        compute=log_slider(1e18, 1e25, 1e21, label="compute", unit="operations"),
        served=log_slider(1e8, 1e14, 1e8, label="tokens to be served"),
        presets={
            "a small run": {"compute": 1e20, "served": 1e8},
            "the budget of GPT-3": {"compute": 3.15e23, "served": 1e8},
            "the budget of Chinchilla": {"compute": 5.88e23, "served": 1e8},
            "and served to many": {"compute": 5.88e23, "served": 3e12},
        },
        settings=settings,
        arguments={"optimum": optimum},
        name="demos.budget",
    )


# ------------------------------------------------------------------------------------------ noise turns into samples

SAMPLES = 300
CENTRES = {
    "two blobs": np.array([[-1.5, 0.0], [1.5, 0.0]]),
    "ring of eight": data.ring_of_gaussians(1)[1],
}
STD = 0.1


def reverse(sample: Callable[..., Any], **settings: Any) -> Stage:
    """Noise flows into the data's places; without fresh noise samples end too close to the means, with wrong shares they miss them.

    sample(eps_model, x_T, betas, noises): the reader's ddpm_sample, which is given the exact denoiser of the mixture
    """
    rule = reader_rule(sample, {"x": 1}, framework="torch")

    @lru_cache(maxsize=64)
    def schedule(T: int) -> torch.Tensor:
        """T variances that take the signal as far down as 60 from 0.001 to 0.2 do."""
        left = np.concatenate([[0.0], np.cumsum(np.log1p(-np.linspace(0.001, 0.2, 60)))])
        left = np.interp(np.linspace(0, 60, T + 1), np.arange(61), left)
        return torch.from_numpy(-np.expm1(np.diff(left)))

    @lru_cache(maxsize=16)
    def path(shape: str, T: int, noise: bool, taken: float, seed: int) -> np.ndarray:
        """(T + 1, SAMPLES, 2): where the samples were, from noise to the end."""
        betas = schedule(T)
        signal = torch.exp(torch.cumsum(torch.log1p(-betas), dim=0))
        centres = torch.from_numpy(CENTRES[shape])
        seen: list[torch.Tensor] = []

        def eps_model(x: torch.Tensor, t: int) -> torch.Tensor:
            """What the noise is on average, given x: the blob is uncertain, and within it the place."""
            t = int(t)
            seen.append(x.detach().clone())
            middle, variance = signal[t].sqrt() * centres, signal[t] * STD**2 + 1 - signal[t]
            distance = torch.cdist(x, middle) ** 2
            weights = torch.softmax(-distance / (2 * variance), dim=1)
            return taken * (x - weights @ middle) * (1 - signal[t]).sqrt() / variance

        rng = np.random.default_rng([seed, 5])
        x_T = torch.from_numpy(rng.normal(size=(SAMPLES, 2)))
        noises = torch.from_numpy(rng.normal(size=(T, SAMPLES, 2))) * float(noise)
        with _one_thread():
            end = rule(eps_model, x_T, betas, noises)
        if len(seen) != T or seen[0].shape != x_T.shape:
            raise ReaderError(f"{T} calls of eps_model were expected, one a step; there were {len(seen)}.")
        return torch.stack([*seen, end.detach()]).numpy()

    def scene(shape: str, T: int, noise: bool, taken: float, samples: int, t: int) -> tuple[list, str]:
        x = path(shape, T, noise, taken, samples)
        step = round(t / 60 * T)
        now, centres = x[step], CENTRES[shape]
        rng = np.random.default_rng(1)
        around = centres[rng.integers(len(centres), size=200)] + STD * rng.normal(size=(200, 2))
        left = panel(
            points(around, color=GREY, marker=".", size=4),
            points(now.clip(-50, 50), color=BLUE, marker="o", size=4, opacity=0.7),
            x="x₁",
            y="x₂",
            xlim=(-3.2, 3.2),
            ylim=(-3.2, 3.2),
            equal=True,
            title=f"after {step} of {T} steps (grey: data)",
        )
        times = np.arange(T + 1)
        few = np.concatenate([x[:, :24, 0], np.full((1, 24), np.nan)]).clip(-50, 50)
        right = panel(
            line(np.tile(np.append(times, np.nan), 24), few.T.ravel(), color=BLUE, width=0.8, opacity=0.7),
            line([step, step], [-3.2, 3.2], color=ORANGE, width=1.2),
            x="step of the reverse process",
            y="x₁ of 24 samples",
            xlim=(0, T),
            ylim=(-3.2, 3.2),
        )
        nearest = cdist(x[-1], centres).min(axis=1)
        spread = np.sqrt(np.mean(nearest**2) / 2)
        said = f"In the end the samples lie {spread:.2g} from the nearest centre in each direction (rms); data lie {STD:g} from it."
        if spread > 4 * STD:
            said += " They miss the data."
        elif spread < 0.75 * STD:
            said += " They have drawn together."
        return [left, right], said

    return Stage(
        scene,
        shape=choice(list(CENTRES), label="data"),
        T=int_slider(4, 200, 60, label="steps T"),
        noise=toggle(True, label="fresh noise in each step"),
        taken=slider(0, 2, 1.0, 0.05, label="predicted noise times"),
        samples=button("other samples"),
        t=play(60, speed=12, label="time"),
        presets={
            "right": {"shape": "two blobs", "T": 60, "noise": True, "taken": 1.0},
            "without noise": {"shape": "two blobs", "T": 60, "noise": False, "taken": 1.0},
            "few steps": {"shape": "two blobs", "T": 6, "noise": True, "taken": 1.0},
            "nothing taken away": {"shape": "two blobs", "T": 60, "noise": True, "taken": 0.0},
            "too little": {"shape": "two blobs", "T": 60, "noise": True, "taken": 0.4},
            "a ring": {"shape": "ring of eight", "T": 60, "noise": True, "taken": 1.0},
        },
        settings=settings,
        arguments={"sample": sample},
        name="demos.reverse",
    )


# ------------------------------------------------------------------------------------------ gallery


def _both_ways(image_emb: torch.Tensor, text_emb: torch.Tensor, log_scale: torch.Tensor) -> torch.Tensor:
    """By scikit-learn's logarithmic loss, in float64."""
    from scipy.special import softmax
    from sklearn.metrics import log_loss

    z = np.exp(float(log_scale)) * (1 - cdist(image_emb, text_emb, "cosine"))
    names = np.arange(len(z))
    return torch.tensor(np.mean([log_loss(names, softmax(side, axis=1), labels=names) for side in (z, z.T)]))


def _curve_fit(n: np.ndarray, losses: np.ndarray) -> tuple[float, float, float]:
    """By scipy."""

    def law(log_n: np.ndarray, E: float, top: float, alpha: float) -> np.ndarray:
        return np.log(E + top * np.exp(-alpha * (log_n - np.log(n.min()))))

    start = (losses.min() / 2, losses.max() / 2, 0.3)
    (E, top, alpha), _ = curve_fit(law, np.log(n), np.log(losses), p0=start, bounds=(0, 50))
    return E, top * n.min() ** alpha, alpha


def _search_optimum(compute: np.ndarray, *constants: float) -> tuple[np.ndarray, ...]:
    """By scipy's search, budget by budget, for the published law."""
    found = []
    for c in compute:
        best = minimize_scalar(
            lambda u, c=c: float(_loss(np.exp(u), c / 6 / np.exp(u))), bounds=(5, 45), method="bounded"
        )
        found.append((np.exp(best.x), c / 6 / np.exp(best.x), best.fun))
    return tuple(np.array(found).T)


LECTURE = 11
DEMOS = ("temperature", "floor", "budget")
WITHOUT_STAND_INS = ("search", "reverse")  # no library here trains such a pair, or runs a reverse process
STAND_INS: dict[str, Callable[[], dict[str, Any]]] = {
    "temperature": lambda: {"loss": _both_ways},
    "floor": lambda: {"fit": _curve_fit},
    "budget": lambda: {"optimum": _search_optimum},
}
