"""The kernel cache makes starts quick, and can neither break a run nor bring back an old kernel."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import types

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine import cache, kernels
from graphnn.engine.kernels import Key
from graphnn.engine.source import digest

ADD = Key(gn.add, (gn.float32,) * 3, (1, 1, 1), ("", "", ""))


@pytest.fixture
def one_kernel(tmp_path, monkeypatch):
    """A cache folder that holds the kernel of `x + z`, of a process that has not loaded it yet."""
    added()  # so that the driver is there
    code = cache.read(kernels.file_name(ADD))
    assert code is not None
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr(kernels, "_addresses", {k: v for k, v in kernels._addresses.items() if k != ADD})
    # The compiler is not what is tested here: it gives the same code again.
    monkeypatch.setattr("graphnn.engine.compile.compile_entry", lambda *_: code)
    cache.write(kernels.file_name(ADD), code)
    return tmp_path / "kernels" / kernels.file_name(ADD)


def added() -> bool:
    """Run `x + z`; whether its kernel was compiled for that."""
    before = kernels.statistics["compiled"]
    x, z = gn.input("x", (2,)), gn.input("z", (2,))
    result = gn.Program(x + z, optimize=False).run({"x": [1.0, 2.0], "z": [10.0, 20.0]})
    np.testing.assert_array_equal(result, [11.0, 22.0])
    return kernels.statistics["compiled"] > before


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGE = {
    "empty": lambda data: b"",
    "cut in the head": lambda data: data[:20],
    "cut in the code": lambda data: data[:-100],
    "one bit of the head": lambda data: flipped(data, 30),
    "one bit of the code": lambda data: flipped(data, len(data) // 2),
    "one byte more": lambda data: data + b"\0",
    "of another version": lambda data: b"graphnn kernel 0\n" + data.partition(b"\n")[2],
    "something else": lambda data: b"<html>not found</html>" * 1000,
}


def test_a_kernel_that_is_in_the_cache_is_loaded_and_not_compiled(one_kernel) -> None:
    assert not added()


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_compiled_anew_and_replaced(one_kernel, damage: str) -> None:
    good = one_kernel.read_bytes()
    one_kernel.write_bytes(DAMAGE[damage](good))
    assert added()
    assert one_kernel.read_bytes() == good


def test_a_deleted_file_and_a_deleted_folder_are_made_anew(one_kernel) -> None:
    one_kernel.unlink()
    one_kernel.parent.rmdir()
    assert added()
    assert one_kernel.exists()


def test_a_good_file_under_the_name_of_another_kernel_is_not_used(one_kernel) -> None:
    other = one_kernel.with_name("sub-float32-0.kernel")
    other.write_bytes(one_kernel.read_bytes())
    assert cache.read(other.name) is None
    assert cache.read(one_kernel.name) is not None


@pytest.mark.parametrize("place", ["file/below", "file"])
def test_a_folder_that_cannot_be_made_costs_a_compile_and_no_run(
    one_kernel, tmp_path, monkeypatch, place
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path / place))
    assert added()
    assert cache.state()["writable"] is False and cache.state()["kernels"] == 0 and cache.clear() == 0
    assert "cannot be written" in gn.diagnose()[0]["cache state"]
    with pytest.raises(
        gn.KernelError, match=r"cannot be written\. Set GRAPHNN_CACHE_DIR to a folder that can"
    ):
        gn.warmup()


def test_a_full_disk_costs_no_run_and_leaves_no_half_file(one_kernel, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    one_kernel.unlink()
    monkeypatch.setattr("os.replace", full)
    assert added()
    assert list(one_kernel.parent.iterdir()) == []


def test_clearing_the_cache_deletes_its_kernels_and_nothing_else(one_kernel) -> None:
    (one_kernel.parent / "notes.txt").write_text("mine")
    assert cache.state()["kernels"] == 1 and cache.state()["bytes"] == one_kernel.stat().st_size
    assert cache.clear() == 1
    assert [p.name for p in one_kernel.parent.iterdir()] == ["notes.txt"]


SCRIPT = """
import json, sys
import numpy as np, graphnn as gn
from graphnn.engine import kernels
x, w = gn.input("x", ("batch", 2)), gn.parameter(np.ones(2), "w")
program = gn.Program((x * w).sum(), {w: w + w})
results = [float(program.run({"x": [[1.0, 2.0]]})) for _ in range(3)]
print(json.dumps([results, kernels.statistics, "numba" in sys.modules]))
"""


def test_two_processes_with_one_cold_cache_disturb_each_other_not_and_a_warm_start_imports_no_compiler(
    tmp_path, python_env
) -> None:
    import json

    def begin():
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", SCRIPT], env=python_env(tmp_path), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    both = [begin(), begin()]
    told = [process.communicate(timeout=180) for process in both]
    for process, (out, err) in zip(both, told, strict=True):
        assert process.returncode == 0, err
        assert json.loads(out)[0] == [3.0, 6.0, 12.0]
    names = sorted(p.name for p in tmp_path.iterdir())
    assert (
        all(name.endswith(".kernel") and cache_is_whole(tmp_path / name) for name in names)
        and len(names) >= 4
    )
    third = begin()
    out, err = third.communicate(timeout=60)
    results, statistics, compiler = json.loads(out)
    assert results == [3.0, 6.0, 12.0] and statistics["compiled"] == 0 and statistics["loaded"] >= 3, err
    assert not compiler
    assert err == ""


def cache_is_whole(path) -> bool:
    """The file's own statement about its content, read without the module under test."""
    magic, seal, code = path.read_bytes().split(b"\n", 2)
    return (
        magic == b"graphnn kernel 2"
        and seal.decode() == hashlib.sha256(path.name.encode() + b"\n" + code).hexdigest()
    )


