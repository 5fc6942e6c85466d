"""Segments that are computed again: gradients keep their bits, memory falls, and the graph tells."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.recompute import MARK

DEPTH, WIDTH, BATCH = 64, 8, 512


def segment(k: int, length: int | None):
    return gn.checkpoint(f"block {k // length}") if length else contextlib.nullcontext()


def chain(length: int | None) -> tuple[gn.Node, gn.Node, list[gn.Node]]:
    """A deep network of thin layers, whose values outweigh its weights; `length` layers a segment."""
    rng = np.random.default_rng(0)
    x = gn.input("x", ("batch", WIDTH))
    weights = [gn.parameter(rng.standard_normal((WIDTH, WIDTH)) / 3, f"w{k}") for k in range(DEPTH)]
    h = x
    for k, w in enumerate(weights):
        with segment(k, length):
            h = gn.tanh(h @ w + 0.1)
    return gn.square(h).mean(), x, weights


FEED = np.random.default_rng(1).standard_normal((BATCH, WIDTH)).astype("float32")


@pytest.mark.parametrize("length", [1, 3, 8, 64])
@pytest.mark.parametrize("optimize", [True, False])
def test_gradients_keep_their_bits(length: int, optimize: bool) -> None:
    found = []
    for each in (None, length):
        loss, x, weights = chain(each)
        nodes = [loss, *gn.gradient(loss, [x, *weights])]
        found.append([v.tobytes() for v in gn.Program(nodes, optimize=optimize).run({x: FEED})])
    assert found[0] == found[1]


def test_memory_falls_from_n_to_two_roots_of_n() -> None:
    """64 values, or 8 between segments and 8 within one; a few more are at hand while a layer is computed."""
    one = BATCH * WIDTH * 4
    values = {}
    for length in (None, 4, 8, 16):
        loss, x, _ = chain(length)
        values[length] = gn.Program(gn.gradient(loss, x)).memory(batch=BATCH)["arena"] / one
    assert 64 <= values[None] <= 68
    assert values[8] <= 8 + 8 + 2
    assert values[4] <= 16 + 4 + 2
    assert values[16] <= 4 + 16 + 2


@pytest.mark.parametrize("optimizer", [gn.optim.Adam(0.1), gn.optim.SGD(0.1)], ids=["adam", "sgd"])
def test_a_training_step_needs_less_memory_too(optimizer: gn.optim.Optimizer) -> None:
    used = []
    for length in (None, 8):
        loss, _, weights = chain(length)
        updates = optimizer.updates(weights, gn.gradient(loss, weights))
        used.append(gn.Program(loss, updates=updates).memory(batch=BATCH)["arena"])
    assert used[1] < 0.3 * used[0]
    # A layer's value is needed until its slope is known, and no longer for the step.
    assert used[0] / (BATCH * WIDTH * 4) < DEPTH + 4


def late(extra: str) -> tuple[gn.Program, gn.Node, list[gn.Node]]:
    """A plain SGD step, and a node behind it that reads a parameter or an index."""
    loss, x, weights = chain(8)
    updates = gn.optim.SGD(0.1).updates(weights, gn.gradient(loss, weights))
    rows = gn.input("rows", (2,), "int64")
    last = (weights[0] * weights[0]).sum() if extra == "read" else gn.take_rows(x, rows)
    return gn.Program([loss, last], updates), rows, weights


def test_a_step_that_is_made_early_comes_behind_all_that_reads_the_old_weights() -> None:
    program, _, weights = late("read")
    for _ in range(3):
        before = weights[0].value.astype("float64")
        _, found = program.run({"x": FEED})
        np.testing.assert_allclose(found, np.square(before).sum(), rtol=1e-6)
    assert not np.array_equal(weights[0].value, before)


def test_a_fault_behind_a_step_that_is_made_early_leaves_all_weights_as_they_were() -> None:
    program, rows, weights = late("fault")
    first = [w.value.tobytes() for w in weights]
    with pytest.raises(gn.FaultError, match=r"rows\[1\] is 99999"):
        program.run({"x": FEED, rows: [0, 99999]})
    assert [w.value.tobytes() for w in weights] == first
    program.run({"x": FEED, rows: [0, 1]})
    assert all(w.value.tobytes() != old for w, old in zip(weights, first, strict=True))


@pytest.mark.parametrize("length", [None, 8])
def test_steps_that_are_made_early_are_those_of_the_gradients(length: int | None) -> None:
    """Beside them, a program that writes all gradients down."""
    loss, _, weights = chain(length)
    slopes = gn.gradient(loss, weights)
    wanted = [
        w.value - np.float32(0.1) * g
        for w, g in zip(weights, gn.Program(slopes).run({"x": FEED}), strict=True)
    ]
    gn.Program(loss, gn.optim.SGD(0.1).updates(weights, slopes)).run({"x": FEED})
    for w, value in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(w.value, value, rtol=1e-6, atol=1e-8)


def test_slopes_read_copies_and_what_leaves_a_segment_is_kept() -> None:
    a = gn.scalar(0.5, "a")
    with gn.checkpoint("part"):
        b = gn.exp(a)
        c = gn.sin(b)
    forward = gn.Graph(c)
    graph = gn.Graph(gn.gradient(c * c, a))
    copies = [n for n in graph.nodes if n.op in (b.op, c.op) and n not in forward]
    assert [n.op.name for n in copies] == ["exp"], "sin leaves the segment"
    assert copies[0].origin is not None
    assert copies[0].origin.node is b
    assert copies[0].scope == b.scope == f"{MARK}part"
    assert [n.op.name for n in copies[0].operands] == ["again"]


def test_simplify_does_not_merge_a_copy_with_its_original() -> None:
    loss, x, _ = chain(8)
    slope = gn.gradient(loss, x)
    count = [n.op.name for n in gn.Graph(gn.simplify(slope)).nodes].count("tanh")
    # All layers twice but the last of each segment, whose values leave it.
    assert count == 2 * DEPTH - DEPTH // 8


def test_random_draws_are_the_same_when_they_are_drawn_again() -> None:
    found = []
    for mark in (False, True):
        x, n = gn.input("x", (64, 8)), gn.constant(3)
        with gn.checkpoint("noisy") if mark else contextlib.nullcontext():
            h = gn.dropout(gn.exp(x), 0.5, n, 7)
            h = h * gn.tanh(h + gn.random_normal(n, (64, 8), 8))
        found.append(gn.Program(gn.gradient(h.sum(), x)).run({x: FEED[:64]}).tobytes())
    assert found[0] == found[1]


def test_branches_whole_numbers_constants_and_composites_may_stand_in_a_segment() -> None:
    found = []
    for mark in (False, True):
        x, rows = gn.input("x", (4, 3), "float64"), gn.input("rows", (5,), "int64")
        before = gn.sin(x)
        with gn.checkpoint("outer") if mark else contextlib.nullcontext():
            with gn.scope("inner"):
                picked = gn.take_rows(before, (rows + 1) * 1)
                skip = gn.softplus(picked)
            with gn.checkpoint("nested") if mark else contextlib.nullcontext():
                scale = gn.constant(np.ones(3), "float64") * 2.0
                y = gn.log_softmax(picked * scale) + gn.where(
                    picked > 0.0, skip, picked.cast("float32").cast("float64")
                )
        loss = (y * skip.mean()).sum()
        first = gn.gradient(loss, x)
        feeds = {x: np.random.default_rng(2).standard_normal((4, 3)), rows: np.array([0, 2, 1, 0, 2])}
        found.append([v.tobytes() for v in gn.Program([loss, first]).run(feeds)])
    assert found[0] == found[1]


def test_slopes_of_slopes_agree() -> None:
    found = []
    for mark in (False, True):
        x = gn.input("x", (5,), "float64")
        with gn.checkpoint("part") if mark else contextlib.nullcontext():
            y = gn.tanh(gn.exp(gn.sin(x)) * x)
        first = gn.gradient(gn.square(y).sum(), x)
        second = gn.gradient((first * np.arange(1.0, 6.0)).sum(), x)
        found.append(gn.Program([first, second]).run({x: np.linspace(-1, 1, 5)}))
    for plain, again in zip(*found, strict=True):
        np.testing.assert_allclose(plain, again, rtol=1e-13)


@pytest.mark.parametrize("name", ["", 3, None, "a/b"], ids=repr)
def test_a_block_has_a_name(name) -> None:
    with pytest.raises(gn.SettingError, match="name"), gn.checkpoint(name):
        pass
