"""The box in which student code runs: which kinds this machine allows, and how a process gets into one.

Tiers, the first that works:

namespaces   its own processes, network and file system; nothing of the machine is seen but the interpreter, the
             student-side packages and a small folder to work in. See `autograder.namespaces`.
landlock     where user namespaces are refused: nothing can be opened but the same folders, read-only; no sockets,
             no new processes, no signals. See `autograder.landlock`.
none         grading is refused, unless the instructor asks for it in so many words.

In the first two: limits on memory, processes, files and CPU time, no capabilities, no new privileges, and a filter of
system calls (`autograder.seccomp`). Without a box only the limits are left.
"""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from autograder import gpu, landlock, namespaces, seccomp

TIERS = ("namespaces", "landlock", "none")
WORK = namespaces.WORK


class SandboxRefused(RuntimeError):
    """This machine offers no box for student code; the message says what to do about it."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use, all its processes together unless it says otherwise. gpu: whether it sees the GPU."""

    memory: int = 2**30  # bytes, beyond what it shares with the zygote
    processes: int = 64  # and threads
    disk: int = 64 * 2**20  # bytes in its working folder
    open_files: int = 256  # of one process
    cpu_seconds: int = 600  # of one process over its whole life; each request has its own, smaller limit
    reply_bytes: int = 16 * 2**20
    reply_values: int = 500_000  # numbers, texts, lists and dicts in one reply; arrays count as one
    gpu: bool = False

    def with_gpu(self) -> Limits:
        """The same with the GPU, and with the room and the files that CUDA's libraries need on top."""
        return replace(self, gpu=True, memory=self.memory + gpu.HOST_MEMORY, open_files=max(1024, self.open_files))


@dataclass(frozen=True)
class Tier:
    """Which box the machine allows, and a sentence on what that means or how to get a better one."""

    name: str
    advice: str


@functools.cache
def tier() -> Tier:
    """Try, in throw-away processes, what this machine allows."""
    refusals = {}
    for name in ("namespaces", "landlock"):
        problem = _try(name)
        if problem is None:
            return Tier(name, _advice(name, refusals))
        refusals[name] = problem
    return Tier("none", _advice("none", refusals))


def _advice(name: str, refusals: dict[str, str]) -> str:
    if name == "namespaces":
        return "Student code runs in namespaces of its own: no network, no sight of your files, nothing left behind."
    why = f"User namespaces are refused here ({refusals['namespaces']})"
    allow = (
        "To allow them: `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, "
        "`sudo sysctl kernel.unprivileged_userns_clone=1` on older Debian, "
        "`sudo sysctl user.max_user_namespaces=10000` elsewhere; in Docker start the container with `--security-opt seccomp=unconfined`."
    )
    if name == "landlock":
        return f"{why}, so Landlock and a filter of system calls hold student code; it can't start processes. {allow}"
    return f"{why}, and so is Landlock ({refusals['landlock']}). Student code would run unprotected. {allow}"


