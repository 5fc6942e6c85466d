"""Measure what one element costs in exp, tanh, gelu and their kin, beside what the machine allows.

python -m benchmarks.elementwise --help
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from unittest import mock

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "torch", "graphnn")
SMALL, LARGE = 4096, 1_000_000
VECTOR = 32  # bytes
# What is promised of these: at most so often the limit, and ahead of NumPy.
PROMISED = ("exp", "tanh", "sigmoid", "gelu", "gelu_tanh", "erf", "silu")
TIMES_LIMIT = 1.5
ROOT_HALF, BEND = math.sqrt(0.5), math.sqrt(2.0 / math.pi)


def erf(x: np.ndarray) -> np.ndarray:
    from scipy import special

    return special.erf(x)


NUMPY: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "gelu": lambda x: 0.5 * x * (1.0 + erf(x * ROOT_HALF)),
    "gelu_tanh": lambda x: 0.5 * x * (1.0 + np.tanh(BEND * (x + 0.044715 * x * x * x))),
    "erf": erf,
    "silu": lambda x: x / (1.0 + np.exp(-x)),
    "log": np.log,
    "log1p": np.log1p,
    "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "mish": lambda x: x * np.tanh(np.logaddexp(x, x.dtype.type(0))),
    "sqrt": np.sqrt,
    "pow": lambda x: np.power(x, x),
}


def torch_function(name: str) -> Callable[[Any], Any]:
    import torch

    functional = torch.nn.functional
    if name == "gelu_tanh":
        return lambda x: functional.gelu(x, approximate="tanh")
    if name == "pow":
        return lambda x: torch.pow(x, x)
    return getattr(torch, name, None) or getattr(functional, name)


def best(task: Callable[[], object], seconds: float) -> float:
    """Seconds of the quickest of many calls: others can only make a call slower."""
    task()
    quickest, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        task()
        quickest = min(quickest, time.perf_counter() - begin)
    return quickest


@dataclass(frozen=True)
class Machine:
    """What one core does at best: nanoseconds per vector multiply-add, per vector division, per byte copied."""

    multiply_add: float
    division: float
    copy: dict[int, float]


def loop_time(lines: list[str], dtype: np.dtype, seconds: float) -> float:
    """Nanoseconds per element of a loop over numbers in the nearest cache, whose body is given as source."""
    import numba

    body = "\n".join(f"        {line}" for line in lines)
    source = f"def loop(x, y, b, c):\n    for i in range(y.size):\n        v = x[i]\n{body}\n"
    names: dict[str, Any] = {}
    exec(source, names)  # our own text
    function = numba.njit(error_model="numpy", fastmath={"contract"})(names["loop"])
    x = np.full(1024, 0.5, dtype)
    y = np.empty_like(x)
    b, c = dtype.type(0.5), dtype.type(0.25)
    return best(lambda: function(x, y, b, c), seconds) / x.size * 1e9


def measure_machine(dtype: np.dtype, seconds: float) -> Machine:
    """Eight chains of multiply-adds or divisions, so that none waits for the one before."""
    lanes, rounds = VECTOR // dtype.itemsize, 24
    names = "pqrstuwz"
    start = ["p = v", *(f"{n} = {m} + c" for m, n in pairwise(names))]
    total = [f"y[i] = {' + '.join(names)}"]
    fused = [f"{n} = {n} * b + c" for _ in range(rounds) for n in names]
    divided = [f"{n} = b / ({n} + c)" for _ in range(2) for n in names]
    added = [f"{n} = b * {n} + c" for _ in range(2) for n in names]
    multiply_add = loop_time([*start, *fused, *total], dtype, seconds) / (rounds * len(names)) * lanes
    both = loop_time([*start, *divided, *total], dtype, seconds)
    division = (both - loop_time([*start, *added, *total], dtype, seconds)) / (2 * len(names)) * lanes
    copy = {}
    for size in (SMALL, LARGE):
        x = np.ones(size, dtype)
        y = np.empty_like(x)
        copy[size] = best(lambda x=x, y=y: np.copyto(y, x), seconds) / size * 1e9
    return Machine(multiply_add, division, copy)


def assembly(record: Any, dtype: np.dtype) -> str:
    """The machine instructions of the op's kernel, as the engine compiles it for this processor."""
    from graphnn.engine import compile as compiler
    from graphnn.engine import kernels, loader

    count = len(record.signature.inputs)
    key = kernels.Key(record, (dtype,) * (count + 1), (1,) * (count + 1), ("",) * (count + 1))
    source, kernel, constants = kernels._parts(key)
    machine = loader.target_machine()
    machine.emit_object = machine.emit_assembly
    with mock.patch.object(loader, "target_machine", return_value=machine):
        return str(compiler.compile_entry("graphnn_entry_listing", source, kernel, constants))


