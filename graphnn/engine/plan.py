"""Plan a run: for actual axis sizes, decide what executes, in which order, and where every value lives.

A plan costs no compilation. It walks the graph a few times:

1. actual shapes; which nodes execute, which are another node's memory (reshape), and which are one element seen as
   many (a broadcast scalar that only pointwise kernels read: stride 0 instead of a copy);
2. lifetimes of values, and which parameter updates may be written in place;
3. places in the arena.

`graphnn.engine.pages` then writes the kernels' pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from graphnn.core.dims import Dim, evaluate, evaluate_dim
from graphnn.core.graph import by_serial, reached
from graphnn.core.node import Node
from graphnn.core.registry import OPS
from graphnn.core.storage import padded
from graphnn.engine.arena import Layout, Lifetime, lay_out
from graphnn.transform.rewrite import Place

Ints = tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What runs where, for one set of axis sizes. Offsets are bytes from the arena's beginning.

    shapes : actual shape of every node
    steps : the nodes that execute, in order
    roots : node -> the node whose memory it is
    still : broadcast node -> the one-element node that stands for it
    in_place : new value -> the parameter in whose room it is made
    copies_before : values saved before the first parameter is written (`spare`: their offsets)
    copies_after : (parameter, new value) written at the end
    gradients : what updates in place read, kept in a flat buffer of its own; offsets of `gradient_bytes`
    """

    binding: Mapping[str, int]
    shapes: dict[Node, Ints]
    steps: list[Node]
    roots: dict[Node, Node]
    still: dict[Node, Node]
    offsets: dict[Node, int]
    layout: Layout
    in_place: dict[Node, Node]
    copies_before: list[Node] = field(default_factory=list)
    copies_after: list[tuple[Node, Node]] = field(default_factory=list)
    spare: dict[Node, int] = field(default_factory=dict)
    gradients: dict[Node, int] = field(default_factory=dict)
    gradient_bytes: int = 0

    def attributes(self, node: Node) -> Mapping[str, Any]:
        """The node's attributes with axis names replaced by sizes."""
        if not self.binding or not node.attributes:
            return node.attributes
        return {k: evaluate_attribute(v, self.binding) for k, v in node.attributes.items()}


def evaluate_attribute(value: Any, binding: Mapping[str, int]) -> Any:
    if isinstance(value, Dim):
        return evaluate_dim(value, binding)
    if isinstance(value, tuple):
        return tuple(evaluate_attribute(v, binding) for v in value)
    return value


def make_plan(
    outputs: Sequence[Node],
    updates: Sequence[tuple[Node, Node]],
    binding: Mapping[str, int],
    *,
    keep: bool = False,
    allow_in_place: bool = True,
    place: Place = by_serial,
) -> Plan:
    """Plan the nodes that `outputs` and the new values of `updates` (parameter, new value) need.

    keep : every value stays until the end of the run, so that all can be looked at
    place : the order of execution, where that is not the order of creation
    """
    results = [*outputs, *[new for _, new in updates]]
    order = reached([*results, *[parameter for parameter, _ in updates]])
    if place is not by_serial:
        order.sort(key=lambda node: (place(node), node.serial))
    shapes = _actual_shapes(order, binding)
    steps, roots, still = _what_executes(order, results, shapes)
    copies_before, copies_after = _copies(outputs, updates, roots)
    starts, ends = _lifetimes(steps, roots, still)
    last = len(steps)
    for node in (*results, *copies_before):
        ends[roots[node]] = last + 1
    in_place = _in_place(updates, steps, roots, ends, starts) if allow_in_place else {}
    # A value that is made in its parameter's room needs neither a place in the arena nor a copy.
    copies_after = [(p, new) for p, new in copies_after if in_place.get(new) is not p]
    gradients, gradient_bytes = _flat_gradients(in_place, starts, roots, shapes)
    values = [n for n in steps if n not in in_place and n not in gradients]
    lifetimes = [
        Lifetime(
            prod(shapes[n]) * n.dtype.itemsize,
            starts[n],
            last + 1 if keep else max(ends.get(n, 0), starts[n]),
        )
        for n in values
    ]
    lifetimes += [Lifetime(prod(shapes[n]) * n.dtype.itemsize, last, last + 1) for n in copies_before]
    layout = lay_out(lifetimes)
    offsets = dict(zip(values, layout.offsets, strict=False))
    spare = dict(zip(copies_before, layout.offsets[len(values) :], strict=True))
    return Plan(
        binding, shapes, steps, roots, still, offsets, layout, in_place, copies_before, copies_after, spare,
        gradients, gradient_bytes,
    )  # fmt: skip


