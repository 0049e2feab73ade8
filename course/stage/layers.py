"""What a picture is made of: panels, each with axes and a list of layers. Plain data, drawn by `Stage` or matplotlib.

    panel(field(Z, x=(-3, 3), y=(-3, 3), bands=True), line(path, color=BLUE, marker="o"), handle("start", start),
          x="$\\\\theta_1$", y="$\\\\theta_2$", equal=True)

Layers are drawn in the order given. Coordinates are those of the panel's axes. NaN in a line makes a gap; in a field,
a hole. A colour is hex text, best one of `course.figure`; a line takes its dash from it, points their marker, so that
colour never speaks alone. Text may hold formulas: `"$\\\\alpha\\\\lambda_1$"`, with Greek letters, `_` and `^`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import numpy as np

from course.figure import BLUE, DASH, FIELD, GREEN, GREY, INK, MARKER, ORANGE, PURPLE, SIGNED

DASHES = {"-": [], "--": [5, 2], ":": [1, 1.6], "-.": [5, 1.5, 1, 1.5], "long": [8, 2]}
"""Dashes by name, in multiples of the line's width."""
DASH_OF = {BLUE: "-", PURPLE: "--", ORANGE: "-.", GREEN: ":", GREY: "long", INK: "-"}
"""The dash that a colour of the course has when none is asked for."""
MARKERS = ("o", "s", "X", "*", "v", ".", "^", "D", "+", "")
"""Disc, square, cross, star, triangle, dot, triangle up, diamond, plus, none."""
MAPS = (FIELD, SIGNED, "gray", "magma")
"""Colour maps by matplotlib's names."""


@dataclass(frozen=True)
class Layer:
    """One layer: its kind, its arrays (float64) and how it looks (JSON-able)."""

    kind: str
    arrays: dict[str, np.ndarray]
    style: dict[str, Any] = dataclass_field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """Axes and the layers on them; `axes` holds titles, limits and scales (JSON-able)."""

    layers: tuple[Layer, ...]
    axes: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows of text under a header, shown as a real table beside or below the panels."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    style: dict[str, Any] = dataclass_field(default_factory=dict)


def panel(
    *layers: Layer,
    x: str = "",
    y: str = "",
    title: str = "",
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    xlog: bool = False,
    ylog: bool = False,
    equal: bool = False,
    xticks: Mapping[float, str] | Sequence[float] | None = None,
    yticks: Mapping[float, str] | Sequence[float] | None = None,
    axes: bool = True,
    key: bool = False,
    width: float = 1.0,
) -> Panel:
    """Axes with layers on them.

    x, y, title: what stands at the axes and above; name units: "time [s]"
    xlim, ylim: the ends of the axes; a pair that falls turns the axis round. None: what the layers need
    xlog, ylog: logarithmic axes; values that are not positive are left out
    equal: one unit is as long on both axes
    xticks, yticks: where ticks stand, or {where: text}; None: round numbers; (): none
    axes: False draws no frame, no ticks: for graphs and boards
    key: True lists the labels of lines and points above the panel, in place of at the lines' ends
    width: how wide this panel is compared with its neighbours
    """
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"panel takes layers, not {type(layer).__name__}; is a star missing before a list of them?")
    return Panel(
        tuple(layers),
        {
            "x": x,
            "y": y,
            "title": title,
            "xlim": _limits(xlim, "xlim"),
            "ylim": _limits(ylim, "ylim"),
            "xlog": bool(xlog),
            "ylog": bool(ylog),
            "equal": bool(equal),
            "xticks": _ticks(xticks),
            "yticks": _ticks(yticks),
            "axes": bool(axes),
            "key": bool(key),
            "width": float(width),
        },
    )


def table(
    header: Iterable[Any], rows: Iterable[Iterable[Any]], *, title: str = "", colors: Sequence[str] = ()
) -> Table:
    """A table among the panels: header and rows of text or numbers (written with four digits).

    title: what stands above; colors: one a row, shown as a stroke before it
    """
    header, rows = tuple(map(_cell, header)), tuple(tuple(map(_cell, row)) for row in rows)
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row has {len(row)} cells but the header {len(header)}")
    return Table(header, rows, {"title": title, "colors": list(colors)})


