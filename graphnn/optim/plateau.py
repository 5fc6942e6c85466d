"""Lower the learning rate when the training loss no longer falls, inside of the graph."""

from __future__ import annotations

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import SettingError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import fraction, whole_number
from graphnn.ops import cast, greater, greater_equal, less, maximum, where
from graphnn.optim.optimizer import Clock
from graphnn.optim.schedules import Schedule

# Stands for "no loss so far". Infinity would look like a fault to a program that watches for it.
_WORST = float(np.finfo(np.float64).max)


def plateau(
    factor: float = 0.1,
    patience: int = 10,
    *,
    every: int,
    threshold: float = 1e-4,
    cooldown: int = 0,
    least: float = 0.0,
) -> Schedule:
    """Times `factor` whenever the mean loss of a block of steps has not improved for more than `patience` blocks.

    every : steps in a block, such as those of an epoch; the loss of a block is the mean of their losses
    patience : blocks without improvement that are borne
    threshold : an improvement is a loss below (1 - threshold) times the best one
    cooldown : blocks after a change in which nothing is counted
    least : the factor never falls below it

    It looks at the training loss, which the steps compute anyway; for a measure of validation use a callback of the
    trainer. Its state (best loss, counts, factor, sum of the block) are parameters of the optimiser, and so are saved.
    Behind `then` it begins when its turn comes. Source: PyTorch, ReduceLROnPlateau with its mode "min", threshold mode
    "rel" and an eps of 0: changes that are too small to matter are made.
    """
    who = "plateau"
    share = fraction(factor, f"{who}: factor")
    if share == 0.0:
        raise SettingError(f"{who}: factor is a number between 0 and 1, found {factor!r}.")
    block = float(whole_number(every, f"{who}: every", 1))
    borne, rest = (
        float(whole_number(patience, f"{who}: patience")),
        float(whole_number(cooldown, f"{who}: cooldown")),
    )
    enough = 1.0 - fraction(threshold, f"{who}: threshold")
    lowest = fraction(least, f"{who}: least")

    def watch(t: Node, clock: Clock) -> Node:
        one, zero = constant(1.0, float64), constant(0.0, float64)
        loss = cast(clock.loss(who), float64)
        present, best = clock.kept(1.0, "factor"), clock.kept(_WORST, "best loss")
        bad, cooling = clock.kept(0.0, "bad blocks"), clock.kept(0.0, "blocks to cool")
        count, total = clock.kept(0.0, "steps in block"), clock.kept(0.0, "sum of block")
        mine = greater_equal(t, zero)  # false before the turn of a schedule behind `then`
        steps, losses = where(mine, count + one, zero), where(mine, total + loss, zero)
        full = greater_equal(steps, constant(block, float64))
        mean = losses / block
        better = less(mean, best * enough)
        cool = greater(cooling, zero)
        worse = where(cool, zero, where(better, zero, bad + one))
        lower = greater(worse, constant(borne, float64))
        left = where(cool, cooling - one, zero)
        new = {
            present: where(lower, maximum(present * share, lowest), present),
            best: where(better, mean, best),
            bad: where(lower, zero, worse),
            cooling: where(lower, constant(rest, float64), left),
        }
        clock.updates.update({node: where(full, value, node) for node, value in new.items()})
        clock.updates[count] = where(full, zero, steps)
        clock.updates[total] = where(full, zero, losses)
        return present

    def unknown(t: Node) -> Node:
        raise SettingError(f"{who}: the factor depends on the loss, so it is known in a training only.")

    return Schedule(f"plateau({share:g}, {patience}, every={every})", unknown, watch)
