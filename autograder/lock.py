"""One lock file for Linux, macOS and Windows, and the conda environment with the same versions.

`make lock` lets pip-compile choose versions inside the ranges of pyproject.toml, then settles what it can't know:

- torch's pin carries no build (`+cpu`), and its CUDA packages are left out: every build of torch pins its own.
- what only macOS or Windows need is added with a marker, from `[tool.networks-by-hand]` in pyproject.toml.
- pip stays out: on Windows it can't replace itself while it runs.

There are no hashes: the same pin of torch is another file on every platform.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENT = ROOT / "environment.yml"

HEAD = """\
# Exact versions for Python 3.11 and newer on Linux, macOS and Windows. Made by `make lock`; please don't edit.
# No hashes: torch's pin is another file on every platform. On Linux its CUDA packages follow from torch itself.
"""
LINE = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>[^\s;#]+)\s*(?:;\s*(?P<marker>[^#]*[^#\s]))?\s*(?:# via (?P<via>.+))?"
)


class Pin(NamedTuple):
    """One line of the lock: `name==version ; marker  # via those that ask for it`."""

    name: str
    version: str
    marker: str = ""
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def project() -> dict[str, Any]:
    """pyproject.toml as data."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def normal(name: str) -> str:
    """A distribution's name as registries compare it: `Foo_bar[extra]>=1` -> `foo-bar`."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


def pins(lines: Iterable[str]) -> list[Pin]:
    """The pins among the lines of a lock file or of pip-compile's output."""
    found = [match for line in lines if (match := LINE.fullmatch(line.strip()))]
    return [
        Pin(
            normal(match["name"]),
            match["version"],
            match["marker"] or "",
            tuple(normal(name) for name in (match["via"] or "").split(", ") if name),
        )
        for match in found
    ]


def settle(compiled: Iterable[Pin], elsewhere: Iterable[Pin]) -> list[Pin]:
    """pip-compile's pins, made on one machine -> pins for every machine, sorted by name."""
    kept = {pin.name: pin for pin in (*compiled, *elsewhere)}
    for name in [name for name in kept if name in ("pip", "triton") or name.startswith(("nvidia-", "cuda-"))]:
        del kept[name]
    return [kept[name]._replace(version=kept[name].version.partition("+")[0]) for name in sorted(kept)]


def needed_by(locked: list[Pin], names: Iterable[str]) -> list[Pin]:
    """The pins that these distributions need, themselves included: the part of a lock that they alone would have."""
    wanted, size = {normal(name) for name in names}, 0
    while size < len(wanted):
        size = len(wanted)
        wanted |= {pin.name for pin in locked if wanted & set(pin.via)}
    asking = wanted | {normal(project()["project"]["name"])}
    return [pin._replace(via=tuple(name for name in pin.via if name in asking)) for pin in locked if pin.name in wanted]


def lock_text(locked: Iterable[Pin]) -> str:
    """The text of a lock file, a pin a line and behind it who asks for it."""
    return HEAD + "".join(f"{pin!s:<48}  # via {', '.join(pin.via)}\n" for pin in locked)


def environment_text(locked: Iterable[Pin], packages: Iterable[str], python: str = "3.12") -> str:
    """The text of an environment.yml: Python from conda, everything else by pip at the versions of the lock."""
    lines = [
        "# The versions of requirements.lock for conda users. Made by `make lock`; please don't edit.",
        "#     conda env create -f environment.yml && conda activate networks-by-hand",
        "name: networks-by-hand",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python={python}",
        "  - pip",
        "  - pip:",
        *(f'      - "{line}"' for line in (*locked, *packages)),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write requirements.lock and environment.yml; arguments go to pip-compile (`--upgrade`, `-P numpy`)."""
    if sys.version_info[:2] != (3, 11):
        # Older Pythons need more (`overrides` before 3.12, for example), so a lock made on the oldest serves all.
        print(f"Make the lock with Python 3.11, the oldest that it serves; this is {sys.version.split()[0]}.")
        return 1
    table = project()["tool"]["networks-by-hand"]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "compiled.txt")
        if LOCK.exists():  # pip-compile keeps the versions it finds there
            shutil.copyfile(LOCK, output)
        command = [
            *(sys.executable, "-m", "piptools", "compile", "--quiet", "--allow-unsafe", "--strip-extras"),
            *("--no-header", "--annotation-style", "line"),
            *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"),
            *("--extra", "teachers", "--extra", "cluster", "--extra", "developers"),
            *(argument for pin in table["hold"] for argument in ("--upgrade-package", pin)),
            *(*arguments, "--output-file", str(output), "pyproject.toml"),
        ]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
        compiled = pins(output.read_text(encoding="utf-8").splitlines())
    locked = settle(compiled, pins(table["elsewhere"]))
    LOCK.write_text(lock_text(locked), encoding="utf-8")
    ENVIRONMENT.write_text(environment_text(locked, ("-e .", "-e ./autograder")), encoding="utf-8")
    print(f"{LOCK.name} and {ENVIRONMENT.name}: {len(locked)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
