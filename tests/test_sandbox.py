"""The box: what student code sees and can't see, and that whatever it does costs its own exercise alone."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from autograder import namespaces, sandbox, seccomp
from autograder.kernels import KernelLost, Limits, SandboxRefused, Zygote
from autograder.meter import Meter

pytestmark = pytest.mark.sandbox

PROJECT = Path(sandbox.__file__).parents[1]
LIMITS = Limits(memory=400 * 2**20, processes=40, disk=16 * 2**20)
SECRET = "the grade of everybody is 42"


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def zygote(request):
    try:
        with Zygote(LIMITS, tier=request.param) as zygote:
            zygote.fork().kill()
            yield zygote
    except SandboxRefused as error:
        pytest.skip(f"this machine has no tier {request.param}: {error}")


@pytest.fixture
def kernel(zygote):
    with zygote.fork() as kernel:
        yield kernel


@pytest.fixture
def in_namespaces(zygote):
    if zygote.tier != "namespaces":
        pytest.skip("the other tier starts no processes and has no folder to write in")


def ask(kernel, source, **keywords):
    source = textwrap.dedent(source)
    return kernel.ask({"do": "run", "source": source, "name": "attack"}, **keywords)


def say(kernel, source, **keywords):
    """What the cell printed; it must not fail."""
    reply = ask(kernel, source, **keywords)
    assert "error" not in reply, reply["error"]
    return reply["output"].strip()


def error(kernel, source, **keywords):
    return ask(kernel, source, **keywords)["error"]


def lose(kernel, source, **keywords):
    """The cell must end its kernel; says how and after how many seconds."""
    started = time.monotonic()
    with pytest.raises(KernelLost) as lost:
        reply = ask(kernel, source, **keywords)
        pytest.fail(f"the kernel lives: {reply}")
    assert not alive(kernel.pid)
    return lost.value.status, lost.value.message, time.monotonic() - started


def alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def peak():
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def still_works(zygote):
    with zygote.fork() as kernel:
        assert say(kernel, "print(6 * 7)") == "42"


# --- what it sees -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["autograder/kernels.py", "autograder/reference/linear_models.py", "pyproject.toml"])
def test_no_file_of_the_project_can_be_read(kernel, name):
    assert (PROJECT / name).exists()
    for path in (PROJECT / name, f"/proc/1/root/{PROJECT / name}", f"/proc/self/cwd/../{PROJECT / name}"):
        assert error(kernel, f"open({str(path)!r})")["kind"] in ("FileNotFoundError", "PermissionError")


def test_the_folders_of_the_project_and_of_people_are_not_listed(kernel):
    source = """
    import os
    found = []
    for path in ({project!r}, {above!r}, "/home", "/root", "/tmp/..", "/var", "/etc", "/mnt", "/run", "/boot"):
        try:
            found += [os.path.join(path, name) for name in os.listdir(path)]
        except OSError:
            continue
    print(*found)
    """
    source = source.replace("{project!r}", repr(str(PROJECT))).replace("{above!r}", repr(str(PROJECT.parent)))
    shown = set(say(kernel, source).split())
    inside = {path for path in shown if path.startswith(f"{PROJECT}/")}
    assert inside <= {f"{PROJECT}/course", f"{PROJECT}/.venv"}
    etc = {"passwd", "group", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime"}
    assert {path for path in shown if path.startswith("/etc/")} <= {f"/etc/{name}" for name in etc}
    assert not {path for path in shown if path.startswith(("/run/", "/boot/", "/var/", "/mnt/"))}


def test_a_file_that_anybody_may_read_is_not_seen_nor_reached_by_links(kernel, tmp_path):
    secret = tmp_path / "gradebook.db"
    secret.write_text(SECRET)
    for folder in (tmp_path, *tmp_path.parents[:-1]):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o005)
    for source in (
        f"open({str(secret)!r}).read()",
        f"import os; os.symlink({str(secret)!r}, 'link'); open('link').read()",
        f"import os; os.link({str(secret)!r}, 'hard'); open('hard').read()",
        f"import os; open('/proc/self/root' + {str(secret)!r}).read()",
        f"import os; os.chdir('/'); os.chroot('.'); open({str(secret)!r}).read()",
        f"import sqlite3; sqlite3.connect('file:{secret}?mode=ro', uri=True).execute('select 1 from x')",
    ):
        reply = ask(kernel, source)
        assert reply["error"]["kind"] in (
            "FileNotFoundError",
            "PermissionError",
            "OperationalError",
            "NotADirectoryError",
            "OSError",
        )
        assert SECRET not in json.dumps(reply)
    assert secret.read_text() == SECRET


def test_the_instructors_package_is_hidden_where_it_is_installed_like_others(tmp_path):
    """`autograder` in site-packages beside what students need: covered in one tier, left out of the rules in the other."""
    packages = tmp_path / "lib" / "site-packages"
    (packages / "autograder").mkdir(parents=True)
    (packages / "numpy").mkdir()
    (packages / "course.pth").write_text("/home/teacher/course")
    (packages / "networks_by_hand_autograder-1.dist-info").mkdir()
    path = [*sys.path, str(packages)]
    sys_path, sys.path = sys.path, path
    try:
        masked = {Path(found).name for found in namespaces.masked_paths([]) if found.startswith(str(tmp_path))}
        assert str(packages) in namespaces.shown_folders()
    finally:
        sys.path = sys_path
    assert masked == {"autograder", "course.pth", "networks_by_hand_autograder-1.dist-info"}


def test_the_environment_tells_nothing(zygote, kernel):
    names = set(say(kernel, "import os; print(*os.environ)").split())
    assert "HOME" in names
    allowed = {"COLUMNS", "CLICOLOR", "FORCE_COLOR", "LC_CTYPE", "GIT_PAGER", "PAGER", "TERM"}
    allowed |= set(sandbox.environment()) - {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    assert names <= allowed | {name for name in names if name.startswith(("KMP_", "TORCHINDUCTOR_"))}
    assert SECRET not in say(kernel, "import os; print(os.environ)")


def test_variables_of_the_instructor_do_not_come_along(monkeypatch):
    monkeypatch.setenv("CANVAS_TOKEN", SECRET)
    assert SECRET not in sandbox.environment().values()


def test_other_processes_are_not_seen(kernel):
    source = """
    import os
    try:
        print(*[name for name in os.listdir("/proc") if name.isdigit()])
    except OSError:
        print("closed")
    """
    assert say(kernel, source) in ("1", "closed")


@pytest.mark.parametrize("target", ["os.getppid()", str(os.getpid())], ids=["zygote", "judge"])
def test_the_judge_and_the_zygote_get_no_signal(zygote, kernel, target):
    source = f"""
    import os
    for number in (0, 9, 15, 10):
        try:
            os.kill({target}, number)
        except OSError as error:
            print(type(error).__name__)
    """
    say(kernel, source)
    assert alive(zygote.pid)
    still_works(zygote)


@pytest.mark.parametrize("target", [1, 0, -1])
def test_signals_to_everybody_reach_nobody_outside(zygote, kernel, target):
    with zygote.fork() as other:
        with contextlib.suppress(KernelLost):
            ask(kernel, f"import os, signal; os.kill({target}, signal.SIGKILL)")
        assert alive(zygote.pid)
        assert say(other, "print(1)") == "1"
    still_works(zygote)


def test_there_is_no_network(kernel):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0networks-by-hand-test")
        local.listen()
        server.settimeout(0.2)
        local.settimeout(0.2)
        port = server.getsockname()[1]
        for source in (
            f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)",
            f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}', timeout=1)",
            "import socket; socket.getaddrinfo('example.org', 80)",
            "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('8.8.8.8', 53))",
            "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            "import socket; socket.socket(socket.AF_VSOCK)",
            "import socket; socket.socket(socket.AF_UNIX).connect('\\0networks-by-hand-test')",
        ):
            assert error(kernel, source, cpu_limit=3)["kind"] in (
                "OSError", "PermissionError", "URLError", "gaierror", "ConnectionRefusedError", "FileNotFoundError",
            )  # fmt: skip
        for listener in (server, local):
            with pytest.raises(TimeoutError):
                listener.accept()


def test_two_boxes_do_not_meet(zygote, in_namespaces):
    with zygote.fork() as first, zygote.fork() as second:
        say(first, "open('answers', 'w').write('42')")
        say(first, "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0answers'); s.listen()")
        assert say(second, "import os; print(os.path.exists('answers'))") == "False"
        kind = error(second, "import socket; socket.socket(socket.AF_UNIX).connect('\\0answers')")["kind"]
        assert kind == "ConnectionRefusedError"


def test_nothing_is_inherited_but_one_socket(kernel):
    source = """
    import os, stat
    kinds = []
    for descriptor in range(3, 4096):
        try:
            kinds.append(stat.S_ISSOCK(os.fstat(descriptor).st_mode))
        except OSError:
            continue
    print(kinds, os.path.sameopenfile(0, 1) and os.path.sameopenfile(0, 2), os.read(0, 1))
    """
    assert say(kernel, source) == "[True] True b''"


def test_no_memory_of_the_instructors_is_left_in_the_process(zygote, kernel, in_namespaces):
    """Reads the whole memory of the process. The pattern is written so that it doesn't find itself."""
    marks = ["[B]EGIN SOLUTION", "autograder[.]reference[.]", "[m]ark scheme"]
    source = f"""
    import re
    def search(pattern, piece=2**24):
        found = 0
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                span, rights, *_ = line.split()
                if not rights.startswith("rw"):
                    continue
                start, end = (int(number, 16) for number in span.split("-"))
                for at in range(start, end, piece):
                    try:
                        memory.seek(at)
                        found += len(re.findall(pattern, memory.read(min(piece + len(pattern), end - at))))
                    except (OSError, OverflowError, ValueError):
                        break
        return found
    marks = {marks!r}
    print(*[search(mark.encode()) for mark in marks])
    """
    assert say(kernel, source) == "0 0 0"
    planted = "planted = 'BEGIN'\nplanted += ' SOLUTION of everything'\nprint(search(marks[0].encode()) > 0)"
    assert say(kernel, planted) == "True"


