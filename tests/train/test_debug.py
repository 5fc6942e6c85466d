"""`gn.train.debug` finds each planted fault, and nothing in a healthy training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import graphnn as gn

Rows = dict[str, np.ndarray]


def digits() -> tuple[Rows, Rows]:
    """Training and validation rows of the digits, in float32."""
    parts = gn.data.split(gn.data.digits(), seed=1)
    return tuple({"x": part.x, "y": part.y} for part in parts)  # type: ignore[return-value]


def classifier(
    features: int = 64,
    classes: int = 10,
    *,
    steps: list | None = None,
    optimizer: gn.optim.Optimizer | None = None,
    change: Callable[[gn.Node], gn.Node] | None = None,
    seed: int = 1,
) -> gn.Trainer:
    x, y = gn.input("x", ("batch", features)), gn.input("y", ("batch",), "int64")
    layers = steps or [gn.nn.Dense(32, gn.relu), gn.nn.Dense(classes)]
    logits = gn.nn.Sequential(layers, seed=seed)(x)
    logits = logits if change is None else change(logits)
    return gn.Trainer(
        gn.softmax_cross_entropy(logits, y),
        optimizer or gn.optim.Adam(0.01),
        output=logits,
        metrics={"accuracy": gn.accuracy(logits, y)},
    )


def scaled(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray((values - values.mean(0)) / values.std(0), dtype=np.float32)


def regression() -> tuple[gn.Trainer, Rows]:
    data = gn.data.diabetes()
    x, y = gn.input("x", ("batch", 10)), gn.input("y", ("batch", 1))
    out = gn.nn.Sequential([gn.nn.Dense(32, gn.tanh), gn.nn.Dense(1)], seed=3)(x)
    trainer = gn.Trainer(gn.mean_squared_error(out, y), gn.optim.Adam(0.01), output=out)
    return trainer, {"x": scaled(data.x), "y": scaled(data.y)}


# Healthy trainings


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["relu and Adam", "tanh and SGD", "momentum"])
def test_a_healthy_training_of_digits_gives_no_finding(kind: str, seed: int) -> None:
    train, valid = digits()
    function = gn.tanh if kind == "tanh and SGD" else gn.relu
    optimizer = {
        "relu and Adam": gn.optim.Adam(0.005),
        "tanh and SGD": gn.optim.SGD(0.3),
        "momentum": gn.optim.SGD(0.05, momentum=0.9),
    }[kind]
    trainer = classifier(steps=[gn.nn.Dense(64, function), gn.nn.Dense(10)], optimizer=optimizer, seed=seed)
    before = gn.train.debug(trainer, train)
    assert before.kinds == (), str(before)
    trainer.fit(train, epochs=8, progress=False)
    after = gn.train.debug(trainer, train, validation=valid)
    assert after.kinds == (), str(after)
    assert str(after).startswith("Nothing wrong was found.")


def test_a_healthy_training_of_moons_gives_no_finding() -> None:
    data = gn.data.moons(300)
    report = gn.train.debug(classifier(2, 2), {"x": data.x, "y": data.y})
    assert report.kinds == (), str(report)


def test_a_healthy_training_of_diabetes_gives_no_finding() -> None:
    trainer, data = regression()
    report = gn.train.debug(trainer, data)
    assert report.kinds == (), str(report)


def test_a_healthy_deep_net_gives_no_finding() -> None:
    deep = [gn.nn.Dense(32, gn.relu) for _ in range(5)]
    trainer = classifier(steps=[*deep, gn.nn.Dense(10)], optimizer=gn.optim.Adam(0.003))
    report = gn.train.debug(trainer, digits()[0])
    assert report.kinds == (), str(report)


def test_a_healthy_convolution_gives_no_finding() -> None:
    train, _ = digits()
    x, y = gn.input("x", ("batch", 1, 8, 8)), gn.input("y", ("batch",), "int64")
    layers = [gn.nn.Conv2d(8, 3, activation=gn.relu), gn.nn.Flatten(), gn.nn.Dense(10)]
    logits = gn.nn.Sequential(layers, seed=1)(x)
    trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), gn.optim.Adam(0.005), output=logits)
    report = gn.train.debug(trainer, {**train, "x": train["x"].reshape(-1, 1, 8, 8)})
    assert report.kinds == (), str(report)


def test_dropout_and_running_statistics_are_no_fault_and_stay_as_they_were() -> None:
    train, _ = digits()
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    layers = [gn.nn.Dense(32), gn.nn.BatchNorm(), gn.relu, gn.nn.Dropout(0.3), gn.nn.Dense(10)]
    net = gn.nn.Sequential(layers, seed=1)
    logits, plain = net(x, training=True), net(x)
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y),
        gn.optim.Adam(0.005),
        output=plain,
        evaluation_loss=gn.softmax_cross_entropy(plain, y),
    )
    before = trainer.state().arrays
    report = gn.train.debug(trainer, train)
    assert report.kinds == (), str(report)
    for name, array in trainer.state().arrays.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_a_last_layer_that_starts_at_zero_is_no_fault() -> None:
    train, _ = digits()
    steps = [gn.nn.Dense(32, gn.relu), gn.nn.Dense(10, weight_init=gn.init.zeros)]
    report = gn.train.debug(classifier(steps=steps), train)
    assert report.kinds == (), str(report)


def test_the_trainer_is_as_it_was_before() -> None:
    train, valid = digits()
    trainer = classifier()
    trainer.fit(train, epochs=2, progress=False)
    before = trainer.state()
    gn.train.debug(trainer, train, validation=valid)
    after = trainer.state()
    assert before.facts == after.facts
    assert before.arrays.keys() == after.arrays.keys()
    for name, array in before.arrays.items():
        np.testing.assert_array_equal(after.arrays[name], array, err_msg=name)


def test_the_same_seed_gives_the_same_report() -> None:
    train, _ = digits()
    train = {k: v[:200] for k, v in train.items()}
    train["y"] = train["y"][::-1].copy()
    assert str(gn.train.debug(classifier(), train)) == str(gn.train.debug(classifier(), train))


# Planted faults


def found(report: gn.train.Report, kind: str) -> gn.train.Finding:
    assert kind in report, str(report)
    finding = report[kind][0]
    assert finding.evidence and all(np.isfinite(v) or kind for v in finding.evidence.values())
    assert finding.place and finding.advice
    assert f"{kind} ({finding.place})" in str(report)
    return finding


def test_labels_beyond_the_classes_are_found() -> None:
    train, _ = digits()
    report = gn.train.debug(classifier(), {"x": train["x"], "y": train["y"] + 1})
    assert "10" in found(report, "data out of range").words


def test_the_first_node_that_is_no_number_is_found() -> None:
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Dense(10, seed=1)(x)
    broken = gn.log(logits).named("broken")
    trainer = gn.Trainer(gn.softmax_cross_entropy(broken, y), gn.optim.SGD(0.1), output=broken)
    assert "broken" in found(gn.train.debug(trainer, digits()[0]), "not finite").place


def test_a_parameter_that_is_no_number_is_found() -> None:
    trainer = classifier()
    w = trainer.parameters[0]
    w.value = np.where(np.arange(w.value.size).reshape(w.shape) == 5, np.nan, w.value)
    finding = found(gn.train.debug(trainer, digits()[0]), "not finite")
    assert finding.evidence["bad numbers"] == 1
    assert "w" in finding.place


@pytest.mark.parametrize("fault", ["one feature small", "all large", "far from zero"])
def test_data_that_is_not_scaled_is_found(fault: str) -> None:
    trainer, data = regression()
    x = data["x"].copy()
    if fault == "one feature small":
        x[:, 3] *= 1e-4
    elif fault == "all large":
        x *= 300.0
    else:
        x[:, 3] += 90.0
    finding = found(gn.train.debug(trainer, {**data, "x": x}), "data not scaled")
    assert finding.place.startswith("x")
    assert ("3" in finding.place) == (fault != "all large")


def test_constant_features_are_found() -> None:
    trainer, data = regression()
    x = data["x"].copy()
    x[:, 6] = 1.5
    finding = found(gn.train.debug(trainer, {**data, "x": x}), "constant features")
    assert finding.place == "x, features 6"
    assert finding.evidence["value of the first"] == 1.5


def test_pixels_that_are_always_zero_are_only_a_remark() -> None:
    report = gn.train.debug(classifier(), digits()[0])
    assert any("of 64 features of x are 0 in all rows" in remark for remark in report.remarks)


def test_targets_that_are_not_scaled_are_found() -> None:
    trainer, data = regression()
    report = gn.train.debug(trainer, {**data, "y": gn.data.diabetes().y})
    assert found(report, "targets not scaled").evidence["mean"] == pytest.approx(152.13, abs=0.1)


def test_class_imbalance_is_found() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.02).astype(np.int64)
    x = (rng.normal(size=(400, 2)) + 2.0 * y[:, None]).astype(np.float32)
    finding = found(gn.train.debug(classifier(2, 2), {"x": x, "y": y}), "class imbalance")
    assert finding.evidence["share of the commonest"] == pytest.approx(1 - y.mean())


def test_one_class_only_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    report = gn.train.debug(classifier(2, 2), {"x": x, "y": np.ones(100, np.int64)})
    assert "nothing to tell apart" in found(report, "class imbalance").words


def test_a_loss_at_the_start_far_from_that_of_guessing_is_found() -> None:
    steps = [gn.nn.Dense(32, gn.relu), gn.nn.Dense(10, weight_init=gn.init.normal(5.0))]
    finding = found(gn.train.debug(classifier(steps=steps), digits()[0]), "loss at start")
    assert finding.evidence["ln(classes)"] == pytest.approx(np.log(10))


def test_an_untrained_model_that_knows_the_labels_is_found() -> None:
    train, _ = digits()
    x = np.eye(10, dtype=np.float32)[train["y"]]
    steps = [gn.nn.Dense(10, weight_init=lambda shape, rng: 9.0 * np.eye(10), use_bias=False)]
    report = gn.train.debug(classifier(10, steps=steps), {"x": x, "y": train["y"]})
    assert "cannot know so much" in found(report, "loss at start").words


def test_dead_units_are_found() -> None:
    steps = [gn.nn.Dense(32, gn.relu, bias_init=gn.init.constant(-20.0)), gn.nn.Dense(10)]
    finding = found(gn.train.debug(classifier(steps=steps), digits()[0]), "dead units")
    assert finding.place == "net/dense1"
    assert finding.evidence["dead units"] == 32


@pytest.mark.parametrize("function", [gn.sigmoid, gn.tanh], ids=["sigmoid", "tanh"])
def test_saturated_units_are_found(function) -> None:
    steps = [gn.nn.Dense(32, function, weight_init=gn.init.normal(10.0)), gn.nn.Dense(10)]
    finding = found(gn.train.debug(classifier(steps=steps), digits()[0]), "saturated units")
    assert finding.place == "net/dense1"
    assert finding.evidence["share near the limits"] > 0.5


def test_vanishing_gradients_are_found() -> None:
    steps = [*(gn.nn.Dense(16, gn.sigmoid) for _ in range(8)), gn.nn.Dense(10)]
    finding = found(gn.train.debug(classifier(steps=steps), digits()[0]), "vanishing gradients")
    assert finding.place == "net/dense1"
    assert (
        finding.evidence["gradient std at first layer"]
        < 1e-3 * finding.evidence["gradient std at last layer"]
    )


def test_exploding_gradients_are_found() -> None:
    steps = [*(gn.nn.Dense(32, gn.relu, weight_init=gn.init.normal(2.0)) for _ in range(5)), gn.nn.Dense(10)]
    report = gn.train.debug(classifier(steps=steps), digits()[0])
    assert {"exploding gradients", "exploding activations"} & {*report.kinds}, str(report)


def test_parameters_without_a_gradient_are_found() -> None:
    x, y = gn.input("x", ("batch", 64)), gn.input("y", ("batch",), "int64")
    first, last = gn.nn.Dense(32, gn.relu, name="first", seed=1), gn.nn.Dense(10, name="last", seed=1)
    logits = last(gn.scale_gradient(first(x), 0.0))
    trainer = gn.Trainer(
        gn.softmax_cross_entropy(logits, y),
        gn.optim.Adam(0.01),
        output=logits,
        parameters=[*first.parameters, *last.parameters],
    )
    report = gn.train.debug(trainer, digits()[0])
    assert [f.place for f in report["no gradient"]] == ["first/w", "first/b"]


def test_a_loss_that_does_not_fall_is_found() -> None:
    # The features are the same for all rows, so not even a few rows can be told apart.
    train, _ = digits()
    trainer = classifier(change=lambda logits: logits * 0.0 + logits.mean(axis=0, keepdims=True))
    finding = found(gn.train.debug(trainer, train), "loss does not fall")
    assert finding.evidence["end with Adam"] > 0.1 * finding.evidence["start"]


@pytest.mark.parametrize("optimizer", [gn.optim.SGD(30.0), gn.optim.Adam(3.0)], ids=["SGD", "Adam"])
def test_a_learning_rate_that_is_too_high_is_found(optimizer: gn.optim.Optimizer) -> None:
    finding = found(gn.train.debug(classifier(optimizer=optimizer), digits()[0]), "learning rate too high")
    assert finding.evidence["suggested"] < 0.1 * finding.evidence["learning rate"]


@pytest.mark.parametrize("optimizer", [gn.optim.SGD(1e-5), gn.optim.Adam(1e-6)], ids=["SGD", "Adam"])
def test_a_learning_rate_that_is_too_low_is_found(optimizer: gn.optim.Optimizer) -> None:
    finding = found(gn.train.debug(classifier(optimizer=optimizer), digits()[0]), "learning rate too low")
    assert finding.evidence["suggested"] > 10 * finding.evidence["learning rate"]


@pytest.mark.parametrize("shift", [1, -1])
def test_labels_that_are_one_row_off_are_found_with_their_direction(shift: int) -> None:
    train, _ = digits()
    report = gn.train.debug(classifier(), {**train, "y": np.roll(train["y"], shift)})
    finding = found(report, "labels shifted")
    assert f"np.roll(targets, {-shift}" in finding.advice
    assert finding.evidence["held-out loss"] > finding.evidence[f"with targets moved by {-shift:+d} row"]


@pytest.mark.parametrize("task", ["digits", "diabetes"])
def test_targets_in_another_order_than_the_inputs_are_found(task: str) -> None:
    trainer, data = (classifier(), digits()[0]) if task == "digits" else regression()
    order = np.random.default_rng(5).permutation(len(data["y"]))
    report = gn.train.debug(trainer, {**data, "y": data["y"][order]})
    assert found(report, "labels unrelated").place == "y"


def test_overfitting_is_found_after_a_training() -> None:
    train, valid = digits()
    few = {k: v[:40] for k, v in train.items()}
    rng = np.random.default_rng(0)
    noisy = {"x": few["x"], "y": np.where(rng.random(40) < 0.3, rng.integers(0, 10, 40), few["y"])}
    trainer = classifier(steps=[gn.nn.Dense(256, gn.relu), gn.nn.Dense(10)])
    trainer.fit(noisy, epochs=150, progress=False)
    finding = found(gn.train.debug(trainer, noisy, validation=valid), "overfitting")
    assert finding.evidence["validation loss"] > 10 * finding.evidence["training loss"]


# The report itself


def test_a_report_is_read_by_kind_and_names_the_nearest_one() -> None:
    train, _ = digits()
    report = gn.train.debug(classifier(optimizer=gn.optim.SGD(1e-5)), train)
    assert len(report) == len(list(report)) == len(report.findings)
    with pytest.raises(gn.SettingError, match="Did you mean 'learning rate too low'"):
        report["learning rate to low"]
    assert {"rates", "losses of rates", "losses", "losses at suggested rate"} <= report.curves.keys()


def test_debug_needs_layers_and_rows() -> None:
    trainer = classifier()
    with pytest.raises(gn.FeedError, match="no rows for input"):
        gn.train.debug(trainer, {"x": digits()[0]["x"]})
    with pytest.raises(gn.SettingError, match="steps is a whole number"):
        gn.train.debug(trainer, digits()[0], steps=0)
    x, w = gn.input("x", ("batch",)), gn.parameter(1.0, "w")
    without = gn.Trainer((x.sum() - w) ** 2.0, gn.optim.SGD(0.1))
    with pytest.raises(gn.GraphError, match="no layer"):
        gn.train.debug(without, {"x": np.ones(4, np.float32)})
