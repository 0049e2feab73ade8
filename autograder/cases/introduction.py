"""Lecture 01, introduction: inputs and catalogued mistakes. Inputs are rounded, so that a reader can follow them by hand."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from autograder.exercise import Exercise
from autograder.reference import introduction as reference
from course import given, probes, signs
from course.case import Case


def _numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Rounded to two digits; none is zero by chance."""
    return (rng.choice([-1, 1], shape) * rng.uniform(0.2, 2.5, shape)).round(2)


# ------------------------------------------------------------------------------------------ means of rows


def tables(rng: np.random.Generator) -> Iterator[Case]:
    yield Case("a table with more columns than rows", _numbers(rng, 3, 5))
    yield Case("a table with more rows than columns", _numbers(rng, int(rng.integers(5, 8)), 4))
    yield Case("a single row", _numbers(rng, 1, 4))
    yield Case("a single column", _numbers(rng, 4, 1))
    x = 3 * rng.integers(-4, 9, (4, 3)) + np.array([0, 0, 1])  # no mean is a whole number
    yield Case("whole numbers", x)
    yield Case("transposed", given.layout(_numbers(rng, 5, 2), "transposed"))
    yield Case("reversed and strided", given.layout(_numbers(rng, 7, 6), "reversed and strided"))
    yield Case("float32", _numbers(rng, 4, 6).astype(np.float32))
    x = rng.integers(200, 256, (3, 7), dtype=np.uint8)
    yield Case("uint8 with sums above 255", x, edge=True)


row_means = Exercise(reference.row_means, points=1, cases=tables, outputs=("the means",))


@row_means.mistake
def column_means(x):
    """Your result has one number per column. axis names the axis that disappears."""
    return x.mean(axis=0)


@row_means.mistake
def one_number(x):
    """You return a single number; one per row is wanted."""
    return x.mean()


@row_means.mistake
def keeps_axis(x):
    """The values are right but the shape is (N, 1), a table with one column; a vector of shape (N,) is wanted."""
    return x.mean(axis=1, keepdims=True)


@row_means.mistake
def row_sums(x):
    """Your numbers are D times too large, D being the number of columns."""
    return x.sum(axis=1)


@row_means.mistake
def divides_by_rows(x):
    """Right only where the table is square; by what count must the sum of a row be divided?"""
    return x.sum(axis=1) / len(x)


@row_means.mistake
def whole_number_division(x):
    """All your means are whole numbers; which operation has cut off the rest?"""
    return x.sum(axis=1) // x.shape[1]


@row_means.mistake
def whole_number_division(x):
    return np.trunc(x.sum(axis=1) / x.shape[1])


@row_means.mistake
def whole_number_division(x):
    return np.rint(x.sum(axis=1) / x.shape[1])


@row_means.mistake(sign=signs.differs)
def small_integers_wrap(x):
    """Right but for uint8: these numbers end at 255 and start again at 0, also in a sum. Start it from 0.0, or convert x first."""
    return x.sum(axis=1, dtype=x.dtype) / x.shape[1]


# ------------------------------------------------------------------------------------------ images and devices


def stacks(rng: np.random.Generator) -> Iterator[Case]:
    def images(*shape: int, high: int = 256, lies: str = "plain") -> given.Given:
        stack = rng.integers(0, high, shape, dtype=np.uint8)
        stack[..., 0] |= 1  # none is empty
        return given.layout(stack, lies)

    cpu = given.device("cpu")
    yield Case("four images of 2 by 3", images(4, 2, 3), cpu)
    yield Case("two images of 5 by 2", images(2, 5, 2), cpu)
    yield Case("a single image", images(1, 3, 4), cpu)
    yield Case("images of one row", images(3, 1, 5), cpu)
    yield Case("dark images", images(3, 2, 4, high=40), cpu)
    yield Case("very dark images", images(2, 3, 2, high=9), cpu)
    yield Case("on the device meta", images(3, 4, 5), given.device("meta"), edge=True)
    yield Case("on the accelerator, if there is one", images(2, 2, 3), given.device("accelerator"), edge=True)
    yield Case("mirrored: columns backwards", images(3, 2, 4, lies="flipped"), cpu, edge=True)
    yield Case("the last image first", images(3, 3, 2, lies="reversed"), cpu, edge=True)
    yield Case("rows and columns swapped", images(2, 3, 4, lies="transposed"), cpu, edge=True)
    yield Case("every second image and column", images(3, 3, 6, lies="strided"), cpu, edge=True)


images_to_batch = Exercise(
    reference.images_to_batch,
    points=2,
    cases=stacks,
    outputs=("the batch", "its dtype", "its device"),
    probe=probes.placed,
    rtol=1e-5,
    atol=1e-7,
)


def _rows(images):
    """(N, H * W), uint8."""
    return torch.from_numpy(np.ascontiguousarray(images).reshape(len(images), -1))


