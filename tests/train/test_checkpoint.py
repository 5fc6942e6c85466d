"""A training that is gone on with from its file ends as if it had never stopped; a wrong file changes nothing."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from graphnn.io.container import read_container, write_container
from graphnn.train import Checkpoint, load_checkpoint, read_checkpoint, save_checkpoint

RNG = np.random.default_rng(3)
DATA = {"x": RNG.normal(size=(70, 5)).astype("float32"), "y": RNG.integers(0, 3, 70)}
CHECK = {"x": RNG.normal(size=(30, 5)).astype("float32"), "y": RNG.integers(0, 3, 30)}


def build(width: int = 6, optimizer=None, act=gn.tanh, *, output: bool = True, **options) -> gn.Trainer:
    """A net with dropout and batch normalisation, trained by Adam with a schedule."""
    x, y = gn.input("x", ("batch", 5)), gn.input("y", ("batch",), "int64")
    layers = [gn.nn.Dense(width, act), gn.nn.BatchNorm(), gn.nn.Dropout(0.3), gn.nn.Dense(3)]
    net = gn.nn.Sequential(layers, seed=2)
    training, scores = net(x, training=True), net(x)
    return gn.Trainer(
        gn.softmax_cross_entropy(training, y),
        optimizer or gn.optim.Adam(0.02, schedule=gn.optim.cosine(60)),
        output=scores if output else None,
        evaluation_loss=gn.softmax_cross_entropy(scores, y),
        metrics={"accuracy": gn.accuracy(scores, y)},
        **options,
    )


def fit(trainer: gn.Trainer, epochs: int, checkpoint=None, *, data=DATA, **options) -> gn.Trainer:
    settings = {"batch": 16, "seed": 4, "validation": CHECK, "progress": False, **options}
    trainer.fit(data, epochs=epochs, checkpoint=checkpoint, **settings)
    return trainer


def ended(trainer: gn.Trainer) -> dict[str, object]:
    """All that a training ends with, but for the seconds that it took."""
    state = trainer.state()
    found: dict[str, object] = {name: a.tobytes() for name, a in state.arrays.items()}
    rows = [{k: v.hex() for k, v in row.items() if k != "seconds"} for row in trainer.history]
    facts = {k: v for k, v in state.facts.items() if k != "history"}
    return {**found, "history": rows, "facts": json.dumps(facts)}


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A checkpoint after two epochs."""
    path = tmp_path / "run.safetensors"
    fit(build(), 2, path)
    return path


# Going on


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_going_on_ends_with_the_bits_of_a_training_that_was_not_interrupted(
    tmp_path: Path, stop: int
) -> None:
    path = tmp_path / "run.safetensors"
    whole = fit(build(), 6)
    fit(build(), stop, path)
    assert ended(fit(build(), 6, path, resume=True)) == ended(whole)
    # Once more, it is at its end already.
    assert ended(fit(build(), 6, path, resume=True)) == ended(whole)
    assert names(tmp_path) == ["run.safetensors"]


def test_going_on_without_a_file_is_a_beginning(tmp_path: Path) -> None:
    first = fit(build(), 3, tmp_path / "a", resume=True)
    assert ended(first) == ended(fit(build(), 3, tmp_path / "b"))
    assert (tmp_path / "a").read_bytes() != b""


def test_without_resume_an_old_file_is_replaced(path: Path) -> None:
    fit(build(), 1, path)
    assert len(read_checkpoint(path).state.facts["history"]["rows"]) == 1


