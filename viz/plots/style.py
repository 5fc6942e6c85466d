"""Give plots the look of the drawings: the theme's colours, line styles and markers that say the same, and sizes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict

from viz.text import clean, fallback
from viz.theme import Theme, contrast, theme_of

if TYPE_CHECKING:
    from viz.plots.plot import Plot
    from viz.plots.table import Table

__all__ = [
    "MARKERS",
    "Look",
    "Series",
    "Style",
    "blended",
    "did_you_mean",
    "fitting",
    "settings",
    "text_width",
    "words",
]


class Look(TypedDict, total=False):
    """What every plot takes beside its data.

    theme : "light", "dark", "print" (grey), "contrast", or a Theme of your own
    title : a line above the picture
    size : "notebook", "slide" (16:9, larger letters), or (width, height) in inches
    """

    theme: str | Theme
    title: str
    size: str | tuple[float, float]


# Okabe and Ito's hues (2008), moved in lightness until each stands at 4.5:1 from the page, so that they serve as text
# too. Line styles and markers tell the curves apart where colours do not.
_SERIES = {
    "light": ("#0b6aa8", "#b84a0a", "#00785a", "#a03c78", "#7d5c00", "#3a3f45"),
    "dark": ("#58b4f0", "#f2955a", "#3ecf9f", "#e79fd0", "#eccb4f", "#dfe5ea"),
    "print": ("#000000", "#5e5e5e", "#303030", "#6e6e6e", "#000000", "#5e5e5e"),
    "contrast": ("#00417a", "#8a2f00", "#00553a", "#6a1453", "#4f3a00", "#000000"),
}
LINES: tuple[Any, ...] = (
    "-", (0, (5, 2)), (0, (7, 2, 1.3, 2)), (0, (1.3, 1.6)), (0, (10, 2.5)), (0, (4, 1.6, 1, 1.6, 1, 1.6)),
)  # fmt: skip
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_SLIDE = (10.0, 5.625)
_FAMILIES = (
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "NanumGothic",
    "Malgun Gothic",
    "Noto Sans CJK JP",
    "Noto Sans",
)


@dataclass(frozen=True)
class Series:
    """How one curve among several is drawn."""

    colour: str
    line: Any
    marker: str


@dataclass(frozen=True)
class Style:
    """The look of one plot, as its call asked for it."""

    theme: Theme
    title: str
    size: str | tuple[float, float]

    @classmethod
    def of(cls, who: str, look: Look) -> Style:
        """The look that keywords describe. Raises TypeError or ValueError in the name of the plot."""
        for name in look:
            if name not in Look.__annotations__:
                hint = did_you_mean(name, Look.__annotations__)
                raise TypeError(f"{who}: there is no setting {name!r}.{hint}")
        size = look.get("size", "notebook")
        if isinstance(size, str):
            right = size in ("notebook", "slide")
        else:
            right = len(size) == 2 and all(1.5 <= float(length) <= 40 for length in size)
        if not right:
            raise ValueError(
                f"{who}: size is 'notebook', 'slide', or (width, height) in inches from 1.5 to 40, found {size!r}."
            )
        return cls(theme_of(look.get("theme", "light")), str(look.get("title", "")), size)

    # Sizes

    @property
    def scale(self) -> float:
        """How much larger than in a notebook letters and lines are."""
        return 1.3 if self.size == "slide" else 1.0

    def inches(self, width: float, height: float) -> tuple[float, float]:
        """The size of the page; `width` and `height` are what suits a notebook."""
        if self.size == "notebook":
            return width, height
        return _SLIDE if isinstance(self.size, str) else (float(self.size[0]), float(self.size[1]))

    @property
    def small(self) -> float:
        """Size of what stands beside the data, in points."""
        return 9.0 * self.scale

    # Colours

    @cached_property
    def is_dark(self) -> bool:
        return contrast(self.theme.page, "#ffffff") > contrast(self.theme.page, "#000000")

    @cached_property
    def is_grey(self) -> bool:
        """Whether the theme does without hues, so that sign and class must be told by lightness and form."""
        return all(len({c[1:3], c[3:5], c[5:7]}) == 1 for c in (self.theme.heat_low, self.theme.heat_high))

    @cached_property
    def colours(self) -> tuple[str, ...]:
        """Colours of curves, each readable as text on the page."""
        name = "print" if self.is_grey else self.theme.name
        return _SERIES.get(name, _SERIES["dark" if self.is_dark else "light"])

    def series(self, at: int) -> Series:
        """Colour, line and marker of curve number `at`; the next round pairs them differently."""
        again = at // len(self.colours)
        return Series(
            self.colours[at % len(self.colours)],
            LINES[(at + again) % len(LINES)],
            MARKERS[(at + 3 * again) % len(MARKERS)],
        )

    def shades(self) -> Any:
        """A colour map from the page to a tint of grey on which all curves stay readable; more is further away."""
        far = "#6b6b6b" if self.is_grey else "#46525f" if self.is_dark else "#b4c0cc"
        return _map("shades", (self.theme.page, blended(self.theme.page, far, 0.75 if self.is_grey else 1.0)))

    def amounts(self) -> Any:
        """A colour map from none, the page, to much."""
        return _map("amounts", (self.theme.page, "#000000" if self.is_grey else self.theme.heat_high))

    def signs(self, strength: float = 1.0) -> Any:
        """A colour map from negative over zero to positive; in grey from black over grey to white."""
        if self.is_grey:
            return _map("signs", ("#141414", "#a8a8a8", "#ffffff"))
        theme = self.theme
        ends = [blended(theme.heat_middle, end, strength) for end in (theme.heat_low, theme.heat_high)]
        return _map("signs", (ends[0], theme.heat_middle, ends[1]))

    # Pages

    @contextmanager
    def page(self, width: float, height: float) -> Iterator[Any]:
        """A new figure with the theme's colours; what is put on it within the block takes the theme's letters."""
        with settings(self):
            from matplotlib.figure import Figure

            figure = Figure(
                figsize=self.inches(width, height), layout="constrained", facecolor=self.theme.page
            )
            figure.get_layout_engine().set(w_pad=0.06, h_pad=0.06, wspace=0.03, hspace=0.03)
            if self.title:
                figure.suptitle(
                    words(self.title, 90), x=0.012, ha="left", fontsize=12 * self.scale, fontweight="bold"
                )
            yield figure

    def plot(self, who: str, figure: Any, table: Table, alt: str) -> Plot:
        """The finished plot."""
        from viz.plots.plot import Plot

        return Plot(figure, table, " ".join(alt.split()), name=who, style=self)

    def dress(self, axis: Any, x: str = "", y: str = "", *, grid: str = "both") -> Any:
        """Quiet axes: two spines, a light grid, labels with units."""
        axis.spines[["top", "right"]].set_visible(False)
        if grid:
            axis.grid(
                visible=True,
                axis=grid,
                color=blended(self.theme.page, self.theme.hairline, 0.75),
                linewidth=0.7,
            )
            axis.set_axisbelow(True)
        if x:
            axis.set_xlabel(words(x, 70))
        if y:
            axis.set_ylabel(words(y, 44))
        return axis

    def legend(self, axis: Any, handles: Sequence[Any], labels: Sequence[str]) -> Any:
        """A legend in rows above the axes, as many entries side by side as fit."""
        spec = axis.get_subplotspec()
        share = (spec.colspan.stop - spec.colspan.start) / spec.get_gridspec().ncols
        room = (axis.figure.get_size_inches()[0] * 72 - 60 * self.scale) * share - 10 * self.scale
        handles, names, columns = self._entries(axis.figure, handles, labels, room)
        return axis.legend(
            handles, names, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, frameon=False,
            fontsize=self.small, borderaxespad=0.3, borderpad=0.2, columnspacing=1.4, handlelength=2.4,
        )  # fmt: skip

    def legend_of_page(self, figure: Any, handles: Sequence[Any], labels: Sequence[str]) -> Any:
        """A legend above all axes of the page."""
        room = (figure.get_size_inches()[0] - 0.4) * 72
        handles, names, columns = self._entries(figure, handles, labels, room)
        title: dict[str, Any] = {}
        if figure._suptitle is not None:
            # Matplotlib would lay one over the other.
            title = {"title": figure._suptitle.get_text(), "alignment": "left", "title_fontproperties": {
                "size": 12 * self.scale, "weight": "bold"}}  # fmt: skip
            figure._suptitle.remove()
            figure._suptitle = None
        return figure.legend(
            handles, names, loc="outside upper left", ncols=columns, frameon=False, fontsize=self.small,
            columnspacing=1.4, handlelength=2.4, borderpad=0.2, **title,
        )  # fmt: skip

    def _entries(
        self, figure: Any, handles: Sequence[Any], labels: Sequence[str], room: float
    ) -> tuple[list[Any], list[str], int]:
        """Handles, names and columns of a legend; the page grows for long ones, and a slide leaves some out."""
        shown, names = list(handles), [words(label, 46) for label in labels]
        columns = fitting(names, room, self.small, 44 * self.scale)
        rows = -(-len(names) // columns)
        width, height = figure.get_size_inches()
        line = 1.6 * self.small / 72
        if rows > 2 and self.size == "notebook":
            figure.set_size_inches(width, height + line * (rows - 2))
        most = max(1, int(0.3 * height / line)) * columns
        if self.size != "notebook" and len(names) > most:
            from matplotlib.lines import Line2D

            shown = [*shown[: most - 1], Line2D([], [], linestyle="none")]
            names = [*names[: most - 1], f"… {len(handles) - most + 1} more"]
        order = _row_by_row(len(names), columns)
        return [shown[k] for k in order], [names[k] for k in order], columns

    def note(self, figure: Any, lines: Iterable[str]) -> None:
        """What must be said below the picture, such as what is not shown."""
        import textwrap

        wide = int(figure.get_size_inches()[0] * 72 / (self.small * 0.56))
        text = "\n".join(words(row) for line in lines for row in textwrap.wrap(line, wide))
        if text:
            figure.supxlabel(text, x=0.012, ha="left", fontsize=self.small, color=self.theme.muted)

    def bar(self, figure: Any, image: Any, axis: Any, label: str, **kinds: Any) -> Any:
        """A colour scale beside the axes."""
        made = figure.colorbar(image, ax=axis, pad=0.015, fraction=0.06, aspect=24, **kinds)
        made.set_label(words(label, 44), fontsize=self.small)
        made.outline.set_visible(False)
        made.ax.tick_params(labelsize=self.small)
        return made


@contextmanager
def settings(style: Style) -> Iterator[None]:
    """Matplotlib's own defaults with the theme's colours, whatever the process has set; afterwards all is as before."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_rc(style))
        yield


