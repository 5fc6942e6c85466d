"""Measure what a graph costs that was never seen before: first result, new batch size, driver, long chains.

python -m benchmarks.no_compile --help
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours
from benchmarks.nets import NETS, SGD, problem
from benchmarks.peers.graphnn_peer import GraphnnPerCall

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "graphnn")
NODES = 1_000
DRIVER_NODES = 10_000


@dataclass(frozen=True)
class Finding:
    """One measured number beside what was promised of it; a limit of None promises nothing."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def kept(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def row(self) -> list[str]:
        limit = "" if self.limit is None else f"at most {self.limit:g}"
        return [self.what, f"{report.number(self.value)} {self.unit}", limit]


def seconds(task: Callable[[], object]) -> float:
    """How long one call takes, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        task()
        return time.perf_counter() - begin
    finally:
        gc.enable()


def random_graph(nodes: int, seed: int) -> tuple[gn.Node, gn.Node]:
    """An input of 8 by 8 and the sum of a row of operations, each on the last result and an earlier one."""
    rng = np.random.default_rng(seed)
    x = gn.input("x", (8, 8))
    made = [x]
    bounded = gn.tanh(x)  # factors stay within -1 and 1, so that no row overflows
    for kind, back in rng.integers(0, [5, 8], (nodes - 3, 2)):
        last, earlier = made[-1], made[-1 - back % len(made)]
        if kind == 0:
            made.append(last + earlier)
        elif kind == 1:
            made.append(last * bounded)
        elif kind == 2:
            made.append(last @ bounded)
        else:
            bounded = gn.tanh(last) if kind == 3 else gn.sigmoid(last)
            made.append(bounded)
    return x, gn.sum(made[-1])


def first_result(repeats: int) -> Finding:
    """From a built graph to its first result; every repeat has a graph of its own."""
    fed = np.random.default_rng(0).standard_normal((8, 8)).astype(np.float32)
    times = []
    for seed in range(repeats + 1):
        x, y = random_graph(NODES, seed)
        times.append(seconds(lambda x=x, y=y: gn.Program([y]).run({x: fed})))
    # The first graph of a process also loads the kernels.
    return Finding(f"{NODES} nodes, from built to first result", statistics.median(times[1:]) * 1e3, "ms", 30)


def new_batch_size(repeats: int) -> list[Finding]:
    """The first training step at a batch size that the program has not seen, beside the second one."""
    task = problem(NETS[1], SGD())
    peer = GraphnnPerCall()
    peer.prepare(task)
    first, second = [], []
    for batch in range(1, repeats + 2):
        feeds = {peer.x: task.x[:batch], peer.labels: task.labels[:batch]}
        first.append(seconds(lambda feeds=feeds: peer.program.run(feeds)))
        second.append(seconds(lambda feeds=feeds: peer.program.run(feeds)))
    return [
        Finding(
            f"{NETS[1].name}: first step at a new batch size", statistics.median(first[1:]) * 1e3, "ms", 5
        ),
        Finding(f"{NETS[1].name}: next step at that size", statistics.median(second[1:]) * 1e3, "ms"),
    ]


def driver(repeats: int) -> list[Finding]:
    """A chain of nodes that do next to nothing: what is left is the way from node to node.

    Once as in training, where the same pages are walked again and again, and once after a collection of garbage,
    which leaves the caches cold.
    """
    x = gn.input("x", (2,))
    y = x
    for _ in range(DRIVER_NODES):
        y = y * x
    program = gn.Program([y])
    feeds = {x: np.ones(2, np.float32)}
    program.run(feeds)
    often = 50
    warm = (
        statistics.median(seconds(lambda: program.run(feeds, repeats=often)) for _ in range(repeats)) / often
    )
    cold = statistics.median(seconds(lambda: program.run(feeds)) for _ in range(repeats))
    return [
        Finding("driver and kernel of 2 elements, per node", warm / DRIVER_NODES * 1e9, "ns", 12),
        Finding("the same with cold caches", cold / DRIVER_NODES * 1e9, "ns"),
    ]


def arenas() -> list[Finding]:
    """The arena of a training step over the peak of live bytes in its order."""
    findings = []
    for net in NETS:
        task = problem(net, SGD())
        peer = GraphnnPerCall()
        peer.prepare(task)
        memory = peer.program.memory(peer.feeds)
        ratio = memory["arena"] / memory["peak_live"]
        findings.append(Finding(f"{net.name}: arena over peak of live bytes", ratio, "times", 1.15))
    return findings


def resident() -> int:
    """Bytes of this process in memory now (Linux), else 0."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


