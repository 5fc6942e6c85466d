"""Choose what of a graph is drawn: fold scopes and repeated blocks into one box, look at a part, hide what is plumbing.

>>> import graphnn as gn
>>> from viz.outline import outline
>>> net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)
>>> whole = outline(gn.Graph(net(gn.input("x", ("batch", 3)))))
>>> folded = outline(whole.graph, depth=1)
>>> len(whole.items), [item.label for item in folded.items]
(12, ['x', 'net'])
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Any, TypedDict

__all__ = ["PLUMBING", "Item", "Link", "Outline", "Which", "outline"]

# What `hide` may name, and which nodes it means.
PLUMBING: dict[str, Callable[[Any], bool]] = {
    "constants": lambda node: node.role == "constant",
    "broadcasts": lambda node: node.op.name == "broadcast_to",
    "casts": lambda node: node.op.name == "cast",
    "views": lambda node: node.op.name in {"reshape", "expand_dims", "squeeze", "flatten", "transpose"},
}
# A graph of more nodes than this is folded by itself, until there are at most so many boxes.
_READABLE, _FOLDED = 150, 60
# Where scopes do not suffice, stretches of the order of computation are folded, of so many boxes or twice as many, ...
_STRETCH, _PARTS = 8, 30
# Inputs and outputs stay to be seen, if they are not many.
_ENDS_AT_MOST = 8
# So does a leaf that one node in so many reads.
_HUB = 16
# So many alike blocks in a row are drawn as one.
_REPEATED = 3


class Which(TypedDict, total=False):
    """The words by which `outline` is told what to draw."""

    depth: int | None
    fold: str | Iterable[str]
    unfold: str | Iterable[str]
    repeats: bool
    hide: str | Iterable[str]
    focus: Any
    reach: int


@dataclass(frozen=True)
class Item:
    """One box to be: a node, or the nodes of a folded scope, or of several alike ones.

    `path` is the folded scope ("" for a node), `paths` all that were folded into it; `group` is the open scope around.
    """

    id: str
    nodes: tuple[Any, ...]
    label: str
    path: str = ""
    paths: tuple[str, ...] = ()
    group: str | None = None

    @property
    def is_fold(self) -> bool:
        """Whether it stands for a scope and not for one node."""
        return bool(self.path)


@dataclass(frozen=True)
class Link:
    """What runs from one item to another: one edge between nodes, or all edges between two where one is a fold."""

    id: str
    source: str
    target: str
    edges: tuple[Any, ...]


@dataclass(frozen=True)
class Outline:
    """The part of a graph that is drawn. `hidden` nodes have no box; `cut` ones lie outside of the focus.

    `unseen` are the hidden nodes themselves; `border` counts the wires {item: (in, out)} that the focus cuts off.
    """

    graph: Any
    items: tuple[Item, ...]
    links: tuple[Link, ...]
    hidden: int = 0
    cut: int = 0
    unseen: frozenset[Any] = frozenset()
    border: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def folds(self) -> tuple[Item, ...]:
        """The boxes that stand for scopes."""
        return tuple(item for item in self.items if item.is_fold)


def outline(
    graph: Any,
    *,
    depth: int | None = None,
    fold: str | Iterable[str] = (),
    unfold: str | Iterable[str] = (),
    repeats: bool = True,
    hide: str | Iterable[str] = (),
    focus: Any = None,
    reach: int = 2,
    parts: Callable[[Any], str] | None = None,
    scopes: Callable[[Any], str] | None = None,
) -> Outline:
    """The outline of a graph.

    depth : scopes this deep become one box each (1: the outermost); None folds large graphs until they can be read
    fold, unfold : names or patterns (`block*`, `net/block?`) of scopes to fold, and to keep open whatever `depth` says
    repeats : alike neighbours, as block1 ... block12 or the steps of an unrolled layer, become one box with a count
    hide : "constants", "broadcasts", "casts", "views"; what flows through a hidden node is drawn as one wire
    focus : a node, a name or several, of which only the surroundings up to `reach` wires away are drawn
    parts : function that gives each node the name of the part of the picture it stands in; a fold is within one part
    scopes : function that gives each node the scope that it is drawn in, if that is not its own

    Raises ValueError for words that match nothing, with those that would.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise ValueError(f"viz: depth is a whole number from 1, or None, found {depth!r}.")
    if isinstance(reach, bool) or not isinstance(reach, int) or reach < 0:
        raise ValueError(f"viz: reach is a whole number from 0, found {reach!r}.")
    hidden = _hidden(graph, _words(hide))
    scope = {node: node.scope if scopes is None else scopes(node) for node in graph.nodes}
    paths = _scopes(scope.values())
    large = depth is None and not fold and len(graph.nodes) > _READABLE
    stretches = [f"part {k}" for k in range(1, len(graph.nodes) // _STRETCH + 2)] if large else []
    closed = _matching(paths, _words(fold), "fold")
    kept_open = _matching([*paths, *stretches], _words(unfold), "unfold")

    def folding(level: int | None) -> _Folding:
        return _Folding(graph, scope, paths, level, closed, kept_open, hidden, parts, repeats=repeats)

    if large and focus is not None:
        near = _around(folding(None).outline(), focus, reach)
        if len(near.items) <= _READABLE:
            return near
    if large:
        found = None
        for level in range(max((path.count("/") + 1 for path in paths), default=0), 0, -1):
            found = folding(level)
            if len(found.members) <= _FOLDED:
                break
        found = found or folding(None)
        if len(found.members) > _READABLE:
            scope = _stretches(graph, found, scope)
            paths = _scopes(scope.values())
            found = folding(1)
    else:
        found = folding(depth)
    whole = found.outline()
    return whole if focus is None else _around(whole, focus, reach)


def _words(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _hidden(graph: Any, words: Sequence[str]) -> set[Any]:
    for word in words:
        if word not in PLUMBING:
            raise ValueError(f"viz: hide knows {', '.join(PLUMBING)}, found {word!r}.")
    outputs = set(graph.outputs)
    return {node for node in graph.nodes for word in words if PLUMBING[word](node) and node not in outputs}


def _scopes(paths: Iterable[str]) -> dict[str, None]:
    """Every scope with its outer scopes, in order of first appearance."""
    found: dict[str, None] = {}
    for path in dict.fromkeys(paths):
        parts = path.split("/") if path else []
        found.update(("/".join(parts[: k + 1]), None) for k in range(len(parts)))
    return found


def _matching(scopes: Iterable[str], patterns: Sequence[str], who: str) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        hit = {
            path for path in scopes if fnmatchcase(path, pattern) or fnmatchcase(path.split("/")[-1], pattern)
        }
        if not hit:
            known = ", ".join(list(scopes)[:12]) or "none"
            raise ValueError(f"viz: {who}={pattern!r} is no scope of this graph. Its scopes: {known}.")
        found |= hit
    return found


def _stretches(graph: Any, found: _Folding, scope: Mapping[Any, str]) -> dict[Any, str]:
    """The scopes with stretches around them: what is computed next to one another stands in one part."""
    ends = {node for nodes in (graph.inputs, graph.outputs) if len(nodes) <= _ENDS_AT_MOST for node in nodes}
    often = len(graph.nodes) / _HUB
    ends.update(node for node in graph.nodes if not node.operands and len(graph.consumers(node)) > often)
    boxes = [nodes for nodes in found.members.values() if ends.isdisjoint(nodes)]
    length = _STRETCH
    while len(boxes) / length > _PARTS:
        length *= 2
    answer = dict(scope)
    for k, nodes in enumerate(boxes):
        part = f"part {k // length + 1}"
        for node in nodes:
            answer[node] = f"{part}/{scope[node]}" if scope[node] else part
    return answer


class _Folding:
    """Which box each node belongs to."""

    def __init__(
        self, graph: Any, scope: Mapping[Any, str], scopes: Iterable[str], depth: int | None, closed: set[str],
        kept_open: set[str], hidden: set[Any], parts: Callable[[Any], str] | None, *, repeats: bool,
    ):  # fmt: skip
        self.graph, self.hidden, self._scope = graph, hidden, scope
        self._part = {node: parts(node) if parts else "" for node in graph.nodes}
        opened = {
            "/".join(path.split("/")[: k + 1]) for path in kept_open for k in range(path.count("/") + 1)
        }
        self._closing: dict[str, str | None] = {"": None}
        for path in scopes:
            outer = self._closing[path.rpartition("/")[0]]
            deep = depth is not None and path.count("/") + 1 >= depth and path not in opened
            self._closing[path] = outer or (path if path in closed or deep else None)
        self._merged = self._repeats() if repeats else {}
        self._place: dict[Any, str] = {}
        self.members: dict[str, list[Any]]
        members = self.members = defaultdict(list)  # the nodes of each box
        for node in graph.nodes:
            if node not in hidden:
                closed_at = self._closing[scope[node]]
                key = graph.ids[node]
                if closed_at is not None:
                    key = f"{self._part[node]}//{self._merged.get(closed_at, closed_at)}"
                self._place[node] = key
                members[key].append(node)

    @cached_property
    def items(self) -> list[Item]:
        """The boxes."""
        alike: dict[str, list[str]] = defaultdict(list)
        for path, first in self._merged.items():
            alike[first].append(path)
        return [self._item(key, nodes, alike) for key, nodes in self.members.items()]

    def _item(self, key: str, nodes: list[Any], alike: dict[str, list[str]]) -> Item:
        first = nodes[0]
        part = self._part[first]
        _, is_fold, path = key.partition("//")
        if not is_fold:
            group = "/".join(word for word in (part, self._scope[first]) if word)
            return Item(key, (first,), first.name or first.op.name, group=group or None)
        outer, _, label = path.rpartition("/")
        within = {self._closing[self._scope[node]] for node in nodes}
        paths = tuple(each for each in alike.get(path, [path]) if each in within)
        if len(paths) > 1:
            last = paths[-1].rpartition("/")[2]
            label = f"{label} … {last}"
        group = "/".join(word for word in (part, outer) if word)
        return Item(f"s{self.graph.ids[first][1:]}", tuple(nodes), label, path, paths, group or None)

    def _repeats(self) -> dict[str, str]:
        """{scope: the first of the alike scopes that it is drawn with}, for runs that differ in a number only."""
        inner = cache(lambda scope, start: re.sub(r"\d+", "#", scope[start:]))
        contents: dict[str, Counter[Any]] = defaultdict(Counter)
        for node in self.graph.nodes:
            path = self._closing[self._scope[node]]
            if path is not None and node not in self.hidden:
                contents[path][node.op.name, node.shape, inner(self._scope[node], len(path))] += 1
        runs: dict[tuple[Any, ...], list[str]] = defaultdict(list)
        for path, inside in contents.items():
            stem = re.sub(r"\d+$", "", path)
            if stem not in (path, "part "):
                runs[stem, frozenset(inside.items())].append(path)
        return {path: run[0] for run in runs.values() if len(run) >= _REPEATED for path in run}

    def outline(self) -> Outline:
        """All of it."""
        hidden = self.hidden
        return Outline(
            self.graph, tuple(self.items), tuple(self.links()), len(hidden), unseen=frozenset(hidden)
        )

    def links(self) -> list[Link]:
        """The wires, in the order of the graph's edges."""
        ids = {key: item.id for key, item in zip(self.members, self.items, strict=True)}
        grouped: dict[tuple[Any, ...], list[Any]] = {}
        folds = {item.id for item in self.items if item.is_fold}
        sources: dict[Any, Any] = {}
        for node in self.graph.nodes:  # operands come first, so a chain of hidden nodes ends where it began
            if node in self.hidden:
                seen = sources.get(node.operands[0], node.operands[0]) if node.operands else None
                sources[node] = seen
        for number, edge in enumerate(self.graph.edges):
            source = sources.get(edge.source, edge.source) if edge.source in self.hidden else edge.source
            if source is None or source in self.hidden or edge.target in self.hidden:
                continue
            start, end = ids[self._place[source]], ids[self._place[edge.target]]
            if start == end:
                continue
            key = (start, end) if start in folds or end in folds else (start, end, number)
            grouped.setdefault((*key, ""), []).append((number, edge))
        return [
            Link(f"e{found[0][0]}", key[0], key[1], tuple(e for _, e in found))
            for key, found in grouped.items()
        ]


def _around(whole: Outline, focus: Any, reach: int) -> Outline:
    wanted = [focus] if isinstance(focus, str) or hasattr(focus, "operands") else list(focus)
    start = set()
    for word in wanted:
        hit = [item.id for item in whole.items if _is(item, word)]
        if not hit:
            known = ", ".join(dict.fromkeys(item.label for item in whole.items if item.label))[:200]
            raise ValueError(f"viz: focus={word!r} is not in this picture. It shows: {known}.")
        start.update(hit)
    beside: dict[str, list[str]] = defaultdict(list)
    for link in whole.links:
        beside[link.source].append(link.target)
        beside[link.target].append(link.source)
    seen, edge_of = set(start), set(start)
    for _ in range(reach):
        edge_of = {other for item in edge_of for other in beside[item]} - seen
        seen |= edge_of
    items = tuple(item for item in whole.items if item.id in seen)
    links = tuple(link for link in whole.links if link.source in seen and link.target in seen)
    cut = sum(len(item.nodes) for item in whole.items) - sum(len(item.nodes) for item in items)
    border: dict[str, tuple[int, int]] = {}
    for link in whole.links:
        if (link.source in seen) != (link.target in seen):
            inner = link.source if link.source in seen else link.target
            before, behind = border.get(inner, (0, 0))
            count = len(link.edges)
            border[inner] = (before, behind + count) if inner == link.source else (before + count, behind)
    return Outline(whole.graph, items, links, whole.hidden, cut, whole.unseen, border)


def _is(item: Item, word: Any) -> bool:
    if isinstance(word, str):
        return word in (item.id, item.path, item.label) or any(node.name == word for node in item.nodes)
    return any(node is word for node in item.nodes)
