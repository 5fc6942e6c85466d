"""Read operators that the standard itself defines by others: their body stands in the schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphnn.io.onnx.read.schemas import Schema
from graphnn.io.onnx.read.values import Value

__all__ = ["function_body"]


def function_body(schema: Schema, proto: Any, inputs: Sequence[Value | None], version: int) -> Any:
    """The FunctionProto of an operator, None if the standard does not define it by others."""
    found = schema.schema
    if not found.has_function:
        return None
    return found.function_body
