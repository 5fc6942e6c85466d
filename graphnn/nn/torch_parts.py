"""How PyTorch keeps the numbers of each layer: names, layouts and orders, for `gn.io.load_torch_weights`.

A layer that is not listed is carried as it is: its parameters have the same names and shapes on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from graphnn.core.errors import GraphError
from graphnn.core.node import Node
from graphnn.core.registry import SERVICES
from graphnn.io.torch_weights import TorchPart
from graphnn.nn.activation import PReLU
from graphnn.nn.attention import MultiHeadAttention
from graphnn.nn.batch_norm import BatchNorm
from graphnn.nn.convolution import SlidingLayer
from graphnn.nn.dense import Dense
from graphnn.nn.embedding import Embedding
from graphnn.nn.layer import Layer
from graphnn.nn.normalization import ExampleNorm
from graphnn.nn.recurrent import Recurrent, Weights
from graphnn.nn.transformer import Block, FeedForward

Arrays = dict[str, np.ndarray]
Take = Callable[[Mapping[str, np.ndarray]], dict[Node, np.ndarray]]


class Carried:
    """The numbers of one layer by PyTorch's names, and how each comes back."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self.takes: list[Take] = []
        self.idle: frozenset[str] = frozenset()

    def same(self, name: str, node: Node | None) -> None:
        """A parameter that both keep alike; None is one that the layer does without."""
        if node is not None:
            self.arrays[name] = numbers(node)
            self.takes.append(lambda found: {node: found[name]})

    def turned(self, name: str, node: Node) -> None:
        """A matrix that PyTorch keeps the other way round."""
        self.arrays[name] = numbers(node).T
        self.takes.append(lambda found: {node: found[name].T})


def torch_parts(layer: Any) -> list[TorchPart] | None:
    """The parts of a layer, outer and earlier ones first; None for what is no layer."""
    return list(_walk(layer, "")) if isinstance(layer, Layer) else None


def _walk(layer: Layer, path: str) -> Iterator[TorchPart]:
    carried = Carried()
    held: Mapping[Layer, str | None] = dict.fromkeys(layer.layers)
    if isinstance(layer, Block):
        held = _block(layer)
    elif _own(layer):
        write = next((rule for kind, rule in RULES if isinstance(layer, kind)), _as_it_is)
        write(layer, carried)
        takes = carried.takes

        def take(found: Mapping[str, np.ndarray]) -> dict[Node, np.ndarray]:
            return {node: value for each in takes for node, value in each(found).items()}

        yield TorchPart(path, f"layer {layer.name!r}", carried.arrays, take, carried.idle)
    for inner, name in held.items():
        yield from _walk(inner, _below(path, inner.name if name is None else name))


def _below(path: str, name: str) -> str:
    return "/".join([word for word in (path, name) if word])


def _own(layer: Layer) -> list[Node]:
    inside = {node for inner in layer.layers for node in inner.parameters}
    shared = isinstance(layer, Dense) and layer.tied is not None
    return [node for node in layer.parameters if shared or node not in inside]


def numbers(node: Node) -> np.ndarray:
    """The present numbers of a parameter."""
    return np.asarray(node.value)


# Layers


def _as_it_is(layer: Layer, carried: Carried) -> None:
    for node in _own(layer):
        carried.same(str(node.name), node)


def _dense(layer: Dense, carried: Carried) -> None:
    if layer.tied is None:
        carried.turned("weight", layer.w)
    else:
        carried.same("weight", layer.w)  # used turned around: as PyTorch has it
    carried.same("bias", layer.b)


def _sliding(layer: SlidingLayer, carried: Carried) -> None:
    carried.same("weight", layer.w)
    carried.same("bias", layer.b)


def _norm(layer: ExampleNorm, carried: Carried) -> None:
    carried.same("weight", layer.scale)
    carried.same("bias", layer.shift)


def _batch_norm(layer: BatchNorm, carried: Carried) -> None:
    carried.same("weight", layer.scale)
    carried.same("bias", layer.shift)
    carried.same("running_mean", layer.mean)
    carried.same("running_var", layer.var)
    carried.idle = frozenset(("num_batches_tracked",))


def _embedding(layer: Embedding, carried: Carried) -> None:
    carried.same("weight", layer.table)


