"""Ask an engine where boxes go: the embedded Graphviz, a system `dot`, or the plain layers of this package."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from viz.place.placed import Point, Rect

__all__ = [
    "ENGINES",
    "EngineError",
    "Job",
    "JobBox",
    "JobGroup",
    "JobWire",
    "OverchargedError",
    "Places",
    "dot_source",
    "solve",
]

# Below this many seconds a system `dot` is waited for; then the next engine has its turn.
_PATIENCE = 10
_INCH = 72.0
_LARGE = 300
# Far beyond what one looks at as boxes, the plain layers answer in seconds where Graphviz takes minutes.
_HUGE = 3000
# Jobs of more boxes and wires than this are counted. 1,000 boxes in 170 scopes take 1.4 thousand million instructions,
# about a second of a quiet machine; a second, simpler try has half as many.
_COUNTED = 200
_INSTRUCTIONS, _SECOND_TRY = 3_000_000_000, 1_500_000_000
# Few rounds of everything that Graphviz does in rounds: crossings stay, but the answer comes.
_HURRY = "nslimit=0.05 nslimit1=0.05 mclimit=0.1 "


class EngineError(RuntimeError):
    """A layout engine is absent or gave up; the message says which and why."""


class OverchargedError(EngineError):
    """A layout engine would need longer than anybody waits for a picture."""


@dataclass(frozen=True)
class JobBox:
    """A box by its size; ports are numbered along the sides that face the flow."""

    id: str
    w: float
    h: float
    ports_in: int = 1
    ports_out: int = 1
    group: str | None = None


@dataclass(frozen=True)
class JobWire:
    """A wire between two ports, and the room that its number wants (0 for none)."""

    id: str
    source: str
    port_out: int
    target: str
    port_in: int
    label: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class JobGroup:
    """A frame around boxes, with the size of its name. A `region` is better not torn where a picture is broken."""

    id: str
    parent: str | None
    label: tuple[float, float]
    region: bool = False


@dataclass(frozen=True)
class Job:
    """What an engine is asked to place. `before` names pairs of boxes to keep in this order along the flow; the gaps
    are those between neighbours, and between layers.
    """

    boxes: tuple[JobBox, ...]
    wires: tuple[JobWire, ...]
    groups: tuple[JobGroup, ...]
    before: tuple[tuple[str, str], ...]
    direction: str
    gap: float
    layer_gap: float


@dataclass(frozen=True)
class Places:
    """An engine's answer: centres of boxes, curves of wires, centres of wire labels, frames. y grows downwards.

    A group that goes on in another row has no frame but `pieces`, one in each row. `effort` is the number of
    instructions that a large job took.
    """

    engine: str
    centres: Mapping[str, Point]
    curves: Mapping[str, tuple[Point, ...]]
    labels: Mapping[str, Point]
    frames: Mapping[str, Rect]
    pieces: Mapping[str, tuple[Rect, ...]] = field(default_factory=dict)
    effort: int = 0


def solve(job: Job, engine: str | None = None) -> Places:
    """Place the job with the engine of that name, or with the first of ENGINES that can."""
    if engine is not None:
        if engine not in ENGINES:
            raise ValueError(f"viz: no layout engine is called {engine!r}; there are {', '.join(ENGINES)}.")
        return ENGINES[engine](job)
    for attempt in ("embedded", "dot") if len(job.boxes) <= _HUGE else ():
        try:
            return ENGINES[attempt](job)
        except OverchargedError:
            # What is too much for one Graphviz is too much for the other.
            break
        except EngineError:
            # Drawing always works: each engine that is absent or fails leaves the job to the next.
            continue
    return ENGINES["layers"](job)


def _by_embedded(job: Job) -> Places:
    from viz.place.wasm import graphviz, graphviz_within

    if len(job.boxes) + len(job.wires) + len(job.before) <= _COUNTED:
        return _read("embedded", job, graphviz(dot_source(job)))
    try:
        answer, effort = graphviz_within(dot_source(job), _INSTRUCTIONS)
    except OverchargedError:
        answer, effort = graphviz_within(dot_source(_simpler(job), hurry=_HURRY), _SECOND_TRY)
        effort += _INSTRUCTIONS
    return replace(_read("embedded", job, answer), effort=effort)


def _simpler(job: Job) -> Job:
    """The job without wishes for an order and without room for numbers on wires."""
    return replace(job, before=(), wires=tuple(replace(wire, label=(0.0, 0.0)) for wire in job.wires))


def _by_dot(job: Job) -> Places:
    program = shutil.which("dot")
    if program is None:
        raise EngineError("layout engine 'dot': the program is not on this machine.")
    try:
        done = subprocess.run(
            [program, "-Tjson0"],
            input=dot_source(job).encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EngineError(f"layout engine 'dot': {error}") from error
    return _read("dot", job, done.stdout)


def _by_layers(job: Job) -> Places:
    from viz.place.layers import place

    return place(job)


ENGINES: Mapping[str, Callable[[Job], Places]] = {
    "embedded": _by_embedded,
    "dot": _by_dot,
    "layers": _by_layers,
}


def dot_source(job: Job, *, hurry: str = "") -> str:
    """The job in Graphviz's language: boxes of fixed size, labels as blanks of the right size, ports as records.

    `hurry` sets other limits to Graphviz's rounds than those that belong to the number of boxes.
    """
    # Perfect places of a thousand boxes take seconds to find, nearly perfect ones a fraction of that.
    limits = hurry or (f"nslimit={400 / len(job.boxes):.2f} " if len(job.boxes) > _LARGE else "")
    lines = [
        "digraph g {",
        f"graph [rankdir={job.direction} nodesep={job.gap / _INCH:.3f} ranksep={job.layer_gap / _INCH:.3f} "
        f"{limits}newrank=true labeljust=l labelloc=t fontname=Courier outputorder=nodesfirst];",
        'node [shape=record fixedsize=true label=""]; edge [dir=none fontname=Courier];',
    ]
    # Names of the drawing never reach Graphviz: boxes, wires and groups are numbered.
    number = {box.id: i for i, box in enumerate(job.boxes)}
    home = {box.id: box.group for box in job.boxes}
    members: dict[str | None, list[str]] = {}
    for i, box in enumerate(job.boxes):
        members.setdefault(box.group, []).append(_dot_box(i, box))
    children: dict[str | None, list[int]] = {}
    for i, group in enumerate(job.groups):
        children.setdefault(group.parent, []).append(i)
    todo: list[int | str] = [*reversed(children.get(None, ()))]
    lines += members.get(None, ())
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            lines.append(item)
            continue
        group = job.groups[item]
        lines.append(f"subgraph cluster_{item} {{ margin=14; {_blank(*group.label)};")
        lines += members.get(group.id, ())
        todo += ["}", *reversed(children.get(group.id, ()))]
    sides = ("e", "w") if job.direction == "LR" else ("s", "n")
    for i, wire in enumerate(job.wires):
        # A wire that crosses a frame carries the main flow: it is kept straight at the cost of those inside.
        weight = " weight=6" if home[wire.source] != home[wire.target] else ""
        label = f" {_blank(*wire.label)}" if wire.label[0] else ""
        lines.append(
            f"{number[wire.source]}:o{wire.port_out}:{sides[0]} -> {number[wire.target]}:i{wire.port_in}:{sides[1]} "
            f"[id=w{i}{weight}{label}];"
        )
    lines += [f"{number[a]} -> {number[b]} [style=invis weight=0];" for a, b in job.before]
    return "\n".join([*lines, "}", ""])


def _dot_box(index: int, box: JobBox) -> str:
    ins = "|".join(f"<i{k}>" for k in range(max(box.ports_in, 1)))
    outs = "|".join(f"<o{k}>" for k in range(max(box.ports_out, 1)))
    return f'{index} [width={box.w / _INCH:.4f} height={box.h / _INCH:.4f} label="{{{{{ins}}}|{{{outs}}}}}"];'


def _blank(w: float, h: float) -> str:
    """A label attribute that covers w by h: Graphviz takes 0.6 of the size for a letter of Courier, 1.2 for a line."""
    size = max(h / 1.2, 1.0)
    return f'label="{"x" * max(1, -int(-w // (0.6 * size)))}" fontsize={size:.2f}'


def _read(engine: str, job: Job, answer: bytes) -> Places:
    try:
        data = json.loads(answer)
        top = _numbers(data["bb"])[3]
        centres: dict[str, Point] = {}
        frames: dict[str, Rect] = {}
        for item in data.get("objects", ()):
            if "nodes" in item or item["name"].startswith("cluster_"):
                x0, y0, x1, y1 = _numbers(item["bb"])
                frames[job.groups[int(item["name"].removeprefix("cluster_"))].id] = Rect(
                    x0, top - y1, x1 - x0, y1 - y0
                )
            else:
                x, y = _numbers(item["pos"])
                centres[job.boxes[int(item["name"])].id] = (x, top - y)
        curves, labels = {}, {}
        for item in data.get("edges", ()):
            if "id" not in item:
                continue
            wire = job.wires[int(item["id"][1:])]
            curves[wire.id] = _points(item["pos"], top)
            if "lp" in item:
                x, y = _numbers(item["lp"])
                labels[wire.id] = (x, top - y)
    except (KeyError, ValueError, IndexError) as error:
        raise EngineError(f"layout engine {engine!r}: its answer cannot be read ({error!r}).") from error
    if len(centres) != len(job.boxes) or len(curves) != len(job.wires):
        raise EngineError(f"layout engine {engine!r}: its answer lacks boxes or wires.")
    return Places(engine, centres, curves, labels, frames)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _points(text: str, top: float) -> tuple[Point, ...]:
    # A self-contained piece each, `;` between pieces: a wire without arrow heads has one.
    pairs: Sequence[Any] = [_numbers(part) for part in text.split(";")[0].split()]
    return tuple((x, top - y) for x, y in pairs)
