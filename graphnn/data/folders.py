"""Read pictures from a folder that has one folder per class."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, SettingError
from graphnn.core.memory import require_memory
from graphnn.data.dataset import Dataset

_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}


def read_folder(path: str | Path, *, size: tuple[int, int] | None = None, color: str = "gray") -> Dataset:
    """A Dataset from `path/class/picture.png`: x float32 (rows, 1 or 3, height, width) in [0, 1], y int64 (rows,).

    Classes are the folders' names in alphabetical order. size : (height, width) that pictures are scaled to; without
    it all must be of one size. color : "gray" or "rgb". What is hidden, and files that are no pictures by their ending,
    are passed over. Raises DataError for a folder without classes, a class without pictures, a picture that cannot be
    read, and pictures of different sizes.
    """
    from PIL import Image

    path = Path(path)
    if color not in ("gray", "rgb"):
        raise SettingError(f"read_folder: color is 'gray' or 'rgb', found {color!r}.")
    if size is not None and (len(size) != 2 or not all(isinstance(n, int) and 0 < n < 10_000 for n in size)):
        raise SettingError(f"read_folder: size is (height, width), found {size!r}.")
    try:
        classes = sorted(
            folder.name for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith(".")
        )
        files = [
            (file, label)
            for label, name in enumerate(classes)
            for file in sorted((path / name).iterdir())
            if file.suffix.lower() in _ENDINGS and not file.name.startswith(".")
        ]
    except OSError as error:
        raise DataError(f"cannot read the folder {path}: {error}.") from None
    if not files:
        raise DataError(
            f"{path}: wanted folders of pictures, one per class; found {len(classes)} folders, no picture."
        )
    empty = sorted(set(range(len(classes))) - {label for _, label in files})
    if empty:
        raise DataError(
            f"{path}: the folder {classes[empty[0]]!r} has no picture, so there is nothing to learn its class from. "
            "Remove it, or put pictures into it."
        )
    pictures: list[np.ndarray] = []
    for file, _ in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file) as opened:
                    require_memory(
                        len(files) * 12 * (size[0] * size[1] if size else opened.width * opened.height),
                        str(path),
                    )
                    mode = "L" if color == "gray" else "RGB"
                    picture = (_eight_bits(opened) if opened.mode.startswith("I") else opened).convert(mode)
        except (
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
            Image.DecompressionBombWarning,
        ) as error:
            raise DataError(f"cannot read the picture {file}: {error}.") from None
        if size is not None:
            picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture, np.float32) / np.float32(255.0)
        pixels = pixels[None] if color == "gray" else pixels.transpose(2, 0, 1)
        if pictures and pixels.shape != pictures[0].shape:
            raise DataError(
                f"{file} has {pixels.shape[1]} x {pixels.shape[2]} pixels, {files[0][0].name} has "
                f"{pictures[0].shape[1]} x {pictures[0].shape[2]}. Say size=(height, width) to scale all alike."
            )
        pictures.append(pixels)
    labels = np.array([label for _, label in files], np.int64)
    return Dataset(np.stack(pictures), labels, path.name, tuple(classes))


def _eight_bits(picture: Any) -> Any:
    """A picture of 16 bits per pixel as one of 8: Pillow itself would cut off what is above 255."""
    from PIL import Image

    return Image.fromarray((np.asarray(picture).astype(np.int64).clip(0, 65535) >> 8).astype(np.uint8))
