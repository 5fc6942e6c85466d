"""Recurrent layers: read a sequence step by step, one way or both ways, in one layer or several on top of each other.

Each layer is one product of all inputs with the input weights and one compiled sweep through time for each way.
Weights have the input's axis first, gates stand side by side in the columns, and one bias does where PyTorch has two:

=====  ======================  ==============================================================
layer  columns of w, u and b   PyTorch's parameters in these terms
=====  ======================  ==============================================================
RNN    n                       w = weight_ih.T, u = weight_hh.T, b = bias_ih + bias_hh
GRU    reset, update, new      the same, but new's bias_hh stands alone: it is d
LSTM   input, forget, new,     w = weight_ih.T, u = weight_hh.T, b = bias_ih + bias_hh
       output
=====  ======================  ==============================================================
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, NamedTuple, TypedDict, Unpack

import numpy as np

from graphnn import init
from graphnn.core.dims import DimLike, Shape, shape_text, size_of
from graphnn.core.dtypes import DType, int64
from graphnn.core.errors import DtypeError, SettingError, ShapeError, did_you_mean
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import fraction, whole_number
from graphnn.init import Initializer
from graphnn.nn.layer import Layer, as_node
from graphnn.ops import (
    arange,
    broadcast_to,
    concat,
    dropout,
    expand_dims,
    less,
    reshape,
    size,
    take_rows,
    transpose,
    where,
)  # fmt: skip
from graphnn.ops.recurrent import zeros
from graphnn.ops.recurrent_cells import check_activation, columns, input_share
from graphnn.ops.recurrent_sweeps import gru_sweep, lstm_sweep, rnn_sweep

MERGES = ("concat", "sum")


class Settings(TypedDict, total=False):
    """What all recurrent layers can be told: see Recurrent."""

    layers: int
    both_ways: bool
    merge: str
    sequences: bool
    dropout: float
    use_bias: bool
    weight_init: Initializer
    recurrent_init: Initializer | None
    bias_init: Initializer
    name: str | None
    seed: int


class Weights(NamedTuple):
    """The parameters of one layer and one way; d is the bias of a gated recurrent unit's state."""

    w: Node
    u: Node
    b: Node | None
    d: Node | None


class Lengths(NamedTuple):
    """Where sequences of different lengths end, as row numbers of steps and examples in one axis.

    turned : for each step and example the row that stands there when each sequence is read from its own end
    last : the row of each example's last step
    within : whether a step belongs to the sequence, (t, b)
    """

    turned: Node
    last: Node
    within: Node