def test_every_so_many_epochs_and_at_the_end(tmp_path: Path, monkeypatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(
        "graphnn.train.checkpoint.write_container", lambda *_: saved.append(len(trainer.history))
    )
    for every, epochs, wanted in ((1, 3, [1, 2, 3]), (2, 5, [2, 4, 5]), (4, 3, [3]), (3, 6, [3, 6])):
        trainer, saved[:] = build(), []
        fit(trainer, epochs, Checkpoint(tmp_path / "run", every=every))
        assert saved == wanted


def test_within_an_epoch_too_and_the_bits_stay(tmp_path: Path) -> None:
    """Each saving within an epoch is kept, and each of them is gone on with."""
    kept: list[Path] = []

    class Keeping(Checkpoint):
        def within(self, trainer):
            super().within(trainer)
            kept.append(tmp_path / f"kept {len(kept)}")
            shutil.copy(self.path, kept[-1])

    whole = ended(fit(build(), 3, batch=2))
    assert ended(fit(build(), 3, Keeping(tmp_path / "run", seconds=1e-9), batch=2)) == whole
    cursors = [int(read_checkpoint(file).state.arrays["trainer/cursor"]) for file in kept]
    assert any(0 < cursor < 70 for cursor in cursors)
    for file, cursor in zip(kept, cursors, strict=True):
        if 0 < cursor < 70:
            assert ended(fit(build(), 3, file, batch=2, resume=True)) == whole


def test_gathered_gradients_and_averages_are_gone_on_with(tmp_path: Path) -> None:
    def make() -> gn.Trainer:
        return build(optimizer=gn.optim.AdamW(0.01, average=gn.optim.ema(0.9)), accumulate=3)

    whole = ended(fit(make(), 5))
    fit(make(), 2, tmp_path / "run")
    assert ended(fit(make(), 5, tmp_path / "run", resume=True)) == whole


def test_the_best_epoch_is_kept_beside_it(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / "run.safetensors", every=3, best="validation loss")
    trainer = fit(build(), 8, file)
    assert names(tmp_path) == ["run-best.safetensors", "run.safetensors"]
    losses = trainer.history["validation loss"]
    best = build()
    load_checkpoint(best, file.best_path)
    assert len(best.history) == int(losses.argmin()) + 1
    assert best.evaluate(CHECK)["loss"] == losses.min()
    # Interrupted and gone on with, the best is the same file.
    again = Checkpoint(tmp_path / "again.safetensors", best="validation loss")
    for epochs in (2, 5, 8):
        fit(build(), epochs, again, resume=True)
    one, two = (read_checkpoint(f.best_path).state.arrays for f in (file, again))
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_higher_is_better_for_an_accuracy_and_where_one_says_so(tmp_path: Path) -> None:
    for options, pick in (
        ({"best": "validation accuracy"}, np.argmax),
        ({"best": "loss", "better": "higher"}, np.argmax),
        ({"best": "loss"}, np.argmin),
    ):
        file = Checkpoint(tmp_path / "run", **options)
        trainer = fit(build(), 5, file)
        rows = read_checkpoint(file.best_path).state.facts["history"]["rows"]
        assert len(rows) == int(pick(trainer.history[options["best"]])) + 1
    with pytest.raises(gn.SettingError, match=r"the history has no measure 'validation los'. Did you mean"):
        fit(build(), 5, Checkpoint(tmp_path / "run", best="validation los"))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"every": 0}, "every is a whole number of at least 1"),
        ({"every": 1.5}, "every is a whole number"),
        ({"seconds": 0}, "seconds: wanted a positive number"),
        ({"seconds": float("nan")}, "seconds: wanted a positive number"),
        ({"best": 3}, "best is the name of a measure, found 3"),
        ({"best": ""}, "best is the name of a measure"),
        ({"better": "more"}, "better is 'lower' or 'higher', found 'more'"),
    ],
)
def test_settings_that_are_none_are_told(settings, told: str) -> None:
    with pytest.raises(gn.SettingError, match=told):
        Checkpoint("run", **settings)


# The model in it


def test_a_checkpoint_is_a_model_too(path: Path) -> None:
    trainer, model = build(), gn.io.load_model(path)
    load_checkpoint(trainer, path)
    assert list(model.outputs) == ["output", "loss", "evaluation loss"]
    assert model.predict(CHECK["x"]).tobytes() == trainer.predict(CHECK["x"]).tobytes()
    found = model.predict(CHECK, "evaluation loss")
    np.testing.assert_allclose(found, trainer.evaluate(CHECK)["loss"], rtol=1e-6)
    # Nothing is kept twice: what the training has, the model takes.
    arrays, _ = read_container(path)
    assert sorted(arrays) == sorted(trainer.state().arrays)


