"""Rows to take, to shuffle, to look at, to count and to split; scaling in arrays, in files and in graphs."""

from __future__ import annotations

import json

import numpy as np
import pytest

import graphnn as gn
from graphnn.data import Dataset, Scaling, folds, split3


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return gn.data.digits()


def numbered(count: int) -> Dataset:
    """Rows that carry their own number."""
    x = np.arange(count, dtype=np.float32)[:, None]
    return Dataset(x, x * 1.5, columns=("number",))


def numbers(data: Dataset) -> list[int]:
    return data.x[:, 0].astype(int).tolist()


@pytest.mark.parametrize("rows", [[3, 1, 1], np.array([-1, 0]), slice(2, 8, 3), [], np.arange(9) % 2 == 0])
def test_taken_rows_are_those_of_numpy_and_copies(rows) -> None:
    data = numbered(9)
    part = data.take(rows)
    np.testing.assert_array_equal(part.x, data.x[np.asarray(rows, int) if isinstance(rows, list) else rows])
    np.testing.assert_array_equal(part.y, part.x * 1.5)
    assert not np.shares_memory(part.x, data.x) and part.columns == data.columns


@pytest.mark.parametrize("rows", [[9], [-10], [0.5], [[1]], [True], "3", 3])
def test_rows_that_do_not_exist_cannot_be_taken(rows) -> None:
    with pytest.raises(gn.SettingError, match="take: wanted numbers of rows below 9"):
        numbered(9).take(rows)


def test_shuffles_keep_rows_whole_and_hang_on_the_seed() -> None:
    data = numbered(50)
    one, again, other = data.shuffled(1), data.shuffled(1), data.shuffled(2)
    assert numbers(one) == numbers(again) != numbers(other)
    assert sorted(numbers(one)) == list(range(50)) != numbers(one)
    np.testing.assert_array_equal(one.y, one.x * 1.5)


def test_batches_hold_every_row_once() -> None:
    data = numbered(10)
    assert [numbers(b) for b in data.batches(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    drawn = [numbers(b) for b in data.batches(4, seed=0)]
    assert sorted(n for batch in drawn for n in batch) == list(range(10)) and [len(b) for b in drawn] == [
        4,
        4,
        2,
    ]
    assert numbers(next(data.batches(4, seed=0))) == drawn[0] != [0, 1, 2, 3]
    for wrong in (0, -1, 2.5):
        with pytest.raises(gn.SettingError, match="batches: size"):
            data.batches(wrong)


def test_classes_are_counted_and_weighed_as_scikit_learn_does(digits) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    assert digits.class_counts() == dict(zip("0123456789", np.bincount(digits.y).tolist(), strict=True))
    wanted = compute_class_weight("balanced", classes=np.arange(10), y=digits.y)
    np.testing.assert_allclose(digits.class_weights(), wanted, rtol=1e-6)
    assert Dataset(np.zeros((3, 1)), np.array([0, 2, 2])).class_counts() == {"0": 1, "1": 0, "2": 2}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lambda: gn.data.diabetes().class_counts(), "classes are int64"),
        (lambda: Dataset(np.zeros((2, 1)), np.array([0, -1])).class_counts(), "labels from -1 to 0"),
        (
            lambda: Dataset(np.zeros((2, 1)), np.array([0, 2]), classes=("a", "b")).class_counts(),
            "wanted 0 to 1",
        ),
        (lambda: Dataset(np.zeros((1, 1)), np.array([2**50])).class_counts(), "classes count from 0"),
        (lambda: Dataset(np.zeros((2, 1)), np.array([0, 2])).class_weights(), "no row of class '1'"),
        (lambda: split3(gn.data.iris(), 0.5, 0.5), "leave nothing to train on"),
        (lambda: split3(gn.data.iris(), 0.2, 1.0), "test lies between 0 and 1"),
        (lambda: split3(numbered(2)), "needs at least 3"),
        (lambda: split3(numbered(3), 0.1, 0.1), "leaves a part with no rows"),
        (lambda: folds(gn.data.iris(), 1), "count is a whole number of at least 2"),
        (lambda: folds(numbered(4), 5), "has 4 rows; splitting needs at least 5"),
        (lambda: folds([1, 2], 2), "wanted a gn.data.Dataset"),
    ],
)
def test_what_cannot_be_counted_or_split_gets_a_sentence(data, words) -> None:
    with pytest.raises(gn.GraphnnError, match=words):
        data()


