r"""Write a placed scene as TikZ: a document for `standalone`, whose labels are TeX that one can edit.

It needs no package beyond TikZ. Formulas are set as formulas, everything else in the document's sans serif; words
that come out wider than their box allows are narrowed to fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from viz.formats.marks import Block, Cells, Cluster, Line, Mark, Polygon, Raster, Words, marks
from viz.formats.pixels import coarse
from viz.place.placed import Placed, Point, Text

__all__ = ["Spelling", "escaped", "tikz"]

# A unit of the picture is a pixel of 96 to the inch.
_POINTS = 0.75
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "-": r"{-}",  # two of them would become a dash
    "‹": r"\guilsinglleft{}", "›": r"\guilsinglright{}",
    "\n": " ", "\r": " ", "\t": " ",
}  # fmt: skip
_MATH = {
    "−": "-", "×": r"\times ", "·": r"\cdot ", "≈": r"\approx ", "±": r"\pm ", "∞": r"\infty ", "∂": r"\partial ",
    "…": r"\ldots ", "√": r"\surd ", "Σ": r"\Sigma ", "Π": r"\Pi ", "σ": r"\sigma ", "μ": r"\mu ", "ω": r"\omega ",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "λ": r"\lambda ", "θ": r"\theta ", "π": r"\pi ",
    "ε": r"\varepsilon ", "φ": r"\varphi ", "Φ": r"\Phi ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "→": r"\to ",
    "⊙": r"\odot ", "¬": r"\lnot ", "ᵀ": r"^{\top}", "←": r"\leftarrow ",
    **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", (f"^{{{c}}}" for c in "0123456789-+n"), strict=True)),
    **dict(zip("₀₁₂₃₄₅₆₇₈₉", (f"_{{{c}}}" for c in "0123456789"), strict=True)),
    "′": "'",
}  # fmt: skip
_HEAD = r"""% Compile with pdflatex, lualatex or xelatex. Letters beyond Latin want one of the latter two.
\documentclass[tikz]{standalone}
"""
_MACROS = r"""\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage{textcomp}
  % Else sans serif letters are bitmaps, and not of every size.
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\fi
\renewcommand{\familydefault}{\sfdefault}
% At most as wide as its place: \gnfit{width}{words}
\newsavebox{\gnbox}
\newcommand{\gnfit}[2]{\sbox{\gnbox}{#2}\ifdim\wd\gnbox>#1\relax\resizebox{#1}{\height}{\usebox{\gnbox}}\else\usebox{\gnbox}\fi}
"""


def tikz(placed: Placed) -> str:
    """The picture as a TeX document with one tikzpicture. Equal pictures give equal bytes."""
    page = Spelling(placed.height)
    body = [line for mark in marks(placed) for line in page.lines(mark)]
    title = escaped(placed.scene.title or placed.scene.description)
    return "\n".join(
        [
            _HEAD + page.preamble(),
            r"\begin{document}",
            f"% {title}",
            r"\begin{tikzpicture}[x=1pt, y=1pt, line cap=butt, line join=round]",
            *body,
            r"\end{tikzpicture}",
            r"\end{document}",
            "",
        ]
    )


def escaped(text: str) -> str:
    """Words as TeX in text mode: nothing in them is a command, whatever they say."""
    parts: list[str] = []
    for sign in text:
        if sign in _MATH:
            # Neighbours share one formula, so that 10⁻³ gets one exponent and not two.
            if parts and parts[-1].startswith("$"):
                parts[-1] = _joined(parts[-1][1:-1], _MATH[sign])
            else:
                parts.append(f"${'{}' if _MATH[sign][0] in '^_' else ''}{_MATH[sign]}$")
        else:
            parts.append(_SPECIAL.get(sign, sign if sign.isprintable() else ""))
    return "".join(parts)


def _joined(before: str, after: str) -> str:
    if after[0] in "^_" and before.endswith("}") and f"{after[0]}{{" in before:
        return f"${before[:-1]}{after[2:-1]}}}$"
    return f"${before}{after}$"


class Spelling:
    """Spells marks out on a page of this height, and remembers which colours they use."""

    def __init__(self, height: float):
        self.height = height
        self.colours: set[str] = set()

    def preamble(self) -> str:
        """What the lines so far need before the document begins, besides TikZ."""
        colours = [rf"\definecolor{{gn{c[1:]}}}{{HTML}}{{{c[1:].upper()}}}" for c in sorted(self.colours)]
        return _MACROS + "\n".join(colours)

    def lines(self, mark: Mark) -> Iterator[str]:
        match mark:
            case Block():
                r = mark.rect
                corner, other = self.at((r.x, r.y)), self.at((r.right, r.bottom))
                rounded = (
                    [f"rounded corners={_n(min(mark.radius, r.w / 2, r.h / 2) * _POINTS)}pt"]
                    if mark.radius
                    else []
                )
                yield self.path(mark, mark.dashes, rounded, f"{corner} rectangle {other}")
            case Line():
                yield self.curve(mark)
            case Polygon():
                yield self.path(
                    mark, mark.dashes, [], " -- ".join(self.at(p) for p in mark.points) + " -- cycle"
                )
            case Words():
                if mark.text.text:
                    yield self.words(mark.text)
            case Cells():
                yield from self.cells(mark)
            case Raster():
                yield from self.cells(Cells(mark.rect, coarse(mark.picture), mark.stroke))
            case Cluster():
                yield f"% {escaped(' '.join(value for _, value in mark.facts))}"
                faded = mark.opacity != 1.0
                if faded:
                    yield rf"\begin{{scope}}[opacity={_n(mark.opacity)}]"
                for inner in mark.marks:
                    yield from self.lines(inner)
                if faded:
                    yield r"\end{scope}"
            case _:
                assert_never(mark)

    def at(self, point: Point) -> str:
        return f"({_n(point[0] * _POINTS)},{_n((self.height - point[1]) * _POINTS)})"

    def colour(self, word: str) -> str:
        self.colours.add(word)
        return f"gn{word[1:]}"

    def path(self, mark: Block | Polygon, dashes: Iterable[float], more: list[str], way: str) -> str:
        how = [f"fill={self.colour(mark.fill)}"] if mark.fill else []
        if mark.stroke:
            how += [
                f"draw={self.colour(mark.stroke)}",
                f"line width={_n(mark.width * _POINTS)}pt",
                *_dashed(dashes),
            ]
        return rf"\path[{', '.join([*how, *more])}] {way};"

    def curve(self, mark: Line) -> str:
        how = [
            f"draw={self.colour(mark.stroke)}",
            f"line width={_n(mark.width * _POINTS)}pt",
            *_dashed(mark.dashes),
        ]
        first, *rest = [self.at(point) for point in mark.points]
        if len(rest) == 1:
            way = f"{first} -- {rest[0]}"
        else:
            pieces = [
                f".. controls {rest[i]} and {rest[i + 1]} .. {rest[i + 2]}"
                for i in range(0, len(rest) - 2, 3)
            ]
            way = " ".join([first, *pieces])
        return rf"\path[{', '.join(how)}] {way};"

    def words(self, text: Text) -> str:
        side = {"start": "base west", "middle": "base", "end": "base east"}[text.anchor]
        size = text.size * _POINTS
        font = rf"\fontsize{{{_n(size)}}}{{{_n(1.2 * size)}}}\selectfont" + (
            r"\bfseries" if text.weight == "medium" else ""
        )
        content = f"${text.tex}$" if text.tex else escaped(text.text)
        fitted = rf"\gnfit{{{_n(text.width * _POINTS)}pt}}{{{content}}}"
        how = f"anchor={side}, inner sep=0pt, text={self.colour(text.colour)}, font={{{font}}}"
        return rf"\node[{how}] at {self.at((text.x, text.y))} {{{fitted}}};"

    def cells(self, mark: Cells) -> Iterator[str]:
        r, rows = mark.rect, mark.colours
        w, h = r.w / len(rows[0]), r.h / len(rows)
        for i, row in enumerate(rows):
            for j, colour in enumerate(row):
                corner = self.at((r.x + w * j, r.y + h * i))
                other = self.at((r.x + w * (j + 1), r.y + h * (i + 1)))
                yield rf"\path[fill={self.colour(colour)}] {corner} rectangle {other};"
        yield self.path(
            Block(r, "", mark.stroke),
            (),
            [],
            f"{self.at((r.x, r.y))} rectangle {self.at((r.right, r.bottom))}",
        )


def _n(value: float) -> str:
    return f"{round(value, 2) + 0.0:.10g}"


def _dashed(dashes: Iterable[float]) -> list[str]:
    pattern = " ".join(f"{'on' if k % 2 == 0 else 'off'} {_n(d * _POINTS)}pt" for k, d in enumerate(dashes))
    return [f"dash pattern={pattern}"] if pattern else []
