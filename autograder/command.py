"""The `autograder` command: collect, grade, feedback, export, report, audit, class."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from autograder.layout import Course, CourseError


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands; 0 where all went well, 1 where something needs a look, 2 where nothing could be done."""
    chosen = _parser().parse_args(arguments)
    # jsonschema reads a grammar of internationalised addresses for a second; what notebooks are checked for has none
    sys.modules.setdefault("rfc3987_syntax", None)
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

    collect = commands.add_parser("collect", help="take in what students handed in on Canvas, Moodle or elsewhere")
    collect.add_argument("lecture", help="name, number or topic: 02_linear_models, 2, linear_models")
    collect.add_argument("path", type=Path, help="the folder or zip that was downloaded")
    collect.add_argument(
        "--roster", type=Path, metavar="FILE", help="CSV: who is in the class (a grade book's export will do)"
    )
    collect.add_argument("--deadline", metavar="ISO", help="like 2026-03-01T23:59; later ones are collected and listed")
    collect.add_argument("--dry-run", action="store_true", help="say what would be done and write nothing")
    collect.set_defaults(run=_collect)

    grade = commands.add_parser("grade", help="judge what was handed in and fill the gradebook")
    grade.add_argument("lecture", help="name, number or topic: 02_linear_models, 2, linear_models")
    grade.add_argument("--student", nargs="+", metavar="ID", help="only these students")
    grade.add_argument("--seed", type=int, help="of the hidden cases; drawn fresh if not given")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write a row for each student and exercise")
    grade.add_argument(
        "--workers", type=_positive, metavar="N", help="submissions at a time (default: the number of cores)"
    )
    grade.add_argument("--scheduler", metavar="ADDRESS", help="judge on a Dask cluster: tcp://HOST:8786")
    grade.add_argument("--force", action="store_true", help="judge again what was judged before")
    grade.add_argument("--only-failed", action="store_true", help="judge again only what could not be judged then")
    grade.add_argument("--no-sandbox", action="store_true", help="run students' code with your own rights (don't)")
    grade.add_argument(
        "--student-gpu",
        action="store_true",
        help="let students' code use the GPU: one submission at a time, seconds more each",
    )
    grade.set_defaults(run=_grade)

    feedback = commands.add_parser("feedback", help="write feedback pages to feedback/")
    feedback.add_argument("lecture")
    feedback.add_argument("--student", nargs="+", metavar="ID", help="only these students")
    feedback.set_defaults(run=_feedback)

    export = commands.add_parser("export", help="write grades as a table that Canvas, Moodle or a spreadsheet reads")
    export.add_argument(
        "--format", choices=("csv", "canvas", "moodle"), default="csv", help="csv is nbgrader's own table"
    )
    export.add_argument(
        "--to", type=Path, metavar="FILE", help="default: grades.csv, grades-canvas.csv, grades-moodle.csv"
    )
    export.add_argument("--lecture", help="only this one")
    export.add_argument(
        "--roster", type=Path, metavar="FILE", help="the grade book or worksheet that is to be filled in"
    )
    export.set_defaults(run=_export)

    report = commands.add_parser("report", help="write a page for teachers: scores, mistakes, who needs a look")
    report.add_argument("lecture")
    report.add_argument("--to", type=Path, metavar="FILE", help="default: .autograder/LECTURE/report.html")
    report.set_defaults(run=_report)

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


def _collect(chosen: argparse.Namespace) -> int:
    from autograder.collect import collect

    course = Course.find()
    lecture = course.lecture(chosen.lecture)
    result = collect(course, lecture, chosen.path, chosen.roster, chosen.deadline, chosen.dry_run)
    for line in result.lines():
        print(line)
    return int(not result.clean)


def _grade(chosen: argparse.Namespace) -> int:
    from autograder import submissions, warm_process

    course = Course.find()
    lecture = course.lecture(chosen.lecture)
    submissions.find(course, lecture, chosen.student)
    if not chosen.scheduler and not chosen.student_gpu and lecture.released.is_file():
        warm_process.start(lecture.released, chosen.no_sandbox)  # it warms up while the rest is imported here

    from autograder.grade import Options, grade
    from autograder.report import summary_table

    options = Options(
        chosen.seed, chosen.force, chosen.only_failed, chosen.workers, chosen.no_sandbox, chosen.student_gpu
    )
    if chosen.scheduler:
        from autograder.cluster import connect

        with connect(chosen.scheduler) as (executor, workers):
            options = replace(options, workers=chosen.workers or workers)
            run = grade(course, lecture, chosen.student, options, executor)
    else:
        run = grade(course, lecture, chosen.student, options)
    if chosen.json:
        rows = [row for record in run.records for row in record.rows()]
        _write(chosen.json, json.dumps(rows, indent=1) + "\n")
    summary_table(run.records)
    if run.skipped:
        print(f"Judged before and left as it is: {len(run.skipped)} of {len(run.records)} (--force judges them again).")
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
    from autograder.export import export

    course = Course.find()
    lecture = course.lecture(chosen.lecture) if chosen.lecture else None
    path = chosen.to or Path("grades.csv" if chosen.format == "csv" else f"grades-{chosen.format}.csv")
    for note in export(course, path, chosen.format, lecture, chosen.roster):
        print(note, file=sys.stderr)
    print(f"Grades: {path}")
    return 0


def _report(chosen: argparse.Namespace) -> int:
    from autograder.report_page import write_page

    course = Course.find()
    print(f"For teachers: {write_page(course, course.lecture(chosen.lecture), chosen.to)}")
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


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no number of workers; give 1 or more")
    return number


def _write(path: Path, text: str) -> None:
    from autograder.records import write_whole

    write_whole(path, text)


if __name__ == "__main__":
    sys.exit(main())
