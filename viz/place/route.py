"""Turn the engine's curves into wires: forward and backward side by side, with arrow heads that touch their boxes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from viz.place.placed import Point

__all__ = [
    "arrow",
    "cut_end",
    "divided",
    "flatten",
    "head_length",
    "nearest",
    "normals",
    "offset",
    "reversed_curve",
    "rounded",
    "sampled",
    "simple",
    "steady",
]

Curve = tuple[Point, ...]
# Corners are this round; arrow heads stand on straight ends of this length; a corner is never tighter than this.
_ROUND, _STRAIGHT, _TIGHT = 34.0, 14.0, 4.0


def offset(curve: Curve, by: float) -> Curve:
    """The curve moved sideways, to the left of its direction for a positive distance.

    Each piece is cut in four and its ends are moved along their normals, its handles scaled as the chord is (Tiller
    and Hanson, 1984): moving the control points alone lets two wires touch where they turn.
    """
    if not by:
        return curve
    points: list[Point] = []
    for i in range(0, len(curve) - 3, 3):
        whole = curve[i : i + 4]
        for piece in (whole,) if _is_straight(whole) else _quarters(whole):
            moved = _offset_piece(piece, by)
            points += moved[1:] if points else moved
    return tuple(points)


def _is_straight(piece: Sequence[Point]) -> bool:
    (ax, ay), (dx, dy) = piece[0], piece[3]
    length = math.hypot(dx - ax, dy - ay) or 1.0
    return all(abs((dx - ax) * (y - ay) - (dy - ay) * (x - ax)) < 0.25 * length for x, y in piece[1:3])


def _quarters(piece: Sequence[Point]) -> Iterator[Sequence[Point]]:
    for half in _halves(piece):
        yield from _halves(half)


def _halves(piece: Sequence[Point]) -> tuple[Sequence[Point], Sequence[Point]]:
    a, b, c, d = piece
    ab, bc, cd = _mid(a, b), _mid(b, c), _mid(c, d)
    abc, bcd = _mid(ab, bc), _mid(bc, cd)
    middle = _mid(abc, bcd)
    return (a, ab, abc, middle), (middle, bcd, cd, d)


def _mid(p: Point, q: Point) -> Point:
    return (p[0] + q[0]) / 2, (p[1] + q[1]) / 2


def _offset_piece(piece: Sequence[Point], by: float) -> list[Point]:
    a, b, c, d = piece
    (ax, ay), (dx, dy) = _direction(piece, 0), _direction(piece, 3)
    start = (a[0] + by * ay, a[1] - by * ax)
    end = (d[0] + by * dy, d[1] - by * dx)
    chord = math.hypot(d[0] - a[0], d[1] - a[1])
    scale = math.hypot(end[0] - start[0], end[1] - start[1]) / chord if chord > 1e-9 else 1.0
    return [
        start,
        (start[0] + (b[0] - a[0]) * scale, start[1] + (b[1] - a[1]) * scale),
        (end[0] + (c[0] - d[0]) * scale, end[1] + (c[1] - d[1]) * scale),
        end,
    ]


def _direction(curve: Sequence[Point], at: int) -> Point:
    """The unit tangent at a control point that lies on the curve; handles that coincide with it are skipped."""
    for reach in range(1, len(curve)):
        (x0, y0), (x1, y1) = curve[max(at - reach, 0)], curve[min(at + reach, len(curve) - 1)]
        length = math.hypot(x1 - x0, y1 - y0)
        if length > 1e-6:
            return (x1 - x0) / length, (y1 - y0) / length
    return 1.0, 0.0


def reversed_curve(curve: Curve) -> Curve:
    """The same curve from its end to its start."""
    return tuple(reversed(curve))


def head_length(width: float) -> float:
    """How long the arrow head of a wire of this width is."""
    return 5.2 + 1.35 * width


def arrow(base: Point, tip: Point, width: float) -> tuple[Point, ...]:
    """The arrow head from its base to its tip: a triangle."""
    length = math.dist(base, tip) or 1.0
    dx, dy = (tip[0] - base[0]) / length, (tip[1] - base[1]) / length
    half = 2.1 + 0.85 * width
    (x, y), (bx, by) = tip, base
    return (x, y), (bx + half * dy, by - half * dx), (bx - half * dy, by + half * dx)


def cut_end(curve: Curve, length: float) -> Curve:
    """The curve without its last stretch, where the arrow head stands."""
    tip = curve[-1]
    start = max(len(curve) - 4, 0)
    # Pieces that lie wholly under the head go; the first piece always keeps a start.
    while start > 0 and math.dist(curve[start], tip) < length:
        start -= 3
    piece: Sequence[Point] = curve[start : start + 4]
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        if math.dist(_at(piece, middle), tip) > length:
            low = middle
        else:
            high = middle
    return (*curve[:start], *_split(piece, low))


def _at(piece: Sequence[Point], t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = piece
    u = 1 - t
    p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
    return p * ax + q * bx + r * cx + s * dx, p * ay + q * by + r * cy + s * dy


def _split(piece: Sequence[Point], t: float) -> tuple[Point, ...]:
    """The first part of a piece, up to the parameter t (de Casteljau)."""
    a, b, c, d = piece

    def between(p: Point, q: Point) -> Point:
        return p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t

    ab, bc, cd = between(a, b), between(b, c), between(c, d)
    abc, bcd = between(ab, bc), between(bc, cd)
    return a, ab, abc, between(abc, bcd)


def divided(curve: Curve, x: float) -> tuple[Curve, Curve]:
    """The parts of a curve that flows to the right, before and behind x; both are level where they part."""
    for i in range(0, len(curve) - 3, 3):
        if curve[i + 3][0] < x and i + 4 < len(curve):
            continue
        piece = curve[i : i + 4]
        low, high = 0.0, 1.0
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if _at(piece, middle)[0] < x else (low, middle)
        a, b, c, d = _split(piece, low)
        far, late, later, start = _split(piece[::-1], 1 - low)
        before = (*curve[:i], a, b, (c[0], d[1]), d)
        behind = (start, (later[0], start[1]), late, far)
        return before, (*behind, *curve[i + 4 :])
    return curve, curve[-1:]


def simple(start: Point, end: Point, direction: str) -> Curve | None:
    """One smooth piece that leaves and reaches its boxes along the flow; None where it would be too steep."""
    along = 0 if direction == "LR" else 1
    run, drift = end[along] - start[along], abs(end[1 - along] - start[1 - along])
    if run < 20 or drift > 4.6 * run:
        return None
    reach = run * 0.48
    if direction == "LR":
        return start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end
    return start, (start[0], start[1] + reach), (end[0], end[1] - reach), end


def steady(curve: Curve, direction: str) -> Curve:
    """The curve with straight ends along the flow, on which arrow heads can stand."""
    (x0, y0), (x1, y1) = curve[0], curve[-1]
    dx, dy = (_STRAIGHT, 0.0) if direction == "LR" else (0.0, _STRAIGHT)
    first, last = (x0 + dx, y0 + dy), (x1 - dx, y1 - dy)
    start, end = [curve[0]], [last]
    _line(start, first)
    _line(end, curve[-1])
    inner = curve[1:-1]
    # The handles go on from the straight ends as they did from the boxes.
    return (
        *start,
        (inner[0][0] + dx, inner[0][1] + dy),
        *inner[1:-1],
        (inner[-1][0] - dx, inner[-1][1] - dy),
        *end,
    )


def flatten(curve: Sequence[Point], steps: int = 8) -> Iterator[Point]:
    """Points along the curve, for distances and bounds."""
    yield curve[0]
    for i in range(0, len(curve) - 3, 3):
        a, b, c, d = curve[i : i + 4]
        for k in range(1, steps + 1):
            t = k / steps
            u = 1 - t
            p, q, r, s = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            yield (
                p * a[0] + q * b[0] + r * c[0] + s * d[0],
                p * a[1] + q * b[1] + r * c[1] + s * d[1],
            )


def sampled(curve: Sequence[Point], spacing: float) -> Iterator[Point]:
    """Points along the curve, at most about `spacing` apart."""
    yield curve[0]
    for i in range(0, len(curve) - 3, 3):
        piece = curve[i : i + 4]
        length = sum(math.dist(p, q) for p, q in itertools.pairwise(piece))
        points = flatten(piece, max(1, math.ceil(length / spacing)))
        next(points)
        yield from points


def normals(curve: Sequence[Point], spacing: float) -> Iterator[tuple[Point, Point]]:
    """Points along the curve with the unit normals to the right of its direction."""
    points = list(sampled(curve, spacing))
    for i, point in enumerate(points):
        dx, dy = _direction(points, i)
        yield point, (-dy, dx)


def nearest(curve: Sequence[Point], to: Point) -> Point:
    """The point of the curve that lies nearest to another point."""
    return min(flatten(curve, 16), key=lambda p: (p[0] - to[0]) ** 2 + (p[1] - to[1]) ** 2)


def rounded(corners: Sequence[Point]) -> tuple[Point, ...]:
    """The polygon with round corners, as cubic pieces."""
    points = [q for k, q in enumerate(corners) if k == 0 or math.dist(q, corners[k - 1]) > 0.01]
    curve: list[Point] = [points[0]]
    for k in range(1, len(points) - 1):
        a, b, c = points[k - 1 : k + 2]
        before, after = math.dist(a, b), math.dist(b, c)
        # Arrow heads stand on straight ends.
        r = min(
            _ROUND,
            max(before - _STRAIGHT, _TIGHT) if k == 1 else before / 2,
            max(after - _STRAIGHT, _TIGHT) if k == len(points) - 2 else after / 2,
        )
        enter, leave = _towards(b, a, r / before), _towards(b, c, r / after)
        _line(curve, enter)
        curve += [_towards(enter, b, 0.6), _towards(leave, b, 0.6), leave]
    _line(curve, points[-1])
    return tuple(curve)


def _towards(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _line(curve: list[Point], to: Point) -> None:
    if math.dist(curve[-1], to) > 0.01:
        start = curve[-1]
        curve += [_towards(start, to, 1 / 3), _towards(start, to, 2 / 3), to]
