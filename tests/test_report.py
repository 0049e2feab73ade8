"""The page that a teacher reads before class: what it says, that it holds no student's markup, and that it keeps to itself."""

import re
import stat
from datetime import datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import records
from autograder.class_view import class_view
from autograder.collect import collect
from autograder.command import main
from autograder.export import Column, Earned
from autograder.judge import CaseVerdict, Verdict
from autograder.layout import Course, CourseError
from autograder.records import Record
from autograder.report_page import distribution, page, write_page

LECTURE = "02_linear_models"
NOW = datetime(2026, 3, 1, 12)
HINT = "Your value is twice the expected one."


def right(exercise="cost", points=2.0, **more):
    return Verdict(exercise, points, points, "right", **({"seconds": 0.1, "memory": 60.0} | more))


def mistaken(exercise="cost", points=2.0, hint="no_half", score=0.0, **more):
    cases = (CaseVerdict("a table", False, 1.0, False, "twice as large", "X (3, 2)"),)
    return Verdict(
        exercise, points, score, "differs", "a table: twice as large", hint, HINT if hint else "", (), cases, **more
    )


def other(status, exercise="cost", message="It took more than 10 CPU seconds.", points=2.0, **more):
    return Verdict(exercise, points, 0.0, status, message, **more)


def record(student, *verdicts, problem="", seed=7):
    return Record(student, LECTURE, seed, "namespaces", {"course": "0.1.0", "numpy": "2.4.1"}, verdicts, problem)


@pytest.fixture
def course(tmp_path):
    """A course with one lecture, where nothing was graded."""
    (tmp_path / "source" / LECTURE).mkdir(parents=True)
    (tmp_path / "source" / LECTURE / f"{LECTURE}.py").touch()
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    return Course(tmp_path)


def written(course, *found):
    lecture = course.lecture("2")
    for one in found:
        records.write(course, lecture, one)
    return write_page(course, lecture).read_text(encoding="utf-8")


