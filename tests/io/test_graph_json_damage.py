"""A damaged graph file is a GraphError that says what and where; nothing else ever comes out of one."""

from __future__ import annotations

import copy
import json
import random

import numpy as np
import pytest

import graphnn as gn
from graphnn.io.graph_json import graph_from_json, graph_to_json
from graphnn.io.graph_records import AXES, DIM_LETTERS
from wild_graphs import hidden_layer


def damaged(change) -> str:
    data = json.loads(graph_to_json(hidden_layer()))
    change(data)
    return json.dumps(data)


def node(k: int, **fields):
    return lambda data: data["nodes"][k].update(fields)


def without(k: int, field: str):
    return lambda data: data["nodes"][k].pop(field)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d.update(format="other"), "not a graph of graphnn"),
        (lambda d: d.pop("format"), "not a graph of graphnn"),
        (lambda d: d.update(version=2), "version 2 is not known; this graphnn reads version 1"),
        (lambda d: d.update(version=True), "version True is not known"),
        (lambda d: d.pop("version"), "version None is not known"),
        (lambda d: d.update(extra=1), "the file: there is no field 'extra'"),
        (lambda d: d.update(nodes={}), "'nodes' is a list, found {}"),
        (lambda d: d.update(outputs="n0"), "'outputs' is a list, found 'n0'"),
        (lambda d: d.update(outputs=[]), "no outputs"),
        (lambda d: d.update(outputs=["n99"]), "output: there is no node 'n99'"),
        (lambda d: d.update(outputs=[["n0"]]), "there is no node ['n0']"),
        (lambda d: d["nodes"].append(3), "node 9: wanted an object with a text 'id', found 3"),
        (lambda d: d["nodes"].append(d["nodes"][0]), "there are two nodes called 'n0'"),
        (without(2, "id"), "node 2: wanted an object with a text 'id'"),
        (node(2, id=""), "a node's name is a non-empty text"),
        (without(2, "op"), "node 'n2': there is no op None"),
        (node(2, op="matmull"), "node 'n2': there is no op 'matmull'. Did you mean 'matmul'?"),
        (node(2, op=["matmul"]), "node 'n2': there is no op|'op' is a text"),
        (node(2, op="input"), "node 'n2' (input): there is no field 'operands'"),
        (node(0, op="relu"), "node 'n0' (relu): operand 'x' is missing"),
        (node(2, operands=["n0"]), "node 'n2' (matmul): operand 'w' is missing"),
        (node(2, operands=["n0", "n1", "n1"]), "matmul has no operand 2"),
        (node(2, operands=["n0", "n99"]), "edge 'n99' -> 'n2': there is no node 'n99'"),
        (node(2, operands=["n0", 1]), "an operand is the id of a node, found 1"),
        (node(2, operands="n0"), "'operands' is a list"),
        (node(2, operands=["n6", "n1"]), "the edges form a cycle: n2 -> n5 -> n6 -> n2"),
        (
            node(2, shape=["batch", 3]),
            "node 'n2': the file says float32 (batch, 3), but matmul gives float32 (batch, 2)",
        ),
        (node(2, dtype="float64"), "node 'n2': the file says float64 (batch, 2), but matmul gives float32"),
        (node(2, dtype="float16"), "node 'n2': 'float16' is not one of"),
        (node(2, dtype=None), "node 'n2': 'dtype' is a text, found None"),
        (without(2, "dtype"), "node 'n2': None is not one of"),
        (without(2, "shape"), "node 'n2' has no shape"),
        (node(2, shape=7), "'shape' is a list, found 7"),
        (node(2, shape=[1.5]), "an axis is a size or a name, found 1.5"),
        (node(2, shape=[True]), "an axis is a size or a name, found True"),
        (node(2, shape=[None]), "an axis is a size or a name, found None"),
        (node(0, shape=[-1, 2]), "axis 0 is -1"),
        (node(0, shape=[2**60, 2]), "sizes stay below 2**48"),
        (node(0, shape=["2*", 2]), "'2*' is not an axis name"),
        (node(0, shape=["a*" * 10**5 + "a"]), f"an axis of 200001 letters is longer than {DIM_LETTERS}"),
        (node(0, shape=[1] * 33), f"33 axes are more than {AXES}"),
        (node(0, name=5), "node 'n0': 'name' is a text, found 5"),
        (node(0, name=""), "a name is a non-empty text"),
        (node(0, scope=[]), "'scope' is a text, found []"),
        (node(0, value=[1.0]), "node 'n0' (input): there is no field 'value'"),
        (node(6, value=[1.0]), "node 'n6' (relu): there is no field 'value'"),
        (node(6, attributes={"alpha": 1}), "node 'n6': relu: there is no attribute 'alpha'"),
        (node(7, attributes={"axes": [5], "keepdims": False}), "node 'n7': sum: there is no axis 5"),
        (node(7, attributes={"axes": None, "keepdims": False}), "node 'n7': "),
        (node(7, attributes={"axes": "no", "keepdims": False}), "node 'n7': "),
        (node(7, attributes={"keepdims": False}), "node 'n7': sum: attribute 'axes' is missing"),
        (node(7, attributes=[]), "'attributes' is an object, found []"),
        (node(8, attributes={"shape": [{"dim": "batch", "x": 1}]}), "an axis is {'dim': text}"),
        (node(8, attributes={"shape": [{"dim": 3}]}), "an axis is {'dim': text}"),
        (node(8, attributes={"shape": [{"dim": "batch" * 99}]}), "an axis of 495 letters"),
        (node(8, attributes={"shape": [{"dim": "bat"}, 1]}), "node 'n8': reshape"),
        (without(1, "value"), "parameter 'w' is kept without its value"),
        (without(3, "value"), "constant None is kept without its value"),
        (node(1, value=[1.0] * 3), "shape (2, 2) has 4 numbers, found 3"),
        (node(1, value=[1.0, 2.0, 3.0, "4"]), "'4' is not a float32"),
        (node(1, value=[1.0, 2.0, 3.0, None]), "None is not a float32"),
        (node(1, value=[1.0, 2.0, 3.0, True]), "True is not a float32"),
        (node(1, value=[1.0, 2.0, 3.0, [4.0]]), "[4.0] is not a float32"),
        (node(1, value=[1.0, 2.0, 3.0, 1e39]), "1e+39 is not a float32"),
        (node(1, value=[1, 2, 3, 10**400]), "is not a float32"),
        (node(1, value=[1.5, 2, 3, 4], dtype="int64"), "1.5 is not a int64"),
        (node(1, value=[2**63, 2, 3, 4], dtype="int64"), "9223372036854775808 is not a int64"),
        (node(1, value=[1, 2, 3, 4], dtype="bool"), "1 is not a bool"),
        (node(1, value=3.0), "a value is a list or {'base64': text}"),
        (node(1, value={"base64": "AAAA", "x": 1}), "a value is a list or {'base64': text}"),
        (node(1, value={"base64": 3}), "a value is a list or {'base64': text}"),
        (node(1, value={"base64": "AAAA"}), "16 bytes take 24 letters of base64, found 4"),
        (node(1, value={"base64": "!" * 24}), "not base64"),
        (node(1, value={"base64": "AAAA" * 6}), "wanted 16 bytes, found 18"),
        (node(1, value={"base64": "AgAAAA=="}, dtype="bool"), "a bool is the byte 0 or 1"),
        (node(1, shape=["batch", 2]), "a value has sizes, found the shape (batch, 2)"),
        (node(1, shape=[2**40, 2**40]), "bytes are more than"),
        (node(1, shape=[2**28, 1]), "has 268435456 numbers, found 4"),
    ],
)
def test_damage_is_named_with_its_place(change, told: str) -> None:
    with pytest.raises(gn.GraphError) as caught:
        graph_from_json(damaged(change))
    assert any(part in str(caught.value) for part in told.split("|"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not valid JSON"),
        ("[", "not valid JSON"),
        ("[]", "not a graph of graphnn"),
        ("null", "not a graph of graphnn"),
        ('"format"', "not a graph of graphnn"),
        (
            '{"format": "graphnn graph", "format": "graphnn graph"}',
            "a key stands twice in an object: 'format', 'format'",
        ),
        ('{"format": "graphnn graph", "version": NaN}', "NaN is not JSON"),
        ('{"format": "graphnn graph", "version": -Infinity}', "-Infinity is not JSON"),
        ('{"format": "graphnn graph", "version": ' + "9" * 5000 + "}", "not valid JSON"),
        ("[" * 100_000, "nests too deeply|not valid JSON"),
        (b"\xff\xfe{}", "not a text in UTF-8: invalid start byte at byte 0"),
        ("\x00", "not valid JSON"),
    ],
)
def test_text_that_is_no_graph_is_refused(text, told: str) -> None:
    with pytest.raises(gn.GraphError, match=told):
        graph_from_json(text)


