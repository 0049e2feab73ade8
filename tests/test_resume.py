"""Nothing is lost: whatever ends a run, what was judged is kept, and the next run takes it up and says so."""

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from rich.console import Console
from test_grading import BIN, LECTURE, all_right, command, ground, hand_in, notebook  # noqa: F401  ground: a fixture

from autograder import marking, records, warm_process
from autograder.grade import Options, grade
from autograder.layout import Course, CourseError
from autograder.samples.linear_models import WRONG

pytestmark = pytest.mark.sandbox

NO_HALF = WRONG["squared_error_cost"]["no_half"]
CRASH = "import os\ndef squared_error_cost(X, t, w, b):\n    os._exit(0)"


@pytest.fixture(autouse=True)
def _programs_on_the_path(monkeypatch):
    """nbgrader starts its own tools by name, and the command, which sees to that, is not always what is called here."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


def run(ground, students=None, executor=None, **options):  # noqa: F811
    """Grade in this process, where the tests share one warm process."""
    course = Course(ground)
    options = Options(**({"seed": 5, "workers": 2} | options))
    return grade(course, course.lecture(LECTURE), students, options, executor, Console(quiet=True))


def class_of(ground, number):  # noqa: F811
    """Students s00, s01 ...: every other one has one mistake, which costs a point."""
    for index in range(number):
        hand_in(ground, f"s{index:02}", all_right(**({"squared_error_cost": NO_HALF} if index % 2 else {})))
    return {f"s{index:02}": 15.0 if index % 2 else 16.0 for index in range(number)}


def book(ground):  # noqa: F811
    return Gradebook(f"sqlite:///{ground / 'gradebook.db'}", "networks_by_hand")


def entered(ground):  # noqa: F811
    """Points by student in the gradebook."""
    with book(ground) as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(LECTURE)}


def judged(ground):  # noqa: F811
    course = Course(ground)
    return {record.student: record for record in records.read_all(course, course.lecture(LECTURE))}


def started(ground, students):  # noqa: F811
    """A run of the command, in the middle: it has judged some and not all."""
    process = subprocess.Popen(
        [BIN / "autograder", "grade", LECTURE, "--workers", "1", "--seed", "5"],
        cwd=ground,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs ignore Ctrl-C, and hand that down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    folder = ground / ".autograder" / LECTURE
    while process.poll() is None and len(list(folder.glob("*.json"))) < 3:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    return process


def below(process):
    """The processes that a process has started, and theirs."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found |= {int(child), *below(int(child))}
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_is_taken_up_again_and_says_what_it_skips(ground, how):  # noqa: F811
    due = class_of(ground, 14)
    process = started(ground, due)
    children = below(process.pid)
    assert children
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    kept = judged(ground)
    assert 3 <= len(kept) < len(due)
    assert {student: record.score for student, record in kept.items()} == {student: due[student] for student in kept}
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "Stopped. Verdicts written so far are kept." in said
        assert entered(ground).keys() == kept.keys()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline, "processes of the run are still there"
        time.sleep(0.05)

    again = command(ground, "autograder", "grade", LECTURE)
    assert again.returncode == 0, again.stderr
    assert f"Judged before and left as it is: {len(kept)} of 14" in again.stdout
    assert entered(ground) == due


def test_a_warm_process_that_is_killed_in_the_middle_costs_nobody_a_point(ground):  # noqa: F811
    due = class_of(ground, 10)
    warm = warm_process.start(Course(ground).lecture(LECTURE).released)
    warm.wait()
    killed = []

    def kill_it_twice():
        for so_many in (2, 5):
            while len(judged(ground)) < so_many:
                time.sleep(0.005)
            killed.append(warm.pid)
            os.kill(warm.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_it_twice)
    killer.start()
    found = run(ground)
    killer.join()
    assert len(set(killed)) == 2
    assert found.problems == []
    assert entered(ground) == due


def test_a_job_that_dies_with_its_worker_is_named_and_the_others_are_graded(ground):  # noqa: F811
    class Dying(ThreadPoolExecutor):
        def submit(self, work, terms, job, *rest):
            if job.student == "s01":
                work = die
            return super().submit(work, terms, job, *rest)

    def die(*arguments):
        raise ChildProcessError("the worker is gone")

    due = class_of(ground, 3)
    with Dying(1) as executor:
        found = run(ground, executor=executor)
    assert len(found.problems) == 1
    assert "s01: could not be judged (ChildProcessError: the worker is gone)" in found.problems[0]
    assert entered(ground) == due | {"s01": 0}
    again = run(ground, only_failed=True)
    assert again.skipped == ["s00", "s02"]
    assert entered(ground) == due


