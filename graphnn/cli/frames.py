"""`graphnn frames`: a run of a model step by step, as numbered pictures, a film, a slide deck or a page to play it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

import graphnn as gn
from graphnn.cli.draw import told
from graphnn.cli.files import make_folder
from graphnn.cli.runs import MODEL, needed, open_model, traced, with_data

_OPTIMISERS = {
    "sgd": gn.optim.SGD, "adam": gn.optim.Adam, "adamw": gn.optim.AdamW, "adagrad": gn.optim.AdaGrad,
    "rmsprop": gn.optim.RMSProp, "lion": gn.optim.Lion,
}  # fmt: skip
_FILMS = (".gif", ".apng")
_WHOLE = (".html", ".pdf", ".tex", *_FILMS)


def _update(ctx: click.Context, param: click.Parameter, text: str | None) -> Any:
    """ "sgd:0.1" as an optimiser."""
    if text is None:
        return None
    name, _, rate = text.partition(":")
    if name.lower() not in _OPTIMISERS:
        raise click.BadParameter(
            f"wanted NAME:RATE as sgd:0.1, with one of {', '.join(_OPTIMISERS)}; found {text!r}"
        )
    try:
        return _OPTIMISERS[name.lower()](float(rate))
    except (ValueError, gn.GraphnnError):
        raise click.BadParameter(
            f"wanted a learning rate after the colon, as sgd:0.1; found {text!r}"
        ) from None


def _check(files: tuple[Path, ...]) -> None:
    """Refuse what cannot be written before anything is computed; make the folders that are asked for."""
    from viz.drawing import FORMATS

    for file in files:
        ending = file.suffix.lower()
        if file.is_dir() or not ending:
            make_folder(file)
            continue
        if not file.parent.is_dir():
            raise click.ClickException(f"there is no folder {str(file.parent)!r} for {file.name!r}.")
        if "{" in file.name and ending not in FORMATS:
            raise click.ClickException(f"{file.name!r} ends in {ending}, known are {', '.join(FORMATS)}.")
        if "{" not in file.name and ending not in _WHOLE:
            raise click.ClickException(
                f"{file.name!r} is one file for many pictures; that is {', '.join(_WHOLE)}. For a file a step put {{}} "
                f"into the name, as {file.stem}-{{}}{ending}, or name a folder."
            )


@click.command()
@MODEL
@click.option("-o", "--output", "files", multiple=True, type=click.Path(path_type=Path), metavar="OUT",
              help="A folder, .html, .gif, .apng, .pdf, .tex, or a name with {} in it. May be repeated.")  # fmt: skip
@click.option("--phases", metavar="WORDS", help="Of forward, backward and update, joined by '+'.")
@click.option(
    "--update", callback=_update, metavar="NAME:RATE", help="Show a step of an optimiser, too: sgd:0.1."
)
@click.option("--view", metavar="NAMES", help="What the boxes say, as values+ledger or images+gradients.")
@click.option("--every", type=click.IntRange(1), default=1, metavar="N", help="A picture for so many steps.")
@click.option("--about", multiple=True, metavar="NODE", help="Pictures only of steps about these.")
@with_data
@click.option("--depth", type=click.IntRange(1, 100), metavar="N", help="Scopes this deep become a box.")
@click.option("--fold", multiple=True, metavar="P", help="Scopes to fold, as 'block*'.")
@click.option("--unfold", multiple=True, metavar="P", help="Scopes to keep open.")
@click.option("--hide", multiple=True, metavar="W", help="constants, broadcasts, casts, views.")
@click.option("--direction", type=click.Choice(["LR", "TB"]), help="To the right, or downwards.")
@click.option(
    "--theme", type=click.Choice(["light", "dark", "print", "contrast"]), default="light", show_default=True
)
@click.option("--slide", metavar="16:9", help="Fit every picture to a slide (16:9, 4:3, 16:10),")
@click.option(
    "--width", type=float, metavar="PIXELS", help="or to a width. Of a film: so many pixels at most."
)
@click.option("--seconds", type=float, metavar="S", help="How long a picture of a film stays. [1.5]")
@click.option("--loop", type=int, metavar="N", help="How often a film runs; 0 without end. [0]")
def frames(
    model: Path, files: tuple[Path, ...], phases: str | None, update: Any, view: str | None, every: int,
    about: tuple[str, ...], data: Path | None, target: str | None, feed: tuple[str, ...], rows: int, of: str | None,
    width: float | None, seconds: float | None, loop: int | None, **options: Any,
) -> None:  # fmt: skip
    """Draw a run of a model step by step: forward, backward, and with --update a step of training.

    MODEL is what `graphnn draw` takes. Without -o the steps are told in words.

    \b
    Examples:
      graphnn frames neuron.json
      graphnn frames neuron.json -o steps --slide 16:9
      graphnn frames net.json --feed x=1,2 --update sgd:0.1 -o film.gif -o player.html
      graphnn frames flowers --data flowers.csv --depth 1 -o deck.tex
    """
    import viz

    _check(files)
    films = [file for file in files if file.suffix.lower() in _FILMS and not file.is_dir()]
    film: dict[str, Any] = {"seconds": seconds, "loop": loop}
    if films and len(films) == len(files):
        # Every picture of a film is scaled anyway, so its width is that of the film.
        film["width"], width = None if width is None else round(width), None
    elif (seconds, loop) != (None, None) and not films:
        raise click.UsageError(f"--seconds and --loop are for films: {' or '.join(_FILMS)}.")
    film = {key: value for key, value in film.items() if value is not None}
    words = {key: value for key, value in options.items() if value not in (None, ())}
    words = {key: list(value) if isinstance(value, tuple) else value for key, value in words.items()}
    with told():
        opened = open_model(model)
        run = needed(opened, traced(opened, data=data, target=target, feed=feed, rows=rows, of=of), "a film")
        made = viz.frames(
            run,
            phases=phases,
            update=update,
            view=view,
            every=every,
            nodes=list(about) or None,
            width=width,
            **words,
        )
        if not files:
            for k, caption in enumerate(made.captions, 1):
                click.echo(f"{k:3} {caption}")
        for file in files:
            written = made.save(file, **(film if file in films else {}))
            click.echo(f"wrote {_named(written)}: {len(made)} pictures")


def _named(written: list[Path]) -> str:
    return str(written[0]) if len(written) == 1 else f"{written[0]} … {re.sub(r'^.*/', '', str(written[-1]))}"
