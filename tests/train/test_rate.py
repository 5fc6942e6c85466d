"""The range test of learning rates, and rows learned by heart; both leave the trainer as it was."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def digits(optimizer: gn.optim.Optimizer) -> gn.Trainer:
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)(x)
    return gn.Trainer(gn.softmax_cross_entropy(logits, y), optimizer, output=logits)


def quadratic(rate: float = 0.1, curvature: float = 2.0) -> tuple[gn.Trainer, dict[str, np.ndarray]]:
    """loss = curvature / 2 * w**2 for every row: steps of size up to 2 / curvature are stable."""
    x = gn.input("x", ("batch", 1), "float64")
    w = gn.parameter(np.full((1, 1), 3.0), "w", "float64")
    loss = ((x @ w) ** 2.0).mean() * (curvature / 2.0)
    return gn.Trainer(loss, gn.optim.SGD(rate)), {"x": np.ones((16, 1))}


def same_state(a: gn.train.State, b: gn.train.State) -> None:
    assert a.facts == b.facts
    assert a.arrays.keys() == b.arrays.keys()
    for name, array in a.arrays.items():
        np.testing.assert_array_equal(array, b.arrays[name], err_msg=name)


def test_the_losses_are_those_of_steps_by_hand_with_a_growing_rate() -> None:
    trainer, data = quadratic()
    test = gn.train.find_rate(trainer, data, 1e-3, 0.5, 20, batch=4, smoothing=0.0)
    np.testing.assert_allclose(test.rates, np.geomspace(1e-3, 0.5, 20))
    w, wanted = 3.0, []
    for rate in test.rates:
        wanted.append(w * w)
        w -= rate * 2.0 * w
    np.testing.assert_allclose(test.losses, wanted, rtol=1e-9)
    np.testing.assert_array_equal(test.smoothed, test.losses)


def test_it_blows_up_beyond_the_stable_rate_of_a_quadratic_and_suggests_less() -> None:
    trainer, data = quadratic(curvature=40.0)
    test = gn.train.find_rate(trainer, data, 1e-6, 100.0, 200)
    assert test.blew_up > 2.0 / 40.0 > test.suggested
    assert test.steepest < test.blew_up
    assert "Suggested learning rate" in str(test)


@pytest.mark.parametrize("optimizer", [gn.optim.Adam, gn.optim.SGD])
def test_training_at_the_suggested_rate_learns(optimizer) -> None:
    data = gn.data.digits()
    trainer = digits(optimizer(1e-9))
    rate = gn.train.find_rate(trainer, data).suggested
    losses = digits(optimizer(rate)).fit(data, epochs=8, progress=False)["loss"]
    assert losses[-1] < 0.25 * losses[0]


def test_where_no_rate_helps_none_is_suggested() -> None:
    trainer, data = quadratic()
    trainer.parameters[0].value = np.zeros((1, 1))
    test = gn.train.find_rate(trainer, data)
    assert test.suggested is None
    assert "no rate lowered the loss" in str(test)


def test_the_tools_leave_the_trainer_as_it_was() -> None:
    data = gn.data.digits()
    trainer = digits(gn.optim.Adam(0.01))
    trainer.fit(data, epochs=1, progress=False)
    before = trainer.state()
    gn.train.find_rate(trainer, data, steps=30)
    gn.train.overfit_one_batch(trainer, data, steps=20)
    gn.train.flow_report(trainer, {"x": data.x[:50], "y": data.y[:50]})
    same_state(trainer.state(), before)
    other = digits(gn.optim.Adam(0.01))
    other.fit(data, epochs=1, progress=False)
    for made in (trainer, other):
        made.fit(data, epochs=1, progress=False)
    for a, b in zip(trainer.parameters, other.parameters, strict=True):
        np.testing.assert_array_equal(a.value, b.value)


def test_a_model_that_learns_its_few_rows_is_told_to_learn() -> None:
    test = gn.train.overfit_one_batch(digits(gn.optim.Adam(0.01)), gn.data.digits())
    assert test.learned
    assert test.end < 0.1 * test.start
    assert test.verdict.startswith("The model can learn: in 300 steps the loss of 8 rows went from")
    assert len(test.losses) == 300


def test_a_bad_rate_is_told_from_a_bad_model() -> None:
    test = gn.train.overfit_one_batch(digits(gn.optim.SGD(1e-7)), gn.data.digits())
    assert not test.learned
    assert "not with this optimiser and learning rate" in test.verdict
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    blind = gn.nn.Dense(10, seed=1)(x * 0.0)
    trainer = gn.Trainer(gn.softmax_cross_entropy(blind, y), gn.optim.Adam(0.01))
    test = gn.train.overfit_one_batch(trainer, gn.data.digits())
    assert not test.learned
    assert "does not learn even 8 rows by heart" in test.verdict


def test_settings_out_of_range_are_told() -> None:
    trainer, data = quadratic()
    for make in (
        lambda: gn.train.find_rate(trainer, data, 1.0, 0.1),
        lambda: gn.train.find_rate(trainer, data, steps=3),
        lambda: gn.train.find_rate(trainer, data, smoothing=1.0),
        lambda: gn.train.overfit_one_batch(trainer, data, batch=0),
    ):
        with pytest.raises(gn.SettingError):
            make()
