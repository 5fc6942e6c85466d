"""What a plot shows are the numbers that it was given, read back from the figure and from its table."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from plotted import bowl, history, rate_test, three, trained
from viz.numbers import number


def lines(plot: viz.Plot, panel: int = 0) -> dict[str, np.ndarray]:
    """The named curves of a panel as {label: (2, points)}."""
    found = {}
    for line in plot.figure.axes[panel].get_lines():
        if not str(line.get_label()).startswith("_child"):
            found[line.get_label()] = np.array(line.get_data(), dtype=float)
    return found


def legend(plot: viz.Plot) -> list[str]:
    owner = plot.figure.legends[0] if plot.figure.legends else plot.figure.axes[0].get_legend()
    return [text.get_text() for text in owner.get_texts()]


def image(plot: viz.Plot, panel: int = 0) -> Any:
    return plot.figure.axes[panel].get_images()[0]


def test_training_curves_are_the_columns_of_the_history() -> None:
    given = history()
    plot = viz.training_curve(given)
    drawn = {**lines(plot, 0), **lines(plot, 1)}
    assert list(drawn) == ["loss", "validation loss", "validation accuracy"]
    for name, (epochs, values) in drawn.items():
        assert epochs.tolist() == list(range(1, 13))
        assert values.tolist() == given[name].tolist()
        assert plot.table.column(name) == given[name].tolist()
    best = given.best("validation loss")
    rings = [line for line in plot.figure.axes[0].get_lines() if line.get_linestyle() == "None"]
    assert [line.get_data() for line in rings] == [([best.epoch], [best.value])]
    assert f"lowest validation loss: epoch {best.epoch}" in legend(plot)
    assert f"is that of epoch {best.epoch}." in plot.alt


def test_validation_is_dashed_and_hollow() -> None:
    plain, validation = viz.training_curve(history()).figure.axes[0].get_lines()[:2]
    assert plain.get_linestyle() == "-" and plain.get_fillstyle() == "full"
    assert validation.get_linestyle() == "--" and validation.get_fillstyle() == "none"
    assert plain.get_color() == validation.get_color()


def test_runs_of_different_length_stand_side_by_side() -> None:
    plot = viz.training_curve({"long": history(9), "short": history(4)}, measures=["loss"])
    assert len(plot.table) == 9
    assert plot.table.column("short: loss")[4:] == [None] * 5
    first, second = (plot.figure.axes[0].get_lines()[k] for k in (0, 2))
    assert first.get_color() != second.get_color() and first.get_marker() != second.get_marker()


def test_an_epoch_without_a_number_is_a_gap_and_is_named() -> None:
    given = [{"loss": 1.0}, {"loss": float("nan")}, {"loss": float("inf")}, {"loss": 0.5}]
    plot = viz.training_curve(given)
    assert np.isnan(lines(plot)["loss"][1][1])
    assert "loss is no finite number in epoch 2, 3." in plot.alt
    assert plot.problems() == []


def test_a_single_epoch_can_be_drawn() -> None:
    plot = viz.training_curve([{"loss": 0.5}])
    assert plot.problems() == []
    assert lines(plot)["loss"].tolist() == [[1.0], [0.5]]


@pytest.mark.parametrize("log", [True, False])
def test_the_scale_of_losses_is_as_asked_for(log: bool) -> None:
    assert viz.training_curve(history(), log=log).figure.axes[0].get_yscale() == ("log" if log else "linear")


def test_gradient_columns_of_a_history_stay_out_of_the_training_curve() -> None:
    given = [
        {"loss": 1.0, "net/dense1 parameter gradient": 0.1, "net/dense1 update ratio": 0.1, "seconds": 1.0}
    ]
    assert viz.training_curve(given).table.head == ("epoch", "loss")


def test_more_measures_than_panels_are_named() -> None:
    plot = viz.training_curve([{"loss": 1.0, "a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0}])
    assert len(plot.figure.axes) == 4
    assert "Not shown: d, e. Choose by measures=." in plot.alt


def test_schedules_are_drawn_as_stairs_of_their_values() -> None:
    schedule = gn.optim.step_decay(5, 0.5)
    plot = viz.schedule_curve(schedule, 20, learning_rate=0.1)
    (drawn,) = plot.figure.axes[0].get_lines()
    assert drawn.get_drawstyle() == "steps-post"
    assert drawn.get_ydata().tolist() == (schedule.values(20) * 0.1).tolist()
    assert legend(plot) == ["step_decay(5, 0.5)"]
    assert plot.figure.axes[0].get_ylabel() == "learning rate"


def test_the_rate_test_shows_losses_and_the_suggested_rate() -> None:
    found = rate_test()
    plot = viz.rate_curve(found)
    dots, smoothed = plot.figure.axes[0].get_lines()[:2]
    assert dots.get_ydata().tolist() == found.losses.tolist()
    assert smoothed.get_xdata().tolist() == found.rates.tolist()
    assert smoothed.get_ydata().tolist() == found.smoothed.tolist()
    assert f"suggested: {found.suggested:.2g}" in legend(plot)
    assert f"blew up: {found.blew_up:.2g}" in legend(plot)
    assert plot.figure.axes[0].get_xscale() == "log"


def test_gradient_sizes_are_those_of_the_statistics() -> None:
    statistics = trained()[2]
    for measure in ("parameter gradient", "activation gradient", "update ratio"):
        plot = viz.gradient_sizes(statistics, measure=measure)
        for k, layer in enumerate(statistics.layers):
            assert lines(plot)[layer][1].tolist() == statistics.columns[measure][:, k].tolist()
            assert plot.table.column(layer) == statistics.columns[measure][:, k].tolist()


def zero_gradients() -> gn.train.GradientStatistics:
    """Statistics of a net whose first layer is dead."""
    data = gn.data.moons(40)
    net = gn.nn.Sequential([gn.nn.Dense(4, lambda x: gn.relu(x - 100.0)), gn.nn.Dense(2)], seed=1)
    trainer = gn.Trainer.classifier(net, 2, 2, gn.optim.SGD(0.1))
    statistics = gn.train.GradientStatistics(data, history=False)
    trainer.fit(data, epochs=2, callbacks=[statistics], progress=False)
    return statistics


@pytest.mark.parametrize("kind", ["lines", "heat"])
def test_a_gradient_of_zero_is_named_and_not_drawn_as_a_small_one(kind: str) -> None:
    statistics = zero_gradients()
    assert (statistics.columns["parameter gradient"][:, 0] == 0).all()
    plot = viz.gradient_sizes(statistics, kind=kind)
    assert f"The gradient is exactly 0: {statistics.layers[0]} in 2 of 2 epochs" in plot.alt
    assert plot.problems() == []
    if kind == "lines":
        assert np.isnan(lines(plot)[statistics.layers[0]][1]).all()


def test_histograms_count_every_element_from_before_the_first_epoch_on() -> None:
    trainer, _, _, kept = trained()
    assert kept.epochs == list(range(7))
    last = kept.kept["weights"][-1]
    large = [p.value for p in trainer.parameters if p.value.size >= 8]
    for found, values in zip(last.values(), large, strict=True):
        assert found.counts.tolist() == np.histogram(values.astype(float), bins=found.edges)[0].tolist()
        assert found.edges[0] == values.min() and found.edges[-1] == values.max()
    plot = viz.histogram_plot(kept, parameters=kept.names[0])
    rows = [row for row in plot.table if row[0] == 6]
    assert [row[4] for row in rows] == last[kept.names[0]].counts.tolist()


def test_histograms_of_gradients_are_those_of_the_batch() -> None:
    trainer, data, _, kept = trained()
    slopes = gn.Program(list(trainer.gradients)).run({"x": data.x[:64], "y": data.y[:64]})
    for g, p in zip(slopes, trainer.parameters, strict=True):
        if p.value.size >= 8:
            found = [h for h in kept.kept["gradients"][-1].values() if h.counts.sum() == g.size]
            assert any(h.edges[0] == g.min() and h.edges[-1] == g.max() for h in found)


def test_histograms_go_through_a_checkpoint() -> None:
    kept, other = trained()[3], viz.histograms()
    other.set_state(kept.state())
    assert other.epochs == kept.epochs
    for one, two in zip(kept.kept["weights"], other.kept["weights"], strict=True):
        assert all(one[n].counts.tolist() == two[n].counts.tolist() for n in one)


def test_the_boundary_shows_the_probabilities_of_the_model() -> None:
    trainer, data, *_ = trained()
    plot = viz.boundary(trainer, data, steps=20)
    points = np.array([row[:2] for row in plot.table], dtype=np.float32)
    scores = trainer.predict(points).astype(np.float64)
    shares = np.exp(scores[:, 1]) / np.exp(scores).sum(axis=1)
    assert np.allclose(plot.table.column("probability of lower"), shares, atol=1e-6)
    assert np.allclose(np.asarray(image(plot).get_array()).ravel(), shares, atol=1e-6)
    upper, lower = (line.get_data() for line in plot.figure.axes[0].get_lines()[:2])
    assert np.array_equal(np.transpose(upper), data.x[data.y == 0].astype(float))
    assert np.array_equal(np.transpose(lower), data.x[data.y == 1].astype(float))
    wrong = int((trainer.predict(data.x).argmax(axis=1) != data.y).sum())
    assert f"{wrong} of 80 rows are answered wrongly." in plot.alt


def test_the_boundary_asks_any_kind_of_model_the_same() -> None:
    rng = np.random.default_rng(0)
    w = gn.parameter(rng.normal(size=(2, 3)).astype(np.float32), "w")
    x = gn.input("x", ("batch", 2))
    node = x @ w
    a, b = gn.input("a", ("n",)), gn.input("b", ("n",))
    several = gn.stack([a * w[0, k] + b * w[1, k] for k in range(3)], axis=1)
    span = ((-1.0, 1.0), (-1.0, 1.0))
    models = [node, gn.Program(node), several, lambda rows: rows.astype(np.float32) @ w.value]
    tables = [np.array(viz.boundary(m, span=span, steps=12).table.rows) for m in models]
    assert all(np.allclose(table, tables[0], atol=1e-5) for table in tables)


def test_the_boundary_of_an_estimator_uses_its_probabilities_and_classes() -> None:
    data = gn.data.blobs(90, seed=2)
    names = np.array(["one", "two", "six"])
    model = gn.GraphClassifier((8,), max_iter=30, tol=0.0, n_iter_no_change=50, random_state=0)
    with warnings.catch_warnings(action="ignore"):  # thirty epochs are few
        model.fit(data.x, names[data.y])
    plot = viz.boundary(model, data.x, steps=10)
    order = [f"probability of {c}" for c in model.classes_]
    assert list(plot.table.head[2:]) == order
    points = np.array([row[:2] for row in plot.table])
    assert np.allclose([row[2:] for row in plot.table], model.predict_proba(points), atol=1e-6)


def test_a_plane_through_more_features_holds_the_others_at_their_means() -> None:
    x = np.random.default_rng(0).normal(size=(50, 3))
    plot = viz.boundary(
        lambda rows: rows[:, 2] * 3, (x, (x[:, 2] > 0).astype(int)), features=(0, 1), steps=5, scores="logits"
    )
    share = 1 / (1 + np.exp(-3 * x[:, 2].mean()))
    assert np.allclose(plot.table.column("probability of 1"), share)
    assert f"The other features are held at their means: x3 at {number(x[:, 2].mean())}." in plot.alt


def test_scores_of_few_rows_are_read_as_those_of_the_whole_plane() -> None:
    # On the rows themselves all scores lie between 0 and 1, and yet they are logits.
    x = np.array([[0.2, 0.0], [0.4, 0.0], [0.9, 0.0]])
    plot = viz.boundary(lambda rows: rows[:, 0], (x, np.array([1, 1, 1])), span=((-3, 3), (-1, 1)), steps=7)
    assert "0 of 3 rows are answered wrongly." in plot.alt


def test_labels_are_answers_too() -> None:
    plot = viz.boundary(lambda rows: (rows[:, 0] > 0).astype(int), span=((-1, 1), (-1, 1)), steps=4)
    assert plot.table.column("probability of 1") == [0.0, 0.0, 1.0, 1.0] * 4


def chances(*levels: float) -> Any:
    """A model that jumps from one chance to the next along x1."""
    return lambda rows: np.array(levels)[np.clip(rows[:, 0].astype(int), 0, len(levels) - 1)]


@pytest.mark.parametrize(
    ("model", "lines"),
    [
        (chances(0.0, 1.0), []),
        (chances(0.1, 0.9), []),
        (chances(0.0, 0.4, 1.0), ["25 %"]),
        (chances(0.0, 0.6, 1.0), ["75 %"]),
        (chances(0.0, 0.4, 0.6, 1.0), ["25 % and 75 %"]),
        (chances(0.1, 0.4), ["25 %"]),
    ],
)
def test_the_legend_of_a_boundary_names_the_lines_that_are_drawn(model: Any, lines: list[str]) -> None:
    plot = viz.boundary(model, span=((0, 4), (0, 1)), steps=9, scores="probabilities")
    assert [name for name in legend(plot) if "%" in name] == lines
    drawn = [c for c in plot.figure.axes[0].collections if c.get_linewidths()[0] < 1]
    assert len(drawn) == sum(name.count("%") for name in lines)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_points_on_the_colour_of_their_class_have_a_rim_in_the_colour_of_the_page(theme: str) -> None:
    x = np.array([[0.5, 0.5], [1.5, 0.5]])
    plot = viz.boundary(chances(0.0, 1.0), (x, [0, 1]), scores="probabilities", theme=theme)
    page = plot.style.theme.page
    for line in plot.figure.axes[0].get_lines()[:2]:
        assert line.get_markeredgecolor() == page != line.get_markerfacecolor()
        assert line.get_markeredgewidth() >= 1


def test_classes_of_three_are_told_by_marker_and_area() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    plot = viz.boundary(three, (x, three(x).argmax(axis=1)), classes=["a", "b", "c"], steps=30)
    markers = [line.get_marker() for line in plot.figure.axes[0].get_lines()[:3]]
    assert len(set(markers)) == 3
    assert [name.split(" ")[0] for name in legend(plot)[:3]] == ["a", "b", "c"]


def test_a_regression_surface_shows_the_predictions() -> None:
    plot = viz.regression_surface(bowl, span=((-1, 1), (-1, 1)), steps=9)
    points = np.array([row[:2] for row in plot.table])
    assert plot.table.column("predicted y") == bowl(points).tolist()
    mesh = plot.figure.axes[0].collections[0]
    assert np.asarray(mesh.get_array()).ravel().tolist() == bowl(points).tolist()


def test_weights_are_shown_cell_by_cell() -> None:
    values = np.random.default_rng(0).normal(size=(5, 3))
    plot = viz.weights(values)
    assert np.array_equal(np.asarray(image(plot).get_array()), values)
    limit = np.abs(values).max()
    assert image(plot).get_clim() == (-limit, limit)
    minus = [text for text in plot.figure.axes[0].texts if text.get_text() == "−"]
    assert sorted(text.get_position()[::-1] for text in minus) == sorted(
        map(tuple, np.argwhere(values < 0).tolist())
    )


def test_columns_of_a_matrix_become_images_in_their_shape() -> None:
    values = np.arange(24.0).reshape(6, 4)
    plot = viz.weights(values, shape=(2, 3), units=[1, 3])
    assert np.array_equal(np.asarray(image(plot, 0).get_array()), values[:, 1].reshape(2, 3))
    assert np.array_equal(np.asarray(image(plot, 1).get_array()), values[:, 3].reshape(2, 3))


def over(plot: viz.Plot) -> list[str]:
    return [axis.get_title("center") for axis in plot.figure.axes if axis.get_label() != "<colorbar>"]


def test_what_stands_over_images_can_be_said() -> None:
    values = np.arange(24.0).reshape(6, 4)
    plot = viz.weights(values, shape=(2, 3), titles=np.array([7, 1, 7, 0]))
    assert over(plot) == ["7", "1", "7", "0"]
    assert plot.alt.endswith("Over them stands: 7, 1, 7, 0.")
    assert plot.problems() == []
    assert over(viz.weights(values, shape=(2, 3), units=[1, 3], titles=["up", "down"])) == ["up", "down"]
    assert over(viz.weights(values, shape=(2, 3))) == ["0", "1", "2", "3"]
    bare = viz.weights(values, shape=(2, 3), titles=None)
    assert over(bare) == [""] * 4
    assert "Over" not in bare.alt
    assert over(viz.weights(values)) == [""]
    assert over(viz.weights(values, titles=["all $of$ them"])) == ["all \\$of\\$ them"]


def test_long_titles_of_images_do_not_run_into_each_other() -> None:
    plot = viz.weights(np.eye(20), shape=(4, 5), columns=20, titles=[f"a long title {k}" for k in range(20)])
    assert all("…" in title for title in over(plot))
    assert plot.problems() == []


def test_kernels_of_a_convolution_stand_by_unit_and_channel() -> None:
    values = np.random.default_rng(0).normal(size=(2, 3, 3, 3))
    plot = viz.weights(values)
    assert np.array_equal(np.asarray(image(plot, 4).get_array()), values[1, 1])


def test_a_confusion_matrix_shows_counts_shares_recall_and_precision() -> None:
    counts = np.array([[8, 2], [1, 9]])
    plot = viz.confusion(counts, classes=["cat", "dog"])
    written = [text.get_text() for text in plot.figure.axes[0].texts]
    assert [text for text in written if text.isdigit()] == ["8", "2", "1", "9"]
    assert [text for text in written if "%" in text][:4] == ["80 %", "20 %", "10 %", "90 %"]
    assert written[-4:] == ["80 %", "89 %", "90 %", "82 %"]
    assert plot.table.column("count") == [8, 2, 1, 9]
    assert plot.table.column("share of the row") == [0.8, 0.2, 0.1, 0.9]
    assert "17 of 20 right (85 %)" in plot.alt


def test_labels_and_answers_make_the_same_confusion_matrix_as_the_metric() -> None:
    labels, answers = np.array([0, 1, 2, 2, 1]), np.array([0, 2, 2, 1, 1])
    assert viz.confusion((labels, answers)).table.column("count") == [1, 0, 0, 0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize("size", ["notebook", "slide"])
@pytest.mark.parametrize("count", [2, 12, 25])
def test_long_names_of_many_classes_do_not_cover_each_other(count: int, size: str) -> None:
    names = [f"a class with the number {k}" for k in range(count)]
    assert viz.confusion(np.eye(count, dtype=int) * 1234, classes=names, size=size).problems() == []


def test_a_class_without_rows_has_no_share() -> None:
    plot = viz.confusion([[3, 0], [0, 0]])
    assert np.isnan(plot.table.column("share of the row")[2:]).all()
    written = [text.get_text() for text in plot.figure.axes[0].texts]
    assert "no rows of this class" in written and "–" in written


def test_a_fit_shows_data_curve_and_residuals() -> None:
    data = gn.data.sine(40)
    plot = viz.fit_curve(lambda x: 2 * x[:, 0], data, target="height in m")
    x, y = data.x[:, 0].astype(float), data.y[:, 0].astype(float)
    assert plot.table.column("residual") == (y - 2 * x).tolist()
    given, curve_line = plot.figure.axes[0].get_lines()[:2]
    assert given.get_ydata().tolist() == y.tolist()
    assert np.allclose(curve_line.get_ydata(), 2 * curve_line.get_xdata())
    assert plot.figure.axes[1].get_lines()[-1].get_ydata().tolist() == (y - 2 * x).tolist()
    assert number(float(np.sqrt(np.mean((y - 2 * x) ** 2)))) in plot.alt


def test_bands_are_mean_and_spread_of_the_members() -> None:
    members = [lambda x, k=k: k * x[:, 0] for k in range(4)]
    plot = viz.bands(members, span=(0, 1), steps=5)
    x = np.linspace(0, 1, 5)
    assert np.allclose(plot.table.column("mean"), 1.5 * x)
    assert np.allclose(plot.table.column("standard deviation"), np.std(range(4), ddof=1) * x)


def test_an_ensemble_shows_its_members() -> None:
    net = gn.nn.Ensemble(lambda: gn.nn.Dense(1), count=3, average="outputs", seed=1)
    plot = viz.bands(net, span=(-1, 1), steps=7)
    x = gn.input("x", ("n", 1))
    rows = np.linspace(-1, 1, 7, dtype=np.float32)[:, None]
    assert np.allclose(plot.table.column("mean"), gn.Program(net(x)).run({"x": rows})[:, 0], atol=1e-6)


def test_the_area_under_the_roc_curve_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    scores = np.round(labels + rng.normal(size=80), 1)  # with ties
    plot = viz.roc_curve(scores, labels)
    assert f"model: area {number(roc_auc_score(labels, scores))}" in legend(plot)
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert np.allclose(plot.table.column("share of others"), false)
    assert np.allclose(plot.table.column("share of the class"), true)


def test_reliability_counts_what_came_true() -> None:
    said, labels = np.array([0.05, 0.15, 0.15, 0.95, 1.0]), np.array([0, 1, 0, 1, 1])
    plot = viz.reliability_curve(said, labels)
    assert plot.table.column("rows") == [1, 2, 2]
    assert plot.table.column("share of the class") == [0.0, 0.5, 1.0]
    assert np.allclose(plot.table.column("mean probability"), [0.05, 0.15, 0.975])
    assert f"calibration error {number((0.05 + 2 * 0.35 + 2 * 0.025) / 5)}" in legend(plot)[0]


def test_a_table_is_markdown_and_csv() -> None:
    table = viz.Table.of(["name", "value"], [["a|b <c>", np.float64(1 / 3)], ["=1+1", None]])
    assert table.markdown.splitlines()[2] == "| a\\|b &lt;c&gt; | 0.3333 |"
    assert table.csv.splitlines()[1:] == ["a|b <c>,0.3333333333333333", "'=1+1,"]
    assert table.column("value") == [1 / 3, None]
    with pytest.raises(ValueError, match="the columns are name, value"):
        table.column("vlaue")


def test_a_confusion_asks_the_model_itself() -> None:
    moons = gn.data.moons(60, noise=0.2, seed=1)
    trainer = gn.Trainer.classifier(gn.nn.Dense(2, seed=1), 2, 2, gn.optim.Adam(0.05))
    trainer.fit(moons, epochs=3, batch=20, progress=False)
    by_hand = (moons.y, trainer.predict(moons.x).argmax(axis=1))
    asked = viz.confusion(trainer, moons)
    assert asked.table == viz.confusion(by_hand, classes=moons.classes).table
    assert viz.confusion(trainer, (moons.x, moons.y)).table.column("count") == asked.table.column("count")
    one_score = viz.confusion(lambda rows: rows[:, 0] * 4 - 2, (moons.x, moons.y))
    assert one_score.table == viz.confusion((moons.y, (moons.x[:, 0] > 0.5).astype(int))).table
    with pytest.raises(TypeError, match=r"confusion: data are a gn\.data\.Dataset or"):
        viz.confusion(trainer, moons.x)


def test_the_scale_of_a_surface_says_0_where_the_loss_is_0() -> None:
    x, y = gn.scalar(1.0, "x"), gn.scalar(1.0, "y")
    valley = gn.square(1 - x) + 10 * gn.square(y - x * x)
    plot = viz.surface(valley, (x, y), span=((-2, 2), (-1, 3)), grid=41)
    said = [text.get_text() for text in plot.figure.axes[-1].get_yticklabels()]
    assert said[0] == "0" and not any("e" in word for word in said)


def test_tiles_of_an_array_are_values_and_stand_close() -> None:
    plot = viz.weights(gn.data.digits().x[:20].T, shape=(8, 8), columns=10)
    assert plot.figure.axes[-1].get_ylabel() == "value" and "20 images of 8 × 8 values" in plot.alt
    first, below = (plot.figure.axes[k].get_position() for k in (0, 10))
    assert first.y0 - below.y1 < 1.1 * first.height
    assert plot.problems() == []
