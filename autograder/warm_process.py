"""The warm process of whoever grades: one for each kind of lecture, started before anything slow is imported here."""

from __future__ import annotations

import atexit
import re
import threading
from pathlib import Path

from autograder.kernels import ColdStarts, SandboxRefused, Zygote
from autograder.layout import CourseError

_DEMOS = re.compile(r"from course\.demos import (\w+)")


def imports(released: str) -> tuple[str, ...]:
    """The modules that notebooks of a lecture load besides those that all do, by the text of its release."""
    demos = [f"course.demos.{name}" for name in _DEMOS.findall(released)]
    # the first optimizer would load this, for more than a second
    return (*demos, *(["torch._dynamo"] if "torch.optim" in released else []))


_zygotes: dict[tuple, Zygote | ColdStarts] = {}
_lock = threading.Lock()


def start(released: str | Path, no_sandbox: bool = False, student_gpu: bool = False) -> Zygote | ColdStarts:
    """The warm process for a lecture, by the text of its release or its path; begins to warm up and does not wait.

    It ends with this process. student_gpu: let students' code have the GPU, which nothing warm can do.
    Raises CourseError where this machine has no sandbox and none was waived.
    """
    text = released.read_text(encoding="utf-8") if isinstance(released, Path) else released
    also = imports(text)
    key = also, no_sandbox, student_gpu
    with _lock:
        try:
            if key not in _zygotes:
                _zygotes[key] = (ColdStarts if student_gpu else Zygote)(no_sandbox=no_sandbox, also=also)
                atexit.register(_zygotes[key].close)
            _zygotes[key].start()
        except SandboxRefused as error:
            raise CourseError(str(error)) from error
        return _zygotes[key]
