"""Groups: each parameter is moved by the optimiser of the first pattern that describes it."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from optim_problems import STEPS


def net():
    """Two layers, four parameters, and the loss on fed rows."""
    rng = np.random.default_rng(2)
    x = gn.input("x", ("batch", 3), "float64")
    made, h = [], x
    for name in ("first", "second"):
        with gn.scope(name):
            w = gn.parameter(rng.normal(size=(3, 3)), "w", "float64")
            b = gn.parameter(np.zeros(3), "b", "float64")
            h = gn.tanh(h @ w + b)
        made += [w, b]
    return x, made, ((h - 0.3) ** 2.0).mean()


ROWS = np.random.default_rng(8).normal(size=(STEPS, 6, 3))


def run(optimizer, steps: int = STEPS) -> list[np.ndarray]:
    x, parameters, loss = net()
    program = gn.Program(loss, optimizer.updates(parameters, gn.gradient(loss, parameters), loss))
    for rows in ROWS[:steps]:
        program.run({x: rows})
    return [p.value.copy() for p in parameters]


def test_groups_step_as_pytorchs_parameter_groups() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    ours = run(
        gn.optim.Groups(
            {
                "*/b": gn.optim.AdamW(0.05, weight_decay=0.0),
                "first/*": gn.optim.AdamW(0.01),
                "*": gn.optim.AdamW(0.03),
            },
            clip=gn.optim.clip_global_norm(0.2),
            schedule=gn.optim.exponential(0.97),
        )
    )
    _, parameters, _ = net()
    w1, b1, w2, b2 = theirs = [torch.tensor(p.value.copy(), requires_grad=True) for p in parameters]
    oracle = torch.optim.AdamW(
        [
            {"params": [b1, b2], "lr": 0.05, "weight_decay": 0.0},
            {"params": [w1], "lr": 0.01, "weight_decay": 0.01},
            {"params": [w2], "lr": 0.03, "weight_decay": 0.01},
        ]
    )
    schedule = torch.optim.lr_scheduler.ExponentialLR(oracle, 0.97)
    for rows in ROWS:
        oracle.zero_grad()
        h = torch.tanh(torch.tanh(torch.from_numpy(rows) @ w1 + b1) @ w2 + b2)
        ((h - 0.3) ** 2).mean().backward()
        torch.nn.utils.clip_grad_norm_(theirs, 0.2)
        oracle.step()
        schedule.step()
    for found, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-8, atol=1e-9)


def test_a_group_without_optimiser_stays_and_does_not_count_for_the_common_clip() -> None:
    start = [p.value for p in net()[1]]
    frozen = run(
        gn.optim.Groups({"first/*": None, "*": gn.optim.SGD(0.5)}, clip=gn.optim.clip_global_norm(0.01)), 1
    )
    np.testing.assert_array_equal(frozen[0], start[0])
    np.testing.assert_array_equal(frozen[1], start[1])
    moved = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(frozen[2:], start[2:], strict=True)))
    assert moved == pytest.approx(0.5 * 0.01, rel=1e-3)


def test_the_first_pattern_that_fits_wins() -> None:
    both = run(gn.optim.Groups({"*/w": gn.optim.SGD(0.5), "first/*": gn.optim.SGD(0.1), "*": None}), 1)
    alone = run(gn.optim.SGD(0.5), 1)
    slow = run(gn.optim.SGD(0.1), 1)
    np.testing.assert_allclose(both[0], alone[0])
    np.testing.assert_allclose(both[1], slow[1])
    np.testing.assert_array_equal(both[3], net()[1][3].value)


def test_the_state_of_all_groups_is_the_state_of_the_whole() -> None:
    x, parameters, loss = net()
    optimizer = gn.optim.Groups(
        {"*/w": gn.optim.Adam(0.01, average=gn.optim.ema(0.9)), "*": gn.optim.SGD(0.1, 0.9)},
        schedule=gn.optim.warmup(3),
    )
    updates = optimizer.updates(parameters, gn.gradient(loss, parameters))
    assert set(updates) - set(parameters) == set(optimizer.state)
    assert set(optimizer.averaged) == {parameters[0], parameters[2]}
    start = [p.value.copy() for p in parameters]
    program = gn.Program(loss, updates)
    program.run({x: ROWS[0]}, repeats=3)
    first = [p.value.copy() for p in parameters]
    for p, value in zip(parameters, start, strict=True):
        p.value = value
    optimizer.reset()
    program.run({x: ROWS[0]}, repeats=3)
    for p, value in zip(parameters, first, strict=True):
        np.testing.assert_array_equal(p.value, value)


def test_the_common_learning_rate_multiplies_those_of_the_groups() -> None:
    optimizer = gn.optim.Groups({"*/w": gn.optim.SGD(0.5), "*": gn.optim.SGD(0.1)})
    optimizer.learning_rate.value = 0.5
    halved = run(optimizer, 1)
    expected = run(gn.optim.Groups({"*/w": gn.optim.SGD(0.25), "*": gn.optim.SGD(0.05)}), 1)
    for found, wanted in zip(halved, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: run(gn.optim.Groups({"first/*": gn.optim.SGD(0.1)})),
            "no pattern describes second/w, second/b",
        ),
        (
            lambda: run(gn.optim.Groups({"*/w": None, "*": gn.optim.SGD(), "*/b": None})),
            "'\\*/b' takes no parameter",
        ),
        (lambda: run(gn.optim.Groups({"third/*": None, "*": gn.optim.SGD()})), "there are first/w, first/b"),
        (lambda: gn.optim.Groups({}), "wanted a mapping"),
        (lambda: gn.optim.Groups({3: None}), "a pattern is a text"),
        (lambda: gn.optim.Groups({"*": 0.1}), "has an optimiser of gn.optim, or None"),
    ],
)
def test_wrong_groups_get_a_sentence(call, words: str) -> None:
    with pytest.raises(gn.SettingError, match=words):
        call()
