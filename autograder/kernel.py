"""What runs inside the box: IPython without Jupyter's messages, asked over one socket.

A frame is 4 bytes of length, big-endian, and so much UTF-8 JSON, in both directions. Requests and replies:

    {"do": "run", "source": text, "name": text}
        -> {"ok": true, "output": text} or {"error": ..., "output": text}
    {"do": "probe", "answer": name, "probe": name, "arguments": [packed, ...]}
        -> {"output": packed, "after": [packed arguments as the call left them]}, {"missing": true} or {"error": ...}
    {"do": "tell", "message": packed}, after a probe that is a conversation (see `course.probes`)
        -> {"output": packed} or {"error": ...}

`error` is {"kind", "kinds", "message", "trace"}: the class's name, the names of all its bases, what it says, and
[line, source] of the frames that lie in the student's cells. The reply carries the request's number. Nothing that is
said here is believed by those who read it: a student can say it too.

Student code may replace what it likes, this module's ground included. What the loop needs is therefore taken hold of
before the first cell runs, down to a copy of the builtins.
"""

from __future__ import annotations

import builtins

# Functions of a module look builtins up in this dict. With a copy, `builtins.len = None` is not noticed here.
__builtins__ = dict(vars(builtins))

import _signal as signal_calls
import importlib.util
import io
import os
import random
import struct
import sys
import tempfile
import types
import warnings
from typing import Any, NoReturn

import numpy as np
import torch
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets import Type
from traitlets.config import Config

from course import probes, wire

KEPT_OUTPUT = 2000  # characters of what a cell prints
KEPT_MESSAGE = 1000  # characters of an error's message
KEPT_FRAMES = 10


def _private(name: str) -> types.ModuleType:
    """A copy of a module of Python that nobody else has, with builtins that nobody else can change."""
    module = types.ModuleType(name)
    vars(module)["__builtins__"] = __builtins__
    exec(importlib.util.find_spec(name).loader.get_code(name), vars(module))
    return module


_ENCODE = _private("json.encoder").JSONEncoder(ensure_ascii=False, check_circular=False).encode
_DECODE = _private("json.decoder").JSONDecoder().decode


class Output(io.TextIOBase):
    """Keeps the beginning of what is printed; the rest costs nothing."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.room = KEPT_OUTPUT

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.room > 0:
            start = str(text[: self.room])
            self.kept.append(start)
            self.room -= len(start)
        return len(text)

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:
        return "utf-8"

    def fileno(self) -> int:
        return 1  # /dev/null

    def text(self) -> str:
        return "".join(self.kept)


class QuietHook(DisplayHook):
    """A cell's last expression becomes `_`; nobody looks at it, so it is not formatted."""

    def __call__(self, result: Any = None) -> None:
        if result is not None:
            self.update_user_ns(result)
            self.fill_exec_result(result)


class NoPublisher(DisplayPublisher):
    """`display` and the like reach nobody."""

    def publish(self, *arguments: Any, **keywords: Any) -> None:
        return

    def clear_output(self, wait: bool = False) -> None:
        return


class Cells(CachingCompiler):
    """Gives each cell a file name of its own and remembers its lines, for traces."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "cell"
        self.lines: dict[str, list[str]] = {}

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        name = f"<{self.name} {len(self.lines) + 1}>"
        self.lines[name] = raw_code.splitlines()
        return name


class Shell(InteractiveShell):
    """IPython with everything that needs a person, a terminal, a disk or another process taken out."""

    displayhook_class = Type(QuietHook)
    display_pub_class = Type(NoPublisher)
    compiler_class = Type(Cells)

    def enable_gui(self, gui: str | None = None) -> None:
        return

    def showtraceback(self, *arguments: Any, **keywords: Any) -> None:
        return

    def showsyntaxerror(self, *arguments: Any, **keywords: Any) -> None:
        return

    def showindentationerror(self) -> None:
        return

    def ask_exit(self) -> NoReturn:
        raise SystemExit  # `exit()` in a cell

    def system(self, command: str) -> None:
        print("Shell commands are not run when grading.")

    system_piped = system_raw = system

    def getoutput(self, command: str, split: bool = True, depth: int = 0) -> Any:
        self.system(command)
        return SList() if split else ""


def make_shell() -> Shell:
    """The shell that every kernel starts with. Called once, before the fork; later it is `Shell.instance()`."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.cache_size = 10
    folder = tempfile.mkdtemp()  # IPython wants one; nothing is kept in it
    config.ProfileDir.location = os.path.join(folder, "profile")
    shell = Shell.instance(config=config, user_module=types.ModuleType("__main__", "The notebook"))
    shell.display_formatter.active_types = ["text/plain"]  # no picture of a figure is drawn
    builtins.input = _no_input
    for source in ("%matplotlib inline", "%time pass", "def f():\n    return 1\n\nf();"):  # what is slow the first time
        shell.run_cell(source)
    shell.reset(new_session=True)
    shell.compile.lines.clear()
    return shell


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() can't be answered while grading: nobody is there. Give the value in the code instead.")


