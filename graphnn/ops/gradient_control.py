"""Steer gradients: turn them round, scale and clip them, or let them pass where there is no slope.

The ops of this file do nothing to values: their slopes are chosen, and are not the derivatives of their values. They
are views of their operand, and cost nothing where no gradient flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphnn.core.declare import op
from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphError
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.ops.arithmetic import maximum, minimum, mul, neg, sqrt
from graphnn.ops.reduce import sum


@op(
    "x(*s), scale() -> y(*s)", latex=r"{x}", slopes=(r"{scale}", "0"), alias=True,
    samples=[Sample(((3, 4), ()))],
)  # fmt: skip
def scale_gradient(x, scale):
    """The operand; the gradient that flows back through it is multiplied by scale. Shapes: x (*s), scale () -> y (*s).

    Source: JAX, the pattern scale * x + stop_gradient((1 - scale) * x), without its rounding.
    """
    return x


@scale_gradient.vjp
def scale_gradient_vjp(g, x, scale, y):
    return [mul(g, scale), None]


@op(
    "x(*s), scale() -> y(*s)", latex=r"{x}", slopes=(r"-{scale}", "0"), alias=True,
    samples=[Sample(((3, 4), ()))],
)  # fmt: skip
def gradient_reversal(x, scale):
    """The operand; the gradient changes its sign on the way back, and is multiplied by scale, 1 by default.

    Shapes: x (*s), scale () -> y (*s). What is below learns to make worse what is above. Source: Ganin and
    Lempitsky, Unsupervised domain adaptation by backpropagation, ICML 2015, equation 10.
    """
    return x


@gradient_reversal.build
def build_gradient_reversal(x, scale=1.0):
    return gradient_reversal.node(x, scale)


@gradient_reversal.vjp
def gradient_reversal_vjp(g, x, scale, y):
    return [neg(mul(g, scale)), None]


@op(
    "x(*s), limit() -> y(*s)", latex=r"{x}", slopes=(r"\mathrm{clip}(g,\, \pm {limit})", "0"), alias=True,
    samples=[Sample(((3, 4), ()), domain=(0.5, 1.5))],
)  # fmt: skip
def clip_gradient(x, limit):
    """The operand; each element of the gradient that flows back is kept within -limit and limit.

    Shapes: x (*s), limit () -> y (*s). Source: Graves, Generating sequences with recurrent neural networks, 2013,
    section 2.1.
    """
    return x


@clip_gradient.vjp
def clip_gradient_vjp(g, x, limit, y):
    return [minimum(maximum(g, neg(limit)), limit), None]


@op(
    "hard(*s), soft(*s) -> y(*s)", latex=r"{hard}", slopes=("0", "1"), alias=True,
    samples=[(3, 4)],
)  # fmt: skip
def straight_through(hard, soft):
    """The value of hard with the gradient of soft: `straight_through(gn.round(x), x)` learns through rounding.

    Shapes: hard, soft (*s) -> y (*s). Source: Bengio, Leonard and Courville, Estimating or propagating gradients
    through stochastic neurons for conditional computation, 2013.
    """
    return hard


@straight_through.vjp
def straight_through_vjp(g, hard, soft, y):
    return [None, g]


@op(
    "x(*s), after(*t) -> y(*s)", latex=r"{x}", slopes=("1", "0"), alias=True,
    samples=[Sample(((3, 4), (2,)))],
)  # fmt: skip
def again(x, after):
    """The operand, for what is computed from it a second time, once `after` is known: see gn.checkpoint.

    Shapes: x (*s), after (*t) -> y (*s); no copy. The values do not depend on after; the order does. Source: JAX,
    jax.lax.optimization_barrier.
    """
    return x


@again.vjp
def again_vjp(g, x, after, y):
    return [g, None]


def clip_by_value(nodes: Any, limit: Any) -> Any:
    """Each element kept within -limit and limit; of a list of nodes, each of them. NaN stays NaN.

    Source: PyTorch, torch.nn.utils.clip_grad_value_.
    """
    if isinstance(nodes, Node):
        return minimum(maximum(nodes, -limit), limit)
    return [minimum(maximum(n, -limit), limit) for n in _floats(nodes, "clip_by_value")]


def clip_by_norm(node: Node, max_norm: Any) -> Node:
    """The node, made shorter if its length (the root of the sum of all squares) is beyond max_norm.

    Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, ICML 2013,
    algorithm 1.
    """
    return clip_by_global_norm([node], max_norm)[0]


def clip_by_global_norm(nodes: Iterable[Node], max_norm: Any) -> list[Node]:
    """The nodes, all made shorter by one factor if their length, taken together, is beyond max_norm.

    `updates = optimizer.updates(gn.clip_by_global_norm(gradients, 1.0))`. The factor is max_norm / max(length,
    max_norm), so nothing is divided by 0; NaN or infinity in one node is in all. In float32 the length of numbers
    beyond 1e19 is infinite. Source: Pascanu, Mikolov and Bengio 2013; TensorFlow, tf.clip_by_global_norm.
    """
    found = _floats(nodes, "clip_by_global_norm")
    squares = _squares(found)
    # The root is taken of what is never 0, so that the factor has a slope everywhere.
    factor = max_norm / sqrt(maximum(squares, max_norm * max_norm))
    return [mul(n, factor if n.dtype is factor.dtype else factor.cast(n.dtype)) for n in found]


def global_norm(nodes: Iterable[Node]) -> Node:
    """The length of several nodes taken together: the root of the sum of the squares of all their elements, ().

    Source: TensorFlow, tf.linalg.global_norm.
    """
    return sqrt(_squares(_floats(nodes, "global_norm")))


def _squares(nodes: Sequence[Node]) -> Node:
    total = sum(mul(nodes[0], nodes[0]))
    for node in nodes[1:]:
        part = sum(mul(node, node))
        total = total + (part if part.dtype is total.dtype else part.cast(total.dtype))
    return total


def _floats(nodes: Any, who: str) -> list[Node]:
    found = [nodes] if isinstance(nodes, Node) else list(nodes) if isinstance(nodes, Iterable) else []
    if not found or not all(isinstance(n, Node) and n.dtype in FLOATS for n in found):
        raise GraphError(f"{who}: wanted a list of float nodes, such as gradients; found {nodes!r}.")
    return found


__all__ = [
    "again",
    "clip_by_global_norm",
    "clip_by_norm",
    "clip_by_value",
    "clip_gradient",
    "global_norm",
    "gradient_reversal",
    "scale_gradient",
    "straight_through",
]
