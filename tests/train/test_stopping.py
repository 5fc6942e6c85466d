"""Callbacks that end a training in time, and put the best weights back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import graphnn as gn


def parts() -> tuple[gn.data.Dataset, gn.data.Dataset]:
    return gn.data.split(gn.data.digits(), seed=3)


def trainer(rate: float = 0.02) -> gn.Trainer:
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dense(10)], seed=1)(x)
    metrics = {"accuracy": gn.accuracy(logits, y)}
    return gn.Trainer(
        gn.softmax_cross_entropy(logits, y), gn.optim.Adam(rate), output=logits, metrics=metrics
    )


class Series(gn.train.Callback):
    """Puts given numbers into the history, to prove what others make of them; counts on after a resume."""

    def __init__(self, values: list[float], name: str = "told loss"):
        self.values, self.name, self.at = values, name, 0
        self.weights: list[np.ndarray] = []

    def epoch(self, trainer: gn.Trainer, row: dict[str, float]) -> None:
        row[self.name] = self.values[self.at]
        self.weights.append(trainer.parameters[0].value.copy())
        self.at += 1

    def state(self) -> dict[str, int]:
        return {"at": self.at}

    def set_state(self, state) -> None:
        self.at = state["at"]


def rows(count: int = 40) -> gn.data.Dataset:
    train, _ = parts()
    return gn.data.Dataset(train.x[:count], train.y[:count])


def run(callbacks, epochs: int = 12) -> tuple[gn.Trainer, gn.train.History]:
    made = trainer()
    return made, made.fit(rows(), epochs=epochs, progress=False, callbacks=callbacks)


def test_early_stopping_ends_after_so_many_epochs_without_improvement_and_puts_the_best_weights_back() -> (
    None
):
    series = Series([5.0, 4.0, 3.0, 3.5, 3.0, 3.2, 9.0])
    stopping = gn.train.EarlyStopping("told loss", patience=3)
    made, history = run([series, stopping])
    assert len(history) == 6
    assert (stopping.best_epoch, stopping.best_value) == (3, 3.0)
    assert history["epochs since best"].tolist() == [0, 0, 0, 1, 2, 3]
    assert history.stopped == (
        "told loss did not improve for 3 epochs; the best was 3 in epoch 3; the weights of epoch 3 were put back"
    )
    np.testing.assert_array_equal(made.parameters[0].value, series.weights[2])


def test_without_best_weights_the_last_ones_stay() -> None:
    series = Series([5.0, 4.0, 4.0])
    made, history = run([series, gn.train.EarlyStopping("told loss", patience=1, best_weights=False)])
    np.testing.assert_array_equal(made.parameters[0].value, series.weights[2])
    assert history.stopped == "told loss did not improve for 1 epochs; the best was 4 in epoch 2"


def test_an_improvement_must_exceed_the_least_change() -> None:
    stopping = gn.train.EarlyStopping("told loss", patience=2, least_change=0.5)
    _, history = run([Series([5.0, 4.6, 4.4, 4.2, 4.0, 1.0]), stopping])
    assert stopping.best_epoch == 3
    assert len(history) == 5


def test_for_an_accuracy_more_is_better() -> None:
    stopping = gn.train.EarlyStopping("told accuracy", patience=2)
    run([Series([0.5, 0.6, 0.4, 0.5], "told accuracy"), stopping])
    assert stopping.best_epoch == 2
    other = gn.train.EarlyStopping("told accuracy", patience=2, better="lower")
    run([Series([0.5, 0.6, 0.4, 0.5, 0.6], "told accuracy"), other])
    assert other.best_epoch == 3


def test_what_is_better_stands_in_the_metric() -> None:
    train, valid = parts()
    made = trainer()
    # Its name has no word that tells.
    wrong = gn.metrics.error_rate(made.output, made.graph.find("y"))
    made = gn.Trainer(made.loss, gn.optim.Adam(0.02), output=made.output, metrics={"e": wrong})
    best, plateau = gn.train.BestWeights("validation e"), gn.train.Plateau("validation e")
    history = made.fit(train, epochs=4, validation=valid, progress=False, callbacks=[best, plateau])
    assert best.better == plateau.better == "lower"
    assert best.best_value == history["validation e"].min()


def test_what_is_not_a_number_is_no_improvement() -> None:
    stopping = gn.train.EarlyStopping("told loss", patience=2)
    _, history = run([Series([np.nan, np.nan]), stopping])
    assert history.stopped == "told loss did not improve for 2 epochs; it was never a number"


def test_best_weights_are_those_of_the_best_validation_loss() -> None:
    train, valid = parts()
    made, best = trainer(0.05), gn.train.BestWeights()
    history = made.fit(train, epochs=8, validation=valid, progress=False, callbacks=[best])
    assert best.best_epoch == int(np.argmin(history["validation loss"])) + 1
    assert made.evaluate(valid)["loss"] == pytest.approx(history["validation loss"].min(), rel=1e-6)


def test_running_statistics_go_back_with_the_weights() -> None:
    x = gn.input("x", ("batch", 3))
    seen = gn.parameter(0.0, "seen", trainable=False)
    w = gn.parameter(np.ones(3), "w")
    y = gn.with_update(x, seen, seen + 1.0) * w
    made = gn.Trainer((y * y).mean(), gn.optim.SGD(0.01))
    made.fit(
        {"x": np.ones((4, 3), np.float32)}, epochs=5, batch=4, progress=False,
        callbacks=[Series([3.0, 1.0, 2.0, 2.0, 2.0]), gn.train.BestWeights("told loss")],
    )  # fmt: skip
    assert float(seen.value) == 2.0


@pytest.mark.parametrize("at", [2, 4, 6])
def test_a_resumed_training_stops_at_the_same_epoch_with_the_same_bits(tmp_path: Path, at: int) -> None:
    train, valid = parts()
    file = tmp_path / "training.safetensors"

    def callbacks() -> list:
        stopping = gn.train.EarlyStopping(patience=3, least_change=0.02)
        return [
            stopping,
            gn.train.Plateau(factor=0.5, patience=0),
            gn.train.GradientStatistics(train, rows=32),
        ]

    def fit(made: gn.Trainer, *, epochs: int, resume: bool, found: list) -> None:
        made.fit(
            train, epochs=epochs, validation=valid, progress=False, callbacks=found, checkpoint=file,
            resume=resume,
        )  # fmt: skip

    whole, first = trainer(0.05), callbacks()
    whole.fit(train, epochs=30, validation=valid, progress=False, callbacks=first)
    assert 6 < len(whole.history) < 30
    begun = trainer(0.05)
    with pytest.raises(RuntimeError, match="pulled"):
        fit(begun, epochs=30, resume=False, found=[*callbacks(), Pull(at)])
    gone_on, second = trainer(0.05), callbacks()
    fit(gone_on, epochs=30, resume=True, found=[*second, Pull(99)])
    assert gone_on.history.stopped == whole.history.stopped
    names = [n for n in whole.history.names if n != "seconds"]
    for name in names:
        np.testing.assert_array_equal(gone_on.history[name], whole.history[name], err_msg=name)
    for a, b in zip(whole.parameters, gone_on.parameters, strict=True):
        np.testing.assert_array_equal(a.value, b.value)
    assert second[2].table() == first[2].table()


class Pull(gn.train.Callback):
    """The plug is pulled at the end of an epoch, before its checkpoint."""

    def __init__(self, at: int):
        self.at = at

    def epoch(self, trainer: gn.Trainer, row: dict[str, float]) -> None:
        if len(trainer.history) == self.at:
            raise RuntimeError("pulled")


def test_stop_at_ends_above_or_below_a_value() -> None:
    _, history = run([Series([5.0, 4.0, 2.0, 1.0]), gn.train.StopAt("told loss", below=2.5)])
    assert len(history) == 3
    assert history.stopped == "told loss 2 is below 2.5"
    _, history = run([Series([0.1, 0.95], "share"), gn.train.StopAt("share", above=0.9)])
    assert history.stopped == "share 0.95 is above 0.9"


def test_a_time_limit_ends_the_training_and_counts_what_went_before() -> None:
    _, history = run([gn.train.TimeLimit(1e-9)])
    assert len(history) == 1
    assert history.stopped == "the time limit of 1e-09 s is over"
    limit = gn.train.TimeLimit(1e6)
    limit.set_state({"spent": 5e5})
    assert limit.spent >= 5e5
    assert limit.state()["spent"] >= 5e5


def test_lines_are_written_every_few_epochs_and_at_the_end() -> None:
    lines: list[str] = []
    log = gn.train.LogLines(lines.append, every=3, measures=["told loss", "nothing"])
    run([Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), log], epochs=7)
    assert lines == [
        "epoch 1: told loss 1, nothing is not measured",
        "epoch 3: told loss 3, nothing is not measured",
        "epoch 6: told loss 6, nothing is not measured",
        "ended after epoch 7: all epochs were run",
    ]


def test_callbacks_that_cannot_work_say_so() -> None:
    train = gn.train
    for make, words in (
        (lambda: train.EarlyStopping(patience=0), "patience is a whole number"),
        (lambda: train.EarlyStopping(least_change=-1.0), "least_change is a number of at least 0"),
        (lambda: train.EarlyStopping(3), "measure: measure is a name"),
        (lambda: train.EarlyStopping(better="up"), "'lower' or 'higher'"),
        (lambda: train.StopAt("loss"), "either above= or below="),
        (lambda: train.StopAt("loss", above=1.0, below=2.0), "either above= or below="),
        (lambda: train.TimeLimit(0.0), "wanted a positive number"),
        (lambda: train.LogLines("x"), "write is a function"),
        (lambda: train.LogLines(measures="loss"), "a list of names"),
        (lambda: train.Plateau(factor=0.0), "between 0 and 1"),
        (lambda: train.Plateau(optimizer=0.1), "one of gn.optim"),
        (lambda: run([train.EarlyStopping("los")]), "Did you mean 'loss'"),
        (lambda: run([train.EarlyStopping()]), "Pass validation="),
    ):
        with pytest.raises(gn.SettingError, match=words):
            make()
