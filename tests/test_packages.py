"""What students get holds no solution: their wheel, release/, the bundle and course/ are searched for every one."""

import ast
import inspect
import json
import re
import subprocess
import sys
import textwrap
import zipfile
from importlib import import_module
from pathlib import Path

import leaks
import pytest

from autograder import bundle
from autograder.exercise import lecture
from autograder.layout import Course

ROOT = Path(__file__).resolve().parent.parent
TOPICS = sorted(path.stem for path in (ROOT / "autograder" / "reference").glob("[a-z]*.py"))
EXERCISES = {exercise.id: exercise for topic in TOPICS for exercise in lecture(topic).values()}
FORMULA = 24  # nodes; a lecture may print a formula that goes wrong in floating point, which a mistake uses too


@pytest.fixture(scope="module")
def secrets():
    """name -> fingerprints: the solutions, the catalogued mistakes, and what else the modules of the cases define."""
    found = {name: leaks.of_function(inspect.getsource(exercise.reference)) for name, exercise in EXERCISES.items()}
    for topic in TOPICS:
        module = ast.parse(inspect.getsource(import_module(f"autograder.cases.{topic}")))
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                label = f"{node.name} (a case or a mistake of {topic})"
                found[label] = found.get(label, set()) | leaks.of_function(ast.unparse(node), FORMULA)
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return bundle.student_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def archive(wheel, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "networks-by-hand-0.1.0.zip"
    bundle.archive(path, bundle.contents(Course(ROOT), wheel))
    return path


def test_every_solution_is_large_enough_to_be_searched_for(secrets):
    assert EXERCISES
    assert [name for name in EXERCISES if not secrets[name]] == []


def test_the_wheel_holds_the_course_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    strange = [name for name in names if not name.startswith(("course/", "networks_by_hand-0.1.0.dist-info/"))]
    setting = "etc/jupyter/jupyter_server_config.d/networks-by-hand.json"  # enables course.server
    assert strange == [f"networks_by_hand-0.1.0.data/data/{setting}"]
    assert [name for name in names if name.endswith((".pyc", ".ipynb"))] == []
    shipped = {name for name in names if name.startswith("course/")}
    there = {f"course/{name}" for name in leaks.files_under(ROOT / "course")}
    assert shipped == there


def test_no_solution_is_in_the_wheel(wheel, secrets):
    assert leaks.search({wheel.name: wheel.read_bytes()}, secrets) == []


@pytest.mark.parametrize("folder", ["course", "release"])
def test_no_solution_is_in_the_folder(folder, secrets):
    files = leaks.files_under(ROOT / folder)
    assert files
    assert leaks.search(files, secrets) == []


def test_no_solution_is_in_the_bundle(archive, secrets):
    assert leaks.search({archive.name: archive.read_bytes()}, secrets) == []


def test_the_bundle_holds_what_a_student_needs_and_nothing_else(archive):
    names = {name.split("/", 1)[1] for name in zipfile.ZipFile(archive).namelist()}
    lectures = {f"lectures/{item.name}/{item.name}.ipynb" for item in Course(ROOT).lectures()}
    wheel = "networks_by_hand-0.1.0-py3-none-any.whl"
    assert names == {"README.md", "environment.yml", "requirements.lock", wheel, "lectures/index.md"} | lectures


def test_the_bundle_repeats_byte_for_byte(archive, tmp_path):
    again = tmp_path / archive.name
    bundle.archive(again, bundle.contents(Course(ROOT), bundle.student_wheel(ROOT, tmp_path)))
    assert again.read_bytes() == archive.read_bytes()


def test_the_bundle_installs_what_the_student_needs_and_no_teachers_tool(archive):
    with zipfile.ZipFile(archive) as opened:
        lock = opened.read(f"{archive.stem}/requirements.lock").decode()
    names = re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)
    assert {"torch", "numpy", "scipy", "jupyterlab", "ipykernel", "colorama", "appnope", "pywinpty"} <= set(names)
    assert not {"nbgrader", "jupytext", "pytest", "playwright", "pip-tools"} & set(names)


