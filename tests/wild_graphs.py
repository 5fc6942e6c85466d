"""Graphs for tests: a small layer, and wild ones with shared nodes, idle work and numbers that break algebra."""

from __future__ import annotations

import numpy as np

import graphnn as gn

SHAPE = (3, 4)
UNARY = [
    gn.abs,
    gn.exp,
    gn.neg,
    gn.relu,
    gn.sigmoid,
    gn.sign,
    gn.softmax,
    gn.square,
    gn.step,
    gn.stop_gradient,
    gn.tanh,
]
BINARY = [gn.add, gn.sub, gn.mul, gn.div, gn.maximum, gn.minimum]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, np.nan, np.inf]
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e-30, 2.0, -3.5, 1e30, 0.25])


def wild_graph(rng: np.random.Generator, size: int, dtype: str = "float64") -> gn.Graph:
    """About `size` steps on an input `x` (3, 4), a parameter `w` (3, 4) and constants; three outputs."""
    values = [gn.input("x", SHAPE, dtype), gn.parameter(rng.normal(size=SHAPE), "w", dtype)]
    while len(values) < size:
        a, b = (values[rng.integers(len(values))] for _ in range(2))
        values.append(_step(rng, a, b, dtype))
        if rng.random() < 0.1 and values[-1].name is None and values[-1].role == "op":
            values[-1].named(f"step {len(values)}")
    picks = rng.integers(size // 2, size, size=2)
    return gn.Graph([values[-1], *(values[k] for k in picks)])


def hidden_layer() -> gn.Graph:
    """A layer with a scope, a name, a constant, a named axis and two outputs."""
    x = gn.input("x", ("batch", 2))
    with gn.scope("hidden"):
        h = gn.relu(x @ gn.parameter([[0.1, -0.5], [1e-30, 2.0]], "w") + gn.constant([0.25, -0.0])).named("h")
    return gn.Graph([h.sum(axis=1).reshape(x.shape[0], 1), h])


def _step(rng: np.random.Generator, a: gn.Node, b: gn.Node, dtype: str) -> gn.Node:
    number = NUMBERS[rng.integers(len(NUMBERS))]
    match rng.integers(14):
        case 0 | 1:
            return UNARY[rng.integers(len(UNARY))](a)
        case 2 | 3:
            return BINARY[rng.integers(len(BINARY))](a, b)
        case 4:
            return BINARY[rng.integers(len(BINARY))](a, gn.constant(number, dtype))
        case 5:
            return BINARY[rng.integers(len(BINARY))](gn.constant(np.full(SHAPE, number), dtype), a)
        case 6:
            return a.T.reshape(2, 6).reshape(4, 3).T
        case 7:
            return gn.expand_dims(a.transpose(1, 0), axis=0).transpose(2, 1, 0).squeeze()
        case 8:
            return a.sum(axis=int(rng.integers(2)), keepdims=True) + b * 0.0
        case 9:
            return gn.broadcast_to(a.mean(axis=0), SHAPE)
        case 10:
            return gn.where(a > b, a, gn.neg(gn.neg(b)))
        case 11:
            return gn.constant(number, dtype) * gn.constant(3.0, dtype) - gn.neg(a)
        case 12:
            return a.cast("float64").cast("float32").cast(dtype)
        case _:
            return gn.matmul(a, b.T) @ gn.constant(np.eye(3, 4), dtype)