def _rc(style: Style) -> dict[str, Any]:
    theme, scale = style.theme, style.scale
    return {
        "svg.hashsalt": "graphnn", "svg.fonttype": "path", "pdf.fonttype": 42, "font.family": _families(),
        "font.size": 10 * scale, "axes.titlesize": 10.5 * scale, "axes.labelsize": 10 * scale,
        "axes.titlelocation": "left", "xtick.labelsize": 9 * scale, "ytick.labelsize": 9 * scale,
        "figure.facecolor": theme.page, "savefig.facecolor": theme.page, "axes.facecolor": theme.page,
        "text.color": theme.text, "axes.labelcolor": theme.text, "axes.titlecolor": theme.text,
        "axes.edgecolor": theme.muted, "xtick.color": theme.muted, "ytick.color": theme.muted,
        "xtick.labelcolor": theme.text, "ytick.labelcolor": theme.text, "legend.labelcolor": theme.text,
        "lines.linewidth": 1.8 * scale, "lines.markersize": 5 * scale, "axes.linewidth": 0.8,
        "axes.formatter.useoffset": False, "legend.framealpha": 1.0, "legend.facecolor": theme.page,
        "hatch.color": theme.text, "patch.edgecolor": theme.page, "axes3d.mouserotationstyle": "azel",
    }  # fmt: skip


