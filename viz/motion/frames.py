"""Draw a run step by step in one layout: node by node forward, edge by edge backward, and the update.

>>> import graphnn as gn
>>> from viz.motion.frames import frames
>>> a, b = gn.scalar(2.0, "a"), gn.scalar(-3.0, "b")
>>> film = frames(gn.trace((a * b).named("c")))
>>> for caption in film.captions:
...     print(caption)
Start: 2 inputs, parameters and constants are given; nothing is computed yet
c (mul): a · b = 2 · (−3) = −6
c: the slope of the loss with respect to itself is 1
back from c to a: upstream × local = 1 × −3 = −3
back from c to b: upstream × local = 1 × 2 = 2
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack, overload

import numpy as np

import graphnn as gn
from viz.canvas import Canvas, Draft
from viz.drawing import FORMATS, Drawing
from viz.legend import legend_of
from viz.motion.shown import shown_on
from viz.motion.slots import filled, reserved
from viz.motion.steps import PENDING, PHASES, Step, story, thinned
from viz.outline import Which, outline
from viz.place.fitting import fitted
from viz.place.placed import Placed, PlacedBox, PlacedWire, Text
from viz.place.sheet import Fit
from viz.scene import Entry, Legend, Scene
from viz.sources import OfRun, source_of
from viz.study.absent import STATES
from viz.text import missing, shorten, width
from viz.theme import LIGHT, Theme, theme_of

__all__ = ["FRAMES_AT_MOST", "Frames", "frames"]

# A film of more frames than this is nothing that anybody looks at.
FRAMES_AT_MOST = 400
# The largest in which every caption fits; beyond the smallest they are shortened.
_CAPTION_SIZES = (13.0, 12.0, 11.0, 10.0)
_THIS_STEP, _NOT_YET = "ring, strong wires: this step", "not yet: not computed at this step"


def frames(
    run: Any,
    *,
    phases: str | Iterable[str] | None = None,
    view: str | Iterable[str] | None = None,
    update: Any = None,
    every: int = 1,
    nodes: Any = None,
    direction: str | None = None,
    theme: str | Theme = LIGHT,
    width: float | None = None,
    slide: str | None = None,
    engine: str | None = None,
    **which: Unpack[Which],
) -> Frames:
    """The pictures of a run step by step, all in one layout.

    run : of gn.trace
    phases : of "forward", "backward", "update", joined by `+`; without it all that there are numbers for
    view : what the boxes say beside the story, by names of views, as in "values+ledger" or "images"; see viz.VIEWS.
        Without it the values, and the gradients where there are any
    update : an optimiser, whose step is shown with its state as at the start; or {parameter: its value afterwards}
    every : a picture for so many steps
    nodes : nodes or names: pictures only for steps about these
    direction : "LR" (to the right, if not said) or "TB" (downwards); on a slide, what comes out larger
    width, slide : fit every picture to a width in pixels, or to a slide ("16:9", "4:3")
    which : what part of the graph is drawn, by depth, fold, unfold, repeats, hide, focus and reach; see viz.outline

    Raises ValueError for views that films do not show, for phases that the run has no numbers for, and for more than
    400 pictures, with ways out.
    """
    numbers = source_of(run)
    if not isinstance(numbers, OfRun):
        raise TypeError(f"viz.frames: wanted a run (gn.trace(loss, feeds)), found {type(run).__name__}.")
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(f"viz.frames: every is a whole number from 1, found {every!r}.")
    canvas = Canvas(outline(numbers.graph, **which), numbers)
    shown = _phases(phases, numbers, update)
    after = _after(numbers, update) if "update" in shown else {}
    shown_on(canvas, numbers, view, shown)
    chosen = None if nodes is None else _boxes(canvas, nodes)
    whole = story(canvas, shown, after)
    steps = thinned(whole, every, chosen)
    if len(steps) > FRAMES_AT_MOST:
        raise ValueError(
            f"viz.frames: {len(steps)} steps are more than {FRAMES_AT_MOST} pictures. Draw one for several steps "
            f"(every={-(-len(whole) // FRAMES_AT_MOST) + 1}), some (nodes=['loss', ...]), or fold scopes (depth=1)."
        )
    return Frames(
        canvas.scene(),
        steps,
        entries=canvas.entries,
        direction=direction,
        engine=engine,
        theme=theme_of(theme),
        fit=Fit(width, slide),
    )


class Frames(Sequence[Drawing]):
    """Pictures of one run in one layout: a list of drawings, that saves itself as files, film, slides or page."""

    def __init__(
        self, scene: Scene, steps: Sequence[Step], *, entries: Sequence[Entry], direction: str | None,
        engine: str | None, theme: Theme, fit: Fit,
    ):  # fmt: skip
        self.scene, self.steps, self.entries = scene, tuple(steps), tuple(entries)
        self.direction, self.engine, self.theme, self.fit = direction, engine, theme, fit
        self._drawings: dict[int, Drawing] = {}

    @property
    def captions(self) -> tuple[str, ...]:
        """What happens in each step, in words."""
        return tuple(step.caption for step in self.steps)

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The placed scene of every step; only texts, cells, emphasis and the presence of wires differ."""
        said: dict[str, list[Any]] = {}
        for step in self.steps:
            for key, rows in step.readings.items():
                said.setdefault(key, []).append(rows)
        entries = [*self.entries, *(Entry("text", words) for words in (_THIS_STEP, _NOT_YET))]
        boxes = tuple(
            replace(box, readings=reserved(said[box.id])) if box.id in said else box
            for box in self.scene.boxes
        )
        legend = legend_of(boxes, self.scene.wires, self.scene.scale, entries)
        room = replace(self.scene, boxes=boxes, legend=legend, title=max(self.captions, key=len))
        base = fitted(room, self.fit, direction=self.direction, engine=self.engine, theme=self.theme)
        return tuple(_Reel(base, self.steps).placed())

    @overload
    def __getitem__(self, index: int) -> Drawing: ...
    @overload
    def __getitem__(self, index: slice) -> list[Drawing]: ...
    def __getitem__(self, index: int | slice) -> Drawing | list[Drawing]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self.steps))[index]
        if k not in self._drawings:
            self._drawings[k] = Drawing.of_placed(self.placed[k], strange=self._strange, fit=self.fit)
        return self._drawings[k]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Drawing]:
        return (self[k] for k in range(len(self)))

    def __repr__(self) -> str:
        boxes = len(self.scene.boxes)
        return f"<Frames: {len(self)} picture{'s' * (len(self) != 1)} of {boxes} box{'es' * (boxes != 1)}>"

    @cached_property
    def _strange(self) -> bool:
        return bool(missing(text.text for text in self.placed[-1].texts()))

    def save(self, path: str | os.PathLike[str], **how: Any) -> list[Path]:
        """Write files; returns their paths.

        - `film.gif`, `film.apng`: an animation; how: seconds, loop, width (see viz.animation)
        - `film.html`: one page with buttons, slider and arrow keys
        - `film.pdf`: a page a step; `film.tex`: a Beamer frame with an overlay a step
        - `step-{:03}.svg`: a file a step, numbered from 1, in any format of a drawing
        - a folder: `step-001.svg` and so on in it
        """
        target = Path(path)
        if target.is_dir():
            target = target / "step-{:03}.svg"
        if not target.parent.is_dir():
            raise FileNotFoundError(
                f"Frames.save: there is no folder {str(target.parent)!r} for {target.name!r}."
            )
        if "{" in target.name:
            return self._numbered(target)
        data = self._whole(target, how)
        gn.io.write_whole(target, data)
        return [target]

    def _whole(self, target: Path, how: dict[str, Any]) -> bytes:
        ending = target.suffix.lower()
        if ending in (".gif", ".apng"):
            from viz.motion.animation import apng, gif

            return (gif if ending == ".gif" else apng)(self, **how)
        if how:
            raise TypeError(f"Frames.save: {ending} takes no {', '.join(how)}; only .gif and .apng do.")
        if ending == ".html":
            from viz.html import player_page

            return player_page(self).encode()
        if ending == ".pdf":
            from viz.formats.pdf import pdf_pages

            return pdf_pages(self.placed, [drawing.sheets[0] for drawing in self])
        if ending == ".tex":
            from viz.motion.beamer import beamer

            return beamer(self).encode()
        raise ValueError(
            f"Frames.save: {target.name!r} is one file for {len(self)} pictures; that is .html, .gif, .apng, .pdf or "
            f".tex. For a file a step put {{}} into the name, as in 'step-{{:03}}.svg', or name a folder."
        )

    def _numbered(self, target: Path) -> list[Path]:
        ending = target.suffix.lower()
        if ending not in FORMATS:
            raise ValueError(
                f"Frames.save: {target.name!r} ends in {ending or 'nothing'}, known are {', '.join(FORMATS)}."
            )
        try:
            names = [target.name.format(k + 1) for k in range(len(self))]
        except (ValueError, IndexError, KeyError, AttributeError) as error:
            raise ValueError(
                f"Frames.save: {target.name!r} is no name with a number in it ({error}); write 'step-{{:03}}.svg'."
            ) from None
        if len(set(names)) < len(names):
            raise ValueError(f"Frames.save: {target.name!r} gives the same name to several pictures.")
        return [drawing.save(target.with_name(name)) for drawing, name in zip(self, names, strict=True)]

    def _repr_html_(self) -> str:
        from viz.html import player

        return player(self)._repr_html_()

    def _repr_svg_(self) -> str:
        return self[-1].svg


