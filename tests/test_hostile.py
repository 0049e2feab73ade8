"""A class of attackers and two who answer right, graded as any class is: nobody earns what they did not answer, and nobody else
loses anything."""

import dataclasses
import io
import json
import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from submissions import FOUND, KINDS, MARK, attacks
from submissions.notebooks import LECTURE, ROOT, hand_in, handed_in, right_notebook

from autograder import grade, judge, kernels, marking, pages, records
from autograder.build import instructor_notebook
from autograder.exercise import lecture as exercises_of
from autograder.layout import Course
from autograder.meter import Meter

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),  # nbgrader 0.9 uses SQLAlchemy in older ways
]

ATTACKS = attacks()
EXERCISES = exercises_of(LECTURE[3:])
MOST = sum(exercise.points for exercise in EXERCISES.values())
RIGHT = ("ada", "zoe")  # the first and the last of the class
STRANGE = (
    "<script>x<",
    "two\nlines",
    "\x1b[2J",
    "$(id)",
    "[red]x[",
    "..x",
    "-rf *",
    "\u202eeve",
    "%s{0}",
)  # names of folders
SEED = 20260
LIMITS = kernels.Limits(memory=300 * 2**20 + os.getpid() * 4096)  # a size that tells our processes from others
SHOWN = ("script", "escape", "markup", "markdown", "heap", "frames", "traceback", "outputs", "added", "lone", "types")

# what another run on this machine has left is not ours
STARTED = time.time()
EARLIER = set(os.listdir("/proc"))


