"""Draw panels with matplotlib: for tests, print, exports, and viewers that run no widgets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course.figure import HEIGHT, INK, PAPER, STYLE, WIDTH
from course.stage.layers import Layer, Panel, Table
from course.stage.packing import lifted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 3  # panels side by side
TABLE_ROW = 0.18  # inches
FAR = 1e30  # beyond it a diverging path is left out: limits of axes are computed with room to spare


def draw(panels: Sequence[Panel | Table], columns: int | None = None) -> "Figure":
    """A figure with the panels in rows of `columns` (at most three unless given), in the course's style."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    if not panels:
        raise ValueError("there is nothing to draw: the scene returned no panel")
    columns = min(len(panels), WIDEST if columns is None else columns)
    rows = -(-len(panels) // columns)
    widths, heights = [1.0] * columns, [0.0] * rows
    for position, panel in enumerate(panels):
        row, column = divmod(position, columns)
        if isinstance(panel, Panel):
            widths[column] = max(widths[column], panel.axes["width"])
        height = HEIGHT if isinstance(panel, Panel) else TABLE_ROW * (len(panel.rows) + 3)
        heights[row] = max(heights[row], height)
    with mpl.rc_context(STYLE):
        size = WIDTH * sum(widths), sum(heights)
        figure = Figure(figsize=size, dpi=100, layout="constrained", facecolor=PAPER)
        grid = figure.add_gridspec(rows, columns, width_ratios=widths, height_ratios=heights)
        for position, panel in enumerate(panels):
            cell = grid[divmod(position, columns)]
            if isinstance(panel, Table):
                _table(figure.add_subplot(cell), panel)
            elif any(layer.kind == "surface" for layer in panel.layers):
                _panel(figure.add_subplot(cell, projection="3d", computed_zorder=False), panel)
            else:
                _panel(figure.add_subplot(cell), panel)
    return figure


def _panel(ax: "Axes", panel: Panel) -> None:
    axes = panel.axes
    ax.set_title(axes["title"], pad=20 if axes["key"] else None)
    ax.set(xlabel=axes["x"], ylabel=axes["y"])
    if axes["xlog"]:
        ax.set_xscale("log")
    if axes["ylog"]:
        ax.set_yscale("log")
    for order, layer in enumerate(lifted(panel)):
        near = {name: np.where(np.abs(values) < FAR, values, np.nan) for name, values in layer.arrays.items()}
        _DRAW[layer.kind](ax, Layer(layer.kind, near, layer.style), {"zorder": 1 + 0.01 * order})
    if axes["xlim"]:
        ax.set_xlim(*axes["xlim"])
    if axes["ylim"]:
        ax.set_ylim(*axes["ylim"])
    for ticks, setter in ((axes["xticks"], ax.set_xticks), (axes["yticks"], ax.set_yticks)):
        if ticks is not None:
            setter([where for where, _ in ticks], [text for _, text in ticks])
    if axes["equal"] and ax.name != "3d":
        held = bool(axes["xlim"] and axes["ylim"]) or any(layer.kind == "field" for layer in panel.layers)
        ax.set_aspect("equal", adjustable="box" if held else "datalim")
    if not axes["axes"]:
        ax.set_axis_off()
    if axes["key"] and ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, handlelength=2.4)
    elif not axes["key"]:
        _label_ends(ax, panel)


