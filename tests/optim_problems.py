"""What the tests of optimisers share: a least squares problem in two worlds, and runs on given gradients."""

from __future__ import annotations

import numpy as np

import graphnn as gn

STEPS = 50


class Problem:
    """Least squares with two parameters of unlike shapes, in both worlds, on new rows at every step."""

    def __init__(self, optimizer, dtype: str = "float64"):
        rng = np.random.default_rng(5)
        self.start = rng.normal(size=(3, 2)), rng.normal(size=2)
        self.rows, self.targets = rng.normal(size=(STEPS, 8, 3)), rng.normal(size=(STEPS, 8, 2))
        x, t = gn.input("x", ("batch", 3), dtype), gn.input("t", ("batch", 2), dtype)
        self.w, self.b = (gn.parameter(a, n, dtype) for a, n in zip(self.start, "wb", strict=True))
        self.loss = ((x @ self.w + self.b - t) ** 2.0).mean()
        self.parameters = [self.w, self.b]
        self.updates = optimizer.updates(self.parameters, gn.gradient(self.loss, self.parameters), self.loss)
        self.program = gn.Program(self.loss, self.updates)

    def step(self, k: int) -> float:
        return float(self.program.run({"x": self.rows[k], "t": self.targets[k]}))


def gradients_of_a_run(count: int) -> np.ndarray:
    return np.random.default_rng(11).normal(size=(count, 4))


def run_on(optimizer, gradients: np.ndarray) -> np.ndarray:
    """Where a parameter that starts at 1, -2, 3, -4 ends, if these are its gradients."""
    w, g = gn.parameter(np.array([1.0, -2.0, 3.0, -4.0]), "w", "float64"), gn.input("g", (4,), "float64")
    program = gn.Program((), optimizer.updates([w], [g]))
    for row in gradients:
        program.run({g: row})
    return w.value


def trained(optimizer, gradients: np.ndarray, start: np.ndarray, *, name: str = "w") -> list[np.ndarray]:
    """The values of a parameter after each step, if these are its gradients."""
    w = gn.parameter(start, name, "float64")
    g = gn.input("g", start.shape, "float64")
    program = gn.Program((), optimizer.updates([w], [g]))
    values = []
    for row in gradients:
        program.run({g: row})
        values.append(w.value.copy())
    return values
