from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from compiled_routines import compiled
from graphnn.core.routine import Routine
from graphnn.ops.counter_random import (
    fill_normal,
    fill_uniform,
    normal,
    permutation,
    philox,
    random_bits32,
    random_bits64,
    uniform,
)

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
each_kind = pytest.mark.parametrize(
    ("fill", "one"), [(fill_uniform, uniform), (fill_normal, normal)], ids=["uniform", "normal"]
)


def version(routine: Routine, dtype: type) -> Callable[..., Any]:
    return routine.float32 if dtype is np.float32 else routine.float64


def drawn(fill: Routine, dtype: type, n: int, seed: int = 1, stream: int = 0, first: int = 0) -> np.ndarray:
    """n numbers by the compiled kernel."""
    y = np.empty(n, dtype)
    compiled(version(fill, dtype), dtype)(seed, stream, first, y)
    return y


def order_of(n: int, seed: int = 1, stream: int = 0) -> np.ndarray:
    order = np.empty(n, np.int64)
    compiled(permutation, np.float64)(seed, stream, order)
    return order


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_known_answers(counter: str, key: str, words: str) -> None:
    """The answers are those of `kat_vectors` of Random123, by the authors of the paper."""
    given = [np.uint64(int(word, 16)) for word in (counter + " " + key).split()]
    expected = [int(word, 16) for word in words.split()]
    assert [int(word) for word in philox(*given)] == expected
    assert [int(word) for word in compiled(philox, np.float64)(*given)] == expected


def test_numbers_stay_what_they_are() -> None:
    """A change here changes every seeded run of every user."""
    assert [int(random_bits32(1, 2, i)) for i in range(3)] == [3878945999, 2364392915, 1057429302]
    assert [int(random_bits64(1, 2, i)) for i in range(3)] == [
        10154990248698053839,
        723669816833414966,
        15781932863528943987,
    ]
    assert order_of(8).tolist() == [6, 1, 3, 4, 2, 5, 7, 0]
    assert drawn(fill_uniform, np.float64, 2).tolist() == [0.8946847162415025, 0.7112680791745033]
    np.testing.assert_allclose(
        drawn(fill_normal, np.float64, 2), [-0.4041467623592386, -0.24337868584943648], rtol=1e-14
    )


def test_bits64_are_two_words_of_bits32() -> None:
    for i in range(6):
        low, high = int(random_bits32(-5, 3, 2 * i)), int(random_bits32(-5, 3, 2 * i + 1))
        assert int(random_bits64(-5, 3, i)) == low | high << 32


@pytest.mark.parametrize("function", [random_bits32, random_bits64])
def test_bits_are_the_same_in_plain_python_and_compiled(function: Callable[..., Any]) -> None:
    extremes = [0, 1, -1, 2**31, 2**32 + 5, -(2**63), 2**63 - 1]
    for seed in extremes:
        for stream in extremes:
            for index in (0, 1, 2, 3, 2**33 + 1, 2**62):
                numbers = (np.int64(seed), np.int64(stream), np.int64(index))
                assert compiled(function, np.float64)(*numbers) == function(*numbers)


def test_every_bit_of_seed_stream_and_index_counts() -> None:
    seen = {int(random_bits64(0, 0, 0))}
    for bit in range(63):
        seen |= {
            int(random_bits64(1 << bit, 0, 0)),
            int(random_bits64(0, 1 << bit, 0)),
            int(random_bits64(0, 0, 1 << bit)),
        }
    assert len(seen) == 1 + 3 * 63


@each_dtype
@each_kind
def test_plain_python_and_compiled_give_the_same_numbers(fill: Routine, one: Routine, dtype: type) -> None:
    plain = np.empty(101, dtype)
    fill(3, 4, 5, plain)
    # Uniform numbers are exact. The logarithm of a normal number may round a * b + c once or twice.
    tolerance = 0 if fill is fill_uniform else 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(drawn(fill, dtype, 101, 3, 4, 5), plain, rtol=tolerance, atol=tolerance)


@each_dtype
@each_kind
def test_a_number_depends_on_its_index_alone(fill: Routine, one: Routine, dtype: type) -> None:
    whole = drawn(fill, dtype, 64)
    for first in range(9):
        for n in (0, 1, 2, 3, 4, 5, 9, 40):
            assert np.array_equal(drawn(fill, dtype, n, first=first), whole[first : first + n])
    single = compiled(version(one, dtype), dtype)
    assert [single(1, 0, i) for i in range(64)] == whole.tolist()
    assert np.array_equal(drawn(fill, dtype, 20, first=-7)[7:], whole[:13])


