"""The files in a folder or zip that a learning management system gave, each with its time, none of them believed.

Nothing is unpacked to where an archive says: a file's path is only read, and its bytes are handed over one file at a time,
up to a limit. What can't be read is a sentence on the file; the others go on.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from autograder.layout import CourseError
from autograder.restore import MAX_NOTEBOOK

MAX_FILES = 100_000
MAX_TOTAL = 20 * 2**30  # bytes that one archive may unpack to: 400 notebooks of the largest size
NOISE = {
    "__MACOSX",
    ".ipynb_checkpoints",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
}  # of systems and Jupyter, nobody's work
APPLE_DOUBLE = b"\x00\x05\x16\x07"
ENCRYPTED, UTF8_NAME = 0x1, 0x800  # bits of a zip entry's flags


class NotRead(Exception):
    """A file whose bytes can't be had; the message says why and what to do."""


@dataclass(frozen=True)
class Download:
    """One file. parts: its path, folder by folder, in NFC; time: of its last change; problem: "" or why it is not read.

    read(): its bytes; raises NotRead
    """

    parts: tuple[str, ...]
    time: datetime
    problem: str
    read: Callable[[], bytes]

    @property
    def shown(self) -> str:
        return printable("/".join(self.parts))

    @property
    def is_notebook(self) -> bool:
        return self.parts[-1].lower().endswith(".ipynb")


def printable(text: str) -> str:
    """A name that can't move the cursor, colour the terminal or break a line, whatever a student called the file."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)[:200]


@contextmanager
def downloads(path: Path) -> Iterator[list[Download]]:
    """The files of a folder or zip, by path. Raises CourseError for what is neither and for an archive that can't be opened."""
    if path.is_dir():
        yield _limited(_in_folder(path), path)
    elif path.is_file():
        with _opened(path) as archive:
            yield _limited(_in_zip(archive, path), path)
    else:
        raise CourseError(
            f"There is no folder or zip {path}; name what you downloaded from Canvas, Moodle or elsewhere."
        )


def _apple_double(file: Download) -> bool:
    """Whether this is macOS's shadow of another file, which lies beside it with "._" before its name (RFC 1740)."""
    if not file.parts[-1].startswith("._") or file.problem:
        return False
    try:
        return file.read().startswith(APPLE_DOUBLE)
    except NotRead:
        return False


def _limited(files: Iterator[Download], path: Path) -> list[Download]:
    found = []
    for file in files:
        if NOISE.intersection(file.parts) or _apple_double(file):
            continue
        found.append(file)
        if len(found) > MAX_FILES:
            raise CourseError(
                f"{path.name} holds more than {MAX_FILES} files; that is no class. Name the download itself."
            )
    return sorted(found, key=lambda file: file.parts)


# ------------------------------------------------------------------------------------------------------------- folders


def _in_folder(root: Path) -> Iterator[Download]:
    for folder, folders, names in os.walk(root, followlinks=False):
        for name in folders[:]:
            if Path(folder, name).is_symlink():
                folders.remove(name)
                names.append(name)
        for name in names:
            yield _file(root, Path(folder, name))


def _file(root: Path, path: Path) -> Download:
    parts = tuple(_name(os.fsencode(part).decode("utf-8", "replace")) for part in path.relative_to(root).parts)
    try:
        status = path.lstat()
    except OSError as error:
        return Download(parts, datetime.now(UTC), f"can't be read ({error.strerror})", _nothing)
    time = datetime.fromtimestamp(status.st_mtime, UTC)
    if stat.S_ISLNK(status.st_mode):
        return Download(parts, time, "is a link, and links are not followed; ask for the file itself", _nothing)
    if not stat.S_ISREG(status.st_mode):
        return Download(parts, time, "is no ordinary file", _nothing)
    problem = _too_large(status.st_size) if path.suffix.lower() == ".ipynb" else ""
    return Download(parts, time, problem, partial(_read_file, path))


def _read_file(path: Path) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            return _read_limited(file.read)
    except OSError as error:
        raise NotRead(f"can't be read ({error.strerror})") from None


# ---------------------------------------------------------------------------------------------------------------- zips


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except UnicodeDecodeError:
        advice = "names in it claim to be UTF-8 and are not. Unpack it with your system's tool and name the folder"
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError):  # zipfile raises all of these
        advice = "it is no zip, or it broke off while it was downloaded. Download it again"
    except OSError as error:
        advice = f"{error.strerror}"
    raise CourseError(f"{path.name} can't be opened: {advice}.")


def _in_zip(archive: zipfile.ZipFile, path: Path) -> Iterator[Download]:
    budget = _Budget(MAX_TOTAL)
    fallback = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    for entry in archive.infolist():
        name = _entry_name(entry)
        parts = tuple(_name(part) for part in re.split(r"[/\\]", name) if part not in ("", "."))
        if not parts or (entry.is_dir() and not entry.file_size):
            continue
        yield Download(
            parts, _entry_time(entry, fallback), _refused(entry, name), partial(_read_entry, archive, entry, budget)
        )


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """Its name. Zips from macOS and old servers hold UTF-8 without saying so, and Python then reads them as a DOS code page."""
    if entry.flag_bits & UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _refused(entry: zipfile.ZipInfo, name: str) -> str:
    """Why an entry is not read; "" where nothing speaks against it."""
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link, and links are not followed; ask for the file itself"
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        return "has a path that leads out of the zip; look at it before you open it"
    if entry.flag_bits & ENCRYPTED:
        return "is encrypted; ask for it without a password"
    return _too_large(entry.file_size) if name.lower().endswith(".ipynb") else ""


def _entry_time(entry: zipfile.ZipInfo, fallback: datetime) -> datetime:
    """When it was changed: exact and in UTC where the zip says so (Info-ZIP's field), else the clock of the machine that zipped."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        if kind == 0x5455 and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack("<i", extra[5:9])[0], UTC)
        extra = extra[4 + length :]
    try:
        return datetime(*entry.date_time).astimezone(UTC)
    except (ValueError, OverflowError):
        return fallback


@dataclass
class _Budget:
    left: int  # bytes


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: _Budget) -> bytes:
    if budget.left <= 0:
        raise NotRead(f"was left in the zip, which unpacks to more than {MAX_TOTAL // 2**30} GB; unpack and look at it")
    try:
        with archive.open(entry) as file:
            data = _read_limited(file.read)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error):
        raise NotRead("is damaged in the zip; download it again") from None
    except (NotImplementedError, RuntimeError):  # what zipfile says of a compression it lacks, and of a password
        raise NotRead("is packed in a way that Python can't read; unpack the zip and name the folder") from None
    except Exception as error:  # lzma.LZMAError and what other unpackers raise
        raise NotRead(f"is damaged in the zip ({type(error).__name__}); download it again") from None
    budget.left -= len(data)
    return data


# ---------------------------------------------------------------------------------------------------------------- both


def _read_limited(read: Callable[[int], bytes]) -> bytes:
    data = read(MAX_NOTEBOOK + 1)
    if len(data) > MAX_NOTEBOOK:
        raise NotRead(_too_large(len(data)))
    return data


def _too_large(size: int) -> str:
    if size <= MAX_NOTEBOOK:
        return ""
    return f"has more than the {MAX_NOTEBOOK // 2**20} MB that are read; ask for it without its outputs"


def _name(part: str) -> str:
    """macOS writes ü as u and two dots (NFD); names are compared and kept composed (NFC)."""
    return unicodedata.normalize("NFC", part)


def _nothing() -> bytes:
    raise NotRead("was not read")