@images_to_batch.mistake
def not_scaled(images, device):
    """Your largest value is 255; the network expects 1."""
    return _rows(images).float().to(device)


@images_to_batch.mistake
def not_scaled(images, device):
    return _rows(images).to(device)


@images_to_batch.mistake
def scaled_by_brightest_pixel(images, device):
    """A dark stack comes out too bright; the scale must not depend on the data."""
    return (_rows(images) / int(images.max())).to(device)


@images_to_batch.mistake
def scaled_by_brightest_pixel(images, device):
    rows = _rows(images).float()
    return (rows / rows.amax(dim=1, keepdim=True)).to(device)


@images_to_batch.mistake
def double_precision(images, device):
    """numpy divides into float64; networks here use float32."""
    return (_rows(images).double() / 255).to(device)


@images_to_batch.mistake
def all_images_in_one_row(images, device):
    """The first axis must survive: one row per image."""
    return (_rows(images).reshape(-1) / 255).to(device)


@images_to_batch.mistake
def all_images_in_one_row(images, device):
    return (_rows(images).reshape(1, -1) / 255).to(device)


@images_to_batch.mistake
def not_flattened(images, device):
    """Your images still have rows and columns; the network takes one row of H * W numbers per image."""
    return (_rows(images).reshape(images.shape) / 255).to(device)


@images_to_batch.mistake
def columns_first(images, device):
    """The pixels are all there, but column after column; rows of pixels are wanted one after the other."""
    return (_rows(np.swapaxes(images, 1, 2)) / 255).to(device)


@images_to_batch.mistake
def negative_stride_fails(images, device):
    """torch.from_numpy refuses arrays that walk backwards through memory; make a contiguous copy first."""
    return (torch.from_numpy(images).reshape(len(images), -1) / 255).to(device)


@images_to_batch.mistake
def negative_stride_fails(images, device):
    # .view refuses what lies scattered in memory, too
    return (torch.from_numpy(images).view(len(images), -1) / 255).to(device)


@images_to_batch.mistake
def view_needs_contiguous(images, device):
    """Right for arrays that lie plainly in memory; .view needs that, .reshape makes a copy where it must."""
    return torch.from_numpy(images / 255).float().view(len(images), -1).to(device)


@images_to_batch.mistake
def divides_by_256(images, device):
    """The largest number of uint8 is 255, and it must become 1; by what do you divide?"""
    return (_rows(images) / 256).to(device)


@images_to_batch.mistake
def cut_to_zero_and_one(images, device):
    """Your numbers are 0 and 1 and nothing between; which operation has cut off the rest?"""
    return (_rows(images) // 255).float().to(device)


@images_to_batch.mistake
def device_ignored(images, device):
    """Your tensor is not on the device that was asked for."""
    return _rows(images) / 255


# ------------------------------------------------------------------------------------------ one neuron


def neurons(rng: np.random.Generator) -> Iterator[Case]:
    def b() -> float:
        return float(_numbers(rng, 1)[0])

    yield Case("a few examples", _numbers(rng, int(rng.integers(4, 7)), 3), 0.5 * _numbers(rng, 3), b())
    yield Case("more inputs than examples", _numbers(rng, 3, 5), 0.5 * _numbers(rng, 5), b())
    yield Case("whole numbers", rng.integers(1, 4, (5, 2)) * rng.choice([-1, 1], (5, 2)), 0.5 * _numbers(rng, 2), b())
    yield Case("a single example", _numbers(rng, 1, 4), 0.5 * _numbers(rng, 4), b())
    yield Case("a single input", _numbers(rng, 5, 1), _numbers(rng, 1), b())
    floats = (_numbers(rng, 4, 3).astype(np.float32), (0.5 * _numbers(rng, 3)).astype(np.float32))
    yield Case("float32", *floats, b())
    x = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [900.0, -1100.0], [0.5, 0.25]])
    yield Case("z of 2000 and -2000", x, np.array([1.0, 1.0]), 0.25, edge=True)
    yield Case("z of 3000 and -3000", x[:, :1], np.array([-3.0]), b(), edge=True)


first_neuron = Exercise(reference.first_neuron, points=1, cases=neurons, outputs=("the outputs",), rtol=1e-6, atol=1e-9)


