"""Graphs in text files: what goes in comes out, byte by byte, and damage of any kind is a GraphError."""

from __future__ import annotations

import base64
import json
import os
import stat
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from graphnn.io.graph_json import LIST_ELEMENTS, graph_from_json, graph_to_json
from op_cases import Case, cases, leaves, operands
from wild_graphs import SHAPE, hidden_layer, wild_graph


def test_the_text_is_as_published() -> None:
    assert graph_to_json(hidden_layer()) == (
        '{"format": "graphnn graph", "version": 1, "nodes": [\n'
        '{"id": "n0", "op": "input", "name": "x", "shape": ["batch", 2], "dtype": "float32"},\n'
        '{"id": "n1", "op": "parameter", "name": "w", "scope": "hidden", "shape": [2, 2], "dtype": "float32",'
        ' "value": [0.1, -0.5, 1e-30, 2.0]},\n'
        '{"id": "n2", "op": "matmul", "operands": ["n0", "n1"], "scope": "hidden", "shape": ["batch", 2],'
        ' "dtype": "float32"},\n'
        '{"id": "n3", "op": "constant", "scope": "hidden", "shape": [2], "dtype": "float32", "value": [0.25, -0.0]},\n'
        '{"id": "n4", "op": "broadcast_to", "operands": ["n3"], "scope": "hidden",'
        ' "attributes": {"shape": [{"dim": "batch"}, 2]}, "shape": ["batch", 2], "dtype": "float32"},\n'
        '{"id": "n5", "op": "add", "operands": ["n2", "n4"], "scope": "hidden", "shape": ["batch", 2],'
        ' "dtype": "float32"},\n'
        '{"id": "n6", "op": "relu", "operands": ["n5"], "name": "h", "scope": "hidden", "shape": ["batch", 2],'
        ' "dtype": "float32"},\n'
        '{"id": "n7", "op": "sum", "operands": ["n6"], "attributes": {"axes": [1], "keepdims": false},'
        ' "shape": ["batch"], "dtype": "float32"},\n'
        '{"id": "n8", "op": "reshape", "operands": ["n7"], "attributes": {"shape": [{"dim": "batch"}, 1]},'
        ' "shape": ["batch", 1], "dtype": "float32"}\n'
        '], "outputs": ["n8", "n6"]}\n'
    )


def same(a: gn.Graph, b: gn.Graph) -> None:
    assert str(a) == str(b)
    for one, two in zip(a.nodes, b.nodes, strict=True):
        assert (one.op, one.attributes, one.scope) == (two.op, two.attributes, two.scope)
        assert list(map(type, one.attributes.values())) == list(map(type, two.attributes.values()))
        if one.storage is not None:
            assert one.storage.array.dtype == two.storage.array.dtype
            assert one.storage.array.tobytes() == two.storage.array.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(12))