MODULE = """
import numpy as np
import math
SCALE = 2.0
TABLE = (1.0, 2.0)
ARRAY = np.array([1.0, 2.0])

def deep(v):
    return v + 1.0

def helper(v, gain=3.0):
    return deep(v) * gain

def kernel(x, y):
    for i in range(y.size):
        y[i] = helper(x[i]) * SCALE + TABLE[0] + ARRAY[1] + math.sqrt(settings.OFFSET) + 0.5
"""

EDITS = {
    "a constant of the kernel": ("+ 0.5", "+ 0.25"),
    "the sign of a zero": ("v + 1.0", "v + -0.0"),
    "an operation": ("* SCALE", "/ SCALE"),
    "a number of the module": ("SCALE = 2.0", "SCALE = 4.0"),
    "a tuple of the module": ("(1.0, 2.0)\nARRAY", "(9.0, 2.0)\nARRAY"),
    "an array of the module": ("[1.0, 2.0]", "[1.0, 2.5]"),
    "the dtype of an array": ("np.array([1.0, 2.0])", "np.array([1.0, 2.0], np.float32)"),
    "a function that is called": ("deep(v) * gain", "deep(v) + gain"),
    "a function that is called by one that is called": ("v + 1.0", "v + 1.5"),
    "a default": ("gain=3.0", "gain=3.5"),
    "the function that a name stands for": ("math.sqrt", "math.exp"),
    "a number of another module": ("settings.OFFSET", "settings.LIMIT"),
}


def kernel_of(text: str, offset: float = 1.0):
    """The function `kernel` of a module with this text."""
    names = {"__name__": "written", "settings": types.ModuleType("settings")}
    names["settings"].OFFSET, names["settings"].LIMIT = offset, 5.0
    exec(text, names)
    return names["kernel"]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_anything_that_a_kernel_uses_changes_its_name_in_the_cache(edit: str) -> None:
    old, new = EDITS[edit]
    assert old in MODULE
    assert digest(kernel_of(MODULE), gn.float32) != digest(kernel_of(MODULE.replace(old, new)), gn.float32)


def test_a_changed_number_of_another_module_changes_the_name_too() -> None:
    assert digest(kernel_of(MODULE), gn.float32) != digest(kernel_of(MODULE, offset=3.0), gn.float32)


def test_comments_blank_lines_and_other_functions_do_not_change_the_name() -> None:
    edited = "# a word\n\n" + MODULE.replace("def deep", "def unused(v):\n    return v\n\ndef deep")
    assert digest(kernel_of(MODULE), gn.float32) == digest(kernel_of(edited), gn.float32)


def declared(amount: str):
    names = {}
    exec(f"def plus_kernel(x, y):\n    for i in range(y.size):\n        y[i] = x[i] + {amount}\n", names)

    @gn.op("x(*s) -> y(*s)", latex="", samples=[(3,)], no_slope="not needed", name="plus_something")
    def plus_something(x):
        """Add a number."""
        return x + float(amount)

    plus_something.kernel(names["plus_kernel"])
    return plus_something


def test_a_kernel_declared_anew_in_the_same_place_computes_what_it_says_now() -> None:
    x = gn.parameter(np.zeros(3), "x")
    for amount in ("1.0", "2.0", "1.0"):
        record = declared(amount)
        try:
            np.testing.assert_array_equal(gn.Program(record(x)).run(), np.full(3, float(amount)))
        finally:
            gn.undeclare("plus_something")
