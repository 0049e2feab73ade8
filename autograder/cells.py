"""Verdicts as notebook cells: the one number that nbgrader reads, and what the student reads in the feedback."""

from __future__ import annotations

import html
from collections.abc import Iterable

import nbformat
from nbformat import NotebookNode

from autograder.judge import Verdict

OPENING = {
    "right": "Right.",
    "differs": "Not right yet.",
    "raised": "An error was raised.",
    "timed out": "It took too long.",
    "out of memory": "It used too much memory.",
    "crashed": "It ended the kernel.",
    "bad data": "What came back could not be judged.",
    "missing": "No answer was found.",
}


def write_verdicts(notebook: NotebookNode, verdicts: Iterable[Verdict]) -> None:
    """Put each verdict into its check cell: a text for people and, last, one number for nbgrader.

    Outputs of all other cells are removed: they come from the student's machine.
    """
    by_check = {f"check_{verdict.exercise}": verdict for verdict in verdicts}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        marks = cell.metadata.get("nbgrader", {})
        verdict = by_check.get(marks.get("grade_id"))
        if verdict is not None:
            cell.outputs = [_text(verdict), _number(min(verdict.score, float(marks["points"])))]
        elif marks.get("grade") and not marks.get("solution"):
            cell.outputs = [_number(0.0)]  # fail closed: nbgrader gives full points where there is no output


def _number(score: float) -> NotebookNode:
    return _output("execute_result", {"text/plain": repr(float(score))}, execution_count=1)


def _text(verdict: Verdict) -> NotebookNode:
    lines = feedback_lines(verdict)
    body = "".join(f'<div style="white-space:pre-wrap">{html.escape(line)}</div>' for line in lines)
    return _output("display_data", {"text/plain": "\n".join(lines), "text/html": f"<div>{body}</div>"})


def _output(kind: str, data: dict[str, str], **more: int) -> NotebookNode:
    """As `nbformat.v4.new_output` makes it, which checks each against the schema of all notebooks for a millisecond."""
    return NotebookNode(output_type=kind, metadata=NotebookNode(), data=NotebookNode(data), **more)


def feedback_lines(verdict: Verdict) -> list[str]:
    """What a student is told: points, what passed, the hint, what went in; never an expected value."""
    lines = [f"{verdict.exercise}: {verdict.score:g} of {verdict.points:g} points. {OPENING[verdict.status]}"]
    if verdict.advice:
        lines.append(f"Hint: {verdict.advice}")
    elif verdict.message and verdict.status != "right":
        lines.append(verdict.message)
    lines += verdict.notes
    if verdict.status == "missing":
        return lines
    for case in verdict.cases:
        lines.append(
            f"  {'pass' if case.passed else 'FAIL'}  {case.name}" + ("" if case.passed else f": {case.message}")
        )
        if not case.passed and case.inputs:
            lines.append(f"        input: {case.inputs}")
    return lines


def add_mark_schemes(notebook: NotebookNode, instructor: NotebookNode) -> None:
    """Below each written answer, for graders alone, the mark scheme and the model answer from the instructor's notebook."""
    schemes = {cell.metadata["written"]: cell.source for cell in instructor.cells if "written" in cell.metadata}
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        written = cell.metadata.get("written")
        if written in schemes:
            text = "**For graders**\n\n" + "\n".join(
                "" if line.lstrip("#> ").startswith(("BEGIN", "END")) else line
                for line in schemes[written].splitlines()
            )
            cells.append(
                nbformat.v4.new_markdown_cell(text, id=f"scheme-{cell.id}"[:64], metadata={"mark_scheme": True})
            )
    notebook.cells = cells


def without_mark_schemes(notebook: NotebookNode) -> None:
    """Take out what `add_mark_schemes` put in: it never reaches students."""
    notebook.cells = [cell for cell in notebook.cells if not cell.metadata.get("mark_scheme")]
