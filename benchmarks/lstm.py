"""Train a classifier of sequences: an LSTM over 28 rows of 28 numbers, then ten classes from its last state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS, BATCH, INPUTS, HIDDEN, CLASSES = 28, 64, 28, 64, 10
RATE, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8

Arrays = dict[str, np.ndarray]
Step = Callable[[], Any]


def arrays(seed: int) -> Arrays:
    """A batch and the starting weights, the same for all. Gates stand in the order i, f, g, o."""
    rng = np.random.default_rng(seed)

    def uniform(*shape: int) -> np.ndarray:
        return rng.uniform(-1, 1, shape).astype(np.float32) * np.float32(HIDDEN**-0.5)

    return {
        "x": rng.standard_normal((STEPS, BATCH, INPUTS), dtype=np.float32),
        "labels": rng.integers(0, CLASSES, BATCH, dtype=np.int64),
        "w": uniform(INPUTS, 4 * HIDDEN),
        "u": uniform(HIDDEN, 4 * HIDDEN),
        "b": uniform(4 * HIDDEN),
        "v": uniform(HIDDEN, CLASSES),
        "c": uniform(CLASSES),
    }


def ours(arrays: Arrays) -> Step:
    """graphnn: one program, one call for each step."""
    import graphnn as gn

    x = gn.input("x", (STEPS, "batch", INPUTS))
    labels = gn.input("labels", ("batch",), dtype="int64")
    w, u, b, v, c = weights = [gn.parameter(arrays[name], name) for name in ("w", "u", "b", "v", "c")]
    _, (h, _) = gn.lstm(x, w, u, b)
    loss = gn.softmax_cross_entropy(h @ v + c, labels)
    updates = gn.optim.Adam(RATE, BETA1, BETA2, EPS).updates(weights, gn.gradient(loss, weights))
    program = gn.Program(loss, updates)
    feeds = {x: arrays["x"], labels: arrays["labels"]}
    return lambda: program.run(feeds)


def torch(arrays: Arrays) -> Step:
    """PyTorch eager, as its tutorials write it; it has a second bias of zeros, which is not trained."""
    import torch

    x, labels = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["labels"])
    lstm, dense = torch.nn.LSTM(INPUTS, HIDDEN), torch.nn.Linear(HIDDEN, CLASSES)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(torch.from_numpy(arrays["w"].T.copy()))
        lstm.weight_hh_l0.copy_(torch.from_numpy(arrays["u"].T.copy()))
        lstm.bias_ih_l0.copy_(torch.from_numpy(arrays["b"]))
        lstm.bias_hh_l0.zero_()
        dense.weight.copy_(torch.from_numpy(arrays["v"].T.copy()))
        dense.bias.copy_(torch.from_numpy(arrays["c"]))
    lstm.bias_hh_l0.requires_grad_(False)
    trained = [p for p in (*lstm.parameters(), *dense.parameters()) if p.requires_grad]
    optimizer = torch.optim.Adam(trained, RATE, (BETA1, BETA2), EPS)

    def step() -> Any:
        optimizer.zero_grad()
        _, (h, _) = lstm(x)
        loss = torch.nn.functional.cross_entropy(dense(h[0]), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def jax(arrays: Arrays) -> Step:
    """JAX: the step under jit with `lax.scan` over time; the old weights are donated."""
    import jax
    import jax.numpy as jnp

    x, labels = jnp.array(arrays["x"]), jnp.array(arrays["labels"])

    def loss_of(weights: Any) -> Any:
        w, u, b, v, c = weights
        shares = x @ w + b

        def advance(carry: Any, share: Any) -> Any:
            h, cell = carry
            i, f, g, o = jnp.split(share + h @ u, 4, axis=1)
            cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(cell), cell), None

        zeros = jnp.zeros((BATCH, HIDDEN), x.dtype)
        (h, _), _ = jax.lax.scan(advance, (zeros, zeros), shares)
        logs = jax.nn.log_softmax(h @ v + c)
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def advance_weights(state: Any) -> Any:
        weights, m, v, count = state
        loss, slopes = jax.value_and_grad(loss_of)(weights)
        count = count + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, slopes)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, slopes)
        first = 1 - BETA1 ** count.astype(jnp.float32)
        second = 1 - BETA2 ** count.astype(jnp.float32)
        weights = jax.tree.map(
            lambda w, m, v: w - RATE * (m / first) / (jnp.sqrt(v / second) + EPS), weights, m, v
        )
        return (weights, m, v, count), loss

    advance_all = jax.jit(advance_weights, donate_argnums=0)
    weights = [jnp.array(arrays[name]) for name in ("w", "u", "b", "v", "c")]
    state = [(weights, *([jnp.zeros_like(w) for w in weights] for _ in range(2)), jnp.int32(0))]

    def step() -> Any:
        state[0], loss = advance_all(state[0])
        return loss

    return step
