"""Leaves: values are copied and keep their meaning; every wrong use has its error."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda: gn.input(""), gn.SettingError, "input: a name is a non-empty text, found ''"),
        (lambda: gn.input(None), gn.SettingError, "a name is a non-empty text, found None"),
        (lambda: gn.input("x", (-1,)), gn.ShapeError, "input 'x': axis 0 is -1"),
        (lambda: gn.input("x", (1.5,)), gn.ShapeError, "input 'x': axis 0 is 1.5"),
        (lambda: gn.input("x", ("2batch",)), gn.ShapeError, "'2batch' is not an axis name"),
        (lambda: gn.input("x", (2,), "int8"), gn.DtypeError, "input 'x': 'int8' is not one of"),
        (lambda: gn.parameter([1.0], ""), gn.SettingError, "parameter: a name is a non-empty text"),
        (lambda: gn.parameter("one", "w"), gn.DtypeError, "parameter 'w': wanted numbers, found <U3"),
        (lambda: gn.parameter(None, "w"), gn.DtypeError, "parameter 'w': wanted numbers, found object"),
        (lambda: gn.parameter([[1.0], [1.0, 2.0]], "w"), gn.ShapeError, "Rows must have equal lengths"),
        (
            lambda: gn.parameter([1.5], "w", "int64"),
            gn.DtypeError,
            r"\[1.5\] is not whole, but int64 is wanted",
        ),
        (lambda: gn.parameter([1e300], "w"), gn.DtypeError, "beyond float32's range; say dtype='float64'"),
        (lambda: gn.parameter([True], "w", "float32"), gn.DtypeError, "found bool, wanted float32"),
        (lambda: gn.parameter([1, 0], "w", "bool"), gn.DtypeError, "found int64, wanted bool. Compare first"),
        (lambda: gn.parameter([1 + 1j], "w"), gn.DtypeError, "wanted numbers, found complex128"),
        (
            lambda: gn.parameter(gn.input("x"), "w"),
            gn.DtypeError,
            "wanted numbers, found the node .*Use its .value",
        ),
        (lambda: gn.constant(np.uint64(2**63)), gn.DtypeError, "beyond int64's range"),
        (lambda: gn.constant([np.inf], "int64"), gn.DtypeError, "NaN or infinity|is not whole"),
        (lambda: gn.constant(1.0, name=""), gn.SettingError, "constant: a name is a non-empty text"),
        (lambda: gn.scalar([1.0, 2.0]), gn.DtypeError, "scalar: wanted one number.*Use gn.parameter"),
        (lambda: gn.scalar(True), gn.DtypeError, "scalar: wanted one number, found True"),
        (lambda: gn.scalar("2"), gn.DtypeError, "scalar: wanted one number, found '2'"),
        (lambda: gn.scalar(1.0, ""), gn.SettingError, "scalar: a name is a non-empty text"),
    ],
)
def test_a_wrong_leaf_is_refused(make, error, told: str) -> None:
    with pytest.raises(error, match=told):
        make()


@pytest.mark.parametrize(
    ("value", "dtype", "found"),
    [
        (1, None, "int64"),
        (1.5, None, "float32"),
        (np.float64(1.5), None, "float32"),
        (True, None, "bool"),
        ([1, 2], None, "int64"),
        (np.zeros(2, "uint8"), None, "int64"),
        (np.zeros(2, "float16"), None, "float32"),
        (1, "float64", "float64"),
        (2.0, "int64", "int64"),
        ([np.nan, np.inf, -np.inf], None, "float32"),
    ],
)
def test_the_dtype_of_a_value_is_the_one_that_people_mean(value, dtype, found: str) -> None:
    for leaf in (gn.constant(value, dtype), gn.parameter(value, "w", dtype)):
        assert leaf.dtype == np.dtype(found)
        assert leaf.storage.array.dtype == np.dtype(found)
        np.testing.assert_array_equal(leaf.storage.array, np.asarray(value, found))
        assert leaf.shape == np.shape(value)


@pytest.mark.parametrize(
    "leaf", [lambda a: gn.parameter(a, "w"), gn.constant, lambda a: (gn.input("x", (2, 2)) + a).operands[1]]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_leaf_holds_a_contiguous_copy(leaf, order: str) -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]], dtype="float32", order=order)
    node = leaf(array)
    array[:] = 0
    assert node.storage.array.flags.c_contiguous
    np.testing.assert_array_equal(node.storage.array, [[1.0, 2.0], [3.0, 4.0]])


def test_a_constant_cannot_be_written_and_a_parameter_can() -> None:
    with pytest.raises(ValueError, match="read-only"):
        gn.constant([1.0, 2.0]).storage.array[0] = 5
    parameter = gn.parameter([1.0, 2.0], "w")
    parameter.storage.write(np.array([3.0, 4.0]))
    assert parameter.storage.array.tolist() == [3.0, 4.0]
    assert parameter.storage.version == 1


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1)])
def test_empty_and_zero_dimensional_values_keep_their_shape(shape) -> None:
    assert gn.constant(np.zeros(shape)).shape == shape
    assert gn.parameter(np.zeros(shape), "w").storage.array.shape == shape


def test_a_scalar_keeps_all_digits() -> None:
    node = gn.scalar(0.1, "a")
    assert (node.dtype, node.shape, node.role) == (np.dtype("float64"), (), "parameter")
    assert node.storage.array.item() == 0.1


def test_a_counter_is_a_whole_number() -> None:
    node = gn.counter("step", 7)
    assert (node.dtype, node.shape, node.storage.array.item()) == (np.dtype("int64"), (), 7)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_a_node_like_another_has_its_shape_and_dtype_at_any_size(dtype: str) -> None:
    x = gn.input("x", ("batch", 2), dtype)
    nodes = [gn.zeros_like(x), gn.ones_like(x), gn.full_like(x, np.array(1, dtype).item())]
    assert all((n.shape, n.dtype) == (x.shape, x.dtype) for n in nodes)
    rows = np.zeros((3, 2), dtype)
    zeros, ones, full = gn.Program([*nodes, x]).run({"x": rows})[:3]
    np.testing.assert_array_equal(zeros, np.zeros_like(rows))
    np.testing.assert_array_equal(ones, np.ones_like(rows))
    np.testing.assert_array_equal(full, np.ones_like(rows))


def test_what_is_no_node_or_no_number_is_nothing_to_fill() -> None:
    with pytest.raises(gn.GraphError, match="full_like: wanted a node, found 3"):
        gn.ones_like(3)
    with pytest.raises(gn.ShapeError, match=r"full_like: wanted one number, found shape \(2,\)"):
        gn.full_like(gn.scalar(1.0), [1.0, 2.0])
    with pytest.raises(gn.DtypeError, match="bool"):
        gn.full_like(gn.scalar(1.0), True)
