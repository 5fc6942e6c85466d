"""The kernel cache: compiled object code in files of the user's cache folder, checked before use.

A file is `graphnn kernel 2`, the SHA-256 of its name and of the rest, and the object code. A file that is damaged,
unreadable, renamed or from another version is treated as absent and replaced; a folder that cannot be written
costs speed, never a run. Writing goes to a temporary file that is renamed, so processes that compile at the same
time cannot disturb each other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

_MAGIC = b"graphnn kernel 2\n"


def folder() -> Path:
    """The cache folder: $GRAPHNN_CACHE_DIR, or the user's cache folder of this system."""
    named = os.environ.get("GRAPHNN_CACHE_DIR")
    return Path(named) if named else _default_folder()


@cache
def _default_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("graphnn", appauthor=False)) / "kernels"


def read(name: str) -> bytes | None:
    """The object code stored under `name`, or None."""
    try:
        data = (folder() / name).read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + 65
    if not data.startswith(_MAGIC) or len(data) <= head:
        return None
    if _seal(name, data[head:]) != data[len(_MAGIC) : head - 1]:
        return None
    return data[head:]


def _seal(name: str, code: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + code).hexdigest().encode()


def write(name: str, code: bytes) -> bool:
    """Store object code under `name`; False if the folder cannot be written."""
    temporary = None
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=place, prefix=".writing-")
        with os.fdopen(handle, "wb") as file:
            file.write(_MAGIC + _seal(name, code) + b"\n" + code)
        os.replace(temporary, place / name)
        return True
    except OSError:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        return False


def state() -> dict[str, object]:
    """What `graphnn doctor` tells: folder, number and bytes of kernels, whether it can be written."""
    place = folder()
    files = sorted(place.glob("*.kernel")) if place.is_dir() else []
    parent = place
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    return {
        "folder": str(place),
        "kernels": len(files),
        "bytes": sum(f.stat().st_size for f in files),
        "writable": parent.is_dir() and os.access(parent, os.W_OK),
    }


def clear() -> int:
    """Delete every cached kernel; gives their number."""
    count = 0
    for file in folder().glob("*.kernel"):
        with contextlib.suppress(OSError):
            file.unlink()
            count += 1
    return count
