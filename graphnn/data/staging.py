"""Make a folder as a whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphnn.core.errors import DataError


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder beside `folder` to write into; it takes its name at the end, or goes away after an error.

    Raises DataError if there is something of that name already, unless it is an empty folder.
    """
    folder = folder.resolve()
    if not folder.name:
        raise DataError(f"{folder} exists already. Choose a new folder.")
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.part")
    with _writing(folder):
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise DataError(f"{folder} exists already. Remove it first, or choose another name.")
        part.mkdir(parents=True)
    try:
        yield part
        with _writing(folder):
            os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error}.") from None
