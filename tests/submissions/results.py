"""Answers that return what is hard to write, to send, to read or to compare."""

from . import collector

ATTACKS, add = collector("results")


def returns(name, says, body, statuses=("differs",), **keywords):
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    add(name, says, f"import sys\n\ndef squared_error_cost(X, t, w, b):\n{lines}\n", statuses=statuses, **keywords)


ANY = ("differs", "raised", "bad data", "out of memory", "crashed", "timed out")

returns(
    "strided-giant",
    "an array of 10^9 numbers in eight bytes",
    "return np.lib.stride_tricks.as_strided(np.zeros(1), (10**9,), (0,))",
    ANY,
    stock=False,
)
returns("broadcast-giant", "10^18 numbers by broadcasting", "return np.broadcast_to(np.zeros(1), (10**9, 10**9))", ANY)
returns("empty-giant", "an empty array whose other lengths are enormous", "return np.zeros((0, 2**40, 2**10))", ANY)
returns("large-array", "forty megabytes of numbers", "return np.ones(5 * 10**6)", ANY)
returns(
    "nested-lists",
    "a list a hundred thousand levels deep",
    "x = []\nfor _ in range(10**5):\n    x = [x]\nreturn x",
    ANY,
    stock=False,
)
returns(
    "nested-dicts",
    "dicts and tuples thirty levels deep, many times",
    "x = 0.0\nfor _ in range(30):\n    x = {'a': (x,), 'b': [x]}\nreturn x",
    ANY,
    stock=False,
)
returns("cycle", "a list that holds itself twice", "x = []\nx.append(x)\nx.append(x)\nreturn x", ANY)
returns("million-keys", "a dict with a million keys", "return {n: 0.0 for n in range(10**6)}", ANY)
returns(
    "colliding-keys", "five thousand keys that all collide", "return {n * (2**61 - 1): 0.0 for n in range(5000)}", ANY
)
returns("nan-keys", "keys that are not equal to themselves", "return {float('nan'): 1.0 for _ in range(5)}", ANY)
returns("million-numbers", "a list of a million numbers", "return [0.0] * 10**6", ANY)
returns(
    "many-small-lists",
    "ninety thousand lists of one number, to be compared again and again",
    "return [[0.0]] * 90_000",
    ANY,
    stock=False,
)
returns("many-small-arrays", "fifty thousand arrays of one number", "return [np.zeros(1)] * 50_000", ANY)
returns("lone-surrogates", "text that no file can hold", "return '\\ud800' * 1000", ANY)
returns("huge-text", "fifty megabytes of text", "return 'x' * 50_000_000", ANY)
returns("huge-int", "an integer that Python does not print", "return 1 << 10**6", ANY)
returns("huge-int-2", "an integer that Python just prints", "return -(10**3800)", ANY)
returns(
    "object-array",
    "an array of objects that agree",
    "class Yes:\n    def __eq__(self, other): return True\nreturn np.array([Yes()] * 3, dtype=object)",
    ANY,
    stock=False,
)
returns("structured-array", "an array of records", "return np.zeros(3, dtype=[('a', 'f8'), ('b', 'O')])", ANY)
returns("datetimes", "an array of dates", "return np.array(['NaT', '2026-01-01'], dtype='datetime64[s]')", ANY)
returns("long-doubles", "numbers of another precision", "return np.longdouble(42)", ANY)
returns("memory-view", "a view of memory", "return memoryview(np.zeros(10))", ANY)
returns("sparse-tensor", "a sparse tensor", "import torch\nreturn torch.zeros(3).to_sparse()", ANY)
returns("meta-tensor", "a tensor without numbers", "import torch\nreturn torch.zeros(10**9, device='meta')", ANY)
returns(
    "quantised-tensor",
    "a quantised tensor",
    "import torch\nimport warnings\nwarnings.simplefilter('ignore')\nreturn torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8)",
    ANY,
    stock=False,
)
returns(
    "nested-tensor",
    "a nested tensor, and one that a compiler fakes",
    "import torch\nreturn [torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])]",
    ANY,
)
returns(
    "gradient-tensor",
    "a tensor that wants gradients, conjugate and expanded",
    "import torch\nreturn torch.zeros(1, dtype=torch.complex64, requires_grad=True).conj().expand(10**9)",
    ANY,
    stock=False,
)
returns(
    "endless-generator",
    "a generator without end",
    "def numbers():\n    while True:\n        yield 0.0\nreturn numbers()",
    ANY,
    stock=False,
)
returns(
    "endless-list",
    "a list whose iterator never ends",
    "class Endless(list):\n    def __iter__(self):\n        while True:\n            yield 0.0\nreturn Endless()",
    ANY,
    stock=False,
)
returns(
    "lying-array",
    "a list that lies about its length and an object that lies about its array",
    "class Lying(list):\n    def __len__(self): return 2**62\n    def __array__(self, dtype=None): return X\nreturn Lying([1.0])",
    ANY,
)
returns(
    "lying-array-2",
    "an array interface that points to nothing",
    "class Lying:\n    __array_interface__ = {'shape': (10**6,), 'typestr': '<f8', 'data': (8, False), 'version': 3}\nreturn Lying()",
    ANY,
    stock=False,
)
returns(
    "foreign-memory",
    "an array over memory that is not its own",
    "import ctypes\nreturn np.ctypeslib.as_array((ctypes.c_double * 10**7).from_address(id(X)))",
    ANY,
    stock=False,
)
returns(
    "reduce",
    "an object that runs code when it is unpickled",
    "class Reduce:\n    def __reduce__(self): return exec, ('import os; os._exit(0)',)\nreturn Reduce()",
    ANY,
)
returns(
    "text-subclass",
    "a text that is another each time it is asked",
    "class Text(str):\n    def __str__(self): return '0.0'\n    def __len__(self): return 0\n"
    "    def __getitem__(self, key): return 'x' * 10**8\n    def encode(self, *a): return b'1' * 10**9\nreturn Text('42')",
    ANY,
)
returns("number-as-text", "the number as text, where the comparison may convert", "return str(42.0)", ANY)
returns("bool", "True", "return True", ANY)
returns("nothing", "nothing at all", "return None", ANY)
returns("class-itself", "a class whose name is ten megabytes long", "return type('x' * 10**7, (), {})", ANY)
returns(
    "inputs-themselves",
    "its inputs, changed in place into something else",
    "X.dtype.__class__\nX.resize((0,), refcheck=False)\nreturn X",
    ANY,
    stock=False,
)

add(
    "giant-error",
    "an error whose text, name and causes are enormous",
    """
class Giant(Exception):
    def __str__(self): return "x" * 10**9

def squared_error_cost(X, t, w, b):
    error = None
    for _ in range(10**4):
        new = Giant()
        new.__cause__ = error
        error = new
    type(error).__name__ = "N" * 10**6
    raise error
""",
    statuses=("raised", "out of memory", "timed out", "crashed"),
    stock=False,
)

add(
    "error-group",
    "an error that is a tree of errors",
    """
def squared_error_cost(X, t, w, b):
    errors = [ValueError("x" * 1000)] * 1000
    for _ in range(3):
        errors = [ExceptionGroup("g", errors)] * 100
    raise ExceptionGroup("g", errors)
""",
    statuses=("raised", "timed out", "out of memory"),
    stock=False,
)
