"""Forward mode, Hessian times vector, Jacobians and Hessians: against PyTorch, and against reverse mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
import random_kinds  # noqa: F401  (fills the table of kinds)
from graphnn.core.dtypes import FLOATS, float64
from graphnn.core.errors import GraphError, ShapeError
from graphnn.transform.interpret import interpret
from op_cases import Case, leaves, operands, smooth_cases
from op_twins import torch
from random_graphs import RandomGraph

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")
quiet = pytest.mark.filterwarnings("ignore")  # PyTorch's own


def run(nodes: Any, feeds: dict[Any, Any]) -> list[np.ndarray]:
    used = set(gn.Graph(nodes).inputs)
    return interpret(nodes, {n: a for n, a in feeds.items() if n in used})


def near(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-9) -> None:
    scale = np.abs(expected).max(initial=1e-3)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=0.1 * tolerance * scale)


@pytest.mark.parametrize("case", smooth_cases(float64), ids=str)
def test_forward_and_reverse_mode_of_every_op_are_each_others_transpose(case: Case) -> None:
    """<weights, J tangents> is <J^T weights, tangents>, and the tangent moves as its own differences say."""
    rng = np.random.default_rng(7)
    arrays = operands(case, kink_gap=1e-2)
    nodes = leaves(case, arrays)
    feeds = dict(zip(nodes, arrays, strict=True))
    wrt = [n for n in nodes if n.dtype in FLOATS]
    y = case.record.node(*nodes, **case.sample.attributes)
    directions = [rng.uniform(0.5, 1.5, n.shape) for n in wrt]
    tangent = gn.jvp(y, wrt, directions)
    assert (tangent.shape, tangent.dtype) == (y.shape, y.dtype)
    assert set(gn.Graph(tangent).inputs) <= set(nodes), "the placeholder stays in the result"
    weights = rng.uniform(0.5, 1.5, y.shape)
    forward = (tangent * weights).sum()
    backward = gn.constant(0.0, dtype="float64")
    for slope, direction in zip(
        gn.gradient((y * weights).sum(), wrt, no_path="zero"), directions, strict=True
    ):
        backward = backward + (slope * direction).sum()
    found, expected = run([forward, backward], feeds)
    near(found, expected)
    again = run(gn.gradient(forward, wrt, no_path="zero"), feeds)
    for found, expected in zip(again, run(gn.gradient(backward, wrt, no_path="zero"), feeds), strict=True):
        near(found, expected, 1e-8)


@needs_torch
@quiet
@pytest.mark.parametrize("chunk", range(4))
def test_forward_mode_of_random_graphs_agrees_with_pytorch(chunk: int) -> None:
    for seed in range(25 * chunk, 25 * (chunk + 1)):
        graph = RandomGraph(seed)
        directions = [graph.rng.uniform(0.5, 1.5, v.shape) for v in graph.values]
        tangent = gn.jvp(graph.output, list(graph.leaves), directions)
        second = gn.jvp(tangent, list(graph.leaves), directions)
        found = run([tangent, second], dict(zip(graph.leaves, graph.values, strict=True)))

        def along(t: Any, graph: RandomGraph = graph, directions: list[np.ndarray] = directions) -> Any:
            moved = [torch.from_numpy(v) for v in graph.values]
            return graph.twin([v + t * torch.from_numpy(d) for v, d in zip(moved, directions, strict=True)])

        t = torch.zeros((), dtype=torch.float64, requires_grad=True)
        first = slope_along(along(t), t)
        near(found[0], first.detach().numpy())
        near(found[1], slope_along(first, t).detach().numpy(), 1e-8)


def slope_along(y: Any, t: Any) -> Any:
    """PyTorch's dy / dt, differentiable again; zero where y does not depend on t."""
    if not y.requires_grad:
        return torch.zeros((), dtype=torch.float64)
    return torch.autograd.grad(y, t, create_graph=True, allow_unused=True, materialize_grads=True)[0]