def _logistic(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


@first_neuron.mistake
def bias_missing(x, w, b):
    """For x = 0 your answer is always 0.5 whatever b is."""
    return _logistic(x @ w)


@first_neuron.mistake(sign=signs.not_finite)
def overflows(x, w, b):
    """For a large z yours gives no finite number: an exponential overflows, and inf divided by inf is NaN. Which form of the
    same function is safe there?"""
    e = np.exp(x @ w + b)
    return e / (1 + e)


@first_neuron.mistake
def sign_in_exponent(x, w, b):
    """Your outputs are one minus the expected ones."""
    return _logistic(-(x @ w + b))


@first_neuron.mistake
def bias_subtracted(x, w, b):
    """Your b counts with the wrong sign. In exp(-z) the minus belongs to the whole sum, so z needs brackets."""
    return _logistic(x @ w - b)


@first_neuron.mistake
def bias_for_every_input(x, w, b):
    """Right for a single input; with more of them your b is added once for each."""
    return _logistic(x @ w + len(w) * b)


@first_neuron.mistake
def products_not_summed(x, w, b):
    """Your result has D columns; a neuron gives one number per example."""
    return _logistic(x * w + b)


@first_neuron.mistake
def products_not_summed(x, w, b):
    return _logistic(x * w)


@first_neuron.mistake
def no_squashing(x, w, b):
    """Some of your outputs leave (0, 1); the sum still has to pass through sigma."""
    return x @ w + b


@first_neuron.mistake
def rounded(x, w, b):
    """Your outputs are 0 and 1 and nothing between; sigma changes gradually."""
    return (x @ w + b > 0).astype(float)


@first_neuron.mistake
def tanh_instead(x, w, b):
    """Your outputs lie between -1 and 1. The tanh has the right form, but sigma goes from 0 to 1 and half as steeply."""
    return np.tanh(x @ w + b)


# ------------------------------------------------------------------------------------------ the rule of 1958


def lessons(rng: np.random.Generator) -> Iterator[Case]:
    """Coordinates are multiples of 1/8, so every sum is exact and no sign hinges on rounding."""

    def separable(N: int, D: int) -> tuple[np.ndarray, np.ndarray]:
        """At least two epochs with mistakes, both classes, and no example on the wrong side of a known plane."""
        while True:
            x = rng.integers(-16, 17, (N, D)) / 8
            score = 8 * (x @ rng.integers(-3, 4, D)) + rng.integers(-6, 7)
            t = np.where(score > 0, 1, -1)
            if abs(score).min() > 2 and abs(t.sum()) < N - 2 and _hard_enough(x, t, last=0):
                return x, t

    def mixed(N: int, D: int) -> tuple[np.ndarray, np.ndarray]:
        while True:
            x, t = rng.integers(-16, 17, (N, D)) / 8, rng.choice([-1, 1], N)
            if abs(t.sum()) < N - 2 and _hard_enough(x, t):
                return x, t

    yield Case("separable", *separable(9, 2), 12)
    yield Case("separable, more inputs", *separable(12, 4), 12)
    yield Case("not separable", *mixed(int(rng.integers(12, 16)), 2), 5)
    yield Case("not separable, three inputs", *mixed(14, 3), 4)
    x, t = mixed(10, 3)
    yield Case("float32", x.astype(np.float32), t, 3)
    yield Case("targets as floats", x[::-1].copy(), t[::-1].astype(float), 3)
    x, t = mixed(8, 2)
    yield Case("whole numbers", (8 * x).astype(int), t, 3)
    yield Case("a single example", x[:1], t[:1], 2, edge=True)
    yield Case("no epoch", x, t, 0, edge=True)
    yield Case("all inputs zero", np.zeros((4, 3)), np.array([1, -1, -1, 1]), 3, edge=True)


def _hard_enough(x, t, last=None):
    """Does every catalogued mistake show: are there mistakes in three epochs, and (last) as many in the last?"""
    counts = reference.train_first_neuron(x, t, 12)[2]
    return counts[0] > 1 and counts[1] > 0 and counts[2] > 0 and last in (None, counts[-1])


train_first_neuron = Exercise(
    reference.train_first_neuron,
    points=3,
    cases=lessons,
    outputs=("w", "b", "mistakes"),
    rtol=1e-7,
    atol=1e-9,
)


def _train(
    x,
    t,
    epochs,
    wrong=lambda score: score <= 0,
    always=False,
    bias=True,
    signed=(True, True),
    reset=False,
    judged=True,
    turn=1,
):
    """The rule with its parts to choose. judged: does b count in the test; turn: -1 for steps in the other direction."""
    w, b, counts = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        if reset:
            w, b = np.zeros(x.shape[1]), 0.0
        counts.append(0)
        for x_n, t_n in zip(x, t, strict=True):
            is_wrong = wrong(t_n * (w @ x_n + judged * b))
            counts[-1] += bool(is_wrong)
            if is_wrong or always:
                w = w + turn * (t_n if signed[0] else 1) * x_n
                b = b + turn * (t_n if signed[1] else 1) * bias
    return w, b, np.array(counts, dtype=np.int64)


@train_first_neuron.mistake
def boundary_counts_as_right(x, t, epochs):
    """With w = 0 nothing is ever updated in your version; what is t (w.x + b) at the start?"""
    return _train(x, t, epochs, wrong=lambda score: score < 0)


@train_first_neuron.mistake
def updates_every_example(x, t, epochs):
    """You change w also after right answers."""
    return _train(x, t, epochs, always=True)


@train_first_neuron.mistake
def updates_every_example(x, t, epochs):
    w, b, _ = _train(x, t, epochs, always=True)
    return w, b, np.full(epochs, len(x))


@train_first_neuron.mistake
def one_update_per_epoch(x, t, epochs):
    """The second example must already be judged with the weights that the first one changed."""
    return _at_once(x, t, epochs, lambda n, of: 1)


@train_first_neuron.mistake
def one_update_per_epoch(x, t, epochs):
    return _at_once(x, t, epochs, lambda n, of: n)


@train_first_neuron.mistake
def one_update_per_epoch(x, t, epochs):
    return _at_once(x, t, epochs, lambda n, of: of)


def _at_once(x, t, epochs, share):
    """share(how many mistakes, of how many examples): by what their sum is divided"""
    w, b, counts = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        wrong = t * (x @ w + b) <= 0
        counts.append(wrong.sum())
        divisor = share(max(counts[-1], 1), len(x))
        w, b = w + (t[wrong] @ x[wrong]) / divisor, b + t[wrong].sum() / divisor
    return w, b, np.array(counts, dtype=np.int64)


@train_first_neuron.mistake
def bias_not_trained(x, t, epochs):
    """b never moves; every line you draw goes through the origin."""
    return _train(x, t, epochs, bias=False)


@train_first_neuron.mistake
def target_sign_missing(x, t, epochs):
    """Examples of class -1 push w in the wrong direction."""
    return _train(x, t, epochs, signed=(False, False))


@train_first_neuron.mistake
def target_sign_missing(x, t, epochs):
    return _train(x, t, epochs, signed=(False, True))


@train_first_neuron.mistake
def bias_only_grows(x, t, epochs):
    """w moves rightly, but your b grows at each mistake, also for examples of class -1; it moves by t."""
    return _train(x, t, epochs, signed=(True, False))


@train_first_neuron.mistake
def judged_without_bias(x, t, epochs):
    """Whether an example is a mistake is judged by w.x + b; yours looks at w.x alone."""
    return _train(x, t, epochs, judged=False)


@train_first_neuron.mistake
def pushed_away(x, t, epochs):
    """Each change of yours moves its example farther to the wrong side; to w goes + t x, and to b goes + t."""
    return _train(x, t, epochs, turn=-1)


@train_first_neuron.mistake
def counted_after_the_pass(x, t, epochs):
    """w and b are right. A mistake counts when its example is tested; you count those left at the end of each pass."""
    w, b, _ = _train(x, t, epochs)
    ends = [_train(x, t, n)[:2] for n in range(1, epochs + 1)]
    return w, b, np.array([(t * (x @ v + c) <= 0).sum() for v, c in ends], dtype=np.int64)


@train_first_neuron.mistake
def stops_when_done(x, t, epochs):
    """w and b are right. mistakes has an entry for every epoch, also for those in which nothing is left to learn."""
    w, b, counts = _train(x, t, epochs)
    passes = [n for n, count in enumerate(counts, 1) if count == 0]
    return w, b, counts[: passes[0]] if passes else counts


@train_first_neuron.mistake
def stops_when_done(x, t, epochs):
    w, b, counts = _train(x, t, epochs)
    return w, b, counts[: np.flatnonzero(counts == 0)[0]] if (counts == 0).any() else counts


@train_first_neuron.mistake
def reset_each_epoch(x, t, epochs):
    """Your mistake counts are the same in every epoch, since each begins again with w = 0."""
    return _train(x, t, epochs, reset=True)


@train_first_neuron.mistake
def mistakes_in_all(x, t, epochs):
    """w and b are right. mistakes holds one number per epoch; yours goes on counting from one epoch to the next."""
    w, b, counts = _train(x, t, epochs)
    return w, b, np.cumsum(counts)


@train_first_neuron.mistake
def mistakes_in_all(x, t, epochs):
    w, b, counts = _train(x, t, epochs)
    return w, b, counts.sum()


# ------------------------------------------------------------------------------------------ the nearest neighbour


def neighbours(rng: np.random.Generator) -> Iterator[Case]:
    def far_apart(N: int, M: int, D: int, draw=_numbers) -> tuple[np.ndarray, np.ndarray]:
        """The nearest by the sum of squares is clearly the nearest, and for some query it is another by absolute values."""
        while True:
            train_x, x = draw(rng, N, D), draw(rng, M, D)
            gap = x[:, None].astype(float) - train_x
            squared, absolute = np.sort((gap**2).sum(axis=2)), np.abs(gap).sum(axis=2)
            clear = squared[:, 1] - squared[:, 0] > 1e-3 * squared[:, 1]
            if clear.all() and (D == 1 or (absolute.argmin(axis=1) != (gap**2).sum(axis=2).argmin(axis=1)).any()):
                return train_x, x

    def labels(N: int) -> np.ndarray:
        """All different and none its own position, so that another neighbour is another label."""
        return rng.permutation(N) + 3 * N

    train_x, x = far_apart(8, 5, 3)
    yield Case("eight examples, five queries", train_x, labels(8), x)
    train_x, x = far_apart(6, 9, 4)
    yield Case("more queries than examples", train_x, labels(6), x)
    train_x, x = far_apart(7, 4, 1)
    yield Case("one column", train_x, labels(7), x)
    train_x, x = far_apart(9, 6, 2)
    yield Case("labels far from 0, also negative", train_x, rng.permutation([-7, -3, 12, 15, 40, 41, 99, 100, 500]), x)
    train_x, x = far_apart(12, 7, 3)
    yield Case("float32", train_x.astype(np.float32), labels(12), x.astype(np.float32))
    yield Case("a single training example", _numbers(rng, 1, 3), np.array([6]), _numbers(rng, 4, 3), edge=True)
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [2, 1], [1, 2]])
    order = rng.permutation(6)
    yield Case("ties on a grid", corners[order], labels(6), np.array([[0, 0], [1, 1], [2, 2]]), edge=True)
    grid = rng.permutation(np.array([[i, j] for i in (0.0, 2.0, 4.0) for j in (0.0, 2.0, 4.0)]))
    yield Case("ties half way", grid, labels(9), np.array([[1.0, 1.0], [3.0, 2.0], [2.0, 3.0]]), edge=True)

    def small(rng: np.random.Generator, *shape: int) -> np.ndarray:
        return rng.integers(0, 256, shape, dtype=np.uint8)

    train_x, x = far_apart(12, 20, 4, draw=small)
    yield Case("uint8", train_x, labels(12), x, edge=True)


