"""Scalars feel as a reader of micrograd expects, and say honestly what has been computed."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import graphnn as gn


def test_the_example_of_micrograds_readme_gives_its_published_numbers() -> None:
    a, b = gn.scalar(-4.0, "a"), gn.scalar(2.0, "b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + gn.relu(b + a)
    d += 3 * d + gn.relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.value:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_operators_with_plain_numbers_work_from_both_sides() -> None:
    a = gn.scalar(3.0, "a")
    pairs = [(a + 2, 5), (2 + a, 5), (a - 1, 2), (1 - a, -2), (a * 2, 6), (2 * a, 6), (a / 2, 1.5), (6 / a, 2),
             (a**2, 9), (2**a, 8), (-a, -3), (+a, 3), (abs(-a), 3)]  # fmt: skip
    for node, wanted in pairs:
        assert node.value == pytest.approx(wanted, rel=1e-15)


def test_values_and_gradients_are_numbers_that_count_and_print_like_numbers() -> None:
    a = gn.scalar(2.0, "a")
    c = a * a
    c.backward()
    assert float(c) == 4.0 and int(c) == 4 and float(c.value) + 1 == 5.0 and f"{a.grad:.1f}" == "4.0"
    assert np.asarray(c).shape == ()


def test_a_gradient_is_none_until_it_is_computed() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(1.0, "b")
    c = a * a
    assert a.grad is None and c.grad is None and gn.gradient_state(a) == "not computed"
    c.backward()
    assert a.grad == 4.0 and c.grad == 1.0 and b.grad is None
    assert gn.gradient_state(a) == "fresh" and gn.gradient_state(b) == "not computed"


def test_backward_adds_to_gradients_until_they_are_zeroed() -> None:
    a = gn.scalar(3.0, "a")
    c = a * a
    for times in (1, 2, 3):
        c.backward()
        assert a.grad == 6.0 * times
    assert gn.gradient_state(a) == "accumulated 3 times"
    (a * 2.0).backward()
    assert a.grad == 20.0 and c.grad == 3.0
    c.zero_grad()
    assert a.grad is None and c.grad is None
    c.backward()
    assert a.grad == 6.0


@pytest.mark.parametrize("zero", [0, 0.0, None, np.float64(0.0)])
def test_setting_a_gradient_to_zero_or_none_forgets_it(zero) -> None:
    a = gn.scalar(3.0, "a")
    (a * a).backward()
    a.grad = zero
    assert a.grad is None


def test_a_gradient_is_stale_once_a_leaf_has_changed() -> None:
    a, b = gn.scalar(3.0, "a"), gn.scalar(4.0, "b")
    c = a * b
    c.backward()
    b.value = 5.0
    assert gn.gradient_state(a) == gn.gradient_state(b) == gn.gradient_state(c) == "stale"
    c.zero_grad()
    c.backward()
    assert a.grad == 5.0 and gn.gradient_state(a) == "fresh"


def test_a_step_by_hand_learns() -> None:
    a = gn.scalar(5.0, "a")
    loss = (a - 2.0) ** 2
    for _ in range(3):
        loss.zero_grad()
        loss.backward()
        a.value -= 0.25 * a.grad
    assert a.value == 2.0 + 3.0 * 0.5**3 and loss.value == (3.0 * 0.5**3) ** 2


def test_a_value_follows_its_leaves() -> None:
    a = gn.scalar(1.0, "a")
    c = a + a
    assert c.value == 2.0
    a.value = 10
    assert c.value == 20.0


def test_arrays_have_values_and_gradients_too() -> None:
    w = gn.parameter(np.arange(6.0).reshape(2, 3), "w")
    loss = (w * w).sum()
    loss.backward()
    np.testing.assert_array_equal(w.grad, 2 * np.arange(6.0).reshape(2, 3))
    assert not w.grad.flags.writeable and w.grad.dtype == np.float32


def test_a_gradient_that_was_taken_does_not_change_with_the_next_pass() -> None:
    w = gn.parameter(np.ones(3), "w")
    loss = (w * w).sum()
    loss.backward()
    first = w.grad
    loss.backward()
    np.testing.assert_array_equal(first, [2.0, 2.0, 2.0])


def test_whole_numbers_say_that_they_have_no_gradient() -> None:
    n = gn.counter("n", 3)
    assert gn.gradient_state(n) == "not a float" and n.value == 3


def test_intermediate_values_know_their_gradient() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
    product = a * b
    y = product * product
    y.backward()
    assert product.grad == -12.0 and a.grad == 36.0 and b.grad == -24.0


def test_a_chain_longer_than_pythons_stack_has_a_value_and_a_gradient() -> None:
    a = y = gn.scalar(1.0, "a")
    for _ in range(5_000):
        y = y + a
    y.backward()
    assert y.value == 5_001.0 and a.grad == 5_001.0


def test_a_graph_that_nobody_holds_is_given_back() -> None:
    a = gn.scalar(1.0, "a")
    y = a + a
    y.backward()
    gone = weakref.ref(y)
    del y
    gc.collect()
    assert gone() is None
