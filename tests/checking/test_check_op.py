"""`gn.check_op` says in words what is wrong with declaration, meaning and kernel: a wrong op for each sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import GraphError
from op_cases import BUILT_IN
from op_facts.registry import BENDS
from wrong_ops import NAME, declare, square, told

# Nothing wrong


def test_a_right_op_is_found_right() -> None:
    found = gn.check_op(declare(square, slopes=(r"2\, {x}",)))
    assert found.ok, str(found)
    assert str(found) == (
        "trial: nothing wrong found. Checked: 2 calls, kernel plain and compiled, slope to second order."
    )
    assert repr(found) == "<OpCheck trial: ok>"


def test_advice_is_no_fault() -> None:
    found = gn.check_op(declare(square))
    assert found.ok
    assert "advice: give slopes=(...)" in str(found)


@pytest.mark.parametrize("name", sorted(set(BUILT_IN) - set(BENDS)))
def test_every_op_of_the_library_is_found_right(name: str) -> None:
    found = gn.check_op(name)
    assert found.ok, str(found)


@pytest.mark.parametrize("name", sorted(BENDS))
def test_an_op_that_bends_the_gradient_is_found_out(name: str) -> None:
    assert {f.kind for f in gn.check_op(name).findings} == {"slope"}


# The declaration


def test_missing_parts_are_listed() -> None:
    told(declare(square, kernel=None, vjp=None), "declaration", "lacks a kernel", "a slope (@op.vjp)")


def test_a_formula_that_speaks_of_something_else_is_told() -> None:
    told(declare(square, latex="{stride} {x}"), "declaration", "speaks of {stride}")


def test_slope_formulas_of_the_wrong_number_are_told() -> None:
    told(declare(square, slopes=("1", "2")), "declaration", "2 slope formulas for 1 operands")


def test_a_sample_with_too_few_shapes_is_told() -> None:
    record = declare(square, samples=[gn.Sample(((3,), (3,)))])
    told(record, "declaration", "2 shapes for 1 operands")


# The meaning and its shape


def test_a_meaning_that_fails_is_told() -> None:
    def meaning(x):
        return np.reshape(x, (5, 5))

    told(declare(meaning), "meaning", "it fails for x (3, 4)", "ValueError")


def test_a_wrong_shape_rule_is_told() -> None:
    def meaning(x):
        return np.sum(x, axis=-1)

    told(declare(meaning), "shape", "the rule says (3, 4), but the meaning gives (3,)")


def test_a_shape_rule_that_fails_is_told() -> None:
    record = declare(square)
    record.shape(lambda x: x[5])
    record.signature = gn.core.signature.parse_signature("x(*s) -> y(*t)")
    told(record, "shape", "a node cannot be made")


def test_a_meaning_that_widens_the_dtype_is_told() -> None:
    def meaning(x):
        return x * np.linspace(0.0, 1.0, 4)

    told(declare(meaning), "shape", "says float32, but the meaning gives float64", ".astype(x.dtype)")


def test_an_empty_axis_that_crashes_the_meaning_is_told() -> None:
    def meaning(x):
        return x - np.max(x) + np.max(x)

    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i]

    def vjp(g, x, y):
        return [g]

    told(
        declare(meaning, kernel=kernel, vjp=vjp),
        "meaning",
        "fails on an empty axis",
        "ShapeError in @op.shape",
    )


def test_an_empty_axis_that_crashes_the_kernel_is_told() -> None:
    def kernel(x, y):
        n = x.shape[0]
        first = x[n - 1]
        for i in range(n):
            y[i] = x[i] * x[i] + (first - first)

    told(declare(square, kernel=kernel), "kernel", "reaches outside of an array", "(0, 4)")


# The kernel


def test_a_kernel_that_disagrees_is_told_with_the_factor() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = 2.0 * x[i] * x[i]

    told(
        declare(square, kernel=kernel),
        "kernel",
        "disagrees with the meaning at y[0, 0]",
        "2 times the meaning",
    )


def test_a_kernel_that_misses_one_element_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i]
        y[0] = 0

    told(declare(square, kernel=kernel), "kernel", "y[0, 0]: 0", "all others agree")


def test_a_kernel_that_is_transposed_is_told() -> None:
    def kernel(x, y):
        for i in range(3):
            for k in range(3):
                y[3 * i + k] = x[3 * k + i] * x[3 * k + i]

    told(declare(square, kernel=kernel, samples=[(3, 3)]), "kernel", "it is transposed")


def test_a_kernel_that_leaves_elements_unwritten_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size - 1):
            y[i] = x[i] * x[i]

    told(
        declare(square, kernel=kernel),
        "kernel",
        "does not write y[2, 3]",
        "what was in the memory before stays",
    )


def test_a_kernel_that_adds_to_its_output_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] += x[i] * x[i]

    told(declare(square, kernel=kernel), "kernel", "reads its output before it has written it")


def test_a_kernel_that_trusts_its_scratch_is_told() -> None:
    def kernel(x, y, scratch):
        for i in range(y.size):
            scratch[0] += x[i]
            y[i] = x[i] * x[i] + 0.0 * scratch[0]

    record = declare(square, kernel=kernel)
    record.scratch(lambda view: 1)
    told(record, "kernel", "reads its output or its scratch before it has written it")


def test_a_kernel_that_writes_past_the_end_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size + 1):
            y[i] = x[0] * x[0]

    told(
        declare(square, kernel=kernel),
        "kernel",
        "it reaches outside of an array",
        "index 12 is out of bounds",
    )


def test_a_compiled_kernel_that_writes_outside_is_told() -> None:
    # In plain Python a negative index counts from the end; an unsigned one of machine code does not.
    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i]
        if y.size > 100:
            y[np.uint64(y.size)] = 1

    record = declare(square, kernel=kernel, samples=[(11, 12)])
    told(record, "kernel", "outside of an array")


def test_guards_find_what_a_compiled_kernel_writes_outside() -> None:
    from graphnn.checking.guarded import Call, run_kernel

    def kernel(x, y):
        for i in range(y.size + 1):
            y[i] = x[i]

    record = declare(square, kernel=kernel)
    array = np.ones((3, 4))
    outcome = run_kernel(Call(record, [array], {}, array.shape, array.dtype), compiled=True)
    assert outcome.outside == ("y",)


def test_a_kernel_that_changes_an_operand_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            x[i] = x[i] * x[i]
            y[i] = x[i]

    told(declare(square, kernel=kernel), "kernel", "changes its operand x")


def test_a_kernel_that_raises_is_told() -> None:
    def kernel(x, y):
        raise ValueError("no")

    told(declare(square, kernel=kernel), "kernel", "raises ValueError", "A kernel never raises")


def test_a_kernel_that_returns_something_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i]
        return y.size

    told(declare(square, kernel=kernel), "kernel", "returns 12", "@op.fault")


def test_a_kernel_that_reports_a_fault_in_good_data_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i]
        return 3

    record = declare(square, kernel=kernel)
    record.fault(lambda position, x: f"element {position} is bad")
    told(record, "kernel", "reports a fault (status 3)")


def test_a_kernel_that_is_not_deterministic_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = np.random.rand()  # noqa: NPY002

    told(declare(square, kernel=kernel), "kernel", "does not give the same result twice")


def test_a_kernel_that_does_not_compile_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = float(str(x[i])) ** 2

    told(declare(square, kernel=kernel), "kernel", "compiled, it cannot be made")


def test_a_kernel_that_loses_nan_is_told() -> None:
    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] * x[i] if x[i] == x[i] else 0.0

    told(declare(square, kernel=kernel), "kernel", "it loses the NaN of x")


# Composites


def test_a_fast_kernel_of_a_composite_is_compared_with_its_body() -> None:
    def body(x):
        """For a test. Shapes: x (*s) -> y (*s)."""
        return x * x

    def kernel(x, y):
        for i in range(y.size):
            y[i] = x[i] + x[i]

    record = gn.composite("x(*s) -> y(*s)", latex="{x}^2", samples=[(3, 4)], name=NAME)(body)
    record.kernel(kernel)
    told(record, "kernel", "disagrees with the meaning")


@pytest.mark.parametrize("wrong", [gn.input, 3, None, "input", "no_such_op"])
def test_what_is_no_op_is_refused(wrong: Any) -> None:
    with pytest.raises(GraphError):
        gn.check_op(wrong)
