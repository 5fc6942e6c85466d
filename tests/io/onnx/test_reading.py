"""Models made elsewhere compute here what onnxruntime computes, and are ordinary graphs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper  # noqa: E402

import graphnn as gn  # noqa: E402
from graphnn.core.dims import Dim  # noqa: E402
from graphnn.core.errors import NeedsConstantError, OnnxError, SettingError  # noqa: E402
from graphnn.io import load_onnx  # noqa: E402
from onnx_models import BASES, FLOAT, INT64, array, attention, info, lenet, mlp, model, node, numbers  # noqa: E402

KINDS = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8}


def session(proto: Any) -> Any:
    return onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def feeds_for(run: Any, sizes: dict[str, int], seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found = {}
    for wanted in run.get_inputs():
        shape = [sizes.get(d, 2) if isinstance(d, str) else d for d in wanted.shape]
        kind = KINDS[wanted.type]
        found[wanted.name] = (
            rng.normal(size=shape) if kind is np.float32 else rng.integers(0, 6, shape)
        ).astype(kind)
    return found


def held(array: np.ndarray) -> np.ndarray:
    return array.astype(np.int64) if array.dtype.kind == "u" else array


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("batch", [1, 5])
def test_a_model_computes_what_onnxruntime_computes(name: str, batch: int) -> None:
    proto = BASES[name]()
    onnx.checker.check_model(proto, full_check=True)
    run, read = session(proto), load_onnx(proto.SerializeToString())
    feeds = feeds_for(run, {"n": batch, "batch": batch, "time": 3})
    wanted = run.run(None, feeds)
    found = read.predict({k: held(v) for k, v in feeds.items()}, output=list(read.outputs))
    assert list(found) == [o.name for o in run.get_outputs()]
    for value, mine in zip(wanted, found.values(), strict=True):
        np.testing.assert_allclose(mine, value, rtol=2e-6, atol=1e-6)  # float32, in another order


def test_open_axes_are_named_axes() -> None:
    read = load_onnx(attention().SerializeToString())
    (x,) = read.inputs
    assert [str(d) for d in x.shape] == ["batch", "time", "4"]
    assert str(read.outputs["y"].shape) == "(batch, time, 4)"
    # The shapes that the file computes are known, so none of their arithmetic is left in the graph.
    assert {n.op.name for n in read.graph.nodes if n.role == "op"} == {
        "reshape", "matmul", "transpose", "batched_matmul", "softmax",
    }  # fmt: skip


def test_sizes_fix_named_axes() -> None:
    read = load_onnx(attention().SerializeToString(), sizes={"time": 3})
    assert str(read.outputs["y"].shape) == "(batch, 3, 4)"


@pytest.mark.parametrize("sizes", [{"tim": 3}, {"time": -1}, {"time": 1.5}, {3: 3}, [3]])
def test_a_wrong_size_is_told(sizes: Any) -> None:
    with pytest.raises(SettingError, match="load_onnx: size"):
        load_onnx(attention().SerializeToString(), sizes=sizes)


def test_axes_without_names_get_names() -> None:
    proto = model(
        [node("Add", ["a", "b"], ["y"])],
        [info("a", [None, 3]), info("b", ["a_0", None])],
        [info("y", ["q", 3])],
    )
    with pytest.raises(OnnxError, match=r"Open axes can be fixed"):  # a_0_2 and a_0 are not the same
        load_onnx(proto.SerializeToString())
    read = load_onnx(proto.SerializeToString(), sizes={"a_0": 1, "b_1": 3})
    assert str(read.outputs["y"].shape) == "(a_0_2, 3)"


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("batch", "batch"),
        ("2*n+3", "3+2*n"),
        ("unk__12", "unk__12"),
        ("n//2", "n__2"),
        ("é", "é"),
        ("a b", "a_b"),
    ],
)
def test_names_of_axes_are_read(word: str, wanted: str) -> None:
    proto = model([node("Relu", ["x"], ["y"])], [info("x", [word])], [info("y", [word])])
    (dim,) = load_onnx(proto.SerializeToString()).outputs["y"].shape
    assert isinstance(dim, Dim)
    assert sorted(str(dim).split("+")) == sorted(wanted.split("+"))


def test_initialisers_are_parameters_with_their_names() -> None:
    read = load_onnx(lenet().SerializeToString())
    parameters = {p.name: p for p in read.parameters}
    assert list(parameters) == ["k", "c", "g", "b", "m", "v", "w"]
    # Running statistics are state; bounds without axes are constants.
    assert [name for name, p in parameters.items() if not p.trainable] == ["m", "v"]
    np.testing.assert_array_equal(parameters["k"].value, numbers(2, 1, 3, 3))
    frozen = load_onnx(lenet().SerializeToString(), trainable=False)
    assert not any(p.trainable for p in frozen.parameters)


def test_scopes_come_from_the_names_of_nodes() -> None:
    read = load_onnx(mlp().SerializeToString())
    assert {n.scope for n in read.graph.nodes} == {"", "l1", "act", "l2"}
    assert next(p for p in read.parameters if p.name == "l2.bias").scope == "l2"


@pytest.mark.parametrize(
    ("name", "metadata", "scope"),
    [
        ("/layer1/layer1.0/conv/Conv", {}, "layer1/0/conv"),
        ("node_7", {"pkg.torch.onnx.name_scopes": "['', 'net', 'net.0', 'relu']"}, "net/0"),
        ("/other/relu", {"graphnn.scope": "block/act", "graphnn.name": "hidden"}, "block/act"),
        ("plain", {}, ""),
    ],
)
def test_exporters_tell_scopes_in_their_ways(name: str, metadata: dict[str, str], scope: str) -> None:
    nodes = [node("Relu", ["x"], ["h"], name=name), node("Neg", ["h"], ["y"])]
    proto = model(nodes, [info("x", [2])], [info("y", [2])])
    for key, value in metadata.items():
        proto.graph.node[0].metadata_props.add(key=key, value=value)
    (relu,) = (n for n in load_onnx(proto.SerializeToString()).graph.nodes if n.op.name == "relu")
    assert relu.scope == scope
    assert relu.name == metadata.get("graphnn.name")


def test_a_shared_initialiser_is_one_parameter_and_an_unused_one_is_none() -> None:
    proto = model(
        [node("Mul", ["x", "w"], ["h"]), node("Add", ["h", "w"], ["y"])],
        [info("x", [2])],
        [info("y", [2])],
        [array([1.0, 2.0], "w"), array([3.0], "unused")],
    )
    read = load_onnx(proto.SerializeToString())
    assert [p.name for p in read.parameters] == ["w"]
    assert len(read.graph.consumers(read.parameters[0])) == 2


def test_an_initialiser_that_is_an_input_too_is_a_default() -> None:
    """So it was in every file before the format's version 4."""
    proto = model(
        [node("Mul", ["x", "w"], ["y"])],
        [info("x", [2]), info("w", [2])],
        [info("y", [2])],
        [array([1.0, 2.0], "w")],
    )
    assert [n.name for n in load_onnx(proto.SerializeToString()).inputs] == ["x"]


