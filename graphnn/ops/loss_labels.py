"""Losses of labels: coins, classes, margins and overlaps, given probabilities, scores or logits."""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite, op
from graphnn.core.errors import SettingError
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.activation import relu, sigmoid, softplus
from graphnn.ops.arithmetic import neg, pow, square
from graphnn.ops.comparison import equal, where
from graphnn.ops.exponential import log, log1p
from graphnn.ops.index import build_one_hot
from graphnn.ops.loss_classes import check_classes, class_options, loss_of_classes
from graphnn.ops.loss_parts import check_same_shape, reduce_loss, weigh
from graphnn.ops.mathematics import softplus as fast_softplus
from graphnn.ops.reduce import build_size, build_sum
from graphnn.ops.softmaxes import along_rows

LOWEST_LOG = -100.0
"""The logarithm of a probability of 0, as in PyTorch: one sure mistake is to be no infinite loss."""

_LABELS = {"labels": 4}


@op(
    "logits(*s), targets(*s) -> y(*s)", latex=r"\ln(1 + e^{{logits}}) - {logits}\, {targets}",
    slopes=(r"\sigma({logits}) - {targets}", r"-{logits}"), samples=[Sample(((3, 4), (3, 4)))],
    per_element=(1, 1),
)  # fmt: skip
def binary_cross_entropy_with_logits(logits, targets):
    """How surprised sigmoid(logits) is by targets between 0 and 1, in nats; nothing overflows.

    Called, it gives the mean over all elements; reduction="none" gives the loss of each, "sum" their sum. Options:
    weight, a factor for the loss of each element, and pos_weight, one for its positive part; both broadcast.
    Shapes: logits, targets (*s) -> y (), or (*s).
    Source: PyTorch, torch.nn.functional.binary_cross_entropy_with_logits.
    """
    wrong_side = np.where(logits > 0, logits * (1 - targets), -logits * targets)
    return (wrong_side + np.log1p(np.exp(-np.abs(logits)))).astype(logits.dtype)


@binary_cross_entropy_with_logits.build
def build_binary_cross_entropy_with_logits(
    logits, targets, reduction="mean", *, weight=None, pos_weight=None
):  # fmt: skip
    record = binary_cross_entropy_with_logits
    logits, targets = record.as_nodes((logits, targets))
    check_same_shape(logits, targets, record.name, ("logits", "targets"))
    if pos_weight is None:
        return weigh(record.node(logits, targets), weight, reduction, record.name)
    with scope(record.name):
        loss = pos_weight * targets * softplus(neg(logits)) + (1.0 - targets) * softplus(logits)
        return weigh(loss, weight, reduction, record.name)


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


def bounded_log(p, edge, logarithm):
    """A logarithm that is -100 with slope 0 at `edge`, where it would be -infinity, and never below."""
    sure = equal(p, edge)
    found = logarithm(where(sure, 0.5, p))
    return where(sure, LOWEST_LOG, where(found < LOWEST_LOG, LOWEST_LOG, found))


def log_of_rest(p):
    """ln(1 - p)."""
    return log1p(neg(p))


@composite(
    "p(*s), targets(*s) -> y()",
    latex=r"-\operatorname{mean} ({targets} \ln {p} + (1 - {targets}) \ln(1 - {p}))",
    slopes=(r"\tfrac{1}{n} ({p} - {targets}) / ({p} (1 - {p}))", r"\tfrac{1}{n} \ln((1 - {p}) / {p})"),
    samples=[Sample(((3, 4), (3, 4)), domain=(0.1, 0.9)),
             Sample(((3,), (3,)), {"reduction": "none"}, domain=(0.1, 0.9))],
)  # fmt: skip
def binary_cross_entropy(p, targets, *, reduction="mean"):
    """How surprised probabilities p are by targets between 0 and 1, in nats.

    Logarithms are at least -100, as in PyTorch; where p is exactly 0 or 1 the bounded one has slope 0, by
    convention. A p outside 0 to 1 gives NaN. From logits use binary_cross_entropy_with_logits, which is exact.
    weight= is a factor for the loss of each element. Shapes: p, targets (*s) -> y (), or (*s).
    Source: PyTorch, torch.nn.functional.binary_cross_entropy.
    """
    logs, rest = bounded_log(p, 0.0, log), bounded_log(p, 1.0, log_of_rest)
    return reduce_loss(neg(targets * logs + (1.0 - targets) * rest), reduction, "binary_cross_entropy")