@pytest.mark.parametrize("depth", [50, 300, 450, 900])
def test_deep_nesting_is_refused_at_any_depth(depth: int) -> None:
    text = graph_to_json(hidden_layer()).replace('"axes": [1]', f'"axes": {"[" * depth}{"]" * depth}')
    with pytest.raises(gn.GraphError):
        graph_from_json(text)


def mutations(text: str, seed: int) -> str:
    """The text after one to three small accidents."""
    draw = random.Random(seed)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(text))
        to = min(len(text), at + draw.randint(1, 12))
        match draw.randrange(7):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:at] + draw.choice('{}[]",:0123456789-.eE*nbtx \\\n\x00é') + text[at + 1 :]
            case 2:
                text = text[:to] + text[at:to] + text[to:]
            case 3:
                text = text[:at]
            case 4:
                words = [
                    '"n0"',
                    '"n5"',
                    "-1",
                    "1e999",
                    "null",
                    "true",
                    "[]",
                    "{}",
                    '""',
                    "99999999999999999999",
                    '"batch"',
                    '"relu"',
                    '"float64"',
                    '"concat"',
                    '{"dim": "n"}',
                    "0.5",
                ]
                parts = text.split(" ")
                parts[draw.randrange(len(parts))] = draw.choice(words) + draw.choice(["", ","])
                text = " ".join(parts)
            case 5:
                other = draw.randrange(len(text))
                low, high = sorted((at, other))
                text = (
                    text[:low]
                    + text[high : high + 5]
                    + text[low + 5 : high]
                    + text[low : low + 5]
                    + text[high + 5 :]
                )
            case _:
                text = text.replace(
                    draw.choice(['"n1"', "2", "float32", "batch", "0.1", "[", "add"]),
                    draw.choice(['"n2"', "3", "int64", "b", "1e99", "[[", "sub"]),
                    draw.randint(1, 3),
                )
    return text


