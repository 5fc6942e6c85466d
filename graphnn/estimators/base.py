"""What both estimators share: their settings, and how they are fitted to rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from graphnn.core.errors import NotFiniteError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.memory import require_memory
from graphnn.engine.progress import progress_bar
from graphnn.estimators.blueprint import Blueprint, check_settings, chosen_dtype, hidden_sizes
from graphnn.estimators.descent import Descent
from graphnn.estimators.network import Network
from graphnn.estimators.patience import Patience
from graphnn.estimators.quasi_newton import minimise
from graphnn.estimators.versions import checked_weights, validated
from graphnn.train import Trainer


class GraphEstimator(BaseEstimator):
    """Base of GraphClassifier and GraphRegressor, which say what the targets are."""

    _network: Network

    # What the two differ in

    def _targets(self, y: Any, *, reset: bool, classes: Any) -> tuple[np.ndarray, str, str, int]:
        """Targets as the graph takes them, kind of output, loss, number of outputs."""
        raise NotImplementedError

    def _strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split into training and validation rows keeps the shares of."""
        return None

    def _validation_score(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> float:
        raise NotImplementedError

    # Fitting

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train until the loss, or the score of held-out rows, no longer improves, or max_iter epochs are over.

        X : (rows, features), dense or sparse; y : (rows,) or (rows, outputs)
        sample_weight : (rows,), how much each row counts; a row of weight 0 is as if it were absent

        Raises SettingError for a parameter out of its range, and ValueError for data, as scikit-learn does.
        """
        check_settings(self)
        first = not (self.warm_start and hasattr(self, "_network"))
        x, rows_y, weights, kind = self._checked(X, y, sample_weight, first=first)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        held: tuple[np.ndarray, ...] | None = None
        if self.early_stopping:
            x, rows_y, weights, held = self._held_out(x, rows_y, weights, seed)
        batch = self._batch(len(x))
        plan = self._blueprint(x, kind, seed, batch, weighted=weights is not None)
        network = Network(plan)
        if not first:
            network.take_weights(self._network)
        feeds = _feeds(network, x, rows_y, weights)
        self._network, self._turns = network, 0
        self.n_features_in_, self.n_outputs_ = x.shape[1], plan.outputs
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = [] if held else None
        self.best_validation_score_: float | None = None
        if self.solver == "lbfgs":
            self._fit_whole(network, feeds)
        else:
            self._fit_epochs(network, feeds, batch, held)
        _require_finite(network)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Any:
        check_settings(self)
        if self.solver == "lbfgs" or self.early_stopping:
            raise SettingError(
                f"{type(self).__name__}: partial_fit takes steps of a batch at a time; "
                "solver='lbfgs' and early_stopping=True need all rows at once. Use fit."
            )
        first = not hasattr(self, "_network")
        x, rows_y, weights, kind = self._checked(X, y, sample_weight, first=first, classes=classes)
        batch = self._batch(len(x))
        if first:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
            self._network, self._turns = Network(self._blueprint(x, kind, seed, batch, weighted=True)), 0
            self.n_features_in_, self.n_outputs_ = x.shape[1], kind[2]
            self.loss_curve_, self.n_iter_ = [], 0
            self.validation_scores_ = self.best_validation_score_ = None
        elif not self._network.blueprint.weighted:
            network = Network(self._network.blueprint.with_weights())
            network.set_state(self._network.state())
            self._network = network
        network, self._turns = self._network, self._turns + 1
        feeds = _feeds(network, x, rows_y, np.ones(len(x)) if weights is None else weights)
        order = np.arange(len(x))
        if self.shuffle:
            np.random.Generator(np.random.Philox([network.blueprint.seed, self._turns])).shuffle(order)
        total = 0.0
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            total += network.trainer.step({node: array[rows] for node, array in feeds.items()}) * len(rows)
        self.n_iter_ += 1
        self._keep_loss(total / len(x) / network.blueprint.ensemble)
        _require_finite(network)
        return self

    def _checked(
        self, x: Any, y: Any, sample_weight: Any, *, first: bool, classes: Any = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, tuple[str, str, int]]:
        x, y = validated(self, x, y, reset=first)
        weights = None if sample_weight is None else checked_weights(sample_weight, x)
        x = _dense(x, type(self).__name__)
        targets, *kind = self._targets(y, reset=first, classes=classes)
        if not first and kind[2] != self._network.blueprint.outputs:
            raise SettingError(
                f"{type(self).__name__}: y asks for {kind[2]} outputs, the earlier fit had "
                f"{self._network.blueprint.outputs}. Make a new estimator for it."
            )
        if weights is not None and (weights == 0).any():
            kept = weights > 0
            x, targets, weights = x[kept], targets[kept], weights[kept]
        return x, targets, weights, tuple(kind)  # type: ignore[return-value]

    def _blueprint(
        self, x: np.ndarray, kind: tuple[str, str, int], seed: int, batch: int, *, weighted: bool
    ) -> Blueprint:
        hidden = hidden_sizes(self.hidden_layer_sizes, type(self).__name__)
        sizes = (x.shape[1], *hidden, kind[2])
        return Blueprint(
            features=x.shape[1], outputs=kind[2], kind=kind[0], loss=kind[1],
            dtype=chosen_dtype(self.dtype, x.dtype, self.solver, batch, sizes),
            hidden=hidden, activation=self.activation, net=self.net, ensemble=int(self.ensemble),
            dropout=float(self.dropout), batch_norm=bool(self.batch_norm),
            smoothing=float(getattr(self, "label_smoothing", 0.0)), alpha=float(self.alpha),
            solver=self.solver, rate=float(self.learning_rate_init), schedule=self.learning_rate,
            steps=int(self.max_iter) * -(-len(x) // batch), momentum=float(self.momentum),
            nesterov=bool(self.nesterovs_momentum), beta1=float(self.beta_1), beta2=float(self.beta_2),
            epsilon=float(self.epsilon), seed=seed, weighted=weighted,
        )  # fmt: skip

    def _batch(self, rows: int) -> int:
        if self.solver == "lbfgs":
            return rows
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            warnings.warn(
                f"batch_size={self.batch_size} is more than the {rows} rows; all are taken.", stacklevel=3
            )
        return min(int(self.batch_size), rows)

    def _held_out(
        self, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, tuple[np.ndarray, ...]]:
        from sklearn.model_selection import train_test_split

        train, test = train_test_split(
            np.arange(len(x)), test_size=self.validation_fraction, random_state=seed, stratify=self._strata(y)
        )
        if len(test) < 2:
            raise SettingError(
                f"{type(self).__name__}: {len(test)} rows are held out for early stopping; raise "
                "validation_fraction or give more rows."
            )
        held = (x[test], y[test], *(() if weights is None else (weights[test],)))
        return x[train], y[train], None if weights is None else weights[train], held

    # The two ways down

    def _fit_whole(self, network: Network, feeds: dict[Any, np.ndarray]) -> None:
        loss, steps, good = minimise(
            network, feeds, steps=int(self.max_iter), calls=int(self.max_fun), tolerance=float(self.tol)
        )
        self.n_iter_ = max(1, steps)
        self._keep_loss(loss)
        if not good:
            _not_converged(f"L-BFGS stopped after {steps} steps")

    def _fit_epochs(
        self, network: Network, feeds: dict[Any, np.ndarray], batch: int, held: tuple[np.ndarray, ...] | None
    ) -> None:
        seed, rate = network.blueprint.seed, network.blueprint.rate
        descent = Descent(network, feeds, batch, shuffled=bool(self.shuffle), seed=seed)
        patience = Patience(float(self.tol), int(self.n_iter_no_change))
        changing = self.solver == "sgd" and self.learning_rate == "invscaling"
        shrinking = self.solver == "sgd" and self.learning_rate == "adaptive"
        knob = network.trainer.optimizer.learning_rate
        best: list[np.ndarray] | None = None
        done, limit = 0, int(self.max_iter)
        try:
            with progress_bar(limit, "epoch", show=bool(self.verbose), keep=True) as bar:
                while done < limit and not patience.over:
                    careful = held is not None or changing
                    for loss in descent.run(1 if careful else min(limit - done, patience.left)):
                        done += 1
                        self._keep_loss(loss)
                        if not np.isfinite(loss):
                            raise NotFiniteError(_lost(type(self).__name__, done, loss))
                        if held is None:
                            patience.heed(loss)
                        else:
                            score = self._validation_score(*_three(held))
                            self.validation_scores_.append(score)  # type: ignore[union-attr]
                            if patience.heed(-score):
                                best = network.state()
                    bar.update(done - bar.n)
                    bar.set_postfix_str(f"loss {self.loss_:.4g}", refresh=False)
                    if changing:
                        knob.value = rate / (done * len(feeds[network.x]) + 1) ** float(self.power_t)
                    if patience.over and shrinking and float(knob.value) > 1e-6:
                        knob.value = float(knob.value) / 5.0
                        patience.again()
        except KeyboardInterrupt:
            warnings.warn(f"interrupted after {done} epochs; the model is as it was then.", stacklevel=3)
        self.n_iter_ = max(1, done)
        if held is not None:
            self.best_validation_score_ = -patience.best
            if best is not None:
                network.set_state(best)
        if done == limit and not patience.over:
            _not_converged(f"the loss still improved after max_iter={limit} epochs")

    def _keep_loss(self, loss: float) -> None:
        self.loss_ = loss
        self.loss_curve_.append(loss)
        self._network.trainer.history.add({"loss": loss})

    # After fitting

    def _output(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = _dense(validated(self, X, reset=False), type(self).__name__)
        return self._network.predict(np.ascontiguousarray(x, self._network.blueprint.dtype))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def _fitted(self, name: str) -> Network:
        if not hasattr(self, "_network"):
            raise AttributeError(f"{type(self).__name__}: {name} is there once the estimator is fitted.")
        return self._network

    @property
    def graph_(self) -> Graph:
        """The graph from x to the prediction: `viz.draw(model.graph_)`."""
        return Graph(self._fitted("graph_").output)

    @property
    def trainer_(self) -> Trainer:
        """The trainer, for `inspect`, `evaluate`, and to go on with other data."""
        return self._fitted("trainer_").trainer

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights, layer by layer: (features, units) each. An ensemble's members follow each other."""
        return [np.array(p.value) for p in self._fitted("coefs_").parameters if len(p.shape) > 1]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases, layer by layer: (units,) each."""
        return [np.array(p.value) for p in self._fitted("intercepts_").parameters if p.name == "b"]

    @property
    def n_layers_(self) -> int:
        """Layers of one member, the inputs counted."""
        return len(self.coefs_) // int(self._fitted("n_layers_").blueprint.ensemble) + 1

    @property
    def out_activation_(self) -> str:
        """What the last layer's sums pass through: softmax, logistic, identity or exp."""
        plan = self._fitted("out_activation_").blueprint
        return "exp" if plan.loss == "poisson" else plan.kind

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _feeds(
    network: Network, x: np.ndarray, y: np.ndarray, weights: np.ndarray | None
) -> dict[Any, np.ndarray]:
    dtype = network.blueprint.dtype
    found = {network.x: np.ascontiguousarray(x, dtype), network.y: np.ascontiguousarray(y, network.y.dtype)}
    if network.weight is not None:
        found[network.weight] = np.ascontiguousarray(weights, dtype)
    return found


def _dense(x: Any, who: str) -> np.ndarray:
    """Rows as an array; sparse ones become dense if the machine has room for them."""
    if not hasattr(x, "toarray"):
        return np.asarray(x)
    require_memory(2 * x.shape[0] * x.shape[1] * x.dtype.itemsize, f"{who}: a dense copy of the sparse rows")
    dense: np.ndarray = x.toarray()
    return dense


def _three(held: tuple[np.ndarray, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    return held[0], held[1], held[2] if len(held) > 2 else None


def _lost(who: str, epoch: int, loss: float) -> str:
    return (
        f"{who}: the loss of epoch {epoch} is {loss}. Scale the features (StandardScaler in a pipeline), or "
        "lower learning_rate_init."
    )


def _require_finite(network: Network) -> None:
    if not all(np.isfinite(p.value).all() for p in network.parameters):
        raise NotFiniteError(
            "fit: weights are no longer finite. Scale the features (StandardScaler in a pipeline), or lower "
            "learning_rate_init."
        )


def _not_converged(what: str) -> None:
    warnings.warn(f"{what}; raise max_iter or learning_rate_init.", ConvergenceWarning, stacklevel=5)
