"""interpret: every node by its op's meaning, with named axes bound by the feeds, and honest errors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.node import current_origin
from graphnn.core.registry import SERVICES
from graphnn.core.scope import current_scope
from op_cases import Case, cases, leaves, meaning, operands


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_node_has_the_value_of_its_meaning(case: Case) -> None:
    arrays = operands(case)
    inputs = leaves(case, arrays)
    node = case.record.node(*inputs, **case.sample.attributes)
    (found,) = gn.interpret(node, dict(zip(inputs, arrays, strict=True)))
    expected = meaning(case.record, arrays, case.sample.attributes)
    assert found.dtype == node.dtype
    np.testing.assert_array_equal(found, expected.astype(node.dtype))


def test_a_net_has_the_values_of_the_same_lines_in_numpy(rng) -> None:
    x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    node = gn.input("x", ("batch", 4), "float64")
    h = gn.tanh(node @ gn.parameter(w, "w", "float64") + gn.parameter(b, "b", "float64"))
    loss = (h * h).mean(axis=1).sum()
    hidden, total = gn.interpret([h, loss], {"x": x})
    expected = np.tanh(x @ w + b)
    np.testing.assert_allclose(hidden, expected, rtol=1e-15)
    np.testing.assert_allclose(total, (expected**2).mean(axis=1).sum(), rtol=1e-14)


@pytest.mark.parametrize("batch", [1, 2, 7, 0])
def test_named_axes_in_attributes_take_the_sizes_of_the_feeds(batch: int) -> None:
    x = gn.input("x", ("batch", 2, 3))
    flat = x.reshape(-1)
    rows = gn.broadcast_to(gn.constant([1.0, 2.0]), (x.shape[0], 2))
    count = gn.size(x.shape)
    one, two, three = gn.interpret([flat, rows, count], {"x": np.ones((batch, 2, 3))})
    assert one.shape == (6 * batch,)
    assert two.tolist() == [[1.0, 2.0]] * batch
    assert three == 6 * batch


def test_an_axis_formula_is_checked_against_its_names() -> None:
    x, y = gn.input("x", ("2*n+1",)), gn.input("y", ("n",))
    total = x.sum() + y.sum()
    assert gn.interpret(total, {"x": np.ones(7), "y": np.ones(3)})[0] == 10.0
    with pytest.raises(gn.FeedError, match=r"feed 'x': axis 0 is 8, wanted 2\*n\+1 = 7"):
        gn.interpret(total, {"x": np.ones(8), "y": np.ones(3)})
    with pytest.raises(gn.FeedError, match="axis 'n' has no size: no feed carries it"):
        gn.interpret(x.sum(), {"x": np.ones(7)})


X = gn.input("x", ("batch", 2))
Y = gn.input("y", ("batch",))
LOSS = X.sum() + Y.sum()
GOOD = {"x": np.ones((3, 2)), "y": np.ones(3)}


@pytest.mark.parametrize(
    ("feeds", "error", "told"),
    [
        ({"x": GOOD["x"]}, gn.FeedError, "feeds: 'y' missing"),
        ({}, gn.FeedError, "feeds: 'x', 'y' missing"),
        ({**GOOD, "z": 1.0}, gn.FeedError, "there is no input 'z'"),
        ({**GOOD, "xx": 1.0}, gn.FeedError, "there is no input 'xx'. Did you mean 'x'?"),
        ({**GOOD, X: GOOD["x"]}, gn.FeedError, "input 'x' is fed twice, by node and by name"),
        ({**GOOD, LOSS: 1.0}, gn.FeedError, "is not an input of this graph"),
        ({**GOOD, gn.input("other"): 1.0}, gn.FeedError, "is not an input of this graph"),
        ({**GOOD, 3: 1.0}, gn.FeedError, "there is no input 3"),
        ({**GOOD, "x": np.ones((4, 2))}, gn.FeedError, "feed 'y': axis 'batch' is 3, but 4 in feed 'x'"),
        ({**GOOD, "x": np.ones((3, 5))}, gn.FeedError, "feed 'x': axis 1 is 5, wanted 2"),
        ({**GOOD, "x": np.ones(3)}, gn.FeedError, r"feed 'x': wanted shape \(batch, 2\), found \(3,\)"),
        ({**GOOD, "y": ["a", "b", "c"]}, gn.DtypeError, "feed 'y': wanted numbers"),
        ({**GOOD, "y": [True, True, False]}, gn.DtypeError, "feed 'y': found bool, wanted float32"),
        ({**GOOD, "y": [[1.0], [1.0, 2.0]]}, gn.ShapeError, "Rows must have equal lengths"),
        ([GOOD["x"], GOOD["y"]], gn.FeedError, "wanted a dict from input .* to array, found list"),
        (None, gn.FeedError, "wanted a dict"),
    ],
)
def test_feeds_that_do_not_fit_are_refused(feeds, error, told: str) -> None:
    with pytest.raises(error, match=told):
        gn.interpret(LOSS, feeds)


def test_inputs_of_one_name_are_fed_by_node() -> None:
    a, b = gn.input("x"), gn.input("x")
    with pytest.raises(gn.FeedError, match="2 inputs are called 'x'; feed them by node"):
        gn.interpret(a - b, {"x": 1.0})
    assert gn.interpret(a - b, {a: 5.0, b: 2.0})[0] == 3.0


def test_results_share_no_memory_with_leaves_or_each_other() -> None:
    w = gn.parameter([[1.0, 2.0]], "w")
    view = w.reshape(2)
    one, two, three = gn.interpret([w, view, view])
    one[:], two[:] = 7.0, 8.0
    assert w.storage.array.tolist() == [[1.0, 2.0]]
    assert three.tolist() == [1.0, 2.0]


def test_a_repeated_output_and_a_bare_input_are_answered() -> None:
    x = gn.input("x", (2,))
    y = gn.exp(x)
    a, b, c = gn.interpret([y, x, y], {"x": [0.0, 1.0]})
    np.testing.assert_array_equal(a, c)
    assert b.tolist() == [0.0, 1.0]


def test_values_are_forgotten_after_their_last_use() -> None:
    node = x = gn.input("x", (250_000,), "float64")
    for _ in range(60):
        node = gn.neg(node)
    tracemalloc.start()
    gn.interpret(node + x, {"x": np.zeros(250_000)})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # An array is 2 MB: the feed, two neighbours, the result and its copy. All 60 would be 120 MB.
    assert peak < 12e6


def test_a_long_chain_needs_no_recursion() -> None:
    node = gn.scalar(1.0, "a")
    for _ in range(50_000):
        node = gn.neg(node)
    assert gn.interpret(node)[0] == 1.0


def test_no_number_makes_a_warning() -> None:
    x = gn.input("x", (4,))
    values = gn.interpret([gn.log(x), 1.0 / x, gn.exp(x * 1e4), gn.sqrt(x)], {"x": [0.0, -1.0, 1.0, np.nan]})
    assert np.isneginf(values[0][0]) and np.isposinf(values[1][0]) and np.isposinf(values[2][2])
    assert all(np.isnan(v[3]) for v in values)


def test_data_that_an_op_cannot_process_is_a_fault_of_its_node() -> None:
    rows = gn.input("rows", (2,), "int64")
    node = gn.take_rows(gn.constant([[1.0], [2.0]]), rows).named("picked")
    with pytest.raises(gn.FaultError, match="take_rows 'picked'"):
        gn.interpret(node, {"rows": [0, 2]})


@pytest.fixture
def declared():
    """Names of ops that a test declares; they are forgotten afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        gn.undeclare(name)


