"""How much a file from a stranger may ask for: checked before memory is taken or time is spent."""

from __future__ import annotations

from dataclasses import dataclass, fields

from graphnn.core.settings import whole_number

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """What `load_onnx` takes at most; beyond it is an OnnxError. Raise one for a file that you trust.

    file_bytes : of the file itself; the format cannot hold more than 2 GiB either
    data_bytes : of all numbers of the model together, also those in files beside it
    nodes : nodes of the file, after functions and branches have been put in their places, and the nodes that are made
        of them
    depth : functions within functions, and graphs within graphs
    axes : of one tensor
    elements : of one tensor of known size, whether it is in the file or would be computed
    folded : elements of what is computed while the file is read, because it hangs on constants only; what is
        larger stays in the graph
    name : letters of a name or text
    """

    file_bytes: int = 2**31 - 1
    data_bytes: int = 2**34
    nodes: int = 1_000_000
    depth: int = 32
    axes: int = 32
    elements: int = 2**33
    folded: int = 2**20
    name: int = 2_000

    def __post_init__(self) -> None:
        for field in fields(self):
            number = whole_number(getattr(self, field.name), f"Limits: {field.name}", 1)
            object.__setattr__(self, field.name, number)
