"""Nodes and edges: what operators build, that nothing can be changed, and identity."""

from __future__ import annotations

import copy
import operator
import pickle

import numpy as np
import pytest

import graphnn as gn


@pytest.fixture
def x() -> gn.Node:
    return gn.input("x", (2, 3))


@pytest.fixture
def y() -> gn.Node:
    return gn.input("y", (2, 3))


BINARY = [
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.truediv, "div"),
    (operator.pow, "pow"),
    (operator.eq, "equal"),
    (operator.ne, "not_equal"),
    (operator.lt, "less"),
    (operator.le, "less_equal"),
    (operator.gt, "greater"),
    (operator.ge, "greater_equal"),
]
# What `2.0 < x` becomes in Python: x > 2.0.
MIRRORED = {
    "less": "greater",
    "greater": "less",
    "less_equal": "greater_equal",
    "greater_equal": "less_equal",
}


@pytest.mark.parametrize(("symbol", "op"), BINARY, ids=[name for _, name in BINARY])
def test_an_operator_builds_its_op_on_its_operands_in_order(symbol, op: str, x, y) -> None:
    node = symbol(x, y)
    assert node.op.name == op
    assert node.operands[0] is x and node.operands[1] is y


@pytest.mark.parametrize(("symbol", "op"), BINARY, ids=[name for _, name in BINARY])
def test_a_number_on_either_side_becomes_a_constant_of_the_same_value(symbol, op: str, x) -> None:
    feed = np.linspace(0.5, 3.0, 6, dtype="float32").reshape(2, 3)
    for node, expected in ((symbol(x, 2.5), symbol(feed, 2.5)), (symbol(2.5, x), symbol(2.5, feed))):
        assert node.op.name in (op, MIRRORED.get(op))
        (found,) = gn.interpret(node, {"x": feed})
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("symbol", [operator.add, operator.mul, operator.lt, operator.eq])
def test_numpy_does_not_take_arithmetic_with_nodes_apart(symbol, x) -> None:
    node = symbol(np.ones((2, 3)), x)
    assert isinstance(node, gn.Node)
    assert node.shape == (2, 3)


@pytest.mark.parametrize(
    ("build", "op"),
    [
        (operator.neg, "neg"),
        (abs, "abs"),
        (lambda x: x.T, "transpose"),
        (lambda x: x.transpose(1, 0), "transpose"),
        (lambda x: x.transpose((1, 0)), "transpose"),
        (lambda x: x.reshape(3, 2), "reshape"),
        (lambda x: x.reshape((3, -1)), "reshape"),
        (lambda x: x.sum(axis=0), "sum"),
        (lambda x: x.mean(), "mean"),
        (lambda x: x.max(axis=-1, keepdims=True), "max"),
        (lambda x: x.argmax(axis=1), "argmax"),
        (lambda x: x.astype("float64"), "cast"),
        (lambda x: x[0], "reshape|slice|squeeze"),
        (lambda x: x @ x.T, "matmul"),
    ],
)
def test_unary_operators_and_methods_are_as_numpy_users_expect(build, op: str, x) -> None:
    feed = np.array([[0.5, -1.0, 2.0], [3.0, -4.0, 5.5]], dtype="float32")
    node = build(x)
    assert node.op.name in op.split("|")
    (found,) = gn.interpret(node, {"x": feed})
    expected = build(feed)
    assert found.shape == expected.shape == node.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_logical_operators_build_their_ops(x, y) -> None:
    a, b = x > 0.0, y > 0.0
    assert [(~a).op.name, (a & b).op.name, (a | b).op.name] == ["logical_not", "logical_and", "logical_or"]


def test_plus_is_the_node_itself(x) -> None:
    assert +x is x


