"""GraphBuilder: any order, the same graph as expressions, and an error that names the culprit of every mistake."""

from __future__ import annotations

import time
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

import graphnn as gn
from op_cases import Case, cases, leaves, operands
from wild_graphs import wild_graph


def two_layers(order: list[int] | None = None) -> gn.GraphBuilder:
    """x @ w + b, relu; the parts added in the given order."""
    builder = gn.GraphBuilder()
    parts = [
        lambda: builder.add_input("x", ("batch", 2)),
        lambda: builder.add_parameter("w", [[1.0, -1.0, 0.5], [2.0, 1.0, -3.0]]),
        lambda: builder.add_parameter("b", [[0.5, 0.25, 0.0]]),
        lambda: builder.add_node("xw", "matmul"),
        lambda: builder.add_node("z", "add"),
        lambda: builder.add_node("h", "relu"),
        lambda: builder.add_edge("x", "xw", "x"),
        lambda: builder.add_edge("w", "xw", "w"),
        lambda: builder.add_edge("xw", "z", "a"),
        lambda: builder.add_edge("b", "z", 1),
        lambda: builder.add_edge("z", "h", "x"),
        lambda: builder.set_outputs("h"),
    ]
    for k in order or range(len(parts)):
        parts[k]()
    return builder


def test_the_builder_makes_what_expressions_make() -> None:
    x = gn.input("x", ("batch", 2))
    w = gn.parameter([[1.0, -1.0, 0.5], [2.0, 1.0, -3.0]], "w")
    b = gn.parameter([[0.5, 0.25, 0.0]], "b")
    h = gn.relu(((x @ w).named("xw") + b).named("z")).named("h")
    graph = two_layers().build()
    assert str(graph) == str(gn.Graph(h))
    feed = {"x": [[1.0, 2.0], [-3.0, 4.0]]}
    np.testing.assert_array_equal(gn.interpret(graph, feed)[0], gn.interpret(h, feed)[0])


def test_parts_may_come_in_any_order(rng) -> None:
    expected = gn.interpret(two_layers().build(), {"x": [[1.0, 2.0]]})[0]
    for _ in range(30):
        graph = two_layers(list(rng.permutation(12))).build()
        assert [n.name for n in graph.outputs] == ["h"]
        assert {n.name for n in graph if n.name} == {"x", "w", "b", "xw", "z", "h"}
        np.testing.assert_array_equal(gn.interpret(graph, {"x": [[1.0, 2.0]]})[0], expected)


def test_each_build_has_parameters_of_its_own() -> None:
    builder = two_layers()
    first, second = builder.build(), builder.build()
    first.find("w").storage.write(np.zeros((2, 3)))
    assert second.find("w").storage.array[0].tolist() == [1.0, -1.0, 0.5]
    assert not set(first.nodes) & set(second.nodes)


def test_a_builder_keeps_copies_of_values() -> None:
    value = np.ones(3, dtype="float32")
    builder = gn.GraphBuilder()
    builder.add_parameter("w", value)
    builder.add_constant("c", value)
    value[:] = 7
    builder.add_node("y", "mul")
    builder.add_edge("w", "y", 0)
    builder.add_edge("c", "y", 1)
    builder.set_outputs("y")
    assert gn.interpret(builder.build())[0].tolist() == [1.0, 1.0, 1.0]


def test_scopes_around_the_adding_count_and_those_around_the_building_do_not() -> None:
    builder = gn.GraphBuilder()
    with gn.scope("net"):
        builder.add_input("x", (2,))
        with gn.scope("out"):
            builder.add_node("y", "exp")
    builder.add_edge("x", "y", "x")
    builder.set_outputs("y")
    with gn.scope("elsewhere"):
        graph = builder.build()
    assert [n.scope for n in graph] == ["net", "net/out"]


