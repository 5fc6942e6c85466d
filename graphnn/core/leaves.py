"""The leaves of a graph: inputs that are fed, parameters that learn, constants, and scalars for first steps."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np

from graphnn.core.dims import as_shape, shape_text
from graphnn.core.dtypes import FLOATS, DType, as_dtype, bool_, float32, float64, int64, is_float
from graphnn.core.errors import DtypeError, GraphError, SettingError, ShapeError
from graphnn.core.memory import require_memory
from graphnn.core.node import NO_ATTRIBUTES, Node
from graphnn.core.op import Op, spread
from graphnn.core.registry import OPS, SERVICES
from graphnn.core.storage import Storage

INPUT, PARAMETER, CONSTANT = (Op(name, role=name) for name in ("input", "parameter", "constant"))
for _leaf, _doc in (
    (INPUT, "A leaf whose value is fed at each run."),
    (PARAMETER, "A leaf with a value of its own, which updates may replace."),
    (CONSTANT, "A leaf with a fixed value."),
):
    _leaf.doc = _leaf.__doc__ = _doc
    _leaf.no_slope = "it is a leaf"
    OPS[_leaf.name] = _leaf


def input(name: str, shape: Any = (), dtype: Any = "float32") -> Node:
    """A leaf that is fed at each run.

    `shape` holds sizes and axis names: `("batch", 64)` runs at any batch size, and a name means the same size
    wherever it stands in a graph.
    """
    _check_name(name, "input")
    return Node(
        INPUT, (), NO_ATTRIBUTES, as_shape(shape, f"input {name!r}"), as_dtype(dtype, f"input {name!r}"), name
    )


def parameter(value: Any, name: str, dtype: Any = None, *, trainable: bool = True) -> Node:
    """A leaf that learns: it starts with a copy of `value`. Floats become float32 unless `dtype` says otherwise.

    trainable : whether a Trainer changes it by gradients, if it is not told which parameters to train. State such as
        a running mean is not; `gn.freeze` and `gn.unfreeze` change it later.
    """
    _check_name(name, "parameter")
    array = as_array(value, as_dtype(dtype) if dtype is not None else None, f"parameter {name!r}")
    array = np.array(array, copy=True, order="C")
    storage = Storage(array, trainable=bool(trainable) and is_float(array.dtype))
    return Node(PARAMETER, (), NO_ATTRIBUTES, array.shape, _builtin(array.dtype), name, storage)


def freeze(parameters: Iterable[Node]) -> None:
    """Keep these parameters as they are in every training that is set up from now on."""
    _set_trainable(parameters, "freeze", trainable=False)


def unfreeze(parameters: Iterable[Node]) -> None:
    """Let these parameters be trained again in every training that is set up from now on."""
    _set_trainable(parameters, "unfreeze", trainable=True)


def _set_trainable(parameters: Iterable[Node], who: str, *, trainable: bool) -> None:
    listed = (parameters,) if isinstance(parameters, Node) else tuple(parameters)
    for node in listed:
        if not isinstance(node, Node) or node.op is not PARAMETER or node.storage is None:
            raise GraphError(f"{who}: wanted parameters, found {node!r}.")
        if trainable and not is_float(node.dtype):
            raise DtypeError(f"{who}: {describe(node)} holds no floats, so no gradient can train it.")
    for node in listed:
        node.storage.trainable = trainable  # type: ignore[union-attr]


def constant(value: Any, dtype: Any = None, name: str | None = None) -> Node:
    """A leaf with a fixed value (a copy). Floats become float32 unless `dtype` says otherwise."""
    array = as_array(
        value, as_dtype(dtype) if dtype is not None else None, f"constant {name!r}" if name else "constant"
    )
    array = np.array(array, copy=True, order="C")
    array.setflags(write=False)
    if name is not None:
        _check_name(name, "constant")
    return Node(CONSTANT, (), NO_ATTRIBUTES, array.shape, _builtin(array.dtype), name, Storage(array))


def full_like(node: Node, value: float) -> Node:
    """A node of the shape and dtype of `node`, named axes too, filled with one number; it holds no other memory.

    Example
    -------
    >>> import graphnn as gn
    >>> logits = gn.input("logits", ("batch", 1))
    >>> gn.binary_cross_entropy_with_logits(logits, gn.full_like(logits, 0.9)).shape
    ()
    """
    if not isinstance(node, Node):
        raise GraphError(f"full_like: wanted a node, found {node!r}.")
    if np.ndim(value) != 0:
        raise ShapeError(f"full_like: wanted one number, found shape {shape_text(np.shape(value))}.")
    return spread(constant(value, node.dtype), node.shape)


def zeros_like(node: Node) -> Node:
    """A node of the shape and dtype of `node`, filled with 0 or False."""
    return full_like(node, _of(node, 0))


def ones_like(node: Node) -> Node:
    """A node of the shape and dtype of `node`, filled with 1 or True, as the labels of a GAN's real rows."""
    return full_like(node, _of(node, 1))


def _of(node: Any, number: int) -> float | bool:
    return bool(number) if isinstance(node, Node) and node.dtype is bool_ else number


