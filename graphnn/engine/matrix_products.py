"""What matrix kernels need from below Python: sums in vector registers, and one product for all.

`graphnn.ops.gemm` says what each operation means; `intrinsics()` pairs these plain functions with the
instructions that compiled code gets instead. Vectors are a line of 64 bytes wide on every machine; LLVM cuts
them into the registers that the CPU has. A product and a sum are one `fmuladd`: fused where the CPU can,
always in one order.

`gemm.rectangle` takes seconds to compile, so it is compiled once for each dtype and kernels refer to it by
the symbol graphnn_gemm_float32 or graphnn_gemm_float64. Object code holds names, never addresses, so it may be kept
in a file; `register_products` says where they are, before it is loaded.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from graphnn.ops import gemm

# The page of graphnn_gemm_*: address and size of a, b, c and (alpha, beta), then the integers of rectangle.
_PORTS = ("a", "b", "c", "scale")
_INTEGERS = 8
_WORDS = 2 * len(_PORTS) + _INTEGERS

_lock = threading.RLock()


def register_products(code: bytes) -> None:
    """Tell the loader where the products are that this object code refers to."""
    with _lock:
        for name in ("float32", "float64"):
            if f"graphnn_gemm_{name}".encode() in code:
                _register_gemm(name)


@cache
def _register_gemm(dtype_name: str) -> None:
    """Load `gemm.rectangle` for a dtype from the cache of kernels, or compile it."""
    import llvmlite.binding as llvm

    from graphnn.engine import cache as store
    from graphnn.engine import loader
    from graphnn.engine.entry import entry_source
    from graphnn.engine.kernels import environment
    from graphnn.engine.source import digest

    dtype, symbol = np.dtype(dtype_name), f"graphnn_gemm_{dtype_name}"
    source = entry_source([(name, 1, dtype, "") for name in _PORTS], _INTEGERS, reports=False)
    text = "\n".join((environment(), source, dtype_name, digest(gemm.rectangle, dtype)))
    name = f"gemm-{dtype_name}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.kernel"
    code = store.read(name)
    if code is None:
        from graphnn.engine.compile import compile_entry

        code = compile_entry(symbol, source, gemm.rectangle, dtype)
        store.write(name, code)
    llvm.add_symbol(symbol, loader.load(symbol, code))


@cache
def intrinsics() -> dict[Callable[..., Any], Any]:
    """The plain functions of `graphnn.ops.gemm` that become machine instructions, with the Numba intrinsics.

    Imports Numba, so it is called only when something has to be compiled.
    """
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    word, short, bit, nothing = ir.IntType(64), ir.IntType(32), ir.IntType(1), types.void
    place = types.intp

    def number(value: int) -> Any:
        return ir.Constant(word, value)

    def pick(lanes: Any) -> Any:
        """The constant that chooses lanes in a shuffle."""
        return ir.Constant(ir.VectorType(short, len(lanes)), list(lanes))

    def is_dense(*arrays: Any) -> bool:
        """Row-major float arrays of one dtype: only there is a place in memory a place in the flat array."""
        return all(
            isinstance(x, types.Array)
            and x.layout == "C"
            and isinstance(x.dtype, types.Float)
            and x.dtype == arrays[0].dtype
            for x in arrays
        )

    class Line:
        """Emits loads and stores of vectors of `width` numbers for one array dtype."""

        def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
            self.context, self.builder = context, builder
            self.scalar = context.get_value_type(dtype)
            self.size = context.get_abi_sizeof(self.scalar)
            self.width = gemm.LINE_BYTES // self.size
            self.vector = ir.VectorType(self.scalar, self.width)

        def pointer(self, array_type: Any, array: Any, start: Any) -> Any:
            data = self.context.make_array(array_type)(self.context, self.builder, array).data
            return self.step(data, start)

        def step(self, pointer: Any, count: Any) -> Any:
            return self.builder.gep(pointer, [count], inbounds=True)

        def row(self, pointer: Any, stride: Any, index: int) -> Any:
            return self.step(pointer, self.builder.mul(stride, number(index)))

        def load(self, pointer: Any, vector: Any = None) -> Any:
            place = self.builder.bitcast(pointer, (vector or self.vector).as_pointer())
            return self.builder.load(place, align=self.size)

        def store(self, value: Any, pointer: Any) -> None:
            place = self.builder.bitcast(pointer, value.type.as_pointer())
            self.builder.store(value, place, align=self.size)

        def repeat(self, scalar: Any) -> Any:
            empty = ir.Constant(self.vector, ir.Undefined)
            first = self.builder.insert_element(empty, scalar, ir.Constant(short, 0))
            return self.builder.shuffle_vector(first, empty, pick([0] * self.width))

        def call(self, name: str, result: Any, *arguments: Any) -> Any:
            declared = ir.FunctionType(result, [x.type for x in arguments])
            full = f"llvm.{name}.v{self.width}f{8 * self.size}"
            return self.builder.call(
                cgutils.get_or_insert_function(self.builder.module, declared, full), arguments
            )

    @intrinsic
    def workspace(typingctx: Any, like: Any, size_in_bytes: Any) -> Any:
        if not is_dense(like) or not isinstance(size_in_bytes, types.IntegerLiteral):
            return None
        array = types.Array(like.dtype, 1, "C")

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            line = Line(context, builder, like.dtype)
            count = size_in_bytes.literal_value // line.size
            with builder.goto_entry_block():
                room = builder.alloca(line.scalar, count)
                room.align = gemm.LINE_BYTES
            value = context.make_array(array)(context, builder)
            item = number(line.size)
            context.populate_array(
                value, data=room, shape=[number(count)], strides=[item], itemsize=item, meminfo=None
            )
            return value._getvalue()

        return array(like, size_in_bytes), codegen

    @intrinsic
    def load_line(typingctx: Any, source: Any, start: Any, target: Any, target_start: Any, count: Any) -> Any:
        if not is_dense(source, target):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            line = Line(context, builder, source.dtype)
            origin = line.pointer(source, args[0], args[1])
            goal = line.pointer(target, args[2], args[3])
            whole = builder.icmp_signed("==", args[4], number(line.width))
            with builder.if_else(whole) as (then, otherwise):
                with then:
                    line.store(line.load(origin), goal)
                with otherwise:
                    wanted = builder.trunc(args[4], short)
                    empty = ir.Constant(ir.VectorType(short, line.width), ir.Undefined)
                    first = builder.insert_element(empty, wanted, ir.Constant(short, 0))
                    limit = builder.shuffle_vector(first, empty, pick([0] * line.width))
                    mask = builder.icmp_signed("<", pick(range(line.width)), limit)
                    zero = ir.Constant(line.vector, [0.0] * line.width)
                    origin = builder.bitcast(origin, line.vector.as_pointer())
                    name, align = "masked.load", ir.Constant(short, line.size)
                    declared = ir.FunctionType(line.vector, [origin.type, short, mask.type, line.vector])
                    full = f"llvm.{name}.v{line.width}f{8 * line.size}.p0"
                    function = cgutils.get_or_insert_function(builder.module, declared, full)
                    line.store(builder.call(function, [origin, align, mask, zero]), goal)
            return context.get_dummy_value()

        return nothing(source, place, target, place, place), codegen

    @intrinsic
    def store_line(
        typingctx: Any, source: Any, source_start: Any, target: Any, start: Any, count: Any
    ) -> Any:
        """Store a half, a quarter, ... as the binary digits of count say."""
        if not is_dense(source, target):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            line = Line(context, builder, source.dtype)
            rest = line.load(line.pointer(source, args[0], args[1]))
            goal = line.pointer(target, args[2], args[3])
            whole = builder.icmp_signed(">=", args[4], number(line.width))
            with builder.if_then(whole):
                line.store(rest, goal)
            width = line.width // 2
            while width:
                low = builder.shuffle_vector(rest, rest, pick(range(width)))
                high = builder.shuffle_vector(rest, rest, pick(range(width, 2 * width)))
                has = builder.trunc(builder.lshr(args[4], number(width.bit_length() - 1)), bit)
                with builder.if_then(has):
                    line.store(low, goal)
                rest = builder.select(has, high, low)
                goal = builder.select(has, line.step(goal, number(width)), goal)
                width //= 2
            return context.get_dummy_value()

        return nothing(source, place, target, place, place), codegen

    @intrinsic
    def transpose_square(
        typingctx: Any, source: Any, start: Any, stride: Any, target: Any, target_start: Any
    ) -> Any:
        if not is_dense(source, target):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            line = Line(context, builder, source.dtype)
            half = line.width // 2
            vector = ir.VectorType(line.scalar, half)
            origin = line.pointer(source, args[0], args[1])
            goal = line.pointer(target, args[3], args[4])
            rows = [line.load(line.row(origin, args[2], r), vector) for r in range(half)]
            # Exchange blocks of `size` between rows r and r + size: halves, quarters, ... single numbers.
            size = half // 2
            while size:
                for r in range(half):
                    if not r & size:
                        upper, lower = rows[r], rows[r + size]
                        first = [half + s - size if s & size else s for s in range(half)]
                        second = [half + s if s & size else s + size for s in range(half)]
                        rows[r] = builder.shuffle_vector(upper, lower, pick(first))
                        rows[r + size] = builder.shuffle_vector(upper, lower, pick(second))
                size //= 2
            for r in range(half):
                line.store(rows[r], line.row(goal, number(line.width), r))
            return context.get_dummy_value()

        return nothing(source, place, place, target, place), codegen

    @intrinsic
    def tile_product(
        typingctx: Any, rows: Any, depth: Any, a: Any, a_start: Any, a_row: Any, a_step: Any,
        b: Any, b_start: Any, b_step: Any, c: Any, c_start: Any, c_row: Any, alpha: Any, beta: Any,
    ) -> Any:  # fmt: skip
        if not is_dense(a, b, c):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            rows, depth, a_, a_start, a_row, a_step, b_, b_start, b_step, c_, c_start, c_row, alpha, beta = (
                args
            )
            line = Line(context, builder, c.dtype)
            origin, panel = line.pointer(a, a_, a_start), line.pointer(b, b_, b_start)
            goal = line.pointer(c, c_, c_start)
            done = builder.append_basic_block("tile.done")
            choice = builder.switch(rows, done)
            for height in range(1, gemm.TILE_ROWS + 1):
                start, loop, body, end = (
                    builder.append_basic_block(f"tile{height}.{name}")
                    for name in ("start", "loop", "body", "end")
                )
                choice.add_case(number(height), start)
                builder.position_at_end(start)
                builder.branch(loop)

                builder.position_at_end(loop)
                p, x, w = builder.phi(word), builder.phi(origin.type), builder.phi(panel.type)
                sums = [builder.phi(line.vector) for _ in range(height)]
                for value, first in ((p, number(0)), (x, origin), (w, panel)):
                    value.add_incoming(first, start)
                for total in sums:
                    total.add_incoming(ir.Constant(line.vector, [0.0] * line.width), start)
                builder.cbranch(builder.icmp_signed("<", p, depth), body, end)

                builder.position_at_end(body)
                columns = line.load(w)
                for r, total in enumerate(sums):
                    factor = line.repeat(builder.load(line.row(x, a_row, r)))
                    total.add_incoming(line.call("fmuladd", line.vector, factor, columns, total), body)
                p.add_incoming(builder.add(p, number(1)), body)
                x.add_incoming(line.step(x, a_step), body)
                w.add_incoming(line.step(w, b_step), body)
                builder.branch(loop)

                builder.position_at_end(end)
                scale, keep = line.repeat(alpha), line.repeat(beta)
                is_new = builder.fcmp_ordered("==", beta, ir.Constant(line.scalar, 0.0))
                with builder.if_else(is_new) as (then, otherwise):
                    with then:
                        for r, total in enumerate(sums):
                            line.store(builder.fmul(scale, total), line.row(goal, c_row, r))
                    with otherwise:
                        for r, total in enumerate(sums):
                            target = line.row(goal, c_row, r)
                            old = builder.fmul(keep, line.load(target))
                            line.store(line.call("fmuladd", line.vector, scale, total, old), target)
                builder.branch(done)
            builder.position_at_end(done)
            return context.get_dummy_value()

        arguments = (
            place, place, a, place, place, place, b, place, place, c, place, place, c.dtype, c.dtype,
        )  # fmt: skip
        return nothing(*arguments), codegen

    @intrinsic
    def gemm_rectangle(
        typingctx: Any, a: Any, a_start: Any, a_row: Any, a_step: Any, b: Any, b_start: Any, b_stride: Any,
        transpose_b: Any, c: Any, c_start: Any, c_row: Any, rows: Any, columns: Any, k: Any,
        alpha: Any, beta: Any,
    ) -> Any:  # fmt: skip
        """Write a page and call graphnn_gemm_float32 or graphnn_gemm_float64 with it."""
        if not is_dense(a, b, c):
            return None

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            line = Line(context, builder, c.dtype)
            with builder.goto_entry_block():
                page = builder.alloca(word, _WORDS)
                scale = builder.alloca(line.scalar, 2)
            for i, value in enumerate(args[-2:]):
                builder.store(value, line.step(scale, number(i)))
            places = [line.pointer(sig.args[i], args[i], args[i + 1]) for i in (0, 4, 8)] + [scale]
            words = [x for place in places for x in (builder.ptrtoint(place, word), number(0))]
            words += [args[i] for i in (2, 3, 6, 7, 10, 11, 12, 13)]
            for i, value in enumerate(words):
                builder.store(value, builder.gep(page, [number(i)], inbounds=True))
            declared = ir.FunctionType(word, [page.type])
            name = f"graphnn_gemm_{c.dtype}"
            builder.call(cgutils.get_or_insert_function(builder.module, declared, name), [page])
            return context.get_dummy_value()

        arguments = (
            a, place, place, place, b, place, place, place, c, place, place, place, place, place,
            c.dtype, c.dtype,
        )  # fmt: skip
        return nothing(*arguments), codegen

    return {
        gemm.workspace: workspace,
        gemm.load_line: load_line,
        gemm.store_line: store_line,
        gemm.transpose_square: transpose_square,
        gemm.tile_product: tile_product,
        gemm.gemm_rectangle: gemm_rectangle,
    }
