"""A number beside an array is read in place, not copied, and means the same wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

SHAPES = [(), (1,), (5,), (3, 1), (2, 3), (200, 300)]


def leaves():
    return gn.parameter(3.0, "k"), gn.parameter(np.array([[2.0]]), "one")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("other", ["k", "one"])
def test_a_number_on_either_side_gives_numpys_result(shape, other) -> None:
    x, number = gn.input("x", shape), leaves()[("k", "one").index(other)]
    data = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    left, right = gn.Program([x - number, number - x]).run({"x": data})
    np.testing.assert_array_equal(left, data - number.value)
    np.testing.assert_array_equal(right, number.value - data)
    assert left.shape == np.broadcast_shapes(shape, number.shape)


def test_two_spread_numbers_meet() -> None:
    k, one = leaves()
    a, b = gn.broadcast_to(k, (4, 5)), gn.broadcast_to(one, (4, 5))
    np.testing.assert_array_equal(gn.Program(a - b).run(), np.ones((4, 5)))


def test_a_spread_number_that_a_reduction_or_a_product_reads_is_a_whole_array_there() -> None:
    k, _ = leaves()
    spread = gn.broadcast_to(k, (4, 5))
    w = gn.constant(np.ones((5, 2)))
    total, product, plus = gn.Program([spread.sum(), spread @ w, spread - w.sum()], optimize=False).run()
    assert total == 60.0
    np.testing.assert_array_equal(product, np.full((4, 2), 15.0))
    np.testing.assert_array_equal(plus, np.full((4, 5), -7.0))


def test_a_spread_number_takes_no_room() -> None:
    x, (k, _) = gn.input("x", (1000, 1000)), leaves()
    program = gn.Program((x - k).sum(), optimize=False)
    assert program.memory()["arena"] < 1.1 * 4_000_000


def test_a_number_that_is_updated_is_read_before() -> None:
    k, _ = leaves()
    x = gn.input("x", (3,))
    program = gn.Program([x - k, gn.broadcast_to(k, (2,))], {k: k - 1.0})
    for wanted in (3.0, 2.0, 1.0):
        difference, spread = program.run({"x": np.zeros(3)})
        np.testing.assert_array_equal(difference, np.full(3, -wanted))
        np.testing.assert_array_equal(spread, np.full(2, wanted))


def test_a_number_spread_twice_is_still_one_number() -> None:
    k, _ = leaves()
    row = gn.broadcast_to(k, (1, 3))
    x = gn.input("x", (2, 3))
    np.testing.assert_array_equal(
        gn.Program(x - gn.broadcast_to(row, (2, 3))).run({"x": np.zeros((2, 3))}), -3.0 * np.ones((2, 3))
    )
