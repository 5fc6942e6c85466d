"""Curves of ops and surfaces of losses show what the graphs compute, and leave every parameter as it was."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn
import viz
from plotted import rosenbrock, trained
from viz.plots.curve import curve
from viz.plots.loss_slice import directions


def lines(plot: viz.Plot, panel: int = 0) -> dict[str, np.ndarray]:
    """The named curves of a panel as {label: (2, points)}."""
    found = {}
    for line in plot.figure.axes[panel].get_lines():
        if not str(line.get_label()).startswith("_child"):
            found[line.get_label()] = np.array(line.get_data(), dtype=float)
    return found


def test_a_curve_is_value_and_slope_of_the_op() -> None:
    plot = curve(gn.tanh, span=(-2, 2))
    x, y = lines(plot, 0)["tanh"]
    assert np.allclose(y, np.tanh(x), atol=1e-12)
    x, slope = lines(plot, 1)["tanh"]
    assert np.allclose(slope, 1 - np.tanh(x) ** 2, atol=1e-12)
    assert plot.table.column("tanh slope") == slope.tolist()


@pytest.mark.parametrize(
    ("op", "places"),
    [
        ("relu", [0.0]), ("hardtanh", [-1.0, 1.0]), ("relu6", [0.0]), ("hardshrink", [-0.5, 0.5]), ("abs", [0.0]),
        ("hardswish", [-3.0, 3.0]), ("sigmoid", []), ("gelu", []), ("softplus", []), ("elu", []), ("silu", []),
        ("step", [0.0]), ("floor", [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]), ("celu", []), ("leaky_relu", [0.0]),
    ],
)  # fmt: skip
def test_kinks_and_jumps_are_found_where_they_are(op: str, places: list[float]) -> None:
    from viz.plots.curve import _read

    found = _read(op, getattr(gn, op), -4.0, 4.0).breaks
    assert [place.x for place in found if abs(place.x) < 3.9] == places


def test_a_kink_shows_what_the_op_says_there() -> None:
    plot = curve(gn.relu)
    assert "relu: a kink at 0, where the slope is 0." in plot.alt
    dots = [line for line in plot.figure.axes[1].get_lines() if line.get_linestyle() == "None"]
    assert sorted((x, y) for line in dots for x, y in zip(*line.get_data(), strict=True)) == [
        (0.0, 0.0),
        (0.0, 1.0),
    ]


def test_a_pole_is_cut_and_said() -> None:
    plot = curve({"1/x": lambda x: 1 / x})
    assert "1/x: no bounds at 0." in plot.alt
    x, _ = lines(plot)["1/x"]
    assert len(x) >= 801
    assert abs(plot.figure.axes[0].get_ylim()[1]) < 20


def test_a_surface_holds_the_losses_and_leaves_the_parameters_alone() -> None:
    loss, (a, b) = rosenbrock()
    plot = viz.surface(loss, (a, b), span=((-2, 2), (-1, 3)), grid=9)
    assert (float(a.value), float(b.value)) == (-1.5, 1.0)
    for what, _, x, y, z in plot.table:
        assert what == "grid"
        assert z == pytest.approx((1 - x) ** 2 + 10 * (y - x**2) ** 2, rel=1e-12)


def test_paths_of_optimisers_are_the_steps_of_a_program() -> None:
    loss, (a, b) = rosenbrock()
    adam = gn.optim.Adam(0.1)
    plot = viz.surface(loss, (a, b), paths={"Adam": adam, "SGD": gn.optim.SGD(0.01)}, steps=15, grid=5)
    assert not adam.state and (float(a.value), float(b.value)) == (-1.5, 1.0)
    again = gn.optim.Adam(0.1)
    program = gn.Program(loss, updates=again.updates([a, b], gn.gradient(loss, [a, b]), loss=loss))
    expected = []
    for _ in range(16):
        before = (float(a.value), float(b.value))
        expected.append([*before, float(program.run())])
    a.value, b.value = -1.5, 1.0
    found = [list(row[2:]) for row in plot.table if row[0] == "Adam"]
    assert found == expected
    drawn = plot.figure.axes[0].get_lines()[0].get_data()
    assert np.transpose(drawn).tolist() == [row[:2] for row in expected]


@pytest.mark.parametrize("name", ["LBFGS", "Newton", "ConjugateGradient", "RMSProp", "Lion", "AdaGrad"])
def test_any_optimiser_goes_down_the_surface(name: str) -> None:
    loss, both = rosenbrock()
    optimizer = getattr(gn.optim, name)() if name in ("LBFGS", "Newton", "ConjugateGradient") else None
    optimizer = optimizer or getattr(gn.optim, name)(0.05)
    plot = viz.surface(loss, both, paths={name: optimizer}, steps=10, grid=4)
    losses = [row[4] for row in plot.table if row[0] == name]
    assert losses[-1] < losses[0]


def test_a_path_that_blows_up_ends_and_is_said() -> None:
    loss, both = rosenbrock()
    plot = viz.surface(loss, both, paths={"too fast": gn.optim.SGD(1.0)}, steps=30, grid=5)
    assert "too fast leaves the picture at step" in plot.alt and "too fast went uphill." in plot.alt
    assert all(np.isfinite(row[4]) for row in plot.table)
    assert plot.problems() == []


def test_given_points_make_a_path_too() -> None:
    loss, both = rosenbrock()
    points = [[-1.0, 1.0], [0.0, 0.5], [1.0, 1.0]]
    plot = viz.surface(loss, both, paths={"by hand": points}, grid=5)
    assert [list(row[2:4]) for row in plot.table if row[0] == "by hand"] == points
    assert [row[4] for row in plot.table if row[0] == "by hand"][-1] == 0.0


def test_a_slice_of_a_net_has_its_loss_in_the_centre_and_changes_nothing() -> None:
    trainer, data, *_ = trained()
    before = [p.value.copy() for p in trainer.parameters]
    plot = viz.loss_slice(trainer, data, grid=5, seed=3)
    assert all(np.array_equal(p.value, w) for p, w in zip(trainer.parameters, before, strict=True))
    centre = [row[2] for row in plot.table if row[0] == 0 and row[1] == 0]
    assert centre == [pytest.approx(trainer.evaluate(data)["loss"], rel=1e-5)]


def test_directions_have_the_length_of_every_filter() -> None:
    dense = gn.parameter(np.random.default_rng(0).normal(size=(5, 3)), "w", "float64")
    kernel = gn.parameter(np.random.default_rng(1).normal(size=(4, 2, 3, 3)), "k", "float64")
    first, second = directions([dense, kernel], seed=0)
    for d, e in ((first, second), (second, first)):
        assert np.allclose(np.linalg.norm(d[0], axis=0), np.linalg.norm(dense.value, axis=0))
        assert np.allclose(
            np.linalg.norm(d[1].reshape(4, -1), axis=1), np.linalg.norm(kernel.value.reshape(4, -1), axis=1)
        )
        assert not np.allclose(d[0], e[0])
