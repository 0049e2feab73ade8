"""Every exercise of every lecture: the reference is right, mistakes are recognised, right answers of many styles accepted.

What is right is said here by other programs than the reference: torch with autograd, scikit-learn, exact fractions.
"""

import inspect
import json
import tomllib
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import StandardScaler

from autograder.build import FROZEN_LIMIT, frozen_text, same
from autograder.exercise import VISIBLE_SEED, Exercise, in_floats, lecture, mistake_id, topics
from autograder.judge import Sheet, verdict
from course import frozen_cases, probes, signs, wire
from course.attempt import attempt
from course.case import LOOSE, Case, Outcome, Tolerance, value_difference
from course.checks import check_exercise
from course.diagnosis import Mistake

ROOT = Path(__file__).parents[1]


def judged_by_what_it_achieves(exercise):
    """By a score or a property, for which a lecture's own tests have their authorities."""
    return isinstance(exercise.right_outcome(exercise.cases_for(VISIBLE_SEED)[0]).output, dict)


def takes_sizes_only(exercise):
    """Its inputs are the same for every seed, as a network for the parity of n bits is the same whoever asks."""
    return all(isinstance(a, int) for case in exercise.cases_for(VISIBLE_SEED) for a in case.arguments)


TOPICS = topics()
WRITTEN = [path.stem[3:] for path in sorted((ROOT / "source").glob("[0-9][0-9]_*/[0-9][0-9]_*.py"))]
EXERCISES = {exercise.id: exercise for topic in TOPICS for exercise in lecture(topic).values()}
POINTS = tomllib.loads((ROOT / "tests" / "points.toml").read_text())
# exercise -> another program for the same, from the `*_authority.py` of the lectures
AUTHORITIES = {
    name: value
    for path in sorted(Path(__file__).parent.glob("*_authority.py"))
    for name, value in vars(import_module(path.stem)).items()
}
SEEDS = [VISIBLE_SEED, 11, 12, 13]

FROZEN = {exercise.id: exercise for topic in WRITTEN for exercise in lecture(topic).values()}

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
every_frozen_exercise = pytest.mark.parametrize("exercise", FROZEN.values(), ids=FROZEN)
every_seed = pytest.mark.parametrize("seed", SEEDS)


# ------------------------------------------------------------------------------------------ independent authorities


def tensors(*arrays):
    """In float64, which all integers and float32 numbers here fit into exactly, with gradients."""
    return [torch.tensor(np.array(a, dtype=np.float64), requires_grad=True) for a in arrays]


def squared_error_cost(X, t, w, b):
    X, t, w, b = tensors(X, t, w, b)
    return torch.nn.functional.mse_loss(torch.nn.functional.linear(X, w[None], b[None])[:, 0], t).item() / 2


def squared_error_gradient(X, t, w, b):
    X, t, w, b = tensors(X, t, w, b)
    (torch.nn.functional.mse_loss(torch.nn.functional.linear(X, w[None], b[None])[:, 0], t) / 2).backward()
    return w.grad.numpy(), b.grad.item()


def fit_ridge(X, t, lam):
    """scikit-learn's Ridge penalises the sum, so alpha is N lam; its LinearRegression gives the solution of least norm."""
    model = Ridge(alpha=len(t) * lam, solver="svd") if lam else LinearRegression()
    model.fit(X.astype(float), t.astype(float))
    return model.coef_, model.intercept_


def polynomial_features(x, degree):
    exact = [[float(Fraction(v.item()) ** d) for d in range(degree + 1)] for v in x]
    return np.array(exact).reshape(len(x), degree + 1)


def standardize(X_train, X_test):
    scaler = StandardScaler().fit(X_train.astype(float))
    return scaler.transform(X_train.astype(float)), scaler.transform(X_test.astype(float))


def logistic_cost_and_gradient(X, t, w, b):
    X, t, w, b = tensors(X, t, w, b)
    cost = torch.nn.functional.binary_cross_entropy_with_logits(X @ w + b, t.detach())
    cost.backward()
    return cost.item(), w.grad.numpy(), b.grad.item()


