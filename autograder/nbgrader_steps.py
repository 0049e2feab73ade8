"""The steps that nbgrader_config.py puts into nbgrader's own commands. What grades is imported when something is graded.

`Restore` takes the place of nbgrader's repairs, `Judge` that of running the notebook and believing it, `HideMarkSchemes` keeps
what is for graders out of the feedback.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.cells import add_mark_schemes, without_mark_schemes, write_verdicts
from autograder.layout import Course
from autograder.restore import Restored, read_cells, restore


@cache
def _marker(lecture: str) -> Any:
    """The one that judges this lecture, for as long as the command runs."""
    from autograder.marking import Terms, marker, released_text, versions

    seed = int(os.environ.get("AUTOGRADER_SEED") or secrets.randbits(31))
    return marker(Terms(lecture, released_text(Course.find().lecture(lecture)), seed, versions()))


class Restore(NbGraderPreprocessor):
    """The release with the student's answers in it, see `autograder.restore`."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        import nbformat

        marker = _marker(resources["nbgrader"]["assignment"])
        restored = restore(read_cells(nbformat.writes(nb).encode("utf-8", "replace"), "the notebook"), marker.released)
        restored.notebook.metadata["notes"] = restored.notes
        return restored.notebook, resources


class Judge(NbGraderPreprocessor):
    """Verdicts into the check cells, mark schemes below the written answers."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        from autograder.build import instructor_notebook

        marker = _marker(resources["nbgrader"]["assignment"])
        notes = nb.metadata.pop("notes", {})
        write_verdicts(nb, marker.judge(Restored(nb, dict(notes))))
        add_mark_schemes(nb, instructor_notebook(Course.find().lecture(marker.name)))
        return nb, resources


class HideMarkSchemes(NbGraderPreprocessor):
    """Feedback is for students."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        without_mark_schemes(nb)
        return nb, resources
