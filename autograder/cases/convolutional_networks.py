"""Lecture 09, convolutional networks: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn

from autograder.exercise import Exercise
from autograder.reference import convolutional_networks as reference
from course import given, probes, signs, views
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to one digit; none is zero."""
    return (rng.choice([-1, 1], shape) * rng.integers(1, 30, shape) / 10).round(1)


def _integers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 9, shape) * rng.choice([-1, 1], shape)


# ------------------------------------------------------------------------------------------ output size


def sides(rng: np.random.Generator) -> Iterator[Case]:
    def side(stride: int, dilation: int, left_over: int, taps: tuple[int, int] = (2, 6)) -> tuple[int, ...]:
        """n, kernel, stride, padding and dilation whose last window leaves `left_over` cells; it fits without padding, too."""
        kernel, padding = int(rng.integers(*taps)), int(rng.integers(1, 4))
        n = dilation * kernel + 1 + int(rng.integers(2, 12))
        while (n + 2 * padding - (dilation * (kernel - 1) + 1) - left_over) % stride:
            n += 1
        return n, kernel, stride, padding, dilation

    yield Case("stride that does not divide", *side(3, 1, 2))
    yield Case("stride that divides", *side(2, 1, 0))
    yield Case("taps two cells apart", *side(1, 2, 0, (3, 6)))
    yield Case("one cell is left over", *side(int(rng.integers(3, 5)), int(rng.integers(2, 4)), 1, (3, 5)))
    stride = int(rng.integers(2, 5))
    yield Case("random settings", *side(stride, int(rng.integers(2, 4)), int(rng.integers(stride)), (3, 5)))
    yield Case("no settings but the kernel's", int(rng.integers(9, 20)), int(rng.integers(2, 6)))
    yield Case("stride longer than the side", int(rng.integers(5, 9)), 3, 12, 1, 1)
    yield Case("window exactly as long as the padded side", 5, 7, 2, 1, 1, edge=True)
    yield Case("one tap", int(rng.integers(6, 12)), 1, 2, 0, 3, edge=True)
    yield Case("kernel longer than the side", 4, 5, raises=ValueError, edge=True)
    yield Case("kernel longer than the padded side", 3, 8, 3, 2, 1, raises=ValueError, edge=True)
    yield Case("dilated kernel longer than the side", 8, 3, 1, 0, 4, raises=ValueError, edge=True)


conv_output_size = Exercise(
    reference.conv_output_size,
    points=1,
    cases=sides,
    outputs=("the number", "its type"),
    view=views.whole_number,
    rtol=0,
    atol=0,
)


def _positions(
    n: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    count: Callable[[int, int], Any] = lambda room, stride: room // stride + 1,
    span: Callable[[int, int], int] = lambda kernel, dilation: dilation * (kernel - 1) + 1,
    ends: int = 2,
    checked: bool = True,
) -> Any:
    room = n + ends * padding - span(kernel, dilation)
    if checked and room < 0:
        raise ValueError("the kernel does not fit")
    return count(room, stride)


def _two_ways(exercise: Exercise, name: str, hint: str, **change: Any) -> None:
    """The mistake with and without the refusal of a kernel that doesn't fit."""
    for checked in (True, False):

        def wrong(n, kernel, stride=1, padding=0, dilation=1, checked=checked):
            return _positions(n, kernel, stride, padding, dilation, checked=checked, **change)

        wrong.__name__, wrong.__doc__ = name, hint
        exercise.mistake(wrong)