def softmax_cross_entropy(Z, labels):
    (Z,) = tensors(Z)
    loss = torch.nn.functional.cross_entropy(Z, torch.tensor(labels))
    loss.backward()
    return loss.item(), Z.grad.numpy()


def train_softmax_regression(X, labels, num_classes, lr, steps):
    layer = torch.nn.Linear(X.shape[1], num_classes, dtype=torch.float64)
    for parameter in layer.parameters():
        torch.nn.init.zeros_(parameter)
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(layer(torch.tensor(X, dtype=torch.float64)), torch.tensor(labels))
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    return layer.weight.detach().numpy(), layer.bias.detach().numpy(), np.array(losses)


@every_seed
@pytest.mark.parametrize(
    "exercise", [e for e in EXERCISES.values() if not judged_by_what_it_achieves(e)], ids=lambda e: e.id
)
def test_the_reference_agrees_with_an_independent_authority(exercise, seed):
    authority = {**AUTHORITIES, **globals()}[exercise.id]
    for case in exercise.cases_for(seed):
        if case.raises:
            continue  # `right_outcome` sees to it
        arguments = probes.build_arguments(case.arguments)
        right = authority(*arguments)
        tenth = Tolerance(exercise.rtol / 10, exercise.atol / 10).for_arguments(case.arguments)
        found = value_difference(right, exercise.right_outcome(case).output, tenth)
        assert found is None, (case.name, found, found.expected, found.got)