def test_it_holds_no_rights(kernel, in_namespaces):
    fields = dict(
        line.split(":\t")
        for line in say(kernel, "print(open('/proc/self/status').read()[-1400:])").splitlines()
        if ":\t" in line
    )
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(fields[name], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"


def test_started_as_root_the_box_has_another_user_outside(zygote, kernel):
    status = Path(f"/proc/{kernel.pid}/status").read_text()
    users = re.search(r"Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", status).groups()
    assert len(set(users)) == 1
    if os.geteuid() == 0:
        assert int(users[0]) > 100_000
        with zygote.fork() as other:
            assert f"\t{users[0]}\t" not in Path(f"/proc/{other.pid}/status").read_text()
    else:
        assert int(users[0]) == os.geteuid()


CALLS = {name: numbers[0 if os.uname().machine == "x86_64" else 1] for name, numbers in seccomp.ALWAYS_DENIED.items()}


@pytest.mark.skipif(not seccomp.supported(), reason="the filter knows other processors")
def test_forbidden_system_calls_are_refused(kernel):
    numbers = sorted(number for number in CALLS.values() if number is not None)
    source = f"""
    import ctypes, errno
    libc = ctypes.CDLL(None, use_errno=True)
    def call(*arguments):
        ctypes.set_errno(0)
        return libc.syscall(*map(ctypes.c_long, arguments)), ctypes.get_errno()
    print([number for number in {numbers} if call(number, 0, 0, 0, 0, 0, 0) != (-1, errno.EPERM)])
    """
    assert say(kernel, source) == "[]"


def test_new_namespaces_tracing_and_other_back_doors_are_refused(kernel):
    source = """
    import ctypes, errno, os
    libc = ctypes.CDLL(None, use_errno=True)
    def refused(function, *arguments):
        ctypes.set_errno(0)
        return function(*arguments) == -1 and ctypes.get_errno() in (errno.EPERM, errno.EACCES, errno.ENOSYS)
    clone, clone3 = (56, 435) if os.uname().machine == "x86_64" else (220, 435)
    checks = [
        refused(libc.unshare, 0x10000000),
        refused(libc.syscall, clone, ctypes.c_long(0x10000000 | 17), 0, 0, 0, 0),
        refused(libc.syscall, clone3, 0, ctypes.c_long(88)),
        refused(libc.ptrace, 16, os.getppid() or 1, 0, 0),
        refused(libc.ptrace, 0, 0, 0, 0),
        refused(libc.mount, b"none", b"/tmp", b"tmpfs", 0, None),
        refused(libc.umount2, b"/proc", 2),
        refused(libc.setuid, 0) or os.getuid() != 0,
        refused(libc.prctl, 4, 0, 0, 0, 0),
        refused(libc.prctl, 1, 0, 0, 0, 0),
        refused(libc.sethostname, b"x", 1),
    ]
    print(checks)
    """
    checks = say(kernel, source)
    assert "False" not in checks, checks


def test_nothing_outside_the_working_folder_can_be_written(kernel):
    source = f"""
    import os, sys
    import course
    places = ["/", "/usr/bin", "/etc", "/dev", "/proc", os.path.dirname(course.__file__), sys.prefix, os.path.dirname(os.__file__)]
    places += [{str(PROJECT)!r}, "/var/tmp", "/home", "/root", "/dev/shm/../../usr", "/sys/devices/system/cpu"]
    written = []
    for place in places:
        for name, flags in (("new", os.O_CREAT | os.O_WRONLY), ("__init__.py", os.O_WRONLY), ("passwd", os.O_RDWR)):
            try:
                written.append(os.open(os.path.join(place, name), flags))
            except OSError:
                continue
        for attempt in (lambda: os.mkdir(place + "/folder"), lambda: os.chmod(place, 0o777), lambda: os.utime(place)):
            try:
                attempt()
                written.append(place)
            except OSError:
                continue
    print(written)
    """
    assert say(kernel, source) == "[]"


def test_what_it_writes_is_gone_with_it(zygote, in_namespaces):
    with zygote.fork() as kernel:
        assert say(kernel, "open('notes.txt', 'w').write('x'); import os; print(os.getcwd(), os.listdir('.'))") == (
            "/box ['notes.txt']"
        )
        say(kernel, "import tempfile, numpy; f = tempfile.NamedTemporaryFile(); numpy.save(f, numpy.ones(3))")
    assert not Path("/tmp/notes.txt").exists()
    with zygote.fork() as kernel:
        assert say(kernel, "import os; print(os.listdir('.'))") == "[]"


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import signal\nfor n in signal.valid_signals() - {9, 19}: signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
        """
        def spin():
            while True:
                try:
                    while True: pass
                except BaseException:
                    pass
        spin()
        """,
        "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')",
        "import threading\nfor _ in range(3): threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()",
        "import numpy as np\nwhile True: np.linalg.svd(np.ones((300, 300)))",
    ],
)
def test_a_loop_without_end_is_ended_after_its_processor_time(zygote, kernel, source):
    if "Thread" in source:
        ask(kernel, source)
        source = "import time\nwhile True: time.sleep(1)"
    status, message, seconds = lose(kernel, source, cpu_limit=0.5)
    assert status == "timed out"
    assert "0.5 s" in message
    assert seconds < 4
    still_works(zygote)