@binary_cross_entropy.build
def build_binary_cross_entropy(p, targets, reduction="mean", *, weight=None):
    if weight is None:
        return binary_cross_entropy.node(p, targets, reduction=reduction)
    loss = binary_cross_entropy.node(p, targets, reduction="none")
    return weigh(loss, weight, reduction, "binary_cross_entropy")


def at_label(scores, labels):
    """The score of each example's label; a label that is no class is a fault at run time."""
    hot = equal(build_one_hot(labels, scores.shape[-1], scores.dtype), 1.0)
    return build_sum(where(hot, scores, 0.0), -1)


def share_sum(log_p, labels):
    """Minus the sum of probabilities (labels) times logarithms; a share of 0 counts nothing, whatever log_p."""
    none = equal(labels, 0.0)
    return neg(build_sum(where(none, 0.0, labels * where(none, 0.0, log_p)), -1))


@composite(
    "log_p(*b, c), labels(*b):int64 -> y()", latex=r"-\operatorname{mean} {log_p}_{{labels}}",
    slopes=(r"-\tfrac{1}{n} \mathbf{1}_{{labels}}", "0"),
    samples=[Sample(((3, 4), (3,)), limits=_LABELS),
             Sample(((2, 3, 4), (2, 3)), {"reduction": "none"}, limits=_LABELS)],
)  # fmt: skip
def nll_loss(log_p, labels, *, reduction="mean"):
    """Negative log likelihood: minus the logarithm, found in log_p, of the probability of each label.

    Options weight (c) and ignore_index as in softmax_cross_entropy; labels may be probabilities (*b, c).
    Shapes: log_p (*b, c), labels (*b) int64 -> y (), or (*b).
    Raises FaultError at run time for a label that is negative, or c or more, and is not ignored.
    Source: PyTorch, torch.nn.functional.nll_loss.
    """
    check_classes(log_p.shape, "nll_loss")
    return reduce_loss(neg(at_label(log_p, labels)), reduction, "nll_loss")


@nll_loss.build
def build_nll_loss(log_p, labels, reduction="mean", *, weight=None, ignore_index=None):
    log_p, labels, options = class_options(nll_loss, log_p, labels, weight, ignore_index, 0.0)

    def hard(scores, known):
        return nll_loss.node(scores, known, reduction="none")

    return loss_of_classes("nll_loss", log_p, labels, hard, share_sum, reduction, options)


@composite(
    "p(*b, c), labels(*b):int64 -> y()", latex=r"-\operatorname{mean} \ln {p}_{{labels}}",
    slopes=(r"-\tfrac{1}{n} \mathbf{1}_{{labels}} / {p}", "0"),
    samples=[Sample(((3, 4), (3,)), limits=_LABELS, domain=(0.1, 1.0)),
             Sample(((2, 3, 4), (2, 3)), {"reduction": "none"}, limits=_LABELS, domain=(0.1, 1.0))],
)  # fmt: skip
def categorical_cross_entropy(p, labels, *, reduction="mean"):
    """How surprised probabilities p are by the labels, in nats. From logits use softmax_cross_entropy.

    Logarithms are at least -100, with slope 0 where p is 0, as in binary_cross_entropy. Options weight (c),
    ignore_index and label_smoothing as in softmax_cross_entropy; labels may be probabilities (*b, c).
    Shapes: p (*b, c), labels (*b) int64 -> y (), or (*b).
    Raises FaultError at run time for a label that is negative, or c or more, and is not ignored.
    Source: Keras, CategoricalCrossentropy; PyTorch, torch.nn.functional.nll_loss of logarithms.
    """
    check_classes(p.shape, "categorical_cross_entropy")
    return reduce_loss(
        neg(bounded_log(at_label(p, labels), 0.0, log)), reduction, "categorical_cross_entropy"
    )


