"""Connectionist temporal classification: a loss for sequences whose labels are not lined up with the steps."""

from __future__ import annotations

import numpy as np

from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.ops.arithmetic import maximum, neg
from graphnn.ops.comparison import greater, less, not_equal, where
from graphnn.ops.gathering import gather
from graphnn.ops.join import build_concat, stack
from graphnn.ops.loss_parts import reduce_loss
from graphnn.ops.reduce import build_broadcast_to
from graphnn.ops.shape import build_reshape
from graphnn.ops.slicing import build_slice
from graphnn.ops.softmaxes import logsumexp

LOW = -1e30
"""The logarithm of what cannot be. -infinity would make NaN of its slope."""


def ctc_loss(
    log_p: Node, targets: Node, input_lengths: Node, target_lengths: Node, *,
    blank: int = 0, reduction: str = "mean", zero_infinity: bool = False,
) -> Node:  # fmt: skip
    """How surprised a sequence of distributions is by labels in order, summed over all ways to line them up.

    A way stretches the labels over the steps, with blanks between them where it likes, and must put one between
    equal neighbours. log_p holds logarithms of probabilities. The mean divides each loss by its number of
    labels first, as in PyTorch. Where no way fits, the loss is infinite, or 0 by zero_infinity, with slope 0.
    It is a graph of one scope for each step, so the number of steps must be known; correct to any order.

    Shapes: log_p (t, b, c), targets (b, s) int64, input_lengths, target_lengths (b) int64 -> y (), or (b) by
    reduction="none". Steps and targets beyond the lengths do not count, but targets there are classes, too.
    Raises FaultError at run time for a target or a length that is not there.
    Source: Graves et al. 2006, Connectionist temporal classification, equations 5 to 8; PyTorch,
    torch.nn.functional.ctc_loss.
    """
    steps, rows, marks = _check(log_p, targets, input_lengths, target_lengths, blank)
    with scope("ctc_loss"):
        # The labels with blanks around them, what each costs at each step, and where two places back is near.
        states = 2 * marks + 1
        gap, barred = _filled((rows, 1), blank, targets), _filled((rows, 1), LOW, log_p)
        between = build_broadcast_to(gap, (rows, marks))
        path = build_concat([build_reshape(stack([between, targets], 2), (rows, 2 * marks)), gap], 1)
        path = build_broadcast_to(path, (steps, rows, states))
        costs = maximum(gather(log_p, path, 2), LOW)
        far = build_broadcast_to(barred, (rows, marks))
        changes = where(not_equal(targets[:, 1:], targets[:, :-1]), 0.0, far[:, 1:])
        leap = build_concat([_filled((rows, 1), 0.0, log_p), changes], 1)
        leap = build_concat([build_reshape(stack([far, leap], 2), (rows, 2 * marks)), barred], 1)
        start = constant(np.where(np.arange(states) < 2, 0.0, LOW), log_p.dtype)
        alpha = build_slice(costs, (0,)) + start
        for t in range(1, steps):
            with scope(f"t{t}"):
                one = build_concat([barred, alpha[:, :-1]], 1)
                two = build_concat([barred, one[:, :-1]], 1) + leap
                after = logsumexp(stack([alpha, one, two], 2)) + build_slice(costs, (t,))
                goes_on = build_reshape(greater(input_lengths, t), (rows, 1))
                alpha = where(build_broadcast_to(goes_on, (rows, states)), after, alpha)
        last = 2 * target_lengths
        before = where(greater(last, 0), last - 1, 0)
        ends = gather(alpha, stack([last, before], 1), 1)
        only = stack([greater(last, -1), greater(last, 0)], 1)  # no labels: one end, not the same one twice
        loss = neg(logsumexp(where(only, ends, LOW)))
        loss = where(less(loss, -0.1 * LOW), loss, 0.0 if zero_infinity else np.inf)
        if reduction == "mean":
            loss = loss / where(greater(target_lengths, 1), target_lengths, 1).cast(str(loss.dtype))
        return reduce_loss(loss, reduction, "ctc_loss")


def _filled(shape, value, like):
    """One number everywhere, in the dtype of another node."""
    return build_broadcast_to(constant(value, like.dtype), shape)


def _check(log_p, targets, input_lengths, target_lengths, blank):
    """Steps, rows and labels of a row, if all fits."""
    named = {"log_p": (log_p, 3), "targets": (targets, 2), "input_lengths": (input_lengths, 1),
             "target_lengths": (target_lengths, 1)}  # fmt: skip
    for name, (node, rank) in named.items():
        kind = "float" if name == "log_p" else "int64"
        fits = isinstance(node, Node) and node.ndim == rank
        if not fits or (node.dtype in FLOATS) != (kind == "float"):
            raise ShapeError(f"ctc_loss: {name} is a {kind} node of {rank} axes, found {node!r}.")
    steps, rows, classes = log_p.shape
    marks = targets.shape[1]
    for name, (node, _) in list(named.items())[1:]:
        if node.shape[0] != rows:
            raise ShapeError(
                f"ctc_loss: {name} is {shape_text(node.shape)} but log_p is {shape_text(log_p.shape)}; "
                "one row for each sequence of the batch."
            )
    if isinstance(steps, Dim) or isinstance(marks, Dim) or steps == 0 or marks == 0:
        raise ShapeError(
            f"ctc_loss: log_p is {shape_text(log_p.shape)} and targets {shape_text(targets.shape)}; the numbers of "
            "steps and of labels must be known, and at least 1."
        )
    if not isinstance(blank, int) or blank < 0 or (isinstance(classes, int) and blank >= classes):
        raise SettingError(f"ctc_loss: blank is a class, found {blank!r} of {classes} classes.")
    return steps, rows, marks


__all__ = ["ctc_loss"]
