"""Choose how a picture looks: colours, sizes and line styles, safe for colour-blind readers and for grey printing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from viz.scene import Scale

__all__ = ["CONTRAST", "DARK", "LIGHT", "PRINT", "THEMES", "Ink", "Theme", "contrast", "theme_of"]


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
            fold=Ink("#eef0fb", "#5b63a8", "#343a78"),
        )
    )
    # What a tone makes of a box or a badge; words and borders say the same again.
    tones: Mapping[str, Ink] = field(
        default_factory=lambda: _frozen(
            good=Ink("#e3f4ea", "#2e7d4f", "#1c5434"),
            warn=Ink("#fdf0cf", "#a06a00", "#6b4600"),
            bad=Ink("#fbe3e1", "#b3261e", "#861b15"),
            quiet=Ink("#ffffff", "#b6bec7", "#56616c"),
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
                "unknown": "#56616c",
            }
        )
    )
    dashes: Mapping[str, tuple[float, ...]] = field(
        default_factory=lambda: MappingProxyType(
            {
                "positive": (),
                "negative": (5, 3.5),
                "mixed": (16, 3),
                "zero": (1.5, 3),
                "not finite": (2, 2),
                "unknown": (8, 3, 1.5, 3),
            }
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

    def ink(self, role: str, tone: str = "") -> Ink:
        """The colours of a box: those of its tone, if it has one, else of its role."""
        return self.tones[tone] if tone else self.inks[role]

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
DARK = Theme(
    name="dark",
    page="#14181d",
    text="#e6eaee",
    muted="#a3afba",
    warning="#ff9d94",
    hairline="#39424b",
    group="#1b2026",
    group_inner="#222930",
    group_border="#3d4751",
    inks=_frozen(
        input=Ink("#12304a", "#5aa2e0", "#b9dcfa"),
        parameter=Ink("#3b2c0c", "#d39a3c", "#f7d999"),
        constant=Ink("#2a3138", "#8793a0", "#cfd7de"),
        op=Ink("#20262d", "#74818e", "#e6eaee"),
        fold=Ink("#262a4d", "#8d96e0", "#d3d7fb"),
    ),
    tones=_frozen(
        good=Ink("#14351f", "#5cb884", "#b5e6c8"),
        warn=Ink("#3d2f08", "#dba534", "#f8dc96"),
        bad=Ink("#451714", "#ef7f77", "#fcc5c0"),
        quiet=Ink("#1b2026", "#57626d", "#a3afba"),
    ),
    forward="#7c8894",
    signs=MappingProxyType(
        {
            "positive": "#58b4f0",
            "negative": "#f2955a",
            "mixed": "#bfa4e2",
            "zero": "#9aa6b1",
            "not finite": "#ff9d94",
            "unknown": "#a3afba",
        }
    ),
    heat_low="#f2955a",
    heat_middle="#14181d",
    heat_high="#58b4f0",
)
_BLACK = Ink("#ffffff", "#000000", "#000000")
# Grey only: what colour says elsewhere is said by forms, line styles and words.
PRINT = replace(
    LIGHT,
    name="print",
    text="#000000",
    muted="#3d3d3d",
    warning="#000000",
    hairline="#c4c4c4",
    group="#f6f6f6",
    group_inner="#ececec",
    group_border="#9a9a9a",
    inks=_frozen(
        input=Ink("#f0f0f0", "#000000", "#000000"),
        parameter=Ink("#dedede", "#000000", "#000000"),
        constant=Ink("#f8f8f8", "#6b6b6b", "#262626"),
        op=_BLACK,
        fold=Ink("#e8e8e8", "#000000", "#000000"),
    ),
    tones=_frozen(
        good=_BLACK,
        warn=Ink("#e4e4e4", "#000000", "#000000"),
        bad=Ink("#c9c9c9", "#000000", "#000000"),
        quiet=Ink("#ffffff", "#9a9a9a", "#3d3d3d"),
    ),
    forward="#8a8a8a",
    signs=MappingProxyType(
        {
            "positive": "#000000",
            "negative": "#4a4a4a",
            "mixed": "#2e2e2e",
            "zero": "#6b6b6b",
            "not finite": "#000000",
            "unknown": "#3d3d3d",
        }
    ),
    heat_low="#6b6b6b",
    heat_middle="#ffffff",
    heat_high="#000000",
)
CONTRAST = replace(
    LIGHT,
    name="contrast",
    text="#000000",
    muted="#000000",
    warning="#8f0000",
    hairline="#000000",
    group="#ffffff",
    group_inner="#ffffff",
    group_border="#000000",
    inks=_frozen(
        input=Ink("#d9ecff", "#00264d", "#000000"),
        parameter=Ink("#ffe9b3", "#4d2e00", "#000000"),
        constant=Ink("#ececec", "#000000", "#000000"),
        op=_BLACK,
        fold=Ink("#e2e4ff", "#14174d", "#000000"),
    ),
    tones=_frozen(
        good=Ink("#d6ffe3", "#00401a", "#000000"),
        warn=Ink("#fff0a8", "#4d3a00", "#000000"),
        bad=Ink("#ffd6d2", "#7a0000", "#000000"),
        quiet=Ink("#ffffff", "#000000", "#000000"),
    ),
    forward="#4a4a4a",
    signs=MappingProxyType(
        {
            "positive": "#00417a",
            "negative": "#8a2f00",
            "mixed": "#4a2480",
            "zero": "#333333",
            "not finite": "#8f0000",
            "unknown": "#000000",
        }
    ),
    forward_width=1.8,
    thinnest=2.0,
    widest=8.0,
)
THEMES: Mapping[str, Theme] = MappingProxyType(
    {theme.name: theme for theme in (LIGHT, DARK, PRINT, CONTRAST)}
)


def theme_of(theme: str | Theme) -> Theme:
    """The theme of this name, or the theme itself. Raises ValueError for a name that is none."""
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ValueError(f"viz: theme is {', '.join(map(repr, THEMES))} or a viz.Theme, found {theme!r}.")
    return THEMES[theme]
