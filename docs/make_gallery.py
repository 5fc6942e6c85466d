"""Write the gallery: `python docs/make_gallery.py` makes docs/gallery/README.md and its SVGs from docs/gallery/*.py.

With `--all` every picture is also written in the other formats, into docs/build/gallery.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from gallery import SECTIONS, Picture  # noqa: E402

FOLDER, BUILD = HERE / "gallery", HERE / "build" / "gallery"
OTHERS = (".png", ".pdf", ".tex", ".html", ".dot", ".mmd", ".json", ".md", ".csv", ".txt")
OF_PLOTS = (".png", ".pdf", ".md", ".csv")
_HEAD = """\
# Gallery

Every picture is made by the code beside it; nothing was drawn by hand. All snippets begin with

```python
import numpy as np
import graphnn as gn, viz
```

and their last line shows the picture in a notebook; `.save("net.svg")` writes it to a file in the format of the name's
ending. The views that a picture can show, and that compose with `+`: {views}.

This page is written by `python docs/make_gallery.py`; with `--all` it writes PNG, PDF, TikZ and all other formats of
every picture, too, into docs/build/gallery.
"""


def page(folder: Path) -> str:
    """The page in Markdown, for pictures that stand in the folder."""
    import viz

    parts = [_HEAD.format(views=", ".join(f"`{name}`" for name in viz.VIEWS))]
    titles = {words.splitlines()[0].rstrip("."): pictures for words, pictures in SECTIONS.items()}
    for title, pictures in titles.items():
        links = ", ".join(f"[{p.title.rstrip('?')}](#{p.name})" for p in pictures)
        parts.append(f"- **{title}**: {links}")
    for words, pictures in SECTIONS.items():
        title, _, text = words.partition("\n")
        parts.append(f"\n## {title.rstrip('.')}\n\n{text.strip()}")
        parts += [entry(p, folder) for p in pictures]
    return "\n".join(parts) + "\n"


def entry(picture: Picture, folder: Path) -> str:
    """One picture: what one sees, the code, and what it gives."""
    shown = picture.last or (
        text_of(picture)
        if isinstance(picture.result, str)
        else "\n".join(f"![{alternative(picture, one)}]({file.name})" for file, one in files(picture, folder))
    )
    head = f'\n<a id="{picture.name}"></a>\n### {picture.title}\n\n{picture.sentence}'
    return f"{head}\n\n```python\n{picture.code.rstrip()}\n```\n\n{shown}"


def text_of(picture: Picture) -> str:
    """Text as a block of its language; Markdown is part of the page."""
    text: str = picture.result.rstrip()
    return text if picture.words == "markdown" else f"```{picture.words}\n{text}\n```"


def alternative(picture: Picture, shown: Any) -> str:
    """What a screen reader says in place of the picture."""
    words = f"{picture.title}. {shown.scene.description if hasattr(shown, 'scene') else shown.alt}"
    return " ".join(words.replace("[", "(").replace("]", ")").split())


def files(picture: Picture, folder: Path) -> Iterator[tuple[Path, Any]]:
    """The SVG files of a picture in this folder, with what each shows; a file for each page of several."""
    for name, shown in picture.shown():
        sheets = len(getattr(shown, "sheets", "1"))
        for k in range(sheets):
            yield folder / (f"{name}-{k + 1}.svg" if sheets > 1 else f"{name}.svg"), shown


def write(folder: Path) -> list[Path]:
    """Write the page and its pictures; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / "README.md"]
    for pictures in SECTIONS.values():
        for picture in (p for p in pictures if p.kept):
            for name, shown in picture.shown():
                shown.save(folder / f"{name}.svg")
            written += [file for file, _ in files(picture, folder)]
    written[0].write_text(page(folder), encoding="utf-8")
    return written


def write_all(folder: Path) -> None:
    """Write every picture in all other formats."""
    folder.mkdir(parents=True, exist_ok=True)
    for pictures in SECTIONS.values():
        for picture in pictures:
            for name, shown in picture.shown():
                for ending in (".svg", *(OTHERS if hasattr(shown, "scene") else OF_PLOTS)):
                    shown.save(folder / f"{name}{ending}")


def main() -> None:
    """Write the page and its SVGs, and what is asked for beyond; throw away SVGs that no picture writes any more."""
    written = set(write(FOLDER))
    for file in sorted(FOLDER.glob("*.svg")):
        if file not in written:
            file.unlink()
    if "--all" in sys.argv[1:]:
        write_all(BUILD)


if __name__ == "__main__":
    main()
