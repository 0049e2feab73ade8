"""Answers that use up memory, processes, disk or patience. None of it is for a machine without limits."""

from . import collector

ATTACKS, add = collector("exhausting")


def exhausts(name, says, body, statuses, **keywords):
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    source = f"import ctypes, mmap, os, subprocess, sys, threading, time\n\ndef squared_error_cost(X, t, w, b):\n{lines}\n    return 42.0\n"
    add(name, says, source, statuses=statuses, stock=False, **keywords)


FULL = ("out of memory", "raised", "crashed", "timed out")

exhausts("memory-at-once", "a billion numbers at once", "x = np.ones(10**9); x += 1", FULL)
exhausts("memory-slowly", "a megabyte at a time", "kept = []\nwhile True:\n    kept.append(bytearray(2**20))", FULL)
exhausts(
    "memory-mapped",
    "shared anonymous mappings",
    "kept = []\nwhile True:\n    m = mmap.mmap(-1, 2**24)\n    m.write(b'x' * 2**24)\n    kept.append(m)",
    FULL,
)
exhausts(
    "memory-in-torch",
    "tensors that grow",
    "import torch\nx = torch.ones(2**24)\nwhile True:\n    x = torch.cat([x, x])",
    FULL,
)
exhausts(
    "memory-in-children",
    "each of many processes takes what one may",
    """
for _ in range(30):
    if os.fork() == 0:
        kept = []
        try:
            while True:
                kept.append(bytearray(2**22))
        except MemoryError:
            time.sleep(1000)
time.sleep(1000)
""",
    FULL,
)
exhausts(
    "shared-memory",
    "files without a name and System V segments",
    """
kept = []
try:
    while True:
        d = os.memfd_create("MARK")
        os.write(d, b"x" * 2**24)
except OSError:
    pass
libc = ctypes.CDLL(None)
for key in range(64):
    segment = libc.shmget(0, 2**26, 0o1600)
    if segment >= 0:
        libc.shmat.restype = ctypes.c_void_p
        ctypes.memset(libc.shmat(segment, None, 0), 1, 2**26)
""",
    ("differs", *FULL),
)
exhausts(
    "fork-bomb",
    "forks without end",
    "while True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    FULL,
)
exhausts(
    "thread-bomb",
    "threads without end",
    "while True:\n    threading.Thread(target=time.sleep, args=(1000,)).start()",
    ("raised", "crashed", "out of memory", "timed out"),
)
exhausts(
    "descriptor-bomb",
    "opens files without end",
    "kept = []\nwhile True:\n    kept.append(open('/dev/null'))",
    ("raised", "crashed", "bad data"),
)
exhausts(
    "fills-the-disk",
    "writes without end, wherever it may",
    """
for folder in ("/tmp", "/var/tmp", "/dev/shm", os.getcwd(), "/", sys.prefix):
    try:
        with open(os.path.join(folder, "MARK"), "wb") as file:
            while True:
                file.write(b"x" * 2**20)
    except OSError:
        pass
""",
    ("differs", *FULL),
)
exhausts(
    "fills-the-inodes",
    "empty files without end",
    """
for number in range(10**6):
    try:
        open(f"/tmp/MARK-{number}", "w").close()
    except OSError:
        break
""",
    ("differs", *FULL),
)
exhausts("floods-stdout", "prints without end", "while True:\n    print('x' * 10**6)", ("timed out", "out of memory"))
exhausts(
    "floods-stderr",
    "writes errors without end",
    "while True:\n    sys.stderr.write('x' * 10**6)",
    ("timed out", "out of memory"),
)
exhausts(
    "floods-descriptors",
    "writes to 1 and 2 past Python",
    "for _ in range(2000):\n    os.write(1, b'x' * 2**20)\n    os.write(2, b'x' * 2**20)",
    ("differs", "timed out", "raised"),
)
exhausts(
    "floods-warnings",
    "warns and logs without end",
    "import logging, warnings\nfor n in range(10**7):\n    logging.warning('x' * 1000)\n    warnings.warn(str(n))",
    ("timed out", "differs", "out of memory"),
)
exhausts("powers", "a number with a billion digits", "return 10 ** 10**9", FULL + ("differs",))
exhausts(
    "regular-expression",
    "a regular expression that never ends",
    "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
    ("timed out",),
)