def _prelu(layer: PReLU, carried: Carried) -> None:
    slope, shape = layer.slope, numbers(layer.slope).shape
    carried.arrays["weight"] = numbers(slope).reshape(-1)
    carried.takes.append(lambda found: {slope: found["weight"].reshape(shape)})


def _feed_forward(layer: FeedForward, carried: Carried) -> None:
    for k, (w, b) in enumerate(((layer.w1, layer.b1), (layer.w2, layer.b2))):
        carried.turned(f"linear{k + 1}.weight", w)
        carried.same(f"linear{k + 1}.bias", b)


def _recurrent(layer: Recurrent, carried: Carried) -> None:
    if layer.merge == "sum" and len(layer.ways) > 1:
        raise GraphError(f"layer {layer.name}: adds up both ways (merge='sum'), and PyTorch only joins them.")
    for k, ways in enumerate(layer._weights):
        for way, weights in zip(layer.ways, ways):
            end = f"_l{k}" + ("_reverse" if way == "backward" else "")
            carried.turned(f"weight_ih{end}", weights.w)
            carried.turned(f"weight_hh{end}", weights.u)
            if weights.b is not None:
                _two_biases(weights, end, carried)


def _two_biases(weights: Weights, end: str, carried: Carried) -> None:
    """PyTorch adds two biases; ours are their sum, but for the state of a gated recurrent unit's new gate."""
    b, d = weights.b, weights.d
    if b is None:
        return
    first, second = f"bias_ih{end}", f"bias_hh{end}"
    carried.arrays[first] = numbers(b)
    carried.arrays[second] = np.zeros_like(numbers(b))
    if d is None:
        carried.takes.append(lambda found: {b: found[first] + found[second]})
        return
    new = slice(2 * d.shape[0], None)
    carried.arrays[second][new] = numbers(d)

    def take(found: Mapping[str, np.ndarray]) -> dict[Node, np.ndarray]:
        both = found[first] + found[second]
        both[new] = found[first][new]
        return {b: both, d: found[second][new]}

    carried.takes.append(take)


def _attention(layer: MultiHeadAttention, carried: Carried) -> None:
    wq, bq, wk, bk, wv, bv, wo, bo = layer._weights
    if wq is None or wk is None or wv is None or wo is None:
        return
    width = wq.shape[0]
    if wq.shape[1] != width or wo.shape[1] != width:
        raise GraphError(
            f"layer {layer.name}: PyTorch's MultiheadAttention answers with as many columns as x has ({width}), all "
            f"heads together; this one has {wq.shape[1]} inside and answers with {wo.shape[1]}."
        )
    if wk.shape[0] == wv.shape[0] == width:
        _stacked("in_proj_weight", [wq, wk, wv], carried)
    else:
        for letter, w in zip("qkv", (wq, wk, wv)):
            carried.turned(f"{letter}_proj_weight", w)
    if bq is not None and bk is not None and bv is not None:
        _stacked("in_proj_bias", [bq, bk, bv], carried)
    carried.turned("out_proj.weight", wo)
    carried.same("out_proj.bias", bo)


def _stacked(name: str, nodes: list[Node], carried: Carried) -> None:
    """Several parameters that PyTorch keeps below each other, matrices turned around."""
    carried.arrays[name] = np.concatenate([numbers(node).T for node in nodes])
    carried.takes.append(
        lambda found: {node: part.T for node, part in zip(nodes, np.split(found[name], len(nodes)))}
    )


def _block(block: Block) -> dict[Layer, str | None]:
    """The layers of a block by the names, and in the order, that they have in PyTorch's encoder and decoder layers."""
    names = {"attention": "self_attn", "cross": "multihead_attn", "feed_forward": ""}
    inner = sorted(block.layers, key=lambda layer: layer.name not in names)
    return {layer: names.get(layer.name) for layer in inner}


RULES: tuple[tuple[type[Layer], Callable[..., None]], ...] = (
    (Dense, _dense),
    (SlidingLayer, _sliding),
    (BatchNorm, _batch_norm),
    (ExampleNorm, _norm),
    (Embedding, _embedding),
    (PReLU, _prelu),
    (FeedForward, _feed_forward),
    (Recurrent, _recurrent),
    (MultiHeadAttention, _attention),
)

SERVICES["torch_parts"] = torch_parts

__all__ = ["Carried", "numbers", "torch_parts"]
