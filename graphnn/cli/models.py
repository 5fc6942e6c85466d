"""`graphnn summary`: look at a model in a file."""

from __future__ import annotations

from pathlib import Path

import click

import graphnn as gn

_MODEL = click.argument("model", type=click.Path(exists=True, path_type=Path))


def _graph(path: Path) -> gn.Graph:
    """The graph of a JSON file, a safetensors file, or a folder that `graphnn train` made."""
    if path.is_dir():
        path = path / "model.safetensors"
    return gn.io.load_model(path).graph if path.suffix == ".safetensors" else gn.io.load_graph(path)


@click.command()
@_MODEL
@click.option("--depth", default=1, type=click.IntRange(1, 100), show_default=True, help="Levels of scopes.")
def summary(model: Path, depth: int) -> None:
    """Show shapes, parameters, operations and bytes of a model, scope by scope.

    MODEL is a .safetensors file (also a checkpoint), a .json file of a graph, or a folder that `graphnn train` made.

    \b
    Examples:
      graphnn summary flowers
      graphnn summary net.json --depth 2
    """
    click.echo(str(gn.summary(_graph(model), depth=depth)))
