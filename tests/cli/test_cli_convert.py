"""`graphnn convert`, and models of every format as operands of the other commands."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from commands import graphnn
from graphnn.io.graph_json import graph_to_json

pytest.importorskip("onnx", reason="one of the formats")

KINDS = ["onnx", "json", "safetensors", "graphml", "dot", "gv"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net with a running mean and two outputs, in a file of every format."""
    made = tmp_path_factory.mktemp("models")
    x = gn.input("x", ("batch", 3))
    net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.BatchNorm(), gn.nn.Dense(2)], seed=1)
    logits = net(x).named("logits")
    outputs = {"logits": logits, "p": gn.softmax(logits).named("p")}
    gn.io.save_model(made / "net.safetensors", outputs)
    gn.io.save_onnx(outputs, made / "net.onnx")
    gn.io.save_graph(outputs.values(), made / "net.json")
    gn.io.save_graphml(outputs.values(), made / "net.graphml")
    gn.io.save_dot(outputs.values(), made / "net.dot")
    gn.io.save_dot(outputs.values(), made / "net.gv")
    return made


def outputs_of(path: Path) -> dict[str, gn.Node]:
    from graphnn.cli.formats import read_file

    return dict(read_file(path).outputs)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(KINDS, KINDS)))
def test_every_format_becomes_every_other(folder: Path, tmp_path: Path, source: str, target: str) -> None:
    made = tmp_path / f"made.{target}"
    result = graphnn("convert", folder / f"net.{source}", made)
    assert result.exit_code == 0, result.output
    assert f"wrote {made}: " in result.output and " parameters" in result.output
    feed = {"x": np.random.default_rng(0).normal(size=(5, 3)).astype("float32")}
    before, after = outputs_of(folder / f"net.{source}"), outputs_of(made)
    assert list(after) == list(before) == ["logits", "p"]
    for a, b in zip(gn.interpret(before.values(), feed), gn.interpret(after.values(), feed), strict=True):
        # ONNX has operators of its own, which may round in another order.
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    if "onnx" not in (source, target):
        assert graph_to_json(after.values()) == graph_to_json(before.values())


def test_several_targets_one_output_and_no_weights(folder: Path, tmp_path: Path) -> None:
    targets = [tmp_path / "a.json", tmp_path / "a.graphml", tmp_path / "a.dot"]
    result = graphnn("convert", folder / "net.safetensors", *targets, "--of", "logits", "--no-weights")
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) == 3
    for target in targets:
        told = graphnn("convert", target, tmp_path / "b.json")
        assert told.exit_code == 1 and "is kept without its value" in told.output


def test_what_a_format_does_not_keep_is_told(tmp_path: Path) -> None:
    y = gn.exp(gn.input("x", ("batch", 2)))
    gn.io.save_model(tmp_path / "net.safetensors", {"answer": y, "again": y}, notes={"classes": ["a", "b"]})
    result = graphnn("convert", tmp_path / "net.safetensors", tmp_path / "net.json")
    assert result.exit_code == 0
    assert "note: JSON keeps no names of outputs: 'answer' is a node without a name" in result.stderr
    assert "note: JSON keeps no notes: those of the model are left out" in result.stderr
    assert list(outputs_of(tmp_path / "net.json")) == ["output", "output2"]
    result = graphnn("convert", tmp_path / "net.safetensors", tmp_path / "net.onnx")
    assert "note: ONNX keeps no notes" in result.stderr


def test_open_axes_of_onnx_are_fixed(folder: Path, tmp_path: Path) -> None:
    result = graphnn("convert", folder / "net.onnx", tmp_path / "a.json", "--size", "batch=7")
    assert result.exit_code == 0, result.output
    assert gn.io.load_graph(tmp_path / "a.json").inputs[0].shape == (7, 3)
    refused = graphnn("convert", folder / "net.json", tmp_path / "a.json", "--size", "batch=7")
    assert refused.exit_code == 2 and "--size fixes open axes of an ONNX file" in refused.output


def test_a_folder_of_a_training_is_converted(tmp_path: Path) -> None:
    lines = [f"{a},{b},{'yes' if a > b else 'no'}" for a, b in itertools.product(range(6), range(5))]
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "\n".join(lines) + "\n", "utf-8")
    words = ("--target", "kind", "--out", tmp_path / "made", "--epochs", "2", "--quiet")
    trained = graphnn("train", tmp_path / "t.csv", *words)
    assert trained.exit_code == 0, trained.output
    result = graphnn("convert", tmp_path / "made", tmp_path / "net.onnx")
    assert result.exit_code == 0, result.output
    assert gn.io.load_onnx(tmp_path / "net.onnx").inputs


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("net.onnx", "a.txt"), 1, "'a.txt' ends in .txt, known are .onnx, .json"),
        (("net.onnx", "a"), 1, "ends in nothing"),
        (("net.onnx", "a.pt"), 1, "is a pickle by its ending"),
        (("net.onnx", "absent/a.json"), 1, "there is no folder 'absent'"),
        (("absent.onnx", "a.json"), 2, "does not exist"),
        (("net.onnx",), 2, "Missing argument"),
        (("net.onnx", "a.json", "--of", "q"), 1, "there is no output 'q'; outputs: logits, p."),
        (("net.onnx", "a.json", "--size", "batch"), 2, "wanted NAME=SIZE, as time=100; found 'batch'"),
        (("net.json", "a.onnx", "--no-weights"), 2, "--no-weights: a file of ONNX always has the numbers"),
        (("net.json", "a.safetensors", "--no-weights"), 2, "a file of safetensors always has"),
        (("bad.json", "a.onnx"), 1, "bad.json: not valid JSON"),
        (("bad.onnx", "a.json"), 1, "bad.onnx"),
        (("bad.safetensors", "a.json"), 1, "bad.safetensors"),
        (("bad.graphml", "a.json"), 1, "bad.graphml: not valid XML"),
        (("bad.dot", "a.json"), 1, "bad.dot: not valid DOT"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    folder: Path, words: tuple[str, ...], code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for kind in KINDS:
        (folder / f"bad.{kind}").write_bytes(b"\x80\x04bad <")
    for path in folder.glob("bad.*"):
        if path.suffix in (".json", ".graphml", ".dot"):
            path.write_text("bad <", "utf-8")
    result = graphnn("convert", *words)
    assert result.exit_code == code and told in result.output, result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_drawn_and_summed_up(folder: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "net.svg"
    result = graphnn("draw", folder / f"net.{kind}", "-o", out, "--depth", "1")
    assert result.exit_code == 0, result.output
    assert out.read_text("utf-8").startswith("<svg") or "<svg" in out.read_text("utf-8")[:300]
    fed = graphnn("draw", folder / f"net.{kind}", "--feed", "x=[[1,2,3]]", "--of", "p", "--view", "values")
    assert fed.exit_code == 0, fed.output
    summed = graphnn("summary", folder / f"net.{kind}")
    assert summed.exit_code == 0 and "dense" in summed.output
