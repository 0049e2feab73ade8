"""The start page, and JupyterLab as `make lab` opens it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograder.start import start_page
from course import lab

ROOT = Path(__file__).resolve().parent.parent
LECTURES = [
    {"number": 7, "slug": "07_optimization", "title": "Optimization", "minutes": 120, "promise": "Go downhill well."},
    {"number": "02", "slug": "02_linear_models", "title": "Linear models", "minutes": 150, "promise": "Fit lines"},
]


def test_the_start_page_lists_the_lectures_by_number_with_links():
    page = start_page(LECTURES)
    first, second = re.findall(r"^### \[(.+)\]\((.+)\)\n\n(.+)$", page, re.MULTILINE)
    assert first == ("02. Linear models", "02_linear_models/02_linear_models.ipynb", "Fit lines. About 150 minutes.")
    assert second[2] == "Go downhill well. About 120 minutes."


def test_the_released_start_page_links_to_every_released_lecture():
    page = (ROOT / "release" / lab.START).read_text(encoding="utf-8")
    links = set(re.findall(r"\]\((.+\.ipynb)\)", page))
    assert links == {path.relative_to(ROOT / "release").as_posix() for path in ROOT.glob("release/*/*.ipynb")}


@pytest.mark.parametrize(
    ("environment", "platform", "there"),
    [({}, "linux", False), ({"DISPLAY": ":0"}, "linux", True), ({"WAYLAND_DISPLAY": "w"}, "linux", True)]
    + [({}, "darwin", True), ({}, "win32", True), ({"DISPLAY": ""}, "linux", False)],
)
def test_a_browser_is_opened_only_where_it_can_be_seen(environment, platform, there):
    assert lab.has_display(environment, platform) is there
    assert ("--no-browser" in lab.options(ROOT / "release", display=there)) is not there


def test_a_folder_without_a_start_page_opens_plainly(tmp_path):
    assert "--LabApp.default_url=/lab" in lab.options(tmp_path, display=True)
    assert lab.main([str(tmp_path / "nowhere")]) == 2


@contextmanager
def running_lab(place):
    """JupyterLab on a copy of release/, as `make lab` starts it without a display; gives the address that it prints."""
    folder, log = shutil.copytree(ROOT / "release", place / "release"), place / "log"
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "course.lab", str(folder), f"--ServerApp.port={free_port()}"]
    with log.open("w") as output:  # a file, since its kernels would keep a pipe open after its end
        process = subprocess.Popen(command, env=environment, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield printed_address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()  # its kernels see that it has gone, and end
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def printed_address(process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if address := re.search(r"http://127\.0\.0\.1:\d+/\S+", log.read_text()):
            return address[0]
        time.sleep(0.1)
    pytest.fail("JupyterLab printed no address:\n" + log.read_text())


def fetch(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.status, answer.read().decode()


def test_the_lab_prints_an_address_that_opens_the_start_page(tmp_path):
    with running_lab(tmp_path) as address:
        assert f"/lab/tree/{lab.START}?token=" in address
        assert fetch(address)[0] == 200
        base, token = re.fullmatch(r"(http://[^/]+)/.*(token=.*)", address).groups()
        _, listing = fetch(f"{base}/api/contents/?{token}")
        assert lab.START in {item["name"] for item in json.loads(listing)["content"]}


@pytest.mark.browser
def test_a_reader_gets_from_the_start_page_into_a_lecture_with_a_running_kernel(browser, tmp_path):
    with running_lab(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        outside = []
        page.on("request", lambda request: "127.0.0.1" in request.url or outside.append(request.url))
        page.goto(address)
        link = page.locator(".jp-MarkdownViewer h3 a:not(.jp-InternalAnchorLink)").first
        link.wait_for(timeout=60_000)
        title = link.inner_text().split(". ", 1)[1]
        assert page.locator(".jp-Notification-List, .jp-Dialog").count() == 0
        link.click()
        page.locator(".jp-Notebook h1", has_text=title).first.wait_for(timeout=60_000)
        idle = page.locator(".jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status=idle]")
        idle.wait_for(timeout=60_000)
        assert page.locator(".jp-Dialog").count() == 0
        assert [url for url in outside if url.startswith("http")] == []
