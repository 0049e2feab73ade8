"""Views of lecture 05: what nodes, records and orders of graphs hold, put into sentences.

Each names the "fault", from which `signs.same_fault` knows a mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from course.case import WRONG, describe, identical
from course.graph_probes import MISSING, Step, misplaced, needed, read_graph


def _seen(said: str | None, fault: str | None = None) -> dict[str, Any]:
    return {WRONG: said, "fault": fault}


def node_attributes(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.node_attributes`: does a node keep what the case is about?

    truth: "value", "record", "kwargs", "identity" or "operators"
    """
    return {
        "value": _value,
        "record": _record,
        "kwargs": _kwargs,
        "identity": _identity,
        "operators": _operators,
    }[truth](output, arguments)


def _value(output: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    value, wanted = output["value"], np.asarray(arguments[0], dtype=np.float64)
    if isinstance(value, str) and value == MISSING:
        return _seen("A node has no attribute `value`.", "no value")
    is_array = isinstance(value, (np.ndarray, np.generic))
    kind = np.asarray(value).dtype.kind if is_array or isinstance(value, (int, float, list)) else "O"
    if kind in "iu":
        return _seen(f"value is {describe(value)} of integers; it is always a float64 array.", "integer")
    if not is_array:
        return _seen(f"value is {describe(value)}; it is always a float64 array.", "no array")
    if value.dtype != np.float64:
        return _seen(f"value has the dtype {value.dtype}; it is always float64.", "precision")
    if value.shape != wanted.shape:
        return _seen(f"value has the shape {value.shape} where {wanted.shape} was given.", "shape")
    return _seen(None) if np.allclose(value, wanted) else _seen("value holds other numbers than were given.", "numbers")


def _record(output: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    _, _, args, kwargs = arguments
    found = {name: output[name] for name in ("fun", "args", "kwargs", "parents")}
    for name, value in found.items():
        if isinstance(value, str) and value == MISSING:
            return _seen(f"A node has no attribute `{name}`.", f"no {name}")
    if output["fun"] is not True:
        return _seen("fun is not the function that was given.", "fun")
    for name in ("args", "parents"):
        if not isinstance(found[name], tuple):
            kind = found[name] if isinstance(found[name], str) else describe(found[name])
            return _seen(f"{name} was given as a list and should be kept as a tuple; it is {kind}.", f"{name} no tuple")
    if not identical(list(found["args"]), list(args)):
        return _seen("args does not hold the arguments that were given.", "args")
    if found["kwargs"] != (kwargs or {}):
        return _seen(f"kwargs is {found['kwargs']!r} where {kwargs or {}!r} was given.", "kwargs")
    if found["parents"] not in (((0, "a"), (1, "b")), ((0, "?"), (1, "?"))):
        return _seen("parents does not hold the two pairs that were given.", "parents")
    for name, wanted in (("fun", None), ("args", ()), ("kwargs", {}), ("parents", ())):
        if not identical(output["input"][name], wanted):
            return _seen(f"Of an input, {name} should be {wanted!r}; it is {describe(output['input'][name])}.", "input")
    return _seen(None)


def _kwargs(output: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    if output["own kwargs"] is not True:
        return _seen("What is put into the kwargs of one node shows up in those of another.", "shared")
    return _seen(None)


def _identity(output: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    if output["different"] is not True:
        return _seen("Two nodes of the same value are not two different keys of a dict.", "equality")
    return _seen(None)


def _operators(output: Any, arguments: Sequence[Any]) -> dict[str, Any]:
    for said, came in zip(("np.ones(2) + node", "np.float64(2) * node"), output["operators"], strict=True):
        if came != "reflected":
            return _seen(f"{said} did not reach the node's own operator; what came of it: {came}.", "numpy")
    return _seen(None)


# ------------------------------------------------------------------------------------------ primitive


def recorded(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.recorded`: is the call recorded as it was, and only where a Node was among the arguments?"""
    fun, args, names, kwargs = arguments
    wanted = [(position, name) for position, name in enumerate(names) if name is not None]
    if output["fun got a node"]:
        return _seen("fun was called with a Node; it computes with raw values.", "node to fun")
    if not wanted and output["node"]:
        return _seen("A Node came back where no argument was a Node; the plain result is asked for.", "always")
    if wanted and not output["node"]:
        return _seen(f"A Node is asked for; {describe(output['value'])} came back.", "plain")
    if output["calls"] != 1:
        return _seen(f"fun was called {output['calls']} times; once is asked for.", "calls")
    right = getattr(np, fun)(*args, **kwargs)
    value = output["value"]
    if not isinstance(value, (np.ndarray, np.generic, float)) or np.shape(value) != np.shape(right):
        return _seen(f"The value is {describe(value)} where one of shape {np.shape(right)} is expected.", "value")
    if not np.allclose(value, right, rtol=1e-5, atol=1e-6):
        return _seen("The value is not that of fun.", "value")
    return _seen(None) if not wanted else _seen(*_record_of(output, arguments, wanted))


def _record_of(output: Any, arguments: Sequence[Any], wanted: list[tuple[int, str]]) -> tuple[str | None, str | None]:
    _, args, _, kwargs = arguments
    parents = output["parents"]
    if not isinstance(parents, (tuple, list)) or not all(isinstance(p, (tuple, list)) and len(p) == 2 for p in parents):
        return "parents is no tuple of pairs (argnum, Node).", "parents"
    pairs = [(number, name) for number, name in parents]
    if any(name == "?" for _, name in pairs):
        return (
            "A pair in parents is (argnum, Node), with the very Node that was passed; the second is another.",
            "parents",
        )
    if pairs != wanted:
        once = list({name: (number, name) for number, name in reversed(wanted)}.values())
        last = list({name: (number, name) for number, name in wanted}.values())
        if len(pairs) < len(wanted) and sorted(pairs) in (sorted(once), sorted(last)):
            return "parents has one pair where a Node was passed in two places.", "once"
        if [name for _, name in pairs] == [name for _, name in wanted]:
            numbers = [number for number, _ in pairs]
            fault = "numbered" if numbers == list(range(len(numbers))) else "argnum"
            return f"parents numbers the arguments {numbers} where {[n for n, _ in wanted]} are the Nodes.", fault
        return "parents does not hold one pair for each argument that was a Node, in order.", "parents"
    if any(arg == ("node",) for arg in output["args"] if isinstance(arg, tuple)):
        return "args holds a Node; its raw value is asked for.", "nodes in args"
    if len(output["args"]) != len(args) or not all(
        np.shape(one) == np.shape(other) and np.allclose(one, other)
        for one, other in zip(output["args"], args, strict=True)
    ):
        return "args does not hold the raw arguments of the call.", "args"
    if output["kwargs"] != kwargs:
        return f"kwargs is {output['kwargs']!r} where {kwargs!r} was passed.", "kwargs"
    return (None, None) if output["fun"] is True else ("fun is not the raw function.", "fun")


# ------------------------------------------------------------------------------------------ the order of a graph


def sorted_nodes(output: Any, arguments: Sequence[Any], truth: Any) -> dict[str, Any]:
    """Of `probes.sorted_nodes`: all nodes that lead to the end, each once, each before its parents."""
    if "came" in output:
        return _seen(f"A list of Nodes is asked for; {output['came']} came back.", "no list")
    steps, end = read_graph(arguments[0])
    order = [int(number) for number in output["order"]]
    wanted = needed(steps, end)
    if -1 in order:
        return _seen("The list holds something that is no Node of the graph.", "foreign")
    if len(set(order)) < len(order):
        twice = steps[next(n for position, n in enumerate(order) if n in order[:position])].name
        return _seen(f"The node {twice} is listed more than once.", "duplicates")
    listed, leading = set(order), set(wanted)
    missing = [steps[n].name for n in wanted if n not in listed]
    if missing:
        return _seen(f"The node {missing[0]} is missing.", "missing")
    extra = [steps[n].name for n in order if n not in leading]
    if extra:
        return _seen(f"The node {extra[0]} is listed, from which the end was not computed.", "extra")
    if not misplaced(steps, order):
        return _seen(None)
    if not misplaced(steps, order[::-1]):
        return _seen("The list runs the wrong way round: end_node comes first, and inputs come last.", "reversed")
    place = {number: position for position, number in enumerate(order)}
    user, used = next((n, a) for n in order for a in steps[n].args if type(a) is int and place[a] < place[n])
    fault = "breadth first" if _by_distance(steps, end, order) else "order"
    return _seen(f"The node {steps[used].name} is listed before {steps[user].name}, which uses it.", fault)


def _by_distance(steps: Sequence[Step], end: int, order: list[int]) -> bool:
    """Do the shortest distances to the end never fall along the order?"""
    distance, reached = {end: 0}, [end]
    for number in reached:
        for arg in steps[number].args:
            if type(arg) is int and arg not in distance:
                distance[arg] = distance[number] + 1
                reached.append(arg)
    far = [distance[number] for number in order]
    return far == sorted(far)
