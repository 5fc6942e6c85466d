"""Measure what a whole epoch of `Trainer.fit` costs beside its bare steps: shuffling, validation, metric, progress bar.

python -m benchmarks.epoch --help
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from collections.abc import Callable

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours

PROMISED = 1.3
BATCH = 64
PACKAGES = ("numpy", "numba", "llvmlite", "tqdm", "graphnn")


def contestants() -> tuple[dict[str, Callable[[int], object]], int]:
    """What is timed, by name, as functions of how many epochs; and the steps of an epoch."""
    train, test = gn.data.split(gn.data.digits(), 0.2, seed=0)
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    layers = [gn.nn.Dense(64, gn.relu), gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)]
    logits = gn.nn.Sequential(layers, seed=1)(x)
    loss = gn.softmax_cross_entropy(logits, y)
    trainer = gn.Trainer(loss, gn.optim.Adam(0.001), metrics={"accuracy": gn.accuracy(logits, y)})
    steps = -(-len(train) // BATCH)
    bare = gn.Program(loss, trainer.updates)
    feeds = {"x": np.ascontiguousarray(train.x[:BATCH]), "y": train.y[:BATCH]}

    def whole(epochs: int) -> None:
        trainer.fit(train, epochs=epochs, batch=BATCH, validation=test)

    return {
        "bare steps": lambda epochs: bare.run(feeds, repeats=steps * epochs),
        "fit": lambda epochs: trainer.fit(train, epochs=epochs, batch=BATCH, progress=False),
        "fit, validation, metric, bar": whole,
    }, steps


def times(functions: dict[str, Callable[[int], object]], epochs: int, turns: int) -> dict[str, list[float]]:
    """Seconds per epoch of every turn, taken in turn so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(turns + 1):
        for name, function in functions.items():
            begin = time.perf_counter()
            function(epochs)
            if turn:  # the first one warms up
                taken[name].append((time.perf_counter() - begin) / epochs)
    return taken


class Terminal(io.StringIO):
    """A screen that takes what the progress bar writes."""

    def isatty(self) -> bool:
        return True


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=41)
    parser.add_argument("--epochs", type=int, default=100, help="of one turn")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    neighbours = Neighbours()
    functions, steps = contestants()
    with contextlib.redirect_stderr(Terminal()):
        taken = times(functions, options.epochs, options.turns)
    bare = taken["bare steps"]
    rows, ratio = [], 0.0
    for name, found in taken.items():
        # Each turn's own ratio: a slow minute slows both of its sides.
        ratio = float(np.median(np.array(found) / np.array(bare)))
        low, middle, high = (report.number(v * 1e6) for v in np.percentile(found, [25, 50, 75]))
        promised = f" [{PROMISED}]" if name.endswith("bar") else ""
        rows.append([name, middle, f"{low} to {high}", f"{ratio:.2f}{promised}"])
    kept = ratio <= PROMISED
    others = neighbours.share()
    text = "\n".join(
        [
            report.heading(" ".join(["python -m benchmarks.epoch", *sys.argv[1:]]), PACKAGES, others),
            f"\nAn epoch of digits, 64-64-32-10, Adam, {steps} steps of {BATCH} rows; microseconds, median and "
            f"quartiles of {options.turns} turns of {options.epochs} epochs.\n",
            report.table(["", "an epoch", "quartiles", "ratio to bare steps"], rows),
        ]
    )
    print(text)
    if options.write:
        report.write_section("epoch", text, others)
    if not kept:
        print(f"not kept: at most {PROMISED} times the bare steps")
    if options.check and not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
