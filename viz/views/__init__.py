"""Named views: what a picture shows of a graph or a run. Each is a file with one function that writes on the canvas.

Views compose: `view="values+health"`. They are applied in the order of `VIEWS` (viz/views/registry.py), whatever
order they are named in.
"""

from __future__ import annotations

from viz.views.base import View
from viz.views.registry import VIEWS, views_for

__all__ = ["VIEWS", "View", "views_for"]
