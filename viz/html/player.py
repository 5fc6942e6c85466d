"""The page of a run step by step: buttons, slider and arrow keys, in one picture that never jumps."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viz.html.marked import film_markup, tables_of
from viz.html.picture import stage, toolbar
from viz.html.shell import Colours, document, escaped
from viz.place.recolour import recoloured

if TYPE_CHECKING:
    from viz.motion.frames import Frames

__all__ = ["Page", "player", "player_page"]


class Page(str):
    """The text of a page, that shows itself in a notebook instead of its text."""

    def __repr__(self) -> str:
        return f"<Page of {len(self)} characters>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escaped(self)}" title="step by step" width="100%" height="620" '
            'style="border:0" sandbox="allow-scripts"></iframe>'
        )


def player(run: Any, path: str | os.PathLike[str] | None = None, **how: Any) -> Page:
    """The page of a run step by step; saved if a path is given.

    run : of gn.trace, or what viz.frames gave
    how : what viz.frames takes, such as update=, every=, nodes=, depth=
    """
    from viz.motion.frames import Frames, frames

    film = run if isinstance(run, Frames) else frames(run, **how)
    if isinstance(run, Frames) and how:
        raise TypeError(
            f"viz.player: {', '.join(how)} are said to viz.frames; these frames are made already."
        )
    if path is not None:
        if Path(path).suffix.lower() != ".html":
            raise ValueError(f"viz.player: writes .html, found {Path(path).name!r}; see viz.frames for more.")
        film.save(path)
    return Page(player_page(film))


def player_page(frames: Frames) -> str:
    """One HTML document. Equal frames give equal bytes."""
    colours = Colours(frames.theme)
    films = [[recoloured(placed, theme) for placed in frames.placed] for theme in colours.themes]
    first, count = films[0][0], len(frames)
    top = 2 * first.theme.heading_size
    markup = film_markup(films, colours)
    picture = (
        f'<svg data-state="0" data-top="{top:g}" data-width="{first.width:g}" '
        f'data-height="{first.height - top:g}" role="group" aria-label="{escaped(frames.scene.description)}">'
        f'<g class="world">\n{markup}\n</g></svg>'
    )
    steps = "".join(
        f'<li><button type="button" data-go="{k}" dir="auto">{escaped(words)}</button></li>'
        for k, words in enumerate(frames.captions)
    )
    body = "\n".join(
        [
            "<header><h1>Step by step</h1>",
            toolbar(
                colours, '<button id="follow" type="button" aria-pressed="false">follow the step</button>'
            ),
            "</header>",
            f'<p id="caption" aria-live="polite" dir="auto">{escaped(frames.captions[0])}</p>',
            f"<main>{stage([picture])}",
            '<aside id="panel" aria-live="polite" aria-label="readings"></aside></main>',
            '<div id="deck" role="toolbar" aria-label="steps">',
            '<button id="first" type="button" aria-label="first step">first</button>',
            '<button id="previous" type="button" aria-label="previous step">◀</button>',
            '<button id="play" type="button" aria-pressed="false">play</button>',
            '<button id="next" type="button" aria-label="next step">▶</button>',
            '<button id="last" type="button" aria-label="last step">last</button>',
            f'<input id="slider" type="range" min="1" max="{count}" value="1" step="1" aria-label="step">',
            f'<output id="at" for="slider">1 of {count}</output>',
            '<label>speed <select id="speed"><option value="3000">slow</option>'
            '<option value="1500" selected>usual</option><option value="600">fast</option></select></label></div>',
            f'<details id="steps"><summary>All {count} steps in words</summary><ol>{steps}</ol></details>',
            f'<details id="table"><summary>The last step as tables</summary>{tables_of(frames[-1].scene)}</details>',
        ]
    )
    return document(
        title=f"Step by step: {frames.captions[-1]}",
        body=body,
        colours=colours,
        scripts=["move.js", "play.js"],
        facts={"captions": list(frames.captions), "about": [list(step.boxes) for step in frames.steps]},
        family=frames.theme.family,
    )
