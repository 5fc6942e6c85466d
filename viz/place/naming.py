"""Find a place for the name of every group: along its frame, where no wire runs and no box stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from viz.place.labels import Ground
from viz.place.placed import PlacedGroup, Rect, Text
from viz.scene import Group
from viz.text import shorten
from viz.theme import Theme

__all__ = ["Naming"]

_STEP = 9.0
_EDGE, _DROP = 11.0, 15.5
# A name is rather shortened than crossed by a wire; below this nobody could tell what it says.
_ROOMS = (1e9, 150.0, 110.0, 80.0, 55.0, 38.0)


class Naming:
    """Places names one after another; `crossed` counts those for which no free place was left."""

    def __init__(self, frames: Mapping[str, Rect], ground: Ground, theme: Theme):
        self.frames, self.ground, self.theme = frames, ground, theme
        self.crossed = 0

    def placed(self, groups: Sequence[Group], name_of: Callable[[str], str]) -> Iterator[PlacedGroup]:
        """The groups that have a frame, the outer ones first."""
        depth: dict[str | None, int] = {None: -1}
        for group in groups:
            depth[group.id] = depth[group.parent] + 1
            frame = self.frames.get(group.id)
            if frame is not None:
                yield PlacedGroup(group, frame, self._name(name_of(group.label), frame), depth[group.id])

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
