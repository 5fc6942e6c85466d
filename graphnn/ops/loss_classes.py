"""Softmax cross-entropy: the loss of classifiers, fused with its slope, and what options of such losses mean."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.declare import op
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.op import Sample, View
from graphnn.core.scope import scope
from graphnn.ops.arithmetic import neg
from graphnn.ops.comparison import equal, where
from graphnn.ops.extremes import row_max
from graphnn.ops.gemm import workspace
from graphnn.ops.index import build_one_hot, check_range, take_rows
from graphnn.ops.loss_parts import reduce_loss
from graphnn.ops.mathematics import exp as fast_exp
from graphnn.ops.mathematics import log as fast_log
from graphnn.ops.reduce import build_broadcast_to, build_size, build_sum
from graphnn.ops.softmaxes import along_rows, exponentials, log_of_row, log_softmax, row_sums, softmax

# Rows are exponentiated together, as one long loop: rows of few classes are too short for vector instructions.
SCRATCH_BYTES = 16 * 1024


def first_outside(labels, classes):
    """0, or 1 + the position of the first label that is no class."""
    for r in range(labels.size):
        if labels[r] < 0 or labels[r] >= classes:
            return r + 1
    return 0


class Options(NamedTuple):
    """What a loss of classes may be told: a weight for each class, a label to leave out, a share to spread."""

    weight: Node | None = None
    ignored: int | None = None
    smoothing: Any = 0.0

    @property
    def plain(self) -> bool:
        return self.weight is None and self.ignored is None and is_zero(self.smoothing)


def is_zero(share) -> bool:
    """A plain number that is 0; a node may become anything."""
    return not isinstance(share, Node) and share == 0


def class_options(record, scores, labels, weight, ignored, smoothing):
    """Scores, labels and weight as nodes that fit, and the options."""
    if not isinstance(labels, Node):
        labels = np.asarray(labels)
    wanted = softmax_cross_entropy_soft if is_float(np.dtype(labels.dtype)) else record
    scores, labels = wanted.as_nodes((scores, labels))
    if not isinstance(smoothing, Node) and not 0 <= smoothing <= 1:
        raise SettingError(f"{record.name}: label_smoothing is a share from 0 to 1, found {smoothing!r}.")
    if ignored is not None and (isinstance(ignored, bool) or not hasattr(ignored, "__index__")):
        raise SettingError(f"{record.name}: ignore_index is a whole number, found {ignored!r}.")
    if weight is not None:
        classes = scores.shape[-1:]
        weight = weight if isinstance(weight, Node) else np.asarray(weight)
        if weight.shape != classes:
            raise ShapeError(
                f"{record.name}: weight is {shape_text(weight.shape)}; it needs one number for each class, "
                f"{shape_text(classes)}."
            )
        if not isinstance(weight, Node):
            weight = constant(weight, scores.dtype)
    return scores, labels, Options(weight, ignored, smoothing)


def loss_of_classes(who, scores, labels, hard, soft, reduction, options):
    """A loss of each example by its label (`hard`) or by a probability for each class (`soft`), reduced.

    Smoothed labels and weights on all classes are labels that are probabilities; a mean is over what counts.
    """
    if is_float(np.dtype(labels.dtype)):
        return _loss_of_shares(who, scores, labels, soft, reduction, options)
    if options.plain:
        return reduce_loss(hard(scores, labels), reduction, who)
    weight, ignored, smoothing = options
    with scope(who):
        left_out = None if ignored is None else equal(labels, int(ignored))
        known = labels if left_out is None else where(left_out, 0, labels)
        count = None if weight is None else take_rows(weight, known)
        if is_zero(smoothing):
            loss = hard(scores, known)
            loss = loss if count is None else loss * count
        else:
            shares = smooth(build_one_hot(known, scores.shape[-1], scores.dtype), smoothing)
            loss = soft(scores, shares if weight is None else shares * weight)
        if left_out is not None:
            loss = where(left_out, 0.0, loss)
            count = where(left_out, 0.0, build_broadcast_to(constant(1.0, loss.dtype), loss.shape)
                          if count is None else count)  # fmt: skip
        return reduce_loss(loss, reduction, who, count)


def _loss_of_shares(who, scores, labels, soft, reduction, options):
    weight, ignored, smoothing = options
    if ignored is not None:
        raise SettingError(f"{who}: ignore_index marks integer labels; these labels are probabilities.")
    if options.plain:
        return reduce_loss(soft(scores, labels), reduction, who)
    with scope(who):
        shares = labels if is_zero(smoothing) else smooth(labels, smoothing)
        return reduce_loss(soft(scores, shares if weight is None else shares * weight), reduction, who)


def smooth(shares, share):
    """Labels of which a share is spread evenly over all classes."""
    return shares * (1.0 - share) + share / build_size((shares.shape[-1],), shares.dtype)


@op(
    "logits(*b, c), labels(*b):int64 -> y(*b)", latex=r"-\ln \operatorname{softmax}({logits})_{{labels}}",
    slopes=(r"\operatorname{softmax} {logits} - \mathbf{1}_{{labels}}", "0"),
    samples=[
        Sample(((3, 4), (3,)), limits={"labels": 4}),
        Sample(((2, 3, 9), (2, 3)), limits={"labels": 9}),
        Sample(((5,), ()), limits={"labels": 5}),
    ],
    per_element=(4, 1),
)  # fmt: skip
def softmax_cross_entropy(logits, labels):
    """How surprised softmax(logits) is by the labels, in nats: -ln of the probability of the true class.

    Called with integer labels (*b), or with probabilities (*b, c) as labels (see softmax_cross_entropy_soft),
    it gives the mean over all examples; reduction="none" gives the loss of each, "sum" their sum. Options:
    weight (c), how much a class counts; ignore_index, a label that marks examples to leave out;
    label_smoothing, the share of each label that is spread evenly over all classes. With integer labels the
    mean is then over the weights of the labels that count, and NaN if none does, as in PyTorch.

    Shapes: logits (*b, c), labels (*b) int64 -> y (), or (*b).
    Raises FaultError at run time for a label that is negative, or c or more, and is not ignored.
    Source: PyTorch, torch.nn.functional.cross_entropy; smoothing: Szegedy et al. 2016, section 7.
    """
    check_range(labels, logits.shape[-1], "labels")
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    total = np.log(np.sum(np.exp(shifted), axis=-1))
    return total - np.take_along_axis(shifted, labels[..., None], -1)[..., 0]


@softmax_cross_entropy.build
def build_softmax_cross_entropy(
    logits, labels, reduction="mean", *, weight=None, ignore_index=None, label_smoothing=0.0
):
    who = "softmax_cross_entropy"
    logits, labels, options = class_options(
        softmax_cross_entropy, logits, labels, weight, ignore_index, label_smoothing
    )
    return loss_of_classes(
        who, logits, labels, softmax_cross_entropy.node, softmax_cross_entropy_soft.node, reduction, options
    )


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
    per_element=(6, 1),
)  # fmt: skip
def softmax_cross_entropy_slope(g, logits, labels):
    """The slope of softmax_cross_entropy with respect to the logits, times g, in one pass.

    Shapes: g (*b), logits (*b, c), labels (*b) int64 -> y (*b, c).
    Raises FaultError at run time for a label that is negative, or c or more.
    Source: Bridle 1990, Probabilistic interpretation of feedforward classification network outputs.
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
    per_element=(6, 1),
)  # fmt: skip
def softmax_cross_entropy_soft(logits, labels):
    """Cross-entropy between labels that are probabilities and softmax(logits), in nats: -sum of labels ln
    softmax.

    Rows of labels usually sum to 1; the formula holds for any. Called, it gives the mean over all examples,
    or by reduction "none" or "sum" the loss of each or their sum.
    Shapes: logits, labels (*b, c) -> y (), or (*b).
    Source: PyTorch, torch.nn.functional.cross_entropy with probabilities as target.
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


__all__ = ["softmax_cross_entropy", "softmax_cross_entropy_slope", "softmax_cross_entropy_soft"]
