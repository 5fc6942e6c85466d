"""Kernels of the engine's own: copying a value, and watching one for NaN and infinity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from graphnn.core.dtypes import TYPE_CLASSES
from graphnn.core.op import Op
from graphnn.core.signature import parse_signature


def _copy_kernel(x: Any, y: Any) -> None:
    for i in range(y.size):
        y[i] = x[i]


def _watch_kernel(x: Any, y: Any) -> int:
    bad = 0
    for i in range(x.size):
        bad += 0 if np.isfinite(x[i]) else 1
    if bad > 0:
        for i in range(x.size):
            if not np.isfinite(x[i]):
                return i + 1
    return 0


def _engine_op(name: str, kernel: Callable[..., Any], types: str) -> Op:
    record = Op(name)
    record.signature = parse_signature("x(*s) -> y(*s)")
    record.types = TYPE_CLASSES[types]
    record.kernel_function = kernel
    return record


COPY = _engine_op("copy", _copy_kernel, "any")
WATCH = _engine_op("watch", _watch_kernel, "float")
WATCH.fault_function = lambda position, x: f"its value has {x.reshape(-1)[position]} at element {position}"
