"""Backward passes done in wrong ways, truly: each is a plain loop over the nodes and edges of a run.

A pass gives the gradients and contributions that come out, and the story of what happened, in sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from viz.motion.captions import name_of
from viz.numbers import number
from viz.readings import size_of
from viz.study.by_hand import sent_back, sizes_of

__all__ = ["WAYS", "NoDifference", "Outcome", "Way"]

_RATE = 0.1


class NoDifference(Exception):
    """The graph has nothing on which this way could go wrong; the words say what it lacks."""


@dataclass
class Outcome:
    """What a pass made: `parts` are the contributions by (target, slot), `values` the values that it has changed."""

    gradients: dict[Any, np.ndarray] = field(default_factory=dict)
    parts: dict[tuple[Any, int], np.ndarray] = field(default_factory=dict)
    values: dict[Any, np.ndarray] = field(default_factory=dict)
    words: dict[Any, str] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)

    @classmethod
    def right(cls, run: Any) -> Outcome:
        """What the run itself says."""
        made = cls()
        for node in run.graph.nodes:
            found = run.gradient(node)
            if found is not None:
                made.gradients[node] = np.asarray(found)
        for edge in run.graph.edges:
            part = run.contribution(edge)
            if part is not None:
                made.parts[edge.target, edge.slot] = np.asarray(part)
        return made


@dataclass(frozen=True)
class Way:
    """A wrong way: `do` runs it; `example` is a small graph that shows it; `no_difference` says what a graph lacks."""

    words: str
    right: str
    wrong: str
    do: Callable[[Any], Outcome]
    example: Callable[[], Any]
    no_difference: str


class _Pass:
    """One backward pass by hand. Operands are read from `values` where these differ from the run's."""

    def __init__(self, run: Any):
        self.run, self.graph, self.sizes = run, run.graph, sizes_of(run)
        self.made = Outcome()
        loss = run.loss
        self.made.gradients[loss] = np.ones(np.shape(run.value(loss)))

    def value(self, node: Any, changed: Mapping[Any, np.ndarray]) -> np.ndarray:
        return np.asarray(changed.get(node, self.run.value(node)))

    def send(
        self, node: Any, changed: Mapping[Any, np.ndarray] | None = None
    ) -> Iterator[tuple[Any, np.ndarray]]:
        """(edge, contribution) for each operand to which something flows, from what the node's gradient is now."""
        flowing = [e for e in self.graph.operand_edges(node) if self.run.contribution(e) is not None]
        if not flowing:
            return
        operands = [self.value(o, changed or {}) for o in node.operands]
        found = sent_back(node, operands, self.made.gradients[node], self.sizes)
        for edge in flowing:
            part = found[edge.slot]
            if part is not None:
                part = np.asarray(part, dtype=np.float64)
                self.made.parts[node, edge.slot] = part
                yield edge, part

    def add(self, node: Any, part: np.ndarray) -> None:
        before = self.made.gradients.get(node)
        self.made.gradients[node] = part if before is None else before + part


def _words(array: np.ndarray) -> str:
    return number(array.item()) if array.ndim == 0 else f"a gradient of size {number(size_of(array))}"


def _depth_first(run: Any) -> Outcome:
    """Each node passes on what it has when it is first reached."""
    work = _Pass(run)
    seen = {run.loss}
    stack = [run.loss]
    sent: dict[Any, np.ndarray] = {}
    while stack:
        node = stack.pop()
        sent[node] = work.made.gradients[node]
        reached = []
        for edge, part in work.send(node):
            work.add(edge.source, part)
            reached.append(edge.source)
        # The first operand is walked down to its leaves before the second is looked at.
        fresh = [n for n in dict.fromkeys(reached) if n not in seen]
        seen.update(fresh)
        stack += reversed(fresh)
    early = [
        node
        for node, had in sent.items()
        if node.operands and not np.allclose(had, work.made.gradients[node], rtol=1e-9)
    ]
    for node in early[:3]:
        final = work.made.gradients[node]
        work.made.words[node] = f"passed on {_words(sent[node])}"
        work.made.story.append(
            f"{name_of(node)} is reached before all that use it have sent their part: it passes on "
            f"{_words(sent[node])}, and what comes later ({_words(final - sent[node])}) stays there."
        )
    work.made.story.append(
        "In topological order a node has its turn only after everything that uses it, so its sum is complete."
    )
    return work.made