def _try(name: str) -> str | None:
    """None when a box of this tier can be made here, else what stood in the way."""
    if sys.platform != "linux":
        return "needs Linux; on Windows use WSL 2, on macOS a container"
    command = [sys.executable, "-P", "-m", "autograder.sandbox", name]
    try:
        done = subprocess.run(
            command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=30, text=True
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the trial ended with {done.returncode}"


def environment(work: str = namespaces.WORK, with_gpu: bool = False) -> dict[str, str]:
    """The environment of the zygote and of student code: of the instructor's only paths, the processor's kind and, where it is to
    see a GPU, which."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    course = os.path.dirname(namespaces.course_folder())
    kept = {
        name: value
        for name in (
            "PATH",
            "OPENBLAS_CORETYPE",
            "MKL_ENABLE_INSTRUCTIONS",
            "ATEN_CPU_CAPABILITY",
            "LD_LIBRARY_PATH",
            "NPY_DISABLE_CPU_FEATURES",
            *(("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER") if with_gpu else ()),
        )
        if (value := os.environ.get(name))
    }
    if not with_gpu:
        kept["CUDA_VISIBLE_DEVICES"] = ""  # there is none, as far as CUDA is concerned
    return kept | {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys((home, course))),
        "PYTHONHASHSEED": "0",  # the same submission gets the same grade again
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "HOME": work,
        "TMPDIR": work,
        "USER": "student",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": os.path.join(work, "matplotlib"),
    }


def enclose(tier_name: str, devices: Sequence[str] = ()) -> None:
    """Take the zygote to where it forks from. In the tier `namespaces` it returns in another process, see there.

    devices: files of devices that are shown besides the harmless ones.

    Raises SandboxRefused.
    """
    if tier_name != "namespaces":
        return
    try:
        namespaces.enclose(devices)
    except OSError as error:
        raise SandboxRefused(str(error)) from None


def enter(tier_name: str, limits: Limits, number: int, keep: int) -> None:
    """Close the box around this process, a freshly forked child of the zygote, for ever.

    number: different for each box of a zygote. keep: the one descriptor that stays open, the socket to the judge.
    Raises SandboxRefused; the caller then ends the process.
    """
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.closerange(0, keep)
        os.closerange(keep + 1, 65536)
        if tier_name == "namespaces":
            namespaces.seclude(number, limits.disk)
        _open_nothing(keep)
        _limit(limits, tier_name)
        if tier_name == "landlock":
            _lock_up(number, gpu.nodes() if limits.gpu else ())
        if tier_name == "none":
            os.chdir(os.environ["HOME"])
        if tier_name != "namespaces":
            namespaces.die_with_parent()
        if tier_name != "none":
            namespaces.drop_capabilities()
            seccomp.install(namespaces=tier_name == "namespaces", process=os.getpid())
    except (OSError, ValueError) as error:
        raise SandboxRefused(f"{type(error).__name__}: {error}") from None


def _open_nothing(keep: int) -> None:
    """Standard input, output and errors lead nowhere."""
    nowhere = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        if descriptor not in (nowhere, keep):
            os.dup2(nowhere, descriptor)
        os.set_inheritable(descriptor, True)
    if nowhere > 2:
        os.close(nowhere)


def _lock_up(number: int, devices: Sequence[str]) -> None:
    if os.geteuid() == 0:
        hidden = next((path for path in namespaces.shown_folders() if not _others_may_read(path)), None)
        if hidden is not None:
            raise PermissionError(f"root gives its rights up for student code, and without them {hidden} can't be read")
        spare = 1_800_000_000 + os.getpid() % 100_000 * 1000 + number % 1000
        os.setgroups([])
        os.setresgid(spare, spare, spare)
        os.setresuid(spare, spare, spare)
    shown = [*namespaces.shown_folders(), *namespaces.shown_system()]
    landlock.restrict(shown, hidden=namespaces.masked_paths(shown), devices=namespaces.DEVICES, controlled=devices)
    os.chdir("/")


def _others_may_read(path: str) -> bool:
    path = os.path.realpath(path)
    while path != "/":
        if not os.stat(path).st_mode & 0o001 and not os.path.isfile(path):
            return False
        path = os.path.dirname(path)
    return True


def _limit(limits: Limits, tier_name: str) -> None:
    """Limits that the kernel keeps for each process; what they can't express, the watch of the trusted side does."""
    import resource  # Windows has none, and there the rest of this module says what to do instead

    sizes = {}
    if os.path.exists("/proc/self/status"):
        with open("/proc/self/status") as file:
            lines = (line.partition(":") for line in file)
            sizes = {name: int(value.split()[0]) * 1024 for name, _, value in lines if name in ("VmSize", "VmData")}
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_DATA: sizes.get("VmData", 2**29) + limits.memory,
        resource.RLIMIT_AS: sizes.get("VmSize", 2**31)
        + 2 * limits.memory
        + 2**30,  # reservations of threads come on top
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_STACK: 8 * 2**20,
        resource.RLIMIT_MEMLOCK: 2**20,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    if limits.gpu:
        del wanted[resource.RLIMIT_AS]  # CUDA reserves addresses for all memory that the machine and the GPU have
    if tier_name == "namespaces" or (tier_name == "landlock" and os.geteuid() == 0):
        # elsewhere the kernel would count all that the user runs, outside the box too
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def _trial(name: str) -> None:
    """Go all the way into a box of this tier and out again; the exit status is the answer."""
    if name == "landlock" and landlock.version() == 0:
        raise SandboxRefused("this kernel has no Landlock (Linux 5.13), or it is switched off")
    enclose(name)
    said, say = os.pipe()
    child = namespaces.Forks().fork() if name == "namespaces" else os.fork()
    if child == 0:
        try:
            enter(name, Limits(), number=0, keep=say)
            os.write(say, b"in")
        except SandboxRefused as error:
            os.write(say, str(error).encode())
        finally:
            os._exit(0)
    os.close(say)
    answer = os.read(said, 2000).decode()
    os.waitpid(child, 0)
    if answer != "in":
        raise SandboxRefused(answer or "the trial ended without a word")


if __name__ == "__main__":
    try:
        _trial(sys.argv[1])
    except SandboxRefused as error:
        sys.exit(str(error))