def field(
    Z: Any,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    bands: bool = False,
    cells: bool = False,
    levels: int = 25,
    log: bool = False,
    floor: float = 1e-3,
    colors: str | Sequence[str] = FIELD,
    limits: tuple[float, float] | None = None,
    values: bool | str = False,
    bar: str = "",
    opacity: float = 1.0,
) -> Layer:
    """A quantity over the plane.

    Z (rows, columns): row 0 lies at y[0], column 0 at x[0]. Smooth fields hold samples at the ends of x and y too
    (`np.linspace`); cells fill the rectangle between them. An axis rises whichever way round the pair is, so
    `y=(rows, 0)` puts row 0 on top, as matrices are written.

    bands: contour bands, `levels` of them; cells: one rectangle a value; neither: smooth
    log: colour log10(Z - min Z + floor) in place of Z
    colors: "viridis", "RdBu_r" (centred on zero), "gray", "magma", or a list of colours that Z's whole numbers pick
    limits: the values at the ends of the colours; None: least and greatest of Z
    values: write the numbers into the cells, True or a format such as ".2f"
    bar: text beside a colour bar; "" for none
    """
    Z = _array(Z, "field: Z", 2)
    style: dict[str, Any] = {"x": _pair(x, "x"), "y": _pair(y, "y"), "opacity": float(opacity), "bar": bar}
    if bands and cells:
        raise ValueError("a field has bands or cells, not both")
    style["how"] = "bands" if bands else "cells" if cells else "smooth"
    if log:
        Z = np.log10(Z - _least(Z) + floor)
    if isinstance(colors, str):
        if colors not in MAPS:
            raise ValueError(f"there is no colour map {colors!r}; there are {', '.join(MAPS)}")
        style |= {"map": colors, "limits": _pair(limits, "limits") if limits is not None else _span(Z, colors)}
    else:
        style |= {"palette": list(colors), "limits": [0.0, float(len(colors))]}
    if bands:
        low, high = style["limits"]
        style["levels"] = np.linspace(low, high, int(levels) + 1).tolist()
    if values:
        style["values"] = ".3g" if values is True else values
    return Layer("field", {"Z": Z}, style)


def surface(
    Z: Any,
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    log: bool = False,
    floor: float = 1e-3,
    colors: str = FIELD,
    limits: tuple[float, float] | None = None,
    z: str = "",
    turn: tuple[float, float] = (-50.0, 35.0),
    height: float = 0.6,
) -> Layer:
    """A surface over the plane that the reader turns, by drag or by arrow keys; Z, x, y, log as for `field`.

    Lines, points and texts of the same panel that have z lie in its space.
    z: name of the upright axis; turn: azimuth and elevation at first, in degrees; height: of the box, for a base of 1
    """
    Z = _array(Z, "surface: Z", 2)
    lift = _least(Z) if log else None
    if log:
        Z = np.log10(Z - lift + floor)
    if colors not in MAPS:
        raise ValueError(f"there is no colour map {colors!r}; there are {', '.join(MAPS)}")
    style = {
        "x": _pair(x, "x"),
        "y": _pair(y, "y"),
        "z": z,
        "map": colors,
        "limits": _pair(limits, "limits") if limits is not None else _span(Z, colors),
        "turn": _pair(turn, "turn"),
        "height": float(height),
        "log": {"lift": lift, "floor": float(floor)} if log else None,
    }
    return Layer("surface", {"Z": Z}, style)


def line(
    x: Any,
    y: Any = None,
    z: Any = None,
    *,
    label: str = "",
    color: str = BLUE,
    dash: str | None = None,
    marker: str = "",
    every: int = 0,
    width: float = 1.8,
    opacity: float = 1.0,
    fill: str = "",
) -> Layer:
    """A line through points.

    x (n,) and y (n,), or one path (n, 2) or (n, 3); z (n,) on a surface, in its Z's units
    label: written at the line's end, or listed in the panel's key
    dash: "-", "--", ":", "-.", "long"; None: the colour's own
    marker: at the last point, and with `every` also at every so many points before it
    fill: "below" fills down to 0 (or the axis' foot), "closed" the polygon; faintly, in the line's colour
    """
    arrays = _points("line", x, y, z)
    if fill not in ("", "below", "closed"):
        raise ValueError(f'a line is filled "below" or "closed", not {fill!r}')
    style = {
        "label": label,
        "color": color,
        "dash": _dash(color, dash),
        "marker": _marker(marker),
        "every": int(every),
        "width": float(width),
        "opacity": float(opacity),
        "fill": fill,
    }
    return Layer("line", arrays, style)


