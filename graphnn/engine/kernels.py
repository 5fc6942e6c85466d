"""Find the machine address of a kernel: in memory, in the cache, or by compiling it once per machine."""

from __future__ import annotations

import hashlib
import platform
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.dtypes import FLOATS, float64
from graphnn.core.errors import KernelError
from graphnn.core.op import Op
from graphnn.engine import cache as store
from graphnn.engine import loader
from graphnn.engine.elsewhere import Assistant
from graphnn.engine.progress import progress_bar
from graphnn.engine.source import digest


class Key(NamedTuple):
    """What one entry is compiled for.

    `how` says for each port (operands, output, scratch if the kernel has one) how it comes: "" an array of its
    own, "still" one element seen as many (stride 0), or the name of the operand whose memory it shares.
    """

    op: Op
    dtypes: tuple[np.dtype, ...]
    ranks: tuple[int, ...]
    how: tuple[str, ...]


_addresses: dict[Any, int] = {}
_lock = threading.RLock()
statistics = {"loaded": 0, "compiled": 0}


def address_of(key: Key) -> int:
    """The address of the entry for `key`."""
    found = _addresses.get(key)
    return found if found is not None else prepare([key])[0]


def prepare(keys: Iterable[Key], *, quiet: bool = False) -> list[int]:
    """Addresses for all keys; missing kernels are loaded from the cache or compiled, with a word to the user."""
    keys = list(keys)
    with _lock:
        missing = [k for k in dict.fromkeys(keys) if k not in _addresses]
        uncached = []
        for key in missing:
            name = file_name(key)
            code = store.read(name)
            if code is None:
                uncached.append(key)
            else:
                _load(key, name, code)
        if uncached:
            _compile(uncached, quiet=quiet)
        return [_addresses[k] for k in keys]


def _load(key: Any, name: str, code: bytes) -> None:
    if b"gemm" in code:
        _register_matrix_products(code)
    _addresses[key] = loader.load(_symbol(name), code)
    statistics["loaded"] += 1


def _compile(keys: list[Any], *, quiet: bool) -> None:
    from graphnn.engine.compile import compile_entry

    show = not quiet and len(keys) >= 3
    words = "graphnn: compiling kernels, once on this machine"
    queue = deque(keys)
    with (
        progress_bar(len(keys), "kernel", show=show, words=words) as bar,
        Assistant(queue, bar) as assistant,
    ):
        while True:
            while queue:
                key = queue.popleft()
                name = file_name(key)
                source, kernel, dtype = _parts(key)
                code = compile_entry(_symbol(name), source, kernel, dtype)
                store.write(name, code)
                _load(key, name, code)
                bar.update()
            done = [key for key in assistant.finish() if key not in _addresses]
            for key in done:
                found = store.read(file_name(key))
                if found is None:  # somebody emptied the folder meanwhile
                    queue.append(key)
                else:
                    _load(key, file_name(key), found)
            if not queue:
                break
    statistics["compiled"] += len(keys)


def _parts(key: Key) -> tuple[str, Callable[..., Any], np.dtype]:
    """Entry source, kernel function, and the dtype of the kernel's constants."""
    from graphnn.engine.entry import entry_source

    op = key.op
    kernel = op.kernel_function
    if kernel is None:
        raise KernelError(f"{op.name}: has no kernel.")
    names = [*op.ports, op.signature.output.name, *["scratch"] * (op.scratch_function is not None)]
    ports = list(zip(names, key.ranks, key.dtypes, key.how, strict=True))
    source = entry_source(ports, len(op.kernel_integers), reports=op.fault_function is not None)
    return source, kernel, constants_dtype(key.dtypes)


def constants_dtype(dtypes: Iterable[np.dtype]) -> np.dtype:
    """The dtype of a kernel's float constants: float32 if that is its only float, else float64."""
    floats = {d for d in dtypes if d in FLOATS}
    return floats.pop() if len(floats) == 1 else float64


@cache
def _kernel_digest(kernel: Callable[..., Any], dtype: np.dtype) -> str:
    return digest(kernel, dtype)


@cache
def file_name(key: Key) -> str:
    """The name of the key's file in the cache; it holds a digest of all that decides the code."""
    source, kernel, dtype = _parts(key)
    text = "\n".join((environment(), source, str(dtype), _kernel_digest(kernel, dtype)))
    word = "-".join(dict.fromkeys(str(d) for d in key.dtypes))
    return f"{key.op.name}-{word}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.kernel"


@cache
def environment() -> str:
    """Everything outside a kernel's source that its object code depends on."""
    import llvmlite

    try:
        from importlib.metadata import version

        numba_version = version("numba")
    except ImportError:
        numba_version = "?"
    here = Path(__file__).parent
    ours = "".join(
        (here / f"{n}.py").read_text("utf-8")
        for n in ("compile", "entry", "intrinsics", "source", "matrix_products")
    )
    parts = (
        numba_version, llvmlite.__version__, np.__version__, platform.python_version(), platform.machine(),
        sys.platform, loader.cpu_text(), hashlib.sha256(ours.encode()).hexdigest(),
    )  # fmt: skip
    return "|".join(parts)


def _symbol(name: str) -> str:
    return "graphnn_entry_" + name.removesuffix(".kernel").rpartition("-")[2]


def _register_matrix_products(code: bytes) -> None:
    """Tell the loader where the matrix products are that this object code refers to."""
    from graphnn.engine.matrix_products import register_products

    register_products(code)
