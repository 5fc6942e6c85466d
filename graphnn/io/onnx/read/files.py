"""Open an ONNX file from a stranger: its size, its protobuf, and the files beside it that hold its numbers."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from graphnn.core.errors import OnnxError, SettingError
from graphnn.io.files import read_file, reason, target
from graphnn.io.onnx.package import onnx_package
from graphnn.io.onnx.read.limits import Limits

__all__ = ["Outside", "read_model"]


def read_model(source: Any, limits: Limits) -> tuple[Any, Path | None]:
    """The ModelProto in a file or in bytes, and the folder of the file.

    Raises DataError for a file that cannot be read, OnnxError for one that is no ONNX model.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        content, folder, name = bytes(source), None, "the model"
    elif isinstance(source, str | os.PathLike):
        path = target(source, "load_onnx")
        content, folder, name = _content(path, limits), path.parent, path.name
    else:
        raise SettingError(
            f"load_onnx: wanted the path of a file, or its bytes, found {type(source).__name__}."
        )
    if len(content) > limits.file_bytes:
        raise OnnxError(f"{name}: {len(content)} bytes are more than {limits.file_bytes}.")
    if not content:
        raise OnnxError(f"{name} is empty.")
    onnx = onnx_package()
    decode_error = onnx_package("google.protobuf.message").DecodeError
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (decode_error, ValueError, RecursionError) as error:
        raise OnnxError(f"{name} is not an ONNX file, or is damaged: {error}.") from None
    _check_texts(model, name)
    if not model.HasField("graph"):
        raise OnnxError(f"{name} is not an ONNX file, or is damaged: it holds no graph.")
    return model, folder


def _content(path: Path, limits: Limits) -> bytes:
    def check(size: int) -> None:
        if size > limits.file_bytes:
            raise OnnxError(f"{path.name}: {size} bytes are more than {limits.file_bytes}.")

    return read_file(path, check)


def _check_texts(model: Any, name: str) -> None:
    """Raise OnnxError for a text that is none: protobuf gives its bytes then, in the place of a text."""
    stack = [model]
    while stack:
        for field, value in stack.pop().ListFields():
            if field.type == field.TYPE_MESSAGE:
                if hasattr(value, "ListFields"):
                    stack.append(value)
                else:
                    stack.extend(value)
            elif field.type == field.TYPE_STRING:
                for text in (value,) if isinstance(value, str | bytes) else value:
                    if not isinstance(text, str):
                        raise OnnxError(f"{name} is damaged: its field {field.name!r} is no text in UTF-8.")


class Outside:
    """The numbers of tensors that stand in files beside the model, in its folder or below it."""

    def __init__(self, folder: Path | None):
        self._folder = folder

    def __call__(self, tensor: Any, size: int, who: str) -> bytes:
        """The `size` bytes of a tensor.

        Raises OnnxError for a path that leaves the folder, by itself or by a link, and for what is too short.
        """
        entries: dict[str, str] = {}
        for entry in tensor.external_data:
            if entry.key in entries:
                raise OnnxError(f"{who}: external data says {entry.key[:40]!r} twice.")
            entries[entry.key] = entry.value
        if self._folder is None:
            raise OnnxError(
                f"{who}: its numbers stand in another file; give the path of the model instead of its bytes."
            )
        path = self._path(entries.get("location", ""), who)
        offset = _whole(entries.get("offset", "0"), "offset", who)
        length = _whole(entries["length"], "length", who) if "length" in entries else size
        if length != size:
            raise OnnxError(f"{who}: {size} bytes of external data are wanted, the file says {length}.")
        try:
            with open(path, "rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    raise OnnxError(f"{who}: the external data {path.name!r} is not an ordinary file.")
                if offset + size > state.st_size:
                    raise OnnxError(
                        f"{who}: external data ends at byte {offset + size}, {path.name!r} has {state.st_size}."
                    )
                file.seek(offset)
                content = file.read(size)
        except OSError as error:
            raise OnnxError(f"{who}: cannot read external data {path.name!r}: {reason(error)}.") from None
        if len(content) != size:
            raise OnnxError(f"{who}: the external data {path.name!r} grew shorter while it was read.")
        return content

    def _path(self, location: str, who: str) -> Path:
        folder = self._folder
        parts = PurePosixPath(location).parts
        plain = bool(parts) and "\\" not in location and "\0" not in location and ":" not in location
        if not plain or PurePosixPath(location).is_absolute() or ".." in parts or len(location) > 1000:
            raise OnnxError(
                f"{who}: external data stand inside the folder of the model; found the path {location[:80]!r}."
            )
        try:
            path = folder.joinpath(*parts).resolve()  # type: ignore[union-attr]
            inside = path.is_relative_to(folder.resolve())  # type: ignore[union-attr]
            regular = path.is_file()
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
            raise OnnxError(f"{who}: cannot read external data {location[:80]!r}: {error}.") from None
        if not inside:
            raise OnnxError(
                f"{who}: the external data {location[:80]!r} are a link out of the model's folder."
            )
        if not regular:
            raise OnnxError(f"{who}: there is no file {location[:80]!r} beside the model for external data.")
        return path


def _whole(text: str, word: str, who: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise OnnxError(f"{who}: the {word} of external data is a whole number, found {text[:40]!r}.")
    return int(text)
