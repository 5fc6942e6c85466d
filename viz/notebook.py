"""Let graphs, runs, nodes, programs, trainers and layers show themselves in notebooks, once viz is imported.

graphnn knows nothing of drawings, so they are made known to IPython's formatter, by name: nothing is imported for it,
and without IPython nothing happens. In a terminal the same things show as a tree of lines.
"""

from __future__ import annotations

import html
import sys
from typing import Any

from viz.drawing import Drawing, draw
from viz.outline import outline

__all__ = ["SHOWN", "bundle", "notebook", "register"]

# What shows itself, by module and name.
SHOWN = (
    ("graphnn.core.graph", "Graph"),
    ("graphnn.core.node", "Node"),
    ("graphnn.engine.program", "Program"),
    ("graphnn.engine.run", "Run"),
    ("graphnn.io.loaded", "Model"),
    ("graphnn.nn.layer", "Layer"),
    ("graphnn.tables.model", "TableModel"),
    ("graphnn.train.trainer", "Trainer"),
)
# A picture of more boxes would freeze the page; the nodes around the outputs are drawn instead.
_BOXES_AT_MOST = 300
_LINES_AT_MOST = 60
_FORMS = ("svg", "html", "text")
_chosen = {"form": "svg"}


def notebook(form: str) -> None:
    """How drawings, and what else shows itself, appear in this process's notebook.

    form : "svg" (as from the start), "html" (move, zoom and search in a frame of its own), or "text" (a tree of lines)
    """
    if form not in _FORMS:
        raise ValueError(f"viz.notebook: form is {', '.join(map(repr, _FORMS))}, found {form!r}.")
    _chosen["form"] = form
    register()


def register(formatter: Any = None) -> bool:
    """Make graphnn's things known to a formatter with `for_type_by_name`, IPython's own if none is given.

    Returns whether there was one.
    """
    if formatter is None:
        formatter = _running_formatter()
    if formatter is None:
        return False
    for module, name in SHOWN:
        formatter.for_type_by_name(module, name, bundle)
    return True


def _running_formatter() -> Any:
    # IPython is looked for among what is imported: asking for it would import it.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    return None if shell is None else shell.display_formatter.mimebundle_formatter


def bundle(thing: Any) -> dict[str, str]:
    """What a notebook may show of a drawing, or of something that can be drawn, by MIME type."""
    drawing = thing if isinstance(thing, Drawing) else _drawing(thing)
    if drawing is None:
        return {"text/plain": repr(thing)}
    found = {"text/plain": _short(drawing.text)}
    if _chosen["form"] == "svg":
        found["image/svg+xml"] = drawing.svg
    elif _chosen["form"] == "html":
        found["text/html"] = _frame(drawing)
    return found


def _drawing(thing: Any) -> Drawing | None:
    """The drawing of a thing; None where it has nothing to draw yet."""
    source = _source(thing)
    if source is None:
        return None
    graph = source.graph if hasattr(source, "graph") else source
    if not hasattr(graph, "nodes"):
        return draw(source)  # a node: it is drawn from its own graph
    items = outline(graph).items
    if len(items) <= _BOXES_AT_MOST:
        return draw(source)
    for reach in (3, 2, 1, 0):
        near = outline(graph, focus=graph.outputs, reach=reach)
        if len(near.items) <= _BOXES_AT_MOST:
            return draw(source, focus=graph.outputs, reach=reach)
    return None


def _source(thing: Any) -> Any:
    """The graph, run or node that stands for a thing."""
    import graphnn as gn

    if isinstance(thing, gn.nn.Layer):
        return _of_layer(thing)
    if isinstance(thing, gn.Node):
        graph = gn.Graph(thing)
        scalars = all(n.shape == () and n.role != "input" for n in graph.nodes)
        # A scalar shows the numbers that it holds at the moment.
        return thing if scalars and len(graph) <= _BOXES_AT_MOST else graph
    if isinstance(thing, gn.Graph | gn.Run):
        return thing
    return thing.graph


def _of_layer(layer: Any) -> Any:
    """The graph of a layer that has been called, on inputs of the shapes of its first call."""
    import graphnn as gn

    if not layer.shapes:
        return None
    operands = [
        None if shape is None else gn.input(f"operand {k}" if k else "x", shape, dtype)
        for k, (shape, dtype) in enumerate(zip(layer.shapes, layer.dtypes, strict=True))
    ]
    result = layer(*operands)
    return gn.Graph(result)


def _short(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    if len(lines) > _LINES_AT_MOST:
        lines = [*lines[:_LINES_AT_MOST], f"… and {len(lines) - _LINES_AT_MOST} more lines"]
    return "\n".join(lines)


def _frame(drawing: Drawing) -> str:
    """The page in a frame: its scripts and styles stay inside."""
    height = min(max(drawing.placed.height + 60.0, 200.0), 800.0)
    page = html.escape(drawing.html, quote=True)
    return (
        f'<iframe srcdoc="{page}" sandbox="allow-scripts" width="100%" height="{height:.0f}" '
        'style="border:0" title="a computational graph"></iframe>'
    )
