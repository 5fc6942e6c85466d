"""Graphs, runs, nodes, programs, trainers and layers show themselves in a notebook; large ones do not freeze it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import graphnn as gn
import viz
from viz.notebook import SHOWN, bundle


class Formatter:
    """What IPython's formatter of MIME bundles does with types that are told by name."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Callable[[Any], dict[str, str]]] = {}

    def for_type_by_name(self, module: str, name: str, function: Callable[[Any], dict[str, str]]) -> None:
        self.known[module, name] = function

    def __call__(self, thing: Any) -> dict[str, str]:
        for kind in type(thing).__mro__:
            function = self.known.get((kind.__module__, kind.__name__))
            if function is not None:
                return function(thing)
        return {}


@pytest.fixture
def formatter() -> Formatter:
    made = Formatter()
    assert viz.register(made)
    return made


@pytest.fixture(autouse=True)
def svg_again() -> Iterator[None]:
    yield
    viz.notebook("svg")


def test_every_name_is_a_class_that_graphnn_has() -> None:
    for module, name in SHOWN:
        kind = getattr(importlib.import_module(module), name)
        assert (kind.__module__, kind.__qualname__) == (module, name)
    assert list(SHOWN) == sorted(SHOWN)


def test_things_show_the_picture_that_draw_makes(formatter: Formatter, classifier_run: Any) -> None:
    for thing in (classifier_run, classifier_run.graph):
        shown = formatter(thing)
        assert shown["image/svg+xml"] == viz.draw(thing).svg
        assert shown["text/plain"] == viz.draw(thing).text.rstrip("\n")


def test_a_scalar_shows_its_numbers_of_the_moment(formatter: Formatter) -> None:
    a = gn.scalar(3.0, "a")
    y = a * a
    assert "not computed" in formatter(y)["text/plain"]
    y.backward()
    assert "gradient 6" in formatter(y)["text/plain"]


def test_programs_trainers_and_models_show_their_graph(
    formatter: Formatter, make: Any, tmp_path: Path
) -> None:
    loss, _ = make["classifier"]()
    wanted = viz.draw(gn.Graph(loss)).svg
    assert formatter(gn.Program(loss))["image/svg+xml"] == wanted
    assert formatter(gn.Trainer(loss, gn.optim.SGD(0.1)))["image/svg+xml"] == wanted
    assert formatter(loss)["image/svg+xml"] == wanted
    gn.io.save_model(tmp_path / "m.safetensors", {"loss": loss})
    assert "<svg" in formatter(gn.io.load_model(tmp_path / "m.safetensors"))["image/svg+xml"]


def test_a_layer_shows_itself_once_it_has_been_called(formatter: Formatter) -> None:
    net = gn.nn.Sequential([gn.nn.Dense(4, gn.relu), gn.nn.Dense(2)], seed=1)
    assert formatter(net) == {"text/plain": repr(net)}
    net(gn.input("x", ("batch", 3)))
    before = len(net.parameters)
    assert "matmul" in formatter(net)["text/plain"] and "<svg" in formatter(net)["image/svg+xml"]
    assert len(net.parameters) == before


def test_a_graph_of_thousands_of_nodes_is_folded_or_cut(formatter: Formatter) -> None:
    y = gn.input("x", (4,))
    for k in range(500):
        with gn.scope(f"block{k}"):
            for _ in range(10):
                y = gn.tanh(y)
    assert "× 500" in formatter(gn.Graph(y))["image/svg+xml"]
    y = gn.scalar(0.5, "a")
    for _ in range(5000):
        y = gn.tanh(y)
    for thing in (y, gn.Graph(y)):
        shown = formatter(thing)
        assert len(shown["image/svg+xml"]) < 30_000 and len(shown["text/plain"].splitlines()) <= 61
        assert "5000 of 5001 nodes are folded into 20 boxes" in shown["image/svg+xml"]


def test_a_wide_fan_is_shown_in_parts(formatter: Formatter) -> None:
    outputs = [gn.tanh(gn.scalar(float(k), f"a{k}")) for k in range(400)]
    shown = formatter(gn.Graph(outputs))
    assert "a part is a stretch" in shown["image/svg+xml"]


def test_a_long_tree_is_cut(formatter: Formatter) -> None:
    y = gn.scalar(0.5, "a")
    for _ in range(100):
        y = gn.tanh(y)
    lines = formatter(gn.Graph(y))["text/plain"].splitlines()
    assert len(lines) == 61 and lines[-1] == "… and 41 more lines"


def test_the_form_can_be_chosen(neuron_run: Any) -> None:
    viz.notebook("html")
    frame = bundle(neuron_run)["text/html"]
    assert (
        frame.startswith('<iframe srcdoc="') and 'sandbox="allow-scripts"' in frame and "<script" not in frame
    )
    viz.notebook("text")
    assert list(bundle(neuron_run)) == ["text/plain"]
    with pytest.raises(ValueError, match="form is 'svg', 'html', 'text', found 'pdf'"):
        viz.notebook("pdf")


def test_a_running_shell_is_found_and_none_is_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Formatter()
    shell = SimpleNamespace(display_formatter=SimpleNamespace(mimebundle_formatter=made))
    fake = ModuleType("IPython")
    fake.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", fake)
    assert viz.register() and set(made.known) == set(SHOWN)
    fake.get_ipython = lambda: None  # type: ignore[attr-defined]
    assert not viz.register()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not viz.register()


def test_importing_viz_imports_no_ipython() -> None:
    code = "import sys, viz; print([m for m in ('IPython', 'matplotlib', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_ipython_itself_shows_them(classifier_run: Any) -> None:
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    made = formatters.DisplayFormatter()
    viz.register(made.mimebundle_formatter)
    found, _ = made.format(classifier_run)
    assert set(found) == {"image/svg+xml", "text/plain"}


def test_a_notebook_shows_them(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    cells = ["import graphnn as gn, viz", "a = gn.scalar(2.0, 'a')\na * a"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    (output,) = book.cells[1].outputs
    assert "<svg" in output.data["image/svg+xml"] and "mul" in output.data["text/plain"]
