"""One widget that shows any scene. A scene is a pure function: settings -> panels, and a note in words.

    from course.stage import Stage, field, handle, line, log_slider, panel, play, point

    def scene(lr, start, time):
        path = descend(start, lr)
        return [
            panel(field(Z, x=(-3, 3), y=(-3, 3), bands=True, log=True),
                  line(path[: time + 1], color=BLUE, marker="o"), handle("start", start),
                  x="$\\\\theta_1$", y="$\\\\theta_2$", equal=True),
            panel(line(range(time + 1), loss[: time + 1], label="loss"), x="step", ylog=True),
        ], f"After {time} steps the loss is {loss[time]:.3g}."

    Stage(scene, lr=log_slider(1e-4, 10, value=0.1, label="learning rate"), start=point(-2.5, 1.0), time=play(150),
          presets={"good": {"lr": 0.1}, "too fast": {"lr": 2.1}}, name="demos.descent")

`layers` has panels and layers, `controls` the controls, `guard` what makes a reader's functions safe to call, `stage`
the Stage, `drawing` the matplotlib renderer, `widget` the way to the front end, `freezing` pages without a kernel.
"""

from os import PathLike

from course.stage.controls import (
    Control,
    button,
    choice,
    choices,
    int_slider,
    log_slider,
    number,
    play,
    point,
    slider,
    text,
    toggle,
)
from course.stage.guard import ReaderError, reader_rule, silenced, time_limit
from course.stage.layers import (
    Layer,
    Panel,
    Table,
    arrows,
    field,
    handle,
    line,
    panel,
    points,
    rects,
    surface,
    table,
    texts,
)
from course.stage.stage import Stage

__all__ = [
    "Control",
    "Layer",
    "Panel",
    "ReaderError",
    "Stage",
    "Table",
    "arrows",
    "button",
    "choice",
    "choices",
    "draw",
    "field",
    "freeze",
    "handle",
    "int_slider",
    "line",
    "log_slider",
    "number",
    "panel",
    "play",
    "point",
    "points",
    "reader_rule",
    "rects",
    "silenced",
    "slider",
    "surface",
    "table",
    "text",
    "texts",
    "time_limit",
    "toggle",
]


def draw(panels: list, columns: int | None = None):  # noqa: ANN201 (matplotlib is loaded with the first figure)
    """Panels as a matplotlib figure, side by side; see `course.stage.drawing.draw`."""
    from course.stage.drawing import draw as draw_panels

    return draw_panels(panels, columns)


def freeze(stage: Stage, path: "str | PathLike", grid: "dict | None" = None) -> None:
    """Write a page that replays a grid of settings without a kernel; see `course.stage.freezing.freeze`."""
    from course.stage.freezing import freeze as write

    write(stage, path, grid)
