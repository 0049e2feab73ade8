"""Lecture 10: networks as cases hand them over, what the probes notice, half-filled answers, and the shortcut's measure."""

from types import SimpleNamespace

import half_filled
import numpy as np
import pytest
import torch
from torch import nn

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import interpretability as reference
from course import data, digit_nets, given, probes, shortcut_views, views, wire
from course.case import WRONG, describe
from course.checks import check_exercise
from course.networks import build_network
from course.show_values import describe_arguments

EXERCISES = lecture("interpretability")
TRACING = {name: exercise for name, exercise in EXERCISES.items() if name != "train_without_shortcut"}
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


# ------------------------------------------------------------------------------------------ networks from data


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def test_every_kind_of_layer_computes_what_torch_computes():
    x = torch.from_numpy(draw(2, 3, 4, 6))
    w, b, mean, var, gamma, beta = draw(5, 3, 3, 3), draw(5), draw(5), draw(5) ** 2, draw(5), draw(5)
    W, c = draw(4, 30), draw(4)
    kinds = ["softplus", "tanh", "relu", "logistic"]
    layers = [
        ["conv2d", w, b, 1, 1],
        ["batchnorm", mean, var, gamma, beta],
        *([kind] for kind in kinds),
        ["dropout", 0.5],
        ["maxpool2"],
        ["flatten"],
        ["linear", W, c],
    ]
    w, b, mean, var, gamma, beta, W, c = map(torch.from_numpy, (w, b, mean, var, gamma, beta, W, c))
    h = nn.functional.conv2d(x, w, b, padding=1)
    h = nn.functional.batch_norm(h, mean, var, gamma, beta)
    h = torch.relu(torch.tanh(nn.functional.softplus(h))).sigmoid()
    right = nn.functional.max_pool2d(h, 2).flatten(1) @ W.T + c
    net = given.network(layers).build()
    assert not net.training
    assert [name for name, _ in net.named_children()] == [str(k) for k in range(len(layers))]
    torch.testing.assert_close(net(x), right)
    sent = wire.unpack(wire.pack(given.network(layers)))
    torch.testing.assert_close(sent.build()(x), right)


def test_a_convolution_along_time_pads_as_it_is_told():
    x, w, b = draw(2, 3, 9), draw(4, 3, 2), draw(4)
    net = build_network([["conv1d", w, b, 3, 3, 0]])
    padded = torch.cat([torch.zeros(2, 3, 3, dtype=torch.float64), torch.from_numpy(x)], dim=2)
    right = nn.functional.conv1d(padded, torch.from_numpy(w), torch.from_numpy(b), dilation=3)
    torch.testing.assert_close(net(torch.from_numpy(x)), right)


def test_grads_are_filled_where_they_should_be_and_unknown_layers_are_refused():
    layers = [["linear", draw(2, 3), draw(2)]]
    assert all(p.grad is None for p in build_network(layers).parameters())
    assert all((p.grad == 1.5).all() for p in build_network(layers, 1.5).parameters())
    with pytest.raises(ValueError, match="attention"):
        build_network([["attention"]])
    assert describe_arguments(("model",), (given.network([*layers, ["relu"]]),)) == "model (linear, relu)"


def test_two_builds_share_no_numbers():
    case = given.network([["linear", draw(2, 3), draw(2)]])
    one, other = case.build(), case.build()
    with torch.no_grad():
        one[0].weight.zero_()
    assert other[0].weight.abs().min() > 0


# ------------------------------------------------------------------------------------------ traces


def traces_of(answer):
    """What is found of an answer that is given a small network and rows."""
    net = build_network([["linear", draw(4, 3), draw(4)], ["dropout", 0.5], ["linear", draw(2, 4), draw(2)]], 1.0)
    return probes.leaving_no_trace(answer, net, torch.from_numpy(draw(5, 3)))[1]["traces"]


def leaves(change):
    def answer(model, x):
        change(model, x)
        return torch.zeros(2)

    return answer


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("parameter grads", lambda model, x: model(x).sum().backward()),
        ("parameter grads", lambda model, x: model.zero_grad()),
        ("parameter flags", lambda model, x: model.requires_grad_(False)),
        ("parameters", lambda model, x: nn.init.zeros_(model[0].bias)),
        ("mode", lambda model, x: model.train()),
        ("mode", lambda model, x: model[1].train()),
        ("hooks", lambda model, x: model[0].register_forward_hook(lambda *seen: None)),
        ("hooks", lambda model, x: model.register_full_backward_hook(lambda *seen: None)),
        ("parts", lambda model, x: model.append(nn.Identity())),
        ("input flag", lambda model, x: x.requires_grad_()),
        ("input grad", lambda model, x: setattr(x, "grad", torch.zeros_like(x))),
        ("another function", lambda model, x: setattr(model[0], "forward", lambda rows: torch.zeros(5, 4).double())),
    ],
)
def test_what_is_left_behind_is_found_and_said(name, change):
    assert name in traces_of(leaves(change))
    _, seen = views.without_trace(
        (torch.zeros(2), {"traces": [name], "dtype": "float64"}), (torch.zeros(2).double(),), "traces"
    )
    assert len(seen[WRONG]) > 30


