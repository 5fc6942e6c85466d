"""Transformer blocks: attention, then two dense layers for each step, with a way around both; and marks of place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypedDict, Unpack

from graphnn import init
from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType
from graphnn.core.errors import SettingError, ShapeError, did_you_mean
from graphnn.core.node import Node
from graphnn.core.settings import fraction, positive_number, whole_number
from graphnn.nn.attention import MultiHeadAttention, truth
from graphnn.nn.checks import Activation, check_functions, known_size
from graphnn.nn.layer import Layer, as_node
from graphnn.nn.normalization import LayerNorm
from graphnn.ops import arange, dropout, gelu, positional_encoding, relu, take_rows

KINDS = ("waves", "learned")


class FeedForward(Layer):
    """Two dense layers, applied to each step alone: activation(x w1 + b1) w2 + b2, in the end as wide as x.

    hidden : units between them; 4 times the features of x if not said
    dropout : share of the hidden units forgotten in training
    Shapes: x (*batch, d) -> y (*batch, d). Source: Vaswani et al. 2017, section 3.3.
    """

    def __init__(
        self,
        hidden: int | None = None,
        activation: Activation = gelu,
        *,
        dropout: float = 0.0,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        self.hidden = None if hidden is None else whole_number(hidden, "FeedForward: hidden", 1)
        check_functions("FeedForward", activation)
        self.activation = activation
        self.dropout = fraction(dropout, "FeedForward: dropout")

    def fits(self, shape: Shape) -> bool:
        """The features must be as they were; in front of them anything goes."""
        return bool(shape) and shape[-1] == self.b2.shape[0]

    def build(self, shape: Shape, dtype: DType) -> None:
        width = known_size(self.name, shape, -1, "last axis")
        hidden = 4 * width if self.hidden is None else self.hidden
        start = init.he if self.activation is relu else init.xavier
        self.w1 = self.add_parameter("w1", (width, hidden), start, dtype)
        self.b1 = self.add_parameter("b1", (hidden,), init.zeros, dtype)
        self.w2 = self.add_parameter("w2", (hidden, width), init.xavier, dtype)
        self.b2 = self.add_parameter("b2", (width,), init.zeros, dtype)

    def apply(self, x: Node, *, training: bool) -> Node:
        y = as_node(self.activation(x @ self.w1 + self.b1), f"layer {self.name}: activation")
        if training and self.dropout:
            y = dropout(y, self.dropout, self.counter, self.stream("mask"))
        return y @ self.w2 + self.b2


class Settings(TypedDict, total=False):
    """What all blocks can be told: see TransformerBlock."""

    hidden: int | None
    activation: Activation
    norm_first: bool
    dropout: float
    eps: float
    name: str | None
    seed: int


class Block(Layer):
    """What transformer blocks share: parts with a way around each of them."""

    default_name: ClassVar[str] = "block"

    def __init__(
        self,
        heads: int,
        *,
        hidden: int | None = None,
        activation: Activation = gelu,
        norm_first: bool = True,
        causal: bool = False,
        dropout: float = 0.0,
        eps: float = 1e-5,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        self.norm_first, self.dropout = bool(norm_first), fraction(dropout, f"{type(self).__name__}: dropout")
        self.attention = MultiHeadAttention(heads, causal=causal, dropout=dropout)
        self.feed_forward = FeedForward(hidden, activation, dropout=dropout)
        self.eps = positive_number(eps, f"{type(self).__name__}: eps")

    def hold(self, **parts: Layer) -> list[Layer]:
        """Hold the parts by these names, and a norm for each, in order; gives the norms."""
        norms = []
        for k, (name, part) in enumerate(parts.items()):
            self.add_layer(part, name)
            norms.append(self.add_layer(LayerNorm(eps=self.eps), f"norm{k + 1}"))
        return norms

    def around(
        self, x: Node, norm: Layer, name: str, part: Callable[[Node], Node], *, training: bool
    ) -> Node:  # fmt: skip
        """x and what the part adds to it; `name` is that of the random stream."""
        y = part(norm(x, training=training) if self.norm_first else x)
        if training and self.dropout:
            y = dropout(y, self.dropout, self.counter, self.stream(name))
        return x + y if self.norm_first else norm(x + y, training=training)


class TransformerBlock(Block):
    """Attention of a sequence to itself, then a feed-forward net for each step, with a way around both.

    Shapes: x (batch, t, d) -> y (batch, t, d). Called as block(x), with mask= or present= as MultiHeadAttention has
    them.

    heads : of the attention; they divide d
    hidden : units of the feed-forward net, 4 d if not said, and its activation
    norm_first : x + part(norm(x)), which trains without warming up; if not, norm(x + part(x)), as in the paper
    causal : a step sees itself and what came before, as in a language model
    dropout : share forgotten in training, of attention's weights, of hidden units, and of what each part adds
    eps : of the layer norms

    Source: Vaswani et al. 2017, section 3; norm_first: Xiong et al. 2020, On layer normalization in the transformer.

    Example
    -------
    >>> import graphnn as gn
    >>> block = gn.nn.TransformerBlock(4, hidden=32)
    >>> block(gn.input("x", ("batch", 10, 16))).shape
    (batch, 10, 16)
    >>> [layer.name for layer in block.layers]
    ['attention', 'norm1', 'feed_forward', 'norm2']
    """

    def __init__(self, heads: int, *, causal: bool = False, **settings: Unpack[Settings]):
        super().__init__(heads, causal=causal, **settings)
        self.norm1, self.norm2 = self.hold(attention=self.attention, feed_forward=self.feed_forward)

    def __call__(
        self, x: Node, *others: Node | None, mask: Any = None, present: Any = None, training: bool = False
    ) -> Node:
        marks = truths(self, mask=mask, present=present)
        return super().__call__(x, *others, *marks, training=training)

    def apply(self, x: Node, *others: Node | None, training: bool) -> Node:
        mask, present = exactly(self, others, 2, "x alone")

        def attend(y: Node) -> Node:
            return self.attention(y, mask=mask, present=present, training=training)

        x = self.around(x, self.norm1, "attention", attend, training=training)
        return self.around(
            x,
            self.norm2,
            "feed_forward",
            lambda y: self.feed_forward(y, training=training),
            training=training,
        )


class TransformerDecoderBlock(Block):
    """A block that also looks at a memory, such as what an encoder made of the sentence to translate.

    Shapes: x (batch, t, d), memory (batch, s, e) -> y (batch, t, d). Called as block(x, memory), with mask= and
    present= for x, and memory_mask= and memory_present= for the memory. A step of x sees itself and what came before.
    For the settings see TransformerBlock. Source: Vaswani et al. 2017, section 3.1.

    Example
    -------
    >>> import graphnn as gn
    >>> block = gn.nn.TransformerDecoderBlock(4)
    >>> block(gn.input("x", ("batch", 10, 16)), gn.input("memory", ("batch", 7, 8))).shape
    (batch, 10, 16)
    """

    def __init__(self, heads: int, *, causal: bool = True, **settings: Unpack[Settings]):
        super().__init__(heads, causal=causal, **settings)
        self.cross = MultiHeadAttention(heads, dropout=self.dropout)
        self.norm1, self.norm2, self.norm3 = self.hold(
            attention=self.attention, cross=self.cross, feed_forward=self.feed_forward
        )

    def __call__(
        self,
        x: Node,
        *others: Node | None,
        mask: Any = None,
        present: Any = None,
        memory_mask: Any = None,
        memory_present: Any = None,
        training: bool = False,
    ) -> Node:
        marks = truths(
            self, mask=mask, present=present, memory_mask=memory_mask, memory_present=memory_present
        )
        return super().__call__(x, *others, *marks, training=training)

    def apply(self, x: Node, *others: Node | None, training: bool) -> Node:
        memory, mask, present, memory_mask, memory_present = exactly(self, others, 5, "x and memory")

        def attend(y: Node) -> Node:
            return self.attention(y, mask=mask, present=present, training=training)

        def look(y: Node) -> Node:
            return self.cross(y, memory, mask=memory_mask, present=memory_present, training=training)

        x = self.around(x, self.norm1, "attention", attend, training=training)
        x = self.around(x, self.norm2, "cross", look, training=training)
        return self.around(
            x,
            self.norm3,
            "feed_forward",
            lambda y: self.feed_forward(y, training=training),
            training=training,
        )


class PositionalEncoding(Layer):
    """Add to each step what tells its place: attention alone does not know any order.

    kind : "waves" are fixed sines and cosines; "learned" is a parameter (length, features)
    length : the most steps; needed for "learned", and for a named number of steps
    Shapes: x (batch, t, d) -> y (batch, t, d). Source: Vaswani et al. 2017, section 3.5.

    Raises FaultError at run time if a named number of steps is above `length`.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.PositionalEncoding()
    >>> layer(gn.constant([[[0.0, 0.0], [0.0, 0.0]]])).value.round(2).tolist()
    [[[0.0, 1.0], [0.8399999737739563, 0.5400000214576721]]]
    """

    default_name: ClassVar[str] = "places"

    def __init__(
        self,
        kind: str = "waves",
        *,
        length: int | None = None,
        base: float = 10_000.0,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        who = "PositionalEncoding"
        if kind not in KINDS:
            raise SettingError(
                f"{who}: kind is 'waves' or 'learned', found {kind!r}.{did_you_mean(str(kind), KINDS)}"
            )
        if kind == "learned" and length is None:
            raise SettingError(f"{who}: learned places need a length: the most steps that a sequence has.")
        self.kind, self.base = kind, positive_number(base, f"{who}: base")
        self.length = None if length is None else whole_number(length, f"{who}: length", 1)

    def fits(self, shape: Shape) -> bool:
        """The features must be as they were; the number of steps may differ."""
        return len(shape) == 3 and shape[2] == self._features

    def build(self, shape: Shape, dtype: DType) -> None:
        if len(shape) != 3:
            raise ShapeError(
                f"layer {self.name}: wanted (batch, steps, features), found {shape_text(shape)}."
            )
        self._features = known_size(self.name, shape, 2, "number of features")
        self.table: Node | None = None
        if self.kind == "learned":
            size = (self.length or 0, self._features)
            self.table = self.add_parameter("table", size, init.normal(0.02), dtype)

    def apply(self, x: Node, *, training: bool) -> Node:
        steps = x.shape[1]
        if isinstance(steps, int) and self.length is not None and steps > self.length:
            raise ShapeError(
                f"layer {self.name}: x has {steps} steps, but places are for {self.length} at most. Give a larger "
                "length."
            )
        if not isinstance(steps, int) and self.length is None:
            raise ShapeError(
                f"layer {self.name}: the number of steps is {steps}, known only at run time. Give length=, the most."
            )
        if self.table is None and isinstance(steps, int):
            return x + positional_encoding(steps, self._features, self.base, x.dtype)
        table = self.table
        if table is None:
            table = positional_encoding(self.length or 0, self._features, self.base, x.dtype)
        return x + (table[:steps] if isinstance(steps, int) else take_rows(table, arange(steps)))


def truths(layer: Layer, **masks: Any) -> list[Node | None]:
    """Masks as nodes of truth values, in order; None stays None."""
    return [None if m is None else truth(m, f"layer {layer.name}: {word}") for word, m in masks.items()]


def exactly(layer: Layer, others: tuple[Node | None, ...], count: int, wanted: str) -> tuple[Any, ...]:
    """The operands behind x, if they are as many as the layer takes."""
    if len(others) != count or (count == 5 and others[0] is None):
        raise ShapeError(
            f"layer {layer.name}: takes {wanted}, found {1 + len(others) - 2 * (count // 2)} nodes."
        )
    return others
