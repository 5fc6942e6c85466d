"""Every example in a docstring of graphnn and viz runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import os
import pkgutil
from pathlib import Path

import pytest

import graphnn
import viz


def modules() -> list[str]:
    """All modules whose text has an example, in alphabetical order."""
    found = []
    for package in (graphnn, viz):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            file = importlib.util.find_spec(module.name).origin
            if not module.name.endswith("__main__") and ">>> " in Path(file).read_text(encoding="utf-8"):
                found.append(module.name)
    return sorted([*found, "graphnn"])


@pytest.mark.usefixtures("declared_ops_go_again")
@pytest.mark.parametrize("name", modules())
def test_examples_show_what_they_say(name: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    # What an example defines is the reader's, not the module's.
    found = doctest.testmod(module, optionflags=flags, extraglobs={"__name__": "__main__"})
    assert found.failed == 0
    assert os.listdir(tmp_path) == [], "an example leaves files behind"
