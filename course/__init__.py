"""Networks by Hand: what a student installs. Checks, data, figures; no solution of any exercise."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["check", "data", "figure", "given", "landscapes"]

_MODULES = ("data", "figure", "given", "landscapes")


def __getattr__(name: str) -> Any:
    """Load what a notebook asks for when it asks, so that `import course` stays quick."""
    if name == "check":
        return import_module("course.checks").check
    if name in _MODULES:
        return import_module(f"course.{name}")
    raise AttributeError(f"course has no {name!r}; it has {', '.join(__all__)}")
