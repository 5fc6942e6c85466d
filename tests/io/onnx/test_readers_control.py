"""Loops whose number of turns is known are written out; others are refused in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import graphnn as gn  # noqa: E402
from graphnn.core.errors import NeedsConstantError, OnnxError  # noqa: E402
from graphnn.io.onnx import Limits  # noqa: E402
from onnx_nodes import agree, by_runtime, numbers, ours  # noqa: E402

FLOAT, INT64, BOOL = 1, 7, 9
info, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node


def graph(nodes: list[Any], inputs: list[Any], outputs: list[Any], **arrays: Any) -> Any:
    held = [onnx.numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    return onnx.helper.make_graph(nodes, "g", inputs, outputs, held)


def model(whole: Any, opset: int = 16) -> bytes:
    imports = [onnx.helper.make_opsetid("", opset)]
    return bytes(onnx.helper.make_model(whole, opset_imports=imports, ir_version=8).SerializeToString())


def layer_in_a_loop(turns: Any = 3, *, goes_on: str = "go") -> Any:
    """state = tanh(state @ w), `turns` times, where w stands in the loop's graph; each state is an output as well."""
    body = graph(
        [node("MatMul", ["s", "w"], ["m"]), node("Tanh", ["m"], ["t"]), node("Identity", ["t"], ["row"]),
         node("ReduceMax", ["t"], ["top"], keepdims=0), node("Greater", ["top", "low"], ["found"]),
         node("Identity", ["found" if goes_on == "found" else "go"], ["go_on"])],
        [info("turn", INT64, []), info("go", BOOL, []), info("s", FLOAT, [2, 3])],
        [info("go_on", BOOL, []), info("t", FLOAT, [2, 3]), info("row", FLOAT, [2, 3])],
        w=numbers(3, 3, seed=1), low=np.float32(-9),
    )  # fmt: skip
    held = {} if turns is None else {"turns": np.int64(turns)}
    inputs = [info("x", FLOAT, [2, 3]), *([info("turns", INT64, [])] if turns is None else [])]
    return graph([node("Loop", ["turns", "", "x"], ["last", "rows"], body=body)], inputs,
                 [info("last", FLOAT, [2, 3]), info("rows", FLOAT, None)], **held)  # fmt: skip


def test_a_loop_of_known_turns_gives_what_onnxruntime_gives() -> None:
    content, x = model(layer_in_a_loop()), numbers(2, 3)
    agree(ours(content, {"x": x}), by_runtime(content, {"x": x}))


def test_what_stands_in_a_loop_is_one_parameter_for_all_turns() -> None:
    read = gn.io.load_onnx(model(layer_in_a_loop()))
    (w,) = read.parameters
    assert sum(o is w for n in read.graph.nodes for o in n.operands) == 3
    assert gn.check_gradients(read.outputs["last"].sum(), {"x": numbers(2, 3)}, wrt=[w]).ok


def test_a_number_of_turns_that_is_fed_must_be_fixed() -> None:
    content = model(layer_in_a_loop(None))
    with pytest.raises(NeedsConstantError, match="A graph has no turns") as caught:
        gn.io.load_onnx(content)
    assert caught.value.inputs == ("turns",)
    assert gn.io.load_onnx(content, constants={"turns": 4}).outputs["rows"].shape == (4, 2, 3)


def test_a_loop_that_ends_when_its_numbers_say_so_is_refused() -> None:
    with pytest.raises(OnnxError, match="whether it goes on hangs on what is computed in its turns"):
        gn.io.load_onnx(model(layer_in_a_loop(goes_on="found")))


def test_a_loop_cannot_turn_for_ever() -> None:
    with pytest.raises(OnnxError, match=r"written out it has \d+ nodes; at most 10000 are read"):
        gn.io.load_onnx(model(layer_in_a_loop(2**40)))
    with pytest.raises(OnnxError, match="more than 500 nodes"):
        gn.io.load_onnx(model(layer_in_a_loop(900)), limits=Limits(nodes=500))


def test_a_loop_of_very_many_turns_may_end_after_a_few() -> None:
    read = gn.io.load_onnx(model(counting(turns=2**62)))
    assert read.outputs["y"].shape == (21,)  # 0 + 1 + ... + 6


