"""The view of time: how long each node takes, and its share; what is part of another node's kernel says so."""

from __future__ import annotations

from typing import Any

from viz.canvas import Canvas, Draft
from viz.numbers import number
from viz.scene import Badge, Entry, Reading, Span
from viz.study.engine_facts import EngineFacts, engine_facts
from viz.views.base import View

__all__ = ["HOT", "TIME", "short_time"]

# A box that takes at least this share of all time is marked, and counts as one that costs something from there on.
HOT, NAMED = 0.2, 0.01


def short_time(nanoseconds: float) -> str:
    """A time as a reader says it: `85 ns`, `12.3 µs`, `4.56 ms`, three digits of it, for clocks know no more."""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{number(float(f'{nanoseconds / size:.3g}'))} {unit}"
    return f"{number(float(f'{nanoseconds:.3g}'))} ns"


def _time(canvas: Canvas) -> None:
    facts = engine_facts(canvas.numbers, "time")
    profile = facts.program.profile(facts.feeds)
    took = dict(profile.rows)
    total = profile.total or 1.0
    seen = 0.0
    hot = False
    for draft in canvas.boxes.values():
        forward = sum(took.get(facts.place.get(node), 0.0) for node in draft.item.nodes)
        back = sum(took.get(node, 0.0) for inner in draft.item.nodes for node in facts.behind.get(inner, ()))
        seen += forward + back
        share = (forward + back) / total
        _write(draft, facts, forward, back, share)
        if share >= HOT:
            hot = True
            draft.tone = draft.tone or "warn"
    _say(canvas, facts, profile.total, seen)
    if hot:
        canvas.entries.append(Entry("tone", f"at least {HOT:.0%} of the time", "warn"))


def _write(draft: Draft, facts: EngineFacts, forward: float, back: float, share: float) -> None:
    node: Any = draft.node
    runs = [n for n in draft.item.nodes if n in facts.place]
    if runs or back:
        lines = [short_time(forward) if runs else facts.fate(draft.item.nodes[-1]) or "none"]
        if back:
            lines.append(f"gradient {short_time(back)}")
        draft.readings.append(Reading("time", tuple(lines), span=Span(0.0, share)))
        if share >= NAMED:
            draft.badges.append(Badge(f"{number(round(100 * share, 1))} %", "warn" if share >= HOT else ""))
    elif node is not None and node.role == "op":
        draft.readings.append(Reading("time", (facts.fate(node),), "no path"))


def _say(canvas: Canvas, facts: EngineFacts, total: float, seen: float) -> None:
    what = "forward and gradients" if facts.with_gradients else "all that runs"
    canvas.notes.append(f"time: {short_time(total)} for {what}, each node measured alone")
    if facts.conditions:
        canvas.notes.append(f"measured {facts.conditions}")
    if total and (total - seen) / total >= NAMED:
        canvas.notes.append(
            f"{number(round(100 * (total - seen) / total, 1))} % of it in nodes without a box"
        )
    canvas.entries.append(Entry("text", f"bar and %: share of the time, written from {NAMED:.0%} on"))
    if any(facts.fate(n) for n in canvas.graph.nodes):
        canvas.entries.append(Entry("text", "part of …: computed by the kernel of that op"))


TIME = View("time", "How long every node takes, its gradient included, and its share.", "graph", _time)
