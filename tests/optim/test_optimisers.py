"""Optimisers take the steps that PyTorch's take, and their settings are knobs of the graph."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from graphnn.engine import kernels
from optim_problems import STEPS, Problem, gradients_of_a_run, run_on

SETTINGS = {
    "SGD": (lambda: gn.optim.SGD(0.05), "SGD", {"lr": 0.05}),
    "SGD with momentum": (lambda: gn.optim.SGD(0.02, 0.9), "SGD", {"lr": 0.02, "momentum": 0.9}),
    "SGD that looks ahead": (lambda: gn.optim.SGD(0.02, 0.8, nesterov=True), "SGD",
                             {"lr": 0.02, "momentum": 0.8, "nesterov": True}),
    "Adam": (lambda: gn.optim.Adam(0.03), "Adam", {"lr": 0.03}),
    "Adam with its own settings": (lambda: gn.optim.Adam(0.1, 0.7, 0.95, 1e-3), "Adam",
                                   {"lr": 0.1, "betas": (0.7, 0.95), "eps": 1e-3}),
    "SGD with weight decay": (lambda: gn.optim.SGD(0.05, 0.5, weight_decay=0.1), "SGD",
                              {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1}),
    "Adam with weight decay": (lambda: gn.optim.Adam(0.03, weight_decay=0.2), "Adam",
                               {"lr": 0.03, "weight_decay": 0.2}),
    "AMSGrad": (lambda: gn.optim.Adam(0.05, 0.8, 0.6, amsgrad=True), "Adam",
                {"lr": 0.05, "betas": (0.8, 0.6), "amsgrad": True}),
    "AdamW": (lambda: gn.optim.AdamW(0.03, weight_decay=0.3), "AdamW", {"lr": 0.03, "weight_decay": 0.3}),
    "AdamW with AMSGrad": (lambda: gn.optim.AdamW(0.03, amsgrad=True), "AdamW",
                           {"lr": 0.03, "weight_decay": 0.01, "amsgrad": True}),
    "Nadam": (lambda: gn.optim.Nadam(0.02), "NAdam", {"lr": 0.02}),
    "Nadam with weight decay": (lambda: gn.optim.Nadam(0.02, weight_decay=0.1), "NAdam",
                                {"lr": 0.02, "weight_decay": 0.1}),
    "AdaGrad": (lambda: gn.optim.AdaGrad(0.1), "Adagrad", {"lr": 0.1}),
    "AdaGrad with weight decay": (lambda: gn.optim.AdaGrad(0.1, weight_decay=0.1), "Adagrad",
                                  {"lr": 0.1, "weight_decay": 0.1}),
    "RMSProp": (lambda: gn.optim.RMSProp(0.02), "RMSprop", {"lr": 0.02}),
    "RMSProp with momentum": (lambda: gn.optim.RMSProp(0.01, 0.9, 1e-4, momentum=0.7, weight_decay=0.1), "RMSprop",
                              {"lr": 0.01, "alpha": 0.9, "eps": 1e-4, "momentum": 0.7, "weight_decay": 0.1}),
    "AdaDelta": (lambda: gn.optim.AdaDelta(), "Adadelta", {"lr": 1.0}),
    "AdaDelta with its own settings": (lambda: gn.optim.AdaDelta(0.5, 0.8, 1e-3, weight_decay=0.1), "Adadelta",
                                       {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_fifty_steps_are_those_of_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    make, theirs, settings = SETTINGS[name]
    optimizer = make()
    ours = Problem(optimizer)
    w, b = (torch.tensor(a, requires_grad=True) for a in ours.start)
    oracle = getattr(torch.optim, theirs)([w, b], **settings)
    for k in range(STEPS):
        if k == 30:
            optimizer.learning_rate.value = 0.004
            oracle.param_groups[0]["lr"] = 0.004
        oracle.zero_grad()
        loss = ((torch.from_numpy(ours.rows[k]) @ w + b - torch.from_numpy(ours.targets[k])) ** 2).mean()
        loss.backward()
        assert ours.step(k) == pytest.approx(loss.item(), rel=1e-9)
        oracle.step()
    np.testing.assert_allclose(ours.w.value, w.detach().numpy(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.b.value, b.detach().numpy(), rtol=1e-9, atol=1e-9)


def test_adams_first_steps_are_those_of_the_paper() -> None:
    w, g = gn.parameter(np.array([1.0, -2.0, 3.0]), "w", "float64"), np.array([0.5, -1e-3, 40.0])
    program = gn.Program((), gn.optim.Adam(0.1, 0.9, 0.99, 1e-8).updates([w], [gn.constant(g, "float64")]))
    value, m, v = w.value, np.zeros(3), np.zeros(3)
    for t in (1, 2, 3):
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g**2
        value = value - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
        program.run()
        np.testing.assert_allclose(w.value, value, rtol=1e-12)


def test_sign_sgd_goes_equally_far_everywhere() -> None:
    gradients = gradients_of_a_run(50)
    expected = np.array([1.0, -2.0, 3.0, -4.0]) - 0.01 * np.sign(gradients).sum(axis=0)
    np.testing.assert_allclose(run_on(gn.optim.SignSGD(0.01), gradients), expected, rtol=1e-12)


def test_lions_steps_are_those_of_the_paper() -> None:
    gradients = gradients_of_a_run(50)
    w, m = np.array([1.0, -2.0, 3.0, -4.0]), np.zeros(4)
    for g in gradients:
        w = w * (1 - 0.01 * 0.3) - 0.01 * np.sign(0.8 * m + 0.2 * g)
        m = 0.95 * m + 0.05 * g
    found = run_on(gn.optim.Lion(0.01, 0.8, 0.95, weight_decay=0.3), gradients)
    np.testing.assert_allclose(found, w, rtol=1e-12)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_optimiser_starts_anew_after_a_reset(name: str) -> None:
    optimizer, w = SETTINGS[name][0](), gn.parameter(np.ones(3), "w")
    program = gn.Program((), optimizer.updates([w], [gn.constant(np.full(3, 0.3))]))
    program.run(repeats=4)
    first = w.value
    w.value = np.ones(3)
    optimizer.reset()
    program.run(repeats=4)
    np.testing.assert_array_equal(w.value, first)


def test_a_wrong_weight_decay_gets_a_sentence() -> None:
    with pytest.raises(gn.SettingError, match="weight_decay is a number of 0 or more"):
        gn.optim.SGD(0.1, weight_decay=-1.0)


def test_a_changed_learning_rate_holds_from_the_next_step_and_compiles_nothing() -> None:
    optimizer = gn.optim.SGD(0.5)
    w = gn.parameter(np.ones(3), "w")
    program = gn.Program((), optimizer.updates([w], [gn.constant(np.ones(3))]))
    program.run()
    np.testing.assert_array_equal(w.value, np.full(3, 0.5))
    before = dict(kernels.statistics)
    optimizer.learning_rate.value = 0.25
    program.run(repeats=2)
    np.testing.assert_array_equal(w.value, np.zeros(3))
    assert kernels.statistics == before


def test_the_step_of_a_float32_parameter_stays_float32_and_follows_the_float64_one() -> None:
    single, double = (Problem(gn.optim.Adam(0.03), dtype) for dtype in ("float32", "float64"))
    for k in range(20):
        single.step(k)
        double.step(k)
    assert single.w.value.dtype == np.float32
    np.testing.assert_allclose(single.w.value, double.w.value, atol=1e-5)


@pytest.mark.parametrize("number", [np.float32(0.25), np.float64(0.25), 0.25, np.int64(1), 1])
def test_numpys_numbers_are_numbers(number) -> None:
    assert float(gn.optim.SGD(number).learning_rate.value) == float(number)


def test_the_nodes_of_a_step_stand_in_the_optimisers_scope() -> None:
    w = gn.parameter(np.ones(3), "w")
    updates = gn.optim.Adam(0.1).updates([w], [gn.constant(np.ones(3))])
    assert {new.scope for new in updates.values()} == {"Adam"}
    assert [p.name for p in updates if p is not w] == ["steps", "first moment of w", "second moment of w"]


@pytest.mark.parametrize(
    "make", [lambda: gn.optim.SGD(0.1, 0.9), lambda: gn.optim.Adam(0.1)], ids=["SGD", "Adam"]
)
def test_one_optimiser_trains_two_models_as_two_would(make) -> None:
    def trained(first, second) -> list[bytes]:
        a, b = gn.parameter(np.ones(3), "a"), gn.parameter(np.ones(2), "b")
        programs = [
            gn.Program((), optimizer.updates([w], [w * 0.3])) for optimizer, w in ((first, a), (second, b))
        ]
        for _ in range(4):
            for program in programs:
                program.run()
        return [a.value.tobytes(), b.value.tobytes()]

    shared = make()
    assert trained(shared, shared) == trained(make(), make())
