"""Neighbouring pointwise nodes run tile by tile: the same bits as one by one, with less memory."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import FaultError, KernelError
from graphnn.core.registry import OPS
from graphnn.engine import tiles

TILE = tiles.tile_elements(4)
SMALLEST = tiles.SMALLEST
SIZES = [
    SMALLEST - 1, SMALLEST, SMALLEST + 1, SMALLEST + TILE - 1, SMALLEST + TILE, SMALLEST + TILE + 1, 10_007, 100_003,
]  # fmt: skip


def numbers(*shape: int, seed: int = 3, dtype: str = "float32") -> np.ndarray:
    return np.random.Generator(np.random.Philox(seed)).normal(size=shape).astype(dtype)


def draw(rng: np.random.Generator, leaves: list[gn.Node], steps: int) -> list[gn.Node]:
    """Random pointwise nodes of one size, of several dtypes, with still and 0-d operands."""
    floats, masks = list(leaves), [leaves[0] > 0.1]
    for _ in range(steps):
        a, b = (floats[int(k)] for k in rng.integers(len(floats), size=2))
        kind = int(rng.integers(9))
        if kind == 0:
            floats.append(a + b)
        elif kind == 1:
            floats.append(gn.tanh(a * 0.5))
        elif kind == 2:
            floats.append(gn.relu(a) - b)
        elif kind == 3:
            masks.append(a > b)
        elif kind == 4:
            floats.append(gn.where(masks[int(rng.integers(len(masks)))], a, b))
        elif kind == 5:
            floats.append(a.cast("float64").cast("float32") * 0.25)
        elif kind == 6:
            floats.append(gn.square(gn.sigmoid(a)))
        elif kind == 7:
            floats.append(a * b.reshape((-1,)).mean())
        else:
            floats.append(gn.blend(a, b, 0.3, 0.7))
    return [floats[-1], floats[len(floats) // 2], masks[-1], gn.sum(floats[-2])]


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("threads", ["1", "2", "3"])
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_have_the_same_bits_in_tiles(monkeypatch, seed: int, threads: str) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", threads)
    rng = np.random.default_rng(seed)
    size = SIZES[seed % len(SIZES)]
    leaves = [gn.input(name, ("n",)) for name in "abc"]
    outputs = draw(rng, leaves, 25)
    feeds = {leaf: numbers(size, seed=seed + k) for k, leaf in enumerate(leaves)}
    tiled, plain = gn.Program(outputs), gn.Program(outputs, tiles=False)
    for _ in range(2):  # the pages are written anew in each run
        for one, other in zip(tiled.run(feeds), plain.run(feeds), strict=True):
            assert same_bits(one, other)
    assert bool(tiled.bind(feeds).plan.tiles) == (size >= SMALLEST)
    assert not plain.bind(feeds).plan.tiles


@pytest.mark.parametrize("size", [0, 1, 2, 63, 64, 65, 127, 128, 129, 191, 193, 640, 641])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_sizes_around_tiny_tiles_have_the_same_bits(monkeypatch, size: int, threads: str) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", threads)
    monkeypatch.setattr(tiles, "SMALLEST", 1)
    monkeypatch.setattr(tiles, "TILE_BYTES", 256)
    monkeypatch.setattr(tiles, "_SHARD", 1)
    monkeypatch.setattr(tiles, "SLICE_WORK", 1_000)
    monkeypatch.setattr(tiles, "LARGE", 1_000)
    x, k = gn.input("x", ("n",)), gn.parameter(0.3, "k")
    y = gn.tanh(x * k) + x
    z = gn.where(y > 0.0, y, gn.exp(y) - 1.0)
    outputs = [z, y, gn.sum(z * y)]
    fed = {x: numbers(size)}
    for one, other in zip(
        gn.Program(outputs).run(fed), gn.Program(outputs, tiles=False).run(fed), strict=True
    ):
        assert same_bits(one, other)


def chain(x: gn.Node, links: int = 10) -> gn.Node:
    for k in range(links):
        x = (x * 1.01, x + 0.5, gn.relu(x), x - 0.3, gn.square(x))[k % 5]
    return x


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_chain_hands_on_has_room_for_tiles_only(monkeypatch, threads: int) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", str(threads))
    x = gn.input("x", (1_000_000,))
    tiled, plain = (gn.Program(chain(x), tiles=on).memory({x: numbers(1_000_000)}) for on in (True, False))
    assert plain["arena"] >= 8_000_000
    assert tiled["arena"] <= 4_000_000 + threads * 8 * tiles.TILE_BYTES
    assert tiled["peak_live"] >= 4_000_000 + threads * tiles.TILE_BYTES
    assert tiled["arena"] <= 1.15 * tiled["peak_live"]


def test_a_result_takes_the_room_of_a_value_read_for_the_last_time() -> None:
    x = gn.input("x", (300, 300))
    y = x @ x  # in the arena, and read by the first of the neighbours only
    z = gn.tanh(gn.square(gn.relu(y) * 0.1))
    program = gn.Program(z @ x)
    memory = program.memory({x: numbers(300, 300)})
    assert memory["arena"] <= 1.2 * 2 * 360_000
    assert same_bits(
        program.run({x: numbers(300, 300)}), gn.Program(z @ x, tiles=False).run({x: numbers(300, 300)})
    )


@pytest.mark.parametrize("threads", ["1", "2", "3"])
@pytest.mark.parametrize(
    "make",
    [lambda: gn.optim.Adam(0.01), lambda: gn.optim.SGD(0.01, momentum=0.9), lambda: gn.optim.AdamW(0.01)],
)
def test_training_steps_have_the_same_bits_in_tiles(monkeypatch, make, threads: str) -> None:
    monkeypatch.setenv("GRAPHNN_THREADS", threads)
    ends = []
    for on in (True, False):
        x, y = gn.input("x", ("batch", 90)), gn.input("y", ("batch",), "int64")
        net = gn.nn.Sequential([gn.nn.Dense(150, gn.gelu), gn.nn.Dense(101, gn.silu), gn.nn.Dense(3)], seed=5)
        loss = gn.softmax_cross_entropy(net(x), y)
        weights = list(net.parameters)
        program = gn.Program(loss, make().updates(weights, gn.gradient(loss, weights)), tiles=on)
        feeds = {"x": numbers(120, 90), "y": np.arange(120) % 3}
        losses = [program.run(feeds, repeats=2) for _ in range(3)]
        ends.append([np.array(losses), *[p.value for p, _ in program.updates]])
    for one, other in zip(*ends, strict=True):
        assert same_bits(one, other)


def test_the_passes_of_adam_over_the_flat_buffers_are_one_row() -> None:
    weights = [gn.parameter(numbers(60, 100, seed=k), f"w{k}") for k in range(3)]
    loss = sum((gn.sum(gn.square(w)) for w in weights), gn.constant(0.0))
    updates = gn.optim.Adam(0.1).updates(weights, gn.gradient(loss, weights))
    pages = gn.Program(loss, updates).bind({}).pages
    names = [pages.nodes[row].op.name for row in pages.tops]
    assert sum(name in ("adam_step", "blend", "blend_square") for name in names) == 1


def test_an_update_in_place_beside_its_readers_is_exact() -> None:
    for on in (True, False):
        w, x = gn.parameter(numbers(20_000), "w"), gn.input("x", (20_000,))
        y = gn.tanh(w * x)
        new = w - 0.1 * gn.square(y)
        program = gn.Program([y, w], {w: new}, tiles=on)
        first = program.run({x: numbers(20_000, seed=4)})
        second = program.run({x: numbers(20_000, seed=4)})
        found = [*first, *second, w.value]
        if on:
            kept = found
    assert all(same_bits(a, b) for a, b in zip(kept, found, strict=True))
    np.testing.assert_array_equal(kept[1], numbers(20_000))


def test_swapped_parameters_are_exact_in_tiles() -> None:
    a, b = gn.parameter(numbers(20_000), "a"), gn.parameter(numbers(20_000, seed=9), "b")
    gn.Program((), {a: gn.relu(b * 1.0), b: gn.relu(a * 1.0)}).run()
    np.testing.assert_array_equal(a.value, np.maximum(numbers(20_000, seed=9), 0))
    np.testing.assert_array_equal(b.value, np.maximum(numbers(20_000), 0))


def test_a_fault_between_neighbours_is_told_and_changes_nothing() -> None:
    table, rows = gn.input("table", (20_000, 3)), gn.input("rows", (20_000,), "int64")
    w = gn.parameter(numbers(20_000, 3), "w")
    y = gn.take_rows(gn.square(table * 2.0) + 1.0, rows)
    loss = gn.sum(gn.tanh(y * w) - 0.5)
    program = gn.Program(loss, {w: w - 0.1 * gn.gradient(loss, w)})
    before = w.value
    bad = np.arange(20_000) % 3
    bad[777] = 20_000
    assert program.bind({table: numbers(20_000, 3), rows: bad}).plan.tiles
    with pytest.raises(FaultError, match="777"):
        program.run({table: numbers(20_000, 3), rows: bad})
    np.testing.assert_array_equal(before, w.value)


def test_stepping_watching_tracing_and_profiling_see_every_node() -> None:
    x = gn.input("x", (20_000,))
    y = chain(x, 5)
    feeds = {x: numbers(20_000)}
    stepper = gn.Stepper(y, feeds)
    for _ in stepper.nodes:
        stepper.step()
    assert not stepper.waiting
    program = gn.Program(y)
    assert len(program.profile(feeds, repeats=1).rows) == 5
    assert same_bits(program.run(feeds), stepper.value(y))
    assert same_bits(gn.trace(gn.sum(y), feeds).value(y), program.run(feeds))
    with pytest.raises(gn.NotFiniteError, match="log"):
        gn.Program(gn.log(x - 100.0) * 2.0, watch=True).run(feeds)


def test_a_kernel_that_raises_inside_a_tile_is_named() -> None:
    @gn.op("x(*s) -> y(*s)", latex="{x}", samples=[(3,)], no_slope="a test")
    def returns_a_number(x):
        """Its kernel returns what nobody asked for. Shapes: x (*s) -> y (*s)."""
        return x

    try:

        @returns_a_number.kernel
        def returns_a_number_kernel(x, y):
            return 3

        x = gn.input("x", (20_000,))
        program = gn.Program(gn.relu(returns_a_number(x * 2.0) + 1.0))
        with pytest.raises(KernelError, match="returns_a_number"):
            program.run({x: numbers(20_000)})
    finally:
        OPS.pop("returns_a_number", None)


def test_small_nodes_are_left_alone() -> None:
    x = gn.input("x", (32, 16))
    pages = gn.Program(chain(x)).bind({x: numbers(32, 16)}).pages
    assert len(pages.tops) == len(pages.nodes) == 10
