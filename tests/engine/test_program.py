"""A program gives outputs, then writes updates: all from the old values, or nothing at all."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine import kernels
from random_programs import random_program

A, B = np.array([1.0, 2.0, 3.0], np.float32), np.array([10.0, 20.0, 30.0], np.float32)


def pair():
    return gn.parameter(A, "a"), gn.parameter(B, "b")


def test_one_output_is_an_array_and_several_are_a_tuple() -> None:
    a, b = pair()
    single, several = gn.Program(a + b).run(), gn.Program([a + b]).run()
    assert isinstance(single, np.ndarray) and isinstance(several, tuple) and len(several) == 1
    np.testing.assert_array_equal(single, A + B)
    np.testing.assert_array_equal(several[0], A + B)


def test_outputs_are_read_only_copies_that_later_runs_do_not_touch() -> None:
    x = gn.input("x", (3,))
    program = gn.Program(x + x)
    first = program.run({"x": A})
    program.run({"x": B})
    np.testing.assert_array_equal(first, 2 * A)
    assert not first.flags.writeable


def test_two_parameters_swap() -> None:
    a, b = pair()
    gn.Program((), {a: b, b: a}).run()
    np.testing.assert_array_equal(a.value, B)
    np.testing.assert_array_equal(b.value, A)


def test_three_parameters_rotate_as_often_as_asked() -> None:
    a, b = pair()
    c = gn.parameter(A + 5, "c")
    gn.Program((), {a: b, b: c, c: a}).run(repeats=4)
    for node, wanted in ((a, B), (b, A + 5), (c, A)):
        np.testing.assert_array_equal(node.value, wanted)


def test_an_updated_parameter_that_is_an_output_shows_its_value_before_the_run() -> None:
    a, b = pair()
    old, doubled, seen = gn.Program([a, a.reshape(3, 1), a + b], {a: a + b}).run()
    np.testing.assert_array_equal(old, A)
    np.testing.assert_array_equal(doubled, A[:, None])
    np.testing.assert_array_equal(seen, A + B)
    np.testing.assert_array_equal(a.value, A + B)


def test_every_update_reads_the_old_values_of_all_parameters() -> None:
    a, b = pair()
    gn.Program((), {a: a + b, b: b + a}).run()
    np.testing.assert_array_equal(a.value, A + B)
    np.testing.assert_array_equal(b.value, A + B)


def test_one_new_value_may_serve_two_parameters_and_an_output() -> None:
    a, b = pair()
    new = a + b
    out = gn.Program(new, {a: new, b: new}).run()
    for array in (out, a.value, b.value):
        np.testing.assert_array_equal(array, A + B)


def test_a_reshaped_parameter_that_is_read_after_its_update_was_made_still_has_its_old_value() -> None:
    a, b = pair()
    view = a.reshape(1, 3)
    new = a + b
    late = view + new.reshape(1, 3)
    out = gn.Program(late, {a: new}).run()
    np.testing.assert_array_equal(out, [2 * A + B])
    np.testing.assert_array_equal(a.value, A + B)


def test_a_pointwise_update_is_written_in_place_and_needs_no_room() -> None:
    w, g = gn.parameter(np.ones(1000), "w"), gn.input("g", (1000,))
    program = gn.Program((), {w: w + g})
    bound = program.bind({"g": np.ones(1000)})
    assert bound.memory()["arena"] == 0
    program.run({"g": np.full(1000, 2.0)}, repeats=3)
    np.testing.assert_array_equal(w.value, np.full(1000, 7.0))


def test_repeats_are_the_same_as_runs() -> None:
    (a, b), (c, d) = pair(), pair()
    repeated, single = gn.Program(a, {a: a + b, b: b + a}), gn.Program(c, {c: c + d, d: d + c})
    last = [single.run() for _ in range(9)][-1]
    np.testing.assert_array_equal(repeated.run(repeats=9), last)
    np.testing.assert_array_equal(a.value, c.value)
    np.testing.assert_array_equal(b.value, d.value)


def test_a_program_runs_at_any_batch_size_and_forgets_none_of_its_parameters() -> None:
    x, w = gn.input("x", ("batch", 3)), gn.parameter(A, "w")
    program = gn.Program((x + w).sum(), {w: w + w})
    scale = 1.0
    for rows in (1, 7, 0, 1000, 2, 3, 4, 5, 6, 8, 9, 10, 1):  # more sizes than are kept at once
        data = np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)
        wanted = data.astype(np.float64).sum() + rows * scale * A.sum()
        assert program.run({"x": data}) == pytest.approx(wanted, rel=1e-6)
        scale *= 2.0
    np.testing.assert_array_equal(w.value, A * scale)


def test_sizes_give_the_axes_that_no_feed_carries() -> None:
    a, _ = pair()
    spread = gn.Program(gn.broadcast_to(a, ("rows", 3)) + a)
    for rows in (1, 4):
        np.testing.assert_array_equal(spread.run(sizes={"rows": rows}), np.tile(2 * A, (rows, 1)))


def test_a_sum_of_axes_takes_only_feeds_that_fit() -> None:
    x, z = gn.input("x", ("n",)), gn.input("z", ("2*n+1",))
    program = gn.Program([x + x, z + z])
    for n in (0, 1, 3):
        double, more = program.run({"x": np.ones(n), "z": np.ones(2 * n + 1)})
        assert double.shape == (n,) and more.shape == (2 * n + 1,)
    with pytest.raises(gn.ShapeError, match=r"feed 'z': axis 0 is 6, wanted 2\*n\+1 = 7"):
        program.run({"x": np.ones(3), "z": np.ones(6)})


def test_no_kernel_is_compiled_for_a_new_graph_or_a_new_batch_size() -> None:
    def chain(length, shape):
        x = y = gn.input("x", shape)
        for _ in range(length):
            y = y + x
        return gn.Program(y)

    chain(2, (4,)).run({"x": np.ones(4)})
    before = dict(kernels.statistics)
    for length, shape in ((50, ("batch", 3)), (3, (2, 5, 2)), (1, ("batch",))):
        program = chain(length, shape)
        for size in (1, 2, 30):
            actual = tuple(size if d == "batch" else d for d in shape)
            np.testing.assert_array_equal(program.run({"x": np.ones(actual)}), np.full(actual, length + 1.0))
    assert kernels.statistics == before


def test_values_are_the_same_with_and_without_optimisation() -> None:
    x, (a, b) = gn.input("x", ("batch", 3)), pair()
    y = (x + a) + (x + a) + (gn.constant(2.0) + 3.0) + (b + 0.0)
    feeds = {"x": np.arange(6.0).reshape(2, 3)}
    np.testing.assert_array_equal(gn.Program(y).run(feeds), gn.Program(y, optimize=False).run(feeds))


def looked_up():
    """A program that adds a looked-up row to the parameter, and counts."""
    table, count = gn.parameter(np.arange(8.0).reshape(4, 2), "table"), gn.parameter(np.zeros(2), "count")
    rows = gn.input("rows", ("n",), "int64")
    with gn.scope("model"):
        found = gn.take_rows(table, rows).named("found")
    return gn.Program(found, {table: table + 1.0, count: count + 1.0}), table, count


def test_a_fault_names_node_scope_and_datum_and_leaves_every_parameter_unchanged() -> None:
    program, table, count = looked_up()
    with pytest.raises(gn.FaultError, match=r"'found' in model: .*4.*") as caught:
        program.run({"rows": [0, 1, 4]})
    assert "step" not in str(caught.value)
    np.testing.assert_array_equal(table.value, np.arange(8.0).reshape(4, 2))
    np.testing.assert_array_equal(count.value, [0.0, 0.0])
    np.testing.assert_array_equal(program.run({"rows": [3]}), [[6.0, 7.0]])


def test_a_fault_in_a_later_step_names_the_step_and_keeps_the_whole_steps_before_it() -> None:
    table = gn.parameter(np.arange(3.0), "table")
    at = gn.counter("at")
    picked = gn.take_rows(table, gn.expand_dims(at, 0))
    loss = picked.sum()
    total = gn.scalar(0.0, "total")
    seen = total * total
    seen.backward()
    program = gn.Program((), {at: at + 1, total: total + loss.cast("float64")})
    with pytest.raises(gn.FaultError, match=r"in step 4: .*3"):
        program.run(repeats=10)
    assert at.value == 3 and total.value == 0.0 + 1.0 + 2.0
    assert gn.gradient_state(total) == "stale"


def test_a_watched_program_names_the_first_node_that_is_not_finite_and_writes_nothing() -> None:
    a, b = pair()
    with gn.scope("net"):
        difference = (a - b + 9.0).named("difference")
        root = gn.log(difference).named("root")
    later = (root + a).named("later")
    program = gn.Program(later.sum(), {a: later}, watch=True)
    with pytest.raises(
        gn.NotFiniteError, match=r"'root' float32 .* in net: its value has -inf at element 0"
    ) as caught:
        program.run()
    assert "x = 'difference'" in str(caught.value) or "x is in [-18, 0]" in str(caught.value)
    np.testing.assert_array_equal(a.value, A)
    unwatched = gn.Program(later.sum())
    assert np.isnan(unwatched.run())


def test_a_watched_program_that_stays_finite_gives_the_same_as_an_unwatched_one() -> None:
    (a, b), (c, d) = pair(), pair()
    watched, plain = gn.Program(a + b, {a: a - b}, watch=True), gn.Program(c + d, {c: c - d})
    for _ in range(3):
        np.testing.assert_array_equal(watched.run(), plain.run())
    np.testing.assert_array_equal(a.value, c.value)


def test_a_program_sees_values_that_are_set_between_runs() -> None:
    a, b = pair()
    program = gn.Program(a + b)
    program.run()
    a.value = [7.0, 8.0, 9.0]
    np.testing.assert_array_equal(program.run(), B + a.value)


def test_a_value_that_was_taken_does_not_change_when_the_parameter_does() -> None:
    a, b = pair()
    before = a.value
    gn.Program((), {a: a + b}).run()
    np.testing.assert_array_equal(before, A)


def test_the_same_run_twice_gives_the_same_bits() -> None:
    def trained():
        rng = np.random.default_rng(3)
        x, w = gn.input("x", ("batch", 40)), gn.parameter(rng.normal(size=(40, 30)), "w")
        loss = ((x @ w) ** 2.0).mean()
        program = gn.Program(loss, {w: w - 0.1 * gn.gradient(loss, w)})
        losses = [program.run({"x": rng.normal(size=(50, 40))}) for _ in range(5)]
        return np.array(losses).tobytes() + w.value.tobytes()

    assert trained() == trained()


def reference_run(outputs, updates, feeds):
    """What a run gives and writes, by the NumPy meaning of every node."""
    values = gn.interpret([*outputs, *updates.values()], feeds)
    return values[: len(outputs)], dict(zip(updates, values[len(outputs) :], strict=True))


@pytest.mark.parametrize("batch", [0, 1, 7, 6000])
@pytest.mark.parametrize("seed", range(12))
def test_a_random_program_computes_and_writes_what_its_nodes_mean(seed: int, batch: int) -> None:
    outputs, updates = random_program(seed)
    program = gn.Program(outputs, updates)
    rng = np.random.default_rng(seed)
    for _ in range(3):
        feeds = {"x": rng.normal(size=(batch, 4)).astype(np.float32)}
        values, written = reference_run(outputs, updates, feeds)
        for found, wanted in zip(program.run(feeds), values, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=2e-5)
        for parameter, wanted in written.items():
            np.testing.assert_allclose(parameter.value, wanted, rtol=2e-4, atol=2e-5, err_msg=parameter.name)
            parameter.value = np.nan_to_num(wanted)