_two_ways(
    conv_output_size,
    "no_floor",
    "A number of positions cannot have a fraction; what happens to a window that sticks out?",
    count=lambda room, stride: room / stride + 1,
)
_two_ways(
    conv_output_size,
    "rounds_up",
    "The last position you count reaches past the padded border.",
    count=lambda room, stride: -(-room // stride) + 1,
)
_two_ways(
    conv_output_size,
    "rounds_to_nearest",
    "Rounding to the nearest whole number sometimes goes up: then the last position you count reaches past the border.",
    count=lambda room, stride: round(room / stride) + 1,
)
_two_ways(conv_output_size, "rounds_to_nearest", "", count=lambda room, stride: round(room / stride + 1))
_two_ways(conv_output_size, "rounds_to_nearest", "", count=lambda room, stride: int(room / stride + 1.5))
_two_ways(
    conv_output_size,
    "float_returned",
    "The number is right, but it is a float. Sizes of arrays and `range` take an int: is there a division that gives one?",
    count=lambda room, stride: float(room // stride + 1),
)
_two_ways(
    conv_output_size,
    "first_position_forgotten",
    "You count the moves, and not the place that the window starts from: how many positions has it if it can't move at all?",
    count=lambda room, stride: room // stride,
)
_two_ways(conv_output_size, "pads_one_side", "Padding is put on both ends.", ends=1)
_two_ways(conv_output_size, "no_padding", "The padding makes no difference to your number.", ends=0)
_two_ways(
    conv_output_size,
    "dilation_times_kernel",
    "Draw three taps two cells apart - how many cells from first to last?",
    span=lambda kernel, dilation: dilation * kernel,
)
_two_ways(
    conv_output_size,
    "dilation_ignored",
    "With its taps two cells apart a kernel is longer: what is its length then?",
    span=lambda kernel, dilation: kernel,
)
_two_ways(
    conv_output_size,
    "last_tap_forgotten",
    "You have the gaps between taps; a kernel of a single tap still covers one cell.",
    span=lambda kernel, dilation: dilation * (kernel - 1),
)


@conv_output_size.mistake(sign=signs.returns)
def no_error(n, kernel, stride=1, padding=0, dilation=1):
    """A kernel that does not fit has no output; say so instead of returning a size."""
    return _positions(n, kernel, stride, padding, dilation, checked=False)


# ------------------------------------------------------------------------------------------ cost of a layer


def layers(rng: np.random.Generator) -> Iterator[Case]:
    def side() -> int:
        return int(rng.integers(8, 20))

    height = side()
    yield Case("an image higher than wide", height + 3, height, 3, 8, 3)
    square = side()
    yield Case("a square image, no bias", square, square, 2, int(rng.integers(4, 8)), 5, 1, 2, False)
    yield Case("stride 2 that does not divide", 2 * side(), 2 * side(), 4, 6, 3, 2, 0, True)
    yield Case("padding and stride", 3 * side(), side(), int(rng.integers(2, 5)), 7, 4, 3, 1, True)
    yield Case("no bias, a wide image", side(), 2 * side(), 3, 5, 2, 2, 1, False)
    yield Case("1x1 kernels", side(), side(), 16, 4, 1)
    yield Case("one channel in, one out", side(), side(), 1, 1, 3, edge=True)
    yield Case("first layer of AlexNet", 227, 227, 3, 96, 11, 4)


conv_layer_cost = Exercise(reference.conv_layer_cost, points=2, cases=layers, outputs=("the dict",), rtol=0, atol=0)


def _out(height, width, kernel, stride, padding):
    return (height + 2 * padding - kernel) // stride + 1, (width + 2 * padding - kernel) // stride + 1


def _cost(height, width, c, f, k, stride=1, padding=0, bias=True, out=_out, **changes):
    """changes: functions of (rows * columns, c, f, k, bias) in place of the right "units", "weights" or "connections"."""
    rows, columns = out(height, width, k, stride, padding)
    places, bias = rows * columns, int(bias)
    right = {
        "units": lambda places, c, f, k, bias: places * f,
        "weights": lambda places, c, f, k, bias: (k * k * c + bias) * f,
        "connections": lambda places, c, f, k, bias: (k * k * c + bias) * f * places,
    }
    return {key: (changes.get(key) or value)(places, c, f, k, bias) for key, value in right.items()}


def _cost_mistake(name: str, hint: str, **changes: Any) -> None:
    def wrong(height, width, in_channels, out_channels, kernel, stride=1, padding=0, bias=True):
        return _cost(height, width, in_channels, out_channels, kernel, stride, padding, bias, **changes)

    wrong.__name__, wrong.__doc__ = name, hint
    conv_layer_cost.mistake(wrong)


_OF_ONE = (
    "Every output unit has its own set of connections; multiply the fan-in of one unit by the number of units. How many are there "
    "over all filters?"
)
_cost_mistake("connections_one_filter", _OF_ONE, connections=lambda p, c, f, k, bias: (k * k * c + bias) * p)
_cost_mistake("connections_one_filter", "", connections=lambda p, c, f, k, bias: k * k * c * p + bias * p * f)

_cost_mistake(
    "bias_per_unit",
    "Weights are shared over positions, and so is the bias.",
    weights=lambda p, c, f, k, bias: k * k * c * f + bias * p * f,
)
_cost_mistake(
    "input_size_for_output",
    "Check a layer with stride 2, or one without padding: how many positions has its kernel?",
    out=lambda height, width, k, stride, padding: (height, width),
)
_cost_mistake(
    "weights_per_position",
    "That would be a locally connected layer; a convolution reuses its weights.",
    weights=lambda p, c, f, k, bias: (k * k * c + bias) * f * p,
)
_cost_mistake("weights_per_position", "", weights=lambda p, c, f, k, bias: k * k * c * f * p + bias * f)
_cost_mistake(
    "forgets_in_channels",
    "A kernel looks at all input channels at once.",
    weights=lambda p, c, f, k, bias: (k * k + bias) * f,
    connections=lambda p, c, f, k, bias: (k * k + bias) * f * p,
)
_cost_mistake("forgets_in_channels", "", weights=lambda p, c, f, k, bias: (k * k + bias) * f)
_cost_mistake("forgets_in_channels", "", connections=lambda p, c, f, k, bias: (k * k + bias) * f * p)
_cost_mistake(
    "units_of_one_map",
    "Units are all numbers that come out, and every filter gives a map of them.",
    units=lambda p, c, f, k, bias: p,
)
_cost_mistake(
    "units_of_one_map",
    "",
    units=lambda p, c, f, k, bias: p,
    connections=lambda p, c, f, k, bias: (k * k * c + bias) * p,
)
_cost_mistake(
    "bias_not_connected",
    "The weights have their bias. Adding it to a unit counts as a connection of that unit, too.",
    connections=lambda p, c, f, k, bias: k * k * c * f * p,
)
_cost_mistake(
    "one_bias_in_connections",
    "A bias is one weight for each filter, but it is added in every unit: how many connections is that?",
    connections=lambda p, c, f, k, bias: k * k * c * f * p + bias * f,
)
_cost_mistake(
    "bias_always",
    "Your numbers are those of a layer with a bias, also where there is none.",
    weights=lambda p, c, f, k, bias: (k * k * c + 1) * f,
    connections=lambda p, c, f, k, bias: (k * k * c + 1) * f * p,
)
_cost_mistake(
    "bias_never",
    "Your numbers are those of a layer without a bias, also where there is one.",
    weights=lambda p, c, f, k, bias: k * k * c * f,
    connections=lambda p, c, f, k, bias: k * k * c * f * p,
)
_cost_mistake(
    "rounds_up",
    "A window that sticks out of the padded image is dropped: which of your sides counts it?",
    out=lambda height, width, k, stride, padding: (
        -(-(height + 2 * padding - k) // stride) + 1,
        -(-(width + 2 * padding - k) // stride) + 1,
    ),
)
_cost_mistake(
    "pads_one_side",
    "Padding is put on all four sides of an image.",
    out=lambda height, width, k, stride, padding: _out(height - padding, width - padding, k, stride, padding),
)
_cost_mistake(
    "one_side_for_both",
    "Right for square images. Here the output has another number of rows than of columns: does each follow from its own side?",
    out=lambda height, width, *window: _out(height, height, *window),
)
_cost_mistake("one_side_for_both", "", out=lambda height, width, *window: _out(width, width, *window))
_cost_mistake(
    "depthwise",
    "With 3 channels in and 4 filters a layer has 4 maps, not 12: each filter adds up over all channels.",
    units=lambda p, c, f, k, bias: p * c * f,
)


# ------------------------------------------------------------------------------------------ full convolution


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    worked = np.reshape([1, 3, 1, 0, -1, 1, 2, 2, -1], (3, 3)), np.reshape([1, 2, 0, -1], (2, 2))
    yield Case("a small kernel", _numbers(rng, 3, 5), _numbers(rng, 2, 3))
    yield Case("the worked example", *worked, edge=True)
    yield Case("an upright kernel", _numbers(rng, 4, int(rng.integers(3, 5))), _numbers(rng, 3, 1))
    yield Case("a flat kernel", _numbers(rng, int(rng.integers(2, 4)), 4), _numbers(rng, 1, 3))
    yield Case("a view that runs backwards", given.layout(_numbers(rng, 3, 4), "flipped"), _numbers(rng, 2, 2))
    yield Case("the kernel, too", _numbers(rng, 3, 3), given.layout(_numbers(rng, 2, 3), "reversed"))
    yield Case("float32", *(_numbers(rng, *shape).astype(np.float32) for shape in ((2, 4), (2, 2))))
    yield Case("the second larger than the first", _numbers(rng, 2, 2), _numbers(rng, 3, 4), edge=True)
    yield Case("the second wider, the first higher", _numbers(rng, 4, 2), _numbers(rng, 1, 3), edge=True)
    yield Case("1x1", _numbers(rng, 2, 3), _numbers(rng, 1, 1), edge=True)
    halves = (_integers(rng, 2, 2) / 2 + 0.25).round(2)
    yield Case("whole numbers, and a kernel of floats", _integers(rng, 3, 4), halves, edge=True)


convolve_full = Exercise(
    reference.convolve_full, points=2, cases=pairs, outputs=("the convolution",), rtol=1e-7, atol=1e-9
)


@convolve_full.mistake
def no_flip(a, b):
    """Swap the two arguments: a convolution must not change."""
    return reference.convolve_full(a, b[::-1, ::-1])


@convolve_full.mistake
def no_flip(a, b):
    return reference.convolve_full(a[::-1, ::-1], b)


@convolve_full.mistake
def flips_one_axis(a, b):
    """Your result is right for kernels that are symmetric left to right."""
    return reference.convolve_full(a, b[:, ::-1])


@convolve_full.mistake
def flips_one_axis(a, b):
    return reference.convolve_full(a[:, ::-1], b)


@convolve_full.mistake
def flips_columns_only(a, b):
    """Your result is right for kernels that are symmetric top to bottom."""
    return reference.convolve_full(a, b[::-1])


@convolve_full.mistake
def flips_columns_only(a, b):
    return reference.convolve_full(a[::-1], b)


def _inner(a, b):
    """Positions of full overlap."""
    (H, W), (kh, kw) = a.shape, b.shape
    if kh > H or kw > W:
        raise ValueError("negative dimensions are not allowed")
    return reference.convolve_full(a, b)[kh - 1 : H, kw - 1 : W]


@convolve_full.mistake
def valid_only(a, b):
    """The result must be larger than both inputs. Yours has only the positions at which they overlap fully."""
    return _inner(a, b)


@convolve_full.mistake
def valid_only(a, b):
    return _inner(a, b[::-1, ::-1])


@convolve_full.mistake
def same_size(a, b):
    """The result must be larger than both inputs: there are as many rows as places where the two overlap at all."""
    (H, W), (kh, kw) = a.shape, b.shape
    return reference.convolve_full(a, b)[(kh - 1) // 2 :, (kw - 1) // 2 :][:H, :W]


@convolve_full.mistake
def same_size(a, b):
    (H, W), (kh, kw) = a.shape, b.shape
    return reference.convolve_full(a, b)[kh // 2 :, kw // 2 :][:H, :W]


@convolve_full.mistake
def same_size(a, b):
    return reference.convolve_full(a, b)[: a.shape[0], : a.shape[1]]


@convolve_full.mistake
def wraps_around(a, b):
    """Values from the right border turn up at the left, since the transform takes the arrays for periodic. How large must both
    be before nothing overlaps?"""
    return np.fft.ifft2(np.fft.fft2(a) * np.fft.fft2(b, a.shape)).real


@convolve_full.mistake
def wraps_around(a, b):
    shape = np.maximum(a.shape, b.shape)
    return np.fft.ifft2(np.fft.fft2(a, shape) * np.fft.fft2(b, shape)).real


@convolve_full.mistake(sign=signs.anything)
def whole_numbers_kept(a, b):
    """Right, but for an array of whole numbers with one of floats: your result has the type of the first, and that can't hold a
    half. Which dtype do zeros_like and dtype=a.dtype give?"""
    return np.trunc(reference.convolve_full(a, b)) if a.dtype.kind == "i" else reference.convolve_full(a, b)


# ------------------------------------------------------------------------------------------ forward


def _stacks(rng: np.random.Generator) -> Iterator[tuple]:
    """(name, x's shape, w's shape, stride, padding, edge) of what both passes are tried on."""
    yield "two images, three filters", (2, 1, 2, 4), (3, 1, 2, 2), 1, 0, False
    yield "kernels higher than wide, padded", (1, 1, 3, 2), (1, 1, 3, 2), 1, 1, False
    yield "two channels, kernels wider than high", (1, 2, 2, 4), (2, 2, 1, 3), 1, 0, False
    yield "stride that does not divide", (1, 1, 3, 6), (1, 1, 2, 3), 2, 0, False
    yield "stride and padding", (1, 2, 2, 3), (1, 2, 2, 2), 2, 1, False
    yield "1x1 kernels", (1, 2, 1, 3), (3, 2, 1, 1), 1, 0, True
    yield "stride 3", (1, 1, 6, 4), (1, 1, 2, 2), 3, 1, True
    yield "kernel as large as the image", (1, 1, 2, 3), (2, 1, 2, 3), 1, 0, True


def images(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, x: tuple, w: tuple, stride: int, padding: int, edge: bool) -> Case:
        return Case(name, _numbers(rng, *x), _numbers(rng, *w), _numbers(rng, w[0]), stride, padding, edge=edge)

    for setting in _stacks(rng):
        yield case(*setting)
    floats = [_numbers(rng, *shape).astype(np.float32) for shape in ((1, 2, 3, 4), (2, 2, 2, 2), (2,))]
    yield Case("float32", *floats, 1, 0)
    x, w, b = _numbers(rng, 2, 2, 4, 5), _numbers(rng, 3, 2, 2, 2), _numbers(rng, 3)
    Fortran = given.layout(x, "Fortran"), given.layout(w, "Fortran")
    yield Case("arrays in Fortran's order", *Fortran, b, 2, 1, edge=True)
    yield Case(
        "every second column of an image", given.layout(_numbers(rng, 1, 2, 3, 8), "every second"), w, b, edge=True
    )


conv2d_forward = Exercise(
    reference.conv2d_forward,
    points=3,
    cases=images,
    outputs=("out", "its dtype"),
    view=views.with_dtype,
    rtol=1e-5,
    atol=1e-5,
    lean=True,
)


@conv2d_forward.mistake
def flips_kernel(x, w, b, stride=1, padding=0):
    """Layers do not flip. Try a kernel with a single 1 in a corner."""
    return reference.conv2d_forward(x, w[:, :, ::-1, ::-1], b, stride, padding)


@conv2d_forward.mistake
def bias_forgotten(x, w, b, stride=1, padding=0):
    """With w = 0, what should come out?"""
    return reference.conv2d_forward(x, w, 0 * b, stride, padding)


@conv2d_forward.mistake
def bias_per_tap(x, w, b, stride=1, padding=0):
    """The bias is added once to each output, not once for each product or each channel: with w = 0, what should come out?"""
    return reference.conv2d_forward(x, w, b * np.prod(w.shape[1:]).astype(b.dtype), stride, padding)


@conv2d_forward.mistake
def bias_per_tap(x, w, b, stride=1, padding=0):
    return reference.conv2d_forward(x, w, b * np.prod(w.shape[2:]).astype(b.dtype), stride, padding)


@conv2d_forward.mistake
def bias_per_tap(x, w, b, stride=1, padding=0):
    return reference.conv2d_forward(x, w, b * np.array(w.shape[1], b.dtype), stride, padding)


@conv2d_forward.mistake
def stride_not_used_for_index(x, w, b, stride=1, padding=0):
    """The first output is right and the others are not, but only for stride above 1."""
    rows, columns = reference.conv2d_forward(x, w, b, stride, padding).shape[2:]
    return reference.conv2d_forward(x, w, b, 1, padding)[:, :, :rows, :columns]


@conv2d_forward.mistake
def stride_ignored(x, w, b, stride=1, padding=0):
    """Your output has a place for every position of the window, whatever the stride."""
    return reference.conv2d_forward(x, w, b, 1, padding)


@conv2d_forward.mistake
def padding_ignored(x, w, b, stride=1, padding=0):
    """Your output is that of an image without padding: it is too small wherever there should be some."""
    return reference.conv2d_forward(x, w, b, stride, 0)


def _sized(x, w, b, stride, padding, count: Callable[[int, int], int]):
    """The right output, cut to count(room, stride) rows and columns."""
    rows, columns = (count(n + 2 * padding - k, stride) for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
    return reference.conv2d_forward(x, w, b, stride, padding)[:, :, :rows, :columns]


@conv2d_forward.mistake
def first_position_forgotten(x, w, b, stride=1, padding=0):
    """Your output has a row and a column too few: you count the moves of the window, and not the place that it starts from."""
    return _sized(x, w, b, stride, padding, lambda room, stride: room // stride)


@conv2d_forward.mistake
def rounds_too_early(x, w, b, stride=1, padding=0):
    """Your output has too few places where the stride does not divide. Which comes first, the division that rounds down or
    the 1 for the place that the window starts from?"""
    return _sized(x, w, b, stride, padding, lambda room, stride: (room + 1) // stride)


@conv2d_forward.mistake
def pads_one_side(x, w, b, stride=1, padding=0):
    """Zeros go on all four sides: with a padding of 1 an image of 3 by 2 pixels becomes one of 5 by 4."""
    end = (0, padding)
    return reference.conv2d_forward(np.pad(x, ((0, 0), (0, 0), end, end)), w, b, stride)


@conv2d_forward.mistake
def pads_one_side(x, w, b, stride=1, padding=0):
    start = (padding, 0)
    return reference.conv2d_forward(np.pad(x, ((0, 0), (0, 0), start, start)), w, b, stride)


@conv2d_forward.mistake(sign=signs.anything)
def kernel_sides_swapped(x, w, b, stride=1, padding=0):
    """Square kernels work; the failing case has kh different from kw."""
    kw, kh = w.shape[2:]
    return reference.conv2d_forward(x, np.resize(w, (*w.shape[:2], kh, kw)), b, stride, padding)


@conv2d_forward.mistake
def bias_on_wrong_axis(x, w, b, stride=1, padding=0):
    """The bias belongs to the channel axis; give it the shape (F,1,1)."""
    return reference.conv2d_forward(x, w, 0 * b, stride, padding) + b


@conv2d_forward.mistake
def channels_averaged(x, w, b, stride=1, padding=0):
    """A filter adds up over the input channels; it takes no mean."""
    out = reference.conv2d_forward(x, w, 0 * b, stride, padding)
    return out / np.array(x.shape[1], x.dtype) + b[:, None, None]


@conv2d_forward.mistake
def first_channel_only(x, w, b, stride=1, padding=0):
    """Change the second channel of x: should your output stay as it is?"""
    return reference.conv2d_forward(x[:, :1], w[:, :1], b, stride, padding)


@conv2d_forward.mistake
def last_channel_wins(x, w, b, stride=1, padding=0):
    """Each channel's part replaces that of the one before: change the first channel of x, and your output stays as it is."""
    return reference.conv2d_forward(x[:, -1:], w[:, -1:], b, stride, padding)


@conv2d_forward.mistake
def dtype_lost(x, w, b, stride=1, padding=0):
    """The numbers are right, but float32 went in and float64 came out: the dtype should be kept. Which one does np.zeros make?"""
    return reference.conv2d_forward(x, w, b, stride, padding).astype(np.float64)


# ------------------------------------------------------------------------------------------ backward


def messages(rng: np.random.Generator) -> Iterator[Case]:
    def arrays(x: tuple, w: tuple, stride: int, padding: int) -> list[np.ndarray]:
        rows, columns = ((n + 2 * padding - k) // stride + 1 for n, k in zip(x[2:], w[2:], strict=True))
        return [_numbers(rng, x[0], w[0], rows, columns), _numbers(rng, *x), _numbers(rng, *w)]

    for name, x, w, stride, padding, edge in _stacks(rng):
        yield Case(name, *arrays(x, w, stride, padding), stride, padding, edge=edge)
    yield Case("windows side by side", *arrays((1, 1, 2, 4), (1, 1, 2, 2), 2, 0), 2, 0)
    floats = [array.astype(np.float32) for array in arrays((1, 1, 2, 3), (2, 1, 2, 2), 1, 1)]
    yield Case("float32", *floats, 1, 1, edge=True)
    Fortran = [given.layout(array, "Fortran") for array in arrays((1, 1, 3, 4), (2, 1, 2, 2), 2, 1)]
    yield Case("arrays in Fortran's order", *Fortran, 2, 1, edge=True)
    yield Case("padding as wide as the kernel", *arrays((1, 1, 2, 3), (1, 1, 2, 2), 1, 2), 1, 2, edge=True)


conv2d_backward = Exercise(
    reference.conv2d_backward,
    points=4,
    cases=messages,
    outputs=("dx", "dw", "db"),
    rtol=1e-4,
    atol=1e-5,
    lean=True,
)


def _scattered(dout, x, w, stride, padding, add=True, by_taps=False, kernel=None):
    """The gradient of the padded image, position by position or tap by tap."""
    w = w if kernel is None else kernel
    (H, W), (kh, kw), (rows, columns) = x.shape[2:], w.shape[2:], dout.shape[2:]
    dx = np.zeros((*x.shape[:2], H + 2 * padding, W + 2 * padding))
    if by_taps:
        for i, j in np.ndindex(kh, kw):
            seen = np.s_[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
            dx[seen] = np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j]) + (dx[seen] if add else 0)
        return dx
    for i, j in np.ndindex(rows, columns):
        seen = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
        dx[seen] = np.einsum("nf,fcij->ncij", dout[:, :, i, j], w) + (dx[seen] if add else 0)
    return dx


def _cropped(dx, x, padding):
    return dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]


@conv2d_backward.mistake
def overwrites_overlaps(dout, x, w, stride=1, padding=0):
    """It is right when windows do not overlap; a pixel under several windows gets several contributions."""
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return _cropped(_scattered(dout, x, w, stride, padding, add=False), x, padding), dw, db


@conv2d_backward.mistake
def overwrites_overlaps(dout, x, w, stride=1, padding=0):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return _cropped(_scattered(dout, x, w, stride, padding, add=False, by_taps=True), x, padding), dw, db


@conv2d_backward.mistake
def keeps_padding(dout, x, w, stride=1, padding=0):
    """Compare the shape of dx with that of x."""
    return _scattered(dout, x, w, stride, padding, by_taps=True), *reference.conv2d_backward(
        dout, x, w, stride, padding
    )[1:]


@conv2d_backward.mistake
def crops_wrong_corner(dout, x, w, stride=1, padding=0):
    """The shape is right and everything is shifted by the padding."""
    dx = _scattered(dout, x, w, stride, padding, by_taps=True)[:, :, : x.shape[2], : x.shape[3]]
    return dx, *reference.conv2d_backward(dout, x, w, stride, padding)[1:]


@conv2d_backward.mistake
def averages_batch(dout, x, w, stride=1, padding=0):
    """dout already contains any averaging; do not average again."""
    dx, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw / len(x), db / len(x)


@conv2d_backward.mistake
def averages_batch(dout, x, w, stride=1, padding=0):
    return tuple(part / len(x) for part in reference.conv2d_backward(dout, x, w, stride, padding))


@conv2d_backward.mistake
def averages_batch(dout, x, w, stride=1, padding=0):
    dx, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw / len(x), db


@conv2d_backward.mistake
def averages_batch(dout, x, w, stride=1, padding=0):
    dx, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw, db / len(x)


@conv2d_backward.mistake
def averages_positions(dout, x, w, stride=1, padding=0):
    """You divide by the number of images and positions. One bias is added at each of them: what do their gradients do?"""
    dx, dw, _ = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw, dout.mean(axis=(0, 2, 3))


@conv2d_backward.mistake
def bias_not_summed_over_space(dout, x, w, stride=1, padding=0):
    """One bias touches every position of its map."""
    return *reference.conv2d_backward(dout, x, w, stride, padding)[:2], dout.sum(axis=0)


@conv2d_backward.mistake
def bias_not_summed_over_space(dout, x, w, stride=1, padding=0):
    return *reference.conv2d_backward(dout, x, w, stride, padding)[:2], dout.sum(axis=(0, 2))


@conv2d_backward.mistake
def bias_not_summed_over_images(dout, x, w, stride=1, padding=0):
    """The bias is the same for all images, and your db has a row for each of them."""
    return *reference.conv2d_backward(dout, x, w, stride, padding)[:2], dout.sum(axis=(2, 3))


def _at_stride_one(dout, x, w, padding):
    """dx and dw of windows one pixel apart, as many as there are messages."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    rows, columns = dout.shape[2] + w.shape[2] - 1, dout.shape[3] + w.shape[3] - 1
    dx = np.zeros(x.shape)
    dx[:, :, :rows, :columns], dw, _ = reference.conv2d_backward(dout, x[:, :, :rows, :columns], w)
    return dx, dw


@conv2d_backward.mistake
def stride_ignored(dout, x, w, stride=1, padding=0):
    """Right for stride 1 only."""
    dx, dw = _at_stride_one(dout, x, w, padding)
    return _cropped(dx, x, padding), dw, dout.sum(axis=(0, 2, 3))


@conv2d_backward.mistake
def stride_ignored(dout, x, w, stride=1, padding=0):
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, _at_stride_one(dout, x, w, padding)[1], db


@conv2d_backward.mistake
def stride_ignored(dout, x, w, stride=1, padding=0):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return _cropped(_at_stride_one(dout, x, w, padding)[0], x, padding), dw, db


def _last(dout, *last):
    """dout, and zeros for all but the last of the axes that are named."""
    kept = np.zeros(dout.shape)
    where = tuple(-1 if axis in last else slice(None) for axis in range(4))
    kept[where] = dout[where]
    return kept


@conv2d_backward.mistake
def weights_overwritten(dout, x, w, stride=1, padding=0):
    """Your dw is only what came last, from the last window or the last image. A weight is used in all of them: what becomes of
    the other gradients?"""
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, reference.conv2d_backward(_last(dout, 2, 3), x, w, stride, padding)[1], db


@conv2d_backward.mistake
def weights_overwritten(dout, x, w, stride=1, padding=0):
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, reference.conv2d_backward(_last(dout, 0, 2, 3), x, w, stride, padding)[1], db


@conv2d_backward.mistake
def weights_overwritten(dout, x, w, stride=1, padding=0):
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, reference.conv2d_backward(_last(dout, 0), x, w, stride, padding)[1], db


@conv2d_backward.mistake
def negative_crop(dout, x, w, stride=1, padding=0):
    """What does the slice 0:-0 contain?"""
    dx = _scattered(dout, x, w, stride, padding, by_taps=True)[:, :, padding:-padding, padding:-padding]
    return dx, *reference.conv2d_backward(dout, x, w, stride, padding)[1:]


@conv2d_backward.mistake
def kernel_flipped_in_dx(dout, x, w, stride=1, padding=0):
    """Let dout be a single 1: its window of dx should then hold the kernel as it is. A full convolution flips by itself: flip the
    kernel before, and it is turned twice."""
    flipped = w[:, :, ::-1, ::-1]
    dx = _cropped(_scattered(dout, x, w, stride, padding, kernel=flipped), x, padding)
    return dx, *reference.conv2d_backward(dout, x, w, stride, padding)[1:]


@conv2d_backward.mistake
def patches_without_padding(dout, x, w, stride=1, padding=0):
    """dw is right where there is no padding. Which image did the windows of the forward pass look at?"""
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    end = [(0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)]
    return dx, reference.conv2d_backward(dout, np.pad(x, end), w, stride)[1], db


# ------------------------------------------------------------------------------------------ max-pooling


def maps(rng: np.random.Generator) -> Iterator[Case]:
    def case(name: str, x: np.ndarray, size: int, stride: int, edge: bool = False) -> Case:
        rows, columns = ((n - size) // stride + 1 for n in x.shape[2:])
        return Case(name, _numbers(rng, *x.shape[:2], rows, columns).astype(x.dtype), x, size, stride, edge=edge)

    def different(*shape: int) -> np.ndarray:
        """Numbers that are all different, of both signs; none is zero."""
        count = int(np.prod(shape))
        return ((rng.permutation(count) - count // 3).reshape(shape) / 10 + 0.05).round(2)

    def overlapping(N: int, C: int, rows: int, columns: int, size: int, stride: int) -> np.ndarray:
        """In each map one pixel is in several windows, down as well as across, and larger than all others."""
        x = different(N, C, rows, columns)
        for n, c in np.ndindex(N, C):
            x[n, c, size - 1, size - 1] += rows * columns * N * C / 10
        return x

    yield case("windows side by side", different(2, 1, 4, 6), 2, 2)
    yield case("windows that overlap", overlapping(1, 2, 3, 4, 2, 1), 2, 1)
    yield case("large windows that overlap", overlapping(1, 1, 5, 7, 3, 2), 3, 2)
    yield case("zeros and ones", (rng.random((1, 2, 4, 6)) < 0.5).astype(float), 2, 2)
    yield case("only negative values", -0.1 - np.abs(different(1, 1, 6, 4)), 2, 2)
    yield case("sides that do not divide", different(1, 1, 5, 7), 2, 2)
    yield case("gaps between the windows", different(1, 1, 5, 6), 2, 3)
    yield case("float32", different(1, 1, 4, 5).astype(np.float32), 2, 2)
    yield case("zeros and ones, overlapping", (rng.random((1, 2, 4, 5)) < 0.4).astype(float), 3, 1, edge=True)
    yield case("all zeros", np.zeros((2, 1, 4, 4)), 2, 2, edge=True)
    yield case("one window", different(1, 2, 3, 3), 3, 3, edge=True)


maxpool2d_backward = Exercise(
    reference.maxpool2d_backward, points=3, cases=maps, outputs=("dx",), rtol=1e-6, atol=1e-8, lean=True
)


def _pooled_back(dout, x, size, stride, share: Callable[[np.ndarray], np.ndarray], add: bool = True):
    """share(window) -> its gradient for a message of 1."""
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        window = np.s_[n, c, stride * i : stride * i + size, stride * j : stride * j + size]
        dx[window] = dout[n, c, i, j] * share(x[window]) + (dx[window] if add else 0)
    return dx


def _winner(window: np.ndarray) -> np.ndarray:
    return (np.arange(window.size) == window.argmax()).reshape(window.shape).astype(float)


def _places(x, size, stride, n, c, i, j):
    row, column = divmod(x[n, c, stride * i : stride * i + size, stride * j : stride * j + size].argmax(), size)
    return n, c, stride * i + row, stride * j + column


@maxpool2d_backward.mistake
def all_ties_get_gradient(dout, x, size, stride):
    """Feed an image of zeros: the gradient you return is larger than the one you were given."""
    return _pooled_back(dout, x, size, stride, lambda window: 1.0 * (window == window.max()))


@maxpool2d_backward.mistake
def ties_share(dout, x, size, stride):
    """Where a window has several maxima, you split the gradient between them; here the first one gets all of it."""
    return _pooled_back(dout, x, size, stride, lambda window: (window == window.max()) / (window == window.max()).sum())


@maxpool2d_backward.mistake
def last_of_ties(dout, x, size, stride):
    """Where a window has several maxima, the gradient goes to the last one. Is there a >= that should be a >?"""
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window[::-1, ::-1])[::-1, ::-1])


@maxpool2d_backward.mistake
def first_by_columns(dout, x, size, stride):
    """Where a window has several maxima, the first one in row-major order wins: first along a row, then the next row. You go
    down the columns."""
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window.T).T)


@maxpool2d_backward.mistake
def row_and_column_swapped(dout, x, size, stride):
    """Within each window the gradient lands at the winner's row and column swapped. argmax counts along a row first: which of
    // size and % size is the row?"""
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window).T)


@maxpool2d_backward.mistake
def overwrites_overlaps(dout, x, size, stride):
    """One pixel can win in several windows, and yours gets the gradient of only one of them. If you do add, but with a list of
    places: += adds only once where a place is listed twice."""
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        dx[_places(x, size, stride, n, c, i, j)] = dout[n, c, i, j]
    return dx


@maxpool2d_backward.mistake
def overwrites_overlaps(dout, x, size, stride):
    return _pooled_back(dout, x, size, stride, _winner, add=False)


@maxpool2d_backward.mistake
def fancy_index_loses_repeats(dout, x, size, stride):
    """With repeated indices, fancy-index += adds only once; numpy has a function for that."""
    dx = np.zeros(x.shape)
    N, C, rows, columns = dout.shape
    for i in range(rows):
        places = [_places(x, size, stride, n, c, i, j) for n, c, j in np.ndindex(N, C, columns)]
        dx[tuple(np.transpose(places))] += dout[:, :, i].ravel()
    return dx


@maxpool2d_backward.mistake
def fancy_index_loses_repeats(dout, x, size, stride):
    dx = np.zeros(x.shape)
    N, C, rows, columns = dout.shape
    for j in range(columns):
        places = [_places(x, size, stride, n, c, i, j) for n, c, i in np.ndindex(N, C, rows)]
        dx[tuple(np.transpose(places))] += dout[:, :, :, j].ravel()
    return dx


@maxpool2d_backward.mistake
def spreads_like_average(dout, x, size, stride):
    """That is average pooling. What happens to the max if a smaller pixel moves a little?"""
    return _pooled_back(dout, x, size, stride, lambda window: np.full(window.shape, 1 / window.size))


@maxpool2d_backward.mistake
def spreads_whole(dout, x, size, stride):
    """Every pixel of a window gets its whole gradient. What happens to the max if a smaller pixel moves a little?"""
    return _pooled_back(dout, x, size, stride, np.ones_like)


@maxpool2d_backward.mistake
def routes_value(dout, x, size, stride):
    """The derivative of max with respect to its winner is 1."""
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window) * window.max())


@maxpool2d_backward.mistake
def routes_maximum_alone(dout, x, size, stride):
    """You return the maxima themselves at their places; the gradient that came in, dout, makes no difference."""
    return _pooled_back(np.ones(dout.shape), x, size, stride, lambda window: _winner(window) * window.max())


@maxpool2d_backward.mistake
def zero_beats_negatives(dout, x, size, stride):
    """A window of negative numbers has a maximum, too: what does your search for it start from?"""
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window) * (window.max() > 0) + _corner(window))


@maxpool2d_backward.mistake
def zero_beats_negatives(dout, x, size, stride):
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window) * (window.max() > 0))


