"""What a view is: a name, one sentence, what it needs, and the function that writes it on a canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from viz.canvas import Canvas
from viz.sources import Numbers

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """One thing that a picture can show. `needs` is "graph", "values" or "gradients".

    A view that marks parts of the picture gives `parts`: for the numbers of a source, a function from nodes to the
    name of the part that they stand in. One with `of_run` tells how gradients come about: of scalars that were not
    traced, it is drawn from a run of their present values. `whole` gives the graph to draw, where that is more than
    the source's own; `scopes` the scope that each node is drawn in, where that is not its own; `folds` the scopes to
    fold where nothing is said of folding.
    """

    name: str
    words: str
    needs: str
    write: Callable[[Canvas], None]
    parts: Callable[[Numbers], Callable[[Any], str]] | None = None
    whole: Callable[[Numbers], Any] | None = None
    folds: Callable[[Numbers], Iterable[str]] | None = None
    scopes: Callable[[Numbers], Callable[[Any], str]] | None = None
    of_run: bool = False

    def check(self, numbers: Numbers) -> None:
        """Raises ValueError if the source does not have what the view shows."""
        if self.needs == "gradients" and not numbers.has_gradients:
            raise ValueError(
                f"viz: the view {self.name!r} shows gradients, and this has none. Draw a run of a scalar loss: "
                "viz.draw(gn.trace(loss, feeds))."
            )
        if self.needs == "values" and not numbers.has_values:
            raise ValueError(
                f"viz: the view {self.name!r} shows numbers, and a graph has none. Draw a run: "
                "viz.draw(gn.trace(outputs, feeds))."
            )
