"""A trainer takes the steps of a mini-batch loop written by hand, in compiled code."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

import graphnn as gn

ROWS = 23


def linear(rate: float = 0.05, *, optimizer=None, **settings):
    """Least squares in float64: a trainer, and data."""
    rng = np.random.default_rng(7)
    data = {"x": rng.normal(size=(ROWS, 3)), "t": rng.normal(size=(ROWS, 1))}
    x, t = gn.input("x", ("batch", 3), "float64"), gn.input("t", ("batch", 1), "float64")
    w = gn.parameter(np.zeros((3, 1)), "w", "float64")
    y = x @ w
    loss = ((y - t) ** 2.0).mean().named("loss")
    made = gn.Trainer(loss, optimizer or gn.optim.SGD(rate), output=y, **settings)
    return made, data


def weights(trainer: gn.Trainer) -> np.ndarray:
    return trainer.parameters[0].value


def order_of(trainer: gn.Trainer) -> np.ndarray:
    """The rows of the last epoch, in the order in which the trainer took them."""
    return trainer._epochs[1].order.value


def epoch_by_hand(
    w: np.ndarray, data, order: np.ndarray, batch: int, rate: float
) -> tuple[np.ndarray, float]:
    total = 0.0
    for first in range(0, ROWS, batch):
        rows = order[first : first + batch]
        x, error = data["x"][rows], data["x"][rows] @ w - data["t"][rows]
        total += (error**2).sum()
        w = w - rate * 2.0 * x.T @ error / len(rows)
    return w, total / ROWS


@pytest.mark.parametrize("batch", [1, 5, 23, 100], ids=lambda b: f"batch of {b}")
def test_fit_is_the_mini_batch_loop_written_by_hand(batch: int) -> None:
    trainer, data = linear()
    w = weights(trainer)
    seen = []
    for epoch in range(4):
        history = trainer.fit(data, epochs=1, batch=batch, progress=False)
        order = order_of(trainer)
        assert sorted(order) == list(range(ROWS))
        seen.append(tuple(order))
        w, loss = epoch_by_hand(w, data, order, batch, 0.05)
        np.testing.assert_allclose(weights(trainer), w, rtol=1e-12)
        assert history["loss"][epoch] == pytest.approx(loss, rel=1e-12)
    assert len(set(seen)) == 4, "every epoch has an order of its own"


def test_the_loss_of_an_epoch_is_the_mean_over_rows_whatever_the_last_batch() -> None:
    trainer, data = linear(1e-12)
    whole = trainer.evaluate(data)["loss"]
    for batch in (4, 7, 22):
        assert trainer.fit(data, epochs=1, batch=batch, progress=False).last["loss"] == pytest.approx(
            whole, rel=1e-9
        )


def test_without_shuffling_the_rows_come_in_their_order() -> None:
    trainer, data = linear()
    trainer.fit(data, epochs=2, batch=4, shuffle=False, progress=False)
    np.testing.assert_array_equal(order_of(trainer), np.arange(ROWS))
    w = np.zeros((3, 1))
    for _ in range(2):
        w, _ = epoch_by_hand(w, data, np.arange(ROWS), 4, 0.05)
    np.testing.assert_allclose(weights(trainer), w, rtol=1e-12)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others() -> None:
    def trained(seed: int) -> tuple[bytes, bytes]:
        trainer, data = linear(optimizer=gn.optim.Adam(0.01))
        history = trainer.fit(data, epochs=3, batch=4, seed=seed, progress=False)
        return weights(trainer).tobytes(), history["loss"].tobytes()

    assert trained(1) == trained(1)
    assert trained(1)[0] != trained(2)[0]


@pytest.mark.parametrize(
    "form", [lambda d: d, lambda d: {k: v.tolist() for k, v in d.items()}], ids=["arrays", "lists"]
)
def test_going_on_is_the_same_as_not_having_stopped(form) -> None:
    stopped, data = linear(optimizer=gn.optim.Adam(0.01))
    through, _ = linear(optimizer=gn.optim.Adam(0.01))
    for epochs in (2, 1, 3):
        stopped.fit(form(data), epochs=epochs, batch=4, progress=False)
    through.fit(form(data), epochs=6, batch=4, progress=False)
    assert weights(stopped).tobytes() == weights(through).tobytes()
    np.testing.assert_array_equal(stopped.history["loss"], through.history["loss"])


def test_a_step_is_one_batch_of_the_loop() -> None:
    trainer, data = linear()
    loss = trainer.step(data)
    w, wanted = epoch_by_hand(np.zeros((3, 1)), data, np.arange(ROWS), ROWS, 0.05)
    assert loss == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(weights(trainer), w, rtol=1e-12)


def test_only_the_parameters_that_are_named_learn() -> None:
    x, w, fixed = (
        gn.input("x", ("batch", 2)),
        gn.parameter(np.ones(2), "w"),
        gn.parameter(np.ones(2), "fixed"),
    )
    trainer = gn.Trainer((x * w * fixed).mean(), gn.optim.SGD(0.1), parameters=[w])
    trainer.fit({"x": np.ones((4, 2))}, epochs=1, progress=False)
    assert not np.array_equal(w.value, np.ones(2))
    np.testing.assert_array_equal(fixed.value, np.ones(2))


# Measuring


def classifier(rows: int):
    """A classifier with random weights, data for it, and its loss, accuracy and logits by NumPy."""
    rng = np.random.default_rng(11)
    data = gn.data.Dataset(rng.normal(size=(rows, 5)), rng.integers(0, 4, rows))
    x, y = gn.input("x", ("batch", 5), "float64"), gn.input("y", ("batch",), "int64")
    w = gn.parameter(rng.normal(size=(5, 4)), "w", "float64")
    logits = x @ w
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y), gn.optim.SGD(0.1), output=logits,
        metrics={"accuracy": gn.accuracy(logits, y)},
    )  # fmt: skip
    wanted = data.x @ w.value
    shares = np.exp(wanted) / np.exp(wanted).sum(axis=1, keepdims=True)
    loss = -np.log(shares[np.arange(rows), data.y]).mean()
    return trainer, data, {"loss": loss, "accuracy": (wanted.argmax(axis=1) == data.y).mean()}, wanted


@pytest.mark.parametrize("rows", [1, 1024, 1025, 2500])
def test_evaluating_in_chunks_gives_the_measures_of_the_whole(rows: int) -> None:
    trainer, data, wanted, _ = classifier(rows)
    assert trainer.evaluate(data) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("rows", [1, 1025])
def test_predict_gives_the_output_of_every_row(rows: int) -> None:
    trainer, data, _, logits = classifier(rows)
    np.testing.assert_allclose(trainer.predict(data.x), logits, rtol=1e-12)
    np.testing.assert_array_equal(trainer.predict({"x": data.x}), trainer.predict(data.x))


def test_measuring_changes_no_parameter() -> None:
    trainer, data, *_ = classifier(30)
    before = weights(trainer)
    trainer.evaluate(data)
    trainer.predict(data.x)
    trainer.inspect({"x": data.x, "y": data.y})
    np.testing.assert_array_equal(weights(trainer), before)


def test_validation_is_measured_after_every_epoch() -> None:
    trainer, data, *_ = classifier(40)
    history = trainer.fit(data, epochs=3, batch=8, validation=data, progress=False)
    assert history.names == ("loss", "seconds", "validation loss", "validation accuracy")
    assert trainer.evaluate(data) == {
        "loss": history["validation loss"][-1],
        "accuracy": history["validation accuracy"][-1],
    }


def test_inspect_shows_values_and_gradients_of_one_batch() -> None:
    trainer, data = linear()
    run = trainer.inspect(data)
    error = data["x"] @ np.zeros((3, 1)) - data["t"]
    np.testing.assert_allclose(
        run.gradient(trainer.parameters[0]), 2 * data["x"].T @ error / ROWS, rtol=1e-12
    )
    assert float(run.value(run.loss)) == pytest.approx((error**2).mean(), rel=1e-12)


def test_a_history_is_rows_of_measures_and_columns_by_name() -> None:
    trainer, data = linear()
    assert len(trainer.history) == 0 and repr(trainer.history) == "<History: no epochs>"
    history = trainer.fit(data, epochs=3, progress=False)
    assert history is trainer.history and len(history) == 3
    assert [row["loss"] for row in history] == history["loss"].tolist()
    assert history.last == list(history)[-1] and (history["seconds"] > 0).all()
    assert np.diff(history["loss"]).max() < 0
    next(iter(history))["loss"] = 99.0
    assert history["loss"][0] != 99.0


def test_measures_that_begin_later_are_nan_before() -> None:
    history = gn.History()
    history.add({"loss": 1.0})
    history.add({"loss": 0.5, "validation loss": 0.7})
    np.testing.assert_array_equal(history["validation loss"], [np.nan, 0.7])


# What goes wrong


def test_a_loss_that_is_no_number_ends_the_fit_and_names_node_and_parameter() -> None:
    trainer, data = linear(1e200)
    with pytest.raises(gn.NotFiniteError, match=r"fit: the mean loss of epoch 1 is (nan|inf)") as caught:
        trainer.fit(data, epochs=5, batch=5, progress=False)
    text = str(caught.value)
    assert "The first bad node now:" in text and "float64" in text
    assert "Parameters that are no longer finite: 'w'" in text and "A smaller learning rate" in text
    assert len(trainer.history) == 0


def test_a_watching_trainer_stops_at_the_very_step() -> None:
    trainer, data = linear(1e200, watch=True)
    with pytest.raises(gn.NotFiniteError, match="it is the first node that is not finite"):
        trainer.fit(data, epochs=5, batch=5, progress=False)
    assert np.isfinite(weights(trainer)).all()


class Closed(io.StringIO):
    def write(self, _: str) -> int:
        raise ValueError("I/O operation on closed file")


class Broken(io.StringIO):
    def write(self, _: str = "") -> int:
        raise BrokenPipeError(32, "Broken pipe")

    flush = write


@pytest.mark.parametrize(
    "stderr", [None, Closed(), Broken(), io.StringIO()], ids=["none", "closed", "broken", "file"]
)
def test_a_progress_bar_that_nobody_can_see_breaks_no_training(monkeypatch, stderr) -> None:
    trainer, data = linear()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert len(trainer.fit(data, epochs=2, batch=5)) == 2


def test_the_progress_bar_tells_epoch_and_loss(monkeypatch) -> None:
    trainer, data = linear()
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    trainer.fit(data, epochs=2, batch=5)
    assert "epoch 2" in told.getvalue() and "10/10" in told.getvalue() and "loss" in told.getvalue()


@pytest.mark.parametrize("pause", [1e9, 0.0], ids=["rarely", "often"])
def test_the_progress_bar_is_drawn_after_a_pause_also_within_an_epoch(monkeypatch, pause: float) -> None:
    trainer, data = linear(1e-3)
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    monkeypatch.setattr("graphnn.train.bar._PAUSE", pause)
    monkeypatch.setattr("graphnn.train.epoch._PIECE", 0.0)
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)
    trainer.fit(data, epochs=1, batch=1)
    trainer.fit(data, epochs=10, batch=1)
    assert "230/230" in told.getvalue()
    seen = told.getvalue().count("\r")
    assert seen >= 4 if pause == 0.0 else seen <= 8


def test_data_stays_where_it_is_and_is_not_changed() -> None:
    trainer, data = linear()
    before = {name: array.copy() for name, array in data.items()}
    for array in data.values():
        array.setflags(write=False)
    trainer.fit(data, epochs=1, progress=False)
    for name, array in data.items():
        np.testing.assert_array_equal(array, before[name])


def test_a_single_column_may_have_an_axis_of_its_own_or_not() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 3)).astype("float32"), rng.normal(size=40).astype("float32")
    found = []
    for column in (y, y[:, None]):
        net = gn.nn.Sequential([gn.nn.Dense(4, gn.tanh), gn.nn.Dense(1)], seed=2)
        trainer = gn.Trainer.regressor(net, 3, 1, gn.optim.Adam(0.01))
        history = trainer.fit({"x": x, "y": column}, epochs=2, progress=False)
        found.append((history["loss"].tolist(), trainer.evaluate({"x": x, "y": column})))
        assert trainer.predict(gn.data.Dataset(x, y[:, None])).shape == (40,)
        with pytest.raises(gn.ShapeError, match=r"wanted \(batch, 3\)\. One row is given as rows\[None\]"):
            trainer.predict(x[0])
    assert found[0] == found[1]


def test_an_ensemble_of_classifiers_is_measured_by_the_average_of_its_members_probabilities() -> None:
    data = gn.data.iris()
    data = gn.data.standardize(data)(data)

    def member(seed):
        return gn.nn.Sequential([gn.nn.Dense(5, gn.tanh), gn.nn.Dense(3)], seed=seed, name=f"net{seed}")

    def trained(net):
        trainer = gn.Trainer.classifier(net, 4, 3, gn.optim.Adam(0.02))
        trainer.fit(data, epochs=3, batch=50, progress=False)
        return trainer

    both = [member(1), member(2)]
    ensemble = trained(gn.nn.Ensemble(both, seed=7))
    chances = []
    for layer in both:
        scores = gn.Program(layer(x := gn.input("x", ("batch", 4)))).run({x: data.x}).astype("float64")
        p = np.exp(scores - scores.max(1, keepdims=True))
        chances.append(p / p.sum(1, keepdims=True))
    mean = np.mean(chances, axis=0)
    np.testing.assert_allclose(np.exp(ensemble.predict(data.x)), mean, rtol=1e-4)
    measured = ensemble.evaluate(data)
    assert measured["loss"] == pytest.approx(-np.log(mean[np.arange(150), data.y]).mean(), rel=1e-5)
    assert measured["accuracy"] == pytest.approx((mean.argmax(1) == data.y).mean())
