"""Pages without a kernel: a grid of settings, each with its picture, in one file that opens from a disk."""

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from course.stage.controls import Control
from course.stage.guard import ReaderError
from course.stage.packing import pack
from course.stage.stage import Stage

SCRIPT = Path(__file__).parent / "static" / "stage.js"
MOST = 2000  # pictures in a page
STOPS = 31  # of time, where no grid is given

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 1240px; margin: 2em auto; padding: 0 1em; font-family: system-ui, sans-serif }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{stages}
</main>
<script type="module">
{script}
</script>
</body>
</html>
"""


def freeze(
    stage: Stage, path: str | PathLike[str], grid: Mapping[str, Sequence[Any]] | None = None, title: str = ""
) -> None:
    """Write one page that replays the stage for every combination of the grid's values; it asks nothing of a network.

    grid: the settings that stay movable and their values; None: the choices and toggles, and time in 31 stops
    Settings outside the grid keep the stage's present values, and their controls are left out.
    Raises ValueError for a grid of more than 2000 pictures or of settings that can't be frozen.
    """
    page = PAGE.format(title=escape(title or stage.name), stages=embed(stage, grid), script=SCRIPT.read_text("utf-8"))
    Path(path).write_text(page, encoding="utf-8")


def embed(stage: Stage, grid: Mapping[str, Sequence[Any]] | None = None) -> str:
    """The stage and its pictures as an element for a page that also holds the front end's script."""
    data = json.dumps(record(stage, grid), separators=(",", ":")).replace("</", "<\\/")
    return f'<script type="application/json" data-frozen-stage>{data}</script>'


def record(stage: Stage, grid: Mapping[str, Sequence[Any]] | None = None) -> dict[str, Any]:
    """The stage's specification, the grid, its pictures and their arrays, as the front end replays them."""
    from course.stage.widget import specification

    grid = {name: _stops(stage, name, values) for name, values in (_own_grid(stage) if grid is None else grid).items()}
    count = int(np.prod([len(values) for values in grid.values()], dtype=np.int64)) if grid else 1
    if count > MOST:
        raise ValueError(f"this grid has {count} pictures; a page holds at most {MOST}")
    pictures, arrays = [], {}
    for values in itertools.product(*grid.values()):
        try:
            panels, note = stage.picture(**dict(zip(grid, values, strict=True)))
        except ReaderError as error:
            pictures.append({"error": str(error)})
            continue
        packed = pack(panels)
        arrays |= packed.arrays
        pictures.append({"panels": packed.panels, "note": note})
    spec = specification(stage)
    spec["controls"] = [
        _frozen(control, grid[control["name"]]) for control in spec["controls"] if control["name"] in grid
    ]
    spec["presets"] = [preset for preset in spec["presets"] if set(preset[1]) <= set(grid)]
    return {
        "spec": spec,
        "axes": [[name, values] for name, values in grid.items()],
        "pictures": pictures,
        "arrays": {name: [_encoded(values), list(values.shape)] for name, values in arrays.items()},
    }


def _own_grid(stage: Stage) -> dict[str, list[Any]]:
    grid: dict[str, list[Any]] = {}
    for name, control in stage.controls.items():
        if control.kind == "choice":
            grid[name] = control.options["options"]
        elif control.kind == "text" and control.options["suggestions"]:
            grid[name] = list(dict.fromkeys([control.value, *control.options["suggestions"]]))
        elif control.kind == "toggle":
            grid[name] = [False, True]
        elif control.kind == "play":
            high = _end(stage, control)
            grid[name] = sorted({round(high * stop / (STOPS - 1)) for stop in range(STOPS)})
    return grid


def _end(stage: Stage, control: Control) -> int:
    high = control.options["high"]
    return int(stage.settings[high]) if isinstance(high, str) else high


def _stops(stage: Stage, name: str, values: Sequence[Any]) -> list[Any]:
    """A setting's values, each checked by its control."""
    if name not in stage.settings:
        raise ValueError(f"there is no setting {name!r}; there are {', '.join(stage.settings)}")
    if stage.controls[name].kind == "choices":
        raise ValueError(f"{name} is a set of choices, which can't be frozen; set it before")
    stops = []
    for value in values:
        fitted, change = stage.controls[name].fit(value, stage.settings)
        if change:
            raise ValueError(f"{name}: {change}")
        stops.append(fitted)
    if not stops:
        raise ValueError(f"the grid has no value of {name}")
    return stops


def _frozen(control: dict[str, Any], stops: list[Any]) -> dict[str, Any]:
    """A control that has these stops only."""
    if control["kind"] in ("choice", "text"):
        return {**control, "kind": "choice", "options": stops}
    if control["kind"] == "play":
        step = max(1, (stops[-1] - stops[0]) // max(1, len(stops) - 1))
        return {**control, "stops": sorted(stops), "step": step}
    if control["kind"] in ("slider", "log_slider", "int_slider", "number"):
        return {**control, "kind": "slider", "stops": sorted(stops)}
    return control


def _encoded(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()
