"""`graphnn draw`, `graphnn quiz` and `graphnn explain`: pictures and words about a model in a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
import viz
from commands import graphnn

ENDINGS = ["svg", "png", "pdf", "tex", "html", "dot", "mmd", "json", "md", "csv", "txt"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scalar graph, a classifier, and rows for it in every kind of file."""
    made = tmp_path_factory.mktemp("models")
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    gn.io.save_graph(gn.Graph((a * b + a).named("L")), made / "scalar.json")
    x, y = gn.input("x", ("batch", 3)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)(x).named("logits")
    loss = gn.softmax_cross_entropy(logits, y).named("loss")
    gn.io.save_graph(gn.Graph(loss), made / "net.json")
    gn.io.save_model(made / "net.safetensors", {"output": logits, "loss": loss})
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(9, 3)), rng.integers(0, 2, 9)
    np.savez(made / "rows.npz", x=rows, y=labels)
    np.save(made / "x.npy", rows)
    lines = [
        f"{','.join(map(str, row))},{'yes' if label else 'no'}"
        for row, label in zip(rows, labels, strict=True)
    ]
    (made / "rows.csv").write_text("p,q,r,kind\n" + "\n".join(lines) + "\n", "utf-8")
    (made / "features.csv").write_text(
        "p,q,r\n" + "\n".join(line.rsplit(",", 1)[0] for line in lines), "utf-8"
    )
    return made


def test_without_a_file_the_tree_is_printed(folder: Path) -> None:
    result = graphnn("draw", folder / "net.json")
    graph = gn.io.load_graph(folder / "net.json")
    assert result.exit_code == 0 and result.output == viz.draw(graph).text


def test_scalars_are_drawn_with_their_numbers(folder: Path) -> None:
    result = graphnn("draw", folder / "scalar.json")
    assert "gradient −2" in result.output and "value −4" in result.output


def test_several_files_come_from_one_layout(folder: Path, tmp_path: Path) -> None:
    names = [tmp_path / f"net.{ending}" for ending in ENDINGS]
    result = graphnn("draw", folder / "scalar.json", *[word for name in names for word in ("-o", name)])
    assert result.exit_code == 0, result.output
    assert all(f"wrote {name}: 4 nodes" in result.output for name in names)
    graph = gn.io.load_graph(folder / "scalar.json")
    assert (tmp_path / "net.svg").read_text("utf-8") == viz.draw(gn.trace(graph.outputs)).svg


@pytest.mark.parametrize("model", ["net.json", "net.safetensors"])
@pytest.mark.parametrize(
    "fed", [["--data", "rows.csv", "--target", "kind"], ["--data", "rows.npz"],
            ["--feed", "x=x.npy", "--feed", "y=0,1,1,0,1,1,0,0,1"]],
    ids=["csv", "npz", "feeds"],
)  # fmt: skip
def test_gradients_of_rows_from_a_file(folder: Path, model: str, fed: list[str], monkeypatch) -> None:
    monkeypatch.chdir(folder)
    result = graphnn("draw", model, *fed, "--view", "gradients+health")
    assert result.exit_code == 0, result.output
    assert "gradient" in result.output and "[loss]" in result.output


def test_csv_and_npz_of_the_same_rows_give_the_same_picture(folder: Path) -> None:
    by_csv = graphnn(
        "draw", folder / "net.json", "--data", folder / "rows.csv", "--target", "kind", "--rows", "5"
    )
    arrays = np.load(folder / "rows.npz")
    graph = gn.io.load_graph(folder / "net.json")
    x, y = arrays["x"][:5], arrays["y"][:5]
    assert by_csv.output == viz.draw(gn.trace(graph.outputs, {"x": x, "y": y})).text


def test_an_output_is_chosen_and_columns_feed_it(folder: Path) -> None:
    result = graphnn(
        "draw",
        folder / "net.safetensors",
        "--of",
        "output",
        "--data",
        folder / "features.csv",
        "--view",
        "values",
    )
    assert result.exit_code == 0, result.output
    assert result.output.startswith("logits") and "value" in result.output