def test_a_meaning_that_breaks_its_promise_is_found_out(declared) -> None:
    @gn.op("x(*s) -> y(*s)", latex="f", samples=[(3,)], no_slope="for a test")
    def broken_shape(x):
        """Sums, although it promises not to."""
        return x.sum()

    declared.append("broken_shape")
    broken_shape.kernel(lambda x, y: None)
    with pytest.raises(
        gn.DeclarationError, match=r"broken_shape: the meaning returned shape \(\), but .* promises \(3,\)"
    ):
        gn.interpret(broken_shape(gn.constant([1.0, 2.0, 3.0])))


def test_the_body_of_a_composite_is_its_meaning_wherever_it_is_asked_for(declared) -> None:
    seen = []

    @gn.composite("a(*s), b(*s) -> y(*s)", latex="f", samples=[(3,)])
    def double_first(a, b):
        """Twice the first operand; the second is ignored."""
        node = a + a
        seen.append((node.scope, node.origin))
        return node

    declared.append("double_first")
    double_first.kernel(lambda a, b, y: None)
    x = gn.input("x", (3,))
    node = double_first(x, gn.exp(x))
    with gn.scope("around"):
        (found,) = gn.interpret(node, {"x": [1.0, 2.0, 3.0]})
        assert current_scope() == "around"
    assert found.tolist() == [2.0, 4.0, 6.0]
    assert seen == [("", None)]
    assert current_origin.get() is None


def test_interpret_body_takes_attributes_and_arrays_of_any_dtype() -> None:
    body = lambda x, *, axes: gn.sum.node(x, axes=axes, keepdims=False)  # noqa: E731
    found = SERVICES["interpret_body"](body, [np.arange(6).reshape(2, 3)], {"axes": (0,)})
    assert found.dtype == np.int64
    assert found.tolist() == [3, 5, 7]
