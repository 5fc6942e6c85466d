"""Convolution, patches and resizing: known numbers, errors in words, named axes, threads, and large shapes."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.fuse import fuse

RNG = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape)


def by_hand(x, w, stride, padding, dilation, groups) -> np.ndarray:
    """Loops over kernels, channels and taps, as the definition says."""
    top, bottom, left, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    n, o = len(x), len(w)
    p = (x.shape[2] - dilation[0] * (w.shape[2] - 1) - 1) // stride[0] + 1
    q = (x.shape[3] - dilation[1] * (w.shape[3] - 1) - 1) // stride[1] + 1
    y = np.zeros((n, o, p, q))
    for k in range(o):
        first = k // (o // groups) * w.shape[1]
        for c in range(w.shape[1]):
            for i in range(w.shape[2]):
                for j in range(w.shape[3]):
                    rows = i * dilation[0] + stride[0] * np.arange(p)
                    columns = j * dilation[1] + stride[1] * np.arange(q)
                    y[:, k] += w[k, c, i, j] * x[:, first + c][:, rows][:, :, columns]
    return y


@pytest.mark.parametrize(
    ("x", "w", "settings"),
    [
        # wider than a line of the cache, taller than a band of patches
        ((1, 3, 40, 70), (5, 3, 3, 3), {"padding": 1}),
        ((2, 30, 37, 41), (3, 30, 3, 5), {}),
        ((1, 4, 50, 51), (4, 2, 5, 3), {"stride": (3, 2), "dilation": (2, 3), "groups": 2}),
        ((2, 8, 9, 9), (8, 1, 3, 3), {"padding": "same", "groups": 8}),
        ((2, 8, 9, 17), (6, 8, 1, 1), {}),
        ((2, 4, 9, 17), (6, 4, 1, 1), {"padding": 1, "stride": 2}),
        ((1, 1, 1, 1), (1, 1, 2, 2), {"padding": ((5, 0), (0, 4)), "stride": 10}),
        ((3, 2, 6, 6), (4, 2, 3, 3), {"padding": "valid", "dilation": 2}),
    ],
    ids=str,
)
def test_convolution_is_what_its_definition_says(x, w, settings) -> None:
    a, k = draw(*x), draw(*w)
    x_leaf, w_leaf = gn.input("x", x, "float64"), gn.input("w", w, "float64")
    y = gn.conv2d(x_leaf, w_leaf, **settings)
    found = gn.Program(y).run({x_leaf: a, w_leaf: k})
    np.testing.assert_allclose(found, by_hand(a, k, **y.attributes), rtol=1e-12, atol=1e-12)
    # The three forms are one trilinear sum: <g, x * w> = <x, w *^T g> = <w, x * g>.
    g = draw(*y.shape)
    slopes = gn.gradient((y * gn.constant(g, "float64")).sum(), [x_leaf, w_leaf])
    gx, gw = gn.Program(slopes).run({x_leaf: a, w_leaf: k})
    total = (found * g).sum()
    np.testing.assert_allclose([(gx * a).sum(), (gw * k).sum()], [total, total], rtol=1e-11)


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_threads_change_no_bit(threads, monkeypatch) -> None:
    rng = np.random.default_rng(5)
    x0, w0 = rng.standard_normal((24, 8, 20, 20)), rng.standard_normal((20, 8, 5, 5))
    results = []
    for count in ("1", threads):
        monkeypatch.setenv("GRAPHNN_THREADS", count)
        x, w = gn.input("x", x0.shape), gn.parameter(w0, "w", "float32")
        y = gn.max_pool2d(gn.relu(gn.conv2d(x, w, padding=2)), 2)
        results.append(gn.Program([y, *gn.gradient((y * y).sum(), [x, w])]).run({x: x0.astype(np.float32)}))
    for one, many in zip(*results, strict=True):
        assert one.tobytes() == many.tobytes()


def test_a_named_batch_runs_at_any_size() -> None:
    x = gn.input("x", ("batch", 2, 6, 5), "float64")
    w, b = gn.parameter(draw(3, 2, 3, 3), "w", "float64"), gn.parameter(draw(3), "b", "float64")
    y = gn.avg_pool2d(gn.max_pool2d(gn.conv2d(x, w, b, padding=1), 2), (3, 1))
    program = gn.Program([y, gn.gradient((y * y).sum(), w)])
    whole = draw(4, 2, 6, 5)
    every, slope = program.run({x: whole})
    parts = [program.run({x: whole[k : k + 2]}) for k in (0, 2)]
    np.testing.assert_allclose(every, np.concatenate([p[0] for p in parts]), rtol=1e-12)
    np.testing.assert_allclose(slope, parts[0][1] + parts[1][1], rtol=1e-12)
    nothing, slope = program.run({x: whole[:0]})
    assert nothing.shape == (0, 3, 1, 2)
    assert not slope.any()


def test_named_rows_and_columns_work_with_stride_one() -> None:
    x = gn.input("x", (1, 2, "h", "w"), "float64")
    k = gn.parameter(draw(3, 2, 3, 2), "k", "float64")
    y = gn.conv2d(x, k, padding=(1, 0))
    assert [str(d) for d in y.shape] == ["1", "3", "h", "w-1"]
    slope = gn.gradient(y.sum(), x)
    assert slope.shape == x.shape
    a = draw(1, 2, 5, 7)
    value, _ = gn.Program([y, slope]).run({x: a})
    settings = {"stride": (1, 1), "padding": (1, 1, 0, 0), "dilation": (1, 1), "groups": 1}
    np.testing.assert_allclose(value, by_hand(a, k.value, **settings), rtol=1e-12)
    with pytest.raises(gn.ShapeError, match="stride of 2 its size must be known"):
        gn.conv2d(x, k, stride=2)


X, Y, W = gn.input("x", (2, 4, 8, 8)), gn.input("y", (2, 6, 4, 4)), gn.input("w", (6, 4, 3, 3))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: gn.conv2d(X, gn.input("w", (6, 3, 3, 3))),
            r"x \(2, 4, 8, 8\) has 4 channels, but kernels w",
        ),
        (lambda: gn.conv2d(X, W, groups=4), "6 kernels in w cannot be cut into 4 equal groups"),
        (lambda: gn.conv2d(X, W, groups=2), "are for 4 in each of 2 groups"),
        (lambda: gn.conv2d(X, W, groups=0), "groups is an int of 1 or more, found 0"),
        (lambda: gn.conv2d(X, W, stride=0), "stride is 0; wanted 1 or more"),
        (lambda: gn.conv2d(X, W, stride=(1, 2, 3)), "stride is an int or 2 ints"),
        (lambda: gn.conv2d(X, W, dilation=1.5), "dilation is an int or 2 ints, found 1.5"),
        (lambda: gn.conv2d(X, W, dilation=4), "too short for a kernel that spans 9"),
        (lambda: gn.conv2d(X, W, padding="full"), "found 'full'"),
        (lambda: gn.conv2d(X, W, padding=-1), "found -1"),
        (lambda: gn.conv2d(X, W, padding="same", stride=2), "keeps sizes only with stride 1"),
        (lambda: gn.conv2d(X, W, gn.input("b", (4,))), r"b is \(4,\), wanted \(6,\)"),
        (lambda: gn.conv2d(X[0], W), r"x needs 4 axes"),
        (lambda: gn.conv2d(X, gn.input("w", (6, 4, 0, 3))), "known size of 1 or more"),
        (lambda: gn.conv1d(X, W), r"conv1d: x needs 3 axes \(n, c, l\)"),
        (lambda: gn.conv1d(X[0], gn.input("w", (2, 8, 9))), "conv1d: axis -1 of x is 8, with padding 8"),
        (lambda: gn.conv1d(X[0], gn.input("w", (2, 8, 3)), padding=(1, 1)), r"pairs \(\(before, after\),\)"),
        (lambda: gn.conv_transpose2d(X, W), "axis o is 4 in x .* but 6 in w"),
        (lambda: gn.conv_transpose1d(X[0], X[0][:3]), "axis o is 8 in x .* but 3 in w"),
        (lambda: gn.conv_transpose2d(Y, W, output_padding=1), "wanted less than the stride"),
        (lambda: gn.conv_transpose2d(Y, W, padding=4), "wanted 1 or more along each axis"),
        (lambda: gn.fold(gn.input("x", (1, 7, 4)), 3, 2), "wanted a multiple of the 4 places"),
        (lambda: gn.fold(gn.input("x", (1, 8, 5)), 3, 2), r"the number of patches is \(5,\), wanted \(4,\)"),
        (lambda: gn.pixel_shuffle(X, 3), "a multiple of 9"),
        (lambda: gn.resize(X, 3, scale=2), "either size or scale"),
        (lambda: gn.resize(X, 3, mode="cubic"), "mode 'cubic' is unknown"),
        (lambda: gn.resize(X, 3, align_corners=True), "align_corners is for mode"),
        (lambda: gn.resize(X, scale=0.1), "has nothing left"),
        (lambda: gn.resize(X, scale="2"), "scale is a number, or one for each of 2 axes"),
        (lambda: gn.resize(X, (0, 3)), "wanted 1 or more"),
        (lambda: gn.resize(gn.input("x", (2, 1, 0)), 3), "is empty"),
    ],
)
def test_what_does_not_fit_is_told_in_words(call, words) -> None:
    with pytest.raises((gn.ShapeError, gn.SettingError), match=words):
        call()


def test_infinity_and_nan_stay_under_their_kernel() -> None:
    x = np.zeros((1, 1, 5, 7))
    x[0, 0, 0, 0], x[0, 0, 4, 6] = np.nan, np.inf
    w = np.ones((1, 1, 2, 2))
    y = gn.conv2d(gn.constant(x, "float64"), gn.constant(w, "float64"), padding=1).value[0, 0]
    assert np.argwhere(np.isnan(y)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert np.argwhere(np.isinf(y)).tolist() == [[4, 6], [4, 7], [5, 6], [5, 7]]


@pytest.mark.parametrize("with_relu", [False, True])
def test_a_layer_of_convolution_is_one_node_when_it_runs(with_relu) -> None:
    x, w = gn.input("x", (2, 3, 6, 6), "float64"), gn.parameter(draw(4, 3, 3, 3), "w", "float64")
    y = gn.conv2d(x, w, gn.parameter(draw(4), "b", "float64"))
    y = gn.relu(y) if with_relu else y
    fused = fuse([y])
    assert [n.op.name for n in gn.Graph(fused).nodes if n.role == "op"] == ["conv2d_bias"]
    feeds = {x: draw(2, 3, 6, 6)}
    np.testing.assert_allclose(
        gn.Program(fused, optimize=False).run(feeds)[0], gn.interpret([y], feeds)[0], rtol=1e-12, atol=1e-12
    )


def test_unfolded_patches_times_kernels_are_a_convolution() -> None:
    x, w = gn.constant(draw(2, 3, 7, 6), "float64"), gn.constant(draw(5, 3, 3, 2), "float64")
    patches = gn.unfold(x, (3, 2), padding=1, stride=2)
    rows = gn.matmul(w.reshape((5, -1)), patches)
    wanted = gn.conv2d(x, w, padding=1, stride=2)
    np.testing.assert_allclose(rows.value, wanted.reshape(rows.shape).value, rtol=1e-12)


@pytest.mark.parametrize("mode", ["nearest", "linear", "bilinear", "area"])
@pytest.mark.parametrize("how", [{"size": (9, 3)}, {"scale": (2, 0.5)}, {"scale": 1}], ids=str)
def test_images_are_resized_as_pytorch_does(mode, how) -> None:
    torch = pytest.importorskip("torch")
    x = draw(2, 3, 5, 6)
    found = gn.resize(gn.constant(x, "float64"), mode=mode, **how).value
    told = {"linear": "bilinear"}.get(mode, mode)
    factor = how.get("scale")
    settings = {"size": how.get("size"), "mode": told}
    if factor:
        settings |= {"scale_factor": factor, "recompute_scale_factor": True}
    np.testing.assert_allclose(
        found, torch.nn.functional.interpolate(torch.from_numpy(x), **settings), rtol=1e-6, atol=1e-7
    )


def test_a_named_axis_is_scaled_by_whole_numbers() -> None:
    x = gn.input("x", (1, 1, "h", 4), "float64")
    y = gn.resize(x, scale=2, mode="linear")
    assert str(y.shape[2]) == "2*h"
    assert gn.Program(y).run({x: np.ones((1, 1, 3, 4))}).tolist() == np.ones((1, 1, 6, 8)).tolist()
    with pytest.raises(gn.ShapeError, match="scaled by whole numbers only"):
        gn.resize(x, scale=1.5)


def test_adaptive_means_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x = draw(2, 3, 7, 5)
    found = gn.adaptive_avg_pool2d(gn.constant(x, "float64"), (3, 4)).value
    np.testing.assert_allclose(
        found, torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x), (3, 4)), rtol=1e-12
    )