def test_three_parts_take_every_row_once_with_equal_shares_of_classes(digits) -> None:
    parts = split3(digits, 0.15, 0.25, seed=3)
    assert [part.name for part in parts] == ["digits train", "digits validation", "digits test"]
    together = sorted(row.tobytes() for part in parts for row in part.x)
    assert together == sorted(row.tobytes() for row in digits.x)
    whole = np.bincount(digits.y)
    for part, share in zip(parts, (0.6, 0.15, 0.25)):
        assert (np.abs(np.bincount(part.y) - share * whole) <= 1.0).all()
    again = split3(digits, 0.15, 0.25, seed=3)
    other = split3(digits, 0.15, 0.25, seed=4)
    assert all((a.x == b.x).all() for a, b in zip(parts, again))
    assert not np.array_equal(parts[2].x, other[2].x)
    sizes = [len(part) for part in split3(numbered(100), 0.1, 0.3)]
    assert sizes == [60, 10, 30]


@pytest.mark.parametrize("count", [2, 5, 7])
def test_each_row_is_tested_in_one_fold_and_classes_are_spread_evenly(digits, count) -> None:
    pairs = folds(digits, count, seed=1)
    tested = sorted(row.tobytes() for _, test in pairs for row in test.x)
    assert tested == sorted(row.tobytes() for row in digits.x)
    for train, test in pairs:
        assert len(train) + len(test) == len(digits)
        assert sorted(r.tobytes() for part in (train, test) for r in part.x) == tested
    counts = np.array([np.bincount(test.y, minlength=10) for _, test in pairs])
    sizes = counts.sum(axis=1)
    assert (np.ptp(counts, axis=0) <= 1).all() and np.ptp(sizes) <= 1
    order = [numbers(test) for _, test in folds(numbered(23), count, seed=1)]
    assert (
        sorted(n for part in order for n in part) == list(range(23))
        and max(map(len, order)) - min(map(len, order)) <= 1
    )
    assert order == [numbers(test) for _, test in folds(numbered(23), count, seed=1)]
    assert order != [numbers(test) for _, test in folds(numbered(23), count, seed=2)]


def test_a_digest_tells_data_apart_by_numbers_order_shape_dtype_and_names(digits) -> None:
    small = Dataset(np.arange(12.0).reshape(4, 3), np.arange(4))
    others = [
        Dataset(small.x + np.eye(4, 3) * 1e-9, small.y),
        Dataset(small.x, small.y[::-1].copy()),
        Dataset(small.x[::-1].copy(), small.y),
        Dataset(small.x.reshape(4, 3, 1), small.y),
        Dataset(small.x.astype(np.float32), small.y),
        Dataset(small.x, small.y.astype(np.int32)),
        Dataset(small.x, small.y, classes=("a", "b", "c", "d")),
        Dataset(small.x, small.y, columns=("a", "b", "c", "d")),
        digits,
    ]
    digests = [data.digest() for data in (small, *others)]
    assert len(set(digests)) == len(digests) and all(len(d) == 16 for d in digests)
    assert Dataset(np.asfortranarray(small.x), small.y.copy(), "another name").digest() == digests[0]


def test_a_digest_of_a_large_array_sees_other_rows_and_orders() -> None:
    x = np.random.default_rng(0).normal(size=(360_000, 50)).astype(np.float32)
    data = Dataset(x, np.zeros(len(x)))
    assert x.nbytes > 64 << 20
    assert data.digest() == Dataset(x.copy(), data.y).digest()
    assert len({d.digest() for d in (data, data.shuffled(1), data.take(slice(0, 359_999)))}) == 3
    last = x.copy()
    last[-1, -1] += 1
    assert Dataset(last, data.y).digest() != data.digest()


