"""`graphnn train`: digits, or a table of one's own."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import graphnn as gn
from graphnn.cli.digits import train_digits
from graphnn.cli.kinds import number, sizes
from graphnn.cli.measures import measures_in_words

_DIGITS: dict[str, Any] = {
    "hidden": [256, 128], "dropout": 0.3, "epochs": 80, "batch": 32, "rate": 0.002, "seed": 1,
}  # fmt: skip
_TABLES_ONLY = {
    "target": "--target", "missing": "--missing", "drop": "--drop", "kind": "--kind", "optimizer": "--optimizer",
    "l1": "--l1", "l2": "--l2", "patience": "--patience", "settings": "--settings", "resume": "--resume",
}  # fmt: skip


@click.command(options_metavar="[OPTIONS]")
@click.argument("data", metavar="digits|FILE.csv")
@click.option("--target", metavar="NAME", help="The column to predict. Needed for a table.")
@click.option(
    "--missing",
    type=click.Choice(["error", "mean", "median", "most"]),
    metavar="WORD",
    help="What a missing cell becomes: mean, median or most (frequent) of the training rows. [error]",
)
@click.option(
    "--drop", multiple=True, metavar="NAME", help="A column to leave out; may be said several times."
)
@click.option("--kind", type=click.Choice(["auto", "classes", "numbers"]), metavar="WORD",
              help="What the target holds: classes, numbers, or auto to find out. [auto]")  # fmt: skip
@click.option(
    "--hidden",
    callback=sizes,
    metavar="SIZES",
    help="Units of each hidden layer. [digits: 256,128; tables: 64,32]",
)
@click.option(
    "--epochs",
    type=click.IntRange(1, 100_000),
    help="Passes over the rows, at most. [digits: 80; tables: 200]",
)
@click.option("--batch", type=click.IntRange(1, 1_000_000), help="Rows per step. [32]")
@click.option(
    "--rate",
    type=click.FloatRange(1e-9, 100.0),
    callback=number,
    help="Learning rate. [digits: 0.002; tables: 0.003]",
)
@click.option(
    "--optimizer", metavar="NAME", help="adam, adamw, sgd, lion, nadam, rmsprop, adagrad, adadelta. [adam]"
)
@click.option(
    "--dropout",
    type=click.FloatRange(0.0, 0.95),
    callback=number,
    help="Share of hidden units to forget at each step. [digits: 0.3; tables: 0]",
)
@click.option(
    "--l1", type=click.FloatRange(0.0, 1e6), callback=number, help="Penalty on sizes of weights. [0]"
)
@click.option(
    "--l2", type=click.FloatRange(0.0, 1e6), callback=number, help="Penalty on squares of weights. [0]"
)
@click.option("--patience", type=click.IntRange(0, 100_000),
              help="Epochs without a better validation loss that end it; 0: never. [20]")  # fmt: skip
@click.option("--settings", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.toml",
              help="Settings by name, as in the settings.toml of an earlier run. Options go before them.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Folder for what is written. [graphnn-digits, or the name of the table]")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**62), help="Of all that is drawn. [1]")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, with the settings there.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def train(data: str, out: Path | None, quiet: bool, **given: Any) -> None:  # noqa: FBT001
    """Train on handwritten digits, or on a table of your own.

    For a table, DIR gets model.safetensors, report.json, training.png and settings.toml. A part of the rows is held
    out; the measures printed are theirs. Ctrl-C keeps a checkpoint, from which --resume goes on.

    \b
    Examples:
      graphnn train digits
      graphnn train flowers.csv --target kind
      graphnn train houses.csv --target price --missing median --drop address
      graphnn train houses.csv --target price --hidden 64,64 --dropout 0.1 --out houses
      graphnn train houses.csv --target price --settings houses/settings.toml --seed 2 --out second
      graphnn train houses.csv --target price --out houses --resume
    """
    given["drop"] = given["drop"] or None
    if data == "digits":
        wrong = [option for name, option in _TABLES_ONLY.items() if given[name] not in (None, False)]
        if wrong:
            raise click.UsageError(f"{wrong[0]} is for tables; 'graphnn train digits' does not take it.")
        chosen = {name: default if given[name] is None else given[name] for name, default in _DIGITS.items()}
        train_digits(**chosen, out=out or Path("graphnn-digits"), quiet=quiet)
        return
    target = given.pop("target")
    if target is None:
        raise click.UsageError(f"say which column of {data} to predict: --target NAME.")
    _train_table(Path(data), target, out or Path(Path(data).stem), quiet=quiet, **given)


def _train_table(
    path: Path, target: str, out: Path, *, quiet: bool, settings: Path | None, resume: bool, **given: Any
) -> None:
    import viz

    if not path.is_file():
        hint = " Say 'digits' for the digits that are shipped." if not path.suffix else ""
        raise click.ClickException(f"there is no file {str(path)!r}.{hint}")
    if settings is None and resume and (out / "settings.toml").is_file():
        settings = out / "settings.toml"
    chosen = gn.tables.TableSettings() if settings is None else gn.tables.TableSettings.from_toml(settings)
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    began = time.perf_counter()
    try:
        model = gn.tables.train_table(path, target, chosen, out=out, progress=not quiet, resume=resume)
    except KeyboardInterrupt:
        raise click.ClickException(_interrupted(path, target, out)) from None
    report = model.report
    told = ", ".join(f"{count} {part}" for part, count in report["rows"].items())
    click.echo(f"rows: {told}; {len(report['features'])} features; {report['parameters']} parameters")
    click.echo(f"{report['epochs']} epochs; {report['stopped']}")
    for line in measures_in_words(report["held out"], report["classes"], "held-out rows"):
        click.echo(line)
    rows = [{k: v for k, v in row.items() if k != "epochs since best"} for row in model.history]
    try:
        viz.training_curve(rows, out / "training.png")
    except (ValueError, OSError) as error:
        raise click.ClickException(f"the curves could not be drawn: {error}") from None
    for name in ("model.safetensors", "report.json", "training.png", "settings.toml"):
        click.echo(f"wrote {out / name}")
    click.echo(f"done in {time.perf_counter() - began:.1f} s")


def _interrupted(path: Path, target: str, out: Path) -> str:
    if not (out / "checkpoint.safetensors").is_file():
        return "interrupted before there was anything to keep"
    again = shlex.join(["graphnn", "train", str(path), "--target", target, "--out", str(out), "--resume"])
    return f"interrupted; {out / 'checkpoint.safetensors'} is kept. Go on with: {again}"
