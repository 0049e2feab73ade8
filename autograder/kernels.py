"""The trusted side of the box: start the zygote, fork kernels, ask them, end them.

    with Zygote() as zygote:
        kernel = zygote.fork()
        reply = kernel.ask({"do": "run", "source": "x = 1", "name": "cell"}, cpu_limit=10)
        kernel.kill()

Replies are data to be judged, never to be believed. Time, memory and survival are measured here, from outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from autograder import gpu, sandbox
from autograder.meter import Meter
from autograder.sandbox import Limits, SandboxRefused

__all__ = ["ColdStarts", "Kernel", "KernelLost", "Limits", "SandboxRefused", "Zygote"]

_QUIET = 0.1  # seconds in which an answer may come before anything is measured
_EVERY = 0.05  # seconds between measurements after that
_SLEEP = 2.0  # seconds that an answer may sleep, if its processor time isn't longer
_WARM_WITHIN = 180.0
_READY_WITHIN = 60.0
_MAX_DEPTH = 100
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class KernelLost(RuntimeError):
    """The kernel was ended, by itself or by us. status: "timed out", "out of memory", "crashed" or "bad data"."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Zygote:
    """The warm process, seen from the trusted side. `fork` may be called from several threads."""

    def __init__(
        self,
        limits: Limits | None = None,
        no_sandbox: bool = False,
        tier: str | None = None,
        also: Sequence[str] = (),
    ) -> None:
        """no_sandbox: run student code unprotected where no box can be made; never otherwise. tier: insist on this one.

        also: modules to import beforehand, besides those that all notebooks use.

        Raises SandboxRefused where there is no box.
        """
        self.limits, self.also = limits or Limits(), tuple(also)
        self.tier = tier or sandbox.tier().name
        if self.tier == "none" and (not no_sandbox or sys.platform != "linux"):
            raise SandboxRefused(sandbox.tier().advice)
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._errors: Any = None
        self._work: tempfile.TemporaryDirectory | None = None
        self._shared = 0

    def __enter__(self) -> Zygote:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to warm up and return at once; the first `fork` waits. Does nothing when it is running."""
        with self._lock:
            self._start()

    def wait(self) -> None:
        """Wait until it is warm. Raises SandboxRefused or RuntimeError when it won't be."""
        with self._lock:
            self._start()
            try:
                self._wait()
            except (ConnectionError, TimeoutError) as error:
                said = self._last_words()
                self._stop()
                raise RuntimeError(f"the zygote did not get warm: {said or error}") from None

    def close(self) -> None:
        """End it and all its kernels; returns when they are gone."""
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int:
        """The process that was started; the one that forks is its child in the tier `namespaces`."""
        if self._process is None:
            raise RuntimeError("the zygote is not running")
        return self._process.pid

    def fork(self) -> Kernel:
        """A fresh kernel in a box of its own, ready to be asked. A zygote that died is started again.

        Raises SandboxRefused when no box could be made, RuntimeError when no process could.
        """
        for last in (False, True):
            with self._lock:
                try:
                    self._start()
                    self._wait()
                    kernel = self._fork()
                    break
                except (ConnectionError, TimeoutError) as error:
                    said = self._last_words()
                    self._stop()
                    if last:
                        raise RuntimeError(f"the zygote ended twice: {said or error}") from None
        kernel.begin()
        return kernel

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._stop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {"control": theirs.fileno(), "tier": self.tier, "limits": asdict(self.limits), "also": self.also}
        if self.tier != "namespaces":  # there it is mounted
            self._work = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the zygote
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "autograder.zygote", json.dumps(settings)],
                pass_fds=[theirs.fileno()],
                env=sandbox.environment(self._work.name if self._work else sandbox.WORK, self.limits.gpu),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                cwd="/",
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._control, self._shared = ours, 0

    def _wait(self) -> None:
        if self._shared:
            return
        answer, _ = self._answer(_WARM_WITHIN)
        if "refused" in answer:
            raise SandboxRefused(answer["refused"])
        self._shared = answer["memory"]

    def _fork(self) -> Kernel:
        watch = gpu.Watch() if self.limits.gpu else None
        self._control.send(b"fork")
        answer, descriptors = self._answer(_READY_WITHIN)
        if "failed" in answer:
            raise RuntimeError(answer["failed"])
        connection, pidfd, obituary = descriptors
        return Kernel(socket.socket(fileno=connection), pidfd, obituary, self.limits, self._shared, self.tier, watch)

    def _answer(self, seconds: float) -> tuple[dict[str, Any], list[int]]:
        self._control.settimeout(seconds)
        packet, descriptors, _, _ = socket.recv_fds(self._control, 65536, 3)
        if not packet:
            raise ConnectionResetError("the zygote hung up")
        return json.loads(packet), descriptors

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            if not self._shared:  # it would hear that we hung up once its imports are done
                self._process.kill()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._errors is not None:
            self._errors.close()
            self._errors = None
        if self._work is not None:
            self._work.cleanup()
            self._work = None

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - 2000))
        return self._errors.read().decode("utf-8", "replace").strip()


