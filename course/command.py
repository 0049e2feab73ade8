"""The `course` command: check a notebook, or the installation, from the shell."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; 0 where all is well, 1 where something is to be done, 2 where nothing could be done."""
    parser = argparse.ArgumentParser(prog="course", description="Networks by Hand, from the shell.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="run all checks of a notebook")
    check.add_argument("notebook", type=Path)
    commands.add_parser("doctor", help="what is installed, what is missing, and how to mend it")
    chosen = parser.parse_args(arguments)
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
    from course.check import check
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
    names: dict[str, Any] = {"__name__": "__main__", "get_ipython": _NoIPython}
    all_right = True
    for piece in pieces:
        problem = _run(piece.source, piece.name, names)
        if problem and piece.exercise:
            print(f"{piece.exercise}: {piece.name} can't be run: {problem}")
            all_right = False
    for exercise in dict.fromkeys(piece.exercise for piece in pieces if piece.exercise):
        if exercise in names:
            report = check(names[exercise])
            print(report)
            all_right &= report.right
    return int(not all_right)


def read_code(path: Path) -> list[str]:
    """The sources of a notebook's code cells. Raises ValueError that says what the file is instead."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return [source if isinstance(source, str) else "".join(source) for source in code]
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a notebook that can be read ({type(error).__name__}). Is it saved?") from None


def _run(source: str, name: str, names: dict[str, Any]) -> str:
    from course.program import python_of

    try:
        exec(compile(python_of(source), f"<{name}>", "exec"), names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


class _NoIPython:
    """Stands for the shell: magics and shell commands do nothing here."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **keywords: None


if __name__ == "__main__":
    sys.exit(main())
