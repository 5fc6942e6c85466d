"""Draw a quiz: sheet and key in one frozen layout, with room for the wider of blank and number in every place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from viz.canvas import Canvas, Draft
from viz.lecture.quiz_facts import Fact, Facts
from viz.lecture.quiz_words import BLANK, Words, written
from viz.legend import legend_of
from viz.motion.slots import filled, reserved
from viz.numbers import number
from viz.outline import Link
from viz.place.key import place_legend
from viz.place.layout import layout
from viz.place.panels import wrapped
from viz.place.placed import Placed, PlacedWire, Text
from viz.readings import reading, sign_of
from viz.scene import Box, Reading, Scene, Wire
from viz.study.absent import absences
from viz.text import shorten, width
from viz.theme import Theme

__all__ = ["QuizPage", "shown_facts"]

_LABELLED_WIRES_AT_MOST = 80


def shown_facts(canvas: Canvas, facts: Facts, kinds: Sequence[str]) -> list[Fact]:
    """The facts that a page with these kinds of readings says, in its order."""
    wires = {
        (facts.ids[link.edges[0].target], link.edges[0].slot)
        for link in canvas.outline.links
        if len(link.edges) == 1
    }
    numbered = len(wires) <= _LABELLED_WIRES_AT_MOST
    found = []
    for fact, array in facts.numbers.items():
        on_wire = array.ndim == 0 and numbered and (fact.node, fact.slot) in wires
        asked = fact.kind != "derivatives" or _has_derivative_row(facts, fact)
        if fact.kind in kinds and asked and (fact.kind != "contributions" or on_wire):
            found.append(fact)
    return found


def _has_derivative_row(facts: Facts, fact: Fact) -> bool:
    op = facts.node(fact).op
    return facts.source(fact).role != "constant" and op.slopes[min(fact.slot, len(op.slopes) - 1)] != "0"


class QuizPage:
    """The two pages of a quiz. `numbers` gives each blanked fact its number of the question."""

    def __init__(
        self,
        canvas: Canvas,
        words: Words,
        kinds: Sequence[str],
        numbers: Mapping[Fact, int],
        titles: tuple[str, str],
        *,
        direction: str,
        engine: str | None,
        theme: Theme,
    ):
        self.titles = titles
        self.canvas, self.words, self.facts, self.theme = canvas, words, words.facts, theme
        self.kinds, self.numbers = kinds, numbers
        self.shown = dict.fromkeys(shown_facts(canvas, self.facts, kinds))
        self.rows: dict[str, tuple[list[Reading], list[Reading]]] = {}
        for key, draft in canvas.boxes.items():
            if draft.node is not None:
                pairs = self._pairs(draft)
                self.rows[key] = [sheet for sheet, _ in pairs], [key for _, key in pairs]
                draft.readings = list(reserved(self.rows[key]))
        self.wires = {}
        if "contributions" in kinds:
            for link in canvas.outline.links:
                pair = self._wire_pair(link)
                if pair is not None:
                    self.wires[pair[0].id] = pair
                    canvas.backward.append(max(pair, key=lambda wire: width(wire.label, 1.0)))
        room = replace(canvas.scene(max(titles, key=len)), notes=())
        self.base = layout(room, direction=direction, engine=engine, theme=theme)

    def pages(self, sheet_lines: Sequence[str], key_lines: Sequence[str]) -> tuple[Placed, Placed]:
        """The sheet and the key, with these lines below their legends."""
        sheet, key = (self._page(k, lines) for k, lines in enumerate((sheet_lines, key_lines)))
        tall = max(sheet.height, key.height)
        return replace(sheet, height=tall), replace(key, height=tall)

    def unlabelled(self) -> list[Fact]:
        """Blanked contributions for whose number there is no room beside their wire."""
        bare = {w.wire.beside for w in self.base.wires if w.wire.label and w.label is None}
        links = [self.canvas.links[key].edges[0] for key in bare]
        places = {(self.facts.ids[edge.target], edge.slot) for edge in links}
        return [f for f in self.numbers if f.kind == "contributions" and (f.node, f.slot) in places]

    def _pairs(self, draft: Draft) -> list[tuple[Reading, Reading]]:
        """Each row as the sheet and as the key say it."""
        node = draft.node
        key = self.facts.ids[node]
        found = []
        for kind, label in (("values", "value"), ("gradients", "gradient")):
            if kind not in self.kinds:
                continue
            fact = Fact(kind, key)
            if fact in self.shown:
                array = self.facts.numbers[fact]
                found.append(self._pair(fact, label, written(array), written(array, blank=True)))
            elif kind == "values":
                row = reading(label, self.facts.run.value(node))
                found.append((replace(row, detail=""),) * 2)
            else:
                gradient = self.facts.run.gradient(node)
                if gradient is not None:
                    row = replace(reading(label, gradient), detail="")
                else:
                    why = absences(self.facts.run.graph, self.facts.run.loss, self.facts.run.gradient)[node]
                    row = Reading(label, (why.words,), why.state)
                found.append((row, row))
        for slot in range(len(node.operands)):
            fact = Fact("derivatives", key, slot)
            if fact in self.shown:
                found.append(self._derivative_pair(fact))
        return found

    def _pair(
        self, fact: Fact, label: str, told: tuple[str, ...], asked: tuple[str, ...]
    ) -> tuple[Reading, Reading]:
        number = self.numbers.get(self.facts.same(fact))
        if number is None:
            row = Reading(label, told)
            return row, row
        first = f"({number}) "
        return (
            Reading(label, (first + asked[0], *asked[1:]), "not computed"),
            Reading(label, (first + told[0], *told[1:])),
        )

    def _derivative_pair(self, fact: Fact) -> tuple[Reading, Reading]:
        words = self.words
        node = self.facts.node(fact)
        letter = node.op.port_name(fact.slot)
        told, asked = (words.derivative(fact),), (words.derivative(fact, blank=BLANK),)
        sheet, key = self._pair(fact, f"∂{letter}", told, asked)
        # A number that gives a blanked value away is left out: the formula stays.
        if fact not in self.numbers and any(f in self.numbers for f in self.facts.letters(node, fact.slot)):
            sheet = Reading(sheet.label, (words.slope(node, fact.slot),))
        return sheet, key

    def _wire_pair(self, link: Link) -> tuple[Wire, Wire] | None:
        if len(link.edges) > 1:
            return None
        edge = link.edges[0]
        part = self.facts.run.contribution(edge)
        if part is None:
            return None
        fact = Fact("contributions", self.facts.ids[edge.target], edge.slot)
        asked = self.numbers.get(self.facts.same(fact))
        told = number(part.item()) if fact in self.shown else ""
        wire = Wire(
            f"b{link.id[1:]}", link.target, link.source, edge.slot, kind="backward", beside=link.id,
            sign=sign_of(part), label=told,
        )  # fmt: skip
        if asked is None:
            return wire, wire
        blank = f"({asked}) {BLANK}" if fact in self.numbers else f"({asked})"
        return (
            replace(wire, sign="unknown", label=blank if told else ""),
            replace(wire, label=f"({asked}) {told}" if told else ""),
        )

    def _page(self, which: int, lines: Sequence[str]) -> Placed:
        base, theme = self.base, self.theme
        boxes = tuple(
            filled(box, self.rows[box.box.id][which], theme) if box.box.id in self.rows else box
            for box in base.boxes
        )
        wires = tuple(self._wire(wire, which) for wire in base.wires)
        scene = self._scene(which, lines, [box.box for box in boxes], [wire.wire for wire in wires])
        inner = base.width - 2 * theme.margin
        rule = base.legend_rule[0][1] if base.legend_rule else base.height
        legend = place_legend(scene, theme, inner)
        bottom = rule + 16.0 + legend.height
        notes: list[Text] = []
        size = theme.value_size
        for words in lines:
            bottom += 5.0
            for line in wrapped(words, inner, size):
                bottom += 1.35 * size
                notes.append(Text(theme.margin, bottom - 0.3 * size, line, size, theme.text))
        title = shorten(self.titles[which], inner, theme.heading_size, "medium")
        return replace(
            base,
            scene=scene,
            boxes=boxes,
            wires=wires,
            notes=tuple(notes),
            entries=legend.at(theme.margin, rule + 16.0),
            title=base.title and replace(base.title, text=title),
            height=round(bottom + theme.margin, 1),
        )

    def _wire(self, placed: PlacedWire, which: int) -> PlacedWire:
        pair = self.wires.get(placed.wire.id)
        if pair is None:
            return placed
        wire = pair[which]
        colour = self.theme.signs[wire.sign]
        label = placed.label and replace(placed.label, text=wire.label, colour=colour)
        return replace(placed, wire=wire, label=label)

    def _scene(self, which: int, lines: Sequence[str], boxes: list[Box], wires: list[Wire]) -> Scene:
        base = self.base.scene
        kind = ("The sheet of a quiz: numbers are missing.", "The key of a quiz.")[which]
        return replace(
            base,
            boxes=tuple(boxes),
            wires=tuple(wires),
            legend=legend_of(boxes, wires, None),
            title=self.titles[which],
            description=f"{kind} {base.description}",
            notes=tuple(lines),
        )
