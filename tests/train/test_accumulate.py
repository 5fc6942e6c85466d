"""Gathered gradients of several batches make the step of one batch of all their rows."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def trained(accumulate: int, batch: int, rows: int, *, optimizer=None, epochs: int = 3, shuffle: bool = True):
    rng = np.random.default_rng(1)
    data = {"x": rng.normal(size=(rows, 3)), "t": rng.normal(size=(rows, 2))}
    x, t = gn.input("x", ("batch", 3), "float64"), gn.input("t", ("batch", 2), "float64")
    w = gn.parameter(rng.normal(size=(3, 2)), "w", "float64")
    b = gn.parameter(np.zeros(2), "b", "float64")
    loss = ((gn.tanh(x @ w + b) - t) ** 2.0).mean()
    trainer = gn.Trainer(loss, optimizer or gn.optim.Adam(0.01), accumulate=accumulate)
    history = trainer.fit(data, epochs=epochs, batch=batch, shuffle=shuffle, progress=False)
    return trainer, history


# 24 = 2 groups of 3 x 4; 22 ends in a smaller batch, 17 in a smaller group, 13 in a group of one row.
@pytest.mark.parametrize("rows", [24, 22, 17, 13, 3])
@pytest.mark.parametrize("optimizer", [gn.optim.SGD, gn.optim.Adam], ids=["SGD", "Adam"])
def test_it_equals_the_large_batch_also_at_the_ragged_end_of_an_epoch(rows: int, optimizer) -> None:
    several, _ = trained(3, 4, rows, optimizer=optimizer(0.05))
    large, _ = trained(1, 12, rows, optimizer=optimizer(0.05))
    for one, other in zip(several.parameters, large.parameters, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-10, atol=1e-13)


def test_the_loss_is_the_mean_over_rows_at_the_parameters_of_each_step() -> None:
    _, several = trained(3, 4, 22, shuffle=False)
    _, large = trained(1, 12, 22, shuffle=False)
    np.testing.assert_allclose(several["loss"], large["loss"], rtol=1e-10)


def test_the_steps_of_the_optimiser_are_counted_not_the_batches() -> None:
    trainer, _ = trained(3, 4, 17, epochs=2)
    steps = [n for n in trainer.updates if n.name == "steps"]
    assert [int(n.value) for n in steps] == [4]


def test_a_group_longer_than_the_epoch_makes_one_step() -> None:
    several, _ = trained(50, 4, 17, epochs=2)
    large, _ = trained(1, 17, 17, epochs=2)
    np.testing.assert_allclose(several.parameters[0].value, large.parameters[0].value, rtol=1e-10)


@pytest.mark.parametrize("wrong", [0, 1.5, True, "2"])
def test_accumulate_is_a_whole_number(wrong) -> None:
    with pytest.raises(gn.SettingError, match="accumulate is a whole number of at least 1"):
        trained(wrong, 4, 8)


def test_optimisers_that_look_at_the_loss_itself_are_refused() -> None:
    with pytest.raises(gn.SettingError, match=r"accumulate=2 does not go with LBFGS"):
        trained(2, 4, 8, optimizer=gn.optim.LBFGS())


@pytest.mark.parametrize(
    "optimizer",
    [gn.optim.LineSearch(), gn.optim.LineSearch(gn.optim.Adam()), gn.optim.Newton(), gn.optim.ConjugateGradient(),
     gn.optim.SGD(0.1, schedule=gn.optim.plateau(0.5, patience=2, every=3))],
    ids=["LineSearch", "LineSearch of Adam", "Newton", "ConjugateGradient", "schedule plateau"],
)  # fmt: skip
def test_steps_that_are_judged_by_the_loss_of_one_batch_do_not_go_with_several(optimizer) -> None:
    with pytest.raises(gn.SettingError, match=r"accumulate=2 does not go with .*Use larger batches"):
        trained(2, 4, 8, optimizer=optimizer)


def test_residuals_are_those_of_one_batch_too() -> None:
    x, t = gn.input("x", ("batch", 3), "float64"), gn.input("t", ("batch",), "float64")
    residuals = x @ gn.parameter(np.zeros(3), "w", "float64") - t
    with pytest.raises(gn.SettingError, match="accumulate=2 does not go with GaussNewton"):
        gn.Trainer((residuals**2.0).mean(), gn.optim.GaussNewton(residuals), accumulate=2)
