"""Tables of what a model holds and costs: layers or scopes with their shapes, parameters, operations and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphnn.core.dims import Dim, DimLike, Shape, evaluate, shape_text, size_of
from graphnn.core.errors import GraphError, SettingError
from graphnn.core.graph import Graph
from graphnn.core.leaves import input, is_counter
from graphnn.core.node import Node
from graphnn.core.scope import absolute_scope
from graphnn.core.settings import whole_number
from graphnn.nn.layer import Call, Layer, as_node, recorded_calls
from graphnn.nn.summary_text import table
from graphnn.transform.cost import Cost, cost


@dataclass(frozen=True)
class SummaryRow:
    """One line of a summary: what stands in a layer or scope, but not in a line of its own.

    Attributes
    ----------
    path : the scopes, as outer/inner; empty for what stands in none
    level : how deep it stands below the first lines
    kind : the class of the layer; in a graph, where no layer is known, the names of its ops
    shape : of what the layer gives; None if nothing leaves it
    trainable, frozen : how many numbers its parameters hold. Those that other lines use too count once, where they
        were made
    operations : of the forward nodes, as gn.cost counts; a number or a polynomial in the axis names
    parameter_bytes, activation_bytes : memory of the parameters, and of all values that are computed, as if nothing
        were fused; what is only repeated along an axis does not count
    """

    path: str
    level: int
    kind: str
    shape: Shape | None
    trainable: int
    frozen: int
    operations: DimLike
    parameter_bytes: int
    activation_bytes: DimLike


@dataclass(frozen=True)
class Summary:
    """What a model holds and costs, line by line, with totals; `str` of it is a table of at most 100 columns."""

    title: str
    rows: tuple[SummaryRow, ...]
    total: SummaryRow

    def __str__(self) -> str:
        return table(self.title, self.rows, self.total)

    __repr__ = __str__


def summary(
    model: Layer | Graph | Node | Iterable[Node], depth: int = 1, sizes: Mapping[str, int] | None = None
) -> Summary:
    """A table of a model: one line for each layer, or for each scope of a graph, with totals.

    model : a layer that has been called; or a graph or its outputs, which may come from a file
    depth : how many levels of layers or scopes get lines of their own; what stands deeper counts to the line above.
        In a graph, scopes that all parameters stand in are not counted
    sizes : sizes of named axes, as {"batch": 64}; those that are not named stay in the numbers

    A layer is summed up as it is used for inference. A parameter that is used twice counts once.

    Raises GraphError for a layer that was never called: use `layer.summary(x)`. Raises SettingError for a size of an
    axis that there is not.

    Example
    -------
    >>> import graphnn as gn
    >>> net = gn.nn.Sequential([gn.nn.Dense(32, gn.relu), gn.nn.Dense(10)], seed=1)
    >>> logits = net(gn.input("x", ("batch", 64)))
    >>> print(gn.summary(net))
    Sequential net: (batch, 64) → (batch, 10)
    layer   kind   output       trainable   operations  weights  activations
    dense1  Dense  (batch, 32)      2,080  4.16k·batch  8.32 kB  384 B·batch
    dense2  Dense  (batch, 10)        330    650·batch  1.32 kB   80 B·batch
    total                           2,410  4.81k·batch  9.64 kB  464 B·batch
    """
    if isinstance(model, Layer):
        return summary_of_layer(model, None, depth, sizes)
    graph = model if isinstance(model, Graph) else Graph(model)
    depth = whole_number(depth, "summary: depth", 1)
    outer = _common_path([p.scope for p in graph.parameters if not is_counter(p)])
    level = len(_parts(outer))

    def place(scope: str) -> str:
        inside = scope == outer or scope.startswith(f"{outer}/") if outer else False
        return "/".join(_parts(scope)[: depth + (level if inside else 0)])

    groups: dict[str, _Group] = {}
    for node in graph.nodes:
        if node.role == "op" or (node.role == "parameter" and not is_counter(node)):
            path = place(node.scope)
            groups.setdefault(path, _Group(path)).nodes.append(node)
    groups = _as_a_tree(groups, level)
    for group in groups.values():
        names = dict.fromkeys(
            n.op.name for n in group.nodes if n.role == "op" and n.op.name != "broadcast_to"
        )
        group.kind = ", ".join(names) if len(names) < 4 else f"{', '.join([*names][:3])}, ..."
        group.shape = _what_leaves(graph, group)
    title = f"graph of {len(graph.nodes)} nodes: {_flow(graph.inputs, graph.outputs)}"
    return _summed(graph, groups, graph.parameters, title, sizes)


def summary_of_layer(
    layer: Layer, x: Node | Sequence[Node | None] | None, depth: int, sizes: Mapping[str, int] | None
) -> Summary:
    """The summary of a layer applied to x, or to inputs like those that it was first called with."""
    depth = whole_number(depth, "summary: depth", 1)
    calls: list[Call] = []
    token = recorded_calls.set(calls)
    try:
        if x is None:
            operands: list[Any] = _like_the_first(layer)
            with absolute_scope(layer.first_path.rpartition("/")[0]):
                # Not by layer(): one that sorts its operands first recorded what came of it.
                result = Layer.__call__(layer, *operands)
        else:
            operands = list(x) if isinstance(x, tuple | list) else [x]
            result = layer(as_node(operands[0] if operands else x, f"layer {layer.name}"), *operands[1:])
    finally:
        recorded_calls.reset(token)
    outputs = [result] if isinstance(result, Node) else [node for node in result if isinstance(node, Node)]
    graph = Graph(outputs)
    root = calls[0].path
    groups: dict[str, _Group] = {}
    for call in calls:
        level = len(_parts(call.path)) - len(_parts(root))
        if level <= depth and call.path not in groups:
            shape = call.result.shape if isinstance(call.result, Node) else None
            groups[call.path] = _Group(call.path, level, type(call.layer).__name__, shape)
    owners = dict.fromkeys([*layer.parameters, *[p for p in graph.parameters if not is_counter(p)]])
    for node in [*[n for n in graph.nodes if n.role == "op"], *owners]:
        path = node.scope
        while path and path not in groups:
            path = path.rpartition("/")[0]
        groups.get(path, groups[root]).nodes.append(node)
    if len(groups) > 1 and not groups[root].nodes:
        del groups[root]
        for group in groups.values():
            group.level -= 1
    title = f"{type(layer).__name__} {layer.name}: {_flow([n for n in operands if n is not None], outputs)}"
    return _summed(graph, groups, owners, title, sizes)


def _as_a_tree(groups: Mapping[str, _Group], above: int) -> dict[str, _Group]:
    """Every group behind the one that it stands in, in the order of their first ops; `above` levels have no line."""
    first: dict[str, int] = {}
    for group in groups.values():
        ops = [node.serial for node in group.nodes if node.role == "op"]
        parts = _parts(group.path)
        for k in range(min(above + 1, len(parts)), len(parts) + 1):
            path = "/".join(parts[:k])
            at = min(ops or [node.serial for node in group.nodes])
            first[path] = min(at, first.get(path, at))

    def place(path: str) -> list[tuple[int, str]]:
        parts = _parts(path)
        around = ["/".join(parts[:k]) for k in range(1, len(parts) + 1)] or [""]
        return [(first[part], part) for part in around if part in first]

    tree = {path: groups.get(path) or _Group(path) for path in sorted(first, key=place)}
    for path, group in tree.items():
        group.level = len(place(path)) - 1
    return tree


@dataclass
class _Group:
    """The nodes and parameters of one line."""

    path: str
    level: int = 0
    kind: str = ""
    shape: Shape | None = None
    nodes: list[Node] = field(default_factory=list)


def _like_the_first(layer: Layer) -> list[Any]:
    if not layer.shapes:
        raise GraphError(
            f"summary: layer {layer.name} was never called, so its shapes are not known. Call it, or give an operand: "
            "layer.summary(gn.input('x', ('batch', 64)))."
        )
    names = ["x", *[f"x{k}" for k in range(2, len(layer.shapes) + 1)]]
    with absolute_scope(""):
        return [
            None if dtype is None else input(name, shape, dtype)
            for name, shape, dtype in zip(names, layer.shapes, layer.dtypes, strict=True)
        ]


def _what_leaves(graph: Graph, group: _Group) -> Shape | None:
    """The shape of the last node that others look at."""
    members = set(group.nodes)
    for node in reversed(group.nodes):
        outside = any(edge.target not in members for edge in graph.consumers(node))
        if node.role == "op" and (outside or any(node is output for output in graph.outputs)):
            return node.shape
    return None


def _summed(
    graph: Graph, groups: Mapping[str, _Group], parameters: Iterable[Node], title: str,
    sizes: Mapping[str, int] | None,
) -> Summary:  # fmt: skip
    try:
        costs = cost(graph, sizes)
    except SettingError as error:
        raise SettingError(str(error).replace("cost:", "summary:", 1)) from None
    rows = tuple([_row(group, costs, sizes or {}) for group in groups.values()])
    total = SummaryRow(
        "total", 0, "", None,
        sum(row.trainable for row in rows), sum(row.frozen for row in rows),
        _added(row.operations for row in rows), sum(row.parameter_bytes for row in rows),
        _added(row.activation_bytes for row in rows),
    )  # fmt: skip
    return Summary(title, rows, total)


def _row(group: _Group, costs: Cost, sizes: Mapping[str, int]) -> SummaryRow:
    parameters = [node for node in group.nodes if node.role == "parameter"]
    ops = [costs[node] for node in group.nodes if node.role == "op"]
    counts = {True: 0, False: 0}
    for node in parameters:
        counts[node.trainable] += _number(size_of(node.shape))
    return SummaryRow(
        group.path, group.level, group.kind, None if group.shape is None else _known(group.shape, sizes),
        counts[True], counts[False],
        _added(row.operations for row in ops),
        sum(_number(size_of(node.shape)) * node.dtype.itemsize for node in parameters),
        _added(row.written for row in ops if row.node.op.name != "broadcast_to"),
    )  # fmt: skip


def _known(shape: Shape, sizes: Mapping[str, int]) -> Shape:
    """The shape with the sizes that are known put in."""
    return tuple(
        evaluate((d,), sizes)[0] if isinstance(d, Dim) and set(d.names()) <= set(sizes) else d for d in shape
    )


def _number(size: DimLike) -> int:
    return evaluate((size,), {})[0]


def _added(numbers: Iterable[DimLike]) -> DimLike:
    total: DimLike = 0
    for number in numbers:
        total = total + number
    return total


def _parts(path: str) -> list[str]:
    return path.split("/") if path else []


def _common_path(paths: Sequence[str]) -> str:
    """The scopes that all of these stand in, but not the innermost one of any."""
    parts = [_parts(path)[:-1] for path in dict.fromkeys(paths)]
    common = parts[0] if parts else []
    for other in parts[1:]:
        same = [a == b for a, b in zip(common, other, strict=False)]
        common = common[: same.index(False) if False in same else len(same)]
    return "/".join(common)


def _flow(operands: Iterable[Node], outputs: Iterable[Node]) -> str:
    """Which shapes go in and which come out."""
    shapes = [", ".join(shape_text(node.shape) for node in nodes) for nodes in (operands, outputs)]
    return " → ".join(text for text in shapes if text)