def test_a_checkpoint_of_averages_holds_the_averaged_model(tmp_path: Path) -> None:
    optimizer = gn.optim.SGD(0.1, average=gn.optim.ema(0.9))
    trainer = fit(build(optimizer=optimizer), 3, tmp_path / "run")
    model = gn.io.load_model(tmp_path / "run")
    wanted = gn.Program(gn.optim.averaged_graph(trainer.output, optimizer)).run({"x": CHECK["x"]})
    np.testing.assert_allclose(model.predict(CHECK["x"], "averaged output"), wanted, rtol=1e-6)


def test_a_trainer_without_an_output_and_one_of_several_losses_are_kept(tmp_path: Path) -> None:
    save_checkpoint(build(output=False), tmp_path / "a")
    assert list(gn.io.load_model(tmp_path / "a").outputs) == ["loss", "evaluation loss"]
    x = gn.input("x", ("batch", 5))
    a, b = gn.nn.Dense(1, seed=1, name="a")(x), gn.nn.Dense(1, seed=2, name="b")(x)

    def turns() -> gn.Trainer:
        return gn.Trainer.in_turn(
            [
                gn.train.Turn("one", (a * a).mean(), gn.optim.SGD(0.1)),
                gn.train.Turn("two", ((a - b) ** 2.0).mean(), gn.optim.Adam(0.1), repeats=2),
            ],
            output=a,
        )

    trainer = turns()
    data = {"x": DATA["x"]}
    start = trainer.state()
    trainer.fit(data, epochs=4, progress=False)
    whole = ended(trainer)
    trainer.set_state(start)
    trainer.fit(data, epochs=2, progress=False, checkpoint=tmp_path / "b")
    trainer.set_state(start)
    trainer.fit(data, epochs=4, progress=False, checkpoint=tmp_path / "b", resume=True)
    assert ended(trainer) == whole


# Files that do not fit

MEMORY = '"callbacks": [{"kind": "EarlyStopping", "state": {"dict": {"weights": {"array": "none"}}}}]'


def refused(trainer: gn.Trainer, act, told: str, kind=gn.DataError) -> None:
    before = ended(trainer)
    with pytest.raises(kind) as caught:
        act(trainer)
    assert told in str(caught.value), str(caught.value)
    assert ended(trainer) == before


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: build(7), "is float32 (5, 7) here, float32 (5, 6) in the file"),
        (lambda: build(optimizer=gn.optim.SGD(0.1)), "optimizer is 'SGD' here, 'Adam' in the file"),
        (lambda: build(optimizer=gn.optim.Adam(0.02, amsgrad=True)), "largest second moment"),
        (lambda: build(optimizer=gn.optim.Adam(0.02)), "the graph of the step is another one"),
        (lambda: build(act=gn.relu), "the graph of the step is another one"),
        (lambda: build(accumulate=2), "not in the file"),
        (lambda: build(terms={"a": gn.scalar(1.0) * 2.0}), "not in the file"),
    ],
    ids=["width", "optimizer", "amsgrad", "schedule", "activation", "accumulate", "terms"],
)
def test_a_file_of_another_training_is_refused_in_words(path: Path, make, told: str) -> None:
    refused(make(), lambda t: load_checkpoint(t, path), "run.safetensors belongs to another training: ")
    refused(make(), lambda t: load_checkpoint(t, path), told)
    refused(make(), lambda t: fit(t, 4, path, resume=True), told)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"batch": 15}, "batch is 15 here, 16 in the file"),
        ({"seed": 5}, "seed is 5 here, 4 in the file"),
        ({"shuffle": False}, "shuffle is 0 here, 1 in the file"),
        ({"data": {k: v[:-1] for k, v in DATA.items()}}, "rows is 69 here, 70 in the file"),
        ({"data": {**DATA, "x": DATA["x"] + 1}}, "data is "),
        ({"callbacks": [gn.train.EarlyStopping()]}, "callbacks"),
    ],
    ids=["batch", "seed", "shuffle", "rows", "data", "callbacks"],
)
def test_other_data_and_settings_are_refused_in_words(path: Path, options, told: str) -> None:
    content = path.read_bytes()
    refused(build(), lambda t: fit(t, 4, path, resume=True, **options), told)
    assert path.read_bytes() == content


