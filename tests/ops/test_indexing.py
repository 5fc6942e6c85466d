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
    (lambda x: x[[0, 4]], r"indices\[1\] is 4, but the axis has 4"),
    (lambda x: x[[True, False, True, True]], "masked_fill"),
    (lambda x: x[x > 0.0], "gn.where"),
    (lambda x: x[True], "condition"),
    (lambda x: x[0, [0, 1]], "side by side"),
    (lambda x: x[[0, 1], :, [0, 1]], "side by side"),
    (lambda x: x[[0, 1], [0, 1, 2]], "axes broadcast only"),
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
    ("take", lambda: gn.take(np.zeros((2, 5)), ROWS, axis=1), [0, 4, 5], r"indices\[2\] is 5"),
    ("x[:, rows]", lambda: gn.constant(np.zeros((2, 5)))[:, ROWS], [0, -3, 5], r"indices\[1\] is -3"),
    ("gather", lambda: gn.gather(np.zeros((2, 3)), ROWS[None], 1), [0, 2, 3], r"indices\[2\] is 3"),
    (
        "gather each",
        lambda: gn.gather(np.zeros((2, 3)), gn.stack([ROWS, ROWS]), 0),
        [0, 1, 2],
        r"indices\[2\] is 2",
    ),
    (
        "add_along",
        lambda: gn.add_along(np.ones((3, 2)), ROWS[:, None], 0, 4),
        [0, 4, 1],
        r"indices\[1\] is 4",
    ),
    (
        "scatter_add",
        lambda: gn.scatter_add(np.ones(4), ROWS, np.ones(3), 0),
        [0, 4, 1],
        r"indices\[1\] is 4",
    ),
    (
        "ravel_index",
        lambda: gn.ravel_index(ROWS[:, None] * np.array([1, 2]), (5, 4)),
        [0, 2, 1],
        r"indices\[3\] is 4, (which is not on axis 1|wanted 0 to 3)",
    ),
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


NUMBERED = [
    ("a list", lambda x, i, j: x[[2, 0, -1]], lambda a, i, j: a[[2, 0, -1]]),
    ("rows", lambda x, i, j: x[i], lambda a, i, j: a[i]),
    ("columns", lambda x, i, j: x[:, j], lambda a, i, j: a[:, j]),
    ("columns of a block", lambda x, i, j: x[1:, j, None, ::2], lambda a, i, j: a[1:, j, None, ::2]),
    ("the last", lambda x, i, j: x[..., j], lambda a, i, j: a[..., j]),
    ("pairs", lambda x, i, j: x[i, j], lambda a, i, j: a[i, j]),
    ("a grid", lambda x, i, j: x[i[:, None], j], lambda a, i, j: a[i[:, None], j]),
    ("pairs behind", lambda x, i, j: x[::-1, j, i], lambda a, i, j: a[::-1, j, i]),
    ("a grid behind", lambda x, i, j: x[:, j[:, None], i[None]], lambda a, i, j: a[:, j[:, None], i[None]]),
    ("three", lambda x, i, j: x[i, j, i], lambda a, i, j: a[i, j, i]),
    ("a matrix of rows", lambda x, i, j: x[i[:, None]], lambda a, i, j: a[i[:, None]]),
]


@pytest.mark.parametrize(("function", "oracle"), [n[1:] for n in NUMBERED], ids=[n[0] for n in NUMBERED])
def test_elements_by_number_as_in_numpy(function, oracle) -> None:
    x = gn.input("x", X.shape, "float64")
    i, j = gn.input("i", (3,), "int64"), gn.input("j", (3,), "int64")
    rows, columns = np.array([3, 0, 3]), np.array([1, 2, 1])
    expected = oracle(X, rows, columns)
    node = function(x, i, j)
    assert node.shape == expected.shape
    weights = np.random.default_rng(1).normal(size=expected.shape)
    slope = gn.gradient((node * weights).sum(), x)
    feeds = {n: v for n, v in ((i, rows), (j, columns)) if n in set(gn.Graph([node, slope]).inputs)}
    value, gradient, _ = Program([node, slope, x]).run({x: X, **feeds})
    np.testing.assert_array_equal(value, expected)
    places = oracle(np.arange(X.size).reshape(X.shape), rows, columns)
    added = np.zeros(X.size)
    np.add.at(added, places, weights)
    np.testing.assert_allclose(gradient, added.reshape(X.shape))


def test_elements_of_a_named_axis_by_number() -> None:
    x, rows = gn.input("x", ("batch", "time"), "float64"), gn.input("rows", ("batch",), "int64")
    picked = x[gn.arange("batch"), rows]
    program = Program([picked, gn.gradient((picked * picked).sum(), x)])
    array = np.arange(6.0).reshape(3, 2)
    value, slope = program.run({x: array, rows: [1, 0, 1]})
    assert value.tolist() == [1.0, 2.0, 5.0]
    assert slope.tolist() == [[0.0, 2.0], [4.0, 0.0], [0.0, 10.0]]
    with pytest.raises(FaultError, match=r"is 2, which is not on axis 1"):
        program.run({x: array, rows: [1, 0, 2]})


def test_blocks_by_their_numbers_and_back() -> None:
    array = np.arange(24.0).reshape(4, 3, 2)
    numbers = np.array([[[3, 1], [0, 0]], [[3, 1], [2, 2]]])
    x = gn.input("x", array.shape, "float64")
    node = gn.gather_nd(x, numbers)
    np.testing.assert_array_equal(Program(node).run({x: array}), array[numbers[..., 0], numbers[..., 1]])
    counts = gn.gradient(node.sum(), x)
    expected = np.zeros_like(array)
    np.add.at(expected, (numbers[..., 0], numbers[..., 1]), 1.0)
    np.testing.assert_array_equal(interpret(counts)[0], expected)
    added = gn.scatter_add_nd(x, numbers, np.full((2, 2, 2), 10.0))
    np.testing.assert_array_equal(Program(added).run({x: array}), array + 10 * expected)


def test_values_of_one_place_add_up_in_order() -> None:
    """In float32 the order of adding shows: 1e8 swallows a 1, unless the 1 comes when it is gone."""
    values = np.array([1e8, 1.0, -1e8, 1.0], np.float32)
    places = np.zeros(4, dtype=int)
    for node in (gn.add_along(values, places, 0, 2), gn.add_rows(values, places, shape=(2,))):
        assert Program(node).run().tolist() == [1.0, 0.0]
