"""Compile kernels of graphnn's own ops in another process, so that two processors share the work.

The other process is a Python that does not run the user's script anew. It is told a kernel per line, leaves the code in
the cache, and says the line again when it is done. Whatever goes wrong there is compiled here instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from graphnn.core.dtypes import as_dtype
from graphnn.core.processors import processor_count
from graphnn.core.registry import OPS
from graphnn.engine import cache as store

if TYPE_CHECKING:
    from graphnn.engine.kernels import Key

# Starting another process and its compiler takes about a second: so many kernels take longer.
FEWEST = 8


def can_go_elsewhere(key: Key) -> bool:
    """Whether another process knows the op under the same name: those of a user's script it does not."""
    return OPS.get(key.op.name) is key.op and key.op.__module__.startswith("graphnn.")


def in_words(key: Key) -> str:
    """The key as one line of text."""
    return json.dumps([key.op.name, [str(d) for d in key.dtypes], key.ranks, key.how])


class Compiler:
    """A Python process that compiles kernels into the cache."""

    def __init__(self) -> None:
        code = "from graphnn.engine.elsewhere import compile_as_told; compile_as_told()"
        place = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed in `close`)
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], env=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, text=True,
        )  # fmt: skip

    def compile(self, key: Key) -> bool:
        """Whether the kernel is in the cache now."""
        tell, answer = self._process.stdin, self._process.stdout
        line = in_words(key)
        with contextlib.suppress(OSError, ValueError):
            tell.write(f"{line}\n")  # type: ignore[union-attr]
            tell.flush()  # type: ignore[union-attr]
            return answer.readline().strip() == line  # type: ignore[union-attr]
        return False

    def complaint(self) -> str:
        """The end of what the process wrote to its standard error."""
        self._said.seek(0)
        return self._said.read().strip()[-300:]

    def stop(self) -> None:
        """End the process, whatever it is doing; who waits for an answer gets none."""
        self._process.kill()

    def close(self) -> None:
        """End the process and give back its pipes."""
        self.stop()
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()


class Assistant:
    """Takes keys from the end of a queue while the caller takes them from its beginning.

    `finish()` waits for the kernel that is being compiled and gives all that were done elsewhere.
    """

    def __init__(self, queue: deque[Any], bar: Any):
        self._queue, self._bar = queue, bar
        self._done: list[Any] = []
        self._compiler: Compiler | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Assistant:
        if len(self._queue) >= FEWEST and processor_count() > 1 and store.state()["writable"]:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        return self

    def _work(self) -> None:
        """Own the other process from its start to its end, so that an interrupt in between leaves none behind."""
        with contextlib.suppress(OSError), contextlib.closing(Compiler()) as self._compiler:
            while True:
                try:
                    key = self._queue.pop()
                except IndexError:
                    return
                if not can_go_elsewhere(key):
                    self._queue.appendleft(key)
                    return
                if not self._compiler.compile(key):
                    self._queue.append(key)
                    return
                self._done.append(key)
                self._bar.update()

    def finish(self) -> list[Any]:
        if self._thread is not None:
            self._thread.join()
        return self._done

    def __exit__(self, *_: Any) -> None:
        self._queue.clear()  # after an error or an interrupt nobody waits for the rest
        if self._compiler is not None:
            self._compiler.stop()


def compile_as_told() -> None:
    """Compile the kernels that standard input tells, and say each line again when it is done."""
    import graphnn.ops  # noqa: F401  (declares them)
    from graphnn.engine.kernels import Key, prepare

    for line in sys.stdin:
        name, dtypes, ranks, how = json.loads(line)
        key = Key(OPS[name], tuple(as_dtype(d) for d in dtypes), tuple(ranks), tuple(how))
        prepare([key], quiet=True)
        sys.stdout.write(line)
        sys.stdout.flush()
