"""The gallery: every demo opens without the reader's answers, frozen pages ask nothing of a network, live ones neither."""

import re
import socket
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from course import gallery

DEMOS = {demo.page: demo for demo in gallery.demos()}


@pytest.mark.parametrize("page", DEMOS)
def test_each_demo_opens_with_stand_ins_and_has_a_lesson(page):
    demo = DEMOS[page]
    assert len(demo.lesson) > 20
    _, note = demo.stage().picture()
    assert len(note) > 20
    assert "waits for" not in note


def test_every_demo_of_a_lecture_is_in_the_gallery_or_waits_for_an_answer():
    root = Path(__file__).resolve().parent.parent
    for script in root.glob("source/[0-9][0-9]_*/[0-9][0-9]_*.py"):
        number = import_module(f"course.demos.{script.stem[3:]}").LECTURE
        assert number == int(script.stem[:2])
        called = set(re.findall(r"^demos\.(\w+)\(", script.read_text(encoding="utf-8"), re.MULTILINE))
        shown = {demo.name for demo in DEMOS.values() if demo.topic == script.stem[3:]}
        waiting = getattr(import_module(f"course.demos.{script.stem[3:]}"), "WITHOUT_STAND_INS", ())
        assert called <= shown | set(waiting)


def test_every_name_in_the_frozen_gallerys_grids_is_a_setting():
    for demo in DEMOS.values():
        for name, values in (demo.grid or {}).items():
            stage = demo.stage()
            assert name in stage.settings, (demo.page, name)
            for value in values:
                assert stage.fit({name: value})[1] == "", (demo.page, name, value)


def test_a_frozen_page_holds_its_pictures_and_asks_nothing_of_a_network(tmp_path, monkeypatch):
    one = DEMOS["linear_models-softmax_triangle"]
    monkeypatch.setattr(gallery, "demos", lambda: iter([one]))
    index, page = gallery.freeze_all(tmp_path / "pages")
    assert f'href="{one.page}.html"' in index.read_text(encoding="utf-8")
    assert f'src="{one.page}.png"' in index.read_text(encoding="utf-8")
    assert (index.parent / f"{one.page}.png").read_bytes().startswith(b"\x89PNG")
    text = page.read_text(encoding="utf-8")
    assert "data-frozen-stage" in text
    assert not re.search(r'(?:src|href)="https?:', text)


def test_a_live_page_is_a_notebook_that_shows_one_demo(tmp_path):
    import nbformat

    for demo in DEMOS.values():
        path = tmp_path / f"{demo.page}.ipynb"
        gallery.write_notebook(path, demo)
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        names: dict = {}
        exec(notebook.cells[1].source.rsplit("\n", 1)[0], names)
        assert names["gallery"] is gallery


@pytest.mark.browser
def test_the_live_gallery_shows_a_demo_without_code_and_without_a_network(browser, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "course"), "demos", "--", f"--port={port}", "--no-browser"]
    served = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page = browser.new_page()
        outside = []
        page.on("requestfinished", lambda request: outside.append(request.url) if _is_outside(request.url) else None)
        page.on("requestfailed", lambda request: outside.append(f"{request.url} {request.failure}"))
        for _ in range(120):
            try:
                page.goto(f"http://127.0.0.1:{port}/", timeout=120_000)
                break
            except Exception:
                time.sleep(0.5)
        assert page.locator("li a").all_inner_texts() == [demo.title for demo in DEMOS.values()]
        page.get_by_text("Softmax triangle").scroll_into_view_if_needed()
        picture = "document.querySelector('img[src$=\"linear_models-softmax_triangle.png\"]').naturalWidth > 100"
        page.wait_for_function(picture, timeout=120_000)
        page.get_by_text("Softmax triangle").click(timeout=120_000)
        page.wait_for_selector("canvas", timeout=120_000)
        assert "gallery.show" not in page.inner_text("body")
        assert "Softmax triangle" in page.inner_text("body")
        # what the page's policy stops never leaves the browser
        assert [said for said in outside if _is_outside(said) and not said.endswith("csp")] == []
    finally:
        served.terminate()
        served.wait(30)


def _is_outside(url):
    return url.startswith("http") and "://127.0.0.1" not in url and "://localhost" not in url
