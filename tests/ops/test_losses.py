"""Losses: options beside PyTorch's, extreme values, faults that name the position, errors that say what is wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine.program import Program

torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
functional = torch.nn.functional

REDUCTIONS = ("mean", "sum", "none")


def uniform(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(low, high, shape)


def agree(ours, theirs, *arrays: np.ndarray, rtol: float = 1e-11) -> None:
    """Value and first slopes of two functions of float64 arrays."""
    leaves = [gn.input(f"x{k}", a.shape, "float64") for k, a in enumerate(arrays)]
    tensors = [torch.from_numpy(a.copy()).requires_grad_() for a in arrays]
    y, expected = ours(*leaves), theirs(*tensors)
    slopes = gn.gradient(y.sum(), leaves, no_path="zero")
    values = Program([y, *slopes]).run(dict(zip(leaves, arrays, strict=True)))
    wanted = [
        expected,
        *torch.autograd.grad(expected.sum(), tensors, allow_unused=True, materialize_grads=True),
    ]
    for found, want in zip(values, wanted, strict=True):
        np.testing.assert_allclose(found, want.detach().numpy(), rtol=rtol, atol=1e-13)


LABELS = np.array([2, 0, 3, 1, 3])
SOME_IGNORED = np.array([2, -100, 3, -100, 3])
WEIGHT = np.array([0.5, 2.0, 0.0, 1.5])
KNOBS = {"weight": WEIGHT, "label_smoothing": 0.3, "ignore_index": -100}
OPTIONS = [{k: KNOBS[k] for k in names} for r in range(4) for names in itertools.combinations(KNOBS, r)]


def in_pytorch(options):
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "plain")
def test_options_of_softmax_cross_entropy_are_pytorchs(options, reduction) -> None:
    labels = SOME_IGNORED if "ignore_index" in options else LABELS
    agree(
        lambda x: gn.softmax_cross_entropy(x, labels, reduction=reduction, **options),
        lambda x: functional.cross_entropy(
            x, torch.from_numpy(labels), reduction=reduction, **in_pytorch(options)
        ),
        uniform(5, 4),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "options", [o for o in OPTIONS if "ignore_index" not in o], ids=lambda o: "-".join(o) or "plain"
)
def test_soft_labels_take_the_same_options(options, reduction) -> None:
    shares = uniform(5, 4, low=0.1, high=1.0)
    shares /= shares.sum(-1, keepdims=True)
    agree(
        lambda x, p: gn.softmax_cross_entropy(x, p, reduction=reduction, **options),
        lambda x, p: functional.cross_entropy(x, p, reduction=reduction, **in_pytorch(options)),
        uniform(5, 4), shares,
    )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    "options", [o for o in OPTIONS if "label_smoothing" not in o], ids=lambda o: "-".join(o) or "plain"
)
def test_losses_of_probabilities_take_weights_and_ignored_labels(options, reduction) -> None:
    labels = SOME_IGNORED if "ignore_index" in options else LABELS
    p = uniform(5, 4, low=0.1, high=1.0)
    settings, given = in_pytorch(options) | {"reduction": reduction}, torch.from_numpy(labels)
    agree(lambda x: gn.nll_loss(x, labels, reduction=reduction, **options),
          lambda x: functional.nll_loss(x, given, **settings), np.log(p))  # fmt: skip
    agree(lambda x: gn.categorical_cross_entropy(x, labels, reduction=reduction, **options),
          lambda x: functional.nll_loss(x.log(), given, **settings), p)  # fmt: skip


def test_probabilities_with_soft_labels_and_smoothing() -> None:
    logits, shares = uniform(5, 4), uniform(5, 4, low=0.1, high=1.0)
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    for labels in (shares, LABELS):
        found = gn.categorical_cross_entropy(
            gn.constant(p, "float64"), labels, label_smoothing=0.2, weight=WEIGHT
        )
        wanted = gn.softmax_cross_entropy(
            gn.constant(logits, "float64"), labels, label_smoothing=0.2, weight=WEIGHT
        )
        np.testing.assert_allclose(found.value, wanted.value, rtol=1e-12)


def test_the_mean_over_no_label_is_nan_and_the_sum_is_0() -> None:
    x = gn.parameter(np.ones((2, 3)), "x", dtype="float64")
    none = np.array([-1, -1])
    assert np.isnan(gn.softmax_cross_entropy(x, none, ignore_index=-1).value)
    total = gn.softmax_cross_entropy(x, none, ignore_index=-1, reduction="sum")
    assert float(total.value) == 0.0
    np.testing.assert_array_equal(gn.gradient(total, x).value, np.zeros((2, 3)))


def test_the_plain_case_stays_one_fused_node() -> None:
    x, labels = gn.input("x", (4, 3)), gn.input("labels", (4,), "int64")
    loss = gn.softmax_cross_entropy(x, labels)
    graph = gn.Graph([loss, gn.gradient(loss, x)])
    assert [n.op.name for n in graph.nodes if "softmax" in n.op.name] == [
        "softmax_cross_entropy", "softmax_cross_entropy_slope",
    ]  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_of_binary_cross_entropy_are_pytorchs(reduction) -> None:
    x, t, w = uniform(3, 4), uniform(3, 4, low=0.0, high=1.0, seed=1), uniform(3, 4, low=0.1, seed=2)
    p = 1 / (1 + np.exp(-x))
    pos = np.array([0.5, 1.0, 2.0, 7.0])
    agree(lambda x: gn.binary_cross_entropy_with_logits(x, t, reduction, weight=w, pos_weight=pos),
          lambda x: functional.binary_cross_entropy_with_logits(
              x, torch.from_numpy(t), torch.from_numpy(w), reduction=reduction, pos_weight=torch.from_numpy(pos)),
          x)  # fmt: skip
    agree(lambda p: gn.binary_cross_entropy(p, t, reduction, weight=w),
          lambda p: functional.binary_cross_entropy(p, torch.from_numpy(t), torch.from_numpy(w), reduction=reduction),
          p)  # fmt: skip


def test_more_losses_are_pytorchs() -> None:
    a, b, c = uniform(3, 4), uniform(3, 4, seed=1), uniform(3, 4, seed=2)
    sign = np.array([1.0, -1.0, 1.0])
    t = torch.from_numpy
    labels = np.array([1, 3, 0])
    agree(lambda a, b: gn.huber_loss(a, b, 0.7), lambda a, b: functional.huber_loss(a, b, delta=0.7), a, b)
    agree(
        lambda a, b: gn.smooth_l1_loss(a, b, 0.7),
        lambda a, b: functional.smooth_l1_loss(a, b, beta=0.7),
        a,
        b,
    )
    agree(lambda a: gn.poisson_nll_loss(a, np.abs(b), full=True),
          lambda a: functional.poisson_nll_loss(a, t(np.abs(b)), full=True), a)  # fmt: skip
    agree(lambda a: gn.poisson_nll_loss(a, np.abs(b), log_input=False, reduction="sum"),
          lambda a: functional.poisson_nll_loss(a, t(np.abs(b)), log_input=False, reduction="sum"),
          np.abs(a))  # fmt: skip
    agree(lambda a, b, v: gn.gaussian_nll_loss(a, b, v, full=True),
          lambda a, b, v: functional.gaussian_nll_loss(a, b, v, full=True), a, b, np.abs(c))  # fmt: skip
    agree(lambda a: gn.multi_margin_loss(a, labels, 0.5, power=2),
          lambda a: functional.multi_margin_loss(a, t(labels), p=2, margin=0.5), a)  # fmt: skip
    agree(gn.cosine_similarity, lambda a, b: functional.cosine_similarity(a, b, -1), a, b)
    agree(lambda a, b: gn.cosine_embedding_loss(a, b, sign, 0.1),
          lambda a, b: functional.cosine_embedding_loss(a, b, t(sign), 0.1), a, b, rtol=1e-9)  # fmt: skip
    agree(gn.triplet_margin_loss, functional.triplet_margin_loss, a, b, c)
    agree(lambda *v: gn.triplet_margin_loss(*v, swap=True),
          lambda *v: functional.triplet_margin_loss(*v, swap=True), a, b, c)  # fmt: skip


def test_hinge_and_contrastive_losses_have_the_values_of_their_papers() -> None:
    found = gn.hinge_loss(gn.constant([2.0, 0.5, -1.0, 3.0]), [1.0, 1.0, 1.0, -1.0], reduction="none").value
    np.testing.assert_allclose(found, [0.0, 0.5, 2.0, 4.0])
    a, b = gn.constant([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]]), np.array([[0.3, 0.4], [0.3, 0.4], [0.0, 0.0]])
    found = gn.contrastive_loss(a, b, [1.0, 0.0, 0.0], reduction="none").value
    np.testing.assert_allclose(found, [0.125, 0.125, 0.0], rtol=1e-6)


def test_kl_of_gaussians_agrees_with_itself() -> None:
    m, v = uniform(3, 4), uniform(3, 4, seed=1)
    zeros = np.zeros((3, 4))
    m, v = gn.constant(m, "float64"), gn.constant(v, "float64")
    np.testing.assert_allclose(
        gn.kl_normal(m, v, zeros, zeros).value, gn.kl_standard_normal(m, v).value, rtol=1e-13
    )
    assert float(gn.kl_normal(m, v, m, v).value) == 0.0


# Extreme values: value and slopes are finite, or what is said.


def value_and_slopes(function, *arrays, dtype="float32"):
    leaves = [gn.parameter(np.asarray(a, dtype), f"x{k}", dtype=dtype) for k, a in enumerate(arrays)]
    y = function(*leaves)
    return [np.asarray(v) for v in Program([y, *gn.gradient(y.sum(), leaves)]).run({})]


BIG = [1e4, -1e4, 0.0, 1e4]
EXTREME = {
    "softmax cross-entropy": (lambda x: gn.softmax_cross_entropy(x, [1, 0]), [BIG, BIG[::-1]]),
    "smoothed": (lambda x: gn.softmax_cross_entropy(x, [1, 0], label_smoothing=0.1), [BIG, BIG[::-1]]),
    "logits": (lambda x: gn.binary_cross_entropy_with_logits(x, [1.0, 1.0, 0.0, 0.0], pos_weight=3.0), BIG),
    "sure and wrong": (lambda p: gn.binary_cross_entropy(p, [1.0, 0.0, 1.0, 0.0]), [0.0, 1.0, 1.0, 0.0]),
    "no chance": (lambda p: gn.categorical_cross_entropy(p, [0, 1]), [[0.0, 1.0], [0.0, 1.0]]),
    "focal": (lambda x: gn.sigmoid_focal_loss(x, [1.0, 1.0, 0.0, 0.0]), BIG),
    "log cosh": (lambda x: gn.log_cosh_loss(x, [0.0] * 5), [1e30, -1e30, 0.0, 1e-20, 90.0]),
    "huber": (lambda x: gn.huber_loss(x, [0.0, 0.0]), [1e30, 0.0]),
    "smooth l1": (lambda x: gn.smooth_l1_loss(x, [0.0, 0.0]), [1e30, 0.0]),
    "kl of nothing": (lambda q: gn.kl_div(q, [0.0, 1.0]), [-np.inf, 0.0]),
    "kl of log nothing": (lambda q, p: gn.kl_div(q, p, log_target=True), [-1e30, 0.0], [-1e4, 0.0]),
    "cosine of zeros": (gn.cosine_similarity, [0.0, 0.0], [0.0, 1.0]),
    "contrast of one place": (lambda a, b: gn.contrastive_loss(a, b, [0.0]), [[1.0, 2.0]], [[1.0, 2.0]]),
    "variance of 0": (lambda x, v: gn.gaussian_nll_loss(x, [1.0], v), [1.0], [0.0]),
    "kl of tiny variance": (gn.kl_standard_normal, [0.0], [-1e4]),
    "empty masks": (lambda p: gn.dice_loss(p, [[0.0, 0.0]]), [[0.0, 0.0]]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXTREME)
def test_extreme_values_give_finite_losses_and_slopes(name) -> None:
    function, *arrays = EXTREME[name]
    for found in value_and_slopes(function, *arrays):
        assert np.isfinite(found).all(), found


def test_an_infinite_difference_is_an_infinite_loss_with_a_finite_slope() -> None:
    for loss in (gn.huber_loss, gn.smooth_l1_loss, gn.log_cosh_loss, gn.mean_absolute_error):
        value, slope = value_and_slopes(lambda x, loss=loss: loss(x, [0.0], reduction="sum"), [np.inf])
        assert (float(value), slope.tolist()) == (np.inf, [1.0]), loss


def test_nan_in_is_nan_out() -> None:
    for loss in (gn.huber_loss, gn.log_cosh_loss, gn.mean_absolute_error, gn.hinge_loss, gn.binary_cross_entropy,
                 gn.kl_div, gn.kl_standard_normal, gn.sigmoid_focal_loss):  # fmt: skip
        for place in (0, 1):
            pair = [[0.5], [0.5]]
            pair[place] = [np.nan]
            assert np.isnan(loss(*(gn.constant(v) for v in pair)).value), (loss, place)


def test_logarithms_of_a_sure_mistake_are_bounded_as_in_pytorch() -> None:
    p, t = np.array([0.0, 1.0, 1e-60, 0.0]), np.array([1.0, 0.0, 1.0, 0.0])
    found = gn.binary_cross_entropy(gn.constant(p, "float64"), t, reduction="none").value
    wanted = functional.binary_cross_entropy(torch.from_numpy(p), torch.from_numpy(t), reduction="none")
    np.testing.assert_allclose(found, wanted.numpy(), rtol=1e-14)


def test_log_cosh_is_exact_near_zero() -> None:
    x = np.array([1e-3, 1e-8, 1e-15])
    found = gn.log_cosh_loss(gn.constant(x, "float64"), np.zeros(3), reduction="none").value
    np.testing.assert_allclose(found, x * x / 2 - x**4 / 12, rtol=1e-12)


# Labels that are not there.

FAULTY = {
    "softmax_cross_entropy": lambda x, t: gn.softmax_cross_entropy(x, t),
    "weighted": lambda x, t: gn.softmax_cross_entropy(x, t, weight=np.ones(4)),
    "smoothed": lambda x, t: gn.softmax_cross_entropy(x, t, label_smoothing=0.1),
    "ignoring": lambda x, t: gn.softmax_cross_entropy(x, t, ignore_index=-100),
    "nll_loss": lambda x, t: gn.nll_loss(x, t),
    "categorical_cross_entropy": lambda x, t: gn.categorical_cross_entropy(x, t),
    "multi_margin_loss": lambda x, t: gn.multi_margin_loss(x, t),
}


@pytest.mark.parametrize("name", FAULTY)
@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_that_is_no_class_is_a_fault_that_names_its_position(name, label) -> None:
    x, t = gn.input("x", (3, 4)), gn.input("t", (3,), "int64")
    with pytest.raises(gn.FaultError, match=rf"\[2\] is {label}"):
        Program(FAULTY[name](x, t)).run({x: np.ones((3, 4)), t: np.array([0, 3, label])})


X, T = gn.input("x", (3, 4)), gn.input("t", (3,), "int64")
WRONG = [
    (lambda: gn.softmax_cross_entropy(X, T, weight=np.ones(3)), "weight is \\(3,\\).*\\(4,\\)"),
    (lambda: gn.softmax_cross_entropy(X, T, label_smoothing=2.0), "a share from 0 to 1"),
    (lambda: gn.softmax_cross_entropy(X, T, ignore_index=0.5), "whole number"),
    (lambda: gn.softmax_cross_entropy(X, X, ignore_index=1), "ignore_index marks integer labels"),
    (lambda: gn.softmax_cross_entropy(X, T, "men"), "Did you mean 'mean'"),
    (lambda: gn.kl_div(X, X, reduction="batch"), "batchmean"),
    (lambda: gn.nll_loss(gn.input("p", (3, 0)), T), "no class"),
    (lambda: gn.nll_loss(X, gn.input("t", (4,), "int64")), "nll_loss"),
    (lambda: gn.huber_loss(X, gn.input("y", (4,))), "huber_loss"),
    (lambda: gn.multi_margin_loss(X, T, power=3), "1 or 2"),
    (lambda: gn.cosine_similarity(X, X, axis=2), "no axis 2"),
    (lambda: gn.dice_loss(gn.input("p"), gn.input("q")), "at least 1 axis"),
    (lambda: gn.triplet_margin_loss(X, X, gn.input("n", (3, 5))), "negative"),
    (lambda: gn.ctc_loss(X, T, T, T), "log_p is a float node of 3 axes"),
]


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[w[1] for w in WRONG])
def test_what_does_not_fit_is_an_error_that_says_so(call, words) -> None:
    with pytest.raises((gn.ShapeError, gn.SettingError), match=words):
        call()


# Connectionist temporal classification

TARGETS = np.array([[1, 1, 2], [3, 2, 4], [1, 2, 0], [2, 0, 0]])
STEPS, COUNTS = np.array([9, 7, 4, 9]), np.array([3, 3, 2, 0])


def ctc(reduction="mean", **settings):
    z = gn.input("z", (9, "batch", 5), "float64")
    t = gn.input("t", ("batch", 3), "int64")
    steps, counts = gn.input("steps", ("batch",), "int64"), gn.input("counts", ("batch",), "int64")
    y = gn.ctc_loss(gn.log_softmax(z), t, steps, counts, reduction=reduction, **settings)
    return z, t, steps, counts, y


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_ctc_is_pytorchs(reduction) -> None:
    z, t, steps, counts, y = ctc(reduction)
    array = uniform(9, 4, 5)
    tensor = torch.from_numpy(array).requires_grad_()
    wanted = functional.ctc_loss(
        tensor.log_softmax(-1), *map(torch.from_numpy, (TARGETS, STEPS, COUNTS)), reduction=reduction
    )
    (slope,) = torch.autograd.grad(wanted.sum(), tensor)
    program = Program([y, gn.gradient(y.sum(), z)])
    found = program.run({z: array, t: TARGETS, steps: STEPS, counts: COUNTS})
    for ours, theirs in zip(found, (wanted, slope), strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-11, atol=1e-14)


def test_ctc_counts_every_way_once() -> None:
    """The loss of all label sequences together: their probabilities add up to 1."""
    p = np.exp(uniform(3, 1, 3))
    p /= p.sum(-1, keepdims=True)
    total = 0.0
    for count in range(4):
        for labels in itertools.product((1, 2), repeat=count):
            row = [*labels, *[1] * (3 - count)]
            whole = [gn.constant(v) for v in ([row], [3], [count])]
            loss = gn.ctc_loss(gn.constant(np.log(p), "float64"), *whole, reduction="sum")
            total += np.exp(-float(loss.value))
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)


def test_ctc_without_room_is_infinite_or_zero_with_slope_0() -> None:
    for zero, wanted in ((False, np.inf), (True, 0.0)):
        z, t, steps, counts, y = ctc("sum", zero_infinity=zero)
        feeds = {z: uniform(9, 1, 5), t: [[1, 1, 2]], steps: [3], counts: [3]}
        value, slope = Program([y, gn.gradient(y, z)]).run(feeds)
        assert float(value) == wanted
        assert not slope.any()


def test_ctc_is_right_to_second_order() -> None:
    z, t, steps, counts, y = ctc("sum")
    slope = gn.gradient(y, z)
    second = gn.gradient((slope * slope).sum(), z)
    program = Program([slope, second])
    feeds = {z: uniform(9, 4, 5), t: TARGETS, steps: STEPS, counts: COUNTS}
    direction, h = uniform(9, 4, 5, seed=1), 1e-5
    ends = [(program.run(feeds | {z: feeds[z] + s * h * direction})[0] ** 2).sum() for s in (1, -1)]
    np.testing.assert_allclose(
        (program.run(feeds)[1] * direction).sum(), (ends[0] - ends[1]) / (2 * h), rtol=1e-7
    )