@maxpool2d_backward.mistake
def zero_beats_negatives(dout, x, size, stride):
    return _pooled_back(dout, x, size, stride, lambda window: _winner(window) * (window.max() >= 0))


@maxpool2d_backward.mistake
def zero_beats_negatives(dout, x, size, stride):
    return _pooled_back(dout, x, size, stride, lambda w: _winner(w) * (w.max() >= 0) + _corner(w) * (w.max() < 0))


def _corner(window: np.ndarray) -> np.ndarray:
    """1 at the first place if nothing is above zero."""
    first = np.zeros(window.shape)
    first[0, 0] = window.max() <= 0
    return first


@maxpool2d_backward.mistake(sign=signs.anything)
def stride_equals_size(dout, x, size, stride):
    """The failing case has a stride different from the size."""
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        window = np.s_[n, c, size * i : size * i + size, size * j : size * j + size]
        if x[window].size:
            dx[window] += dout[n, c, i, j] * _winner(x[window])
    return dx


# ------------------------------------------------------------------------------------------ receptive field


def stacks(rng: np.random.Generator) -> Iterator[Case]:
    def layer(kernels: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]) -> tuple[int, int, int]:
        return tuple(int(rng.integers(low, high + 1)) for low, high in (kernels, strides, dilations))

    yield Case("plain layers", [layer((2, 9), (1, 1), (1, 1)) for _ in range(3)])
    wide = [layer((2, 7), (1, 1), (1, 1)) for _ in range(3)]
    yield Case("strides in the middle", [wide[0], (2, 2, 1), wide[1], (2, 2, 1), wide[2]])
    yield Case("a stride in the last layer", [layer((3, 11), (1, 1), (1, 1)), layer((3, 11), (2, 4), (1, 1))])
    yield Case("dilated layers", [(2, 1, 1), layer((2, 7), (1, 1), (2, 5)), layer((3, 7), (1, 1), (3, 8))])
    yield Case("strides and dilation", [(5, 2, 1), layer((3, 7), (3, 5), (2, 5)), layer((2, 5), (1, 2), (1, 1))])
    for k in (1, 2, 3):
        many = [layer((2, 7), (2, 4), (1, 4)) for _ in range(int(rng.integers(2, 4)))]
        yield Case(f"a random stack {k}", [*many, layer((2, 5), (1, 1), (2, 4))])
    yield Case("three 3x3", [(3, 1, 1)] * 3, edge=True, weight=0.25)
    yield Case("ten dilated layers", [(2, 1, 2**k) for k in range(10)], edge=True, weight=0.25)
    yield Case(
        "kernels of 1",
        [(1, 1, 1), layer((3, 7), (1, 1), (1, 2)), (1, 2, 1), layer((2, 7), (1, 1), (1, 3))],
        edge=True,
        weight=0.25,
    )
    yield Case("no layer", [], edge=True, weight=0.25)


