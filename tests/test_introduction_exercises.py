"""Lecture 01: what is judged besides values (devices, gradients, layouts), and what becomes of half-filled answers."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from introduction_authority import sklearn_perceptron
from scipy.spatial.distance import cdist

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import introduction as reference
from course import data, given, probes
from course.checks import check_exercise
from course.show_values import describe_arguments

EXERCISES = lecture("introduction")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


# ------------------------------------------------------------------------------------------ the references


@pytest.mark.parametrize("device", DEVICES)
def test_every_layout_becomes_a_batch_of_the_same_pixels_on_the_device(device):
    stack = np.random.default_rng(0).integers(0, 256, (6, 4, 8), dtype=np.uint8)
    for name in given.LAYOUTS:
        images = given.layout(stack, name).build()
        batch = reference.images_to_batch(images, torch.device(device))
        assert (batch.dtype, batch.device.type) == (torch.float32, device)
        pixels = np.array([image.tolist() for image in images]).reshape(len(images), -1)
        np.testing.assert_allclose(batch.cpu().numpy(), pixels / 255, rtol=1e-6)
    assert reference.images_to_batch(stack, torch.device("meta")).shape == (6, 32)


@pytest.mark.parametrize("device", DEVICES)
def test_stages_stay_on_the_device_of_their_inputs_and_agree_with_float64_on_the_cpu(device):
    rng = np.random.default_rng(1)
    sizes = (5, 7, 6, 3)
    weights = [torch.tensor(rng.normal(size=shape)) for shape in pairwise(sizes)]
    biases = [torch.tensor(rng.normal(size=size)) for size in sizes[1:]]
    x = torch.tensor(rng.normal(size=(4, 5)))
    there = [[t.to(device, torch.float32) for t in tensors] for tensors in (weights, biases)]
    for exact, stage in zip(
        reference.stage_outputs(x, weights, biases),
        reference.stage_outputs(x.to(device, torch.float32), *there),
        strict=True,
    ):
        assert stage.device.type == device
        torch.testing.assert_close(stage.cpu().double(), exact, rtol=1e-4, atol=1e-5)


def test_the_rule_of_1958_is_scikit_learns():
    for seed in (2, 31, 32):
        for case in EXERCISES["train_first_neuron"].cases_for(seed):
            x, t, epochs = case.arguments
            if not epochs or len(set(t)) < 2:
                continue
            w, b, _ = reference.train_first_neuron(x, t, epochs)
            w_theirs, b_theirs = sklearn_perceptron(x, t, epochs)
            np.testing.assert_allclose(np.append(w, b), np.append(w_theirs, b_theirs), atol=1e-12)


def test_a_neuron_agrees_with_torch_in_all_tails():
    z = np.array([-3000.0, -40.0, -1.0, 0.0, 2.0, 40.0, 3000.0])
    np.testing.assert_allclose(
        reference.first_neuron(z[:, None], np.ones(1), 0.0), torch.tensor(z).sigmoid(), atol=1e-9
    )


def test_what_the_lecture_says_of_the_digits_is_so():
    X, labels, X_test, labels_test = data.digits()
    assert np.mean(reference.nearest_neighbour_predict(X, labels, X_test) == labels_test) == pytest.approx(
        0.988, abs=1e-3
    )
    X_file, labels_file = data.digits_in_file_order()
    said = reference.nearest_neighbour_predict(X_file[:1200], labels_file[:1200], X_file[1200:])
    assert np.mean(said == labels_file[1200:]) == pytest.approx(0.965, abs=1e-3)
    for (minus, plus), counts in (((0, 1), [6, 2, 0]), ((3, 8), [26, 15, 8, 4, 13, 2, 0, 0])):
        mine = np.isin(labels, (minus, plus))
        t = np.where(labels[mine] == plus, 1, -1)
        assert reference.train_first_neuron(X[mine], t, len(counts))[2].tolist() == counts
    moved = np.zeros((len(X_test), 8, 8))
    moved[:, :, 1:] = X_test.reshape(-1, 8, 8)[:, :, :-1]
    moved = moved.reshape(-1, 64)
    far = cdist(moved, X, "sqeuclidean")
    far[labels_test[:, None] == labels] = np.inf
    itself = ((moved - X_test) ** 2).sum(axis=1)
    assert np.mean(itself > far.min(axis=1)) == pytest.approx(0.99, abs=0.005)
    mine = np.isin(labels_file, (3, 8))
    t = np.where(labels_file[mine] == 8, 1, -1)
    assert reference.train_first_neuron(X_file[mine], t, 10)[2].tolist() == [31, 12, 8, 5, 3, 7, 4, 3, 4, 1]
    purity = []
    for seed in range(4):
        centres = X[np.random.default_rng(seed).permutation(len(X))[:10]]
        for _ in range(15):
            groups, centres = reference.kmeans_step(X, centres)
        purity.append(sum(np.bincount(labels[groups == k]).max() for k in range(10)) / len(X))
    assert min(purity) > 0.65
    assert 0.7 < np.mean(purity) < 0.82


# ------------------------------------------------------------------------------------------ the probes


def outcome_of(name, answer, case=0):
    exercise = EXERCISES[name]
    return exercise.run(answer, exercise.cases_for(3)[case])


def test_a_tensor_elsewhere_is_told_from_one_on_the_device_asked_for():
    images, cpu, meta = np.zeros((2, 3, 4), dtype=np.uint8), torch.device("cpu"), torch.device("meta")
    right = probes.placed(reference.images_to_batch, images, meta)
    assert right == ("shape (2, 12)", "float32", "the device asked for")
    assert probes.placed(lambda images, device: torch.zeros(2, 12), images, meta)[2] == "cpu"
    _, dtype, where = probes.placed(lambda images, device: torch.zeros(2, 12, device="meta"), images, cpu)
    assert (dtype, where) == ("float32", "meta")
    assert probes.placed(lambda images, device: images, images, cpu)[1:] == ("none", "nowhere")


def test_an_answer_that_reads_values_on_the_meta_device_is_wrong_and_not_unwritten():
    exercise = EXERCISES["images_to_batch"]

    def images_to_batch(images, device):
        return reference.images_to_batch(images, device).cpu().to(device)

    report = check_exercise(images_to_batch, exercise.frozen())
    assert not report.unwritten
    assert "meta" in str(report)
    assert report.passed == len(report.cases) - 1


def test_gradients_are_asked_for_and_none_is_no_gradient():
    x, W, b = torch.ones(2, 3), torch.ones(3, 4), torch.ones(4)
    stages, gradients = probes.with_gradients(reference.stage_outputs, x, [W], [b])
    assert len(stages) == 2
    assert [tuple(g.shape) for g in gradients] == [(2, 3), (3, 4), (4,)]
    _, cut = probes.with_gradients(lambda *a: [s.detach() for s in reference.stage_outputs(*a)], x, [W], [b])
    assert cut == [None, None, None]
    assert probes.with_gradients(lambda *a: "stages", x, [W], [b]) == ("stages", None)


def test_the_inputs_of_a_case_are_described_by_shape_kind_and_layout():
    stack, device = np.zeros((2, 3, 4), dtype=np.uint8), given.device("cpu")
    assert describe_arguments(("images", "device"), (given.layout(stack, "plain"), device)) == (
        "images (2, 3, 4) uint8, device (cpu)"
    )
    assert describe_arguments(("images",), (given.layout(stack, "flipped"),)) == "images (2, 3, 4) uint8 (flipped)"


# ------------------------------------------------------------------------------------------ half-filled answers

HALF_FILLED = {
    "nothing": lambda *arguments: None,
    "text": lambda *arguments: "w @ x + b",
    "an empty tuple": lambda *arguments: (),
    "five results": lambda *arguments: (1.0, 2.0, 3.0, 4.0, 5.0),
    "the other framework": lambda *arguments: (
        np.zeros((2, 3)) if isinstance(arguments[-1], torch.device | list) else torch.zeros(3)
    ),
}


@pytest.mark.parametrize("kind", HALF_FILLED)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    sheet = Sheet(exercise, 3)
    found = verdict(sheet, [exercise.run(HALF_FILLED[kind], case) for case in sheet.cases])
    assert found.status != "right"
    assert found.score == 0
    assert found.hint is None
    assert len(found.message) > 20
    assert "Error" not in found.message


@every_exercise
def test_an_answer_that_prints_is_told_to_return(exercise):
    def prints(*arguments):
        print(exercise.reference(*arguments))

    report = check_exercise(prints, exercise.frozen())
    assert not report.right
    said = str(report)
    assert "prints its result and returns nothing" in said or "nothing (None)" in said


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("row_means", lambda x: torch.tensor(x.mean(axis=1)), "torch tensor"),
        (
            "images_to_batch",
            lambda images, device: images.reshape(len(images), -1) / 255,
            "A torch tensor is asked for",
        ),
        ("train_first_neuron", lambda x, t, epochs: np.zeros(x.shape[1]), "3 results are asked for"),
        ("kmeans_step", lambda x, centres: centres, "2 results are asked for"),
        ("bandit_update", lambda q, n, arm, reward: (q, n, reward), "2 results are asked for; 3 came back"),
        ("stage_outputs", lambda x, weights, biases: x, "3 results are asked for"),
        ("nearest_neighbour_predict", lambda train_x, train_y, x: [str(k) for k in train_y], "An array of shape"),
    ],
)
def test_what_is_missing_is_said(name, answer, said):
    assert said in str(check_exercise(answer, EXERCISES[name].frozen()))


def test_other_right_forms_of_a_result_are_right():
    """Lists for arrays, tuples for lists, and numbers of numpy or Python."""
    forms = {
        "row_means": lambda x: [float(sum(map(float, row))) / x.shape[1] for row in x],
        "train_first_neuron": lambda x, t, epochs: tuple(
            part.tolist() if isinstance(part, np.ndarray) else part
            for part in reference.train_first_neuron(x, t, epochs)
        ),
        "nearest_neighbour_predict": lambda *a: list(reference.nearest_neighbour_predict(*a)),
        "bandit_update": lambda *a: [list(part) for part in reference.bandit_update(*a)],
        "stage_outputs": lambda *a: tuple(reference.stage_outputs(*a)),
    }
    for name, answer in forms.items():
        sheet = Sheet(EXERCISES[name], 4)
        found = verdict(sheet, [sheet.exercise.run(answer, case) for case in sheet.cases])
        assert found.status == "right", (name, found.message)
