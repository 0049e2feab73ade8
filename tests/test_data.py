"""Data sets: the same as scikit-learn's where they come from there, repeatable by seed, fresh from a generator."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from course import data


def in_order(rows):
    """The rows sorted, so that two shuffled tables can be compared."""
    return rows[np.lexsort(rows.T)]


@pytest.mark.parametrize("num_train", [1200, 1400, 900, 1, 1796])
def test_digits_are_those_of_scikit_learn_shuffled_and_split(num_train):
    X_train, labels_train, X_test, labels_test = data.digits(num_train)
    assert X_train.shape == (num_train, 64)
    assert X_test.shape == (1797 - num_train, 64)
    X, labels = load_digits(return_X_y=True)
    ours = np.r_[np.c_[16 * X_train, labels_train], np.c_[16 * X_test, labels_test]]
    np.testing.assert_array_equal(in_order(ours), in_order(np.c_[X, labels]))


def test_digits_have_pixels_from_0_to_1_and_integer_labels():
    X_train, labels_train, X_test, labels_test = data.digits()
    assert X_train.dtype == X_test.dtype == np.float64
    assert labels_train.dtype == labels_test.dtype == np.int64
    assert (X_train.min(), X_train.max()) == (0, 1)
    assert set(labels_train) == set(labels_test) == set(range(10))


def test_digits_do_not_stand_in_the_order_of_their_writers():
    _, labels, _, _ = data.digits()
    assert not np.array_equal(labels, load_digits().target[:1200])


@pytest.mark.parametrize("num_train", [0, -5, 1797, 5000])
def test_digits_refuse_a_split_that_leaves_one_side_empty(num_train):
    with pytest.raises(ValueError, match=f"from 1 to 1796, not {num_train}"):
        data.digits(num_train)


def test_the_noisy_sine_is_a_sine_with_the_noise_it_says():
    x, t = data.noisy_sine(20_000, noise=0.3, seed=4)
    assert x.shape == t.shape == (20_000,)
    assert np.all(np.diff(x) >= 0)
    assert np.abs(np.histogram(x, bins=10, range=(0, 1))[0] / 20_000 - 0.1).max() < 0.01
    noise = t - np.sin(2 * np.pi * x)
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(0.3, rel=0.03)


def test_without_noise_the_sine_is_exact_and_without_points_it_is_empty():
    x, t = data.noisy_sine(50, noise=0)
    np.testing.assert_allclose(t, np.sin(2 * np.pi * x))
    assert [part.shape for part in data.noisy_sine(0)] == [(0,), (0,)]


def test_a_gap_has_no_points_and_the_rest_stays_uniform():
    x, _ = data.noisy_sine(10_000, gap=(0.4, 0.6))
    assert not np.any((x > 0.4) & (x < 0.6))
    assert np.mean(x <= 0.4) == pytest.approx(0.5, abs=0.02)
    assert x.max() <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": -1}, "can't be negative, but is -1"),
        ({"n": 5, "noise": -0.1}, "standard deviation"),
        ({"n": 5, "gap": (0.6, 0.4)}, "low <= high"),
        ({"n": 5, "gap": (0.5, 1.5)}, "low <= high"),
    ],
)
def test_the_noisy_sine_says_what_is_wrong_with_its_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.noisy_sine(**arguments)


@pytest.mark.parametrize("draw", [lambda seed: data.digits(seed=seed), lambda seed: data.noisy_sine(20, seed=seed)])
def test_a_seed_repeats_and_a_generator_goes_on(draw):
    for first, again in zip(draw(3), draw(3), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(draw(3)[0], draw(4)[0])
    rng = np.random.default_rng(3)
    fresh, fresher = draw(rng), draw(rng)
    np.testing.assert_array_equal(fresh[0], draw(3)[0])
    assert not np.array_equal(fresh[0], fresher[0])


def test_diabetes_has_the_units_of_measurement_and_scaled_is_that_of_scikit_learn():
    X, t, names = data.diabetes()
    original = load_diabetes()
    np.testing.assert_array_equal(t, original.target)
    assert names == original.feature_names
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(centred / np.linalg.norm(centred, axis=0), original.data, atol=1e-12)
    age, bmi = X[:, names.index("age")], X[:, names.index("bmi")]
    assert 18 < age.min() < age.max() < 100
    assert 15 < bmi.min() < bmi.max() < 50


def test_breast_cancer_calls_malignant_positive():
    X, t, names = data.breast_cancer()
    original = load_breast_cancer()
    np.testing.assert_array_equal(X, original.data)
    assert names == list(original.feature_names)
    assert original.target_names[original.target][t == 1].tolist() == ["malignant"] * 212
    assert set(t.tolist()) == {0, 1}
    assert t.dtype == np.int64


def test_what_the_reader_changes_does_not_reach_the_next_call():
    for load in (data.diabetes, data.breast_cancer):
        X, t, _ = load()
        X += 1
        t += 1
        assert not np.array_equal(X, load()[0])
        assert not np.array_equal(t, load()[1])


def test_digits_as_bytes_and_in_file_order_are_scikit_learns():
    X, labels = data.digits_in_file_order()
    np.testing.assert_array_equal(16 * X, load_digits().data)
    np.testing.assert_array_equal(labels, load_digits().target)
    images = data.digit_bytes()
    assert (images.shape, images.dtype, images.max()) == ((1797, 8, 8), np.uint8, 255)
    np.testing.assert_allclose(images / 255, load_digits().images / 16, atol=0.5 / 255)


def test_blobs_lie_around_their_centres():
    centres = [[0, 0], [3, 1], [-2, 4]]
    X, labels = data.blobs(30_000, centres, 0.5, seed=1)
    for k, centre in enumerate(centres):
        own = X[labels == k]
        assert len(own) == pytest.approx(10_000, rel=0.05)
        np.testing.assert_allclose(own.mean(axis=0), centre, atol=0.03)
        np.testing.assert_allclose(own.std(axis=0), 0.5, rtol=0.03)


def test_an_arm_pays_its_mean_plus_standard_normal_noise():
    machines = data.bandit([0.0, 2.0], seed=3)
    rewards = np.array([machines.pull(1) for _ in range(4000)])
    assert rewards.mean() == pytest.approx(2, abs=0.06)
    assert rewards.std() == pytest.approx(1, rel=0.05)
    assert [data.bandit([0, 1], 5).pull(0) for _ in range(2)] == [data.bandit([0, 1], 5).pull(0)] * 2
    with pytest.raises(IndexError, match="arms 0 to 1"):
        machines.pull(2)


def test_tagged_digits_are_faint_digits_below_a_bright_pixel():
    X, labels, _, _ = data.digits(200, 1)
    for tag, column in (("label", labels), ("wrong", (labels + 3) % 10)):
        images = data.tagged_digits(X, labels, tag, seed=2)
        assert (images.shape, images.dtype) == ((200, 1, 10, 10), torch.float32)
        np.testing.assert_array_equal(images[:, 0, 0].argmax(dim=1), column)
        assert (images[:, 0, 0].sum(dim=1) == 1).all()
        assert images[:, 0, 1].abs().max() == 0
        assert images[:, 0, :, (0, 9)][:, 2:].abs().max() == 0
        assert (images.min(), images.max()) == (0, 1)
    off = images[:, 0, 2:, 1:9].numpy().reshape(200, 64) - X
    middle = (X > 0.3) & (X < 0.7)  # hardly ever clipped
    assert off[middle].std() == pytest.approx(0.3, rel=0.15)
    random = data.tagged_digits(X, labels, "random", seed=2)
    assert 0.02 < (random[:, 0, 0].argmax(dim=1).numpy() == labels).mean() < 0.2
    assert torch.equal(random, data.tagged_digits(X, labels, "random", seed=2))
    with pytest.raises(ValueError, match="sideways"):
        data.tagged_digits(X, labels, "sideways")


def test_the_help_texts_are_those_of_the_interpreter_in_96_characters():
    from pydoc_data.topics import topics

    ids, characters = data.python_help()
    assert ids.dtype == torch.int64
    assert characters == ["\n", *(chr(code) for code in range(32, 127))]
    text = "".join(characters[i] for i in ids)
    assert len(text) > 400_000
    whole = "\n".join(topics[key] for key in sorted(topics))
    assert text == "".join(c for c in whole if c == "\n" or " " <= c <= "~")
    assert len(ids.unique()) == len(set(text)) >= 90
