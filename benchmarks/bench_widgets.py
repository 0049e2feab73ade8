"""How a stage feels: `make bench-widgets` prints one line of JSON; ARGS=--write keeps it in FIGURES.md.

The race of tests/racer.py (five rules, 150 Python steps each) runs in JupyterLab in headless Chromium: as `make lab`
starts it, on a stock server, and once more built with `interact` and inline matplotlib. Real key presses move the
slider of the learning rate; a drag is made of events in the page, 5 ms apart. Times count from the slider's event to
the frame after the picture was painted.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from conftest import FLAGS, browser_program  # noqa: E402
from lab_page import CELL, open_notebook, running_lab, write_notebook  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from benchmarks.bench_grading import keep, machine  # noqa: E402

TARGETS = {
    "p50_ms": "at most 30",
    "p95_ms": "at most 60",
    "updates_per_second": "at least 40",
    "updates_per_second_stock": "at least 15",
    "lag_ms": "at most 100",
    "interact_p50_ms": "-",
    "ratio_to_interact": "at least 8",
    "bundle_kB": "at most 150",
    "bytes_per_update": "-",
    "outside_requests": "0",
}
PRESSES = 60
DRAG = 3.0  # seconds

# the same picture as people write it with interact: map, paths and start, costs, a table and a sentence below
INTERACT = """
import numpy as np
import matplotlib.pyplot as plt
import ipywidgets
%matplotlib inline

@ipywidgets.interact(lr=ipywidgets.FloatLogSlider(value=0.03, base=10, min=-4, max=1, step=0.02))
def race(lr=0.03, mu=0.9, kappa=50.0, start=ipywidgets.fixed((-2.5, 1.0))):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.7, 4.4))  # as large as the stage
    left.contourf(GRID, GRID, np.log10(value(np.meshgrid(GRID, GRID), kappa) + 1e-3), levels=25, alpha=0.85)
    rows = []
    with np.errstate(all="ignore"):
        for name, (rule, color, marker) in RULES.items():
            found = path(rule, start, kappa, lr, mu)
            costs = value(found.T, kappa)
            left.plot(*found.T, color=color, lw=2)
            left.plot(*found[-1], marker, color=color)
            right.plot(costs, color=color, label=name)
            rows.append((costs[-1], np.hypot(*found[-1]), name))
    left.plot(*start, "o", color="black", mfc="white")
    left.set(xlim=LIMITS, ylim=LIMITS, xlabel=r"$\\theta_1$", ylabel=r"$\\theta_2$", title="Downhill", aspect="equal")
    right.set(yscale="log", xlim=(0, STEPS), ylim=(1e-6, 1e3), xlabel="step", ylabel="cost $J$", title="Cost")
    right.legend()
    plt.show()
    for cost, distance, name in rows:
        print(f"{name:10}{cost:12.3g}{distance:12.3g}")
    cost, _, best = min(rows)
    print(f"After {STEPS} steps {best} is lowest, at J = {cost:.3g}.")