def test_sleeping_is_ended_by_the_clock(zygote, kernel):
    status, message, seconds = lose(kernel, "import time; time.sleep(1000)", cpu_limit=0.1)
    assert (status, message) == ("timed out", "it gave no answer in 1 s")
    assert seconds < 3


def test_processor_time_of_child_processes_counts(kernel, in_namespaces):
    source = """
    import os, signal
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(2):
        if os.fork() == 0:
            while True: pass
    signal.pause()
    """
    status, _, seconds = lose(kernel, source, cpu_limit=0.6)
    assert status == "timed out"
    assert seconds < 4  # the clock alone would let it run 6 s


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("import os; os._exit(3)", "exit status 3"),
        ("import ctypes; ctypes.string_at(0)", "segmentation fault"),
        ("import os; os.abort()", ""),
        ("import os; os.closerange(0, 4096)", ""),
        pytest.param(
            "import sys; sys.setrecursionlimit(10**8)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
            "",
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer Pythons raise RecursionError here"),
        ),
        ("import ctypes; ctypes.pythonapi.Py_FatalError(b'x')", ""),
    ],
)
def test_a_crash_costs_its_own_kernel(zygote, source, word):
    with zygote.fork() as other, zygote.fork() as kernel:
        status, message, seconds = lose(kernel, source)
        assert status in ("crashed", "out of memory")
        assert word in message
        assert seconds < 5
        assert say(other, "print(1)") == "1"


