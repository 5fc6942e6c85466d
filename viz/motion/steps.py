"""Tell a run as a story of steps: node by node forward, edge by edge backward, parameter by parameter in the update.

A step says what a picture shows from then on, without any place or colour; `viz.frames` makes pictures of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from viz.canvas import Canvas
from viz.motion.captions import backward_words, forward_words, gathered_words, name_of, update_words
from viz.motion.shown import LATE
from viz.outline import Item
from viz.readings import reading
from viz.scene import Reading
from viz.study.ledger import Entry, ledger

__all__ = ["PENDING", "PHASES", "Step", "story", "thinned"]

PHASES = ("forward", "backward", "update")
# What a row says before its number is computed.
PENDING = "not yet"


@dataclass(frozen=True)
class Step:
    """One step. `readings` are the new rows of the boxes that change, `boxes` and `wires` what it is about.

    From it on the backward wires `shown` are there, and the values of the boxes `awake` are known.
    """

    phase: str
    caption: str
    boxes: tuple[str, ...] = ()
    wires: tuple[str, ...] = ()
    readings: Mapping[str, tuple[Reading, ...]] = field(default_factory=dict)
    awake: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


def _comes_with(label: str) -> str | None:
    """With what a row of this label becomes known; None if it is known from the start."""
    if label == "after":
        return "update"
    return LATE.get("∂" if label.startswith("∂") else label)


def story(canvas: Canvas, phases: tuple[str, ...], after: Mapping[Any, np.ndarray]) -> list[Step]:
    """The steps of a run on whose canvas the views are written as they end; takes the rows of boxes off the canvas.

    after : {parameter: its value after the update}
    """
    return list(_Story(canvas, phases, after).steps())


class _Story:
    """Walks through the run; `rows` is what each box says at the moment."""

    def __init__(self, canvas: Canvas, phases: tuple[str, ...], after: Mapping[Any, np.ndarray]):
        self.canvas, self.run, self.graph = canvas, canvas.numbers.run, canvas.graph
        self.phases, self.after = phases, after
        self.place = {node: k for k, node in enumerate(self.graph.nodes)}
        # What every row says in the end, and what it says at the moment.
        self.ends: dict[str, dict[str, Reading]] = {}
        self.rows: dict[str, dict[str, Reading]] = {}
        for key, draft in canvas.boxes.items():
            if draft.node is not None:
                ends = {row.label: row for row in draft.readings}
                draft.readings = []
                if draft.node in after:
                    ends["after"] = reading("after", after[draft.node])
                self.ends[key] = ends
                self.rows[key] = {
                    label: row if _comes_with(label) is None else Reading(label, (PENDING,), "not computed")
                    for label, row in ends.items()
                }
        self.entering: dict[str, list[str]] = defaultdict(list)
        for link in canvas.outline.links:
            self.entering[link.target].append(link.id)

    def steps(self) -> Iterator[Step]:
        yield self._start()
        if "forward" in self.phases:
            for item in sorted(self._to_compute(), key=self._last):
                yield self._compute(item)
        if "backward" in self.phases:
            yield from self._backward()
        if "update" in self.phases:
            yield from self._updates()

    def _says(self, *keys: str) -> dict[str, tuple[Reading, ...]]:
        return {key: tuple(self.rows[key].values()) for key in keys if key in self.rows}

    def _to_compute(self) -> list[Item]:
        return [item for item in self.canvas.outline.items if any(node.role == "op" for node in item.nodes)]

    def _last(self, item: Item) -> int:
        """A fold is done when its last op is."""
        return max(self.place[node] for node in item.nodes)

    def _start(self) -> Step:
        """Before the first step: what is given."""
        forward = "forward" in self.phases
        waiting = {item.id for item in self._to_compute()} if forward else set()
        known = [key for key in self.canvas.boxes if key not in waiting]
        for key in known:
            self._comes(key, "value")
        leaves = sum(node.role != "op" for node in self.graph.nodes)
        words = (
            f"Start: {leaves} inputs, parameters and constants are given; nothing is computed yet"
            if forward
            else "Start: all values are computed; no gradient is yet"
        )
        return Step("start", words, readings=self._says(*self.rows), awake=tuple(known))

    def _comes(self, key: str, what: str) -> None:
        """The rows of a box that are known from now on: those that come with its value, or with its gradient."""
        for label, row in self.ends.get(key, {}).items():
            if _comes_with(label) == what:
                self.rows[key][label] = row

    def _compute(self, item: Item) -> Step:
        self._comes(item.id, "value")
        if item.is_fold:
            words = f"{item.label}: its {len(item.nodes)} nodes are computed"
        else:
            words = forward_words(self.run, item.nodes[0])
        return Step(
            "forward",
            words,
            (item.id,),
            tuple(self.entering[item.id]),
            self._says(item.id),
            (item.id,),
        )

    def _backward(self) -> Iterator[Step]:
        yield self._seed()
        numbers = self.canvas.numbers
        links = {(e.target, e.slot): link for link in self.canvas.outline.links for e in link.edges}
        left = {link.id: len(link.edges) for link in self.canvas.outline.links}
        wires = {wire.beside: wire.id for wire in self.canvas.backward}
        entries = {(e.edge.target, e.edge.slot): e for e in ledger(self.run)}
        parts: dict[Any, list[np.ndarray]] = defaultdict(list)
        count = {
            node: sum((e.target, e.slot) in entries for e in self.graph.consumers(node))
            for node in self.graph.nodes
        }
        for node in reversed(self.graph.nodes):
            for edge in self.graph.operand_edges(node):
                entry, link = entries.get((node, edge.slot)), links.get((node, edge.slot))
                if entry is not None:
                    parts[edge.source].append(np.asarray(entry.contribution))
                if link is not None:
                    left[link.id] -= 1
                    if left[link.id] or link.id not in wires:
                        continue
                    touched: tuple[str, tuple[str, ...]] = (link.source, (wires[link.id],))
                else:
                    draft = self.canvas.box_of(edge.source)
                    if entry is None or draft is None or draft.node is None:
                        continue
                    touched = (draft.item.id, ())
                drawn = self.canvas.boxes[touched[0]].node
                # What comes by way of hidden nodes is on its way still.
                if drawn is not None and parts[drawn]:
                    total = np.asarray(numbers.gradient(drawn).array)
                    self._gradient(touched[0], parts[drawn], count[drawn], total)
                    gathered = gathered_words(drawn, parts[drawn], count[drawn], total)
                else:
                    gathered = ""
                words = self._sent(link, entry, edge) + gathered
                yield Step("backward", words, touched[:1], touched[1], self._says(touched[0]), (), touched[1])

    def _seed(self) -> Step:
        """The loss's own slope; and where no path leads back to, it is said from here on."""
        for key in self.rows:
            if self.canvas.numbers.gradient(self.canvas.boxes[key].node).array is None:
                self._comes(key, "gradient")
        draft = self.canvas.box_of(self.run.loss)
        keys = (draft.item.id,) if draft is not None else ()
        if draft is not None:
            self._comes(draft.item.id, "gradient")
        words = f"{name_of(self.run.loss)}: the slope of the loss with respect to itself is 1"
        return Step("backward", words, keys, (), self._says(*self.rows))

    def _gradient(self, key: str, parts: list[np.ndarray], count: int, total: np.ndarray) -> None:
        """The gradient so far: a sum of the parts that have arrived says that it is partial."""
        done = len(parts) >= count
        if done:
            self._comes(key, "gradient")
        if "gradient" not in self.rows[key]:
            return
        array = total if done else sum(parts[1:], start=parts[0])
        row = reading("gradient", array)
        if not done:
            row = replace(row, lines=(*row.lines, f"partial: {len(parts)} of {count} parts"))
        elif count > 1:
            row = replace(row, lines=(*row.lines, f"sum of {count} parts"))
        self.rows[key]["gradient"] = row

    def _sent(self, link: Any, entry: Entry | None, edge: Any) -> str:
        if link is not None and len(link.edges) > 1:
            ends = [self.canvas.boxes[key].item for key in (link.target, link.source)]
            names = [item.label if item.is_fold else name_of(item.nodes[0]) for item in ends]
            return f"back from {names[0]} to {names[1]}: the contributions of {len(link.edges)} edges"
        if entry is None:
            return f"back from {name_of(edge.target)} to {name_of(edge.source)}"
        return backward_words(entry)

    def _updates(self) -> Iterator[Step]:
        for key, draft in self.canvas.boxes.items():
            inside = [node for node in draft.item.nodes if node in self.after]
            if not inside:
                continue
            if draft.node is None:
                words = f"{draft.title}: {len(inside)} parameters change"
            else:
                before, after = np.asarray(self.run.value(inside[0])), self.after[inside[0]]
                gradient = self.run.gradient(inside[0]) if self.canvas.numbers.has_gradients else None
                words = update_words(
                    inside[0], before, after, None if gradient is None else np.asarray(gradient)
                )
                self._comes(key, "update")
            yield Step("update", words, (key,), (), self._says(key))


