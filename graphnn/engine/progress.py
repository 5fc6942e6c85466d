"""A progress bar on standard error that never breaks the work that it tells about."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import Any


class _Screen:
    """Standard error, silent if it is closed, broken or absent."""

    def __init__(self) -> None:
        self._file = sys.stderr

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._file.flush()

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self._file.isatty()
        return False

    @property
    def encoding(self) -> str:
        return getattr(self._file, "encoding", None) or "ascii"


def progress_bar(total: int, unit: str, *, show: bool, keep: bool = False, words: str | None = None) -> Any:
    """A tqdm bar of `total` units, as a context; `keep` leaves it on the screen when it is done."""
    from tqdm import tqdm

    screen = _Screen()
    width = shutil.get_terminal_size().columns if show and screen.isatty() else None
    return tqdm(total=total, unit=unit, disable=not show, leave=keep, desc=words, file=screen, ncols=width)