FIELDS = [
    "op",
    "operands",
    "attributes",
    "shape",
    "dtype",
    "name",
    "scope",
    "serial",
    "origin",
    "storage",
    "new",
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_node_is_frozen(field: str, x) -> None:
    with pytest.raises(AttributeError, match=f"is frozen: '{field}' cannot be set"):
        setattr(x, field, None)
    with pytest.raises(AttributeError, match="is frozen"):
        delattr(x, field)


def test_the_attributes_of_a_node_are_frozen(x) -> None:
    node = x.sum(axis=0)
    before = dict(node.attributes)
    for change in (
        lambda a: a.__setitem__("axes", (1,)),
        lambda a: a.__delitem__("axes"),
        lambda a: a.update(axes=(1,)),
        lambda a: a.pop("axes"),
        lambda a: a.popitem(),
        lambda a: a.clear(),
        lambda a: a.setdefault("new", 1),
        lambda a: operator.ior(a, {"axes": (1,)}),
    ):
        with pytest.raises(TypeError, match="a node's attributes cannot be changed"):
            change(node.attributes)
    assert dict(node.attributes) == before == {"axes": (0,), "keepdims": False}


def test_a_node_without_attributes_takes_none(x) -> None:
    with pytest.raises(TypeError):
        gn.exp(x).attributes["axes"] = 1


def test_a_name_is_given_once(x) -> None:
    node = gn.exp(x)
    assert node.name is None
    assert node.named("e") is node
    assert node.named("e").name == "e"
    with pytest.raises(gn.GraphError, match="already called 'e'"):
        node.named("f")
    for bad in ("", None, 3):
        with pytest.raises(gn.SettingError, match="a name is a non-empty text"):
            gn.exp(x).named(bad)


def test_nodes_are_told_apart_by_identity(x, y) -> None:
    a, b = x + y, x + y
    assert len({a, b, a}) == 2
    assert {a: 1, b: 2}[b] == 2
    assert isinstance(a == b, gn.Node)


@pytest.mark.parametrize("use", [bool, lambda n: n and 1, lambda n: 1 if n else 0, lambda n: n in [~n]])
def test_a_node_has_no_truth_value(use, x) -> None:
    with pytest.raises(gn.GraphError, match="has no truth value"):
        use(x > 0.0)


def test_a_node_is_no_index(x) -> None:
    with pytest.raises(gn.GraphError, match="is a node, not an index"):
        [1, 2, 3][gn.constant(1)]  # type: ignore[call-overload]


@pytest.mark.parametrize("take", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_node_is_neither_copied_nor_pickled(take, x) -> None:
    with pytest.raises(TypeError, match=r"nodes are not pickled or copied: save the graph with gn.io"):
        take(x)


def test_len_and_iteration_follow_the_first_axis(x) -> None:
    assert len(x) == 2
    rows = list(x)
    feed = np.arange(6, dtype="float32").reshape(2, 3)
    for row, expected in zip(gn.interpret(rows, {"x": feed}), feed, strict=True):
        np.testing.assert_array_equal(row, expected)
    for node in (gn.input("b", ("batch", 3)), gn.input("s")):
        with pytest.raises(gn.ShapeError, match="has no first axis of known size"):
            len(node)


def test_operands_have_smaller_serials(x, y) -> None:
    graph = gn.Graph(gn.softmax((x * 2.0 + y).reshape(3, 2)).sum())
    assert all(edge.source.serial < edge.target.serial for edge in graph.edges)


def test_a_node_tells_what_it_is(x) -> None:
    assert repr(x) == "<input 'x' float32 (2, 3)>"
    assert repr(gn.exp(x)) == "<exp float32 (2, 3)>"
    assert repr(gn.scalar(2.5, "a")) == "<parameter 'a' float64 () = 2.5>"
    assert [n.role for n in (x, gn.exp(x), gn.constant(1.0), gn.scalar(1.0))] == [
        "input",
        "op",
        "constant",
        "parameter",
    ]


def test_edges_compare_by_value_and_are_frozen(x) -> None:
    node = x * x
    first, second = gn.Edge(x, node, 0), gn.Edge(x, node, 1)
    assert first == gn.Edge(x, node, 0) and hash(first) == hash(gn.Edge(x, node, 0))
    assert first != second and first != "edge"
    assert (first.port, second.port) == ("a", "b")
    with pytest.raises(AttributeError, match="an edge is frozen"):
        first.slot = 1
    assert repr(first) == "<edge 'x' -> mul.a>"
    assert gn.Graph(gn.concat([x, x])).edges[1].port == "xs[1]"
