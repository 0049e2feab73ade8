"""Submissions that try to earn points, or to do harm, without an answer: data for tests/test_hostile.py and `stock`.

An attack is the source of one answer cell (the other answers of its notebook are right), or a change to the whole notebook.
Each module holds the attacks of a few kinds, in a list named ATTACKS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

import nbformat

# what nothing that judges may let out: an attack that finds what it should not raises an error with this word
FOUND = "FOUND-IT"
# part of the name of each file and process that an attack leaves, so that they can be looked for
MARK = "hostile-leftover"

KINDS = ("agreeing", "patching", "forging", "ending", "exhausting", "results", "looking", "reaching", "lingering")
KINDS += ("damaging", "reading", "memorising")

# no harm, but gigabytes or minutes for one who runs all cells and compares whatever comes back
SLOW = {
    *(
        "strided-giant",
        "broadcast-giant",
        "empty-giant",
        "large-array",
        "cycle",
        "nested-lists",
        "nested-dicts",
        "huge-text",
    ),
    *("million-keys", "million-numbers", "many-small-lists", "many-small-arrays", "endless-list", "gradient-tensor"),
    *(
        "thousands-of-long-cells",
        "thousands-of-magics",
        "chain-of-helpers",
        "same-name-everywhere",
        "five-thousand-cells",
    ),
    *(
        "ten-megabytes",
        "megabytes-of-metadata",
        "magics",
        "shell-lines",
        "deep-operators",
        "json-wide",
        "slow-drip-busy",
    ),
}

Change = Callable[[nbformat.NotebookNode], "nbformat.NotebookNode | str | None"]


@dataclass(frozen=True)
class Attack:
    """name: also that of the student who hands it in; says: one line for the report.

    source: of the answer cell of `exercise`; or change: what is done to a notebook whose other answers are right, in place or
    as a text in its stead
    statuses: what the verdict on the exercise may be
    stock: whether running it with the rights of whoever grades, in a throw-away namespace, does no harm
    keeps: whether a right answer is still in it, so that it earns its points all the same
    costs: exercises besides its own that may lose their points, because the change is done to them too
    """

    name: str
    kind: str
    says: str
    source: str = ""
    change: Change | None = None
    exercise: str = "squared_error_cost"
    statuses: tuple[str, ...] = ("differs", "raised")
    stock: bool = True
    keeps: bool = False
    costs: tuple[str, ...] = ()


def attacks() -> list[Attack]:
    """All of them, by kind."""
    found = [attack for kind in KINDS for attack in import_module(f"{__name__}.{kind}").ATTACKS]
    names = [attack.name for attack in found]
    assert len(names) == len(set(names))
    return [replace(attack, stock=attack.stock and attack.name not in SLOW) for attack in found]


def collector(kind: str) -> tuple[list[Attack], Callable[..., None]]:
    """The list of a module, and `add(name, says, source, ...)` that appends to it."""
    found: list[Attack] = []

    def add(name: str, says: str, source: str = "", **keywords: object) -> None:
        found.append(Attack(name, kind, says, source.strip().replace("MARK", MARK).replace("FOUND", FOUND), **keywords))

    return found, add
