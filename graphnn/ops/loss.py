"""Losses: how far predictions are from what was wanted, per example or as one number."""

from __future__ import annotations

from math import prod

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.ops.activation import sigmoid
from graphnn.ops.arithmetic import neg, square
from graphnn.ops.extremes import row_max
from graphnn.ops.gemm import workspace
from graphnn.ops.index import build_one_hot, check_range
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import log as fast_log
from graphnn.ops.mathematics import softplus as fast_softplus
from graphnn.ops.reduce import build_mean, build_sum
from graphnn.ops.softmax import along_rows, exponentials, log_of_row, log_softmax, row_sums, softmax

REDUCTIONS = ("mean", "none", "sum")

# Rows are exponentiated together, as one long loop: rows of few classes are too short for vector instructions.
SCRATCH_BYTES = 16 * 1024


def first_outside(labels, classes):
    """0, or 1 + the position of the first label that is no class."""
    for r in range(labels.size):
        if labels[r] < 0 or labels[r] >= classes:
            return r + 1
    return 0


def reduce_loss(loss: Node, reduction: str, who: str) -> Node:
    """The loss of each example as it is ("none"), or their mean or sum over all axes."""
    if reduction not in REDUCTIONS:
        hint = did_you_mean(reduction, REDUCTIONS)
        raise SettingError(f"{who}: reduction is 'mean', 'sum' or 'none', found {reduction!r}.{hint}")
    if reduction == "none":
        return loss
    return build_mean(loss) if reduction == "mean" else build_sum(loss)


def check_same_shape(a: Node, b: Node, who: str, names: tuple[str, str]) -> None:
    """Losses do not broadcast: (n, 1) beside (n) would compare everything with everything."""
    if a.shape != b.shape:
        raise ShapeError(
            f"{who}: {names[0]} is {shape_text(a.shape)} but {names[1]} is {shape_text(b.shape)}; "
            "they must agree, for losses do not broadcast. Use reshape."
        )


@op(
    "logits(*b, c), labels(*b):int64 -> y(*b)", latex=r"-\ln \operatorname{softmax}({logits})_{{labels}}",
    slopes=(r"\operatorname{softmax} {logits} - \mathbf{1}_{{labels}}", "0"),
    samples=[
        Sample(((3, 4), (3,)), limits={"labels": 4}),
        Sample(((2, 3, 9), (2, 3)), limits={"labels": 9}),
        Sample(((5,), ()), limits={"labels": 5}),
    ],
)  # fmt: skip
def softmax_cross_entropy(logits, labels):
    """How surprised softmax(logits) is by the labels, in nats: -ln of the probability of the true class.

    Called with integer labels (*b), or with probabilities (*b, c) as labels (see softmax_cross_entropy_soft),
    it gives the mean over all examples; reduction="none" gives the loss of each, "sum" their sum. Shapes:
    logits (*b, c), labels (*b) int64 -> y (), or (*b).

    Raises FaultError at run time for a label that is negative, or c or more.
    """
    check_range(labels, logits.shape[-1], "labels")
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    total = np.log(np.sum(np.exp(shifted), axis=-1))
    return total - np.take_along_axis(shifted, labels[..., None], -1)[..., 0]


@softmax_cross_entropy.build
def build_softmax_cross_entropy(logits, labels, reduction="mean"):
    if not isinstance(labels, Node):
        labels = np.asarray(labels)
    if is_float(np.dtype(labels.dtype)):
        return softmax_cross_entropy_soft(logits, labels, reduction=reduction)
    return reduce_loss(softmax_cross_entropy.node(logits, labels), reduction, "softmax_cross_entropy")


@softmax_cross_entropy.shape
def softmax_cross_entropy_shape(logits, labels):
    check_classes(logits, "softmax_cross_entropy")
    return labels


def check_classes(logits, who):
    """Raise ShapeError where there is no class to choose from."""
    if logits[-1] == 0:
        raise ShapeError(f"{who}: logits {shape_text(logits)} have no class to choose from.")


