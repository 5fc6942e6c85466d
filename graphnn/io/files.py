"""What the readers and writers of all formats share: the file that a user names, and the words of its errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphnn.core.errors import DataError, SettingError
from graphnn.core.files import Part, write_whole

__all__ = ["read_file", "reason", "target", "told", "write_file"]


def target(path: Any, who: str) -> Path:
    """The path of a file, or a SettingError for what cannot be one."""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise SettingError(f"{who}: wanted the path of a file, found {path!r}.")
    found = Path(path)
    if not found.name or "\0" in str(found):
        raise SettingError(f"{who}: {os.fspath(path)!r} is not the path of a file.")
    if found.is_dir():
        raise SettingError(f"{who}: {found} is a folder; wanted the path of a file.")
    return found


def read_file(path: Path, check: Callable[[int], None] | None = None) -> bytes:
    """The bytes of a file. `check` sees their number before any is read, and raises where it is too large.

    Raises DataError for a file that cannot be read.
    """
    try:
        if check is not None:
            check(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}.") from None


def write_file(path: Path, *parts: Part) -> None:
    """Replace a file as a whole, or raise DataError and leave the old one."""
    try:
        write_whole(path, *parts)
    except OSError as error:
        raise DataError(f"cannot write {path}: {reason(error)}.") from error


def reason(error: OSError) -> str:
    """What went wrong, without the name of the temporary file."""
    if error.errno == errno.ENOENT:
        return "there is no such file or folder"
    return (error.strerror or str(error)).rstrip(".")


def told(value: Any) -> str:
    """The value as an error tells it: not at any length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
