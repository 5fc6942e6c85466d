"""Ctrl-C ends a long run quickly, between whole steps, and everything stays usable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

BEGIN = """
import json, os, signal, threading, time
import numpy as np
import graphnn as gn

def interrupt_after(seconds):
    threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

def interrupted(call):
    interrupt_after(0.4)
    began = time.perf_counter()
    try:
        call()
    except KeyboardInterrupt:
        return time.perf_counter() - began
    return None
"""

RUN = """
n, m = gn.parameter(np.zeros(200), "n", "float64"), gn.parameter(np.zeros(200), "m", "float64")
one = gn.constant(np.ones(200), "float64")
program = gn.Program((), {n: n + one, m: m + one})
program.run()
took = interrupted(lambda: program.run(repeats=10**12))
steps = n.value
after = program.run(repeats=5)
print(json.dumps({
    "took": took, "steps": float(steps[0]), "whole": bool((steps == steps[0]).all() and (m.value == n.value).all()),
    "goes on": float(n.value[0] - steps[0]),
}))
"""

BIG = """
x = y = gn.parameter(np.full((2000, 1000), 1e-3), "x", "float64")
w = gn.constant(np.full((2000, 1000), 1e-9), "float64")
for _ in range(40):
    y = y + w
total = gn.scalar(0.0, "total")
program = gn.Program((), {x: y, total: total + y[0, 0]}, optimize=False)
program.run()
before = x.value[0, 0]
took = interrupted(lambda: program.run(repeats=10**9))
steps = x.value
distinct = np.unique(steps)
count = (steps[0, 0] - 1e-3) / 4e-8
print(json.dumps({"took": took, "steps": float(count), "whole": distinct.size == 1, "goes on": 5.0}))
"""

FIT = """
rng = np.random.default_rng(0)
data = {"x": rng.normal(size=(500, 3)).astype(np.float32), "t": rng.normal(size=(500, 3)).astype(np.float32)}
x, t, w = gn.input("x", ("batch", 3)), gn.input("t", ("batch", 3)), gn.parameter(np.zeros(3), "w")
steps = gn.counter("steps")
trainer = gn.Trainer(((x * w - t) ** 2.0).mean() + 0.0 * steps.cast("float32"), gn.optim.SGD(0.01))
trainer.fit(data, epochs=1, batch=20, progress=False)
took = interrupted(lambda: trainer.fit(data, epochs=10**6, batch=20, progress=False))
count, rows = int(steps.value), len(trainer.history)
finite = bool(np.isfinite(w.value).all() and np.isfinite(trainer.history["loss"]).all())
trainer.fit(data, epochs=2, batch=20, progress=False)
print(json.dumps({
    "took": took, "steps": count, "whole": finite and rows * 25 <= count <= (rows + 1) * 25,
    "goes on": 5.0 if len(trainer.history) == rows + 2 and int(steps.value) == count + 50 else 0.0,
}))
"""


@pytest.mark.parametrize("case", [RUN, BIG, FIT], ids=["small steps", "large nodes", "fit"])
def test_an_interrupt_ends_a_long_run_quickly_after_whole_steps(case: str, root) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + case], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["took"] is not None, "the run ended by itself"
    assert found["took"] < 0.4 + 2.0
    assert found["steps"] >= 1 and found["whole"] and found["goes on"] == 5.0


def test_an_interrupted_command_ends_with_a_word_and_no_traceback(root, tmp_path) -> None:
    code = BEGIN + (
        "from graphnn.cli import main\ninterrupt_after(4.0)\n"
        f"main(['train', 'digits', '--epochs', '100000', '--hidden', '8', '--out', {str(tmp_path)!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and done.returncode != -signal.SIGINT
    assert "Traceback" not in done.stderr and ("interrupted" in done.stderr or "Aborted" in done.stderr)
