"""The stage in JupyterLab as `make lab` starts it, moved by mouse and keyboard in a real browser.

With COURSE_PICTURES=FOLDER the pictures that the tests look at are kept there.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from lab_page import CELL, open_notebook, run_all, running_lab, write_notebook
from racer import racer

from course.stage import freeze

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parent.parent / "stage" / "node_modules" / "axe-core" / "axe.min.js"

BROKEN = (
    CELL
    + """
def mine(theta, g, state, lr, mu):
    if mu > 0.95:
        while True:
            pass
    if mu < 0.5:
        return theta / 0 - g @ np.zeros(3), state
    return theta - lr * g, state

racer(mine)
"""
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    place = tmp_path_factory.mktemp("stage")
    write_notebook(place / "notebooks", CELL + "racer()", name="one.ipynb")
    write_notebook(place / "notebooks", CELL + "racer()", CELL + "many_controls()", name="two.ipynb")
    write_notebook(place / "notebooks", BROKEN, name="broken.ipynb")
    write_notebook(place / "notebooks", CELL + "racer(view='surface')", name="surface.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(place / name.lower()))
        with running_lab(place / "notebooks", place / "log") as address:
            yield address


def opened(browser, lab, name, **options):
    page = open_notebook(browser, lab, name, **options)
    page.locator(".stg canvas").first.wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    page.evaluate(
        "() => { window.painted = 0; document.addEventListener('stage-painted', () => (window.painted += 1)); }"
    )
    return page


def value(page, name):
    return page.locator(f'.stg [data-control="{name}"] output').first.inner_text()


def picture(page, number=0):
    """What a canvas shows, to compare."""
    return page.locator(".stg canvas").nth(number).evaluate("canvas => canvas.toDataURL()")


def note(page):
    return page.locator(".stg-note").first.inner_text()


def settle(page):
    """Wait until no picture comes any more."""
    page.wait_for_function(
        """() => new Promise((done) => {
          const before = window.painted;
          setTimeout(() => done(before === window.painted), 400);
        })"""
    )


def drag(page, locator, dx, dy=0, steps=8):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=steps)
    page.mouse.up()
    settle(page)


def keep(locator, name):
    if folder := os.environ.get("COURSE_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        locator.screenshot(path=str(Path(folder) / name))


def test_sliders_move_by_mouse_and_keys_and_nothing_is_asked_of_a_network(browser, lab):
    page = opened(browser, lab, "one.ipynb", device_scale_factor=2)
    keep(page.locator(".stg").first, "racer_light.png")
    sizes = page.locator(".stg canvas").first.evaluate("canvas => [canvas.width, canvas.clientWidth]")
    assert sizes[0] == 2 * sizes[1]  # crisp on a dense screen
    before, rate = picture(page), value(page, "lr")
    slider = page.locator('.stg [data-control="lr"] input')
    drag(page, slider, 40)
    assert value(page, "lr") != rate
    assert picture(page) != before
    now = value(page, "lr")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert value(page, "lr") != now
    assert page.locator(".jp-Cell").count() == 1  # JupyterLab took none of the keys
    assert page.outside == []
    page.close()


def test_the_handle_moves_by_mouse_and_keys(browser, lab):
    page = opened(browser, lab, "one.ipynb")
    fields = page.locator('.stg [data-control="start"] input')
    grip = page.locator(".stg-grip")
    assert fields.first.input_value() == "-2.5"
    before = picture(page)
    drag(page, grip, 60, 40)
    dragged = [float(fields.nth(axis).input_value()) for axis in (0, 1)]
    assert dragged[0] > -2.2
    assert dragged[1] < 0.9
    assert picture(page) != before
    grip.focus()
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("ArrowRight")
    settle(page)
    moved = [float(fields.nth(axis).input_value()) for axis in (0, 1)]
    assert moved[1] == pytest.approx(dragged[1] + 0.6, abs=0.02)  # a tenth of the axis
    assert moved[0] == pytest.approx(dragged[0] + 0.06, abs=0.01)
    assert "at " in grip.get_attribute("aria-valuetext")
    drag(page, grip, 2000, 2000)  # far outside: held at the edge
    assert [float(fields.nth(axis).input_value()) for axis in (0, 1)] == [3, -3]
    page.close()


def test_play_pause_and_steps(browser, lab):
    page = opened(browser, lab, "one.ipynb")
    page.get_by_role("button", name="play").click()
    # it stands at the end, where playing begins anew
    page.wait_for_function(
        "() => ((at) => at > 5 && at < 150)(Number(document.querySelector('.stg-play output').textContent))"
    )
    page.get_by_role("button", name="pause").click()
    settle(page)
    paused = int(value(page, "time"))
    assert 5 < paused < 150
    assert note(page).startswith(f"After {paused} steps")
    page.get_by_role("button", name="a step on").click()
    settle(page)
    assert int(value(page, "time")) == paused + 1
    spoken = page.locator(".stg-spoken[aria-live=polite]")
    page.wait_for_timeout(700)
    assert spoken.inner_text().startswith(f"After {paused + 1} steps")
    page.close()


def test_presets_buttons_and_code(browser, lab):
    page = opened(browser, lab, "one.ipynb")
    page.get_by_role("button", name="too fast").click()
    settle(page)
    assert value(page, "mu") == "0.5"
    assert page.get_by_role("button", name="too fast").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="best rate").click()
    settle(page)
    assert float(value(page, "lr")) == pytest.approx(2 / 51, rel=1e-2)
    page.get_by_role("button", name="copy as code").click()
    page.wait_for_timeout(300)
    assert "racer(lr=0.0392" in page.locator(".stg-spoken").inner_text()
    page.get_by_role("button", name="reset").click()
    settle(page)
    assert value(page, "lr") == "0.03"
    page.locator(".stg-chip", has_text="momentum").click()
    settle(page)
    assert "momentum" not in page.locator(".stg-table").inner_text()
    page.close()


def test_an_exception_and_an_endless_loop_leave_the_picture_and_one_sentence(browser, lab):
    page = opened(browser, lab, "broken.ipynb")
    before = picture(page)
    momentum = page.locator('.stg [data-control="mu"] input')
    momentum.focus()
    page.keyboard.press("Home")
    page.locator(".stg-wrong").wait_for(timeout=10_000)
    settle(page)
    assert note(page).startswith("mine raised ValueError in its line")
    assert picture(page) == before
    page.keyboard.press("End")
    page.wait_for_function(
        "() => document.querySelector('.stg-note').textContent.includes('still running')", timeout=20_000
    )
    assert note(page).startswith("mine was still running after 3 seconds and was stopped; does its loop end?")
    keep(page.locator(".stg").first, "racer_endless.png")
    page.get_by_role("button", name="good").click()
    page.wait_for_function("() => !document.querySelector('.stg-wrong')", timeout=10_000)
    settle(page)
    assert note(page).startswith("After 150 steps")
    page.close()


def test_a_saved_notebook_shows_its_last_picture_without_a_kernel(browser, lab):
    page = opened(browser, lab, "two.ipynb")
    page.get_by_role("button", name="too fast").click()
    settle(page)
    page.wait_for_timeout(800)
    said, shown = note(page), picture(page)
    page.keyboard.press("Escape")
    page.locator(".lm-MenuBar-item", has_text="File").click()
    page.locator(".lm-Menu-item", has_text="Save Notebook").first.click()
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')", timeout=10_000)
    page.wait_for_timeout(500)
    page.locator(".lm-MenuBar-item", has_text="Kernel").click()
    page.locator(".lm-Menu-item", has_text="Shut Down Kernel").first.click()
    page.wait_for_timeout(1500)
    page.close()
    page = open_notebook(browser, lab, "two.ipynb", run=False)
    page.locator(".stg canvas").first.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    assert note(page) == said
    assert value(page, "mu") == "0.5"
    assert picture(page) == shown
    page.close()


def test_two_stages_on_a_page_live_their_own_lives(browser, lab):
    page = opened(browser, lab, "two.ipynb", height=2200)
    page.locator(".stg").nth(1).wait_for()
    page.wait_for_timeout(500)
    before = [picture(page, number) for number in range(4)]
    page.locator(".stg").nth(1).get_by_role("button", name="new sample").click()
    settle(page)
    after = [picture(page, number) for number in range(4)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False, True]
    page.locator('.stg [data-control="share"] input').focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert value(page, "share") == "0.79 of all"
    share = page.locator(".stg-grip").nth(1)
    share.focus()
    page.keyboard.press("ArrowUp")
    settle(page)
    assert value(page, "share") == "0.8 of all"
    page.close()


def test_a_line_counts_when_it_is_typed_to_its_end_and_is_kept_while_other_things_change(browser, lab):
    page = opened(browser, lab, "two.ipynb")
    stage = page.locator(".stg").nth(1)
    line, title = stage.locator('[data-control="caption"] input'), stage.locator("canvas").first
    assert line.input_value() == "Cells"
    assert stage.locator("datalist option").count() == 2
    line.fill("")
    line.press_sequentially("Six by six")
    stage.locator('[data-control="count"] input').evaluate(
        "input => { input.value = 5; input.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    settle(page)
    assert line.input_value() == "Six by six"
    assert title.get_attribute("aria-label") == "Cells"
    line.press("Enter")
    settle(page)
    assert title.get_attribute("aria-label") == "Six by six"
    stage.get_by_role("button", name="reset").click()
    settle(page)
    assert line.input_value() == "Cells"
    page.close()


def test_after_a_kernel_restart_the_picture_stays_and_the_note_says_what_to_do(browser, lab):
    page = opened(browser, lab, "one.ipynb")
    before = picture(page)
    page.locator(".lm-MenuBar-item", has_text="Kernel").click()
    page.locator(".lm-Menu-item", has_text="Restart Kernel…").first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_timeout(4000)
    page.locator('.stg [data-control="lr"] input').focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "() => document.querySelector('.stg-note').textContent.includes('run this cell again')", timeout=20_000
    )
    assert picture(page) == before
    run_all(page)
    page.wait_for_function(
        "() => document.querySelector('.stg-note')?.textContent.startsWith('After 150')", timeout=30_000
    )
    page.close()


def test_the_surface_turns_by_drag_and_keys(browser, lab):
    page = opened(browser, lab, "surface.ipynb")
    turner = page.locator(".stg-turner")
    before, seen = picture(page), turner.get_attribute("aria-valuetext")
    drag(page, turner, 80, 20)
    assert picture(page) != before
    dragged = turner.get_attribute("aria-valuetext")
    assert dragged != seen
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert turner.get_attribute("aria-valuetext") != dragged
    keep(page.locator(".stg").first, "racer_surface.png")
    page.close()


def frozen(browser, tmp_path, **options):
    freeze(racer(), tmp_path / "race.html", {"time": range(0, 151, 30), "mu": [0.0, 0.5, 0.9]})
    page = browser.new_page(**options)
    page.outside = []
    page.on(
        "request",
        lambda request: request.url.startswith(("file:", "data:", "blob:")) or page.outside.append(request.url),
    )
    page.goto((tmp_path / "race.html").as_uri())
    page.locator(".stg canvas").first.wait_for()
    page.evaluate(
        "() => { window.painted = 0; document.addEventListener('stage-painted', () => (window.painted += 1)); }"
    )
    settle(page)
    return page


def test_a_frozen_page_replays_its_grid_from_a_disk(browser, tmp_path):
    page = frozen(browser, tmp_path)
    before = picture(page)
    page.locator('.stg [data-control="mu"] input').focus()
    page.keyboard.press("Home")
    settle(page)
    assert value(page, "mu") == "0"
    assert picture(page) != before
    page.get_by_role("button", name="play").click()
    page.wait_for_function("() => document.querySelector('.stg-play output').textContent === '150'", timeout=15_000)
    assert page.outside == []


def test_400_pixels_are_enough_and_double_zoom_too(browser, tmp_path):
    for width, scale in ((400, 1), (450, 2)):  # a 900-pixel window at 200 % has 450 CSS pixels
        page = frozen(browser, tmp_path, viewport={"width": width, "height": 800}, device_scale_factor=scale)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        boxes = [page.locator(".stg-panel").nth(at).bounding_box() for at in (0, 1)]
        assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]  # below each other
        assert min(box["width"] for box in boxes) > 300
        keep(page.locator(".stg").first, f"racer_{width}.png")
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, lab, tmp_path, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not installed in stage/ (npm ci)")
    page = frozen(browser, tmp_path, color_scheme=scheme)
    assert page.locator(".stg").get_attribute("data-theme") == scheme
    keep(page.locator(".stg").first, f"racer_frozen_{scheme}.png")
    assert violations(page) == []
    page.close()


def test_axe_finds_nothing_in_the_notebook_with_every_control(browser, lab):
    if not AXE.exists():
        pytest.skip("axe-core is not installed in stage/ (npm ci)")
    page = opened(browser, lab, "two.ipynb", height=2200)
    page.locator(".stg").nth(1).wait_for()
    page.wait_for_timeout(500)
    keep(page.locator(".stg").nth(1), "controls_light.png")
    assert violations(page) == []
    page.locator(".lm-MenuBar-item", has_text="Settings").click()
    page.locator(".lm-Menu-item", has_text="Theme").first.hover()
    page.locator(".lm-Menu-item", has_text="JupyterLab Dark").first.click()
    page.locator(".stg[data-theme=dark]").first.wait_for()
    page.wait_for_timeout(500)
    keep(page.locator(".stg").first, "racer_dark.png")
    assert violations(page) == []
    page.close()


def violations(page):
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => await axe.run('.stg')")
    assert {"color-contrast", "label"} <= {one["id"] for one in found["passes"]}  # it has looked
    return [
        (one["id"], node["html"][:200], node["failureSummary"][:300])
        for one in found["violations"]
        for node in one["nodes"]
    ]


def test_the_race_by_numbers():
    """What the browser shows is what the scene gives: the note's value against a closed form."""
    _, said = racer(rules_shown=["descent"], kappa=1, lr=0.1, time=10).picture()
    expected = 0.5 * np.sum((np.array([-2.5, 1.0]) * 0.9**10) ** 2)
    assert f"{expected:.3g}" in said
