"""Losses of numbers: how far predictions are from what was measured, and distributions from one another."""

from __future__ import annotations

from math import log as ln
from math import pi

from graphnn.core.declare import composite
from graphnn.core.errors import SettingError, did_you_mean
from graphnn.core.node import Node
from graphnn.core.op import Sample
from graphnn.core.scope import scope
from graphnn.ops.activation import softplus
from graphnn.ops.arithmetic import abs, maximum, square
from graphnn.ops.comparison import equal, greater, less, less_equal, where
from graphnn.ops.exponential import exp, expm1, log, log1p
from graphnn.ops.hyperbolic import sinh
from graphnn.ops.loss_parts import REDUCTIONS, check_same_shape, reduce_loss
from graphnn.ops.reduce import build_size, build_sum

_PAIR = "x(*s), target(*s) -> y()"
_BOTH = [(3, 4), Sample(((2, 3), (2, 3)), {"reduction": "sum"}), Sample(((3,), (3,)), {"reduction": "none"})]


@composite(
    _PAIR, latex=r"\operatorname{mean} ({x} - {target})^2",
    slopes=(r"\tfrac{2}{n} ({x} - {target})", r"\tfrac{2}{n} ({target} - {x})"), samples=_BOTH,
)  # fmt: skip
def mean_squared_error(x, target, *, reduction="mean"):
    """Mean of the squared differences over all elements; reduction="none" or "sum" leave or sum them.

    Shapes: x, target (*s) -> y (), or (*s). The shapes must agree: nothing is broadcast.
    Source: PyTorch, torch.nn.functional.mse_loss.
    """
    return reduce_loss(square(x - target), reduction, "mean_squared_error")


@composite(
    _PAIR, latex=r"\operatorname{mean} |{x} - {target}|",
    slopes=(r"\tfrac{1}{n} \operatorname{sign}({x} - {target})",
            r"\tfrac{1}{n} \operatorname{sign}({target} - {x})"),
    samples=_BOTH,
)  # fmt: skip
def mean_absolute_error(x, target, *, reduction="mean"):
    """Mean of the absolute differences over all elements; reduction="none" or "sum" leave or sum them.

    Shapes: x, target (*s) -> y (), or (*s). The slope where both are equal is 0, by convention.
    Source: PyTorch, torch.nn.functional.l1_loss.
    """
    return reduce_loss(abs(x - target), reduction, "mean_absolute_error")


def bent(x: Node, target: Node, delta: Node) -> Node:
    """Half the square of the difference up to delta, and the straight line that goes on from there."""
    d = abs(x - target)
    near = less_equal(d, delta)
    return where(near, 0.5 * square(where(near, d, 0.0)), delta * (d - 0.5 * delta))


@composite(
    "x(*s), target(*s), delta() -> y()",
    latex=r"\operatorname{mean} [d \le {delta}]\, \tfrac{1}{2} d^2 + [d > {delta}]\, {delta} (d - "
          r"\tfrac{1}{2} {delta}),\; d = |{x} - {target}|",
    slopes=(r"\tfrac{1}{n} \operatorname{clip}({x} - {target}, \pm {delta})",
            r"\tfrac{1}{n} \operatorname{clip}({target} - {x}, \pm {delta})",
            r"\tfrac{1}{n} \sum [d > {delta}] (d - {delta})"),
    samples=[Sample((s, s, ()), {"reduction": r}) for s, r in (((3, 4), "mean"), ((5,), "none"))],
)  # fmt: skip
def huber_loss(x, target, delta, *, reduction="mean"):
    """Squared error for differences of up to delta (1 if not given), absolute error beyond.

    Shapes: x, target (*s), delta () -> y (), or (*s) by reduction="none".
    Source: Huber 1964, Robust estimation of a location parameter; PyTorch, torch.nn.functional.huber_loss.
    """
    return reduce_loss(bent(x, target, delta), reduction, "huber_loss")


@huber_loss.build
def build_huber_loss(x, target, delta=1.0, reduction="mean"):
    return huber_loss.node(x, target, delta, reduction=reduction)


@composite(
    "x(*s), target(*s), beta() -> y()",
    latex=r"\operatorname{mean} [d \le {beta}]\, \tfrac{d^2}{2 {beta}} + [d > {beta}] (d - "
          r"\tfrac{1}{2} {beta}),\; d = |{x} - {target}|",
    slopes=(r"\tfrac{1}{n} \operatorname{clip}(({x} - {target}) / {beta}, \pm 1)",
            r"\tfrac{1}{n} \operatorname{clip}(({target} - {x}) / {beta}, \pm 1)",
            r"-\tfrac{1}{2n} \sum \min(d / {beta}, 1)^2"),
    samples=[Sample(((3, 4), (3, 4), ()), domain=(0.1, 2.0))],
)  # fmt: skip
def smooth_l1_loss(x, target, beta, *, reduction="mean"):
    """Absolute error, rounded off where the difference is below beta (1 if not given): huber_loss over beta.

    Shapes: x, target (*s), beta () above 0 -> y (), or (*s) by reduction="none".
    Source: Girshick 2015, Fast R-CNN, equation 3; PyTorch, torch.nn.functional.smooth_l1_loss.
    """
    return reduce_loss(bent(x, target, beta) / beta, reduction, "smooth_l1_loss")


