"""Products of matrices of ONNX files give what onnxruntime gives, and are the nodes of a native graph."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from onnx_nodes import (
    agree,
    by_runtime,
    fed,
    gradients_are_right,
    numbers,
    one_node,
    ours,
    same_as_native,
    same_as_reference,
    same_as_runtime,
)

PRODUCTS = {
    "matrices": ((3, 4), (4, 5)), "vector-left": ((4,), (4, 5)), "vector-right": ((3, 4), (4,)),
    "vectors": ((4,), (4,)), "stack-matrix": ((2, 3, 4), (4, 5)), "matrix-stack": ((3, 4), (2, 4, 5)),
    "stacks": ((2, 3, 4), (2, 4, 5)), "stretched": ((2, 1, 3, 4), (6, 4, 5)), "stack-vector": ((2, 3, 4), (4,)),
    "vector-stack": ((4,), (2, 4, 5)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32], ids=["float32", "float64", "int32"])
@pytest.mark.parametrize("case", PRODUCTS)
def test_a_product_is_onnxruntimes(case: str, dtype) -> None:
    x, w = PRODUCTS[case]
    operands = {"x": (numbers(*x) * 9).astype(dtype), "w": (numbers(*w, seed=1) * 9).astype(dtype)}
    same_as_runtime("MatMul", operands)


@pytest.mark.parametrize("case", ["vector-right", "stretched"])
def test_gradients_of_products_agree_with_differences(case: str) -> None:
    x, w = PRODUCTS[case]
    gradients_are_right("MatMul", {"x": numbers(*x), "w": numbers(*w, seed=1)}, known=["w"])


BIASES = {
    "none": None,
    "row": (5,),
    "matrix": (3, 5),
    "column": (3, 1),
    "one": (1,),
    "number": (),
    "wide": (1, 5),
}


@pytest.mark.parametrize("turned", [(0, 0), (1, 0), (0, 1), (1, 1)], ids=["plain", "left", "right", "both"])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 2.0), (2.0, 0.0)], ids=["ones", "scaled", "unbiased"])
def test_gemm_is_onnxruntimes(bias: str, turned, scale) -> None:
    x, w = numbers(3, 4), numbers(4, 5, seed=1)
    shape = BIASES[bias]
    operands = {
        "x": np.ascontiguousarray(x.T) if turned[0] else x, "w": np.ascontiguousarray(w.T) if turned[1] else w,
        "b": None if shape is None else np.asarray(numbers(*shape, seed=2)),
    }  # fmt: skip
    same_as_runtime("Gemm", operands, transA=turned[0], transB=turned[1], alpha=scale[0], beta=scale[1])


def test_gemm_of_a_dense_layer_is_linear() -> None:
    operands = {"x": numbers(3, 4), "w": numbers(4, 5, seed=1), "b": numbers(5, seed=2)}
    x, w, b = (gn.input(name, v.shape) for name, v in operands.items())
    same_as_native(one_node("Gemm", operands, known=["w", "b"]), gn.linear(x, w, b))
    turned = operands | {"w": np.ascontiguousarray(operands["w"].T)}
    w = gn.input("w", (5, 4))
    same_as_native(one_node("Gemm", turned, known=["w", "b"], transB=1), x @ w.T + b)


def test_gradients_of_gemm_agree_with_differences() -> None:
    operands = {"x": numbers(3, 4), "w": numbers(5, 4, seed=1), "b": numbers(5, seed=2)}
    gradients_are_right("Gemm", operands, known=["w", "b"], transB=1, alpha=0.5, beta=2.0)


EQUATIONS = {
    "ij,jk->ik": [(3, 4), (4, 5)], "bij,bjk->bik": [(2, 3, 4), (2, 4, 5)], "ij->ji": [(3, 4)], "ij->i": [(3, 4)],
    "...ii->...i": [(2, 3, 3)], "i,i": [(4,), (4,)], "bhid,bhjd->bhij": [(2, 3, 4, 5), (2, 3, 6, 5)],
    "ab,bc,cd->ad": [(2, 3), (3, 4), (4, 2)], "...ij,...jk": [(2, 3, 4), (2, 4, 5)], "ii": [(3, 3)],
}  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_is_onnxruntimes(equation: str) -> None:
    operands = {f"x{k}": numbers(*shape, seed=k) for k, shape in enumerate(EQUATIONS[equation])}
    same_as_runtime("Einsum", operands, equation=equation)


@pytest.mark.parametrize(
    "shape", [(3, 3), (2, 4, 4), (1, 1), (2, 1, 2, 2)], ids=["one", "stack", "number", "deep"]
)
def test_determinants_are_the_references(shape) -> None:
    same_as_reference("Det", {"x": numbers(*shape)})


def test_an_open_batch_is_multiplied() -> None:
    operands = {"x": numbers(3, 4), "w": numbers(4, 5, seed=1), "b": numbers(5, seed=2)}
    model = one_node("Gemm", operands, known=["w", "b"], axes={"x": ("n", 4)})
    feeds = fed(model, operands)
    agree(ours(model, feeds), by_runtime(model, feeds))


def test_a_whole_product_by_a_fraction_is_refused() -> None:
    operands = {"x": np.ones((2, 2), np.int64), "w": np.ones((2, 2), np.int64)}
    with pytest.raises(gn.GraphError, match="alpha"):
        gn.io.load_onnx(one_node("Gemm", operands, alpha=0.5))
