"""Losses beside PyTorch's, and calls of them."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from graphnn.core.op import Sample
from op_facts.registry import draws, no_twin, twin

SIZES = st.sampled_from([1, 1, 2, 3, 5])
REDUCTIONS = st.sampled_from(["mean", "sum", "none"])


def reduced(loss: Any, reduction: str) -> Any:
    """PyTorch's word for what it has no function for."""
    return loss if reduction == "none" else getattr(loss, reduction)()


@twin()
def mean_squared_error(torch, x, target, *, reduction):
    return torch.nn.functional.mse_loss(x, target, reduction=reduction)


@twin()
def mean_absolute_error(torch, x, target, *, reduction):
    return torch.nn.functional.l1_loss(x, target, reduction=reduction)


@twin()
def huber_loss(torch, x, target, delta, *, reduction):
    d = (x - target).abs()
    return reduced(torch.where(d <= delta, 0.5 * d**2, delta * (d - 0.5 * delta)), reduction)


@twin()
def smooth_l1_loss(torch, x, target, beta, *, reduction):
    d = (x - target).abs()
    return reduced(torch.where(d < beta, 0.5 * d**2 / beta, d - 0.5 * beta), reduction)


@twin()
def log_cosh_loss(torch, x, target, *, reduction):
    return reduced(torch.log(torch.cosh(x - target)), reduction)


@twin()
def poisson_nll_loss(torch, x, target, *, full, reduction):
    loss = torch.exp(x) - target * x
    if full:
        many = target > 1
        n = torch.where(many, target, 1.0)
        loss = loss + torch.where(many, n * n.log() - n + 0.5 * (2 * torch.pi * n).log(), 0.0)
    return reduced(loss, reduction)


@twin()
def gaussian_nll_loss(torch, x, target, variance, eps, *, full, reduction):
    v = torch.maximum(variance, eps)
    loss = 0.5 * (v.log() + (x - target) ** 2 / v)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


@twin()
def kl_div(torch, log_q, p, *, log_target, reduction):
    loss = torch.nn.functional.kl_div(log_q, p, log_target=log_target, reduction="none")
    if reduction == "batchmean":  # PyTorch warns of its own mean
        return loss.sum() / (len(loss) if loss.ndim else 1)
    return reduced(loss, reduction)


@twin()
def kl_standard_normal(torch, mean, log_variance, *, reduction):
    p = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    q = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return reduced(torch.distributions.kl_divergence(p, q), reduction)


@twin()
def kl_normal(torch, mean, log_variance, other_mean, other_log_variance, *, reduction):
    p = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    q = torch.distributions.Normal(other_mean, (0.5 * other_log_variance).exp())
    return reduced(torch.distributions.kl_divergence(p, q), reduction)


@twin()
def softmax_cross_entropy(torch, logits, labels):
    flat = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), reduction="none"
    )
    return flat.reshape(labels.shape)


@twin()
def softmax_cross_entropy_soft(torch, logits, labels):
    return -(labels * torch.log_softmax(logits, -1)).sum(-1)


@twin()
def softmax_cross_entropy_slope(torch, g, logits, labels):
    hot = torch.nn.functional.one_hot(labels, logits.shape[-1])
    return g[..., None] * (torch.softmax(logits, -1) - hot)


@twin()
def binary_cross_entropy_with_logits(torch, logits, targets):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


@twin()
def binary_cross_entropy(torch, p, targets, *, reduction):
    # torch.nn.functional.binary_cross_entropy has no second slope of the targets.
    return reduced(-(targets * p.log() + (1 - targets) * torch.log1p(-p)), reduction)


@twin()
def nll_loss(torch, log_p, labels, *, reduction):
    flat = torch.nn.functional.nll_loss(
        log_p.reshape(-1, log_p.shape[-1]), labels.reshape(-1), reduction=reduction
    )
    return flat.reshape(labels.shape) if reduction == "none" else flat


@twin()
def categorical_cross_entropy(torch, p, labels, *, reduction):
    return nll_loss(torch, p.log(), labels, reduction=reduction)


@twin()
def hinge_loss(torch, x, target, margin, *, reduction):
    return reduced(torch.relu(margin - target * x), reduction)


@twin()
def multi_margin_loss(torch, x, labels, margin, *, power, reduction):
    own = torch.take_along_dim(x, labels[..., None], -1)
    hot = torch.nn.functional.one_hot(labels, x.shape[-1])
    lack = torch.relu(margin - own + x) ** power * (1 - hot)
    return reduced(lack.sum(-1) / x.shape[-1], reduction)


@twin()
def sigmoid_focal_loss(torch, logits, targets, alpha, gamma, *, reduction):
    p = torch.sigmoid(logits)
    ce = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    return reduced((alpha * targets + (1 - alpha) * (1 - targets)) * (1 - p_t) ** gamma * ce, reduction)


@twin()
def dice_loss(torch, p, targets, smooth, *, reduction):
    p, targets = p.reshape(len(p), -1), targets.reshape(len(p), -1)
    top = 2 * (p * targets).sum(1) + smooth
    return reduced(1 - top / (p.sum(1) + targets.sum(1) + smooth), reduction)


@twin()
def cosine_similarity(torch, a, b, eps, *, axis):
    lengths = (torch.maximum(torch.linalg.vector_norm(v, dim=axis), eps) for v in (a, b))
    return (a * b).sum(axis) / next(lengths) / next(lengths)


@twin()
def cosine_embedding_loss(torch, a, b, target, margin, *, reduction):
    cosine = torch.nn.functional.cosine_similarity(a, b, -1)
    return reduced(torch.where(target > 0, 1 - cosine, torch.relu(cosine - margin)), reduction)


