"""Lecture 10, interpretability: inputs and catalogued mistakes. Networks are sent as lists of layers, see `course.networks`.

Whether an answer leaves traces is asked in cases of their own, so that one who leaves some and errs besides is told of the error.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from autograder.exercise import Exercise
from autograder.reference import interpretability as reference
from course import given, probes, signs, views
from course.case import Case
from course.networks import build_network
from course.shortcut_views import BARS

Layers = list[list[Any]]
TRACES = {"truth": "traces", "edge": True}


def _numbers(rng: np.random.Generator, *shape: int, dtype: type = np.float64) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.1, 1.5, shape)).round(2).astype(dtype)


def _images(rng: np.random.Generator, *shape: int, dtype: type = np.float64) -> torch.Tensor:
    """Pixels between 0.05 and 0.95 with two digits."""
    return torch.from_numpy(rng.uniform(0.05, 0.95, shape).round(2).astype(dtype))


def _labels(rng: np.random.Generator, N: int, K: int) -> torch.Tensor:
    """Not all alike, unless there is only one."""
    first = rng.permutation(K)[: min(N, 2)]
    return torch.from_numpy(rng.permutation(np.concatenate([first, rng.integers(0, K, N - len(first))])))


def _dense(rng: np.random.Generator, D: int, H: int, K: int, kind: str = "tanh", dtype: type = np.float64) -> Layers:
    """(N, D) -> (N, K)"""

    def draw(*shape: int) -> np.ndarray:
        return _numbers(rng, *shape, dtype=dtype)

    return [["linear", draw(H, D), draw(H)], [kind], ["linear", draw(K, H), draw(K)]]


def _convolutional(rng: np.random.Generator, size: tuple[int, int], K: int, kind: str = "tanh") -> Layers:
    """(N, 1, *size) -> (N, K), with three filters."""
    H, W = size
    conv = ["conv2d", _numbers(rng, 3, 1, 3, 3), _numbers(rng, 3), 1, 1]
    linear = ["linear", _numbers(rng, K, 3 * (H // 2) * (W // 2)), _numbers(rng, K)]
    return [conv, [kind], ["maxpool2"], ["flatten"], linear]


def _normalised(rng: np.random.Generator, size: tuple[int, int], K: int, kind: str = "tanh") -> Layers:
    """With batch normalisation and dropout, which do in eval mode what they do at test."""
    H, W = size
    conv = ["conv2d", _numbers(rng, 2, 2, 2, 2), _numbers(rng, 2), 1, 0]
    scale = rng.uniform(0.5, 2, (2, 2)).round(2)
    norm = ["batchnorm", _numbers(rng, 2), scale[0], scale[1], _numbers(rng, 2)]
    linear = ["linear", _numbers(rng, K, 2 * (H - 1) * (W - 1)), _numbers(rng, K)]
    return [conv, norm, [kind], ["dropout", 0.5], ["flatten"], linear]


def _gradient(model: Any, x: torch.Tensor, score: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """Of the sum of a score of the logits, with respect to x."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(score(model(x)).sum(), x)[0]


