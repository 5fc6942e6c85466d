"""Measure what tiles gain: ten elementwise ops in a row, over few and many elements, with and without them.

python -m benchmarks.tiles --help
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours

SIZES = (4_096, 16_384, 65_536, 262_144, 1_000_000, 4_000_000)
PROMISED_SIZE, PROMISED = 1_000_000, 2.5
PACKAGES = ("numpy", "numba", "llvmlite", "torch", "graphnn")


def chain(x: Any, relu: Callable[[Any], Any], square: Callable[[Any], Any]) -> Any:
    """Ten cheap ops, in any library."""
    y = x
    for _ in range(2):
        y = square(relu(y * 1.01 + 0.5) - 0.3)
    return y


def tasks(size: int, dtype: type, *, with_torch: bool) -> dict[str, Callable[[int], object]]:
    """What is timed, by name, as functions of how often to do it."""
    fed = (np.random.default_rng(0).standard_normal(size) * 0.5).astype(dtype)
    x = gn.input("x", (size,), dtype.__name__)
    y = chain(x, gn.relu, gn.square)
    found: dict[str, Callable[[int], object]] = {}
    results = []
    for name, tiles in (("tiles", True), ("node by node", False)):
        program = gn.Program(y, tiles=tiles)
        results.append(program.run({x: fed}))
        found[name] = program.bind({x: fed}).run
    if results[0].tobytes() != results[1].tobytes():
        raise SystemExit(f"{size} elements: the bits differ with tiles")
    zero = dtype(0.0)
    found["NumPy"] = lambda often: [
        chain(fed, lambda v: np.maximum(v, zero), np.square) for _ in range(often)
    ]
    if with_torch:
        import torch

        tensor = torch.from_numpy(fed)
        found["PyTorch"] = lambda often: [chain(tensor, torch.relu, torch.square) for _ in range(often)]
    return found


def times(functions: dict[str, Callable[[int], object]], often: int, turns: int) -> dict[str, float]:
    """Seconds of one pass each, the median of many turns, taken in turn so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            begin = time.perf_counter()
            function(often)
            taken[name].append((time.perf_counter() - begin) / often)
    return {name: float(np.median(seconds)) for name, seconds in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--no-torch", action="store_true", help="leave PyTorch out")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    neighbours = Neighbours()
    rows, kept = [], True
    for dtype in (np.float32, np.float64):
        for size in SIZES:
            functions = tasks(size, dtype, with_torch=not options.no_torch)
            found = times(functions, max(1, 2_000_000 // size), options.turns)
            ratio = found["node by node"] / found["tiles"]
            if size == PROMISED_SIZE and dtype is np.float32:
                kept = ratio >= PROMISED
            cells = [report.number(seconds * 1e6) for seconds in found.values()]
            promised = f" [{PROMISED}]" if size == PROMISED_SIZE and dtype is np.float32 else ""
            row = [f"{ratio:.2f}{promised}", f"{found['NumPy'] / found['tiles']:.1f}"]
            rows.append([dtype.__name__, f"{size:,}", *cells, *row])
            names = list(found)
    others = neighbours.share()
    text = "\n".join(
        [
            report.heading(" ".join(["python -m benchmarks.tiles", *sys.argv[1:]]), PACKAGES, others),
            f"\nTen elementwise ops; microseconds, the median of {options.turns} turns.\n",
            report.table(["dtype", "elements", *names, "node by node / tiles", "NumPy / tiles"], rows),
        ]
    )
    print(text)
    if options.write:
        report.write_section("tiles", text, others)
    if not kept:
        print(f"not kept: {PROMISED} times over {PROMISED_SIZE:,} elements")
    if options.check and not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
