"""Choose how a picture looks: colours, sizes and line styles, safe for colour-blind readers and for grey printing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from viz.scene import Scale

__all__ = ["LIGHT", "Ink", "Theme", "contrast"]


@dataclass(frozen=True)
class Ink:
    """Fill, border and text colour of one kind of box."""

    fill: str
    border: str
    text: str


def _frozen(**inks: Ink) -> Mapping[str, Ink]:
    return MappingProxyType(inks)


@dataclass(frozen=True)
class Theme:
    """Every colour and size that a back end uses. Sizes are in pixels of an unscaled picture."""

    name: str = "light"
    page: str = "#ffffff"
    text: str = "#1f2933"
    muted: str = "#56616c"
    warning: str = "#a61b1b"
    hairline: str = "#d9dfe5"
    group: str = "#f5f7f9"
    group_inner: str = "#eceff3"
    group_border: str = "#d5dce3"
    inks: Mapping[str, Ink] = field(
        default_factory=lambda: _frozen(
            input=Ink("#e6f1fb", "#3a7ab8", "#174a7c"),
            parameter=Ink("#fdf1da", "#b4761a", "#75480a"),
            constant=Ink("#eef1f4", "#75818d", "#414b55"),
            op=Ink("#ffffff", "#8a96a3", "#1f2933"),
        )
    )
    forward: str = "#8f9ba8"
    # Okabe and Ito's blue and vermilion (2008), darkened to 4.5:1 on white; the line style says the same again.
    signs: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {
                "positive": "#0b6aa8",
                "negative": "#b84a0a",
                "mixed": "#6d4f96",
                "zero": "#5f6b76",
                "not finite": "#a61b1b",
            }
        )
    )
    dashes: Mapping[str, tuple[float, ...]] = field(
        default_factory=lambda: MappingProxyType(
            {"positive": (), "negative": (5, 3.5), "mixed": (16, 3), "zero": (1.5, 3), "not finite": (2, 2)}
        )
    )
    heat_low: str = "#b84a0a"
    heat_middle: str = "#ffffff"
    heat_high: str = "#0b6aa8"
    family: str = (
        "Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', 'Noto Sans CJK KR', 'Malgun Gothic', sans-serif"
    )
    title_size: float = 13
    name_size: float = 12
    detail_size: float = 10
    value_size: float = 11
    small_size: float = 9.5
    heading_size: float = 16
    margin: float = 28
    forward_width: float = 1.3
    thinnest: float = 1.4
    widest: float = 7.0

    def wire_width(self, size: float | None, scale: Scale | None) -> float:
        """The width of a backward wire: linear in the logarithm of its size, within the scale."""
        if size is None or scale is None or not size > 0:
            return self.thinnest
        if math.isinf(size):
            return self.widest
        share = (math.log10(size) - scale.low) / max(scale.high - scale.low, 1)
        return self.thinnest + (self.widest - self.thinnest) * min(max(share, 0.0), 1.0)

    def heat(self, value: float, limit: float) -> str:
        """The colour of one cell: white is zero, blue positive, orange negative."""
        if not math.isfinite(value):
            return self.warning
        share = 0.0 if limit <= 0 else max(-1.0, min(1.0, value / limit))
        return _blend(self.heat_middle, self.heat_high if share > 0 else self.heat_low, abs(share))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _blend(first: str, second: str, share: float) -> str:
    mixed = (round(a + (b - a) * share) for a, b in zip(_channels(first), _channels(second), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def contrast(first: str, second: str) -> float:
    """The contrast of two colours from 1 to 21, as WCAG 2.1 defines it; text wants 4.5."""

    def luminance(colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in
                  (channel / 255 for channel in _channels(colour))]  # fmt: skip
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


LIGHT = Theme()
