"""Figures: their style, their labels, what a reader without eyes gets, and cells that wait for an answer."""

import base64
import re
import struct
import subprocess
import sys

import numpy as np
import pytest

from course import figure as drawing
from course.figure import BLUE, label_line, panels, picture, show, until_written


def double(x):
    raise NotImplementedError("write double here")


def triple(x):
    raise NotImplementedError("write triple here")


class Layer:
    def forward(self, x):
        raise NotImplementedError("write Layer here")


def test_importing_the_course_or_its_figures_loads_no_matplotlib():
    code = "import sys, course, course.figure; print([m for m in sys.modules if m.startswith('matplotlib')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_colour_of_the_palette_has_a_dash_and_a_marker_of_its_own():
    palette = {drawing.BLUE, drawing.PURPLE, drawing.ORANGE, drawing.GREEN, drawing.GREY, drawing.INK}
    assert set(drawing.DASH) == set(drawing.MARKER) == palette
    assert len(set(drawing.MARKER.values())) == len(palette)
    lines = palette - {drawing.INK}  # ink draws points and axes
    assert len({str(drawing.DASH[colour]) for colour in lines}) == len(lines)


def test_panels_have_the_size_of_the_course_and_no_spines_above_or_right():
    figure, axes = panels(2, 3)
    assert axes.shape == (3, 2)
    assert tuple(figure.get_size_inches()) == pytest.approx((2 * 3.5, 3 * 2.6))
    assert not axes[0, 0].spines["top"].get_visible()
    assert not axes[0, 0].spines["right"].get_visible()
    assert axes[0, 0].spines["left"].get_visible()


def test_one_panel_comes_bare_and_options_reach_the_axes():
    _, ax = panels()
    assert hasattr(ax, "plot")
    _, (left, right) = panels(2, sharey=True)
    left.set_ylim(3, 4)
    assert right.get_ylim() == (3, 4)


@pytest.mark.parametrize("shape", [(0, 1), (2, -1)])
def test_a_figure_without_panels_is_refused(shape):
    with pytest.raises(ValueError, match="at least one panel"):
        panels(*shape)


def test_a_label_stands_at_the_last_point_within_the_axes_in_the_colour_of_its_line():
    _, ax = panels()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    leaves = ax.plot([0, 4, 6], [0, 8, 90], color=BLUE)[0]
    ends_in_nan = ax.plot([0, 5, 9], [1, 2, np.nan])[0]
    label_line(ax, leaves, "leaves above")
    label_line(ax, ends_in_nan, "stops")
    first, second = ax.texts
    assert (first.xy, first.get_text(), first.get_color()) == ((4, 8), "leaves above", BLUE)
    assert second.xy == (5, 2)


def test_a_label_counts_the_axes_turned_upside_down_as_axes():
    _, ax = panels()
    ax.set(xlim=(0, 10), ylim=(10, 0))
    label_line(ax, ax.plot([0, 4], [0, 8])[0], "down")
    assert ax.texts[0].xy == (4, 8)


def test_a_line_outside_the_axes_has_nowhere_to_be_labelled():
    _, ax = panels()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    with pytest.raises(ValueError, match="'far away' lies within the axes"):
        label_line(ax, ax.plot([2, 3], [2, 3])[0], "far away")


def test_a_picture_is_html_with_its_alt_text_and_twice_the_pixels_it_takes():
    figure, ax = panels()
    ax.plot([1, 2], [1, 2])
    html = picture(figure, 'a < b & "c"')
    assert 'alt="a &lt; b &amp; &quot;c&quot;"' in html
    png = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == (700, 520)
    assert 'width="350"' in html


def test_a_picture_is_opaque_so_that_it_reads_on_a_dark_page(tmp_path):
    from matplotlib.image import imread

    figure, _ = panels()
    html = picture(figure, "empty axes")
    file = tmp_path / "picture.png"
    file.write_bytes(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]))
    assert imread(file)[0, 0].tolist() == [1, 1, 1, 1]


def test_outside_a_notebook_a_figure_is_its_alt_text(capsys):
    figure, _ = panels()
    show(figure, "The cost falls.")
    assert capsys.readouterr().out == "Figure: The cost falls.\n"


def test_a_notebook_keeps_the_alt_text_in_html_and_in_plain_text(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(drawing, "_in_ipython", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: shown.append((bundle, raw)))
    figure, _ = panels()
    show(figure, "The cost falls.")
    [(bundle, raw)] = shown
    assert raw
    assert bundle["text/plain"] == "Figure: The cost falls."
    assert bundle["text/html"].startswith('<img alt="The cost falls."')


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_alt_text_is_refused(alt):
    figure, _ = panels()
    with pytest.raises(ValueError, match="alt text"):
        show(figure, alt)


def test_a_figure_made_with_pyplot_is_closed_once_shown():
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure = plt.figure()
    show(figure, "nothing yet")
    assert not plt.fignum_exists(figure.number)


def test_a_cell_waits_for_a_function_that_is_not_written(capsys):
    with until_written(len, double):
        double(2)
    assert capsys.readouterr().out == "This cell waits for your double. Write it above, then run the cell again.\n"


def test_a_cell_waits_for_a_class_whose_methods_are_not_written(capsys):
    with until_written(Layer):
        Layer().forward(1)
    assert "waits for your Layer." in capsys.readouterr().out


def test_a_cell_names_all_answers_that_it_waits_for(capsys):
    with until_written(len, double, triple):
        double(2)
    said = "This cell waits for your double and triple. Write them above, then run the cell again.\n"
    assert capsys.readouterr().out == said


def test_a_cell_with_all_answers_written_runs_in_silence(capsys):
    with until_written(len):
        length = len("abc")
    assert length == 3
    assert capsys.readouterr().out == ""


def test_errors_that_are_not_a_stub_of_the_named_answers_are_shown():
    with pytest.raises(NotImplementedError, match="write double here"), until_written(Layer):
        double(2)
    with pytest.raises(NotImplementedError, match="elsewhere"), until_written(double):
        raise NotImplementedError("elsewhere")
    with pytest.raises(ZeroDivisionError), until_written(double):
        1 / 0  # noqa: B018 - the error is the point


def test_a_cell_that_needs_what_a_waiting_cell_would_have_made_waits_too(capsys):
    def unwritten_answer(x):
        raise NotImplementedError("not written yet")

    with until_written(unwritten_answer):
        print(table_of_an_earlier_cell)  # noqa: F821
    assert "waits for your unwritten_answer" in capsys.readouterr().out
    with pytest.raises(NameError), until_written(len):
        print(table_of_an_earlier_cell)  # noqa: F821
