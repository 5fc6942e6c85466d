"""The digits are those of scikit-learn, and splits are seeded, disjoint and fair to every class."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import graphnn as gn


@pytest.fixture(scope="module")
def digits():
    return gn.data.digits()


def test_the_digits_are_scikit_learns_divided_by_sixteen(digits) -> None:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    np.testing.assert_array_equal(digits.x, (bunch.data / 16.0).astype(np.float32))
    np.testing.assert_array_equal(digits.y, bunch.target)


def test_the_digits_have_their_shape_range_and_classes(digits) -> None:
    assert digits.x.shape == (1797, 64) and digits.x.dtype == np.float32 and digits.y.dtype == np.int64
    assert digits.x.min() == 0.0 and digits.x.max() == 1.0
    assert np.bincount(digits.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits.classes == tuple("0123456789") and len(digits) == 1797
    assert repr(digits) == "<Dataset digits: x float32 (1797, 64), y int64 (1797,)>"


def test_the_digits_can_be_read_without_the_file_of_the_package(digits, monkeypatch) -> None:
    monkeypatch.setattr("pathlib.Path.exists", lambda _: False)
    again = gn.data.digits()
    np.testing.assert_array_equal(again.x, digits.x)
    np.testing.assert_array_equal(again.y, digits.y)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(gn.SettingError, match="pip install scikit-learn"):
        gn.data.digits()


def rows_of(data: gn.data.Dataset) -> set[bytes]:
    return {row.tobytes() for row in data.x}


def numbered(count: int, y=None) -> gn.data.Dataset:
    """Rows that carry their own number."""
    return gn.data.Dataset(
        np.arange(count, dtype=np.float32)[:, None], np.arange(count) * 1.5 if y is None else y
    )


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
def test_a_split_takes_every_row_once_and_the_same_share_of_every_class(digits, fraction) -> None:
    train, test = gn.data.split(digits, fraction, seed=3)
    assert len(train) + len(test) == len(digits)
    together = np.concatenate([train.x, test.x]), np.concatenate([train.y, test.y])
    for ours, theirs in zip(together, (digits.x, digits.y), strict=True):
        assert sorted(r.tobytes() for r in ours) == sorted(r.tobytes() for r in theirs)
    whole, part = np.bincount(digits.y), np.bincount(test.y)
    assert (np.abs(part - fraction * whole) <= 0.5 + 1e-9).all()


def test_rows_keep_their_targets() -> None:
    for part in gn.data.split(numbered(100), 0.3, seed=1):
        np.testing.assert_array_equal(part.y, part.x[:, 0] * 1.5)


def test_a_split_of_numbers_without_classes_is_disjoint_and_of_the_right_size() -> None:
    train, test = gn.data.split(numbered(101), 0.25)
    assert (len(train), len(test)) == (76, 25)
    assert not rows_of(train) & rows_of(test)


def test_the_same_seed_splits_the_same_and_another_differently() -> None:
    data = numbered(50)
    (train, _), (again, _), (other, _) = (gn.data.split(data, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(train.x, again.x)
    assert rows_of(train) != rows_of(other)
    assert not np.array_equal(np.sort(train.x[:, 0]), train.x[:, 0]), "a part keeps the order of the data"


def test_a_split_leaves_the_data_as_it_was() -> None:
    data = numbered(20)
    before = data.x.copy()
    train, _ = gn.data.split(data)
    train.x[:] = -1.0
    np.testing.assert_array_equal(data.x, before)


def test_lists_become_arrays() -> None:
    data = gn.data.Dataset([[1.0], [2.0]], [0, 1])
    assert data.x.dtype == np.float32 and data.y.dtype == np.int64 and len(data) == 2