class Kernel:
    """Answers requests until the other side hangs up."""

    def __init__(self, shell: Shell, descriptor: int, alone: bool) -> None:
        """descriptor: of the socket to the judge. alone: whether this is the first process of a process namespace, so
        that all others there are leftovers of the student's code."""
        self.shell = shell
        self.descriptor = descriptor
        self.alone = alone
        self.encode, self.decode = _ENCODE, _DECODE
        self.recursion_limit = sys.getrecursionlimit()
        self.all_signals = signal_calls.valid_signals() - {signal_calls.SIGKILL, signal_calls.SIGSTOP}
        self.out = Output()
        self.talk: Any = None  # the conversation that a probe has begun
        # by these names, because a student may replace them in their modules
        self.calls = types.SimpleNamespace(
            read=os.read, write=os.write, leave=os._exit, kill=os.kill, wait=os.waitpid,
            mask=signal_calls.pthread_sigmask, timer=signal_calls.setitimer,
            trace=sys.settrace, profile=sys.setprofile, limit=sys.setrecursionlimit,
            pack_length=struct.Struct(">I").pack, unpack_length=struct.Struct(">I").unpack,
            pack=wire.pack, unpack=wire.unpack, build=probes.build_arguments, probes=dict(vars(probes)),
            talks={name for name, probe in vars(probes).items() if probes.talks(probe)},
            catch=warnings.catch_warnings, simple=warnings.simplefilter, quiet=np.errstate,
        )  # fmt: skip
        sys.displayhook = shell.displayhook

    def serve(self) -> NoReturn:
        """Say that it is ready, then answer. Never returns."""
        self._send({"ready": True})
        while True:
            try:
                request = self._receive()
            except BaseException:
                self.calls.leave(1)
            reply = failure = None
            for _ in range(5):  # a student's trap that is still armed may go off in here; it does not do so for ever
                try:
                    if reply is None and failure is None:
                        reply = self._handle(request)
                    elif reply is None:
                        reply = {"number": request["number"], "error": self._describe(failure)}
                    self._calm()
                    self._send(reply)
                    break
                except BaseException as error:
                    failure = error
            else:
                self.calls.leave(1)
            reply = request = failure = None

    def _handle(self, request: dict[str, Any]) -> dict[str, Any]:
        self.out = sys.stdout = sys.stderr = Output()
        try:
            try:
                self.calls.mask(signal_calls.SIG_SETMASK, [])
                result = {"run": self._run, "probe": self._probe, "tell": self._tell}[request["do"]](request)
            finally:
                self._hold_signals()
        except BaseException as error:
            result = {"error": self._describe(error)}
        result["number"] = request["number"]
        return result

    def _hold_signals(self) -> None:
        """From here on no handler of the student's runs; one that was due may still raise, once the mask is set."""
        try:
            self.calls.mask(signal_calls.SIG_SETMASK, self.all_signals)
        except BaseException:
            self.calls.mask(signal_calls.SIG_SETMASK, self.all_signals)

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        self.shell.compile.name = request["name"]
        outcome = self.shell.run_cell(request["source"], store_history=False)
        error = outcome.error_before_exec if outcome.error_before_exec is not None else outcome.error_in_exec
        result = {"ok": True} if error is None else {"error": self._describe(error)}
        return result | {"output": _plain(self.out.text(), KEPT_OUTPUT)}

    def _probe(self, request: dict[str, Any]) -> dict[str, Any]:
        names = self.shell.user_ns
        if request["answer"] not in names:
            return {"missing": True}
        answer = names[request["answer"]]
        probe = self.calls.probes[request["probe"]]
        arguments = self.calls.build([self.calls.unpack(argument) for argument in request["arguments"]])
        with self.calls.catch(), self.calls.quiet(all="ignore"):
            self.calls.simple("ignore")
            output = probe(answer, *arguments)
            self.talk = output if request["probe"] in self.calls.talks else None
            if self.talk is not None:
                output = next(self.talk)
            return {"output": self.calls.pack(output), "after": self.calls.pack(list(arguments))}

    def _tell(self, request: dict[str, Any]) -> dict[str, Any]:
        with self.calls.catch(), self.calls.quiet(all="ignore"):
            self.calls.simple("ignore")
            return {"output": self.calls.pack(self.talk.send(self.calls.unpack(request["message"])))}

    def _calm(self) -> None:
        """Undo what a student's code may have left behind that would strike between two requests."""
        self.calls.trace(None)
        self.calls.profile(None)
        self._hold_signals()
        self.calls.timer(signal_calls.ITIMER_REAL, 0)
        self.calls.limit(self.recursion_limit)
        if self.alone:
            try:
                self.calls.kill(
                    -1, signal_calls.SIGKILL
                )  # all but this process, which is the first and can't be reached
                while True:
                    self.calls.wait(-1, 0)
            except OSError:
                return

    def _describe(self, error: BaseException) -> dict[str, Any]:
        kinds = [_plain(kind.__name__, 100) for kind in type(error).__mro__[:-1]][:20]
        message = _message(error)
        if "DefaultCPUAllocator: can't allocate memory" in message:  # torch's word for it
            kinds = ["MemoryError", *kinds]
        return {"kind": kinds[0], "kinds": kinds, "message": message, "trace": self._trace(error)}

    def _trace(self, error: BaseException) -> list[list[Any]]:
        try:
            if isinstance(error, SyntaxError) and error.filename in self.shell.compile.lines:
                return [[int(error.lineno or 0), _plain((error.text or "").strip(), 200)]]
            found = []
            step = error.__traceback__
            while step is not None:
                lines = self.shell.compile.lines.get(step.tb_frame.f_code.co_filename)
                if lines is not None:
                    number = step.tb_lineno or 0
                    source = lines[number - 1].strip() if 0 < number <= len(lines) else ""
                    found.append([number, _plain(source, 200)])
                    del found[KEPT_FRAMES // 2 : -KEPT_FRAMES // 2]  # of a deep recursion, both ends
                step = step.tb_next
            return found
        except BaseException:
            return []

    def _receive(self) -> dict[str, Any]:
        (length,) = self.calls.unpack_length(self._read(4))
        return self.decode(self._read(length).decode("utf-8"))

    def _read(self, count: int) -> bytes:
        pieces = []
        while count:
            piece = self.calls.read(self.descriptor, min(count, 2**20))
            if not piece:
                self.calls.leave(0)
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def _send(self, reply: dict[str, Any]) -> None:
        frame = memoryview(self._frame(reply))
        while frame:
            frame = frame[self.calls.write(self.descriptor, frame) :]

    def _frame(self, reply: dict[str, Any]) -> bytes:
        text = self.encode(reply).encode("utf-8", "replace")
        return self.calls.pack_length(len(text)) + text


def _message(error: BaseException) -> str:
    try:
        return _plain(str(error), KEPT_MESSAGE)
    except BaseException:  # a student's own __str__
        return ""


def _plain(text: object, length: int) -> str:
    """The beginning of a text, as a str and not a subclass of it."""
    return "".join(str.__getitem__(text, slice(0, length))) if isinstance(text, str) else ""


def serve(descriptor: int, alone: bool, hidden: list[str]) -> NoReturn:
    """Become a student's kernel, in a process that is in the box. Never returns.

    hidden: modules to forget, because a student's install has no such package. They are named here, because a search among
    all modules would copy every page that holds a name.
    """
    for name in hidden:
        del sys.modules[name]
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    random.seed(0)
    torch.set_num_threads(1)
    Kernel(Shell.instance(), descriptor, alone).serve()
