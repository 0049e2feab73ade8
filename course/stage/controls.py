"""The settings of a scene and the controls that change them. Plain data; the front end draws them.

Every control takes `label` (text beside it, the setting's name unless given) and `when`, which shows it only while
another setting has one of some values: `kappa=log_slider(1, 1000, when={"landscape": "ravine"})`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

LONGEST = 200  # characters of a line that is typed


@dataclass(frozen=True)
class Control:
    """One control: its kind, its first value, and what the front end needs to draw it (JSON-able)."""

    kind: str
    value: Any
    label: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    when: dict[str, list[Any]] = field(default_factory=dict)
    sets: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def named(self, name: str) -> "Control":
        """This control with a label: its own, or its setting's name in words."""
        return self if self.label else replace(self, label=name.replace("_", " "))

    @property
    def is_setting(self) -> bool:
        """Whether the scene receives its value; a button that sets others has none."""
        return self.sets is None

    def fit(self, value: Any, settings: Mapping[str, Any]) -> tuple[Any, str]:
        """A value as this control can show it, and "" or a clause that says what was changed about it.

        settings: the others', for an upper end that another setting gives
        Raises ValueError where nothing near it makes sense.
        """
        fit = _FIT[self.kind]
        return fit(self, value, settings)


def slider(
    low: float,
    high: float,
    value: float | None = None,
    step: float | None = None,
    *,
    label: str = "",
    unit: str = "",
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A number between low and high; value: at first, the middle unless given; step: a hundredth unless given."""
    _check_ends(low, high)
    value = (low + high) / 2 if value is None else value
    step = _round_step((high - low) / 100) if step is None else step
    return _checked("slider", float(value), label, when, low=float(low), high=float(high), step=float(step), unit=unit)


def log_slider(
    low: float,
    high: float,
    value: float | None = None,
    *,
    label: str = "",
    unit: str = "",
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A positive number between low and high on a logarithmic slider, a hundred steps from end to end.

    value: at first; the geometric mean of low and high unless given
    """
    _check_ends(low, high)
    if low <= 0:
        raise ValueError(f"a logarithmic slider needs ends above 0, not {low}")
    value = float(np.sqrt(low * high)) if value is None else value
    return _checked("log_slider", float(value), label, when, low=float(low), high=float(high), unit=unit)


def int_slider(
    low: int,
    high: int,
    value: int | None = None,
    step: int = 1,
    *,
    label: str = "",
    unit: str = "",
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A whole number from low to high, both included; value: at first, low unless given."""
    _check_ends(low, high)
    value = low if value is None else value
    return _checked("int_slider", int(value), label, when, low=int(low), high=int(high), step=int(step), unit=unit)


def choice(
    options: Sequence[Any], value: Any = None, *, label: str = "", when: Mapping[str, Any] | None = None
) -> Control:
    """One of some options (texts or numbers); value: at first, the first option unless given."""
    options = list(options)
    return _checked("choice", options[0] if value is None else value, label, when, options=options)


def choices(
    options: Sequence[Any],
    value: Sequence[Any] | None = None,
    *,
    label: str = "",
    when: Mapping[str, Any] | None = None,
) -> Control:
    """Any number of some options; the scene receives a list of them in the options' order.

    value: at first; all of them unless given
    """
    options = list(options)
    return _checked("choices", options if value is None else list(value), label, when, options=options)


def toggle(value: bool = False, *, label: str = "", when: Mapping[str, Any] | None = None) -> Control:
    """Yes or no."""
    return _checked("toggle", bool(value), label, when)


def button(
    label: str = "",
    *,
    sets: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A button. The scene receives how often it was pressed, to use as a seed: "new sample".

    sets: settings -> the settings to change; such a button changes others and is not handed to the scene: "best alpha"
    """
    control = _checked("button", 0, label, when)
    return control if sets is None else replace(control, sets=sets)


def number(
    value: float,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    *,
    label: str = "",
    unit: str = "",
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A number to type; low and high: its ends, None for none."""
    low, high, step = (None if end is None else float(end) for end in (low, high, step))
    return _checked("number", float(value), label, when, low=low, high=high, step=step, unit=unit)


def text(
    value: str = "", *, suggestions: Sequence[str] = (), label: str = "", when: Mapping[str, Any] | None = None
) -> Control:
    """A line to type, of at most 200 characters; the scene receives it once Enter is pressed or the field is left.

    suggestions: lines that the field offers; what to make of others is the scene's matter
    """
    return _checked("text", value, label, when, suggestions=list(suggestions), longest=LONGEST)


def point(
    x: float,
    y: float,
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    label: str = "",
    fields: bool = True,
    when: Mapping[str, Any] | None = None,
) -> Control:
    """A point (x, y) of the plane, moved by the `handle` of its name; the scene receives a pair of floats.

    xlim, ylim: how far it goes; None: anywhere (the front end holds it inside its panel)
    fields: also two small fields to type its coordinates into
    """
    limits = {
        "xlim": None if xlim is None else list(map(float, xlim)),
        "ylim": None if ylim is None else list(map(float, ylim)),
    }
    return _checked("point", [float(x), float(y)], label, when, **limits, fields=bool(fields))


def play(
    steps: int | str,
    value: int | None = None,
    *,
    label: str = "time",
    speed: float = 30.0,
    step: int = 1,
    loop: bool = False,
    when: Mapping[str, Any] | None = None,
) -> Control:
    """Time, a whole number from 0 to steps, with buttons to play, pause and go a step, and a choice of speed.

    steps: how many, or the name of the setting that says so; value: at first, the end unless given
    speed: steps a second at normal speed; step: how many at a time; loop: begin again at the end
    """
    value = (steps if isinstance(steps, int) else 2**31) if value is None else int(value)
    return _checked("play", value, label, when, low=0, high=steps, step=int(step), speed=float(speed), loop=bool(loop))


def _checked(kind: str, value: Any, label: str, when: Mapping[str, Any] | None, **options: Any) -> Control:
    when = {
        name: list(allowed) if isinstance(allowed, (list, tuple)) else [allowed]
        for name, allowed in (when or {}).items()
    }
    control = Control(kind, value, label, options, when)
    if kind != "play":
        fitted, change = control.fit(value, {})
        if change:
            raise ValueError(f"the first value {value!r} of a {kind} does not fit: {change}")
        return replace(control, value=fitted)
    return control


def _fit_number(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[float, str]:
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"it should be a number, not {value!r}") from None
    if np.isnan(value):
        raise ValueError("it should be a number, not NaN")
    return _clip(value, control.options["low"], control.options["high"])


def _fit_int(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[int, str]:
    high = control.options["high"]
    high = settings.get(high, 2**31) if isinstance(high, str) else high
    value, change = _fit_number(replace(control, options={**control.options, "high": high}), value, settings)
    if control.kind == "play":  # it follows the setting that gives its end, and that is no news
        change = ""
    return round(value), change


def _fit_choice(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[Any, str]:
    options = control.options["options"]
    if value not in options:
        raise ValueError(f"{value!r} is none of {', '.join(map(repr, options))}")
    return options[options.index(value)], ""


def _fit_choices(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[list[Any], str]:
    wanted = [value] if isinstance(value, str) else list(value)
    for one in wanted:
        _fit_choice(control, one, settings)
    return [option for option in control.options["options"] if option in wanted], ""


def _fit_text(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[str, str]:
    if not isinstance(value, str) or len(value) > LONGEST or not value.isprintable():
        raise ValueError(f"it should be a line of at most {LONGEST} characters, not {str(value)[:40]!r}")
    return value, ""


def _fit_toggle(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[bool, str]:
    return bool(value), ""


def _fit_button(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[int, str]:
    return max(0, int(value)), ""


def _fit_point(control: Control, value: Any, settings: Mapping[str, Any]) -> tuple[list[float], str]:
    try:
        x, y = (float(one) for one in value)
    except (TypeError, ValueError):
        raise ValueError(f"it should be a pair of numbers, not {value!r}") from None
    if not np.isfinite([x, y]).all():
        raise ValueError(f"it should be a pair of finite numbers, not {value!r}")
    x, x_change = _clip(x, *(control.options["xlim"] or (None, None)))
    y, y_change = _clip(y, *(control.options["ylim"] or (None, None)))
    return [x, y], x_change or y_change


_FIT = {
    "slider": _fit_number,
    "log_slider": _fit_number,
    "number": _fit_number,
    "int_slider": _fit_int,
    "play": _fit_int,
    "choice": _fit_choice,
    "choices": _fit_choices,
    "text": _fit_text,
    "toggle": _fit_toggle,
    "button": _fit_button,
    "point": _fit_point,
}


def _clip(value: float, low: float | None, high: float | None) -> tuple[float, str]:
    """The nearest value between the ends, and what was changed, in words."""
    if low is not None and value < low:
        return low, f"{value:g} is below {low:g}"
    if high is not None and value > high:
        return high, f"{value:g} is above {high:g}"
    return value, ""


def _check_ends(low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"a slider goes from low to high, not from {low} to {high}")


def _round_step(step: float) -> float:
    """A round step near the one given: 1, 2 or 5 times a power of ten, not above it."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(power * max(nice for nice in (1, 2, 5) if nice * power <= step * 1.0000001))