@softmax_cross_entropy.kernel
def softmax_cross_entropy_kernel(logits, labels, y):
    rows, classes = logits.shape[0], logits.shape[1]
    bad = first_outside(labels, classes)
    if bad > 0 or rows == 0:
        return bad
    scratch = workspace(y, SCRATCH_BYTES)
    if classes > scratch.size:
        for r in range(rows):
            y[r] = log_of_row(logits, r) - logits[r, np.uint64(labels[r])]
        return 0
    block = scratch.size // classes
    for first in range(0, rows, block):
        count = min(block, rows - first)
        for r in range(count):
            top = row_max(logits, first + r)
            y[first + r] = top - logits[first + r, np.uint64(labels[first + r])]
            for i in range(classes):
                scratch[np.uint64(r * classes + i)] = logits[first + r, i] - top
        for k in range(count * classes):
            scratch[k] = fast_exp(scratch[k])
        for r in range(count):
            total = 0.0
            for i in range(classes):
                total += scratch[np.uint64(r * classes + i)]
            # Row r begins at r * classes, so place r has been read.
            scratch[r] = total
        for r in range(count):
            y[first + r] += fast_log(scratch[r])
    return 0


@softmax_cross_entropy.fault
def softmax_cross_entropy_fault(position, logits, labels):
    label, classes = labels.reshape(-1)[position], logits.shape[-1]
    return f"labels[{position}] is {label}, but logits have {classes} classes, 0 to {classes - 1}"


@softmax_cross_entropy.vjp
def softmax_cross_entropy_vjp(g, logits, labels, y):
    return [softmax_cross_entropy_slope.node(g, logits, labels), None]


@op(
    "g(*b), logits(*b, c), labels(*b):int64 -> y(*b, c)",
    latex=r"{g}\, (\operatorname{softmax} {logits} - \mathbf{1}_{{labels}})",
    slopes=(
        r"\operatorname{softmax} {logits} - \mathbf{1}_{{labels}}",
        r"{g}\, \operatorname{softmax}' {logits}",
        "0",
    ),
    samples=[
        Sample(((3,), (3, 4), (3,)), limits={"labels": 4}),
        Sample(((2, 3), (2, 3, 9), (2, 3)), limits={"labels": 9}),
    ],
)  # fmt: skip
def softmax_cross_entropy_slope(g, logits, labels):
    """The slope of softmax_cross_entropy with respect to the logits, times g, in one pass.

    Shapes: g (*b), logits (*b, c), labels (*b) int64 -> y (*b, c).

    Raises FaultError at run time for a label that is negative, or c or more.
    """
    check_range(labels, logits.shape[-1], "labels")
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    hot = labels[..., None] == np.arange(logits.shape[-1])
    return g[..., None] * (e / np.sum(e, axis=-1, keepdims=True) - hot.astype(logits.dtype))


@softmax_cross_entropy_slope.view
def softmax_cross_entropy_slope_view(g, logits, labels, y):
    n = prod(labels)
    return View(((n,), (n, logits[-1]), (n,), (n * logits[-1],)))


@softmax_cross_entropy_slope.kernel
def softmax_cross_entropy_slope_kernel(g, logits, labels, y):
    rows, classes = logits.shape[0], logits.shape[1]
    bad = first_outside(labels, classes)
    if bad > 0 or rows == 0:
        return bad
    exponentials(logits, y)
    for r in range(rows):
        total = 0.0
        for i in range(classes):
            total += y[np.uint64(r * classes + i)]
        share = g[r] / total
        for i in range(classes):
            y[np.uint64(r * classes + i)] *= share
        y[np.uint64(r * classes + labels[r])] -= g[r]
    return 0


@softmax_cross_entropy_slope.fault
def softmax_cross_entropy_slope_fault(position, g, logits, labels):
    return softmax_cross_entropy_fault(position, logits, labels)


@softmax_cross_entropy_slope.vjp
def softmax_cross_entropy_slope_vjp(u, g, logits, labels, y):
    p = softmax.node(logits)
    hot = build_one_hot(labels, logits.shape[-1], logits.dtype)
    weighted = u * along_rows(g, logits) * p
    return [build_sum(u * (p - hot), -1), weighted - p * row_sums(weighted, logits), None]


@op(
    "logits(*b, c), labels(*b, c) -> y(*b)", latex=r"-\sum {labels} \ln \operatorname{softmax} {logits}",
    slopes=(
        r"\operatorname{softmax}({logits}) \sum {labels} - {labels}",
        r"-\ln \operatorname{softmax} {logits}",
    ),
    samples=[Sample(((3, 4), (3, 4)), domain=(0.1, 1.0)), Sample(((2, 3, 9), (2, 3, 9)), domain=(0.1, 1.0))],
)  # fmt: skip
def softmax_cross_entropy_soft(logits, labels):
    """Cross-entropy between labels that are probabilities and softmax(logits), in nats: -sum of labels ln
    softmax.

    Rows of labels usually sum to 1; the formula holds for any. Called, it gives the mean over all examples,
    or by reduction "none" or "sum" the loss of each or their sum. Shapes: logits, labels (*b, c) -> y (), or
    (*b).
    """
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    total = np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return np.sum(labels * (total - shifted), axis=-1)


