"""The Plateau callback lowers the rate when PyTorch's ReduceLROnPlateau does."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

torch = pytest.importorskip("torch")


class Series(gn.train.Callback):
    """Puts given numbers into the history."""

    def __init__(self, values: np.ndarray, name: str):
        self.values, self.name = values.tolist(), name

    def epoch(self, trainer: gn.Trainer, row: dict[str, float]) -> None:
        row[self.name] = self.values.pop(0)


def rates_of(values: np.ndarray, name: str, plateau: gn.train.Plateau, start: float) -> list[float]:
    w = gn.parameter(np.ones(2), "w")
    x = gn.input("x", ("batch", 2))
    trainer = gn.Trainer(((x * w) ** 2.0).mean(), gn.optim.SGD(start))
    history = trainer.fit(
        {"x": np.zeros((1, 2), np.float32)}, epochs=len(values), progress=False,
        callbacks=[Series(values, name), plateau],
    )  # fmt: skip
    return [*history["learning rate"].tolist(), float(trainer.optimizer.learning_rate.value)]


def rates_of_torch(values: np.ndarray, mode: str, start: float, **settings) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=start)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode, **settings)
    rates = [start]
    for value in values.tolist():
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_rates_are_those_of_pytorch(mode: str, seed: int, *, relative: bool) -> None:
    rng = np.random.default_rng(seed)
    values = np.exp(-np.arange(60) / 20) + 0.2 * rng.random(60)
    values = values if mode == "min" else 3.0 - values
    patience, cooldown, factor = int(rng.integers(0, 5)), int(rng.integers(0, 4)), 0.3
    lowest, least_change = 1e-5, float(rng.choice([0.0, 1e-4, 0.05]))
    plateau = gn.train.Plateau(
        "told", factor=factor, patience=patience, better={"min": "lower", "max": "higher"}[mode],
        least_change=least_change, relative=relative, cooldown=cooldown, lowest=lowest,
    )  # fmt: skip
    wanted = rates_of_torch(
        values, mode, 0.1, factor=factor, patience=patience, threshold=least_change,
        threshold_mode="rel" if relative else "abs", cooldown=cooldown, min_lr=lowest,
    )  # fmt: skip
    assert rates_of(values, "told", plateau, 0.1) == pytest.approx(wanted, rel=1e-12)
    assert len(set(wanted)) > 2


def test_values_that_are_no_numbers_count_as_no_improvement() -> None:
    values = np.array([1.0, np.nan, np.nan, 0.5, np.nan])
    plateau = gn.train.Plateau("told loss", factor=0.5, patience=1)
    assert rates_of(values, "told loss", plateau, 1.0) == pytest.approx(
        rates_of_torch(values, "min", 1.0, factor=0.5, patience=1)
    )


def test_what_it_counted_goes_on_after_its_state_is_put_back() -> None:
    plateau = gn.train.Plateau("told loss", patience=1)
    rates_of(np.array([1.0, 2.0]), "told loss", plateau, 1.0)
    other = gn.train.Plateau("told loss", patience=1)
    other.set_state(plateau.state())
    assert other.state() == plateau.state() == {"best": 1.0, "waited": 1, "cooling": 0}
