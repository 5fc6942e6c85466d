"""Find the scope of a node: exporters write the place in the model into its name, or beside it."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["name_of", "scope_of"]

_DEEPEST, _LETTERS = 12, 60
_OWN, _NAME, _TORCH = "graphnn.scope", "graphnn.name", "pkg.torch.onnx.name_scopes"


def scope_of(proto: Any, outer: str) -> str:
    """The scope of what a node computes, within the scope around.

    `save_onnx` writes it beside the node. PyTorch writes the names of the modules there, or makes them the node's
    name: `/layer1/conv/Conv` stands in `layer1/conv`.
    """
    told = {entry.key: entry.value for entry in proto.metadata_props}
    if _OWN in told:
        parts = told[_OWN].split("/")
    elif _TORCH in told:
        parts = _modules(told[_TORCH])
    else:
        parts = _without_repeats(proto.name.split("/", 2 * _DEEPEST)[:-1])
    inner = [part.strip()[:_LETTERS] for part in parts if part.strip()][:_DEEPEST]
    return "/".join(filter(None, (outer, *inner)))


def name_of(proto: Any) -> str | None:
    """The label that a node had where `save_onnx` wrote it."""
    found = [entry.value for entry in proto.metadata_props if entry.key == _NAME]
    return found[0][:1000] if found and found[0] else None


def _modules(text: str) -> list[str]:
    """`['', 'layer1', 'layer1.conv', 'conv2d']`, as PyTorch writes it, as `layer1` and `conv`."""
    names = re.findall(r"'([^']*)'", text[:2000])[:-1]
    return [part.replace("/", "_") for part in _without_repeats(names)]


def _without_repeats(names: list[str]) -> list[str]:
    """Modules are called by their whole path at times: `layer1/layer1.conv` is `layer1/conv`."""
    return [
        name.removeprefix(f"{before}.") if before else name
        for before, name in zip(("", *names), names, strict=False)
    ]
