"""Load object code into the process and find its entries. Needs llvmlite only, so a warm start is quick."""

from __future__ import annotations

import threading
from typing import Any

from graphnn.core.errors import KernelError

_lock = threading.Lock()
_state: dict[str, Any] = {}


def target_machine() -> Any:
    """The LLVM target machine of this CPU, with position-independent code that can be loaded anywhere."""
    import llvmlite.binding as llvm

    with _lock:
        if "target" not in _state:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            llvm.initialize_native_asmparser()
            _state["cpu"] = llvm.get_host_cpu_name()
            _state["features"] = llvm.get_host_cpu_features().flatten()
            _state["target"] = llvm.Target.from_default_triple()
        return _state["target"].create_target_machine(
            cpu=_state["cpu"],
            features=_state["features"],
            opt=3,
            reloc="default",
            codemodel="jitdefault",
            jit=True,
        )


def cpu_text() -> str:
    """CPU name and features, as part of every cache key: object code of one CPU may not run on another."""
    if "cpu" not in _state:
        target_machine()
    return f"{_state['cpu']} {_state['features']}"


def load(symbol: str, code: bytes) -> int:
    """Load object code and give the address of `symbol` in it."""
    import llvmlite.binding as llvm

    machine = None if "engine" in _state else target_machine()
    with _lock:
        if "engine" not in _state:
            _state["engine"] = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        engine = _state["engine"]
        try:
            engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            engine.finalize_object()
            address = engine.get_function_address(symbol)
        except RuntimeError as error:
            raise KernelError(f"kernel {symbol}: its object code cannot be loaded: {error}") from None
    if not address:
        raise KernelError(f"kernel {symbol}: its object code has no such entry.")
    return address
