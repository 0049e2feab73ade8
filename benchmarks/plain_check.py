"""The check of the stock tools in the benchmark: call the answer in its own kernel, compare there, believe it."""

from course import probes
from course.attempt import attempt
from course.case import difference
from course.frozen_cases import thaw


def passes(answer, data):
    """For each case, whether the answer gives what the reference gave."""
    exercise = thaw(data["exercise"])
    probe = getattr(probes, exercise.probe)
    return [
        difference(
            case.right,
            attempt(answer, case.arguments, probe),
            exercise.tolerance.for_arguments(case.arguments),
            exercise.outputs,
            exercise.parameters,
        )
        is None
        for case in exercise.cases
    ]


def score(answer, data):
    """Points: the share of the case weights that passed; at least one case that is not an edge case must."""
    found = passes(answer, data)
    if not any(ok and not edge for ok, edge in zip(found, data["edges"], strict=True)):
        return 0.0
    share = sum(weight for ok, weight in zip(found, data["weights"], strict=True) if ok) / sum(data["weights"])
    return float(round(data["exercise"]["points"] * share, 4))