def _families() -> list[str]:
    """DejaVu Sans, which matplotlib ships, then what the machine has for scripts that it lacks."""
    from matplotlib import font_manager

    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _FAMILIES if name in known)]


def _map(name: str, colours: Sequence[str]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colours), N=256)


def blended(first: str, second: str, share: float) -> str:
    """A colour between two: the first at share 0, the second at 1."""
    pairs = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def words(text: object, room: int = 0) -> str:
    """A text of the user as matplotlib shows it letter by letter: one line, no formula, at most `room` letters."""
    line = clean(str(text))
    if room and len(line) > room:
        line = f"{line[: room * 2 // 3].rstrip()}…{line[len(line) - room // 3 + 1 :].lstrip()}"
    # A legend leaves out what begins with an underscore.
    return ("\u200a" + line if line.startswith("_") else line).replace("$", "\\$")


def text_width(text: str, size: float) -> float:
    """How wide DejaVu Sans sets one line, in the unit of `size`."""
    face = fallback()
    if face is None:
        return 0.62 * size * len(text)
    return size * sum(face.advance(c) if c in face else 1.0 for c in text)


def _row_by_row(count: int, columns: int) -> list[int]:
    """The order in which matplotlib, which fills columns, must get entries that are to be read row by row."""
    return [k for column in range(columns) for k in range(column, count, columns)]


def fitting(labels: Sequence[str], room: float, size: float, handle: float) -> int:
    """How many columns of a legend fit that is read row by row; each column is as wide as its widest label."""
    wide = [text_width(label.replace("\\$", "$"), size) + handle for label in labels]

    def fits(columns: int) -> bool:
        return sum(max(wide[column::columns]) for column in range(columns)) <= room

    most = next((columns for columns in range(min(len(labels), 6), 1, -1) if fits(columns)), 1)
    # Rows of about one length, rather than a lone entry in the last.
    even = -(-len(labels) // -(-len(labels) // most)) if labels else 1
    return even if fits(even) else most


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """The nearest known words as a question, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(found, names, n=2, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(map(repr, near))}?"
    return f" Known are {', '.join(map(repr, names[:12]))}." if names else ""