def _actual_shapes(order: Sequence[Node], binding: Mapping[str, int]) -> dict[Node, Ints]:
    known: dict[Any, Ints] = {}
    shapes: dict[Node, Ints] = {}
    for node in order:
        shape = node.shape
        actual = known.get(shape)
        if actual is None:
            actual = known[shape] = evaluate(shape, binding)
        shapes[node] = actual
    return shapes


def _what_executes(
    order: Sequence[Node], results: Sequence[Node], shapes: Mapping[Node, Ints]
) -> tuple[list[Node], dict[Node, Node], dict[Node, Node]]:
    broadcast = OPS["broadcast_to"]
    needed: set[Node] = set(results)
    for node in order:
        if not node.op.pointwise:
            needed.update(node.operands)
    steps: list[Node] = []
    roots: dict[Node, Node] = {}
    still: dict[Node, Node] = {}
    for node in order:
        op = node.op
        if op.role != "op":
            roots[node] = node
        elif op.alias or (op is broadcast and prod(shapes[node]) == 1):
            roots[node] = roots[node.operands[0]]
        elif op is broadcast and node not in needed and prod(shapes[node.operands[0]]) == 1:
            still[node] = node.operands[0]
            roots[node] = roots[node.operands[0]]
        else:
            roots[node] = node
            steps.append(node)
    return steps, roots, still


def _copies(
    outputs: Sequence[Node], updates: Sequence[tuple[Node, Node]], roots: Mapping[Node, Node]
) -> tuple[list[Node], list[tuple[Node, Node]]]:
    """Values to save before any parameter is written, and the writes themselves.

    All results are of the old parameters: swapping two parameters, or returning one that is updated, works.
    """
    updated = {p for p, _ in updates}
    before = [n for n in dict.fromkeys((*outputs, *[new for _, new in updates])) if roots[n] in updated]
    return before, [(p, new) for p, new in updates if new is not p]


def _lifetimes(
    steps: Sequence[Node], roots: Mapping[Node, Node], still: Mapping[Node, Node]
) -> tuple[dict[Node, int], dict[Node, int]]:
    starts: dict[Node, int] = {}
    ends: dict[Node, int] = {}
    for t, node in enumerate(steps):
        starts[node] = t
        for operand in node.operands:
            ends[roots[operand]] = t
    return starts, ends


def _flat_gradients(
    in_place: Mapping[Node, Node],
    starts: Mapping[Node, int],
    roots: Mapping[Node, Node],
    shapes: Mapping[Node, Ints],
) -> tuple[dict[Node, int], int]:
    """Places in one flat buffer for what updates read, in the order and with the gaps of the parameters' buffer.

    Then the same formula for all parameters is one call over both buffers: see graphnn.engine.pages.
    """
    places: dict[Node, int] = {}
    at = 0
    for new in sorted(in_place, key=starts.__getitem__):
        parameter = in_place[new]
        if parameter.storage is None or parameter.storage.buffer is None:
            continue
        for operand in new.operands:
            root = roots[operand]
            if (
                root in starts
                and root not in in_place
                and root not in places
                and operand.dtype is parameter.dtype
                and shapes[root] == shapes[parameter]
            ):
                places[root] = at
                at += padded(prod(shapes[root]) * root.dtype.itemsize)
    return places, at


def _in_place(
    updates: Sequence[tuple[Node, Node]],
    steps: Sequence[Node],
    roots: Mapping[Node, Node],
    ends: Mapping[Node, int],
    starts: Mapping[Node, int],
) -> dict[Node, Node]:
    """New values that their kernels may write straight into the parameter's room.

    That is safe if the kernel allows it, the old value is read by nobody later, and no later node can fault
    (a failed run must leave every parameter as it was).
    """
    last_fault = max((t for t, n in enumerate(steps) if n.op.fault_function is not None), default=-1)
    found: dict[Node, Node] = {}
    for parameter, new in updates:
        if (
            _may_take_room(new, parameter)
            and new in starts
            and new not in found
            and new.shape == parameter.shape
            and new.dtype is parameter.dtype
            and ends.get(parameter) == starts[new]
            and starts[new] > last_fault
        ):
            found[new] = parameter
    return found


def _may_take_room(new: Node, parameter: Node) -> bool:
    """Whether the kernel of `new` may write where it reads the parameter."""
    slots = [slot for slot, operand in enumerate(new.operands) if operand is parameter]
    return bool(slots) if new.op.pointwise else slots == [new.op.room]
