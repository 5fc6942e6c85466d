"""The gallery of pictures: `SECTIONS` holds all of them; docs/make_gallery.py writes the page."""

from __future__ import annotations

import importlib

from gallery.shelf import Picture

__all__ = ["SECTIONS", "Picture"]

_MODULES = ("numbers", "nets", "training", "lecture", "looks", "plots", "formats")


def _sections() -> dict[str, list[Picture]]:
    """{docstring of the section's module: its pictures, in the order of the file}."""
    found = {}
    for name in _MODULES:
        module = importlib.import_module(f"gallery.{name}")
        found[str(module.__doc__)] = [p for p in vars(module).values() if isinstance(p, Picture)]
    return found


SECTIONS = _sections()