def test_folding_focus_and_looks_reach_the_drawing(folder: Path, tmp_path: Path) -> None:
    model = folder / "net.json"
    assert "(fold)" in graphnn("draw", model, "--depth", "1").output
    assert "(fold)" in graphnn("draw", model, "--fold", "dense1").output
    assert "broadcast_to" not in graphnn("draw", model, "--hide", "broadcasts").output
    focused = graphnn("draw", model, "--focus", "logits", "--reach", "1").output
    assert "logits" in focused and "relu" not in focused
    assert graphnn("draw", model, "--title", "A net").output.startswith("A net\n")
    out = tmp_path / "a.svg"
    words = ["--theme", "dark", "--slide", "16:9", "--direction", "TB", "--view", "structure", "--depth", "1"]
    result = graphnn("draw", model, "-o", out, *words)
    assert result.exit_code == 0 and 'width="1280" height="720"' in out.read_text("utf-8")
    assert viz.DARK.page in out.read_text("utf-8")


def test_paths_start_at_the_node_that_is_said(folder: Path) -> None:
    result = graphnn("draw", folder / "scalar.json", "--view", "paths", "--to", "a")
    assert result.exit_code == 0 and "paths start here" in result.output


def test_views_and_formats_are_listed(folder: Path) -> None:
    result = graphnn("draw", "--list-views")
    assert result.exit_code == 0
    assert [line.split("  ")[0] for line in result.output.splitlines()] == list(viz.VIEWS)
    assert graphnn("draw", "--format", "list").output.split() == ENDINGS


def test_a_format_can_be_printed(folder: Path) -> None:
    graph = gn.io.load_graph(folder / "net.json")
    assert graphnn("draw", folder / "net.json", "--format", "mmd").output == viz.draw(graph).mermaid
    assert graphnn("draw", folder / "net.json", "--format", "png").stdout_bytes.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--view", "gradient"], 2, "there is no view 'gradient'. Views: structure, shapes"),
        (["--format", "gif"], 2, "there is no format 'gif'"),
        (["--theme", "neon"], 2, "'neon' is not one of"),
        (["--depth", "0"], 2, "0 is not in the range"),
        (["--target", "kind"], 2, "--target is a column of --data"),
        (["--feed", "x"], 2, "--feed is NAME=NUMBERS or NAME=FILE, found 'x'"),
        (["--feed", "x=one"], 2, "wanted numbers (1,2.5), lists ([[1, 2], [3, 4]]) or a .npy file, found 'one'"),
        (["-o", "a.xyz"], 1, "'a.xyz' ends in .xyz, known are .svg"),
        (["-o", "none/a.svg"], 1, "there is no folder 'none'"),
        (["--focus", "w9"], 1, "focus='w9' is not in this picture. It shows: x"),
        (["--fold", "w9"], 1, "fold='w9' is no scope of this graph. Its scopes: net"),
        (["--hide", "wires"], 1, "hide knows constants"),
        (["--of", "w9"], 1, "no node is called 'w9'"),
        (["--slide", "1:1"], 1, "slide is one of '16:9'"),
        (["--view", "values"], 1, "the view 'values' shows numbers. Feed the model: --feed x=rows.npy --feed y=r"),
        (["--feed", "z=1"], 1, "--feed z: the model has no such input. Its inputs: 'x', 'y'"),
        (["--feed", "x=missing.npy"], 1, "'missing.npy' cannot be read"),
        (["--feed", "x=1,2,3"], 1, "'y' is not fed. Give it by --feed y=rows.npy"),
        (["--feed", "x=1,2", "--feed", "y=0"], 1, "axis 1 is 2, wanted 3"),
        (["--data", "rows.csv"], 1, "rows.csv: the columns p, q, r, kind do not say which feeds which input ('x', "),
        (["--data", "rows.csv", "--feed", "y=0"], 1, "do not say which feeds which input"),
        (["--data", "rows.csv", "--target", "colour"], 1, "colour"),
        (["--data", "x.npy"], 2, "--data is a .csv or .npz file, found 'x.npy'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_gets_one_sentence(
    folder: Path, words: list[str], code: int, told: str, monkeypatch
) -> None:
    monkeypatch.chdir(folder)
    result = graphnn("draw", "net.json", *words)
    assert result.exit_code == code, result.output
    assert told in result.output and isinstance(result.exception, SystemExit)
    assert len([line for line in result.output.splitlines() if line.startswith("Error")]) == 1


