"""Lecture 06: the language whose entropy is known, modules by name, tables of next words, and what the checks say of half answers."""

import numpy as np
import pytest
import torch

from autograder.exercise import lecture
from autograder.judge import Sheet, verdict
from autograder.reference import distributed_representations as reference
from course import data, given, probes, signs, views
from course.attempt import attempt
from course.case import WRONG, Outcome
from course.checks import check_exercise

EXERCISES = lecture("distributed_representations")
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
V = 323  # words of the toy language

torch.set_num_threads(1)


# ------------------------------------------------------------------------------------------ data


def test_a_sentence_of_the_toy_language_has_one_topic_and_seven_words_of_the_right_classes():
    tokens, vocabulary = data.toy_language(500, seed=3)
    assert len(vocabulary) == len(set(vocabulary)) == V
    sentences = [[vocabulary[word] for word in sentence] for sentence in tokens.reshape(500, 7)]
    for article, *content, stop in sentences:
        assert article in ("the", "a")
        assert stop == "."
        assert [word.split("-")[0] for word in content] == ["adjective", "noun", "verb", "adjective", "noun"]
        assert len({word.split("-")[1][0] for word in content}) == 1


def test_the_words_of_the_toy_language_are_uniform_so_its_entropy_is_what_the_text_says():
    sentences = data.toy_language(60_000, seed=0)[0].reshape(-1, 7)
    for place, choices in enumerate((2, 80, 160, 80, 80, 160, 1)):
        found = np.unique(sentences[:, place], return_counts=True)[1]
        assert len(found) == choices
        assert found.min() > 0.7 * 60_000 / choices
    bits = np.log([2, 80, 40, 20, 20, 40, 1])  # choices once three words before are known
    assert bits.mean() == pytest.approx(2.635, abs=5e-4)


def test_windows_of_a_text_go_on_by_one_word():
    contexts, targets = data.contexts_and_targets(np.arange(10), 3)
    np.testing.assert_array_equal(contexts, np.arange(7)[:, None] + np.arange(3))
    np.testing.assert_array_equal(targets, np.arange(3, 10))
    with pytest.raises(ValueError, match="no word with 3 before it"):
        data.contexts_and_targets(np.arange(3), 3)


def test_words_of_the_help_texts_are_numbered_by_how_often_they_come():
    tokens, vocabulary = data.topics_corpus(100)
    assert len(vocabulary) == 100
    assert vocabulary[0] == "<rare>"
    counts = np.bincount(tokens, minlength=100)[1:]
    assert (np.diff(counts) <= 0).all()
    every, names = data.topics_corpus(None)
    assert len(every) == len(tokens)
    assert [names[word] for word in every[tokens > 0]] == [vocabulary[word] for word in tokens[tokens > 0]]


def test_no_context_of_the_hidden_test_holds_a_word_to_be_predicted():
    contexts, targets = (given.sample(part, 5, "toy language").build() for part in ("X_test", "labels_test"))
    assert contexts.shape == (2800, 3)
    text = data.toy_language(1500, rng := np.random.default_rng(5))[0], data.toy_language(1600, rng)[0]
    np.testing.assert_array_equal(np.column_stack([contexts, targets]), text[1][: 4 * 2800].reshape(2800, 4))


# ------------------------------------------------------------------------------------------ independent authorities


def test_the_gradients_of_glove_are_slopes_of_its_cost():
    rng, h = np.random.default_rng(0), 1e-6
    X = rng.integers(0, 200, (4, 4)) * rng.integers(0, 2, (4, 4))
    parts = [rng.normal(size=shape) for shape in ((4, 3), (4, 3), (4,), (4,))]
    _, *gradients = reference.glove_loss_and_gradients(X, *parts)
    for part, gradient in zip(parts, gradients, strict=True):
        for place in np.ndindex(part.shape):
            costs = []
            for step in (h, -h):
                part[place] += step
                costs.append(reference.glove_loss_and_gradients(X, *parts)[0])
                part[place] -= step
            assert gradient[place] == pytest.approx((costs[0] - costs[1]) / (2 * h), rel=1e-5, abs=1e-4)


def score(log_p, seed):
    """Mean log-likelihood of the hidden words, by torch."""
    targets = torch.from_numpy(given.sample("labels_test", seed, "toy language").build())
    return -torch.nn.functional.nll_loss(torch.as_tensor(log_p), targets).item()


def test_the_bar_of_the_language_model_lies_well_between_networks_and_tables():
    """The reference, and tables of pairs and of single words for comparison, on three fresh texts."""
    for seed in (101, 102, 103):
        contexts, targets, test = (
            given.sample(part, seed, "toy language").build() for part in ("X_train", "labels_train", "X_test")
        )
        assert score(reference.train_neural_lm(contexts, targets, test, V, seed), seed) > -3.0
        table = reference.bigram_probabilities(np.append(contexts[:, 2], targets[-1]), V, 0.03)
        assert -4.0 < score(np.log(table[test[:, 2]]), seed) < -3.5
        assert score(np.full((len(test), V), -np.log(V)), seed) == pytest.approx(-5.778, abs=1e-3)


