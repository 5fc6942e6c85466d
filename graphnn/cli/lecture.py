"""`graphnn quiz`, `graphnn wrong-way` and `graphnn explain`: for who teaches with a model, and for who asks why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphnn.cli.draw import check_endings, look, looked, told
from graphnn.cli.runs import MODEL, needed, open_model, traced, with_data


def _blanks(ctx: click.Context, param: click.Parameter, text: str) -> float | int | list[str]:
    """A share, a number, or names."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return [word.strip() for word in text.split(",") if word.strip()]


@click.command()
@MODEL
@click.option("-o", "--output", "out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The sheet; with --count a name with {} in it, as sheet-{}.pdf.")  # fmt: skip
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The key.")
@click.option(
    "--seed", default=1, type=click.IntRange(0, 2**62), show_default=True, help="Chooses the blanks."
)
@click.option("--count", type=click.IntRange(1, 1000), metavar="N", help="So many different sheets.")
@click.option("--new-numbers", is_flag=True, help="With --count: other numbers in each sheet, too.")
@click.option("--blanks", default="0.5", show_default=True, callback=_blanks, metavar="HOW",
              help="A share (0.5), a number (6), or names of nodes (a,b).")  # fmt: skip
@click.option(
    "--ask", multiple=True, metavar="KIND", help="values, gradients, contributions, derivatives. [all]"
)
@click.option("--view", metavar="NAMES", help="What the sheet says, as values+gradients+derivatives.")
@with_data
@look
def quiz(
    model: Path, out: Path | None, key: Path | None, seed: int, count: int | None, new_numbers: bool,  # noqa: FBT001
    blanks: Any, ask: tuple[str, ...], view: str | None, data: Path | None, target: str | None,
    feed: tuple[str, ...], rows: int, of: str | None, **options: Any,
) -> None:  # fmt: skip
    """Make a quiz sheet of a model: some of its numbers are blanked, the key has them and says how they come about.

    Without -o the questions are printed.

    \b
    Examples:
      graphnn quiz neuron.json --seed 3 -o sheet.pdf --key key.pdf
      graphnn quiz net.json --feed x=1,2 --ask gradients --blanks 6 -o sheet.svg --key key.svg
      graphnn quiz neuron.json --count 30 --new-numbers -o sheet-{}.pdf --key key-{}.pdf
    """
    import viz

    check_endings([file for file in (out, key) if file is not None])
    for file in (out, key):
        if count is not None and file is not None and "{}" not in file.name:
            raise click.UsageError(
                f"{file.name!r} would be written {count} times; put {{}} where the number goes."
            )
    if count is None and new_numbers:
        raise click.UsageError("--new-numbers goes with --count.")
    with told():
        opened = open_model(model)
        run = needed(opened, traced(opened, data=data, target=target, feed=feed, rows=rows, of=of), "a quiz")
        words = {"hide_nodes" if name == "hide" else name: value for name, value in looked(options).items()}
        how = {**words, "view": view, "blanks": blanks, **({"hide": ask} if ask else {})}
        how["title"] = words.get("title") or "Quiz"
        if count is None:
            made = [viz.quiz(run, seed=seed, **how)]
        else:
            made = viz.quizzes(run, count, seed=seed, numbers="new" if new_numbers else "same", **how)
        for k, each in enumerate(made, 1):
            _write(each, k, out, key)


def _write(each: Any, k: int, out: Path | None, key: Path | None) -> None:
    def named(file: Path) -> Path:
        return file.with_name(file.name.replace("{}", str(k)))

    if out is not None:
        for file in each.save(named(out), None if key is None else named(key)):
            click.echo(f"wrote {file}: {len(each.questions)} questions, seed {each.seed}")
        return
    click.echo(each.sheet.text)
    click.echo("\n".join(each.questions))
    if key is not None:
        click.echo(f"wrote {each.key.save(named(key))}")


@click.command("wrong-way")
@click.argument("name")
@click.argument("model", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", "files", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE", help="Where to; the ending names the format. May be repeated.")  # fmt: skip
@with_data
@click.option("--direction", type=click.Choice(["LR", "TB"]), default="LR", show_default=True)
@click.option(
    "--theme", type=click.Choice(["light", "dark", "print", "contrast"]), default="light", show_default=True
)
@click.option("--slide", metavar="16:9", help="Fit it to a slide (16:9, 4:3, 16:10).")
def wrong_way(
    name: str, model: Path | None, files: tuple[Path, ...], data: Path | None, target: str | None,
    feed: tuple[str, ...], rows: int, of: str | None, direction: str, theme: str, slide: str | None,
) -> None:  # fmt: skip
    """Draw a backward pass done in a wrong way beside the right one, on MODEL or a small graph.

    NAME is "depth-first", "early update", "in-place", "no zeroing" or "overwrite".

    \b
    Examples:
      graphnn wrong-way depth-first -o depth-first.svg --slide 16:9
      graphnn wrong-way "no zeroing" neuron.json -o zeroing.pdf
    """
    import viz

    check_endings(files)
    with told():
        source = None
        if model is not None:
            opened = open_model(model)
            fed = traced(opened, data=data, target=target, feed=feed, rows=rows, of=of)
            source = needed(opened, fed, "a backward pass")
        elif data is not None or feed or of is not None:
            raise click.UsageError("without MODEL there is nothing to feed.")
        drawing = viz.wrong_way(name, source, direction=direction, theme=theme, slide=slide)
        written = [drawing.save(file) for file in files]
    for file in written:
        click.echo(f"wrote {file}")
    if not files:
        click.echo("\n".join([drawing.text, *drawing.scene.notes]))


@click.command()
@MODEL
@click.argument("node")
@with_data
def explain(
    model: Path,
    node: str,
    data: Path | None,
    target: str | None,
    feed: tuple[str, ...],
    rows: int,
    of: str | None,
) -> None:
    """Say in words why the gradient of NODE is what it is: 0, NaN, tiny, or absent.

    NODE is a name, or an id as n3, of the graph as `graphnn draw` shows it.

    \b
    Examples:
      graphnn explain neuron.json w1
      graphnn explain net.json w --data rows.csv --target label --of loss
    """
    import viz

    with told():
        opened = open_model(model)
        run = needed(
            opened, traced(opened, data=data, target=target, feed=feed, rows=rows, of=of), "an explanation"
        )
        said = viz.explain(run, node)
    click.echo(said)
