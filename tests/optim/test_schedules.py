"""Schedules give the factors that PyTorch's give, and drive the step inside the graph."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

STEPS = 60
SETTINGS = {
    "constant": (lambda: gn.optim.constant(0.5), "ConstantLR", {"factor": 0.5, "total_iters": 1000}),
    "warm-up": (lambda: gn.optim.warmup(10), "LinearLR", {"start_factor": 0.1, "total_iters": 9}),
    "step": (lambda: gn.optim.step_decay(7, 0.3), "StepLR", {"step_size": 7, "gamma": 0.3}),
    "linear": (lambda: gn.optim.linear(25, start=0.5, end=0.1), "LinearLR",
               {"start_factor": 0.5, "end_factor": 0.1, "total_iters": 25}),
    "exponential": (lambda: gn.optim.exponential(0.93), "ExponentialLR", {"gamma": 0.93}),
    "cosine": (lambda: gn.optim.cosine(STEPS, end=0.2), "CosineAnnealingLR", {"T_max": STEPS, "eta_min": 0.2}),
    "one cycle": (lambda: gn.optim.one_cycle(STEPS), "OneCycleLR", {"max_lr": 1.0, "total_steps": STEPS}),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_schedules_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    make, theirs, settings = SETTINGS[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    oracle = getattr(torch.optim.lr_scheduler, theirs)(optimizer, **settings)
    expected = []
    for k in range(STEPS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if k + 1 < STEPS:
            oracle.step()
    np.testing.assert_allclose(make().values(STEPS), expected, rtol=1e-6, atol=1e-12)


def test_schedules_multiply_follow_each_other_and_go_by_epochs() -> None:
    warm, fall = gn.optim.warmup(4), gn.optim.linear(10)
    np.testing.assert_allclose(warm.values(6), [0.25, 0.5, 0.75, 1, 1, 1])
    np.testing.assert_allclose((warm * fall).values(20), warm.values(20) * fall.values(20))
    np.testing.assert_allclose(warm.then(4, fall).values(10), [*warm.values(4), *fall.values(6)])
    np.testing.assert_allclose(fall.every(3).values(9), np.repeat(fall.values(3), 3))
    assert repr(warm * fall) == "<schedule warmup(4) * linear(10, start=1.0, end=0.0)>"


def test_schedules_that_follow_each_other_are_pytorchs_sequence() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    rates = torch.optim.lr_scheduler
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    parts = [rates.ConstantLR(optimizer, 0.5, 1000), rates.ExponentialLR(optimizer, 0.9)]
    oracle, expected = rates.SequentialLR(optimizer, parts, [12]), []
    for _ in range(STEPS):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        oracle.step()
    ours = gn.optim.constant(0.5).then(12, gn.optim.exponential(0.9))
    np.testing.assert_allclose(ours.values(STEPS), expected, rtol=1e-9)


@pytest.mark.parametrize("make", [gn.optim.SGD, gn.optim.AdamW, gn.optim.Lion, gn.optim.RMSProp])
def test_a_scheduled_run_is_a_run_whose_rate_is_set_by_hand(make) -> None:
    schedule = gn.optim.warmup(3) * gn.optim.cosine(12)

    def ends(by_hand: bool) -> np.ndarray:
        optimizer = make(0.05) if by_hand else make(0.05, schedule=schedule)
        w, g = gn.parameter(np.ones(3), "w", "float64"), np.array([0.3, -1.0, 2.0])
        program = gn.Program((), optimizer.updates([w], [gn.constant(g, "float64")]))
        for factor in schedule.values(10):
            if by_hand:
                optimizer.learning_rate.value = 0.05 * factor
            program.run()
        return w.value

    np.testing.assert_allclose(ends(by_hand=False), ends(by_hand=True), rtol=1e-12)


def test_a_schedule_counts_inside_one_call_and_starts_anew_after_a_reset() -> None:
    optimizer = gn.optim.SGD(1.0, schedule=gn.optim.linear(4))
    w = gn.parameter(np.zeros(2), "w")
    program = gn.Program((), optimizer.updates([w], [gn.constant(np.ones(2))]))
    program.run(repeats=6)
    np.testing.assert_allclose(w.value, -(1 + 0.75 + 0.5 + 0.25))
    optimizer.reset()
    program.run()
    np.testing.assert_allclose(w.value, -3.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gn.optim.SGD(0.1, schedule=0.5), "schedule is one of gn.optim"),
        (lambda: gn.optim.cosine(0), "cosine: steps is a whole number of at least 1"),
        (lambda: gn.optim.one_cycle(3), "too few for a rise"),
        (lambda: gn.optim.one_cycle(10, rise=2), "rise lies between 0 and 1"),
        (lambda: gn.optim.linear(5, end=-1.0), "a factor of 0 or more"),
        (lambda: gn.optim.constant(0.0), "constant: factor: wanted a positive number"),
        (lambda: gn.optim.warmup(3) * 2, "multiplied by another one"),
        (lambda: gn.optim.warmup(3).then(2, 0.1), "wanted a schedule"),
    ],
)
def test_wrong_schedules_get_a_sentence(call, words) -> None:
    with pytest.raises(gn.SettingError, match=words):
        call()
