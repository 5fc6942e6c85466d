"""A training that is gone on with ends with the same bits as one that was not interrupted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest

import graphnn as gn
from graphnn.train.bar import Bar
from graphnn.train.epoch import Epochs

ROWS, BATCH = 23, 4


def rows(seed: int = 7) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.normal(size=(ROWS, 3)), "t": rng.normal(size=(ROWS, 1))}


def made(optimizer=None, **settings):
    """A trainer with random numbers, running state, an optimiser with memory, and a schedule."""
    x, t = gn.input("x", ("batch", 3), "float64"), gn.input("t", ("batch", 1), "float64")
    w = gn.parameter(np.full((3, 1), 0.3), "w", "float64")
    b = gn.parameter(np.zeros(1), "b", "float64")
    seen = gn.parameter(0.0, "seen", "float64", trainable=False)
    count = gn.counter("draws")
    wild = x + 0.1 * gn.random_normal(count, x.shape, seed=5, dtype="float64")
    y = gn.with_update(wild @ w + b, seen, seen * 0.9 + x.mean() * 0.1)
    calm = x @ w + b + 0.0 * seen
    optimizer = optimizer or gn.optim.Adam(0.01, schedule=gn.optim.cosine(40))
    return gn.Trainer(
        ((y - t) ** 2.0).mean(), optimizer, evaluation_loss=((calm - t) ** 2.0).mean(), output=calm, **settings
    )  # fmt: skip


def bits(trainer: gn.Trainer) -> dict[str, bytes]:
    """Everything that a state holds but the seconds."""
    state = trainer.state()
    found = {name: array.tobytes() for name, array in state.arrays.items()}
    history = trainer.history
    return {**found, **{name: history[name].tobytes() for name in history.names if name != "seconds"}}


class Stops(gn.train.Callback):
    """Remembers losses, halves the learning rate when one is told to, and stops after `epochs`."""

    def __init__(self, epochs: int = 99):
        self.epochs, self.losses, self.largest = epochs, [], np.zeros(2)

    def epoch(self, trainer, row):
        self.losses.append(row["loss"])
        self.largest = np.maximum(self.largest, [row["loss"], len(self.losses)])
        row["seen"] = float(len(self.losses))
        if len(self.losses) % 2 == 0:
            trainer.optimizer.learning_rate.value = float(trainer.optimizer.learning_rate.value) / 2
        if len(self.losses) >= self.epochs:
            trainer.stop(f"{self.epochs} epochs are enough")

    def state(self):
        return {"losses": self.losses, "largest": self.largest}

    def set_state(self, state):
        self.losses, self.largest = list(state["losses"]), state["largest"]


class Interrupt(gn.train.Callback):
    """Ctrl-C after some epochs."""

    def __init__(self, after: int):
        self.left = after

    def epoch(self, trainer, row):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def through(epochs: int = 6, **settings) -> gn.Trainer:
    trainer = made(**settings)
    trainer.fit(rows(), epochs=epochs, batch=BATCH, progress=False)
    return trainer


@contextlib.contextmanager
def step_by_step() -> Iterator[None]:
    """Epochs whose every step is a call of its own, so that something can come between."""
    whole = Epochs.run

    def run(self, batch, tell):
        self._at_once = 1
        return whole(self, batch, tell)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Epochs, "run", run)
        patch.setattr("graphnn.train.epoch._PIECE", 0.0)
        yield


def interrupted_within_an_epoch(trainer: gn.Trainer, steps: int, **settings) -> None:
    """Ctrl-C after so many steps."""
    left, heard = [steps], Bar.steps

    def interrupt(self, count):
        heard(self, count)
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt

    with step_by_step(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bar, "steps", interrupt)
        with pytest.raises(KeyboardInterrupt):
            trainer.fit(rows(), epochs=6, batch=BATCH, progress=False, **settings)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("steps", [1, 5, 6, 7, 15, 17])
def test_a_state_within_an_epoch_is_gone_on_with_exactly(steps: int, accumulate: int) -> None:
    wanted = bits(through(accumulate=accumulate))
    first = made(accumulate=accumulate)
    interrupted_within_an_epoch(first, steps)
    assert first.history.stopped == "interrupted"
    assert accumulate > 1 or len(first.history) == (steps - 1) // 6
    state = first.state()
    second = made(accumulate=accumulate)
    second.set_state(state)
    for trainer in (first, second):  # in the same process, and as if in another
        trainer.fit(rows(), epochs=6, batch=BATCH, progress=False, resume=True)
        assert bits(trainer) == wanted
        assert trainer.history.stopped == "all epochs were run"


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: gn.optim.Adam(0.01, average=gn.optim.ema(0.9), clip=gn.optim.clip_global_norm(1.0)),
        lambda: gn.optim.Groups({"b": gn.optim.SGD(0.01, momentum=0.9), "*": gn.optim.AdamW(0.01)}),
        lambda: gn.optim.SGD(0.01, schedule=gn.optim.plateau(every=3, patience=2)),
        gn.optim.LBFGS,
    ],
    ids=["Adam with averages", "groups", "plateau", "LBFGS"],
)
def test_what_an_optimiser_remembers_is_part_of_the_state(optimizer) -> None:
    wanted = bits(through(optimizer=optimizer()))
    first, second = made(optimizer=optimizer()), made(optimizer=optimizer())
    interrupted_within_an_epoch(first, 9)
    second.set_state(first.state())
    second.fit(rows(), epochs=6, batch=BATCH, progress=False, resume=True)
    assert bits(second) == wanted


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_checkpoint_file_is_gone_on_with_exactly_also_after_another_fit(tmp_path, after: int) -> None:
    def begun():
        trainer = made()
        trainer.fit(rows(8), epochs=2, batch=5, seed=3, progress=False)
        return trainer

    wanted = begun()
    wanted.fit(rows(), epochs=6, batch=BATCH, seed=1, progress=False, callbacks=[Stops(), Interrupt(99)])
    settings = {
        "epochs": 6,
        "batch": BATCH,
        "seed": 1,
        "progress": False,
        "checkpoint": tmp_path / "run.safetensors",
    }
    stopped = begun()
    with pytest.raises(KeyboardInterrupt):
        # Interrupted after the epoch's steps and before it is saved: the epoch is made again.
        stopped.fit(rows(), callbacks=[Stops(), Interrupt(after)], **settings, resume=True)
    again = begun()
    history = again.fit(rows(), callbacks=[Stops(), Interrupt(99)], **settings, resume=True)
    assert bits(again) == bits(wanted) and len(history) == 8
    rerun = begun()
    rerun.fit(rows(), callbacks=[Stops(), Interrupt(99)], **settings, resume=True)
    assert bits(rerun) == bits(wanted), "nothing is left to do"


def test_ctrl_c_between_steps_saves_what_has_been_done(tmp_path) -> None:
    file = tmp_path / "run.safetensors"
    first = made()
    interrupted_within_an_epoch(first, 9, checkpoint=file)
    second = made()
    second.fit(rows(), epochs=6, batch=BATCH, progress=False, checkpoint=file, resume=True)
    assert bits(second) == bits(through())
    assert int(gn.train.read_checkpoint(file).state.arrays["trainer/epoch"]) == 6


def test_checkpoints_by_seconds_are_written_within_an_epoch(tmp_path) -> None:
    file = tmp_path / "run.safetensors"
    first = made()
    often = gn.train.Checkpoint(file, every=100, seconds=1e-9)
    original, calls = often.within, []

    def within(trainer):
        original(trainer)
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError

    often.within = within
    with pytest.raises(ZeroDivisionError), step_by_step():
        first.fit(rows(), epochs=6, batch=BATCH, progress=False, checkpoint=often)
    state = gn.train.read_checkpoint(file).state
    assert 0 < int(state.arrays["trainer/cursor"]) < 6 * BATCH
    second = made()
    second.fit(rows(), epochs=6, batch=BATCH, progress=False, checkpoint=file, resume=True)
    assert bits(second) == bits(through())


def test_a_callback_that_stopped_the_fit_is_not_undone_by_going_on(tmp_path) -> None:
    file = tmp_path / "run.safetensors"
    for _ in range(2):
        trainer = made()
        trainer.fit(
            rows(), epochs=6, batch=BATCH, progress=False, callbacks=[Stops(3)], checkpoint=file, resume=True
        )
        assert len(trainer.history) == 3 and trainer.history.stopped == "3 epochs are enough"
    assert trainer.fit(rows(), epochs=1, batch=BATCH, progress=False).stopped == "all epochs were run"


def test_going_on_with_other_data_or_settings_is_refused_and_nothing_is_changed(tmp_path) -> None:
    file = tmp_path / "run.safetensors"
    settings = {"epochs": 4, "batch": BATCH, "progress": False, "resume": True}
    for keep in ({}, {"checkpoint": file}):
        first = made()
        first.fit(rows(), **{**settings, "epochs": 2}, callbacks=[Stops()], **keep)
        second = made() if keep else first
        before = bits(second)
        for wrong, kind, words in (
            ({"data": rows(8)}, gn.DataError, "data"),
            ({"data": {k: v[:20] for k, v in rows().items()}}, gn.DataError, "rows"),
            ({"batch": 5}, gn.GraphnnError, "batch"),
            ({"seed": 5}, gn.GraphnnError, "seed"),
            ({"shuffle": False}, gn.GraphnnError, "shuffle"),
            ({"callbacks": []}, gn.DataError, "had the callbacks Stops, found none"),
            ({"callbacks": [Stops(), Stops()]}, gn.DataError, "callbacks"),
        ):
            given = {"callbacks": [Stops()], **settings, **wrong}
            with pytest.raises(kind, match=words):
                second.fit(given.pop("data", rows()), **given, **keep)
            assert bits(second) == before
        second.fit(rows(), callbacks=[Stops()], **settings, **keep)
        assert len(second.history) == 4


def test_a_state_of_another_trainer_is_refused_before_anything_is_changed() -> None:
    trainer, other = through(2), gn.Trainer(made().loss, gn.optim.SGD(0.1, momentum=0.9))
    state = trainer.state()
    before = bits(other)
    small = gn.train.State({**state.arrays, "w": np.zeros(2)}, state.facts)
    for target, wrong, words in (
        (other, state, "belongs to another model, optimizer or trainer"),
        (trainer, small, r"the value of 'w' is float64 \(2,\), but the trainer has 'w' float64 \(3, 1\)"),
        (trainer, gn.train.State(state.arrays, {}), "lack 'history'"),
        (trainer, gn.train.State({}, state.facts), "no value for"),
        (trainer, 3, "found int"),
        (
            trainer,
            gn.train.State(state.arrays, {**state.facts, "fit": {"rows": 3}}),
            "facts of the fit are damaged",
        ),
    ):
        kept = bits(target)
        with pytest.raises(gn.DataError, match=words):
            target.set_state(wrong)
        assert bits(target) == kept
    assert bits(other) == before


def test_a_block_that_keeps_the_trainer_leaves_no_trace() -> None:
    trainer, wanted = made(), through()
    for _ in range(3):
        before = None
        with trainer.kept():
            before = bits(trainer)
            trainer.fit(rows(), epochs=1, batch=7, progress=False)
            trainer.fit(rows(9), epochs=1, batch=2, seed=4, progress=False)
            trainer.step({name: values[:5] for name, values in rows().items()})
        assert bits(trainer) == before
        trainer.fit(rows(), epochs=2, batch=BATCH, progress=False)
    assert bits(trainer) == bits(wanted)


def test_a_snapshot_within_an_epoch_is_gone_on_with() -> None:
    trainer = made()
    interrupted_within_an_epoch(trainer, 9)
    with trainer.kept():
        trainer.fit(rows(8), epochs=1, progress=False)
    trainer.fit(rows(), epochs=6, batch=BATCH, progress=False, resume=True)
    assert bits(trainer) == bits(through())


def test_names_of_arrays_are_scope_and_name_told_apart_by_numbers() -> None:
    names = list(through(1).state().arrays)
    assert {"w", "b", "seen", "draws", "Adam/learning_rate", "Adam/steps", "trainer/epoch"} <= set(names)
    x = gn.input("x", ("batch",), "float64")
    a, b = gn.parameter(1.0, "w", "float64"), gn.parameter(2.0, "w", "float64")
    trainer = gn.Trainer((x * a * b).mean(), gn.optim.SGD(0.1))
    state = trainer.state()
    assert (float(state.arrays["w"]), float(state.arrays["w#2"])) == (1.0, 2.0)


@pytest.mark.parametrize("file", ["absent/run.safetensors", "."])
def test_a_checkpoint_that_cannot_be_written_is_told_before_training(tmp_path, file: str) -> None:
    trainer = made()
    before = bits(trainer)
    with pytest.raises(gn.GraphnnError, match="folder"):
        trainer.fit(rows(), epochs=1, progress=False, checkpoint=tmp_path / file)
    assert bits(trainer) == before


class Wants(gn.train.Callback):
    """A memory of one kind: what cannot be taken up is an error of Python."""

    def __init__(self, how):
        self.how, self.ended = how, 0

    def state(self):
        return {"here": 1.0}

    def set_state(self, state):
        self.how(state)

    def end(self, trainer):
        self.ended += 1


@pytest.mark.parametrize("how", [
    lambda s: s["absent"], lambda s: s["here"].append(1), lambda s: s["here"] + "x", lambda s: [][3],
    lambda s: int("x"), lambda s: gn.scalar("x"),
], ids=["KeyError", "AttributeError", "TypeError", "IndexError", "ValueError", "DtypeError"])  # fmt: skip
@pytest.mark.parametrize("file", [True, False])
def test_a_memory_that_a_callback_cannot_take_up_leaves_the_trainer_as_it_was(tmp_path, how, file) -> None:
    path, settings = tmp_path / "run.safetensors", {"batch": BATCH, "progress": False}

    def callbacks(last):
        return [gn.train.EarlyStopping("loss", patience=9), Wants(last)]

    made_before = made()
    made_before.fit(rows(), epochs=3, callbacks=callbacks(len), checkpoint=path, **settings)
    trainer = made()
    if file:
        settings["checkpoint"] = path
    else:
        trainer.set_state(made_before.state())
    before, wrong = bits(trainer), callbacks(how)
    with pytest.raises(
        gn.DataError, match=r"callback Wants cannot take up what it remembered: .+the trainer is as it"
    ):
        trainer.fit(rows(), epochs=5, callbacks=wrong, resume=True, **settings)
    assert bits(trainer) == before and wrong[1].ended == 1
    trainer.fit(rows(), epochs=5, callbacks=callbacks(len), resume=True, **settings)
    made_before.fit(rows(), epochs=5, callbacks=callbacks(len), resume=True, batch=BATCH, progress=False)
    assert bits(trainer) == bits(made_before)


@pytest.mark.parametrize("memory", [
    {"best value": "0", "best epoch": 1, "waited": 0, "weights": {}}, {}, {"best value": None, "best epoch": -1},
    {"best value": 0.5, "best epoch": 1, "waited": 0, "weights": []},
    {"best value": 0.5, "best epoch": 1, "waited": 0, "weights": {"w": np.zeros(3)}},
], ids=str)  # fmt: skip
def test_early_stopping_takes_up_nothing_of_a_memory_that_is_not_its_own(memory) -> None:
    stopping = gn.train.EarlyStopping("loss")
    stopping.begin(made())
    before = stopping.state()
    with pytest.raises(gn.DataError):
        stopping.set_state(memory)
    assert stopping.state() == before


def test_without_a_file_an_unfinished_fit_is_gone_on_with_exactly(tmp_path) -> None:
    path = tmp_path / "run.safetensors"
    trainer = made()
    interrupted_within_an_epoch(trainer, 9)
    trainer.fit(rows(), epochs=6, batch=BATCH, progress=False, resume=True, checkpoint=path)
    assert bits(trainer) == bits(through(6))
    from_file = made()
    from_file.fit(rows(), epochs=6, batch=BATCH, progress=False, resume=True, checkpoint=path)
    assert bits(from_file) == bits(trainer)


def test_without_a_file_and_with_nothing_unfinished_a_new_fit_begins_at_the_present_parameters(
    tmp_path,
) -> None:
    twice, wanted = through(3), through(3)
    path = tmp_path / "run.safetensors"
    history = twice.fit(rows(), epochs=3, batch=BATCH, progress=False, resume=True, checkpoint=path)
    wanted.fit(rows(), epochs=3, batch=BATCH, progress=False)
    assert len(history) == 6 and bits(twice) == bits(wanted)
