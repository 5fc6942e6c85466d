"""Write the pages of a plan: for every kernel call its entry, and the addresses, sizes and integers that it reads.

A node with much work becomes a group of pages that threads may share: a matrix product by strips of its result, a
pointwise op by ranges of its elements. Pointwise neighbours that run in tiles become one row of the table, or a
group by ranges of elements; the rows of their kernels stand behind the table's end, where only tiles call them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from graphnn.core.node import Node
from graphnn.core.op import Op
from graphnn.core.storage import padded
from graphnn.engine import tiles
from graphnn.engine.driver import loop_address
from graphnn.engine.internal import COPY, WATCH
from graphnn.engine.kernels import Key, prepare
from graphnn.engine.parts import parts_of
from graphnn.engine.plan import Plan
from graphnn.engine.workers import thread_count

# Elements of a pointwise op from which sharing pays.
_POINTWISE_SHARD = 65_536


@cache
def int_names(op: Op) -> tuple[str, ...]:
    """The integer parameters of the op's kernel."""
    return op.kernel_integers


# Stands for the flat buffer of what updates read.
_BETWEEN = np.empty(0, dtype=np.uint8)


@dataclass
class _Pass:
    """One pointwise call: for each array its address and the bytes from one element to the next.

    Steps of 0 and -1 stand for an operand with one element: seen as many, and taken as one. A step of -2 is for a
    value that has room for one tile only.
    """

    op: Op
    dtypes: tuple[Any, ...]
    how: tuple[str, ...]
    places: list[tuple[int, int]]
    ints: list[int]
    node: Node
    size: int
    buffer: Any

    def goes_on(self, other: _Pass) -> bool:
        """Take `other` into this pass if it is the same formula and every array goes on where this one ends.

        What is written lies in one flat buffer of parameters, where the room between two arrays is nobody's.
        """
        if other.op is not self.op or other.how != self.how or other.buffer is not self.buffer:
            return False
        if other.dtypes != self.dtypes:
            return False
        for (begin, step), (following, other_step) in zip(self.places, other.places, strict=True):
            reach = padded(self.size * step) if step > 0 else 0
            if step != other_step or following != begin + reach:
                return False
        moving = max(step for _, step in self.places)
        self.size = padded(self.size * moving) // moving + other.size
        return True

    @property
    def target(self) -> tuple[int, int]:
        """Where the output is written."""
        shared = self.how[-1]
        return self.places[self.op.ports.index(shared) if shared else -1]

    def meets(self, other: _Pass) -> bool:
        """Whether one of the two writes what the other touches, other than element by element."""
        return any(
            _overlap(one.target, place, self.size)
            for one, both in ((self, other), (other, self))
            for place in both.places
        )


def _overlap(one: tuple[int, int], other: tuple[int, int], size: int) -> bool:
    """Whether two arrays share memory without being the same array."""
    ends = [begin + (size * step if step > 0 else 8) for begin, step in (one, other)]
    return one != other and one[0] < ends[1] and other[0] < ends[0]


