"""Every op with operands that do not fit, with empty axes, and with axes of size 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.dtypes import FLOATS, float32, int64
from graphnn.core.errors import ShapeError
from graphnn.core.leaves import input as input_leaf
from graphnn.core.op import Op
from graphnn.engine.program import Program
from op_cases import BUILT_IN, Case, cases, leaves, meaning, operands, random_array, run_kernel

FIRST = {case.record.name: case for case in reversed(cases([float32, np.dtype(bool)]))}


def labels(record: Op, slot: int, rank: int) -> list[str | int]:
    """The signature's name for every axis of an operand; a starred name is repeated."""
    port = record._port(slot)
    if port.star is None:
        return list(port.axes)
    tail = port.axes[port.star + 1 :]
    starred = [port.axes[port.star]] * (rank - port.star - len(tail))
    return [*port.axes[: port.star], *starred, *tail]


def wrong_shapes() -> Iterator[tuple[str, Case, int, int]]:
    """Every axis of every operand that another operand shares, of a size that does not broadcast."""
    for name, case in sorted(FIRST.items()):
        shapes = case.sample.shapes
        names = [labels(case.record, k, len(s)) for k, s in enumerate(shapes)]
        for slot, shape in enumerate(shapes):
            for axis, size in enumerate(shape):
                shared = any(names[slot][axis] in other for k, other in enumerate(names) if k != slot)
                joined = case.record.signature.variadic and axis == case.sample.attributes["axis"]
                if shared and size > 1 and not joined:
                    yield f"{name}-{case.record.port_name(slot)}-{axis}", case, slot, axis


WRONG = list(wrong_shapes())


@pytest.mark.parametrize(("case", "slot", "axis"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_an_axis_that_does_not_fit_is_an_error_that_names_the_op(case: Case, slot: int, axis: int) -> None:
    arrays = operands(case)
    shape = list(arrays[slot].shape)
    shape[axis] += 3
    inputs = leaves(case, arrays)
    inputs[slot] = input_leaf(inputs[slot].name, shape, inputs[slot].dtype)
    with pytest.raises(ShapeError, match=case.record.name):
        case.record.node(*inputs, **case.sample.attributes)


@pytest.mark.parametrize("record", BUILT_IN.values(), ids=BUILT_IN)
def test_an_operand_of_another_dtype_is_an_error(record: Op) -> None:
    case = FIRST[record.name]
    arrays = operands(case)
    if not arrays:
        pytest.skip("the op takes no operand")
    for slot in range(len(arrays)):
        inputs = leaves(case, arrays)
        dtype = "bool" if inputs[slot].dtype == int64 else "int64"
        inputs[slot] = input_leaf(inputs[slot].name, inputs[slot].shape, dtype)
        alone = sum(record._port(k).dtype is None for k in range(len(arrays))) == 1
        if record._port(slot).dtype is None and np.dtype(dtype) in record.types and alone:
            continue
        with pytest.raises(gn.DtypeError, match=record.name):
            record.node(*inputs, **case.sample.attributes)


# Sizes that stand in attributes too are left to tests of those ops.
RESIZABLE = [c for c in FIRST.values() if not {"shape", "size", "sizes", "dims"} & set(c.sample.attributes)]
RESIZED = [
    (case, old, new)
    for case in RESIZABLE
    for old in sorted({n for s in case.sample.shapes for n in s})
    for new in (0, 1)
]


@pytest.mark.parametrize(("case", "old", "new"), RESIZED, ids=lambda v: str(v))
def test_empty_axes_and_axes_of_size_one_work_as_in_numpy(case: Case, old: int, new: int) -> None:
    record, sample = case.record, case.sample
    rng = np.random.default_rng(1)
    shapes = [tuple(new if n == old else n for n in s) for s in sample.shapes]
    arrays = []
    for slot, shape in enumerate(shapes):
        dtype = record._port(slot).dtype or case.dtype
        high = min([1, *[n for s in shapes for n in s]]) if dtype == int64 else sample.domain[1]
        arrays.append(random_array(rng, shape, dtype, 0 if dtype == int64 else sample.domain[0], high))
    inputs = leaves(case, arrays)
    try:
        expected = meaning(record, arrays, sample.attributes)
    except (ValueError, IndexError):
        with pytest.raises((ShapeError, gn.FaultError)):
            Program(record.node(*inputs, **sample.attributes), optimize=False).run(dict(zip(inputs, arrays)))
        return
    node = record.node(*inputs, **sample.attributes)
    assert node.shape == expected.shape
    found = Program(node, optimize=False).run(dict(zip(inputs, arrays)))
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)
    if record.kernel_function is not None:
        by_hand, status = run_kernel(record, arrays, sample.attributes, expected.shape, expected.dtype)
        assert status == 0
        np.testing.assert_allclose(by_hand, expected, rtol=2e-6, atol=2e-6)


EMPTY = gn.input("x", (0, 3), "float64")
LINE = gn.input("x", (3,), "float64")
SIZED = [
    ("reshape", lambda x: gn.reshape(x, (3, 0)), EMPTY, (3, 0)),
    ("broadcast_to", lambda x: gn.broadcast_to(x, (2, 0, 3)), EMPTY, (2, 0, 3)),
    ("broadcast_to nothing", lambda x: gn.broadcast_to(x, (0, 3)), LINE, (0, 3)),
    ("slice nothing", lambda x: x[2:1], LINE, (0,)),
    ("slice of nothing", lambda x: x[:, 1:], EMPTY, (0, 2)),
    ("concat with nothing", lambda x: gn.concat([x, np.ones((2, 3))]), EMPTY, (2, 3)),
    ("transpose", lambda x: x.T, EMPTY, (3, 0)),
    ("take no rows", lambda x: gn.take_rows(x, np.zeros(0, int)), LINE, (0,)),
    ("sum_to", lambda x: gn.sum_to(x, (3,)), EMPTY, (3,)),
    ("matmul over nothing", lambda x: x.T @ x, EMPTY, (3, 3)),
    ("mean over nothing", lambda x: x.mean(axis=0), EMPTY, (3,)),
]


@pytest.mark.parametrize(("function", "leaf", "shape"), [s[1:] for s in SIZED], ids=[s[0] for s in SIZED])
def test_shapes_without_elements_run_and_differentiate(function, leaf, shape) -> None:
    node = function(leaf)
    assert node.shape == shape
    slope = gn.gradient((node * leaf.sum()).sum(), leaf)
    value, gradient = Program([node, slope, leaf.sum()]).run({leaf: np.ones(leaf.shape)})[:2]
    assert value.shape == shape
    assert gradient.shape == leaf.shape


def test_the_extreme_of_an_axis_that_turns_out_empty_is_an_error() -> None:
    x = gn.input("x", ("batch", 3))
    program = Program(x.max(axis=0))
    assert program.run({x: np.eye(3)}).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ShapeError, match="empty"):
        program.run({x: np.ones((0, 3))})
    with pytest.raises(ShapeError, match="empty"):
        gn.input("y", (2, 0)).max()


def test_every_float_op_takes_both_float_dtypes() -> None:
    for record in BUILT_IN.values():
        if any(p.dtype is None for p in record.signature.inputs):
            assert not FLOATS & record.types or record.types >= FLOATS
