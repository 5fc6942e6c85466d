"""What the derived tests of ops share: every declared sample as a case, drawn operands, and a kernel run by hand."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import graphnn.ops  # noqa: F401  (fills the registry)
from graphnn.core.dtypes import FLOATS, SUPPORTED, bool_, float32, float64, int64
from graphnn.core.leaves import input as input_leaf
from graphnn.core.node import Node
from graphnn.core.op import Op, Sample
from graphnn.core.registry import OPS
from op_facts.registry import BENDS, PREPARES

BUILT_IN = {name: record for name, record in OPS.items() if record.role == "op"}


class Case(NamedTuple):
    """One declared sample of one op, with its type variable settled."""

    record: Op
    sample: Sample
    number: int
    dtype: np.dtype

    def __str__(self) -> str:
        return f"{self.record.name}-{self.number}-{self.dtype}"


def cases(dtypes: Sequence[np.dtype] = SUPPORTED, **wanted: bool) -> list[Case]:
    """Every sample of every op at each of the dtypes that it takes; `wanted` selects by properties of the op."""
    found = []
    for record in BUILT_IN.values():
        if any(bool(getattr(record, key)) != value for key, value in wanted.items()):
            continue
        free = [port for port in record.signature.inputs if port.dtype is None]
        allowed = [d for d in dtypes if d in record.types] if free else [dtypes[0]]
        found += [Case(record, s, k, d) for k, s in enumerate(record.samples) for d in allowed]
    return found


def smooth_cases(dtype: np.dtype) -> list[Case]:
    """The cases with a float result, whose slopes differences can prove."""
    found = []
    for case in cases([dtype], differentiable=True):
        # Differences of float32 results would be lost in rounding: a cast to it is left to a test of dtypes.
        cast = case.sample.attributes.get("dtype", str(dtype))
        if cast == str(dtype) and gives_floats(case.record) and case.record.name not in BENDS:
            found.append(case)
    return found


def gives_floats(record: Op) -> bool:
    """Whether the op has slopes to speak of: the body of a composite may end in whole numbers."""
    return record.differentiable and record.signature.output.dtype in (None, *FLOATS)


def random_array(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype, low: float, high: float
) -> np.ndarray:
    """Numbers from an interval; whole ones for int64, coins for bool."""
    if dtype == bool_:
        return rng.random(shape) < 0.5
    if dtype == int64:
        return rng.integers(int(low), max(int(high), int(low) + 1), size=shape, dtype=np.int64)
    return np.asarray(rng.uniform(low, high, size=shape)).astype(dtype)


def operands(case: Case, kink_gap: float = 0.0) -> list[np.ndarray]:
    """The case's operands, the same on every run. Values nearer than `kink_gap` to the op's kink move away."""
    record, sample = case.record, case.sample
    rng = np.random.default_rng(zlib.crc32(str(case).encode()))
    arrays = []
    for slot, shape in enumerate(sample.shapes):
        port = record._port(slot)
        low, high = sample.domain
        if port.dtype == int64:
            low, high = 0, sample.limits.get(port.name, 5)
        array = random_array(rng, shape, port.dtype or case.dtype, low, high)
        if kink_gap and record.kink is not None and array.dtype in FLOATS:
            near = np.abs(array - record.kink) < kink_gap
            array = np.where(near, record.kink + 2 * kink_gap, array).astype(array.dtype)
        arrays.append(array)
    prepare = PREPARES.get(record.name)
    if prepare is not None:
        full = {**record.attribute_defaults, **sample.attributes}
        arrays = [np.asarray(a, o.dtype) for a, o in zip(prepare(*arrays, **full), arrays, strict=True)]
    return arrays


def leaves(case: Case, arrays: Sequence[np.ndarray]) -> list[Node]:
    """An input node for every operand."""
    names = [case.record.port_name(k) for k in range(len(arrays))]
    return [input_leaf(name, a.shape, a.dtype) for name, a in zip(names, arrays, strict=True)]


def meaning(record: Op, arrays: Sequence[np.ndarray], attributes: Mapping[str, Any]) -> np.ndarray:
    """The op's meaning in NumPy, silent about infinities."""
    assert record.meaning is not None
    with np.errstate(all="ignore"):
        return np.asarray(record.meaning(*arrays, **attributes))


def run_kernel(
    record: Op,
    arrays: Sequence[np.ndarray],
    attributes: Mapping[str, Any],
    shape: tuple[int, ...],
    dtype: np.dtype,
) -> tuple[np.ndarray, int]:
    """Run the kernel as plain Python, into an output full of rubbish; the output and the status."""
    kernel = record.kernel_function
    assert kernel is not None
    rubbish = {float32: np.nan, float64: np.nan, int64: -(10**15), bool_: True}[dtype]
    out = np.full(shape, rubbish, dtype)
    full = {**record.attribute_defaults, **attributes}
    views = record.kernel_views([*[a.shape for a in arrays], shape], full)
    groups = [[a] for a in arrays] if record.signature.variadic else [list(arrays)]
    status = 0
    with np.errstate(all="ignore"):
        for group, view in zip(groups, views, strict=True):
            seen = [
                np.ascontiguousarray(a).reshape(s) for a, s in zip([*group, out], view.shapes, strict=True)
            ]
            for array in seen[: len(group)]:
                array.flags.writeable = False
            if record.scratch_function is not None:
                seen.append(np.full(record.scratch_function(view), rubbish, dtype))
            ints = [view.ints[name] for name in record.kernel_integers]
            status = status or kernel(*seen, *ints) or 0
            out = seen[len(group)].reshape(shape)
    return out, status
