"""Seeded random training programs: views, spread numbers, products, shared values, swapped parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import graphnn as gn
from graphnn.core.node import Node

MOVES: list[Callable[..., Node]] = [
    lambda u, v, **_: u * 0.5 + v * 0.5,
    lambda u, v, b, **_: u * b - v,
    lambda u, **_: gn.relu(u),
    lambda u, w, **_: u @ w,
    lambda u, **_: u * u.mean(),
    lambda u, **_: u.reshape(-1, 2).reshape(("batch", 4)),
    lambda u, v, c, **_: (u + v).mean(axis=1, keepdims=True) + c,
    lambda v, **_: -v,
    lambda u, b, **_: gn.broadcast_to(b, ("batch", 4)) - u,
]


def random_program(seed: int) -> tuple[list[Node], dict[Node, Node]]:
    """Outputs and updates of a random graph of the input `x` (batch, 4) and five parameters."""
    rng = np.random.default_rng(seed)
    x = gn.input("x", ("batch", 4))
    ws = [gn.parameter(rng.normal(size=(4, 4)) / 4, f"w{i}") for i in range(3)]
    b, c = gn.parameter(0.5, "b"), gn.parameter(rng.normal(size=4), "c")
    made = [x, x * b]
    for _ in range(int(rng.integers(4, 25))):
        u, v = (made[int(rng.integers(len(made)))] for _ in range(2))
        made.append(MOVES[int(rng.integers(len(MOVES)))](u=u, v=v, w=ws[int(rng.integers(3))], b=b, c=c))
    outputs = [
        made[-1],
        made[int(rng.integers(len(made)))].mean(),
        ws[0],
        gn.broadcast_to(b, (2, 2)),
        (x * 1.5).sum(),
    ]
    updates = {
        ws[0]: ws[0] - 0.1 * (ws[0] * made[-1].mean()),
        b: b * 0.9 + 0.01 * made[-2].mean(),
        c: c - 0.1 * c * b,
    }
    updates |= {ws[1]: ws[2], ws[2]: ws[1] * 0.5} if seed % 2 else {ws[1]: ws[1] + c}
    return outputs, updates
