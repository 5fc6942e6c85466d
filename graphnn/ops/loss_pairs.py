"""Losses of pairs: bring vectors that belong together close, and hold others apart."""

from __future__ import annotations

from graphnn.core.declare import composite
from graphnn.core.op import Sample
from graphnn.ops.activation import relu
from graphnn.ops.arithmetic import maximum, minimum, sqrt, square
from graphnn.ops.axes import normal_axis, reduced
from graphnn.ops.comparison import equal, greater, where
from graphnn.ops.loss_parts import reduce_loss
from graphnn.ops.reduce import build_sum


def length(squares):
    """The root of a sum of squares, with slope 0 at 0."""
    none = equal(squares, 0.0)
    return where(none, 0.0, sqrt(where(none, 1.0, squares)))


@composite(
    "a(*s), b(*s), eps() -> y(*r)", latex=r"\frac{{a} \cdot {b}}{|{a}|\, |{b}|}",
    slopes=(r"({b} / |{b}| - {y}\, {a} / |{a}|) / |{a}|", r"({a} / |{a}| - {y}\, {b} / |{b}|) / |{b}|", "0"),
    samples=[Sample(((3, 4), (3, 4), ()), {"axis": 1}, domain=(0.1, 2.0)),
             Sample(((3, 4, 2), (3, 4, 2), ()), {"axis": 0}, domain=(0.1, 2.0))],
)  # fmt: skip
def cosine_similarity(a, b, eps, *, axis=-1):
    """The cosine of the angle between a and b along an axis, the last if none is given.

    A length below eps (1e-8 if not given) counts as eps, so vectors of zeros have cosine 0.
    Shapes: a, b (*s), eps () -> y (*s without the axis).
    Source: PyTorch, torch.nn.functional.cosine_similarity.
    """
    k = normal_axis(axis, a.shape, "cosine_similarity")
    lengths = [maximum(length(build_sum(square(v), k)), eps) for v in (a, b)]
    return build_sum(a * b, k) / (lengths[0] * lengths[1])


@cosine_similarity.build
def build_cosine_similarity(a, b, axis=-1, eps=1e-8):
    return cosine_similarity.node(a, b, eps, axis=axis)


@cosine_similarity.shape
def cosine_similarity_shape(a, b, eps, *, axis):
    return reduced(a, (normal_axis(axis, a, "cosine_similarity"),), False)


_PAIRS = "a(*b, n), b(*b, n), target(*b), margin() -> y()"


@composite(
    _PAIRS, latex=r"\operatorname{mean}\, [{target} > 0] (1 - \cos) + [{target} \le 0] \max(0, \cos - {margin})",
    slopes=(r"s\, \partial \cos / \partial {a}", r"s\, \partial \cos / \partial {b}", "0",
            r"-\tfrac{1}{n} \sum [{target} \le 0] [\cos > {margin}]"),
    samples=[Sample(((3, 4), (3, 4), (3,), ())), Sample(((4,), (4,), (), ()), {"reduction": "none"})],
)  # fmt: skip
def cosine_embedding_loss(a, b, target, margin, *, reduction="mean"):
    """Make the cosine of a and b 1 where the target is 1, and less than a margin (0 if not given) where it is -1.

    s is -1/n for alike pairs, 1/n for others beyond the margin, else 0.
    Shapes: a, b (*b, n), target (*b), margin () -> y (), or (*b) by reduction="none".
    Source: PyTorch, torch.nn.functional.cosine_embedding_loss.
    """
    cosine = build_cosine_similarity(a, b)
    loss = where(greater(target, 0.0), 1.0 - cosine, relu(cosine - margin))
    return reduce_loss(loss, reduction, "cosine_embedding_loss")


@cosine_embedding_loss.build
def build_cosine_embedding_loss(a, b, target, margin=0.0, reduction="mean"):
    return cosine_embedding_loss.node(a, b, target, margin, reduction=reduction)


@composite(
    _PAIRS.replace("target", "same"),
    latex=r"\operatorname{mean} \tfrac{1}{2} {same}\, d^2 + \tfrac{1}{2} (1 - {same}) \max(0, {margin} - d)^2,"
          r"\; d = |{a} - {b}|",
    slopes=(r"s\, ({a} - {b})", r"s\, ({b} - {a})", r"\tfrac{1}{2n} (d^2 - \max(0, {margin} - d)^2)",
            r"\tfrac{1}{n} \sum (1 - {same}) \max(0, {margin} - d)"),
    samples=[Sample(((3, 4), (3, 4), (3,), ()), domain=(0.1, 0.9))],
)  # fmt: skip
def contrastive_loss(a, b, same, margin, *, reduction="mean"):
    """Pull pairs that are the same (1) together, push others (0) apart until they are a margin (1) away.

    s is (same - (1 - same) max(0, margin - d) / d) / n; two different vectors in one place have slope 0.
    Shapes: a, b (*b, n), same (*b), margin () -> y (), or (*b) by reduction="none".
    Source: Hadsell, Chopra and LeCun 2006, equation 4, with 1 for pairs that are the same.
    """
    squares = build_sum(square(a - b), -1)
    apart = square(relu(margin - length(squares)))
    return reduce_loss(0.5 * (same * squares + (1.0 - same) * apart), reduction, "contrastive_loss")


@contrastive_loss.build
def build_contrastive_loss(a, b, same, margin=1.0, reduction="mean"):
    return contrastive_loss.node(a, b, same, margin, reduction=reduction)


@composite(
    "anchor(*b, n), positive(*b, n), negative(*b, n), margin(), eps() -> y()",
    latex=r"\operatorname{mean} \max(0, |{anchor} - {positive}| - |{anchor} - {negative}| + {margin})",
    slopes=(r"p - q", r"-p", r"q", r"\tfrac{1}{n} \sum [{y} > 0]", r"\sum (p - q)"),
    samples=[Sample(((3, 4), (3, 4), (3, 4), (), ()), {}), Sample(((3, 4), (3, 4), (3, 4), (), ()), {"swap": True})],
)  # fmt: skip
def triplet_margin_loss(anchor, positive, negative, margin, eps, *, swap=False, reduction="mean"):
    """By how much the negative is not a margin (1 if not given) farther from the anchor than the positive.

    Lengths are those of differences plus eps (1e-6 if not given), as in PyTorch; p and q are the unit vectors from
    positive and from negative to anchor, over n. swap=True takes the negative's distance from the nearer of
    anchor and positive. Shapes: anchor, positive, negative (*b, n), margin, eps () -> y (), or (*b).
    Source: Balntas et al. 2016 (swap); PyTorch, torch.nn.functional.triplet_margin_loss.
    """

    def distance(u, v):
        return length(build_sum(square(u - v + eps), -1))

    far = distance(anchor, negative)
    far = minimum(far, distance(positive, negative)) if swap else far
    return reduce_loss(relu(distance(anchor, positive) - far + margin), reduction, "triplet_margin_loss")


@triplet_margin_loss.build
def build_triplet_margin_loss(
    anchor, positive, negative, margin=1.0, *, eps=1e-6, swap=False, reduction="mean"
):
    return triplet_margin_loss.node(anchor, positive, negative, margin, eps, swap=swap, reduction=reduction)


__all__ = [
    "contrastive_loss",
    "cosine_embedding_loss",
    "cosine_similarity",
    "triplet_margin_loss",
]
