"""Prepare a graph for the engine: simplify it, then fuse what has a faster kernel. Graph in, graph out."""

from __future__ import annotations

from collections.abc import Sequence

from graphnn.core.node import Node
from graphnn.transform.fuse import fuse_outputs
from graphnn.transform.rewrite import Place
from graphnn.transform.simplify import simplify_outputs


def lower(outputs: Sequence[Node], *, keep_names: bool = False) -> tuple[list[Node], Place]:
    """The outputs as the engine will compute them, and where each node stands in the order that was written.

    keep_names : do not fuse, so that a node that goes wrong at run time is one that the user wrote
    """
    simple, replaced = simplify_outputs(outputs)
    if keep_names:
        return list(simple), replaced.place
    fused, replaced = fuse_outputs(simple, replaced.place)
    return list(fused), replaced.place
