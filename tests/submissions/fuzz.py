"""Fuzz the judge's decoder under atheris, which follows the branches that each input takes: `python -m tests.submissions.fuzz 300`.

Opt-in: atheris is not among the requirements (`pip install atheris`). The number is of seconds; the corpus is kept in a folder
that a second argument names. It stops at the first input that raises anything but the decoder's own errors, and says which.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["course.wire", "course.case", "autograder.kernels", "autograder.judge"]):
    from autograder.judge import _read, _size
    from autograder.kernels import Kernel, KernelLost
    from autograder.sandbox import Limits
    from course import wire
    from course.case import Case, Tolerance, identical, value_difference

import numpy as np

CASE = Case("any", np.zeros(3), 1.0)
RIGHTS = (1.5, np.ones((2, 3)), (np.zeros(2), 1.0), {"a": 1.0}, [1, 2], "x", True, None)


def seeds() -> list[bytes]:
    values = [
        1,
        -1.5,
        math.nan,
        2**80,
        "x",
        True,
        None,
        [1, [2]],
        (1, 2),
        {"a": {"b": 1.0}},
        np.arange(6).reshape(2, 3),
    ]
    values += [np.float32(1), np.array([True]), np.zeros((0, 4)), np.array(1j)]
    replies = [{"output": wire.pack(value), "after": [wire.pack(np.zeros(3)), 1.0], "number": 1} for value in values]
    replies += [{"missing": True}, {"error": {"kind": "E", "kinds": ["E"], "message": "m", "trace": [[1, "x"]]}}]
    return [json.dumps(reply).encode() for reply in replies]


def read(body: bytes) -> None:
    """Everything that is done with a reply before it is forgotten."""
    kernel = Kernel.__new__(Kernel)
    kernel.limits, kernel._alive = Limits(), False
    try:
        outcome = _read(kernel._read(body), CASE)
    except (KernelLost, wire.WireError):
        return
    if outcome.status == "returned" and _size(outcome.output) < 10_000:
        for right in RIGHTS:
            value_difference(right, outcome.output, Tolerance())
            identical(right, outcome.output)


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    corpus = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp())
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        "-rss_limit_mb=1024",
        "-timeout=5",
        "-max_len=4096",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
