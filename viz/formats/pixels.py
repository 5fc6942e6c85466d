"""Small images: made from arrays, written as PNG, and as coarse cells for formats that know no images.

The PNG is not compressed. Libraries that compress differ in their bytes from one machine to the next, and a picture
of a few thousand pixels is not worth it: the same image is the same text everywhere.
"""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from viz.scene import Picture

__all__ = ["coarse", "encoded", "enlarged", "picture", "png_bytes"]

_STORED_AT_MOST = 65535
# Formats without images draw at most so many cells along a side, in so many steps from dark to bright.
_CELLS_AT_MOST = 16
_STEPS = {1: 17, 3: 6}
# Pixels along a side from which on nobody smooths what is drawn in a box.
_SHARP = 128


def picture(array: np.ndarray, low: float, high: float) -> Picture:
    """An array of (h, w) or (h, w, 3) as an image: `low` is black and `high` white; what is not finite is black."""
    wide = array.astype(np.float64)
    half = high / 2 - low / 2  # halves keep the span of the largest numbers finite
    with np.errstate(over="ignore", invalid="ignore"):
        shares = (wide / 2 - low / 2) / half if half > 0 else np.full(wide.shape, 0.5)
    shares = np.where(np.isfinite(wide), np.clip(shares, 0.0, 1.0), 0.0)
    pixels = np.round(shares * 255).astype(np.uint8)
    channels = 1 if array.ndim == 2 else 3
    return Picture(array.shape[1], array.shape[0], channels, base64.b64encode(pixels.tobytes()).decode())


def png_bytes(image: Picture) -> bytes:
    """The image as a PNG file."""
    stride = image.width * image.channels
    rows = image.data()
    lines = b"".join(b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride))
    blocks = []
    for at in range(0, len(lines), _STORED_AT_MOST):
        part = lines[at : at + _STORED_AT_MOST]
        last = at + _STORED_AT_MOST >= len(lines)
        blocks.append(struct.pack("<BHH", int(last), len(part), 0xFFFF ^ len(part)) + part)
    stream = b"\x78\x01" + b"".join(blocks) + struct.pack(">I", zlib.adler32(lines))
    kind = 0 if image.channels == 1 else 2
    head = struct.pack(">IIBBBBB", image.width, image.height, 8, kind, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", stream), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def enlarged(image: Picture) -> Picture:
    """The same squares of more pixels, for programs that would smooth a small image."""
    times = max(1, _SHARP // max(image.width, image.height))
    shape = (image.height, image.width, image.channels)
    pixels = np.frombuffer(image.data(), np.uint8).reshape(shape).repeat(times, axis=0).repeat(times, axis=1)
    size = image.width * times, image.height * times
    return Picture(*size, image.channels, base64.b64encode(pixels.tobytes()).decode())


def encoded(image: Picture) -> str:
    """The PNG file in base64."""
    return base64.b64encode(png_bytes(image)).decode()


def coarse(image: Picture) -> tuple[tuple[str, ...], ...]:
    """The image as few cells of few colours, row by row: the mean of each block of pixels."""
    shape = (image.height, image.width, image.channels)
    pixels = np.frombuffer(image.data(), np.uint8).reshape(shape).astype(np.float64)
    for axis in (0, 1):
        size = pixels.shape[axis]
        if size > _CELLS_AT_MOST:
            edges = [k * size // _CELLS_AT_MOST for k in range(_CELLS_AT_MOST)]
            counts = np.diff([*edges, size]).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
            pixels = np.add.reduceat(pixels, edges, axis=axis) / counts
    step = 255 / (_STEPS[image.channels] - 1)
    levels = np.round(np.round(pixels / step) * step).astype(int)
    levels = np.broadcast_to(levels, (*levels.shape[:2], 3))
    return tuple(tuple("#" + "".join(f"{v:02x}" for v in cell) for cell in row) for row in levels.tolist())
