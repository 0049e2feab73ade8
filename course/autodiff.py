"""The given parts of lecture 05: what joins the reader's pieces to a library that one can write programs with.

ops = make_ops(primitive)
attach_operators(Node, ops)
VJPS = make_registry(vjp_table)
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

NAMES = ("negative", "exp", "log", "tanh", "add", "subtract", "multiply", "divide", "maximum", "matmul", "sum")
"""The eleven operations, by numpy's names."""
_OPERATORS = {"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "matmul": "matmul"}


def make_ops(primitive: Callable[..., Any]) -> SimpleNamespace:
    """Wrap the eleven numpy functions of NAMES with the reader's `primitive`: `ops.exp` is `primitive(np.exp)`, and so on.

    While `primitive` is not written, each of them says so when it is called.
    """
    return SimpleNamespace(**{name: _wrap(primitive, getattr(np, name)) for name in NAMES})


def _wrap(primitive: Callable[..., Any], fun: Callable[..., Any]) -> Callable[..., Any]:
    try:
        return primitive(fun)
    except NotImplementedError:  # the reader's stub, not yet written
        return lambda *args, **kwargs: primitive(fun)


def attach_operators(Node: type, ops: SimpleNamespace) -> None:
    """Give the reader's class the operators - + - * / @ and their reflected forms, which call the functions of `ops`."""
    for name, method in operators(ops).items():
        setattr(Node, name, method)


def operators(ops: Any) -> dict[str, Callable[..., Any]]:
    """The methods that `attach_operators` sets, by name."""
    methods: dict[str, Callable[..., Any]] = {"__neg__": lambda self: ops.negative(self)}
    for sign, name in _OPERATORS.items():
        methods[f"__{sign}__"] = lambda self, other, name=name: getattr(ops, name)(self, other)
        methods[f"__r{sign}__"] = lambda self, other, name=name: getattr(ops, name)(other, self)
    return methods


def make_registry(vjp_table: Callable[[], dict[str, tuple[Callable[..., Any], ...]]]) -> dict[Callable[..., Any], Any]:
    """From raw numpy functions to their VJPs: the reader's `vjp_table()`, with `np.exp` in place of "exp", and so on.

    While `vjp_table` is not written, looking something up says so.
    """
    try:
        return {getattr(np, name): vjps for name, vjps in vjp_table().items()}
    except NotImplementedError:  # the reader's stub, not yet written
        return _Unwritten(vjp_table)


class _Unwritten(dict):
    """Raises the stub's own error at each look-up."""

    def __init__(self, vjp_table: Callable[[], Any]) -> None:
        super().__init__()
        self.vjp_table = vjp_table

    def __missing__(self, key: Any) -> Any:
        self.vjp_table()
        raise KeyError(key)
