"""Networks in turn take the steps that PyTorch takes one after another."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

ROWS, BATCH, EPOCHS = 12, 5, 2


def gan(*, repeats: int = 1, rate: float = 0.05):
    """A small GAN on numbers: generator z @ a + c, judge tanh(x @ v) @ u; Adam and SGD with momentum."""
    rng = np.random.default_rng(2)
    start = {
        "a": rng.normal(size=(2, 3)), "c": np.zeros(3), "v": rng.normal(size=(3, 4)), "u": rng.normal(size=(4, 1))
    }  # fmt: skip
    data = {"x": rng.normal(size=(ROWS, 3)) + 1.0, "z": rng.normal(size=(ROWS, 2))}
    x, z = gn.input("x", ("batch", 3), "float64"), gn.input("z", ("batch", 2), "float64")
    a, c, v, u = (gn.parameter(value, name, "float64") for name, value in start.items())

    def judge(rows):
        return gn.tanh(rows @ v) @ u

    made = z @ a + c
    judging = gn.softplus(-judge(x)).mean() + gn.softplus(judge(made)).mean()
    making = gn.softplus(-judge(made)).mean()
    turns = [
        gn.train.Turn("judge", judging, gn.optim.Adam(rate), [v, u], repeats),
        gn.train.Turn("maker", making, gn.optim.SGD(rate, momentum=0.9), [a, c]),
    ]
    return gn.Trainer.in_turn(turns, output=made), data, start


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_small_gan_takes_the_steps_of_pytorch(repeats: int) -> None:
    torch = pytest.importorskip("torch")
    trainer, data, start = gan(repeats=repeats)
    history = trainer.fit(data, epochs=EPOCHS, batch=BATCH, shuffle=False, progress=False)
    a, c, v, u = (torch.tensor(value, requires_grad=True) for value in start.values())
    one, two = torch.optim.Adam([v, u], 0.05), torch.optim.SGD([a, c], 0.05, momentum=0.9)
    softplus = torch.nn.functional.softplus
    means = []
    for _ in range(EPOCHS):
        sums = np.zeros(2)
        for first in range(0, ROWS, BATCH):
            x, z = (torch.tensor(data[name][first : first + BATCH]) for name in "xz")
            for _ in range(repeats):
                judging = (
                    softplus(-torch.tanh(x @ v) @ u).mean()
                    + softplus(torch.tanh((z @ a + c).detach() @ v) @ u).mean()
                )
                one.zero_grad()
                judging.backward()
                one.step()
            making = softplus(-torch.tanh((z @ a + c) @ v) @ u).mean()
            two.zero_grad()
            making.backward()
            two.step()
            sums += np.array([judging.item(), making.item()]) * len(x)
        means.append(sums / ROWS)
    for node, tensor in zip(trainer.parameters, (v, u, a, c), strict=True):
        np.testing.assert_allclose(node.value, tensor.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history["judge loss"], [m[0] for m in means], rtol=1e-9)
    np.testing.assert_allclose(history["maker loss"], [m[1] for m in means], rtol=1e-9)


def test_the_second_turn_sees_the_new_parameters_of_the_first() -> None:
    w = gn.parameter(1.0, "w", "float64")
    v = gn.parameter(0.0, "v", "float64")
    x = gn.input("x", ("batch",), "float64")
    first = gn.train.Turn("first", (x * w).mean(), gn.optim.SGD(0.25), [w])
    second = gn.train.Turn("second", (x * w * v).mean(), gn.optim.SGD(1.0), [v])
    trainer = gn.Trainer.in_turn([first, second])
    assert trainer.step({"x": [1.0, 1.0]}) == pytest.approx(1.0)
    assert float(w.value) == 0.75
    assert float(v.value) == -0.75, "with the old w it would be -1"


def test_counters_and_statistics_move_on_with_each_turn() -> None:
    x = gn.input("x", ("batch",), "float64")
    w, seen, count = (
        gn.parameter(1.0, "w", "float64"),
        gn.parameter(0.0, "seen", "float64", trainable=False),
        gn.counter("n"),
    )
    y = gn.with_update(x * w, seen, seen + 1.0) + 0.0 * count.cast("float64")
    turns = [gn.train.Turn(name, y.mean(), gn.optim.SGD(0.1), [w], 2) for name in ("one", "two")]
    trainer = gn.Trainer.in_turn(turns)
    trainer.fit({"x": np.ones(6)}, epochs=1, batch=2, progress=False)
    assert int(count.value) == 12 and float(seen.value) == 12.0
    assert float(w.value) == pytest.approx(1.0 - 0.1 * 12)


def test_evaluating_and_predicting_tell_of_every_turn() -> None:
    trainer, data, _ = gan()
    history = trainer.fit(data, epochs=1, validation=data, progress=False)
    assert history.names == (
        "judge loss", "maker loss", "seconds", "validation judge loss", "validation maker loss"
    )  # fmt: skip
    assert list(trainer.evaluate(data)) == ["judge loss", "maker loss"]
    assert trainer.predict({"z": data["z"]}).shape == (ROWS, 3)


def test_going_on_is_the_same_as_not_having_stopped() -> None:
    through, data, _ = gan()
    through.fit(data, epochs=4, batch=BATCH, progress=False)
    first, second = gan()[0], gan()[0]
    first.fit(data, epochs=2, batch=BATCH, progress=False)
    second.set_state(first.state())
    second.fit(data, epochs=4, batch=BATCH, progress=False, resume=True)
    for one, other in zip(second.parameters, through.parameters, strict=True):
        assert one.value.tobytes() == other.value.tobytes()
    assert second.history["maker loss"].tobytes() == through.history["maker loss"].tobytes()


def test_turns_in_words() -> None:
    x, w = gn.input("x", ("batch",), "float64"), gn.parameter(1.0, "w", "float64")
    loss = (x * w).mean()
    turn = gn.train.Turn("one", loss, gn.optim.SGD(0.1))
    for make, words in (
        (lambda: gn.Trainer.in_turn([]), "turns are a list of gn.train.Turn, found"),
        (lambda: gn.Trainer.in_turn([turn, turn]), "two turns are called 'one'"),
        (lambda: gn.train.Turn("", loss, gn.optim.SGD(0.1)), "a name is a non-empty text"),
        (lambda: gn.train.Turn("one", 3.0, gn.optim.SGD(0.1)), "loss is a node, found 3.0"),
        (lambda: gn.train.Turn("one", x, gn.optim.SGD(0.1)), "is not a scalar"),
        (lambda: gn.train.Turn("one", loss, "adam"), "optimizer is one of gn.optim"),
        (lambda: gn.train.Turn("one", loss, gn.optim.SGD(0.1), repeats=0), "repeats is a whole number"),
    ):
        with pytest.raises(gn.GraphnnError, match=words):
            make()
