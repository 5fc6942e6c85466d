"""Evaluating adds up over batches in compiled code what NumPy finds over all rows at once."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

ROWS = [1, 5, 1024, 1025, 2048, 2500]


def classifier(rows: int, **metrics):
    """A classifier with random weights; metrics are made of (logits, y)."""
    rng = np.random.default_rng(3)
    data = gn.data.Dataset(rng.normal(size=(rows, 5)), rng.integers(0, 4, rows))
    x, y = gn.input("x", ("batch", 5), "float64"), gn.input("y", ("batch",), "int64")
    w = gn.parameter(rng.normal(size=(5, 4)), "w", "float64")
    logits = x @ w
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y), gn.optim.SGD(0.1), output=logits,
        metrics={name: make(logits, y) for name, make in metrics.items()},
    )  # fmt: skip
    return trainer, data, data.x @ w.value


def confusion(logits, y):
    return gn.metrics.confusion_matrix(logits, y)


def spread(logits, _):
    """A metric of two totals of different dtypes: the sum of squares, and how many numbers."""
    return gn.metrics.Metric(
        "mean square", lambda s, n: s / n.cast("float64"), totals=((logits**2.0).sum(), gn.size(logits.shape))
    )


@pytest.mark.parametrize("rows", ROWS)
def test_totals_of_batches_are_finished_to_the_value_over_all_rows(rows: int) -> None:
    trainer, data, logits = classifier(rows, table=confusion, square=spread)
    found = trainer.evaluate(data)
    wanted = np.zeros((4, 4), np.int64)
    np.add.at(wanted, (data.y, logits.argmax(axis=1)), 1)
    np.testing.assert_array_equal(found["table"], wanted)
    assert found["square"] == pytest.approx((logits**2).mean(), rel=1e-12)
    assert list(found) == ["loss", "table", "square"]


@pytest.mark.parametrize("rows", ROWS)
def test_collected_rows_of_all_batches_are_seen_at_once_in_their_order(rows: int) -> None:
    def kept(logits, y):
        return gn.metrics.Metric("kept", lambda y, s: gn.stop_gradient(s * y.cast("float64").reshape((rows, 1))),
                                 collected=(y, logits))  # fmt: skip

    trainer, data, logits = classifier(rows, kept=kept)
    for _ in range(2):  # the second time nothing of the first is left
        np.testing.assert_allclose(trainer.evaluate(data)["kept"], logits * data.y[:, None], rtol=1e-12)


def test_evaluating_again_gives_the_same_bits_and_sees_new_parameters() -> None:
    trainer, data, _ = classifier(1500, accuracy=gn.metrics.accuracy, table=confusion)
    first, second = trainer.evaluate(data), trainer.evaluate(data)
    assert first["loss"] == second["loss"] and first["accuracy"] == second["accuracy"]
    np.testing.assert_array_equal(first["table"], second["table"])
    trainer.parameters[0].value = np.zeros((5, 4))
    assert trainer.evaluate(data)["loss"] == pytest.approx(np.log(4.0), rel=1e-12)


def test_sums_over_batches_are_kept_in_float64() -> None:
    x = gn.input("x", ("batch",))
    w = gn.parameter(1.0, "w")
    trainer = gn.Trainer(
        (x * w).mean(), gn.optim.SGD(0.1),
        metrics={"sum": gn.metrics.Metric("sum", lambda s: s, totals=((x * w).sum(),))},
    )  # fmt: skip
    rows = np.zeros(5 * 1024, np.float32)
    rows[0], rows[1024::1024] = 2.0**25, 1.0
    found = trainer.evaluate({"x": rows})
    assert found == {"loss": (2.0**25 + 4.0) / len(rows), "sum": 2.0**25 + 4.0}, "float32 ends at 2**25"


def test_arrays_are_told_by_evaluate_and_left_out_of_the_history() -> None:
    trainer, data, _ = classifier(40, table=confusion, accuracy=gn.metrics.accuracy)
    history = trainer.fit(data, epochs=2, batch=8, validation=data, progress=False)
    assert history.names == ("loss", "seconds", "validation loss", "validation accuracy")
    assert trainer.evaluate(data)["table"].sum() == 40


def test_several_data_sets_are_measured_in_turn() -> None:
    trainer, data, logits = classifier(60, accuracy=gn.metrics.accuracy)
    parts = [gn.data.Dataset(data.x[k : k + 10], data.y[k : k + 10]) for k in range(0, 60, 10)]
    for _ in range(2):
        for k, part in enumerate(parts):
            right = (logits.argmax(axis=1) == data.y)[10 * k : 10 * k + 10].mean()
            assert trainer.evaluate(part)["accuracy"] == pytest.approx(right)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (lambda s, y: gn.metrics.Metric("m", lambda n: 3.0, totals=(s.sum(),)), "finish gives a node, found 3.0"),
        (lambda s, y: s.mean(axis=0), "'m' is a 0-d node or a gn.metrics.Metric"),
    ],
    ids=["finish without a node", "metric of several numbers"],
)  # fmt: skip
def test_a_metric_that_is_none_is_told(metric, words: str) -> None:
    def measured() -> None:
        trainer, data, _ = classifier(5, m=metric)
        trainer.evaluate(data)

    with pytest.raises(gn.GraphnnError, match=words):
        measured()


# Rows in files


def test_memory_mapped_rows_are_used_in_place_and_give_the_same_bits(tmp_path) -> None:
    trainer, data, _ = classifier(300, accuracy=gn.metrics.accuracy)
    other, _, _ = classifier(300, accuracy=gn.metrics.accuracy)
    mapped = {}
    for name, rows in (("x", data.x), ("y", data.y)):
        file = np.lib.format.open_memmap(tmp_path / f"{name}.npy", "w+", rows.dtype, rows.shape)
        file[...] = rows
        file.flush()
        mapped[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    trainer.fit(mapped, epochs=2, batch=7, progress=False)
    other.fit(data, epochs=2, batch=7, progress=False)
    assert trainer.parameters[0].value.tobytes() == other.parameters[0].value.tobytes()
    places = [a.__array_interface__["data"][0] for a in trainer._epochs[1].data.values()]
    assert places == [mapped[n].__array_interface__["data"][0] for n in ("x", "y")]


def test_a_memory_mapped_row_that_is_not_finite_is_found(tmp_path) -> None:
    trainer, data, _ = classifier(300)
    x = data.x.copy()
    x[211, 3] = np.inf
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(gn.FeedError, match="first in row 211"):
        trainer.fit({"x": np.load(tmp_path / "x.npy", mmap_mode="r"), "y": data.y}, epochs=1)