@pytest.mark.parametrize(
    ("op", "attributes", "same"),
    [
        ("sum", {"axis": -1}, lambda x: x.sum(axis=-1)),
        ("sum", {}, lambda x: x.sum()),
        ("sum", {"axes": (1,), "keepdims": True}, lambda x: x.sum(axis=1, keepdims=True)),
        ("mean", {"keepdims": True}, lambda x: x.mean(keepdims=True)),
        ("argmax", {"axis": -1}, lambda x: x.argmax(axis=-1)),
        ("reshape", {"shape": (-1,)}, lambda x: x.reshape(-1)),
        ("reshape", {"shape": (4, 3)}, lambda x: x.reshape(4, 3)),
        ("transpose", {}, lambda x: x.T),
        ("transpose", {"axes": (1, 0)}, lambda x: x.T),
        ("cast", {"dtype": "float64"}, lambda x: x.cast("float64")),
        ("slice", {"index": (0, slice(1, 3))}, lambda x: x[0, 1:3]),
        ("softmax", {"axis": 0}, lambda x: gn.softmax(x, axis=0)),
        ("concat", {"axis": 0}, lambda x: gn.concat([x], axis=0)),
        ("broadcast_to", {"shape": (2, 3, 4)}, lambda x: gn.broadcast_to(x, (2, 3, 4))),
    ],
)
def test_nodes_take_the_attributes_of_listings_and_of_calls(op: str, attributes, same) -> None:
    builder = gn.GraphBuilder()
    builder.add_input("x", (3, 4))
    builder.add_node("y", op, **attributes)
    builder.add_edge("x", "y", 0)
    builder.set_outputs("y")
    graph = builder.build()
    assert str(graph) == str(gn.Graph(same(gn.input("x", (3, 4))).named("y")))


def wrong(*steps) -> gn.GraphBuilder:
    """A good builder with an output, and then some steps."""
    builder = two_layers()
    for step in steps:
        step(builder)
    return builder


def chain(*names: str):
    """Nodes that wait for each other in a circle, in the order of the edges."""

    def step(builder: gn.GraphBuilder) -> None:
        for name in names:
            builder.add_node(name, "exp")
        for source, target in zip(names, [*names[1:], names[0]], strict=True):
            builder.add_edge(source, target, 0)

    return step


