"""Functions of the domain `graphnn`: what ops without a twin are made of, written once for all calls that agree."""

from __future__ import annotations

from typing import Any

from graphnn.core.leaves import INPUT
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.write.body import FunctionBody
from graphnn.io.onnx.write.names import Names
from graphnn.io.onnx.write.registry import Writer
from graphnn.io.onnx.write.walker import Walker

__all__ = ["DOMAIN", "Functions", "Made"]

DOMAIN = "graphnn"


class Made:
    """A function that was made for a call.

    name : of the function
    slots : the operands that it takes; fixed numbers stand inside
    axes : the named axes whose sizes it takes after them
    """

    __slots__ = ("axes", "name", "slots")

    def __init__(self, name: str, slots: tuple[int, ...], axes: tuple[str, ...]):
        self.name, self.slots, self.axes = name, slots, axes


class Functions:
    """The functions of one file.

    protos : in the order in which they were needed
    """

    def __init__(self, opset: int):
        self.opset = opset
        self.protos: list[Any] = []
        self._by_call: dict[Any, Made] = {}
        self._by_text: dict[tuple[str, bytes], str] = {}
        self._names = Names()

    def made(self, node: Node, sources: list[Node], writer: Writer | None) -> Made:
        """The function for this call: one that is there, if it says the same."""
        operands = tuple(_key(s) for s in sources)
        key = (node.op, tuple(node.attributes.items()), operands, node.shape, node.dtype)
        if key not in self._by_call:
            self._by_call[key] = self._make(node, sources, writer)
        return self._by_call[key]

    def _make(self, node: Node, sources: list[Node], writer: Writer | None) -> Made:
        slots = tuple(k for k, s in enumerate(sources) if not _is_number(s))
        names = Names()
        ports = {k: names.take(node.op.port_name(k)) for k in slots}
        operands = [
            Node(INPUT, (), NO_ATTRIBUTES, s.shape, s.dtype, ports[k]) if k in ports else s
            for k, s in enumerate(sources)
        ]
        body = FunctionBody(self.opset, {ports[k]: operands[k].shape for k in slots})
        walker = Walker(body, {operands[k]: ports[k] for k in slots})
        twin = Node(node.op, tuple(operands), node.attributes, node.shape, node.dtype)
        begin = len(body.nodes)
        result = walker.function(twin, writer)
        output = body.names.take(node.op.signature.output.name)
        if not body.rename(result, output, begin):
            body.emit("Identity", [result])
            body.rename(body.nodes[-1].output[0], output, len(body.nodes) - 1)
        proto = onnx_package().FunctionProto()
        proto.domain = DOMAIN
        proto.input.extend([*ports.values(), *body.extra.values()])
        proto.output.append(output)
        proto.node.extend(body.nodes)
        proto.doc_string = node.op.doc.partition("\n\n")[0]
        version = proto.opset_import.add()
        version.version = self.opset
        text = (node.op.name, proto.SerializeToString(deterministic=True))
        if text not in self._by_text:
            proto.name = self._by_text[text] = self._names.take(node.op.name)
            self.protos.append(proto)
        return Made(self._by_text[text], slots, tuple(body.extra))


def _is_number(node: Node) -> bool:
    return node.op.role == "constant" and node.shape == ()


def _key(node: Node) -> Any:
    if _is_number(node) and node.storage is not None:
        return (node.dtype, node.storage.array.tobytes())
    return (node.dtype, node.shape)
