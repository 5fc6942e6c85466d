"""Fast forms of common neighbours, which the engine puts in the place of the nodes that a user wrote.

Each is a composite: its body is what it stands for, its kernel does the same in one pass less. Indices are unsigned
where a loop begins at an argument: an index that could be negative would keep it from becoming vector instructions.
"""

from __future__ import annotations

import numpy as np

from graphnn.core.declare import composite
from graphnn.core.op import Sample, View
from graphnn.ops.activation import relu, sigmoid, step, tanh
from graphnn.ops.arithmetic import add, mul
from graphnn.ops.gemm import gemm_part
from graphnn.ops.linalg import cut_columns, cut_rows, matmul, matmul_tn, product_view
from graphnn.ops.mathematics import sigmoid as fast_sigmoid
from graphnn.ops.mathematics import tanh as fast_tanh
from graphnn.ops.optimizer_step import sgd_step

_SHAPES = "x(m, k), w(k, n), b(n) -> y(m, n)"
_SAMPLES = [Sample(((3, 4), (4, 5), (5,)))]


@composite(
    _SHAPES,
    latex=r"{x}\, {w} + {b}",
    slopes=(r"{w}^\top", r"{x}^\top", r"\sum"),
    onnx="Gemm",
    samples=_SAMPLES,
)
def linear(x, w, b):
    """Matrix product plus a bias for each column.

    Shapes: x (m, k), w (k, n), b (n) -> y (m, n).
    Source: PyTorch, torch.nn.functional.linear, with w transposed.
    """
    return add(matmul(x, w), b)


@linear.kernel
def linear_kernel(x, w, b, y, top, bottom, left, right):
    gemm_part(x, w, y, False, False, 1.0, 0.0, top, bottom, left, right)
    for i in range(np.uint64(top), np.uint64(bottom)):
        for j in range(np.uint64(left), np.uint64(right)):
            y[i, j] += b[j]


@composite(
    _SHAPES, latex=r"\max(0,\, {x}\, {w} + {b})",
    slopes=(r"[{y} > 0]\, {w}^\top", r"{x}^\top [{y} > 0]", r"\sum [{y} > 0]"), samples=_SAMPLES, kink=0.0,
)  # fmt: skip
def linear_relu(x, w, b):
    """relu of linear: a dense layer. Shapes: x (m, k), w (k, n), b (n) -> y (m, n).

    Source: PyTorch, torch.relu of torch.nn.functional.linear.
    """
    return relu(linear(x, w, b))


@linear_relu.kernel
def linear_relu_kernel(x, w, b, y, top, bottom, left, right):
    gemm_part(x, w, y, False, False, 1.0, 0.0, top, bottom, left, right)
    for i in range(np.uint64(top), np.uint64(bottom)):
        for j in range(np.uint64(left), np.uint64(right)):
            v = y[i, j] + b[j]
            y[i, j] = 0.0 if v < 0.0 else v


@composite(
    _SHAPES, latex=r"\tanh({x}\, {w} + {b})",
    slopes=(r"(1 - {y}^2)\, {w}^\top", r"{x}^\top (1 - {y}^2)", r"\sum (1 - {y}^2)"), samples=_SAMPLES,
)  # fmt: skip
def linear_tanh(x, w, b):
    """tanh of linear: a dense layer. Shapes: x (m, k), w (k, n), b (n) -> y (m, n).

    Source: PyTorch, torch.tanh of torch.nn.functional.linear.
    """
    return tanh(linear(x, w, b))


@linear_tanh.kernel
def linear_tanh_kernel(x, w, b, y, top, bottom, left, right):
    gemm_part(x, w, y, False, False, 1.0, 0.0, top, bottom, left, right)
    for i in range(np.uint64(top), np.uint64(bottom)):
        for j in range(np.uint64(left), np.uint64(right)):
            y[i, j] = fast_tanh(y[i, j] + b[j])


@composite(
    _SHAPES, latex=r"\sigma({x}\, {w} + {b})",
    slopes=(r"{y} (1 - {y})\, {w}^\top", r"{x}^\top {y} (1 - {y})", r"\sum {y} (1 - {y})"), samples=_SAMPLES,
)  # fmt: skip
def linear_sigmoid(x, w, b):
    """sigmoid of linear: a dense layer. Shapes: x (m, k), w (k, n), b (n) -> y (m, n).

    Source: PyTorch, torch.sigmoid of torch.nn.functional.linear.
    """
    return sigmoid(linear(x, w, b))


@linear_sigmoid.kernel
def linear_sigmoid_kernel(x, w, b, y, top, bottom, left, right):
    gemm_part(x, w, y, False, False, 1.0, 0.0, top, bottom, left, right)
    for i in range(np.uint64(top), np.uint64(bottom)):
        for j in range(np.uint64(left), np.uint64(right)):
            y[i, j] = fast_sigmoid(y[i, j] + b[j])


for _layer in (linear, linear_relu, linear_tanh, linear_sigmoid):
    _layer.view(product_view)
    _layer.shard(cut_columns)


@composite(
    "w(m, n), x(k, m), g(k, n), rate() -> y(m, n)", latex=r"{w} - {rate}\, {x}^\top {g}",
    slopes=("1", r"-{rate}\, {g}^\top", r"-{rate}\, {x}", r"-\sum {x}^\top {g}"),
    samples=[Sample(((3, 5), (4, 3), (4, 5), ()))],
)  # fmt: skip
def sgd_step_product(w, x, g, rate):
    """Gradient descent on the weights of a dense layer, without writing their gradient down.

    rate is the learning rate, g the adjoint of x w. Shapes: w (m, n), x (k, m), g (k, n), rate () -> y (m, n).
    Source: PyTorch, torch.optim.SGD.
    """
    return sgd_step(w, matmul_tn.node(x, g), rate)


sgd_step_product.takes_room_of("w")
sgd_step_product.shard(cut_rows)


@sgd_step_product.view
def sgd_step_product_view(w, x, g, rate, y):
    product = product_view(x, g, y)
    return View((w, x, g, (1,), y), product.ints)


@sgd_step_product.kernel
def sgd_step_product_kernel(w, x, g, rate, y, top, bottom, left, right):
    # Nothing is left of this loop where y is made in the room of w.
    for i in range(np.uint64(top), np.uint64(bottom)):
        for j in range(np.uint64(left), np.uint64(right)):
            y[i, j] = w[i, j]
    gemm_part(x, g, y, True, False, -rate[0], 1.0, top, bottom, left, right)


@composite(
    "g(*s), x(*s) -> y(*s)",
    latex=r"{g} \cdot [{x} > 0]",
    slopes=(r"[{x} > 0]", "0"),
    samples=[(3, 4)],
    kink=0.0,
)
def mul_step(g, x):
    """g where x is positive, else 0: the slope of relu, with relu'(0) = 0. Shapes: g, x (*s) -> y (*s).

    Source: PyTorch, the backward of torch.relu.
    """
    return mul(g, step(x))


@mul_step.kernel
def mul_step_kernel(g, x, y):
    for i in range(y.size):
        v = x[i]
        y[i] = g[i] * (1.0 if v > 0.0 else (0.0 if v <= 0.0 else v))


__all__ = ["linear", "linear_relu", "linear_sigmoid", "linear_tanh", "mul_step", "sgd_step_product"]
