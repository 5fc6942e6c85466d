"""Ask the standard about an operator: how many operands it takes, of which types, and what types it gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from graphnn.core.errors import OnnxError
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.values import Value

__all__ = ["Schema", "plain_domain", "schema_of"]

_WORDS = {"float": "float32", "double": "float64"}


def plain_domain(domain: str) -> str:
    """The domain of the standard has two names."""
    return "" if domain == "ai.onnx" else domain


@lru_cache(2048)
def schema_of(op_type: str, version: int, domain: str) -> Schema | None:
    """What the standard says of an operator in a version of its domain; None if it does not know it."""
    defs = onnx_package("onnx.defs")
    try:
        found = defs.get_schema(op_type, version, domain)
    except defs.SchemaError:
        return None
    return None if found.deprecated else Schema(found)


class Schema:
    """One operator of the standard."""

    def __init__(self, schema: Any):
        self.schema = schema
        self.defaults = [a.default_value for a in schema.attributes.values() if a.default_value.type]
        self._inputs = [
            (p.type_str, frozenset(map(_kind, p.types)), p.option.name == "Variadic", p.is_homogeneous)
            for p in schema.inputs
        ]
        self._outputs = [(p.type_str, p.option.name == "Variadic") for p in schema.outputs]

    def check(self, inputs: Sequence[Value | None], outputs: int, who: str) -> None:
        """Raise OnnxError where the operands or outputs are too few, too many, or of a wrong type."""
        schema = self.schema
        if not schema.min_input <= len(inputs) <= schema.max_input:
            raise OnnxError(
                f"{who}: takes {_range(schema.min_input, schema.max_input)} operands, found {len(inputs)}."
            )
        if outputs > schema.max_output:
            raise OnnxError(f"{who}: has at most {schema.max_output} outputs, the file names {outputs}.")
        bound: dict[str, str] = {}
        for slot, value in enumerate(inputs):
            name, kinds, _, homogeneous = self._inputs[min(slot, len(self._inputs) - 1)]
            if value is None:
                if slot < schema.min_input and len(self._inputs) == 1:
                    raise OnnxError(f"{who}: operand {slot} is missing.")
                continue
            if value.kind not in kinds:
                raise OnnxError(f"{who}: operand {slot} cannot be {value.kind}.")
            if homogeneous and bound.setdefault(name, value.kind) != value.kind:
                raise OnnxError(
                    f"{who}: operand {slot} is {value.kind}, but another of the same type is {bound[name]}."
                )

    def kind_of_output(self, slot: int, inputs: Sequence[Value | None]) -> str | None:
        """The element type of an output, where the operands' types say it."""
        if not self._outputs:
            return None
        name = self._outputs[min(slot, len(self._outputs) - 1)][0]
        if name.startswith("tensor("):
            return _kind(name)
        for k, value in enumerate(inputs):
            if value is not None and self._inputs[min(k, len(self._inputs) - 1)][0] == name:
                return value.kind
        return None


def _kind(name: str) -> str:
    word = name.removeprefix("tensor(").removesuffix(")")
    return _WORDS.get(word, word)


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}" if high < 2**31 - 1 else f"at least {low}"