def chain(length: int) -> dict[str, float]:
    """Build, differentiate and run a chain of tanh(y * w + x), three nodes a link; times are per node."""
    if length > 30:
        chain(30)  # loads the kernels, once per process
    w, x = gn.parameter(0.5, "w"), gn.input("x", ())
    nodes = 3 * max(1, length // 3)
    before, made = resident(), [x]

    def build() -> None:
        y = x
        for _ in range(nodes // 3):
            y = gn.tanh(y * w + x)
        made[0] = y

    slopes = []
    found = {"nodes": nodes, "build": seconds(build) / nodes * 1e6}
    found["build_bytes"] = (resident() - before) / nodes
    found["sort"] = seconds(lambda: gn.Graph([made[0]]).nodes) / nodes * 1e6
    found["gradient"] = seconds(lambda: slopes.append(gn.gradient(made[0], w))) / nodes * 1e6
    fed = {x: np.float32(0.1)}
    program = gn.Program([made[0], slopes[0]])
    found["first"] = seconds(lambda: program.run(fed)) / nodes * 1e6
    found["next"] = seconds(lambda: program.run(fed)) / nodes * 1e6
    found["bytes"] = (resident() - before) / nodes
    return found


def chain_table(lengths: list[int]) -> tuple[str, list[Finding]]:
    """Each length in a process of its own, so that memory is its own too."""
    columns = ["nodes", "build", "sort", "gradient", "plan and first run", "next run", "bytes built", "bytes"]
    rows, findings = [], []
    for length in lengths:
        command = [sys.executable, "-m", "benchmarks.no_compile", "--chain", str(length)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        timed = [report.number(found[key]) for key in ("build", "sort", "gradient", "first", "next")]
        rows.append(
            [f"{found['nodes']:.0f}", *timed, *(f"{found[key]:.0f}" for key in ("build_bytes", "bytes"))]
        )
        findings += [
            Finding(f"chain of {length:.0e} nodes: build, per node", found["build"], "microseconds", 10),
            Finding(
                f"chain of {length:.0e} nodes: gradient, per forward node",
                found["gradient"],
                "microseconds",
                30,
            ),
        ]
    return report.table(columns, rows), findings


def jax_first_result() -> Finding:
    """What JAX takes for a graph of that size: trace, compile, run."""
    import jax
    import jax.numpy as jnp

    def chain_of(x: jax.Array) -> jax.Array:
        y = x
        for _ in range(NODES // 3):
            y = jnp.tanh(y * 0.5 + x)
        return y

    x = jnp.ones((8, 8))
    jax.block_until_ready(jnp.tanh(x))
    taken = seconds(lambda: jax.block_until_ready(jax.jit(chain_of)(x)))
    return Finding(f"JAX jit, {NODES} nodes, to first result", taken * 1e3, "ms")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.no_compile", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--repeats", type=int, default=21, help="default: %(default)s")
    parser.add_argument(
        "--longest", type=int, default=1_000_000, metavar="N", help="longest chain: %(default)s"
    )
    parser.add_argument("--jax", action="store_true", help="also time JAX on a graph of that size")
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="end with status 1 if a limit is exceeded")
    parser.add_argument("--chain", type=int, metavar="N", help="measure one chain and print it as JSON")
    return parser.parse_args()


def main() -> int:
    """Measure, print, and say whether the limits are kept."""
    chosen = arguments()
    if chosen.chain is not None:
        print(json.dumps(chain(chosen.chain)))
        return 0
    neighbours = Neighbours()
    findings = [
        first_result(chosen.repeats),
        *new_batch_size(chosen.repeats),
        *driver(chosen.repeats),
        *arenas(),
    ]
    if chosen.jax:
        findings.append(jax_first_result())
    lengths = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= chosen.longest]
    chains, of_chains = chain_table(lengths)
    others = neighbours.share()
    command = " ".join(["python -m benchmarks.no_compile", *sys.argv[1:]])
    text = "\n".join(
        [
            report.heading(command, PACKAGES, others),
            "",
            report.table(["what", "measured", "promised"], [finding.row() for finding in findings]),
            "\nChains: microseconds and resident bytes, all per forward node.\n",
            chains,
        ]
    )
    print(text)
    if chosen.write:
        report.write_section("no_compile", text, others)
    broken = [finding for finding in [*findings, *of_chains] if not finding.kept]
    for finding in broken:
        print("not kept:", *finding.row(), sep="  ")
    return 1 if chosen.check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
