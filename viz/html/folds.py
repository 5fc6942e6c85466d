"""Draw a graph with other scopes folded, ahead of time: a page has no layout engine, so it carries the pictures.

So many are carried: everything open, each depth, each of the outermost scopes folded alone and opened alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from typing import TYPE_CHECKING

from viz.from_graph import outlined
from viz.outline import Outline, Which
from viz.place.layout import layout
from viz.place.placed import Placed

if TYPE_CHECKING:
    from viz.drawing import Drawing

__all__ = ["SIZE_AT_MOST", "STATES_AT_MOST", "State", "leads", "states"]

# So many pictures a page carries, and beside the one that was drawn so many boxes and wires, each and all together.
STATES_AT_MOST = 12
SIZE_AT_MOST, _ALL_AT_MOST = 400, 900


@dataclass(frozen=True)
class State:
    """One picture: which scopes are folded in it, by the boxes that stand for them, and which stand open."""

    label: str
    placed: Placed
    folds: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def folded(self) -> frozenset[str]:
        return frozenset(path for _, paths in self.folds for path in paths)

    @property
    def open(self) -> dict[str, str]:
        """The frames that are scopes and their paths: a scope within a region has the region's name before its own."""
        groups = self.placed.scene.groups
        regions = {group.id for group in groups if group.kind == "region"}
        found = {}
        for group in groups:
            if group.kind == "scope":
                top, _, rest = group.id.partition("/")
                found[group.id] = rest if top in regions else group.id
        return found


def states(drawing: Drawing) -> tuple[list[State], bool]:
    """The pictures, the one that was drawn first, and whether some were left out because there are too many."""
    base = drawing.placed
    again = drawing.again
    if (
        again is None or again.scene() != drawing.scene
    ):  # numbers have changed since: what is drawn stays alone
        return [State("as drawn", base)], False
    view = again.how["view"]
    first = outlined(again.source, view=view, **again.which)
    found = [State("as drawn", base, _folds(first))]
    carried, left_out = 0, False
    for label, words in _wishes(first.graph):
        which: Which = {**again.which, **words}
        # The outline is cheap; the scene and its layout are not.
        drawn = outlined(again.source, view=view, **which)
        folds = _folds(drawn)
        known = next((k for k, state in enumerate(found) if state.folds == folds), None)
        if known is not None:
            if known == 0 and found[0].label == "as drawn":
                found[0] = State(f"{label} (as drawn)", base, folds)
            continue
        size = len(drawn.items) + len(drawn.links)
        if len(found) == STATES_AT_MOST or size > SIZE_AT_MOST or carried + size > _ALL_AT_MOST:
            left_out = True
            continue
        placed = layout(
            again.scene(**words), direction=base.direction, engine=drawing.engine, theme=drawing.theme
        )
        found.append(State(label, placed, folds))
        carried += size
    return found, left_out


def _wishes(graph: object) -> Iterator[tuple[str, Which]]:
    """What could be asked for, in the order of its worth."""
    scopes = dict.fromkeys(node.scope for node in graph.nodes if node.scope)  # type: ignore[attr-defined]
    if not scopes:
        return
    deepest = max(path.count("/") + 1 for path in scopes)
    tops = list(dict.fromkeys(path.split("/")[0] for path in scopes))
    yield "all scopes open", {"depth": deepest + 1, "fold": (), "unfold": ()}
    for depth in range(1, deepest + 1):
        words = "all scopes folded" if depth == 1 else f"folded from depth {depth}"
        yield words, {"depth": depth, "fold": (), "unfold": ()}
    for top in tops:
        yield f"only {top} folded", {"depth": deepest + 1, "fold": (escape(top),), "unfold": ()}
        yield f"only {top} open", {"depth": 1, "fold": (), "unfold": (escape(top),)}


def _folds(drawn: Outline) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((item.id, item.paths) for item in drawn.folds)


def leads(found: list[State]) -> list[dict[str, int]]:
    """For every picture: which picture a fold (by box id) or an open scope (by `/` and its path) leads to."""
    answer = []
    for state in found:
        ways: dict[str, int] = {}
        for key, paths in state.folds:
            _note(ways, key, state, found, [t for t in found if paths[0] in t.open.values()])
        for frame, path in sorted(state.open.items()):
            _note(ways, f"/{frame}", state, found, [t for t in found if path in t.folded])
        answer.append(ways)
    return answer


def _note(ways: dict[str, int], key: str, state: State, found: list[State], able: list[State]) -> None:
    """Of the pictures that could be gone to, the one that differs least."""
    if able:
        best = min(able, key=lambda t: (len(t.folded ^ state.folded), found.index(t)))
        ways[key] = found.index(best)
