"""Every op's slope against central differences in float64, first and second order, and what holds at kinks."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.dtypes import FLOATS, float32, float64
from graphnn.core.node import Node
from graphnn.transform.interpret import interpret
from op_cases import Case, cases, gives_floats, leaves, operands, smooth_cases

SMOOTH = smooth_cases(float64)
# A central difference of step h errs by h^2 (the curve's third slope) and 1e-16 / h (rounding).
H = 1e-5
TOLERANCE = 1e-8


class Probe:
    """An op between leaves, projected on random numbers so that it has one value and one gradient per operand."""

    def __init__(self, case: Case):
        self.arrays = operands(case, kink_gap=1e-2)
        self.leaves = leaves(case, self.arrays)
        node = case.record.node(*self.leaves, **case.sample.attributes)
        self.wrt = [n for n in self.leaves if n.dtype in FLOATS]
        self.free = [k for k, n in enumerate(self.leaves) if n.dtype in FLOATS]
        self.rng = np.random.default_rng(len(self.arrays))
        self.value = self.project([node])

    def project(self, nodes: list[Node]) -> Node:
        """The sum of all numbers of all nodes, each weighted by a random number."""
        total = gn.constant(0.0, dtype=float64)
        for node in nodes:
            total = total + (node * self.rng.uniform(0.5, 1.5, node.shape)).sum()
        return total

    def run(self, nodes: list[Node], moved: tuple[int, np.ndarray] | None = None) -> list[np.ndarray]:
        arrays = list(self.arrays)
        if moved is not None:
            arrays[moved[0]] = moved[1]
        feeds = {n: a for n, a in zip(self.leaves, arrays, strict=True) if n in set(gn.Graph(nodes).inputs)}
        return interpret(nodes, feeds)

    def differences(self, node: Node) -> list[np.ndarray]:
        """The gradient of a scalar node by central differences."""
        out = []
        for slot in self.free:
            base = self.arrays[slot]
            slope = np.zeros(base.shape)
            for at in np.ndindex(base.shape):
                ends = []
                for sign in (1, -1):
                    moved = base.copy()
                    moved[at] += sign * H
                    ends.append(self.run([node], (slot, moved))[0])
                slope[at] = (ends[0] - ends[1]) / (2 * H)
            out.append(slope)
        return out


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_slope_equals_central_differences(case: Case) -> None:
    probe = Probe(case)
    slopes = gn.gradient(probe.value, probe.wrt, no_path="zero")
    for found, expected in zip(probe.run(slopes), probe.differences(probe.value), strict=True):
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_slope_of_the_slope_equals_central_differences(case: Case) -> None:
    probe = Probe(case)
    slopes = gn.gradient(probe.value, probe.wrt, no_path="zero")
    steepness = probe.project(slopes)
    second = gn.gradient(steepness, probe.wrt, no_path="zero")
    for found, expected in zip(probe.run(second), probe.differences(steepness), strict=True):
        np.testing.assert_allclose(found, expected, rtol=10 * TOLERANCE, atol=10 * TOLERANCE)


@pytest.mark.parametrize("case", [c for c in cases([float32]) if gives_floats(c.record)], ids=str)
def test_slope_has_the_shape_and_dtype_of_its_operand(case: Case) -> None:
    probe_leaves = leaves(case, operands(case))
    node = case.record.node(*probe_leaves, **case.sample.attributes)
    loss = node.cast("float64").sum()
    wrt = [n for n in probe_leaves if n.dtype in FLOATS]
    for leaf, slope in zip(wrt, gn.gradient(loss, wrt, no_path="zero"), strict=True):
        assert (slope.shape, slope.dtype) == (leaf.shape, leaf.dtype)


def slopes_at(function, *values: float) -> list[float]:
    """The gradient of a scalar function at a point."""
    inputs = [gn.input(f"x{k}", (), "float64") for k in range(len(values))]
    slopes = gn.gradient(function(*inputs), inputs, no_path="zero")
    used = set(gn.Graph(slopes).inputs)
    return [float(s) for s in interpret(slopes, {n: v for n, v in zip(inputs, values) if n in used})]


CONVENTIONS = [
    ("relu'(0) is 0", gn.relu, (0.0,), [0.0]),
    ("abs'(0) is 0", gn.abs, (0.0,), [0.0]),
    ("leaky_relu'(0) is its slope", lambda x: gn.leaky_relu(x, 0.25), (0.0,), [0.25]),
    ("elu'(0) is alpha", lambda x: gn.elu(x, 0.5), (0.0,), [0.5]),
    ("maximum shares a tie", gn.maximum, (2.0, 2.0), [0.5, 0.5]),
    ("minimum shares a tie", gn.minimum, (2.0, 2.0), [0.5, 0.5]),
    ("maximum gives all to the larger", gn.maximum, (2.0, 3.0), [0.0, 1.0]),
    ("a^0 is flat, at 0 too", lambda a: a**0.0, (0.0,), [0.0]),
    ("0^b is flat", lambda b: 0.0**b, (2.0,), [0.0]),
    ("a^b at 0 ^ 0", gn.pow, (0.0, 0.0), [0.0, 0.0]),
    ("0^1 has slope 1 in a", gn.pow, (0.0, 1.0), [1.0, 0.0]),
    ("sign is flat", lambda x: x * gn.sign(x), (3.0,), [1.0]),
    ("stop_gradient stops", lambda x: x * gn.stop_gradient(x), (3.0,), [3.0]),
]


@pytest.mark.parametrize(
    ("function", "at", "wanted"), [c[1:] for c in CONVENTIONS], ids=[c[0] for c in CONVENTIONS]
)
def test_convention_at_a_kink(function, at, wanted) -> None:
    assert slopes_at(function, *at) == wanted


def test_second_slope_of_a_power_at_zero_is_finite() -> None:
    a, b = gn.input("a", (), "float64"), gn.input("b", (), "float64")
    first = gn.gradient(gn.pow(a, b), [a, b])
    second = gn.gradient(first[0] + first[1], [a, b])
    assert np.isfinite(interpret([*first, *second], {"a": 0.0, "b": 3.0})).all()


@pytest.mark.parametrize("reduction", [gn.max, gn.min], ids=["max", "min"])
@pytest.mark.parametrize("axis", [None, (0, 2), 1], ids=str)
def test_extremes_share_the_gradient_evenly_among_ties(reduction, axis) -> None:
    x = gn.input("x", (2, 3, 2), "float64")
    values = np.array([[[1, 2], [2, 1], [1, 1]], [[1, 1], [2, 2], [1, 2]]], dtype=float)
    y = reduction(x, axis=axis)
    (slope,) = interpret(gn.gradient(y.sum(), x), {"x": values})
    best = {gn.max: np.max, gn.min: np.min}[reduction](values, axis=axis, keepdims=True)
    ties = values == best
    np.testing.assert_allclose(slope, ties / ties.sum(axis=axis, keepdims=True))
