"""A teacher's way through nbgrader's own pages: form grader in JupyterLab, in a real browser, on verdicts of ours."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import nbformat
import pytest
from nbgrader.api import Gradebook
from test_grading import BIN, LECTURE, ROOT, all_right, command, hand_in

from autograder.build import instructor_notebook
from autograder.layout import Course
from autograder.samples.linear_models import WRONG

pytestmark = [pytest.mark.browser, pytest.mark.sandbox]
PATIENCE = 120_000  # ms, for a busy machine


@pytest.fixture
def course(tmp_path):
    """Two students have handed in; nothing is released or graded yet."""
    shutil.copytree(ROOT / "source" / LECTURE, tmp_path / "source" / LECTURE)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    lecture = Course(tmp_path).lecture(LECTURE)
    nbformat.write(instructor_notebook(lecture), lecture.instructor_notebook)
    wrong = all_right(squared_error_cost=WRONG["squared_error_cost"]["no_half"])
    written = next(cell for cell in wrong.cells if cell.metadata.get("written") == "repeated_feature")
    written.source = "They share the weight in any proportion."
    hand_in(tmp_path, "ada", wrong)
    hand_in(tmp_path, "ben", all_right())
    return tmp_path


@pytest.fixture
def lab(course, tmp_path):
    """JupyterLab with nbgrader's extensions in the course's folder; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    words += [f"--ServerApp.root_dir={course}", "--IdentityProvider.token=open", "--LabApp.news_url=None"]
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with open(tmp_path / "lab.log", "w") as log:
        process = subprocess.Popen(words, cwd=course, env=environment, stdout=log, stderr=log)
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert process.poll() is None, (tmp_path / "lab.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def book(course):
    return Gradebook(f"sqlite:///{course / 'gradebook.db'}", "networks_by_hand")


def row_of(page, text):
    return page.locator("tr", has_text=text).first


def finish(page):
    """Wait for the message that says a step went well, and put it away."""
    dialog = page.locator(".modal.in").last
    dialog.wait_for(timeout=PATIENCE)
    said = dialog.inner_text()
    dialog.locator("button.close").first.click()
    dialog.wait_for(state="hidden", timeout=PATIENCE)
    return said


def test_form_grader_lists_generates_grades_shows_and_keeps_what_a_person_gave(course, lab, browser, tmp_path):
    window = browser.new_page(viewport={"width": 1500, "height": 1000})
    window.goto(f"{lab}/lab?token=open", timeout=PATIENCE)
    window.get_by_role("menuitem", name="Nbgrader", exact=True).click(timeout=PATIENCE)
    window.locator(".lm-Menu-item", has_text="Formgrader").first.click()
    page = window.frame_locator("iframe[src*=formgrader]")

    # the lecture is listed, and its release is made
    row_of(page, LECTURE).wait_for(timeout=PATIENCE)
    assert "draft" in row_of(page, LECTURE).inner_text()
    row_of(page, LECTURE).locator(".glyphicon-education").click()
    assert "Successfully created" in finish(page)
    assert (course / "release" / LECTURE / f"{LECTURE}.ipynb").is_file()
    assert "# BEGIN SOLUTION" not in (course / "release" / LECTURE / f"{LECTURE}.ipynb").read_text(encoding="utf-8")
    window.screenshot(path=tmp_path / "1-lectures.png")

    # its submissions are graded by the button, by our judge
    row_of(page, LECTURE).locator("td.num-submissions a").click()
    row_of(page, "ada").wait_for(timeout=PATIENCE)
    assert "needs autograding" in row_of(page, "ada").inner_text()
    for student in ("ada", "ben"):
        row_of(page, student).locator(".glyphicon-flash").click()
        assert f"Successfully autograded '{LECTURE}' for student '{student}'" in finish(page)
    window.screenshot(path=tmp_path / "2-submissions.png")
    with book(course) as gradebook:
        grades = {g.name: g.auto_score for g in gradebook.find_submission_notebook(LECTURE, LECTURE, "ada").grades}
        assert grades["check_squared_error_cost"] == 0
        assert sum(score or 0 for score in grades.values()) == 15
        assert gradebook.find_submission(LECTURE, "ben").score == 16

    # manual grading shows the verdicts, and a score and a comment are given
    page.get_by_role("link", name="Manual Grading").click()
    page.get_by_role("link", name=LECTURE).first.click(timeout=PATIENCE)
    page.locator("ol.breadcrumb .active", has_text=LECTURE).wait_for(timeout=PATIENCE)
    page.locator("td a", has_text=LECTURE).first.click(timeout=PATIENCE)
    page.locator("td a", has_text=re.compile("Submission #")).first.wait_for(timeout=PATIENCE)
    with book(course) as gradebook:
        submission = gradebook.find_submission_notebook(LECTURE, LECTURE, "ada").id
    page.locator(f"a[href*='{submission}']").first.click()
    page.get_by_text("squared_error_cost: 0 of 1 points. Not right yet.").first.wait_for(timeout=PATIENCE)
    assert page.get_by_text("twice the expected").count()  # the hint
    assert page.get_by_text("For graders").count()  # the mark scheme
    assert page.get_by_text("They share the weight in any proportion.").count()
    score = page.locator("input#repeated_feature")
    comment = page.locator("#repeated_feature-comment")
    score.fill("2.5")
    score.press("Tab")
    comment.fill("And which of these solutions does ridge choose?")
    comment.press("Tab")
    score.scroll_into_view_if_needed()
    window.screenshot(path=tmp_path / "3-manual.png")
    given = wait_for_score(course, 2.5)
    assert given == (2.5, "And which of these solutions does ridge choose?")

    # a regrade, by our command and by the button, keeps both
    assert command(course, "autograder", "grade", LECTURE, "--force").returncode == 0
    assert wait_for_score(course, 2.5) == given
    window.goto(f"{lab}/formgrader/manage_submissions/{LECTURE}")
    row_of(window, "ada").locator(".glyphicon-flash").click(timeout=PATIENCE)
    assert "Successfully autograded" in finish(window)
    assert wait_for_score(course, 2.5) == given
    window.goto(f"{lab}/formgrader/submissions/{submission}")
    window.locator("#repeated_feature-comment").wait_for(timeout=PATIENCE)
    window.wait_for_function("document.querySelector('#repeated_feature-comment').value.startsWith('And which')")
    assert window.locator("math mfrac").count() > 10  # formulas need no network
    with book(course) as gradebook:
        assert gradebook.find_submission(LECTURE, "ada").score == 17.5
    window.screenshot(path=tmp_path / "4-again.png")


def wait_for_score(course, score):
    """(score, comment) that a person gave ada for the written question; the page saves a moment after it was left."""
    deadline = time.monotonic() + 30
    while True:
        with book(course) as gradebook:
            grade = gradebook.find_grade("repeated_feature", LECTURE, LECTURE, "ada")
            comment = gradebook.find_comment("repeated_feature", LECTURE, LECTURE, "ada")
            if (grade.manual_score == score and comment.manual_comment) or time.monotonic() > deadline:
                return grade.manual_score, comment.manual_comment
        time.sleep(0.2)
