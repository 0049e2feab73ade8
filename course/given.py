"""What a case hands over besides arrays: things that are sent as a name and data and built beside the student's function.

`given.layout(base, "flipped")` makes the description that a case holds; `build` makes the thing itself, in whichever
process calls the answer.
"""

from __future__ import annotations

from collections.abc import Callable
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


_BUILDERS: dict[str, Callable[..., Any]] = {
    "layout": _layout,
    "function": _function,
    "linear": _linear,
    "generator": np.random.default_rng,
    "device": _device,
    "tensor": _tensor,
    "sample": _sample,
}


def build(name: str, *arguments: Any, **keywords: Any) -> Any:
    """The thing that a `Given` describes. Raises ValueError for a name that is not there."""
    if name not in _BUILDERS:
        raise ValueError(f"nothing is given under the name {name!r}; there are {', '.join(_BUILDERS)}")
    return _BUILDERS[name](*arguments, **keywords)
