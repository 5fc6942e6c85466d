"""Write the reference of all public names: `python docs/make_api.py [folder]` (docs/api).

All is read off signatures and docstrings; an op's own page is written by docs/make_op_pages.py and only linked here.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import graphnn as gn
from graphnn.core.op import Op

FOLDER = Path(__file__).parent / "api"
# The rooms that a reader meets, and what each is for.
ROOMS = {
    "graphnn": "Graphs, nodes, runs, gradients",
    "graphnn.nn": "Layers",
    "graphnn.optim": "Optimisers, schedules, penalties",
    "graphnn.train": "Training, callbacks, diagnosis",
    "graphnn.data": "Data",
    "graphnn.metrics": "Metrics",
    "graphnn.init": "First values of weights",
    "graphnn.io": "Files and other frameworks",
    "graphnn.tables": "CSV files",
    "graphnn.learn": "Exercises",
    "viz": "Drawing",
}
_ITEM = re.compile(r"^(\*{0,2}\w[\w, /*\.\"()=]{0,60}) : (.*)")
_HEADING = re.compile(r"(\S.*)\n-{3,}(?:\n|$)")
_SPECIAL = re.compile(r"(`[^`\n]+`)|([\\*_<>\[\]$|#~{}])")


def plain(text: str) -> str:
    """Text in which nothing is markup but what stands between backquotes."""
    return _SPECIAL.sub(lambda m: m[1] or f"\\{m[2]}", text)


def markdown(docstring: str) -> str:
    """A docstring of this project as Markdown: paragraphs, lists of `name : meaning`, formulas, examples."""
    return "\n\n".join(filter(None, map(_block, re.split(r"\n\s*\n", inspect.cleandoc(docstring)))))


def _block(block: str) -> str:
    block = re.sub(r"^Examples?\n-+\n?", "", block).strip("\n")
    if not block:
        return ""
    heading = _HEADING.match(block)
    if heading:
        # Bold, as it names a part of what the heading above it is about.
        return f"**{plain(heading[1])}**\n\n{_block(block[heading.end() :])}".rstrip()
    if block.lstrip().startswith(">>>"):
        return f"```pycon\n{block}\n```"
    lines = block.split("\n")
    if any(_ITEM.match(line) for line in lines):
        return _listed(lines)
    if any(line.startswith("    ") for line in lines):
        return f"```text\n{block}\n```"
    return plain(block)


def _listed(lines: list[str]) -> str:
    parts: list[str] = []
    for line in lines:
        item = _ITEM.match(line)
        if item:
            parts.append(f"- `{item[1]}`: {plain(item[2])}")
        elif parts and line.startswith(" "):
            parts[-1] += f" {plain(line.strip())}"
        else:
            parts.append(plain(line))
    return re.sub(r"^(?!- )(.*)\n- ", r"\1\n\n- ", "\n".join(parts), flags=re.MULTILINE)


def signature(thing: Any) -> str:
    """The parameters, without annotations: what they mean stands below."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    bare = [
        p.replace(annotation=p.empty, default=p.default if _is_short(p.default) else ...)
        for p in found.parameters.values()
        if p.name != "self"
    ]
    return str(found.replace(parameters=bare, return_annotation=found.empty))


def _is_short(value: Any) -> bool:
    return value is inspect.Parameter.empty or (len(repr(value)) <= 30 and " at 0x" not in repr(value))


def members(room: str) -> Iterator[tuple[str, Any]]:
    """The public names of a room that a page is about: no ops, which have pages of their own, no rooms, no types."""
    module = importlib.import_module(room)
    for name in sorted(module.__all__, key=str.lower):
        thing = getattr(module, name)
        if not isinstance(thing, Op) and not inspect.ismodule(thing) and not _is_op_builder(room, thing):
            yield name, thing


def _is_op_builder(room: str, thing: Any) -> bool:
    return room == "graphnn" and str(getattr(thing, "__module__", "")).startswith("graphnn.ops")


def page(room: str) -> str:
    """The page of one room."""
    short = "gn" if room == "graphnn" else room.replace("graphnn.", "gn.")
    parts = [f"# {ROOMS[room]}: {short}"]
    parts.append(markdown(importlib.import_module(room).__doc__ or ""))
    for name, thing in members(room):
        parts.append(f"## {short}.{name}".replace("_", "\\_"))
        if inspect.isclass(thing):
            parts += _class(f"{short}.{name}", name, thing)
        elif callable(thing):
            parts += [f"```python\n{short}.{name}{signature(thing)}\n```", markdown(thing.__doc__ or "")]
        else:
            parts.append(f"A value: `{type(thing).__name__}`.")
    return "\n\n".join(filter(None, parts)) + "\n"


def _class(told: str, name: str, thing: type) -> Iterator[str]:
    yield f"```python\n{told}{signature(thing)}\n```"
    if thing.__doc__ and not thing.__doc__.startswith(f"{name}("):
        yield markdown(thing.__doc__)
    for word, member in sorted(vars(thing).items()):
        if word.startswith("_"):
            continue
        target = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if not inspect.isfunction(target) or not target.__doc__:
            continue
        head = f".{word}" if isinstance(member, property) else f".{word}{signature(target)}"
        yield f"**`{head}`**"
        yield markdown(target.__doc__)


def op_builders() -> str:
    """The functions that build several ops, which have no page of their own."""
    parts = ["# Functions made of ops", "They build nodes of several ops; each op has a page of its own."]
    for name in sorted(gn.__all__, key=str.lower):
        thing = getattr(gn, name)
        if not isinstance(thing, Op) and _is_op_builder("graphnn", thing) and thing.__doc__:
            parts += [f"## gn.{name}".replace("_", "\\_"), f"```python\ngn.{name}{signature(thing)}\n```"]
            parts.append(markdown(thing.__doc__))
    return "\n\n".join(parts) + "\n"


def main(folder: Path = FOLDER) -> None:
    """Write every page and the index of them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for room in ROOMS:
        names.append(room.replace(".", "-"))
        (folder / f"{names[-1]}.md").write_text(page(room), encoding="utf-8")
    names.append("functions")
    (folder / "functions.md").write_text(op_builders(), encoding="utf-8")
    listed = "\n".join(names)
    index = (
        f"# Reference\n\nEvery public name.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n../ops/index\n```\n"
    )
    (folder / "index.md").write_text(index, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
