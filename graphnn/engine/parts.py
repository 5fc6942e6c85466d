"""Cut one kernel call into the parts that threads share, and know what working memory they need."""

from __future__ import annotations

from math import prod

from graphnn.core.node import Node
from graphnn.core.op import Op, View
from graphnn.core.storage import padded
from graphnn.engine.workers import thread_count

# Multiplications, or a like measure of work, from which sharing pays: these take 15 to 25 us on one thread. From
# 3 us on it paid on a quiet machine, but lost a fifth where other programs were running.
_SHARD = 1_000_000

# Elements that all kernels of one uninterrupted call may touch, about 20 ms of work: Ctrl-C is heard in between.
SLICE_WORK = 20_000_000


def parts_of(op: Op, view: View) -> tuple[list[View], int]:
    """The Views of the kernel calls that do the work of one, and a measure of that work.

    An op that can be cut (`@op.shard`) says in `view.ints["work"]` how much it has to do.
    """
    if op.shard_function is None:
        return [view], max(prod(s) for s in view.shapes)
    work = view.ints["work"]
    threads = thread_count()
    return (op.shard_function(view, threads) if work >= _SHARD and threads > 1 else [view]), work


def scratch_bytes(node: Node, views: list[View]) -> int:
    """Working memory of all parts of a node: they may run at the same time, so each has its own."""
    scratch = node.op.scratch_function
    if scratch is None:
        return 0
    return sum(
        padded(scratch(part) * node.dtype.itemsize) for view in views for part in parts_of(node.op, view)[0]
    )
