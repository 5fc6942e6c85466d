"""Kill -9 at any moment: the last checkpoint is readable, and going on from it ends with the same bits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import graphnn as gn

KILLS = {"plain": (9, 8), "averaged": (9, 8), "gathered": (8, 8)}


@pytest.mark.slow
def test_trainings_that_are_killed_fifty_times_end_with_the_bits_of_those_that_were_not(
    tmp_path: Path,
) -> None:
    total = {"kills": 0, "in a save": 0, "within an epoch": 0}
    epochs: list[int] = []
    for kind, kills in KILLS.items():
        folder = tmp_path / kind
        folder.mkdir()
        # Two interpreters with different hashes: the second goes on with what the first has left.
        for count, end in zip(kills, ("leave", "finish"), strict=True):
            done = subprocess.run(
                [
                    sys.executable,
                    Path(__file__).with_name("killed_training.py"),
                    folder,
                    kind,
                    str(count),
                    end,
                ],
                env={
                    **os.environ,
                    "PYTHONPATH": str(Path(gn.__file__).parents[1]),
                    "PYTHONHASHSEED": str(count),
                },
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            report = json.loads(done.stdout)
            assert report["different"] == [], kind
            for word in total:
                total[word] += report[word]
            epochs += report["epochs"]
        one, two = (json.loads((folder / f"peace {end}.json").read_text()) for end in ("leave", "finish"))
        assert one == two, kind
    print(f"\n{total}, epochs of the checkpoints that were found: {epochs}")
    assert total["kills"] == 50
    # Some kills fell into a saving, and trainings were gone on with from many places.
    assert total["in a save"] > 0 and len(set(epochs)) > 5