@categorical_cross_entropy.build
def build_categorical_cross_entropy(
    p, labels, reduction="mean", *, weight=None, ignore_index=None, label_smoothing=0.0
):
    record = categorical_cross_entropy
    p, labels, options = class_options(record, p, labels, weight, ignore_index, label_smoothing)

    def hard(p, known):
        return record.node(p, known, reduction="none")

    def soft(p, shares):
        return share_sum(bounded_log(p, 0.0, log), shares)

    return loss_of_classes(record.name, p, labels, hard, soft, reduction, options)


@composite(
    "x(*s), target(*s), margin() -> y()", latex=r"\operatorname{mean} \max(0,\, {margin} - {target}\, {x})",
    slopes=(r"-\tfrac{1}{n} [{target} {x} < {margin}]\, {target}", r"-\tfrac{1}{n} [{target} {x} < {margin}]\, {x}",
            r"\tfrac{1}{n} \sum [{target} {x} < {margin}]"),
    samples=[Sample(((3, 4), (3, 4), ())), Sample(((3,), (3,), ()), {"reduction": "none"})],
)  # fmt: skip
def hinge_loss(x, target, margin, *, reduction="mean"):
    """What a score x lacks to be on the side of its target, -1 or +1, by a margin (1 if not given).

    Shapes: x, target (*s), margin () -> y (), or (*s) by reduction="none". The slope on the margin is 0.
    Source: Cortes and Vapnik 1995, Support-vector networks; scikit-learn, hinge_loss.
    """
    return reduce_loss(relu(margin - target * x), reduction, "hinge_loss")


@hinge_loss.build
def build_hinge_loss(x, target, margin=1.0, reduction="mean"):
    return hinge_loss.node(x, target, margin, reduction=reduction)


@composite(
    "x(*b, c), labels(*b):int64, margin() -> y()",
    latex=r"\operatorname{mean} \tfrac{1}{c} \sum_{j \ne {labels}} \max(0,\, {margin} - {x}_{{labels}} + {x}_j)",
    slopes=(r"\tfrac{1}{nc} ([j \text{ inside}] - \mathbf{1}_{{labels}} \sum_k [k \text{ inside}])", "0",
            r"\tfrac{1}{nc} \sum [j \text{ inside}]"),
    samples=[Sample(((3, 4), (3,), ()), limits=_LABELS),
             Sample(((2, 3, 4), (2, 3), ()), {"power": 2, "reduction": "none"}, limits=_LABELS)],
)  # fmt: skip
def multi_margin_loss(x, labels, margin, *, power=1, reduction="mean"):
    """Multi-class hinge: by how much other scores come nearer than a margin (1 if not given) to the label's.

    power=2 squares each. The sum over classes is divided by their number. The slope on the margin is 0.
    Shapes: x (*b, c), labels (*b) int64, margin () -> y (), or (*b) by reduction="none".
    Raises FaultError at run time for a label that is negative, or c or more.
    Source: Crammer and Singer 2001; PyTorch, torch.nn.functional.multi_margin_loss.
    """
    check_classes(x.shape, "multi_margin_loss")
    if power not in (1, 2):
        raise SettingError(f"multi_margin_loss: power is 1 or 2, found {power!r}.")
    hot = equal(build_one_hot(labels, x.shape[-1], x.dtype), 1.0)
    own = build_sum(where(hot, x, 0.0), -1)
    lack = relu(margin - (along_rows(own, x) - x))
    lack = where(hot, 0.0, square(lack) if power == 2 else lack)
    loss = build_sum(lack, -1) / build_size((x.shape[-1],), x.dtype)
    return reduce_loss(loss, reduction, "multi_margin_loss")


