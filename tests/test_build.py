"""From what authors write to what students open: the same every time, nothing left in it, and each misuse named."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.exercise import lecture
from autograder.layout import Course, CourseError, is_safe_name
from course import frozen_cases

ROOT = Path(__file__).parents[1]

SCRIPT = """\
# ---
# jupyter:
#   course:
#     title: Tiny
#     minutes: 10
#     promise: Everything small
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown] covers="01.01"
# # Tiny

# %% setup=true
from course import check

# %% exercise="double"

# %%
print("a figure")

# %% [markdown] written="why" points=2
# BEGIN SOLUTION
# Because a number is added to itself.
# BEGIN MARK SCHEME
# 2 points for addition
# END MARK SCHEME
# END SOLUTION
"""
REFERENCE = '''\
def double(x):
    """Twice x.

    x a number -> a number
    """
    # BEGIN SOLUTION
    return x + x
    # END SOLUTION
'''
CASES = """\
import tiny_reference as reference
from autograder.exercise import Exercise
from course.case import Case


def numbers(rng):
    yield Case("one", float(rng.integers(1, 9)))
    yield Case("two", float(rng.integers(1, 9)))


double = Exercise(reference.double, points=1, cases=numbers)
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Writes a course with one small lecture and goes there; what an author would change can be given."""

    def write(script=SCRIPT, reference=REFERENCE, cases=CASES):
        shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
        folder = tmp_path / "source" / "01_tiny"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "01_tiny.py").write_text(script)
        for name, text in (("tiny_reference", reference), ("autograder.cases.tiny", cases)):
            path = tmp_path / f"{name}.py"
            path.write_text(text)
            spec = importlib.util.spec_from_file_location(name, path)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return write


def notebook(root):
    return nbformat.read(root / "release" / "01_tiny" / "01_tiny.ipynb", as_version=4)


def test_a_long_cell_that_draws_is_collapsed_and_no_other(tiny):
    long = "\n".join(f"y = {i}" for i in range(12))
    script = f"{SCRIPT}\n# %%\n{long}\nshow(figure, alt='')\n\n# %%\n{long}\nz = 1\n\n# %%\nshow(figure, alt='')\n"
    root = tiny(script=script)
    assert build.main([]) == 0
    *_, drawn, long_one, short = notebook(root).cells
    assert drawn.metadata["jupyter"] == {"source_hidden": True}
    assert "jupyter" not in long_one.metadata
    assert "jupyter" not in short.metadata


def test_a_lecture_becomes_a_notebook_with_stubs_and_frozen_cases(tiny):
    root = tiny()
    assert build.main([]) == 0
    cells = notebook(root).cells
    nbformat.validate(notebook(root))
    stub = '# YOUR CODE HERE\n    raise NotImplementedError("not written yet")'
    assert [cell.source for cell in cells] == [
        "# Tiny",
        "from course import check",
        f'def double(x):\n    """Twice x.\n\n    x a number -> a number\n    """\n    {stub}',
        "check(double)",
        'print("a figure")',
        "*Your answer here.*",
    ]
    frozen = json.loads((root / "course" / "frozen" / "double.json").read_text())
    assert [case["right"] for case in frozen["cases"]] == [
        {"output": 2 * case["arguments"][0]} for case in frozen["cases"]
    ]
    assert "Tiny" in (root / "release" / "index.md").read_text()


def test_the_released_cells_carry_the_marks_that_nbgrader_and_the_judge_read(tiny):
    root = tiny()
    build.main([])
    _, setup, answer, check, figure, written = (cell.metadata for cell in notebook(root).cells)
    kept = ("grade", "grade_id", "locked", "solution", "points")
    marks = [{k: cell.nbgrader[k] for k in kept if k in cell.nbgrader} for cell in (setup, answer, check, written)]
    assert marks == [
        {"grade": False, "grade_id": "setup", "locked": True, "solution": False},
        {"grade": False, "grade_id": "double", "locked": False, "solution": True},
        {"grade": True, "grade_id": "check_double", "locked": True, "solution": False, "points": 1.0},
        {"grade": True, "grade_id": "why", "locked": False, "solution": True, "points": 2.0},
    ]
    assert answer.exercise == "double"
    assert written.written == "why"
    assert "nbgrader" not in figure
    assert notebook(root).cells[0].metadata.covers == "01.01"


def test_the_instructors_notebook_holds_solution_and_mark_scheme(tiny):
    root = tiny()
    build.main([])
    text = (root / "source" / "01_tiny" / "01_tiny.ipynb").read_text()
    assert "return x + x" in text
    assert "2 points for addition" in text


def test_a_second_build_writes_the_same_bytes_and_says_nothing(tiny, capsys):
    root = tiny()
    build.main([])
    first = snapshot(root)
    capsys.readouterr()
    assert build.main([]) == 0
    assert capsys.readouterr().out == ""
    for path in first:
        (root / path).unlink()
    assert build.main([]) == 0
    assert snapshot(root) == first


def snapshot(root):
    paths = [path for folder in ("release", "course") for path in (root / folder).rglob("*") if path.is_file()]
    return {path.relative_to(root): path.read_bytes() for path in paths}


def test_the_lectures_here_build_to_the_bytes_that_were_committed_but_for_last_digits():
    course = Course(ROOT)
    for path, text in build.all_files(course, course.lectures()):
        assert build.same(path.read_text(encoding="utf-8"), text), path


def test_building_twice_in_one_process_gives_the_same_text():
    (item, *_) = Course(ROOT).lectures()
    texts = [build.release(item, build.instructor_notebook(item)) for _ in range(2)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (lambda root: edit(root / "source/01_tiny/01_tiny.py", "# # Tiny", "# # Tinier"), "release/01_tiny/01_tiny.ipynb"),
        (lambda root: edit(root / "source/01_tiny/01_tiny.py", "title: Tiny", "title: Little"), "release/index.md"),
        (lambda root: edit(root / "course/frozen/double.json", '"one"', '"first"'), "course/frozen/double.json"),
        (lambda root: edit(root / "release/01_tiny/01_tiny.ipynb", "a figure", "no figure"), "release/01_tiny/01_tiny.ipynb"),
        (lambda root: (root / "course/frozen/double.json").unlink(), "course/frozen/double.json"),
        (lambda root: (root / "release/01_tiny/01_tiny.ipynb").write_text(""), "release/01_tiny/01_tiny.ipynb"),
        (lambda root: shutil.copy(root / "course/frozen/double.json", root / "course/frozen/triple.json"), "course/frozen/triple.json"),
    ],
)  # fmt: skip
def test_check_fails_after_a_change_names_the_file_and_writes_nothing(tiny, capsys, change, stale):
    root = tiny()
    build.main([])
    assert build.main(["--check"]) == 0
    change(root)
    before = snapshot(root)
    capsys.readouterr()
    assert build.main(["--check"]) == 1
    said = capsys.readouterr()
    assert stale in said.out
    assert "Run `make release`" in said.err
    assert snapshot(root) == before


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_last_digit_of_a_number_makes_nothing_out_of_date(tiny):
    root = tiny()
    build.main([])
    path = root / "course" / "frozen" / "double.json"
    data = json.loads(path.read_text())
    data["cases"][0]["right"]["output"] *= 1 + 1e-15
    path.write_text(json.dumps(data))
    assert build.main(["--check"]) == 0
    data["cases"][0]["right"]["output"] *= 1 + 1e-6
    path.write_text(json.dumps(data))
    assert build.main(["--check"]) == 1


def test_what_somebody_keeps_in_release_beside_the_notebook_is_left_alone(tiny):
    root = tiny()
    build.main([])
    (root / "release" / "01_tiny" / "my own.ipynb").write_text("{}")
    assert build.main(["--check"]) == 0
    assert build.main([]) == 0
    assert (root / "release" / "01_tiny" / "my own.ipynb").read_text() == "{}"


WRITTEN = SCRIPT[SCRIPT.index("# %% [markdown] written") :]
MISUSES = {
    "an exercise that has no cases": (
        {"script": SCRIPT.replace('exercise="double"', 'exercise="triple"')},
        "01_tiny.py: no exercise 'triple' in autograder/cases/tiny.py",
    ),
    "a cell that is not empty": (
        {"script": SCRIPT.replace('exercise="double"\n', 'exercise="double"\nx = 1\n')},
        "01_tiny.py: the cell of double must be an empty code cell",
    ),
    "an exercise cell of text": (
        {"script": SCRIPT.replace('# %% exercise="double"', '# %% [markdown] exercise="double"')},
        "01_tiny.py: the cell of double must be an empty code cell",
    ),
    "an exercise twice": ({"script": SCRIPT + '\n# %% exercise="double"\n'}, "01_tiny.py: the exercises of the script"),
    "an exercise left out": (
        {"script": SCRIPT.replace('# %% exercise="double"\n', "")},
        "01_tiny.py: the exercises of the script and of its cases differ: double",
    ),
    "a solution without marks": (
        {"reference": REFERENCE.replace("    # BEGIN SOLUTION\n", "").replace("    # END SOLUTION\n", "")},
        "autograder/reference/tiny.py: double needs one # BEGIN SOLUTION",
    ),
    "a solution without its end": (
        {"reference": REFERENCE.replace("    # END SOLUTION\n", "")},
        "autograder/reference/tiny.py: double needs one # BEGIN SOLUTION",
    ),
    "a solution that ends before it begins": (
        {"reference": REFERENCE.replace("BEGIN", "X").replace("END", "BEGIN").replace("X", "END")},
        "autograder/reference/tiny.py: double needs one # BEGIN SOLUTION",
    ),
    "a written answer without points": (
        {"script": SCRIPT.replace(" points=2", "")},
        "01_tiny.py: the written answer why needs points=N",
    ),
    "a written answer with points in words": (
        {"script": SCRIPT.replace("points=2", 'points="two"')},
        "01_tiny.py: the written answer why needs points=N, a number above 0; it has 'two'",
    ),
    "a written answer below zero": (
        {"script": SCRIPT.replace("points=2", "points=-2")},
        "01_tiny.py: the written answer why",
    ),
    "a written answer without a mark scheme": (
        {"script": SCRIPT.replace("# BEGIN MARK SCHEME\n", "").replace("# END MARK SCHEME\n", "")},
        "01_tiny.py: the written answer why lacks its BEGIN MARK SCHEME",
    ),
    "a written answer in a code cell": (
        {"script": SCRIPT.replace("[markdown] written", "written")},
        "01_tiny.py: the written answer why must be a [markdown] cell",
    ),
    "one id for two things": (
        {"script": SCRIPT.replace('"why"', '"double"')},
        "01_tiny.py: two cells have the id double",
    ),
    "two cells of imports": (
        {"script": SCRIPT + "\n# %% setup=true\nimport numpy\n"},
        "01_tiny.py: two cells have the id setup",
    ),
    "a solution in the text": (
        {"script": SCRIPT + "\n# %% [markdown]\n# BEGIN SOLUTION\n# no\n# END SOLUTION\n"},
        "01_tiny.py: 'BEGIN SOLUTION' outside a written answer",
    ),
    "hidden tests": (
        {"script": SCRIPT + "\n# %%\n### BEGIN HIDDEN TESTS\nassert 1\n### END HIDDEN TESTS\n"},
        "01_tiny.py: 'BEGIN HIDDEN TESTS' outside a written answer",
    ),
    "a head without a title": (
        {"script": SCRIPT.replace("#     title: Tiny\n", "")},
        "01_tiny.py: the head lacks title",
    ),
    "a head that is no YAML": ({"script": SCRIPT.replace("title: Tiny", "title: [Tiny")}, "01_tiny.py can't be read"),
    "a case that the reference can't do": (
        {"cases": CASES.replace("float(rng.integers(1, 9))", '"a", "b"', 1)},
        "autograder/cases/tiny.py: double, 'one': the reference raised TypeError",
    ),
    "two cases of one name": (
        {"cases": CASES.replace('"two"', '"one"')},
        "autograder/cases/tiny.py: double: two cases have the same name: 'one'",
    ),
    "cases that are too large": (
        {"cases": CASES.replace("float(rng.integers(1, 9))", "rng.normal(size=9000)", 1)},
        "autograder/cases/tiny.py: the visible cases of double have",
    ),
}


@pytest.mark.parametrize(("changed", "said"), MISUSES.values(), ids=MISUSES)
def test_each_misuse_is_named_with_its_file_and_nothing_is_written(tiny, capsys, changed, said):
    root = tiny(**changed)
    assert build.main([]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert snapshot(root) == {}


def test_a_lecture_without_cases_is_named(tiny, capsys, monkeypatch):
    tiny()
    monkeypatch.setitem(sys.modules, "autograder.cases.tiny", None)
    assert build.main([]) == 2
    assert "01_tiny.py has no exercises: there is no autograder/cases/tiny.py" in capsys.readouterr().err


def test_commands_outside_a_course_and_for_unknown_lectures_say_so(tiny, capsys, tmp_path, monkeypatch):
    tiny()
    assert build.main(["07"]) == 2
    assert "There is no lecture '07' in source/; there are: 01_tiny." in capsys.readouterr().err
    assert build.main(["1"]) == build.main(["tiny"]) == build.main(["01_tiny"]) == 0
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    monkeypatch.chdir(elsewhere)
    capsys.readouterr()
    assert build.main([]) == 2
    assert "is not inside a course" in capsys.readouterr().err


def test_nothing_of_a_solution_or_a_mark_scheme_is_left_in_the_release():
    for item in Course(ROOT).lectures():
        text = item.released.read_text(encoding="utf-8")
        assert not build.MARK.search(text)
        instructor = build.instructor_notebook(item)
        hidden = [cell for cell in instructor.cells if "exercise" in cell.metadata or "written" in cell.metadata]
        for cell in hidden:
            body = cell.source[cell.source.index("BEGIN SOLUTION") : cell.source.rindex("END SOLUTION")].splitlines()[
                1:-1
            ]
            lines = [line.strip("#> ") for line in body if len(line.strip()) > 22 and not build.MARK.search(line)]
            assert lines
            released = " ".join(released_text(item).split())
            assert [line for line in lines if " ".join(line.split()) in released] == [], cell.id


def released_text(item):
    return "\n".join(cell.source for cell in nbformat.read(item.released, as_version=4).cells)


def test_a_mark_that_is_left_is_never_released():
    cells = [nbformat.v4.new_markdown_cell("### BEGIN MARK SCHEME\n1 point", id="left")]
    left = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    with pytest.raises(CourseError, match="'BEGIN MARK SCHEME' is left in the released cell left"):
        build.tidy(left)


def test_visible_cases_hold_no_truth_and_no_weight():
    for exercise in lecture("linear_models").values():
        data = frozen_cases.freeze(exercise.frozen())
        assert {key for case in data["cases"] for key in case} == {"name", "arguments", "right", "edge"}


@pytest.mark.parametrize("name", ["anna", "Anna-Lena O", "a.b@c.de", "x" * 200, "Åsa", "学生", "2024_007"])
def test_ordinary_names_of_students_are_safe(name):
    assert is_safe_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\nb", "a\0b", "x" * 201, " a", "a:b", "$(a)", "a\n"]
)
def test_names_that_could_lead_elsewhere_are_not(name):
    assert not is_safe_name(name)
