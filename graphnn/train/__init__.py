"""Training: fit a graph's parameters to data, with whole epochs in compiled code."""

from graphnn.train.history import History
from graphnn.train.trainer import Trainer

__all__ = ["History", "Trainer"]
