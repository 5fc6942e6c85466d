"""Parameters and their gradients lie in flat buffers, so that one call updates all; the numbers do not change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.storage import LINE_BYTES


def step(optimizer: gn.optim.Optimizer, seed: int = 2) -> tuple[gn.Program, list[gn.Node]]:
    x, y = gn.input("x", ("batch", 5)), gn.input("y", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(7, gn.tanh), gn.nn.Dense(3)], seed=seed)
    loss = gn.softmax_cross_entropy(net(x), y)
    weights = list(net.parameters)
    return gn.Program(loss, optimizer.updates(weights, gn.gradient(loss, weights))), weights


FEEDS = {
    "x": np.random.Generator(np.random.Philox(1)).normal(size=(6, 5)),
    "y": np.array([0, 1, 2, 2, 1, 0]),
}


def test_updated_parameters_lie_side_by_side_at_lines_of_the_cache() -> None:
    _, weights = step(gn.optim.SGD(0.1))
    arrays = [w.storage.array for w in weights]
    assert len({id(w.storage.buffer) for w in weights}) == 1
    for one, following in pairwise(arrays):
        assert one.ctypes.data % LINE_BYTES == 0
        assert following.ctypes.data - one.ctypes.data == -(-one.nbytes // LINE_BYTES) * LINE_BYTES


@pytest.mark.parametrize(
    ("make", "passes"), [(lambda: gn.optim.SGD(0.1, momentum=0.9), 2), (lambda: gn.optim.Adam(0.1), 3)]
)
def test_one_call_updates_all_parameters(make, passes) -> None:
    program, weights = step(make())
    pages = program.bind(FEEDS).pages
    names = [pages.nodes[row].op.name for row in pages.tops]
    steps = [n for n in names if n in ("sgd_step", "adam_step", "blend", "blend_square")]
    assert len(steps) == passes
    assert len(weights) == 4


def test_passes_over_flat_buffers_give_the_bits_of_single_updates() -> None:
    """The watched program writes each parameter on its own."""
    program, weights = step(gn.optim.Adam(0.05))
    twin, others = step(gn.optim.Adam(0.05))
    single = gn.Program(twin.outputs, dict(twin.updates), watch=True, optimize=True)
    for _ in range(5):
        program.run(FEEDS)
        single.run(FEEDS)
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-6)


def test_parameters_with_different_formulas_are_not_swept_together() -> None:
    a, b, c = (gn.parameter(np.full(5, v), n) for v, n in ((1.0, "a"), (2.0, "b"), (3.0, "c")))
    program = gn.Program((), {a: a + 1.0, b: b * 2.0, c: c * 2.0})
    program.run()
    assert [float(p.value[0]) for p in (a, b, c)] == [2.0, 4.0, 6.0]
    np.testing.assert_array_equal(b.value, np.full(5, 4.0))


def test_knobs_of_different_nodes_are_not_taken_for_one() -> None:
    weights = [gn.parameter(np.full(4, 1.0), n) for n in "ab"]
    rates = [gn.parameter(r, f"rate {r}") for r in (0.1, 0.5)]
    g = [gn.constant(np.ones(4)) for _ in weights]
    gn.Program((), {w: gn.sgd_step(w, d, r) for w, d, r in zip(weights, g, rates, strict=True)}).run()
    np.testing.assert_allclose(weights[0].value, 0.9, rtol=1e-6)
    np.testing.assert_allclose(weights[1].value, 0.5, rtol=1e-6)


def test_a_program_made_before_the_parameters_moved_finds_them() -> None:
    w, v = gn.parameter(np.ones(3), "w"), gn.parameter(np.ones(3), "v")
    look = gn.Program(w * 1.0 + v)
    before = look.run()
    gn.Program((), {w: w * 3.0, v: v * 5.0}).run()
    np.testing.assert_array_equal(before, np.full(3, 2.0))
    np.testing.assert_array_equal(look.run(), np.full(3, 8.0))


def test_a_value_that_was_read_does_not_change_with_the_parameter() -> None:
    w, v = gn.parameter(np.ones(3), "w"), gn.parameter(np.ones(3), "v")
    before = w.value
    gn.Program((), {w: w * 3.0, v: v * 5.0}).run()
    np.testing.assert_array_equal(before, np.ones(3))
