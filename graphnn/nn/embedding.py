"""Embedding: a vector that learns for each word, class or user."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from graphnn import init
from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType, as_dtype, is_float
from graphnn.core.errors import DtypeError, SettingError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import whole_number
from graphnn.init import Initializer
from graphnn.nn.checks import check_functions
from graphnn.nn.layer import Layer, as_node
from graphnn.ops import embedding, transpose


class Embedding(Layer):
    """The row of a table for each index. Shapes: x (*batch) int64 -> y (*batch, width); table (count, width).

    Rows start normal with deviation 1 / sqrt(width), so that their length is near 1. An index that is negative, or
    count or more, is a FaultError at run time.

    count, width : how many rows there are, and how long each is
    padding_index : a row that stays zero and learns nothing, for what only fills up sequences
    dtype : of the table: indices have none to pass on

    Example
    -------
    >>> import graphnn as gn
    >>> words = gn.nn.Embedding(1000, 16, seed=1)
    >>> x = words(gn.input("text", ("batch", "time"), "int64"))
    >>> x.shape, words.attend(x).shape
    ((batch, time, 16), (batch, time, 1000))
    """

    takes: ClassVar[str] = "int64"

    def __init__(
        self,
        count: int,
        width: int,
        *,
        padding_index: int | None = None,
        dtype: str | DType = "float32",
        weight_init: Initializer | None = None,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        check_functions("Embedding", None, weight_init)
        self.count = whole_number(count, "Embedding: count", 1)
        self.width = whole_number(width, "Embedding: width", 1)
        self.dtype = as_dtype(dtype, "Embedding: dtype")
        if not is_float(self.dtype):
            raise DtypeError(f"Embedding: a table that learns holds floats, found {dtype!r}.")
        if (
            padding_index is not None
            and whole_number(padding_index, "Embedding: padding_index") >= self.count
        ):
            raise SettingError(
                f"Embedding: padding_index is {padding_index}, wanted a row of the table, 0 to {self.count - 1}."
            )
        self.padding_index = padding_index
        self.weight_init = weight_init or init.normal(self.width**-0.5)

    def build(self, shape: Shape, dtype: DType) -> None:
        self.table = self.add_parameter("table", (self.count, self.width), self._first_rows, self.dtype)

    def _first_rows(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        rows = np.array(self.weight_init(shape, rng))
        if self.padding_index is not None and rows.shape == shape:
            rows[self.padding_index] = 0.0
        return rows

    def fits(self, shape: Shape) -> bool:
        """The table is the same for every shape of indices."""
        return True

    def apply(self, x: Node, *, training: bool) -> Node:
        return embedding(x, self.table, self.padding_index)

    def attend(self, x: Node) -> Node:
        """x @ table.T: how much x is like each row, as logits over all `count` words.

        The table serves at both ends, so input and output weights are one parameter. Shapes: x (*batch, width) ->
        y (*batch, count). Source: Press and Wolf, Using the output embedding to improve language models, 2017.
        """
        who = f"layer {self.name}"
        as_node(x, who)
        with scope(self.name):
            if not self._built:
                self._build([])
            if x.dtype is not self.dtype:
                raise DtypeError(f"{who}: attend: the table holds {self.dtype}, found {describe(x)}.")
            return x @ transpose(self.table)
