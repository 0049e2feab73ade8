"""`make bench`: one class of lecture 02, graded by nbgrader as it comes, by otter-grader, by us; and the floor under all of them.

All grade the same submissions on the same cases, one way after the other in each round, so that a busy machine disturbs all of
them alike. Their scores must be equal. Prints a table; `--write` puts it into FIGURES.md too.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

from benchmarks import measure, sample_class
from benchmarks.sample_class import LECTURE, ROOT

BIN = Path(sys.executable).parent
FIGURES = ROOT / "benchmarks" / "FIGURES.md"
OTTER = ROOT / "build" / "otter"  # a throw-away environment: otter-grader asks for versions of its own
SEED = 7
STOCK, OTTERS, ONE, TWO, FLOOR = "nbgrader autograde", "otter run", "ours, 1 worker", "ours, 2 workers", "floor"


def main():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[STOCK, OTTERS, ONE, TWO, FLOOR], help="some of the ways to grade")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/FIGURES.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), chosen.students)
        for _ in range(chosen.rounds):
            for way in chosen.only:
                bench.grade(way)
        text = bench.report()
    print(text)
    if chosen.write:
        keep("Speed", text)


class Bench:
    """The class in all its shapes, what was measured, and the scores that each way gave."""

    def __init__(self, folder, students):
        self.folder, self.students = folder, students
        self.measured = {}
        self.starts = {}  # CPU seconds of a run on one submission: what is paid once
        self.scores = {}
        self.memory = {}
        self.notes = []

    def grade(self, way):
        print(f"{time.strftime('%H:%M:%S')} {way}", file=sys.stderr, flush=True)
        {STOCK: self.stock, OTTERS: self.otter, FLOOR: self.floor}.get(way, lambda: self.ours(way))()

    def keep(self, way, measured, scores):
        if measured.code not in (0, 1) or (scores is not None and len(scores) != self.students):
            raise SystemExit(f"{way} did not grade the class:\n{measured.said[-3000:]}")
        self.measured.setdefault(way, []).append(measured)
        if scores is not None:
            self.scores[way] = scores

    def ours(self, way):
        course = self.folder / "ours"
        if not course.exists():
            sample_class.our_course(course, self.students)
        for left in (".autograder", "autograded", "gradebook.db"):
            shutil.rmtree(course / left, ignore_errors=True)
            (course / left).unlink(missing_ok=True)
        records = course / ".autograder" / LECTURE
        words = [BIN / "autograder", "grade", LECTURE, "--workers", way.split()[1], "--seed", SEED]
        measured = measure.run(words, course, first=lambda: any(records.glob("*.json")))
        self.keep(way, measured, gradebook_scores(course))
        self.starts.setdefault(way, []).append(self.start(words))
        if way not in self.memory:  # looking costs time, so the run that is watched is another one
            most, sums = [0], [0]

            def watch(process):
                below = measure.descendants(process)
                # kernels are forked by a process that was forked itself: everything below the zygote but its own line
                kernels = [child for child in below if len(_line(child, below)) >= self.depth]
                each = [measure.private_memory(child) for child in kernels]
                most[0], sums[0] = max([most[0], *each]), max(sums[0], sum(each))

            self.depth = 3
            measure.run([*words, "--force"], course, watch=watch)
            self.memory[way] = most[0]

    def floor(self):
        course = self.folder / "ours"
        if not course.exists():
            sample_class.our_course(course, self.students)
        words = [sys.executable, "-m", "benchmarks.floor", ".", SEED]
        self.keep(FLOOR, measure.run(words, course, thread_limits()), None)
        self.starts.setdefault(FLOOR, []).append(self.start(words))

    def start(self, words):
        """CPU seconds that the same command takes for a class of one."""
        course = self.folder / "one"
        shutil.rmtree(course, ignore_errors=True)
        sample_class.our_course(course, 1)
        measured = measure.run(words, course, thread_limits())
        if measured.code:
            raise SystemExit(measured.said[-3000:])
        return measured.cpu

    def stock(self):
        course = self.folder / "stock"
        environment = on_path()
        if not course.exists():
            sample_class.stock_course(course, self.students, SEED)
            done = measure.run([BIN / "nbgrader", "generate_assignment", LECTURE], course, environment)
            if done.code:
                raise SystemExit(done.said)
            import nbformat

            released = nbformat.read(course / "release" / LECTURE / f"{LECTURE}.ipynb", as_version=4)
            sample_class.hand_in(course, released, self.students)
        shutil.rmtree(course / "autograded", ignore_errors=True)
        graded = course / "autograded"
        measured = measure.run(
            [BIN / "nbgrader", "autograde", LECTURE, "--force"], course, environment,
            first=lambda: any(graded.glob(f"*/{LECTURE}/{LECTURE}.ipynb")),
        )  # fmt: skip
        self.keep(STOCK, measured, gradebook_scores(course))
        if STOCK not in self.memory:
            self.memory[STOCK] = self.kernel_memory(
                [BIN / "nbgrader", "autograde", LECTURE, "--force", "--student", "student-0000"], course, environment
            )

    def otter(self):
        program = install_otter()
        if isinstance(program, str):
            self.notes.append(program)
            return
        folder = self.folder / "otter"
        environment = on_path(program.parent)
        if not folder.exists():
            sample_class.otter_tests(folder / "tests", SEED)
            archive = folder / "autograder.zip"
            with zipfile.ZipFile(archive, "w") as bundle:
                for path in (folder / "tests").iterdir():
                    bundle.write(path, f"tests/{path.name}")
                bundle.writestr("otter_config.json", json.dumps({"pdf": False, "show_stdout": False}))
            import nbformat

            released = nbformat.read(ROOT / "release" / LECTURE / f"{LECTURE}.ipynb", as_version=4)
            sample_class.hand_in(folder, released, self.students)
        together, scores = [], {}
        for notebook in sorted((folder / "submitted").glob(f"*/{LECTURE}/{LECTURE}.ipynb")):
            student = notebook.parent.parent.name
            out = folder / "out" / student
            out.mkdir(parents=True, exist_ok=True)
            words = [program, "run", "-a", folder / "autograder.zip", "-o", out, "--no-logo", notebook]
            together.append(measure.run(words, folder, environment))
            if together[-1].code:
                raise SystemExit(f"otter run failed:\n{together[-1].said[-3000:]}")
            results = json.loads((out / "results.json").read_text())
            scores[student] = sum(test["score"] for test in results["tests"] if test.get("max_score"))
            if OTTERS not in self.memory:
                self.memory[OTTERS] = self.kernel_memory(words, folder, environment)
        total = measure.Measured(
            sum(one.wall for one in together),
            sum(one.cpu for one in together),
            together[0].wall,
            together[0].load,
            0,
            "",
        )
        self.keep(OTTERS, total, scores)

    def kernel_memory(self, words, folder, environment):
        """The most private memory that any process of a command's had, kernels being the largest."""
        most = [0]

        def watch(process):
            below = measure.descendants(process)
            most[0] = max([most[0], *(measure.private_memory(child) for child in below if child != process)])

        measure.run(words, folder, environment, watch=watch)
        return most[0]

    def gradebook_pass(self):
        course = self.folder / "ours"
        done = measure.run([sys.executable, "-m", "benchmarks.gradebook_pass", course], course, on_path())
        return [float(word) for word in done.said.split()] if done.code == 0 else []

    def further(self, way):
        """CPU seconds of each submission after the first, a number a round."""
        runs = zip(self.measured.get(way, []), self.starts.get(way, []), strict=False)
        return [(run.cpu - start) / (self.students - 1) for run, start in runs]

    def report(self):
        for way, scores in self.scores.items():
            for student, score in scores.items():
                for other, others in self.scores.items():
                    if abs(others[student] - score) > 1e-3:
                        raise SystemExit(f"{student}: {way} gives {score}, {other} {others[student]}")
        base = self.measured.get(STOCK)
        floor = self.measured.get(FLOOR)
        lines = [
            "| | wall s each | CPU s each | CPU s each further one | times stock | CPU to floor | each further one to floor "
            "| first verdict s | private MB |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for way, found in self.measured.items():
            wall, cpu = ([getattr(one, what) / self.students for one in found] for what in ("wall", "cpu"))
            ratio = [b.wall / one.wall for b, one in zip(base, found, strict=True)] if base else []
            share = [one.cpu / b.cpu for b, one in zip(floor, found, strict=True)] if floor else []
            more = self.further(way)
            more_share = [one / b for b, one in zip(self.further(FLOOR), more, strict=False)]
            memory = f"{self.memory[way] / 2**20:.0f}" if way in self.memory else "-"
            first = measure.spread([one.first for one in found])
            lines.append(
                f"| {way} | {measure.spread(wall)} | {measure.spread(cpu)} | {measure.spread(more)} | {measure.spread(ratio)} "
                f"| {measure.spread(share)} | {measure.spread(more_share)} | {first} | {memory} |"
            )
        loads = [one.load for found in self.measured.values() for one in found]
        passes = self.gradebook_pass() if (self.folder / "ours").exists() else []
        rounds = max(map(len, self.measured.values()))
        said = f"{self.students} submissions of lecture 02, {rounds} rounds, equal scores in all of them"
        if passes:
            said += f"; the gradebook pass takes {measure.spread(passes)} CPU s each"
        heading = f"{said}. Median (least-most). {machine()}, load {measure.spread(loads)}."
        return "\n".join([heading, "", *lines, *("", *self.notes)]).rstrip()


def _line(process, parents):
    """The ancestors of a process below the command."""
    found = []
    while parents.get(process):
        found.append(process)
        process = parents[process]
    return found


def gradebook_scores(course):
    """Points by student, as nbgrader has them."""
    from nbgrader.api import Gradebook

    with Gradebook(
        f"sqlite:///{course / 'gradebook.db'}", "stock" if course.name == "stock" else "networks_by_hand"
    ) as book:
        return {
            submission.student.id: sum(
                grade.auto_score or 0.0 for notebook in submission.notebooks for grade in notebook.grades
            )
            for submission in book.assignment_submissions(LECTURE)
        }


def install_otter():
    """The path of the `otter` program; a sentence where it can't be installed."""
    program = OTTER / "bin" / "otter"
    if not program.exists():
        shutil.rmtree(OTTER, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", OTTER], check=True)
        done = subprocess.run(
            [OTTER / "bin" / "pip", "install", "--quiet", "otter-grader"], capture_output=True, text=True
        )
        if done.returncode:
            shutil.rmtree(OTTER)
            return f"otter-grader could not be installed here: {done.stderr.strip().splitlines()[-1]}"
        here = next(path for path in sys.path if path.endswith("site-packages"))
        place = next((OTTER / "lib").glob("python*/site-packages"))
        (place / "course.pth").write_text(f"{here}\n")  # what the notebooks import, behind otter's own packages
    return program


def on_path(*folders):
    """The environment, with these programs first and the checkout importable."""
    names = os.pathsep.join([*map(str, folders), str(BIN), os.environ.get("PATH", "")])
    return os.environ | {"PATH": names, "PYTHONPATH": str(ROOT)}


def thread_limits():
    return on_path() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def machine():
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("nbgrader", "torch", "numpy"))
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {model}, Python {platform.python_version()}, {packages}"


def keep(heading, text):
    """Replace a section of FIGURES.md, or add it."""
    old = FIGURES.read_text(encoding="utf-8") if FIGURES.exists() else "# Figures\n"
    sections = old.split("\n## ")
    sections = [section for section in sections if not section.startswith(f"{heading}\n")]
    FIGURES.write_text(
        "\n## ".join([*(s.rstrip() + "\n" for s in sections), f"{heading}\n\n{text}\n"]), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
