"""Keep a scene as JSON, and read it back: the same scene, to be drawn again elsewhere.

The file holds numbers and words only. What is read comes from a stranger: sizes, kinds and names are checked.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from typing import Any

from viz.scene import Scene

__all__ = ["scene_from_json", "scene_to_json"]

FORMAT, VERSION = "graphnn scene", 1
_ODD = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def scene_to_json(scene: Scene) -> str:
    """The scene as text; equal scenes give equal text. NaN and infinity are written as words."""
    content = {"format": FORMAT, "version": VERSION, "scene": _written(scene)}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def scene_from_json(text: str | bytes) -> Scene:
    """The scene that `scene_to_json` wrote. Raises ValueError that says what is wrong with other text."""
    try:
        data = json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("viz: the JSON nests too deeply to be a scene.") from None
    except ValueError as error:
        raise ValueError(f"viz: not a scene in JSON: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f'viz: not a scene: wanted an object with "format": "{FORMAT}".')
    if data.get("version") != VERSION:
        raise ValueError(
            f"viz: version {data.get('version')!r} of scenes is not known; this one reads {VERSION}."
        )
    scene: Scene = _read(data.get("scene"), Scene, "scene")
    _check_names(scene)
    return scene


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON; it is written as a text.")


def _written(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {
            field.name: _written(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default or field.default is dataclasses.MISSING
        }
    if isinstance(value, tuple):
        return [_written(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _read(value: Any, kind: Any, where: str) -> Any:
    """The value as the type says; types nest only as deep as scenes do."""
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"viz: {where} is a list, found {type(value).__name__}.")
        inner = typing.get_args(kind)[0]
        return tuple(_read(each, inner, f"{where}[{k}]") for k, each in enumerate(value))
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
        return _read(value, kind, where)
    if dataclasses.is_dataclass(kind):
        return _record(value, kind, where)
    if kind is float and isinstance(value, str) and value in _ODD:
        return _ODD[value]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ValueError(f"viz: {where} is {getattr(kind, '__name__', kind)}, found {type(value).__name__}.")
    return value


def _record(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"viz: {where} is an object, found {type(value).__name__}.")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for key in value:
        if key not in fields:
            raise ValueError(f"viz: {where} has no field {str(key)[:60]!r}. Fields: {', '.join(fields)}.")
    found = {key: _read(each, hints[key], f"{where}.{key}") for key, each in value.items()}
    absent = [
        name
        for name, field in fields.items()
        if name not in found and field.default is field.default_factory is dataclasses.MISSING
    ]
    if absent:
        raise ValueError(f"viz: {where} lacks {', '.join(absent)}.")
    return kind(**found)


def _check_names(scene: Scene) -> None:
    boxes, groups = {box.id for box in scene.boxes}, {group.id for group in scene.groups}
    wires = {wire.id for wire in scene.wires}
    if len(boxes) != len(scene.boxes) or len(wires) != len(scene.wires) or len(groups) != len(scene.groups):
        raise ValueError("viz: two boxes, wires or groups of the scene have one id.")
    for box in scene.boxes:
        if box.group is not None and box.group not in groups:
            raise ValueError(
                f"viz: box {box.id!r} is in the group {box.group!r}, which the scene does not have."
            )
        if box.role not in ("input", "parameter", "constant", "op", "fold"):
            raise ValueError(f"viz: box {box.id!r} has the role {box.role!r}, which is none.")
    for wire in scene.wires:
        if wire.source not in boxes or wire.target not in boxes:
            raise ValueError(
                f"viz: wire {wire.id!r} runs from {wire.source!r} to {wire.target!r}; one is no box."
            )
        if wire.kind not in ("forward", "backward") or (wire.kind == "backward" and wire.beside not in wires):
            raise ValueError(
                f"viz: wire {wire.id!r} is neither forward nor backward beside a wire of the scene."
            )
    seen: set[str] = set()
    for group in scene.groups:
        if group.parent is not None and group.parent not in seen:
            raise ValueError(
                f"viz: group {group.id!r} stands before, or without, its outer group {group.parent!r}."
            )
        seen.add(group.id)
