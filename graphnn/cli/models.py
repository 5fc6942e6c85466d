"""`graphnn summary`: look at a model in a file."""

from __future__ import annotations

from pathlib import Path

import click

import graphnn as gn
from graphnn.cli.formats import read_file

_MODEL = click.argument("model", type=click.Path(exists=True, path_type=Path))


def _graph(path: Path) -> gn.Graph:
    """The graph in a file of any format, or in a folder that `graphnn train` made."""
    return read_file(path / "model.safetensors" if path.is_dir() else path).graph


@click.command()
@_MODEL
@click.option("--depth", default=1, type=click.IntRange(1, 100), show_default=True, help="Levels of scopes.")
def summary(model: Path, depth: int) -> None:
    """Show shapes, parameters, operations and bytes of a model, scope by scope.

    MODEL is a file (.safetensors, which may be a checkpoint, .onnx, .json, .graphml or .dot), or a folder that
    `graphnn train` made.

    \b
    Examples:
      graphnn summary flowers
      graphnn summary net.json --depth 2
    """
    click.echo(str(gn.summary(_graph(model), depth=depth)))
