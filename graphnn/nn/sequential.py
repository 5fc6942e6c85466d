"""Sequential: layers and functions, one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from graphnn.core.errors import SettingError
from graphnn.core.node import Node
from graphnn.core.scope import scope
from graphnn.nn.layer import Layer, as_node

Step = Layer | Callable[[Node], Node]


class Sequential(Layer):
    """Apply each step to the result of the step before it.

    Steps are layers, or functions of a node such as `gn.relu`. Layers that have no name of their own are numbered
    (`dense1`, `dense2`), and take the model's seed, so one seed fixes all first values.

    Example
    -------
    >>> import graphnn as gn
    >>> net = gn.nn.Sequential([gn.nn.Dense(16, gn.relu), gn.nn.Dense(3)], seed=1)
    >>> net(gn.input("x", ("batch", 4))).shape
    (batch, 3)
    >>> [p.shape for p in net.parameters]
    [(4, 16), (16,), (16, 3), (3,)]
    """

    def __init__(self, steps: Sequence[Step], *, name: str | None = None, seed: int = 0):
        super().__init__(name="net" if name is None else name, seed=seed)
        if not isinstance(steps, Iterable):
            raise SettingError(f"Sequential: wanted a list of layers and functions, found {steps!r}.")
        self.steps = tuple(steps)
        if not self.steps:
            raise SettingError("Sequential: wanted at least one layer.")
        kinds = Counter(type(s).__name__.lower() for s in self.steps if isinstance(s, Layer))
        seen: Counter[str] = Counter()
        taken: set[str] = set()
        for step in self.steps:
            if not callable(step):
                raise SettingError(f"Sequential: a step is a layer or a function of a node, found {step!r}.")
            if isinstance(step, Layer):
                kind = type(step).__name__.lower()
                seen[kind] += 1
                if step.name == kind and kinds[kind] > 1:
                    step.name = f"{kind}{seen[kind]}"
                if step.name in taken:
                    raise SettingError(f"Sequential: two layers are called {step.name!r}; names must differ.")
                taken.add(step.name)
                if step.seed == 0:
                    step.seed = self.seed

    def __call__(self, x: Node, *, training: bool = False) -> Node:
        with scope(self.name):
            for step in self.steps:
                x = (
                    step(x, training=training)
                    if isinstance(step, Layer)
                    else step(as_node(x, f"layer {self.name}"))
                )
        return as_node(x, f"layer {self.name}")

    @property
    def parameters(self) -> tuple[Node, ...]:
        """Parameters of all layers, in order; one that layers share stands once."""
        found = [p for s in self.steps if isinstance(s, Layer) for p in s.parameters]
        return tuple(dict.fromkeys(found))
