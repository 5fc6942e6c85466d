"""What all sweeps share: the order of steps, the blocks of a record, checks, and how kernels see a sweep."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from graphnn.core.dims import Dim, shape_text, size_of
from graphnn.core.errors import ShapeError
from graphnn.core.node import Node
from graphnn.core.op import View
from graphnn.ops.join import stack
from graphnn.ops.recurrent_cells import check_gates, columns
from graphnn.ops.slicing import build_slice


def steps_of(a: Node, reverse: bool, who: str) -> list[int]:  # noqa: FBT001
    """The numbers of all steps in the order in which they are taken; they must be known to be written out."""
    if isinstance(a.shape[0], Dim):
        raise ShapeError(
            f"{who}: the number of steps is {a.shape[0]!s}, known only at run time; to write the steps out, or "
            "to differentiate twice, give the input a fixed number of steps."
        )
    order = list(range(a.shape[0]))
    return order[::-1] if reverse else order


def at_step(x: Node, t: int) -> Node:
    """x[t]."""
    return build_slice(x, (t,))


def in_order(parts: list[Node], reverse: bool) -> Node:  # noqa: FBT001
    """What was made step after step as one array, along a first axis of time."""
    return stack(parts[::-1] if reverse else parts)


def previous(records: Node, start: Node, t: int, block: int, *, reverse: bool) -> Node:
    """Block `block` of the record one step before t, or what the sweep started with."""
    first = records.shape[0] - 1 if reverse else 0
    if t == first:
        return start
    return columns(at_step(records, t + 1 if reverse else t - 1), start.shape[-1], block)


def check_steps(who, x, name, u, gates, blocks):
    """Raise ShapeError unless x has steps, and rows of as many states as it should, and u one block a gate."""
    check_gates(who, u, gates)
    if x[0] == 0:
        raise ShapeError(f"{who}: {name} {shape_text(x)} has no steps; a sequence has at least one.")
    if x[2] != blocks * u[0]:
        raise ShapeError(
            f"{who}: {name} is {shape_text(x)}; for a state of {u[0]} its last axis must be {blocks * u[0]}."
        )


def sweep_view(*shapes, **attributes):
    """Flat arrays, and what part of the batch to do: all rows. The first operand is (time, batch, any)."""
    (steps, batch, _), u = shapes[0], shapes[1]
    ints = {"steps": steps, "batch": batch, "size": u[0], "top": 0, "bottom": batch}
    ints["work"] = steps * batch * u[0] * u[1]
    for name, value in attributes.items():
        ints[name] = int(value) if isinstance(value, bool) else int(value in ("relu", "state", "cell"))
    return View(tuple((prod(shape),) for shape in shapes), ints)


def cut_rows(view, parts):
    """The rows of the batch, or of a product, in equal shares: no row needs another."""
    rows = view.ints["bottom"]
    cuts = [rows * k // parts for k in range(parts + 1)]
    shares = [View(view.shapes, {**view.ints, "top": a, "bottom": b}) for a, b in pairwise(cuts) if a < b]
    return shares or [view]


def slope_scratch(view, gates, states, sums):
    """Room for the transposed u, what is carried back, and the sums of one step, per row of this part."""
    n, rows = view.ints["size"], view.ints["bottom"] - view.ints["top"]
    return gates * n * n + (states + sums) * rows * n


def sweep_cost(node: Node) -> Any:
    """One product with u for every step and row, and about four operations for a number of each gate."""
    u = node.operands[1]
    return size_of(node.operands[0].shape[:2]) * (2 * size_of(u.shape) + 4 * u.shape[1])
