"""Ask for the update of a state from within a graph, as batch normalisation does for its running statistics."""

from __future__ import annotations

from graphnn.core.declare import op
from graphnn.core.errors import GraphError, ShapeError
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.op import Sample


@op(
    "x(*s), old(*p), new(*p) -> y(*s)", latex=r"{x}", slopes=("1", "0", "0"), alias=True,
    samples=[Sample(((3, 4), (2,), (2,)))],
)  # fmt: skip
def with_update(x, old, new):
    """The operand x, with the wish that the parameter old becomes new after a training step: see gn.state_updates.

    Shapes: x (*s), old, new (*p) -> y (*s); no copy. Nothing flows back to old and new. Source: Keras, the idea of
    `add_update`; here the wish stands in the graph, where it can be drawn.
    """
    return x


@with_update.build
def build_with_update(x, old, new):
    for word, state in (("old", old), ("new", new)):
        if not isinstance(state, Node):
            raise GraphError(f"with_update: {word} is a node, found {state!r}.")
    if old.shape != new.shape or old.dtype is not new.dtype:
        raise ShapeError(
            f"with_update: {describe(old)} cannot become {describe(new)}; wanted shape and dtype alike."
        )
    return with_update.node(x, old, new)


@with_update.vjp
def with_update_vjp(g, x, old, new, y):
    return [g, None, None]


__all__ = ["with_update"]
