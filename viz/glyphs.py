"""Find fonts for letters that none of the shipped ones has: Korean, Chinese, Thai, emoji, ... in PNG and PDF.

A letter is looked for in the fonts that `viz.fonts` was given and those of the variable GRAPHNN_FONTS, then in font
packages from PyPI that are installed, then in the folders of the system. No place and no size hangs on what is found.
"""

from __future__ import annotations

import importlib.util
import io
import os
import struct
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

from viz.text import Font, fallback, font

__all__ = ["fonts", "found_for", "is_known", "of_weight", "runs", "visual"]

# Packages of fonts under free licences, and which of their folders hold the files.
PACKAGES = {
    "manimgx_fonts": ".",
    "justmytype_intl_cjk": "fonts",
    "koreanize_matplotlib": "fonts",
    "japanize_matplotlib": "fonts",
}
_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
# Of a system's folders so many files are looked at.
_FILES_AT_MOST = 500
_given: list[Path] = []


def fonts(*paths: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Use these TrueType files for letters that the shipped fonts do not have; returns all that were given so far.

    Raises ValueError for a file that cannot be read as a TrueType font.
    """
    for path in map(Path, paths):
        try:
            Font(path)
        except (OSError, ValueError, KeyError, struct.error) as error:
            raise ValueError(f"viz.fonts: {str(path)!r} is not a TrueType font: {error!s}") from None
        if path not in _given:
            _given.append(path)
    found_for.cache_clear()
    return tuple(_given)


@cache
def found_for(character: str) -> Path | None:
    """A file that has a glyph for the letter; None if there is none."""
    for path in (*_given, *_named(), *_packaged(), *_of_system()):
        opened = _opened(path)
        if opened is not None and character in opened:
            return path
    return None


def _named() -> Iterator[Path]:
    for word in os.environ.get("GRAPHNN_FONTS", "").split(os.pathsep):
        if word:
            yield Path(word)


@cache
def _packaged() -> tuple[Path, ...]:
    found: list[Path] = []
    for name, folder in PACKAGES.items():
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            inside = sorted((Path(spec.origin).parent / folder).rglob("*.ttf"))
            found += [path for path in inside if "Italic" not in path.name]
    return tuple(sorted(found, key=lambda path: _rank(path.stem)))


@cache
def _of_system() -> tuple[Path, ...]:
    found: list[Path] = []
    for folder in _FOLDERS.get(sys.platform, _FOLDERS["linux"]):
        for path in sorted(Path(folder).expanduser().rglob("*.tt[fc]"))[:_FILES_AT_MOST]:
            if path.suffix == ".ttf" and not any(word in path.stem for word in ("Italic", "Oblique", "Mono")):
                found.append(path)
    return tuple(sorted(found, key=lambda path: _rank(path.stem)))


def _rank(name: str) -> tuple[bool, bool, str]:
    """Plain weights first, and fonts without serifs; then by name."""
    heavy = any(word in name for word in ("Bold", "Black", "Light", "Thin"))
    return heavy, "Serif" in name, name


@cache
def _opened(path: Path) -> Font | None:
    try:
        return Font(path)
    except (OSError, ValueError, KeyError, struct.error):
        return None


def is_known(character: str) -> bool:
    """Whether some font has the letter: a shipped one, or one that was found."""
    shipped = (font(), fallback())
    return any(opened is not None and character in opened for opened in shipped) or bool(found_for(character))


def runs(text: str, weight: str = "regular") -> list[tuple[Path, str]]:
    """The text in stretches of one font each: of the shipped ones, where they have the letters."""

    def of(character: str) -> Path:
        for opened in (font(weight), fallback()):
            if opened is not None and character in opened:
                return opened.path
        return found_for(character) or font(weight).path

    # Marks that have no width stay with the letter before them.
    parts: list[tuple[Path, str]] = []
    for character in text:
        joins = bool(parts) and unicodedata.category(character) in ("Mn", "Cf")
        parts.append((parts[-1][0] if joins else of(character), character))
    return [(path, "".join(c for _, c in group)) for path, group in groupby(parts, key=lambda part: part[0])]


@cache
def of_weight(path: Path, weight: int, letters: str) -> bytes | None:
    """A font whose weight varies, at this weight and with these letters only; None for one of a fixed weight.

    Without fontTools, which matplotlib brings, it is None too: the font is used at the weight that it opens with.
    """
    if "[wght]" not in path.name or importlib.util.find_spec("fontTools") is None:
        return None
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
    from fontTools.varLib import instancer  # type: ignore[import-untyped]

    opened = TTFont(path, recalcTimestamp=False, lazy=True)
    chosen = Subsetter(Options(layout_features=[], notdef_outline=True, hinting=False))
    chosen.populate(text=letters + visual(letters))
    chosen.subset(opened)
    fixed = instancer.instantiateVariableFont(opened, {"wght": weight})
    content = io.BytesIO()
    fixed.save(content)
    return content.getvalue()


def visual(text: str) -> str:
    """The letters from left to right as they are seen: those of Hebrew and Arabic run the other way, and join."""
    if not any(unicodedata.bidirectional(c) in _LEFTWARDS for c in text):
        return text
    stretches: list[tuple[bool, str]] = []
    for character in _joined(text):
        kind = unicodedata.bidirectional(character)
        leftwards = kind in _LEFTWARDS or (
            bool(stretches) and stretches[-1][0] and kind not in ("L", "EN", "AN")
        )
        if stretches and stretches[-1][0] == leftwards:
            stretches[-1] = (leftwards, stretches[-1][1] + character)
        else:
            stretches.append((leftwards, character))
    seen = []
    for leftwards, part in stretches:
        kept = part.rstrip() if leftwards else part  # a space at the end belongs to what follows
        turned = "".join(_MIRRORED.get(c, c) for c in reversed(kept)) if leftwards else kept
        seen.append(turned + part[len(kept) :])
    return "".join(seen)


_LEFTWARDS = ("R", "AL", "NSM")
_MIRRORED = dict(zip("()[]{}<>«»", ")(][}{><»«", strict=True))


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Arabic letters in the forms that they have alone, at the end, the beginning and in the middle of a word."""
    found: dict[str, dict[str, str]] = {}
    for code in range(0xFE70, 0xFF00):
        form, _, base = unicodedata.decomposition(chr(code)).partition(" ")
        if base and " " not in base:
            found.setdefault(chr(int(base, 16)), {})[form.strip("<>")] = chr(code)
    return found


def _joined(text: str) -> Iterable[str]:
    forms = _forms()

    def joins(k: int, form: str) -> bool:
        return 0 <= k < len(text) and form in forms.get(text[k], ())

    for k, character in enumerate(text):
        own = forms.get(character)
        if own is None:
            yield character
            continue
        before = joins(k - 1, "initial") and "final" in own  # the letter before reaches on to this one
        behind = joins(k + 1, "final") and "initial" in own
        form = "medial" if before and behind else "final" if before else "initial" if behind else "isolated"
        yield own.get(form, own.get("isolated", character))
