"""Call: what a reader is given of one ONNX node: its operands, its attributes, and words to refuse it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from graphnn.core.dims import Dim, DimLike, Shape
from graphnn.core.errors import NeedsConstantError, OnnxError, did_you_mean
from graphnn.core.node import Node
from graphnn.io.onnx.read.values import Value

__all__ = ["REQUIRED", "Call", "Host", "needs_inputs", "needs_sizes"]


class _Required:
    """The default of an attribute that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Any = _Required()


class Host(Protocol):
    """What a call asks the importer for."""

    def as_node(self, value: Value, *, trainable: bool) -> Node: ...

    def numbers(self, value: Value, who: str, what: str) -> np.ndarray: ...

    def find(self, name: str) -> Value | None: ...

    def body(self, graph: Any, who: str) -> Callable[[Sequence[Value]], list[Value]]: ...


class Call:
    """One node of the file, as its reader sees it.

    op_type, domain, version : which operator, and the version of its domain that the file speaks
    name : the node's name in the file, or that of its first output
    inputs : a Value for each operand, None for one that is left out
    outputs : the names that it defines; "" for one that nobody wants
    """

    def __init__(
        self,
        host: Host,
        op_type: str,
        domain: str,
        version: int,
        name: str,
        inputs: Sequence[Value | None],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
    ):
        self.op_type, self.domain, self.version, self.name = op_type, domain, version, name
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self._host, self._attributes = host, dict(attributes)
        # In the first versions many operators had it; it told which operands may be overwritten.
        self._asked: set[str] = {"consumed_inputs"} if version < 6 else set()

    @property
    def who(self) -> str:
        """How errors call it: `Conv 'layer1/conv'`."""
        return f"{self.op_type} {self.name!r}" if self.name else self.op_type

    def refuse(self, why: str) -> NoReturn:
        """Raise OnnxError: `Conv 'layer1/conv': why`."""
        raise OnnxError(f"{self.who}: {why}")

    # Operands

    def has(self, slot: int) -> bool:
        """Whether the operand is given."""
        return slot < len(self.inputs) and self.inputs[slot] is not None

    def value(self, slot: int) -> Value:
        """The operand, which must be given."""
        found = self.inputs[slot] if slot < len(self.inputs) else None
        if found is None:
            self.refuse(f"operand {slot} is missing.")
        return found

    def node(self, slot: int) -> Node:
        """The operand as a node: numbers that are known become a constant, an initialiser its parameter."""
        return self._host.as_node(self.value(slot), trainable=True)

    def state(self, slot: int) -> Node:
        """As `node`, but an initialiser becomes a parameter that no gradient trains, as a running mean is."""
        return self._host.as_node(self.value(slot), trainable=False)

    def optional(self, slot: int) -> Node | None:
        """As `node`, None where the operand is left out."""
        return self.node(slot) if self.has(slot) else None

    def nodes(self) -> list[Node]:
        """All operands as nodes; none may be left out."""
        return [self.node(slot) for slot in range(len(self.inputs))]

    def shape(self, slot: int) -> Shape:
        """The operand's shape, without making a node of it."""
        return self.value(slot).shape

    def check_axes(self, slot: int, least: int, most: int = 64) -> None:
        """Refuse an operand of fewer or more axes."""
        n = len(self.shape(slot))
        if not least <= n <= most:
            wanted = (
                f"{least}" if least == most else f"{least} or more" if most == 64 else f"{least} to {most}"
            )
            self.refuse(f"operand {slot} has {wanted} axes, found {n}.")

    def kind(self, slot: int) -> str:
        """The operand's element type in the file, such as "int32"."""
        return self.value(slot).kind

    def known(self, slot: int, what: str) -> np.ndarray:
        """The operand's numbers, which must be known now; `what` tells what they are, as "the shape".

        Raises NeedsConstantError if they hang on inputs or on the sizes of named axes.
        """
        numbers = self._host.numbers(self.value(slot), self.who, what)
        if numbers.dtype == object:
            names = sorted({n for d in numbers.reshape(-1) if isinstance(d, Dim) for n in d.names()})
            raise needs_sizes(self.who, what, names)
        return numbers

    def ints(self, slot: int, what: str) -> tuple[DimLike, ...]:
        """The operand as whole numbers that are known now, each an int or the Dim of named axes; at most one axis."""
        value = self.value(slot)
        numbers = self._host.numbers(value, self.who, what)
        if numbers.ndim > 1 or numbers.dtype.kind not in "iO":
            self.refuse(f"{what} is a list of whole numbers, found {value.kind} of {numbers.ndim} axes.")
        return tuple(numbers.reshape(-1).tolist())

    def int_list(self, slot: int, what: str) -> tuple[int, ...]:
        """As `ints`, but no size of a named axis may be among them."""
        self.known(slot, what)
        return tuple(int(n) for n in self.ints(slot, what))  # type: ignore[arg-type]

    def number_at(self, slot: int, what: str) -> Any:
        """The operand as one number that is known now: a Python int, float or bool."""
        numbers = self.known(slot, what)
        if numbers.size != 1:
            self.refuse(f"{what} is one number, found {numbers.size}.")
        return numbers.reshape(-1)[0].item()

    def wants(self, slot: int) -> bool:
        """Whether output `slot` has a name, so that somebody may use it."""
        return slot < len(self.outputs) and self.outputs[slot] != ""

    # Attributes

    def has_attribute(self, name: str) -> bool:
        """Whether the file gives the attribute."""
        return name in self._attributes

    def integer(self, name: str, default: Any = REQUIRED) -> Any:
        return self._attribute(name, "INT", default)

    def number(self, name: str, default: Any = REQUIRED) -> Any:
        return self._attribute(name, "FLOAT", default)

    def text(self, name: str, default: Any = REQUIRED) -> Any:
        return self._attribute(name, "STRING", default)

    def integers(self, name: str, default: Any = REQUIRED) -> Any:
        """A tuple of ints, or the default."""
        return self._attribute(name, "INTS", default)

    def numbers(self, name: str, default: Any = REQUIRED) -> Any:
        """A tuple of floats, or the default."""
        return self._attribute(name, "FLOATS", default)

    def texts(self, name: str, default: Any = REQUIRED) -> Any:
        """A tuple of texts, or the default."""
        return self._attribute(name, "STRINGS", default)

    def flag(self, name: str, default: Any = REQUIRED) -> Any:
        """An attribute that is 0 or 1, as False or True."""
        found = self.integer(name, default)
        if found is not default and found not in (0, 1):
            self.refuse(f"attribute {name!r} is 0 or 1, found {found}.")
        return bool(found)

    def choice(self, name: str, default: str, known: Sequence[str]) -> str:
        """A text attribute that is one of some words; of other words the error says that they are not read."""
        found = self.text(name, default)
        if found not in known:
            self.refuse(f"attribute {name!r} is one of {', '.join(known)}; found {_told(found)}.")
        return found

    def tensor(self, name: str, default: Any = REQUIRED) -> Any:
        """A Value whose numbers are known, or the default."""
        return self._attribute(name, "TENSOR", default)

    def body(self, name: str) -> Callable[[Sequence[Value]], list[Value]]:
        """A graph within the node, as a function from its inputs to its outputs, which are read in the node's place."""
        return self._host.body(self._attribute(name, "GRAPH", REQUIRED), self.who)

    def named(self, name: str) -> Value:
        """What a name stands for in the graph that holds the node, where an attribute tells the name."""
        found = self._host.find(name)
        if found is None:
            self.refuse(f"nothing before it computes {_told(name)}.")
        return found

    def as_node(self, value: Value) -> Node:
        """Any value as a node, as `node` gives those of operands."""
        return self._host.as_node(value, trainable=True)

    def ignore(self, *names: str) -> None:
        """Say that these attributes are rightly without effect."""
        self._asked.update(names)

    def _attribute(self, name: str, wanted: str, default: Any) -> Any:
        self._asked.add(name)
        if name not in self._attributes:
            if default is REQUIRED:
                self.refuse(f"attribute {name!r} is missing.")
            return default
        kind, read = self._attributes[name]
        if kind != wanted:
            self.refuse(f"attribute {name!r} is of type {wanted}, found {kind}.")
        return read()

    def check_all_asked(self) -> None:
        """Raise OnnxError for an attribute that the reader has not asked for: nothing is silently ignored."""
        for name in self._attributes:
            if name not in self._asked:
                self.refuse(f"there is no attribute {_told(name)}.{did_you_mean(name, self._asked)}")


def needs_sizes(who: str, what: str, names: Sequence[str]) -> NeedsConstantError:
    """The error for a number that hangs on the sizes of named axes."""
    listed = ", ".join(f"{name!r}: ..." for name in names)
    return NeedsConstantError(
        f"{who}: {what} must be known when the file is read, but the size of {' and '.join(map(repr, names))} is "
        f"open. Fix it: load_onnx(..., sizes={{{listed}}}).",
        axes=names,
    )


def needs_inputs(who: str, what: str, names: Sequence[str]) -> NeedsConstantError:
    """The error for a number that hangs on what is fed."""
    listed = ", ".join(f"{name!r}: ..." for name in names)
    return NeedsConstantError(
        f"{who}: {what} must be known when the file is read, but what is fed as {' and '.join(map(repr, names))} "
        f"decides it. Fix it: load_onnx(..., constants={{{listed}}}).",
        inputs=names,
    )


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
