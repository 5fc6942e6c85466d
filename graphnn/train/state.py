"""State: everything that later steps of a training depend on, as named arrays and facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.errors import DataError, did_you_mean
from graphnn.core.graph import by_serial
from graphnn.core.leaves import describe
from graphnn.core.node import Node, require_storage


@dataclass(frozen=True)
class State:
    """Arrays by name ("scope/name", then "scope/name#2"), and facts that JSON can hold. Made by `Trainer.state`."""

    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]


def named(parameters: Iterable[Node]) -> dict[str, Node]:
    """{name: parameter}, in the order of the graph; parameters of one name are told apart by "#2", "#3"."""
    found: dict[str, Node] = {}
    for node in sorted(set(parameters), key=by_serial):
        path = f"{node.scope}/{node.name}" if node.scope else str(node.name or "parameter")
        name, again = path, 1
        while name in found:
            again += 1
            name = f"{path}#{again}"
        found[name] = node
    return found


def copies(nodes: Mapping[str, Node]) -> dict[str, np.ndarray]:
    """The present values of these parameters."""
    return {name: require_storage(node, "state").array.copy() for name, node in nodes.items()}


def check_arrays(nodes: Mapping[str, Node], arrays: Mapping[str, Any], who: str) -> None:
    """Raise DataError unless `arrays` holds a fitting value for each of the parameters, and nothing else."""
    absent = [name for name in nodes if name not in arrays]
    surplus = [name for name in arrays if name not in nodes]
    if absent:
        raise DataError(
            f"{who}: there is no value for {absent[0]!r}{_more(absent)}.{did_you_mean(absent[0], surplus)} "
            "The state belongs to another model, optimizer or trainer."
        )
    if surplus:
        raise DataError(
            f"{who}: {surplus[0]!r}{_more(surplus)} is nothing that this trainer has. "
            "The state belongs to another model, optimizer or trainer."
        )
    for name, node in nodes.items():
        array = arrays[name]
        if not isinstance(array, np.ndarray) or array.shape != node.shape or array.dtype != node.dtype:
            found = (
                f"{array.dtype} {shape_text(array.shape)}" if isinstance(array, np.ndarray) else repr(array)
            )
            raise DataError(f"{who}: the value of {name!r} is {found}, but the trainer has {describe(node)}.")


def write(nodes: Mapping[str, Node], arrays: Mapping[str, np.ndarray]) -> None:
    """Set the parameters; what `check_arrays` has let pass."""
    for name, node in nodes.items():
        require_storage(node, "state").write(arrays[name])


def packed(value: Any, arrays: dict[str, np.ndarray], path: str) -> Any:
    """`value` with every array in it moved into `arrays`, and its name there in its place."""
    if isinstance(value, np.ndarray):
        arrays[path] = value.copy()
        return {"array": path}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"dict": {str(k): packed(v, arrays, f"{path}/{k}") for k, v in value.items()}}
    if isinstance(value, list | tuple):
        return [packed(v, arrays, f"{path}/{i}") for i, v in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise DataError(
        f"state: {path} is {value!r}; wanted numbers, texts, lists, dicts and arrays, which files can hold."
    )


def unpacked(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """What `packed` was given. Raises DataError if an array is absent."""
    if isinstance(value, Mapping):
        if "array" in value:
            if value["array"] not in arrays:
                raise DataError(f"state: the array {value['array']!r} is absent.")
            return arrays[value["array"]].copy()
        return {k: unpacked(v, arrays) for k, v in value["dict"].items()}
    if isinstance(value, list):
        return [unpacked(v, arrays) for v in value]
    return value


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


__all__ = ["State", "check_arrays", "copies", "named", "packed", "unpacked", "write"]
