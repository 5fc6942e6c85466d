"""The view of images: values as small pictures wherever they can be seen: images, channels, filters, large matrices."""

from __future__ import annotations

from viz.canvas import Canvas
from viz.readings import reading
from viz.scene import Entry
from viz.thumbnails import dressed
from viz.views.base import View

__all__ = ["IMAGES", "legend_of_sketches"]


def _images(canvas: Canvas) -> None:
    for draft in canvas.boxes.values():
        value = None if draft.node is None else canvas.numbers.value(draft.node)
        if draft.node is None or value is None:
            continue
        row = dressed(reading("value", value), value, draft.node.role, with_maps="all")
        labels = [each.label for each in draft.readings]
        if "value" in labels:
            draft.readings[labels.index("value")] = row
        else:
            draft.readings.append(row)
    legend_of_sketches(canvas)


def legend_of_sketches(canvas: Canvas) -> None:
    """Say once how images and lines are to be read, if there are any."""
    rows = [
        (draft.role, row) for draft in canvas.boxes.values() for row in draft.readings if row.label == "value"
    ]
    said = {entry.label for entry in canvas.entries}
    wanted = [
        ("images: black is the lowest number shown, white the highest",
         any(row.pictures and role != "parameter" for role, row in rows)),
        ("filters: grey is 0, white positive, black negative",
         any(row.pictures and role == "parameter" for role, row in rows)),
        ("lines: from the lowest number of the array to its highest", any(row.spark for _, row in rows)),
    ]  # fmt: skip
    canvas.entries += [Entry("text", words) for words, found in wanted if found and words not in said]


IMAGES = View("images", "Values as small pictures: images, channels, filters, matrices.", "values", _images)
