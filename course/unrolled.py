"""Networks over time, drawn: boxes for units and arrows between them.

figure, ax = panels(width=5)
canvas(ax, (0, 4), (0, 3))
box(ax, 1, 1, "h₁")
arrow(ax, (1, 1), (2, 1))
"""

from typing import TYPE_CHECKING

from course.figure import BLUE, INK, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HALF = 0.27  # of a box's side


def canvas(ax: "Axes", x: tuple[float, float], y: tuple[float, float], title: str = "") -> None:
    """No axes, equal units, these limits."""
    ax.set(xlim=x, ylim=y, aspect="equal", title=title)
    ax.axis("off")


def box(ax: "Axes", x: float, y: float, text: str = "", color: str = BLUE) -> None:
    """A unit, or several that belong together, with its centre at (x, y)."""
    from matplotlib.patches import FancyBboxPatch

    side = 2 * HALF
    corner = (x - HALF, y - HALF)
    ax.add_patch(
        FancyBboxPatch(corner, side, side, "round,pad=0,rounding_size=0.08", fc=PAPER, ec=color, lw=1.5, zorder=2)
    )
    ax.text(x, y, text, ha="center", va="center", color=INK, fontsize=9, zorder=3)


def label(ax: "Axes", x: float, y: float, text: str, color: str = INK) -> None:
    """A word at (x, y): an input or an output."""
    ax.text(x, y, text, ha="center", va="center", color=color, fontsize=9, zorder=3)


def arrow(
    ax: "Axes",
    start: tuple[float, float],
    end: tuple[float, float],
    color: str = INK,
    text: str = "",
    bend: float = 0.0,
) -> None:
    """From the box or word at `start` to that at `end`, stopping short of both; text: beside its middle."""
    from matplotlib.patches import FancyArrowPatch

    style = f"arc3,rad={bend}"
    points = 17  # that a box takes on each side
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=9, connectionstyle=style, color=color, lw=1.2, zorder=1,
            shrinkA=points, shrinkB=points,
        )
    )  # fmt: skip
    if text:
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        across = abs(end[0] - start[0]) > abs(end[1] - start[1])
        ax.text(x + (0 if across else 0.1), y + (0.1 if across else 0), text, color=color, fontsize=8, ha="center" if across else "left",
                va="bottom" if across else "center")  # fmt: skip
