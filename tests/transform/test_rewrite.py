"""rewrite: what no rule touches stays the same object, what is copied keeps its labels."""

from __future__ import annotations

import time

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.node import Origin, current_origin
from graphnn.core.scope import current_scope
from graphnn.transform.rewrite import rewrite, same_but, substitute
from wild_graphs import wild_graph


def keep(node: gn.Node, operands: tuple[gn.Node, ...]) -> None:
    return None


@pytest.mark.parametrize("seed", range(6))
def test_a_rule_that_keeps_everything_returns_the_very_nodes(seed: int) -> None:
    graph = wild_graph(np.random.default_rng(seed), 40)
    outputs, replaced = rewrite(graph.outputs, keep)
    assert all(a is b for a, b in zip(outputs, graph.outputs, strict=True))
    assert not replaced
    assert all(replaced[n] is n for n in graph)


def test_a_rule_meets_every_node_once_operands_first() -> None:
    graph = wild_graph(np.random.default_rng(1), 40)
    met = []
    rewrite(graph.outputs, lambda node, operands: met.append((node, operands)))
    assert tuple(n for n, _ in met) == graph.nodes
    assert all(operands is node.operands for node, operands in met)


def diamond():
    x = gn.input("x", (2,))
    with gn.scope("left"):
        a = gn.exp(x).named("a")
    with gn.scope("right"):
        b = gn.tanh(x).named("b")
    token = current_origin.set(Origin(a, 0))
    c = gn.neg(a)
    current_origin.reset(token)
    with gn.scope("end"):
        return x, a, b, c, (c * b).named("end")


def test_only_what_lies_above_a_replaced_node_is_copied() -> None:
    x, a, b, c, end = diamond()
    (new,), replaced = rewrite([end], lambda node, operands: gn.sigmoid(*operands) if node is a else None)
    assert set(replaced) == {a, c, end}
    assert replaced[end] is new
    assert new.operands[1] is b
    assert replaced[c].operands == (replaced[a],)
    assert replaced[a].op.name == "sigmoid" and replaced[a].operands[0] is x
    for old, copy in ((c, replaced[c]), (end, new)):
        assert (copy.op, copy.name, copy.scope, copy.origin, copy.attributes, copy.shape) == (
            old.op,
            old.name,
            old.scope,
            old.origin,
            old.attributes,
            old.shape,
        )
        assert copy.serial > max(o.serial for o in copy.operands)


def test_nodes_that_a_rule_builds_get_scope_and_origin_of_what_they_replace() -> None:
    _, a, _, c, end = diamond()

    def rule(node, operands):
        return gn.sigmoid(gn.relu(*operands)) if node is a or node is c else None

    with gn.scope("pass"):
        _, replaced = rewrite([end], rule)
        assert current_scope() == "pass"
    assert [n.scope for n in (replaced[a], replaced[a].operands[0])] == ["left", "left"]
    assert [n.scope for n in (replaced[c], replaced[c].operands[0])] == ["", ""]
    assert [n.origin for n in (replaced[c], replaced[c].operands[0])] == [Origin(a, 0), Origin(a, 0)]
    assert replaced[a].origin is None
    assert current_origin.get() is None


def test_scope_and_origin_are_restored_when_a_rule_fails() -> None:
    *_, c, end = diamond()

    def rule(node, operands):
        if node is c:
            raise ZeroDivisionError

    with gn.scope("pass"), pytest.raises(ZeroDivisionError):
        rewrite([end], rule)
    assert current_scope() == ""
    assert current_origin.get() is None


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda x: x.sum(), r"wanted float32 \(2,\), found float32 \(\)"),
        (lambda x: x > 0.0, r"wanted float32 \(2,\), found bool \(2,\)"),
    ],
)
def test_a_replacement_of_another_shape_or_dtype_is_refused(make, told: str) -> None:
    x, a, _, _, end = diamond()
    with pytest.raises(gn.GraphError, match=told):
        rewrite([end], lambda node, operands: make(x) if node is a else None)


def test_substitute_replaces_leaves_and_keeps_the_rest() -> None:
    x, *_, end = diamond()
    z = gn.input("z", (2,))
    (new,), _ = substitute([end], {x: z})
    assert gn.Graph(new).inputs == (z,)
    np.testing.assert_array_equal(
        gn.interpret(new, {"z": [1.0, 2.0]})[0], gn.interpret(end, {"x": [1.0, 2.0]})[0]
    )
    # The replacement may use what it replaces.
    (twice,), _ = substitute([end], {x: x + x})
    np.testing.assert_array_equal(
        gn.interpret(twice, {"x": [1.0, 2.0]})[0], gn.interpret(end, {"x": [2.0, 4.0]})[0]
    )
    assert substitute([end], {})[0] == (end,)


def test_same_but_keeps_scope_and_origin_wherever_it_is_called() -> None:
    _, a, b, c, _ = diamond()
    with gn.scope("elsewhere"):
        one, two = same_but(b, b.operands), same_but(c, (b,))
    assert (one.scope, one.name, one.origin) == ("right", "b", None)
    assert (two.scope, two.name, two.origin) == ("", None, Origin(a, 0))


def test_same_but_can_change_attributes() -> None:
    x = gn.input("x", (3, 3))
    node = gn.transpose(x).named("t")
    copy = same_but(node, (gn.exp(x),), {"axes": (0, 1)})
    assert (copy.attributes["axes"], copy.name, copy.op) == ((0, 1), "t", gn.transpose)


@pytest.mark.usefixtures("quiet_collector")
def test_a_long_chain_is_rewritten_in_linear_time_without_recursion() -> None:
    def seconds(length: int) -> float:
        first = node = gn.exp(gn.scalar(1.0, "a"))
        for _ in range(length):
            node = gn.neg(node)
        start = time.process_time()
        _, replaced = rewrite([node], lambda n, operands: gn.tanh(*operands) if n is first else None)
        assert len(replaced) == length + 1
        return time.process_time() - start

    seconds(1000)
    short, long = min(seconds(5_000) for _ in range(3)), seconds(50_000)
    # Ten times the nodes; four times more is left for caches and a busy machine. Quadratic would be 100.
    assert long < 40 * short
