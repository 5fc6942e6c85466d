"""Softmax at hard numbers, attention with masks beside PyTorch, embeddings and positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import graphnn as gn
from graphnn.core.errors import FaultError, SettingError, ShapeError
from graphnn.engine.program import Program
from graphnn.transform.lower import lower

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

needs_torch = pytest.mark.skipif(torch is None, reason="PyTorch, the oracle, is not installed")


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


# Softmax


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_softmax_of_huge_scores_does_not_overflow(dtype: str) -> None:
    x = gn.input("x", ("rows", 4), dtype)
    y = gn.softmax(x)
    rows = np.array(
        [[1e4, 1e4, 0, -1e4], [-1e4, -1e4, -1e4, -1e4], [np.inf, 0, 0, 0], [-np.inf, 0, 0, -np.inf]]
    )
    value, slope, logs, mild = Program(
        [y, gn.gradient((y * y).sum(), x), gn.log_softmax(x), gn.softmin(x)]
    ).run({"x": rows})
    np.testing.assert_allclose(value[[0, 1, 3]], [[0.5, 0.5, 0, 0], [0.25] * 4, [0, 0.5, 0.5, 0]], rtol=1e-6)
    assert np.isnan(value[2]).all()
    np.testing.assert_allclose(slope[[0, 1, 3]], 0, atol=1e-7)
    np.testing.assert_allclose(
        logs[0], [-np.log(2), -np.log(2), -1e4 - np.log(2), -2e4 - np.log(2)], rtol=1e-6
    )
    np.testing.assert_allclose(mild[0], [0, 0, 0, 1])


@pytest.mark.parametrize("shape", [(3000, 1), (300, 32), (5, 4000), (0, 3), (3, 0), (70, 2049)])
def test_softmax_of_short_and_long_rows_sums_to_one(shape: tuple[int, int]) -> None:
    x = draw(*shape).astype(np.float32) * 5
    value = gn.softmax(x).value
    exact = np.exp(x.astype(float) - x.max(axis=1, keepdims=True, initial=-np.inf))
    np.testing.assert_allclose(value, exact / exact.sum(axis=1, keepdims=True), rtol=3e-6)


def test_a_low_temperature_sharpens() -> None:
    x = np.array([1.0, 2.0, 3.0])
    assert gn.softmax(gn.constant(x) / 0.01).value.tolist() == pytest.approx([0, 0, 1], abs=1e-6)


def test_nan_spoils_its_own_row_only() -> None:
    x = draw(4, 40)
    x[1, 7] = np.nan
    for op in (gn.softmax, gn.log_softmax, gn.softmin):
        assert np.isnan(op(x).value).any(axis=1).tolist() == [False, True, False, False]


def test_masked_softmax_gives_zeros_where_the_mask_is_false_and_to_rows_without_any() -> None:
    x = gn.input("x", (3, 3), "float64")
    mask = np.array([[True, False, True], [False, False, False], [True, True, True]])
    y = gn.masked_softmax(x, mask)
    scores = np.array([[1.0, np.nan, 1.0], [np.inf, 2.0, 3.0], [-1e30, -1e30, 0.0]])
    value, slope = Program([y, gn.gradient((y * y).sum(), x)]).run({"x": scores})
    np.testing.assert_allclose(value, [[0.5, 0, 0.5], [0, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(slope[1], 0)
    assert np.isfinite(slope).all()


# Attention

MASKS: dict[str, Any] = {
    "none": None,
    "boolean": draw(5, 7) > -0.5,
    "of each head": draw(2, 3, 5, 7) > -0.5,
    "additive": draw(5, 7),
    "additive with infinity": np.where(draw(5, 7) > -0.5, 0.5, -np.inf),
}


@needs_torch
@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("kind", MASKS)
def test_attention_and_its_slopes_equal_those_of_pytorch(kind: str, scale: float | None) -> None:
    arrays = [draw(2, 3, 5, 4), draw(2, 3, 7, 4), draw(2, 3, 7, 6)]
    mask = MASKS[kind]
    nodes = [gn.input(k, a.shape, "float64") for k, a in zip("qkv", arrays, strict=True)]
    given = mask if mask is None or mask.dtype == bool else gn.constant(mask, "float64")
    y = gn.scaled_dot_product_attention(*nodes, mask=given, scale=scale)
    weights = draw(2, 3, 5, 6)
    found = Program([y, *gn.gradient((y * weights).sum(), nodes)]).run(dict(zip(nodes, arrays, strict=True)))
    tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
    theirs = None if mask is None else torch.from_numpy(mask)
    t = torch.nn.functional.scaled_dot_product_attention(*tensors, theirs, scale=scale)
    expected = [t, *torch.autograd.grad((t * torch.from_numpy(weights)).sum(), tensors)]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-12)


@needs_torch
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_equals_that_of_pytorch(causal: bool, masked: bool) -> None:
    torch.manual_seed(1)
    theirs = torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    torch.nn.init.normal_(theirs.in_proj_bias)
    wq, wk, wv = (w.detach().numpy().T.copy() for w in theirs.in_proj_weight.chunk(3))
    bq, bk, bv = (b.detach().numpy() for b in theirs.in_proj_bias.chunk(3))
    wo, bo = theirs.out_proj.weight.detach().numpy().T.copy(), theirs.out_proj.bias.detach().numpy()
    x = draw(2, 4, 6)
    allowed = np.ones((4, 4), bool)
    if masked:
        allowed &= np.eye(4, dtype=bool) | (draw(4, 4) > 0)
    node = gn.input("x", ("batch", 4, 6), "float64")
    mask = gn.constant(allowed) if masked else None
    y = gn.multi_head_attention(node, wq, bq, wk, bk, wv, bv, wo, bo, heads=3, mask=mask, causal=causal)
    found = Program([y, gn.gradient((y * y).sum(), node)]).run({"x": x})
    t = torch.from_numpy(x).requires_grad_()
    if causal:
        allowed &= np.tri(4, dtype=bool)
    value, _ = theirs(t, t, t, attn_mask=torch.from_numpy(~allowed))
    (slope,) = torch.autograd.grad((value * value).sum(), t)
    for a, b in zip(found, (value, slope), strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-11)


def weights_of(d: int, d1: int, d2: int, n: int, m: int) -> list[np.ndarray]:
    return [draw(d, n), draw(n), draw(d1, n), draw(n, seed=1), draw(d2, n, seed=2), draw(n, seed=3), draw(n, m),
            draw(m)]  # fmt: skip


def test_queries_may_ask_keys_and_values_of_other_widths() -> None:
    q, k, v = draw(2, 3, 5), draw(2, 7, 4), draw(2, 7, 2)
    wq, bq, wk, bk, wv, bv, wo, bo = weights = weights_of(5, 4, 2, 6, 8)
    nodes = tuple(gn.constant(a, "float64") for a in (q, k, v))
    y = gn.multi_head_attention(nodes, *[gn.constant(w, "float64") for w in weights], heads=2)
    expected = np.zeros((2, 3, 6))
    for h in (slice(0, 3), slice(3, 6)):
        scores = (q @ wq + bq)[..., h] @ np.swapaxes((k @ wk + bk)[..., h], -1, -2) / np.sqrt(3)
        p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
        expected[..., h] = p @ (v @ wv + bv)[..., h]
    np.testing.assert_allclose(y.value, expected @ wo + bo, rtol=1e-9)


def test_a_causal_query_does_not_feel_what_comes_after_it() -> None:
    x = gn.input("x", ("batch", "tokens", 4), "float64")
    weights = [gn.constant(w, "float64") for w in weights_of(4, 4, 4, 4, 4)]
    y = gn.multi_head_attention(x, *weights, heads=2, causal=True)
    slope = gn.gradient(gn.slice(y, (slice(None), slice(0, 1))).sum(), x)
    program = Program([y, slope])
    for tokens in (1, 3, 6):
        value, felt = program.run({"x": draw(2, tokens, 4)})
        assert value.shape == (2, tokens, 4)
        assert felt[:, 0].any()
        np.testing.assert_array_equal(felt[:, 1:], 0)


def test_a_query_that_may_see_nothing_gets_zeros_and_sends_nothing_back() -> None:
    q = gn.input("q", (2, 4), "float64")
    y = gn.scaled_dot_product_attention(q, draw(3, 4), draw(3, 5), mask=np.array([[True] * 3, [False] * 3]))
    value, slope = Program([y, gn.gradient(y.sum(), q)]).run({"q": draw(2, 4)})
    assert value[0].any()
    np.testing.assert_array_equal(value[1], 0)
    np.testing.assert_array_equal(slope[1], 0)


def test_a_drawing_finds_q_k_v_scores_and_weights() -> None:
    x = gn.input("x", ("batch", 3, 4), "float64")
    weights = [gn.parameter(w, f"w{k}", "float64") for k, w in enumerate(weights_of(4, 4, 4, 4, 4))]
    y = gn.multi_head_attention(x, *weights, heads=2, mask=np.ones((3, 3), bool))
    nodes = {n.name: n for n in gn.Graph(y).nodes if n.role == "op" and n.name}
    assert [*nodes] == ["q", "k", "v", "scores", "weights"]
    assert {n.scope.split("/")[0] for n in nodes.values()} == {"multi_head_attention"}
    assert str(nodes["weights"].shape[1:]) == "(2, 3, 3)"


def test_the_dense_layers_of_a_stack_of_rows_are_fused() -> None:
    x = gn.input("x", ("batch", 3, 4))
    w, b = gn.parameter(np.ones((4, 5)), "w"), gn.parameter(np.ones(5), "b")
    for outer, name in ((lambda y: y, "linear"), (gn.relu, "linear_relu"), (gn.tanh, "linear_tanh")):
        y = outer(x @ w + b)
        (fused,), _ = lower([y])
        ops = [n.op.name for n in gn.Graph(fused).nodes if n.role == "op"]
        assert ops == ["reshape", name, "reshape"]
        feeds = {"x": draw(2, 3, 4)}
        np.testing.assert_allclose(Program(y).run(feeds), Program(y, optimize=False).run(feeds), rtol=1e-6)


# Embeddings and positions


def test_the_padding_row_is_looked_up_and_learns_nothing() -> None:
    table = gn.parameter(draw(4, 3), "table", "float64")
    y = gn.embedding(np.array([[0, 2], [2, 3]]), table, padding_index=2)
    np.testing.assert_array_equal(y.value, table.value[[[0, 2], [2, 3]]])
    slope = gn.gradient(y.sum(), table).value
    np.testing.assert_array_equal(slope, np.array([1, 0, 0, 1])[:, None] * np.ones(3))


def test_an_index_without_a_row_is_a_fault() -> None:
    y = gn.embedding(np.array([0, 4]), gn.parameter(draw(4, 3), "table"))
    with pytest.raises(FaultError, match="4"):
        Program(y).run()


def test_positions_are_sines_and_cosines_of_falling_frequency() -> None:
    found = gn.positional_encoding(50, 7).value
    assert found.shape == (50, 7)
    p, i = 37, 2
    angle = p / 10000 ** (2 * i / 7)
    np.testing.assert_allclose(found[p, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)], rtol=1e-6)
    np.testing.assert_array_equal(found[0], [0, 1, 0, 1, 0, 1, 0])


def test_products_of_turned_rows_depend_on_their_distance_only() -> None:
    q, k = draw(1, 6), draw(1, 6, seed=1)
    turned = [gn.rotary_encoding(gn.constant(np.repeat(a, 9, axis=0), "float64")).value for a in (q, k)]
    products = turned[0] @ turned[1].T
    for distance in range(-8, 9):
        line = np.diagonal(products, distance)
        np.testing.assert_allclose(line, line[0], rtol=1e-9)
    np.testing.assert_allclose(products[0, 0], q[0] @ k[0])


Q = gn.input("q", ("batch", 3, 4))
W = [np.ones((4, 4)), np.ones(4)] * 4
WRONG = [
    (lambda: gn.multi_head_attention(Q, *W, heads=3), ShapeError, "width of 4 cannot be cut into 3 heads"),
    (lambda: gn.multi_head_attention((Q, Q), *W, heads=2), ShapeError, r"one node or \(q, k, v\), found 2"),
    (lambda: gn.multi_head_attention(Q, *W, heads=2, mask=np.ones((2, 3), bool)), ShapeError, "does not stretch"),
    (lambda: gn.scaled_dot_product_attention(Q, Q, gn.input("v", ("batch", 5, 4))), ShapeError, "axis s is 3"),
    (lambda: gn.head_mix(gn.input("p", (2, 3, 3)), gn.input("v", (3, 5))), ShapeError, "5 cannot be cut into 2"),
    (lambda: gn.embedding(np.array([1]), np.ones((3, 2)), padding_index=3), ShapeError, "the table has 3 rows"),
    (lambda: gn.embedding(np.array([1]), np.ones((3, 2)), padding_index=-1), SettingError, "at least 0"),
    (lambda: gn.positional_encoding(-1, 4), SettingError, "length is a whole number"),
    (lambda: gn.rotary_encoding(gn.input("x", (3, 5))), ShapeError, "the last one even"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "words"), WRONG, ids=range(len(WRONG)))
def test_what_does_not_fit_is_told(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
