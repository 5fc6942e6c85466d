"""The file that `save_onnx` writes: names, open axes, notes, numbers beside it, and what is refused."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx

import graphnn as gn
from graphnn.core.errors import DataError, GraphError, OnnxError, SettingError
from graphnn.io.onnx.write import external
from onnx_written import run, written


def net(seed: int = 1) -> gn.Node:
    steps = [gn.nn.Dense(64, gn.relu), gn.nn.LayerNorm(), gn.nn.Dense(3)]
    return gn.nn.Sequential(steps, seed=seed)(gn.input("x", ("batch", 20)))


def rows(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 20)).astype(np.float32)


# What is given


def test_a_node_nodes_a_mapping_a_graph_and_a_model_can_be_given(tmp_path: Path) -> None:
    y = net()
    named = y.named("logits")
    path = tmp_path / "net.onnx"
    assert [o.name for o in written(named, path).graph.output] == ["logits"]
    assert [o.name for o in written([named, gn.softmax(named)], path).graph.output] == ["logits", "output"]
    assert [o.name for o in written(gn.Graph(gn.softmax(named)), path).graph.output] == ["output"]
    assert [o.name for o in written({"a": named, "b": named}, path).graph.output] == ["a", "b"]
    gn.io.save_model(tmp_path / "net.safetensors", {"scores": named})
    model = gn.io.load_model(tmp_path / "net.safetensors")
    assert [o.name for o in written(model, path).graph.output] == ["scores"]
    np.testing.assert_allclose(
        run(path, {"x": rows()})["scores"], model.predict(rows()), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("what", [None, 3, [], {}, {"y": 1.0}, {1: None}, ["x"]])
def test_what_is_no_graph_is_refused(what: object, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="save_onnx: "):
        gn.io.save_onnx(what, tmp_path / "net.onnx")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "settings",
    [{"opset": 17}, {"opset": 999}, {"opset": "21"}, {"draws": "all"}, {"data_beside": 1}, {"doc": None}],
)
def test_settings_are_checked(settings: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="save_onnx: "):
        gn.io.save_onnx(net(), tmp_path / "net.onnx", **settings)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


# What is in the file


def test_the_file_says_who_wrote_it_and_what_it_is(tmp_path: Path) -> None:
    model = written(gn.expm1(net()), tmp_path / "net.onnx", doc="Three classes of flowers.")
    assert (model.producer_name, model.producer_version) == ("graphnn", gn.__version__)
    assert model.doc_string == "Three classes of flowers."
    assert model.ir_version == 10
    assert {o.domain: o.version for o in model.opset_import} == {"": 21, "graphnn": 1}


def test_parameters_are_initialisers_by_their_names(tmp_path: Path) -> None:
    y = net()
    model = written(y, tmp_path / "net.onnx")
    numbers = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    for node in gn.Graph(y).parameters:
        found = numbers[f"{node.scope}/{node.name}"]
        assert found.dtype == node.dtype
        np.testing.assert_array_equal(found, node.value)
    assert "net/dense1/w" in numbers


def test_scopes_stand_in_names_and_in_notes(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", 3))
    with gn.scope("block"), gn.scope("dense"):
        w = gn.parameter(np.eye(3), "w")
        y = gn.tanh((x @ w).named("sums"))
    model = written(y, tmp_path / "net.onnx")
    by_type = {node.op_type: node for node in model.graph.node}
    assert by_type["MatMul"].name == "/block/dense/MatMul"
    assert list(by_type["MatMul"].output) == ["block/dense/sums"]
    notes = {note.key: note.value for note in by_type["MatMul"].metadata_props}
    assert notes == {"graphnn.op": "matmul", "graphnn.scope": "block/dense", "graphnn.name": "sums"}


def test_named_axes_stay_open_and_polynomials_are_told(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", "time", 4))
    y = gn.concat([x, x, gn.zeros_like(x[:, :1])], axis=1)
    path = tmp_path / "net.onnx"
    model = written({"y": y}, path)
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == [
        "batch",
        "time",
        4,
    ]
    assert [d.dim_param or d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim] == [
        "batch",
        "2*time+1",
        4,
    ]
    for batch, steps in ((1, 2), (3, 5)):
        found = run(path, {"x": np.ones((batch, steps, 4), np.float32)})["y"]
        assert found.shape == (batch, 2 * steps + 1, 4)


def test_nothing_is_written_that_nobody_takes(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", 3))
    noise = gn.random_normal(gn.counter("draws"), ("batch", 3), seed=1)
    y = gn.leaky_relu(gn.elu(x + noise, 0.5), 0.25)
    model = written(y, tmp_path / "net.onnx", draws="inputs")
    assert not model.graph.initializer
    assert [n.op_type for n in model.graph.node] == ["Add", "Elu", "LeakyRelu"]


def test_shapes_of_what_is_between_are_told(tmp_path: Path) -> None:
    model = written(net(), tmp_path / "net.onnx")
    known = {info.name for info in model.graph.value_info}
    outputs = {o.name for o in model.graph.output}
    assert {name for node in model.graph.node for name in node.output} - outputs <= known


def test_ops_without_a_twin_are_functions_that_are_written_once(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", 3))
    y = gn.log1p(gn.expm1(gn.log1p(x)))
    model = written(y, tmp_path / "net.onnx")
    assert sorted(f.name for f in model.functions) == ["expm1", "log1p"]
    assert [(n.domain, n.op_type) for n in model.graph.node] == [
        ("graphnn", "log1p"),
        ("graphnn", "expm1"),
        ("graphnn", "log1p"),
    ]


def test_what_is_only_repeated_along_axes_is_left_to_the_operator(tmp_path: Path) -> None:
    x, b = gn.input("x", ("batch", 3)), gn.parameter(np.ones(3), "b")
    model = written(gn.relu(x * 2.0 + b), tmp_path / "net.onnx")
    assert [n.op_type for n in model.graph.node] == ["Mul", "Add", "Relu"]
    both = gn.broadcast_to(gn.input("row", (3,)), ("batch", 3)) + gn.broadcast_to(b, ("batch", 3))
    path = tmp_path / "both.onnx"
    written({"y": gn.matmul(x, gn.transpose(both))}, path)
    found = run(path, {"x": np.ones((2, 3), np.float32), "row": np.ones(3, np.float32)})["y"]
    assert found.tolist() == [[6.0, 6.0], [6.0, 6.0]]


@pytest.mark.parametrize(
    ("layer", "shape", "operator"),
    [
        (gn.nn.BatchNorm(), ("batch", 4), "BatchNormalization"),
        (gn.nn.GroupNorm(2), ("batch", 4, 5), "GroupNormalization"),
        (gn.nn.InstanceNorm(), ("batch", 4, 5), "InstanceNormalization"),
        (gn.nn.LayerNorm(axes=2), ("batch", 4, 5), "LayerNormalization"),
    ],
    ids=["batch", "group", "instance", "layer"],
)
def test_a_norm_is_one_operator(
    layer: gn.nn.Layer, shape: tuple[object, ...], operator: str, tmp_path: Path
) -> None:
    model = written(layer(gn.input("x", shape)), tmp_path / "net.onnx")
    assert [n.op_type for n in model.graph.node] == [operator]
    # What its operator would hide stays, where somebody else wants it.
    y = layer(gn.input("x", shape))
    inner = [n for n in gn.Graph(y).nodes if n.op.name in ("standardize", "sub")]
    model = written([y, *inner], tmp_path / "net.onnx")
    assert operator not in [n.op_type for n in model.graph.node]


def test_biases_and_rows_are_the_operators_own(tmp_path: Path) -> None:
    def kinds(y: gn.Node) -> list[str]:
        return [n.op_type for n in written(y, tmp_path / "net.onnx").graph.node]

    assert kinds(gn.nn.Dense(3)(gn.input("x", ("batch", 4)))) == ["Gemm"]
    assert kinds(gn.nn.Dense(3)(gn.input("x", ("batch", 5, 4)))) == ["MatMul", "Add"]
    assert kinds(gn.nn.Conv2d(3, 2)(gn.input("x", ("batch", 1, 4, 4)))) == ["Conv"]
    assert kinds(gn.nn.ConvTranspose2d(3, 2)(gn.input("x", ("batch", 1, 4, 4)))) == ["ConvTranspose"]


def test_updates_are_left_out_and_values_pass(tmp_path: Path) -> None:
    layer, x = gn.nn.BatchNorm(), gn.input("x", ("batch", 3))
    y = layer(x, training=True)
    path = tmp_path / "net.onnx"
    model = written({"y": y}, path)
    assert {i.name for i in model.graph.initializer if "running" in i.name or "mean" in i.name} == set()
    given = np.random.default_rng(2).normal(size=(6, 3)).astype(np.float32)
    np.testing.assert_allclose(
        run(path, {"x": given})["y"], gn.Program([y])({"x": given})[0], rtol=1e-5, atol=1e-6
    )


def test_a_recurrent_layer_is_one_operator(tmp_path: Path) -> None:
    for layer, operator in ((gn.nn.LSTM(4), "LSTM"), (gn.nn.GRU(4), "GRU"), (gn.nn.RNN(4), "RNN")):
        model = written(layer(gn.input("x", ("batch", "steps", 3))), tmp_path / "net.onnx")
        kinds = [n.op_type for n in model.graph.node]
        assert kinds.count(operator) == 1
        assert not {"MatMul", "Gemm", "Scan", "Loop"} & set(kinds)


def test_the_last_cell_of_an_lstm_can_be_an_output(tmp_path: Path) -> None:
    layer, x = gn.nn.LSTM(4, seed=2), gn.input("x", ("batch", "steps", 3))
    y, (h, c) = layer.with_states(x)
    path = tmp_path / "net.onnx"
    written({"y": y, "h": h, "c": c}, path)
    given = {"x": np.random.default_rng(1).normal(size=(2, 6, 3)).astype(np.float32)}
    found = run(path, given)
    for name, value in zip("yhc", gn.Program([y, h, c])(given), strict=True):
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


# Names


def test_any_name_can_be_written(tmp_path: Path) -> None:
    names = ["x", "Größe", "한국어", "a/b", "a b", "\ud800", "😀", "0", "-", 'quote"s']
    inputs = [gn.input(name, (2,)) for name in names]
    total = inputs[0]
    for k, leaf in enumerate(inputs[1:]):
        with gn.scope(names[k] if "/" not in names[k] else "slash"):
            total = (total * leaf).named(names[k])
    model = written({"": total, "한": inputs[0] + 1.0}, tmp_path / "net.onnx")
    assert [o.name for o in model.graph.output] == ["output", "한"]
    assert [i.name for i in model.graph.input] == [n.encode("utf-8", "replace").decode() for n in names]
    back = gn.io.load_onnx(tmp_path / "net.onnx")
    assert len(back.inputs) == len(names)


def test_equal_names_are_counted(tmp_path: Path) -> None:
    a, b = gn.input("x", (2,)), gn.input("x", (2,))
    p, q = gn.parameter(np.ones(2), "w"), gn.parameter(np.full(2, 3.0), "w")
    y = (a * p).named("y") + (b * q).named("y")
    path = tmp_path / "net.onnx"
    model = written({"x": y}, path)
    assert [i.name for i in model.graph.input] == ["x", "x_1"]
    assert [o.name for o in model.graph.output] == ["x_2"]
    assert {i.name for i in model.graph.initializer} == {"w", "w#2"}
    assert run(path, {"x": np.ones(2, np.float32), "x_1": np.ones(2, np.float32)})["x_2"].tolist() == [
        4.0,
        4.0,
    ]


def test_leaves_can_be_outputs(tmp_path: Path) -> None:
    x, w = gn.input("x", (2,)), gn.parameter(np.ones(2), "w")
    path = tmp_path / "net.onnx"
    written({"a": x, "b": w, "c": gn.constant([1.0, 2.0]), "d": gn.stop_gradient(x), "e": x}, path)
    found = run(path, {"x": np.array([3.0, 4.0], np.float32)})
    assert {k: v.tolist() for k, v in found.items()} == {
        "a": [3.0, 4.0],
        "b": [1.0, 1.0],
        "c": [1.0, 2.0],
        "d": [3.0, 4.0],
        "e": [3.0, 4.0],
    }


# The same bytes, and files as a whole


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    y = net()
    gn.io.save_onnx(y, tmp_path / "a.onnx")
    gn.io.save_onnx(y, tmp_path / "b.onnx")
    gn.io.save_onnx(net(), tmp_path / "c.onnx")
    first, *others = ((tmp_path / f"{k}.onnx").read_bytes() for k in "abc")
    assert all(other == first for other in others)


def test_numbers_may_stand_beside_the_file(tmp_path: Path) -> None:
    y, path = net(), tmp_path / "net.onnx"
    gn.io.save_onnx(y, tmp_path / "whole.onnx")
    written({"y": y}, path, data_beside=True)
    (data,) = tmp_path.glob("net.onnx.*.data")
    assert path.stat().st_size < (tmp_path / "whole.onnx").stat().st_size
    wanted = gn.Program([y])({"x": rows()})[0]
    np.testing.assert_allclose(run(path, {"x": rows()})["y"], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gn.io.load_onnx(path).predict(rows()), wanted, rtol=1e-5, atol=1e-6)
    # Written anew with other numbers, the old ones go.
    written({"y": net(2)}, path, data_beside=True)
    (other,) = tmp_path.glob("net.onnx.*.data")
    assert other != data
    written({"y": y}, path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.onnx", "whole.onnx"]


def test_a_model_too_large_for_one_file_gets_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphnn.io.onnx.write import door

    monkeypatch.setattr(door, "LARGEST_FILE", 6000)
    gn.io.save_onnx(net(), tmp_path / "net.onnx")
    assert len(list(tmp_path.glob("net.onnx.*.data"))) == 1
    with pytest.raises(SettingError, match="more than a file of ONNX holds"):
        gn.io.save_onnx(net(), tmp_path / "net.onnx", data_beside=False)


def test_after_a_failure_the_old_model_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from graphnn.io.onnx.write import door

    path = tmp_path / "net.onnx"
    gn.io.save_onnx({"y": net()}, path, data_beside=True)
    before = run(path, {"x": rows()})["y"]
    whole = door.write_whole

    def fail_on_the_model(target: Path, *parts: bytes) -> None:
        if target.name == "net.onnx":
            raise OSError(28, "No space left on device")
        whole(target, *parts)

    monkeypatch.setattr(door, "write_whole", fail_on_the_model)
    with pytest.raises(DataError, match="cannot be written: No space left"):
        gn.io.save_onnx({"y": net(2)}, path, data_beside=True)
    np.testing.assert_array_equal(run(path, {"x": rows()})["y"], before)
    with pytest.raises(DataError, match="cannot be written"):
        gn.io.save_onnx({"y": net(2)}, tmp_path / "nowhere" / "net.onnx")


@pytest.mark.parametrize("path", [3, None, b"net.onnx", "", "a\0b"])
def test_what_is_no_path_gets_a_sentence(path: object) -> None:
    with pytest.raises(SettingError, match=r"^save_onnx: .*path of a file"):
        gn.io.save_onnx(net(), path)


def test_small_numbers_stay_inside(tmp_path: Path) -> None:
    written(net(), tmp_path / "net.onnx", data_beside=True)
    model = onnx.load(tmp_path / "net.onnx", load_external_data=False)
    beside = {i.name for i in model.graph.initializer if i.external_data}
    sizes = {i.name: int(np.prod(i.dims)) * 4 for i in model.graph.initializer}
    assert beside == {name for name, size in sizes.items() if size >= external.SMALLEST_BESIDE}
    assert beside


# What is refused


def test_draws_are_refused_or_come_in(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", 3))
    y = gn.nn.Dropout(0.5, seed=3)(x, training=True)
    with pytest.raises(OnnxError, match="Build the graph for inference"):
        gn.io.save_onnx(y, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
    path = tmp_path / "net.onnx"
    model = written({"y": y}, path, draws="inputs")
    given = np.array([[0.1, 0.9, 0.5]], np.float32)
    feeds = {model.graph.input[0].name: np.ones((1, 3), np.float32), model.graph.input[1].name: given}
    assert run(path, feeds)["y"].tolist() == [[0.0, 2.0, 2.0]]


def test_an_op_with_a_kernel_only_is_refused_and_a_composite_is_written(tmp_path: Path) -> None:
    @gn.op("x(*s) -> y(*s)", latex="{x}", samples=[(3,)], no_slope="a test", name="only_a_kernel")
    def only_a_kernel(x):  # type: ignore[no-untyped-def]
        "As it is. Shapes: x (*s) -> y (*s)."
        return x

    @only_a_kernel.kernel
    def only_a_kernel_kernel(x, y):  # type: ignore[no-untyped-def]
        for i in range(y.size):
            y[i] = x[i]

    @gn.composite("x(*s) -> y(*s)", latex="{x}", samples=[(3,)], name="own_composite")
    def own_composite(x):  # type: ignore[no-untyped-def]
        "Twice. Shapes: x (*s) -> y (*s)."
        return gn.tanh(x * 2.0)

    @own_composite.kernel
    def own_composite_kernel(x, y):  # type: ignore[no-untyped-def]
        for i in range(y.size):
            y[i] = np.tanh(2.0 * x[i])

    try:
        x = gn.input("x", (3,))
        with pytest.raises(OnnxError, match="only_a_kernel: the op is declared with a kernel only"):
            gn.io.save_onnx(only_a_kernel(x), tmp_path / "net.onnx")
        model = written({"y": own_composite(x)}, tmp_path / "net.onnx")
        assert [f.name for f in model.functions] == ["own_composite"]
        found = run(tmp_path / "net.onnx", {"x": np.ones(3, np.float32)})["y"]
        np.testing.assert_allclose(found, np.tanh(np.full(3, 2.0)), rtol=1e-6)
    finally:
        gn.undeclare("only_a_kernel")
        gn.undeclare("own_composite")


def test_an_axis_that_no_input_has_is_refused(tmp_path: Path) -> None:
    y = gn.broadcast_to(gn.parameter(np.ones(3), "w"), ("batch", 3))
    with pytest.raises(GraphError, match="axis 'batch' has no size"):
        gn.io.save_onnx(y, tmp_path / "net.onnx")


def test_equations_are_written_for_matrices_of_a_known_size(tmp_path: Path) -> None:
    a, path = gn.input("a", ("batch", 3, 3)), tmp_path / "net.onnx"
    written({"y": gn.inverse(a)}, path)
    # Without a look for the largest number of a column this would divide by 0.
    given = np.array([[[0, 2, 1], [1, 0, 0], [0, 1, 3]], [[1, 2, 3], [1, 2, 4], [0, 1, 0]]], np.float32)
    np.testing.assert_allclose(run(path, {"a": given})["y"], np.linalg.inv(given), rtol=1e-5, atol=1e-6)
    for size in ("m", 33):
        with pytest.raises(OnnxError, match=f"for a known number of rows, at most 32; found {size}"):
            gn.io.save_onnx(gn.inverse(gn.input("a", (size, size))), tmp_path / "other.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]


def test_states_of_all_steps_need_a_known_number_of_them(tmp_path: Path) -> None:
    x = gn.input("x", ("batch", "steps", 3))
    record = gn.ops.lstm_sweep.node(
        gn.transpose(x, (1, 0, 2)) @ gn.parameter(np.ones((3, 8)), "w"),
        gn.parameter(np.ones((2, 8)), "u"),
        gn.broadcast_to(gn.constant(0.0), ("batch", 2)),
        gn.broadcast_to(gn.constant(0.0), ("batch", 2)),
    )
    with pytest.raises(OnnxError, match="Give the input a fixed number of steps"):
        gn.io.save_onnx(record, tmp_path / "net.onnx")


def test_without_the_package_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SettingError, match=r'pip install "graphnn\[onnx\]"'):
        gn.io.save_onnx(net(), tmp_path / "net.onnx")


def test_a_gradient_can_be_written(tmp_path: Path) -> None:
    x, t = gn.input("x", ("batch", 20)), gn.input("t", ("batch",), "int64")
    layers = gn.nn.Sequential([gn.nn.Dense(8, gn.gelu), gn.nn.LayerNorm(), gn.nn.Dense(3)], seed=1)
    loss = gn.softmax_cross_entropy(layers(x), t)
    slopes = gn.gradient(loss, list(layers.parameters))
    path = tmp_path / "step.onnx"
    written({"loss": loss, **{f"d {k}": g for k, g in enumerate(slopes)}}, path)
    feeds = {"x": rows(), "t": np.array([0, 1, 2, 1])}
    found = run(path, feeds)
    wanted = gn.Program([loss, *slopes])(feeds)
    for value, other in zip(wanted, found.values(), strict=True):
        np.testing.assert_allclose(other, value, rtol=1e-4, atol=1e-6)


def test_large_graphs_are_written_quickly(tmp_path: Path) -> None:
    y = gn.input("x", ("batch", 4))
    for k in range(4000):
        y = gn.tanh(y * 1.01 + gn.parameter(np.zeros(4), f"b{k}"))
    assert len(gn.Graph(y)) > 28_000
    before = time.process_time()
    gn.io.save_onnx(y, tmp_path / "net.onnx")
    # Two seconds where it was written; the rest is for busier machines.
    assert time.process_time() - before < 20
