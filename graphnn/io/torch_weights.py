"""Carry weights between PyTorch and graphnn: `load_torch_weights(layer, module.state_dict())`, `to_torch_weights`.

Numbers are carried by name, in PyTorch's layout on PyTorch's side: a Linear keeps its weights turned around, an LSTM
has two biases where one does. Nothing here imports PyTorch: its tensors come as they are in a state dict, or in a
safetensors file. Files of pickle (.pt, .pth, .bin) can run code when they are read, so they are refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graphnn.core.dims import shape_text
from graphnn.core.dtypes import is_float
from graphnn.core.errors import DataError, GraphError, SettingError, ShapeError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.core.registry import SERVICES
from graphnn.io.container import read_container, write_container
from graphnn.io.files import target, told
from graphnn.io.loaded import Model

__all__ = ["TorchPart", "load_torch_weights", "save_torch_weights", "to_torch_weights"]

# How zip archives and pickles begin: what torch.save writes, in its new and its old form.
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ORDER = "order"


@dataclass(frozen=True)
class TorchPart:
    """A part of a model that PyTorch keeps as one module.

    path : names of layers that lead to it, as "encoder/dense1"; "" for the whole
    kind : what it is called in errors
    arrays : its present numbers by PyTorch's names inside of that module, in PyTorch's layout
    take : from such arrays to the numbers of our parameters
    idle : names that PyTorch keeps there and that nothing depends on, such as a count of batches
    """

    path: str
    kind: str
    arrays: Mapping[str, np.ndarray]
    take: Callable[[Mapping[str, np.ndarray]], dict[Node, np.ndarray]]
    idle: frozenset[str] = field(default_factory=frozenset)


def load_torch_weights(
    model: Any, state: Any, *, names: Mapping[str, str] | str | None = None, partial: bool = False
) -> dict[str, str]:
    """Set parameters to numbers of PyTorch; {path of a layer: name of PyTorch's module} of what was set.

    model : a layer that has been called, a `Model` of `gn.io.from_torch` or `gn.io.load_onnx`, or a graph
    state : what `module.state_dict()` gives, the module itself, or the path of a safetensors file
    names : {path of a layer: name of a module}, as {"dense1": "fc1", "encoder": "model.encoder"}. A path stands for
        all that is below it, "" for the whole; what is not listed has PyTorch's names as its path, "encoder/dense1" as
        "encoder.dense1". With "order", modules are taken in the order of a state dict, layers in the order of making.
    partial : layers without numbers keep theirs, and numbers without a layer are left. Otherwise both are errors.

    Floats are converted to the dtype of the parameter. Raises DataError for names and shapes that do not fit, before
    any parameter is changed; SettingError for `names` of nothing.

    Example
    -------
    >>> import numpy as np, graphnn as gn
    >>> layer = gn.nn.Sequential([gn.nn.Dense(2, gn.relu), gn.nn.Dense(1)])
    >>> y = layer(gn.input("x", ("batch", 3)))
    >>> state = {"0.weight": np.ones((2, 3)), "0.bias": np.zeros(2), "2.weight": np.ones((1, 2)), "2.bias": np.ones(1)}
    >>> gn.io.load_torch_weights(layer, state, names={"dense1": "0", "dense2": "2"})
    {'dense1': '0', 'dense2': '2'}
    """
    who = "load_torch_weights"
    parts = _parts(model, who)
    arrays, source = _arrays_of(state, who)
    if names == _ORDER and isinstance(state, str | os.PathLike):
        raise SettingError(f"{who}: a file keeps no order of modules; pair them by names={{path: module}}.")
    places = _in_order(parts, arrays, source) if names == _ORDER else _by_name(parts, names, who)
    set_: dict[Node, np.ndarray] = {}
    used: set[str] = set()
    carried: dict[str, str] = {}
    for part in parts:
        place = places[part.path]
        wanted = {name: _joined(place, name) for name in part.arrays}
        absent = [full for full in wanted.values() if full not in arrays]
        if absent and partial and len(absent) == len(wanted):
            continue
        if absent:
            raise DataError(
                f"{source}: has no {absent[0]!r}, which {part.kind} needs.{_suggestion(absent[0], arrays)}"
            )
        found = {name: arrays[full] for name, full in wanted.items()}
        _check(part, found, wanted, source)
        used.update(wanted.values())
        used.update(_joined(place, name) for name in part.idle)
        carried[part.path] = place
        for node, value in part.take(found).items():
            value = np.asarray(value).astype(node.dtype, copy=False)
            if node in set_ and not np.array_equal(set_[node], value, equal_nan=True):
                raise DataError(
                    f"{source}: {wanted[next(iter(wanted))]!r} and another give different numbers to the parameter "
                    f"{node.name!r}, which layers share. Tie them in PyTorch, too."
                )
            set_[node] = value
    surplus = [name for name in arrays if name not in used]
    if surplus and not partial:
        raise DataError(
            f"{source}: {surplus[0]!r}, and {len(surplus) - 1} more, belong to no layer. Name their layer by names=, "
            "or say partial=True to leave them."
        )
    for node, value in set_.items():
        node.value = value
    return carried


def to_torch_weights(model: Any, *, names: Mapping[str, str] | None = None) -> dict[str, np.ndarray]:
    """The present numbers as PyTorch keeps them: {name: array}, for `module.load_state_dict`.

    model, names : as for `load_torch_weights`, whose answer can be given as `names` to go back the same way

    PyTorch takes tensors: `{name: torch.from_numpy(array) for name, array in to_torch_weights(layer).items()}`. Where
    it has two biases for our one, the first takes all of it.
    """
    who = "to_torch_weights"
    if isinstance(names, str):
        raise SettingError(
            f"{who}: names is {{path: module}}, as load_torch_weights gives it, found {names!r}."
        )
    parts = _parts(model, who)
    places = _by_name(parts, names, who)
    out: dict[str, np.ndarray] = {}
    for part in parts:
        for name, array in part.arrays.items():
            full = _joined(places[part.path], name)
            if full in out:
                raise SettingError(
                    f"{who}: two layers would write {full!r}. Give each a module of its own by names=."
                )
            out[full] = np.array(array, order="C")
        for name in sorted(part.idle):
            out.setdefault(_joined(places[part.path], name), np.zeros((), np.int64))
    return out


def save_torch_weights(
    model: Any, path: str | os.PathLike[str], *, names: Mapping[str, str] | None = None
) -> None:
    """Write `to_torch_weights` to a safetensors file, which `safetensors.torch.load_file` reads in PyTorch.

    The file is replaced as a whole. Raises DataError if it cannot be written.
    """
    write_container(path, to_torch_weights(model, names=names), {"format": "pt"})


# Parts of a model


def _parts(model: Any, who: str) -> list[TorchPart]:
    if isinstance(model, Model):
        model = model.graph
    if isinstance(model, Node | Graph) or (isinstance(model, Iterable) and not hasattr(model, "parameters")):
        return [_whole(model, who)]
    parts: list[TorchPart] | None = SERVICES["torch_parts"](model)
    if parts is None:
        raise SettingError(f"{who}: wanted a layer, a Model or a graph, found {told(model)}.")
    if not parts:
        raise GraphError(
            f"{who}: {model!r} has no parameters yet. Call it first, so that shapes are known: layer(gn.input(...))."
        )
    return parts


def _whole(graph: Any, who: str) -> TorchPart:
    """The parameters of a graph that came from PyTorch: they have its names and its layout."""
    graph = graph if isinstance(graph, Graph) else Graph(graph)
    named: dict[str, Node] = {}
    for node in graph.parameters:
        if named.setdefault(str(node.name), node) is not node:
            raise SettingError(
                f"{who}: two parameters of the graph are called {node.name!r}. A graph is taken by the names of its "
                "parameters; for layers, give the layer."
            )
    return TorchPart(
        "", "the graph", {name: node.storage.array for name, node in named.items() if node.storage},
        lambda arrays: {named[name]: array for name, array in arrays.items()},
    )  # fmt: skip


def _by_name(parts: list[TorchPart], names: Any, who: str) -> dict[str, str]:
    """{path: name of the module}: the longest path in `names` that leads to it says how it begins."""
    names = {} if names is None else names
    if not isinstance(names, Mapping) or not all(
        isinstance(key, str) and isinstance(value, str) for key, value in names.items()
    ):
        raise SettingError(
            f"{who}: names is {{path of a layer: name of a module}} or {_ORDER!r}, found {told(names)}."
        )
    used, places = {""}, {}
    for part in parts:
        words = part.path.split("/") if part.path else []
        begins = ["/".join(words[:k]) for k in range(len(words), -1, -1)]
        begin = next((path for path in begins if path in names), "")
        used.add(begin)
        rest = words[len(begin.split("/")) :] if begin else words
        places[part.path] = ".".join([word for word in (names.get(begin, ""), *rest) if word])
    for path in names:
        if path not in used:
            paths = [part.path for part in parts]
            raise SettingError(f"{who}: names: there is no layer {path!r}.{did_you_mean(path, paths)}")
    return places


def _in_order(parts: list[TorchPart], arrays: Mapping[str, np.ndarray], source: str) -> dict[str, str]:
    """{path: name of the module}: each part takes the first module that is left."""
    left, places = dict.fromkeys(arrays), {}
    for part in parts:
        if not left:
            raise DataError(
                f"{source}: nothing is left for {part.kind}: there are fewer modules than layers."
            )
        first = next(iter(left))
        for name in sorted([*part.arrays, *part.idle], key=len, reverse=True):
            place = first[: -len(name)].removesuffix(".")
            if first == _joined(place, name) and all(_joined(place, n) in left for n in part.arrays):
                break
        else:
            raise DataError(
                f"{source}: in order, {part.kind} meets {first!r}, and its own numbers are called "
                f"{', '.join(part.arrays)}. Pair them by names={{{part.path!r}: ...}}."
            )
        places[part.path] = place
        for name in (*part.arrays, *part.idle):
            left.pop(_joined(place, name), None)
    return places


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _check(part: TorchPart, found: Mapping[str, np.ndarray], full: Mapping[str, str], source: str) -> None:
    for name, wanted in part.arrays.items():
        array = found[name]
        if array.shape != wanted.shape:
            turned = array.shape == wanted.shape[::-1]
            raise DataError(
                f"{source}: {full[name]!r} is {shape_text(array.shape)}, but {part.kind} takes "
                f"{shape_text(wanted.shape)} in PyTorch's layout."
                + (" It lies the other way round: PyTorch keeps (out, in)." if turned else "")
            )
        if is_float(wanted.dtype) != (array.dtype.kind == "f"):
            raise DataError(
                f"{source}: {full[name]!r} holds {array.dtype}, but {part.kind} takes {wanted.dtype}."
            )


def _suggestion(absent: str, arrays: Mapping[str, np.ndarray]) -> str:
    """The nearest name, or the first names, and how to pair what is called differently."""
    near = did_you_mean(absent, arrays)
    if not near and arrays:
        first = ", ".join(map(repr, list(arrays)[:4]))
        near = f" It holds {first}{' and others' if len(arrays) > 4 else ''}."
    return f"{near} Pair layers and modules by names={{path: module}}."


# Numbers of PyTorch


def _arrays_of(state: Any, who: str) -> tuple[dict[str, np.ndarray], str]:
    """Arrays by name, and what errors call their source."""
    if isinstance(state, str | os.PathLike):
        path = target(state, who)
        _refuse_pickle(path)
        return read_container(path)[0], path.name
    if callable(getattr(state, "state_dict", None)):
        state = state.state_dict()
    if not isinstance(state, Mapping):
        raise SettingError(
            f"{who}: wanted a state dict, a module of PyTorch or the path of a safetensors file, found {told(state)}."
        )
    return {name: _array(name, value, who) for name, value in state.items()}, who


def _refuse_pickle(path: Any) -> None:
    try:
        with open(path, "rb") as file:
            begin = file.read(4)
    except OSError:
        return  # whoever reads it says so
    if begin.startswith(_PICKLES):
        raise DataError(
            f"{path.name} is a pickle, which can run code when it is read, so graphnn reads none. If you trust it, "
            "turn it into safetensors where PyTorch is: safetensors.torch.save_file(torch.load(path, "
            "weights_only=True), 'net.safetensors')."
        )


def _array(name: Any, value: Any, who: str) -> np.ndarray:
    if not isinstance(name, str):
        raise SettingError(f"{who}: names of a state dict are texts, found {told(name)}.")
    if callable(getattr(value, "detach", None)):  # a tensor of PyTorch
        value = value.detach().cpu()
        if str(value.dtype) in ("torch.bfloat16", "torch.float16"):
            value = value.float()
        value = value.resolve_conj().resolve_neg().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ShapeError(f"{who}: {name!r} holds {array.dtype}, wanted an array of numbers.")
    return array
