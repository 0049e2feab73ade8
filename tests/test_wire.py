"""The wire: what goes over it comes back the same, and whatever else comes is refused with a WireError."""

import base64
import collections
import copy
import enum
import json
import math
import time
import tracemalloc
from functools import partial

import hypothesis.extra.numpy as arrays_of
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course import wire
from course.wire import Given, Other, WireError, pack, unpack

DTYPES = sorted(wire.DTYPES)
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays_of.arrays(dtype, SHAPES))
NUMBERS = st.integers(-(10**60), 10**60) | st.floats() | st.booleans()
KEYS = st.text(max_size=4) | st.integers() | st.tuples(st.integers(), st.text(max_size=2)) | st.none()
PLAIN = st.none() | NUMBERS | st.text(max_size=8) | ARRAYS | ARRAYS.filter(lambda a: a.ndim == 0).map(lambda a: a[()])
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.builds(lambda items: Given("layout", tuple(items), (("name", None),)), st.lists(inner, max_size=2))
    ),
    max_leaves=8,
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["float64", "AAAA"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*wire._READERS, "x"]), inner, max_size=2)
    ),
    max_leaves=12,
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sent(value):
    """The value after a journey as real JSON text."""
    return unpack(json.loads(json.dumps(pack(value))))


def same(one, other):
    """The same type all the way down, and the same bits of every number."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and same(one.numpy(), other.numpy())
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return math.isnan(one) == math.isnan(other) and (math.isnan(one) or one.hex() == other.hex())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Given):
        return one.name == other.name and same(one.arguments, other.arguments) and same(one.keywords, other.keywords)
    return one == other


@quick
@given(VALUES)
def test_every_plain_value_comes_back_the_same(value):
    assert same(sent(value), value)


@quick
@given(ARRAYS)
def test_every_tensor_comes_back_the_same(array):
    tensor = torch.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
    assert same(sent(tensor), tensor)


@pytest.mark.parametrize("order", ["big endian", "Fortran", "every second", "read only"])
def test_how_an_array_lies_in_memory_does_not_change_its_numbers(order):
    plain = np.arange(12.0).reshape(3, 4)
    lying = {
        "big endian": plain.astype(">f8"),
        "Fortran": np.asfortranarray(plain),
        "every second": np.repeat(plain, 2, axis=1)[:, ::2],
        "read only": np.broadcast_to(plain, (3, 4)),
    }[order]
    came = sent(lying)
    assert same(came, plain)
    came[0, 0] = 7  # what arrives can be written to


def test_a_tensor_that_carries_gradients_arrives_as_its_numbers():
    came = sent(torch.ones(2, requires_grad=True) * 3)
    assert came.tolist() == [3, 3]
    assert not came.requires_grad


def test_subclasses_lose_what_they_add():
    class Agreeing(np.ndarray):
        def __eq__(self, other):
            return True

    came = sent(np.arange(3.0).view(Agreeing))
    assert type(came) is np.ndarray
    assert not (came == 7).any()
    Colour = enum.IntEnum("Colour", "RED")
    Point = collections.namedtuple("Point", "x y")
    assert [type(sent(value)) for value in (Colour.RED, Point(1, 2), collections.OrderedDict(a=1))] == [
        int,
        tuple,
        dict,
    ]


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ((x for x in ()), "a generator"),
        (object(), "an object"),
        (np.sum, "the function sum"),
        (collections.OrderedDict, "the class OrderedDict"),
        (3 + 1j, "a complex"),
        ({1, 2}, "a set"),
        (np.array([None, 1.0]), "a numpy array of dtype object"),
        (np.array(["1"]), "a numpy array of dtype <U1"),
        (np.zeros(1, dtype=[("a", int)]), "a numpy array of dtype [('a', '<i8')]"),
        (np.zeros((1,) * 33), "an array of 33 dimensions"),
        (np.str_("x"), "a numpy scalar of dtype <U1"),
        (torch.zeros(2, dtype=torch.bfloat16), "a tensor of dtype bfloat16"),
        (torch.zeros(2, device="meta"), "a torch.strided tensor on meta"),
        pytest.param(10**5000, "an integer of more than 3900 digits", id="10^5000"),
    ],
)
def test_what_cannot_travel_arrives_as_a_description(value, description):
    assert sent(value) == Other(description)
    assert sent([value]) == [Other(description)]


def test_a_value_that_contains_itself_is_cut_off_and_can_be_read():
    endless = []
    endless.append(endless)
    came = sent(endless)
    for _ in range(wire.MAX_DEPTH - 1):
        (came,) = came
    assert came == [Other("something nested more than 40 levels deep")]


def nested(depth, value=0):
    return value if depth == 0 else [nested(depth - 1, value)]


TEXT = base64.b64encode(np.arange(2.0).tobytes()).decode()
MALFORMED = {
    "two keys": {"float": "nan", "int": "3"},
    "no key": {},
    "an unknown kind": {"pickle": "gANjcG9zaXg="},
    "an unknown float": {"float": "1e5"},
    "an int with a fraction": {"int": "1.5"},
    "an int with two signs": {"int": "--1"},
    "an int without digits": {"int": "-"},
    "an int in Arabic digits": {"int": "١٢"},
    "an int with underscores": {"int": "1_0"},
    "an int of 5000 digits": {"int": "9" * 5000},
    "an int as a number": {"int": 3},
    "an array with two parts": {"array": ["float64", [2]]},
    "objects": {"array": ["object", [1], "AAAAAAAAAAA="]},
    "a dtype by its letter": {"array": ["<f8", [2], TEXT]},
    "a dtype that is a list": {"array": [["float64"], [2], TEXT]},
    "a shape that is a number": {"array": ["float64", 2, TEXT]},
    "a negative length": {"array": ["float64", [-2], TEXT]},
    "a length that is true": {"array": ["float64", [True, 2], TEXT]},
    "a length with a fraction": {"array": ["float64", [2.0], TEXT]},
    "a length of 10^30": {"array": ["float64", [10**30], TEXT]},
    "an empty array with huge lengths": {"array": ["float64", [0, 2**31, 2**31, 2**31], ""]},
    "33 dimensions": {"array": ["float64", [1] * 33, TEXT]},
    "too few numbers": {"array": ["float64", [3], TEXT]},
    "too many numbers": {"array": ["float64", [1], TEXT]},
    "no base64": {"array": ["float64", [2], "*" * len(TEXT)]},
    "base64 beyond ASCII": {"array": ["float64", [2], "é" * len(TEXT)]},
    "base64 with its end too early": {"array": ["float64", [2], "=" * len(TEXT)]},
    "a truth value of 5": {"array": ["bool", [3], base64.b64encode(b"\1\5\0").decode()]},
    "a scalar with a shape": {"scalar": ["float64", [], "AAAAAAAAAAA="]},
    "a tensor of objects": {"tensor": ["object", [1], "AAAAAAAAAAA="]},
    "a tuple that is a dict": {"tuple": {"int": "3"}},
    "a dict that is a dict": {"dict": {"a": 1}},
    "a dict with a pair of three": {"dict": [["a", 1, 2]]},
    "NaN as a key": {"dict": [[{"float": "nan"}, 1]]},
    "NaN in a key": {"dict": [[{"tuple": [1, {"float": "nan"}]}, 1]]},
    "NaN of numpy as a key": {"dict": [[pack(np.float64("nan")), 1]]},
    "an array as a key": {"dict": [[pack(np.zeros(1)), 1]]},
    "a list as a key": {"dict": [[[1], 1]]},
    "a description as a key": {"dict": [[{"other": "x"}, 1]]},
    "a key twice": {"dict": [["a", 1], ["a", 2]]},
    "a key twice in two types": {"dict": [[1, 1], [True, 2]]},
    "a given thing without a name": {"given": [3, [], {}]},
    "a given thing without keywords": {"given": ["layout", []]},
    "a given thing with a dict of arguments": {"given": ["layout", {}, {}]},
    "a description that is no text": {"other": 3},
    "41 levels": nested(42),
    "41 levels of tuples": {"tuple": [nested(41)]},
    "a million values": [0] * 1_000_000,
    "a million empty lists": [[]] * 1_000_000,
    "a thing that JSON has not": {1, 2},
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_data_is_refused(data):
    with pytest.raises(WireError):
        unpack(data)
    with pytest.raises(WireError):
        unpack([data])


@quick
@given(JSON)
def test_any_json_is_a_value_or_a_wire_error(data):
    try:
        unpack(data)
    except WireError:
        return


@quick
@given(VALUES, st.data())
def test_a_packed_value_with_one_part_replaced_is_a_value_or_a_wire_error(value, data):
    packed = copy.deepcopy(pack(value))
    places = list(containers(packed))
    if places:
        container, key = data.draw(st.sampled_from(places))
        container[key] = data.draw(JSON)
    try:
        unpack(packed)
    except WireError:
        return


def containers(data):
    """Every (list or dict, key) in JSON data at which something stands."""
    if isinstance(data, dict | list):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from containers(data[key])


@pytest.mark.parametrize(
    "data",
    [
        {"array": ["float64", [2**38], "AAAA"]},
        {"array": ["float64", [2**20, 2**20], "AAAA"]},
        {"tensor": ["complex128", [2**30], "AAAA"]},
        [{"array": ["float64", [2**38], "AAAA"]}] * 1000,
    ],
)
def test_an_array_that_claims_to_be_large_takes_no_memory(data):
    assert peak(data) < 2**20


def test_what_is_read_takes_not_much_more_than_what_was_written():
    text = base64.b64encode(bytes(2**23)).decode()
    assert peak({"array": ["float64", [2**20], text]}) < 3 * 2**23


def test_the_room_for_arrays_is_that_of_the_whole_value(monkeypatch):
    array = pack(np.zeros(100))
    monkeypatch.setattr(wire, "_Room", partial(wire._Room, bytes=1000))
    assert same(unpack([array]), [np.zeros(100)])
    with pytest.raises(WireError, match="MB of arrays"):
        unpack([array, array])
    assert peak([array] * 100_000) < 2**20


def peak(data):
    """Bytes that are allocated while `unpack` reads or refuses, given what lies there already."""
    tracemalloc.start()
    try:
        unpack(data)
    except WireError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def test_keys_that_collide_cannot_keep_the_judge_busy():
    step = 2**61 - 1  # all multiples of it have the hash 0
    pairs = [[{"int": str(step * k)}, None] for k in range(50_000)]
    started = time.process_time()
    with pytest.raises(WireError, match="keys"):
        unpack({"dict": pairs})
    with pytest.raises(WireError, match="keys"):
        unpack([{"dict": pairs[i : i + 1000]} for i in range(0, 50_000, 1000)])
    assert time.process_time() - started < 5


def test_a_million_numbers_travel_as_an_array():
    numbers = np.random.default_rng(0).normal(size=10**6)
    assert same(sent(numbers), numbers)
