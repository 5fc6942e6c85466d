"""The driver: one small compiled loop that calls (entry, page) rows, in order, as often as asked.

It runs without the GIL and stops at the first page whose entry reports a fault. A row whose entry is -k stands
for a group: the next k rows are parts of one node, which threads may share. The caller publishes the group on a
control block and takes parts from it like every helping thread does; if nobody helps, it does all of them, so a
program never waits for a thread that has not come. See graphnn.engine.workers for the helpers.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from graphnn.core.dtypes import int64
from graphnn.engine import cache as store
from graphnn.engine import loader
from graphnn.engine.kernels import environment

# Words of the driver's own page.
TABLE, FIRST, LAST, REPEATS, CONTROL, FAULT_AT, DONE = range(7)
_WORDS = 7

# Bytes into a control block. What different threads write lies on different cache lines.
# FAILED holds the status of a part that could not do its work, which is a mistake of its kernel.
ROWS, TICKET, FINISHED, FAILED, CLOSED = 0, 128, 256, 264, 384
CONTROL_BYTES = 512

# A ticket is generation << 32 | parts << 16 | parts taken, so one compare-and-swap takes a part of one group only.
_DRIVER = """
def entry(page):
    table = page[0]
    first = page[1]
    last = page[2]
    control = page[4]
    for repeat in range(page[3]):
        i = first
        while i < last:
            function = word_at(table + 16 * i)
            if function >= 0:
                status = call_entry(function, word_at(table + 16 * i + 8))
                if status != 0:
                    page[5] = i
                    page[6] = repeat
                    return status
                i += 1
                continue
            parts = -function
            rows = table + 16 * (i + 1)
            shared_store(control, rows)
            shared_store(control + 256, 0)
            shared_store(control + 264, 0)
            generation = (shared_load(control + 128) >> 32) + 1
            shared_store(control + 128, ((generation & 0x3FFFFFFF) << 32) | (parts << 16))
            while True:
                ticket = shared_load(control + 128)
                part = ticket & 0xFFFF
                if part >= parts:
                    break
                if shared_swap_if(control + 128, ticket, ticket + 1):
                    row = rows + 16 * part
                    status = call_entry(word_at(row), word_at(row + 8))
                    if status != 0:
                        shared_store(control + 264, status)
                    shared_add(control + 256, 1)
            turns = 0
            while shared_load(control + 256) < parts:
                turns += 1
                breathe()
                if turns > 2000:
                    step_aside()
            status = shared_load(control + 264)
            if status != 0:
                page[5] = i
                page[6] = repeat
                return status
            i += 1 + parts
    page[6] = page[3]
    return np.int64(0)
"""

# Helps with groups until nothing has come for a while, or the block is closed.
_HELPER = """
def entry(page):
    control = page[0]
    patience = page[1]
    turns = 0
    while turns < patience:
        ticket = shared_load(control + 128)
        part = ticket & 0xFFFF
        if part < ((ticket >> 16) & 0xFFFF):
            if shared_swap_if(control + 128, ticket, ticket + 1):
                row = shared_load(control) + 16 * part
                status = call_entry(word_at(row), word_at(row + 8))
                if status != 0:
                    shared_store(control + 264, status)
                shared_add(control + 256, 1)
                turns = 0
        else:
            turns += 1
            breathe()
            if turns % 64 == 63:
                step_aside()
                if shared_load(control + 384) != 0:
                    return np.int64(0)
    return np.int64(0)
"""


# Runs a range of elements tile by tile: moves the addresses on the pages of the rows, then calls each row.
# A move is the place of an address, with the size behind it; where the array begins; and the bytes of an element.
# Large arrays (where they begin, bytes of an element) are asked for a tile ahead, a share before each row: the memory
# works while kernels do. All shares at once were too much for it.
_TILES = """
from graphnn.engine.fetching import prefetch

def entry(page):
    rows = page[0]
    rows_end = rows + 16 * page[1]
    moves_end = page[2] + 24 * page[3]
    start = page[4]
    while start < page[5]:
        count = min(page[6], page[5] - start)
        move = page[2]
        while move < moves_end:
            place = word_at(move)
            shared_store(place, word_at(move + 8) + start * word_at(move + 16))
            shared_store(place + 8, count)
            move += 24
        row = rows
        begin = 0
        while row < rows_end:
            end = begin + (count // page[1] + 1)
            large = page[8]
            while large < page[8] + 16 * page[9]:
                item = word_at(large + 8)
                line = word_at(large) + (start + count + begin) * item
                beyond = word_at(large) + (start + count + end) * item
                while line < beyond:
                    prefetch(line)
                    line += 64
                large += 16
            begin = end
            status = call_entry(word_at(row), word_at(row + 8))
            if status != 0:
                page[7] = (row - rows) >> 4
                return status
            row += 16
        start += count
    return np.int64(0)
"""


class Outcome(NamedTuple):
    """How a drive ended: status 0 and all repeats done, or the fault's status, row and repeat."""

    status: int
    row: int
    repeats: int


_lock = threading.Lock()


@cache
def compiled_loop(name: str) -> Any:
    """The compiled `driver` or `helper`, as a function of a page's address that releases the GIL while it runs."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(loop_address(name))


@cache
def loop_address(name: str) -> int:
    """The address of the entry of `driver`, `helper` or `tiles`."""
    source = {"driver": _DRIVER, "helper": _HELPER, "tiles": _TILES}[name]
    with _lock:
        ahead = (Path(__file__).parent / "fetching.py").read_text("utf-8")
        key = hashlib.sha256((environment() + ahead + source).encode()).hexdigest()[:24]
        file, symbol = f"{name}-{key}.kernel", f"graphnn_{name}_{key}"
        code = store.read(file)
        if code is None:
            from graphnn.engine.compile import compile_entry

            code = compile_entry(symbol, source, None, int64)
            store.write(file, code)
        return loader.load(symbol, code)


def control_block() -> np.ndarray:
    """A new control block, on a cache line's boundary."""
    raw = np.zeros(CONTROL_BYTES + 128, dtype=np.uint8)
    start = -raw.ctypes.data % 128
    return raw[start : start + CONTROL_BYTES]


class Drive:
    """A table of (entry, page) rows that can be run in part or whole."""

    __slots__ = ("_call", "_control", "_page", "_page_address", "table")

    def __init__(self, table: np.ndarray):
        self.table = table
        self._control = control_block()
        self._page = np.zeros(_WORDS, dtype=np.int64)
        self._page[TABLE] = table.ctypes.data
        self._page_address = self._page.ctypes.data
        self._call = compiled_loop("driver")

    def __call__(self, first: int, last: int, repeats: int = 1, control: int = 0) -> Outcome:
        """Run rows first..last-1, `repeats` times; groups are published on the control block at that address."""
        page = self._page
        page[FIRST], page[LAST], page[REPEATS] = first, last, repeats
        page[CONTROL] = control or self._control.ctypes.data
        status = self._call(self._page_address)
        if status:
            return Outcome(status, int(page[FAULT_AT]), int(page[DONE]))
        return Outcome(0, last, repeats)
