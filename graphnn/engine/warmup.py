"""Compile the kernels of all ops before they are needed, so that no later start has to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from graphnn.core.dtypes import SUPPORTED, DType, float32, float64
from graphnn.core.errors import KernelError
from graphnn.core.graph import Graph
from graphnn.core.leaves import input
from graphnn.core.node import Node
from graphnn.core.op import Op, Sample
from graphnn.core.registry import OPS
from graphnn.core.settings import whole_number
from graphnn.engine import cache as store
from graphnn.engine.elsewhere import Compiler
from graphnn.engine.kernels import Key, file_name, prepare
from graphnn.engine.pages import KeyList
from graphnn.engine.plan import make_plan
from graphnn.engine.progress import progress_bar


class Warmup(NamedTuple):
    """What a warm-up did: kernels there are, kernels it compiled, seconds it took."""

    kernels: int
    compiled: int
    seconds: float


def warmup(*, processes: int = 2, progress: bool = True) -> Warmup:
    """Compile every kernel of every declared op, in float32 and float64, into the cache.

    Raises KernelError if the cache folder cannot be written, for then the work would be lost.
    """
    processes = whole_number(processes, "warmup: processes", 1)
    began = time.perf_counter()
    if not store.state()["writable"]:
        raise KernelError(
            f"warmup: the cache folder {store.folder()} cannot be written. Set GRAPHNN_CACHE_DIR to a folder that can."
        )
    keys = all_keys()
    missing = [key for key in keys if store.read(file_name(key)) is None]
    if missing:
        _compile(missing, processes, progress=progress)
    prepare(keys, quiet=True)
    return Warmup(len(keys), len(missing), time.perf_counter() - began)


def _compile(missing: list[Key], processes: int, *, progress: bool) -> None:
    """Let processes that live until the end take one kernel after the other: each imports the compiler once."""
    from concurrent.futures import ThreadPoolExecutor

    waiting = iter(missing)
    with (
        progress_bar(len(missing), "kernel", show=progress, words="compiling") as bar,
        ThreadPoolExecutor(max_workers=processes) as pool,
    ):
        lock = threading.Lock()
        helpers = [pool.submit(_keep_busy, waiting, lock, bar) for _ in range(min(processes, len(missing)))]
        for helper in helpers:
            helper.result()


def _keep_busy(waiting: Iterator[Key], lock: threading.Lock, bar: Any) -> None:
    """Hand kernels to a process of its own until there are none."""
    compiler = Compiler()
    try:
        while True:
            with lock:
                key = next(waiting, None)
            if key is None:
                break
            if not compiler.compile(key):
                raise KernelError(f"warmup: a compiling process failed: {compiler.complaint()}")
            with lock:
                bar.update()
    finally:
        compiler.close()


def all_keys() -> list[Key]:
    """The kernels of graphnn's own ops, as their declared samples call them, in an order that never changes."""
    found: dict[Key, None] = {}
    for name in sorted(OPS):
        op = OPS[name]
        if op.role != "op" or op.kernel_function is None or not op.__module__.startswith("graphnn."):
            continue
        for dtype in (float32, float64, *[d for d in SUPPORTED if d not in (float32, float64)]):
            if dtype in op.types:
                for sample in op.samples:
                    for node in _calls(op, sample, dtype):
                        plan = make_plan([node], (), {})
                        found.update(dict.fromkeys(KeyList(plan).keys))
    return list(found)


def _calls(op: Op, sample: Sample, dtype: DType) -> list[Node]:
    """The sample's call; for pointwise ops of two operands also with one number on either side."""
    ports = op.signature.inputs
    shapes = sample.shapes
    dtypes = [p.dtype or dtype for p in ports] if not op.signature.variadic else [dtype] * len(shapes)
    names = [f"operand{i}" for i in range(len(shapes))]
    leaves = [input(n, s, d) for n, s, d in zip(names, shapes, dtypes, strict=True)]
    made = [op.node(*leaves, **sample.attributes)]
    if op.pointwise and len(leaves) == 2 and all(p.axes for p in ports):
        for slot in (0, 1):
            single: list[Any] = list(leaves)
            single[slot] = input("number", (), dtypes[slot])
            made.append(op.node(*single, **sample.attributes))
    return made


def self_test(tell: Callable[[str], None] | None = None) -> float:
    """Train three steps of a small net and compare with the NumPy meaning of the graph; gives the largest error."""
    import numpy as np

    from graphnn.core.leaves import parameter
    from graphnn.engine.program import Program
    from graphnn.transform.gradient import gradient
    from graphnn.transform.interpret import interpret

    rng = np.random.Generator(np.random.Philox(7))
    x = input("x", ("batch", 5), "float64")
    w = parameter(rng.normal(size=(5, 3)), "w", "float64")
    loss = OPS["sum"](OPS["tanh"](x @ w) * 0.5)
    new = w - 0.1 * gradient(loss, w)
    feeds = {x: rng.normal(size=(4, 5))}
    program = Program(loss, {w: new})
    worst = 0.0
    for _ in range(3):
        wanted = interpret([loss, new], feeds)
        got = program.run(feeds)
        worst = max(worst, abs(float(got) - float(wanted[0])), float(np.abs(w.value - wanted[1]).max()))
    if tell is not None:
        tell(f"{len(Graph([loss, new]))} nodes, largest difference from NumPy {worst:.1e}")
    return worst
