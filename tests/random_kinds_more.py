"""More steps for random graphs: functions of one or two numbers by their twins, reductions and moves of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
import op_facts  # noqa: F401  (fills the twins)
from op_facts.registry import TWINS
from random_graphs import Draft, RandomGraph, away, fits, kind, torch_call


def by_twin(name: str) -> Any:
    """What PyTorch says to an op without attributes."""

    def call(*tensors: Any) -> Any:
        import torch

        return TWINS[name].function(torch, *tensors)

    return call


UNARY: list[tuple[str, Any]] = [
    ("arccos", lambda a: (np.abs(a) < 0.9).all()),
    ("arccosh", lambda a: (a > 1.2).all()),
    ("arcsin", lambda a: (np.abs(a) < 0.9).all()),
    ("arcsinh", None),
    ("arctan", None),
    ("arctanh", lambda a: (np.abs(a) < 0.9).all()),
    ("cbrt", lambda a: (np.abs(a) > 0.2).all()),
    ("cos", None),
    ("cosh", lambda a: (np.abs(a) < 3).all()),
    ("erfc", None),
    ("exp2", lambda a: (a < 3).all()),
    ("gelu", None),
    ("gelu_tanh", None),
    ("log10", lambda a: (a > 0.2).all()),
    ("log2", lambda a: (a > 0.2).all()),
    ("mish", None),
    ("reciprocal", lambda a: (np.abs(a) > 0.3).all()),
    ("rsqrt", lambda a: (a > 0.2).all()),
    ("silu", None),
    ("sin", None),
    ("sinh", lambda a: (np.abs(a) < 3).all()),
    ("softsign", away),
    ("tan", lambda a: (np.abs(a) < 1.2).all()),
    ("tanhshrink", None),
]
for _name, _ok in UNARY:

    def _unary(graph: RandomGraph, name: str = _name, ok: Any = _ok) -> Draft | None:
        k = graph.pick(ok or (lambda a: True))
        return None if k is None else ((k,), getattr(gn, name), by_twin(name))

    kind(_unary, _name)

for _name in ("arctan2", "hypot", "logaddexp"):

    def _binary(graph: RandomGraph, name: str = _name) -> Draft | None:
        k = graph.pick(lambda a: (np.abs(a) > 0.2).all())
        j = None if k is None else graph.pick(lambda b: fits(graph.arrays[k], b))
        return None if j is None else ((k, j), getattr(gn, name), torch_call(name))

    kind(_binary, _name)


def an_axis(graph, a):
    return int(graph.rng.integers(a.ndim))


@kind
def prod(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis, keep = an_axis(graph, graph.arrays[k]), bool(graph.rng.random() < 0.5)
    reduce = torch_call("prod")
    return (k,), lambda x: gn.prod(x, axis=axis, keepdims=keep), lambda x: reduce(x, axis, keepdim=keep)


@kind
def var(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis = an_axis(graph, graph.arrays[k])
    reduce = torch_call("var")
    return (k,), lambda x: gn.var(x, axis=axis), lambda x: reduce(x, dim=axis, correction=0)


@kind
def cumsum(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis = an_axis(graph, graph.arrays[k])
    return (k,), lambda x: gn.cumsum(x, axis=axis), lambda x: x.cumsum(axis)


@kind
def flip(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis = an_axis(graph, graph.arrays[k])
    return (k,), lambda x: gn.flip(x, axis), lambda x: x.flip(axis)


@kind
def roll(graph):
    k = graph.pick(lambda a: a.ndim > 0)
    if k is None:
        return None
    axis, shift = an_axis(graph, graph.arrays[k]), int(graph.rng.integers(-3, 4))
    return (k,), lambda x: gn.roll(x, shift, axis), lambda x: x.roll(shift, axis)


@kind
def tile(graph):
    k = graph.pick(lambda a: 0 < a.ndim < 4 and a.size < 20)
    if k is None:
        return None
    reps = tuple(int(n) for n in graph.rng.integers(1, 3, graph.arrays[k].ndim))
    return (k,), lambda x: gn.tile(x, reps), lambda x: x.tile(reps)


@kind
def pad(graph):
    k = graph.pick(lambda a: 0 < a.ndim < 4 and a.size < 20)
    if k is None:
        return None
    before, after = int(graph.rng.integers(3)), int(graph.rng.integers(3))
    widths = [(0, 0)] * (graph.arrays[k].ndim - 1) + [(before, after)]
    put = torch_call("nn.functional.pad")
    return (k,), lambda x: gn.pad(x, widths), lambda x: put(x, (before, after))


@kind
def triangle(graph):
    k = graph.pick(lambda a: a.ndim > 1)
    if k is None:
        return None
    name, diagonal = ("tril", "triu")[int(graph.rng.integers(2))], int(graph.rng.integers(-1, 2))
    cut = torch_call(name)
    return (k,), lambda x: getattr(gn, name)(x, diagonal), lambda x: cut(x, diagonal)
