"""The calls that an op's declared samples make, as arrays, in every dtype that the op takes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.dtypes import FLOATS, SUPPORTED, DType, bool_, int64
from graphnn.core.leaves import input
from graphnn.core.node import Node
from graphnn.core.op import Op, Sample

_TRIES = 1000


@dataclass(frozen=True)
class SampledCall:
    """One sample of one op at one dtype: operands that are the same on every run."""

    op: Op
    number: int
    sample: Sample
    dtype: DType
    arrays: tuple[np.ndarray, ...]

    @property
    def attributes(self) -> Mapping[str, Any]:
        return {**self.op.attribute_defaults, **self.sample.attributes}

    def __str__(self) -> str:
        shapes = ", ".join(f"{self.op.port_name(k)} {shape_text(a.shape)}" for k, a in enumerate(self.arrays))
        settings = "".join(f", {key}={value!r}" for key, value in self.sample.attributes.items())
        return f"{shapes or 'no operands'}{settings}, {self.dtype}"

    def leaves(self) -> list[Node]:
        """An input node for every operand."""
        return [input(self.op.port_name(k), a.shape, a.dtype) for k, a in enumerate(self.arrays)]

    def node(self, operands: list[Node]) -> Node:
        """The op's node on these operands."""
        return self.op.node(*operands, **self.sample.attributes)

    def meaning(self, *arrays: np.ndarray) -> np.ndarray:
        """The meaning in NumPy, of other operands if some are given."""
        with np.errstate(all="ignore"):
            return np.asarray(self.op.meaning(*(arrays or self.arrays), **self.attributes))  # type: ignore[misc]

    def with_arrays(self, arrays: tuple[np.ndarray, ...]) -> SampledCall:
        return SampledCall(self.op, self.number, self.sample, self.dtype, arrays)


def sampled_calls(op: Op, dtypes: tuple[DType, ...] = SUPPORTED) -> Iterator[SampledCall]:
    """Every declared sample at every dtype of the type variable; values stay away from the op's kink.

    Operands that the meaning cannot process (IndexError), as a matrix that is not positive definite, are drawn
    again.
    """
    free = [port for port in op.signature.inputs if port.dtype is None]
    for number, sample in enumerate(op.samples):
        for dtype in [d for d in dtypes if d in op.types] if free else [dtypes[0]]:
            rng = np.random.default_rng(zlib.crc32(f"{op.name} {number}".encode()))
            call = _drawn(rng, op, number, sample, dtype)
            for _ in range(_TRIES):
                try:
                    call.meaning()
                except IndexError:
                    call = _drawn(rng, op, number, sample, dtype)
                    continue
                except Exception:  # noqa: BLE001  (the check itself tells of it)
                    break
                break
            yield call


def _drawn(rng: np.random.Generator, op: Op, number: int, sample: Sample, dtype: DType) -> SampledCall:
    arrays = []
    for slot, shape in enumerate(sample.shapes):
        port = op._port(slot)
        arrays.append(_draw(rng, op, sample, port.name, shape, port.dtype or dtype))
    return SampledCall(op, number, sample, dtype, tuple(arrays))


def _draw(
    rng: np.random.Generator, op: Op, sample: Sample, port: str, shape: tuple[int, ...], dtype: DType
) -> np.ndarray:
    low, high = sample.domain
    if dtype == bool_:
        return rng.random(shape) < 0.5
    if dtype == int64:
        limit = sample.limits.get(port)
        if limit is not None or op.fault_function is not None:
            low, high = 0, limit if limit is not None else 2
        return rng.integers(int(low), max(int(high), int(low) + 1), shape)
    array = np.asarray(rng.uniform(low, high, shape))
    if op.kink is not None and dtype in FLOATS:
        array = np.where(np.abs(array - op.kink) < 1e-2, op.kink + 2e-2, array)
    return array.astype(dtype)