@every_seed
def test_the_gradients_are_slopes_of_the_costs(seed):
    """Central differences, of which the cost of linear models leaves an error in the seventh digit."""
    h = 1e-5
    for case in EXERCISES["squared_error_gradient"].cases_for(seed):
        if case.edge:
            continue
        X, t, w, b = (np.asarray(a, float) for a in probes.build_arguments(case.arguments))
        dw, db = EXERCISES["squared_error_gradient"].reference(X, t, w, b)
        cost = EXERCISES["squared_error_cost"].reference
        steps = h * np.eye(len(w))
        slopes = [(cost(X, t, w + step, b) - cost(X, t, w - step, b)) / (2 * h) for step in steps]
        np.testing.assert_allclose(dw, slopes, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(db, (cost(X, t, w, b + h) - cost(X, t, w, b - h)) / (2 * h), rtol=1e-5, atol=1e-7)
    for case in EXERCISES["softmax_cross_entropy"].cases_for(seed):
        if case.edge:
            continue
        Z, labels = np.asarray(case.arguments[0], float), case.arguments[1]
        loss = EXERCISES["softmax_cross_entropy"].reference
        _, dZ = loss(Z, labels)
        for place in np.ndindex(Z.shape):
            step = np.zeros_like(Z)
            step[place] = h
            slope = (loss(Z + step, labels)[0] - loss(Z - step, labels)[0]) / (2 * h)
            np.testing.assert_allclose(dZ[place], slope, rtol=1e-4, atol=1e-7)


@every_seed
def test_no_weights_near_those_of_ridge_regression_cost_less_and_none_as_good_are_shorter(seed):
    rng = np.random.default_rng(seed)
    for case in EXERCISES["fit_ridge"].cases_for(seed):
        X, t, lam = (np.asarray(a, float) for a in case.arguments)
        w, b = EXERCISES["fit_ridge"].reference(X, t, lam)

        def cost(w, b, X=X, t=t, lam=lam):
            return ((X @ w + b - t) ** 2).mean() / 2 + lam / 2 * w @ w

        for _ in range(20):
            nudge = 1e-3 * rng.normal(size=len(w) + 1)
            assert cost(w + nudge[:-1], b + nudge[-1]) >= cost(w, b) - 1e-9 * (1 + cost(w, b))
        if lam == 0:  # least norm: orthogonal to all directions that change no prediction by more than a constant
            _, s, V = np.linalg.svd(X - X.mean(axis=0), full_matrices=True)
            free = V[np.sum(s > 1e-8 * s.max(initial=1e-300)) :]
            np.testing.assert_allclose(free @ w, 0, atol=1e-7 * (1 + np.abs(w).max()))


# ------------------------------------------------------------------------------------------ cases


@every_seed
@every_exercise
def test_the_reference_leaves_its_inputs_as_they_are_and_returns_finite_numbers_unless_the_case_says_otherwise(
    exercise, seed
):
    for case in exercise.cases_for(seed):
        outcome = exercise.run(exercise.reference, case)
        assert outcome.changed == (), case.name
        is_said = "infinite" in case.name
        assert case.raises or signs.finite(outcome) or is_said, case.name
        assert outcome.printed == ""


@every_exercise
def test_the_same_seed_gives_the_same_cases_and_another_seed_others(exercise):
    def packed(seed):
        return [json.dumps([wire.pack(a) for a in (*case.arguments, case.truth)]) for case in exercise.cases_for(seed)]

    assert packed(5) == packed(5)
    if takes_sizes_only(exercise):
        return
    different = [one != other for one, other in zip(packed(5), packed(6), strict=True)]
    assert sum(different) >= 0.7 * len(different)


@every_exercise
def test_inputs_are_rounded_so_that_a_reader_can_follow(exercise):
    for case in exercise.cases_for(VISIBLE_SEED):
        for value in case.arguments:
            if isinstance(value, np.ndarray) and value.dtype == np.float64:
                rounded = [float(f"{number:.10g}") for number in value.flat]
                np.testing.assert_allclose(value.ravel(), rounded, rtol=1e-12, err_msg=case.name)


@every_exercise
def test_most_of_the_weight_lies_on_ordinary_cases(exercise):
    cases = exercise.cases_for(VISIBLE_SEED)
    assert any(not case.edge for case in cases)
    assert all(case.weight > 0 for case in cases)
    assert sum(not case.edge for case in cases) >= len(cases) / 2


def holds_floats(value):
    if isinstance(value, (list, tuple)):
        return any(map(holds_floats, value))
    if isinstance(value, wire.Given):
        return holds_floats(value.arguments)
    if isinstance(value, torch.Tensor):
        return value.is_floating_point()
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


@every_exercise
def test_float32_is_tried_in_an_ordinary_case_only(exercise):
    strict, cases = exercise.tolerance, exercise.cases_for(VISIBLE_SEED)
    loose = [case for case in cases if strict.for_arguments(case.arguments) != strict]
    takes_floats = any(holds_floats(case.arguments) for case in cases)
    as_loose = strict.at_loosest(**LOOSE) == strict  # then it says so of all cases
    assert bool(loose) == (takes_floats and not as_loose)
    assert not any(case.edge for case in loose)


def in_float32(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(in_float32, value))
    if isinstance(value, torch.Tensor):
        return value.float()
    return value if isinstance(value, (dict, bool, str)) else np.float32(value)


@every_seed
@every_exercise
def test_right_answers_in_float32_are_right(exercise, seed):
    """The reference at the precision of its inputs: what a student may well do."""
    for case in exercise.cases_for(seed):
        tolerance = exercise.tolerance.for_arguments(case.arguments)
        if tolerance == exercise.tolerance:
            continue
        right = exercise.right_outcome(case).output
        assert value_difference(right, in_float32(right), tolerance) is None, case.name


# ------------------------------------------------------------------------------------------ mistakes


WAYS = [
    pytest.param(exercise, wrong.id, way, id=f"{exercise.id}-{wrong.id}-{number}")
    for exercise in EXERCISES.values()
    for wrong in exercise.mistakes.values()
    for number, way in enumerate(wrong.ways, 1)
]


@every_seed
@pytest.mark.parametrize(("exercise", "name", "way"), WAYS)
def test_each_mistake_is_refused_and_gets_its_own_hint(exercise, name, way, seed):
    sheet = sheet_of(exercise, seed)
    found = verdict(sheet, [exercise.run(way, case) for case in sheet.cases])
    assert found.score < exercise.points
    assert found.status != "right"
    assert (found.hint, found.advice) == (name, exercise.mistakes[name].hint)


@pytest.mark.parametrize(("exercise", "name", "way"), WAYS)
def test_the_check_in_the_notebook_gives_the_same_hint(exercise, name, way):
    report = check_exercise(way, visible(exercise))
    assert not report.right
    assert report.mistake is not None
    assert report.mistake.id == name
    assert f"Hint: {exercise.mistakes[name].hint}" in str(report)


_sheets, _texts, _visible = {}, {}, {}


def built(exercise):
    """The text of a fresh build, worked out once for all tests."""
    if exercise.id not in _texts:
        _texts[exercise.id] = frozen_text(exercise)
    return _texts[exercise.id]


def visible(exercise):
    """The visible cases, after the journey through their file's form."""
    if exercise.id not in _visible:
        _visible[exercise.id] = frozen_cases.thaw(json.loads(built(exercise)))
    return _visible[exercise.id]


def sheet_of(exercise, seed):
    """Sheets are worked out once for all tests."""
    return _sheets.setdefault((exercise.id, seed), Sheet(exercise, seed))


@every_exercise
def test_hints_are_sentences_that_differ(exercise):
    hints = [wrong.hint for wrong in exercise.mistakes.values()]
    assert len(set(hints)) == len(hints)
    for hint in hints:
        assert hint[-1] in ".?"
        assert "  " not in hint


# ------------------------------------------------------------------------------------------ answers of many styles


def samples():
    for path in sorted((ROOT / "autograder" / "samples").glob("[a-z]*.py")):
        module = import_module(f"autograder.samples.{path.stem}")
        for name, sources in module.RIGHT.items():
            yield from ((path.stem, name, f"right {n}", source) for n, source in enumerate(sources, 1))
        for name, sources in module.WRONG.items():
            yield from ((path.stem, name, label, source) for label, source in sources.items())


SAMPLES = [pytest.param(name, label, source, id=f"{stem}-{name}-{label}") for stem, name, label, source in samples()]


@pytest.mark.parametrize("seed", [21, 22])
@pytest.mark.parametrize(("name", "label", "source"), SAMPLES)
def test_answers_of_many_styles_are_judged_as_they_deserve(name, label, source, seed):
    exercise = EXERCISES[name]
    sheet = sheet_of(exercise, seed)
    answer = define(name, source)
    outcomes = [exercise.run(answer, case) for case in sheet.cases]
    sent = [outcome if outcome.status != "returned" else as_sent(outcome) for outcome in outcomes]
    found = verdict(sheet, sent)
    assert (found.status == "right") == label.startswith("right"), found.message
    if label in exercise.mistakes:
        assert found.hint == label


def define(name, source):
    names = {"np": np, "__name__": "__main__"}
    exec(compile(source, "<cell>", "exec"), names)
    return names[name]


def as_sent(outcome):
    return Outcome("returned", wire.unpack(json.loads(json.dumps(wire.pack(outcome.output)))), changed=outcome.changed)


@pytest.mark.parametrize(
    "exercise",
    [
        e
        for e in EXERCISES.values()
        if e.probe is probes.values and not takes_sizes_only(e) and not judged_by_what_it_achieves(e)
    ],
    ids=lambda e: e.id,
)
def test_a_table_of_memorised_visible_answers_fails(exercise):
    """Whoever reads the frozen cases and returns what stands there earns nothing for it on fresh ones."""

    def key(arguments):
        return json.dumps([wire.pack(argument) for argument in arguments])

    frozen = visible(exercise).cases
    known = {key(probes.build_arguments(case.arguments)): case.right.output for case in frozen}
    by_shape = {shapes(probes.build_arguments(case.arguments)): case.right.output for case in frozen}

    def memorised(*arguments):
        return known[key(arguments)]

    def nearest(*arguments):
        return by_shape[shapes(arguments)]

    seen = exercise.cases_for(VISIBLE_SEED)
    assert all(attempt(memorised, case.arguments).status == "returned" for case in seen)
    for seed in SEEDS[1:]:
        sheet = sheet_of(exercise, seed)
        assert verdict(sheet, [attempt(memorised, case.arguments) for case in sheet.cases]).score == 0
        assert verdict(sheet, [attempt(nearest, case.arguments) for case in sheet.cases]).score <= exercise.points / 4


def shapes(value):
    return tuple(map(shapes, value)) if isinstance(value, (list, tuple)) else np.shape(value)


# ------------------------------------------------------------------------------------------ frozen cases


@every_frozen_exercise
def test_the_frozen_cases_hold_within_tolerance(exercise):
    """The last digit differs between processors, so what lies on disk is compared as an answer would be."""
    frozen = frozen_cases.load(exercise.id)
    assert (frozen.points, frozen.tolerance, frozen.parameters) == (
        exercise.points,
        exercise.tolerance,
        exercise.parameters,
    )
    assert frozen.outputs == exercise.outputs
    assert [case.name for case in frozen.cases] == [case.name for case in exercise.cases_for(VISIBLE_SEED)]
    assert check_exercise(exercise.reference, frozen).right
    for case, fresh in zip(frozen.cases, exercise.cases_for(VISIBLE_SEED), strict=True):
        assert [wire.pack(a) for a in case.arguments] == [wire.pack(a) for a in fresh.arguments]


@every_frozen_exercise
def test_the_frozen_file_is_small_and_that_of_a_fresh_build(exercise):
    path = ROOT / "course" / "frozen" / f"{exercise.id}.json"
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) <= FROZEN_LIMIT <= 50_000
    assert same(text, built(exercise))
    json.loads(text, parse_constant=pytest.fail)  # NaN and Infinity are Python's JSON alone


