"""Networks as scikit-learn's estimators, for pipelines, grid searches and cross-validation."""

from graphnn.estimators.classifier import GraphClassifier
from graphnn.estimators.regressor import GraphRegressor

__all__ = ["GraphClassifier", "GraphRegressor"]