@pytest.mark.parametrize("make", [gn.data.standardize, gn.data.normalize])
def test_scaling_in_a_graph_gives_the_numbers_of_scaling_an_array(make) -> None:
    train, test = gn.data.split(gn.data.wine(), 0.3, seed=1)
    scaling = make(train)
    x = gn.input("x", ("batch", 13))
    scaled, back = scaling.node(x), scaling.backward_node(scaling.node(x))
    np.testing.assert_array_equal(gn.Program(scaled).run({x: test.x}), scaling.forward(test.x))
    np.testing.assert_allclose(gn.Program(back).run({x: test.x}), test.x, rtol=1e-5, atol=1e-5)
    (slope,) = gn.gradient(scaled.sum(), [x])
    np.testing.assert_allclose(gn.Program(slope).run({}, sizes={"batch": 2})[1], 1 / scaling.scale, rtol=1e-6)


def test_scaling_survives_json() -> None:
    scaling = gn.data.standardize(gn.data.wine())
    again = Scaling.from_dict(json.loads(json.dumps(scaling.as_dict())))
    np.testing.assert_array_equal(again.offset, scaling.offset)
    np.testing.assert_array_equal(again.scale, scaling.scale)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "wanted a dict"),
        ({"offset": [1.0]}, "wanted a dict with offset and scale"),
        ({"offset": [1.0], "scale": [1.0], "more": 1}, "wanted a dict"),
        ({"offset": ["a"], "scale": [1.0]}, "offset: wanted finite numbers"),
        ({"offset": [float("nan")], "scale": [1.0]}, "offset: wanted finite numbers"),
        ({"offset": [True], "scale": [1.0]}, "offset: wanted finite numbers"),
        ({"offset": [[1.0], [1.0, 2.0]], "scale": [1.0]}, "offset"),
        ({"offset": [10**400], "scale": [1.0]}, "offset"),
        ({"offset": [1.0], "scale": [1.0, 2.0]}, "offset has shape"),
        ({"offset": [1.0], "scale": [0.0]}, "not above 0"),
    ],
)
def test_scaling_from_a_stranger_is_checked(content, words) -> None:
    with pytest.raises(gn.DataError, match=words):
        Scaling.from_dict(content)


def test_targets_are_scaled_for_training_and_scaled_back() -> None:
    data = gn.data.diabetes()
    scaling = gn.data.standardize_targets(data)
    scaled = scaling.targets(data)
    assert abs(scaled.y.mean()) < 1e-5 and scaled.y.std() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(scaling.backward(scaled.y), data.y, rtol=1e-5)
    np.testing.assert_array_equal(scaled.x, data.x)
    with pytest.raises(gn.SettingError, match="labels are not scaled"):
        gn.data.standardize_targets(gn.data.iris())


def test_scaling_goes_through_the_rows_in_blocks(monkeypatch) -> None:
    data = gn.data.wine()
    whole = gn.data.standardize(data), gn.data.normalize(data)
    monkeypatch.setattr("graphnn.data.walking._BLOCK_BYTES", 500)
    for make, one in zip((gn.data.standardize, gn.data.normalize), whole):
        found = make(data)
        np.testing.assert_allclose(found.offset, one.offset, rtol=1e-12)
        np.testing.assert_allclose(found.scale, one.scale, rtol=1e-12)
    x = data.x.astype(np.float64)
    np.testing.assert_allclose(whole[0].offset, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(whole[0].scale, x.std(axis=0), rtol=1e-12)


def test_a_constant_feature_becomes_zero_whatever_its_mean_is_rounded_to() -> None:
    data = Dataset(np.full((7, 1), 0.1), np.zeros(7))
    assert not gn.data.standardize(data)(data).x.any()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s: s.node(np.zeros((2, 13))), gn.GraphError, "wanted a node"),
        (lambda s: s.node(gn.input("x", ("batch", 12))), gn.ShapeError, "fitted on rows of"),
        (lambda s: s.node(gn.input("x", ("batch", 13), "int64")), gn.ShapeError, "wanted floats"),
        (lambda s: s.forward(np.float32(3)), gn.ShapeError, "fitted on rows of"),
    ],
)
def test_scaling_what_does_not_fit_gets_a_sentence(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call(gn.data.standardize(gn.data.wine()))
