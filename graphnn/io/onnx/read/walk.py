"""Walk through the nodes of an ONNX graph, and give each to its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, shape_text
from graphnn.core.dtypes import int64
from graphnn.core.errors import GraphnnError, OnnxError
from graphnn.core.graph import Graph
from graphnn.core.leaves import constant, parameter
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.registry import OPS
from graphnn.core.scope import absolute_scope, current_scope
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.attributes import Attribute, read_attributes
from graphnn.io.onnx.read.call import Call, needs_inputs, needs_sizes
from graphnn.io.onnx.read.folding import folded, symbolic, total_size
from graphnn.io.onnx.read.functions import function_body
from graphnn.io.onnx.read.limits import Limits
from graphnn.io.onnx.read.registry import READERS
from graphnn.io.onnx.read.schemas import Schema, plain_domain, schema_of
from graphnn.io.onnx.read.scopes import name_of, scope_of
from graphnn.io.onnx.read.tensors import Numbers, element_kind
from graphnn.io.onnx.read.values import HELD, KINDS, Value, as_known, kind_of
from graphnn.ops.join import concat
from graphnn.ops.reduce import size
from graphnn.ops.shape import reshape
from graphnn.transform.interpret import interpret

__all__ = ["Walk"]

_MISFITS = (ArithmeticError, LookupError, TypeError, ValueError)
"""What hostile attributes may end in where a reader has no sentence of its own for them."""


class _Frame:
    """The names that are known in one graph, with those of the graph around it."""

    def __init__(
        self,
        opsets: Mapping[str, int],
        around: _Frame | None,
        attributes: Mapping[str, Attribute],
        most_letters: int,
    ):
        self.values: dict[str, Value] = {}
        self.claims: dict[str, Any] = {}
        self.opsets, self.around, self.attributes = opsets, around, attributes
        self.most_letters = most_letters

    def find(self, name: str) -> Value | None:
        frame: _Frame | None = self
        while frame is not None:
            if name in frame.values:
                return frame.values[name]
            frame = frame.around
        return None

    def claimed(self, name: str) -> str | None:
        """The element type that the file says a name has."""
        return KINDS.get(self.claims[name].elem_type) if name in self.claims else None

    def define(self, name: str, value: Value, who: str) -> None:
        if name in self.values:
            raise OnnxError(f"{who}: the name {name[:60]!r} is given twice.")
        if len(name) > self.most_letters:
            raise OnnxError(f"{who}: a name of {len(name)} letters is longer than {self.most_letters}.")
        self.values[name] = value


class Walk:
    """Reads one model."""

    def __init__(self, model: Any, numbers: Numbers, limits: Limits, *, trainable: bool):
        self.limits, self._numbers, self._trainable = limits, numbers, trainable
        self.opsets = _opsets_of(model.opset_import, "the model")
        newest = onnx_package("onnx.defs").onnx_opset_version()
        if self.opsets.get("", 1) > newest:
            raise OnnxError(
                f"the model speaks version {self.opsets['']} of the operators, the installed package onnx knows them "
                f"up to {newest}: update it."
            )
        self.functions: dict[tuple[str, str, str], Any] = {}
        for function in model.functions:
            key = (plain_domain(function.domain), function.name, function.overload)
            if key in self.functions:
                raise OnnxError(f"the function {function.name[:60]!r} is defined twice.")
            self.functions[key] = function
        self.remarks: dict[str, None] = {}
        self._nodes: dict[Value, Node] = {}
        self._frozen: set[str] = set()
        self._ours: set[str] = set()
        self._frame = _Frame(self.opsets, None, {}, limits.name)
        self._first, self._depth = _serial(), 0
        self._inside: list[Any] = []

    def remark(self, text: str) -> None:
        """Keep a sentence for the model's notes."""
        if len(self.remarks) < 100:
            self.remarks[text] = None

    # What calls ask for

    def as_node(self, value: Value, *, trainable: bool) -> Node:
        if value.node is not None:
            return value.node
        if value not in self._nodes:
            self._nodes[value] = self._leaf(value, trainable=trainable)
        return self._nodes[value]

    def _leaf(self, value: Value, *, trainable: bool) -> Node:
        known = value.known
        if known is None:
            raise OnnxError(f"{value.name!r} has neither node nor numbers.")
        if value.learns:
            trainable = trainable and self._trainable and value.name not in self._frozen
            if value.name not in self._ours:
                return parameter(known, value.name, known.dtype, trainable=trainable)
            # `save_onnx` writes "net/dense1/w" for the w of the scope net/dense1.
            place, _, label = value.name.rpartition("/")
            with absolute_scope(place):
                return parameter(known, label or value.name, known.dtype, trainable=trainable)
        if not value.symbolic:
            return constant(known, known.dtype)
        parts = [
            reshape(size.node(dims=(d,), dtype="int64"), (1,))
            if isinstance(d, Dim)
            else constant([d], "int64")
            for d in known.reshape(-1).tolist()
        ]
        return reshape(parts[0] if len(parts) == 1 else concat.node(*parts, axis=0), known.shape)

    def numbers(self, value: Value, who: str, what: str) -> np.ndarray:
        if value.known is not None:
            return value.known
        graph = Graph([value.node])  # type: ignore[list-item]
        if graph.inputs:
            raise needs_inputs(who, what, [str(n.name) for n in graph.inputs])
        open_axes = sorted({name for n in graph.nodes for name in _axes_of(n)})
        if open_axes:
            raise needs_sizes(who, what, open_axes)
        size = total_size(graph.nodes)
        if size is None or size > self.limits.folded:
            raise OnnxError(f"{who}: {what} takes more than {self.limits.folded} numbers to compute.")
        return interpret(graph)[0]

    def body(self, graph: Any, who: str) -> Callable[[Sequence[Value]], list[Value]]:
        around, names = self._frame, [info.name for info in graph.input]
        held: list[Value] = []

        def read(inputs: Sequence[Value]) -> list[Value]:
            if not held:  # its initialisers are the same in each turn of a loop
                held.extend(self._initialiser(tensor) for tensor in graph.initializer)
            if len(inputs) != len(names):
                raise OnnxError(f"{who}: its graph takes {len(names)} inputs, found {len(inputs)}.")
            given = [*zip(names, inputs, strict=True), *((value.name, value) for value in held)]
            return self._deeper(who, lambda: self._graph(graph, around, around.opsets, given, {}, who))

        return read

    def find(self, name: str) -> Value | None:
        return self._frame.find(name)

    def _deeper(self, who: str, walk: Any) -> list[Value]:
        if self._depth >= self.limits.depth:
            raise OnnxError(f"{who}: graphs nest more than {self.limits.depth} deep.")
        self._depth += 1
        try:
            return walk()
        finally:
            self._depth -= 1

    # Graphs

    def model_graph(self, graph: Any, inputs: Sequence[Value]) -> list[Value]:
        """The outputs of the model's graph."""
        if not graph.output:
            raise OnnxError("the model has no outputs.")
        held = [self._initialiser(tensor) for tensor in graph.initializer]
        given = [(value.name, value) for value in (*inputs, *held)]
        return self._graph(graph, None, self.opsets, given, {}, "the model")

    def _graph(
        self, graph: Any, around: _Frame | None, opsets: Mapping[str, int], given: Sequence[tuple[str, Value]],
        attributes: Mapping[str, Attribute], who: str,
    ) -> list[Value]:  # fmt: skip
        frame = _Frame(opsets, around, attributes if around is None else around.attributes, self.limits.name)
        if graph.sparse_initializer:
            raise OnnxError(f"{who}: sparse initialisers are not read; write them densely.")
        for info in (*graph.input, *graph.value_info, *graph.output):
            if info.type.WhichOneof("value") == "tensor_type":
                frame.claims[info.name] = info.type.tensor_type
        for name, value in given:
            frame.define(name, value, f"{who}: input or initialiser")
            self._check_claim(name, value, frame, who)
        names = [info.name for info in graph.output]
        if len(set(names)) != len(names):
            raise OnnxError(f"{who}: an output is listed twice.")
        return self._nodes_of(graph.node, frame, names, who)

    def _initialiser(self, tensor: Any) -> Value:
        who = f"initialiser {tensor.name[:60]!r}"
        if not tensor.name:
            raise OnnxError("an initialiser has no name.")
        kind, array = self._numbers.read(tensor, who)
        if str(HELD[kind]) != kind:
            self.remark(f"{who} is {kind} in the file and {HELD[kind]} here")
        told = {entry.key: entry.value for entry in tensor.metadata_props}
        role = told.get("graphnn.role")
        learns = array.ndim > 0 and array.dtype.kind == "f" if role is None else role == "parameter"
        if role is not None:
            self._ours.add(tensor.name)
        if told.get("graphnn.trainable") == "false":
            self._frozen.add(tensor.name)
        return Value(None, array, kind, tensor.name, learns=learns)

    def _nodes_of(self, protos: Any, frame: _Frame, names: Sequence[str], who: str) -> list[Value]:
        before, self._frame = self._frame, frame
        try:
            for proto in protos:
                self._node(proto, frame)
            self._check_count()
            found = []
            for name in names:
                value = frame.find(name)
                if value is None:
                    raise OnnxError(f"{who}: nothing computes the output {name[:60]!r}.")
                found.append(value)
            return found
        finally:
            self._frame = before

    # Nodes

    def _check_count(self) -> None:
        """Every node that is made takes a serial, and so does every node of the file that is read."""
        if _serial() - self._first > self.limits.nodes:
            raise OnnxError(
                f"the model takes more than {self.limits.nodes} nodes. If you trust the file: "
                "load_onnx(..., limits=Limits(nodes=...))."
            )

    def _node(self, proto: Any, frame: _Frame) -> None:
        self._check_count()
        domain = plain_domain(proto.domain)
        name = proto.name or next(filter(None, proto.output), "")
        who = f"{proto.op_type[:60]} {name[:60]!r}"
        inputs = [self._operand(word, frame, who) for word in proto.input]
        attributes = read_attributes(proto.attribute, frame.attributes, self._numbers, who)
        since = _serial()
        with absolute_scope(scope_of(proto, current_scope())):
            values = self._read(proto, domain, name[:60], inputs, attributes, frame, who)
        label, node = name_of(proto), values[0].node if values else None
        if label and node is not None and node.serial > since and node.name is None:
            node.named(label)
        if len(values) < len(proto.output):
            raise OnnxError(f"{who}: has {len(values)} outputs, the file names {len(proto.output)}.")
        for word, value in zip(proto.output, values):
            if word:
                self._check_claim(word, value, frame, who)
                frame.define(word, value, who)

    def _operand(self, name: str, frame: _Frame, who: str) -> Value | None:
        if not name:
            return None
        value = frame.find(name)
        if value is None:
            raise OnnxError(
                f"{who}: uses {name[:60]!r}, which nothing before it computes; nodes stand in the order in "
                "which they are computed."
            )
        return value

    def _read(
        self, proto: Any, domain: str, name: str, inputs: list[Value | None], attributes: dict[str, Attribute],
        frame: _Frame, who: str,
    ) -> list[Value]:  # fmt: skip
        op_type = proto.op_type
        function = self.functions.get((domain, op_type, proto.overload))
        if function is not None:
            return self._function(function, inputs, attributes, who, None)
        version = frame.opsets.get(domain)
        if version is None:
            raise OnnxError(
                f"{who}: the model does not say which version of the domain {domain[:60]!r} it uses."
            )
        schema = schema_of(op_type, version, domain)
        reader = READERS.get((domain, op_type))
        if reader is None or schema is None:
            function = function_body(schema, proto, inputs, version) if schema is not None else None
            if function is None:
                place = f" of the domain {domain[:60]!r}" if domain else ""
                known = "is not read" if schema is not None else "does not exist"
                raise OnnxError(f"{who}: the operator {op_type[:60]}{place} {known} (version {version}).")
            return self._function(function, inputs, attributes, who, schema)
        schema.check(inputs, len(proto.output), who)
        call = Call(self, op_type, domain, version, name, inputs, proto.output, attributes)
        since = _serial()
        try:
            found = reader(call)
            call.check_all_asked()
            return self._values(found, call, schema, since, frame)
        except OnnxError:
            raise
        except GraphnnError as error:
            raise OnnxError(f"{who}: {error}{self._way_out(inputs)}") from error
        except _MISFITS as error:
            raise OnnxError(f"{who}: its operands and attributes do not fit together ({error}).") from error

    def _way_out(self, inputs: Sequence[Value | None]) -> str:
        names = sorted({a for v in inputs if v for d in v.shape if isinstance(d, Dim) for a in d.names()})
        if not names:
            return ""
        listed = ", ".join(f"{name!r}: ..." for name in names)
        return f" Open axes can be fixed: load_onnx(..., sizes={{{listed}}})."

    def _values(self, found: Any, call: Call, schema: Schema, since: int, frame: _Frame) -> list[Value]:
        """What a reader gave, as Values with their element types; computed at once where all is known."""
        parts = list(found) if isinstance(found, list | tuple) else [found]
        inputs = [v for v in call.inputs if v is not None]
        nodes = [p.node if isinstance(p, Value) and p.known is None else p for p in parts]
        made = [n for n in nodes if isinstance(n, Node) and n.serial > since]
        known: dict[Node, np.ndarray] = {}
        if made and all(v.fixed for v in inputs):
            most = self.limits.folded
            if any(v.symbolic for v in inputs):
                given = {self._nodes[v]: v.known for v in inputs if v in self._nodes and v.known is not None}
                arrays = symbolic(made, since, most, given)
            else:
                arrays = folded(made, since, most)
            known = dict(zip(made, arrays, strict=True)) if arrays is not None else {}
        out = []
        for slot, (part, node) in enumerate(zip(parts, nodes, strict=True)):
            word = call.outputs[slot] if slot < len(call.outputs) else ""
            if isinstance(node, Node):
                self._check_size(node, call)
                kind = part.kind if isinstance(part, Value) else schema.kind_of_output(slot, call.inputs)
                kind = kind or frame.claimed(word)
                kind = kind if kind is not None and HELD.get(kind) is node.dtype else kind_of(node.dtype)
                numbers = known.get(node)
                numbers = None if numbers is None else as_known(numbers, kind)
                out.append(Value(node if numbers is None else None, numbers, kind, word))
            elif isinstance(part, np.ndarray):
                kind = schema.kind_of_output(slot, call.inputs)
                kind = kind or ("int64" if part.dtype == object else kind_of(part.dtype))
                out.append(Value(None, as_known(part, kind), kind, word))
            else:
                out.append(part)
        return out

    def _check_size(self, node: Node, call: Call) -> None:
        if node.ndim > self.limits.axes:
            call.refuse(f"its output has {node.ndim} axes, more than {self.limits.axes}.")
        size = total_size([node])
        if size is not None and size > self.limits.elements:
            call.refuse(f"its output {shape_text(node.shape)} has more than {self.limits.elements} elements.")

    def _function(
        self, function: Any, inputs: list[Value | None], attributes: dict[str, Attribute], who: str,
        schema: Schema | None,
    ) -> list[Value]:  # fmt: skip
        """A function's body in the place of a node that calls it."""
        if any(function is f for f in self._inside):
            raise OnnxError(f"{who}: the function calls itself.")
        if len(inputs) > len(function.input):
            raise OnnxError(f"{who}: takes {len(function.input)} operands, found {len(inputs)}.")
        protos = function.attribute_proto if schema is None else schema.defaults
        defaults = read_attributes(protos, {}, self._numbers, who)
        known = {*function.attribute, *defaults}
        for name in attributes:
            if name not in known and schema is None:
                raise OnnxError(f"{who}: the function has no attribute {name[:60]!r}.")
        opsets = {**({} if schema is None else self._frame.opsets), **_opsets_of(function.opset_import, who)}
        frame = _Frame(opsets, None, {**defaults, **attributes}, self.limits.name)
        for name, value in zip(function.input, inputs):
            if value is not None:
                frame.define(name, value, who)
        self._inside.append(function)
        try:
            with absolute_scope("/".join(filter(None, (current_scope(), _scope_word(function.name))))):
                return self._deeper(
                    who, lambda: self._nodes_of(function.node, frame, list(function.output), who)
                )
        finally:
            self._inside.pop()

    def _check_claim(self, name: str, value: Value, frame: _Frame, who: str) -> None:
        """The file may say what a name holds: another element type is an error, another shape a remark."""
        claim = frame.claims.get(name)
        if claim is None or not claim.elem_type:
            return
        kind = element_kind(claim.elem_type, f"{who}: {name[:60]!r}")
        if kind != value.kind:
            raise OnnxError(f"{who}: the file says that {name[:60]!r} is {kind}, it is {value.kind}.")
        if not claim.HasField("shape"):
            return
        sizes = [d.dim_value if d.HasField("dim_value") else None for d in claim.shape.dim]
        agree = len(sizes) == len(value.shape) and all(
            n is None or n == d for n, d in zip(sizes, value.shape, strict=True)
        )
        if not agree:
            said = ", ".join("?" if n is None else str(n) for n in sizes)
            self.remark(
                f"the file says that {name[:60]!r} has the shape ({said}), it has {shape_text(value.shape)}"
            )


def _serial() -> int:
    """A serial that no node has; those that are made from now on have larger ones."""
    return Node(OPS["constant"], (), NO_ATTRIBUTES, (), int64, None, None).serial


def _axes_of(node: Node) -> list[str]:
    if node.op is not OPS["size"]:
        return []
    return [name for d in node.attributes["dims"] if isinstance(d, Dim) for name in d.names()]


def _opsets_of(imports: Any, who: str) -> dict[str, int]:
    """The version of each domain that a model or function says it uses."""
    found: dict[str, int] = {}
    for entry in imports:
        domain = plain_domain(entry.domain)
        if found.setdefault(domain, entry.version) != entry.version:
            raise OnnxError(f"{who}: two versions of the domain {domain[:60]!r} are imported.")
        if not 1 <= entry.version < 2**31:
            raise OnnxError(f"{who}: there is no version {entry.version} of operators.")
    return found


def _scope_word(name: str) -> str:
    """A name as one part of a scope."""
    return name.replace("/", "_")[:60]
