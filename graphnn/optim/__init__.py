"""Optimisers as graphs: from parameters and gradients they build the nodes of the new values."""

from graphnn.optim.adam import Adam
from graphnn.optim.optimizer import Optimizer
from graphnn.optim.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer"]
