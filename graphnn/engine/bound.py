"""A bound program: one plan with its memory and pages, ready to run for one set of axis sizes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from math import prod
from threading import get_ident
from typing import Any

import numpy as np

from graphnn.core.collector import collector_paused
from graphnn.core.dims import shape_text
from graphnn.core.errors import FaultError, KernelError, NotFiniteError, ShapeError
from graphnn.core.graph import by_serial
from graphnn.core.leaves import describe
from graphnn.core.memory import require_memory
from graphnn.core.node import Node, require_storage
from graphnn.engine.driver import Drive, Outcome
from graphnn.engine.entry import RAISED
from graphnn.engine.pages import Pages
from graphnn.engine.parts import SLICE_WORK
from graphnn.engine.plan import make_plan
from graphnn.engine.workers import workers
from graphnn.transform.rewrite import Place


def allocate(size: int, what: str) -> np.ndarray:
    """`size` zeroed bytes on a cache line's boundary, or a clear error if the machine has not that much."""
    require_memory(size, what)
    try:
        raw = np.zeros(size + 64, dtype=np.uint8)
    except (MemoryError, ValueError):
        raise ShapeError(
            f"{what} needs {size / 1e9:.1f} GB, which is not free. Use a smaller batch or model."
        ) from None
    start = -raw.ctypes.data % 64
    return raw[start : start + size]


