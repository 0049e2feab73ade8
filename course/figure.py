"""How the course draws: a colour means one thing, a panel has one size, alt text survives export.

    figure, ax = panels()
    line, = ax.plot(steps, cost, color=BLUE)
    label_line(ax, line, "training")
    show(figure, alt="The cost falls fast at first, then ever more slowly.")

matplotlib is loaded with the first figure, not before.
"""

import base64
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

INK = "#1f2430"  # axes, text, data
BLUE = "#3e90d5"  # the model, what is learned
ORANGE = "#e36c17"  # gradients, errors, "look here"
GREEN = "#0f5e35"  # the truth, the optimum
PURPLE = "#68147e"  # a second model, a comparison
GREY = "#8d929a"  # context, history
PAPER = "#ffffff"  # behind every figure, so that it reads on a dark page too

FIELD = "viridis"  # colour map of a quantity
SIGNED = "RdBu_r"  # colour map of a quantity with a sign: centre it on zero

# A line's colour also has its dash, a point's colour its marker: colour never speaks alone.
DASH = {
    BLUE: "-",
    PURPLE: (0, (5, 2)),
    ORANGE: (0, (5, 1.5, 1, 1.5)),
    GREEN: (0, (1, 1.3)),
    GREY: (0, (8, 2)),
    INK: "-",
}
MARKER = {BLUE: "o", PURPLE: "s", ORANGE: "X", GREEN: "*", GREY: "v", INK: "."}

WIDTH, HEIGHT = 3.5, 2.6  # of a panel, in inches
DPI = 100  # of the page; files hold twice as many

STYLE = {
    "axes.edgecolor": INK,
    "axes.facecolor": PAPER,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "image.cmap": FIELD,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "mathtext.fontset": "dejavusans",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "ytick.color": INK,
    "ytick.labelsize": 8,
}


def panels(columns: int = 1, rows: int = 1, width: float = WIDTH, height: float = HEIGHT, **options: Any) -> tuple:
    """A figure of `columns` by `rows` panels, each `width` by `height` inches, in the course's style.

    options: handed to `Figure.subplots`, for example `sharey=True`
    Returns the figure and its axes: one, or an array of them in the shape of the panels (a row for one row or column).
    The style becomes matplotlib's default for what you draw next.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    if columns < 1 or rows < 1:
        raise ValueError(f"a figure needs at least one panel, not {columns} columns and {rows} rows")
    mpl.rcParams.update(STYLE)
    # Not through pyplot: nothing is drawn twice by an inline backend, nothing stays in memory.
    figure = Figure(figsize=(columns * width, rows * height), dpi=DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06, wspace=0.04, hspace=0.04)
    return figure, figure.subplots(rows, columns, **options)


def label_line(ax: "Axes", line: "Line2D", text: str, dx: float = 4, dy: float = 0) -> None:
    """Write `text` at the right end of `line`, in its colour; dx and dy move it, in points.

    The end is the last of the line's points that lies within the axes, so set their scales and limits first.
    """
    import numpy as np

    x, y = (np.asarray(values, dtype=float) for values in line.get_data())
    (left, right), (bottom, top) = (sorted(limits) for limits in (ax.get_xlim(), ax.get_ylim()))
    inside = np.flatnonzero((left <= x) & (x <= right) & (bottom <= y) & (y <= top))
    if not len(inside):
        raise ValueError(f"no point of the line for {text!r} lies within the axes")
    end = x[inside[-1]], y[inside[-1]]
    ax.annotate(
        text, end, (dx, dy), textcoords="offset points", color=line.get_color(), va="center", annotation_clip=False
    )


def show(figure: "Figure", alt: str) -> None:
    """Show a figure in the notebook, with `alt` for those who can't see it: what it teaches, not how it looks.

    The picture is a PNG of double resolution inside HTML, so alt text survives nbconvert. Outside a notebook the
    alt text is printed. A figure made with pyplot is closed.
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: say in a sentence what it teaches")
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    if not _in_ipython():
        print(f"Figure: {alt}")
        return
    from IPython.display import display

    display({"text/html": picture(figure, alt), "text/plain": f"Figure: {alt}"}, raw=True)


def picture(figure: "Figure", alt: str) -> str:
    """The figure as an HTML image that holds its own pixels, twice as many as it takes on the page."""
    from html import escape

    page = io.BytesIO()
    figure.savefig(page, format="png", dpi=2 * DPI, facecolor=PAPER)
    pixels = base64.b64encode(page.getvalue()).decode()
    width = round(DPI * figure.get_size_inches()[0])
    return (
        f'<img alt="{escape(alt)}" width="{width}" style="max-width: 100%; border-radius: 4px" '
        f'src="data:image/png;base64,{pixels}">'
    )


@contextmanager
def until_written(*answers: Callable) -> Iterator[None]:
    """Let a cell that uses the reader's answers wait, in one kind sentence, until they are written.

        with until_written(standardize):
            A, B = standardize(X, X_new)
            ...

    Only the error of an answer's own stub is held back, and while one of these answers is a stub also that of a name that an
    earlier cell, which waited too, has not made; every other one is shown.
    """
    names = [answer.__name__ for answer in answers]
    missing = [answer.__name__ for answer in answers if _is_stub(answer)]
    try:
        yield
    except (NotImplementedError, NameError) as error:  # a stub, and a name that a waiting cell has not made
        name = _raised_in(error)
        if isinstance(error, NameError) and not missing:
            raise
        if (
            isinstance(error, NotImplementedError) and name not in names
        ):  # another function's, not this cell's to wait for
            raise
        missing = missing if isinstance(error, NameError) or name in missing else [name]
        *others, last = missing
        named, it = (f"{', '.join(others)} and {last}", "them") if others else (last, "it")
        print(f"This cell waits for your {named}. Write {it} above, then run the cell again.")


def _is_stub(answer: Callable) -> bool:
    """Is it a function that does nothing but say that it is not written?"""
    return getattr(getattr(answer, "__code__", None), "co_names", None) == ("NotImplementedError",)


def _raised_in(error: BaseException) -> str:
    """The function, or for a method the class, whose own line raised the error."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_qualname.split(".")[0]


def _in_ipython() -> bool:
    return "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None
