"""Answers that end, stop or keep the process that runs them."""

from . import collector

ATTACKS, add = collector("ending")

GONE = ("crashed",)
LATE = ("timed out",)


def calls(name, says, body, **keywords):
    add(
        name,
        says,
        f"import os, signal, sys, time\n\ndef squared_error_cost(X, t, w, b):\n    {body}\n    return 42.0\n",
        **keywords,
    )


calls("exit", "sys.exit", "sys.exit(0)", statuses=("raised",))
calls("exit-hard", "os._exit with success", "os._exit(0)", statuses=GONE)
calls("abort", "os.abort", "os.abort()", statuses=GONE)
calls(
    "kills-itself",
    "SIGKILL to itself",
    "os.kill(os.getpid(), signal.SIGKILL)",
    statuses=("crashed", "out of memory", "differs"),
)
calls(
    "kills-everybody",
    "SIGKILL to everybody",
    "os.kill(-1, signal.SIGKILL)",
    statuses=("crashed", "differs", "raised", "out of memory"),
)
calls(
    "kills-its-parents",
    "SIGKILL to its parent and to process 1",
    "os.kill(os.getppid(), 9) if os.getppid() else 0; os.kill(1, 9)",
    statuses=("crashed", "differs", "out of memory", "raised"),
)
calls(
    "stops-itself",
    "SIGSTOP to itself and everybody",
    "[os.kill(n, signal.SIGSTOP) for n in (os.getpid(), -1)]",
    statuses=("timed out", "differs", "raised"),
)
calls("segfault", "reads address 0", "import ctypes; ctypes.string_at(0)", statuses=GONE)
calls(
    "overflows-the-stack",
    "recursion without end in C",
    "sys.setrecursionlimit(10**9); f = lambda: f(); f()",
    statuses=("crashed", "raised", "timed out", "out of memory"),
)
calls("endless-loop", "a loop without end", "\n    while True: pass", statuses=LATE)
calls("endless-loop-in-c", "a computation in C without end", "sum(range(10**15))", statuses=LATE)
calls("sleeps", "sleeps for ever", "time.sleep(10**6)", statuses=LATE)

add(
    "ignores-signals",
    "ignores all signals and catches everything, for ever",
    """
import signal, time

def squared_error_cost(X, t, w, b):
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
""",
    statuses=LATE,
)

add(
    "catches-everything",
    "a loop that catches what should end it, in __del__ and finally too",
    """
class Clinging:
    def __del__(self):
        while True:
            pass

def squared_error_cost(X, t, w, b):
    try:
        raise ValueError
    finally:
        del Clinging
        Clinging_ = globals().get("Clinging")
        Clinging_() if Clinging_ else None
        while True:
            try:
                [i for i in range(10**7)]
            except BaseException:
                continue
""",
    statuses=("timed out", "raised"),
)

add(
    "ends-at-definition",
    "ends the process while its cell is defined",
    """
import os
os._exit(0)

def squared_error_cost(X, t, w, b):
    return 42.0
""",
    statuses=GONE,
)

add(
    "loops-at-definition",
    "never comes to its function",
    """
while True:
    pass

def squared_error_cost(X, t, w, b):
    return 42.0
""",
    statuses=LATE,
)

add(
    "hangs-at-exit",
    "exit handlers, finalizers and threads that hold the process",
    """
import atexit, sys, threading, time, weakref

class Thing:
    def __del__(self):
        time.sleep(10**6)

thing = Thing()
weakref.finalize(thing, time.sleep, 10**6)
atexit.register(time.sleep, 10**6)
threading.Thread(target=time.sleep, args=(10**6,)).start()

def squared_error_cost(X, t, w, b):
    return 42.0
""",
)

add(
    "timer",
    "an alarm goes off later, in whatever runs then",
    """
import os, signal

def squared_error_cost(X, t, w, b):
    signal.signal(signal.SIGALRM, lambda *arguments: os._exit(0))
    signal.signal(signal.SIGPROF, lambda *arguments: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    return 42.0
""",
    statuses=("differs", "crashed", "raised"),
)

add(
    "slow-drip",
    "every case takes just less than is allowed, asleep",
    """
import time

def train_softmax_regression(X, labels, num_classes, lr, steps):
    time.sleep(1)
    return np.ones((num_classes, X.shape[1])), np.ones(num_classes), np.ones(steps)
""",
    exercise="train_softmax_regression",
    statuses=("differs", "timed out"),
)

add(
    "slow-drip-busy",
    "every case takes just less than is allowed, at work",
    """
import time

def train_softmax_regression(X, labels, num_classes, lr, steps):
    end = time.process_time() + 0.35
    while time.process_time() < end:
        pass
    return np.ones((num_classes, X.shape[1])), np.ones(num_classes), np.ones(steps)
""",
    exercise="train_softmax_regression",
    statuses=("differs", "timed out"),
)

add(
    "slow-definition",
    "its cell takes long, and its function ends the kernel so that the cell runs again",
    """
import os, time
end = time.process_time() + 0.7
while time.process_time() < end:
    pass

def squared_error_cost(X, t, w, b):
    os._exit(0)
""",
    statuses=("crashed", "timed out"),
)
