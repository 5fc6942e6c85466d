"""The static settings of a node, which never change."""

from __future__ import annotations

from typing import Any


class Attributes(dict[str, Any]):
    """A node's static settings: a dict that cannot be changed."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a node's attributes cannot be changed: build a new node instead.")

    __setitem__ = __delitem__ = __ior__ = update = pop = popitem = clear = setdefault = _refuse
