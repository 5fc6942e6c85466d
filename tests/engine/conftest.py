"""What tests of the engine share: the environment of a Python process with a kernel cache of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def python_env(root: Path) -> Callable[[Path], dict[str, str]]:
    """Environment variables for a process that uses this tree and keeps its kernels in a given folder."""

    def make(cache: Path) -> dict[str, str]:
        return {**os.environ, "GRAPHNN_CACHE_DIR": str(cache), "PYTHONPATH": str(root)}

    return make
