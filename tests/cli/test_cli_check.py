"""`graphnn check`: what an ONNX file holds, and whether it is read rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

import graphnn as gn  # noqa: E402
from commands import graphnn  # noqa: E402

FLOAT, INT64 = 1, 7
info = onnx.helper.make_tensor_value_info
node = onnx.helper.make_node


def saved(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], **options: Any) -> Path:
    graph = onnx.helper.make_graph(nodes, "g", inputs, outputs, **options)
    imports = [onnx.helper.make_opsetid("", 20)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=imports, ir_version=9), path)
    return path


def test_a_model_that_graphnn_wrote_is_sound_and_agrees(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    y = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)(gn.input("x", ("batch", 3)))
    gn.io.save_onnx({"scores": y}, tmp_path / "net.onnx")
    result = graphnn("check", tmp_path / "net.onnx")
    assert result.exit_code == 0, result.output
    for line in ("sound      yes", "inputs     x float32 (batch, 3)", "outputs    scores float32 (batch, 2)",
                 "parameters 4 of 26 numbers", "compared   outputs differ by "):  # fmt: skip
        assert line in result.output


def test_an_operator_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    texts = [info(name, 8, [2]) for name in ("a", "b", "c")]
    path = saved(tmp_path / "t.onnx", [node("StringConcat", ["a", "b"], ["c"])], texts[:2], texts[2:])
    result = graphnn("check", path)
    assert result.exit_code == 1
    assert "cannot read StringConcat  it works on texts" in result.output
    assert "NO: " in result.output


def test_a_file_that_is_not_sound_fails(tmp_path: Path) -> None:
    wrong = info("y", FLOAT, [3])
    path = saved(tmp_path / "w.onnx", [node("Relu", ["x"], ["y"])], [info("x", FLOAT, [2])], [wrong])
    result = graphnn("check", path)
    assert result.exit_code == 1
    assert "sound      NO: " in result.output


def test_an_input_that_decides_on_a_shape_can_be_given(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    inputs = [info("x", FLOAT, ["n", 4]), info("shape", INT64, [2])]
    path = saved(
        tmp_path / "r.onnx", [node("Reshape", ["x", "shape"], ["y"])], inputs, [info("y", FLOAT, ["m", "k"])]
    )
    refused = graphnn("check", path)
    assert refused.exit_code == 1 and "constants={'shape': ...}" in refused.output
    result = graphnn("check", path, "--constant", "shape=2,4", "--size", "n=2")
    assert result.exit_code == 0, result.output
    assert "outputs    y float32 (2, 4)" in result.output


@pytest.mark.parametrize("words", [("--size", "n"), ("--size", "n=x"), ("--constant", "a"), ("--constant", "a=x"),
                                   ("--constant", 'a="x"')])  # fmt: skip
def test_options_that_make_no_sense_are_refused(words: tuple[str, str], tmp_path: Path) -> None:
    path = saved(tmp_path / "r.onnx", [node("Relu", ["x"], ["y"])], [info("x", 1, [2])], [info("y", 1, [2])])
    result = graphnn("check", path, *words)
    assert result.exit_code == 2 and "wanted NAME=" in result.output


def test_a_file_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_text("no model at all")
    result = graphnn("check", tmp_path / "x.onnx")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ") and result.output.count("\n") == 1


def test_a_difference_to_onnxruntime_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = pytest.importorskip("onnxruntime")
    path = saved(tmp_path / "r.onnx", [node("Relu", ["x"], ["y"])], [info("x", 1, [9])], [info("y", 1, [9])])
    honest = runtime.InferenceSession.run

    def dishonest(self: Any, names: Any, feeds: Any) -> Any:
        return [array + np.float32(0.01) for array in honest(self, names, feeds)]

    monkeypatch.setattr(runtime.InferenceSession, "run", dishonest)
    result = graphnn("check", path)
    assert result.exit_code == 1 and "compared   NO: outputs differ by " in result.output


def test_random_draws_are_not_compared(tmp_path: Path) -> None:
    path = saved(tmp_path / "r.onnx", [node("RandomNormal", [], ["y"], shape=[3])], [], [info("y", 1, [3])])
    result = graphnn("check", path)
    assert result.exit_code == 0 and "compared   not compared: it draws random numbers" in result.output
