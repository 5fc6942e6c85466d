"""Runs for the commands that draw: a model from a file, and the numbers that are fed to it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

import graphnn as gn
from graphnn.cli.formats import read_file

MODEL = click.argument("model", type=click.Path(exists=True, path_type=Path))
_ROWS = 32


@dataclass
class Opened:
    """A graph from a file; its named outputs, and how its table is read, where it has them."""

    name: str
    graph: gn.Graph
    outputs: Mapping[str, gn.Node]
    table: gn.tables.TableModel | None = None


def open_model(path: Path) -> Opened:
    """The model in a file of any format, or in a folder that `graphnn train` made."""
    file = path / "model.safetensors" if path.is_dir() else path
    found = read_file(file)
    if isinstance(found.notes, dict) and found.notes.get("what") == "graphnn table":
        table = gn.tables.TableModel.load(file)
        return Opened(path.name, table.graph, {"answer": table.answer}, table)
    return Opened(path.name, found.graph, found.outputs)


def with_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what is fed."""
    for option in reversed(
        (
            click.option("--data", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
                         help="Rows to run it on: .csv with a line of names, or .npz of arrays by input."),
            click.option("--target", metavar="NAME", help="The column of --data with the labels."),
            click.option("--feed", multiple=True, metavar="NAME=VALUE",
                         help="An input: numbers (x=1,2.5), or a file (x=rows.npy). May be repeated."),
            click.option("--rows", default=_ROWS, type=click.IntRange(1, 100_000), show_default=True,
                         help="Rows of --data that are run."),
            click.option("--of", metavar="NAME",
                         help="The output, or node, that is run; it is the loss if it is one number."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def traced(
    opened: Opened, *, data: Path | None, target: str | None, feed: tuple[str, ...], rows: int, of: str | None
) -> gn.Run | None:
    """The run of the model on what is fed; None if nothing is fed and something would have to be."""
    wanted = _wanted(opened, of)
    feeds: dict[Any, Any] = {}
    if data is not None and opened.table is not None and data.suffix.lower() == ".csv":
        wanted, feeds = _of_table(opened.table, data, rows)
    graph = gn.Graph(wanted)
    if data is not None and not feeds:
        feeds = _of_file(graph, data, target, rows)
    elif target is not None and not feeds:
        raise click.UsageError("--target is a column of --data; give the file too.")
    feeds.update(_fed(graph, text) for text in feed)
    missing = [n for n in graph.inputs if n not in feeds]
    if missing and not feeds:
        return None
    if missing and of is None:
        # What the given inputs suffice for is run.
        able = [n for n in graph.outputs if all(i in feeds for i in gn.Graph(n).inputs)]
        if able:
            used = set(gn.Graph(able).inputs)
            return gn.trace(able, {node: value for node, value in feeds.items() if node in used})
    if missing:
        names = ", ".join(repr(n.name) for n in missing)
        raise click.ClickException(
            f"{names} is not fed. Give it by --feed {missing[0].name}=rows.npy, or by --data with --target."
        )
    return gn.trace(graph.outputs, feeds)


def needed(opened: Opened, run: gn.Run | None, what: str) -> gn.Run:
    """The run, or one sentence that says how to get one with gradients."""
    if run is None:
        names = " ".join(f"--feed {n.name}=rows.npy" for n in opened.graph.inputs)
        raise click.ClickException(f"{what} needs numbers. Feed the model: {names}, or --data rows.csv.")
    return run


def _wanted(opened: Opened, of: str | None) -> list[gn.Node]:
    if of is not None:
        if of in opened.outputs:
            return [opened.outputs[of]]
        return [opened.graph.find(of)]
    if "loss" in opened.outputs:
        return [opened.outputs["loss"]]
    return list(opened.graph.outputs)


def _of_table(table: gn.tables.TableModel, path: Path, rows: int) -> tuple[list[gn.Node], dict[Any, Any]]:
    """A model of a table reads its columns itself; with the target its loss is run, else its answer."""
    names = _head(path)
    has_target = table.columns.target in names
    found = table.columns.read(path, with_target=has_target)
    x = next(n for n in table.graph.inputs if n.name == "x")
    if not has_target:
        return [table.answer], {x: found.x[:rows]}
    if table.classes:
        y = gn.input("y", ("batch",), "int64")
        loss = gn.nll_loss(gn.log(table.answer), y).named("loss")
    else:
        y = gn.input("y", table.answer.shape, table.answer.dtype)
        loss = gn.mean_squared_error(table.answer, y).named("loss")
    return [loss], {x: found.x[:rows], y: found.y[:rows]}


def _of_file(graph: gn.Graph, path: Path, target: str | None, rows: int) -> dict[Any, Any]:
    ending = path.suffix.lower()
    if ending == ".npz":
        if target is not None:
            raise click.UsageError(
                "--target is a column of a CSV file; arrays of a .npz have the names of inputs."
            )
        return _of_arrays(graph, path, rows)
    if ending != ".csv":
        raise click.UsageError(f"--data is a .csv or .npz file, found {path.name!r}.")
    if target is None:
        return _of_columns(graph, path, rows)
    found = gn.data.read_csv(path, target=target)
    parts: dict[bool, list[gn.Node]] = {True: [], False: []}
    for node in graph.inputs:
        is_label = node.dtype.kind == "i" or node.name in (target, "y", "t", "labels", "target")
        parts[is_label].append(node)
    labels, features = parts[True], parts[False]
    if len(features) != 1 or len(labels) > 1:
        told = ", ".join(repr(n.name) for n in graph.inputs)
        raise click.ClickException(
            f"{path.name}: features and target are two inputs, but the model has {told}. Use --feed for each."
        )
    feeds = {features[0]: _shaped(found.x[:rows], features[0], path)}
    if labels:
        feeds[labels[0]] = _shaped(found.y[:rows], labels[0], path)
    return feeds


def _of_arrays(graph: gn.Graph, path: Path, rows: int) -> dict[Any, Any]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {n: arrays[n.name] for n in graph.inputs if n.name in arrays}
            names = list(arrays)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path.name} cannot be read as .npz: {error}") from None
    if not found:
        wanted = ", ".join(repr(n.name) for n in graph.inputs)
        raise click.ClickException(f"{path.name} holds {', '.join(names)}; none of the inputs: {wanted}.")
    return {n: a[:rows] if n.shape and not isinstance(n.shape[0], int) else a for n, a in found.items()}


def _of_columns(graph: gn.Graph, path: Path, rows: int) -> dict[Any, Any]:
    """Inputs that are columns by name; one input of several columns takes what is left, in order."""
    names = _head(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in csv.reader(file) if line][1 : rows + 1]
    by_name: dict[Any, Any] = {}
    for node in graph.inputs:
        if node.name in names and len(node.shape) <= 2:
            column = _numbers(lines, [names.index(node.name)], names, path)
            by_name[node] = _shaped(column, node, path)
    rest = [n for n in graph.inputs if n not in by_name]
    left = [k for k, name in enumerate(names) if name not in {n.name for n in by_name}]
    if len(rest) == 1 and left and rest[0].dtype.kind == "f":
        by_name[rest[0]] = _shaped(_numbers(lines, left, names, path), rest[0], path)
    if not by_name:
        told = ", ".join(repr(n.name) for n in graph.inputs) or "none"
        raise click.ClickException(
            f"{path.name}: the columns {', '.join(names)} do not say which feeds which input ({told}). Say which one "
            "holds the labels: --target NAME."
        )
    return by_name


def _head(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path.name} cannot be read as a table: {error}") from None


def _numbers(lines: list[list[str]], places: list[int], names: list[str], path: Path) -> np.ndarray:
    try:
        return np.array([[float(line[k]) for k in places] for line in lines])
    except (ValueError, IndexError):
        told = ", ".join(names[k] for k in places)
        raise click.ClickException(
            f"{path.name}: {told} hold what is no number. Say which column holds the labels: --target NAME."
        ) from None


def _shaped(rows: np.ndarray, node: gn.Node, path: Path) -> np.ndarray:
    """Rows in the shape of the input, which may be pictures."""
    inner = [d if isinstance(d, int) else -1 for d in node.shape[1:]]
    try:
        array = np.reshape(rows, (len(rows), *inner)) if node.shape else np.reshape(rows[:1], ())
        return array.astype(node.dtype)
    except ValueError:
        wide = int(np.prod(np.shape(rows)[1:]))
        raise click.ClickException(
            f"{path.name}: a row has {wide} features, but the input {node.name!r} is of shape {node.shape}."
        ) from None


def _fed(graph: gn.Graph, text: str) -> tuple[gn.Node, np.ndarray]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--feed is NAME=NUMBERS or NAME=FILE, found {text!r}.")
    nodes = [n for n in graph.inputs if n.name == name]
    if not nodes:
        told = ", ".join(repr(n.name) for n in graph.inputs) or "none"
        raise click.ClickException(f"--feed {name}: the model has no such input. Its inputs: {told}.")
    return nodes[0], _value(value, nodes[0])


def _value(text: str, node: gn.Node) -> np.ndarray:
    """Numbers as 1,2.5 or [[1, 2], [3, 4]], or those of a .npy file."""
    if text.lower().endswith(".npy"):
        try:
            return np.load(text, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise click.ClickException(f"--feed {node.name}: {text!r} cannot be read: {error}") from None
    try:
        array = np.asarray(json.loads(text if text.startswith("[") else f"[{text}]"), dtype=node.dtype)
    except (ValueError, RecursionError):
        raise click.UsageError(
            f"--feed {node.name}: wanted numbers (1,2.5), lists ([[1, 2], [3, 4]]) or a .npy file, found {text!r}."
        ) from None
    if not text.startswith("[") and len(node.shape) != 1:
        # One number for a scalar, one row for a matrix.
        return array.reshape(()) if not node.shape and array.size == 1 else array[None]
    return array
