"""Hold the pictures of the gallery: each is a function, whose body is the code that the page shows beside it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["Picture", "picture"]


@dataclass(frozen=True)
class Picture:
    """One entry of the gallery. The function's docstring is its title and what one sees; its body is the code.

    slow : it takes more than a second or two
    words : in which language the text is that it gives, where it gives text
    kept : whether the picture is the same on every machine, so that the page can keep it
    """

    make: Callable[[], Any]
    slow: bool = False
    words: str = "text"
    kept: bool = True

    @property
    def name(self) -> str:
        """The name of its files, and its anchor on the page."""
        return self.make.__name__.replace("_", "-")

    @property
    def title(self) -> str:
        return self._said[0].rstrip(".")

    @property
    def sentence(self) -> str:
        """What one sees, and learns from it."""
        return " ".join(self._said[2:])

    @property
    def _said(self) -> list[str]:
        return inspect.getdoc(self.make).splitlines()

    @cached_property
    def code(self) -> str:
        """The body of the function as a cell of a notebook: its last line, without `return`, shows the picture."""
        source = inspect.getsource(self.make)
        end = source.index('"""', source.index('"""') + 3) + 3
        body = textwrap.dedent(source[end:].strip("\n"))
        before, found, last = body.rpartition("\nreturn ")
        return f"{before}\n{last}" if found else body.removeprefix("return ")

    @cached_property
    def result(self) -> Any:
        """What the code gives, made once."""
        return self.make()

    @property
    def last(self) -> str:
        """What the page says where it keeps no picture."""
        return (
            ""
            if self.kept
            else "Its numbers are never twice the same, so the page keeps no picture of it: run it."
        )

    def shown(self) -> Iterator[tuple[str, Any]]:
        """The drawings and plots that it gives, with the names of their files; nothing for text."""
        if isinstance(self.result, str):
            return
        several = self.result if isinstance(self.result, tuple | list) else (self.result,)
        for k, one in enumerate(several, 1):
            yield (f"{self.name}-{k}" if len(several) > 1 else self.name), one


def picture(make: Callable[[], Any] | None = None, **how: Any) -> Any:
    """Put the function on the shelf."""
    return Picture(make) if make is not None else lambda function: Picture(function, **how)
