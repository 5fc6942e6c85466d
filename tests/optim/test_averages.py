"""Averages of weights: what PyTorch's AveragedModel keeps, and ways to evaluate with them."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
from optim_problems import STEPS, Problem


def histories(average) -> tuple[np.ndarray, np.ndarray]:
    """The weights after every step, and their averages."""
    optimizer = gn.optim.Adam(0.05, average=average)
    ours = Problem(optimizer)
    weights, averages = [], []
    for k in range(STEPS):
        ours.step(k)
        weights.append(ours.w.value.copy())
        averages.append(optimizer.averaged[ours.w].value.copy())
    return np.array(weights), np.array(averages)


def test_a_corrected_average_is_the_weighted_mean_of_all_weights_so_far() -> None:
    weights, averages = histories(gn.optim.ema(0.9))
    for t in (1, 2, 10, STEPS):
        shares = 0.9 ** np.arange(t)[::-1]
        expected = np.tensordot(shares / shares.sum(), weights[:t], 1)
        np.testing.assert_allclose(averages[t - 1], expected, rtol=1e-10)


def test_a_plain_average_is_that_of_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test")
    weights, averages = histories(gn.optim.ema(0.9, corrected=False))
    model = torch.nn.Linear(2, 3, bias=False, dtype=torch.float64)
    kept = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    )
    for w, average in zip(weights, averages, strict=True):
        with torch.no_grad():
            model.weight.copy_(torch.from_numpy(w))
        kept.update_parameters(model)
        np.testing.assert_allclose(average, kept.module.weight.detach().numpy(), rtol=1e-10)


def test_stochastic_weight_averaging_is_the_mean_of_the_chosen_weights() -> None:
    weights, averages = histories(gn.optim.swa(20, 5))
    np.testing.assert_array_equal(averages[:20], weights[:20])
    np.testing.assert_array_equal(averages[23], weights[19])
    np.testing.assert_allclose(averages[24], weights[24], rtol=1e-12)
    np.testing.assert_allclose(averages[-1], weights[24::5].mean(0), rtol=1e-10)
    weights, averages = histories(gn.optim.swa(0))
    np.testing.assert_allclose(averages[-1], weights.mean(0), rtol=1e-10)


def test_averages_are_put_in_and_taken_out_even_if_something_fails() -> None:
    optimizer = gn.optim.SGD(0.05, average=gn.optim.swa(0))
    ours = Problem(optimizer)
    for k in range(5):
        ours.step(k)
    before, average = ours.w.value.copy(), optimizer.averaged[ours.w].value.copy()
    seen = []

    def fails() -> None:
        with gn.optim.use_averages(optimizer):
            seen.append(ours.w.value.copy())
            raise KeyError("something")

    with pytest.raises(KeyError):
        fails()
    np.testing.assert_array_equal(seen[0], average)
    np.testing.assert_array_equal(ours.w.value, before)


def test_the_averaged_graph_computes_with_the_averages() -> None:
    optimizer = gn.optim.SGD(0.05, average=gn.optim.ema(0.5))
    ours = Problem(optimizer)
    for k in range(5):
        ours.step(k)
    feeds = {"x": ours.rows[0], "t": ours.targets[0]}
    (same,) = gn.optim.averaged_graph([ours.loss], optimizer)
    node = gn.optim.averaged_graph(ours.loss, optimizer)
    with gn.optim.use_averages(optimizer):
        expected = float(gn.Program(ours.loss).run(feeds))
    assert float(gn.Program(node).run(feeds)) == pytest.approx(expected, rel=1e-12)
    assert float(gn.Program(same).run(feeds)) == pytest.approx(expected, rel=1e-12)
    assert expected != pytest.approx(float(gn.Program(ours.loss).run(feeds)), rel=1e-9)


def test_averages_start_anew_after_a_reset() -> None:
    optimizer = gn.optim.SGD(0.05, average=gn.optim.ema(0.5))
    ours = Problem(optimizer)
    start, node = ours.start[0], optimizer.averaged[ours.w]
    ours.step(0)
    optimizer.reset()
    np.testing.assert_array_equal(node.value, start)
    assert node in optimizer.state


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: gn.optim.ema(1.0), gn.SettingError, "ema: decay"),
        (lambda: gn.optim.swa(-1), gn.SettingError, "swa: start is a whole number"),
        (lambda: gn.optim.swa(1, 0), gn.SettingError, "swa: every is a whole number of at least 1"),
        (
            lambda: gn.optim.averaged_graph(gn.scalar(1.0), gn.optim.SGD(0.1)),
            gn.SettingError,
            "keeps no averages",
        ),
        (lambda: gn.optim.use_averages(gn.optim.SGD(0.1)).__enter__(), gn.SettingError, "keeps no averages"),
    ],
)
def test_wrong_averages_get_a_sentence(call, kind, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_outputs_without_averaged_parameters_get_a_sentence() -> None:
    optimizer = gn.optim.SGD(0.05, average=gn.optim.ema(0.5))
    Problem(optimizer)
    with pytest.raises(gn.GraphError, match="depend on no parameter that SGD averages"):
        gn.optim.averaged_graph(gn.scalar(1.0), optimizer)