@softmax_cross_entropy_soft.build
def build_softmax_cross_entropy_soft(logits, labels, reduction="mean"):
    return reduce_loss(
        softmax_cross_entropy_soft.node(logits, labels), reduction, "softmax_cross_entropy_soft"
    )


@softmax_cross_entropy_soft.shape
def softmax_cross_entropy_soft_shape(logits, labels):
    check_classes(logits, "softmax_cross_entropy_soft")
    return logits[:-1]


@softmax_cross_entropy_soft.kernel
def softmax_cross_entropy_soft_kernel(logits, labels, y):
    rows, classes = labels.shape
    for r in range(rows):
        level = log_of_row(logits, r)
        total = 0.0
        for i in range(classes):
            total += labels[r, i] * (level - logits[r, i])
        y[r] = total


@softmax_cross_entropy_soft.vjp
def softmax_cross_entropy_soft_vjp(g, logits, labels, y):
    spread_g = along_rows(g, logits)
    slope = softmax.node(logits) * row_sums(labels, logits) - labels
    return [spread_g * slope, neg(spread_g * log_softmax.node(logits))]


@op(
    "logits(*s), targets(*s) -> y(*s)", latex=r"\ln(1 + e^{{logits}}) - {logits}\, {targets}",
    slopes=(r"\sigma({logits}) - {targets}", r"-{logits}"), samples=[Sample(((3, 4), (3, 4)))],
)  # fmt: skip
def binary_cross_entropy_with_logits(logits, targets):
    """How surprised sigmoid(logits) is by targets between 0 and 1, in nats; nothing overflows.

    Called, it gives the mean over all elements; reduction="none" gives the loss of each, "sum" their sum.
    Shapes: logits, targets (*s) -> y (), or (*s).
    """
    wrong_side = np.where(logits > 0, logits * (1 - targets), -logits * targets)
    return (wrong_side + np.log1p(np.exp(-np.abs(logits)))).astype(logits.dtype)


@binary_cross_entropy_with_logits.build
def build_binary_cross_entropy_with_logits(logits, targets, reduction="mean"):
    record = binary_cross_entropy_with_logits
    logits, targets = record.as_nodes((logits, targets))
    check_same_shape(logits, targets, record.name, ("logits", "targets"))
    return reduce_loss(record.node(logits, targets), reduction, record.name)


@binary_cross_entropy_with_logits.kernel
def binary_cross_entropy_with_logits_kernel(logits, targets, y):
    for i in range(y.size):
        x = logits[i]
        t = targets[i]
        # softplus(x) - x t would lose the digits of a small loss.
        y[i] = fast_softplus(-np.abs(x)) + (x * (1.0 - t) if x > 0.0 else -x * t)


@binary_cross_entropy_with_logits.vjp
def binary_cross_entropy_with_logits_vjp(g, logits, targets, y):
    return [g * (sigmoid(logits) - targets), neg(g * logits)]


@composite(
    "x(*s), target(*s) -> y()", latex=r"\operatorname{mean} ({x} - {target})^2",
    slopes=(r"\tfrac{2}{n} ({x} - {target})", r"\tfrac{2}{n} ({target} - {x})"),
    samples=[(3, 4), Sample(((2, 3), (2, 3)), {"reduction": "sum"})],
)  # fmt: skip
def mean_squared_error(x, target, *, reduction="mean"):
    """Mean of the squared differences over all elements; reduction="none" or "sum" leave or sum them.

    Shapes: x, target (*s) -> y (), or (*s). The shapes must agree: nothing is broadcast.
    """
    check_same_shape(x, target, "mean_squared_error", ("x", "target"))
    return reduce_loss(square(x - target), reduction, "mean_squared_error")


__all__ = [
    "REDUCTIONS",
    "SCRATCH_BYTES",
    "binary_cross_entropy_with_logits",
    "check_classes",
    "check_same_shape",
    "first_outside",
    "mean_squared_error",
    "reduce_loss",
    "softmax_cross_entropy",
    "softmax_cross_entropy_slope",
    "softmax_cross_entropy_soft",
]
