"""Landlock: a process gives up the file system but for some folders, without any rights. Linux 5.13."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Iterator

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on all processors
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_IOCTL_DEVICE = 1 << 15
# what each version of Landlock can withhold: bits of struct landlock_ruleset_attr
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_NET_BITS = {4: 2}
_SCOPE_BITS = {6: 2}  # abstract sockets, signals


class LandlockRefused(OSError):
    """The kernel has no Landlock, or it is switched off."""


def version() -> int:
    """Which version of Landlock this kernel has; 0 for none."""
    return max(0, _libc().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def restrict(
    readable: Iterable[str], hidden: Iterable[str], devices: Iterable[str], controlled: Iterable[str] = ()
) -> None:
    """From now on this process opens only what lies under `readable`, to read, and `devices`, to read and write.

    controlled: devices that are spoken to with ioctl, as GPUs are.

    hidden: what lies under `readable` and stays closed all the same; the names in the folders around it can be listed.
    Raises LandlockRefused. What is open already stays open; the caller has closed it.
    """
    abi = version()
    if abi == 0:
        raise LandlockRefused("this kernel has no Landlock")
    handled = (1 << _newest(_FILE_BITS, abi)) - 1
    attributes = struct.pack("=QQQ", handled, (1 << _newest(_NET_BITS, abi)) - 1, (1 << _newest(_SCOPE_BITS, abi)) - 1)
    known = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _libc().syscall(_CREATE, attributes, ctypes.c_size_t(known), ctypes.c_uint32(0))
    if ruleset < 0:
        raise LandlockRefused(ctypes.get_errno(), "Landlock made no rule set")
    try:
        for path, access in _around(
            [os.path.realpath(path) for path in readable], {os.path.realpath(path) for path in hidden}
        ):
            _allow(ruleset, path, access)
        for path in devices:
            _allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        for path in controlled:
            _allow(ruleset, path, (_READ_FILE | _WRITE_FILE | _IOCTL_DEVICE) & handled)
        set_no_new_privileges = 38
        _libc().prctl(set_no_new_privileges, 1, 0, 0, 0)
        if _libc().syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
            raise LandlockRefused(ctypes.get_errno(), "Landlock did not close")
    finally:
        os.close(ruleset)


def _around(paths: list[str], hidden: set[str]) -> Iterator[tuple[str, int]]:
    """The paths, taken apart where something hidden lies in them, each with what may be done there."""
    for path in paths:
        if path in hidden:
            continue
        if any(other.startswith(path.rstrip("/") + "/") for other in hidden):
            yield path, _READ_DIR
            yield from _around([os.path.join(path, name) for name in os.listdir(path)], hidden)
        else:
            yield path, _READ_FILE | _READ_DIR | _EXECUTE


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # what can't be reached needs no rule
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            access &= _READ_FILE | _WRITE_FILE | _EXECUTE | _IOCTL_DEVICE
        rule = struct.pack("=Qi", access, place)
        if (
            _libc().syscall(_ADD, ctypes.c_int(ruleset), ctypes.c_int(_RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
            != 0
        ):
            raise LandlockRefused(ctypes.get_errno(), f"Landlock took no rule for {path}")
    finally:
        os.close(place)


def _newest(bits: dict[int, int], abi: int) -> int:
    return max((count for since, count in bits.items() if since <= abi), default=0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
