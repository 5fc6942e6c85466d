"""Write splits without lists: PyTorch exports `torch.split` as a list of tensors from which parts are taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphnn.io.onnx.package import onnx_package

__all__ = ["split_plainly"]


def split_plainly(model: Any) -> None:
    """Change every SplitToSequence of the ModelProto, from which SequenceAt takes known parts, to a Split.

    What has no such form, as a list that is answered, stays, and the reader refuses it.
    """
    graph, onnx = model.graph, onnx_package()
    known = _Known(graph, onnx)
    uses: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            uses.setdefault(name, []).append(node)
    answers = {info.name for info in graph.output}
    changed: list[Any] = []
    taken: dict[str, Any] = {}
    for node in graph.node:
        if node.op_type != "SplitToSequence":
            changed.append(taken.get(node.output[0], node))
            continue
        takers = uses.get(node.output[0], [])
        sizes = known.sizes(node)
        places = [known.number(taker.input[1]) if taker.op_type == "SequenceAt" else None for taker in takers]
        if sizes is None or node.output[0] in answers or any(
            place is None or not -len(sizes) <= place < len(sizes) for place in places
        ):  # fmt: skip
            changed.append(node)
            continue
        base = node.output[0]
        parts = [f"{base}_part{k}" for k in range(len(sizes))]
        # A Constant before it: the numbers may have been one size for all parts.
        changed.append(_constant(onnx, f"{base}_sizes", sizes))
        split = onnx.helper.make_node(
            "Split", [node.input[0], f"{base}_sizes"], parts, name=node.name, axis=known.axis(node)
        )
        split.metadata_props.extend(node.metadata_props)
        changed.append(split)
        for taker, place in zip(takers, places):
            taken[taker.output[0]] = onnx.helper.make_node(
                "Identity", [parts[place or 0]], list(taker.output), name=taker.name
            )
    if taken:
        # Copies: the nodes of a graph are gone once its list is emptied.
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in changed]
        del graph.node[:]
        graph.node.extend(copies)


def _constant(onnx: Any, name: str, numbers: list[int]) -> Any:
    tensor = onnx.numpy_helper.from_array(np.array(numbers, np.int64))
    return onnx.helper.make_node("Constant", [], [name], name=name, value=tensor)


class _Known:
    """Numbers and shapes that the graph states."""

    def __init__(self, graph: Any, onnx: Any):
        self.onnx = onnx
        self.tensors = {tensor.name: tensor for tensor in graph.initializer}
        self.ints: dict[str, list[int]] = {}
        for node in graph.node:
            for attribute in node.attribute if node.op_type == "Constant" else ():
                if attribute.name == "value":
                    self.tensors[node.output[0]] = attribute.t
                elif attribute.name == "value_int":
                    self.ints[node.output[0]] = [attribute.i]
                elif attribute.name == "value_ints":
                    self.ints[node.output[0]] = list(attribute.ints)
        infos = (*graph.value_info, *graph.input)
        self.shapes = {info.name: info.type.tensor_type.shape.dim for info in infos}

    def numbers(self, name: str) -> list[int] | None:
        """Whole numbers by the name of a constant; None where they are not known."""
        if name in self.tensors and self.tensors[name].data_type == self.onnx.TensorProto.INT64:
            return [int(n) for n in self.onnx.numpy_helper.to_array(self.tensors[name]).reshape(-1)]
        return self.ints.get(name)

    def number(self, name: str) -> int | None:
        """A single one of them."""
        found = self.numbers(name)
        return found[0] if found is not None and len(found) == 1 else None

    def axis(self, node: Any) -> int:
        """The axis that is cut."""
        return next((a.i for a in node.attribute if a.name == "axis"), 0)

    def sizes(self, node: Any) -> list[int] | None:
        """How long each part is; a single number is the size of all parts but the last, where the whole is known."""
        if len(node.input) < 2 or any(a.name == "keepdims" and not a.i for a in node.attribute):
            return None
        sizes = self.numbers(node.input[1])
        dims = self.shapes.get(node.input[0], ())
        axis = self.axis(node)
        whole = dims[axis].dim_value if -len(dims) <= axis < len(dims) else 0
        if sizes is None or len(sizes) != 1:
            return sizes
        size = sizes[0]
        if whole < 1 or size < 1:
            return None
        return [min(size, whole - at) for at in range(0, whole, size)]