@pytest.mark.parametrize(
    ("steps", "error", "told"),
    [
        ([chain("p", "q", "r")], gn.GraphError, "the edges form a cycle: p -> q -> r -> p."),
        ([chain("p")], gn.GraphError, "the edges form a cycle: p -> p."),
        (
            [chain("p", "q"), lambda b: b.add_node("after", "exp"), lambda b: b.add_edge("q", "after", 0)],
            gn.GraphError,
            "cycle: p -> q -> p.",
        ),
        (
            [lambda b: b.add_node("y", "add"), lambda b: b.add_edge("h", "y", "b")],
            gn.GraphError,
            "node 'y' (add): operand 'a' is missing; give it: add_edge(source, 'y', 'a').",
        ),
        (
            [lambda b: b.add_node("y", "concat", axis=0)],
            gn.GraphError,
            "node 'y' (concat): operand 'xs[0]' is missing",
        ),
        (
            [lambda b: b.add_node("y", "concat", axis=0), lambda b: b.add_edge("h", "y", 1)],
            gn.GraphError,
            "node 'y' (concat): operand 'xs[0]' is missing",
        ),
        (
            [lambda b: b.add_edge("x", "z", "b")],
            gn.GraphError,
            "operand 'b' of 'z' (add) is given twice, by 'b' and by 'x'.",
        ),
        (
            [lambda b: b.add_edge("x", "z", 0)],
            gn.GraphError,
            "operand 'a' of 'z' (add) is given twice, by 'xw' and by 'x'.",
        ),
        (
            [lambda b: b.add_node("y", "rleu")],
            gn.GraphError,
            "node 'y': there is no op 'rleu'. Did you mean 'relu'?",
        ),
        ([lambda b: b.add_node("y", ["relu"])], gn.GraphError, "there is no op ['relu']"),
        (
            [lambda b: b.add_node("y", "parameter")],
            gn.GraphError,
            "node 'y': parameter is a leaf; use add_parameter.",
        ),
        (
            [lambda b: b.add_edge("hh", "z", "a")],
            gn.GraphError,
            "edge 'hh' -> 'z': there is no node 'hh'. Did you mean 'h'?",
        ),
        (
            [lambda b: b.add_edge("h", "zz", "a")],
            gn.GraphError,
            "edge 'h' -> 'zz': there is no node 'zz'. Did you mean 'z'?",
        ),
        ([lambda b: b.add_edge(None, "z", "a")], gn.GraphError, "there is no node None"),
        (
            [lambda b: b.add_edge("x", "z", "c")],
            gn.GraphError,
            "edge 'x' -> 'z': add has no operand 'c'. Its operands: a, b.",
        ),
        ([lambda b: b.add_edge("x", "z", 2)], gn.GraphError, "add has no operand 2."),
        ([lambda b: b.add_edge("x", "z", -1)], gn.GraphError, "add has no operand -1."),
        (
            [lambda b: b.add_edge("x", "z", 1.0)],
            gn.GraphError,
            "an operand is a port name or a slot, found 1.0",
        ),
        (
            [lambda b: b.add_edge("x", "z", True)],
            gn.GraphError,
            "an operand is a port name or a slot, found True",
        ),
        (
            [lambda b: b.add_edge("z", "x", 0)],
            gn.GraphError,
            "edge 'z' -> 'x': input has no operand 0. It takes none.",
        ),
        (
            [lambda b: b.add_input("h", (2,))],
            gn.GraphError,
            "there are two nodes called 'h', relu and input.",
        ),
        (
            [lambda b: b.add_node("x", "relu")],
            gn.GraphError,
            "there are two nodes called 'x', input and relu.",
        ),
        ([lambda b: b.set_outputs()], gn.GraphError, "no outputs; say which nodes the graph is for"),
        ([lambda b: b.set_outputs("hx")], gn.GraphError, "output: there is no node 'hx'. Did you mean"),
        ([lambda b: b.set_outputs(["h"])], gn.GraphError, "output: there is no node ['h']"),
        ([lambda b: b.add_node("", "relu")], gn.GraphError, "a node's name is a non-empty text, found ''"),
        ([lambda b: b.add_input(3)], gn.GraphError, "a node's name is a non-empty text, found 3"),
        (
            [
                lambda b: b.add_node("y", "matmul"),
                lambda b: b.add_edge("x", "y", 0),
                lambda b: b.add_edge("b", "y", 1),
            ],
            gn.ShapeError,
            "node 'y': matmul: axis k is 2 in x",
        ),
        (
            [
                lambda b: b.add_constant("c", 1),
                lambda b: b.add_node("y", "add"),
                lambda b: b.add_edge("h", "y", 0),
                lambda b: b.add_edge("c", "y", 1),
            ],
            gn.DtypeError,
            "node 'y': add: a = 'h' is float32 but b = 'c' is int64",
        ),
        (
            [lambda b: b.add_node("y", "sum", axxis=1), lambda b: b.add_edge("h", "y", 0)],
            gn.DeclarationError,
            "node 'y': sum: there is no attribute 'axxis'. Did you mean 'axes'?",
        ),
        (
            [lambda b: b.add_node("y", "sum", axis=5), lambda b: b.add_edge("h", "y", 0)],
            gn.ShapeError,
            "node 'y': sum: there is no axis 5",
        ),
        (
            [
                lambda b: b.add_node("y", "slice", starts=None, sizes=3, steps=()),
                lambda b: b.add_edge("h", "y", 0),
            ],
            gn.GraphnnError,
            "node 'y': ",
        ),
        ([lambda b: b.add_parameter("y", "one")], gn.DtypeError, "parameter 'y': wanted numbers"),
        ([lambda b: b.add_input("y", (-1,))], gn.ShapeError, "input 'y': axis 0 is -1"),
    ],
)
def test_a_mistake_is_named_with_its_culprit(steps, error, told: str) -> None:
    with pytest.raises(error) as caught:
        wrong(*steps).build()
    assert told in str(caught.value)


def test_the_cycle_that_is_named_is_a_cycle_of_the_edges(rng) -> None:
    names = [f"k{i}" for i in range(40)]
    for _ in range(20):
        builder, edges = gn.GraphBuilder(), set()
        for name in names:
            builder.add_node(name, "add")
        for name in names:
            for slot, source in enumerate(rng.choice(names, 2)):
                builder.add_edge(str(source), name, slot)
                edges.add((str(source), name))
        builder.set_outputs("k0")
        with pytest.raises(gn.GraphError, match="the edges form a cycle: ") as caught:
            builder.build()
        walk = str(caught.value).split("cycle: ")[1].rstrip(".").split(" -> ")
        assert walk[0] == walk[-1]
        assert len(set(walk)) == len(walk) - 1
        assert set(pairwise(walk)) <= edges