@every_exercise
def test_a_frozen_exercise_thaws_to_the_same(exercise):
    thawed = visible(exercise)
    fresh = exercise.frozen()
    assert [m.id for m in thawed.mistakes] == [m.id for m in fresh.mistakes]
    for mistake, other in zip(thawed.mistakes, fresh.mistakes, strict=True):
        assert mistake.ways
        assert len(mistake.ways) <= len(other.ways)
    assert frozen_cases.freeze(thawed) == json.loads(built(exercise))


def test_nothing_lies_in_frozen_that_no_lecture_has():
    assert frozen_cases.exercises() == sorted(FROZEN)


def test_unknown_exercises_have_no_visible_cases():
    for name in ("unknown", "../frozen/fit_ridge", "", "fit_ridge.json"):
        with pytest.raises(KeyError):
            frozen_cases.load(name)


# ------------------------------------------------------------------------------------------ the table of ids and points


@pytest.mark.parametrize("topic", TOPICS)
def test_ids_points_and_mistakes_are_those_of_the_table(topic):
    table = POINTS[topic]
    assert {exercise.id: exercise.points for exercise in lecture(topic).values()} == table["exercises"]
    assert table["mistakes"].keys() == table["exercises"].keys()
    for name, exercise in lecture(topic).items():
        assert set(table["mistakes"][name]) <= set(exercise.mistakes)  # a lecture may catalogue more