def _label_ends(ax: "Axes", panel: Panel) -> None:
    """Each line's label where it ends, in its colour."""
    if ax.name == "3d":
        return
    for layer in panel.layers:
        if layer.kind == "line" and layer.style["label"]:
            x, y = layer.arrays["x"], layer.arrays["y"]
            (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
            inside = np.flatnonzero((left <= x) & (x <= right) & (low <= y) & (y <= high))
            if len(inside):
                end = x[inside[-1]], y[inside[-1]]
                ax.annotate(
                    layer.style["label"],
                    end,
                    (4, 0),
                    textcoords="offset points",
                    color=layer.style["color"],
                    va="center",
                    fontsize=8,
                    annotation_clip=False,
                )


def _field(ax: "Axes", layer: Layer, order: dict[str, Any]) -> None:
    from matplotlib.colors import ListedColormap

    Z, style = np.ma.masked_invalid(layer.arrays["Z"]), layer.style
    (left, right), (bottom, top) = style["x"], style["y"]
    colors = {"cmap": ListedColormap(style["palette"]) if "palette" in style else style["map"]}
    low, high = style["limits"]
    look = {**colors, "alpha": style["opacity"], **order}
    rows, columns = Z.shape
    if style["how"] == "bands":
        x, y = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
        drawn = ax.contourf(x, y, Z, levels=style["levels"], extend="both", **look)
        ax.contour(x, y, Z, levels=style["levels"], colors="white", linewidths=0.3, alpha=0.4, **order)
    elif style["how"] == "cells":
        x, y = np.linspace(left, right, columns + 1), np.linspace(bottom, top, rows + 1)
        drawn = ax.pcolormesh(x, y, Z, vmin=low, vmax=high, rasterized=True, **look)
    else:
        x, y = np.linspace(left, right, columns), np.linspace(bottom, top, rows)
        drawn = ax.pcolormesh(x, y, Z, vmin=low, vmax=high, shading="gouraud", rasterized=True, **look)
    ax.set_xlim(*sorted(style["x"]))
    ax.set_ylim(*sorted(style["y"]))
    if "values" in style:
        _write_values(ax, Z, style, order)
    if style["bar"]:
        ax.figure.colorbar(drawn, ax=ax, label=style["bar"])


def _write_values(ax: "Axes", Z: np.ndarray, style: dict[str, Any], order: dict[str, Any]) -> None:
    (left, right), (bottom, top) = style["x"], style["y"]
    low, high = style["limits"]
    rows, columns = Z.shape
    for row, column in np.ndindex(rows, columns):
        if not np.ma.is_masked(Z[row, column]):
            x = left + (column + 0.5) * (right - left) / columns
            y = bottom + (row + 0.5) * (top - bottom) / rows
            share = (Z[row, column] - low) / (high - low)
            bright = abs(share - 0.5) < 0.3 if style.get("map") == "RdBu_r" else share > 0.6
            text = format(float(Z[row, column]), style["values"])
            ax.text(x, y, text, ha="center", va="center", fontsize=7, color=INK if bright else "white", **order)


def _surface(ax: Any, layer: Layer, order: dict[str, Any]) -> None:
    Z, style = layer.arrays["Z"], layer.style
    rows, columns = Z.shape
    x, y = np.meshgrid(np.linspace(*style["x"], columns), np.linspace(*style["y"], rows))
    low, high = style["limits"]
    ax.plot_surface(
        x, y, Z, cmap=style["map"], vmin=low, vmax=high, rcount=60, ccount=60, linewidth=0, alpha=0.9, **order
    )
    ax.view_init(elev=style["turn"][1], azim=style["turn"][0])
    ax.set_box_aspect((1, 1, style["height"]))
    ax.set_zlabel(style["z"])


def _line(ax: Any, layer: Layer, order: dict[str, Any]) -> None:
    arrays, style = layer.arrays, layer.style
    xyz = [arrays[name] for name in "xyz" if name in arrays]
    dashes = (0, tuple(style["dash"])) if style["dash"] else "-"
    look = {"color": style["color"], "linewidth": style["width"], "alpha": style["opacity"], **order}
    n = len(xyz[0])
    if n:
        at = sorted({n - 1, *(range(n - 1, -1, -style["every"]) if style["every"] else ())})
        marked = {"marker": style["marker"] or None, "markevery": at, "markeredgecolor": PAPER, "markersize": 6}
        ax.plot(*xyz, linestyle=dashes, label=style["label"] or None, **look, **marked)
    if style["fill"] and ax.name != "3d":
        fill = {"color": style["color"], "alpha": 0.15 * style["opacity"], "linewidth": 0, **order}
        if style["fill"] == "below":
            ax.fill_between(*xyz, **fill)
        else:
            ax.fill(*xyz, **fill)


def _points(ax: Any, layer: Layer, order: dict[str, Any]) -> None:
    from matplotlib.colors import ListedColormap

    arrays, style = layer.arrays, layer.style
    xyz = [arrays[name] for name in "xyz" if name in arrays]
    look = {"s": style["size"] ** 2, "alpha": style["opacity"], "label": style["label"] or None, **order}
    if style["marker"] not in ("+",):
        look |= {"edgecolors": PAPER, "linewidths": 0.6}
    if "palette" in style:
        colors = ListedColormap(style["palette"])
        look |= {"c": arrays["values"], "cmap": colors, "vmin": -0.5, "vmax": len(style["palette"]) - 0.5}
    elif "map" in style:
        low, high = style["limits"]
        look |= {"c": arrays["values"], "cmap": style["map"], "vmin": low, "vmax": high}
    else:
        look["c"] = style["color"]
    ax.scatter(*xyz, marker=style["marker"] or "None", **look)


def _rects(ax: "Axes", layer: Layer, order: dict[str, Any]) -> None:
    from matplotlib.patches import Rectangle

    style = layer.style
    corners = zip(*(layer.arrays[name] for name in ("x", "y", "width", "height")), strict=True)
    for number, (x, y, width, height) in enumerate(corners):
        color = style["colors"][number] if "colors" in style else style["color"]
        look = {"facecolor": color if style["filled"] else "none", "edgecolor": color, "alpha": style["opacity"]}
        dashes = (0, tuple(style["dash"])) if style["dash"] else "-"
        patch = Rectangle((x, y), width, height, linewidth=1.2, linestyle=dashes, **look, **order)
        patch.sticky_edges.y[:] = [y]  # bars stand on the axis
        ax.add_patch(patch)
        if number == 0 and style["label"]:
            patch.set_label(style["label"])
    ax.autoscale_view()


def _arrows(ax: "Axes", layer: Layer, order: dict[str, Any]) -> None:
    style = layer.style
    for x, y, dx, dy in zip(*(layer.arrays[name] for name in ("x", "y", "dx", "dy")), strict=True):
        look = {"arrowstyle": "-|>", "color": style["color"], "lw": style["width"], "alpha": style["opacity"]}
        if style["dash"]:
            look["linestyle"] = (0, tuple(style["dash"]))
        ax.annotate("", (x + dx, y + dy), (x, y), arrowprops={**look, "shrinkA": 0, "shrinkB": 0}, **order)
    ends = np.column_stack([layer.arrays["x"] + layer.arrays["dx"], layer.arrays["y"] + layer.arrays["dy"]])
    starts = np.column_stack([layer.arrays["x"], layer.arrays["y"]])
    ax.update_datalim(np.vstack([starts, ends]))
    ax.autoscale_view()


def _texts(ax: Any, layer: Layer, order: dict[str, Any]) -> None:
    from matplotlib import patheffects

    style = layer.style
    places = zip(*(layer.arrays[name] for name in "xyz" if name in layer.arrays), strict=True)
    for number, (place, text) in enumerate(zip(places, style["strings"], strict=True)):
        color = style["colors"][number] if "colors" in style else style["color"]
        rim = [patheffects.withStroke(linewidth=2, foreground=PAPER)] if style["halo"] else None
        look = {"ha": style["align"], "va": "center", "fontsize": 0.75 * style["size"], "path_effects": rim, **order}
        ax.text(*place, text, color=color, fontweight="bold" if style["bold"] else None, **look)


def _handle(ax: "Axes", layer: Layer, order: dict[str, Any]) -> None:
    style = layer.style
    look = {
        "marker": style["marker"] or "o",
        "s": 90,
        "facecolor": PAPER,
        "edgecolors": style["color"],
        "linewidths": 2,
    }
    ax.scatter(layer.arrays["x"], layer.arrays["y"], **look, **order)
    if style["label"]:
        place = layer.arrays["x"][0], layer.arrays["y"][0]
        ax.annotate(style["label"], place, (8, 6), textcoords="offset points", color=style["color"], fontsize=8)


def _table(ax: "Axes", panel: Table) -> None:
    ax.set_axis_off()
    ax.set_title(panel.style["title"])
    if panel.rows:
        cells = ax.table(
            [list(row) for row in panel.rows], colLabels=list(panel.header), loc="upper center", edges="horizontal"
        )
        cells.auto_set_font_size(False)
        cells.set_fontsize(7.5)
        cells.auto_set_column_width(range(len(panel.header)))
        for (_, column), cell in cells.get_celld().items():
            cell.set_text_props(ha="right" if column else "left")
        for row, color in enumerate(panel.style["colors"]):
            if row < len(panel.rows):
                cells[row + 1, 0].get_text().set_color(color)


_DRAW = {
    "field": _field,
    "surface": _surface,
    "line": _line,
    "points": _points,
    "rects": _rects,
    "arrows": _arrows,
    "texts": _texts,
    "handle": _handle,
}
