"""Compare GraphClassifier and GraphRegressor with scikit-learn's networks: held-out scores, and seconds of fitting.

python -m benchmarks.estimators --help
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnn as gn
from benchmarks import report
from benchmarks.neighbours import Neighbours

PACKAGES = ("numpy", "numba", "scikit-learn", "graphnn")
SEEDS = 10
# Times as fast as scikit-learn, and standard errors that the mean of the paired differences may lie below 0.
PROMISED_SPEED, PROMISED_NOISE = 5.0, 2.0
SETS: dict[str, dict[str, Any]] = {
    "iris": {},
    "wine": {},
    "breast_cancer": {},
    "digits": {},
    # With the default rate neither has learned anything after 200 epochs.
    "diabetes": {"learning_rate_init": 0.01},
}


@dataclass(frozen=True)
class Seen:
    """One set: scores of both for each seed, and seconds of each fit."""

    ours: np.ndarray
    theirs: np.ndarray
    our_seconds: np.ndarray
    their_seconds: np.ndarray

    @property
    def difference(self) -> tuple[float, float]:
        """Mean of ours minus theirs over the seeds, and its standard error."""
        paired = self.ours - self.theirs
        return float(paired.mean()), float(paired.std(ddof=1) / np.sqrt(len(paired)))

    @property
    def speed(self) -> float:
        """How many times as fast: the ratio of the medians."""
        return float(np.median(self.their_seconds) / np.median(self.our_seconds))

    @property
    def level(self) -> bool:
        """Whether our scores are theirs, within noise."""
        mean, error = self.difference
        return mean >= -PROMISED_NOISE * error


def measure(name: str, settings: dict[str, Any], seeds: int) -> Seen:
    """Fit both in turn on the same split for every seed; who begins changes with the seed."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    numbers = name == "diabetes"
    ours, theirs = (gn.GraphRegressor, MLPRegressor) if numbers else (gn.GraphClassifier, MLPClassifier)
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    scores: dict[Any, list[float]] = {ours: [], theirs: []}
    seconds: dict[Any, list[float]] = {ours: [], theirs: []}
    ours(max_iter=2, random_state=0, **settings).fit(x, y)  # kernels are loaded
    for seed in range(seeds):
        train_x, test_x, train_y, test_y = train_test_split(
            x, y, random_state=seed, stratify=None if numbers else y
        )
        for kind in (ours, theirs) if seed % 2 else (theirs, ours):
            model = make_pipeline(StandardScaler(), kind(random_state=seed, **settings))
            gc.collect()
            gc.disable()
            began = time.perf_counter()
            model.fit(train_x, train_y)
            seconds[kind].append(time.perf_counter() - began)
            gc.enable()
            scores[kind].append(model.score(test_x, test_y))
    return Seen(*map(np.array, (scores[ours], scores[theirs], seconds[ours], seconds[theirs])))


def row(name: str, seen: Seen) -> list[str]:
    mean, error = seen.difference
    return [
        name,
        f"{seen.ours.mean():.4f}",
        f"{seen.theirs.mean():.4f}",
        f"{mean:+.4f} ± {error:.4f}",
        report.number(float(np.median(seen.our_seconds)) * 1e3),
        report.number(float(np.median(seen.their_seconds)) * 1e3),
        f"{seen.speed:.1f} [{PROMISED_SPEED:g}]",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--write", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--check", action="store_true", help="fail if a promise is not kept")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # both say that 200 epochs are few
    neighbours = Neighbours()
    rows, broken = [], []
    for name in options.sets:
        seen = measure(name, SETS[name], options.seeds)
        rows.append(row(name, seen))
        if seen.speed < PROMISED_SPEED:
            broken.append(f"{name}: {seen.speed:.1f} times as fast, promised are {PROMISED_SPEED:g}")
        if not seen.level:
            broken.append(
                f"{name}: scores below scikit-learn's by more than {PROMISED_NOISE:g} standard errors"
            )
    others = neighbours.share()
    columns = [
        "set",
        "graphnn",
        "scikit-learn",
        "paired difference",
        "graphnn, ms",
        "scikit-learn, ms",
        "times as fast",
    ]
    text = "\n".join(
        [
            report.heading(" ".join(["python -m benchmarks.estimators", *sys.argv[1:]]), PACKAGES, others),
            f"\nHeld-out accuracy (R2 for diabetes), mean over {options.seeds} seeds; the paired difference with its "
            "standard error; milliseconds of one fit, scaling included, the median.\n",
            report.table(columns, rows),
        ]
    )
    print(text)
    if options.write:
        report.write_section("estimators", text, others)
    for words in broken:
        print(f"not kept: {words}")
    if options.check and broken:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
