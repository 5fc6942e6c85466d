"""What cannot be drawn gets one sentence: who, what was found, what was wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import graphnn as gn
import viz
from plotted import bowl, history, rosenbrock, trained

UNTRAINED = gn.train.GradientStatistics(gn.data.moons(20))
LOSS, BOTH = rosenbrock()
X3 = np.zeros((4, 3))
PLAIN = np.zeros((4, 2))
SPAN = ((0.0, 1.0), (0.0, 1.0))

WRONG: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("empty history", lambda: viz.training_curve([]), ValueError, "the history has no epochs; call fit first"),
    ("new trainer", lambda: viz.training_curve({"a": gn.History()}), ValueError, "the history of 'a' has no epochs"),
    ("no run", lambda: viz.training_curve({}), ValueError, "there is no run to draw"),
    ("a number", lambda: viz.training_curve(3), TypeError, "wanted a gn.History, a gn.Trainer or rows .*found int"),  # type: ignore[arg-type]
    ("rows of numbers", lambda: viz.training_curve([1.0]), TypeError, "a row is a mapping .* found float"),  # type: ignore[list-item]
    ("measure", lambda: viz.training_curve(history(), measures=["acuracy"]), ValueError, "Did you mean 'accuracy'"),
    ("log of zero", lambda: viz.training_curve([{"loss": 0.0}], log=True), ValueError, "no place for the loss 0"),
    ("no schedule", lambda: viz.schedule_curve({}, 5), ValueError, "no schedule to draw"),
    ("plateau", lambda: viz.schedule_curve(gn.optim.plateau(every=5), 5), gn.SettingError, "depends on the loss"),
    ("rates", lambda: viz.rate_curve(history()), TypeError, "wanted what gn.train.find_rate gives, found History"),  # type: ignore[arg-type]
    ("statistics", lambda: viz.gradient_sizes(history()), TypeError, "wanted a gn.train.GradientStatistics"),  # type: ignore[arg-type]
    ("unused statistics", lambda: viz.gradient_sizes(UNTRAINED), ValueError, "nothing has been measured yet"),
    ("gradient measure", lambda: viz.gradient_sizes(trained()[2], measure="update rato"), ValueError,
     "Did you mean 'update ratio'"),
    ("gradient kind", lambda: viz.gradient_sizes(trained()[2], kind="pie"), ValueError, "kind is 'lines' or 'heat'"),
    ("unused histograms", lambda: viz.histograms().plot(), ValueError, "nothing has been kept yet"),
    ("histograms of", lambda: trained()[3].plot(of="wieghts"), ValueError, "of is 'weights' or 'gradients'"),
    ("histogram name", lambda: trained()[3].plot(parameters="net/dense1/v"), ValueError, "Did you mean 'net/dense1/w'"),
    ("bins", lambda: viz.histograms(bins=1), ValueError, "wanted 2 or more bins"),
    ("three features", lambda: viz.boundary(bowl, X3), ValueError,
     r"the data have 3 features, a plane shows 2\. Name two of them: features=\(0, 1\)"),
    ("one feature", lambda: viz.boundary(bowl, np.zeros(4)), ValueError, "the data have 1 feature, a plane shows 2"),
    ("feature name", lambda: viz.boundary(bowl, gn.data.iris(), features=("sepal lenght (cm)", 1)), ValueError,
     "there is no feature 'sepal lenght"),
    ("feature twice", lambda: viz.boundary(bowl, X3, features=(1, 1)), ValueError, "names 'x2' twice"),
    ("feature number", lambda: viz.boundary(bowl, X3, features=(0, 3)), ValueError, "they count from 0 to 2"),
    ("no part", lambda: viz.boundary(bowl), ValueError, "without data say which part of the plane"),
    ("span", lambda: viz.boundary(bowl, span=((1, 0), (0, 1))), ValueError, r"span is \(\(low, high\)"),
    ("targets", lambda: viz.boundary(bowl, (PLAIN, np.linspace(0, 1, 4))), ValueError, "viz.regression_surface"),
    ("labels", lambda: viz.boundary(bowl, (PLAIN, np.arange(4))), ValueError, "y has classes from 0 to 3"),
    ("many classes", lambda: viz.boundary(lambda r: np.zeros((len(r), 20)), span=SPAN), ValueError, "20 classes apart"),
    ("scores", lambda: viz.boundary(bowl, span=SPAN, scores="logit"), ValueError, "'probabilities' or 'logits'"),
    ("model", lambda: viz.boundary(3, span=SPAN), TypeError, "a model is a node, a layer, .* found int"),
    ("node of three", lambda: viz.boundary(gn.input("x", ("n", 3)) * 2, span=SPAN), ValueError,
     "takes 3 features, the picture shows 2"),
    ("node of one", lambda: viz.boundary(gn.input("x", ("n",)) * 2, span=SPAN), ValueError, "wanted one input"),
    ("rows", lambda: viz.boundary(bowl, np.zeros((0, 2))), ValueError, "the data have no rows"),
    ("lengths", lambda: viz.boundary(bowl, (PLAIN, np.zeros(3))), ValueError, "one value for each of the 4 rows"),
    ("several outputs", lambda: viz.regression_surface(lambda r: np.zeros((len(r), 2)), span=SPAN), ValueError,
     "wanted one prediction per row"),
    ("surface kind", lambda: viz.regression_surface(bowl, span=SPAN, kind="2d"), ValueError, "kind is 'flat' or '3d'"),
    ("curve of nothing", lambda: viz.curve(), ValueError, "there is nothing to draw"),
    ("curve of a number", lambda: viz.curve(3), TypeError, "wanted an op or a function"),  # type: ignore[arg-type]
    ("curve of two", lambda: viz.curve(gn.matmul), ValueError, "matmul cannot be called with one node"),
    ("curve of softmax", lambda: viz.curve(gn.softmax), ValueError, "softmax is not elementwise"),
    ("curve of a sum", lambda: viz.curve(gn.sum), ValueError, "does not give a float for each number"),
    ("curve span", lambda: viz.curve(gn.relu, span=(1, 1)), ValueError, "low below high"),
    ("surface of a vector", lambda: viz.surface(gn.input("x", ("n",)) * 1.0, BOTH), ValueError, "loss is one number"),
    ("surface of a number", lambda: viz.surface(3, BOTH), TypeError, "loss is a node, found int"),  # type: ignore[arg-type]
    ("one parameter", lambda: viz.surface(LOSS, BOTH[:1]), ValueError, "wanted two parameters, found 1"),
    ("twice", lambda: viz.surface(LOSS, (BOTH[0], BOTH[0])), ValueError, "'a' is named twice"),
    ("foreign", lambda: viz.surface(LOSS, (BOTH[0], gn.scalar(1.0, "c"))), ValueError, "does not depend on 'c'"),
    ("no number", lambda: viz.surface(LOSS, (BOTH[0], gn.parameter([1.0, 2.0], "v"))), ValueError, "is one number"),
    ("path", lambda: viz.surface(LOSS, BOTH, paths={"p": [1, 2, 3]}), ValueError, "path 'p' is an optimiser or"),
    ("start", lambda: viz.surface(LOSS, BOTH, start=(1.0,)), ValueError, "start is a number for each"),
    ("no weights", lambda: viz.loss_slice(LOSS), ValueError, "no weights with two axes"),
    ("no data", lambda: viz.loss_slice(trained()[0]), ValueError, "there are no data for input 'x'"),
    ("shape", lambda: viz.weights(np.zeros((6, 2)), shape=(4, 2)), ValueError, r"shape wants \(2, 3\)"),
    ("unit", lambda: viz.weights(np.zeros((6, 2)), shape=(2, 3), units=[2]), ValueError, "they count from 0 to 1"),
    ("titles", lambda: viz.weights(np.zeros((6, 2)), shape=(2, 3), titles=["a"]), ValueError, "each of the 2 tiles"),
    ("one title", lambda: viz.weights(np.zeros((6, 2)), shape=(2, 3), titles="ab"), TypeError, "one for each tile"),
    ("no elements", lambda: viz.weights(np.zeros((0, 2))), ValueError, "wanted a parameter or an array of numbers"),
    ("five axes", lambda: viz.weights(np.zeros((1, 1, 1, 1, 1))), ValueError, "5 axes"),
    ("oblong", lambda: viz.confusion(np.zeros((2, 3))), ValueError, r"a table is square.*\(2, 3\)"),
    ("negative", lambda: viz.confusion([[1, -1], [0, 1]]), ValueError, "counts of 0 or more"),
    ("names", lambda: viz.confusion(np.eye(3), classes=["a"]), ValueError, "1 names for 3 classes"),
    ("fit without y", lambda: viz.fit_curve(bowl, PLAIN), ValueError, "wanted data with targets"),
    ("bands of one", lambda: viz.bands([bowl], span=(0, 1)), ValueError, "wanted two members or more"),
    ("bands of two", lambda: viz.bands([bowl, bowl], PLAIN), ValueError, "the data have 2 features"),
    ("roc of one class", lambda: viz.roc_curve([0.1, 0.2], [1, 1]), ValueError, "labels of one only"),
    ("roc labels", lambda: viz.roc_curve([0.1, 0.2], [1, 2]), ValueError, "labels are 0 and 1"),
    ("roc NaN", lambda: viz.roc_curve([0.1, np.nan], [1, 0]), ValueError, "holds NaN"),
    ("reliability", lambda: viz.reliability_curve([0.1, 1.5], [1, 0]), ValueError, "probabilities lie from 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "kind", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_what_cannot_be_drawn_gets_a_sentence(
    make: Callable[[], Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as told:
        make()
    assert str(told.value).rstrip().endswith((".", "?"))


def test_parameters_keep_their_values_when_a_loss_fails() -> None:
    a, b = gn.scalar(2.0, "a"), gn.scalar(3.0, "b")
    with pytest.raises(ValueError, match="no finite number anywhere"):
        viz.surface(gn.log(-gn.square(a) - gn.square(b) - 1.0), (a, b), grid=4)
    assert (float(a.value), float(b.value)) == (2.0, 3.0)


def test_the_settings_of_matplotlib_are_restored_after_an_error() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    with pytest.raises(ValueError, match="log scale"):
        viz.training_curve([{"loss": 0.0}], log=True)
    assert dict(matplotlib.rcParams) == before
