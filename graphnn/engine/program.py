"""Program: outputs and parameter updates of a graph, compiled once and run at any batch size.

>>> import numpy as np
>>> import graphnn as gn
>>> x = gn.input("x", ("batch", 2))
>>> w = gn.parameter(np.ones((2, 1)), "w")
>>> loss = (x @ w).sum()
>>> step = gn.Program(loss, updates={w: w - 0.1 * gn.gradient(loss, w)})
>>> float(step.run({"x": [[1.0, 2.0]]}))
3.0
>>> w.value.ravel().tolist()
[0.8999999761581421, 0.800000011920929]
"""

from __future__ import annotations

import numbers
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from graphnn.core.collector import collector_paused
from graphnn.core.dims import Dim, evaluate_dim, shape_text
from graphnn.core.errors import FeedError, GraphError, ShapeError, did_you_mean
from graphnn.core.graph import Graph, as_nodes, by_serial
from graphnn.core.leaves import as_array, describe
from graphnn.core.node import Node
from graphnn.core.settings import whole_number
from graphnn.core.storage import join
from graphnn.engine.bound import Bound
from graphnn.engine.lifetimes import Lifetimes, lifetimes_of
from graphnn.engine.profile import Profile, profile_bound
from graphnn.transform.lower import lower
from graphnn.transform.rewrite import Place

Feeds = Mapping[Any, Any] | None

# Plans for this many different sets of axis sizes are kept; memory is bounded by dropping the oldest.
_KEPT_BINDINGS = 8

# Shapes of feeds that need not be checked again; forgotten all at once when there are more.
_KEPT_SHAPES = 256