def test_a_fork_bomb_stays_small_and_leaves_nothing(zygote, kernel, in_namespaces):
    source = """
    import os
    def bomb():
        while True:
            try:
                os.fork()
            except OSError:
                pass
    if os.fork() == 0:
        bomb()
    import time
    time.sleep(0.5)
    """
    most = 0

    def count():
        nonlocal most
        while kernel.lost is None:
            most = max(most, len(Meter(kernel.pid).processes()))
            time.sleep(0.05)

    watch = threading.Thread(target=count)
    watch.start()
    try:
        with contextlib.suppress(KernelLost):
            ask(kernel, source, cpu_limit=3)
            assert say(kernel, "print(1)") == "1"
            assert Meter(kernel.pid).processes() == [kernel.pid]  # between two requests the box is cleared
    finally:
        kernel.kill()
        watch.join()
    assert 1 < most <= LIMITS.processes
    still_works(zygote)


def test_threads_are_limited(kernel, in_namespaces):
    source = """
    import threading, time
    started = 0
    try:
        for _ in range(1000):
            threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    print(started)
    """
    assert int(say(kernel, source)) <= LIMITS.processes


def test_memory_of_one_process_is_limited(zygote, kernel):
    assert error(kernel, "x = bytearray(2 * 10**9)")["kind"] == "MemoryError"
    assert "MemoryError" in error(kernel, "import numpy as np; np.ones(10**9)")["kinds"]
    assert error(kernel, "import torch; torch.ones(10**9)")["kind"] == "MemoryError"
    try:
        kind = error(kernel, "parts = []\nwhile True: parts.append(bytearray(10**6))")["kind"]
        assert kind == "MemoryError"
    except KernelLost as lost:
        assert lost.status == "out of memory"
    still_works(zygote)


