"""Gradients that are turned, scaled, clipped or passed on; nothing happens to values."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.transform.interpret import interpret

X = gn.input("x", (3,), "float64")
AT = np.array([-2.0, 0.5, 3.0])


def slope(y: gn.Node, x: gn.Node = X, at: np.ndarray = AT) -> np.ndarray:
    return gn.Program(gn.gradient(y, x)).run({x: at})


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda x: gn.scale_gradient(x, 0.5), [-2.0, 0.5, 3.0]),
        (lambda x: gn.gradient_reversal(x), [4.0, -1.0, -6.0]),
        (lambda x: gn.gradient_reversal(x, 0.1), [0.4, -0.1, -0.6]),
        (lambda x: gn.clip_gradient(x, 1.5), [-1.5, 1.0, 1.5]),
        (lambda x: gn.straight_through(gn.stop_gradient(x), x), [-4.0, 1.0, 6.0]),
        (lambda x: gn.straight_through(x, gn.stop_gradient(x)), None),
    ],
)
def test_values_stay_and_slopes_of_a_square_change(make, wanted) -> None:
    y = make(X)
    assert gn.Program(y).run({X: AT}).tobytes() == AT.tobytes()
    loss = (y * y).sum()
    if wanted is None:
        with pytest.raises(gn.GraphError, match="no differentiable path"):
            gn.gradient(loss, X)
    else:
        np.testing.assert_allclose(slope(loss), wanted, rtol=1e-15)


def test_rounding_learns_by_the_straight_way() -> None:
    y = gn.straight_through(gn.round(X), X)
    program = gn.Program([y, gn.gradient((y * y).sum(), X)])
    value, gradient = program.run({X: np.array([0.4, 1.6, -2.3])})
    assert value.tolist() == [0.0, 2.0, -2.0]
    assert gradient.tolist() == [0.0, 4.0, -4.0]


def test_a_clipped_gradient_keeps_nan() -> None:
    y = gn.clip_gradient(X, 1.0)
    assert np.isnan(slope((y * y * np.nan).sum())).all()


def test_clip_by_value_takes_a_node_or_a_list() -> None:
    a, b = gn.constant([-5.0, 0.5]), gn.constant(7.0)
    assert gn.clip_by_value(a, 2.0).value.tolist() == [-2.0, 0.5]
    assert [n.value.tolist() for n in gn.clip_by_value([a, b], 2.0)] == [[-2.0, 0.5], 2.0]


@pytest.mark.parametrize("limit", [0.1, 1.0, 12.9, 13.0, 100.0])
def test_clip_by_global_norm_is_pytorchs(limit: float) -> None:
    arrays = [np.array([3.0, 4.0]), np.array([[12.0]])]
    found = gn.clip_by_global_norm([gn.constant(a, "float64") for a in arrays], limit)
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of clipping")
    parameters = [torch.nn.Parameter(torch.zeros(a.shape, dtype=torch.float64)) for a in arrays]
    for parameter, a in zip(parameters, arrays, strict=True):
        parameter.grad = torch.from_numpy(a.copy())
    torch.nn.utils.clip_grad_norm_(parameters, limit)
    for node, parameter in zip(found, parameters, strict=True):
        # PyTorch adds 1e-6 to the length.
        np.testing.assert_allclose(node.value, parameter.grad.numpy(), rtol=2e-7)


def test_clipping_by_norm_divides_by_nothing_and_keeps_what_is_short() -> None:
    zero, short = gn.constant(np.zeros(3)), gn.constant([0.3, -0.4])
    assert gn.clip_by_norm(zero, 1.0).value.tolist() == [0.0, 0.0, 0.0]
    assert gn.clip_by_norm(short, 1.0).value.tobytes() == short.value.tobytes()
    assert np.isnan(gn.clip_by_norm(gn.constant([np.nan, 1.0]), 1.0).value).all()
    assert gn.global_norm([gn.constant([3.0]), gn.constant(4.0)]).value == 5.0
    x = gn.input("x", (2,), "float64")
    assert np.isfinite(slope(gn.clip_by_norm(x, 1.0).sum(), x, np.zeros(2))).all()


def test_clipping_takes_nodes_of_both_float_dtypes() -> None:
    a, b = gn.constant([3.0], "float32"), gn.constant([4.0], "float64")
    found = gn.clip_by_global_norm([a, b], 1.0)
    assert [n.dtype for n in found] == [a.dtype, b.dtype]
    np.testing.assert_allclose([float(n.value[0]) for n in found], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("wrong", [[], [1.0], 3, gn.constant([1]), None], ids=str)
def test_what_is_no_gradient_is_refused(wrong) -> None:
    with pytest.raises(gn.GraphError, match="wanted a list of float nodes"):
        gn.clip_by_global_norm(wrong, 1.0)


def test_the_meaning_agrees_without_the_engine() -> None:
    y = gn.gradient_reversal(X, 2.0)
    assert interpret(gn.gradient((y * y).sum(), X), {"x": AT})[0].tolist() == (-4 * AT).tolist()
