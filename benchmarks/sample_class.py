"""A class that hands in lecture 02, right and wrong, in three shapes: for our grader, for stock nbgrader, and for otter-grader.

All three judge the same answers on the same cases and give the same partial credit, so that their scores must be equal.
"""

import copy
import json
import shutil
from pathlib import Path

import nbformat

from autograder.build import instructor_notebook
from autograder.exercise import lecture as exercises_of
from autograder.layout import Course
from autograder.samples.linear_models import RIGHT, WRONG
from course import frozen_cases
from course.frozen_cases import FrozenCase, FrozenExercise

ROOT = Path(__file__).resolve().parent.parent
LECTURE = "02_linear_models"

STOCK_CONFIGURATION = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
c.ClearMarkScheme.enforce_metadata = False
"""

# What a teacher would write by hand into a test cell, with partial credit. It runs in the student's kernel and trusts it.
STOCK_CHECK = """\
### BEGIN HIDDEN TESTS
import json
from benchmarks.plain_check import score
score({name}, json.loads({data!r}))
### END HIDDEN TESTS
"""

OTTER_CHECK = """\
import json
from benchmarks.plain_check import passes
from otter.test_files import test_case

OK_FORMAT = False
name = {name!r}
points = None
DATA = json.loads({data!r})
found = []

def passed(env, index):
    if not found:
        found.extend(passes(env[name], DATA))
    assert found[index] and any(ok and not edge for ok, edge in zip(found, DATA["edges"]))
"""
OTTER_CASE = """
@test_case(points={points!r})
def test_{index}(env):
    passed(env, {index})
"""


def answers(number):
    """The answers of the student of this number: right in one of several styles, and for every other one mistake."""
    found = {exercise: sources[number % len(sources)].strip() for exercise, sources in RIGHT.items()}
    if number % 2:
        exercise = list(WRONG)[number // 2 % len(WRONG)]
        mistakes = list(WRONG[exercise].values())
        found[exercise] = mistakes[number // (2 * len(WRONG)) % len(mistakes)].strip()
    return found


def filled(notebook, given):
    """A copy of a released notebook with answers in it."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.metadata.get("exercise") in given:
            cell.source = given[cell.metadata["exercise"]]
    return notebook


def hand_in(folder, released, size):
    for number in range(size):
        path = folder / "submitted" / f"student-{number:04d}" / LECTURE / f"{LECTURE}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(nbformat.writes(filled(released, answers(number))), encoding="utf-8")


def our_course(folder, size):
    """A course for `autograder grade`."""
    folder.mkdir(parents=True)
    for part in ("source", "release"):
        shutil.copytree(ROOT / part / LECTURE, folder / part / LECTURE)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    hand_in(folder, nbformat.read(folder / "release" / LECTURE / f"{LECTURE}.ipynb", as_version=4), size)
    return folder


def stock_course(folder, size, seed):
    """The same for `nbgrader autograde` as it comes: the cases stand in hidden test cells. Its release step is still to run."""
    notebook = instructor_notebook(Course(ROOT).lecture(LECTURE))
    data = cases(seed)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("check_")
        if cell.metadata.get("nbgrader", {}).get("grade") and name in data:
            cell.source = STOCK_CHECK.format(name=name, data=json.dumps(data[name]))
        if "exercise" in cell.metadata:
            cell.source = cell.source
    path = folder / "source" / LECTURE / f"{LECTURE}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    (folder / "nbgrader_config.py").write_text(STOCK_CONFIGURATION, encoding="utf-8")
    return folder


def otter_tests(folder, seed):
    """The same as test files of otter-grader, one test case a case."""
    folder.mkdir(parents=True)
    for name, data in cases(seed).items():
        total = sum(data["weights"])
        text = OTTER_CHECK.format(name=name, data=json.dumps(data))
        for index, weight in enumerate(data["weights"]):
            text += OTTER_CASE.format(points=data["exercise"]["points"] * weight / total, index=index)
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def cases(seed):
    """For each exercise what `plain_check` needs: the cases of this seed, the right outcomes, weights."""
    found = {}
    for exercise in exercises_of(LECTURE[3:]).values():
        made = exercise.cases_for(seed)
        frozen = FrozenExercise(
            exercise.id, exercise.points, exercise.probe.__name__, exercise.parameters, exercise.outputs, exercise.tolerance,
            tuple(FrozenCase(case.name, case.arguments, exercise.right_outcome(case), case.edge) for case in made), (),
        )  # fmt: skip
        found[exercise.id] = {
            "exercise": frozen_cases.freeze(frozen),
            "weights": [case.weight for case in made],
            "edges": [case.edge for case in made],
        }
    return found