def test_a_view_of_gradients_of_no_loss_is_told(folder: Path) -> None:
    result = graphnn(
        "draw",
        folder / "net.safetensors",
        "--of",
        "output",
        "--data",
        folder / "features.csv",
        "--view",
        "gradients",
    )
    assert result.exit_code == 1 and "one float to start from" in result.output and "loss" in result.output


def test_text_that_gets_too_small_is_a_note(folder: Path, tmp_path: Path) -> None:
    result = graphnn("draw", folder / "net.json", "-o", tmp_path / "a.svg", "--width", "200")
    assert result.exit_code == 0 and "note: to fit width=200 the text shrinks" in result.output


def test_a_table_is_drawn_with_its_own_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = [f"{a:.3f},{b:.3f},{'big' if a + b > 0 else 'small'}" for a, b in rng.normal(size=(60, 2))]
    (tmp_path / "t.csv").write_text("u,v,kind\n" + "\n".join(rows) + "\n", "utf-8")
    settings = gn.tables.TableSettings(epochs=2, hidden=[3])
    gn.tables.train_table(tmp_path / "t.csv", "kind", settings, out=tmp_path / "model", progress=False)
    result = graphnn("draw", tmp_path / "model", "--data", tmp_path / "t.csv", "--view", "gradients")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("loss = ") and "gradient" in result.output
    (tmp_path / "u.csv").write_text("u,v\n1,2\n3,4\n", "utf-8")
    result = graphnn("draw", tmp_path / "model", "--data", tmp_path / "u.csv", "--view", "values")
    assert result.exit_code == 0 and "value" in result.output, result.output


# Quizzes


def test_a_quiz_is_written_with_its_key(folder: Path, tmp_path: Path) -> None:
    sheet, key = tmp_path / "sheet.pdf", tmp_path / "key.pdf"
    result = graphnn("quiz", folder / "scalar.json", "--seed", "3", "-o", sheet, "--key", key)
    assert result.exit_code == 0, result.output
    assert sheet.read_bytes().startswith(b"%PDF") and key.read_bytes().startswith(b"%PDF")
    assert "seed 3" in result.output


def test_the_same_seed_is_the_same_quiz(folder: Path, tmp_path: Path) -> None:
    run = gn.trace(gn.io.load_graph(folder / "scalar.json").outputs)
    for name in ("one.svg", "two.svg"):
        graphnn("quiz", folder / "scalar.json", "--seed", "5", "--blanks", "3", "-o", tmp_path / name)
    assert (tmp_path / "one.svg").read_text("utf-8") == (tmp_path / "two.svg").read_text("utf-8")
    assert (tmp_path / "one.svg").read_text("utf-8") == viz.quiz(run, seed=5, blanks=3).sheet.svg


def test_many_sheets_are_numbered(folder: Path, tmp_path: Path) -> None:
    words = ["--count", "3", "--new-numbers", "-o", tmp_path / "s-{}.svg", "--key", tmp_path / "k-{}.svg"]
    result = graphnn("quiz", folder / "scalar.json", *words)
    assert result.exit_code == 0, result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"{c}-{k}.svg" for c in "ks" for k in (1, 2, 3)]
    assert len({p.read_text("utf-8") for p in tmp_path.glob("s-*")}) == 3


