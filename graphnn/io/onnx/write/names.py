"""Names for values and nodes of an ONNX file: any text, none empty, none twice."""

from __future__ import annotations

__all__ = ["Names", "clean"]


def clean(text: str, otherwise: str = "unnamed") -> str:
    """The text as a file can hold it: half letters are replaced, an empty text is `otherwise`."""
    return text.encode("utf-8", "replace").decode("utf-8") or otherwise


class Names:
    """Gives each name once: the second "dense" is "dense_1", the third "dense_2"."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """`wanted`, or the first free name of its kind."""
        base = name = clean(wanted)
        while name in self._taken:
            count = self._counts.get(base, 0) + 1
            self._counts[base] = count
            name = f"{base}_{count}"
        self._taken.add(name)
        return name

    def __contains__(self, name: object) -> bool:
        return name in self._taken