class Net:
    """A small network of two layers with a loss, here and in PyTorch."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        self.arrays = [rng.normal(size=s) for s in ((3, 4), (4,), (4, 2), (5, 3), (5, 2))]
        names = ["w", "b", "v", "x", "t"]
        self.w, self.b, self.v, self.x, self.t = (
            gn.input(name, a.shape, "float64") for name, a in zip(names, self.arrays, strict=True)
        )
        self.nodes = [self.w, self.b, self.v, self.x, self.t]
        self.feeds = dict(zip(self.nodes, self.arrays, strict=True))
        self.wrt = [self.w, self.b, self.v]
        self.y = gn.tanh(self.x @ self.w + self.b) @ self.v
        self.loss = gn.softmax_cross_entropy(self.y, gn.softmax(self.t))
        self.vectors = [rng.normal(size=n.shape) for n in self.wrt]

    def torch_output(self, w: Any, b: Any, v: Any) -> Any:
        return torch.tanh(torch.from_numpy(self.arrays[3]) @ w + b) @ v

    def torch_loss(self, w: Any, b: Any, v: Any) -> Any:
        soft = torch.softmax(torch.from_numpy(self.arrays[4]), -1)
        return torch.nn.functional.cross_entropy(self.torch_output(w, b, v), soft)

    def torch_wrt(self) -> tuple[Any, ...]:
        return tuple(torch.from_numpy(a) for a in self.arrays[:3])


@needs_torch
@quiet
def test_jacobian_of_several_agrees_with_pytorch() -> None:
    net = Net()
    found = run(gn.jacobian(net.y, net.wrt), net.feeds)
    expected = torch.autograd.functional.jacobian(net.torch_output, net.torch_wrt())
    for a, b in zip(found, expected, strict=True):
        near(a, b.numpy())


@needs_torch
@quiet
def test_hessian_blocks_agree_with_pytorch() -> None:
    net = Net()
    expected = torch.autograd.functional.hessian(net.torch_loss, net.torch_wrt())
    for row, theirs in zip(gn.hessian(net.loss, net.wrt), expected, strict=True):
        for a, b in zip(run(row, net.feeds), theirs, strict=True):
            near(a, b.numpy())


@needs_torch
@quiet
def test_hessian_vector_product_agrees_with_pytorch_and_with_forward_over_reverse() -> None:
    net = Net()
    vectors = tuple(torch.from_numpy(v) for v in net.vectors)
    _, expected = torch.autograd.functional.hvp(net.torch_loss, net.torch_wrt(), vectors)
    found = run(gn.hessian_vector_product(net.loss, net.wrt, net.vectors), net.feeds)
    other = run(gn.jvp(gn.gradient(net.loss, net.wrt), net.wrt, net.vectors), net.feeds)
    for a, b, c in zip(found, other, expected, strict=True):
        near(a, c.numpy())
        near(b, c.numpy())


def test_jacobian_is_the_same_by_rows_and_by_columns() -> None:
    x = gn.input("x", (3,), "float64")
    wide, narrow = gn.exp(gn.broadcast_to(x, (2, 3))), gn.exp(x).sum()
    feeds = {x: np.array([0.1, 0.2, 0.3])}
    columns, row = run([gn.jacobian(wide, x), gn.jacobian(narrow, x)], feeds)
    e = np.exp(feeds[x])
    assert columns.shape == (2, 3, 3)
    near(columns, np.stack([np.diag(e)] * 2))
    near(row, e)


def test_jacobian_compiles_and_differentiates_again() -> None:
    x = gn.parameter([1.0, 2.0], "x", "float64")
    slopes = gn.jacobian(gn.stack([x[0] * x[1], x[0] * x[0]]), x)
    np.testing.assert_allclose(gn.Program(slopes).run(), [[2.0, 1.0], [2.0, 0.0]])
    np.testing.assert_allclose(gn.gradient(slopes.sum(), x).value, [3.0, 1.0])


def test_jacobian_of_nothing_is_empty() -> None:
    x = gn.parameter(np.zeros((0, 2)), "x", "float64")
    assert gn.jacobian(x * 2.0, x).shape == (0, 2, 0, 2)


def test_tangent_of_an_output_that_does_not_move_is_zero() -> None:
    x, y = gn.scalar(1.0, "x"), gn.scalar(2.0, "y")
    assert [float(t.value) for t in gn.jvp([x * x, y], [x], [1.0])] == [2.0, 0.0]
    assert gn.Tangents([x * x, y], [x], [1.0])[y] is None


def test_tangents_carry_the_forward_node_as_origin() -> None:
    x = gn.input("x", (3,), "float64")
    with gn.scope("part"):
        hidden = gn.tanh(x)
    y = gn.softmax(hidden)
    tangents = gn.Tangents(y, [x], [1.0])
    for node, tangent in tangents.items():
        if node is not x:
            assert tangent.origin == gn.Origin(node, None)
            assert tangent.scope == node.scope


def test_forward_mode_works_along_named_axes() -> None:
    x = gn.input("x", ("batch", 3), "float64")
    w = gn.parameter(np.ones((3, 2)), "w", "float64")
    tangent = gn.jvp(gn.relu(x @ w).sum(axis=1), w, np.eye(3, 2))
    assert tangent.shape == (gn.Dim([(("batch",), 1)]),)
    np.testing.assert_allclose(gn.Program(tangent).run({x: [[1.0, 2.0, 3.0]]}), [3.0])


def test_a_long_chain_has_tangents_in_linear_time() -> None:
    x = gn.scalar(0.5, "x")
    y = x
    for _ in range(3000):
        y = gn.softplus(y) - 0.1
    assert np.isfinite(gn.jvp(y, x, 1.0).value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, n: gn.jvp(x * 2.0, n, 1.0), "is not a float, so it has no tangent"),
        (lambda x, n: gn.jvp(n, x, 1.0), "is not a float, so it has no tangent"),
        (lambda x, n: gn.jvp(x * 2.0, x, np.ones(3)), r"the tangent of 'x' float64 \(2,\) is float64 \(3,\)"),
        (lambda x, n: gn.jvp(x * 2.0, [x], 1.0), "tangents is a list too"),
        (lambda x, n: gn.jvp(x * 2.0, [x], []), "a tangent for each of 1 nodes, found 0"),
        (lambda x, n: gn.hessian_vector_product(x.sum(), [x], 1.0), "wanted a list of 1 vectors"),
        (lambda x, n: gn.jacobian(n, x), "is not a float, so it has no slopes"),
    ],
)
def test_a_wrong_call_says_what_was_wanted(call: Any, words: str) -> None:
    with pytest.raises((GraphError, ShapeError), match=words):
        call(gn.input("x", (2,), "float64"), gn.input("n", (2,), "int64"))


def test_a_named_axis_has_no_dense_jacobian() -> None:
    x = gn.input("x", ("batch",), "float64")
    with pytest.raises(ShapeError, match="the number of slopes must be known"):
        gn.jacobian(x * x, x)
    with pytest.raises(ShapeError, match="has a named axis"):
        gn.hessian((x * x).sum(), x)


def test_the_vector_of_a_hessian_product_may_be_the_gradient_itself() -> None:
    x = gn.parameter([1.0, 2.0, -3.0], "x", "float64")
    loss = (x**4).sum() + x[0] * x[1]
    g = gn.gradient(loss, x)
    h = np.diag(12.0 * x.value**2)
    h[0, 1] = h[1, 0] = 1.0
    np.testing.assert_allclose(gn.hessian_vector_product(loss, x, g).value, h @ g.value, rtol=1e-12)
    np.testing.assert_allclose(gn.hessian_vector_product(loss, x, x * x).value, h @ x.value**2, rtol=1e-12)


def test_a_hessian_product_is_linear_in_its_vector() -> None:
    x, v = gn.parameter([1.0, 2.0], "x", "float64"), gn.parameter([3.0, -1.0], "v", "float64")
    product = gn.hessian_vector_product((x**3).sum(), x, v)
    np.testing.assert_allclose(gn.gradient(product.sum(), v).value, 6.0 * x.value, rtol=1e-12)
