"""The strong tier: a place of its own for student code, made of Linux namespaces. Needs no root.

Two steps, so that the second costs a millisecond:

`enclose()`   once, for the zygote: new user, process, mount, network, IPC and host-name namespaces, and as root
              directory a small tree of read-only binds: the interpreter, the student-side packages, nothing else.
`seclude()`   for each student: all of these again, one level deeper, with a private /proc and an empty folder of
              limited size to work in.

Every process that a student starts lives in the process namespace of its box, and every box in the one of the zygote,
so the kernel itself ends them all when their first process dies.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable, Iterator, Sequence

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_MS_REMOUNT = 32
_MNT_DETACH = 2
_MOUNT_SETATTR = 442  # the same number on all processors
_PIVOT_ROOT = 41 if platform.machine() == "aarch64" else 155
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4

_SYSTEM = (
    *(f"/{name}" for name in ("bin", "lib", "lib32", "lib64", "libx32")),  # links into /usr on most systems
    *(f"/usr/{name}" for name in ("bin", "lib", "lib32", "lib64", "libx32", "local/bin", "local/lib", "local/lib64")),
    "/usr/share/zoneinfo",
    "/nix/store",
    "/gnu/store",
    "/sys/devices/system/cpu",  # torch asks for the processor's cores
)
# no fonts of the system: matplotlib brings its own and would read all others at each start
_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
_SPARE_IDS = 1000

WORK = "/box"  # the folder to work in; /tmp leads there too
STUDENT = 1000  # the user and group that student code sees itself as


class NamespacesRefused(OSError):
    """The machine does not let this user make the namespaces, or the interpreter can't be shown inside."""


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _call(what: str, result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise NamespacesRefused(number, f"{what}: {os.strerror(number)}")


def _unshare(flags: int) -> None:
    _call("unshare", _libc.unshare(ctypes.c_int(flags)))


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _call(f"mounting {source} on {target}", result)


# --- once, for the zygote ---------------------------------------------------------------------------------------------


def enclose(devices: Sequence[str] = ()) -> None:
    """Move into the enclosure. Returns in a new process, the first one there; the old one waits and ends with it.

    devices: files of devices that are shown there besides DEVICES.

    Raises NamespacesRefused, with nothing left behind but the state of this process, which the caller ends.
    """
    os.umask(0o022)
    if os.geteuid() == 0 and (spare := _spare_ids()) is not None:
        # root: the tree is made with root's eyes (its home is closed to others), then root is given up for good
        release_mapper = _start_mapper(spare)
        _unshare(_CLONE_NEWNS)
        _build_tree(devices)
        _unshare(_CLONE_NEWUSER)
        release_mapper()
        os.setgroups([])
        os.setresgid(0, 0, 0)  # 0 in here is the first spare id outside
        os.setresuid(0, 0, 0)
        _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
        _unshare(_CLONE_NEWPID | _CLONE_NEWNS | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS)
    else:
        user, group = os.geteuid(), os.getegid()
        _unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS)
        _map_oneself(0, user, group)
        _build_tree(devices)
    first = os.fork()
    if first:
        _follow(first)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _mount_proc()  # some containers cover parts of /proc and forbid a new one: then theirs stays, and boxes cover it
    os.chdir(WORK)


def _follow(process: int) -> None:
    """Wait for the process and end as it did; it is killed when this one is."""
    os.closerange(3, 65536)  # the zygote's connection ends with the zygote, not with this process
    _, status = os.waitpid(process, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _spare_ids() -> int | None:
    """The first of _SPARE_IDS user ids that nobody has, different for each zygote; None where root has no others."""
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    inside, _, count = max(ranges, key=lambda entry: entry[2])
    if count >= 2**31:
        return 1_800_000_000 + os.getpid() % 100_000 * _SPARE_IDS
    if count >= 2 * _SPARE_IDS:
        return inside + count - _SPARE_IDS
    return None


def _start_mapper(first: int) -> Callable[[], None]:
    """A helper that stays outside, to say which ids the new user namespace gets: only its parent's root may.

    Call the result once the namespace is there.
    """
    target, (wait, go), (done, say) = os.getpid(), os.pipe(), os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(go)
            os.read(wait, 1)
            for kind in ("gid_map", "uid_map"):
                with open(f"/proc/{target}/{kind}", "w") as file:
                    file.write(f"0 {first} {_SPARE_IDS}\n")
            os.write(say, b"1")
        finally:
            os._exit(0)
    os.close(wait)
    os.close(say)

    def release() -> None:
        os.close(go)
        answer = os.read(done, 1)
        os.close(done)
        os.waitpid(helper, 0)
        if answer != b"1":
            raise NamespacesRefused("the spare user ids could not be mapped")

    return release


def _map_oneself(inside: int, user: int, group: int) -> None:
    try:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{inside} {user} 1"),
            ("gid_map", f"{inside} {group} 1"),
        ):
            descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)
    except OSError as error:
        raise NamespacesRefused(error.errno, f"user ids could not be mapped: {error.strerror}") from None


