"""Turn learned columns into what JSON can hold, and back, trusting nothing in between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import DataError
from graphnn.data.column import MOST_WORDS, Column

if TYPE_CHECKING:
    from graphnn.data.columns import Columns

_FORMAT = "graphnn columns"
_VERSION = 1
_MOST_COLUMNS = 1_000_000
_LONGEST = 1 << 20


def columns_to_dict(columns: Columns) -> dict[str, Any]:
    """The columns as numbers, texts, lists and dicts."""
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "target": columns.target,
        "classes": list(columns.classes),
        "unseen": columns.unseen,
        "learned_rows": columns.learned_rows,
        "features": [
            {"name": c.name, "kind": c.kind, "low": c.low, "high": c.high, "fill": c.fill}
            if c.kind == "number"
            else {"name": c.name, "kind": c.kind, "words": list(c.words), "fill": c.fill}
            for c in columns.features
        ],
    }


def columns_from_dict(content: Any) -> tuple[tuple[Column, ...], dict[str, Any]]:
    """The columns, and the settings beside them."""
    keys = ("format", "version", "target", "classes", "unseen", "learned_rows", "features")
    told = _record(content, keys, "columns")
    if told["format"] != _FORMAT:
        raise DataError(f"columns: format is {told['format']!r:.60}, wanted {_FORMAT!r}.")
    if told["version"] != _VERSION or isinstance(told["version"], bool):
        raise DataError(
            f"columns: version is {told['version']!r:.60}, this graphnn reads {_VERSION}. A newer graphnn may."
        )
    target = _text(told["target"], "columns: target")
    classes = _texts(told["classes"], "columns: classes")
    if told["unseen"] not in ("error", "zeros"):
        raise DataError(f"columns: unseen is {told['unseen']!r:.60}, wanted 'error' or 'zeros'.")
    rows = told["learned_rows"]
    if not isinstance(rows, int) or isinstance(rows, bool) or not 0 <= rows < 2**63:
        raise DataError(f"columns: learned_rows is {rows!r:.60}, wanted a whole number.")
    listed = told["features"]
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_COLUMNS:
        raise DataError(f"columns: features are {listed!r:.60}, wanted a list with at least one column.")
    features = tuple(_column(entry, f"columns: features[{k}]") for k, entry in enumerate(listed))
    names = [column.name for column in features]
    if len(set(names)) < len(names) or target in names:
        double = next(name for k, name in enumerate(names) if name in names[:k] or name == target)
        raise DataError(f"columns: two columns are called {double!r:.60}; names must differ.")
    return features, {"target": target, "classes": classes, "unseen": told["unseen"], "learned_rows": rows}


def _column(entry: Any, who: str) -> Column:
    kind = entry.get("kind") if isinstance(entry, dict) else None
    if kind == "number":
        told = _record(entry, ("name", "kind", "low", "high", "fill"), who)
        low, high = (_number(told[key], f"{who}.{key}") for key in ("low", "high"))
        if low > high:
            raise DataError(f"{who}: low is {low!r}, above high, {high!r}.")
        fill = None if told["fill"] is None else _number(told["fill"], f"{who}.fill")
        return Column(_text(told["name"], f"{who}.name"), "number", (), low, high, fill)
    if kind == "words":
        told = _record(entry, ("name", "kind", "words", "fill"), who)
        words = _texts(told["words"], f"{who}.words")
        if not words:
            raise DataError(f"{who}.words: wanted at least one word.")
        if told["fill"] is not None and told["fill"] not in words:
            raise DataError(f"{who}.fill is {told['fill']!r:.60}, which is none of the words.")
        return Column(_text(told["name"], f"{who}.name"), "words", words, fill=told["fill"])
    raise DataError(f"{who}: wanted a column of kind 'number' or 'words', found {entry!r:.60}.")


def _record(content: Any, keys: tuple[str, ...], who: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise DataError(f"{who}: wanted a dict with {', '.join(keys)}, found {content!r:.60}.")
    lacking = [key for key in keys if key not in content]
    beyond = [key for key in content if key not in keys]
    if lacking or beyond:
        what = f"lacks {lacking[0]!r}" if lacking else f"holds {beyond[0]!r:.60}, which means nothing here"
        raise DataError(f"{who}: {what}; wanted {', '.join(keys)}.")
    return content


def _text(value: Any, who: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise DataError(f"{who}: wanted a text, found {value!r:.60}.")
    return value


def _texts(value: Any, who: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_WORDS:
        raise DataError(f"{who}: wanted a list of at most {MOST_WORDS} texts, found {value!r:.60}.")
    found = tuple(_text(word, f"{who}[{k}]") for k, word in enumerate(value))
    if len(set(found)) < len(found):
        double = next(word for k, word in enumerate(found) if word in found[:k])
        raise DataError(f"{who}: wanted different texts, found {double!r:.60} twice.")
    return found


def _number(value: Any, who: str) -> float:
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or abs(value) > 1e308
        or math.isnan(value)
    ):
        raise DataError(f"{who}: wanted a finite number, found {value!r:.60}.")
    return float(value)