receptive_field = Exercise(reference.receptive_field, points=2, cases=stacks, outputs=("size", "jump"), rtol=0, atol=0)


@receptive_field.mistake
def jump_ignored(layers):
    """After a stride of 2 one step of the kernel is two input pixels."""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * (kernel - 1), jump * stride
    return size, jump


@receptive_field.mistake
def jump_ignored(layers):
    return 1 + sum(dilation * (kernel - 1) for kernel, _, dilation in layers), 1


@receptive_field.mistake
def jump_updated_first(layers):
    """Does the stride of a layer change how far its own kernel reaches?"""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += dilation * (kernel - 1) * jump
    return size, jump


@receptive_field.mistake
def own_stride_only(layers):
    """How far apart a layer's inputs are depends on all the strides before it, multiplied, and not on its own one."""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * (kernel - 1) * stride, jump * stride
    return size, jump


@receptive_field.mistake
def last_stride_only(layers):
    """How far apart a layer's inputs are depends on all the strides before it, multiplied, and not on the last one alone."""
    size, before, jump = 1, 1, 1
    for kernel, stride, dilation in layers:
        size, before, jump = size + dilation * (kernel - 1) * before, stride, jump * stride
    return size, jump


@receptive_field.mistake
def dilation_ignored(layers):
    """Taps of a dilated kernel are further apart."""
    return reference.receptive_field([(kernel, stride, 1) for kernel, stride, _ in layers])


