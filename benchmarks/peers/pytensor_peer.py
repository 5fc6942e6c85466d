"""Train with PyTensor in its Numba mode: shared variables, one compiled function with updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from benchmarks.nets import Adam, Problem


class PyTensorNumba:
    """Compiling takes about 20 seconds per net, so it is left out unless it is asked for."""

    def prepare(self, problem: Problem) -> None:
        self.problem = problem
        x, labels, rule = pt.constant(problem.x), pt.constant(problem.labels), problem.optimizer
        self.shared = [(share(w), share(b)) for w, b in problem.weights]
        parameters = [parameter for pair in self.shared for parameter in pair]
        a = x
        for w, b in self.shared[:-1]:
            a = pt.maximum(a @ w + b, np.float32(0))
        w, b = self.shared[-1]
        logs = pt.special.log_softmax(a @ w + b, axis=1)
        loss = -logs[np.arange(problem.net.batch), labels].mean()
        slopes = pt.grad(loss, parameters)
        self.moments: list[Any] = []
        if isinstance(rule, Adam):
            updates = self.adam(parameters, slopes, rule)
        else:
            updates = [(p, p - np.float32(rule.rate) * g) for p, g in zip(parameters, slopes, strict=True)]
        self.step = pytensor.function([], loss, updates=updates, mode="NUMBA")
        self.reset()

    def adam(self, parameters: list[Any], slopes: list[Any], rule: Adam) -> list[tuple[Any, Any]]:
        count = share(np.float32(0))
        now = count + np.float32(1)
        first = np.float32(1) - np.float32(rule.beta1) ** now
        second = np.float32(1) - np.float32(rule.beta2) ** now
        updates = [(count, now)]
        self.moments = [count]
        for p, g in zip(parameters, slopes, strict=True):
            m, v = share(np.zeros_like(p.get_value())), share(np.zeros_like(p.get_value()))
            m1 = np.float32(rule.beta1) * m + np.float32(1 - rule.beta1) * g
            v1 = np.float32(rule.beta2) * v + np.float32(1 - rule.beta2) * g * g
            moved = p - np.float32(rule.rate) * (m1 / first) / (pt.sqrt(v1 / second) + np.float32(rule.eps))
            updates += [(m, m1), (v, v1), (p, moved)]
            self.moments += [m, v]
        return updates

    def reset(self) -> None:
        for (w, b), (w0, b0) in zip(self.shared, self.problem.weights, strict=True):
            w.set_value(w0)
            b.set_value(b0)
        for moment in self.moments:
            moment.set_value(np.zeros_like(moment.get_value()))

    def run(self, steps: int) -> None:
        step = self.step
        for _ in range(steps):
            self.value = step()

    def loss(self) -> float:
        return float(self.value)


def share(value: Any) -> Any:
    return pytensor.shared(np.asarray(value, np.float32))