def scalar(value: float, name: str | None = None) -> Node:
    """A number that can be differentiated: a 0-d float64 parameter, for graphs that one reads by eye.

    Example
    -------
    >>> import graphnn as gn
    >>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    >>> c = a * b
    >>> c.backward()
    >>> float(c.value), float(a.grad), float(b.grad)
    (-6.0, -3.0, 2.0)
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise DtypeError(f"scalar: wanted one number, found {value!r}. Use gn.parameter for arrays.")
    if name is not None:
        _check_name(name, "scalar")
    array = np.array(float(value), dtype=float64)
    return Node(PARAMETER, (), NO_ATTRIBUTES, (), float64, name, Storage(array, trainable=True))


def counter(name: str, start: int = 0) -> Node:
    """A 0-d int64 parameter that counts steps: it seeds random ops, and a trainer adds 1 after each step."""
    if not isinstance(start, numbers.Integral) or isinstance(start, bool):
        raise DtypeError(f"counter {name!r}: starts at a whole number, found {start!r}.")
    return parameter(start, name, int64)


def is_counter(node: Node) -> bool:
    """Whether the parameter is a step counter."""
    return node.op is PARAMETER and node.dtype is int64 and node.shape == ()


def as_array(value: Any, dtype: DType | None, who: str) -> np.ndarray:
    """`value` as an array of a supported dtype, refusing what would lose its meaning."""
    if isinstance(value, Node):
        raise DtypeError(
            f"{who}: wanted numbers, found the node {value!r}. Use its .value if you mean its present value."
        )
    if _holds_nodes(value):
        raise DtypeError(f"{who}: wanted numbers, found a list with nodes in it. Use gn.stack to join nodes.")
    if np.ma.is_masked(value):
        raise DtypeError(
            f"{who}: some of its numbers are masked. Give them a value first, as with .filled(0)."
        )
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise ShapeError(
            f"{who}: cannot make an array of it: {error}. Rows must have equal lengths."
        ) from None
    kind = array.dtype.kind
    require_memory(
        array.size * array.itemsize, who
    )  # a number seen as many may be a small array with a huge size
    if kind not in "biuf":
        raise DtypeError(f"{who}: wanted numbers, found {array.dtype} ({_excerpt(value)}).")
    if dtype is None:
        dtype = {"b": bool_, "i": int64, "u": int64, "f": float32}[kind]
    if kind == "f" and dtype is int64:
        if not np.isfinite(array).all():
            raise DtypeError(f"{who}: NaN or infinity cannot become int64.")
        if not np.array_equal(array, np.trunc(array)):
            raise DtypeError(
                f"{who}: {_excerpt(value)} is not whole, but int64 is wanted. Use .cast on the other side."
            )
        if (np.abs(array) >= 2.0**63).any():
            raise DtypeError(f"{who}: holds whole numbers beyond int64's range.")
    if kind == "b" and dtype is not bool_:
        raise DtypeError(f"{who}: found bool, wanted {dtype}. Convert it: .cast({str(dtype)!r}).")
    if kind != "b" and dtype is bool_:
        raise DtypeError(f"{who}: found {array.dtype}, wanted bool. Compare first, as in x > 0.")
    if kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise DtypeError(f"{who}: holds whole numbers beyond int64's range.")
    require_memory(array.size * dtype.itemsize, who)
    with np.errstate(over="ignore"):
        out = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    if kind == "f" and array.itemsize > out.itemsize and (np.isinf(out) & np.isfinite(array)).any():
        raise DtypeError(f"{who}: holds numbers beyond {dtype}'s range; say dtype='float64' to keep them.")
    return out


def _holds_nodes(value: Any) -> bool:
    """Whether a list or tuple holds a node somewhere: NumPy would silently take its present value."""
    return isinstance(value, list | tuple) and any(isinstance(v, Node) or _holds_nodes(v) for v in value)


def _excerpt(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _builtin(dtype: DType) -> DType:
    return as_dtype(dtype)


def _check_name(name: Any, who: str) -> None:
    if not isinstance(name, str) or not name:
        raise SettingError(f"{who}: a name is a non-empty text, found {name!r}.")


def constant_like(value: Any, dtype: DType | None, op: Op, slot: int) -> Node:
    """A number or array beside nodes in an expression: it takes the dtype of the node that it meets."""
    if type(value) is float and dtype in FLOATS and -3e38 < value < 3e38:
        array = np.array(value, dtype)
        array.setflags(write=False)
        return Node(CONSTANT, (), NO_ATTRIBUTES, (), dtype, None, Storage(array))
    array = as_array(value, dtype, f"{op.name}: {op.port_name(slot)}")
    if array.base is not None or array is value:
        array = array.copy()
    array.setflags(write=False)
    return Node(CONSTANT, (), NO_ATTRIBUTES, array.shape, _builtin(array.dtype), None, Storage(array))


SERVICES["constant_like"] = constant_like


def describe(node: Node) -> str:
    """`'x' float32 (batch, 64)`, for error messages."""
    return f"{node.label} {node.dtype} {shape_text(node.shape)}"
