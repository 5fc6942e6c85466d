"""Attention: each step of a sequence looks at other steps, by what they hold and not by how far away they are."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from graphnn import init
from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType, bool_
from graphnn.core.errors import DtypeError, SettingError, ShapeError
from graphnn.core.leaves import constant, describe
from graphnn.core.node import Node
from graphnn.core.settings import fraction, whole_number
from graphnn.init import Initializer
from graphnn.nn.checks import check_functions, known_size
from graphnn.nn.layer import Layer
from graphnn.ops import dropout, logical_and, masked_softmax, multi_head_attention, reshape, softmax, tri
from graphnn.ops.attention_ops import scale_of
from graphnn.ops.heads import head_mix, head_scores


class MultiHeadAttention(Layer):
    """Several heads, each with columns of its own, take means of values, weighted by how well keys fit queries.

    Called as layer(x): the sequence attends to itself; layer(x, memory): it attends to another one;
    layer(queries, keys, values): all three are given. Shapes: x (batch, t, d), memory (batch, s, e) ->
    y (batch, t, units).

    heads : how many; they divide `width`
    width : columns of queries, keys and values, all heads together; as many as x has if not said
    units : columns of the answer; as many as x has if not said
    causal : a step sees itself and what came before
    dropout : share of the weights forgotten in training

    `mask=` is true where a query may see a key, and broadcasts to (batch, heads, t, s); `present=` (batch, s) is true
    where a step of the memory is more than filling. A query that may see nothing mixes zeros.
    Source: Vaswani et al. 2017, section 3.2.2. PyTorch's in_proj_weight holds the transposes of wq, wk, wv.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.MultiHeadAttention(4, causal=True)
    >>> layer(gn.input("x", ("batch", 10, 16))).shape
    (batch, 10, 16)
    """

    default_name: ClassVar[str] = "attention"

    def __init__(
        self,
        heads: int,
        *,
        width: int | None = None,
        units: int | None = None,
        causal: bool = False,
        dropout: float = 0.0,
        use_bias: bool = True,
        weight_init: Initializer = init.xavier,
        bias_init: Initializer = init.zeros,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        who = "MultiHeadAttention"
        self.heads = whole_number(heads, f"{who}: heads", 1)
        self.width = None if width is None else whole_number(width, f"{who}: width", 1)
        self.units = None if units is None else whole_number(units, f"{who}: units", 1)
        if self.width is not None and self.width % self.heads:
            raise SettingError(f"{who}: a width of {width} cannot be cut into {heads} heads of equal width.")
        self.causal, self.use_bias = bool(causal), bool(use_bias)
        self.dropout = fraction(dropout, f"{who}: dropout")
        check_functions(who, None, weight_init, bias_init)
        self.weight_init, self.bias_init = weight_init, bias_init

    def __call__(
        self, x: Node, *others: Node | None, mask: Any = None, present: Any = None, training: bool = False
    ) -> Node:
        if len(others) > 2:
            raise ShapeError(
                f"layer {self.name}: takes x, (x, memory) or (queries, keys, values), found {1 + len(others)} nodes."
            )
        keys, values = (*others, None, None)[:2]
        keys = x if keys is None else keys
        values = keys if values is None else values
        marks = [None if m is None else truth(m, f"layer {self.name}: {word}")
                 for m, word in ((mask, "mask"), (present, "present"))]  # fmt: skip
        return super().__call__(x, keys, values, *marks, training=training)

    def fits(self, shape: Shape) -> bool:
        """The features must be as they were; the number of steps may differ."""
        return len(shape) == 3 and shape[2] == self._features[0]

    def build(self, shape: Shape, dtype: DType) -> None:
        self._features = []
        for word, found in zip(("x", "keys", "values"), self.shapes):
            found = found or ()
            if len(found) != 3:
                raise ShapeError(
                    f"layer {self.name}: {word} is (batch, steps, features), found {shape_text(found)}."
                )
            self._features.append(known_size(self.name, found, 2, f"features of {word}"))
        features = self._features
        width = features[0] if self.width is None else self.width
        if width % self.heads:
            raise ShapeError(
                f"layer {self.name}: {width} features cannot be cut into {self.heads} heads of equal width. Say a "
                "width that the heads divide."
            )
        units = features[0] if self.units is None else self.units
        self._weights: list[Node | None] = []
        for letter, size, columns in zip("qkvo", (*features, width), (width, width, width, units)):
            self._weights.append(self.add_parameter(f"w{letter}", (size, columns), self.weight_init, dtype))
            bias = (
                self.add_parameter(f"b{letter}", (columns,), self.bias_init, dtype) if self.use_bias else None
            )
            self._weights.append(bias)

    def apply(
        self, q: Node, k: Node, v: Node, mask: Node | None, present: Node | None, *, training: bool
    ) -> Node:
        steps = (q.shape[1], k.shape[1], k.shape[1])
        for word, node, many, size in zip(("x", "keys", "values"), (q, k, v), steps, self._features):
            wanted = (q.shape[0], many, size)
            if node.shape != wanted:
                raise ShapeError(
                    f"layer {self.name}: wanted {word} {shape_text(wanted)}, found {describe(node)}."
                )
        allowed = self.allowed(q, k, mask, present)
        rate = self.dropout if training else 0.0
        if rate == 0.0 and allowed is None and self.use_bias:
            inputs: Any = q if q is k and k is v else (q, k, v)
            return multi_head_attention(inputs, *self._weights, heads=self.heads, causal=self.causal)
        wq, bq, wk, bk, wv, bv, wo, bo = self._weights
        queries, keys, values = (
            product(node, w, b).named(letter)
            for node, w, b, letter in ((q, wq, bq, "q"), (k, wk, bk, "k"), (v, wv, bv, "v"))
        )
        queries = queries * scale_of(queries, self.heads)
        scores = head_scores.node(queries, keys, heads=self.heads).named("scores")
        if self.causal:
            before = tri(*scores.shape[-2:])
            allowed = before if allowed is None else logical_and(allowed, before)
        weights = softmax(scores) if allowed is None else masked_softmax(scores, allowed)
        if rate:
            weights = dropout(weights, rate, self.counter, self.stream("mask"))
        return product(head_mix.node(weights.named("weights"), values), wo, bo)

    def allowed(self, q: Node, k: Node, mask: Node | None, present: Node | None) -> Node | None:
        """Which keys a query may see by the masks that were given, (batch, heads, t, s) or what broadcasts to it."""
        if present is not None:
            if present.shape != k.shape[:2]:
                raise ShapeError(
                    f"layer {self.name}: present is true or false for each step of the keys, "
                    f"{shape_text(k.shape[:2])}, found {describe(present)}."
                )
            present = reshape(present, (k.shape[0], 1, 1, k.shape[1]))
        if mask is not None:
            whole = (q.shape[0], self.heads, q.shape[1], k.shape[1])
            tail = whole[len(whole) - mask.ndim :] if mask.ndim <= 4 else ()
            if mask.ndim > 4 or any(a not in (1, b) for a, b in zip(mask.shape, tail)):
                raise ShapeError(
                    f"layer {self.name}: a mask broadcasts to (batch, heads, queries, keys), here "
                    f"{shape_text(whole)}, found {describe(mask)}. A mask of keys alone is present=."
                )
        if mask is None or present is None:
            return present if mask is None else mask
        return logical_and(mask, present)


def truth(mask: Any, who: str) -> Node:
    """A mask as a node of truth values."""
    node = mask if isinstance(mask, Node) else constant(np.asarray(mask))
    if node.dtype is not bool_:
        raise DtypeError(
            f"{who} is true where a query may see a key, found {describe(node)}. Compare first, as in x > 0."
        )
    return node


def product(x: Node, w: Node | None, b: Node | None) -> Node:
    """x w + b, where a layer may have no b."""
    y = x @ w
    return y if b is None else y + b