def _overwrite(run: Any) -> Outcome:
    """`=` where `+=` belongs."""
    work = _Pass(run)
    count: dict[Any, list[np.ndarray]] = {}
    for node in reversed(run.graph.nodes):
        if node in work.made.gradients:
            for edge, part in work.send(node):
                count.setdefault(edge.source, []).append(part)
                work.made.gradients[edge.source] = part
    shared = [(node, parts) for node, parts in count.items() if len(parts) > 1]
    for node, parts in shared[:3]:
        work.made.words[node] = f"last of {len(parts)} parts"
        if parts[0].ndim == 0:
            listed = ", ".join(number(part.item()) for part in parts)
            work.made.story.append(
                f"{name_of(node)} is used {len(parts)} times and gets {listed}: only the last one, "
                f"{number(parts[-1].item())}, is left."
            )
        else:
            work.made.story.append(
                f"{name_of(node)} is used {len(parts)} times: only the last contribution is left."
            )
    work.made.story.append(
        "A change of the node changes the loss along every use, so the contributions add up: += and not =."
    )
    return work.made


def _no_zeroing(run: Any) -> Outcome:
    """Two passes; what lives longer than a pass keeps its gradient. Inner nodes are made anew by each forward pass."""
    kept: dict[Any, np.ndarray] = {}
    work = _Pass(run)
    for _ in range(2):
        work = _Pass(run)
        work.made.gradients.update(kept)
        for node in reversed(run.graph.nodes):
            if node in work.made.gradients and node.operands:
                for edge, part in work.send(node):
                    work.add(edge.source, part)
        first = kept
        kept = {node: work.made.gradients[node] for node in _leaves(run) if node in work.made.gradients}
    for node, before in first.items():
        if before.ndim == 0:
            work.made.words[node] = f"{number(before.item())} left over"
    names = [name_of(node) for node in kept][:4]
    work.made.story += [
        f"The second pass adds to what the first one left in {', '.join(names)}: twice the gradient after two passes, "
        "three times after three.",
        "A training step so takes steps that grow, along slopes of batches that are long past. Set the gradients to "
        "zero before each pass.",
    ]
    return work.made


def _leaves(run: Any) -> list[Any]:
    return [node for node in run.graph.nodes if node.role in ("parameter", "input")]


def _in_place(run: Any) -> Outcome:
    """The first op that can overwrite an operand that a slope still needs does so."""
    for taker in run.graph.nodes:
        if len(taker.operands) != 1 or taker.operands[0].role != "op" or taker is run.loss:
            continue
        victim = taker.operands[0]
        if victim.shape != taker.shape or victim.dtype is not taker.dtype:
            continue
        needing = [
            edge.target
            for edge in run.graph.consumers(victim)
            if edge.target is not taker and edge.target.serial < taker.serial and _reads(edge)
        ]
        if needing:
            made = _overwritten(run, taker, victim)
            if any(_off(made.gradients.get(n), run.gradient(n)) for n in run.graph.nodes):
                return made
    raise NoDifference(
        "no op of one operand could overwrite a value that the slope of an earlier op still needs. It takes a node "
        "that is used by a product first and by relu, tanh or the like after that."
    )


def _reads(edge: Any) -> bool:
    """Whether a slope of the target is written with the value of this operand, and does not use its own result."""
    op = edge.target.op
    letter, own = f"{{{op.port_name(edge.slot)}}}", f"{{{op.signature.output.name}}}"
    return any(letter in slope for slope in op.slopes) and not any(own in slope for slope in op.slopes)


def _off(found: Any, right: Any) -> bool:
    return right is not None and (found is None or not np.allclose(found, right, rtol=1e-6, equal_nan=True))


def _overwritten(run: Any, taker: Any, victim: Any) -> Outcome:
    work = _Pass(run)
    changed = {victim: np.asarray(run.value(taker))}
    for node in reversed(run.graph.nodes):
        if node in work.made.gradients and node.operands:
            reads = any(_reads(e) for e in run.graph.operand_edges(node) if e.source is victim)
            for edge, part in work.send(node, changed if reads and node is not taker else {}):
                work.add(edge.source, part)
    work.made.values = changed
    work.made.words[victim] = ""
    users = [e.target for e in run.graph.consumers(victim) if e.target is not taker and _reads(e)]
    work.made.story += [
        f"{taker.op.name} writes its result over {name_of(victim)}, its operand, to save memory. The forward pass is "
        "right.",
        f"On the way back {' and '.join(dict.fromkeys(name_of(u) for u in users))} needs the old value of "
        f"{name_of(victim)} for its slope, and finds the new one.",
        "A value may be overwritten only when nothing will read it any more, in the backward pass too.",
    ]
    return work.made


