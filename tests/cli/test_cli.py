"""The command line trains, draws, warms up and examines, and answers mistakes with one sentence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import graphnn as gn
from commands import graphnn
from graphnn.engine import cache, kernels
from graphnn.engine.warmup import all_keys

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One short training, its folder, and what it said."""
    folder = tmp_path_factory.mktemp("out") / "new" / "folder"
    result = graphnn("train", "digits", "--hidden", "8", "--epochs", "2", "--batch", "50", "--out", folder)
    return result, folder


def test_training_digits_writes_graph_gradients_and_curve(trained) -> None:
    result, folder = trained
    assert result.exit_code == 0, result.output
    names = ["gradients.png", "gradients.svg", "graph.png", "graph.svg", "training.png"]
    assert sorted(p.name for p in folder.iterdir()) == names
    for name in names:
        data = (folder / name).read_bytes()
        assert data.startswith(PNG if name.endswith("png") else b"<"), name
        assert (
            f"wrote {folder / name}" in result.output.replace("\n", " ")
            or str(folder / name) in result.output
        )
    for word in ("matmul", "relu", "loss"):
        assert word in (folder / "graph.svg").read_text("utf-8")


def test_training_digits_tells_accuracy_size_and_time(trained) -> None:
    result, _ = trained
    assert (
        "held-out digits: " in result.output
        and "610 parameters" in result.output
        and "done in" in result.output
    )
    share = float(result.output.partition("held-out digits: ")[2].partition("%")[0])
    assert 20.0 < share <= 100.0  # two epochs of eight units; chance is 10


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train"], "Missing argument"),
        (["train", "cats"], "say which column of cats to predict: --target NAME"),
        (["train", "cats", "--target", "fur"], "there is no file 'cats'. Say 'digits' for the digits"),
        (["train", "digits", "--target", "y"], "--target is for tables"),
        (["train", "digits", "--resume"], "--resume is for tables"),
        (["train", "a.csv", "--target", "y", "--l2", "-1"], "-1.0 is not in the range"),
        (["evaluate", "missing", "a.csv"], "'missing' does not exist"),
        (["predict", "missing", "a.csv"], "'missing' does not exist"),
        (["summary", "missing.json"], "'missing.json' does not exist"),
        (["train", "digits", "--epochs", "0"], "0 is not in the range"),
        (["train", "digits", "--epochs", "many"], "'many' is not a valid integer"),
        (["train", "digits", "--hidden", "8,x"], "wanted sizes separated by commas, as 64,32; found '8,x'"),
        (["train", "digits", "--hidden", ""], "sizes are whole numbers from 1"),
        (["train", "digits", "--hidden", "0"], "sizes are whole numbers from 1"),
        (["train", "digits", "--hidden", "-3"], "sizes are whole numbers from 1"),
        (["train", "digits", "--batch", "0"], "0 is not in the range"),
        (["train", "digits", "--rate", "0"], "0.0 is not in the range"),
        (["train", "digits", "--rate", "nan"], "nan is not a number"),
        (["train", "digits", "--dropout", "nan"], "nan is not a number"),
        (["train", "digits", "--seed", "-1"], "-1 is not in the range"),
        (["train", "digits", "--colour", "red"], "No such option"),
        (["draw", "missing.json", "-o", "a.svg"], "'missing.json' does not exist"),
        (["warmup", "--processes", "0"], "0 is not in the range"),
        (["trian"], "No such command 'trian'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_sentence_and_no_traceback(words, told, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = graphnn(*words)
    assert result.exit_code != 0 and told in result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_cannot_be_written_is_told_before_training(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = graphnn("train", "digits", "--out", tmp_path / "file" / "below")
    assert result.exit_code == 1 and "cannot be written: Not a directory" in result.output
    assert "digits to learn from" not in result.output


def test_a_model_that_no_machine_holds_is_refused(tmp_path) -> None:
    result = graphnn("train", "digits", "--hidden", "100000,100000,100000", "--out", tmp_path)
    assert (
        result.exit_code == 1 and "more than this machine has. Use a smaller batch or model." in result.output
    )


@pytest.fixture
def model(tmp_path):
    x = gn.input("x", ("batch", 2))
    graph = gn.Graph(gn.tanh(x @ gn.parameter(np.ones((2, 3)), "w")).mean())
    return gn.io.save_graph(graph, tmp_path / "model.json") or tmp_path / "model.json"


@pytest.mark.parametrize("ending", ["svg", "png", "dot"])
def test_a_model_in_a_file_is_drawn_by_the_file_ending(model, tmp_path, ending) -> None:
    result = graphnn("draw", model, "-o", tmp_path / f"model.{ending}", "--direction", "TB")
    assert result.exit_code == 0, result.output
    data = (tmp_path / f"model.{ending}").read_bytes()
    assert data.startswith(PNG) if ending == "png" else b"tanh" in data
    assert "nodes" in result.output


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "model.json"), ("{", "model.json"), ("[]", ""), ('{"nodes": 3}', ""), ("\x00\xff", "")],
    ids=["empty", "cut", "a list", "no nodes", "rubbish"],
)
def test_a_model_that_cannot_be_read_is_told_in_a_sentence(tmp_path, text, told) -> None:
    (tmp_path / "model.json").write_text(text, "utf-8")
    result = graphnn("draw", tmp_path / "model.json", "-o", tmp_path / "a.svg")
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ") and told in result.output
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.parametrize("output", ["a.xyz", "noending", "missing/folder/a.svg"])
def test_a_drawing_that_cannot_be_written_is_told_in_a_sentence(model, tmp_path, output) -> None:
    result = graphnn("draw", model, "-o", tmp_path / output)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ") and len(result.output.splitlines()) <= 2