@dataclasses.dataclass
class Graded:
    """What grading the class came to: verdicts by student and exercise, seconds by student as (on the clock, of the judge)."""

    course: Course
    run: grade.Run
    seconds: dict
    left: list
    before: dict

    def verdicts(self, student):
        return {v.exercise: v for record in self.run.records if record.student == student for v in record.verdicts}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    for part in ("source", "release"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("*.ipynb_checkpoints"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    for attack in ATTACKS:
        hand_in(root, attack.name, handed_in(attack))
    for folder in STRANGE:
        hand_in(root, folder, json.dumps(right_notebook()))
    (root / "submitted" / "linked").symlink_to(root / "submitted" / RIGHT[0])
    for student in RIGHT:
        hand_in(root, student, json.dumps(right_notebook()))
    seconds = {}

    def timed(terms, job, progress=lambda exercise: None):
        clock, own = time.monotonic(), time.thread_time()
        marked = marking.mark(terms, job, progress)
        seconds[job.student] = time.monotonic() - clock, time.thread_time() - own
        return marked

    before = contents(root)
    with pytest.MonkeyPatch.context() as patch:
        # half a second is enough for these answers, and the suite must end; the rest is as it always is
        quick = {name: dataclasses.replace(e, cpu_limit=0.5) for name, e in EXERCISES.items()}
        patch.setattr(marking, "exercises_of", lambda topic: quick)
        patch.setattr(judge, "DEFINITION_LIMIT", 1.0)
        patch.setattr(marking, "_markers", {})
        patch.setattr(grade, "mark", timed)
        patch.setenv("COURSE_SECRET", "SECRET")
        patch.setenv(
            "PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )  # nbgrader starts alembic
        with kernels.Zygote(LIMITS) as zygote:
            patch.setattr(marking, "Zygote", lambda **keywords: Lent(zygote))
            options = grade.Options(seed=SEED, workers=2)
            run = grade.grade(course, course.lecture(LECTURE), options=options, console=Console(file=io.StringIO()))
            left = Meter(zygote.pid).processes()[1 if zygote.tier == "landlock" else 2 :]
    shown = [
        attack.name for attack in ATTACKS if attack.name.startswith(SHOWN)
    ]  # whose pages are made, and searched below
    run.problems += pages.feedback(course, course.lecture(LECTURE), [*shown, *RIGHT])
    return Graded(course, run, seconds, left, before)


class Lent:
    """The zygote of the fixture, which ends with the fixture and not with the run."""

    def __init__(self, zygote):
        self.zygote = zygote

    def __enter__(self):
        return self.zygote

    def __exit__(self, *exception):
        return


def contents(root):
    """What the instructor and the students have put into the course's folder."""
    kept = [root / "nbgrader_config.py", *(root / name for name in ("source", "release", "submitted"))]
    files = [path for place in kept for path in (place.rglob("*") if place.is_dir() else [place])]
    return {path: path.read_bytes() for path in files if path.is_file() and "__pycache__" not in path.parts}


def test_the_suite_covers_every_kind_in_the_engine_document():
    kinds = Counter(attack.kind for attack in ATTACKS)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 5
    assert sum(kinds.values()) >= 60


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_earns_nothing_and_costs_its_own_exercise_alone(graded, attack):
    verdicts = graded.verdicts(attack.name)
    assert set(verdicts) == set(EXERCISES)
    mine = verdicts.pop(attack.exercise)
    assert mine.score == 0
    assert mine.status in attack.statuses, mine.message
    lost = {name: (v.score, v.status, v.message) for name, v in verdicts.items() if v.score != v.points}
    assert set(lost) <= set(attack.costs), lost
    clock, own = graded.seconds[attack.name]
    assert own < 10, f"the judge itself was kept busy for {own:.0f} s"
    assert clock < 90


@pytest.mark.parametrize("student", RIGHT)
def test_who_answers_right_among_attackers_has_all_points(graded, student):
    verdicts = graded.verdicts(student).values()
    assert [v.status for v in verdicts] == ["right"] * len(EXERCISES)
    assert sum(v.score for v in verdicts) == MOST


def test_the_gradebook_holds_what_the_judge_found(graded):
    from nbgrader.api import Gradebook

    with Gradebook(graded.course.gradebook_url) as gradebook:
        entered = {one.student.id: one.score for one in gradebook.assignment_submissions(LECTURE)}
    assert entered == {record.student: pytest.approx(record.score) for record in graded.run.records}
    assert set(entered) == {attack.name for attack in ATTACKS} | set(RIGHT)


def test_those_who_handed_in_no_notebook_or_under_a_strange_name_are_named(graded):
    named = {line.partition(":")[0] for line in graded.run.problems}
    strange = {ascii(name)[1:-1] for name in STRANGE}
    assert named == {"json-deep", "json-wide", "json-long-number", "linked"} | strange
    assert all(line.isprintable() for line in graded.run.problems)


def told(graded):
    """All that a student may read: what records say, and the pages."""
    texts = {
        record.student: json.dumps([dataclasses.asdict(v) for v in record.verdicts], ensure_ascii=False)
        for record in graded.run.records
    }
    texts |= {
        f"page of {path.parent.parent.name}": path.read_text(encoding="utf-8")
        for path in (graded.course.root / "feedback").rglob("*.html")
    }
    return texts


def test_no_line_of_a_solution_or_mark_scheme_is_told(graded):
    reference = (ROOT / "autograder" / "reference" / "linear_models.py").read_text(encoding="utf-8")
    solutions = "\n".join(re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", reference, re.DOTALL))
    instructor = instructor_notebook(graded.course.lecture(LECTURE))
    schemes = "\n".join(cell.source for cell in instructor.cells if "written" in cell.metadata)
    known = "".join(handed_in(attack) for attack in ATTACKS[:1]) + json.dumps(right_notebook())
    secret = {line.strip() for text in (solutions, schemes) for line in text.splitlines() if len(line.strip()) >= 25}
    secret = {line for line in secret if json.dumps(line)[1:-1] not in known}
    assert len(secret) > 20
    for who, text in told(graded).items():
        assert not [line for line in secret if line in text], who


def test_no_expected_value_is_told(graded):
    values = set()
    for exercise in EXERCISES.values():
        for case in exercise.cases_for(SEED):
            values |= {f"{number:.7g}" for number in numbers(exercise.right_outcome(case).output)}
    values = {value for value in values if len(value.strip("-0.")) >= 7}
    assert len(values) > 100
    pattern = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
    for who, text in told(graded).items():
        said = {f"{float(number):.7g}" for number in pattern.findall(text)}
        assert not said & values, who


def numbers(value):
    if isinstance(value, (tuple, list)):
        return [number for item in value for number in numbers(item)]
    return [float(number) for number in np.ravel(value)]


def test_no_attack_found_what_it_looked_for(graded):
    for attack in ATTACKS:
        if attack.kind in ("looking", "reaching"):
            assert FOUND not in str(graded.verdicts(attack.name)), attack.name


def test_pages_run_no_code_of_students_and_terminals_get_no_commands_of_theirs(graded):
    for who, text in told(graded).items():
        if who.startswith("page"):
            assert not re.search(r"<(script|img|iframe|svg)[^>]*(FOUND-IT|onerror|onload|srcdoc)", text), who
            assert "<script>document.title" not in text, who
            assert not re.search(r"(href|src)\s*=\s*[\"']?\s*javascript:", text, re.IGNORECASE), who
            assert r"\href{javascript" not in text, who
        else:
            assert not re.search(
                r"\\u00(0[0-8bcef]|1[0-9a-f]|7f|9[0-9a-f])|[\x1b\x9b\u202e]", text.replace("\\\\", "")
            ), who


def test_nothing_is_left_running(graded):
    assert graded.left == []
    ours = f'"memory": {LIMITS.memory}'
    for process in set(filter(str.isdigit, os.listdir("/proc"))) - EARLIER:
        try:
            command = Path("/proc", process, "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        assert ours not in command, f"process {process} of a box is still there"
        assert f"# {MARK}" not in command, f"process {process} was left by an attack"


def test_nothing_was_written_outside(graded):
    assert contents(graded.course.root) == graded.before
    allowed = {
        "source",
        "release",
        "submitted",
        "autograded",
        "feedback",
        ".autograder",
        "gradebook.db",
        "nbgrader_config.py",
    }
    assert {path.name for path in graded.course.root.iterdir() if path.name != "__pycache__"} <= allowed
    places = [
        "/",
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "/etc",
        "/home",
        Path.home(),
        ROOT,
        ROOT / "course",
        *site.getsitepackages(),
    ]
    for place in places:
        names = os.listdir(place) if os.path.isdir(place) else []
        assert not [name for name in names if MARK in name and os.lstat(Path(place, name)).st_mtime > STARTED], place


def test_records_can_be_read_again(graded):
    read = {
        record.student: record.verdicts for record in records.read_all(graded.course, graded.course.lecture(LECTURE))
    }
    assert read == {record.student: record.verdicts for record in graded.run.records}


SAMPLE = (
    "agreeable-array",
    "patched-ipython",
    "right-number",
    "exit-hard",
    "reads-the-course",
    "daemon",
    "points-raised",
)


def test_an_ordinary_user_is_as_safe(tmp_path):
    """The same through the command, with the limits that it has, by a user without any rights."""
    for part in ("source", "release"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.ipynb_checkpoints"))
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    chosen = [attack for attack in ATTACKS if attack.name in SAMPLE]
    for attack in chosen:
        hand_in(tmp_path, attack.name, handed_in(attack))
    hand_in(tmp_path, "ada", json.dumps(right_notebook()))
    words = [sys.executable, "-m", "autograder.command", "grade", LECTURE, "--seed", "7", "--json", "rows.json"]
    if os.geteuid() == 0:  # in a namespace where root's files are this user's, and root's rights are not
        words = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *words]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    scores = {(row["student"], row["exercise"]): row["score"] for row in rows}
    assert sum(score for (student, _), score in scores.items() if student == "ada") == MOST
    for attack in chosen:
        assert scores[attack.name, attack.exercise] == 0
        mine = sum(score for (student, _), score in scores.items() if student == attack.name)
        assert mine == MOST - EXERCISES[attack.exercise].points


STOCK = {  # what the same attacks come to with stock nbgrader; the whole list is in docs/hostile.md
    "agreeable-array": "**full points**",
    "patched-numpy": "**full points**",
    "blanking-hook": "**full points**",
    "reads-the-released-answers": "**full points**",
    "exit-hard": "the whole submission is lost",
    "ids-doubled": "the whole submission is lost",
    "constant-standardize": "no points",
}


def test_what_stock_nbgrader_makes_of_the_same():
    from submissions import stock

    try:
        alone = subprocess.run([*stock.alone(), "true"], capture_output=True, timeout=20).returncode == 0
    except OSError:
        alone = False
    if not alone:
        pytest.skip("needs unshare and namespaces: nothing of this runs unprotected")
    rows = stock.in_a_namespace(list(STOCK), 240)
    assert {row["name"]: stock.outcome(row) for row in rows} == STOCK