@pytest.mark.parametrize("seed", range(8))
def test_networkx_and_back_is_the_same_graph(seed: int) -> None:
    graph = wild_graph(np.random.default_rng(seed), 50)
    again = gn.GraphBuilder.from_networkx(graph.to_networkx()).build()
    assert str(again) == str(graph)
    assert not set(again.nodes) & set(graph.nodes)
    feed = {n.name: np.linspace(-1, 2, 12).reshape(3, 4) for n in graph.inputs}
    for a, b in zip(gn.interpret(graph, feed), gn.interpret(again, feed), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_declared_sample_goes_through_networkx(case: Case) -> None:
    graph = gn.Graph(case.record.node(*leaves(case, operands(case)), **case.sample.attributes))
    assert str(gn.GraphBuilder.from_networkx(graph.to_networkx()).build()) == str(graph)


def test_a_networkx_graph_made_by_hand_needs_only_what_matters() -> None:
    other = nx.MultiDiGraph()
    other.add_node("sum", op="add")
    other.add_node("x", op="input", shape=("batch", 2))
    other.add_node(3, op="constant", value=[[1.0, 2.0]])
    other.add_node("wide", op="broadcast_to", attributes={"shape": gn.input("_", ("batch", 2)).shape})
    other.add_edge("x", "sum", key=0)
    other.add_edge(3, "wide", slot=0)
    other.add_edge("wide", "sum", port="b")
    graph = gn.GraphBuilder.from_networkx(other).build()
    assert [n.op.name for n in graph.outputs] == ["add"]
    assert gn.interpret(graph, {"x": [[1.0, 1.0]]})[0].tolist() == [[2.0, 3.0]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda g: g.add_edge("n4", "n3", key=0), "is given twice|cycle"),
        (lambda g: g.remove_edge("n0", "n3"), "operand 'x' is missing"),
        (lambda g: g.nodes["n1"].pop("node"), "parameter 'n1' has no value; give its record a 'value'"),
        (lambda g: g.nodes["n5"].pop("op"), "node 'n5': there is no op None"),
        (lambda g: g.nodes["n5"].update(op="rleu"), "node 'n5': there is no op 'rleu'. Did you mean 'relu'?"),
        (lambda g: g.nodes["n5"].update(name=5), "node 'n5': a name is a non-empty text, found 5"),
        (lambda g: g.add_node("new"), "node 'new': there is no op None"),
        (lambda g: g.graph.update(outputs=["n77"]), "output: there is no node 'n77'"),
        (lambda g: g.graph.update(outputs=[]), "no outputs"),
    ],
)
def test_a_damaged_networkx_graph_is_refused(change, told: str) -> None:
    other = two_layers().build().to_networkx()
    change(other)
    with pytest.raises(gn.GraphError, match=told):
        gn.GraphBuilder.from_networkx(other).build()


def test_other_things_are_no_networkx_graphs() -> None:
    for thing in (None, {"x": 1}, nx.MultiGraph()):
        with pytest.raises(gn.GraphError, match="wanted a networkx MultiDiGraph, found"):
            gn.GraphBuilder.from_networkx(thing)
    plain = nx.DiGraph()
    plain.add_node("x", op="input")
    plain.add_node("y", op="exp")
    plain.add_edge("x", "y")
    with pytest.raises(gn.GraphError, match="edge 'x' -> 'y' does not say which operand it is"):
        gn.GraphBuilder.from_networkx(plain)


@pytest.mark.usefixtures("quiet_collector")
def test_a_chain_of_a_hundred_thousand_nodes_added_backwards_is_built_in_linear_time() -> None:
    def seconds(length: int) -> float:
        start = time.process_time()
        builder = gn.GraphBuilder()
        for k in reversed(range(length)):
            builder.add_node(f"k{k}", "exp")
            builder.add_edge(f"k{k - 1}" if k else "x", f"k{k}", "x")
        builder.add_input("x", (2,))
        builder.set_outputs(f"k{length - 1}")
        assert len(builder.build()) == length + 1
        return time.process_time() - start

    seconds(1000)
    short, long = min(seconds(10_000) for _ in range(2)), seconds(100_000)
    # Ten times the nodes; four times more is left for caches and a busy machine. Quadratic would be 100.
    assert long < 40 * short
