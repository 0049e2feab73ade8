"""Who handed in a file, and which attempt it is, as far as its name says.

    Canvas      lovelaceada_LATE_12345_67890_02_linear_models-2.ipynb     name, LATE, user, file, what the student called it
    Moodle      Ada Lovelace_1234567_assignsubmission_file_/02_linear_models.ipynb     name, participant; also without the folder
    elsewhere   ada_02_linear_models.ipynb, ada/02_linear_models.ipynb, ada.ipynb, ada/02_linear_models/02_linear_models.ipynb

Canvas and Moodle stamp the files of a zip with the hour of the download, so their times say nothing about being late.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CANVAS = r"(?:(?P<name>(?!LATE_).+?)_)?(?P<late>LATE_)?(?P<user>[1-9]\d*|anon_[A-Za-z0-9]+)_(?P<file>[1-9]\d*)"
MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_[a-z]+_?(?P<rest>.*)", re.DOTALL)
AGAIN = re.compile(r"(?:-(\d{1,3})| ?\((\d{1,3})\)|-Copy(\d{1,3}))$")  # Canvas, browsers, JupyterLab


@dataclass(frozen=True)
class Claim:
    """What a path says.

    system: "canvas", "moodle" or ""; names: who it may be, the likeliest first; number: the person's in that system
    late: Canvas's mark; fits: whether the file is called like the lecture; other: the lecture it is called like instead, or ""
    order: which of several attempts is the later one, where the system numbers them
    """

    system: str
    names: tuple[str, ...]
    number: str = ""
    late: bool = False
    fits: bool = False
    other: str = ""
    order: tuple[int, int] = (0, 0)


def claim(parts: Sequence[str], lecture: str, others: Iterable[str] = ()) -> Claim:
    """What the path of a notebook says. lecture: "02_linear_models"; others: the course's other lectures, by name."""
    stem = parts[-1].rpartition(".")[0]
    again = AGAIN.search(stem)
    bare = stem[: again.start()] if again else stem
    before, called = _split(bare, lecture)
    other = "" if called else next((name for name in others if _split(bare, name)[1]), "")
    attempt = int(next(filter(None, again.groups()))) if again and (called or other or again[2]) else 0
    known = {"fits": bool(called), "other": other}

    for part in parts:
        if (moodle := MOODLE.fullmatch(part)) is not None:
            name = _words(moodle["name"])
            return Claim("moodle", (name,) if name else (), moodle["user"], order=(0, attempt), **known)
    if called or other:
        before = before if called else _split(bare, other)[0]
        canvas = re.fullmatch(CANVAS, before, re.DOTALL)
    else:
        canvas = re.fullmatch(CANVAS + r"_.+", stem, re.DOTALL)
    if canvas is not None and (canvas["name"] or canvas["user"].startswith("anon_")):
        names = (canvas["name"],) if canvas["name"] else ()
        order = (int(canvas["file"][:18]), attempt)
        return Claim("canvas", names, canvas["user"], bool(canvas["late"]), order=order, **known)

    return Claim(
        "", _plain_names(parts, stem, before, bool(called or other), lecture, other), order=(0, attempt), **known
    )


def _plain_names(
    parts: Sequence[str], stem: str, before: str, called: bool, lecture: str, other: str
) -> tuple[str, ...]:
    """Whom a plain download may belong to: who stands before the lecture's name, the folder, the file."""
    folders = list(parts[:-1])
    for index, folder in enumerate(folders):  # nbgrader's own layout: the student is above the lecture
        if _same(folder, lecture) or (other and _same(folder, other)):
            folders = folders[:index][::-1]
            break
    words = (
        (_words(before), *map(_words, folders)) if called else (*map(_words, folders), _words(_without_copies(stem)))
    )
    return tuple(dict.fromkeys(filter(None, words)))


def _split(stem: str, lecture: str) -> tuple[str, str]:
    """What stands before the lecture's name (or its topic) at the end of a file's name, and that name; ("", "") without it."""
    for name in (lecture, lecture[3:]):
        loose = r"[\W_]*".join(map(re.escape, name.split("_")))
        found = re.fullmatch(rf"(?s)(?P<before>.*?)(?:^|[\W_])(?P<name>{loose})", stem, re.IGNORECASE)
        if found:
            return found["before"].rstrip("_- "), found["name"]
    return "", ""


def _without_copies(stem: str) -> str:
    return re.sub(r" ?\(\d{1,3}\)$", "", stem)


def _same(folder: str, lecture: str) -> bool:
    return re.sub(r"[\W_]+", "_", folder).lower() == lecture.lower()


def _words(name: str) -> str:
    return name.strip(" _.-")


def common_folders(paths: Sequence[Sequence[str]], lecture: str) -> int:
    """How many folders at the top all notebooks share only because they were packed together: submissions/ada.ipynb and so on.

    A folder that holds the only notebook, or notebooks called like the lecture and nothing more, is a student's.
    """
    depth = 0
    while len(paths) > 1 and all(len(path) > depth + 1 for path in paths) and len({path[depth] for path in paths}) == 1:
        if MOODLE.fullmatch(paths[0][depth]):
            break
        inside = [path for path in paths if len(path) == depth + 2]
        if any(
            not before and name for before, name in (_split(path[-1].rpartition(".")[0], lecture) for path in inside)
        ):
            break
        depth += 1
    return depth
