"""Compile one kernel entry: plain Python -> Numba -> LLVM -> object code that stands on its own.

An entry is `int64 entry(int64 *page)`. Its source is generated: it unpacks the page into arrays, calls the
kernel, and gives the status. The object code refers to nothing but the C mathematics library, memory copies and
the BLAS functions that graphnn registers, so it can be kept in a file and loaded without Numba.

This module is imported only when something has to be compiled.
"""

from __future__ import annotations

import re
import types
import warnings
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types as nb

from graphnn.core.errors import KernelError
from graphnn.core.routine import Routine
from graphnn.engine import intrinsics, loader
from graphnn.engine.entry import RAISED
from graphnn.engine.matrix_products import intrinsics as intrinsic_table
from graphnn.engine.matrix_products import register_products
from graphnn.engine.source import called, typed_code

# Numba's own types do not list every option that it takes (`_nrt`: kernels count no references).
_numba: Any = numba

# Full fastmath would assume that NaN and infinity never occur, and make NaN checks lie.
FLAGS = frozenset(("reassoc", "contract", "arcp", "nsz", "afn"))

# Routines of graphnn.ops.mathematics rest on the written order of their operations.
ORDERED = frozenset(("contract",))

# What object code may refer to: C mathematics, memory, and ours.
_ALLOWED = re.compile(
    r"(graphnn_\w+|sched_yield|SwitchToThread|mem(cpy|move|set)|bcmp|memcmp"
    r"|(a?(cos|sin|tan)h?|atan2|exp2?|expm1|log(2|10|1p)?|pow|sqrt|cbrt|hypot|fmod|floor|ceil|rint|nearbyint"
    r"|trunc|round|fabs|fma|ldexp|frexp|erfc?|[lt]gamma|copysign|fmin|fmax|ll?rint|ll?round)f?)\Z"
)


# How the lines begin with which Numba tells where it was, and not what is wrong.
_PATH = ("Failed in nopython", "During", "There are", "- Of which", "Overload", "File", "^", "This error")


def jitted(
    function: Callable[..., Any], dtype: np.dtype, memo: dict[Any, Any], flags: frozenset[str] = FLAGS
) -> Any:
    """The plain function for `dtype`, with everything that it calls jitted in the same way."""
    key = (function, flags)
    if key in memo and memo[key] is None:
        raise KernelError(f"kernel: {function.__name__} calls itself. Kernels use loops.")
    if key not in memo:
        memo[key] = None
        plain = intrinsic_table().get(function)
        memo[key] = plain if plain is not None else _jit(function, dtype, memo, flags)
    return memo[key]


def _jit(
    function: Callable[..., Any],
    dtype: np.dtype,
    memo: dict[Any, Any],
    flags: frozenset[str],
    *,
    outermost: bool = False,
) -> Any:
    names: dict[str, Any] = {"__name__": "graphnn.kernels", "__builtins__": __builtins__}
    for name, value in called(function, dtype).items():
        if isinstance(value, types.FunctionType):
            routine = isinstance(function.__globals__[name], Routine)
            value = jitted(value, dtype, memo, ORDERED if routine else flags)
        elif type(value) is float and dtype == np.float32:
            value = np.float32(value)
        names[name] = value
    copy = types.FunctionType(
        typed_code(function.__code__, dtype), names, function.__name__, function.__defaults__
    )
    # A call that stays a call keeps a loop from becoming vector instructions, so everything is inlined: callees by
    # LLVM; the kernel itself already by Numba, so that LLVM first sees its loops together with the entry's arrays,
    # of which one may have stride 0, or be operand and output at once.
    how: dict[str, Any] = {"inline": "always"} if outermost else {"forceinline": True}
    return _numba.njit(error_model="numpy", fastmath=set(flags), _nrt=False, **how)(copy)


def compile_entry(symbol: str, source: str, kernel: Callable[..., Any] | None, dtype: np.dtype) -> bytes:
    """Compile generated entry source around `kernel` into object code whose only public symbol is `symbol`."""
    names: dict[str, Any] = {"__name__": "graphnn.kernels", "np": np, **vars(intrinsics)}
    if kernel is not None:
        used: dict[Any, Any] = {}
        names["kernel"] = _jit(kernel, dtype, used, FLAGS, outermost=True)
        _register_used({function.__name__ for function, _ in used}, dtype)
    exec(compile(source, f"<graphnn {symbol}>", "exec"), names)  # our own generated text, never a file's
    signature = nb.int64(nb.CPointer(nb.int64))
    what = kernel.__name__ if kernel is not None else symbol
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", numba.NumbaWarning)
            function = _numba.cfunc(signature, error_model="numpy", fastmath=set(FLAGS), _nrt=False)(
                names["entry"]
            )
    except Exception as error:  # what Numba cannot compile, it reports in many ways
        raise KernelError(
            f"kernel {what}: Numba cannot compile it for {dtype}: {_gist(error)}\n"
            "A kernel uses loops, arithmetic, NumPy scalar functions and plain functions of its module."
        ) from error
    return _stand_alone(symbol, function, what)


def _register_used(names: set[str], dtype: np.dtype) -> None:
    """Numba loads what it compiles at once, so the symbols that the code refers to must be known before."""
    if "gemm_rectangle" in names:
        register_products(f"graphnn_gemm_{dtype}".encode())


def _gist(error: Exception) -> str:
    """The lines of Numba's report that say what is wrong, without the path that led there."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()]
    told = [line for line in lines if line and not line.startswith(_PATH)]
    return " ".join(told[:2]).replace("NRT required but not enabled", "it allocates memory")


def _stand_alone(symbol: str, function: Any, what: str) -> bytes:
    """Object code of the compiled function alone, without Numba's wrapper that reports exceptions to Python."""
    text = function.inspect_llvm()
    native = function._library.name and function.native_name.removeprefix("cfunc.")
    wrapper = re.search(r"^define [^\n]*@\"?cfunc\.[^\n]*\{\n.*?^\}\n", text, re.MULTILINE | re.DOTALL)
    if wrapper is None or f"@{native}(" not in text.replace('"', ""):
        raise KernelError(f"kernel {symbol}: this version of Numba lays out its code in an unknown way.")
    text = text[: wrapper.start()] + text[wrapper.end() :]
    text += (
        f"\ndefine i64 @{symbol}(ptr %page) {{\n"
        "  %status = alloca i64\n  %error = alloca ptr\n  store i64 0, ptr %status\n"
        f'  %code = call i32 @"{native}"(ptr %status, ptr %error, ptr %page)\n'
        "  %value = load i64, ptr %status\n  %fine = icmp eq i32 %code, 0\n"
        f"  %out = select i1 %fine, i64 %value, i64 {RAISED}\n  ret i64 %out\n}}\n"
    )
    module = llvm.parse_assembly(text)
    module.verify()
    for item in (*module.functions, *module.global_variables):
        if not item.is_declaration and item.name != symbol:
            item.linkage = "internal"
    machine = loader.target_machine()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(machine, options)
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    strange = [
        item.name
        for item in (*module.functions, *module.global_variables)
        if item.is_declaration and not item.name.startswith("llvm.") and not _ALLOWED.match(item.name)
    ]
    if strange:
        raise KernelError(
            f"kernel {what}: it needs {', '.join(sorted(strange)[:4])} at run time. Kernels allocate nothing "
            "and raise nothing: write into the output, and report faults by a status (@op.fault)."
        )
    return machine.emit_object(module)