class ColdStarts:
    """Kernels that are started from nothing, each from a process of its own, for code that is to have the GPU: what has spoken
    with a GPU can't be forked. Each takes seconds to be there. Serves in the place of a `Zygote`."""

    def __init__(self, limits: Limits | None = None, no_sandbox: bool = False, also: Sequence[str] = ()) -> None:
        """Arguments as for `Zygote`; the GPU comes on top of the limits. Raises SandboxRefused where there is no box."""
        self._make = partial(Zygote, (limits or Limits()).with_gpu(), no_sandbox, also=also)
        self.tier = self._make().tier

    def start(self) -> None:
        """Nothing can be done beforehand."""

    def close(self) -> None:
        """Nothing is left: each process ends with its kernel."""

    def fork(self) -> Kernel:
        """A fresh kernel in a box of its own. Raises SandboxRefused, RuntimeError."""
        zygote = self._make()
        try:
            kernel = zygote.fork()
        except BaseException:
            zygote.close()
            raise
        kernel.afterwards = zygote.close
        return kernel


class Kernel:
    """One boxed process, seen from the trusted side. For one thread at a time.

    cpu_seconds: of all processes of the box, during the last request. total_cpu_seconds: since it began.
    waited: seconds of the last request in which all of them slept.
    peak_memory: bytes beyond what is shared with the zygote, the most that was seen so far.
    """

    def __init__(
        self,
        connection: socket.socket,
        pidfd: int,
        obituary: int,
        limits: Limits,
        shared: int,
        tier: str,
        watch: gpu.Watch | None = None,
    ) -> None:
        """watch: of the GPU, where the kernel has one. afterwards: what is to be done when it has ended."""
        connection.setblocking(False)
        self.connection, self.limits, self.tier = connection, limits, tier
        self.pid = _process_of(pidfd)
        self.cpu_seconds = self.waited = 0.0
        self.peak_memory = 0
        self.lost: KernelLost | None = None
        self.afterwards: Callable[[], None] = lambda: None
        self._gpu = watch
        self._pidfd, self._obituary = pidfd, obituary
        self._meter = Meter(self.pid)
        self._most = limits.memory + shared // 2  # a lone kernel shares half of the zygote's memory with it
        self._number = 0
        self._looked = 0.0
        self._alive = True

    def begin(self) -> None:
        """Wait for the kernel's word that it is in its box. Raises SandboxRefused, RuntimeError."""
        answer = self._exchange(b"", _READY_WITHIN, _READY_WITHIN)
        if "ready" not in answer:
            self.kill()
        if "refused" in answer:
            raise SandboxRefused(answer["refused"])
        if "broken" in answer:
            raise RuntimeError(answer["broken"])

    @property
    def total_cpu_seconds(self) -> float:
        return self._meter.cpu() if self._alive else self._total

    def private_memory(self) -> int:
        """Bytes that all processes of the box have for themselves now. Takes milliseconds."""
        return self._meter.memory()[1] if self._alive else 0

    def ask(self, request: dict[str, Any], cpu_limit: float = 10.0) -> dict[str, Any]:
        """Send a request, see `autograder.kernel`, and give its reply: a dict of JSON values, not to be believed.

        Ends the kernel and raises KernelLost when its processes together use more than `cpu_limit` CPU seconds, sleep for
        as long, take ten times as long on the clock, or use more memory than allowed, when the first process ends, and
        when what it answers is no such frame.
        """
        if self.lost is not None:
            raise self.lost
        self._number += 1
        body = json.dumps(request | {"number": self._number}).encode()
        answer = self._exchange(struct.pack(">I", len(body)) + body, cpu_limit, 10 * cpu_limit)
        if answer.pop("number", None) != self._number:
            self._lose("bad data", "the answer belongs to another question")
        return answer

    def kill(self) -> None:
        """End all processes of the box. Asks nobody, and returns when they are gone. Does nothing the second time."""
        if not self._alive:
            return
        self._total = self._meter.cpu()
        self._alive = False
        self.lost = self.lost or KernelLost("crashed", "it was ended")
        if self.tier == "none":
            self._kill_descendants()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        _wait_for(self._pidfd, 60)
        self.connection.close()
        os.close(self._pidfd)
        os.close(self._obituary)
        self.afterwards()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()

    def _kill_descendants(self) -> None:
        for _ in range(100):
            others = self._meter.processes()[1:]
            for process in others:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
            if not others:
                return
            time.sleep(0.01)

    def _exchange(self, frame: bytes, cpu_limit: float, wall_limit: float) -> dict[str, Any]:
        began = time.monotonic()
        before = self._meter.cpu_of_first() if frame else 0.0
        self.waited, self._looked = 0.0, began
        slow = False
        watch = began + _QUIET
        outgoing, incoming = memoryview(frame), bytearray()
        poll = select.poll()
        poll.register(self.connection, select.POLLIN | (select.POLLOUT if outgoing else 0))
        poll.register(self._pidfd, select.POLLIN)
        needed = 4
        while len(incoming) < needed:
            events = dict(poll.poll(max(0.0, watch - time.monotonic()) * 1000))
            now = time.monotonic()
            if now >= watch:
                self._watch(before, cpu_limit, now - began, wall_limit)
                spent = time.monotonic() - now
                slow, watch = True, now + spent + max(_EVERY, 5 * spent)
            event = events.get(self.connection.fileno(), 0)
            try:
                if event & select.POLLOUT and outgoing:
                    outgoing = outgoing[self.connection.send(outgoing[: 2**20]) :]
                    if not outgoing:
                        poll.modify(self.connection, select.POLLIN)
                if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    piece = self.connection.recv(min(needed - len(incoming), 2**20))
                    if not piece:
                        self._lose_to_death(before, cpu_limit)
                    incoming += piece
                elif self._pidfd in events:
                    self._lose_to_death(before, cpu_limit)
            except BlockingIOError:
                continue
            except ConnectionError:
                self._lose_to_death(before, cpu_limit)
            if needed == 4 and len(incoming) == 4:
                (length,) = struct.unpack(">I", incoming)
                if length > self.limits.reply_bytes:
                    self._lose("bad data", f"the answer has {length} bytes; {self.limits.reply_bytes} are allowed")
                needed += length
        self.cpu_seconds = (self._meter.cpu() if slow else self._meter.cpu_of_first()) - before
        self.peak_memory = max(self.peak_memory, self._meter.peak_of_first())
        if self.cpu_seconds > cpu_limit:  # it came in between two looks
            self._lose("timed out", f"it used more than {cpu_limit:g} s of processor time")
        self._look_at_gpu()
        return self._read(bytes(incoming[4:]))

    def _watch(self, before: float, cpu_limit: float, elapsed: float, wall_limit: float) -> None:
        self.cpu_seconds = self._meter.cpu() - before
        if self.cpu_seconds > cpu_limit:
            self._lose("timed out", f"it used more than {cpu_limit:g} s of processor time")
        now = time.monotonic()
        if self._meter.asleep():
            self.waited += now - self._looked
        self._looked = now
        if self.waited > max(cpu_limit, _SLEEP):
            self._lose("timed out", f"it slept for {self.waited:.0f} s")
        if elapsed > wall_limit:
            self._lose("timed out", f"it gave no answer in {wall_limit:g} s")
        self._look_at_gpu()
        if self._meter.growth() < self.limits.memory // 2:  # quick to ask, and never less than the slow answer
            return
        proportional, private = self._meter.memory()
        self.peak_memory = max(self.peak_memory, private)
        if proportional > self._most:
            self._lose("out of memory", f"it used more than {self.limits.memory // 2**20} MB")

    def _look_at_gpu(self) -> None:
        if self._gpu is not None and self._gpu.used() > self._gpu.limit:
            self._lose("out of memory", f"it used more than {gpu.MEMORY // 2**20} MB of the GPU")

    def _lose(self, status: str, message: str) -> None:
        self.lost = KernelLost(status, message)
        self.kill()
        raise self.lost

    def _lose_to_death(self, before: float, cpu_limit: float) -> None:
        """The process has ended or hung up; find out which, and why."""
        self.cpu_seconds = max(self.cpu_seconds, self._meter.cpu() - before)
        if not _wait_for(self._pidfd, 1):
            self._lose("crashed", "it closed its connection to the judge")
        _wait_for(self._obituary, 5)
        said = os.read(self._obituary, 8)
        if len(said) < 8:
            self._lose("crashed", "it ended, and the zygote with it")
        status, peak = struct.unpack("=II", said)
        self.peak_memory = max(self.peak_memory, peak * 1024 - self._meter.baseline)
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            self._lose("crashed", f"the process ended itself (exit status {code})")
        if -code == signal.SIGXCPU or (-code == signal.SIGKILL and self._meter.last_cpu >= self.limits.cpu_seconds - 1):
            self._lose("timed out", f"it used more than {self.limits.cpu_seconds} s of processor time")
        if -code == signal.SIGKILL:
            self._lose("out of memory", "the system ended the process, most likely for want of memory")
        if self.peak_memory > 0.9 * self.limits.memory:
            self._lose("out of memory", f"the process ended ({_signal_name(-code)}) when its memory was used up")
        self._lose("crashed", f"the process ended: {_signal_name(-code)}")

    def _read(self, body: bytes) -> dict[str, Any]:
        """JSON that may have been written by anybody."""
        if sum(body.count(sign) for sign in (b",", b"[", b"{")) > self.limits.reply_values:
            self._lose("bad data", f"the answer holds more than {self.limits.reply_values} values")
        try:
            answer = json.loads(body.decode("utf-8"))
            if _SURROGATE.search(body):  # halves of characters, which no file and no page can hold
                answer = json.loads(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            self._lose("bad data", "the answer is not JSON, or too deep")
        if not isinstance(answer, dict) or _deeper_than(answer, _MAX_DEPTH):
            self._lose("bad data", "the answer is not an object of JSON, or too deep")
        return answer


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            item
            for parent in level
            for item in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def _wait_for(descriptor: int, seconds: float) -> bool:
    """Whether it could be read in that time. Unlike `select` this takes descriptors above 1023."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _process_of(pidfd: int) -> int:
    """The number that the process has on this side."""
    with open(f"/proc/self/fdinfo/{pidfd}") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pid:"))


def _signal_name(number: int) -> str:
    names = {
        signal.SIGSEGV: "segmentation fault",
        signal.SIGABRT: "aborted",
        signal.SIGBUS: "bus error",
        signal.SIGFPE: "arithmetic fault",
        signal.SIGILL: "illegal instruction",
        signal.SIGSYS: "forbidden system call",
    }
    return names.get(number, f"signal {number}")
