"""Attention of ONNX files gives what ONNX's reference gives: masks, caches, groups of heads, and what it shows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import graphnn as gn
from onnx_nodes import (
    agree,
    by_reference,
    fed,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_native,
    same_as_reference,
)

B, H, T, S, D, E = 2, 4, 3, 5, 6, 2


def three(groups: int = H, *, flat: bool = False) -> dict:
    """Queries, keys and values."""
    operands = {
        "q": numbers(B, H, T, D), "k": numbers(B, groups, S, D, seed=1), "v": numbers(B, groups, S, E, seed=2),
    }  # fmt: skip
    if flat:
        for name, x in operands.items():
            operands[name] = np.ascontiguousarray(x.transpose(0, 2, 1, 3).reshape(B, x.shape[2], -1))
    return operands


def masks() -> dict:
    allowed = np.random.default_rng(3).random((B, H, T, S)) > 0.3
    allowed[0, 0, 1] = False  # a query that sees nothing
    numeric = numbers(T, S, seed=4)
    return {
        "none": None, "bool": allowed, "bool-2d": allowed[1, 1], "float": numeric,
        "float-3d": numbers(H, T, S, seed=5), "infinite": np.where(allowed, numeric, -np.inf).astype(np.float32),
        "short": numeric[:, : S - 2], "short-bool": allowed[1, 1, :, : S - 1],
    }  # fmt: skip


def check(operands, outputs: int = 1, opset: int = 24, **settings) -> None:
    same_as_reference("Attention", operands, outputs, opset=opset, **settings)


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("mask", masks())
@pytest.mark.parametrize("groups", [H, 2, 1])
def test_attention_is_the_references(mask: str, causal: int, groups: int) -> None:
    check(three(groups) | {"mask": masks()[mask]}, is_causal=causal)


@pytest.mark.parametrize("groups", [H, 2])
def test_columns_are_cut_into_heads(groups: int) -> None:
    settings = {"q_num_heads": H, "kv_num_heads": groups}
    check(three(groups, flat=True), is_causal=1, **settings)
    check(three(groups, flat=True) | {"mask": masks()["float"]}, scale=0.3, **settings)


def past(groups: int = H) -> dict:
    return {"past_k": numbers(B, groups, 4, D, seed=6), "past_v": numbers(B, groups, 4, E, seed=7)}


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("mask", [False, True], ids=["bare", "mask"])
def test_keys_and_values_of_the_past_come_first(causal: int, mask: bool) -> None:
    operands = three() | {"mask": numbers(T, S + 4, seed=8) if mask else None} | past()
    check(operands, 3, is_causal=causal)


# With mode 0 and a cap the reference shows capped scores, where the standard says raw ones.
STAGES = [(0, 0.0), *product((1, 2, 3), (0.0, 0.5))]


@pytest.mark.parametrize(("mode", "softcap"), STAGES)
@pytest.mark.parametrize("mask", ["none", "bool", "infinite"])
def test_scores_are_shown_at_every_stage(mode: int, softcap: float, mask: str) -> None:
    operands = three() | {"mask": masks()[mask]} | past()
    if operands["mask"] is not None:
        operands["mask"] = np.pad(operands["mask"], [(0, 0)] * (operands["mask"].ndim - 1) + [(0, 4)])
    check(operands, 4, qk_matmul_output_mode=mode, softcap=softcap)


@pytest.mark.parametrize("causal", [0, 1])
def test_padding_of_a_cache_is_not_seen(causal: int) -> None:
    operands = three() | {"mask": None, "past_k": None, "past_v": None, "lengths": np.array([2, 5])}
    check(operands, is_causal=causal)


@pytest.mark.parametrize(("left", "right"), list(product((-1, 0, 1), (-1, 0, 1))))
@pytest.mark.parametrize("causal", [0, 1])
def test_a_window_slides_along(left: int, right: int, causal: int) -> None:
    settings = {"left_window_size": left, "right_window_size": right, "is_causal": causal, "opset": 25}
    check(three(), **settings)
    check(three() | {"mask": None} | past(), 3, **settings)
    lengths = {"mask": None, "past_k": None, "past_v": None, "lengths": np.array([2, 5])}
    check(three() | lengths, **settings)


def test_softmax_may_be_more_precise() -> None:
    check(three(), softmax_precision=11)


def test_plain_attention_is_that_of_a_native_graph() -> None:
    q, k, v = (gn.input(name, x.shape) for name, x in three().items())
    same_as_native(one_node("Attention", three(), opset=24), gn.scaled_dot_product_attention(q, k, v))


@pytest.mark.parametrize("mask", ["bool", "infinite"])
def test_gradients_of_attention_agree_with_differences(mask: str) -> None:
    operands = three(2) | {"mask": masks()[mask]}
    gradients_are_right("Attention", operands, opset=24, known=["mask"], softcap=2.0, is_causal=1)


def test_gradients_of_attention_are_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    operands = three()
    read = gn.io.load_onnx(one_node("Attention", operands, opset=24))
    loss = (read.outputs["y0"] ** 2).sum()
    value, *found = gn.Program([loss, *gn.gradient(loss, read.inputs)]).run(operands)
    tensors = {name: torch.tensor(x, requires_grad=True) for name, x in operands.items()}
    wanted = (torch.nn.functional.scaled_dot_product_attention(*tensors.values()) ** 2).sum()
    wanted.backward()
    np.testing.assert_allclose(value, wanted.detach(), rtol=1e-5)
    for node, g in zip(read.inputs, found, strict=True):
        np.testing.assert_allclose(g, tensors[node.name].grad, rtol=1e-4, atol=1e-5)


def test_a_batch_and_a_past_may_stay_open() -> None:
    operands = three() | {"mask": None} | past()
    axes = {"q": ("b", H, T, D), "k": ("b", H, S, D), "v": ("b", H, S, E)}
    axes |= {"past_k": ("b", H, "p", D), "past_v": ("b", H, "p", E)}
    model = one_node("Attention", operands, 3, opset=24, axes=axes, is_causal=1)
    agree(ours(model, operands), by_reference(model, fed(model, operands)))


def test_columns_that_are_no_heads_are_refused() -> None:
    model = one_node("Attention", three(flat=True), opset=24, q_num_heads=5, kv_num_heads=4)
    with pytest.raises(gn.GraphError, match="heads"):
        gn.io.load_onnx(model)


ROTATIONS = list(product([False, True], [0, 1], [0, 4], [False, True]))


@pytest.mark.parametrize(("flat", "interleaved", "part", "ids"), ROTATIONS)
def test_rotary_embedding_is_the_references(flat: bool, interleaved: int, part: int, ids: bool) -> None:
    x = numbers(B, H, T, D)
    half = (part or D) // 2
    cache = (8, half) if ids else (B, T, half)
    operands = {
        "x": np.ascontiguousarray(x.transpose(0, 2, 1, 3).reshape(B, T, -1)) if flat else x,
        "cos": numbers(*cache, seed=1), "sin": numbers(*cache, seed=2),
        "ids": np.array([[0, 3, 7], [1, 1, 5]]) if ids else None,
    }  # fmt: skip
    settings = {"interleaved": interleaved, "rotary_embedding_dim": part, "num_heads": H if flat else 0}
    same_as_reference("RotaryEmbedding", operands, opset=23, **settings)


RULES = ["linear", "gated", "delta", "gated_delta"]


def recurrence(rule: str, *, groups: int, past: bool, scalar: bool) -> dict:
    return {
        "q": numbers(B, T, 4 * D), "k": numbers(B, T, groups * D, seed=1), "v": numbers(B, T, groups * E, seed=2),
        "past": numbers(B, groups, D, E, seed=3) if past else None,
        "decay": numbers(B, T, groups if scalar else groups * D, seed=4, high=0.0) if "gated" in rule else None,
        "beta": numbers(B, T, 1 if scalar else groups, seed=5, low=0.0) if "delta" in rule else None,
    }  # fmt: skip


@pytest.mark.parametrize("past", [False, True], ids=["fresh", "past"])
@pytest.mark.parametrize("groups", [4, 2, 1])
@pytest.mark.parametrize("rule", RULES)
def test_linear_attention_is_the_references(rule: str, groups: int, past: bool) -> None:
    settings = {"opset": 27, "q_num_heads": 4, "kv_num_heads": groups, "update_rule": rule}
    for scalar in (False, True):
        operands = recurrence(rule, groups=groups, past=past, scalar=scalar)
        same_as_reference("LinearAttention", operands, 2, **settings)


@pytest.mark.parametrize("rule", RULES)
def test_gradients_of_linear_attention_agree_with_differences(rule: str) -> None:
    settings = {"opset": 27, "q_num_heads": 4, "kv_num_heads": 2, "update_rule": rule}
    gradients_are_right("LinearAttention", recurrence(rule, groups=2, past=True, scalar=False), 2, **settings)


@pytest.mark.parametrize("alpha", [1.0, 1.7])
def test_gated_units_are_the_references(alpha: float) -> None:
    same_as_reference("SwiGLU", {"a": numbers(2, 3), "b": numbers(2, 3, seed=1)}, opset=28, alpha=alpha)
