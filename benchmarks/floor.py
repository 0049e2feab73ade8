"""`python -m benchmarks.floor COURSE SEED`: the least that running a class's answers can cost.

A warm process, with the imports of the zygote, forks a child for each submission; the child runs the answers' cells and calls
each answer on each case. Nothing is sent, compared, kept or protected.
"""

import gc
import importlib
import os
import sys
from pathlib import Path

# ruff: noqa: E402
sys.modules.setdefault("rfc3987_syntax", None)  # as our command does, see there

import nbformat

from autograder.exercise import lecture as exercises_of
from autograder.warm_process import imports
from autograder.zygote import WARM
from course import probes
from course.program import program

LECTURE = "02_linear_models"


def main(course, seed):
    released = Path(course, "release", LECTURE, f"{LECTURE}.ipynb").read_text(encoding="utf-8")
    for name in (*WARM, *imports(released)):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            pass
    exercises = exercises_of(LECTURE[3:])
    cases = {name: exercise.cases_for(int(seed)) for name, exercise in exercises.items()}
    gc.collect()
    gc.freeze()
    for path in sorted(Path(course, "submitted").glob(f"*/{LECTURE}/{LECTURE}.ipynb")):
        child = os.fork()
        if child == 0:
            try:
                run(path, exercises, cases)
            finally:
                os._exit(0)
        os.waitpid(child, 0)


def run(path, exercises, cases):
    space = {"__name__": "__main__"}
    for piece in program(nbformat.v4.reads_json(path.read_text(encoding="utf-8"))):
        try:
            exec(compile(piece.source, piece.name, "exec"), space)
        except Exception:  # a wrong answer may fail
            pass
    for name, exercise in exercises.items():
        for case in cases[name]:
            try:
                exercise.probe(space[name], *probes.build_arguments(case.arguments))
            except Exception:
                pass


if __name__ == "__main__":
    main(*sys.argv[1:])
