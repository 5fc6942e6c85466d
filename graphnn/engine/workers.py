"""Helping threads: they take parts of large nodes while a program runs, and sleep otherwise.

One program at a time has the helpers; another that runs at the same moment does its parts alone. A thread that runs
a program takes the place of one helper: helpers that wait for parts would take the processor from it. So programs in
several Python threads do not disturb each other. Results are the same bits with and without helpers.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.processors import processor_count
from graphnn.engine.driver import CLOSED, compiled_loop, control_block

# Turns of the waiting loop before a helper goes to sleep: about a millisecond.
_PATIENCE = 20_000


def thread_count() -> int:
    """Threads that share the work of a program: $GRAPHNN_THREADS, or the processors it may use, at most 4."""
    named = os.environ.get("GRAPHNN_THREADS")
    if named is not None:
        if not named.isdigit() or not 1 <= int(named) <= 256:
            raise SettingError(f"GRAPHNN_THREADS is a whole number from 1 to 256, found {named!r}.")
        return int(named)
    return min(processor_count(), 4)


class Workers:
    """The helping threads of this process; they are started at the first need."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.running: dict[int, None] = {}
        """Python threads that run a program now, by their number: setting and removing one is one step of Python."""
        self._reset()

    def _reset(self) -> None:
        self._threads: list[threading.Thread] = []
        self._control = control_block()
        self._words = self._control.view(np.int64)
        self._awake = 0
        self._counting = threading.Lock()
        self._wake = threading.Semaphore(0)
        self._process = os.getpid()
        self.running.clear()

    @contextlib.contextmanager
    def lent(self) -> Iterator[int]:
        """The address of the helpers' control block while they help; 0 if no processor is free for one."""
        if self._process != os.getpid():  # after a fork the threads are gone
            self._reset()
        others = max(0, len(self.running) - 1)
        wanted = thread_count() - 1 - others
        if (others and wanted < 1) or not self._lock.acquire(blocking=False):
            yield 0
            return
        try:
            self._call_up(wanted)
            yield self._control.ctypes.data
        finally:
            self._lock.release()

    def _call_up(self, wanted: int) -> None:
        while len(self._threads) < wanted:
            thread = threading.Thread(target=self._help, name="graphnn helper", daemon=True)
            self._threads.append(thread)
            thread.start()
        with self._counting:
            asleep = max(0, wanted - self._awake)
            self._awake += asleep
        for _ in range(asleep):
            self._wake.release()

    def _help(self) -> None:
        helper = compiled_loop("helper")
        page = np.array([self._control.ctypes.data, _PATIENCE], dtype=np.int64)
        wake, counting, words = self._wake, self._counting, self._words
        while words[CLOSED // 8] == 0:
            wake.acquire()
            helper(page.ctypes.data)
            with counting:
                self._awake -= 1


workers = Workers()
