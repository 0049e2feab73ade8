"""`Stage`: a scene with controls. A plain object that tests can use; the widget is made when it is first shown."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course.stage.controls import Control
from course.stage.guard import ReaderError, describe, name_of, silenced, time_limit
from course.stage.layers import Panel, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Panels = list[Panel | Table]


class Stage:
    """Shows `scene(**settings) -> panels, note` with a control for each setting.

        Stage(scene, lr=log_slider(1e-4, 10, value=0.1), start=point(-2.5, 1.0), time=play(150),
              presets={"good": {"lr": 0.1}, "too fast": {"lr": 2.1}}, name="demos.landscape_racer")

    scene: a pure function of its settings; the note says in words what the picture shows
    presets: settings worth seeing, by name; what a preset leaves out stays as it is
    settings: where to start, in place of the controls' own values; values out of range are drawn at the nearest end,
    and the note says so
    name: how the demo is called, for "copy these settings as code"; arguments: the reader's functions it was given
    budget: seconds that one call of the scene may take; put heavy imports at the top of the demo's module
    Any other keyword is a setting and its control.

    In a notebook the stage shows itself. Without one, `figure(**settings)` draws it with matplotlib.
    """

    def __init__(
        self,
        scene: Callable[..., tuple[Panels, str]],
        *,
        presets: Mapping[str, Mapping[str, Any]] | None = None,
        settings: Mapping[str, Any] | None = None,
        name: str = "",
        arguments: Mapping[str, Any] | None = None,
        budget: float = 3.0,
        **controls: Control,
    ) -> None:
        for key, control in controls.items():
            if not isinstance(control, Control):
                raise TypeError(f"{key} should be a control, such as slider(0, 1), not {type(control).__name__}")
        self.scene = scene
        self.controls = {key: control.named(key) for key, control in controls.items()}
        self.name = name or name_of(scene)
        self.arguments = dict(arguments or {})
        self.budget = float(budget)
        self.presets = {title: dict(changes) for title, changes in (presets or {}).items()}
        self._settings = {key: control.value for key, control in self.controls.items() if control.is_setting}
        self._settings, _ = self.fit({})
        self.defaults = dict(self._settings)
        self._check_names()
        for title, changes in self.presets.items():
            if changed := self.fit(changes)[1]:
                raise ValueError(f"preset {title!r}: {changed}")
        self._settings, self._remark = self.fit(settings or {})
        self._widget: Any = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings now, by name."""
        return dict(self._settings)

    @settings.setter
    def settings(self, changes: Mapping[str, Any]) -> None:
        self._settings, self._remark = self.fit(changes)

    def fit(self, changes: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """The present settings with these changes, each within its control's range; and what was changed, in words.

        Raises ValueError for names that are no settings and for values that fit nowhere.
        """
        settings, remarks = dict(self._settings), []
        for key, value in changes.items():
            if key not in settings:
                raise ValueError(f"there is no setting {key!r}; there are {', '.join(settings)}")
            settings[key] = value
        for key in settings:
            control = self.controls[key]
            try:
                settings[key], change = control.fit(settings[key], settings)
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
            if change and key in changes:
                remarks.append(f"{control.label}: {change}, so the nearest value is drawn.")
        return settings, " ".join(remarks)

    def panels(self, **changes: Any) -> tuple[Panels, str]:
        """What the scene gives for the present settings with these changes; errors come as they are."""
        settings, _ = self.fit(changes)
        return _checked(self.scene(**self._given(settings)))

    def picture(self, **changes: Any) -> tuple[Panels, str]:
        """As `panels`, but within the time budget and in silence; raises ReaderError with one sentence to show."""
        try:
            settings, remark = self.fit(changes)
            remark = remark or self._remark
            with time_limit(self.budget), silenced():
                panels, note = _checked(self.scene(**self._given(settings)))
        except ReaderError:
            raise
        except Exception as error:
            raise ReaderError(describe(error, name_of(self.scene))) from error
        return panels, f"{remark} {note}".strip()

    def press(self, button: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings after a button that sets others was pressed. Raises ReaderError with one sentence."""
        action = self.controls[button].sets
        if action is None:
            raise ValueError(f"{button} is a setting, not a button that sets others")
        try:
            with time_limit(self.budget), silenced():
                return self.fit({**settings, **action(self._given(dict(settings)))})[0]
        except ReaderError:
            raise
        except Exception as error:
            raise ReaderError(describe(error, self.controls[button].label)) from error

    def figure(self, **changes: Any) -> "Figure":
        """The picture as a matplotlib figure, for print, tests and pages without widgets."""
        from course.stage.drawing import draw

        return draw(self.panels(**changes)[0])

    def code(self, settings: Mapping[str, Any] | None = None) -> str:
        """One line of Python that opens this demo with these settings (the present ones): what differs from the first."""
        settings = self._settings if settings is None else settings
        functions = [f"{key}={name_of(value)}" for key, value in self.arguments.items() if value is not None]
        differing = [f"{key}={_short(value)}" for key, value in settings.items() if value != self.defaults[key]]
        return f"{self.name}({', '.join(functions + differing)})"

    @property
    def widget(self) -> Any:
        """The anywidget that shows this stage, made when first asked for."""
        if self._widget is None:
            from course.stage.widget import StageWidget

            self._widget = StageWidget(self)
        return self._widget

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget, and a picture for viewers that run none."""
        return self.widget.bundle(**options)

    def __repr__(self) -> str:
        return self.code()

    def _given(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Settings as the scene receives them: points as pairs, lists that it may keep."""
        kinds = {key: control.kind for key, control in self.controls.items()}
        return {
            key: tuple(value) if kinds[key] == "point" else list(value) if kinds[key] == "choices" else value
            for key, value in settings.items()
        }

    def _check_names(self) -> None:
        """Say at once where scene and controls don't fit."""
        parameters = inspect.signature(self.scene).parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return
        taken = {parameter.name for parameter in parameters}
        needed = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
        if missing := needed - set(self._settings):
            raise TypeError(f"the scene takes {', '.join(sorted(missing))}, but there is no control for it")
        if extra := set(self._settings) - taken:
            raise TypeError(f"the scene does not take {', '.join(sorted(extra))}, which has a control")


def _checked(output: Any) -> tuple[Panels, str]:
    """What a scene returned, if it is panels and a note."""
    if not (isinstance(output, tuple) and len(output) == 2 and isinstance(output[1], str)):
        raise TypeError("a scene returns a list of panels and a note")
    panels = list(output[0]) if isinstance(output[0], Sequence) else [output[0]]
    for panel in panels:
        if not isinstance(panel, (Panel, Table)):
            raise TypeError(f"a scene returns panels and tables, not {type(panel).__name__}")
    if not output[1].strip():
        raise ValueError("a scene needs a note: say in a sentence what the picture shows")
    return panels, output[1]


def _short(value: Any) -> str:
    """A value as Python, without the noise of the last digits."""
    if isinstance(value, bool) or not isinstance(value, (float, list, tuple)):
        return repr(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return ("({})" if isinstance(value, tuple) else "[{}]").format(", ".join(map(_short, value)))


__all__ = ["Panels", "Stage"]
