"""See how large activations and gradients are, layer by layer.

>>> import graphnn as gn
>>> x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
>>> logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
>>> data = gn.data.digits()
>>> report = gn.train.flow_report(gn.softmax_cross_entropy(logits, y), data)
>>> report.layers, report.findings
(('net/dense1', 'net/dense2'), ())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.engine.program import Program
from graphnn.ops import abs as abs_
from graphnn.ops import cast, concat, equal, flatten, greater, less, logical_or, mean, std
from graphnn.train.diagnosis.report import Finding, table
from graphnn.train.diagnosis.stages import SATURATING, Stage, anatomy
from graphnn.train.rows import Data, Rows, matched_rows
from graphnn.transform.gradient import Adjoints

if TYPE_CHECKING:
    from graphnn.train.trainer import Trainer

# Sizes of the gradient at the first and at the last layer that differ by more are told.
FAR = 1e3

# How near to its limits a sigmoid (0 to 1) or tanh (-1 to 1) counts as saturated, as a share of its range.
NEAR = 0.01

COLUMNS = (
    "mean", "std", "zeros", "saturated", "gradient mean size", "gradient std", "ratio to next",
    "parameter gradient mean size", "parameter gradient std",
)  # fmt: skip


@dataclass(frozen=True)
class FlowReport:
    """Sizes of activations and gradients per layer, in the order in which data passes.

    layers : their names
    columns : {name: one number per layer}. "mean" and "std" of what the layer hands on; share of "zeros" and of
        "saturated" values there (NaN where the layer has no sigmoid or tanh at its end); size and spread of the loss's
        gradient there; "ratio to next", the spread of the gradient by that of the following layer; size and spread of
        the gradient of the layer's parameters (NaN if it has none)
    findings : what vanishes or explodes
    """

    layers: tuple[str, ...]
    columns: Mapping[str, np.ndarray]
    findings: tuple[Finding, ...]

    def __getitem__(self, column: str) -> np.ndarray:
        return self.columns[column]

    def __str__(self) -> str:
        rows = [[name, *(_cell(self.columns[c][i]) for c in COLUMNS)] for i, name in enumerate(self.layers)]
        text = table(["layer", *COLUMNS], rows)
        return "\n".join([text, *(str(f) for f in self.findings)])

    def __repr__(self) -> str:
        return f"<FlowReport of {len(self.layers)} layers, {len(self.findings)} findings>"


def flow_report(trainer_or_loss: Trainer | Node, feeds: Data) -> FlowReport:
    """Activations and gradients of one batch, per layer: means, spreads, zeros, saturation, and words if they vanish.

    trainer_or_loss : a trainer, or a 0-d loss
    feeds : {input: rows} of one batch, or a Dataset; nothing is changed
    Raises GraphError for a loss without layers, FeedError for feeds that do not fit.
    """
    loss, output = (
        (trainer_or_loss, None)
        if isinstance(trainer_or_loss, Node)
        else (trainer_or_loss.loss, trainer_or_loss.output)
    )
    stages = anatomy(loss, output).stages
    if not stages:
        raise GraphError("flow_report: the loss has no layer in which data meets parameters.")
    probe = Probe(loss, stages)
    columns = probe.run(matched_rows(feeds, [loss], "flow_report")[0])
    return FlowReport(probe.names, columns, tuple(judged(probe.names, columns)))


class Probe:
    """The sizes of all layers as one program, for as many batches as one likes."""

    def __init__(self, loss: Node, stages: Sequence[Stage]):
        self.names = tuple(s.name for s in stages)
        adjoints = Adjoints(loss)
        nan = constant(np.nan, float64)
        outputs: list[Node] = []
        for stage in stages:
            y = stage.output
            g = adjoints[y]
            slopes = [
                flatten(cast(a, float64)) for a in (adjoints[p] for p in stage.parameters) if a is not None
            ]
            gp = concat(slopes) if slopes else None
            y = cast(y, float64)
            outputs += [
                mean(y),
                std(y),
                mean(cast(equal(y, 0.0), float64)),
                nan if (share := _saturated(stage)) is None else share,
                *((nan, nan) if g is None else (mean(abs_(cast(g, float64))), std(cast(g, float64)))),
                *((nan, nan) if gp is None else (mean(abs_(gp)), std(gp))),
            ]
        self._program = Program(outputs)
        self._wanted = frozenset(self._program.inputs)

    def run(self, feeds: Rows) -> dict[str, np.ndarray]:
        """{column: a number per layer} for one batch."""
        given = {n: a for n, a in feeds.items() if n in self._wanted}
        values = np.array(self._program.run(given), dtype=np.float64).reshape(len(self.names), 8)
        names = [c for c in COLUMNS if c != "ratio to next"]
        columns = {name: values[:, i].copy() for i, name in enumerate(names)}
        spread = columns["gradient std"]
        ratio = np.full(len(spread), np.nan)
        np.divide(spread[:-1], spread[1:], out=ratio[:-1], where=spread[1:] > 0)
        columns["ratio to next"] = ratio
        return {name: columns[name] for name in COLUMNS}


def _saturated(stage: Stage) -> Node | None:
    for node in reversed(stage.nodes):
        if node.op.name in SATURATING:
            return near_limits(node)
    return None


def near_limits(node: Node) -> Node:
    """The share of the values of a sigmoid or tanh near its limits, float64 ()."""
    low, high = SATURATING[node.op.name]
    edge = NEAR * (high - low)
    return mean(cast(logical_or(less(node, low + edge), greater(node, high - edge)), float64))


def judged(names: Sequence[str], columns: Mapping[str, np.ndarray]) -> list[Finding]:
    """What vanishes or explodes on its way."""
    found: list[Finding] = []
    back, ahead = columns["gradient std"], columns["std"]
    known = np.flatnonzero(np.isfinite(back))
    if len(known) > 1:
        first, last = known[0], known[-1]
        low, high = back[first], back[last]
        evidence = {
            "gradient std at first layer": low,
            "gradient std at last layer": high,
            "layers": len(known),
        }
        if high > 0 and low * FAR < high:
            found.append(Finding(
                "vanishing gradients", names[first],
                f"the gradient at {names[first]} is {_times(high, low)} smaller than at {names[last]}, so the "
                "first layers hardly learn",
                "use relu instead of sigmoid, He or Xavier weights, normalisation, shortcuts, or fewer layers.",
                evidence,
            ))  # fmt: skip
        elif low > FAR * high and high > 0:
            found.append(Finding(
                "exploding gradients", names[first],
                f"the gradient at {names[first]} is {_times(low, high)} larger than at {names[last]}",
                "start with smaller weights (gn.init.he or gn.init.xavier), normalise, or clip: "
                "clip=gn.optim.clip_global_norm(1.0).",
                evidence,
            ))  # fmt: skip
    if len(names) > 1 and not found and ahead[0] > 0:
        first_std, last_std = float(ahead[0]), float(ahead[-1])
        evidence = {"std at first layer": first_std, "std at last layer": last_std, "layers": len(names)}
        if last_std > FAR * first_std:
            found.append(Finding(
                "exploding activations", names[-1],
                f"what {names[-1]} hands on is {_times(last_std, first_std)} larger than at {names[0]}",
                "start with smaller weights (gn.init.he or gn.init.xavier) or normalise.", evidence,
            ))  # fmt: skip
        elif last_std * FAR < first_std:
            found.append(Finding(
                "vanishing activations", names[-1],
                f"what {names[-1]} hands on is {_times(first_std, last_std)} smaller than at {names[0]}",
                "start with larger weights (gn.init.he or gn.init.xavier) or normalise.", evidence,
            ))  # fmt: skip
    return found


def _times(large: float, small: float) -> str:
    return f"{large / small:.3g} times" if small > 0 else "beyond all measure"


def _cell(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3g}"


__all__ = ["FlowReport", "Probe", "flow_report", "judged", "near_limits"]
