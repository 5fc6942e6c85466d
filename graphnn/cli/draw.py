"""`graphnn draw`: pictures of a model, and of a run of it, in every format."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import graphnn as gn
from graphnn.cli.runs import MODEL, open_model, traced, with_data

if TYPE_CHECKING:
    import viz


@contextmanager
def told() -> Iterator[None]:
    """What the drawing refuses is one sentence, what it warns of a note."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except gn.GraphnnError as error:
            raise click.ClickException(str(error)) from None
        except (ValueError, TypeError, OSError) as error:
            raise click.ClickException(str(error).removeprefix("viz: ")) from None
        finally:
            for each in dict.fromkeys(str(warning.message) for warning in caught):
                click.echo(f"note: {each.removeprefix('viz: ')}", err=True)


def check_endings(files: Sequence[Path]) -> None:
    """Refuse what cannot be written before anything is computed."""
    from viz.drawing import FORMATS

    for file in files:
        if file.suffix.lower() not in FORMATS:
            raise click.ClickException(
                f"the format comes from the file's ending; {file.name!r} ends in {file.suffix or 'nothing'}, known are "
                f"{', '.join(FORMATS)}."
            )
        if not file.parent.is_dir():
            raise click.ClickException(f"there is no folder {str(file.parent)!r} for {file.name!r}.")


def _list_views(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value:
        import viz

        width = max(map(len, viz.VIEWS))
        for name, view in viz.VIEWS.items():
            click.echo(f"{name:{width}}  {view.words}")
        ctx.exit()


def _views(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    import viz

    for name in text.split("+") if text is not None else ():
        if name.strip() not in viz.VIEWS:
            raise click.BadParameter(
                f"there is no view {name!r}. Views: {', '.join(viz.VIEWS)}; joined by '+'."
            )
    return text


def _format(ctx: click.Context, param: click.Parameter, word: str | None) -> str | None:
    from viz.drawing import FORMATS

    known = [ending[1:] for ending in FORMATS]
    if word == "list":
        click.echo(" ".join(known))
        ctx.exit()
    if word is not None and word not in known:
        raise click.BadParameter(f"there is no format {word!r}. Formats: {', '.join(known)}.")
    return word


def _fonts(ctx: click.Context, param: click.Parameter, files: tuple[str, ...]) -> None:
    if files:
        import viz

        try:
            viz.fonts(*files)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None


def look(command: Any) -> Any:
    """The options of how a picture looks and what part of the graph it shows."""
    for option in reversed(
        (
            click.option("--depth", type=click.IntRange(1, 100), metavar="N", help="Scopes this deep become a box."),
            click.option("--fold", multiple=True, metavar="P", help="Scopes to fold, as 'block*'."),
            click.option("--unfold", multiple=True, metavar="P", help="Scopes to keep open."),
            click.option("--hide", multiple=True, metavar="W", help="constants, broadcasts, casts, views."),
            click.option("--focus", multiple=True, metavar="NODE", help="Only what is around these."),
            click.option("--reach", type=click.IntRange(0, 1000), metavar="N", help="How far around. [2]"),
            click.option("--direction", type=click.Choice(["LR", "TB"]), help="To the right, or downwards."),
            click.option("--theme", type=click.Choice(["light", "dark", "print", "contrast"]), default="light",
                         show_default=True),
            click.option("--width", type=float, metavar="PIXELS", help="Fit it to a width,"),
            click.option("--slide", metavar="16:9", help="to a slide (16:9, 4:3, 16:10),"),
            click.option("--page", metavar="A4", help="or to paper (a4, a3, letter), over pages if need be."),
            click.option("--title", default="", metavar="WORDS"),
            click.option("--font", multiple=True, expose_value=False, callback=_fonts, metavar="FILE",
                         help="A font for letters that the shipped ones lack."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def looked(options: dict[str, Any]) -> dict[str, Any]:
    """The words of `viz.draw` for what was said."""
    words = {key: value for key, value in options.items() if value not in (None, ())}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in words.items()}


@click.command()
@MODEL
@click.option("-o", "--output", "files", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE", help="Where to; the ending names the format. May be repeated.")  # fmt: skip
@click.option("--view", callback=_views, metavar="NAMES", help="What it shows, as values+health.")
@click.option("--list-views", is_flag=True, is_eager=True, expose_value=False, callback=_list_views,
              help="Say what views there are.")  # fmt: skip
@click.option("--to", metavar="NODE", help="The node that views such as paths are about.")
@with_data
@look
@click.option("--format", "form", callback=_format, is_eager=True, metavar="NAME",
              help="Print it in this format; 'list' says which there are.")  # fmt: skip
def draw(
    model: Path, files: tuple[Path, ...], view: str | None, to: str | None, data: Path | None, target: str | None,
    feed: tuple[str, ...], rows: int, of: str | None, form: str | None, **options: Any,
) -> None:  # fmt: skip
    """Draw a model: its structure, or with what is fed its values and gradients.

    MODEL is a file (.safetensors, which may be a checkpoint, .onnx, .json, .graphml or .dot), or a folder that
    `graphnn train` made. Without -o the graph is printed as a tree.

    \b
    Examples:
      graphnn draw flowers
      graphnn draw flowers -o flowers.svg --direction TB
      graphnn draw net.onnx -o net.svg --depth 1
      graphnn draw flowers --data flowers.csv --view gradients+health -o slide.pdf --slide 16:9
      graphnn draw net.json --feed x=1,2 --view ledger -o net.svg -o net.tex
      graphnn draw --list-views
    """
    check_endings(files)
    with told():
        opened = open_model(model)
        drawing = _drawing(
            opened, view, to, looked(options), data=data, target=target, feed=feed, rows=rows, of=of
        )
        written = [drawing.save(file) for file in files]
        if not files:
            _print(drawing, form)
    for file in written:
        click.echo(f"wrote {file}: {len(opened.graph)} nodes")
    if files and form:
        _print(drawing, form)


def _drawing(
    opened: Any, view: str | None, to: str | None, options: dict[str, Any], **fed: Any
) -> viz.Drawing:
    import viz

    scalars = len(opened.graph) <= 300 and all(n.shape == () and n.role != "input" for n in opened.graph)
    asks = fed["data"] is not None or fed["feed"] or fed["of"] or fed["target"]
    needs = {viz.VIEWS[name.strip()].needs for name in view.split("+")} if view else set()
    run = traced(opened, **fed) if asks or needs - {"graph"} or scalars else None
    if run is None and needs - {"graph"}:
        names = " ".join(f"--feed {n.name}=rows.npy" for n in opened.graph.inputs)
        raise click.ClickException(
            f"the view {view!r} shows numbers. Feed the model: {names}, or --data rows.csv."
        )
    if run is not None and "gradients" in needs and not run.has_gradients:
        outputs = ", ".join(opened.outputs) or "none has a name"
        raise click.ClickException(
            f"the view {view!r} shows gradients, and they need one float to start from, such as a loss. Choose an "
            f"output or a node by --of; outputs: {outputs}."
        )
    return viz.draw(opened.graph if run is None else run, view=view, to=to, **options)


def _print(drawing: viz.Drawing, form: str | None) -> None:
    from viz.drawing import FORMATS

    if form is None:
        click.echo(drawing.text, nl=False)
    else:
        click.echo(FORMATS[f".{form}"](drawing), nl=False)
