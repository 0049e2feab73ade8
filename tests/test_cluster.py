"""Grading on many machines, played on one: a real Dask scheduler and worker processes on loopback."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from test_grading import BIN, LECTURE, all_right, command, ground, hand_in  # noqa: F401  ground: a fixture

from autograder.samples.linear_models import WRONG

pytestmark = pytest.mark.sandbox
NO_HALF = WRONG["squared_error_cost"]["no_half"]


def _answers(port):
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def cluster(tmp_path):
    """A function that starts workers of a new scheduler: (their environments) -> address, processes."""
    processes = []

    def start(name, *words, **environment):
        with open(tmp_path / f"{name}.log", "w") as log:
            processes.append(
                subprocess.Popen(
                    [BIN / "dask", *map(str, words)], cwd=tmp_path, env=os.environ | environment, stdout=log, stderr=log
                )
            )
        return processes[-1]

    def cluster(*environments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        address = f"tcp://127.0.0.1:{port}"
        start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")
        workers = [
            start(
                f"worker-{n}",
                "worker",
                address,
                "--name",
                f"w{n}",
                "--nthreads",
                1,
                "--no-nanny",
                "--no-dashboard",
                **e,
            )
            for n, e in enumerate(environments)
        ]
        deadline = time.monotonic() + 120
        while not _answers(port):
            assert time.monotonic() < deadline, (tmp_path / "scheduler.log").read_text()
            time.sleep(0.1)
        while not all("Registered to" in (tmp_path / f"worker-{n}.log").read_text() for n in range(len(workers))):
            assert time.monotonic() < deadline, [path.read_text() for path in tmp_path.glob("*.log")]
            time.sleep(0.1)
        return address, workers

    yield cluster
    for process in processes:
        process.kill()
        process.wait()


def zygotes(process):
    """The warm processes that a process has started."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"autograder.zygote" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def test_two_workers_grade_a_class_and_one_of_them_is_killed_in_the_middle(ground, cluster):  # noqa: F811
    due = {}
    for index in range(16):
        hand_in(ground, f"s{index:02}", all_right(**({"squared_error_cost": NO_HALF} if index % 2 else {})))
        due[f"s{index:02}"] = 15 if index % 2 else 16
    address, workers = cluster({}, {})
    words = [BIN / "autograder", "grade", LECTURE, "--scheduler", address, "--seed", "5", "--json", "rows.json"]
    run = subprocess.Popen(words, cwd=ground, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    folder = ground / ".autograder" / LECTURE
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.json"))) < 4 or not all(zygotes(worker.pid) for worker in workers):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(list(folder.glob("*.json"))) < len(due)
    assert not zygotes(run.pid)  # each machine that judges has its own
    (orphan,) = zygotes(workers[0].pid)
    workers[0].send_signal(signal.SIGKILL)
    _, said = run.communicate(timeout=180)
    assert run.returncode == 0, said
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{ground / 'gradebook.db'}", "networks_by_hand") as gradebook:
        assert {s.student.id: s.score for s in gradebook.assignment_submissions(LECTURE)} == due
    workers[0].wait()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{orphan}").exists():
        assert time.monotonic() < deadline, "the warm process of the killed worker is still there"
        time.sleep(0.05)


def test_a_scheduler_that_is_not_there_is_named_within_ten_seconds(ground):  # noqa: F811
    hand_in(ground, "ada", all_right())
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        began = time.monotonic()
        done = command(ground, "autograder", "grade", LECTURE, "--scheduler", address)
        took = time.monotonic() - began
    assert done.returncode == 2
    assert f"No Dask scheduler answers at {address}" in done.stderr
    assert "Traceback" not in done.stderr
    assert took < 10


def test_a_scheduler_without_workers_says_how_to_start_some(ground, cluster):  # noqa: F811
    hand_in(ground, "ada", all_right())
    address, _ = cluster()
    done = command(ground, "autograder", "grade", LECTURE, "--scheduler", address)
    assert done.returncode == 2
    assert f"dask worker {address}" in done.stderr


def test_a_worker_with_another_version_of_the_course_is_refused_by_name_of_both(ground, cluster, tmp_path):  # noqa: F811
    hand_in(ground, "ada", all_right())
    older = tmp_path / "older"
    older.mkdir()
    (older / "sitecustomize.py").write_text("import course\ncourse.__version__ = '0.0.9'\n")
    address, _ = cluster({}, {"PYTHONPATH": str(older)})
    done = command(ground, "autograder", "grade", LECTURE, "--scheduler", address)
    assert done.returncode == 2
    assert "has version 0.0.9 of the course, this machine 0.1.0" in done.stderr
    assert "nothing was judged" in done.stderr
    assert not list(ground.glob(".autograder/*/*.json"))