nearest_neighbour_predict = Exercise(
    reference.nearest_neighbour_predict, points=2, cases=neighbours, outputs=("the labels",), rtol=0, atol=0
)


def _distances(train_x, x):
    """Squared, (M, N)."""
    difference = x[:, None].astype(float) - train_x
    return (difference * difference).sum(axis=2)


@nearest_neighbour_predict.mistake
def index_not_label(train_x, train_y, x):
    """You return where the neighbour is, not what it is."""
    return _distances(train_x, x).argmin(axis=1)


@nearest_neighbour_predict.mistake
def farthest(train_x, train_y, x):
    """You picked the most distant training example."""
    return train_y[_distances(train_x, x).argmax(axis=1)]


@nearest_neighbour_predict.mistake
def wrong_axis(train_x, train_y, x):
    """The result must have one label per query, not per training example."""
    return train_y[_distances(train_x, x).argmin(axis=0)]


@nearest_neighbour_predict.mistake
def wrong_axis(train_x, train_y, x):
    return _distances(train_x, x).argmin(axis=0)


@nearest_neighbour_predict.mistake(sign=signs.differs)
def small_integers_wrap(train_x, train_y, x):
    """Right but for uint8: there 3 - 5 is 254, and squares wrap around too; convert before subtracting."""
    difference = x[:, None] - train_x
    return train_y[(difference * difference).sum(axis=2).argmin(axis=1)]


