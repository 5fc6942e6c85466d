"""Try whether a model can learn a few rows by heart: if not even that works, something is broken.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
>>> trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.Adam(0.01))
>>> gn.train.overfit_one_batch(trainer, gn.data.digits()).learned
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.node import Node
from graphnn.core.settings import seed_number, whole_number
from graphnn.optim import Adam
from graphnn.train.diagnosis.trial import Measured, Trial, picked
from graphnn.train.rows import Data, Rows, matched_rows

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# What is left of the loss where a model knows its few rows by heart, as a share of its start.
LEFT = 0.1

# Of Adam, which tries where the trainer's own optimiser fails.
RATE = 0.005


@dataclass(frozen=True)
class OneBatch:
    """What `gn.train.overfit_one_batch` saw.

    losses : of each step with the trainer's own optimiser
    start, end : the inference loss of the rows before and after
    learned : whether the loss fell to a tenth, or below 0
    by_adam : the end with Adam instead, tried where the own optimiser failed; else None
    """

    losses: np.ndarray
    start: float
    end: float
    rows: int
    by_adam: float | None = None

    @property
    def learned(self) -> bool:
        return fell(self.start, self.end)

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        way = f"in {len(self.losses)} steps the loss of {self.rows} rows went from {self.start:.4g} to {self.end:.4g}"
        if self.learned:
            return f"The model can learn: {way}."
        if self.by_adam is not None and fell(self.start, self.by_adam):
            return (
                f"The model can learn, but not with this optimiser and learning rate: {way}; "
                f"Adam({RATE:g}) brought it to {self.by_adam:.4g}. Try gn.train.find_rate."
            )
        also = "" if self.by_adam is None else f", and Adam({RATE:g}) brought it to {self.by_adam:.4g} only"
        return (
            f"The model does not learn even {self.rows} rows by heart: {way}{also}. Look for a wrong loss, gradients "
            "that do not arrive, equal inputs with different targets, or too small a model."
        )

    def __str__(self) -> str:
        return self.verdict

    def __repr__(self) -> str:
        return f"<OneBatch: learned {self.learned}, loss {self.start:.4g} -> {self.end:.4g}>"


def overfit_one_batch(
    trainer: Trainer, data: Data, *, batch: int = 8, steps: int = 300, seed: int = 0
) -> OneBatch:
    """Train on a few rows only, drawn by seed, and say in words whether the model learns them; it stays as it was.

    Where the trainer's own optimiser fails, Adam is tried from the same start: this tells a bad rate from a bad model.
    """
    batch, steps = (
        whole_number(batch, "overfit_one_batch: batch", 1),
        whole_number(steps, "overfit_one_batch: steps", 1),
    )
    seed = seed_number(seed, "overfit_one_batch")
    arrays, axis = matched_rows(data, [trainer.loss, trainer.evaluation_loss], "overfit_one_batch")
    return learned_by_heart(trainer, arrays, axis, batch=batch, steps=steps, seed=seed)


def learned_by_heart(
    trainer: Trainer, arrays: Rows, axis: str, *, batch: int, steps: int, seed: int
) -> OneBatch:
    """The test itself; keeps the trainer."""
    count = len(next(iter(arrays.values())))
    chosen = np.random.Generator(np.random.Philox(seed)).permutation(count)[:batch]
    few = picked(arrays, np.sort(chosen))
    measured = Measured(trainer.evaluation_loss, few)
    start = measured()
    with trainer.kept():
        losses = Trial(trainer.loss, trainer.updates, few, axis, steps=steps, batch=batch, seed=seed).run()
        end = measured()
    by_adam = None
    if not fell(start, end):
        with trainer.kept():
            Trial(trainer.loss, adam_updates(trainer), few, axis, steps=steps, batch=batch, seed=seed).run()
            by_adam = measured()
    return OneBatch(losses, start, end, len(chosen), by_adam)


def fell(start: float, end: float) -> bool:
    """Whether a loss fell to a tenth of its start, or below 0, where losses such as densities have no floor."""
    return bool(np.isfinite(end) and end < start and (end <= LEFT * start or end < 0.0))


def adam_updates(trainer: Trainer) -> dict[Node, Node]:
    """The trainer's step with a fresh Adam in place of its optimiser; the states of layers move on as before."""
    model = frozenset(trainer.graph.parameters) - frozenset(trainer.parameters)
    states = {p: new for p, new in trainer.updates.items() if p in model}
    adam = Adam(RATE)
    return {**states, **adam.updates(trainer.parameters, trainer.gradients, trainer.loss)}


__all__ = ["OneBatch", "adam_updates", "fell", "learned_by_heart", "overfit_one_batch"]