def test_a_second_call_and_a_graph_are_looked_at_too():
    calls = []
    assert traces_of(lambda model, x: (calls.append(0), torch.full((2,), float(len(calls))))[1]) == ["second call"]
    assert traces_of(lambda model, x: model(x)) == ["graph"]
    assert traces_of(leaves(lambda model, x: None)) == []


def test_traces_that_are_taken_back_are_none():
    def answer(model, x):
        saved = [p.grad.clone() for p in model.parameters()]
        x.requires_grad_()
        model(x).sum().backward()
        gradient = x.grad.clone()
        for parameter, grad in zip(model.parameters(), saved, strict=True):
            parameter.grad = grad
        x.requires_grad_(False)
        x.grad = None
        return gradient

    assert traces_of(answer) == []


def test_the_dtype_of_the_images_counts():
    x = torch.zeros(2, dtype=torch.float32)
    assert views.without_trace((x, {"traces": [], "dtype": "float32"}), (x,), None)[1][WRONG] is None
    said = views.without_trace((x.double(), {"traces": [], "dtype": "float64"}), (x,), None)[1][WRONG]
    assert "float64 where float32" in said


# ------------------------------------------------------------------------------------------ properties of the references


def small_net(kind="softplus"):
    return build_network([["linear", draw(6, 4), draw(6)], [kind], ["linear", draw(3, 6), draw(3)]])


def test_the_input_gradient_is_the_slope_of_the_log_probability():
    """Central differences."""
    net, x, target = small_net(), torch.from_numpy(draw(5, 4)), torch.tensor([0, 1, 2, 1, 0])
    g = reference.input_gradient(net, x, target)
    with torch.no_grad():
        for place in range(4):
            nudge = 1e-5 * torch.eye(4, dtype=torch.float64)[place]
            up, down = (net(x + s * nudge).log_softmax(1)[range(5), target] for s in (1, -1))
            torch.testing.assert_close(g[:, place], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)


def test_integrated_gradients_are_complete_up_to_the_square_of_the_step():
    net, x, b, target = (
        small_net(),
        torch.from_numpy(draw(5, 4)),
        torch.from_numpy(draw(1, 4)),
        torch.tensor([0, 1, 2, 1, 0]),
    )
    with torch.no_grad():
        change = (net(x) - net(b))[range(5), target]
    gaps = [
        (reference.integrated_gradients(net, x, b, target, steps).sum(1) - change).abs().max().item()
        for steps in (20, 40, 80)
    ]
    assert gaps[-1] < 1e-3
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(4, rel=0.05)


