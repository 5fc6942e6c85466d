"""Multiply arrays along any axes: `einsum`, and dot, outer and tensordot, which are cases of it.

All are built of transpose, reshape, matrix product, mul and sum, so the graph shows what is done, and slopes need
nothing new.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Any, NamedTuple

from graphnn.core.dims import Dim, DimLike, shape_text, size_of
from graphnn.core.errors import SettingError, ShapeError
from graphnn.core.node import Node
from graphnn.core.registry import SERVICES
from graphnn.core.scope import scope
from graphnn.ops.arithmetic import mul
from graphnn.ops.axes import normal_axis
from graphnn.ops.linalg import batched_matmul, matmul, times_nt, times_tn
from graphnn.ops.reduce import sum
from graphnn.ops.shape import expand_dims, reshape, transpose

Labels = tuple[str, ...]

# An axis with a name counts as this long where the cheaper order is looked for.
_TYPICAL = 1000


class Term(NamedTuple):
    """An operand and what its axes are called."""

    node: Node
    labels: Labels


def einsum(equation: str, *operands: Any) -> Node:
    """Products of elements of any number of operands, summed over every axis that the result does not name.

    `einsum("ij,jk->ik", a, b)` is a @ b. Letters name axes; a letter that stands twice in one operand is its
    diagonal; `...` stands for any axes in front of, between or behind the named ones, which broadcast. Without
    `->` the result has the letters that occur once, in alphabetical order, behind the axes of `...`. Two
    operands at a time are multiplied, those first whose product takes the fewest operations. Shapes: as the
    equation says. Source: NumPy, numpy.einsum.

    Example
    -------
    >>> import graphnn as gn
    >>> q, k = gn.input("q", (8, 4, 32, 16)), gn.input("k", (8, 4, 32, 16))
    >>> gn.einsum("bhqd,bhkd->bhqk", q, k)
    <batched_matmul_nt float32 (8, 4, 32, 32)>
    """
    nodes = _as_nodes(operands, "einsum")
    inputs, output = _parse(equation, nodes)
    with scope("einsum"):
        terms = [_diagonal(Term(n, labels), equation) for n, labels in zip(nodes, inputs, strict=True)]
        sizes = _sizes(terms, equation)
        terms = [_without_ones(term, sizes) for term in terms]
        return _contract(terms, output, sizes)


def dot(a: Any, b: Any) -> Node:
    """Inner products of the last axis of a with the last but one of b (its only one, if b is a vector).

    Shapes: a (*s, k), b (*t, k, n) -> (*s, *t, n); a (k), b (k) -> (). A number multiplies. For stacks of
    matrices take `a @ b`: it pairs them, dot combines each with each. Source: NumPy, numpy.dot.
    """
    a, b = _as_nodes((a, b), "dot")
    if a.ndim == 0 or b.ndim == 0:
        return mul(a, b)
    return _along(a, b, (a.ndim - 1,), (max(b.ndim - 2, 0),), "dot")


def outer(a: Any, b: Any) -> Node:
    """Each element of a times each of b. Shapes: a (*s), b (*t), read as vectors (m), (n) -> (m, n).

    Source: NumPy, numpy.outer.
    """
    a, b = (reshape.node(n, shape=(size_of(n.shape),)) for n in _as_nodes((a, b), "outer"))
    return _along(a, b, (), (), "outer")


def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """Products summed over pairs of axes: the last `axes` of a with the first of b, or two lists of axes.

    Shapes: a (*s, *k), b (*k, *t) -> (*s, *t). Source: NumPy, numpy.tensordot.
    """
    a, b = _as_nodes((a, b), "tensordot")
    if isinstance(axes, int) and not isinstance(axes, bool):
        if not 0 <= axes <= min(a.ndim, b.ndim):
            raise ShapeError(
                f"tensordot: axes={axes}, but a is {shape_text(a.shape)} and b is {shape_text(b.shape)}; wanted from 0 "
                f"to {min(a.ndim, b.ndim)} axes."
            )
        left, right = tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    else:
        if not isinstance(axes, Iterable) or len(pair := tuple(axes)) != 2:
            raise SettingError(f"tensordot: axes is a number or two lists of axes, found {axes!r}.")
        left, right = (
            tuple(normal_axis(k, n.shape, "tensordot") for k in (p if isinstance(p, Iterable) else (p,)))
            for p, n in zip(pair, (a, b), strict=True)
        )
        if len(left) != len(right) or len({*left}) < len(left) or len({*right}) < len(right):
            raise SettingError(f"tensordot: axes names pairs of axes, each once; found {axes!r}.")
    return _along(a, b, left, right, "tensordot")


def _along(a: Node, b: Node, left: tuple[int, ...], right: tuple[int, ...], who: str) -> Node:
    """Sum of products along pairs of axes; the rest of a, then the rest of b, stays."""
    for i, j in zip(left, right, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ShapeError(
                f"{who}: axis {i} is {a.shape[i]} in {a.name or 'a'} {shape_text(a.shape)}, but axis {j} is "
                f"{b.shape[j]} in {b.name or 'b'} {shape_text(b.shape)}; they are multiplied and must be equal."
            )
    first = tuple(f"a{k}" for k in range(a.ndim))
    pairs = dict(zip(right, left, strict=True))
    second = tuple(f"a{pairs[k]}" if k in pairs else f"b{k}" for k in range(b.ndim))
    terms = [Term(a, first), Term(b, second)]
    output = tuple(f for k, f in enumerate(first) if k not in left) + tuple(s for s in second if s[0] == "b")
    with scope(who):
        return _contract(terms, output, {f: d for t in terms for f, d in zip(t.labels, t.node.shape)})


def _as_nodes(operands: Sequence[Any], who: str) -> list[Node]:
    if not operands:
        raise ShapeError(f"{who}: needs at least one operand.")
    dtype = next((o.dtype for o in operands if isinstance(o, Node)), None)
    constant = SERVICES["constant_like"]
    return [o if isinstance(o, Node) else constant(o, dtype, mul, min(k, 1)) for k, o in enumerate(operands)]


# What an equation means


def _parse(equation: Any, nodes: Sequence[Node]) -> tuple[list[Labels], Labels]:
    """The labels of every operand's axes, and of the result's. Axes of `...` are numbered from the right."""
    if not isinstance(equation, str):
        raise SettingError(f"einsum: an equation is a text as 'ij,jk->ik', found {equation!r}.")
    text = equation.replace(" ", "")
    if not re.fullmatch(r"[A-Za-z.,]*(->[A-Za-z.]*)?", text):
        raise SettingError(
            f"einsum: cannot read {equation!r}; wanted letters, '...', ',' and one '->', as in 'ij,jk->ik'."
        )
    left, arrow, right = text.partition("->")
    words = left.split(",")
    if len(words) != len(nodes):
        raise ShapeError(
            f"einsum: {equation!r} names {len(words)} operands, found {len(nodes)}; put a ',' between operands."
        )
    inputs = [_labels(word, equation, n) for word, n in zip(words, nodes, strict=True)]
    dots = max((builtins.sum(label.isdigit() for label in labels) for labels in inputs), default=0)
    around = tuple(str(k) for k in range(dots - 1, -1, -1))
    letters = [label for labels in inputs for label in labels if not label.isdigit()]
    if not arrow:
        return inputs, around + tuple(sorted(f for f in set(letters) if letters.count(f) == 1))
    output = tuple(f for part in _split(right, equation) for f in (around if part == "..." else (part,)))
    for label in output:
        if output.count(label) > 1:
            raise SettingError(f"einsum: {equation!r}: {label!r} stands twice in the result; it may once.")
        if not label.isdigit() and label not in letters:
            raise SettingError(f"einsum: {equation!r}: {label!r} of the result is in no operand.")
    if around and "..." not in right:
        raise SettingError(f"einsum: {equation!r}: the operands have '...', so the result needs it too.")
    return inputs, output


def _split(word: str, equation: str) -> list[str]:
    parts = re.findall(r"\.\.\.|[A-Za-z]", word)
    if "".join(parts) != word or parts.count("...") > 1:
        raise SettingError(
            f"einsum: {equation!r}: cannot read {word!r}; '...' is three dots, and stands once."
        )
    return parts


def _labels(word: str, equation: str, node: Node) -> Labels:
    parts = _split(word, equation)
    named = len(parts) - parts.count("...")
    extra = node.ndim - named
    if extra < 0 or (extra and "..." not in parts):
        raise ShapeError(
            f"einsum: {equation!r}: {word!r} names {named} axes, but {node.name or 'its operand'} "
            f"{shape_text(node.shape)} has {node.ndim}."
        )
    around = [str(k) for k in range(extra - 1, -1, -1)]
    return tuple(f for part in parts for f in (around if part == "..." else [part]))


def _sizes(terms: Sequence[Term], equation: str) -> dict[str, DimLike]:
    """The size of every label; axes of `...` may be 1 where another operand has more."""
    sizes: dict[str, DimLike] = {}
    owner: dict[str, Term] = {}
    for term in terms:
        for label, size in zip(term.labels, term.node.shape, strict=True):
            known = sizes.get(label)
            if known is None or (label.isdigit() and known == 1):
                sizes[label], owner[label] = size, term
            elif size != known and not (label.isdigit() and size == 1):
                what = f"axis {-1 - int(label)} of '...'" if label.isdigit() else repr(label)
                raise ShapeError(
                    f"einsum: {equation!r}: {what} is {known} in {_told(owner[label].node, terms)} but {size} in "
                    f"{_told(term.node, terms)}."
                )
    return sizes


def _told(node: Node, terms: Sequence[Term]) -> str:
    place = next(k for k, t in enumerate(terms) if t.node is node)
    return f"{node.name or f'operand {place}'} {shape_text(node.shape)}"


def _without_ones(term: Term, sizes: Mapping[str, DimLike]) -> Term:
    """Without the axes of `...` that broadcast: a product does that by itself with an axis that is not there."""
    gone = tuple(
        k for k, f in enumerate(term.labels) if f.isdigit() and term.node.shape[k] == 1 and sizes[f] != 1
    )
    if not gone:
        return term
    kept = tuple(f for k, f in enumerate(term.labels) if k not in gone)
    return Term(reshape.node(term.node, shape=tuple(sizes[f] for f in kept)), kept)


def _diagonal(term: Term, equation: str) -> Term:
    """A letter that stands twice: of n x n elements in a row, every (n + 1)-th."""
    node, labels = term
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            i = labels.index(label)
            j = labels.index(label, i + 1)
            n = node.shape[i]
            if n != node.shape[j]:
                raise ShapeError(
                    f"einsum: {equation!r}: {label!r} is {n} and {node.shape[j]} in one operand, "
                    f"{node.name or 'of shape'} {shape_text(node.shape)}; a diagonal needs equal sizes."
                )
            if isinstance(n, Dim):
                raise ShapeError(
                    f"einsum: {equation!r}: {label!r} stands twice in one operand, where its size must be known; "
                    f"found {n}."
                )
            rest = tuple(k for k in range(node.ndim) if k not in (i, j))
            node = _turned(node, (*rest, i, j))
            outer_shape = node.shape[:-2]
            node = reshape.node(node, shape=(*outer_shape, n * n))[..., :: n + 1]
            labels = (*[labels[k] for k in rest], label)
    return Term(node, labels)


# Contraction, two terms at a time


def _contract(terms: list[Term], output: Labels, sizes: Mapping[str, DimLike]) -> Node:
    while len(terms) > 1:
        i, j = min(combinations(range(len(terms)), 2), key=lambda pair: _work(terms, pair, sizes))
        rest = [t for k, t in enumerate(terms) if k not in (i, j)]
        needed = {*output, *(f for t in rest for f in t.labels)}
        terms = [_pair(terms[i], terms[j], needed, output if not rest else None, sizes), *rest]
    term = _summed(terms[0], set(output))
    return _turned(term.node, tuple(term.labels.index(f) for f in output))


def _work(terms: list[Term], pair: tuple[int, int], sizes: Mapping[str, DimLike]) -> tuple[int, ...]:
    """How many products a pair takes; among equals, the first ones."""
    return (_elements((*terms[pair[0]].labels, *terms[pair[1]].labels), sizes), *pair)


def _elements(labels: Labels, sizes: Mapping[str, DimLike]) -> int:
    found = [sizes[label] for label in dict.fromkeys(labels)]
    return prod(size if isinstance(size, int) else _TYPICAL for size in found)


def _summed(term: Term, needed: set[str]) -> Term:
    """Without the axes that nobody needs any more."""
    gone = tuple(k for k, f in enumerate(term.labels) if f not in needed)
    if not gone:
        return term
    return Term(sum(term.node, axis=gone), tuple(f for f in term.labels if f in needed))


def _turned(node: Node, axes: tuple[int, ...]) -> Node:
    return node if axes == tuple(range(node.ndim)) else transpose.node(node, axes=axes)


class Layout(NamedTuple):
    """An order of axes for a matrix product: each group of labels in the order that it will have."""

    batch: Labels
    left: Labels
    inner: Labels
    right: Labels


def _pair(a: Term, b: Term, needed: set[str], output: Labels | None, sizes: Mapping[str, DimLike]) -> Term:
    """The product of two terms, summed over what only they have and nobody needs."""
    a, b = _summed(a, needed | {*b.labels}), _summed(b, needed | {*a.labels})
    both = [f for f in a.labels if f in b.labels]
    batch = [f for f in both if f in needed]
    inner = [f for f in both if f not in needed]
    left = [f for f in a.labels if f not in both]
    right = [f for f in b.labels if f not in both]
    if (not left and not right) or (not inner and (batch or not (left and right))):
        return _elementwise(a, b, needed, output)
    best = min(
        (
            (_copied(a, b, layout, output, sizes, swap=swap), k, swap, layout)
            for k, layout in enumerate(_layouts(a, b, batch, left, inner, right))
            for swap in (False, True)
        ),
        key=lambda found: found[:3],
    )
    _, _, swap, layout = best
    if swap:
        return _product(b, a, Layout(layout.batch, layout.right, layout.inner, layout.left), sizes)
    return _product(a, b, layout, sizes)


def _layouts(a: Term, b: Term, batch: list[str], left: list[str], inner: list[str], right: list[str]) -> Any:
    """Orders worth trying: shared axes as they stand in a or in b, the others as they stand."""
    as_in_a = (tuple(batch), tuple(inner))
    as_in_b = (
        tuple(f for f in b.labels if f in batch),
        tuple(f for f in b.labels if f in inner),
    )
    for outer_order, inner_order in product((as_in_a[0], as_in_b[0]), (as_in_a[1], as_in_b[1])):
        yield Layout(outer_order, tuple(left), inner_order, tuple(right))


def _forms(layout: Layout) -> tuple[Labels, Labels, Labels, Labels]:
    """Left operand, its transpose, right operand, its transpose, as the matrix products read them."""
    batch, left, inner, right = layout
    return batch + left + inner, batch + inner + left, batch + inner + right, batch + right + inner


def _copied(
    a: Term, b: Term, layout: Layout, output: Labels | None, sizes: Mapping[str, DimLike], *, swap: bool
) -> int:
    """How many numbers transpositions would move."""
    if swap:
        a, b, layout = b, a, Layout(layout.batch, layout.right, layout.inner, layout.left)
    left, left_t, right, right_t = _forms(layout)
    moved = 0
    turned = a.labels == left_t and a.labels != left
    if a.labels not in (left, left_t):
        moved += _elements(a.labels, sizes)
    if b.labels != right and (b.labels != right_t or turned):
        moved += _elements(b.labels, sizes)
    result = layout.batch + layout.left + layout.right
    if output is not None and tuple(f for f in output if f in result) != result:
        moved += _elements(result, sizes)
    return moved


def _product(a: Term, b: Term, layout: Layout, sizes: Mapping[str, DimLike]) -> Term:
    """One matrix product, or one of stacks; a transposed operand is read as it lies."""
    left, left_t, right, right_t = _forms(layout)
    groups = [tuple(sizes[f] for f in labels) for labels in layout]
    batch, m, k, n = groups[0], size_of(groups[1]), size_of(groups[2]), size_of(groups[3])
    turned = a.labels == left_t and a.labels != left
    second_turned = b.labels == right_t and b.labels != right and not turned
    x = _matrix(a, left_t if turned else left, (*batch, k, m) if turned else (*batch, m, k))
    w = _matrix(b, right_t if second_turned else right, (*batch, n, k) if second_turned else (*batch, k, n))
    if turned:
        y = times_tn(x, w)
    elif second_turned:
        y = times_nt(x, w)
    else:
        y = (batched_matmul if batch else matmul).node(x, w)
    return Term(_reshaped(y, (*batch, *groups[1], *groups[3])), layout.batch + layout.left + layout.right)


def _matrix(term: Term, labels: Labels, shape: tuple[DimLike, ...]) -> Node:
    return _reshaped(_turned(term.node, tuple(term.labels.index(f) for f in labels)), shape)


def _reshaped(node: Node, shape: tuple[DimLike, ...]) -> Node:
    return node if node.shape == shape else reshape.node(node, shape=shape)


def _elementwise(a: Term, b: Term, needed: set[str], output: Labels | None) -> Term:
    """Where neither or only one has axes of its own, or none is summed: a product element by element."""
    labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
    if output is not None:
        labels = tuple(f for f in output if f in labels) + tuple(f for f in labels if f not in output)
    return _summed(Term(mul(_spread(a, labels), _spread(b, labels)), labels), needed)


def _spread(term: Term, labels: Labels) -> Node:
    """The term with an axis of size 1 for every label that it lacks."""
    node = _turned(term.node, tuple(term.labels.index(f) for f in labels if f in term.labels))
    missing = tuple(k for k, f in enumerate(labels) if f not in term.labels)
    return expand_dims.node(node, axes=missing) if missing else node


__all__ = ["dot", "einsum", "outer", "tensordot"]
