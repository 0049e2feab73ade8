"""The path of a class, through the commands that teachers type: release, submissions, grading, gradebook, feedback, export."""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.samples.linear_models import RIGHT, WRONG

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LECTURE = "02_linear_models"


@pytest.fixture
def ground(tmp_path):
    """A course to grade in: sources, releases and configuration, nobody has handed in."""
    for part in ("source", "release"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.ipynb_checkpoints"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return tmp_path


def notebook(answers):
    """The released notebook with these answers in it."""
    found = nbformat.read(ROOT / "release" / LECTURE / f"{LECTURE}.ipynb", as_version=4)
    for cell in found.cells:
        if cell.metadata.get("exercise") in answers:
            cell.source = answers[cell.metadata["exercise"]]
    return found


def all_right(**changed):
    return notebook({exercise: sources[0] for exercise, sources in RIGHT.items()} | changed)


def hand_in(ground, student, work, lecture=LECTURE):
    path = ground / "submitted" / student / lecture / f"{lecture}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(work if isinstance(work, str) else nbformat.writes(work), encoding="utf-8")
    return path


def command(ground, *words, **options):
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        [str(word) for word in words],
        cwd=ground,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def grade(ground, *words):
    done = command(ground, "autograder", "grade", LECTURE, "--json", ground / "rows.json", *words)
    rows = json.loads((ground / "rows.json").read_text()) if (ground / "rows.json").exists() else []
    return done, {(row["student"], row["exercise"]): row for row in rows}


def gradebook_scores(ground, name="grades.csv"):
    with open(ground / name, newline="") as file:
        return {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}


def points(rows, student):
    return sum(row["score"] for (name, _), row in rows.items() if name == student)


@pytest.mark.sandbox
def test_a_class_goes_from_release_to_feedback_by_our_commands_and_by_nbgraders_with_the_same_scores(ground):
    hand_in(ground, "ada", all_right())
    hand_in(ground, "ben", all_right(softmax_cross_entropy=WRONG["softmax_cross_entropy"]["sum_not_mean"]))
    hand_in(ground, "eve", notebook({}))
    done, rows = grade(ground)
    assert done.returncode == 0, done.stderr
    assert points(rows, "ada") == 16
    assert points(rows, "eve") == 0
    ben = rows["ben", "softmax_cross_entropy"]
    assert (ben["hint"], ben["status"]) == ("sum_not_mean", "differs")
    assert set(ben) == set("student lecture exercise points score status hint message seconds".split())
    assert command(ground, "autograder", "feedback", LECTURE).returncode == 0
    page = (ground / "feedback" / "ben" / LECTURE / f"{LECTURE}.html").read_text(encoding="utf-8")
    assert "Loss and gradient are N times too large" in page
    assert "For graders" not in page
    assert page.count("<mfrac>") > 10
    assert "\\frac" not in page
    assert command(ground, "autograder", "export").returncode == 0
    ours = gradebook_scores(ground)
    assert ours == {student: pytest.approx(points(rows, student)) for student in ("ada", "ben", "eve")}

    for words in (
        ("autograde", LECTURE, "--force"),
        ("generate_feedback", LECTURE, "--force"),
        ("export",),
    ):
        done = command(ground, "nbgrader", *words)
        assert done.returncode == 0, done.stderr[-2000:]
    assert gradebook_scores(ground) == ours
    page = (ground / "feedback" / "ben" / LECTURE / f"{LECTURE}.html").read_text(encoding="utf-8")
    assert "Loss and gradient are N times too large" in page
    assert "For graders" not in page


@pytest.mark.sandbox
def test_written_answers_wait_for_a_person_with_their_mark_scheme_and_keep_what_was_given_over_a_regrade(ground):
    from nbgrader.api import Gradebook

    work = all_right()
    next(cell for cell in work.cells if cell.metadata.get("written") == "repeated_feature").source = "They share it."
    hand_in(ground, "ada", work)
    assert grade(ground, "--seed", "5")[0].returncode == 0
    url = f"sqlite:///{ground / 'gradebook.db'}"
    with Gradebook(url) as gradebook:
        grades = {grade.name: grade for grade in gradebook.find_submission_notebook(LECTURE, LECTURE, "ada").grades}
        assert grades["repeated_feature"].needs_manual_grade
        assert not grades["squared_error_on_logistic"].needs_manual_grade  # left blank: nothing to read
        grades["repeated_feature"].manual_score = 2.5
        gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada").manual_comment = "Which solution?"
        gradebook.db.commit()
    graded = nbformat.read(ground / "autograded" / "ada" / LECTURE / f"{LECTURE}.ipynb", as_version=4)
    assert any("row space" in cell.source for cell in graded.cells if cell.metadata.get("mark_scheme"))
    first = json.loads((ground / "rows.json").read_text())
    assert grade(ground, "--seed", "5")[0].returncode == 0
    again = json.loads((ground / "rows.json").read_text())
    assert [row | {"seconds": 0} for row in first] == [row | {"seconds": 0} for row in again]
    with Gradebook(url) as gradebook:
        assert gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada").manual_score == 2.5
        comment = gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada")
        assert comment.manual_comment == "Which solution?"


@pytest.mark.sandbox
def test_one_bad_submission_costs_only_itself_and_is_named(ground):
    hand_in(ground, "ada", all_right())
    hand_in(ground, "broken", nbformat.writes(all_right())[:4000])
    hand_in(ground, "empty", "")
    other = all_right()
    other.cells = [cell for cell in other.cells if cell.cell_type == "markdown"][:3]
    hand_in(ground, "other-lecture", other)
    secret = ground / "secret.ipynb"
    secret.write_text(nbformat.writes(all_right()))
    link = hand_in(ground, "link", "x")
    link.unlink()
    link.symlink_to(secret)
    huge = hand_in(ground, "huge", "x")
    os.truncate(huge, 2**30)
    done, rows = grade(ground)
    assert done.returncode == 1
    assert points(rows, "ada") == 16
    for student, words in {
        "broken": "not JSON",
        "empty": "is empty",
        "link": "a symbolic link",
        "huge": "1024 MB",
    }.items():
        assert points(rows, student) == 0
        assert f"{student}: {LECTURE}.ipynb" in done.stderr
        assert words in done.stderr
    assert points(rows, "other-lecture") == 0
    assert {row["status"] for (name, _), row in rows.items() if name == "other-lecture"} == {"missing"}
    graded = (ground / "autograded" / "link" / LECTURE / f"{LECTURE}.ipynb").read_text(encoding="utf-8")
    assert "(r**2)" not in graded
    command(ground, "autograder", "export")
    assert gradebook_scores(ground)["ada"] == 16
    assert set(gradebook_scores(ground)) == {"ada", "broken", "empty", "huge", "link", "other-lecture"}


@pytest.mark.sandbox
def test_a_crash_a_hang_and_a_flood_cost_their_own_exercise(ground):
    crash = "import os\ndef squared_error_cost(X, t, w, b):\n    os._exit(0)"
    at_once = "import ctypes\nctypes.string_at(0)\ndef standardize(a, b):\n    return a, b"
    flood = "def polynomial_features(x, degree):\n    print('x' * 10**8)\n    return x"
    hand_in(ground, "cal", all_right(squared_error_cost=crash, standardize=at_once, polynomial_features=flood))
    done, rows = grade(ground)
    assert done.returncode == 0
    assert rows["cal", "squared_error_cost"]["status"] == "crashed"
    assert rows["cal", "standardize"]["status"] == "crashed"
    assert rows["cal", "polynomial_features"]["status"] == "differs"
    assert points(rows, "cal") == 13


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grade", "99_nothing"], "There is no lecture '99_nothing'"),
        (["grade", LECTURE], "Nobody has handed in"),
        (["feedback", LECTURE], "run `autograder grade"),
        (["export"], "There is no gradebook.db yet"),
        (["audit", "nothing.py"], "There is no file nothing.py"),
    ],
)
def test_a_command_that_cannot_go_on_says_what_to_do(ground, words, said):
    done = command(ground, "autograder", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_student_who_handed_in_nothing_is_named_with_those_who_did(ground):
    hand_in(ground, "ada", all_right())
    done = command(ground, "autograder", "grade", LECTURE, "--student", "adda")
    assert done.returncode == 2
    assert "No submission of 02_linear_models by adda" in done.stderr
    assert "ada" in done.stderr


def test_outside_a_course_the_command_says_so(tmp_path):
    done = command(tmp_path, "autograder", "grade", LECTURE)
    assert done.returncode == 2
    assert "not inside a course" in done.stderr


def test_a_second_run_while_one_is_going_is_refused_and_spoils_nothing(ground):
    import fcntl

    hand_in(ground, "ada", all_right())
    (ground / ".autograder").mkdir()
    with open(ground / ".autograder" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, _ = grade(ground)
    assert done.returncode == 2
    assert "Another grading run is going" in done.stderr


@pytest.mark.sandbox
def test_a_disk_that_is_full_loses_no_earlier_grade(ground):
    hand_in(ground, "ada", all_right())
    assert grade(ground)[0].returncode == 0
    before = sorted((path, path.read_bytes()) for path in (ground / ".autograder").rglob("*.json"))
    hand_in(ground, "ada", notebook({}))
    (ground / "rows.json").unlink()

    def no_more_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    done = command(ground, "autograder", "grade", LECTURE, preexec_fn=no_more_room)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "Could not write" in done.stderr
    assert sorted((path, path.read_bytes()) for path in (ground / ".autograder").rglob("*.json")) == before
    command(ground, "autograder", "export")
    assert gradebook_scores(ground) == {"ada": 16}


@pytest.mark.sandbox
def test_the_audit_is_clean_for_right_and_wrong_answers_and_fails_when_they_are_exchanged(ground):
    sources = ground / "answers.py"
    right, wrong = RIGHT["squared_error_cost"][0], WRONG["squared_error_cost"]["no_half"]
    sources.write_text(
        f"RIGHT = {{'squared_error_cost': [{right!r}]}}\nWRONG = {{'squared_error_cost': {{'no_half': {wrong!r}}}}}"
    )
    done = command(ground, "autograder", "audit", sources, "--json", ground / "audit.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((ground / "audit.json").read_text()) == {
        "squared_error_cost": {"right": [True], "wrong": {"no_half": {"refused": True, "hint": "no_half"}}}
    }
    sources.write_text(
        f"RIGHT = {{'squared_error_cost': [{wrong!r}]}}\nWRONG = {{'squared_error_cost': {{'mine': {right!r}}}}}"
    )
    done = command(ground, "autograder", "audit", sources)
    assert done.returncode == 1
    assert "was refused" in done.stdout
    assert "was accepted" in done.stdout