@receptive_field.mistake
def product_of_kernels(layers):
    """Two 3x3 layers see 5x5, not 9x9."""
    return _product([kernel for kernel, _, _ in layers]), _product([stride for _, stride, _ in layers])


@receptive_field.mistake
def product_of_kernels(layers):
    spans = [dilation * (kernel - 1) + 1 for kernel, _, dilation in layers]
    return _product(spans), _product([stride for _, stride, _ in layers])


@receptive_field.mistake
def sum_of_kernels(layers):
    """Each layer adds the steps between its taps, one fewer than it has taps: three 3x3 see 7x7."""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * kernel * jump, jump * stride
    return size, jump


@receptive_field.mistake
def sum_of_kernels(layers):
    size, jump = 0, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * kernel * jump, jump * stride
    return size, jump


@receptive_field.mistake
def starts_from_zero(layers):
    """Your size is one too small, everywhere: how much of the input does a unit see that is an input pixel itself?"""
    size, jump = reference.receptive_field(layers)
    return size - 1, jump


@receptive_field.mistake
def dilation_times_kernel(layers):
    """Draw three taps two cells apart - how many cells from first to last?"""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + (dilation * kernel - 1) * jump, jump * stride
    return size, jump


@receptive_field.mistake
def last_layer_first(layers):
    """The first layer of the list lies next to the input; you take the last one for it."""
    return reference.receptive_field(layers[::-1])


