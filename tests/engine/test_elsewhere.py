"""Another process compiles what it can, and what it cannot is compiled here."""

from __future__ import annotations

import io

import pytest

import graphnn as gn
from graphnn.engine import elsewhere, kernels
from graphnn.engine.warmup import all_keys

CHEAP = ("abs", "add", "div", "mul", "neg", "sign", "square", "sub")


@pytest.fixture
def cold(tmp_path, monkeypatch):
    """An empty cache, and nothing in memory."""
    monkeypatch.setenv("GRAPHNN_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "_addresses", {})
    return tmp_path


def cheap_keys(count: int) -> list[kernels.Key]:
    return [key for key in all_keys() if key.op.name in CHEAP][:count]


def test_kernels_are_compiled_into_the_cache_as_told(cold, monkeypatch, capsys) -> None:
    keys = cheap_keys(2)
    lines = [elsewhere.in_words(key) for key in keys]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    elsewhere.compile_as_told()
    assert capsys.readouterr().out.splitlines() == lines
    assert {p.name for p in cold.iterdir()} == {kernels.file_name(key) for key in keys}


@pytest.mark.parametrize("processors", [1, 2])
def test_all_kernels_are_there_however_many_processes_compiled_them(cold, monkeypatch, processors) -> None:
    monkeypatch.setattr(elsewhere, "processor_count", lambda: processors)
    keys = cheap_keys(elsewhere.FEWEST + 4)
    before = kernels.statistics["compiled"]
    addresses = kernels.prepare(keys, quiet=True)
    assert len(set(addresses)) == len(keys) and all(addresses)
    assert {p.name for p in cold.iterdir()} >= {kernels.file_name(key) for key in keys}
    assert kernels.statistics["compiled"] - before == len(keys)


@pytest.mark.parametrize("fault", ["cannot start", "says something else", "loses its work"])
def test_what_fails_elsewhere_is_compiled_here(cold, monkeypatch, fault) -> None:
    def refuse(self) -> None:
        raise OSError("no process")

    monkeypatch.setattr(elsewhere, "processor_count", lambda: 2)
    if fault == "cannot start":
        monkeypatch.setattr(elsewhere.Compiler, "__init__", refuse)
    else:
        monkeypatch.setattr(elsewhere.Compiler, "compile", lambda self, key: fault == "loses its work")
    keys = cheap_keys(elsewhere.FEWEST)
    assert all(kernels.prepare(keys, quiet=True))


def test_ops_of_a_script_are_compiled_here() -> None:
    @gn.op("x(*s) -> y(*s)", latex="x", samples=[(2,)], no_slope="not asked for")
    def doubled(x):
        """Twice x. Shapes: x (*s) -> y (*s)."""
        return 2 * x

    try:
        key = kernels.Key(doubled, (gn.float32, gn.float32), (1, 1), ("", ""))
        assert not elsewhere.can_go_elsewhere(key)
        assert elsewhere.can_go_elsewhere(cheap_keys(1)[0])
    finally:
        gn.undeclare("doubled")
