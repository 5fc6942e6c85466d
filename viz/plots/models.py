"""Ask any model for its answers: a node, a layer, a trainer, an estimator, a program or a plain function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import graphnn as gn

__all__ = ["Points", "answers_of", "feeds_of", "kind_of", "points_of", "probabilities"]


@dataclass(frozen=True)
class Points:
    """Rows of data with the names of their features, and of their classes if they are labels."""

    x: np.ndarray
    y: np.ndarray | None
    columns: tuple[str, ...]
    classes: tuple[str, ...]


def points_of(data: Any, who: str) -> Points | None:
    """The rows of a Dataset, of (x, y), or of x alone; None for no data. Raises TypeError for anything else."""
    if data is None:
        return None
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    if isinstance(data, gn.data.Dataset):
        columns, classes = data.columns, data.classes
        data = (data.x, data.y)
    given, targets = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if isinstance(given, str | Mapping):
        raise TypeError(f"{who}: data are a gn.data.Dataset, (x, y) or x, found {type(given).__name__}.")
    x = np.asarray(given)
    y: np.ndarray | None = None if targets is None else np.asarray(targets)
    if x.dtype.kind not in "biuf" or x.ndim not in (1, 2):
        raise ValueError(f"{who}: rows of x are numbers (rows, features), found {x.dtype} {x.shape}.")
    if not x.size:
        raise ValueError(f"{who}: the data have no rows.")
    x = x.reshape(len(x), -1).astype(np.float64)
    if y is not None:
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        if y.ndim != 1 or len(y) != len(x):
            raise ValueError(
                f"{who}: y is one value for each of the {len(x)} rows of x, found shape {y.shape}."
            )
    names = tuple(columns) if len(columns) == x.shape[1] else tuple(f"x{k + 1}" for k in range(x.shape[1]))
    return Points(x, y, names, tuple(map(str, classes)))


def answers_of(model: Any, features: int, who: str) -> Callable[[np.ndarray], np.ndarray]:
    """A function from rows (rows, features) to answers (rows, ...).

    model : a Node or gn.Program with one input (rows, features) or an input per feature, a layer, anything with
        predict_proba or predict, such as a gn.Trainer, or a function of rows
    """
    if isinstance(model, gn.nn.Layer):
        model = model(gn.input("x", ("batch", features), "float32"))
    if isinstance(model, gn.Node):
        model = gn.Program(model)
    if isinstance(model, gn.Program):
        return _of_program(model, features, who)
    if hasattr(model, "predict_proba"):
        return lambda rows: np.asarray(model.predict_proba(rows))
    if hasattr(model, "predict"):
        return lambda rows: np.asarray(model.predict(rows.astype(np.float32)))
    if callable(model):
        return lambda rows: np.asarray(model(rows))
    raise TypeError(
        f"{who}: a model is a node, a layer, a gn.Trainer, an estimator, a gn.Program or a function of rows, found "
        f"{type(model).__name__}."
    )


def _of_program(program: gn.Program, features: int, who: str) -> Callable[[np.ndarray], np.ndarray]:
    if len(program.outputs) != 1:
        raise ValueError(f"{who}: wanted one output, the program has {len(program.outputs)}.")
    inputs = program.inputs
    if len(inputs) == 1 and inputs[0].ndim == 2:
        wanted = inputs[0].shape[1]
        if isinstance(wanted, int) and wanted != features:
            raise ValueError(
                f"{who}: input {inputs[0].label} takes {wanted} features, the picture shows {features}."
            )
        return lambda rows: _answer(program, {inputs[0]: rows})
    if len(inputs) == features and all(node.ndim == 1 for node in inputs):
        return lambda rows: _answer(program, {node: rows[:, k] for k, node in enumerate(inputs)})
    if len(inputs) == features and all(node.ndim == 0 for node in inputs):
        # No axis to lay the points along: one run per point.
        return lambda rows: np.array(
            [_answer(program, dict(zip(inputs, row, strict=True))) for row in rows], dtype=np.float64
        )
    found = ", ".join(f"{node.label} {node.shape}" for node in inputs) or "none"
    raise ValueError(
        f"{who}: wanted one input (rows, {features}) or {features} inputs of a number per row, found {found}."
    )


def _answer(program: gn.Program, feeds: Mapping[gn.Node, Any]) -> np.ndarray:
    found = program.run({node: np.asarray(value, node.dtype) for node, value in feeds.items()})
    return np.asarray(found[0] if isinstance(found, tuple) else found)


def kind_of(answers: np.ndarray, scores: str | None, who: str) -> str:
    """ "probabilities" or "logits": what is said, or else what these answers look like."""
    if scores is not None:
        if scores not in ("probabilities", "logits"):
            raise ValueError(f"{who}: scores is 'probabilities' or 'logits', found {scores!r}.")
        return scores
    inside = bool(np.all((answers >= -1e-6) & (answers <= 1 + 1e-6)))
    one = answers.ndim == 1 or answers.shape[1] == 1
    return (
        "probabilities" if inside and (one or np.allclose(answers.sum(axis=1), 1.0, atol=1e-3)) else "logits"
    )


def probabilities(answers: np.ndarray, kind: str, who: str) -> np.ndarray:
    """Answers as probabilities (rows, classes): as they are, or softmax or sigmoid of logits."""
    found = answers.astype(np.float64)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim not in (1, 2):
        raise ValueError(
            f"{who}: an answer is a number or a number per class, found shape {answers.shape[1:]}."
        )
    if found.ndim == 1:
        one = found if kind == "probabilities" else 0.5 * (1.0 + np.tanh(0.5 * found))
        return np.stack([1.0 - one, one], axis=1)
    if kind == "probabilities":
        return found
    powers = np.exp(found - found.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def feeds_of(
    data: Any, inputs: Iterable[gn.Node], who: str, *, rows: int | None = None
) -> dict[gn.Node, np.ndarray]:
    """The feeds of a program: a Dataset feeds inputs called x and y, a mapping those that it names."""
    wanted = list(inputs)
    if isinstance(data, gn.data.Dataset):
        data = {"x": data.x, "y": data.y}
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        raise TypeError(f"{who}: data are a gn.data.Dataset or {{input: rows}}, found {type(data).__name__}.")
    found = {}
    for node in wanted:
        key = node if node in data else node.name
        if key not in data:
            raise ValueError(f"{who}: there are no data for input {node.label}. Pass {{{node.label}: rows}}.")
        found[node] = np.asarray(data[key][:rows] if node.ndim else data[key], node.dtype)
    return found
