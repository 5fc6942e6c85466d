"""Average weights over the steps, and evaluate with the averages: `average=gn.optim.ema(0.999)` or `swa(1000)`.

>>> import graphnn as gn
>>> w = gn.parameter([4.0], "w", "float64")
>>> optimizer = gn.optim.SGD(0.5, average=gn.optim.swa(0))
>>> step = gn.Program((), optimizer.updates([w], [w * 1.0]))
>>> _ = step.run(repeats=2)
>>> with gn.optim.use_averages(optimizer):
...     print(w.value)
[1.5]
>>> w.value
array([1.])
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphnn.core.dtypes import float64
from graphnn.core.errors import GraphError, SettingError
from graphnn.core.graph import as_nodes
from graphnn.core.leaves import constant
from graphnn.core.node import Node
from graphnn.core.settings import fraction, whole_number
from graphnn.ops import equal, floor, less_equal, where
from graphnn.optim.knobs import setting
from graphnn.transform.rewrite import substitute

if TYPE_CHECKING:
    from graphnn.optim.optimizer import Optimizer


@dataclass(frozen=True)
class Average:
    """A rule of averaging: the share of the newest weights in the average, from the number of steps made."""

    text: str
    share: Callable[[Node], Node]

    def __repr__(self) -> str:
        return f"<average {self.text}>"


def ema(decay: float = 0.999, *, corrected: bool = True) -> Average:
    """Exponential moving average: a' = decay a + (1 - decay) w.

    corrected : Adam's correction for the start, put into the share: (1 - decay) / (1 - decay^t) of the newest weights
        enters at step t, so the state itself is the weighted mean of all weights so far. With corrected=False the
        first weights count as if they had been there for ever, as in PyTorch's AveragedModel.

    In both cases the average after the first step is the weights after it. Sources: Polyak and Juditsky 1992;
    Kingma and Ba 2015, section 7.2; PyTorch, get_ema_multi_avg_fn.
    """
    rate = setting(fraction(decay, "ema: decay"), "average decay")

    def share(t: Node) -> Node:
        one = constant(1.0, float64)
        if corrected:
            return (one - rate) / (one - rate**t)
        return where(equal(t, one), one, one - rate)

    return Average(f"ema({decay:g})", share)


def swa(start: int, every: int = 1) -> Average:
    """Stochastic weight averaging: the plain mean of the weights after steps start + every, start + 2 every, ...

    Until step `start` the average is the present weights. Source: Izmailov et al. 2018, algorithm 1; PyTorch,
    AveragedModel, updated after those steps.
    """
    first = float(whole_number(start, "swa: start"))
    period = float(whole_number(every, "swa: every", 1))

    def share(t: Node) -> Node:
        one, zero = constant(1.0, float64), constant(0.0, float64)
        count = (t - first) / period
        taken = where(equal(count, floor(count)), one / where(less_equal(count, zero), one, count), zero)
        return where(less_equal(t, constant(first, float64)), one, taken)

    return Average(f"swa({start}, {every})", share)


@contextlib.contextmanager
def use_averages(optimizer: Optimizer) -> Iterator[None]:
    """Inside the block the parameters hold their averages; afterwards what they held before.

    with gn.optim.use_averages(optimizer): trainer.evaluate(data). What is written to the parameters inside is lost.
    Raises SettingError for an optimiser without averages.
    """
    averaged = _averages(optimizer, "use_averages")
    kept = {w: w.value for w in averaged}
    try:
        for w, average in averaged.items():
            w.value = average.value
        yield
    finally:
        for w, value in kept.items():
            w.value = value


def averaged_graph(outputs: Node | Iterable[Node], optimizer: Optimizer) -> Any:
    """The same outputs, one node or a tuple, computed from the averages instead of the parameters.

    Raises SettingError for an optimiser without averages, GraphError if no output depends on a parameter of it.
    """
    averaged = _averages(optimizer, "averaged_graph")
    nodes = as_nodes(outputs, "averaged_graph")
    found, replaced = substitute(nodes, averaged)
    if not replaced:
        raise GraphError(
            f"averaged_graph: the outputs depend on no parameter that {optimizer.name} averages."
        )
    return found[0] if isinstance(outputs, Node) else found


def _averages(optimizer: Optimizer, who: str) -> dict[Node, Node]:
    averaged = getattr(optimizer, "averaged", None)
    if not averaged:
        raise SettingError(
            f"{who}: {optimizer!r} keeps no averages. Make it with average=gn.optim.ema(0.999), and set up its steps."
        )
    return dict(averaged)