def test_several_differences_are_listed(path: Path) -> None:
    trainer = build(7, gn.optim.SGD(0.1, momentum=0.9))
    with pytest.raises(gn.DataError) as caught:
        fit(trainer, 4, path, resume=True, batch=8, seed=1)
    for word in ("optimizer", "not in the file", "only in the file", "(5, 7)", "batch is 8", "seed is 1"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.update(format="graphnn model"), "holds 'graphnn model'; wanted 'graphnn checkpoint'"),
        (lambda t: t.update(version="0"), "of version '0'; this graphnn reads version 1"),
        (lambda t: t.update(version="2"), "of version '2'; this graphnn reads version 1"),
        (lambda t: t.pop("training"), "wanted a list called 'arrays', found None"),
        (lambda t: t.update(training="[]"), "wanted a list called 'arrays'"),
        (lambda t: t.update(training="{"), "not valid JSON"),
        (lambda t: t.update(training="NaN"), "NaN is not JSON"),
        (lambda t: t.update(training=t["training"].replace('"facts"', '"fact"')), "a dict called 'facts'"),
        (lambda t: t.update(training=t["training"].replace('"about"', '"abut"')), "a dict called 'about'"),
        (lambda t: t.update(training=t["training"].replace("trainer/cursor", "x")), "there is no array 'x'"),
        (lambda t: t.update(training=t["training"].replace('"rows": [', '"rows": [3, ')), "row"),
        (
            lambda t: t.update(training=t["training"].replace('"callbacks": []', '"callbacks": [3]')),
            "callback 0",
        ),
        (
            lambda t: t.update(training=t["training"].replace('"callbacks": []', MEMORY)),
            "what callback 0 remembered",
        ),
    ],
    ids=[str(k) for k in range(13)],
)
def test_a_file_of_other_content_is_told(path: Path, change, told: str) -> None:
    arrays, texts = read_container(path)
    change(texts)
    write_container(path, arrays, texts)
    refused(build(), lambda t: load_checkpoint(t, path), told)


def test_files_that_are_none_are_told(path: Path, tmp_path: Path) -> None:
    trainer = build()
    gn.io.save_weights(trainer.output, tmp_path / "weights")
    gn.io.save_model(tmp_path / "model", trainer.output)
    (tmp_path / "text").write_text("not a file of numbers")
    (tmp_path / "empty").write_bytes(b"")
    for name, told in [
        ("weights", "weights holds 'graphnn weights'; wanted 'graphnn checkpoint'"),
        ("model", "model holds 'graphnn model'; wanted 'graphnn checkpoint'"),
        ("text", "text is not a safetensors file, or is damaged"),
        ("empty", "empty is empty"),
        ("none", "there is no such file"),
    ]:
        refused(trainer, lambda t, name=name: load_checkpoint(t, tmp_path / name), told)
    refused(trainer, lambda t: load_checkpoint(t, tmp_path), "is a folder", gn.SettingError)


def test_three_hundred_changed_bytes_are_seen_or_harmless_and_nothing_is_half_applied(path: Path) -> None:
    whole, trainer = path.read_bytes(), build()
    before = ended(trainer)
    load_checkpoint(trainer, path)
    after, draw, harmless = ended(trainer), random.Random(0), 0
    trainer = build()
    for _ in range(300):
        at = draw.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ draw.randrange(1, 256)]) + whole[at + 1 :])
        try:
            load_checkpoint(trainer, path)
        except (gn.DataError, gn.GraphError):
            assert ended(trainer) == before
        else:
            assert ended(trainer) == after
            harmless, trainer = harmless + 1, build()
    assert harmless < 30


