"""A file is written as a whole or not at all, whatever happens to its writer."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import graphnn as gn
from graphnn.core import files
from graphnn.core.files import sweep, write_whole

LEFT = ".net.0123456789abcdef.part"


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_parts_are_written_one_after_the_other(tmp_path: Path) -> None:
    write_whole(tmp_path / "net", b"ab", memoryview(b"cd"), bytearray(b"e"), b"")
    assert (tmp_path / "net").read_bytes() == b"abcde"
    assert names(tmp_path) == ["net"]


def test_what_a_killed_writer_left_is_swept_by_the_next_save_and_others_are_not(tmp_path: Path) -> None:
    others = [".net.part", ".net.0123.part", ".net.0123456789abcdef.part2", ".other.0123456789abcdef.part"]
    for name in [LEFT, *others]:
        (tmp_path / name).write_bytes(b"half")
    write_whole(tmp_path / "net", b"whole")
    assert names(tmp_path) == sorted([*others, "net"])


def test_the_half_of_a_living_writer_is_not_swept(tmp_path: Path) -> None:
    handle, half = files._begin(tmp_path / "net")
    assert sweep(tmp_path / "net") == 0 and half.exists()
    os.close(handle)
    assert sweep(tmp_path / "net") == 1 and not half.exists()
    assert sweep(tmp_path / "no folder" / "net") == 0


def test_a_writer_whose_half_was_swept_before_it_was_locked_takes_another(
    tmp_path: Path, monkeypatch
) -> None:
    real, seen = files._locked, []

    def swept_first(handle: int) -> bool:
        if not seen:
            seen.append(1)
            assert sweep(tmp_path / "net") == 1
        return real(handle)

    monkeypatch.setattr(files, "_locked", swept_first)
    write_whole(tmp_path / "net", b"whole")
    assert names(tmp_path) == ["net"]


def test_many_writers_and_sweepers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    failed: list[OSError] = []

    def write(k: int) -> None:
        try:
            for _ in range(40):
                write_whole(tmp_path / "net", bytes([k]) * 1000)
        except OSError as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(k,)) for k in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed
    content = (tmp_path / "net").read_bytes()
    assert len(content) == 1000 and len(set(content)) == 1 and names(tmp_path) == ["net"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, OSError(errno.ENOSPC, "No space left on device")], ids=str
)
def test_ctrl_c_and_a_full_disk_leave_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch, call: str, error
) -> None:
    path = tmp_path / "net"
    write_whole(path, b"old")

    def fail(*_):
        raise error

    def part():
        yield b"new"
        fail()

    with monkeypatch.context() as patch:
        if call != "write":
            patch.setattr(os, call, fail)
        with pytest.raises(type(error) if isinstance(error, OSError) else error):
            write_whole(path, *(part() if call == "write" else [b"new"]))
    assert path.read_bytes() == b"old" and names(tmp_path) == ["net"]


def test_the_folder_is_brought_to_the_disk_too(tmp_path: Path, monkeypatch) -> None:
    synced, real = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(os.readlink(f"/proc/self/fd/{handle}")), real(handle))
    )
    write_whole(tmp_path / "net", b"new")
    assert [Path(p).parent for p in synced] == [tmp_path, tmp_path.parent]
    assert synced[0].endswith(".part") and synced[1] == str(tmp_path)


def test_a_limit_on_the_size_of_files_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    gn.io.save_weights([gn.parameter(np.ones(10), "w")], path)
    before, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(gn.DataError, match=r"cannot write .*net\.safetensors: File too large"):
            gn.io.save_weights([gn.parameter(np.ones(10_000), "w")], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)
    assert path.read_bytes() == before and names(tmp_path) == [path.name]


def test_places_where_no_file_can_be_are_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    weights = [gn.parameter(np.ones(2), "w")]
    for path, told in [
        (tmp_path / "folder", "is a folder; wanted the path of a file"),
        ("", "is not the path of a file"),
        ("a\0b", "is not the path of a file"),
        (3, "wanted the path of a file, found 3"),
        (b"net", "wanted the path of a file"),
        (None, "wanted the path of a file, found None"),
    ]:
        for act in (gn.io.save_weights, gn.io.load_weights):
            with pytest.raises(gn.SettingError, match=told):
                act(weights, path)
    for path in (tmp_path / "none" / "net", tmp_path / "file" / "net"):
        with pytest.raises(gn.DataError, match=r"cannot write .*net: (there is no such|Not a directory)"):
            gn.io.save_weights(weights, path)
    with pytest.raises(gn.DataError, match=r"cannot read .*none: there is no such file"):
        gn.io.load_weights(weights, tmp_path / "none")


def test_a_folder_without_permission_is_told_in_words(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    # Whoever runs the tests may be allowed everything, so the system's answer is played.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(gn.DataError, match=r"cannot write .*net: Permission denied"):
        gn.io.save_weights([gn.parameter(np.ones(2), "w")], tmp_path / "net")


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from graphnn.core.files import write_whole
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
write_whole(sys.argv[1], b"new" * 100_000)
"""
    path = tmp_path / "net"
    write_whole(path, b"old")
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old" and len(names(tmp_path)) == 2
    write_whole(path, b"newer")
    assert names(tmp_path) == ["net"]