@receptive_field.mistake
def strides_added(layers):
    """The size would be right if strides added up. Two layers of stride 3: how many pixels are two neighbouring outputs apart?"""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * (kernel - 1) * jump, jump + stride - 1
    return size, jump


@receptive_field.mistake
def strides_added(layers):
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * (kernel - 1) * jump, jump + stride
    return size, jump


@receptive_field.mistake
def dilation_in_jump(layers):
    """Dilation spreads the taps of its own kernel; do a layer's outputs lie further apart because of it?"""
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size, jump = size + dilation * (kernel - 1) * jump, jump * stride * dilation
    return size, jump


def _product(numbers: list[int]) -> int:
    return int(np.prod(numbers, dtype=object)) if numbers else 1


# ------------------------------------------------------------------------------------------ digits out of place


def centred_digits(rng: np.random.Generator) -> Iterator[Case]:
    for name, device in (
        ("digits at the centre", "cpu"),
        ("others, on the accelerator if there is one", "accelerator"),
    ):
        data_seed, seed = (int(s) for s in rng.integers(0, 2**31, 2))
        parts = (given.canvas(part, data_seed, device) for part in ("images", "labels"))
        yield Case(name, *parts, seed, truth=data_seed)


train_shift_cnn = Exercise(
    reference.train_shift_cnn,
    points=4,
    cases=centred_digits,
    outputs=("the network",),
    probe=probes.image_net,
    view=views.reads_shifted,
    at_least={"accuracy on centred digits": 0.95, "accuracy on shifted digits": 0.90},
    cpu_limit=60,
)