def thinned(steps: Iterable[Step], every: int, chosen: set[str] | None) -> list[Step]:
    """The steps that get a picture of their own; each carries what the ones before it, left out, have changed.

    every : of so many steps one; the last of each phase always
    chosen : only steps about these boxes, the start and the end
    """
    found: list[Step] = []
    steps = list(steps)
    held: list[Step] = []
    for k, step in enumerate(steps):
        held.append(step)
        ends = k + 1 == len(steps) or steps[k + 1].phase != step.phase
        wanted = step.phase == "start" or (k + 1 == len(steps) if chosen is not None else ends)
        wanted = wanted or (len(held) >= every if chosen is None else not chosen.isdisjoint(step.boxes))
        if wanted:
            found.append(_joined(held, together=chosen is None))
            held = []
    return found


def _joined(steps: list[Step], *, together: bool) -> Step:
    """Several steps as one; `together`: what all of them are about is marked, else only the last."""
    last = steps[-1]
    if len(steps) == 1:
        return last
    readings: dict[str, tuple[Reading, ...]] = {}
    for step in steps:
        readings.update(step.readings)
    awake = tuple(key for step in steps for key in step.awake)
    boxes = tuple(dict.fromkeys(key for step in steps for key in step.boxes)) if together else last.boxes
    shown = tuple(key for step in steps for key in step.shown)
    wires = tuple(dict.fromkeys(key for step in steps for key in step.wires)) if together else last.wires
    words = f"{len(steps)} steps, the last: {last.caption}" if together else last.caption
    return Step(last.phase, words, boxes, wires, readings, awake, shown)
