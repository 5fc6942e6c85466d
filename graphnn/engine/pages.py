"""Write the pages of a plan: for every kernel call its entry, and the addresses, sizes and integers that it reads.

A node with much work becomes a group of pages that threads may share: a matrix product by strips of its result, a
pointwise op by ranges of its elements.
"""

from __future__ import annotations

import inspect
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
from graphnn.engine.internal import COPY, WATCH
from graphnn.engine.kernels import Key, prepare
from graphnn.engine.plan import Plan
from graphnn.engine.workers import thread_count

# Multiplications of a product, and elements of a pointwise op, from which sharing pays: these take 15 to 25 us on
# one thread. From 3 us on it paid on a quiet machine, but lost a fifth where other programs were running.
_PRODUCT_SHARD = 1_000_000
_POINTWISE_SHARD = 65_536


@cache
def int_names(op: Op) -> tuple[str, ...]:
    """The integer parameters of the op's kernel, after operands and output."""
    return tuple(inspect.signature(op.kernel_function).parameters)[len(op.signature.inputs) + 1 :]  # type: ignore[arg-type]


@dataclass
class _Pass:
    """One pointwise call: for each array its address and the bytes from one element to the next.

    Steps of 0 and -1 stand for an operand with one element: seen as many, and taken as one.
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
        *,
        watch: bool = False,
    ):
        self.plan = plan
        self._spare = spare_address
        self.nodes: list[Node] = []
        self.watches: set[int] = set()
        self.work: list[int] = []
        self.tops: list[int] = []
        self._threads = thread_count()
        self._open: _Pass | None = None
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
        self.words = np.array(self._words, dtype=np.int64)
        base = self.words.ctypes.data
        self.table = np.empty((len(self._begins), 2), dtype=np.int64)
        if self._begins:
            keys = np.array(self._keys, dtype=np.int64)
            self.table[:, 0] = np.where(
                keys >= 0, np.array(addresses, dtype=np.int64)[np.maximum(keys, 0)], keys
            )
            self.table[:, 1] = np.array(self._begins, dtype=np.int64) * 8 + base

    def _write(self, *, watch: bool) -> None:
        plan = self.plan
        for node in plan.steps:
            if node in plan.in_place and self.commit < 0:
                self.commit = len(self.nodes)
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

    def _pointwise(self, node: Node) -> None:
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
            places.append(
                (self._address_of(operand), -1 if not moves else 0 if still else operand.dtype.itemsize)
            )
        if how[-1] == "":
            places.append((self._address_of(node), node.dtype.itemsize))
        names = int_names(op)
        ints = [int(plan.attributes(node)[name]) for name in names] if names else []
        buffer = None if target is None or target.storage is None else target.storage.buffer
        call = _Pass(op, tuple(dtypes), how, places, ints, node, size, buffer)
        if buffer is None or ints or op.fault_function is not None:
            self._flush()
            self._pass(call)
        elif self._open is None or not self._open.goes_on(call):
            self._flush()
            self._open = call

    def _flush(self) -> None:
        """Write the pass over parameters that may have gone on."""
        if self._open is not None:
            call, self._open = self._open, None
            self._pass(call)

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
            parts = [view]
            work = max(prod(s) for s in view.shapes)
            if op.shard_function is not None:
                work = view.ints["work"]
                if work >= _PRODUCT_SHARD and self._threads > 1:
                    parts = op.shard_function(view, self._threads)
            if len(parts) > 1:
                self._group(node, len(parts))
            in_room = node in plan.in_place
            how = ("",) * (len(ports) - 1) + (op.ports[op.room] if in_room and op.room is not None else "",)
            for part in parts:
                words: list[int] = []
                for port, shape in zip(ports[: len(ports) - in_room], part.shapes, strict=False):
                    words.append(self._address_of(port))
                    words += shape
                words += [int(part.ints[name]) for name in names]
                ranks = tuple(len(s) for s in part.shapes)
                dtypes = tuple(p.dtype for p in ports)
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
        key = (op, dtypes, ranks, how)
        index = self._key_index.get(key)
        if index is None:
            index = self._key_index[key] = len(self._key_list)
            self._key_list.append(Key(*key))
        self._keys.append(index)
        self._begins.append(len(self._words))
        self._words += words
        self.nodes.append(node)
        self.work.append(work)


class KeyList(Pages):
    """Only the kernels that a plan needs, without memory and without compiling."""

    def __init__(self, plan: Plan):
        super().__init__(plan, lambda node: 0, lambda node: 0)

    def _finish(self) -> None:
        pass

    @property
    def keys(self) -> list[Key]:
        """The distinct kernels that the pages call."""
        return self._key_list
