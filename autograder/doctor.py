"""What `course doctor` adds where the autograder is installed: nbgrader's version and the sandbox of this machine."""

import sys
from collections.abc import Iterator
from importlib import metadata

from course.doctor import Row, package


def rows() -> Iterator[Row]:
    """A row for each package that only teachers need, and one for the sandbox."""
    from packaging.requirements import Requirement

    for requirement in map(Requirement, metadata.requires("networks-by-hand") or []):
        if requirement.marker and requirement.marker.evaluate({"extra": "teachers"}):
            yield package(requirement.name, requirement.specifier)
    yield sandbox()


def sandbox() -> Row:
    """The strongest sandbox tier that this machine allows; without one, grading is refused."""
    if sys.platform != "linux":
        return Row("sandbox", "none", False, "grade on Linux: on Windows in WSL 2, on macOS in a container")
    from autograder.sandbox import tier

    found = tier()
    if found.name == "none":
        return Row("sandbox", "none, so grading is refused", False, found.advice)
    return Row("sandbox", f"{found.name}. {found.advice}")