def _mount_proc() -> bool:
    try:
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except NamespacesRefused:
        return False
    return True


# --- the tree that is seen inside -------------------------------------------------------------------------------------


def shown_folders() -> list[str]:
    """The folders of the interpreter, the installed packages and `course`: shown, at the paths they have here."""
    folders = []
    for prefix in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix)):
        folders += [os.path.join(prefix, name) for name in ("bin", "lib", "lib64", "pyvenv.cfg")]
    folders += [path for path in sys.path if os.path.basename(path.rstrip("/")) in ("site-packages", "dist-packages")]
    folders.append(course_folder())
    found = [os.path.normpath(path) for path in dict.fromkeys(folders) if os.path.exists(path)]
    return [path for path in found if not any(path.startswith(other + "/") for other in (*found, *_SYSTEM))]


def shown_system() -> list[str]:
    """The folders and files of the system that are shown too."""
    return [path for path in (*_SYSTEM, *_SETTINGS) if os.path.exists(path)]


def course_folder() -> str:
    """Where `course` is imported from. Raises NamespacesRefused when it is not installed."""
    found = importlib.util.find_spec("course")
    if found is None or not found.submodule_search_locations:
        raise NamespacesRefused("the package `course` is not installed")
    return os.path.abspath(next(iter(found.submodule_search_locations)))


def masked_paths(shown: list[str]) -> Iterator[str]:
    """What lies in the shown folders and is covered all the same: the instructors' package, and where checkouts are."""
    packages = [path for path in sys.path if os.path.basename(path.rstrip("/")) in ("site-packages", "dist-packages")]
    for folder in packages:
        if os.path.isdir(os.path.join(folder, "autograder")):
            yield os.path.join(folder, "autograder")
        yield from glob.glob(os.path.join(glob.escape(folder), "networks_by_hand_autograder*"))
        yield from glob.glob(os.path.join(glob.escape(folder), "*.pth"))
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.basename(home) not in ("site-packages", "dist-packages"):
        around = [place for place in (*shown, *_SYSTEM) if _lies_in(home, place)]
        if around:
            raise NamespacesRefused(f"the project lies in {around[0]}, which student code must see: move it elsewhere")


