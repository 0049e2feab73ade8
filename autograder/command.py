"""The `autograder` command: grade, feedback, export, audit, class."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from autograder.layout import Course, CourseError


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; 0 where all went well, 1 where something needs a look, 2 where nothing could be done."""
    chosen = _parser().parse_args(arguments)
    # nbgrader starts its own tools by name
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        return chosen.run(chosen)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Verdicts written so far are kept.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograder", description="Grade the course: judge answers outside the students' process."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="judge what was handed in and fill the gradebook")
    grade.add_argument("lecture", help="name, number or topic: 02_linear_models, 2, linear_models")
    grade.add_argument("--student", nargs="+", metavar="ID", help="only these students")
    grade.add_argument("--seed", type=int, help="of the hidden cases; drawn fresh if not given")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write a row for each student and exercise")
    grade.add_argument("--no-sandbox", action="store_true", help="run students' code with your own rights (don't)")
    grade.set_defaults(run=_grade)

    feedback = commands.add_parser("feedback", help="write feedback pages to feedback/")
    feedback.add_argument("lecture")
    feedback.add_argument("--student", nargs="+", metavar="ID", help="only these students")
    feedback.set_defaults(run=_feedback)

    export = commands.add_parser("export", help="write all grades to a CSV file")
    export.add_argument("--to", type=Path, default=Path("grades.csv"), metavar="FILE")
    export.set_defaults(run=_export)

    audit = commands.add_parser("audit", help="try right and wrong answers of your own on the real judge")
    audit.add_argument("file", type=Path, help="Python that defines RIGHT and WRONG")
    audit.add_argument("--exercise", metavar="ID", help="only this exercise")
    audit.add_argument("--seed", type=int, help="of the cases; drawn fresh if not given")
    audit.add_argument("--json", type=Path, metavar="FILE", help="write what came out")
    audit.add_argument("--no-sandbox", action="store_true", help="run the sources with your own rights")
    audit.set_defaults(run=_audit)

    classroom = commands.add_parser("class", help="play a whole class: release, collect, grade, feedback, report")
    classroom.add_argument("--folder", type=Path, help="where to play it (default: a new folder in build/)")
    classroom.set_defaults(run=_class)
    return parser


def _grade(chosen: argparse.Namespace) -> int:
    from autograder.grade import grade
    from autograder.report import summary_table

    course = Course.find()
    run = grade(course, course.lecture(chosen.lecture), chosen.student, chosen.seed, chosen.no_sandbox)
    if chosen.json:
        rows = [row for record in run.records for row in record.rows()]
        _write(chosen.json, json.dumps(rows, indent=1) + "\n")
    summary_table(run.records)
    for problem in run.problems:
        print(problem, file=sys.stderr)
    return int(bool(run.problems))


def _feedback(chosen: argparse.Namespace) -> int:
    from autograder.pages import feedback

    course = Course.find()
    lecture = course.lecture(chosen.lecture)
    problems = feedback(course, lecture, chosen.student)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"Feedback pages: feedback/STUDENT/{lecture.name}/{lecture.name}.html")
    return int(bool(problems))


def _export(chosen: argparse.Namespace) -> int:
    from autograder.pages import export

    export(Course.find(), chosen.to)
    print(f"Grades: {chosen.to}")
    return 0


def _audit(chosen: argparse.Namespace) -> int:
    from autograder.audit import audit, read_sources
    from autograder.marking import warm

    right, wrong = read_sources(chosen.file)
    with warm(chosen.no_sandbox) as zygote:
        result = audit(Course.find(), right, wrong, zygote, chosen.exercise, chosen.seed)
    for line in result.lines():
        print(line)
    if chosen.json:
        _write(chosen.json, json.dumps(result.data(), indent=1) + "\n")
    return int(not result.clean)


def _class(chosen: argparse.Namespace) -> int:
    from autograder.classroom import play

    return play(Course.find(), chosen.folder)


def _write(path: Path, text: str) -> None:
    from autograder.records import write_whole

    write_whole(path, text)


if __name__ == "__main__":
    sys.exit(main())
