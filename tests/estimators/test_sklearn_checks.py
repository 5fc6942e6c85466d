"""scikit-learn's own checks judge the estimators, and find nothing that they do not find in its own networks."""

from __future__ import annotations

import warnings
from inspect import signature
from unittest import SkipTest

import pytest

import graphnn as gn

pytest.importorskip("sklearn")
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import estimator_checks

PAIRS = [(gn.GraphClassifier, MLPClassifier), (gn.GraphRegressor, MLPRegressor)]


def verdicts(estimator) -> list[tuple[str, str]]:
    """Each check that scikit-learn has for this estimator, with what became of it."""
    found: list[tuple[str, str]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # checks fit on a few rows that no network converges on
        if "on_fail" not in signature(estimator_checks.check_estimator).parameters:  # before scikit-learn 1.6
            for checked, check in estimator_checks.check_estimator(estimator, generate_only=True):
                status = "passed"
                try:
                    check(checked)
                except SkipTest:
                    status = "skipped"
                found.append((check.func.__name__, status))
            return found
        results = estimator_checks.check_estimator(estimator, on_fail=None, on_skip=None)
    for result in results:
        wrong = f": {result['exception']!r}" if result["status"] == "failed" else ""
        marked = " (expected)" if result["expected_to_fail"] else ""
        found.append((result["check_name"], result["status"] + marked + wrong))
    return found


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["classifier", "regressor"])
def test_every_check_ends_as_it_does_for_sklearns_own_network(ours, theirs) -> None:
    mine, other = (
        verdicts(ours()),
        verdicts(theirs(max_iter=60, learning_rate_init=0.01)),
    )  # in a third of the time
    known = {name for name, _ in other}
    assert [verdict for verdict in mine if verdict[0] in known] == other
    # Ours are checked for more: they say that they take several targets, and theirs take weights only since 1.7.
    more = [(name, status) for name, status in mine if name not in known]
    assert all("sample_weight" in name or name == "check_regressor_multioutput" for name, _ in more)
    assert [name for name, status in more if status != "passed"] in (
        [],
        ["check_sample_weights_pandas_series"],
    )
    assert sum(status == "passed" for _, status in mine) > 40


@pytest.mark.parametrize("settings", [
    {"solver": "lbfgs"}, {"solver": "sgd", "learning_rate_init": 0.01}, {"ensemble": 2},
    {"dtype": "float64", "alpha": 0.0},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("estimator", [gn.GraphClassifier, gn.GraphRegressor])
def test_checks_of_input_and_pickling_hold_with_other_settings(estimator, settings) -> None:
    model = estimator(max_iter=20, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (
            "check_estimators_dtypes", "check_estimators_pickle", "check_fit_idempotent", "check_dict_unchanged",
            "check_methods_subset_invariance", "check_sample_weights_shape", "check_estimators_nan_inf",
        ):  # fmt: skip
            getattr(estimator_checks, name)(estimator.__name__, model)
