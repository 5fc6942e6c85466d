"""Scopes: group the nodes that are made inside a `with` block under one name, for drawings and listings."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from graphnn.core.errors import SettingError

_current: contextvars.ContextVar[str] = contextvars.ContextVar("graphnn_scope", default="")

current_scope = _current.get


@contextlib.contextmanager
def scope(name: str) -> Iterator[str]:
    """Put every node made in the block under `name`; scopes nest as `outer/inner`.

    Example
    -------
    >>> import graphnn as gn
    >>> with gn.scope("hidden"):
    ...     y = gn.relu(gn.input("x", (3,)))
    >>> y.scope
    'hidden'
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise SettingError(f"scope: a scope's name is a non-empty text without '/', found {name!r}.")
    outer = _current.get()
    token = _current.set(f"{outer}/{name}" if outer else name)
    try:
        yield _current.get()
    finally:
        _current.reset(token)


@contextlib.contextmanager
def absolute_scope(path: str) -> Iterator[None]:
    """Put nodes under exactly `path`. Rewriting passes use it to keep a node where it was."""
    token = _current.set(path)
    try:
        yield
    finally:
        _current.reset(token)