def test_smoothgrad_approaches_the_gradient_of_the_blurred_function():
    """With |x| for a logit, few copies against the mean slope of many."""
    net = build_network(
        [
            ["linear", np.array([[1.0], [-1.0]]), np.zeros(2)],
            ["relu"],
            ["linear", np.array([[1.0, 1.0], [0.0, 0.0]]), np.zeros(2)],
        ]
    )
    x, sigma = torch.tensor([[0.1]], dtype=torch.float64), 0.3
    noise = sigma * torch.randn((40_000, 1, 1), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = (x + noise)[:, 0]
    # log softmax of (|x|, 0): its slope is sign(x) times one minus the first probability
    expected = (points.sign() * (1 - torch.sigmoid(points.abs()))).mean()
    measured = reference.smoothgrad(net, x, torch.tensor([0]), noise[:400])
    assert measured.item() == pytest.approx(expected.item(), abs=0.06)


def test_no_change_within_the_ball_hurts_a_linear_model_more_than_fgsm():
    net = build_network([["linear", draw(2, 8), draw(2)]])
    x, y, eps = torch.full((1, 8), 0.5, dtype=torch.float64), torch.tensor([1]), 0.2

    def loss(images):
        return nn.functional.cross_entropy(net(images), y.expand(len(images)), reduction="none").detach()

    corners = eps * (2 * ((torch.arange(256)[:, None] >> torch.arange(8)) & 1) - 1)
    assert loss(reference.fgsm_attack(net, x, y, eps)).item() == pytest.approx(loss(x + corners).max().item())


def test_attacks_stay_in_the_ball_and_in_the_range_and_more_steps_do_more_harm():
    _, _, images, labels = digit_nets.digit_images()
    images, labels = images[:200], labels[:200]
    net = digit_nets.trained("dense")
    shares = []
    for steps in (1, 10):
        hit = reference.pgd_attack(net, images, labels, 0.15, 0.3 / (steps + 1), steps)
        assert (hit - images).abs().max() <= 0.15 + 1e-6
        assert (hit.min(), hit.max()) == (0, 1)
        shares.append(digit_nets.accuracy(net, hit, labels))
    assert shares[1] < shares[0]


def test_a_patch_of_everything_in_a_chain_gives_the_clean_output_and_an_error_leaves_no_hook():
    net, clean, corrupt = small_net(), torch.from_numpy(draw(5, 4)), torch.from_numpy(draw(4, 5).T.copy())
    for layer in "012":
        torch.testing.assert_close(reference.patch_activation(net, layer, clean, corrupt), net(clean).detach())
    parts = [reference.patch_activation(net, "1", clean, corrupt, torch.tensor([k])) - net(corrupt) for k in range(6)]
    torch.testing.assert_close(sum(parts).detach(), (net(clean) - net(corrupt)).detach())
    with pytest.raises(IndexError):
        reference.patch_activation(net, "1", clean, corrupt, torch.tensor([99]))
    assert not net[1]._forward_hooks


# ------------------------------------------------------------------------------------------ the shortcut


def measured(answer, seed=3):
    exercise = EXERCISES["train_without_shortcut"]
    case = exercise.cases_for(seed)[0]
    return exercise.run(answer, case).output


def test_three_unlike_ways_without_the_shortcut_pass_with_room_and_one_with_it_is_far_below():
    from sklearn.svm import SVC

    def support_vectors(images, labels, seed):
        svm = SVC(C=3.0, gamma=0.05).fit(images[:, 0, 2:].flatten(1).numpy(), labels.numpy())

        class Net(nn.Module):
            def forward(self, images):
                return torch.from_numpy(svm.decision_function(images[:, 0, 2:].flatten(1).numpy()))

        return Net()

    def shuffled(images, labels, seed):
        def prepare(net, x, y):
            x = x + 0.2 * torch.randn(x.shape)
            x[:, :, 0] = torch.eye(10)[torch.randint(0, 10, (len(x),))][:, None]
            return x

        return digit_nets.fit(digit_nets.dense(10), images, labels, 20, prepare=prepare)

    with torch.random.fork_rng():
        for answer in (reference.train_without_shortcut, support_vectors, shuffled):
            found = measured(answer)
            assert min(found[name] for name in shortcut_views.BARS) > 0.8
            assert found["fault"] is None
        cheat = measured(lambda images, labels, seed: digit_nets.fit(digit_nets.dense(10), images, labels))
    assert cheat["fault"] == "follows the tag"
    assert cheat[shortcut_views.LEAKING] > 0.97
    assert max(cheat[name] for name in shortcut_views.BARS) < 0.7


def test_hidden_digits_are_none_of_those_for_training():
    images, labels = given.tagged("images", 5).build(), given.tagged("labels", 5).build()
    assert images.shape == (600, 1, 10, 10)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert (images[:, 0, 0].argmax(dim=1) == labels).all()
    shown, truth = shortcut_views._hidden(5)
    X_train, _, X_test, labels_test = data.digits(900, 5)
    np.testing.assert_array_equal(truth, labels_test)
    assert all(len(part) == 897 for part in shown.values())
    overlap = {x.tobytes() for x in X_train[:600]} & {x.tobytes() for x in X_test}
    assert not overlap


@pytest.mark.parametrize(
    "output", [None, "net", lambda images: images, nn.Flatten(), nn.Sequential(nn.Flatten(), nn.Linear(100, 3))]
)
def test_what_is_no_network_of_ten_logits_gets_a_sentence(output):
    said = measured(lambda images, labels, seed: output)[WRONG]
    assert "asked for" in said


def test_the_view_bears_a_liar():
    for said in (None, 3, {}, {"decay": "much"}, {"instead": 7}):
        talk = SimpleNamespace(send=lambda told, said=said: said)
        assert views.reads_digit(talk, (), 4)[WRONG]


# ------------------------------------------------------------------------------------------ half-filled answers


@pytest.mark.parametrize("kind", half_filled.ANSWERS)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    half_filled.assert_told_what_came(exercise, kind)


@every_exercise
def test_the_check_in_the_notebook_says_that_nothing_came(exercise):
    report = str(check_exercise(half_filled.ANSWERS["nothing"], exercise.frozen()))
    assert describe(None) in report


def test_one_who_errs_and_leaves_traces_is_told_of_the_error_first():
    def answer(model, x, target):
        x.requires_grad_()
        nn.functional.cross_entropy(model(x), target).backward()
        return x.grad

    sheet = Sheet(EXERCISES["input_gradient"], 8)
    assert (
        verdict(sheet, [EXERCISES["input_gradient"].run(answer, case) for case in sheet.cases]).hint
        == "mean_over_batch"
    )


@pytest.mark.parametrize("name", ["fgsm_attack", "pgd_attack"])
def test_no_sign_of_a_gradient_hinges_on_rounding(name):
    for seed in range(6):
        for case in EXERCISES[name].cases_for(seed):
            model, x, y, *rest = probes.build_arguments(case.arguments)
            steps = rest[2] if name == "pgd_attack" else 1
            for k in range(steps):
                now = reference.pgd_attack(model, x, y, *rest[:2], k) if name == "pgd_attack" else x
                g = reference.input_gradient(model, now, y).abs()
                assert ((g > 1e-6) | (g == 0)).all(), case.name