class Reading(HTMLParser):
    """What a page holds: its tags with their attributes, and its text by section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.sections, self.here = [], [], {}, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "section":
            self.here = dict(attributes)["aria-labelledby"]
        if tag not in ("meta", "wbr", "br", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("rect", "line"):
            assert self.open.pop() == tag
        if tag == "section":
            self.here = ""

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.sections[self.here] = f"{self.sections.get(self.here, '')} {data}"

    def said(self, section=""):
        return re.sub(r"\s+", " ", self.sections.get(section, "")).strip()


# -------------------------------------------------------------------------------------------------------------- numbers


def test_exercises_stand_hardest_first_with_what_became_of_them():
    view = class_view(
        [
            record("ada", right("cost"), right("ridge")),
            record("alan", mistaken("cost", score=0.5), right("ridge")),
            record("grace", other("crashed", "cost"), right("ridge")),
            record("emmy", other("missing", "cost"), mistaken("ridge")),
        ]
    )
    hard, easy = view.exercises
    assert (hard.id, hard.right, hard.partly, hard.wrong, hard.missing) == ("cost", 1, 1, 1, 1)
    assert hard.mean == pytest.approx(2.5 / 4)
    assert dict(hard.statuses) == {"differs": 1, "crashed": 1}
    assert (easy.id, easy.right, easy.wrong) == ("ridge", 3, 1)
    assert view.median == pytest.approx(2.25)


def test_mistakes_stand_most_common_first_with_who_made_them():
    view = class_view(
        [
            record("ada", mistaken("cost", hint="no_half"), mistaken("ridge", hint="bias_penalised")),
            record("alan", right("cost"), mistaken("ridge", hint="bias_penalised")),
        ]
    )
    assert [(mistake.exercise, mistake.id, mistake.students) for mistake in view.mistakes] == [
        ("ridge", "bias_penalised", ("ada", "alan")),
        ("cost", "no_half", ("ada",)),
    ]
    assert view.mistakes[0].hint == HINT


def test_wrong_answers_that_no_mistake_explains_are_counted_by_what_they_did():
    view = class_view(
        [record(name, mistaken(hint=None)) for name in ("ada", "alan")] + [record("emmy", other("crashed"))]
    )
    (puzzle,) = view.puzzles
    assert puzzle.students == ("ada", "alan")
    assert puzzle.cases == (("a table", 2),)
    assert puzzle.messages == (("twice as large", 2),)


def test_who_needs_a_look_is_said_with_the_reason_the_gravest_first():
    view = class_view(
        [
            record("late", right()),
            record("blank", other("missing", message="")),
            record("noted", right(notes=("The cell was pasted twice; the last counts.",))),
            record("slow", other("timed out")),
            record("torn", other("missing"), problem="torn: 02.ipynb is damaged; ask for it again."),
            record("well", right()),
        ],
        late=["late"],
    )
    assert [(look.student, look.reasons) for look in view.looks] == [
        ("torn", ("Not judged. 02.ipynb is damaged; ask for it again.",)),
        ("slow", ("cost timed out. It took more than 10 CPU seconds.",)),
        ("noted", ("cost: The cell was pasted twice; the last counts.",)),
        ("blank", ("Nothing is written yet.",)),
        ("late", ("Late.",)),
    ]


def test_points_are_the_gradebooks_with_what_was_given_by_hand_and_late_is_what_its_due_date_says():
    column = Column(
        LECTURE,
        "2026-03-01 12:00:00",
        5.0,
        {
            "ada": Earned(4.5, 0.0, "2026-03-01 11:59:00", False),
            "alan": Earned(3.0, 1.0, "2026-03-01 12:00:01", True),
        },
    )
    view = class_view([record("ada", right()), record("alan", right())], column)
    assert view.points == [4.5, 2.0]
    assert (view.most, view.judged) == (5.0, 2.0)
    assert view.waiting == ["alan"]
    assert [look.student for look in view.looks] == ["alan"]


def test_runs_with_other_seeds_and_versions_are_told_apart():
    view = class_view([record("ada", right()), record("alan", right()), record("emmy", right(), seed=8)])
    assert view.seeds == ["7 (2 submissions)", "8 (1 submission)"]
    assert view.versions == ["course 0.1.0, numpy 2.4.1"]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.floats(0.5, 100))
def test_every_submission_is_in_one_bar_of_the_distribution(points, most):
    bars = distribution(points, most)
    assert sum(bar.count for bar in bars) == len(points)
    assert len(bars) <= 12
    assert bars[-1].high >= max(points)
    for bar in bars:
        inside = [value for value in points if bar.low <= value < bar.high or (bar is bars[-1] and value == bar.high)]
        assert len(inside) == bar.count


# ----------------------------------------------------------------------------------------------------------------- page


def test_the_page_says_on_top_whom_it_is_for_and_then_what_matters(course):
    text = written(
        course,
        record("ada", right("cost"), right("ridge")),
        record("alan", mistaken("cost"), right("ridge")),
        record("grace", mistaken("cost"), other("crashed", "ridge", "It ended the process.")),
    )
    read = Reading(text)
    assert read.said().startswith("02 Linear models: for teachers For teachers. This page names students")
    assert "Half the class has 2 of 4 points or more. Hardest is cost: 1 of 3 have it right." in read.said()
    assert "The most common mistake is no half in cost: 2 of 3." in read.said()
    assert f"2 of 3 cost no half {HINT} alan, grace" in read.said("mistakes")
    assert "cost 2 with wrong output 1 0 2 0 0.67 of 2 ridge 1 crashed 2 0 1 0 1.33 of 2" in read.said("exercises")
    assert read.said("looks").endswith("grace ridge crashed. It ended the process.")
    assert (
        "Seed of the cases 7 Sandbox namespaces Computed by cpu (reference), cpu (students' code) Versions course 0.1.0, numpy 2.4.1"
        in read.said()
    )


def test_a_mistake_of_one_student_stands_behind_those_of_many(course):
    text = written(
        course,
        record("ada", mistaken("cost"), mistaken("ridge", hint="bias_penalised")),
        record("alan", mistaken("cost"), right("ridge")),
    )
    table, rare = Reading(text).said("mistakes").split("1 more made by one student")
    assert "no half" in table
    assert "bias penalised" not in table
    assert "ridge bias penalised" in rare


def test_the_page_asks_nothing_of_the_network_runs_nothing_and_is_read_by_its_owner_alone(course):
    text = written(course, record("ada", right()))
    read = Reading(text)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert not [
        name for _, attributes in read.tags for name in attributes if name in ("src", "href") or name[:2] == "on"
    ]
    assert "url(" not in text
    assert "@import" not in text
    policy = next(a["content"] for tag, a in read.tags if tag == "meta" and "http-equiv" in a)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    path = records.folder(course, course.lecture("2")) / "report.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_tables_have_titles_and_rows_that_a_screen_reader_names_and_the_drawing_says_its_numbers(course):
    text = written(course, record("ada", mistaken()), record("alan", right()))
    read = Reading(text)
    assert "How many submissions have how many points: 0 to 1: 1; 1 to 2: 1. The median is 1." in read.said("points")
    assert text.count("<table") == text.count("<thead") == len(re.findall(r"<thead><tr><th scope=\"col\"", text))
    assert not [a for tag, a in read.tags if tag == "th" and a.get("scope") not in ("row", "col")]
    labels = {a["aria-labelledby"] for _, a in read.tags if "aria-labelledby" in a}
    ids = [a["id"] for _, a in read.tags if "id" in a]
    assert labels <= set(ids)
    assert len(ids) == len(set(ids))


EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'
texts = st.one_of(
    st.text(max_size=30), st.sampled_from([EVIL, "</style>", "{{ 7 * 7 }}", "{% raw %}", "&amp;", "\u202e", "\0"])
)


@settings(max_examples=60, deadline=None)
@given(texts, texts, texts, texts, texts)
def test_whatever_students_write_stays_text(student, message, note, hint, advice):
    read = Reading(page(class_view(loud(student, message, note, hint, advice)), NOW))
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in Reading(page(class_view(loud(*"abcde")), NOW)).tags}
    assert read.open == []


def loud(student, message, note, hint, advice):
    """Records in which these texts stand wherever one of a student's can."""
    case = CaseVerdict(message, False, 1.0, False, message, note)
    return [
        record(student, Verdict("cost", 2, 0, "raised", message, None, "", (note,), (case, case))),
        record("y", Verdict("cost", 2, 0, "differs", message, hint, advice, (note,)), problem=message),
        record("z", Verdict("cost", 2, 1, "differs", message, hint, advice, (note,))),
        record("w", Verdict("cost", 2, 1, "differs", message, "other", advice, (note,))),
    ]