def test_a_gradebook_locked_by_another_program_costs_no_verdict(ground):  # noqa: F811
    due = class_of(ground, 3)
    assert run(ground, students=["s00"]).problems == []
    other = sqlite3.connect(ground / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        done = command(ground, "autograder", "grade", LECTURE, "--seed", "5")
    finally:
        other.close()
    assert done.returncode == 1
    assert "The gradebook takes nothing now (database is locked; another program is writing to it" in done.stderr
    assert "2 submissions are judged and not entered yet" in done.stderr
    assert "Traceback" not in done.stderr
    assert {student: record.score for student, record in judged(ground).items()} == due
    assert entered(ground) == {"s00": 16}
    again = run(ground)
    assert again.skipped == list(due)
    assert again.problems == []
    assert entered(ground) == due


def test_a_disk_that_fills_while_the_gradebook_is_written_costs_no_verdict(ground):  # noqa: F811
    due = class_of(ground, 2)

    def room_for_records_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    done = command(ground, "autograder", "grade", LECTURE, "--seed", "5", preexec_fn=room_for_records_only)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert {student: record.score for student, record in judged(ground).items()} == due
    again = run(ground)
    assert again.skipped == list(due)
    assert again.problems == []
    assert entered(ground) == due


def test_a_regrade_with_the_same_seed_gives_the_same_and_keeps_what_people_gave(ground):  # noqa: F811
    work = all_right(squared_error_cost=NO_HALF)
    next(cell for cell in work.cells if cell.metadata.get("written") == "repeated_feature").source = "They share it."
    hand_in(ground, "ada", work)
    first = run(ground).records
    with book(ground) as gradebook:
        grade = gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 0.5, False
        gradebook.find_grade("check_standardize", LECTURE, LECTURE, "ada").manual_score = 0.25
        gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada").manual_comment = "Which solution?"
        gradebook.db.commit()
    again = run(ground, force=True)
    assert again.skipped == []

    def cases(records):
        return [(v.exercise, v.score, v.status, v.hint, v.message, v.cases) for r in records for v in r.verdicts]

    assert cases(again.records) == cases(first)
    with book(ground) as gradebook:
        grade = gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada")
        assert (grade.manual_score, grade.extra_credit) == (2.5, 0.5)
        changed = gradebook.find_grade("check_standardize", LECTURE, LECTURE, "ada")
        assert (changed.manual_score, changed.auto_score) == (0.25, 1)
        assert changed.needs_manual_grade  # a person looks again at what a person has changed
        comment = gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada")
        assert comment.manual_comment == "Which solution?"


def test_only_failed_judges_again_what_could_not_be_judged_and_nothing_else(ground):  # noqa: F811
    hand_in(ground, "ada", all_right(squared_error_cost=NO_HALF))
    hand_in(ground, "cal", all_right(squared_error_cost=CRASH))
    hand_in(ground, "dan", "not a notebook")
    first = {record.student: record for record in run(ground).records}
    assert (first["ada"].lost, first["cal"].lost, first["dan"].lost) == (False, True, True)
    hand_in(ground, "dan", all_right())
    again = run(ground, only_failed=True, seed=None)
    assert again.skipped == ["ada"]
    assert entered(ground) == {"ada": 15, "cal": 15, "dan": 16}
    assert judged(ground)["ada"].seed == first["ada"].seed == 5


def test_what_was_judged_is_judged_again_when_the_notebook_the_seed_or_the_course_is_another(ground, monkeypatch):  # noqa: F811
    hand_in(ground, "ada", all_right())
    run(ground)
    assert run(ground).skipped == ["ada"]
    assert run(ground, seed=None).skipped == ["ada"]  # any seed will do
    assert run(ground, seed=6).skipped == []
    hand_in(ground, "ada", all_right(squared_error_cost=NO_HALF))
    assert run(ground, seed=6).skipped == []
    assert entered(ground) == {"ada": 15}
    newer = marking.versions() | {"course": "0.2.0"}
    monkeypatch.setattr(marking, "versions", lambda: newer)
    monkeypatch.setattr("autograder.grade.versions", lambda: newer)
    assert run(ground, seed=6).skipped == []


def late_course(ground, method):  # noqa: F811
    """The lecture is due on 1 March; its gradebook knows it."""
    with open(ground / "nbgrader_config.py", "a") as file:
        file.write(f"\nc.LateSubmissionPlugin.penalty_method = {method!r}\n")
    hand_in(ground, "ada", all_right())
    run(ground)
    with book(ground) as gradebook:
        gradebook.update_or_create_assignment(LECTURE, duedate="2026-03-01 12:00:00 UTC")


def timestamp(ground, student, text):  # noqa: F811
    (ground / "submitted" / student / LECTURE / "timestamp.txt").write_text(text)


@pytest.mark.parametrize(("method", "penalty"), [("none", None), ("zero", 16.0)])
def test_a_late_submission_is_treated_as_nbgraders_plugin_says(ground, method, penalty):  # noqa: F811
    late_course(ground, method)
    for student, when in (("ada", "2026-03-01 11:00:00 UTC"), ("ben", "2026-03-01 13:00:00 UTC")):
        hand_in(ground, student, all_right())
        timestamp(ground, student, when)
    assert run(ground).problems == []
    with book(ground) as gradebook:
        found = {
            student: gradebook.find_submission_notebook(LECTURE, LECTURE, student).late_submission_penalty
            for student in ("ada", "ben")
        }
        assert found == {"ada": None, "ben": penalty}
        assert gradebook.find_submission(LECTURE, "ben").total_seconds_late == 3600


def test_another_attempt_counts_and_the_same_one_again_only_changes_when_it_came(ground):  # noqa: F811
    late_course(ground, "zero")
    hand_in(ground, "ada", all_right(squared_error_cost=NO_HALF))
    timestamp(ground, "ada", "2026-03-01 10:00:00 UTC")
    run(ground)
    assert entered(ground) == {"ada": 15}
    hand_in(ground, "ada", all_right())
    timestamp(ground, "ada", "2026-03-01 11:00:00 UTC")
    assert run(ground).skipped == []
    assert entered(ground) == {"ada": 16}
    timestamp(ground, "ada", "2026-03-02 12:00:00 UTC")
    assert run(ground).skipped == ["ada"]  # nothing to judge: it is the same notebook
    with book(ground) as gradebook:
        assert gradebook.find_submission(LECTURE, "ada").total_seconds_late == 24 * 3600
        assert gradebook.find_submission_notebook(LECTURE, LECTURE, "ada").late_submission_penalty == 16
    timestamp(ground, "ada", "soon")
    assert "ada: the gradebook did not take the verdicts: timestamp.txt holds 'soon'" in run(ground).problems[0]


def test_a_lecture_that_loses_a_question_after_submissions_exist_is_refused_with_what_to_do(ground):  # noqa: F811
    hand_in(ground, "ada", all_right())
    run(ground)
    script = ground / "source" / LECTURE / f"{LECTURE}.py"
    text = script.read_text(encoding="utf-8")
    script.write_text(
        text.replace('written="repeated_feature" points=', 'written="another_question" points='), encoding="utf-8"
    )
    hand_in(ground, "ben", all_right())
    with pytest.raises(CourseError, match="nbgrader refuses to change a lecture's graded cells once submissions"):
        run(ground)
    assert entered(ground) == {"ada": 16}
    script.write_text(text, encoding="utf-8")
    assert run(ground).problems == []
    assert entered(ground) == {"ada": 16, "ben": 16}


def test_a_notebook_of_an_older_release_is_graded_for_what_it_has_and_the_rest_is_named(ground):  # noqa: F811
    older = all_right()
    older.cells = [
        cell
        for cell in older.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("check_")
        not in ("standardize", "fit_ridge")
    ]
    hand_in(ground, "ada", nbformat.from_dict(older))
    hand_in(ground, "eve", notebook({}))  # has all cells, and nothing is written into them
    found = run(ground)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("ada: the notebook has no cell for ")
    assert "standardize" in found.problems[0]
    assert "fit_ridge" in found.problems[0]
    verdicts = {verdict.exercise: verdict for verdict in judged(ground)["ada"].verdicts}
    assert {name for name, verdict in verdicts.items() if verdict.status == "missing"} == {"standardize", "fit_ridge"}
    assert entered(ground)["ada"] == 16 - verdicts["standardize"].points - verdicts["fit_ridge"].points
