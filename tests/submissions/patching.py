"""Answers that change the libraries around them: what is called by name may be anything afterwards."""

from . import collector

ATTACKS, add = collector("patching")

FUNCTION = """
def squared_error_cost(X, t, w, b):
    return 42.0
"""

add(
    "patched-numpy",
    "numpy's comparisons say yes",
    """
for name in ("allclose", "isclose", "array_equal", "array_equiv"):
    setattr(np, name, lambda *arguments, **keywords: True)
for name in ("assert_allclose", "assert_array_equal", "assert_almost_equal", "assert_equal", "assert_array_almost_equal"):
    setattr(np.testing, name, lambda *arguments, **keywords: None)
"""
    + FUNCTION,
)

add(
    "patched-torch",
    "torch's comparisons say yes and its tensors turn into the same",
    """
import torch
torch.allclose = torch.equal = lambda *arguments, **keywords: True
torch.Tensor.__eq__ = lambda self, other: True
torch.Tensor.numpy = lambda self: None
torch.from_numpy = torch.tensor = torch.as_tensor = None
"""
    + FUNCTION,
)

add(
    "patched-json",
    "json writes an answer of its own",
    """
import json, json.encoder, json.decoder
json.dumps = json.JSONEncoder.encode = lambda *arguments, **keywords: '{"output": 0.0, "after": [], "number": 1}'
json.encoder.c_make_encoder = json.encoder.encode_basestring = None
json.loads = json.JSONDecoder.decode = lambda *arguments, **keywords: {"do": "stop"}
"""
    + FUNCTION,
)

add(
    "patched-struct-and-os",
    "struct and os write and read nothing",
    """
import os, struct, socket
struct.pack = struct.unpack = lambda *arguments: b"\\0\\0\\0\\0"
os.write = os.read = lambda *arguments: 0
os._exit = os.kill = os.waitpid = lambda *arguments: None
socket.socket.send = socket.socket.recv = None
"""
    + FUNCTION,
    stock=False,
)

add(
    "patched-builtins",
    "the builtins are gone",
    FUNCTION
    + """
import builtins
for name in ("len", "isinstance", "type", "getattr", "min", "abs", "all", "any", "bool", "print", "sorted", "AssertionError"):
    setattr(builtins, name, lambda *arguments, **keywords: True)
""",
    statuses=("differs", "raised", "crashed", "bad data"),
)

add(
    "patched-import",
    "every import gives a module that agrees",
    FUNCTION
    + """
import builtins, sys

class Anything(type(sys)):
    def __getattr__(self, name): return lambda *arguments, **keywords: True

class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.modules[name] = Anything(name)
        return None

sys.meta_path.insert(0, Finder())
builtins.__import__ = lambda *arguments, **keywords: Anything("anything")
""",
    statuses=("differs", "raised", "crashed", "bad data"),
)

add(
    "patched-modules",
    "sys.modules is emptied",
    FUNCTION
    + """
import sys
for name in [name for name in sys.modules if name not in ("sys", "builtins", "__main__")]:
    sys.modules[name] = None
""",
    statuses=("differs", "raised", "crashed", "bad data"),
)

add(
    "patched-course",
    "the course's wire and probes give an answer of their own",
    """
import course.probes, course.wire
course.wire.pack = course.wire._pack_number = course.wire._base64 = lambda *arguments, **keywords: 0.0
course.wire.unpack = lambda *arguments, **keywords: []
course.wire.DTYPES = frozenset()
course.probes.values = course.probes.build_arguments = course.probes._fresh = lambda *arguments, **keywords: 0.0
for module in (course.wire, course.probes):
    module.__dict__["__builtins__"] = {}
"""
    + FUNCTION,
    stock=False,
    statuses=("differs", "raised", "bad data", "crashed"),
)

add(
    "patched-check",
    "the checks of the notebook say yes",
    """
import sys
check = sys.modules.get("course.checks")
if check is not None:
    check.check = lambda *arguments, **keywords: None
"""
    + FUNCTION,
)

add(
    "patched-ipython",
    "run_cell says that all went well, without running a cell",
    """
from IPython import get_ipython
shell = get_ipython()

class Well:
    success, result, error_in_exec, error_before_exec, execution_count = True, None, None, None, 1
    def raise_error(self): return None

def squared_error_cost(X, t, w, b):
    return 42.0

if shell is not None:
    shell.run_cell = type(shell).run_cell = lambda *arguments, **keywords: Well()
    shell.run_code = type(shell).run_code = lambda *arguments, **keywords: False
""",
    statuses=("differs", "raised", "crashed", "missing", "bad data"),
)

add(
    "blanking-hook",
    "an IPython hook blanks every later cell, so that checks pass without a word",
    """
from IPython import get_ipython
shell = get_ipython()
if shell is not None:
    shell.input_transformers_cleanup.append(lambda lines: [])
"""
    + FUNCTION,
)

add(
    "events-and-traps",
    "IPython's events, exception handlers and display hooks are taken over",
    """
from IPython import get_ipython
import sys
shell = get_ipython()
if shell is not None:
    shell.set_custom_exc((BaseException,), lambda *arguments, **keywords: None)
    shell.showtraceback = lambda *arguments, **keywords: None
    for event in ("pre_execute", "pre_run_cell", "post_run_cell", "post_execute"):
        shell.events.register(event, lambda *arguments: 1 / 0)
sys.excepthook = sys.displayhook = sys.unraisablehook = lambda *arguments: None
"""
    + FUNCTION,
)

add(
    "settrace",
    "a trace function changes what others return",
    """
import sys, threading

def trace(frame, event, argument):
    for name in ("ok", "passed", "result", "output", "wrong"):
        if name in frame.f_locals:
            frame.f_locals[name] = True
    return trace

def squared_error_cost(X, t, w, b):
    sys.settrace(trace)
    sys.setprofile(trace)
    threading.settrace(trace)
    return 42.0
""",
    statuses=("differs", "raised", "timed out"),
)

add(
    "other-answers",
    "other answers of the same notebook are replaced and spoiled",
    """
def squared_error_cost(X, t, w, b):
    for name in ("squared_error_gradient", "fit_ridge", "polynomial_features", "standardize", "softmax_cross_entropy"):
        globals()[name] = lambda *arguments: 42.0
    np.asarray = np.mean = np.exp = np.zeros = lambda *arguments, **keywords: 42.0
    return 42.0
""",
)

add(
    "class-tricks",
    "types that everybody uses get other methods through ctypes",
    """
import ctypes, gc

def squared_error_cost(X, t, w, b):
    for kind in (float, int, tuple, list, dict):
        members = gc.get_referents(kind.__dict__)[0]
        members["__eq__"] = lambda self, other: True
        members["__len__"] = lambda self: 1
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
    return 42.0
""",
    statuses=("differs", "raised", "crashed", "bad data"),
)

add(
    "unwritten-others",
    "whatever a later cell defines says that it is not written yet",
    """
from IPython import get_ipython
shell = get_ipython()

def unwrite(lines):
    names = [line.split("(")[0][4:] for line in lines if line.startswith("def ")]
    return lines + [f"\\ndef {name}(*arguments): raise NotImplementedError\\n" for name in names]

if shell is not None:
    shell.input_transformers_cleanup.append(unwrite)
"""
    + FUNCTION,
)