def _fitted(net: Callable[[], nn.Module], images, labels, seed: int, epochs: int, lr: float = 0.01) -> nn.Module:
    """The net after some epochs on half of the images; the same one for the same images, since training takes a while."""
    return _fit(net, images[::2].numpy().tobytes(), labels[::2].numpy().tobytes(), seed, epochs, lr)


@lru_cache(maxsize=64)
def _fit(make: Callable[[], nn.Module], images: bytes, labels: bytes, seed: int, epochs: int, lr: float) -> nn.Module:
    images = torch.from_numpy(np.frombuffer(images, dtype=np.float32).reshape(-1, 1, 12, 12).copy())
    labels = torch.from_numpy(np.frombuffer(labels, dtype=np.int64).copy())
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = make()
        optimizer = torch.optim.Adam(net.parameters(), lr=lr)
        for _ in range(epochs):
            for batch in torch.randperm(len(labels)).split(40):
                loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return net.eval()


def _flattening() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 10))


def _dense(hidden: int = 40) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(144, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def _strided() -> nn.Module:
    first = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
    second = nn.Conv2d(8, 48, 3, padding=1), nn.BatchNorm2d(48), nn.ReLU(), nn.AdaptiveMaxPool2d(1)
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(48, 10))


def _one_layer() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )


@train_shift_cnn.mistake(sign=signs.same_fault)
def flattened_without_augmentation(images, labels, seed=0):
    """Centred digits are read well and shifted ones at chance-like level; which layer ties a weight to an absolute position?"""
    return _fitted(_flattening, images, labels, seed, 8)


@train_shift_cnn.mistake(sign=signs.same_fault)
def mlp(images, labels, seed=0):
    """A dense layer has to see every position in training."""
    return _fitted(_dense, images, labels, seed, 12)


@train_shift_cnn.mistake(sign=signs.same_fault)
def too_many_parameters(images, labels, seed=0):
    """Count with sum(p.numel() for p in net.parameters()); the layer after flatten is the expensive one."""
    return _dense(300).eval()


@train_shift_cnn.mistake(sign=signs.same_fault)
def left_in_train_mode_with_dropout(images, labels, seed=0):
    """Two calls on the same image give different answers: what is left on that should act in training only?"""
    return nn.Sequential(_dense(), nn.Dropout(0.5))


@train_shift_cnn.mistake(sign=signs.same_fault)
def left_in_train_mode(images, labels, seed=0):
    """The network comes back in training mode. Here it makes no difference to one batch, but whoever calls it can't know: which
    method of a module ends training?"""
    return _dense()


@train_shift_cnn.mistake(sign=signs.same_fault)
def softmax_before_loss(images, labels, seed=0):
    """cross_entropy already contains the log-softmax."""
    return _fitted(_probabilities, images, labels, seed, 1, 1e-3)


def _probabilities() -> nn.Module:
    return nn.Sequential(_one_layer(), nn.Softmax(dim=1))


@train_shift_cnn.mistake(sign=signs.same_fault)
def partly_tied_to_place(images, labels, seed=0):
    """Shifted digits are read far above chance, but not as well as centred ones: something still depends on the place. What does a
    shift by one pixel do behind a stride of 2? And if you train on shifted copies, how far do they go?"""
    return _fitted(_strided, images, labels, seed, 10, 2e-2)


@train_shift_cnn.mistake(sign=signs.same_fault)
def sees_too_little(images, labels, seed=0):
    """Shifts do no harm, but the digits are not read well wherever they lie. Does a unit before the pooling see enough of a digit,
    has it layers enough below it, and was the training loss still falling when you stopped?"""
    return _fitted(_one_layer, images, labels, seed, 8)


@train_shift_cnn.mistake(sign=signs.same_fault)
def nothing_learned(images, labels, seed=0):
    """No better than guessing, on centred digits too. Does the loss fall? Each step needs zero_grad, backward and step, on the
    parameters of the network that you return."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _one_layer().eval()
