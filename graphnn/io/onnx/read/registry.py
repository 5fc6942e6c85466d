"""Which function reads which ONNX operator: `@reads("Add")` puts it on the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphnn.core.errors import DeclarationError

__all__ = ["READERS", "Reader", "reads"]

Reader = Callable[..., Any]
"""Takes a Call; gives what the operator's outputs are: a Node, numbers, a Value, or a sequence of these."""

READERS: dict[tuple[str, str], Reader] = {}


def reads(*op_types: str, domain: str = "") -> Callable[[Reader], Reader]:
    """Declare the function below as the reader of these operators of a domain; "" is the standard's own."""

    def declare(reader: Reader) -> Reader:
        for op_type in op_types:
            known = READERS.setdefault((domain, op_type), reader)
            if known is not reader and (known.__module__, known.__name__) != (
                reader.__module__,
                reader.__name__,
            ):
                raise DeclarationError(
                    f"reads: {op_type} has two readers, {known.__module__}.{known.__name__} and "
                    f"{reader.__module__}.{reader.__name__}."
                )
        return reader

    return declare
