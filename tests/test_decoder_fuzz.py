"""What reads a student's answers may be sent anything: it gives plain data or its own error, in bounded time and memory."""

import base64
import json
import math
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.judge import _read, _size
from autograder.kernels import Kernel, KernelLost, Limits
from course import wire
from course.case import Case

LIMITS = Limits()
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
CASE = Case("any", np.zeros(3), 1.0)


@pytest.fixture(scope="module")
def sleeper():
    """A process that stands for a student's kernel; what it seems to say is written by the tests."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10**6)"]) as process:
        yield process
        process.kill()


class Listening(Kernel):
    """The trusted side of a kernel whose other end of the connection is `theirs`."""

    def __init__(self, process, limits=LIMITS):
        ours, self.theirs = socket.socketpair()
        told, self.tell = os.pipe()
        super().__init__(ours, os.pidfd_open(process.pid), told, limits, 0, "namespaces")

    def kill(self):
        """Its process is needed for the next example."""
        if self._alive:
            self._alive, self._total = False, 0.0
            for descriptor in (self._pidfd, self._obituary, self.tell):
                os.close(descriptor)
            self.connection.close()
            self.theirs.close()

    def hear(self, data, hang_up=False, cpu_limit=0.3):
        """What `ask` makes of these bytes."""

        def speak():
            try:
                self.theirs.sendall(data)
                if hang_up:
                    self.theirs.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

        speaker = threading.Thread(target=speak)
        speaker.start()
        try:
            return self.ask({"do": "probe"}, cpu_limit)
        finally:
            self.kill()
            speaker.join()


def frame(value):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack(">I", len(body)) + body


def read(body):
    """A reply as the judge reads it: a status, by any of the ways that it may go."""
    kernel = Kernel.__new__(Kernel)
    kernel.limits, kernel._alive = LIMITS, False
    try:
        outcome = _read(kernel._read(body), CASE)
    except KernelLost as lost:
        return lost.status
    except wire.WireError:
        return "bad data"
    assert outcome.status in ("returned", "raised", "missing", "unwritten", "out of memory")
    _size(outcome.output)
    return outcome.status


def packed_array(dtype="float64", shape=(2,), text=None):
    return {"array": [dtype, list(shape), base64.b64encode(bytes(16)).decode() if text is None else text]}


def reply(output, after=()):
    return json.dumps({"output": output, "after": list(after), "number": 1}).encode()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KINDS = st.sampled_from(["float", "int", "array", "scalar", "tensor", "tuple", "dict", "given", "other", "array "])
SHAPES = st.lists(
    st.integers(-3, 2**70) | st.sampled_from([0, 1, 2, 2**31, 2**63, 2**64, True, 1.0, "2", None]), max_size=40
)
DTYPES = st.sampled_from(
    [*sorted(wire.DTYPES), "object", "O", "datetime64[s]", "V8", "float128", "<f8", "f8,f8", "str", "", 7, None]
)
TEXTS = st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()) | st.text(max_size=20) | st.integers()
ARRAYS = st.builds(lambda *body: list(body), DTYPES, SHAPES, TEXTS)
NEARLY = st.recursive(
    JUNK | st.builds(lambda kind, body: {kind: body}, KINDS, JUNK | ARRAYS),
    lambda inner: (
        st.builds(lambda kind, body: {kind: body}, KINDS, inner | st.lists(inner, max_size=3))
        | st.builds(
            lambda pairs: {"dict": [list(pair) for pair in pairs]}, st.lists(st.tuples(inner, inner), max_size=3)
        )
    ),
    max_leaves=12,
)


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_a_reply_or_bad_data(body):
    read(body)


@QUICK
@given(JUNK, NEARLY, st.lists(NEARLY, max_size=3))
def test_any_json_is_a_reply_or_bad_data(top, output, after):
    read(json.dumps(top).encode())
    read(json.dumps({"output": output, "after": after}).encode())
    read(json.dumps({"error": output, "missing": top}).encode())
    read(json.dumps({"error": {"kind": top, "kinds": output, "message": output, "trace": after}}).encode())


@QUICK
@given(st.data())
def test_a_good_reply_with_some_bytes_changed_is_a_reply_or_bad_data(data):
    good = reply(
        {"tuple": [wire.pack(np.arange(6.0).reshape(2, 3)), wire.pack({"a": [1, math.nan], "b": (2**80, "x")})]}
    )
    body = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        how = data.draw(st.sampled_from(["change", "cut", "double", "insert"]))
        if how == "change":
            body[place] = data.draw(st.integers(0, 255))
        elif how == "cut":
            del body[place : place + data.draw(st.integers(1, 9))]
            body = body or bytearray(b"x")
        elif how == "double":
            body[place:place] = body[place : place + data.draw(st.integers(1, 60))]
        else:
            body[place:place] = data.draw(
                st.sampled_from([b"[", b"{", b'"', b"\\ud800", b"\xff", b"1e999", b"NaN", b"\0", b"9" * 5000])
            )
    read(bytes(body))


@settings(QUICK, max_examples=15)  # a connection that ends is waited for: its process may end, too
@given(st.binary(max_size=60))
def test_any_bytes_on_the_connection_are_a_frame_or_a_lost_kernel(sleeper, data):
    try:
        Listening(sleeper).hear(data + b"\0" * 4, hang_up=True)
        pytest.fail("no frame of this kind carries the number of the question")
    except KernelLost as lost:
        assert lost.status in ("bad data", "crashed")


def bombs():
    """name: body of a reply that is small to send, or large, and hard on who reads it."""
    yield "a million arrays", reply([packed_array(shape=[0], text="")] * 200_000)
    yield "many arrays of one number", reply([packed_array(shape=[2])] * 50_000)
    yield "as many values as are let through", reply([0] * 199_000)
    yield "a million numbers", reply([0] * 10**6)
    yield "a shape of 10^18", reply(packed_array(shape=[10**9, 10**9]))
    yield "a shape whose product overflows", reply(packed_array(shape=[2**32, 2**32, 0]))
    yield "an empty array of enormous lengths", reply(packed_array(shape=[0, *[2**39] * 8], text=""))
    yield "a thousand dimensions", reply(packed_array(shape=[1] * 1000))
    yield "a wrong dtype", reply(packed_array(dtype="object"))
    yield "a dtype of ten megabytes", reply(packed_array(dtype="f" * 10**7))
    yield "a kind of ten megabytes", reply({"x" * 10**7: 1})
    yield "text in place of bytes", reply(packed_array(text="!" * 24))
    yield "too few bytes", reply(packed_array(shape=[10**6]))
    yield "too many bytes", reply(packed_array(text="A" * 10**7))
    yield "truth values that are none", reply(packed_array(dtype="bool", shape=[16]) | {})
    yield "ninety levels", reply(nested(90))
    yield "a hundred thousand levels", b'{"output": ' + b"[" * 10**5 + b"]" * 10**5 + b', "after": []}'
    yield "five million brackets", b"[" * 5 * 10**6
    yield "NaN as a key", reply({"dict": [[{"float": "nan"}, 1], [{"float": "nan"}, 2]]})
    yield (
        "the same key twice",
        reply({"dict": [[1, 1], [{"scalar": ["int64", base64.b64encode(b"\1" + bytes(7)).decode()]}, 2]]}),
    )
    yield "a million keys", reply({"dict": [[n, 0] for n in range(150_000)]})
    yield "keys that collide", reply({"dict": [[{"int": str(n * (2**61 - 1))}, 0] for n in range(1, 50_000)]})
    yield "an array as a key", reply({"dict": [[packed_array(), 0]]})
    yield "a number of a million digits", b'{"output": ' + b"9" * 10**6 + b', "after": []}'
    yield "a fraction of a million digits", b'{"output": 0.' + b"9" * 10**6 + b', "after": []}'
    yield "numbers that overflow", b'{"output": [1e999, -1e999, 1e-999], "after": []}'
    yield "large integers", reply([{"int": "9" * 4000}] * 3_500)
    yield "signs of other scripts", reply({"int": "\u0663" * 100})
    yield "halves of characters", b'{"output": "' + b"\\ud800" * 10**6 + b'", "after": []}'
    yield "a text of fifteen megabytes", reply("x" * 15 * 10**6)
    yield "the same name again and again", b"{" + b'"output": 1, ' * 10**5 + b'"after": []}'
    yield "a given thing", reply({"given": ["layout", [packed_array()], {}]})
    yield "not UTF-8", b'{"output": "\xff\xfe", "after": []}'
    yield "UTF-16", reply(1).decode().encode("utf-16")
    yield (
        "an error of many lines",
        json.dumps(
            {"error": {"kind": "E", "kinds": [], "message": "m" * 10**7, "trace": [[1, "x"]] * 60_000}}
        ).encode(),
    )
    yield (
        "an error whose lines are none",
        json.dumps({"error": {"trace": [[10**400, "x"], ["1", 2], [True, "x"], 7]}}).encode(),
    )


def nested(depth):
    value = 0
    for _ in range(depth):
        value = {"tuple": [value]}
    return value


BOMBS = dict(bombs())


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_time_and_memory(name):
    body = BOMBS[name][: LIMITS.reply_bytes]
    began = time.process_time()
    read(body)
    assert time.process_time() - began < 5
    tracemalloc.start()
    try:
        read(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(body) + 150 * 2**20


def test_an_announced_size_is_not_believed(sleeper):
    for announced in (LIMITS.reply_bytes + 1, 2**31, 2**32 - 1):
        tracemalloc.start()
        with pytest.raises(KernelLost, match="bytes;"):
            Listening(sleeper).hear(struct.pack(">I", announced) + b"[" * 10**5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 * 2**20


def test_a_frame_that_stops_in_the_middle_takes_no_memory_for_the_rest(sleeper):
    tracemalloc.start()
    with pytest.raises(KernelLost) as lost:
        Listening(sleeper).hear(struct.pack(">I", LIMITS.reply_bytes) + b"[" * 1000, hang_up=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lost.value.status == "crashed"
    assert peak < 4 * 2**20


@pytest.mark.parametrize("number", [0, 2, -1, 1.5, "1", None, [1], True, 2**70])
def test_only_the_number_of_the_question_is_answered(sleeper, number):
    if number is True:  # to JSON this is another value than 1, to Python it is the same
        assert Listening(sleeper).hear(frame({"number": True, "missing": True})) == {"missing": True}
        return
    with pytest.raises(KernelLost, match="another question"):
        Listening(sleeper).hear(frame({"number": number, "missing": True}))


def test_a_good_frame_is_read(sleeper):
    assert Listening(sleeper).hear(frame({"number": 1, "output": 3.5})) == {"output": 3.5}
