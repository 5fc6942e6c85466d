"""Where the strokes of a small picture inside a box run: of a sparkline, and of a bar that is a part of a whole."""

from __future__ import annotations

import math

from viz.place.placed import Point, Rect
from viz.scene import Span, Spark

__all__ = ["bar", "line_pieces"]

_INSET = 2.0


def line_pieces(spark: Spark, r: Rect) -> tuple[list[tuple[Point, ...]], Point | None]:
    """The polygons through the known numbers, each of two points or more, and the place of the dot."""
    known = [v for v in spark.values if math.isfinite(v)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    # Halves keep the span of the largest numbers finite.
    span = (high / 2 - low / 2) or 1.0
    step = (r.w - 2 * _INSET) / max(len(spark.values) - 1, 1)
    flat = low == high
    points: list[Point | None] = []
    for k, value in enumerate(spark.values):
        if not math.isfinite(value):
            points.append(None)
            continue
        share = 0.5 if flat else (value / 2 - low / 2) / span
        points.append((r.x + _INSET + k * step, r.bottom - _INSET - share * (r.h - 2 * _INSET)))
    pieces: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            pieces.append([])
        else:
            pieces[-1].append(point)
    dot = points[spark.mark] if 0 <= spark.mark < len(points) else None
    return [tuple(piece) for piece in pieces if len(piece) > 1], dot


def bar(span: Span, r: Rect) -> Rect:
    """The part of the frame that the span covers, wide enough to be seen."""
    first, last = (min(max(share, 0.0), 1.0) for share in (span.first, span.last))
    w = max(r.w * (last - first), 2.0)
    return Rect(min(r.x + r.w * first, r.right - w), r.y, w, r.h)
