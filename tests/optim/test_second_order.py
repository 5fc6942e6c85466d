"""Line search, Newton, Gauss-Newton, conjugate gradients and L-BFGS end where SciPy and scikit-learn end."""

from __future__ import annotations

import numpy as np
import pytest

import graphnn as gn

METHODS = {
    "Newton": (lambda: gn.optim.Newton(), 20),
    "ConjugateGradient": (lambda: gn.optim.ConjugateGradient(), 120),
    "LBFGS": (lambda: gn.optim.LBFGS(), 120),
}


def rosenbrock(n: int, dtype: str = "float64"):
    x = gn.parameter(np.tile([-1.2, 1.0], n // 2), "x", dtype)
    after, before = x[1:], x[:-1]
    return x, (100.0 * (after - before * before) ** 2.0 + (1.0 - before) ** 2.0).sum()


def losses(optimizer, parameters, loss, steps: int, feeds=None) -> list[float]:
    updates = optimizer.updates(parameters, gn.gradient(loss, parameters), loss)
    program = gn.Program(loss, updates)
    return [float(program.run(feeds)) for _ in range(steps)]


@pytest.mark.parametrize(("n", "theirs"), [(2, 36), (10, 71)])
def test_lbfgs_finds_rosenbrocks_valley_in_little_more_steps_than_scipy(n: int, theirs: int) -> None:
    from scipy.optimize import minimize, rosen, rosen_der

    found = minimize(
        rosen, np.tile([-1.2, 1.0], n // 2), jac=rosen_der, method="L-BFGS-B", options={"gtol": 1e-8}
    )
    assert found.nit == pytest.approx(theirs, abs=5)
    x, loss = rosenbrock(n)
    values = losses(gn.optim.LBFGS(), [x], loss, 2 * found.nit)
    assert next(k for k, v in enumerate(values) if v < 1e-10) < 1.4 * found.nit
    assert values[-1] <= found.fun
    np.testing.assert_allclose(x.value, 1.0, atol=1e-8)


@pytest.mark.parametrize(("name", "steps"), [("Newton", 60), ("ConjugateGradient", 250)])
def test_newton_and_conjugate_gradients_find_it_too(name: str, steps: int) -> None:
    x, loss = rosenbrock(10)
    values = losses(getattr(gn.optim, name)(), [x], loss, steps)
    assert values[-1] < 1e-7
    assert (np.diff(values) <= 1e-12).all()


def logistic(data: str, c: float):
    """Rows, classes, and scikit-learn's optimum of logistic regression with an L2 penalty: coefficients, intercepts."""
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows, classes = getattr(datasets, f"load_{data}")(return_X_y=True)
    rows = StandardScaler().fit_transform(rows)
    oracle = LogisticRegression(C=c, tol=1e-13, max_iter=1000, solver="newton-cg").fit(rows, classes)
    return rows, classes, oracle.coef_, oracle.intercept_


@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("name", METHODS)
def test_logistic_regression_ends_where_scikit_learn_ends(name: str, data: str) -> None:
    make, steps = METHODS[name]
    rows, classes, coefficients, intercepts = logistic(data, 1.0)
    units = len(intercepts)
    x = gn.input("x", ("batch", rows.shape[1]), "float64")
    w = gn.parameter(np.zeros((rows.shape[1], units)), "w", "float64")
    b = gn.parameter(np.zeros(units), "b", "float64")
    if units > 1:
        t = gn.input("t", ("batch",), "int64")
        loss = gn.softmax_cross_entropy(x @ w + b, t)
    else:
        t = gn.input("t", ("batch", 1), "float64")
        loss = gn.binary_cross_entropy_with_logits(x @ w + b, t)
        classes = classes[:, None].astype(float)
    loss = loss + gn.optim.penalty_loss([w, b], L2=1.0 / len(rows))
    values = losses(make(), [w, b], loss, steps, {x: rows, t: classes})
    np.testing.assert_allclose(w.value.T, coefficients, atol=1e-6)
    # Softmax does not change if all intercepts move by one number.
    shift = (b.value - intercepts).mean() if units > 1 else 0.0
    np.testing.assert_allclose(b.value - shift, intercepts, atol=1e-6)
    assert values[-1] <= min(values) + 1e-12


def quadratic(n: int):
    rng = np.random.default_rng(n)
    a = rng.normal(size=(n, n))
    a, goal = a @ a.T / n + np.eye(n), rng.normal(size=n)
    u = gn.parameter(np.zeros(n - 1), "u", "float64")
    v = gn.parameter(np.zeros((1, 1)), "v", "float64")
    w = gn.concat([u, v.reshape(1)])
    away = w - goal
    return [u, v], 0.5 * gn.dot(away, gn.constant(a, "float64") @ away), goal


def where(parameters) -> np.ndarray:
    return np.concatenate([p.value.ravel() for p in parameters])


def test_newton_solves_a_quadratic_in_one_step_and_conjugate_gradients_in_n() -> None:
    parameters, loss, goal = quadratic(6)
    losses(gn.optim.Newton(), parameters, loss, 1)
    np.testing.assert_allclose(where(parameters), goal, rtol=1e-9)
    parameters, loss, goal = quadratic(6)
    losses(gn.optim.ConjugateGradient(), parameters, loss, 6)
    np.testing.assert_allclose(where(parameters), goal, rtol=1e-7)


def test_newton_leaves_a_saddle_and_bears_what_the_loss_does_not_depend_on() -> None:
    x = gn.parameter([0.1, 1.0], "x", "float64")
    loss = (x[0] * x[0] - 1.0) ** 2.0 + x[1] * x[1]
    assert losses(gn.optim.Newton(), [x], loss, 30)[-1] < 1e-12
    flat = gn.parameter([2.0, 3.0], "flat", "float64")
    assert losses(gn.optim.Newton(), [flat], flat[0] * flat[0], 2)[-1] < 1e-12
    np.testing.assert_allclose(flat.value, [0.0, 3.0], atol=1e-6)
    line = gn.parameter([2.0], "line", "float64")
    losses(gn.optim.Newton(), [line], line.sum(), 1)
    np.testing.assert_allclose(line.value, [1.0])


def test_residuals_that_do_not_depend_on_a_parameter_are_a_fault_without_damping() -> None:
    flat = gn.parameter([2.0, 3.0], "flat", "float64")
    residuals = flat[:1] * 2.0
    with pytest.raises(gn.FaultError, match="singular"):
        losses(gn.optim.GaussNewton(residuals), [flat], (residuals * residuals).sum(), 1)
    np.testing.assert_array_equal(flat.value, [2.0, 3.0])
    losses(gn.optim.GaussNewton(residuals, 1e-12), [flat], (residuals * residuals).sum(), 1)
    np.testing.assert_allclose(flat.value, [0.0, 3.0], atol=1e-9)


def test_newton_trains_softmax_in_single_precision_though_its_hessian_is_singular() -> None:
    data = gn.data.iris()
    x, t = gn.input("x", ("batch", 4)), gn.input("t", ("batch",), "int64")
    net = gn.nn.Sequential([gn.nn.Dense(6, gn.tanh), gn.nn.Dense(3)], seed=1)
    loss = gn.softmax_cross_entropy(net(x), t)
    values = losses(gn.optim.Newton(), list(net.parameters), loss, 25, {x: data.x, t: data.y})
    assert values[-1] < 0.5 * values[0]
    assert np.diff(values).max() < 1e-5


def curve(start: list[float]):
    """A curve with three unknown numbers, seen through 40 points, and SciPy's answer."""
    from scipy.optimize import least_squares

    rng = np.random.default_rng(4)
    at = np.linspace(0.0, 4.0, 40)
    seen = 2.5 * np.exp(-1.3 * at) + 0.5 + 0.01 * rng.normal(size=40)
    answer = least_squares(
        lambda p: p[0] * np.exp(p[1] * at) + p[2] - seen, [1.0, -0.3, 0.0], xtol=1e-15, ftol=1e-15
    )
    x, t = gn.input("x", ("batch",), "float64"), gn.input("t", ("batch",), "float64")
    a, k, c = (gn.parameter(v, name, "float64") for v, name in zip(start, "akc", strict=True))
    residuals = a * gn.exp(k * x) + c - t
    return [a, k, c], residuals, {x: at, t: seen}, answer.x


@pytest.mark.parametrize("settings", [{}, {"damping": 1e-6}, {"damping": 1.0, "adapt": True}])
def test_gauss_newton_fits_a_curve_as_scipy_does(settings: dict) -> None:
    start = (
        [1.0, -0.3, 0.0] if "adapt" in settings else [2.0, -1.0, 0.3]
    )  # without its rule it needs a near one
    parameters, residuals, feeds, answer = curve(start)
    loss = (residuals * residuals).mean()
    values = losses(gn.optim.GaussNewton(residuals, **settings), parameters, loss, 40, feeds)
    np.testing.assert_allclose([float(p.value) for p in parameters], answer, atol=1e-6)
    if "adapt" in settings:
        assert (np.diff(values) <= 0).all()


def test_a_line_search_never_lets_the_loss_rise() -> None:
    for inner in (None, gn.optim.SGD(5.0, 0.9), gn.optim.Adam(3.0, clip=gn.optim.clip_value(0.1))):
        x, loss = rosenbrock(4)
        values = losses(gn.optim.LineSearch(inner), [x], loss, 60)
        assert (np.diff(values) <= 1e-12 * values[0]).all()
        assert values[-1] < values[0]


def test_the_first_length_that_is_good_enough_is_taken() -> None:
    x = gn.parameter([3.0, -4.0], "x", "float64")
    loss = 8.0 * gn.dot(x, x)
    search = gn.optim.Backtracking(trials=6, shrink=0.5, decrease=0.3)
    losses(gn.optim.LineSearch(search=search), [x], loss, 1)
    lengths = 0.5 ** np.arange(6)
    start, slope = np.array([3.0, -4.0]), -(16.0**2) * 25.0
    good = [
        length
        for length in lengths
        if 8 * ((start * (1 - 16 * length)) ** 2).sum() <= 200 + 0.3 * length * slope
    ]
    np.testing.assert_allclose(x.value, start * (1 - 16 * good[0]), rtol=1e-12)
    assert good[0] < lengths[2]


def test_where_no_length_will_do_the_parameters_stay() -> None:
    x = gn.parameter([3.0, -4.0], "x", "float64")
    loss = 8.0 * gn.dot(x, x)
    values = losses(gn.optim.LineSearch(search=gn.optim.Backtracking(trials=2)), [x], loss, 3)
    assert values == [200.0] * 3


def test_a_search_leaves_groups_without_optimiser_and_running_statistics_alone() -> None:
    a, b = gn.parameter([2.0], "a", "float64"), gn.parameter([3.0], "b", "float64")
    seen = gn.parameter(0.0, "seen", "float64", trainable=False)
    square = gn.with_update(a * a + b * b, seen, seen + 1.0)
    loss = square.sum()
    optimizer = gn.optim.LineSearch(gn.optim.Groups({"a": gn.optim.SGD(0.1), "b": None}))
    updates = optimizer.updates([a, b], gn.gradient(loss, [a, b]), loss)
    gn.Program(loss, {**updates, **gn.state_updates(loss)}).run(repeats=3)
    assert float(a.value[0]) == pytest.approx(2.0 * 0.8**3)
    assert float(b.value[0]) == 3.0
    assert float(seen.value) == 3.0
    assert len(gn.state_updates(list(updates.values()))) <= 2


@pytest.mark.parametrize("name", ["LineSearch", "Newton", "ConjugateGradient", "LBFGS"])
def test_they_work_in_single_precision_start_anew_after_a_reset_and_average(name: str) -> None:
    x, loss = rosenbrock(2, "float32")
    optimizer = getattr(gn.optim, name)(average=gn.optim.ema(0.5), schedule=gn.optim.constant(0.9))
    start = x.value.copy()
    updates = optimizer.updates([x], [gn.gradient(loss, x)], loss)
    assert set(updates) - {x} == set(optimizer.state)
    program = gn.Program(loss, updates)
    program.run(repeats=7)
    first = x.value.copy()
    assert first.dtype == np.float32
    x.value = start
    optimizer.reset()
    program.run(repeats=7)
    np.testing.assert_array_equal(x.value, first)


@pytest.mark.parametrize("name", ["LineSearch", "Newton", "ConjugateGradient", "LBFGS"])
def test_a_trainer_gives_them_its_loss_and_one_batch_of_all_rows(name: str) -> None:
    data = gn.data.iris()
    x, y = gn.input("x", ("batch", 4)), gn.input("y", ("batch",), "int64")
    logits = gn.nn.Dense(3, seed=1)(x)
    trainer = gn.Trainer(gn.softmax_cross_entropy(logits, y), getattr(gn.optim, name)(), output=logits)
    found = list(trainer.fit(data, epochs=15, batch=len(data), progress=False)["loss"])
    assert found[-1] < (0.5 if name == "LineSearch" else 0.2) * found[0]


def big():
    w = gn.parameter(np.zeros((30, 20)), "w", "float64")
    return w, (w * w).sum()


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: gn.optim.Newton().updates([w := gn.parameter(1.0, "w")], [w * 1.0]), gn.SettingError,
         "Newton: needs the loss; pass it"),
        (lambda: gn.optim.LBFGS().updates([w := gn.parameter(1.0, "w")], [w * 1.0]), gn.SettingError,
         "LBFGS: needs the loss; pass it"),
        (lambda: (lambda w, loss: losses(gn.optim.Newton(), [w], loss, 1))(*big()), gn.ShapeError,
         "600 numbers, wanted at most 500.*Use gn.optim.LBFGS"),
        (lambda: (lambda w, loss: losses(gn.optim.GaussNewton(w), [w], loss, 1))(*big()), gn.ShapeError,
         "600 numbers, wanted at most 500"),
        (lambda: gn.optim.GaussNewton(3.0), gn.GraphError, "residuals is a float node, found 3.0"),
        (lambda: gn.optim.GaussNewton(gn.scalar(1.0), adapt=True), gn.GraphError, "needs a damping above 0"),
        (lambda: gn.optim.Newton(damping=-1.0), gn.SettingError, "damping is a number of 0 or more"),
        (lambda: gn.optim.LBFGS(history=0), gn.SettingError, "LBFGS: history is a whole number of at least 1"),
        (lambda: gn.optim.Backtracking(trials=0), gn.SettingError, "trials is a whole number of at least 1"),
        (lambda: gn.optim.Backtracking(shrink=0.0), gn.SettingError, "shrink lies between 0 and 1"),
        (lambda: gn.optim.LineSearch(0.1), gn.SettingError, "wanted an optimiser to follow"),
        (lambda: gn.optim.LineSearch(gn.optim.SGD(average=gn.optim.ema(0.9))), gn.SettingError,
         "give average= to LineSearch"),
        (lambda: gn.optim.LineSearch(gn.optim.Groups({"*": gn.optim.SGD(penalty=gn.optim.L1(0.1, dead=True))})),
         gn.SettingError, "acts on weights after a step"),
        (lambda: gn.optim.LBFGS(search=3), gn.SettingError, "search is a gn.optim.Backtracking"),
        (lambda: gn.optim.LBFGS(clip=gn.optim.clip_value(1.0)), gn.SettingError, "LBFGS: takes no clip"),
    ],
)  # fmt: skip
def test_wrong_settings_get_a_sentence(call, kind, words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_parameters_of_two_dtypes_are_no_vector() -> None:
    a, b = gn.parameter([1.0], "a", "float64"), gn.parameter([1.0], "b", "float32")
    loss = (a * a).sum() + (b * b).sum().cast("float64")
    with pytest.raises(gn.DtypeError, match="a is float64 but b is float32"):
        losses(gn.optim.LBFGS(), [a, b], loss, 1)