@nearest_neighbour_predict.mistake
def last_of_ties(train_x, train_y, x):
    """Among equally near examples the first one counts."""
    distances = _distances(train_x, x)[:, ::-1]
    return train_y[len(train_y) - 1 - distances.argmin(axis=1)]


@nearest_neighbour_predict.mistake
def differences_cancel(train_x, train_y, x):
    """In your sum differences of opposite sign cancel; each one is squared before they are added."""
    return train_y[np.abs((x[:, None].astype(float) - train_x).sum(axis=2)).argmin(axis=1)]


@nearest_neighbour_predict.mistake
def absolute_distance(train_x, train_y, x):
    """Right in one dimension only, so it adds up something else than squares; which distance was asked for?"""
    return train_y[np.abs(x[:, None].astype(float) - train_x).sum(axis=2).argmin(axis=1)]


@nearest_neighbour_predict.mistake
def absolute_distance(train_x, train_y, x):
    return train_y[np.abs(x[:, None].astype(float) - train_x).max(axis=2).argmin(axis=1)]


# ------------------------------------------------------------------------------------------ k-means


def clouds(rng: np.random.Generator) -> Iterator[Case]:
    def cloud(N: int, K: int, D: int) -> tuple[np.ndarray, np.ndarray]:
        """Every centre gets points, no point lies half way between two, and the new centres would assign otherwise."""
        while True:
            x, centres = _numbers(rng, N, D), _numbers(rng, K, D)
            distances = np.sort(_distances(centres, x))
            if (distances[:, 1] - distances[:, 0] < 1e-3 * distances[:, 1]).any():
                continue
            assignment, moved = reference.kmeans_step(x, centres)
            again = _distances(moved, x).argmin(axis=1)
            if len(set(assignment)) == K and (again != assignment).any() and len(set(again)) == K:
                return x, centres

    x, centres = cloud(8, 3, 2)
    yield Case("eight points, three centres", x, centres)
    yield Case("two centres in three dimensions", *cloud(int(rng.integers(9, 12)), 2, 3))
    yield Case("fifteen points, four centres", *cloud(15, 4, 2))
    yield Case("one centre", _numbers(rng, 6, 3), _numbers(rng, 1, 3))
    x, centres = cloud(9, 3, 2)
    yield Case("float32", x.astype(np.float32), centres.astype(np.float32))
    x, centres = cloud(12, 3, 3)
    yield Case("twelve points in three dimensions", x, centres)
    x, centres = cloud(7, 2, 2)
    lost = np.array([[40.5, -30.25]])
    yield Case("a centre far away", x, np.concatenate([centres[:1], lost, centres[1:]]), edge=True)
    yield Case("a single point", x[:1], centres, edge=True)
    x = rng.permutation(np.array([[0, 0], [1, 0], [2, 0], [0, 3], [1, 3], [2, 3]]))
    yield Case("whole numbers", x, np.array([[0, 1], [2, 2]]) + rng.integers(0, 2, 2), edge=True)
    x = rng.permutation(np.array([[0.0, 0.0], [0.0, 4.0], [1.0, 1.0], [2.0, 2.0], [-2.0, 1.0]]))
    yield Case("points half way between two centres", x, np.array([[-1.0, 0.0], [1.0, 0.0]]), edge=True)


