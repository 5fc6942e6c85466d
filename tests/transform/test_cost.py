"""cost: operations and bytes against counts made by hand."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.dims import evaluate_dim, parse_dim
from op_cases import Case, cases, leaves, operands


def of(node: gn.Node, **sizes: int) -> tuple:
    row = gn.cost(node, **sizes)[node]
    return row.operations, row.transcendental, row.read, row.written


A, B = gn.input("a", (3, 4)), gn.input("b", (4, 5))
V = gn.input("v", (4,), "float64")
S = gn.input("s", ("batch", 4))
T = gn.input("t", (2, 3, 4))
LABELS = gn.input("labels", (3,), "int64")


@pytest.mark.parametrize(
    ("node", "operations", "transcendental", "read", "written"),
    [
        (gn.relu(A), 12, 0, 48, 48),
        (gn.exp(V), 4, 4, 32, 32),
        (A + gn.input("c", (3, 4)), 12, 0, 96, 48),
        (A * A, 12, 0, 48, 48),
        (gn.leaky_relu(A, 0.1), 12, 0, 52, 48),
        (A > A, 12, 0, 48, 12),
        (A @ B, 2 * 3 * 4 * 5, 0, 48 + 80, 60),
        (gn.matmul_tn.node(gn.input("x", (7, 3)), gn.input("w", (7, 2))), 2 * 7 * 3 * 2, 0, 84 + 56, 24),
        (gn.batched_matmul.node(T, gn.input("w", (2, 4, 5))), 2 * 2 * 3 * 4 * 5, 0, 96 + 160, 120),
        (A.sum(axis=0), 12, 0, 48, 16),
        (A.sum(), 12, 0, 48, 4),
        (A.max(axis=1), 12, 0, 48, 12),
        (A.argmax(axis=1), 12, 0, 48, 24),
        (gn.transpose(A), 0, 0, 48, 48),
        (gn.broadcast_to(V, (100, 4)), 0, 0, 32, 3200),
        (A.reshape(12), 0, 0, 0, 0),
        (gn.expand_dims(A, axis=0), 0, 0, 0, 0),
        (A[1:], 0, 0, 48, 32),
        (gn.concat([A, A], axis=0), 0, 0, 48, 96),
        (gn.take_rows(A, gn.constant([0, 1])), 0, 0, 48 + 16, 32),
        (gn.softmax(A), 5 * 12, 12, 48, 48),
        (gn.softmax_cross_entropy.node(A, LABELS), 4 * 12, 12, 48 + 24, 12),
        # As its body: a product, a broadcast, a sum, a maximum.
        (gn.linear_relu.node(A, B, gn.input("bias", (5,))), 120 + 15 + 15, 0, 48 + 80 + 20, 60),
        (gn.linear_tanh.node(A, B, gn.input("bias", (5,))), 120 + 15 + 15, 15, 48 + 80 + 20, 60),
        (gn.exp(gn.input("e", (0, 3))), 0, 0, 0, 0),
        (A, 0, 0, 0, 0),
        (gn.constant(np.ones(5)), 0, 0, 0, 0),
        (gn.relu(S), "4*batch", 0, "16*batch", "16*batch"),
        (S @ gn.input("w", (4, 2)), "16*batch", 0, "16*batch+32", "8*batch"),
        (gn.matmul.node(S.T, S), "32*batch", 0, "32*batch", 64),
        (S.mean(), "4*batch", 0, "16*batch", 4),
        (gn.input("p", ("m", "k")) @ gn.input("q", ("k", "n")), "2*k*m*n", 0, "4*k*m+4*k*n", "4*m*n"),
    ],
)
def test_a_node_costs_what_one_counts_by_hand(node, operations, transcendental, read, written) -> None:
    wanted = tuple(
        parse_dim(w) if isinstance(w, str) else w for w in (operations, transcendental, read, written)
    )
    assert of(node) == wanted


# A composite without a kernel stands in a graph as the nodes of its body.
@pytest.mark.parametrize(
    "case", [c for c in cases() if c.record.body is None or c.record.kernel_function is not None], ids=str
)
def test_every_op_has_a_cost(case: Case) -> None:
    arrays = operands(case)
    node = case.record.node(*leaves(case, arrays), **case.sample.attributes)
    operations, transcendental, read, written = of(node)
    assert 0 <= transcendental <= operations
    if case.record.alias:
        assert (operations, read, written) == (0, 0, 0)
    else:
        assert written == node.dtype.itemsize * int(np.prod(node.shape))
        assert read == sum(a.nbytes for a in arrays)
    moves = case.record.per_element == (0, 0)
    assert (operations == 0) == (moves or case.record.alias)


def net() -> gn.Node:
    x = gn.input("x", ("batch", 8))
    h = gn.tanh(x @ gn.parameter(np.zeros((8, 16)), "w") + gn.parameter(np.zeros(16), "b")).named("h")
    return h.mean()


def test_totals_are_sums_and_sizes_can_come_before_or_after() -> None:
    node = net()
    symbolic = gn.cost(node)
    assert str(symbolic.operations) == f"{2 * 8 * 16 + 16 + 16 + 16}*batch"
    assert str(symbolic.transcendental) == "16*batch"
    for batch in (0, 1, 32):
        sized = gn.cost(gn.Graph(node), batch=batch)
        assert sized.rows == gn.cost(node, {"batch": batch}).rows
        for field in ("operations", "transcendental", "read", "written"):
            assert type(getattr(sized, field)) is int
            assert getattr(sized, field) == sum(getattr(row, field) for row in sized.rows)
            assert getattr(sized, field) == evaluate_dim(getattr(symbolic, field), {"batch": batch})


def test_some_sizes_may_stay_open() -> None:
    node = gn.input("p", ("m", "k")) @ gn.input("q", ("k", "n"))
    assert str(gn.cost(node, k=3).operations) == "6*m*n"
    assert gn.cost(node, k=3, m=2, n=5).operations == 60


def test_the_table_is_as_published() -> None:
    assert str(gn.cost(net(), batch=1000)) == (
        "node   op            name  shape        operations  transcendental  bytes read  bytes written\n"
        "n2     matmul              (batch, 16)     256,000               0      32,512         64,000\n"
        "n4     broadcast_to        (batch, 16)           0               0          64         64,000\n"
        "n5     add                 (batch, 16)      16,000               0     128,000         64,000\n"
        "n6     tanh          h     (batch, 16)      16,000          16,000      64,000         64,000\n"
        "n7     mean                ()               16,000               0      64,000              4\n"
        "total                                      304,000          16,000     288,576        256,004"
    )


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"bach": 3}, "no axis is called 'bach'. Did you mean 'batch'?"),
        ({"batch": -1}, "axis 'batch': a size is an int of 0 or more, found -1"),
        ({"batch": 2.0}, "found 2.0"),
        ({"batch": True}, "found True"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(sizes, told: str) -> None:
    with pytest.raises(gn.SettingError) as caught:
        gn.cost(net(), **sizes)
    assert told in str(caught.value)


def test_a_foreign_node_has_no_cost_here() -> None:
    with pytest.raises(gn.GraphError, match="is not part of this graph"):
        gn.cost(net())[A]
    with pytest.raises(gn.GraphError, match="is not part of this graph"):
        gn.cost(net())["h"]


def test_an_op_may_say_what_it_costs() -> None:
    try:

        @gn.op("x(*s) -> y(*s)", latex="x", samples=[(2, 3)], no_slope="not asked for")
        def sevenfold(x):
            """The operand. Shapes: x (*s) -> y (*s)."""
            return x

        @sevenfold.kernel
        def sevenfold_kernel(x, y):
            for i in range(y.size):
                y[i] = x[i]

        @sevenfold.cost
        def sevenfold_cost(node: gn.Node):
            return 7 * node.shape[0]

        assert of(sevenfold(S))[0] == 7 * S.shape[0]
    finally:
        gn.undeclare("sevenfold")


def test_the_cost_of_a_composite_leaves_no_trace_in_scopes() -> None:
    with gn.scope("around"):
        gn.cost(gn.linear_relu.node(A, B, gn.input("bias", (5,))))
        assert gn.exp(A).scope == "around"
