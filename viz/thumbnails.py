"""Small pictures of arrays for the boxes: images of image tensors and filters, a line for long rows, coarse cells.

>>> import numpy as np
>>> from viz.thumbnails import images_of
>>> found = images_of(np.zeros((20, 1, 8, 8)), "input")
>>> len(found.pictures), found.words
(8, '8 of 20 images')
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from viz.formats.pixels import picture
from viz.scene import Heat, Picture, Reading, Spark

__all__ = ["Images", "dressed", "images_of", "map_of", "spark_of"]

_IMAGES_AT_MOST = 8
# Smaller arrays are no images to the eye; filters may be small.
_SMALLEST_IMAGE, _SMALLEST_FILTER = 3, 2
_LARGEST_SIDE = 64
_LONG = 16
_POINTS, _CELLS = 64, 16


@dataclass(frozen=True)
class Images:
    """Images and what they are: "8 of 20 images"."""

    pictures: tuple[Picture, ...]
    words: str


def images_of(array: np.ndarray, role: str) -> Images | None:
    """The first images of a tensor (batch, channels, h, w): grey or coloured ones; of others, channels one by one.

    Filters (out, in, h, w) of a parameter are grey where they are 0; images are black at the lowest number.
    """
    if array.ndim != 4 or not array.size or array.dtype.kind not in "fiub":
        return None
    least = _SMALLEST_FILTER if role == "parameter" else _SMALLEST_IMAGE
    if min(array.shape[2:]) < least:
        return None
    count, channels = array.shape[:2]
    shown: list[np.ndarray]
    if channels in (1, 3):
        shown = [each[0] if channels == 1 else np.moveaxis(each, 0, -1) for each in array[:_IMAGES_AT_MOST]]
        noun = ("filter" if role == "parameter" else "image") + "s" * (count != 1)
        words = f"{len(shown)} of {count} {noun}" if count > len(shown) else f"{count} {noun}"
    elif role == "parameter":
        shown = [each[0] for each in array[:_IMAGES_AT_MOST]]
        words = f"{len(shown)} of {count} filters, first of {channels} channels"
    else:
        shown = list(array[0, :_IMAGES_AT_MOST])
        which = f"{channels}" if channels == len(shown) else f"{len(shown)} of {channels}"
        words = f"{which} channels" + (f", first of {count}" if count > 1 else "")
    shown = [_smaller(each) for each in shown]
    finite = np.concatenate([each[np.isfinite(each)].astype(np.float64) for each in shown])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if role == "parameter":
        low, high = -max(-low, high), max(-low, high)
    return Images(tuple(picture(each, low, high) for each in shown), words)


def _smaller(image: np.ndarray) -> np.ndarray:
    """Means of blocks, for images larger than can be seen in a box."""
    wide = image.astype(np.float64)
    for axis in (0, 1):
        wide = _blocks(wide, axis, _LARGEST_SIDE)
    return wide


def _blocks(array: np.ndarray, axis: int, at_most: int) -> np.ndarray:
    size = array.shape[axis]
    if size <= at_most:
        return array
    edges = [k * size // at_most for k in range(at_most)]
    counts = np.diff([*edges, size]).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
    # Halves, quarters, ... of the largest numbers keep their sum finite.
    scale = float(2.0 ** np.ceil(np.log2(counts.max())))
    with np.errstate(invalid="ignore"):
        means: np.ndarray = np.add.reduceat(array / scale, edges, axis=axis) * (scale / counts)
    return means


def spark_of(array: np.ndarray) -> Spark | None:
    """A line through a long row of numbers; of very long ones through the means of blocks."""
    if array.ndim != 1 or array.size <= _LONG or array.dtype.kind != "f":
        return None
    return Spark(tuple(_blocks(array.astype(np.float64), 0, _POINTS).tolist()))


def map_of(array: np.ndarray) -> Heat | None:
    """A large matrix as coarse cells, the means of blocks."""
    if array.ndim != 2 or max(array.shape) <= _CELLS or not array.size or array.dtype.kind not in "fiub":
        return None
    cells = array.astype(np.float64)
    for axis in (0, 1):
        cells = _blocks(cells, axis, _CELLS)
    finite = np.abs(cells[np.isfinite(cells)])
    limit = float(finite.max()) if finite.size else 0.0
    return Heat(tuple(tuple(row) for row in cells.tolist()), limit)


def dressed(row: Reading, array: np.ndarray, role: str, *, with_maps: str = "") -> Reading:
    """The reading with a small picture of its array; `with_maps` "all" shows channels and large matrices too."""
    if array.size and (array == array.flat[0]).all():
        return row  # nothing would be seen
    images = images_of(array, role)
    if images is not None and (with_maps or role in ("input", "parameter")):
        return replace(row, pictures=images.pictures, lines=(*row.lines, images.words))
    line = spark_of(array)
    if line is not None:
        more = (f"line: {_POINTS} means",) if array.size > _POINTS else ()
        return replace(row, spark=line, lines=(*row.lines, *more))
    cells = map_of(array) if with_maps else None
    if cells is not None:
        return replace(row, heat=cells, lines=(*row.lines, f"cell: mean of {_block_words(array.shape)}"))
    return row


def _block_words(shape: tuple[int, ...]) -> str:
    """`4 × 2`, or `≤ 4 × 2` where some blocks are smaller."""
    sides = " × ".join(str(-(-size // _CELLS)) for size in shape)
    return sides if all(size <= _CELLS or size % _CELLS == 0 for size in shape) else f"≤ {sides}"
