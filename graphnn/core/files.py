"""Write a file as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

try:
    import fcntl
except ImportError:  # where there are no such locks, what killed writers left is not swept
    fcntl = None  # type: ignore[assignment]

Part = bytes | bytearray | memoryview

_MARK_BYTES = 8


def write_whole(path: str | os.PathLike[str], *parts: Part) -> None:
    """Write beside the target, then rename: a crash leaves the old file, a reader never sees half of the new one.

    The parts are written one after the other, and are on the disk when this returns. What writers of the same file
    left when they were killed is swept first.
    """
    path = Path(path)
    sweep(path)
    handle, temporary = _begin(path)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:  # under the lock, so that no sweeper takes the file for a leftover
                os.replace(temporary, path)
        if fcntl is None:
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def sweep(path: str | os.PathLike[str]) -> int:
    """Remove the halves that killed writers of this file left; how many there were. Those of living ones stay."""
    if fcntl is None:
        return 0
    path, swept = Path(path), 0
    for name in os.listdir(path.parent) if path.parent.is_dir() else ():
        if is_part(name, path):
            # Somebody else may sweep too, or own the file: then it is theirs to remove.
            with contextlib.suppress(OSError):
                handle = os.open(path.with_name(name), os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(path.with_name(name))
                    swept += 1
                finally:
                    os.close(handle)
    return swept


def is_part(name: str, path: Path) -> bool:
    """Whether a file beside `path` has the name of an unfinished copy of it."""
    before, after = f".{path.name}.", ".part"
    return (
        name.startswith(before)
        and name.endswith(after)
        and len(name) == len(before) + 2 * _MARK_BYTES + len(after)
    )


def _begin(path: Path) -> tuple[int, Path]:
    """A new file beside the target, locked for as long as its writer lives."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(_MARK_BYTES)}.part")
        # Opened as any new file, so that it has the mode that the user's mask gives.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        if _locked(handle):
            return handle, temporary
        os.close(handle)  # a sweeper was faster, and removes it


def _locked(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: sweepers cannot lock the file either, so they let it be
        return True
    return os.fstat(handle).st_nlink > 0


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk as well; some systems cannot, and keep the file whole in other ways."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