"""

AFTER_PAINT = """
window.afterPaint = () => new Promise((done) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => done(performance.now());
  channel.port2.postMessage(0);
}));
"""
# The picture is painted inside a frame; a message posted there is delivered when the frame is done.
WATCH_STAGE = """() => {
  const root = document.querySelector(".stg");
  const slider = root.querySelector('[data-control="lr"] input');
  window.times = [];
  let began = 0;
  slider.addEventListener("input", (event) => (began ||= event.timeStamp), true);
  root.addEventListener("stage-painted", () => {
    if (!began) return;
    const from = began;
    began = 0;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.times.push(performance.now() - from);
    channel.port2.postMessage(0);
  });
  slider.focus();
}"""
WATCH_INTERACT = """() => {
  const area = document.querySelector(".widget-output, .jupyter-widgets-output-area");
  const handle = document.querySelector(".noUi-handle");
  window.times = [];
  let began = 0;
  handle.addEventListener("keydown", (event) => (began ||= event.timeStamp), true);
  new MutationObserver(async () => {
    const image = area.querySelector("img");
    if (!image || !began || image === window.lastImage) return;
    window.lastImage = image;
    const from = began;
    began = 0;
    await image.decode().catch(() => {});
    window.times.push((await afterPaint()) - from);
  }).observe(area, {childList: true, subtree: true, attributes: true});
  handle.focus();
}"""
SHOWN = """(number) => new Promise((done) => {
  const look = () => (window.times.length > number ? done() : setTimeout(look, 10));
  look();
})"""
DRAG_STAGE = """async (seconds) => {
  const root = document.querySelector(".stg");
  const slider = root.querySelector('[data-control="lr"] input');
  let pictures = 0;
  let painted = null;
  root.addEventListener("stage-painted", (event) => {
    pictures += 1;
    painted = event.detail.settings.lr;
  });
  const start = performance.now();
  let at = 20;
  while (performance.now() - start < 1000 * seconds) {
    at = at >= 60 ? 20 : at + 0.5;
    slider.value = at;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    await new Promise((done) => setTimeout(done, 5));
  }
  const taken = performance.now() - start;
  const during = pictures;
  slider.value = 75;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  const last = performance.now();
  const wanted = Number((1e-4 * Math.exp((Math.log(10 / 1e-4) * 75) / 100)).toPrecision(3));
  while (painted !== wanted) await new Promise((done) => setTimeout(done, 1));
  const lag = (await afterPaint()) - last;
  return {rate: (1000 * during) / taken, lag, pictures};
}"""


def press(page, watch, presses):
    """Times from event to picture, in ms, each press after the picture of the one before."""
    page.evaluate(watch)
    page.wait_for_timeout(500)
    for number in range(presses):
        page.keyboard.press("ArrowRight" if number % 20 < 10 else "ArrowLeft")
        page.evaluate(SHOWN, number)  # one wait in the page, not many questions to it
        # presses meet the screen's frames, 17 ms apart, at all their phases
        page.wait_for_timeout(30 + 7 * number % 17)
    return page.evaluate("() => window.times")


def measure_stage(browser, folder, prompt):
    write_notebook(folder, CELL + "racer()")
    with running_lab(folder, folder.parent / f"log{prompt}", prompt) as address:
        page = open_notebook(browser, address, "stage.ipynb")
        page.locator(".stg canvas").first.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        page.evaluate(AFTER_PAINT)
        times = press(page, WATCH_STAGE, PRESSES)
        drags, received = [], []
        page.on("request", lambda request: None)
        client = page.context.new_cdp_session(page)
        client.send("Network.enable")
        client.on(
            "Network.webSocketFrameReceived", lambda event: received.append(len(event["response"]["payloadData"]))
        )
        for _ in range(3):
            received.clear()
            drags.append(page.evaluate(DRAG_STAGE, DRAG))
            drags[-1]["bytes"] = sum(received) * 0.75 / max(1, drags[-1]["pictures"])  # payloads are shown in base64
            page.wait_for_timeout(500)
        outside = page.outside
        page.close()
    return times, drags, outside


def measure_interact(browser, folder):
    write_notebook(folder, CELL, INTERACT, name="interact.ipynb")
    with running_lab(folder, folder.parent / "log_interact") as address:
        page = open_notebook(browser, address, "interact.ipynb")
        page.locator(".jupyter-widgets-output-area img, .widget-output img").first.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        page.evaluate(AFTER_PAINT)
        times = press(page, WATCH_INTERACT, 20)
        page.close()
    return times


def main():
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        place = Path(place)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"):
            os.environ[name] = str(place / name.lower())
        browser = playwright.chromium.launch(executable_path=browser_program(), args=FLAGS.split())
        times, drags, outside = measure_stage(browser, place / "ours", True)
        stock_times, stock_drags, stock_outside = measure_stage(browser, place / "stock", False)
        interact = measure_interact(browser, place / "interact")
        browser.close()
    middle = statistics.median
    p50 = middle(times)
    found = {
        "p50_ms": round(p50, 1),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1], 1),
        "updates_per_second": round(middle(drag["rate"] for drag in drags), 1),
        "updates_per_second_stock": round(middle(drag["rate"] for drag in stock_drags), 1),
        "p50_ms_stock": round(middle(stock_times), 1),
        "lag_ms": round(middle(drag["lag"] for drag in drags), 1),
        "interact_p50_ms": round(middle(interact), 1),
        "ratio_to_interact": round(middle(interact) / p50, 1),
        "bundle_kB": round((ROOT / "course/stage/static/stage.js").stat().st_size / 1000, 1),
        "bytes_per_update": round(middle(drag["bytes"] for drag in drags)),
        "outside_requests": len(outside) + len(stock_outside),
    }
    print(json.dumps(found))
    if "--write" in sys.argv[1:]:
        rows = [f"| {name} | {found[name]:g} | {target} |" for name, target in TARGETS.items()]
        taken = f"{PRESSES} presses of a key and three drags. {machine()}, load {load:.1f} at the start."
        keep("The stage", "\n".join([taken, "", "| figure | measured | target |", "| --- | --- | --- |", *rows]))


if __name__ == "__main__":
    main()
