"""Train with JAX: the whole step under jit, called from Python, or looped inside `lax.fori_loop`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.nets import Adam, Problem

Tree = Any


class JaxPerCall:
    """One jitted call per step; the old weights are donated, and the end is waited for."""

    def prepare(self, problem: Problem) -> None:
        self.problem = problem
        self.build()
        self.reset()
        self.run(1)

    def build(self) -> None:
        self.step = jax.jit(training_step(self.problem), donate_argnums=0)

    def reset(self) -> None:
        weights = [(jnp.array(w), jnp.array(b)) for w, b in self.problem.weights]
        zeros = jax.tree.map(jnp.zeros_like, weights)
        moments = (zeros, jax.tree.map(jnp.zeros_like, weights)) if self.has_moments else ()
        self.state = (weights, moments, jnp.int32(0), jnp.float32(0))
        jax.block_until_ready(self.state)

    @property
    def has_moments(self) -> bool:
        return isinstance(self.problem.optimizer, Adam)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.state = self.step(self.state)
        jax.block_until_ready(self.state)

    def loss(self) -> float:
        return float(self.state[3])


class JaxLoop(JaxPerCall):
    """All steps are one jitted call; their number is an argument, so it is compiled once."""

    def build(self) -> None:
        body = training_step(self.problem)
        self.loop = jax.jit(
            lambda state, steps: jax.lax.fori_loop(0, steps, lambda _, s: body(s), state), donate_argnums=0
        )

    def run(self, steps: int) -> None:
        self.state = self.loop(self.state, steps)
        jax.block_until_ready(self.state)


def training_step(problem: Problem) -> Any:
    """(weights, moments, count, loss) -> the same after one step; moments is () for SGD."""
    x, labels, rule = jnp.array(problem.x), jnp.array(problem.labels), problem.optimizer

    def loss_of(weights: Tree) -> jax.Array:
        a = x
        for w, b in weights[:-1]:
            a = jax.nn.relu(a @ w + b)
        w, b = weights[-1]
        logs = jax.nn.log_softmax(a @ w + b)
        return -jnp.take_along_axis(logs, labels[:, None], axis=1).mean()

    def sgd(state: Tree) -> Tree:
        weights, moments, count, _ = state
        loss, slopes = jax.value_and_grad(loss_of)(weights)
        weights = jax.tree.map(lambda w, g: w - rule.rate * g, weights, slopes)
        return weights, moments, count + 1, loss

    def adam(state: Tree) -> Tree:
        weights, (m, v), count, _ = state
        loss, slopes = jax.value_and_grad(loss_of)(weights)
        count = count + 1
        m = jax.tree.map(lambda m, g: rule.beta1 * m + (1 - rule.beta1) * g, m, slopes)
        v = jax.tree.map(lambda v, g: rule.beta2 * v + (1 - rule.beta2) * g * g, v, slopes)
        first = 1 - rule.beta1 ** count.astype(jnp.float32)
        second = 1 - rule.beta2 ** count.astype(jnp.float32)
        weights = jax.tree.map(
            lambda w, m, v: w - rule.rate * (m / first) / (jnp.sqrt(v / second) + rule.eps), weights, m, v
        )
        return weights, (m, v), count, loss

    return adam if isinstance(rule, Adam) else sgd
