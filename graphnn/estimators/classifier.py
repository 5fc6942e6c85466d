"""GraphClassifier: a network that tells classes apart, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from graphnn.estimators.base import GraphEstimator


class GraphClassifier(ClassifierMixin, GraphEstimator):
    """A multi-layer network for classes, trained by compiled graphs; parameters as of scikit-learn's MLPClassifier.

    Labels are of any kind; y of shape (rows, labels) with 0 and 1 asks for several labels a row.

    Parameters beyond MLPClassifier's
    ---------------------------------
    activation : also any other of gn's activations by name, such as "gelu", or a function of a node
    solver : also "adamw", "nadam", "lion", "rmsprop", "adagrad", "adadelta"; "lbfgs" runs in SciPy
    learning_rate : also "cosine", "linear", "one_cycle", over max_iter epochs, for every solver
    dropout : share of hidden units that each step forgets
    batch_norm : normalise before each activation
    label_smoothing : share of each label that is spread over all classes
    ensemble : train so many networks from different first values; their probabilities are averaged in one graph
    net : a function of (outputs, seed) that gives a layer, in place of the hidden layers
    dtype : "float32", "float64", or "auto", which is float32 for rows of float32 and where a step is much work

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_, n_iter_, n_outputs_, n_layers_, out_activation_, loss_, loss_curve_,
    validation_scores_, best_validation_score_, coefs_, intercepts_ : as MLPClassifier's
    graph_ : the graph from x to the probabilities, for viz.draw
    trainer_ : the gn.Trainer

    Example
    -------
    >>> import graphnn as gn
    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True)
    >>> model = gn.GraphClassifier((16,), learning_rate_init=0.05, tol=0.01, random_state=0).fit(x, y)
    >>> model.score(x, y) > 0.9
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (100,),
        activation: str | Callable[..., Any] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        batch_norm: bool = False,
        label_smoothing: float = 0.0,
        ensemble: int = 1,
        net: Callable[[int, int], Any] | None = None,
        dtype: str = "auto",
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.label_smoothing = label_smoothing
        self.ensemble = ensemble
        self.net = net
        self.dtype = dtype

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One epoch over these rows; the first call names all classes that will ever come: classes=np.unique(all_y)."""
        first = not hasattr(self, "_network")
        if classes is not None:
            classes = np.unique(classes)
            if not first and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"classes={classes!r} is not the same as on the last call to partial_fit, {self.classes_!r}."
                )
        elif first and not type_of_target(y).startswith("multilabel"):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return self._partial_fit(X, y, sample_weight, classes if first else None)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row (rows,), or 0 and 1 for each label (rows, labels)."""
        found = self._output(X)
        if self._network.blueprint.kind == "softmax":
            return np.asarray(self.classes_[found.argmax(axis=1)])
        if found.shape[1] == 1:
            return np.asarray(self.classes_[(found[:, 0] > 0.5).astype(int)])
        return (found > 0.5).astype(int)

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class (rows, classes), in the order of classes_, or of each label."""
        found = self._output(X)
        if self._network.blueprint.kind == "logistic" and found.shape[1] == 1:
            return np.hstack([1.0 - found, found])
        return found

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of predict_proba."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))

    def _targets(self, y: Any, *, reset: bool, classes: Any) -> tuple[np.ndarray, str, str, int]:
        check_classification_targets(y)
        if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if type_of_target(y).startswith("multilabel"):
            y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
            self.classes_ = np.arange(y.shape[1])
            return y.astype(np.float64), "logistic", "logistic", y.shape[1]
        found = np.unique(y)
        if reset:
            self.classes_ = found if classes is None else classes
        if not np.isin(found, self.classes_).all():
            raise ValueError(
                f"GraphClassifier: y has the classes {found}, of which not all are among {self.classes_}, those of "
                "the earlier fit or of classes=."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"GraphClassifier: y holds one class, {self.classes_[0]}; two classes or more are wanted."
            )
        places = np.searchsorted(self.classes_, y)
        if len(self.classes_) == 2:
            return places[:, None].astype(np.float64), "logistic", "logistic", 1
        return places, "softmax", "softmax", len(self.classes_)

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        return y if y.ndim == 1 or y.shape[1] == 1 else None

    def _validation_score(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        found = self._network.predict(np.ascontiguousarray(x, self._network.blueprint.dtype))
        hit = found.argmax(axis=1) == y if y.ndim == 1 else ((found > 0.5) == (y > 0.5)).all(axis=1)
        return float(np.average(hit, weights=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _more_tags(self) -> dict[str, Any]:  # before scikit-learn 1.6
        return {"multilabel": True}
