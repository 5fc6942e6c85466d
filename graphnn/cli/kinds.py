"""Kinds of options: sizes separated by commas, sizes by name, and numbers that are numbers."""

from __future__ import annotations

import click


def sizes(ctx: click.Context, param: click.Parameter, text: str | None) -> list[int] | None:
    """ "64,32" as [64, 32]."""
    if text is None:
        return None
    try:
        found = [int(word) for word in text.split(",") if word.strip()]
    except ValueError:
        raise click.BadParameter(f"wanted sizes separated by commas, as 64,32; found {text!r}") from None
    if not found or min(found) < 1 or max(found) > 100_000:
        raise click.BadParameter(f"sizes are whole numbers from 1 to 100000; found {text!r}")
    return found


def named_sizes(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> dict[str, int]:
    """("time=100",) as {"time": 100}."""
    found = {}
    for word in words:
        name, _, size = word.rpartition("=")
        if not name or not (size.isascii() and size.isdigit()) or len(size) > 12:
            raise click.BadParameter(f"wanted NAME=SIZE, as time=100; found {word!r}")
        found[name] = int(size)
    return found


def number(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """The number, unless it is none: NaN passes every range."""
    if value is not None and value != value:
        raise click.BadParameter("nan is not a number to train with")
    return value
