"""The way between a stage and its front end: an anywidget that answers one question at a time.

The front end asks {"settings", "number", "holds"} and has at most one question in flight; the answer is a picture or
one sentence. A picture's data name its arrays by hash; only those go along that the picture before did not have.
`holds` is the number of the last picture that the front end has: if it isn't the last one sent, everything is sent.
"""

import base64
import io
import json
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course.stage.guard import ReaderError
from course.stage.packing import pack, select
from course.stage.stage import Panels, Stage

SCRIPT = Path(__file__).parent / "static" / "stage.js"
STILL_DPI = 125  # of the picture for viewers without widgets: every notebook carries it, so it is kept light


class StageWidget(anywidget.AnyWidget):
    """Shows a Stage. `opening` is the first picture, and the last one in a notebook that was saved."""

    _esm = SCRIPT
    spec = traitlets.Dict().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.sent: set[str] = set()
        self.sent_number = 0
        self.last: tuple[Panels, str] | None = None
        message, buffer = self.answer({"settings": stage.settings, "number": 0, "holds": -1})
        super().__init__(spec=specification(stage), opening={**message, "buffer": buffer})
        self.on_msg(self._asked)

    def answer(self, question: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """A question of the front end -> what to send back, and its buffer."""
        stage = self.stage
        settings, reply = question["settings"], {"kind": "picture", "number": question["number"]}
        try:
            if pressed := question.get("pressed"):
                settings = stage.press(pressed, settings)
            stage.settings = settings
            panels, note = stage.picture()
            packed = pack(panels)
        except (ReaderError, ValueError) as error:
            return {**reply, "error": str(error), "settings": stage.settings, "arrays": []}, b""
        there = self.sent if question.get("holds") == self.sent_number and self.sent else ()
        entries, buffer = select(packed, there)
        self.sent, self.sent_number, self.last = set(packed.arrays), question["number"], (panels, note)
        return {**reply, "panels": packed.panels, "note": note, "settings": stage.settings, "arrays": entries}, buffer

    def bundle(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a notebook keeps of a cell that shows the widget: the widget, a picture, and the note as text."""
        data, metadata = self._repr_mimebundle_(**options) or ({}, {})
        if self.last is not None:
            panels, note = self.last
            data["text/plain"] = note
            data["text/html"] = still(panels, note)
        return data, metadata

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """The widget's state; a page that is loaded anew gets the picture of now, not the first one."""
        if self.last is not None and self.comm is not None and (key is None or "opening" in key):
            packed = pack(self.last[0])
            entries, buffer = select(packed)
            opening = {"kind": "picture", "number": -1, "panels": packed.panels, "note": self.last[1]}
            self._trait_values["opening"] = {
                **opening,
                "settings": self.stage.settings,
                "arrays": entries,
                "buffer": buffer,
            }
        return super().get_state(key, drop_defaults)

    def _asked(self, widget: Any, content: dict[str, Any], buffers: list[memoryview]) -> None:
        if content.get("kind") == "ask":
            message, buffer = self.answer(content)
            self.send(message, [buffer] if buffer else None)


def specification(stage: Stage) -> dict[str, Any]:
    """Controls, presets and first settings of a stage, as the front end reads them."""
    controls = [
        {
            "name": name,
            "kind": control.kind,
            "label": control.label,
            "when": control.when,
            "acts": not control.is_setting,
        }
        | control.options
        for name, control in stage.controls.items()
    ]
    given = [f"{key}={value.__name__}" for key, value in stage.arguments.items() if hasattr(value, "__name__")]
    presets = [[title, stage.fit(changes)[0] and changes] for title, changes in stage.presets.items()]
    return json.loads(
        json.dumps(
            {
                "controls": controls,
                "presets": presets,
                "defaults": stage.defaults,
                "settings": stage.settings,
                "name": stage.name,
                "given": given,
                "budget": stage.budget,
            }
        )
    )


def still(panels: Panels, note: str) -> str:
    """The picture without a widget: an HTML image with the note as its alt text and below it."""
    from course.stage.drawing import draw

    figure, page = draw(panels), io.BytesIO()
    figure.savefig(page, format="png", dpi=STILL_DPI)
    pixels, width = base64.b64encode(page.getvalue()).decode(), round(100 * figure.get_size_inches()[0])
    image = f'<img alt="{escape(note)}" width="{width}" style="max-width: 100%" src="data:image/png;base64,{pixels}">'
    return f'<figure style="margin: 0">{image}<figcaption>{escape(note)}</figcaption></figure>'
