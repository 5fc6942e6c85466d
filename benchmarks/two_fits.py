"""Measure how much more two trainings in two Python threads do at once than one alone.

python -m benchmarks.two_fits --help
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours

PROMISED = 1.7
PACKAGES = ("numpy", "numba", "llvmlite", "graphnn")
# Name: units of the hidden layers, rows per batch.
NETS = {"64-64-32-10, batch 64": ((64, 32), 64), "64-256-256-10, batch 128": ((256, 256), 128)}
PROMISED_NET = "64-64-32-10, batch 64"


def fitted(units: tuple[int, ...], batch: int, seed: int) -> Callable[[int], object]:
    """A trainer of its own, with validation data, as a function of how many epochs it goes on."""
    train, test = gn.data.split(gn.data.digits(), 0.2, seed=seed)
    layers = [*(gn.nn.Dense(count, gn.relu) for count in units), gn.nn.Dense(10)]
    trainer = gn.Trainer.classifier(gn.nn.Sequential(layers, seed=seed), 64, 10, gn.optim.Adam(0.001))

    def run(epochs: int) -> object:
        return trainer.fit(train, epochs=epochs, batch=batch, validation=test, progress=False)

    run(2)
    return run


def seconds(runs: list[Callable[[int], object]], epochs: int) -> float:
    """Seconds until all have run their epochs, each in a thread of its own."""
    threads = [threading.Thread(target=run, args=(epochs,)) for run in runs]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn of one training alone")
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    neighbours = Neighbours()
    rows, kept = [], True
    for name, (units, batch) in NETS.items():
        runs = [fitted(units, batch, seed) for seed in (1, 2)]
        epochs = max(2, int(options.seconds / (seconds(runs[:1], 10) / 10)))
        alone, together = [], []
        for turn in range(options.turns):
            alone.append(seconds([runs[turn % 2]], epochs))
            together.append(seconds(runs, epochs))
        one, two = float(np.median(alone)), float(np.median(together))
        gain = 2 * one / two
        promised = ""
        if name == PROMISED_NET:
            kept, promised = gain >= PROMISED, f" [{PROMISED}]"
        cells = [report.number(value / epochs * 1e3) for value in (one, two)]
        rows.append([name, *cells, f"{gain:.2f}{promised}"])
    others = neighbours.share()
    text = "\n".join(
        [
            report.heading(" ".join(["python -m benchmarks.two_fits", *sys.argv[1:]]), PACKAGES, others),
            "\nDigits with validation data; milliseconds per epoch until all threads are done, the median of "
            f"{options.turns} turns.\n",
            report.table(["net", "one fit", "two fits at once", "work done at once / alone"], rows),
        ]
    )
    print(text)
    if options.write:
        report.write_section("two_fits", text, others)
    if not kept:
        print(f"not kept: {PROMISED} times the work in two threads")
    if options.check and not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
