"""Check the built site: `python docs/check_links.py [folder] [--list]`. Nothing is fetched from a network.

Every link within the site leads to a file and an anchor that exist, and no page loads anything from elsewhere: no
script, style, font or picture. Links that lead out of the site are counted, and listed with `--list`. Ends with 1
where something is wrong.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SITE = Path(__file__).resolve().parent / "build" / "site"
# Where an element names what the browser loads with the page, unasked.
LOADED = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"), "img": ("src",),
    "input": ("src",), "object": ("data",), "script": ("src",), "source": ("src",), "track": ("src",),
    "use": ("href", "xlink:href"), "video": ("src", "poster"),
}  # fmt: skip
# What a <link> is for where the browser does not load it.
NOT_LOADED = {"author", "canonical", "help", "index", "license", "next", "prev", "search"}
IN_STYLES = re.compile(r"""url\(\s*["']?(?!data:)([^"')]+)|@import\s+["']([^"']+)""")


class Page(HTMLParser):
    """What a page says of itself: its anchors, where its links lead, and what it loads."""

    def __init__(self, path: Path):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.in_style = False
        self.feed(path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        self.anchors |= {said[name] for name in ("id", "name") if said.get(name)}
        self.in_style = tag == "style"
        self.loads += [said[name] for name in LOADED.get(tag, ()) if said.get(name)]
        self.loads += [part.split()[0] for part in said.get("srcset", "").split(",") if part.split()]
        self.loads += in_styles(said.get("style", ""))
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])
        if tag == "link" and said.get("href"):
            unasked = not set(said.get("rel", "").split()) & NOT_LOADED
            (self.loads if unasked else self.links).append(said["href"])

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self.loads += in_styles(data)


def in_styles(text: str) -> list[str]:
    """What a style sheet loads."""
    return [found[1] or found[2] for found in IN_STYLES.finditer(text)]


def is_outside(target: str) -> bool:
    """Whether the address is one of another place; `data:` holds what it names."""
    parts = urlsplit(target)
    return parts.scheme not in ("", "data") or bool(parts.netloc)


def checked(site: Path) -> tuple[list[str], dict[str, list[str]]]:
    """What is wrong, in sentences; and the links out of the site, each with the pages that have it."""
    wrong: list[str] = []
    outside: dict[str, list[str]] = {}
    read = cache(Page)
    for path in sorted(site.rglob("*.html")):
        name, page = path.relative_to(site).as_posix(), read(path)
        for target in page.loads:
            wrong += [f"{name}: {problem}" for problem in of_loaded(path, target)]
        for target in dict.fromkeys(page.links):
            if is_outside(target):
                outside.setdefault(target, []).append(name)
                continue
            parts = urlsplit(target)
            found = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not found.is_file():
                wrong.append(f"{name}: there is no file {target!r}")
                continue
            # A browser takes the fragment as it stands, or with its escapes read.
            fragments = {parts.fragment, unquote(parts.fragment)} - {""}
            if fragments and found.suffix == ".html" and not fragments & read(found).anchors:
                wrong.append(f"{name}: there is no anchor {target!r}")
    for path in sorted(site.rglob("*.css")):
        for target in in_styles(path.read_text("utf-8")):
            wrong += [
                f"{path.relative_to(site).as_posix()}: {problem}" for problem in of_loaded(path, target)
            ]
    return wrong, outside


def of_loaded(path: Path, target: str) -> Iterator[str]:
    """What is wrong with something that the page or style sheet at `path` loads."""
    parts = urlsplit(target)
    if is_outside(target):
        yield f"loads {target!r} from elsewhere"
    elif parts.path and parts.scheme != "data" and not (path.parent / unquote(parts.path)).is_file():
        yield f"loads {target!r}, which is not there"


def main() -> int:
    """Check what the command line names; 0 where all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=SITE, help="of the site; docs/build/site without"
    )
    parser.add_argument("--list", action="store_true", help="name the links that lead out of the site")
    chosen = parser.parse_args()
    site = chosen.folder.resolve()
    if not (site / "index.html").is_file():
        sys.exit(f"there is no site in {site}: make it by python docs/make_site.py")
    wrong, outside = checked(site)
    if chosen.list:
        for target, pages in sorted(outside.items()):
            more = f" and {len(pages) - 1} more" if len(pages) > 1 else ""
            sys.stdout.write(f"{target}  ({pages[0]}{more})\n")
    for problem in wrong:
        sys.stdout.write(f"{problem}\n")
    count = sum(1 for _ in site.rglob("*.html"))
    sys.stdout.write(f"{count} pages, {len(wrong)} problems, {len(outside)} links lead out of the site\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
