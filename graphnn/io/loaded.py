"""Model: a graph from a file, with named outputs, that predicts at once and can be trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphnn.core.dims import Dim, DimLike
from graphnn.core.dtypes import is_float
from graphnn.core.errors import FeedError, SettingError, did_you_mean
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.engine.program import Program


class Model:
    """What `gn.io.load_model` gives.

    graph : all its nodes, for `viz.draw`, `gn.summary`, `gn.cost` and other tools
    outputs : {name: node}; from a checkpoint these are "output", "loss" and what else the trainer measured
    notes : what was kept beside the graph, or None

    The nodes are like any others: `gn.Trainer(..., output=model.outputs["output"])` trains its parameters on.
    """

    def __init__(self, graph: Graph, outputs: Mapping[str, Node], notes: Any = None):
        self.graph, self.outputs, self.notes = graph, dict(outputs), notes
        self._programs: dict[tuple[str, ...], Program] = {}

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes that are fed."""
        return self.graph.inputs

    @property
    def parameters(self) -> tuple[Node, ...]:
        """All parameters, with those that no gradient trains."""
        return self.graph.parameters

    def __repr__(self) -> str:
        numbers = sum(p.value.size for p in self.parameters if is_float(p.dtype))
        inputs = ", ".join(str(n.name) for n in self.inputs) or "no inputs"
        return f"<Model: {inputs} -> {', '.join(self.outputs)}, {numbers} numbers in {len(self.parameters)} parameters>"

    def predict(
        self, feeds: Any = None, output: str | Sequence[str] | None = None, batch: int | None = 1024
    ) -> Any:
        """An output as an array, or {name: array} for a list of names.

        feeds : {input: numbers} for the inputs that the output needs, or the numbers if there is one such input
        output : which; without it the first
        batch : rows of the first named axis that are computed at once, where the output has that axis too; None for
            all rows at once, as is needed where rows depend on each other

        Raises SettingError for an unknown output, FeedError, ShapeError or DtypeError for feeds that do not fit.
        """
        names = self._names(output)
        rows = None if batch is None else whole_number(batch, "predict: batch", 1)
        if names not in self._programs:
            self._programs[names] = Program([self.outputs[name] for name in names])
        program = self._programs[names]
        if not isinstance(feeds, Mapping):
            feeds = _only_feed(feeds, program)
        arrays = program.match(feeds)
        cut = _row_inputs(program) if rows is not None else frozenset()
        counts = sorted({len(arrays[node]) for node in cut})
        if rows is not None and len(counts) == 1 and counts[0] > rows:
            parts = [
                program.run({n: a[at : at + rows] if n in cut else a for n, a in arrays.items()})
                for at in range(0, counts[0], rows)
            ]
            found = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
        else:
            found = [np.array(value) for value in program.run(arrays)]
        return dict(zip(names, found, strict=True)) if not isinstance(output, str | None) else found[0]

    def _names(self, output: Any) -> tuple[str, ...]:
        if output is None:
            return (next(iter(self.outputs)),)
        names = (output,) if isinstance(output, str) else output
        if not isinstance(names, Sequence) or not names:
            raise SettingError(
                f"predict: output is the name of an output or a list of names, found {output!r}."
            )
        for name in names:
            if not isinstance(name, str) or name not in self.outputs:
                raise SettingError(
                    f"predict: there is no output {name!r}.{did_you_mean(str(name), self.outputs)}"
                )
        return tuple(names)


def _only_feed(value: Any, program: Program) -> dict[Node, Any]:
    if value is None and not program.inputs:
        return {}
    if len(program.inputs) != 1 or value is None:
        names = ", ".join(str(n.name) for n in program.inputs) or "none"
        raise FeedError(f"predict: feeds are {{input: numbers}}; the inputs: {names}.")
    return {program.inputs[0]: value}


def _row_inputs(program: Program) -> frozenset[Node]:
    """The inputs whose rows can be computed part by part: none where something else depends on their number."""
    axis = next((n.shape[0] for n in program.inputs if n.shape and _is_name(n.shape[0])), None)
    if axis is None:
        return frozenset()
    cut = frozenset(n for n in program.inputs if n.shape and n.shape[0] == axis)
    elsewhere = [d for n in (*cut, *program.outputs) for d in n.shape[1:]]
    elsewhere += [d for n in program.inputs if n not in cut for d in n.shape]
    name = str(axis)
    if any(isinstance(d, Dim) and name in d.names() for d in elsewhere):
        return frozenset()
    return cut if all(n.shape and n.shape[0] == axis for n in program.outputs) else frozenset()


def _is_name(dim: DimLike) -> bool:
    return isinstance(dim, Dim) and dim.names() == [str(dim)]


__all__ = ["Model"]
