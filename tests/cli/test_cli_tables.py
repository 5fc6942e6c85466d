"""The command line turns a table into a model, measures it, and predicts; each mistake gets one sentence."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import Result

import graphnn as gn
from commands import graphnn
from shipped_tables import BAD_TABLES, write_halves, write_rows, write_shipped

QUICK = ("--hidden", "8", "--epochs", "12", "--rate", "0.02", "--quiet", "--seed", "3")


def told(result: Result, code: int = 1) -> str:
    """The one sentence of a failed command."""
    assert result.exit_code == code and isinstance(result.exception, SystemExit), result.output
    assert "Traceback" not in result.output
    lines = [line for line in result.stderr.splitlines() if line]
    if code == 1:
        assert len(lines) == 1, result.stderr
    assert lines[-1].startswith("Error: ")
    return lines[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="module")
def iris(folder):
    """The table, the folder of its model, and what the training said."""
    file = write_shipped(folder, "iris")
    return (
        file,
        folder / "model",
        graphnn("train", file, "--target", "target", *QUICK, "--out", folder / "model"),
    )


def test_training_writes_four_files_and_prints_the_measures_of_held_out_rows(iris) -> None:
    _, out, result = iris
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in out.iterdir()) == [
        "model.safetensors", "report.json", "settings.toml", "training.png"]  # fmt: skip
    assert (out / "training.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads((out / "report.json").read_text())
    assert f"accuracy: {report['held out']['accuracy']:.2%}" in result.stdout
    assert "rows: 96 train, 24 validation, 30 test; 4 features; 67 parameters" in result.stdout
    assert "versicolor" in result.stdout and "done in" in result.stdout and result.stderr == ""


def test_the_same_run_from_python_gives_the_same_bits(iris) -> None:
    file, out, _ = iris
    settings = gn.tables.TableSettings(hidden=(8,), epochs=12, rate=0.02, seed=3)
    assert gn.tables.TableSettings.from_toml(out / "settings.toml") == settings
    model = gn.tables.train_table(file, "target", settings, progress=False)
    kept = gn.tables.TableModel.load(out / "model.safetensors")
    assert kept.probabilities(file).tobytes() == model.probabilities(file).tobytes()


def test_options_go_before_the_file_of_settings(iris, tmp_path) -> None:
    file, out, _ = iris
    given = ["--epochs", 3, "--l1", 0.001, "--optimizer", "adamw", "--patience", 0, "--batch", 16, "--quiet"]
    result = graphnn(
        "train",
        file,
        "--target",
        "target",
        "--settings",
        out / "settings.toml",
        *given,
        "--out",
        tmp_path / "b",
    )
    assert result.exit_code == 0, result.output
    used = gn.tables.TableSettings.from_toml(tmp_path / "b" / "settings.toml")
    assert (used.hidden, used.epochs, used.rate, used.l1, used.optimizer, used.patience, used.batch) == (
        (8,), 3, 0.02, 0.001, "adamw", 0, 16)  # fmt: skip


def test_evaluating_prints_what_python_measures(iris) -> None:
    file, out, _ = iris
    wanted = gn.tables.TableModel.load(out / "model.safetensors").evaluate(file)
    assert json.loads(graphnn("evaluate", out, file, "--json").stdout) == wanted
    words = graphnn("evaluate", out / "model.safetensors", file)
    assert f"accuracy: {wanted['accuracy']:.2%}" in words.stdout and "rows of iris.csv: 150" in words.stdout


def test_predicting_writes_a_csv_to_a_file_or_to_standard_output(iris, tmp_path) -> None:
    file, out, _ = iris
    model = gn.tables.TableModel.load(out / "model.safetensors")
    rows = list(csv.DictReader(io.StringIO(graphnn("predict", out, file).stdout)))
    assert [row["target"] for row in rows] == model.predict(file).tolist()
    result = graphnn("predict", out, file, "--probabilities", "-o", tmp_path / "answers.csv")
    assert result.exit_code == 0 and result.stdout == "" and "150 rows" in result.stderr
    with open(tmp_path / "answers.csv", newline="") as opened:
        rows = list(csv.DictReader(opened))
    found = [[float(row[f"probability of {word}"]) for word in model.classes] for row in rows]
    np.testing.assert_allclose(found, model.probabilities(file), rtol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["answers.csv"]


def test_a_reader_that_stops_early_hears_no_complaint(iris, folder, root) -> None:
    many = write_rows(folder / "many.csv", ["sepal length (cm)", "sepal width (cm)", "petal length (cm)",
                                            "petal width (cm)"], [[5, 3, 1, 0.2]] * 40_000)  # fmt: skip
    run = [sys.executable, "-m", "graphnn", "predict", str(iris[1]), str(many)]
    running = subprocess.Popen(run, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "target\n"
    running.stdout.close()
    assert running.stderr.read() == ""
    running.stderr.close()
    running.wait(timeout=60)


def test_summary_and_drawing_take_a_folder_a_model_and_a_graph(iris, tmp_path) -> None:
    _, out, _ = iris
    model = gn.tables.TableModel.load(out / "model.safetensors")
    gn.io.save_graph(model.graph, tmp_path / "graph.json")
    for path in (out, out / "model.safetensors", tmp_path / "graph.json"):
        result = graphnn("summary", path)
        assert result.exit_code == 0 and "net/dense1" in result.stdout and "67" in result.stdout, (
            result.output
        )
        result = graphnn("draw", path, "-o", tmp_path / "a.svg")
        assert result.exit_code == 0 and "relu" in (tmp_path / "a.svg").read_text("utf-8")
    assert graphnn("summary", out, "--depth", "2").exit_code == 0


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_learned_from_gets_one_sentence_and_no_files(tmp_path, name) -> None:
    content, target, words = BAD_TABLES[name]
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    sentence = told(graphnn("train", file, "--target", target, "--out", tmp_path / "out", "--quiet"))
    assert words in sentence and "bad.csv" in sentence
    assert [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("names", "rows", "words"),
    [
        (["a", "b", "larger"], [[1, 2, "c"]], "the label 'c' was not in the training data"),
        (["a", "larger"], [[1, "a"]], "no column 'b'"),
        (["a", "b"], [[1, 2]], "no column 'larger'"),
        (["a", "b", "larger"], [["x", 2, "a"]], "'x'"),
        (["a", "b", "larger"], [["", 2, "a"]], "'a'"),
        (["a", "b", "larger"], [[1, 2]], "2 cells"),
        (["a", "b", "larger"], [], "row"),
    ],
)
def test_a_table_that_does_not_fit_the_model_gets_one_sentence(folder, tmp_path, names, rows, words) -> None:
    model = folder / "halves"
    if not model.exists():
        assert (
            graphnn("train", write_halves(folder), "--target", "larger", *QUICK, "--out", model).exit_code
            == 0
        )
    bad = write_rows(tmp_path / "other.csv", names, rows)
    assert words in told(graphnn("evaluate", model, bad))
    if "label" not in words and "larger" not in words:
        assert words in told(graphnn("predict", model, bad, "-o", tmp_path / "answers.csv"))
        assert not (tmp_path / "answers.csv").exists()


def test_damaged_models_settings_and_folders_get_one_sentence(iris, folder, tmp_path) -> None:
    file, out, _ = iris
    broken = tmp_path / "broken"
    shutil.copytree(out, broken)
    content = (broken / "model.safetensors").read_bytes()
    for damaged in (b"", content[:100], content[:-1], b"\xff" * 200):
        (broken / "model.safetensors").write_bytes(damaged)
        for command in (["evaluate", broken, file], ["predict", broken, file], ["summary", broken],
                        ["draw", broken, "-o", tmp_path / "a.svg"]):  # fmt: skip
            assert "model.safetensors" in told(graphnn(*command))
    (tmp_path / "empty").mkdir()
    assert "model.safetensors" in told(graphnn("evaluate", tmp_path / "empty", file))
    (tmp_path / "bad.toml").write_text("hiden = [3]")
    train = ["train", file, "--target", "target", "--out", tmp_path / "new", "--quiet"]
    assert "Did you mean 'hidden'?" in told(graphnn(*train, "--settings", tmp_path / "bad.toml"))
    assert "Did you mean 'adam'?" in told(graphnn(*train, "--optimizer", "adm"))
    assert "absent.toml" in told(graphnn(*train, "--settings", tmp_path / "absent.toml"))
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in told(graphnn(*train[:4], "--out", tmp_path / "file" / "below", "--quiet"))
    assert "cannot be written" in told(graphnn("predict", out, file, "-o", tmp_path / "no" / "where.csv"))
    assert "have none" in told(graphnn("predict", _numbers(folder), file, "--probabilities"))


def _numbers(folder):
    """A model of numbers over the columns of iris."""
    file = write_shipped(folder, "iris")
    with open(file, newline="") as opened:
        rows = list(csv.reader(opened))
    made = write_rows(folder / "lengths.csv", rows[0][:4], [row[:4] for row in rows[1:]])
    out = folder / "lengths"
    result = graphnn("train", made, "--target", "petal length (cm)", *QUICK, "--out", out)
    assert result.exit_code == 0 and "r2: " in result.stdout and "mae: " in result.stdout, result.output
    return out


def test_resuming_on_other_data_or_settings_is_refused(iris, tmp_path, monkeypatch) -> None:
    file, _, _ = iris
    out = tmp_path / "out"
    train = ["train", file, "--target", "target", *QUICK, "--out", out]

    seen = []

    def interrupted(self, trainer, row):
        seen.append(row)
        row["epochs since best"] = 0.0
        if len(seen) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gn.train.EarlyStopping, "epoch", interrupted)
        assert f"Go on with: graphnn train {file} --target target --out {out} --resume" in told(
            graphnn(*train)
        )
    assert sorted(p.name for p in out.iterdir()) == ["checkpoint.safetensors", "settings.toml"]
    before = (out / "checkpoint.safetensors").read_bytes()
    assert "checkpoint.safetensors belongs to another training" in told(
        graphnn(*train, "--resume", "--hidden", "9")
    )
    halves = write_halves(tmp_path)
    assert told(graphnn("train", halves, "--target", "larger", *QUICK, "--out", out, "--resume"))
    assert (out / "checkpoint.safetensors").read_bytes() == before


def test_missing_cells_columns_to_drop_and_the_kind_of_target_are_options(tmp_path) -> None:
    rows = [[k % 7, "" if k % 6 == 0 else k, f"street {k}", k % 3] for k in range(60)]
    file = write_rows(tmp_path / "houses.csv", ["rooms", "size", "address", "price"], rows)
    out = tmp_path / "out"
    train = ["train", file, "--target", "price", *QUICK, "--out", out]
    assert "'size' has no value in row 1" in told(graphnn(*train))
    result = graphnn(
        *train, "--missing", "median", "--drop", "address", "--drop", "rooms", "--kind", "numbers"
    )
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text())
    assert (report["features"], report["kind"]) == (["size"], "numbers")
    assert report["settings"]["missing"] == "median" and report["settings"]["drop"] == ["address", "rooms"]
    assert "--missing is for tables" in graphnn("train", "digits", "--missing", "mean").output
