"""Measures of probabilities: how surprised a model is by the true labels."""

from __future__ import annotations

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.metrics.metric import Metric
from graphnn.metrics.operands import Labelled, labelled
from graphnn.ops import (
    cast,
    clip,
    exp,
    expand_dims,
    gather,
    log,
    log1p,
    log_softmax,
    logsigmoid,
    squeeze,
    where,
)
from graphnn.ops import equal as equal_


def log_loss(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    probabilities: bool = False,
) -> Metric:  # fmt: skip
    """Mean of -ln of the probability given to the true label, in nats, over the places that count.

    probabilities : whether the scores are probabilities, else they are logits. Probabilities are kept between the
        rounding error of their dtype and 1 less it, as scikit-learn does, so that one sure mistake is not infinite.
    Shapes: scores (*b, classes) with labels int64 (*b), or one score per label, (*b) or (*b, 1); mask (*b).
    """
    with scope("log_loss"):
        given = labelled("log_loss", scores, labels, mask, ignored)
        totals = (given.total(_surprise(given, probabilities=probabilities)), given.count())
    return Metric("log loss", lambda total, count: total / count, totals=totals, better="lower")


def perplexity(
    scores: Node, labels: Node, *, mask: Node | None = None, ignored: int | None = None,
    probabilities: bool = False,
) -> Metric:  # fmt: skip
    """e to the mean surprise per token: among how many equally likely tokens the model seems to guess.

    Shapes and settings: those of `gn.metrics.log_loss`, such as scores (batch, time, tokens), labels and mask
    (batch, time). The mean is over all tokens that count, not over batches.
    """
    with scope("perplexity"):
        given = labelled("perplexity", scores, labels, mask, ignored)
        totals = (given.total(_surprise(given, probabilities=probabilities)), given.count())
    return Metric("perplexity", lambda total, count: exp(total / count), totals=totals, better="lower")


def _surprise(given: Labelled, *, probabilities: bool) -> Node:
    """-ln p of each label, float64 (*b)."""
    scores = cast(given.scores, float64)
    if probabilities:
        least = float(np.finfo(given.scores.dtype).eps)
        scores = clip(scores, least, 1.0 - least)
    if given.binary:
        positive = equal_(given.labels, 1)
        if probabilities:
            return -where(positive, log(scores), log1p(-scores))
        return -logsigmoid(where(positive, scores, -scores))
    logs = log(scores) if probabilities else log_softmax(scores, axis=-1)
    return -squeeze(gather(logs, expand_dims(given.labels, -1), axis=-1), -1)
