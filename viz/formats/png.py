"""Turn an SVG into PNG bytes, with the fonts that ship with the package: the same picture on every machine."""

from __future__ import annotations

from viz.text import fallback, font

__all__ = ["png"]


def png(svg_text: str, *, scale: float = 2.0, system_fonts: bool = False) -> bytes:
    """PNG bytes; `scale` is pixels per unit of the SVG. `system_fonts` brings in scripts that no shipped font has."""
    import resvg_py

    other = fallback()
    files = [font(weight).path for weight in ("regular", "medium")] + (
        [other.path] if other is not None else []
    )
    data = resvg_py.svg_to_bytes(
        svg_string=svg_text,
        dpi=96,
        zoom=scale,
        skip_system_fonts=not system_fonts,
        font_files=[str(path) for path in files],
        sans_serif_family="Roboto",
    )
    return bytes(data)