kmeans_step = Exercise(
    reference.kmeans_step, points=2, cases=clouds, outputs=("assignment", "centres"), rtol=1e-7, atol=1e-9
)


def _clusters(x, centres, new):
    """The assignment, and what new(members, k) makes of every cluster."""
    assignment = _distances(centres, x).argmin(axis=1)
    return assignment, np.array([new(x[assignment == k].astype(float), k) for k in range(len(centres))], dtype=float)


def _mean(members, instead):
    return members.mean(axis=0) if len(members) else instead


@kmeans_step.mistake(sign=signs.not_finite)
def empty_cluster_nan(x, centres):
    """A centre that owns nothing did not stay where it is: the mean of no points is 0/0."""
    return _clusters(x, centres, lambda members, k: members.sum(axis=0) / np.float64(len(members)))


@kmeans_step.mistake
def empty_cluster_to_origin(x, centres):
    """A centre that owns nothing jumped to the origin."""
    return _clusters(x, centres, lambda members, k: members.sum(axis=0) / max(len(members), 1))


@kmeans_step.mistake
def assigned_after_move(x, centres):
    """The assignment must belong to the centres that were given."""
    _, moved = _clusters(x, centres, lambda members, k: _mean(members, centres[k]))
    return _distances(moved, x).argmin(axis=1), moved


@kmeans_step.mistake
def divides_by_all(x, centres):
    """Your centres are drawn towards the origin; divide by the size of the cluster."""
    return _clusters(x, centres, lambda members, k: members.sum(axis=0) / len(x))


@kmeans_step.mistake(sign=signs.changes_input)
def moves_given_centres(x, centres):
    """The centres you were given have changed; work on a copy."""
    assignment, moved = _clusters(x, centres, lambda members, k: _mean(members, centres[k]))
    centres[:] = moved
    return assignment, moved


@kmeans_step.mistake
def other_order(x, centres):
    """Both results are there, in the other order: the assignment comes first, then the centres."""
    return reference.kmeans_step(x, centres)[::-1]


@kmeans_step.mistake
def empty_cluster_dropped(x, centres):
    """As many centres come back as were given; yours lose those that own nothing."""
    assignment, moved = reference.kmeans_step(x, centres)
    return assignment, moved[np.unique(assignment)]


@kmeans_step.mistake
def absolute_distance(x, centres):
    """You assign by the sum of the absolute differences; the squared ones are asked for."""
    assignment = np.abs(x[:, None].astype(float) - centres).sum(axis=2).argmin(axis=1)
    moved = [_mean(x[assignment == k], centres[k]) for k in range(len(centres))]
    return assignment, np.array(moved, dtype=float)


@kmeans_step.mistake
def cut_to_whole_numbers(x, centres):
    """Right but for centres of whole numbers: your copy of them holds whole numbers too, and cuts every mean that is put in."""
    assignment, moved = _clusters(x, centres, lambda members, k: _mean(members, centres[k]))
    return assignment, moved.astype(centres.dtype)


