"""Race whole training steps of the same nets in NumPy, PyTorch, JAX, PyTensor and graphnn.

python -m benchmarks.training_step --help
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from benchmarks import report
from benchmarks.neighbours import Neighbours
from benchmarks.nets import NETS, SGD, Adam, Net, Problem, problem
from benchmarks.peers import PEERS, Peer, load
from benchmarks.peers.numpy_peer import NumPyByHand
from benchmarks.timing import Spread, alternate

OPTIMIZERS = {"sgd": SGD(), "adam": Adam()}
PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "torch", "jax", "pytensor", "graphnn")

# After this many steps the losses are compared with a run in float64. Sums of 784 float32 terms in another
# order differ by some 1e-6, and the steps carry that on; a wrong slope is off by far more than 1e-4.
AGREE_STEPS = 20
AGREE_WITHIN = 1e-4

OURS = "graphnn"
# How many times faster than this peer a step is to be, per net in the order of NETS.
PROMISED = {
    "torch": (60, 9, 1.8, 1.0),
    "jax-loop": (2.5, 1.2, 1.3, 1.0),
    "numpy": (1.0, 1.0, 1.0, 1.0),
}


@dataclass(frozen=True)
class Race:
    """What one net and one optimiser gave: a spread and a difference of losses per peer."""

    net: Net
    optimizer: str
    spreads: dict[str, Spread]
    differences: dict[str, float]


def exact_loss(task: Problem) -> float:
    peer = NumPyByHand(float)
    peer.prepare(task)
    peer.run(AGREE_STEPS)
    return peer.loss()


def difference(peer: Peer, exact: float) -> float:
    """Relative difference of the loss that a peer computes in its last step."""
    peer.reset()
    peer.run(AGREE_STEPS)
    return abs(peer.loss() - exact) / abs(exact)


def race(net: Net, optimizer: str, keys: list[str], rounds: int, seconds_per_turn: float) -> Race:
    """Prepare, compare the losses, then take turns."""
    task = problem(net, OPTIMIZERS[optimizer])
    peers = {}
    for key in keys:
        peers[key] = load(key)
        peers[key].prepare(task)
    exact = exact_loss(task)
    differences = {key: difference(peer, exact) for key, peer in peers.items()}
    for key, found in differences.items():
        if not found <= AGREE_WITHIN:
            raise ArithmeticError(
                f"{PEERS[key].title} on {net.name} with {optimizer}: after {AGREE_STEPS} steps the loss is off "
                f"by {found:.1e} of the float64 run's, more than {AGREE_WITHIN:.0e}: not the same training."
            )
    spreads = alternate(peers, rounds=rounds, seconds_per_turn=seconds_per_turn)
    return Race(net, optimizer, spreads, differences)


def times_table(races: list[Race], keys: list[str]) -> str:
    """Medians, with the quartiles below them."""
    rows = []
    for one in races:
        cells = [
            f"{report.number(s.median)} ({report.number(s.lower)} to {report.number(s.upper)})"
            for s in (one.spreads[key] for key in keys)
        ]
        rows.append([one.net.name, str(one.net.batch), one.optimizer, *cells])
    return report.table(["net", "batch", "optimiser", *(PEERS[key].title for key in keys)], rows)


def ratios_table(races: list[Race], keys: list[str]) -> str:
    """How many times longer each peer takes than graphnn; what was promised for SGD stands in brackets."""
    others = [key for key in keys if not key.startswith(OURS)]
    rows = []
    for one in races:
        ours = one.spreads[OURS].median
        cells = []
        for key in others:
            promised = PROMISED.get(key)
            wanted = f" [{promised[NETS.index(one.net)]:g}]" if promised and one.optimizer == "sgd" else ""
            cells.append(f"{one.spreads[key].median / ours:.2f}{wanted}")
        rows.append([one.net.name, str(one.net.batch), one.optimizer, *cells])
    return report.table(["net", "batch", "optimiser", *(PEERS[key].title for key in others)], rows)


def broken_promises(races: list[Race]) -> list[str]:
    """The promises are about SGD."""
    told = []
    for one in races:
        if one.optimizer != "sgd" or OURS not in one.spreads:
            continue
        for key in PROMISED.keys() & one.spreads.keys():
            found = one.spreads[key].median / one.spreads[OURS].median
            promised = PROMISED[key][NETS.index(one.net)]
            if found < promised:
                told.append(
                    f"{one.net.name} beside {PEERS[key].title}: {found:.2f} times, promised {promised:g}"
                )
    return sorted(told)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training_step", description=__doc__.split("\n")[0]
    )
    without_pytensor = [key for key in PEERS if key != "pytensor"]
    nets = [net.name for net in NETS]
    whom = f"of {', '.join(PEERS)} (default: all but pytensor, which compiles for 20 s per net)"
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=without_pytensor, metavar="PEER", help=whom
    )
    parser.add_argument(
        "--nets", nargs="+", choices=nets, default=nets, metavar="NET", help="such as 784-128-10"
    )
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, default=list(OPTIMIZERS))
    parser.add_argument("--rounds", type=int, default=21, help="turns per peer (default: %(default)s)")
    parser.add_argument(
        "--seconds-per-turn", type=float, default=0.1, metavar="S", help="default: %(default)s"
    )
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md")
    parser.add_argument(
        "--check", action="store_true", help="end with status 1 if a promise of speed is not kept"
    )
    chosen = parser.parse_args()
    absent = [PEERS[key].library for key in chosen.peers if not PEERS[key].installed]
    if absent:
        parser.error(
            f"not installed: {', '.join(dict.fromkeys(absent))}. Install .[bench], or choose --peers."
        )
    return chosen


def main() -> int:
    """Race, print, and say whether the promises are kept."""
    chosen = arguments()
    nets = [net for net in NETS if net.name in chosen.nets]
    neighbours = Neighbours()
    races = []
    for optimizer in chosen.optimizers:
        for net in nets:
            races.append(race(net, optimizer, chosen.peers, chosen.rounds, chosen.seconds_per_turn))
            print(f"{net.name} {optimizer}: raced", file=sys.stderr, flush=True)
    worst = max(found for one in races for found in one.differences.values())
    others = neighbours.share()
    command = " ".join(["python -m benchmarks.training_step", *sys.argv[1:]])
    parts = [
        report.heading(command, PACKAGES, others),
        f"- Losses after {AGREE_STEPS} steps: within {worst:.0e} of a float64 run (limit {AGREE_WITHIN:.0e})",
        f"\nMicroseconds per step: median (quartiles) of {chosen.rounds} turns.\n",
        times_table(races, chosen.peers),
    ]
    if OURS in chosen.peers:
        parts += [
            "\nTimes the step of graphnn; what is promised in brackets.\n",
            ratios_table(races, chosen.peers),
        ]
    text = "\n".join(parts)
    print(text)
    if chosen.write:
        report.write_section("training_step", text, others)
    broken = broken_promises(races)
    for line in broken:
        print(f"not kept: {line}")
    return 1 if chosen.check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
