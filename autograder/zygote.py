"""The warm process: it imports what notebooks use once, and forks a boxed kernel for each submission.

Run as `python -m autograder.zygote SETTINGS`, where SETTINGS is JSON with the tier, the limits and the descriptor of a
unix socket (SOCK_SEQPACKET) to the trusted side. It says "warm" there, with what it is; each packet "fork" is then
answered with "forked" and three descriptors: the socket to the new kernel, a pidfd of its process, and a pipe from
which the process's end can be read: two 32-bit numbers, exit status (as from `waitpid`) and peak memory in kB. A fork
that failed is answered with a packet that says why. When the other side hangs up, the zygote ends, and with it all kernels.

It never sees instructors' data: it is enclosed before it imports anything but this package's own plumbing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import traceback
import types
from collections.abc import Iterable
from typing import NoReturn

from autograder import gpu, namespaces, sandbox

# what notebooks use
WARM = (
    "numpy", "torch", "torch.nn.functional", "matplotlib.pyplot", "matplotlib_inline.backend_inline",
    "matplotlib.backends.backend_agg", "scipy.special", "scipy.optimize", "sklearn.datasets", "sklearn.linear_model",
    "sklearn.model_selection", "sklearn.metrics", "IPython.display", "jedi", "pandas", "course", "course.case",
    "course.checks", "course.data", "course.figure", "course.given", "course.probes", "course.wire",
)  # fmt: skip


def main() -> NoReturn:
    """Run the zygote; see the module."""
    settings = json.loads(sys.argv[1])
    control = socket.socket(fileno=settings["control"])
    limits = sandbox.Limits(**settings["limits"])
    with open(os.path.join(os.path.dirname(__file__), "kernel.py"), encoding="utf-8") as file:
        kernel_source = file.read()  # in the enclosure there is no file of this package
    try:
        sandbox.enclose(settings["tier"], gpu.nodes() if limits.gpu else ())
    except sandbox.SandboxRefused as error:
        control.send(json.dumps({"refused": str(error)}).encode())
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trusted side, which then hangs up
    kernel = _warm_up(kernel_source, (*WARM, *settings["also"]))
    Nursery(settings["tier"], limits, control, kernel).serve()


def _warm_up(kernel_source: str, names: Iterable[str]) -> types.ModuleType:
    """Import what notebooks use, and the module of the kernel with its shell made."""
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name.split(".")[0]:
                raise
    kernel = types.ModuleType("autograder.kernel")
    exec(compile(kernel_source, "<kernel>", "exec"), vars(kernel))
    kernel.make_shell()
    if threads := len(os.listdir("/proc/self/task")) - 1 if os.path.exists("/proc/self/task") else 0:
        raise RuntimeError(f"the zygote must have one thread to be forked; {threads} more came with the imports")
    gc.collect()
    gc.freeze()
    return kernel


class Nursery:
    """Forks kernels on request and tells how they ended."""

    def __init__(self, tier: str, limits: sandbox.Limits, control: socket.socket, kernel: types.ModuleType) -> None:
        self.tier, self.limits, self.control, self.kernel = tier, limits, control, kernel
        self.forks = namespaces.Forks() if tier == "namespaces" else None
        self.hidden = [name for name in sys.modules if name.split(".")[0] == "autograder"]
        self.number = 0
        self.endings: dict[int, tuple[int, int]] = {}  # pidfd: process, pipe to tell its end through

    def serve(self) -> NoReturn:
        self._say(
            {"warm": True, "tier": self.tier, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        )
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self.control.fileno():
                    request = self.control.recv(100)
                    if not request:
                        self._end()
                    pidfd = self._fork()
                    if pidfd is not None:
                        poll.register(pidfd, select.POLLIN)
                elif descriptor in self.endings:
                    poll.unregister(descriptor)
                    self._bury(descriptor)

    def _fork(self) -> int | None:
        ours, theirs = socket.socketpair()
        told, tell = os.pipe()
        self.number += 1
        try:
            child = self.forks.fork() if self.forks else os.fork()
        except OSError as error:
            self._say({"failed": f"no process could be forked: {error}"})
            for descriptor in (told, tell):
                os.close(descriptor)
            return None
        if child == 0:
            self._become_kernel(theirs.detach())
        pidfd = os.pidfd_open(child)
        self.endings[pidfd] = child, tell
        theirs.close()
        socket.send_fds(self.control, [b'{"forked": true}'], [ours.fileno(), pidfd, told])
        ours.close()
        os.close(told)
        return pidfd

    def _become_kernel(self, descriptor: int) -> NoReturn:
        try:
            gc.enable()
            sandbox.enter(self.tier, self.limits, self.number, descriptor)
            if self.limits.gpu:
                _have_gpu()
            self.kernel.serve(descriptor, alone=self.tier == "namespaces", hidden=self.hidden)
        except sandbox.SandboxRefused as error:
            _last_word(descriptor, {"refused": str(error)})
        except BaseException:
            _last_word(descriptor, {"broken": traceback.format_exc()})
        finally:
            os._exit(1)

    def _bury(self, pidfd: int) -> None:
        child, tell = self.endings.pop(pidfd)
        _, status, usage = os.wait4(child, 0)
        with contextlib.suppress(BrokenPipeError):  # nobody waits for the news
            os.write(tell, struct.pack("=II", status, usage.ru_maxrss))
        os.close(tell)
        os.close(pidfd)

    def _end(self) -> NoReturn:
        """The other side is gone. In namespaces all kernels end with this process; elsewhere they are told."""
        for pidfd in self.endings:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os._exit(0)

    def _say(self, what: dict) -> None:
        self.control.send(json.dumps(what).encode())


def _have_gpu() -> None:
    try:
        gpu.keep_within(gpu.MEMORY)
    except Exception as error:  # of CUDA, of its driver
        raise sandbox.SandboxRefused(f"The GPU can't be used inside the sandbox: {error}") from error


def _last_word(descriptor: int, what: dict) -> None:
    text = json.dumps(what).encode()
    os.write(descriptor, struct.pack(">I", len(text)) + text)


if __name__ == "__main__":
    from autograder import zygote  # under its own name: IPython replaces the module __main__

    zygote.main()