@kmeans_step.mistake
def last_of_ties(x, centres):
    """A point half way between two centres belongs to the first of them."""
    assignment = len(centres) - 1 - _distances(centres, x)[:, ::-1].argmin(axis=1)
    moved = [_mean(x[assignment == k], centres[k]) for k in range(len(centres))]
    return assignment, np.array(moved, dtype=float)


# ------------------------------------------------------------------------------------------ slot machines


def pulls(rng: np.random.Generator) -> Iterator[Case]:
    def state(K: int) -> tuple[np.ndarray, np.ndarray]:
        return _numbers(rng, K), rng.integers(2, 9, K)

    def reward() -> float:
        return float(_numbers(rng, 1)[0]) + 4.0

    yield Case("three arms", *state(3), 1, reward())
    yield Case("five arms, the first", *state(5), 0, reward())
    yield Case("four arms, the last", *state(4), 3, reward())
    yield Case("a single arm", *state(1), 0, reward())
    estimates, counts = state(3)
    counts[2] = 1
    yield Case("the second pull of an arm", estimates, counts, 2, reward())
    estimates, counts = state(3)
    yield Case("float32", estimates.astype(np.float32), counts, 0, reward())
    estimates, counts = state(4)
    yield Case("a reward below zero", estimates, counts, 2, -reward())
    estimates, counts = state(3)
    counts[1] = 0
    yield Case("the first pull of an arm", estimates, counts, 1, reward(), edge=True)
    estimates[1] = 0.0
    yield Case("the first pull of all", np.zeros(2), np.zeros(2, dtype=int), 1, reward(), edge=True)
    yield Case("estimates in whole numbers", rng.integers(-2, 3, 3), np.array([3, 2, 5]), 1, reward(), edge=True)


bandit_update = Exercise(
    reference.bandit_update, points=1, cases=pulls, outputs=("estimates", "counts"), rtol=1e-7, atol=1e-9
)


def _after(estimates, counts, arm, new):
    """New arrays with one pull more and new(estimate, pulls including this one) as that arm's estimate."""
    estimates, counts = estimates.astype(float), counts + (np.arange(len(counts)) == arm)
    estimates[arm] = new(estimates[arm], counts[arm])
    return estimates, counts


@bandit_update.mistake
def count_before_update(estimates, counts, arm, reward):
    """On its second pull an arm must move half way to the new reward."""
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / (n - 1))


@bandit_update.mistake
def last_reward_only(estimates, counts, arm, reward):
    """You forget all earlier rewards of this arm."""
    return _after(estimates, counts, arm, lambda q, n: reward)


@bandit_update.mistake
def sums_rewards(estimates, counts, arm, reward):
    """If the reward equals the mean, the mean must stay."""
    return _after(estimates, counts, arm, lambda q, n: q + reward / n)


@bandit_update.mistake
def sums_rewards(estimates, counts, arm, reward):
    return _after(estimates, counts, arm, lambda q, n: q + reward)


@bandit_update.mistake(sign=signs.changes_input)
def changes_inputs(estimates, counts, arm, reward):
    """The arrays you were given have changed; return new ones."""
    new, counts[:] = _after(estimates, counts, arm, lambda q, n: q + (reward - q) / n)
    estimates[:] = new
    return new, counts


@bandit_update.mistake
def total_count(estimates, counts, arm, reward):
    """Pulls of other arms must not slow this one down."""
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / (counts.sum() + 1))


@bandit_update.mistake
def total_count(estimates, counts, arm, reward):
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / counts.sum())


@bandit_update.mistake
def counted_twice(estimates, counts, arm, reward):
    """With this reward an arm has n of them, and its estimate moves by 1/n of the way; yours moves by 1/(n + 1)."""
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / (n + 1))


@bandit_update.mistake
def half_way(estimates, counts, arm, reward):
    """Your estimate always moves half way to the reward; the more rewards came before, the less should one move it."""
    return _after(estimates, counts, arm, lambda q, n: (q + reward) / 2)


@bandit_update.mistake
def away_from_reward(estimates, counts, arm, reward):
    """Your estimate moves away from the reward."""
    return _after(estimates, counts, arm, lambda q, n: q - (reward - q) / n)


@bandit_update.mistake
def all_arms(estimates, counts, arm, reward):
    """Right for a single arm. Of several, one pull changes the arm that was pulled and no other."""
    return estimates + (reward - estimates) / (counts + 1), counts + 1


@bandit_update.mistake
def all_arms(estimates, counts, arm, reward):
    n = counts + (np.arange(len(counts)) == arm)
    return estimates + (reward - estimates) / n[arm], n


@bandit_update.mistake
def all_arms(estimates, counts, arm, reward):
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / n)[0], counts + 1


