"""Four dtypes, never mixed silently."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

PAIRS = [(a, b) for a in ("float32", "float64", "int64") for b in ("float32", "float64", "int64") if a != b]


@pytest.mark.parametrize(("a", "b"), PAIRS)
@pytest.mark.parametrize("op", ["add", "mul", "maximum", "equal"])
def test_mixing_two_dtypes_is_an_error_that_names_cast(op: str, a: str, b: str) -> None:
    x, y = gn.input("left", (3,), a), gn.input("right", (3,), b)
    with pytest.raises(gn.DtypeError, match=rf"'left' is {a} but .*'right' is {b}.*\.cast\('{a}'\)"):
        getattr(gn, op)(x, y)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_the_cast_that_the_error_names_mends_it(a: str, b: str) -> None:
    x, y = gn.input("x", (3,), a), gn.input("y", (3,), b)
    assert (x + y.cast(a)).dtype == np.dtype(a)


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.float32(2), np.array([2.0, 2.0, 2.0])])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_beside_a_node_takes_its_dtype(value, dtype: str) -> None:
    x = gn.input("x", (3,), dtype)
    assert (x * value).dtype == (value * x).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("dtype", "value", "told"),
    [
        ("int64", 1.5, "is not whole, but int64 is wanted"),
        ("int64", float("nan"), "is not whole|NaN or infinity cannot become int64"),
        ("float32", True, "found bool, wanted float32"),
        ("float32", "two", "wanted numbers"),
        ("float32", 1j, "wanted numbers, found complex128"),
        ("float32", None, "wanted numbers, found object"),
    ],
)
def test_a_number_that_would_lose_its_meaning_is_refused(dtype: str, value, told: str) -> None:
    x = gn.input("x", (3,), dtype)
    with pytest.raises(gn.DtypeError, match=told):
        x + value


@pytest.mark.parametrize("op", ["exp", "sigmoid", "sqrt", "mean"])
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_an_op_of_floats_refuses_other_dtypes(op: str, dtype: str) -> None:
    with pytest.raises(gn.DtypeError, match=f"must be one of float32, float64; found .* with {dtype}"):
        getattr(gn, op)(gn.input("x", (3,), dtype))


@pytest.mark.parametrize(
    ("word", "dtype"),
    [
        ("float32", np.float32),
        (float, np.float64),
        (int, np.int64),
        (bool, np.bool_),
        ("bool_", np.bool_),
        (np.dtype("float64"), np.float64),
        (np.int64, np.int64),
    ],
)
def test_the_usual_words_for_a_dtype_are_understood(word, dtype) -> None:
    assert gn.input("x", (), word).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    "word",
    [
        "float16",
        "int32",
        "complex64",
        "float33",
        None,
        3,
        object,
        "U5",
        np.uint8,
        [],
        {},
        {"a": "b"},
        ["f4"],
        "f4,f4",
        ",",
        "float32,",
        "(2,)f4",
        "",
    ],
)
def test_other_dtypes_are_refused_by_name(word) -> None:
    with pytest.raises(gn.DtypeError, match=r"input 'x': .* is not one of float32, float64, int64, bool"):
        gn.input("x", (), word)
