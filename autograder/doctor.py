"""What `course doctor` adds where the autograder is installed: nbgrader's version and the sandbox of this machine."""

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
    from autograder.sandbox import tier

    return Row("sandbox", str(tier()))
