"""Compile a plain scalar function for one dtype as the engine does it, to test what really runs."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from graphnn.core.routine import Routine

# What a kernel's own loop may do, and what a routine may do: see `Routine`.
KERNEL_FLAGS = frozenset({"reassoc", "contract", "arcp", "nsz", "afn"})
FUSED = frozenset({"contract"})
NOT_FUSED: frozenset[str] = frozenset()


@cache
def compiled(function: Callable[..., Any], dtype: type, flags: frozenset[str] = FUSED) -> Any:
    """The function jitted, its float literals in `dtype`, with everything that it calls treated alike."""
    names: dict[str, Any] = {"__name__": "compiled_routines", "__builtins__": __builtins__}
    for name in function.__code__.co_names:
        if name in function.__globals__:
            value = function.__globals__[name]
            if isinstance(value, Routine):
                value = value.float32 if dtype is np.float32 else value.float64
            names[name] = compiled(value, dtype, flags) if isinstance(value, types.FunctionType) else value
    code = function.__code__
    if dtype is np.float32:
        constants = (np.float32(c) if type(c) is float else c for c in code.co_consts)
        code = code.replace(co_consts=tuple(constants))
    clone = types.FunctionType(code, names, function.__name__)
    return numba.njit(error_model="numpy", fastmath=set(flags) or False, forceinline=True)(clone)


@cache
def loop_over(function: Callable[..., Any], dtype: type, flags: frozenset[str] = FUSED) -> Any:
    """`loop(x, y)`: y[i] = function(x[i]), the loop itself compiled as a kernel is."""
    inner = compiled(function, dtype, flags)

    def loop(x, y):
        for i in range(y.size):
            y[i] = inner(x[i])

    array = numba.types.Array(numba.from_dtype(np.dtype(dtype)), 1, "C")
    signature = numba.void(array, array)
    return numba.njit(signature, error_model="numpy", fastmath=set(KERNEL_FLAGS))(loop)


def run(function: Callable[..., Any], x: np.ndarray, flags: frozenset[str] = FUSED) -> np.ndarray:
    """The compiled function of every element of x, in the dtype of x."""
    y = np.empty_like(x)
    loop_over(function, x.dtype.type, flags)(x, y)
    return y
