"""Lecture 09: what the cases and the view of its exercises rest on, half-filled answers, and the data."""

import half_filled
import numpy as np
import pytest
import torch
from torch import nn

from autograder.exercise import lecture
from autograder.reference import convolutional_networks as reference
from course import data, given, image_views, probes, views
from course.case import WRONG, describe
from course.checks import check_exercise

EXERCISES = lecture("convolutional_networks")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ properties of the references


def test_a_convolution_commutes_is_associative_and_the_worked_example_comes_out():
    a, b = np.array([[1, 3, 1], [0, -1, 1], [2, 2, -1]]), np.array([[1, 2], [0, -1]])
    wanted = [[1, 5, 7, 2], [0, -2, -4, 1], [2, 6, 4, -3], [0, -2, -2, 1]]
    np.testing.assert_array_equal(reference.convolve_full(a, b), wanted)
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=shape) for shape in ((3, 4), (2, 5), (3, 1)))
    full = reference.convolve_full
    np.testing.assert_allclose(full(a, b), full(b, a))
    np.testing.assert_allclose(full(full(a, b), c), full(a, full(b, c)))


def test_the_backward_pass_is_the_transpose_of_the_forward_pass():
    """<forward(x), g> = <x, backward(g)> for a layer without bias, whatever the stride and the padding."""
    rng = np.random.default_rng(1)
    for stride, padding in ((1, 0), (2, 1), (3, 2)):
        x, w = rng.normal(size=(2, 3, 6, 7)), rng.normal(size=(4, 3, 3, 2))
        out = reference.conv2d_forward(x, w, np.zeros(4), stride, padding)
        g = rng.normal(size=out.shape)
        dx, dw, db = reference.conv2d_backward(g, x, w, stride, padding)
        assert np.sum(out * g) == pytest.approx(np.sum(x * dx))
        assert np.sum(out * g) == pytest.approx(np.sum(w * dw))
        np.testing.assert_allclose(db, g.sum(axis=(0, 2, 3)))


