"""Node and Edge: what a computation graph is made of.

A node is frozen: its op, operands and attributes never change. It compares by identity in dicts and sets,
while `==` and `<` build comparison nodes as NumPy users expect.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphnn.core.dims import Shape, shape_text
from graphnn.core.dtypes import DType
from graphnn.core.errors import GraphError, NotComputedError, SettingError, ShapeError
from graphnn.core.registry import OPS, SERVICES
from graphnn.core.scope import current_scope
from graphnn.core.storage import GradientRecord, Storage

if TYPE_CHECKING:
    from graphnn.core.op import Op

NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})
_next_serial = itertools.count().__next__


class Origin(NamedTuple):
    """What an adjoint node was made for: the contribution along operand `slot` of `node` (None: the sum)."""

    node: Node
    slot: int | None


current_origin: ContextVar[Origin | None] = ContextVar("graphnn_origin", default=None)
_origin = current_origin.get


class Node:
    """One computation, or one leaf (input, parameter, constant), of a graph.

    Attributes
    ----------
    op, operands, attributes : what is computed, from which nodes, with which static settings
    shape, dtype : of the value; axes are ints or names
    name, scope : the user's label, and the scopes that it was made in, as `outer/inner`
    serial : grows with creation, so sorting by it is a topological order
    origin : for adjoint nodes, the forward node and operand slot that they belong to
    """

    __slots__ = (
        "__weakref__",
        "_gradient",
        "attributes",
        "dtype",
        "name",
        "op",
        "operands",
        "origin",
        "scope",
        "serial",
        "shape",
        "storage",
    )

    op: Op
    operands: tuple[Node, ...]
    attributes: Mapping[str, Any]
    shape: Shape
    dtype: DType
    name: str | None
    scope: str
    serial: int
    origin: Origin | None
    storage: Storage | None
    _gradient: GradientRecord | None

    # NumPy must not take arithmetic with nodes apart element by element.
    __array_ufunc__ = None

    def __init__(
        self,
        op: Op,
        operands: tuple[Node, ...],
        attributes: Mapping[str, Any],
        shape: Shape,
        dtype: DType,
        name: str | None = None,
        storage: Storage | None = None,
    ):
        put = _put
        put(self, "op", op)
        put(self, "operands", operands)
        put(self, "attributes", attributes)
        put(self, "shape", shape)
        put(self, "dtype", dtype)
        put(self, "name", name)
        put(self, "scope", current_scope())
        put(self, "serial", _next_serial())
        put(self, "origin", _origin())
        put(self, "storage", storage)
        put(self, "_gradient", None)

    def __setattr__(self, key: str, value: Any) -> None:
        if key in ("value", "grad"):
            return object.__setattr__(self, key, value)  # their properties check
        raise AttributeError(f"{self!r} is frozen: {key!r} cannot be set. Build a new node instead.")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"{self!r} is frozen: {key!r} cannot be deleted.")

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        raise TypeError("nodes are not pickled or copied: save the graph with gn.io, or build it anew.")

    # Description

    @property
    def role(self) -> str:
        """`input`, `parameter`, `constant` or `op`."""
        return self.op.role

    @property
    def trainable(self) -> bool:
        """Whether it is a parameter that a trainer changes by gradients, if it is not told which."""
        return self.op.role == "parameter" and self.storage is not None and self.storage.trainable

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def label(self) -> str:
        """How errors call the node: its name in quotes, else its op."""
        return repr(self.name) if self.name else self.op.name

    def named(self, name: str) -> Node:
        """Give the node its label, once; returns the node itself."""
        if not isinstance(name, str) or not name:
            raise SettingError(f"named: a name is a non-empty text, found {name!r}.")
        if self.name is not None and self.name != name:
            raise GraphError(f"named: the node is already called {self.name!r}; a name is given once.")
        _put(self, "name", name)
        return self

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        value = ""
        if self.storage is not None and self.storage.array.size == 1:
            value = f" = {self.storage.array.item()!r}"
        return f"<{self.op.name}{name} {self.dtype} {shape_text(self.shape)}{value}>"

    # The immediate feel of a value: see graphnn.engine.immediate

    @property
    def value(self) -> Any:
        """The node's value now, computed from the present values of its leaves; a read-only array.

        Raises FeedError if an input would have to be fed: use `Program` or `trace` then.
        """
        return SERVICES["value"](self)

    @value.setter
    def value(self, new: Any) -> None:
        SERVICES["set_value"](self, new)

    @property
    def grad(self) -> Any:
        """The gradient accumulated by `backward()`, or None if it has not been computed."""
        return SERVICES["grad"](self)

    @grad.setter
    def grad(self, new: Any) -> None:
        SERVICES["set_grad"](self, new)

    def backward(self) -> None:
        """Differentiate this scalar: add d(self)/d(node) to `.grad` of every node below it."""
        SERVICES["backward"](self)

    def zero_grad(self) -> None:
        """Forget the gradients of this node and of every node below it, so that `.grad` is None again."""
        SERVICES["zero_grad"](self)

    # Operators

    def __add__(self, other: Any) -> Node:
        return OPS["add"](self, other)

    def __radd__(self, other: Any) -> Node:
        return OPS["add"](other, self)

    def __sub__(self, other: Any) -> Node:
        return OPS["sub"](self, other)

    def __rsub__(self, other: Any) -> Node:
        return OPS["sub"](other, self)

    def __mul__(self, other: Any) -> Node:
        return OPS["mul"](self, other)

    def __rmul__(self, other: Any) -> Node:
        return OPS["mul"](other, self)

    def __truediv__(self, other: Any) -> Node:
        return OPS["div"](self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return OPS["div"](other, self)

    def __floordiv__(self, other: Any) -> Node:
        return OPS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Node:
        return OPS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Node:
        return OPS["mod"](self, other)

    def __rmod__(self, other: Any) -> Node:
        return OPS["mod"](other, self)

    def __pow__(self, other: Any) -> Node:
        return OPS["pow"](self, other)

    def __rpow__(self, other: Any) -> Node:
        return OPS["pow"](other, self)

    def __matmul__(self, other: Any) -> Node:
        return OPS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Node:
        return OPS["matmul"](other, self)

    def __neg__(self) -> Node:
        return OPS["neg"](self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return OPS["abs"](self)

    def __invert__(self) -> Node:
        return OPS["logical_not"](self)

    def __and__(self, other: Any) -> Node:
        return OPS["logical_and"](self, other)

    def __or__(self, other: Any) -> Node:
        return OPS["logical_or"](self, other)

    def __xor__(self, other: Any) -> Node:
        return OPS["logical_xor"](self, other)

    def __eq__(self, other: Any) -> Any:
        return OPS["equal"](self, other)

    def __ne__(self, other: Any) -> Any:
        return OPS["not_equal"](self, other)

    def __lt__(self, other: Any) -> Node:
        return OPS["less"](self, other)

    def __le__(self, other: Any) -> Node:
        return OPS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Node:
        return OPS["greater"](self, other)

    def __ge__(self, other: Any) -> Node:
        return OPS["greater_equal"](self, other)

    def __getitem__(self, index: Any) -> Node:
        return OPS["slice"](self, index)

    def __bool__(self) -> bool:
        raise GraphError(
            f"{self!r} has no truth value: it is a computation, not yet a number. "
            "Use .value for its value, `is` to compare nodes, gn.where to choose inside a graph."
        )

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        raise GraphError(f"{self!r} is a node, not an index: shapes and positions are static ints.")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype)

    def __len__(self) -> int:
        if not self.shape or not isinstance(self.shape[0], int):
            raise ShapeError(f"len: {self!r} has no first axis of known size.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Node]:
        return iter([self[i] for i in range(len(self))])

    # Methods as NumPy users expect

    @property
    def T(self) -> Node:
        """All axes reversed."""
        return OPS["transpose"](self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["mean"](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["max"](self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["min"](self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["prod"](self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Node:
        return OPS["var"](self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Node:
        return OPS["std"](self, axis=axis, ddof=ddof, keepdims=keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["any"](self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["all"](self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["argmax"](self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: Any = None, keepdims: bool = False) -> Node:
        return OPS["argmin"](self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: Any = None) -> Node:
        return OPS["cumsum"](self, axis=axis)

    def cumprod(self, axis: Any = None) -> Node:
        return OPS["cumprod"](self, axis=axis)

    def sort(self, axis: int = -1) -> Node:
        return OPS["sort"](self, axis=axis)

    def argsort(self, axis: int = -1) -> Node:
        return OPS["argsort"](self, axis=axis)

    def take(self, indices: Any, axis: Any = None) -> Node:
        return OPS["take"](self, indices, axis=axis)

    def repeat(self, repeats: int, axis: Any = None) -> Node:
        return OPS["repeat"](self, repeats, axis=axis)

    def diagonal(self, k: int = 0, axis1: int = -2, axis2: int = -1) -> Node:
        return OPS["diagonal"](self, k=k, axis1=axis1, axis2=axis2)

    def flatten(self) -> Node:
        """All axes as one. Axes that should stay: `gn.flatten(x, start=1)`."""
        return OPS["reshape"](self, -1 if self.shape else (1,))

    def swapaxes(self, axis1: int, axis2: int) -> Node:
        return SERVICES["swapaxes"](self, axis1, axis2)

    def clip(self, low: Any = None, high: Any = None) -> Node:
        return OPS["clip"](self, low, high)

    def round(self) -> Node:
        return OPS["round"](self)

    def reshape(self, *shape: Any) -> Node:
        return OPS["reshape"](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Node:
        return OPS["transpose"](self, (axes[0] if len(axes) == 1 else axes) if axes else None)

    def squeeze(self, axis: Any = None) -> Node:
        return OPS["squeeze"](self, axis=axis)

    def cast(self, dtype: Any) -> Node:
        return OPS["cast"](self, dtype)

    astype = cast


_put = object.__setattr__


class Edge:
    """Data that flows from `source` into operand `slot` of `target`. Two edges are equal if all three agree."""

    __slots__ = ("slot", "source", "target")

    source: Node
    target: Node
    slot: int

    def __init__(self, source: Node, target: Node, slot: int):
        _put(self, "source", source)
        _put(self, "target", target)
        _put(self, "slot", slot)

    def __setattr__(self, key: str, value: Any) -> None:
        raise AttributeError(f"an edge is frozen: {key!r} cannot be set.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edge) and self.target is other.target and self.slot == other.slot

    def __hash__(self) -> int:
        return hash((self.target, self.slot))

    @property
    def port(self) -> str:
        """The target's name for this operand."""
        return self.target.op.port_name(self.slot)

    def __repr__(self) -> str:
        return f"<edge {self.source.label} -> {self.target.label}.{self.port}>"


def require_storage(node: Node, who: str) -> Storage:
    """The storage of a parameter or constant; an error for nodes that have none."""
    if node.storage is None:
        raise NotComputedError(
            f"{who}: {node!r} holds no value of its own; only parameters and constants do."
        )
    return node.storage
