"""GraphRegressor: a network that predicts numbers, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d

from graphnn.estimators.base import GraphEstimator
from graphnn.estimators.blueprint import one_of

LOSSES = ("absolute_error", "huber", "poisson", "squared_error")


class GraphRegressor(RegressorMixin, GraphEstimator):
    """A multi-layer network for numbers, trained by compiled graphs; parameters as of scikit-learn's MLPRegressor.

    y is (rows,), or (rows, outputs) for several numbers a row. Targets are taken as they are; bring numbers far from
    1 to scale by sklearn.compose.TransformedTargetRegressor.

    Parameters beyond MLPRegressor's
    --------------------------------
    loss : "squared_error" (half of it), "absolute_error", "huber" (straight beyond 1), or "poisson", for counts
    activation : also any other of gn's activations by name, such as "gelu", or a function of a node
    solver : also "adamw", "nadam", "lion", "rmsprop", "adagrad", "adadelta"; "lbfgs" runs in SciPy
    learning_rate : also "cosine", "linear", "one_cycle", over max_iter epochs, for every solver
    dropout : share of hidden units that each step forgets
    batch_norm : normalise before each activation
    ensemble : train so many networks from different first values; their predictions are averaged in one graph
    net : a function of (outputs, seed) that gives a layer, in place of the hidden layers
    dtype : "float32", "float64", or "auto", which is float32 for rows of float32 and where a step is much work

    Attributes
    ----------
    n_features_in_, feature_names_in_, n_iter_, n_outputs_, n_layers_, out_activation_, loss_, loss_curve_,
    validation_scores_, best_validation_score_, coefs_, intercepts_ : as MLPRegressor's
    graph_ : the graph from x to the prediction, for viz.draw
    trainer_ : the gn.Trainer

    Example
    -------
    >>> import numpy as np
    >>> import graphnn as gn
    >>> x = np.linspace(-3.0, 3.0, 100)[:, None]
    >>> model = gn.GraphRegressor((32,), "tanh", solver="lbfgs", max_iter=1000, random_state=0).fit(x, np.sin(x[:, 0]))
    >>> model.score(x, np.sin(x[:, 0])) > 0.99
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] | int = (100,),
        activation: str | Callable[..., Any] = "relu",
        *,
        loss: str = "squared_error",
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
        ensemble: int = 1,
        net: Callable[[int, int], Any] | None = None,
        dtype: str = "auto",
    ):
        self.loss = loss
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
        self.ensemble = ensemble
        self.net = net
        self.dtype = dtype

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One epoch over these rows, going on from the present weights and the optimiser's state."""
        return self._partial_fit(X, y, sample_weight, None)

    def predict(self, X: Any) -> np.ndarray:
        """A number per row (rows,), or several (rows, outputs)."""
        found = self._output(X)
        return found[:, 0] if found.shape[1] == 1 else found

    def _targets(self, y: Any, *, reset: bool, classes: Any) -> tuple[np.ndarray, str, str, int]:
        loss = one_of(self.loss, LOSSES, "GraphRegressor: loss")
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.dtype.kind not in "biuf":
            y = y.astype(np.float64)
        if loss == "poisson" and (y < 0).any():
            raise ValueError(
                "GraphRegressor: loss='poisson' wants counts, y of 0 or more; found a negative one."
            )
        y = y.reshape(len(y), -1)
        return y, "identity", loss, y.shape[1]

    def _validation_score(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        from sklearn.metrics import r2_score

        found = self._network.predict(np.ascontiguousarray(x, self._network.blueprint.dtype))
        return float(r2_score(y, found, sample_weight=weights))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _more_tags(self) -> dict[str, Any]:  # before scikit-learn 1.6
        return {"multioutput": True}