def test_memory_that_is_shared_or_spread_over_processes_is_limited(zygote, in_namespaces):
    spread = """
    import os, time
    for _ in range(6):
        if os.fork() == 0:
            x = bytearray(os.urandom(1) * 150_000_000)
            time.sleep(60)
    time.sleep(60)
    """
    shared = """
    import mmap, time
    x = mmap.mmap(-1, 900_000_000)
    for i in range(0, 900_000_000, 4096):
        x[i] = 1
    time.sleep(60)
    """
    for source in (spread, shared):
        with zygote.fork() as kernel:
            status, _, seconds = lose(kernel, source, cpu_limit=5)
            assert status == "out of memory"
            assert seconds < 10


def test_the_disk_is_limited(zygote, kernel, in_namespaces):
    source = """
    import os
    kinds = []
    for number in range(10):
        try:
            with open(f"{number}", "wb") as file:
                for _ in range(40):
                    file.write(bytes(10**6))
        except OSError as error:
            kinds.append(error.errno)
    print(set(kinds), sum(os.path.getsize(f"{n}") for n in range(10)) <= %d)
    """
    assert say(kernel, source % LIMITS.disk).endswith("True")
    assert error(kernel, "for n in range(10**5): open(f'small-{n}', 'w')")["kind"] in (
        "OSError",
        "FileNotFoundError",
    )


def test_a_flood_of_output_costs_processor_time_alone(kernel):
    source = """
    import sys
    text = "x" * 10**6
    for _ in range(1000):
        print(text)
    sys.stderr.write("more")
    """
    reply = ask(kernel, source)
    assert reply["output"] == "x" * 2000
    assert kernel.peak_memory < 50e6


