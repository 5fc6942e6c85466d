"""Race whole Adam steps of the small models that people teach with, beside PyTorch eager and JAX jit.

python -m benchmarks.model_step --help
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from typing import Any

from benchmarks import report
from benchmarks.neighbours import Neighbours
from benchmarks.timing import Spread, alternate

# Module of each model; how many times faster than PyTorch eager its step is to be.
MODELS = {"lenet": 1.5, "digits_cnn": 2.0, "lstm": 1.5, "transformer_block": 1.2}
PEERS = {"torch": "PyTorch eager", "jax": "JAX jit, per call", "ours": "graphnn, per call"}
PACKAGES = ("numpy", "numba", "llvmlite", "torch", "jax", "graphnn")

# The losses of 20 steps are compared. Sums in another order differ by some 1e-6 and the steps carry that on.
AGREE_STEPS = 20
AGREE_WITHIN = 1e-4

Step = Callable[[], Any]


class Training:
    """A contestant that goes on training: a step of it costs the same at any time."""

    def __init__(self, step: Step):
        self.step = step

    def reset(self) -> None:
        """Nothing: what a step does has no memory that its time depends on."""

    def run(self, steps: int) -> None:
        for _ in range(steps):
            loss = self.step()
        number(loss)  # JAX answers before it is done


def number(loss: Any) -> float:
    """The loss, whosever it is."""
    return float(loss.detach() if hasattr(loss, "detach") else loss)


def difference(losses: list[float], exact: list[float]) -> float:
    """The largest relative difference."""
    return max(abs(a - b) / abs(b) for a, b in zip(losses, exact, strict=True))


def race(
    model: str, keys: list[str], rounds: int, seconds_per_turn: float
) -> tuple[dict[str, Spread], dict[str, float]]:
    """Compare the losses with PyTorch's (with ours, without it), then take turns."""
    module = importlib.import_module(f"benchmarks.{model}")
    arrays = module.arrays(0)
    trainings = {key: Training(getattr(module, key)(arrays)) for key in keys}
    losses = {key: [number(one.step()) for _ in range(AGREE_STEPS)] for key, one in trainings.items()}
    differences = {key: difference(found, losses[keys[0]]) for key, found in losses.items()}
    for key, found in differences.items():
        if not found <= AGREE_WITHIN:
            raise ArithmeticError(
                f"{PEERS[key]} on {model}: a loss of the first {AGREE_STEPS} steps is off by {found:.1e} of "
                f"{PEERS[keys[0]]}'s, more than {AGREE_WITHIN:.0e}: not the same training."
            )
    return alternate(trainings, rounds=rounds, seconds_per_turn=seconds_per_turn), differences


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.model_step", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=21, help="turns per peer (default: %(default)s)")
    parser.add_argument(
        "--seconds-per-turn", type=float, default=0.2, metavar="S", help="default: %(default)s"
    )
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md")
    parser.add_argument(
        "--check", action="store_true", help="end with status 1 if a promise of speed is not kept"
    )
    return parser.parse_args()


def main() -> int:
    """Race, print, and say whether the promises are kept."""
    chosen = arguments()
    keys = [key for key in PEERS if key in chosen.peers]
    neighbours = Neighbours()
    times, ratios, broken, worst = [], [], [], 0.0
    for model in chosen.models:
        spreads, differences = race(model, keys, chosen.rounds, chosen.seconds_per_turn)
        print(f"{model}: raced", file=sys.stderr, flush=True)
        worst = max(worst, *differences.values())
        times.append(
            [
                model,
                *(
                    f"{report.number(s.median)} ({report.number(s.lower)} to {report.number(s.upper)})"
                    for s in (spreads[key] for key in keys)
                ),
            ]
        )
        if "ours" not in spreads:
            continue
        found = {key: spreads[key].median / spreads["ours"].median for key in keys if key != "ours"}
        wanted = {key: f" [{MODELS[model]:g}]" if key == "torch" else "" for key in found}
        ratios.append([model, *(f"{found[key]:.2f}{wanted[key]}" for key in found)])
        if found.get("torch", MODELS[model]) < MODELS[model]:
            broken.append(
                f"{model} beside {PEERS['torch']}: {found['torch']:.2f} times, promised {MODELS[model]:g}"
            )
    others = neighbours.share()
    command = " ".join(["python -m benchmarks.model_step", *sys.argv[1:]])
    parts = [
        report.heading(command, PACKAGES, others),
        f"- Losses of the first {AGREE_STEPS} steps: within {worst:.0e} of each other (limit {AGREE_WITHIN:.0e})",
        f"\nMicroseconds per Adam step: median (quartiles) of {chosen.rounds} turns.\n",
        report.table(["model", *(PEERS[key] for key in keys)], times),
    ]
    if ratios:
        parts += [
            "\nTimes the step of graphnn; what is promised in brackets.\n",
            report.table(["model", *(PEERS[key] for key in keys if key != "ours")], ratios),
        ]
    text = "\n".join(parts)
    print(text)
    if chosen.write:
        report.write_section("model_step", text, others)
    for line in broken:
        print(f"not kept: {line}")
    return 1 if chosen.check and broken else 0


if __name__ == "__main__":
    sys.exit(main())
