"""The start page: what a reader sees first in JupyterLab, and the list of lectures in release/."""

from collections.abc import Iterable, Mapping
from typing import Any

PAGE = """\
# Networks by Hand

You learn how neural networks work by writing them: short functions, each checked the moment you run it.

## Lectures

{lectures}

## How it works

- Open a lecture and run its cells from the top with **Shift + Enter**.
- Where a cell says `# YOUR CODE HERE`, write yours in its place. The cell below it checks what you wrote on a few
  visible cases and says what went wrong; try as often as you like.
- Save often (**Ctrl + S**, or **Cmd + S** on a Mac). Hand in the notebook itself, under the name that it has.
- Something doesn't start? Open a terminal (**File > New > Terminal**) and type `course doctor`.

Text: CC BY 4.0. Code: BSD 3-Clause.
"""


def start_page(lectures: Iterable[Mapping[str, Any]]) -> str:
    """The text of release/index.md, in Markdown.

    lectures: mappings with `number` ("02" or 2), `slug` ("02_linear_models"), `title`, `minutes` and `promise`, one
    line on what the reader will be able to do. They are listed by number.
    """
    ordered = sorted(lectures, key=lambda lecture: int(lecture["number"]))
    return PAGE.format(lectures="\n\n".join(entry(lecture) for lecture in ordered))


def entry(lecture: Mapping[str, Any]) -> str:
    """One lecture: its number and its title, which opens the notebook; under them the promise and the time."""
    slug = lecture["slug"]
    title = f"{int(lecture['number']):02d}. {lecture['title']}"
    promise = str(lecture["promise"]).strip().rstrip(".")
    return f"### [{title}]({slug}/{slug}.ipynb)\n\n{promise}. About {lecture['minutes']} minutes."