def test_a_daemon_is_gone_before_the_next_request(kernel, in_namespaces):
    source = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            while True: time.sleep(0.01)
        os._exit(0)
    """
    say(kernel, source)
    assert Meter(kernel.pid).processes() == [kernel.pid]


def test_killing_a_kernel_ends_all_that_runs_in_it(kernel, in_namespaces):
    found = []

    def look():
        while len(found) < 4 and kernel.lost is None:
            found[:] = Meter(kernel.pid).processes()
            time.sleep(0.02)
        kernel.kill()

    killer = threading.Thread(target=look)
    killer.start()
    source = """
    import os, signal, time
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            while True: time.sleep(1)
    while True: time.sleep(1)
    """
    with contextlib.suppress(KernelLost, OSError, ValueError):
        ask(kernel, source)
    killer.join()
    assert len(found) == 4
    assert not any(map(alive, found))


# --- what it says -----------------------------------------------------------------------------------------------------

SOCKET = """
import os, stat, struct, json, time
def judge():
    for descriptor in range(3, 4096):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return descriptor
        except OSError:
            continue
def frame(body):
    data = struct.pack(">I", len(body)) + body
    while data:
        data = data[os.write(judge(), data):]
"""


@pytest.mark.parametrize(
    "source",
    [
        "frame(b'no json')",
        "frame(b'')",
        "frame(b'[1, 2]')",
        "frame(b'17')",
        "frame(bytes([0xff, 0xfe]))",
        "frame(b'[' * 100_000)",
        'frame(b\'{"a":\' * 50_000 + b"1" + b"}" * 50_000)',
        'frame(b\'{"a":\' * 500 + b"1" + b"}" * 500)',
        'frame(b\'{"a": [\' + b"[],"  * 2_000_000 + b"1]}")',
        "frame(b'{\"number\": ' + b'9' * 5000 + b'}')",
        'frame(b\'{"number": 1, "ok": true}\')',
        "os.write(judge(), b'garbage' * 1000)",
        "os.write(judge(), struct.pack('>I', 2**32 - 1))",
        "os.write(judge(), struct.pack('>I', 64 * 2**20 + 1) + bytes(100))",
    ],
)  # fmt: skip
def test_what_is_not_an_answer_is_bad_data_and_costs_the_judge_nothing(zygote, kernel, source):
    say(kernel, SOCKET)
    before = peak()
    started = time.monotonic()
    with pytest.raises(KernelLost) as lost:
        ask(kernel, source)
        ask(kernel, "1")
    assert lost.value.status == "bad data"
    assert time.monotonic() - started < 3
    assert peak() - before < 150e6
    still_works(zygote)


def test_an_answer_that_never_ends_is_ended(kernel):
    say(kernel, SOCKET)
    source = "os.write(judge(), struct.pack('>I', 1000) + b'x')\nwhile True: os.write(judge(), b'') or time.sleep(0.01)"
    assert lose(kernel, source, cpu_limit=0.2)[0] == "timed out"
    # no test of a hang-up is needed beside this one: closing the socket is among the crashes above


def test_an_announced_frame_is_not_allocated(kernel):
    say(kernel, SOCKET)
    before = peak()
    status, *_ = lose(kernel, "os.write(judge(), struct.pack('>I', 15 * 2**20))\ntime.sleep(60)", cpu_limit=0.1)
    assert status == "timed out"
    assert peak() - before < 10e6


def test_halves_of_characters_do_not_reach_the_judge(kernel):
    reply = ask(kernel, "print('\\ud800 and \\U0001F600'); raise ValueError('\\udfff')")
    json.dumps(reply, ensure_ascii=False).encode()
    assert "and 😀" in reply["output"]


@pytest.mark.parametrize(
    "source",
    [
        "import builtins\nfor name in list(vars(builtins)):\n    if name not in ('KeyError',): setattr(builtins, name, None)",
        "import builtins\nbuiltins.len = builtins.isinstance = builtins.str = builtins.type = lambda *a: 0",
        "import json, struct, os\njson.dumps = json.loads = struct.pack = os.write = os.read = os._exit = None",
        "import json; json.JSONEncoder.encode = json.JSONDecoder.decode = lambda *a: 'x'",
        "import sys; sys.stdout = sys.stderr = sys.__stdout__ = None; sys.modules.clear()",
        "import sys; sys.stdout.close()",
        "import os; [os.close(n) for n in (0, 1, 2)]",
        "import sys; sys.setrecursionlimit(60)",
        "import sys; sys.settrace(lambda *a: 1 / 0)",
        "import sys, threading; threading.setprofile(print); sys.setprofile(lambda *a: 1 / 0)",
        "import signal; signal.signal(signal.SIGALRM, lambda *a: 1 / 0); signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)",
        "import atexit, time; atexit.register(time.sleep, 1000)",
        "import gc; gc.disable(); gc.set_threshold(1); gc.callbacks.append(lambda *a: 1 / 0)",
        "get_ipython().run_cell = None",
        "import IPython; IPython.core.interactiveshell.InteractiveShell.run_cell = lambda *a, **k: print('forged')",
        "get_ipython().events.register('post_run_cell', lambda *a: 1 / 0)",
        "get_ipython().user_ns.clear()",
        "%reset -f",
        "import sys; sys.excepthook = sys.displayhook = sys.unraisablehook = None",
        "import course.wire, course.probes\ncourse.wire.pack = course.wire.unpack = course.probes.values = lambda *a: 42",
        "import warnings; warnings.simplefilter('error'); warnings.catch_warnings = None",
        "import numpy; numpy.errstate = None; numpy.ndarray = list; numpy.asarray = None",
        "import ctypes; ctypes.pythonapi.PyErr_SetInterrupt()",
        "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})",
        "class M(type):\n    @property\n    def __name__(self): return 7\nclass E(Exception, metaclass=M): pass\nraise E",
        "class E(Exception):\n    def __bool__(self): raise SystemExit\n    __eq__ = __getattribute__ = None\nraise E",
        "raise ValueError('x' * 10**8)",
        "class S(str):\n    __getitem__ = lambda s, k: 5\nraise ValueError(S('x'))",
    ],
)  # fmt: skip
def test_sabotage_of_the_kernel_costs_at_most_that_kernel(zygote, source):
    """The kernel goes on answering, or is lost, cleanly; it neither hangs nor brings anybody else down."""
    with zygote.fork() as kernel:
        started = time.monotonic()
        lost = None
        try:
            assert set(ask(kernel, source, cpu_limit=2)) <= {"ok", "error", "output"}
            for _ in range(3):
                assert set(ask(kernel, "x = 1", cpu_limit=2)) <= {"ok", "error", "output"}
            probe = {"do": "probe", "answer": "x", "probe": "values", "arguments": [1]}
            assert set(kernel.ask(probe, cpu_limit=2)) <= {"missing", "error", "output", "after"}
        except KernelLost as error_:
            lost = error_
        assert lost is None, lost
        assert time.monotonic() - started < 10
    still_works(zygote)


# --- who ends with whom -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
@pytest.mark.parametrize("victim", ["judge", "zygote"])
def test_when_the_judge_or_the_zygote_is_killed_nothing_goes_on_running(tier, victim):
    program = f"""
import sys, threading, time
from autograder.kernels import Zygote, SandboxRefused
try:
    zygote = Zygote(tier={tier!r})
    kernel = zygote.fork()
except SandboxRefused as error:
    print("refused", error, flush=True)
    sys.exit()
fork = "import os; [os.fork() for _ in range(2)]\\n" if {tier!r} == "namespaces" else ""
source = fork + "while True: pass"
threading.Thread(target=kernel.ask, args=(dict(do="run", source=source, name="x"),), daemon=True).start()
time.sleep(1)
print(zygote.pid, *kernel._meter.processes(), flush=True)
time.sleep(100)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=PROJECT
    ) as judge:
        line = judge.stdout.readline()
        if line.startswith("refused"):
            pytest.skip(f"this machine has no tier {tier}: {line}")
        zygote, *boxed = map(int, line.split())
        assert all(map(alive, [zygote, *boxed]))
        os.kill(judge.pid if victim == "judge" else zygote, signal.SIGKILL)
        deadline = time.monotonic() + 5
        while any(map(alive, [zygote, *boxed])) and time.monotonic() < deadline:
            time.sleep(0.02)
        left = [process for process in (zygote, *boxed) if alive(process)]
        judge.kill()
    assert left == []
