"""Keep arrays and texts in one safetensors file that is written whole, and that tells when it was damaged.

Beside the arrays stands a "__metadata__" of texts: "format" and "version" say whose file it is, "digest" is the
SHA-256 of all arrays and all other texts, so an accident to any byte that matters is seen. The same content gives the
same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphnn.core.errors import DataError, SettingError
from graphnn.core.memory import require_memory
from graphnn.io.files import read_file, target, told, write_file

# The names that the format has for dtypes, as far as NumPy knows them.
_KINDS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
# Readers of safetensors refuse longer headers.
HEADER_BYTES = 100_000_000
_METADATA, _DIGEST = "__metadata__", "digest"


def write_container(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], texts: Mapping[str, str]
) -> None:
    """Write arrays and texts to a safetensors file, replacing it as a whole.

    Raises SettingError for what the format cannot hold, DataError if the file cannot be written; the old file, if
    there is one, then stays.
    """
    path = target(path, "save")
    held = {name: _plain(name, array) for name, array in sorted(arrays.items())}
    texts = {key: texts[key] for key in sorted(texts) if key != _DIGEST}
    texts[_DIGEST] = _digest(held, texts)
    header: dict[str, Any] = {_METADATA: texts}
    # Wide numbers first, so that each array begins at a multiple of its numbers' size.
    order = sorted(held, key=lambda name: -held[name].itemsize)
    at = 0
    for name in order:
        array = held[name]
        header[name] = {
            "dtype": _KINDS[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [at, at + array.nbytes],
        }
        at += array.nbytes
    try:
        head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as error:
        raise SettingError(
            f"save: {path.name}: a name or text holds {error.object[error.start]!r}, which is half a letter."
        ) from None
    head += b" " * (-len(head) % 8)
    if len(head) > HEADER_BYTES:
        raise SettingError(
            f"save: {path.name}: names and texts take {len(head)} bytes, more than the {HEADER_BYTES} "
            "that a safetensors file may have."
        )
    content = [held[name].reshape(-1).view(np.uint8).data for name in order if held[name].size]
    write_file(path, len(head).to_bytes(8, "little"), head, *content)


def read_container(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays and the texts of a safetensors file, read into memory; foreign files may be without texts.

    Raises DataError for a file that is absent, damaged, or holds what NumPy lacks.
    """
    from safetensors import SafetensorError, deserialize

    path = target(path, "load")
    what = f"the file {path.name}"
    content = read_file(path, lambda size: require_memory(2 * size, what))
    if not content:
        raise DataError(f"{path.name} is empty.")
    try:
        parts = deserialize(content)
    except (SafetensorError, ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{path.name} is not a safetensors file, or is damaged: {error}.") from None
    size = int.from_bytes(content[:8], "little")
    texts = json.loads(content[8 : 8 + size]).get(_METADATA) or {}
    arrays = {name: _array(path.name, name, part) for name, part in parts}
    if _DIGEST in texts and texts[_DIGEST] != _digest(arrays, texts):
        raise DataError(
            f"{path.name} is damaged: its numbers are not those that were written. Take another copy of it."
        )
    return arrays, texts


def read_own(
    path: str | os.PathLike[str], formats: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """As `read_container`, but only a file of one of these {format: version}, with its digest."""
    arrays, texts = read_container(path)
    name, found = Path(path).name, texts.get("format", "")
    if found not in formats:
        wanted = " or ".join(repr(word) for word in formats)
        if not found:
            raise DataError(
                f"{name} is a safetensors file, but does not say what it holds; wanted {wanted}. "
                "Numbers alone are read by gn.io.load_weights."
            )
        raise DataError(f"{name} holds {told(found)}; wanted {wanted}.")
    if texts.get("version") != formats[found]:
        raise DataError(
            f"{name} is a {found} of version {told(texts.get('version'))}; this graphnn reads version "
            f"{formats[found]}. Read it with the graphnn that wrote it ({told(texts.get('written by', 'unknown'))})."
        )
    if _DIGEST not in texts:
        raise DataError(f"{name} is damaged: the digest of its content is missing.")
    return arrays, texts


# Texts that hold JSON


def json_text(value: Any, who: str) -> str:
    """A value made of numbers, texts, lists and dicts as JSON; NaN and infinities as {"number": "nan"}.

    Tuples become lists, NumPy's numbers Python's. Raises SettingError for anything else.
    """
    try:
        return json.dumps(_jsonable(value, who), allow_nan=False)
    except RecursionError:
        raise SettingError(f"{who}: the value nests too deeply to be kept.") from None
    except ValueError as error:  # ints of thousands of digits
        raise error if isinstance(error, SettingError) else SettingError(f"{who}: {error}.") from None


def _jsonable(value: Any, who: str) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else {"number": repr(value)}
    if isinstance(value, list | tuple):
        return [_jsonable(v, f"{who}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise SettingError(f"{who}: keys are texts, found {key!r}.")
        kept = {key: _jsonable(v, f"{who}[{key!r}]") for key, v in value.items()}
        if _number(kept) is kept:
            return kept
    raise SettingError(
        f"{who}: {told(value)} cannot be kept; wanted numbers, texts, None, and lists and dicts of these."
    )


def json_value(text: Any, who: str) -> Any:
    """What `json_text` wrote. Raises DataError for text that it cannot have written."""
    if not isinstance(text, str):
        raise DataError(f"{who}: wanted a text of JSON, found {told(text)}.")
    try:
        return json.loads(text, parse_constant=_refuse, object_hook=_number)
    except RecursionError:
        raise DataError(f"{who}: the text nests too deeply.") from None
    except DataError as error:
        raise DataError(f"{who}: {error}") from None
    except ValueError as error:
        raise DataError(f"{who}: not valid JSON: {error}.") from None


def _refuse(word: str) -> Any:
    raise DataError(f"{word} is not JSON.")


def _number(found: dict[str, Any]) -> Any:
    if list(found) == ["number"] and found["number"] in ("nan", "inf", "-inf"):
        return float(found["number"])
    return found


# Arrays


def _plain(name: str, array: np.ndarray) -> np.ndarray:
    """The array with its numbers side by side, in little-endian order."""
    if name == _METADATA:
        raise SettingError(f"save: no array can be called {name!r} in a safetensors file.")
    found = np.asarray(array)
    if found.dtype.name not in _KINDS:
        raise SettingError(f"save: {name!r} holds {found.dtype}, which a safetensors file cannot keep.")
    # Not ascontiguousarray: it gives an array without axes one.
    return np.asarray(found, dtype=found.dtype.newbyteorder("<"), order="C")


def _array(file: str, name: str, part: Mapping[str, Any]) -> np.ndarray:
    kind = next((word for word, short in _KINDS.items() if short == part["dtype"]), None)
    if kind is None:
        raise DataError(f"{file}: {told(name)} holds {part['dtype']}, a type that NumPy lacks.")
    if kind == "bool" and bytes(part["data"]).strip(b"\0\1"):
        raise DataError(f"{file} is damaged: {told(name)} holds a bool that is neither 0 nor 1.")
    array = np.frombuffer(part["data"], np.dtype(kind).newbyteorder("<")).reshape(part["shape"])
    return array.astype(kind, copy=False)


def _digest(arrays: Mapping[str, np.ndarray], texts: Mapping[str, str]) -> str:
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        found.update(json.dumps([name, array.dtype.name, list(array.shape)]).encode("ascii"))
        if array.size:
            plain = array.astype(array.dtype.newbyteorder("<"), copy=False)
            found.update(plain.reshape(-1).view(np.uint8).data)
    for key in sorted(texts):
        if key != _DIGEST:
            found.update(json.dumps([key, texts[key]]).encode("ascii"))
    return found.hexdigest()
