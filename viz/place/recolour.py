"""Give a placed scene the colours of another theme, in the same places: for pages that are light or dark."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from viz.place.placed import Placed, Text
from viz.theme import DARK, LIGHT, Theme

__all__ = ["recoloured"]


def recoloured(placed: Placed, theme: Theme) -> Placed:
    """The same picture in light or dark; the two differ in nothing but colours."""
    if placed.theme == theme:
        return placed
    if {placed.theme.name, theme.name} != {LIGHT.name, DARK.name}:
        raise ValueError(f"viz: from {placed.theme.name!r} to {theme.name!r} sizes change too; lay out anew.")
    colours = dict(_pairs() if theme == DARK else ((dark, light) for light, dark in _pairs()))
    parts = {
        field.name: _walked(getattr(placed, field.name), colours)
        for field in fields(placed)
        if field.name not in ("scene", "theme")
    }
    return replace(placed, theme=theme, **parts)


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """Every colour that a text may have, light and dark. What else has colours takes them from the theme."""

    def texts(theme: Theme) -> list[str]:
        inks = [ink.text for group in (theme.inks, theme.tones) for ink in group.values()]
        return [theme.text, theme.muted, theme.warning, *inks, *theme.signs.values()]

    return tuple(zip(texts(LIGHT), texts(DARK), strict=True))


def _walked(value: Any, colours: dict[str, str]) -> Any:
    if isinstance(value, Text):
        return replace(value, colour=colours.get(value.colour, value.colour))
    if isinstance(value, tuple):
        return tuple(_walked(each, colours) for each in value) if value and not _is_point(value) else value
    if is_dataclass(value) and type(value).__module__ == Text.__module__:
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = {
            name: new
            for name, old in found.items()
            if isinstance(old, tuple | Text) or is_dataclass(old)
            if (new := _walked(old, colours)) is not old
        }
        return replace(value, **changed) if changed else value  # type: ignore[type-var]
    return value


def _is_point(value: tuple[Any, ...]) -> bool:
    """Points of curves hold no texts, and are many."""
    first = value[0]
    return isinstance(first, float) or (
        isinstance(first, tuple) and bool(first) and isinstance(first[0], float)
    )
