"""Callbacks see each epoch, may add measures and stop the training, and are ended whatever happens."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

DATA = {"x": np.linspace(-1.0, 1.0, 12).reshape(12, 1)}


def made(rate: float = 0.1, **settings) -> gn.Trainer:
    x, w = gn.input("x", ("batch", 1), "float64"), gn.parameter(np.ones((1, 1)), "w", "float64")
    return gn.Trainer(((x @ w) ** 2.0).mean(), gn.optim.SGD(rate), **settings)


class Told(gn.train.Callback):
    def __init__(self) -> None:
        self.said: list[str] = []

    def begin(self, trainer):
        self.said.append("begin")

    def epoch(self, trainer, row):
        self.said.append(f"epoch {len(trainer.history)}")

    def end(self, trainer):
        self.said.append("end")


def test_a_callback_is_called_at_the_begin_after_each_epoch_and_at_the_end() -> None:
    told = Told()
    made().fit(DATA, epochs=2, progress=False, callbacks=[told])
    assert told.said == ["begin", "epoch 1", "epoch 2", "end"]


def test_a_function_may_add_measures_to_the_row_and_see_those_before_it() -> None:
    seen = []
    history = made().fit(
        DATA, epochs=2, progress=False, validation=DATA,
        callbacks=[
            lambda trainer, row: row.update(weight=float(trainer.parameters[0].value[0, 0])),
            lambda trainer, row: seen.append(dict(row)),
        ],
    )  # fmt: skip
    assert history.names == ("loss", "seconds", "validation loss", "weight")
    assert seen == list(history) and history["weight"][1] < history["weight"][0] < 1.0


def test_a_callback_may_try_something_and_later_ones_still_add_to_the_row() -> None:
    def tries(trainer, row):
        with trainer.kept():
            trainer.fit({"x": np.ones((3, 1))}, epochs=2, progress=False)
        row["tried"] = 1.0

    trainer, wanted = made(), made()
    history = trainer.fit(
        DATA, epochs=3, progress=False, callbacks=[tries, lambda t, row: row.update(later=2.0)]
    )
    wanted.fit(DATA, epochs=3, progress=False)
    assert list(history["tried"]) == [1.0] * 3 and list(history["later"]) == [2.0] * 3
    np.testing.assert_array_equal(history["loss"], wanted.history["loss"])


def test_a_callback_stops_the_training_and_the_history_tells_why() -> None:
    def enough(trainer, row):
        if len(trainer.history) == 3:
            trainer.stop("three are enough")

    trainer = made()
    history = trainer.fit(DATA, epochs=10, progress=False, callbacks=[enough])
    assert len(history) == 3 and history.stopped == "three are enough"
    assert trainer.fit(DATA, epochs=2, progress=False).stopped == "all epochs were run"
    assert len(history) == 5


@pytest.mark.parametrize(
    ("raised", "stopped"), [(KeyboardInterrupt, "interrupted"), (RuntimeError, "RuntimeError")]
)
def test_callbacks_are_ended_after_an_error_too(raised, stopped: str) -> None:
    told, trainer = Told(), made()

    def fail(trainer, row):
        raise raised

    with pytest.raises(raised):
        trainer.fit(DATA, epochs=2, progress=False, callbacks=[told, fail])
    assert told.said == ["begin", "epoch 1", "end"]
    assert trainer.history.stopped == stopped and len(trainer.history) == 1
    trainer.fit(DATA, epochs=2, progress=False)
    assert len(trainer.history) == 3


def test_callbacks_are_ended_when_the_loss_is_no_number() -> None:
    told, trainer = Told(), made(1e200)
    with pytest.raises(gn.NotFiniteError, match=r"epoch 1 is (nan|inf); the sum first was so in step 2 of 3"):
        trainer.fit(DATA, epochs=2, batch=4, progress=False, callbacks=[told])
    assert told.said == ["begin", "end"] and trainer.history.stopped == "not finite"
    assert (
        not np.isfinite(trainer.parameters[0].value).all() or abs(trainer.parameters[0].value[0, 0]) > 1e100
    )


def test_a_watching_trainer_names_epoch_step_and_node() -> None:
    trainer = made(1e100, watch=True)
    with pytest.raises(gn.NotFiniteError, match=r"^fit: epoch 1, step 3 of 6: .*: its value has (inf|nan)"):
        trainer.fit(DATA, epochs=4, batch=2, shuffle=False, progress=False)
    assert trainer.history.stopped == "not finite" and np.isfinite(trainer.parameters[0].value).all()


def test_a_label_that_is_no_class_is_told_with_epoch_and_step() -> None:
    x, y = gn.input("x", ("batch", 2)), gn.input("y", ("batch",), "int64")
    w = gn.parameter(np.ones((2, 3)), "w")
    trainer = gn.Trainer(gn.softmax_cross_entropy(x @ w, y), gn.optim.SGD(0.1))
    labels = np.zeros(15, int)
    labels[9] = 3
    with pytest.raises(gn.FaultError, match=r"^fit: epoch 1, step 4 of 5: .*3"):
        trainer.fit({"x": np.ones((15, 2)), "y": labels}, batch=3, epochs=1, shuffle=False, progress=False)


def test_validation_that_lacks_an_input_is_told_before_training() -> None:
    x, t = gn.input("x", ("batch", 1), "float64"), gn.input("t", ("batch", 1), "float64")
    w = gn.parameter(np.ones((1, 1)), "w", "float64")
    trainer = gn.Trainer(((x @ w - t) ** 2.0).mean(), gn.optim.SGD(0.1))
    with pytest.raises(gn.FeedError, match=r"validation: no rows for input 't'\. Found rows for: 'x'"):
        trainer.fit({**DATA, "t": DATA["x"]}, validation=DATA, progress=False)
    assert len(trainer.history) == 0 and float(w.value[0, 0]) == 1.0


@pytest.mark.parametrize(
    ("callbacks", "words"),
    [
        (["print"], "a callback is a gn.train.Callback or a function f\\(trainer, row\\), found 'print'"),
        ([Told], "Make one of it by calling it"),
        (3, "callbacks are a list"),
        ("print", "callbacks are a list"),
        ([lambda trainer, row: row.update(table=np.zeros((2, 2)))], "holds 'table'"),
        ([lambda trainer, row: trainer.stop("")], "say why in words"),
    ],
)  # fmt: skip
def test_what_is_no_callback_is_told(callbacks, words: str) -> None:
    with pytest.raises(gn.SettingError, match=words):
        made().fit(DATA, epochs=1, progress=False, callbacks=callbacks)


# Terms


def test_the_terms_of_a_mixed_loss_are_means_over_each_epoch() -> None:
    x, w = gn.input("x", ("batch", 1), "float64"), gn.parameter(np.ones((1, 1)), "w", "float64")
    fit, size = ((x @ w) ** 2.0).mean(), (w**2.0).sum() * 0.5
    trainer = gn.Trainer(fit + size, gn.optim.SGD(1e-12), terms={"fit": fit, "size": size})
    history = trainer.fit(DATA, epochs=1, batch=5, progress=False)
    assert history.names == ("loss", "fit", "size", "seconds")
    assert history["fit"][0] == pytest.approx((DATA["x"] ** 2).mean())
    assert history["size"][0] == pytest.approx(0.5)
    assert history["loss"][0] == pytest.approx(history["fit"][0] + history["size"][0])


@pytest.mark.parametrize("terms", [{"loss": 1}, {"a": 3.0}, 3, {3: 1}, {"seconds": 1}], ids=str)
def test_what_is_no_term_is_told(terms) -> None:
    with pytest.raises(gn.SettingError, match="term"):
        made(terms=terms)