def test_a_shape_that_is_fed_can_be_fixed() -> None:
    proto = model(
        [node("Reshape", ["x", "s"], ["y"])], [info("x", [6]), info("s", [2], INT64)], [info("y", ["a", "b"])]
    )
    content = proto.SerializeToString()
    with pytest.raises(NeedsConstantError, match=r"constants=\{'s': ...\}") as caught:
        load_onnx(content)
    assert caught.value.inputs == ("s",)
    read = load_onnx(content, constants={"s": [2, -1]})
    assert read.outputs["y"].shape == (2, 3)
    assert [n.name for n in read.inputs] == ["x"]
    for wrong in ({"t": [2, 3]}, {"s": [1, 2, 3]}):
        with pytest.raises(SettingError, match="load_onnx: constants"):
            load_onnx(content, constants=wrong)


def test_a_number_that_hangs_on_an_open_axis_can_be_fixed() -> None:
    """Half of an axis of open size is no size, but half of six is."""
    proto = model(
        [
            node("Shape", ["x"], ["s"], end=1), node("Div", ["s", "two"], ["half"]),
            node("Slice", ["x", "zero", "half"], ["y"]),
        ],
        [info("x", ["rows", 2])], [info("y", ["half", 2])],
        [array([2], "two", "int64"), array([0], "zero", "int64")],
    )  # fmt: skip
    with pytest.raises(NeedsConstantError, match=r"sizes=\{'rows': ...\}") as caught:
        load_onnx(proto.SerializeToString())
    assert caught.value.axes == ("rows",)
    assert load_onnx(proto.SerializeToString(), sizes={"rows": 6}).outputs["y"].shape == (3, 2)


def test_half_of_an_axis_that_is_twice_another_is_exact() -> None:
    proto = model(
        [
            node("Concat", ["x", "x"], ["d"], axis=0), node("Shape", ["d"], ["s"], end=1),
            node("Div", ["s", "two"], ["half"]), node("Slice", ["d", "zero", "half"], ["y"]),
        ],
        [info("x", ["rows", 2])], [info("y", ["rows", 2])],
        [array([2], "two", "int64"), array([0], "zero", "int64")],
    )  # fmt: skip
    assert str(load_onnx(proto.SerializeToString()).outputs["y"].shape) == "(rows, 2)"


@pytest.mark.parametrize("name", ["lenet", "attention", "functions", "recurrent", "old"])
def test_gradients_agree_with_differences(name: str) -> None:
    read = load_onnx(BASES[name]().SerializeToString())
    (x,) = read.inputs
    shape = [d if isinstance(d, int) else 2 for d in x.shape]
    loss = (read.outputs["y"] * gn.exp(read.outputs["y"])).sum()
    feeds = {x: np.random.default_rng(3).normal(size=shape)}
    found = gn.check_gradients(loss, feeds, [*read.parameters, x], samples=10)
    assert found.ok, str(found)


