"""Plan a run: for actual axis sizes, decide what executes, in which order, and where every value lives.

A plan costs no compilation. It walks the graph a few times:

1. actual shapes; which nodes execute, which are another node's memory (reshape), and which are one element seen as
   many (a broadcast scalar that only pointwise kernels read: stride 0 instead of a copy); updates that are products
   move up, so that what they read need not be kept;
2. lifetimes of values, and which parameter updates may be written in place;
3. places in the arena.

`graphnn.engine.pages` then writes the kernels' pages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import prod
from typing import Any

from graphnn.core.dims import Dim, evaluate, evaluate_dim
from graphnn.core.graph import by_serial, reached
from graphnn.core.node import Node
from graphnn.core.registry import OPS
from graphnn.core.storage import padded
from graphnn.engine.arena import Layout, Lifetime, lay_out
from graphnn.engine.parts import scratch_bytes
from graphnn.engine.tiles import SMALLEST, TileGroup, clock, group, runs
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
    scratch : where the working memory of a node's kernel is
    gradients : what updates in place read, kept in a flat buffer of its own; offsets of `gradient_bytes`
    tiles : first step -> the group of steps that runs tile by tile
    inner : where the tiles of values are that only their group reads; those of the next thread lie `room` further
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
    scratch: dict[Node, int] = field(default_factory=dict)
    tiles: dict[int, TileGroup] = field(default_factory=dict)
    inner: dict[Node, int] = field(default_factory=dict)

    def attributes(self, node: Node) -> Mapping[str, Any]:
        """The node's attributes with axis names replaced by sizes."""
        return actual_attributes(node, self.binding)


def actual_attributes(node: Node, binding: Mapping[str, int]) -> Mapping[str, Any]:
    if not binding or not node.attributes:
        return node.attributes
    return {k: evaluate_attribute(v, binding) for k, v in node.attributes.items()}


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
    tiles: bool = False,
    place: Place = by_serial,
) -> Plan:
    """Plan the nodes that `outputs` and the new values of `updates` (parameter, new value) need.

    keep : every value stays until the end of the run, so that all can be looked at
    tiles : neighbouring pointwise nodes of one size run tile by tile (never together with `keep`)
    place : the order of execution, where that is not the order of creation
    """
    results = [*outputs, *[new for _, new in updates]]
    order = reached([*results, *[parameter for parameter, _ in updates]])
    if place is not by_serial:
        order.sort(key=lambda node: (place(node), node.serial))
    shapes = _actual_shapes(order, binding)
    steps, roots, still = _what_executes(order, results, shapes)
    products = _products(steps, roots, updates, results) if allow_in_place else {}
    if products or (tiles and sum(prod(shapes[parameter]) for parameter, _ in updates) >= SMALLEST):
        steps = _numbers_first(steps, roots, shapes, {new for _, new in updates})
    if products:
        steps = _products_early(steps, roots, products)
    copies_before, copies_after = _copies(outputs, updates, roots)
    starts, ends = _lifetimes(steps, roots, still)
    last = len(steps)
    for node in (*results, *copies_before):
        ends[roots[node]] = last + 1
    in_place = _in_place(updates, steps, roots, ends, starts) if allow_in_place else {}
    # A value that is made in its parameter's room needs neither a place in the arena nor a copy.
    copies_after = [(p, new) for p, new in copies_after if in_place.get(new) is not p]
    gradients, gradient_bytes = _flat_gradients(in_place, starts, roots, shapes)
    groups: dict[int, TileGroup] = {}
    if tiles:
        flat = {n for n, p in in_place.items() if p.storage is not None and p.storage.buffer is not None}
        room = {*in_place, *gradients}
        groups = {run[0]: group(steps, run, ends, room) for run in runs(steps, shapes, flat)}
    now = clock(last + 2, groups.values()) if groups else range(last + 2)
    hidden = {node: place for found in groups.values() for node, place in found.places.items()}
    hosts = _hosts(groups.values(), steps, ends, roots, shapes, {*in_place, *gradients, *hidden})
    until = {node: last + 1 if keep else max(ends.get(node, 0), t) for t, node in enumerate(steps)}
    for guest, host in hosts.items():
        until[host] = max(until[host], until[guest])
    places: dict[str, dict[Node, int]] = {"value": {}, "scratch": {}, "spare": {}, "tiles": {}}
    wanted: list[tuple[str, Node]] = []
    lifetimes: list[Lifetime] = []
    for t, node in enumerate(steps):
        if t in groups:
            wanted.append(("tiles", node))
            lifetimes.append(Lifetime(groups[t].room * groups[t].parts, now[t], now[t]))
        if node.op.scratch_function is not None:
            wanted.append(("scratch", node))
            lifetimes.append(Lifetime(_scratch_bytes(node, shapes, binding), now[t], now[t]))
        if node not in in_place and node not in gradients and node not in hidden and node not in hosts:
            wanted.append(("value", node))
            size = prod(shapes[node]) * node.dtype.itemsize
            lifetimes.append(Lifetime(size, now[t], now[until[node]]))
    wanted += [("spare", node) for node in copies_before]
    sizes = [prod(shapes[n]) * n.dtype.itemsize for n in copies_before]
    lifetimes += [Lifetime(size, now[last], now[last + 1]) for size in sizes]
    layout = lay_out(lifetimes)
    for (kind, node), offset in zip(wanted, layout.offsets, strict=True):
        places[kind][node] = offset
    for guest, host in hosts.items():
        places["value"][guest] = places["value"][host]
    inner = {
        node: places["tiles"][steps[t]] + place
        for t, found in groups.items()
        for node, place in found.places.items()
    }
    return Plan(
        binding, shapes, steps, roots, still, places["value"], layout, in_place, copies_before, copies_after,
        places["spare"], gradients, gradient_bytes, places["scratch"], groups, inner,
    )  # fmt: skip