def _log_p(target: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda z: -cross_entropy(z, target, reduction="none")


def _logit(target: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda z: z[torch.arange(len(z)), target]


def _probability(target: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda z: z.softmax(dim=1)[torch.arange(len(z)), target]


def _pollute(model: Any) -> None:
    """As backward() does: what it writes depends on what was differentiated, that it writes does not."""
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.grad is None else parameter.grad + 1


def _tracing(reference_: Callable[..., Any], points: float, cases: Callable[..., Any], output: str) -> Exercise:
    return Exercise(
        reference_,
        points=points,
        cases=cases,
        outputs=(output, "dtype and traces"),
        probe=probes.leaving_no_trace,
        view=views.without_trace,
        rtol=1e-5,
        atol=1e-6,
        lean=True,
    )


def _leaves(exercise: Exercise, name: str, hint: str, leave: Callable[..., Any]) -> None:
    """A mistake that does the right thing and leaves something behind. leave: called with the arguments afterwards"""

    def wrong(*arguments: Any) -> Any:
        output = getattr(reference, exercise.id)(*arguments)
        changed = leave(*arguments)
        return output if changed is None else changed

    wrong.__name__, wrong.__doc__ = name, hint
    exercise.mistake(wrong, sign=signs.leaves_trace)


POLLUTED = (
    "After your call the .grad of the model parameters has changed, and the caller's next step of training would use it. "
    "Ask autograd for one gradient only."
)
FLAGGED = "The tensor you were given is different after the call: its requires_grad or .grad. Work on a detached copy."
GRAPH = (
    "The numbers are right, but the tensor that you return still hangs on its graph, which keeps the whole network's activations "
    "in memory. Who will differentiate through it?"
)


def _usual_traces(exercise: Exercise) -> None:
    """What any of these functions may leave behind."""

    def flag(model: Any, *rest: Any) -> None:
        _tensor(rest).requires_grad_()

    def grad(model: Any, *rest: Any) -> None:
        x = _tensor(rest)
        x.grad = torch.ones_like(x)

    def graph(*arguments: Any) -> torch.Tensor:
        return getattr(reference, exercise.id)(*arguments).requires_grad_()

    _leaves(exercise, "pollutes_parameter_grads", POLLUTED, lambda model, *rest: _pollute(model))
    _leaves(exercise, "changes_input_flag", FLAGGED, flag)
    _leaves(exercise, "changes_input_flag", FLAGGED, grad)
    _leaves(exercise, "keeps_graph", GRAPH, graph)


def _tensor(values: Any) -> torch.Tensor:
    return next(value for value in values if isinstance(value, torch.Tensor) and value.is_floating_point())


# ------------------------------------------------------------------------------------------ the gradient at the input


def batches(rng: np.random.Generator) -> Iterator[Case]:
    N = int(rng.integers(4, 7))
    yield Case("a dense network", given.network(_dense(rng, 3, 5, 4)), _images(rng, N, 3), _labels(rng, N, 4))
    conv = _convolutional(rng, (2, 4), 3, "relu")
    yield Case("a convolutional network", given.network(conv), _images(rng, 3, 1, 2, 4), _labels(rng, 3, 3))
    normalised = _normalised(rng, (2, 3), 3)
    yield Case(
        "batch normalisation and dropout", given.network(normalised), _images(rng, 3, 2, 2, 3), _labels(rng, 3, 3)
    )
    layers = _dense(rng, 5, 4, 2, "softplus")
    yield Case("two classes", given.network(layers), _images(rng, 3, 5), _labels(rng, 3, 2))
    layers = _dense(rng, 4, 3, 3, dtype=np.float32)
    yield Case("float32", given.network(layers), _images(rng, 5, 4, dtype=np.float32), _labels(rng, 5, 3))
    yield Case("a single image", given.network(conv), _images(rng, 1, 1, 2, 4), _labels(rng, 1, 3), edge=True)
    layers = _dense(rng, 4, 3, 3)
    filled = given.network(layers, round(float(rng.uniform(0.5, 2)), 2))
    yield Case(
        "parameters whose .grad is filled: nothing may be left behind",
        filled,
        _images(rng, 3, 4),
        _labels(rng, 3, 3),
        **TRACES,
    )
    yield Case(
        "parameters that have no .grad yet: nothing may be left behind",
        given.network(normalised),
        _images(rng, 2, 2, 2, 3),
        _labels(rng, 2, 3),
        **TRACES,
    )


input_gradient = _tracing(reference.input_gradient, 2, batches, "the gradient")


@input_gradient.mistake
def mean_over_batch(model, x, target):
    """Your gradient gets smaller when more images are in the batch. A sum keeps the images apart, a mean divides by their number."""
    return reference.input_gradient(model, x, target) / len(x)


@input_gradient.mistake
def mean_over_batch(model, x, target):
    return -reference.input_gradient(model, x, target) / len(x)


@input_gradient.mistake
def loss_sign(model, x, target):
    """Right, but the direction is reversed: the loss is minus the log-probability."""
    return -reference.input_gradient(model, x, target)


@input_gradient.mistake
def logit_not_logprob(model, x, target):
    """The other classes have no say in your gradient. Where do they enter a log-probability?"""
    return _gradient(model, x, _logit(target))


@input_gradient.mistake
def probability_not_logprob(model, x, target):
    """Where the network is nearly sure, your gradient vanishes: you differentiate the probability, not its logarithm."""
    return _gradient(model, x, _probability(target))


@input_gradient.mistake
def targets_ignored(model, x, target):
    """Your gradient doesn't depend on the target: asked for is that of the class named there, not of the one that the network says."""
    return reference.input_gradient(model, x, model(x).argmax(dim=1))


@input_gradient.mistake
def every_target_for_every_image(model, x, target):
    """log_p[:, target] takes the targets of all images for each of them. Image n should be met by target[n] only."""
    return _gradient(model, x, lambda z: z.log_softmax(dim=1)[:, target])


@input_gradient.mistake
def softmax_over_images(model, x, target):
    """Your softmax runs over the images, so what is done to one changes the others. Which axis holds the classes?"""
    return _gradient(model, x, lambda z: z.log_softmax(dim=0)[torch.arange(len(z)), target])


@input_gradient.mistake
def softmax_twice(model, x, target):
    """cross_entropy takes logits; yours has gone through a softmax before, or twice through its logarithm's exponential."""
    return _gradient(model, x, lambda z: _log_p(target)(z.softmax(dim=1)))


@input_gradient.mistake
def softmax_twice(model, x, target):
    return -_gradient(model, x, lambda z: _log_p(target)(z.softmax(dim=1)))


@input_gradient.mistake
def absolute_value(model, x, target):
    """The size is right, and the signs are lost: a pixel may also speak against a class."""
    return reference.input_gradient(model, x, target).abs()


@input_gradient.mistake
def times_input(model, x, target):
    """That is the gradient times the input. It is a map of its own; asked for is the gradient alone."""
    return x * reference.input_gradient(model, x, target)


_usual_traces(input_gradient)


# ------------------------------------------------------------------------------------------ noise


def noisy_batches(rng: np.random.Generator) -> Iterator[Case]:
    def noise(*shape: int, dtype: type = np.float64) -> torch.Tensor:
        return torch.from_numpy(rng.normal(0, 0.5, shape).round(2).astype(dtype))

    dense = _dense(rng, 3, 5, 4)
    S = int(rng.integers(5, 8))
    yield Case("more samples than images", given.network(dense), _images(rng, 2, 3), _labels(rng, 2, 4), noise(S, 2, 3))
    conv = _convolutional(rng, (2, 4), 3)
    yield Case(
        "fewer samples than images",
        given.network(conv),
        _images(rng, 3, 1, 2, 4),
        _labels(rng, 3, 3),
        noise(2, 3, 1, 2, 4),
    )
    normalised = _normalised(rng, (2, 2), 3)
    yield Case(
        "batch normalisation and dropout",
        given.network(normalised),
        _images(rng, 2, 2, 2, 2),
        _labels(rng, 2, 3),
        noise(3, 2, 2, 2, 2),
    )
    layers = _dense(rng, 5, 4, 3, "softplus")
    yield Case(
        "as many samples as images", given.network(layers), _images(rng, 3, 5), _labels(rng, 3, 3), noise(3, 3, 5)
    )
    layers = _dense(rng, 4, 3, 3, dtype=np.float32)
    floats = _images(rng, 3, 4, dtype=np.float32), _labels(rng, 3, 3), noise(3, 3, 4, dtype=np.float32)
    yield Case("float32", given.network(layers), *floats)
    yield Case(
        "a single sample", given.network(dense), _images(rng, 3, 3), _labels(rng, 3, 4), noise(1, 3, 3), edge=True
    )
    layers = _dense(rng, 4, 3, 3)
    filled = given.network(layers, round(float(rng.uniform(0.5, 2)), 2))
    yield Case("nothing may be left behind", filled, _images(rng, 3, 4), _labels(rng, 3, 3), noise(2, 3, 4), **TRACES)


smoothgrad = _tracing(reference.smoothgrad, 2, noisy_batches, "the mean gradient")


@smoothgrad.mistake
def averages_inputs(model, x, target, noise):
    """Averaging the images and averaging the gradients differ as soon as the network is not linear."""
    return reference.input_gradient(model, x + noise.mean(dim=0), target)


@smoothgrad.mistake
def sums_not_averages(model, x, target, noise):
    """Your map grows with the number of samples."""
    return len(noise) * reference.smoothgrad(model, x, target, noise)


@smoothgrad.mistake
def same_noise_every_time(model, x, target, noise):
    """The result depends on one of the noise samples alone; each should have its turn."""
    return reference.input_gradient(model, x + noise[0], target)


@smoothgrad.mistake
def same_noise_every_time(model, x, target, noise):
    return reference.input_gradient(model, x + noise[-1], target)


@smoothgrad.mistake
def targets_interleaved(model, x, target, noise):
    """When you flatten (S, N) into one batch, which target belongs to row s*N + n?"""
    S, N = noise.shape[:2]
    rows = (x + noise).reshape(S * N, *x.shape[1:])
    return reference.input_gradient(model, rows, target.repeat_interleave(S)).reshape(noise.shape).mean(dim=0)


@smoothgrad.mistake
def images_interleaved(model, x, target, noise):
    """In your one batch of S N rows, does the image of row s*N + n meet the noise and the target of the same row?"""
    S, N = noise.shape[:2]
    rows = x.repeat_interleave(S, dim=0) + noise.reshape(S * N, *x.shape[1:])
    return reference.input_gradient(model, rows, target.repeat(S)).reshape(noise.shape).mean(dim=0)


@smoothgrad.mistake
def images_interleaved(model, x, target, noise):
    S, N = noise.shape[:2]
    rows = x.repeat_interleave(S, dim=0) + noise.reshape(S * N, *x.shape[1:])
    return reference.input_gradient(model, rows, target.repeat_interleave(S)).reshape(noise.shape).mean(dim=0)


@smoothgrad.mistake
def noise_accumulates(model, x, target, noise):
    """The image drifts further away with each sample: every sample's noise should be added to the clean image."""
    return reference.smoothgrad(model, x, target, noise.cumsum(dim=0))


@smoothgrad.mistake
def no_noise(model, x, target, noise):
    """That is the plain gradient: the noise makes no difference to it."""
    return reference.input_gradient(model, x, target)


@smoothgrad.mistake
def gradients_at_the_noise(model, x, target, noise):
    """Your gradients are taken at the noise alone; it should be added to the image."""
    return reference.smoothgrad(model, torch.zeros_like(x), target, noise)


@smoothgrad.mistake
def gradient_times_noise(model, x, target, noise):
    """The gradient is evaluated at the noisy image, it isn't multiplied by it."""
    return reference.input_gradient(model, x, target) * (x + noise.mean(dim=0))


@smoothgrad.mistake
def gradient_times_noise(model, x, target, noise):
    return torch.stack([(x + e) * reference.input_gradient(model, x + e, target) for e in noise]).mean(dim=0)


@smoothgrad.mistake
def noisy_images_clipped(model, x, target, noise):
    """You bring the noisy images back into [0, 1]. There the noise is no longer the one that you were given: take them as they are."""
    return torch.stack([reference.input_gradient(model, (x + e).clamp(0, 1), target) for e in noise]).mean(dim=0)


def _smooth(score: Callable[..., Any], sign: float = 1.0) -> Callable[..., Any]:
    def answer(model, x, target, noise):
        return torch.stack([sign * _gradient(model, x + offset, score(target)) for offset in noise]).mean(dim=0)

    return answer


@smoothgrad.mistake
def loss_sign_(model, x, target, noise):
    """Right, but the direction is reversed: the loss is minus the log-probability."""
    return -reference.smoothgrad(model, x, target, noise)


@smoothgrad.mistake
def logit_not_logprob_(model, x, target, noise):
    """The other classes have no say in your gradients. Where do they enter a log-probability?"""
    return _smooth(_logit)(model, x, target, noise)


@smoothgrad.mistake
def probability_not_logprob_(model, x, target, noise):
    """You average gradients of the probability; asked for are those of its logarithm."""
    return _smooth(_probability)(model, x, target, noise)


@smoothgrad.mistake
def mean_over_batch_(model, x, target, noise):
    """Your map gets smaller when more images are in the batch; only the samples are averaged."""
    return reference.smoothgrad(model, x, target, noise) / len(x)


@smoothgrad.mistake
def absolute_value_(model, x, target, noise):
    """Signs are lost. Gradients that point in opposite directions should cancel in the mean."""
    return reference.smoothgrad(model, x, target, noise).abs()


@smoothgrad.mistake
def absolute_value_(model, x, target, noise):
    return torch.stack([reference.input_gradient(model, x + e, target).abs() for e in noise]).mean(dim=0)


_usual_traces(smoothgrad)


# ------------------------------------------------------------------------------------------ paths


def paths(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        name: str, layers: Layers, shape: tuple[int, ...], K: int, baseline: torch.Tensor, steps: int, **options: Any
    ) -> Case:
        x = _images(rng, *shape, dtype=layers[0][1].dtype.type)
        return Case(name, given.network(layers), x, baseline, _labels(rng, shape[0], K), steps, **options)

    yield case("a bright baseline", _dense(rng, 3, 5, 4), (4, 3), 4, _images(rng, 4, 3), 7)
    conv = _convolutional(rng, (2, 4), 3)
    yield case("a black baseline", conv, (2, 1, 2, 4), 3, torch.zeros(2, 1, 2, 4, dtype=torch.float64), 16)
    one = _images(rng, 1, 2, 2, 2)
    yield case("one baseline for all", _normalised(rng, (2, 2), 3), (2, 2, 2, 2), 3, one, int(rng.integers(3, 6)))
    yield case("two steps", _dense(rng, 4, 3, 3, "softplus"), (3, 4), 3, _images(rng, 1, 4), 2)
    floats = _dense(rng, 4, 3, 3, dtype=np.float32)
    yield case("float32", floats, (5, 4), 3, _images(rng, 1, 4, dtype=np.float32), 4)
    yield case("a single step", _dense(rng, 3, 5, 4), (4, 3), 4, _images(rng, 4, 3), 1, edge=True)
    yield case("a baseline without the axis of the images", conv, (2, 1, 2, 4), 3, _images(rng, 2, 4), 3, edge=True)
    layers = _dense(rng, 4, 3, 3)
    x, labels = _images(rng, 3, 4), _labels(rng, 3, 3)
    filled = given.network(layers, round(float(rng.uniform(0.5, 2)), 2))
    yield Case("nothing may be left behind", filled, x, _images(rng, 1, 4), labels, 3, **TRACES)


integrated_gradients = _tracing(reference.integrated_gradients, 3, paths, "the attributions")


def _along(model, x, baseline, target, points, score=_logit):
    """Mean gradient of a score at baseline + a (x - baseline) for the a in points."""
    return torch.stack([_gradient(model, baseline + a * (x - baseline), score(target)) for a in points]).mean(dim=0)


def _middles(steps):
    return [(k + 0.5) / steps for k in range(steps)]


@integrated_gradients.mistake
def left_endpoints(model, x, baseline, target, steps):
    """Close, but biased towards the baseline; where in each little interval do you evaluate?"""
    return (x - baseline) * _along(model, x, baseline, target, [k / steps for k in range(steps)])


@integrated_gradients.mistake
def upper_endpoints(model, x, baseline, target, steps):
    """Close, but biased towards the image; where in each little interval do you evaluate?"""
    return (x - baseline) * _along(model, x, baseline, target, [(k + 1) / steps for k in range(steps)])


@integrated_gradients.mistake
def both_ends_included(model, x, baseline, target, steps):
    """Your points run from the baseline to the image, both included. The interval is cut into `steps` pieces, and each is asked in
    its middle."""
    return (x - baseline) * _along(model, x, baseline, target, np.linspace(0, 1, steps).tolist())


@integrated_gradients.mistake
def both_ends_included(model, x, baseline, target, steps):
    return (x - baseline) * _along(model, x, baseline, target, np.linspace(0, 1, steps + 1).tolist())


@integrated_gradients.mistake
def both_ends_included(model, x, baseline, target, steps):
    a, b = (_along(model, x, baseline, target, [k / steps for k in range(first, first + steps)]) for first in (0, 1))
    return (x - baseline) * (a + b) / 2


@integrated_gradients.mistake
def no_difference_factor(model, x, baseline, target, steps):
    """The attributions do not add up to the change of the logit. By what is the mean gradient multiplied?"""
    return _along(model, x, baseline, target, _middles(steps))


@integrated_gradients.mistake
def multiplies_by_x(model, x, baseline, target, steps):
    """Right for a black baseline only. How far is the way from the baseline to the image?"""
    return x * _along(model, x, baseline, target, _middles(steps))


@integrated_gradients.mistake
def explains_probability(model, x, baseline, target, steps):
    """The sum of your attributions stays below one; which quantity is explained?"""
    return (x - baseline) * _along(model, x, baseline, target, _middles(steps), _probability)


@integrated_gradients.mistake
def explains_log_probability(model, x, baseline, target, steps):
    """Your attributions add up to the change of the log-probability; here the logit itself is explained."""
    return (x - baseline) * _along(model, x, baseline, target, _middles(steps), _log_p)


@integrated_gradients.mistake
def explains_log_probability(model, x, baseline, target, steps):
    return (baseline - x) * _along(model, x, baseline, target, _middles(steps), _log_p)


@integrated_gradients.mistake
def path_scales_x(model, x, baseline, target, steps):
    """At a = 0 the path must be at the baseline; yours starts in the dark."""
    return (x - baseline) * _along(model, x, torch.zeros_like(x), target, _middles(steps))


@integrated_gradients.mistake
def path_scales_x(model, x, baseline, target, steps):
    return x * _along(model, x, torch.zeros_like(x), target, _middles(steps))


@integrated_gradients.mistake
def path_scales_x(model, x, baseline, target, steps):
    return (x - baseline) * _along(model, x - baseline, torch.zeros_like(x), target, _middles(steps))


@integrated_gradients.mistake
def path_adds_x(model, x, baseline, target, steps):
    """At a = 1 the path must be at the image; yours goes past it, by the baseline."""
    points = [baseline + a * x for a in _middles(steps)]
    return (x - baseline) * torch.stack([_gradient(model, point, _logit(target)) for point in points]).mean(dim=0)


@integrated_gradients.mistake
def sums_not_averages_(model, x, baseline, target, steps):
    """Your attributions grow with the number of steps."""
    return steps * reference.integrated_gradients(model, x, baseline, target, steps)


@integrated_gradients.mistake
def only_at_the_image(model, x, baseline, target, steps):
    """That is the gradient at the image times the difference: what happened on the way is not asked for."""
    return (x - baseline) * _along(model, x, baseline, target, [1.0])


@integrated_gradients.mistake
def from_image_to_baseline(model, x, baseline, target, steps):
    """Right, but with the sign reversed: the way leads from the baseline to the image, and the factor is x - baseline."""
    return -reference.integrated_gradients(model, x, baseline, target, steps)


@integrated_gradients.mistake
def mean_over_batch__(model, x, baseline, target, steps):
    """Your attributions get smaller when more images are in the batch; only the points on the way are averaged."""
    return reference.integrated_gradients(model, x, baseline, target, steps) / len(x)


@integrated_gradients.mistake
def targets_interleaved_(model, x, baseline, target, steps):
    """When you flatten (steps, N) into one batch, which target belongs to row k*N + n?"""
    N = len(x)
    a = torch.tensor(_middles(steps), dtype=x.dtype).view(-1, *[1] * x.dim())
    rows = (baseline + a * (x - baseline)).reshape(steps * N, *x.shape[1:])
    gradients = _gradient(model, rows, _logit(target.repeat_interleave(steps)))
    return (x - baseline) * gradients.reshape(steps, *x.shape).mean(dim=0)


_usual_traces(integrated_gradients)


# ------------------------------------------------------------------------------------------ attacks


def _clear(
    model: Any, images: list[torch.Tensor], y: torch.Tensor, least: float, dead: torch.Tensor | bool = False
) -> bool:
    """Is no sign a matter of rounding, at none of these images? dead: pixels that no unit looks at"""
    gradients = [reference.input_gradient(model, x, y).abs() for x in images]
    return all(bool(((g > least) | dead).all()) for g in gradients)


def _mixed(model: Any, x: torch.Tensor, y: torch.Tensor) -> bool:
    """Are some examples classified right and some wrong?"""
    right = model(x).argmax(dim=1) == y
    return bool(right.any() and not right.all())


def _trial(
    rng: np.random.Generator, make: Callable[[], Layers], shape: tuple[int, ...], K: int, **options: Any
) -> tuple[Layers, torch.Tensor, torch.Tensor, Any]:
    layers = make()
    return layers, _images(rng, *shape, **options), _labels(rng, shape[0], K), build_network(layers)


def _softmax_twice_shows(model: Any, x: torch.Tensor, y: torch.Tensor) -> bool:
    """Does the loss of probabilities taken for logits have another sign somewhere, at a pixel that clipping doesn't hold?"""
    right, wrong = (-reference.input_gradient(net, x, y).sign() for net in (model, _with_softmax(model)))
    return bool(((right != wrong) & (x > 0.03) & (x < 0.97)).any())


def _with_softmax(model: Any) -> Any:
    return nn.Sequential(model, nn.Softmax(dim=1))


def single_steps(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        name: str,
        make: Callable[[], Layers],
        shape: tuple[int, ...],
        K: int,
        eps: float,
        mixed: bool = False,
        ends: bool = False,
        twice: bool = False,
        least: float = 1e-5,
        grads: float | None = None,
        **options: Any,
    ) -> Case:
        dtype = np.float32 if least > 1e-4 else np.float64
        while True:
            layers, x, y, model = _trial(rng, make, shape, K, dtype=dtype)
            if ends:
                x = torch.where(x < 0.35, 0.0, torch.where(x > 0.65, 1.0, x))
            clear = _clear(model, [x], y, least) and (not twice or _softmax_twice_shows(model, x, y))
            if clear and (not mixed or _mixed(model, x, y)):
                return Case(name, given.network(layers, grads), x, y, eps, **options)

    yield case("a dense network, some images wrong already", lambda: _dense(rng, 3, 5, 4), (5, 3), 4, 0.3, mixed=True)
    yield case(
        "a convolutional network",
        lambda: _convolutional(rng, (2, 4), 3),
        (3, 1, 2, 4),
        3,
        0.03,
        mixed=True,
        twice=True,
    )
    yield case(
        "pixels at the ends of the range",
        lambda: _dense(rng, 6, 4, 3, "softplus"),
        (4, 6),
        3,
        0.1,
        mixed=True,
        ends=True,
    )
    yield case("batch normalisation", lambda: _normalised(rng, (2, 3), 3), (2, 2, 2, 3), 3, 0.3)
    yield case("float32", lambda: _dense(rng, 4, 3, 3, dtype=np.float32), (4, 4), 3, 0.2, least=1e-3)
    yield case("eps = 0", lambda: _dense(rng, 4, 3, 3), (3, 4), 3, 0.0, edge=True)
    layers = _dense(rng, 4, 3, 3)
    dark = int(rng.integers(0, 4))
    layers[0][1][:, dark] = 0
    dead = torch.arange(4) == dark
    while True:
        x, y = _images(rng, 3, 4), _labels(rng, 3, 3)
        if _clear(build_network(layers), [x], y, 1e-5, dead):
            break
    yield Case("a pixel that no unit looks at", given.network(layers), x, y, 0.2, edge=True)
    yield case(
        "nothing may be left behind",
        lambda: _dense(rng, 4, 3, 3),
        (3, 4),
        3,
        0.1,
        grads=round(float(rng.uniform(0.5, 2)), 2),
        **TRACES,
    )


fgsm_attack = _tracing(reference.fgsm_attack, 2, single_steps, "the attacked images")


def _fgsm(model, x, y, eps, direction=torch.sign, clip=True):
    """One step along `direction` of the gradient of the loss."""
    moved = x + eps * direction(-reference.input_gradient(model, x, y))
    return moved.clamp(0, 1) if clip else moved


@fgsm_attack.mistake
def descends(model, x, y, eps):
    """After your attack the model is more certain of the true label than before."""
    return _fgsm(model, x, y, eps, lambda g: -g.sign())


@fgsm_attack.mistake
def no_clip(model, x, y, eps):
    """Look at the minimum and maximum of your image."""
    return _fgsm(model, x, y, eps, clip=False)


@fgsm_attack.mistake
def no_sign(model, x, y, eps):
    """Each pixel may move by the full eps, whatever the size of its gradient."""
    return _fgsm(model, x, y, eps, lambda g: g)


@fgsm_attack.mistake
def no_sign(model, x, y, eps):
    return _fgsm(model, x, y, eps, lambda g: g / len(g))


@fgsm_attack.mistake
def no_sign(model, x, y, eps):
    return _fgsm(model, x, y, eps, lambda g: g / g.flatten(1).norm(dim=1).view(-1, *[1] * (g.dim() - 1)))


@fgsm_attack.mistake
def no_sign(model, x, y, eps):
    return _fgsm(model, x, y, eps, lambda g: g / g.abs().flatten(1).amax(dim=1).view(-1, *[1] * (g.dim() - 1)))


@fgsm_attack.mistake
def uses_prediction(model, x, y, eps):
    """You push away from what the model thinks; the task gives the true labels."""
    return reference.fgsm_attack(model, x, model(x).argmax(dim=1), eps)


@fgsm_attack.mistake
def other_classes_ignored(model, x, y, eps):
    """You lower the logit of the true class and ignore the others; the cross-entropy also raises them."""
    return (x - eps * _gradient(model, x, _logit(y)).sign()).clamp(0, 1)


@fgsm_attack.mistake
def softmax_twice_(model, x, y, eps):
    """cross_entropy takes logits; yours have gone through a softmax before."""
    return reference.fgsm_attack(_with_softmax(model), x, y, eps)


@fgsm_attack.mistake
def only_the_change(model, x, y, eps):
    """That is the perturbation. The attacked image is asked for, so add it to the image."""
    return _fgsm(model, x, y, eps) - x


@fgsm_attack.mistake
def only_the_change(model, x, y, eps):
    return eps * (-reference.input_gradient(model, x, y)).sign()


@fgsm_attack.mistake
def only_the_change(model, x, y, eps):
    return (eps * (-reference.input_gradient(model, x, y)).sign()).clamp(0, 1)


@fgsm_attack.mistake
def zero_gets_a_sign(model, x, y, eps):
    """Right, but for a pixel whose gradient is exactly 0: moving it gains nothing, so it stays."""
    return _fgsm(model, x, y, eps, lambda g: torch.where(g >= 0, 1.0, -1.0).to(g.dtype))


@fgsm_attack.mistake
def zero_gets_a_sign(model, x, y, eps):
    return _fgsm(model, x, y, eps, lambda g: torch.where(g > 0, 1.0, -1.0).to(g.dtype))


@fgsm_attack.mistake(sign=signs.changes_input)
def in_place(model, x, y, eps):
    """The images you were given have changed, and the caller still needs the clean ones. Where do += and clamp_ write?"""
    return x.copy_(reference.fgsm_attack(model, x, y, eps))


_usual_traces(fgsm_attack)


def _when_matters(model: Any, *arguments: Any) -> bool:
    """Does it matter when one projects? Then it also tells whether pixels or the ball come late."""
    right = reference.pgd_attack(model, *arguments)
    pixels, ball, both = (_late(model, *arguments, **kept) for kept in ({"ball": True}, {"pixels": True}, {}))
    pairs = ((right, pixels), (right, ball), (right, both), (pixels, both))
    return all(bool((one - other).abs().max() > 0.01) for one, other in pairs)


def many_steps(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        name: str,
        make: Callable[[], Layers],
        shape: tuple[int, ...],
        K: int,
        eps: float,
        step: float,
        steps: int,
        least: float = 1e-5,
        grads: float | None = None,
        mixed: bool = False,
        tells: bool = False,
        **options: Any,
    ) -> Case:
        dtype = np.float32 if least > 1e-4 else np.float64
        while True:
            layers, x, y, model = _trial(rng, make, shape, K, dtype=dtype)
            on_the_way = [reference.pgd_attack(model, x, y, eps, step, k) for k in range(steps)]
            clear = _clear(model, on_the_way, y, least) and (not mixed or _mixed(model, x, y))
            if clear and (not tells or _when_matters(model, x, y, eps, step, steps)):
                return Case(name, given.network(layers, grads), x, y, eps, step, steps, **options)

    yield case("far enough for the ball", lambda: _dense(rng, 4, 8, 3), (4, 4), 3, 0.3, 0.2, 6, mixed=True, tells=True)
    yield case("small steps to the ball's end", lambda: _dense(rng, 3, 5, 4, "softplus"), (4, 3), 4, 0.2, 0.08, 4)
    yield case(
        "a convolutional network", lambda: _convolutional(rng, (2, 4), 3), (2, 1, 2, 4), 3, 0.3, 0.1, 4, mixed=True
    )
    yield case("not as far as the ball reaches", lambda: _dense(rng, 4, 4, 3), (3, 4), 3, 0.3, 0.05, 4)
    # from here two balls, around the start and around the last image, are told apart
    yield case("steps longer than eps", lambda: _normalised(rng, (2, 2), 3), (2, 2, 2, 2), 3, 0.1, 0.15, 3)
    yield case("float32", lambda: _dense(rng, 4, 3, 3, dtype=np.float32), (3, 4), 3, 0.15, 0.07, 3, least=1e-3)
    yield case("one short step", lambda: _dense(rng, 4, 3, 3), (3, 4), 3, 0.3, 0.1, 1, edge=True)
    yield case(
        "nothing may be left behind",
        lambda: _dense(rng, 4, 3, 3),
        (3, 4),
        3,
        0.1,
        0.05,
        3,
        grads=round(float(rng.uniform(0.5, 2)), 2),
        **TRACES,
    )


pgd_attack = _tracing(reference.pgd_attack, 3, many_steps, "the attacked images")


def _pgd(
    model,
    x,
    y,
    eps,
    step,
    steps,
    gradient_at=lambda model, x, y: -reference.input_gradient(model, x, y),
    project=None,
    last=None,
):
    """project: (moved, x, before) -> the next image; last: what is done to the last one"""
    project = project or (lambda moved, x, before: torch.minimum(torch.maximum(moved, x - eps), x + eps).clamp(0, 1))
    now = x
    for _ in range(steps):
        now = project(now + step * gradient_at(model, now, y).sign(), x, now)
    return now if last is None else last(now)


def _late(model, x, y, eps, step, steps, ball=False, pixels=False):
    """Projected at the end, and on the way only into the ball, or only into the range of pixels, or not at all."""

    def project(moved, x, before):
        moved = moved.clamp(x - eps, x + eps) if ball else moved
        return moved.clamp(0, 1) if pixels else moved

    return _pgd(
        model, x, y, eps, step, steps, project=project, last=lambda now: now.clamp(x - eps, x + eps).clamp(0, 1)
    )


@pgd_attack.mistake
def no_projection(model, x, y, eps, step, steps):
    """The largest change is steps times step; how large may it be?"""
    return _pgd(model, x, y, eps, step, steps, project=lambda moved, x, before: moved.clamp(0, 1))


@pgd_attack.mistake
def no_projection(model, x, y, eps, step, steps):
    return _pgd(model, x, y, eps, step, steps, project=lambda moved, x, before: moved)


@pgd_attack.mistake
def projects_around_last_iterate(model, x, y, eps, step, steps):
    """The budget eps is counted from the original image, not from the one before the step."""
    return _pgd(
        model,
        x,
        y,
        eps,
        step,
        steps,
        project=lambda moved, x, before: moved.clamp(before - eps, before + eps).clamp(0, 1),
    )


@pgd_attack.mistake
def gradient_only_at_start(model, x, y, eps, step, steps):
    """All your steps go the same way: the gradient is asked for anew at each image."""
    start = -reference.input_gradient(model, x, y)
    return _pgd(model, x, y, eps, step, steps, gradient_at=lambda model, now, y: start)


@pgd_attack.mistake
def forgets_pixel_range(model, x, y, eps, step, steps):
    """Some pixels are below 0 or above 1."""
    return _pgd(model, x, y, eps, step, steps, project=lambda moved, x, before: moved.clamp(x - eps, x + eps))


@pgd_attack.mistake
def range_only_at_end(model, x, y, eps, step, steps):
    """On the way some pixels are below 0 or above 1, and gradients are taken at images that don't exist: project after each step."""
    return _late(model, x, y, eps, step, steps, ball=True)


@pgd_attack.mistake
def projects_only_at_end(model, x, y, eps, step, steps):
    """You project once, at the end. Then gradients are taken outside the ball, where the attack is not allowed to go."""
    return _late(model, x, y, eps, step, steps)


@pgd_attack.mistake
def projects_only_at_end(model, x, y, eps, step, steps):
    return _late(model, x, y, eps, step, steps, pixels=True)


@pgd_attack.mistake
def step_is_eps(model, x, y, eps, step, steps):
    """With small steps and one iteration your image moves too far."""
    return _pgd(model, x, y, eps, eps, steps)


@pgd_attack.mistake
def descends_(model, x, y, eps, step, steps):
    """After your attack the model is more certain of the true label than before."""
    return _pgd(model, x, y, eps, -step, steps)


@pgd_attack.mistake
def no_sign_(model, x, y, eps, step, steps):
    """Each pixel moves by the full step, whatever the size of its gradient."""
    now = x
    for _ in range(steps):
        now = (now - step * reference.input_gradient(model, now, y)).clamp(x - eps, x + eps).clamp(0, 1)
    return now


@pgd_attack.mistake
def no_sign_(model, x, y, eps, step, steps):
    now = x
    for _ in range(steps):
        now = (now - step * reference.input_gradient(model, now, y) / len(x)).clamp(x - eps, x + eps).clamp(0, 1)
    return now


@pgd_attack.mistake
def uses_prediction_(model, x, y, eps, step, steps):
    """You push away from what the model thinks; the task gives the true labels."""
    return reference.pgd_attack(model, x, model(x).argmax(dim=1), eps, step, steps)


@pgd_attack.mistake
def uses_prediction_(model, x, y, eps, step, steps):
    return _pgd(
        model,
        x,
        y,
        eps,
        step,
        steps,
        gradient_at=lambda model, now, y: -reference.input_gradient(model, now, model(now).argmax(dim=1)),
    )


@pgd_attack.mistake
def softmax_twice__(model, x, y, eps, step, steps):
    """cross_entropy takes logits; yours have gone through a softmax before."""
    return reference.pgd_attack(_with_softmax(model), x, y, eps, step, steps)


@pgd_attack.mistake
def euclidean_ball(model, x, y, eps, step, steps):
    """You project into a round ball, with the Euclidean norm. Here each pixel by itself may differ by eps."""

    def project(moved, x, before):
        change = moved - x
        norm = _per_image(change, lambda rows: rows.norm(dim=1))
        return (x + change * (eps / norm.clamp(min=1e-12)).clamp(max=1)).clamp(0, 1)

    return _pgd(model, x, y, eps, step, steps, project=project)


@pgd_attack.mistake
def euclidean_ball(model, x, y, eps, step, steps):
    def project(moved, x, before):
        change = moved - x
        return (x + change * (eps / change.norm().clamp(min=1e-12)).clamp(max=1)).clamp(0, 1)

    return _pgd(model, x, y, eps, step, steps, project=project)


@pgd_attack.mistake
def one_step_only(model, x, y, eps, step, steps):
    """One step, whatever the number of steps: does the next one start from the image that you have just made?"""
    return reference.pgd_attack(model, x, y, eps, step, 1)


@pgd_attack.mistake
def only_the_change_(model, x, y, eps, step, steps):
    """That is the perturbation. The attacked image is asked for, so add it to the image."""
    return reference.pgd_attack(model, x, y, eps, step, steps) - x


@pgd_attack.mistake(sign=signs.changes_input)
def in_place_(model, x, y, eps, step, steps):
    """The images you were given have changed, and the caller still needs the clean ones. Where do += and clamp_ write?"""
    return x.copy_(reference.pgd_attack(model, x, y, eps, step, steps))


_usual_traces(pgd_attack)


# ------------------------------------------------------------------------------------------ what a unit looks for


def climbs(rng: np.random.Generator) -> Iterator[Case]:
    def case(
        name: str,
        layers: Layers,
        shape: tuple[int, ...],
        steps: int,
        lr: float,
        grads: float | None = None,
        **options: Any,
    ) -> Case:
        unit = int(rng.integers(0, len(layers[-1][1])))
        x0 = _images(rng, *shape, dtype=layers[0][1].dtype.type)
        return Case(name, given.network(layers, grads), unit, x0, steps, lr, **options)

    yield case("several start images", _dense(rng, 4, 5, 4), (3, 4), 3, 0.9)
    conv = _convolutional(rng, (2, 4), 3)
    yield case("a convolutional network", conv, (2, 1, 2, 4), 4, 1.5)
    yield case("batch normalisation and dropout", _normalised(rng, (2, 3), 3), (2, 2, 2, 3), 3, 1.2)
    yield case("short steps", _dense(rng, 5, 4, 3, "softplus"), (3, 5), 5, 0.05)
    yield case("float32", _dense(rng, 4, 3, 3, dtype=np.float32), (5, 4), 3, 0.4)
    dead = _dense(rng, 4, 3, 3)
    dead[-1][1][:] = 0
    yield case("a unit that no image moves", dead, (3, 4), 3, 0.5, edge=True)
    yield case("no steps", _dense(rng, 4, 3, 3), (2, 4), 0, 0.5, edge=True)
    grads = round(float(rng.uniform(0.5, 2)), 2)
    yield case("nothing may be left behind", _dense(rng, 4, 3, 3), (3, 4), 3, 0.3, grads=grads, **TRACES)


maximize_unit = _tracing(reference.maximize_unit, 2, climbs, "the images")


def _per_image(g, measure):
    return measure(g.flatten(1)).view(-1, *[1] * (g.dim() - 1))


def _climb(model, unit, x0, steps, lr, direction=None, score=None, clip=True, last=None):
    """direction: gradient -> what is moved along; score: logits -> what is maximised"""
    direction = direction or (lambda g: g / (_per_image(g, lambda rows: rows.norm(dim=1)) + 1e-8))
    x = x0.clone()
    for _ in range(steps):
        x = x + lr * direction(_gradient(model, x, score or (lambda z: z[:, unit])))
        x = x.clamp(0, 1) if clip else x
    return x if last is None else last(x)


@maximize_unit.mistake
def minimises(model, unit, x0, steps, lr):
    """The activation goes down."""
    return reference.maximize_unit(model, unit, x0, steps, -lr)


@maximize_unit.mistake
def norm_over_batch(model, unit, x0, steps, lr):
    """The same image gives another result in a larger batch: each has a norm of its own."""
    return _climb(model, unit, x0, steps, lr, lambda g: g / (g.norm() + 1e-8))


@maximize_unit.mistake
def norm_of_rows(model, unit, x0, steps, lr):
    """Your norm is one of each row or channel of pixels; an image has a single one, over all its pixels."""
    return _climb(model, unit, x0, steps, lr, lambda g: g / (g.norm(dim=-1, keepdim=True) + 1e-8))


@maximize_unit.mistake
def norm_of_rows(model, unit, x0, steps, lr):
    return _climb(model, unit, x0, steps, lr, lambda g: g / (g.norm(dim=1, keepdim=True) + 1e-8))


@maximize_unit.mistake(sign=signs.not_finite)
def divides_by_zero(model, unit, x0, steps, lr):
    """One unit does not react to the image at all: its gradient is zero."""
    return _climb(model, unit, x0, steps, lr, lambda g: g / _per_image(g, lambda rows: rows.norm(dim=1)))


@maximize_unit.mistake
def clips_once_at_end(model, unit, x0, steps, lr):
    """Clip after every step, otherwise later gradients are taken at impossible images."""
    return _climb(model, unit, x0, steps, lr, clip=False, last=lambda x: x.clamp(0, 1))


@maximize_unit.mistake
def no_clip_(model, unit, x0, steps, lr):
    """Look at the minimum and maximum of your images."""
    return _climb(model, unit, x0, steps, lr, clip=False)


@maximize_unit.mistake
def softmax_objective(model, unit, x0, steps, lr):
    """A probability can also rise because the others fall. Asked for is the activation itself."""
    return _climb(model, unit, x0, steps, lr, score=lambda z: z.log_softmax(dim=1)[:, unit])


@maximize_unit.mistake
def not_normalised(model, unit, x0, steps, lr):
    """Your steps are as long as the gradient is; divided by its norm, each has the length lr."""
    return _climb(model, unit, x0, steps, lr, lambda g: g)


@maximize_unit.mistake
def not_normalised(model, unit, x0, steps, lr):
    return _climb(model, unit, x0, steps, lr, lambda g: g / len(g))


@maximize_unit.mistake
def other_norm(model, unit, x0, steps, lr):
    """Your steps have another length than lr: the norm is the root of the sum of squares."""
    return _climb(model, unit, x0, steps, lr, lambda g: g / (_per_image(g, lambda rows: rows.abs().sum(dim=1)) + 1e-8))


@maximize_unit.mistake
def other_norm(model, unit, x0, steps, lr):
    return _climb(model, unit, x0, steps, lr, lambda g: g / (_per_image(g, lambda rows: rows.abs().amax(dim=1)) + 1e-8))


@maximize_unit.mistake
def other_norm(model, unit, x0, steps, lr):
    return _climb(model, unit, x0, steps, lr, lambda g: g / (_per_image(g, lambda rows: (rows**2).sum(dim=1)) + 1e-8))


@maximize_unit.mistake
def other_norm(model, unit, x0, steps, lr):
    return _climb(model, unit, x0, steps, lr, lambda g: g / (_per_image(g, lambda rows: rows.std(dim=1)) + 1e-8))


@maximize_unit.mistake
def takes_signs(model, unit, x0, steps, lr):
    """You move every pixel equally far, as an attack does. Here the step goes along the gradient itself, divided by its norm."""
    return _climb(model, unit, x0, steps, lr, torch.sign)


@maximize_unit.mistake
def one_step_only_(model, unit, x0, steps, lr):
    """One step, whatever the number of steps: does the next one start from the image that you have just made?"""
    return reference.maximize_unit(model, unit, x0, min(steps, 1), lr)


@maximize_unit.mistake
def gradient_only_at_start_(model, unit, x0, steps, lr):
    """All your steps go the same way: the gradient is asked for anew at each image."""
    g = _gradient(model, x0, lambda z: z[:, unit])
    x = x0.clone()
    for _ in range(steps):
        x = (x + lr * g / (_per_image(g, lambda rows: rows.norm(dim=1)) + 1e-8)).clamp(0, 1)
    return x


@maximize_unit.mistake(sign=signs.changes_input)
def in_place__(model, unit, x0, steps, lr):
    """The images you were given have changed, and the caller may start from them again. Where do += and clamp_ write?"""
    return x0.copy_(reference.maximize_unit(model, unit, x0, steps, lr))


_usual_traces(maximize_unit)


# ------------------------------------------------------------------------------------------ patches


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    """Ordinary cases patch layers that give out as many numbers as they take, so that the two can be mistaken for each other."""

    def conv() -> Layers:
        """Of images (N, 3, 2, 4); the layers "0", "1", "2" keep the shape."""
        kernels = [["conv2d", _numbers(rng, 3, 3, 3, 3), _numbers(rng, 3), 1, 1] for _ in range(2)]
        linear = ["linear", _numbers(rng, 4, 24), _numbers(rng, 4)]
        return [kernels[0], ["tanh"], kernels[1], ["softplus"], ["flatten"], linear]

    def dense(dtype: type = np.float64) -> Layers:
        """Of rows (N, 4)."""
        square = [["linear", _numbers(rng, 4, 4, dtype=dtype), _numbers(rng, 4, dtype=dtype)] for _ in range(2)]
        return [
            square[0],
            ["tanh"],
            square[1],
            ["tanh"],
            ["linear", _numbers(rng, 3, 4, dtype=dtype), _numbers(rng, 3, dtype=dtype)],
        ]

    def channels(count: int, of: int) -> torch.Tensor:
        return torch.from_numpy(np.sort(rng.permutation(of)[:count]))

    def case(
        name: str,
        layers: Layers,
        layer: str,
        shape: tuple[int, ...],
        kept: Any,
        grads: float | None = None,
        **options: Any,
    ) -> Case:
        x = [_images(rng, *shape, dtype=layers[0][1].dtype.type) for _ in range(2)]
        return Case(name, given.network(layers, grads), layer, *x, kept, **options)

    image = (2, 3, 2, 4)
    yield case("two channels of a convolution", conv(), "2", image, channels(2, 3))
    yield case("all of a linear layer", dense(), "2", (5, 4), None)
    yield case("two units of a linear layer", dense(), str(rng.choice(["0", "2"])), (3, 4), channels(2, 4))
    yield case("all of a convolution", conv(), "0", image, None)
    yield case("one channel after the nonlinearity", conv(), "1", (3, 3, 2, 4), channels(1, 3))
    yield case("float32", dense(np.float32), "1", (3, 4), channels(3, 4))
    yield case(
        "a layer that gives out more than it takes",
        _convolutional(rng, (2, 4), 3),
        "0",
        (2, 1, 2, 4),
        channels(2, 3),
        edge=True,
    )
    yield case("the last layer", dense(), "4", (3, 4), None, edge=True)
    grads = round(float(rng.uniform(0.5, 2)), 2)
    yield case("nothing may be left behind", conv(), "2", image, channels(2, 3), grads=grads, **TRACES)


patch_activation = _tracing(reference.patch_activation, 3, pairs, "the output")


def _patched(model, layer, x_clean, x_corrupt, patch, of_input=False):
    """patch: (what the layer gives, what it gave on x_clean) -> what it should give"""
    part, kept = model.get_submodule(layer), []

    def save(module, inputs, output):
        kept.append((inputs[0] if of_input else output).detach().clone())

    with torch.no_grad():
        handle = part.register_forward_hook(save)
        model(x_clean)
        handle.remove()
        handle = part.register_forward_hook(lambda module, inputs, output: patch(output.clone(), kept[0]))
        try:
            return model(x_corrupt)
        finally:
            handle.remove()


def _put(output, stored, channels, axis=1):
    if channels is None:
        return stored
    where = (slice(None),) * axis + (channels,)
    output[where] = stored[where]
    return output


def _stay(model, layer, hook):
    model.get_submodule(layer).register_forward_hook(hook)


_leaves(
    patch_activation,
    "hook_left_in_place",
    "After your call the model computes something else; who removes the hook?",
    lambda model, layer, *rest: _stay(model, layer, lambda module, inputs, output: output + 1),
)


@patch_activation.mistake
def save_hook_still_active(model, layer, x_clean, x_corrupt, channels=None):
    """You return what the model says of x_corrupt unpatched. Is the saving hook still there in the second run, so that your stored
    activation is replaced by the new one? Or does the patching hook return nothing?"""
    with torch.no_grad():
        return model(x_corrupt)


@patch_activation.mistake
def named_channels_unpatched(model, layer, x_clean, x_corrupt, channels=None):
    """Right for a whole layer; when channels are named, nothing is patched. Does your hook write into what it returns, and return it?"""
    if channels is None:
        return reference.patch_activation(model, layer, x_clean, x_corrupt)
    with torch.no_grad():
        return model(x_corrupt)


@patch_activation.mistake
def patches_corrupt_into_clean(model, layer, x_clean, x_corrupt, channels=None):
    """The outer run is on the corrupt input."""
    return reference.patch_activation(model, layer, x_corrupt, x_clean, channels)


@patch_activation.mistake
def all_channels_always(model, layer, x_clean, x_corrupt, channels=None):
    """With two channels patched you return the same as with all."""
    return reference.patch_activation(model, layer, x_clean, x_corrupt)


@patch_activation.mistake
def patches_layer_input(model, layer, x_clean, x_corrupt, channels=None):
    """A forward hook receives (module, inputs, output). You store what goes into the layer."""
    return _patched(
        model, layer, x_clean, x_corrupt, lambda output, stored: _put(output, stored, channels), of_input=True
    )


@patch_activation.mistake
def other_channels_patched(model, layer, x_clean, x_corrupt, channels=None):
    """You patch all channels but those named."""

    def patch(output, stored):
        if channels is None:
            return stored
        stored = stored.clone()
        stored[:, channels] = output[:, channels]
        return stored

    return _patched(model, layer, x_clean, x_corrupt, patch)


@patch_activation.mistake
def other_channels_zero(model, layer, x_clean, x_corrupt, channels=None):
    """The channels that are not named should keep what they have on x_corrupt; yours are 0."""
    return _patched(
        model, layer, x_clean, x_corrupt, lambda output, stored: _put(torch.zeros_like(output), stored, channels)
    )


@patch_activation.mistake
def wrong_axis(model, layer, x_clean, x_corrupt, channels=None):
    """The indices run along axis 1, for images, too; you take them along another one."""
    return _patched(
        model, layer, x_clean, x_corrupt, lambda output, stored: _put(output, stored, channels, output.dim() - 1)
    )


@patch_activation.mistake
def probabilities_returned(model, layer, x_clean, x_corrupt, channels=None):
    """You return probabilities; asked for is the output of the model as it is."""
    return reference.patch_activation(model, layer, x_clean, x_corrupt, channels).softmax(dim=1)


_usual_traces(patch_activation)


# ------------------------------------------------------------------------------------------ a shortcut


def leaking_images(rng: np.random.Generator) -> Iterator[Case]:
    for run in (1, 2):
        seed = int(rng.integers(0, 2**31))
        parts = (given.tagged(part, seed) for part in ("images", "labels"))
        yield Case(f"600 digits whose tag leaks, run {run}", *parts, int(rng.integers(0, 1000)), truth=seed)


train_without_shortcut = Exercise(
    reference.train_without_shortcut,
    points=4,
    cases=leaking_images,
    outputs=("accuracies",),
    probe=probes.tagged_net,
    view=views.reads_digit,
    at_least=BARS,
    cpu_limit=60.0,
)


def _trained(images, labels, seed, prepare=lambda images: images, dropout=None, decay=0.0, steps=60):
    """A network 100-64-10, by Adam on all images at once."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        drop = [] if dropout is None else [nn.Dropout(dropout)]
        net = nn.Sequential(nn.Flatten(), nn.Linear(100, 64), nn.ReLU(), *drop, nn.Linear(64, 10))
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=decay)
        for _ in range(steps):
            optimizer.zero_grad()
            cross_entropy(net(prepare(images)), labels).backward()
            optimizer.step()
        return net


@train_without_shortcut.mistake(sign=signs.same_fault)
def plain_training(images, labels, seed=0):
    """Perfect in training, poor when the tag lies; average the absolute input gradient over the data and look at the top row."""
    return _trained(images, labels, seed)


@train_without_shortcut.mistake(sign=signs.same_fault)
def weight_decay_only(images, labels, seed=0):
    """The network still follows the tag. A shortcut is a simple function - regularisation likes it."""
    return _trained(images, labels, seed, decay=1.0)


@train_without_shortcut.mistake(sign=signs.same_fault)
def noise_only(images, labels, seed=0):
    """The network still follows the tag. Noise hurts the faint digit more than the bright tag."""
    return _trained(images, labels, seed, lambda images: images + 0.3 * torch.randn_like(images))


@train_without_shortcut.mistake(sign=signs.same_fault)
def dropout_only(images, labels, seed=0):
    """The network still follows the tag. It is still in every image; break its link to the label."""
    return _trained(images, labels, seed, dropout=0.5)


@train_without_shortcut.mistake(sign=signs.same_fault)
def hides_wrong_border(images, labels, seed=0):
    """You hide something, but the network still follows the tag. Draw the mean absolute gradient map before choosing what to hide."""
    hidden = images.clone()
    hidden[:, :, -1] = 0
    return _trained(hidden, labels, seed)


@train_without_shortcut.mistake(sign=signs.same_fault)
def reads_too_poorly(images, labels, seed=0):
    """The tag makes no difference any more, well done; but the digits themselves are read poorly. Train until the training images are
    read well, and let what you learned in lecture 08 help with the rest."""
    hidden = images.clone()
    hidden[:, :, 0] = 0
    return _trained(hidden, labels, seed, steps=4)
