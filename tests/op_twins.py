"""One call of an op beside the same call of its PyTorch twin: value, first and second slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

import graphnn as gn
from graphnn.core.dtypes import FLOATS, float32
from graphnn.transform.interpret import interpret
from op_cases import Case, leaves, meaning
from op_facts.registry import TWINS, Twin

try:
    import torch
except ImportError:
    torch = None


class Meeting:
    """One call of an op and of its twin, on the same numbers, projected on the same random weights."""

    def __init__(self, case: Case, arrays: list[np.ndarray]):
        self.case, self.arrays = case, arrays
        self.twin: Twin = TWINS[case.record.name]
        self.attributes = {**case.record.attribute_defaults, **case.sample.attributes}
        self.free = [k for k, a in enumerate(arrays) if a.dtype in FLOATS]
        self.rng = np.random.default_rng(len(arrays))
        self.value = meaning(case.record, arrays, case.sample.attributes)
        self.weights = self.rng.uniform(0.5, 1.5, self.value.shape)
        self.directions = [self.rng.uniform(0.5, 1.5, a.shape) for a in arrays]
        smooth = case.record.differentiable and self.value.dtype in FLOATS and self.free
        self.orders = self.twin.orders if smooth else 0

    def ours(self) -> list[np.ndarray]:
        """First slopes, then second ones: those of the first slopes along random directions."""
        nodes = leaves(self.case, self.arrays)
        wrt = [nodes[k] for k in self.free]
        y = self.case.record.node(*nodes, **self.case.sample.attributes)
        weights = gn.constant(self.weights, dtype=y.dtype)
        first = gn.gradient((y * weights).sum(), wrt, no_path="zero")
        wanted = list(first)
        if self.orders > 1:
            along = gn.constant(0.0, dtype="float64")
            for slope, k in zip(first, self.free, strict=True):
                along = along + (slope.cast("float64") * self.directions[k]).sum()
            wanted += gn.gradient(along, wrt, no_path="zero")
        used = set(gn.Graph(wanted).inputs)
        return interpret(wanted, {n: a for n, a in zip(nodes, self.arrays, strict=True) if n in used})

    def theirs(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """The twin's value, then its first and second slopes as above."""
        tensors = [torch.from_numpy(np.array(a)) for a in self.arrays]
        wrt = [tensors[k].requires_grad_() for k in self.free] if self.orders else []
        y = self.twin.function(torch, *tensors, **self.attributes)
        value = y.detach().numpy(force=True)
        if not self.orders:
            return value, []
        first = slopes((y * torch.from_numpy(self.weights)).sum(), wrt, more=self.orders > 1)
        found = list(first)
        if self.orders > 1:
            along = torch.zeros((), dtype=torch.float64)
            for slope, k in zip(first, self.free, strict=True):
                along = along + (slope * torch.from_numpy(self.directions[k])).sum()
            found += slopes(along, wrt)
        return value, [t.detach().numpy(force=True) for t in found]

    def check(self) -> None:
        try:
            value, slopes = self.theirs()
        except RuntimeError:
            # PyTorch refuses some empty tensors.
            assert not all(a.size for a in (*self.arrays, self.value))
            return
        self.compare(self.value, value, "value")
        if not self.orders:
            return
        names = [self.case.record.port_name(k) for k in self.free]
        told = [f"{order} slope of {name}" for order in ("first", "second")[: self.orders] for name in names]
        for found, expected, what in zip(self.ours(), slopes, told, strict=True):
            self.compare(found, expected, what)

    def compare(self, found: np.ndarray, expected: np.ndarray, what: str) -> None:
        assert found.shape == expected.shape, what
        with np.errstate(invalid="ignore"):
            scale = np.abs(np.where(np.isfinite(expected), expected, 0)).max(initial=1e-3)
        tolerance = self.twin.tolerance
        if float32 in (self.value.dtype, found.dtype):  # a cast, whatever the operands
            tolerance = 1e-5
        elif found.dtype not in FLOATS:
            tolerance = 0.0
        np.testing.assert_allclose(
            found, expected, rtol=tolerance, atol=0.1 * tolerance * scale, err_msg=f"{self.case}: {what}"
        )


def slopes(y: Any, wrt: list[Any], *, more: bool = False) -> list[Any]:
    """PyTorch's gradient, zeros where it has none."""
    if not y.requires_grad:
        return [torch.zeros_like(t) for t in wrt]
    return torch.autograd.grad(y, wrt, create_graph=more, allow_unused=True, materialize_grads=True)