def test_what_students_write_is_shown_as_they_wrote_it(course):
    text = written(course, record("ada", other("raised", message=EVIL)))
    assert EVIL not in text
    assert EVIL in Reading(text).said("mistakes")


def test_without_a_gradebook_the_page_says_that_points_are_the_judges_alone(course):
    assert (
        "Points are the judge's alone, without what was graded by hand."
        in Reading(written(course, record("a", right()))).said()
    )


def test_a_damaged_record_is_said_and_the_others_are_shown(course):
    written(course, record("ada", right()))
    (records.folder(course, course.lecture("2")) / "alan.json").write_text("{")
    said = Reading(write_page(course, course.lecture("2")).read_text()).said()
    assert "1 submission, the last judged" in said
    assert "alan.json is no record of verdicts" in said


def test_who_was_late_when_collected_is_late_on_the_page(course, tmp_path):
    folder = tmp_path / "download"
    folder.mkdir()
    for name in ("lovelaceada_1_2", "turingalan_LATE_3_4"):
        (folder / f"{name}_02_linear_models.ipynb").write_text(f'{{"cells": [], "of": "{name}"}}')
    collect(course, course.lecture("2"), folder)
    text = written(course, record("lovelaceada", right()), record("turingalan", right()))
    assert Reading(text).said("looks").endswith("Why turingalan Late.")


def test_without_records_the_way_to_them_is_said(course):
    with pytest.raises(CourseError, match=rf"Nothing of {LECTURE} was graded yet; run `autograder grade {LECTURE}`"):
        write_page(course, course.lecture("2"))


def test_the_command_writes_the_page_where_it_is_told(course, monkeypatch, capsys):
    records.write(course, course.lecture("2"), record("ada", right()))
    monkeypatch.chdir(course.root)
    assert main(["report", "2", "--to", "report.html"]) == 0
    assert capsys.readouterr().out == "For teachers: report.html\n"
    assert (course.root / "report.html").is_file()


def test_a_class_of_a_thousand_has_a_page_of_bearable_size():
    found = [
        record(f"student-{n}", *(mistaken(f"exercise_{k}", hint=f"m{n % 9}") for k in range(10))) for n in range(1000)
    ]
    assert len(page(class_view(found), NOW)) < 3_000_000


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_reads_in_a_browser_in_light_and_dark_on_a_desk_and_a_phone(course, browser, scheme, width):
    written(
        course,
        record("ada", right("train_softmax_regression"), right("logistic_cost_and_gradient")),
        record("alan", mistaken("train_softmax_regression"), mistaken("logistic_cost_and_gradient", hint=None)),
        record("emmy", mistaken("train_softmax_regression"), other("crashed", "logistic_cost_and_gradient")),
    )
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked, said = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto((records.folder(course, course.lecture("2")) / "report.html").as_uri())
    assert len(asked) == 1
    assert said == []
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    paper, ink = tab.evaluate("(({backgroundColor: b, color: c}) => [b, c])(getComputedStyle(document.body))")
    assert (brightness(paper) > brightness(ink)) == (scheme == "light")
    for faint in (".soft", ".banner", "thead th", "figure .says"):
        style = tab.eval_on_selector(faint, "e => [getComputedStyle(e).color, getComputedStyle(e).fill]")
        color = style[1] if faint.startswith("figure") else style[0]
        ground = (
            tab.eval_on_selector(".banner", "e => getComputedStyle(e).backgroundColor") if faint == ".banner" else paper
        )
        assert contrast(color, ground) >= 4.5, faint
    tab.close()


def brightness(color):
    """Relative luminance, as WCAG defines it."""
    channels = [int(value) / 255 for value in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    low, high = sorted((brightness(one), brightness(two)))
    return (high + 0.05) / (low + 0.05)
