"""Named axes are polynomials: arithmetic, text and evaluation agree with numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphnn as gn
from graphnn.core.dims import Dim, as_shape, divide, evaluate, evaluate_dim, parse_dim, shape_text, size_of

SIZES = {"batch": 5, "time": 7, "d": 11}


def polynomials() -> st.SearchStrategy:
    leaf = st.integers(-4, 4) | st.sampled_from(sorted(SIZES)).map(parse_dim)
    return st.recursive(
        leaf,
        lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner).map(
            lambda t: t[1] + t[2] if t[0] == "+" else t[1] - t[2] if t[0] == "-" else t[1] * t[2]
        ),
        max_leaves=8,
    )


@given(polynomials(), polynomials())
def test_arithmetic_on_axes_is_arithmetic_on_their_sizes(a, b) -> None:
    x, y = evaluate_dim(a, SIZES), evaluate_dim(b, SIZES)
    assert evaluate_dim(a + b, SIZES) == x + y
    assert evaluate_dim(a - b, SIZES) == x - y
    assert evaluate_dim(a * b, SIZES) == x * y


@given(polynomials(), polynomials())
def test_equal_polynomials_have_equal_hash_and_text(a, b) -> None:
    assert a + b == b + a
    assert a * (b + 1) == a * b + a
    assert hash(a * (b + 1)) == hash(a * b + a)
    assert str(a * (b + 1)) == str(a * b + a)
    assert type(a - a) is int and a - a == 0


@given(polynomials())
def test_the_text_of_an_axis_reads_back_as_the_same_axis(dim) -> None:
    assert parse_dim(str(dim)) == dim


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("batch", "batch"),
        ("3 + 2*batch", "2*batch+3"),
        ("time*batch - batch*time", "0"),
        ("-batch+1", "-batch+1"),
        ("b*a*b", "a*b*b"),
        (" batch ", "batch"),
        ("Länge", "Länge"),
        ("12", "12"),
    ],
)
def test_the_text_form_is_canonical(word: str, text: str) -> None:
    assert str(parse_dim(word)) == text


@pytest.mark.parametrize(
    "word",
    [
        "",
        " ",
        "+",
        "a++b",
        "a--b",
        "a+-b",
        "a+",
        "*a",
        "a**2",
        "2a",
        "a b",
        "batch size",
        "a/2",
        "(a)",
        "a.b",
        "²",
        "1e3",
        "-",
        "9" * 19,
        "a-",
    ],
)
def test_a_malformed_axis_is_refused(word: str) -> None:
    with pytest.raises(gn.ShapeError, match="is not an axis name or a sum of products"):
        parse_dim(word)


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((), ()),
        (3, (3,)),
        ("batch", (parse_dim("batch"),)),
        ([np.int64(2), "n"], (2, parse_dim("n"))),
        ((0,), (0,)),
        (("3",), (3,)),
    ],
)
def test_as_shape_takes_what_a_person_writes(shape, found) -> None:
    result = as_shape(shape, "x")
    assert result == found
    assert all(type(d) in (int, Dim) for d in result)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((-1,), "axis 0 is -1; a size is 0 or more"),
        ((2, 2**48), "axis 1 is 281474976710656; sizes stay below"),
        ((2.0,), "axis 0 is 2.0; wanted an int or an axis name"),
        ((True,), "axis 0 is True; wanted an int"),
        ((None,), "axis 0 is None; wanted an int"),
        (None, "a shape is a tuple of ints and axis names, found None"),
        (("-3",), "axis 0 is -3"),
    ],
)
def test_as_shape_refuses_what_is_no_shape(shape, told: str) -> None:
    with pytest.raises(gn.ShapeError, match=told):
        as_shape(shape, "x")


def test_evaluate_names_the_axis_without_a_size() -> None:
    shape = as_shape(("batch", "2*time+1", 3), "x")
    assert evaluate(shape, SIZES) == (5, 15, 3)
    with pytest.raises(gn.FeedError, match="axis 'time' has no size"):
        evaluate(shape, {"batch": 5})


@pytest.mark.parametrize(
    ("total", "known", "found"),
    [
        ((4, 6), (3,), 8),
        (("batch", 6), (3,), "2*batch"),
        (("batch", "time"), ("batch",), "time"),
        ((4,), (3,), None),
        (("batch",), (2,), None),
        (("batch",), ("time",), None),
        ((0,), (0,), None),
        (("batch*time", 4), ("batch", 2), "2*time"),
        (("2*batch*time+4*batch",), (2, "batch"), "time+2"),
        (("2*batch+3",), (2,), None),
        (("batch+1", 6), ("batch+1", 3), 2),
        (("batch*time",), ("batch+1",), None),
    ],
)
def test_divide_answers_only_what_holds_for_every_size(total, known, found) -> None:
    result = divide(as_shape(total, "x"), as_shape(known, "x"))
    assert result == (parse_dim(found) if isinstance(found, str) else found)
    if result is not None:
        assert result * size_of(as_shape(known, "x")) == size_of(as_shape(total, "x"))


def test_shape_text_looks_like_a_tuple() -> None:
    assert [shape_text(as_shape(s, "x")) for s in ((), (3,), ("batch", 64))] == ["()", "(3,)", "(batch, 64)"]
