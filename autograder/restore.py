"""From what was handed in to a notebook that can be trusted in its shape: our release with the student's answers in it.

Nothing that a submission says about itself is believed: points, locks and checks come from our own release. Kept are the
sources of answer cells, found by their id and, failing that, by the name of the function they define, and the cells that
the student added. So copied, deleted, retyped and Colab-edited cells still grade; `notes` say what was done.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course.program import MAX_SOURCE, defines

MAX_NOTEBOOK = 50 * 2**20  # bytes
MAX_CELLS = 5000
MAX_TEXT = 500_000  # characters of all cells that are no answers: parsing and showing them takes the grader's time
MAX_VALUES = 5_000_000  # lists, dicts and their items in the whole file: each takes much more memory than its text
NO_CELL = "The notebook has no cell for this exercise; it may be of an older release."


class Unreadable(Exception):
    """A submission that is no notebook; the message says what it is instead and what to do."""


@dataclass
class Restored:
    """notebook: the release with the student's work in it; notes: by exercise id (or "" for all), what was out of place."""

    notebook: NotebookNode
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, exercise: str, text: str) -> None:
        self.notes.setdefault(exercise, []).append(text)


def read_submission(path: Path) -> list[dict[str, Any]]:
    """The cells of a submitted notebook as plain data: dicts with cell_type, source (one text) and metadata.

    Reads a regular file of at most 50 MB and follows no symbolic link. Raises Unreadable for anything else, for what is not
    JSON and for what is not a notebook; a cell that is damaged is left out.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unreadable(f"there is no {path.name}; a notebook of that name is expected") from None
    except OSError as error:
        what = "a symbolic link" if path.is_symlink() else f"not readable ({error.strerror})"
        raise Unreadable(f"{path.name} is {what}; ask for the notebook itself") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable(f"{path.name} is not a regular file; ask for the notebook itself")
        if status.st_size > MAX_NOTEBOOK:
            size = status.st_size / 2**20
            raise Unreadable(
                f"{path.name} has {size:.0f} MB, at most {MAX_NOTEBOOK // 2**20} are read; ask for it without its outputs"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            text = file.read(MAX_NOTEBOOK + 1)
    except OSError as error:
        raise Unreadable(f"{path.name} is not readable ({error.strerror}); ask for it again") from None
    finally:
        os.close(descriptor)
    return read_cells(text, path.name)


def read_cells(text: bytes, name: str) -> list[dict[str, Any]]:
    """The cells of a notebook's text, see `read_submission`."""
    if not text.strip():
        raise Unreadable(f"{name} is empty; ask for it again")
    if sum(text.count(sign) for sign in (b",", b"[", b"{")) > MAX_VALUES:
        raise Unreadable(f"{name} holds more than {MAX_VALUES} values; ask for it without its outputs")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} is damaged: it is not JSON; ask for it again") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(data, dict) and isinstance(data.get("worksheets"), list):
        sheets = [sheet.get("cells") for sheet in data["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise Unreadable(f"{name} is JSON but no notebook: it has no list of cells")
    return [plain for cell in cells[:MAX_CELLS] if (plain := _plain_cell(cell)) is not None]


def _plain_cell(cell: Any) -> dict[str, Any] | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        return None
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    identity = cell.get("id") if isinstance(cell.get("id"), str) else ""
    # lone surrogates are legal JSON and no legal text anywhere else
    source = source.encode("utf-8", "replace").decode("utf-8")
    return {"cell_type": cell["cell_type"], "source": source, "metadata": metadata, "id": identity}


def restore(submitted: list[dict[str, Any]], released: NotebookNode) -> Restored:
    """Put the student's answers and added cells into a copy of the release."""
    result = Restored(_copied(released))
    template = result.notebook.cells
    known = {_grade_id(cell): index for index, cell in enumerate(template) if _grade_id(cell)}
    submitted = _readable(submitted, known)
    by_id = {cell.id: index for index, cell in enumerate(template)}
    sources = [(cell.cell_type, cell.source.strip()) for cell in template]
    by_source = {source: index for index, source in enumerate(sources) if sources.count(source) == 1}
    answers = {cell.metadata["exercise"]: index for index, cell in enumerate(template) if "exercise" in cell.metadata}
    definitions: dict[str, list[dict[str, Any]]] = {exercise: [] for exercise in answers}
    added: dict[int, list[dict[str, Any]]] = {}  # by the cell of the release that they stand below
    written: dict[int, str] = {}
    present: set[str] = set()
    place = -1
    for number, cell in enumerate(submitted):
        grade_id = _grade_id(cell)
        where = known.get(grade_id)
        if where is None:
            where = by_id.get(cell["id"], by_source.get((cell["cell_type"], cell["source"].strip())))
        own = where is not None and template[where].metadata.get("exercise")
        is_code = cell["cell_type"] == "code"
        defined = [
            exercise for exercise in answers if (is_code or exercise == own) and defines(cell["source"], exercise)
        ]
        if own and is_code and not defined and cell["source"].strip():
            defined = [own]  # renamed, or it can't be parsed: still what was handed in for this exercise
        elif own in defined and not is_code:
            result.note(own, f"The answer cell of {own} had become a {cell['cell_type']} cell; it was read as code.")
        present.update(defined, [own] if own else [])
        if where is not None:
            place = max(place, where)
        for exercise in defined:
            if cell["source"].strip() != template[answers[exercise]].source.strip():
                definitions[exercise].append(cell | {"own": own == exercise, "number": number, "place": place})
        if where is not None and "written" in template[where].metadata:
            if where in written and cell["source"].strip() != template[where].source.strip():
                written[where] += "\n\n" + cell["source"]
            elif where not in written:
                written[where] = cell["source"]
        elif (
            not own
            and not defined
            and (where is None or not _same(cell, template[where]))
            and (is_code or not _is_locked(template, where))
        ):
            added.setdefault(place, []).append(cell | {"number": number})
    for exercise in answers.keys() - present:
        result.note(exercise, NO_CELL)
    for cell in _fill(result, answers, definitions):
        added.setdefault(cell["place"], []).append(cell)
    _find_written(template, added, written)
    for where, source in written.items():
        template[where].source = _harmless(source)
    _insert(result.notebook, added)
    return result


def _copied(value: Any) -> Any:
    """A notebook's data anew: what JSON holds needs nothing of the care that `copy.deepcopy` takes."""
    if isinstance(value, dict):
        return type(value)((key, _copied(item)) for key, item in value.items())
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _readable(submitted: list[dict[str, Any]], known: Iterable[str]) -> list[dict[str, Any]]:
    """The cells as far as anybody could read them: no endless ones, and no more than MAX_TEXT beside the answers."""
    room, first, kept = MAX_TEXT, set(known), []
    for cell in submitted:
        size = len(cell["source"])
        if size > MAX_SOURCE:
            said = f"This cell held {size} characters; at most {MAX_SOURCE} are read."
            cell = cell | {"source": f"raise ValueError({said!r})" if cell["cell_type"] == "code" else said}
        if _grade_id(cell) in first:
            first.remove(_grade_id(cell))
        else:
            room -= len(cell["source"])
            if room < 0:
                continue
        kept.append(cell)
    return kept


def _fill(
    result: Restored, answers: dict[str, int], definitions: dict[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Put one definition into each answer cell. Returns the cells that were put nowhere: what else they hold may be needed."""
    left, used = {}, set()
    for exercise, index in answers.items():
        found = definitions[exercise]
        if not found:
            continue
        proper = [cell for cell in found if defines(cell["source"], exercise)] or found
        chosen = proper[-1]
        result.notebook.cells[index].source = chosen["source"]
        used.add(chosen["number"])
        left |= {cell["number"]: cell for cell in found}
        if len(proper) > 1:
            result.note(exercise, f"{exercise} is defined in {len(proper)} cells; the last one counts.")
        if not chosen["own"]:
            result.note(
                exercise, f"{exercise} was found by the function's name, in a cell that is not its answer cell."
            )
    return [cell for number, cell in left.items() if number not in used]


def _find_written(
    template: list[NotebookNode], added: dict[int, list[dict[str, Any]]], written: dict[int, str]
) -> None:
    """A written answer whose cell lost its metadata is known by its place alone: text right below the question."""
    for where, cell in enumerate(template):
        if "written" not in cell.metadata or where in written:
            continue
        texts = [other for other in added.get(where - 1, []) if other["cell_type"] == "markdown"]
        answer = "\n\n".join(other["source"] for other in texts if not _same(other, cell))
        if answer:
            written[where] = answer
        added[where - 1] = [other for other in added.get(where - 1, []) if other not in texts]


def _insert(notebook: NotebookNode, added: dict[int, list[dict[str, Any]]]) -> None:
    cells = []
    for index, cell in enumerate([None, *notebook.cells], start=-1):
        cells += [cell] if cell else []
        below = sorted(added.get(index, []), key=lambda cell: cell["number"])
        cells += [_added_cell(cell, cell["number"]) for cell in below]
    notebook.cells = cells


def _added_cell(cell: dict[str, Any], number: int) -> NotebookNode:
    """A cell of the student's own: its text, and none of its metadata or outputs."""
    make = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }[cell["cell_type"]]
    source = cell["source"] if cell["cell_type"] == "code" else _harmless(cell["source"])
    return make(source, id=f"added-{number:04d}", metadata={"added": True})


def _harmless(text: str) -> str:
    """Text of a student that graders open beside their own session: no HTML, and no links that run code.

    A space behind < makes no tag of it, and leaves formulas and comparisons as they are.
    """
    text = re.sub(r"<(?=[a-zA-Z/!?])", "< ", text)
    return re.sub(r"(?i)(javascript|vbscript)(?=\s*:)", r"\1 ", text).replace(r"\href", r"\text")


def _grade_id(cell: Any) -> str:
    marks = cell["metadata"].get("nbgrader")
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def _same(cell: dict[str, Any], other: NotebookNode) -> bool:
    return cell["cell_type"] == other.cell_type and cell["source"].strip() == other.source.strip()


def _is_locked(template: list[NotebookNode], where: int | None) -> bool:
    """Cells that are not the student's to change: what they hold in the submission is dropped."""
    return where is not None and "nbgrader" in template[where].metadata
