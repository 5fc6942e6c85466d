"""A classifier or a regressor of a net is the trainer that one would build by hand."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def net(last: int, *, rate: float = 0.3) -> gn.nn.Sequential:
    layers = [gn.nn.Dense(8, gn.relu), gn.nn.Dropout(rate), gn.nn.BatchNorm(), gn.nn.Dense(last)]
    return gn.nn.Sequential(layers, seed=1)


def labelled(rows: int = 70) -> gn.data.Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 5)).astype(np.float32)
    return gn.data.Dataset(x, (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0))


def test_a_classifier_is_the_trainer_built_by_hand() -> None:
    data = labelled()
    ready = gn.Trainer.classifier(net(3), 5, 3, gn.optim.Adam(0.01))
    x, y = gn.input("x", ("batch", 5)), gn.input("y", ("batch",), "int64")
    layers = net(3)
    training, output = layers(x, training=True), layers(x)
    by_hand = gn.Trainer(
        gn.softmax_cross_entropy(training, y), gn.optim.Adam(0.01), output=output,
        evaluation_loss=gn.softmax_cross_entropy(output, y), metrics={"accuracy": gn.metrics.accuracy(output, y)},
    )  # fmt: skip
    for trainer in (ready, by_hand):
        trainer.fit(data, epochs=3, batch=16, validation=data, progress=False)
    names = [name for name in ready.history.names if name != "seconds"]
    assert names == ["loss", "validation loss", "validation accuracy"]
    for name in names:
        np.testing.assert_allclose(ready.history[name], by_hand.history[name], rtol=1e-12)
    assert ready.predict(data.x).tobytes() == by_hand.predict(data.x).tobytes()


def test_predicting_and_evaluating_use_the_inference_graph() -> None:
    data = labelled()
    trainer = gn.Trainer.classifier(net(3, rate=0.9), 5, 3, gn.optim.Adam(0.01))
    trainer.fit(data, epochs=2, batch=16, progress=False)
    scores = trainer.predict(data.x)
    np.testing.assert_array_equal(scores, trainer.predict(data.x))
    np.testing.assert_allclose(trainer.predict(data.x[:7]), scores[:7], rtol=1e-5, atol=1e-6)
    assert trainer.evaluate(data)["accuracy"] == pytest.approx((scores.argmax(axis=1) == data.y).mean())
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(len(data)), data.y]).mean()
    assert trainer.evaluate(data)["loss"] == pytest.approx(loss, rel=1e-5)


def test_running_statistics_move_on_in_training_only() -> None:
    data = labelled()
    trainer = gn.Trainer.classifier(net(3), 5, 3, gn.optim.SGD(0.0001))

    def statistics() -> list[bytes]:
        return [p.value.tobytes() for p in trainer.graph.parameters if not p.trainable and p.shape]

    before = statistics()
    assert before, "batch norm has running statistics"
    trainer.evaluate(data)
    trainer.predict(data.x)
    assert statistics() == before
    trainer.fit(data, epochs=1, progress=False)
    assert all(now != then for now, then in zip(statistics(), before, strict=True))


@pytest.mark.parametrize(
    ("targets", "y"), [(1, (40,)), (2, (40, 2)), ((1,), (40, 1)), ((2, 3), (40, 2, 3))], ids=str
)
def test_a_regressor_predicts_columns_of_the_shape_of_its_targets(targets, y) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 5)).astype(np.float32)
    data = gn.data.Dataset(x, (np.resize(x[:, :1], y) * 2.0 + 1.0).astype(np.float32))
    width = int(np.prod(y[1:]))
    layers = (
        gn.nn.Sequential([gn.nn.Dense(width), lambda h: h.reshape(("batch", *y[1:]))], seed=1)
        if len(y) > 2
        else gn.nn.Sequential([gn.nn.Dense(width)], seed=1)
    )
    trainer = gn.Trainer.regressor(layers, 5, targets, gn.optim.Adam(0.05))
    trainer.fit(data, epochs=150, batch=20, progress=False)
    found = trainer.predict(x)
    assert found.shape == y
    residual = ((found - data.y) ** 2).mean()
    assert trainer.evaluate(data)["loss"] == pytest.approx(residual, rel=1e-4)
    if len(y) == 1:
        assert trainer.evaluate(data)["R2"] == pytest.approx(1 - residual / data.y.var(), abs=1e-4)


def test_features_may_be_a_shape_and_the_net_a_function() -> None:
    rng = np.random.default_rng(0)
    data = gn.data.Dataset(rng.normal(size=(20, 2, 3)).astype(np.float32), rng.integers(0, 2, 20))
    w = gn.parameter(np.zeros((6, 2)), "w")
    trainer = gn.Trainer.classifier(lambda x: x.reshape(("batch", 6)) @ w, (2, 3), 2, gn.optim.SGD(0.1))
    assert trainer.evaluate(data)["loss"] == pytest.approx(np.log(2.0), rel=1e-6)
    trainer.fit(data, epochs=5, progress=False)
    assert trainer.history["loss"][-1] < trainer.history["loss"][0]


def test_a_net_that_begins_with_an_embedding_takes_whole_numbers() -> None:
    rng = np.random.default_rng(0)
    words = rng.integers(0, 6, (30, 4))
    layers = gn.nn.Sequential([gn.nn.Embedding(6, 3), gn.nn.Flatten(), gn.nn.Dense(2)], seed=1)
    trainer = gn.Trainer.classifier(layers, 4, 2, gn.optim.Adam(0.05))
    trainer.fit(gn.data.Dataset(words, (words[:, 0] > 2).astype(np.int64)), epochs=30, progress=False)
    assert trainer.history["loss"][-1] < 0.5 * trainer.history["loss"][0]


def test_metrics_and_loss_of_ones_own() -> None:
    data = labelled()
    trainer = gn.Trainer.classifier(
        net(3), 5, 3, gn.optim.Adam(0.01), label_smoothing=0.1,
        metrics=lambda scores, y: {"table": gn.metrics.confusion_matrix(scores, y)},
    )  # fmt: skip
    assert trainer.evaluate(data)["table"].sum() == len(data)
    robust = gn.Trainer.regressor(
        net(1), 5, 1, gn.optim.Adam(0.01), loss=gn.mean_absolute_error, metrics=lambda output, y: {}
    )
    rows = gn.data.Dataset(data.x, data.x[:, 0])
    wanted = np.abs(robust.predict(rows.x) - rows.y).mean()
    assert robust.evaluate(rows) == {"loss": pytest.approx(wanted, rel=1e-5)}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda o: gn.Trainer.classifier(net(4), 5, 3, o), r"gives \(batch, 4\), wanted \(batch, 3\).*Dense\(3\)"),
        (lambda o: gn.Trainer.classifier(net(1), 5, 1, o), "classes is a whole number of at least 2"),
        (lambda o: gn.Trainer.classifier(gn.nn.Dense, 5, 3, o), "net is a layer or a function of a node"),
        (lambda o: gn.Trainer.classifier(net(3), "5", 3, o), "features is a whole number"),
        (lambda o: gn.Trainer.classifier(net(3), (5, 0), 3, o), "features is a whole number"),
        (lambda o: gn.Trainer.classifier(net(3), 5, 3, "adam"), "optimizer is one of gn.optim"),
        (lambda o: gn.Trainer.classifier(net(3), 5, 3, o, metrics={"a": 1}), "metrics is a function of"),
        (lambda o: gn.Trainer.classifier(lambda x: 3.0, 5, 3, o), "the net gives a node, found 3.0"),
        (lambda o: gn.Trainer.classifier(lambda x: x.mean(), 5, 3, o), "first axis must be the batch"),
        (lambda o: gn.Trainer.regressor(net(2), 5, 1, o), "as many numbers per row as there are targets"),
        (lambda o: gn.Trainer.regressor(net(1), 5, 1, o, loss=lambda a, b: a - b), "gives a 0-d node"),
    ],
)  # fmt: skip
def test_a_net_that_does_not_fit_is_told(make, words: str) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        make(gn.optim.SGD(0.1))


def test_a_net_that_ends_in_a_softmax_is_refused_for_the_loss_has_one() -> None:
    net = gn.nn.Sequential([gn.nn.Dense(3), gn.softmax], seed=0)
    with pytest.raises(gn.SettingError, match=r"ends in a softmax, .*Leave the softmax away"):
        gn.Trainer.classifier(net, 4, 3, gn.optim.Adam())


def test_a_net_that_keeps_axes_is_told_of_flatten() -> None:
    net = gn.nn.Sequential([gn.nn.Reshape((1, 4, 4)), gn.nn.Conv2d(2, 3), gn.nn.Dense(3)], seed=0)
    with pytest.raises(gn.ShapeError, match=r"wanted \(batch, 3\).*gn\.nn\.Flatten\(\) before it"):
        gn.Trainer.classifier(net, 16, 3, gn.optim.Adam())
