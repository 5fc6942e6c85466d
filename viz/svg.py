"""Write a placed scene as SVG.

Text stays text; there is no script, no style sheet, and no identifier that two pictures on one page could share.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from viz.placed import Placed, PlacedBox, PlacedEntry, PlacedGroup, PlacedHeat, PlacedWire, Point, Rect, Text
from viz.scene import Heat
from viz.theme import Theme

__all__ = ["svg"]

_SAMPLE_HEAT = Heat(((-1.0, 0.0, 1.0),), 1.0)
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\n": "&#10;"})


def svg(placed: Placed) -> str:
    """The picture as one SVG document. Equal placed scenes give equal bytes."""
    theme = placed.theme
    w, h = _n(placed.width), _n(placed.height)
    title = placed.scene.title or placed.scene.description
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'font-family="{_esc(theme.family)}">',
        f"<title>{_esc(title)}</title>",
        f"<desc>{_esc(placed.scene.description)}</desc>",
        f'<rect width="{w}" height="{h}" fill="{theme.page}"/>',
    ]
    for group in placed.groups:
        lines += _group(group, theme)
    for wire in placed.wires:
        lines += _wire(wire, theme)
    for box in placed.boxes:
        lines += _box(box, theme)
    # Numbers of wires come last, so that no line runs over them.
    lines += [_text(wire.label, halo=theme.page) for wire in placed.wires if wire.label is not None]
    if placed.title is not None:
        lines.append(_text(placed.title))
    lines += _legend(placed)
    return "\n".join([*lines, "</svg>", ""])


def _n(value: float) -> str:
    """A coordinate with at most two decimals and no trailing zeros; never `-0`."""
    return f"{round(value, 2) + 0.0:.10g}"


def _esc(text: str) -> str:
    return text.translate(_ESCAPES)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _text(text: Text, halo: str = "") -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="500"' if text.weight == "medium" else ""
    around = f' stroke="{halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    # The measured length is part of the text: where another font has to stand in, it is fitted to the same room.
    length = f' textLength="{_n(text.width)}" lengthAdjust="spacingAndGlyphs"' if len(text.text) > 1 else ""
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{_n(text.size)}" fill="{text.colour}"'
        f"{anchor}{weight}{around}{length}>{_esc(text.text)}</text>"
    )


def _group(placed: PlacedGroup, theme: Theme) -> list[str]:
    fill = theme.group if placed.depth % 2 == 0 else theme.group_inner
    r = placed.rect
    return [
        f'<rect x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}" rx="10" fill="{fill}" '
        f'stroke="{theme.group_border}"/>',
        _text(placed.label),
    ]


def _curve(points: Sequence[Point]) -> str:
    parts = [f"M{_n(points[0][0])},{_n(points[0][1])}"]
    for i in range(1, len(points) - 2, 3):
        parts.append("C" + _points(points[i : i + 3]))
    return "".join(parts)


def _stroke(colour: str, width: float, dashes: Sequence[float]) -> str:
    # Dashes grow a little with the line, else a wide dashed wire looks like a row of tiles.
    stretch = 1 + 0.12 * width
    dash = f' stroke-dasharray="{" ".join(_n(d * stretch) for d in dashes)}"' if dashes else ""
    return f'fill="none" stroke="{colour}" stroke-width="{_n(width)}"{dash}'


def _wire_style(kind: str, sign: str, theme: Theme) -> tuple[str, Sequence[float]]:
    if kind == "forward":
        return theme.forward, ()
    return theme.signs[sign], theme.dashes[sign]


def _wire(placed: PlacedWire, theme: Theme) -> list[str]:
    wire = placed.wire
    colour, dashes = _wire_style(wire.kind, wire.sign, theme)
    note = f"<title>{_esc(wire.note)}</title>" if wire.note else ""
    return [
        f'<g data-wire="{wire.id}" data-from="{_esc(wire.source)}" data-to="{_esc(wire.target)}">{note}',
        f'<path d="{_curve(placed.curve)}" {_stroke(colour, placed.width, dashes)}/>',
        f'<polygon points="{_points(placed.head)}" fill="{colour}"/></g>',
    ]


def _shape(role: str, r: Rect, theme: Theme, *, border: float = 1.2) -> str:
    """Each role has a form of its own: input rounded, parameter with cut corners, constant sharp, op softly rounded."""
    ink = theme.inks[role]
    paint = f'fill="{ink.fill}" stroke="{ink.border}" stroke-width="{_n(border)}"'
    if role == "parameter":
        c = min(8.0, r.h * 0.32)
        corners = [
            (r.x + c, r.y), (r.right - c, r.y), (r.right, r.y + c), (r.right, r.bottom - c),
            (r.right - c, r.bottom), (r.x + c, r.bottom), (r.x, r.bottom - c), (r.x, r.y + c),
        ]  # fmt: skip
        return f'<polygon points="{_points(corners)}" {paint}/>'
    radius = {"input": min(16.0, r.h / 2), "op": min(5.0, r.h * 0.25)}.get(role, 0.0)
    rounded = f' rx="{_n(radius)}"' if radius else ""
    return f'<rect x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}"{rounded} {paint}/>'


def _box(placed: PlacedBox, theme: Theme) -> list[str]:
    box = placed.box
    note = f"<title>{_esc(box.note)}</title>" if box.note else ""
    lines = [
        f'<g data-node="{_esc(box.id)}" data-role="{box.role}">{note}',
        _shape(box.role, placed.rect, theme, border=2.2 if box.mark else 1.2),
    ]
    for (x0, y0), (x1, y1) in placed.rules:
        lines.append(f'<path d="M{_n(x0)},{_n(y0)}L{_n(x1)},{_n(y1)}" stroke="{theme.hairline}"/>')
    for heat in placed.heats:
        lines += _heat(heat, theme)
    lines += [_text(text) for text in placed.texts]
    return [*lines, "</g>"]


def _heat(placed: PlacedHeat, theme: Theme) -> list[str]:
    r, rows = placed.rect, placed.heat.rows
    w, h = r.w / len(rows[0]), r.h / len(rows)
    lines = [
        f'<rect x="{_n(r.x + w * j)}" y="{_n(r.y + h * i)}" width="{_n(w)}" height="{_n(h)}" '
        f'fill="{theme.heat(value, placed.heat.limit)}"/>'
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    ]
    frame = f'x="{_n(r.x)}" y="{_n(r.y)}" width="{_n(r.w)}" height="{_n(r.h)}"'
    return [
        '<g shape-rendering="crispEdges">',
        *lines,
        f'<rect {frame} fill="none" stroke="{theme.hairline}"/></g>',
    ]


def _legend(placed: Placed) -> list[str]:
    lines = []
    if placed.legend_rule is not None:
        (x0, y0), (x1, y1) = placed.legend_rule
        lines.append(f'<path d="M{_n(x0)},{_n(y0)}L{_n(x1)},{_n(y1)}" stroke="{placed.theme.hairline}"/>')
    for entry in placed.entries:
        lines += [*_sample(entry, placed), *(_text(text) for text in entry.texts)]
    return lines


def _sample(placed: PlacedEntry, page: Placed) -> list[str]:
    theme, entry, r = page.theme, placed.entry, placed.sample
    middle = r.y + r.h / 2
    if entry.kind == "box":
        return [_shape(entry.key, r, theme)]
    if entry.kind in ("forward", "sign"):
        colour, dashes = _wire_style(entry.kind, entry.key, theme)
        width = theme.forward_width if entry.kind == "forward" else 2.4
        # Values run to the right, gradients come back from it.
        tip, tail, way = (r.right, r.x, 1) if entry.kind == "forward" else (r.x, r.right, -1)
        back = tip - way * (5.2 + 1.35 * width)
        half = 2.1 + 0.85 * width
        head = [(tip, middle), (back, middle - half), (back, middle + half)]
        return [
            f'<path d="M{_n(tail)},{_n(middle)}L{_n(back)},{_n(middle)}" {_stroke(colour, width, dashes)}/>',
            f'<polygon points="{_points(head)}" fill="{colour}"/>',
        ]
    if entry.kind == "scale":
        thin, wide = theme.thinnest / 2, theme.widest / 2
        wedge = [
            (r.x, middle - thin),
            (r.right, middle - wide),
            (r.right, middle + wide),
            (r.x, middle + thin),
        ]
        return [f'<polygon points="{_points(wedge)}" fill="{theme.forward}"/>']
    if entry.kind == "heat":
        return _heat(PlacedHeat(r, _SAMPLE_HEAT), theme)
    return []
