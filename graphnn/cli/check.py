"""`graphnn check`: whether an ONNX file is sound, and whether graphnn reads it rightly."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

import graphnn as gn


def _sizes(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for word in words:
        name, _, number = word.rpartition("=")
        if not name or not number.isdecimal():
            raise click.BadParameter(f"wanted NAME=SIZE, found {word!r}.", ctx, param)
        found[name] = int(number)
    return found


def _constants(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> dict[str, np.ndarray]:
    found = {}
    for word in words:
        name, _, numbers = word.rpartition("=")
        try:
            found[name] = np.array(json.loads(f"[{numbers}]" if "," in numbers else numbers))
        except ValueError:
            name = ""
        if not name or found[name].dtype.kind not in "bif":
            raise click.BadParameter(f"wanted NAME=NUMBERS, such as shape=2,3; found {word!r}.", ctx, param)
    return found


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--size",
    "sizes",
    multiple=True,
    callback=_sizes,
    metavar="NAME=SIZE",
    help="The size of an axis that the file leaves open. May be repeated.",
)
@click.option(
    "--constant",
    "constants",
    multiple=True,
    callback=_constants,
    metavar="NAME=NUMBERS",
    help="An input that decides on shapes: shape=2,3 or axes=[1]. May be repeated.",
)
@click.option("--seed", default=0, show_default=True, help="Of the inputs that are made up.")
def check(file: Path, sizes: dict[str, int], constants: dict[str, np.ndarray], seed: int) -> None:  # fmt: skip
    """Tell whether an ONNX file is sound, what it holds, and whether graphnn reads it rightly.

    Operators that cannot be read are listed with the reason. Where onnxruntime is installed, the outputs of both are
    compared on random inputs. The exit code is 0 where all is well, 1 otherwise.

    \b
    Examples:
      graphnn check net.onnx
      graphnn check speech.onnx --size time=100
    """
    report = gn.io.onnx_report(file, sizes=sizes, constants=constants, seed=seed)
    facts = dict(_facts(report))
    width = max(map(len, facts))
    for subject, finding in facts.items():
        click.echo(f"{subject:{width}}  {finding}")
    if not report.agrees:
        raise click.exceptions.Exit(1)


def _facts(report: gn.io.OnnxReport) -> list[tuple[str, str]]:
    """Each subject and what was found of it."""
    opsets = ", ".join(f"{domain or 'standard'} {version}" for domain, version in report.opsets.items())
    operators = ", ".join(f"{name} x{n}" if n > 1 else name for name, n in report.operators.items())
    facts = [
        ("file", report.name),
        ("sound", f"NO: {report.fault}" if report.fault else "yes, says onnx.checker"),
        ("made by", report.producer or "nobody who said so"),
        ("opsets", opsets),
        ("operators", operators or "none"),
    ]
    facts += [(f"cannot read {name}", why) for name, why in report.unread.items()]
    if report.model is None:
        facts.append(("read", f"NO: {report.refused}"))
        return facts
    model = report.model
    parameters = [p for p in model.parameters if p.dtype.kind == "f"]
    numbers = sum(int(np.size(p.value)) for p in parameters)
    facts += [
        ("inputs", ", ".join(map(_port, model.inputs)) or "none"),
        ("outputs", ", ".join(f"{name} {_shape(node)}" for name, node in model.outputs.items())),
        ("read", f"yes: nodes {len(model.graph.nodes)}, parameters {len(parameters)} of {numbers} numbers"),
    ]
    remarks = model.notes.get("remarks", []) if isinstance(model.notes, dict) else []
    facts += [(f"remark {k}", text) for k, text in enumerate(remarks, 1)]
    facts.append(("compared", report.compared if report.agrees or report.fault else f"NO: {report.compared}"))
    return facts


def _port(node: gn.Node) -> str:
    return f"{node.name} {_shape(node)}"


def _shape(node: gn.Node) -> str:
    return f"{node.dtype} ({', '.join(map(str, node.shape))}{',' * (node.ndim == 1)})"
