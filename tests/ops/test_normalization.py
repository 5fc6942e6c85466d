"""Norms beside PyTorch's own functions, at hard numbers, and with running statistics over several steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.op import Op, View
from graphnn.engine.program import Program
from graphnn.transform.interpret import interpret
from op_cases import BUILT_IN

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def draw(*shape: int, offset: float = 0.0, dtype: str = "float64") -> np.ndarray:
    return (np.random.default_rng(sum(shape)).standard_normal(shape) + offset).astype(dtype)


def functional() -> Any:
    return torch.nn.functional


# Shapes of x, scale and shift; ours; PyTorch's.
PAIRS = {
    "layer_norm": ((4, 3, 6), (6,), gn.layer_norm, lambda x, a, b: functional().layer_norm(x, (6,), a, b)),
    "layer_norm over two axes": (
        (4, 3, 6), (3, 6), lambda x, a, b: gn.layer_norm(x, a, b, axis=(1, 2)),
        lambda x, a, b: functional().layer_norm(x, (3, 6), a, b),
    ),
    "group_norm": (
        (2, 6, 5, 3), (6,), lambda x, a, b: gn.group_norm(x, 3, a, b),
        lambda x, a, b: functional().group_norm(x, 3, a, b),
    ),
    "instance_norm": (
        (2, 3, 4, 5), (3,), gn.instance_norm, lambda x, a, b: functional().instance_norm(x, None, None, a, b),
    ),
    "batch_norm of images": (
        (4, 3, 2, 5), (3,), lambda x, a, b: gn.batch_norm(x, a, b).y,
        lambda x, a, b: functional().batch_norm(x, None, None, a, b, training=True),
    ),
    "batch_norm of rows": (
        (7, 20), (20,), lambda x, a, b: gn.batch_norm(x, a, b).y,
        lambda x, a, b: functional().batch_norm(x, None, None, a, b, training=True),
    ),
}  # fmt: skip


@needs_torch
@pytest.mark.parametrize("left_out", ["nothing", "scale", "shift", "both"])
@pytest.mark.parametrize("name", PAIRS)
def test_norm_and_its_slopes_equal_those_of_pytorch(name: str, left_out: str) -> None:
    shape, channels, ours, theirs = PAIRS[name]
    arrays = [draw(*shape), draw(*channels, offset=2.0), draw(*channels)]
    given = [True, left_out not in ("scale", "both"), left_out not in ("shift", "both")]
    weights = draw(*shape, offset=1.0)
    nodes = [gn.input(k, a.shape, "float64") for k, a in zip("xab", arrays, strict=True)]
    used = [n for n, is_given in zip(nodes, given, strict=True) if is_given]
    y = ours(*[n if is_given else None for n, is_given in zip(nodes, given, strict=True)])
    slopes = gn.gradient((y * weights).sum(), used)
    feeds = {n: a for n, a, is_given in zip(nodes, arrays, given, strict=True) if is_given}
    found = Program([y, *slopes]).run(feeds)
    # PyTorch's own slopes fail for some None: ones and zeros say the same.
    neutral = [None, np.ones(channels), np.zeros(channels)]
    filled = [a if is_given else n for a, is_given, n in zip(arrays, given, neutral, strict=True)]
    tensors = [torch.from_numpy(a).requires_grad_() for a in filled]
    t = theirs(*tensors)
    kept = [v for v, is_given in zip(tensors, given, strict=True) if is_given]
    expected = [t, *torch.autograd.grad((t * torch.from_numpy(weights)).sum(), kept)]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-10)


@needs_torch
def test_rms_norm_l2_normalize_and_local_response_norm_equal_those_of_pytorch() -> None:
    x, scale = draw(3, 5, 4), draw(4, offset=1.0)
    t = torch.from_numpy(x)
    pairs = [
        (gn.rms_norm(x, scale), functional().rms_norm(t, (4,), torch.from_numpy(scale), 1e-5)),
        (gn.rms_norm(x), functional().rms_norm(t, (4,), None, 1e-5)),
        (gn.l2_normalize(x, axis=1), functional().normalize(t, dim=1)),
        (gn.local_response_norm(x, 3, 0.5, 0.6, 2.0), functional().local_response_norm(t, 3, 0.5, 0.6, 2.0)),
        (gn.local_response_norm(x, 4), functional().local_response_norm(t, 4)),
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found.value, expected.numpy(), rtol=2e-6, atol=2e-6)


# Shape and axes of statistics: rows, a few long rows, columns, planes.
LAYOUTS = [((6, 64), (1,)), ((2, 5000), (1,)), ((40, 19), (0,)), ((3, 4, 30), (0, 2))]


@pytest.mark.parametrize(("shape", "axes"), LAYOUTS)
def test_a_mean_of_ten_thousand_costs_no_digits(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    x, g = draw(*shape, offset=1e4, dtype="float32"), draw(*shape, offset=0.5, dtype="float32")
    nodes = [gn.input(k, shape) for k in "xg"]
    y = gn.standardize(nodes[0], axis=axes)
    slope = gn.gradient((y * nodes[1]).sum(), nodes[0])
    found = Program([y, slope]).run({"x": x, "g": g})
    exact = [gn.input(k, shape, "float64") for k in "xg"]
    y = gn.standardize(exact[0], axis=axes)
    expected = interpret([y, gn.gradient((y * exact[1]).sum(), exact[0])], {"x": x, "g": g})
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3)])
def test_equal_numbers_become_the_shift_and_have_a_finite_slope(shape: tuple[int, int]) -> None:
    x = gn.input("x", shape)
    y = gn.layer_norm(x, np.full(shape[1], 2.0), np.full(shape[1], 0.25))
    value, slope = Program([y, gn.gradient(y[0].sum(), x)]).run({"x": np.full(shape, 0.1)})
    np.testing.assert_array_equal(value, np.float32(0.25))
    assert np.isfinite(slope).all()
    y = gn.batch_norm(x).y
    value, slope = Program([y, gn.gradient((y * y).sum() + y.sum(), x)]).run({"x": np.full(shape, 0.1)})
    np.testing.assert_array_equal(value, 0.0)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_spoil_their_own_statistics_only(bad: float) -> None:
    for axis in (0, 1):
        x = draw(6, 6, dtype="float32")
        x[2, 2] = bad
        value = gn.standardize(x, axis=axis).value
        spoilt = np.isnan(value).any(axis=axis)
        assert spoilt.tolist() == [k == 2 for k in range(6)]


def test_norms_of_an_empty_batch_are_empty() -> None:
    x = gn.input("x", ("batch", 4, 3))
    norms = [gn.layer_norm(x), gn.group_norm(x, 2), gn.instance_norm(x), gn.rms_norm(x), gn.l2_normalize(x)]
    for value in Program(norms).run({"x": np.zeros((0, 4, 3))}):
        assert value.shape == (0, 4, 3)


def test_a_vector_of_zeros_stays_zeros_and_has_a_finite_slope() -> None:
    x = gn.input("x", (2, 3), "float64")
    y = gn.l2_normalize(x, eps=1e-3)
    value, slope = Program([y, gn.gradient(y.sum(), x)]).run({"x": [[0.0, 0.0, 0.0], [3.0, 0.0, 4.0]]})
    np.testing.assert_allclose(value, [[0, 0, 0], [0.6, 0, 0.8]])
    np.testing.assert_allclose(slope[0], 1e3)
    np.testing.assert_allclose(slope[1], (np.ones(3) - 1.4 * np.array([0.6, 0, 0.8])) / 5)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_vectors_of_any_size_become_vectors_of_length_one(size: float) -> None:
    x = gn.input("x", (3,))
    y = gn.l2_normalize(x, eps=1e-35)
    value, slope = Program([y, gn.gradient(y[0], x)]).run({"x": np.array([3.0, 0.0, 4.0]) * size})
    np.testing.assert_allclose(value, [0.6, 0.0, 0.8], rtol=1e-6)
    np.testing.assert_allclose(slope * size, [0.128, 0.0, -0.096], rtol=1e-5)


@needs_torch
@pytest.mark.parametrize("shape", [(8, 3), (4, 3, 5, 2)])
def test_running_statistics_follow_those_of_pytorch(shape: tuple[int, ...]) -> None:
    theirs = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(3, eps=1e-4, momentum=0.3)
    x = gn.input("x", ("batch", *shape[1:]))
    mean, var = gn.parameter(np.zeros(3), "mean"), gn.parameter(np.ones(3), "var")
    scale, shift = gn.parameter(np.ones(3), "scale"), gn.parameter(np.zeros(3), "shift")
    y, new_mean, new_var = gn.batch_norm(x, scale, shift, mean, var, momentum=0.3, eps=1e-4)
    train = Program(y, updates={mean: new_mean, var: new_var})
    for step in range(4):
        batch = draw(*shape, offset=step, dtype="float32")
        expected = theirs(torch.from_numpy(batch)).detach().numpy()
        np.testing.assert_allclose(train.run({"x": batch}), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mean.value, theirs.running_mean.numpy(), rtol=1e-5)
    np.testing.assert_allclose(var.value, theirs.running_var.numpy(), rtol=1e-5)
    theirs.eval()
    use = gn.batch_norm_inference(x, scale, shift, mean, var, eps=1e-4)
    expected = theirs(torch.from_numpy(batch)).detach().numpy()
    np.testing.assert_allclose(Program(use).run({"x": batch}), expected, rtol=1e-5, atol=1e-5)


def test_without_running_statistics_there_is_nothing_to_update() -> None:
    y, mean, var = gn.batch_norm(gn.input("x", ("batch", 2)))
    assert y.shape[1] == 2
    assert mean is None
    assert var is None


def test_the_momentum_may_be_a_node() -> None:
    running = gn.parameter(np.zeros(2), "mean")
    momentum = gn.parameter(0.5, "momentum")
    made = gn.batch_norm(np.array([[1.0, 2.0], [3.0, 6.0]], np.float32), None, None, running, None, momentum)
    assert made.var is None
    np.testing.assert_allclose(made.mean.value, [1.0, 2.0])


SHARED = ["standardize", "standardize_slope", "scale_shift", "softmax", "softmax_slope", "head_scores", "head_mix",
          "head_mix_tn"]  # fmt: skip
PARTED = [(BUILT_IN[name], k) for name in SHARED for k in range(len(BUILT_IN[name].samples))]


@pytest.mark.parametrize(("record", "number"), PARTED, ids=str)
def test_parts_for_threads_make_up_the_whole(record: Op, number: int) -> None:
    sample = record.samples[number]
    rng = np.random.default_rng(number)
    arrays = [rng.uniform(0.2, 2.0, s) for s in sample.shapes]
    whole = record.meaning(*arrays, **sample.attributes)  # type: ignore[misc]
    (view,) = record.kernel_views([*[a.shape for a in arrays], whole.shape], sample.attributes)
    assert record.shard_function is not None
    parts = record.shard_function(view, 3)
    out = np.full(view.shapes[-1], np.nan)
    for part in parts:
        run(record, part, arrays, out)
    np.testing.assert_allclose(out.reshape(whole.shape), whole, rtol=1e-12, atol=1e-12)


def run(record: Op, view: View, arrays: list[np.ndarray], out: np.ndarray) -> None:
    seen = [np.ascontiguousarray(a).reshape(s) for a, s in zip(arrays, view.shapes, strict=False)]
    scratch = [np.full(record.scratch_function(view), np.nan)] if record.scratch_function else []
    record.kernel_function(*seen, out, *scratch, *[view.ints[n] for n in record.kernel_integers])  # type: ignore[misc]


X = gn.input("x", ("batch", 4, 6))
WRONG = [
    (lambda: gn.layer_norm(X, axis=1), ShapeError, "wanted the last axes of x"),
    (lambda: gn.layer_norm(X, np.ones(5), np.ones(5)), ShapeError, r"scale is \(5,\)"),
    (lambda: gn.layer_norm(X, np.ones(5)), ShapeError, r"scale or shift is \(5,\)"),
    (lambda: gn.group_norm(X, 3), ShapeError, "4 channels .* do not make 3 groups"),
    (lambda: gn.group_norm(gn.input("r", (3,)), 1), ShapeError, r"x is \(3,\), wanted \(n, c, \*s\)"),
    (lambda: gn.instance_norm(gn.input("r", (3, 4))), ShapeError, "at least one axis s"),
    (lambda: gn.batch_norm(gn.input("r", (1, 4))), ShapeError, "one number in a channel; wanted at least 2"),
    (lambda: gn.standardize(gn.input("r", (2, 3, 4)), axis=1), ShapeError, "must be neighbours"),
    (lambda: gn.standardize(X, axis=()), ShapeError, "axes to take statistics over"),
    (lambda: gn.scale_shift(X, np.ones(3), np.ones(3), axis=1), ShapeError, "not the axes of x"),
    (lambda: gn.local_response_norm(X, 0), SettingError, "whole number of at least 1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "words"), WRONG, ids=range(len(WRONG)))
def test_what_does_not_fit_is_told(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
