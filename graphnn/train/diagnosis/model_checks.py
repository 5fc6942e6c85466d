"""Look into the model at work: numbers that are none, dead and saturated units, parameters without a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.errors import FaultError, NotFiniteError
from graphnn.core.node import Node
from graphnn.engine.program import Program
from graphnn.ops import abs as abs_
from graphnn.ops import max as max_
from graphnn.train.diagnosis.flow import near_limits
from graphnn.train.diagnosis.report import Finding
from graphnn.train.diagnosis.stages import RECTIFIERS, SATURATING, Anatomy
from graphnn.train.rows import Rows

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# Shares of dead units of a layer, and of saturated values, that are told.
DEAD, SATURATED = 0.6, 0.5


def needed(program: Program, arrays: Rows) -> Rows:
    """The rows that this program takes."""
    wanted = frozenset(program.inputs)
    return {n: a for n, a in arrays.items() if n in wanted}


def check_finite(trainer: Trainer, arrays: Rows) -> list[Finding]:
    """The first node of loss and gradients that is NaN or infinite, or that met data it cannot process."""
    for p in trainer.parameters:
        bad = int((~np.isfinite(p.value)).sum())
        if bad:
            return [Finding(
                "not finite", p.label, f"{bad} numbers of the parameter are NaN or infinite already",
                "make the model anew, and train it with a smaller learning rate.", {"bad numbers": bad},
            )]  # fmt: skip
    program = Program([trainer.loss, *trainer.gradients], optimize=False, watch=True)
    try:
        program.run(needed(program, arrays))
    except NotFiniteError as error:
        place, _, words = str(error).partition(": ")
        return [Finding(
            "not finite", place, words.rstrip("."),
            "keep its operands where it is defined: gn.clip them, add a small number, or use the loss that takes "
            "logits.", {"rows": _rows(arrays)},
        )]  # fmt: skip
    except FaultError as error:
        place, _, words = str(error).partition(": ")
        return [Finding(
            "data out of range", place, words.rstrip("."),
            "labels go from 0 to classes - 1, and numbers of words from 0 to the size of the table - 1.",
            {"rows": _rows(arrays)},
        )]  # fmt: skip
    return []


class Activity:
    """Dead and saturated units, as often as one asks."""

    def __init__(self, body: Anatomy):
        # What comes last may be as sure as it likes.
        hidden = body.stages[:-1]
        self._rectified = body.of_ops(RECTIFIERS)
        self._bounded = [(s, n) for s, n in body.of_ops(SATURATING) if any(s is h for h in hidden)]
        outputs = [max_(n, axis=_all_but_units(n)) for _, n in self._rectified]
        outputs += [near_limits(n) for _, n in self._bounded]
        self._program = Program(outputs) if outputs else None

    def findings(self, arrays: Rows, when: str) -> list[Finding]:
        if self._program is None:
            return []
        values = self._program.run(needed(self._program, arrays))
        found = []
        for (stage, node), largest in zip(self._rectified, values, strict=False):
            units = np.size(largest)
            dead = int((np.asarray(largest) <= 0.0).sum())
            if dead >= DEAD * units and dead:
                found.append(Finding(
                    "dead units", stage.name,
                    f"{dead} of {units} units of {node.op.name} are 0 for all rows {when}, so no gradient passes them",
                    "start with smaller negative biases, lower the learning rate, or use gn.leaky_relu.",
                    {"dead units": dead, "units": units, "rows": _rows(arrays)},
                ))  # fmt: skip
        for (stage, node), share in zip(self._bounded, values[len(self._rectified) :], strict=True):
            if share >= SATURATED:
                found.append(Finding(
                    "saturated units", stage.name,
                    f"{float(share):.0%} of the values of {node.op.name} lie within 1% of its limits {when}, where it "
                    "is flat",
                    "start with smaller weights (gn.init.xavier), scale the data, normalise, or use gn.relu.",
                    {"share near the limits": share, "rows": _rows(arrays)},
                ))  # fmt: skip
        return found


class Slopes:
    """The largest size of every parameter's gradient, as often as one asks."""

    def __init__(self, trainer: Trainer):
        self._parameters = trainer.parameters
        self._program = Program([max_(abs_(g)) for g in trainer.gradients])
        self._largest = np.zeros(len(self._parameters))

    def look(self, arrays: Rows) -> None:
        """Remember the largest seen so far."""
        found = self._program.run(needed(self._program, arrays))
        self._largest = np.fmax(self._largest, np.array(found, dtype=np.float64))

    def findings(self, arrays: Rows) -> list[Finding]:
        """Parameters whose gradient was 0 at every look."""
        return [
            Finding(
                "no gradient",
                f"{p.scope}/{p.name}" if p.scope else p.label,
                "the gradient of the parameter is exactly 0 for all rows, so it never learns",
                "look for gn.stop_gradient, argmax, rounding or a dead relu between it and the loss, or for a "
                "path that is missing.",
                {"largest gradient": size, "rows": _rows(arrays)},
            )
            for p, size in zip(self._parameters, self._largest.tolist(), strict=True)
            if size == 0.0
        ]


def _all_but_units(node: Node) -> tuple[int, ...]:
    """The axes over which one unit has values: a channel of a picture, a feature elsewhere."""
    units = 1 if len(node.shape) >= 4 else len(node.shape) - 1
    return tuple(i for i in range(len(node.shape)) if i != units or units == 0)


def _rows(arrays: Rows) -> int:
    return len(next(iter(arrays.values())))


__all__ = ["Activity", "Slopes", "check_finite", "needed"]