STRANGE = [
    None,
    True,
    False,
    -1,
    0,
    1,
    7,
    2**31,
    2**63,
    10**25,
    0.5,
    -0.0,
    1e300,
    "",
    "n0",
    "n4",
    "batch",
    "2*batch",
    "relu",
    "float64",
    "concat",
    [],
    {},
    [[]],
    [0],
    [1, 0],
    ["n0"],
    ["n1", "n3"],
    {"dim": "batch"},
    {"dim": ""},
    {"base64": ""},
    {"base64": "AAAA"},
]


def swapped(text: str, seed: int) -> str:
    """The text with one or two of its values, wherever they stand, replaced by others or gone."""
    draw = random.Random(seed)
    data = json.loads(text)
    for _ in range(draw.randint(1, 2)):
        places = [(data, key) for key in data]
        for holder, key in places:
            inner = holder[key]
            if isinstance(inner, dict | list):
                places += [(inner, k) for k in (inner if isinstance(inner, dict) else range(len(inner)))]
        holder, key = draw.choice(places[4:])
        if draw.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw.choice([*STRANGE, draw.choice(places)[0]]))
    return json.dumps(data)


@pytest.mark.parametrize("block", range(4))
def test_a_thousand_accidents_end_in_a_graph_error_or_in_a_sound_graph(block: int) -> None:
    wide = gn.softmax(
        gn.concat([gn.input("x", ("batch", 2)), gn.constant(np.ones((3, 2)))], axis=0)[1:, ::-1], axis=0
    )
    text = graph_to_json(
        gn.Graph([*hidden_layer().outputs, wide.mean(), gn.random_uniform(gn.counter("step"), (2, 3), 5)])
    )
    read = 0
    for seed in range(block * 250, (block + 1) * 250):
        broken = swapped(text, seed) if seed % 4 else mutations(text, seed)
        try:
            graph = graph_from_json(broken)
        except gn.GraphError:
            continue
        read += 1
        # What was read is a graph like any other.
        assert graph_to_json(graph_from_json(graph_to_json(graph))) == graph_to_json(graph)
    # Some accidents do no harm, as in a number; most do.
    assert 0 < read < 60
