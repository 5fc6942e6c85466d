"""Patience: the rule that ends a training when its measure has not become better for some epochs."""

from __future__ import annotations

import math


class Patience:
    """Counts epochs in a row whose measure is not better than the best by `tol`; more than `most` of them end it.

    Source: scikit-learn, MLPClassifier: n_iter_no_change and tol. Lower is better; pass a score with its sign turned.
    """

    def __init__(self, tol: float, most: int):
        self._tol, self._most = tol, most
        self.best = math.inf
        self._without = 0

    def heed(self, value: float) -> bool:
        """Take in an epoch's measure; whether it is the best one so far."""
        self._without = self._without + 1 if value > self.best - self._tol else 0
        if value < self.best:
            self.best = value
            return True
        return False

    @property
    def over(self) -> bool:
        """Whether it is time to end."""
        return self._without > self._most

    @property
    def left(self) -> int:
        """How many epochs cannot end it yet, but for the last: so many may be run before one looks again."""
        return max(1, self._most + 1 - self._without)

    def again(self) -> None:
        """Count from the start, as after a smaller learning rate; the best value stays."""
        self._without = 0
