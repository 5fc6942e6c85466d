"""Every view by its name, in the order in which views are written on a canvas, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable

from viz.sources import Numbers
from viz.views.base import View
from viz.views.check import CHECK
from viz.views.cost import COST, PARAMETERS
from viz.views.derivatives import DERIVATIVES
from viz.views.gradients import FLOW, GRADIENTS
from viz.views.health import HEALTH
from viz.views.images import IMAGES
from viz.views.ledger import LEDGER
from viz.views.memory import MEMORY
from viz.views.paths import PATHS
from viz.views.second import SECOND
from viz.views.step import STEP
from viz.views.structure import SHAPES, STRUCTURE
from viz.views.time import TIME
from viz.views.values import VALUES

__all__ = ["VIEWS", "views_for"]

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        STRUCTURE, SHAPES, PARAMETERS, VALUES, IMAGES, GRADIENTS, FLOW, LEDGER, DERIVATIVES, CHECK, HEALTH, PATHS, COST,
        TIME, MEMORY, STEP, SECOND,
    )
}  # fmt: skip


def views_for(wanted: str | Iterable[str] | None, numbers: Numbers) -> tuple[View, ...]:
    """The views of these names, joined by `+` or in a list; without names, the usual ones that the numbers allow.

    Raises ValueError for a name that is no view, and for a view that needs what the source does not have.
    """
    if wanted is None:
        usual = (
            SHAPES,
            *([STEP] if numbers.updates else []),
            *([VALUES] if numbers.has_values else []),
            *([GRADIENTS] if numbers.has_gradients else []),
        )
        return usual
    words = wanted.split("+") if isinstance(wanted, str) else list(wanted)
    names = [str(word).strip() for word in words]
    for name in names:
        if name not in VIEWS:
            raise ValueError(
                f"viz: there is no view {name!r}. Views: {', '.join(VIEWS)}; they are joined by '+'."
            )
    chosen = tuple(view for view in VIEWS.values() if view.name in names)
    for view in chosen:
        view.check(numbers)
    return (
        chosen
        if any(view is STRUCTURE for view in chosen)
        else (SHAPES, *(v for v in chosen if v is not SHAPES))
    )