@twin()
def contrastive_loss(torch, a, b, same, margin, *, reduction):
    d = torch.linalg.vector_norm(a - b, dim=-1)
    return reduced(0.5 * (same * d**2 + (1 - same) * torch.relu(margin - d) ** 2), reduction)


@twin()
def triplet_margin_loss(torch, anchor, positive, negative, margin, eps, *, swap, reduction):
    def distance(u, v):
        return torch.linalg.vector_norm(u - v + eps, dim=-1)

    far = distance(anchor, negative)
    far = torch.minimum(far, distance(positive, negative)) if swap else far
    return reduced(torch.relu(distance(anchor, positive) - far + margin), reduction)


PAIRS = ("mean_squared_error", "mean_absolute_error", "log_cosh_loss", "binary_cross_entropy",
         "kl_standard_normal")  # fmt: skip
POSITIVE = {"binary_cross_entropy": (0.1, 0.9)}


def shape(draw: Any, rank: int = 4) -> tuple[int, ...]:
    return tuple(draw(st.lists(SIZES, max_size=rank)))


def pair_of_numbers(name: str, knobs: int = 0) -> Any:
    def drawn(draw):
        s = shape(draw)
        domain = POSITIVE.get(name, (0.1, 2.0) if knobs else (-2.0, 2.0))
        return Sample((s, s, *[()] * knobs), {"reduction": draw(REDUCTIONS)}, domain)

    return drawn


for _name in PAIRS:
    draws(_name)(pair_of_numbers(_name))
for _name, _knobs in (("huber_loss", 1), ("smooth_l1_loss", 1), ("hinge_loss", 1), ("sigmoid_focal_loss", 2)):
    draws(_name)(pair_of_numbers(_name, _knobs))


@draws("poisson_nll_loss")
def rates_and_counts(draw):
    s = shape(draw)
    return Sample((s, s), {"full": draw(st.booleans()), "reduction": draw(REDUCTIONS)}, (0.2, 3.0))


@draws("gaussian_nll_loss")
def three_and_eps(draw):
    s = shape(draw)
    attributes = {"full": draw(st.booleans()), "reduction": draw(REDUCTIONS)}
    return Sample((s, s, s, ()), attributes, (0.2, 2.0))


@draws("kl_div")
def probabilities(draw):
    s = shape(draw)
    logs = draw(st.booleans())
    reduction = draw(st.sampled_from(["batchmean", "mean", "sum", "none"] if s else ["mean", "none"]))
    return Sample((s, s), {"log_target": logs, "reduction": reduction}, (-2.0, 0.0) if logs else (0.1, 1.0))


def rows_and_labels(attributes: dict[str, Any], domain: tuple[float, float], knobs: int = 0) -> Any:
    def drawn(draw):
        rows, classes = shape(draw, 3), draw(SIZES)
        made = {key: draw(value) for key, value in attributes.items()}
        return Sample(((*rows, classes), rows, *[()] * knobs), made, domain, {"labels": classes})

    return drawn


draws("softmax_cross_entropy")(rows_and_labels({}, (-2.0, 2.0)))
draws("nll_loss")(rows_and_labels({"reduction": REDUCTIONS}, (-2.0, 0.0)))
draws("categorical_cross_entropy")(rows_and_labels({"reduction": REDUCTIONS}, (0.1, 1.0)))
draws("multi_margin_loss")(
    rows_and_labels({"reduction": REDUCTIONS, "power": st.sampled_from([1, 2])}, (-2.0, 2.0), 1)
)


@draws("softmax_cross_entropy_slope")
def slope_calls(draw):
    rows, classes = shape(draw, 3), draw(SIZES)
    return Sample((rows, (*rows, classes), rows), limits={"labels": classes})


@draws("softmax_cross_entropy_soft")
def soft_calls(draw):
    s = (*shape(draw, 3), draw(SIZES))
    return Sample((s, s), domain=(0.1, 1.0))


@draws("kl_normal")
def four(draw):
    return Sample((shape(draw),) * 4)


@draws("dice_loss")
def masks(draw):
    s = (draw(SIZES), *shape(draw, 3))
    return Sample((s, s, ()), {"reduction": draw(REDUCTIONS)}, (0.1, 0.9))


@draws("cosine_similarity")
def two_and_an_axis(draw):
    s = (draw(SIZES), *shape(draw, 3))
    return Sample((s, s, ()), {"axis": draw(st.integers(-len(s), len(s) - 1))}, (0.1, 2.0))


@draws("cosine_embedding_loss", "contrastive_loss")
def two_and_a_target(draw):
    rows = shape(draw, 3)
    s = (*rows, draw(SIZES))
    return Sample((s, s, rows, ()), {"reduction": draw(REDUCTIONS)}, (0.1, 0.9))


@draws("triplet_margin_loss")
def three(draw):
    s = (*shape(draw, 3), draw(SIZES))
    return Sample((s, s, s, (), ()), {"reduction": draw(REDUCTIONS), "swap": draw(st.booleans())})


# Twins of the optimisers' steps are PyTorch's optimisers, elsewhere; what stands in the bodies is compared here.


@twin()
def linear(torch, x, w, b):
    return x @ w + b


@twin()
def linear_relu(torch, x, w, b):
    return torch.relu(x @ w + b)


@twin()
def linear_tanh(torch, x, w, b):
    return torch.tanh(x @ w + b)


@twin()
def linear_sigmoid(torch, x, w, b):
    return torch.sigmoid(x @ w + b)


@twin()
def mul_step(torch, g, x):
    return g * (x > 0)


no_twin("one step of an optimiser; tests/optim compares whole optimisers with PyTorch's",
        "adam_step", "blend", "blend_square", "sgd_step", "sgd_step_product")  # fmt: skip
