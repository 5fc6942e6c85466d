"""The same graph gives the same bytes: in every text format and view, in another process, with another hash seed."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import hashlib
import sys
import numpy as np
import graphnn as gn
import viz
from viz.drawing import FORMATS

w, x = gn.parameter(np.arange(6.0).reshape(3, 2) / 7, "w"), gn.input("x", ("batch", 3))
with gn.scope("net"):
    hidden = gn.tanh(x @ w)
with gn.scope("head"):
    loss = gn.mean(gn.square(hidden) + gn.stop_gradient(hidden)).named("loss")
run = gn.trace(loss, {"x": np.linspace(-1, 1, 12).reshape(4, 3)})
s = gn.scalar(0.7, "s")
second = gn.trace(gn.gradient(gn.gradient(gn.tanh(s) * s, s), s) * 1.0)
step = gn.Trainer(loss, gn.optim.Adam(0.1))

sources = {"step": step, "second": second}
drawings = {}
for view in viz.VIEWS:
    if view != "time":  # what is measured differs from run to run
        drawings[view] = viz.draw(sources.get(view, run), view=view, to="w" if view == "paths" else None)
drawings["folded"] = viz.draw(run, depth=1)
drawings["hidden"] = viz.draw(run, hide=["constants", "broadcasts"], theme="print")
drawings["focus"] = viz.draw(run, focus="loss", reach=1, slide="16:9")
drawings["diff"] = viz.diff(gn.Graph(gn.tanh(s)), gn.Graph(gn.relu(s) * 2.0))
for name, drawing in drawings.items():
    for ending, write in FORMATS.items():
        if ending != ".png":
            print(name, ending, hashlib.sha256(write(drawing)).hexdigest())
quiz = viz.quiz(run, seed=3)
for page in (quiz.sheet, quiz.key):
    print("quiz", hashlib.sha256(page.svg.encode()).hexdigest())
for k, frame in enumerate(viz.frames(gn.trace(gn.tanh(s) * s))):
    print("frame", k, hashlib.sha256(frame.svg.encode()).hexdigest())
print("player", hashlib.sha256(viz.player(run).encode()).hexdigest())
"""


def bytes_of_everything(hash_seed: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, check=False, encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_view_in_every_text_format_has_the_same_bytes_with_any_hash_seed() -> None:
    first, other = bytes_of_everything("0"), bytes_of_everything("987")
    assert len(first) > 190
    assert [one for one, two in zip(first, other, strict=True) if one != two] == []
