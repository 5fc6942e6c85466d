"""The plateau schedule lowers the rate when PyTorch's ReduceLROnPlateau does, and inside the graph."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

LOSSES = np.concatenate(
    [np.linspace(3.0, 1.0, 30), np.full(40, 0.99995), np.linspace(1.0, 0.9, 20), np.full(60, 0.9), np.full(50, -2.0)]
) + 0.05 * np.random.default_rng(1).normal(size=200)  # fmt: skip


class Rates:
    """The learning rate of each step while these are the losses, as the steps of a parameter show it."""

    def __init__(self, schedule):
        self.optimizer = gn.optim.SGD(1.0, schedule=schedule)
        self.w = gn.parameter(0.0, "w", "float64")
        self.fed = gn.input("loss", (), "float64")
        updates = self.optimizer.updates([self.w], [gn.constant(1.0, "float64")], self.fed)
        self.program = gn.Program((), updates)

    def __call__(self, losses) -> list[float]:
        rates = []
        for loss in losses:
            before = float(self.w.value)
            self.program.run({self.fed: loss})
            rates.append(before - float(self.w.value))
        return rates


@pytest.mark.parametrize(
    ("every", "settings"),
    [
        (1, {"factor": 0.5, "patience": 3}),
        (5, {"factor": 0.1, "patience": 0, "threshold": 0.01}),
        (4, {"factor": 0.3, "patience": 2, "cooldown": 3}),
        (2, {"factor": 0.2, "patience": 4, "least": 0.03}),
    ],
)
def test_the_rate_falls_when_pytorch_lowers_it(every: int, settings: dict) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = {("min_lr" if k == "least" else k): v for k, v in settings.items()} | {"eps": 0.0}
    oracle, expected = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **theirs), []
    for block in LOSSES.reshape(-1, every):
        expected += [optimizer.param_groups[0]["lr"]] * every
        oracle.step(block.mean())
    found = Rates(gn.optim.plateau(every=every, **settings))(LOSSES)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)
    assert len(set(expected)) > 2


def test_a_plateau_begins_when_its_turn_comes_and_multiplies() -> None:
    settings = {"factor": 0.5, "patience": 1, "every": 2}
    alone = Rates(gn.optim.plateau(**settings))(LOSSES[20:])
    behind = Rates(gn.optim.warmup(20).then(20, gn.optim.plateau(**settings)))(LOSSES)
    np.testing.assert_allclose(behind[20:], alone)
    np.testing.assert_allclose(behind[:20], np.arange(1, 21) / 20)
    product = Rates(gn.optim.plateau(**settings) * gn.optim.constant(0.25))(LOSSES[20:])
    np.testing.assert_allclose(product, np.array(alone) / 4, rtol=1e-9, atol=1e-12)


def test_a_plateau_starts_anew_after_a_reset_and_its_state_is_the_optimisers() -> None:
    rates = Rates(gn.optim.plateau(0.5, 2, every=3))
    first = rates(LOSSES)
    names = {node.name for node in rates.optimizer.state}
    assert {"best loss", "bad blocks", "factor", "sum of block", "steps in block"} <= names
    rates.optimizer.reset()
    np.testing.assert_allclose(rates(LOSSES), first, rtol=1e-9, atol=1e-12)


def test_a_program_that_watches_for_faults_sees_none_in_a_plateau() -> None:
    w = gn.parameter(1.0, "w", "float64")
    loss = w * w
    optimizer = gn.optim.SGD(0.1, schedule=gn.optim.plateau(every=2))
    gn.Program(loss, optimizer.updates([w], [gn.gradient(loss, w)], loss), watch=True).run(repeats=5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.optim.plateau(1.5, every=3), "plateau: factor: wanted a number from 0 to below 1"),
        (lambda: gn.optim.plateau(0.0, every=3), "factor is a number between 0 and 1"),
        (lambda: gn.optim.plateau(every=0), "plateau: every is a whole number of at least 1"),
        (lambda: gn.optim.plateau(patience=-1, every=1), "plateau: patience is a whole number"),
        (lambda: gn.optim.plateau(every=3).values(5), "depends on the loss"),
        (lambda: (gn.optim.warmup(3) * gn.optim.plateau(every=3)).values(5), "depends on the loss"),
        (
            lambda: gn.optim.SGD(0.1, schedule=gn.optim.plateau(every=3)).updates(
                [w := gn.parameter(1.0, "w")], [w * 1.0]
            ),
            "plateau: needs the loss; pass it",
        ),
    ],
)
def test_wrong_plateaus_get_a_sentence(call, words: str) -> None:
    with pytest.raises(gn.SettingError, match=words):
        call()
