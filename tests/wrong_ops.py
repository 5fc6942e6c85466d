"""Ops that are wrong on purpose: declared from parts, and gone again after the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import graphnn as gn
from graphnn.core.op import Op

# All wrong ops have one name, so that kernels that they share are compiled once.
NAME = "trial"


def declare(meaning: Callable[..., Any], signature: str = "x(*s) -> y(*s)", **parts: Any) -> Op:
    """An op from its parts; what is not given is right for the square of x."""
    if meaning.__doc__ is None:
        meaning.__doc__ = "For a test. Shapes: x (*s), a, b, w (*s) -> y (*s)."
    kernel, vjp = parts.pop("kernel", square_kernel), parts.pop("vjp", square_vjp)
    samples = parts.pop("samples", [(3, 4)])
    record = gn.op(signature, latex=parts.pop("latex", "{x}"), samples=samples, name=NAME, **parts)(meaning)
    if kernel is not None:
        record.kernel(kernel)
    if vjp is not None:
        record.vjp(vjp)
    return record


def square(x):
    return x**2


def square_kernel(x, y):
    for i in range(y.size):
        y[i] = x[i] * x[i]


def square_vjp(g, x, y):
    return [g * 2.0 * x]


def told(record: Op, kind: str, *words: str) -> gn.checking.OpCheck:
    """Check the op: the first finding is of that kind and says these words."""
    found = gn.check_op(record)
    assert not found.ok
    first = found.findings[0]
    assert first.kind == kind, str(found)
    for word in words:
        assert word in first.words, str(found)
    assert str(found).startswith(f"{NAME}: ")
    assert first.words in str(found)
    return found
