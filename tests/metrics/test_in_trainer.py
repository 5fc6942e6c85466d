"""A Trainer measures all metrics, whatever the number of rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

import graphnn as gn


@pytest.mark.parametrize("rows", [1, 300, 1024, 1500])
def test_evaluate_gives_the_values_of_scikit_learn(rows: int) -> None:
    rng = np.random.default_rng(rows)
    data = {"x": rng.normal(size=(rows, 4)), "y": rng.integers(0, 3, rows)}
    x, y = gn.input("x", ("batch", 4), "float64"), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Dense(3, seed=2)(x)
    m = gn.metrics
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y),
        gn.optim.SGD(0.1),
        output=logits,
        metrics={
            "accuracy": m.accuracy(logits, y),
            "f1": m.f1(logits, y),
            "table": m.confusion_matrix(logits, y),
            "auc": m.auc(logits, y),
            "log loss": m.log_loss(logits, y),
        },
    )
    scores = trainer.predict({"x": data["x"]})
    told = scores.argmax(1)
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    found = trainer.evaluate(data)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(data["y"], told))
    assert found["f1"] == pytest.approx(oracle.f1_score(data["y"], told, average="macro", zero_division=0))
    np.testing.assert_array_equal(found["table"], oracle.confusion_matrix(data["y"], told, labels=range(3)))
    assert found["log loss"] == pytest.approx(oracle.log_loss(data["y"], p, labels=range(3)))
    assert found["log loss"] == pytest.approx(found["loss"])
    if rows > 1:
        assert found["auc"] == pytest.approx(oracle.roc_auc_score(data["y"], p, multi_class="ovr"))


def test_metrics_of_validation_data_stand_in_the_history() -> None:
    data = gn.data.moons(200, seed=1)
    train, valid = gn.data.split(data)
    x, y = gn.input("x", ("batch", 2)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dense(2)], seed=1)(x)
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y),
        gn.optim.Adam(0.02),
        output=logits,
        metrics={"auc": gn.metrics.auc(logits, y), "recall": gn.metrics.recall(logits, y)},
    )
    history = trainer.fit(train, epochs=20, validation=valid, progress=False)
    assert {"validation auc", "validation recall"} <= {*history.names}
    assert history["validation auc"][-1] > 0.9