@bandit_update.mistake
def count_not_raised(estimates, counts, arm, reward):
    """The estimates are right, but the count of this arm is what it was before the pull."""
    return _after(estimates, counts, arm, lambda q, n: q + (reward - q) / n)[0], counts.copy()


@bandit_update.mistake
def cut_to_whole_numbers(estimates, counts, arm, reward):
    """Right but for estimates of whole numbers: your copy of them holds whole numbers too, and cuts the new mean."""
    new, counts = _after(estimates, counts, arm, lambda q, n: q + (reward - q) / n)
    return new.astype(estimates.dtype), counts


# ------------------------------------------------------------------------------------------ stages


def networks(rng: np.random.Generator) -> Iterator[Case]:
    def network(N: int, *sizes: int) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """No number that passes a relu is near 0, where its slope is a matter of taste; some of them are cut in every stage."""
        while True:
            x = _numbers(rng, N, sizes[0])
            weights = [(_numbers(rng, i, o) / np.sqrt(i)).round(2) for i, o in pairwise(sizes)]
            biases = [0.5 * _numbers(rng, o) for o in sizes[1:]]
            h, fits = x, True
            for W, b in zip(weights, biases, strict=True):
                z = h @ W + b
                fits &= bool(np.abs(z).min() > 1e-3 and z.min() < 0 < z.max())
                h = z.clip(0)
            if fits:
                return x, weights, biases

    def tensors(x: np.ndarray, weights: list, biases: list) -> tuple:
        return torch.tensor(x), [torch.tensor(W) for W in weights], [torch.tensor(b) for b in biases]

    yield Case("two stages", *tensors(*network(2, 3, 4, 2)))
    yield Case("three stages", *tensors(*network(2, 2, 3, 3, 2)))
    yield Case("one stage", *tensors(*network(3, 2, 3)))
    yield Case("three stages of one size", *tensors(*network(3, 2, 2, 2, 2)))
    yield Case("a single example", *tensors(*network(1, 3, 3, 2)))
    x, weights, biases = network(2, 3, 4, 2)

    def there(array: np.ndarray) -> given.Given:
        return given.tensor(array.astype(np.float32), "accelerator")

    yield Case("float32, on the accelerator if there is one", there(x), [*map(there, weights)], [*map(there, biases)])


stage_outputs = Exercise(
    reference.stage_outputs,
    points=2,
    cases=networks,
    outputs=("the stages", "the gradients"),
    probe=probes.with_gradients,
)


def _stages(x, weights, biases, phi=torch.relu, last=lambda z: z, start=lambda x, h: h, kept=lambda z, h: h):
    """The stages with their parts to choose. start: what a stage is computed from; kept: what of it is stored."""
    h, stages = x, [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = torch.addmm(b, start(x, h), W)
        is_last = i == len(weights)
        h = last(z) if is_last else phi(z)
        stages.append(h if is_last else kept(z, h))
    return stages


@stage_outputs.mistake
def last_stage_rectified(x, weights, biases):
    """Your last stage has no negative numbers; it is linear, without relu."""
    return _stages(x, weights, biases, last=torch.relu)


@stage_outputs.mistake
def input_missing(x, weights, biases):
    """The list must have one entry more than there are weights: it begins with h_0 = x."""
    return _stages(x, weights, biases)[1:]


@stage_outputs.mistake
def always_from_input(x, weights, biases):
    """Stage 2 must start from stage 1, not from x."""
    return _stages(x, weights, biases, start=lambda x, h: x)


@stage_outputs.mistake
def no_nonlinearity(x, weights, biases):
    """Without relu all stages collapse into one matrix."""
    return _stages(x, weights, biases, phi=lambda z: z)


@stage_outputs.mistake
def values_before_relu_stored(x, weights, biases):
    """The stages you return contain negative numbers where relu should have removed them."""
    return _stages(x, weights, biases, kept=lambda z, h: z)


@stage_outputs.mistake
def bias_missing(x, weights, biases):
    """For x = 0 every stage of yours is 0, whatever the biases are."""
    return _stages(x, weights, [torch.zeros_like(b) for b in biases])


@stage_outputs.mistake
def bias_after_relu(x, weights, biases):
    """The bias belongs to the sum, and the relu is taken of the whole; yours adds it afterwards."""
    stages = [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True), 1):
        z = stages[-1] @ W
        stages.append((z if i == len(weights) else torch.relu(z)) + b)
    return stages


@stage_outputs.mistake
def only_the_last(x, weights, biases):
    """You return the last stage alone; all of them are wanted, in a list that begins with x."""
    return _stages(x, weights, biases)[-1]


@stage_outputs.mistake
def gradients_cut(x, weights, biases):
    """The values are right, but nothing flows back through them: somewhere you leave torch, or detach."""
    return [stage.detach() for stage in _stages(x, weights, biases)]
