"""Write a summary as text: aligned columns of at most 100 characters, with numbers as people read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphnn.core.dims import Dim, DimLike, Monomial, shape_text

if TYPE_CHECKING:
    from graphnn.nn.summary import SummaryRow

# Columns and to how many letters they are cut, one after another, until the table is narrow enough: kinds and labels
# first, then polynomials (the third from the end and the last), shapes at last.
WAYS_TO_NARROW = (
    (1, 6), (0, 10), (-1, 16), (-3, 14), (2, 14), (-1, 12), (-3, 12), (2, 11), (0, 4), (1, 4), (2, 6),
)  # fmt: skip
Term = tuple[Monomial, int]

WIDTH = 100
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
TEXTS = 3  # the first columns are texts and stand left, the others are numbers and stand right


def table(title: str, rows: Sequence[SummaryRow], total: SummaryRow) -> str:
    """The title, a head, a line for each row, and the totals."""
    frozen = any(row.frozen for row in rows)
    head = ["layer", "kind", "output", "trainable", *["frozen"] * frozen, "operations", "weights",
            "activations"]  # fmt: skip
    labels = [*_labels(rows), total.path]
    # Where it gets wide, polynomials end after their first term, then names and shapes are cut; counts stay whole.
    for terms in (None, 1):
        lines = [
            head,
            *[
                _cells(row, label, terms, frozen=frozen)
                for row, label in zip((*rows, total), labels, strict=True)
            ],
        ]
        widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
        if _whole(widths) <= WIDTH:
            break
    for column, least in WAYS_TO_NARROW:
        widths[column] = max(min(widths[column], least), widths[column] - max(0, _whole(widths) - WIDTH))
    text = [
        "  ".join(
            _cut(cell, width).ljust(width) if k < TEXTS else _cut(cell, width).rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([_cut(title, WIDTH), *text])


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * (len(widths) - 1)


def _labels(rows: Sequence[SummaryRow]) -> list[str]:
    """Paths without what they share with the line around them, and moved in as far as they stand deep."""
    shared = _shared([row.path for row in rows if row.level == 0 and row.path])
    paths, labels = {row.path for row in rows}, []
    for row in rows:
        outer = row.path.rpartition("/")[0]
        while outer and outer not in paths:
            outer = outer.rpartition("/")[0]
        at = len(outer) + 1 if row.level and outer else len(shared) if row.level == 0 and row.path else 0
        labels.append("  " * row.level + (row.path[at:] or "(no scope)"))
    return labels


def _cells(row: SummaryRow, label: str, terms: int | None, *, frozen: bool) -> list[str]:
    shape = "" if row.shape is None else shape_text(row.shape)
    counts = [f"{row.trainable:,}", *[f"{row.frozen:,}"] * frozen]
    weights, activations = (
        _polynomial(size, _bytes, terms) for size in (row.parameter_bytes, row.activation_bytes)
    )
    return [
        label,
        row.kind,
        shape,
        *counts,
        _polynomial(row.operations, _short, terms),
        weights,
        activations,
    ]


def _shared(paths: Sequence[str]) -> str:
    """What all paths begin with, up to a stroke."""
    if not paths:
        return ""
    first, last = min(paths), max(paths)
    n = 0
    while n < min(len(first), len(last)) and first[n] == last[n]:
        n += 1
    return first[: first[:n].rfind("/") + 1]


def _polynomial(size: DimLike, written: Callable[[int], str], terms: int | None) -> str:
    """`4.16k·batch + 12`: the largest powers first, and as many terms as asked."""
    if not isinstance(size, Dim):
        return written(size)
    out = ""
    ordered = [term for term in size.terms if not any(_dwarfs(other, term) for other in size.terms)]
    ordered.sort(key=lambda term: (-len(term[0]), term[0]))
    for names, count in ordered[:terms]:
        powers = {name: names.count(name) for name in names}
        word = "·".join(name + ("" if n == 1 else str(n).translate(RAISED)) for name, n in powers.items())
        number = written(abs(count))
        term = "·".join(filter(None, [number if number != "1" or not word else "", word]))
        out += (f" - {term}" if count < 0 else f" + {term}") if out else (f"-{term}" if count < 0 else term)
    return out if len(ordered) == len(ordered[:terms]) else f"{out}+…"


def _dwarfs(large: Term, small: Term) -> bool:
    """Whether a term is lost in the rounding of another one, whatever the sizes: 32 beside 200,000 batch."""
    (names, count), (fewer, little) = large, small
    return 200 * abs(little) < abs(count) and all(fewer.count(name) <= names.count(name) for name in fewer)


def _short(number: int) -> str:
    """Three digits and a letter for thousands, millions, and so on."""
    return _scaled(number, ("", "k", "M", "G", "T", "P"), "")


def _bytes(number: int) -> str:
    return _scaled(number, ("B", "kB", "MB", "GB", "TB", "PB"), " ")


def _scaled(number: int, units: Sequence[str], space: str) -> str:
    step = 0
    size = float(number)
    # 999.5 would be written as 1000 of the smaller unit.
    while step < len(units) - 1 and abs(size) >= (999.5 if step else 1000):
        size /= 1000
        step += 1
    digits = f"{number}" if not step else f"{size:.3g}" if abs(size) < 999.5 else f"{size:.0f}"
    return f"{digits}{space}{units[step]}" if units[step] else digits


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
