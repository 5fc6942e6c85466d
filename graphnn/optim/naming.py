"""Choose parameters by their names: the path "scope/name" held against patterns such as "*/dense*/w"."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from graphnn.core.errors import SettingError
from graphnn.core.node import Node


def path_of(node: Node) -> str:
    """The node's scope and name, as "scope/name"."""
    return f"{node.scope}/{node.name}" if node.scope else str(node.name)


def matches(node: Node, pattern: str) -> bool:
    """Whether the pattern describes the node's whole path; `*` stands for anything, "/" included."""
    return fnmatchcase(path_of(node), pattern)


def checked_pattern(pattern: Any, who: str) -> str | None:
    """The pattern of an `only=` setting, or None."""
    if pattern is not None and (not isinstance(pattern, str) or not pattern):
        raise SettingError(f"{who}: only is a pattern of names such as '*/dense1/w', found {pattern!r}.")
    return pattern


def chosen(parameters: Sequence[Node], only: str | None, who: str) -> list[bool]:
    """For each parameter whether a rule concerns it: by the pattern, or else all with two axes or more.

    Raises SettingError if the pattern finds none, and names what there is.
    """
    if only is None:
        return [w.ndim >= 2 for w in parameters]
    found = [matches(w, only) for w in parameters]
    if not any(found):
        raise SettingError(f"{who}: no parameter is called {only!r}; there are {listed(parameters)}.")
    return found


def listed(nodes: Sequence[Node]) -> str:
    """The paths of up to eight nodes, for an error."""
    names = [path_of(node) for node in nodes[:8]]
    return ", ".join(names) + (f" and {len(nodes) - 8} more" if len(nodes) > 8 else "")
