"""The few operations that a kernel needs below NumPy: arrays over raw addresses, loads, calls through addresses.

This module is imported only when something has to be compiled.
"""

from __future__ import annotations

import platform
import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

_WORD = ir.IntType(64)


@intrinsic(prefer_literal=True)
def array_at(typingctx: Any, page: Any, position: Any, ndim: Any, dtype: Any, repeat: Any) -> Any:
    """A C-contiguous array of literal `ndim` whose address and dims stand in `page` from `position` on.

    With `repeat` (literal 1) the array has stride 0: one element seen as many. The stride is a constant of the
    code, so LLVM hoists the load and vectorises the loop.
    """
    rank = ndim.literal_value
    still = bool(repeat.literal_value)
    array = types.Array(dtype.dtype, rank, "A" if still else "C")
    signature = array(page, position, ndim, dtype, repeat)
    offset = position.literal_value

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        words = args[0]

        def word(k: int) -> Any:
            return builder.load(cgutils.gep_inbounds(builder, words, offset + k))

        item = context.get_abi_sizeof(context.get_data_type(dtype.dtype))
        value = arrayobj.make_array(array)(context, builder)
        shape = [word(1 + k) for k in range(rank)]
        strides: list[Any] = []
        step = ir.Constant(_WORD, item)
        for size in reversed(shape):
            strides.insert(0, ir.Constant(_WORD, 0) if still else step)
            step = builder.mul(step, size)
        pointer = builder.inttoptr(word(0), context.get_data_type(dtype.dtype).as_pointer())
        arrayobj.populate_array(
            value, data=pointer, shape=shape, strides=strides, itemsize=ir.Constant(_WORD, item), meminfo=None
        )
        return value._getvalue()

    return signature, codegen


@intrinsic
def word_at(typingctx: Any, address: Any) -> Any:
    """The int64 at an address."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], _WORD.as_pointer()))

    return types.int64(types.int64), codegen


@intrinsic
def call_entry(typingctx: Any, entry: Any, page: Any) -> Any:
    """Call the kernel entry at address `entry` with the page at address `page`; gives its status."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = ir.FunctionType(_WORD, [_WORD.as_pointer()])
        pointer = builder.inttoptr(args[0], function.as_pointer())
        return builder.call(pointer, [builder.inttoptr(args[1], _WORD.as_pointer())])

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def shared_load(typingctx: Any, address: Any) -> Any:
    """The int64 at an address that other threads write; nothing after it is read before it."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load_atomic(builder.inttoptr(args[0], _WORD.as_pointer()), "acquire", 8)

    return types.int64(types.int64), codegen


@intrinsic
def shared_store(typingctx: Any, address: Any, value: Any) -> Any:
    """Write an int64 that other threads read; all that was written before is seen by who reads it."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store_atomic(args[1], builder.inttoptr(args[0], _WORD.as_pointer()), "release", 8)

    return types.void(types.int64, types.int64), codegen


@intrinsic
def shared_add(typingctx: Any, address: Any, value: Any) -> Any:
    """Add to an int64 that other threads change too; gives the value before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.atomic_rmw("add", builder.inttoptr(args[0], _WORD.as_pointer()), args[1], "acq_rel")

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def shared_swap_if(typingctx: Any, address: Any, expected: Any, value: Any) -> Any:
    """Write an int64 if it is still what was expected; gives whether it was."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = builder.inttoptr(args[0], _WORD.as_pointer())
        pair = builder.cmpxchg(place, args[1], args[2], "acq_rel", "monotonic")
        return builder.extract_value(pair, 1)

    return types.boolean(types.int64, types.int64, types.int64), codegen


@intrinsic
def breathe(typingctx: Any) -> Any:
    """Tell the processor that this loop waits, where it has a word for that."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if platform.machine() in ("x86_64", "AMD64"):
            function = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, function, "llvm.x86.sse2.pause"), [])
        elif platform.machine() in ("aarch64", "arm64"):
            number = ir.IntType(32)
            hint = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.VoidType(), [number]), "llvm.aarch64.hint"
            )
            builder.call(hint, [ir.Constant(number, 1)])  # hint 1 is "yield"
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def step_aside(typingctx: Any) -> Any:
    """Let another thread have the processor."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        function = ir.FunctionType(ir.IntType(32), [])
        name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
        builder.call(cgutils.get_or_insert_function(builder.module, function, name), [])
        return context.get_dummy_value()

    return types.void(), codegen