@smooth_l1_loss.build
def build_smooth_l1_loss(x, target, beta=1.0, reduction="mean"):
    return smooth_l1_loss.node(x, target, beta, reduction=reduction)


@composite(
    _PAIR, latex=r"\operatorname{mean} \ln \cosh({x} - {target})",
    slopes=(r"\tfrac{1}{n} \tanh({x} - {target})", r"\tfrac{1}{n} \tanh({target} - {x})"), samples=_BOTH,
)  # fmt: skip
def log_cosh_loss(x, target, *, reduction="mean"):
    """Logarithm of the hyperbolic cosine of the differences: squared error when small, absolute when large.

    Shapes: x, target (*s) -> y (), or (*s) by reduction="none". Exact near 0; nothing overflows.
    Source: Chen et al. 2019, Log hyperbolic cosine loss improves variational auto-encoder; Keras, LogCosh.
    """
    d = x - target
    a = abs(d)
    near = less(a, 1.0)
    small = log1p(2.0 * square(sinh(0.5 * where(near, d, 0.0))))
    loss = where(near, small, a + softplus(-2.0 * a) - ln(2))
    return reduce_loss(loss, reduction, "log_cosh_loss")


@composite(
    _PAIR, latex=r"\operatorname{mean} (e^{{x}} - {target}\, {x})",
    slopes=(r"\tfrac{1}{n} (e^{{x}} - {target})", r"-\tfrac{1}{n} {x}"),
    samples=[(3, 4), Sample(((3, 4), (3, 4)), {"full": True, "reduction": "none"}, domain=(0.2, 3.0))],
)  # fmt: skip
def poisson_nll_loss(x, target, *, full=False, reduction="mean"):
    """How surprised a Poisson distribution is by counts (target), in nats; x is the logarithm of its rate.

    Called with log_input=False, x is the rate itself and the loss is x - target ln(x + eps), eps=1e-8. full=True
    adds Stirling's formula for ln(target!) where target is above 1.
    Shapes: x, target (*s) -> y (), or (*s) by reduction="none".
    Source: PyTorch, torch.nn.functional.poisson_nll_loss.
    """
    loss = exp(x) - target * x
    return reduce_loss(loss + stirling(target) if full else loss, reduction, "poisson_nll_loss")


@poisson_nll_loss.build
def build_poisson_nll_loss(x, target, *, log_input=True, full=False, eps=1e-8, reduction="mean"):
    if log_input:
        return poisson_nll_loss.node(x, target, full=full, reduction=reduction)
    x, target = poisson_nll_loss.as_nodes((x, target))
    check_same_shape(x, target, "poisson_nll_loss", ("x", "target"))
    with scope("poisson_nll_loss"):
        loss = x - target * log(x + eps)
        return reduce_loss(loss + stirling(target) if full else loss, reduction, "poisson_nll_loss")


def stirling(count: Node) -> Node:
    """Nearly ln(count!) where count is above 1, else 0."""
    many = greater(count, 1.0)
    n = where(many, count, 1.0)
    return where(many, n * log(n) - n + 0.5 * log(2 * pi * n), 0.0)


@composite(
    "x(*s), target(*s), variance(*s), eps() -> y()",
    latex=r"\operatorname{mean} \tfrac{1}{2} (\ln {variance} + ({x} - {target})^2 / {variance})",
    slopes=(r"\tfrac{1}{n} ({x} - {target}) / {variance}", r"\tfrac{1}{n} ({target} - {x}) / {variance}",
            r"\tfrac{1}{2n} (1 / {variance} - ({x} - {target})^2 / {variance}^2)", r"[{variance} < {eps}]"),
    samples=[Sample(((3, 4), (3, 4), (3, 4), ()), {"full": True}, domain=(0.2, 2.0)),
             Sample(((3,), (3,), (3,), ()), {"reduction": "none"}, domain=(0.2, 2.0))],
)  # fmt: skip
def gaussian_nll_loss(x, target, variance, eps, *, full=False, reduction="mean"):
    """How surprised a normal distribution of mean x and of this variance is by target, in nats.

    A variance below eps (1e-6 if not given) counts as eps and has no slope. full=True adds the constant
    ln(2 pi) / 2. Shapes: x, target, variance (*s), eps () -> y (), or (*s) by reduction="none".
    Source: Nix and Weigend 1994; PyTorch, torch.nn.functional.gaussian_nll_loss.
    """
    v = maximum(variance, eps)
    loss = 0.5 * (log(v) + square(x - target) / v)
    return reduce_loss(loss + 0.5 * ln(2 * pi) if full else loss, reduction, "gaussian_nll_loss")