def test_facts_that_were_changed_on_purpose_are_seen_or_harmless(path: Path) -> None:
    arrays, texts = read_container(path)
    draw, trainer, read = random.Random(1), build(), 0
    before = ended(trainer)
    for _ in range(200):
        text = texts["training"]
        at = draw.randrange(len(text))
        if draw.random() < 0.5:
            at = text.index('"facts"') + draw.randrange(len(text) - text.index('"facts"'))
        piece = draw.choice(["", '"', "[", "}", "0", "-1", "null", "{}", "NaN", ",", "é", '"x": 3,'])
        changed = text[:at] + piece + text[at + draw.randrange(4) :]
        write_container(path, arrays, {**texts, "training": changed})
        try:
            load_checkpoint(trainer, path)
        except (gn.DataError, gn.GraphError, gn.SettingError):
            assert ended(trainer) == before
        else:
            read += 1
            trainer.state()
            trainer = build()
    assert read < 100


# Savings that fail


def test_ctrl_c_within_a_saving_leaves_the_old_file_and_a_trainer_that_goes_on(
    tmp_path: Path, monkeypatch
) -> None:
    path, trainer = tmp_path / "run", build()
    fit(trainer, 2, path)
    old = path.read_bytes()

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(trainer, 4, path, resume=True)
    assert path.read_bytes() == old and names(tmp_path) == ["run"]
    assert ended(fit(build(), 4, path, resume=True)) == ended(fit(build(), 4))


def test_a_full_disk_is_told_and_the_training_goes_on_from_where_it_was(tmp_path: Path, monkeypatch) -> None:
    path, trainer = tmp_path / "run", build()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(gn.DataError, match=r"cannot write .*run: No space left on device"):
            fit(trainer, 4, path)
    assert len(trainer.history) == 1 and names(tmp_path) == []
    assert ended(fit(trainer, 4, resume=True)) == ended(fit(build(), 4))


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    folder, trainer = tmp_path / "runs", build()
    with pytest.raises(gn.SettingError, match=r"checkpoint: there is no folder .*runs"):
        fit(trainer, 4, folder / "run")
    assert len(trainer.history) == 0
    folder.mkdir()
    callbacks = [lambda *_: shutil.rmtree(folder, ignore_errors=True)]
    with pytest.raises(gn.DataError, match=r"cannot write .*run: there is no such file or folder"):
        fit(trainer, 4, folder / "run", callbacks=callbacks)
    assert len(trainer.history) == 1
    whole = ended(fit(build(), 4, callbacks=callbacks))
    assert ended(fit(trainer, 4, resume=True, callbacks=callbacks)) == whole


def test_places_where_no_file_can_be_are_told_before_the_training(tmp_path: Path, monkeypatch) -> None:
    trainer = build()
    for path, told in ((tmp_path, "is a folder"), ("", "is not the path of a file"), (3, "found 3")):
        refused(trainer, lambda t, path=path: fit(t, 2, path), told, gn.SettingError)
    monkeypatch.setattr("os.access", lambda *_: False)
    refused(trainer, lambda t: fit(t, 2, tmp_path / "run"), "no permission to write", gn.SettingError)


def test_what_a_killed_training_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".run.0123456789abcdef.part").write_bytes(b"half")
    fit(build(), 1, tmp_path / "run")
    assert names(tmp_path) == ["run"]


def test_a_loss_that_is_not_finite_does_not_replace_a_sound_file(tmp_path: Path) -> None:
    path, trainer = tmp_path / "run", build()
    fit(trainer, 2, path)
    old = path.read_bytes()
    trainer.parameters[0].value = np.full(trainer.parameters[0].shape, np.nan)
    with pytest.raises(gn.NotFiniteError):
        fit(trainer, 2, path)
    assert path.read_bytes() == old
