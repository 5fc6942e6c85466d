"""Slices, rows and windows: as NumPy means them, with words for what cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphnn as gn
from graphnn.core.errors import FaultError, ShapeError
from graphnn.core.node import Node
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret
from op_cases import run_kernel

X = np.arange(4 * 3 * 5, dtype=np.float64).reshape(4, 3, 5)
SMALL = st.integers(-6, 6)
BOUND = st.one_of(st.none(), SMALL)
PART = st.one_of(
    st.integers(-3, 2),
    st.builds(slice, BOUND, BOUND, st.one_of(st.none(), SMALL.filter(bool))),
    st.none(),
)


def by_hand(node: Node, array: np.ndarray) -> np.ndarray:
    """A slice node's kernel as plain Python; reshapes around it as NumPy."""
    if node.op.role == "input":
        return array
    (operand,) = node.operands
    below = by_hand(operand, array)
    if node.op.name == "reshape":
        return below.reshape(node.shape)
    return run_kernel(node.op, [below], node.attributes, node.shape, node.dtype)[0]


@given(st.lists(PART, max_size=4), st.one_of(st.none(), st.integers(0, 4)))
def test_any_index_of_numpy_gives_the_same_block(parts: list, dots: int | None) -> None:
    if sum(p is not None for p in parts) > X.ndim:
        return
    if dots is not None:
        parts = [*parts[:dots], ..., *parts[dots:]]
    index = tuple(parts)
    x = gn.input("x", X.shape, "float64")
    node = x[index]
    expected = X[index]
    assert node.shape == expected.shape
    assert np.array_equal(interpret(node, {x: X})[0] if node is not x else X, expected)
    assert np.array_equal(by_hand(node, X), expected)


@pytest.mark.parametrize("index", [np.s_[1:, ::-1, 2], np.s_[..., None, -1], np.s_[3:0:-2, :, 1::2]], ids=str)
def test_the_slope_of_a_slice_puts_the_block_back(index) -> None:
    x = gn.input("x", X.shape, "float64")
    slope = gn.gradient((x[index] * x[index]).sum(), x)
    expected = np.zeros_like(X)
    expected[index] = 2 * X[index]
    np.testing.assert_array_equal(Program(slope).run({x: X}), expected)


WRONG = [
    (lambda x: x[[0, 1]], "take_rows"),
    (lambda x: x[np.array([0, 1])], "take_rows"),
    (lambda x: x[x > 0.0], "where"),
    (lambda x: x[True], "where"),
    (lambda x: x[4], "out of range"),
    (lambda x: x[:, -4], "out of range"),
    (lambda x: x[0, 0, 0, 0], "4 indices"),
    (lambda x: x[..., 0, ...], "at most one Ellipsis"),
    (lambda x: x[::0], "step of 0"),
    (lambda x: x["a"], "no index"),
    (lambda x: x[1.5], "no index"),
    (lambda x: x[gn.constant(1) :], "take_window"),
]


@pytest.mark.parametrize(("function", "words"), WRONG, ids=[w[1] for w in WRONG])
def test_an_index_that_cannot_be_says_what_to_use(function, words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        function(gn.input("x", X.shape, "float64"))


@pytest.mark.parametrize("size", [1, 3, 7])
def test_slices_of_a_named_axis_follow_its_size(size: int) -> None:
    x = gn.input("x", ("batch", 2), "float64")
    nodes = [x[1:], x[:-1], x[-1], x[0], x[::-1], x[:1, 1:], x[1:, None]]
    array = np.arange(2.0 * size).reshape(size, 2)
    expected = [array[1:], array[:-1], array[-1], array[0], array[::-1], array[:1, 1:], array[1:, None]]
    for found, wanted in zip(Program(nodes).run({x: array}), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_slice_that_a_named_axis_turns_out_too_short_for_is_an_error() -> None:
    x = gn.input("x", ("batch", 2))
    for node in (x[:5], x[4], x[5:], x[-4:]):
        with pytest.raises(ShapeError):
            Program(node).run({x: np.zeros((3, 2))})
    with pytest.raises(ShapeError, match="step 1 or reversed"):
        x[::2]


ROWS = gn.input("rows", (3,), "int64")
FAULTS = [
    ("take_rows", lambda: gn.take_rows(np.zeros((5, 2)), ROWS), [0, 5, 1], r"rows\[1\] is 5"),
    ("take_rows negative", lambda: gn.take_rows(np.zeros((5, 2)), ROWS), [0, 1, -1], r"rows\[2\] is -1"),
    ("add_rows", lambda: gn.add_rows(np.zeros((3, 2)), ROWS, shape=(5, 2)), [9, 0, 0], r"rows\[0\] is 9"),
    ("one_hot", lambda: gn.one_hot(ROWS, 4), [0, 4, 1], r"labels\[1\] is 4"),
    (
        "cross entropy",
        lambda: gn.softmax_cross_entropy(np.zeros((3, 4)), ROWS),
        [0, 1, 4],
        r"labels\[2\] is 4",
    ),
    ("take_window", lambda: gn.take_window(ROWS, gn.constant(2), size=2), [0, 1, 2], "start is 2"),
    ("take_window below", lambda: gn.take_window(ROWS, gn.constant(-1), size=2), [0, 1, 2], "start is -1"),
    ("whole_part", lambda: (ROWS.cast("float64") / 0.0).cast("int64"), [0, 1, 2], "element 0 is nan"),
]


@pytest.mark.parametrize(("build", "rows", "words"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_number_that_is_out_of_range_is_a_fault_that_says_which(build, rows, words: str) -> None:
    node = build()
    with pytest.raises(FaultError, match=words):
        Program(node, optimize=False).run({ROWS: rows})
    with pytest.raises(FaultError):
        interpret(node, {ROWS: rows})


def test_rows_taken_twice_add_up_in_the_slope() -> None:
    x = gn.input("x", (3, 2), "float64")
    y = gn.take_rows(x, [2, 0, 2])
    slope = gn.gradient((y * np.array([[1.0], [10.0], [100.0]])).sum(), x)
    assert interpret(slope)[0].tolist() == [[10.0, 10.0], [0.0, 0.0], [101.0, 101.0]]
