"""Values to JSON and back: the only way anything travels between the judge and a student's kernel.

Numbers, text, None, arrays, tensors, lists, tuples and dicts travel; nothing else does, and nothing is ever executed to
read them (no pickle). JSON has no NaN, no tuples and no arrays, so these are written as an object with one key:

    {"float": "nan"}                         nan, inf, -inf
    {"int": "123..."}                        an integer of more than 53 bits
    {"array": [dtype, shape, base64]}        a numpy array, C order, little endian
    {"scalar": [dtype, base64]}              a numpy scalar
    {"tensor": [dtype, shape, base64]}       a torch tensor
    {"tuple": [...]}, {"dict": [[key, value], ...]}
    {"given": [name, [arguments], {keywords}]}   a thing that `course.given` builds
    {"other": "a generator"}                 a description of what can't travel; unpacks to `Other`

Strides are lost on the way: where they matter a case sends `given.layout(base, name)`.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = frozenset(
    ["bool", "complex64", "complex128", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
_NAMES = {np.dtype(name): name for name in DTYPES}  # numpy works a name out anew each time
MAX_DEPTH = 40
MAX_BYTES = 256 * 2**20  # of all arrays in one value
MAX_ITEMS = 200_000  # of all values in one
MAX_KEYS = 1_000  # of all dicts in one: keys can be chosen so that each is compared with all others
MAX_DIMENSIONS = 32
_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class WireError(ValueError):
    """What came is not a value in the form that this module writes, or it is too large or too deep."""


@dataclass(frozen=True)
class Other:
    """Stands for a value that can't travel (a generator, an open file, an object of the student's class)."""

    description: str


@dataclass(frozen=True)
class Given:
    """A thing that is built beside the student's function: a name in `course.given` and the data to build it from."""

    name: str
    arguments: tuple = ()
    keywords: tuple[tuple[str, Any], ...] = ()

    def build(self) -> Any:
        from course import given

        return given.build(self.name, *self.arguments, **dict(self.keywords))