class Pages:
    """The pages of one plan, with the table that the driver walks.

    `nodes[i]` is the node that row i of the table works for, and `work[i]` a measure of its work; `tops` are the
    rows that are not parts of a group. Rows from `commit` on write parameters; `watches` holds the rows that only
    look for NaN and infinity.
    """

    def __init__(
        self,
        plan: Plan,
        address_of: Callable[[Node], int],
        spare_address: Callable[[Node], int],
        scratch_address: Callable[[Node], int],
        *,
        watch: bool = False,
        in_tiles: bool = False,
    ):
        self.plan = plan
        self._spare = spare_address
        self._scratch_address = scratch_address
        self.nodes: list[Node] = []
        self.watches: set[int] = set()
        self.work: list[int] = []
        self.tops: list[int] = []
        self._threads = thread_count()
        self._open: _Pass | None = None
        self._swept: list[_Pass] = []
        self._sweep_tiles = in_tiles
        self._tile_rows: dict[int, tuple[list[Node], list[int]]] = {}
        # Rows of kernels that only tiles call (keys and pages), and words that become addresses at the end.
        self._hidden: tuple[list[int], list[int]] = [], []
        self._word_links: list[int] = []
        self._row_links: list[int] = []
        self._tile_calls: list[int] = []
        self._address_of = address_of
        self._words: list[int] = []
        self._begins: list[int] = []
        self._keys: list[int] = []
        self._key_index: dict[Any, int] = {}
        self._key_list: list[Key] = []
        self.commit = -1
        self._write(watch=watch)
        self._finish()

    def _finish(self) -> None:
        """Find or compile the kernels, and lay out words and table."""
        addresses = prepare(self._key_list)
        rows = len(self._begins)
        self._keys += self._hidden[0]
        self._begins += self._hidden[1]
        self.words = np.array(self._words, dtype=np.int64)
        base = self.words.ctypes.data
        self.table = np.empty((len(self._begins), 2), dtype=np.int64)
        if self._begins:
            keys = np.array(self._keys, dtype=np.int64)
            self.table[:, 0] = np.where(
                keys >= 0, np.array(addresses, dtype=np.int64)[np.maximum(keys, 0)], keys
            )
            self.table[:, 1] = np.array(self._begins, dtype=np.int64) * 8 + base
        if self._tile_rows:
            at = np.array(self._word_links, dtype=np.int64)
            self.words[at] = self.words[at] * 8 + base
            at = np.array(self._row_links, dtype=np.int64)
            self.words[at] = (self.words[at] + rows) * 16 + self.table.ctypes.data
            self.table[np.array(self._tile_calls), 0] = loop_address("tiles")

    def culprit(self, row: int) -> Node:
        """The node that row `row`, which just reported a fault, works for."""
        members, reports = self._tile_rows.get(row, ([self.nodes[row]], []))
        found = [k for k in self.words[reports] if k >= 0]
        return members[found[0] if found else -1]

    def _write(self, *, watch: bool) -> None:
        plan, t = self.plan, 0
        while t < len(plan.steps):
            group = plan.tiles.get(t)
            members = plan.steps[t : t + 1] if group is None else plan.steps[group.first : group.last]
            t += len(members)
            if self.commit < 0 and plan.in_place and any(n in plan.in_place for n in members):
                self.commit = len(self.nodes)
            if group is not None:
                self._flush()
                self._tiles([self._call(n) for n in members], group.tile, group.parts, group.cuts, group.room)
                continue
            node = members[0]
            if node.op.pointwise:
                self._pointwise(node)
            else:
                self._flush()
                self._general(node)
            if watch and node.dtype.kind == "f":
                self.watches.add(len(self.nodes))
                size = prod(plan.shapes[node])
                address = self._address_of(node)
                self._page(WATCH, (node.dtype,) * 2, (1, 1), ("", "x"), [address, size], node, size)
        self._flush()
        for node in plan.copies_before:
            self._copy(node, self._address_of(plan.roots[node]), self._spare(node))
        if self.commit < 0:
            self.commit = len(self.nodes)
        for parameter, new in plan.copies_after:
            source = self._spare(new) if new in plan.spare else self._address_of(new)
            self._copy(parameter, source, self._address_of(parameter))

    def _copy(self, node: Node, source: int, target: int) -> None:
        size = prod(self.plan.shapes[node])
        self._page(COPY, (node.dtype,) * 2, (1, 1), ("", ""), [source, size, target, size], node, size)

    def _call(self, node: Node) -> _Pass:
        """The call of a pointwise node over all of its elements."""
        plan, op = self.plan, node.op
        size = prod(plan.shapes[node])
        how: tuple[str, ...] = ("",) * (len(node.operands) + 1)
        target = plan.in_place.get(node)
        dtypes = [*[o.dtype for o in node.operands], node.dtype]
        places: list[tuple[int, int]] = []  # (address, bytes from one element to the next)
        for slot, operand in enumerate(node.operands):
            still = operand in plan.still
            if target is operand and how[-1] == "":
                how = (*how[:-1], op.ports[slot])
            if still:
                how = (*how[:slot], "still", *how[slot + 1 :])
            moves = bool(op.signature.inputs[slot].axes)
            step = -1 if not moves else 0 if still else operand.dtype.itemsize
            places.append((self._address_of(operand), -2 if plan.roots[operand] in plan.inner else step))
        if how[-1] == "":
            places.append((self._address_of(node), -2 if node in plan.inner else node.dtype.itemsize))
        names = int_names(op)
        ints = [int(plan.attributes(node)[name]) for name in names] if names else []
        buffer = None if target is None or target.storage is None else target.storage.buffer
        if node in plan.gradients:
            buffer = _BETWEEN
        return _Pass(op, tuple(dtypes), how, places, ints, node, size, buffer)

    def _pointwise(self, node: Node) -> None:
        call = self._call(node)
        if call.buffer is None or call.ints or call.op.fault_function is not None:
            self._flush()
            self._pass(call)
        elif self._open is None or not self._open.goes_on(call):
            self._close()
            self._open = call

    def _close(self) -> None:
        """End the pass over parameters that may have gone on."""
        if self._open is not None:
            self._swept.append(self._open)
            self._open = None

    def _flush(self) -> None:
        """Write the passes over parameters: in tiles, where the same elements are passed over again."""
        self._close()
        calls, self._swept = self._swept, []
        while calls:
            count = 1
            if self._sweep_tiles and calls[0].size >= tiles.SMALLEST:
                while count < len(calls) and calls[count].size == calls[0].size:
                    if any(calls[count].meets(call) for call in calls[:count]):
                        break
                    count += 1
            if count > 1:
                widest = max(d.itemsize for call in calls[:count] for d in call.dtypes)
                parts, cuts = tiles.ranges(calls[0].size, count)
                self._tiles(calls[:count], tiles.tile_elements(widest), parts, cuts, 0)
            else:
                self._pass(calls[0])
            del calls[:count]

    def _tiles(self, calls: list[_Pass], tile: int, parts: int, cuts: tuple[int, ...], room: int) -> None:
        """One row that runs all calls tile by tile, or groups of rows for ranges of the elements."""
        words, node = self._words, calls[-1].node
        threads = []
        arrays = dict.fromkeys(p for call in calls for p in call.places if p[1] > 0)
        # Asked for ahead where kernels have work meanwhile: an optimiser's four arrays for three kernels lost by it.
        ahead = 2 * len(arrays) <= len(calls) and calls[0].size * sum(s for _, s in arrays) >= tiles.LARGE
        large = list(arrays) if ahead else []
        large_at = len(words)
        words += [word for place in large for word in place]
        for part in range(min(parts, len(cuts) - 1)):
            rows, moves = len(self._hidden[0]), []
            for call in calls:
                key = self._key(call.op, call.dtypes, (1,) * len(call.dtypes), call.how)
                self._hidden[0].append(key)
                self._hidden[1].append(len(words))
                for address, step in call.places:
                    if step >= 0 or step == -2:
                        moves += [len(words), address + (part * room if step == -2 else 0), max(step, 0)]
                    words += [address, 1]
                words += call.ints
            self._word_links += range(len(words), len(words) + len(moves), 3)
            threads.append((rows, len(words), len(moves) // 3))
            words += moves
        spans = list(pairwise(cuts))
        for first in range(0, len(spans), parts):
            shared = spans[first : first + parts]
            top = len(self.nodes)
            if len(shared) > 1:
                self._group(node, len(shared))
            reports = []
            for (begin, end), (rows, moves_at, count) in zip(shared, threads, strict=False):
                if len(shared) == 1:
                    self.tops.append(len(self.nodes))
                self._tile_calls.append(len(self.nodes))
                self._keys.append(0)
                self._begins.append(len(words))
                self._row_links.append(len(words))
                self._word_links += [len(words) + 2, len(words) + 8]
                reports.append(len(words) + 7)
                words += [rows, len(calls), moves_at, count, begin, end, tile, -1, large_at, len(large)]
                self.nodes.append(node)
                self.work.append((end - begin) * len(calls))
            self._tile_rows[top] = [call.node for call in calls], reports

    def _pass(self, call: _Pass) -> None:
        cuts = self._cuts(call.size) if call.op.fault_function is None else [0, call.size]
        if len(cuts) > 2:
            self._group(call.node, len(cuts) - 1)
        for first, last in pairwise(cuts):
            words: list[int] = []
            for address, step in call.places:
                words.append(address + first * max(step, 0))
                words.append(1 if step < 0 else last - first)
            self._page(
                call.op, call.dtypes, (1,) * len(call.dtypes), call.how, words + call.ints, call.node,
                last - first, top=len(cuts) == 2,
            )  # fmt: skip

    def _cuts(self, size: int) -> list[int]:
        """Where a pointwise node of `size` elements is cut for threads: at whole lines of the cache."""
        if size < _POINTWISE_SHARD or self._threads == 1:
            return [0, size]
        step = -(-size // (64 * self._threads)) * 64
        return [*range(0, size, step), size]

    def _general(self, node: Node) -> None:
        plan, op = self.plan, node.op
        shapes = [plan.shapes[o] for o in node.operands]
        shapes.append(plan.shapes[node])
        views = op.kernel_views(shapes, plan.attributes(node))
        names = int_names(op)
        many = op.signature.variadic
        for slot, view in enumerate(views):
            ports = (node.operands[slot], node) if many else (*node.operands, node)
            parts, work = parts_of(op, view)
            if len(parts) > 1:
                self._group(node, len(parts))
            in_room = node in plan.in_place
            how = ("",) * (len(ports) - 1) + (op.ports[op.room] if in_room and op.room is not None else "",)
            room = self._scratch_address(node) if op.scratch_function is not None else 0
            for part in parts:
                words: list[int] = []
                for port, shape in zip(ports[: len(ports) - in_room], part.shapes, strict=False):
                    words.append(self._address_of(port))
                    words += shape
                ranks = tuple(len(s) for s in part.shapes)
                dtypes = tuple(p.dtype for p in ports)
                if op.scratch_function is not None:
                    count = op.scratch_function(part)
                    words += [room, count]
                    room += padded(count * node.dtype.itemsize)
                    ranks, dtypes, how = (*ranks, 1), (*dtypes, node.dtype), (*how[: len(ports)], "")
                words += [int(part.ints[name]) for name in names]
                self._page(op, dtypes, ranks, how, words, node, work // len(parts), top=len(parts) == 1)

    def _group(self, node: Node, parts: int) -> None:
        """The row before the parts of one node."""
        self.tops.append(len(self.nodes))
        self._keys.append(-parts)
        self._begins.append(len(self._words))
        self.nodes.append(node)
        self.work.append(0)

    def _page(
        self, op: Op, dtypes: tuple[Any, ...], ranks: tuple[int, ...], how: tuple[str, ...], words: list[int],
        node: Node, work: int, *, top: bool = True,
    ) -> None:  # fmt: skip
        if top:
            self.tops.append(len(self.nodes))
        self._keys.append(self._key(op, dtypes, ranks, how))
        self._begins.append(len(self._words))
        self._words += words
        self.nodes.append(node)
        self.work.append(work)

    def _key(self, op: Op, dtypes: tuple[Any, ...], ranks: tuple[int, ...], how: tuple[str, ...]) -> int:
        """The place of a kernel in the list of those that are needed."""
        key = (op, dtypes, ranks, how)
        index = self._key_index.get(key)
        if index is None:
            index = self._key_index[key] = len(self._key_list)
            self._key_list.append(Key(*key))
        return index


class KeyList(Pages):
    """Only the kernels that a plan needs, without memory and without compiling."""

    def __init__(self, plan: Plan):
        super().__init__(plan, *[lambda node: 0] * 3)

    def _finish(self) -> None:
        pass

    @property
    def keys(self) -> list[Key]:
        """The distinct kernels that the pages call."""
        return self._key_list
