"""Check an op's slope and the slope of its slope against differences of its meaning, and guess what was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphnn.checking.patterns import constant_ratio, factor_in_words
from graphnn.checking.report import Findings
from graphnn.checking.sampled import SampledCall
from graphnn.core.dims import shape_text
from graphnn.core.dtypes import FLOATS, float64
from graphnn.core.errors import GraphnnError
from graphnn.core.graph import Graph, reached
from graphnn.core.leaves import constant, input
from graphnn.core.node import Node
from graphnn.transform.gradient import gradient
from graphnn.transform.interpret import interpret

# A central difference errs by h^2 and by rounding / h; what a wrong slope does is far above that.
STEP = 1e-5
TOLERANCE = 1e-6

Function = Callable[[Sequence[np.ndarray]], float]


def check_slopes(call: SampledCall, findings: Findings) -> None:
    """Tell what is wrong with the slope for this call, which is one in float64."""
    trial = _Trial(call)
    if not trial.free or trial.value.dtype is not float64:
        return  # nothing flows, or differences would be lost in rounding
    parts = trial.parts(findings)
    if parts is None:
        return
    wanted = trial.wanted()
    right = True
    for k, part in parts.items():
        right &= trial.compare(k, part, wanted, findings)
    if right:
        trial.second(parts, findings)


class _Trial:
    """One call with an adjoint g, its contributions as nodes, and differences of <g, meaning>."""

    def __init__(self, call: SampledCall):
        self.call, self.op = call, call.op
        self.value = call.meaning()
        self.rng = np.random.default_rng(5)
        self.leaves = call.leaves()
        self.node = call.node(self.leaves)
        self.g = input("g", self.node.shape, self.node.dtype)
        self.seed = np.asarray(self.rng.uniform(0.5, 1.5, self.value.shape))
        self.free = [k for k, a in enumerate(call.arrays) if a.dtype in FLOATS]

    def feeds(self, nodes: Any, arrays: Sequence[np.ndarray], seed: np.ndarray) -> dict[Node, np.ndarray]:
        used = set(Graph(nodes).inputs)
        given = {**dict(zip(self.leaves, arrays, strict=True)), self.g: seed}
        return {n: a for n, a in given.items() if n in used}

    def run(self, node: Node, arrays: Any = None, seed: Any = None) -> np.ndarray:
        arrays = self.call.arrays if arrays is None else arrays
        return interpret(node, self.feeds([node], arrays, self.seed if seed is None else seed))[0]

    def port(self, k: int) -> str:
        return self.op.port_name(k)

    # The slope as declared

    def parts(self, findings: Findings) -> dict[int, Node | None] | None:
        """The contribution to each float operand, or None if there are none to check."""
        op = self.op
        try:
            if op.vjp_function is None:
                wrt = [self.leaves[k] for k in self.free]
                found = gradient(self.node, wrt, seed=self.g, no_path="none")
                return dict(zip(self.free, found, strict=True))
            operands = (self.node, *self.leaves) if op.signature.variadic else (*self.leaves, self.node)
            parts = op.vjp_function(self.g, *operands, **self.node.attributes)
        except (GraphnnError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            findings.add("slope", "fails", f"building it fails for {self.call}: {error}")
            return None
        if not isinstance(parts, Sequence) or len(parts) != len(self.leaves):
            count = len(parts) if isinstance(parts, Sequence) else 0
            findings.add(
                "slope", "count",
                f"it lists {count} contributions for {len(self.leaves)} operands; wanted one each, None where "
                "there is none.",
            )  # fmt: skip
            return None
        for k, part in enumerate(parts):
            if part is not None and not isinstance(part, Node):
                findings.add(
                    "slope", f"node {k}", f"the contribution to {self.port(k)} is {part!r}, not a node."
                )
                return None
        return {k: parts[k] for k in self.free}

    def wanted(self) -> dict[int, np.ndarray]:
        """The slope of <g, y> for each float operand, by central differences."""
        return {
            k: differences(lambda arrays: float((self.call.meaning(*arrays) * self.seed).sum()), self.call.arrays, k)
            for k in self.free
        }  # fmt: skip

    def compare(self, k: int, part: Node | None, wanted: dict[int, np.ndarray], findings: Findings) -> bool:
        """Tell what is wrong with the contribution to operand k; whether nothing is."""
        expected = wanted[k]
        if part is None:
            moves = expected.size and float(np.abs(expected).max()) > 1e-6
            if moves:
                findings.add("slope", f"none {k}", f"it gives None for {self.port(k)}, but y moves with it.")
            return not moves
        operand = self.leaves[k]
        if part.dtype is not operand.dtype:
            findings.add(
                "slope", f"dtype {k}",
                f"the contribution to {self.port(k)} is {part.dtype}, wanted {operand.dtype} as the operand.",
            )  # fmt: skip
            return False
        found = self.run(part)
        if found.shape != expected.shape:
            findings.add("slope", f"shape {k}", self.wrong_shape(k, found, expected))
            return False
        if near(found, expected):
            return self.linear(k, part, found, findings)
        findings.add(
            "slope", f"value {k}", f"{self.wrong_value(k, part, found, wanted)} Found for {self.call}."
        )
        return False

    def wrong_shape(self, k: int, found: np.ndarray, expected: np.ndarray) -> str:
        shapes = f"{shape_text(found.shape)}, but the operand is {shape_text(expected.shape)}"
        head = f"the contribution to {self.port(k)} has shape {shapes}: "
        summed = _summed(found, expected.shape)
        if summed is not None:
            right = "" if near(summed, expected) else ", and its values are wrong too"
            over = "all its elements" if expected.ndim == 0 else "the axes that were broadcast"
            return f"{head}it was forgotten to sum over {over} (gn.sum_to or .sum()){right}."
        if found.shape[::-1] == expected.shape:
            right = "" if near(found.T, expected) else ", and its values are wrong too"
            return f"{head}it is transposed{right}."
        if found.size == expected.size:
            return f"{head}reshape it."
        return f"{head}a contribution has its operand's shape."

    def wrong_value(self, k: int, part: Node, found: np.ndarray, wanted: dict[int, np.ndarray]) -> str:
        name, expected = self.port(k), wanted[k]
        if not np.isfinite(found).all():
            at = place(~np.isfinite(found))
            return f"the contribution to {name} is {found[at]} at {list(at)}, where the meaning is smooth."
        if self.g not in set(reached([part])):
            times = found * self.seed if found.shape == self.seed.shape else None
            right = times is not None and near(times, expected)
            return f"the contribution to {name} does not contain g{': multiply it by g' if right else ''}."
        for j, other in wanted.items():
            if j != k and other.shape == found.shape and near(found, other) and not near(other, expected):
                return f"the contribution to {name} is the one that belongs to {self.port(j)}: is the order wrong?"
        ratio = constant_ratio(found, expected, TOLERANCE)
        if ratio is not None:
            sizes = {self.port(j): a.shape for j, a in enumerate(self.call.arrays)}
            return f"the contribution to {name}: {factor_in_words(ratio, sizes)}."
        if found.ndim > 1 and found.shape[-1] == found.shape[-2] and near(found.swapaxes(-1, -2), expected):
            return f"the contribution to {name} is transposed."
        if found.shape == self.seed.shape and near(found * self.seed, expected):
            return f"in the contribution to {name} a factor g is missing."
        if not np.any(found):
            return f"the contribution to {name} is 0 everywhere, but y moves with {name}."
        at = place(~np.isclose(found, expected, rtol=1e-5, atol=1e-7))
        return (
            f"the contribution to {name} at {list(at)} is {found[at]:.6g}, differences of the meaning give "
            f"{expected[at]:.6g}."
        )

    def linear(self, k: int, part: Node, found: np.ndarray, findings: Findings) -> bool:
        """A slope is linear in g: twice the adjoint, twice the contribution."""
        if near(self.run(part, seed=2 * self.seed), 2 * found):
            return True
        findings.add(
            "slope", f"linear {k}",
            f"the contribution to {self.port(k)} is not linear in g: twice the adjoint does not give twice the "
            "contribution.",
        )  # fmt: skip
        return False

    # The slope of the slope

    def second(self, parts: dict[int, Node | None], findings: Findings) -> None:
        """Differentiate <directions, contributions> again, with respect to the operands and g."""
        total = constant(0.0, dtype="float64")
        for k, part in parts.items():
            if part is not None:
                total = total + (part * self.rng.uniform(0.5, 1.5, self.call.arrays[k].shape)).sum()
        wrt = [*[self.leaves[k] for k in self.free], self.g]
        names = [*[self.port(k) for k in self.free], "g"]
        try:
            slopes = gradient(total, wrt, no_path="zero")
        except (GraphnnError, TypeError, ValueError, LookupError) as error:
            findings.add("second order", "fails", f"the slope cannot be differentiated again: {error}")
            return
        arrays = [*[self.call.arrays[k] for k in self.free], self.seed]

        def along(moved: Sequence[np.ndarray]) -> float:
            full = list(self.call.arrays)
            for k, array in zip(self.free, moved, strict=False):
                full[k] = array
            return float(self.run(total, full, moved[-1]))

        for j, (name, slope) in enumerate(zip(names, slopes, strict=True)):
            found, expected = self.run(slope), differences(along, arrays, j)
            if not near(found, expected, 10):
                findings.add("second order", name, self.wrong_second(name, found, expected, total))

    def wrong_second(self, name: str, found: np.ndarray, expected: np.ndarray, total: Node) -> str:
        below = set(reached([self.node]))
        stops = sorted(
            {
                n.op.name
                for n in reached([total])
                if n not in below and n.operands and n.dtype in FLOATS and not n.op.differentiable
            }
        )
        cause = f"; {', '.join(stops)} in it send{'s' * (len(stops) == 1)} nothing back" if stops else ""
        if not np.any(found):
            return f"the slope moves with {name}, but its own slope is 0: it cannot be differentiated again{cause}."
        at = place(~np.isclose(found, expected, rtol=1e-4, atol=1e-6))
        return (
            f"the slope of the slope with respect to {name} at {list(at)} is {found[at]:.6g}, differences give "
            f"{expected[at]:.6g}{cause}."
        )


def differences(function: Function, arrays: Sequence[np.ndarray], k: int) -> np.ndarray:
    """The slope of a number with respect to array k, by central differences."""
    moved = [np.array(a) for a in arrays]
    slope = np.zeros(moved[k].shape)
    for at in np.ndindex(slope.shape):
        kept = moved[k][at]
        ends = []
        for sign in (1, -1):
            moved[k][at] = kept + sign * STEP
            ends.append(function(moved))
        moved[k][at] = kept
        slope[at] = (ends[0] - ends[1]) / (2 * STEP)
    return slope


def near(found: np.ndarray, expected: np.ndarray, looser: float = 1.0) -> bool:
    """Whether two arrays agree as far as differences can tell."""
    scale = float(np.abs(expected).max(initial=1e-2))
    tolerance = TOLERANCE * looser
    return bool(np.allclose(found, expected, rtol=tolerance, atol=tolerance * scale))


def place(wrong: np.ndarray) -> tuple[int, ...]:
    """The first position where `wrong` is true; the first of all if there is none."""
    if wrong.ndim == 0:
        return ()
    return tuple(int(j) for j in np.unravel_index(int(np.argmax(wrong)), wrong.shape))


def _summed(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """The array summed to a shape that broadcasts to its own; None if it does not."""
    if len(shape) > array.ndim:
        return None
    padded = (1,) * (array.ndim - len(shape)) + shape
    if any(n != m and n != 1 for n, m in zip(padded, array.shape, strict=True)):
        return None
    axes = tuple(k for k, (n, m) in enumerate(zip(padded, array.shape, strict=True)) if n != m)
    return np.asarray(array.sum(axis=axes, keepdims=True)).reshape(shape)