@pytest.mark.parametrize("device", DEVICES)
def test_the_language_model_runs_on_a_device_and_agrees_with_the_cpu(device):
    """In float64; across devices the sums run in another order, which leaves an error below 1e-12 here."""
    torch.manual_seed(0)
    here = reference.NeuralLM(7, 3, 4, 5).double()
    there = reference.NeuralLM(7, 3, 4, 5).double().to(device)
    there.load_state_dict(here.state_dict())
    contexts = torch.randint(0, 7, (6, 3))
    for net, where in ((here, "cpu"), (there, device)):
        net(contexts.to(where)).square().sum().backward()
    for one, other in zip(here.parameters(), there.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad.cpu(), rtol=1e-12, atol=1e-12)


# ------------------------------------------------------------------------------------------ modules by name


class Own(torch.nn.Module):
    """Names of its own, a table for each position, one layer more: whatever `parts` says."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, contexts):
        return torch.zeros(len(contexts), 5)


def usual(**changes):
    from torch.nn import Embedding, Linear

    return Own(**({"embedding": Embedding(5, 2), "hidden": Linear(6, 3), "output": Linear(3, 5)} | changes))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda *sizes: None, "A torch.nn.Module is asked for; nothing (None) came back"),
        (lambda *sizes: torch.nn.Module(), "a module without a forward method"),
        (
            lambda *sizes: Own(emb=torch.nn.Embedding(5, 2)),
            "no parameter of the name embedding.weight; its own are: emb.weight",
        ),
        (lambda *sizes: usual(hidden=torch.nn.Linear(4, 3)), "hidden.weight has shape (3, 4) where (3, 6) is expected"),
        (lambda *sizes: usual(more=torch.nn.Linear(3, 3)), "not asked for: more.weight, more.bias"),
        (lambda *sizes: usual(output=torch.nn.Linear(3, 5, bias=False)), "no parameter of the name output.bias"),
        (lambda *sizes: usual(second=torch.nn.Embedding(5, 2)), "2 tables of shape (5, 2)"),
        (lambda *sizes: usual(embedding=torch.nn.Embedding(15, 2)), "3 tables of shape (5, 2)"),
    ],
)
def test_what_is_no_such_module_gets_a_sentence(made, said):
    case = EXERCISES["NeuralLM"].cases_for(2)[0]
    assert case.arguments[:4] == (5, 3, 2, 3)
    seen = attempt(made, case.arguments, probes.module, views.module_as_asked).output
    assert said in seen[0][WRONG]


def test_a_layer_that_is_registered_twice_counts_once():
    class Twice(reference.NeuralLM):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.all = torch.nn.ModuleList([self.embedding, self.hidden, self.output])

    exercise = EXERCISES["NeuralLM"]
    sheet = Sheet(exercise, 8)
    assert verdict(sheet, [exercise.run(Twice, case) for case in sheet.cases]).status == "right"


def test_a_constant_output_has_no_gradients_and_is_told_of_the_logits_first():
    exercise = EXERCISES["NeuralLM"]
    sheet = Sheet(exercise, 8)

    class Constant(reference.NeuralLM):
        def forward(self, contexts):
            return torch.zeros(len(contexts), self.output.out_features, dtype=torch.float64)

    assert "logits" in verdict(sheet, [exercise.run(Constant, case) for case in sheet.cases]).message


# ------------------------------------------------------------------------------------------ tables of next words


def seen(table, seed=7):
    """What the view makes of a table, as an answer returns it, for the sample of the seed."""
    parts = [given.sample(part, seed, "toy language") for part in ("X_train", "labels_train", "X_test")]
    return attempt(lambda *arguments: table, (*parts, V, 0), probes.table, views.next_words, seed).output


def uniform(rows=2800, words=V):
    return np.full((rows, words), -np.log(words))


def log_softmax(z):
    return torch.log_softmax(torch.as_tensor(z, dtype=torch.float64), dim=1).numpy()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "nothing (None) came back"),
        (uniform()[:-1], "an array of shape (2799, 323) came back"),
        (uniform().T, "an array of shape (323, 2800) came back"),
        (uniform()[0], "an array of shape (323,)"),
        (torch.tensor(uniform()), "a torch tensor of shape (2800, 323)"),
        (uniform().tolist(), "a list of 2800"),
        (uniform() * np.nan, "NaN"),
        (uniform() + 0.01, "sum to 1.01"),
        (uniform() - np.inf, "sum to 0"),
    ],
)
def test_what_is_no_table_of_log_probabilities_gets_a_sentence(table, said):
    assert said in seen(table)[WRONG]


def test_rows_may_sum_to_one_within_a_thousandth_and_impossible_words_may_be_minus_infinity():
    assert seen(uniform() + 9e-4)[WRONG] is None
    certain = np.full((2800, V), -np.inf)
    certain[:, 0] = 0.0
    found = seen(certain)
    assert found[WRONG] is None
    assert found["mean log-likelihood"] == -np.inf


def test_faults_are_named_where_they_show_for_certain_and_not_otherwise():
    rng = np.random.default_rng(0)
    last = given.sample("X_test", 7, "toy language").build()[:, 2]
    assert seen(np.exp(uniform()))["fault"] == "probabilities"
    assert seen(uniform())["fault"] is None
    assert seen(log_softmax(rng.uniform(0, 1, (2800, V))))["fault"] == "softmax twice"
    assert seen(log_softmax(np.log(1.0 + rng.integers(0, 5, (2800, V)))))["fault"] == "counts"
    assert seen(log_softmax(rng.normal(size=(V, V))[last]))["fault"] == "last word"
    assert seen(log_softmax(rng.normal(size=(2800, V))))["fault"] is None
    assert seen(log_softmax(0.3 * rng.normal(size=(2800, V))))["fault"] == "too soon"
    certain = rng.normal(size=(2800, V))
    hits = rng.random(2800) < 0.3
    certain[hits, given.sample("labels_test", 7, "toy language").build()[hits]] += 5
    assert seen(log_softmax(4 * certain))["fault"] == "too sure"


def test_a_network_of_the_last_word_is_refused_however_well_it_is_trained():
    """Its limit is the entropy given one word, 2.833 nats, well beyond the bar."""
    last = given.sample("X_test", 7, "toy language").build()[:, -1]
    p = np.full((V, V), 1e-9)
    for topic in range(4):
        adjectives, nouns, verbs = (
            start + topic * count + np.arange(count) for start, count in ((3, 20), (83, 40), (243, 20))
        )
        p[1:3, adjectives] = 1 / 80
        p[np.ix_(adjectives, nouns)] = 1 / 40
        p[np.ix_(nouns, verbs)] = 1 / 40
        p[nouns, 0] = 1 / 2
        p[np.ix_(verbs, adjectives)] = 1 / 20
    p[0, 1:3] = 1 / 2
    log_p = np.log(p / p.sum(axis=1, keepdims=True))[last]
    assert score(log_p, 7) == pytest.approx(-2.833, abs=0.03)
    found = seen(log_p)
    assert "the words before it make no difference" in found[WRONG]
    assert found["fault"] == "last word"


def test_a_table_at_the_bar_has_no_fault_and_passes():
    contexts, targets, test = (
        given.sample(part, 7, "toy language").build() for part in ("X_train", "labels_train", "X_test")
    )
    found = seen(reference.train_neural_lm(contexts, targets, test, V, 0))
    assert found[WRONG] is None
    assert found["fault"] is None
    assert found["mean log-likelihood"] == pytest.approx(
        score(reference.train_neural_lm(contexts, targets, test, V, 0), 7), abs=1e-5
    )


# ------------------------------------------------------------------------------------------ signs


def test_a_lifted_posterior_is_nearly_right_but_too_large_where_it_is_least():
    right = Outcome("returned", np.array([0.0, 0.25, 0.75]))

    def lifted(*values):
        return signs.lifted(right, right, Outcome("returned", np.array(values)))

    assert lifted(1e-8, 0.25, 0.75)
    assert not lifted(0.0, 0.25, 0.75)
    assert not lifted(0.1, 0.2, 0.7)
    assert not lifted(1e-8, 0.25)


def test_no_weights_are_zeros_nan_or_an_error():
    def has_none(got):
        return signs.no_weights(got, got, got)

    assert has_none(Outcome("returned", np.zeros(3)))
    assert has_none(Outcome("returned", np.array([np.nan, 1.0])))
    assert has_none(Outcome("raised", error="ZeroDivisionError"))
    assert not has_none(Outcome("returned", np.array([0.0, 1.0])))


# ------------------------------------------------------------------------------------------ half-filled answers


HALF_FILLED = {
    "nothing": lambda *arguments: None,
    "text": lambda *arguments: "likelihood times prior",
    "one result too few": lambda *arguments: (1.0, 2.0),
    "an empty list": lambda *arguments: [],
    "a tensor": lambda *arguments: torch.zeros(3),
    "what it is given": lambda *arguments: arguments[0],
}


@pytest.mark.parametrize("kind", HALF_FILLED)
@every_exercise
def test_half_filled_answers_get_a_sentence_and_no_hint(exercise, kind):
    sheet = Sheet(exercise, 3)
    found = verdict(sheet, [exercise.run(HALF_FILLED[kind], case) for case in sheet.cases[:1]] * len(sheet.cases))
    assert found.status != "right"
    assert found.score == 0
    assert found.hint is None
    assert len(found.message) > 20
    assert "Error" not in found.message


def test_the_check_in_the_notebook_says_what_is_missing():
    report = check_exercise(HALF_FILLED["nothing"], EXERCISES["NeuralLM"].frozen())
    assert "A torch.nn.Module is asked for; nothing (None) came back." in str(report)
    report = check_exercise(HALF_FILLED["nothing"], EXERCISES["glove_loss_and_gradients"].frozen())
    assert "5 results are asked for; nothing (None) came back." in str(report)
