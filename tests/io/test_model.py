"""A model comes back from its file as it was, without the code that built it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from graphnn.io.names import array_names
from wild_graphs import SHAPE, wild_graph


def net():
    """A net with two outputs, an input, a large constant, a running mean and a frozen layer."""
    x = gn.input("x", ("batch", 6))
    with gn.scope("first"):
        h = gn.nn.Dense(5, gn.tanh, seed=1)(x - gn.constant(np.linspace(0, 1, 6 * 10).reshape(10, 6)).mean(0))
    mean = gn.parameter(np.full(5, 0.1), "mean", trainable=False)
    with gn.scope("second"):
        scores = gn.nn.Dense(3, seed=2)(h - mean)
    gn.freeze([p for p in gn.Graph(scores).parameters if p.scope.startswith("first")])
    return scores, gn.softmax(scores)


ROWS = np.random.default_rng(1).normal(size=(2500, 6)).astype("float32")


def test_a_model_comes_back_bit_for_bit(tmp_path: Path) -> None:
    scores, shares = net()
    path = tmp_path / "net.safetensors"
    notes = {"classes": ["a", "b", "c"], "mean": 0.1, "none": None, "deep": [[1, 2.5], {"x": True}]}
    gn.io.save_model(path, {"scores": scores, "shares": shares}, notes=notes)
    model = gn.io.load_model(path)
    assert str(model.graph) == str(gn.Graph([scores, shares]))
    assert list(model.outputs) == ["scores", "shares"] and model.notes == notes
    assert [n.name for n in model.inputs] == ["x"]
    for one, two in zip(gn.Graph([scores, shares]).nodes, model.graph.nodes, strict=True):
        assert (one.scope, one.name, one.trainable) == (two.scope, two.name, two.trainable)
        if one.storage is not None:
            assert one.storage.array.tobytes() == two.storage.array.tobytes()
    assert [p.trainable for p in model.parameters].count(False) == 3
    wanted = gn.Program([scores, shares]).run({"x": ROWS[:7]})
    found = model.predict(ROWS[:7], ["scores", "shares"])
    for name, value in zip(("scores", "shares"), wanted, strict=True):
        assert found[name].tobytes() == value.tobytes()


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        gn.io.save_model(tmp_path / name, {"scores": net()[0]}, notes={"b": 1, "a": 2})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("seed", range(8))
def test_a_random_graph_comes_back(tmp_path: Path, seed: int) -> None:
    graph = wild_graph(np.random.default_rng(seed), 40)
    gn.io.save_model(tmp_path / "m", {f"out {k}": node for k, node in enumerate(graph.outputs)})
    model = gn.io.load_model(tmp_path / "m")
    x = np.linspace(-2, 2, 12).reshape(SHAPE)
    feeds = {n.name: x for n in graph.inputs}
    again = gn.interpret(model.graph, feeds)
    for a, b in zip(gn.interpret(graph, feeds), again, strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_tools_open_the_file_and_find_the_parameters_by_scope_and_name(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    scores, _ = net()
    gn.io.save_model(tmp_path / "m", scores)
    found = load_file(tmp_path / "m")
    for p in gn.Graph(scores).parameters:
        np.testing.assert_array_equal(found[f"{p.scope}/{p.name}" if p.scope else p.name], p.value)
    # The same file gives its weights to another graph.
    other, _ = net()
    for p in gn.Graph(other).parameters:
        p.value = np.zeros(p.shape)
    assert len(gn.io.load_weights(other, tmp_path / "m", partial=True)) == 5
    assert (
        gn.Program(other).run({"x": ROWS[:3]}).tobytes() == gn.Program(scores).run({"x": ROWS[:3]}).tobytes()
    )


def test_parameters_of_one_name_are_told_apart(tmp_path: Path) -> None:
    made = [gn.parameter(np.full(2, float(k)), "w") for k in range(3)]
    made.append(gn.parameter(np.full(2, 3.0), "w#2"))
    made += [gn.scalar(4.0).cast("float32"), gn.scalar(5.0).cast("float32")]
    total = made[0]
    for node in made[1:]:
        total = total + node
    gn.io.save_model(tmp_path / "m", total)
    assert gn.io.load_model(tmp_path / "m").predict().tolist() == [15.0, 15.0]
    names = list(array_names(gn.Graph(total).parameters).values())
    assert names == ["w", "w#2", "w#3", "w#2#2", "parameter", "parameter#2"]


def test_any_name_can_be_kept(tmp_path: Path) -> None:
    for k, name in enumerate(
        ["층 1", "a\nb", '"', "\ud800", "__metadata", "n0", "é\u0301", "😀", "model: w"]
    ):
        y = gn.parameter(np.ones(2), name) * 2.0
        gn.io.save_model(
            tmp_path / f"{k}", {name.replace("\ud800", "?"): y}, notes=name.replace("\ud800", "?")
        )
        model = gn.io.load_model(tmp_path / f"{k}")
        assert model.parameters[0].name == name and model.predict().tolist() == [2.0, 2.0]
    with pytest.raises(gn.SettingError, match="no array can be called '__metadata__'"):
        gn.io.save_model(tmp_path / "x", gn.parameter(np.ones(2), "__metadata__") * 2.0)


# Predicting


def test_rows_are_predicted_in_parts(tmp_path: Path) -> None:
    scores, shares = net()
    gn.io.save_model(tmp_path / "m", {"scores": scores, "shares": shares})
    model = gn.io.load_model(tmp_path / "m")
    whole = model.predict(ROWS, batch=None)
    for batch in (1, 999, 1024, 2499, 2500, 5000):
        found = model.predict({"x": ROWS[: 2500 if batch > 1 else 5]}, "scores", batch)
        np.testing.assert_allclose(found, whole[: len(found)], rtol=1e-5, atol=1e-6)
        assert len(found) == (2500 if batch > 1 else 5)
    assert model.predict(ROWS[:4]).shape == (4, 3)
    assert model.predict(ROWS[:4]).flags.writeable
    np.testing.assert_allclose(model.predict(ROWS, "shares").sum(1), 1.0, rtol=1e-5)


def test_what_depends_on_all_rows_is_computed_at_once(tmp_path: Path) -> None:
    x, y = gn.input("x", ("batch", 2)), gn.input("y", ("batch", 2))
    gn.io.save_model(
        tmp_path / "m",
        {"mean": (x * y).mean(), "products": x @ y.transpose(), "sums": (x + y).sum(1), "one": x[:, 0] * 2.0},
    )
    model = gn.io.load_model(tmp_path / "m")
    a, b = np.arange(20.0).reshape(10, 2), np.ones((10, 2))
    feeds = {"x": a, "y": b}
    assert float(model.predict(feeds, "mean", batch=3)) == a.mean()
    np.testing.assert_allclose(model.predict(feeds, "products", batch=3), a @ b.T)
    np.testing.assert_allclose(model.predict(feeds, "sums", batch=3), (a + b).sum(1))
    np.testing.assert_allclose(model.predict(a, "one", batch=3), 2 * a[:, 0])
    found = model.predict(feeds, ["mean", "sums"], batch=3)
    assert float(found["mean"]) == a.mean() and found["sums"].shape == (10,)


def test_a_wrong_question_gets_a_sentence(tmp_path: Path) -> None:
    gn.io.save_model(tmp_path / "m", {"scores": net()[0]})
    model = gn.io.load_model(tmp_path / "m")
    for act, kind, told in [
        (
            lambda: model.predict(ROWS, "score"),
            gn.SettingError,
            "there is no output 'score'. Did you mean 'scores'",
        ),
        (lambda: model.predict(ROWS, []), gn.SettingError, "the name of an output or a list of names, found"),
        (lambda: model.predict(ROWS, 3), gn.SettingError, "found 3"),
        (lambda: model.predict(ROWS, batch=0), gn.SettingError, "predict: batch"),
        (lambda: model.predict(), gn.FeedError, "feeds are {input: numbers}; the inputs: x"),
        (lambda: model.predict({"z": ROWS}), gn.FeedError, "there is no input 'z'"),
        (lambda: model.predict(ROWS[:, :5]), gn.ShapeError, "axis 1 is 5, wanted 6"),
        (lambda: model.predict("rows"), gn.DtypeError, "wanted numbers"),
    ]:
        with pytest.raises(kind) as caught:
            act()
        assert told in str(caught.value)
    gn.io.save_model(tmp_path / "two", gn.input("x", ("batch",)) + gn.input("y", ("batch",)))
    model = gn.io.load_model(tmp_path / "two")
    with pytest.raises(gn.ShapeError, match="axis 'batch' is"):
        model.predict({"x": np.ones(3000), "y": np.ones(2000)}, batch=1000)


# Working on


def test_a_loaded_model_is_drawn_and_trained_on(tmp_path: Path) -> None:
    import viz

    x, y = gn.input("x", ("batch", 6)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Dense(3, seed=2)(x)
    gn.io.save_model(tmp_path / "m", {"output": logits, "loss": gn.softmax_cross_entropy(logits, y)})
    model = gn.io.load_model(tmp_path / "m")
    assert "<svg" in viz.draw(model.graph).svg
    assert "dense" in str(gn.summary(model.outputs["output"]))
    assert repr(model) == "<Model: x, y -> output, loss, 21 numbers in 2 parameters>"
    trainer = gn.Trainer(model.outputs["loss"], gn.optim.SGD(0.5), output=model.outputs["output"])
    labels = ROWS[:300].argmax(1) % 3
    before = trainer.evaluate({"x": ROWS[:300], "y": labels})["loss"]
    trainer.fit({"x": ROWS[:300], "y": labels}, epochs=5, progress=False)
    assert trainer.evaluate({"x": ROWS[:300], "y": labels})["loss"] < before


DECLARES = """
import numpy as np
import graphnn as gn

