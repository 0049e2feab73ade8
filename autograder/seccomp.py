"""The system calls that student code may not make, as a filter in the kernel's own small language (classic BPF).

The filter refuses with EPERM instead of killing, so that a library which only tries a call goes on without it. It is a
list of what is denied: the walls are the namespaces or Landlock, this keeps code away from the doors in them.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Iterator

_X86_64, _AARCH64 = "x86_64", "aarch64"
_AUDIT_ARCH = {_X86_64: 0xC000003E, _AARCH64: 0xC00000B7}

# name: (number on x86-64, number on aarch64); None where the machine has no such call
ALWAYS_DENIED: dict[str, tuple[int | None, int | None]] = {
    # mounts
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # namespaces; clone is looked at below
    "unshare": (272, 97),
    "setns": (308, 268),
    # other processes' memory and descriptors
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # parts of the kernel that code of a course never needs and where its holes have been
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_setup": (206, 0),
    "fanotify_init": (300, 262),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "seccomp": (317, 277),
    "modify_ldt": (154, None),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "vhangup": (153, 58),
    "personality": (135, 92),
    "uselib": (134, None),
    "_sysctl": (156, None),
    "sysfs": (139, None),
    # memory that no process's size shows
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
}

# Where there are no namespaces: nothing that starts a process or reaches one of the same user (with one process in the
# box, killing that one is enough to clear it), and nothing that changes a file without opening it: Landlock looks at
# opening alone.
_DENIED_WITHOUT_NAMESPACES: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_mrelease": (448, 448),
    "sched_setparam": (142, 118),
    "sched_setaffinity": (203, 122),
    "setpriority": (141, 140),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}

_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SOCKET = (41, 198)
_SOCKETPAIR = (53, 199)
_PRCTL = (157, 167)
_IOCTL = (16, 29)
_FCNTL = (72, 25)
_PRLIMIT = (302, 261)
_SIGNAL_SENDERS = {
    "kill": (62, 129),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_TKILL = (200, 130)  # takes a thread alone, so it can't be tied to the process

_NEW_NAMESPACES = 0x7E020080  # CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP = 0x5412, 0x541C, 0x8901, 0x8902
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE = 8, 10, 15, 1024

# the language: codes of struct sock_filter, and where struct seccomp_data keeps number, machine and arguments
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENT = 0, 4, 16
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000
_X32 = 0x40000000

Instruction = tuple[int, int, int, int]  # code, jump when true, jump when false, value


class SeccompRefused(OSError):
    """The machine takes no filter: it has none for this processor, or the kernel was built without."""


def supported() -> bool:
    return platform.machine() in _AUDIT_ARCH


def program(machine: str, namespaces: bool, process: int) -> list[Instruction]:
    """The filter for a processor (as `platform.machine()` names it).

    namespaces: whether the box has its own processes and network. Where it has not, starting processes, sockets and
    signals to any process but `process` are refused too.
    """
    column = 0 if machine == _X86_64 else 1
    lines: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        _refuse(errno.EPERM),  # the 32-bit calls of the same processor have other numbers
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == _X86_64:
        lines += [(_JUMP_AT_LEAST, 0, 1, _X32), _refuse(errno.ENOSYS)]

    denied = dict(ALWAYS_DENIED) if namespaces else ALWAYS_DENIED | _DENIED_WITHOUT_NAMESPACES
    for numbers in denied.values():
        if numbers[column] is not None:
            lines += [(_JUMP_EQUAL, 0, 1, numbers[column]), _refuse(errno.EPERM)]
    # clone3 keeps its flags in memory, where a filter can't look; without it the C library takes clone
    lines += [(_JUMP_EQUAL, 0, 1, _CLONE3[column]), _refuse(errno.ENOSYS)]

    lines += _when(_CLONE[column], 0, [(_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACES), _refuse(errno.EPERM)])
    lines += _when(_PRCTL[column], 0, list(_refuse_values([_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE])))
    lines += _when(_IOCTL[column], 1, list(_refuse_values([_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP])))
    lines += _when(_FCNTL[column], 1, list(_refuse_values([_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE])))
    for call in (_SOCKET, _SOCKETPAIR):
        lines += _when(call[column], 0, _refuse_unless(_AF_UNIX, errno.EAFNOSUPPORT))
    if not namespaces:
        lines += _when(_CLONE[column], 0, [(_JUMP_ANY_BIT, 1, 0, _CLONE_THREAD), _refuse(errno.EPERM)])
        lines += _when(_PRLIMIT[column], 0, [(_JUMP_EQUAL, 2, 0, 0), *_refuse_unless(process)])
        lines += [(_JUMP_EQUAL, 0, 1, _TKILL[column]), _refuse(errno.EPERM)]
        for numbers in _SIGNAL_SENDERS.values():
            lines += _when(numbers[column], 0, _refuse_unless(process))
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def _refuse(number: int) -> Instruction:
    return (_RETURN, 0, 0, _REFUSE | number)


def _refuse_values(values: list[int]) -> Iterator[Instruction]:
    for value in values:
        yield (_JUMP_EQUAL, 0, 1, value)
        yield _refuse(errno.EPERM)


def _refuse_unless(value: int, number: int = errno.EPERM) -> list[Instruction]:
    return [(_JUMP_EQUAL, 1, 0, value), _refuse(number)]


def _when(call: int, argument: int, body: list[Instruction]) -> list[Instruction]:
    """Look at the low half of one argument of one call; these calls take ints there, which the kernel cuts too."""
    inner = [(_LOAD, 0, 0, _ARGUMENT + 8 * argument), *body, (_LOAD, 0, 0, _NUMBER)]
    return [(_JUMP_EQUAL, 0, len(inner), call), *inner]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install(namespaces: bool, process: int) -> None:
    """Put the filter on this thread and all that it starts. It can't be taken off.

    Raises SeccompRefused when the machine takes none.
    """
    if not supported():
        raise SeccompRefused(errno.ENOSYS, f"there is no filter of system calls for {platform.machine()}")
    lines = program(platform.machine(), namespaces, process)
    text = b"".join(struct.pack("=HBBI", *line) for line in lines)
    room = ctypes.create_string_buffer(text, len(text))
    filter_ = _Program(len(lines), ctypes.addressof(room))
    libc = ctypes.CDLL(None, use_errno=True)
    set_seccomp, mode_filter, set_no_new_privileges = 22, 2, 38
    if libc.prctl(set_no_new_privileges, 1, 0, 0, 0) != 0:
        raise SeccompRefused(ctypes.get_errno(), "no_new_privs was refused")
    if libc.prctl(set_seccomp, mode_filter, ctypes.byref(filter_), 0, 0) != 0:
        raise SeccompRefused(ctypes.get_errno(), "the filter of system calls was refused")
