"""TableModel: a trained table, which reads later tables by itself, measures them and predicts their target."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError
from graphnn.core.graph import Graph
from graphnn.core.node import Node
from graphnn.data.columns import Columns
from graphnn.data.dataset import Dataset
from graphnn.engine.program import Program
from graphnn.io.model import load_model, save_model
from graphnn.tables.network import table_measures
from graphnn.train.evaluation import Evaluation
from graphnn.train.history import History
from graphnn.train.rows import matched_rows

Source = str | Path | Mapping[str, Any]

_NOTES = {"what": "graphnn table", "version": 1}
_CHUNK = 4096


class TableModel:
    """What `gn.tables.train_table` gives and `TableModel.load` reads.

    columns : how tables are read
    report : kind, rows, columns, settings, epochs, and the measures of held-out rows
    answer : node of the probabilities of the classes (batch, classes), or of the numbers (batch, 1)
    history : of the training; empty for a model from a file
    """

    def __init__(
        self, answer: Node, columns: Columns, report: Mapping[str, Any], history: History | None = None
    ):
        self.answer, self.columns, self.report = answer, columns, dict(report)
        self.history = History() if history is None else history
        self._program: Program | None = None

    def __repr__(self) -> str:
        told = f"{len(self.columns.classes)} classes" if self.classes else "numbers"
        return f"<TableModel: {self.columns.target!r} ({told}) from {len(self.columns.names)} features>"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty if the target holds numbers."""
        return self.columns.classes

    @property
    def graph(self) -> Graph:
        """The graph from the features as they are in the table to the answer."""
        return Graph(self.answer)

    # Using

    def evaluate(self, source: Source) -> dict[str, Any]:
        """Measures of a table that has the target: accuracy, f1, auc, confusion; or r2, mae, rmse.

        source : a CSV file or {name: values}. Raises DataError for a table that does not fit the one learned from.
        """
        return self.measure(self.columns.read(source))

    def measure(self, data: Dataset) -> dict[str, Any]:
        """The same of rows that `columns` has read."""
        _, measures = table_measures(self.answer, len(self.classes))
        arrays, axis = matched_rows(data, [n for m in measures.values() for n in m.nodes], "evaluate")
        found = Evaluation(measures, arrays, axis).run()
        named: dict[str, Any] = {"rows": len(data)}
        for name, value in found.items():
            named[name] = np.asarray(value).tolist() if np.ndim(value) else _plain(value)
        return named

    def predict(self, source: Source) -> np.ndarray:
        """The class of each row, as text, or its number: (rows,). The table need not have the target."""
        found = self._answers(source)
        if self.classes:
            return np.array(self.classes)[found.argmax(axis=1)]
        return found[:, 0]

    def probabilities(self, source: Source) -> np.ndarray:
        """The probability of each class: (rows, classes), in the order of `classes`."""
        if not self.classes:
            raise DataError(f"probabilities: {self.columns.target!r} holds numbers, which have none.")
        return self._answers(source)

    def _answers(self, source: Source) -> np.ndarray:
        x = self.columns.read(source, with_target=False).x
        if self._program is None:
            self._program = Program(self.answer)
        parts = [self._program.run({"x": x[i : i + _CHUNK]}) for i in range(0, len(x), _CHUNK)]
        return np.concatenate(parts)

    # Files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write graph, weights, columns and report to one safetensors file, as a whole or not at all."""
        notes = {**_NOTES, "columns": self.columns.as_dict(), "report": self.report}
        save_model(path, {"answer": self.answer}, notes=notes)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TableModel:
        """The model that `save` wrote. Raises DataError for a file that is absent, damaged, or holds another model."""
        name = Path(path).name
        found = load_model(path)
        notes = found.notes
        if not isinstance(notes, dict) or notes.get("what") != _NOTES["what"]:
            raise DataError(
                f"{name} holds a model, but not of a table; read it by gn.io.load_model, or make one by "
                "gn.tables.train_table."
            )
        if notes.get("version") != _NOTES["version"]:
            raise DataError(
                f"{name} is of version {notes.get('version')!r} of table models, this graphnn reads 1."
            )
        columns, report = Columns.from_dict(notes.get("columns")), notes.get("report")
        answer, width = found.outputs.get("answer"), len(columns.names)
        wanted = max(1, len(columns.classes))
        inputs = [] if answer is None else Graph(answer).inputs
        if (
            answer is None or not isinstance(report, dict) or answer.shape[1:] != (wanted,)
            or [n.name for n in inputs] != ["x"] or inputs[0].shape[1:] != (width,)
        ):  # fmt: skip
            raise DataError(f"{name}: its graph does not fit its columns; the file is damaged.")
        return cls(answer, columns, report)


def _plain(value: Any) -> float | None:
    """A number that JSON can hold; what is not defined, as the area under a curve of one class, is None."""
    return float(value) if np.isfinite(value) else None