def test_a_model_trains_on() -> None:
    read = load_onnx(mlp().SerializeToString())
    labels = gn.input("labels", ("batch",), "int64")
    loss = gn.softmax_cross_entropy(read.outputs["y"], labels)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    before = {p.name: p.value.copy() for p in read.parameters}
    trainer = gn.Trainer(loss, gn.optim.Adam(0.05), output=read.outputs["y"])
    history = trainer.fit(
        {"x": x, "labels": (x[:, 0] > 0).astype(np.int64)}, epochs=20, batch=16, progress=False
    )
    losses = history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    assert all((p.value != before[p.name]).any() for p in read.parameters)


def test_a_model_is_drawn_with_its_scopes() -> None:
    import viz

    drawing = viz.draw(load_onnx(lenet().SerializeToString()).graph)
    assert "conv" in drawing.svg


def test_a_model_is_kept_and_read_again(tmp_path: Path) -> None:
    read = load_onnx(lenet().SerializeToString())
    gn.io.save_model(tmp_path / "net.safetensors", read.outputs, notes=read.notes)
    again = gn.io.load_model(tmp_path / "net.safetensors")
    x = np.random.default_rng(0).normal(size=(3, 1, 6, 6)).astype(np.float32)
    np.testing.assert_array_equal(again.predict(x), read.predict(x))
    assert again.notes == read.notes
    assert [p.trainable for p in again.parameters] == [p.trainable for p in read.parameters]


def test_notes_tell_what_the_file_said() -> None:
    proto = BASES["wholes"]()
    proto.producer_name, proto.producer_version = "maker", "3"
    notes = load_onnx(proto.SerializeToString()).notes
    assert notes["producer"] == "maker 3"
    assert notes["opsets"] == {"": 20}
    assert notes["inputs"] == {"u": "uint8"}
    assert notes["outputs"] == {"y": "float32", "z": "uint8"}
    assert "input 'u' is uint8 in the file and int64 here" in notes["remarks"]


def test_another_shape_than_the_file_says_is_a_remark_and_another_type_an_error() -> None:
    proto = mlp()
    proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 7
    read = load_onnx(proto.SerializeToString())
    assert read.notes["remarks"] == ["the file says that 'y' has the shape (?, 7), it has (batch, 2)"]
    proto.graph.output[0].type.tensor_type.elem_type = INT64
    with pytest.raises(OnnxError, match="the file says that 'y' is int64, it is float32"):
        load_onnx(proto.SerializeToString())


@pytest.mark.parametrize("known", [True, False])
def test_a_known_condition_takes_its_branch(known: bool) -> None:
    """The branch sees the names around it."""
    yes = helper.make_graph([node("Mul", ["x", "w"], ["t"])], "yes", [], [info("t", [2])])
    no = helper.make_graph([node("Neg", ["x"], ["e"])], "no", [], [info("e", [2])])
    proto = model(
        [node("If", ["c"], ["y"], then_branch=yes, else_branch=no)],
        [info("x", [2])],
        [info("y", [2])],
        [array(known, "c", "bool"), array([2.0, 3.0], "w")],
    )
    found = load_onnx(proto.SerializeToString()).predict(np.ones(2, np.float32))
    np.testing.assert_array_equal(found, [2.0, 3.0] if known else [-1.0, -1.0])


def test_a_condition_that_is_fed_is_refused() -> None:
    branch = helper.make_graph([node("Neg", ["x"], ["t"])], "b", [], [info("t", [2])])
    proto = model(
        [node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)],
        [info("x", [2]), info("c", [], TensorProto.BOOL)],
        [info("y", [2])],
    )
    with pytest.raises(NeedsConstantError, match="Where") as caught:
        load_onnx(proto.SerializeToString())
    assert caught.value.inputs == ("c",)
    read = load_onnx(proto.SerializeToString(), constants={"c": True})
    np.testing.assert_array_equal(read.predict(np.ones(2, np.float32)), [-1.0, -1.0])


def test_functions_stand_in_scopes_of_their_names() -> None:
    read = load_onnx(BASES["functions"]().SerializeToString())
    scopes = {n.scope for n in read.graph.nodes if n.op.name == "mul"}
    assert any(s.startswith("block/Twice/Scaled") for s in scopes)


def test_an_identity_of_an_input_is_the_input() -> None:
    proto = model([node("Identity", ["x"], ["y"])], [info("x", ["n"])], [info("y", ["n"])])
    np.testing.assert_array_equal(load_onnx(proto.SerializeToString()).predict([1.0, 2.0]), [1.0, 2.0])


def test_an_output_that_hangs_on_nothing_is_a_constant() -> None:
    proto = model([node("Neg", ["c"], ["y"])], [], [info("y", [])], [array(3.0, "c")])
    read = load_onnx(proto.SerializeToString())
    assert float(read.predict()) == -3.0
    assert read.outputs["y"].role == "constant"


def test_reading_gives_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make in BASES.values():
            load_onnx(make().SerializeToString())


def test_float_constants_of_nodes_are_no_parameters() -> None:
    proto = model(
        [node("Constant", [], ["c"], value_floats=[1.0, 2.0]), node("Mul", ["x", "c"], ["y"])],
        [info("x", [2], FLOAT)],
        [info("y", [2])],
    )
    read = load_onnx(proto.SerializeToString())
    assert read.parameters == ()
