"""What a class earned, as a table in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from autograder.records import Record


def _on(devices: dict[str, str]) -> str:
    return f"reference on {devices['reference']}, students on {devices['students']}"


def summary_table(records: Sequence[Record], console: Console | None = None) -> None:
    """A row a student: points and, for what is not right, the status and the mistake's name."""
    console = console or Console()
    if not records:
        return
    table = Table(
        "student",
        "points",
        "what needs a look",
        title=f"{records[0].lecture}, seed {records[0].seed}, sandbox: {records[0].tier}, {_on(records[0].devices)}",
    )
    for record in records:
        most = sum(verdict.points for verdict in record.verdicts)
        wrong = [verdict for verdict in record.verdicts if verdict.status != "right"]
        said = ", ".join(f"{verdict.exercise} ({verdict.hint or verdict.status})" for verdict in wrong)
        if record.problem or (
            wrong and all(verdict.status == "missing" for verdict in wrong) and len(wrong) == len(record.verdicts)
        ):
            said = record.problem or "nothing written"
        table.add_row(record.student, f"{record.score:g} of {most:g}", said or "all right")
    console.print(table)
