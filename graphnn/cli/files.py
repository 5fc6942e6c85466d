"""Files of the command line: folders that can be written, text that is written as a whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

import graphnn as gn


def make_folder(folder: Path) -> None:
    """Make the folder now, and prove that it can be written, before minutes of training."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise click.ClickException(
            f"the output folder {str(folder)!r} cannot be written: {error.strerror}"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write beside the target, then rename: nobody sees half of it."""
    try:
        gn.io.write_whole(path, text.encode())
    except OSError as error:
        raise click.ClickException(f"{str(path)!r} cannot be written: {error.strerror}") from None
