"""A CSV becomes a model that keeps its columns, scaling and report, and the same settings give the same bits."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

import graphnn as gn
from shipped_tables import BAD_TABLES, write_halves, write_rows, write_shipped

Settings = gn.tables.TableSettings
QUICK = Settings(hidden=(8,), epochs=15, rate=0.02, seed=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def iris(folder):
    """The table of iris, a model of it, and its folder."""
    file = write_shipped(folder, "iris")
    model = gn.tables.train_table(file, "target", QUICK, out=folder / "iris", progress=False)
    return file, model, folder / "iris"


def column(file, name) -> list[str]:
    with open(file, newline="", encoding="utf-8") as opened:
        return [row[name] for row in csv.DictReader(opened)]


def test_measures_of_classes_are_those_of_sklearn(iris) -> None:
    file, model, _ = iris
    truth, answers, chances = column(file, "target"), model.predict(file), model.probabilities(file)
    found = model.evaluate(file)
    assert found["rows"] == 150 and model.classes == ("setosa", "versicolor", "virginica")
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(truth, answers))
    assert found["f1"] == pytest.approx(metrics.f1_score(truth, answers, average="macro"))
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth, chances, multi_class="ovr"), abs=1e-6)
    assert found["confusion"] == metrics.confusion_matrix(truth, answers).tolist()
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-5)


def test_measures_of_numbers_are_those_of_sklearn_in_the_tables_own_units(folder) -> None:
    file = write_shipped(folder, "diabetes")
    model = gn.tables.train_table(file, "target", replace(QUICK, kind="numbers"), progress=False)
    truth, answers, found = np.array(column(file, "target"), float), model.predict(file), model.evaluate(file)
    assert found["r2"] == pytest.approx(metrics.r2_score(truth, answers), rel=1e-4) and found["r2"] > 0.4
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(truth, answers), rel=1e-4)
    assert model.report["kind"] == "numbers" and model.report["classes"] == []
    with pytest.raises(gn.DataError, match="have none"):
        model.probabilities(file)


@pytest.mark.parametrize(("name", "least"), [("iris", 0.85), ("wine", 0.85), ("breast_cancer", 0.9)])
def test_default_settings_learn_what_sklearn_ships(folder, name, least) -> None:
    model = gn.tables.train_table(write_shipped(folder, name), "target", progress=False)
    held_out = model.report["held out"]
    assert held_out["accuracy"] > least and held_out["auc"] > 0.95
    assert sum(model.report["rows"].values()) == len(column(folder / f"{name}.csv", "target"))


def test_the_folder_has_model_report_and_settings_and_no_checkpoint(iris) -> None:
    _, model, out = iris
    assert sorted(p.name for p in out.iterdir()) == ["model.safetensors", "report.json", "settings.toml"]
    assert json.loads((out / "report.json").read_text()) == model.report
    assert Settings.from_toml(out / "settings.toml") == QUICK
    assert model.report["settings"] == QUICK.as_dict() and model.report["epochs"] == len(model.history) == 15


def test_a_model_from_its_file_answers_with_the_same_bits(iris) -> None:
    file, model, out = iris
    again = gn.tables.TableModel.load(out / "model.safetensors")
    assert again.probabilities(file).tobytes() == model.probabilities(file).tobytes()
    assert again.evaluate(file) == model.evaluate(file) and again.report == model.report
    assert again.columns == model.columns and len(again.graph) == len(model.graph)
    assert repr(again) == "<TableModel: 'target' (3 classes) from 4 features>"


def test_scaling_is_in_the_graph_and_learned_from_the_training_rows_only(iris) -> None:
    file, model, _ = iris
    data = model.columns.read(file)
    train, _, _ = gn.data.split3(data, QUICK.validation, QUICK.test, seed=QUICK.seed)
    constants = [n.value for n in model.graph.nodes if n.role == "constant" and n.shape == (4,)]
    wanted = gn.data.standardize(train)
    assert any(np.array_equal(c, wanted.offset) for c in constants)
    assert any(np.array_equal(c, wanted.scale) for c in constants)


@pytest.mark.parametrize("change", [
    {"ensemble": 2}, {"dropout": 0.2, "batch_norm": True}, {"scaling": "none"}, {"scaling": "normalize"},
    {"hidden": ()},
    {"l1": 0.001, "l2": 0.01}, {"label_smoothing": 0.1}, {"patience": 0}, {"activation": "gelu"}, {"optimizer": "sgd"},
    {"schedule": "one_cycle"}, {"schedule": "warmup_cosine"}, {"schedule": "cosine"}, {"optimizer": "lion"},
], ids=str)  # fmt: skip
def test_every_setting_trains_and_gives_the_same_bits_twice(folder, change) -> None:
    file = write_halves(folder)
    settings = replace(QUICK, epochs=8, **change)
    first, second = (gn.tables.train_table(file, "larger", settings, progress=False) for _ in range(2))
    assert first.probabilities(file).tobytes() == second.probabilities(file).tobytes()
    other = gn.tables.train_table(file, "larger", replace(settings, seed=4), progress=False)
    assert first.probabilities(file).tobytes() != other.probabilities(file).tobytes()


def test_words_and_missing_cells_become_features(folder) -> None:
    rng = np.random.default_rng(1)
    rows = [[c, "" if k % 9 == 0 else k, "yes" if c == "red" else "no"]
            for k, c in enumerate(rng.choice(["red", "blue", "green"], 90))]  # fmt: skip
    file = write_rows(folder / "words.csv", ["colour", "number", "answer"], rows)
    with pytest.raises(gn.DataError, match="'number'"):
        gn.tables.train_table(file, "answer", QUICK, progress=False)
    model = gn.tables.train_table(file, "answer", replace(QUICK, missing="mean", epochs=40), progress=False)
    assert model.report["features"] == ["colour=blue", "colour=green", "colour=red", "number"]
    assert model.evaluate(file)["accuracy"] > 0.95
    assert model.predict({"colour": ["red", "blue"], "number": [1, 2]}).tolist() == ["yes", "no"]
    with pytest.raises(gn.DataError, match="'purple'"):
        model.predict({"colour": ["purple"], "number": [1]})
    dropped = gn.tables.train_table(file, "answer", replace(QUICK, drop=("number",)), progress=False)
    assert dropped.columns.names == ("colour=blue", "colour=green", "colour=red")


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_learned_from_is_told_in_a_sentence(tmp_path, name) -> None:
    content, target, told = BAD_TABLES[name]
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(gn.DataError) as caught:
        gn.tables.train_table(file, target, QUICK, out=tmp_path / "out", progress=False)
    assert told in str(caught.value) and "bad.csv" in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_table_that_does_not_fit_the_model_is_told_in_a_sentence(folder, tmp_path) -> None:
    file = write_halves(folder)
    model = gn.tables.train_table(file, "larger", QUICK, progress=False)
    for rows, names, told in [
        ([[1, 2, "c"]], ["a", "b", "larger"], "the label 'c' was not in the training data"),
        ([[1, "a"]], ["a", "larger"], "no column 'b'"),
        ([[1, 2]], ["a", "b"], "no column 'larger'"),
        ([["x", 2, "a"]], ["a", "b", "larger"], "'x'"),
        ([["nan", 2, "a"]], ["a", "b", "larger"], "'a'"),
    ]:
        bad = write_rows(tmp_path / "other.csv", names, rows)
        with pytest.raises(gn.DataError, match=told):
            model.evaluate(bad)
    one = write_rows(tmp_path / "one.csv", ["a", "b", "larger"], [[1, 2, "b"]])
    assert model.evaluate(one)["auc"] is None  # one row of one class: no area to speak of


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hiden = [3]", "Did you mean 'hidden'"), ("hidden = 3", r"\[64, 32\]"), ("hidden = [0]", "at least 1"),
        ("hidden = ['a']", "whole number"), ("epochs = 0", "at least 1"), ("epochs = true", "at least 1"),
        ("rate = 0", "positive"), ("rate = 'fast'", "positive"), ("rate = nan", "positive"),
        ("dropout = 1.0", "below 1"), ("optimizer = 'adm'", "Did you mean 'adam'"), ("batch_norm = 1", "true or false"),
        ("schedule = 'x'", "Known: constant"), ("validation = 0.6\ntest = 0.6", "no rows"),
        ("test = 0", "between 0 and"),
        ("drop = 'a'", "list of names"), ("drop = [1]", "list of names"), ("seed = -1", "seed"),
        ("activation = 'rellu'", "Did you mean 'relu'"), ("kind = 'words'", "Known: auto"),
        ("[table]\nx = 1", "'table'"), ("l2 = -1", "0 or more"), ("epochs = 10000000", "at most"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_told_with_the_files_name(tmp_path, text, told) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(gn.SettingError, match=told) as caught:
        Settings.from_toml(tmp_path / "mine.toml")
    assert "mine.toml" in str(caught.value)


@pytest.mark.parametrize("content", [b"a = ", b"\xff\xfe", b"a" * (1 << 21), b"=" * 100, None])
def test_files_that_hold_no_settings_are_told(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(gn.DataError, match=r"mine\.toml"):
        Settings.from_toml(tmp_path / "mine.toml")


def test_settings_survive_their_toml(tmp_path) -> None:
    odd = Settings(
        hidden=(), drop=('a "b"\\\n\x7f', "ünï", "\t"), rate=1e-7, batch_norm=True, l1=1e-30, seed=2**62
    )
    (tmp_path / "odd.toml").write_text(odd.as_toml(), encoding="utf-8")
    assert Settings.from_toml(tmp_path / "odd.toml") == odd


def test_files_that_hold_no_table_model_are_told(tmp_path, iris) -> None:
    load = gn.tables.TableModel.load
    gn.io.save_model(tmp_path / "other.safetensors", gn.nn.Dense(2)(gn.input("x", ("batch", 3))))
    with pytest.raises(gn.DataError, match="not of a table"):
        load(tmp_path / "other.safetensors")
    good = (iris[2] / "model.safetensors").read_bytes()
    for name, content in {"cut": good[: len(good) // 2], "empty": b"", "text": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(gn.DataError, match=name):
            load(tmp_path / name)
    with pytest.raises(gn.DataError, match="absent"):
        load(tmp_path / "absent")
    for change in ({"columns": None}, {"version": 2}, {"report": 3}, {"columns": {}}):
        kept = gn.io.load_model(iris[2] / "model.safetensors")
        gn.io.save_model(
            tmp_path / "changed", {"answer": kept.outputs["answer"]}, notes={**kept.notes, **change}
        )
        with pytest.raises(gn.DataError):
            load(tmp_path / "changed")


def test_resuming_without_a_folder_and_settings_of_another_kind_are_refused(iris) -> None:
    with pytest.raises(gn.SettingError, match="say out="):
        gn.tables.train_table(iris[0], "target", resume=True)
    with pytest.raises(gn.SettingError, match="TableSettings"):
        gn.tables.train_table(iris[0], "target", {"epochs": 3})


def test_a_run_that_ended_before_its_files_were_written_is_finished_by_resuming(
    folder, tmp_path, monkeypatch
) -> None:
    file = write_halves(folder)
    settings = replace(QUICK, epochs=100, rate=0.1, patience=5)
    whole = gn.tables.train_table(file, "larger", settings, progress=False)
    assert whole.report["epochs"] < 100

    def interrupted(self, path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gn.tables.TableModel, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gn.tables.train_table(file, "larger", settings, out=tmp_path, progress=False)
    assert not (tmp_path / "model.safetensors").exists()
    again = gn.tables.train_table(file, "larger", settings, out=tmp_path, progress=False, resume=True)
    assert again.probabilities(file).tobytes() == whole.probabilities(file).tobytes()
    assert again.report == whole.report


def test_an_interrupted_run_that_is_gone_on_with_gives_the_same_bits(folder, tmp_path, root) -> None:
    """Ctrl-C at some moment after the first epoch, through the command line, which says how to go on."""
    file = write_halves(folder, 400)
    settings = Settings(hidden=(64, 64), epochs=150, patience=0, seed=2)
    whole = gn.tables.train_table(file, "larger", settings, progress=False)
    (tmp_path / "s.toml").write_text(settings.as_toml())
    out = tmp_path / "out"
    words = [
        sys.executable,
        "-m",
        "graphnn",
        "train",
        str(file),
        "--target",
        "larger",
        "--out",
        str(out),
        "--quiet",
    ]
    running = subprocess.Popen(
        [*words, "--settings", str(tmp_path / "s.toml")], cwd=root, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while (
        not (out / "checkpoint.safetensors").exists() and time.monotonic() < until and running.poll() is None
    ):
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 1 and "Traceback" not in told
    assert told.startswith("Error: interrupted") and f"--target larger --out {out} --resume" in told.replace(
        "\n", " "
    )
    assert sorted(p.name for p in out.iterdir()) == ["checkpoint.safetensors", "settings.toml"]
    done = subprocess.run(
        [*words, "--resume"], cwd=root, capture_output=True, text=True, check=True, timeout=120
    )
    assert "150 epochs; all epochs were run" in done.stdout
    again = gn.tables.TableModel.load(out / "model.safetensors")
    assert again.probabilities(file).tobytes() == whole.probabilities(file).tobytes()
    assert not (out / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("policy", ["mean", "median", "most"])
def test_what_stands_for_a_missing_cell_is_learned_from_the_training_rows_only(folder, policy) -> None:
    rng = np.random.default_rng(2)
    rows = [["" if k % 7 == 0 else k, "" if k % 5 == 0 else str(rng.choice(["u", "v"])), "no" if k < 30 else "yes"]
            for k in range(60)]  # fmt: skip
    settings = replace(QUICK, missing=policy, epochs=2)
    y = np.array([row[2] == "yes" for row in rows], np.int64)
    every_row = gn.data.Dataset(np.arange(60.0)[:, None], y)
    train, _, test = gn.data.split3(every_row, settings.validation, settings.test, seed=settings.seed)
    changed = [list(row) for row in rows]
    for k in test.x[:, 0].astype(int):
        changed[k][:2] = [1e6, "v"]
    models = [
        gn.tables.train_table(
            write_rows(folder / f"{policy}{n}.csv", ["size", "kind", "y"], table),
            "y",
            settings,
            progress=False,
        )
        for n, table in enumerate((rows, changed))
    ]
    size, kind = models[0].columns.features
    known = [rows[k] for k in train.x[:, 0].astype(int)]
    sizes = [float(row[0]) for row in known if row[0] != ""]
    wanted = {"mean": np.mean(sizes), "median": np.median(sizes), "most": min(sizes)}
    assert size.fill == pytest.approx(wanted[policy])
    words = [row[1] for row in known]
    assert kind.fill == max(("u", "v"), key=words.count)
    assert [c.fill for c in models[1].columns.features] == [size.fill, kind.fill]
    for one, other in zip(*(m.graph.parameters for m in models), strict=True):
        assert one.value.tobytes() == other.value.tobytes()


def test_a_column_without_a_value_in_the_training_rows_is_told() -> None:
    table = {"a": [1, None, None], "y": ["u", "v", "u"]}
    with pytest.raises(
        gn.DataError, match=r"'a' has no value in any of the 2 rows that missing cells are filled"
    ):
        gn.data.Columns.learn(table, target="y", missing="mean", fill_rows=[1, 2])
    with pytest.raises(gn.SettingError, match=r"fill_rows are numbers from 0 to 2"):
        gn.data.Columns.learn(table, target="y", missing="mean", fill_rows=[3])
