"""The signature language: what it reads, what it refuses, and the shape errors that it writes."""

from __future__ import annotations

import pytest

import graphnn as gn
from graphnn.core.dims import as_shape
from graphnn.core.registry import OPS
from graphnn.core.signature import match_shapes, output_shape, parse_signature

MATMUL = parse_signature("x(*b, m, k), w(k, n) -> y(*b, m, n)")


@pytest.mark.parametrize(
    "text",
    [
        "x(*s) -> y(*s)",
        "x(*b, m, k), w(k, n) -> y(*b, m, n)",
        "*xs(*s) -> y(*t)",
        "x(n, *s), rows(*b):int64 -> y(*t)",
        "a(3, k) -> y():bool",
        "-> y()",
    ],
)
def test_a_signature_prints_as_it_was_written(text: str) -> None:
    assert str(parse_signature(text)) == text


def test_spaces_do_not_matter() -> None:
    assert parse_signature("x( * s)->y(*s)".replace("* s", "*s")) == parse_signature("  x(*s)  ->  y(*s)  ")


@pytest.mark.parametrize("record", [o for o in OPS.values() if o.role == "op"], ids=lambda o: o.name)
def test_the_signature_of_every_op_reads_back(record: gn.Op) -> None:
    assert parse_signature(str(record.signature)) == record.signature


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x(*s)", "wanted operands, '->' and one output"),
        ("x(*s) ->", "exactly one output; found 0"),
        ("x(*s) -> y(*s), z(*s)", "exactly one output; found 2"),
        ("x(*s) -> *y(*s)", "exactly one output"),
        ("x(*s), x(*s) -> y(*s)", "port names must differ, found x, x, y"),
        ("x(*s) -> x(*s)", "port names must differ"),
        ("*xs(*s), w() -> y(*s)", "a starred port must be the only operand"),
        ("x(*s, *t) -> y(*s)", "port x has two starred axes"),
        ("x -> y()", "cannot read 'x '|cannot read 'x'"),
        ("x() w() -> y()", "wanted ','"),
        ("x():float16 -> y()", "'float16' is not one of"),
    ],
)
def test_a_malformed_signature_is_quoted_in_its_error(text: str, told: str) -> None:
    with pytest.raises((gn.DeclarationError, gn.DtypeError), match=told):
        parse_signature(text)


@pytest.mark.parametrize(
    ("x", "w", "y"),
    [
        ((2, 3), (3, 4), (2, 4)),
        ((5, 2, 3), (3, 4), (5, 2, 4)),
        (("batch", 3), (3, 4), ("batch", 4)),
        (("batch", "k"), ("k", 1), ("batch", 1)),
        ((0, 3), (3, 0), (0, 0)),
    ],
)
def test_operand_shapes_determine_the_output_shape(x, w, y) -> None:
    axes = match_shapes("matmul", MATMUL.inputs, [as_shape(x, "x"), as_shape(w, "w")], ["x", "w"])
    assert output_shape(MATMUL.output, axes) == as_shape(y, "y")


@pytest.mark.parametrize(
    ("x", "w", "told"),
    [
        ((2, 3), (4, 5), r"^matmul: axis k is 3 in x \(2, 3\) but 4 in w \(4, 5\)\.$"),
        ((2, 3), (4, 3), r"axis k is 3 in x \(2, 3\) but 4 in w \(4, 3\)\. Did you mean x @ w\.T\?$"),
        ((3, 2), (3, 4), r"Did you mean x\.T @ w\?$"),
        ((3,), (3, 4), r"x needs at least 2 axes \(\*b, m, k\), found x with shape \(3,\)"),
        ((2, 3), (3,), r"w needs 2 axes \(k, n\), found w with shape \(3,\)"),
        (("batch", "k"), (3, 4), r"axis k is k in x \(batch, k\) but 3 in w \(3, 4\)"),
    ],
)
def test_a_shape_error_says_axis_operands_and_the_way_out(x, w, told: str) -> None:
    with pytest.raises(gn.ShapeError, match=told):
        match_shapes("matmul", MATMUL.inputs, [as_shape(x, "x"), as_shape(w, "w")], ["x", "w"])


def test_an_axis_that_the_signature_fixes_must_have_its_size() -> None:
    fixed = parse_signature("x(3, k) -> y(k)")
    with pytest.raises(gn.ShapeError, match=r"axis 0 of x must be 3, found x with shape \(2, 5\)"):
        match_shapes("f", fixed.inputs, [(2, 5)], ["x"])


def test_an_output_axis_that_no_operand_has_leaves_the_shape_open() -> None:
    open_ = parse_signature("x(*s) -> y(*t)")
    assert output_shape(open_.output, match_shapes("f", open_.inputs, [(2, 5)], ["x"])) is None
