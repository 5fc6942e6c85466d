"""The document around a picture: what it may load (nothing), its style and script, and colours for light and dark.

The policy in its head names the one style and the one script by their digests: nothing else in the page can act,
whatever a label says, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from viz.theme import DARK, LIGHT, Theme

__all__ = ["Colours", "document", "escaped", "table"]

_COLOUR = re.compile(r"(#[0-9a-f]{6})")
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\0": "\ufffd"}
)


def escaped(text: str) -> str:
    """Words as HTML, in text and in attributes alike."""
    return text.translate(_ESCAPES)


class Colours:
    """Pairs a light and a dark drawing of the same thing: where their colours differ stands a variable."""

    def __init__(self, theme: Theme):
        # Only these two differ in nothing but colours; another theme is what the user asked for.
        self.both = theme in (LIGHT, DARK)
        self.theme = theme
        self._names: dict[tuple[str, str], str] = {}

    @property
    def themes(self) -> tuple[Theme, ...]:
        """The themes in which things must be drawn for `paired`."""
        return (LIGHT, DARK) if self.both else (self.theme,)

    def paired(self, versions: Sequence[str]) -> str:
        """One text from the versions of the themes."""
        if len(versions) == 1:
            return versions[0]
        light, dark = (_COLOUR.split(text) for text in versions)
        found = [a if a == b else f"var({self.name(a, b)})" for a, b in zip(light, dark, strict=True)]
        return "".join(found)

    def name(self, light: str, dark: str) -> str:
        """The variable that is one colour on a light page and the other on a dark one."""
        return self._names.setdefault((light, dark), f"--k{len(self._names)}")

    def of(self, role: str) -> str:
        """A colour of the theme by the name of its field, for the page around the picture."""
        pair = [getattr(theme, role) for theme in self.themes]
        return f"var({self.name(*pair)})" if self.both else str(pair[0])

    def style(self) -> str:
        """The variables as CSS: by the reader's system, or by the button."""
        page = {
            "page": "page", "text": "text", "muted": "muted", "line": "hairline", "panel": "group", "edge": "forward",
            "strong": "warning",
        }  # fmt: skip
        said = "".join(f"--{word}:{self.of(field)};" for word, field in page.items())
        if not self.both:
            scheme = "dark" if self.theme.page < "#8" else "light"
            return f":root{{color-scheme:{scheme};{said}}}"
        light, dark = ("".join(f"{n}:{pair[k]};" for pair, n in self._names.items()) for k in (0, 1))
        usual, other = (dark, light) if self.theme == DARK else (light, dark)
        names = ("dark", "light") if self.theme == DARK else ("light", "dark")
        # Drawn dark, the page begins dark; drawn light, as the reader's system has it.
        rules = [f":root{{color-scheme:{names[0]};{said}{usual}}}"]
        if self.theme == LIGHT:
            rules.append(
                f"@media (prefers-color-scheme:dark){{:root:not([data-theme]){{color-scheme:dark;{dark}}}}}"
            )
        rules.append(f":root[data-theme={names[1]}]{{color-scheme:{names[1]};{other}}}")
        return "\n".join(rules)


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def document(
    *, title: str, body: str, colours: Colours, scripts: Sequence[str], facts: Any, family: str
) -> str:
    """The whole page. `facts` go to the script as JSON; `scripts` are files of this package, run in order."""
    style = f"{colours.style()}\n:root{{font-family:{family}}}\n{_asset('page.css')}"
    script = "\n".join(_asset(name) for name in scripts)
    # In a data block only `<` could end or comment out something.
    data = json.dumps(facts, ensure_ascii=True, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="generator" content="graphnn"><meta name="color-scheme" content="light dark">',
            f"<title>{escaped(title)}</title>",
            f"<style>{style}</style></head>",
            f"<body>{body}",
            f'<script type="application/json" id="facts">{data}</script>',
            f"<script>{script}</script>",
            "</body></html>",
            "",
        ]
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column names the rows."""
    lines = [f"<table><caption>{escaped(caption)}</caption><thead><tr>"]
    lines += [f'<th scope="col">{escaped(word)}</th>' for word in head]
    lines.append("</tr></thead><tbody>")
    for first, *rest in rows:
        cells = "".join(f'<td dir="auto">{escaped(word)}</td>' for word in rest)
        lines.append(f'<tr><th scope="row" dir="auto">{escaped(first)}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody></table>"])
