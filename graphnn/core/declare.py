"""The decorators `op` and `composite`: declare an op in one block, here or in a user's own file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from graphnn.core.dtypes import TYPE_CLASSES
from graphnn.core.errors import DeclarationError
from graphnn.core.node import Node
from graphnn.core.op import Op, Sample
from graphnn.core.registry import OPS, SERVICES
from graphnn.core.signature import parse_signature


def op(
    signature: str,
    *,
    latex: str,
    samples: Sequence[Any],
    slopes: Sequence[str] = (),
    onnx: str | None = None,
    kink: float | None = None,
    no_slope: str | None = None,
    types: str = "float",
    alias: bool = False,
    per_element: tuple[int, int] | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Any]], Op]:
    """Declare an op; decorates its meaning, a NumPy function whose keyword-only parameters are the attributes.

    Parameters
    ----------
    signature : ports, axes and dtypes, see graphnn.core.signature
    latex : formula with operand names in braces, as r"\\max(0,\\, {x})"
    samples : operand shapes (a tuple of ints is given to every operand) or Sample, for the derived tests
    slopes : LaTeX of the local derivative with respect to each operand
    onnx : name of the ONNX operator with the same meaning
    kink : operand value where the slope jumps; tests with differences stay away from it
    no_slope : the reason why the op has no slope
    types : what the signature's type variable may be: "float", "number" (int64 too), "any" (bool too)
    alias : the output is the operand's memory under another shape; there is no kernel
    per_element : operations, and transcendental ones among them, per element of the largest operand or the output;
        (0, 0) for what only moves data. Without it graphnn.cost counts by the signature.

    Raises DeclarationError for a name that exists, an unreadable signature, and (at first use) missing parts.
    """

    def declare(meaning: Callable[..., Any]) -> Op:
        record = _record(meaning, name, signature, types)
        record.latex, record.slopes, record.onnx = latex, tuple(slopes), onnx
        record.kink, record.no_slope, record.alias = kink, no_slope, alias
        record.per_element = per_element
        record.meaning = meaning
        record.samples = _as_samples(record, samples)
        return _register(record)

    return declare


def composite(
    signature: str,
    *,
    latex: str,
    samples: Sequence[Any],
    slopes: Sequence[str] = (),
    onnx: str | None = None,
    kink: float | None = None,
    types: str = "float",
    per_element: tuple[int, int] | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Node]], Op]:
    """Declare an op whose meaning is written in other ops; decorates the function that builds them.

    Without a kernel the body's nodes stand in the graph, in a scope named like the op. With a kernel
    (`@name.kernel`) the op is one node, and its slope, unless declared, comes from its body.
    """

    def declare(body: Callable[..., Node]) -> Op:
        record = _record(body, name, signature, types)
        record.latex, record.slopes, record.onnx, record.kink = latex, tuple(slopes), onnx, kink
        record.body, record.per_element = body, per_element
        record.meaning = lambda *arrays, **attributes: SERVICES["interpret_body"](body, arrays, attributes)
        record.samples = _as_samples(record, samples)
        return _register(record)

    return declare


def _record(function: Callable[..., Any], name: str | None, signature: str, types: str) -> Op:
    if not inspect.isfunction(function):
        raise DeclarationError(f"op: an op is declared by a function of its operands, found {function!r}.")
    record = Op(name or function.__name__)
    if types not in TYPE_CLASSES:
        raise DeclarationError(f"op {record.name}: types={types!r} is not one of {', '.join(TYPE_CLASSES)}.")
    record.types = TYPE_CLASSES[types]
    record.signature = parse_signature(signature)
    record.doc = record.__doc__ = inspect.getdoc(function) or ""
    record.__module__ = function.__module__
    record.__wrapped__ = function  # help() and editors show the meaning's parameters
    parameters = inspect.signature(function).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    starred = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    if (starred if record.signature.variadic else positional) != list(record.ports):
        raise DeclarationError(
            f"op {record.name}: operands are {', '.join(record.ports)} in the signature "
            f"but {', '.join(positional + starred)} in the function; attributes come after '*'."
        )
    attributes = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    record.attribute_names = tuple(p.name for p in attributes)
    record.attribute_defaults = {p.name: p.default for p in attributes if p.default is not p.empty}
    return record


def _as_samples(record: Op, samples: Sequence[Any]) -> tuple[Sample, ...]:
    count = len(record.signature.inputs)
    if not isinstance(samples, Sequence) or not all(isinstance(s, Sample | Sequence) for s in samples):
        raise DeclarationError(
            f"op {record.name}: samples are a list of shapes or of gn.Sample, found {samples!r}."
        )
    return tuple(s if isinstance(s, Sample) else Sample((tuple(s),) * count) for s in samples)


def _register(record: Op) -> Op:
    if record.name in OPS:
        raise DeclarationError(
            f"op {record.name}: the name is taken. Choose another, or gn.undeclare({record.name!r}) your own first."
        )
    OPS[record.name] = record
    return record


def undeclare(name: str, *, missing_ok: bool = False) -> None:
    """Forget an op that you declared, to declare it anew, as happens in a notebook. Built-in ops stay.

    missing_ok : no error where there is no such op; as first line of a cell it lets the cell run again and again
    """
    record = OPS.get(name) if isinstance(name, str) else None
    if record is None and missing_ok and isinstance(name, str):
        return
    if record is None:
        raise DeclarationError(f"undeclare: there is no op {name!r}.")
    if str(record.__module__).partition(".")[0] == "graphnn" or record.role != "op":
        raise DeclarationError(f"undeclare: {name!r} belongs to graphnn and stays.")
    del OPS[name]
