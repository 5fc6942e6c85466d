"""Named axes: a dimension is an int or a Dim, a polynomial with integer coefficients over axis names.

`batch`, `2*batch+3` and `batch*time` are Dims; a Dim that turns out constant is a plain int, so code that
only meets numbers pays nothing. The text form is canonical and can be read back with `parse_dim`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import index
from typing import Union

from graphnn.core.errors import FeedError, ShapeError

DimLike = Union[int, "Dim"]
Shape = tuple[DimLike, ...]
Monomial = tuple[str, ...]  # names, sorted, with repetition; () is the constant term


class Dim:
    """A symbolic dimension. Immutable, hashable, compared by value."""

    __slots__ = ("_hash", "terms")

    terms: tuple[tuple[Monomial, int], ...]

    def __init__(self, terms: Iterable[tuple[Monomial, int]]):
        if isinstance(terms, str):
            raise ShapeError(f"Dim: axes are named by text where a shape is wanted, as in ({terms!r}, 64).")
        self.terms = tuple(sorted((m, c) for m, c in terms if c))
        self._hash = hash(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __add__(self, other: DimLike) -> DimLike:
        return _combine(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: DimLike) -> DimLike:
        return _combine(self, other, -1)

    def __rsub__(self, other: DimLike) -> DimLike:
        return _combine(other, self, -1)

    def __mul__(self, other: DimLike) -> DimLike:
        out: dict[Monomial, int] = {}
        for m1, c1 in self.terms:
            for m2, c2 in _terms(other):
                key = tuple(sorted(m1 + m2))
                out[key] = out.get(key, 0) + c1 * c2
        return _dim(out)

    __rmul__ = __mul__

    def names(self) -> list[str]:
        return sorted({name for monomial, _ in self.terms for name in monomial})

    def __str__(self) -> str:
        parts: list[str] = []
        # Constant last, as people write it: batch+3.
        for monomial, c in sorted(self.terms, key=lambda t: (t[0] == (), t[0])):
            word = "*".join(monomial)
            if not monomial:
                word = str(abs(c))
            elif abs(c) != 1:
                word = f"{abs(c)}*{word}"
            parts.append(("-" if c < 0 else "+" if parts else "") + word)
        return "".join(parts)

    __repr__ = __str__


def _terms(d: DimLike) -> tuple[tuple[Monomial, int], ...]:
    return d.terms if isinstance(d, Dim) else (((), int(d)),) if d else ()


def _dim(terms: Mapping[Monomial, int]) -> DimLike:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    return Dim(kept.items())


def _combine(a: DimLike, b: DimLike, sign: int) -> DimLike:
    out = dict(_terms(a))
    for m, c in _terms(b):
        out[m] = out.get(m, 0) + sign * c
    return _dim(out)


@lru_cache(4096)
def parse_dim(word: str) -> DimLike:
    """Read a dimension from its text form, `batch` or `2*batch+3`. Products and sums only."""
    total: DimLike = 0
    compact = re.sub(r"\s*([+*-])\s*", r"\1", word.strip())
    well_formed = re.fullmatch(r"[+-]?[^+-]+([+-][^+-]+)*", compact)
    for sign, term in re.findall(r"([+-]?)([^+-]+)", compact) if well_formed else [("", "")]:
        product: DimLike = 1
        for factor in term.split("*"):
            if factor.isascii() and factor.isdigit() and len(factor) <= 18:
                product = product * int(factor)
            elif factor.isidentifier():
                product = product * Dim([((factor,), 1)])
            else:
                raise ShapeError(
                    f"shape: {word!r} is not an axis name or a sum of products such as '2*batch+3'."
                )
        total = total - product if sign == "-" else total + product
    return total


def whole(value: object) -> int | None:
    """The value as an int, None if it is no whole number; True is none, and a node says that it is none."""
    if isinstance(value, bool):
        return None
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def as_shape(shape: object, who: str) -> Shape:
    """The shape that a user wrote: ints and axis names, in a tuple or list; a lone int or name is one axis."""
    if isinstance(shape, str | Dim) or whole(shape) is not None:
        shape = (shape,)
    try:
        entries = list(shape)  # type: ignore[call-overload]
    except TypeError:
        raise ShapeError(f"{who}: a shape is a tuple of ints and axis names, found {shape!r}.") from None
    dims: list[DimLike] = []
    for d in entries:
        if isinstance(d, str):
            d = parse_dim(d)
        if isinstance(d, Dim):
            dims.append(d)
        elif whole(d) is not None:
            size = index(d)
            if size < 0:
                raise ShapeError(f"{who}: axis {len(dims)} is {size}; a size is 0 or more.")
            if size >= 2**48:
                raise ShapeError(f"{who}: axis {len(dims)} is {size}; sizes stay below 2**48.")
            dims.append(size)
        else:
            raise ShapeError(f"{who}: axis {len(dims)} is {d!r}; wanted an int or an axis name.")
    return tuple(dims)


def size_of(shape: Shape) -> DimLike:
    """Number of elements."""
    out: DimLike = 1
    for d in shape:
        if type(d) is not int:
            return _size_with_names(tuple(shape))
        out = out * d
    return out


@lru_cache(4096)  # products of polynomials are slow, and large graphs have few different shapes
def _size_with_names(shape: Shape) -> DimLike:
    out: DimLike = 1
    for d in shape:
        out = out * d
    return out


def evaluate_dim(dim: DimLike, binding: Mapping[str, int]) -> int:
    if not isinstance(dim, Dim):
        return dim
    total = 0
    for monomial, c in dim.terms:
        for name in monomial:
            if name not in binding:
                raise FeedError(
                    f"axis {name!r} has no size: no feed carries it. Feed an input whose shape names {name!r}."
                )
            c *= binding[name]
        total += c
    return total


def evaluate(shape: Shape, binding: Mapping[str, int]) -> tuple[int, ...]:
    """The shape with every axis name replaced by its size."""
    for d in shape:
        if type(d) is not int:
            found = tuple([evaluate_dim(e, binding) for e in shape])
            if min(found) < 0:
                raise ShapeError(
                    f"shape {shape_text(shape)} becomes {found}: an axis cannot be shorter than 0."
                )
            return found
    return shape  # type: ignore[return-value]


def divide(total: Shape, known: Shape) -> DimLike | None:
    """size(total) / size(known) if that is exact for every binding, else None. For reshape's -1."""
    numbers, names = [1, 1], [[], []]  # type: ignore[var-annotated]
    for k, shape in enumerate((total, known)):
        for d in shape:
            if isinstance(d, int):
                numbers[k] *= d
            else:
                names[k].append(d)
    rest = []
    for d in names[1]:
        if d in names[0]:
            names[0].remove(d)
        else:
            rest.append(d)
    if numbers[1] == 0:
        return None
    return _quotient(size_of((numbers[0], *names[0])), size_of((numbers[1], *rest)))


def _quotient(a: DimLike, b: DimLike) -> DimLike | None:
    """a / b if that is exact, term by term; a divisor of several terms is none."""
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    ((names, factor),) = divisor
    out: dict[Monomial, int] = {}
    for monomial, c in _terms(a):
        left = list(monomial)
        for name in names:
            if name not in left:
                return None
            left.remove(name)
        if c % factor:
            return None
        out[tuple(left)] = c // factor
    return _dim(out)


def shape_text(shape: Shape) -> str:
    """`(batch, 64)`, `(3,)`, `()`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