def _early_update(run: Any) -> Outcome:
    """Each parameter takes its step when its contribution arrives, before the other operands of the op get theirs."""
    work = _Pass(run)
    now = {node: np.array(run.value(node), dtype=np.float64) for node in run.graph.parameters}
    left = {node: sum(run.contribution(e) is not None for e in run.graph.consumers(node)) for node in now}
    moved: dict[Any, tuple[np.ndarray, np.ndarray]] = {}
    for node in reversed(run.graph.nodes):
        if node not in work.made.gradients or not node.operands:
            continue
        # As in code that updates w and then sends the gradient on through it.
        for edge in sorted(run.graph.operand_edges(node), key=lambda e: e.source not in now):
            part = next((p for e, p in work.send(node, now) if e == edge), None)
            if part is None:
                continue
            work.add(edge.source, part)
            if edge.source in now:
                left[edge.source] -= 1
                if not left[edge.source]:
                    before = now[edge.source]
                    now[edge.source] = before - _RATE * work.made.gradients[edge.source]
                    moved[edge.source] = before, now[edge.source]
    work.made.values = {node: after for node, (_, after) in moved.items()}
    for node, (before, after) in list(moved.items())[:2]:
        if before.ndim == 0:
            work.made.story.append(
                f"{name_of(node)} takes its step at once, from {number(before.item())} to {number(after.item())} "
                f"(rate {number(_RATE)})."
            )
    work.made.story.append(
        "What is sent on through a parameter after that uses its new value, and the gradients below are those of no "
        "network at all. First all gradients, then all steps."
    )
    return work.made


def _example(name: str) -> Callable[[], Any]:
    def build() -> Any:
        import graphnn as gn

        def leaf(word: str, value: float) -> Any:
            return gn.scalar(value, word)

        if name == "depth-first":
            d = (leaf("a", 2.0) * leaf("b", 3.0)).named("d")
            return (d * (d + leaf("c", 1.0)).named("e")).named("L")
        if name == "in-place":
            u = (leaf("a", 1.0) * leaf("b", -2.0)).named("u")
            s = (u * leaf("c", 3.0)).named("s")
            return (s + gn.relu(u).named("r")).named("L")
        if name == "early update":
            h = (leaf("w1", 2.0) * gn.constant(1.0, "float64", "x")).named("h")
            y = (leaf("w2", 3.0) * h).named("y")
            return gn.square((y - gn.constant(4.0, "float64", "t")).named("e")).named("L")
        a = leaf("a", 2.0)
        return (a * leaf("b", -3.0) + a).named("L")

    return build


WAYS: dict[str, Way] = {
    "depth-first": Way(
        "Walk back depth-first, without a topological order.",
        "topological order", "depth-first", _depth_first, _example("depth-first"),
        "no op's result is used twice in such a way that depth-first reaches it too early. It takes an inner node, "
        "not a leaf, that is used by two others.",
    ),
    "early update": Way(
        "Update each parameter as soon as its gradient is known, in the middle of the backward pass.",
        "all gradients, then all steps", "a step in the middle", _early_update, _example("early update"),
        "no gradient flows on through a parameter after its step. It takes two parameters one behind the other, as "
        "the weights of two layers.",
    ),
    "in-place": Way(
        "Let an op overwrite its operand, which the slope of another op still needs.",
        "every result in a place of its own", "overwritten in place", _in_place, _example("in-place"),
        "nothing that a slope needs was overwritten.",
    ),
    "no zeroing": Way(
        "Run backward twice without setting the gradients to zero in between.",
        "set to zero before the second pass", "not set to zero", _no_zeroing, _example("no zeroing"),
        "all gradients of its leaves are 0, and twice 0 is 0; or no leaf has a gradient.",
    ),
    "overwrite": Way(
        "Let a contribution replace the gradient instead of adding to it.",
        "contributions add up (+=)", "the last one stays (=)", _overwrite, _example("overwrite"),
        "no node is used more than once, so there is never a second contribution. It takes a fan-out.",
    ),
}  # fmt: skip