class Bound:
    """Memory and pages of one plan. Not thread-safe: its Program holds a lock."""

    @collector_paused()
    def __init__(
        self,
        outputs: Sequence[Node],
        updates: Sequence[tuple[Node, Node]],
        inputs: Sequence[Node],
        binding: Mapping[str, int],
        *,
        keep: bool = False,
        watch: bool = False,
        tiles: bool = True,
        place: Place = by_serial,
    ):
        self.outputs, self.updates = tuple(outputs), tuple(updates)
        self.watch = watch
        tiles = tiles and not watch and not keep  # tiles hide the values between their nodes
        self.plan = plan = make_plan(
            outputs, updates, binding, keep=keep, allow_in_place=not watch, tiles=tiles, place=place
        )
        self.arena = allocate(plan.layout.size, f"the program of {len(plan.steps)} nodes")
        self._arena_address = self.arena.ctypes.data
        self.feeds = {n: _aligned(plan.shapes[n], n.dtype, n) for n in inputs if n in plan.shapes}
        self._leaves = {
            n: require_storage(n, "run").array for n in plan.roots if n.op.role in ("parameter", "constant")
        }
        self._addresses: dict[Node, int] = {
            n: a.ctypes.data for n, a in (*self.feeds.items(), *self._leaves.items())
        }
        self.gradients = allocate(plan.gradient_bytes, "the gradients of the program")
        for node, offset in (*plan.offsets.items(), *plan.inner.items()):
            self._addresses[node] = self._arena_address + offset
        for node, offset in plan.gradients.items():
            self._addresses[node] = self.gradients.ctypes.data + offset
        for node, parameter in plan.in_place.items():
            self._addresses[node] = self._addresses[parameter]
        addresses, roots = self._addresses, plan.roots
        arena = self._arena_address
        self.pages = Pages(
            plan,
            lambda n: addresses[roots[n]],
            lambda n: arena + plan.spare[n],
            lambda n: arena + plan.scratch[n],
            watch=watch,
            in_tiles=tiles,
        )
        self._drive = Drive(self.pages.table)
        self._shared = len(self.pages.tops) < len(self.pages.nodes)
        self._slices = self._cut()

    def moved(self) -> bool:
        """Whether a parameter's array has moved to another address since the pages were written."""
        return any(n.storage.array is not a for n, a in self._leaves.items())  # type: ignore[union-attr]

    # Running

    def run(self, repeats: int = 1, *, alone: bool = False) -> None:
        """Run all pages `repeats` times. Interrupts are heard between slices; a step is never left half-written.

        alone : without helping threads, whose waking takes longer than a short run
        """
        thread, running = get_ident(), workers.running
        running[thread] = None
        try:
            if self._shared and not alone:
                with workers.lent() as control:
                    self._run(repeats, control)
            else:
                self._run(repeats, 0)
        finally:
            running.pop(thread, None)

    def _run(self, repeats: int, control: int) -> None:
        if len(self._slices) > 1:
            # One repeat, slice by slice. Pages that write parameters run as one call: all of them, or none.
            for repeat in range(repeats):
                for first, last in self._slices:
                    self._check(self._drive(first, last, 1, control), repeat)
            return
        total = len(self.pages.nodes)
        done, group = 0, self._repeats_at_once
        while done < repeats:
            count = min(group, repeats - done)
            began = time.perf_counter()
            self._check(self._drive(0, total, count, control), done)
            done += count
            took = time.perf_counter() - began
            if took < 0.02:
                group *= 2
            elif took > 0.1:
                group = max(1, group // 2)

    def run_pages(self, first: int, last: int, repeats: int = 1) -> None:
        """Run rows first..last-1 of the table only: stepping and profiling. A group is one row and its parts."""
        self._check(self._drive(first, last, repeats), 0)

    def _cut(self) -> list[tuple[int, int]]:
        """Slices of the table between which an interrupt is heard."""
        pages = self.pages
        slices, first, work = [], 0, 0
        for top, following in zip(pages.tops, [*pages.tops[1:], len(pages.nodes)], strict=False):
            work += sum(pages.work[top:following]) + 100
            if work > SLICE_WORK and following < min(len(pages.nodes), pages.commit):
                slices.append((first, following))
                first, work = following, 0
        slices.append((first, len(pages.nodes)))
        self._repeats_at_once = max(1, SLICE_WORK // (sum(pages.work) + 100 * len(pages.nodes) + 1))
        return slices

    def _check(self, outcome: Outcome, before: int) -> None:
        if outcome.status == 0:
            return
        node = self.pages.culprit(outcome.row)
        step = before + outcome.repeats
        when = f" in step {step + 1}" if step else ""
        position = outcome.status - 1
        if outcome.row in self.pages.watches:
            value = self.value(node).reshape(-1)[position]
            raise NotFiniteError(
                f"{describe(node)}{_where(node)}{when}: its value has {value} at element {position} of shape "
                f"{shape_text(self.plan.shapes[node])}; it is the first node that is not finite. "
                f"{_operand_ranges(self, node)}"
            )
        if outcome.status == RAISED or node.op.fault_function is None:
            raise KernelError(
                f"{node.label}{_where(node)}{when}: the kernel of {node.op.name} raised an error or returned a value. "
                "A kernel does neither; it reports a fault by a status (@op.fault)."
            )
        operands = [self.value(o) for o in node.operands]
        try:
            words = node.op.fault_function(position, *operands)
        except (LookupError, TypeError, ValueError) as error:
            raise KernelError(
                f"{node.label}{_where(node)}{when}: the kernel of {node.op.name} gave the status {outcome.status}, "
                f"which its @op.fault cannot explain ({error}). A status is 0, or 1 + a position."
            ) from error
        raise FaultError(f"{node.label}{_where(node)}{when}: {words}")

    # Looking

    def value(self, node: Node) -> np.ndarray:
        """The node's present value: a view on the bound memory."""
        plan = self.plan
        shape = plan.shapes[node]
        root = plan.roots[node]
        if node in plan.still:
            return np.broadcast_to(self.value(plan.still[node]).reshape(()), shape)
        if root in self.feeds:
            return self.feeds[root].reshape(shape)
        if root in self._leaves:
            return self._leaves[root].reshape(shape)
        if root in plan.in_place:
            return self._leaves[plan.in_place[root]].reshape(shape)
        if root in plan.gradients:
            return _view(self.gradients, plan.gradients[root], shape, node.dtype)
        return _view(self.arena, plan.offsets[root], shape, node.dtype)

    def result(self, node: Node) -> np.ndarray:
        """A finished run's result: as `value`, but of the parameters as they were before the updates."""
        if node in self.plan.spare:
            return _view(self.arena, self.plan.spare[node], self.plan.shapes[node], node.dtype)
        return self.value(node)

    def memory(self) -> dict[str, int]:
        """Bytes: the arena, the peak of its live bytes in this order, gradients, parameters, constants, inputs."""
        return {
            "arena": self.plan.layout.size,
            "peak_live": self.plan.layout.peak,
            "gradients": self.plan.gradient_bytes,
            "parameters": sum(a.nbytes for n, a in self._leaves.items() if n.role == "parameter"),
            "constants": sum(a.nbytes for n, a in self._leaves.items() if n.role == "constant"),
            "inputs": sum(a.nbytes for a in self.feeds.values()),
        }


def _aligned(shape: tuple[int, ...], dtype: np.dtype, node: Node) -> np.ndarray:
    return allocate(prod(shape) * dtype.itemsize, f"the feed of {describe(node)}").view(dtype).reshape(shape)


def _view(block: np.ndarray, offset: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    size = prod(shape) * dtype.itemsize
    return block[offset : offset + size].view(dtype).reshape(shape)


def _where(node: Node) -> str:
    return f" in {node.scope}" if node.scope else ""


def _operand_ranges(bound: Bound, node: Node) -> str:
    words: list[Any] = []
    for slot, operand in enumerate(node.operands):
        value = bound.value(operand)
        if value.size:
            words.append(f"{node.op.port_name(slot)} is in [{value.min():.4g}, {value.max():.4g}]")
    return f"Its operands: {'; '.join(words)}." if words else ""