def _hosts(
    groups: Iterable[TileGroup],
    steps: Sequence[Node],
    ends: Mapping[Node, int],
    roots: Mapping[Node, Node],
    shapes: Mapping[Node, Ints],
    barred: Collection[Node],
) -> dict[Node, Node]:
    """Results of groups that take the room of a value which their group is the last to read.

    All values of a group live at one time, so the arena would otherwise keep both. Element by element the old value
    is read for the last time before the new one is written: by an earlier step, for no kernel is compiled to write
    where it reads.
    """
    hosts: dict[Node, Node] = {}
    for found in groups:
        size = prod(shapes[steps[found.first]])
        dying: dict[Node, None] = {}
        for t in range(found.first, found.last):
            node = steps[t]
            if node not in barred:
                for old in dying:
                    if ends[old] < t and old.dtype.itemsize == node.dtype.itemsize:
                        hosts[node] = hosts.get(old, old)
                        del dying[old]
                        break
            for operand in node.operands:
                root = roots[operand]
                if (
                    ends[root] < found.last
                    and root.op.role == "op"
                    and root not in barred
                    and prod(shapes[root]) == size
                ):
                    dying[root] = None
    return hosts


def _scratch_bytes(node: Node, shapes: Mapping[Node, Ints], binding: Mapping[str, int]) -> int:
    actual = [*[shapes[o] for o in node.operands], shapes[node]]
    return scratch_bytes(node, node.op.kernel_views(actual, actual_attributes(node, binding)))


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


def _numbers_first(
    steps: Sequence[Node], roots: Mapping[Node, Node], shapes: Mapping[Node, Ints], fixed: Collection[Node]
) -> list[Node]:
    """The steps with single numbers as early as may be, so that they do not stand between the passes of an optimiser.

    New values of parameters stay where they are: an update in place comes after all that reads the parameter.
    """
    keys: dict[Node, tuple[int, int]] = {}
    for t, node in enumerate(steps):
        at = t
        if node.op.pointwise and node not in fixed and prod(shapes[node]) == 1:
            at = max((keys[root][0] for o in node.operands if (root := roots[o]) in keys), default=-1)
        keys[node] = at, t
    return sorted(steps, key=keys.__getitem__)


def _products(
    steps: Sequence[Node],
    roots: Mapping[Node, Node],
    updates: Sequence[tuple[Node, Node]],
    results: Sequence[Node],
) -> dict[Node, Node]:
    """New values that are products made in their parameter's room, such as sgd_step_product -> the parameter."""
    shown, executed = {roots[node] for node in results}, set(steps)
    return {
        new: parameter
        for parameter, new in updates
        if new in executed
        and not new.op.pointwise
        and parameter not in shown
        and _may_take_room(new, parameter)
    }


def _products_early(
    steps: Sequence[Node], roots: Mapping[Node, Node], products: Mapping[Node, Node]
) -> list[Node]:
    """The steps with these new values as early as they may be in place.

    What such a product reads, a layer's operand and the adjoint of its result, would otherwise be kept for all layers
    until the end. It stands behind what it reads, the last other reader of the parameter, and the last node that can
    fault; and behind the pointwise nodes that follow there, whose run it would cut in two. The price: an interrupt
    waits for the end of the step from the first product on, for a step is made wholly or not at all.
    """
    at = {node: t for t, node in enumerate(steps)}
    last_read: dict[Node, int] = {}
    last_fault = -1
    for t, node in enumerate(steps):
        if node.op.fault_function is not None:
            last_fault = t
        for operand in node.operands:
            if products.get(node) is not operand:
                last_read[roots[operand]] = t
    keys = {node: (t, 0) for node, t in at.items()}
    for new, parameter in products.items():
        read = [at[roots[o]] for o in new.operands if roots[o] in at]
        t = max(last_fault, last_read.get(parameter, -1), *read, -1)
        while t + 1 < at[new] and steps[t + 1].op.pointwise:
            t += 1
        keys[new] = t, at[new]
    return sorted(steps, key=keys.__getitem__)


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

    Then the same formula for all parameters is one call over both buffers: see graphnn.engine.pages. What the formulas
    before them read lies there too, slot by slot, so that a chain such as clip, blend, step is a call each.
    """
    places: dict[Node, int] = {}
    at, first = 0, True
    level = [
        new
        for new in sorted(in_place, key=starts.__getitem__)
        if (storage := in_place[new].storage) is not None and storage.buffer is not None
    ]
    while level:
        found: list[Node] = []
        for _, equals in groupby(level, lambda node: node.op):
            nodes = list(equals)
            for slot in range(max(len(node.operands) for node in nodes)):
                for node in nodes:
                    operand = _laid(node, slot, shapes, first=first)
                    if operand is None:
                        continue
                    root = roots[operand]
                    if (
                        root in starts
                        and root not in in_place
                        and root not in places
                        and operand.dtype is node.dtype
                        and shapes[root] == shapes[node]
                    ):
                        places[root] = at
                        at += padded(prod(shapes[root]) * root.dtype.itemsize)
                        found.append(root)
        level, first = found, False
    return places, at


def _laid(node: Node, slot: int, shapes: Mapping[Node, Ints], *, first: bool) -> Node | None:
    """The operand, if it may lie in the flat buffer: of updates all, behind them those of small pointwise nodes.

    Large ones are left to tiles, which never write what they hand on.
    """
    small = first or (node.op.pointwise and prod(shapes[node]) < SMALLEST)
    return node.operands[slot] if small and slot < len(node.operands) else None


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
