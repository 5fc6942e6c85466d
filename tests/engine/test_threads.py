"""Programs run from several Python threads give what they give alone."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import graphnn as gn


def weighted(rows: int, seed: int):
    """A program with a matrix product, its feed, and its result by NumPy in float64."""
    rng = np.random.default_rng(seed)
    data, weights = rng.normal(size=(rows, 30)), rng.normal(size=(30, 20))
    x = gn.input("x", ("batch", 30), "float64")
    program = gn.Program(gn.relu(x @ gn.parameter(weights, "w", "float64")).sum())
    return program, {"x": data}, np.maximum(data @ weights, 0).sum()


def test_one_program_gives_every_thread_the_result_of_its_own_feeds() -> None:
    x = gn.input("x", ("batch", 50))
    program = gn.Program(x + x + x)

    def call(k: int) -> bool:
        rows = 1 + k % 11
        return bool((program.run({"x": np.full((rows, 50), k)}) == 3.0 * k).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(call, range(2000)))


def test_updates_of_one_program_are_never_lost_between_threads() -> None:
    total, x = gn.parameter(np.zeros(100), "total", "float64"), gn.input("x", (100,), "float64")
    program = gn.Program((), {total: total + x})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: program.run({"x": np.full(100, float(k))}), range(500)))
    np.testing.assert_array_equal(total.value, np.full(100, sum(range(500))))


def test_many_programs_run_side_by_side_and_give_the_bits_that_they_give_alone() -> None:
    made = [weighted(rows, seed) for seed, rows in enumerate((1, 5, 64, 300, 1000, 40, 7, 2))]
    alone = [program.run(feeds) for program, feeds, _ in made]
    for value, (_, _, wanted) in zip(alone, made, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-12)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            beside = list(pool.map(lambda m: m[0].run(m[1]), made))
            assert [v.tobytes() for v in beside] == [v.tobytes() for v in alone]


def test_threads_may_build_graphs_and_take_gradients_at_the_same_time() -> None:
    def call(k: int) -> float:
        with gn.scope(f"thread{k}"):
            a = gn.scalar(float(k), "a")
            y = a * a + a
            y.backward()
        assert y.scope == f"thread{k}"
        return float(a.grad)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(200))) == [2.0 * k + 1.0 for k in range(200)]


def test_other_threads_go_on_while_a_program_runs() -> None:
    a = gn.parameter(np.zeros(1000), "a", "float64")
    x = gn.input("x", (1000,), "float64")
    program = gn.Program((), {a: a + x})
    program.run({"x": np.ones(1000)})
    ticks, done = [], threading.Event()

    def count() -> None:
        while not done.is_set():
            ticks.append(1)
            done.wait(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    program.run({"x": np.ones(1000)}, repeats=600_000)
    done.set()
    counter.join()
    assert len(ticks) >= 10


COLD = """
import threading, numpy as np, graphnn as gn
from graphnn.engine import kernels
found = []
def call():
    x = gn.input("x", (3,))
    found.append(gn.Program(x + x).run({"x": np.ones(3)}).tolist())
threads = [threading.Thread(target=call) for _ in range(6)]
for t in threads: t.start()
for t in threads: t.join()
print(found == [[2.0] * 3] * 6, kernels.statistics["compiled"])
"""


def test_threads_that_need_the_same_cold_kernel_compile_it_once(tmp_path, python_env) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLD], env=python_env(tmp_path / "cache"), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "1"], done.stderr
