"""Members of an ensemble train in one graph as if each were alone, and answer together."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

COUNT = 3


def network() -> gn.nn.Layer:
    return gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dropout(0.3), gn.nn.Dense(3)])


def inputs() -> tuple[gn.Node, gn.Node, gn.Node]:
    return gn.input("x", ("batch", 4)), gn.input("y", ("batch",), "int64"), gn.input("w", ("batch", COUNT))


def rows_of(data: gn.data.Dataset, *, weights: bool) -> dict[str, np.ndarray]:
    rows = {"x": data.x, "y": data.y}
    return rows | ({"w": gn.nn.bootstrap_weights(len(data.x), COUNT, seed=2)} if weights else {})


def fit(loss: gn.Node, rows: dict[str, np.ndarray]) -> None:
    gn.Trainer(loss, gn.optim.Adam(0.01)).fit(rows, epochs=4, batch=16, seed=3, progress=False)


@pytest.mark.parametrize("weights", [False, True])
def test_each_member_trains_to_the_bits_that_it_reaches_alone(weights: bool) -> None:
    """Alone it stands under the same names, so first values and dropout masks are the same too."""
    rows = rows_of(gn.data.iris(), weights=weights)
    x, y, w = inputs()
    ensemble = gn.nn.Ensemble(network, count=COUNT, seed=5)
    loss = gn.nn.ensemble_loss(
        ensemble.outputs(x, training=True),
        lambda z: gn.softmax_cross_entropy(z, y, reduction="none" if weights else "mean"),
        weights=w if weights else None,
    )
    fit(loss, rows)
    for k, member in enumerate(ensemble.members):
        x, y, w = inputs()
        alone = gn.nn.Sequential(network().steps, name=f"member{k + 1}", seed=5)
        with gn.scope("ensemble"):
            z = alone(x, training=True)
        if weights:
            loss = (gn.softmax_cross_entropy(z, y, reduction="none") * w[:, k]).mean()
        else:
            loss = gn.softmax_cross_entropy(z, y)
        fit(loss, rows)
        for ours, other in zip(member.parameters, alone.parameters, strict=True):
            np.testing.assert_array_equal(ours.value, other.value)
    first = [p.value.tobytes() for p in ensemble.parameters[::4]]
    assert len(set(first)) == COUNT


def test_a_prediction_is_the_mean_over_the_members() -> None:
    x, data = gn.input("x", ("batch", 4), "float64"), np.random.default_rng(0).normal(size=(5, 4))
    members = [gn.nn.Dense(3) for _ in range(COUNT)]
    for average, bend in (
        ("outputs", lambda z: z),
        ("probabilities", lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)),
        (gn.sigmoid, lambda z: 1 / (1 + np.exp(-z))),
    ):
        ensemble = gn.nn.Ensemble([gn.nn.Sequential([m]) for m in members], average=average)
        y, outputs = ensemble(x), ensemble.outputs(x)
        found, *parts = gn.Program([y, *outputs]).run({x: data})
        np.testing.assert_allclose(found, np.mean([bend(part) for part in parts], axis=0), rtol=1e-12)


def test_an_ensemble_is_no_worse_than_its_members_are_on_the_mean() -> None:
    """The cross-entropy of mean probabilities is at most the mean of cross-entropies (Jensen)."""
    data = gn.data.iris()
    x, y, _ = inputs()
    ensemble = gn.nn.Ensemble(network, count=COUNT, seed=1)
    loss = gn.nn.ensemble_loss(ensemble.outputs(x, training=True), lambda z: gn.softmax_cross_entropy(z, y))
    trainer = gn.Trainer(
        loss, gn.optim.Adam(0.01), output=ensemble(x),
        evaluation_loss=gn.categorical_cross_entropy(ensemble(x), y),
        metrics={f"member{k}": gn.softmax_cross_entropy(z, y) for k, z in enumerate(ensemble.outputs(x))},
    )  # fmt: skip
    trainer.fit(data, epochs=20, batch=16, progress=False)
    found = trainer.evaluate(data)
    assert found["loss"] <= np.mean([found[f"member{k}"] for k in range(COUNT)]) < 0.4
    np.testing.assert_allclose(trainer.predict(data.x).sum(axis=1), 1.0, rtol=1e-5)


def test_bootstrap_weights_count_draws_with_replacement() -> None:
    weights = gn.nn.bootstrap_weights(2000, 4, seed=1)
    assert weights.shape == (2000, 4) and weights.dtype == np.float32
    assert (weights.sum(axis=0) == 2000).all() and (weights == weights.round()).all()
    # A row is left out with probability (1 - 1/n)^n = 0.3678; five deviations of 2,000 rows are at most 0.055.
    assert np.abs((weights == 0).mean(axis=0) - np.exp(-1)).max() < 0.055
    np.testing.assert_array_equal(weights, gn.nn.bootstrap_weights(2000, 4, seed=1))
    assert (weights != gn.nn.bootstrap_weights(2000, 4, seed=2)).any()
    assert len({column.tobytes() for column in weights.T}) == 4


def test_parts_of_an_ensemble_have_scopes_of_their_own() -> None:
    x, y, _ = inputs()
    ensemble = gn.nn.Ensemble(network, count=2)
    loss = gn.nn.ensemble_loss(ensemble.outputs(x), lambda z: gn.softmax_cross_entropy(z, y))
    assert [p.scope for p in ensemble.parameters[::2]] == [
        f"ensemble/member{k}/dense{j}" for k in (1, 2) for j in (1, 2)
    ]
    scopes = {n.scope for n in gn.Graph(loss).nodes}
    assert {"ensemble_loss", "ensemble_loss/member1", "ensemble_loss/member2"} <= scopes


x, y, w = inputs()
outputs = gn.nn.Ensemble(network, count=COUNT).outputs(x)
one = gn.nn.Dense(3)
WRONG = [
    (lambda: gn.nn.Ensemble(network), gn.SettingError, "count"),
    (lambda: gn.nn.Ensemble(network, count=0), gn.SettingError, "count is a whole number of at least 1"),
    (lambda: gn.nn.Ensemble([one], count=3), gn.SettingError, "without a count"),
    (lambda: gn.nn.Ensemble(one, count=3), gn.SettingError, "members are a function"),
    (lambda: gn.nn.Ensemble([]), gn.SettingError, "found 'none'"),
    (lambda: gn.nn.Ensemble([gn.relu]), gn.SettingError, "wanted at least one layer, found"),
    (lambda: gn.nn.Ensemble(lambda: one, count=2), gn.SettingError, "stands twice"),
    (lambda: gn.nn.Ensemble([one], average="probability"), gn.SettingError, "Did you mean 'probabilities'"),
    (lambda: gn.nn.Ensemble([gn.nn.Dense(2), gn.nn.Dense(3)])(x), gn.ShapeError, "members must answer alike"),
    (lambda: gn.nn.ensemble_loss(x, gn.sum), gn.SettingError, "outputs are the nodes"),
    (lambda: gn.nn.ensemble_loss([], gn.sum), gn.SettingError, "outputs are the nodes"),
    (lambda: gn.nn.ensemble_loss(outputs, 3), gn.SettingError, "loss is a function"),
    (lambda: gn.nn.ensemble_loss(outputs, gn.relu), gn.ShapeError, "a member's loss is one number"),
    (lambda: gn.nn.ensemble_loss(outputs, gn.sum, weights=w), gn.ShapeError, 'Use reduction="none"'),
    (lambda: gn.nn.ensemble_loss(outputs, gn.sum, weights=x), gn.ShapeError, "a column for each member"),
    (lambda: gn.nn.ensemble_loss(outputs, gn.sum, weights=y), gn.DtypeError, "weights are floats"),
    (lambda: gn.nn.bootstrap_weights(0, 3), gn.SettingError, "rows"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "error", "text"), WRONG)
def test_wrong_use_is_told_in_words(act, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        act()