class Recurrent(Layer):
    """What RNN, GRU and LSTM share. Shapes: x (batch, t, features) -> y (batch, units), or (batch, t, units).

    units : numbers of a state
    layers : how many stand on top of each other
    both_ways : read each sequence from its end as well, with weights of their own
    merge : "concat" joins the states of both ways, 2 * units in all; "sum" adds them up
    sequences : answer the states of all steps; if not, the last one (of each way: after its last step)
    dropout : share of the features forgotten between two layers, in training
    recurrent_init : first values of u, drawn for each gate by itself; orthogonal ones keep lengths over many steps

    Called as layer(x), or layer(x, *states) with first states, each (batch, units): for each layer and each way
    (forward first) h, and for an LSTM then c; they are zeros if not given. `lengths=` is an int64 node (batch,): how
    many steps of each sequence count. States beyond are 0, and the last state is the one at the sequence's end.

    Raises FaultError at run time, in scope `lengths`, where a length of 0 or above t leaves nothing to look up.
    """

    gates: ClassVar[int] = 1
    carried: ClassVar[int] = 1

    def __init__(
        self,
        units: int,
        *,
        layers: int = 1,
        both_ways: bool = False,
        merge: str = "concat",
        sequences: bool = False,
        dropout: float = 0.0,
        use_bias: bool = True,
        weight_init: Initializer = init.xavier,
        recurrent_init: Initializer | None = None,
        bias_init: Initializer = init.zeros,
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        who = type(self).__name__
        self.units = whole_number(units, f"{who}: units", 1)
        self.depth = whole_number(layers, f"{who}: layers", 1)
        if merge not in MERGES:
            raise SettingError(
                f"{who}: merge is 'concat' or 'sum', found {merge!r}.{did_you_mean(str(merge), MERGES)}"
            )
        self.ways = ("forward", "backward") if both_ways else ("forward",)
        self.merge, self.sequences, self.use_bias = merge, bool(sequences), bool(use_bias)
        self.dropout = fraction(dropout, f"{who}: dropout")
        self.weight_init, self.bias_init = weight_init, bias_init
        self.recurrent_init = init.orthogonal() if recurrent_init is None else recurrent_init
        for initializer in (self.weight_init, self.recurrent_init, self.bias_init):
            if not callable(initializer):
                raise SettingError(
                    f"{who}: an initialiser is a function such as gn.init.orthogonal(), found {initializer!r}."
                )
        self.first_biases: tuple[float, ...] = ()
        self._weights: list[list[Weights]] = []
        self._states: tuple[Node, ...] = ()

    def fits(self, shape: Shape) -> bool:
        """Whether a later call's operand has as many features as the first one; its steps may differ."""
        built = self.shapes[0]
        return bool(built) and len(shape) == 3 and built[2] == shape[2]

    def build(self, shape: Shape, dtype: DType) -> None:
        if len(shape) != 3 or not isinstance(shape[2], int):
            raise ShapeError(
                f"layer {self.name}: wanted (batch, steps, features) with a known number of features, found "
                f"{shape_text(shape)}."
            )
        features = shape[2]
        self._weights = []
        for k in range(self.depth):
            ways = []
            for way in self.ways:
                with self.part(k, way):
                    ways.append(self.make_weights(features, dtype))
            self._weights.append(ways)
            features = self.units * len(self.ways) if self.merge == "concat" else self.units

    def make_weights(self, features: int, dtype: DType) -> Weights:
        """The parameters of one layer and one way."""
        n, many = self.units, self.gates
        w = self.add_parameter("w", (features, many * n), side_by_side(self.weight_init, many), dtype)
        u = self.add_parameter("u", (n, many * n), side_by_side(self.recurrent_init, many), dtype)
        b = d = None
        if self.use_bias:
            first = raised(self.bias_init, self.first_biases, n)
            b = self.add_parameter("b", (many * n,), first, dtype)
            if self.gates == 3:
                d = self.add_parameter("d", (n,), self.bias_init, dtype)
        return Weights(w, u, b, d)

    def part(self, layer: int, way: str) -> ExitStack:
        """The scope of one layer and one way, no deeper than needed."""
        stack = ExitStack()
        if self.depth > 1:
            stack.enter_context(scope(f"layer{layer + 1}"))
        if len(self.ways) > 1:
            stack.enter_context(scope(way))
        return stack

    def sweep(self, a: Node, weights: Weights, states: Sequence[Node], *, reverse: bool) -> Node:
        """The record of all steps, whose first columns are h, and then c where there is one."""
        raise NotImplementedError

    def __call__(
        self, x: Node, *states: Node, lengths: Node | None = None, training: bool = False
    ) -> Node:  # fmt: skip
        if lengths is None:
            return super().__call__(x, *states, training=training)
        if as_node(lengths, f"layer {self.name}: lengths").dtype is not int64:
            raise DtypeError(f"layer {self.name}: lengths are int64, found {describe(lengths)}.")
        return super().__call__(x, *states, lengths, training=training)

    def with_states(
        self, x: Node, *states: Node, lengths: Node | None = None, training: bool = False
    ) -> tuple[Node, tuple[Node, ...]]:
        """What a call gives, and the states after the last step, in the order in which a call takes first states.

        So one layer's states begin another one's sequence, as an encoder's begin a decoder's, and a program that
        reads one step at a time feeds them back.
        """
        y = self(x, *states, lengths=lengths, training=training)
        return y, self._states

    def apply(self, x: Node, *others: Node, training: bool) -> Node:
        states, lengths = self.read_operands(x, others)
        steps, batch = x.shape[1], x.shape[0]
        y, last = transpose(x, (1, 0, 2)), x
        ends = None if lengths is None else row_numbers(lengths, steps, batch)
        found: list[Node] = []
        for k, ways in enumerate(self._weights):
            if k and training and self.dropout:
                y = dropout(y, self.dropout, self.counter, self.stream(f"mask{k}"))
            sequences, lasts = [], []
            for way, weights in zip(self.ways, ways, strict=True):
                with self.part(k, way):
                    at = len(found)
                    begin = states[at : at + self.carried] or [
                        zeros((batch, self.units), x) for _ in range(self.carried)
                    ]
                    sequence, after = self.read(y, weights, begin, ends, reverse=way == "backward")
                found += after
                sequences.append(sequence)
                lasts.append(after[0])
            y, last = self.join(sequences), self.join(lasts)
        self._states = tuple(found)
        return transpose(y, (1, 0, 2)) if self.sequences else last

    def read_operands(self, x: Node, others: Sequence[Node]) -> tuple[list[Node], Node | None]:
        """First states and lengths, checked."""
        states, lengths = list(others), None
        if states and states[-1].dtype is int64:
            lengths = states.pop()
            if lengths.shape != (x.shape[0],):
                raise ShapeError(
                    f"layer {self.name}: lengths are one for each example, {shape_text((x.shape[0],))}, found "
                    f"{describe(lengths)}."
                )
        wanted = self.depth * len(self.ways) * self.carried
        if states and len(states) != wanted:
            raise ShapeError(
                f"layer {self.name}: takes {wanted} first states ({self.depth} layers x {len(self.ways)} ways x "
                f"{self.carried} for each), found {len(states)}."
            )
        for state in states:
            if state.dtype is not x.dtype:
                raise DtypeError(f"layer {self.name}: a first state is {x.dtype}, found {describe(state)}.")
            if state.shape != (x.shape[0], self.units):
                raise ShapeError(
                    f"layer {self.name}: a first state is {shape_text((x.shape[0], self.units))}, found "
                    f"{describe(state)}."
                )
        return states, lengths

    def read(
        self, x: Node, weights: Weights, states: Sequence[Node], ends: Lengths | None, *, reverse: bool
    ) -> tuple[Node, list[Node]]:
        """The states of all steps (t, b, n) of x (t, b, i), and those after the last step."""
        if reverse and ends is not None:
            with scope("lengths"):
                x = rows_at(x, ends.turned)
        rows = reshape(x, (size_of(x.shape[:2]), x.shape[2]))
        a = reshape(input_share(rows, weights.w, weights.b), (*x.shape[:2], weights.w.shape[1]))
        record = self.sweep(a, weights, states, reverse=reverse and ends is None)
        n = self.units
        y = columns(record, n, 0)
        if ends is None:
            end = record[0 if reverse else -1]
            return y, [columns(end, n, k) for k in range(self.carried)]
        with scope("lengths"):
            end = rows_at(record, ends.last)
            if reverse:
                y = rows_at(y, ends.turned)
            y = where(broadcast_to(expand_dims(ends.within, 2), y.shape), y, 0.0)
        return y, [columns(end, n, k) for k in range(self.carried)]

    def join(self, ways: Sequence[Node]) -> Node:
        """One node of the nodes of all ways."""
        if len(ways) == 1:
            return ways[0]
        return concat(ways, -1) if self.merge == "concat" else ways[0] + ways[1]


class RNN(Recurrent):
    """A plain recurrent network: h_t = tanh(x_t w + b + h_(t-1) u). Source: Elman 1990, Finding structure in time.

    activation is "tanh" or "relu"; with relu, recurrent_init=gn.init.identity() keeps long memories.
    For the other settings see gn.nn.Recurrent.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.RNN(5, both_ways=True)
    >>> layer(gn.input("x", ("batch", 8, 3))).shape
    (batch, 10)
    """

    def __init__(self, units: int, *, activation: str = "tanh", **settings: Unpack[Settings]):
        super().__init__(units, **settings)
        check_activation(activation, "RNN")
        self.activation = activation

    def sweep(self, a: Node, weights: Weights, states: Sequence[Node], *, reverse: bool) -> Node:
        return rnn_sweep.node(a, weights.u, states[0], activation=self.activation, reverse=reverse)


class GRU(Recurrent):
    """Gated recurrent units, with the reset after the product. Source: Cho et al. 2014, arXiv:1406.1078.

    reset_bias and update_bias are added to the first biases of these gates: an update gate near 1 holds the state.
    For the other settings see gn.nn.Recurrent.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.GRU(5, layers=2, sequences=True)
    >>> layer(gn.input("x", ("batch", 8, 3))).shape
    (batch, 8, 5)
    """

    gates = 3

    def __init__(
        self, units: int, *, reset_bias: float = 0.0, update_bias: float = 0.0, **settings: Unpack[Settings]
    ):
        super().__init__(units, **settings)
        self.first_biases = (
            finite(reset_bias, "GRU: reset_bias"), finite(update_bias, "GRU: update_bias"), 0.0,
        )  # fmt: skip

    def sweep(self, a: Node, weights: Weights, states: Sequence[Node], *, reverse: bool) -> Node:
        d = zeros((self.units,), a) if weights.d is None else weights.d
        return gru_sweep.node(a, weights.u, d, states[0], reverse=reverse)


class LSTM(Recurrent):
    """Long short-term memory. Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    forget_bias is added to the first bias of the forget gate; 1 lets a fresh network remember (Jozefowicz et al.
    2015, An empirical exploration of recurrent network architectures). For the other settings see gn.nn.Recurrent.

    Example
    -------
    >>> import graphnn as gn
    >>> layer = gn.nn.LSTM(5)
    >>> layer(gn.input("x", ("batch", 8, 3))).shape
    (batch, 5)
    >>> [(p.name, p.shape) for p in layer.parameters]
    [('w', (3, 20)), ('u', (5, 20)), ('b', (20,))]
    """

    gates = 4
    carried = 2

    def __init__(self, units: int, *, forget_bias: float = 1.0, **settings: Unpack[Settings]):
        super().__init__(units, **settings)
        self.first_biases = (0.0, finite(forget_bias, "LSTM: forget_bias"), 0.0, 0.0)

    def sweep(self, a: Node, weights: Weights, states: Sequence[Node], *, reverse: bool) -> Node:
        return lstm_sweep.node(a, weights.u, states[0], states[1], reverse=reverse)


def finite(value: Any, who: str) -> float:
    """The value as a finite float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not np.isfinite(float(value)):
        raise SettingError(f"{who} is a number, found {value!r}.")
    return float(value)


def side_by_side(initializer: Initializer, many: int) -> Initializer:
    """Draws each gate's columns by itself: rows at right angles, or a spread, are a matter of one gate."""
    if many == 1:
        return initializer

    def draw(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        one = (*shape[:-1], shape[-1] // many)
        return np.concatenate([np.asarray(initializer(one, rng)) for _ in range(many)], axis=-1)

    return draw


def raised(initializer: Initializer, by: Sequence[float], units: int) -> Initializer:
    """The initialiser's biases with a number added to those of each gate."""
    if not any(by):
        return initializer
    return lambda shape, rng: np.asarray(initializer(shape, rng)) + np.repeat(by, units)


def row_numbers(lengths: Node, steps: DimLike, batch: DimLike) -> Lengths:
    """Row numbers in (t, b) taken as one axis, for sequences of these lengths."""
    with scope("lengths"):
        grid = (steps, batch)
        many = size((batch,))
        step = broadcast_to(reshape(arange(steps), (steps, 1)), grid)
        example = broadcast_to(reshape(arange(batch), (1, batch)), grid)
        within = less(step, lengths)
        turned = where(within, lengths - 1 - step, step)
        # A length above t, or of 0, would silently read another example's row: its row number is made a wrong one.
        wrong = (lengths < 1) | (lengths > size((steps,)))
        last = where(wrong, -1, (lengths - 1) * many + arange(batch))
        return Lengths(turned * many + example, last, within)


def rows_at(x: Node, rows: Node) -> Node:
    """Rows of x (t, b, n) by their numbers when steps and examples are one axis."""
    return take_rows(reshape(x, (size_of(x.shape[:2]), x.shape[2])), rows)
