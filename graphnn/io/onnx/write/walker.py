"""Write the nodes of a graph into a body, one after the other: by a twin, by a writer, or as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from graphnn.core.dims import Shape
from graphnn.core.dtypes import DType, bool_, float32, float64, int64
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node, current_origin
from graphnn.core.op import Op
from graphnn.core.scope import absolute_scope
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.write.body import Body
from graphnn.io.onnx.write.registry import (
    DRAWS,
    FORWARDED,
    FUNCTIONS,
    NOT_TWINS,
    WRITERS,
    Writer,
    import_writers,
)
from graphnn.io.onnx.write.writing import Writing, refuse

__all__ = ["Walker", "body_of", "has_twin", "prepares", "reached", "source", "unspread", "writes_with_walker"]

_TYPE_NAMES = {
    float32: "tensor(float)",
    float64: "tensor(double)",
    int64: "tensor(int64)",
    bool_: "tensor(bool)",
}


def source(node: Node) -> Node:
    """The node whose value this one has, where it only says something about training."""
    while node.op.name in FORWARDED:
        node = node.operands[0]
    return node


def reached(outputs: Iterable[Node]) -> list[Node]:
    """Every node that the values of the outputs need, in topological order."""
    seen: set[Node] = set()
    stack = [source(node) for node in outputs]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend([source(o) for o in node.operands])
    return sorted(seen, key=attrgetter("serial"))


@cache
def has_twin(op: Op, dtype: DType | None, opset: int) -> bool:
    """Whether the declared ONNX operator means the same: element by element, without settings, and for this dtype."""
    if (
        op.onnx is None
        or op.name in NOT_TWINS
        or op.attribute_names
        or not op.pointwise
        or op.body is not None
    ):
        return False
    if any(not port.axes for port in op.signature.inputs) or op.signature.variadic:
        return False
    if op.name == "gelu" and dtype is float64:
        return False  # what the standard says Gelu is made of holds numbers that are rounded to float32
    defs = onnx_package("onnx.defs")
    try:
        schema = defs.get_schema(op.onnx, opset, "")
    except defs.SchemaError:
        return False
    if schema.deprecated or not schema.min_input <= len(op.ports) <= schema.max_input:
        return False
    variable = schema.inputs[-1].type_str
    allowed = {c.type_param_str: c.allowed_type_strs for c in schema.type_constraints}
    return dtype is None or _TYPE_NAMES[dtype] in allowed.get(variable, [variable])


class Walker:
    """Writes nodes into one body.

    names : the names of values that are there already
    consumers : who uses a node's value
    wanted : nodes whose values are outputs
    skipped : nodes that are written as part of others
    matched : what was found around a node before anything was written
    """

    def __init__(self, body: Body, names: dict[Node, str]):
        import_writers()
        self.body, self.names = body, names
        self.consumers: dict[Node, list[Node]] = {}
        self.wanted: frozenset[Node] = frozenset()
        self.skipped: set[Node] = set()
        self.matched: dict[Node, Any] = {}

    def write_all(self, nodes: Sequence[Node], outputs: Iterable[Node]) -> None:
        """Write what the outputs need; of what only repeats values along axes just what is asked for."""
        outputs = tuple(outputs)
        self.wanted = frozenset(outputs)
        for node in nodes:
            for operand in node.operands:
                self.consumers.setdefault(source(operand), []).append(node)
        for node in nodes:
            if node.op.name in PREPARES:
                PREPARES[node.op.name](self, node)
        for node in nodes:
            late = node.op.name == "broadcast_to" or node.op.role == "constant"
            if not late and node not in self.names and node not in self.skipped:
                self.write(node)
        for node in outputs:
            self.name_of(node)

    def serves_one(self, node: Node, name: str) -> bool:
        """Whether the node is of this op, nobody but one other needs it, and nobody gave it a name to be seen."""
        seen = node in self.wanted or node.name is not None
        return node.op.name == name and not seen and len(self.consumers[node]) == 1

    def name_of(self, node: Node) -> str:
        """The name of a node's value, written now if it was left for later."""
        node = source(node)
        if node not in self.names:
            self.write(node)
        return self.names[node]

    def write(self, node: Node) -> None:
        """Put the operators of one node; its operands are there, or are written first."""
        begin = len(self.body.nodes)
        if node.op.role != "op":
            self.leaf(node)
            return
        result = self.operators(node)
        if result is not None:
            self.settle(node, result, begin)

    def operators(self, node: Node) -> str | None:
        """The name of the result; None where the writer has named all that is used of it."""
        name = node.op.name
        if name in DRAWS:
            return self.draw(node)
        if name in _WITH_WALKER:
            return _WITH_WALKER[name](self, node)
        if name in WRITERS:
            return WRITERS[name](self.writing(node))
        operand = node.operands[-1].dtype if node.operands else None
        if has_twin(node.op, operand, self.body.opset):
            return self.twin(node)
        if name not in FUNCTIONS and node.op.body is None:
            refuse(
                node,
                "the op is declared with a kernel only. Declare it as a composite, whose body says what it is made of",
            )
        return self.function(node, FUNCTIONS.get(name))

    def twin(self, node: Node) -> str:
        """The operator that the op declares."""
        call = self.writing(node)
        return call.emit(str(node.op.onnx), *call.inputs)

    def writing(self, node: Node) -> Writing:
        sources = self.sources(node)
        inputs = [self.name_of(s) for s in sources]
        return Writing(self.body, node, inputs, sources, self.stem(node))

    def sources(self, node: Node) -> list[Node]:
        """The operands, those of elementwise operators without the axes along which they are only repeated."""
        found = [source(o) for o in node.operands]
        if node.op.name == "broadcast_to":
            return [unspread(found[0])]
        if not node.op.pointwise or not any(o.op.name == "broadcast_to" for o in found):
            return found
        bare = [unspread(o) for o in found]
        for k, operand in enumerate(found):
            if _common([b.shape for b in bare]) == node.shape:
                break
            bare[k] = operand
        return bare

    # What the graph itself and functions do each in their own way

    def stem(self, node: Node) -> str:
        return ""

    def leaf(self, node: Node) -> None:
        """Name the value of a leaf."""
        if node.storage is None:
            refuse(node, "its value is not at hand")
        self.names[node] = self.body.constant(node.storage.array)

    def draw(self, node: Node) -> str:
        refuse(node, "a function of ONNX cannot draw the numbers that graphnn draws")

    def function(self, node: Node, writer: Writer | None) -> str:
        """The operators of a function, put here one by one."""
        call = self.writing(node)
        if writer is not None:
            return writer(call)
        return self.unfolded(node, call.sources)

    def unfolded(self, node: Node, operands: Sequence[Node]) -> str:
        """A composite by what it is made of."""
        output = body_of(node, operands)
        inner = [n for n in reached([output]) if n not in self.names]
        for part in inner:
            for operand in part.operands:
                self.consumers.setdefault(source(operand), []).append(part)
        for part in inner:
            if part not in self.names and part.op.name != "broadcast_to" and part.op.role != "constant":
                self.write(part)
        return self.name_of(output)

    def settle(self, node: Node, result: str, begin: int) -> None:
        """Remember where the value of a node is."""
        self.names[node] = result


