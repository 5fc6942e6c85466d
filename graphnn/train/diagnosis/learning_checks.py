"""Try the training itself: a few rows by heart, the learning rate, and whether the targets belong to the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphnn.train.diagnosis.one_batch import RATE, adam_updates, fell, learned_by_heart
from graphnn.train.diagnosis.report import Finding
from graphnn.train.diagnosis.stages import Anatomy
from graphnn.train.diagnosis.trial import Measured, Trial, picked, sample
from graphnn.train.find_rate import RateTest, swept
from graphnn.train.rows import Rows

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# What is left of the loss where a few rows are hardly learned, as a share of its start.
STILL = 0.3
# Rows that a trial takes at most, and the part of them that is held out.
ROWS, HELD_OUT = 4096, 4
# Held-out losses that differ by less are alike, as a share.
ALIKE = 0.05
# How far the gap between training and validation may be, as a share of what knowing nothing costs.
GAP = 0.3


def check_few_rows(trainer: Trainer, arrays: Rows, axis: str, seed: int) -> tuple[list[Finding], bool, bool]:
    """Findings, whether the model can learn a few rows at all, and whether its own optimiser does it.

    A model that has learned already has little left to show.
    """
    test = learned_by_heart(trainer, arrays, axis, batch=8, steps=300, seed=seed)
    before = float(trainer.history["loss"][0]) if "loss" in trainer.history else 0.0
    if test.end <= STILL * test.start or test.learned or test.start < 0.5 * before:
        return [], True, True
    evidence = {"start": test.start, "end": test.end, "rows": test.rows, "steps": len(test.losses)}
    other = test.end if test.by_adam is None else test.by_adam
    evidence["end with Adam"] = other
    if other <= STILL * test.start or fell(test.start, other):
        return [], True, False
    return [Finding(
        "loss does not fall", "loss",
        f"{len(test.losses)} steps on the same {test.rows} rows brought it from {test.start:.4g} to {test.end:.4g} "
        f"only, and Adam({RATE:g}) to {other:.4g}",
        "look for a wrong loss, gradients that do not arrive, equal inputs with different targets, or too small a "
        "model; mend this first.", evidence,
    )], False, False  # fmt: skip


def check_rate(
    trainer: Trainer, arrays: Rows, axis: str, *, batch: int, steps: int, seed: int, own_learns: bool
) -> tuple[list[Finding], RateTest, dict[str, np.ndarray]]:
    """Compare steps at the trainer's rate with steps at the rate that a range test suggests."""
    with trainer.kept():
        test = swept(trainer, arrays, axis, np.geomspace(1e-6, 10.0, 100), batch, seed)
    knob = trainer.optimizer.learning_rate
    rate = float(knob.value)
    own = _losses(trainer, arrays, axis, rate, batch=batch, steps=steps, seed=seed)
    curves = {"rates": test.rates, "losses of rates": test.losses, "losses": own}
    if test.suggested is None:
        return [], test, curves
    other = _losses(trainer, arrays, axis, test.suggested, batch=batch, steps=steps, seed=seed)
    curves["losses at suggested rate"] = other
    start = float(np.mean([own[0], other[0]]))
    end, better = _end(own), _end(other)
    evidence = {
        "learning rate": rate, "suggested": test.suggested, "loss at the start": start, "loss at its end": end,
        "with the suggested rate": better, "steps": steps,
    }  # fmt: skip
    place = f"{trainer.optimizer.name}.learning_rate"
    worse = not np.isfinite(end) or (end > 2.0 * better and end > 0.5 * start)
    if rate > 3.0 * test.suggested and better < 0.8 * start and worse:
        return [Finding(
            "learning rate too high", place,
            f"{steps} steps at {rate:.3g} end at a loss of {end:.4g}, at {test.suggested:.2g} of {better:.4g}",
            f"try {test.suggested:.2g}; see gn.train.find_rate.", evidence,
        )], test, curves  # fmt: skip
    if rate < 0.1 * test.suggested and better < 0.8 * start and start - end < 0.25 * (start - better):
        return [Finding(
            "learning rate too low", place,
            f"{steps} steps at {rate:.3g} lower the loss from {start:.4g} to {end:.4g}, at {test.suggested:.2g} to "
            f"{better:.4g}",
            f"try {test.suggested:.2g}; see gn.train.find_rate.", evidence,
        )], test, curves  # fmt: skip
    if not own_learns:
        return [Finding(
            "optimizer does not learn", place,
            f"its steps leave 8 rows more than {STILL:.0%} of their loss, but those of Adam({RATE:g}) do not",
            "try gn.optim.Adam, or another learning rate by gn.train.find_rate.", evidence,
        )], test, curves  # fmt: skip
    return [], test, curves


