"""Answers that leave something behind."""

from . import collector

ATTACKS, add = collector("lingering")

LOOP = '"import time\\nwhile True: time.sleep(1) # MARK"'

add(
    "daemon",
    "a process that outlives it: fork twice, a session of its own",
    f"""
import os, subprocess, sys

def squared_error_cost(X, t, w, b):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", {LOOP}])
        os._exit(0)
    return 42.0
""",
    statuses=("differs", "raised"),
)

add(
    "daemon-at-definition",
    "processes that are started while its cell is defined, and that ignore signals",
    f"""
import os, signal, subprocess, sys

for _ in range(5):
    try:
        subprocess.Popen([sys.executable, "-c", {LOOP}], start_new_session=True)
    except OSError:
        break

def squared_error_cost(X, t, w, b):
    return 42.0
""",
    statuses=("differs", "raised"),
)

add(
    "writes-later",
    "a process that changes the grades when the grader has gone",
    """
import glob, os, time

def squared_error_cost(X, t, w, b):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1)
        for path in glob.glob("/**/gradebook.db", recursive=True) + ["/tmp/MARK-later", "/var/tmp/MARK-later"]:
            with open(path, "a") as file:
                file.write("x")
        os._exit(0)
    return 42.0
""",
    stock=False,
)

add(
    "orphans",
    "many short-lived orphans",
    """
import os

def squared_error_cost(X, t, w, b):
    for _ in range(40):
        try:
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
        except OSError:
            break
    return 42.0
""",
    statuses=("differs", "raised", "crashed", "out of memory", "timed out"),
)

add(
    "timers-and-watchers",
    "POSIX timers, cron-like files, shell start-up files and Python's own start-up hooks",
    """
import os, site, sys

def squared_error_cost(X, t, w, b):
    places = [*site.getsitepackages(), site.getusersitepackages(), os.path.expanduser("~"), "/etc/cron.d", "/var/spool/cron"]
    for place in places:
        for name in ("sitecustomize.py", "MARK.pth", ".bashrc", "MARK"):
            try:
                os.makedirs(place, exist_ok=True)
                with open(os.path.join(place, name), "a") as file:
                    file.write("# MARK\\n")
            except OSError:
                pass
    return 42.0
""",
    stock=False,
)