class _Reel:
    """Goes through the steps on one placed scene that has room for all of them."""

    def __init__(self, base: Placed, steps: Sequence[Step]):
        self.base, self.steps = base, steps
        self.room = base.width - 2 * base.theme.margin
        longest = {
            size: max(width(step.caption, size, "medium") for step in steps) for size in _CAPTION_SIZES
        }
        self.size = next((size for size in _CAPTION_SIZES if longest[size] <= self.room), _CAPTION_SIZES[-1])

    def placed(self) -> Iterator[Placed]:
        boxes = {box.box.id: box for box in self.base.boxes}
        now = dict(boxes)
        awake: set[str] = set()
        shown: set[str] = set()
        for step in self.steps:
            awake.update(step.awake)
            shown.update(step.shown)
            for key, rows in step.readings.items():
                now[key] = filled(boxes[key], rows, self.base.theme)
            rings = set(step.boxes)
            yield self._frame(
                step,
                {key: replace(box, ring=key in rings) for key, box in now.items()},
                [wire for w in self.base.wires if (wire := self._wire(w, step, awake, shown)) is not None],
            )

    def _wire(self, placed: PlacedWire, step: Step, awake: set[str], shown: set[str]) -> PlacedWire | None:
        wire = placed.wire
        if wire.kind == "backward" and wire.id not in shown:
            return None
        tone = "strong" if wire.id in step.wires else ""
        if wire.kind == "forward" and wire.target not in awake:
            tone = "quiet"
        return replace(placed, wire=replace(wire, tone=tone)) if tone != wire.tone else placed

    def _frame(self, step: Step, boxes: Mapping[str, PlacedBox], wires: list[PlacedWire]) -> Placed:
        base = self.base
        flows = any(wire.wire.kind == "backward" for wire in wires)
        entries = [e for e in base.entries if _occurs(e.entry, boxes, wires, flows=flows)]
        scene = replace(
            base.scene,
            boxes=tuple(box.box for box in boxes.values()),
            wires=tuple(wire.wire for wire in wires),
            legend=Legend(tuple(e.entry for e in entries)),
            scale=base.scene.scale if flows else None,
            title=step.caption,
            description=f"{step.caption}. {base.scene.description}",
        )
        title = None
        if base.title is not None:
            words = shorten(step.caption, self.room, self.size, "medium")
            title = Text(base.title.x, base.title.y, words, self.size, base.theme.text, "medium")
        return replace(
            base,
            scene=scene,
            boxes=tuple(boxes.values()),
            wires=tuple(wires),
            entries=tuple(entries),
            title=title,
        )


