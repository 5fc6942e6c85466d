"""Train with graphnn: the whole step is one program, called once per step, or once for all of them."""

from __future__ import annotations

import numpy as np

import graphnn as gn
from benchmarks.nets import Adam, Problem


class GraphnnPerCall:
    """One `program.run` per step: the feeds are checked and copied, and the loss is handed out, each time."""

    def prepare(self, problem: Problem) -> None:
        self.problem = problem
        self.build()
        self.feeds = {self.x: problem.x, self.labels: problem.labels}
        self.run(1)
        self.reset()

    def build(self) -> None:
        """The net written out, for any batch size."""
        net, rule = self.problem.net, self.problem.optimizer
        self.x = gn.input("x", ("batch", net.widths[0]))
        self.labels = gn.input("labels", ("batch",), dtype="int64")
        self.weights = []
        a, last = self.x, len(net.layers) - 1
        for i, (w0, b0) in enumerate(self.problem.weights):
            w, b = gn.parameter(w0, f"w{i}"), gn.parameter(b0, f"b{i}")
            self.weights.append((w, b))
            z = a @ w + b
            a = z if i == last else gn.relu(z)
        loss = gn.softmax_cross_entropy(a, self.labels).mean()
        parameters = [parameter for pair in self.weights for parameter in pair]
        if isinstance(rule, Adam):
            self.optimizer = gn.optim.Adam(rule.rate, rule.beta1, rule.beta2, rule.eps)
        else:
            self.optimizer = gn.optim.SGD(rule.rate)
        updates = self.optimizer.updates(parameters, gn.gradient(loss, parameters))
        self.program = gn.Program(loss, updates)

    def reset(self) -> None:
        for (w, b), (w0, b0) in zip(self.weights, self.problem.weights, strict=True):
            w.value, b.value = w0, b0
        self.optimizer.reset()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.value = self.program.run(self.feeds)

    def loss(self) -> float:
        return float(np.asarray(self.value))


class GraphnnRepeats(GraphnnPerCall):
    """All steps in one call."""

    def run(self, steps: int) -> None:
        self.value = self.program.run(self.feeds, repeats=steps)
