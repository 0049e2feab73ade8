"""`course doctor`: what is installed, where the numbers will be computed, and how to mend what is missing."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # packaging itself may be what is missing
    from packaging.specifiers import SpecifierSet

DISTRIBUTION = "networks-by-hand"
GROUP = "course.doctor"  # entry points of other installed parts: functions without arguments that return rows


class Row(NamedTuple):
    """One finding: of what, what was found, whether that is well, and the command that mends it where it isn't."""

    subject: str
    found: str
    well: bool = True
    mend: str = ""


def report() -> list[Row]:
    """Everything `course doctor` has to say, in the order in which it is printed. Never raises."""
    return [python(), *packages(), device(), cases(), *others()]


def python() -> Row:
    """The Python that runs, and where it lies."""
    return Row("Python", f"{sys.version.split()[0]}, {sys.executable}")


def packages() -> Iterator[Row]:
    """A row for the course, and one for each package that it asks for: the version against the range."""
    try:
        version, required = metadata.version(DISTRIBUTION), metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Row(DISTRIBUTION, "not installed", False, pip_install("-e ."))
        return
    yield Row(DISTRIBUTION, version)
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield Row("packaging", "not installed, so no version could be compared", False, pip_install("packaging"))
        return
    for requirement in map(Requirement, required):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield package(requirement.name, requirement.specifier)


def package(name: str, wanted: "SpecifierSet") -> Row:
    """One package: whether it is installed, in a version that is wanted."""
    mend = pip_install(f'"{name}{wanted}"')
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Row(name, f"not installed, needs {wanted}", False, mend)
    if not wanted.contains(version, prereleases=True):
        return Row(name, f"{version}, needs {wanted}", False, mend)
    return Row(name, version)


def device() -> Row:
    """Where torch will compute: a CUDA device where it finds one, else the CPU."""
    try:
        import torch

        if torch.cuda.is_available():
            return Row("device", f"cuda, {torch.cuda.get_device_name()}")
        return Row("device", f"cpu, {torch.get_num_threads()} threads; every lecture is made to run on it")
    except ModuleNotFoundError:
        return Row("device", "none: torch is not installed", False)  # its own row says how to mend that
    except Exception as error:  # a damaged install raises whatever it likes: OSError, RuntimeError, ...
        reason = " ".join(str(error).split())[:100]
        return Row("device", f"none: torch can't be loaded ({reason})", False, pip_install("--force-reinstall torch"))


def cases() -> Row:
    """The visible cases that `check` runs."""
    found = len(list((Path(__file__).parent / "frozen").glob("*.json")))
    if not found:
        return Row("visible cases", "none: the install is not whole", False, reinstall("make release"))
    return Row("visible cases", f"of {found} exercises")


def others() -> Iterator[Row]:
    """What other installed parts have to say: the autograder names the sandbox tier that this machine allows."""
    for point in metadata.entry_points(group=GROUP):
        try:
            yield from (Row(*row) for row in point.load()())
        except Exception as error:  # one part that is out of order must not hide what the others found
            yield Row(point.name, f"{type(error).__name__}: {error}", False, reinstall("make clean setup"))


def pip_install(what: str) -> str:
    """The command that installs it into the Python that runs."""
    return f"{sys.executable} -m pip install {what}"


def reinstall(in_a_checkout: str) -> str:
    """The command that brings back missing files: of make in a checkout, else with the wheel that was handed out."""
    if (Path(__file__).parent.parent / "Makefile").exists():
        return in_a_checkout
    return pip_install(
        f"--force-reinstall --no-deps networks_by_hand-{metadata.version(DISTRIBUTION)}-py3-none-any.whl"
    )


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """The report as text: a finding a line, then the commands that mend."""
    rows = list(rows)
    width = max(len(row.subject) for row in rows)
    for row in rows:
        yield f"{'ok  ' if row.well else 'MEND'}  {row.subject:<{width}}  {row.found}"
    commands = dict.fromkeys(row.mend for row in rows if row.mend and not row.well)
    yield ""
    if commands:
        yield "To mend it, one command a line:"
        yield from (f"    {command}" for command in commands)
    else:
        yield "All is well."


def main(argv: list[str] | None = None) -> int:
    """Print the report; 0 when all is well, 1 otherwise."""
    argparse.ArgumentParser(prog="course doctor", description=__doc__).parse_args(argv)
    rows = report()
    print("\n".join(lines(rows)))
    return 0 if all(row.well for row in rows) else 1
