"""`make bench-large`: a class of 1,000 graded in one go, stopped once by Ctrl-C and once by SIGKILL, and taken up again each time.

Watches the memory of the judge and the pace, and compares every score in the gradebook with one worked out here, without the judge.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path

import numpy as np

from autograder.samples.linear_models import RIGHT, WRONG
from benchmarks import measure, sample_class
from benchmarks.bench_grading import BIN, SEED, gradebook_scores, keep, machine, on_path
from benchmarks.plain_check import score
from benchmarks.sample_class import LECTURE


def main():
    parser = argparse.ArgumentParser(prog="make bench-large", description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/FIGURES.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-large-") as name:
        course = sample_class.our_course(Path(name, "course"), chosen.students)
        load = os.getloadavg()[0]
        runs = [
            Run(course, chosen.students // 3, signal.SIGINT),
            Run(course, 2 * chosen.students // 3, signal.SIGKILL),
            Run(course),
        ]
        wrong = wrong_scores(gradebook_scores(course), chosen.students)
        text = report(chosen.students, runs, wrong, load)
    print(text)
    if chosen.write:
        keep("A class of 1,000", text)
    sys.exit(bool(wrong))


class Run:
    """One run of `autograder grade`, until it ends or so many records are there; then it is sent the signal.

    samples: (seconds since the start, records, bytes of the judge in memory)
    """

    def __init__(self, course, until=None, stop=None):
        self.stop, self.samples, self.below = stop, [], set()
        records = course / ".autograder" / LECTURE
        self.found = count(records)
        words = [BIN / "autograder", "grade", LECTURE, "--seed", str(SEED)]
        before = os.times()
        began = time.monotonic()
        with open(course / "said.txt", "w+") as said:
            process = subprocess.Popen(
                words, cwd=course, env=on_path(), stdout=said, stderr=said, preexec_fn=hear_interrupts
            )
            while process.poll() is None:
                time.sleep(0.25)
                done = count(records)
                self.samples.append((time.monotonic() - began, done, measure.resident_memory(process.pid)))
                if until and done >= until:
                    self.below = measure.descendants(process.pid).keys() - {process.pid}
                    process.send_signal(stop)
                    process.wait()
            said.seek(0)
            self.said = said.read()
        self.code, self.wall = process.returncode, time.monotonic() - began
        if not stop and self.code:
            raise SystemExit(f"autograder grade ended with {self.code}:\n{self.said[-3000:]}")
        if stop and (not self.samples or count(records) <= self.found):
            raise SystemExit(f"autograder grade ended before it could be stopped:\n{self.said[-3000:]}")
        after = os.times()
        self.cpu = sum(after[2:4]) - sum(before[2:4])
        self.kept = count(records)
        self.left, deadline = self.below, time.monotonic() + 10
        while self.left and time.monotonic() < deadline:
            time.sleep(0.1)
            self.left = {process for process in self.left if Path("/proc", str(process)).exists()}

    def memory(self, first, last):
        """The most memory between two shares of the run, MB."""
        count = len(self.samples)
        return max(size for _, _, size in self.samples[int(first * count) : int(last * count) + 1]) / 2**20

    def pace(self, first, last):
        """Submissions a second between two shares of what the run judged."""
        low, high = (self.found + share * (self.kept - self.found) for share in (first, last))
        start = next(at for at, done, _ in self.samples if done >= max(low, self.found + 1))
        end = next(at for at, done, _ in self.samples if done >= high)
        return (high - low) / (end - start)


def hear_interrupts():
    """A shell's background jobs ignore Ctrl-C, and hand that down."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def count(folder):
    return sum(1 for _ in folder.glob("*.json"))


@cache
def expected(exercise, source):
    """Points of one answer, in this process and by plain comparison."""
    space = {"np": np}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exec(source, space)
        return score(space[exercise], sample_class_cases()[exercise])


@cache
def sample_class_cases():
    return sample_class.cases(SEED)


def wrong_scores(found, students):
    """Students whose score in the gradebook is not what it should be."""
    wrong = []
    for number in range(students):
        given = sample_class.answers(number)
        due = sum(expected(exercise, source) for exercise, source in given.items())
        if abs(found.get(f"student-{number:04d}", -1.0) - due) > 1e-3:
            wrong.append(f"student-{number:04d}: {found.get(f'student-{number:04d}')} instead of {due}")
    return wrong


def report(students, runs, wrong, load):
    lines = [
        f"{students} submissions of lecture 02 ({len(RIGHT)} exercises, {sum(map(len, WRONG.values()))} different mistakes). "
        f"{machine()}, load {load:.1f} at the start.",
        "",
        "| run | ended by | judged before | judged in it | wall s | CPU s each | MB of the judge, first and last quarter |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, run in enumerate(runs, 1):
        how = f"signal {run.stop.name}" if run.stop else f"itself, exit {run.code}"
        judged = run.kept - run.found
        cpu = "-" if run.stop == signal.SIGKILL else f"{run.cpu / judged:.2f}"  # who is killed leaves no account
        lines.append(
            f"| {number} | {how} | {run.found} | {judged} | {run.wall:.0f} | {cpu} "
            f"| {run.memory(0.05, 0.25):.0f}, {run.memory(0.75, 1):.0f} |"
        )
    said = next(
        (line for line in runs[-1].said.splitlines() if line.startswith("Judged before")), "no word of what was skipped"
    )
    paces = [run.pace(0.5 * half, 0.5 * half + 0.5) for run in runs for half in (0, 1)]
    lines += [
        "",
        f"Pace in the halves of the runs: {', '.join(f'{pace:.1f}' for pace in paces)} submissions a second.",
        f"The last run said: {said}",
        f"Processes left behind by the runs that were stopped: {sum(len(run.left) for run in runs)}.",
        f"Scores that are not what they should be: {len(wrong)} of {students}.",
        *wrong[:10],
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
