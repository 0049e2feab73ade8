"""The `course` command: check a notebook, or the installation, from the shell."""

from __future__ import annotations

import argparse
import json
import linecache
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; 0 where all is well, 1 where something is to be done, 2 where nothing could be done."""
    parser = argparse.ArgumentParser(prog="course", description="Networks by Hand, from the shell.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="run all checks of a notebook")
    check.add_argument("notebook", type=Path)
    gallery = commands.add_parser("demos", help="all demos in the browser, live; or as pages that need no Python")
    gallery.add_argument(
        "--freeze", type=Path, metavar="DIR", help="write pages to this folder instead of serving them"
    )
    gallery.add_argument("options", nargs="*", help="options of Voilà, after --")
    commands.add_parser("doctor", help="what is installed, what is missing, and how to mend it")
    chosen = parser.parse_args(arguments)
    if chosen.command == "demos":
        from course import gallery

        if chosen.freeze is None:
            return gallery.serve(chosen.options)
        print(f"Open {gallery.freeze_all(chosen.freeze)[0]} in a browser.")
        return 0
    if chosen.command == "doctor":
        from course import doctor

        return doctor.main([])
    try:
        return check_notebook(chosen.notebook)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def check_notebook(path: Path) -> int:
    """Print the check of every exercise that the notebook holds. Runs its answers here, as opening it would."""
    from course import frozen_cases
    from course.checks import check_exercise
    from course.program import program_by_names

    try:
        sources = read_code(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    exercises = frozen_cases.exercises()
    pieces = program_by_names(sources, exercises)
    if not any(piece.exercise for piece in pieces):
        print(f"{path.name} defines no exercise of this course. There are: {', '.join(exercises)}.", file=sys.stderr)
        return 2
    names: dict[str, Any] = {"__name__": "__main__"}
    names["get_ipython"] = lambda: _NoIPython(names)
    all_right, failed = True, set()
    for piece in pieces:
        problem = _run(piece.source, piece.name, names)
        if problem and piece.exercise:
            print(f"{piece.exercise}: {piece.name} can't be run: {problem}")
            all_right = False
            failed.add(piece.exercise)
    for exercise, cell in {piece.exercise: piece.name for piece in pieces if piece.exercise}.items():
        if exercise in names:
            report = check_exercise(names[exercise], frozen_cases.load(exercise))
            print(report)
            all_right &= report.right
        elif exercise not in failed:
            print(f"{exercise}: {cell} ran, but there is nothing of that name after it.")
            all_right = False
    return int(not all_right)


def read_code(path: Path) -> list[str]:
    """The sources of a notebook's code cells. Raises ValueError that says what the file is instead."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return [source if isinstance(source, str) else "".join(source) for source in code]
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is not a notebook that can be read ({type(error).__name__}). Is it saved?") from None


def _run(source: str, name: str, names: dict[str, Any]) -> str:
    from course.program import python_of

    source = python_of(source)
    linecache.cache[f"<{name}>"] = (len(source), None, source.splitlines(keepends=True), f"<{name}>")  # for traces
    try:
        exec(compile(source, f"<{name}>", "exec"), names)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # `exit()` in a cell ends that cell
        return f"{type(error).__name__}: {error}"
    return ""


class _NoIPython:
    """Stands for the shell: magics and shell commands do nothing here, but for those that run the rest of their cell."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def run_cell_magic(self, magic: str, line: str, body: str) -> None:
        from course.program import WRAPPERS, python_of

        if magic in WRAPPERS:
            exec(compile(python_of(body), f"<cell under %%{magic}>", "exec"), self._names)

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **keywords: None


if __name__ == "__main__":
    sys.exit(main())