class Program:
    """A compiled view on a graph: `run` feeds inputs, computes outputs, then writes the updates.

    Parameters
    ----------
    outputs : a node or nodes whose values `run` gives
    updates : {parameter: node of its new value}; written after the run, all from the old values
    optimize : rewrite the graph before planning (merge equal nodes, fold constants, fuse); values stay the same
        up to rounding
    watch : after each node look for NaN and infinity, and raise NotFiniteError that names the first bad node
    tiles : run neighbouring elementwise nodes of one large size piece by piece, so that what they hand on stays in
        the cache; the values are the same bits without, and it is slower

    A program may be used from several Python threads; runs of one program take turns.
    """

    @collector_paused()
    def __init__(
        self,
        outputs: Node | Iterable[Node] = (),
        updates: Mapping[Node, Node] | None = None,
        *,
        optimize: bool = True,
        watch: bool = False,
        tiles: bool = True,
    ):
        self._single = isinstance(outputs, Node)
        outs = as_nodes(outputs, "Program")
        self.updates = _checked_updates({} if updates is None else updates)
        if not outs and not self.updates:
            raise GraphError("Program: has neither outputs nor updates; name at least one.")
        self.graph = Graph((*outs, *[new for _, new in self.updates]))
        self.outputs: tuple[Node, ...] = outs
        self.inputs = self.graph.inputs
        self._by_name = _inputs_by_name(self.inputs)
        self._by_node = frozenset(self.inputs)
        self.watch = watch
        self.tiles = tiles
        self._results, self._new = list(outs), [new for _, new in self.updates]
        self._place: Place = by_serial
        if optimize:
            rewritten, self._place = lower((*outs, *self._new), keep_names=watch)
            self._results, self._new = rewritten[: len(outs)], rewritten[len(outs) :]
        join(p.storage for p, _ in self.updates if p.storage is not None)
        self._bounds: OrderedDict[tuple[int, ...], Bound] = OrderedDict()
        self._bindings: dict[Any, dict[str, int]] = {}  # by the shapes of the feeds
        self._lock = threading.RLock()
        self._axes = sorted(
            {name for n in self.graph.nodes for d in n.shape if isinstance(d, Dim) for name in d.names()}
        )

    def __repr__(self) -> str:
        return f"<Program: {len(self.outputs)} outputs, {len(self.updates)} updates, {len(self.graph)} nodes>"

    def run(self, feeds: Feeds = None, *, repeats: int = 1, sizes: Mapping[str, int] | None = None) -> Any:
        """Run once (or `repeats` times with the same feeds) and give the outputs as read-only arrays.

        `feeds` maps each input, by node or name, to numbers; `sizes` gives axes that no feed carries. Raises
        FeedError, ShapeError or DtypeError for feeds that do not fit, FaultError for data that a node cannot
        process; parameters are then unchanged.
        """
        repeats = whole_number(repeats, "run: repeats", 1)
        arrays = self.match(feeds)
        with self._lock:
            bound = self._bind(arrays, sizes)
            try:
                bound.run(repeats)
            finally:  # a fault or Ctrl-C may come after some of the repeats
                self._bump(repeats)
            out = [_frozen(bound.result(n)) for n in self._results]
        return out[0] if self._single else tuple(out)

    __call__ = run

    def bind(self, feeds: Feeds = None, *, sizes: Mapping[str, int] | None = None) -> Bound:
        """The bound program for these feeds, which are copied in; for stepping and looking at memory."""
        arrays = self.match(feeds)
        with self._lock:
            return self._bind(arrays, sizes)

    def memory(self, feeds: Feeds = None, **sizes: int) -> dict[str, int]:
        """Bytes of arena, peak of live values, gradients, parameters, constants, inputs, for feeds or axis sizes."""
        return self.bind(self._zeros(sizes) if feeds is None else feeds).memory()

    def lifetimes(self, feeds: Feeds = None, **sizes: int) -> Lifetimes:
        """When each value is made and last read, and where it lives, for feeds or axis sizes."""
        bound = self.bind(self._zeros(sizes) if feeds is None else feeds)
        return lifetimes_of(bound.plan, (*self._results, *self._new))

    def stands_for(self, node: Node) -> Node | None:
        """The node of `graph` in whose place the engine runs `node`; None for what serves several or none."""
        return self._by_serial.get(self._place(node))

    @cached_property
    def _by_serial(self) -> dict[int, Node]:
        return {node.serial: node for node in self.graph.nodes}

    def _zeros(self, sizes: Mapping[str, int]) -> dict[Node, np.ndarray]:
        """A feed for every input that holds no memory."""
        known = self._checked_sizes(sizes)
        shapes = {n: [_given(d, known) for d in n.shape] for n in self.inputs}
        return {n: np.broadcast_to(np.zeros((), n.dtype), shape) for n, shape in shapes.items()}

    def profile(self, feeds: Feeds = None, *, repeats: int = 0) -> Profile:
        """Time per node, without writing any update. `repeats` 0 chooses enough of them for a steady number."""
        repeats = whole_number(repeats, "profile: repeats")
        arrays = self.match(feeds)
        with self._lock:
            bound = Bound([*self._results, *self._new], (), self.inputs, self.binding(arrays), keep=True)
            copy_feeds(bound, arrays)
            return profile_bound(bound, repeats)

    # Feeds

    def match(self, feeds: Feeds) -> dict[Node, np.ndarray]:
        given = {} if feeds is None else feeds
        if not isinstance(given, Mapping):
            raise FeedError(f"run: feeds are a mapping from inputs to numbers, found {type(given).__name__}.")
        arrays: dict[Node, np.ndarray] = {}
        for key, value in given.items():
            node = self._find(key)
            if node in arrays:
                raise FeedError(f"run: input {node.label} is fed twice.")
            array = value if type(value) is np.ndarray else None
            if array is None or array.dtype is not node.dtype:
                array = as_array(value, node.dtype, f"feed {node.label}")
            if len(array.shape) != len(node.shape):
                raise ShapeError(
                    f"feed {node.label}: has shape {shape_text(array.shape)}, "
                    f"wanted {shape_text(node.shape)}: {len(node.shape)} axes, found {len(array.shape)}."
                )
            arrays[node] = array
        if len(arrays) != len(self.inputs):
            missing = [n.label for n in self.inputs if n not in arrays]
            raise FeedError(f"run: no feed for {', '.join(missing)}. Pass {{{missing[0]}: array}}.")
        return arrays

    def _find(self, key: Any) -> Node:
        if isinstance(key, Node):
            if key in self._by_node:
                return key
            raise FeedError(
                f"run: {describe(key)} is fed but is not an input of this program. "
                "If it is there for the size of an axis, pass that: sizes={'batch': 32}."
            )
        node = self._by_name.get(key) if isinstance(key, str) else None
        if node is None:
            names = [n for n in self._by_name if n]
            raise FeedError(f"run: there is no input {key!r}.{did_you_mean(str(key), names)}")
        return node

    def binding(
        self, arrays: Mapping[Node, np.ndarray], sizes: Mapping[str, int] | None = None
    ) -> dict[str, int]:
        binding = self._checked_sizes(sizes)
        owner: dict[str, Node] = {}
        later = []
        for node, array in arrays.items():
            for axis, (dim, size) in enumerate(zip(node.shape, array.shape, strict=True)):
                if type(dim) is int:
                    if dim != size:
                        raise ShapeError(
                            f"feed {node.label}: axis {axis} is {size}, wanted {dim} "
                            f"(shape {shape_text(array.shape)}, wanted {shape_text(node.shape)})."
                        )
                    continue
                names = dim.names()  # type: ignore[union-attr]
                if len(names) != 1 or str(dim) != names[0]:
                    later.append((node, axis, dim, size))
                elif binding.setdefault(names[0], size) != size:
                    where = f"feed {owner[names[0]].label}" if names[0] in owner else "sizes"
                    raise ShapeError(
                        f"axis {names[0]!r} is {binding[names[0]]} in {where} but {size} in feed {node.label}."
                    )
                else:
                    owner.setdefault(names[0], node)
        for node, axis, dim, size in later:
            wanted = evaluate_dim(dim, binding)
            if wanted != size:
                raise ShapeError(f"feed {node.label}: axis {axis} is {size}, wanted {dim} = {wanted}.")
        return binding

    def _checked_sizes(self, sizes: Mapping[str, int] | None) -> dict[str, int]:
        if not isinstance(sizes or {}, Mapping):
            raise FeedError(f"sizes are a mapping from axis names to sizes, found {sizes!r}.")
        out: dict[str, int] = {}
        for name, size in (sizes or {}).items():
            if name not in self._axes:
                raise FeedError(f"sizes: there is no axis {name!r}.{did_you_mean(str(name), self._axes)}")
            if not isinstance(size, numbers.Integral) or isinstance(size, bool) or not 0 <= size < 2**48:
                raise FeedError(
                    f"sizes: axis {name!r} is a whole number from 0 to below 2**48, found {size!r}."
                )
            out[name] = int(size)
        return out

    def _bind(self, arrays: Mapping[Node, np.ndarray], sizes: Mapping[str, int] | None = None) -> Bound:
        shapes = tuple([arrays[n].shape for n in self.inputs])
        binding = self._bindings.get(shapes) if sizes is None else None
        if binding is None:
            binding = self.binding(arrays, sizes)
            if sizes is None:
                if len(self._bindings) >= _KEPT_SHAPES:
                    self._bindings.clear()
                self._bindings[shapes] = binding
        key = tuple([binding.get(name, -1) for name in self._axes])
        bound = self._bounds.get(key)
        if bound is None or bound.moved():
            updates = [(p, new) for (p, _), new in zip(self.updates, self._new, strict=True)]
            bound = Bound(
                self._results, updates, self.inputs, binding,
                watch=self.watch, tiles=self.tiles, place=self._place,
            )  # fmt: skip
            self._bounds[key] = bound
            if len(self._bounds) > _KEPT_BINDINGS:
                self._bounds.popitem(last=False)
        copy_feeds(bound, arrays)
        return bound

    def _bump(self, repeats: int) -> None:
        for parameter, _ in self.updates:
            parameter.storage.version += repeats  # type: ignore[union-attr]