def test_an_id_belongs_to_one_lecture_only():
    ids = [name for topic in TOPICS for name in (*POINTS[topic]["exercises"], *POINTS[topic]["written"])]
    assert len(set(ids)) == len(ids)


@every_exercise
def test_an_exercise_says_what_it_returns_and_how_many(exercise):
    output = exercise.right_outcome(exercise.cases_for(1)[0]).output
    assert len(exercise.outputs) == (len(output) if isinstance(output, tuple) else 1)
    assert all(f" {name}" in f" {exercise.reference.__doc__}" for name in exercise.parameters)
    assert inspect.getsource(exercise.reference).count("# BEGIN SOLUTION") == 1


# ------------------------------------------------------------------------------------------ how an exercise is written


def one(x):
    """One more."""
    return x + 1


def cases_of_one(rng):
    yield Case("a", float(rng.integers(5)))
    yield Case("b", np.arange(3))


def make(**keywords):
    return Exercise(one, points=1, **({"cases": cases_of_one} | keywords))


def test_a_second_function_of_the_same_name_is_another_way_to_write_the_mistake():
    exercise = make()

    @exercise.mistake
    def off_by_one(x):
        """Count again."""
        return x

    @exercise.mistake
    def off_by_one(x):  # noqa: F811
        return x + 2

    assert list(exercise.mistakes) == ["off_by_one"]
    assert exercise.mistakes["off_by_one"].hint == "Count again."
    (mistake,) = exercise.mistaken(exercise.cases_for(0))
    assert isinstance(mistake, Mistake)
    assert len(mistake.ways) == 2


