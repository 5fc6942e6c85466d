"""A history keeps columns, the best epoch, and the reason of the end, also in files."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

import graphnn as gn


def history() -> gn.History:
    made = gn.History()
    for loss, accuracy in ((1.0, 0.5), (math.nan, 0.75), (0.25, 0.75), (0.25, 0.5), (math.inf, 0.0)):
        made.add({"loss": loss, "validation accuracy": accuracy})
    made.add({"loss": 0.5, "validation accuracy": 0.25, "late": 3.0})
    made.stopped = "enough"
    return made


def test_the_best_epoch_is_the_first_of_equals_counted_from_one() -> None:
    assert history().best("loss") == (3, 0.25)
    assert history().best("validation accuracy") == (2, 0.75)
    assert history().best("validation accuracy", "lower").epoch == 5
    assert history().best("late") == (6, 3.0)


@pytest.mark.parametrize("name", ["history.json", "history.JSON"])
def test_a_history_is_the_same_after_json(tmp_path, name: str) -> None:
    history().save(tmp_path / name)
    json.loads((tmp_path / name).read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    again = gn.History.load(tmp_path / name)
    assert again.names == history().names and again.stopped == "enough"
    for column in again.names:
        np.testing.assert_array_equal(again[column], history()[column])


def test_a_table_has_a_row_per_epoch_and_empty_cells_where_nothing_was_measured(tmp_path) -> None:
    history().save(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "loss", "validation accuracy", "late"]
    assert [row["late"] for row in rows] == ["", "", "", "", "", "3.0"]
    assert [float(row["loss"]) for row in rows][2:4] == [0.25, 0.25] and rows[-1]["epoch"] == "6"


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda f: history().best("los"), gn.SettingError, "no measure 'los'.*'loss'"),
        (lambda f: history().best("loss", "smaller"), gn.SettingError, "'lower' or 'higher'"),
        (lambda f: history().save(f / "history.xls"), gn.SettingError, "ends in .csv or .json"),
        (lambda f: gn.History.load(f / "absent.json"), gn.DataError, "cannot read"),
        (lambda f: gn.History.from_dict({"rows": 3}), gn.DataError, "wanted what History.to_dict gives"),
        (lambda f: gn.History.from_dict({"rows": [{"loss": "low"}]}), gn.DataError, "a measure is a number"),
        (lambda f: gn.History().best("loss"), gn.SettingError, "no measure"),
    ],
)  # fmt: skip
def test_mistakes_are_told(tmp_path, make, kind, words: str) -> None:
    with pytest.raises(kind, match=words):
        make(tmp_path)
