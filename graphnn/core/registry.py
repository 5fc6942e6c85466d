"""The table of all declared ops by name, and the services that upper floors lend to nodes.

Nodes need ops (`a + b`) and the engine (`c.value`), which stand on higher floors. Both enter here when their
modules are imported, so that core imports nothing from above.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphnn.core.errors import GraphError, did_you_mean

if TYPE_CHECKING:
    from graphnn.core.op import Op

OPS: dict[str, Op] = {}
SERVICES: dict[str, Callable[..., Any]] = {}


def find_op(name: str, who: str = "op") -> Op:
    """The declared op of that name."""
    try:
        return OPS[name]
    except (KeyError, TypeError):
        raise GraphError(f"{who}: there is no op {name!r}.{did_you_mean(name, OPS)}") from None
