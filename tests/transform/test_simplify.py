"""simplify: fewer nodes, the same bits; exact algebra only; names stay."""

from __future__ import annotations

import time

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.simplify import ALGEBRA, FOLD_BYTES, GROW_BYTES, simplify_outputs
from op_cases import Case, cases, leaves, operands
from wild_graphs import SHAPE, SPECIAL, wild_graph

# A composite without a kernel stands in a graph as the nodes of its body.
ONE_NODE = [c for c in cases() if c.record.body is None or c.record.kernel_function is not None]
EXTREME = np.array([[0.0, -0.0, np.nan], [np.inf, -np.inf, 1e-45]])


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal dtype, shape and bits, but that one NaN is as good as another."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    nan = np.isnan(a)
    return bool((nan == np.isnan(b)).all()) and a[~nan].tobytes() == b[~nan].tobytes()


def one(dtype: str = "float32", shape=(2, 3)) -> gn.Node:
    return gn.constant(np.ones(shape), dtype)


# What comes out is the operand itself.
NOTHING = {
    "x*1": lambda x: x * 1.0,
    "1*x": lambda x: 1.0 * x,
    "x*ones": lambda x: x * one(),
    "x*row of ones": lambda x: x * one(shape=(3,)),
    "x/1": lambda x: x / 1.0,
    "x-0": lambda x: x - 0.0,
    "x+-0": lambda x: x + -0.0,
    "-0+x": lambda x: -0.0 + x,
    "x**1": lambda x: gn.pow(x, 1.0),
    "--x": lambda x: gn.neg(-x),
    "T.T": lambda x: x.T.T,
    "transposes": lambda x: x.reshape(2, 3, 1).transpose(1, 2, 0).transpose(2, 0, 1).reshape(2, 3),
    "identity transpose": lambda x: gn.transpose.node(x, axes=(0, 1)),
    "reshape": lambda x: gn.reshape.node(x, shape=(2, 3)),
    "reshape and back": lambda x: x.reshape(6).reshape(3, 2).reshape(2, 3),
    "expand and squeeze": lambda x: gn.expand_dims(x, axis=1).squeeze(axis=1),
    "squeeze of reshape": lambda x: x.reshape(2, 1, 3).squeeze(axis=1),
    "broadcast": lambda x: gn.broadcast_to.node(x, shape=(2, 3)),
    "cast": lambda x: gn.cast.node(x, dtype="float32"),
    "folded one": lambda x: x * (gn.constant(3.0) - 2.0),
    "x*1*1/1": lambda x: ((x * 1.0) * 1.0) / 1.0,
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_does_nothing_is_dropped(name: str) -> None:
    x = gn.input("x", (2, 3))
    node = NOTHING[name](x)
    assert node is not x
    assert gn.simplify(node) is x
    assert same_bits(gn.interpret(node, {"x": EXTREME})[0], gn.interpret(x, {"x": EXTREME})[0])


@pytest.mark.parametrize("name", NOTHING)
def test_what_does_nothing_but_has_a_name_stays(name: str) -> None:
    node = NOTHING[name](gn.input("x", (2, 3))).named("y")
    found = gn.simplify(node)
    assert found.name == "y"
    assert gn.simplify(found) is found


# What comes out is less, but not nothing: listing of the result without its header and its input.
LESS = {
    "x + -y": (lambda x: x + -gn.exp(x), ["n1 = exp n0", "n2 = sub n0 n1"]),
    "-y + x": (lambda x: -gn.exp(x) + x, ["n1 = exp n0", "n2 = sub n0 n1"]),
    "x - -y": (lambda x: x - -gn.exp(x), ["n1 = exp n0", "n2 = add n0 n1"]),
    "two transposes": (
        lambda x: x.reshape(1, 2, 3).transpose(1, 2, 0).transpose(1, 0, 2),
        ["n1 = reshape n0 shape=(1,2,3)", "n2 = transpose n1 axes=(2,1,0)"],
    ),
    "identity after transpose": (
        lambda x: gn.transpose.node(x.T, axes=(0, 1)),
        ["n1 = transpose n0 axes=(1,0)"],
    ),
    "two reshapes": (lambda x: x.reshape(6).reshape(3, 2), ["n1 = reshape n0 shape=(3,2)"]),
    "reshape of expand": (lambda x: gn.expand_dims(x, axis=0).reshape(3, 2), ["n1 = reshape n0 shape=(3,2)"]),
    "expand of reshape": (lambda x: gn.expand_dims(x.reshape(6), axis=0), ["n1 = reshape n0 shape=(1,6)"]),
    "two broadcasts": (
        lambda x: gn.broadcast_to(gn.broadcast_to(x, (4, 2, 3)), (5, 4, 2, 3)),
        ["n1 = broadcast_to n0 shape=(5,4,2,3)"],
    ),
    "equal nodes": (lambda x: gn.exp(x) * gn.exp(x), ["n1 = exp n0", "n2 = mul n1 n1"]),
    "equal chains": (
        lambda x: gn.tanh(gn.exp(x) + x) - gn.tanh(gn.exp(x) + x),
        ["n1 = exp n0", "n2 = add n1 n0", "n3 = tanh n2", "n4 = sub n3 n3"],
    ),
    "equal attributes": (
        lambda x: x.sum(axis=0) + x.sum(axis=0),
        ["n1 = sum n0 axes=(0) keepdims=false", "n2 = add n1 n1"],
    ),
    "equal after algebra": (lambda x: gn.exp(x * 1.0) + gn.exp(x), ["n1 = exp n0", "n2 = add n1 n1"]),
}


@pytest.mark.parametrize("name", LESS)
def test_what_can_be_less_becomes_less(name: str) -> None:
    build, lines = LESS[name]
    node = build(gn.input("x", (2, 3)))
    found = gn.simplify(gn.Graph(node))
    assert [line.strip().split(" -> ")[0] for line in str(found).split("\n")[2:-1]] == lines
    assert same_bits(gn.interpret(node, {"x": EXTREME})[0], gn.interpret(found, {"x": EXTREME})[0])


# What would change some number, or a slope.
STAYS = {
    "0*x": lambda x: x * 0.0,
    "x+0": lambda x: x + 0.0,
    "0+x": lambda x: 0.0 + x,
    "x - -0": lambda x: x - -0.0,
    "0-x": lambda x: 0.0 - x,
    "x-x": lambda x: x - x,
    "x/x": lambda x: x / x,
    "1/x": lambda x: 1.0 / x,
    "1**x": lambda x: gn.pow(gn.constant(np.ones((2, 3))), x),
    "x**0": lambda x: gn.pow(x, 0.0),
    "almost one": lambda x: x * np.float32(1.0000001),
    "ones but one": lambda x: x * np.array([[1, 1, 1], [1, 1, 2.0]]),
    "sum of one": lambda x: x.reshape(1, 6).sum(axis=0),
    "log(exp(x))": lambda x: gn.log(gn.exp(x)),
    "sqrt(x*x)": lambda x: gn.sqrt(gn.square(x)),
    "cast there and back": lambda x: gn.exp(x).cast("float64").cast("float32"),
    "stop_gradient": gn.stop_gradient,
}


@pytest.mark.parametrize("name", STAYS)
def test_what_would_change_a_number_or_a_slope_stays(name: str) -> None:
    graph = gn.Graph(STAYS[name](gn.input("x", (2, 3))))
    assert [
        n.op.name for n in gn.simplify(graph).nodes if n.role == "op" and n.op.name != "broadcast_to"
    ] == [n.op.name for n in graph.nodes if n.role == "op" and n.op.name != "broadcast_to"]


def test_calls_that_differ_are_not_merged() -> None:
    x = gn.input("x", (3, 3))
    graph = gn.Graph(
        [x.sum(axis=0), x.sum(axis=1), x - gn.exp(x), gn.exp(x) - x, x.sum(axis=0, keepdims=True)]
    )
    assert len(gn.simplify(graph)) == len(graph) - 1  # the second exp


@pytest.mark.parametrize("name", ["add", "mul", "sub"])
def test_whole_numbers_have_no_negative_zero(name: str) -> None:
    x = gn.input("x", (3,), "int64")
    assert gn.simplify(getattr(gn, name)(x, 1 if name == "mul" else 0)) is x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_keep_every_bit(seed: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    graph = wild_graph(rng, 50, dtype)
    simple = gn.simplify(graph)
    assert len(simple) <= len(graph)
    for draw in (rng.choice(SPECIAL, size=SHAPE), rng.normal(size=SHAPE)):
        x = draw.astype(dtype)
        expected = gn.interpret(graph, dict.fromkeys(graph.inputs, x))
        found = gn.interpret(simple, dict.fromkeys(simple.inputs, x))
        assert all(same_bits(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_a_second_pass_changes_nothing(seed: int) -> None:
    simple = gn.simplify(wild_graph(np.random.default_rng(seed), 50))
    assert gn.simplify(simple) is simple


@pytest.mark.parametrize("seed", range(20))
def test_every_node_is_told_what_has_its_value_now(seed: int) -> None:
    graph = wild_graph(np.random.default_rng(seed), 40)
    _, replaced = simplify_outputs(graph.outputs)
    x = np.random.default_rng(seed).choice(SPECIAL, size=SHAPE)
    nodes = list(graph.nodes)
    expected = gn.interpret(nodes, dict.fromkeys(graph.inputs, x))
    found = gn.interpret([replaced[n] for n in nodes], dict.fromkeys(graph.inputs, x))
    for node, a, b in zip(nodes, expected, found, strict=True):
        assert same_bits(a, b)
        assert node.name is None or replaced[node].name == node.name


def test_random_graphs_do_become_smaller() -> None:
    graphs = [wild_graph(np.random.default_rng(seed), 50) for seed in range(40)]
    before, after = sum(map(len, graphs)), sum(len(gn.simplify(g)) for g in graphs)
    assert after < 0.8 * before


@pytest.mark.parametrize("case", ONE_NODE, ids=str)
def test_every_op_folds_to_its_value_or_stays(case: Case) -> None:
    arrays = operands(case)
    inputs = leaves(case, arrays)
    node = case.record.node(*[gn.constant(a, a.dtype) for a in arrays], **case.sample.attributes)
    (expected,) = gn.interpret(
        case.record.node(*inputs, **case.sample.attributes), dict(zip(inputs, arrays, strict=True))
    )
    simple = gn.simplify(node)
    folds = case.record.fault_function is None and "seed" not in node.attributes
    assert (simple.role == "constant") == folds
    assert same_bits(gn.interpret(simple)[0], expected)


def test_folding_stops_at_the_stated_sizes() -> None:
    def folds(node: gn.Node) -> bool:
        return gn.simplify(node).role == "constant"

    full = gn.constant(np.zeros(FOLD_BYTES // 4))
    assert folds(gn.exp(full))
    assert not folds(gn.exp(gn.constant(np.zeros(FOLD_BYTES // 4 + 1))))
    number = gn.constant(1.5)
    assert folds(gn.broadcast_to(number, (GROW_BYTES // 4,)))
    assert not folds(gn.broadcast_to(number, (GROW_BYTES // 4 + 2,)))
    assert not folds(gn.broadcast_to(number, gn.input("x", ("batch",)).shape))
    assert folds(gn.constant(np.zeros((100, 100))).sum())


def test_a_size_that_names_an_axis_is_not_folded() -> None:
    x = gn.input("x", ("batch", 3))
    count = gn.size(x.shape)
    assert gn.simplify(count) is count
    assert gn.simplify(gn.size((2, 3))).storage.array == 6


def test_a_folded_constant_is_read_only_and_keeps_the_name() -> None:
    node = gn.simplify((gn.constant([1.0, 2.0]) * 2.0).named("twice"))
    assert (node.role, node.name) == ("constant", "twice")
    assert not node.storage.array.flags.writeable


def test_parameters_are_not_constants_and_leaves_are_told_apart() -> None:
    a, b = gn.parameter([1.0], "w"), gn.parameter([1.0], "w")
    node = gn.exp(a) * gn.exp(b)
    assert gn.simplify(node) is node


def test_equal_numbers_merge_bit_by_bit() -> None:
    def merged(a: gn.Node, b: gn.Node) -> bool:
        one, two = gn.simplify([a, b])
        return one is two

    assert merged(gn.constant(2.0), gn.constant(2.0))
    assert merged(gn.constant(np.nan), gn.constant(np.nan))
    assert not merged(gn.constant(0.0), gn.constant(-0.0))
    assert not merged(gn.constant(1.0), gn.constant(1.0, "float64"))
    assert not merged(gn.constant(0), gn.constant(0.0, "float64"))
    assert not merged(gn.constant(2.0, name="a"), gn.constant(2.0, name="b"))
    # Larger ones are told apart, so that no array is compared.
    assert not merged(gn.constant([2.0]), gn.constant([2.0]))


def test_draws_with_one_counter_are_one_draw_and_with_two_are_two() -> None:
    step, other = gn.counter("step"), gn.counter("other")
    draw = lambda c, seed: gn.random_uniform(c, (4,), seed)  # noqa: E731
    a, b, c, d = gn.simplify([draw(step, 1), draw(step, 1), draw(step, 2), draw(other, 1)])
    assert a is b
    assert len({a, c, d}) == 3


def test_names_merge_only_with_their_like() -> None:
    x = gn.input("x", (2,))
    a, b, c, d = gn.exp(x).named("a"), gn.exp(x).named("b"), gn.exp(x), gn.exp(x).named("a")
    one, two, three, four = gn.simplify([a, b, c, d])
    assert one is a and two is b
    assert three is a and four is a


@pytest.fixture
def declared():
    names: list[str] = []
    yield names
    for name in names:
        gn.undeclare(name)


def test_attributes_that_are_equal_but_not_alike_keep_nodes_apart(declared) -> None:
    @gn.op("x(*s) -> y(*s)", latex="f", samples=[(3,)], no_slope="for a test")
    def plus_attribute(x, *, by):
        """Adds an attribute."""
        return x + np.float32(by if by is not None else 0)

    declared.append("plus_attribute")
    plus_attribute.kernel(lambda x, y: None)
    x = gn.input("x", (2,))
    for a, b, merge in (
        (0.0, -0.0, False),
        (1, 1.0, False),
        (1, True, False),
        (2.5, 2.5, True),
        ((1, 2), (1, 2), True),
    ):
        one, two = gn.simplify([plus_attribute.node(x, by=a), plus_attribute.node(x, by=b)])
        assert (one is two) == merge, (a, b)
    # An attribute without a hash keeps its node apart, and breaks nothing.
    one, two = gn.simplify([plus_attribute.node(x, by={}), plus_attribute.node(x, by={})])
    assert one is not two


def test_simplify_answers_what_it_is_given() -> None:
    x = gn.input("x", (2,))
    node = x * 1.0
    assert gn.simplify(node) is x
    assert gn.simplify([node, x]) == (x, x)
    graph = gn.simplify(gn.Graph([node, x]))
    assert graph.outputs == (x, x)


@pytest.mark.parametrize("thing", [None, 3, [3], "x", [None]])
def test_simplify_refuses_what_is_no_graph(thing) -> None:
    with pytest.raises(gn.GraphError, match="simplify: wanted"):
        gn.simplify(thing)


def test_every_rule_speaks_of_a_declared_op() -> None:
    from graphnn.core.registry import OPS

    assert set(ALGEBRA) <= set(OPS)


def test_the_slope_of_a_simplified_graph_is_the_slope(rng) -> None:
    x = gn.input("x", (3, 4), "float64")
    y = (gn.tanh(x.T.T * 1.0) + -gn.exp(gn.neg(-x))).reshape(12).reshape(4, 3).sum()
    feed = {"x": rng.normal(size=(3, 4))}
    (expected,) = gn.interpret(gn.gradient(y, x), feed)
    (found,) = gn.interpret(gn.gradient(gn.simplify(y), x), feed)
    np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.usefixtures("quiet_collector")
def test_a_long_chain_is_simplified_in_linear_time_without_recursion() -> None:
    def seconds(length: int) -> float:
        node = gn.scalar(1.0, "a")
        for _ in range(length // 2):
            node = gn.exp(node) * gn.exp(node)
        start = time.process_time()
        assert len(gn.Graph(gn.simplify(node))) == 2 * (length // 2) + 1
        return time.process_time() - start

    seconds(1000)
    short, long = min(seconds(5_000) for _ in range(3)), seconds(50_000)
    # Ten times the nodes; four times more is left for caches and a busy machine. Quadratic would be 100.
    assert long < 40 * short
