"""What a case hands over besides arrays: things that are sent as a name and data and built beside the student's function.

`given.layout(base, "flipped")` makes the description that a case holds; `build` makes the thing itself, in whichever
process calls the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from course.wire import Given

LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "plain": lambda base: base,
    "transposed": lambda base: np.swapaxes(base, -1, -2),
    "flipped": lambda base: base[..., ::-1],
    "reversed": lambda base: base[::-1],
    "every second": lambda base: base[..., ::2],
    "every second of Fortran": lambda base: np.asfortranarray(base)[..., ::2],
    "strided": lambda base: base[::2, ..., ::2],
    "reversed and strided": lambda base: base[::-2, ..., ::2],
    "Fortran": np.asfortranarray,
}


def layout(base: np.ndarray, name: str) -> Given:
    """An array that doesn't lie plainly in memory: the array `base` and the name of one of the LAYOUTS.

    Raises ValueError for a name that is not there.
    """
    if name not in LAYOUTS:
        raise ValueError(f"no layout {name!r}; there are {', '.join(LAYOUTS)}")
    return Given("layout", (np.asarray(base), name))


def _layout(base: np.ndarray, name: str) -> np.ndarray:
    """A new array each time: most layouts are views, and an answer that writes into one must not reach the base."""
    return LAYOUTS[name](np.array(base, order="C"))


# Functions of an array, by name. An answer gets the function; where calls count, the probe counts them.
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray | float]] = {
    # gradients, to an array of the same shape
    "slopes from 1 to 5": lambda x: np.linspace(1, 5, x.size).reshape(x.shape) * x,
    "double well": lambda x: x**3 - x,
    "coupled cosine": lambda x: np.cos(x) + 0.3 * x.sum(),
    "chain of quartics": lambda x: x**3 + 0.5 * np.roll(x, 1) + 0.5 * np.roll(x, -1),
    "fifth powers": lambda x: x**4,
    # to a number
    "sum of squares": lambda x: float((x**2).sum() + 3 * x.ravel()[0]),
    "sine times cosine": lambda x: float(np.sin(x).sum() * np.cos(x).sum()),
    "exponentials": lambda x: float(np.exp(x).sum()),
    "product": lambda x: float(np.prod(x + 0.5)),
    "cubes": lambda x: float((x**3).sum()),
}


def function(name: str) -> Given:
    """One of the FUNCTIONS. Raises ValueError for a name that is not there."""
    if name not in FUNCTIONS:
        raise ValueError(f"no function {name!r}; there are {', '.join(FUNCTIONS)}")
    return Given("function", (name,))


def _function(name: str) -> Callable[[Any], np.ndarray | float]:
    """Takes numbers and integer arrays too, and gives a number, or an array of its own each time."""
    f = FUNCTIONS[name]

    def given_function(x: Any) -> np.ndarray | float:
        y = f(np.asarray(x, dtype=np.float64))
        return y if type(y) is float else np.array(y)

    return given_function


def linear(A: np.ndarray) -> Given:
    """The function x -> A x, for A (M, D)."""
    return Given("linear", (np.asarray(A),))


def _linear(A: np.ndarray) -> Callable[[Any], np.ndarray]:
    return lambda x: A @ np.asarray(x, dtype=np.float64)


def generator(seed: int) -> Given:
    """A `numpy.random.Generator` from a seed."""
    return Given("generator", (int(seed),))


def device(name: str) -> Given:
    """A `torch.device`: "cpu", "meta", or "accelerator", which is the CPU on a machine without one."""
    return Given("device", (name,))


def _device(name: str) -> Any:
    import torch

    if name != "accelerator":
        return torch.device(name)
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def tensor(array: np.ndarray, name: str) -> Given:
    """The array as a tensor on a device, which is named as for `device`."""
    return Given("tensor", (np.asarray(array), name))


def _tensor(array: np.ndarray, name: str) -> Any:
    import torch

    return torch.from_numpy(np.array(array)).to(_device(name))


def sample(part: str, seed: int, name: str) -> Given:
    """One of the four PARTS of the data set of that name and seed, one of SAMPLES.

    Thousands of numbers are sent as a name and a seed. Raises ValueError for a name that is not there.
    """
    if name not in SAMPLES or part not in PARTS:
        raise ValueError(f"no {part!r} of {name!r}; there are {', '.join(PARTS)} of {', '.join(SAMPLES)}")
    return Given("sample", (part, int(seed), name))


PARTS = ("X_train", "labels_train", "X_test", "labels_test")


def _digits(seed: int) -> tuple[np.ndarray, ...]:
    from course import data

    return data.digits(1200, seed)


def _rings(seed: int) -> tuple[np.ndarray, ...]:
    from course import data

    X, labels = data.rings(1800, seed)
    return X[:1200], labels[:1200], X[1200:], labels[1200:]


def _noisy_digits(seed: int) -> tuple[np.ndarray, ...]:
    from course import data

    return data.noisy_digits(seed)


def _toy_language(seed: int) -> tuple[np.ndarray, ...]:
    """Three words of context and the next word. Of the test text every fourth window, so that no context holds a test word."""
    from course import data

    rng = np.random.default_rng(seed)
    train = data.contexts_and_targets(data.toy_language(1500, rng)[0])
    test = data.contexts_and_targets(data.toy_language(1600, rng)[0])
    return *train, *(part[::4].copy() for part in test)


SAMPLES: dict[str, Callable[[int], tuple[np.ndarray, ...]]] = {
    "digits": _digits,
    "rings": _rings,
    "noisy digits": _noisy_digits,
    "toy language": _toy_language,
}


@lru_cache(maxsize=1)
def _parts(seed: int, name: str) -> tuple[np.ndarray, ...]:
    return SAMPLES[name](seed)


def _sample(part: str, seed: int, name: str) -> np.ndarray:
    """An array of its own each time, though the data set is made once for its four parts."""
    return _parts(seed, name)[PARTS.index(part)].copy()


def captioned(part: str, seed: int) -> Given:
    """A part of `data.captioned_digits(seed)`, a tensor: "images" or "tokens", of the training pairs."""
    return Given("captioned", (part, int(seed)))


@lru_cache(maxsize=4)
def captioned_pairs(seed: int) -> tuple[Any, ...]:
    """`data.captioned_digits(seed)`, made once for all who only read it."""
    from course import data

    return data.captioned_digits(seed)


def _captioned(part: str, seed: int) -> Any:
    return captioned_pairs(seed)[0][("images", "tokens").index(part)].clone()


def noise_model(w: Any, steps: int) -> Given:
    """A stand-in for a trained noise predictor: eps(x (..., d), t) from a tensor w (d, d), another at each of `steps` times t."""
    return Given("noise_model", (w, int(steps)))


def _noise_model(w: Any, steps: int) -> Callable[[Any, Any], Any]:
    """It has parameters, as a network has, so what it says comes with a graph."""
    import torch

    w = torch.nn.Parameter(w)
    return lambda x, t: torch.tanh(x @ w.to(x)) * (0.5 + t / steps)


def token_table(table: np.ndarray, memory: int | None = None) -> Given:
    """A stand-in for a language model: step(sequence) -> a row of table (R, V), chosen by its last `memory` tokens (None: all)."""
    return Given("token_table", (np.asarray(table), memory))


def _token_table(table: np.ndarray, memory: int | None = None) -> Callable[[Any], np.ndarray]:
    def step(sequence: Any) -> np.ndarray:
        row = 0
        for token in list(sequence)[-memory if memory else 0 :]:
            row = (31 * row + int(token) + 1) % len(table)
        return table[row].copy()

    return step


def canvas(part: str, seed: int, device: str = "cpu") -> Given:
    """A tensor of the training part of `data.digits(1200, seed)`: "images", (1200, 1, 12, 12) with each digit at the centre, or
    "labels". device: named as for `device`"""
    return Given("canvas", (part, int(seed), device))


def _canvas(part: str, seed: int, device: str) -> Any:
    import torch

    from course import data

    X, labels, _, _ = _parts(seed, "digits")
    wanted = {"images": lambda: data.digit_canvas(X), "labels": lambda: torch.from_numpy(labels.copy())}
    return wanted[part]().to(_device(device))


HIDDEN = 24_000  # characters of the help texts


def help_text(start: int) -> Given:
    """The help texts as a tensor of characters (`data.python_help`), but for 24,000 from `start` on, which are hidden."""
    return Given("help text", (int(start),))


def hidden_text(start: int) -> Any:
    """What `help_text` leaves out."""
    return _help_ids()[start : start + HIDDEN].clone()


def _help_text(start: int) -> Any:
    import torch

    ids = _help_ids()
    return torch.cat([ids[:start], ids[start + HIDDEN :]])


@lru_cache(maxsize=1)
def _help_ids() -> Any:
    from course import data

    return data.python_help()[0]


def network(layers: Sequence[Sequence[Any]], grads: float | None = None) -> Given:
    """An `nn.Sequential` in eval mode from a list of layers [kind, ...], see `course.networks`.

    grads: the number that the .grad of every parameter holds already; None for none
    """
    return Given("network", ([list(layer) for layer in layers], grads))


def _network(layers: Sequence[Sequence[Any]], grads: float | None) -> Any:
    from course.networks import build_network

    return build_network(layers, grads)


def tagged(part: str, seed: int) -> Given:
    """The 600 training "images" of `data.tagged_digits`, whose tags give the label away, or their "labels": a tensor.

    They are the first of `data.digits(900, seed)`, which leaves 897 that are not among them.
    """
    return Given("tagged", (part, int(seed)))


@lru_cache(maxsize=4)
def _tagged_digits(seed: int) -> tuple[Any, Any]:
    import torch

    from course import data
    from course.shortcut_views import NUM_TRAIN

    X, labels, _, _ = data.digits(900, seed)
    X, labels = X[:NUM_TRAIN], labels[:NUM_TRAIN]
    return data.tagged_digits(X, labels, seed=np.random.default_rng([seed, 9])), torch.from_numpy(labels.copy())


def _tagged(part: str, seed: int) -> Any:
    return _tagged_digits(seed)[("images", "labels").index(part)].clone()


_BUILDERS: dict[str, Callable[..., Any]] = {
    "layout": _layout,
    "function": _function,
    "linear": _linear,
    "generator": np.random.default_rng,
    "device": _device,
    "tensor": _tensor,
    "sample": _sample,
    "help text": _help_text,
    "canvas": _canvas,
    "captioned": _captioned,
    "noise_model": _noise_model,
    "token_table": _token_table,
    "network": _network,
    "tagged": _tagged,
}


def build(name: str, *arguments: Any, **keywords: Any) -> Any:
    """The thing that a `Given` describes. Raises ValueError for a name that is not there."""
    if name not in _BUILDERS:
        raise ValueError(f"nothing is given under the name {name!r}; there are {', '.join(_BUILDERS)}")
    return _BUILDERS[name](*arguments, **keywords)
