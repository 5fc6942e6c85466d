"""Write norms: as the operator of that name where all parts of it are there, else by what they are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from graphnn.core.dims import Shape
from graphnn.core.dtypes import float64
from graphnn.core.node import Node
from graphnn.io.onnx.write.registry import FUNCTIONS, writes_function
from graphnn.io.onnx.write.walker import Walker, prepares, source, unspread, writes_with_walker
from graphnn.io.onnx.write.writing import Writing

# With this version GroupNormalization took one scale for each channel.
GROUPS_SINCE = 21


class Norm(NamedTuple):
    """A norm that a scale and a shift complete: its operator, its operands before the last one, its settings."""

    operator: str
    operands: tuple[Node, ...]
    settings: dict[str, float]


@prepares("scale_shift")
def find_norm(walker: Walker, node: Node) -> None:
    """Look for the norm before a scale and shift, and leave out what its operator computes by itself."""
    x, scale = (source(o) for o in node.operands[:2])
    found = (
        _channels(walker, node, x, scale)
        or _groups(walker, node, x, scale)
        or _places(walker, node, x, scale)
    )
    if found is not None:
        walker.matched[node], between = found
        walker.skipped.update(between)


@writes_function("scale_shift")
def scale_shift(call: Writing) -> str:
    """Scale and shift lie along the axes from `axis` on, with axes of size 1 behind."""
    x, scale, shift = call.inputs
    shape: Shape = call.shape_of(1)
    behind = len(call.shape) - call.attribute("axis") - len(shape)
    if behind:
        axes = range(len(shape), len(shape) + behind)
        scale, shift = call.unsqueeze(scale, *axes), call.unsqueeze(shift, *axes)
    return call.emit("Add", call.emit("Mul", x, scale), shift)


@writes_with_walker("scale_shift")
def norm(walker: Walker, node: Node) -> str:
    found = walker.matched.get(node)
    if found is None:
        return walker.function(node, FUNCTIONS["scale_shift"])
    shift = walker.name_of(node.operands[2])
    first, scale, *rest = (walker.name_of(o) for o in found.operands)
    call = Writing(walker.body, node, [], [], walker.stem(node))
    return call.emit(found.operator, first, scale, shift, *rest, **found.settings)


Found = tuple[Norm, list[Node]] | None


def _places(walker: Walker, node: Node, y: Node, scale: Node) -> Found:
    """Over the last axes, as LayerNormalization, or over all places of a channel, as InstanceNormalization."""
    if not walker.serves_one(y, "standardize") or not y.attributes["centered"]:
        return None
    eps, axis, axes = _number(y.operands[1]), node.attributes["axis"], y.attributes["axes"]
    if eps is None:
        return None
    operands = (source(y.operands[0]), scale)
    if axes == tuple(range(axis, y.ndim)) and scale.shape == y.shape[axis:]:
        return Norm("LayerNormalization", operands, {"axis": axis, "epsilon": eps}), [y]
    if axes == tuple(range(2, y.ndim)) and axis == 1 and scale.ndim == 1 and y.ndim > 2:
        return Norm("InstanceNormalization", operands, {"epsilon": eps}), [y]
    return None


def _groups(walker: Walker, node: Node, y: Node, scale: Node) -> Found:
    """Over groups of channels, which are put apart before and together after."""
    if walker.body.opset < GROUPS_SINCE or node.attributes["axis"] != 1 or scale.ndim != 1 or y.ndim < 3:
        return None
    if not walker.serves_one(y, "reshape"):
        return None
    inner = source(y.operands[0])
    if not walker.serves_one(inner, "standardize") or not inner.attributes["centered"]:
        return None
    apart, eps = source(inner.operands[0]), _number(inner.operands[1])
    if (
        eps is None
        or not walker.serves_one(apart, "reshape")
        or inner.attributes["axes"] != tuple(range(2, inner.ndim))
    ):
        return None
    x, groups = source(apart.operands[0]), apart.shape[1]
    if (
        x.shape != y.shape
        or apart.ndim != x.ndim + 1
        or apart.shape[3:] != x.shape[2:]
        or not isinstance(groups, int)
    ):
        return None
    settings = {"num_groups": groups, "epsilon": eps}
    return Norm("GroupNormalization", (x, scale), settings), [y, inner, apart]


def _channels(walker: Walker, node: Node, centred: Node, rate: Node) -> Found:
    """With a mean and variance that are known: (x - mean) (scale (1 / sqrt(var + eps))) + shift."""
    if (
        node.attributes["axis"] != 1
        or not walker.serves_one(centred, "sub")
        or not walker.serves_one(rate, "mul")
    ):
        return None
    x, mean = source(centred.operands[0]), unspread(source(centred.operands[1]))
    between = [centred, rate]
    if mean.op.name == "reshape" and mean.ndim == x.ndim - 1:
        between.append(mean)
        mean = source(mean.operands[0])
    scale, inverse = (source(o) for o in rate.operands)
    if (
        x.shape != node.shape
        or mean.ndim != 1
        or mean.shape != x.shape[1:2]
        or not walker.serves_one(inverse, "div")
    ):
        return None
    one, root = unspread(source(inverse.operands[0])), source(inverse.operands[1])
    if _number(one) != 1.0 or not walker.serves_one(root, "sqrt"):
        return None
    total = source(root.operands[0])
    if not walker.serves_one(total, "add"):
        return None
    var, eps = source(total.operands[0]), _number(unspread(source(total.operands[1])))
    if (
        eps is None
        or var.shape != mean.shape
        or scale.shape != mean.shape
        or any(n in walker.wanted or len(walker.consumers[n]) != 1 for n in between[2:])
    ):
        return None
    between += [inverse, root, total]
    return Norm("BatchNormalization", (x, scale, mean, var), {"epsilon": eps}), between


def _number(node: Node) -> float | None:
    """The value of a constant without axes that an attribute holds exactly."""
    node = source(node)
    if node.op.role != "constant" or node.shape != () or node.storage is None:
        return None
    number = float(node.storage.array)
    return number if node.dtype is not float64 or float(np.float32(number)) == number else None
