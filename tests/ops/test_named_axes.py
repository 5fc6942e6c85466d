"""Every op on axes that have names instead of sizes: shapes, values and slopes are those of the sizes."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.dims import Dim, evaluate
from graphnn.core.dtypes import FLOATS, bool_, float64
from graphnn.core.leaves import input as input_leaf
from graphnn.core.node import Node
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret
from op_cases import Case, cases, leaves, operands
from op_facts.names import MAY_BE_NAMED

SIZES = {f"n{k}": k for k in range(2, 700)}
# Attributes that hold sizes name them too; an axis of size 1 broadcasts, so it stays a number.
CASES = [c for c in cases([float64, bool_]) if not {"starts", "dims"} & set(c.sample.attributes)]


def named(value):
    """A size as the axis name that stands for it, also inside tuples."""
    if isinstance(value, tuple):
        return tuple(named(v) for v in value)
    return Dim([((f"n{value}",), 1)]) if isinstance(value, int) and value > 1 else value


def named_shape(case: Case, slot: int, shape: tuple[int, ...]):
    """Names for the axes that may have one."""
    letters = MAY_BE_NAMED.get(case.record.name)
    if letters is None:
        return named(shape)
    port = case.record._port(slot)
    axes = list(port.axes)
    if port.star is not None:
        axes[port.star : port.star + 1] = [axes[port.star]] * (len(shape) - len(axes) + 1)
    return tuple(named(n) if axis in letters else n for n, axis in zip(shape, axes, strict=True))


def with_names(case: Case) -> tuple[list[Node], Node]:
    arrays = operands(case)
    ports = [case.record.port_name(k) for k in range(len(arrays))]
    inputs = [
        input_leaf(p, named_shape(case, k, a.shape), a.dtype)
        for k, (p, a) in enumerate(zip(ports, arrays, strict=True))
    ]
    attributes = {k: named(v) if k in ("shape", "size") else v for k, v in case.sample.attributes.items()}
    return inputs, case.record.node(*inputs, **attributes)


def feeds_of(nodes: list[Node], inputs: list[Node], case: Case) -> dict[Node, np.ndarray]:
    used = set(gn.Graph(nodes).inputs)
    return {n: a for n, a in zip(inputs, operands(case), strict=True) if n in used}


def bindable(case: Case) -> bool:
    """Whether the operands carry every size that the attributes name."""
    carried = {n for s in case.sample.shapes for n in s}
    wanted = [case.sample.attributes.get(k, ()) for k in ("shape", "size")]
    sizes = {n for w in wanted for n in (w if isinstance(w, tuple) else (w,)) if n > 1}
    # A reshape's size must be provably that of its operand, for every size that the names can have; the slope of
    # cofactors is made of minors, as many as there are rows.
    return sizes <= carried and case.record.name not in ("reshape", "cofactors")


@pytest.mark.parametrize("case", [c for c in CASES if c.record.name != "reshape"], ids=str)
def test_shape_with_names_becomes_the_shape_with_sizes(case: Case) -> None:
    plain = case.record.node(*leaves(case, operands(case)), **case.sample.attributes)
    _, node = with_names(case)
    assert evaluate(node.shape, SIZES) == plain.shape


@pytest.mark.parametrize("case", [c for c in CASES if bindable(c)], ids=str)
def test_values_and_slopes_with_names_are_those_with_sizes(case: Case) -> None:
    found = []
    plain_leaves = leaves(case, operands(case))
    plain = case.record.node(*plain_leaves, **case.sample.attributes)
    for inputs, node in (with_names(case), (plain_leaves, plain)):
        nodes = [node]
        if node.dtype in FLOATS and case.record.differentiable:
            wrt = [n for n in inputs if n.dtype in FLOATS]
            y = node.cast("float64")
            nodes += gn.gradient((y * y).sum(), wrt, no_path="zero")
        found.append(interpret([*nodes, *inputs], dict(zip(inputs, operands(case), strict=True))))
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_program_runs_at_any_size() -> None:
    x = gn.input("x", ("batch", 3), "float64")
    y = gn.input("y", ("batch",), "int64")
    loss = gn.softmax_cross_entropy(gn.tanh(x) * x.mean(axis=0), y)
    program = Program([loss, gn.gradient(loss, x)])
    for n in (1, 2, 7):
        feeds = {x: np.arange(3.0 * n).reshape(n, 3) / n, y: np.arange(n) % 3}
        for found, expected in zip(program.run(feeds), interpret(program.outputs, feeds), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_the_mean_over_a_named_axis_divides_by_its_size() -> None:
    x = gn.input("x", ("batch", 2), "float64")
    slope = gn.gradient((x * x).mean(), x)
    for n in (1, 4):
        values = np.ones((n, 2))
        np.testing.assert_allclose(Program(slope).run({x: values}), values / n)


def test_reshape_finds_the_size_that_is_left_out() -> None:
    x = gn.input("x", ("batch", 2, 6))
    assert str(x.reshape(-1).shape) == "(12*batch,)"
    assert str(x.reshape(-1, 4).shape) == "(3*batch, 4)"
    assert str(x.reshape("batch", -1).shape) == "(batch, 12)"
    with pytest.raises(gn.ShapeError, match="rows of 5"):
        x.reshape(-1, 5)
    with pytest.raises(gn.ShapeError, match="at most one"):
        x.reshape(-1, -1)
