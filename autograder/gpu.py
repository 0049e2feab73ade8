"""GPUs: the reference computes on one where there is one; students' code only sees it when whoever grades says so.

Without `--student-gpu` no device file of a GPU exists in the box, and CUDA is told that there is none. With it, each submission
gets a process of its own that is started cold (a process that has spoken with a GPU can't be forked), and may use
MEMORY bytes of the GPU: torch refuses more inside, and from outside the GPU's free memory is watched.

NVIDIA's cards only: those of others have other device files.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable
from functools import cache

MEMORY = 4 * 2**30  # bytes of the GPU that one submission may use; what CUDA needs for itself comes on top
OWN = 2**30  # bytes for that: the context and the libraries' kernels
HOST_MEMORY = 3 * 2**30  # bytes of the machine that CUDA's libraries take in a process


def nodes() -> tuple[str, ...]:
    """The device files through which a process reaches NVIDIA's GPUs."""
    patterns = ("nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-caps/*")
    return tuple(path for pattern in patterns for path in sorted(glob.glob(f"/dev/{pattern}")))


def reference_device() -> str:
    """Where the reference computes what torch computes: "cuda" where a GPU answers, else "cpu".

    The environment's AUTOGRADER_DEVICE=cpu keeps it off the GPU. Where torch is not imported, nothing is computed with it.
    """
    return _reference_device() if "torch" in sys.modules else "cpu"


@cache
def _reference_device() -> str:
    """Makes torch compute on the GPU as exactly as on the CPU: no shortened mantissas, no sums in a changing order."""
    if os.environ.get("AUTOGRADER_DEVICE") == "cpu":
        return "cpu"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # its sums in one order; read when CUDA starts
    import torch

    try:
        if not torch.cuda.is_available():
            return "cpu"
        torch.ones(1, device="cuda").sum().item()
    except RuntimeError:  # one that is there and does not answer: driver too old, no memory left
        return "cpu"
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    torch.backends.cudnn.conv.fp32_precision = "ieee"
    torch.use_deterministic_algorithms(True, warn_only=True)
    return "cuda"


def name() -> str:
    """Of the GPU that torch finds, or "" where there is none."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def keep_within(memory: int) -> None:
    """In a student's process, before its code: let torch take no more than so many bytes of the GPU.

    Raises RuntimeError where the GPU can't be reached.
    """
    import torch

    torch.cuda.init()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, memory / total))


def _free() -> int:
    import torch

    return torch.cuda.mem_get_info()[0]


class Watch:
    """What the GPU has given away since the watch began: one submission at a time uses it, so that is what it took.

    A driver tells which process holds what only to those who see the process's number, and a container does not.
    """

    def __init__(self, limit: int = MEMORY + OWN, free: Callable[[], int] = _free) -> None:
        """limit: in bytes; free: how many bytes of the GPU are free now"""
        self.limit, self._free, self._before = limit, free, free()

    def used(self) -> int:
        return max(0, self._before - self._free())
