"""Computation graphs as figures: nodes with their values above and their error signals below, arrows for dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course.figure import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_graph(
    ax: Axes,
    places: Mapping[Any, tuple[float, float]],
    edges: Sequence[tuple],
    values: Mapping[Any, str] | None = None,
    signals: Mapping[Any, str] | None = None,
    radius: float = 11,
    inputs: Sequence[Any] = (),
    highlight: Sequence[tuple] = (),
) -> None:
    """Draw a graph on axes that are then switched off.

    places: node -> (x, y), in inches or whatever else is equal on both axes; a node's name stands in its circle
    edges: (from, to), or (from, to, text beside the arrow), or (from, to, text, bend) with a bend between -1 and 1
    values, signals: node -> text above it, in blue, and below it, in orange
    radius: of the circles, in points; inputs: nodes that are given, with a grey rim; highlight: (from, to) of bold arrows
    """
    ax.set_aspect("equal", adjustable="datalim")
    for start, end, *more in edges:
        text, bend = (*more, "", 0.0)[0], (*more, "", 0.0)[1] if len(more) > 1 else 0.0
        bold = (start, end) in highlight
        arrow = {
            "arrowstyle": "-|>,head_width=0.2,head_length=0.4",
            "color": ORANGE if bold else INK,
            "lw": 2.2 if bold else 0.9,
            "shrinkA": radius,
            "shrinkB": radius,
            "connectionstyle": f"arc3,rad={bend}",
        }
        ax.annotate("", places[end], places[start], arrowprops=arrow, annotation_clip=False)
        if text:
            (x0, y0), (x1, y1) = places[start], places[end]
            middle = (x0 + x1) / 2 + bend * (y1 - y0) / 2, (y0 + y1) / 2 - bend * (x1 - x0) / 2
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
            ax.text(*middle, text, ha="center", va="center", fontsize=7.5, color=INK, bbox=box)
    for node, (x, y) in places.items():
        ax.plot(x, y, "o", ms=2 * radius, mfc="white", mec=GREY if node in inputs else INK, mew=1.3, clip_on=False)
        ax.text(x, y, str(node), ha="center", va="center", fontsize=9)
        for said, colour, side in ((values or {}, BLUE, 1), (signals or {}, ORANGE, -1)):
            if node in said:
                paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # an arrow may pass behind
                at = {
                    "ha": "center",
                    "va": "bottom" if side > 0 else "top",
                    "fontsize": 8,
                    "color": colour,
                    "bbox": paper,
                }
                shift = (0, side * (radius + 2))
                ax.annotate(said[node], (x, y), shift, textcoords="offset points", annotation_clip=False, **at)
    ax.axis("off")
    ax.margins(0.1, 0.25)
