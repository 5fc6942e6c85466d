"""Train one transformer block, the same in PyTorch, JAX and graphnn: 32 tokens of width 64, 4 heads, batch 16.

Pre-norm: x + attention(layer_norm(x)), then x + mlp(layer_norm(x)), whose hidden layer is 4 times as wide, with gelu.
The loss is the mean squared error against a target; a step is one Adam step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEADS, TOKENS, BATCH, HIDDEN = 64, 4, 32, 16, 256
RATE, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8
NORM_EPS = 1e-5

Array = NDArray[np.float32]
Step = Callable[[], Any]

WEIGHTS = {"wq": (WIDTH, WIDTH), "wk": (WIDTH, WIDTH), "wv": (WIDTH, WIDTH), "wo": (WIDTH, WIDTH),
           "w1": (WIDTH, HIDDEN), "w2": (HIDDEN, WIDTH)}  # fmt: skip


def arrays(seed: int) -> dict[str, Array]:
    """The batch `x` and its `target`, (batch, tokens, width), and the starting weights by name."""
    rng = np.random.default_rng(seed)
    found = {name: rng.standard_normal((BATCH, TOKENS, WIDTH), np.float32) for name in ("x", "target")}
    for k in ("1", "2"):
        found[f"scale{k}"], found[f"shift{k}"] = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    for name, (fan_in, fan_out) in WEIGHTS.items():
        spread = np.float32(fan_in**-0.5)
        found[name] = rng.standard_normal((fan_in, fan_out), np.float32) * spread
        found["b" + name[1:]] = np.zeros(fan_out, np.float32)
    return found


def ours(given: dict[str, Array]) -> Step:
    """The block written out; the step is one program."""
    import graphnn as gn

    x, target = (gn.input(name, ("batch", TOKENS, WIDTH)) for name in ("x", "target"))
    w = {name: gn.parameter(value, name) for name, value in given.items() if name not in ("x", "target")}
    with gn.scope("attention"):
        a = gn.layer_norm(x, w["scale1"], w["shift1"], eps=NORM_EPS)
        weights = [w[kind + name] for name in "qkvo" for kind in "wb"]
        h = x + gn.multi_head_attention(a, *weights, heads=HEADS)
    with gn.scope("mlp"):
        a = gn.layer_norm(h, w["scale2"], w["shift2"], eps=NORM_EPS)
        y = h + (gn.gelu(a @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"])
    loss = gn.mean_squared_error(y, target)
    parameters = list(w.values())
    optimizer = gn.optim.Adam(RATE, BETA1, BETA2, EPS)
    program = gn.Program(loss, optimizer.updates(parameters, gn.gradient(loss, parameters)))
    feeds = {x: given["x"], target: given["target"]}
    return lambda: program.run(feeds)


def torch(given: dict[str, Array]) -> Step:
    """Eager, with PyTorch's fused attention, one projection for q, k and v, and torch.optim.Adam."""
    import torch
    import torch.nn.functional as F

    def leaf(value: Array) -> torch.Tensor:
        return torch.from_numpy(value.copy()).requires_grad_()

    x, target = torch.from_numpy(given["x"]), torch.from_numpy(given["target"])
    scale1, shift1, scale2, shift2 = (leaf(given[n]) for n in ("scale1", "shift1", "scale2", "shift2"))
    w_in = leaf(np.concatenate([given[n].T for n in ("wq", "wk", "wv")]))
    b_in = leaf(np.concatenate([given[n] for n in ("bq", "bk", "bv")]))
    wo, w1, w2 = (leaf(np.ascontiguousarray(given[n].T)) for n in ("wo", "w1", "w2"))
    bo, b1, b2 = (leaf(given[n]) for n in ("bo", "b1", "b2"))
    optimizer = torch.optim.Adam(
        [scale1, shift1, w_in, b_in, wo, bo, scale2, shift2, w1, b1, w2, b2], RATE, (BETA1, BETA2), EPS
    )

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        a = F.layer_norm(x, (WIDTH,), scale1, shift1, NORM_EPS)
        qkv = F.linear(a, w_in, b_in).view(BATCH, TOKENS, 3, HEADS, WIDTH // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(BATCH, TOKENS, WIDTH)
        h = x + F.linear(mixed, wo, bo)
        a = F.layer_norm(h, (WIDTH,), scale2, shift2, NORM_EPS)
        y = h + F.linear(F.gelu(F.linear(a, w1, b1)), w2, b2)
        loss = F.mse_loss(y, target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def jax(given: dict[str, Array]) -> Step:
    """The whole step under jit; the old state is donated."""
    import jax
    import jax.numpy as jnp

    x, target = jnp.array(given["x"]), jnp.array(given["target"])
    packed = {name: value for name, value in given.items() if name[1:] not in ("q", "k", "v")}
    packed["w_in"] = np.concatenate([given[n] for n in ("wq", "wk", "wv")], axis=1)
    packed["b_in"] = np.concatenate([given[n] for n in ("bq", "bk", "bv")])
    weights = {name: jnp.array(value) for name, value in packed.items() if name not in ("x", "target")}

    def norm(x: Any, scale: Any, shift: Any) -> Any:
        d = x - x.mean(-1, keepdims=True)
        return d * jax.lax.rsqrt((d * d).mean(-1, keepdims=True) + NORM_EPS) * scale + shift

    def loss_of(w: Any) -> Any:
        qkv = norm(x, w["scale1"], w["shift1"]) @ w["w_in"] + w["b_in"]
        q, k, v = jnp.moveaxis(qkv.reshape(BATCH, TOKENS, 3, HEADS, WIDTH // HEADS), 2, 0)
        scores = jnp.einsum("bthd,bshd->bhts", q, k) * (WIDTH // HEADS) ** -0.5
        mixed = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores), v)
        h = x + mixed.reshape(BATCH, TOKENS, WIDTH) @ w["wo"] + w["bo"]
        hidden = jax.nn.gelu(norm(h, w["scale2"], w["shift2"]) @ w["w1"] + w["b1"], approximate=False)
        return ((h + hidden @ w["w2"] + w["b2"] - target) ** 2).mean()

    def adam(state: Any) -> Any:
        w, m, v, count = state
        loss, slopes = jax.value_and_grad(loss_of)(w)
        count = count + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, slopes)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, slopes)
        first, second = 1 - BETA1 ** count.astype(jnp.float32), 1 - BETA2 ** count.astype(jnp.float32)
        w = jax.tree.map(lambda w, m, v: w - RATE * (m / first) / (jnp.sqrt(v / second) + EPS), w, m, v)
        return (w, m, v, count), loss

    run = jax.jit(adam, donate_argnums=0)
    state = (
        weights,
        jax.tree.map(jnp.zeros_like, weights),
        jax.tree.map(jnp.zeros_like, weights),
        jnp.int32(0),
    )

    def step() -> Any:
        nonlocal state
        state, loss = run(state)
        return loss.block_until_ready()

    return step
