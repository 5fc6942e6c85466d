"""Compare the gradient of a loss with differences of the loss itself, element by element, and say what is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from graphnn.checking.double import can_be_float64, in_float64
from graphnn.checking.patterns import what_is_missing
from graphnn.core.dtypes import FLOATS, float32, float64
from graphnn.core.errors import GraphError, SettingError, ShapeError
from graphnn.core.graph import Graph, as_nodes
from graphnn.core.leaves import describe
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.engine.program import Program
from graphnn.transform.gradient import gradient
from graphnn.transform.interpret import match_feeds

__all__ = ["Element", "GradientCheck", "ParameterCheck", "StepError", "check_gradients"]

# A central difference of step h errs by h^2 (the third slope) and by rounding / h: the cube root of the rounding
# balances them.
STEP = {float64: 6e-6, float32: 5e-3}
TOLERANCE = {float64: 1e-6, float32: 2e-2}
CURVE = tuple(10.0**-k for k in range(1, 13))


class Element(NamedTuple):
    """One element of one leaf: what the slope says, what differences say, and their relative error."""

    name: str
    at: tuple[int, ...]
    analytic: float
    numeric: float
    error: float

    def __str__(self) -> str:
        return f"{self.place}: analytic {self.analytic:.6g}, numeric {self.numeric:.6g}"

    @property
    def place(self) -> str:
        """The element as one writes it: `w[2, 1]`."""
        return f"{self.name}[{', '.join(map(str, self.at))}]" if self.at else self.name


class StepError(NamedTuple):
    """A central difference of step `step`, and how far it is from the analytic slope, relative to the larger."""

    step: float
    numeric: float
    error: float


@dataclass(frozen=True, eq=False)
class ParameterCheck:
    """The check of one leaf. `numeric` and `errors` are NaN where an element was not sampled."""

    node: Node
    name: str
    analytic: np.ndarray
    numeric: np.ndarray
    errors: np.ndarray
    worst: Element
    kinks: tuple[Element, ...]
    ok: bool

    @property
    def checked(self) -> int:
        """How many elements were compared."""
        return int(np.isfinite(self.errors).sum())


@dataclass(frozen=True, eq=False)
class GradientCheck:
    """What `check_gradients` found: `ok`, a `verdict` in words, the `worst` element and its step-size `curve`.

    `parameters` has analytic and numeric slopes of each leaf as arrays; `str` is a table with the verdict.
    """

    ok: bool
    verdict: str
    worst: Element
    curve: tuple[StepError, ...]
    parameters: tuple[ParameterCheck, ...]

    def __getitem__(self, name: str) -> ParameterCheck:
        for found in self.parameters:
            if found.name == name:
                return found
        raise GraphError(
            f"GradientCheck: no leaf {name!r} was checked; {[p.name for p in self.parameters]} were."
        )

    def __str__(self) -> str:
        head = ("leaf", "shape", "checked", "analytic", "numeric", "relative error", "worst at", "")
        rows = [head]
        for p in self.parameters:
            w, size = p.worst, p.analytic.size
            numbers = (f"{w.analytic:.6g}", f"{w.numeric:.6g}", f"{w.error:.1e}")
            checked = f"all {size}" if p.checked == size else f"{p.checked} of {size}"
            ends = (w.place, "agrees" if p.ok else "DISAGREES")
            rows.append((p.name, str(p.analytic.shape), checked, *numbers, *ends))
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        lines = ["  ".join(c.ljust(n) for c, n in zip(row, widths, strict=True)).rstrip() for row in rows]
        curve = [f"  {p.step:7.0e}  {p.numeric: .12g}  {p.error:.1e}" for p in self.curve]
        title = f"step-size curve at {self.worst.place}: step, central difference, relative error"
        return "\n".join([self.verdict, "", *lines, "", title, *curve])

    def __repr__(self) -> str:
        return f"<GradientCheck: {self.verdict}>"


def check_gradients(
    loss: Node,
    feeds: Mapping[Any, Any] | None = None,
    wrt: Any = None,
    *,
    samples: int = 100,
    seed: int = 0,
    tolerance: float | None = None,
) -> GradientCheck:
    """Compare the gradient with central differences of the loss, in float64, and say in words what is wrong.

    Parameters
    ----------
    loss : a scalar float node
    feeds : a value for every input, by node or name
    wrt : the inputs and parameters to check; by default every float parameter, or every float input if there is none
    samples : how many elements of each are compared, drawn with `seed`; all if it has no more
    tolerance : relative error to be found in agreement, 1e-6 by default

    A float32 graph is copied into float64, because differences of float32 numbers are mostly rounding; only
    where an op insists on float32 is it checked in float32, with a tolerance of 2e-2. Near a kink, as that of
    relu at 0, a difference straddles two slopes: smaller steps are tried, and the verdict says so.

    Example
    -------
    >>> import graphnn as gn
    >>> x = gn.scalar(2.0, "x")
    >>> found = gn.check_gradients(gn.exp(x * x))
    >>> found.ok, found.worst.place
    (True, 'x')
    """
    _check_loss(loss)
    samples = whole_number(samples, "check_gradients: samples", 1)
    graph = Graph(loss)
    leaves = _leaves(graph, wrt)
    values = match_feeds(graph, feeds or {})
    (copy,), new, wide_feeds = in_float64([loss])
    wide_feeds |= {new[n]: a.astype(new[n].dtype) for n, a in values.items()}
    check = _Check(copy, [new[n] for n in leaves], wide_feeds, tolerance)
    names = _names(leaves, graph)
    rng = np.random.default_rng(seed)
    parts = [check.leaf(k, node, names[k], samples, rng) for k, node in enumerate(leaves)]
    worst_part = max(parts, key=lambda p: (not p.ok, p.worst.error))
    k = parts.index(worst_part)
    curve = check.curve(k, worst_part.worst)
    return GradientCheck(
        all(p.ok for p in parts),
        _verdict(parts, worst_part, graph, check, values),
        worst_part.worst,
        curve,
        tuple(parts),
    )


def _check_loss(loss: Node) -> None:
    if not isinstance(loss, Node):
        raise GraphError(f"check_gradients: wanted a loss, a scalar node, found {loss!r}.")
    if loss.dtype not in FLOATS or loss.shape != ():
        raise ShapeError(
            f"check_gradients: {describe(loss)} is not a scalar float. Reduce it: y.sum() or y.mean()."
        )


def _leaves(graph: Graph, wrt: Any) -> list[Node]:
    if wrt is None:
        found = [n for n in graph.parameters if n.dtype in FLOATS]
        found = found or [n for n in graph.inputs if n.dtype in FLOATS]
        if not found:
            raise GraphError("check_gradients: the loss depends on no float parameter or input.")
        return found
    found = list(as_nodes(wrt, "check_gradients"))
    for node in found:
        if node.role not in ("input", "parameter") or node.dtype not in FLOATS:
            raise GraphError(
                f"check_gradients: {describe(node)} cannot be moved; wrt lists float inputs and parameters."
            )
        if node not in graph:
            raise GraphError(f"check_gradients: the loss does not depend on {describe(node)}.")
    if not found:
        raise GraphError("check_gradients: wrt lists no node.")
    return found


def _names(leaves: Sequence[Node], graph: Graph) -> list[str]:
    """What the leaves are called: by their names, with the scope before it where two have one name."""
    short = [n.name or graph.ids[n] for n in leaves]
    long = [f"{n.scope}/{name}" if n.scope else name for n, name in zip(leaves, short, strict=True)]
    return [b if short.count(a) > 1 else a for a, b in zip(short, long, strict=True)]


class _Check:
    """The loss as a function of its leaves, its gradient, and differences."""

    def __init__(self, loss: Node, leaves: Sequence[Node], feeds: dict[Node, np.ndarray], tolerance: Any):
        self.leaves, self.dtype = leaves, loss.dtype
        self.arrays = [np.array(feeds[n]) for n in leaves]
        self.feeds = feeds | dict(zip(leaves, self.arrays, strict=True))
        self.tolerance = TOLERANCE[loss.dtype] if tolerance is None else _positive(tolerance)
        self.program = Program(loss)
        slopes = gradient(loss, leaves, no_path="zero")
        used = set(Graph(slopes).inputs)
        self.slopes = Program(slopes).run({n: a for n, a in self.feeds.items() if n in used})
        self.value = float(self.program.run(self.feeds))
        if not math.isfinite(self.value):
            raise SettingError(
                f"check_gradients: the loss is {self.value} at these values, so it has no slopes; "
                "gn.diagnose finds the node where it begins."
            )

    def at(self, k: int, index: tuple[int, ...], x: float) -> float:
        """The loss with one element moved to x."""
        array = self.arrays[k]
        kept = array[index]
        array[index] = x
        try:
            return float(self.program.run(self.feeds))
        finally:
            array[index] = kept

    def step(self, k: int, index: tuple[int, ...]) -> float:
        return STEP[self.dtype] * max(1.0, abs(float(self.arrays[k][index])))

    def central(self, k: int, index: tuple[int, ...], h: float) -> float:
        x = float(self.arrays[k][index])
        up, down = self.dtype.type(x + h), self.dtype.type(x - h)  # as they are stored
        width = float(up) - float(down)
        return (self.at(k, index, up) - self.at(k, index, down)) / width if width else 0.0

    def noise(self, h: float) -> float:
        """What rounding of the loss alone can add to a difference."""
        return 10 * float(np.finfo(self.dtype).eps) * max(abs(self.value), 1e-3) / h

    def error(self, analytic: float, numeric: float, h: float) -> float:
        """The difference, relative to the larger of both or to what rounding hides at this step."""
        if not (math.isfinite(analytic) and math.isfinite(numeric)):
            return 0.0 if analytic == numeric else math.inf
        return abs(analytic - numeric) / (max(abs(analytic), abs(numeric)) + self.noise(h) / self.tolerance)

    def leaf(self, k: int, node: Node, name: str, samples: int, rng: np.random.Generator) -> ParameterCheck:
        analytic = np.array(self.slopes[k])
        numeric = np.full(analytic.shape, np.nan)
        errors = np.full(analytic.shape, np.nan)
        flat: Any = range(analytic.size)
        if analytic.size > samples:
            flat = np.sort(rng.choice(analytic.size, samples, replace=False))
        kinks = []
        for i in flat:
            index = tuple(int(j) for j in np.unravel_index(i, analytic.shape))
            h = self.step(k, index)
            numeric[index] = self.central(k, index, h)
            errors[index] = self.error(float(analytic[index]), float(numeric[index]), h)
            if errors[index] > self.tolerance:
                nearby = self.beside_a_kink(k, index, float(analytic[index]), h)
                if nearby is not None:
                    numeric[index] = nearby
                    errors[index] = 0.0
                    kinks.append(Element(name, index, float(analytic[index]), nearby, 0.0))
        worst = Element(name, (), 0.0, 0.0, 0.0)
        if analytic.size:
            at = np.unravel_index(int(np.nanargmax(errors)), analytic.shape)
            index = tuple(int(j) for j in at)
            worst = Element(name, index, float(analytic[at]), float(numeric[at]), float(errors[at]))
        ok = worst.error <= self.tolerance
        return ParameterCheck(node, name, analytic, numeric, errors, worst, tuple(kinks), ok)

    def beside_a_kink(self, k: int, index: tuple[int, ...], analytic: float, h: float) -> float | None:
        """What differences say if the slope jumps near the element; None if it does not, or nothing fits.

        Smaller steps miss a kink that lies beside the element. At the kink itself the slopes of the two sides
        stay apart, however small the step; any number from one to the other is a slope there.
        """
        for smaller in (h / 10, h / 100, h / 1000):
            numeric = self.central(k, index, smaller)
            gap = abs(numeric - analytic)
            if gap <= max(1e-4 * abs(analytic), 10 * self.noise(smaller)) and gap < 0.1 * abs(
                self.central(k, index, h) - analytic
            ):
                return numeric
        x, middle = float(self.arrays[k][index]), self.value
        sides = []
        for step in (h, h / 10):
            right = (self.at(k, index, x + step) - middle) / step
            left = (middle - self.at(k, index, x - step)) / step
            sides.append((left, right))
        (left, right), (nearer_left, nearer_right) = sides
        gap, nearer = right - left, nearer_right - nearer_left
        if abs(nearer) < 0.5 * abs(gap) or abs(gap) < 1e-3 * max(abs(left), abs(right)):
            return None
        low, high = sorted((nearer_left, nearer_right))
        slack = 1e-3 * abs(gap)
        return (low + high) / 2 if low - slack <= analytic <= high + slack else None

    def curve(self, k: int, worst: Element) -> tuple[StepError, ...]:
        if not self.arrays[k].size:
            return ()
        points = []
        for h in CURVE:
            numeric = self.central(k, worst.at, h)
            scale = max(abs(numeric), abs(worst.analytic), 1e-300)
            points.append(StepError(h, numeric, abs(numeric - worst.analytic) / scale))
        return tuple(points)


def _positive(tolerance: Any) -> float:
    if not isinstance(tolerance, float) or not 0 < tolerance < 1:
        raise SettingError(f"check_gradients: tolerance is between 0 and 1, found {tolerance!r}.")
    return tolerance


def _verdict(
    parts: Sequence[ParameterCheck], worst: ParameterCheck, graph: Graph, check: _Check, values: Any
) -> str:
    how = ""
    if any(n.dtype is float32 for n in graph.nodes):
        how = ". Computed in float64: float32 differences are lost in rounding"
        if not can_be_float64(graph):
            how = ". Computed in float32, since an op insists on it: agreement is only tested to 2e-2"
    kinks = [e for p in parts for e in p.kinks]
    if kinks:
        some = ", ".join(e.place for e in kinks[:3]) + ", ..." * (len(kinks) > 3)
        how = f"; near a kink at {some}, where differences straddle two slopes{how}"
    if all(p.ok for p in parts):
        checked, size = sum(p.checked for p in parts), sum(p.analytic.size for p in parts)
        part = "" if checked == size else f" in {checked} sampled elements of {size}"
        error = worst.worst.error
        return f"agrees {f'to {error:.0e}' if error else 'exactly'}{part}{how}."
    sizes = {n.name or "": a.shape for n, a in values.items()} | {p.name: p.analytic.shape for p in parts}
    why = what_is_missing(worst.analytic, worst.numeric, check.tolerance, sizes)
    others = sum(not p.ok for p in parts) - 1
    also = f" ({others} more disagree{'s' * (others == 1)})" if others else ""
    return f"disagrees at {worst.worst}: {why}{also}{how}."