def test_without_a_file_the_questions_are_printed(folder: Path) -> None:
    result = graphnn("quiz", folder / "scalar.json", "--ask", "gradients", "--blanks", "a,b")
    assert "(1) the gradient of" in result.output and "dL/da = ______" in result.output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["scalar.json", "--count", "2", "-o", "a.svg"], 2, "put {} where the number goes"),
        (["scalar.json", "--new-numbers"], 2, "--new-numbers goes with --count"),
        (["scalar.json", "--ask", "slopes"], 1, "hide knows values"),
        (["scalar.json", "--blanks", "q"], 1, "no node is called 'q'"),
        (["scalar.json", "-o", "a.xyz"], 1, "known are .svg"),
        (["net.json"], 1, "a quiz needs numbers. Feed the model: --feed x=rows.npy --feed y=rows.npy"),
    ],
)
def test_a_quiz_that_cannot_be_is_told(
    folder: Path, words: list[str], code: int, told: str, monkeypatch
) -> None:
    monkeypatch.chdir(folder)
    result = graphnn("quiz", *words)
    assert result.exit_code == code and told in result.output
    assert isinstance(result.exception, SystemExit)


# Wrong ways


def test_a_wrong_way_is_drawn_on_a_model_or_an_example(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.svg"
    result = graphnn("wrong-way", "overwrite", folder / "scalar.json", "-o", out, "--theme", "print")
    assert result.exit_code == 0 and f"wrote {out}" in result.output, result.output
    run = gn.trace(gn.io.load_graph(folder / "scalar.json").outputs)
    assert out.read_text("utf-8") == viz.wrong_way("overwrite", run, theme="print").svg
    said = graphnn("wrong-way", "no zeroing").output
    assert "[loss, wrong]" in said and "should be −2" in said and "Wrong gradients: a and b." in said


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["forwards"], 1, "there is no 'forwards'. Wrong ways: depth-first"),
        (["depth-first", "scalar.json"], 1, "gives the right numbers here: no op's result is used twice"),
        (["overwrite", "--feed", "x=1"], 2, "without MODEL there is nothing to feed"),
        (["overwrite", "net.json"], 1, "a backward pass needs numbers"),
    ],
)
def test_a_wrong_way_that_cannot_be_is_told(
    folder: Path, words: list[str], code: int, told: str, monkeypatch
) -> None:
    monkeypatch.chdir(folder)
    result = graphnn("wrong-way", *words)
    assert result.exit_code == code and told in result.output


# Explanations


def test_a_gradient_is_explained(folder: Path) -> None:
    result = graphnn("explain", folder / "scalar.json", "a")
    run = gn.trace(gn.io.load_graph(folder / "scalar.json").outputs)
    assert result.exit_code == 0 and result.output == viz.explain(run, "a") + "\n"
    assert "no node is called 'q'" in graphnn("explain", folder / "scalar.json", "q").output
    fed = graphnn("explain", folder / "net.json", "x", "--data", folder / "rows.npz")
    assert fed.exit_code == 0 and "The gradient of 'x'" in fed.output


def test_every_new_command_explains_itself() -> None:
    for command in ("draw", "quiz", "wrong-way", "explain"):
        result = graphnn(command, "--help")
        assert result.exit_code == 0 and "Example" in result.output
        assert command in graphnn("-h").output


def test_a_font_that_is_none_is_refused(folder: Path) -> None:
    result = graphnn("draw", folder / "scalar.json", "--font", folder / "scalar.json")
    assert result.exit_code == 2 and "is not a TrueType font" in " ".join(result.output.split())


def test_a_real_process_draws(folder: Path, tmp_path: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "graphnn", "draw", str(folder / "scalar.json"), "-o", str(tmp_path / "a.json"),
         "--view", "ledger", "--format", "md"],
        cwd=root, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "a.json").read_text("utf-8"))["format"] == "graphnn scene"
    assert "| node | is |" in done.stdout.decode("utf-8")
