"""Make an animated GIF or PNG of frames: one palette for all of them, so that colours do not flicker.

Both formats store of each picture only the rectangle that differs from the one before.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from viz.drawing import Drawing

__all__ = ["apng", "gif"]

# A GIF holds 256 colours. Those that cover most of the pictures are kept as they are, the others are gathered.
_COLOURS, _EXACT = 256, 160
_PIXELS_AT_MOST = 400_000_000


def gif(frames: Sequence[Drawing], *, seconds: float = 1.5, loop: int = 0, width: int = 1200) -> bytes:
    """An animated GIF.

    seconds : how long each picture stays; the last stays twice as long
    loop : how often the film runs; 0 without end
    width : pixels that it is wide at most

    Raises ValueError for settings out of range, and for a film that is too large to be held.
    """
    times = _times(frames, seconds, loop, width, "gif")
    pictures = list(_pictures(frames, width))
    palette, table = _palette(pictures)
    from PIL import Image

    images = []
    for picture in pictures:
        image = Image.fromarray(table[_packed(picture)])
        image.putpalette(palette)
        images.append(image)
    return _written(images, times, loop, "GIF", optimize=False, disposal=1, palette=palette)


def apng(frames: Sequence[Drawing], *, seconds: float = 1.5, loop: int = 0, width: int = 1600) -> bytes:
    """An animated PNG, in all colours. The settings are those of `gif`."""
    from PIL import Image

    times = _times(frames, seconds, loop, width, "apng")
    images = [Image.fromarray(picture) for picture in _pictures(frames, width)]
    return _written(images, times, loop, "PNG", disposal=0, blend=0)


def _written(images: list[Any], times: list[int], loop: int, form: str, **how: Any) -> bytes:
    content = io.BytesIO()
    first, *rest = images
    # A GIF counts repetitions, an APNG plays; without a word about it a GIF plays once.
    said = {} if form == "GIF" and loop == 1 else {"loop": loop - 1 if form == "GIF" and loop else loop}
    first.save(content, form, save_all=True, append_images=rest, duration=times, **said, **how)
    return content.getvalue()


def _times(frames: Sequence[Drawing], seconds: float, loop: int, width: int, who: str) -> list[int]:
    """Milliseconds per picture, after a look at the settings."""
    if not len(frames):
        raise ValueError(f"viz.{who}: there is no frame to show.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.02 <= seconds <= 600:
        raise ValueError(f"viz.{who}: seconds is a number from 0.02 to 600, found {seconds!r}.")
    if isinstance(loop, bool) or not isinstance(loop, int) or not 0 <= loop <= 65_535:
        raise ValueError(f"viz.{who}: loop is a whole number from 0 (without end), found {loop!r}.")
    if isinstance(width, bool) or not isinstance(width, int) or not 100 <= width <= 8_000:
        raise ValueError(f"viz.{who}: width is a number of pixels from 100 to 8000, found {width!r}.")
    first = frames[0].sheets[0]
    scale = _scale(first.width, width)
    pixels = first.width * first.height * scale**2 * len(frames)
    if pixels > _PIXELS_AT_MOST:
        # The square root of the share, rounded down, is a width that fits.
        fits = math.floor(width * math.sqrt(_PIXELS_AT_MOST / pixels) / 50) * 50
        raise ValueError(
            f"viz.{who}: {len(frames)} pictures of {round(first.width * scale)} x {round(first.height * scale)} "
            f"pixels are too many to hold. Say width={max(fits, 100)}, or draw fewer with every= or nodes=."
        )
    # A GIF counts hundredths of a second.
    each = round(seconds * 100) * 10
    return [each] * (len(frames) - 1) + [2 * each]


def _scale(natural: float, width: int) -> float:
    """At most two pixels a unit: beyond that nothing is gained."""
    return min(2.0, width / natural)


def _pictures(frames: Sequence[Drawing], width: int) -> Iterator[np.ndarray]:
    """The pictures as arrays of height x width x 3 bytes, all of one size."""
    from PIL import Image

    for frame in frames:
        data = frame.png(_scale(frame.sheets[0].width, width))
        with Image.open(io.BytesIO(data)) as image:
            # The last row of pixels may be covered in part; below it lies the page.
            page = Image.new("RGBA", image.size, frame.theme.page)
            yield np.asarray(Image.alpha_composite(page, image.convert("RGBA")).convert("RGB"))


def _packed(picture: np.ndarray) -> np.ndarray:
    """A number per pixel for its colour, 21 bits: the lowest bit of each channel cannot be seen and is left out."""
    parts = picture.astype(np.int32) >> 1
    return (parts[..., 0] << 14) | (parts[..., 1] << 7) | parts[..., 2]


def _unpacked(codes: np.ndarray) -> np.ndarray:
    """The colours of these numbers, in the middle of what they stand for, the ends exact."""
    parts = np.stack([(codes >> 14) & 127, (codes >> 7) & 127, codes & 127], axis=-1)
    return np.where(parts == 127, 255, np.where(parts == 0, 0, 2 * parts + 1)).astype(np.uint8)


def _palette(pictures: Sequence[np.ndarray]) -> tuple[bytes, np.ndarray]:
    """One palette for all pictures, and for each packed colour the number of its entry.

    A colour has the same entry wherever it occurs; there is no dithering, so what stands still is the same bytes.
    """
    from PIL import Image

    counts = np.zeros(1 << 21, np.int64)
    for picture in pictures:
        counts += np.bincount(_packed(picture).ravel(), minlength=1 << 21)
    used = np.flatnonzero(counts)
    # By how often they occur, then by colour.
    order = used[np.lexsort((used, -counts[used]))]
    exact = order[: _COLOURS if len(order) <= _COLOURS else _EXACT]
    colours = _unpacked(exact)
    rest = order[len(exact) :]
    if len(rest):
        few = Image.fromarray(_unpacked(rest)[None]).quantize(_COLOURS - len(exact), Image.Quantize.MEDIANCUT)
        more = np.array(few.getpalette() or [], np.uint8).reshape(-1, 3)[: _COLOURS - len(exact)]
        colours = np.concatenate([colours, more])
    table = np.zeros(1 << 21, np.uint8)
    table[exact] = np.arange(len(exact))
    for start in range(0, len(rest), 4096):
        part = rest[start : start + 4096]
        away = _unpacked(part).astype(np.int32)[:, None] - colours.astype(np.int32)[None]
        table[part] = np.argmin((away**2).sum(axis=-1), axis=1)
    return colours.tobytes().ljust(3 * _COLOURS, b"\0"), table