@gn.op("x(*s) -> y(*s)", latex="2 {x}", slopes=("2",), samples=[(3,)])
def doubled_for_a_file(x):
    '''Twice. Shapes: x (*s) -> y (*s).'''
    return 2 * x

@doubled_for_a_file.kernel
def doubled_kernel(x, y):
    for i in range(y.size):
        y[i] = 2 * x[i]

@doubled_for_a_file.vjp
def doubled_vjp(g, x, y):
    return (g + g,)
"""


def test_an_op_of_ones_own_must_be_declared_where_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "my_ops.py").write_text(DECLARES)
    path = tmp_path / "m"
    code = "import my_ops, graphnn as gn; y = my_ops.doubled_for_a_file(gn.input('x', (3,)))"
    code += f"; gn.io.save_model({str(path)!r}, y)"
    # The module is beside the file, and is found also where Python is told not to look in the present folder.
    there = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=there)
    with pytest.raises(
        gn.GraphError, match=r"uses the op 'doubled_for_a_file', declared in 'my_ops'. Import the module"
    ):
        gn.io.load_model(path)
    code = f"import my_ops, graphnn as gn; print(gn.io.load_model({str(path)!r}).predict([1, 2, 3]))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=tmp_path, env=there, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[2. 4. 6.]"


@pytest.mark.parametrize(
    ("outputs", "notes", "told"),
    [
        ({}, None, "outputs are a node or {name: node}"),
        ([gn.scalar(1.0)], None, "outputs are a node or {name: node}"),
        ({"": gn.scalar(1.0)}, None, "an output's name is a non-empty text"),
        ({"a": 3.0}, None, "output 'a' is a node, found 3.0"),
        (gn.scalar(1.0), {1: 2}, "notes: keys are texts, found 1"),
        (gn.scalar(1.0), {"a": [object]}, "notes['a'][0]: <class 'object'> cannot be kept"),
        (gn.scalar(1.0), {"a": {1, 2}}, "notes['a']: {1, 2} cannot be kept"),
        (gn.scalar(1.0), 1j, "notes: 1j cannot be kept"),
        (gn.scalar(1.0), {"number": "nan"}, "cannot be kept"),
        (gn.scalar(1.0), 10**5000, "notes: "),
        (gn.scalar(1.0), "\ud800", None),
    ],
    ids=[str(k) for k in range(11)],
)
def test_what_cannot_be_kept_is_told_before_anything_is_written(tmp_path: Path, outputs, notes, told) -> None:
    if told is None:
        gn.io.save_model(tmp_path / "m", outputs, notes=notes)
        assert gn.io.load_model(tmp_path / "m").notes == notes
        return
    with pytest.raises(gn.SettingError) as caught:
        gn.io.save_model(tmp_path / "m", outputs, notes=notes)
    assert told in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_notes_that_nest_without_end_are_told(tmp_path: Path) -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(gn.SettingError, match="nests too deeply"):
        gn.io.save_model(tmp_path / "m", gn.scalar(1.0), notes=endless)


def test_notes_keep_every_number(tmp_path: Path) -> None:
    notes = [
        0.1,
        1 / 3,
        5e-324,
        -0.0,
        float("inf"),
        float("-inf"),
        2**70,
        np.float32(0.1),
        np.int64(3),
        (1, 2),
    ]
    gn.io.save_model(tmp_path / "m", gn.scalar(1.0), notes={"a": notes, "n": float("nan"), "m": np.eye(2)})
    found = gn.io.load_model(tmp_path / "m").notes
    assert json.dumps(found["a"][:8]) == json.dumps([*notes[:7], float(np.float32(0.1))])
    assert found["a"][8:] == [3, [1, 2]] and np.isnan(found["n"]) and found["m"] == [[1.0, 0.0], [0.0, 1.0]]
