"""The signature language of ops: one line gives port names, the shape rule, the dtypes and the kernel's view.

Grammar (NumPy's gufunc language, with names)::

    signature := port {"," port} "->" port
    port      := ["*"] name "(" [axis {"," axis}] ")" [":" dtype]
    axis      := "*" name | name | integer

`x(*b, m, k), w(k, n) -> y(*b, m, n)`: `*b` is any number of leading axes, `k` must agree. A starred port
takes any number of operands. A port without dtype has the op's type variable; `:int64` or `:bool` fixes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from graphnn.core.dims import DimLike, Shape, shape_text, size_of
from graphnn.core.dtypes import DType, as_dtype
from graphnn.core.errors import DeclarationError, ShapeError

_PORT = re.compile(r"\s*(\*?)\s*([A-Za-z_]\w*)\s*\(([^()]*)\)\s*(?::\s*(\w+))?\s*")


@dataclass(frozen=True)
class Port:
    """One operand or the output: its name, its axes (`*b` starred), and its dtype if that is fixed."""

    name: str
    axes: tuple[str | int, ...]
    dtype: DType | None
    variadic: bool = False

    @cached_property
    def star(self) -> int | None:
        """Position of the starred axis, or None."""
        return next((i for i, a in enumerate(self.axes) if isinstance(a, str) and a.startswith("*")), None)

    def __str__(self) -> str:
        dtype = f":{self.dtype}" if self.dtype else ""
        return f"{'*' if self.variadic else ''}{self.name}({', '.join(map(str, self.axes))}){dtype}"


@dataclass(frozen=True)
class Signature:
    """A parsed signature."""

    inputs: tuple[Port, ...]
    output: Port

    @cached_property
    def variadic(self) -> bool:
        return any(p.variadic for p in self.inputs)

    @cached_property
    def pointwise(self) -> bool:
        """Every port is `(*s)` or a 0-d knob, so that element i of the output needs element i of each operand."""
        return self.output.axes == ("*s",) and all(
            p.axes in (("*s",), ()) and not p.variadic for p in self.inputs
        )

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {self.output}".lstrip()


def parse_signature(text: str) -> Signature:
    """Read a signature; a mistake is a DeclarationError that quotes it."""
    if not isinstance(text, str):
        raise DeclarationError(f"signature: wanted a text such as 'x(*s) -> y(*s)', found {text!r}.")
    left, arrow, right = text.partition("->")
    if not arrow:
        raise DeclarationError(f"signature {text!r}: wanted operands, '->' and one output.")
    inputs, outputs = _parse_ports(left, text), _parse_ports(right, text)
    if len(outputs) != 1 or outputs[0].variadic:
        raise DeclarationError(f"signature {text!r}: an op has exactly one output; found {len(outputs)}.")
    names = [p.name for p in (*inputs, *outputs)]
    if len(set(names)) != len(names):
        raise DeclarationError(f"signature {text!r}: port names must differ, found {', '.join(names)}.")
    if any(p.variadic for p in inputs) and len(inputs) != 1:
        raise DeclarationError(f"signature {text!r}: a starred port must be the only operand.")
    return Signature(tuple(inputs), outputs[0])


def _parse_ports(text: str, whole: str) -> list[Port]:
    ports, at = [], 0
    while text[at:].strip():
        match = _PORT.match(text, at)
        if not match:
            raise DeclarationError(f"signature {whole!r}: cannot read {text[at:].strip()!r} as name(axes).")
        star, name, axes, dtype = match.groups()
        parsed = tuple(int(a) if a.isdigit() else a for a in (p.strip() for p in axes.split(",")) if a)
        if sum(isinstance(a, str) and a.startswith("*") for a in parsed) > 1:
            raise DeclarationError(f"signature {whole!r}: port {name} has two starred axes.")
        ports.append(Port(name, parsed, as_dtype(dtype, name) if dtype else None, bool(star)))
        at = match.end()
        if at < len(text):
            if text[at] != ",":
                raise DeclarationError(f"signature {whole!r}: wanted ',' before {text[at:].strip()!r}.")
            at += 1
    return ports


Axes = dict[str, "DimLike | Shape"]


def match_shapes(who: str, ports: Sequence[Port], shapes: Sequence[Shape], labels: Sequence[str]) -> Axes:
    """Unify the axes of all operands. `labels` name the operands in errors."""
    axes: Axes = {}
    seen: dict[str, int] = {}  # axis -> operand that fixed it
    for i, (port, shape) in enumerate(zip(ports, shapes, strict=True)):
        plain = len(port.axes) - (port.star is not None)
        if len(shape) < plain or (port.star is None and len(shape) != plain):
            wanted = f"{'at least ' if port.star is not None else ''}{plain} ax{'is' if plain == 1 else 'es'}"
            raise ShapeError(
                f"{who}: {port.name} needs {wanted} ({', '.join(map(str, port.axes))}), "
                f"found {labels[i]} with shape {shape_text(shape)}."
            )
        tail = len(port.axes) - port.star - 1 if port.star is not None else 0
        for position, axis in enumerate(port.axes):
            if port.star is None or position < port.star:
                found: DimLike | Shape = shape[position]
            elif position == port.star:
                found = shape[port.star : len(shape) - tail]
            else:
                found = shape[len(shape) - len(port.axes) + position]
            if isinstance(axis, int):
                if found != axis:
                    raise ShapeError(
                        f"{who}: axis {position} of {port.name} must be {axis}, "
                        f"found {labels[i]} with shape {shape_text(shape)}."
                    )
            elif axis not in axes:
                axes[axis], seen[axis] = found, i
            elif axes[axis] != found:
                first = seen[axis]
                was = axes[axis]
                was_text, found_text = (
                    shape_text(d) if isinstance(d, tuple) else str(d) for d in (was, found)
                )
                raise ShapeError(
                    f"{who}: axis {axis} is {was_text} in {labels[first]} {shape_text(shapes[first])} "
                    f"but {found_text} in {labels[i]} {shape_text(shape)}."
                    f"{_transpose_hint(ports, shapes, labels)}"
                )
    return axes


def _transpose_hint(ports: Sequence[Port], shapes: Sequence[Shape], labels: Sequence[str]) -> str:
    """If swapping the last two axes of one operand makes all agree, say so."""
    if not labels[0]:  # a hint is being tried already
        return ""
    for i in reversed(range(len(shapes))):
        if len(shapes[i]) < 2:
            continue
        swapped = list(shapes)
        swapped[i] = (*shapes[i][:-2], shapes[i][-1], shapes[i][-2])
        try:
            match_shapes("", ports, swapped, [""] * len(ports))
        except ShapeError:
            continue
        words = [f"{label}.T" if j == i else label for j, label in enumerate(labels)]
        return f" Did you mean {' @ '.join(words)}?" if len(words) == 2 else f" Did you mean {words[i]}?"
    return ""


def output_shape(port: Port, axes: Axes) -> Shape | None:
    """The output's shape from unified axes; None if the signature alone does not determine it."""
    shape: list[DimLike] = []
    for axis in port.axes:
        if isinstance(axis, int):
            shape.append(axis)
        elif axis not in axes:
            return None
        elif axis.startswith("*"):
            shape.extend(axes[axis])  # type: ignore[arg-type]
        else:
            shape.append(axes[axis])  # type: ignore[arg-type]
    return tuple(shape)


def output_shape_is_open(signature: Signature) -> bool:
    known = {axis for port in signature.inputs for axis in port.axes}
    return any(isinstance(a, str) and a not in known for a in signature.output.axes) or signature.variadic


def signature_view(signature: Signature, shapes: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Kernel shapes by the signature: a starred axis is collapsed into one, a 0-d operand has one element."""
    views: list[tuple[int, ...]] = []
    for port, shape in zip((*signature.inputs, signature.output), shapes, strict=True):
        if port.star is None:
            views.append(shape or (1,))
            continue
        end = len(shape) - (len(port.axes) - port.star - 1)
        collapsed = size_of(shape[port.star : end])
        views.append((*shape[: port.star], collapsed, *shape[end:]))  # type: ignore[arg-type]
    return tuple(views)
