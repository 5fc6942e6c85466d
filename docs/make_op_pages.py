"""Write a page for every op and an index by family: `python docs/make_op_pages.py [folder]` (docs/build/ops).

All that a page tells is read off the op's declaration: formulas, operands, attributes, cost, and the code itself.
"""

from __future__ import annotations

import importlib
import inspect
import io
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import graphnn as gn
from graphnn.checking import formula, slope_formulas
from graphnn.core.dtypes import FLOATS
from graphnn.core.errors import GraphnnError
from graphnn.core.op import Op
from graphnn.core.registry import OPS

FOLDER = Path(__file__).parent / "build" / "ops"
DOMAIN = (-2.0, 2.0)  # of a sample that says nothing else
POINTS = 401


def built_in() -> dict[str, Op]:
    """Every op of the library, by name."""
    found = {name: op for name, op in OPS.items() if op.role == "op"}
    return {name: op for name, op in sorted(found.items()) if op.__module__.startswith("graphnn.")}


def page(op: Op) -> str:
    """The page of one op, in Markdown."""
    parts = [f"# {op.name}", op.doc, *_formulas(op), *_operands(op), *_facts(op), *_body(op), *_code(op)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _formulas(op: Op) -> Iterator[str]:
    yield "## Formula"
    yield f"$$\n{formula(op)}\n$$"
    if op.no_slope:
        yield f"It has no slope: {op.no_slope}."
    elif op.slopes:
        yield "Slopes, the contribution of each operand's edge divided by the adjoint of y:"
        yield from (f"$$\n{line}\n$$" for line in slope_formulas(op))
    if has_curve(op):
        yield f"![{op.name} and its slope]({op.name}.svg)"


def _operands(op: Op) -> Iterator[str]:
    yield "## Operands"
    free = ", ".join(str(t) for t in (gn.bool_, gn.int64, gn.float32, gn.float64) if t in op.types)
    rows = [("", "shape", "dtype")]
    for port in (*op.signature.inputs, op.signature.output):
        result = "result " if port is op.signature.output else ""
        shape = f"({', '.join(map(str, port.axes))}{',' * (len(port.axes) == 1)})"
        many = ", any number of them" if port.variadic else ""
        dtype = str(port.dtype) if port.dtype else free
        if op.dtype_function is not None and result:
            dtype = "told by the attributes or operands"
        rows.append((f"{result}`{port.name}`{many}", f"`{shape}`", dtype))
    yield _table(rows)
    if op.attribute_names:
        yield "## Attributes"
        rows = [("", "default")]
        for name in op.attribute_names:
            default = f"`{op.attribute_defaults[name]!r}`" if name in op.attribute_defaults else "none"
            rows.append((f"`{name}`", default))
        yield _table(rows)
    yield "## Call"
    yield f"```python\n{call(op)}\n```"


def call(op: Op) -> str:
    """How users write the op."""
    if op.build_function is not None:
        words = str(inspect.signature(op.build_function))
    else:
        names = [f"*{op.ports[0]}"] if op.signature.variadic else list(op.ports)
        names += [
            f"{a}={op.attribute_defaults[a]!r}" if a in op.attribute_defaults else f"{a}"
            for a in op.attribute_names
        ]
        words = f"({', '.join(names)})"
    return f"gn.{op.name}{words.partition(' ->')[0]}"


def _facts(op: Op) -> Iterator[str]:
    facts = []
    if op.onnx:
        facts.append(f"ONNX: `{op.onnx}`.")
    if op.kink is not None:
        facts.append(f"The slope jumps at {op.kink:g}.")
    if op.alias:
        facts.append("A view: the result is the operand's memory, and no kernel runs.")
    elif op.kernel_function is None:
        facts.append("It is built of other ops; its nodes stand in the graph, in a scope of its name.")
    if op.fault_function is not None:
        facts.append("Data that it cannot process are a FaultError at run time, which names the node.")
    cost = sample_cost(op)
    if cost:
        facts.append(cost)
    if facts:
        yield "## Facts"
        yield "\n".join(f"- {fact}" for fact in facts)


def sample_nodes(op: Op) -> tuple[list[gn.Node], gn.Node]:
    """Inputs and node of the op's first sample."""
    sample = op.samples[0]
    dtype = gn.float32 if gn.float32 in op.types else next(t for t in (gn.int64, gn.bool_) if t in op.types)
    leaves = [
        gn.input(
            op.port_name(k), shape, op.signature.inputs[0 if op.signature.variadic else k].dtype or dtype
        )
        for k, shape in enumerate(sample.shapes)
    ]
    return leaves, op.node(*leaves, **sample.attributes)


def sample_cost(op: Op) -> str:
    """What the first sample costs, in words."""
    leaves, node = sample_nodes(op)
    cost = gn.cost(gn.Graph(node))
    shapes = ", ".join(f"{leaf.name} {_shape(leaf)}" for leaf in leaves) or "no operands"
    special = f", {cost.transcendental} of them transcendental" if cost.transcendental else ""
    return (
        f"Cost of {shapes}: {cost.operations} operation{'s' * (cost.operations != 1)}{special}; "
        f"{cost.read} bytes read, {cost.written} written."
    )


def _shape(node: gn.Node) -> str:
    return f"`({', '.join(map(str, node.shape))}{',' * (len(node.shape) == 1)})`"


def _body(op: Op) -> Iterator[str]:
    """What a composite is made of."""
    if op.body is not None:
        leaves, _ = sample_nodes(op)
        full = {**op.attribute_defaults, **op.samples[0].attributes}
        yield "## Body"
        yield f"```text\n{gn.Graph(op.body(*leaves, **full))}\n```"


def _code(op: Op) -> Iterator[str]:
    yield "## Code"
    yield f"From `{op.__module__.replace('.', '/')}.py`:"
    parts: list[Callable[..., Any] | None] = [
        op.body or op.meaning, op.build_function, op.shape_function, op.dtype_function, op.view_function,
        op.kernel_function, op.scratch_function, op.shard_function, op.fault_function, op.vjp_function,
        op.cost_function,
    ]  # fmt: skip
    told: list[str] = []
    for part in parts:
        text = source(part)
        if text and text not in told:
            told.append(text)
    yield "```python\n" + "\n\n\n".join(told) + "\n```"


def source(function: Callable[..., Any] | None) -> str:
    """The code of a part; nothing where there is none."""
    if function is None:
        return ""
    try:
        return textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return ""


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


# Curves


def has_curve(op: Op) -> bool:
    """Whether the op is a function of one number, as users call it with one operand."""
    ports = op.signature.inputs
    if not op.signature.pointwise or not ports or not ports[0].axes or ports[0].dtype is not None:
        return False
    return sum(bool(p.axes) for p in ports) == 1 and gn.float64 in op.types and _on_curve(op) is not None


def _on_curve(op: Op) -> tuple[gn.Node, gn.Node] | None:
    x = gn.input("x", (POINTS,), "float64")
    try:
        y = op(x)
    except (GraphnnError, TypeError):
        return None  # it has knobs without a usual value
    return (x, y) if y.dtype in FLOATS and y.shape == x.shape and _random_free(y) else None


def _random_free(y: gn.Node) -> bool:
    return not any("seed" in n.attributes for n in gn.Graph(y).nodes)


def curve(op: Op) -> str:
    """Value and slope as SVG, the same bytes on every run."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    x, y = _on_curve(op)  # type: ignore[misc]  # has_curve was asked
    low, high = op.samples[0].domain
    if (low, high) == DOMAIN:
        low, high = -4.0, 4.0
    at = np.linspace(low, high, POINTS)
    slope = gn.gradient(y.sum(), x, no_path="zero")
    (value,) = gn.interpret(y, {x: at})
    used = x in set(gn.Graph(slope).inputs)
    (steep,) = gn.interpret(slope, {x: at} if used else {})
    with mpl.rc_context({"svg.hashsalt": "graphnn", "svg.fonttype": "path", "font.size": 9}):
        figure = Figure(figsize=(4.8, 2.7), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(0, color="0.8", linewidth=0.8)
        axes.axvline(0, color="0.8", linewidth=0.8) if low < 0 < high else None
        axes.plot(at, _broken(value), color="#0072B2", label="value")
        axes.plot(at, _broken(steep), color="#D55E00", linestyle="--", label="slope")
        axes.set_xlabel("x")
        axes.set_xlim(low, high)
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _broken(y: np.ndarray) -> np.ndarray:
    """The curve without what is not finite or far away, and cut where it jumps."""
    y = np.where(np.isfinite(y) & (np.abs(y) < 50), y, np.nan)
    jumps = np.abs(np.diff(y)) > 0.3
    smooth = np.abs(np.diff(y, prepend=np.nan, append=np.nan))
    near = np.nanmedian(smooth) if np.isfinite(smooth).any() else 0.0
    y[1:][jumps & (np.abs(np.diff(y)) > 20 * near)] = np.nan
    return y


# All pages


def families() -> dict[str, list[Op]]:
    """The ops by the module that declares them."""
    found: dict[str, list[Op]] = {}
    for op in built_in().values():
        found.setdefault(op.__module__, []).append(op)
    return dict(sorted(found.items()))


def index() -> str:
    """The page that lists all pages."""
    lines = ["# Ops", "", f"{len(built_in())} ops, each with its formula, slopes, cost and code.", ""]
    for module, ops in families().items():
        title = (importlib.import_module(module).__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
        lines += [f"## {title.rstrip('.')}", ""]
        lines += [f"- [{op.name}]({op.name}.md): {_first_sentence(op.doc)}" for op in ops]
        lines.append("")
    return "\n".join(lines)


def _first_sentence(doc: str) -> str:
    text = doc.split("Shapes:")[0].split("\n\n")[0].replace("\n", " ").strip()
    return re.split(r"(?<=[.]) ", text)[0]


def write(folder: Path) -> int:
    """Write every page and curve into the folder; the number of pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, op in built_in().items():
        (folder / f"{name}.md").write_text(page(op), encoding="utf-8")
        if has_curve(op):
            (folder / f"{name}.svg").write_text(curve(op), encoding="utf-8")
    (folder / "index.md").write_text(index(), encoding="utf-8")
    return len(built_in())


def main() -> None:
    """Write the pages and say how many."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    sys.stdout.write(f"{write(folder)} op pages in {folder}\n")


if __name__ == "__main__":
    main()
