"""The matrix product: NumPy's numbers for every shape, the same bits however the work is cut."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import sys
import threading
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from graphnn.engine import loader
from graphnn.engine.compile import compile_entry
from graphnn.engine.entry import entry_source
from graphnn.engine.matrix_products import register_products
from graphnn.ops.gemm import gemm, gemm_part, gemm_stack

DTYPES = [np.float32, np.float64]
FLAGS = list(itertools.product((0, 1), repeat=2))
# One below, at and above a tile, a square and a line of both dtypes; 0 and 1; the end of the range.
SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 31, 33, 64, 70]


def whole_kernel(a, b, c, scale, transpose_a, transpose_b):
    gemm(a, b, c, transpose_a, transpose_b, scale[0], scale[1])


def part_kernel(a, b, c, scale, transpose_a, transpose_b, first_row, last_row, first_column, last_column):
    gemm_part(
        a, b, c, transpose_a, transpose_b, scale[0], scale[1], first_row, last_row, first_column, last_column
    )


def batch_kernel(a, b, c, scale, transpose_a, transpose_b):
    gemm_stack(a, b, c, transpose_a, transpose_b, scale[0], scale[1], 0, c.shape[0])


@cache
def compiled(kernel: Callable[..., None], dtype: type, rank: int = 2) -> Callable[..., None]:
    """The kernel as machine code: arrays a, b, c, then alpha and beta, then integers."""
    integers = kernel.__code__.co_argcount - 4
    ports = [(name, rank, np.dtype(dtype), "") for name in ("a", "b", "c")] + [
        ("scale", 1, np.dtype(dtype), "")
    ]
    symbol = f"graphnn_test_{kernel.__name__}_{dtype.__name__}"
    code = compile_entry(symbol, entry_source(ports, integers, reports=False), kernel, np.dtype(dtype))
    register_products(code)
    entry = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(loader.load(symbol, code))

    def call(a: np.ndarray, b: np.ndarray, c: np.ndarray, alpha: float, beta: float, *rest: int) -> None:
        scale = np.array([alpha, beta], dtype)
        words = [word for x in (a, b, c, scale) for word in (x.ctypes.data, *x.shape)]
        page = np.array([*words, *rest], np.int64)
        assert entry(page.ctypes.data) == 0

    return call


def operands(
    rng: np.random.Generator, m: int, k: int, n: int, transpose_a: int, transpose_b: int, dtype: type
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a = rng.standard_normal((k, m) if transpose_a else (m, k)).astype(dtype)
    b = rng.standard_normal((n, k) if transpose_b else (k, n)).astype(dtype)
    return a, b, rng.standard_normal((m, n)).astype(dtype)


def turned(x: np.ndarray, transpose: int) -> np.ndarray:
    return np.swapaxes(x, -1, -2) if transpose else x


def expect_close(
    got: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray, alpha: float, beta: float
) -> None:
    """Against NumPy in float64, within the bound of a sum of k + 3 rounded terms."""
    a, b, c = (x.astype(np.float64) for x in (a, b, c))
    want = alpha * (a @ b) + beta * c
    size = abs(alpha) * (abs(a) @ abs(b)) + abs(beta) * abs(c)
    bound = (a.shape[-1] + 3) * np.finfo(got.dtype).eps * size
    assert (abs(got - want) <= bound).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_product_agrees_with_numpy_for_every_shape_up_to_70(
    dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    call = compiled(whole_kernel, dtype)
    scales = itertools.cycle([(1.0, 0.0), (1.0, 1.0), (-0.5, 1.0), (2.0, -0.25), (0.0, 0.5)])
    for m, k, n in itertools.product(SIZES, repeat=3):
        a, b, c = operands(rng, m, k, n, transpose_a, transpose_b, dtype)
        (alpha, beta), got = next(scales), c.copy()
        call(a, b, got, alpha, beta, transpose_a, transpose_b)
        expect_close(got, turned(a, transpose_a), turned(b, transpose_b), c, alpha, beta)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
@pytest.mark.parametrize(("m", "k", "n"), [(64, 784, 128), (131, 1100, 77), (1500, 600, 20), (256, 512, 10)])
def test_product_agrees_with_numpy_over_several_blocks_and_groups(
    m: int, k: int, n: int, dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    a, b, c = operands(rng, m, k, n, transpose_a, transpose_b, dtype)
    got = c.copy()
    compiled(whole_kernel, dtype)(a, b, got, 0.5, -1.0, transpose_a, transpose_b)
    expect_close(got, turned(a, transpose_a), turned(b, transpose_b), c, 0.5, -1.0)


@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_plain_python_gives_the_same_product_as_compiled_code(
    transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    for m, k, n in [(0, 3, 2), (1, 0, 4), (7, 9, 21), (13, 530, 5)]:
        a, b, c = operands(rng, m, k, n, transpose_a, transpose_b, np.float64)
        got = c.copy()
        gemm(a, b, got, transpose_a, transpose_b, 2.0, 0.5)
        expect_close(got, turned(a, transpose_a), turned(b, transpose_b), c, 2.0, 0.5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("a_stack", "b_stack"), [(4, 4), (1, 4), (4, 1), (1, 1)])
def test_a_stack_of_one_matrix_serves_every_matrix_of_the_batch(
    a_stack: int, b_stack: int, dtype: type, rng: np.random.Generator
) -> None:
    call = compiled(batch_kernel, dtype, 3)
    for transpose_a, transpose_b in FLAGS:
        a = rng.standard_normal((a_stack, *((5, 9) if transpose_a else (9, 5)))).astype(dtype)
        b = rng.standard_normal((b_stack, *((19, 5) if transpose_b else (5, 19)))).astype(dtype)
        c = rng.standard_normal((4, 9, 19)).astype(dtype)
        got = c.copy()
        call(a, b, got, 1.5, 0.5, transpose_a, transpose_b)
        expect_close(got, turned(a, transpose_a), turned(b, transpose_b), c, 1.5, 0.5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_empty_batch_and_empty_matrices_do_nothing(dtype: type) -> None:
    call = compiled(batch_kernel, dtype, 3)
    call(np.ones((0, 3, 4), dtype), np.ones((0, 4, 5), dtype), np.ones((0, 3, 5), dtype), 1.0, 0.0, 0, 0)
    c = np.full((2, 3, 5), np.nan, dtype)
    call(np.ones((2, 3, 0), dtype), np.ones((2, 0, 5), dtype), c, 1.0, 0.0, 0, 0)
    assert (c == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [5, 16, 37])
def test_beta_zero_overwrites_nan_and_any_other_beta_keeps_it(
    dtype: type, n: int, rng: np.random.Generator
) -> None:
    call = compiled(whole_kernel, dtype)
    a, b, c = operands(rng, 7, 4, n, 0, 0, dtype)
    c[:] = np.nan
    kept = c.copy()
    call(a, b, c, 1.0, 0.0, 0, 0)
    assert np.isfinite(c).all()
    call(a, b, kept, 1.0, 0.5, 0, 0)
    assert np.isnan(kept).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_nan_and_infinity_spread_as_in_numpy(
    dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    call = compiled(whole_kernel, dtype)
    for m, k, n in [(3, 4, 5), (13, 40, 21), (64, 64, 64), (70, 520, 33)]:
        a, b, c = operands(rng, m, k, n, transpose_a, transpose_b, dtype)
        # Zeros meet infinities: 0 * inf is NaN, and a kernel that skips zeros would miss it.
        a[rng.random(a.shape) < 0.05] = 0
        for special in (np.nan, np.inf, -np.inf):
            for x in (a, b):
                x[rng.random(x.shape) < 1 / x.size] = special
        with np.errstate(invalid="ignore"):
            want = turned(a, transpose_a).astype(np.float64) @ turned(b, transpose_b).astype(np.float64)
        call(a, b, c, 1.0, 0.0, transpose_a, transpose_b)
        np.testing.assert_array_equal(np.isnan(c), np.isnan(want))
        np.testing.assert_array_equal(np.where(np.isinf(c), c, 0), np.where(np.isinf(want), want, 0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_parts_make_up_the_whole_to_the_last_bit_wherever_it_is_cut(
    dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    call = compiled(part_kernel, dtype)
    for m, k, n in [(5, 3, 9), (64, 70, 48), (33, 900, 50)]:
        a, b, c = operands(rng, m, k, n, transpose_a, transpose_b, dtype)
        whole = c.copy()
        compiled(whole_kernel, dtype)(a, b, whole, 0.3, 0.7, transpose_a, transpose_b)
        for _ in range(6):
            rows = [0, *sorted(rng.integers(0, m + 1, 2)), m]
            columns = [0, *sorted(rng.integers(0, n + 1, 2)), n]
            parts = c.copy()
            for top, bottom in itertools.pairwise(rows):
                for left, right in itertools.pairwise(columns):
                    call(a, b, parts, 0.3, 0.7, transpose_a, transpose_b, top, bottom, left, right)
            assert parts.tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_threads_give_the_bits_of_one(dtype: type, rng: np.random.Generator) -> None:
    call = compiled(part_kernel, dtype)
    a, b, c = operands(rng, 96, 300, 64, 0, 1, dtype)
    whole = c.copy()
    compiled(whole_kernel, dtype)(a, b, whole, 1.0, 0.5, 0, 1)
    for _ in range(20):
        halves = c.copy()
        threads = [
            threading.Thread(target=call, args=(a, b, halves, 1.0, 0.5, 0, 1, top, top + 48, 0, 64))
            for top in (0, 48)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert halves.tobytes() == whole.tobytes()


def placed(x: np.ndarray, offset: int) -> np.ndarray:
    """A copy of x that starts `offset` bytes after a page."""
    room = np.zeros(x.nbytes + 8192, np.uint8)
    start = -room.ctypes.data % 4096 + offset
    out = room[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    out[:] = x
    return out


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_bits_do_not_depend_on_addresses(
    dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    call = compiled(whole_kernel, dtype)
    a, b, c = operands(rng, 33, 65, 41, transpose_a, transpose_b, dtype)
    seen = set()
    for i in range(0, 64, 8):
        got = placed(c, i)
        call(placed(a, 3 * i), placed(b, 5 * i), got, 1.0, 1.0, transpose_a, transpose_b)
        seen.add(got.tobytes())
    assert len(seen) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="protects a page by mprotect")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("transpose_a", "transpose_b"), FLAGS)
def test_nothing_beyond_the_arrays_is_read_or_written(
    dtype: type, transpose_a: int, transpose_b: int, rng: np.random.Generator
) -> None:
    """Every array ends at a page that may not be touched: one number too far would end the process."""
    call = compiled(whole_kernel, dtype)
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    room = 16 * mmap.PAGESIZE
    fences = [np.frombuffer(mmap.mmap(-1, room + mmap.PAGESIZE), np.uint8) for _ in range(3)]
    forbidden, readable = 0, 3
    for fence in fences:
        assert protect(fence.ctypes.data + room, mmap.PAGESIZE, forbidden) == 0
    try:
        for m, k, n in itertools.product(
            [1, 2, 5, 6, 7, 16, 19, 40], [1, 3, 8, 9, 17, 40], [1, 2, 8, 15, 16, 17, 40]
        ):
            ends = []
            for x, fence in zip(operands(rng, m, k, n, transpose_a, transpose_b, dtype), fences, strict=True):
                end = fence[room - x.nbytes : room].view(dtype).reshape(x.shape)
                end[:] = x
                ends.append(end)
            a, b, c = ends
            before = c.copy()
            call(a, b, c, 1.0, 0.5, transpose_a, transpose_b)
            expect_close(c, turned(a, transpose_a), turned(b, transpose_b), before, 1.0, 0.5)
    finally:
        for fence in fences:
            protect(fence.ctypes.data + room, mmap.PAGESIZE, readable)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_part_leaves_the_rest_of_c_alone(dtype: type, rng: np.random.Generator) -> None:
    a, b, c = operands(rng, 20, 9, 45, 0, 0, dtype)
    before = c.copy()
    compiled(part_kernel, dtype)(a, b, c, 1.0, 0.0, 0, 0, 3, 17, 2, 39)
    inside = np.zeros(c.shape, bool)
    inside[3:17, 2:39] = True
    np.testing.assert_array_equal(c[~inside], before[~inside])
    expect_close(c[3:17, 2:39], a[3:17], b[:, 2:39], np.zeros((14, 37)), 1.0, 0.0)


def test_sums_run_over_k_in_order() -> None:
    """2**53 + 1 - 2**53 is 0 or 1, depending on the order: nothing may be reassociated."""
    a = np.array([[2.0**53, 1.0, -(2.0**53), 1.0]])
    b, c = np.ones((4, 20)), np.zeros((1, 20))
    compiled(whole_kernel, np.float64)(a, b, c, 1.0, 0.0, 0, 0)
    assert (c == 1.0).all()
