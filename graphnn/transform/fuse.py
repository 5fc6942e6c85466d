"""Put fast forms in the place of neighbours: layers with bias and relu, slopes of relu, transposed products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from graphnn.core.graph import by_serial, reached
from graphnn.core.node import Node
from graphnn.core.registry import OPS
from graphnn.transform.rewrite import Place, Replacements, rewrite

Operands = tuple[Node, ...]


def fuse(outputs: Sequence[Node]) -> tuple[Node, ...]:
    """The same values up to rounding, from fewer nodes."""
    return fuse_outputs(outputs)[0]


def fuse_outputs(outputs: Sequence[Node], place: Place = by_serial) -> tuple[tuple[Node, ...], Replacements]:
    """The fused outputs, and what became of each node.

    A node disappears into its neighbour only if nothing else needs it, so nothing is computed twice.
    """
    uses: Counter[Node] = Counter(outputs)
    for node in reached(outputs):
        uses.update(node.operands)
    names = ("matmul", "transpose", "add", "broadcast_to", "relu", "tanh", "sigmoid", "mul", "step")
    matmul, transpose, add, broadcast, relu, tanh, sigmoid, mul, step = (OPS[name] for name in names)
    linear, reshape = OPS["linear"], OPS["reshape"]
    conv2d, conv2d_bias = OPS["conv2d"], OPS["conv2d_bias"]
    with_activation = {relu: OPS["linear_relu"], tanh: OPS["linear_tanh"], sigmoid: OPS["linear_sigmoid"]}

    def fuse_add(node: Node, operands: Operands) -> Node | None:
        for slot in (0, 1):
            product, spread = operands[slot], operands[1 - slot]
            if (
                product.op is matmul
                and spread.op is broadcast
                and spread.operands[0].shape == product.shape[1:]
                and uses[node.operands[slot]] == 1
            ):
                return linear.node(*product.operands, spread.operands[0])
            if product.op is conv2d and spread.op is broadcast and uses[node.operands[slot]] == 1:
                channels, b = product.shape[1], spread.operands[0]
                if b.shape == (channels, 1, 1):
                    b = b.operands[0] if b.op is reshape and b.operands[0].ndim == 1 else b
                    b = b if b.ndim == 1 else reshape.node(b, shape=(channels,))
                    return conv2d_bias.node(*product.operands, b, **product.attributes, relu=False)
            if (
                # The rows of a stack beside a matrix: one product of all rows, seen as a stack again.
                product.op is reshape
                and product.operands[0].op is matmul
                and spread.op is broadcast
                and spread.operands[0].shape == product.operands[0].shape[1:] == product.shape[-1:]
                and uses[node.operands[slot]] == 1
                and uses[node.operands[slot].operands[0]] == 1
            ):
                rows = linear.node(*product.operands[0].operands, spread.operands[0])
                return reshape.node(rows, shape=product.shape)
        return None

    def fuse_matmul(node: Node, operands: Operands) -> Node | None:
        x, w = operands
        if w.op is transpose and w.attributes["axes"] == (1, 0):
            return OPS["matmul_nt"].node(x, w.operands[0])
        if x.op is transpose and x.attributes["axes"] == (1, 0):
            return OPS["matmul_tn"].node(x.operands[0], w)
        return None

    def fuse_batched(node: Node, operands: Operands) -> Node | None:
        x, w = operands
        turned = (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
        if w.op is transpose and w.attributes["axes"] == turned:
            return OPS["batched_matmul_nt"].node(x, w.operands[0])
        if x.op is transpose and x.attributes["axes"] == turned:
            return OPS["batched_matmul_tn"].node(x.operands[0], w)
        return None

    def fuse_activation(node: Node, operands: Operands) -> Node | None:
        found = operands[0]
        if uses[node.operands[0]] != 1:
            return None
        if found.op is conv2d_bias and node.op is relu and not found.attributes["relu"]:
            return conv2d_bias.node(*found.operands, **{**found.attributes, "relu": True})
        if found.op is linear:
            return with_activation[node.op].node(*found.operands)
        if found.op is reshape and found.operands[0].op is linear:
            return reshape.node(with_activation[node.op].node(*found.operands[0].operands), shape=found.shape)
        return None

    def fuse_mul(node: Node, operands: Operands) -> Node | None:
        for slot in (0, 1):
            if operands[slot].op is step and uses[node.operands[slot]] == 1:
                return OPS["mul_step"].node(operands[1 - slot], operands[slot].operands[0])
        return None

    def fuse_sgd_step(node: Node, operands: Operands) -> Node | None:
        w, g, rate = operands
        if g.op is OPS["matmul_tn"] and uses[node.operands[1]] == 1:
            return OPS["sgd_step_product"].node(w, *g.operands, rate)
        return None

    rules: dict[object, Callable[[Node, Operands], Node | None]] = {
        add: fuse_add,
        mul: fuse_mul,
        matmul: fuse_matmul,
        OPS["batched_matmul"]: fuse_batched,
        OPS["sgd_step"]: fuse_sgd_step,
    }
    rules.update(dict.fromkeys(with_activation, fuse_activation))

    def rule(node: Node, operands: Operands) -> Node | None:
        found = rules.get(node.op)
        return found(node, operands) if found is not None else None

    return rewrite(outputs, rule, place)
