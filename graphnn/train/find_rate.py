"""Find a learning rate by trying: let it grow from step to step, and watch where the loss falls and where it blows up.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
>>> trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.Adam())
>>> found = gn.train.find_rate(trainer, gn.data.digits())
>>> 1e-4 < found.suggested < 0.1
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.errors import SettingError
from graphnn.core.settings import fraction, positive_number, seed_number, whole_number
from graphnn.train.diagnosis.trial import Trial
from graphnn.train.rows import Data, Rows, matched_rows

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# A loss that rose above its start by this share of the fall counts as blown up.
_RISE = 1.0


@dataclass(frozen=True)
class RateTest:
    """What `gn.train.find_rate` saw.

    rates, losses, smoothed : one number per step
    suggested : a tenth of the rate at which the smoothed loss was lowest; None if no rate lowered it
    steepest : the rate at which the smoothed loss fell fastest per decade; None likewise
    blew_up : the first rate at which the loss was far above its start or no number; None if that never came
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggested: float | None
    steepest: float | None
    blew_up: float | None

    def __str__(self) -> str:
        span = f"Rates from {self.rates[0]:.3g} to {self.rates[-1]:.3g} in {len(self.rates)} steps"
        end = "it never blew up" if self.blew_up is None else f"it blew up at {self.blew_up:.3g}"
        if self.suggested is None:
            return f"{span}: no rate lowered the loss ({self.losses[0]:.4g} at the start); {end}."
        fell = f"the loss fell fastest at {self.steepest:.3g}"
        return f"{span}: {fell}, {end}. Suggested learning rate: {self.suggested:.2g}."

    def __repr__(self) -> str:
        return f"<RateTest: suggested {self.suggested}, blew up at {self.blew_up}>"


def find_rate(
    trainer: Trainer, data: Data, lowest: float = 1e-6, highest: float = 10.0, steps: int = 100, *,
    batch: int = 64, seed: int = 0, smoothing: float = 0.8,
) -> RateTest:  # fmt: skip
    """Learning-rate range test: train with a rate that grows evenly per decade; the trainer stays as it was.

    lowest, highest : first and last value of `optimizer.learning_rate`; a schedule of the optimiser multiplies it
    steps : how many; each takes a batch drawn from `data` by `seed`
    smoothing : weight of the past in the running mean of the losses, 0 for none
    Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017.
    """
    lowest, highest = (
        positive_number(lowest, "find_rate: lowest"),
        positive_number(highest, "find_rate: highest"),
    )
    if lowest >= highest:
        raise SettingError(f"find_rate: lowest {lowest:g} is not below highest {highest:g}.")
    steps, batch = whole_number(steps, "find_rate: steps", 10), whole_number(batch, "find_rate: batch", 1)
    arrays, axis = matched_rows(data, [trainer.loss], "find_rate")
    with trainer.kept():
        return swept(
            trainer, arrays, axis, np.geomspace(lowest, highest, steps), batch,
            seed_number(seed, "find_rate"), fraction(smoothing, "find_rate: smoothing"),
        )  # fmt: skip


def swept(
    trainer: Trainer,
    arrays: Rows,
    axis: str,
    rates: np.ndarray,
    batch: int,
    seed: int,
    smoothing: float = 0.8,
) -> RateTest:
    """The test itself, within a block that keeps the trainer."""
    trial = Trial(
        trainer.loss, trainer.updates, arrays, axis, steps=len(rates), batch=batch, seed=seed,
        rates=(trainer.optimizer.learning_rate, rates),
    )  # fmt: skip
    losses = trial.run()
    smoothed = running_mean(losses, smoothing)
    # Beyond the blow-up the curve says nothing more: what is no number counts as worse than all.
    known = np.where(np.isfinite(smoothed), smoothed, np.inf)
    start = float(known[0])
    blown = None
    lowest_so_far = np.minimum.accumulate(known)
    for k in range(len(known)):
        fall = start - lowest_so_far[k]
        if not np.isfinite(known[k]) or known[k] > start + max(_RISE * fall, abs(start)):
            blown = k
            break
    valid = known[:blown] if blown else known
    at = int(np.argmin(valid))
    if not np.isfinite(start) or at == 0 or start - valid[at] < 0.05 * abs(start):
        suggested = steepest = None
    else:
        decades = np.log10(rates[: at + 1])
        slope = np.gradient(valid[: at + 1], decades)
        steepest = float(rates[int(np.argmin(slope))])
        suggested = float(rates[at]) / 10.0
    return RateTest(
        rates, losses, smoothed, suggested, steepest, None if blown is None else float(rates[blown])
    )


def running_mean(losses: np.ndarray, smoothing: float) -> np.ndarray:
    """Mean of the past with weights that fall by `smoothing` per step, unbiased at the start."""
    out = np.empty(len(losses))
    mean = weight = 0.0
    for k, loss in enumerate(losses.tolist()):
        mean = smoothing * mean + (1.0 - smoothing) * loss
        weight = smoothing * weight + (1.0 - smoothing)
        out[k] = mean / weight
    return out


__all__ = ["RateTest", "find_rate", "running_mean", "swept"]
