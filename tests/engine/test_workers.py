"""Helping threads change the time of a run, never its bits."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine.workers import Workers, thread_count

# Large enough that products and pointwise ops are cut for threads.
_STEP = """
import hashlib, numpy as np, graphnn as gn
rng = np.random.default_rng(0)
x, y = gn.input("x", ("batch", 200)), gn.input("y", ("batch",), "int64")
net = gn.nn.Sequential([gn.nn.Dense(130, gn.relu), gn.nn.Dense(150, gn.tanh), gn.nn.Dense(10)], seed=1)
loss = gn.softmax_cross_entropy(net(x), y)
program = gn.Program(loss, gn.optim.Adam(0.01).updates(net.parameters, gn.gradient(loss, net.parameters)))
feeds = {"x": rng.normal(size=(150, 200)), "y": rng.integers(0, 10, 150)}
assert len(program.bind(feeds).pages.tops) == len(program.bind(feeds).pages.nodes) or THREADS > 1
for _ in range(20):
    program.run(feeds)
program.run(feeds, repeats=20)
print(hashlib.sha256(b"".join(np.array(p.value).tobytes() for p in net.parameters)).hexdigest())
"""


def bits_with(threads: int) -> str:
    code = f"import os; os.environ['GRAPHNN_THREADS'] = '{threads}'; THREADS = {threads}\n{_STEP}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_training_step_gives_the_same_bits_with_any_number_of_threads() -> None:
    alone = bits_with(1)
    assert alone == bits_with(2) == bits_with(3)


def large_program() -> tuple[gn.Program, np.ndarray]:
    rng = np.random.Generator(np.random.Philox(5))
    a, b = (gn.parameter(rng.normal(size=(160, 160)), name) for name in "ab")
    return gn.Program(gn.tanh(a @ b) @ b), np.array(a.value)


def test_programs_in_several_threads_at_once_agree_with_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", "2")
    wanted = large_program()[0].run()
    found: list[np.ndarray] = []

    def work() -> None:
        program = large_program()[0]
        for _ in range(30):
            found.append(program.run())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 90
    assert all(np.array_equal(wanted, f) for f in found)


def test_helpers_are_lent_to_one_program_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", "1")
    workers = Workers()
    with workers.lent() as first:
        assert first != 0
        with workers.lent() as second:
            assert second == 0
    with workers.lent() as again:
        assert again == first


def test_a_wrong_thread_count_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in ("0", "many", "-1", "1000"):
        monkeypatch.setenv("GRAPHNN_THREADS", word)
        with pytest.raises(gn.SettingError, match="GRAPHNN_THREADS is a whole number from 1 to 256"):
            thread_count()


def test_a_thread_that_runs_a_program_takes_the_place_of_a_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Workers()
    for threads, lent in ((1, False), (2, False), (3, True)):
        monkeypatch.setenv("GRAPHNN_THREADS", str(threads))
        workers.running.update({1: None, 2: None})
        with workers.lent() as control:
            assert (control != 0) == lent