def _lies_in(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _build_tree(devices: Sequence[str]) -> None:
    """Make the tree in a tmpfs and turn it into the root directory; what was there before can't be reached any more."""
    shown = shown_folders()
    masked = list(masked_paths(shown))
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    # /tmp is there on every system. What lies in it is needed too, so step aside first: the old root becomes /old.
    _mount("tmpfs", "/tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=4m")
    os.mkdir("/tmp/new", 0o755)
    os.mkdir("/tmp/old", 0o755)
    os.chdir("/tmp")
    _call("pivot_root", _libc.syscall(_PIVOT_ROOT, b"/tmp", b"/tmp/old"))
    os.chdir("/")
    _mount("tmpfs", "/new", "tmpfs", _MS_NOSUID, "mode=0755,size=4m")

    for path in (*_SYSTEM, *shown, *_SETTINGS):
        _show(path)
    for path in masked:
        _cover("/new" + path)
    os.makedirs("/new/dev", 0o755)
    for path in (*DEVICES, *devices):
        _bind("/old" + path, "/new" + path, nodev=False)
    os.symlink("/proc/self/fd", "/new/dev/fd")
    os.symlink(WORK, "/new/dev/shm")
    os.makedirs("/new/etc", 0o755, exist_ok=True)
    for name, text in (
        ("passwd", f"student:x:{STUDENT}:{STUDENT}::{WORK}:/bin/sh\n"),
        ("group", f"student:x:{STUDENT}:\n"),
        ("hosts", "127.0.0.1 localhost\n"),
    ):
        with open(f"/new/etc/{name}", "w") as file:
            file.write(text)
    os.mkdir("/new/proc", 0o755)
    _mount("/old/proc", "/new/proc", None, _MS_BIND | _MS_REC)  # a new one may only be mounted where one is seen
    os.mkdir("/new" + WORK, 0o755)
    _mount("tmpfs", "/new" + WORK, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0777,size=64m")
    if not os.path.exists("/new/tmp"):  # else something that must be seen lies in there
        os.symlink(WORK, "/new/tmp")
    _set_attributes("/new", _MS_RDONLY | _MS_NOSUID, recursive=False)

    os.chdir("/new")
    _call("pivot_root", _libc.syscall(_PIVOT_ROOT, b".", b"."))
    _call("detaching the old root", _libc.umount2(b".", _MNT_DETACH))  # the old one lies on top of the new one
    os.chdir("/")


def _show(path: str) -> None:
    """Bind a path of the old root, read-only, at the same place in the new one; a link stays a link."""
    source = _resolve(path)
    if not os.path.exists("/old" + source) or os.path.lexists("/new" + path):
        return
    if os.path.islink("/old" + path):
        os.makedirs(os.path.dirname("/new" + path), 0o755, exist_ok=True)
        os.symlink(os.readlink("/old" + path), "/new" + path)
        _show(source)
    else:
        _bind("/old" + source, "/new" + path)


def _resolve(path: str) -> str:
    """`os.path.realpath` as it was in the old root; under /old itself an absolute link would lead astray."""
    parts, done = [part for part in path.split("/") if part], ""
    for _ in range(200):
        if not parts:
            return done or "/"
        part = parts.pop(0)
        if part == "..":
            done = os.path.dirname(done)
            continue
        step = f"{done}/{part}"
        if os.path.islink("/old" + step):
            target = os.readlink("/old" + step)
            if target.startswith("/"):
                done = ""
            parts = [piece for piece in target.split("/") if piece not in ("", ".")] + parts
        else:
            done = step
    raise NamespacesRefused(f"too many links in {path}")


def _bind(source: str, target: str, nodev: bool = True) -> None:
    if os.path.isdir(source):
        os.makedirs(target, 0o755, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    _set_attributes(target, _MS_RDONLY | _MS_NOSUID | (_MS_NODEV if nodev else 0), recursive=True)


def _cover(path: str) -> None:
    if os.path.isdir(path):
        _mount("tmpfs", path, "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "mode=0755,size=4k")
    else:
        _bind("/old/dev/null", path)


def _set_attributes(path: str, flags: int, recursive: bool) -> None:
    """Set flags of a mount, and of those below it, without touching what the kernel has locked (Linux 5.12)."""
    attributes = struct.pack(
        "=QQQQ", flags, 0, 0, 0
    )  # the first flags have the same values as MS_RDONLY, NOSUID, NODEV
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        path.encode(),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    _call(f"making {path} read-only (needs Linux 5.12)", result)


# --- for each student -------------------------------------------------------------------------------------------------


class Forks:
    """Forks children of the enclosed zygote, each the first process of a new process namespace."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """Like os.fork. Raises OSError when there are no processes or no memory left."""
        _unshare(_CLONE_NEWPID)
        child = -1
        try:
            child = os.fork()
        finally:
            if child != 0:
                _call("setns", _libc.setns(self._own, _CLONE_NEWPID))
        return child


def seclude(number: int, disk: int) -> None:
    """In a child that `Forks` made: into namespaces of its own, with an empty folder WORK of `disk` bytes.

    number: different for each box, so that under root each has a user id of its own. What is open stays open: the
    caller has closed it. Capabilities are still to be dropped.
    """
    with open("/proc/self/uid_map") as file:
        several = int(file.read().split()[2]) > 1
    mine = 1 + number % (_SPARE_IDS - 1) if several else 0
    # mounted with the rights of the zygote's user namespace, which owns the process namespace that /proc shows
    _unshare(_CLONE_NEWNS | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS)
    _libc.sethostname(b"box", 3)
    _mount(
        "tmpfs", WORK, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=0700,uid={mine},gid={mine},size={disk},nr_inodes=4096"
    )
    seen = _mount_proc()
    if several:
        os.setresgid(mine, mine, mine)
        os.setresuid(mine, mine, mine)
        _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else the map of its own user namespace is closed to it
    _unshare(_CLONE_NEWUSER | (0 if seen else _CLONE_NEWNS))
    _map_oneself(STUDENT, mine, mine)
    if not seen:
        _mount("tmpfs", "/proc", "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "size=4k")
    os.chdir(WORK)


def drop_capabilities() -> None:
    """Give up every capability, and the way back to any. Raises NamespacesRefused."""
    drop_bounding, ambient, clear_all, securebits, no_new_privileges = 24, 47, 4, 28, 38
    _libc.prctl(securebits, 0b101111, 0, 0, 0)  # root's id means nothing, and this can't be changed back
    for capability in range(64):  # those that the kernel doesn't know are refused, which is as good
        _libc.prctl(drop_bounding, capability, 0, 0, 0)
    _libc.prctl(ambient, clear_all, 0, 0, 0)
    _call("no_new_privs", _libc.prctl(no_new_privileges, 1, 0, 0, 0))
    header = struct.pack("=Ii", 0x20080522, 0)
    _call("dropping capabilities", _libc.capset(header, bytes(24)))


def die_with_parent() -> None:
    """For boxes without a process namespace: be killed when the parent ends. Comes to nothing once user ids change."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
