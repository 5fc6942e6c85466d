"""Reader of branches: If with a known condition."""

from __future__ import annotations

from graphnn.core.errors import NeedsConstantError
from graphnn.io.onnx.read.call import Call
from graphnn.io.onnx.read.registry import reads
from graphnn.io.onnx.read.values import Value


@reads("If")
def if_(call: Call) -> list[Value]:
    """The branch that a known condition chooses; one that hangs on inputs is refused."""
    branches = call.body("else_branch"), call.body("then_branch")
    try:
        condition = call.number_at(0, "the condition")
    except NeedsConstantError as error:
        raise NeedsConstantError(
            f"{error} A graph has no branches that are chosen at run time; where both sides can be computed, "
            "the operator Where chooses between them.",
            error.inputs,
            error.axes,
        ) from None
    return branches[bool(condition)]([])
