"""Graph: its set of nodes, order, edges and queries, with networkx as the oracle."""

from __future__ import annotations

import time

import networkx as nx
import numpy as np
import pytest

import graphnn as gn
from wild_graphs import wild_graph

SEEDS = range(12)


def graph_of(seed: int) -> gn.Graph:
    return wild_graph(np.random.default_rng(seed), 60)


@pytest.mark.parametrize("seed", SEEDS)
def test_queries_agree_with_networkx(seed: int) -> None:
    graph = graph_of(seed)
    other = graph.to_networkx()
    ids = graph.ids
    assert nx.is_directed_acyclic_graph(other)
    assert list(other.nodes) == [ids[n] for n in graph.nodes]
    assert other.number_of_edges() == len(graph.edges)
    assert other.graph["outputs"] == [ids[n] for n in graph.outputs]
    for node in graph.nodes:
        key = ids[node]
        out = sorted((t, slot) for _, t, slot in other.out_edges(key, keys=True))
        assert sorted((ids[e.target], e.slot) for e in graph.consumers(node)) == out
        into = sorted((slot, s) for s, _, slot in other.in_edges(key, keys=True))
        assert [(e.slot, ids[e.source]) for e in graph.operand_edges(node)] == into
        assert other.nodes[key]["node"] is node
        assert other.nodes[key]["shape"] == node.shape
    for source, target, slot, data in other.edges(keys=True, data=True):
        assert data["port"] == other.nodes[target]["node"].op.port_name(slot)
        assert other.nodes[target]["node"].operands[slot] is other.nodes[source]["node"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_graph_of_an_output_is_what_it_reaches_in_topological_order(seed: int) -> None:
    graph = graph_of(seed)
    other = graph.to_networkx()
    place = {node: k for k, node in enumerate(graph.nodes)}
    assert all(place[e.source] < place[e.target] for e in graph.edges)
    for node in graph.nodes[:: max(1, len(graph) // 5)]:
        part = gn.Graph(node)
        assert {graph.ids[n] for n in part.nodes} == nx.ancestors(other, graph.ids[node]) | {graph.ids[node]}
        assert part.nodes == tuple(n for n in graph.nodes if n in part)


@pytest.mark.parametrize("seed", SEEDS)
def test_roles_divide_the_nodes(seed: int) -> None:
    graph = graph_of(seed)
    for role, found in (
        ("input", graph.inputs),
        ("parameter", graph.parameters),
        ("constant", graph.constants),
    ):
        assert found == tuple(n for n in graph if n.role == role)


def test_a_product_with_itself_has_two_edges() -> None:
    a = gn.scalar(3.0, "a")
    graph = gn.Graph(a * a)
    assert [(e.source, e.slot) for e in graph.edges] == [(a, 0), (a, 1)]
    assert graph.to_networkx().number_of_edges("n0", "n1") == 2
    assert len(graph.consumers(a)) == 2


def test_a_graph_keeps_its_outputs_as_given() -> None:
    x = gn.input("x", (2,))
    a, b = gn.exp(x), gn.relu(x)
    assert gn.Graph((b, a, b)).outputs == (b, a, b)
    assert gn.Graph(n for n in (b, a)).outputs == (b, a)
    assert len(gn.Graph((b, a, b))) == 3
    assert list(gn.Graph(x)) == [x]


def test_membership_is_of_nodes() -> None:
    x, y = gn.input("x"), gn.input("y")
    graph = gn.Graph(gn.exp(x))
    assert x in graph
    assert y not in graph
    assert "x" not in graph


def test_find_takes_names_and_ids() -> None:
    x = gn.input("x", (2,))
    y = gn.exp(x).named("y")
    graph = gn.Graph(y + gn.relu(x))
    assert graph.find("x") is x
    assert graph.find("y") is y
    assert graph.find("n3") is graph.outputs[0]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hiden", "find: no node is called 'hiden'. Did you mean 'hidden'?"),
        ("n9", "find: no node is called 'n9'"),
        ("x", "find: 2 nodes are called 'x': n0, n1."),
    ],
)
def test_find_says_what_it_did_not_find(name: str, told: str) -> None:
    node = (gn.input("x", (2,)) + gn.input("x", (2,))).named("hidden")
    with pytest.raises(gn.GraphError, match=told.replace("?", r"\?")):
        gn.Graph(node).find(name)


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ((), "at least one output"),
        ([], "at least one output"),
        (3, "wanted a node or nodes, found 3"),
        (None, "wanted a node or nodes, found None"),
        ("x", "outputs are nodes, found 'x'"),
        ([gn.scalar(1.0), 2.0], "outputs are nodes, found 2.0"),
    ],
)
def test_outputs_that_are_no_nodes_are_refused(outputs, told: str) -> None:
    with pytest.raises(gn.GraphError, match=told):
        gn.Graph(outputs)


@pytest.mark.parametrize("query", ["consumers", "operand_edges"])
def test_queries_refuse_foreign_nodes_and_other_things(query: str) -> None:
    graph = gn.Graph(gn.exp(gn.input("x")))
    with pytest.raises(gn.GraphError, match="is not part of this graph"):
        getattr(graph, query)(gn.input("y"))
    with pytest.raises(gn.GraphError, match="wanted a node, found 'x'"):
        getattr(graph, query)("x")


@pytest.mark.usefixtures("quiet_collector")
def test_a_long_chain_is_a_graph_in_linear_time_without_recursion() -> None:
    def seconds(length: int) -> float:
        node = gn.scalar(1.0, "a")
        for _ in range(length):
            node = gn.neg(node)
        start = time.process_time()
        graph = gn.Graph(node)
        assert len(graph.edges) == length == len(graph) - 1
        assert len(graph.consumers(graph.nodes[0])) == 1
        return time.process_time() - start

    seconds(1000)
    short, long = min(seconds(10_000) for _ in range(3)), seconds(100_000)
    # Ten times the nodes; four times more is left for caches and a busy machine. Quadratic would be 100.
    assert long < 40 * short
