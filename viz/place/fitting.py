"""Choose the layout that fits a slide or paper best: to the right, downwards, or to the right in rows."""

from __future__ import annotations

from viz.place.layout import layout
from viz.place.placed import Placed
from viz.place.sheet import SPREAD_BELOW, Fit
from viz.scene import Scene
from viz.theme import Theme

__all__ = ["fitted"]

# A picture that comes out this large is not broken into rows.
_LARGE_ENOUGH = 0.9


def fitted(scene: Scene, fit: Fit, *, direction: str | None, engine: str | None, theme: Theme) -> Placed:
    """The scene placed in the direction asked for; without one, on a slide or paper, what comes out largest."""
    if direction is not None or not (fit.slide or fit.page):
        return layout(scene, direction=direction or "LR", engine=engine, theme=theme)
    tried = [layout(scene, direction=way, engine=engine, theme=theme) for way in ("LR", "TB")]
    best = max(tried, key=fit.scale)
    if fit.scale(best) >= _LARGE_ENOUGH:
        return best
    in_rows = [layout(scene, engine=engine, theme=theme, ratio=ratio) for ratio in fit.ratios]
    best = max([best, *in_rows], key=fit.scale)
    if fit.page and fit.scale(best) < SPREAD_BELOW:
        # Over several pages: rows that no page has to cut.
        by_page = layout(scene, engine=engine, theme=theme, room=fit.column)
        if by_page.width <= fit.column + 2 * theme.margin and by_page.height > by_page.width:
            return by_page
    return best
