"""Measures of how good a model is over a whole data set, as graphs.

Each function gives a `Metric` for a Trainer's `metrics`: what batches add up, or keep, and the graph of the value, so
the result does not depend on how the rows were cut into batches. Of one batch as a node there are `gn.accuracy` and
the losses of `gn.ops`.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 3)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Dense(2)(x)
>>> measures = {"recall": gn.metrics.recall(logits, y), "auc": gn.metrics.auc(logits, y)}
>>> trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.SGD(0.1), metrics=measures)
"""

from graphnn.metrics.confusion import balanced_accuracy, confusion_matrix, f1, precision, recall
from graphnn.metrics.errors_of_numbers import (
    explained_variance,
    mean_absolute_error,
    mean_squared_error,
    r2,
    root_mean_squared_error,
)
from graphnn.metrics.hits import accuracy, error_rate, top_k_accuracy
from graphnn.metrics.likelihood import log_loss, perplexity
from graphnn.metrics.metric import Metric
from graphnn.metrics.ranking import auc, average_precision

__all__ = [
    "Metric",
    "accuracy",
    "auc",
    "average_precision",
    "balanced_accuracy",
    "confusion_matrix",
    "error_rate",
    "explained_variance",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "perplexity",
    "precision",
    "r2",
    "recall",
    "root_mean_squared_error",
    "top_k_accuracy",
]