@gaussian_nll_loss.build
def build_gaussian_nll_loss(x, target, variance, *, full=False, eps=1e-6, reduction="mean"):
    return gaussian_nll_loss.node(x, target, variance, eps, full=full, reduction=reduction)


@composite(
    "log_q(*s), p(*s) -> y()", latex=r"\operatorname{mean} {p} (\ln {p} - {log_q})",
    slopes=(r"-\tfrac{1}{n} {p}", r"\tfrac{1}{n} (1 + \ln {p} - {log_q})"),
    samples=[Sample(((3, 4), (3, 4)), domain=(0.1, 1.0)),
             Sample(((3, 4), (3, 4)), {"log_target": True, "reduction": "batchmean"}, domain=(-2.0, 0.0))],
)  # fmt: skip
def kl_div(log_q, p, *, log_target=False, reduction="mean"):
    """Kullback-Leibler divergence of probabilities p from those whose logarithms are log_q: p (ln p - log_q).

    log_target=True: p holds logarithms too. The mean is over all elements; reduction="batchmean" divides the sum
    by the first axis, which is the divergence per example; "sum" and "none" as everywhere. Where p is 0 the
    term and its slopes are 0. Shapes: log_q, p (*s) -> y (), or (*s).
    Source: Kullback and Leibler 1951; PyTorch, torch.nn.functional.kl_div.
    """
    if reduction not in (*REDUCTIONS, "batchmean"):
        hint = did_you_mean(str(reduction), (*REDUCTIONS, "batchmean"))
        raise SettingError(
            f"kl_div: reduction is 'mean', 'batchmean', 'sum' or 'none', found {reduction!r}.{hint}"
        )
    share = exp(p) if log_target else p
    none = equal(share, 0.0)
    logs = where(none, 0.0, p) if log_target else log(where(none, 1.0, p))
    loss = where(none, 0.0, share * (logs - where(none, 0.0, log_q)))
    if reduction != "batchmean" or not log_q.shape:
        return reduce_loss(loss, "mean" if reduction == "batchmean" else reduction, "kl_div")
    return build_sum(loss) / build_size((log_q.shape[0],), log_q.dtype)


@composite(
    "mean(*s), log_variance(*s) -> y()",
    latex=r"\operatorname{mean} \tfrac{1}{2} ({mean}^2 + e^{{log_variance}} - 1 - {log_variance})",
    slopes=(r"\tfrac{1}{n} {mean}", r"\tfrac{1}{2n} (e^{{log_variance}} - 1)"),
    samples=[(3, 4), Sample(((3, 4), (3, 4)), {"reduction": "sum"})],
)  # fmt: skip
def kl_standard_normal(mean, log_variance, *, reduction="mean"):
    """Kullback-Leibler divergence of normal distributions from the standard one, each dimension by itself.

    For a variational autoencoder sum over the dimensions: reduction="none", then .sum(axis=-1).mean().
    Shapes: mean, log_variance (*s) -> y (), or (*s) by reduction="none".
    Source: Kingma and Welling 2014, Auto-encoding variational Bayes, appendix B.
    """
    loss = 0.5 * (square(mean) + (expm1(log_variance) - log_variance))
    return reduce_loss(loss, reduction, "kl_standard_normal")


@composite(
    "mean(*s), log_variance(*s), other_mean(*s), other_log_variance(*s) -> y()",
    latex=r"\operatorname{mean} \tfrac{1}{2} (e^d - 1 - d + ({mean} - {other_mean})^2 e^{-{other_log_variance}}),"
          r"\; d = {log_variance} - {other_log_variance}",
    slopes=(r"\tfrac{1}{n} ({mean} - {other_mean}) e^{-{other_log_variance}}", r"\tfrac{1}{2n} (e^d - 1)",
            r"\tfrac{1}{n} ({other_mean} - {mean}) e^{-{other_log_variance}}",
            r"\tfrac{1}{2n} (1 - e^d - ({mean} - {other_mean})^2 e^{-{other_log_variance}})"),
    samples=[(3, 4)],
)  # fmt: skip
def kl_normal(mean, log_variance, other_mean, other_log_variance, *, reduction="mean"):
    """Kullback-Leibler divergence of normal distributions from others, each dimension by itself.

    Shapes: mean, log_variance, other_mean, other_log_variance (*s) -> y (), or (*s) by reduction="none".
    Source: Kullback and Leibler 1951; PyTorch, torch.distributions.kl_divergence of two Normals.
    """
    d = log_variance - other_log_variance
    loss = 0.5 * (expm1(d) - d + square(mean - other_mean) * exp(-other_log_variance))
    return reduce_loss(loss, reduction, "kl_normal")


__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "kl_normal",
    "kl_standard_normal",
    "log_cosh_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "poisson_nll_loss",
    "smooth_l1_loss",
]
