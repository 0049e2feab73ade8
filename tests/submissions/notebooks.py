"""Attacks as notebooks to hand in."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

from autograder.samples.linear_models import RIGHT

from . import Attack

ROOT = Path(__file__).resolve().parents[2]
LECTURE = "02_linear_models"


def right_notebook(**changed: str) -> nbformat.NotebookNode:
    """The released notebook with a right answer to each exercise, or what is given for it by name."""
    text = (ROOT / "release" / LECTURE / f"{LECTURE}.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.from_dict(json.loads(text))
    for cell in notebook.cells:
        exercise = cell.metadata.get("exercise")
        if exercise in RIGHT:
            cell.source = changed.get(exercise, RIGHT[exercise][0])
    return notebook


def handed_in(attack: Attack) -> str:
    """The text of the notebook; its other answers are right."""
    notebook = right_notebook(**{attack.exercise: attack.source})
    changed = attack.change(notebook) if attack.change else None
    return changed if isinstance(changed, str) else json.dumps(notebook)


def hand_in(course: Path, student: str, text: str) -> Path:
    path = course / "submitted" / student / LECTURE / f"{LECTURE}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path
