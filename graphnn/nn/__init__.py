"""Layers: build the nodes of a model, and keep its parameters."""

from graphnn.nn.dense import Dense
from graphnn.nn.dropout import Dropout
from graphnn.nn.layer import Layer
from graphnn.nn.sequential import Sequential

__all__ = ["Dense", "Dropout", "Layer", "Sequential"]
