"""Ensembles: several networks of one kind that start apart, train side by side in one graph, and answer together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import ClassVar

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import DtypeError, SettingError, ShapeError, did_you_mean
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.core.settings import seed_number, whole_number
from graphnn.nn.layer import Layer, as_node
from graphnn.ops import softmax

AVERAGES = ("outputs", "probabilities")


class Ensemble(Layer):
    """The mean answer of several networks: their mistakes differ, and partly cancel.

    members : a function that gives a new network and is called `count` times, or a list of networks. They get the
        names member1, member2, ...; since first values hang on seed and name, each starts elsewhere.
    average : "outputs" for regression; "probabilities" for logits, whose softmax is averaged; or a function, such as
        gn.sigmoid, that is applied to each output before
    Source: Hansen and Salamon 1990, Neural network ensembles; Lakshminarayanan et al. 2017, Deep ensembles.

    To train each member as if it were alone, see `ensemble_loss`. To predict, call the ensemble.

    Example
    -------
    >>> import graphnn as gn
    >>> x, y = gn.input("x", ("batch", 4)), gn.input("y", ("batch",), "int64")
    >>> three = gn.nn.Ensemble(lambda: gn.nn.Dense(2), count=3, seed=1)
    >>> loss = gn.nn.ensemble_loss(three.outputs(x, training=True), lambda z: gn.softmax_cross_entropy(z, y))
    >>> trainer = gn.Trainer(loss, gn.optim.Adam(), output=three(x))
    >>> len(trainer.parameters), trainer.predict(np.zeros((5, 4))).sum(axis=1).tolist()
    (6, [1.0, 1.0, 1.0, 1.0, 1.0])
    """

    takes: ClassVar[str] = "any"

    def __init__(
        self,
        members: Callable[[], Layer] | Iterable[Layer],
        *,
        count: int | None = None,
        average: str | Callable[[Node], Node] = "probabilities",
        name: str | None = None,
        seed: int = 0,
    ):
        super().__init__(name=name, seed=seed)
        if callable(members) and not isinstance(members, Layer):
            count = whole_number(count, "Ensemble: count", 1)
            found = [members() for _ in range(count)]
        elif isinstance(members, Iterable) and count is None:
            found = list(members)
        else:
            raise SettingError(
                "Ensemble: members are a function that gives a new network, with count= networks, or a list of "
                f"networks without a count; found {members!r} and count={count!r}."
            )
        wrong = [member for member in found if not isinstance(member, Layer)]
        if not found or wrong:
            raise SettingError(
                f"Ensemble: wanted at least one layer, found {wrong[0] if wrong else 'none'!r}."
            )
        if len(dict.fromkeys(found)) < len(found):
            raise SettingError("Ensemble: a network stands twice; members have weights of their own.")
        if not callable(average) and average not in AVERAGES:
            raise SettingError(
                f"Ensemble: average is 'outputs', 'probabilities' or a function, found {average!r}."
                f"{did_you_mean(str(average), AVERAGES)}"
            )
        self.members = tuple(self.add_layer(member, f"member{k + 1}") for k, member in enumerate(found))
        self.average = average

    def outputs(self, x: Node, *others: Node | None, training: bool = False) -> tuple[Node, ...]:
        """What each member answers."""
        with scope(self.name):
            return tuple(member(x, *others, training=training) for member in self.members)

    def apply(self, x: Node, *others: Node | None, training: bool) -> Node:
        who = f"layer {self.name}"
        found = [as_node(member(x, *others, training=training), who) for member in self.members]
        if self.average == "probabilities":
            found = [softmax(y) for y in found]
        elif callable(self.average):
            found = [as_node(self.average(y), f"{who}: average") for y in found]
        for y in found[1:]:
            if y.shape != found[0].shape:
                raise ShapeError(
                    f"{who}: members must answer alike, found {describe(found[0])} and {describe(y)}."
                )
        return reduce(lambda a, b: a + b, found) * (1.0 / len(found))


def ensemble_loss(
    outputs: Iterable[Node], loss: Callable[[Node], Node], *, weights: Node | None = None
) -> Node:
    """The sum of all members' losses: no member's gradient holds another's, so each trains as if it were alone.

    outputs : what `Ensemble.outputs` gives
    loss : from a member's output to a number; with weights to a number for each row, by reduction="none"
    weights : (batch, members), how much a row counts for a member; see `bootstrap_weights`. A member's loss is the
        mean of row losses times weights.

    An optimiser that clips by the norm of all gradients together would tie the members to each other.

    Raises ShapeError for losses of another shape, or weights with another number of columns.
    """
    who = "ensemble_loss"
    listed = () if isinstance(outputs, Node) or not isinstance(outputs, Iterable) else tuple(outputs)
    if not listed:
        raise SettingError(f"{who}: outputs are the nodes of Ensemble.outputs(x), found {outputs!r}.")
    if not callable(loss):
        raise SettingError(f"{who}: loss is a function of a member's output, found {loss!r}.")
    count = len(listed)
    if weights is not None:
        as_node(weights, f"{who}: weights")
        if not is_float(weights.dtype):
            raise DtypeError(f"{who}: weights are floats, found {describe(weights)}.")
        if weights.ndim != 2 or weights.shape[1] != count:
            raise ShapeError(
                f"{who}: weights are (batch, {count}), a column for each member, found {describe(weights)}."
            )
    found = []
    with scope(who):
        for k, output in enumerate(listed):
            with scope(f"member{k + 1}"):
                own = as_node(loss(as_node(output, who)), f"{who}: loss")
                if weights is not None:
                    column = weights[:, k]
                    if own.shape != column.shape:
                        raise ShapeError(
                            f"{who}: with weights a loss is one number for each row {shape_text(column.shape)}, found "
                            f'{describe(own)}. Use reduction="none".'
                        )
                    own = (own * column).mean()
                elif own.shape != ():
                    raise ShapeError(f"{who}: a member's loss is one number, found {describe(own)}.")
                found.append(own)
        return reduce(lambda a, b: a + b, found)


def bootstrap_weights(rows: int, members: int, *, seed: int = 0) -> np.ndarray:
    """How often each row is drawn for each member, when every member draws as many rows as there are, with replacement.

    float32 (rows, members); each column adds up to `rows`. Feed it as the weights of `ensemble_loss`, with the data.
    Source: Breiman 1996, Bagging predictors.
    """
    rows = whole_number(rows, "bootstrap_weights: rows", 1)
    members = whole_number(members, "bootstrap_weights: members", 1)
    rng = np.random.Generator(np.random.Philox(seed_number(seed, "bootstrap_weights")))
    draws = [np.bincount(rng.integers(rows, size=rows), minlength=rows) for _ in range(members)]
    return np.stack(draws, axis=1).astype(np.float32)
