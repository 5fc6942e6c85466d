"""Readers of the standard's preview for training: gradients, and steps of optimisers in plain operations."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn import ops
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.transform.gradient import gradient

_TRAINING = "ai.onnx.preview.training"


@reads("Gradient", domain=_TRAINING)
def gradient_(call: Call) -> list[Node]:
    """The gradient of a sum of `y` with respect to `xs`, at the numbers that these have in the graph."""
    xs, fixed = call.texts("xs"), call.texts("zs", ())
    for slot, name in enumerate((*xs, *fixed)):
        if call.value(slot) is not call.named(name):
            call.refuse(
                f"is read where its operands are what 'xs' and 'zs' name; operand {slot} is not {name!r}."
            )
    y = call.as_node(call.named(call.text("y")))
    return list(gradient(ops.sum(y), [call.node(slot) for slot in range(len(xs))], no_path="zero"))


def _groups(call: Call, parts: int) -> list[list[Node]]:
    """The operands behind rate and count: all parameters, all gradients, all of each state."""
    count, rest = divmod(len(call.inputs) - 2, parts)
    if rest or count < 1:
        call.refuse(
            f"takes a rate, a count and {parts} operands for each parameter, found {len(call.inputs)}."
        )
    nodes = call.nodes()[2:]
    return [
        list(group) for group in zip(*(nodes[k * count : (k + 1) * count] for k in range(parts)), strict=True)
    ]


def _in_order(results: Sequence[tuple[Node, ...]]) -> list[Node]:
    """All new parameters, then all new states of each sort."""
    return [node for column in zip(*results, strict=True) for node in column]


@reads("Adagrad", domain=_TRAINING)
def adagrad(call: Call) -> list[Node]:
    """Source: Duchi, Hazan and Singer, Adaptive subgradient methods, JMLR 2011, as the standard writes it."""
    decay, epsilon = call.number("decay_factor", 0.0), call.number("epsilon", 1e-6)
    penalty = call.number("norm_coefficient", 0.0)
    rate, results = call.node(0), []
    rate = rate / (call.node(1).cast(rate.dtype) * decay + 1.0)
    for x, g, h in _groups(call, 3):
        g = x * penalty + g
        h = h + ops.square(g)
        results.append((x - rate * g / (ops.sqrt(h) + epsilon), h))
    return _in_order(results)


@reads("Adam", domain=_TRAINING)
def adam(call: Call) -> list[Node]:
    """Source: Kingma and Ba, Adam, ICLR 2015, as the standard writes it: no correction at count 0."""
    alpha, beta = call.number("alpha", 0.9), call.number("beta", 0.999)
    epsilon = call.number("epsilon", 1e-6)
    penalty, post = call.number("norm_coefficient", 0.0), call.number("norm_coefficient_post", 0.0)
    rate, results = call.node(0), []
    moved = call.node(1) > 0
    t = ops.where(moved, call.node(1), 1).cast(rate.dtype)
    corrected = rate * ops.sqrt(1.0 - ops.pow(beta, t)) / (1.0 - ops.pow(alpha, t))
    rate = ops.where(moved, corrected, rate)
    for x, g, v, h in _groups(call, 4):
        g = x * penalty + g
        v = v * alpha + g * (1.0 - alpha)
        h = h * beta + ops.square(g) * (1.0 - beta)
        results.append(((x - rate * v / (ops.sqrt(h) + epsilon)) * (1.0 - post), v, h))
    return _in_order(results)


@reads("Momentum", domain=_TRAINING)
def momentum(call: Call) -> list[Node]:
    """Source: Polyak 1964, and Nesterov 1983, as the standard writes them: the first gradient counts whole."""
    alpha, beta = call.number("alpha"), call.number("beta")
    penalty = call.number("norm_coefficient")
    nesterov = call.choice("mode", "standard", ("standard", "nesterov")) == "nesterov"
    rate, results = call.node(0), []
    share = ops.where(call.node(1) > 0, beta, ops.broadcast_to(constant(1.0, rate.dtype), rate.shape))
    for x, g, v in _groups(call, 3):
        g = x * penalty + g
        v = v * alpha + share * g
        results.append((x - rate * (g + v * alpha if nesterov else v), v))
    return _in_order(results)
