"""Train a net of convolutions, each with relu and a pool of 2 x 2, and dense layers, by Adam, in three libraries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.nets import Adam

Step = Callable[[], Any]
Arrays = Mapping[str, np.ndarray]
RULE = Adam()


def draw(
    rng: np.random.Generator, images: tuple[int, ...], shapes: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Images x, labels, weights w0, w1, ... and biases b0, b1, ..."""
    out = {"x": rng.standard_normal(images, dtype=np.float32)}
    out["labels"] = rng.integers(0, 10, images[0], dtype=np.int64)
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
        out[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32((2 / fan_in) ** 0.5)
        out["b" + name[1:]] = np.zeros(shape[0] if len(shape) == 4 else shape[1], np.float32)
    return out


def layers(arrays: Arrays) -> list[tuple[np.ndarray, np.ndarray]]:
    """The weights and biases, in order."""
    return [(arrays[f"w{k}"], arrays[f"b{k}"]) for k in range(len(arrays)) if f"w{k}" in arrays]


def ours(arrays: Arrays, padding: str) -> Step:
    """graphnn: the whole step is one program, for any batch size."""
    import graphnn as gn

    x = gn.input("x", ("batch", *arrays["x"].shape[1:]))
    labels = gn.input("labels", ("batch",), dtype="int64")
    pairs = [(gn.parameter(w, f"w{k}"), gn.parameter(b, f"b{k}")) for k, (w, b) in enumerate(layers(arrays))]
    a = x
    for k, (w, b) in enumerate(pairs):
        if w.ndim == 4:
            a = gn.max_pool2d(gn.relu(gn.conv2d(a, w, b, padding=padding)), 2)
        else:
            a = a.reshape(("batch", -1)) if a.ndim == 4 else a
            a = a @ w + b
            a = a if k == len(pairs) - 1 else gn.relu(a)
    loss = gn.softmax_cross_entropy(a, labels).mean()
    parameters = [parameter for pair in pairs for parameter in pair]
    optimizer = gn.optim.Adam(RULE.rate, RULE.beta1, RULE.beta2, RULE.eps)
    program = gn.Program(loss, optimizer.updates(parameters, gn.gradient(loss, parameters)))
    feeds = {x: arrays["x"], labels: arrays["labels"]}
    return lambda: program.run(feeds)


def torch(arrays: Arrays, padding: str) -> Step:
    """PyTorch as its tutorials do: eager, zero_grad, backward, step, default threads."""
    import torch

    nn = torch.nn
    modules: list[Any] = []
    given = layers(arrays)
    for k, (w, _) in enumerate(given):
        if w.ndim == 4:
            modules += [
                nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], padding=padding),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        else:
            modules += [nn.Flatten()] if given[k - 1][0].ndim == 4 else []
            modules += [nn.Linear(*w.shape)] + ([nn.ReLU()] if k < len(given) - 1 else [])
    model = nn.Sequential(*modules)
    with torch.no_grad():
        weighted = [module for module in model if hasattr(module, "weight")]
        for module, (w, b) in zip(weighted, given, strict=True):
            module.weight.copy_(torch.from_numpy(w if w.ndim == 4 else w.T.copy()))
            module.bias.copy_(torch.from_numpy(b))
    optimizer = torch.optim.Adam(model.parameters(), RULE.rate, (RULE.beta1, RULE.beta2), RULE.eps)
    x, labels = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["labels"])

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def jax(arrays: Arrays, padding: str) -> Step:
    """JAX: the whole step under jit; the old state is donated."""
    import jax
    import jax.numpy as jnp

    x, labels = jnp.array(arrays["x"]), jnp.array(arrays["labels"])
    weights = [(jnp.array(w), jnp.array(b)) for w, b in layers(arrays)]

    def loss_of(weights: Any) -> Any:
        a = x
        for k, (w, b) in enumerate(weights):
            if w.ndim == 4:
                a = jax.lax.conv_general_dilated(a, w, (1, 1), padding) + b[:, None, None]
                pool = (1, 1, 2, 2)
                a = jax.lax.reduce_window(jax.nn.relu(a), -jnp.inf, jax.lax.max, pool, pool, "VALID")
            else:
                a = a.reshape(a.shape[0], -1) @ w + b
                a = a if k == len(weights) - 1 else jax.nn.relu(a)
        logs = jax.nn.log_softmax(a)
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def adam(state: Any) -> Any:
        weights, m, v, count = state
        loss, slopes = jax.value_and_grad(loss_of)(weights)
        count = count + 1
        m = jax.tree.map(lambda m, g: RULE.beta1 * m + (1 - RULE.beta1) * g, m, slopes)
        v = jax.tree.map(lambda v, g: RULE.beta2 * v + (1 - RULE.beta2) * g * g, v, slopes)
        first = 1 - RULE.beta1 ** count.astype(jnp.float32)
        second = 1 - RULE.beta2 ** count.astype(jnp.float32)
        weights = jax.tree.map(
            lambda w, m, v: w - RULE.rate * (m / first) / (jnp.sqrt(v / second) + RULE.eps), weights, m, v
        )
        return (weights, m, v, count), loss

    compiled = jax.jit(adam, donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = [(weights, zeros, jax.tree.map(jnp.zeros_like, weights), jnp.int32(0))]

    def step() -> Any:
        state[0], loss = compiled(state[0])
        return loss

    return step