def counting(turns: int | None) -> Any:
    """Adds the number of each turn until the sum is 20 or more, and repeats x so often."""
    body = graph(
        [node("Add", ["s", "turn"], ["t"]), node("Less", ["t", "most"], ["go_on"])],
        [info("turn", INT64, []), info("go", BOOL, []), info("s", INT64, [])],
        [info("go_on", BOOL, []), info("t", INT64, [])], most=np.int64(20),
    )  # fmt: skip
    held = {"yes": True, "zero": np.int64(0), "one": np.array([1])}
    held |= {} if turns is None else {"turns": np.int64(turns)}
    loop = node("Loop", ["" if turns is None else "turns", "yes", "zero"], ["n"], body=body)
    return graph(
        [loop, node("Reshape", ["n", "one"], ["shape"]), node("Expand", ["x", "shape"], ["y"])],
        [info("x", FLOAT, [1])], [info("y", FLOAT, None)], **held,
    )  # fmt: skip


def test_a_loop_that_counts_turns_gives_numbers_that_are_known() -> None:
    assert gn.io.load_onnx(model(counting(None))).outputs["y"].shape == (21,)
    assert gn.io.load_onnx(model(counting(3))).outputs["y"].shape == (3,)


def sums(**attributes: Any) -> Any:
    body = graph(
        [node("Add", ["s", "a"], ["t"]), node("Mul", ["t", "b"], ["row"])],
        [info("s", FLOAT, [2]), info("a", FLOAT, [2]), info("b", FLOAT, [2])],
        [info("t", FLOAT, [2]), info("row", FLOAT, [2])],
    )  # fmt: skip
    return node(
        "Scan", ["s0", "a_all", "b_all"], ["last", "rows"], body=body, num_scan_inputs=2, **attributes
    )


@pytest.mark.parametrize("back", [[0, 0], [1, 0], [1, 1]])
@pytest.mark.parametrize("out", [{}, {"scan_output_axes": [1]}, {"scan_output_directions": [1]}])
def test_a_scan_goes_through_slices_in_its_directions(back: list[int], out: dict[str, list[int]]) -> None:
    inputs = [info("s0", FLOAT, [2]), info("a_all", FLOAT, [4, 2]), info("b_all", FLOAT, [2, 4])]
    scan = sums(scan_input_directions=back, scan_input_axes=[0, 1], **out)
    content = model(graph([scan], inputs, [info("last", FLOAT, [2]), info("rows", FLOAT, None)]))
    feeds = {"s0": numbers(2), "a_all": numbers(4, 2, seed=1), "b_all": numbers(2, 4, seed=2)}
    agree(ours(content, feeds), by_runtime(content, feeds))
    read = gn.io.load_onnx(content)
    assert gn.check_gradients(read.outputs["rows"].sum() + read.outputs["last"].sum(), feeds).ok


def test_a_scan_of_too_many_turns_is_refused_at_once() -> None:
    inputs = [info("s0", FLOAT, [2]), info("a_all", FLOAT, [2**24, 2]), info("b_all", FLOAT, [2**24, 2])]
    content = model(graph([sums()], inputs, [info("last", FLOAT, [2]), info("rows", FLOAT, None)]))
    with pytest.raises(OnnxError, match="it turns 16777216 times; at most 1000 turns are written out"):
        gn.io.load_onnx(content)


def test_a_scan_over_an_open_axis_asks_for_its_size() -> None:
    inputs = [info("s0", FLOAT, [2]), info("a_all", FLOAT, ["time", 2]), info("b_all", FLOAT, ["time", 2])]
    content = model(graph([sums()], inputs, [info("last", FLOAT, [2]), info("rows", FLOAT, None)]))
    with pytest.raises(NeedsConstantError, match="time") as caught:
        gn.io.load_onnx(content)
    assert caught.value.axes == ("time",)
    assert gn.io.load_onnx(content, sizes={"time": 3}).outputs["rows"].shape == (3, 2)


def test_a_gradient_that_the_file_asks_for_is_a_gradient() -> None:
    domain = "ai.onnx.preview.training"
    whole = graph(
        [node("Mul", ["x", "x"], ["p"]), node("Mul", ["p", "z"], ["y"]),
         node("Gradient", ["x", "z"], ["gx"], domain=domain, xs=["x"], zs=["z"], y="y")],
        [info("x", FLOAT, [3]), info("z", FLOAT, [3])], [info("gx", FLOAT, [3])],
    )  # fmt: skip
    imports = [onnx.helper.make_opsetid("", 16), onnx.helper.make_opsetid(domain, 1)]
    content = onnx.helper.make_model(whole, opset_imports=imports, ir_version=8).SerializeToString()
    x, z = numbers(3), numbers(3, seed=1)
    np.testing.assert_allclose(ours(content, {"x": x, "z": z})[0], 2 * x * z, rtol=1e-6)