@each_dtype
def test_uniform_numbers_are_uniform(dtype: type) -> None:
    y = drawn(fill_uniform, dtype, 1_000_000).astype(np.float64)
    assert y.min() >= 0 and y.max() < 1
    assert stats.kstest(y, "uniform").pvalue > 0.01
    counts = np.bincount((y * 1000).astype(np.int64), minlength=1000)
    assert stats.chisquare(counts).pvalue > 0.01
    # The last bits too: they decide, for instance, about the tail of what is computed from them.
    digits = 24 if dtype is np.float32 else 53
    assert stats.chisquare(np.bincount((y * 2.0**digits).astype(np.int64) & 0xFF)).pvalue > 0.01


@each_dtype
def test_normal_numbers_are_normal(dtype: type) -> None:
    y = drawn(fill_normal, dtype, 1_000_000).astype(np.float64)
    assert stats.kstest(y, "norm").pvalue > 0.01
    assert abs(y.mean()) < 4e-3 and abs(y.std() - 1) < 3e-3
    assert abs(stats.skew(y)) < 0.01 and abs(stats.kurtosis(y)) < 0.02
    # Beyond 4 there are 63 of a million.
    assert stats.binomtest(int((np.abs(y) > 4).sum()), y.size, 2 * stats.norm.sf(4)).pvalue > 0.01


@each_dtype
@each_kind
def test_neighbours_streams_and_seeds_are_independent(fill: Routine, one: Routine, dtype: type) -> None:
    n = 200_000
    y = drawn(fill, dtype, n).astype(np.float64)
    others = [np.roll(y, lag) for lag in (1, 2, 3, 4, 8, 64)]
    others += [drawn(fill, dtype, n, stream=s).astype(np.float64) for s in (1, 2, 2**32)]
    others += [drawn(fill, dtype, n, seed=s).astype(np.float64) for s in (0, 2, -1, 2**32 + 1)]
    for other in others:
        assert abs(np.corrcoef(y, other)[0, 1]) < 4 / np.sqrt(n)
        # The two of a pair share a radius: their squares show it first, if the angle were poor.
        assert abs(np.corrcoef(y**2, other**2)[0, 1]) < 4 / np.sqrt(n)


def test_two_normal_numbers_of_a_pair_point_in_all_directions() -> None:
    x, y = drawn(fill_normal, np.float64, 400_000).reshape(-1, 2).T
    turns = np.arctan2(y, x) / (2 * np.pi) + 0.5
    assert stats.kstest(turns, "uniform").pvalue > 0.01
    assert stats.kstest(x**2 + y**2, "chi2", args=(2,)).pvalue > 0.01


@pytest.mark.parametrize("n", [0, 1, 2, 3, 1000])
def test_a_permutation_holds_every_number_once(n: int) -> None:
    assert np.array_equal(np.sort(order_of(n)), np.arange(n))


def test_all_orders_of_four_are_equally_likely() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for stream in range(24_000):
        order = tuple(order_of(4, stream=stream).tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 24
    assert stats.chisquare(list(seen.values())).pvalue > 0.01


def test_a_long_permutation_sends_numbers_everywhere() -> None:
    n = 100_000
    order = order_of(n)
    assert abs(np.corrcoef(order, np.arange(n))[0, 1]) < 4 / np.sqrt(n)
    # Fixed points of a random order: one on average, Poisson.
    assert sum(int((order_of(1000, stream=s) == np.arange(1000)).sum()) for s in range(400)) in range(
        340, 461
    )


def test_permutations_are_the_same_in_plain_python_and_compiled() -> None:
    plain = np.empty(300, np.int64)
    permutation(-9, 4, plain)
    assert np.array_equal(plain, order_of(300, seed=-9, stream=4))


@each_dtype
@each_kind
def test_kernels_that_fill_are_vectorised_and_allocate_nothing(
    fill: Routine, one: Routine, dtype: type
) -> None:
    drawn(fill, dtype, 4)
    text = "\n".join(compiled(version(fill, dtype), dtype).inspect_llvm().values())
    assert " x i64>" in text
    assert f" x {'float' if dtype is np.float32 else 'double'}>" in text
    assert "NRT_MemInfo_alloc" not in text and "NRT_incref" not in text