def test_doctor_tells_versions_cache_layout_and_passes_its_self_test(tmp_path, monkeypatch) -> None:
    result = graphnn("doctor")
    assert result.exit_code == 0, result.output
    told = dict(line.split(maxsplit=1) for line in result.stdout.splitlines() if line)
    assert told["graphnn"] == gn.__version__ or told["graphnn"] == "not installed"
    assert told["numpy"] == np.__version__ and str(cache.folder()) in result.output
    assert "passed" in told["self-test"] and "graphnn's own" in told["blas"] and "SVG" in told["drawing"]


def test_doctor_fails_loudly_when_the_self_test_does(monkeypatch) -> None:
    monkeypatch.setattr("graphnn.engine.warmup.self_test", lambda tell: tell("3 nodes") or 0.5)
    result = graphnn("doctor")
    assert result.exit_code == 1 and "self-test" in result.output and "FAILED" in result.output


def test_every_command_explains_itself() -> None:
    for command in ("train", "evaluate", "predict", "summary", "draw", "warmup", "doctor"):
        result = graphnn(command, "--help")
        assert result.exit_code == 0 and result.output.startswith(f"Usage: main {command}")
        assert command in graphnn("-h").output and "Example" in result.output
    assert gn.__version__ in graphnn("--version").output


def test_python_dash_m_graphnn_is_the_same_command(root) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "graphnn", "--version"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == f"graphnn, version {gn.__version__}"


# What the command `warmup` rests on; compiling all kernels takes minutes.


def test_the_list_of_kernels_is_the_same_in_every_process(root) -> None:
    code = (
        "from graphnn.engine.warmup import all_keys; from graphnn.engine.kernels import file_name; "
        "import graphnn, hashlib; print(hashlib.sha256(repr([file_name(k) for k in all_keys()]).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120,
            env={**__import__("os").environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1
    keys = all_keys()
    assert len(set(keys)) == len(keys) > 100


def test_a_warm_up_of_a_warm_cache_compiles_nothing(monkeypatch) -> None:
    monkeypatch.setattr("graphnn.engine.warmup.all_keys", lambda: [k for k in keys if k.op is gn.neg][:2])
    keys = all_keys()
    kernels.prepare([k for k in keys if k.op is gn.neg][:2], quiet=True)
    result = graphnn("warmup")
    assert result.exit_code == 0 and result.output.startswith("2 kernels ready, 0 compiled now")
