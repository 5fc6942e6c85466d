"""A damaged or foreign file of a model is told in words, or it does no harm; nothing else ever comes out of one."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from graphnn.io.container import read_container, write_container


def net() -> gn.Node:
    x = gn.input("x", ("batch", 4))
    h = gn.nn.Dense(3, gn.tanh, seed=1)(x)
    return gn.where(h > gn.constant([0.1, -0.2, 0.0]), h, h * 2.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    gn.io.save_model(path, {"output": net()}, notes={"classes": ["a", "b"]})
    return path


def rewritten(path: Path, arrays=lambda a: a, texts=lambda t: t) -> None:
    """The file with other content, whose digest is right."""
    found, told = read_container(path)
    arrays(found)
    texts(told)
    write_container(path, found, told)


def header(**entries) -> bytes:
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head


ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "net.safetensors is empty"),
        (b"\x00", "not a safetensors file, or is damaged"),
        (b"\x00" * 8, "not a safetensors file, or is damaged"),
        (b"PK\x03\x04" + b"x" * 100, "not a safetensors file, or is damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "not a safetensors file, or is damaged"),
        (b"x,y\n1,2\n3,4\n", "not a safetensors file, or is damaged"),
        (struct.pack("<Q", 2) + b"[]", "not a safetensors file, or is damaged"),
        (struct.pack("<Q", 100_000_001) + b"{}", "not a safetensors file, or is damaged"),
        (struct.pack("<Q", 2**63) + b"{}", "not a safetensors file, or is damaged"),
        (header(__metadata__={"a": 1}), "not a safetensors file, or is damaged"),
        (header(__metadata__=[]), "not a safetensors file, or is damaged"),
        (header(w=ONE), "not a safetensors file, or is damaged"),
        (header(w={**ONE, "dtype": "F31"}) + b"1234", "not a safetensors file, or is damaged"),
        (header(w={**ONE, "dtype": "BF16", "data_offsets": [0, 2]}) + b"12", "BF16, a type that NumPy lacks"),
        (header(w={**ONE, "shape": [-1]}) + b"1234", "not a safetensors file, or is damaged"),
        (header(w={**ONE, "shape": [2**40, 2**40]}) + b"1234", "not a safetensors file, or is damaged"),
        (header(w={**ONE, "data_offsets": [4, 8]}) + b"1234", "not a safetensors file, or is damaged"),
        (header(w=ONE) + b"12345", "not a safetensors file, or is damaged"),
        (header(w={**ONE, "dtype": "BOOL", "shape": [4]}) + b"\0\1\2\0", "a bool that is neither 0 nor 1"),
        (
            header(w=ONE) + b"1234",
            "does not say what it holds; wanted 'graphnn model' or 'graphnn checkpoint'",
        ),
        (header(__metadata__={"format": "pt"}), "holds 'pt'; wanted 'graphnn model'"),
        (header(__metadata__={"format": "graphnn weights", "version": "1"}), "holds 'graphnn weights'"),
        (header(__metadata__={"format": "graphnn model"}), "of version None; this graphnn reads version 1"),
        (
            header(__metadata__={"format": "graphnn model", "version": "2"}),
            "of version '2'; this graphnn reads",
        ),
        (
            header(__metadata__={"format": "graphnn model", "version": "0"}),
            "of version '0'; this graphnn reads",
        ),
        (
            header(__metadata__={"format": "graphnn model", "version": "1"}),
            "the digest of its content is missing",
        ),
        (header(__metadata__={"format": "graphnn model", "version": "1", "digest": "0"}), "is damaged"),
    ],
    ids=[str(k) for k in range(27)],
)
def test_what_is_no_model_is_told_in_words(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)
    with pytest.raises(gn.DataError) as caught:
        gn.io.load_model(path)
    assert told in str(caught.value)
    assert "net.safetensors" in str(caught.value)


def test_a_file_that_was_cut_short_is_told_at_any_length(path: Path) -> None:
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(gn.DataError):
            gn.io.load_model(path)


def test_a_header_of_a_hundred_megabytes_is_told_quickly(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 100_000_000) + b'{"' + b" " * 1000)
    with pytest.raises(gn.DataError, match="not a safetensors file, or is damaged"):
        gn.io.load_model(path)
    gn.io.save_model(path, {"output": net()})
    arrays, texts = read_container(path)
    with pytest.raises(gn.SettingError, match="more than the 100000000 that a safetensors file may have"):
        write_container(path, arrays, {**texts, "notes": "x" * 100_000_000})


def graph(change):
    def changed(texts: dict[str, str]) -> None:
        data = json.loads(texts["graph"])
        change(data)
        texts["graph"] = json.dumps(data)

    return changed


def leaf(k: int, **fields):
    def change(data) -> None:
        [n for n in data["nodes"] if n["op"] == "parameter"][k].update(fields)

    return graph(change)


@pytest.mark.parametrize(
    ("change", "kind", "told"),
    [
        (lambda t: t.pop("graph"), gn.DataError, "holds no model"),
        (lambda t: t.pop("outputs"), gn.DataError, "holds no model"),
        (lambda t: t.update(outputs="[1]"), gn.DataError, "outputs: wanted a list of names, found [1]"),
        (lambda t: t.update(outputs='"output"'), gn.DataError, "outputs: wanted a list of names"),
        (lambda t: t.update(outputs="[]"), gn.DataError, "outputs: the graph has 1, but the names are []"),
        (lambda t: t.update(outputs='["a", "a"]'), gn.DataError, "outputs: the graph has 1"),
        (lambda t: t.update(outputs='["a"'), gn.DataError, "outputs: not valid JSON"),
        (lambda t: t.update(notes="NaN"), gn.DataError, "notes: NaN is not JSON"),
        (lambda t: t.update(notes="[1,"), gn.DataError, "notes: not valid JSON"),
        (lambda t: t.update(notes="[" * 100_000), gn.DataError, "notes: "),
        (lambda t: t.update(notes="9" * 5000), gn.DataError, "notes: not valid JSON"),
        (lambda t: t.update(declared="3"), None, ""),
        (lambda t: t.update(declared='{"swoosh": 3}'), gn.GraphError, "uses the op 'swoosh', declared in 3"),
        (lambda t: t.update(graph="{}"), gn.GraphError, "not a graph of graphnn"),
        (
            lambda t: t.update(graph=t["graph"].replace("tanh", "tanx")),
            gn.GraphError,
            "no op 'tanx'. Did you mean",
        ),
        (leaf(0, value={"tensor": "v"}), gn.GraphError, "there is no array 'v' beside the graph"),
        (leaf(0, value={"tensor": 3}), gn.GraphError, "there is no array 3 beside the graph"),
        (leaf(0, value={"tensor": ["w"]}), gn.GraphError, "there is no array ['w'] beside the graph"),
        (leaf(0, value={"tensor": "dense/b"}), gn.GraphError, "the array 'dense/b' is float32 (3,), wanted"),
        (leaf(0, dtype="float64"), gn.GraphError, "is float32 (4, 3), wanted float64 (4, 3)"),
        (leaf(0, value=[1.0]), gn.GraphError, "shape (4, 3) has 12 numbers, found 1"),
        (leaf(0, trainable="no"), gn.GraphError, "'trainable' is true or false"),
        (lambda t: t.update(format="graphnn checkpoint"), None, ""),
    ],
    ids=[str(k) for k in range(23)],
)
def test_content_that_does_not_fit_together_is_told(path: Path, change, kind, told: str) -> None:
    rewritten(path, texts=change)
    if kind is None:
        assert gn.io.load_model(path).predict(np.ones((2, 4))).shape == (2, 3)
        return
    with pytest.raises(kind) as caught:
        gn.io.load_model(path)
    assert told in str(caught.value)
    assert str(caught.value).startswith("net.safetensors")


def test_three_hundred_bytes_of_a_file_are_changed_and_each_is_seen_or_harmless(path: Path) -> None:
    whole, model = path.read_bytes(), gn.io.load_model(path)
    draw, harmless = random.Random(0), 0
    for _ in range(300):
        at = draw.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ draw.randrange(1, 256)]) + whole[at + 1 :])
        try:
            found = gn.io.load_model(path)
        except (gn.DataError, gn.GraphError):
            continue
        harmless += 1
        assert str(found.graph) == str(model.graph) and found.notes == model.notes
        for one, two in zip(found.parameters, model.parameters, strict=True):
            assert one.value.tobytes() == two.value.tobytes()
    assert harmless < 30


def test_texts_that_were_changed_on_purpose_end_in_an_error_or_in_a_sound_model(path: Path) -> None:
    arrays, texts = read_container(path)
    draw, read = random.Random(1), 0
    for _ in range(300):
        key = draw.choice(["graph", "graph", "graph", "outputs", "notes", "version", "format"])
        text, changed = texts[key], dict(texts)
        at = draw.randrange(len(text))
        piece = draw.choice(
            ["", '"', "[", "}", "0", "-1", "null", "NaN", "tensor", ",", "\x00", "é", "n0", text]
        )
        changed[key] = text[:at] + piece + text[at + draw.randrange(4) :]
        kept = {k: v for k, v in arrays.items() if draw.random() < 0.95}
        write_container(path, kept, changed)
        try:
            model = gn.io.load_model(path)
        except (gn.DataError, gn.GraphError):
            continue
        read += 1
        gn.io.save_model(path, model.outputs, notes=model.notes)
        assert str(gn.io.load_model(path).graph) == str(model.graph)
    assert 0 < read < 100


def test_weights_of_another_dtype_or_number_are_told_and_change_nothing(path: Path) -> None:
    model = gn.io.load_model(path)
    before = [p.value.tobytes() for p in model.parameters]
    for change in (
        lambda a: a.update({k: v.astype("float16") for k, v in a.items()}),
        lambda a: a.update({k: v.astype("int32") for k, v in a.items()}),
        lambda a: a.update({k: v[:1] for k, v in a.items()}),
        lambda a: a.clear(),
    ):
        gn.io.save_model(path, {"output": net()})
        rewritten(path, arrays=change)
        with pytest.raises((gn.GraphError, gn.DataError)):
            gn.io.load_model(path)
        with pytest.raises(gn.DataError):
            gn.io.load_weights(model.graph, path)
    assert [p.value.tobytes() for p in model.parameters] == before
