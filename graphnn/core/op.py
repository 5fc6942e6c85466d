"""The op declaration: one record that says everything about an op, made by one decorator.

>>> import numpy as np
>>> import graphnn as gn
>>> @gn.op("x(*s) -> y(*s)", latex=r"{x}^3", samples=[(3, 4)])
... def cube(x):
...     "Third power. Shapes: x (*s) -> y (*s)."
...     return x**3
>>> @cube.kernel
... def cube_kernel(x, y):
...     for i in range(y.size):
...         y[i] = x[i] * x[i] * x[i]
>>> @cube.vjp
... def cube_vjp(g, x, y):
...     return [g * 3.0 * x * x]
>>> float(cube(gn.scalar(2.0, "a")).value)
8.0

The decorated function is the meaning in NumPy and the reference of the tests; its keyword-only parameters are
the op's static attributes. The kernel fills the output by loops over contiguous arrays and is compiled by the
engine on first use. The slope (vector-Jacobian product) is written in ops, so it can be drawn and
differentiated again.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphnn.core.attributes import Attributes
from graphnn.core.dims import DimLike, Shape, shape_text
from graphnn.core.dtypes import FLOATS, SUPPORTED, TYPE_CLASSES, DType
from graphnn.core.errors import DeclarationError, DtypeError, ShapeError, did_you_mean
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.registry import OPS, SERVICES
from graphnn.core.scope import scope
from graphnn.core.signature import (
    Signature,
    match_shapes,
    output_shape,
    output_shape_is_open,
    parse_signature,
    signature_view,
)

Ints = tuple[int, ...]


class View(NamedTuple):
    """How a kernel sees one call: the shape of each operand and of the output, and its integer arguments."""

    shapes: tuple[Ints, ...]
    ints: Mapping[str, int] = NO_ATTRIBUTES


@dataclass(frozen=True)
class Sample:
    """One call that the derived tests make: operand shapes, attributes, and the interval to draw values from.

    `limits` gives, per operand name, the exclusive upper bound of integer operands (labels, rows).
    """

    shapes: tuple[Ints, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    domain: tuple[float, float] = (-2.0, 2.0)
    limits: Mapping[str, int] = field(default_factory=dict)


class Op:
    """A declared operation. Call it to build a node.

    Attributes that a reader may use: `name`, `doc`, `latex`, `slopes`, `onnx`, `ports`, `signature`, `samples`,
    `kink`, `differentiable`, `no_slope`, `attribute_names`, `kernel_function`, `vjp_function`, `alias`.
    """

    def __init__(self, name: str, role: str = "op"):
        self.name = self.__name__ = name
        self.role = role
        self.signature: Signature = parse_signature("-> y(*s)")
        self.meaning: Callable[..., Any] | None = None
        self.body: Callable[..., Node] | None = None
        self.doc = ""
        self.latex = name
        self.slopes: tuple[str, ...] = ()
        self.onnx: str | None = None
        self.samples: tuple[Sample, ...] = ()
        self.kink: float | None = None
        self.no_slope: str | None = None
        self.alias = False
        self.types = TYPE_CLASSES["any"]
        self.attribute_names: tuple[str, ...] = ()
        self.attribute_defaults: dict[str, Any] = {}
        self.kernel_function: Callable[..., Any] | None = None
        self.vjp_function: Callable[..., Sequence[Node | None]] | None = None
        self.build_function: Callable[..., Node] | None = None
        self.shape_function: Callable[..., Shape] | None = None
        self.dtype_function: Callable[..., DType] | None = None
        self.view_function: Callable[..., Any] | None = None
        self.fault_function: Callable[..., str] | None = None
        self.shard_function: Callable[[View, int], list[View]] | None = None
        self.scratch_function: Callable[[View], int] | None = None
        self.per_element: tuple[int, int] | None = None
        self.cost_function: Callable[[Node], DimLike] | None = None
        self.room: int | None = None
        self._complete = role != "op"
        self._quick = False

    # What the record says

    @property
    def ports(self) -> tuple[str, ...]:
        """Operand names."""
        return tuple(p.name for p in self.signature.inputs)

    def port_name(self, slot: int) -> str:
        """The name of operand `slot`; starred operands are counted: `xs[2]`."""
        if self.signature.variadic:
            return f"{self.signature.inputs[0].name}[{slot}]"
        return self.signature.inputs[slot].name

    @property
    def differentiable(self) -> bool:
        return self.vjp_function is not None or self.body is not None

    @property
    def pointwise(self) -> bool:
        """Element i of the output needs element i of each operand only."""
        return (
            self.role == "op"
            and self.signature.pointwise
            and self.view_function is None
            and self.scratch_function is None
            and not self.alias
        )

    @property
    def kernel_integers(self) -> tuple[str, ...]:
        """The integer parameters of the kernel, after operands, output and scratch."""
        parameters = tuple(inspect.signature(self.kernel_function).parameters)  # type: ignore[arg-type]
        return parameters[len(self.signature.inputs) + 1 + (self.scratch_function is not None) :]

    def __repr__(self) -> str:
        return f"<op {self.name}: {self.signature}>"

    # The rest of the declaration, each part by a decorator of its own

    def kernel(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the kernel: `kernel(operands..., output, integer attributes...)` fills the output."""
        names = list(inspect.signature(function).parameters)
        wanted = [*self.ports, self.signature.output.name]
        if names[: len(wanted)] != wanted:
            raise DeclarationError(
                f"{self.name}: the kernel's parameters start with {', '.join(wanted)}; found {', '.join(names)}."
            )
        if self.kernel_function is not None:
            raise DeclarationError(f"{self.name}: the kernel is declared twice.")
        self.kernel_function = function
        return function

    def vjp(self, function: Callable[..., Sequence[Node | None]]) -> Callable[..., Sequence[Node | None]]:
        """Declare the slope: `vjp(g, operands..., output, *, attributes...)` lists one contribution per operand."""
        parameters = inspect.signature(function).parameters.values()
        found = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
        ports = () if self.signature.variadic else self.ports
        wanted = [*ports, self.signature.output.name]  # the adjoint that comes first may have any name
        if found[1 : 1 + len(wanted)] != wanted:
            raise DeclarationError(
                f"{self.name}: the slope's parameters are g, {', '.join(wanted)}; found {', '.join(found)}."
            )
        self.vjp_function = function
        return function

    def build(self, function: Callable[..., Node]) -> Callable[..., Node]:
        """Declare how users call the op, when that differs from operands and attributes (axis=None, ...)."""
        self.build_function = function
        self.__wrapped__ = function
        return function

    def shape(self, function: Callable[..., Shape]) -> Callable[..., Shape]:
        """Declare the output's shape, `shape(*operand shapes, **attributes)`, if the signature cannot say it."""
        self.shape_function = function
        return function

    def dtype(self, function: Callable[..., DType]) -> Callable[..., DType]:
        """Declare the output's dtype, `dtype(*operand dtypes, **attributes)`, if the signature cannot say it."""
        self.dtype_function = function
        return function

    def view(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare how the kernel sees actual shapes: `view(*shapes incl. output, **attributes) -> View`.

        An op with a starred operand returns a list, one View per operand; its kernel runs once for each.
        """
        self.view_function = function
        return function

    def shard(self, function: Callable[[View, int], list[View]]) -> Callable[[View, int], list[View]]:
        """Declare how one kernel call is cut for threads: `shard(view, parts)` lists Views whose integers differ.

        The parts write disjoint elements, and any number of parts gives the same bits. Pointwise ops need none.
        """
        self.shard_function = function
        return function

    def scratch(self, function: Callable[[View], int]) -> Callable[[View], int]:
        """Declare working memory: `scratch(view)` is how many numbers of the output's dtype one kernel call needs.

        The kernel gets them as a flat array named `scratch`, after the output; what it holds before is anybody's.
        """
        self.scratch_function = function
        return function

    def cost(self, function: Callable[[Node], DimLike]) -> Callable[[Node], DimLike]:
        """Declare how many arithmetic operations a node takes, if neither signature nor `per_element` tells."""
        self.cost_function = function
        return function

    def takes_room_of(self, port: str) -> None:
        """Declare that the output may be made in the room of this operand; pointwise ops need not say so."""
        self.room = self.ports.index(port)

    def fault(self, function: Callable[..., str]) -> Callable[..., str]:
        """Declare the words for a run-time fault: `fault(position, *operand arrays)`.

        The kernel of such an op returns 0, or 1 + the position of the element that it could not process.
        """
        self.fault_function = function
        return function

    def check_complete(self) -> None:
        """Raise DeclarationError if a part of the declaration is missing."""
        missing = []
        if not self.doc:
            missing.append("a docstring")
        if self.kernel_function is None and not self.alias and self.body is None:
            missing.append("a kernel (@op.kernel)")
        if self.vjp_function is None and self.body is None and not self.no_slope:
            missing.append("a slope (@op.vjp), or no_slope='why it has none'")
        if not self.samples:
            missing.append("samples for its tests")
        if output_shape_is_open(self.signature) and self.shape_function is None:
            missing.append("a shape rule (@op.shape): the signature does not determine the output's axes")
        if missing:
            raise DeclarationError(f"op {self.name}: the declaration lacks {'; '.join(missing)}.")
        ports = self.signature.inputs
        self._quick = self.pointwise and not self.attribute_names and self.build_function is None
        self._quick = self._quick and all(p.axes == ("*s",) and p.dtype is None for p in ports)
        self._quick = self._quick and (self.body is None or self.kernel_function is not None)
        self._complete = True

    # Building nodes

    def __call__(self, *operands: Any, **settings: Any) -> Node:
        if self._quick and not settings and len(operands) == len(self.signature.inputs):
            first = operands[0]
            if type(first) is Node and first.dtype in self.types:
                shape, dtype = first.shape, first.dtype
                for other in operands[1:]:
                    if type(other) is not Node or other.dtype is not dtype or other.shape != shape:
                        break
                else:
                    return Node(self, operands, NO_ATTRIBUTES, shape, self.signature.output.dtype or dtype)
            if len(operands) == 2:
                node = self._beside_number(*operands)
                if node is not None:
                    return node
        name = settings.pop("name", None)
        if self.build_function is not None:
            try:
                node = self.build_function(*operands, **settings)
            except TypeError as error:
                raise self._call_error(error, self.build_function, operands, settings) from None
        else:
            node = self.node(*operands, **settings)
        return node if name is None else node.named(name)

    def _beside_number(self, a: Any, b: Any) -> Node | None:
        """The quick way for the most frequent mixed call, a float node beside a Python float; None for others."""
        number, other = (a, b) if type(a) is float else (b, a)
        if type(number) is not float or type(other) is not Node or other.dtype not in FLOATS:
            return None
        if other.dtype not in self.types:
            return None
        constant = spread(SERVICES["constant_like"](number, other.dtype, self, int(number is b)), other.shape)
        operands = (constant, other) if number is a else (other, constant)
        return Node(self, operands, NO_ATTRIBUTES, other.shape, self.signature.output.dtype or other.dtype)

    def node(self, *operands: Any, **attributes: Any) -> Node:
        """Build a node from operands (nodes, numbers, arrays) and complete attributes, with all checks."""
        if not self._complete:
            self.check_complete()
        nodes = self.as_nodes(operands)
        attributes = self._check_attributes(attributes)
        dtype = self._result_dtype(nodes, attributes)
        if self.signature.pointwise and len(nodes) > 1:
            nodes = self._broadcast(nodes)
        if self.body is not None and self.kernel_function is None:
            if not (self.signature.pointwise or self.signature.variadic):
                self._match(nodes)
            with scope(self.name):
                return self.body(*nodes, **attributes)
        shape = self._result_shape(nodes, attributes)
        return Node(self, nodes, Attributes(attributes) if attributes else NO_ATTRIBUTES, shape, dtype)

    def _call_error(
        self, error: TypeError, function: Callable[..., Any], args: Any, settings: Any
    ) -> TypeError:
        """The error of a call that does not fit, told in the user's terms; other TypeErrors pass unchanged."""
        if isinstance(error, DtypeError):
            return error
        try:
            inspect.signature(function).bind(*args, **settings)
        except TypeError:
            usage = str(inspect.signature(function)).split(" ->")[0]
            unknown = [k for k in settings if k not in inspect.signature(function).parameters]
            hint = did_you_mean(unknown[0], inspect.signature(function).parameters) if unknown else ""
            return DeclarationError(
                f"{self.name}: called with wrong arguments; usage: {self.name}{usage}.{hint}"
            )
        return error

    def as_nodes(self, operands: tuple[Any, ...]) -> tuple[Node, ...]:
        """The operands of a call as nodes: numbers and arrays become constants of the nodes' dtype."""
        ports = self.signature.inputs
        if self.signature.variadic:
            if not operands:
                raise ShapeError(f"{self.name}: needs at least one operand.")
        elif len(operands) != len(ports):
            raise DeclarationError(
                f"{self.name}: takes {len(ports)} operand{'s' * (len(ports) != 1)} "
                f"({', '.join(self.ports)}), found {len(operands)}."
            )
        for operand in operands:
            if type(operand) is not Node:
                break
        else:
            return operands
        free = [o.dtype for i, o in enumerate(operands) if type(o) is Node and self._port(i).dtype is None]
        constant = SERVICES["constant_like"]
        return tuple(
            o if type(o) is Node else constant(o, self._port(i).dtype or (free[0] if free else None), self, i)
            for i, o in enumerate(operands)
        )

    def _port(self, slot: int) -> Any:
        return self.signature.inputs[0 if self.signature.variadic else slot]

    def _check_attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        if not attributes and not self.attribute_names:
            return attributes
        for key in attributes:
            if key not in self.attribute_names:
                known = did_you_mean(key, self.attribute_names) or " It has no attributes."
                raise DeclarationError(f"{self.name}: there is no attribute {key!r}.{known}")
        out = {}
        for key in self.attribute_names:
            if key in attributes:
                value = attributes[key]
                out[key] = tuple(value) if isinstance(value, list) else value
            elif key in self.attribute_defaults:
                out[key] = self.attribute_defaults[key]
            else:
                raise DeclarationError(f"{self.name}: attribute {key!r} is missing.")
        return out

    def _result_dtype(self, nodes: tuple[Node, ...], attributes: dict[str, Any]) -> DType:
        variable: DType | None = None
        for slot, node in enumerate(nodes):
            port = self._port(slot)
            dtype = node.dtype
            if port.dtype is not None:
                if dtype is not port.dtype:
                    raise DtypeError(
                        f"{self.name}: {self.port_name(slot)} must be {port.dtype}, found {self._who(node, slot)} "
                        f"with {dtype}. Convert it: .cast({str(port.dtype)!r})."
                    )
            elif variable is None:
                variable, first = dtype, slot
                if dtype not in self.types:
                    allowed = ", ".join(str(t) for t in SUPPORTED if t in self.types)
                    raise DtypeError(
                        f"{self.name}: {self.port_name(slot)} must be one of {allowed}; found "
                        f"{self._who(node, slot)} with {dtype}. Convert it: .cast('float32')."
                    )
            elif dtype is not variable:
                raise DtypeError(
                    f"{self.name}: {self._who(nodes[first], first)} is {variable} but {self._who(node, slot)} is "
                    f"{dtype}; dtypes are never mixed silently. Convert one: .cast({str(variable)!r})."
                )
        if self.dtype_function is not None:
            return self.dtype_function(*[n.dtype for n in nodes], **attributes)
        result = self.signature.output.dtype or variable
        if result is None:
            raise DeclarationError(f"{self.name}: the signature does not determine the output's dtype.")
        return result

    def _who(self, node: Node, slot: int) -> str:
        port = self.port_name(slot)
        return f"{port} = {node.name!r}" if node.name and node.name != port else port

    def _broadcast(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """Insert broadcast_to nodes, so that every starred operand has the common shape."""
        slots = [i for i, p in enumerate(self.signature.inputs) if p.axes]
        common = nodes[slots[0]].shape
        for slot in slots[1:]:
            if nodes[slot].shape != common:
                common = self._common_shape(nodes, slots)
                break
        else:
            return nodes
        return tuple(spread(n, common) if i in slots else n for i, n in enumerate(nodes))

    def _common_shape(self, nodes: tuple[Node, ...], slots: list[int]) -> Shape:
        rank = max(len(nodes[i].shape) for i in slots)
        common: list[Any] = [1] * rank
        owner = [slots[0]] * rank
        for slot in slots:
            shape = nodes[slot].shape
            for k, d in enumerate(shape, rank - len(shape)):
                if common[k] == 1:
                    common[k], owner[k] = d, slot
                elif d != 1 and d != common[k]:
                    a, b = nodes[owner[k]], nodes[slot]
                    raise ShapeError(
                        f"{self.name}: axis {k - rank} is {common[k]} in {self._who(a, owner[k])} "
                        f"{shape_text(a.shape)} but {d} in {self._who(b, slot)} {shape_text(shape)}; "
                        "axes broadcast only if equal or 1. Use reshape or expand to line them up."
                    )
        return tuple(common)

    def _result_shape(self, nodes: tuple[Node, ...], attributes: dict[str, Any]) -> Shape:
        shapes = tuple([n.shape for n in nodes])
        if self.signature.variadic or (self.shape_function is not None and not self.signature.inputs):
            return self.shape_function(*shapes, **attributes)  # type: ignore[misc]
        if self.signature.pointwise and all(p.axes for p in self.signature.inputs):
            return shapes[0]
        axes = self._match(nodes)
        if self.shape_function is not None:
            return self.shape_function(*shapes, **attributes)
        return output_shape(self.signature.output, axes)  # type: ignore[return-value]

    def _match(self, nodes: tuple[Node, ...]) -> Any:
        """The axes that the signature names, as the operands have them; an error where they disagree."""
        shapes = [n.shape for n in nodes]
        with contextlib.suppress(ShapeError):
            return match_shapes(self.name, self.signature.inputs, shapes, [""] * len(shapes))
        labels = [self._who(n, i) for i, n in enumerate(nodes)]  # made for the error only
        return match_shapes(self.name, self.signature.inputs, shapes, labels)

    # What the engine asks

    def kernel_views(self, shapes: Sequence[Ints], attributes: Mapping[str, Any]) -> list[View]:
        """One View per kernel run, for actual shapes (operands, then output)."""
        if self.view_function is None:
            return [View(signature_view(self.signature, shapes), attributes)]
        views = self.view_function(*shapes, **attributes)
        return [views] if isinstance(views, View) else views


def spread(node: Node, shape: Shape) -> Node:
    """The node broadcast to a shape that is known to fit; the node itself if it has it."""
    if node.shape == shape:
        return node
    return Node(OPS["broadcast_to"], (node,), Attributes(shape=shape), shape, node.dtype)
