"""The page of a drawing: move, zoom, search, fold, read every number, without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from viz.html.folds import State, leads, states
from viz.html.marked import picture, tables_of, themed
from viz.html.shell import Colours, document, escaped
from viz.place.placed import Placed

if TYPE_CHECKING:
    from viz.drawing import Drawing

__all__ = ["page", "stage", "toolbar"]


def page(drawing: Drawing) -> str:
    """One HTML document. Equal drawings give equal bytes."""
    colours = Colours(drawing.theme)
    found, left_out = states(drawing)
    scene = drawing.scene
    title = scene.title or "Computational graph"
    pictures = [
        _svg(themed(state.placed, colours), colours, k, label=_words(state)) for k, state in enumerate(found)
    ]
    body = "\n".join(
        [
            f'<header><h1 dir="auto">{escaped(title)}</h1>',
            toolbar(colours, _search() + _choice(found)),
            "</header>",
            f"<main>{stage(pictures)}",
            '<aside id="panel" aria-live="polite" aria-label="readings"></aside></main>',
            f'<p id="about">{escaped(scene.description)}{_left_out(left_out=left_out)}</p>',
            f'<details id="table"><summary>The same as tables</summary>{tables_of(scene)}</details>',
        ]
    )
    return document(
        title=title,
        body=body,
        colours=colours,
        scripts=["move.js", "look.js"],
        facts={"leads": leads(found)},
        family=drawing.theme.family,
    )


def _words(state: State) -> str:
    return f"{state.label}: {state.placed.scene.description}"


def _svg(versions: Sequence[Placed], colours: Colours, number: int, *, label: str) -> str:
    first = versions[0]
    top = 2 * first.theme.heading_size if first.title is not None else 0.0
    hidden = " hidden" if number else ""
    return (
        f'<svg data-state="{number}" data-top="{top:g}" data-width="{first.width:g}" '
        f'data-height="{first.height - top:g}" role="group" aria-label="{escaped(label)}"{hidden}>'
        f'<g class="world">\n{picture(versions, colours)}\n</g></svg>'
    )


def stage(pictures: Sequence[str]) -> str:
    """The place in which a picture can be moved."""
    return (
        '<div id="stage" tabindex="0" role="group" aria-label="picture; arrow keys move it, plus and minus zoom, '
        '0 fits it, n goes to the first box, arrow keys then go from box to box">'
        + "\n".join(pictures)
        + "</div>"
    )


def toolbar(colours: Colours, more: str) -> str:
    """Buttons that every page has, and more before them."""
    switch = '<button id="theme" type="button">light / dark</button>' if colours.both else ""
    return (
        f'<div id="tools" role="toolbar" aria-label="view">{more}'
        '<button id="out" type="button" aria-label="zoom out">−</button>'
        '<button id="in" type="button" aria-label="zoom in">+</button>'
        f'<button id="fit" type="button">fit</button>{switch}</div>'
    )


def _search() -> str:
    return (
        '<input id="search" type="search" placeholder="search ( / )" '
        'aria-label="search boxes by name, op or scope" autocomplete="off" spellcheck="false">'
        '<output id="count" for="search"></output>'
    )


def _choice(found: Sequence[State]) -> str:
    if len(found) < 2:
        return ""
    options = "".join(f'<option value="{k}">{escaped(s.label)}</option>' for k, s in enumerate(found))
    return f'<select id="state" aria-label="which scopes are folded">{options}</select>'


def _left_out(*, left_out: bool) -> str:
    return " Some ways of folding are left out, to keep this page small." if left_out else ""
