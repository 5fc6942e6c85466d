"""Clip gradients before a step: by value, by the norm of each, or by the norm of all together.

>>> import graphnn as gn
>>> optimizer = gn.optim.SGD(0.1, clip=gn.optim.clip_global_norm(1.0))

Each of them is what PyTorch's `clip_grad_value_` and `clip_grad_norm_` do, and its limit is a knob of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.core.settings import positive_number
from graphnn.ops import cast, dot, maximum, minimum, mul, neg, sqrt, stack
from graphnn.optim.knobs import Knobs, setting

# PyTorch adds it to a norm before dividing by it; equal steps need an equal rule.
_NEVER_ZERO = 1e-6


@dataclass(frozen=True)
class Clip:
    """A rule that shortens gradients. `limit` is a 0-d parameter: set `clip.limit.value` between steps."""

    text: str
    limit: Node
    build: Callable[[Sequence[Node], Node, Knobs], list[Node]]

    def __call__(self, gradients: Sequence[Node], knob: Knobs) -> list[Node]:
        return self.build(gradients, self.limit, knob)

    def __repr__(self) -> str:
        return f"<clip {self.text}>"


def clip_value(limit: float) -> Clip:
    """Keep each element of each gradient within -limit and limit. Source: PyTorch, clip_grad_value_."""
    bound = positive_number(limit, "clip_value: limit")
    return Clip(f"value({bound})", setting(bound, "largest slope"), _by_value)


def clip_norm(limit: float) -> Clip:
    """Shorten each gradient by itself to the length `limit` where it is longer.

    Source: Pascanu, Mikolov and Bengio 2013, algorithm 1; PyTorch, clip_grad_norm_ of one tensor.
    """
    bound = positive_number(limit, "clip_norm: limit")
    return Clip(f"norm({bound})", setting(bound, "largest norm"), _by_norm)


def clip_global_norm(limit: float) -> Clip:
    """Shorten all gradients by one factor if their length, taken together, is beyond `limit`.

    The factor is limit / (length + 1e-6), as in PyTorch, but at most 1. NaN or infinity in one is in all.
    Source: Pascanu, Mikolov and Bengio 2013; PyTorch, clip_grad_norm_.
    """
    bound = positive_number(limit, "clip_global_norm: limit")
    return Clip(f"global_norm({bound})", setting(bound, "largest norm of all"), _by_global_norm)


def _by_value(gradients: Sequence[Node], limit: Node, knob: Knobs) -> list[Node]:
    least = neg(limit)
    capped = [minimum(g, knob(limit, g.dtype)) for g in gradients]
    return [maximum(g, knob(least, g.dtype)) for g in capped]


def _by_norm(gradients: Sequence[Node], limit: Node, knob: Knobs) -> list[Node]:
    factors = _factor(
        _squares(gradients), limit
    )  # of all gradients in one vector: few kernels, whatever their number
    return [mul(g, knob(factors, g.dtype)[k]) for k, g in enumerate(gradients)]


def _by_global_norm(gradients: Sequence[Node], limit: Node, knob: Knobs) -> list[Node]:
    factor = _factor(square_sum(gradients), limit)
    return [mul(g, knob(factor, g.dtype)) for g in gradients]


def _factor(squares: Node, limit: Node) -> Node:
    return minimum(limit / (sqrt(squares) + _NEVER_ZERO), 1.0)


def square_sum(nodes: Sequence[Node]) -> Node:
    """The sum of the squares of all elements of all nodes, float64."""
    return _squares(nodes).sum()


def _squares(nodes: Sequence[Node]) -> Node:
    """The sum of the squares of each node, one float64 vector."""
    parts = [dot(flat, flat) for flat in [node.reshape(-1) for node in nodes]]
    dtypes = list(dict.fromkeys(part.dtype for part in parts))
    if len(dtypes) == 1:
        return cast(stack(parts), float64)
    return stack([cast(part, float64) for part in parts])
