"""All demos on their own: live pages in the browser, or a folder of pages that need no Python.

`course demos` serves a page for each demo and opens the list; code is not shown. `course demos --freeze DIR` writes pages
that replay a grid of settings from the disk. Where a demo runs on the reader's functions, the gallery hands it stand-ins from
torch, scikit-learn and scipy (`STAND_INS` of its module).
"""

from __future__ import annotations

import io
import json
import pkgutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.stage import Stage

STYLE = """
:root { color-scheme: light dark }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 74rem; margin: 3rem auto; padding: 0 1.2rem }
h2 { margin-top: 2.6rem }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)) }
ul { gap: 1.4rem; padding: 0; list-style: none }
a { display: block; font-weight: 600 }
img { display: block; box-sizing: border-box; width: 100%; height: 11rem; padding: .5rem; object-fit: contain }
img { background: white; border: 1px solid #8886; border-radius: 8px; margin-bottom: .4rem }
small { display: block; opacity: .8; line-height: 1.35; margin-top: .2rem }
"""
# Voilà's pages ask a network for icons and formulas; browsers that are told so leave it.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:"


@dataclass(frozen=True)
class Demo:
    """A demo of the gallery. topic: its module in course.demos; name: the function; lesson: the first line of its docstring."""

    topic: str
    name: str
    lesson: str

    @property
    def title(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def page(self) -> str:
        return f"{self.topic}-{self.name}"

    @property
    def grid(self) -> dict[str, list[Any]] | None:
        """What stays movable in the frozen gallery; None for choices, toggles and time."""
        return getattr(import_module(f"course.demos.{self.topic}"), "GRIDS", {}).get(self.name)

    def stage(self) -> Stage:
        """The demo with its stand-ins."""
        return show(self.topic, self.name)


def demos() -> Iterator[Demo]:
    """All demos, in the order of their lectures."""
    import course.demos

    names = [found.name for found in pkgutil.iter_modules(course.demos.__path__)]
    for module in sorted(names, key=lambda name: import_module(f"course.demos.{name}").LECTURE):
        for name in import_module(f"course.demos.{module}").DEMOS:
            function = _function(module, name)
            yield Demo(module, name, (function.__doc__ or "").strip().splitlines()[0])


def show(topic: str, name: str) -> Stage:
    """One demo with its stand-ins, as the gallery's pages open it."""
    stand_ins = import_module(f"course.demos.{topic}").STAND_INS.get(name)
    return _function(topic, name)(**(stand_ins() if stand_ins else {}))


def _function(topic: str, name: str) -> Callable[..., Stage]:
    return getattr(import_module(f"course.demos.{topic}"), name)


def freeze_all(folder: Path) -> list[Path]:
    """Write a page for each demo and a list of them; they ask nothing of a network. Returns the paths."""
    from course.stage import freeze

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for demo in demos():
        path = folder / f"{demo.page}.html"
        print(f"{demo.topic}: {demo.title}", flush=True)
        freeze(demo.stage(), path, demo.grid)
        path.with_suffix(".png").write_bytes(thumbnail(demo))
        written.append(path)
    index = folder / "index.html"
    index.write_text(index_page(lambda demo: f"{demo.page}.html", lambda demo: f"{demo.page}.png"), encoding="utf-8")
    return [index, *written]


def thumbnail(demo: Demo) -> bytes:
    """The demo's first picture, small, as PNG."""
    file = io.BytesIO()
    demo.stage().figure().savefig(file, format="png", dpi=60)
    return file.getvalue()


def index_page(link: Callable[[Demo], str], picture: Callable[[Demo], str]) -> str:
    """The list of all demos as a page; link and picture: where a demo's page and its thumbnail are."""
    parts, topic = [], ""
    for demo in demos():
        if demo.topic != topic:
            parts.append(f"{'</ul>' if topic else ''}<h2>{escape(demo.topic.replace('_', ' ').capitalize())}</h2><ul>")
            topic = demo.topic
        parts.append(
            f'<li><a href="{escape(link(demo))}"><img src="{escape(picture(demo))}" alt="" loading="lazy">{escape(demo.title)}</a>'
            f"<small>{escape(demo.lesson)}</small></li>"
        )
    body = "".join(parts) + ("</ul>" if topic else "")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Networks by Hand: demos</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>Networks by Hand: demos</h1>{body}</body></html>\n"
    )


def serve(arguments: list[str]) -> int:
    """Serve the live gallery with Voilà until it is stopped; arguments go to Voilà."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that Voilà and the folder go too
    with tempfile.TemporaryDirectory(prefix="demos-") as folder:
        for demo in demos():
            write_notebook(Path(folder, f"{demo.page}.ipynb"), demo)
        offline = f"--Voila.tornado_settings={{'headers': {{'Content-Security-Policy': \"{POLICY}\"}}}}"
        command = [sys.executable, "-m", "course.live_gallery", folder, "--theme=light", offline, *arguments]
        with subprocess.Popen(command) as voila:
            try:
                return voila.wait()
            except KeyboardInterrupt:
                return 0
            finally:
                voila.terminate()


def write_notebook(path: Path, demo: Demo) -> None:
    """A notebook with one demo in it; Voilà shows its output alone."""
    text = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"# {demo.title}\n\n{demo.lesson}"}
    source = f"from course import gallery\n\ngallery.show({demo.topic!r}, {demo.name!r})"
    code = {"cell_type": "code", "id": "demo", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": [text, code], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")
