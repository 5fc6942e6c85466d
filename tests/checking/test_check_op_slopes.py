"""`gn.check_op` says in words what is wrong with a slope: a wrong op for each sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import graphnn as gn
from graphnn.core.op import Op
from wrong_ops import NAME, declare, square, told

# The slope

TWO = "a(*s), b(*s) -> y(*s)"


def product(a, b):
    return a * a * b


def product_kernel(a, b, y):
    for i in range(y.size):
        y[i] = a[i] * a[i] * b[i]


def product_op(vjp: Callable[..., Any], **parts: Any) -> Op:
    return declare(product, TWO, kernel=product_kernel, vjp=vjp, latex="{a} {b}", **parts)


def knob(x, w):
    return x * x * w


def knob_kernel(x, w, y):
    for i in range(y.size):
        y[i] = x[i] * x[i] * w[0]


def knob_op(vjp: Callable[..., Any]) -> Op:
    samples = [gn.Sample(((3, 4), ()))]
    return declare(knob, "x(*s), w() -> y(*s)", kernel=knob_kernel, vjp=vjp, samples=samples)


def test_a_missing_factor_is_told() -> None:
    told(declare(square, vjp=lambda g, x, y: [g * x]), "slope", "contribution to x: a factor 2 is missing")


def test_a_wrong_sign_is_told() -> None:
    told(declare(square, vjp=lambda g, x, y: [g * -2.0 * x]), "slope", "the sign is wrong")


def test_a_forgotten_adjoint_is_told() -> None:
    record = declare(square, vjp=lambda g, x, y: [2.0 * x])
    told(record, "slope", "does not contain g: multiply it by g")


def test_a_forgotten_sum_is_told() -> None:
    record = knob_op(lambda g, x, w, y: [g * 2.0 * x * w, g * x * x])
    found = told(record, "slope", "the contribution to w has shape (3, 4), but the operand is ()")
    assert "forgotten to sum over all its elements (gn.sum_to or .sum())." in found.findings[0].words


def test_a_sum_forgotten_over_rows_is_told() -> None:
    def meaning(x, w):
        return x * w

    def kernel(x, w, y):
        for r in range(x.shape[0]):
            for i in range(x.shape[1]):
                y[r, i] = x[r, i] * w[i]

    def vjp(g, x, w, y):
        return [g * w, g * x]

    samples = [gn.Sample(((3, 4), (4,)))]
    record = declare(meaning, "x(m, n), w(n) -> y(m, n)", kernel=kernel, vjp=vjp, samples=samples)
    told(record, "slope", "contribution to w has shape (3, 4)", "sum over the axes that were broadcast")


def test_a_transposed_slope_is_told() -> None:
    def meaning(x, w):
        return x @ w

    def kernel(x, w, y):
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                y[i, j] = 0
                for k in range(x.shape[1]):
                    y[i, j] += x[i, k] * w[k, j]

    def wrong(g, x, w, y):
        return [g @ w.T, (x.T @ g).T]

    signature = "x(m, k), w(k, n) -> y(m, n)"
    record = declare(meaning, signature, kernel=kernel, vjp=wrong, samples=[gn.Sample(((3, 4), (4, 2)))])
    told(record, "slope", "contribution to w has shape (2, 4)", "it is transposed")
    gn.undeclare(NAME)
    record = declare(meaning, signature, kernel=kernel, vjp=wrong, samples=[gn.Sample(((3, 4), (4, 4)))])
    told(record, "slope", "the contribution to w is transposed.")


def test_slopes_in_the_wrong_order_are_told() -> None:
    record = product_op(lambda g, a, b, y: [g * a * a, g * 2.0 * a * b])
    told(record, "slope", "the contribution to a is the one that belongs to b")


def test_a_missing_contribution_is_told() -> None:
    record = product_op(lambda g, a, b, y: [g * 2.0 * a * b, None])
    told(record, "slope", "it gives None for b, but y moves with it")


def test_too_few_contributions_are_told() -> None:
    record = product_op(lambda g, a, b, y: [g * 2.0 * a * b])
    told(record, "slope", "1 contributions for 2 operands")


def test_a_slope_that_is_no_node_is_told() -> None:
    told(declare(square, vjp=lambda g, x, y: [2.0]), "slope", "is 2.0, not a node")


def test_a_slope_that_fails_is_told() -> None:
    told(declare(square, vjp=lambda g, x, y: [g @ x]), "slope", "building it fails")


def test_a_slope_of_another_dtype_is_told() -> None:
    told(
        declare(square, vjp=lambda g, x, y: [(g * x).cast("float32")]), "slope", "is float32, wanted float64"
    )


def test_a_slope_that_is_zero_is_told() -> None:
    told(declare(square, vjp=lambda g, x, y: [g * (x - x)]), "slope", "is 0 everywhere")


def test_a_slope_that_is_nan_is_told() -> None:
    told(
        declare(square, vjp=lambda g, x, y: [g * 2.0 * x * x / (x - x)]),
        "slope",
        "where the meaning is smooth",
    )


def test_a_slope_that_is_not_linear_in_the_adjoint_is_told() -> None:
    def vjp(g, x, y):
        return [g * 2.0 * x * gn.step(1.6 - g)]

    told(declare(square, vjp=vjp), "slope", "not linear in g")


def test_a_slope_wrong_in_some_elements_is_told_with_both_numbers() -> None:
    def vjp(g, x, y):
        return [g * 2.0 * gn.relu(x)]

    found = told(declare(square, vjp=vjp), "slope", "differences of the meaning give")
    assert re.search(r"at \[\d, \d\] is 0, differences", found.findings[0].words)


def test_a_slope_that_cannot_be_differentiated_again_is_told() -> None:
    def vjp(g, x, y):
        return [g * 2.0 * gn.stop_gradient(x)]

    told(declare(square, vjp=vjp), "second order", "cannot be differentiated again", "stop_gradient in it")


def test_a_slope_with_a_wrong_slope_of_its_own_is_told() -> None:
    def vjp(g, x, y):
        return [g * (x + gn.stop_gradient(x))]

    told(declare(square, vjp=vjp), "second order", "slope of the slope with respect to x", "differences give")