def test_a_random_graph_comes_back_bit_by_bit(seed: int, dtype: str) -> None:
    graph = wild_graph(np.random.default_rng(seed), 50, dtype)
    text = graph_to_json(graph)
    again = graph_from_json(text)
    same(graph, again)
    assert graph_to_json(again) == text
    x = np.linspace(-2, 2, 12).reshape(SHAPE)
    for a, b in zip(
        gn.interpret(graph, {n.name: x for n in graph.inputs}),
        gn.interpret(again, {n.name: x for n in again.inputs}),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_every_declared_sample_comes_back(case: Case) -> None:
    graph = gn.Graph(case.record.node(*leaves(case, operands(case)), **case.sample.attributes))
    same(graph, graph_from_json(graph_to_json(graph)))


NAN = np.frombuffer(struct.pack("<I", 0xFFC12345), "<f4")[0]
VALUES = [
    np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38, NAN], "float32"),
    np.array([np.nan, 5e-324, 1.7976931348623157e308, -0.0, 0.1]),
    np.array([0.1, 1 / 3, -0.0, 1e-45, 16777217.0, 3.4028235e38], "float32"),
    np.array([0.1, 1 / 3, 5e-324, 1.7976931348623157e308]),
    np.array([-(2**63), 2**63 - 1, 0]),
    np.array([[True, False]]),
    np.arange(LIST_ELEMENTS + 1),
    np.arange(40.0).reshape(4, 5, 2),
    np.tile([True, False, False], 20),
    np.zeros((0, 3)),
    np.float64(0.1),
    np.zeros((LIST_ELEMENTS + 1, 0, 2), "float32"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{v.dtype}{list(v.shape)}")
def test_values_keep_their_bits(value: np.ndarray) -> None:
    leaves_ = [
        gn.constant(value, value.dtype, "c"),
        gn.parameter(value, "w", value.dtype),
        gn.constant(value, value.dtype),
    ]
    again = graph_from_json(graph_to_json(leaves_))
    for node, leaf in zip(again.outputs, leaves_, strict=True):
        array = node.storage.array
        assert (node.name, node.role, node.dtype) == (leaf.name, leaf.role, value.dtype)
        assert array.shape == value.shape
        assert array.tobytes() == value.tobytes()


def test_float32_numbers_are_written_short_and_read_exactly(rng) -> None:
    values = rng.integers(0, 2**32, 4000, dtype=np.uint32).view("float32")
    values = values[np.isfinite(values)]
    for part in np.array_split(values, len(values) // LIST_ELEMENTS + 1):
        text = graph_to_json(gn.constant(part, "float32"))
        assert "base64" not in text
        assert graph_from_json(text).outputs[0].storage.array.tobytes() == part.tobytes()
    assert "[0.1]" in graph_to_json(gn.constant([0.1]))


@pytest.mark.parametrize("name", ["x", "층 1", "a\nb", '"', "\\", "\ud800", "n3", "é\u0301", "😀"])
def test_any_name_and_scope_comes_back(name: str) -> None:
    with gn.scope(name):
        node = gn.exp(gn.input(name, ("Länge",))).named(name)
    text = graph_to_json(node)
    assert text.isascii()
    (again,) = graph_from_json(text).outputs
    assert (again.name, again.scope, again.operands[0].name) == (name, name, name)


def test_a_scalar_without_a_name_stays_without_one() -> None:
    again = graph_from_json(graph_to_json(gn.scalar(2.0) * gn.scalar(3.0, "b")))
    assert [n.name for n in again] == [None, "b", None]
    assert gn.interpret(again)[0] == 6.0


def test_without_weights_the_reader_gives_them() -> None:
    text = graph_to_json(hidden_layer(), weights=False)
    assert "0.1" not in text and "-0.5" not in text
    with pytest.raises(gn.GraphError, match="parameter 'w' is kept without its value; give it: weights="):
        graph_from_json(text)
    for key in ("w", "n1"):
        graph = graph_from_json(text, {key: np.full((2, 2), 7.0)})
        assert graph.find("w").storage.array.tolist() == [[7.0, 7.0], [7.0, 7.0]]
    assert (
        graph_from_json(graph_to_json(hidden_layer()), {"w": np.zeros((2, 2))}).find("w").storage.array.sum()
        == 0.0
    )
    with pytest.raises(gn.GraphError, match=r"node 'n1': weights: 'w' has shape \(3,\), wanted \(2, 2\)"):
        graph_from_json(text, {"w": np.zeros(3)})
    with pytest.raises(gn.SettingError, match="there is no parameter 'v'"):
        graph_from_json(text, {"w": np.zeros((2, 2)), "v": 1.0})


def test_parts_may_come_in_any_order() -> None:
    data = json.loads(graph_to_json(hidden_layer()))
    data["nodes"].reverse()
    again = graph_from_json(json.dumps(data))
    assert {n.op.name for n in again} == {n.op.name for n in hidden_layer()}
    feed = {"x": [[1.0, 2.0]]}
    np.testing.assert_array_equal(gn.interpret(again, feed)[0], gn.interpret(hidden_layer(), feed)[0])


def test_an_attribute_that_json_cannot_hold_is_refused() -> None:
    node = gn.input("x", (2,)).sum()
    for bad in (float("nan"), np.float64("inf"), object(), {"a": 1}, b"x"):
        dict.__setitem__(node.attributes, "axes", bad)
        with pytest.raises(gn.GraphError, match=r"graph_to_json: .*attribute 'axes'"):
            graph_to_json(node)


# Files


def test_a_file_comes_back_and_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    gn.io.save_graph(hidden_layer(), path)
    first = path.read_bytes()
    same(gn.io.load_graph(str(path)), hidden_layer())
    gn.io.save_graph(hidden_layer(), str(path))
    assert path.read_bytes() == first == graph_to_json(hidden_layer()).encode()
    assert [p.name for p in tmp_path.iterdir()] == ["net.json"]


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "net.json"
    gn.io.save_graph(hidden_layer(), path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(gn.DataError, match=r"cannot write .*net\.json: disk full"):
        gn.io.save_graph(gn.exp(gn.input("x")), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["net.json"]


def test_a_saved_file_has_the_usual_mode(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        gn.io.save_graph(hidden_layer(), tmp_path / "net.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "net.json").stat().st_mode) == 0o640


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    gn.io.save_graph(hidden_layer(), path)
    done = threading.Event()

    def write() -> None:
        for _ in range(50):
            gn.io.save_graph(hidden_layer(), path)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        gn.io.load_graph(path)
    writer.join()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(gn.GraphError, match=r"broken\.json: not valid JSON"):
        gn.io.load_graph(path)
    with pytest.raises(gn.DataError, match=r"cannot read .*none\.json: there is no such file"):
        gn.io.load_graph(tmp_path / "none.json")
    with pytest.raises(gn.DataError, match=r"cannot write .*net\.json: there is no such file"):
        gn.io.save_graph(hidden_layer(), tmp_path / "absent" / "net.json")
    with pytest.raises(gn.SettingError, match="is a folder"):
        gn.io.load_graph(tmp_path)


def test_base64_is_little_endian_everywhere() -> None:
    value = np.arange(LIST_ELEMENTS + 1, dtype="float64")
    text = json.loads(graph_to_json(gn.constant(value, "float64")))["nodes"][0]["value"]["base64"]
    assert base64.b64decode(text) == struct.pack(f"<{LIST_ELEMENTS + 1}d", *value)