def test_pooling_hands_on_all_that_it_gets_and_the_slopes_agree():
    rng = np.random.default_rng(2)
    x = rng.permutation(70).reshape(1, 2, 5, 7) / 10
    g = rng.normal(size=(1, 2, 2, 3))
    dx = reference.maxpool2d_backward(g, x, 3, 2)
    assert dx.sum() == pytest.approx(g.sum())

    def value(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
        return np.sum(g * windows.max(axis=(4, 5)))

    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = 1e-4
        assert dx[place] == pytest.approx((value(x + step) - value(x - step)) / 2e-4, abs=1e-6)


def test_the_sizes_of_known_stacks():
    assert reference.receptive_field([]) == (1, 1)
    assert reference.receptive_field([(3, 1, 1)] * 3) == (7, 1)
    assert reference.receptive_field([(2, 1, 2**k) for k in range(10)]) == (1024, 1)
    alexnet = reference.conv_layer_cost(227, 227, 3, 96, 11, 4)
    assert alexnet == {"units": 55 * 55 * 96, "weights": 34_944, "connections": 105_705_600}


# ------------------------------------------------------------------------------------------ the data


def test_digits_lie_on_their_canvas_where_the_shift_puts_them():
    X, _, _, _ = data.digits()
    centred = data.digit_canvas(X[:50])
    assert (centred.shape, centred.dtype) == ((50, 1, 12, 12), torch.float32)
    np.testing.assert_allclose(centred[:, 0, 2:10, 2:10].reshape(50, 64), X[:50].astype(np.float32))
    assert centred.sum() == pytest.approx(X[:50].sum(), rel=1e-5)
    moved = data.digit_canvas(X[:50], max_shift=2, seed=3)
    shifts = set()
    for image, x in zip(moved[:, 0].numpy(), X[:50].reshape(-1, 8, 8), strict=True):
        found = [(i, j) for i in range(5) for j in range(5) if np.allclose(image[i : i + 8, j : j + 8], x)]
        assert found
        shifts.update(found)
    assert {i for i, _ in shifts} == {j for _, j in shifts} == set(range(5))
    with pytest.raises(ValueError, match="can move by 2"):
        data.digit_canvas(X[:1], max_shift=3)


def test_the_photograph_has_grey_levels():
    photo = data.photograph()
    assert (photo.shape, photo.dtype) == ((1, 1, 427, 640), torch.float32)
    assert 0 <= photo.min() < 0.1
    assert 0.9 < photo.max() <= 1


# ------------------------------------------------------------------------------------------ digits out of place


def judged(net, seed=4):
    """What the view says of a network that an answer returned at once."""
    images = given.canvas("images", seed).build()
    talk = probes.image_net(lambda *arguments: net, images, None, 0)
    next(talk)
    return views.reads_shifted(talk, (), seed)


def test_the_reference_passes_the_bars_with_room_on_the_devices_there_are():
    exercise = EXERCISES["train_shift_cnn"]
    for case in exercise.cases_for(31):
        seen = exercise.right_outcome(case).output
        assert seen[WRONG] is None
        for name, bar in image_views.BARS.items():
            assert seen[name] > bar + 0.005


def test_the_view_names_what_a_network_shows():
    torch.manual_seed(0)
    pooled = nn.Conv2d(1, 4, 3), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 10)
    assert judged(nn.Sequential(*pooled).eval())["fault"] in ("chance", "place is no matter")
    assert judged(nn.Sequential(*pooled))["fault"] == "training mode"
    assert judged(nn.Sequential(*pooled, nn.Dropout(0.5)))["fault"] == "training mode, random"
    assert judged(nn.Sequential(*pooled, nn.Softmax(dim=1)).eval())["fault"] == "probabilities"
    large = nn.Sequential(nn.Flatten(), nn.Linear(144, 200), nn.Linear(200, 10)).eval()
    assert judged(large)["fault"] == "large"
    assert "31010 parameters" in judged(large)[WRONG]


def test_the_view_tells_a_dense_layer_from_kernels_by_what_becomes_of_shifted_digits():
    good, bad = 0.97, 0.25
    z = np.ones((2, 10)) * 3
    for kernels, centred, shifted, fault in (
        (True, good, bad, "tied to its place"),
        (False, good, bad, "dense"),
        (True, good, 0.8, "partly tied"),
        (False, good, 0.8, None),
        (True, 0.5, 0.48, "place is no matter"),
        (True, 0.1, 0.11, "chance"),
    ):
        assert image_views._fault(centred, shifted, z, z, {"kernels": kernels}) == fault


@pytest.mark.parametrize("net", [None, "a network", torch.zeros(3), nn.Linear])
def test_what_is_no_network_gets_a_sentence(net):
    assert "A torch.nn.Module is asked for" in judged(net)[WRONG]


class Says(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(x)


@pytest.mark.parametrize(
    "what",
    [
        lambda x: None,
        lambda x: x.flatten(1)[:, :10].argmax(dim=1),
        lambda x: x.flatten(1)[:, :9],
        lambda x: x.numpy(),
        lambda x: torch.full((len(x), 10), torch.nan),
    ],
)
def test_what_are_no_logits_gets_a_sentence(what):
    said = judged(Says(what).eval())[WRONG]
    assert "is asked for" in said or "not finite" in said


# ------------------------------------------------------------------------------------------ half-filled answers


@pytest.mark.parametrize("kind", half_filled.ANSWERS)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    half_filled.assert_told_what_came(exercise, kind)


@every_exercise
def test_the_check_in_the_notebook_says_that_nothing_came(exercise):
    from course import frozen_cases

    report = str(check_exercise(half_filled.ANSWERS["nothing"], frozen_cases.load(exercise.id)))
    assert describe(None) in report
