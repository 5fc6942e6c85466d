"""`graphnn convert`: from one format of graphs and models to another."""

from __future__ import annotations

from pathlib import Path

import click

import graphnn as gn
from graphnn.cli.formats import Read, format_of, read_file, write_file
from graphnn.cli.kinds import named_sizes


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.argument("targets", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--of", "names", multiple=True, metavar="NAME",
              help="An output to keep, with what it needs. May be repeated; without it all are kept.")  # fmt: skip
@click.option("--size", "sizes", multiple=True, callback=named_sizes, metavar="NAME=SIZE",
              help="The size of an axis that an ONNX file leaves open. May be repeated.")  # fmt: skip
@click.option("--no-weights", is_flag=True, help="Leave parameters without numbers: JSON, GraphML, DOT.")
def convert(
    source: Path, targets: tuple[Path, ...], names: tuple[str, ...], sizes: dict[str, int], *, no_weights: bool,
) -> None:  # fmt: skip
    """Write the graph or model of one file in another format.

    Endings name the formats: .onnx, .json, .safetensors, .graphml, .dot or .gv. SOURCE may also be a folder that
    `graphnn train` made, or a checkpoint. What a format does not keep is told.

    \b
    Examples:
      graphnn convert net.onnx net.json
      graphnn convert flowers flowers.onnx --of output
      graphnn convert net.safetensors net.graphml net.dot --no-weights
    """
    for target in targets:
        format_of(target)
        if not target.absolute().parent.is_dir():
            raise click.ClickException(f"there is no folder {str(target.parent)!r} for {target.name!r}.")
    file = source / "model.safetensors" if source.is_dir() else source
    found = _chosen(read_file(file, sizes), names)
    for target in targets:
        for sentence in write_file(found, target, weights=not no_weights):
            click.echo(f"note: {sentence}", err=True)
        nodes = len(found.graph)
        click.echo(f"wrote {target}: {nodes} nodes, {len(found.graph.parameters)} parameters")


def _chosen(found: Read, names: tuple[str, ...]) -> Read:
    if not names:
        return found
    for name in names:
        if name not in found.outputs:
            raise click.ClickException(f"there is no output {name!r}; outputs: {', '.join(found.outputs)}.")
    outputs = {name: found.outputs[name] for name in names}
    return Read(gn.Graph(outputs.values()), outputs, found.notes)