def pack(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Data that `json.dumps` takes. A value that can't travel is packed as its description, never an error.

    Subclasses lose what they add: an array subclass with its own `__eq__` arrives as a plain array.
    """
    if depth == 0:
        return {"other": f"something nested more than {MAX_DEPTH} levels deep"}
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if abs(value) < 2**53 else _pack_large(value)
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is list:
        return [pack(item, depth - 1) for item in value]
    if kind is tuple:
        return {"tuple": [pack(item, depth - 1) for item in value]}
    if kind is dict:
        return {"dict": [[pack(key, depth - 1), pack(item, depth - 1)] for key, item in value.items()]}
    if isinstance(value, Given):
        keywords = {key: pack(item, depth - 1) for key, item in value.keywords}
        return {"given": [value.name, [pack(item, depth - 1) for item in value.arguments], keywords]}
    return _pack_number(value, depth)


def _pack_number(value: Any, depth: int) -> Any:
    if isinstance(value, np.ndarray):
        value = np.asarray(value)
        name = _NAMES.get(value.dtype) or value.dtype.name
        if name not in DTYPES:
            return {"other": f"a numpy array of dtype {value.dtype}"}
        if value.ndim > MAX_DIMENSIONS:
            return {"other": f"an array of {value.ndim} dimensions"}
        return {"array": [name, list(value.shape), _base64(value)]}
    if isinstance(value, np.generic):
        array = np.asarray(value)
        if array.dtype.name not in DTYPES:
            return {"other": f"a numpy scalar of dtype {array.dtype}"}
        return {"scalar": [array.dtype.name, _base64(array)]}
    if _is_tensor(value):
        return _pack_tensor(value)
    for plain in (bool, int, float, str):
        if isinstance(value, plain):
            return pack(plain(value), depth)
    if isinstance(value, tuple):  # a namedtuple
        return pack(tuple(value), depth)
    if isinstance(value, dict):
        return pack(dict(value), depth)
    if isinstance(value, list):
        return pack(list(value), depth)
    return {"other": _describe(value)}


def _pack_tensor(value: Any) -> Any:
    name = str(value.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return {"other": f"a tensor of dtype {name}"}
    if value.device.type == "meta" or value.layout is not _torch().strided:
        return {"other": f"a {value.layout} tensor on {value.device}"}
    array = value.detach().resolve_conj().resolve_neg().cpu().numpy()
    return {"tensor": [name, list(array.shape), _base64(array)]}


def unpack(data: Any, depth: int = MAX_DEPTH) -> Any:
    """The value that `pack` wrote. `Given` and `Other` come back as such; nothing is built or run.

    Raises WireError for anything that `pack` would not have written.
    """
    return _unpack(data, depth, _Room())


@dataclass
class _Room:
    """How much more one value may hold."""

    bytes: int = MAX_BYTES
    items: int = MAX_ITEMS
    keys: int = MAX_KEYS

    def take(self, items: int = 0, size: int = 0, keys: int = 0) -> None:
        self.items -= items
        self.bytes -= size
        self.keys -= keys
        if self.items < 0:
            raise WireError(f"more than {MAX_ITEMS} values in one")
        if self.bytes < 0:
            raise WireError(f"more than {MAX_BYTES // 2**20} MB of arrays in one value")
        if self.keys < 0:
            raise WireError(f"more than {MAX_KEYS} keys of dicts in one value")


def _unpack(data: Any, depth: int, room: _Room) -> Any:
    if depth < 0:
        raise WireError(f"nested more than {MAX_DEPTH} levels deep")
    room.take(items=1)
    if data is None or isinstance(data, (bool, int, float, str)):
        return data
    if isinstance(data, list):
        return [_unpack(item, depth - 1, room) for item in data]
    if not isinstance(data, dict) or len(data) != 1:
        raise WireError("expected a JSON value or an object with one key")
    ((kind, body),) = data.items()
    if kind in _READERS:
        return _READERS[kind](body, depth, room)
    raise WireError(f"unknown kind of value: {kind[:40]!r}")


def _read_float(body: Any, depth: int, room: _Room) -> float:
    if not isinstance(body, str) or body not in _FLOATS:
        raise WireError("a float must be nan, inf or -inf")
    return _FLOATS[body]


def _read_int(body: Any, depth: int, room: _Room) -> int:
    if not isinstance(body, str) or len(body) > 4000 or not body.removeprefix("-").isdecimal() or not body.isascii():
        raise WireError("an int must be written in at most 4000 decimal digits")
    return int(body)


def _read_array(body: Any, depth: int, room: _Room) -> np.ndarray:
    if not isinstance(body, list) or len(body) != 3:
        raise WireError("an array is [dtype, shape, base64]")
    dtype, shape, text = body
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise WireError(f"the dtype {str(dtype)[:40]!r} is not one that may travel")
    if not isinstance(shape, list) or len(shape) > MAX_DIMENSIONS:
        raise WireError(f"a shape is a list of at most {MAX_DIMENSIONS} lengths")
    if not all(type(length) is int and 0 <= length < 2**40 for length in shape):
        raise WireError("a shape has lengths that are integers from 0 up")
    if not isinstance(text, str):
        raise WireError("the numbers of an array are base64 text")
    if math.prod(length or 1 for length in shape) >= 2**59:  # numpy counts the bytes of an empty array like this, too
        raise WireError("a shape has more than 2^59 elements")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if len(text) != 4 * -(-size // 3):
        raise WireError(
            f"an array of shape {tuple(shape)} and dtype {dtype} has {size} bytes; the text holds another number"
        )
    room.take(size=size)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise WireError("the text of an array is not base64") from None
    if len(raw) != size:
        raise WireError("the text of an array is not base64 of the right length")
    if dtype == "bool" and raw.strip(b"\0\1"):
        raise WireError("a truth value is written as 0 or 1")
    return np.frombuffer(raw, dtype=np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)


def _read_scalar(body: Any, depth: int, room: _Room) -> np.generic:
    if not isinstance(body, list) or len(body) != 2:
        raise WireError("a scalar is [dtype, base64]")
    return _read_array([body[0], [], body[1]], depth, room)[()]


def _read_tensor(body: Any, depth: int, room: _Room) -> Any:
    array = _read_array(body, depth, room)
    return _torch().from_numpy(array.copy())


def _read_tuple(body: Any, depth: int, room: _Room) -> tuple:
    if not isinstance(body, list):
        raise WireError("a tuple is a list of values")
    return tuple(_unpack(item, depth - 1, room) for item in body)


def _read_dict(body: Any, depth: int, room: _Room) -> dict:
    if not isinstance(body, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in body):
        raise WireError("a dict is a list of [key, value]")
    room.take(keys=len(body))
    result = {}
    for key, item in body:
        key = _unpack(key, depth - 1, room)
        if not _plain_key(key) or key in result:
            raise WireError(
                "the keys of a dict are different numbers, texts, None, or tuples of these; NaN is not a key"
            )
        result[key] = _unpack(item, depth - 1, room)
    return result


def _plain_key(key: Any) -> bool:
    if isinstance(key, tuple):
        return all(_plain_key(item) for item in key)
    return key is None or (isinstance(key, (bool, int, float, str, np.generic)) and key == key)


def _read_given(body: Any, depth: int, room: _Room) -> Given:
    if not isinstance(body, list) or len(body) != 3 or not isinstance(body[0], str):
        raise WireError("a given thing is [name, arguments, keywords]")
    name, arguments, keywords = body
    if not isinstance(arguments, list) or not isinstance(keywords, dict):
        raise WireError("a given thing has a list of arguments and a dict of keywords")
    arguments = tuple(_unpack(item, depth - 1, room) for item in arguments)
    return Given(name, arguments, tuple((key, _unpack(item, depth - 1, room)) for key, item in keywords.items()))


def _read_other(body: Any, depth: int, room: _Room) -> Other:
    if not isinstance(body, str):
        raise WireError("a description is text")
    return Other(body[:200])


_READERS = {
    "float": _read_float,
    "int": _read_int,
    "array": _read_array,
    "scalar": _read_scalar,
    "tensor": _read_tensor,
    "tuple": _read_tuple,
    "dict": _read_dict,
    "given": _read_given,
    "other": _read_other,
}


def _base64(array: np.ndarray) -> str:
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return base64.b64encode(little.tobytes()).decode("ascii")


def _pack_large(value: int) -> Any:
    if value.bit_length() > 13_000:  # Python itself refuses to print more than 4300 digits
        return {"other": "an integer of more than 3900 digits"}
    return {"int": str(value)}


def _is_tensor(value: Any) -> bool:
    """Without importing torch: where it was never imported, nothing is a tensor."""
    import sys

    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _torch() -> Any:
    import torch

    return torch


def _describe(value: Any) -> str:
    """'a generator', 'a Node'; the value's own `__repr__` is not asked, it may be anything."""
    name = type(value).__name__
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {str(value.__name__)[:80]}"
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name[:80]}"