def body_of(node: Node, operands: Sequence[Node]) -> Node:
    """The graph that a composite stands for, on these operands."""
    token = current_origin.set(None)
    try:
        with absolute_scope(node.scope):
            return node.op.body(*operands, **node.attributes)  # type: ignore[misc]
    except ShapeError as error:
        refuse(node, f"it cannot be taken apart: {str(error).rstrip('.')}")
    finally:
        current_origin.reset(token)


def unspread(node: Node) -> Node:
    """What is repeated along axes."""
    while node.op.name == "broadcast_to":
        node = source(node.operands[0])
    return node


def _common(shapes: Sequence[Shape]) -> Shape | None:
    """What the shapes are together, each repeated where it is 1; None if they do not fit."""
    rank = max((len(s) for s in shapes), default=0)
    common: list[Any] = [1] * rank
    for shape in shapes:
        for k, dim in enumerate(shape, rank - len(shape)):
            if common[k] == 1:
                common[k] = dim
            elif dim not in (1, common[k]):
                return None
    return tuple(common)


_WITH_WALKER: dict[str, Callable[[Walker, Node], str | None]] = {}
PREPARES: dict[str, Callable[[Walker, Node], None]] = {}


def writes_with_walker(*names: str) -> Callable[[Any], Any]:
    """Declare the function below as the writer of ops whose neighbours decide how they are written."""

    def declare(writer: Any) -> Any:
        _WITH_WALKER.update(dict.fromkeys(names, writer))
        return writer

    return declare


def prepares(*names: str) -> Callable[[Any], Any]:
    """Declare the function below as what is asked before anything is written, to leave out neighbours."""

    def declare(prepare: Any) -> Any:
        PREPARES.update(dict.fromkeys(names, prepare))
        return prepare

    return declare
