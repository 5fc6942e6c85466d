"""Dropout forgets at random while training, anew at each step, and does nothing afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn


def noisy(rate: float = 0.4, seed: int = 0):
    """A model that only drops: its layer, input, and training graph."""
    layer = gn.nn.Dropout(rate, seed=seed)
    x = gn.input("x", ("batch", 100))
    return layer, x, layer(x, training=True)


def test_inference_and_rate_0_are_the_operand_itself() -> None:
    layer, x, _ = noisy()
    assert layer(x) is x
    layer, x, y = noisy(0.0)
    assert y is x


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_elements_are_dropped_at_their_rate_and_the_others_grow(rate: float) -> None:
    _, x, y = noisy(rate)
    value = gn.Program(y).run({x: np.ones((200, 100))})
    kept = value[value != 0]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)
    # 20,000 draws: five deviations of a share are at most 0.018.
    assert abs(kept.size / value.size - (1 - rate)) < 0.018


def test_masks_hang_on_seed_and_step_and_on_nothing_else() -> None:
    def masks(seed: int) -> list[bytes]:
        _, x, y = noisy(seed=seed)
        steps = next(p for p in gn.Graph(y).parameters if p.name == "steps")
        program = gn.Program(y, {steps: steps + 1})
        return [program.run({x: np.ones((3, 100))}).tobytes() for _ in range(4)]

    first = masks(1)
    assert first == masks(1) and len(set(first)) == 4
    assert not set(first) & set(masks(2))


def test_two_layers_of_one_model_drop_different_elements() -> None:
    x = gn.input("x", (20, 100))
    first, second = gn.nn.Dropout(0.5), gn.nn.Dropout(0.5)
    model = gn.nn.Sequential([first, lambda y: y * 1.0, second], seed=3)
    model(x, training=True)
    assert first._draws != second._draws


def test_a_trainer_draws_a_new_mask_at_each_step_and_measures_without_any() -> None:
    layer, x, y = noisy(0.5)
    w = gn.parameter(np.zeros(100), "w")
    loss, calm = ((y + w) ** 2.0).mean(), ((layer(x) + w) ** 2.0).mean()
    trainer = gn.Trainer(loss, gn.optim.SGD(1e-9), evaluation_loss=calm)
    data = {"x": np.ones((10, 100))}
    losses = [trainer.step(data) for _ in range(3)]
    assert len(set(losses)) == 3 and layer.steps.value == 3
    trainer.fit(data, epochs=2, batch=5, progress=False)
    assert layer.steps.value == 3 + 4
    assert trainer.evaluate(data) == trainer.evaluate(data) == {"loss": pytest.approx(1.0, rel=1e-5)}
