"""Find what stands still and what changes between pictures of one layout, so that each thing is written once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from viz.formats.marks import Mark, marks
from viz.place.placed import Placed

__all__ = ["Part", "parts"]


@dataclass(frozen=True)
class Part:
    """Marks that look the same in the `frames` (counted from 0) that show them; `kind` and `key` say of what."""

    kind: str
    key: str
    marks: tuple[Mark, ...]
    frames: tuple[int, ...]


def parts(film: Sequence[Placed]) -> list[Part]:
    """All that the pictures show, in drawing order, without their titles. The pictures have one layout."""
    last = film[-1]
    bare = replace(last, boxes=(), wires=(), groups=(), entries=(), title=None, legend_rule=None, notes=())
    everywhere = tuple(range(len(film)))
    found = [Part("page", "", marks(bare), everywhere)]

    def alone(**what: Any) -> tuple[Mark, ...]:
        return marks(replace(bare, **what))[1:]

    def wire(each: Any) -> tuple[Mark, ...]:
        return alone(wires=(replace(each, label=None),))

    def label(each: Any) -> tuple[Mark, ...]:
        return alone(wires=(each,))[1:] if each.label is not None else ()

    found += [Part("group", g.group.id, alone(groups=(g,)), everywhere) for g in last.groups]
    found += _variants("wire", film, lambda p: p.wires, lambda w: w.wire.id, wire)
    found += _variants("box", film, lambda p: p.boxes, lambda b: b.box.id, lambda b: alone(boxes=(b,)))
    found += _variants("label", film, lambda p: p.wires, lambda w: w.wire.id, label)
    found.append(Part("rule", "", alone(legend_rule=last.legend_rule, notes=last.notes), everywhere))
    found += _variants(
        "entry",
        film,
        lambda p: p.entries,
        lambda e: f"{e.entry.kind} {e.entry.key} {e.entry.label}",
        lambda e: alone(entries=(e,)),
    )
    return [part for part in found if part.marks]


def _variants(
    kind: str,
    film: Sequence[Placed],
    pick: Callable[[Placed], Iterable[Any]],
    key_of: Callable[[Any], str],
    drawn: Callable[[Any], tuple[Mark, ...]],
) -> list[Part]:
    """For each thing of a kind, its different looks and the frames that show them."""
    order = _union([[key_of(each) for each in pick(placed)] for placed in film])
    looks: dict[str, dict[tuple[Mark, ...], list[int]]] = {key: {} for key in order}
    before: dict[str, tuple[Any, tuple[Mark, ...]]] = {}
    for k, placed in enumerate(film):
        for each in pick(placed):
            key = key_of(each)
            if key not in before or before[key][0] != each:
                before[key] = (each, drawn(each))
            looks[key].setdefault(before[key][1], []).append(k)
    return [Part(kind, key, look, tuple(at)) for key in order for look, at in looks[key].items()]


def _union(orders: list[list[str]]) -> list[str]:
    """All keys, in the order that the lists have in common; the longest list leads."""
    longest = max(len(order) for order in orders)
    found = list(next(order for order in orders if len(order) == longest))
    known = set(found)
    for order in orders:
        for k, key in enumerate(order):
            if key not in known:
                found.insert(found.index(order[k - 1]) + 1 if k else 0, key)
                known.add(key)
    return found
