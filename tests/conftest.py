"""What every test can rely on: offline, away from the user's settings; and one list of what this machine can't run.

A test that needs more than Python says so by a marker: browser, database, gpu, sandbox. Where the machine lacks it, the
test is skipped and the reason stands in the list at the end. COURSE_TESTS_REQUIRE="browser database" turns the lack of
these into failures, for machines that are meant to have them.
"""

import os
import shutil
import socket
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

os.environ["MPLBACKEND"] = "Agg"
os.environ.pop("JUPYTER_CONFIG_PATH", None)
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # on small arrays, threads that wait for one another take three times as long

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def browser_program():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def without_browser():
    return None if browser_program() else "no Chromium here (Debian: apt install chromium)"


def without_database():
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return None if programs or shutil.which("initdb") else "no PostgreSQL server here (Debian: apt install postgresql)"


def without_gpu():
    import torch

    return None if torch.cuda.is_available() else "no CUDA device here"


def without_sandbox():
    from autograder import sandbox

    found = sandbox.tier()
    return None if found.name != "none" else found.advice


MACHINE = {
    "browser": without_browser,
    "database": without_database,
    "gpu": without_gpu,
    "sandbox": without_sandbox,
}


@cache
def lack(name):
    """Why the machine can't run tests with this marker; None where it can."""
    reason = MACHINE[name]()
    return f"needs a {name}: {reason}" if reason else None


def pytest_runtest_setup(item):
    required = os.environ.get("COURSE_TESTS_REQUIRE", "").split()
    for name in MACHINE:
        if item.get_closest_marker(name) and (reason := lack(name)):
            (pytest.fail if name in required else pytest.skip)(reason)


def pytest_terminal_summary(terminalreporter):
    """Skipped tests in one plain list: how many, and why."""
    reasons = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reasons[report.longrepr[2].removeprefix("Skipped: ")] += 1
    terminalreporter.section("not run on this machine")
    for reason, count in sorted(reasons.items()):
        terminalreporter.line(f"{count} test{'s' if count > 1 else ''}: {reason}")
    if not reasons:
        terminalreporter.line("nothing: every chosen test was run")


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """A folder for the settings of Jupyter and IPython in place of the user's own."""
    return tmp_path_factory.mktemp("settings")


@pytest.fixture(autouse=True)
def _away_from_the_users_settings(monkeypatch, settings):
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        monkeypatch.setenv(name, str(settings / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(settings / "ipython"))


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    """A test that reaches out of this machine fails, also where a network is there."""
    connect = socket.socket.connect

    def connect_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if host not in ("localhost", "::1") and not host.startswith("127."):
                raise OSError(f"tests run offline, and this one asked for {host}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture
def browser():
    """A headless browser of this machine, driven by Playwright; for tests marked `browser`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_program(), args=FLAGS.split())
        yield started
        started.close()