def test_integers_may_be_made_floats_in_a_mistake_or_not():
    exercise = make()

    @exercise.mistake
    def halves(x):
        """Twice too small."""
        return x // 2 if np.asarray(x).dtype.kind == "i" else x / 2

    (mistake,) = exercise.mistaken(exercise.cases_for(0))
    assert len(mistake.ways) == 2


def test_a_way_that_is_right_everywhere_is_left_out():
    exercise = make()

    @exercise.mistake
    def no_mistake(x):
        """Right."""
        return 1 + x

    (mistake,) = exercise.mistaken(exercise.cases_for(0))
    assert mistake.ways == ()


def test_a_mistake_without_a_hint_is_refused():
    with pytest.raises(ValueError, match="one: the mistake nameless needs a docstring"):

        @make().mistake
        def nameless(x):
            return x


def test_a_sign_that_students_do_not_have_is_refused():
    def my_sign(right, mistaken, got):
        return True

    with pytest.raises(ValueError, match=r"must be one of course\.signs"):

        @make().mistake(sign=my_sign)
        def off(x):
            """A hint."""
            return x


def test_two_cases_of_one_name_are_refused():
    def twice(rng):
        yield Case("a", 1)
        yield Case("a", 2)

    with pytest.raises(ValueError, match="one: two cases have the same name: 'a'"):
        make(cases=twice).cases_for(0)


def test_a_reference_that_does_not_do_what_its_case_says_is_refused():
    exercise = make(cases=lambda rng: iter([Case("text", "a")]))
    with pytest.raises(RuntimeError, match="one, 'text': the reference raised TypeError"):
        exercise.right_outcome(exercise.cases_for(0)[0])
    with pytest.raises(RuntimeError, match="one, 'a': the reference returned"):
        exercise.right_outcome(Case("a", 1, raises=ValueError))
    with pytest.raises(RuntimeError, match="the reference raised TypeError"):
        exercise.right_outcome(Case("a", "a", raises=ValueError))
    assert exercise.right_outcome(Case("a", "a", raises=TypeError)).error == "TypeError"


def test_the_id_of_a_mistake_is_its_name_in_snake_case():
    def squared_error_gradient_():
        pass

    FeatureMajorOrder = type("FeatureMajorOrder", (), {})
    assert mistake_id(squared_error_gradient_) == "squared_error_gradient"
    assert mistake_id(FeatureMajorOrder) == "feature_major_order"


def test_integers_become_floats_only_where_they_are_the_data():
    table, labels = np.ones((2, 3)), np.array([0, 1])
    arguments = (table, labels, 3)
    assert in_floats(arguments) is arguments
    integers, count = in_floats((np.array([1, 2]), 3))
    assert (integers.dtype, integers.tolist(), type(count)) == (np.float64, [1.0, 2.0], int)
    assert [a.dtype for a in in_floats((table.astype(int), labels))] == [np.float64, np.float64]
