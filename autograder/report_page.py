"""`autograder report LECTURE`: one page for teachers, to read before class.

The page is one file that asks nothing of the network and runs no script; its policy forbids both. Every text that came from a
student is escaped by the template. The file is readable by its owner alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from math import ceil, floor
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from autograder import records
from autograder.class_view import ClassView, class_view
from autograder.collect import collected_late
from autograder.export import read_grades
from autograder.layout import Course, CourseError, Lecture

BINS = 12  # bars of the distribution, at most
WIDTH, HEIGHT, BASE, TOP = 640, 190, 150, 24  # of its drawing; where bars stand, and where the highest ends
WORDS = {
    "differs": "with wrong output",
    "raised": "with an error",
    "timed out": "timed out",
    "out of memory": "out of memory",
    "crashed": "crashed",
    "bad data": "with unreadable output",
}


@dataclass(frozen=True)
class Bar:
    """One bar of the distribution. low, high: points, the upper one included only in the last; x, y, width, height: its drawing."""

    low: float
    high: float
    count: int
    x: float
    y: float
    width: float
    height: float


def write_page(course: Course, lecture: Lecture, to: Path | None = None) -> Path:
    """Write the page; returns its path, .autograder/LECTURE/report.html unless `to` names another.

    Raises CourseError where the lecture was not graded.
    """
    found, broken = _records(course, lecture)
    if not found:
        reason = f" {broken[0]}" if broken else ""
        raise CourseError(
            f"Nothing of {lecture.name} was graded yet; run `autograder grade {lecture.name}` first.{reason}"
        )
    try:
        column = read_grades(course, lecture)[1][0]
        warnings = broken
    except CourseError as error:
        column = None
        warnings = [*broken, f"Points are the judge's alone, without what was graded by hand. {error}"]
    view = class_view(found, column, collected_late(course, lecture))
    view.warnings += warnings
    if column is not None:
        missing = [record.student for record in found if record.student not in column.earned]
        if missing:
            view.warnings.append(f"Judged, but not in the gradebook: {', '.join(missing[:20])}. Grade again.")
    path = to or records.folder(course, lecture) / "report.html"
    newest = max(file.stat().st_mtime for file in records.folder(course, lecture).glob("*.json"))
    records.write_whole(path, page(view, datetime.fromtimestamp(newest)))
    return path


def _records(course: Course, lecture: Lecture) -> tuple[list[records.Record], list[str]]:
    """The records that can be read, and a sentence for each that can't."""
    found, broken = [], []
    for path in sorted(records.folder(course, lecture).glob("*.json")):
        try:
            found.append(records.read(path))
        except CourseError as error:
            broken.append(str(error))
    return found, broken


def page(view: ClassView, graded: datetime) -> str:
    """The page as HTML. graded: when the last submission was judged."""
    title = view.lecture[3:].replace("_", " ").capitalize()
    return _template().render(
        view=view,
        title=f"{view.lecture[:2]} {title}",
        bars=distribution(view.points, view.most),
        drawing={"width": WIDTH, "height": HEIGHT, "base": BASE, "median": _across(view.median, view.most)},
        lead=_lead(view),
        words=WORDS,
        graded=graded,
    )


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "number": _number,
        "share": _share,
        "names": _names,
        "breakable": _breakable,
    }
    return environment.from_string(files("autograder").joinpath("report_page.html").read_text(encoding="utf-8"))


def distribution(points: Sequence[float], most: float) -> list[Bar]:
    """How many submissions have how many points, in bars of equal width: 1, 2, 5, 10, ... points."""
    highest = max(most, *points, 1.0)
    width = next(step * 10**power for power in range(7) for step in (1, 2, 5) if step * 10**power * BINS >= highest)
    number = max(1, ceil(highest / width))
    counts = [0] * number
    for value in points:
        counts[min(number - 1, max(0, floor(value / width)))] += 1
    tallest = max(counts)
    across = WIDTH / number
    return [
        Bar(
            i * width,
            (i + 1) * width,
            count,
            round(i * across + 2, 1),
            round(BASE - (BASE - TOP) * count / tallest, 1),
            round(across - 4, 1),
            round((BASE - TOP) * count / tallest, 1),
        )
        for i, count in enumerate(counts)
    ]


def _across(value: float, most: float) -> float:
    bars = distribution([value], most)
    return round(WIDTH * value / bars[-1].high, 1)


def _lead(view: ClassView) -> list[str]:
    """What to know before class, in a few sentences."""
    count = len(view.students)
    middle = f"{_number(view.median)} of {_points(view.most)}"
    lines = [f"Half the class has {middle} or more." if count > 1 else f"The one submission has {middle}."]
    hardest = view.exercises[0] if view.exercises else None
    if hardest and hardest.right < hardest.count:
        lines.append(f"Hardest is {hardest.id}: {hardest.right} of {hardest.count} have it right.")
    elif hardest:
        lines.append("Everybody has every exercise right.")
    if view.mistakes:
        most = view.mistakes[0]
        lines.append(
            f"The most common mistake is {most.id.replace('_', ' ')} in {most.exercise}: {len(most.students)} of {count}."
        )
    if view.waiting:
        lines.append(f"Written answers of {_names(view.waiting)} wait for you; they count 0 so far.")
    return lines


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _points(value: float) -> str:
    return f"{_number(value)} point{'s' * (value != 1)}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "0"


def _breakable(name: str) -> Markup:
    """A name that may go on in the next line after an underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def _names(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