def points(
    x: Any,
    y: Any = None,
    z: Any = None,
    *,
    label: str = "",
    color: str = INK,
    marker: str | None = None,
    size: float = 4.5,
    opacity: float = 1.0,
    values: Any = None,
    colors: str | Sequence[str] = FIELD,
    limits: tuple[float, float] | None = None,
) -> Layer:
    """Points at x (n,) and y (n,), or at the rows of one array (n, 2) or (n, 3).

    marker: "o", "s", "X", "*", "v", ".", "^", "D", "+"; None: the colour's own; size: across, in pixels
    values (n,): colour each point by a colour map, or by a list of colours that whole numbers pick, in place of `color`
    """
    arrays = _points("points", x, y, z)
    style: dict[str, Any] = {
        "label": label,
        "color": color,
        "marker": _marker(marker if marker is not None else "o" if values is not None else MARKER.get(color, "o")),
        "size": float(size),
        "opacity": float(opacity),
    }
    if values is not None:
        arrays["values"] = _array(values, "points: values", 1)
        _same_length("points", arrays)
        if isinstance(colors, str):
            style |= {"map": colors, "limits": _pair(limits, "limits") if limits else _span(arrays["values"], colors)}
        else:
            style["palette"] = list(colors)
    return Layer("points", arrays, style)


def rects(
    x: Any,
    y: Any,
    width: Any,
    height: Any,
    *,
    label: str = "",
    color: str | Sequence[str] = BLUE,
    filled: bool = True,
    dash: str = "-",
    opacity: float = 1.0,
    rounded: float = 0.0,
) -> Layer:
    """Rectangles with corner (x, y), each (n,) or a number; for bars: `rects(k - 0.4, 0, 0.8, p)`.

    color: one, or a list of one each; filled: False draws outlines; rounded: radius of corners, in pixels
    """
    given = {"x": x, "y": y, "width": width, "height": height}
    arrays = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in given.items()}
    try:
        spread = np.broadcast_arrays(*arrays.values())
    except ValueError:
        sizes = ", ".join(f"{len(value)} {name}" for name, value in arrays.items())
        raise ValueError(f"rects: the lengths don't fit: {sizes}") from None
    arrays = {name: np.array(value) for name, value in zip(arrays, spread, strict=True)}
    style = {
        "label": label,
        **_colors(color, len(arrays["x"]), "rects"),
        "filled": bool(filled),
        "dash": DASHES[dash],
        "opacity": float(opacity),
        "rounded": float(rounded),
    }
    return Layer("rects", arrays, style)


def arrows(
    x: Any,
    y: Any,
    dx: Any,
    dy: Any,
    *,
    label: str = "",
    color: str = ORANGE,
    width: float = 1.8,
    dash: str = "-",
    opacity: float = 1.0,
) -> Layer:
    """Arrows from (x, y) to (x + dx, y + dy), each (n,) or a number."""
    spread = np.broadcast_arrays(*(np.atleast_1d(np.asarray(value, dtype=float)) for value in (x, y, dx, dy)))
    arrays = {name: np.array(value) for name, value in zip(("x", "y", "dx", "dy"), spread, strict=True)}
    style = {"label": label, "color": color, "width": float(width), "dash": DASHES[dash], "opacity": float(opacity)}
    return Layer("arrows", arrays, style)


def texts(
    x: Any,
    y: Any,
    strings: str | Sequence[Any],
    z: Any = None,
    *,
    color: str | Sequence[str] = INK,
    size: float = 12.0,
    align: str = "center",
    bold: bool = False,
    halo: bool = False,
) -> Layer:
    """Texts at x (n,) and y (n,), numbers where there is one text.

    size: in pixels; align: "left", "center" or "right" of its point; halo: a rim of paper, for texts on fields
    """
    strings = [strings] if isinstance(strings, str) else [str(text) for text in strings]
    arrays = {"x": np.atleast_1d(np.asarray(x, dtype=float)), "y": np.atleast_1d(np.asarray(y, dtype=float))}
    if z is not None:
        arrays["z"] = np.atleast_1d(np.asarray(z, dtype=float))
    for name, values in arrays.items():
        if len(values) != len(strings):
            raise ValueError(f"texts: {len(strings)} strings but {len(values)} values of {name}")
    if align not in ("left", "center", "right"):
        raise ValueError(f'texts stand "left", "center" or "right" of their point, not {align!r}')
    colors = _colors(color, len(strings), "texts")
    style = {"strings": strings, **colors, "size": float(size), "align": align, "bold": bold, "halo": halo}
    return Layer("texts", arrays, style)


