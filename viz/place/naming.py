"""Find a place for the name of every group: along its frame, where no wire runs and no box stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from viz.place.labels import Ground
from viz.place.placed import PlacedGroup, Rect, Text
from viz.scene import Group
from viz.text import shorten, width
from viz.theme import Theme

__all__ = ["Naming", "roomier"]

_STEP = 9.0
_EDGE, _DROP = 11.0, 15.5
# By so much a frame grows where its name finds no place in it, if it stays so far from all else.
_LINE, _APART = 14.0, 4.0
# A name is rather shortened than crossed by a wire; below this nobody could tell what it says.
_ROOMS = (1e9, 150.0, 110.0, 80.0, 55.0, 38.0)


class Naming:
    """Places names one after another; `crossed` counts those for which no free place was left.

    `cut` are the groups whose name is not whole inside of its frame, although the frame is wide enough for it.
    """

    def __init__(self, frames: Mapping[str, Sequence[Rect]], ground: Ground, theme: Theme):
        self.frames, self.ground, self.theme = frames, ground, theme
        self.crossed = 0
        self.cut: list[str] = []

    def placed(self, groups: Sequence[Group], name_of: Callable[[str], str]) -> Iterator[PlacedGroup]:
        """The groups that have a frame, the outer ones first; where one goes on in another row its name says so."""
        depth: dict[str | None, int] = {None: -1}
        for group in groups:
            depth[group.id] = depth[group.parent] + 1
            for k, frame in enumerate(self.frames.get(group.id, ())):
                words = name_of(f"… {group.label}" if k else group.label)
                label = self._name(words, frame)
                fits = width(words, label.size, "medium") <= frame.w - 2 * _EDGE
                if fits and (label.text != words or not frame.holds(label.rect)):
                    self.cut.append(group.id)
                yield PlacedGroup(group, frame, label, depth[group.id])

    def _name(self, words: str, frame: Rect) -> Text:
        """At the upper left, further along that edge, at the lower edge, or shorter at one of these."""
        size = self.theme.detail_size
        first = Text(frame.x + _EDGE, frame.y + _DROP, words, size, self.theme.muted, "medium")
        if not words:
            return first
        tried = ""
        for room in _ROOMS:
            text = shorten(words, min(room, frame.w - 2 * _EDGE), size, "medium")
            if text == tried or len(text) < min(3, len(words)):
                continue
            tried = text
            label = Text(first.x, first.y, text, size, self.theme.muted, "medium")
            for place in self._places(label, frame):
                if self.ground.is_free(place.rect):
                    self.ground.take(place.rect)
                    return place
        # Above or below the frame, where all inside is taken.
        for drop in (-_DROP - 5.0, frame.h - 2.0):
            for k in range(max(1, int((frame.w + first.width) / _STEP) - 2)):
                # Along the edge, then overhanging at its left end.
                along = k * _STEP - _EDGE
                place = first.moved(
                    along if along < frame.w - 20.0 else frame.w - 20.0 - along - 2 * _EDGE, drop
                )
                if self.ground.is_free(place.rect):
                    self.ground.take(place.rect)
                    return place
        self.crossed += 1
        return first

    def _places(self, label: Text, frame: Rect) -> Iterator[Text]:
        steps = max(1, int((frame.w - label.width - 2 * _EDGE) / _STEP) + 1)
        rows = max(0, int((frame.h - 40.0) / _STEP))
        for drop in (0.0, frame.h - 21.0, *(k * _STEP for k in range(1, rows))):
            for k in range(steps):
                yield label.moved(k * _STEP, drop)


def roomier(
    frames: Mapping[str, Rect],
    wanting: Iterable[str],
    groups: Sequence[Group],
    boxes: Iterable[Rect],
    *,
    below: bool,
) -> dict[str, Rect] | None:
    """The frames with room for a line of words more below or above in those that want it; None where nothing grows.

    Frames around them grow with them. None grows into a box or a frame that is not around it.
    """
    parents = {group.id: group.parent for group in groups}
    found, rects = dict(frames), list(boxes)
    for key in sorted(wanting):
        grown: dict[str, Rect] = {}
        at: str | None = key
        inner: Rect | None = None
        while at is not None and at in found:
            frame = found[at]
            if inner is not None and frame.holds(inner.grown(_APART)):
                break
            inner = grown[at] = Rect(frame.x, frame.y - (0.0 if below else _LINE), frame.w, frame.h + _LINE)
            at = parents[at]
        around = {at}
        while at is not None:
            at = parents[at]
            around.add(at)
        strips = [
            Rect(f.x, f.bottom - _LINE if below else f.y, f.w, _LINE).grown(_APART) for f in grown.values()
        ]
        others = [*rects, *(f for k, f in found.items() if k not in grown and k not in around)]
        if grown and not any(strip.meets(other) for strip in strips for other in others):
            found |= grown
    return None if found == frames else found
