"""nbgrader's autograde step for notebooks that are restored and judged already: it enters the scores and copies the notebook.

The stock converter reads and writes every notebook twice, once to repair it and once to run it; neither is left to do.
"""

from __future__ import annotations

from nbgrader.converters import Autograde
from nbgrader.converters.base import BaseConverter


class SinglePass(Autograde):
    """From the staging folder straight to autograded/ and the gradebook."""

    _sanitizing = False

    @property
    def _input_directory(self) -> str:
        return self.coursedir.submitted_directory

    def convert_single_notebook(self, notebook_filename: str) -> None:
        self._init_preprocessors()
        BaseConverter.convert_single_notebook(self, notebook_filename)