def vector_work(text: str) -> tuple[float, float] | None:
    """Floating-point operations and divisions per vector of results, in the longest vector loop of an x86 listing.

    A multiply-add is one operation, as a sum, a product, a comparison or a conversion is. Moves, selects and
    integers do not count: they run beside. None where no loop works on whole vectors, as on other processors.
    """
    loops: list[tuple[int, int, int]] = []
    for block in re.split(r"(?m)^(?=\.L\w+:)", text):
        label = block.partition(":")[0]
        if not re.search(rf"\bj\w+\t{re.escape(label)}\b", block):
            continue
        words = [line.strip() for line in block.splitlines()[1:]]
        vectors = [w for w in words if re.search(r"%[yz]mm", w)]
        stores = [w for w in vectors if re.match(r"vmov\w*\t%[yz]mm\d+, [^%]*\((?!%rsp)", w)]
        divided = [w for w in vectors if re.match(r"v(div|sqrt)", w)]
        work = [w for w in vectors if re.match(r"v(fn?m(add|sub)|add|sub|mul|max|min|round|cmp|cvt)\w+", w)]
        if stores:
            loops.append((len(stores), len(work), len(divided)))
    if not loops:
        return None
    return max((work / stores, divided / stores) for stores, work, divided in loops)


def graphnn_task(name: str, x: np.ndarray) -> tuple[Callable[[], object], int]:
    """A program of that node alone; many runs are one call, so that what is timed is the kernel."""
    leaf = gn.parameter(x, "x", dtype=x.dtype)
    record = gn.ops.__dict__[name]
    node = record(*[leaf] * len(record.signature.inputs))
    program = gn.Program([node])
    repeats = max(4, 200_000 // x.size)
    return lambda: program.run(repeats=repeats), repeats


@dataclass(frozen=True)
class Row:
    """What one op costs per element, in nanoseconds."""

    name: str
    dtype: str
    size: int
    ours: float
    numpy: float
    torch: float | None
    copy: float
    arithmetic: float | None

    @property
    def limit(self) -> float:
        return max(self.copy, self.arithmetic or 0.0)

    @property
    def kept(self) -> bool:
        return self.name not in PROMISED or (
            self.ours < self.numpy and (self.arithmetic is None or self.ours <= TIMES_LIMIT * self.limit)
        )

    def cells(self) -> list[str]:
        torch = "" if self.torch is None else report.number(self.torch)
        arithmetic = "" if self.arithmetic is None else report.number(self.arithmetic)
        times = f"{self.ours / self.limit:.2f}{'' if self.name in PROMISED else ' (not promised)'}"
        return [
            self.name, self.dtype, str(self.size), report.number(self.ours), report.number(self.numpy), torch,
            report.number(self.copy), arithmetic, times,
        ]  # fmt: skip


def measure(name: str, dtype: np.dtype, size: int, machine: Machine, chosen: argparse.Namespace) -> Row:
    """One op beside NumPy and PyTorch, the same numbers for all."""
    low, high = (0.1, 4.0) if name in ("log", "log1p", "sqrt", "pow") else (-4.0, 4.0)
    x = np.random.default_rng(0).uniform(low, high, size).astype(dtype)
    task, repeats = graphnn_task(name, x)
    seconds = chosen.seconds
    ours = best(task, seconds) / repeats / size * 1e9
    numpy = best(lambda: NUMPY[name](x), seconds) / size * 1e9
    torch_time = None
    if not chosen.no_torch:
        import torch

        torch.set_num_threads(1)
        function, tensor = torch_function(name), torch.from_numpy(x)
        torch_time = best(lambda: function(tensor), seconds) / size * 1e9
    arithmetic = None
    counted = vector_work(assembly(gn.ops.__dict__[name], dtype))
    if counted:
        work, divided = counted
        arithmetic = (work * machine.multiply_add + divided * machine.division) / VECTOR * dtype.itemsize
    return Row(name, str(dtype), size, ours, numpy, torch_time, machine.copy[size], arithmetic)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.elementwise", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--ops", nargs="+", choices=sorted(NUMPY), default=list(NUMPY), metavar="OP")
    parser.add_argument("--seconds", type=float, default=0.3, help="per measurement: %(default)s")
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="end with status 1 if a promise is not kept")
    return parser.parse_args()


def main() -> int:
    """Measure, print, and say whether the promises are kept."""
    os.environ["GRAPHNN_THREADS"] = "1"
    chosen = arguments()
    neighbours = Neighbours()
    rows, told = [], []
    for dtype in (gn.float32, gn.float64):
        machine = measure_machine(dtype, chosen.seconds)
        told.append(
            f"{dtype}: a vector of {VECTOR} bytes takes {report.number(machine.multiply_add)} ns per multiply-add and "
            f"{report.number(machine.division)} ns per division"
        )
        rows += [
            measure(name, dtype, size, machine, chosen) for name in chosen.ops for size in (SMALL, LARGE)
        ]
    others = neighbours.share()
    columns = ["op", "dtype", "elements", "graphnn", "NumPy", "PyTorch", "copy", "arithmetic", "times limit"]
    command = " ".join(["python -m benchmarks.elementwise", *sys.argv[1:]])
    text = "\n".join(
        [
            report.heading(command, PACKAGES, others),
            *(f"- {line}" for line in told),
            "\nNanoseconds per element on one thread, the quickest of many calls.\n",
            report.table(columns, [row.cells() for row in rows]),
        ]
    )
    print(text)
    if chosen.write:
        report.write_section("elementwise", text, others)
    broken = [row for row in rows if not row.kept]
    for row in broken:
        print("not kept:", *row.cells(), sep="  ")
    return 1 if chosen.check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
