"""What teachers download from Canvas, Moodle and elsewhere becomes submissions, and no file gets lost or leads astray."""

import json
import os
import stat
import string
import tempfile
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autograder import downloads
from autograder.collect import collect
from autograder.command import main
from autograder.filenames import claim
from autograder.layout import Course, CourseError
from autograder.roster import fold, read_roster

LECTURE = "02_linear_models"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notebook(text="1"):
    """A notebook that differs from others by its text."""
    return json.dumps({"cells": [{"cell_type": "code", "source": text, "metadata": {}}], "nbformat": 4}).encode()


@pytest.fixture
def course(tmp_path):
    return new_course(tmp_path / "course")


def new_course(root):
    for lecture in (LECTURE, "03_autodiff"):
        (root / "source" / lecture).mkdir(parents=True)
        (root / "source" / lecture / f"{lecture}.py").touch()
    (root / "nbgrader_config.py").touch()
    return Course(root)


def folder_of(path, files, time=NOON):
    """A folder with these files: path -> bytes, or (bytes, time)."""
    for name, data in files.items():
        data, when = data if isinstance(data, tuple) else (data, time)
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, (when.timestamp(), when.timestamp()))
    return path


def zip_of(path, files):
    """A zip with these entries: name or ZipInfo -> bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def take(course, path, **options):
    return collect(course, course.lecture(LECTURE), path, **options)


def submitted(course):
    """student -> what lies in submitted/, as text."""
    return {
        path.parts[-3]: json.loads(path.read_bytes())["cells"][0]["source"]
        for path in course.submitted.glob(f"*/{LECTURE}/{LECTURE}.ipynb")
    }


def kept(course, where):
    return sorted(path.name for path in (course.root / ".autograder" / where / LECTURE).rglob("*.ipynb"))


def csv(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------ names, system by system


def test_a_zip_of_canvas_gives_each_student_a_submission(course, tmp_path):
    download = zip_of(
        tmp_path / "submissions.zip",
        {
            "lovelaceada_12345_67890_02_linear_models.ipynb": notebook("ada"),
            "turingalan_LATE_12346_67891_02_linear_models-2.ipynb": notebook("alan"),
            "müllerjörg_12347_67892_my homework.ipynb": notebook("jörg"),
        },
    )
    result = take(course, download)
    assert submitted(course) == {"lovelaceada": "ada", "turingalan": "alan", "müllerjörg": "jörg"}
    assert result.new == ["lovelaceada", "müllerjörg", "turingalan"]
    assert result.late == ["turingalan"]
    assert result.clean


def test_a_zip_of_moodle_gives_each_student_a_submission_with_folders_and_without(course, tmp_path):
    result = take(
        course,
        zip_of(
            tmp_path / "02.zip",
            {
                "Ada Lovelace_1234567_assignsubmission_file_/02_linear_models.ipynb": notebook("ada"),
                "Alan Turing_1234568_assignsubmission_file_02_linear_models.ipynb": notebook("alan"),
                "Ada Lovelace_1234567_assignsubmission_onlinetext_/onlinetext.html": b"<p>Hello",
            },
        ),
    )
    assert submitted(course) == {"Ada_Lovelace": "ada", "Alan_Turing": "alan"}
    assert [line.partition(":")[0] for line in result.others] == [
        "Ada Lovelace_1234567_assignsubmission_onlinetext_/onlinetext.html"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "alice_02_linear_models.ipynb",
        "alice_02_linear_models (1).ipynb",
        "alice-02-linear-models-Copy1.ipynb",
        "alice_linear_models.ipynb",
        "alice/02_linear_models.ipynb",
        "alice/02_linear_models-1.ipynb",
        "alice/02_linear_models/02_linear_models.ipynb",
        "alice/solution.ipynb",
        "alice.ipynb",
        "alice (2).IPYNB",
    ],
)
def test_a_plain_download_names_its_student(course, tmp_path, name):
    take(course, folder_of(tmp_path / "files", {name: notebook("hers"), "bob.ipynb": notebook("his")}))
    assert submitted(course) == {"alice": "hers", "bob": "his"}


def test_a_folder_around_all_files_is_nobody(course, tmp_path):
    files = {"submissions/alice.ipynb": notebook("a"), "submissions/bob.ipynb": notebook("b")}
    take(course, zip_of(tmp_path / "x.zip", files))
    assert submitted(course) == {"alice": "a", "bob": "b"}


def test_a_number_in_an_id_is_not_taken_for_one_of_canvas():
    assert claim(("alice_2024_02_linear_models.ipynb",), LECTURE).names == ("alice_2024",)
    assert claim(("s-2.ipynb",), LECTURE).names == ("s-2",)


def test_anonymous_submissions_of_canvas_keep_their_pseudonyms(course, tmp_path):
    files = {
        "anon_a1B2c_67890_02_linear_models.ipynb": notebook("one"),
        "LATE_anon_d3E4f_67891_02_linear_models.ipynb": notebook("two"),
    }
    result = take(course, zip_of(tmp_path / "x.zip", files))
    assert submitted(course) == {"anon_a1B2c": "one", "anon_d3E4f": "two"}
    assert result.late == ["anon_d3E4f"]


def test_two_people_of_one_name_stay_two(course, tmp_path):
    files = {
        "smithjohn_111_900_02_linear_models.ipynb": notebook("one"),
        "smithjohn_222_901_02_linear_models.ipynb": notebook("two"),
    }
    take(course, zip_of(tmp_path / "x.zip", files))
    assert submitted(course) == {"smithjohn-111": "one", "smithjohn-222": "two"}


def test_the_notebook_of_another_lecture_is_kept_aside(course, tmp_path):
    files = {"alice_03_autodiff.ipynb": notebook(), "bob_02_linear_models.ipynb": notebook("b")}
    result = take(course, folder_of(tmp_path / "files", files))
    assert submitted(course) == {"bob": "b"}
    assert "called like 03_autodiff" in result.unclaimed[0]
    assert kept(course, "unclaimed") == ["alice_03_autodiff.ipynb"]


# ------------------------------------------------------------------------------------------------------------- the roster

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Linear models (4711)",
    "    Points Possible,,,,,23",
    '"Lovelace, Ada",12345,s1,ada@uni.example,A,',
    '"Müller, Jörg",12346,s2,joerg,A,',
    '"Turing, Alan",12347,s3,alan,B,',
)


def test_canvas_numbers_find_students_whatever_they_are_called_now(course, tmp_path):
    roster = csv(tmp_path / "canvas.csv", *CANVAS)
    files = {"kingada_12345_1_02_linear_models.ipynb": notebook("ada"), "mullerjorg_9_2_x.ipynb": notebook("who")}
    result = take(course, zip_of(tmp_path / "x.zip", files), roster=roster)
    assert submitted(course) == {"ada@uni.example": "ada"}
    assert "'mullerjorg', number 9, is not on the roster" in result.unclaimed[0]  # Jörg has another number
    assert result.absent == ["joerg (Müller, Jörg)", "alan (Turing, Alan)"]
    assert not result.clean


def test_names_find_students_where_a_roster_has_no_numbers(course, tmp_path):
    roster = csv(
        tmp_path / "list.csv", "id,name,email", "s1,Ada Lovelace,ada@x.example", 's2,"Müller, Jörg",j@x.example'
    )
    decomposed = unicodedata.normalize("NFD", "Jörg Müller")
    files = {
        "lovelaceada_12345_1_02_linear_models.ipynb": notebook("ada"),
        f"{decomposed}_77_assignsubmission_file_/02_linear_models.ipynb": notebook("jörg"),
    }
    take(course, folder_of(tmp_path / "files", files), roster=roster)
    assert submitted(course) == {"s1": "ada", "s2": "jörg"}


def test_a_name_that_two_share_is_given_to_neither(course, tmp_path):
    roster = csv(tmp_path / "list.csv", "id,name", "s1,John Smith", "s2,John Smith")
    result = take(course, folder_of(tmp_path / "f", {"John Smith_02_linear_models.ipynb": notebook()}), roster=roster)
    assert submitted(course) == {}
    assert "'John Smith' may be s1, s2" in result.unclaimed[0]
    assert kept(course, "unclaimed") == ["John Smith_02_linear_models.ipynb"]


def test_moodles_worksheet_knows_numbers_and_who_was_late(course, tmp_path):
    worksheet = csv(
        tmp_path / "Grades-02.csv",
        "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Last modified (submission),Last modified (grade)",
        'Participant 77,Ada Lovelace,ada@x.example,Submitted for grading - ,,23,"Sunday, 1 March 2026, 2:14 PM",-',
        'Participant 78,Alan Turing,alan@x.example,"Submitted for grading - 3 mins 31 secs late - ",,23,-,-',
        "Participant 79,Grace Hopper,grace@x.example,No submission - ,,23,-,-",
    )
    files = {
        "A_77_assignsubmission_file_/02_linear_models.ipynb": notebook("ada"),
        "B_78_assignsubmission_file_/02_linear_models.ipynb": notebook("alan"),
    }
    result = take(
        course, folder_of(tmp_path / "f", files, NOON.replace(day=9)), roster=worksheet, deadline="2026-03-02"
    )
    assert submitted(course) == {"ada@x.example": "ada", "alan@x.example": "alan"}
    assert (result.late, result.perhaps_late) == (["alan@x.example"], [])
    assert result.absent == ["grace@x.example (Grace Hopper)"]
    stamp = (course.submitted / "ada@x.example" / LECTURE / "timestamp.txt").read_text()
    assert datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S.%f UTC").replace(tzinfo=UTC) == datetime(
        2026, 3, 1, 14, 14
    ).astimezone(UTC)


@pytest.mark.parametrize(
    "lines",
    [
        ("id,name,email", "ada,Ada Lovelace,a@x.example"),
        ("Student ID;Last name;First name", "ada;Lovelace;Ada"),
        ("id,first_name,last_name,email,lms_user_id", "ada,Ada,Lovelace,a@x.example,12345"),
        ("First name,Surname,ID number,Email address,Course total (Real)", "Ada,Lovelace,ada,a@x.example,3"),
        ("Student,ID,SIS Login ID,Section", '"Lovelace, Ada",12345,ada,A'),
        ("LastName,FirstName,ID,SIS Login ID,Section", "Lovelace,Ada,12345,ada,A"),
        ("Identifier,Full name,Username,Status,Grade", "Participant 7,Ada Lovelace,ada,No submission,"),
    ],
)
def test_rosters_of_many_kinds_are_understood(tmp_path, lines):
    (person,) = read_roster(csv(tmp_path / "r.csv", *lines)).people
    assert (person.id, {"adalovelace", "lovelaceada"} <= set(person.keys())) == ("ada", True)


def test_a_roster_from_excel_is_understood(tmp_path):
    (tmp_path / "r.csv").write_bytes("id;name\r\njm;Jörg Müller\r\n".encode("cp1252"))
    (tmp_path / "s.csv").write_bytes("id\tname\r\njm\tJörg Müller\r\n".encode("utf-16"))
    for name in ("r.csv", "s.csv"):
        assert [person.name for person in read_roster(tmp_path / name).people] == ["Jörg Müller"]


@pytest.mark.parametrize("text", ["", "id,name\n", "a,b\n1,2\n", "id,name\n,,\n", f'id,name\n"{"x" * 200_000}"\n'])
def test_a_roster_that_names_nobody_is_refused(tmp_path, text):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(CourseError, match=r"names nobody|is no CSV"):
        read_roster(tmp_path / "r.csv")


def test_an_id_that_would_lead_elsewhere_and_an_id_given_twice_are_said(tmp_path):
    roster = read_roster(csv(tmp_path / "r.csv", "id,name", "../x,Mallory", "a,Ada", "A,Alan"))
    assert [person.name for person in roster.people] == ["Ada"]
    assert len(roster.problems) == 2
    assert "'../x' can't be the name of a folder" in roster.problems[0]
    assert "Ada, Alan have the same id" in roster.problems[1]


# --------------------------------------------------------------------------------------------------- attempts and times


def test_the_newer_of_two_attempts_counts_and_the_older_is_kept(course, tmp_path):
    files = {
        "alice_02_linear_models.ipynb": (notebook("old"), NOON),
        "alice_02_linear_models (1).ipynb": (notebook("new"), NOON.replace(hour=15)),
    }
    result = take(course, folder_of(tmp_path / "files", files))
    assert submitted(course) == {"alice": "new"}
    assert kept(course, "attempts") == ["2026-03-01T12-00-00Z.ipynb"]
    assert "alice: alice_02_linear_models.ipynb" in result.attempts[0]


def test_canvas_numbers_its_files_so_the_higher_number_is_the_later_attempt(course, tmp_path):
    files = {
        "adal_1_9_02_linear_models.ipynb": (notebook("old"), NOON.replace(hour=15)),
        "adal_1_10_02_linear_models-1.ipynb": (notebook("new"), NOON),
        "adal_1_11_scratch.ipynb": (notebook("scratch"), NOON),
    }
    take(course, folder_of(tmp_path / "files", files))
    assert submitted(course) == {"adal": "new"}
    assert len(kept(course, "attempts")) == 2


def test_a_later_download_takes_the_place_of_what_was_collected_and_keeps_it(course, tmp_path):
    take(course, folder_of(tmp_path / "one", {"alice.ipynb": notebook("first")}))
    result = take(course, folder_of(tmp_path / "two", {"alice.ipynb": (notebook("second"), NOON.replace(day=2))}))
    assert submitted(course) == {"alice": "second"}
    assert result.replaced == ["alice"]
    assert "the one collected before" in result.attempts[0]
    assert kept(course, "attempts") == ["2026-03-01T12-00-00Z.ipynb"]
    assert f"Next: autograder grade {LECTURE} --student alice" in list(result.lines())


def test_an_older_download_does_not_take_the_place_of_a_newer_submission(course, tmp_path):
    take(course, folder_of(tmp_path / "two", {"alice.ipynb": (notebook("second"), NOON.replace(day=2))}))
    result = take(course, folder_of(tmp_path / "one", {"alice.ipynb": notebook("first")}))
    assert submitted(course) == {"alice": "second"}
    assert (result.replaced, result.unchanged) == ([], ["alice"])
    assert "older than what is there" in result.attempts[0]
    assert kept(course, "attempts") == ["2026-03-01T12-00-00Z.ipynb"]


def test_collecting_the_same_download_twice_changes_nothing(course, tmp_path):
    files = {
        "alice_02_linear_models.ipynb": (notebook("old"), NOON),
        "alice_02_linear_models (1).ipynb": (notebook("new"), NOON.replace(hour=15)),
        "02_linear_models.ipynb": notebook("whose?"),
    }
    download = folder_of(tmp_path / "files", files)
    take(course, download)
    before = everything(course)
    result = take(course, download)
    assert everything(course) == before
    assert (result.new, result.replaced, result.unchanged) == ([], [], ["alice"])


def everything(course):
    return {str(path.relative_to(course.root)): path.read_bytes() for path in course.root.rglob("*") if path.is_file()}


def test_a_dry_run_says_the_same_and_writes_nothing(course, tmp_path):
    files = {
        "alice.ipynb": (notebook("old"), NOON),
        "alice (1).ipynb": (notebook("new"), NOON.replace(hour=15)),
        "02_linear_models.ipynb": notebook("whose?"),
    }
    download = folder_of(tmp_path / "files", files)
    before = everything(course)
    dry = take(course, download, dry_run=True)
    assert everything(course) == before
    wet = take(course, download)
    assert (dry.new, dry.attempts, dry.unclaimed) == (wet.new, wet.attempts, wet.unclaimed)


def test_nbgrader_reads_the_timestamp(course, tmp_path):
    from nbgrader.coursedir import CourseDirectory

    take(course, folder_of(tmp_path / "files", {"alice.ipynb": notebook()}))
    directory = CourseDirectory(root=str(course.root))
    read = directory.get_existing_timestamp(str(course.submitted / "alice" / LECTURE))
    assert read.replace(tzinfo=UTC) == NOON


def test_a_zip_that_tells_the_time_in_utc_is_believed_to_the_second(course, tmp_path):
    entry = zipfile.ZipInfo("alice.ipynb", (2026, 3, 1, 3, 0, 0))
    entry.extra = b"UT\x05\x00\x01" + int(NOON.timestamp()).to_bytes(4, "little")
    take(course, zip_of(tmp_path / "x.zip", {entry: notebook()}))
    assert (course.submitted / "alice" / LECTURE / "timestamp.txt").read_text() == "2026-03-01 12:00:00.000000 UTC"


def test_late_submissions_are_collected_and_listed(course, tmp_path):
    files = {"alice.ipynb": notebook("a"), "bob.ipynb": (notebook("b"), NOON.replace(hour=13))}
    result = take(course, folder_of(tmp_path / "f", files), deadline="2026-03-01T12:30+00:00")
    assert submitted(course) == {"alice": "a", "bob": "b"}
    assert result.late == ["bob"]


def test_the_hour_of_the_download_makes_nobody_late(course, tmp_path):
    files = {
        "adal_1_9_02_linear_models.ipynb": notebook("a"),
        "alant_LATE_2_10_02_linear_models.ipynb": notebook("b"),
        "Grace Hopper_77_assignsubmission_file_/02_linear_models.ipynb": notebook("c"),
    }
    result = take(course, folder_of(tmp_path / "f", files, NOON.replace(day=9)), deadline="2026-03-01T12:30+00:00")
    assert result.late == ["alant"]
    assert result.perhaps_late == ["Grace_Hopper"]  # Moodle's names hold no mark, its worksheet does
    stamps = {path.parts[-3]: path.read_text()[:16] for path in course.submitted.glob(f"*/{LECTURE}/timestamp.txt")}
    assert stamps == {"adal": "2026-03-01 12:30", "alant": "2026-03-09 12:00", "Grace_Hopper": "2026-03-01 12:30"}


def test_a_deadline_that_is_no_time_is_refused(course, tmp_path):
    with pytest.raises(CourseError, match="'soon' is no time; write a deadline like"):
        take(course, folder_of(tmp_path / "f", {"a.ipynb": notebook()}), deadline="soon")


def test_the_very_same_file_of_two_students_is_said(course, tmp_path):
    result = take(course, folder_of(tmp_path / "f", {"a.ipynb": notebook("x"), "b.ipynb": notebook("x")}))
    assert result.twins == ["a, b"]


def test_names_that_differ_in_case_or_composition_are_one_student(course, tmp_path):
    jorg = unicodedata.normalize("NFD", "jörg")
    files = {
        "Alice_02_linear_models.ipynb": (notebook("a1"), NOON),
        "alice/02_linear_models.ipynb": (notebook("a2"), NOON.replace(hour=13)),
        f"{jorg}_02_linear_models.ipynb": (notebook("j1"), NOON),
        "jörg/02_linear_models.ipynb": (notebook("j2"), NOON.replace(hour=13)),
    }
    result = take(
        course, zip_of(tmp_path / "x.zip", {zipfile.ZipInfo(n, w.timetuple()[:6]): d for n, (d, w) in files.items()})
    )
    assert submitted(course) == {"Alice": "a2", "jörg": "j2"}
    assert len(kept(course, "attempts")) == 2
    assert result.problems == ["alice and Alice are taken as one student, Alice."]


# ------------------------------------------------------------------------------------------------- what is not to be trusted


def hostile(name, mode=0o100644, flags=0):
    entry = zipfile.ZipInfo(name, (2026, 3, 1, 12, 0, 0))
    entry.external_attr = mode << 16
    entry.flag_bits |= flags
    return entry


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (hostile("../../alice_02_linear_models.ipynb"), "has a path that leads out of the zip"),
        (hostile("/etc/alice.ipynb"), "has a path that leads out of the zip"),
        (hostile("C:\\alice.ipynb"), "has a path that leads out of the zip"),
        (hostile("x\\..\\..\\alice.ipynb"), "has a path that leads out of the zip"),
        (hostile("alice.ipynb", stat.S_IFLNK | 0o777), "is a link"),
    ],
)
def test_an_entry_that_leads_elsewhere_is_said_and_the_others_go_on(course, tmp_path, entry, said):
    result = take(course, zip_of(tmp_path / "x.zip", {entry: notebook(), "bob.ipynb": notebook("b")}))
    assert submitted(course) == {"bob": "b"}
    assert said in result.unread[0]
    assert not result.clean
    assert set(os.listdir(tmp_path)) == {"course", "x.zip"}


def test_an_encrypted_entry_is_said_and_the_others_go_on(course, tmp_path):
    path = zip_of(tmp_path / "x.zip", {"alice.ipynb": notebook(), "bob.ipynb": notebook("b")})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1  # in the central directory, of the first entry
    path.write_bytes(data)
    result = take(course, path)
    assert submitted(course) == {"bob": "b"}
    assert result.unread == ["alice.ipynb is encrypted; ask for it without a password."]


def test_a_damaged_entry_is_said_and_the_others_go_on(course, tmp_path):
    path = zip_of(tmp_path / "x.zip", {"alice.ipynb": notebook("x" * 500), "bob.ipynb": notebook("b")})
    data = bytearray(path.read_bytes())
    data[50:60] = b"\xff" * 10
    path.write_bytes(data)
    result = take(course, path)
    assert submitted(course) == {"bob": "b"}
    assert result.unread == ["alice.ipynb is damaged in the zip; download it again."]


def test_a_gigabyte_is_not_unpacked(course, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_NOTEBOOK", 2**20)
    files = {"alice.ipynb": b"0" * 2**24, "bob.ipynb": notebook("b")}
    result = take(course, zip_of(tmp_path / "x.zip", files))
    assert submitted(course) == {"bob": "b"}
    assert "alice.ipynb has more than the 1 MB that are read" in result.unread[0]


def test_an_entry_that_lies_about_its_size_is_stopped(course, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_NOTEBOOK", 2**20)
    path = zip_of(tmp_path / "x.zip", {"alice.ipynb": b"0" * 2**24, "bob.ipynb": notebook("b")})
    data = path.read_bytes().replace((2**24).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    path.write_bytes(data)
    result = take(course, path)
    assert submitted(course) == {"bob": "b"}
    assert len(result.unread) == 1
    assert result.unread[0].startswith("alice.ipynb ")


def test_a_bomb_of_many_entries_is_stopped_by_their_sum(course, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "MAX_TOTAL", 10_000)
    files = {f"s{number:02}.ipynb": notebook("x" * 5000) for number in range(20)}
    result = take(course, zip_of(tmp_path / "x.zip", files))
    assert len(submitted(course)) == 2
    assert len(result.unread) == 18


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04 broken off", b"Rar!\x1a\x07"])
def test_what_is_no_zip_is_refused_with_a_sentence(course, tmp_path, data):
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(CourseError, match=r"x\.zip can't be opened: it is no zip"):
        take(course, tmp_path / "x.zip")


def test_a_path_that_is_not_there_is_refused(course, tmp_path):
    with pytest.raises(CourseError, match="There is no folder or zip"):
        take(course, tmp_path / "nothing")


def test_submitted_itself_is_not_collected(course):
    course.submitted.mkdir()
    for path in (course.submitted, course.root, course.submitted / "x"):
        with pytest.raises(CourseError, match="where submissions are collected to"):
            take(course, path)


def test_names_that_old_zips_hold_in_utf8_without_saying_so_are_read(course, tmp_path):
    path = zip_of(tmp_path / "x.zip", {"m__ller.ipynb": notebook("m"), "bob.ipynb": notebook("b")})
    path.write_bytes(path.read_bytes().replace(b"m__ller", "müller".encode()))
    take(course, path)
    assert submitted(course) == {"müller": "m", "bob": "b"}


def test_a_zip_whose_names_are_no_utf8_though_it_says_so_is_refused_with_a_way_out(course, tmp_path):
    path = zip_of(tmp_path / "x.zip", {"müller.ipynb": notebook()})
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff\xff"))
    with pytest.raises(CourseError, match="Unpack it with your system's tool and name the folder"):
        take(course, path)


def test_links_and_pipes_in_a_folder_are_said_and_not_followed(course, tmp_path):
    download = folder_of(tmp_path / "f", {"bob.ipynb": notebook("b")})
    (tmp_path / "secret.ipynb").write_bytes(notebook("secret"))
    (download / "alice.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (download / "carol").symlink_to(tmp_path)
    os.mkfifo(download / "dave.ipynb")
    result = take(course, download)
    assert submitted(course) == {"bob": "b"}
    assert [line.partition(";")[0] for line in result.unread] == [
        "alice.ipynb is a link, and links are not followed",
        "dave.ipynb is no ordinary file.",
    ]
    assert result.others == ["carol: is a link, and links are not followed; ask for the file itself"]


def test_a_link_in_submitted_is_not_written_through(course, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    course.submitted.mkdir()
    (course.submitted / "alice").symlink_to(tmp_path / "elsewhere")
    result = take(course, folder_of(tmp_path / "f", {"alice.ipynb": notebook("a"), "bob.ipynb": notebook("b")}))
    assert submitted(course) == {"bob": "b"}
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "submitted/alice is a link" in result.unclaimed[0]
    assert kept(course, "unclaimed") == ["alice.ipynb"]


def test_control_characters_in_a_name_reach_no_terminal(course, tmp_path):
    result = take(course, folder_of(tmp_path / "f", {"\x1b[2Jalice\n.ipynb": notebook(), "bob.ipynb": notebook()}))
    assert all(line.isprintable() for line in result.lines())
    assert len(result.unclaimed) == 1


def test_a_name_in_no_encoding_is_said(course, tmp_path):
    download = folder_of(tmp_path / "f", {"bob.ipynb": notebook("b")})
    Path(os.fsdecode(os.fsencode(download) + b"/m\xfcller.ipynb")).write_bytes(notebook("m"))
    result = take(course, download)
    assert submitted(course) == {"bob": "b"}
    assert "can't be the name of a folder; give a --roster" in result.unclaimed[0]
    assert len(kept(course, "unclaimed")) == 1


def test_files_of_the_system_are_nobodys_work(course, tmp_path):
    files = {
        "__MACOSX/._alice.ipynb": b"x",
        ".DS_Store": b"x",
        "alice/._02_linear_models.ipynb": b"\0\5\x16\7\0\2\0\0Mac OS X",
        "alice/.ipynb_checkpoints/02_linear_models-checkpoint.ipynb": notebook("checkpoint"),
        "alice/02_linear_models.ipynb": notebook("a"),
    }
    result = take(course, zip_of(tmp_path / "x.zip", files))
    assert submitted(course) == {"alice": "a"}
    assert (result.others, result.unread, result.unclaimed) == ([], [], [])


def test_an_empty_file_is_collected_and_said(course, tmp_path):
    result = take(course, folder_of(tmp_path / "f", {"alice.ipynb": b""}))
    assert result.new == ["alice"]
    assert result.problems == ["alice: alice.ipynb is empty; ask for it again."]


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
pieces = st.sampled_from(
    [
        "_LATE",
        "_12_34_",
        "_7_assignsubmission_file_",
        "/",
        "\\",
        "..",
        " ",
        "02_linear_models",
        "-2",
        "ü",
        "u\u0308",
        "CON",
        ".",
    ]
)
paths = st.lists(st.one_of(names, pieces, st.text(string.ascii_letters, max_size=5)), min_size=1, max_size=6).map(
    "".join
)


@settings(max_examples=60, deadline=None)
@example(["._"])  # a shadow of macOS has such a name, and other contents
@given(st.lists(paths, min_size=1, max_size=6, unique=True))
def test_whatever_files_are_called_every_notebook_is_accounted_for_and_nothing_is_written_elsewhere(found):
    with tempfile.TemporaryDirectory() as folder:
        course = new_course(Path(folder) / "course")
        entries = {f"{name}.ipynb": notebook(str(number)) for number, name in enumerate(found)}
        result = take(course, zip_of(Path(folder) / "x.zip", entries))
        assert sorted(os.listdir(folder)) == ["course", "x.zip"]
        assert set(os.listdir(course.root)) <= {"source", "nbgrader_config.py", "submitted", ".autograder"}
        assert not [path for path in course.root.rglob("*") if path.is_symlink()]
        stored = {path.read_bytes() for path in course.root.rglob("*.ipynb")}
        with zipfile.ZipFile(Path(folder) / "x.zip") as archive:
            noise = sum(bool(downloads.NOISE & set(info.filename.split("/"))) for info in archive.infolist())
        assert len(stored) + len(result.unread) + noise >= len(entries)
        assert all(line.isprintable() for line in result.lines())
        for student in result.new:
            assert (course.submitted / student / LECTURE / f"{LECTURE}.ipynb").is_file()


@settings(deadline=None)
@given(names)
def test_folding_is_stable_and_blind_to_composition(name):
    assert fold(fold(name)) == fold(name)
    assert fold(unicodedata.normalize("NFC", name)) == fold(unicodedata.normalize("NFD", name))


def test_the_command_collects_and_says_what_is_next(course, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(course.root)
    download = folder_of(tmp_path / "f", {"alice.ipynb": notebook("a"), "02_linear_models.ipynb": notebook("?")})
    assert main(["collect", "2", str(download), "--deadline", "2026-03-02"]) == 1
    said = capsys.readouterr().out
    assert "Collected 02_linear_models of 1 student: 1 new." in said
    assert "02_linear_models.ipynb: its name names no student" in said
    assert "Next: autograder grade 02_linear_models" in said
    assert main(["collect", "2", str(tmp_path / "nothing")]) == 2
