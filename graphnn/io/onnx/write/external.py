"""Lay out the numbers of a model: inside its file, or in one beside it, which is called after what it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.write.body import little_endian

__all__ = ["LARGEST_FILE", "data_parts", "lay_out"]

LARGEST_FILE = 2**31 - 1
"""Bytes that a message of protobuf holds."""

# What is smaller stays inside: shapes are read before anything runs.
SMALLEST_BESIDE = 1024
# Numbers begin where processors like them to.
ALIGNMENT = 64

Numbers = Sequence[tuple[Any, np.ndarray]]


def lay_out(proto: Any, numbers: Numbers, file: str, *, beside: bool) -> str | None:
    """Put the initialisers into the model; the name of the file beside it, if it needs one.

    That name holds a digest of the numbers: a model that is written anew never points at those of another one, in
    whatever moment a writer is stopped.
    """
    offset, placed = 0, []
    for tensor, array in numbers:
        if beside and array.nbytes >= SMALLEST_BESIDE:
            offset = _aligned(offset)
            placed.append((tensor, array, offset))
            offset += array.nbytes
        elif not tensor.HasField("raw_data"):
            tensor.raw_data = little_endian(array).tobytes()
    name = None
    if placed:
        digest = hashlib.sha256()
        for part in data_parts(numbers):
            digest.update(part)
        name = f"{file}.{digest.hexdigest()[:16]}.data"
        for tensor, array, start in placed:
            tensor.ClearField("raw_data")
            tensor.data_location = onnx_package().TensorProto.EXTERNAL
            for key, value in (("location", name), ("offset", start), ("length", array.nbytes)):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, str(value)
    proto.graph.initializer.extend([tensor for tensor, _ in numbers])
    return name


def data_parts(numbers: Numbers) -> list[memoryview]:
    """The bytes of the file beside the model."""
    parts, offset = [], 0
    for _, array in numbers:
        if array.nbytes >= SMALLEST_BESIDE:
            start = _aligned(offset)
            if start > offset:
                parts.append(memoryview(bytes(start - offset)))
            parts.append(little_endian(array).reshape(-1).view(np.uint8).data)
            offset = start + array.nbytes
    return parts


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
