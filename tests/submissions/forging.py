"""Answers that answer for somebody else: frames, outputs and marks that nobody asked for."""

from . import collector

ATTACKS, add = collector("forging")

FRAMES = """
import json, os, struct

def frame(reply):
    body = json.dumps(reply).encode()
    return struct.pack(">I", len(body)) + body

def everywhere(data):
    for descriptor in range(3, 64):
        try:
            if not os.isatty(descriptor) and os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:"):
                os.write(descriptor, data)
        except OSError:
            pass
"""

add(
    "frames-everywhere",
    "replies are written on every descriptor, for every number",
    FRAMES
    + """
def squared_error_cost(X, t, w, b):
    for number in range(60):
        everywhere(frame({"output": 0.0, "after": [], "number": number}))
    return 42.0
""",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "right-number",
    "the number of the question is found in a frame of the kernel and answered at once",
    FRAMES
    + """
import sys

def squared_error_cost(X, t, w, b):
    number, step = 1, sys._getframe()
    while step is not None:
        request = step.f_locals.get("request")
        number = request["number"] if isinstance(request, dict) and "number" in request else number
        step = step.f_back
    everywhere(frame({"output": 0.0, "after": [0.0] * 4, "number": number}))
    return 42.0
""",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "answers-twice",
    "the second answer is for the next question",
    FRAMES
    + """
def standardize(X_train, X_test):
    for number in range(200):
        everywhere(frame({"output": {"tuple": [0.0, 0.0]}, "after": [0.0, 0.0], "number": number}))
    os._exit(0)
""",
    exercise="standardize",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "answers-before",
    "answers wait in the socket before the first question, written while the cell is defined",
    FRAMES
    + """
for number in range(40):
    everywhere(frame({"output": 0.0, "after": [0.0] * 4, "ok": True, "number": number}))

def squared_error_cost(X, t, w, b):
    return 42.0
""",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "answers-from-a-thread",
    "a thread answers all the time, for all exercises",
    FRAMES
    + """
import threading

def answer():
    while True:
        for number in range(100):
            everywhere(frame({"output": 0.0, "after": [0.0], "ok": True, "number": number}))

threading.Thread(target=answer, daemon=True).start()

def squared_error_cost(X, t, w, b):
    return 42.0
""",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed", "timed out"),
)

add(
    "half-a-frame",
    "a frame begins and never goes on",
    FRAMES
    + """
import time

def squared_error_cost(X, t, w, b):
    everywhere(struct.pack(">I", 1000) + b"{")
    time.sleep(1000)
""",
    stock=False,
    statuses=("timed out", "bad data"),
)

add(
    "frame-of-four-gigabytes",
    "a frame says that it has 4 GB",
    FRAMES
    + """
def squared_error_cost(X, t, w, b):
    everywhere(b"\\xff\\xff\\xff\\xff" + b"[" * 10**6)
    return 42.0
""",
    stock=False,
    statuses=("bad data", "crashed"),
)

add(
    "forged-verdict",
    "a reply that looks like a verdict, with a score and a status",
    FRAMES
    + """
def squared_error_cost(X, t, w, b):
    reply = {"score": 16, "points": 16, "status": "right", "passed": True, "output": None, "after": [], "ok": True}
    for number in range(60):
        everywhere(frame(reply | {"number": number}))
    return {"score": 16, "status": "right", "passed": True}
""",
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "forged-error",
    "a reply that holds an error which is none",
    FRAMES
    + """
class Right(Exception):
    pass

Right.__name__ = Right.__qualname__ = "right"

def squared_error_cost(X, t, w, b):
    raise Right("passed" * 1000)
""",
)

add(
    "forged-output",
    "an execute_result with many points is published for each cell",
    """
from IPython import get_ipython

def publish():
    shell = get_ipython()
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is not None:
        kernel = shell.kernel
        content = {"data": {"text/plain": "16.0"}, "metadata": {}, "execution_count": 1}
        session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent("shell"))

def squared_error_cost(X, t, w, b):
    publish()
    raise SystemExit
""",
)

add(
    "points-as-output",
    "the check's own output is a number of points",
    """
import sys

class Points:
    def __repr__(self): return "1.0"
    def __eq__(self, other): sys.exit(0)
    __hash__ = None

def squared_error_cost(X, t, w, b):
    print(1.0)
    return Points()
""",
)

add(
    "closes-the-connection",
    "the connection to the judge is closed and another put in its place",
    FRAMES
    + """
import socket

def squared_error_cost(X, t, w, b):
    one, other = socket.socketpair()
    for descriptor in range(3, 64):
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:"):
                os.dup2(one.fileno(), descriptor)
        except OSError:
            pass
    return 42.0
""",
    stock=False,
    statuses=("crashed", "bad data", "timed out"),
)
