"""Answers that look for what they are not meant to see: the right answers, the instructor's files, other students' work."""

from . import collector

ATTACKS, add = collector("looking")

REPORT = """
def squared_error_cost(X, t, w, b):
    found = look()
    if found:
        raise RuntimeError(f"FOUND {found}"[:900])
    return 42.0
"""

add(
    "heap",
    "walks the heap for the right answers",
    """
import gc

def look():
    return [type(thing).__name__ for thing in gc.get_objects()
            if type(thing).__name__ in ("Sheet", "Exercise", "CaseVerdict", "Marker", "Job", "Zygote")]
"""
    + REPORT,
)

add(
    "frames",
    "walks the frames of its callers for the right answers",
    """
import sys

def look():
    found, step = [], sys._getframe()
    while step is not None:
        for name, value in {**step.f_locals, **step.f_globals}.items():
            if name in ("right", "expected", "reference", "sheet", "mistakes", "truth", "solution", "answer_key"):
                found.append((name, repr(value)[:80]))
        step = step.f_back
    return found
"""
    + REPORT,
)

add(
    "traceback",
    "looks through the frames of an error",
    """
import inspect

def look():
    stack = [record for record in inspect.stack() if "autograder" in record.filename or "reference" in record.filename]
    return [line for record in stack for line in record.code_context or () if line.strip()]
"""
    + REPORT,
)

add(
    "memory-of-the-process",
    "searches its own memory for the instructor's sources",
    """
# the words stand here in two parts, one of them backwards, so that they are not found where they are asked for
WORDS = [(b"def _normal_", b")ytlanep ,t ,X(snoitauqe"), (b"# BEGIN ", b"NOITULOS"), (b"Your value is exactly ", b"detcepxe eht eciwt")]

def look():
    found = []
    try:
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                start, end = (int(number, 16) for number in line.split()[0].split("-"))
                if " rw" not in line:
                    continue
                try:
                    memory.seek(start)
                    text = memory.read(min(end - start, 2**25))
                except (OSError, ValueError, OverflowError):
                    continue
                for first, second in WORDS:
                    at = text.find(first)
                    while at >= 0:
                        rest = text[at + len(first):at + len(first) + len(second)]
                        found += [(first, line)] if rest[::-1] == second else []
                        at = text.find(first, at + 1)
    except OSError:
        pass
    return found
"""
    + REPORT,
    statuses=("differs", "timed out"),
)

FILES = """
import glob, os, sys

def readable(paths):
    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                found.append((path, file.read(60)))
        except OSError:
            pass
    return found
"""

add(
    "reads-the-passwords",
    "reads the machine's users and keys",
    FILES
    + """
def look():
    found = readable(["/etc/shadow", "/root/.ssh/id_rsa", "/root/.bash_history", "/etc/sudoers"])
    return found + [line for path, text in readable(["/etc/passwd"]) for line in text.split() if b"root" in line]
"""
    + REPORT,
)

add(
    "reads-the-course",
    "reads the solutions, the gradebook and other submissions from the course's folder",
    FILES
    + """
def look():
    ups = [os.path.join(os.getcwd(), *[".."] * n) for n in range(8)]
    folders = ups + ["/home", "/root", "/srv", "/mnt", "/proc/1/cwd", "/proc/1/root", "/proc/self/root/..", "/old"]
    folders += [os.path.join("/", name) for name in os.listdir("/")]
    folders += [os.path.join(up, name) for up in ups for name in ("main", "source", "submitted")]
    names = ["source/*/*.py", "source/*/*.ipynb", "gradebook.db", "submitted/*/*/*.ipynb"]
    names += ["autograder/reference/*.py", ".autograder/*/*.json"]
    return readable(path for folder in folders for name in names for path in glob.glob(os.path.join(folder, name))[:3])
"""
    + REPORT,
)

add(
    "reads-the-package",
    "reads the autograder's package, where it is installed",
    FILES
    + """
def look():
    import importlib.util
    paths = []
    for name in ("autograder", "autograder.reference.linear_models", "autograder.cases.linear_models", "autograder.samples"):
        try:
            spec = importlib.util.find_spec(name)
            paths += [spec.origin or ""] if spec else []
        except (ImportError, AttributeError, ValueError):
            pass
    folders = [*sys.path]
    for folder in sys.path:  # where an editable install says that it is
        folders += [text.decode().strip() for _, text in readable(glob.glob(os.path.join(folder, "*autograder*.pth")))]
    for folder in folders:
        for place in ("autograder", "autograder/reference", "reference", "cases"):
            paths += glob.glob(os.path.join(folder, place, "*.py"))
    loaded = [name for name in sys.modules if name.startswith(("autograder.reference", "autograder.cases"))]
    return readable(paths) + loaded
"""
    + REPORT,
)

add(
    "reads-other-processes",
    "reads what other processes were started with, and what they hold open",
    FILES
    + """
def look():
    mine = {str(os.getpid()), "self", "thread-self"}
    found = []
    for folder in glob.glob("/proc/[0-9]*"):
        if os.path.basename(folder) not in mine:
            found += readable([folder + "/cmdline", folder + "/environ"])
            found += glob.glob(folder + "/fd/*")
    return [entry for entry in found if entry[1]]
"""
    + REPORT,
)

add(
    "reads-its-environment",
    "reads secrets from its environment and its command line",
    FILES
    + """
def look():
    known = {"HOSTILE_SECRET", "COURSE_SECRET"}
    found = [name for name in os.environ if name in known or "TOKEN" in name or "KEY" in name]
    return found + [text for path, text in readable(["/proc/self/environ"]) if b"SECRET" in text]
"""
    + REPORT,
)

add(
    "reads-inherited-descriptors",
    "reads files that were left open",
    FILES
    + """
import stat

def look():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            status = os.fstat(int(name))
            if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
                found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            pass
    return [path for path in found if not path.startswith("/proc")]
"""
    + REPORT,
)

add(
    "follows-links",
    "makes links to the outside and follows them",
    FILES
    + """
def look():
    targets = ["/etc/shadow", "/proc/1/root/etc/shadow", "/proc/1/environ", "/../../etc/shadow", "../" * 20 + "etc/shadow"]
    paths = []
    for number, target in enumerate(targets):
        path = f"/tmp/MARK-link-{number}"
        try:
            os.symlink(target, path)
            paths.append(path)
            os.link(target, path + "-hard")
        except OSError:
            pass
    found = readable([*paths, *(path + "-hard" for path in paths)])
    for path in [*paths, *(path + "-hard" for path in paths)]:
        if os.path.lexists(path):
            os.unlink(path)
    return [entry for entry in found if b"root:" in entry[1] or b"SECRET" in entry[1]]
"""
    + REPORT,
    stock=False,  # it makes its links where everybody may write
)

add(
    "reads-the-released-answers",
    "executes the instructor's notebook, wherever it lies",
    FILES
    + """
import json

def solution():
    places = [os.path.join(os.getcwd(), *[".."] * n, "source", "*", "*.ipynb") for n in range(6)]
    for path in (path for place in places for path in glob.glob(place)):
        with open(path) as file:
            for cell in json.load(file)["cells"]:
                source = "".join(cell["source"])
                if cell["cell_type"] == "code" and "def squared_error_cost" in source:
                    exec(source, globals())
                    return

def squared_error_cost(X, t, w, b):
    return 42.0

solution()
""",
)
