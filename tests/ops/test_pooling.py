"""Pools: ties, NaN, padding that never wins, windows over the end, and slopes of slopes."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

NAN, INF = float("nan"), float("inf")


def pooled(values, *args, **settings) -> tuple[np.ndarray, np.ndarray]:
    """The pool of a plane and the slope of its sum."""
    x = gn.parameter(np.array(values, float), "x", "float64")
    y = gn.max_pool2d(x, *args, **settings)
    slope = gn.gradient(y.sum(), x)
    return y.value, slope.value


def test_of_several_that_tie_the_first_gets_the_slope() -> None:
    y, slope = pooled([[1, 1, 2, 3], [1, 1, 3, 3]], 2)
    assert y.tolist() == [[1, 3]]
    assert slope.tolist() == [[1, 0, 0, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize("columns", [4, 5])
def test_every_place_of_a_square_can_win(columns) -> None:
    for k in range(4):
        plane = np.full((2, columns), -5.0)
        plane[k // 2, 2 + k % 2] = 7.0
        y, slope = pooled(plane, 2)
        assert y.tolist() == [[-5.0, 7.0]]
        wanted = np.zeros((2, columns))
        wanted[0, 0] = wanted[k // 2, 2 + k % 2] = 1.0
        assert slope.tolist() == wanted.tolist()


@pytest.mark.parametrize("stride", [2, 1])
def test_nan_wins_wherever_it_stands(stride) -> None:
    for k in range(4):
        plane = np.array([[1.0, INF], [3.0, 2.0]])
        plane[k // 2, k % 2] = NAN
        y, slope = pooled(plane, 2, stride)
        assert np.isnan(y).all()
        assert np.argwhere(slope).tolist() == [[k // 2, k % 2]]


def test_places_of_the_padding_never_win() -> None:
    y, slope = pooled([[-3.0, -2.0], [-5.0, -4.0]], 2, 1, padding=1)
    assert y.tolist() == [[-3, -2, -2], [-3, -2, -2], [-5, -4, -4]]
    assert slope.sum() == 9
    y, slope = pooled([[-INF, -INF], [-INF, -INF]], 2)
    assert y.tolist() == [[-INF]]
    assert slope.tolist() == [[1, 0], [0, 0]]


def test_windows_that_overlap_add_their_slopes() -> None:
    _, slope = pooled([[0, 9, 0], [0, 0, 0]], 2, 1)
    assert slope.tolist() == [[0, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 3)])
@pytest.mark.parametrize("stride", [None, 1, 2, (3, 2)])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_sizes_and_values_are_those_of_pytorch(kernel, stride, padding, ceil_mode) -> None:
    torch = pytest.importorskip("torch")
    least = kernel if isinstance(kernel, int) else min(kernel)
    if 2 * padding > least:
        pytest.skip("a window must touch the image")
    x = np.random.default_rng(3).standard_normal((2, 3, 7, 8))
    told = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
    tensor, node = torch.from_numpy(x), gn.constant(x, "float64")
    found = gn.max_pool2d(node, kernel, **told).value
    np.testing.assert_array_equal(found, torch.nn.functional.max_pool2d(tensor, kernel, **told))
    for count in (False, True):
        found = gn.avg_pool2d(node, kernel, **told, count_include_pad=count).value
        wanted = torch.nn.functional.avg_pool2d(tensor, kernel, **told, count_include_pad=count)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    if isinstance(kernel, int) and not isinstance(stride, tuple):
        rows, sequences = node.reshape((6, 7, 8)), tensor.reshape(6, 7, 8)
        found = gn.max_pool1d(rows, kernel, **told).value
        np.testing.assert_array_equal(found, torch.nn.functional.max_pool1d(sequences, kernel, **told))
        found = gn.avg_pool1d(rows, kernel, **told).value
        wanted = torch.nn.functional.avg_pool1d(sequences, kernel, **told)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def test_the_second_slope_of_a_pool_is_taken_where_the_largest_stands() -> None:
    x = gn.parameter([[1.0, 4.0], [3.0, 2.0]], "x", "float64")
    y = gn.max_pool2d(x, 2)
    slope = gn.gradient((y * y * y).sum(), x)
    assert slope.value.tolist() == [[0, 48], [0, 0]]
    assert gn.gradient(slope.sum(), x).value.tolist() == [[0, 24], [0, 0]]


X = gn.input("x", (2, 4, 8, 8))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.max_pool2d(X, 9), "axis -2 of x is 8, with padding 8: too short"),
        (lambda: gn.max_pool2d(X, 3, padding=2), "at most half of the kernel"),
        (lambda: gn.max_pool2d(X, (2, 2, 2)), "kernel_size is an int or 2 ints"),
        (lambda: gn.max_pool2d(X, 0), "wanted 1 or more"),
        (lambda: gn.max_pool2d(gn.input("x", (3,)), 2), "x needs at least 2 axes"),
        (lambda: gn.max_pool2d(gn.input("x", (2, 0, 3)), 1), "no rows or no columns"),
        (lambda: gn.max_pool2d(gn.input("x", ("h", 3)), 2, ceil_mode=True), "needs to know the size"),
        (
            lambda: gn.avg_pool2d(gn.input("x", ("h", 3)), 2, 1, padding=1, count_include_pad=False),
            "must be known where windows differ in size",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_words(call, words) -> None:
    with pytest.raises(gn.ShapeError, match=words):
        call()
