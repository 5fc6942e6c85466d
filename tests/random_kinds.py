"""The steps that random graphs are made of: every op, how to choose its operands, and its PyTorch twin."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
import random_kinds_more  # noqa: F401  (enters kinds of its own)
from random_graphs import Draft, RandomGraph, apart, away, fits, kind, torch_call, whole

UNARY: list[tuple[str, Any]] = [
    ("abs", away),
    ("erf", None),
    ("exp", lambda a: (a < 3).all()),
    ("expm1", lambda a: (a < 3).all()),
    ("log", lambda a: (a > 0.1).all()),
    ("log1p", lambda a: (a > -0.8).all()),
    ("neg", None),
    ("relu", away),
    ("sigmoid", None),
    ("sign", away),
    ("sqrt", lambda a: (a > 0.1).all()),
    ("square", None),
    ("tanh", None),
]
for _name, _ok in UNARY:

    def _unary(graph: RandomGraph, name: str = _name, ok: Any = _ok) -> Draft | None:
        k = graph.pick(ok or (lambda a: True))
        return None if k is None else ((k,), getattr(gn, name), torch_call(name))

    kind(_unary, _name)

for _name in ("add", "sub", "mul", "maximum", "minimum"):

    def _binary(graph: RandomGraph, name: str = _name) -> Draft | None:
        k = graph.pick()
        tied = name in ("maximum", "minimum")
        j = graph.pick(lambda b: fits(graph.arrays[k], b) and (not tied or apart(graph.arrays[k], b)))
        return None if j is None else ((k, j), getattr(gn, name), torch_call(name))

    kind(_binary, _name)


@kind
def div(graph):
    j = graph.pick(lambda b: (np.abs(b) > 0.2).all())
    k = None if j is None else graph.pick(lambda a: fits(a, graph.arrays[j]))
    return None if k is None else ((k, j), gn.div, torch_call("div"))


@kind
def pow_of_two_values(graph):
    k = graph.pick(lambda a: (a > 0.2).all())
    j = None if k is None else graph.pick(lambda b: fits(graph.arrays[k], b))
    return None if j is None else ((k, j), gn.pow, torch_call("pow"))


@kind
def pow_of_a_number(graph):
    k = graph.pick()
    n = [2, 3, 1.0, 4][int(graph.rng.integers(4))]
    return (k,), lambda x: x**n, lambda x: x**n


@kind
def leaky_relu(graph):
    k = graph.pick(away)
    slope = graph.pick(lambda a: a.shape == ())
    if k is None or slope is None:
        return None
    where = torch_call("where")
    return (k, slope), gn.leaky_relu, lambda x, s: where(x > 0, x, s * x)


@kind
def elu(graph):
    k = graph.pick(away)
    alpha = graph.pick(lambda a: a.shape == ())
    if k is None or alpha is None:
        return None
    where, expm1 = torch_call("where"), torch_call("expm1")
    return (k, alpha), gn.elu, lambda x, a: where(x > 0, x, a * expm1(x.clamp(max=0.0)))


@kind
def softplus(graph):
    # Written out: PyTorch's own turns linear above 20.
    return (graph.pick(),), gn.softplus, lambda x: torch_call("logaddexp")(x, x * 0.0)


@kind
def step(graph):
    k = graph.pick(away)
    return None if k is None else ((k,), lambda x: x * gn.step(x), lambda x: x * (x > 0).double())


COMPARISONS = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
TORCH_NAMES = dict(zip(COMPARISONS, ["eq", "ne", "lt", "le", "gt", "ge"], strict=True))


@kind
def where(graph):
    k = graph.pick()
    j = graph.pick(lambda b: fits(graph.arrays[k], b) and apart(graph.arrays[k], b))
    name = COMPARISONS[int(graph.rng.integers(len(COMPARISONS)))]
    if j is None:
        return None
    test, choose = torch_call(TORCH_NAMES[name]), torch_call("where")
    return (k, j), lambda a, b: gn.where(getattr(gn, name)(a, b), a, b), lambda a, b: choose(test(a, b), a, b)


@kind
def logic(graph):
    k = graph.pick(away)
    if k is None or not apart(np.abs(graph.arrays[k]), np.array(1.0)):
        return None
    return (
        (k,),
        lambda x: x * ((x > 0.0) & (x < 1.0) | ~(x > -1.0)).cast("float64"),
        lambda x: x * ((x > 0.0) & (x < 1.0) | ~(x > -1.0)).double(),
    )


@kind
def whole_part(graph):
    k = graph.pick(lambda a: (np.abs(a - np.round(a)) > 1e-3).all())
    if k is None:
        return None
    return (k,), lambda x: x - x.cast("int64").cast("float64"), lambda x: x - x.detach().trunc()


@kind
def stop_gradient(graph):
    return (graph.pick(),), lambda x: x * gn.stop_gradient(x), lambda x: x * x.detach()


def some_axes(graph, a):
    """None, an axis, or several."""
    choice = int(graph.rng.integers(3))
    if choice == 0 or a.ndim == 0:
        return None if a.ndim == 0 or choice == 0 else 0
    axes = [int(k) for k in graph.rng.permutation(a.ndim)[: int(graph.rng.integers(1, a.ndim + 1))]]
    return tuple(axes) if choice == 1 else axes[0] - a.ndim


def over(axis, a):
    return tuple(range(a.ndim)) if axis is None else axis


for _name, _theirs in (("sum", "sum"), ("mean", "mean"), ("max", "amax"), ("min", "amin")):

    def _reduction(graph: RandomGraph, name: str = _name, theirs: str = _theirs) -> Draft | None:
        k = graph.pick(lambda a: name in ("sum", "mean") or spaced(a))
        if k is None:
            return None
        axis, keep = some_axes(graph, graph.arrays[k]), bool(graph.rng.random() < 0.5)
        dims, reduce = over(axis, graph.arrays[k]), torch_call(theirs)
        return (
            (k,),
            lambda x: getattr(gn, name)(x, axis=axis, keepdims=keep),
            lambda x: reduce(x, dim=dims, keepdim=keep),
        )

    kind(_reduction, _name)


def spaced(a):
    """No two elements are nearly, but not exactly, equal."""
    gaps = np.diff(np.sort(a, axis=None))
    return bool(((gaps > 1e-3) | (gaps == 0)).all())


@kind
def argmax(graph):
    k = graph.pick(lambda a: a.ndim > 0 and spaced(a) and len(np.unique(a)) == a.size)
    if k is None:
        return None
    n = graph.arrays[k].shape[-1]
    hot = torch_call("nn.functional.one_hot")
    return (
        (k,),
        lambda x: x * gn.one_hot(gn.argmax(x, axis=-1), n, "float64"),
        lambda x: x * hot(x.argmax(-1), n).double(),
    )


@kind
def reshape(graph):
    k = graph.pick()
    n = graph.arrays[k].size
    shape = [(n,), (-1, n), (1, -1, 1), (2, -1) if n % 2 == 0 and n else (-1,)][int(graph.rng.integers(4))]
    return (k,), lambda x: gn.reshape(x, shape), lambda x: x.reshape(shape)


@kind
def transpose(graph):
    k = graph.pick(lambda a: a.ndim > 1)
    if k is None:
        return None
    axes = tuple(int(i) for i in graph.rng.permutation(graph.arrays[k].ndim))
    return (k,), lambda x: gn.transpose(x, axes), lambda x: x.permute(axes)


@kind
def expand_and_squeeze(graph):
    k = graph.pick(lambda a: a.ndim < 4)
    if k is None:
        return None
    if 1 in graph.arrays[k].shape:
        axis = graph.arrays[k].shape.index(1)
        return (k,), lambda x: gn.squeeze(x, axis), lambda x: x.squeeze(axis)
    place = int(graph.rng.integers(graph.arrays[k].ndim + 1))
    return (k,), lambda x: gn.expand_dims(x, place), lambda x: x.unsqueeze(place)


@kind
def broadcast_to(graph):
    k = graph.pick(lambda a: a.ndim < 4 and a.size < 30)
    if k is None:
        return None
    wide = tuple(3 if n == 1 else n for n in graph.arrays[k].shape)
    shape = (2, *wide)
    return (k,), lambda x: gn.broadcast_to(x, shape), lambda x: x.expand(shape)


@kind
def sum_to(graph):
    k = graph.pick(lambda a: a.ndim > 1)
    if k is None:
        return None
    shape = tuple(1 if graph.rng.random() < 0.5 else n for n in graph.arrays[k].shape[1:])
    return (k,), lambda x: gn.sum_to(x, shape), lambda x: x.sum_to_size(shape)


@kind
def concat(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis = int(graph.rng.integers(graph.arrays[k].ndim))
    rest = lambda a: (a.ndim, a.shape[:axis], a.shape[axis + 1 :])  # noqa: E731
    like = rest(graph.arrays[k])
    others = [graph.pick(lambda b: b.ndim == like[0] and rest(b) == like) for _ in range(2)]
    cat = torch_call("cat")
    return (k, *others), lambda *xs: gn.concat(xs, axis=axis), lambda *xs: cat(xs, dim=axis)


@kind
def stack(graph):
    k = graph.pick(lambda a: a.ndim < 4)
    if k is None:
        return None
    j = graph.pick(lambda b: b.shape == graph.arrays[k].shape)
    axis = int(graph.rng.integers(graph.arrays[k].ndim + 1))
    put = torch_call("stack")
    return (k, j), lambda *xs: gn.stack(xs, axis=axis), lambda *xs: put(xs, dim=axis)


@kind
def slice(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    index, flips = [], []
    for axis, n in enumerate(graph.arrays[k].shape):
        choice = int(graph.rng.integers(4))
        at = int(graph.rng.integers(n))
        if choice == 0:
            index.append(at - n)
        elif choice == 1:
            index.append(np.s_[at:])
        elif choice == 2:
            index.append(np.s_[at::2])
        else:
            flips.append(axis)
            index.append(np.s_[::-1])
    ours = tuple(index)
    # PyTorch has no negative steps: turn the axis first.
    theirs = tuple(np.s_[:] if axis in flips else e for axis, e in enumerate(index))
    return (k,), lambda x: x[ours], lambda x: x.flip(flips)[theirs]


@kind
def take_rows(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    rows = whole(graph.rng, len(graph.arrays[k]), (2, 2) if graph.rng.random() < 0.3 else (3,))
    return (k,), lambda x: gn.take_rows(x, rows), lambda x: x[rows]


@kind
def take_window(graph):
    k = graph.pick(lambda a: a.ndim > 0 and len(a) > 1)
    if k is None:
        return None
    order = graph.rng.permutation(len(graph.arrays[k]))
    count = len(order) - 1
    return (
        (k,),
        lambda x: gn.take_rows(x, gn.take_window(gn.constant(order), gn.constant(1), size=count)),
        lambda x: x[order[1:]],
    )


@kind
def softmax_family(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    name = ["softmax", "log_softmax", "logsumexp"][int(graph.rng.integers(3))]
    axis = int(graph.rng.integers(graph.arrays[k].ndim))
    return (k,), lambda x: getattr(gn, name)(x, axis=axis), lambda x: torch_call(name)(x, dim=axis)


REDUCTIONS = ["mean", "sum", "none"]


@kind
def softmax_cross_entropy(graph):
    k = graph.pick(lambda a: a.ndim == 2)
    if k is None:
        return None
    b, c = graph.arrays[k].shape
    labels, how = whole(graph.rng, c, (b,)), REDUCTIONS[int(graph.rng.integers(3))]
    loss, tensor = torch_call("nn.functional.cross_entropy"), torch_call("from_numpy")
    return (
        (k,),
        lambda x: gn.softmax_cross_entropy(x, labels, reduction=how),
        lambda x: loss(x, tensor(labels), reduction=how),
    )


@kind
def softmax_cross_entropy_soft(graph):
    k = graph.pick(lambda a: a.ndim == 2)
    j = None if k is None else graph.pick(lambda b: b.shape == graph.arrays[k].shape)
    if j is None:
        return None
    how = REDUCTIONS[int(graph.rng.integers(3))]
    loss = torch_call("nn.functional.cross_entropy")
    return (
        (k, j),
        lambda x, p: gn.softmax_cross_entropy(x, p, reduction=how),
        lambda x, p: loss(x, p, reduction=how),
    )


@kind
def binary_cross_entropy_with_logits(graph):
    k = graph.pick()
    j = graph.pick(lambda b: b.shape == graph.arrays[k].shape)
    how = REDUCTIONS[int(graph.rng.integers(3))]
    loss = torch_call("nn.functional.binary_cross_entropy_with_logits")
    return (
        (k, j),
        lambda x, t: gn.binary_cross_entropy_with_logits(x, t, reduction=how),
        lambda x, t: loss(x, t, reduction=how),
    )


@kind
def mean_squared_error(graph):
    k = graph.pick()
    j = graph.pick(lambda b: b.shape == graph.arrays[k].shape)
    how = REDUCTIONS[int(graph.rng.integers(3))]
    loss = torch_call("nn.functional.mse_loss")
    return (
        (k, j),
        lambda x, t: gn.mean_squared_error(x, t, reduction=how),
        lambda x, t: loss(x, t, reduction=how),
    )


@kind
def matmul(graph):
    k = graph.pick(lambda a: a.ndim > 0)

    def multiplies(b):
        a = graph.arrays[k]
        if b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            return False
        stacks = [v[..., 0, 0] if v.ndim > 1 else np.zeros(()) for v in (a, b)]
        return fits(*stacks)

    j = None if k is None else graph.pick(multiplies)
    return None if j is None else ((k, j), gn.matmul, torch_call("matmul"))


@kind
def linear(graph):
    k = graph.pick(lambda a: a.ndim == 2)
    j = None if k is None else graph.pick(lambda w: w.ndim == 2 and len(w) == graph.arrays[k].shape[1])
    b = None if j is None else graph.pick(lambda b: b.shape == graph.arrays[j].shape[1:])
    if b is None:
        return None
    name = ["linear", "linear_relu", "linear_tanh", "linear_sigmoid"][int(graph.rng.integers(4))]
    if name == "linear_relu" and not away(graph.arrays[k] @ graph.arrays[j] + graph.arrays[b]):
        return None
    then = {"linear": "positive", "linear_relu": "relu", "linear_tanh": "tanh", "linear_sigmoid": "sigmoid"}
    return (k, j, b), getattr(gn, name), lambda x, w, b: torch_call(then[name])(x @ w + b)


@kind
def mul_step(graph):
    k = graph.pick(away)
    j = None if k is None else graph.pick(lambda b: b.shape == graph.arrays[k].shape)
    return None if j is None else ((j, k), gn.mul_step, lambda g, x: g * (x > 0).double())


@kind
def size(graph):
    shape = graph.arrays[k := graph.pick()].shape
    n = int(np.prod(shape))
    return (k,), lambda x: x / (gn.size(shape, "float64") + 1.0), lambda x: x / (n + 1.0)


@kind
def dropout(graph):
    k = graph.pick()
    counter, seed, shape = int(graph.rng.integers(100)), int(graph.rng.integers(100)), graph.arrays[k].shape
    drawn = gn.random_uniform.meaning(np.array(counter), shape=shape, seed=seed, dtype="float64")
    kept = (drawn >= 0.25) / 0.75
    return (
        (k,),
        lambda x: gn.dropout(x, 0.25, gn.constant(counter), seed=seed),
        lambda x: x * torch_call("from_numpy")(np.asarray(kept)),
    )


@kind
def random_noise(graph):
    k = graph.pick()
    shape = graph.arrays[k].shape
    noise = gn.random_normal.meaning(np.array(1), shape=shape, seed=2, dtype="float64")
    return (
        (k,),
        lambda x: x * gn.random_normal(gn.constant(1), shape, 2, "float64"),
        lambda x: x * torch_call("from_numpy")(noise),
    )


@kind
def permutation(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    n = len(graph.arrays[k])
    order = gn.permutation.meaning(np.array(1), size=n, seed=2)
    return (k,), lambda x: gn.take_rows(x, gn.permutation(gn.constant(1), n, 2)), lambda x: x[order]
