"""Files from strangers: their numbers are read exactly, and what is wrong with them is told in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from graphnn.core.errors import DataError, GraphnnError, OnnxError, SettingError  # noqa: E402
from graphnn.io import load_onnx  # noqa: E402
from graphnn.io.onnx import Limits  # noqa: E402
from onnx_models import BASES, array, info, mlp, model, node  # noqa: E402


def identity(tensor: Any, *, rank: int = 1) -> Any:
    """A model that gives the numbers of a tensor."""
    out = helper.make_tensor_value_info("y", tensor.data_type, [None] * rank)
    return model([node("Identity", ["w"], ["y"])], [], [out], [tensor])


def numbers_of(tensor: Any, **settings: Any) -> np.ndarray:
    return (
        load_onnx(identity(tensor, rank=len(tensor.dims)).SerializeToString(), **settings).outputs["y"].value
    )


KINDS = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13,
}  # fmt: skip


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "field"])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_every_type_are_read_exactly(kind: str, raw: bool) -> None:
    if kind == "bool":
        values = np.array([True, False, True])
    elif "float" in kind:
        values = np.array([1.5, -2.25, np.inf, -0.0, 1e-3], kind)
    else:
        values = np.array([np.iinfo(kind).min, 0, 1, min(np.iinfo(kind).max, 2**63 - 1)], kind)
    if raw:
        tensor = numpy_helper.from_array(values, "w")
    else:
        tensor = helper.make_tensor("w", KINDS[kind], values.shape, values)
    assert tensor.HasField("raw_data") is raw
    found = numbers_of(tensor)
    assert found.dtype == {"f": values.dtype if kind != "float16" else np.float32, "b": np.bool_}.get(
        values.dtype.kind, np.int64
    )
    np.testing.assert_array_equal(found.astype(kind), values)


@pytest.mark.parametrize("raw", [True, False])
def test_bfloat16_is_read_as_float32(raw: bool) -> None:
    bits = np.array([0x3F80, 0xC000, 0x7F80, 0x0001], np.uint16)  # 1, -2, infinity, the smallest of all
    tensor = TensorProto(name="w", dims=[4], data_type=TensorProto.BFLOAT16)
    if raw:
        tensor.raw_data = bits.tobytes()
    else:
        tensor.int32_data.extend(int(b) for b in bits)
    np.testing.assert_array_equal(numbers_of(tensor), [1.0, -2.0, np.inf, 2.0**-133])


def tensor(**fields: Any) -> Any:
    return TensorProto(**{"name": "w", "dims": [2], "data_type": 1, **fields})


DAMAGED = [
    (tensor(raw_data=bytes(7)), "take 8 bytes, found 7"),
    (tensor(float_data=[1.0]), "wanted 2 numbers of float32 in float_data, found 1"),
    (tensor(int64_data=[1, 2]), "found 0, and 2 in int64_data"),
    (tensor(), "found 0"),
    (tensor(dims=[-1]), "size -1 cannot be"),
    (tensor(dims=[2**40, 2**40]), "more than"),
    (tensor(dims=[1] * 40), "40 axes are more than 32"),
    (tensor(data_type=0), "type 0 does not exist"),
    (tensor(data_type=99), "type 99 does not exist"),
    (tensor(data_type=8, string_data=[b"a", b"b"]), "string are not read"),
    (tensor(data_type=14, raw_data=bytes(16)), "complex64 are not read"),
    (tensor(data_type=17, raw_data=bytes(2)), "float8e4m3fn are not read"),
    (tensor(data_type=22, raw_data=bytes(1)), "int4 are not read"),
    (tensor(data_type=9, raw_data=b"\2\0"), "a bool is the byte 0 or 1"),
    (tensor(data_type=9, int32_data=[2, 0]), "no bool"),
    (tensor(data_type=3, int32_data=[200, 0]), "no int8"),
    (tensor(data_type=10, int32_data=[-1, 0]), "no float16"),
    (tensor(data_type=13, raw_data=b"\xff" * 16), "beyond int64"),
    (tensor(name=""), "has no name"),
    (tensor(segment=TensorProto.Segment(begin=0, end=1), raw_data=bytes(8)), "in segments"),
]


@pytest.mark.parametrize(("damaged", "words"), DAMAGED, ids=[words for _, words in DAMAGED])
def test_a_damaged_tensor_is_told(damaged: Any, words: str) -> None:
    with pytest.raises(OnnxError, match=words):
        numbers_of(damaged)


# Numbers in files beside the model


def beside(
    folder: Path, entries: dict[str, str], content: bytes = np.arange(6, dtype="<f4").tobytes()
) -> Path:
    (folder / "model").mkdir()
    (folder / "model" / "w.bin").write_bytes(content)
    (folder / "secret.bin").write_bytes(content)
    (folder / "model" / "link.bin").symlink_to(folder / "secret.bin")
    (folder / "model" / "round.bin").symlink_to(folder / "model" / "round.bin")
    outside = tensor(data_location=1)
    for key, value in entries.items():
        outside.external_data.add(key=key, value=value)
    path = folder / "model" / "net.onnx"
    path.write_bytes(identity(outside).SerializeToString())
    return path


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ({"location": "w.bin"}, [0, 1]),
        ({"location": "w.bin", "offset": "8", "length": "8"}, [2, 3]),
        ({"location": "./w.bin", "offset": "16", "checksum": "-"}, [4, 5]),
    ],
)
def test_numbers_beside_the_model_are_read(
    tmp_path: Path, entries: dict[str, str], wanted: list[int]
) -> None:
    np.testing.assert_array_equal(load_onnx(beside(tmp_path, entries)).outputs["y"].value, wanted)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, "inside the folder"),
        ({"location": "../secret.bin"}, "inside the folder"),
        ({"location": "a/../../secret.bin"}, "inside the folder"),
        ({"location": "/etc/passwd"}, "inside the folder"),
        ({"location": "C:\\secret.bin"}, "inside the folder"),
        ({"location": "..\\secret.bin"}, "inside the folder"),
        ({"location": "w\0.bin"}, "inside the folder"),
        ({"location": "x" * 2000}, "inside the folder"),
        ({"location": "link.bin"}, "a link out of"),
        ({"location": "round.bin"}, "cannot read|no file"),
        ({"location": "."}, "inside the folder|no file"),
        ({"location": "none.bin"}, "there is no file 'none.bin'"),
        ({"location": "w.bin", "offset": "20"}, "ends at byte 28"),
        ({"location": "w.bin", "offset": "-1"}, "the offset of external data is a whole number"),
        ({"location": "w.bin", "offset": "9" * 30}, "the offset of external data is a whole number"),
        ({"location": "w.bin", "length": "4"}, "8 bytes of external data are wanted, the file says 4"),
    ],
)
def test_no_path_leads_out_of_the_folder(tmp_path: Path, entries: dict[str, str], words: str) -> None:
    with pytest.raises(OnnxError, match=words):
        load_onnx(beside(tmp_path, entries))


def test_a_model_in_bytes_has_no_files_beside_it(tmp_path: Path) -> None:
    with pytest.raises(OnnxError, match="give the path of the model"):
        load_onnx(beside(tmp_path, {"location": "w.bin"}).read_bytes())


def test_what_the_package_onnx_writes_beside_a_model_is_read(tmp_path: Path) -> None:
    proto = mlp()
    onnx.save(proto, tmp_path / "net.onnx", save_as_external_data=True, location="data.bin", size_threshold=0)
    x = np.ones((2, 3), np.float32)
    wanted = load_onnx(mlp().SerializeToString()).predict(x)
    np.testing.assert_array_equal(load_onnx(tmp_path / "net.onnx").predict(x), wanted)


# Files


@pytest.mark.parametrize("content", [b"not a model", b"\x08\x07", b"PK\x03\x04" * 9, b"\x80\x05" * 40])
def test_what_is_no_model_is_told(content: bytes) -> None:
    with pytest.raises(OnnxError, match="is not an ONNX file, or is damaged"):
        load_onnx(content)


def test_an_empty_file_is_told() -> None:
    with pytest.raises(OnnxError, match="is empty"):
        load_onnx(b"")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        load_onnx(tmp_path / "none.onnx")
    with pytest.raises(SettingError, match="is a folder"):
        load_onnx(tmp_path)
    with pytest.raises(SettingError, match="the path of a file, or its bytes"):
        load_onnx(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"file_bytes": 100}, "more than 100"),
        ({"data_bytes": 10}, "more than 10 bytes"),
        ({"nodes": 5}, "more than 5 nodes"),
        ({"elements": 4}, "more than 4"),
        ({"axes": 1}, "more than 1"),
        ({"name": 4}, "longer than 4"),
    ],
)
def test_limits_hold(limits: dict[str, int], words: str, tmp_path: Path) -> None:
    content = mlp().SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(OnnxError, match=words):
            load_onnx(source, limits=Limits(**limits))


@pytest.mark.parametrize("wrong", [{"nodes": 0}, {"nodes": -1}, {"folded": 1.5}])
def test_a_wrong_limit_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="Limits: "):
        Limits(**wrong)
    with pytest.raises(SettingError, match="limits are Limits"):
        load_onnx(b"x", limits={})  # type: ignore[arg-type]


def test_what_is_large_is_not_computed_beforehand() -> None:
    proto = model(
        [
            node("ConstantOfShape", ["s"], ["c"]), node("Add", ["c", "c"], ["d"]),
            node("ReduceSum", ["d"], ["y"], keepdims=0),
        ],
        [],
        [info("y", [])],
        [array([2**20, 2**10], "s", "int64")],
    )  # fmt: skip
    read = load_onnx(proto.SerializeToString())  # 4 GB, were it computed
    assert max(n.storage.array.size for n in read.graph.nodes if n.storage is not None) == 1


def test_without_the_package_onnx_the_way_to_it_is_told() -> None:
    code = (
        "import sys; sys.modules['onnx'] = None\n"
        "import graphnn as gn\n"
        "try: gn.io.load_onnx(b'x')\n"
        "except gn.SettingError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "graphnn[onnx]"' in done.stdout


def test_importing_graphnn_does_not_import_onnx() -> None:
    code = "import sys, graphnn.io.onnx; print('onnx' in sys.modules, 'google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# Graphs


def relu(**changes: Any) -> Any:
    proto = model([node("Relu", ["x"], ["y"])], [info("x", [2])], [info("y", [2])])
    for change in changes.values():
        change(proto)
    return proto


def twice(proto: Any) -> None:
    proto.graph.node.append(node("Neg", ["x"], ["y"]))


def same_as_input(proto: Any) -> None:
    proto.graph.node.append(node("Neg", ["x"], ["x"]))


def circle(proto: Any) -> None:
    del proto.graph.node[:]
    proto.graph.node.extend([node("Neg", ["b"], ["a"]), node("Neg", ["a"], ["b"]), node("Neg", ["b"], ["y"])])


def turned_round(proto: Any) -> None:
    del proto.graph.node[:]
    proto.graph.node.extend([node("Neg", ["h"], ["y"]), node("Relu", ["x"], ["h"])])


def nowhere(proto: Any) -> None:
    proto.graph.output[0].name = "z"


def sequence(proto: Any) -> None:
    kind = helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [2]))
    proto.graph.input.append(helper.make_value_info("s", kind))


def sparse(proto: Any) -> None:
    numbers = helper.make_tensor("w", 1, [1], [1.0])
    places = helper.make_tensor("i", 7, [1], [0])
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(numbers, places, [3]))


def no_rank(proto: Any) -> None:
    proto.graph.input[0].type.tensor_type.ClearField("shape")


def no_outputs(proto: Any) -> None:
    del proto.graph.output[:]


def output_twice(proto: Any) -> None:
    proto.graph.output.append(proto.graph.output[0])


def no_opset(proto: Any) -> None:
    del proto.opset_import[:]


def two_opsets(proto: Any) -> None:
    proto.opset_import.append(helper.make_opsetid("ai.onnx", 7))


def newer(proto: Any) -> None:
    proto.opset_import[0].version = 1000


def foreign(proto: Any) -> None:
    proto.graph.node[0].domain = "com.example"
    proto.opset_import.append(helper.make_opsetid("com.example", 1))


def input_twice(proto: Any) -> None:
    proto.graph.input.append(proto.graph.input[0])


def initialiser_twice(proto: Any) -> None:
    proto.graph.initializer.extend([array(1.0, "w"), array(2.0, "w")])


def other_type(proto: Any) -> None:
    proto.graph.input.append(info("w", [1], 7))
    proto.graph.initializer.append(array([1.0], "w"))


def calls_itself(proto: Any) -> None:
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    for name, called in (("F", "G"), ("G", "F")):
        inner = node(called, ["a"], ["b"], domain="own")
        proto.functions.append(helper.make_function("own", name, ["a"], ["b"], [inner], opsets))
    proto.opset_import.append(opsets[1])
    proto.graph.node.append(node("F", ["x"], ["z"], domain="own"))


def deep(proto: Any) -> None:
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    for k in range(40):
        inner = node(f"F{k + 1}" if k < 39 else "Relu", ["a"], ["b"], domain="own" if k < 39 else "")
        proto.functions.append(helper.make_function("own", f"F{k}", ["a"], ["b"], [inner], opsets))
    proto.opset_import.append(opsets[1])
    proto.graph.node.append(node("F0", ["x"], ["z"], domain="own"))


def grows(proto: Any) -> None:
    """Each function calls the next one twice: 2**30 nodes."""
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
    for k in range(30):
        names = [node(f"F{k + 1}" if k < 29 else "Relu", [a], [b], domain="own" if k < 29 else "")
                 for a, b in (("a", "c"), ("c", "b"))]  # fmt: skip
        proto.functions.append(helper.make_function("own", f"F{k}", ["a"], ["b"], names, opsets))
    proto.opset_import.append(opsets[1])
    proto.graph.node.append(node("F0", ["x"], ["z"], domain="own"))


def no_text(proto: Any) -> None:
    proto.graph.node[0].name = "name"


WRONG = [
    (twice, "the name 'y' is given twice"),
    (same_as_input, "the name 'x' is given twice"),
    (circle, "uses 'b', which nothing before it computes"),
    (turned_round, "nodes stand in the order"),
    (nowhere, "nothing computes the output 'z'"),
    (sequence, "input 's' is no tensor"),
    (sparse, "sparse initialisers are not read"),
    (no_rank, "does not say how many axes"),
    (no_outputs, "has no outputs"),
    (output_twice, "an output is listed twice"),
    (no_opset, "does not say which version of the domain ''"),
    (two_opsets, "two versions of the domain ''"),
    (newer, "speaks version 1000 of the operators"),
    (foreign, "the operator Relu of the domain 'com.example' does not exist"),
    (input_twice, "the name 'x' is given twice"),
    (initialiser_twice, "the name 'w' is given twice"),
    (other_type, "the file says that 'w' is int64, it is float32"),
    (calls_itself, "the function calls itself"),
    (deep, "nest more than 32 deep"),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[c.__name__ for c, _ in WRONG])
def test_a_graph_that_cannot_be_is_told(change: Any, words: str) -> None:
    with pytest.raises(OnnxError, match=words):
        load_onnx(relu(change=change).SerializeToString())


def test_functions_that_grow_are_stopped() -> None:
    with pytest.raises(OnnxError, match="more than 3000 nodes"):
        load_onnx(relu(change=grows).SerializeToString(), limits=Limits(nodes=3000))


def test_a_text_that_is_none_is_told() -> None:
    content = relu(change=no_text).SerializeToString().replace(b"name", b"\xff\xfe\xff\xfe")
    with pytest.raises(OnnxError, match="no text in UTF-8"):
        load_onnx(content)


@pytest.mark.parametrize("name", BASES)
def test_a_file_cut_anywhere_is_refused_or_read(name: str) -> None:
    content = BASES[name]().SerializeToString()
    strange = []
    for at in range(0, len(content), 7):
        try:
            load_onnx(content[:at])
        except OnnxError as error:
            if not isinstance(error.__cause__, GraphnnError | None):
                strange.append((at, error))
    assert strange == []
