"""Ten thousand damaged files: each is read or refused in a sentence, soon, and within its room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
COUNT = 5000


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 5000])
def test_damaged_files_are_read_or_refused(first: int) -> None:
    """In a process that has 256 MB for it: a larger allocation, or more than 2 s for a file, is seen."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(TESTS / "onnx_damage.py"), str(first), str(COUNT)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["bad"] == []
    assert found["read"] + found["refused"] == COUNT
    # A fuzz that is refused at the door sees nothing of the house.
    assert found["evaluated"] > COUNT // 10