def check_targets_belong(
    trainer: Trainer, arrays: Rows, axis: str, body: Anatomy, *, batch: int, steps: int, seed: int
) -> tuple[list[Finding], float | None]:
    """Whether held-out rows are predicted better after learning the given targets than after learning shuffled ones.

    Nothing else is honest evidence: shuffled targets too can be learned by heart. Gives also the loss of knowing
    nothing.
    """
    rows = len(next(iter(arrays.values())))
    if not body.targets or rows < 4 * HELD_OUT:
        return [], None
    generator = np.random.Generator(np.random.Philox(seed + 1))
    order = generator.permutation(rows)[:ROWS]
    held, kept = order[: len(order) // HELD_OUT], order[len(order) // HELD_OUT :]

    def lowest(targets: Rows) -> float:
        given = {**arrays, **targets}
        return _held_out(trainer, picked(given, kept), picked(given, held), axis, batch, steps, seed)

    places = generator.permutation(rows)
    true = lowest({})
    shuffled = lowest({t: arrays[t][places] for t in body.targets})
    if not true >= (1.0 - ALIKE) * shuffled or shuffled <= 0.0:
        return [], shuffled
    names = ", ".join(str(t.name) for t in body.targets)
    evidence = {"held-out loss": true, "with shuffled targets": shuffled, "held-out rows": len(held)}
    for shift in (1, -1):
        moved = lowest({t: np.roll(arrays[t], shift, axis=0) for t in body.targets})
        evidence[f"with targets moved by {shift:+d} row"] = moved
        if moved < 0.8 * min(true, shuffled):
            return [Finding(
                "labels shifted", names,
                f"held-out rows have a loss of {true:.4g}, no better than with shuffled targets ({shuffled:.4g}), but "
                f"{moved:.4g} when the targets are moved by {shift:+d} row",
                f"move the targets: np.roll(targets, {shift}, axis=0), and look for the row that was lost or added.",
                evidence,
            )], shuffled  # fmt: skip
    return [Finding(
        "labels unrelated", names,
        f"held-out rows have a loss of {true:.4g} after learning the given targets and {shuffled:.4g} after learning "
        "shuffled ones: the inputs tell nothing about the targets",
        "look whether inputs and targets are in the same order; else other features are needed.", evidence,
    )], shuffled  # fmt: skip


def overfitting(train: float, validation: float, nothing: float | None, epochs: int) -> list[Finding]:
    """The gap between training and validation loss, measured by what knowing nothing costs."""
    if nothing is None or nothing <= 0.0 or validation - train <= GAP * nothing:
        return []
    return [Finding(
        "overfitting", "validation",
        f"the loss is {train:.4g} on the training rows but {validation:.4g} on the validation rows",
        "stop early (gn.train.EarlyStopping), use more rows, dropout, weight decay, augmentation or a smaller model.",
        {"training loss": train, "validation loss": validation, "loss of knowing nothing": nothing, "epochs": epochs},
    )]  # fmt: skip


def _losses(
    trainer: Trainer, arrays: Rows, axis: str, rate: float, *, batch: int, steps: int, seed: int
) -> np.ndarray:
    with trainer.kept():
        trainer.optimizer.learning_rate.value = rate
        return Trial(trainer.loss, trainer.updates, arrays, axis, steps=steps, batch=batch, seed=seed).run()


def _end(losses: np.ndarray) -> float:
    """The mean of the last tenth."""
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))


def _held_out(
    trainer: Trainer, kept: Rows, held: Rows, axis: str, batch: int, steps: int, seed: int
) -> float:
    """The lowest loss of held-out rows while Adam learns the others; before the first step it counts too."""
    measured = Measured(trainer.evaluation_loss, held)
    with trainer.kept():
        trial = Trial(trainer.loss, adam_updates(trainer), kept, axis, steps=steps, batch=batch, seed=seed)
        found = [measured()]
        for _ in range(10):
            trial.run(-(-steps // 10))
            found.append(measured())
    return float(np.nanmin(found))


__all__ = [
    "ROWS", "check_few_rows", "check_rate", "check_targets_belong", "overfitting", "sample",
]  # fmt: skip