def copy_feeds(bound: Bound, arrays: Mapping[Node, np.ndarray]) -> None:
    for node, array in arrays.items():
        room = bound.feeds.get(node)
        if room is not None:
            np.copyto(room, array)


def _frozen(view: np.ndarray) -> Any:
    """A read-only copy; a 0-d result is a NumPy scalar, which prints and counts like a number."""
    copy = view.copy()
    copy.setflags(write=False)
    return copy if copy.ndim else copy[()]


def _given(dim: Any, sizes: Mapping[str, int]) -> int:
    try:
        return evaluate_dim(dim, sizes)
    except FeedError:
        raise FeedError(f"memory: give the size of each named axis, as in memory({dim}=64).") from None


def _inputs_by_name(inputs: Sequence[Node]) -> dict[str, Node]:
    names: dict[str, Node] = {}
    for node in inputs:
        if node.name in names:
            raise GraphError(f"Program: two inputs are called {node.name!r}; names of inputs must differ.")
        names[node.name or ""] = node
    return names


def _checked_updates(updates: Mapping[Node, Node]) -> tuple[tuple[Node, Node], ...]:
    if not isinstance(updates, Mapping):
        raise GraphError(f"Program: updates are a mapping {{parameter: new value}}, found {updates!r}.")
    out = []
    for parameter, new in updates.items():
        if not isinstance(parameter, Node) or parameter.role != "parameter":
            raise GraphError(f"Program: updates are for parameters, found {parameter!r}.")
        if not isinstance(new, Node):
            raise GraphError(f"Program: the new value of {parameter.label} is a node, found {new!r}.")
        if new.shape != parameter.shape or new.dtype is not parameter.dtype:
            raise ShapeError(
                f"Program: the new value of {describe(parameter)} is {describe(new)}; shape and dtype must be its own."
            )
        out.append((parameter, new))
    return tuple(out)
