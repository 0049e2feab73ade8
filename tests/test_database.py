"""The gradebook in PostgreSQL, a real server on loopback: graded while others read, and kept from when it goes away."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from test_grading import LECTURE, all_right, command, ground, hand_in  # noqa: F401  ground: a fixture

from autograder.samples.linear_models import WRONG

pytestmark = [pytest.mark.sandbox, pytest.mark.database]
NO_HALF = WRONG["squared_error_cost"]["no_half"]


class Server:
    """A PostgreSQL server of its own, with one data base for the gradebook. url: as nbgrader_config.py names it"""

    def __init__(self, folder):
        found = shutil.which("initdb")
        self.bin = Path(found).resolve().parent if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.folder, self.process = folder, None
        # the server refuses to run as root
        self.user = (
            ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.getuid() == 0 else []
        )
        if self.user:
            shutil.chown(folder, "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"postgresql+psycopg://grader@127.0.0.1:{self.port}/gradebook"
        self.run("initdb", "--pgdata", folder / "data", "--username", "grader", "--auth", "trust", "--no-sync")
        self.start()
        self.run("createdb", "--host", "127.0.0.1", "--port", self.port, "--username", "grader", "gradebook")

    def run(self, program, *words):
        words = [*self.user, self.bin / program, *words]
        done = subprocess.run(
            [str(word) for word in words], cwd=self.folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr

    def start(self):
        settings = ("listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", "fsync=off")
        words = [self.bin / "postgres", "-D", self.folder / "data", "-p", self.port]
        words += [part for setting in settings for part in ("-c", setting)]
        self.process = subprocess.Popen(
            [*self.user, *map(str, words)], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def stop(self):
        self.process.send_signal(subprocess.signal.SIGINT)  # its "fast shutdown"
        self.process.wait(60)


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def course(ground, server):  # noqa: F811
    """A course whose gradebook is in PostgreSQL, empty."""
    server.run("dropdb", "--host", "127.0.0.1", "--port", server.port, "--username", "grader", "gradebook")
    server.run("createdb", "--host", "127.0.0.1", "--port", server.port, "--username", "grader", "gradebook")
    with open(ground / "nbgrader_config.py", "a") as file:
        file.write(f"\nc.CourseDirectory.db_url = {server.url!r}\n")
    return ground


def entered(server):
    with Gradebook(server.url, "networks_by_hand") as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(LECTURE)}


def class_of(course, number):
    for index in range(number):
        hand_in(course, f"s{index:02}", all_right(**({"squared_error_cost": NO_HALF} if index % 2 else {})))
    return {f"s{index:02}": 15.0 if index % 2 else 16.0 for index in range(number)}


def test_grades_are_written_while_a_formgrader_reads_and_it_sees_whole_submissions(course, server):
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    due = class_of(course, 30)
    config = Config({"CourseDirectory": {"db_url": server.url, "root": str(course), "course_id": "networks_by_hand"}})
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    seen, problems, over = [], [], threading.Event()

    def read():
        while not over.is_set():
            try:
                seen.append({row["student"]: row["score"] for row in api.get_submissions(LECTURE) if row["autograded"]})
                api.get_assignments()
                api.get_notebook_submissions(LECTURE, LECTURE)
            except Exception as error:
                problems.append(error)

    assert command(course, "autograder", "grade", LECTURE, "--student", "s00").returncode == 0
    reader = threading.Thread(target=read)
    reader.start()
    done = command(course, "autograder", "grade", LECTURE)
    over.set()
    reader.join()
    assert done.returncode == 0, done.stderr
    assert problems == []
    assert not (course / "gradebook.db").exists()
    assert entered(server) == due
    assert any(0 < len(scores) < len(due) for scores in seen)  # it looked in the middle
    for scores in seen:
        for student, score in scores.items():
            assert score in (0, due[student])
    assert command(course, "autograder", "feedback", LECTURE, "--student", "s01").returncode == 0
    assert command(course, "autograder", "export").returncode == 0
    assert len((course / "grades.csv").read_text().splitlines()) == 1 + len(due)


def test_people_grade_in_it_and_a_regrade_keeps_what_they_gave(course, server):
    work = all_right()
    next(cell for cell in work.cells if cell.metadata.get("written") == "repeated_feature").source = "They share it."
    hand_in(course, "ada", work)
    assert command(course, "autograder", "grade", LECTURE).returncode == 0
    with Gradebook(server.url, "networks_by_hand") as gradebook:
        gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada").manual_score = 1.5
        gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada").manual_comment = "Nearly."
        gradebook.db.commit()
    assert command(course, "autograder", "grade", LECTURE, "--force").returncode == 0
    with Gradebook(server.url, "networks_by_hand") as gradebook:
        assert gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada").manual_score == 1.5
        assert gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada").manual_comment == "Nearly."
    assert entered(server) == {"ada": 17.5}


def test_a_server_that_is_down_costs_no_verdict(course, server):
    due = class_of(course, 2)
    server.stop()
    try:
        done = command(course, "autograder", "grade", LECTURE)
    finally:
        server.start()
    assert done.returncode == 1
    assert "The gradebook takes nothing now (" in done.stderr
    assert "2 submissions are judged and not entered yet" in done.stderr
    assert "Traceback" not in done.stderr
    done = command(course, "autograder", "grade", LECTURE)
    assert done.returncode == 0, done.stderr
    assert "Judged before and left as it is: 2 of 2" in done.stdout
    assert entered(server) == due
