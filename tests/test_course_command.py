"""`course check NOTEBOOK` and `course doctor`, from the shell."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.exercise import lecture
from autograder.layout import Course
from course.command import main, read_code

ROOT = Path(__file__).parents[1]
EXERCISES = lecture("linear_models")
(LECTURE,) = [item for item in Course(ROOT).lectures() if item.topic == "linear_models"]
FEATURES = "import numpy as np\n\ndef polynomial_features(x, degree):\n    return x.astype(float)[:, None] ** np.arange(degree + 1)"


@pytest.fixture
def write(tmp_path):
    """Writes a notebook of these code cells and gives its path."""

    def write(*sources):
        path = tmp_path / "mine.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources]), path)
        return path

    return write


def test_a_notebook_with_right_answers_passes(write, capsys):
    assert main(["check", str(write(FEATURES))]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("polynomial_features: visible cases passed: 7 of 7; others are run at grading.")
    assert said.err == ""


def test_the_released_notebook_names_every_exercise_that_is_to_be_written(capsys):
    assert main(["check", str(LECTURE.released)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines) == sorted(EXERCISES)
    assert all(
        "is not written yet. Replace the line that raises NotImplementedError by your code." in line for line in lines
    )


def test_the_released_notebook_with_all_solutions_passes(tmp_path, capsys):
    notebook = nbformat.read(LECTURE.released, as_version=4)
    for cell in notebook.cells:
        if "exercise" in cell.metadata:
            cell.source = inspect.getsource(EXERCISES[cell.metadata["exercise"]].reference)
    nbformat.write(notebook, tmp_path / "solved.ipynb")
    assert main(["check", str(tmp_path / "solved.ipynb")]) == 0
    out = capsys.readouterr().out
    assert len(re.findall(r"visible cases passed: (\d+) of \1;", out)) == len(EXERCISES)


def test_demos_are_not_run_and_helpers_are(write, capsys):
    path = write(
        "print('a demo'); 1 / 0",
        "weights = [print('training')]",
        "import numpy as np",
        "def powers(x, degree):\n    return x.astype(float)[:, None] ** np.arange(degree + 1)",
        "def polynomial_features(x, degree):\n    return powers(x, degree)",
        "check(polynomial_features)",
        "raise SystemExit",
    )
    assert main(["check", str(path)]) == 0
    assert "a demo" not in (out := capsys.readouterr().out)
    assert "training" not in out


@pytest.mark.parametrize("magic", ["%%time", "%%capture", "%matplotlib inline\n!ls\n%pip install nothing"])
def test_magics_do_nothing_but_what_they_wrap_is_run(write, capsys, magic):
    assert main(["check", str(write(f"{magic}\n{FEATURES}"))]) == 0
    assert "7 of 7" in capsys.readouterr().out


def test_a_wrong_answer_gets_its_hint_and_the_exit_status_says_so(write, capsys):
    assert main(["check", str(write(FEATURES.replace("degree + 1", "degree")))]) == 1
    assert f"Hint: {EXERCISES['polynomial_features'].mistakes['one_power_short'].hint}" in capsys.readouterr().out


def test_an_error_shows_the_line_of_the_notebook(write, capsys):
    assert main(["check", str(write("def polynomial_features(x, degree):\n    y = x\n    return y.nonsense"))]) == 1
    out = capsys.readouterr().out
    assert "It raised AttributeError: 'numpy.ndarray' object has no attribute 'nonsense'" in out
    assert "in line 3: return y.nonsense" in out
    assert "Traceback" not in out


def test_one_cell_that_cannot_run_leaves_the_others(write, capsys):
    path = write("def fit_ridge(X, t, lam:\n    return 1", FEATURES, "def standardize(a, b):\n    return a, b\nexit()")
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "fit_ridge: cell 1 can't be run: SyntaxError" in out
    assert "polynomial_features: visible cases passed: 7 of 7" in out
    assert "standardize: cell 3 can't be run: SystemExit" in out
    assert "standardize: visible cases passed:" in out  # the function was there before the cell ended


def test_an_answer_that_is_gone_after_its_cell_is_told(write, capsys):
    assert main(["check", str(write(FEATURES + "\ndel polynomial_features"))]) == 1
    assert "polynomial_features: cell 1 ran, but there is nothing of that name after it." in capsys.readouterr().out


def test_an_answer_under_another_functions_name_is_checked_as_the_judge_would(write, capsys):
    source = FEATURES.replace("polynomial_features", "powers") + "\npolynomial_features = powers"
    assert main(["check", str(write(source))]) == 0
    assert "polynomial_features: visible cases passed: 7 of 7" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["3", "'text'", "None", "np"])
def test_an_answer_that_is_no_function_gets_a_sentence(write, capsys, value):
    assert main(["check", str(write(f"import numpy as np\npolynomial_features = {value}"))]) == 1
    assert "is not callable" in capsys.readouterr().out


def test_a_notebook_without_exercises_says_which_there_are(write, capsys):
    assert main(["check", str(write("x = 1"))]) == 2
    assert "mine.ipynb defines no exercise of this course. There are: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b'{"cells": [{"cell_type": "code"}]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_notebook_is_named(tmp_path, capsys, content):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(content)
    assert main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert f"{path} is not a notebook that can be read" in error
    assert "Traceback" not in error


def test_missing_files_and_folders_are_named(tmp_path, capsys):
    assert main(["check", str(tmp_path / "none.ipynb")]) == 2
    assert f"There is no file {tmp_path / 'none.ipynb'}." in capsys.readouterr().err
    assert main(["check", str(tmp_path)]) == 2
    assert "is not a notebook that can be read" in capsys.readouterr().err


def test_sources_may_be_text_or_lines(tmp_path):
    path = tmp_path / "mine.ipynb"
    cells = [
        {"cell_type": "code", "source": ["x = 1\n", "y = 2"]},
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": "z = 3"},
    ]
    path.write_text(json.dumps({"cells": cells}))
    assert read_code(path) == ["x = 1\ny = 2", "z = 3"]


def test_the_installed_command_runs(write):
    command = Path(sys.executable).with_name("course")
    done = subprocess.run([command, "check", write(FEATURES)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 of 7" in done.stdout
    assert subprocess.run([command], capture_output=True).returncode == 2
    told = subprocess.run([command, "--help"], capture_output=True, text=True).stdout
    assert "check" in told
    assert "doctor" in told
