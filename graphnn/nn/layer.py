"""Layer: something with parameters that turns nodes into nodes, inside a scope of its own.

A layer may hold other layers: `self.first = self.add_layer(Dense(16))` in its `__init__`. They take its seed, get
names that differ, and their parameters count as its own.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Union

from graphnn.core.dims import Dim, Shape, shape_text
from graphnn.core.dtypes import DType, float32, int64, is_float
from graphnn.core.errors import DtypeError, GraphError, SettingError, ShapeError
from graphnn.core.leaves import counter, describe, freeze, parameter, unfreeze
from graphnn.core.memory import require_memory
from graphnn.core.node import Node
from graphnn.core.scope import absolute_scope, current_scope, scope
from graphnn.core.settings import seed_number
from graphnn.init import Initializer, generator

if TYPE_CHECKING:
    from graphnn.nn.summary import Summary

Step = Union["Layer", Callable[[Node], Node]]


@dataclass
class Call:
    """One call of a layer: in which scope, and what came of it."""

    layer: Layer
    path: str
    result: Any = None


# Whoever wants to know which layers are called, in order, sets a list here.
recorded_calls: ContextVar[list[Call] | None] = ContextVar("graphnn_calls", default=None)


class Layer:
    """Base of layers. A new layer defines `build`, which makes parameters, and `apply`, which makes nodes.

    Parameters are made at the first call, when the shape of the operand is known; later calls share them. First
    values depend on `seed` and on the layer's path of names only.

    Training and inference are two graphs of the same parameters: `layer(x, training=True)` and `layer(x)`.

    Attributes
    ----------
    takes : the dtype of the first operand: "float", "int64", or "any"
    shapes : of the operands of the first call, for which the layer was built; None stands for an operand left out

    Example
    -------
    >>> import graphnn as gn
    >>> class Residual(gn.nn.Layer):
    ...     def __init__(self, units, **settings):
    ...         super().__init__(**settings)
    ...         self.inner = self.add_layer(gn.nn.Dense(units, gn.tanh))
    ...
    ...     def apply(self, x, *, training):
    ...         return x + self.inner(x, training=training)
    >>> block = Residual(4, seed=1)
    >>> block(gn.input("x", ("batch", 4))).shape
    (batch, 4)
    >>> [f"{p.scope}/{p.name}" for p in block.parameters]
    ['residual/dense/w', 'residual/dense/b']
    """

    takes: ClassVar[str] = "float"
    default_name: ClassVar[str] = ""
    shapes: tuple[Any, ...]

    def __init__(self, *, name: str | None = None, seed: int = 0):
        self.name = _checked_name(self._kind() if name is None else name)
        self.seed = seed_number(seed, self.name)
        self.shapes = ()
        self._dtypes: tuple[DType | None, ...] = ()
        self._path = ""
        self._own: dict[Node, bool] = {}  # whether it learns by nature: a running mean does not
        self._layers: list[Layer] = []
        self._unnamed: list[Layer] = []  # sub-layers that get their names here
        self._counter: Node | None = None
        self._built = self._frozen = False

    @classmethod
    def _kind(cls) -> str:
        return cls.default_name or cls.__name__.lower()

    # What a new layer defines

    def build(self, shape: Shape, dtype: DType) -> None:
        """Make the parameters for a first operand of this shape; `self.shapes` tells those of all operands."""

    def apply(self, *operands: Any, **settings: Any) -> Any:
        """The layer's nodes: `apply(self, x, *, training)`, with more operands behind x if it has some."""
        raise NotImplementedError(f"{type(self).__name__} defines no apply(self, x, *, training).")

    def fits(self, shape: Shape) -> bool:
        """Whether a later first operand of this shape fits what was built at the first call.

        All axes but the first must be equal, where those that were named then may have any size. A layer that defines
        no `build` fits every shape: the layers inside decide for themselves.
        """
        if type(self).build is Layer.build:
            return True
        built = self.shape
        if len(built) != len(shape):
            return False
        return all(isinstance(a, Dim) or a == b for a, b in zip(built[1:], shape[1:], strict=True))

    def __call__(self, x: Node, *others: Any, training: bool = False) -> Node:
        who = f"layer {self.name}"
        operands = [as_node(x, who), *[node if node is None else as_node(node, who) for node in others]]
        self._check_dtype(x)
        with scope(self.name):
            if not self._built:
                self._build(operands)
            elif not self.fits(x.shape):
                raise ShapeError(
                    f"{who}: was built for {shape_text(self.shape)}, found {describe(x)}. "
                    "Make another layer for another shape."
                )
            elif self._own and self._dtypes[:1] not in ((), (x.dtype,)):
                raise DtypeError(
                    f"{who}: was built for {self._dtypes[0]}, found {describe(x)}. Convert it by "
                    f".cast('{self._dtypes[0]}'), or make another layer."
                )
            calls = recorded_calls.get()
            call = Call(self, current_scope())
            if calls is not None:
                calls.append(call)
            call.result = self.apply(x, *others, training=training)
            result: Node = call.result
            return result

    def _check_dtype(self, x: Node) -> None:
        if self.takes == "float" and not is_float(x.dtype):
            raise DtypeError(
                f"layer {self.name}: {describe(x)} is not a float. Convert it: .cast('float32')."
            )
        if self.takes == "int64" and x.dtype is not int64:
            raise DtypeError(f"layer {self.name}: wanted int64, found {describe(x)}.")

    def _build(self, operands: Sequence[Node | None]) -> None:
        self._own.clear()  # of a first call that failed half-way
        self._counter = None
        self._path = current_scope()
        self._dtypes = tuple([None if node is None else node.dtype for node in operands])
        self.shapes = tuple([None if node is None else node.shape for node in operands])
        first = operands[0] if operands else None
        self.build(self.shape, float32 if first is None else first.dtype)
        self._built = True

    # What a new layer builds with

    def add_layer(self, layer: Layer, name: str | None = None) -> Layer:
        """Hold a layer inside this one: it takes this one's seed if it has none, and a name that differs.

        Layers that have no name of their own are numbered where there are several of a kind (`dense1`, `dense2`).
        One that is held already, because it is used twice, is held once.
        """
        who = type(self).__name__
        if not isinstance(layer, Layer):
            raise SettingError(f"{who}: add_layer: wanted a layer, found {layer!r}.")
        if self in layer._tree():
            raise SettingError(f"{who}: layer {layer.name!r} would hold itself.")
        if name is not None and _checked_name(name) != layer.name:
            if layer in self._layers:
                raise SettingError(f"{who}: layer {layer.name!r} is held already; it has one name.")
            layer.name = name
        if layer not in self._layers:
            if name is None and layer.name == layer._kind():
                self._unnamed.append(layer)
            # Who has made nodes under its name keeps it.
            settled = [held for held in self._unnamed if held is not layer and held._built]
            self._unnamed = [held for held in self._unnamed if held not in settled]
            self._layers.append(layer)
            self._give_names()
            layer._take_seed(self.seed)
        return layer

    def add_steps(self, steps: Iterable[Step]) -> tuple[Step, ...]:
        """Hold the layers among these steps, each a layer or a function of a node, and give all of them back."""
        who = type(self).__name__
        if not isinstance(steps, Iterable):
            raise SettingError(f"{who}: wanted a list of layers and functions, found {steps!r}.")
        found = tuple(steps)
        for step in found:
            if not callable(step):
                raise SettingError(f"{who}: a step is a layer or a function of a node, found {step!r}.")
        for step in found:
            if isinstance(step, Layer):
                self.add_layer(step)
        return found

    def add_parameter(
        self,
        name: str,
        shape: Sequence[int],
        initializer: Initializer,
        dtype: DType,
        *,
        trainable: bool = True,
    ) -> Node:
        """A parameter of this layer with first values drawn by `initializer`.

        trainable : False for state such as running statistics, which no gradient changes
        """
        require_memory(2 * math.prod(shape) * 8, f"layer {self.name}: {name} {shape_text(tuple(shape))}")
        path = f"{current_scope()}/{name}"
        draw = generator(self.seed, path)
        self._check_initializer(name, initializer, tuple(shape), draw)
        first = initializer(tuple(shape), draw)
        node = parameter(first, name, dtype, trainable=trainable and not self._frozen)
        if node.shape != tuple(shape):
            raise ShapeError(
                f"layer {self.name}: the initialiser of {name} gave shape {shape_text(node.shape)}, "
                f"wanted {shape_text(tuple(shape))}."
            )
        self._own[node] = trainable
        return node

    def _check_initializer(self, name: str, initializer: Any, *arguments: Any) -> None:
        """Some of gn.init are initialisers, others make one: `gn.init.he`, but `gn.init.normal(0.1)`."""
        try:
            inspect.signature(initializer).bind(*arguments)
        except TypeError:
            word = getattr(initializer, "__name__", repr(initializer))
            raise SettingError(
                f"layer {self.name}: the initialiser of {name} is called with (shape, generator), which {word} does "
                f"not take. If it is of those that make an initialiser, call it first: gn.init.{word}(...)."
            ) from None
        except ValueError:
            return  # no signature to look at, as for functions in C

    def share_parameter(self, node: Node) -> Node:
        """Count a parameter of another layer as this one's too: both learn the same numbers."""
        if not isinstance(node, Node) or node.role != "parameter":
            raise GraphError(f"layer {self.name}: wanted a parameter to share, found {node!r}.")
        self._own[node] = True
        return node

    def stream(self, name: str) -> int:
        """The seed of one of the layer's random streams: a function of its seed, its path and the stream's name."""
        return int(generator(self.seed, f"{self._path}/{name}").integers(2**62))

    @property
    def counter(self) -> Node:
        """The layer's counter of steps, which a trainer advances: random draws hang on it. No parameter."""
        if self._counter is None:
            with absolute_scope(self._path):
                self._counter = counter("steps")
        return self._counter

    # What users ask

    @property
    def dtypes(self) -> tuple[DType | None, ...]:
        """The dtypes of the operands of the first call."""
        return self._dtypes

    @property
    def first_path(self) -> str:
        """The scope that the layer was built in, its own name last."""
        return self._path

    @property
    def shape(self) -> Shape:
        """The shape of the first operand that the layer was built for."""
        return (self.shapes[0] if self.shapes else None) or ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} of {len(self.parameters)} parameters>"

    @property
    def frozen(self) -> bool:
        """Whether the layer, or one that holds it, has been frozen: what it keeps does not change in training."""
        return self._frozen

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that this one holds, in order."""
        return tuple(self._layers)

    @property
    def parameters(self) -> tuple[Node, ...]:
        """Its parameters, then those of the layers inside, in the order of making; each stands once.

        Empty before the first call. State that no gradient changes is among them: see `node.trainable`.
        """
        return tuple(self._natures())

    def freeze(self) -> None:
        """Keep the parameters as they are in every training that is set up from now on; also those yet to be made."""
        for layer in self._tree():
            layer._frozen = True
        freeze(self.parameters)

    def unfreeze(self) -> None:
        """Let the parameters be trained again; state such as running statistics is not among them."""
        for layer in self._tree():
            layer._frozen = False
        unfreeze([node for node, learns in self._natures().items() if learns])

    def summary(
        self,
        x: Node | Sequence[Node | None] | None = None,
        *,
        depth: int = 1,
        sizes: Mapping[str, int] | None = None,
    ) -> Summary:
        """A table of the layers inside with shapes, parameters, operations and bytes, as gn.summary gives it.

        x : the operand to apply the layer to, or a list of all operands; needed where it has not been called yet
        depth, sizes : as in gn.summary

        Raises GraphError for a layer that was never called if there is no x.
        """
        from graphnn.nn.summary import summary_of_layer

        return summary_of_layer(self, x, depth, sizes)

    def _natures(self) -> dict[Node, bool]:
        found: dict[Node, bool] = {}
        for layer in self._tree():
            for node, learns in layer._own.items():
                found.setdefault(node, learns)
        return found

    def _tree(self) -> list[Layer]:
        """This layer and all inside, each once, outer ones and earlier ones first."""
        found: dict[Layer, None] = {}
        waiting: list[Layer] = [self]
        while waiting:
            layer = waiting.pop()
            if layer not in found:
                found[layer] = None
                waiting.extend(reversed(layer._layers))
        return list(found)

    def _take_seed(self, seed: int) -> None:
        """0 is the seed of who has none of its own."""
        if self.seed == 0:
            self.seed = seed
            for layer in self._layers:
                layer._take_seed(seed)

    def _give_names(self) -> None:
        kinds = Counter(layer._kind() for layer in self._layers)
        seen: Counter[str] = Counter()
        taken: set[str] = set()
        for layer in self._layers:
            if layer not in self._unnamed:
                if layer.name in taken:
                    raise SettingError(
                        f"{type(self).__name__}: two layers are called {layer.name!r}; names must differ."
                    )
                taken.add(layer.name)
        for layer in self._layers:
            kind = layer._kind()
            seen[kind] += 1
            if layer in self._unnamed:
                number = seen[kind]
                line = "_" if any(letter.isdigit() for letter in kind) else ""
                name = kind if kinds[kind] == 1 else f"{kind}{line}{number}"
                while name in taken:
                    number += 1
                    name = f"{kind}{line}{number}"
                layer.name = name
                taken.add(name)


def as_node(x: Any, who: str) -> Node:
    """The node, or an error for anything else."""
    if not isinstance(x, Node):
        raise GraphError(f"{who}: wanted a node, found {x!r}. Make one with gn.input or gn.constant.")
    return x


def apply_step(step: Step, x: Any, who: str, *, training: bool) -> Node:
    """A step applied to x: layers are told whether this is training, functions are not."""
    if isinstance(step, Layer):
        return step(x, training=training)
    return as_node(step(as_node(x, who)), who)


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or "/" in name:
        raise SettingError(f"layer: a name is a non-empty text without '/', found {name!r}.")
    return name
