"""Sizes of gradients, activations and steps equal those of a run that is looked at with NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

LAYERS = ("net/dense1", "net/dense2")


def made(optimizer: gn.optim.Optimizer | None = None) -> tuple[gn.Trainer, dict[str, np.ndarray]]:
    data = gn.data.digits()
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(16, gn.tanh), gn.nn.Dense(10)], seed=1)(x)
    trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), optimizer or gn.optim.Adam(0.01), output=logits)
    return trainer, {"x": data.x[:300], "y": data.y[:300]}


def by_hand(trainer: gn.Trainer, feeds: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """Per layer: activation, its gradient, and the gradients of its parameters, flat."""
    run = trainer.inspect(feeds)
    out = {}
    for layer, name in zip(LAYERS, ("tanh", "add"), strict=True):
        node = [n for n in run.graph.nodes if n.scope == layer and n.op.name == name][-1]
        slopes = [run.gradient(p).ravel() for p in trainer.parameters if p.scope == layer]
        out[layer] = {"y": run.value(node), "g": run.gradient(node), "gp": np.concatenate(slopes)}
    return out


def test_the_columns_are_those_of_an_inspected_run() -> None:
    trainer, data = made()
    statistics = gn.train.GradientStatistics(data, rows=50)
    seen = []

    def look(trainer: gn.Trainer, row: dict[str, float]) -> None:
        seen.append(by_hand(trainer, {k: v[:50] for k, v in data.items()}))

    history = trainer.fit(data, epochs=3, progress=False, callbacks=[look, statistics])
    columns = statistics.columns
    assert statistics.layers == LAYERS
    assert columns["epoch"].tolist() == [1, 2, 3]
    for epoch, layers in enumerate(seen):
        for i, layer in enumerate(LAYERS):
            found = layers[layer]
            for name, value in {
                "activation gradient": np.abs(found["g"]).mean(),
                "activation gradient std": found["g"].std(),
                "parameter gradient": np.abs(found["gp"]).mean(),
                "parameter gradient std": found["gp"].std(),
            }.items():
                assert columns[name][epoch, i] == pytest.approx(value, rel=1e-4)
                assert history[f"{layer} {name}"][epoch] == columns[name][epoch, i]


def test_the_update_ratio_is_the_next_step_by_the_weights_and_no_step_is_made() -> None:
    trainer, data = made(gn.optim.SGD(0.1))
    statistics = gn.train.GradientStatistics(data, rows=40, history=False)
    history = trainer.fit(data, epochs=1, progress=False, callbacks=[statistics])
    assert history.names == ("loss", "seconds")
    before = [p.value.copy() for p in trainer.parameters]
    trainer.step({k: v[:40] for k, v in data.items()})
    for i, layer in enumerate(LAYERS):
        pairs = [
            (old, p.value) for old, p in zip(before, trainer.parameters, strict=True) if p.scope == layer
        ]
        change = np.sqrt(sum(((new - old) ** 2).sum() for old, new in pairs))
        size = np.sqrt(sum((old**2).sum() for old, _ in pairs))
        assert statistics.columns["update ratio"][0, i] == pytest.approx(change / size, rel=1e-4)


def test_the_table_has_a_line_per_epoch_and_layer() -> None:
    trainer, data = made()
    statistics = gn.train.GradientStatistics(data)
    trainer.fit(data, epochs=2, progress=False, callbacks=[statistics])
    lines = statistics.table().splitlines()
    assert lines[0].split("  ")[0] == "epoch layer"
    assert [line.split()[:2] for line in lines[2:]] == [
        ["1", "net/dense1"], ["1", "net/dense2"], ["2", "net/dense1"], ["2", "net/dense2"],
    ]  # fmt: skip


def test_training_with_statistics_gives_the_same_bits_as_without() -> None:
    plain, data = made()
    plain.fit(data, epochs=2, progress=False)
    watched, _ = made()
    watched.fit(data, epochs=2, progress=False, callbacks=[gn.train.GradientStatistics(data)])
    for a, b in zip(plain.parameters, watched.parameters, strict=True):
        np.testing.assert_array_equal(a.value, b.value)


def test_a_flow_report_tells_what_numpy_tells() -> None:
    trainer, data = made()
    report = gn.train.flow_report(trainer, data)
    assert report.layers == LAYERS
    for i, layer in enumerate(LAYERS):
        found = by_hand(trainer, data)[layer]
        for name, value in {
            "mean": found["y"].mean(),
            "std": found["y"].std(),
            "zeros": (found["y"] == 0).mean(),
            "gradient mean size": np.abs(found["g"]).mean(),
            "gradient std": found["g"].std(),
            "parameter gradient std": found["gp"].std(),
        }.items():
            assert report[name][i] == pytest.approx(value, rel=1e-3, abs=1e-7), name
    assert report["saturated"][0] == pytest.approx(
        (np.abs(by_hand(trainer, data)[LAYERS[0]]["y"]) > 0.98).mean()
    )
    assert np.isnan(report["saturated"][1])
    assert report["ratio to next"][0] == pytest.approx(report["gradient std"][0] / report["gradient std"][1])
    assert report.findings == ()
    assert str(report).splitlines()[2].startswith("net/dense1")


def test_a_graph_without_scopes_has_a_layer_per_matrix_of_weights() -> None:
    rng = np.random.default_rng(0)
    x, t = gn.input("x", ("batch", 4)), gn.input("t", ("batch", 1))
    w1, b1 = gn.parameter(rng.normal(size=(4, 8)), "w1"), gn.parameter(np.zeros(8), "b1")
    w2 = gn.parameter(rng.normal(size=(8, 1)), "w2")
    loss = ((gn.relu(x @ w1 + b1) @ w2 - t) ** 2.0).mean()
    feeds = {"x": rng.normal(size=(30, 4)).astype(np.float32), "t": np.ones((30, 1), np.float32)}
    report = gn.train.flow_report(loss, feeds)
    assert report.layers == ("w1", "w2")
    hidden = np.maximum(feeds["x"] @ w1.value, 0)
    assert report["zeros"][0] == pytest.approx((hidden == 0).mean())


def test_a_loss_without_layers_is_told() -> None:
    x = gn.input("x", ("batch",))
    with pytest.raises(gn.GraphError, match="no layer"):
        gn.train.flow_report((x - gn.parameter(1.0, "w")).sum(), {"x": [1.0]})
