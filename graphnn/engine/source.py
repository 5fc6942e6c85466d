"""Turn a kernel's plain Python functions into what the compiler needs, and into a digest that the cache trusts.

A kernel is written once. For each dtype its float constants become constants of that dtype, its Routines become
the version for that dtype, and every plain function that it calls is treated in the same way, recursively.
Nothing here imports the compiler: a warm start computes digests only.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from opcode import opmap
from typing import Any

import numpy as np

from graphnn.core.dtypes import float32
from graphnn.core.errors import DeclarationError
from graphnn.core.routine import Routine

_PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic)


def called(function: Callable[..., Any], dtype: np.dtype) -> dict[str, Any]:
    """The globals that a kernel function uses, by name, with Routines replaced by their version for `dtype`."""
    code = function.__code__
    if code.co_freevars:
        raise DeclarationError(
            f"kernel {function.__name__}: uses {', '.join(code.co_freevars)} from an enclosing function; "
            "a kernel is a function of a module and uses only its parameters and its module's names."
        )
    out = {}
    for name in sorted(_global_names(code)):
        if name in function.__globals__:
            value = function.__globals__[name]
            if isinstance(value, Routine):
                value = value.float32 if dtype == float32 else value.float64
            out[name] = value
    return out


def _global_names(code: types.CodeType) -> set[str]:
    """The names that the code reads from its module; `co_names` would hold those of attributes too."""
    names, before = set(), 0
    for operation, argument in zip(code.co_code[::2], code.co_code[1::2]):
        argument |= before
        before = argument << 8 if operation == opmap["EXTENDED_ARG"] else 0
        if operation == opmap["LOAD_GLOBAL"]:
            names.add(code.co_names[argument >> 1])
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def typed_code(code: types.CodeType, dtype: np.dtype) -> types.CodeType:
    """The code with every Python float constant as a scalar of `dtype`, if that is float32.

    Without it, one `0.5` in a float32 kernel turns its whole expression, and its vectors, into float64.
    """
    if dtype != float32:
        return code
    return code.replace(co_consts=tuple(np.float32(c) if type(c) is float else c for c in code.co_consts))


def digest(function: Callable[..., Any], dtype: np.dtype, seen: dict[Any, str] | None = None) -> str:
    """A hash of everything that decides the function's compiled form: code, constants, and all that it calls."""
    seen = {} if seen is None else seen
    if function in seen:
        return seen[function]
    seen[function] = "recursive"
    code = function.__code__
    parts = [_code_text(code), repr(function.__defaults__)]
    for name, value in called(function, dtype).items():
        parts.append(f"{name}:{_value_text(value, code, dtype, seen)}")
    seen[function] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return seen[function]


def _value_text(value: Any, code: types.CodeType, dtype: np.dtype, seen: dict[Any, str]) -> str:
    """What a module's value means for the code that reads it."""
    value = getattr(value, "py_func", value)  # a helper that the user has jitted
    if isinstance(value, types.FunctionType):
        return digest(value, dtype, seen)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(value.tobytes()).hexdigest()}"
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, tuple):
        return f"({','.join(_value_text(v, code, dtype, seen) for v in value)})"
    if isinstance(value, types.ModuleType) and value.__name__ not in ("numpy", "math"):
        read = [name for name in code.co_names if name in vars(value)]
        return ",".join(f"{name}:{_value_text(vars(value)[name], code, dtype, seen)}" for name in read)
    return str(getattr(value, "__name__", type(value).__name__))


def _code_text(code: types.CodeType) -> str:
    constants = [_code_text(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts[:]]
    return f"{code.co_code.hex()} {constants} {code.co_names} {code.co_varnames}"
