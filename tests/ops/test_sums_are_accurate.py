"""Long float32 sums keep the accuracy that their docstring states, whatever axis they run along."""

from __future__ import annotations

import math

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine.program import Program

UNIT = 2.0**-24  # the rounding of one float32 operation, relative


@pytest.mark.parametrize("n", [1, 255, 256, 257, 16384, 16385, 1_000_000])
def test_a_long_row_adds_up(n: int, rng: np.random.Generator) -> None:
    values = rng.uniform(-1, 1, n).astype(np.float32)
    x = gn.input("x", ("n",))
    found = float(Program(x.sum()).run({x: values}))
    exact = math.fsum(values.tolist())
    assert abs(found - exact) <= 140 * UNIT * np.abs(values).sum(dtype=np.float64)


def test_a_million_rows_add_up(rng: np.random.Generator) -> None:
    values = rng.uniform(0, 1, (1_000_000, 3)).astype(np.float32)
    x = gn.input("x", ("n", 3))
    found = Program(x.sum(axis=0)).run({x: values})
    exact = values.sum(axis=0, dtype=np.float64)
    # Sequential, but eight rows at a time: at most n / 8 roundings, which mostly cancel.
    assert (np.abs(found - exact) <= 0.01 * 125_000 * UNIT * exact).all()


def test_whole_numbers_add_up_exactly() -> None:
    x = gn.input("x", ("n",), "int64")
    values = np.arange(10_000, dtype=np.int64) + 2**53
    assert int(Program(x.sum()).run({x: values})) == int(values.sum())
