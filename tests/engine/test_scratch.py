"""Working memory of kernels: each part has its own, what it holds before is anybody's, and it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.op import View
from graphnn.core.registry import OPS
from graphnn.core.storage import padded
from graphnn.engine import parts

ROWS, LENGTH = 40, 33


@pytest.fixture
def reversed_rows() -> Iterator[gn.core.op.Op]:
    """Each row turned round by way of a row of scratch, cut by rows for threads."""

    @gn.op("x(m, n) -> y(m, n)", latex="{x}", samples=[(3, 4)], no_slope="a test")
    def reversed_rows(x):
        """Rows turned round. Shapes: x (m, n) -> y (m, n)."""
        return x[:, ::-1]

    @reversed_rows.view
    def reversed_rows_view(x, y):
        return View((x, y), {"first": 0, "last": x[0], "work": x[0] * x[1]})

    @reversed_rows.shard
    def reversed_rows_shard(view, count):
        rows = view.shapes[0][0]
        step = -(-rows // count)
        return [
            View(view.shapes, {**view.ints, "first": k, "last": min(k + step, rows)})
            for k in range(0, rows, step)
        ]

    @reversed_rows.scratch
    def reversed_rows_scratch(view):
        return view.shapes[0][1]

    @reversed_rows.kernel
    def reversed_rows_kernel(x, y, scratch, first, last):
        for i in range(first, last):
            for j in range(scratch.size):
                scratch[j] = x[i, j]
            for j in range(scratch.size):
                y[i, j] = scratch[scratch.size - 1 - j]

    yield reversed_rows
    OPS.pop("reversed_rows", None)


def feed(dtype: str = "float32") -> np.ndarray:
    return np.arange(ROWS * LENGTH, dtype=dtype).reshape(ROWS, LENGTH)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_parts_do_not_share_their_scratch(monkeypatch, reversed_rows, threads: str, dtype: str) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", threads)
    monkeypatch.setattr(parts, "_SHARD", 1)
    x = gn.input("x", ("m", LENGTH), dtype)
    program = gn.Program(reversed_rows(x * 2.0))
    fed = {x: feed(dtype)}
    for _ in range(50):
        np.testing.assert_array_equal(program.run(fed), 2 * feed(dtype)[:, ::-1])
    pages = program.bind(fed).pages
    called = [
        row for row, node in enumerate(pages.nodes) if node.op is reversed_rows and pages._keys[row] >= 0
    ]
    # x and y with their two axes, then address and size of scratch
    rooms = [tuple(pages.words[pages._begins[row] + 6 :][:2].tolist()) for row in called]
    assert len(rooms) == int(threads)
    assert all(count == LENGTH for _, count in rooms)
    places = sorted(at for at, _ in rooms)
    assert all(b - a >= LENGTH * np.dtype(dtype).itemsize for a, b in pairwise(places))


def test_scratch_lies_in_the_arena_and_is_counted(monkeypatch, reversed_rows) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", "3")
    monkeypatch.setattr(parts, "_SHARD", 1)
    x = gn.input("x", ("m", LENGTH))
    program = gn.Program(reversed_rows(x))
    bound = program.bind({x: feed()})
    room, value = 3 * padded(4 * LENGTH), 4 * ROWS * LENGTH
    memory = bound.memory()
    assert memory["peak_live"] == value + room
    assert value + room <= memory["arena"] <= 1.15 * memory["peak_live"]
    node = bound.plan.steps[0]
    at, out = bound.plan.scratch[node], bound.plan.offsets[node]
    assert at >= 0 and at + room <= bound.plan.layout.size
    assert at + room <= out or out + value <= at


def test_scratch_is_room_again_for_later_values(reversed_rows) -> None:
    x = gn.input("x", ("m", LENGTH))
    y = x
    for _ in range(6):
        y = reversed_rows(y)
    memory = gn.Program(y).memory({x: feed()})
    assert memory["arena"] <= 1.15 * (2 * padded(4 * ROWS * LENGTH) + padded(4 * LENGTH))


def test_rubbish_in_scratch_changes_nothing(reversed_rows) -> None:
    x = gn.input("x", ("m", LENGTH))
    program = gn.Program(reversed_rows(x))
    bound = program.bind({x: feed()})
    bound.arena[:] = 255  # NaN as float32
    np.testing.assert_array_equal(program.run({x: feed()}), feed()[:, ::-1])


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows_and_one_row_run(reversed_rows, rows: int) -> None:
    x = gn.input("x", ("m", LENGTH))
    found = gn.Program(reversed_rows(x)).run({x: feed()[:rows]})
    np.testing.assert_array_equal(found, feed()[:rows, ::-1])


def test_a_row_of_no_numbers_needs_no_scratch(reversed_rows) -> None:
    x = gn.input("x", (3, 0))
    assert gn.Program(reversed_rows(x)).run({x: np.zeros((3, 0))}).shape == (3, 0)


def test_traced_and_stepped_runs_have_scratch_too(reversed_rows) -> None:
    x = gn.input("x", (ROWS, LENGTH))
    y = reversed_rows(reversed_rows(x))
    np.testing.assert_array_equal(gn.trace(gn.sum(y), {x: feed()}).value(y), feed())
    stepper = gn.Stepper(y, {x: feed()})
    while stepper.waiting:
        stepper.step()
    np.testing.assert_array_equal(stepper.value(y), feed())


def test_an_elementwise_signature_may_have_scratch() -> None:
    @gn.op("x(*s) -> y(*s)", latex="{x}", samples=[(3, 4)], no_slope="a test")
    def running_sum(x):
        """Sum of all elements so far. Shapes: x (*s) -> y (*s)."""
        return np.cumsum(x).reshape(x.shape)

    @running_sum.scratch
    def running_sum_scratch(view):
        return 1

    @running_sum.kernel
    def running_sum_kernel(x, y, scratch):
        scratch[0] = 0.0
        for i in range(y.size):
            scratch[0] += x[i]
            y[i] = scratch[0]

    try:
        x = gn.input("x", ("n",), "float64")
        ones = np.ones(70_000)
        found = gn.Program(running_sum(x * 1.0) + 1.0).run({x: ones})
        np.testing.assert_array_equal(found, np.cumsum(ones) + 1.0)
    finally:
        OPS.pop("running_sum", None)
