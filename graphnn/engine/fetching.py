"""Ask the processor for memory that will be needed soon. Imported only when the engine's loops are compiled."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def prefetch(typingctx: Any, address: Any) -> Any:
    """Begin to load the cache line at an address, which may be anything: a prefetch never faults."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        number = ir.IntType(32)
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        function = ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number])
        read, keep, data = (ir.Constant(number, k) for k in (0, 3, 1))
        builder.call(
            cgutils.get_or_insert_function(builder.module, function, "llvm.prefetch.p0"),
            [pointer, read, keep, data],
        )
        return context.get_dummy_value()

    return types.void(types.int64), codegen