def _occurs(entry: Entry, boxes: Mapping[str, PlacedBox], wires: list[PlacedWire], *, flows: bool) -> bool:
    """Whether this frame has what the legend's entry explains. Entries that are left out leave their place empty."""
    if entry.kind == "sign":
        return any(wire.wire.kind == "backward" and wire.wire.sign == entry.key for wire in wires)
    if entry.kind == "scale":
        return flows
    if entry.kind == "heat":
        return any(box.heats for box in boxes.values())
    if entry.label == _THIS_STEP:
        return any(box.ring for box in boxes.values())
    if entry.label == _NOT_YET:
        return any(row.lines == (PENDING,) for box in boxes.values() for row in box.box.readings)
    if entry.label.startswith("at a wire:"):
        return flows
    states = [state for state, words in STATES.items() if words == entry.label]
    return not states or any(row.state in states for box in boxes.values() for row in box.box.readings)


def _phases(phases: str | Iterable[str] | None, numbers: OfRun, update: Any) -> tuple[str, ...]:
    if phases is None:
        found = ["forward", *(["backward"] if numbers.has_gradients else [])]
        return (*found, "update") if update is not None else tuple(found)
    words = phases.split("+") if isinstance(phases, str) else [str(word) for word in phases]
    words = [word.strip() for word in words]
    for word in words:
        if word not in PHASES:
            raise ValueError(f"viz.frames: phases are {', '.join(PHASES)}, joined by '+', found {word!r}.")
    if not words:
        raise ValueError(f"viz.frames: name at least one phase of {', '.join(PHASES)}.")
    if "backward" in words and not numbers.has_gradients:
        raise ValueError(
            "viz.frames: there are no gradients to show backward, for this run was not traced from one scalar float. "
            "Trace a loss, or draw phases='forward'."
        )
    if "update" in words and update is None:
        raise ValueError(
            "viz.frames: the update needs update=, an optimiser such as gn.optim.SGD(0.1) or {parameter: new value}."
        )
    return tuple(word for word in PHASES if word in words)


def _after(numbers: OfRun, update: Any) -> dict[Any, np.ndarray]:
    from viz.motion.update import after_update

    return after_update(numbers.run, update)


def _boxes(canvas: Canvas, nodes: Any) -> set[str]:
    wanted = [nodes] if isinstance(nodes, str) or hasattr(nodes, "operands") else list(nodes)
    found = set()
    for word in wanted:
        hit = [
            key
            for key, draft in canvas.boxes.items()
            if any(word is node for node in draft.item.nodes)
            or (isinstance(word, str) and _is_called(draft, word))
        ]
        if not hit:
            known = ", ".join(dict.fromkeys(draft.item.label for draft in canvas.boxes.values()))[:200]
            raise ValueError(f"viz.frames: nodes={word!r} is not in this picture. It shows: {known}.")
        found.update(hit)
    return found


def _is_called(draft: Draft, word: str) -> bool:
    item = draft.item
    return word in (item.id, item.path or None, item.label) or any(node.name == word for node in item.nodes)