@multi_margin_loss.build
def build_multi_margin_loss(x, labels, margin=1.0, *, power=1, reduction="mean"):
    return multi_margin_loss.node(x, labels, margin, power=power, reduction=reduction)


@composite(
    "logits(*s), targets(*s), alpha(), gamma() -> y()",
    latex=r"-\operatorname{mean} \alpha_t (1 - p_t)^{{gamma}} \ln p_t",
    slopes=(r"\partial {y} / \partial {logits}", r"\partial {y} / \partial {targets}",
            r"\tfrac{1}{n} \sum (2\, {targets} - 1)\, (1 - p_t)^{{gamma}} (-\ln p_t)",
            r"-\tfrac{1}{n} \sum \alpha_t (1 - p_t)^{{gamma}} \ln(1 - p_t) \ln p_t"),
    samples=[Sample(((3, 4), (3, 4), (), ()), domain=(0.1, 0.9))],
)  # fmt: skip
def sigmoid_focal_loss(logits, targets, alpha, gamma, *, reduction="mean"):
    """Binary cross-entropy in which sure and right examples count little: times (1 - p_t)^gamma.

    p_t is the probability of the target, alpha (0.25 if not given) the weight of positive targets and 1 - alpha
    that of the others; gamma is 2 if not given. Shapes: logits, targets (*s), alpha, gamma () -> y (), or (*s).
    Source: Lin et al. 2017, Focal loss for dense object detection, equation 5; torchvision, sigmoid_focal_loss.
    """
    wrong = sigmoid(logits) * (1.0 - targets) + sigmoid(neg(logits)) * targets
    weight = alpha * targets + (1.0 - alpha) * (1.0 - targets)
    loss = weight * pow(wrong, gamma) * binary_cross_entropy_with_logits.node(logits, targets)
    return reduce_loss(loss, reduction, "sigmoid_focal_loss")


@sigmoid_focal_loss.build
def build_sigmoid_focal_loss(logits, targets, alpha=0.25, gamma=2.0, reduction="mean"):
    return sigmoid_focal_loss.node(logits, targets, alpha, gamma, reduction=reduction)


@composite(
    "p(b, *s), targets(b, *s), smooth() -> y()",
    latex=r"1 - \frac{2 \sum {p}\, {targets} + {smooth}}{\sum {p} + \sum {targets} + {smooth}}",
    slopes=(r"(1 - {y} - 2\, {targets}) / d", r"(1 - {y} - 2\, {p}) / d", r"-{y} / d"),
    samples=[Sample(((3, 4), (3, 4), ()), domain=(0.1, 0.9)),
             Sample(((2, 3, 2), (2, 3, 2), ()), {"reduction": "none"}, domain=(0.1, 0.9))],
)  # fmt: skip
def dice_loss(p, targets, smooth, *, reduction="mean"):
    """One minus the overlap of each example's mask of probabilities p with its mask of targets.

    smooth (1 if not given) keeps empty masks from dividing by 0; d is the divisor.
    Shapes: p, targets (b, *s), smooth () -> y (), or (b) by reduction="none".
    Source: Dice 1945; as a loss Milletari et al. 2016, V-Net, with sums in the place of sums of squares.
    """
    axes = tuple(range(1, p.ndim))
    both, all_p, all_t = (build_sum(v, axes) if axes else v for v in (p * targets, p, targets))
    return reduce_loss(1.0 - (2.0 * both + smooth) / (all_p + all_t + smooth), reduction, "dice_loss")


@dice_loss.build
def build_dice_loss(p, targets, smooth=1.0, reduction="mean"):
    return dice_loss.node(p, targets, smooth, reduction=reduction)


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "dice_loss",
    "hinge_loss",
    "multi_margin_loss",
    "nll_loss",
    "sigmoid_focal_loss",
]
