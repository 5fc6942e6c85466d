"""Train as a careful NumPy user would by hand: one flat parameter buffer, results written in place."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.nets import Adam, Problem


class NumPyByHand:
    """Dense, relu, softmax cross-entropy and their slopes; `out=` wherever it avoids a temporary array."""

    def __init__(self, dtype: type[np.floating] = np.float32) -> None:
        self.dtype = dtype

    def prepare(self, problem: Problem) -> None:
        net, dtype = problem.net, self.dtype
        self.problem, self.optimizer, self.batch = problem, problem.optimizer, net.batch
        self.flat = np.empty(net.parameter_count, dtype)
        self.slope = np.empty_like(self.flat)
        self.weights, self.slopes = self.views(self.flat), self.views(self.slope)
        self.x = problem.x.astype(dtype)
        self.z = [np.empty((net.batch, width), dtype) for width in net.widths[1:]]
        self.gz = [np.empty_like(z) for z in self.z]
        self.mask = [np.empty(z.shape, bool) for z in self.z]
        self.column = np.empty((net.batch, 1), dtype)
        self.share = np.empty_like(self.column)
        self.ones = np.ones(net.batch, dtype)
        # One-hot labels: on these sizes a subtraction and a dot are faster than indexing by two arrays.
        self.hot = np.zeros((net.batch, net.widths[-1]), dtype)
        self.hot[np.arange(net.batch), problem.labels] = 1 / net.batch
        self.m, self.v, self.work = (np.empty_like(self.flat) for _ in range(3))
        self.reset()

    def views(self, flat: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        pairs, at = [], 0
        for fan_in, fan_out in self.problem.net.layers:
            w = flat[at : at + fan_in * fan_out].reshape(fan_in, fan_out)
            b = flat[at + w.size : at + w.size + fan_out]
            pairs.append((w, b))
            at += w.size + b.size
        return pairs

    def reset(self) -> None:
        for (w, b), (w0, b0) in zip(self.weights, self.problem.weights, strict=True):
            w[...], b[...] = w0, b0
        self.m[...], self.v[...], self.steps = 0, 0, 0

    def run(self, steps: int) -> None:
        update = self.adam if isinstance(self.optimizer, Adam) else self.sgd
        for _ in range(steps):
            self.forward()
            self.backward()
            update()

    def loss(self) -> float:
        return self.value

    def forward(self) -> None:
        a, last = self.x, len(self.z) - 1
        for i, (w, b) in enumerate(self.weights):
            z = self.z[i]
            np.dot(a, w, out=z)
            np.add(z, b, out=z)
            if i < last:
                np.maximum(z, 0, out=z)
            a = z

    def backward(self) -> None:
        z, g, column = self.z[-1], self.gz[-1], self.column
        np.maximum.reduce(z, axis=1, keepdims=True, out=column)
        np.subtract(z, column, out=z)
        np.exp(z, out=g)
        np.add.reduce(g, axis=1, keepdims=True, out=column)
        np.multiply(column, self.batch, out=self.share)
        np.divide(g, self.share, out=g)
        np.subtract(g, self.hot, out=g)
        np.log(column, out=column)
        self.value = float(np.dot(self.ones, column)[0]) / self.batch - float(np.vdot(z, self.hot))
        for i in range(len(self.weights) - 1, -1, -1):
            below = self.z[i - 1] if i else self.x
            gw, gb = self.slopes[i]
            np.dot(below.T, g, out=gw)
            np.dot(self.ones, g, out=gb)
            if i:
                np.dot(g, self.weights[i][0].T, out=self.gz[i - 1])
                g = self.gz[i - 1]
                np.greater(below, 0, out=self.mask[i - 1])
                np.multiply(g, self.mask[i - 1], out=g)

    def sgd(self) -> None:
        np.multiply(self.slope, self.dtype(self.optimizer.rate), out=self.slope)
        np.subtract(self.flat, self.slope, out=self.flat)

    def adam(self) -> None:
        rule, g, m, v, work, dtype = self.optimizer, self.slope, self.m, self.v, self.work, self.dtype
        self.steps += 1
        np.multiply(m, dtype(rule.beta1), out=m)
        np.multiply(g, dtype(1 - rule.beta1), out=work)
        np.add(m, work, out=m)
        np.multiply(v, dtype(rule.beta2), out=v)
        np.multiply(g, g, out=work)
        np.multiply(work, dtype(1 - rule.beta2), out=work)
        np.add(v, work, out=v)
        # mhat / (sqrt(vhat) + eps) with both corrections drawn out of the arrays
        np.sqrt(v, out=work)
        np.multiply(work, dtype(1 / math.sqrt(1 - rule.beta2**self.steps)), out=work)
        np.add(work, dtype(rule.eps), out=work)
        np.divide(m, work, out=work)
        np.multiply(work, dtype(rule.rate / (1 - rule.beta1**self.steps)), out=work)
        np.subtract(self.flat, work, out=self.flat)
