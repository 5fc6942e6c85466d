"""Run an op's kernel once, in plain Python or compiled, on arrays with guarded ground on both sides."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.dtypes import DType, bool_
from graphnn.core.op import Op, View

# Guards are at least so wide, and as wide as the array that they guard.
_GUARD = 1024
# What a kernel finds in its output and scratch, and around its arrays, before it runs: NaN or -1, and a small number.
RUBBISH = (0xFF, 0x3E)


class Call(NamedTuple):
    """One call of an op's kernel: operands, complete attributes, and what the output is to be."""

    op: Op
    arrays: Sequence[np.ndarray]
    attributes: Mapping[str, Any]
    shape: tuple[int, ...]
    dtype: DType


@dataclass(frozen=True)
class Outcome:
    """What a kernel left behind: the output, its status, and the arrays whose guards or contents it changed."""

    output: np.ndarray
    status: Any
    outside: tuple[str, ...]
    changed: tuple[str, ...]


class _Guarded:
    """An array between two guards, in one buffer."""

    def __init__(self, name: str, like: np.ndarray, guard: int):
        self.name, self.guard = name, guard
        wide = -(-max(_GUARD, like.nbytes) // 64) * 64
        self._buffer = np.full(2 * wide + like.nbytes + 64, guard, np.uint8)
        begin = wide - self._buffer.ctypes.data % 64
        self._inside = slice(begin, begin + like.nbytes)
        self.array = self._buffer[self._inside].view(like.dtype).reshape(like.shape)
        self.array[...] = like
        self._was = self._buffer[self._inside].copy()

    def kept_guards(self) -> bool:
        guards = (self._buffer[: self._inside.start], self._buffer[self._inside.stop :])
        return all(bool((part == self.guard).all()) for part in guards)

    def changed(self) -> bool:
        return not np.array_equal(self._buffer[self._inside], self._was)


def rubbish_like(shape: tuple[int, ...], dtype: DType, byte: int) -> np.ndarray:
    """An array of a dtype that nobody has written yet."""
    if dtype == bool_:
        return np.full(shape, byte & 1, dtype)
    return np.full(prod(shape) * dtype.itemsize, byte, np.uint8).view(dtype).reshape(shape)


def run_kernel(call: Call, *, compiled: bool, rubbish: int = RUBBISH[0], guard: int = RUBBISH[0]) -> Outcome:
    """Run the kernel into an output full of rubbish.

    Raises whatever the kernel raises in plain Python; IndexError where it reaches outside of an array.
    """
    op = call.op
    # Another guard than around the operands: what is copied from one ground to the other shall be seen.
    out = _Guarded(op.signature.output.name, rubbish_like(call.shape, call.dtype, rubbish), guard ^ 0x10)
    ins = [_Guarded(op.port_name(k), a, guard) for k, a in enumerate(call.arrays)]
    with np.errstate(all="ignore"):
        views = op.kernel_views([*[a.shape for a in call.arrays], call.shape], call.attributes)
    groups = [[a] for a in ins] if op.signature.variadic else [ins]
    scratches: list[_Guarded] = []
    status: Any = None
    for group, view in zip(groups, views, strict=True):
        ports = [*group, out]
        seen = [p.array.reshape(shape) for p, shape in zip(ports, view.shapes, strict=True)]
        if op.scratch_function is not None:
            scratch = rubbish_like((op.scratch_function(view),), call.dtype, rubbish)
            scratches.append(_Guarded("scratch", scratch, guard ^ 0x20))
            seen.append(scratches[-1].array)
        ints = [int(view.ints[name]) for name in op.kernel_integers]
        run = _compiled if compiled else _plain
        found = run(op, seen, ints, view)
        status = status or found
    outside = [p.name for p in (*ins, out, *scratches) if not p.kept_guards()]
    changed = [p.name for p in ins if p.changed()]
    return Outcome(out.array.copy(), status, tuple(outside), tuple(changed))


def _plain(op: Op, seen: list[np.ndarray], ints: list[int], view: View) -> Any:
    with np.errstate(all="ignore"):
        return op.kernel_function(*seen, *ints)  # type: ignore[misc]


def _compiled(op: Op, seen: list[np.ndarray], ints: list[int], view: View) -> Any:
    from graphnn.engine.kernels import Key, address_of

    key = Key(op, tuple(a.dtype for a in seen), tuple(a.ndim for a in seen), ("",) * len(seen))
    words: list[int] = []
    for array in seen:
        words += [array.ctypes.data, *array.shape]
    page = np.array(words + ints, np.int64)
    entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address_of(key))
    return entry(page.ctypes.data)
