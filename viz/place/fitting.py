"""Choose the layout that fits a slide or paper best: to the right, downwards, or to the right in rows."""

from __future__ import annotations

from typing import Any

from viz.place.layout import layout
from viz.place.placed import Placed
from viz.place.sheet import SPREAD_BELOW, Fit
from viz.scene import Scene
from viz.theme import Theme

__all__ = ["fitted"]

# A picture that comes out this large is not broken into rows.
_LARGE_ENOUGH = 0.9
# The eye follows a row to the next one only for a picture that is clearly larger.
_ROWS_GAIN, _LIKE_TEXT = 1.1, 1.06
# A legend at the right is worth the unusual place where the picture gets clearly larger.
_GAIN = 1.04
# Rows for a legend at the right leave this part of a slide's width to it.
_LEFT = 0.82


def fitted(scene: Scene, fit: Fit, *, direction: str | None, engine: str | None, theme: Theme) -> Placed:
    """The scene placed in the direction asked for; without one, on a slide or paper, what comes out largest."""
    how: dict[str, Any] = {"engine": engine, "theme": theme, "solved": {}}
    if not (fit.slide or fit.page):
        return layout(scene, direction=direction or "LR", **how)
    ways: list[dict[str, Any]] = [{"direction": way} for way in ([direction] if direction else ["LR", "TB"])]
    tried = [(layout(scene, **way, **how), way) for way in ways]
    best, chosen = max(tried, key=lambda pair: fit.scale(pair[0]))
    if fit.scale(best) < _LARGE_ENOUGH:
        broken = [{**way, "ratio": ratio} for way in ways for ratio in fit.ratios]
        # Rows are read like lines of text, columns only where they are larger.
        found, way = max(
            ((layout(scene, **way, **how), way) for way in broken),
            key=lambda pair: fit.scale(pair[0]) * (_LIKE_TEXT if pair[0].direction == "LR" else 1.0),
        )
        # What needs several pages all the same is followed more easily without columns on them.
        if fit.scale(found) > _ROWS_GAIN * fit.scale(best) and (
            fit.slide or fit.scale(found) >= SPREAD_BELOW
        ):
            best, chosen = found, way
    if fit.slide and fit.is_low(best):
        # The height is what keeps it small, and at its right the slide is empty.
        aside = [chosen] if "ratio" not in chosen else [chosen, {**chosen, "ratio": chosen["ratio"] * _LEFT}]
        found = max((layout(scene, **way, **how, beside=True) for way in aside), key=fit.scale)
        if fit.scale(found) > _GAIN * fit.scale(best):
            best = found
    if direction is None and fit.page and fit.scale(best) < SPREAD_BELOW:
        # Over several pages: rows that no page has to cut.
        by_page = layout(scene, **how, room=fit.column)
        if fit.is_column(by_page):
            return by_page
    return best
