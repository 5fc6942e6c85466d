"""`graphnn evaluate` and `graphnn predict`: use a model that was trained on a table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import click

import graphnn as gn
from graphnn.cli.files import write_text
from graphnn.cli.measures import measures_in_words


def _loaded(model: Path) -> gn.tables.TableModel:
    """The model of a file, or of the folder that `graphnn train` made."""
    return gn.tables.TableModel.load(model / "model.safetensors" if model.is_dir() else model)


_MODEL = click.argument("model", type=click.Path(exists=True, path_type=Path))
_FILE = click.argument(
    "file", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.command()
@_MODEL
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print the measures as JSON.")
def evaluate(model: Path, file: Path, as_json: bool) -> None:  # noqa: FBT001
    """Measure a model of a table on the rows of FILE.csv, which has the target.

    MODEL is the folder that `graphnn train` made, or its model.safetensors.

    \b
    Examples:
      graphnn evaluate flowers new-flowers.csv
      graphnn evaluate flowers/model.safetensors new-flowers.csv --json
    """
    table = _loaded(model)
    found = table.evaluate(file)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for line in measures_in_words(found, table.classes, f"rows of {file.name}"):
        click.echo(line)


@click.command()
@_MODEL
@_FILE
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.csv",
              help="Where to write; without it, to standard output.")  # fmt: skip
@click.option("--probabilities", is_flag=True, help="A column for the probability of each class, too.")
def predict(model: Path, file: Path, output: Path | None, probabilities: bool) -> None:  # noqa: FBT001
    """Predict the target of each row of FILE.csv, which need not have it.

    MODEL is the folder that `graphnn train` made, or its model.safetensors. The answer is a CSV with one line per row,
    in the order of the rows.

    \b
    Examples:
      graphnn predict flowers unknown.csv
      graphnn predict flowers unknown.csv --probabilities -o answers.csv
    """
    table = _loaded(model)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    answers = table.predict(file).tolist()
    if probabilities:
        chances = table.probabilities(file).tolist()
        writer.writerow([table.columns.target, *(f"probability of {word}" for word in table.classes)])
        writer.writerows([answer, *row] for answer, row in zip(answers, chances, strict=True))
    else:
        writer.writerow([table.columns.target])
        writer.writerows([answer] for answer in answers)
    if output is None:
        click.echo(text.getvalue(), nl=False)
        return
    write_text(output, text.getvalue())
    click.echo(f"wrote {output}: {len(answers)} rows", err=True)
