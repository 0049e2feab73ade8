"""A notebook in JupyterLab as `make lab` starts it, opened in a browser: for tests of the stage and its benchmark."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat

TESTS = Path(__file__).resolve().parent
CELL = f"import sys; sys.path.insert(0, {str(TESTS)!r})\nfrom racer import *\n"


def write_notebook(folder, *cells, name="stage.ipynb"):
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / name)
    return folder / name


@contextmanager
def running_lab(folder, log, prompt=True):
    """JupyterLab on a folder; gives its address and token. prompt: with the course's settings; False: a stock server."""
    program = (
        ["course.lab", str(folder)] if prompt else ["jupyterlab", f"--ServerApp.root_dir={folder}", "--no-browser"]
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [
        sys.executable,
        "-m",
        *program,
        f"--ServerApp.port={_free_port()}",
        # where the course is installed its extension is enabled for every server of the environment
        *([] if prompt else ["--allow-root", "--ServerApp.jpserver_extensions={'course.server': False}"]),
    ]
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def open_notebook(browser, address, name, width=1280, height=1000, run=True, **options):
    """A page with the notebook, its cells run."""
    base, token = address
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    page.outside = []
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("data:", "blob:")) or base in request.url or page.outside.append(request.url)
        ),
    )
    page.goto(f"{base}/lab/tree/{name}?token={token}&reset")
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(timeout=90_000)
    if run:
        run_all(page)
    return page


def run_all(page):
    """Run all cells. Asked before the kernel is ready, JupyterLab forgets: asked again until the first one has run."""
    first = page.locator(".jp-InputPrompt").first
    for _ in range(20):
        if page.locator(".jp-Dialog").count():
            page.locator(".jp-Dialog .jp-mod-accept").first.click()
        if "*" not in first.inner_text():
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).first.click()
        for _ in range(60):
            page.wait_for_timeout(100)
            if re.search(r"\d", first.inner_text()):
                return
            if "*" not in first.inner_text():
                break
        page.wait_for_timeout(700)
    raise RuntimeError("no cell ran")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _address(process, log):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/\S*token=(\w+)", log.read_text()):
            return found[1], found[2]
        time.sleep(0.1)
    raise RuntimeError("JupyterLab printed no address:\n" + log.read_text())
