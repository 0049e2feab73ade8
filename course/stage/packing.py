"""A picture on its way to the front end: plain data, and one buffer of float32 with the arrays that are new there."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course.stage.layers import Layer, Panel, Table


@dataclass(frozen=True)
class Packed:
    """panels: data in which arrays are named by a hash of their content; arrays: content by hash."""

    panels: list[dict[str, Any]]
    arrays: dict[str, np.ndarray]


def pack(panels: Sequence[Panel | Table]) -> Packed:
    """Panels as JSON-able data and float32 arrays. Raises ReaderError's kin TypeError where a scene returned else."""
    arrays: dict[str, np.ndarray] = {}
    return Packed([_pack_panel(panel, arrays) for panel in panels], arrays)


def select(packed: Packed, there: Collection[str] = ()) -> tuple[list[list[Any]], bytes]:
    """The arrays that are not there yet: their [hash, offset, shape] in float32s, and the buffer they lie in."""
    entries, pieces, offset = [], [], 0
    for name, values in packed.arrays.items():
        if name not in there:
            entries.append([name, offset, list(values.shape)])
            pieces.append(values.tobytes())
            offset += values.size
    return entries, b"".join(pieces)


def lifted(panel: Panel) -> tuple[Layer, ...]:
    """The panel's layers; z of what lies on a surface with logarithmic height is given the same logarithm."""
    logs = [layer.style["log"] for layer in panel.layers if layer.kind == "surface" and layer.style["log"]]
    if not logs:
        return panel.layers
    lift, floor = logs[0]["lift"], logs[0]["floor"]

    def lift_layer(layer: Layer) -> Layer:
        if "z" not in layer.arrays:
            return layer
        z = np.log10(np.maximum(layer.arrays["z"] - lift, 0) + floor)
        return Layer(layer.kind, {**layer.arrays, "z": z}, layer.style)

    return tuple(map(lift_layer, panel.layers))


def _pack_panel(panel: Panel | Table, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if isinstance(panel, Table):
        return {"kind": "table", "header": panel.header, "rows": panel.rows, **panel.style}
    return {"kind": "panel", "axes": panel.axes, "layers": [_pack_layer(layer, arrays) for layer in lifted(panel)]}


def _pack_layer(layer: Layer, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    names = {}
    for name, values in layer.arrays.items():
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(values, dtype="<f4")
        digest = hashlib.blake2b(
            values.data if values.size else b"", digest_size=9, salt=_salt(values.shape)
        ).hexdigest()
        arrays[digest] = values
        names[name] = digest
    return {"kind": layer.kind, "arrays": names, "style": layer.style}


def _salt(shape: tuple[int, ...]) -> bytes:
    """Shapes count: the same numbers in another shape are another array."""
    return "x".join(map(str, shape)).encode()[:16]