def handle(
    name: str | tuple[str | None, str | None],
    at: Sequence[float],
    *,
    label: str = "",
    color: str = ORANGE,
    marker: str = "o",
) -> Layer:
    """A grip at `at` (x, y) that the reader drags, or moves by arrow keys (with Shift in big steps).

    name: the `point` setting that it moves; or a pair of number settings, one for each direction: ("w", "b");
    None in the pair holds that direction: ("w", None)
    label: what a screen reader hears and what stands beside it; "": the setting's label
    """
    names = [name, name] if isinstance(name, str) else list(name)
    if len(names) != 2 or not any(names):
        raise ValueError('a handle moves a point setting, "start", or a pair of settings: ("w", "b"), ("w", None)')
    x, y = _pair(at, "at")
    arrays = {"x": np.array([x]), "y": np.array([y])}
    kind = "point" if isinstance(name, str) else "pair"
    return Layer("handle", arrays, {"names": names, "kind": kind, "label": label, "color": color, "marker": marker})


def _array(values: Any, what: str, ndim: int) -> np.ndarray:
    values = np.array(values, dtype=float)  # a copy: a scene may go on to change its own
    if values.ndim != ndim:
        raise ValueError(f"{what} has shape {values.shape}; it should have {ndim} axes")
    if not values.size:
        raise ValueError(f"{what} is empty")
    return values


def _points(what: str, x: Any, y: Any, z: Any) -> dict[str, np.ndarray]:
    x = np.array(x, dtype=float)
    if y is None:
        if x.ndim != 2 or x.shape[1] not in (2, 3):
            raise ValueError(f"{what}: give x and y, or one array (n, 2) or (n, 3); this one has shape {x.shape}")
        return {name: x[:, column].copy() for column, name in zip(range(x.shape[1]), "xyz")}  # noqa: B905 (2 or 3 of 3)
    arrays = {"x": np.atleast_1d(x), "y": np.atleast_1d(np.array(y, dtype=float))}
    if z is not None:
        arrays["z"] = np.atleast_1d(np.array(z, dtype=float))
    for name, values in arrays.items():
        if values.ndim != 1:
            raise ValueError(f"{what}: {name} has shape {values.shape}; it should have one axis")
    _same_length(what, arrays)
    return arrays


def _same_length(what: str, arrays: dict[str, np.ndarray]) -> None:
    if len({len(values) for values in arrays.values()}) > 1:
        sizes = ", ".join(f"{len(values)} {name}" for name, values in arrays.items())
        raise ValueError(f"{what}: the lengths don't fit: {sizes}")


def _least(Z: np.ndarray) -> float:
    finite = Z[np.isfinite(Z)]
    return float(finite.min()) if finite.size else 0.0


def _span(Z: np.ndarray, colors: str) -> list[float]:
    """The values at the ends of the colours: of a signed map as far below zero as above."""
    finite = Z[np.isfinite(Z)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if colors == SIGNED:
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    return [low, high] if high > low else [low - 0.5, high + 0.5]


def _pair(values: Sequence[float], what: str) -> list[float]:
    try:
        first, second = (float(value) for value in values)
    except (TypeError, ValueError):
        raise ValueError(f"{what} should be two numbers, not {values!r}") from None
    return [first, second]


def _limits(values: Sequence[float] | None, what: str) -> list[float] | None:
    if values is None:
        return None
    pair = _pair(values, what)
    if not np.isfinite(pair).all() or pair[0] == pair[1]:
        raise ValueError(f"{what} should be two different, finite numbers, not {tuple(pair)}")
    return pair


def _ticks(ticks: Mapping[float, str] | Sequence[float] | None) -> list[list[Any]] | None:
    if ticks is None:
        return None
    pairs = ticks.items() if isinstance(ticks, Mapping) else ((tick, f"{tick:g}") for tick in ticks)
    return [[float(where), str(text)] for where, text in pairs]


def _dash(color: str, dash: str | None) -> list[float]:
    dash = DASH_OF.get(color, "-") if dash is None else dash
    if dash not in DASHES:
        raise ValueError(f"there is no dash {dash!r}; there are {', '.join(DASHES)}")
    return DASHES[dash]


def _marker(marker: str) -> str:
    if marker not in MARKERS:
        raise ValueError(f"there is no marker {marker!r}; there are {' '.join(MARKERS)}")
    return marker


def _colors(color: str | Sequence[str], n: int, what: str) -> dict[str, Any]:
    if isinstance(color, str):
        return {"color": color}
    if len(color) != n:
        raise ValueError(f"{what}: {n} of them but {len(color)} colours")
    return {"color": INK, "colors": list(color)}


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)


__all__ = [
    "Layer",
    "Panel",
    "Table",
    "arrows",
    "field",
    "handle",
    "line",
    "panel",
    "points",
    "rects",
    "surface",
    "table",
    "texts",
]
assert set(DASH_OF) == set(DASH)  # the stage knows a dash for every colour of the course