def model_answers():
    """The lines of the model answers and mark schemes of written questions, as authors wrote them."""
    for item in Course(ROOT).lectures():
        inside = False
        for line in item.script.read_text(encoding="utf-8").splitlines():
            if leaks.MARKS.search(line):
                inside = "BEGIN" in line
            elif inside and len(words(line)) > 40:
                yield words(line)


def words(text):
    """A text without marks, spaces and case."""
    return re.sub(r"\W+", "", text).lower()


def test_no_model_answer_and_no_mark_scheme_is_in_what_students_get(archive):
    answers = set(model_answers())
    assert answers
    found = "\n".join(words(text) for _, text in leaks.texts(archive.name, archive.read_bytes()))
    assert [answer for answer in answers if answer in found] == []


def test_the_course_never_imports_the_autograder():
    for path in (ROOT / "course").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("autograder", "tests")], path


def test_importing_the_course_loads_neither_torch_nor_widgets():
    code = "import course, sys; print([name for name in ('torch', 'ipywidgets', 'anywidget') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_imports_of_a_notebook_give_what_they_name():
    code = "from course import check, data, figure, given; check.__call__; data.digits; figure.show; given.layout"
    subprocess.run([sys.executable, "-c", code], check=True)


# --------------------------------------------------------------------------------------- does the search find anything?


def solution(name):
    """The statements of a solution, without the marks."""
    definition = ast.parse(inspect.getsource(EXERCISES[name].reference)).body[0]
    return ast.Module(leaks.without_docstring(definition.body), [])


class OtherNames(ast.NodeTransformer):
    def visit_Name(self, node):
        return node if node.id in leaks.KEPT_NAMES else ast.Name(f"my_{node.id}", node.ctx)


def as_it_stands(name):
    return "planted.py", inspect.getsource(EXERCISES[name].reference).replace("BEGIN SOLUTION", "").replace(
        "END SOLUTION", ""
    )


def under_other_names(name):
    renamed = ast.unparse(ast.fix_missing_locations(OtherNames().visit(solution(name))))
    return "planted.py", f"def draw():\n{textwrap.indent(renamed, '    ')}\n"


def among_other_code(name):
    body = textwrap.indent(ast.unparse(solution(name)), "        ")
    return "planted.py", f"class Drawing:\n    def draw(self):\n        before = 1\n{body}\n"


def in_a_notebook(name):
    source = [f"{line}\n" for line in ("%matplotlib inline", "def f():", *indented(name).splitlines())]
    return "planted.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": source, "metadata": {}}]})


def in_a_notebooks_text(name):
    source = f"Try this:\n\n```python\ndef f():\n{indented(name)}\n```\n\nIt works."
    return "planted.ipynb", json.dumps({"cells": [{"cell_type": "markdown", "source": source, "metadata": {}}]})


def in_a_frozen_case(name):
    return "planted.json", json.dumps({"cases": [{"hint": f"def f():\n{indented(name)}"}]})


def indented(name):
    return textwrap.indent(ast.unparse(solution(name)), "    ")


PLANTED = (as_it_stands, under_other_names, among_other_code, in_a_notebook, in_a_notebooks_text, in_a_frozen_case)


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("name", EXERCISES)
def test_a_planted_solution_is_found(name, plant, secrets):
    path, text = plant(name)
    found = leaks.search({path: text.encode()}, secrets)
    assert any(f"holds code of {name}" in line for line in found), found


def test_a_planted_solution_is_found_inside_a_wheel_inside_an_archive(secrets, tmp_path):
    name = next(iter(EXERCISES))
    with zipfile.ZipFile(tmp_path / "course.whl", "w") as inner:
        inner.writestr("course/figure.py", as_it_stands(name)[1])
    with zipfile.ZipFile(tmp_path / "handed-out.zip", "w") as outer:
        outer.write(tmp_path / "course.whl", "course.whl")
    found = leaks.search({"handed-out.zip": (tmp_path / "handed-out.zip").read_bytes()}, secrets)
    assert any(f"handed-out.zip/course.whl/course/figure.py holds code of {name}" in line for line in found)


def test_a_mark_is_found():
    assert leaks.search({"a.py": b"# BEGIN SOLUTION\n"}, {}) == ["a.py holds the mark 'BEGIN SOLUTION'"]
